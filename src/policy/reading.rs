//! Reads TOML with the place of every value, and collects every fault instead of stopping at the first.
//! It knows no key of ours; `pack` and `layer` do. The build script includes this file as it is.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A fault and the byte offset where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub message: String,
}

/// Every fault of one file, in the order of the file once `sorted`.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, at: usize, message: impl Into<String>) {
        self.list.push(Fault {
            at,
            message: message.into(),
        });
    }

    /// Returns the faults in the order of the file.
    pub fn sorted(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| fault.at);
        self.list
    }
}

/// A value and the byte offset where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub at: usize,
}

/// Parses a text and hands its root to `read`; syntax faults are noted beside those that `read` finds.
pub fn read<T>(
    text: &str,
    faults: &mut Faults,
    read: impl FnOnce(Section<'_>, &mut Faults) -> T,
) -> T {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        faults.add(at, error.message().trim().replace('\n', ", "));
    }
    let section = Section::new(String::new(), 0, root.get_ref());
    read(section, faults)
}

/// Returns line and column, both from 1, of a byte offset; the column counts bytes.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    (line, before.len() - start + 1)
}

/// One table, and which of its keys were asked for; the others are unknown.
#[derive(Debug)]
pub struct Section<'t> {
    name: String,
    pub at: usize,
    table: &'t DeTable<'t>,
    asked: BTreeSet<&'static str>,
}

impl<'t> Section<'t> {
    fn new(name: String, at: usize, table: &'t DeTable<'t>) -> Self {
        Self {
            name,
            at,
            table,
            asked: BTreeSet::new(),
        }
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.insert(key);
        self.table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    /// Returns the dotted name of a key in this table, as messages show it.
    pub fn full(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn wrong(&self, key: &str, wanted: &str, found: &Spanned<DeValue<'_>>, faults: &mut Faults) {
        let kind = found.get_ref().type_str();
        let full = self.full(key);
        faults.add(
            found.span().start,
            format!("`{full}` must be {wanted}, not {}", article(kind)),
        );
    }

    /// Tells whether the key is there, of whatever type.
    pub fn has(&self, key: &str) -> bool {
        self.table.keys().any(|name| name.get_ref().as_ref() == key)
    }

    /// Returns a text.
    pub fn text(&mut self, key: &'static str, faults: &mut Faults) -> Option<At<String>> {
        let found = self.get(key)?;
        match found.get_ref().as_str() {
            Some(text) => Some(At {
                value: text.to_owned(),
                at: found.span().start,
            }),
            None => {
                self.wrong(key, "a text", found, faults);
                None
            }
        }
    }

    /// Returns a text that has to be there and not empty.
    pub fn need(&mut self, key: &'static str, faults: &mut Faults) -> String {
        let missing = !self.has(key);
        match self.text(key, faults) {
            Some(text) if !text.value.trim().is_empty() => text.value,
            Some(text) => {
                faults.add(text.at, format!("`{}` is empty", self.full(key)));
                String::new()
            }
            None => {
                if missing {
                    faults.add(self.at, format!("`{}` is missing", self.full(key)));
                }
                String::new()
            }
        }
    }

    /// Returns a list of texts; nothing when the key is not there.
    pub fn texts(&mut self, key: &'static str, faults: &mut Faults) -> Option<Vec<At<String>>> {
        let found = self.get(key)?;
        let Some(array) = found.get_ref().as_array() else {
            self.wrong(key, "a list of texts", found, faults);
            return None;
        };
        let mut all = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) => all.push(At {
                    value: text.to_owned(),
                    at: item.span().start,
                }),
                None => self.wrong(key, "a list of texts", item, faults),
            }
        }
        Some(all)
    }

    /// Returns a whole number that is not negative.
    pub fn whole(&mut self, key: &'static str, faults: &mut Faults) -> Option<At<u64>> {
        let found = self.get(key)?;
        let number = found.get_ref().as_integer().and_then(|number| {
            u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
        });
        if number.is_none() {
            self.wrong(key, "a whole number from 0 on", found, faults);
        }
        Some(At {
            value: number?,
            at: found.span().start,
        })
    }

    /// Returns a truth value.
    pub fn truth(&mut self, key: &'static str, faults: &mut Faults) -> Option<At<bool>> {
        let found = self.get(key)?;
        let value = found.get_ref().as_bool();
        if value.is_none() {
            self.wrong(key, "true or false", found, faults);
        }
        Some(At {
            value: value?,
            at: found.span().start,
        })
    }

    /// Returns a whole number or a text, as text (`3600`, `"1h"`).
    pub fn amount(&mut self, key: &'static str, faults: &mut Faults) -> Option<At<String>> {
        let found = self.get(key)?;
        let at = found.span().start;
        let value = match found.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            _ => {
                self.wrong(
                    key,
                    "a whole number or a text such as \"1h\"",
                    found,
                    faults,
                );
                return None;
            }
        };
        Some(At { value, at })
    }

    /// Returns a table.
    pub fn section(&mut self, key: &'static str, faults: &mut Faults) -> Option<Section<'t>> {
        let found = self.get(key)?;
        let full = self.full(key);
        match found.get_ref().as_table() {
            Some(table) => Some(Section::new(full, found.span().start, table)),
            None => {
                self.wrong(key, "a table", found, faults);
                None
            }
        }
    }

    /// Returns the tables of a list of tables.
    pub fn sections(&mut self, key: &'static str, faults: &mut Faults) -> Vec<Section<'t>> {
        let mut all = Vec::new();
        for item in self.items(key, "a list of tables", faults) {
            match item {
                Item::Section(section) => all.push(section),
                Item::Text(text) => faults.add(
                    text.at,
                    format!(
                        "`{}` must be a list of tables, not of texts",
                        self.full(key)
                    ),
                ),
            }
        }
        all
    }

    /// Returns the members of a list whose members are texts or tables.
    pub fn items(&mut self, key: &'static str, wanted: &str, faults: &mut Faults) -> Vec<Item<'t>> {
        let Some(found) = self.get(key) else {
            return Vec::new();
        };
        let Some(array) = found.get_ref().as_array() else {
            self.wrong(key, wanted, found, faults);
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in array.iter() {
            let at = item.span().start;
            match item.get_ref() {
                DeValue::String(text) => all.push(Item::Text(At {
                    value: text.clone().into_owned(),
                    at,
                })),
                DeValue::Table(table) => {
                    all.push(Item::Section(Section::new(self.full(key), at, table)));
                }
                _ => self.wrong(key, wanted, item, faults),
            }
        }
        all
    }

    /// Returns the tables of a table whose keys are names (`[mcp.NAME]`).
    pub fn named(&mut self, key: &'static str, faults: &mut Faults) -> Vec<(String, Section<'t>)> {
        let Some(section) = self.section(key, faults) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in section.table {
            let name = name.get_ref().clone().into_owned();
            match value.get_ref().as_table() {
                Some(table) => {
                    let full = section.full(&name);
                    all.push((name, Section::new(full, value.span().start, table)));
                }
                None => section.wrong(&name, "a table", value, faults),
            }
        }
        all
    }

    /// Returns the texts of a table whose keys are names (`"rule.id" = "high"`); `at` is the key's.
    pub fn pairs(
        &mut self,
        key: &'static str,
        faults: &mut Faults,
    ) -> Vec<(At<String>, At<String>)> {
        let Some(section) = self.section(key, faults) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in section.table {
            let key = At {
                value: name.get_ref().clone().into_owned(),
                at: name.span().start,
            };
            match value.get_ref().as_str() {
                Some(text) => all.push((
                    key,
                    At {
                        value: text.to_owned(),
                        at: value.span().start,
                    },
                )),
                None => section.wrong(&key.value, "a text", value, faults),
            }
        }
        all
    }

    /// Notes every key that was never asked for.
    pub fn finish(self, faults: &mut Faults) {
        for name in self.table.keys() {
            let key = name.get_ref().as_ref();
            if self.asked.contains(key) {
                continue;
            }
            let near = self.asked.iter().find(|known| is_near(known, key));
            let hint = near.map_or_else(String::new, |known| format!(", did you mean `{known}`?"));
            faults.add(
                name.span().start,
                format!("unknown key `{}`{hint}", self.full(key)),
            );
        }
    }
}

/// A member of a list of texts or tables.
#[derive(Debug)]
pub enum Item<'t> {
    Text(At<String>),
    Section(Section<'t>),
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'i']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// Tells whether two keys differ by little: a dash for an underscore, or one letter more, less or other.
fn is_near(known: &str, written: &str) -> bool {
    let (known, written) = (known.replace('-', "_"), written.replace('-', "_"));
    if known == written {
        return true;
    }
    let (a, b) = (known.as_bytes(), written.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let longest = a.len().max(b.len());
    longest > 3 && head + tail + 1 >= longest
}
