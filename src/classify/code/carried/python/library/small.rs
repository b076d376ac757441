//! The smaller modules of the library: collections, functions of functions, temporary places, logs, sums of bytes.
//! What is random or unique is not known; what only tells is passed over.

use std::cell::RefCell;
use std::rc::Rc;

use regex::Regex;

use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Kind, Map, Object, Outcome, Source, Stop, Value, Way};

/// Returns a pattern of one name as `fnmatch` reads it.
pub(in super::super) fn like(part: &str) -> Outcome<Regex> {
    super::super::super::globs::like(part, false).ok_or(Stop::Lost)
}

impl Player<'_> {
    pub fn call_small(&mut self, name: &str, given: Given) -> Outcome<Value> {
        match name.split('.').next().unwrap_or_default() {
            "collections" => self.call_collections(name, given),
            "functools" | "operator" => self.call_functions(name, given),
            "itertools" => self.call_itertools(name, given),
            "contextlib" => self.call_contexts(name, given),
            "dataclasses" => self.call_dataclasses(name, given),
            "tempfile" => self.call_tempfile(name, given),
            _ => self.call_tiny(name, given),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each type, read as a table"
    )]
    fn call_collections(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "collections.defaultdict" => {
                let missing = given
                    .take("default_factory")
                    .filter(|maker| !maker.is_none());
                let made = self.call_library("dict", given)?;
                if let Value::Dict(map) = &made {
                    map.borrow_mut().missing = missing;
                }
                Ok(made)
            }
            "collections.OrderedDict" => {
                let made = self.call_library("dict", given)?;
                if let Value::Dict(map) = &made {
                    map.borrow_mut().ordered = true;
                }
                Ok(made)
            }
            "collections.Counter" => {
                let mut map = Map::default();
                map.counts = true;
                if let Some(over) = given.take("iterable") {
                    if let Value::Dict(_) = over {
                        return Err(Stop::Lost);
                    }
                    for item in self.items(&over)? {
                        self.worked(1)?;
                        let old = map.get(&item)?.map_or(Ok(0), |old| old.whole())?;
                        map.set(item, Value::Int(old + 1))?;
                    }
                }
                given.end()?;
                Ok(Value::Dict(Rc::new(RefCell::new(map))))
            }
            "collections.deque" => {
                let items = given
                    .take("iterable")
                    .map_or(Ok(Vec::new()), |all| self.items(&all))?;
                given.end()?;
                Ok(Value::Deque(Rc::new(RefCell::new(items))))
            }
            "collections.namedtuple" => {
                let name = given.need("typename")?.as_text()?;
                let names = match given.need("field_names")? {
                    Value::Text(text) => text
                        .replace(',', " ")
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect(),
                    all => {
                        let mut names = Vec::new();
                        for one in self.items(&all)? {
                            names.push(one.as_text()?.to_string());
                        }
                        names
                    }
                };
                let defaults = given
                    .key("defaults")
                    .map_or(Ok(Vec::new()), |all| self.items(&all))?;
                given.end()?;
                self.named_tuple(&name, names, defaults)
            }
            _ => Err(Stop::Lost),
        }
    }

    fn call_functions(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "functools.partial" => {
                let function = given.need("func")?;
                let named: Vec<(Value, Value)> = given
                    .named
                    .iter()
                    .map(|(name, value)| (Value::text(name), value.clone()))
                    .collect();
                let before = Value::tuple(given.placed);
                Ok(Value::Method(Rc::new((
                    Value::tuple(vec![function, before, Value::dict(named)?]),
                    Rc::from("partial"),
                ))))
            }
            "functools.lru_cache" | "functools.cache" => match given.placed.first() {
                Some(Value::Function(function)) => {
                    let map = Value::dict(Vec::new())?;
                    function
                        .attributes
                        .borrow_mut()
                        .insert("cache".to_owned(), map);
                    given.take("function").ok_or(Stop::Lost)
                }
                _ => {
                    // A small one forgets.
                    let size = given.take("maxsize");
                    match size {
                        Some(Value::Int(size)) if size < 100 => Err(Stop::Lost),
                        _ => Ok(Value::Library("functools.cache")),
                    }
                }
            },
            // The function that wraps stays what it is.
            "functools.wraps" => Ok(self.special("wraps", Vec::new())),
            "functools.reduce" => {
                let (function, over) = (given.need("function")?, given.need("iterable")?);
                let mut items = self.items(&over)?.into_iter();
                let mut all = match given.take("initial") {
                    Some(first) => first,
                    None => items.next().ok_or(Stop::Lost)?,
                };
                for item in items {
                    all = self.call(&function, Given::of(vec![all, item]))?;
                }
                Ok(all)
            }
            "operator.itemgetter" | "operator.attrgetter" if given.placed.len() == 1 => {
                let key = given.need("item")?;
                let name = if name.ends_with("itemgetter") {
                    "itemgetter"
                } else {
                    "attrgetter"
                };
                Ok(self.special(name, vec![("key", key)]))
            }
            _ => Err(Stop::Lost),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each function, read as a table"
    )]
    fn call_itertools(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let before = self.world.steps.len();
        let all: Vec<Value>;
        match name {
            "itertools.chain" | "itertools.chain.from_iterable" => {
                let lists = match name {
                    "itertools.chain" => Value::list(std::mem::take(&mut given.placed)),
                    _ => given.need("iterable")?,
                };
                given.end()?;
                return Ok(Value::generator(Source::Each(
                    Way::Chain,
                    Value::None,
                    lists,
                )));
            }
            "itertools.islice" => {
                let over = given.need("iterable")?;
                let numbers: Outcome<Vec<Option<i128>>> = given
                    .placed
                    .iter()
                    .map(|value| {
                        if value.is_none() {
                            Ok(None)
                        } else {
                            value.whole().map(Some)
                        }
                    })
                    .collect();
                given.placed.clear();
                let (from, to) = match numbers?.as_slice() {
                    [to] => (0, *to),
                    [from, to] => (from.unwrap_or(0), *to),
                    _ => return Err(Stop::Lost),
                };
                let count = |number: i128| usize::try_from(number).map_err(|_| Stop::Lost);
                let to = to.map(count).transpose()?;
                let taken = self.some(&over, to)?;
                all = taken.into_iter().skip(count(from)?).collect();
            }
            "itertools.product" => {
                let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
                for list in std::mem::take(&mut given.placed) {
                    let items = self.items(&list)?;
                    self.worked(rows.len() * items.len())?;
                    rows = rows
                        .iter()
                        .flat_map(|row| {
                            items.iter().map(move |item| {
                                [row.as_slice(), std::slice::from_ref(item)].concat()
                            })
                        })
                        .collect();
                }
                all = rows.into_iter().map(Value::tuple).collect();
            }
            "itertools.groupby" => {
                let over = given.need("iterable")?;
                let key = given.take("key").unwrap_or(Value::None);
                let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
                for item in self.items(&over)? {
                    let told = if key.is_none() {
                        item.clone()
                    } else {
                        self.call(&key, Given::of(vec![item.clone()]))?
                    };
                    let same = match groups.last() {
                        Some((last, _)) => self.equal(&last.clone(), &told)?,
                        None => false,
                    };
                    match groups.last_mut().filter(|_| same) {
                        Some((_, group)) => group.push(item),
                        None => groups.push((told, vec![item])),
                    }
                }
                all = groups
                    .into_iter()
                    .map(|(key, group)| Value::tuple(vec![key, Value::given(group)]))
                    .collect();
            }
            "itertools.pairwise" => {
                let over = given.need("iterable")?;
                let items = self.items(&over)?;
                all = items
                    .windows(2)
                    .map(|pair| Value::tuple(pair.to_vec()))
                    .collect();
            }
            _ => return Err(Stop::Lost),
        }
        given.end()?;
        self.worked(all.len())?;
        // Deeds between the values would change places with those of whoever takes them.
        if self.world.steps.len() != before {
            Err(Stop::Lost)
        } else {
            Ok(Value::given(all))
        }
    }

    fn call_contexts(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "contextlib.closing" => {
                let thing = given.need("thing")?;
                Ok(self.special("closing", vec![("thing", thing)]))
            }
            "contextlib.nullcontext" => {
                let thing = given.take("enter_result").unwrap_or(Value::None);
                Ok(self.special("nullcontext", vec![("thing", thing)]))
            }
            "contextlib.suppress" => {
                Ok(self.special("suppress", vec![("thing", Value::tuple(given.placed))]))
            }
            "contextlib.redirect_stdout" | "contextlib.redirect_stderr" => {
                match given.need("target")? {
                    Value::File(file) if file.borrow().name.is_empty() => {
                        Ok(self.special("redirect", Vec::new()))
                    }
                    _ => Err(Stop::Lost),
                }
            }
            "contextlib.contextmanager" => match given.need("func")? {
                Value::Function(_) => Err(Stop::Lost),
                _ => Err(Stop::Lost),
            },
            _ => Err(Stop::Lost),
        }
    }

    fn call_dataclasses(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "dataclasses.dataclass" => {
                let frozen = given.flag("frozen", false)?;
                let slots = given.flag("slots", false)?;
                if !given.flag("eq", true)? {
                    return Err(Stop::Lost);
                }
                let order = given.flag("order", false)?;
                given.pass(&["repr", "kw_only"]).end()?;
                let parts = vec![
                    ("order", Value::Bool(order)),
                    ("frozen", Value::Bool(frozen)),
                    ("slots", Value::Bool(slots)),
                ];
                Ok(self.special("dataclass", parts))
            }
            "dataclasses.field" => {
                let mut parts = Vec::new();
                if let Some(factory) = given.key("default_factory") {
                    parts.push(("factory", factory));
                }
                if let Some(value) = given.key("default") {
                    parts.push(("default", value));
                }
                if !given.flag("compare", true)? {
                    parts.push(("apart", Value::Bool(true)));
                }
                given.pass(&["repr", "metadata"]).end()?;
                Ok(self.special("field", parts))
            }
            "dataclasses.asdict" => {
                let Value::Object(object) = given.need("obj")? else {
                    return Err(Stop::Lost);
                };
                let fields = object.class.fields.borrow().clone().ok_or(Stop::Lost)?;
                let mut entries = Vec::new();
                for name in &fields.names {
                    let value = object.get(name).ok_or(Stop::Lost)?;
                    entries.push((Value::text(name), self.copied(&value, true)?));
                }
                Value::dict(entries)
            }
            "dataclasses.replace" => {
                let Value::Object(object) = given.need("obj")? else {
                    return Err(Stop::Lost);
                };
                let fields = object.class.fields.borrow().clone().ok_or(Stop::Lost)?;
                for name in &fields.names {
                    if !given.named.iter().any(|(other, _)| other == name) {
                        given
                            .named
                            .push((name.clone(), object.get(name).ok_or(Stop::Lost)?));
                    }
                }
                self.make(&object.class, given)
            }
            _ => Err(Stop::Lost),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each function, read as a table"
    )]
    fn call_tiny(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "fnmatch.fnmatch" | "fnmatch.fnmatchcase" => {
                let (name, pattern) = (
                    given.need("name")?.as_name()?,
                    given.need("pat")?.as_text()?,
                );
                Ok(Value::Bool(like(&pattern)?.is_match(&name)))
            }
            "fnmatch.filter" => {
                let (all, pattern) = (given.need("names")?, given.need("pat")?.as_text()?);
                let like = like(&pattern)?;
                let mut kept = Vec::new();
                for name in self.items(&all)? {
                    if like.is_match(&name.as_name()?) {
                        kept.push(name);
                    }
                }
                Ok(Value::list(kept))
            }
            "uuid.uuid4"
            | "uuid.uuid1"
            | "secrets.token_hex"
            | "secrets.token_urlsafe"
            | "getpass.getuser"
            | "socket.gethostname"
            | "platform.node" => Ok(Value::Unknown(Kind::Text)),
            "platform.system" => self.text("Linux"),
            "random.random" | "random.randint" | "random.randrange" | "random.uniform" => {
                Ok(Value::Unknown(Kind::Number))
            }
            // One of several texts: which one is not known.
            "random.choice" => {
                let all = given.need("seq")?;
                let all = self.items(&all)?;
                match all.iter().all(|one| matches!(one, Value::Text(_))) {
                    true if !all.is_empty() => Ok(Value::Unknown(Kind::Text)),
                    _ => Err(Stop::Lost),
                }
            }
            "dict.fromkeys" => {
                let all = given.need("iterable")?;
                let value = given.take("value").unwrap_or(Value::None);
                let keys = self.items(&all)?.into_iter();
                Value::dict(keys.map(|key| (key, value.clone())).collect())
            }
            "random.seed" => Ok(Value::None),
            // It is asked like the module itself.
            "random.Random" => Ok(Value::Library("random")),
            "hashlib.sha256" | "hashlib.md5" | "hashlib.sha1" | "hashlib.sha512"
            | "hashlib.blake2b" => self.digest(name, given),
            "math.ceil" | "math.floor" | "math.sqrt" => {
                let value = given.need("x")?;
                if let Value::Unknown(Kind::Number) = value {
                    return Ok(value);
                }
                let number = value.number()?;
                #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
                match name {
                    _ if number.abs() > 1e15 => Err(Stop::Lost),
                    "math.ceil" => Ok(Value::Int(number.ceil() as i128)),
                    "math.floor" => Ok(Value::Int(number.floor() as i128)),
                    _ => Ok(Value::Float(number.sqrt())),
                }
            }
            "copy.copy" | "copy.deepcopy" => {
                let value = given.need("x")?;
                self.copied(&value, name == "copy.deepcopy")
            }
            "textwrap.dedent" | "textwrap.fill" | "textwrap.indent" | "textwrap.shorten" => {
                Ok(Value::Unknown(Kind::Text))
            }
            "io.StringIO" => {
                let text = given
                    .take("initial_value")
                    .map_or(Ok(Rc::from("")), |text| text.as_text())?;
                Ok(self.memory_file(&text))
            }
            "shlex.quote" => {
                let text = given.need("s")?.as_text()?;
                let plain =
                    |sign: char| sign.is_ascii_alphanumeric() || "_@%+=:,./-".contains(sign);
                match !text.is_empty() && text.chars().all(plain) {
                    true => self.text(text),
                    false => self.text(format!("'{}'", text.replace('\'', "'\"'\"'"))),
                }
            }
            "typing.cast" => given.placed.pop().ok_or(Stop::Lost),
            "enum.auto" => Ok(self.special("auto", Vec::new())),
            "typing.TypeVar" => Ok(Value::Unknown(Kind::Any)),
            _ => Err(Stop::Lost),
        }
    }

    fn copied(&mut self, value: &Value, deep: bool) -> Outcome<Value> {
        self.worked(1)?;
        Ok(match value {
            Value::List(items) => {
                let mut all = items.borrow().clone();
                if deep {
                    for item in &mut all {
                        *item = self.deeper(|player| player.copied(item, true))?;
                    }
                }
                Value::list(all)
            }
            Value::Dict(map) => {
                let mut all = map.borrow().clone();
                if deep {
                    for (key, value) in map.borrow().entries() {
                        let value = self.deeper(|player| player.copied(&value, true))?;
                        all.set(key, value)?;
                    }
                }
                Value::Dict(Rc::new(RefCell::new(all)))
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Path(_) => value.clone(),
            _ => return Err(Stop::Lost),
        })
    }

    fn digest(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let data = given
            .take("data")
            .unwrap_or(Value::Bytes(Rc::from(Vec::new())));
        let Value::Bytes(_) = data else {
            return Err(Stop::Lost);
        };
        let kind = name.strip_prefix("hashlib.").unwrap_or(name).to_owned();
        Ok(self.special("hash", vec![("kind", Value::text(&kind)), ("data", data)]))
    }

    /// What only tells somebody something.
    pub fn call_told(&mut self, name: &str, given: Given) -> Outcome<Value> {
        match name {
            "logging.getLogger" => Ok(self.special("Logger", Vec::new())),
            "logging.basicConfig" => {
                let writes = given.named.iter().any(|(name, value)| {
                    matches!(name.as_str(), "filename" | "handlers" | "stream") && !value.is_none()
                });
                if writes {
                    Err(Stop::Lost)
                } else {
                    Ok(Value::None)
                }
            }
            "traceback.format_exc" | "pprint.pformat" => Ok(Value::Unknown(Kind::Text)),
            "warnings.filterwarnings" | "warnings.simplefilter" => {
                let said = given.named.iter().map(|(_, value)| value);
                let mut said = said.chain(&given.placed);
                if !said.all(|way| {
                    matches!(way, Value::Text(way) if &**way == "ignore")
                        || matches!(way, Value::Class(_))
                }) {
                    return Err(Stop::Lost);
                }
                Ok(Value::None)
            }
            _ => Ok(Value::None),
        }
    }

    /// Parts of the things of the library.
    pub fn special_attribute(
        &mut self,
        object: &Rc<Object>,
        owner: &Value,
        name: &str,
    ) -> Outcome<Option<Value>> {
        let methods: &str = match object.class.name.as_str() {
            "Namespace" => {
                return if name.starts_with("__") {
                    Err(Stop::Lost)
                } else {
                    Err(self.raise("AttributeError", name))
                };
            }
            "ArgumentParser" | "Group" | "Subparsers" => {
                "add_argument add_argument_group add_mutually_exclusive_group add_subparsers \
                add_parser set_defaults parse_args parse_known_args error exit print_help \
                print_usage format_help format_usage"
            }
            "DirEntry" => "is_file is_dir is_symlink stat",
            "ConfigParser" => {
                "read read_string read_file sections has_section has_option items options get \
                getint getfloat getboolean"
            }
            "Section" => "get getint getfloat getboolean items keys values",
            "Logger" => "debug info warning error critical exception log setLevel",
            "hash" => "hexdigest digest update",
            "TemporaryDirectory" => "cleanup",
            "Row" => "keys",
            "Writer" => "writerow writerows writeheader",
            _ => return Err(Stop::Lost),
        };
        match super::has(methods, name) {
            true => Ok(Some(Value::Method(Rc::new((
                owner.clone(),
                Rc::from(name),
            ))))),
            false => Err(Stop::Lost),
        }
    }

    pub fn special_method(
        &mut self,
        object: &Rc<Object>,
        name: &str,
        given: Given,
    ) -> Outcome<Value> {
        let owner = Value::Object(Rc::clone(object));
        match object.class.name.as_str() {
            "ArgumentParser" | "Group" | "Subparsers" => self.parser_method(&owner, name, given),
            "DirEntry" => self.entry_method(&owner, name, given),
            "ConfigParser" => self.config_method(object, name, given),
            "Section" => self.section_method(object, name, given),
            "Logger" => Ok(Value::None),
            "hash" => self.hash_method(object, name, given),
            "TemporaryDirectory" => {
                let place = object.get("name").ok_or(Stop::Lost)?.as_name()?;
                self.remove_tree(&place).map(|()| Value::None)
            }
            "Row" => Ok(object.get("#names").ok_or(Stop::Lost)?),
            "Writer" => self.writer_method(object, name, given),
            // `super().__init__(…)` of an exception.
            _ if name == "args" && object.class.is_exception() => {
                object.set("args", Value::tuple(given.placed));
                Ok(Value::None)
            }
            _ => Err(Stop::Lost),
        }
    }

    fn hash_method(&mut self, object: &Rc<Object>, name: &str, mut given: Given) -> Outcome<Value> {
        use sha2::Digest;
        let Some(Value::Bytes(data)) = object.get("data") else {
            return Err(Stop::Lost);
        };
        match (name, object.get("kind")) {
            ("update", _) => {
                let Value::Bytes(more) = given.need("data")? else {
                    return Err(Stop::Lost);
                };
                self.worked((data.len() + more.len()) / 64)?;
                object.set("data", Value::Bytes(Rc::from([&*data, &*more].concat())));
                Ok(Value::None)
            }
            ("hexdigest", Some(Value::Text(kind))) if &*kind == "sha256" => {
                self.worked(data.len() / 16)?;
                let told: String = sha2::Sha256::digest(&*data)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                self.text(told)
            }
            ("hexdigest", _) => Ok(Value::Unknown(Kind::Text)),
            _ => Err(Stop::Lost),
        }
    }

    /// Calls a thing of the library that is a function itself.
    pub fn call_special(&mut self, object: &Rc<Object>, mut given: Given) -> Outcome<Value> {
        match object.class.name.as_str() {
            "wraps" => given.need("wrapped"),
            "itemgetter" => {
                let key = object.get("key").ok_or(Stop::Lost)?;
                let value = given.need("obj")?;
                self.item(&value, super::super::terms::Spot::One(key))
            }
            "attrgetter" => {
                let key = object.get("key").ok_or(Stop::Lost)?.as_text()?;
                let mut value = given.need("obj")?;
                for part in key.split('.') {
                    value = self.attribute(&value, part)?;
                }
                Ok(value)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Returns the keys of a thing of the library that is a map, with what stands there.
    pub fn entries_of_special(&mut self, object: &Rc<Object>) -> Outcome<Vec<(Value, Value)>> {
        let (keys, values) = match object.class.name.as_str() {
            "Section" if object.class.builtin => {
                let all = self.section_method(object, "items", Given::default())?;
                let mut entries = Vec::new();
                for pair in self.items(&all)? {
                    match self.items(&pair)?.as_slice() {
                        [key, value] => entries.push((key.clone(), value.clone())),
                        _ => return Err(Stop::Lost),
                    }
                }
                return Ok(entries);
            }
            "Row" if object.class.builtin => (object.get("#names"), object.get("#values")),
            _ => return Err(Stop::Lost),
        };
        let keys = self.items(&keys.ok_or(Stop::Lost)?)?;
        let values = self.items(&values.ok_or(Stop::Lost)?)?;
        Ok(keys.into_iter().zip(values).collect())
    }

    /// Returns the values of a thing of the library that can be gone through.
    pub fn items_of_special(&mut self, object: &Rc<Object>) -> Outcome<Vec<Value>> {
        match object.class.name.as_str() {
            "DictReader" => {
                let rows = object.get("rows").ok_or(Stop::Lost)?;
                self.items(&rows)
            }
            "ConfigParser" => {
                let names = self.config_method(object, "sections", Given::default())?;
                let mut all = vec![Value::text("DEFAULT")];
                all.extend(self.items(&names)?);
                Ok(all)
            }
            "Section" => {
                let keys = self.section_method(object, "keys", Given::default())?;
                self.items(&keys)
            }
            "Row" => {
                let values = object.get("#values").ok_or(Stop::Lost)?;
                self.items(&values)
            }
            _ => Err(Stop::Lost),
        }
    }
}
