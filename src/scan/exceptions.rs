//! Reviewed exceptions in comments: `backstop:allow RULE until=DATE reason="..."`.
//! It reads them and says which remark they relieve; whether that counts anywhere but in a scan is decided elsewhere.

use crate::model::scanned::{Note, Relief, Remark};

use super::kinds::{Kind, Tongue};
use super::place::Lines;
use crate::model::request::ShellKind;

/// The word that begins an exception.
pub const WORD: &str = "backstop:allow";

/// Exceptions beyond this in one file are not read; what they would relieve is reported.
const MOST: usize = 1_000;

/// One exception as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub line: usize,
    pub column: usize,
    /// Nothing else stands on its line: it is about the next line that is no exception.
    pub alone: bool,
    pub said: Result<Said, String>,
}

/// What a well-formed exception says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub rule: String,
    pub until: String,
    pub reason: String,
}

/// Reads the exceptions of a file.
pub fn read(kind: Kind, text: &str, lines: &Lines) -> Vec<Exception> {
    let mut all = Vec::new();
    let mut last = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), WORD) {
        let (line, column) = lines.place(text, at);
        if line == last || all.len() >= MOST {
            continue;
        }
        let body = lines.text(text, line);
        let (before, rest) = body
            .split_at_checked(at - lines.start(line))
            .unwrap_or((body, ""));
        let Some(code) = code_before(kind, before) else {
            continue;
        };
        last = line;
        let rest = rest.get(WORD.len()..).unwrap_or_default();
        all.push(Exception {
            line,
            column,
            alone: code.trim().is_empty(),
            said: said(rest, kind),
        });
    }
    all
}

/// Returns the code before a comment that ends here, or nothing when no comment begins here.
fn code_before(kind: Kind, before: &str) -> Option<&str> {
    let before = before.trim_end();
    openers(kind)
        .iter()
        .find_map(|opener| before.strip_suffix(opener))
        .map(|code| code.trim_end_matches(['-', '#', '/', '*', ';', ' ', '\t']))
        .or_else(|| {
            let rem = matches!(kind, Kind::Shell(ShellKind::Cmd))
                && before.trim().eq_ignore_ascii_case("rem");
            rem.then_some("")
        })
}

/// What begins a comment in a kind of file.
const fn openers(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Sql => &["--", "/*", "#", "*"],
        Kind::Shell(ShellKind::Posix)
        | Kind::Make
        | Kind::Just
        | Kind::Docker
        | Kind::Compose
        | Kind::Ci(_) => &["#"],
        Kind::Shell(ShellKind::PowerShell) => &["#", "<#"],
        Kind::Shell(ShellKind::Cmd) => &["::"],
        Kind::Package | Kind::Composer => &["\"//\": \"", "\"//\":\"", "\"_comment\": \""],
        Kind::Jenkins => &["//", "/*", "*"],
        Kind::Code(Tongue::Python | Tongue::Ruby) => &["#"],
        Kind::Code(Tongue::Php) => &["//", "#", "/*", "*"],
        Kind::Code(Tongue::Javascript) => &["//", "/*", "*"],
    }
}

/// Reads what follows the word.
fn said(rest: &str, kind: Kind) -> Result<Said, String> {
    let unescaped;
    let mut rest = rest;
    if matches!(kind, Kind::Package | Kind::Composer) {
        unescaped = rest.replace("\\\"", "\"");
        rest = &unescaped;
    }
    let mut rule = None;
    let mut until = None;
    let mut reason = None;
    while let Some((word, after)) = next_word(rest) {
        rest = after;
        if let Some(date) = word.strip_prefix("until=") {
            until = Some(date.trim_matches('"').to_owned());
        } else if let Some(begin) = word.strip_prefix("reason=") {
            let (text, after) = quoted(begin, rest)?;
            reason = Some(text);
            rest = after;
        } else if rule.is_none() && word.contains('.') {
            rule = Some(word.to_owned());
        } else if rule.is_none() {
            return Err(format!(
                "`{word}` is no rule: an exception names one, such as sql.drop-table"
            ));
        } else {
            break;
        }
    }
    let rule = rule.ok_or("it names no rule")?;
    let until = until.ok_or("it has no `until=YYYY-MM-DD`")?;
    if until.parse::<jiff::civil::Date>().is_err() || until.len() != 10 {
        return Err(format!("`{until}` is no date of the form YYYY-MM-DD"));
    }
    let reason = reason
        .filter(|reason| !reason.trim().is_empty())
        .ok_or("it has no reason=\"...\"")?;
    Ok(Said {
        rule,
        until,
        reason,
    })
}

fn next_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    // The reason may hold blanks: it is taken to its closing quote by the caller.
    let end = if text.starts_with("reason=") {
        "reason=".len()
    } else {
        text.find(char::is_whitespace).unwrap_or(text.len())
    };
    (end > 0).then(|| text.split_at_checked(end)).flatten()
}

fn quoted<'t>(begin: &str, rest: &'t str) -> Result<(String, &'t str), String> {
    debug_assert!(begin.is_empty());
    let quote = rest
        .chars()
        .next()
        .filter(|char| matches!(char, '"' | '\''))
        .ok_or("its reason stands in no quotes")?;
    let body = rest.get(1..).unwrap_or_default();
    let (text, after) = body
        .split_once(quote)
        .ok_or("the quote of its reason is not closed")?;
    Ok((text.to_owned(), after))
}

/// The note of an exception that cannot be read.
const MALFORMED: &str = "scan.malformed-exception";

/// The note of an exception without anything to relieve.
const UNUSED: &str = "scan.unused-exception";

/// What exceptions are held against.
#[derive(Clone, Copy)]
pub struct Day<'a> {
    /// Today as `YYYY-MM-DD`.
    pub today: &'a str,
    /// Tells whether a rule exists.
    pub knows: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Day<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Day")
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

/// Marks the remarks of one file that its exceptions relieve, and returns what is wrong with the exceptions.
pub fn relieve(
    file: &str,
    exceptions: &[Exception],
    remarks: &mut [Remark],
    day: &Day<'_>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for exception in exceptions {
        let wrong = match &exception.said {
            Ok(said) if (day.knows)(&said.rule) => {
                let about = about(exception, exceptions);
                applied(said, exception.line, about, remarks, day.today)
            }
            Ok(said) => Some((
                MALFORMED,
                format!(
                    "this exception relieves nothing: there is no rule `{}`",
                    said.rule
                ),
            )),
            Err(why) => Some((MALFORMED, format!("this exception relieves nothing: {why}"))),
        };
        notes.extend(wrong.map(|(name, text)| Note {
            name: name.to_owned(),
            file: file.to_owned(),
            line: exception.line,
            column: exception.column,
            text,
        }));
    }
    notes
}

/// Marks what a well-formed exception relieves on a line, or returns why it relieves nothing.
fn applied(
    said: &Said,
    written: usize,
    about: usize,
    remarks: &mut [Remark],
    today: &str,
) -> Option<(&'static str, String)> {
    let expired = said.until.as_str() < today;
    let mut met = false;
    for remark in remarks {
        let there = (remark.spot.line..=remark.spot.end_line).contains(&about);
        if remark.rule != said.rule || !there {
            continue;
        }
        met = true;
        if !expired {
            remark.excepted = Some(Relief {
                until: said.until.clone(),
                reason: said.reason.clone(),
                line: written,
            });
        }
    }
    let (rule, until) = (&said.rule, &said.until);
    match (met, expired) {
        (true, false) => None,
        (true, true) => Some((
            "scan.expired-exception",
            format!("the exception for {rule} ended with {until}"),
        )),
        (false, true) => Some((
            UNUSED,
            format!("the exception for {rule} ended with {until} and relieves nothing here"),
        )),
        (false, false) => Some((
            UNUSED,
            format!("the exception for {rule} relieves nothing here"),
        )),
    }
}

/// Returns the line that an exception is about: its own, or the next one that is no exception.
fn about(exception: &Exception, all: &[Exception]) -> usize {
    if !exception.alone {
        return exception.line;
    }
    let mut line = exception.line + 1;
    while all.iter().any(|other| other.alone && other.line == line) {
        line += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: Kind, text: &str) -> Exception {
        let all = read(kind, text, &Lines::of(text));
        assert_eq!(all.len(), 1, "{text}");
        all[0].clone()
    }

    #[test]
    fn an_exception_is_read_in_the_comments_of_every_kind() {
        let words = "backstop:allow sql.drop-table until=2027-01-31 reason=\"moved, see 12\"";
        for (kind, before, after) in [
            (Kind::Sql, "-- ", ""),
            (Kind::Sql, "/* ", " */"),
            (Kind::Sql, "DROP TABLE t; -- ", ""),
            (Kind::Shell(ShellKind::Posix), "  # ", ""),
            (Kind::Shell(ShellKind::Cmd), "REM ", ""),
            (Kind::Shell(ShellKind::Cmd), ":: ", ""),
            (Kind::Make, "# ", ""),
            (Kind::Jenkins, "sh 'x' // ", ""),
            (Kind::Code(Tongue::Php), "// ", ""),
        ] {
            let read = one(kind, &format!("{before}{words}{after}"));
            let said = read.said.unwrap();
            assert_eq!(said.rule, "sql.drop-table", "{before}");
            assert_eq!(
                (said.until.as_str(), said.reason.as_str()),
                ("2027-01-31", "moved, see 12")
            );
            assert_eq!(
                read.alone,
                !before.contains("DROP") && !before.contains("sh"),
                "{before}"
            );
        }
        let json =
            r#"    "//": "backstop:allow sql.drop-table until=2027-01-31 reason=\"moved\"","#;
        assert_eq!(one(Kind::Package, json).said.unwrap().reason, "moved");
    }

    #[test]
    fn what_is_missing_is_said() {
        for (words, why) in [
            ("", "names no rule"),
            ("sql.drop-table", "until"),
            ("sql.drop-table until=soon reason=\"x\"", "no date"),
            ("sql.drop-table until=2027-1-3 reason=\"x\"", "no date"),
            ("sql.drop-table until=2027-01-31", "reason"),
            ("sql.drop-table until=2027-01-31 reason=\"  \"", "reason"),
            ("sql.drop-table until=2027-01-31 reason=x", "quotes"),
            ("sql.drop-table until=2027-01-31 reason=\"x", "not closed"),
            ("everything until=2027-01-31 reason=\"x\"", "no rule"),
        ] {
            let read = one(Kind::Sql, &format!("-- {WORD} {words}"));
            let wrong = read.said.unwrap_err();
            assert!(wrong.contains(why), "{words}: {wrong}");
        }
    }

    #[test]
    fn the_word_outside_a_comment_is_no_exception() {
        let text = "SELECT 'backstop:allow sql.drop-table until=2027-01-31 reason=\"x\"';";
        assert!(read(Kind::Sql, text, &Lines::of(text)).is_empty());
    }
}
