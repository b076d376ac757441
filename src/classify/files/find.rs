//! `find` as a remover: where it starts, and which of what lies below its tests let through.
//! Programs that they start with `-exec` arrive here too, because only the tests say what is handed to them.

use std::path::PathBuf;

use super::argv::Args;
use super::deeds::{Deed, Reader};
use super::judge::How;
use super::kinds;
use super::place::Place;
use super::report::Loss;
use crate::classify::Context;
use crate::model::command::Command;
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::word::Word;

/// Things of one `find` that are judged one by one.
const FOUND_MAX: usize = 256;

/// What a `find` hands on.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    pub starts: Vec<Word>,
    /// Patterns on names, any of which lets through; empty when names do not decide.
    pub names: Vec<String>,
    /// Only what is empty.
    pub empty: bool,
    /// Any test at all narrows it.
    pub narrowed: bool,
    /// Only links.
    pub links: bool,
    /// Its tests and actions as written, where all of them are known.
    pub tests: Option<Vec<String>>,
    /// Links below its starts are followed, and what they are asked.
    pub through: Option<Vec<String>>,
}

/// Reads `find … -delete`.
pub fn read(reader: &mut Reader<'_, '_>) {
    let command = reader.command;
    let deletes = command
        .args()
        .iter()
        .any(|word| word.text().as_deref() == Some("-delete"));
    if deletes {
        let narrowing = narrowing(command);
        remove(reader, &narrowing, true);
    }
    let args = command.args();
    for (option, file) in args.iter().zip(args.iter().skip(1)) {
        let prints = option.text();
        if matches!(
            prints.as_deref(),
            Some("-fprint" | "-fprint0" | "-fprintf" | "-fls")
        ) {
            reader.overwrite(file, super::judge::Over::NEW);
        }
    }
}

/// Finds the `find` that feeds an `rm` through `-exec` or `xargs`.
pub fn feeder(command: &Command, context: &Context<'_>) -> Option<Narrowing> {
    let last = command.via.iter().rev().find(|via| {
        let name = via.name.as_str();
        name.starts_with("find") || name.starts_with("xargs") || name.starts_with("fd")
    })?;
    let unknown = |word: &Word| word.has_hole() || word.has_glob();
    let written = command.writes.iter().map(|write| &write.file);
    let open = command.args().iter().chain(written).any(unknown);
    if !open && last.name.starts_with("xargs") {
        return None;
    }
    let before = context
        .earlier
        .iter()
        .rev()
        .find(|earlier| !passes_on(earlier) && !same_batch(earlier, command))?;
    if before.cwd != command.cwd {
        return None;
    }
    match before.program().as_deref()? {
        "find" | "gfind" => {
            let mut narrowing = narrowing(before);
            // What it starts prints too, or decides what is printed.
            let starts = |text: &String| text.starts_with("-exec") || text.starts_with("-ok");
            let piped = !last.name.starts_with("find");
            if piped
                && narrowing
                    .tests
                    .as_ref()
                    .is_some_and(|tests| tests.iter().any(starts))
            {
                narrowing.tests = None;
                narrowing.narrowed = true;
            }
            Some(narrowing)
        }
        "fd" | "fdfind" => super::fd::narrowing(before),
        _ => None,
    }
}

/// Programs that stand between `find` and `xargs` and hand on a part of the lines.
fn passes_on(command: &Command) -> bool {
    matches!(
        command.program().as_deref(),
        Some(
            "grep" | "egrep" | "fgrep" | "rg" | "head" | "tail" | "sort" | "uniq" | "tr" | "xargs"
        )
    )
}

/// Another round of the same `-exec` or `xargs`.
fn same_batch(earlier: &Command, command: &Command) -> bool {
    earlier.origin == command.origin && earlier.via == command.via
}

/// Judges an `rm` that gets its operands from `find`.
pub fn through(
    reader: &mut Reader<'_, '_>,
    args: &Args<'_>,
    recursive: bool,
    narrowing: &Narrowing,
) {
    for word in &args.operands {
        let handed = word.has_hole() || word.has_glob() || word.text().as_deref() == Some("{}");
        if !handed {
            reader.remove(word, How::plain(recursive));
        }
    }
    remove(reader, narrowing, recursive);
}

/// Judges a program that empties what `find` gives it; tells whether it was that. Emptying logs is what they are rotated by.
pub fn empties(reader: &mut Reader<'_, '_>) -> bool {
    let Some(narrowing) = feeder(reader.command, reader.context) else {
        return false;
    };
    let names = &narrowing.names;
    let is_lost = names.is_empty() || !names.iter().all(|name| kinds::is_log(name));
    if is_lost {
        remove(reader, &narrowing, false);
    }
    is_lost
}

fn remove(reader: &mut Reader<'_, '_>, narrowing: &Narrowing, recursive: bool) {
    if narrowing.empty || narrowing.links {
        return;
    }
    behind_links(reader, narrowing, recursive);
    let deletes = reader.command.is_any(&["find", "gfind"]);
    if let Some(paths) = found(reader, narrowing)
        && (narrowing.narrowed || paths.is_empty())
        && paths.len() <= FOUND_MAX
    {
        for path in paths {
            reader.deeds.push(Deed::Remove {
                shown: path.to_string_lossy().into_owned(),
                place: Place::At {
                    path,
                    follow: false,
                },
                // `-delete` takes a folder only once it is empty.
                how: How::plain(recursive && !deletes),
            });
        }
        return;
    }
    let names = reader.context.regenerable;
    let regenerable = !narrowing.names.is_empty()
        && narrowing
            .names
            .iter()
            .all(|name| kinds::is_regenerable_name(name, names) || names.contains(name));
    let how = How {
        recursive: true,
        narrowed: narrowing.narrowed,
        repository_goes: false,
        rule: narrowing.narrowed.then_some("files.find-delete"),
    };
    for start in &narrowing.starts {
        if regenerable {
            by_name(
                reader,
                start,
                narrowing,
                How {
                    rule: None,
                    recursive,
                    ..how
                },
            );
        } else {
            reader.remove(start, how);
        }
    }
}

/// `find -L build -delete`: what lies in the folders to which links lead goes too.
fn behind_links(reader: &mut Reader<'_, '_>, narrowing: &Narrowing, recursive: bool) {
    let Some(tests) = &narrowing.through else {
        return;
    };
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut starts = narrowing.starts.clone();
    while let Some(start) = starts.pop() {
        let links = Narrowing {
            starts: vec![start.clone()],
            tests: Some(vec!["-type".to_owned(), "l".to_owned()]),
            ..Narrowing::default()
        };
        for link in found(reader, &links).unwrap_or_default() {
            let Some(target) = folder_behind(reader, link) else {
                continue;
            };
            if seen.contains(&target) {
                continue;
            }
            if seen.len() == FOUND_MAX {
                let target = super::world::unnamed_target(&start.shown());
                let loss = Loss::new("files.opaque-delete", target).opaque();
                reader.deeds.push(Deed::Lost(loss));
                return;
            }
            seen.push(target.clone());
            let word = Word::literal(target.to_string_lossy(), start.origin.clone());
            starts.push(word.clone());
            let behind = Narrowing {
                starts: vec![word],
                tests: Some(tests.clone()),
                through: None,
                ..narrowing.clone()
            };
            remove(reader, &behind, recursive);
        }
    }
}

/// Returns the folder to which a link leads.
fn folder_behind(reader: &mut Reader<'_, '_>, link: PathBuf) -> Option<PathBuf> {
    let facts = reader.context.facts;
    let resolved = match facts.ask(Question::Entry(link), reader.needs)? {
        Answer::Entry(entry) => entry.resolved.clone(),
        _ => return None,
    };
    match facts.ask(Question::Entry(resolved.clone()), reader.needs)? {
        Answer::Entry(entry) if entry.kind == EntryKind::Directory => Some(resolved),
        _ => None,
    }
}

/// Asks the world what a `find` acts on; nothing where it cannot be told one by one.
fn found(reader: &mut Reader<'_, '_>, narrowing: &Narrowing) -> Option<Vec<PathBuf>> {
    let tests = narrowing.tests.as_ref()?;
    let moves = |command: &Command| command.is_any(&["mv", "ln", "rename"]);
    if reader.context.facts.assumed
        || !reader.command.is_here()
        || reader.context.earlier.iter().any(moves)
    {
        return None;
    }
    let mut all = Vec::new();
    for start in &narrowing.starts {
        let shown = start.text()?;
        let places = reader.places(start);
        let [Place::At { path, .. }] = places.as_slice() else {
            return None;
        };
        let question = Question::Find {
            start: super::place::lexical(path),
            shown,
            tests: tests.clone(),
        };
        match reader.context.facts.ask(question, reader.needs) {
            Some(Answer::Glob(paths)) => all.extend(paths.iter().cloned()),
            Some(Answer::Absent) => {}
            Some(_) => return None,
            // Not asked yet: nothing is said in this round.
            None => return Some(Vec::new()),
        }
    }
    Some(all)
}

/// Tells whether a program gets its words from a search or a list.
pub fn is_handed(command: &Command) -> bool {
    command.via.iter().any(|via| {
        ["find", "xargs", "fd", "parallel"]
            .iter()
            .any(|name| via.name.starts_with(name))
    })
}

/// Returns what `find` hands to a program that it starts, or that `xargs` starts for it.
pub fn handed(reader: &mut Reader<'_, '_>) -> Option<Vec<PathBuf>> {
    let narrowing = feeder(reader.command, reader.context)?;
    found(reader, &narrowing).filter(|paths| paths.len() <= FOUND_MAX)
}

/// Judges each match of a name below a start, where the names are those of regenerable things.
fn by_name(reader: &mut Reader<'_, '_>, start: &Word, narrowing: &Narrowing, how: How) {
    for place in reader.places(start) {
        let Place::At { path, .. } = &place else {
            continue;
        };
        for name in &narrowing.names {
            if [".pyc", ".pyo", ".pyd"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                continue;
            }
            reader.deeds.push(Deed::Remove {
                place: Place::Glob {
                    dir: path.clone(),
                    pattern: format!("**/{name}"),
                },
                how: How {
                    narrowed: false,
                    ..how
                },
                shown: format!("{}/{name}", start.shown()),
            });
        }
    }
}

/// Reads where a `find` starts and what its tests let through.
pub fn narrowing(command: &Command) -> Narrowing {
    let words: Vec<&Word> = command.args().iter().collect();
    let shown: Vec<String> = words.iter().map(|word| word.shown()).collect();
    let first = shown
        .iter()
        .enumerate()
        .find(|(index, text)| {
            let option = matches!(text.as_str(), "-H" | "-L" | "-P") || text.starts_with("-O");
            !option && (text.starts_with(['-', '(', '!'])) && *index < shown.len()
        })
        .map_or(shown.len(), |(index, _)| index);
    let mut starts: Vec<Word> = words
        .iter()
        .take(first)
        .filter(|word| !word.shown().starts_with('-'))
        .map(|word| (*word).clone())
        .collect();
    if starts.is_empty() {
        starts.push(Word::literal(".", command.origin.clone()));
    }
    let follows = shown
        .iter()
        .any(|text| matches!(text.as_str(), "-L" | "-H" | "-follow"));
    let known = !follows
        && words.iter().skip(first).all(|word| !word.has_hole())
        && !words
            .iter()
            .take(first)
            .any(|word| word.prefix().starts_with("-O"));
    // A start that is a link is followed, as with a slash behind it.
    if shown
        .iter()
        .any(|text| matches!(text.as_str(), "-L" | "-H" | "-follow"))
    {
        for start in starts.iter_mut().filter(|start| start.is_literal()) {
            let slash = Word::literal("/", start.origin.clone());
            start.pieces.extend(slash.pieces);
        }
    }
    let tests: &[String] = shown.get(first..).unwrap_or_default();
    let through = shown
        .iter()
        .any(|text| matches!(text.as_str(), "-L" | "-follow"));
    let branches = Expression::read(tests);
    let handing = || branches.iter();
    Narrowing {
        starts,
        names: all_names(&branches).unwrap_or_default(),
        empty: !branches.is_empty() && handing().all(|branch| branch.empty),
        links: !branches.is_empty() && handing().all(|branch| branch.links),
        narrowed: tests
            .iter()
            // What stands behind the deed is asked too late.
            .take_while(|text| text.as_str() != "-delete")
            .any(|text| is_test(text)),
        tests: (known && !tests.is_empty()).then(|| tests.to_vec()),
        through: through.then(|| {
            let asked = tests.iter().filter(|text| text.as_str() != "-follow");
            asked.cloned().collect()
        }),
    }
}

/// Returns the patterns of all branches when each of them asks for names.
fn all_names(branches: &[Branch]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for branch in branches {
        all.extend(branch.names.clone()?);
    }
    Some(all)
}

/// What holds for everything that one side of an `-o` lets through; what is denied or asked besides narrows it further.
#[derive(Clone, Debug, Default)]
struct Branch {
    names: Option<Vec<String>>,
    empty: bool,
    links: bool,
    /// It hands on by itself: `-delete`, `-exec`, `-print`.
    acts: bool,
    /// It has deleted: what it asks behind that narrows nothing any more.
    deleted: bool,
}

/// Groups of tests are read this deep, and no further.
const GROUPS: usize = 16;

/// The tests of a `find`, read from left to right.
struct Expression<'t> {
    tests: std::slice::Iter<'t, String>,
}

impl Expression<'_> {
    /// Returns the branches that hand something on: those that act, or all of them where none does.
    fn read(tests: &[String]) -> Vec<Branch> {
        Expression {
            tests: tests.iter(),
        }
        .group(GROUPS)
    }

    fn group(&mut self, depth: usize) -> Vec<Branch> {
        let mut all = Vec::new();
        let mut branch = Branch::default();
        let mut denied = false;
        while let Some(text) = self.tests.next() {
            let now = std::mem::take(&mut denied);
            match text.as_str() {
                ")" => break,
                "!" | "-not" => denied = !now,
                "-o" | "-or" | "," => all.push(std::mem::take(&mut branch)),
                "(" => {
                    let Some(depth) = depth.checked_sub(1) else {
                        return vec![Branch::default()];
                    };
                    let inner = self.group(depth);
                    branch.acts |= inner.iter().any(|inner| inner.acts);
                    if !now {
                        branch.within(&inner);
                    }
                }
                _ => self.test(text, now, &mut branch),
            }
        }
        all.push(branch);
        if all.iter().any(|branch| branch.acts) {
            all.retain(|branch| branch.acts);
        }
        all
    }

    fn test(&mut self, text: &str, denied: bool, branch: &mut Branch) {
        match text {
            "-name" | "-iname" => {
                let pattern = self.tests.next().map(String::as_str).unwrap_or_default();
                if !denied && branch.names.is_none() && !branch.deleted {
                    branch.names = Some(alternatives(pattern));
                }
            }
            "-type" => {
                let links = self.tests.next().is_some_and(|kind| kind == "l");
                branch.links |= links && !denied && !branch.deleted;
            }
            "-empty" => branch.empty |= !denied && !branch.deleted,
            "-delete" => {
                branch.acts = true;
                branch.deleted = true;
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                branch.acts = true;
                self.tests.find(|text| matches!(text.as_str(), ";" | "+"));
            }
            "-print" | "-print0" | "-printf" | "-ls" | "-fprint" | "-fprint0" | "-fprintf"
            | "-fls" => branch.acts = true,
            _ => {}
        }
    }
}

impl Branch {
    /// Takes over what holds for every branch of a group.
    fn within(&mut self, inner: &[Branch]) {
        self.empty |= inner.iter().all(|branch| branch.empty);
        self.links |= inner.iter().all(|branch| branch.links);
        if self.names.is_none() {
            self.names = all_names(inner);
        }
    }
}

/// Writes `*.py[co]` out as `*.pyc` and `*.pyo`; a pattern with anything harder in its brackets stays as it is.
fn alternatives(pattern: &str) -> Vec<String> {
    let plain = || vec![pattern.to_owned()];
    let Some((head, (set, tail))) = pattern
        .split_once('[')
        .and_then(|(head, rest)| Some((head, rest.split_once(']')?)))
    else {
        return plain();
    };
    if set.is_empty() || tail.contains('[') || !set.chars().all(|c| c.is_ascii_alphanumeric()) {
        return plain();
    }
    set.chars().map(|c| format!("{head}{c}{tail}")).collect()
}

fn is_test(text: &str) -> bool {
    matches!(
        text,
        "-name"
            | "-iname"
            | "-path"
            | "-ipath"
            | "-wholename"
            | "-regex"
            | "-iregex"
            | "-mtime"
            | "-mmin"
            | "-atime"
            | "-amin"
            | "-ctime"
            | "-cmin"
            | "-newer"
            | "-size"
            | "-empty"
            | "-user"
            | "-group"
            | "-perm"
            | "-links"
            | "-inum"
            | "-samefile"
            | "-nouser"
            | "-xtype"
    ) || text.starts_with("-newer")
}
