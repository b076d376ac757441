//! What must hold for every command, whatever it is: wrapping and quoting lose no finding, harmless company adds none,
//! `check` and `check --batch` agree, and random bytes end in an answer.
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

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

/// Commands drawn from the corpus for each property.
const DRAWN: usize = 400;

fn corpus(folder: &str) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/corpus")
        .join(folder);
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: toml::Value = toml::from_str(&text).unwrap();
        for group in file["case"].as_array().unwrap() {
            if group.get("tool").is_some() || group.get("cwd").is_some() {
                continue;
            }
            let commands = group["commands"].as_array().unwrap().iter();
            all.extend(commands.map(|command| command.as_str().unwrap().to_owned()));
        }
    }
    all.retain(|command| !command.starts_with("{\""));
    all.sort();
    all
}

fn batch(commands: &[String]) -> Vec<Value> {
    let mut child = program(&["--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = commands
        .iter()
        .map(|command| json!({"tool_name": "Bash", "tool_input": {"command": command}}).to_string())
        .collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let results: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), commands.len());
    results
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstop"));
    command
        .args(["check", "--facts", "none", "--cwd", "/srv/app"])
        .args(args)
        .env_clear()
        .env("HOME", "/home/nobody-here");
    command
}

fn rules(result: &Value) -> BTreeSet<String> {
    let findings = result["findings"].as_array().cloned().unwrap_or_default();
    findings
        .iter()
        .filter_map(|finding| finding["rule"].as_str().map(str::to_owned))
        .collect()
}

/// Draws from a strategy with a fixed seed, so that a failure comes again.
fn drawn<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let config = Config {
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Forms that run a text as it is, by any shell.
const AROUND: [&str; 14] = [
    "bash -c {q}",
    "sh -c {q}",
    "sudo bash -c {q}",
    "env A=1 bash -c {q}",
    "nohup bash -c {q} &",
    "timeout 60 bash -c {q}",
    "eval {q}",
    "( {t}\n)",
    "{ {t}\n}",
    "if true; then {t}\nfi",
    "for i in 1; do {t}\ndone",
    "true && { {t}\n}",
    "echo start\n{t}\necho end",
    "f() { {t}\n}; f",
];

/// Commands that start a line of their own, change neither place nor names, and are given no words.
fn is_plain(command: &str) -> bool {
    let given = ["$1", "${1", "$@", "$*", "$#"];
    !command.contains(['\n', '&'])
        && !given.iter().any(|word| command.contains(word))
        && !command.contains("alias ")
        && !command.contains("<<")
        && !command.contains("trap ")
}

#[test]
fn wrapping_a_loss_loses_no_finding() {
    let losses: Vec<String> = corpus("must-find")
        .into_iter()
        .filter(|command| is_plain(command))
        .collect();
    let cases = drawn((select(losses), select(AROUND.to_vec())), DRAWN);
    let plain: Vec<String> = cases.iter().map(|(loss, _)| loss.clone()).collect();
    let wrapped: Vec<String> = cases
        .iter()
        .map(|(loss, around)| {
            around
                .replace("{q}", &single_quoted(loss))
                .replace("{t}", loss)
        })
        .collect();
    let mut wrong = Vec::new();
    for ((before, after), text) in batch(&plain).iter().zip(batch(&wrapped)).zip(&wrapped) {
        if after["verdict"] == "allow" && before["verdict"] != "allow" {
            wrong.push(format!("{text}\n    lost {:?}", rules(before)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrapped losses are not found:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn quoting_the_program_hides_nothing() {
    let losses: Vec<String> = corpus("must-find")
        .into_iter()
        .filter(|command| command.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let forms = ["\\{h}{t}", "'{h}'{t}", "\"{h}{t}", "{h}''{t}", "$'{h}'{t}"];
    let cases = drawn((select(losses), select(forms.to_vec())), DRAWN);
    let mut texts = Vec::new();
    for (loss, form) in &cases {
        let end = loss.find(' ').unwrap_or(loss.len());
        let word = &loss[..end];
        // Reserved words, assignments and functions are what they are only without quotes.
        let bare = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let reserved = [
            "if", "for", "while", "until", "case", "select", "function", "time", "coproc", "trap",
            "alias", "export",
        ]
        .contains(&word);
        if !bare || reserved {
            continue;
        }
        let (head, tail) = word.split_at(1);
        let close = if form.starts_with('"') { "\"" } else { "" };
        let quoted = form
            .replace("{h}", head)
            .replace("{t}", &format!("{tail}{close}"));
        texts.push((loss.clone(), format!("{quoted}{}", &loss[end..])));
    }
    let (plain, quoted): (Vec<String>, Vec<String>) = texts.iter().cloned().unzip();
    // Of a text that no shell can read only the words are looked at, as they are written.
    let readable = |result: &Value| !result["findings"].to_string().contains("opaque.syntax");
    let wrong: Vec<&String> = batch(&quoted)
        .iter()
        .zip(batch(&plain))
        .zip(&quoted)
        .filter(|((result, plain), _)| result["verdict"] == "allow" && readable(plain))
        .map(|(_, text)| text)
        .collect();
    assert!(texts.len() > DRAWN / 2, "too few commands fit");
    assert!(wrong.is_empty(), "quoted losses are not found: {wrong:#?}");
}

#[test]
fn harmless_company_adds_nothing() {
    let losses: Vec<String> = corpus("must-find")
        .into_iter()
        .filter(|command| is_plain(command))
        .collect();
    let company: Vec<String> = [
        "ls -la",
        "git status",
        "echo 'rm -rf /'",
        "npm test",
        "psql -c 'SELECT 1'",
        "grep -rn 'DROP TABLE' .",
        "cat README.md",
        "docker ps",
    ]
    .map(str::to_owned)
    .to_vec();
    let cases = drawn(
        (select(losses), select(company.clone()), select(company)),
        DRAWN,
    );
    let plain: Vec<String> = cases.iter().map(|(loss, ..)| loss.clone()).collect();
    let together: Vec<String> = cases
        .iter()
        .map(|(loss, before, after)| format!("{before}\n{loss}\n{after}"))
        .collect();
    let mut wrong = Vec::new();
    for ((alone, company), text) in batch(&plain).iter().zip(batch(&together)).zip(&together) {
        if rules(alone) != rules(&company) {
            wrong.push(format!(
                "{text}\n    alone {:?}, in company {:?}",
                rules(alone),
                rules(&company)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} commands are judged otherwise in company:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn harmless_work_stays_harmless_however_it_is_joined() {
    let work: Vec<String> = corpus("must-pass")
        .into_iter()
        .filter(|command| is_plain(command) && !command.contains("cd "))
        .collect();
    let mut texts = Vec::new();
    for (first, second, joint) in drawn(
        (
            select(work.clone()),
            select(work),
            select(vec!["; ", " && ", "\n"]),
        ),
        DRAWN,
    ) {
        // A comment ends the line; what is joined to it would be one too.
        if !first.contains('#') {
            // Together or not at all: of `a && b; c` the last part runs alone where the first one fails.
            texts.push(match joint {
                " && " => format!("{first} && {{ {second}\n}}"),
                _ => format!("{first}{joint}{second}"),
            });
        }
    }
    let results = batch(&texts);
    let wrong: Vec<String> = results
        .iter()
        .zip(&texts)
        .filter(|(result, _)| result["verdict"] != "allow")
        .map(|(result, text)| format!("{text}\n    {:?}", rules(result)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} joined commands are found:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn check_and_batch_agree() {
    let mut all = corpus("must-find");
    all.extend(corpus("must-pass"));
    let texts = drawn(select(all), 40);
    for (text, result) in texts.iter().zip(batch(&texts)) {
        let output = program(&["--format", "json", "--", text]).output().unwrap();
        let single: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(single["verdict"], result["verdict"], "{text}");
        assert_eq!(single["findings"], result["findings"], "{text}");
        assert_eq!(
            output.status.code(),
            Some(i32::from(!rules(&single).is_empty())),
            "{text}"
        );
    }
}

#[test]
fn random_text_ends_in_an_answer() {
    let parts = vec![
        "rm -rf ",
        "$(",
        ")",
        "`",
        "'",
        "\"",
        "${x",
        "}",
        "<<E\n",
        "E\n",
        "\n",
        "; ",
        "| ",
        "&& ",
        "sh -c ",
        "psql -c ",
        "DROP TABLE x",
        "((",
        "))",
        "[[ ",
        "]]",
        "case x in ",
        "esac",
        "for i in a; do ",
        "done",
        "{a,b}",
        "\\",
        "\u{e9}",
        "\0",
        "x=",
        "alias a=",
        "trap ",
        "eval ",
        "find . -exec ",
        "xargs ",
        "$'\\x",
        "<(",
        "> f",
        "#",
    ];
    let texts: Vec<String> = drawn(prop::collection::vec(select(parts), 1..24), 600)
        .into_iter()
        .map(|parts| parts.concat())
        .collect();
    for (result, text) in batch(&texts).iter().zip(&texts) {
        let inside = result["error"]
            .as_str()
            .is_some_and(|error| error.contains("failed inside"));
        assert!(!inside, "{text:?}");
    }
}
