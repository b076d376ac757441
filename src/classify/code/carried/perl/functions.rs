//! Functions of Perl and of its own modules: texts, lists, files, programs that are started.
//! What it does not know ends the attempt.

use crate::model::span::Span;

use super::super::super::steps::word;
use super::super::value::{Outcome, Stop, Time, Value, head_number, place};
use super::super::world::Found;
use super::act::{Player, is_true, truth_value};
use super::tree::{Kind, Node};

impl Player<'_> {
    /// Calls a function by its name.
    pub fn called(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        list: bool,
    ) -> Outcome<Vec<Value>> {
        if let Some(function) = self.own_function(name) {
            let arguments = self.all(arguments)?;
            return self.perform(&function, arguments, !list);
        }
        if matches!(name, "push" | "pop" | "shift" | "unshift" | "splice") {
            return self.changed_list(name, arguments);
        }
        if let Some(values) = self.of_files(name, arguments, node.span)? {
            return Ok(values);
        }
        if let Some(values) = self.of_maps(name, arguments, list)? {
            return Ok(values);
        }
        if let Some(values) = self.of_lists(name, arguments)? {
            return Ok(values);
        }
        if let Some(values) = self.of_paths(name, arguments, list)? {
            return Ok(values);
        }
        self.of_texts(name, arguments).map(|one| vec![one])
    }

    /// Functions that open, remove, rename and write.
    fn of_files(
        &mut self,
        name: &str,
        arguments: &[Node],
        span: Span,
    ) -> Outcome<Option<Vec<Value>>> {
        let value = match name {
            "open" => self.opened(arguments, span)?,
            "opendir" => self.open_folder(arguments)?,
            "close" | "closedir" => match arguments {
                [handle] => self.close(handle)?,
                _ => return Err(Stop::Lost),
            },
            "readdir" => match arguments {
                [handle] => return self.read_lines(handle).map(Some),
                _ => return Err(Stop::Lost),
            },
            "binmode" => truth_value(true),
            "unlink" | "rmdir" => self.removed(name, arguments, span)?,
            "rename" | "move" | "mv" | "copy" | "cp" => self.carried_over(name, arguments, span)?,
            "mkdir" | "make_path" | "mkpath" => self.folders_made(name, arguments)?,
            "remove_tree" | "rmtree" => self.trees(arguments, span)?,
            "find" | "finddepth" => {
                let arguments = self.all(arguments)?;
                self.walked(arguments, name == "finddepth")?;
                Value::Nothing
            }
            "system" | "exec" => self.started(name, arguments, span)?,
            "chdir" => {
                let name = self.one_text(arguments)?;
                let path = self.world.path(&name)?;
                let there = self.world.found(&path)?.is_folder();
                if there {
                    self.world.here = path;
                }
                truth_value(there)
            }
            "chmod" | "utime" => {
                self.all(arguments)?;
                truth_value(true)
            }
            "truncate" => return Err(Stop::Lost),
            _ => return Ok(None),
        };
        Ok(Some(vec![value]))
    }

    fn removed(&mut self, name: &str, arguments: &[Node], span: Span) -> Outcome<Value> {
        let mut count = 0;
        for one in &self.names_or_own(arguments)? {
            let path = self.world.path(one)?;
            // A folder is no file, and one with something in it stays.
            let folder = self.world.found(&path)? == Found::Folder;
            let gone = match (name, folder) {
                ("rmdir", true) => self.removes_empty(&path, span)?,
                ("unlink", false) => self.world.remove(&path, false, span)?,
                _ => false,
            };
            count += usize::from(gone);
        }
        Ok(Value::count(count))
    }

    fn folders_made(&mut self, name: &str, arguments: &[Node]) -> Outcome<Value> {
        for value in self.all(arguments)? {
            if let Value::Text(text) = &value {
                let path = self.world.path(text)?;
                self.world.make_folder(&path)?;
            }
            if name == "mkdir" {
                break;
            }
        }
        Ok(truth_value(true))
    }

    /// `system`, `exec`: how it ends is not known.
    fn started(&mut self, name: &str, arguments: &[Node], span: Span) -> Outcome<Value> {
        let words = self.all(arguments)?;
        let words = words.iter().map(|one| one.written().ok_or(Stop::Lost));
        let words: Vec<String> = words.collect::<Outcome<_>>()?;
        let text = match words.as_slice() {
            [text] => text.clone(),
            words => words
                .iter()
                .map(|one| word(one))
                .collect::<Vec<_>>()
                .join(" "),
        };
        self.close_all();
        self.world.run(&text, span)?;
        if name == "exec" {
            return Err(Stop::Exits);
        }
        Ok(Value::Unknown)
    }

    fn removes_empty(&mut self, path: &std::path::Path, span: Span) -> Outcome<bool> {
        let empty = self
            .world
            .names(path)?
            .is_some_and(|names| names.is_empty());
        if empty {
            self.world.remove(path, true, span)
        } else {
            Ok(false)
        }
    }

    /// The names that a function is given, or else `$_`.
    fn names_or_own(&mut self, arguments: &[Node]) -> Outcome<Vec<String>> {
        let values = match arguments {
            [] => vec![self.get("$_")],
            all => self.all(all)?,
        };
        values
            .iter()
            .map(|value| value.written().ok_or(Stop::Lost))
            .collect()
    }

    fn one_text(&mut self, arguments: &[Node]) -> Outcome<String> {
        match arguments {
            [] => self.get("$_").written().ok_or(Stop::Lost),
            [one, ..] => self.text(one),
        }
    }

    /// `rename`, and `copy` and `move` of File::Copy, which go into a folder.
    fn carried_over(&mut self, name: &str, arguments: &[Node], span: Span) -> Outcome<Value> {
        let [from, to] = arguments else {
            return Err(Stop::Lost);
        };
        let (from, to) = (self.scalar(from)?, self.scalar(to)?);
        let (from, to) = (
            from.written().ok_or(Stop::Lost)?,
            to.written().ok_or(Stop::Lost)?,
        );
        let (from_path, mut to_path) = (self.world.path(&from)?, self.world.path(&to)?);
        if name != "rename" && self.world.found(&to_path)?.is_folder() {
            to_path = to_path.join(name_of(&from));
        }
        let done = match name {
            "copy" | "cp" => self.world.copy(&from_path, &to_path, false, span)?,
            _ => self.world.rename(&from_path, &to_path, span)?,
        };
        Ok(truth_value(done))
    }

    /// `remove_tree('a', 'b', { keep_root => 1 })`.
    fn trees(&mut self, arguments: &[Node], span: Span) -> Outcome<Value> {
        let mut keeps = false;
        let mut names = Vec::new();
        for value in self.all(arguments)? {
            match value {
                Value::Map(entries) => {
                    let entries = entries.borrow();
                    for (name, value) in entries.iter() {
                        match name.as_str() {
                            "keep_root" => keeps = is_true(value)?,
                            "verbose" | "safe" | "error" | "result" => {}
                            _ => return Err(Stop::Lost),
                        }
                    }
                }
                Value::List(items) => names.extend(items.borrow().iter().cloned()),
                other => names.push(other),
            }
        }
        let mut count = 0;
        for name in names {
            let name = name.written().ok_or(Stop::Lost)?;
            let path = self.world.path(&name)?;
            if !keeps {
                count += usize::from(self.world.remove(&path, true, span)?);
                continue;
            }
            for inner in self.world.names(&path)?.unwrap_or_default() {
                count += usize::from(self.world.remove(&path.join(inner), true, span)?);
            }
        }
        Ok(Value::count(count))
    }

    /// `keys`, `exists`, `delete`, `defined`, options of the command line.
    fn of_maps(
        &mut self,
        name: &str,
        arguments: &[Node],
        list: bool,
    ) -> Outcome<Option<Vec<Value>>> {
        let value = match (name, arguments) {
            ("keys" | "values", [map]) => {
                let entries = self.entries_of(map)?;
                let entries = entries.borrow();
                if !list {
                    return Ok(Some(vec![Value::count(entries.len())]));
                }
                let pick = |(key, value): &(String, Value)| {
                    if name == "keys" {
                        Value::text(key)
                    } else {
                        value.clone()
                    }
                };
                return Ok(Some(entries.iter().map(pick).collect()));
            }
            ("exists" | "delete", [place]) => {
                let Kind::Key(map, key) = &place.kind else {
                    return Err(Stop::Lost);
                };
                let entries = self.entries_of(map)?;
                let key = self.text(key)?;
                let at = entries.borrow().iter().position(|(name, _)| *name == key);
                if name == "exists" {
                    truth_value(at.is_some())
                } else {
                    at.map_or(Value::Nothing, |at| entries.borrow_mut().remove(at).1)
                }
            }
            ("defined", [one]) => {
                let value = self.scalar(one)?;
                if value.is_unknown() {
                    return Err(Stop::Lost);
                }
                truth_value(!matches!(value, Value::Nothing))
            }
            ("undef", [one]) => {
                self.put(one, Value::Nothing)?;
                Value::Nothing
            }
            ("undef", []) => Value::Nothing,
            ("GetOptions", all) => self.options(all)?,
            ("getopts", all) => self.letters(all)?,
            ("exit", _) => return Err(Stop::Exits),
            ("die" | "croak", all) => {
                let values = self.all(all)?;
                let text: Option<String> = values.iter().map(Value::written).collect();
                return Err(Stop::Dies(text.map_or(Value::Unknown, Value::Text)));
            }
            ("warn", all) => {
                self.all(all)?;
                Value::Number(1.0)
            }
            _ => return Ok(None),
        };
        Ok(Some(vec![value]))
    }

    /// `split`, `reverse`, `glob`, `stat`.
    fn of_lists(&mut self, name: &str, arguments: &[Node]) -> Outcome<Option<Vec<Value>>> {
        Ok(Some(match name {
            "split" => self.split(arguments)?,
            "reverse" => {
                let mut all = self.all(arguments)?;
                all.reverse();
                all
            }
            "glob" => {
                let patterns = self.one_text(arguments)?;
                let mut all = Vec::new();
                for pattern in patterns.split_whitespace() {
                    for pattern in opened(pattern)? {
                        all.extend(
                            self.world
                                .glob(&pattern, true)?
                                .into_iter()
                                .map(Value::Text),
                        );
                    }
                }
                all
            }
            "stat" | "lstat" => {
                let name = self.one_text(arguments)?;
                self.stat(&name)?
            }
            "localtime" | "gmtime" => vec![Value::Unknown; 9],
            "scalar" => match arguments {
                [one] => vec![self.scalar(one)?],
                _ => return Err(Stop::Lost),
            },
            "chomp" => {
                let [one] = arguments else {
                    return Err(Stop::Lost);
                };
                if super::values::is_list(one) {
                    return Err(Stop::Lost);
                }
                let text = self.text(one)?;
                let short = text.strip_suffix('\n').unwrap_or(&text);
                self.put(one, Value::text(short))?;
                vec![Value::count(text.len() - short.len())]
            }
            _ => return Ok(None),
        }))
    }

    fn split(&mut self, arguments: &[Node]) -> Outcome<Vec<Value>> {
        let [pattern, rest @ ..] = arguments else {
            return Err(Stop::Lost);
        };
        let text = self.one_text(rest)?;
        let limit = match rest.get(1) {
            Some(limit) => place(self.number(limit)?.max(0.0), 0).unwrap_or_default(),
            None => 0,
        };
        let blank = matches!(&pattern.kind, Kind::Text(_)) && self.text(pattern)? == " ";
        let parts: Vec<String> = if blank {
            text.split_whitespace().map(str::to_owned).collect()
        } else {
            let by = match &pattern.kind {
                Kind::Match(None, pieces, flags) => self.pattern(pieces, flags)?,
                _ => {
                    let text = self.text(pattern)?;
                    self.made_ready(&text, "")?
                }
            };
            if by.captures_len() > 1 || by.is_match("") {
                return Err(Stop::Lost);
            }
            self.searched(&by, &text)?;
            match limit {
                0 => by.split(&text).map(str::to_owned).collect(),
                limit => by.splitn(&text, limit).map(str::to_owned).collect(),
            }
        };
        let mut parts = parts;
        while limit == 0 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        Ok(parts.into_iter().map(Value::Text).collect())
    }

    /// Functions that take paths apart.
    fn of_paths(
        &mut self,
        name: &str,
        arguments: &[Node],
        list: bool,
    ) -> Outcome<Option<Vec<Value>>> {
        let value = match name {
            "basename" => {
                let values = self.all(arguments)?;
                let mut texts = values.iter().map(|value| value.written().ok_or(Stop::Lost));
                let path = texts.next().ok_or(Stop::Lost)??;
                let mut base = name_of(&path).to_owned();
                for suffix in texts {
                    let suffix = suffix?;
                    // It may be a pattern.
                    if suffix.contains(['*', '[', '\\', '(']) {
                        return Err(Stop::Lost);
                    }
                    if let Some(short) = base.strip_suffix(&suffix) {
                        base = short.to_owned();
                        break;
                    }
                }
                Value::Text(base)
            }
            "dirname" => {
                let path = self.one_text(arguments)?;
                let path = path.trim_end_matches('/');
                let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                Value::text(if folder.is_empty() { "/" } else { folder })
            }
            "fileparse" if arguments.len() == 1 && list => {
                let path = self.one_text(arguments)?;
                let at = path.rfind('/').map_or(0, |at| at + 1);
                let (folder, base) = path.split_at(at);
                let folder = if folder.is_empty() { "./" } else { folder };
                return Ok(Some(vec![
                    Value::text(base),
                    Value::text(folder),
                    Value::text(""),
                ]));
            }
            "catfile" | "catdir" => {
                let values = self.all(arguments)?;
                joined_path(&values)?
            }
            "getcwd" | "cwd" => Value::text(self.world.here.to_str().ok_or(Stop::Lost)?),
            "abs_path" | "realpath" => {
                let name = self.one_text(arguments)?;
                let path = self.world.path(&name)?;
                if matches!(self.world.found(&path)?, Found::Link { .. }) {
                    return Err(Stop::Lost);
                }
                Value::text(path.to_str().ok_or(Stop::Lost)?)
            }
            "time" => Value::Time(Time::Now {
                less: 0.0,
                unit: 1.0,
            }),
            "wantarray" | "strftime" => {
                self.all(arguments)?;
                Value::Unknown
            }
            _ => return Ok(None),
        };
        Ok(Some(vec![value]))
    }

    /// Functions of texts and numbers; of something unknown they make something unknown.
    fn of_texts(&mut self, name: &str, arguments: &[Node]) -> Outcome<Value> {
        let values = match (name, arguments) {
            ("join" | "sprintf", all) => self.all(all)?,
            (_, []) => vec![self.get("$_")],
            (_, all) => {
                let mut values = Vec::new();
                for one in all {
                    values.push(self.scalar(one)?);
                }
                values
            }
        };
        if name == "ref" {
            return Ok(Value::text(match values.first() {
                Some(Value::List(_)) => "ARRAY",
                Some(Value::Map(_)) => "HASH",
                Some(Value::Function(_)) => "CODE",
                Some(Value::Place(_)) => "SCALAR",
                Some(Value::Text(_) | Value::Number(_) | Value::Nothing) => "",
                _ => return Err(Stop::Lost),
            }));
        }
        if values.iter().any(Value::is_unknown) {
            return Ok(Value::Unknown);
        }
        if name == "sprintf" {
            return Ok(formatted(&values).map_or(Value::Unknown, Value::Text));
        }
        let texts: Vec<String> = values
            .iter()
            .map(|value| value.written().ok_or(Stop::Lost))
            .collect::<Outcome<_>>()?;
        of_known_texts(name, &texts).ok_or(Stop::Lost)
    }

    /// `File::Spec->catfile(…)`.
    pub fn method(
        &mut self,
        owner: &Node,
        method: &str,
        arguments: &[Node],
    ) -> Outcome<Vec<Value>> {
        let owner = self.scalar(owner)?.written().ok_or(Stop::Lost)?;
        let values = self.all(arguments)?;
        let value = match (owner.as_str(), method) {
            ("File::Spec", "catfile" | "catdir") => joined_path(&values)?,
            ("File::Spec", "curdir") => Value::text("."),
            ("File::Spec", "tmpdir") => Value::text("/tmp"),
            ("File::Spec", "rel2abs") => {
                let [name] = values.as_slice() else {
                    return Err(Stop::Lost);
                };
                let path = self.world.path(&name.written().ok_or(Stop::Lost)?)?;
                Value::text(path.to_str().ok_or(Stop::Lost)?)
            }
            _ => return Err(Stop::Lost),
        };
        Ok(vec![value])
    }
}

fn name_of(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

fn joined_path(values: &[Value]) -> Outcome<Value> {
    let texts: Vec<String> = values
        .iter()
        .map(|value| value.written().ok_or(Stop::Lost))
        .collect::<Outcome<_>>()?;
    let mut all = String::new();
    for text in texts.iter().filter(|text| !text.is_empty()) {
        if !all.is_empty() && !all.ends_with('/') {
            all.push('/');
        }
        all.push_str(if all.is_empty() {
            text
        } else {
            text.trim_start_matches('/')
        });
    }
    Ok(Value::Text(all))
}

/// `{a,b}` in a pattern of files.
fn opened(pattern: &str) -> Outcome<Vec<String>> {
    let Some((head, rest)) = pattern.split_once('{') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let (inside, tail) = rest.split_once('}').ok_or(Stop::Lost)?;
    if inside.contains('{') || tail.contains('{') {
        return Err(Stop::Lost);
    }
    Ok(inside
        .split(',')
        .map(|one| format!("{head}{one}{tail}"))
        .collect())
}

fn of_known_texts(name: &str, texts: &[String]) -> Option<Value> {
    let first = texts.first()?;
    let number = |at: usize| texts.get(at).map(|text| head_number(text));
    let value = match name {
        "join" => Value::Text(texts.get(1..)?.join(first)),
        "lc" => Value::Text(first.to_lowercase()),
        "uc" => Value::Text(first.to_uppercase()),
        "length" => Value::count(first.chars().count()),
        "quotemeta" => Value::Text(regex::escape(first)),
        "int" => Value::Number(number(0)?.trunc()),
        "abs" => Value::Number(number(0)?.abs()),
        "floor" => Value::Number(number(0)?.floor()),
        "ceil" => Value::Number(number(0)?.ceil()),
        "sqrt" => Value::Number(number(0)?.sqrt()),
        "ucfirst" | "lcfirst" => {
            let mut chars = first.chars();
            let head = chars.next().map(String::from).unwrap_or_default();
            let head = if name == "ucfirst" {
                head.to_uppercase()
            } else {
                head.to_lowercase()
            };
            Value::Text(head + chars.as_str())
        }
        "index" | "rindex" if texts.len() == 2 => {
            let wanted = texts.get(1)?;
            let at = if name == "index" {
                first.find(wanted.as_str())
            } else {
                first.rfind(wanted.as_str())
            };
            match at {
                Some(at) => Value::count(first.get(..at)?.chars().count()),
                None => Value::Number(-1.0),
            }
        }
        "substr" if texts.len() < 4 => {
            let chars: Vec<char> = first.chars().collect();
            let from = place(number(1)?, chars.len()).unwrap_or(0).min(chars.len());
            let to = match number(2) {
                None => chars.len(),
                Some(count) if count < 0.0 => place(count, chars.len()).unwrap_or(from).max(from),
                Some(count) => (from + place(count, 0)?).min(chars.len()),
            };
            Value::Text(chars.get(from..to)?.iter().collect())
        }
        _ => return None,
    };
    Some(value)
}

/// `sprintf '%s-%03d', …`; nothing where a part is not known.
pub(super) fn formatted(values: &[Value]) -> Option<String> {
    let format = values.first()?.written()?;
    let mut values = values.iter().skip(1);
    let mut all = String::new();
    let mut chars = format.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '%' {
            all.push(char);
            continue;
        }
        let mut width = String::new();
        while let Some(next) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, '-' | '.')) {
            width.push(next);
        }
        let kind = chars.next()?;
        if kind == '%' {
            all.push('%');
            continue;
        }
        let text = values.next()?.written()?;
        all.push_str(&one_formatted(kind, &width, &text)?);
    }
    Some(all)
}

fn one_formatted(kind: char, width: &str, text: &str) -> Option<String> {
    const MAX_WIDTH: usize = 1000;
    let (width, digits) = width.split_once('.').unwrap_or((width, ""));
    let said = match kind {
        's' => text.to_owned(),
        'd' | 'i' => format!("{}", head_number(text).trunc()),
        'f' => format!(
            "{:.*}",
            digits
                .parse::<usize>()
                .ok()
                .filter(|one| *one < MAX_WIDTH)
                .unwrap_or(6),
            head_number(text)
        ),
        _ => return None,
    };
    let left = width.starts_with('-');
    let zero = width.starts_with('0');
    let wide = width
        .trim_start_matches('-')
        .parse::<usize>()
        .unwrap_or(0)
        .min(MAX_WIDTH);
    Some(match (left, zero) {
        (true, _) => format!("{said:<wide$}"),
        (_, true) => format!("{said:0>wide$}"),
        _ => format!("{said:>wide$}"),
    })
}
