//! `tempfile`: places that nobody else has, in the temporary folder or in another one.
//! Their names are made up here; what the script moves them to is what counts.

use std::path::PathBuf;

use super::super::super::world::Found;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Outcome, Stop, Value};

/// Settings that name the temporary folder, in the order in which they are asked.
const SETTINGS: [&str; 3] = ["TMPDIR", "TEMP", "TMP"];

impl Player<'_> {
    pub fn call_tempfile(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "tempfile.gettempdir" => {
                let folder = self.temporary_folder()?;
                self.text(folder)
            }
            "tempfile.mkdtemp" | "tempfile.TemporaryDirectory" => {
                let path = self.temporary_place(&mut given)?;
                given.end()?;
                self.world.fresh_folder(&path);
                let value = self.text(path.to_str().ok_or(Stop::Lost)?)?;
                match name {
                    "tempfile.mkdtemp" => Ok(value),
                    _ => Ok(self.special(
                        "TemporaryDirectory",
                        vec![("thing", value.clone()), ("name", value)],
                    )),
                }
            }
            "tempfile.mkstemp" => {
                let path = self.temporary_place(&mut given)?;
                given.take("text");
                given.end()?;
                self.world.fresh_file(&path);
                let path = self.text(path.to_str().ok_or(Stop::Lost)?)?;
                let number = self.special("fd", vec![("path", path.clone())]);
                Ok(Value::tuple(vec![number, path]))
            }
            "tempfile.NamedTemporaryFile" => {
                // One that goes when it is closed is nobody's.
                if given.flag("delete", true)? {
                    return Err(Stop::Lost);
                }
                let mode = given.take("mode").unwrap_or_else(|| Value::text("w+b"));
                let mode = mode.as_text()?.replace('+', "");
                if !given.placed.is_empty() {
                    return Err(Stop::Lost);
                }
                let path = self.temporary_place(&mut given)?;
                given.key("buffering");
                self.world.fresh_file(&path);
                given.placed = vec![Value::text(path.to_str().ok_or(Stop::Lost)?)];
                given.named.push(("mode".to_owned(), Value::text(&mode)));
                self.open(given)
            }
            _ => Err(Stop::Lost),
        }
    }

    fn temporary_folder(&mut self) -> Outcome<String> {
        for name in SETTINGS {
            let key = Value::text(name);
            let told = self.environment_method("get", Given::of(vec![key]))?;
            let told = match told {
                Value::None => continue,
                told => told.as_text()?,
            };
            if !told.is_empty() {
                let whole = self.world.path(&told)?;
                return match self.world.found(&whole)? {
                    Found::Folder => Ok(whole.to_str().ok_or(Stop::Lost)?.to_owned()),
                    _ => Err(Stop::Lost),
                };
            }
        }
        Ok("/tmp".to_owned())
    }

    /// Returns a name that nobody else has.
    fn temporary_place(&mut self, given: &mut Given) -> Outcome<PathBuf> {
        let part = |value: Option<Value>| match value {
            None | Some(Value::None) => Ok(None),
            Some(value) => value.as_name().map(Some),
        };
        let end = part(given.take("suffix"))?.unwrap_or_default();
        let front = part(given.take("prefix"))?.unwrap_or_default();
        let folder = match part(given.take("dir"))? {
            Some(folder) => folder.to_string(),
            None => self.temporary_folder()?,
        };
        self.numbers += 1;
        let name = format!("{folder}/{front}of-this-script-{}{end}", self.numbers);
        self.above_exists(&name)?;
        Ok(self.world.path(&name)?)
    }

    /// What a script does with the number of an opened file.
    pub fn call_number(&mut self, short: &str, mut given: Given) -> Outcome<Value> {
        let first = given.placed.first().cloned().ok_or(Stop::Lost)?;
        let Value::Object(number) = &first else {
            return Err(Stop::Lost);
        };
        if !number.class.builtin || number.class.name != "fd" {
            return Err(Stop::Lost);
        }
        match short {
            "close" => Ok(Value::None),
            "fdopen" => self.open(given),
            "write" => {
                let data = given.placed.pop().ok_or(Stop::Lost)?;
                // A second one would begin anew here.
                if number.get("written").is_some() {
                    return Err(Stop::Lost);
                }
                number.set("written", Value::Bool(true));
                let path = number.get("path").ok_or(Stop::Lost)?.as_name()?;
                self.write_file(&path, &data)
            }
            _ => Err(Stop::Lost),
        }
    }
}
