//! Reads files that will run somewhere else (migrations, scripts, build and CI files) into texts that can be judged, and maps
//! what was found back to line and column. It judges nothing and opens no file: the guard's pipeline and `examine` do.

pub mod baseline;
mod build;
mod code;
mod docker;
pub mod exceptions;
mod jenkins;
pub mod kinds;
mod pipelines;
pub mod place;
pub mod remarks;
pub mod removals;
mod sql;
mod tasks;
pub mod unit;
mod yaml;

use exceptions::Exception;
use kinds::Kind;
use place::{Lines, Map};
use unit::Unit;

/// Largest file that is read; a larger one gets a note.
pub const FILE_CAP: usize = 8 * 1024 * 1024;

/// A file, cut into what is judged.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Relative to the root of the scan, parted by `/`.
    pub path: String,
    pub kind: Kind,
    pub text: String,
    pub lines: Lines,
    pub units: Vec<Unit>,
    pub exceptions: Vec<Exception>,
    /// What could not be read in it, as sentences without full stop.
    pub unread: Vec<String>,
}

/// Cuts a file into units; nothing for a file that holds no commands, or is binary.
///
/// ```
/// let sheet = backstop::scan::read("db/1.sql", b"-- migrate:up\nDROP TABLE a;\n-- migrate:down\nDROP TABLE b;\n");
/// assert_eq!(sheet.unwrap().units.len(), 2);
/// assert!(backstop::scan::read("logo.png", b"\x89PNG\0\0").is_none());
/// ```
pub fn read(path: &str, bytes: &[u8]) -> Option<Sheet> {
    let text = place::decode(bytes)?;
    let kind = kinds::recognise(path, &text)?;
    let lines = Lines::of(&text);
    let mut unread = Vec::new();
    let units = units(kind, path, &text, &lines, &mut unread);
    let exceptions = exceptions::read(kind, &text, &lines);
    Some(Sheet {
        path: path.to_owned(),
        kind,
        lines,
        units,
        exceptions,
        unread,
        text,
    })
}

/// Tells whether a renamed file still means the same: what was no script, or only ran backwards, is new under its new name.
pub fn same_role(from: &str, to: &str) -> bool {
    let role = |path: &str| (kinds::recognise(path, ""), sql::is_down_file(path));
    from == to || role(from) == role(to)
}

fn units(kind: Kind, path: &str, text: &str, lines: &Lines, unread: &mut Vec<String>) -> Vec<Unit> {
    match kind {
        Kind::Sql => sql::units(path, text),
        Kind::Shell(shell) => vec![Unit::shell(shell, text.to_owned(), Map::default())],
        Kind::Make => tasks::make(text, lines),
        Kind::Just => tasks::just(text, lines),
        Kind::Package | Kind::Composer => tasks::package(text),
        Kind::Docker => docker::units(text, lines),
        Kind::Jenkins => jenkins::units(text),
        Kind::Code(tongue) => code::units(tongue, path, text),
        Kind::Compose | Kind::Ci(_) => match (yaml::read(text), kind) {
            (Ok(documents), Kind::Ci(ci)) => pipelines::jobs(ci, &documents),
            (Ok(documents), _) => pipelines::services(&documents),
            (Err(why), _) => {
                unread.push(why);
                Vec::new()
            }
        },
    }
}
