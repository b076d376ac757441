//! Opened files: what is read of them, what is written to them, and texts in memory.
//! What a file says, the world says; a text with holes is not known.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::model::name;

use super::super::super::world::Found;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Kind, Outcome, Stop, Value};

/// Bytes that are surely read at once.
const MAX_BLOCK: usize = 8_000;

/// An opened file.
pub(in super::super) struct File {
    pub name: String,
    path: PathBuf,
    pub open: bool,
    binary: bool,
    /// What is read, and how far; bytes that are no text stand in it as signs of their own.
    text: Option<(String, usize)>,
    /// What it holds is no text: whoever reads it is told so.
    broken: bool,
    /// What is written, where it is known; and the step that says so.
    written: Option<Option<String>>,
    step: Option<usize>,
}

impl File {
    /// Tells whether it is open at this place.
    pub fn is_open_at(&self, path: &std::path::Path) -> bool {
        self.open && self.path == path
    }
}

/// Returns a text with the ends of lines that a text file has in Python.
pub(in super::super) fn lines_ended(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}

/// How the text of a file is read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Manner {
    /// The ends of lines stay as they are.
    keeps_ends: bool,
    /// A lone carriage return ends a line as well.
    returns: bool,
    /// What is no text is passed over.
    lenient: bool,
}

/// Takes how a text is read and written, by place or by name: as what it is, or not at all.
pub(in super::super) fn manner(given: &mut Given) -> Outcome<Manner> {
    let encoding = given.take("encoding");
    let lenient = match given.take("errors") {
        None | Some(Value::None) => false,
        Some(Value::Text(name)) => &*name != "strict",
        Some(_) => return Err(Stop::Lost),
    };
    let newline = given.take("newline");
    given.end()?;
    match encoding {
        None | Some(Value::None) => {}
        Some(Value::Text(name))
            if ["utf-8", "utf8"].contains(&name.to_ascii_lowercase().as_str()) => {}
        Some(_) => return Err(Stop::Lost),
    }
    let kept = match newline {
        None | Some(Value::None) => None,
        Some(Value::Text(end)) if end.is_empty() || &*end == "\n" => Some(end),
        Some(_) => return Err(Stop::Lost),
    };
    Ok(Manner {
        keeps_ends: kept.is_some(),
        returns: kept.is_some_and(|end| end.is_empty()),
        lenient,
    })
}

/// Returns a text as a file that is read in this manner gives it.
pub(in super::super) fn as_read(text: &str, manner: Manner) -> Outcome<String> {
    let lone = || text.replace("\r\n", "").contains('\r');
    match (manner.keeps_ends, manner.returns && lone()) {
        (_, true) => Err(Stop::Lost),
        (true, false) => Ok(text.to_owned()),
        (false, false) => Ok(lines_ended(text)),
    }
}

impl Player<'_> {
    /// Reads a whole text.
    pub fn read_text(&mut self, path: &str, manner: Manner) -> Outcome<String> {
        let text = self.read_file(path)?;
        match (name::carries(&text), manner.lenient) {
            (false, _) => as_read(&text, manner),
            (true, true) => Err(Stop::Lost),
            (true, false) => Err(self.raise("UnicodeDecodeError", "invalid start byte")),
        }
    }

    /// Reads a whole file; bytes that are no text stand in it as signs of their own.
    pub fn read_file(&mut self, path: &str) -> Outcome<String> {
        match self.followed(path)? {
            Found::Nothing if self.world.waits => return Ok(String::new()),
            Found::Nothing => return Err(self.absent(path)),
            Found::Folder => return Err(self.raise("IsADirectoryError", path)),
            _ => {}
        }
        let whole = self.world.path(path)?;
        if self.stores.is_changed(&whole) {
            return Err(Stop::Lost);
        }
        // What was written and not closed may stand there or not.
        if self.is_being_written(&whole)? {
            return Err(Stop::Lost);
        }
        let whole = match self.world.found(&whole)? {
            Found::Link { .. } => self.world.resolved(&whole)?,
            _ => whole,
        };
        let text = self.world.content(&whole)?.ok_or(Stop::Lost)?;
        self.worked(text.len() / 64)?;
        Ok(text)
    }

    /// Closes the files that nobody holds any more.
    pub fn close_unheld(&mut self) -> Outcome<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        let held = |file: &Rc<RefCell<File>>| Rc::strong_count(file) > 1;
        let gone: Vec<_> = self.files.extract_if(.., |file| !held(file)).collect();
        gone.iter().try_for_each(|file| self.close_file(file))
    }

    /// Tells whether a file is still open for writing.
    pub fn is_being_written(&mut self, path: &std::path::Path) -> Outcome<bool> {
        self.close_unheld()?;
        let mut files = self.files.iter();
        Ok(files.any(|file| file.borrow().is_open_at(path)))
    }

    pub fn write_file(&mut self, path: &str, data: &Value) -> Outcome<Value> {
        let mode = match data {
            Value::Bytes(_) => "wb",
            _ => "w",
        };
        let file = self.open(Given::of(vec![
            Value::Path(Rc::from(path)),
            Value::text(mode),
        ]))?;
        let Value::File(file) = file else {
            return Err(Stop::Lost);
        };
        let count = self.file_method(&file, "write", Given::of(vec![data.clone()]))?;
        self.close_file(&file)?;
        Ok(count)
    }

    pub fn open(&mut self, mut given: Given) -> Outcome<Value> {
        let first = given.need("file")?;
        let path = match first {
            Value::None => {
                return Err(self.raise("TypeError", "expected str, bytes or os.PathLike"));
            }
            Value::Object(number) if number.class.builtin && number.class.name == "fd" => {
                number.get("path").ok_or(Stop::Lost)?.as_name()?
            }
            first => first.as_name()?,
        };
        let mode = given
            .take("mode")
            .map_or(Ok(Rc::from("r")), |mode| mode.as_text())?;
        given.take("buffering");
        let manner = manner(&mut given)?;
        let letters: String = mode
            .chars()
            .filter(|letter| !matches!(letter, 'b' | 't'))
            .collect();
        let whole = self.world.path(&path)?;
        let mut file = File {
            name: path.to_string(),
            path: whole,
            open: true,
            binary: mode.contains('b'),
            text: None,
            broken: false,
            written: None,
            step: None,
        };
        if letters == "r" {
            let text = self.read_file(&path)?;
            file.broken = !file.binary && name::carries(&text);
            if file.broken && (manner.lenient || text.len() > MAX_BLOCK) {
                return Err(Stop::Lost);
            }
            file.text = Some((
                if file.binary || file.broken {
                    text
                } else {
                    as_read(&text, manner)?
                },
                0,
            ));
            return Ok(Value::File(Rc::new(RefCell::new(file))));
        }
        self.open_to_write(&path, &letters, file)
    }

    fn open_to_write(&mut self, path: &str, letters: &str, mut file: File) -> Outcome<Value> {
        let whole = file.path.clone();
        let there = self.followed(path)?;
        match (letters, there) {
            (_, Found::Folder) => return Err(self.raise("IsADirectoryError", path)),
            ("x", found) if found != Found::Nothing => {
                return Err(self.raise("FileExistsError", path));
            }
            ("w" | "x" | "a", Found::Nothing) => self.above_exists(path)?,
            ("w" | "a", _) => {}
            _ => return Err(Stop::Lost),
        }
        if let Found::Link { .. } = self.world.found(&whole)? {
            return Err(Stop::Lost);
        }
        file.written = Some(Some(String::new()));
        if letters == "a" {
            self.world.write(&whole, None, true, self.span)?;
        } else {
            file.step = Some(self.world.write(&whole, Some(""), false, self.span)?);
        }
        self.stores.forget(&whole);
        let file = Rc::new(RefCell::new(file));
        self.files.push(Rc::clone(&file));
        Ok(Value::File(file))
    }

    /// Opens a text in memory.
    pub fn memory_file(&mut self, text: &str) -> Value {
        Value::File(Rc::new(RefCell::new(File {
            name: String::new(),
            path: PathBuf::new(),
            open: true,
            binary: false,
            text: Some((text.to_owned(), 0)),
            broken: false,
            written: None,
            step: None,
        })))
    }

    pub fn close_file(&mut self, file: &Rc<RefCell<File>>) -> Outcome<()> {
        let mut file = file.borrow_mut();
        if !file.open {
            return Ok(());
        }
        file.open = false;
        if let (Some(step), Some(written)) = (file.step, file.written.take()) {
            let path = file.path.clone();
            self.world.filled(step, &path, written.as_deref());
        }
        Ok(())
    }

    pub fn next_line(&mut self, file: &Rc<RefCell<File>>) -> Outcome<Option<Value>> {
        let mut file = file.borrow_mut();
        let binary = file.binary;
        let (open, broken) = (file.open, file.broken);
        if broken && open {
            drop(file);
            return Err(self.raise("UnicodeDecodeError", "invalid start byte"));
        }
        let Some((text, at)) = &mut file.text else {
            return Err(Stop::Lost);
        };
        if !open {
            drop(file);
            return Err(self.raise("ValueError", "I/O operation on closed file"));
        }
        let rest = text.get(*at..).unwrap_or_default();
        let Some(line) = rest.split_inclusive('\n').next() else {
            return Ok(None);
        };
        *at += line.len();
        let line = line.to_owned();
        drop(file);
        match binary {
            true => Ok(Some(Value::Bytes(Rc::from(&*name::bytes(&line))))),
            false => self.text(line).map(Some),
        }
    }

    pub fn file_method(
        &mut self,
        file: &Rc<RefCell<File>>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        match name {
            "close" => self.close_file(file).map(|()| Value::None),
            "flush" => Ok(Value::None),
            "fileno" => Ok(Value::Unknown(Kind::Number)),
            "isatty" => Ok(Value::Bool(false)),
            "read" => {
                if given
                    .take("size")
                    .is_some_and(|size| !matches!(size, Value::None | Value::Int(-1)))
                {
                    return Err(Stop::Lost);
                }
                let mut all = file.borrow_mut();
                let binary = all.binary;
                if !all.open {
                    drop(all);
                    return Err(self.raise("ValueError", "I/O operation on closed file"));
                }
                if all.broken {
                    drop(all);
                    return Err(self.raise("UnicodeDecodeError", "invalid start byte"));
                }
                let Some((text, at)) = &mut all.text else {
                    return Err(Stop::Lost);
                };
                let rest = text.get(*at..).unwrap_or_default().to_owned();
                *at = text.len();
                drop(all);
                match binary {
                    true => Ok(Value::Bytes(Rc::from(&*name::bytes(&rest)))),
                    false => self.text(rest),
                }
            }
            "readline" => {
                given.end()?;
                match self.next_line(file)? {
                    Some(line) => Ok(line),
                    None if file.borrow().binary => Ok(Value::Bytes(Rc::from(Vec::new()))),
                    None => self.text(""),
                }
            }
            "readlines" if !given.placed.is_empty() => Err(Stop::Lost),
            "readlines" => self.items(&Value::File(Rc::clone(file))).map(Value::list),
            "write" => {
                let data = given.need("data")?;
                given.end()?;
                self.write_to(file, &data)
            }
            "writelines" => {
                let all = given.need("lines")?;
                for line in self.items(&all)? {
                    self.write_to(file, &line)?;
                }
                Ok(Value::None)
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn write_to(&mut self, file: &Rc<RefCell<File>>, data: &Value) -> Outcome<Value> {
        let known = match data {
            Value::Text(text) => Some(text.to_string()),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Value::Unknown(Kind::Text) => None,
            Value::Unknown(_) => return Err(Stop::Lost),
            _ => return Err(self.raise("TypeError", "write() argument must be str")),
        };
        let (open, binary) = (file.borrow().open, file.borrow().binary);
        if !open {
            return Err(self.raise("ValueError", "I/O operation on closed file"));
        }
        match (data, binary) {
            (Value::Text(_), true) | (Value::Bytes(_), false) => {
                return Err(self.raise("TypeError", "a bytes-like object is required"));
            }
            _ => {}
        }
        let length = known.as_ref().map_or(0, String::len);
        self.worked(length / 64)?;
        let mut all = file.borrow_mut();
        match (&mut all.written, known) {
            (Some(Some(whole)), Some(text)) => {
                whole.push_str(&text);
                if whole.len() > super::super::play::MAX_TEXT {
                    return Err(Stop::Lost);
                }
            }
            (Some(whole), _) => *whole = None,
            (None, _) => return Err(Stop::Lost),
        }
        Ok(Value::Unknown(Kind::Number))
    }

    /// `print`, to a file or to nobody.
    pub fn printed(&mut self, file: Option<Value>, mut given: Given) -> Outcome<Value> {
        let sep = given
            .key("sep")
            .filter(|value| !value.is_none())
            .map_or(Ok(Rc::from(" ")), |sep| sep.as_text())?;
        let end = given
            .key("end")
            .filter(|value| !value.is_none())
            .map_or(Ok(Rc::from("\n")), |end| end.as_text())?;
        given.key("flush");
        let mut all = Some(String::new());
        for (at, value) in given.placed.iter().enumerate() {
            let text = self.string(value)?;
            all = match (all, text) {
                (Some(all), Some(text)) if all.len() < super::super::play::MAX_TEXT => {
                    Some(if at == 0 { text } else { all + &sep + &text })
                }
                _ => None,
            };
        }
        match file {
            None | Some(Value::None | Value::Library("sys.stdout" | "sys.stderr")) => {}
            Some(Value::File(file)) => {
                let data = match all {
                    Some(all) => self.text(all + &end)?,
                    None => Value::Unknown(Kind::Text),
                };
                self.write_to(&file, &data)?;
            }
            Some(_) => return Err(Stop::Lost),
        }
        Ok(Value::None)
    }
}
