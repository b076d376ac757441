//! make's functions of text: words in, words out.
//! It knows no variables and asks nothing; where the shell would have to be asked it says so.

use super::text::{PERHAPS, has_hole, is_pattern};

/// Names of the functions that only turn text into text, with the number of their arguments.
const FUNCTIONS: [(&str, usize); 21] = [
    ("subst", 3),
    ("patsubst", 3),
    ("strip", 1),
    ("findstring", 2),
    ("filter", 2),
    ("filter-out", 2),
    ("sort", 1),
    ("word", 2),
    ("wordlist", 3),
    ("words", 1),
    ("firstword", 1),
    ("lastword", 1),
    ("dir", 1),
    ("notdir", 1),
    ("suffix", 1),
    ("basename", 1),
    ("addsuffix", 2),
    ("addprefix", 2),
    ("join", 2),
    ("abspath", 1),
    ("realpath", 1),
];

/// Returns how many arguments a function of text takes; nothing where the name is none.
pub(super) fn arity(name: &str) -> Option<usize> {
    let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
    known.map(|(_, count)| *count)
}

/// Returns what a function makes of its arguments; nothing where that is not known.
pub(super) fn apply(name: &str, args: &[String], cwd: Option<&str>) -> Option<String> {
    let perhaps = args.iter().any(|arg| arg.contains(PERHAPS));
    let args: Vec<String> = args.iter().map(|arg| arg.replace(PERHAPS, "")).collect();
    let arg = |at: usize| args.get(at).map_or("", String::as_str);
    let keeps = matches!(name, "strip" | "sort" | "filter" | "filter-out");
    if !keeps && args.iter().any(|arg| has_hole(arg)) {
        return None;
    }
    let mut text = match name {
        "subst" => match arg(0).is_empty() {
            true => format!("{}{}", arg(2), arg(1)),
            false => arg(2).replace(arg(0), arg(1)),
        },
        "patsubst" => replaced(arg(0), arg(1), arg(2))?,
        "strip" => joined(arg(0).split_whitespace()),
        "findstring" => match arg(1).contains(arg(0)) {
            true => arg(0).to_owned(),
            false => String::new(),
        },
        "filter" | "filter-out" => filtered(arg(0), arg(1), name == "filter"),
        "sort" => {
            let mut all: Vec<&str> = arg(0).split_whitespace().collect();
            all.sort_unstable();
            all.dedup();
            joined(all.into_iter())
        }
        "word" | "wordlist" | "words" | "firstword" | "lastword" => counted(name, &args)?,
        "addsuffix" => each(arg(1), |word| format!("{word}{}", arg(0))),
        "addprefix" => each(arg(1), |word| format!("{}{word}", arg(0))),
        "join" => paired(arg(0), arg(1)),
        "abspath" | "realpath" => {
            let cwd = cwd?;
            each(arg(0), |word| absolute(cwd, word))
        }
        _ => each(arg(0), |word| part_of(name, word)),
    };
    if perhaps && !text.trim().is_empty() {
        text.push(PERHAPS);
    }
    Some(text)
}

fn joined<'t>(words: impl Iterator<Item = &'t str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn each(text: &str, make: impl Fn(&str) -> String) -> String {
    let words = text.split_whitespace().map(make);
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// `$(patsubst a%,b%,words)`, which `$(name:a%=b%)` is as well.
pub(super) fn replaced(pattern: &str, to: &str, text: &str) -> Option<String> {
    let mut all = Vec::new();
    for word in text.split_whitespace() {
        match stem(pattern, word) {
            Some(stem) if pattern.contains('%') => all.push(to.replacen('%', stem, 1)),
            Some(_) => all.push(to.to_owned()),
            // Some of the files that a pattern stands for may fit, others not.
            None if is_pattern(word) => return None,
            None => all.push(word.to_owned()),
        }
    }
    Some(all.join(" "))
}

/// Returns what `%` stands for where a word fits a pattern.
pub(super) fn stem<'w>(pattern: &str, word: &'w str) -> Option<&'w str> {
    match pattern.split_once('%') {
        Some((head, tail)) if word.len() >= head.len() + tail.len() => {
            word.strip_prefix(head)?.strip_suffix(tail)
        }
        Some(_) => None,
        None => (pattern == word).then_some(word),
    }
}

/// Words that fit, or do not; one that is not known may be either, and stays.
fn filtered(patterns: &str, text: &str, keep: bool) -> String {
    let unclear = has_hole(patterns);
    joined(text.split_whitespace().filter(|word| {
        let open = unclear || has_hole(word) || is_pattern(word);
        let fits = patterns
            .split_whitespace()
            .any(|pattern| stem(pattern, word).is_some());
        open || fits == keep
    }))
}

fn counted(name: &str, args: &[String]) -> Option<String> {
    let arg = |at: usize| args.get(at).map_or("", String::as_str).trim();
    let text = args.last().map_or("", String::as_str);
    let words: Vec<&str> = text.split_whitespace().collect();
    // One pattern may be many words.
    if words.iter().any(|word| is_pattern(word)) {
        return (name != "words").then(|| joined(words.into_iter()));
    }
    let number = |text: &str| text.parse::<usize>().ok();
    let one = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
    Some(match name {
        "words" => words.len().to_string(),
        "firstword" => one(0),
        "lastword" => one(words.len().saturating_sub(1)),
        "word" => one(number(arg(0))?.checked_sub(1)?),
        _ => {
            let (from, to) = (number(arg(0))?.checked_sub(1)?, number(arg(1))?);
            let to = to.min(words.len());
            joined(words.get(from..to).unwrap_or_default().iter().copied())
        }
    })
}

fn paired(first: &str, second: &str) -> String {
    let (first, second): (Vec<&str>, Vec<&str>) = (
        first.split_whitespace().collect(),
        second.split_whitespace().collect(),
    );
    let of = |list: &[&str], at: usize| list.get(at).copied().unwrap_or_default().to_owned();
    let count = first.len().max(second.len());
    let all: Vec<String> = (0..count)
        .map(|at| of(&first, at) + &of(&second, at))
        .collect();
    all.join(" ")
}

/// `dir`, `notdir`, `suffix` and `basename` of one word.
fn part_of(name: &str, word: &str) -> String {
    let (folder, file) = match word.rfind('/') {
        Some(at) => word.split_at(at + 1),
        None => ("", word),
    };
    let dot = file.rfind('.');
    match name {
        "dir" if folder.is_empty() => "./".to_owned(),
        "dir" => folder.to_owned(),
        "notdir" => file.to_owned(),
        "suffix" => dot
            .and_then(|at| file.get(at..))
            .unwrap_or_default()
            .to_owned(),
        _ => {
            let end = folder.len() + dot.unwrap_or(file.len());
            word.get(..end).unwrap_or_default().to_owned()
        }
    }
}

fn absolute(cwd: &str, word: &str) -> String {
    let mut all: Vec<&str> = Vec::new();
    let whole = match word.starts_with('/') {
        true => word.to_owned(),
        false => format!("{cwd}/{word}"),
    };
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                all.pop();
            }
            part => all.push(part),
        }
    }
    format!("/{}", all.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, args: &[&str]) -> String {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        apply(name, &args, Some("/proj")).unwrap_or_else(|| "?".to_owned())
    }

    #[test]
    fn functions_make_words_of_words() {
        for (name, args, want) in [
            ("subst", vec!["ee", "EE", "feet on"], "fEEt on"),
            ("patsubst", vec!["%.c", "out/%.o", "a.c b.h"], "out/a.o b.h"),
            ("strip", vec![" a   b "], "a b"),
            ("findstring", vec!["a", "b a"], "a"),
            ("filter", vec!["%.c %.s", "a.c b.h c.s"], "a.c c.s"),
            ("filter-out", vec!["keep", "old keep"], "old"),
            ("sort", vec!["b a b"], "a b"),
            ("word", vec!["2", "a b c"], "b"),
            ("wordlist", vec!["2", "3", "a b c d"], "b c"),
            ("words", vec!["a b"], "2"),
            ("firstword", vec!["a b"], "a"),
            ("lastword", vec!["a b"], "b"),
            ("dir", vec!["src/a.c b"], "src/ ./"),
            ("notdir", vec!["src/a.c b"], "a.c b"),
            ("suffix", vec!["src.1/a.c b"], ".c"),
            ("basename", vec!["src.1/a.c b"], "src.1/a b"),
            ("addsuffix", vec![".o", "a b"], "a.o b.o"),
            ("addprefix", vec!["x/", "a b"], "x/a x/b"),
            ("join", vec!["a b", ".c .o"], "a.c b.o"),
            ("abspath", vec!["a/../b /c"], "/proj/b /c"),
        ] {
            assert_eq!(of(name, &args), want, "{name}");
        }
    }

    #[test]
    fn what_only_the_shell_knows_is_not_made_up() {
        let hole = format!("{}0{}", super::super::text::OPEN, super::super::text::CLOSE);
        assert_eq!(of("notdir", &[&hole]), "?");
        assert_eq!(of("filter-out", &["a", &format!("a {hole}")]), hole);
        let found = super::super::text::found("src/*.c");
        assert_eq!(of("filter", &["a.c", &found]), found);
        assert_eq!(of("patsubst", &["%.h", "%.o", &found]), "?");
    }
}
