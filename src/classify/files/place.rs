//! From words to places: every path that an operand may stand for, in each of its readings.
//! Nothing here knows what is done to a place, nor what stands there.

use std::path::{Component, Path, PathBuf};

use crate::classify::Context;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::word::{Hole, Part, Piece, Word};
use crate::sql::HOLE;

use super::kinds;

/// One place that an operand may stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// One absolute path, as written (`..` may still be in it); `follow` when a slash at its end makes a link be followed.
    At { path: PathBuf, follow: bool },
    /// What a pattern gives below a folder.
    Glob { dir: PathBuf, pattern: String },
    /// Something below this folder, its name unknown; `strict` when it cannot be the folder itself.
    /// `pattern` is the form of that name, where only a part of it is unknown.
    Below {
        dir: PathBuf,
        strict: bool,
        pattern: Option<String>,
    },
    /// A relative path from a working directory that is not known.
    Loose(String),
    /// A fresh place under the temporary directory.
    Scratch,
    /// Anything.
    Anywhere,
}

/// Variables that name a temporary place, or one for caches, by convention.
const TEMPORARY_NAMES: &[&str] = &[
    "TMPDIR",
    "TMP",
    "TEMP",
    "TEMPDIR",
    "TMP_DIR",
    "TEMP_DIR",
    "RUNNER_TEMP",
    "BATS_TMPDIR",
    "BATS_TEST_TMPDIR",
    "BATS_RUN_TMPDIR",
    "BATS_FILE_TMPDIR",
    "SCRATCHPAD",
    "SCRATCH_DIR",
    "AUTOPKGTEST_TMP",
    "DEBTMPDIR",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
];

/// What a hole is taken for in one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Value,
    Empty,
    Unknown,
}

#[derive(Clone, Debug)]
enum Token {
    Text(String),
    Glob(String),
    Unknown,
    Name,
}

/// Returns the places that a word may stand for, the readings of inherited variables side by side.
pub fn places(
    word: &Word,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Place> {
    if let Some(first) = word.pieces.first()
        && let Part::Hole(Hole::Inherited(name)) = &first.part
        && TEMPORARY_NAMES.contains(&name.as_str())
        && below_itself(word)
    {
        return vec![Place::Scratch];
    }
    let mut found: Vec<Place> = Vec::new();
    for reading in readings(word) {
        let Some(tokens) = tokens(word, reading, context, needs) else {
            continue;
        };
        if let Some(place) = locate(&tokens, &command.cwd)
            && !found.contains(&place)
        {
            let behind = super::linked::behind(&place, context);
            found.push(place);
            found.extend(behind);
        }
    }
    found
}

/// Returns the places that are written under a word: what starts with an unknown folder is not taken for the system's own
/// (`"$PREFIX/lib/x"`), because an empty folder name would lead there.
pub fn places_written(
    word: &Word,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Place> {
    let mut found = places(word, command, context, needs);
    if word.has_hole()
        && let Some(path) = super::linked::behind_scratch(word, context)
    {
        found.push(Place::At { path, follow: true });
    }
    let first = word.pieces.first().map(|piece| &piece.part);
    if matches!(first, Some(Part::Hole(Hole::Inherited(_)))) {
        let mut reading = |reading| {
            tokens(word, reading, context, needs).and_then(|tokens| locate(&tokens, &command.cwd))
        };
        let (empty, value) = (reading(Reading::Empty), reading(Reading::Value));
        let system = |place: &Place| match place {
            Place::At { path, .. } => {
                kinds::guarded(path, "") == Some(kinds::Guarded::System) || kinds::is_setting(path)
            }
            Place::Glob { .. }
            | Place::Below { .. }
            | Place::Loose(_)
            | Place::Scratch
            | Place::Anywhere => false,
        };
        found.retain(|place| {
            empty.as_ref() != Some(place) || value.as_ref() == Some(place) || !system(place)
        });
    }
    found
}

/// Tells whether what a word names is output by its own name, whatever the unknown part before it stands for (`"$DIR/node_modules"`).
pub fn is_output_somewhere(word: &Word, context: &Context<'_>) -> bool {
    /// Names that nobody gives to anything else.
    const CERTAIN: [&str; 6] = [
        "node_modules",
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        "*.pyc",
    ];
    let is_hole = |piece: &Piece| matches!(piece.part, Part::Hole(_));
    let Some(last) = word.pieces.iter().rposition(is_hole) else {
        return false;
    };
    let tail: String = (word.pieces.iter().skip(last + 1))
        .map(|piece| match &piece.part {
            Part::Literal(text) | Part::Glob(text) => text.as_str(),
            Part::Hole(_) => "",
        })
        .collect();
    let certain = CERTAIN.map(str::to_owned);
    let names = if context.facts.assumed {
        context.regenerable
    } else {
        &certain
    };
    if is_within_output(word, names) {
        return true;
    }
    let Some(rest) = tail.strip_prefix('/') else {
        // `"$f.pyc"`: its ending says what it is.
        let ending = tail.starts_with('.') && !tail.contains('/');
        return ending && kinds::is_regenerable_name(&format!("?{tail}"), names);
    };
    let rest = Path::new(rest);
    if rest
        .components()
        .any(|part| !matches!(part, Component::Normal(_)))
    {
        return false;
    }
    kinds::regenerable(rest, Path::new(""), names).is_some()
}

/// Tells whether a folder of output stands whole between two unknown parts: `"$DIR/__pycache__/$NAME".*`.
fn is_within_output(word: &Word, names: &[String]) -> bool {
    // Of several words only the first has what stands before.
    let prints = |piece: &Piece| matches!(piece.part, Part::Hole(Hole::Unknown));
    if word.many && word.pieces.iter().any(prints) {
        return false;
    }
    let mut text = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(part) | Part::Glob(part) => text.push_str(part),
            Part::Hole(_) => text.push(HOLE),
        }
    }
    let parts: Vec<&str> = text.split('/').collect();
    let is_output = |part: &&str| {
        !part.contains(HOLE) && kinds::regenerable(Path::new(part), Path::new(""), names).is_some()
    };
    let at = parts.iter().position(is_output);
    let unknown = |at: usize| parts.iter().take(at).any(|part| part.contains(HOLE));
    at.is_some_and(|at| unknown(at) && at + 1 < parts.len()) && !parts.contains(&"..")
}

/// Tells whether a word is a temporary variable, a slash and then a name (`"$TMPDIR/x"`, not `"$TMPDIR"/*`).
fn below_itself(word: &Word) -> bool {
    let Some(next) = word.pieces.get(1) else {
        return false;
    };
    let Part::Literal(text) = &next.part else {
        return false;
    };
    let name = text.trim_start_matches('/');
    text.starts_with('/') && !name.is_empty() && !escapes(Path::new(name))
}

fn readings(word: &Word) -> Vec<Reading> {
    let inherited = word
        .pieces
        .iter()
        .any(|piece| matches!(piece.part, Part::Hole(Hole::Inherited(_))));
    if inherited {
        vec![Reading::Value, Reading::Empty, Reading::Unknown]
    } else {
        vec![Reading::Unknown]
    }
}

/// Returns the parts of a word in one reading; nothing when the reading does not exist (no value is known).
fn tokens(
    word: &Word,
    reading: Reading,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Vec<Token>> {
    let mut all: Vec<Token> = Vec::new();
    for piece in &word.pieces {
        let token = match &piece.part {
            Part::Literal(text) => Token::Text(text.clone()),
            Part::Glob(text) => Token::Glob(text.clone()),
            Part::Hole(Hole::Unknown) => Token::Unknown,
            Part::Hole(Hole::Name) => Token::Name,
            Part::Hole(Hole::Inherited(name)) => match reading {
                Reading::Empty => Token::Text(String::new()),
                Reading::Unknown => Token::Unknown,
                Reading::Value => Token::Text(value(name, context, needs)?),
            },
        };
        match (all.last_mut(), token) {
            (Some(Token::Text(before)), Token::Text(text)) => before.push_str(&text),
            (_, token) => all.push(token),
        }
    }
    Some(all)
}

fn value(name: &str, context: &Context<'_>, needs: &mut Needs) -> Option<String> {
    if context.facts.assumed {
        return None;
    }
    match context
        .facts
        .ask(Question::Variable(name.to_owned()), needs)?
    {
        Answer::Variable(text) => Some(text.clone()),
        Answer::Entry(_)
        | Answer::Tree(_)
        | Answer::Glob(_)
        | Answer::Text { .. }
        | Answer::Pages(_)
        | Answer::Git(_)
        | Answer::Refs(_)
        | Answer::Database(_)
        | Answer::Container(_)
        | Answer::Absent
        | Answer::Unknown(_)
        | Answer::Clock { .. }
        | Answer::Assumed => None,
    }
}

fn locate(tokens: &[Token], cwd: &Cwd) -> Option<Place> {
    let mut before = String::new();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Text(text) => before.push_str(text),
            Token::Glob(_) => return Some(globbed(&before, tokens.get(index..)?, cwd)),
            Token::Unknown | Token::Name => {
                let after = tokens.get(index + 1..).unwrap_or_default();
                let name = matches!(token, Token::Name);
                return Some(below(&before, after, name, cwd));
            }
        }
    }
    (!before.is_empty()).then(|| at(&before, cwd))
}

fn at(text: &str, cwd: &Cwd) -> Place {
    match absolute(text, cwd) {
        Base::Known(path) => Place::At {
            path,
            follow: text.ends_with('/') || text.ends_with("/.") || matches!(text, "." | ".."),
        },
        Base::Scratch => Place::Scratch,
        Base::Unknown => Place::Loose(text.to_owned()),
    }
}

fn globbed(before: &str, rest: &[Token], cwd: &Cwd) -> Place {
    let (dir, start) = split_dir(before);
    let mut pattern = escaped(start);
    for token in rest {
        match token {
            Token::Text(text) => pattern.push_str(&escaped(text)),
            Token::Glob(text) => pattern.push_str(text),
            Token::Unknown | Token::Name => return folder(dir, true, None, cwd),
        }
    }
    if let Some(path) = led_out(dir, &pattern) {
        return match path.contains(['*', '?', '[']) {
            true => {
                let (dir, pattern) = split_dir(&path);
                match absolute(dir, cwd) {
                    Base::Known(dir) => Place::Glob {
                        dir,
                        pattern: pattern.to_owned(),
                    },
                    Base::Scratch | Base::Unknown => Place::Loose(path),
                }
            }
            false => at(&path, cwd),
        };
    }
    match absolute(dir, cwd) {
        Base::Known(dir) => Place::Glob { dir, pattern },
        Base::Scratch => Place::Scratch,
        Base::Unknown => Place::Loose(format!("{dir}{pattern}")),
    }
}

/// Protects literal text from being read as a pattern.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '(') {
            all.push('\\');
        }
        all.push(letter);
    }
    all
}

fn below(before: &str, after: &[Token], name: bool, cwd: &Cwd) -> Place {
    let (dir, start) = split_dir(before);
    if before.is_empty() && !name {
        return Place::Anywhere;
    }
    if before == "/" && !name {
        return Place::Anywhere;
    }
    let texts = after.iter().map(|token| match token {
        Token::Text(text) => Some(text.as_str()),
        Token::Glob(_) | Token::Unknown | Token::Name => None,
    });
    let texts: Option<String> = texts.collect();
    if let Some(path) = texts.and_then(|rest| led_out(dir, &format!("{start}?{rest}")))
        && !path.contains('?')
    {
        return at(&path, cwd);
    }
    let more = after
        .iter()
        .any(|token| !matches!(token, Token::Text(text) if text.trim_matches('/').is_empty()));
    let pattern = name.then(|| named(start, after)).flatten();
    folder(dir, name || !start.is_empty() || more, pattern, cwd)
}

/// Returns the form of a name that is unknown in parts; nothing where no part of it is known, or a folder begins in it.
fn named(start: &str, after: &[Token]) -> Option<String> {
    let mut pattern = escaped(start);
    pattern.push('*');
    for token in after {
        match token {
            Token::Text(text) if !text.trim_end_matches('/').contains('/') => {
                pattern.push_str(&escaped(text.trim_end_matches('/')));
            }
            Token::Name => pattern.push('*'),
            Token::Text(_) | Token::Glob(_) | Token::Unknown => return None,
        }
    }
    (pattern.chars().any(|letter| letter != '*')).then_some(pattern)
}

fn folder(dir: &str, strict: bool, pattern: Option<String>, cwd: &Cwd) -> Place {
    match absolute(dir, cwd) {
        Base::Known(dir) => Place::Below {
            dir,
            strict,
            pattern,
        },
        Base::Scratch => Place::Scratch,
        Base::Unknown => Place::Loose(format!("{dir}?")),
    }
}

/// Returns where names behind a folder lead whose `..` go out of it: each name that is not known is one.
fn led_out(dir: &str, names: &str) -> Option<String> {
    if !names.split('/').any(|name| name == "..") || !escapes(Path::new(names)) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for name in dir.split('/').chain(names.split('/')) {
        match name {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if dir.starts_with('/') => {}
            name => kept.push(name),
        }
    }
    let root = if dir.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", kept.join("/")))
}

/// Splits before the last name: `a/b` gives `a/` and `b`.
fn split_dir(text: &str) -> (&str, &str) {
    match text.rfind('/') {
        Some(index) => text.split_at(index + 1),
        None => ("", text),
    }
}

enum Base {
    Known(PathBuf),
    Scratch,
    Unknown,
}

fn absolute(text: &str, cwd: &Cwd) -> Base {
    if text.starts_with('/') {
        return Base::Known(PathBuf::from(text));
    }
    match cwd {
        Cwd::Known(dir) => Base::Known(if text.is_empty() {
            dir.clone()
        } else {
            dir.join(text)
        }),
        Cwd::Temporary if !escapes(Path::new(text)) => Base::Scratch,
        Cwd::Temporary | Cwd::Unknown => Base::Unknown,
    }
}

/// Tells whether `..` leads a relative path out of where it starts.
fn escapes(path: &Path) -> bool {
    let mut depth = 0_i64;
    for part in path.components() {
        match part {
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            Component::RootDir | Component::Prefix(_) => return true,
            Component::CurDir => {}
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

/// Returns the path without `.` and `..`, links left aside.
pub fn lexical(path: &Path) -> PathBuf {
    let mut all = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                all.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                all.push(part.as_os_str());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::{Bench, command, hole, join, word};

    fn of(word: &Word) -> Vec<Place> {
        let bench = Bench::assumed();
        places(
            word,
            &command(&["rm"]),
            &bench.context(),
            &mut Needs::default(),
        )
    }

    #[test]
    fn a_relative_word_is_joined_to_the_working_directory() {
        assert_eq!(
            of(&word("data")),
            [Place::At {
                path: "/home/ann/shop/data".into(),
                follow: false
            }]
        );
    }

    #[test]
    fn an_inherited_variable_before_a_glob_may_be_the_root() {
        let word = join(&[
            hole(Hole::Inherited("DIR".into())),
            word("/"),
            bench_glob("*"),
        ]);
        let places = of(&word);
        assert!(places.contains(&Place::Glob {
            dir: "/".into(),
            pattern: "*".into()
        }));
        assert!(places.contains(&Place::Anywhere));
    }

    fn bench_glob(text: &str) -> Word {
        crate::classify::files::bench::glob(text)
    }

    #[test]
    fn a_name_below_a_known_folder_stays_there() {
        let word = join(&[word("/srv/a/"), hole(Hole::Name)]);
        assert_eq!(
            of(&word),
            [Place::Below {
                dir: "/srv/a/".into(),
                strict: true,
                pattern: None
            }]
        );
    }

    #[test]
    fn a_way_out_of_a_folder_behind_a_name_that_nobody_knows_is_followed() {
        let fresh = |rest: &str| join(&[word("/tmp/"), hole(Hole::Name), word(rest)]);
        let known = |path: &str| Place::At {
            path: path.into(),
            follow: false,
        };
        assert_eq!(of(&fresh("/../../srv/data")), [known("/srv/data")]);
        for stays in ["/a/../b", "/a/../../b"] {
            let places = of(&fresh(stays));
            assert!(
                matches!(places.as_slice(), [Place::Below { .. }]),
                "{stays}"
            );
        }
        let pattern = join(&[word("/tmp/"), bench_glob("*"), word("/../../srv/data")]);
        assert_eq!(of(&pattern), [known("/srv/data")]);
    }

    #[test]
    fn a_temporary_variable_and_a_name_are_scratch_but_its_whole_content_is_not() {
        let tmp = || hole(Hole::Inherited("TMPDIR".into()));
        assert_eq!(of(&join(&[tmp(), word("/x")])), [Place::Scratch]);
        assert_ne!(
            of(&join(&[tmp(), word("/"), bench_glob("*")])),
            [Place::Scratch]
        );
        assert_ne!(of(&join(&[tmp(), word("/../x")])), [Place::Scratch]);
    }

    #[test]
    fn output_below_an_unknown_folder_is_output_and_a_way_out_of_it_is_not() {
        let bench = Bench::assumed();
        let dir = || hole(Hole::Inherited("DIR".into()));
        let is = |tail: &str| is_output_somewhere(&join(&[dir(), word(tail)]), &bench.context());
        assert!(is("/node_modules") && is("/web/dist/"));
        assert!(!is("node_modules") && !is("/") && !is("/dist/../data") && !is("/data"));
        let name = || hole(Hole::Inherited("NAME".into()));
        let two = |middle: &str| {
            is_output_somewhere(&join(&[dir(), word(middle), name()]), &bench.context())
        };
        assert!(two("/node_modules/") && two("/web/dist/a-"));
        assert!(!two("/data/") && !two("/dist") && !two("/dist/../") && !two("dist/"));
        let known = join(&[word("/srv/dist/"), name()]);
        assert!(!is_output_somewhere(&known, &bench.context()));
    }

    #[test]
    fn an_empty_prefix_does_not_lead_to_the_system_when_something_is_written() {
        let bench = Bench::assumed();
        let to = join(&[hole(Hole::Inherited("PREFIX".into())), word("/lib/x.py")]);
        let (command, mut needs) = (command(&["cp"]), Needs::default());
        let written = places_written(&to, &command, &bench.context(), &mut needs);
        assert!(!written.contains(&Place::At {
            path: "/lib/x.py".into(),
            follow: false
        }));
        assert!(written.contains(&Place::Anywhere));
    }

    #[test]
    fn an_empty_word_is_no_place() {
        assert_eq!(of(&word("")), []);
    }
}
