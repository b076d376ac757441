//! One text that is judged by itself: what is asked, where it was cut from, and which half of a migration it is.
//! It judges nothing.

use std::path::PathBuf;

use crate::model::effect::Dialect;
use crate::model::request::{Asked, ShellKind};
use crate::model::scanned::Part;

use super::place::Map;

/// Where relative names of a unit's text begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// At the root of the scan: scripts are started from there.
    Root,
    /// In the folder of the file: a Makefile, a package.
    Own,
}

/// One text that is judged by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub asked: Asked,
    /// The way back from the asked text to the file.
    pub map: Map,
    pub part: Option<Part>,
    pub folder: Folder,
    /// The file as this unit's programs read it, when not as it is: the other half of a migration left out.
    pub feed: Option<Feed>,
}

/// What a program of a unit reads instead of a file on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// As the asked text names it.
    pub name: PathBuf,
    pub text: String,
}

impl Unit {
    /// Returns a text for a shell.
    pub fn shell(kind: ShellKind, text: String, map: Map) -> Self {
        Self {
            asked: Asked::Shell { kind, text },
            map,
            part: None,
            folder: Folder::Root,
            feed: None,
        }
    }

    /// Returns SQL whose dialect is not known.
    pub fn sql(text: String, map: Map, part: Option<Part>) -> Self {
        Self {
            asked: Asked::Sql {
                dialect: Dialect::Unknown,
                text,
            },
            map,
            part,
            folder: Folder::Root,
            feed: None,
        }
    }

    /// Returns a program that reads the file: findings stand in the fed text, whose offsets are those of the file.
    pub fn fed(program: &str, name: &str, text: String, part: Option<Part>) -> Self {
        Self {
            asked: Asked::Shell {
                kind: ShellKind::Posix,
                text: program.replace("{}", &quoted(name)),
            },
            map: Map::default(),
            part,
            folder: Folder::Root,
            feed: Some(Feed {
                name: PathBuf::from(name),
                text,
            }),
        }
    }

    /// Returns the same unit with its relative names beginning in the file's own folder.
    pub fn in_own_folder(mut self) -> Self {
        self.folder = Folder::Own;
        self
    }
}

/// Returns a word as a shell reads it back.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
