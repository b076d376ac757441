//! YAML as a tree of texts that know where they stand.
//! It knows nothing of what the keys mean.

use saphyr_parser::{Event, Parser};

use super::place::{Map, aligned};

/// Mappings and lists inside one another; deeper ones are not read.
const DEPTH: usize = 64;

/// A node of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A scalar and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub map: Map,
}

impl Node {
    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// Returns the text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Returns the scalars in a list, lists inside it included, or the scalar itself.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items
                .iter()
                .filter(|item| !matches!(item, Self::Map(_)))
                .flat_map(Self::texts)
                .collect(),
            Self::Map(_) => Vec::new(),
        }
    }
}

/// An open collection.
enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

/// Reads every document of a text.
///
/// # Errors
/// Says in a sentence without full stop why the text is no YAML.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    let bytes = Bytes::of(text);
    let mut open: Vec<Open> = Vec::new();
    let mut done = Vec::new();
    let mut too_deep = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("it is no valid YAML: {error}"))?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEPTH => {
                too_deep += 1;
            }
            Event::SequenceEnd | Event::MappingEnd if too_deep > 0 => too_deep -= 1,
            _ if too_deep > 0 => {}
            Event::SequenceStart(..) => open.push(Open::List(Vec::new())),
            Event::MappingStart(..) => open.push(Open::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match open.pop() {
                    Some(Open::List(items)) => Node::List(items),
                    Some(Open::Map(entries, _)) => Node::Map(entries),
                    None => continue,
                };
                place(node, &mut open, &mut done);
            }
            Event::Scalar(value, ..) => {
                let (start, end) = (bytes.at(span.start.index()), bytes.at(span.end.index()));
                let raw = text.get(start..end).unwrap_or_default();
                let map = aligned(&value, raw, start);
                let text = value.into_owned();
                place(Node::Text(Text { text, map }), &mut open, &mut done);
            }
            // What an alias stands for is read where its anchor is.
            Event::Alias(_) => place(Node::List(Vec::new()), &mut open, &mut done),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    Ok(done)
}

fn place(node: Node, open: &mut [Open], done: &mut Vec<Node>) {
    match open.last_mut() {
        Some(Open::List(items)) => items.push(node),
        Some(Open::Map(entries, key)) => match key.take() {
            Some(key) => entries.push((key, node)),
            None => *key = Some(node.text().unwrap_or_default().to_owned()),
        },
        None => done.push(node),
    }
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

    #[test]
    fn what_is_no_yaml_says_so() {
        assert!(read("a: [unclosed\n").is_err());
        assert!(read(&"[".repeat(5_000)).is_err());
        assert_eq!(read("").unwrap(), []);
    }
}
