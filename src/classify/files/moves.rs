//! Where things stood before the call moved them: what goes from a place may have come there from another one.
//! Only moves whose words are known are followed; nothing here judges what is lost.

use std::path::{Path, PathBuf};

use super::argv::{Args, Valued};
use super::place::{Place, lexical, places};
use crate::classify::Context;
use crate::classify::git::Invocation;
use crate::model::command::Command;
use crate::model::fact::{Answer, EntryKind, Needs, Question};
use crate::model::word::Word;

/// Commands of a call that are looked at; what a longer one moves before them is not followed.
const EARLIER_MAX: usize = 1000;
/// Commands among them that move things.
const MOVES_MAX: usize = 64;
/// Places that the content of one place may have come from.
const ORIGINS_MAX: usize = 64;

const MV: Valued = Valued {
    short: "tS",
    long: &["--target-directory", "--suffix"],
};

/// From where to where, one thing.
type Step = (PathBuf, PathBuf);

/// What one command does.
#[derive(Debug, Default)]
struct Deed {
    /// Its place among the commands of the call.
    at: usize,
    steps: Vec<Step>,
    /// If it succeeds, nothing stands where the things were.
    empties: bool,
    /// It gives things a second name, and they stay where they are.
    links: bool,
}

/// The moves of a call before one command.
#[derive(Debug, Default)]
pub struct Moves {
    /// Oldest first, those of one command together.
    all: Vec<Deed>,
    /// Something else may stand anywhere: words that are not known, links, or more commands than are looked at.
    more: bool,
}

/// A place before the call, whose content goes from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub path: PathBuf,
    /// It was put inside of the place that goes, and is not the place itself.
    pub inside: bool,
}

/// A place while the moves are followed backwards.
#[derive(Clone, Debug)]
struct Spot {
    origin: Origin,
    /// Places below that were empty by then: what came there earlier was moved on.
    without: Vec<PathBuf>,
}

impl Moves {
    /// Reads the moves of the commands before the one that is judged.
    pub fn read(context: &Context<'_>, needs: &mut Needs) -> Self {
        let earlier = context.earlier;
        let from = earlier.len().saturating_sub(EARLIER_MAX);
        // Every removal of a long call looks at all before it: most are passed over by their first word.
        let mut places: Vec<usize> = (from..earlier.len())
            .filter(|at| earlier.get(*at).is_some_and(may_move))
            .collect();
        let left_out = places.len().saturating_sub(MOVES_MAX);
        let mut moves = Self {
            all: Vec::new(),
            more: from > 0 || left_out > 0,
        };
        for at in places.drain(..).skip(left_out) {
            let before = earlier.get(from..at).unwrap_or_default();
            let steps = earlier
                .get(at)
                .and_then(|command| steps(command, before, context, needs));
            match steps {
                Some(steps) if steps.is_empty() => {}
                Some(steps) => {
                    let empties = (earlier.get(at)).is_some_and(|command| {
                        let mut targets = steps.iter().map(|(_, to)| to);
                        empties(command)
                            || leaves_present(command)
                                && targets.all(|to| is_absent(to, context, needs))
                    });
                    moves.all.push(Deed {
                        at,
                        steps,
                        empties,
                        links: false,
                    });
                }
                None => {
                    moves.more = true;
                    let links = earlier
                        .get(at)
                        .and_then(|command| links(command, before, context, needs));
                    moves.all.extend(links);
                }
            }
        }
        moves
    }

    /// Returns the places to which something was moved or copied aside.
    pub fn targets(&self) -> Vec<PathBuf> {
        let moved = self.all.iter().filter(|deed| !deed.links);
        let steps = moved.flat_map(|deed| &deed.steps);
        steps.map(|(_, to)| to.clone()).collect()
    }

    /// Tells whether every move and link of the call is followed.
    pub fn is_whole(&self) -> bool {
        !self.more
    }

    /// Returns where the content of a place was moved for certain, if nothing was moved to the place since, with the place of the
    /// command; `proven` succeeded.
    pub fn left_for(&self, path: &Path, proven: &[usize]) -> Option<(PathBuf, usize)> {
        let mut left = None;
        for deed in &self.all {
            for (from, to) in &deed.steps {
                if path.starts_with(from) && !deed.links {
                    let sure = deed.empties && proven.contains(&deed.at);
                    left = sure.then(|| (to.clone(), deed.at));
                }
                if path.starts_with(to) || to.starts_with(path) {
                    left = None;
                }
            }
        }
        left.filter(|_| self.is_whole())
    }

    /// Returns the places from which the content of this one came; `ran` are the commands that have run for certain, nothing where all have.
    pub fn origins(&self, path: &Path, ran: Option<&[usize]>) -> Vec<Origin> {
        self.followed(path, false, ran)
    }

    /// Returns the same for what is written to through a name: links that the call made lead on.
    pub fn origins_behind_links(&self, path: &Path) -> Vec<Origin> {
        self.followed(path, true, None)
    }

    fn followed(&self, path: &Path, through_links: bool, ran: Option<&[usize]>) -> Vec<Origin> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let here = Origin {
            path: lexical(path),
            inside: false,
        };
        let mut spots = vec![Spot {
            origin: here.clone(),
            without: Vec::new(),
        }];
        let deeds = self.all.iter().rev();
        for deed in deeds.filter(|deed| through_links || !deed.links) {
            spots = spots
                .into_iter()
                .flat_map(|spot| spot.before(deed, ran.is_none_or(|ran| ran.contains(&deed.at))))
                .take(ORIGINS_MAX)
                .collect();
        }
        let mut all: Vec<Origin> = spots.into_iter().map(|spot| spot.origin).collect();
        all.retain(|origin| origin.path != here.path);
        all.dedup();
        all
    }
}

impl Spot {
    /// Returns where the content of the spot was before one command moved things.
    fn before(mut self, deed: &Deed, ran: bool) -> Vec<Self> {
        let path = self.origin.path.clone();
        let mut found = Vec::new();
        let mut stays = true;
        for (from, to) in &deed.steps {
            let hidden = self.without.iter().any(|empty| to.starts_with(empty));
            if let (Ok(rest), false) = (path.strip_prefix(to), hidden) {
                stays &= !ran;
                found.push(Self {
                    origin: Origin {
                        path: joined(from, rest),
                        inside: self.origin.inside,
                    },
                    without: self.moved(from, to),
                });
            } else if to.starts_with(&path) && !hidden && !deed.links {
                found.push(Self {
                    origin: Origin {
                        path: from.clone(),
                        inside: true,
                    },
                    without: self.moved(from, to),
                });
            }
            if deed.links {
                continue;
            }
            // What stood here went away: later content is not of before.
            stays &= !path.starts_with(from) || !ran;
            if from.starts_with(&path) && ran {
                self.without.push(from.clone());
            }
        }
        if stays {
            found.push(self);
        }
        found
    }

    fn moved(&self, from: &Path, to: &Path) -> Vec<PathBuf> {
        let empty = self.without.iter();
        empty
            .filter_map(|empty| Some(joined(from, empty.strip_prefix(to).ok()?)))
            .collect()
    }
}

/// Tells whether a move that succeeds leaves nothing where the things were.
fn empties(command: &Command) -> bool {
    is_plain_move(command, &["-f", "--force"])
}

/// The same where nothing stood at its targets: `-n` leaves things where they are otherwise.
fn leaves_present(command: &Command) -> bool {
    is_plain_move(command, &["-n", "--no-clobber", "-u", "-f"])
}

fn is_plain_move(command: &Command, more: &[&str]) -> bool {
    let plain = ["-v", "--verbose", "-T", "--no-target-directory", "--"];
    let flag = |word: &&Word| word.prefix().starts_with('-');
    let known = |word: &Word| {
        let text = word.text();
        text.is_some_and(|text| plain.contains(&text.as_str()) || more.contains(&text.as_str()))
    };
    command.is_any(&["mv", "gmv"]) && command.args().iter().filter(flag).all(known)
}

fn is_absent(path: &Path, context: &Context<'_>, needs: &mut Needs) -> bool {
    let question = Question::Entry(path.to_path_buf());
    matches!(context.facts.ask(question, needs), Some(Answer::Absent))
}

/// Tells whether a command may be one that moves or links things.
fn may_move(command: &Command) -> bool {
    let ends = [
        "mv", "git", "ln", "rename", "gzip", "gunzip", "xz", "bzip2", "pigz", "sed", "perl", "cp",
        "install",
    ];
    let first = command.words.first();
    first.is_some_and(|word| match word.plain() {
        Some(text) => ends.iter().any(|end| text.ends_with(end)),
        None => true,
    })
}

fn joined(base: &Path, rest: &Path) -> PathBuf {
    match rest.as_os_str().is_empty() {
        true => base.to_path_buf(),
        false => base.join(rest),
    }
}

/// Returns what a command moves, nothing where its words do not say it.
fn steps(
    command: &Command,
    before: &[Command],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Vec<Step>> {
    if command.is_any(&["ln", "rename"]) {
        return None;
    }
    if let Some(steps) = packed(command, context, needs) {
        return Some(steps);
    }
    if command.is_any(&["sed", "gsed", "perl", "cp", "gcp", "install"]) {
        return Some(set_aside(command, context, needs));
    }
    let git = command
        .is_any(&["git"])
        .then(|| Invocation::read(command))
        .flatten();
    let words = match &git {
        Some(git) if git.subcommand == "mv" => git.args.as_slice(),
        None if command.is_any(&["mv", "gmv"]) => command.args(),
        Some(_) | None => return Some(Vec::new()),
    };
    if !command.is_here() {
        return Some(Vec::new());
    }
    let mut args = Args::read(words, MV);
    let told = args.value(&["-t", "--target-directory"]).map(str::to_owned);
    let last = match &told {
        Some(text) => Some(Word::literal(text.clone(), command.origin.clone())),
        None => args.operands.pop().cloned(),
    };
    let to = one(&last?, command, context, needs)?;
    let mut from: Vec<PathBuf> = Vec::new();
    for word in &args.operands {
        for place in places(word, command, context, needs) {
            from.extend(known(place, context, needs)?);
        }
    }
    let is_exact = args.has(&["-T", "--no-target-directory"]);
    let is_folder = told.is_some()
        || from.len() > 1
        || to.1
        || !is_exact && is_folder(&to.0, before, context, needs);
    let step = |from: PathBuf| {
        let name = from.file_name()?;
        let place = if is_folder {
            to.0.join(name)
        } else {
            to.0.clone()
        };
        (place != from).then_some((from, place))
    };
    Some(from.into_iter().filter_map(step).collect())
}

const LN: Valued = Valued {
    short: "tS",
    long: &["--target-directory", "--suffix"],
};

/// Returns the names that `ln` gives to things; a name that is taken stays what it is, unless it is forced.
fn links(
    command: &Command,
    before: &[Command],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Deed> {
    if !command.is_any(&["ln", "gln"]) || !command.is_here() {
        return None;
    }
    let mut args = Args::read(command.args(), LN);
    let told = args.value(&["-t", "--target-directory"]).map(str::to_owned);
    let last = match (&told, args.operands.len()) {
        (Some(text), _) => Word::literal(text.clone(), command.origin.clone()),
        (None, 0) => return None,
        (None, 1) => Word::literal(".", command.origin.clone()),
        (None, _) => args.operands.pop()?.clone(),
    };
    let (to, is_written_so) = one(&last, command, context, needs)?;
    let is_exact = args.has(&["-T", "--no-target-directory"]);
    let keeps_links = args.has(&["-n", "--no-dereference"]);
    let into = told.is_some()
        || args.operands.len() > 1
        || is_written_so
        || !is_exact && !keeps_links && is_folder(&to, before, context, needs);
    let by_name = args.has(&["-s", "--symbolic"]) && !args.has(&["-r", "--relative"]);
    let mut steps = Vec::new();
    for word in &args.operands {
        let text = word.text()?;
        let name = Path::new(&text).file_name()?.to_owned();
        let new = if into { to.join(name) } else { to.clone() };
        // A relative link is read from its own folder.
        let old = match (by_name, new.parent()) {
            (true, Some(folder)) => lexical(&folder.join(&text)),
            _ => one(word, command, context, needs)?.0,
        };
        let taken = Question::Entry(new.clone());
        let is_free = matches!(context.facts.ask(taken, needs), Some(Answer::Absent));
        if is_free || args.has(&["-f", "--force"]) {
            steps.push((old, new));
        }
    }
    Some(Deed {
        steps,
        links: true,
        ..Deed::default()
    })
}

/// `gzip FILE`: its content stands in `FILE.gz` from then on.
fn packed(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Vec<Step>> {
    let program = command.program()?;
    if !super::remade::is_packer(&program) {
        return None;
    }
    let valued = Valued {
        short: "SbTFC",
        long: &["--suffix", "--threads"],
    };
    let args = Args::read(command.args(), valued);
    let keeps = [
        "-k", "--keep", "-c", "--stdout", "-t", "--test", "-l", "--list",
    ];
    if args.has(&keeps)
        || matches!(
            program.as_str(),
            "zstd" | "unzstd" | "lz4" | "unlz4" | "brotli"
        )
    {
        return Some(Vec::new());
    }
    let mut all = Vec::new();
    for word in &args.operands {
        for place in places(word, command, context, needs) {
            for path in known(place, context, needs)? {
                let to = super::remade::made_beside(&program, &args, &path.to_string_lossy());
                all.extend(to.map(|to| (path, PathBuf::from(to))));
            }
        }
    }
    Some(all)
}

/// `sed -i.bak`, `perl -i.bak`, `cp -b`: what stood in a file stands in its copy beside from then on.
fn set_aside(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Step> {
    if !command.is_here() {
        return Vec::new();
    }
    let copies = command.is_any(&["cp", "gcp", "install"]);
    let valued = Valued {
        short: if copies { "tSmog" } else { "efEF" },
        long: &["--suffix", "--target-directory", "--expression", "--file"],
    };
    let args = Args::read(command.args(), valued);
    let suffix = match copies {
        true if args.has(&["-b", "--backup"]) => {
            let told = args.value(&["-S", "--suffix"]).unwrap_or("~");
            let numbered = args.value(&["--backup"]).is_some_and(|way| {
                matches!(way, "none" | "off" | "numbered" | "t" | "existing" | "nil")
            });
            (!numbered).then(|| told.to_owned())
        }
        true => None,
        false => in_place_suffix(command),
    };
    let Some(suffix) = suffix else {
        return Vec::new();
    };
    let files: Vec<&Word> = match copies {
        true => args.operands.last().copied().into_iter().collect(),
        false => args.operands,
    };
    let mut all = Vec::new();
    for word in files {
        for place in places(word, command, context, needs) {
            for path in known(place, context, needs).unwrap_or_default() {
                let to = PathBuf::from(format!("{}{suffix}", path.to_string_lossy()));
                all.push((path, to));
            }
        }
    }
    all
}

/// Returns what `-i.bak` or `--in-place=.bak` puts behind the names of the copies.
fn in_place_suffix(command: &Command) -> Option<String> {
    let mut words = command.args().iter().filter_map(Word::text);
    words.find_map(|text| {
        let suffix = match text.strip_prefix("--in-place=") {
            Some(suffix) => suffix.to_owned(),
            None => {
                let letters = text
                    .strip_prefix('-')
                    .filter(|rest| !rest.starts_with('-'))?;
                let at = letters.find('i')?;
                let plain = letters.get(..at)?;
                // Behind these letters stands a value of their own.
                if plain.contains(['e', 'f', 'E', 'F', 'M', 'I'])
                    && !command.is_any(&["sed", "gsed"])
                {
                    return None;
                }
                letters.get(at + 1..)?.to_owned()
            }
        };
        let named = !suffix.is_empty() && !suffix.contains(['*', '/', ' ']);
        named.then_some(suffix)
    })
}

/// Returns the one place that a word names, and whether it is written as a folder.
fn one(
    word: &Word,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<(PathBuf, bool)> {
    match places(word, command, context, needs).as_slice() {
        [Place::At { path, follow }] => Some((lexical(path), *follow)),
        _ => None,
    }
}

fn known(place: Place, context: &Context<'_>, needs: &mut Needs) -> Option<Vec<PathBuf>> {
    match place {
        Place::At { path, .. } => Some(vec![lexical(&path)]),
        Place::Glob { dir, pattern } if !context.facts.assumed => {
            let question = Question::Glob { dir, pattern };
            match context.facts.ask(question, needs)? {
                Answer::Glob(paths) if paths.len() <= ORIGINS_MAX => {
                    Some(paths.iter().map(|path| lexical(path)).collect())
                }
                Answer::Absent => Some(Vec::new()),
                _ => None,
            }
        }
        Place::Glob { .. }
        | Place::Below { .. }
        | Place::Loose(_)
        | Place::Scratch
        | Place::Anywhere => None,
    }
}

/// Tells whether a folder stands at a place, or the call made one there.
fn is_folder(path: &Path, before: &[Command], context: &Context<'_>, needs: &mut Needs) -> bool {
    let question = Question::Entry(path.to_path_buf());
    let stands = match context.facts.ask(question, needs) {
        Some(Answer::Entry(entry)) if entry.kind == EntryKind::Link => {
            let question = Question::Entry(entry.resolved.clone());
            matches!(context.facts.ask(question, needs), Some(Answer::Entry(real)) if real.kind == EntryKind::Directory)
        }
        Some(Answer::Entry(entry)) => entry.kind == EntryKind::Directory,
        _ => false,
    };
    stands
        || before.iter().any(|command| {
            command.is_any(&["mkdir"])
                && command.args().iter().any(|word| {
                    let made = one(word, command, context, needs);
                    made.is_some_and(|(made, _)| made.starts_with(path))
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(all: &[&[(&str, &str)]]) -> Moves {
        let step = |(from, to): &(&str, &str)| (PathBuf::from(*from), PathBuf::from(*to));
        let deed = |steps: &&[(&str, &str)]| Deed {
            steps: steps.iter().map(step).collect(),
            ..Deed::default()
        };
        Moves {
            all: all.iter().map(deed).collect(),
            more: false,
        }
    }

    fn from(moves: &Moves, path: &str) -> Vec<(String, bool)> {
        let all = moves.origins(Path::new(path), None).into_iter();
        all.map(|origin| (origin.path.display().to_string(), origin.inside))
            .collect()
    }

    #[test]
    fn content_is_followed_to_where_it_stood_before_the_call() {
        let once = moves(&[&[("/r", "/s")]]);
        assert_eq!(from(&once, "/s"), [("/r".to_owned(), false)]);
        assert_eq!(from(&once, "/s/a/b"), [("/r/a/b".to_owned(), false)]);
        assert_eq!(from(&once, "/r"), []);
        assert_eq!(from(&once, "/other"), []);
        let twice = moves(&[&[("/r", "/s")], &[("/s", "/t/u")]]);
        assert_eq!(from(&twice, "/t/u"), [("/r".to_owned(), false)]);
        assert_eq!(from(&twice, "/t"), [("/r".to_owned(), true)]);
        assert_eq!(from(&twice, "/s"), []);
    }

    #[test]
    fn a_link_leads_to_what_it_names_and_leaves_it_there() {
        let mut all = moves(&[&[("/r/app.db", "/r/w.db")], &[("/d", "/e")]]);
        for deed in &mut all.all {
            deed.links = true;
        }
        let behind = |path: &str| {
            let all = all.origins_behind_links(Path::new(path)).into_iter();
            all.map(|origin| origin.path.display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(behind("/r/w.db"), ["/r/app.db"]);
        assert_eq!(behind("/e/x.db"), ["/d/x.db"]);
        assert_eq!(behind("/r/app.db"), Vec::<String>::new());
        assert_eq!(behind("/r"), Vec::<String>::new());
        assert_eq!(from(&all, "/r/w.db"), []);
    }

    #[test]
    fn what_was_moved_on_before_is_not_in_the_place_any_more() {
        let back = moves(&[&[("/a/x", "/keep/x")], &[("/keep/x", "/a/x")]]);
        assert_eq!(from(&back, "/keep"), []);
        assert_eq!(from(&back, "/keep/x"), []);
        let some = moves(&[
            &[("/a/x", "/keep/x"), ("/a/y", "/keep/y")],
            &[("/keep/x", "/a/x")],
        ]);
        assert_eq!(from(&some, "/keep"), [("/a/y".to_owned(), true)]);
        let round = moves(&[&[("/a", "/b")], &[("/b", "/a")]]);
        assert_eq!(from(&round, "/a"), []);
    }
}
