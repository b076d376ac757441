//! YAML as a tree of texts that know where they stand.
//! It knows nothing of what the keys mean.

use crate::classify::tree;

use super::place::{Map, aligned};

/// A node of a document.
pub type Node = tree::Node<Text>;

/// A scalar and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub map: Map,
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// Reads every document of a text.
///
/// # Errors
/// Says in a sentence without full stop why the text is no YAML.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    let bytes = Bytes::of(text);
    tree::read_with(text, |value, span| {
        let (start, end) = (bytes.at(span.start.index()), bytes.at(span.end.index()));
        let raw = text.get(start..end).unwrap_or_default();
        Text {
            text: value.to_owned(),
            map: aligned(value, raw, start),
        }
    })
}

/// From characters, which the parser counts, to bytes.
struct Bytes {
    /// Nothing for a text of ASCII only.
    starts: Option<Vec<usize>>,
    end: usize,
}

impl Bytes {
    fn of(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self {
            starts,
            end: text.len(),
        }
    }

    fn at(&self, index: usize) -> usize {
        match &self.starts {
            Some(starts) => starts.get(index).copied().unwrap_or(self.end),
            None => index.min(self.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_of_every_style_know_where_they_stand() {
        let text = "é: ü\na: |\n  cd x\n  rm y\nb: >-\n  one\n  two\nc: \"say \\\"rm\\\" z\"\nd: 'it''s w'\ne: plain v\n";
        let doc = read(text).unwrap().remove(0);
        for (key, word) in [
            ("a", "rm y"),
            ("b", "two"),
            ("c", "z"),
            ("d", "w"),
            ("e", "plain v"),
        ] {
            let Some(Node::Text(value)) = doc.get(key) else {
                panic!("{key}")
            };
            let at = value.text.find(word).unwrap();
            let (start, end) = value.map.span(at, at + word.len());
            assert_eq!(text.get(start..end), Some(word), "{key}: {}", value.text);
        }
    }
}
