//! Packs test themselves, as far as words alone decide; layers and their messages.
//! Examples that need the shell's grammar or the world are run by `backstop policy test`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use backstop::classify::{Context, packs};
use backstop::model::command::{Command, Cwd, Stdin};
use backstop::model::fact::{Facts, Needs, Scene};
use backstop::model::finding::{Finding, Severity};
use backstop::model::policy::{Demand, Mode, Waiver};
use backstop::model::span::{Origin, Span};
use backstop::model::target::{Reach, TargetKind};
use backstop::model::word::{Hole, Part, Piece, Word};
use backstop::policy::builtin::{book, default_policy, profile, rules};
use backstop::policy::{LayerText, Place, load};

fn origin() -> Origin {
    Origin::Text(Span::new(0, 0))
}

/// Splits a line at blanks, minding quotes; `$NAME` is a hole. Nothing when the line needs a shell's grammar.
fn words(line: &str) -> Option<Vec<Word>> {
    let mut all = Vec::new();
    let mut chars = line.chars().peekable();
    while chars.peek().is_some() {
        let mut word = Word::literal("", origin());
        word.pieces.clear();
        let mut text = String::new();
        let mut quote = None;
        for char in chars.by_ref() {
            match (quote, char) {
                (None, ' ') => break,
                (None, '\'' | '"') => {
                    quote = Some(char);
                    word.quoted = true;
                }
                (Some(open), close) if open == close => quote = None,
                (None, '|' | ';' | '&' | '<' | '>' | '(' | ')' | '`' | '\\' | '*') => return None,
                (None | Some('"'), '$') => {
                    word.pieces
                        .push(piece(Part::Literal(std::mem::take(&mut text))));
                    text.push('$');
                }
                (_, char) => text.push(char),
            }
        }
        match text.strip_prefix('$') {
            Some(name) => {
                word.pieces
                    .push(piece(Part::Hole(Hole::Inherited(name.to_owned()))));
                word.many = !word.quoted;
            }
            None => word.pieces.push(piece(Part::Literal(text))),
        }
        word.pieces
            .retain(|piece| piece.part != Part::Literal(String::new()) || word.quoted);
        if !word.pieces.is_empty() {
            all.push(word);
        }
    }
    Some(all)
}

fn piece(part: Part) -> Piece {
    Piece {
        part,
        origin: origin(),
    }
}

fn command(line: &str) -> Option<Command> {
    let mut words = words(line)?;
    let mut env = Vec::new();
    while let Some((name, value)) = words.first()?.text()?.split_once('=') {
        env.push((name.to_owned(), Word::literal(value, origin())));
        words.remove(0);
    }
    if words.first()?.text()? == "sudo" {
        words.remove(0);
    }
    Some(Command {
        words,
        env,
        env_cleared: false,
        stdin: Stdin::Null,
        writes: Vec::new(),
        via: Vec::new(),
        cwd: Cwd::Known("/srv/app".into()),
        origin: origin(),
    })
}

fn judge(line: &str) -> Option<Vec<Finding>> {
    let scene = Scene {
        cwd: "/srv/app".into(),
        home: Some("/home/dev".into()),
        user: Some("dev".into()),
        project: "/srv/app".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: true,
    };
    let facts = Facts::new(true);
    let context = Context {
        scene: &scene,
        facts: &facts,
        rules: book(),
    };
    Some(packs::findings(
        &command(line)?,
        &context,
        &mut Needs::default(),
    ))
}

fn found(line: &str) -> Vec<Finding> {
    judge(line).expect("a plain line")
}

fn ids(line: &str) -> Vec<String> {
    found(line)
        .into_iter()
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn every_example_of_an_argv_rule_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for rule in rules().iter().filter(|rule| !rule.argv.is_empty()) {
        for example in rule.examples {
            let Some(findings) = judge(example.command) else {
                continue;
            };
            judged += 1;
            let ids: Vec<_> = findings
                .iter()
                .map(|finding| finding.rule.as_str())
                .collect();
            if ids.contains(&rule.id) != example.found {
                wrong.push(format!("{}: `{}` gives {ids:?}", rule.id, example.command));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {judged}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(judged > 20);
}

#[test]
fn what_a_rule_advises_is_not_found_itself() {
    let mut wrong = Vec::new();
    for rule in rules() {
        if let Some(findings) = judge(rule.instead) {
            for finding in findings {
                wrong.push(format!(
                    "{}: `{}` is {}",
                    rule.id, rule.instead, finding.rule
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_regular_expression_compiles() {
    let compile = |regex: &str| packs::compile(regex).map_err(|error| error.to_string());
    for rule in rules() {
        for shape in rule.argv {
            let patterns = shape
                .positionals
                .iter()
                .chain(shape.except)
                .map(|pattern| pattern.regex);
            let values = shape.values.iter().map(|value| value.regex);
            let env = shape.env.iter().map(|(_, regex)| *regex);
            for regex in patterns.chain(values).chain(env) {
                assert!(
                    compile(regex).is_ok(),
                    "{}: `{regex}` {:?}",
                    rule.id,
                    compile(regex)
                );
            }
        }
    }
}

#[test]
fn every_rule_is_found_by_its_id_and_by_its_programs() {
    let ids: BTreeSet<&str> = rules().iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules().len());
    for rule in rules() {
        assert!(std::ptr::eq(book().rule(rule.id).unwrap(), *rule));
        for program in rule.argv.iter().flat_map(|shape| shape.programs) {
            assert!(
                book()
                    .for_program(program)
                    .iter()
                    .any(|known| known.id == rule.id),
                "{program}"
            );
        }
    }
    assert!(book().rule("no.such-rule").is_none());
    assert!(book().for_program("ls").is_empty());
}
