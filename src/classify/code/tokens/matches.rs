//! Perl's matches and replacements with a word in front: `m{…}`, `qr/…/`, `s/…/…/`, `tr/…/…/`, `y/…/…/`.
//! What a pattern holds starts nothing, whatever signs stand in it; the replacement of `s///e` is code and stays to be read.

use super::{Cursor, Token};

/// A pattern is not longer.
const MAX_PATTERN: usize = 2_000;

/// Reads one; nothing where none begins here, or where code may stand in it.
pub(super) fn read(cursor: &mut Cursor<'_>, before: &[Token]) -> Option<Vec<Token>> {
    let start = cursor.at;
    let word = ["qr", "tr", "m", "s", "y"]
        .into_iter()
        .find(|word| cursor.starts(word))?;
    if is_other(before) {
        return None;
    }
    let text = cursor.text;
    let first = part(text, start + word.len())?;
    let pattern = text.get(first.0..first.1)?;
    // `(?{ … })` and `@{[ … ]}` are code.
    if pattern.contains("?{") || pattern.contains("@{") || pattern.contains("${") {
        return None;
    }
    let open = text.get(start + word.len()..)?.chars().next()?;
    let mut end = first.1 + 1;
    if matches!(word, "s" | "tr" | "y") {
        let second = match closing(open) == open {
            true => until(text, end, open)?,
            // `s{…} {…}` has signs of its own for each.
            false => {
                let rest = text.get(end..)?;
                part(text, end + (rest.len() - rest.trim_start().len()))?
            }
        };
        let flags: String = text
            .get(second.1 + 1..)?
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        let with = text.get(second.0..second.1)?;
        let code =
            word == "s" && (flags.contains('e') || with.contains("@{") || with.contains("${"));
        if !code {
            end = second.1 + 1;
        }
    }
    cursor.at = end;
    while cursor.peek().is_some_and(|char| char.is_ascii_alphabetic()) && end > first.1 + 1 {
        cursor.next();
    }
    Some(vec![Token::Name {
        name: "/regex/".to_owned(),
        start,
    }])
}

/// Tells whether such a word is something else here: `-s FILE`, `->m`, `sub s`, `&y`.
fn is_other(before: &[Token]) -> bool {
    match before {
        [.., Token::Sign('-'), Token::Sign('>')] => true,
        [.., Token::Sign('-' | '&' | '$' | '@' | '%' | '*')] => true,
        [.., Token::Name { name, .. }] => name == "sub" || name.ends_with('.'),
        _ => false,
    }
}

/// Returns what stands between a sign and its counterpart.
fn part(text: &str, at: usize) -> Option<(usize, usize)> {
    let open = text.get(at..)?.chars().next()?;
    if !"/{([<|!#~^".contains(open) {
        return None;
    }
    until(text, at + 1, open)
}

fn until(text: &str, from: usize, open: char) -> Option<(usize, usize)> {
    let close = closing(open);
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, char) in text.get(from..)?.char_indices().take(MAX_PATTERN) {
        if escaped {
            escaped = false;
        } else if char == '\\' {
            escaped = true;
        } else if char == close && depth == 0 {
            return Some((from, from + at));
        } else if char == close {
            depth -= 1;
        } else if char == open {
            depth += 1;
        }
    }
    None
}

const fn closing(open: char) -> char {
    match open {
        '{' => '}',
        '(' => ')',
        '[' => ']',
        '<' => '>',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Language, Token, placed};

    /// Texts that run in a shell, and names that are called.
    fn shells(text: &str) -> Vec<String> {
        let all = placed(text, Language::Perl);
        all.iter()
            .filter_map(|(token, _)| match token {
                Token::Text {
                    quote: '`', text, ..
                } => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn signs_inside_of_a_pattern_start_nothing() {
        for text in [
            "$code =~ s/\\`([^\\`]*)\\`/eval $1/gem;\nprint `ls`;",
            "s/Never run `rm -rf backups`/Never delete/;\nprint `ls`;",
            "s{`rm -rf x`} {y}g; print `ls`;",
            "print `ls` if m!`rm`!;",
            "my $r = qr/`rm -rf x`/i; print `ls`;",
            "tr/`'/'`/; print `ls`;",
            "y{`}{'}; print `ls`;",
            "s#`rm`#x#; print `ls`;",
        ] {
            assert_eq!(shells(text), ["ls"], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_hides_nothing() {
        for text in [
            "print 1 if -s \"x\"; `ls`; print '/';",
            "my %h = (s => 1, y => 2, m => 3); `ls`;",
            "$h{s}; `ls`; $h{y};",
            "$o->m(1, `ls`);",
            "my $s = 1; my $y = $s / 2; `ls`; print 1 / 2;",
            "s/a/`ls`/e;",
            "s/a/@{[`ls`]}/;",
            "m/(?{ `ls` })/;",
            "sub y { `ls` }",
            "s/never closed; `ls`;",
        ] {
            assert_eq!(shells(text), ["ls"], "{text}");
        }
    }
}
