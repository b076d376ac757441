//! The text of a Makefile: where its references stand, how arguments and lines are taken apart, and how it is told to a shell.
//! It expands nothing and knows no variables.

/// Stands for `$` where make writes one for the shell.
pub(super) const DOLLAR: char = '\u{1}';
/// Around the number of a hole: text that only the shell can find out.
pub(super) const OPEN: char = '\u{2}';
pub(super) const CLOSE: char = '\u{3}';
/// Signs of patterns that name files that are there, which the shell finds as well.
const STARS: [(char, char); 3] = [('\u{4}', '*'), ('\u{5}', '?'), ('\u{6}', '[')];
/// Behind a word that stands there only if a file of that name does.
pub(super) const PERHAPS: char = '\u{7}';

/// A part of a text that make has not expanded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Plain(&'t str),
    /// `$$`.
    Dollar,
    /// What stands between the brackets of `$(...)` or `${...}`, and the bracket that opens it; `$x` has none.
    Reference(&'t str, char),
}

/// Takes away what make's own text cannot hold: signs that stand for something else here.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            '\u{1}'..='\u{8}' => ' ',
            other => other,
        })
        .collect()
}

/// Returns a text in its parts.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('$') {
        if !head.is_empty() {
            all.push(Part::Plain(head));
        }
        let Some(first) = tail.chars().next() else {
            return all;
        };
        let behind = tail.get(first.len_utf8()..).unwrap_or_default();
        rest = match first {
            '$' => {
                all.push(Part::Dollar);
                behind
            }
            '(' | '{' => match closing(behind, first) {
                Some(end) => {
                    all.push(Part::Reference(
                        behind.get(..end).unwrap_or_default(),
                        first,
                    ));
                    behind.get(end + 1..).unwrap_or_default()
                }
                None => {
                    all.push(Part::Dollar);
                    tail
                }
            },
            _ => {
                let name = tail.get(..first.len_utf8()).unwrap_or_default();
                all.push(Part::Reference(name, ' '));
                behind
            }
        };
    }
    if !rest.is_empty() {
        all.push(Part::Plain(rest));
    }
    all
}

const fn closer(open: char) -> char {
    if open == '{' { '}' } else { ')' }
}

/// Returns where the bracket closes that was opened before a text.
fn closing(text: &str, open: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        if char == open {
            depth += 1;
        } else if char == closer(open) {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}

/// Returns the first place outside of references at which `test` is satisfied with the text from there on.
pub(super) fn find(text: &str, test: impl Fn(&str) -> bool) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..)?;
        if let Some(behind) = rest.strip_prefix('$') {
            let open = behind.chars().next();
            at += 1 + match open {
                Some(open @ ('(' | '{')) => {
                    closing(behind.get(1..)?, open).map_or(1, |end| end + 2)
                }
                Some(other) => other.len_utf8(),
                None => 0,
            };
            continue;
        }
        if test(rest) {
            return Some(at);
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Splits at a place that `find` has found, and drops the sign of `len` bytes there.
pub(super) fn cut(text: &str, at: usize, len: usize) -> (&str, &str) {
    (
        text.get(..at).unwrap_or_default(),
        text.get(at + len..).unwrap_or_default(),
    )
}

/// Splits the arguments of a function; the last of `most` keeps its commas.
pub(super) fn arguments(text: &str, open: char, most: usize) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, char) in text.char_indices() {
        if char == open {
            depth += 1;
        } else if char == closer(open) {
            depth = depth.saturating_sub(1);
        } else if char == ',' && depth == 0 && all.len() + 1 < most {
            all.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    all.push(text.get(start..).unwrap_or_default());
    all
}

/// Takes a comment off a line that is no recipe; `\#` is a sign like any other.
pub(super) fn uncommented(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut escaped = false;
    for char in line.chars() {
        match char {
            '#' if escaped => {
                out.pop();
                out.push('#');
            }
            '#' => break,
            _ => out.push(char),
        }
        escaped = char == '\\' && !escaped;
    }
    out
}

/// Tells whether anything in a text is known only to the shell.
pub(super) fn has_hole(text: &str) -> bool {
    text.contains(OPEN)
}

/// Tells whether a word stands for files that are there.
pub(super) fn is_pattern(word: &str) -> bool {
    word.contains(STARS.map(|(sign, _)| sign))
}

/// Writes a pattern so that the shell finds the same files.
pub(super) fn found(pattern: &str) -> String {
    let sign = |char: char| {
        let known = STARS.iter().find(|(_, plain)| *plain == char);
        known.map_or(char, |(sign, _)| *sign)
    };
    pattern.chars().map(sign).collect()
}

/// Tells whether a text says something; not where only the world knows it.
pub(super) fn truth(text: &str) -> Option<bool> {
    let doubtful = has_hole(text) || is_pattern(text) || text.contains(PERHAPS);
    let plain = text.trim();
    match (plain.is_empty(), doubtful) {
        (true, _) => Some(false),
        (false, false) => Some(true),
        (false, true) => {
            // A word beside the doubtful ones is certain.
            let certain = |word: &str| !word.contains([OPEN, PERHAPS]) && !is_pattern(word);
            plain.split_whitespace().any(certain).then_some(true)
        }
    }
}

/// Tells a text to a shell: what stands for holes and patterns must not be quoted by single quotes, nor patterns by double ones.
pub(super) fn told(text: &str, holes: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut last = ' ';
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            PERHAPS => continue,
            DOLLAR => out.push('$'),
            OPEN => {
                let number: String = chars.by_ref().take_while(|char| *char != CLOSE).collect();
                let hole = number.parse::<usize>().ok().and_then(|at| holes.get(at));
                let hole = hole.map_or("${make_value}", String::as_str);
                match quote {
                    Some('\'') => out.push_str(&format!("'\"{hole}\"'")),
                    _ => out.push_str(hole),
                }
            }
            _ if STARS.iter().any(|(sign, _)| *sign == char) => {
                let plain = STARS.iter().find(|(sign, _)| *sign == char);
                let plain = plain.map_or('*', |(_, plain)| *plain);
                match quote {
                    Some('#') | None => out.push(plain),
                    Some(quote) => out.extend([quote, plain, quote]),
                }
            }
            '\\' if quote != Some('\'') => {
                out.push('\\');
                out.extend(chars.next());
            }
            _ => {
                quote = match (quote, char) {
                    (None, '\'' | '"') => Some(char),
                    (None, '#') if last.is_whitespace() => Some('#'),
                    (Some('#'), '\n') => None,
                    (Some(open @ ('\'' | '"')), _) if open == char => None,
                    (kept, _) => kept,
                };
                out.push(char);
            }
        }
        last = char;
    }
    out
}

/// Quotes a text for the shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_with_their_brackets() {
        assert_eq!(
            parts("a $(b $(c)) $$d $@${e}"),
            [
                Part::Plain("a "),
                Part::Reference("b $(c)", '('),
                Part::Plain(" "),
                Part::Dollar,
                Part::Plain("d "),
                Part::Reference("@", ' '),
                Part::Reference("e", '{'),
            ]
        );
        assert_eq!(arguments("a,(b,c),d", '(', 9), ["a", "(b,c)", "d"]);
        assert_eq!(arguments("a,b,c", '(', 2), ["a", "b,c"]);
        assert_eq!(find("$(a:b=c): d", |rest| rest.starts_with(':')), Some(8));
    }

    #[test]
    fn holes_and_patterns_come_out_of_quotes() {
        let holes = ["$(ls)".to_owned()];
        let hole = format!("{OPEN}0{CLOSE}");
        assert_eq!(
            told(&format!("rm {hole} '{hole}' \"{hole}\""), &holes),
            "rm $(ls) ''\"$(ls)\"'' \"$(ls)\""
        );
        let pattern = found("a*.c");
        assert_eq!(
            told(&format!("rm {pattern} \"{pattern}\""), &[]),
            "rm a*.c \"a\"*\".c\""
        );
        assert_eq!(
            told(&format!("echo # don't\nrm {hole}"), &holes),
            "echo # don't\nrm $(ls)"
        );
        assert_eq!(told(&format!("echo {DOLLAR}X"), &[]), "echo $X");
    }

    #[test]
    fn a_comment_ends_a_line_but_not_behind_a_backslash() {
        assert_eq!(uncommented("a = b # c"), "a = b ");
        assert_eq!(uncommented(r"a = \#b"), "a = #b");
    }
}
