//! Modules that a script imports: those of the library by their tables, those of the project from their files, carried out once.
//! A module that is neither is not known.

use std::path::PathBuf;
use std::rc::Rc;

use ruff_python_ast::{Stmt, StmtImport, StmtImportFrom};

use super::super::bounds;
use super::super::frame::Frame;
use super::super::play::Player;
use super::super::value::{Kind, Outcome, Stop, Value};

/// Modules of the project in one run.
const MAX_MODULES: usize = 30;

/// Modules that Python has loaded before it looks for any.
const STARTED: &str = "sys builtins os io abc codecs site stat posixpath genericpath encodings zipimport \
    time marshal posix _io _abc _stat _codecs _signal _thread _warnings _weakref _imp \
    _frozen_importlib _frozen_importlib_external _collections_abc _sitebuiltins";

/// Modules that only reckon with what they are given, and change nothing of it.
const RECKONERS: &str = "decimal fractions statistics base64 binascii unicodedata ipaddress calendar zoneinfo \
    numbers html cmath keyword mimetypes locale struct colorsys zlib";

/// Where a module of the project stands.
enum Seat {
    File(PathBuf),
    /// With the file that runs when it is loaded.
    Package(PathBuf, Option<PathBuf>),
}

impl Player<'_> {
    pub fn import(&mut self, one: &StmtImport, frame: &Rc<Frame>) -> Outcome<()> {
        for alias in &one.names {
            let name = alias.name.as_str();
            let whole = self.module(name)?;
            let first = name.split('.').next().unwrap_or_default();
            let (to, value) = match &alias.asname {
                Some(to) => (to.as_str(), whole),
                None if first == name => (first, whole),
                None => (first, self.module(first)?),
            };
            frame.home(to).put(to, value);
        }
        Ok(())
    }

    pub fn import_from(&mut self, one: &StmtImportFrom, frame: &Rc<Frame>) -> Outcome<()> {
        let named = one.module.as_ref().map_or("", |name| name.as_str());
        if named == "__future__" && one.level == 0 {
            return Ok(());
        }
        let full = self.absolute(named, one.level, frame)?;
        let module = self.module(&full)?;
        for alias in &one.names {
            let name = alias.name.as_str();
            if name == "*" {
                let Value::Module(other) = &module else {
                    return Err(Stop::Lost);
                };
                if other.get("__all__").is_some() {
                    return Err(Stop::Lost);
                }
                let names: Vec<(String, Value)> = other
                    .names
                    .borrow()
                    .iter()
                    .filter(|(name, _)| !name.starts_with('_'))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                for (name, value) in names {
                    frame.put(&name, value);
                }
                continue;
            }
            let value = self.member(&module, &full, name)?;
            let to = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            frame.home(to).put(to, value);
        }
        Ok(())
    }

    /// Returns the whole name of a module that is named from where the code stands.
    fn absolute(&mut self, named: &str, level: u32, frame: &Rc<Frame>) -> Outcome<String> {
        if level == 0 {
            return Ok(named.to_owned());
        }
        let package = frame
            .top()
            .get("__package__")
            .and_then(|name| name.as_text().ok());
        let Some(package) = package.filter(|name| !name.is_empty()) else {
            return Err(self.raise("ImportError", "no known parent package"));
        };
        let mut parts: Vec<&str> = package.split('.').collect();
        for _ in 1..level {
            parts.pop().ok_or(Stop::Lost)?;
        }
        if !named.is_empty() {
            parts.push(named);
        }
        if parts.is_empty() {
            Err(Stop::Lost)
        } else {
            Ok(parts.join("."))
        }
    }

    /// `from module import name`
    fn member(&mut self, module: &Value, full: &str, name: &str) -> Outcome<Value> {
        match module {
            Value::Module(frame) => {
                if let Some(value) = frame.get(name) {
                    return Ok(value);
                }
                let below = format!("{full}.{name}");
                if frame.get("__path__").is_some() && self.seat(&below)?.is_some() {
                    return self.module(&below);
                }
                if self.world.waits {
                    return Ok(Value::Unknown(Kind::Any));
                }
                if frame.loaded.get() {
                    Err(self.raise("ImportError", name))
                } else {
                    Err(Stop::Lost)
                }
            }
            Value::Unknown(kind) => Ok(Value::Unknown(*kind)),
            Value::Library("os") if name == "path" => Ok(Value::Library("os.path")),
            other => self.attribute(other, name),
        }
    }

    pub fn part_of_module(&mut self, frame: &Rc<Frame>, name: &str) -> Outcome<Value> {
        if self.world.waits {
            return Ok(Value::Unknown(Kind::Any));
        }
        match frame.loaded.get() && !name.starts_with('_') && frame.get("__getattr__").is_none() {
            true => Err(self.raise("AttributeError", name)),
            false => Err(Stop::Lost),
        }
    }

    /// Loads the packages above the module that is started.
    pub fn package(&mut self, full: &str) -> Outcome<()> {
        self.module(full).map(|_| ())
    }

    /// Loads a module with those above it.
    fn module(&mut self, full: &str) -> Outcome<Value> {
        let mut whole = String::new();
        let mut last = Value::None;
        for part in full.split('.') {
            let above = whole.clone();
            if !whole.is_empty() {
                whole.push('.');
            }
            whole.push_str(part);
            let value = self.one_module(&whole)?;
            if let (Some(frame), true) =
                (self.modules.get(&above), matches!(value, Value::Module(_)))
            {
                frame.put(part, value.clone());
            }
            last = value;
        }
        Ok(last)
    }

    fn one_module(&mut self, full: &str) -> Outcome<Value> {
        if let Some(frame) = self.modules.get(full) {
            return Ok(Value::Module(Rc::clone(frame)));
        }
        let top = full.split('.').next().unwrap_or_default();
        if super::is_standard(top) {
            if full == top {
                if let Some(seat) = self.in_its_place(top)? {
                    return self.load(full, seat);
                }
                self.nothing_in_the_way()?;
            }
            return match super::module(full) {
                Some(name) => Ok(Value::Library(name)),
                None if super::has(RECKONERS, top) => Ok(Value::Unknown(Kind::Inert)),
                None => Ok(Value::Unknown(Kind::Any)),
            };
        }
        match self.seat(full)? {
            Some(seat) => self.load(full, seat),
            // Whether something else is installed is not known; where it is not, the script ends here.
            None if self.tries == 0 => Ok(Value::Unknown(Kind::Any)),
            None => Err(Stop::Lost),
        }
    }

    /// Returns the file of the project that is loaded in the place of a module of the language: one beside the script.
    fn in_its_place(&mut self, name: &str) -> Outcome<Option<Seat>> {
        if super::has(STARTED, name) {
            return Ok(None);
        }
        let Some(folder) = self.paths.first().cloned() else {
            return Ok(None);
        };
        let folder = self.world.path(&folder)?;
        let (inside, file) = (folder.join(name), folder.join(format!("{name}.py")));
        let init = inside.join("__init__.py");
        if self.world.found(&inside)?.is_folder() && self.world.found(&init)?.is_file() {
            return Ok(Some(Seat::Package(inside, Some(init))));
        }
        Ok(match self.world.found(&file)?.is_file() {
            true => Some(Seat::File(file)),
            false => None,
        })
    }

    /// A file of the project with the name of a module of the language is loaded in its place, by whoever imports that.
    fn nothing_in_the_way(&mut self) -> Outcome<()> {
        for folder in self.paths.clone() {
            let path = self.world.path(&folder)?;
            for name in self.world.names(&path)?.unwrap_or_default() {
                let stem = name.strip_suffix(".py").unwrap_or(&name);
                // What is loaded already nobody looks for.
                if super::has(STARTED, stem) || self.modules.contains_key(stem) {
                    continue;
                }
                if super::is_standard(stem)
                    && (stem != name
                        || self
                            .world
                            .found(&path.join(&name).join("__init__.py"))?
                            .is_file())
                {
                    return Err(Stop::Lost);
                }
            }
        }
        Ok(())
    }

    fn seat(&mut self, full: &str) -> Outcome<Option<Seat>> {
        let (above, part) = full.rsplit_once('.').unwrap_or(("", full));
        let folders: Vec<String> = match above {
            "" => self.paths.clone(),
            above => match self
                .modules
                .get(above)
                .and_then(|frame| frame.get("__path__"))
            {
                Some(path) => vec![path.as_text()?.to_string()],
                None => return Ok(None),
            },
        };
        let mut plain = None;
        for folder in folders {
            let folder = self.world.path(&folder)?;
            let inside = folder.join(part);
            let init = inside.join("__init__.py");
            let file = folder.join(format!("{part}.py"));
            if self.world.found(&inside)?.is_folder() {
                if self.world.found(&init)?.is_file() {
                    return Ok(Some(Seat::Package(inside, Some(init))));
                }
                plain = plain.or(Some(inside));
            }
            if self.world.found(&file)?.is_file() {
                return Ok(Some(Seat::File(file)));
            }
        }
        Ok(plain.map(|folder| Seat::Package(folder, None)))
    }

    fn load(&mut self, full: &str, seat: Seat) -> Outcome<Value> {
        if self.modules.len() >= MAX_MODULES {
            return Err(Stop::Lost);
        }
        let frame = Rc::new(Frame::module(false));
        let (file, folder) = match &seat {
            Seat::File(file) => (Some(file), None),
            Seat::Package(folder, file) => (file.as_ref(), Some(folder)),
        };
        let package = match folder {
            Some(_) => full,
            None => full.rsplit_once('.').map_or("", |(above, _)| above),
        };
        frame.put("__name__", Value::text(full));
        frame.put("__package__", Value::text(package));
        frame.put("__doc__", Value::Unknown(Kind::Any));
        if let Some(folder) = folder {
            frame.put("__path__", Value::text(folder.to_str().ok_or(Stop::Lost)?));
        }
        self.modules.insert(full.to_owned(), Rc::clone(&frame));
        if let Some(file) = file {
            frame.put("__file__", Value::text(file.to_str().ok_or(Stop::Lost)?));
            let text = self.world.source(file)?.ok_or(Stop::Lost)?;
            let body = bounds::parsed(&text).ok_or(Stop::Lost)?;
            self.worked(text.len() / 32)?;
            self.look_ahead(&body, package);
            self.called(|player| player.block(&body, &frame))?;
        }
        frame.loaded.set(true);
        Ok(Value::Module(frame))
    }

    /// Asks for the files of modules that are named at the top of a text, all at once.
    pub fn look_ahead(&mut self, body: &[Stmt], package: &str) {
        for stmt in body {
            let full = match stmt {
                Stmt::Import(one) => one
                    .names
                    .first()
                    .map(|alias| alias.name.as_str().to_owned()),
                Stmt::ImportFrom(one) if one.level == 0 => {
                    one.module.as_ref().map(|name| name.as_str().to_owned())
                }
                Stmt::ImportFrom(one) if one.level == 1 && !package.is_empty() => {
                    let first = one.names.first().map_or("", |alias| alias.name.as_str());
                    let name = one.module.as_ref().map_or(first, |name| name.as_str());
                    Some(format!("{package}.{name}"))
                }
                _ => None,
            };
            let Some(full) = full else { continue };
            let top = full.split('.').next().unwrap_or_default();
            if super::is_standard(top) || self.modules.contains_key(&full) {
                continue;
            }
            if let Ok(Some(Seat::File(file) | Seat::Package(_, Some(file)))) = self.seat(&full) {
                let _ = self.world.source(&file);
            }
        }
    }
}
