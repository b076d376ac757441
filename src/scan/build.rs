//! Puts a shell text together from stretches of a file, and keeps the way back for every one of them.
//! What the text does is judged elsewhere.

use super::place::Map;
use super::unit::quoted;

/// A text under construction.
#[derive(Clone, Debug, Default)]
pub struct Built {
    pub text: String,
    pub map: Map,
}

impl Built {
    /// Returns a text with its map.
    pub const fn new(text: String, map: Map) -> Self {
        Self { text, map }
    }

    /// Appends text that stands nowhere in the file; it counts to what stands at `near`.
    pub fn add(&mut self, text: &str, near: usize) {
        self.map.anchor(self.text.len(), near);
        self.text.push_str(text);
    }

    /// Appends a stretch of the file as it stands there.
    pub fn copy(&mut self, text: &str, offset: usize) {
        self.map.anchor(self.text.len(), offset);
        self.text.push_str(text);
    }

    /// Appends another text, quoted as one word of a shell.
    pub fn quote(&mut self, other: &Self) {
        let mut at = 0;
        self.add("'", other.map.span(0, 0).0);
        for part in other.text.split_inclusive('\'') {
            let from = other.map.span(at, at).0;
            let plain = part.strip_suffix('\'').unwrap_or(part);
            self.stretch(other, at, plain);
            if plain.len() < part.len() {
                self.add("'\\''", from + plain.len());
            }
            at += part.len();
        }
        let end = other.map.span(at, at).0;
        self.add("'", end);
    }

    /// Appends a stretch of another text, which itself may come from several places.
    fn stretch(&mut self, other: &Self, from: usize, plain: &str) {
        for (offset, place) in other.map.within(from, from + plain.len()) {
            self.map.anchor(self.text.len() + (offset - from), place);
        }
        self.text.push_str(plain);
    }

    /// Appends another text on a line of its own.
    pub fn line(&mut self, other: &Self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.stretch(other, 0, &other.text);
    }

    /// Returns the text as a container runs it: what it deletes is the container's own, apart from the mounts (`source:target`).
    pub fn in_container(&self, shell: &str, mounts: &[String]) -> Self {
        let mut out = Self::container(mounts, self.map.span(0, 0).0);
        out.add(&format!("{shell} "), self.map.span(0, 0).0);
        out.quote(self);
        out
    }

    /// Returns the words as a container runs them, without a shell.
    pub fn words_in_container(words: &[Self], mounts: &[String]) -> Self {
        let near = words.first().map_or(0, |word| word.map.span(0, 0).0);
        let mut out = Self::container(mounts, near);
        for word in words {
            out.quote(word);
            out.add(" ", word.map.span(0, 0).0);
        }
        out
    }

    fn container(mounts: &[String], near: usize) -> Self {
        let mut out = Self::default();
        let mut head = "docker run --rm ".to_owned();
        for mount in mounts {
            head.push_str(&format!("-v {} ", quoted(mount)));
        }
        head.push_str("image ");
        out.add(&head, near);
        out
    }
}

/// Writes what a template engine fills in as unknown variables of the same length, so that every offset holds.
pub fn without_expressions(text: &str, open: &str, close: &str) -> String {
    if !text.contains(open) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(open) {
        let Some((body, after)) = tail.split_once(close) else {
            out.push_str(head);
            out.push_str(open);
            rest = tail;
            continue;
        };
        out.push_str(head);
        let length = open.len() + body.len() + close.len();
        out.push_str("${E");
        out.extend(std::iter::repeat_n('_', length.saturating_sub(4)));
        out.push('}');
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_keeps_its_way_back() {
        let body = Built::new("psql -c 'DROP TABLE t'".to_owned(), Map::at(100));
        let out = body.in_container("sh -c", &[]);
        assert_eq!(
            out.text,
            "docker run --rm image sh -c 'psql -c '\\''DROP TABLE t'\\'''"
        );
        let at = out.text.find("DROP").unwrap();
        assert_eq!(out.map.span(at, at + 4), (109, 113));
    }

    #[test]
    fn expressions_become_variables_of_the_same_length() {
        let text = "rm -rf ${{ env.A }}/x ${{}";
        let out = without_expressions(text, "${{", "}}");
        assert_eq!(out.len(), text.len());
        assert_eq!(out, "rm -rf ${E________}/x ${{}");
        assert_eq!(without_expressions("a {{.B}} c", "{{", "}}"), "a ${E__} c");
    }
}
