//! Modules of a script: files that it requires or imports, carried out once, and the parts of Node that it names.
//! A package of others may do anything when it is loaded: it ends the attempt.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::super::world::Found;
use super::lower::script;
use super::play::Player;
use super::tree::{Body, Code, Line, Name, Node, Taken};
use super::value::{Object, Outcome, Props, Scope, Stop, Value};

/// Modules of one script.
const MAX_MODULES: usize = 40;

/// A module that is loaded.
#[derive(Clone)]
pub(super) struct Module {
    /// What `require` gives; for a module of imports there is none.
    pub exports: Option<Value>,
    /// Names that it gives, with where they stand.
    pub scope: Rc<Scope>,
    pub done: bool,
    /// What a script without imports calls `module`.
    pub own: Option<Value>,
}

/// Only a path that is written the same as an address is known as one.
pub(super) fn plain_address(path: &str) -> Outcome<()> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+@=".contains(char);
    if path.chars().all(plain) {
        Ok(())
    } else {
        Err(Stop::Lost)
    }
}

/// The part of the library that a name stands for.
pub(super) fn builtin(name: &str) -> Option<Value> {
    let plain = name.strip_prefix("node:").unwrap_or(name);
    if !super::library::MODULES.contains(&plain) {
        return None;
    }
    Some(Value::native(match plain {
        "fs/promises" => "fs.promises",
        "path/posix" => "path",
        "assert/strict" => "assert",
        other => other,
    }))
}

impl Player<'_> {
    /// Carries the script itself out.
    pub fn run(&mut self, text: &str, file: &Path, module: bool) -> Outcome<()> {
        let module = module || self.inline.is_none() && self.is_module_here(file)?;
        let script = script(text, module).ok_or(Stop::Lost)?;
        if self.world.inherited("NODE_OPTIONS")?.is_some() {
            return Err(Stop::Lost);
        }
        self.carry_module(&script.code, file, script.module)
            .map(|_| ())
    }

    fn carry_module(&mut self, code: &Rc<Code>, file: &Path, module: bool) -> Outcome<Module> {
        let scope = Scope::inside(&self.globals);
        let said = file.to_str().ok_or(Stop::Lost)?;
        let mut loaded = Module {
            exports: None,
            scope: Rc::clone(&scope),
            done: false,
            own: None,
        };
        let own = self.module_object(said);
        loaded.own = Some(own.clone()).filter(|_| !module);
        if module {
            self.process
                .entry(Rc::from("main"))
                .or_insert(Value::Undefined);
        }
        self.modules.insert(file.to_path_buf(), loaded.clone());
        let exports = Rc::clone(&scope);
        let outcome = self.scoped(scope, |player| {
            player.declare(&Rc::from("\0file"), Some(Value::text(said)), true)?;
            if !module {
                player.common_names(&own, file)?;
            }
            player.scoped(Scope::inside(&exports), |player| {
                player.imported(code)?;
                let outcome = player.body(code);
                player.export_names(code, &exports)?;
                outcome
            })?;
            if !module {
                loaded.exports = Some(player.member(&own, &Rc::from("exports"))?);
            }
            Ok(())
        });
        // One that has failed is loaded anew the next time.
        if matches!(outcome, Err(Stop::Throw(_))) && !module {
            self.modules.remove(file);
        }
        outcome?;
        loaded.done = true;
        self.modules.insert(file.to_path_buf(), loaded.clone());
        Ok(loaded)
    }

    /// What a script without imports finds ready.
    fn common_names(&mut self, own: &Value, file: &Path) -> Outcome<()> {
        let exports = self.member(own, &Rc::from("exports"))?;
        let said = file.to_str().ok_or(Stop::Lost)?;
        let folder = file.parent().and_then(Path::to_str).ok_or(Stop::Lost)?;
        let require = self.own_require()?;
        let first = self.modules.len() == 1;
        let inline = self.inline.filter(|_| first);
        self.process
            .entry(Rc::from("main"))
            .or_insert_with(|| match inline {
                Some(_) => Value::Undefined,
                None => own.clone(),
            });
        let mut names = vec![
            ("module", own.clone()),
            ("exports", exports.clone()),
            ("require", require),
        ];
        match inline {
            // What `this` is there, and what comes over standard input is called, is left open.
            Some("[eval]") => names.extend([
                ("__filename", Value::text("[eval]")),
                ("__dirname", Value::text(".")),
            ]),
            Some(_) => {}
            None => names.extend([
                ("__filename", Value::text(said)),
                ("__dirname", Value::text(folder)),
                ("this", exports),
            ]),
        }
        for (name, value) in names {
            self.declare(&Rc::from(name), Some(value), true)?;
        }
        Ok(())
    }

    /// `module`: what it gives, and where it stands.
    fn module_object(&self, file: &str) -> Value {
        let mut props = Props::default();
        props.set(&Rc::from("exports"), Value::object(Vec::new()));
        if self.inline.is_none() {
            props.set(&Rc::from("filename"), Value::text(file));
        }
        Value::Object(Rc::new(Object {
            props: RefCell::new(props),
            sort: Some("module"),
            ..Object::default()
        }))
    }

    /// `createRequire(file)`
    pub fn require_from(&self, base: &Value) -> Outcome<Value> {
        let file = match base {
            Value::Address(path) => Rc::clone(path),
            Value::Text(text) => match text.strip_prefix("file://") {
                Some(path) => {
                    plain_address(path)?;
                    Rc::from(path)
                }
                None => Rc::clone(text),
            },
            _ => return Err(Stop::Lost),
        };
        if !file.starts_with('/') {
            return Err(Stop::Lost);
        }
        let file = match file.ends_with('/') {
            true => Rc::from(format!("{file}noop.js")),
            false => file,
        };
        Ok(Value::Method(Rc::new((
            Value::Text(file),
            Rc::from("\0require"),
        ))))
    }

    fn own_file(&self) -> Outcome<Name> {
        let slot = self.scope.find("\0file").ok_or(Stop::Lost)?;
        let value = slot.borrow().value.clone();
        value.ok_or(Stop::Lost)?.as_text()
    }

    /// `require`, which knows the file that it stands in.
    pub fn own_require(&self) -> Outcome<Value> {
        let file = self.own_file()?;
        Ok(Value::Method(Rc::new((
            Value::Text(file),
            Rc::from("\0require"),
        ))))
    }

    /// `import.meta.…`
    pub fn meta(&mut self, key: &str) -> Outcome<Value> {
        let file = self.own_file()?;
        let folder = Path::new(&*file).parent().and_then(Path::to_str);
        match key {
            "url" => {
                plain_address(&file)?;
                Ok(Value::text(&format!("file://{file}")))
            }
            "filename" => Ok(Value::Text(file)),
            "dirname" => folder.map(Value::text).ok_or(Stop::Lost),
            _ => Err(Stop::Lost),
        }
    }

    /// `new URL('./x', import.meta.url)`
    pub fn address(&mut self, given: &[Value]) -> Outcome<Value> {
        let [name, base] = given else {
            let [Value::Text(whole)] = given else {
                return Err(Stop::Lost);
            };
            let path = whole
                .strip_prefix("file://")
                .filter(|path| path.starts_with('/'));
            let path = path.filter(|path| !path.contains("/.") && !path.contains("//"));
            let path = path.ok_or(Stop::Lost)?;
            plain_address(path)?;
            return Ok(Value::Address(Rc::from(path)));
        };
        let (name, base) = (name.as_text()?, self.written(base)?.ok_or(Stop::Lost)?);
        plain_address(&name)?;
        let base = base.strip_prefix("file://").ok_or(Stop::Lost)?;
        plain_address(base)?;
        if name.contains("//") || name.starts_with('/') || name.is_empty() {
            return Err(Stop::Lost);
        }
        let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = super::paths::worked_out("join", &[Rc::from(format!("{folder}/{name}"))], "/")?
            .as_text()?;
        let end = matches!(&*name, "." | "..") && !path.ends_with('/');
        Ok(Value::Address(if end {
            Rc::from(format!("{path}/"))
        } else {
            path
        }))
    }

    /// `require(name)`
    pub fn required(&mut self, file: &str, given: &[Value]) -> Outcome<Value> {
        let name = given.first().ok_or(Stop::Lost)?.as_text()?;
        if let Some(value) = builtin(&name) {
            return Ok(value);
        }
        let path = self.resolved(file, &name, true)?;
        if path.extension().is_some_and(|end| end == "json") {
            let text = self.world.source(&path)?.ok_or(Stop::Lost)?;
            let key = path.clone();
            if let Some(Module {
                exports: Some(value),
                ..
            }) = self.modules.get(&key)
            {
                return Ok(value.clone());
            }
            let value = self.parsed_json(text.trim_start_matches('\u{feff}'))?;
            let scope = Rc::new(Scope::default());
            let module = Module {
                exports: Some(value.clone()),
                scope,
                done: true,
                own: None,
            };
            self.modules.insert(key, module);
            return Ok(value);
        }
        // A circle: what the other one gives by now.
        if let Some(Module {
            done: false,
            own: Some(own),
            ..
        }) = self.modules.get(&path)
        {
            let own = own.clone();
            return self.member(&own, &Rc::from("exports"));
        }
        self.loaded(&path)?.exports.ok_or(Stop::Lost)
    }

    /// `require.main`
    pub fn main_module(&mut self) -> Value {
        self.process
            .get("main")
            .cloned()
            .unwrap_or(Value::Undefined)
    }

    fn resolved(&mut self, file: &str, name: &str, loose: bool) -> Outcome<PathBuf> {
        if !["./", "../", "/"]
            .iter()
            .any(|front| name.starts_with(front))
            && !matches!(name, "." | "..")
        {
            return Err(Stop::Lost);
        }
        let folder = Path::new(file).parent().ok_or(Stop::Lost)?.to_path_buf();
        let whole = self
            .world
            .path(folder.join(name).to_str().ok_or(Stop::Lost)?)?;
        let said = whole.to_str().ok_or(Stop::Lost)?.to_owned();
        let folder =
            matches!(name, "." | "..") || ["/", "/.", "/.."].iter().any(|end| name.ends_with(end));
        let ends: &[&str] = if loose && folder {
            &["/index.js", "/index.json"]
        } else if loose {
            &["", ".js", ".json", "/index.js", "/index.json"]
        } else {
            &[""]
        };
        for end in ends {
            if *end == "/index.js"
                && let Some(main) = self.main_of(&said)?
            {
                let inside = format!("{said}/package.json");
                return self.resolved(&inside, &main, true);
            }
            let path = self.world.path(&format!("{said}{end}"))?;
            match self.world.found(&path)? {
                Found::File => return Ok(self.world.resolved(&path)?),
                Found::Link { .. } => return Err(Stop::Lost),
                Found::Folder | Found::Nothing => {}
            }
        }
        Err(Stop::Lost)
    }

    /// What a folder names as its own script.
    fn main_of(&mut self, folder: &str) -> Outcome<Option<String>> {
        let package = self.world.path(&format!("{folder}/package.json"))?;
        if self.world.found(&package)? == Found::Nothing {
            return Ok(None);
        }
        let Some(text) = self.world.source(&package)?.filter(|_| !self.world.waits) else {
            return Ok(None);
        };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| Stop::Lost)?;
        match value.get("main") {
            None => Ok(None),
            Some(serde_json::Value::String(main)) if !main.contains("..") => {
                let main = main.trim_start_matches("./").trim_end_matches('/');
                Ok(Some(format!("./{main}")).filter(|_| !matches!(main, "" | "." | "index")))
            }
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Tells whether the project says that its scripts are modules of imports.
    fn is_module_here(&mut self, file: &Path) -> Outcome<bool> {
        if file.extension().is_none_or(|end| end != "js") {
            return Ok(false);
        }
        for folder in file.ancestors().skip(1) {
            if folder
                .file_name()
                .is_some_and(|name| name == "node_modules")
            {
                return Ok(false);
            }
            let Some(text) = self.world.source(&folder.join("package.json"))? else {
                continue;
            };
            if self.world.waits && text.is_empty() {
                continue;
            }
            let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| Stop::Lost)?;
            return Ok(value.get("type").and_then(serde_json::Value::as_str) == Some("module"));
        }
        Ok(false)
    }

    fn loaded(&mut self, path: &Path) -> Outcome<Module> {
        match self.modules.get(path) {
            Some(module) if module.done => return Ok(module.clone()),
            // A circle: what the other one has by then is not known.
            Some(_) => return Err(Stop::Lost),
            None if self.modules.len() >= MAX_MODULES => return Err(Stop::Lost),
            None => {}
        }
        let end = path
            .extension()
            .and_then(|end| end.to_str())
            .unwrap_or_default();
        if !matches!(end, "js" | "mjs" | "cjs") {
            return Err(Stop::Lost);
        }
        let text = self.world.source(path)?.ok_or(Stop::Lost)?;
        let module = end == "mjs" || self.is_module_here(path)?;
        let script = script(&text, module).ok_or(Stop::Lost)?;
        self.deeper(|player| player.carry_module(&script.code, path, script.module))
    }

    /// Loads what a module imports, before anything of it runs, and makes the names.
    fn imported(&mut self, code: &Code) -> Outcome<()> {
        let Body::Lines(lines) = &code.body else {
            return Ok(());
        };
        let file = self.own_file()?;
        for line in lines {
            match line {
                Line::Import(name, all) => self.take(&file, name, all)?,
                // What is handed on is loaded where the others are.
                Line::ExportFrom => return Err(Stop::Lost),
                _ => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, file: &str, name: &str, all: &[(Taken, Name)]) -> Outcome<()> {
        if let Some(value) = builtin(name) {
            for (taken, local) in all {
                let value = match (taken, &value) {
                    (Taken::Name(name), Value::Native(full)) => {
                        let full = Rc::clone(full);
                        self.native_member(&full, name)?
                    }
                    _ => value.clone(),
                };
                self.declare(local, Some(value), true)?;
            }
            return Ok(());
        }
        let path = self.resolved(file, name, false)?;
        if path.extension().is_some_and(|end| end == "json") {
            let value = self.required(file, &[Value::text(name)])?;
            for (taken, local) in all {
                match taken {
                    Taken::Default => self.declare(local, Some(value.clone()), true)?,
                    _ => return Err(Stop::Lost),
                }
            }
            return Ok(());
        }
        let module = self.loaded(&path)?;
        for (taken, local) in all {
            match (taken, &module.exports) {
                (Taken::Default, Some(exports)) => {
                    self.declare(local, Some(exports.clone()), true)?
                }
                (Taken::Name(name), Some(exports)) => {
                    let value = self.member(exports, name)?;
                    if matches!(value, Value::Undefined) {
                        return Err(Stop::Lost);
                    }
                    self.declare(local, Some(value), true)?;
                }
                (Taken::Default, None) => self.bind(&module, "default", local)?,
                (Taken::Name(name), None) => self.bind(&module, name, local)?,
                (Taken::All, None) => self.bind_all(&module, local)?,
                (Taken::All, Some(_)) => return Err(Stop::Lost),
            }
        }
        Ok(())
    }

    /// The name here and the one there are the same.
    fn bind(&mut self, module: &Module, name: &str, local: &Name) -> Outcome<()> {
        let key = format!("\0export {name}");
        let slot = module.scope.names.borrow().get(&*key).cloned();
        let slot = slot.ok_or(Stop::Lost)?;
        let before = self.scope.names.borrow_mut().insert(Rc::clone(local), slot);
        if before.is_some() {
            Err(Stop::Lost)
        } else {
            Ok(())
        }
    }

    fn bind_all(&mut self, module: &Module, local: &Name) -> Outcome<()> {
        let mut entries = Vec::new();
        for (key, slot) in module.scope.names.borrow().iter() {
            let Some(name) = key.strip_prefix("\0export ") else {
                continue;
            };
            let slot = slot.borrow();
            let value = slot.value.clone().ok_or(Stop::Lost)?;
            // A name that may be given something later is not the same here.
            if !slot.constant && !matches!(value, Value::Function(_) | Value::Class(_)) {
                return Err(Stop::Lost);
            }
            entries.push((name.to_owned(), value));
        }
        entries.sort_by(|(one, _), (two, _)| one.cmp(two));
        let entries = entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        let all = Value::object(entries.collect());
        self.declare(local, Some(all), true)
    }

    /// Notes where the names stand that a module gives.
    fn export_names(&mut self, code: &Code, to: &Rc<Scope>) -> Outcome<()> {
        let Body::Lines(lines) = &code.body else {
            return Ok(());
        };
        for line in lines {
            let Line::Export(pairs) = line else { continue };
            for (local, known) in pairs {
                let slot = self.scope.names.borrow().get(local).cloned();
                let key: Name = Rc::from(format!("\0export {known}"));
                to.names.borrow_mut().insert(key, slot.ok_or(Stop::Lost)?);
            }
        }
        Ok(())
    }

    /// `export default …`
    pub fn default_export(&mut self, node: &Node) -> Outcome<()> {
        let value = self.value(node)?;
        let outer = self.scope.outer.clone().ok_or(Stop::Lost)?;
        self.scoped(outer, |player| {
            player.declare(&Rc::from("\0export default"), Some(value), true)
        })
    }

    /// `import(name)`
    pub fn import_later(&mut self, name: &Value) -> Outcome<Value> {
        let name = name.as_text()?;
        let value = builtin(&name).ok_or(Stop::Lost)?;
        Ok(self.promise(Ok(value)))
    }
}
