//! Files and folders that a script of Perl opens, tests, reads and writes.
//! What stands in them, the world says.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::model::span::Span;

use super::super::value::{Outcome, Stop, Time, Value};
use super::super::world::Found;
use super::act::{Player, Slot, truth_value};
use super::tree::{Kind, Node};

/// Lines of one file.
const MAX_LINES: usize = 50_000;

/// An opened file or folder.
#[derive(Default)]
pub(super) struct Handle {
    path: PathBuf,
    /// What is still to be read.
    lines: VecDeque<String>,
    /// The step that writes it, and the text so far where it is known.
    step: Option<usize>,
    text: Option<String>,
    /// Where a text in memory goes.
    open: bool,
}

impl Player<'_> {
    /// `open my $f, '<', $path`.
    pub fn opened(&mut self, arguments: &[Node], span: Span) -> Outcome<Value> {
        let [to, mode, rest @ ..] = arguments else {
            return Err(Stop::Lost);
        };
        let mode = self.text(mode)?;
        let mode = mode.trim();
        let (sign, name) = match rest {
            [] => {
                let end = mode
                    .find(|c: char| !"<>+|".contains(c))
                    .unwrap_or(mode.len());
                let sign = mode.get(..end).unwrap_or_default();
                (
                    if sign.is_empty() { "<" } else { sign }.to_owned(),
                    mode.get(end..).unwrap_or_default().trim().to_owned(),
                )
            }
            [one] => {
                let sign = mode.split(':').next().unwrap_or_default().trim().to_owned();
                (sign, self.text(one)?)
            }
            _ => return Err(Stop::Lost),
        };
        if name.ends_with('|') || name == "-" || name.is_empty() {
            return Err(Stop::Lost);
        }
        let path = self.world.path(&name)?;
        let mut handle = Handle {
            path: path.clone(),
            open: true,
            ..Handle::default()
        };
        match sign.as_str() {
            "<" => {
                if self.world.found(&path)?.is_folder() {
                    return Err(Stop::Lost);
                }
                let Some(text) = self.world.text(&path)? else {
                    return Ok(truth_value(false));
                };
                handle.lines = text
                    .split_inclusive('\n')
                    .take(MAX_LINES)
                    .map(str::to_owned)
                    .collect();
            }
            ">" | "+>" => {
                handle.step = Some(self.world.write(&path, Some(""), false, span)?);
                handle.text = Some(String::new());
            }
            ">>" => {
                self.world.write(&path, None, true, span)?;
            }
            _ => return Err(Stop::Lost),
        }
        self.named_handle(to, handle)
    }

    fn named_handle(&mut self, to: &Node, handle: Handle) -> Outcome<Value> {
        self.handles.push(handle);
        let number = Value::Handle(self.handles.len() - 1);
        match &to.kind {
            Kind::Text(_) => {
                let name = self.text(to)?;
                self.set(&format!("*{name}"), number);
            }
            _ => self.put(to, number)?,
        }
        Ok(truth_value(true))
    }

    /// Returns the number of an opened file.
    fn handle(&mut self, node: &Node) -> Outcome<usize> {
        let value = match &node.kind {
            Kind::Text(_) => {
                let name = self.text(node)?;
                self.get(&format!("*{name}"))
            }
            _ => self.scalar(node)?,
        };
        match value {
            Value::Handle(number) => Ok(number),
            _ => Err(Stop::Lost),
        }
    }

    pub fn read_line(&mut self, node: &Node) -> Outcome<Value> {
        let number = self.handle(node)?;
        let whole = matches!(self.get("$/"), Value::Nothing);
        let handle = self.handles.get_mut(number).ok_or(Stop::Lost)?;
        if whole {
            let all: String = handle.lines.drain(..).collect();
            return Ok(if all.is_empty() {
                Value::Nothing
            } else {
                Value::Text(all)
            });
        }
        Ok(handle.lines.pop_front().map_or(Value::Nothing, Value::Text))
    }

    pub fn read_lines(&mut self, node: &Node) -> Outcome<Vec<Value>> {
        if matches!(self.get("$/"), Value::Nothing) {
            return Ok(vec![self.read_line(node)?]);
        }
        let number = self.handle(node)?;
        let handle = self.handles.get_mut(number).ok_or(Stop::Lost)?;
        Ok(handle.lines.drain(..).map(Value::Text).collect())
    }

    /// `print`, `printf` and `say`, to a file or to nobody.
    pub fn printed(&mut self, verb: &str, handle: Option<&Node>, list: &[Node]) -> Outcome<()> {
        let mut values = self.all(list)?;
        if list.is_empty() {
            values.push(self.get("$_"));
        }
        let Some(handle) = handle else { return Ok(()) };
        if let Kind::Text(_) = &handle.kind
            && matches!(self.text(handle)?.as_str(), "STDOUT" | "STDERR")
        {
            return Ok(());
        }
        let number = self.handle(handle)?;
        let text = match verb {
            "printf" => super::functions::formatted(&values),
            _ => {
                let between = self.get("$,").written().unwrap_or_default();
                let texts: Option<Vec<String>> = values.iter().map(Value::written).collect();
                texts.map(|texts| texts.join(&between))
            }
        };
        let handle = self.handles.get_mut(number).ok_or(Stop::Lost)?;
        if !handle.open {
            return Err(Stop::Lost);
        }
        match (&mut handle.text, text) {
            (Some(all), Some(text)) => {
                all.push_str(&text);
                if verb == "say" {
                    all.push('\n');
                }
            }
            _ => handle.text = None,
        }
        Ok(())
    }

    pub fn close(&mut self, node: &Node) -> Outcome<Value> {
        let number = self.handle(node)?;
        self.close_one(number);
        Ok(truth_value(true))
    }

    fn close_one(&mut self, number: usize) {
        let Some(handle) = self.handles.get_mut(number) else {
            return;
        };
        handle.open = false;
        if let Some(step) = handle.step.take() {
            let (path, text) = (handle.path.clone(), handle.text.take());
            self.world.filled(step, &path, text.as_deref());
        }
    }

    pub fn close_all(&mut self) {
        for number in 0..self.handles.len() {
            self.close_one(number);
        }
    }

    pub fn open_folder(&mut self, arguments: &[Node]) -> Outcome<Value> {
        let [to, name] = arguments else {
            return Err(Stop::Lost);
        };
        let name = self.text(name)?;
        let path = self.world.path(&name)?;
        let Some(names) = self.world.names(&path)? else {
            return Ok(truth_value(false));
        };
        let dots = [".".to_owned(), "..".to_owned()];
        let handle = Handle {
            path,
            lines: dots.into_iter().chain(names).collect(),
            open: true,
            ..Handle::default()
        };
        self.named_handle(to, handle)
    }

    /// `-e $x`, `-M _`.
    pub fn tested(&mut self, letter: char, inner: &Node) -> Outcome<Value> {
        let last = matches!(&inner.kind, Kind::Name(name) if name == "_");
        // `-f -w $x`: both.
        if let Kind::Test(..) = &inner.kind
            && !super::act::is_true(&self.scalar(inner)?)?
        {
            return Ok(truth_value(false));
        }
        let path = if last || matches!(inner.kind, Kind::Test(..)) {
            self.asked.clone().ok_or(Stop::Lost)?
        } else {
            match self.scalar(inner)? {
                Value::Nothing => return Ok(Value::Nothing),
                value => {
                    let name = value.written().ok_or(Stop::Lost)?;
                    self.world.path(&name)?
                }
            }
        };
        let found = self.world.found(&path)?;
        self.asked = Some(path.clone());
        Ok(match letter {
            'e' => truth_value(found != Found::Nothing),
            'f' => truth_value(found.is_file()),
            'd' => truth_value(found.is_folder()),
            'l' => truth_value(matches!(found, Found::Link { .. })),
            _ if found == Found::Nothing => Value::Nothing,
            'r' => truth_value(true),
            's' | 'z' if found == Found::File => match self.world.size(&path)? {
                Some(size) => {
                    let empty = size == 0;
                    let size = usize::try_from(size).map_or(Value::Unknown, Value::count);
                    if letter == 'z' {
                        truth_value(empty)
                    } else {
                        size
                    }
                }
                None => Value::Unknown,
            },
            'M' => Value::Time(Time::Age {
                path,
                unit: 1.0 / 86_400.0,
            }),
            _ => Value::Unknown,
        })
    }

    /// What `stat` says, as far as it is known.
    pub fn stat(&mut self, name: &str) -> Outcome<Vec<Value>> {
        let path = self.world.path(name)?;
        let found = self.world.found(&path)?;
        self.asked = Some(path.clone());
        if found == Found::Nothing {
            return Ok(Vec::new());
        }
        let mut all = vec![Value::Unknown; 13];
        if let Some(size) = self.world.size(&path)?
            && let Some(place) = all.get_mut(7)
        {
            *place = usize::try_from(size).map_or(Value::Unknown, Value::count);
        }
        if let Some(place) = all.get_mut(9) {
            *place = Value::Time(Time::Changed { path, unit: 1.0 });
        }
        Ok(all)
    }

    /// `find(sub { … }, @folders)`: every name below, each with the folder as the place to stand in.
    pub fn walked(&mut self, arguments: Vec<Value>, last: bool) -> Outcome<()> {
        let mut arguments = arguments.into_iter();
        let (wanted, stays, last) = match arguments.next() {
            Some(Value::Map(entries)) => {
                let entries = entries.borrow();
                let known = ["wanted", "no_chdir", "bydepth"];
                if entries
                    .iter()
                    .any(|(name, _)| !known.contains(&name.as_str()))
                {
                    return Err(Stop::Lost);
                }
                let said = |name: &str| super::super::value::entry(&entries, name);
                let holds =
                    |name: &str| said(name).map_or(Ok(false), |value| super::act::is_true(&value));
                (
                    said("wanted").ok_or(Stop::Lost)?,
                    holds("no_chdir")?,
                    last || holds("bydepth")?,
                )
            }
            Some(wanted) => (wanted, false, last),
            None => return Err(Stop::Lost),
        };
        let start = self.world.here.clone();
        for folder in arguments {
            let name = folder.written().ok_or(Stop::Lost)?;
            let path = self.world.path(&name)?;
            let found = self.world.found(&path)?;
            if found == Found::Nothing {
                continue;
            }
            self.set("$File::Find::prune", Value::Nothing);
            if found.is_folder() {
                self.world.whole_tree(&path)?;
                self.walk_folder(&wanted, (&name, &path), (stays, last), 0)?;
            } else {
                return Err(Stop::Lost);
            }
            self.world.here.clone_from(&start);
        }
        Ok(())
    }

    fn walk_folder(
        &mut self,
        wanted: &Value,
        (name, path): (&str, &std::path::Path),
        (stays, last): (bool, bool),
        depth: usize,
    ) -> Outcome<()> {
        const MAX_DEPTH: usize = 30;
        if depth > MAX_DEPTH {
            return Err(Stop::Lost);
        }
        let start = self.world.here.clone();
        if depth == 0 && !last {
            self.wanted(wanted, (name, path), (name, "."), stays)?;
            if self.prunes()? {
                return Ok(());
            }
        }
        let names = self.world.names(path)?.unwrap_or_default();
        for inner in names {
            let full = format!("{}/{inner}", name.trim_end_matches('/'));
            let place = path.join(&inner);
            let folder = self.world.found(&place)? == Found::Folder;
            if folder && last {
                self.walk_folder(wanted, (&full, &place), (stays, last), depth + 1)?;
            }
            self.wanted(wanted, (name, path), (&full, &inner), stays)?;
            let pruned = self.prunes()?;
            if folder && !last && !pruned {
                self.walk_folder(wanted, (&full, &place), (stays, last), depth + 1)?;
            }
        }
        if depth == 0 && last {
            self.wanted(wanted, (name, path), (name, "."), stays)?;
        }
        self.world.here = start;
        Ok(())
    }

    fn prunes(&mut self) -> Outcome<bool> {
        let value = self.get("$File::Find::prune");
        self.set("$File::Find::prune", Value::Nothing);
        super::act::is_true(&value)
    }

    /// Hands one name to the function that wants it.
    fn wanted(
        &mut self,
        wanted: &Value,
        (folder, place): (&str, &std::path::Path),
        (full, name): (&str, &str),
        stays: bool,
    ) -> Outcome<()> {
        self.set("$File::Find::name", Value::text(full));
        self.set("$File::Find::dir", Value::text(folder));
        let before = self.get("$_");
        let start = self.world.here.clone();
        if stays {
            self.set("$_", Value::text(full));
        } else {
            self.set("$_", Value::text(name));
            self.world.here = place.to_path_buf();
        }
        let outcome = self.perform(wanted, Vec::new(), true);
        self.world.here = start;
        self.set("$_", before);
        outcome.map(|_| ())
    }

    pub fn words(&self) -> Vec<Value> {
        match self.slot("@ARGV") {
            Slot::Many(items) => items.borrow().clone(),
            Slot::One(_) | Slot::Keyed(_) => Vec::new(),
        }
    }

    pub fn set_words(&self, words: Vec<Value>) {
        if let Slot::Many(items) = self.slot("@ARGV") {
            *items.borrow_mut() = words;
        }
    }
}
