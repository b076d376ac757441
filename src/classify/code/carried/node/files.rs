//! `fs` of Node: what stands at a place, and what a script reads, writes, moves and removes.
//! What stands there says the world; where it is not known, the attempt ends.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::model::name::carries;

use super::super::value::Time;
use super::super::world::Found;
use super::calls::is_text_coding;
use super::play::Player;
use super::tree::Name;
use super::value::{Object, Outcome, Props, Stop, Value};

pub(super) const METHODS: [&str; 7] = [
    "isFile",
    "isDirectory",
    "isSymbolicLink",
    "isSocket",
    "isFIFO",
    "isBlockDevice",
    "isCharacterDevice",
];
/// What `fs` does, without its endings.
pub(super) const DEEDS: [&str; 18] = [
    "exists",
    "stat",
    "lstat",
    "readdir",
    "readFile",
    "writeFile",
    "appendFile",
    "copyFile",
    "cp",
    "rename",
    "rm",
    "unlink",
    "rmdir",
    "mkdir",
    "mkdtemp",
    "access",
    "truncate",
    "realpath",
];

/// What a call was given beside its paths.
struct Options(Value);

impl Options {
    /// Only these may be said; an option that is not known changes what is done.
    fn only(value: Option<&Value>, names: &[&str]) -> Outcome<Self> {
        match value {
            None | Some(Value::Undefined | Value::Null) => Ok(Self(Value::Undefined)),
            Some(Value::Object(object)) => {
                let entries = object.props.borrow().entries();
                let known = entries.iter().all(|(name, _)| names.contains(&&**name));
                let plain = object.class.is_none() && object.sort.is_none();
                if known && plain {
                    Ok(Self(Value::Object(Rc::clone(object))))
                } else {
                    Err(Stop::Lost)
                }
            }
            Some(_) => Err(Stop::Lost),
        }
    }

    fn get(&self, name: &str) -> Value {
        match &self.0 {
            Value::Object(object) => object.props.borrow().get(name).unwrap_or(Value::Undefined),
            _ => Value::Undefined,
        }
    }

    /// Tells whether something is asked for; only yes and no are taken, all else ends in an exception.
    fn holds(&self, name: &str) -> Outcome<bool> {
        let said = match &self.0 {
            Value::Object(object) => object.props.borrow().get(name),
            _ => None,
        };
        match said {
            None => Ok(false),
            Some(Value::Bool(is)) => Ok(is),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Only whole numbers are taken for these.
    fn counts(&self, names: &[&str]) -> Outcome<()> {
        let fits = |value: Value| match value {
            Value::Undefined => true,
            Value::Number(number) => (0.0..=4_000.0).contains(&number) && number.fract() == 0.0,
            _ => false,
        };
        match names.iter().all(|name| fits(self.get(name))) {
            true => Ok(()),
            false => Err(Stop::Lost),
        }
    }
}

impl Player<'_> {
    /// Carries out what `fs` is asked for.
    pub fn file_deed(&mut self, deed: &str, given: &[Value]) -> Outcome<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        if deed == "mkdtemp" {
            return self.fresh_folder(&first, given.get(1));
        }
        if deed == "exists" && !matches!(first, Value::Text(_) | Value::Address(_)) {
            return Err(Stop::Lost);
        }
        let (path, said) = self.file_path(&first)?;
        let second = given.get(1);
        match deed {
            "exists" => Ok(Value::Bool(self.followed(&path)? != Found::Nothing)),
            "access" => match self.followed(&path)? {
                Found::Nothing => self.absent(&path).map(|()| Value::Undefined),
                _ => match second {
                    None => Ok(Value::Undefined),
                    Some(Value::Number(mode)) if *mode == 0.0 || *mode == 4.0 => {
                        Ok(Value::Undefined)
                    }
                    Some(_) => Err(Stop::Lost),
                },
            },
            "stat" | "lstat" => self.stat(&path, deed == "lstat", second),
            "readdir" => self.listed_folder(&path, &said, second),
            "readFile" => self.read_file(&path, second),
            "writeFile" | "appendFile" => {
                if said.ends_with('/') {
                    return Err(Stop::Lost);
                }
                self.write_file(deed, &path, second, given.get(2))
            }
            "truncate" => {
                self.there(&path)?;
                match second {
                    None | Some(Value::Undefined) => {}
                    Some(Value::Number(length)) if *length == 0.0 => {}
                    Some(_) => return Err(Stop::Lost),
                }
                self.touch_path(&path, true)?;
                self.world.write(&path, Some(""), false, self.span)?;
                Ok(Value::Undefined)
            }
            "copyFile" | "cp" | "rename" => self.put_elsewhere(deed, &path, second, given.get(2)),
            "rm" => self.remove(&path, second),
            "unlink" => match self.there(&path)? {
                Found::Folder => Err(self.error("Error", "EISDIR")),
                _ => self.gone(&path, false),
            },
            "rmdir" => self.remove_folder(&path, second),
            "mkdir" => self.make_folder(&path, second),
            "realpath" => {
                self.there(&path)?;
                let real = self.world.resolved(&path)?;
                Ok(Value::text(real.to_str().ok_or(Stop::Lost)?))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn put_elsewhere(
        &mut self,
        deed: &str,
        from: &Path,
        to: Option<&Value>,
        options: Option<&Value>,
    ) -> Outcome<Value> {
        let (to, said) = self.file_path(to.unwrap_or(&Value::Undefined))?;
        if said.ends_with('/') && self.world.found(&to)? == Found::Nothing {
            return Err(Stop::Lost);
        }
        match deed {
            "rename" => self.rename(from, &to),
            "cp" => self.copy_tree(from, &to, options),
            _ => self.copy_file(from, &to, options),
        }
    }

    /// Returns the path that a value names, and how it was said.
    pub fn file_path(&mut self, value: &Value) -> Outcome<(PathBuf, Name)> {
        let said = match value {
            Value::Text(text) | Value::Address(text) => Rc::clone(text),
            _ => return Err(Stop::Lost),
        };
        if said.is_empty()
            || ["/dev", "/proc", "/sys"]
                .iter()
                .any(|front| said.starts_with(front))
        {
            return Err(Stop::Lost);
        }
        // The folder above one that is not there is none.
        for (at, _) in said.match_indices("/..") {
            let above = self.world.path(said.get(..at).unwrap_or_default())?;
            if at > 0 && !self.world.found(&above)?.is_folder() && !self.world.waits {
                return Err(Stop::Lost);
            }
        }
        let path = self.world.path(&said)?;
        let path = match (path.parent(), path.file_name()) {
            (Some(above), Some(name)) => self.world.without_links(above)?.join(name),
            _ => path,
        };
        let found = self.world.found(&path)?;
        let folder = ["/", "/.", "/.."].iter().any(|end| said.ends_with(end));
        if folder && !matches!(found, Found::Folder | Found::Nothing)
            || said.ends_with("/.") && found == Found::Nothing
        {
            return Err(Stop::Lost);
        }
        self.touch_path(&path, false)?;
        Ok((path, said))
    }

    /// What stands at a place behind a link.
    fn followed(&mut self, path: &Path) -> Outcome<Found> {
        match self.world.found(path)? {
            // Whether it leads anywhere is not known.
            Found::Link { folder: false } => Err(Stop::Lost),
            Found::Link { folder: true } => Ok(Found::Folder),
            found => Ok(found),
        }
    }

    /// Nothing stands there; what is not answered yet may.
    fn absent(&mut self, path: &Path) -> Outcome<()> {
        if self.world.waits {
            return Ok(());
        }
        // Below a file it is another exception.
        for above in path.ancestors().skip(1) {
            match self.world.found(above)? {
                Found::Nothing => {}
                found if found.is_folder() => break,
                _ => return Err(Stop::Lost),
            }
        }
        Err(self.error("Error", "ENOENT"))
    }

    fn there(&mut self, path: &Path) -> Outcome<Found> {
        let found = self.world.found(path)?;
        if found == Found::Nothing {
            self.absent(path)?;
        }
        Ok(found)
    }

    /// The folder in which something is put must be there.
    fn above(&mut self, path: &Path) -> Outcome<()> {
        let Some(above) = path.parent() else {
            return Err(Stop::Lost);
        };
        match self.world.found(above)? {
            Found::Nothing => self.absent(path),
            found if found.is_folder() => Ok(()),
            _ => Err(Stop::Lost),
        }
    }

    fn gone(&mut self, path: &Path, tree: bool) -> Outcome<Value> {
        self.touch_path(path, true)?;
        self.world.remove(path, tree, self.span)?;
        Ok(Value::Undefined)
    }

    fn remove(&mut self, path: &Path, options: Option<&Value>) -> Outcome<Value> {
        let options = Options::only(options, &["recursive", "force", "maxRetries", "retryDelay"])?;
        options.counts(&["maxRetries", "retryDelay"])?;
        let (tree, force) = (options.holds("recursive")?, options.holds("force")?);
        match self.world.found(path)? {
            Found::Nothing if force => Ok(Value::Undefined),
            Found::Nothing => self.absent(path).map(|()| Value::Undefined),
            Found::Folder if !tree => Err(self.error("Error", "ERR_FS_EISDIR")),
            _ => self.gone(path, tree),
        }
    }

    fn remove_folder(&mut self, path: &Path, options: Option<&Value>) -> Outcome<Value> {
        let options = Options::only(options, &["recursive", "maxRetries", "retryDelay"])?;
        options.counts(&["maxRetries", "retryDelay"])?;
        match self.there(path)? {
            Found::Folder if options.holds("recursive")? => self.gone(path, true),
            Found::Folder => {
                if self
                    .world
                    .names(path)?
                    .is_some_and(|names| !names.is_empty())
                {
                    return Err(self.error("Error", "ENOTEMPTY"));
                }
                self.touch_path(path, true)?;
                self.world.drop_folder(path, self.span)?;
                Ok(Value::Undefined)
            }
            Found::Nothing => Ok(Value::Undefined),
            _ => Err(self.error("Error", "ENOTDIR")),
        }
    }

    fn make_folder(&mut self, path: &Path, options: Option<&Value>) -> Outcome<Value> {
        let options = match options {
            Some(mode @ Value::Number(_)) => Options(Value::object(vec![("mode", mode.clone())])),
            other => Options::only(other, &["recursive", "mode"])?,
        };
        options.counts(&["mode"])?;
        let deep = options.holds("recursive")?;
        match self.world.found(path)? {
            Found::Nothing => {}
            found if deep && found.is_folder() => return Ok(Value::Undefined),
            _ => return Err(self.error("Error", "EEXIST")),
        }
        if deep {
            for above in path.ancestors().skip(1) {
                match self.world.found(above)? {
                    Found::Nothing => {}
                    found if found.is_folder() => break,
                    _ => return Err(Stop::Lost),
                }
            }
        } else {
            self.above(path)?;
        }
        for above in path.ancestors().skip(1) {
            if self.world.found(above)? != Found::Nothing {
                break;
            }
            self.touch_path(above, true)?;
        }
        self.touch_path(path, true)?;
        self.world.make_folder(path)?;
        Ok(if deep {
            Value::Unknown
        } else {
            Value::Undefined
        })
    }

    fn fresh_folder(&mut self, front: &Value, options: Option<&Value>) -> Outcome<Value> {
        let front = front.as_text()?;
        if options.is_some() || front.is_empty() {
            return Err(Stop::Lost);
        }
        self.made += 1;
        // As long as those of Node.
        let name = format!("{front}back{:02}", self.made);
        let path = self.world.path(&name)?;
        self.above(&path)?;
        if self.world.found(&path)? != Found::Nothing {
            return Err(Stop::Lost);
        }
        self.touch_path(&path, true)?;
        self.world.fresh_folder(&path);
        Ok(Value::text(&name))
    }

    fn stat(&mut self, path: &Path, link: bool, options: Option<&Value>) -> Outcome<Value> {
        let options = Options::only(options, &["throwIfNoEntry"])?;
        let found = match link {
            true => self.world.found(path)?,
            false => self.followed(path)?,
        };
        let own = self.world.found(path)?;
        if found == Found::Nothing {
            if matches!(options.get("throwIfNoEntry"), Value::Bool(false)) {
                return Ok(Value::Undefined);
            }
            self.absent(path)?;
        }
        let mut props = kind_props(found);
        let size = match own {
            Found::File => self.world.size(path)?,
            _ => None,
        };
        let size = size.and_then(|size| u32::try_from(size).ok());
        props.set(
            &Rc::from("size"),
            size.map_or(Value::Unknown, |size| Value::Number(f64::from(size))),
        );
        let time = Time::Changed {
            path: path.to_path_buf(),
            unit: 1_000.0,
        };
        // A copy is as young as the script.
        let copied = path.ancestors().any(|above| self.copies.contains(above));
        let plain = matches!(own, Found::File | Found::Folder) && !copied;
        let moment = if plain {
            Value::Time(time.clone())
        } else {
            Value::Unknown
        };
        props.set(&Rc::from("mtimeMs"), moment);
        props.set(&Rc::from("mtime"), Value::Date(plain.then_some(time)));
        for name in ["atime", "ctime", "birthtime"] {
            props.set(&Rc::from(name), Value::Date(None));
            props.set(&Rc::from(format!("{name}Ms")), Value::Unknown);
        }
        for name in ["mode", "ino", "dev", "uid", "gid", "nlink", "blocks"] {
            props.set(&Rc::from(name), Value::Unknown);
        }
        Ok(special(props, "stats"))
    }

    fn listed_folder(
        &mut self,
        path: &Path,
        said: &str,
        options: Option<&Value>,
    ) -> Outcome<Value> {
        let options = match options {
            Some(Value::Text(way)) if is_text_coding(way) => Options(Value::Undefined),
            other => Options::only(other, &["withFileTypes", "recursive", "encoding"])?,
        };
        if !matches!(options.get("encoding"), Value::Undefined) {
            return Err(Stop::Lost);
        }
        let (kinds, deep) = (
            options.get("withFileTypes").truth()?,
            options.holds("recursive")?,
        );
        self.touch_names(path)?;
        match self.world.found(path)? {
            Found::Nothing => self.absent(path)?,
            found if !found.is_folder() => {
                return Err(self.error("Error", "ENOTDIR"));
            }
            _ => {}
        }
        if deep && self.world.found(path)? == Found::Folder {
            self.world.whole_tree(path)?;
        }
        let mut all = Vec::new();
        let mut folders = std::collections::VecDeque::from([(path.to_path_buf(), String::new())]);
        while let Some((folder, front)) = folders.pop_front() {
            for name in self.world.names(&folder)?.unwrap_or_default() {
                self.charge(2)?;
                if carries(&name) {
                    return Err(Stop::Lost);
                }
                let inner = folder.join(&name);
                let found = self.world.found(&inner)?;
                let short = format!("{front}{name}");
                // Linked folders are gone into only where no kinds are asked for.
                let linked = found == (Found::Link { folder: true }) && !kinds;
                if deep && (found == Found::Folder || linked) {
                    self.touch_path(&inner, false)?;
                    self.touch_names(&inner)?;
                    folders.push_back((inner, format!("{short}/")));
                }
                if !kinds {
                    all.push(Value::text(&short));
                    continue;
                }
                let mut props = kind_props(found);
                let parent = format!("{said}/{front}");
                let parent = if front.is_empty() {
                    said
                } else {
                    parent.trim_end_matches('/')
                };
                props.set(&Rc::from("name"), Value::text(&name));
                props.set(&Rc::from("parentPath"), Value::text(parent));
                props.set(&Rc::from("path"), Value::text(parent));
                all.push(special(props, "entry"));
            }
        }
        self.charge(all.len())?;
        Ok(Value::list(all))
    }

    fn coding(&mut self, options: Option<&Value>, names: &[&str]) -> Outcome<(bool, Options)> {
        let (coding, options) = match options {
            Some(Value::Text(_)) => (
                options.cloned().unwrap_or(Value::Undefined),
                Options(Value::Undefined),
            ),
            other => {
                let options = Options::only(other, names)?;
                (options.get("encoding"), options)
            }
        };
        match coding {
            Value::Text(way) if is_text_coding(&way) => Ok((true, options)),
            Value::Undefined | Value::Null => Ok((false, options)),
            _ => Err(Stop::Lost),
        }
    }

    fn read_file(&mut self, path: &Path, options: Option<&Value>) -> Outcome<Value> {
        let (text, options) = self.coding(options, &["encoding", "flag"])?;
        if !matches!(options.get("flag"), Value::Undefined) {
            return Err(Stop::Lost);
        }
        if self.there(path)?.is_folder() {
            return Err(self.error("Error", "EISDIR"));
        }
        let Some(read) = self.world.text(path)? else {
            return Err(Stop::Lost);
        };
        // Bytes that are no text, and of what looks compiled only the head is known.
        if read.contains(['\u{fffd}', '\u{feff}', '\0']) || carries(&read) {
            return Err(Stop::Lost);
        }
        let value = self.made_text(read)?;
        match value {
            Value::Text(read) if !text => Ok(Value::Bytes(read)),
            value => Ok(value),
        }
    }

    fn write_file(
        &mut self,
        deed: &str,
        path: &Path,
        data: Option<&Value>,
        options: Option<&Value>,
    ) -> Outcome<Value> {
        let (_, options) = self.coding(options, &["encoding", "flag", "mode"])?;
        let flag = match options.get("flag") {
            Value::Undefined if deed == "writeFile" => Rc::from("w"),
            Value::Undefined => Rc::from("a"),
            other => other.as_text()?,
        };
        let text = match data {
            Some(Value::Text(text) | Value::Bytes(text)) => Some(Rc::clone(text)),
            Some(Value::Unknown) => None,
            _ => return Err(Stop::Lost),
        };
        if self.world.found(path)?.is_folder() {
            return Err(self.error("Error", "EISDIR"));
        }
        self.above(path)?;
        let exists = self.world.found(path)? != Found::Nothing;
        if flag.contains('x') && exists {
            return Err(self.error("Error", "EEXIST"));
        }
        // Written into what stands there: what is left of it is not known.
        let into = &*flag == "r+";
        if into && !exists {
            self.absent(path)?;
        }
        let text = text.filter(|_| !into);
        let adds = match &*flag {
            "w" | "wx" | "w+" | "wx+" | "xw" | "r+" => false,
            "a" | "ax" | "a+" | "ax+" | "xa" => true,
            _ => return Err(Stop::Lost),
        };
        self.touch_path(path, true)?;
        self.charge(text.as_ref().map_or(0, |text| text.len() / 16))?;
        // A line end closes the text of the shell by itself.
        let step = self.world.write(path, text.as_deref(), adds, self.span)?;
        if !adds {
            self.world.filled(step, path, text.as_deref());
        }
        Ok(Value::Undefined)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Outcome<Value> {
        let found = self.there(from)?;
        self.above(to)?;
        match (found, self.world.found(to)?) {
            (_, Found::Nothing) => {}
            (Found::Folder, _) => return Err(Stop::Lost),
            (_, Found::Folder) => return Err(self.error("Error", "EISDIR")),
            (_, Found::File) => {}
            (_, Found::Link { .. }) => return Err(Stop::Lost),
        }
        if to.starts_with(from) && to != from {
            return Err(Stop::Lost);
        }
        self.touch_path(from, true)?;
        self.touch_path(to, true)?;
        self.world.rename(from, to, self.span)?;
        if self.copies.iter().any(|copy| copy.starts_with(from)) {
            self.copies.insert(to.to_path_buf());
        }
        Ok(Value::Undefined)
    }

    fn copy_file(&mut self, from: &Path, to: &Path, mode: Option<&Value>) -> Outcome<Value> {
        let alone = match mode {
            None | Some(Value::Undefined) => false,
            Some(Value::Number(mode)) if *mode == 0.0 || *mode == 2.0 => false,
            Some(Value::Number(mode)) if *mode == 1.0 || *mode == 3.0 => true,
            Some(_) => return Err(Stop::Lost),
        };
        if self.there(from)?.is_folder() {
            return Err(Stop::Lost);
        }
        self.above(to)?;
        let found = self.world.found(to)?;
        if alone && found != Found::Nothing {
            return Err(self.error("Error", "EEXIST"));
        }
        if found.is_folder() || matches!(found, Found::Link { .. }) || from == to {
            return Err(Stop::Lost);
        }
        self.touch_path(to, true)?;
        self.world.copy(from, to, false, self.span)?;
        self.copies.insert(to.to_path_buf());
        Ok(Value::Undefined)
    }

    fn copy_tree(&mut self, from: &Path, to: &Path, options: Option<&Value>) -> Outcome<Value> {
        let options = Options::only(options, &["recursive", "force", "preserveTimestamps"])?;
        let keeps = !options.holds("force")? && !matches!(options.get("force"), Value::Undefined);
        options.holds("preserveTimestamps")?;
        let there = self.world.found(to)?;
        if there != Found::Nothing && keeps {
            return Err(Stop::Lost);
        }
        let found = self.there(from)?;
        if there == Found::Nothing
            && let Some(above) = to.parent()
        {
            self.touch_path(above, true)?;
            self.world.make_folder(above)?;
        }
        match found {
            Found::File => self.copy_file(from, to, None),
            Found::Folder if options.holds("recursive")? && there == Found::Nothing => {
                if to.starts_with(from) {
                    return Err(Stop::Lost);
                }
                self.touch_path(to, true)?;
                self.world.copy(from, to, true, self.span)?;
                self.copies.insert(to.to_path_buf());
                Ok(Value::Undefined)
            }
            Found::Nothing => Ok(Value::Undefined),
            _ => Err(Stop::Lost),
        }
    }

    pub fn object_method(
        &mut self,
        object: &Rc<Object>,
        key: &str,
        given: &[Value],
    ) -> Outcome<Value> {
        if key == "hasOwnProperty" && object.sort.is_none() {
            let name = given.first().ok_or(Stop::Lost)?.as_text()?;
            return Ok(Value::Bool(object.props.borrow().get(&name).is_some()));
        }
        let kind = match object.props.borrow().get("\0kind") {
            Some(kind) => kind.as_text()?,
            None => return Err(Stop::Lost),
        };
        Ok(Value::Bool(match key {
            "isFile" => &*kind == "file",
            "isDirectory" => &*kind == "folder",
            "isSymbolicLink" => &*kind == "link",
            _ if &*kind == "link" => return Err(Stop::Lost),
            _ => false,
        }))
    }
}

fn kind_props(found: Found) -> Props {
    let mut props = Props::default();
    let kind = match found {
        Found::File | Found::Nothing => "file",
        Found::Folder => "folder",
        Found::Link { .. } => "link",
    };
    props.set(&Rc::from("\0kind"), Value::text(kind));
    props
}

fn special(props: Props, sort: &'static str) -> Value {
    Value::Object(Rc::new(Object {
        props: std::cell::RefCell::new(props),
        sort: Some(sort),
        ..Object::default()
    }))
}
