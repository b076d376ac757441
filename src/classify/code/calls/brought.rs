//! Files that come from elsewhere over what is there: archives that are unpacked, databases that are copied over others, logs begun anew.
//! It names the places; what stands there is asked by the families of the shell text.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::super::index::{Given, Part};
use super::super::steps::{Kind, word};
use super::super::tokens::Language;
use super::super::values::{STAR, Value, When};
use super::Calls;

impl Calls<'_> {
    /// Reads a call that brings files; tells whether it was one.
    pub(super) fn brings(&mut self, name: &str, last: &str, span: Span, at: usize) -> bool {
        if self.language != Language::Python || !self.index.is_sign(at + 1, '(') {
            return false;
        }
        match last {
            "extractall" | "extract" if name.contains('.') => self.unpacks(span, at),
            "unpack_archive" if name.ends_with("shutil.unpack_archive") => {
                let folder = self.text_of(at, 1, "extract_dir");
                self.unpack(self.text_of(at, 0, "filename"), folder, span);
            }
            "backup" if name.contains('.') && self.mentions.has(&["sqlite3"]) => {
                self.replaces_database(span, at);
            }
            "basicConfig" | "FileHandler" => self.logs(last, span, at),
            "rename" | "replace" if name.contains('.') && self.mentions.has(&["Path("]) => {
                return self.renames(name, span, at);
            }
            _ => return false,
        }
        true
    }

    /// `p.rename(q)` of pathlib: one argument, on a path.
    fn renames(&mut self, name: &str, span: Span, at: usize) -> bool {
        let arguments = self.reader.arguments(at);
        let [part] = arguments.positional.as_slice() else {
            return false;
        };
        if matches!(name, "os.rename" | "os.replace") || self.index.name(part.from + 1).is_some() {
            return false;
        }
        let first = |values: Vec<Value>| values.first().and_then(Value::text).map(str::to_owned);
        let from = first(self.reader.receiver(at, When::at(at)));
        let to = first(self.reader.read(*part, When::at(at)));
        let (Some(from), Some(to)) = (from, to) else {
            return false;
        };
        if from.is_empty() || to.is_empty() || from.contains(HOLE) || to.contains(HOLE) {
            return false;
        }
        // Every file keeps its name.
        let kept = from.contains(STAR) && from.rsplit('/').next() == to.rsplit('/').next();
        let target = match to.rsplit_once('/') {
            Some((folder, _)) if kept => format!("{folder}/"),
            _ if from.contains(STAR) || to.contains(STAR) => return true,
            _ => to.clone(),
        };
        let text = format!("mv -- {} {}", word(&from), word(&target));
        self.does(super::Step {
            text,
            span,
            kind: Kind::Writes(to),
        });
        true
    }

    /// `tarfile.open(p).extractall(d)`, `with ZipFile(p) as z: z.extractall(d)`.
    fn unpacks(&mut self, span: Span, at: usize) {
        let name = self.index.name(at).unwrap_or_default();
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        let opened = if owner.is_empty() {
            Some(self.index.chain(at))
        } else {
            self.index
                .bindings(owner)
                .iter()
                .find_map(|binding| match binding.given {
                    Given::Is(part, _) => Some(part.from),
                    _ => None,
                })
        };
        let opens = |at: &usize| {
            let name = self.index.name(*at).unwrap_or_default();
            matches!(
                name,
                "ZipFile"
                    | "zipfile.ZipFile"
                    | "tarfile.open"
                    | "tarfile.TarFile.open"
                    | "TarFile.open"
            )
        };
        let Some(open) = opened.filter(opens) else {
            return;
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let folder = match last {
            "extract" => self.text_of(at, 1, "path"),
            _ => self.text_of(at, 0, "path"),
        };
        self.unpack(self.text_of(open, 0, "name"), folder, span);
    }

    fn unpack(&mut self, archive: Option<String>, folder: Option<String>, span: Span) {
        let Some(archive) = archive.filter(|archive| !archive.contains(HOLE)) else {
            return;
        };
        let folder = folder.unwrap_or_else(|| ".".to_owned());
        if folder.contains(HOLE) || folder.starts_with(super::super::values::FRESH) {
            return;
        }
        let (archive_word, folder_word) = (word(&archive), word(&folder));
        let text = if archive.ends_with(".zip") {
            format!("unzip -o {archive_word} -d {folder_word}")
        } else {
            format!("tar -xf {archive_word} -C {folder_word}")
        };
        self.run(&text, span);
    }

    /// `mem.backup(dst)`: the whole database behind `dst` is replaced.
    fn replaces_database(&mut self, span: Span, at: usize) {
        let target = self.reader.arguments(at).positional.first().copied();
        let target = target.and_then(|part| self.index.name(part.from));
        let made = target.and_then(|name| {
            self.index
                .bindings(name)
                .iter()
                .find_map(|binding| match binding.given {
                    Given::Is(part, _) => Some(part),
                    _ => None,
                })
        });
        let connects = |part: &Part| {
            self.index
                .name(part.from)
                .is_some_and(|name| name.ends_with("connect"))
        };
        let Some(part) = made.filter(connects) else {
            return;
        };
        let path = self.text_of(part.from, 0, "database");
        let path = path
            .filter(|path| !path.contains(":memory:") && !path.contains(HOLE) && !path.is_empty());
        if let Some(path) = path.filter(|path| !path.starts_with(super::super::values::FRESH)) {
            let text = format!("sqlite3 {} '.restore another.db'", word(&path));
            self.run(&text, span);
        }
    }

    /// `logging.basicConfig(filename=p, filemode='w')`, `FileHandler(p, mode='w')`.
    fn logs(&mut self, last: &str, span: Span, at: usize) {
        let (path, mode) = match last {
            "basicConfig" => (
                self.text_of(at, usize::MAX, "filename"),
                self.text_of(at, usize::MAX, "filemode"),
            ),
            _ => (self.text_of(at, 0, "filename"), self.text_of(at, 1, "mode")),
        };
        if mode.is_some_and(|mode| mode.starts_with('w')) {
            self.write(path, None, span);
        }
    }

    /// Returns the text that an argument spells, by its place or its name.
    fn text_of(&self, at: usize, place: usize, name: &str) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let part = arguments
            .positional
            .get(place)
            .copied()
            .or_else(|| arguments.named(name))?;
        let values = self.reader.read(part, When::at(at));
        values.first()?.text().map(str::to_owned)
    }
}
