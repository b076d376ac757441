//! Deep, wide and broken texts of 64 KiB: each is answered inside a second, without a panic, and never by silence about
//! what was not read. The slowest text of each kind is printed (`--nocapture`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests may unwrap and print"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use backstop::intake::claude;
use backstop::model::effect::Dialect;
use backstop::model::fact::{Answer, Facts, Needs, Scene};
use backstop::model::request::ShellKind;
use backstop::shell::parse::parse;
use backstop::shell::print::print;
use backstop::shell::unfold::unfold;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Size of every text.
const SIZE: usize = 64 << 10;
/// What one text may take: a second in an optimised build; an unoptimised one, on a machine that others use too, gets more.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
/// Texts drawn of each language beside the regular ones.
const DRAWN: usize = 60;
/// The guard's own thread has this much stack.
const STACK: usize = 64 << 20;

fn drawn<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let config = Config {
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// Repeats an opening until the text is full, then closes as often, as far as there is a closing.
fn nested(open: &str, inner: &str, close: &str) -> String {
    let each = (open.len() + close.len()).max(1);
    let count = SIZE / each;
    format!("{}{inner}{}", open.repeat(count), close.repeat(count))
}

/// Openings that are never closed, and ones that are.
fn nests(pairs: &[(&str, &str, &str)]) -> Vec<String> {
    let closed = pairs
        .iter()
        .map(|(open, inner, close)| nested(open, inner, close));
    let open = pairs.iter().map(|(open, inner, _)| nested(open, inner, ""));
    closed.chain(open).collect()
}

/// Texts of fragments in any order, with a fixed seed.
fn mixtures(fragments: &'static [&'static str]) -> Vec<String> {
    let strategy = prop::collection::vec(select(fragments), 1..40);
    drawn(strategy, DRAWN)
        .into_iter()
        .map(|parts| {
            let unit = parts.concat();
            unit.repeat((SIZE / unit.len().max(1)).max(1))
        })
        .collect()
}

/// Runs every text in a thread like the guard's and returns the slowest; each has to come back in time.
fn timed(name: &str, texts: Vec<String>, run: fn(&str)) {
    let name = name.to_owned();
    let worker = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            let mut slowest = (Duration::ZERO, String::new());
            let mut late = String::new();
            let count = texts.len();
            for text in texts {
                let began = Instant::now();
                run(&text);
                let took = began.elapsed();
                let start: String = text.chars().take(60).collect();
                if took > LIMIT {
                    let _ = writeln!(late, "{took:?} for {} bytes of {start:?}", text.len());
                }
                if took > slowest.0 {
                    slowest = (took, start);
                }
            }
            println!(
                "{name}: {count} texts, slowest {:?}: {:?}",
                slowest.0, slowest.1
            );
            assert!(late.is_empty(), "{name}:\n{late}");
        });
    worker.unwrap().join().unwrap();
}

fn scene() -> Scene {
    Scene {
        cwd: "/srv/app".into(),
        home: Some("/home/ana".into()),
        user: None,
        project: "/srv/app".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: true,
    }
}

fn unfolded(kind: ShellKind, text: &str) {
    let mut facts = Facts::new(true);
    for _ in 0..4 {
        let mut needs = Needs::default();
        let _ = unfold(kind, text, &scene(), &facts, &mut needs);
        if needs.is_empty() {
            return;
        }
        for question in needs.into_questions() {
            facts.learn(question, Answer::Assumed);
        }
    }
}

#[test]
fn shell_texts_of_any_depth_are_answered_in_time() {
    let mut texts = nests(&[
        ("(", "rm x", ")"),
        ("$(", "rm x", ")"),
        ("`", "rm x", "`"),
        ("{ ", "rm x; ", "}; "),
        ("\"$(", "rm x", ")\""),
        ("${x:-", "y", "}"),
        ("$((", "1", "))"),
        ("[[ ( ", "x", " ) ]]"),
        ("if true; then ", "rm x", "; fi"),
        ("for a in b; do ", "rm x", "; done"),
        ("while x; do ", "rm x", "; done"),
        ("case x in x) ", "rm x", ";; esac"),
        ("f() { ", "rm x", "; }; f"),
        ("<(", "rm x", ")"),
        ("bash -c \"", "rm x", "\""),
        ("eval '", "rm x", "'"),
        ("sudo ", "rm x", ""),
        ("env A=1 ", "rm x", ""),
        ("timeout 1 ", "rm x", ""),
        ("! ", "rm x", ""),
        ("time ", "rm x", ""),
        ("{a,", "b", "}"),
        ("a[", "1", "]=1 "),
        ("x && ", "rm x", ""),
        ("x | ", "rm x", ""),
        ("x; ", "rm x", ""),
        ("find . -exec ", "rm x", " ;"),
        ("xargs ", "rm x", ""),
        ("ssh h ", "rm x", ""),
        ("docker exec c ", "rm x", ""),
        ("a=$a$a; ", "rm $a", ""),
        ("{1..9}", "", ""),
        ("*", "", ""),
        ("\\", "", ""),
        ("'", "", ""),
        ("\"", "", ""),
        ("<<E\n", "x", "\nE\n"),
        ("cat <<A <<B\n", "", "A\nB\n"),
        ("alias a='", "x", "'\n"),
        ("trap '", "rm x", "' EXIT; "),
        ("cd a; ", "rm x", ""),
        ("set -- $@ x; ", "rm $@", ""),
        ("\u{1F600}", "", ""),
        ("\0", "", ""),
    ]);
    texts.extend(mixtures(&[
        "rm -rf x", "$(", ")", "`", "\"", "'", "${", "}", "{", "((", "))", "<<E\n", "E\n", ";",
        "&&", "|", "\n", "\\", " ", "if ", "then ", "fi ", "case ", "esac ", "in ", "do ", "done ",
        "a=b ", "*", "[", "]", "é", "#", "<(", "eval ", "sudo ", "bash -c ", "xargs ", "$x", "$((",
        "!", "=", "~",
    ]));
    timed("shell", texts, |text| unfolded(ShellKind::Posix, text));
}

#[test]
fn powershell_texts_of_any_depth_are_answered_in_time() {
    let mut texts = nests(&[
        ("(", "rm x", ")"),
        ("$(", "rm x", ")"),
        ("@(", "1", ")"),
        ("@{a=", "1", "}"),
        ("{ ", "rm x", " }"),
        ("& { ", "rm x", " }"),
        ("if (1) { ", "rm x", " }"),
        ("\"$(", "rm x", ")\""),
        ("powershell -Command ", "rm x", ""),
        ("[int]", "1", ""),
        ("a | ", "rm x", ""),
        ("`", "", ""),
        ("@'\n", "x", "\n'@\n"),
        ("<#", "", "#>"),
        ("foreach ($a in 1) { ", "rm x", " }"),
        ("-not ", "1", ""),
    ]);
    texts.extend(mixtures(&[
        "Remove-Item x",
        "(",
        ")",
        "{",
        "}",
        "$",
        "\"",
        "'",
        "`",
        "@'\n",
        "\n'@",
        ";",
        "|",
        "&",
        "[",
        "]",
        ",",
        "=",
        " ",
        "\n",
        "é",
        "#",
        "-Recurse ",
        "iex ",
        "cmd /c ",
        "%",
        ".",
        "::",
    ]));
    timed("powershell", texts, |text| {
        unfolded(ShellKind::PowerShell, text)
    });
}

#[test]
fn cmd_texts_of_any_depth_are_answered_in_time() {
    let mut texts = nests(&[
        ("cmd /c ", "del x", ""),
        ("cmd /c \"", "del x", "\""),
        ("(", "del x", ")"),
        ("^", "", ""),
        ("%a%", "", ""),
        ("if exist x ", "del x", ""),
        ("for %i in (a) do ", "del %i", ""),
        ("call ", "del x", ""),
        ("a & ", "del x", ""),
        ("a && ", "del x", ""),
    ]);
    texts.extend(mixtures(&[
        "del /s x", "cmd /c ", "\"", "^", "%", "!", "(", ")", "&", "|", ">", " ", "\n", "rd ",
        "if ", "for ",
    ]));
    timed("cmd", texts, |text| {
        unfolded(ShellKind::Posix, &format!("cmd /c {text}"))
    });
}

#[test]
fn sql_texts_of_any_depth_are_answered_in_time() {
    let mut texts = nests(&[
        ("(", "1", ")"),
        ("SELECT (", "1", ")"),
        ("/*", "x", "*/"),
        ("CASE WHEN ", "1", " END"),
        ("WITH a AS (", "DELETE FROM t", ") SELECT 1"),
        ("NOT ", "1", ""),
        ("- ", "1", ""),
        ("1 + ", "1", ""),
        ("a.", "b", ""),
        ("'", "", ""),
        ("''", "", ""),
        ("$$", "", "$$"),
        ("$a$", "", ""),
        ("BEGIN ", "DROP TABLE t; ", "END; "),
        ("DO $$ ", "DROP TABLE t; ", "$$; "),
        ("DROP TABLE a; ", "", ""),
        ("EXPLAIN ", "DELETE FROM t", ""),
        ("SELECT 1 UNION ", "SELECT 1", ""),
        ("DELETE FROM t WHERE a IN (SELECT ", "1", ")"),
        ("DELETE FROM t WHERE 1=1 OR ", "1=1", ""),
        ("\"", "", ""),
        ("[", "", "]"),
        ("EXECUTE 'EXECUTE ''", "DROP TABLE t", "''' "),
        ("a, ", "b", ""),
        ("DROP TABLE a, ", "b", ""),
        ("PREPARE p AS ", "DELETE FROM t", "; EXECUTE p;"),
        ("-- ", "", "\n"),
        ("\u{FFFC}", "", ""),
        (";", "", ""),
        ("/*!50000 ", "DROP TABLE t", " */"),
    ]);
    texts.extend(mixtures(&[
        "DROP TABLE t",
        "DELETE FROM t",
        " WHERE ",
        "1=1",
        "(",
        ")",
        "'",
        "\"",
        "$$",
        "$a$",
        "/*",
        "*/",
        "--",
        "\n",
        ";",
        "BEGIN ",
        "END ",
        "CASE ",
        "WHEN ",
        "SELECT ",
        "UPDATE t SET a=1",
        ",",
        ".",
        "E'",
        "\\",
        "DO ",
        "EXECUTE ",
        "é",
        "[",
        "]",
        "`",
        "AND ",
        "OR ",
        "NOT ",
        "WITH a AS (",
    ]));
    timed("sql", texts, |text| {
        for dialect in [Dialect::Postgres, Dialect::Mysql] {
            let _ = backstop::sql::judge(text, dialect);
        }
    });
}

#[test]
fn hook_json_of_any_depth_is_answered_in_time() {
    let head = r#"{"hook_event_name":"PreToolUse","tool_name":"mcp__x__y","tool_input":"#;
    let mut texts: Vec<String> = nests(&[
        ("[", "1", "]"),
        (r#"{"a":"#, "1", "}"),
        (r#"{"query":["#, r#""DROP TABLE t""#, "]}"),
        ("\"\\u0000", "", ""),
        ("\\", "", ""),
        ("-", "", ""),
        ("1", "", ""),
        ("[],", "", ""),
    ])
    .into_iter()
    .flat_map(|text| [format!("{head}{text}}}"), text])
    .collect();
    texts.extend(mixtures(&[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\\u0000",
        "\\ud800",
        "1e999",
        "null",
        "true",
        "tool_input",
        "\"tool_name\"",
        " ",
        "\n",
        "é",
    ]));
    timed("hook JSON", texts, |text| {
        let _ = claude::read(text.as_bytes(), claude::Strictness::Hook);
    });
}

#[test]
fn what_is_printed_of_a_line_prints_the_same_again() {
    const FRAGMENTS: &[&str] = &[
        "{", "[", "[[", "]", "]]", "}", "'{'", "'['", "'[['", "\"[\"", "\\{", "\\[", "a", "=",
        "'='", "~", "$x", "\"$x\"", "''", "!", "'!'", "(", ",", "..", "'if'", "if", "$'\\n'", "*",
        "'*'", "-", "1", ">f ", " ", "; ", "e=", "`a`", "$(b)", "+", "@", "#", "\"\"", "${a}",
        "{a,b}", "'a b'",
    ];
    let strategy = prop::collection::vec(select(FRAGMENTS), 1..9);
    let mut wrong = String::new();
    let mut read = 0;
    let fixed = [
        "{[[",
        "'{[['",
        ">f '{[['",
        "{'[['",
        "\\{[[",
        "'{'[[",
        "a; '{[[' b",
        "x=1 '{[['",
    ];
    let lines = fixed.iter().map(|line| (*line).to_owned());
    for line in lines.chain(
        drawn(strategy, 20_000)
            .into_iter()
            .map(|parts| parts.concat()),
    ) {
        let Ok(tree) = parse(&line) else { continue };
        read += 1;
        let once = print(&tree);
        let twice = parse(&once).map(|tree| print(&tree));
        if twice.as_deref().ok() != Some(once.as_str()) {
            let _ = writeln!(wrong, "{line:?} prints {once:?}, and that {twice:?}");
        }
    }
    println!("{read} lines read");
    assert!(wrong.is_empty(), "{wrong}");
}
