//! `shutil`, `glob`, `os.walk` and what `pathlib` lists: whole folders gone through, copied, moved and removed.
//! The order of names is the world's; what it decides is seen by going through them twice.

use std::rc::Rc;

use super::super::super::world::Found;
use super::super::calls::Given;
use super::super::frame::Sink;
use super::super::play::Player;
use super::super::value::{Look, Outcome, Stop, Value};
use super::paths::{joined, last};

/// Levels of folders that are gone through.
const MAX_LEVELS: usize = 20;

impl Player<'_> {
    pub fn call_trees(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "shutil.rmtree" => {
                let path = given.need("path")?;
                let ignores = match given.take("ignore_errors") {
                    None => false,
                    Some(value) => self.truth(&value)?,
                };
                let given = given;
                given.end()?;
                let path = match path {
                    Value::None => return Err(self.raise("TypeError", "path should be string")),
                    Value::Unknown(_) => return self.remove_unknown(),
                    path => path.as_name()?,
                };
                match self.remove_tree(&path) {
                    Err(Stop::Raise(_)) if ignores => Ok(Value::None),
                    Err(other) => Err(other),
                    Ok(()) => Ok(Value::None),
                }
            }
            "shutil.copy" | "shutil.copy2" | "shutil.copyfile" => {
                let (from, to) = (given.need("src")?, given.need("dst")?);
                given.flag("follow_symlinks", true)?;
                given.end()?;
                self.copy_file(&from, &to, name)
            }
            "shutil.copytree" => self.copy_tree(given),
            "shutil.move" => {
                let (from, to) = (given.need("src")?.as_name()?, given.need("dst")?.as_name()?);
                given.end()?;
                self.move_to(&from, &to)
            }
            "shutil.copymode" => Ok(Value::None),
            "shutil.copystat" => {
                let to = given.placed.get(1).ok_or(Stop::Lost)?.as_name()?;
                let whole = self.world.path(&to)?;
                self.world.retime(&whole, false);
                Ok(Value::None)
            }
            "glob.glob" | "glob.iglob" => self.call_glob(name, given),
            "glob.escape" => {
                let path = given.need("pathname")?.as_name()?;
                if path.contains(['*', '?', '[']) {
                    Err(Stop::Lost)
                } else {
                    self.text(path)
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    fn call_glob(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let pattern = given.need("pathname")?.as_name()?;
        let deep = given.flag("recursive", false)?;
        given.end()?;
        if deep && pattern.contains("**") || pattern.contains("//") || pattern.is_empty() {
            return Err(Stop::Lost);
        }
        let found = self.world.glob(&pattern, false)?;
        self.worked(found.len())?;
        Ok(match name {
            "glob.glob" => Value::texts(found),
            _ => {
                let folder = pattern.trim_end_matches('/').rsplit_once('/');
                let deep = folder.is_some_and(|(folder, _)| folder.contains(['*', '?', '[']));
                let all = found.iter().map(|one| Value::text(one)).collect();
                Value::found(all, self.look(None, deep))
            }
        })
    }

    pub fn remove_tree(&mut self, path: &str) -> Outcome<()> {
        let whole = self.world.path(path)?;
        if self.world.has_run() {
            return self.removed_behind(&whole, true).map(|_| ());
        }
        match self.world.found(&whole)? {
            Found::Nothing if self.world.waits => Ok(()),
            Found::Nothing => Err(self.absent(path)),
            Found::File => Err(self.raise("NotADirectoryError", path)),
            Found::Link { .. } => {
                Err(self.raise("OSError", "Cannot call rmtree on a symbolic link"))
            }
            Found::Folder => {
                self.world.remove(&whole, true, self.span)?;
                self.stores.forget(&whole);
                Ok(())
            }
        }
    }

    fn copy_file(&mut self, from: &Value, to: &Value, name: &str) -> Outcome<Value> {
        let into = name != "shutil.copyfile";
        let (from, mut target) = (from.as_name()?, to.as_name()?.to_string());
        if into && self.followed(&target)?.is_folder() {
            target = joined(&target, last(from.trim_end_matches('/')));
        }
        let (from_path, to_path) = (self.world.path(&from)?, self.world.path(&target)?);
        match self.followed(&from)? {
            Found::Nothing if self.world.waits => {}
            Found::Nothing => return Err(self.absent(&from)),
            found if found.is_folder() => return Err(self.raise("IsADirectoryError", &from)),
            _ => {}
        }
        if from_path == to_path {
            return Err(self.raise("shutil.SameFileError", "are the same file"));
        }
        match self.world.found(&to_path)? {
            found if found.is_folder() => return Err(self.raise("IsADirectoryError", &target)),
            Found::Link { .. } => return Err(Stop::Lost),
            _ => {}
        }
        self.above_exists(&target)?;
        if self.stores.is_changed(&from_path) || self.is_being_written(&from_path)? {
            self.world.write(&to_path, None, false, self.span)?;
        } else {
            self.world.copy(&from_path, &to_path, false, self.span)?;
        }
        if name == "shutil.copy2" {
            self.world.keep_time(&from_path, &to_path);
        }
        self.stores.forget(&to_path);
        self.stores.carried_over(&from_path, &to_path);
        match to {
            Value::Path(_) => self.path_value(&target),
            _ => self.text(target),
        }
    }

    fn copy_tree(&mut self, mut given: Given) -> Outcome<Value> {
        let (from, to) = (given.need("src")?.as_name()?, given.need("dst")?);
        let exists = given.flag("dirs_exist_ok", false)?;
        given.end()?;
        let target = to.as_name()?;
        let (from_path, to_path) = (self.world.path(&from)?, self.world.path(&target)?);
        if !self.followed(&from)?.is_folder() && !self.world.waits {
            return Err(Stop::Lost);
        }
        match self.world.found(&to_path)? {
            Found::Nothing => {}
            _ if exists => return Err(Stop::Lost),
            _ => return Err(self.raise("FileExistsError", &target)),
        }
        if let Some(above) = to_path.parent() {
            self.world.make_folder(above)?;
        }
        self.close_unheld()?;
        self.world.copy(&from_path, &to_path, true, self.span)?;
        self.stores.carried_over(&from_path, &to_path);
        Ok(to)
    }

    fn move_to(&mut self, from: &str, to: &str) -> Outcome<Value> {
        let mut target = to.to_owned();
        if self.followed(to)?.is_folder() {
            target = joined(to, last(from.trim_end_matches('/')));
            let whole = self.world.path(&target)?;
            if self.world.found(&whole)? != Found::Nothing {
                return Err(self.raise("shutil.Error", "already exists"));
            }
        }
        self.rename(from, &target)?;
        self.text(target)
    }

    /// `Path.iterdir`
    pub fn entries(&mut self, path: &str) -> Outcome<Value> {
        let names = self.folder_names(path)?;
        let mut all = Vec::new();
        for name in names {
            all.push(self.path_value(&joined(path, &name))?);
        }
        let again = (Rc::from(path), "iterdir", Given::default());
        Ok(Value::found(all, self.look(Some(again), false)))
    }

    fn folder_names(&mut self, path: &str) -> Outcome<Vec<String>> {
        match self.followed(path)? {
            Found::Folder => {}
            _ if self.world.waits => return Ok(Vec::new()),
            Found::Nothing => return Err(self.absent(path)),
            _ => return Err(self.raise("NotADirectoryError", path)),
        }
        let whole = self.world.path(path)?;
        let names = self.world.names(&whole)?.unwrap_or_default();
        self.worked(names.len())?;
        Ok(names)
    }

    /// `os.listdir` and `os.scandir`
    pub fn listed_folder(&mut self, path: &str, entries: bool) -> Outcome<Value> {
        let names = self.folder_names(path)?;
        if !entries {
            return Ok(Value::texts(names));
        }
        let mut all = Vec::new();
        for name in names {
            let whole = match path.ends_with('/') {
                true => format!("{path}{name}"),
                false => format!("{path}/{name}"),
            };
            all.push(self.special(
                "DirEntry",
                vec![("name", Value::text(&name)), ("path", Value::text(&whole))],
            ));
        }
        Ok(Value::found(all, self.look(None, false)))
    }

    /// Notes down when a generator looks into its folders.
    fn look(&self, again: Option<(Rc<str>, &'static str, Given)>, deep: bool) -> Look {
        Look {
            again,
            changes: self.world.changes,
            deep,
            begun: false,
        }
    }

    /// `Path.glob` and `Path.rglob`
    pub fn path_glob(&mut self, path: &str, name: &str, mut given: Given) -> Outcome<Value> {
        given.placed.remove(0);
        let again = given.clone();
        let pattern = given.need("pattern")?.as_name()?;
        given.end()?;
        if pattern.is_empty()
            || pattern.starts_with('/')
            || pattern.contains("..")
            || pattern.ends_with('/')
        {
            return Err(Stop::Lost);
        }
        let mut parts: Vec<&str> = pattern
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        if name == "rglob" {
            parts.insert(0, "**");
        }
        if parts.last() == Some(&"**") {
            return Err(Stop::Lost);
        }
        if parts.contains(&"**") && self.followed(path)?.is_folder() {
            let whole = self.world.path(path)?;
            self.world.whole_tree(&whole)?;
        }
        let mut all = Vec::new();
        self.globbed(path, &parts, 0, &mut all)?;
        let mut seen = std::collections::HashSet::new();
        all.retain(|one: &String| seen.insert(one.clone()));
        let mut values = Vec::new();
        for one in all {
            values.push(self.path_value(&one)?);
        }
        let name = if name == "rglob" { "rglob" } else { "glob" };
        let again = (Rc::from(path), name, again);
        Ok(Value::found(
            values,
            self.look(Some(again), parts.len() > 1),
        ))
    }

    fn globbed(
        &mut self,
        folder: &str,
        parts: &[&str],
        level: usize,
        all: &mut Vec<String>,
    ) -> Outcome<()> {
        self.worked(8)?;
        let [part, rest @ ..] = parts else {
            all.push(folder.to_owned());
            return Ok(());
        };
        if level > MAX_LEVELS {
            return Err(Stop::Lost);
        }
        if !self.followed(folder)?.is_folder() {
            return Ok(());
        }
        if !part.contains(['*', '?', '[']) {
            let one = joined(folder, part);
            return match self.followed(&one)? {
                Found::Nothing => Ok(()),
                _ => self.globbed(&one, rest, level + 1, all),
            };
        }
        let whole = self.world.path(folder)?;
        let names = self.world.names(&whole)?.unwrap_or_default();
        if *part == "**" {
            self.globbed(folder, rest, level, all)?;
            for name in names {
                let one = joined(folder, &name);
                let path = self.world.path(&one)?;
                if self.world.found(&path)? == Found::Folder {
                    self.globbed(&one, parts, level + 1, all)?;
                }
            }
            return Ok(());
        }
        let like = super::small::like(part)?;
        for name in names {
            if like.is_match(&name) {
                self.globbed(&joined(folder, &name), rest, level + 1, all)?;
            }
        }
        Ok(())
    }

    /// `os.walk`: what is taken out of the list of folders is not gone into.
    pub fn walk(&mut self, root: &str, down: bool, sink: &Sink, level: usize) -> Outcome<()> {
        if level > MAX_LEVELS {
            return Err(Stop::Lost);
        }
        if !self.followed(root)?.is_folder() {
            return Ok(());
        }
        let whole = self.world.path(root)?;
        if level == 1 {
            self.world.whole_tree(&whole)?;
        }
        let names = self.world.names(&whole)?.unwrap_or_default();
        self.worked(names.len() + 1)?;
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for name in names {
            match self.world.found(&whole.join(&name))?.is_folder() {
                true => folders.push(name),
                false => files.push(name),
            }
        }
        let below = Value::texts(&folders);
        let told = Value::tuple(vec![Value::text(root), below.clone(), Value::texts(&files)]);
        if down {
            sink(self, told.clone())?;
        }
        let into = if down {
            self.items(&below)?
        } else {
            Value::texts(&folders).items_now()
        };
        for name in into {
            let name = name.as_text()?;
            let path = match root.ends_with('/') {
                true => format!("{root}{name}"),
                false => format!("{root}/{name}"),
            };
            let there = self.world.path(&path)?;
            if let Found::Link { .. } = self.world.found(&there)? {
                continue;
            }
            self.deeper(|player| player.walk(&path, down, sink, level + 1))?;
        }
        if down { Ok(()) } else { sink(self, told) }
    }

    /// Methods of what `os.scandir` gives.
    pub fn entry_method(&mut self, entry: &Value, name: &str, given: Given) -> Outcome<Value> {
        let path = self.attribute(entry, "path")?;
        let follows = given
            .named
            .iter()
            .all(|(name, value)| name != "follow_symlinks" || matches!(value, Value::Bool(true)));
        let test = match name {
            "is_file" => "os.path.isfile",
            "is_dir" => "os.path.isdir",
            "is_symlink" => "os.path.islink",
            "stat" => return self.stat(&path.as_name()?, follows),
            _ => return Err(Stop::Lost),
        };
        if !follows && self.truth_of_link(&path)? {
            return Ok(Value::Bool(false));
        }
        self.call_os_path(test, Given::of(vec![path]))
    }

    fn truth_of_link(&mut self, path: &Value) -> Outcome<bool> {
        let whole = self.world.path(&path.as_name()?)?;
        Ok(matches!(self.world.found(&whole)?, Found::Link { .. }))
    }

    /// Makes a file, or says that it was changed just now.
    pub fn touch(&mut self, path: &Rc<str>, mut given: Given) -> Outcome<Value> {
        given.placed.remove(0);
        given.take("mode");
        let exists = match given.take("exist_ok") {
            None => true,
            Some(value) => self.truth(&value)?,
        };
        given.end()?;
        let whole = self.world.path(path)?;
        match self.followed(path)? {
            Found::Nothing => {
                self.above_exists(path)?;
                self.world.write(&whole, Some(""), false, self.span)?;
                Ok(Value::None)
            }
            _ if exists => Err(Stop::Lost),
            _ => Err(self.raise("FileExistsError", path)),
        }
    }
}

impl Value {
    fn items_now(&self) -> Vec<Self> {
        match self {
            Self::List(items) => items.borrow().clone(),
            _ => Vec::new(),
        }
    }
}
