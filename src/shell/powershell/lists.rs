//! Lists of plain texts: `@('reset', '--hard')`, `$words = 'clean', '-fdx'`, and `@words`, which a program is given as its words.
//! A list with anything but quoted texts and numbers is no list here.

use crate::model::word::Word;

use super::read::Reader;

/// Texts of one list that are taken.
const MAX_TEXTS: usize = 500;

impl Reader<'_, '_> {
    /// Takes a list that stands as an argument, in brackets or by its name.
    pub(super) fn list_argument(&mut self) -> Option<Vec<Word>> {
        let rest = self.text.get(self.pos..)?;
        let (texts, length) = match rest.as_bytes() {
            [b'@' | b'$', b'(', ..] => bracketed(rest, 2)?,
            [b'(', ..] => bracketed(rest, 1)?,
            [b'@' | b'$', ..] => {
                let name = rest.get(1..)?;
                let end = name
                    .find(|one: char| !(one.is_ascii_alphanumeric() || one == '_'))
                    .unwrap_or(name.len());
                let texts = self.lists.get(&name.get(..end)?.to_lowercase())?;
                (texts.clone(), end + 1)
            }
            _ => return None,
        };
        if !is_over(rest.get(length..)?) {
            return None;
        }
        let origin = self.frame.origin(self.pos, self.pos + length);
        self.pos += length;
        let words = texts.into_iter();
        Some(
            words
                .map(|text| Word::literal(text, origin.clone()))
                .collect(),
        )
    }

    /// Takes a list that is the whole value of a variable.
    pub(super) fn list_value(&mut self) -> Option<Vec<String>> {
        let rest = self.text.get(self.pos..)?;
        let (texts, length) = match rest.as_bytes() {
            [b'@', b'(', ..] => bracketed(rest, 2)?,
            [b'\'' | b'"', ..] => bare(rest).filter(|(texts, _)| texts.len() > 1)?,
            _ => return None,
        };
        let behind = rest.get(length..)?.trim_start_matches([' ', '\t', '\r']);
        if !(behind.is_empty() || behind.starts_with(['\n', ';', '}', ')'])) {
            return None;
        }
        self.pos += length;
        Some(texts)
    }
}

/// Tells whether an argument ends here.
fn is_over(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n', ';', '|', '&', ')', '}'])
}

/// Reads the texts between brackets; returns them and the length of it all.
fn bracketed(rest: &str, open: usize) -> Option<(Vec<String>, usize)> {
    let (texts, length) = bare(rest.get(open..)?)?;
    let inside = rest.get(open + length..)?;
    let close = inside.len() - inside.trim_start().len();
    let closed = inside.get(close..)?.starts_with(')');
    closed.then_some((texts, open + length + close + 1))
}

/// Reads texts with commas or line ends between them.
fn bare(rest: &str) -> Option<(Vec<String>, usize)> {
    let mut texts = Vec::new();
    let mut at = 0;
    loop {
        let here = rest.get(at..)?;
        at += here.len() - here.trim_start().len();
        let here = rest.get(at..)?;
        let quote = here.chars().next().filter(|one| "'\"".contains(*one))?;
        let inside = here.get(1..)?;
        let end = inside.find(quote)?;
        let text = inside.get(..end)?;
        // What a text in double quotes stands for is known where nothing is expanded in it.
        let doubled = inside.get(end + 1..)?.starts_with(quote);
        if doubled || quote == '"' && text.contains(['$', '`']) || texts.len() >= MAX_TEXTS {
            return None;
        }
        texts.push(text.to_owned());
        at += end + 2;
        let behind = rest.get(at..)?;
        let blank = behind.len() - behind.trim_start().len();
        match behind.trim_start().strip_prefix(',') {
            Some(_) => at += blank + 1,
            None => return Some((texts, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_texts_make_a_list() {
        let texts = |text: &str| bracketed(text, 2).map(|(texts, _)| texts);
        assert_eq!(
            texts("@('reset', \"--hard\")"),
            Some(vec!["reset".to_owned(), "--hard".to_owned()])
        );
        assert_eq!(texts("@('a'\n)"), Some(vec!["a".to_owned()]));
        for text in [
            "@('a', $b)",
            "@(\"$a\")",
            "@(Get-Item x)",
            "@('a''b')",
            "@('a'",
        ] {
            assert_eq!(texts(text), None, "{text}");
        }
    }
}
