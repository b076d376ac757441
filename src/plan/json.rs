//! A JSON text as a tree of byte spans, so that it can be edited without touching what others wrote.
//! It keeps no values beyond keys; serde_json reads values.

use std::ops::Range;

/// Deepest nesting that is read.
const DEPTH: usize = 100;

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub span: Range<usize>,
    pub kind: Kind,
}

/// The forms of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Members: decoded key, the key's place with its quotes, value.
    Object(Vec<(String, Range<usize>, Node)>),
    Array(Vec<Node>),
    Other,
}

impl Node {
    /// Returns the member of an object.
    pub fn member(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Object(members) => members
                .iter()
                .find(|(name, _, _)| name == key)
                .map(|(_, _, node)| node),
            Kind::Array(_) | Kind::Other => None,
        }
    }
}

/// Reads a text as one JSON value with spans.
///
/// # Errors
/// Returns what is wrong and where, as one sentence.
pub fn spans(text: &str) -> Result<Node, String> {
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string())?;
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    let node = reader.value(0)?;
    reader.blanks();
    if reader.at == text.len() {
        Ok(node)
    } else {
        Err(format!(
            "text follows after the JSON value at byte {}",
            reader.at
        ))
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEPTH {
            return Err(format!("nested deeper than {DEPTH}"));
        }
        self.blanks();
        let start = self.at;
        let kind = match self.peek() {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => {
                self.string()?;
                Kind::Other
            }
            _ => {
                while !matches!(
                    self.peek(),
                    0 | b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n'
                ) {
                    self.at += 1;
                }
                Kind::Other
            }
        };
        Ok(Node {
            span: start..self.at,
            kind,
        })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, String> {
        self.at += 1;
        let mut members = Vec::new();
        loop {
            self.blanks();
            if self.peek() == b'}' {
                self.at += 1;
                return Ok(Kind::Object(members));
            }
            let (key, place) = self.string()?;
            if members.iter().any(|(name, _, _)| *name == key) {
                return Err(format!("the key `{key}` stands twice"));
            }
            self.blanks();
            self.at += 1;
            let node = self.value(depth + 1)?;
            members.push((key, place, node));
            self.comma();
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, String> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks();
            if self.peek() == b']' {
                self.at += 1;
                return Ok(Kind::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.comma();
        }
    }

    fn comma(&mut self) {
        self.blanks();
        if self.peek() == b',' {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<(String, Range<usize>), String> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                b'"' => break,
                b'\\' => self.at += 2,
                0 if self.at >= self.bytes.len() => return Err("a string is not closed".to_owned()),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let raw = self.text.get(start..self.at).unwrap_or_default();
        let key = serde_json::from_str(raw).map_err(|error| error.to_string())?;
        Ok((key, start..self.at))
    }
}
