//! Which entries a `find` acts on: its tests are carried out in one bounded walk that follows no link below its start.
//! A test that is not known here gives no answer at all; nothing is run, and what only a program could say counts as both.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use rustix::fs::{AtFlags, CWD, Stat};

use super::files::{Limits, errno, failed, kind_of, links, size};
use super::pattern::Pattern;
use crate::model::fact::{Answer, EntryKind};
use crate::model::name;

/// Entries of one answer; a `find` that gives more is not told one by one.
const FOUND_MAX: usize = 1_000;
/// Groups of tests are read this deep, and no further.
const GROUPS: usize = 16;
/// Folders below one another that are walked through.
const DEPTH_MAX: usize = 256;
/// Entries between two looks at the clock.
const CLOCK_EVERY: u64 = 256;

/// Programs that say yes or no, or show what they are given: what they are started for is not removed by them.
const ASKING: &[&str] = &[
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "test",
    "[",
    "echo",
    "printf",
    "ls",
    "cat",
    "head",
    "tail",
    "file",
    "stat",
    "wc",
    "true",
    "false",
    "cmp",
    "diff",
    "md5sum",
    "sha256sum",
    "du",
];

/// Answers which paths a `find` acts on; without an action of its own, which it prints.
pub fn find(start: &Path, shown: &str, tests: &[String], limits: Limits) -> Answer {
    let mut reading = Reading {
        tests: tests.iter().map(String::as_str),
        shape: Shape::default(),
    };
    let Some(expression) = reading.alternatives(GROUPS, false) else {
        return Answer::Unknown("a test of `find` that is not known here".to_owned());
    };
    // `.` is the folder that a link led to, and so is a link with a slash behind it.
    let is_followed =
        matches!(shown, "." | "..") || shown.ends_with(['/']) || shown.ends_with("/.");
    let flags = match is_followed {
        true => AtFlags::empty(),
        false => AtFlags::SYMLINK_NOFOLLOW,
    };
    let stat = match rustix::fs::statat(CWD, start, flags) {
        Ok(stat) => stat,
        Err(error) => return failed(start, error),
    };
    let mut walk = Walk {
        expression,
        shape: reading.shape,
        now: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX)),
        limits,
        end: Instant::now() + limits.time,
        seen: 0,
        found: Vec::new(),
    };
    match walk.run(start, shown, &stat) {
        Ok(()) => Answer::Glob(walk.found),
        Err(reason) => Answer::Unknown(reason),
    }
}

/// What holds for the whole walk.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    least: usize,
    most: Option<usize>,
    /// Folders are looked at after what is in them: `-prune` does nothing then.
    depth_first: bool,
    /// It removes or starts something: what it prints does not count.
    acts: bool,
}

/// A test, an action, or several of them.
#[derive(Debug)]
enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// `a , b`: both are carried out, the last one tells.
    Not(Box<Self>),
    Name {
        pattern: Pattern,
        fold: bool,
    },
    Path {
        pattern: String,
        fold: bool,
    },
    Kind {
        kinds: String,
        through: bool,
    },
    Empty,
    Size(Compared, u64),
    Age {
        of: fn(&Stat) -> i64,
        unit: i64,
        compared: Compared,
    },
    Newer(Option<i64>),
    /// Changed after a day or minute (in seconds), in a time zone that is not known here.
    After(i64),
    Links(Compared),
    /// Bits of the rights: exactly these, all of these (`-`), any of these (`/`).
    Rights(char, u32),
    Prune,
    Always(bool),
    /// `-print` and its kin.
    Prints,
    /// `-delete`, `-exec`: whether it comes back with yes may depend on the program.
    Acts {
        counts: bool,
        open: bool,
    },
}

#[derive(Clone, Copy, Debug)]
struct Compared {
    order: std::cmp::Ordering,
    number: u64,
}

impl Compared {
    fn read(text: &str) -> Option<Self> {
        use std::cmp::Ordering;
        let (order, digits) = match text.split_at_checked(1)? {
            ("+", rest) => (Ordering::Greater, rest),
            ("-", rest) => (Ordering::Less, rest),
            _ => (Ordering::Equal, text),
        };
        let number = digits.parse().ok()?;
        Some(Self { order, number })
    }

    fn holds(self, value: u64) -> bool {
        value.cmp(&self.number) == self.order
    }
}

/// Reads the words behind the starts of a `find`.
struct Reading<'t, I: Iterator<Item = &'t str>> {
    tests: I,
    shape: Shape,
}

impl<'t, I: Iterator<Item = &'t str>> Reading<'t, I> {
    fn alternatives(&mut self, depth: usize, inside: bool) -> Option<Node> {
        let depth = depth.checked_sub(1)?;
        let mut any = Vec::new();
        let mut all = Vec::new();
        let mut denied = false;
        loop {
            let Some(text) = self.tests.next() else {
                if inside {
                    return None;
                }
                break;
            };
            match text {
                ")" if inside => break,
                "!" | "-not" => {
                    denied = !denied;
                    continue;
                }
                "-a" | "-and" => continue,
                "-o" | "-or" => {
                    any.push(Node::All(std::mem::take(&mut all)));
                    continue;
                }
                _ => {}
            }
            let node = match text {
                "(" => self.alternatives(depth, true)?,
                _ => match self.one(text)? {
                    Some(node) => node,
                    None => continue,
                },
            };
            all.push(if std::mem::take(&mut denied) {
                Node::Not(Box::new(node))
            } else {
                node
            });
        }
        if any.is_empty() {
            return Some(Node::All(all));
        }
        any.push(Node::All(all));
        Some(Node::Any(any))
    }

    /// Reads one test; an option of the whole walk gives none.
    fn one(&mut self, text: &str) -> Option<Option<Node>> {
        let node = match text {
            "-name" | "-iname" => {
                let fold = text == "-iname";
                let pattern = Pattern::new(&folded(self.tests.next()?, fold));
                Node::Name { pattern, fold }
            }
            "-path" | "-wholename" | "-ipath" | "-iwholename" => {
                let fold = text.starts_with("-i");
                let pattern = folded(self.tests.next()?, fold);
                Node::Path { pattern, fold }
            }
            "-type" | "-xtype" => Node::Kind {
                kinds: self.tests.next()?.replace(',', ""),
                through: text == "-xtype",
            },
            "-empty" => Node::Empty,
            "-size" => size_of(self.tests.next()?)?,
            "-mtime" | "-mmin" | "-atime" | "-amin" | "-ctime" | "-cmin" => {
                let compared = Compared::read(self.tests.next()?)?;
                Node::Age {
                    of: match text.get(1..2)? {
                        "m" => |stat| stat.st_mtime,
                        "a" => |stat| stat.st_atime,
                        _ => |stat| stat.st_ctime,
                    },
                    unit: if text.ends_with("min") { 60 } else { 86_400 },
                    compared,
                }
            }
            "-newer" => Node::Newer(modified(Path::new(self.tests.next()?))),
            "-newermt" => Node::After(moment(self.tests.next()?)?),
            "-links" => Node::Links(Compared::read(self.tests.next()?)?),
            "-perm" => {
                let said = self.tests.next()?;
                let (how, digits) = match said.split_at_checked(1)? {
                    ("-", digits) => ('-', digits),
                    ("/", digits) => ('/', digits),
                    _ => ('=', said),
                };
                let octal = u32::from_str_radix(digits, 8).ok();
                Node::Rights(how, octal.or_else(|| symbolic(digits))?)
            }
            "-prune" => Node::Prune,
            "-true" => Node::Always(true),
            "-false" => Node::Always(false),
            _ => return self.whole(text).or_else(|| self.action(text).map(Some)),
        };
        Some(Some(node))
    }

    /// An option that holds for the whole walk.
    fn whole(&mut self, text: &str) -> Option<Option<Node>> {
        match text {
            "-maxdepth" => self.shape.most = Some(self.tests.next()?.parse().ok()?),
            "-mindepth" => self.shape.least = self.tests.next()?.parse().ok()?,
            "-depth" | "-d" => self.shape.depth_first = true,
            "-xdev" | "-mount" | "-noleaf" | "-warn" | "-nowarn" | "-ignore_readdir_race" => {}
            _ => return None,
        }
        Some(None)
    }

    fn action(&mut self, text: &str) -> Option<Node> {
        match text {
            "-print" | "-print0" | "-ls" => Some(Node::Prints),
            "-printf" | "-fprint" | "-fprint0" | "-fls" => self.tests.next().map(|_| Node::Prints),
            "-delete" => {
                self.shape.acts = true;
                self.shape.depth_first = true;
                Some(Node::Acts {
                    counts: true,
                    open: false,
                })
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let program = self.tests.next()?;
                let name = program.rsplit('/').next().unwrap_or(program);
                let counts = !ASKING.contains(&name);
                let end = self.tests.find(|text| matches!(*text, ";" | "+"))?;
                self.shape.acts |= counts;
                Some(Node::Acts {
                    counts,
                    open: end == ";",
                })
            }
            _ => None,
        }
    }
}

/// `-size -10M`: in units, rounded up.
fn size_of(text: &str) -> Option<Node> {
    let unit = match text.chars().last()? {
        'c' => 1,
        'w' => 2,
        'b' => 512,
        'k' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        digit if digit.is_ascii_digit() => 512,
        _ => return None,
    };
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    Some(Node::Size(Compared::read(number)?, unit))
}

/// Seconds by which a time of day may differ from that of UTC.
const ZONES: i64 = 14 * 3600;

/// Reads a day (`2026-03-01`), with or without a time, as if it were one of UTC.
fn moment(text: &str) -> Option<i64> {
    let time = match text.parse::<jiff::civil::DateTime>() {
        Ok(time) => time,
        Err(_) => text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0),
    };
    let there = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(there.timestamp().as_second())
}

/// Reads rights in letters (`u+x,g=rw`) as the bits that they name; nothing where they say more.
fn symbolic(text: &str) -> Option<u32> {
    let mut bits = 0;
    for clause in text.split(',') {
        let (who, rights) = clause.split_once(['+', '='])?;
        let mut one = 0;
        for right in rights.chars() {
            one |= match right {
                'r' => 0o4,
                'w' => 0o2,
                'x' => 0o1,
                _ => return None,
            };
        }
        if who.is_empty() {
            return None;
        }
        for who in who.chars() {
            bits |= match who {
                'u' => one << 6,
                'g' => one << 3,
                'o' => one,
                'a' => one << 6 | one << 3 | one,
                _ => return None,
            };
        }
    }
    Some(bits)
}

fn folded(text: &str, fold: bool) -> String {
    if fold {
        text.to_lowercase()
    } else {
        text.to_owned()
    }
}

fn modified(path: &Path) -> Option<i64> {
    let stat = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    path.is_absolute().then_some(stat.st_mtime)
}

/// What a test says; `Maybe` where only a program could tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Maybe,
}

impl From<bool> for Said {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// One entry at hand.
struct Entry<'e> {
    path: &'e Path,
    shown: &'e str,
    stat: &'e Stat,
    pruned: bool,
    acted: bool,
    printed: bool,
}

struct Walk {
    expression: Node,
    shape: Shape,
    now: i64,
    limits: Limits,
    end: Instant,
    seen: u64,
    found: Vec<PathBuf>,
}

impl Walk {
    fn run(&mut self, start: &Path, shown: &str, stat: &Stat) -> Result<(), String> {
        let mut open = vec![(start.to_path_buf(), shown.to_owned(), *stat, 0)];
        while let Some((path, shown, stat, depth)) = open.pop() {
            self.seen += 1;
            let late = self.seen.is_multiple_of(CLOCK_EVERY) && Instant::now() > self.end;
            if self.seen > self.limits.entries || late || depth > DEPTH_MAX {
                return Err("there is too much below to look through".to_owned());
            }
            let pruned = depth >= self.shape.least && self.take(&path, &shown, &stat)?;
            let deeper = self.shape.most.is_none_or(|most| depth < most);
            if kind_of(&stat) != EntryKind::Directory || pruned || !deeper {
                continue;
            }
            let listing = std::fs::read_dir(&path)
                .map_err(|error| format!("`{}`: {}", path.display(), errno(&error)))?;
            for entry in listing.flatten() {
                let below = entry.path();
                let Ok(stat) = rustix::fs::statat(CWD, &below, AtFlags::SYMLINK_NOFOLLOW) else {
                    continue;
                };
                let name = name::text(entry.file_name().as_bytes());
                let shown = format!("{}/{name}", shown.trim_end_matches('/'));
                open.push((below, shown, stat, depth + 1));
            }
        }
        Ok(())
    }

    /// Carries out the tests on one entry; tells whether nothing below it is looked at.
    fn take(&mut self, path: &Path, shown: &str, stat: &Stat) -> Result<bool, String> {
        let mut entry = Entry {
            path,
            shown,
            stat,
            pruned: false,
            acted: false,
            printed: false,
        };
        let said = self.say(&self.expression, &mut entry)?;
        let prints = entry.printed || said != Said::No;
        let counts = if self.shape.acts { entry.acted } else { prints };
        let pruned = entry.pruned && !self.shape.depth_first;
        if counts {
            if self.found.len() >= FOUND_MAX {
                return Err(format!("`find` gives more than {FOUND_MAX} paths"));
            }
            self.found.push(path.to_path_buf());
        }
        Ok(pruned)
    }

    // INVARIANT: the nodes are nested at most `GROUPS` deep, and a denial adds one level to each.
    fn say(&self, node: &Node, entry: &mut Entry<'_>) -> Result<Said, String> {
        Ok(match node {
            Node::All(nodes) => {
                let mut said = Said::Yes;
                for node in nodes {
                    match self.say(node, entry)? {
                        Said::No => return Ok(Said::No),
                        Said::Maybe => said = Said::Maybe,
                        Said::Yes => {}
                    }
                }
                said
            }
            Node::Any(nodes) => {
                let mut said = Said::No;
                for node in nodes {
                    match self.say(node, entry)? {
                        Said::Yes => return Ok(Said::Yes),
                        Said::Maybe => said = Said::Maybe,
                        Said::No => {}
                    }
                }
                said
            }
            Node::Not(node) => match self.say(node, entry)? {
                Said::Yes => Said::No,
                Said::No => Said::Yes,
                Said::Maybe => Said::Maybe,
            },
            Node::Prune => {
                entry.pruned = true;
                Said::Yes
            }
            Node::Prints => {
                entry.printed = true;
                Said::Yes
            }
            Node::Acts { counts, open } => {
                entry.acted |= counts;
                if *open { Said::Maybe } else { Said::Yes }
            }
            Node::After(moment) => match entry.stat.st_mtime.saturating_sub(*moment) {
                late if late > ZONES => Said::Yes,
                early if early < -ZONES => Said::No,
                _ => Said::Maybe,
            },
            test => self.holds(test, entry)?.into(),
        })
    }

    fn holds(&self, test: &Node, entry: &Entry<'_>) -> Result<bool, String> {
        let stat = entry.stat;
        Ok(match test {
            Node::Name { pattern, fold } => {
                let shown = entry.shown.trim_end_matches('/');
                let name = folded(shown.rsplit('/').next().unwrap_or(shown), *fold);
                pattern.matches_hidden(&name::bytes(&name))
            }
            Node::Path { pattern, fold } => {
                let shown = folded(entry.shown, *fold);
                Pattern::new(pattern).matches_hidden(&name::bytes(&shown))
            }
            Node::Kind { kinds, through } => kinds.contains(letter(entry, *through)),
            Node::Empty => match kind_of(stat) {
                EntryKind::File => size(stat) == 0,
                EntryKind::Directory => std::fs::read_dir(entry.path)
                    .map_err(|error| format!("`{}`: {}", entry.path.display(), errno(&error)))?
                    .next()
                    .is_none(),
                EntryKind::Link | EntryKind::Device | EntryKind::Other => false,
            },
            Node::Size(compared, unit) => compared.holds(size(stat).div_ceil(*unit)),
            Node::Age { of, unit, compared } => {
                let age = self.now.saturating_sub(of(stat)).max(0) / unit;
                compared.holds(u64::try_from(age).unwrap_or(0))
            }
            Node::Newer(Some(than)) => stat.st_mtime >= *than,
            Node::Newer(None) => return Err("a file that it compares with is not known".to_owned()),
            Node::Links(compared) => compared.holds(links(stat)),
            Node::Rights(how, bits) => {
                let rights = rights(stat);
                match how {
                    '-' => rights & bits == *bits,
                    '/' => *bits == 0 || rights & bits != 0,
                    _ => rights == *bits,
                }
            }
            Node::Always(yes) => *yes,
            Node::All(_)
            | Node::Any(_)
            | Node::Not(_)
            | Node::Prune
            | Node::Prints
            | Node::After(_)
            | Node::Acts { .. } => false,
        })
    }
}

/// Returns the twelve bits that say who may do what.
#[allow(
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    trivial_numeric_casts,
    reason = "the widths differ between systems"
)]
fn rights(stat: &Stat) -> u32 {
    (stat.st_mode as u32) & 0o7777
}

/// Returns the letter of a kind; `-xtype` looks through a link, and calls one that leads nowhere a link.
fn letter(entry: &Entry<'_>, through: bool) -> char {
    let followed = through
        .then(|| rustix::fs::statat(CWD, entry.path, AtFlags::empty()).ok())
        .flatten();
    let stat = followed.as_ref().unwrap_or(entry.stat);
    match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
        rustix::fs::FileType::RegularFile => 'f',
        rustix::fs::FileType::Directory => 'd',
        rustix::fs::FileType::Symlink => 'l',
        rustix::fs::FileType::BlockDevice => 'b',
        rustix::fs::FileType::CharacterDevice => 'c',
        rustix::fs::FileType::Fifo => 'p',
        rustix::fs::FileType::Socket => 's',
        rustix::fs::FileType::Unknown => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(dir: &Path, line: &str) -> Vec<String> {
        let tests: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match find(dir, ".", &tests, Limits::default()) {
            Answer::Glob(paths) => {
                let mut all: Vec<String> = paths
                    .iter()
                    .map(|path| path.strip_prefix(dir).unwrap().display().to_string())
                    .collect();
                all.sort();
                all
            }
            other => vec![format!("{other:?}")],
        }
    }

    fn scene() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("a.log", "a"),
            (".hid.log", "h"),
            ("B.LOG", "b"),
            ("empty", ""),
            (".git/x.log", "g"),
            ("sub/c.log", "c"),
            ("sub/d.txt", "d"),
        ] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
        std::os::unix::fs::symlink("a.log", dir.path().join("sound")).unwrap();
        dir
    }

    #[test]
    fn tests_are_carried_out_as_find_does() {
        let dir = scene();
        let of = |line: &str| given(dir.path(), line);
        assert_eq!(
            of("-name *.log -delete"),
            [".git/x.log", ".hid.log", "a.log", "sub/c.log"]
        );
        assert_eq!(
            of("-maxdepth 1 -iname *.log -type f -delete"),
            [".hid.log", "B.LOG", "a.log"]
        );
        assert_eq!(
            of("-path ./.git -prune -o -name *.log -exec rm {} +"),
            [".hid.log", "a.log", "sub/c.log"]
        );
        assert_eq!(of("-xtype l -delete"), ["dangling"]);
        assert_eq!(of("-type l -print0"), ["dangling", "sound"]);
        assert_eq!(of("-type f -empty -delete"), ["empty"]);
        assert_eq!(of("-name *.none -delete"), [""; 0]);
        assert_eq!(
            of("-type f ! ( -name *.log -o -iname *.LOG ) -delete"),
            ["empty", "sub/d.txt"]
        );
        assert_eq!(of("-type f -mtime +3 -delete"), [""; 0]);
        assert_eq!(of("-type f -size +1k -delete"), [""; 0]);
    }

    #[test]
    fn what_only_a_program_can_say_counts_as_both() {
        let dir = scene();
        let of = |line: &str| given(dir.path(), line);
        assert_eq!(
            of("-name d.txt ! -exec grep -q x {} ; -delete"),
            ["sub/d.txt"]
        );
        assert_eq!(
            of("-name d.txt -exec grep -q x {} ; -exec rm {} ;"),
            ["sub/d.txt"]
        );
        assert_eq!(of("-name d.txt -print -o -name a.log -delete"), ["a.log"]);
        assert_eq!(of("-name d.txt -perm 7777 -delete"), [""; 0]);
        assert_eq!(of("-name d.txt -perm /400 -delete"), ["sub/d.txt"]);
        assert_eq!(of("-name d.txt ! -perm -7000 -delete"), ["sub/d.txt"]);
        assert_eq!(of("-name d.txt -perm -u+r -delete"), ["sub/d.txt"]);
        assert_eq!(of("-name d.txt -perm /a=x -delete"), [""; 0]);
        assert_eq!(of("-name d.txt -perm u+w -delete"), [""; 0]);
    }

    #[test]
    fn a_day_is_compared_with_what_no_time_zone_would_change() {
        let dir = scene();
        let of = |line: &str| given(dir.path(), line);
        assert_eq!(of("-name d.txt -newermt 2099-01-01 -delete"), [""; 0]);
        assert_eq!(
            of("-name d.txt ! -newermt 2099-01-01 -delete"),
            ["sub/d.txt"]
        );
        assert_eq!(
            of("-name d.txt -newermt 2001-01-01T10:30 -delete"),
            ["sub/d.txt"]
        );
        // Around the midnight with which the day begins it may be either.
        let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        let midnight: jiff::Timestamp = format!("{today}T00:00:00Z").parse().unwrap();
        let file = std::fs::File::options()
            .write(true)
            .open(dir.path().join("sub/d.txt"))
            .unwrap();
        file.set_modified(midnight.into()).unwrap();
        let either = ["-newermt", "! -newermt"];
        for test in either {
            let line = format!("-name d.txt {test} {today} -delete");
            assert_eq!(of(&line), ["sub/d.txt"], "{line}");
        }
    }

    #[test]
    fn a_test_that_is_not_known_gives_no_answer() {
        let dir = scene();
        for line in [
            "-regex .* -delete",
            "-perm u+s -delete",
            "-newermt yesterday -delete",
            "( -name x -delete",
            "-newer other -delete",
        ] {
            assert!(given(dir.path(), line)[0].starts_with("Unknown"), "{line}");
        }
    }
}
