//! Deletions that take what a list gives without naming it: `paths.each(&:rmtree)`, `truncate($_, 0) for glob "*.db"`, and Ruby's modules that only play.
//! What the list holds is read by `values`.

use crate::model::span::Span;

use super::super::steps::word;
use super::super::tokens::Language;
use super::super::values::{Reader, Values, When};
use super::Calls;

impl Calls<'_> {
    /// Reads a call of a library whose names say what it does; tells whether it was one.
    pub(super) fn known(&mut self, name: &str, span: Span, at: usize) -> bool {
        self.tools(name, span, at)
            || self.repositories(name, span, at)
            || self.each_of(name, span, at)
    }

    /// Reads such a call; tells whether it was one.
    fn each_of(&mut self, name: &str, span: Span, at: usize) -> bool {
        match self.language {
            Language::Ruby => self.paths_of_ruby(name, span, at),
            Language::Perl if name == "truncate" => self.cut_by_perl(span, at),
            Language::Compiled => self.walked(name, span, at),
            _ => false,
        }
    }

    /// `…each(&:rmtree)`, `path.rmtree`: methods of Pathname.
    fn paths_of_ruby(&mut self, name: &str, span: Span, at: usize) -> bool {
        let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
        let pathname = || self.mentions.has(&["Pathname", "pathname"]);
        let flags = match last {
            "rmtree" => "-rf",
            "delete" | "unlink" if pathname() => "-f",
            _ => return false,
        };
        let back = |by: usize| at.checked_sub(by);
        let sign =
            |by: usize, wanted: char| back(by).is_some_and(|at| self.index.is_sign(at, wanted));
        if owner.is_empty() && sign(1, ':') && sign(2, '&') {
            let call = back(2)
                .and_then(|at| self.index.around(at))
                .and_then(|open| open.checked_sub(1));
            let Some(call) = call else { return false };
            let values = self.reader.receiver(call, When::at(call));
            self.removes(values, flags, span);
            return true;
        }
        let own = !owner.is_empty() && !owner.contains(|c: char| c.is_ascii_uppercase());
        if last == "rmtree" && own && !owner.starts_with('.') {
            let values = self.reader.receiver(at, When::at(at));
            self.removes(values, flags, span);
            return true;
        }
        false
    }

    fn removes(&mut self, values: Values, flags: &str, span: Span) {
        if values.is_empty() {
            return self.delete("", flags, span);
        }
        for value in Reader::opened(values) {
            self.delete(value.text().unwrap_or_default(), flags, span);
        }
    }

    /// `Files.walk(root).forEach(p -> p.toFile().delete())`, `for (File f : new File(x).listFiles()) f.delete()`.
    fn walked(&mut self, name: &str, span: Span, at: usize) -> bool {
        /// Tokens behind the walk among which the deletion stands.
        const NEAR: usize = 80;
        let deletes = |at: usize| {
            let name = self.index.name(at).unwrap_or_default();
            let last = name.rsplit(['.', ':']).next().unwrap_or_default();
            matches!(last, "delete" | "deleteIfExists")
        };
        let goes = |from: usize| (from..from + NEAR).any(deletes);
        let values = match name {
            "Files.walk" | "Files.walkFileTree" | "Files.list" if goes(at) => {
                let arguments = self.reader.arguments(at);
                let Some(root) = arguments.positional.first() else {
                    return false;
                };
                self.reader.read(*root, When::at(at))
            }
            _ if name.ends_with(".listFiles") && goes(at) => self.reader.receiver(at, When::at(at)),
            _ => return false,
        };
        self.removes(values, "-rf", span);
        true
    }

    /// `truncate $file, 0`; a length that is not nothing only cuts an end off.
    fn cut_by_perl(&mut self, span: Span, at: usize) -> bool {
        let arguments = self.reader.arguments(at);
        let [file, ..] = arguments.positional.as_slice() else {
            return false;
        };
        let values = self.reader.read(*file, When::at(at));
        for value in Reader::opened(values) {
            let text = value.text().unwrap_or_default();
            // A handle: what was opened is read where it was opened.
            if value.is_unknown() || text.is_empty() {
                continue;
            }
            self.run(&format!("truncate -s 0 -- {}", word(text)), span);
        }
        true
    }

    /// `include FileUtils::DryRun`, `FileUtils::NoWrite.rm_r`: everything is only said.
    pub(super) fn only_plays(&self, name: &str, at: usize) -> bool {
        const PLAYS: [&str; 2] = ["DryRun", "NoWrite"];
        if self.language != Language::Ruby {
            return false;
        }
        if PLAYS.iter().any(|one| name.contains(&format!("{one}."))) {
            return true;
        }
        let includes = |token: usize| {
            let name = self.index.name(token).unwrap_or_default();
            matches!(name, "include" | "extend")
        };
        let included: Vec<&str> = (0..self.index.tokens.len())
            .filter(|at| includes(*at))
            .filter_map(|at| self.index.name(at + 1))
            .collect();
        let plays = |module: &&str| PLAYS.iter().any(|one| module.ends_with(one));
        let written = self.index.name(at).unwrap_or_default();
        !written.contains('.')
            && included.iter().any(plays)
            && included
                .iter()
                .all(|module| plays(module) || !module.starts_with("FileUtils"))
            && !self.mentions.has(&["class ", "module ", "def "])
    }
}
