//! What a code starts, writes and deletes, put down as one shell text in the order of the code, with the way back to where each line was written.
//! It spells words for a shell; it judges nothing.

use crate::model::command::{Command, Opaque, OpaqueKind};
use crate::model::span::{Origin, Span};
use crate::sql::HOLE;

use crate::classify::sql::Started;

use super::values::{FRESH, HOME, STAR};

/// Ends the texts that are fed to programs and written to files.
const END: &str = "END_OF_BACKSTOP_TEXT";

/// A shell text that a program starts, with the places where its stretches were written.
#[derive(Clone, Debug)]
pub struct Steps {
    pub text: String,
    /// Where each stretch begins, in order; never empty.
    places: Vec<(usize, Origin)>,
}

impl Steps {
    /// Returns a text that was written in one place.
    pub fn of(started: Started) -> Self {
        Self {
            text: started.text,
            places: vec![(0, started.origin)],
        }
    }

    /// Puts texts one below the other.
    pub fn join(all: Vec<Started>) -> Option<Self> {
        let mut texts = all.into_iter();
        let mut steps = Self::of(texts.next()?);
        for next in texts {
            steps.text.push('\n');
            steps.places.push((steps.text.len(), next.origin));
            steps.text.push_str(&next.text);
        }
        Some(steps)
    }

    /// Returns where a span of the text was written.
    pub fn origin(&self, span: Option<Span>) -> Origin {
        let at = span.map_or(0, |span| span.start);
        let index = self.places.partition_point(|(from, _)| *from <= at);
        let place = self.places.get(index.saturating_sub(1));
        place.or(self.places.first()).map_or_else(
            || Origin::Text(Span::new(0, 0)),
            |(_, origin)| origin.clone(),
        )
    }

    /// Returns the text as one that is too deep inside the call to be read.
    pub fn too_deep(&self, client: &Command) -> Opaque {
        const MAX_WORDS: usize = 200;
        let words = self.text.split_whitespace().take(MAX_WORDS);
        Opaque {
            origin: self.origin(None),
            reason: "programs start one another too deeply to be followed".to_owned(),
            words: words.map(str::to_owned).collect(),
            kind: OpaqueKind::Budget,
            via: client.via.clone(),
        }
    }
}

/// Whether a step runs something, or only prepares what others run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Runs,
    /// `os.chdir(…)`.
    Goes,
    /// Writes or moves this file.
    Writes(String),
    /// Adds to this file.
    Adds(String),
}

/// One thing that a code does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub text: String,
    pub span: Span,
    pub kind: Kind,
}

/// How a program is started.
#[derive(Default)]
pub(super) struct Setting {
    pub cwd: Option<String>,
    pub input: Option<String>,
    pub file: Option<String>,
    /// On another machine.
    pub remote: bool,
}

impl Setting {
    /// Returns a shell text with what it is given.
    pub fn around(&self, text: &str) -> String {
        let mut all = text.to_owned();
        if self.remote {
            all = format!("ssh hosts {}", quoted(&all));
        }
        if let Some(input) = self.input.as_ref().filter(|input| !input.contains(END)) {
            let input = line(input);
            all = format!("{{\n{all}\n}} <<'{END}'\n{input}\n{END}");
        } else if let Some(file) = &self.file {
            all = format!("{{\n{all}\n}} < {}", word(file));
        }
        if let Some(cwd) = self.cwd.as_ref().filter(|cwd| *cwd != ".") {
            all = format!("{}\n{all}", goes(cwd));
        }
        if all == text && !text.contains(['\n', '#', ';', '&', '\\']) {
            return all;
        }
        format!("(\n{all}\n)")
    }
}

/// Returns a step that goes to a folder; a fresh one is made.
pub(super) fn goes(folder: &str) -> String {
    match folder {
        FRESH => "cd \"$(mktemp -d)\"".to_owned(),
        folder => format!("cd {}", word(folder)),
    }
}

/// Returns a step that writes a text to a file.
pub(super) fn written(path: &str, content: Option<&str>) -> String {
    match content {
        Some("") => format!(": > {}", word(path)),
        // Of a text of which nothing is known no part stands there.
        Some(content) if !content.contains(END) && !is_unknown(content) => {
            format!("cat > {} <<'{END}'\n{}\n{END}", word(path), held(content))
        }
        _ => format!("printf x > {}", word(path)),
    }
}

/// Returns a step that adds a text to a file.
pub(super) fn added(path: &str, content: Option<&str>) -> String {
    match content {
        Some(content) if !content.contains(END) => {
            format!("cat >> {} <<'{END}'\n{}\n{END}", word(path), held(content))
        }
        _ => format!("printf x >> {}", word(path)),
    }
}

fn is_unknown(content: &str) -> bool {
    content.contains(HOLE) && content.replace(HOLE, "").trim().is_empty()
}

/// A text as a file holds it: what was there before and is not known ends its line.
fn held(content: &str) -> String {
    match content.strip_prefix(HOLE) {
        Some(rest) => line(&format!("\n{rest}")),
        None => line(content),
    }
}

/// Returns a text as a shell line: what is unknown is a variable that nothing sets.
pub(super) fn line(text: &str) -> String {
    if !text.contains([HOLE, STAR, HOME]) {
        return text.to_owned();
    }
    text.replace(HOLE, "$UNKNOWN")
        .replace(STAR, "*")
        .replace(HOME, "$HOME")
}

/// Returns a text as one word of a shell, patterns of real names alive.
pub(super) fn word(text: &str) -> String {
    let mut all = String::new();
    let mut plain = String::new();
    for char in text.chars() {
        let special = match char {
            HOLE => "\"$UNKNOWN\"",
            STAR => "*",
            HOME => "\"$HOME\"",
            other => {
                plain.push(other);
                continue;
            }
        };
        if !plain.is_empty() {
            all.push_str(&quoted(&plain));
            plain.clear();
        }
        all.push_str(special);
    }
    if !plain.is_empty() || all.is_empty() {
        all.push_str(&quoted(&plain));
    }
    all
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
