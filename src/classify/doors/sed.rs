//! sed's doors to a shell: the command `e`, and the flag `e` of `s`, which runs what the replacement gives.
//! It reads no other command of a script than it needs to find those.

use crate::classify::files::Args;
use crate::classify::files::Valued;
use crate::classify::sql::{Started, options};
use crate::model::command::{Command, Stdin};
use crate::model::word::{Part, Word};

/// Commands of one script that are looked at.
const MAX_COMMANDS: usize = 20_000;
/// Lines of known input that are put behind a replacement.
const MAX_LINES: usize = 20_000;
/// Stands for text that is not known.
const UNKNOWN: &str = "$(line)";

const VALUED: Valued = Valued {
    short: "efl",
    long: &["--expression", "--file", "--line-length"],
};

/// Returns what the scripts of a sed would run.
pub fn started(command: &Command) -> Vec<Started> {
    let mut all = Vec::new();
    for word in scripts(command) {
        let text = super::shell_text(&word);
        for run in runs(&text) {
            for text in texts(&run, command) {
                all.push(Started {
                    text,
                    origin: word.origin.clone(),
                });
            }
        }
    }
    all
}

/// Returns the files that the command `w` of a script begins anew.
pub fn written(command: &Command) -> Vec<Word> {
    let mut all = Vec::new();
    for word in scripts(command) {
        for run in word.text().map(|text| all_runs(&text)).unwrap_or_default() {
            if let Run::Writes(file) = run
                && !file.is_empty()
                && !file.starts_with("/dev/std")
            {
                all.push(Word::literal(file, word.origin.clone()));
            }
        }
    }
    all
}

/// Returns the words that hold scripts.
fn scripts(command: &Command) -> Vec<Word> {
    let mut all = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        let short = head.starts_with('-') && !head.starts_with("--");
        if head.starts_with("--expression=") {
            all.push(options::tail(word, "--expression=".len()));
        } else if head == "--expression" || (short && head.ends_with('e') && is_cluster(&head)) {
            all.extend(words.next().cloned());
        } else if head.starts_with("-e") {
            all.push(options::tail(word, 2));
        }
    }
    let args = Args::read(command.args(), VALUED);
    if all.is_empty() && !args.has(&["-f", "--file"]) {
        all.extend(
            args.operands
                .iter()
                .find(|word| !is_empty(word))
                .map(|word| (*word).clone()),
        );
    }
    all
}

/// `sed -i '' …` of BSD: no ending for a copy.
fn is_empty(word: &Word) -> bool {
    word.text().is_some_and(|text| text.is_empty())
}

/// Returns the text that a sed puts into the files which it changes, and these files; nothing where it changes none.
pub fn added(command: &Command) -> Option<(String, Vec<Word>)> {
    let args = Args::read(command.args(), VALUED);
    let clustered = |word: &Word| {
        let head = word.prefix();
        let letters = head.strip_prefix('-').unwrap_or_default();
        !letters.starts_with('-')
            && letters
                .trim_start_matches(['n', 'E', 'r', 's', 'u', 'z'])
                .starts_with('i')
    };
    let long = |word: &Word| word.prefix_starts("--in-place");
    if !command
        .args()
        .iter()
        .any(|word| clustered(word) || long(word))
    {
        return None;
    }
    let given = args.has(&["-e", "--expression", "-f", "--file"])
        || command
            .args()
            .iter()
            .any(|word| word.prefix_starts("--expression="));
    let scripts: Vec<String> = scripts(command).iter().map(super::shell_text).collect();
    let operands = args.operands.iter().filter(|word| !is_empty(word));
    let files = operands
        .skip(usize::from(!given))
        .map(|word| (*word).clone());
    let text: Vec<String> = all_runs(&scripts.join("\n"))
        .into_iter()
        .filter_map(|run| match run {
            Run::Adds(text) => Some(text),
            Run::Command(_) | Run::Line(..) | Run::Writes(_) => None,
        })
        .collect();
    Some((text.join("\n"), files.collect()))
}

/// Tells whether a word is a cluster of flags that ends in `-e`.
fn is_cluster(head: &str) -> bool {
    let letters = head.trim_start_matches('-').trim_end_matches('e');
    letters.chars().all(|letter| "nErsuzb".contains(letter))
}

/// What one command of a script runs.
#[derive(Debug, PartialEq, Eq)]
enum Run {
    /// `e COMMAND`.
    Command(String),
    /// The line after a substitution: whether it begins with the replacement, and the replacement.
    Line(bool, String),
    /// `w FILE`: nothing runs, and the file begins anew.
    Writes(String),
    /// Nothing runs: the text of `a`, `i` and `c`, and what a substitution puts in.
    Adds(String),
}

/// Finds the commands of a script that run something.
fn runs(script: &str) -> Vec<Run> {
    let mut all = all_runs(script);
    all.retain(|run| !matches!(run, Run::Adds(_) | Run::Writes(_)));
    all
}

fn all_runs(script: &str) -> Vec<Run> {
    let mut all = Vec::new();
    let mut rest = script;
    for _ in 0..MAX_COMMANDS {
        rest = addressed(rest);
        let Some(name) = rest.chars().next() else {
            break;
        };
        let after = rest.get(name.len_utf8()..).unwrap_or_default();
        match name {
            's' => match substitution(after) {
                Some((runs, left)) => {
                    all.extend(runs);
                    rest = left;
                }
                None => break,
            },
            'y' => {
                let left = cut(after).and_then(|(_, _, left)| cut_same(after, left));
                rest = left.unwrap_or_default();
            }
            'e' => {
                let (text, left) = after.split_once('\n').unwrap_or((after, ""));
                let text = text.trim();
                all.push(match text.split(['}', ';']).next().map(str::trim) {
                    None | Some("") => Run::Line(true, String::new()),
                    Some(_) => Run::Command(text.to_owned()),
                });
                rest = left;
            }
            'a' | 'i' | 'c' => {
                let (text, left) = text_of_lines(after);
                all.push(Run::Adds(text));
                rest = left;
            }
            'w' | 'W' => {
                let (file, left) = after.split_once('\n').unwrap_or((after, ""));
                all.push(Run::Writes(file.trim().to_owned()));
                rest = left;
            }
            'r' | 'R' | ':' | '#' | 'b' | 't' | 'T' => {
                let ends: &[char] = match name {
                    'b' | 't' | 'T' | ':' => &[';', '\n'],
                    _ => &['\n'],
                };
                let end = after.find(ends).unwrap_or(after.len());
                rest = after.get(end..).unwrap_or_default();
            }
            _ => rest = after,
        }
    }
    all
}

/// Reads the text behind `a`, `i` or `c`: to the first end of a line that no backslash takes away.
fn text_of_lines(after: &str) -> (String, &str) {
    let mut rest = after.trim_start_matches([' ', '\t']);
    if let Some(behind) = rest.strip_prefix('\\') {
        let line = behind.trim_start_matches([' ', '\t']);
        rest = line.strip_prefix('\n').unwrap_or(behind);
    }
    let mut text = String::new();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' => return (text, rest.get(at + 1..).unwrap_or_default()),
            '\\' => text.extend(letters.next().map(|(_, letter)| letter)),
            other => text.push(other),
        }
    }
    (text, "")
}

/// Skips blanks, separators and addresses in front of a command.
fn addressed(script: &str) -> &str {
    let mut rest = script;
    for _ in 0..MAX_COMMANDS {
        let plain = rest.trim_start_matches(|letter: char| {
            letter.is_ascii_digit()
                || letter.is_whitespace()
                || matches!(letter, ';' | '{' | '}' | '!' | ',' | '$' | '~' | '+')
        });
        let pattern = match plain.chars().next() {
            Some('/') => Some(plain),
            Some('\\') => plain.get(1..),
            Some(_) | None => None,
        };
        match pattern.and_then(cut) {
            Some((_, _, left)) => rest = left.trim_start_matches(['I', 'M']),
            None => return plain,
        }
    }
    ""
}

/// Splits `/text/rest` at the next delimiter that no backslash protects.
fn cut(text: &str) -> Option<(char, &str, &str)> {
    let delimiter = text.chars().next()?;
    let body = text.get(delimiter.len_utf8()..)?;
    let (found, left) = until(body, delimiter)?;
    Some((delimiter, found, left))
}

/// Skips the second part of `y/a/b/`.
fn cut_same<'t>(whole: &str, left: &'t str) -> Option<&'t str> {
    until(left, whole.chars().next()?).map(|(_, left)| left)
}

fn until(text: &str, delimiter: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == delimiter {
            return Some((text.get(..at)?, text.get(at + letter.len_utf8()..)?));
        }
    }
    None
}

/// Reads what follows an `s`; nothing when it has no end.
fn substitution(text: &str) -> Option<(Vec<Run>, &str)> {
    let (delimiter, pattern, left) = cut(text)?;
    let (replacement, left) = until(left, delimiter)?;
    let end = left
        .find(|letter: char| !letter.is_ascii_alphanumeric())
        .unwrap_or(left.len());
    let (flags, mut rest) = left.split_at_checked(end)?;
    let mut all = Vec::new();
    // `w FILE` takes the rest of the line.
    if flags.contains('w') {
        let (file, left) = rest.split_once('\n').unwrap_or((rest, ""));
        let known = flags.split_once('w').map_or("", |(_, begun)| begun);
        all.push(Run::Writes(format!("{known}{file}").trim().to_owned()));
        rest = left;
    }
    let own = flags.split(['w', 'W']).next().unwrap_or_default();
    let starts = pattern.is_empty() || pattern.starts_with(['^', '.']);
    let run = if own.contains('e') {
        Run::Line(starts, plain(replacement))
    } else {
        Run::Adds(plain(replacement))
    };
    all.push(run);
    Some((all, rest))
}

/// The replacement as text: groups and the match itself are not known.
fn plain(replacement: &str) -> String {
    let mut all = String::new();
    let mut letters = replacement.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '&' => all.push_str(UNKNOWN),
            '\\' => match letters.next() {
                Some(digit) if digit.is_ascii_digit() => all.push_str(UNKNOWN),
                Some('n') => all.push('\n'),
                Some(other) => all.push(other),
                None => {}
            },
            other => all.push(other),
        }
    }
    all
}

/// Returns the shell texts of one run, with the lines of a known input.
fn texts(run: &Run, command: &Command) -> Vec<String> {
    let (starts, replacement) = match run {
        Run::Adds(_) | Run::Writes(_) => return Vec::new(),
        Run::Command(text) => return vec![text.clone()],
        Run::Line(starts, replacement) => (*starts, replacement),
    };
    let known = match &command.stdin {
        Stdin::Text(word) if starts => lines(word),
        _ => Vec::new(),
    };
    if !known.is_empty() {
        return known
            .iter()
            .map(|line| format!("{replacement}{line}"))
            .collect();
    }
    let first = replacement.trim_start();
    if first.is_empty() || first.starts_with(UNKNOWN) {
        return vec!["eval \"$UNKNOWN\"".to_owned()];
    }
    vec![format!("{replacement}{UNKNOWN}")]
}

fn lines(word: &Word) -> Vec<String> {
    let mut all = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(_) => all.push_str(UNKNOWN),
        }
    }
    all.lines().take(MAX_LINES).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_e_runs_the_replacement_and_other_flags_do_not() {
        assert_eq!(
            runs("s,^,rm -rf ,e"),
            [Run::Line(true, "rm -rf ".to_owned())]
        );
        assert_eq!(
            runs(r#"/^(.*)\/(.+)\.py$/s,,rm "\1/__pycache__/\2".*,e"#),
            [Run::Line(
                true,
                "rm \"$(line)/__pycache__/$(line)\".*".to_owned()
            )]
        );
        for script in [
            "s/a/e/",
            "s/a/b/g",
            "s/a/b/w e.txt",
            "y/e/f/;p",
            "/e/d",
            "n;d",
            "a e text",
            "s/a/rm -rf x/",
            ":e;be",
        ] {
            assert_eq!(runs(script), [], "{script}");
        }
    }

    #[test]
    fn texts_that_are_put_in_are_read_in_each_way_of_writing_them() {
        let line = |script: &str| all_runs(script);
        for script in [
            "$a rm -rf x",
            "$ a\\rm -rf x",
            "1i\\\nrm -rf x",
            "/^e/c\\  \nrm -rf x",
        ] {
            assert_eq!(line(script), [Run::Adds("rm -rf x".to_owned())], "{script}");
        }
        let two = "$a\\\nrm \\\n -rf x\np";
        assert_eq!(line(two), [Run::Adds("rm \n -rf x".to_owned())]);
    }

    #[test]
    fn the_command_e_runs_its_text_or_the_line() {
        assert_eq!(runs("1e rm -rf x"), [Run::Command("rm -rf x".to_owned())]);
        assert_eq!(runs("p;e"), [Run::Line(true, String::new())]);
        assert_eq!(runs("s/a/b/;1e"), [Run::Line(true, String::new())]);
    }

    #[test]
    fn the_files_that_a_script_writes_are_named() {
        use crate::classify::files::bench::command;
        let named = |script: &str| -> Vec<String> {
            let all = written(&command(&["sed", "-n", script, "in.txt"]));
            all.iter().map(Word::shown).collect()
        };
        assert_eq!(named("w out.txt"), ["out.txt"]);
        assert_eq!(named("/a/w out.txt\np"), ["out.txt"]);
        let nothing: [&str; 0] = [];
        for script in ["s/w x/y/", "a\\\nw x", "p", "w /dev/stdout"] {
            assert_eq!(named(script), nothing, "{script}");
        }
    }
}
