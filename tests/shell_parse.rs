//! The shell parser against bash itself, hostile nesting, random text and time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use backstop::shell::parse::parse;
use backstop::shell::print::print;
use proptest::prelude::*;

/// Lines that bash accepts; the seeds of the mutations too.
const VALID: &[&str] = &[
    "rm -rf x && echo 'a b' \"$c\" ${d:-e} `f`",
    "r\\\nm -rf x &\\\n& ls",
    "echo {a,b; rm x; echo }",
    "find . -exec rm \\{} \\;",
    "echo ${x:-{}; echo \"${x#'a}'}\"",
    "echo $(case a in a) b;; esac) # )",
    "echo $((1+2)); ((i++)); $( (a); b )",
    "for ((i=0;i<3;i++)); do rm $i; done",
    "a[$(rm x)]=3 b+=(1 [2]=3) cmd",
    "diff <(rm x) <(ls) > >(tee f)",
    "cat <<A <<-\"B\"; echo z\na $(rm x)\nA\n\tb\n\tB\nls",
    "if a; then b; elif c; then d; else e; fi 2>&1 | f &",
    "while read x; do echo $x; done < f; until a; do b; done",
    "case $x in a|b) rm x;; (c) y;& *) w; esac",
    "f() { rm x; }; function g { ls; }; coproc X { cat; }",
    ">f cmd {fd}>g 2>&1 &>>h <<<w",
    "[[ $a == b* && ( -f x || ! -d y ) ]] || [[ $x =~ ^(a|b c)+$ ]]",
    "echo a#b $# ${#x} $((2#1)) $'a\\'b\\x41' $\"x $y\"",
    "time -p ls | wc; ! true",
    "echo \"$(echo \"$(echo \"a\")\")\" ${x/a/b} ${x//a\\/b/c} ${x:1:2}",
    "echo `echo \\`rm x\\` \\\\\\\\`",
    "declare -A m=([a]=b [c d]=e) n",
];

/// Texts that bash rejects and that no other shell we read would run.
const INVALID: &[&str] = &[
    "rm x )",
    "echo 'a",
    "echo \"a",
    "if a; then b",
    "for",
    "case a in b) c",
    "echo $(a",
    "a && ",
    "a | | b",
    "fi",
    "}",
    "(a",
    "a >",
    "echo `a",
    "f() ",
    "[[ a",
    "a;;b",
    "done",
    "; a",
    "& a",
    "echo ${x",
    "a <<",
    "{ a",
    "(( a",
    "while a; done",
    "a=(b",
];

/// Asks bash, with one script for all, which of the texts it accepts.
fn bash_accepts(texts: &[String]) -> Option<Vec<bool>> {
    let script = "while IFS= read -r -d '' t; do \
        if printf '%s\\n' \"$t\" | \"$BASH\" -n 2>&1 | grep -q .; then echo 0; else echo 1; fi; done";
    let mut child = Command::new("bash")
        .args(["--norc", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let all: Vec<u8> = texts
        .iter()
        .flat_map(|text| text.bytes().chain([0]))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(&all));
    let output = child.wait_with_output().ok()?;
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    Some(answers.lines().map(|line| line == "1").collect())
}

/// Deterministic small changes of the valid lines.
fn mutants() -> Vec<String> {
    let inserts = [
        "'", "\"", "(", ")", "{", "}", ";", "&", "|", "$(", "`", "\n", "\\", "#", "<", " ",
    ];
    let mut all = Vec::new();
    for (number, line) in VALID.iter().enumerate() {
        for step in 0..12 {
            let at = (step * 7 + number * 3) % line.len();
            let insert = inserts[(step + number) % inserts.len()];
            all.push(format!("{}{insert}{}", &line[..at], &line[at..]));
            all.push(format!("{}{}", &line[..at], &line[at + 1..]));
        }
    }
    all
}

#[test]
fn what_bash_accepts_is_read() {
    for line in VALID {
        assert!(parse(line).is_ok(), "{line:?}: {:?}", parse(line));
    }
    let texts = mutants();
    let Some(answers) = bash_accepts(&texts) else {
        return;
    };
    assert_eq!(answers.len(), texts.len());
    let refused: Vec<_> = texts
        .iter()
        .zip(answers)
        // `bash -n` does not look into here-documents, backticks and odd parameters; we do.
        .filter(|(text, accepted)| *accepted && !text.contains("<<") && !text.contains('`'))
        .filter(|(text, _)| !text.contains("'a}") && parse(text).is_err())
        .map(|(text, _)| (text, parse(text).map_err(|error| error.reason)))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn what_no_shell_accepts_is_an_error() {
    for text in INVALID {
        assert!(parse(text).is_err(), "{text:?}");
    }
    let texts: Vec<_> = INVALID.iter().map(|text| (*text).to_owned()).collect();
    if let Some(answers) = bash_accepts(&texts) {
        assert!(answers.iter().all(|accepted| !accepted), "{answers:?}");
    }
}

#[test]
fn an_error_carries_the_lines_before_it() {
    let error = parse("rm -rf a\nrm -rf b; c )\nd").unwrap_err();
    assert_eq!(error.before.items.len(), 1);
    assert_eq!(error.at, 21);
}

fn nested(open: &str, inside: &str, close: &str, depth: usize) -> String {
    [open.repeat(depth), inside.to_owned(), close.repeat(depth)].concat()
}

const NESTS: &[(&str, &str)] = &[
    ("(", ")"),
    ("{ ", "; }"),
    ("$(", ")"),
    ("\"$(", ")\""),
    ("`", "`"),
    ("${x:-", "}"),
    ("\"${x:-", "}\""),
    ("$((", "))"),
    ("((", "))"),
    ("$[", "]"),
    ("<(", ")"),
    ("if ", "; then b; fi"),
    ("if a; then ", "; fi"),
    ("while ", "; do b; done"),
    ("for x in a; do ", "; done"),
    ("case a in a) ", ";; esac"),
    ("f() ", ""),
    ("coproc ", ""),
    ("! ", ""),
    ("time ", ""),
    ("[[ ( ", " ) ]]"),
    ("a[", "]=1"),
    ("a=(", ")"),
    ("@(", ")"),
    ("x@(", ")"),
    ("${a[", "]}"),
    ("cat <<E $(", ")"),
    ("a && ", ""),
    ("a | ", ""),
    ("\\\n", ""),
    ("'", "'"),
    ("[", "]"),
    ("{a,", "}"),
    ("$", ""),
];

#[test]
fn ten_thousand_levels_of_anything_end_in_a_result_on_a_small_stack() {
    let work = || {
        for (open, close) in NESTS {
            for (inside, close) in [("a", *close), ("a", ""), ("", *close)] {
                for prefix in ["", "echo "] {
                    for depth in [30, 90, 10_000] {
                        let text = format!("{prefix}{}", nested(open, inside, close, depth));
                        if let Ok(script) = parse(&text) {
                            let _ = print(&script);
                        }
                    }
                }
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn deep_nesting_is_an_error_and_moderate_nesting_is_not() {
    for (open, close) in [("( ", " )"), ("$(", ")"), ("{ ", "; }"), ("\"${x:-", "}\"")] {
        let head = if open.starts_with(['(', '{']) {
            ""
        } else {
            "echo "
        };
        assert!(parse(&format!("{head}{}", nested(open, "a", close, 10_000))).is_err());
        let moderate = parse(&format!("{head}{}", nested(open, "a", close, 25)));
        assert!(moderate.is_ok(), "{open}: {moderate:?}");
    }
}

fn fastest(text: &str) -> Duration {
    let once = || {
        let start = Instant::now();
        let _ = parse(text);
        start.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap()
}

#[test]
fn reading_time_grows_with_the_length_and_not_with_its_square() {
    for unit in [
        "[",
        "a[",
        "$((",
        "((",
        "`",
        "\\`",
        "$(",
        "{a,",
        "a=",
        "echo x; ",
        "'a' ",
        "<<E ",
        "cat <<E\n",
        "\"$x\" ",
        "${x",
        "@(a",
        "1",
        "\\\n",
        "#",
        "f()",
        "(( a; ",
        "$(( a ) ",
        "a b\n",
        "[a\"b\"",
        "+",
        "((a);(b))\n",
    ] {
        let small = unit.repeat((16 << 10) / unit.len());
        let large = unit.repeat((256 << 10) / unit.len());
        let (one, sixteen) = (fastest(&small), fastest(&large));
        let allowed = one.max(Duration::from_millis(1)) * 16 * 6;
        assert!(sixteen < allowed, "{unit:?}: {one:?} then {sixteen:?}");
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let pieces = [
        "rm", " ", " ", "-rf", "x", "'", "\"", "$", "(", ")", "{", "}", "`", "\\", "\n", ";", "&",
        "|", "<", ">", "<<E", "E\n", "#", "$((", "))", "${x", ":-", "[", "]", "*", "=", "a=", "if",
        "then", "fi", "case", "in", "esac", "do", "done", "for", "[[", "]]", "~", "é", "\t", "!",
        "1",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..24)
        .prop_map(|pieces| pieces.concat())
}

/// A fixed seed, so that a failure comes again. Known: a bare `{` glued to a lone `[` prints in quotes once and without them the second time
/// (`{[[`); both prints are deterministic, so a fingerprint stays what it is, and no two meanings share one.
fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(11),
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_gives_a_result(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn two_readings_never_disagree(text in fragment()) {
        if let Err(error) = parse(&text) {
            prop_assert_ne!(error.reason, "two readings of the text disagree");
            prop_assert!(error.at <= text.len());
        }
    }

    #[test]
    fn printing_is_stable(text in fragment()) {
        if let Ok(script) = parse(&text) {
            let printed = print(&script);
            let again = parse(&printed);
            prop_assert!(again.is_ok(), "{:?} prints {:?}: {:?}", text, printed, again);
            prop_assert_eq!(print(&again.unwrap()), printed);
        }
    }

    #[test]
    fn a_changed_word_changes_the_print(
        line in proptest::sample::select(VALID.to_vec()),
        word in "[a-z]{1,5}",
    ) {
        let one = parse(&format!("{line}\nrm {word}")).unwrap();
        let two = parse(&format!("{line}\nrm {word}z")).unwrap();
        prop_assert_ne!(print(&one), print(&two));
    }

    #[test]
    fn quoted_words_print_by_their_text_alone(text in "[a-z *?~{},$=]{1,8}") {
        let single = parse(&format!("rm '{text}'")).unwrap();
        let escaped: String = text.chars().flat_map(|next| ['\\', next]).collect();
        let escaped = parse(&format!("rm {escaped}")).unwrap();
        prop_assert_eq!(print(&single), print(&escaped));
    }
}
