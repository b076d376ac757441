//! YAML, and JSON as a part of it, as a tree of texts.
//! It knows nothing of what the keys mean, nor where they stand.

use saphyr_parser::{Event, Parser};

/// Collections inside one another; deeper ones are not read.
const DEPTH: usize = 32;
/// Nodes of one file that are read.
const MAX_NODES: usize = 50_000;

/// A node of a document.
#[derive(Debug)]
pub enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
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

    /// Returns a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text itself, the texts of a list, or the names in a mapping.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().filter_map(Self::text).collect(),
            Self::Map(entries) => entries.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }

    /// The text itself, or the texts in a list and the lists inside it.
    pub fn texts(&self) -> Vec<&str> {
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

enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

/// Reads every document of a text; nothing when it is no valid one, or too large.
pub fn read(text: &str) -> Option<Vec<Node>> {
    let mut open: Vec<Open> = Vec::new();
    let mut done = Vec::new();
    let mut too_deep = 0_usize;
    for (count, event) in Parser::new_from_str(text).enumerate() {
        let (event, _) = event.ok().filter(|_| count < MAX_NODES)?;
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
                place(Node::Text(value.into_owned()), &mut open, &mut done);
            }
            Event::Alias(_) => place(Node::List(Vec::new()), &mut open, &mut done),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    Some(done)
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
