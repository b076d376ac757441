//! The words of a call of make: options, goals, variables, and what the environment adds to them.
//! It opens no file.

use crate::model::word::Word;

use super::super::options::options;
use super::super::state::{State, nowhere};
use super::super::unfold::{Job, Unfolder};
use super::super::wrappers::{assignment, assigns};
use super::outside;

/// Options of make that take a value.
const VALUED: &str = "-f -C -o -W -I -E --file --makefile --directory --eval --include-dir --old-file --what-if --new-file --assume-old --assume-new";
/// What the words of a call of make say.
#[derive(Default)]
pub(super) struct Asked {
    pub files: Vec<Word>,
    pub evals: Vec<Word>,
    pub goals: Vec<String>,
    /// A goal is not known.
    pub unknown: bool,
    pub variables: Vec<(String, Word)>,
    pub overrides: bool,
    pub dry: bool,
    pub goes_on: bool,
    pub keeps: bool,
}

impl Unfolder<'_> {
    pub(super) fn make_words(&mut self, job: &Job, inside: &mut State) -> Option<Asked> {
        let mut asked = Asked::default();
        let mut all = flags(&job.env, inside);
        all.extend(job.args().iter().cloned());
        let all: Vec<Word> = all.iter().map(without_output).collect();
        let mut at = 0;
        while let Some(words) = all.get(at..).filter(|words| !words.is_empty()) {
            let found = options(words, VALUED);
            let any = |names: &[&str]| names.iter().any(|name| found.has(name));
            if any(&["--version", "-v", "--help", "-h"]) {
                return None;
            }
            asked.overrides |= any(&["-e", "--environment-overrides"]);
            asked.dry |= any(&["-n", "--dry-run", "--just-print", "--recon"])
                || any(&["-q", "--question", "-t", "--touch"]);
            asked.goes_on |= any(&["-i", "--ignore-errors"]);
            asked.keeps |= any(&["-k", "--keep-going"]);
            for dir in found.values("-C --directory") {
                inside.cwd = self.places(dir, &inside.cwd.clone());
            }
            let files = found.values("-f --file --makefile");
            asked.files.extend(files.into_iter().cloned());
            asked
                .evals
                .extend(found.values("-E --eval").into_iter().cloned());
            at += found.rest;
            if let Some(word) = all.get(at) {
                let patterned = (word.has_glob() && !word.has_hole()).then(|| word.shown());
                let text = word.text();
                match text.or(patterned.filter(|text| is_set_otherwise(text))) {
                    _ if assigns(word) => asked.variables.push(assignment(word)),
                    Some(text) if is_set_otherwise(&text) => asked.sets(word, &text),
                    // `-j 4`.
                    Some(text) if text.parse::<u32>().is_ok() => {}
                    Some(text) => asked.goals.push(text),
                    None => asked.unknown = true,
                }
                at += 1;
            }
        }
        Some(asked)
    }
}

impl Asked {
    /// `X:=a`, `X+=a`, `X?=a`: on the command line all of them win; `X!=cmd` runs the command.
    fn sets(&mut self, word: &Word, text: &str) {
        if text.contains("!=") {
            let line = Word::literal(format!("override {text}"), word.origin.clone());
            return self.evals.push(line);
        }
        let (name, _) = text.split_once('=').unwrap_or((text, ""));
        let name = name.trim_end_matches([':', '+', '?']).trim();
        let (_, value) = assignment(word);
        self.variables.push((name.to_owned(), value));
    }
}

/// Tells whether a word gives a variable a value with another sign than `=`, or one whose name no shell would take.
fn is_set_otherwise(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        let bare = name.trim_end_matches([':', '+', '?', '!']);
        !bare.is_empty() && !bare.contains([':', '#', ' ', '/', '$'])
    })
}

/// Returns a bundle of options without `-O` and what is attached to it: `-Otarget`, `-kOline`.
fn without_output(word: &Word) -> Word {
    let Some(text) = word.text() else {
        return word.clone();
    };
    let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    let at = letters.and_then(|letters| letters.find(['O', 'f', 'C', 'o', 'W', 'I', 'E']));
    let (Some(letters), Some(at)) = (letters, at) else {
        return word.clone();
    };
    match letters.split_at_checked(at) {
        Some(("", rest)) if rest.starts_with('O') => {
            Word::literal("--output-sync", word.origin.clone())
        }
        Some((front, rest)) if rest.starts_with('O') => {
            Word::literal(format!("-{front}"), word.origin.clone())
        }
        _ => word.clone(),
    }
}

/// Returns the options that make finds in its environment; the first word may lack its dash.
fn flags(env: &[(String, Word)], st: &State) -> Vec<Word> {
    let mut all = Vec::new();
    for name in ["GNUMAKEFLAGS", "MAKEFLAGS"] {
        let mut words = outside(name, env, st).into_iter();
        if let Some(first) = words.next() {
            let text = first.text().unwrap_or_default();
            let is_plain = !text.starts_with('-') && !text.contains('=');
            let text = if is_plain { format!("-{text}") } else { text };
            all.push(Word::literal(text, nowhere()));
        }
        all.extend(words);
    }
    all
}
