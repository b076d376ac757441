//! `os` and `os.path`: names put together, what stands where, and what is removed, renamed and made.
//! What a place is says the world; errors are those of the language.

use std::path::PathBuf;
use std::rc::Rc;

use super::super::super::world::Found;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Clock, Kind, Outcome, Stop, Value};

/// Returns a path without `.`, `..` and doubled slashes, as `os.path.normpath` does.
pub(in super::super) fn normal(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", None) if !root.is_empty() => {}
            _ => parts.push(part),
        }
    }
    let all = format!("{root}{}", parts.join("/"));
    if all.is_empty() { ".".to_owned() } else { all }
}

fn head_tail(path: &str) -> (String, &str) {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    let (head, tail) = path.split_at_checked(at).unwrap_or((path, ""));
    let bare = head.trim_end_matches('/');
    (if bare.is_empty() { head } else { bare }.to_owned(), tail)
}

impl Player<'_> {
    /// Returns what stands at a place, links followed; nothing where they lead nowhere.
    pub fn followed(&mut self, path: &str) -> Outcome<Found> {
        self.worked(4)?;
        if path.is_empty() {
            return Ok(Found::Nothing);
        }
        let whole = self.world.path(path)?;
        let found = self.world.found(&whole)?;
        match found {
            Found::Link { folder: false } => {
                let real = self.world.resolved(&whole)?;
                if real == whole {
                    Ok(Found::Nothing)
                } else {
                    Ok(self.world.found(&real)?)
                }
            }
            Found::Link { folder: true } => Ok(Found::Folder),
            Found::File if path.ends_with('/') => Ok(Found::Nothing),
            other => Ok(other),
        }
    }

    pub fn call_os_path(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let short = name.rsplit('.').next().unwrap_or(name);
        if short == "join" {
            return self.join_paths(&given);
        }
        let first = given.need("path")?;
        if first.is_none() && short != "exists" {
            return Err(self.raise(
                "TypeError",
                "expected str, bytes or os.PathLike object, not NoneType",
            ));
        }
        let path = first.as_name()?;
        let is_path = matches!(first, Value::Path(_));
        let text = match short {
            "basename" => head_tail(&path).1.to_owned(),
            "dirname" => head_tail(&path).0,
            "split" => {
                let (head, tail) = head_tail(&path);
                return Ok(Value::tuple(vec![Value::text(&head), Value::text(tail)]));
            }
            "splitext" => {
                let at = path.rfind('/').map_or(0, |at| at + 1);
                let file = path.get(at..).unwrap_or_default();
                let lead = file.len() - file.trim_start_matches('.').len();
                let dot = file.rfind('.').filter(|dot| *dot >= lead && *dot > 0);
                let end = dot.map_or(path.len(), |dot| at + dot);
                let (stem, suffix) = path.split_at_checked(end).unwrap_or((&path, ""));
                return Ok(Value::tuple(vec![Value::text(stem), Value::text(suffix)]));
            }
            "isabs" => return Ok(Value::Bool(path.starts_with('/'))),
            "normpath" => normal(&path),
            "abspath" => normal(self.world.here.join(&*path).to_str().ok_or(Stop::Lost)?),
            "realpath" => self.resolved(&path)?,
            "expanduser" => match path.strip_prefix('~') {
                None => path.to_string(),
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    format!("{}{rest}", self.home()?)
                }
                Some(_) => return Err(Stop::Lost),
            },
            "expandvars" if !path.contains('$') => path.to_string(),
            "relpath" => {
                let start = given
                    .take("start")
                    .map_or(Ok(Rc::from(".")), |start| start.as_name())?;
                self.relative(&path, &start)?
            }
            _ => return self.ask_path(short, &path, given),
        };
        let _ = is_path;
        self.text(text)
    }

    fn relative(&mut self, path: &str, start: &str) -> Outcome<String> {
        let here = self.world.here.to_str().ok_or(Stop::Lost)?.to_owned();
        let whole = |path: &str| {
            normal(&if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("{here}/{path}")
            })
        };
        let (path, start) = (whole(path), whole(start));
        let parts = |text: &str| {
            text.split('/')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect::<Vec<String>>()
        };
        let (path, start) = (parts(&path), parts(&start));
        let shared = path
            .iter()
            .zip(&start)
            .take_while(|(one, two)| one == two)
            .count();
        let up = std::iter::repeat_n("..".to_owned(), start.len() - shared);
        let all: Vec<String> = up.chain(path.into_iter().skip(shared)).collect();
        Ok(if all.is_empty() {
            ".".to_owned()
        } else {
            all.join("/")
        })
    }

    fn ask_path(&mut self, short: &str, path: &str, mut given: Given) -> Outcome<Value> {
        match short {
            "exists" => Ok(Value::Bool(self.followed(path)? != Found::Nothing)),
            "isfile" => Ok(Value::Bool(self.followed(path)?.is_file())),
            "isdir" => Ok(Value::Bool(self.followed(path)?.is_folder())),
            "islink" | "lexists" => {
                let whole = self.world.path(path)?;
                let found = self.world.found(&whole)?;
                Ok(Value::Bool(match short {
                    "islink" => matches!(found, Found::Link { .. }),
                    _ => found != Found::Nothing,
                }))
            }
            "getsize" | "getmtime" => {
                let stat = self.stat(path, true)?;
                let part = if short == "getsize" {
                    "st_size"
                } else {
                    "st_mtime"
                };
                self.attribute(&stat, part)
            }
            "samefile" => {
                let other = given.need("path2")?.as_name()?;
                let (one, two) = (self.resolved(path)?, self.resolved(&other)?);
                for one in [&one, &two] {
                    if self.followed(one)? == Found::Nothing {
                        return Err(self.absent(one));
                    }
                }
                Ok(Value::Bool(one == two))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn join_paths(&mut self, given: &Given) -> Outcome<Value> {
        let mut all = String::new();
        for (at, part) in given.placed.iter().enumerate() {
            let part = match part {
                Value::Unknown(Kind::Text | Kind::Inert) => {
                    return Ok(Value::Unknown(Kind::Text));
                }
                Value::None | Value::Int(_) | Value::List(_) => {
                    return Err(self.raise("TypeError", "expected str"));
                }
                part => part.as_name()?,
            };
            if part.starts_with('/') || at == 0 {
                all = part.to_string();
            } else if all.is_empty() || all.ends_with('/') {
                all.push_str(&part);
            } else {
                all = format!("{all}/{part}");
            }
        }
        self.text(all)
    }

    fn here(&self) -> Outcome<String> {
        let here = self.world.here.to_str().ok_or(Stop::Lost)?;
        Ok(here.to_owned())
    }

    pub fn call_os(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let short = name.strip_prefix("os.").unwrap_or(name);
        match short {
            "getcwd" => self.text(self.here()?),
            "getpid" | "getuid" | "geteuid" | "cpu_count" => Ok(Value::Unknown(Kind::Number)),
            "getlogin" => Ok(Value::Unknown(Kind::Text)),
            "getenv" | "putenv" | "unsetenv" => match short {
                "getenv" => self.environment_method("get", given),
                _ => Err(Stop::Lost),
            },
            "system" => self.os_system(given),
            "fsync" | "chmod" | "umask" => Ok(Value::None),
            "fdopen" | "close" | "write" => self.call_number(short, given),
            "utime" => {
                let path = given.need("path")?.as_name()?;
                let whole = self.world.path(&path)?;
                self.world.retime(&whole, false);
                Ok(Value::None)
            }
            "access" => {
                let path = given.need("path")?.as_name()?;
                match self.followed(&path)? {
                    Found::Nothing => Ok(Value::Bool(false)),
                    _ => Err(Stop::Lost),
                }
            }
            "walk" => {
                let top = given.need("top")?.as_name()?;
                let down = given
                    .take("topdown")
                    .is_none_or(|down| matches!(down, Value::Bool(true)));
                if given.flag("followlinks", false)? {
                    return Err(Stop::Lost);
                }
                given.key("onerror");
                given.end()?;
                Ok(Value::generator(super::super::value::Source::Walk(
                    top, down,
                )))
            }
            "listdir" | "scandir" => {
                let path = given
                    .take("path")
                    .map_or(Ok(Rc::from(".")), |path| path.as_name())?;
                given.end()?;
                self.listed_folder(&path, short == "scandir")
            }
            "fspath" => self.text(given.need("path")?.as_name()?),
            _ => self.os_deed(short, given),
        }
    }

    /// Removes an empty folder, and those above it as long as they are empty.
    fn remove_folders(&mut self, path: &str) -> Outcome<Value> {
        self.rmdir(path)?;
        let mut above = head_tail(path.trim_end_matches('/')).0;
        while !above.is_empty() && above != "/" {
            match self.rmdir(&above) {
                Ok(_) => above = head_tail(&above).0,
                Err(Stop::Raise(_)) => break,
                Err(other) => return Err(other),
            }
        }
        Ok(Value::None)
    }

    fn os_deed(&mut self, short: &str, mut given: Given) -> Outcome<Value> {
        let first = given.need("path")?;
        if first.is_none() {
            return Err(self.raise("TypeError", "should be string, bytes or os.PathLike"));
        }
        if let ("remove" | "unlink" | "rmdir" | "removedirs", Value::Unknown(_)) = (short, &first) {
            given.end()?;
            return self.remove_unknown();
        }
        let path = first.as_name()?;
        match short {
            "remove" | "unlink" => {
                given.end()?;
                self.unlink(&path, false)
            }
            "rmdir" => {
                given.end()?;
                self.rmdir(&path)
            }
            "removedirs" => {
                given.end()?;
                self.remove_folders(&path)
            }
            "rename" | "replace" => {
                let to = given.need("dst")?.as_name()?;
                given.end()?;
                self.rename(&path, &to)
            }
            "mkdir" => {
                given.take("mode");
                given.end()?;
                self.make_folder(&path, false, false)
            }
            "makedirs" => {
                given.key("mode");
                let exists = given.flag("exist_ok", false)?;
                given.end()?;
                self.make_folder(&path, true, exists)
            }
            "chdir" => {
                given.end()?;
                let whole = self.world.path(&path)?;
                match self.world.found(&whole)? {
                    Found::Folder => {
                        self.world.here = whole;
                        Ok(Value::None)
                    }
                    Found::Nothing => Err(self.absent(&path)),
                    Found::File => Err(self.raise("NotADirectoryError", &path)),
                    Found::Link { .. } => Err(Stop::Lost),
                }
            }
            "stat" | "lstat" => {
                let follows = given.flag("follow_symlinks", true)?;
                given.end()?;
                self.stat(&path, follows && short == "stat")
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn unlink(&mut self, path: &str, missing: bool) -> Outcome<Value> {
        let whole = self.place_of(path)?;
        if self.world.has_run() {
            return self.removed_behind(&whole, false);
        }
        match self.world.found(&whole)? {
            Found::Nothing if missing || self.world.waits => Ok(Value::None),
            Found::Nothing => Err(self.absent(path)),
            Found::Folder => Err(self.raise("IsADirectoryError", path)),
            Found::File | Found::Link { .. } => {
                self.world.remove(&whole, false, self.span)?;
                self.stores.forget(&whole);
                Ok(Value::None)
            }
        }
    }

    /// Removes what stands at a place behind a program that may have changed anything: whether there is something is not known.
    pub fn removed_behind(&mut self, whole: &std::path::Path, tree: bool) -> Outcome<Value> {
        self.unsure = true;
        self.world.removed(whole, tree, self.span)?;
        self.stores.forget(whole);
        Ok(Value::None)
    }

    fn place_of(&mut self, path: &str) -> Outcome<PathBuf> {
        if path.is_empty() || path.ends_with('/') {
            return Err(Stop::Lost);
        }
        Ok(self.world.path(path)?)
    }

    fn rmdir(&mut self, path: &str) -> Outcome<Value> {
        let whole = self.world.path(path)?;
        match self.world.found(&whole)? {
            Found::Nothing => Err(self.absent(path)),
            Found::File | Found::Link { .. } => Err(self.raise("NotADirectoryError", path)),
            Found::Folder => {
                if !self.world.names(&whole)?.unwrap_or_default().is_empty() {
                    return Err(self.raise("OSError", "directory not empty"));
                }
                self.world.drop_folder(&whole, self.span)?;
                Ok(Value::None)
            }
        }
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Outcome<Value> {
        let (from_path, to_path) = (self.world.path(from)?, self.world.path(to)?);
        let (found, there) = (self.world.found(&from_path)?, self.world.found(&to_path)?);
        if found == Found::Nothing && !self.world.waits {
            return Err(self.absent(from));
        }
        self.above_exists(to)?;
        match (found, there) {
            (Found::File, Found::Folder) => return Err(self.raise("IsADirectoryError", to)),
            (Found::Folder, Found::File) => return Err(self.raise("NotADirectoryError", to)),
            (Found::Folder, Found::Folder) if from_path != to_path => {
                return match self.world.names(&to_path)?.unwrap_or_default().is_empty() {
                    true => Err(Stop::Lost),
                    false => Err(self.raise("OSError", "directory not empty")),
                };
            }
            (Found::Link { .. }, _) => return Err(Stop::Lost),
            _ => {}
        }
        if from_path != to_path {
            let open = self.is_being_written(&from_path)?;
            self.world.rename(&from_path, &to_path, self.span)?;
            if open {
                self.world.blur(&to_path);
            }
            self.stores.forget(&from_path);
            self.stores.forget(&to_path);
            self.stores.carried_over(&from_path, &to_path);
        }
        Ok(Value::None)
    }

    /// The folder in which something is put has to be there.
    pub fn above_exists(&mut self, path: &str) -> Outcome<()> {
        let whole = self.world.path(path)?;
        let Some(above) = whole
            .parent()
            .and_then(|above| above.to_str())
            .map(str::to_owned)
        else {
            return Ok(());
        };
        match self.followed(&above)? {
            Found::Folder => Ok(()),
            _ if self.world.waits => Ok(()),
            Found::Nothing => Err(self.absent(path)),
            _ => Err(self.raise("NotADirectoryError", path)),
        }
    }

    pub fn make_folder(&mut self, path: &str, parents: bool, exists: bool) -> Outcome<Value> {
        let whole = self.world.path(path)?;
        match self.followed(path)? {
            Found::Folder if exists => return Ok(Value::None),
            Found::Nothing => {}
            _ => return Err(self.raise("FileExistsError", path)),
        }
        if let Found::Link { .. } = self.world.found(&whole)? {
            return Err(self.raise("FileExistsError", path));
        }
        if !parents {
            self.above_exists(path)?;
        }
        // A file above ends in an error of the language.
        for above in whole.ancestors().skip(1) {
            match self.world.found(above)? {
                Found::Nothing => {}
                Found::File => return Err(self.raise("NotADirectoryError", path)),
                _ => break,
            }
        }
        self.world.make_folder(&whole)?;
        Ok(Value::None)
    }

    /// Returns the exception for a place where nothing stands; below a file it is another one.
    pub fn absent(&mut self, path: &str) -> Stop {
        let Ok(whole) = self.world.path(path) else {
            return Stop::Lost;
        };
        for above in whole.ancestors().skip(1) {
            match self.world.found(above) {
                Ok(Found::Nothing) => {}
                Ok(Found::File) => return self.raise("NotADirectoryError", path),
                Ok(_) => break,
                Err(_) => return Stop::Lost,
            }
        }
        self.raise("FileNotFoundError", path)
    }

    /// Returns what `stat` says.
    pub fn stat(&mut self, path: &str, follows: bool) -> Outcome<Value> {
        let whole = self.world.path(path)?;
        let found = self.world.found(&whole)?;
        let whole = match found {
            Found::Link { .. } if follows => self.world.resolved(&whole)?,
            Found::Link { .. } => return Err(Stop::Lost),
            _ => whole,
        };
        let found = self.world.found(&whole)?;
        if found == Found::Nothing && !self.world.waits {
            return Err(self.absent(path));
        }
        // What is still being written may be on the disk or not.
        let moving = self.is_being_written(&whole)? || self.stores.is_changed(&whole);
        let size = match found {
            Found::File if !moving => self
                .world
                .size(&whole)?
                .map_or(Value::Unknown(Kind::Number), |size| {
                    Value::Int(i128::from(size))
                }),
            _ => Value::Unknown(Kind::Number),
        };
        let changed = super::super::super::value::Time::Changed {
            path: whole,
            unit: 1.0,
        };
        let changed = match moving {
            true => Value::Unknown(Kind::Number),
            false => Value::Time(changed, Clock::Number),
        };
        let other = || Value::Unknown(Kind::Number);
        Ok(self.special(
            "stat",
            vec![
                ("st_size", size),
                ("st_mtime", changed),
                ("st_atime", other()),
                ("st_ctime", other()),
                ("st_mode", other()),
                ("st_ino", other()),
                ("st_nlink", other()),
            ],
        ))
    }

    pub fn call_sys(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "sys.exit" => Err(self.leave_script(given)),
            "sys.stdout.write" | "sys.stderr.write" => Ok(Value::Unknown(Kind::Number)),
            "sys.stdout.flush" | "sys.stderr.flush" | "sys.stdout.reconfigure" => Ok(Value::None),
            "sys.path.insert" | "sys.path.append" => {
                let at = if name == "sys.path.insert" {
                    given.need("index")?.whole()?
                } else {
                    i128::MAX
                };
                let path = given.need("object")?.as_text()?;
                let at = usize::try_from(at)
                    .map_err(|_| Stop::Lost)?
                    .min(self.paths.len());
                let whole = match path.is_empty() {
                    true => self.world.here.clone(),
                    false => self.world.path(&path)?,
                };
                self.paths
                    .insert(at, whole.to_str().ok_or(Stop::Lost)?.to_owned());
                Ok(Value::None)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Tells whether the environment has a variable.
    pub fn environment_has(&mut self, key: &Value) -> Outcome<bool> {
        if self.environment.borrow().get(key)?.is_some() {
            Ok(true)
        } else {
            Err(Stop::Lost)
        }
    }

    pub fn environment_item(&mut self, key: &Value) -> Outcome<Value> {
        self.environment_method("get", Given::of(vec![key.clone(), Value::Library("None")]))
            .and_then(|value| match value {
                Value::Library(_) => Err(self.raised("KeyError", vec![key.clone()])),
                value => Ok(value),
            })
    }

    pub fn set_environment(&mut self, key: &Value, value: Value) -> Outcome<()> {
        if let (Value::Text(_), Value::Text(_)) = (key, &value) {
            self.resettled = true;
            return self.environment.borrow_mut().set(key.clone(), value);
        }
        Err(Stop::Lost)
    }

    /// What is inherited is not known.
    pub fn environment_method(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "get" => {
                let key = given.need("key")?;
                let absent = given.take("default").unwrap_or(Value::None);
                let found = self.environment.borrow().get(&key)?;
                match found {
                    Some(value) => Ok(value),
                    None => self.inherited(&key, absent),
                }
            }
            "setdefault" => {
                let (key, value) = (given.need("key")?, given.need("default")?);
                let found = self.environment_method("get", Given::of(vec![key.clone(), value]))?;
                self.set_environment(&key, found.clone())?;
                Ok(found)
            }
            // A copy is handed on to programs.
            "copy" => Ok(Value::Unknown(Kind::Any)),
            _ => Err(Stop::Lost),
        }
    }

    fn inherited(&mut self, key: &Value, absent: Value) -> Outcome<Value> {
        let name = key.as_text()?;
        // What the shell sets itself is another one in each place.
        if !self.inherits || matches!(&*name, "OLDPWD" | "SHLVL" | "_" | "PPID") {
            return Err(Stop::Lost);
        }
        if &*name == "PWD" {
            let begun = self.begun.clone();
            return self.text(begun);
        }
        if &*name == "HOME" {
            let home = self.home()?;
            return self.text(home);
        }
        self.world
            .inherited(&name)?
            .map_or(Ok(absent), |text| self.text(text))
    }
}
