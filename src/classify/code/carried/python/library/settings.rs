//! `configparser` and `csv`: files of settings and tables, as values.
//! Writing tables is left to the file that takes the text.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use super::super::super::world::Found;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Map, Object, Outcome, Part, Stop, Value};

impl Player<'_> {
    pub fn call_settings(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "configparser.ConfigParser" | "configparser.RawConfigParser" => {
                let raw =
                    name.contains("Raw") || matches!(given.key("interpolation"), Some(Value::None));
                given.end()?;
                let sections = Value::dict(Vec::new())?;
                Ok(self.special(
                    "ConfigParser",
                    vec![("#sections", sections), ("raw", Value::Bool(raw))],
                ))
            }
            "csv.reader" | "csv.DictReader" => self.table(name, given),
            "csv.writer" | "csv.DictWriter" => {
                let file = given.need("csvfile")?;
                let known = matches!(file, Value::File(_) | Value::Library("sys.stdout"));
                // How the rows are written; what stands in the file is not known anyway.
                for manner in ["lineterminator", "delimiter", "quoting", "quotechar"] {
                    given.key(manner);
                }
                match known && given.is_plain() {
                    true => Ok(self.special("Writer", vec![("file", file)])),
                    false => Err(Stop::Lost),
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Writes rows; what stands in the file then is not known.
    pub fn writer_method(
        &mut self,
        object: &Rc<Object>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        if name == "writerows" {
            let rows = given.need("rows")?;
            self.items(&rows)?;
        }
        if let Some(Value::File(file)) = object.get("file") {
            let text = Value::Unknown(super::super::value::Kind::Text);
            self.file_method(&file, "write", Given::of(vec![text]))?;
        }
        Ok(Value::None)
    }

    fn table(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let over = given.need("csvfile")?;
        let sep = given
            .key("delimiter")
            .map_or(Ok(Rc::from(",")), |sep| sep.as_text())?;
        // Behind it stands a dialect; a reader has no names of its own.
        let fields = match name {
            "csv.reader" => Value::None,
            _ => given.take("fieldnames").unwrap_or(Value::None),
        };
        given.end()?;
        let mut signs = sep.chars();
        let (Some(sep), None) = (signs.next(), signs.next()) else {
            return Err(Stop::Lost);
        };
        let mut rows = Vec::new();
        for line in self.items(&over)? {
            let line = line.as_text()?;
            let bare = line.strip_suffix('\n').unwrap_or(&line);
            let bare = bare.strip_suffix('\r').unwrap_or(bare);
            if bare.contains(['\n', '\r', '\0']) {
                return Err(Stop::Lost);
            }
            rows.push(row(bare, sep).ok_or(Stop::Lost)?);
            self.worked(1 + line.len() / 16)?;
        }
        if name == "csv.reader" {
            return Ok(Value::given(rows.into_iter().map(Value::texts).collect()));
        }
        // A first line with nothing in it would name nothing.
        if fields.is_none() && rows.first().is_some_and(Vec::is_empty) {
            return Err(Stop::Lost);
        }
        let mut rows = rows.into_iter().filter(|row| !row.is_empty());
        let names: Vec<String> = match fields {
            Value::None => rows.next().unwrap_or_default(),
            all => {
                let mut names = Vec::new();
                for name in self.items(&all)? {
                    names.push(name.as_text()?.to_string());
                }
                names
            }
        };
        let mut all = Vec::new();
        for row in rows {
            if row.len() != names.len() {
                return Err(Stop::Lost);
            }
            let entries = names
                .iter()
                .zip(&row)
                .map(|(name, value)| (Value::text(name), Value::text(value)));
            all.push(Value::dict(entries.collect())?);
        }
        let given = Value::given(all);
        Ok(self.special(
            "DictReader",
            vec![("rows", given), ("fieldnames", Value::texts(names))],
        ))
    }

    /// Methods of a parser of settings and of its sections.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    pub fn config_method(
        &mut self,
        object: &Rc<Object>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        let sections = object.get("#sections").ok_or(Stop::Lost)?;
        let Value::Dict(sections) = sections else {
            return Err(Stop::Lost);
        };
        match name {
            "read" => {
                let files = match given.need("filenames")? {
                    one @ (Value::Text(_) | Value::Path(_)) => vec![one],
                    all => self.items(&all)?,
                };
                let manner = super::files::manner(&mut given)?;
                let mut read = Vec::new();
                for file in files {
                    let path = file.as_name()?;
                    if self.followed(&path)? == Found::Nothing {
                        continue;
                    }
                    let text = self.read_text(&path, manner)?;
                    self.read_sections(&sections, &text)?;
                    read.push(file);
                }
                Ok(Value::list(read))
            }
            "read_string" => {
                let text = given.need("string")?.as_text()?;
                self.read_sections(&sections, &text)?;
                Ok(Value::None)
            }
            "read_file" => {
                let file = given.need("f")?;
                let mut text = String::new();
                for line in self.items(&file)? {
                    text.push_str(&line.as_text()?);
                }
                self.read_sections(&sections, &text)?;
                Ok(Value::None)
            }
            "sections" => {
                let names = sections.borrow().keys();
                Ok(Value::list(
                    names
                        .into_iter()
                        .filter(|name| !matches!(name, Value::Text(name) if &**name == "DEFAULT"))
                        .collect(),
                ))
            }
            "has_section" => {
                let section = given.need("section")?.as_text()?;
                let there = sections.borrow().named(&section).is_some();
                Ok(Value::Bool(there && &*section != "DEFAULT"))
            }
            "has_option" => {
                let (section, option) = (
                    given.need("section")?.as_text()?,
                    given.need("option")?.as_text()?,
                );
                Ok(Value::Bool(
                    self.option_of(&sections, &section, &option)?.is_some(),
                ))
            }
            "items" | "options" => {
                let section = given.need("section")?.as_text()?;
                given.end()?;
                if name == "options" && &*section == "DEFAULT" {
                    return Err(Stop::Lost);
                }
                let all = self.options_of(&sections, &section, name == "items")?;
                let values = all.into_iter().map(|(key, value)| match name {
                    "options" => key,
                    _ => Value::tuple(vec![key, value]),
                });
                Ok(Value::list(values.collect()))
            }
            "get" | "getint" | "getfloat" | "getboolean" => {
                let (section, option) = (
                    given.need("section")?.as_text()?,
                    given.need("option")?.as_text()?,
                );
                let absent = given.key("fallback");
                given.end()?;
                if sections.borrow().named(&section).is_none() && absent.is_none() {
                    return Err(self.raise("configparser.NoSectionError", &section));
                }
                match (self.option_of(&sections, &section, &option)?, absent) {
                    (Some(value), _) => self.setting(&value, name),
                    (None, Some(absent)) => Ok(absent),
                    (None, None) => Err(self.raise("configparser.NoOptionError", &option)),
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    fn setting(&mut self, value: &Value, name: &str) -> Outcome<Value> {
        match name {
            "getint" => self.call_library("int", Given::of(vec![value.clone()])),
            "getfloat" => self.call_library("float", Given::of(vec![value.clone()])),
            "getboolean" => match value.as_text()?.to_ascii_lowercase().as_str() {
                "1" | "yes" | "true" | "on" => Ok(Value::Bool(true)),
                "0" | "no" | "false" | "off" => Ok(Value::Bool(false)),
                _ => Err(self.raise("ValueError", "Not a boolean")),
            },
            _ => Ok(value.clone()),
        }
    }

    fn options_of(
        &mut self,
        sections: &Rc<RefCell<Map>>,
        section: &str,
        common_first: bool,
    ) -> Outcome<Vec<(Value, Value)>> {
        let own = sections.borrow().named(section);
        let own = match (own, section) {
            (Some(Value::Dict(own)), _) => own.borrow().entries(),
            (_, "DEFAULT") => Vec::new(),
            _ => return Err(self.raise("configparser.NoSectionError", section)),
        };
        let common = match sections.borrow().named("DEFAULT") {
            Some(Value::Dict(common)) => common.borrow().entries(),
            _ => Vec::new(),
        };
        let (first, then) = match common_first {
            true => (&common, &own),
            false => (&own, &common),
        };
        let mut all = Map::default();
        for (key, value) in first.iter().chain(then).chain(&own) {
            all.set(key.clone(), value.clone())?;
        }
        Ok(all.entries())
    }

    fn option_of(
        &mut self,
        sections: &Rc<RefCell<Map>>,
        section: &str,
        option: &str,
    ) -> Outcome<Option<Value>> {
        let option = Value::text(&option.to_lowercase());
        // What is common to all belongs to those that are there.
        if section != "DEFAULT" && sections.borrow().named(section).is_none() {
            return Ok(None);
        }
        for section in [section, "DEFAULT"] {
            if let Some(Value::Dict(own)) = sections.borrow().named(section)
                && let Some(value) = own.borrow().get(&option)?
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// `config["section"]` and `section["option"]`
    pub fn section_item(&mut self, object: &Rc<Object>, key: &Value) -> Outcome<Value> {
        match object.class.name.as_str() {
            "ConfigParser" => {
                let Some(Value::Dict(sections)) = object.get("#sections") else {
                    return Err(Stop::Lost);
                };
                let there = sections.borrow().get(key)?.is_some();
                if !there && !matches!(key, Value::Text(name) if &**name == "DEFAULT") {
                    return Err(self.raised("KeyError", vec![key.clone()]));
                }
                Ok(self.special(
                    "Section",
                    vec![("#sections", Value::Dict(sections)), ("name", key.clone())],
                ))
            }
            "Section" => {
                let found = self.section_method(
                    object,
                    "get",
                    Given::of(vec![key.clone(), Value::Library("object")]),
                )?;
                match found {
                    Value::Library(_) => Err(self.raised("KeyError", vec![key.clone()])),
                    found => Ok(found),
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn section_method(
        &mut self,
        object: &Rc<Object>,
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        let Some(Value::Dict(sections)) = object.get("#sections") else {
            return Err(Stop::Lost);
        };
        let section = object.get("name").ok_or(Stop::Lost)?.as_text()?;
        match name {
            "get" | "getint" | "getfloat" | "getboolean" => {
                let option = given.need("option")?.as_text()?;
                let absent = given.take("fallback").unwrap_or(Value::None);
                given.end()?;
                match self.option_of(&sections, &section, &option)? {
                    Some(value) => self.setting(&value, name),
                    None => Ok(absent),
                }
            }
            "items" | "keys" | "values" => {
                given.end()?;
                let part = match name {
                    "keys" => Part::Keys,
                    "values" => Part::Values,
                    _ => Part::Pairs,
                };
                let all = Value::dict(self.options_of(&sections, &section, false)?)?;
                match all {
                    Value::Dict(map) => Ok(Value::View(map, part)),
                    _ => Err(Stop::Lost),
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn set_section_item(&mut self, _: &Rc<Object>, _: &Value, _: Value) -> Outcome<()> {
        Err(Stop::Lost)
    }

    /// Reads the lines of a file of settings.
    fn read_sections(&mut self, sections: &Rc<RefCell<Map>>, text: &str) -> Outcome<()> {
        let mut own: Option<Rc<RefCell<Map>>> = None;
        let mut seen = HashSet::new();
        let mut section = String::new();
        for line in text.lines() {
            self.worked(1 + line.len() / 64)?;
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with(['#', ';']) {
                continue;
            }
            // Lines that go on, and values that are put together.
            if line.starts_with([' ', '\t']) || bare.contains('%') {
                return Err(Stop::Lost);
            }
            if let Some(name) = bare.strip_prefix('[') {
                let name = name
                    .strip_suffix(']')
                    .filter(|name| !name.contains(']'))
                    .ok_or(Stop::Lost)?;
                if !seen.insert((name.to_owned(), None)) && name != "DEFAULT" {
                    return Err(self.raise("configparser.DuplicateSectionError", name));
                }
                name.clone_into(&mut section);
                let found = sections.borrow().named(name);
                own = Some(match found {
                    Some(Value::Dict(map)) => map,
                    _ => {
                        let map: Rc<RefCell<Map>> = Rc::default();
                        sections
                            .borrow_mut()
                            .set(Value::text(name), Value::Dict(Rc::clone(&map)))?;
                        map
                    }
                });
                continue;
            }
            let at = bare.find(['=', ':']).ok_or(Stop::Lost)?;
            let (key, value) = bare.split_at_checked(at).ok_or(Stop::Lost)?;
            let value = value.get(1..).unwrap_or_default().trim();
            let own = own.as_ref().ok_or(Stop::Lost)?;
            let key = key.trim().to_lowercase();
            if !seen.insert((section.clone(), Some(key.clone()))) {
                return Err(self.raise("configparser.DuplicateOptionError", &key));
            }
            own.borrow_mut()
                .set(Value::text(&key), Value::text(value))?;
        }
        Ok(())
    }
}

/// Splits a line of a table; nothing where a quoted value goes on in the next line.
fn row(line: &str, sep: char) -> Option<Vec<String>> {
    if line.is_empty() {
        return Some(Vec::new());
    }
    let mut all = Vec::new();
    let mut field = String::new();
    let mut chars = line.chars().peekable();
    let (mut quoted, mut fresh) = (false, true);
    while let Some(char) = chars.next() {
        match (quoted, char) {
            (true, '"') if chars.next_if_eq(&'"').is_some() => field.push('"'),
            (true, '"') => quoted = false,
            (false, '"') if fresh => quoted = true,
            (false, char) if char == sep => {
                all.push(std::mem::take(&mut field));
                fresh = true;
                continue;
            }
            (_, char) => field.push(char),
        }
        fresh = false;
    }
    all.push(field);
    (!quoted).then_some(all)
}
