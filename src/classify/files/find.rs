//! `find` and `fd` as removers: where they start, and which of what lies below their tests let through.
//! Programs that they start with `-exec` arrive here too, because only the tests say what is handed to them.

use super::argv::Args;
use super::deeds::{Deed, Reader};
use super::judge::How;
use super::kinds;
use super::place::Place;
use crate::classify::Context;
use crate::model::command::Command;
use crate::model::word::Word;

/// What a `find` hands on.
#[derive(Clone, Debug)]
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
}

/// Reads `fd … -x rm`: the pattern narrows by name; the program it starts is judged as a command of its own.
pub fn read_fd(_reader: &mut Reader<'_, '_>) {}

/// Finds the `find` that feeds an `rm` through `-exec` or `xargs`.
pub fn feeder(command: &Command, context: &Context<'_>) -> Option<Narrowing> {
    let last = command.via.iter().rev().find(|via| {
        let name = via.name.as_str();
        name.starts_with("find") || name.starts_with("xargs")
    })?;
    let open = command
        .args()
        .iter()
        .any(|word| word.has_hole() || word.has_glob());
    if !open && !last.name.starts_with("find") {
        return None;
    }
    let before = context
        .earlier
        .iter()
        .rev()
        .find(|earlier| !passes_on(earlier) && !same_batch(earlier, command))?;
    let feeds =
        matches!(before.program().as_deref(), Some("find" | "gfind")) && before.cwd == command.cwd;
    feeds.then(|| narrowing(before))
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

fn remove(reader: &mut Reader<'_, '_>, narrowing: &Narrowing, recursive: bool) {
    if narrowing.empty || narrowing.links {
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

/// Judges each match of a name below a start, where the names are those of regenerable things.
fn by_name(reader: &mut Reader<'_, '_>, start: &Word, narrowing: &Narrowing, how: How) {
    for place in reader.places(start) {
        let Place::At { path, .. } = &place else {
            continue;
        };
        for name in &narrowing.names {
            if name.ends_with(".pyc") || name.ends_with(".pyo") {
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
    let any = |name: &str| tests.iter().any(|text| text == name);
    let mixed = any("-o") || any("-or") || any(",");
    let negated = any("!") || any("-not");
    Narrowing {
        starts,
        names: if negated {
            Vec::new()
        } else {
            names(tests, mixed)
        },
        empty: any("-empty") && !mixed && !negated,
        links: type_is(tests, "l") && !mixed && !negated,
        narrowed: tests.iter().any(|text| is_test(text)),
    }
}

fn type_is(tests: &[String], wanted: &str) -> bool {
    tests
        .iter()
        .zip(tests.iter().skip(1))
        .any(|(test, value)| test == "-type" && value == wanted)
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
    ) || text.starts_with("-newer")
}

/// `-path x -prune -o …`: what is pruned is not what is handed on; `\( -name a -o -name b \) -prune` hands on both.
fn prunes_other(tests: &[String]) -> bool {
    let (mut depth, mut inside, mut apart, mut prunes) = (0_usize, false, false, false);
    for text in tests {
        match text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "-prune" => {
                prunes = true;
                inside |= depth > 0;
            }
            "-o" | "-or" | "," => apart |= depth == 0,
            _ => {}
        }
    }
    prunes && (inside || apart)
}

/// Returns the name patterns when every branch has one.
fn names(tests: &[String], mixed: bool) -> Vec<String> {
    let mut found = Vec::new();
    for (test, value) in tests.iter().zip(tests.iter().skip(1)) {
        if matches!(test.as_str(), "-name" | "-iname") {
            found.push(value.clone());
        }
    }
    let branches = 1 + tests
        .iter()
        .filter(|text| matches!(text.as_str(), "-o" | "-or"))
        .count();
    let pruned = mixed && prunes_other(tests);
    if mixed && (found.len() < branches || pruned) {
        return Vec::new();
    }
    found
}
