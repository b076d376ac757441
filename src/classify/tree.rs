//! YAML, and JSON as a part of it, as a tree of texts.
//! It knows nothing of what the keys mean; where a text stands only its leaf may know.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, Span};

/// Collections inside one another; deeper ones are not read.
const DEPTH: usize = 64;
/// Nodes of one file, those that aliases repeat included.
const MAX_NODES: usize = 200_000;

/// A node of a document; aliases and merged mappings (`<<: *base`) are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<T = String> {
    Text(T),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl<T: AsRef<str>> Node<T> {
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
            Self::Text(text) => Some(text.as_ref()),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text itself, the texts of a list, or the names in a mapping.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text.as_ref()],
            Self::List(items) => items.iter().filter_map(Self::text).collect(),
            Self::Map(entries) => entries.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }

    /// The leaf itself, or the leaves in a list and the lists inside it.
    pub fn leaves(&self) -> Vec<&T> {
        match self {
            Self::Text(leaf) => vec![leaf],
            Self::List(items) => items
                .iter()
                .filter(|item| !matches!(item, Self::Map(_)))
                .flat_map(Self::leaves)
                .collect(),
            Self::Map(_) => Vec::new(),
        }
    }

    /// The text itself, or the texts in a list and the lists inside it.
    pub fn texts(&self) -> Vec<&str> {
        self.leaves().into_iter().map(AsRef::as_ref).collect()
    }

    /// Nodes in it, and how deep they stand; its depth is bounded by the reader.
    fn measure(&self) -> (usize, usize) {
        let inside: Vec<(usize, usize)> = match self {
            Self::Text(_) => Vec::new(),
            Self::List(items) => items.iter().map(Self::measure).collect(),
            Self::Map(entries) => entries.iter().map(|(_, node)| node.measure()).collect(),
        };
        let nodes = inside.iter().map(|(nodes, _)| nodes).sum::<usize>();
        let depth = inside.iter().map(|(_, depth)| *depth).max();
        (nodes + 1, depth.unwrap_or(0) + 1)
    }
}

/// Reads every document of a text.
///
/// # Errors
/// Says in a sentence without full stop why the text is no tree.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    read_with(text, |value, _| value.to_owned())
}

/// Reads every document of a text; `leaf` makes a leaf of a scalar's value and the characters where it stands.
///
/// # Errors
/// Says in a sentence without full stop why the text is no tree.
pub fn read_with<T: AsRef<str> + Clone>(
    text: &str,
    leaf: impl Fn(&str, Span) -> T,
) -> Result<Vec<Node<T>>, String> {
    let mut building = Building::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("it is no valid YAML: {error}"))?;
        building.count(1)?;
        match event {
            Event::SequenceStart(anchor, _) => building.open(anchor, Value::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                building.open(anchor, Value::Map(Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => building.close()?,
            Event::Scalar(value, _, anchor, _) => {
                if building.too_deep == 0 {
                    building.add(anchor, Node::Text(leaf(&value, span)))?;
                }
            }
            Event::Alias(anchor) => building.repeat(anchor)?,
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    Ok(building.done)
}

/// A collection that has begun.
struct Open<T> {
    anchor: usize,
    value: Value<T>,
}

enum Value<T> {
    List(Vec<Node<T>>),
    Map(Vec<(String, Node<T>)>, Option<String>),
}

struct Building<T> {
    open: Vec<Open<T>>,
    done: Vec<Node<T>>,
    /// What aliases stand for, by the number of their anchor.
    anchors: HashMap<usize, Node<T>>,
    too_deep: usize,
    nodes: usize,
}

impl<T> Default for Building<T> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            done: Vec::new(),
            anchors: HashMap::new(),
            too_deep: 0,
            nodes: 0,
        }
    }
}

impl<T: AsRef<str> + Clone> Building<T> {
    fn count(&mut self, more: usize) -> Result<(), String> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            return Err(format!("it has more than {MAX_NODES} nodes"));
        }
        Ok(())
    }

    fn open(&mut self, anchor: usize, value: Value<T>) {
        if self.too_deep > 0 || self.open.len() >= DEPTH {
            self.too_deep += 1;
        } else {
            self.open.push(Open { anchor, value });
        }
    }

    fn close(&mut self) -> Result<(), String> {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(Open { anchor, value }) = self.open.pop() {
            let node = match value {
                Value::List(items) => Node::List(items),
                Value::Map(entries, _) => Node::Map(merged(entries)),
            };
            return self.add(anchor, node);
        }
        Ok(())
    }

    fn repeat(&mut self, anchor: usize) -> Result<(), String> {
        if self.too_deep > 0 {
            return Ok(());
        }
        // An alias inside its own anchor has no node yet, and stands for nothing.
        let node = self.anchors.get(&anchor).cloned();
        let node = node.unwrap_or(Node::List(Vec::new()));
        let (nodes, depth) = node.measure();
        self.count(nodes)?;
        let fits = self.open.len() + depth <= DEPTH;
        self.add(0, if fits { node } else { Node::List(Vec::new()) })
    }

    fn add(&mut self, anchor: usize, node: Node<T>) -> Result<(), String> {
        if anchor > 0 {
            self.count(node.measure().0)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.value) {
            Some(Value::List(items)) => items.push(node),
            Some(Value::Map(entries, key)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node.text().unwrap_or_default().to_owned()),
            },
            None => self.done.push(node),
        }
        Ok(())
    }
}

/// Puts the entries of merged mappings beside those that stand here, which win.
fn merged<T>(entries: Vec<(String, Node<T>)>) -> Vec<(String, Node<T>)> {
    if entries.iter().all(|(key, _)| key != "<<") {
        return entries;
    }
    let (bases, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key == "<<");
    let mut known: std::collections::HashSet<String> =
        own.iter().map(|(key, _)| key.clone()).collect();
    for (_, base) in bases {
        let maps = match base {
            Node::List(items) => items,
            one @ (Node::Map(_) | Node::Text(_)) => vec![one],
        };
        for map in maps {
            if let Node::Map(more) = map {
                own.extend(
                    more.into_iter()
                        .filter(|(key, _)| known.insert(key.clone())),
                );
            }
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_merged_mappings_are_read_where_they_stand() {
        let text =
            "x: &x [a, b]\nbase: &base {k: v, script: [p]}\nuse:\n  <<: *base\n  script: *x\n";
        let documents = read(text).unwrap();
        let used = documents.first().and_then(|node| node.get("use")).unwrap();
        assert_eq!(used.get("k").and_then(Node::text), Some("v"));
        assert_eq!(used.get("script").unwrap().texts(), ["a", "b"]);
        assert_eq!(used.names().len(), 2);
    }

    #[test]
    fn aliases_of_aliases_end_at_the_limits() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let of = n - 1;
            text.push_str(&format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{of}"); 10].join(", ")
            ));
        }
        assert!(read(&text).unwrap_err().contains("nodes"));
        let deep = "[".repeat(40) + "x" + &"]".repeat(40);
        let text = format!(
            "a: &a {deep}\nb: {}*a{}\nc: *a",
            "[".repeat(40),
            "]".repeat(40)
        );
        let documents = read(&text).unwrap();
        let depth = documents.first().unwrap().measure().1;
        assert_eq!(depth, 42, "the alias that would be too deep is left out");
        assert_eq!(read("a: &a [*a]").unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_yaml_says_so() {
        assert!(read("a: [unclosed\n").is_err());
        assert!(read(&"[".repeat(5_000)).is_err());
        assert_eq!(read("").unwrap(), []);
    }
}
