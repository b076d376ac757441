//! Behaviour of the unfolding, by class of construct.

use std::path::PathBuf;

use crate::model::command::{Command, Cwd, OpaqueKind, Stdin, Unfolding};
use crate::model::fact::{Answer, Facts, Needs, Question, Scene};
use crate::model::request::ShellKind;
use crate::model::word::{Hole, Part};

use super::unfold::{canonical, unfold};

fn scene() -> Scene {
    Scene {
        cwd: "/proj".into(),
        home: Some("/home/ann".into()),
        user: Some("ann".to_owned()),
        project: "/proj".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: false,
    }
}

fn with(text: &str, facts: &Facts) -> Unfolding {
    unfold(
        ShellKind::Posix,
        text,
        &scene(),
        facts,
        &mut Needs::default(),
    )
}

fn of(text: &str) -> Unfolding {
    with(text, &Facts::new(true))
}

fn rms(unfolding: &Unfolding) -> Vec<String> {
    let is_rm = |command: &&Command| command.program().as_deref() == Some("rm");
    unfolding
        .commands
        .iter()
        .filter(is_rm)
        .map(|c| c.shown().join(" "))
        .collect()
}

fn script(facts: &mut Facts, path: &str, text: &str) {
    let answer = Answer::Text {
        text: text.to_owned(),
        sha256: "00".to_owned(),
    };
    facts.learn(Question::Text(PathBuf::from(path)), answer);
}

#[track_caller]
fn runs(text: &str, wanted: &[&str]) {
    let unfolding = of(text);
    assert_eq!(rms(&unfolding), wanted, "{text}\n{unfolding:#?}");
}

#[test]
fn plain_quoted_and_spelled_out_programs_are_found() {
    runs("rm -rf x", &["rm -rf x"]);
    runs("r''m -rf \"x\"", &["rm -rf x"]);
    runs("\\rm -rf $'\\x78'", &["rm -rf x"]);
    runs("{rm,-rf,x}", &["rm -rf x"]);
    runs("c='rm -rf x'; $c", &["rm -rf x"]);
    runs("rm${IFS}-rf${IFS}x", &["rm -rf x"]);
    runs("a=r b=m; $a$b x", &["rm x"]);
    runs("/bin/rm x", &["/bin/rm x"]);
    runs("echo rm -rf x", &[]);
}

#[test]
fn a_span_points_at_the_literal_in_the_text() {
    let text = "bash -c 'psql shop -c \"DROP TABLE t\"'";
    let unfolding = of(text);
    let command = unfolding
        .commands
        .iter()
        .find(|c| c.program().as_deref() == Some("psql"))
        .unwrap();
    let span = command.words[3].pieces[0].origin.span().unwrap();
    assert_eq!(text.get(span.start..span.end).unwrap(), "DROP TABLE t");
    let span = command.origin.span().unwrap();
    assert_eq!(
        text.get(span.start..span.end).unwrap(),
        "psql shop -c \"DROP TABLE t\""
    );
}

#[test]
fn every_place_of_a_substitution_runs() {
    runs("echo \"$(rm a)\" `rm b`", &["rm a", "rm b"]);
    runs(
        "x=$(rm a); y[$(rm b)]=1; : $((1+$(rm c)))",
        &["rm a", "rm b", "rm c"],
    );
    runs("cat <(rm a) > >(rm b)", &["rm a", "rm b"]);
    runs("cat <<E\n$(rm a)\nE", &["rm a"]);
    runs("[[ $(rm a) == x ]] && : ${x:-$(rm b)}", &["rm a", "rm b"]);
}

#[test]
fn both_sides_of_a_condition_that_asks_the_world_run() {
    runs(
        "if [ -f q ]; then rm a; elif x; then rm b; else rm c; fi",
        &["rm a", "rm b", "rm c"],
    );
    runs("case $x in a) rm a;; *) rm b;; esac", &["rm a", "rm b"]);
    runs("x && rm a || rm b", &["rm a", "rm b"]);
    runs(
        "while y; do rm a; done; until x; do rm b; done",
        &["rm a", "rm b"],
    );
    runs("while false; do rm a; done; until true; do rm b; done", &[]);
}

#[test]
fn what_a_known_condition_keeps_out_does_not_run() {
    runs("if false; then rm a; else rm b; fi", &["rm b"]);
    runs("false && rm a || rm b", &["rm b"]);
    runs(
        "m=dev; [ \"$m\" = prod ] && rm a; [[ $m == d* ]] && rm b",
        &["rm b"],
    );
    runs(
        "m=b; case $m in a) rm a;; b|c) rm b;; *) rm d;; esac",
        &["rm b"],
    );
    runs(
        "f() { case $1 in a) rm a;; *) rm b;; esac; }; f x",
        &["rm b"],
    );
    // Whoever starts a text may give it words, and a loop may run with others.
    for text in [
        "case \"$1\" in a) rm a;; *) rm b;; esac",
        "case x$1 in xa) rm a;; *) rm b;; esac",
        "case a in $1) rm a;; *) rm b;; esac",
        "if [ \"$1\" = a ]; then rm a; else rm b; fi",
        "if [[ $1 == a ]]; then rm a; else rm b; fi",
        "if [ $# -gt 0 ]; then rm a; else rm b; fi",
    ] {
        runs(text, &["rm a", "rm b"]);
    }
    runs(
        "m=${1:-b}; case $m in a) rm a;; *) rm b;; esac",
        &["rm a", "rm b"],
    );
    runs(
        "m=b; while read m; do case $m in a) rm a;; *) rm b;; esac; done < f",
        &["rm a", "rm b"],
    );
    runs("m=b; trap '[ $m = a ] && rm a' EXIT; m=a", &["rm a"]);
    for unseen in [
        ". ./env.sh",
        "source \"$x\"",
        "eval m=$x",
        "export \"$x\"",
        "read \"$x\"",
        "printf -v \"$x\" a",
        "unset \"$x\"",
        "trap 'm=a' ERR",
        "shopt -s nocasematch",
        "q | { read k; m=$k; }",
    ] {
        let text = format!("m=b; {unseen}; if [ \"$m\" = a ]; then rm a; else rm b; fi");
        let all = rms(&of(&text));
        for wanted in ["rm a", "rm b"] {
            assert!(all.iter().any(|line| line == wanted), "{text}: {all:?}");
        }
    }
}

#[test]
fn a_loop_that_shifts_runs_for_each_argument() {
    runs(
        "set -- a b c d; while [ $# -gt 0 ]; do rm \"$1\"; shift; done",
        &["rm a", "rm b", "rm c", "rm d"],
    );
}

#[test]
fn a_loop_over_literals_gives_one_command_per_item() {
    runs(
        "for d in a b c; do rm -rf $d/x; done",
        &["rm -rf a/x", "rm -rf b/x", "rm -rf c/x"],
    );
    runs(
        "for i in {1..3}; do rm f$i; done",
        &["rm f1", "rm f2", "rm f3"],
    );
    runs(
        "printf 'a\\nb\\n' | while read -r f; do rm \"$f\"; done",
        &["rm a", "rm b"],
    );
    runs(
        "x=(a b); for i in \"${x[@]}\"; do rm $i; done",
        &["rm a", "rm b"],
    );
}

#[test]
fn a_variable_set_on_two_paths_has_both_values() {
    runs("d=a; if x; then d=b; fi; rm $d", &["rm b", "rm a"]);
}

#[test]
fn functions_run_with_their_arguments_and_only_when_called() {
    runs("f() { rm -rf \"$1/$2\"; }; f a b", &["rm -rf a/b"]);
    runs("f() { rm -rf x; }", &[]);
    runs(
        "f() { local d=$1; rm $d; }; d=z; f a; rm $d",
        &["rm a", "rm z"],
    );
}

#[test]
fn wrappers_are_peeled() {
    for line in [
        "sudo -u bob rm x",
        "sudo -n env A=b nice -n 5 timeout -k 5 10s rm x",
        "command rm x",
        "exec rm x",
        "nohup setsid stdbuf -oL rm x",
        "env -i PATH=/bin rm x",
        "env -S 'rm x'",
        "xargs rm x",
        "busybox rm x",
        "flock /tmp/l rm x",
        "flock /tmp/l -c 'rm x'",
        "su bob -c 'rm x'",
        "su - bob -c 'rm x'",
        "runuser -u bob -- rm x",
        "script -qc 'rm x' /dev/null",
        "watch -n 1 rm x",
        "sh -c 'rm x'",
        "bash -lc 'rm $1' _ x",
        "eval 'rm x'",
        "eval rm x",
        "echo 'rm x' | sh",
        "sh <<< 'rm x'",
        "bash <<'E'\nrm x\nE",
        "bash <(echo rm x)",
        "source <(echo rm x)",
        "trap 'rm x' EXIT",
        "alias z='rm'\nz x",
        "echo x | xargs rm",
        "echo x | xargs -I{} rm {}",
        "echo cm0geA== | base64 -d | sh",
        "npx -y rm@1.2 x",
        "uv run --with a rm x",
        "git -c alias.z='!rm x' z",
        "git bisect run rm x",
        "git submodule foreach 'rm x'",
        "git rebase -x 'rm x' main",
        "strace -f -o out rm x",
        "time -p rm x",
        "! rm x",
        "coproc rm x",
        "rm x &",
        "(rm x)",
        "{ rm x; }",
        "nix-shell -p foo --run 'rm x'",
        "tmux new -d -s a 'rm x'",
        "parallel rm ::: x",
        "systemd-run --user -p A=b rm x",
    ] {
        runs(line, &["rm x"]);
    }
}

#[test]
fn remote_and_contained_commands_say_where_they_run() {
    let unfolding = of(
        "ssh -p 22 -i key bob@host 'rm -rf x'; docker exec -i -u root db rm y; kubectl exec -n a pod -c c -- rm z",
    );
    assert_eq!(rms(&unfolding), ["rm -rf x", "rm y", "rm z"]);
    assert!(
        unfolding
            .commands
            .iter()
            .filter(|c| c.program().as_deref() == Some("rm"))
            .all(|c| !c.is_here())
    );
}

#[test]
fn a_here_document_reaches_the_client_in_the_container() {
    let text = "docker exec -i db psql -U postgres -d app <<'E'\nDROP TABLE t;\nE";
    let unfolding = of(text);
    let psql = unfolding
        .commands
        .iter()
        .find(|c| c.program().as_deref() == Some("psql"))
        .unwrap();
    let Stdin::Text(word) = &psql.stdin else {
        panic!("{psql:#?}")
    };
    assert_eq!(word.text().as_deref(), Some("DROP TABLE t;\n"));
    let span = word.pieces[0].origin.span().unwrap();
    assert_eq!(text.get(span.start..span.end).unwrap(), "DROP TABLE t;\n");
}

#[test]
fn cd_decides_where_a_relative_path_lies() {
    let cwd_of = |text: &str| {
        let unfolding = of(text);
        let all: Vec<Cwd> = unfolding
            .commands
            .iter()
            .filter(|c| c.program().as_deref() == Some("rm"))
            .map(|c| c.cwd.clone())
            .collect();
        all
    };
    assert_eq!(
        cwd_of("cd a/b && cd ../c && rm x"),
        [Cwd::Known("/proj/a/c".into())]
    );
    assert_eq!(
        cwd_of("(cd a; rm x); rm x"),
        [Cwd::Known("/proj/a".into()), Cwd::Known("/proj".into())]
    );
    assert_eq!(cwd_of("cd \"$(mktemp -d)\" && rm x"), [Cwd::Temporary]);
    assert_eq!(
        cwd_of("t=$(mktemp -d); cd $t; mkdir s; cd s; rm x"),
        [Cwd::Temporary]
    );
    assert_eq!(cwd_of("cd \"$X\"; rm x"), [Cwd::Unknown]);
    assert_eq!(cwd_of("pushd a; popd; rm x"), [Cwd::Known("/proj".into())]);
    assert_eq!(
        cwd_of("[ -d a ] && cd a; rm x"),
        [Cwd::Known("/proj/a".into()), Cwd::Known("/proj".into())]
    );
}

#[test]
fn a_cd_into_a_missing_folder_leaves_the_shell_where_it_was() {
    let mut facts = Facts::new(false);
    facts.learn(Question::Entry("/proj/gone".into()), Answer::Absent);
    assert_eq!(
        with("cd gone; rm -rf *", &facts)
            .commands
            .iter()
            .filter(|c| c.cwd == Cwd::Known("/proj".into()) && c.program().as_deref() == Some("rm"))
            .count(),
        1
    );
    assert_eq!(
        with("cd gone && rm -rf *", &facts)
            .commands
            .iter()
            .filter(|c| c.cwd == Cwd::Known("/proj".into()) && c.program().as_deref() == Some("rm"))
            .count(),
        0
    );
    assert_eq!(
        with("mkdir gone; cd gone; rm -rf *", &facts)
            .commands
            .iter()
            .filter(|c| c.cwd == Cwd::Known("/proj".into()) && c.program().as_deref() == Some("rm"))
            .count(),
        0
    );
}

#[test]
fn scripts_are_read_and_absent_ones_start_nothing() {
    let mut facts = Facts::new(false);
    script(
        &mut facts,
        "/proj/a.sh",
        "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nrm -rf \"$1\"\n",
    );
    facts.learn(Question::Text("/proj/none.sh".into()), Answer::Absent);
    facts.learn(
        Question::Text("/proj/secret.sh".into()),
        Answer::Unknown("permission denied".to_owned()),
    );
    for line in [
        "sh a.sh x",
        "./a.sh x",
        "bash -x ./a.sh x",
        ". ./a.sh x",
        "sh < a.sh -s x",
    ] {
        let unfolding = with(line, &facts);
        assert!(
            rms(&unfolding).contains(&"rm -rf x".to_owned()) || line.contains('<'),
            "{line} {unfolding:#?}"
        );
        assert_eq!(unfolding.read.len(), 1);
    }
    let unfolding = with("sh none.sh", &facts);
    assert!(unfolding.opaque.is_empty());
    let unfolding = with("sh secret.sh", &facts);
    assert_eq!(unfolding.opaque[0].kind, OpaqueKind::Script);
}

#[test]
fn files_written_by_the_same_call_are_run_as_written() {
    runs(
        "cat > /x/f.sh <<'E'\nrm $1\nE\nchmod +x /x/f.sh; /x/f.sh y",
        &["rm y"],
    );
    runs("echo 'rm y' > f; sh f", &["rm y"]);
    runs("echo 'rm y' | tee f >/dev/null; bash ./f", &["rm y"]);
    runs("cp /bin/rm z; ./z y", &["rm y"]);
    let unfolding = of("echo 'DROP TABLE t' > q.sql; psql db -f q.sql; psql db < q.sql");
    assert_eq!(unfolding.written[0].0, PathBuf::from("/proj/q.sql"));
    let Stdin::Text(word) = &unfolding.commands[2].stdin else {
        panic!("{unfolding:#?}")
    };
    assert_eq!(word.text().as_deref(), Some("DROP TABLE t\n"));
}

#[test]
fn task_files_are_followed() {
    let mut facts = Facts::new(false);
    script(
        &mut facts,
        "/proj/GNUmakefile",
        "clean: sub\n\trm -rf $(OUT)\nsub:\n\t@rm s\nOUT := o\n",
    );
    script(
        &mut facts,
        "/proj/package.json",
        r#"{"scripts":{"clean":"rm -rf dist","prebuild":"rm p","build":"npm run clean"}}"#,
    );
    assert_eq!(rms(&with("make clean", &facts)), ["rm s", "rm -rf o"]);
    assert_eq!(rms(&with("npm run build", &facts)), ["rm p", "rm -rf dist"]);
    assert_eq!(rms(&with("yarn clean x", &facts)), ["rm -rf dist x"]);
    let unfolding = with("npm run clean -- 'a b' c", &facts);
    let last = unfolding.commands.last().unwrap();
    let words: Vec<_> = last.words.iter().map(|word| word.shown()).collect();
    assert_eq!(words, ["rm", "-rf", "dist", "a b", "c"]);
}

#[test]
fn inherited_variables_are_holes_and_defaults_are_read_both_ways() {
    let unfolding = of("rm -rf \"$BUILD\"/*");
    let word = &unfolding.commands[0].words[2];
    assert_eq!(
        word.pieces[0].part,
        Part::Hole(Hole::Inherited("BUILD".to_owned()))
    );
    assert!(word.has_glob());
    let unfolding = of("rm -rf \"${BUILD:?}\"/*");
    assert_eq!(
        unfolding.commands[0].words[2].pieces[0].part,
        Part::Hole(Hole::Unknown)
    );
    runs("rm -rf ${BUILD:-out}", &["rm -rf $?", "rm -rf out"]);
    let mut facts = Facts::new(false);
    facts.learn(Question::Variable("BUILD".to_owned()), Answer::Absent);
    assert_eq!(rms(&with("rm -rf ${BUILD:-out}", &facts)), ["rm -rf out"]);
    runs(
        "rm $HOME/x ~/y \"$USER\"",
        &["rm /home/ann/x /home/ann/y ann"],
    );
}

#[test]
fn mktemp_gives_a_place_under_the_temporary_directory() {
    let unfolding = of("t=$(mktemp -d); trap 'rm -rf \"$t\"' EXIT; rm -rf \"$t/x\"");
    assert_eq!(
        rms(&unfolding),
        ["rm -rf /tmp/tmp.$?/x", "rm -rf /tmp/tmp.$?"]
    );
}

#[test]
fn what_cannot_be_known_is_opaque_and_shows_its_words() {
    let kind = |text: &str| of(text).opaque.first().map(|o| o.kind);
    assert_eq!(kind("$CMD -rf x"), Some(OpaqueKind::Program));
    assert_eq!(kind("curl https://x | sh"), Some(OpaqueKind::Payload));
    assert_eq!(kind("bash <(curl -s https://x)"), Some(OpaqueKind::Payload));
    assert_eq!(kind("eval \"$X\""), Some(OpaqueKind::Payload));
    assert_eq!(
        kind("bash -c \"$(curl https://x)\""),
        Some(OpaqueKind::Payload)
    );
    assert_eq!(kind("eval \"$(ssh-agent -s)\""), None);
    let unfolding = of("rm -rf x\n)");
    assert_eq!(unfolding.opaque[0].kind, OpaqueKind::Syntax);
    assert_eq!(rms(&unfolding), ["rm -rf x"]);
    runs("$SUDO rm x", &["rm x"]);
}

#[test]
fn values_are_computed_by_pure_programs() {
    runs("rm $(echo a b | tr a-z A-Z)", &["rm A B"]);
    runs("rm \"$(printf '%s/%s' a b)\"", &["rm a/b"]);
    runs("$(echo cm0= | base64 -d) x", &["rm x"]);
    runs("$(rev <<< mr) x", &["rm x"]);
    runs("$(printf '\\162\\155') x", &["rm x"]);
    runs("$(echo 726d | xxd -r -p) x", &["rm x"]);
    runs(
        "x=abc.tar.gz; rm ${x%%.*} ${x%.gz} ${x/abc/z} ${x:1:2} ${#x} ${x^^}",
        &["rm abc abc.tar z.tar.gz bc 10 ABC.TAR.GZ"],
    );
    runs("n=3; rm f$((n*2+1))", &["rm f7"]);
    runs("rm $(basename /a/b.c .c) $(dirname /a/b)", &["rm b /a"]);
    runs("set -- a b; shift; rm $1 $#", &["rm b 1"]);
    runs(
        "v=x; n=v; rm ${!n}; declare -n r=v; rm $r",
        &["rm x", "rm x"],
    );
    runs("read a b <<< 'x y z'; rm $b", &["rm y z"]);
    runs("printf -v p '%s' q; rm $p", &["rm q"]);
}

#[test]
fn find_gives_its_start_path_to_what_it_runs() {
    runs("find build -exec rm -rf {} +", &["rm -rf build"]);
    runs("find src -name '*.pyc' -exec rm {} \\;", &["rm src/$?.pyc"]);
    runs(
        "find src -name '*.pyc' | xargs rm -f",
        &["rm -f src/$?.pyc"],
    );
}

#[test]
fn exported_and_own_environment_is_carried() {
    let unfolding = of("export PGHOST=h; PGPASSWORD=s psql -c x; unset PGHOST");
    let psql = unfolding
        .commands
        .iter()
        .find(|c| c.program().as_deref() == Some("psql"))
        .unwrap();
    assert_eq!(
        psql.env_value("PGHOST").and_then(|w| w.text()).as_deref(),
        Some("h")
    );
    assert_eq!(
        psql.env_value("PGPASSWORD")
            .and_then(|w| w.text())
            .as_deref(),
        Some("s")
    );
}

#[test]
fn redirections_that_write_say_what_they_write() {
    let unfolding = of("echo hi > f; : >> g; > h; cmd 2> /dev/null");
    let writes: Vec<String> = unfolding
        .commands
        .iter()
        .flat_map(|c| &c.writes)
        .map(|w| w.file.shown())
        .collect();
    assert_eq!(writes, ["f", "g", "h"]);
    let content = unfolding.commands[0].writes[0]
        .content
        .as_ref()
        .and_then(|w| w.text());
    assert_eq!(content.as_deref(), Some("hi\n"));
}

#[test]
fn hostile_texts_end_in_time_and_opaque() {
    let bomb = ":(){ :|:& };:";
    assert!(of(bomb).commands.len() < 5_000);
    let deep = "sh -c '".repeat(40);
    of(&deep);
    let nested = (0..30).fold("rm x".to_owned(), |t, _| format!("eval eval eval {t}"));
    of(&nested);
    let loops = "for a in {1..60}; do ".repeat(5) + "rm $a" + &"; done".repeat(5);
    let unfolding = of(&loops);
    assert!(!rms(&unfolding).is_empty());
    of(&("f() { f; f; }; ".to_owned() + "f"));
}

#[test]
fn the_canonical_form_ignores_white_space_and_stays_raw_where_anything_is_opaque() {
    let form = |text: &str| canonical(ShellKind::Posix, text, &of(text));
    assert!(form("rm -rf x").is_some());
    assert_eq!(form("rm   -rf  x # why"), form("rm -rf x"));
    assert_ne!(form("rm -rf x"), form("rm -rf y"));
    assert_eq!(form("$X  y"), None);
    assert_eq!(of("$X  y").canonical, "$X  y");
}

#[test]
fn a_long_line_is_unfolded_without_a_cliff() {
    let line = "(cd a && ls -la && grep -rn 'x y' src | head -5); ".repeat(80);
    let begun = std::time::Instant::now();
    let unfolding = of(&line);
    assert!(unfolding.commands.len() >= 240);
    let first = begun.elapsed();
    println!("{first:?}");
    let begun = std::time::Instant::now();
    of(&line.repeat(8));
    assert!(begun.elapsed() < first * 80 + std::time::Duration::from_millis(50));
}

#[test]
fn ordinary_work_is_not_opaque() {
    for line in [
        "cd $(git rev-parse --show-toplevel) && cargo test 2>&1 | tail -20",
        "for f in $(git ls-files '*.rs'); do wc -l \"$f\"; done | sort -n | head",
        "eval \"$(direnv hook bash)\"; source ~/.cargo/env; export PATH=\"$HOME/bin:$PATH\"",
        "JAVA=$JAVA_HOME/bin/java; \"$JAVA\" -version",
        "find . -name '*.rs' | xargs grep -n TODO | awk -F: '{print $1}' | sort -u",
        "python3 - <<'E'\nprint('rm -rf /')\nE",
        "git commit -m \"$(cat <<'E'\nfix: drop table handling (rm -rf)\nE\n)\"",
        "curl -s https://x/api | jq '.items[]' | while read -r i; do echo \"$i\"; done",
        "docker run --rm -it -v \"$PWD:/app\" -w /app node:20 npm test",
        "if [ -f .env ]; then set -a; . ./.env; set +a; fi; npm run dev",
        "ssh host uptime; ssh -fNL 5432:db:5432 host",
        "tmux send-keys -t a 'make test' Enter; nohup ./server > log 2>&1 &",
        "cat file | sed -e 's/a/b/' > out && diff <(sort a) <(sort b)",
        "test -n \"$CI\" || { echo no; exit 1; }; kill $(lsof -t -i:3000)",
    ] {
        let unfolding = of(line);
        assert!(
            unfolding.opaque.is_empty(),
            "{line}\n{:#?}",
            unfolding.opaque
        );
        assert_eq!(rms(&unfolding), [""; 0], "{line}");
    }
}

#[test]
fn deep_nesting_stays_on_a_small_stack() {
    for (open, close) in [
        ("$(echo ", ")"),
        ("\"$(", ")\""),
        ("( ", " )"),
        ("{ ", "; }"),
        ("if ", "; then :; fi"),
        ("${x:-", "}"),
    ] {
        let text = format!("echo {}rm x{}", open.repeat(95), close.repeat(95));
        of(&text);
        let text = format!("{}rm x{}", open.repeat(95), close.repeat(95));
        of(&text);
        let inner = format!("{}rm x{}", "( ".repeat(60), " )".repeat(60));
        of(&format!("f() {{ {inner}; f; }}; f"));
    }
    let mut text = "rm x".to_owned();
    for _ in 0..12 {
        text = format!("( ( ( ( ( eval {} ) ) ) ) )", text);
    }
    of(&text);
}

#[test]
fn a_text_of_more_commands_than_are_read_is_held() {
    let many = "a;".repeat(400_001);
    for text in [format!("rm -rf x;{many}"), format!("rm -rf x\n({many})")] {
        let unfolding = of(&text);
        let kinds: Vec<OpaqueKind> = unfolding.opaque.iter().map(|one| one.kind).collect();
        assert!(kinds.contains(&OpaqueKind::Budget), "{kinds:?}");
        assert_eq!(rms(&unfolding), ["rm -rf x"]);
    }
}

fn here() -> Facts {
    Facts::new(false)
}

#[test]
fn a_list_that_is_there_is_read_where_its_names_are_taken() {
    let mut facts = here();
    script(&mut facts, "/proj/list", "a.txt\nb.txt\n");
    for text in [
        "while read -r f; do rm \"$f\"; done < list",
        "for f in $(cat list); do rm $f; done",
        "xargs -n1 rm < list",
        "xargs -n 1 -a list rm",
        "sort list | while read f; do rm $f; done",
        "mapfile -t all < list; for f in \"${all[@]}\"; do rm \"$f\"; done",
    ] {
        assert_eq!(rms(&with(text, &facts)), ["rm a.txt", "rm b.txt"], "{text}");
    }
    // What may have changed it leaves its names open.
    let unfolding = with("./make-list; xargs -n1 rm < list", &facts);
    assert_eq!(rms(&unfolding), ["rm a.txt", "rm b.txt", "rm $?"]);
}

#[test]
fn a_list_of_more_lines_than_are_gone_through_is_any_list() {
    let mut facts = here();
    let lines: String = (0..100).map(|at| format!("f{at}\n")).collect();
    script(&mut facts, "/proj/list", &lines);
    let unfolding = with("while read -r f; do rm \"$f\"; done < list", &facts);
    assert_eq!(rms(&unfolding), ["rm $?"]);
}

#[test]
fn nothing_is_read_for_a_program_that_only_shows_it() {
    for text in [
        "cat list | head",
        "sed s/a/b/ list | grep x | wc -l",
        "sort list",
        "tail -f list",
    ] {
        let mut needs = Needs::default();
        unfold(ShellKind::Posix, text, &scene(), &here(), &mut needs);
        assert!(needs.is_empty(), "{text}: {:?}", needs.into_questions());
    }
}

#[test]
fn a_copy_of_a_script_is_run_as_its_original() {
    let mut facts = here();
    script(&mut facts, "/proj/wipe.sh", "#!/bin/sh\nrm -rf data\n");
    for text in [
        "cp wipe.sh w2.sh && sh w2.sh",
        "mkdir -p bin; cp wipe.sh bin/ && sh bin/wipe.sh",
        "install -m 755 wipe.sh w3.sh; ./w3.sh",
        "cat wipe.sh wipe.sh | sh",
    ] {
        let all = rms(&with(text, &facts));
        assert!(all.contains(&"rm -rf data".to_owned()), "{text}: {all:?}");
    }
}

#[test]
fn options_of_the_shell_say_how_patterns_are_read() {
    let facts = here();
    let of = |text: &str| rms(&with(text, &facts));
    assert_eq!(of("shopt -s dotglob; rm a/*"), ["rm a/* a/.*"]);
    assert_eq!(of("shopt -s dotglob; shopt -u dotglob; rm *"), ["rm *"]);
    assert_eq!(of("shopt -s nocaseglob; rm Ab*"), ["rm [aA][bB]*"]);
    assert_eq!(of("bash -O dotglob -c 'rm *'"), ["rm * .*"]);
    let plain = with("set -f; rm *.dat", &facts);
    assert!(
        plain
            .commands
            .iter()
            .all(|command| !command.words.iter().any(|word| word.has_glob()))
    );
    let back = with("set -f; set +f; rm *.dat", &facts);
    assert!(
        back.commands
            .iter()
            .any(|command| command.words.iter().any(|word| word.has_glob()))
    );
}

#[test]
fn a_redirection_that_the_shell_refuses_keeps_what_is_there() {
    use crate::model::command::WriteMode;
    let mode = |text: &str| {
        let unfolding = with(text, &here());
        let mut writes = unfolding
            .commands
            .iter()
            .flat_map(|command| &command.writes);
        writes.next().map(|write| write.mode)
    };
    assert_eq!(mode("set -C; echo x > f"), Some(WriteMode::Append));
    assert_eq!(
        mode("set -o noclobber; echo x > f"),
        Some(WriteMode::Append)
    );
    assert_eq!(mode("set -C; echo x >| f"), Some(WriteMode::Truncate));
    assert_eq!(
        mode("set -C; set +C; echo x > f"),
        Some(WriteMode::Truncate)
    );
    assert_eq!(mode("(set -C); echo x > f"), Some(WriteMode::Truncate));
    assert_eq!(
        mode("[ -n \"$X\" ] && set -C; echo x > f"),
        Some(WriteMode::Truncate)
    );
}
