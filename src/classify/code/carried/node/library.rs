//! What Node and the language have ready: globals, `Object`, `Math`, `path`, `os`, `process`, programs that are started.
//! What is not listed here is not known, and ends the attempt where it is reached.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::super::steps::word;
use super::super::value::Time;
use super::play::Player;
use super::tree::Name;
use super::value::{Object, Outcome, Props, Stop, Table, Value};

/// Names of the library by where they stand.
const NAMES: &[(&str, &[&str])] = &[
    (
        "console",
        &[
            "log", "error", "warn", "info", "debug", "table", "trace", "group", "groupEnd", "time",
            "timeEnd",
        ],
    ),
    (
        "Object",
        &[
            "keys",
            "values",
            "entries",
            "assign",
            "freeze",
            "fromEntries",
            "hasOwn",
        ],
    ),
    ("Array", &["isArray", "from", "of"]),
    (
        "Number",
        &[
            "isInteger",
            "isFinite",
            "isNaN",
            "isSafeInteger",
            "parseInt",
            "parseFloat",
        ],
    ),
    (
        "Math",
        &[
            "max", "min", "floor", "ceil", "round", "abs", "trunc", "sign", "random", "sqrt", "pow",
        ],
    ),
    ("JSON", &["parse", "stringify"]),
    ("Promise", &["all", "allSettled", "resolve", "reject"]),
    ("Date", &["now"]),
    ("String", &["raw"]),
    (
        "process",
        &["exit", "cwd", "chdir", "uptime", "hrtime", "memoryUsage"],
    ),
    ("process.stdout", &["write"]),
    ("process.stderr", &["write"]),
    (
        "path",
        &[
            "join",
            "resolve",
            "dirname",
            "basename",
            "extname",
            "relative",
            "normalize",
            "isAbsolute",
            "parse",
            "posix",
        ],
    ),
    (
        "os",
        &[
            "tmpdir", "homedir", "hostname", "platform", "cpus", "userInfo",
        ],
    ),
    ("util", &["parseArgs", "promisify", "inspect", "format"]),
    ("util.promisify", &[]),
    ("url", &["fileURLToPath", "pathToFileURL", "URL"]),
    ("performance", &["now"]),
    ("perf_hooks", &["performance"]),
    ("child_process", &["execSync", "spawnSync", "execFileSync"]),
    ("assert", &["ok", "equal", "strictEqual", "strict"]),
    ("module", &["createRequire"]),
];
const GLOBALS: [&str; 25] = [
    "console",
    "Object",
    "Array",
    "Number",
    "Math",
    "JSON",
    "Promise",
    "Date",
    "String",
    "Boolean",
    "Map",
    "Set",
    "URL",
    "process",
    "parseInt",
    "parseFloat",
    "isNaN",
    "isFinite",
    "performance",
    "structuredClone",
    "RegExp",
    "encodeURIComponent",
    "Buffer",
    "Symbol",
    "globalThis",
];
pub(super) const MODULES: [&str; 14] = [
    "fs",
    "fs/promises",
    "path",
    "path/posix",
    "os",
    "process",
    "util",
    "url",
    "child_process",
    "assert",
    "assert/strict",
    "module",
    "perf_hooks",
    "console",
];

impl Player<'_> {
    /// Returns something that everybody sees.
    pub fn global(&mut self, name: &str) -> Outcome<Value> {
        match name {
            "undefined" => return Ok(Value::Undefined),
            "NaN" => return Ok(Value::Number(f64::NAN)),
            "Infinity" => return Ok(Value::Number(f64::INFINITY)),
            _ => {}
        }
        if let Some(class) = self.errors.get(name).filter(|_| name != "AssertionError") {
            return Ok(Value::Class(Rc::clone(class)));
        }
        // Code on the command line finds the parts of the library ready.
        let ready =
            self.inline == Some("[eval]") && !matches!(name, "module" | "process" | "console");
        if let Some(value) = super::modules::builtin(name).filter(|_| ready) {
            return Ok(value);
        }
        if GLOBALS.contains(&name) {
            Ok(Value::native(name))
        } else {
            Err(Stop::Lost)
        }
    }

    /// Returns what a part of the library has under a name.
    pub fn native_member(&mut self, owner: &str, key: &str) -> Outcome<Value> {
        if let Some(value) = self.constant(owner, key)? {
            return Ok(value);
        }
        let known = NAMES
            .iter()
            .any(|(name, keys)| *name == owner && keys.contains(&key));
        let file = match owner {
            "fs" => super::files::DEEDS.contains(&key.strip_suffix("Sync").unwrap_or(key)),
            "fs.promises" => key != "exists" && super::files::DEEDS.contains(&key),
            _ => false,
        };
        if known || file {
            return Ok(Value::native(&format!("{owner}.{key}")));
        }
        Err(Stop::Lost)
    }

    fn constant(&mut self, owner: &str, key: &str) -> Outcome<Option<Value>> {
        Ok(Some(match (owner, key) {
            ("fs", "promises") => Value::native("fs.promises"),
            ("fs" | "fs.promises", "constants") => Value::native("fs.constants"),
            ("fs.constants", "COPYFILE_EXCL") => Value::Number(1.0),
            ("fs.constants", "F_OK") => Value::Number(0.0),
            ("fs.constants", "R_OK") => Value::Number(4.0),
            ("fs.constants", "W_OK") => Value::Number(2.0),
            ("path", "sep") => Value::text("/"),
            ("path", "posix") => Value::native("path"),
            ("path", "delimiter") => Value::text(":"),
            ("os", "EOL") => Value::text("\n"),
            ("Math", "PI") => Value::Number(std::f64::consts::PI),
            ("Number", "MAX_SAFE_INTEGER") => Value::Number(9_007_199_254_740_991.0),
            ("Number", "POSITIVE_INFINITY") => Value::Number(f64::INFINITY),
            ("perf_hooks", "performance") => Value::native("performance"),
            ("url", "URL") => Value::native("URL"),
            ("assert", "strict") => Value::native("assert"),
            ("process", "argv") => {
                if let Some(argv) = self.process.get("argv") {
                    argv.clone()
                } else {
                    let argv = Value::list(self.argv.clone());
                    self.process.insert(Rc::from("argv"), argv.clone());
                    argv
                }
            }
            ("process", "env") => {
                let env = self.env.get_or_insert_with(|| {
                    Value::Object(Rc::new(Object {
                        sort: Some("environment"),
                        ..Object::default()
                    }))
                });
                env.clone()
            }
            ("process", "exitCode") => {
                let code = self.process.get("exitCode").cloned();
                code.unwrap_or(Value::Undefined)
            }
            ("process", "platform") => Value::text("linux"),
            // A number that no process has: what is named by it is nobody else's.
            ("process", "pid") => Value::Number(4_194_305.0),
            ("process", "ppid" | "version" | "execPath" | "arch" | "title") => Value::Unknown,
            ("process", "stdout") => Value::native("process.stdout"),
            ("process", "stderr") => Value::native("process.stderr"),
            ("import.meta", _) => return self.meta(key).map(Some),
            _ => return Ok(None),
        }))
    }

    /// A setting of the environment.
    pub fn setting(&mut self, name: &str) -> Outcome<Value> {
        if super::members::INHERITED.contains(&name) {
            return Err(Stop::Lost);
        }
        if let Some((_, value)) = self.environment.iter().rev().find(|(one, _)| one == name) {
            return Ok(value.as_deref().map_or(Value::Any, Value::text));
        }
        if self.dropped {
            return Err(Stop::Lost);
        }
        if name == "HOME" {
            return Ok(Value::text(&self.world.home().ok_or(Stop::Lost)?));
        }
        if matches!(
            name,
            "PATH" | "PWD" | "USER" | "SHELL" | "OLDPWD" | "_" | "SHLVL"
        ) {
            return Ok(Value::Any);
        }
        // What a starter of scripts hands on is not known.
        if self.started && (name.starts_with("npm_") || name == "INIT_CWD") {
            return Err(Stop::Lost);
        }
        Ok(self
            .world
            .inherited(name)?
            .map_or(Value::Undefined, |value| Value::text(&value)))
    }

    /// Calls something of the library.
    pub fn call_native(&mut self, full: &str, given: Vec<Value>) -> Outcome<Value> {
        let (owner, key) = full.rsplit_once('.').unwrap_or(("", full));
        self.charge(2)?;
        match owner {
            "console" => Ok(Value::Undefined),
            "process.stdout" | "process.stderr" => Ok(Value::Any),
            "fs" => self.file_deed(key.strip_suffix("Sync").ok_or(Stop::Lost)?, &given),
            "fs.promises" => {
                // The script has ended somewhere: whether this still begins is not known.
                if self.exited {
                    return Err(Stop::Lost);
                }
                let key = key.to_owned();
                self.begun(true, |player| player.file_deed(&key, &given))
            }
            "path" => self.call_path(key, &given),
            "Math" => self.call_math(key, &given),
            "Promise" => self.call_promise(key, given),
            "process" => self.call_process(key, &given),
            "child_process" => self.call_program(key, &given),
            "Object" | "Array" => self.call_object(full, given),
            "JSON" if key == "stringify" => self.json_text(&given),
            "JSON" => {
                let first = given.first().cloned().unwrap_or(Value::Undefined);
                match (first, given.len()) {
                    (Value::Text(text) | Value::Bytes(text), 1) => self.parsed_json(&text),
                    _ => Err(Stop::Lost),
                }
            }
            "util" if key == "parseArgs" => self.parsed_words(given.first()),
            "util" if matches!(key, "inspect" | "format") => Ok(Value::Unknown),
            "util" if key == "promisify" => match given.first() {
                Some(Value::Native(deed)) => match deed.strip_prefix("fs.") {
                    Some(deed) if super::files::DEEDS.contains(&deed) && deed != "exists" => {
                        Ok(Value::native(&format!("fs.promises.{deed}")))
                    }
                    _ => Err(Stop::Lost),
                },
                _ => Err(Stop::Lost),
            },
            "assert" => self.asserted(key, &given),
            _ => self.call_small(full, &given),
        }
    }

    fn call_small(&mut self, full: &str, given: &[Value]) -> Outcome<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        Ok(match full {
            "String" if given.is_empty() => Value::text(""),
            "String" => self.written(&first)?.map_or(Value::Unknown, Value::Text),
            "Boolean" => Value::Bool(first.truth()?),
            "Number" if given.is_empty() => Value::Number(0.0),
            "Number" => match first {
                Value::Time(_) => first,
                Value::Date(Some(time)) => Value::Time(time),
                _ => self.number(&first)?.map_or(Value::Unknown, Value::Number),
            },
            "parseInt" | "Number.parseInt" | "parseFloat" | "Number.parseFloat" => {
                self.read_number(full.ends_with("Int"), &first, given.get(1))?
            }
            "isNaN" => Value::Bool(self.number(&first)?.ok_or(Stop::Lost)?.is_nan()),
            "isFinite" => Value::Bool(self.number(&first)?.ok_or(Stop::Lost)?.is_finite()),
            "Number.isInteger" | "Number.isSafeInteger" | "Number.isFinite" | "Number.isNaN" => {
                match first {
                    Value::Number(number) => Value::Bool(match full {
                        "Number.isNaN" => number.is_nan(),
                        "Number.isFinite" => number.is_finite(),
                        "Number.isSafeInteger" => {
                            number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0
                        }
                        _ => number.is_finite() && number.fract() == 0.0,
                    }),
                    Value::Unknown | Value::Time(_) | Value::Between(..) => return Err(Stop::Lost),
                    _ => Value::Bool(false),
                }
            }
            "Date.now" => Value::Time(NOW),
            "performance.now" => Value::Unknown,
            "os.tmpdir" => self.temporary()?,
            "os.homedir" => self.setting("HOME")?,
            "os.platform" => Value::text("linux"),
            "os.hostname" => Value::Unknown,
            "url.fileURLToPath" => match first {
                Value::Address(path) => Value::Text(path),
                Value::Text(text) => {
                    let path = text
                        .strip_prefix("file://")
                        .filter(|path| path.starts_with('/'));
                    let path = path.filter(|path| !path.contains(['%', '?', '#']));
                    Value::text(path.ok_or(Stop::Lost)?)
                }
                _ => return Err(Stop::Lost),
            },
            "url.pathToFileURL" => {
                let text = first.as_text()?;
                let path = self.call_path("resolve", &[Value::Text(text)])?.as_text()?;
                super::modules::plain_address(&path)?;
                Value::Address(path)
            }
            "module.createRequire" => self.require_from(&first)?,
            _ => return Err(Stop::Lost),
        })
    }

    /// The folder for files that nobody keeps.
    fn temporary(&mut self) -> Outcome<Value> {
        for name in ["TMPDIR", "TMP", "TEMP"] {
            match self.setting(name)? {
                Value::Undefined => {}
                Value::Text(text) if text.is_empty() => {}
                Value::Text(text) if text.len() > 1 && !text.ends_with('/') => {
                    return Ok(Value::Text(text));
                }
                _ => return Err(Stop::Lost),
            }
        }
        Ok(Value::text("/tmp"))
    }

    fn read_number(&mut self, whole: bool, value: &Value, base: Option<&Value>) -> Outcome<Value> {
        match base {
            None | Some(Value::Undefined) => {}
            Some(Value::Number(base)) if *base == 10.0 => {}
            Some(_) => return Err(Stop::Lost),
        }
        let Some(text) = self.written(value)? else {
            return Ok(Value::Unknown);
        };
        let text = super::texts::trimmed(&text);
        let digits = text.trim_start_matches(['+', '-']);
        if digits.starts_with("0x")
            || digits.starts_with("0X")
            || text.contains(['e', 'E']) && !whole
        {
            return Err(Stop::Lost);
        }
        let mut end = 0;
        let mut dot = whole;
        for (at, char) in text.char_indices() {
            match char {
                '+' | '-' if at == 0 => {}
                '.' if !dot => dot = true,
                '0'..='9' => {}
                _ => break,
            }
            end = at + char.len_utf8();
        }
        let head = text.get(..end).unwrap_or_default().trim_end_matches('.');
        if text.trim_start_matches(['+', '-']).starts_with("Infinity") {
            return Err(Stop::Lost);
        }
        Ok(Value::Number(head.parse().unwrap_or(f64::NAN)))
    }

    fn call_math(&mut self, key: &str, given: &[Value]) -> Outcome<Value> {
        if key == "random" {
            return Ok(Value::Unknown);
        }
        let mut numbers = Vec::new();
        for one in given {
            match self.number(one)? {
                Some(number) => numbers.push(number),
                None => return Ok(Value::Unknown),
            }
        }
        let first = numbers.first().copied().unwrap_or(f64::NAN);
        let nan = numbers.iter().any(|number| number.is_nan());
        Ok(Value::Number(match key {
            "max" | "min" if nan => f64::NAN,
            "max" => numbers.into_iter().fold(f64::NEG_INFINITY, f64::max),
            "min" => numbers.into_iter().fold(f64::INFINITY, f64::min),
            "floor" => first.floor(),
            "ceil" => first.ceil(),
            "round" if first - first.floor() >= 0.5 => first.floor() + 1.0,
            "round" => first.floor(),
            "abs" => first.abs(),
            "trunc" => first.trunc(),
            "sqrt" => first.sqrt(),
            _ => return Err(Stop::Lost),
        }))
    }

    fn call_promise(&mut self, key: &str, given: Vec<Value>) -> Outcome<Value> {
        let first = given.into_iter().next().unwrap_or(Value::Undefined);
        match (key, &first) {
            ("all" | "allSettled", _) => self.gathered(key, &first),
            ("resolve", Value::Promise(_)) => Ok(first),
            ("resolve", value) if super::promises::is_thenable(value) => Err(Stop::Lost),
            ("resolve", _) => Ok(self.promise(Ok(first))),
            ("reject", _) => Ok(self.promise(Err(first))),
            _ => Err(Stop::Lost),
        }
    }

    fn call_process(&mut self, key: &str, given: &[Value]) -> Outcome<Value> {
        match key {
            // Who listens to the end, or what others have begun, is seen where it ends.
            "exit" => Err(Stop::Exit),
            "cwd" => Ok(Value::text(self.world.here.to_str().ok_or(Stop::Lost)?)),
            "chdir" => {
                let (path, _) = self.file_path(given.first().unwrap_or(&Value::Undefined))?;
                match self.world.found(&path)? {
                    super::super::world::Found::Folder => {}
                    _ if self.world.waits => {}
                    _ => return Err(Stop::Lost),
                }
                if !self.frames.is_empty() || !self.floats.is_empty() {
                    return Err(Stop::Lost);
                }
                self.world.here = path;
                Ok(Value::Undefined)
            }
            "uptime" | "hrtime" => Ok(Value::Unknown),
            _ => Err(Stop::Lost),
        }
    }

    /// A program that is started and waited for: what it does is judged as a line of a shell.
    fn call_program(&mut self, key: &str, given: &[Value]) -> Outcome<Value> {
        let first = given.first().ok_or(Stop::Lost)?.as_text()?;
        let (words, options) = match (key, given.get(1)) {
            ("execSync", options) => (None, options),
            (_, Some(Value::Array(words))) => (Some(words.borrow().clone()), given.get(2)),
            (_, options) => (Some(Vec::new()), options),
        };
        let mut shown = Value::Undefined;
        let (mut fed, mut place) = (Value::Undefined, Value::Undefined);
        if let Some(options) = options.filter(|options| !options.is_nothing()) {
            shown = self.member(options, &Rc::from("stdio"))?;
            fed = self.member(options, &Rc::from("input"))?;
            place = self.member(options, &Rc::from("cwd"))?;
            let known = ["stdio", "encoding", "maxBuffer", "timeout", "input", "cwd"];
            let all = self.entries_of(options)?;
            if all.iter().any(|(name, _)| !known.contains(&&**name)) {
                return Err(Stop::Lost);
            }
        }
        // Settings that the script has changed reach the program.
        let changed = matches!(&self.env, Some(Value::Object(env)) if env.props.borrow().len() > 0);
        if changed || !self.frames.is_empty() && !self.floats.is_empty() || first.trim().is_empty()
        {
            return Err(Stop::Lost);
        }
        let line = match words {
            None => first.to_string(),
            Some(words) => {
                let mut all = vec![word(&first)];
                for one in words {
                    all.push(word(&one.as_text()?));
                }
                all.join(" ")
            }
        };
        let line = self.line_with(line, &fed, &place)?;
        // Whether it fails is not known: whoever would catch that is not followed.
        if self.tries > 0 && key != "spawnSync" {
            return Err(Stop::Lost);
        }
        // A promise that fails by it may be looked at later.
        self.unsure |= !self.frames.is_empty() && key != "spawnSync";
        self.world.run(&line, self.span)?;
        Ok(match (key, shown) {
            // It may have failed to start: then most of it is nothing.
            ("spawnSync", _) => Value::Object(Rc::new(Object {
                sort: Some("ended"),
                ..Object::default()
            })),
            (_, Value::Undefined) => Value::Unknown,
            (_, Value::Text(way)) if &*way == "pipe" => Value::Unknown,
            _ => Value::Any,
        })
    }

    /// A line that is fed a text, or starts in another folder.
    fn line_with(&mut self, line: String, fed: &Value, place: &Value) -> Outcome<String> {
        let line = match fed {
            Value::Undefined => line,
            text => format!("printf %s {} | {line}", word(&text.as_text()?)),
        };
        Ok(match place {
            Value::Undefined => line,
            place => {
                let (path, _) = self.file_path(place)?;
                let path = path.to_str().ok_or(Stop::Lost)?;
                format!("(\ncd -- {} || exit\n{line}\n)", word(path))
            }
        })
    }

    fn asserted(&mut self, key: &str, given: &[Value]) -> Outcome<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        let second = given.get(1).cloned().unwrap_or(Value::Undefined);
        let holds = match key {
            "ok" => first.truth()?,
            "strictEqual" => match (&first, &second) {
                (Value::Number(one), Value::Number(two)) => {
                    one.to_bits() == two.to_bits() || one.is_nan() && two.is_nan()
                }
                _ => self.is_same(&first, &second)?,
            },
            _ => return Err(Stop::Lost),
        };
        if holds {
            Ok(Value::Undefined)
        } else {
            Err(self.error("AssertionError", "ERR_ASSERTION"))
        }
    }

    fn call_object(&mut self, full: &str, given: Vec<Value>) -> Outcome<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        match full {
            "Object.keys" | "Object.values" | "Object.entries" => {
                if first.is_nothing() {
                    return Err(Stop::Lost);
                }
                let all = self.entries_of(&first)?.into_iter();
                Ok(Value::list(match full {
                    "Object.keys" => all.map(|(key, _)| Value::Text(key)).collect(),
                    "Object.values" => all.map(|(_, value)| value).collect(),
                    _ => all
                        .map(|(key, value)| Value::list(vec![Value::Text(key), value]))
                        .collect(),
                }))
            }
            "Object.assign" => {
                for source in given.iter().skip(1) {
                    for (key, value) in self.entries_of(source)? {
                        self.set_member(&first, &key, value)?;
                    }
                }
                Ok(first)
            }
            "Object.freeze" => match &first {
                Value::Object(object) => {
                    object.frozen.set(true);
                    Ok(first)
                }
                _ => Err(Stop::Lost),
            },
            "Object.hasOwn" => match (&first, given.get(1)) {
                (Value::Object(object), Some(Value::Text(key))) if object.sort.is_none() => {
                    self.touch(&first, false)?;
                    Ok(Value::Bool(object.props.borrow().get(key).is_some()))
                }
                _ => Err(Stop::Lost),
            },
            "Object.fromEntries" => {
                let mut props = Props::default();
                for pair in self.spread(&first)? {
                    if !matches!(pair, Value::Array(_)) {
                        return Err(Stop::Lost);
                    }
                    let pair = self.spread(&pair)?;
                    let [key, value] = pair.as_slice() else {
                        return Err(Stop::Lost);
                    };
                    props.set(&key.as_text()?, value.clone());
                }
                Ok(Value::Object(Rc::new(Object {
                    props: RefCell::new(props),
                    ..Object::default()
                })))
            }
            "Array.isArray" => is_list(&first),
            "Array.of" => Ok(Value::list(given)),
            "Array.from" => self.list_from(&first, given.get(1)),
            _ => Err(Stop::Lost),
        }
    }

    fn list_from(&mut self, source: &Value, each: Option<&Value>) -> Outcome<Value> {
        let items = match source {
            Value::Object(object) if object.class.is_none() && object.sort.is_none() => {
                let length = object.props.borrow().get("length");
                let (Some(Value::Number(length)), 1) = (length, object.props.borrow().len()) else {
                    return Err(Stop::Lost);
                };
                let length =
                    super::texts::place(length).filter(|length| *length <= super::eval::MAX_ITEMS);
                vec![Value::Undefined; length.ok_or(Stop::Lost)?]
            }
            other => self.spread(other)?,
        };
        self.charge(items.len() / 2)?;
        let Some(each) = each else {
            return Ok(Value::list(items));
        };
        super::lists::callable(each)?;
        let mut all = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            all.push(self.call(each, Value::Undefined, vec![item, Value::count(at)])?);
        }
        Ok(Value::list(all))
    }

    /// `new Map(…)`, `new Date()` and their like.
    pub fn construct_native(&mut self, name: &str, given: Vec<Value>) -> Outcome<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        match name {
            "Map" | "Set" => {
                let mut table = Table::default();
                if !first.is_nothing() {
                    for item in self.spread(&first)? {
                        if name == "Set" {
                            table.set(item.clone(), item)?;
                            continue;
                        }
                        if !matches!(item, Value::Array(_)) {
                            return Err(Stop::Lost);
                        }
                        let pair = self.spread(&item)?;
                        let at = |at: usize| pair.get(at).cloned().unwrap_or(Value::Undefined);
                        table.set(at(0), at(1))?;
                    }
                }
                Ok(Value::Table(Rc::new(RefCell::new(table)), name == "Set"))
            }
            "Date" => Ok(Value::Date(match (given.len(), first) {
                (0, _) => Some(NOW),
                (1, Value::Time(time)) => Some(time),
                (1, Value::Date(time)) => time,
                _ => None,
            })),
            "URL" => self.address(&given),
            "RegExp" => {
                let flags = match given.get(1) {
                    None | Some(Value::Undefined) => Rc::from(""),
                    Some(flags) => flags.as_text()?,
                };
                self.pattern(&first.as_text()?, &flags)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// `path.…`
    fn call_path(&mut self, key: &str, given: &[Value]) -> Outcome<Value> {
        let mut texts: Vec<Name> = Vec::new();
        for one in given {
            match one {
                Value::Unknown => return Ok(Value::Unknown),
                other => texts.push(other.as_text()?),
            }
        }
        let here = self.world.here.to_str().ok_or(Stop::Lost)?.to_owned();
        super::paths::worked_out(key, &texts, &here)
    }
}

const NOW: Time = Time::Now {
    less: 0.0,
    unit: 1_000.0,
};

/// Tells whether a value is a list; what a pattern with names has found is one too.
fn is_list(value: &Value) -> Outcome<Value> {
    Ok(Value::Bool(match value {
        Value::Array(_) => true,
        Value::Object(object) => object.sort == Some("match"),
        Value::Any => return Err(Stop::Lost),
        _ => false,
    }))
}
