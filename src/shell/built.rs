//! Programs that the call builds out of source files and then runs: `rustc x.rs -o /tmp/x && /tmp/x`, `go run .`, `javac T.java && java T`.
//! It only says which source a program is made of; what the source does is read elsewhere.

use crate::model::word::Word;

use super::expand::literal_piece;
use super::options::options;
use super::state::{Feed, State, word_of};
use super::unfold::{Content, Job, Unfolder, file_key};

/// Compilers: names, endings of their sources, what runs such a source directly.
const COMPILERS: &[(&[&str], &[&str], &[&str])] = &[
    (&["rustc"], &[".rs"], &["rust-script"]),
    (
        &["gcc", "cc", "clang", "tcc", "g++", "c++", "clang++"],
        &[".c", ".cc", ".cpp", ".cxx"],
        &["tcc", "-run"],
    ),
    (&["go"], &[".go"], &["go", "run"]),
    (&["nim"], &[".nim"], &["nim", "r"]),
    (&["zig"], &[".zig"], &["zig", "run"]),
    (&["swiftc"], &[".swift"], &["rust-script"]),
    (&["dmd", "ldc2", "gdc"], &[".d"], &["rust-script"]),
];
/// Sources of one program that are read.
const MAX_SOURCES: usize = 20;

impl Unfolder<'_> {
    /// Remembers of which source a compiler makes a program.
    pub(super) fn compiled(&mut self, program: &str, job: &Job, st: &State) {
        if program == "tsc" {
            return self.translated(job, st);
        }
        let Some((_, endings, runner)) = COMPILERS
            .iter()
            .find(|(names, ..)| names.contains(&program))
        else {
            return;
        };
        let is_source = |word: &&Word| {
            let text = word.prefix();
            endings.iter().any(|ending| text.ends_with(ending))
        };
        let Some(source) = job.args().iter().find(is_source).cloned() else {
            return;
        };
        let found = options(job.args(), "-o");
        let joined = || {
            let word = job
                .args()
                .iter()
                .find(|word| word.prefix().starts_with("-o/"))?;
            let text = word.text()?;
            Some(Word::literal(text.get(2..)?, word.origin.clone()))
        };
        let flagged = job
            .args()
            .windows(2)
            .find(|two| two.first().and_then(Word::text).as_deref() == Some("-o"))
            .and_then(|two| two.get(1).cloned());
        let out = flagged
            .or_else(joined)
            .or_else(|| found.value("-o").cloned());
        let out = out.unwrap_or_else(|| {
            let text = source.prefix();
            let name = text.rsplit('/').next().unwrap_or_default();
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let name = if runner.first() == Some(&"tcc") {
                "a.out"
            } else {
                stem
            };
            Word::literal(name, source.origin.clone())
        });
        if let Some(key) = file_key(&out, st) {
            self.files.insert(key, Content::Built { runner, source });
        }
    }

    /// `tsc x.ts` makes `x.js` of it.
    fn translated(&mut self, job: &Job, st: &State) {
        for word in job.args() {
            let Some(stem) = word
                .text()
                .and_then(|text| text.strip_suffix(".ts").map(str::to_owned))
            else {
                continue;
            };
            let out = Word::literal(format!("{stem}.js"), word.origin.clone());
            if let (Some(content), Some(key)) =
                (self.content(word, st).cloned(), file_key(&out, st))
            {
                self.files.insert(key, content);
            }
        }
    }

    /// Puts what runs its source in the place of a program that this call has built.
    pub(super) fn unbuilt(&self, job: &mut Job, st: &State) {
        let Some(word) = job.words.first() else {
            return;
        };
        if let Some(Content::Built { runner, source }) = self.content(word, st) {
            let origin = word.origin.clone();
            let mut words: Vec<Word> = runner
                .iter()
                .map(|text| Word::literal(*text, origin.clone()))
                .collect();
            words.push(source.clone());
            job.words.splice(0..1, words);
        }
    }

    /// Returns the sources of a program that is built and run in one go, when no file of it is named.
    pub(super) fn project_source(
        &mut self,
        program: &str,
        named: Option<&Word>,
        st: &State,
    ) -> Option<Word> {
        let text = named.and_then(Word::text);
        let origin = named.map_or_else(super::state::nowhere, |word| word.origin.clone());
        let literal = |text: &str| Word::literal(text, origin.clone());
        match (program, text.as_deref()) {
            ("cargo", _) => self.file_text(&literal("src/main.rs"), st),
            ("dotnet", _) => self.file_text(&literal("Program.cs"), st),
            ("java", Some(class)) => {
                let path = format!(
                    "{}.java",
                    class.rsplit_once('.').map_or(class, |(_, last)| last)
                );
                self.file_text(&literal(&path), st)
                    .or_else(|| self.written_source(&format!("/{path}"), None))
            }
            ("go", Some(folder)) if !folder.ends_with(".go") => {
                let key = file_key(&literal(folder), st)?;
                let folder = key
                    .trim_end_matches("/...")
                    .trim_end_matches('/')
                    .to_owned();
                self.written_source(".go", Some(&folder))
                    .or_else(|| self.file_text(&literal(&format!("{folder}/main.go")), st))
            }
            _ => None,
        }
    }

    /// Returns the texts of the files that this call wrote whose names end so.
    fn written_source(&self, ending: &str, folder: Option<&str>) -> Option<Word> {
        let mut all: Option<Word> = None;
        let files = self.files.iter().filter(|(path, _)| {
            let inside = folder.is_none_or(|folder| {
                path.strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|name| !name.contains('/'))
            });
            path.ends_with(ending) && inside
        });
        for (_, content) in files.take(MAX_SOURCES) {
            let Content::Feed(feed @ Feed::Text { .. }) = content else {
                continue;
            };
            let mut word = word_of(feed.clone().into_pieces(), None);
            match &mut all {
                Some(all) => {
                    let origin = word.origin.clone();
                    all.pieces.push(literal_piece("\n", &origin));
                    all.pieces.append(&mut word.pieces);
                }
                None => all = Some(word),
            }
        }
        all
    }
}
