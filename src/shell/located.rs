//! Where programs say that something really is: `realpath`, `readlink`, `pwd -P`, `git rev-parse --show-toplevel`.
//! Links are resolved by the world's own answer; where it is not asked, a path counts as it is written.

use std::path::{Path, PathBuf};

use crate::model::command::Cwd;
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::word::{Hole, Part, Piece, Word};

use super::expand::literal_piece;
use super::options::options;
use super::pure::below;
use super::state::{Feed, State, lexical};
use super::unfold::{Job, Unfolder};

/// Folders above that are looked through for a repository.
const MAX_ABOVE: usize = 32;

impl Unfolder<'_> {
    pub(super) fn real_path(&mut self, program: &str, job: &Job, st: &State) -> Feed {
        let found = options(job.args(), "--relative-to --relative-base");
        let operands = job.args().get(found.rest..).unwrap_or_default();
        let opaque = || Feed::Opaque(program.to_owned());
        if found.value("--relative-to --relative-base").is_some() {
            return opaque();
        }
        let asked = ["-f", "-e", "-m", "--canonicalize"];
        let follows = program != "readlink"
            || found.list.iter().any(|(name, _)| {
                asked.contains(&name.as_str()) || name.starts_with("--canonicalize-")
            });
        let written = program != "readlink"
            && ["-s", "-L", "--strip", "--no-symlinks"]
                .iter()
                .any(|name| found.has(name));
        // A link says where it leads in words of its own, which nobody asks for.
        if !follows && !self.facts.assumed {
            return opaque();
        }
        let mut pieces = Vec::new();
        for word in operands {
            match self.here_path(word, st) {
                Some(path) if written || self.facts.assumed => {
                    pieces.push(literal_piece(&path.to_string_lossy(), &word.origin));
                }
                Some(path) => {
                    let Some(real) = self.resolved(&path, follows) else {
                        continue;
                    };
                    pieces.push(literal_piece(&real.to_string_lossy(), &word.origin));
                }
                None if word.prefix().starts_with('/') => pieces.extend(word.pieces.clone()),
                None => return opaque(),
            }
            pieces.push(literal_piece("\n", &word.origin));
        }
        match operands {
            [] => opaque(),
            [_] => {
                // One name alone is told without a line end: what is behind it may be text.
                pieces.pop();
                Feed::text(pieces)
            }
            _ => Feed::text(pieces),
        }
    }

    /// Returns what a path leads to; nothing where `readlink` finds no link.
    fn resolved(&mut self, path: &Path, follows: bool) -> Option<PathBuf> {
        let question = Question::Entry(path.to_path_buf());
        match self.facts.ask(question, self.needs) {
            Some(Answer::Entry(entry)) if follows || entry.kind == EntryKind::Link => {
                Some(entry.resolved.clone())
            }
            Some(Answer::Entry(_)) => None,
            _ => Some(path.to_path_buf()),
        }
    }

    /// `pwd`, and `pwd -P` with the links of the working directory resolved.
    pub(super) fn working_directory(&mut self, job: &Job, st: &State) -> Feed {
        let physical = options(job.args(), "").has("-P");
        if let (true, [Cwd::Known(path)]) = (physical && !st.far, st.cwd.as_slice())
            && !self.facts.assumed
            && let Some(Answer::Entry(entry)) =
                self.facts.ask(Question::Entry(path.clone()), self.needs)
        {
            let shown = entry.resolved.to_string_lossy();
            return Feed::text(vec![literal_piece(&shown, &job.origin)]);
        }
        Feed::text(self.cwd_pieces(&st.cwd, &job.origin))
    }

    pub(super) fn git_output(&mut self, job: &Job, st: &State) -> Feed {
        let mut args = job.args();
        let mut cwd = st.known_cwd().map(Path::to_path_buf);
        while let [flag, dir, rest @ ..] = args
            && flag.text().as_deref() == Some("-C")
        {
            cwd = cwd.zip(dir.text()).map(|(cwd, dir)| lexical(&cwd, &dir));
            args = rest;
        }
        let words: Vec<String> = args.iter().filter_map(Word::text).collect();
        let has = |text: &str| words.iter().any(|word| word == text);
        let opaque = || Feed::Opaque("git".to_owned());
        if has("--show-toplevel") && words.first().is_some_and(|w| w == "rev-parse") {
            let top = cwd.filter(|_| !st.far).and_then(|cwd| self.top(&cwd));
            return match top {
                Some(top) => Feed::text(vec![literal_piece(&top.to_string_lossy(), &job.origin)]),
                None => opaque(),
            };
        }
        if words.len() == args.len()
            && let Some(dir) = &cwd
            && let Some(said) = self.checked_out(dir, &words, job, st)
        {
            return Feed::text(vec![literal_piece(&said, &job.origin)]);
        }
        match words.first().map(String::as_str) {
            Some("rev-parse")
                if !has("--abbrev-ref")
                    && !has("--git-dir")
                    && !has("--absolute-git-dir")
                    && !has("--git-common-dir") =>
            {
                Feed::text(vec![Piece {
                    part: Part::Hole(Hole::Name),
                    origin: job.origin.clone(),
                }])
            }
            Some("diff") => {
                // Names stand there as from the top of the work tree.
                let known = cwd.filter(|_| !st.far && words.len() == args.len());
                let rest = deleted(words.get(1..).unwrap_or_default());
                let known = known.zip(rest).and_then(|(cwd, rest)| {
                    let at_top = self.top(&cwd)? == cwd;
                    at_top.then(|| self.tracked(&cwd, &rest, job)).flatten()
                });
                known.unwrap_or_else(opaque)
            }
            Some("ls-files") => {
                let rest = words.get(1..).unwrap_or_default();
                let known = cwd.filter(|_| !st.far && words.len() == args.len());
                let known = known.and_then(|cwd| self.tracked(&cwd, rest, job));
                known.unwrap_or_else(|| Feed::Items(vec![below(".", &job.origin)]))
            }
            _ => opaque(),
        }
    }

    /// Returns the top of the work tree that holds a folder.
    pub(super) fn top(&mut self, cwd: &Path) -> Option<PathBuf> {
        let project = &self.scene.project;
        if self.facts.assumed {
            return cwd.starts_with(project).then(|| project.clone());
        }
        // All are asked for at once: one after the other would take a round each.
        let mut open = false;
        for dir in cwd.ancestors().take(MAX_ABOVE) {
            let question = Question::Entry(dir.join(".git"));
            match self.facts.ask(question, self.needs) {
                Some(Answer::Entry(_)) if !open => return Some(dir.to_path_buf()),
                Some(Answer::Entry(_) | Answer::Absent) => {}
                None => open = true,
                Some(_) => return None,
            }
        }
        None
    }
}

/// Returns the words of `ls-files` that name the same as a `diff` of what is gone from the work tree.
fn deleted(words: &[String]) -> Option<Vec<String>> {
    let known = ["--name-only", "--diff-filter=D", "-z"];
    let has = |name: &str| words.iter().any(|word| word == name);
    let same = words.iter().all(|word| known.contains(&word.as_str()));
    let zeros = has("-z").then(|| "-z".to_owned());
    let asks = same && has("--name-only") && has("--diff-filter=D");
    asks.then(|| zeros.into_iter().chain(["--deleted".to_owned()]).collect())
}
