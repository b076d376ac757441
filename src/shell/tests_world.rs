//! Scripts whose conditions are answered: by their arguments, by their input, by the world.

use std::path::PathBuf;

use crate::model::fact::{Answer, EntryFact, EntryKind, Facts, Needs, Question, Scene};
use crate::model::request::ShellKind;

use super::unfold::unfold;

fn scene() -> Scene {
    Scene {
        cwd: "/proj".into(),
        home: None,
        user: None,
        project: "/proj".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: false,
    }
}

fn text(text: &str) -> Answer {
    Answer::Text {
        text: text.to_owned(),
        sha256: "00".to_owned(),
    }
}

fn entry(kind: EntryKind) -> Answer {
    Answer::Entry(EntryFact {
        kind,
        resolved: PathBuf::new(),
        bytes: 4,
        device: 1,
        inode: 1,
        links: 1,
        is_root: false,
        is_home: false,
        is_mount: false,
        mounts_below: false,
        magic: String::new(),
    })
}

/// What is removed when `x.sh` has this text, files stand beside it, and the call is this.
fn removed(script: &str, files: &[(&str, Answer)], call: &str) -> Vec<String> {
    let mut facts = Facts::new(false);
    facts.learn(Question::Text("/proj/x.sh".into()), text(script));
    for (path, answer) in files {
        let path = PathBuf::from(path);
        match answer {
            Answer::Text { .. } => facts.learn(Question::Text(path), answer.clone()),
            _ => facts.learn(Question::Entry(path), answer.clone()),
        }
    }
    let unfolding = unfold(
        ShellKind::Posix,
        call,
        &scene(),
        &facts,
        &mut Needs::default(),
    );
    let rms = unfolding
        .commands
        .iter()
        .filter(|c| c.program().as_deref() == Some("rm"));
    rms.map(|command| command.shown().join(" ")).collect()
}

const OPTIONS: &str = "dry=0\nwhile getopts 'nfk:' o; do\ncase $o in\nn) dry=1 ;;\nf) dry=0 ;;\nk) keep=$OPTARG ;;\n*) exit 2 ;;\nesac\ndone\nshift $((OPTIND - 1))\nif [ \"$dry\" = 1 ]; then exit 0; fi\nrm -rf \"$1\"/old\n";

#[test]
fn the_last_option_wins() {
    let of = |call: &str| removed(OPTIONS, &[], call);
    for quiet in [
        "bash x.sh -n d",
        "bash x.sh -fn d",
        "bash x.sh -f -n d",
        "bash x.sh -z d",
    ] {
        assert!(of(quiet).is_empty(), "{quiet}");
    }
    for loud in [
        "bash x.sh d",
        "bash x.sh -nf d",
        "bash x.sh -k 3 d",
        "bash x.sh -k n d",
        "bash x.sh -- d",
    ] {
        assert_eq!(of(loud), ["rm -rf d/old"], "{loud}");
    }
    assert!(!of("bash x.sh $FLAGS d").is_empty());
}

#[test]
fn a_loop_over_the_arguments_is_followed_to_its_end() {
    let script = "dry=\nwhile [ $# -gt 0 ]; do\ncase \"$1\" in\n--dry-run) dry=1; shift ;;\n-o) out=$2; shift 2 ;;\n*) break ;;\nesac\ndone\n[ -n \"$dry\" ] || rm -rf \"$1\"\n";
    let of = |call: &str| removed(script, &[], call);
    assert!(of("sh x.sh -o f --dry-run d").is_empty());
    assert_eq!(of("sh x.sh -o --dry-run d"), ["rm -rf d"]);
    assert_eq!(of("sh x.sh d --dry-run"), ["rm -rf d"]);
}

#[test]
fn what_stands_behind_an_exit_does_not_run() {
    let of = |script: &str, call: &str| removed(script, &[], call);
    let guard = "[ \"$1\" = --yes ] || { echo refusing; exit 1; }\nrm -rf d\n";
    assert!(of(guard, "sh x.sh").is_empty());
    assert_eq!(of(guard, "sh x.sh --yes"), ["rm -rf d"]);
    // Here nothing is certain.
    assert_eq!(
        of("some-check && exit 1\nrm -rf d\n", "sh x.sh"),
        ["rm -rf d"]
    );
    assert_eq!(of("(exit 1)\nrm -rf d\n", "sh x.sh"), ["rm -rf d"]);
    assert_eq!(of("exit 1 | cat\nrm -rf d\n", "sh x.sh"), ["rm -rf d"]);
    assert_eq!(
        of("f() { return 1; rm a; }\nf\nrm -rf d\n", "sh x.sh"),
        ["rm -rf d"]
    );
    assert_eq!(
        of("trap 'rm -rf d' EXIT\nexit 0\n", "sh x.sh"),
        ["rm -rf d"]
    );
    assert_eq!(
        of(
            "for i in a b; do some-check && break; exit 0; done\nrm -rf d\n",
            "sh x.sh"
        ),
        ["rm -rf d"]
    );
}

#[test]
fn an_answer_is_read_from_the_input_once() {
    let script = "read -r a\n[ \"$a\" = y ] || exit 0\nrm -rf d\n";
    let of = |call: &str| removed(script, &[], call);
    assert!(of("echo n | sh x.sh").is_empty());
    assert!(of("sh x.sh < /dev/null").is_empty());
    assert_eq!(of("echo y | sh x.sh"), ["rm -rf d"]);
    assert_eq!(of("sh x.sh"), ["rm -rf d"]);
    let twice = "read -r a\nread -r b\n[ \"$b\" = y ] || exit 0\nrm -rf d\n";
    assert_eq!(
        removed(twice, &[], "printf 'n\\ny\\n' | sh x.sh"),
        ["rm -rf d"]
    );
}

#[test]
fn an_input_that_is_at_its_end_gives_no_answer() {
    let script = "read -r -p 'sure? ' a || a=n\ncase $a in y) ;; *) exit 1 ;; esac\nrm -rf d\n";
    let of = |call: &str| removed(script, &[], call);
    assert!(of("sh x.sh < /dev/null || echo no").is_empty());
    assert!(of("echo n | sh x.sh").is_empty());
    assert_eq!(of("echo y | sh x.sh"), ["rm -rf d"]);
    assert_eq!(of("sh x.sh"), ["rm -rf d"]);
    // Without a line feed the answer is there, and `read` fails all the same.
    assert!(of("printf y | sh x.sh").is_empty());
    let fails = "read -r a || rm -rf d\n";
    assert_eq!(removed(fails, &[], "sh x.sh < /dev/null"), ["rm -rf d"]);
    assert!(removed(fails, &[], "echo | sh x.sh").is_empty());
    let late = "read -t 1 a || rm -rf d\n";
    assert_eq!(removed(late, &[], "echo | sh x.sh"), ["rm -rf d"]);
}

#[test]
fn settings_that_a_condition_reads_decide_it() {
    let script = "of() { awk -F' *= *' -v s=\"[$2]\" -v k=\"$3\" '$0 == s {f=1; next} /^\\[/ {f=0} f && $1 == k {print $2; exit}' \"$1\"; }\n\
        if [ \"$(of c.ini \"$1\" protected)\" = yes ]; then echo no >&2; exit 1; fi\n\
        read -r a || true\ncase $a in n*) exit 1 ;; esac\nrm -rf \"$(of c.ini \"$1\" data)\"\n";
    let ini = "[dev]\ndata = d\n[prod]\nprotected=yes\ndata = p\n";
    let files = [("/proj/c.ini", text(ini))];
    let of = |call: &str| removed(script, &files, call);
    assert!(of("sh x.sh prod").is_empty());
    assert_eq!(of("sh x.sh dev"), ["rm -rf d"]);
    // awk reads the file, and leaves the answer to `read`.
    assert!(of("echo no | sh x.sh dev").is_empty());
    assert_eq!(of("echo yes | sh x.sh dev"), ["rm -rf d"]);
    // What may have changed the file leaves the condition open.
    for before in [
        "sed -i s/yes/no/ c.ini",
        "cp -r new/. .",
        "./unknown",
        "mv new.ini c.ini",
    ] {
        let call = format!("{before}; sh x.sh prod");
        assert!(!of(&call).is_empty(), "{call}");
    }
    let other = "[ \"$(cat flag; rm -f flag)\" = 1 ] && exit\nrm -rf d\n";
    let flag = [("/proj/flag", text("1\n"))];
    assert_eq!(removed(other, &flag, "sh x.sh"), ["rm -f flag", "rm -rf d"]);
    let plain = "[ \"$(cat flag)\" = 1 ] && exit\nrm -rf d\n";
    assert!(removed(plain, &flag, "sh x.sh").is_empty());
    assert_eq!(
        removed(plain, &flag, "echo 0 > flag; sh x.sh"),
        ["rm -rf d"]
    );
}

#[test]
fn a_function_that_asks_gives_its_answer_on() {
    let script = "confirm() { read -r a; [ \"$a\" = y ]; }\nconfirm || exit 0\nrm -rf d\n";
    assert!(removed(script, &[], "echo n | sh x.sh").is_empty());
    let other = "f() { true; }\ngrep \"$(f)\" x || rm -rf d\n";
    assert_eq!(removed(other, &[], "sh x.sh"), ["rm -rf d"]);
    let set = "f() { false; }\nv=$(f) && rm -rf d\n";
    assert_eq!(removed(set, &[], "sh x.sh"), ["rm -rf d"]);
    let sets = "read -r a\ncase $a in [yY]*) rm -rf d ;; esac\n";
    assert_eq!(removed(sets, &[], "echo Yes | sh x.sh"), ["rm -rf d"]);
    assert!(removed(sets, &[], "echo no | sh x.sh").is_empty());
    let open = "check() { some-check || return 0; [ \"$1\" = y ]; }\ncheck n || exit 0\nrm -rf d\n";
    assert_eq!(removed(open, &[], "sh x.sh"), ["rm -rf d"]);
}

#[test]
fn the_world_answers_where_nothing_can_have_changed_it() {
    let script = "[ -d \"$1\" ] || exit 0\nrm -rf d\n";
    let here = [
        ("/proj/in", entry(EntryKind::Directory)),
        ("/proj/out", Answer::Absent),
    ];
    let of = |call: &str| removed(script, &here, call);
    assert!(of("sh x.sh out").is_empty());
    assert_eq!(of("sh x.sh in"), ["rm -rf d"]);
    assert_eq!(of("mkdir out; sh x.sh out"), ["rm -rf d"]);
    assert_eq!(of("make-it & sh x.sh out"), ["rm -rf d"]);
    assert_eq!(of("sh x.sh unasked"), ["rm -rf d"]);
    let unknown = [("/proj/out", Answer::Unknown("no permission".to_owned()))];
    assert_eq!(removed(script, &unknown, "sh x.sh out"), ["rm -rf d"]);
}

#[test]
fn a_list_is_read_line_by_line_unless_it_may_have_changed() {
    let script = "while read -r f; do\n[ -z \"$f\" ] && continue\nrm -rf \"d/$f\"\ndone < \"$1\"\n";
    let files = [
        ("/proj/list", text("a\n\nb\n")),
        ("/proj/empty", text("\n")),
    ];
    let of = |call: &str| removed(script, &files, call);
    assert_eq!(of("bash x.sh list"), ["rm -rf d/a", "rm -rf d/b"]);
    assert!(of("bash x.sh empty").is_empty());
    assert_ne!(of("fill-it; bash x.sh empty"), Vec::<String>::new());
}

#[test]
fn a_copy_of_a_script_runs_what_the_script_holds() {
    let script = "cd \"$D\" || exit 1\nrm -rf ./a\n";
    for call in [
        "cp x.sh /tmp/g.sh && D=/proj/d sh /tmp/g.sh",
        "cp x.sh /tmp/ && D=/proj/d sh /tmp/x.sh",
    ] {
        assert_eq!(removed(script, &[], call), ["rm -rf ./a"], "{call}");
    }
    let edited = "sed 's/\\.cache/shared/' x.sh > /tmp/a.sh && bash /tmp/a.sh";
    assert_eq!(removed("rm -rf .cache\n", &[], edited), ["rm -rf shared"]);
}

#[test]
fn makefiles_are_read_with_what_they_include_and_what_holds() {
    let makefile = "include mk/a.mk\nifeq ($(FORCE),1)\nx:\n\trm -rf d\nelse\nx:\n\techo no\nendif\n%.purge: %.list\n\trm -rf $* $<\n";
    let files = [
        ("/proj/Makefile", text(makefile)),
        ("/proj/mk/a.mk", text("D ?= state\nwipe:\n\trm -rf $(D)\n")),
    ];
    let of = |call: &str| removed("", &files, call);
    assert_eq!(of("make -f Makefile wipe"), ["rm -rf state"]);
    assert_eq!(of("D=other make -f Makefile wipe"), ["rm -rf other"]);
    assert_eq!(of("make -f Makefile old.purge"), ["rm -rf old old.list"]);
    assert!(of("make -f Makefile x FORCE=0").is_empty());
    assert_eq!(of("make -f Makefile x FORCE=1"), ["rm -rf d"]);
    assert_eq!(of("make -f Makefile x"), ["rm -rf d"]);
}

#[test]
fn a_line_of_a_recipe_runs_unless_one_before_it_fails_for_certain() {
    let of = |makefile: &str, call: &str| removed("", &[("/proj/Makefile", text(makefile))], call);
    let runs = ["rm -rf d"];
    for (makefile, call) in [
        // The file may be there, and spare its recipe.
        ("c: s\n\trm -rf d\ns:\n\tfalse\n", "make -f Makefile c"),
        ("c:\n\techo; exit 0\n\trm -rf d\n", "make -f Makefile c"),
        ("c:\n\t-false\n\trm -rf d\n", "make -f Makefile c"),
        ("c:\n\tfalse\n\trm -rf d\n", "make -f Makefile -i c"),
        (".IGNORE:\nc:\n\tfalse\n\trm -rf d\n", "make -f Makefile c"),
        ("c:\n\trm() { :; }\n\trm -rf d\n", "make -f Makefile c"),
        ("c:\n\tD=x; set -n\n\trm -rf d\n", "make -f Makefile c"),
        ("c:\n\tcat <<EOF\n\trm -rf d\n", "make -f Makefile c"),
        (
            "c:\n\techo a \\\n\nd:\n\trm -rf d\n",
            "make -f Makefile c d",
        ),
        ("a:\n\tfalse\nc:\n\trm -rf d\n", "make -f Makefile a c"),
        ("c:\n\tcd x; rm -rf d\n", "make -f Makefile c"),
        ("c:\n\techo x; # don't\n\trm -rf d\n", "make -f Makefile c"),
        ("c:\n\techo\n", "make -f Makefile --eval='z: ; rm -rf d' z"),
        ("c:\n\td\n", "make -f Makefile c SHELL='rm -rf d #'"),
        (
            "D = x\nc:\n\trm -rf $(D)\n",
            "MAKEFLAGS='-- D=d' make -f Makefile c",
        ),
        ("D = x\nc:\n\trm -rf $(D)\n", "D=d make -f Makefile -e c"),
        (
            "c:\n\t$(MAKE) -f Makefile e\ne:\n\trm -rf $(D)\n",
            "make -f Makefile c D=d",
        ),
        ("export D := d\nc:\n\trm -rf $$D\n", "make -f Makefile c"),
        (
            "ifdef N\na:\n\techo\nendif\nc:\n\trm -rf d\n",
            "make -f Makefile",
        ),
        ("c:\n\trm -rf d\n", "make -f Makefile \"$(cat goal)\""),
    ] {
        let all = of(makefile, call);
        let found = all.iter().any(|line| line.starts_with(runs[0]));
        assert!(found, "{makefile} {call}: {all:?}");
    }
    for (makefile, call) in [
        (
            ".PHONY: c s\nc: s\n\trm -rf d\ns:\n\tfalse\n",
            "make -f Makefile c",
        ),
        (
            "c:\n\ttest -n \"$(X)\" || { echo no; exit 1; }\n\trm -rf d\n",
            "make -f Makefile c X=",
        ),
        ("c:\n\trm -rf d\n", "make -f Makefile -sn c"),
        ("c:\n\trm -rf d\n", "MAKEFLAGS=n make -f Makefile c"),
        ("c:\n\trm -rf d\nother:\n\techo\n", "make -f Makefile other"),
    ] {
        assert_eq!(of(makefile, call), [""; 0], "{makefile} {call}");
    }
}

#[test]
fn settings_that_the_call_may_have_changed_decide_nothing() {
    let files = [("/proj/a.conf", text("GO=no\n"))];
    let script = "GO=no\n. ./a.conf\n[ $GO = yes ] || exit 0\nrm -rf d\n";
    for call in [
        "sed -i s/no/yes/ a.conf; bash x.sh",
        "perl -pi -e s/no/yes/ a.conf; bash x.sh",
        "patch a.conf a.diff; bash x.sh",
        "./configure --to a.conf; bash x.sh",
        "echo GO=yes >> a.conf; bash x.sh",
    ] {
        assert_eq!(removed(script, &files, call), ["rm -rf d"], "{call}");
    }
    for call in [
        "bash x.sh",
        "cat a.conf; bash x.sh",
        "sed -n 1,5p a.conf; bash x.sh",
        "./build; bash x.sh",
        "echo GO=yes > a.conf; sed -i s/yes/no/ a.conf; bash x.sh",
    ] {
        assert_eq!(removed(script, &files, call), [""; 0], "{call}");
    }
}
