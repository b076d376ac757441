use base64::Engine;
use proptest::prelude::*;

use super::super::cmd::unfold_cmd;
use super::unfold_powershell;
use crate::model::command::{Cwd, Unfolding};
use crate::model::fact::Scene;
use crate::model::word::Word;

fn scene() -> Scene {
    Scene {
        cwd: "/home/u/p".into(),
        home: None,
        user: None,
        project: "/home/u/p".into(),
        temporary: Vec::new(),
        own: Vec::new(),
        assumed: false,
    }
}

fn shown(unfolding: &Unfolding) -> Vec<String> {
    unfolding
        .commands
        .iter()
        .map(|command| {
            command
                .words
                .iter()
                .map(Word::shown)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

fn powershell(text: &str) -> Vec<String> {
    shown(&unfold_powershell(text, &scene()))
}

fn cmd(text: &str) -> Vec<String> {
    shown(&unfold_cmd(text, &scene()))
}

#[test]
fn statements_pipelines_and_chains_are_all_found() {
    assert_eq!(
        powershell("Get-Item a | Remove-Item -Recurse; rm b && del c || ri d\nrd e # rm f"),
        [
            "Get-Item a",
            "Remove-Item -Recurse",
            "rm b",
            "del c",
            "ri d",
            "rd e"
        ]
    );
}

#[test]
fn blocks_and_substitutions_are_code() {
    assert_eq!(
        powershell("if (Test-Path x) { rm x } else { del y }"),
        ["Test-Path x", "rm x", "del y"]
    );
    assert_eq!(powershell("ls | % { rm $_ }"), ["ls", "rm $?", "% {}"]);
    assert_eq!(powershell("echo \"a $(rm x) b\""), ["rm x", "echo a $? b"]);
    assert_eq!(
        powershell("function f($a) { rm b }; try { rm c } catch { rm d }")
            .last()
            .unwrap(),
        "rm d"
    );
    assert_eq!(powershell("& { rm x }"), ["rm x"]);
}

#[test]
fn strings_and_variables_are_undone() {
    assert_eq!(
        powershell("$p = 'a b'; Remove-Item $p"),
        ["Remove-Item a b"]
    );
    assert_eq!(powershell("rm 'it''s' \"a`\"b\" c`*"), ["rm it's a\"b c*"]);
    assert_eq!(powershell("$c = 'rm'; & $c x"), ["rm x"]);
    assert_eq!(
        powershell("psql -c @'\nDROP TABLE t\n'@ db"),
        ["psql -c DROP TABLE t db"]
    );
    assert_eq!(powershell("rm $env:X"), ["rm $X"]);
}

#[test]
fn nested_shells_are_opened() {
    let units: Vec<u8> = "rm -r x"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let code = base64::engine::general_purpose::STANDARD.encode(units);
    assert_eq!(
        powershell(&format!("pwsh -NoProfile -enc {code}"))
            .last()
            .unwrap(),
        "rm -r x"
    );
    assert_eq!(
        powershell("powershell -Command \"rm x\"").last().unwrap(),
        "rm x"
    );
    assert_eq!(
        powershell("cmd /c \"del /q x & rd y\""),
        ["cmd /c del /q x & rd y", "del /q x", "rd y"]
    );
    assert_eq!(powershell("iex 'rm x'").last().unwrap(), "rm x");
    assert_eq!(powershell("'rm x' | iex").last().unwrap(), "rm x");
    assert_eq!(
        powershell("Start-Process rm -ArgumentList '-rf','x'")
            .last()
            .unwrap(),
        "rm -rf x"
    );
}

#[test]
fn unknown_code_is_opaque() {
    for text in [
        "iwr http://x | iex",
        "& $x y",
        "iex $y",
        "rm 'x",
        "powershell -enc $a",
    ] {
        assert!(
            !unfold_powershell(text, &scene()).opaque.is_empty(),
            "{text}"
        );
    }
    for text in [
        "ls -la",
        "git commit -m \"a $b\"",
        "Get-ChildItem | Sort-Object Name",
        "$x = 1; $x + 2",
        "1..3 | % { $_ }",
    ] {
        let unfolding = unfold_powershell(text, &scene());
        assert!(
            unfolding.opaque.is_empty(),
            "{text}: {:?}",
            unfolding.opaque
        );
    }
}

#[test]
fn methods_that_run_are_noted() {
    assert_eq!(
        powershell("[System.IO.File]::Delete('a.db')"),
        ["[System.IO.File]::Delete a.db"]
    );
    assert_eq!(
        powershell("(Get-Item x).Delete()"),
        ["Get-Item x", ".Delete"]
    );
}

#[test]
fn what_if_stays_a_word_and_the_place_is_followed() {
    let unfolding = unfold_powershell("cd sub; rm x -WhatIf > log", &scene());
    let last = unfolding.commands.last().unwrap();
    assert_eq!(last.words.last().unwrap().shown(), "-WhatIf");
    assert_eq!(last.cwd, Cwd::Known("/home/u/p/sub".into()));
    assert_eq!(last.writes.len(), 1);
    assert_eq!(last.words[0].origin.span().unwrap().start, 8);
}

#[test]
fn cmd_lines_are_split_and_prefixes_peeled() {
    assert_eq!(
        cmd("del /q a && rd /s /q b | more & erase c"),
        ["del /q a", "rd /s /q b", "more", "erase c"]
    );
    assert_eq!(cmd("if exist x del x"), ["del x"]);
    assert_eq!(cmd("if exist x (del x) else (rd y)"), ["del x", "rd y"]);
    assert_eq!(cmd("for %%i in (a b) do del %%i").last().unwrap(), "del $?");
    assert_eq!(
        cmd("@echo off\r\nREM del x\r\nd^el \"a b\"")
            .last()
            .unwrap(),
        "del a b"
    );
    assert_eq!(cmd("set F=x& del %F%").last().unwrap(), "del x");
    assert_eq!(
        cmd("powershell -c \"Remove-Item x\"").last().unwrap(),
        "Remove-Item x"
    );
}

#[test]
fn ten_thousand_levels_end_in_a_result_on_a_small_stack() {
    let work = || {
        for (open, close) in [
            ("(", ")"),
            ("{", "}"),
            ("$(", ")"),
            ("\"$(", ")\""),
            ("@(", ")"),
            ("[", "]"),
            ("if (", ")"),
            ("a.b(", ")"),
            ("$a = ", ""),
            ("& ", ""),
            ("iex '", "'"),
        ] {
            for depth in [50, 10_000] {
                for head in ["", "echo "] {
                    let text = format!("{head}{}a{}", open.repeat(depth), close.repeat(depth));
                    let _ = unfold_powershell(&text, &scene());
                    let _ = unfold_cmd(&text, &scene());
                }
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_redirection_before_a_wide_letter_ends_in_cmd_too() {
    for text in ["a>&é", "a 2>&é b", ">&", "a>&", "^é", "%é%"] {
        let unfolding = unfold_cmd(text, &scene());
        assert!(unfolding.commands.len() <= 2, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_result(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "rm", " ", "$", "(", ")", "{", "}", "[", "]", "'", "\"", "`", "@", "\n", ";", "|", "&", ">", "#", "<#", "=", ",",
        "iex", "cmd /c ", "-c", "$x", "a", "é", "%", "!", "^", "::", ".", "if", "2>&1", "--% ",
    ]), 0..24)) {
        let text = pieces.concat();
        for unfolding in [unfold_powershell(&text, &scene()), unfold_cmd(&text, &scene())] {
            for command in &unfolding.commands {
                prop_assert!(!command.words.is_empty());
                prop_assert!(command.origin.span().unwrap().end <= text.len());
            }
        }
    }
}
