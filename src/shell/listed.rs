//! The text of small files that are there, where it decides what a program is told: `$(cat FILE)`, `xargs < FILE`, `while read … < FILE`.
//! Files that the call itself writes are known elsewhere; nothing is read for a program that only shows it.

use std::path::{Path, PathBuf};

use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::git::{GitAbout, GitQuestion};
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{Node, NodeKind, PartKind};
use super::expand::literal_piece;
use super::flow::{first_word, lines_of};
use super::scripts::SHELLS;
use super::state::{Feed, State, literal, word_of};
use super::unfold::{Frame, Job, Unfolder};

/// Longer lists are not read out: what stands in them is not known.
const MAX_LISTED: usize = 64 * 1024;
/// A text with a zero byte comes back cut; one as long as this may be.
const CUT: usize = 512;
/// Names that a search gives one by one.
const MAX_SEARCHED: usize = 64;
/// Lists of one call whose length is known.
const MAX_LISTS: usize = 64;
/// Commands before it that are looked through for one that may have written the file.
const MAX_BEFORE: usize = 256;

/// Programs that show what they read, and neither run it nor take it for names.
const SHOWS: &[&str] = &[
    "head",
    "tail",
    "wc",
    "sort",
    "uniq",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "less",
    "more",
    "cat",
    "cut",
    "tr",
    "nl",
    "fold",
    "column",
    "jq",
    "yq",
    "diff",
    "cmp",
    "tee",
    "sed",
    "awk",
    "bat",
    "md5sum",
    "sha256sum",
    "base64",
    "xxd",
    "od",
    "hexdump",
    "gzip",
    "ag",
    "pbcopy",
    "xclip",
];

/// Programs that leave no file with other content behind, or whose files are followed.
const QUIET: &[&str] = &[
    ":", "[", "awk", "basename", "cat", "cd", "chmod", "chown", "cmp", "command", "comm", "cp",
    "cut", "date", "df", "diff", "dirname", "du", "echo", "env", "export", "false", "file", "find",
    "getopt", "grep", "head", "hostname", "id", "jq", "kill", "ls", "mapfile", "mkdir", "mv", "nl",
    "printf", "pwd", "read", "readlink", "realpath", "rg", "rm", "rmdir", "sed", "seq", "set",
    "shopt", "sleep", "sort", "stat", "sync", "tail", "tee", "test", "tr", "true", "type", "uname",
    "uniq", "unlink", "wc", "which", "whoami", "xargs",
];

/// Subcommands of git that change no file of the work tree.
const QUIET_GIT: &[&str] = &[
    "add",
    "branch",
    "commit",
    "config",
    "describe",
    "diff",
    "fetch",
    "log",
    "ls-files",
    "push",
    "remote",
    "rev-parse",
    "show",
    "status",
    "tag",
];

impl Unfolder<'_> {
    /// Returns the text of a file that flows, where it is there and short, and nothing before it in the call can have changed it.
    pub(super) fn listed(&mut self, feed: Feed, st: &State) -> Feed {
        match self.read_out(&feed, st) {
            Some((text, true)) => text,
            Some((_, false)) | None => feed,
        }
    }

    /// Returns the lines of a file that flows, and any other line besides where something before may have changed it.
    pub(super) fn listed_or_more(&mut self, feed: Feed, st: &State) -> Feed {
        match self.read_out(&feed, st) {
            Some((text, true)) => text,
            Some((text, false)) => {
                let mut items: Vec<Word> = lines_of(&text)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|line| word_of(line, None))
                    .collect();
                let origin = match &feed {
                    Feed::File(file) => file.origin.clone(),
                    _ => super::state::nowhere(),
                };
                items.push(Word::hole(Hole::Unknown, true, origin));
                Feed::Items(items)
            }
            None => feed,
        }
    }

    /// Returns what a file that flows holds, and whether it still does when it is read.
    fn read_out(&mut self, feed: &Feed, st: &State) -> Option<(Feed, bool)> {
        let Feed::File(file) = feed else {
            return None;
        };
        if self.facts.assumed && !self.hungry {
            return None;
        }
        let path = self.here_path(file, st)?;
        let touched = |command| super::touched::touches(command, &path);
        let certain = self.is_untouched() && !self.out.commands.iter().any(touched);
        match self.read(path)? {
            Answer::Text { text, .. } => {
                let whole = text.len() < CUT || !text.contains('\0');
                let fits = whole && text.len() <= MAX_LISTED && !super::scripts::is_compiled(&text);
                let pieces = if text.is_empty() {
                    Vec::new()
                } else {
                    vec![literal_piece(&text, &file.origin)]
                };
                fits.then(|| (Feed::text(pieces), certain))
            }
            Answer::Absent if certain && !self.facts.assumed => Some((Feed::Null, true)),
            _ => None,
        }
    }

    /// Returns what a `find` prints for a program that does more with it than showing it: the world carries out its tests.
    pub(super) fn searched(&mut self, job: &Job, starts: &[Word], st: &State) -> Option<Feed> {
        if self.facts.assumed || !self.hungry || st.far || !self.is_untouched() {
            return None;
        }
        let texts: Vec<String> = job.args().iter().map(Word::text).collect::<Option<_>>()?;
        let from = texts
            .iter()
            .position(|text| text.starts_with(['-', '(', '!', ')']))
            .unwrap_or(texts.len());
        let tests = texts.get(from..).unwrap_or_default().to_vec();
        let acts = |text: &String| {
            matches!(
                text.as_str(),
                "-H" | "-L" | "-P" | "-follow" | "-delete" | "-printf"
            ) || text.starts_with("-exec")
                || text.starts_with("-ok")
                || text.starts_with("-fprint")
        };
        if tests.iter().any(acts) {
            return None;
        }
        let mut items = Vec::new();
        for start in starts {
            let shown = start.text()?;
            let path = self.here_path(start, st)?;
            let question = Question::Find {
                start: path.clone(),
                shown: shown.clone(),
                tests: tests.clone(),
            };
            match self.facts.ask(question, self.needs)? {
                Answer::Glob(paths) if items.len() + paths.len() <= MAX_SEARCHED => {
                    for found in paths {
                        let rest = found.strip_prefix(&path).ok()?;
                        let text = match rest.as_os_str().is_empty() {
                            true => shown.clone(),
                            false => format!("{}/{}", shown.trim_end_matches('/'), rest.to_str()?),
                        };
                        items.push(Word::literal(text, start.origin.clone()));
                    }
                }
                Answer::Absent => {}
                _ => return None,
            }
        }
        // A name with a line end in it is no line of its own.
        let plain = |word: &Word| word.plain().is_some_and(|text| !text.contains('\n'));
        if !items.iter().all(plain) {
            return None;
        }
        let folders = starts.iter().map(|start| self.here_path(start, st));
        let folders: Vec<PathBuf> = folders.collect::<Option<_>>()?;
        self.noted(items, &folders)
    }

    /// Notes down how many there are, where nothing before may have changed that; `folders` are those that were looked into.
    fn noted(&mut self, items: Vec<Word>, folders: &[PathBuf]) -> Option<Feed> {
        let same = self.has_names(folders);
        if items.is_empty() && same {
            return Some(Feed::nothing());
        }
        // What stands there now are copies and what is made anew; anything else may have come there too.
        if items.is_empty() && !self.only_adds() {
            return None;
        }
        // The same names may have been noted down before something changed them.
        self.known_lists.retain(|known| *known != items);
        if same && self.known_lists.len() < MAX_LISTS {
            self.known_lists.push(items.clone());
        }
        Some(Feed::Items(items))
    }

    /// Tells whether folders have the names that the world says, whatever ran before.
    fn has_names(&self, folders: &[PathBuf]) -> bool {
        let commands = &self.out.commands;
        let from = commands.len().saturating_sub(MAX_BEFORE);
        from == 0
            && commands.iter().enumerate().all(|(at, command)| {
                self.followed.contains(&at) || !super::touched::changes_names(command, folders)
            })
    }

    /// `wc -l` of what is known as a whole.
    pub(super) fn line_count(&mut self, job: &Job, st: &State, fr: &Frame) -> Option<Feed> {
        let [flag] = job.args() else {
            return None;
        };
        if !matches!(flag.text().as_deref(), Some("-l" | "--lines")) || self.facts.assumed {
            return None;
        }
        let count = match self.listed(fr.stdin.clone(), st) {
            Feed::Null => 0,
            Feed::Items(items) if self.is_counted(&items) => items.len(),
            Feed::Text {
                pieces,
                certain: true,
            } => literal(&pieces)?.matches('\n').count(),
            _ => return None,
        };
        let piece = literal_piece(&format!("{count}\n"), &job.origin);
        Some(Feed::text(vec![piece]))
    }

    /// Tells whether no program before may have moved or removed anything.
    fn only_adds(&self) -> bool {
        const ADDS: [&str; 4] = ["cp", "mkdir", "touch", "tee"];
        let nowhere = |command: &crate::model::command::Command| {
            let name = command.program().unwrap_or_default();
            let takes = matches!(name.as_str(), "mv" | "rm" | "rmdir" | "unlink" | "ln");
            let adds = ADDS.contains(&name.as_str());
            !takes && (adds || !super::touched::changes_names(command, &[]))
        };
        let mut commands = self.out.commands.iter().enumerate();
        commands.all(|(at, command)| self.followed.contains(&at) || nowhere(command))
    }

    /// Tells whether a list is whole and its length known; in which order is not.
    pub(super) fn is_counted(&self, items: &[Word]) -> bool {
        self.known_lists.iter().any(|list| list == items) && !self.is_part(items)
    }

    /// Returns what `ls` names for a program that does more with it than showing it; in which order is not known.
    pub(super) fn ls_names(&mut self, job: &Job, st: &State) -> Option<Feed> {
        if self.facts.assumed || !self.hungry || st.far || !self.is_untouched() {
            return None;
        }
        let (flags, operands): (Vec<&Word>, Vec<&Word>) =
            (job.args().iter()).partition(|word| word.prefix().starts_with('-'));
        let flags: Vec<String> = flags
            .iter()
            .map(|word| word.text())
            .collect::<Option<_>>()?;
        if !flags.iter().all(|flag| only_orders(flag)) {
            return None;
        }
        let itself = flags
            .iter()
            .any(|flag| !flag.starts_with("--") && flag.contains('d'));
        let cwd = st.known_cwd()?.to_path_buf();
        let mut names = Vec::new();
        let mut folders = Vec::new();
        let hidden = flags
            .iter()
            .any(|flag| !flag.starts_with("--") && flag.contains('A'));
        if hidden && operands.is_empty() {
            names.extend(self.names_in(&cwd, ".[!.]*", None)?);
        }
        match operands.as_slice() {
            [] => {
                folders.push(cwd.clone());
                names.extend(self.names_in(&cwd, "*", None)?);
            }
            [one] if !one.has_glob() && !itself => {
                let dir = self.here_path(one, st)?;
                folders.push(dir.clone());
                if !self.is_folder(&dir)? {
                    names.push(one.text()?);
                } else {
                    if hidden {
                        names.extend(self.names_in(&dir, ".[!.]*", None)?);
                    }
                    names.extend(self.names_in(&dir, "*", None)?);
                }
            }
            several => {
                for word in several {
                    names.extend(self.fitting(word, &cwd, itself, &mut folders)?);
                }
            }
        }
        self.counted(names, &folders, job)
    }

    /// Returns the names that a pattern of `ls` gives, and the folder that it looks into.
    fn fitting(
        &mut self,
        word: &Word,
        cwd: &Path,
        itself: bool,
        folders: &mut Vec<PathBuf>,
    ) -> Option<Vec<String>> {
        let text = (!word.has_hole()).then(|| word.shown())?;
        if text.starts_with('/') || !word.has_glob() {
            return None;
        }
        // Everything below the part that is no pattern.
        let plain = |part: &&str| !part.contains(['*', '?', '[']);
        let plain: Vec<&str> = text.split('/').take_while(plain).collect();
        folders.push(super::state::lexical(cwd, &plain.join("/")));
        let found = self.names_in(cwd, &text, Some(cwd))?;
        for name in &found {
            if !itself && self.is_folder(&cwd.join(name))? {
                return None;
            }
        }
        Some(found)
    }

    /// Returns what `git ls-files` names, where the call does more with it than showing it.
    pub(super) fn tracked(&mut self, cwd: &Path, words: &[String], job: &Job) -> Option<Feed> {
        const PLAIN: [&str; 9] = [
            "-z",
            "-d",
            "--deleted",
            "-c",
            "--cached",
            "-o",
            "--others",
            "--exclude-standard",
            "--",
        ];
        let plain = |word: &String| !word.starts_with('-') || PLAIN.contains(&word.as_str());
        if self.facts.assumed || !self.hungry || !self.is_untouched() || !words.iter().all(plain) {
            return None;
        }
        let question = Question::GitDeed(GitQuestion {
            dir: cwd.to_path_buf(),
            git_dir: None,
            about: GitAbout::Listed(words.to_vec()),
        });
        let Answer::Glob(paths) = self.facts.ask(question, self.needs)? else {
            return None;
        };
        let name = |path: &PathBuf| Some(path.strip_prefix(cwd).ok()?.to_str()?.to_owned());
        let names = paths.iter().map(name).collect::<Option<Vec<String>>>()?;
        // Without `-z` git puts odd names into quotes.
        let quoted = |name: &String| !name.is_ascii() || name.contains(['"', '\\', '\t']);
        if !words.iter().any(|word| word == "-z") && names.iter().any(quoted) {
            return None;
        }
        self.counted(names, &[cwd.to_path_buf()], job)
    }

    fn is_folder(&mut self, path: &Path) -> Option<bool> {
        match self
            .facts
            .ask(Question::Entry(path.to_path_buf()), self.needs)?
        {
            Answer::Entry(entry) if entry.kind == EntryKind::Link => {
                let real = Question::Entry(entry.resolved.clone());
                let real = self.facts.ask(real, self.needs)?;
                Some(matches!(real, Answer::Entry(entry) if entry.kind == EntryKind::Directory))
            }
            Answer::Entry(entry) => Some(entry.kind == EntryKind::Directory),
            _ => None,
        }
    }

    /// Returns what a pattern gives: names in its folder, or as written from `base`.
    fn names_in(&mut self, dir: &Path, pattern: &str, base: Option<&Path>) -> Option<Vec<String>> {
        let question = Question::Glob {
            dir: dir.to_path_buf(),
            pattern: pattern.to_owned(),
        };
        let Answer::Glob(paths) = self.facts.ask(question, self.needs)? else {
            return None;
        };
        if paths.len() > MAX_SEARCHED {
            return None;
        }
        let name = |path: &PathBuf| {
            let rest = path.strip_prefix(base.unwrap_or(dir)).ok()?;
            Some(rest.to_str()?.to_owned())
        };
        paths.iter().map(name).collect()
    }

    /// Returns the names that a pattern in a word gives, written as the shell would; none where it cannot be asked.
    pub(super) fn names_of(&mut self, pattern: &str, cwd: &Path) -> Option<Vec<String>> {
        // What the call itself may have put there is not in the world's answer.
        if self.beside > 0 || !self.is_still() {
            return None;
        }
        let folders = pattern.ends_with('/');
        let (dir, base) = match pattern.starts_with('/') {
            true => (Path::new("/"), Some(Path::new(""))),
            false => (cwd, None),
        };
        let names = self.names_in(dir, pattern.trim_end_matches('/'), base)?;
        if !folders {
            return Some(names);
        }
        let mut all = Vec::new();
        for name in names {
            if self.is_folder(&dir.join(&name))? {
                all.push(format!("{name}/"));
            }
        }
        Some(all)
    }

    /// Returns names as a list of which the length is known: a part of none is none.
    fn counted(&mut self, names: Vec<String>, folders: &[PathBuf], job: &Job) -> Option<Feed> {
        let odd = |name: &String| name.is_empty() || name.contains('\n');
        if names.len() > MAX_SEARCHED || names.iter().any(odd) {
            return None;
        }
        let word = |name: String| Word::literal(name, job.origin.clone());
        self.noted(names.into_iter().map(word).collect(), folders)
    }

    /// Returns the names of a list that a `grep` for plain letters lets through.
    pub(super) fn picked(
        &mut self,
        found: &super::options::Options,
        operands: &[Word],
        items: &[Word],
    ) -> Option<Feed> {
        let [pattern] = operands else {
            return None;
        };
        let pattern = pattern.text().filter(|text| !text.is_empty())?;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_/,=@ ".contains(letter);
        let turned = found.has("-v");
        let flags = ["-v", "-F", "-E", "-e"];
        let known = found
            .list
            .iter()
            .all(|(name, _)| flags.contains(&name.as_str()));
        if !known
            || !pattern.chars().all(plain)
            || !self.known_lists.iter().any(|list| list == items)
        {
            return None;
        }
        let holds = |word: &&Word| {
            word.text()
                .is_some_and(|text| text.contains(&pattern) != turned)
        };
        let rest: Vec<Word> = items.iter().filter(holds).cloned().collect();
        if rest.is_empty() {
            return Some(Feed::nothing());
        }
        if self.known_lists.len() < MAX_LISTS {
            self.known_lists.push(rest.clone());
        }
        Some(Feed::Items(rest))
    }

    /// Tells whether `head` or `tail` hands on none of a list, however it is ordered.
    pub(super) fn selects_nothing(
        &self,
        program: &str,
        found: &super::options::Options,
        script: Option<&Word>,
        items: &[Word],
    ) -> bool {
        let lines = items.len();
        let kept = match (program, script.map(Word::text)) {
            ("head" | "tail", _) => super::ends::kept(program, found, lines),
            (_, Some(Some(script))) => super::ends::counted(program, found, &script, lines),
            _ => None,
        };
        kept.is_some_and(|kept| kept.is_empty()) && self.is_counted(items)
    }

    /// Notes down a list of which a program hands on only some lines.
    pub(super) fn in_parts(&mut self, program: &str, items: Vec<Word>) -> Feed {
        let whole = program == "sort" || self.is_part(&items);
        if items.len() > 1 && !whole && self.parts.len() < MAX_LISTS {
            self.parts.push(items.clone());
        }
        Feed::Items(items)
    }

    /// Returns the pattern that all lines of a list have in common, where a value is one of them: `f=$(ls -t dumps/*.sql | head -1)`.
    pub(super) fn one_of(&self, pieces: &[Piece]) -> Option<Vec<Piece>> {
        let [hole] = pieces else { return None };
        if self.facts.assumed {
            return None;
        }
        let Part::Hole(_) = hole.part else {
            return None;
        };
        let mut known = self.candidates.iter().rev();
        let (_, items) = known.find(|(origin, _)| *origin == hole.origin)?;
        let texts: Option<Vec<String>> = items.iter().map(Word::text).collect();
        let texts = texts?;
        let first = texts.first()?.clone();
        let common = |a: &str, b: &str| -> usize {
            let same = a.char_indices().zip(b.chars());
            let mut differs = same.skip_while(|((_, x), y)| x == y);
            differs
                .next()
                .map_or(a.len().min(b.len()), |((at, _), _)| at)
        };
        let front = texts.iter().map(|one| common(&first, one)).min()?;
        let front = first.get(..front)?;
        let rests: Vec<&str> = texts
            .iter()
            .filter_map(|one| one.get(front.len()..))
            .collect();
        // They lie in one folder.
        if rests.iter().any(|rest| rest.contains('/')) {
            return None;
        }
        let backwards = |text: &str| -> String { text.chars().rev().collect() };
        let last = backwards(rests.first()?);
        let ends = rests
            .iter()
            .map(|one| common(&last, &backwards(one)))
            .min()?;
        let end = backwards(last.get(..ends)?);
        let glob = Piece {
            part: Part::Glob("*".to_owned()),
            origin: hole.origin.clone(),
        };
        let literal = |text: &str| literal_piece(text, &hole.origin);
        Some(match texts.len() {
            1 => vec![literal(&first)],
            _ => vec![literal(front), glob, literal(&end)],
        })
    }

    /// Tells whether only some of these lines may be there.
    pub(super) fn is_part(&self, items: &[Word]) -> bool {
        items.len() > 1 && self.parts.iter().any(|list| list == items)
    }

    /// Marks the words of which only some may be there: `f $(ls | head -1)` is given one of them.
    pub(super) fn loosened(&self, words: &[Word]) -> Vec<Word> {
        let mut all = words.to_vec();
        if self.parts.is_empty() {
            return all;
        }
        let texts: Vec<Option<String>> = words.iter().map(Word::text).collect();
        for list in self.parts.iter().filter(|list| list.len() <= words.len()) {
            let items: Vec<Option<String>> = list.iter().map(Word::text).collect();
            for at in 0..all.len() {
                let run = texts.get(at..at + items.len()).unwrap_or_default();
                if !run.is_empty() && is_spread(run, &items) {
                    let marked = all.iter_mut().skip(at).take(items.len());
                    marked.for_each(|word| word.many = true);
                }
            }
        }
        all
    }

    /// Tells whether no program before can have left other content in a file than is followed.
    fn is_untouched(&self) -> bool {
        let commands = &self.out.commands;
        let from = commands.len().saturating_sub(MAX_BEFORE);
        from == 0
            && commands.iter().enumerate().all(|(at, command)| {
                let Some(name) = command.program() else {
                    return false;
                };
                let sub = || command.args().first().and_then(Word::text);
                if matches!(name.as_str(), "sed" | "awk") && edits(command) {
                    return false;
                }
                QUIET.contains(&name.as_str())
                    // What a runner does is what its own lines do.
                    || self.followed.contains(&at)
                    || name == "git" && sub().is_some_and(|sub| QUIET_GIT.contains(&sub.as_str()))
            })
    }

    /// Returns the place of the last part of a pipe that does more with what it reads than showing it.
    pub(super) fn consumer(&self, nodes: &[Node]) -> Option<usize> {
        nodes.iter().rposition(|node| match first_word(node) {
            Some("xargs") if !self.facts.assumed && only_shows(node) => false,
            Some(name) if self.facts.assumed => {
                let name = name.rsplit('/').next().unwrap_or(name);
                SHELLS.contains(&name)
                    || super::start::interpreter(name).is_some()
                    || matches!(name, "sqlite3" | "psql" | "mysql" | "mariadb" | "duckdb")
            }
            Some(name) => !SHOWS.contains(&name.rsplit('/').next().unwrap_or(name)),
            None => !self.facts.assumed,
        })
    }
}

/// Tells whether a filter writes its lines back into the file that it reads.
fn edits(command: &crate::model::command::Command) -> bool {
    command.args().iter().any(|word| {
        let text = word.prefix();
        text.starts_with("-i")
            || text.starts_with("--i")
            || text.starts_with('-') && !text.starts_with("--") && text.contains('i')
    })
}

/// Tells whether a flag of `ls` only says in which order, or one name a line.
fn only_orders(flag: &str) -> bool {
    match flag.strip_prefix("--") {
        Some(long) => {
            let name = long.split('=').next().unwrap_or(long);
            matches!(name, "sort" | "time" | "reverse")
                || matches!(long, "color=never" | "" | "directory")
        }
        None => flag
            .chars()
            .skip(1)
            .all(|letter| "1trSUXcudA".contains(letter)),
    }
}

/// Tells whether `xargs` hands what it reads to a program that only reads it.
fn only_shows(node: &Node) -> bool {
    const READERS: &[&str] = &[
        "wc",
        "grep",
        "egrep",
        "fgrep",
        "rg",
        "cat",
        "head",
        "tail",
        "ls",
        "stat",
        "file",
        "du",
        "md5sum",
        "sha256sum",
        "echo",
        "printf",
        "basename",
        "dirname",
        "diff",
        "cmp",
    ];
    let NodeKind::Simple { words, .. } = &node.kind else {
        return false;
    };
    let plain = |word: &super::ast::RawWord| match word.parts.as_slice() {
        [part] => match &part.kind {
            PartKind::Plain(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    let texts: Vec<Option<String>> = words.iter().skip(1).map(plain).collect();
    let flags = texts.iter().take_while(|text| {
        matches!(
            text.as_deref(),
            Some("-0" | "-r" | "-t" | "-0r" | "-r0" | "--null" | "--no-run-if-empty")
        )
    });
    let program = texts.get(flags.count()).cloned().flatten();
    program.is_some_and(|name| READERS.contains(&name.as_str()))
}

/// Tells whether a word is one of a list of which only some are there.
pub(super) fn is_loose(word: &Word) -> bool {
    word.many && !word.has_hole()
}

/// Tells whether words are what such a list was spread to: text before it stands at the first, text behind it at the last.
fn is_spread(run: &[Option<String>], items: &[Option<String>]) -> bool {
    let last = items.len().saturating_sub(1);
    let fits = |(at, (word, item)): (usize, (&Option<String>, &Option<String>))| match (word, item)
    {
        (Some(word), Some(item)) if at == 0 => word.ends_with(item.as_str()),
        (Some(word), Some(item)) if at == last => word.starts_with(item.as_str()),
        (word, item) => word == item,
    };
    run.iter().zip(items).enumerate().all(fits)
}
