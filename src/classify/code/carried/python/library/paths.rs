//! `pathlib`: paths as texts, and what their methods ask of the world.
//! Joining, names and suffixes are as the library has them; places are looked up elsewhere.

use std::path::Path;
use std::rc::Rc;

use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Kind, Outcome, Stop, Value};

/// Returns a path as `pathlib` writes it.
pub(in super::super) fn plain(text: &str) -> String {
    let root = if text.starts_with("//") && !text.starts_with("///") {
        "//"
    } else if text.starts_with('/') {
        "/"
    } else {
        ""
    };
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    match (root, parts.is_empty()) {
        ("", true) => ".".to_owned(),
        _ => format!("{root}{}", parts.join("/")),
    }
}

pub(in super::super) fn joined(left: &str, right: &str) -> String {
    if right.starts_with('/') {
        plain(right)
    } else {
        plain(&format!("{left}/{right}"))
    }
}

/// Returns the last part of a path.
pub(in super::super) fn last(path: &str) -> &str {
    match path.rsplit('/').next().unwrap_or(path) {
        "." => "",
        other => other,
    }
}

fn above(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", "")) => "/".to_owned(),
        Some(("", _)) => "/".to_owned(),
        Some((front, _)) => front.to_owned(),
        None => ".".to_owned(),
    }
}

/// Splits a name where its suffix begins.
pub(in super::super) fn suffix(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && at + 1 < name.len() => {
            name.split_at_checked(at).unwrap_or((name, ""))
        }
        _ => (name, ""),
    }
}

impl Player<'_> {
    pub fn path_value(&mut self, text: &str) -> Outcome<Value> {
        self.worked(1 + text.len() / 64)?;
        if text.contains('\0') || text.len() > 4096 {
            return Err(Stop::Lost);
        }
        Ok(Value::Path(Rc::from(plain(text))))
    }

    pub fn call_pathlib(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" => {
                let mut whole = String::new();
                for part in std::mem::take(&mut given.placed) {
                    if let Value::None | Value::Int(_) | Value::List(_) = part {
                        return Err(
                            self.raise("TypeError", "argument should be a str or an os.PathLike")
                        );
                    }
                    match part {
                        Value::Bytes(_) => return Err(Stop::Lost),
                        Value::Unknown(_) => return Ok(Value::Unknown(Kind::Place)),
                        _ => {}
                    }
                    whole = joined(&whole_or(&whole), &part.as_name()?);
                }
                given.end()?;
                self.path_value(&whole)
            }
            "pathlib.Path.cwd" => {
                let here = self.world.here.to_str().ok_or(Stop::Lost)?.to_owned();
                self.path_value(&here)
            }
            "pathlib.Path.home" => {
                let home = self.home()?;
                self.path_value(&home)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Returns a part of a value that is read without being called.
    pub fn property(&mut self, owner: &Value, name: &str) -> Outcome<Option<Value>> {
        match owner {
            Value::Path(path) => self.path_property(&Rc::clone(path), name),
            Value::File(file) => Ok(match name {
                "name" => Some(Value::text(&file.borrow().name)),
                "closed" => Some(Value::Bool(!file.borrow().open)),
                _ => None,
            }),
            Value::Function(_) => Ok(None),
            Value::Pattern(_) if name == "pattern" => Err(Stop::Lost),
            Value::Cursor(cursor) => self.cursor_property(&Rc::clone(cursor), name),
            Value::Database(connection) => self.connection_property(&Rc::clone(connection), name),
            Value::Time(..) | Value::Span(_) => self.time_property(owner, name),
            Value::Date(moment, whole) => Ok(self.date_property((*moment, *whole), name)),
            _ => Ok(None),
        }
    }

    fn path_property(&mut self, path: &str, name: &str) -> Outcome<Option<Value>> {
        let file = last(path);
        Ok(Some(match name {
            "name" => Value::text(file),
            "stem" => Value::text(suffix(file).0),
            "suffix" => Value::text(suffix(file).1),
            "suffixes" => {
                let (_, ends) = file
                    .trim_start_matches('.')
                    .split_once('.')
                    .unwrap_or(("", ""));
                match ends.is_empty() || file.ends_with('.') {
                    true => Value::list(Vec::new()),
                    false => Value::texts(ends.split('.').map(|end| format!(".{end}"))),
                }
            }
            "parent" => self.path_value(&above(path))?,
            "parents" => {
                let mut all = Vec::new();
                let mut at = path.to_owned();
                while above(&at) != at {
                    at = above(&at);
                    all.push(self.path_value(&at)?);
                }
                Value::tuple(all)
            }
            "parts" => {
                let root = path.starts_with('/').then_some("/");
                let parts = path
                    .split('/')
                    .filter(|part| !part.is_empty() && *part != ".");
                Value::tuple(root.into_iter().chain(parts).map(Value::text).collect())
            }
            "anchor" | "root" => Value::text(if path.starts_with('/') { "/" } else { "" }),
            "drive" => Value::text(""),
            _ => return Ok(None),
        }))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    pub fn path_method(&mut self, path: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "joinpath" => {
                let mut all = path.to_string();
                for part in &given.placed {
                    all = joined(&all, &part.as_name()?);
                }
                self.path_value(&all)
            }
            "with_name" | "with_suffix" | "with_stem" => {
                let new = given.need("name")?.as_text()?;
                given.end()?;
                let file = last(path);
                if file.is_empty()
                    || name == "with_suffix"
                        && !new.is_empty()
                        && (!new.starts_with('.') || new.len() == 1)
                {
                    return Err(self.raise("ValueError", "has an empty name"));
                }
                let (stem, end) = suffix(file);
                let file = match name {
                    "with_name" => new.to_string(),
                    "with_stem" => format!("{new}{end}"),
                    _ => format!("{stem}{new}"),
                };
                if file.contains('/') || file.is_empty() || file == "." {
                    return Err(self.raise("ValueError", "invalid name"));
                }
                self.path_value(&joined(&above(path), &file))
            }
            "relative_to" | "is_relative_to" => {
                let other = plain(&given.need("other")?.as_name()?);
                given.end()?;
                let rest =
                    match Path::new(&**path).strip_prefix(if other == "." { "" } else { &other }) {
                        Ok(rest) if path.starts_with('/') == other.starts_with('/') => {
                            rest.to_str()
                        }
                        _ => None,
                    };
                match (rest, name) {
                    (rest, "is_relative_to") => Ok(Value::Bool(rest.is_some())),
                    (Some(rest), _) => self.path_value(rest),
                    (None, _) => Err(self.raise("ValueError", "is not in the subpath")),
                }
            }
            "as_posix" => self.text(&**path),
            "is_absolute" => Ok(Value::Bool(path.starts_with('/'))),
            "match" => {
                let pattern = given.need("pattern")?.as_name()?;
                given.end()?;
                match pattern.contains('/') {
                    true => Err(Stop::Lost),
                    false => Ok(Value::Bool(
                        super::small::like(&pattern)?.is_match(last(path)),
                    )),
                }
            }
            "absolute" => {
                let whole = self.world.here.to_str().ok_or(Stop::Lost)?.to_owned();
                self.path_value(&joined(&whole, path))
            }
            "expanduser" => match path.strip_prefix("~") {
                None => Ok(Value::Path(Rc::clone(path))),
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    let home = self.home()?;
                    self.path_value(&format!("{home}{rest}"))
                }
                Some(_) => Err(Stop::Lost),
            },
            "resolve" => {
                let strict = given.take("strict");
                if strict.is_some_and(|strict| !matches!(strict, Value::Bool(false))) {
                    return Err(Stop::Lost);
                }
                let whole = self.resolved(path)?;
                self.path_value(&whole)
            }
            _ => self.path_deed(path, name, given),
        }
    }

    /// Methods of a path that look at the world or change it: those of other modules, with the path in front.
    fn path_deed(&mut self, path: &Rc<str>, name: &str, mut given: Given) -> Outcome<Value> {
        given.placed.insert(0, Value::Path(Rc::clone(path)));
        match name {
            "exists" | "is_file" | "is_dir" | "is_symlink" => {
                let given = given.pass(&["follow_symlinks"]);
                let test = match name {
                    "exists" => "os.path.exists",
                    "is_file" => "os.path.isfile",
                    "is_dir" => "os.path.isdir",
                    _ => "os.path.islink",
                };
                self.call_os_path(test, given)
            }
            "iterdir" => self.entries(path),
            "glob" | "rglob" => self.path_glob(path, name, given),
            "unlink" => {
                given.placed.remove(0);
                let missing = match given.take("missing_ok") {
                    None => false,
                    Some(value) => self.truth(&value)?,
                };
                given.end()?;
                self.unlink(path, missing)
            }
            "rmdir" => self.call_os("os.rmdir", given),
            "mkdir" => self.path_mkdir(path, given),
            "rename" | "replace" => {
                let to = given.placed.get(1).cloned().ok_or(Stop::Lost)?;
                self.call_os("os.replace", given)?;
                self.path_value(&to.as_name()?)
            }
            "read_text" | "read_bytes" | "write_text" | "write_bytes" => {
                given.placed.remove(0);
                self.path_content(path, name, given)
            }
            "open" => self.open(given),
            "touch" => self.touch(path, given),
            "stat" | "lstat" => {
                let follows = given.flag("follow_symlinks", true)?;
                self.stat(path, follows && name == "stat")
            }
            "samefile" => self.call_os_path("os.path.samefile", given),
            "chmod" => Ok(Value::None),
            _ => Err(Stop::Lost),
        }
    }

    /// Reads or writes a whole file.
    fn path_content(&mut self, path: &str, name: &str, mut given: Given) -> Outcome<Value> {
        let writes = name.starts_with("write");
        let data = match writes {
            true => Some(given.need("data")?),
            false => None,
        };
        let manner = super::files::manner(&mut given)?;
        match (data, name) {
            (Some(data), _) => self.write_file(path, &data),
            (None, "read_text") => {
                let text = self.read_text(path, manner)?;
                self.text(text)
            }
            (None, _) => {
                let text = self.read_file(path)?;
                Ok(Value::Bytes(Rc::from(&*crate::model::name::bytes(&text))))
            }
        }
    }

    fn path_mkdir(&mut self, path: &str, mut given: Given) -> Outcome<Value> {
        given.placed.remove(0);
        given.take("mode");
        let mut switch = |name: &str| match given.take(name) {
            None => Ok(false),
            Some(value) => self.truth(&value),
        };
        let (parents, exists) = (switch("parents")?, switch("exist_ok")?);
        given.end()?;
        self.make_folder(path, parents, exists)
    }

    /// Returns the folder of the user.
    pub fn home(&mut self) -> Outcome<String> {
        let told = self.environment.borrow().named("HOME");
        match told {
            Some(value) => value.as_text().map(|text| text.to_string()),
            None => self.world.home().ok_or(Stop::Lost),
        }
    }

    /// Returns a path with every link of it resolved.
    pub fn resolved(&mut self, path: &str) -> Outcome<String> {
        let whole = self.world.path(path)?;
        let real = self.world.resolved(&whole)?;
        real.to_str().map(str::to_owned).ok_or(Stop::Lost)
    }

    pub fn unknown_text(&self) -> Value {
        Value::Unknown(Kind::Text)
    }
}

fn whole_or(whole: &str) -> String {
    if whole.is_empty() {
        ".".to_owned()
    } else {
        whole.to_owned()
    }
}
