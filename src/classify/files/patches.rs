//! `patch` and `git apply`: which files a patch changes and which it takes away, read from its text.
//! It does not apply anything; whether a file stands there is for `judge`.

use std::path::PathBuf;

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::judge::{How, Over};
use super::place::{Place, lexical};
use crate::model::command::{Cwd, Stdin};
use crate::model::fact::{Answer, Question};
use crate::model::word::Word;
use crate::shell::patch;

/// Files of one patch that are looked at.
const MAX_FILES: usize = 5_000;

const PATCH: Valued = Valued {
    short: "pidDFgBorVxyz",
    long: &[
        "--strip",
        "--input",
        "--directory",
        "--fuzz",
        "--output",
        "--reject-file",
    ],
};

const APPLY: Valued = Valued {
    short: "pC",
    long: &["--whitespace", "--exclude", "--include", "--directory"],
};

impl Reader<'_, '_> {
    /// `patch -p1 < x.patch`.
    pub fn patch(&mut self) {
        let args = Args::read(self.command.args(), PATCH);
        let keeps = [
            "--dry-run",
            "-C",
            "--check",
            "-b",
            "--backup",
            "-o",
            "--output",
        ];
        if args.has(&keeps) {
            return;
        }
        let Cwd::Known(folder) = &self.command.cwd else {
            return;
        };
        let folder = match args.value(&["-d", "--directory"]) {
            Some(dir) => folder.join(dir),
            None => folder.clone(),
        };
        // `patch FILE x.patch`
        if let Some(file) = args.operands.first().and_then(|word| word.text()) {
            return self.changed(folder.join(file));
        }
        let input = args
            .value(&["-i", "--input"])
            .map(|file| Word::literal(file, self.command.origin.clone()));
        let strip = args
            .value(&["-p", "--strip"])
            .and_then(|text| text.parse().ok());
        let reverse = args.has(&["-R", "--reverse"]);
        if let Some(text) = self.patch_text(input.as_ref()) {
            self.applied(&text, strip, reverse, &folder);
        }
    }

    /// `git apply x.patch`.
    pub fn git_apply(&mut self) {
        let words = self.command.args();
        let Some((first, rest)) = words.split_first() else {
            return;
        };
        if first.text().as_deref() != Some("apply") {
            return;
        }
        let args = Args::read(rest, APPLY);
        let looks = ["--check", "--stat", "--numstat", "--summary", "--cached"];
        if args.has(&looks) && !args.has(&["--apply"]) || args.has(&["--directory"]) {
            return;
        }
        let Cwd::Known(cwd) = &self.command.cwd else {
            return;
        };
        let project = &self.context.scene.project;
        let folder = if cwd.starts_with(project) {
            project
        } else {
            cwd
        };
        let strip = args.value(&["-p"]).and_then(|text| text.parse().ok());
        let reverse = args.has(&["-R", "--reverse"]);
        let inputs: Vec<Option<&Word>> = match args.operands.as_slice() {
            [] => vec![None],
            files => files.iter().map(|word| Some(*word)).collect(),
        };
        for input in inputs {
            if let Some(text) = self.patch_text(input) {
                self.applied(&text, strip.or(Some(1)), reverse, folder);
            }
        }
    }

    /// Returns the text of a patch: a file's, or what stands on the standard input.
    fn patch_text(&mut self, input: Option<&Word>) -> Option<String> {
        // Where the world is not asked, a change of a file is no loss.
        if self.context.facts.assumed || !self.command.is_here() {
            return None;
        }
        let file = match (input, &self.command.stdin) {
            (Some(file), _) if file.text().as_deref() != Some("-") => file,
            (_, Stdin::Text(text)) => return text.text(),
            (_, Stdin::File(file)) => file,
            (_, Stdin::Inherited | Stdin::Null | Stdin::Opaque { .. }) => return None,
        };
        let Cwd::Known(cwd) = &self.command.cwd else {
            return None;
        };
        let path = lexical(&cwd.join(file.text()?));
        match self.context.facts.ask(Question::Text(path), self.needs)? {
            Answer::Text { text, .. } => Some(text.clone()),
            _ => None,
        }
    }

    fn applied(
        &mut self,
        text: &str,
        strip: Option<usize>,
        reverse: bool,
        folder: &std::path::Path,
    ) {
        for part in patch::parts(text, MAX_FILES) {
            let (old, new) = match reverse {
                true => (&part.new, &part.old),
                false => (&part.old, &part.new),
            };
            // Files that the patch makes are nobody's loss.
            if old == patch::NOWHERE {
                continue;
            }
            if new != patch::NOWHERE {
                self.changed(folder.join(patch::stripped(new, strip)));
                continue;
            }
            let name = patch::stripped(old, strip);
            let place = Place::At {
                path: folder.join(&name),
                follow: false,
            };
            self.deeds.push(Deed::Remove {
                place,
                how: How::plain(false),
                shown: name,
            });
        }
    }

    fn changed(&mut self, path: PathBuf) {
        let place = Place::At {
            path,
            follow: false,
        };
        let over = Over {
            edit: true,
            ..Over::NEW
        };
        self.deeds.push(Deed::Overwrite { place, over });
    }
}
