//! Carries a program of awk out, step by step, on text that is known.

use std::collections::BTreeMap;

use super::format::formatted;
use super::parse::{Expr, Rule, Stmt, When};
use super::values::{Value, pattern};

/// Bytes that count as one step where a text is copied or looked through.
const BYTES: usize = 64;
/// Bytes that it may print or join.
const MAX_TEXT: usize = 1 << 18;

/// How a statement ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Next,
    Break,
    Continue,
    Exit,
}

pub(super) struct Machine {
    values: BTreeMap<String, Value>,
    arrays: BTreeMap<String, BTreeMap<String, Value>>,
    patterns: BTreeMap<String, regex::Regex>,
    line: String,
    fields: Vec<String>,
    /// Rules `from, to` that have begun and not ended, by their place.
    begun: Vec<usize>,
    printed: String,
    /// Steps that are left.
    fuel: usize,
}

/// Names that say what a machine or a start is like.
const OUTSIDE: [&str; 12] = [
    "ENVIRON",
    "ARGV",
    "ARGC",
    "PROCINFO",
    "RT",
    "FIELDWIDTHS",
    "FPAT",
    "IGNORECASE",
    "ARGIND",
    "ERRNO",
    "RSTART",
    "RLENGTH",
];

/// Runs a program on files; nothing where it does what is not carried out here.
pub(super) fn run(
    rules: &[Rule],
    values: &[(String, String)],
    files: &[(String, String)],
    fuel: &mut usize,
) -> Option<String> {
    let mut machine = Machine {
        values: BTreeMap::new(),
        arrays: BTreeMap::new(),
        patterns: BTreeMap::new(),
        line: String::new(),
        fields: Vec::new(),
        begun: Vec::new(),
        printed: String::new(),
        fuel: *fuel,
    };
    for (name, text) in [
        ("FS", " "),
        ("OFS", " "),
        ("ORS", "\n"),
        ("RS", "\n"),
        ("SUBSEP", "\u{1c}"),
    ] {
        machine
            .values
            .insert(name.to_owned(), Value::Text(text.to_owned()));
    }
    for name in ["NR", "FNR"] {
        machine.values.insert(name.to_owned(), Value::Number(0.0));
    }
    for (name, text) in values {
        machine.set(name, Value::Input(text.clone()))?;
    }
    let done = machine.all(rules, files);
    *fuel = machine.fuel;
    done.map(|()| machine.printed)
}

impl Machine {
    fn all(&mut self, rules: &[Rule], files: &[(String, String)]) -> Option<()> {
        let mut flow = Flow::On;
        for rule in rules.iter().filter(|rule| matches!(rule.when, When::Begin)) {
            flow = self.block(rule.action.as_deref().unwrap_or_default())?;
            if flow == Flow::Exit {
                break;
            }
        }
        let reads = rules.iter().any(|rule| !matches!(rule.when, When::Begin));
        if flow != Flow::Exit && reads {
            self.read(rules, files)?;
        }
        for rule in rules.iter().filter(|rule| matches!(rule.when, When::End)) {
            if self.block(rule.action.as_deref().unwrap_or_default())? == Flow::Exit {
                break;
            }
        }
        Some(())
    }

    fn read(&mut self, rules: &[Rule], files: &[(String, String)]) -> Option<()> {
        let mut number = 0.0;
        for (name, text) in files {
            self.values
                .insert("FILENAME".to_owned(), Value::Text(name.clone()));
            let separator = self.get("RS").text()?;
            let mut letters = separator.chars();
            let (Some(by), None) = (letters.next(), letters.next()) else {
                return None;
            };
            let mut records: Vec<&str> = text.split(by).collect();
            if records.last() == Some(&"") {
                records.pop();
            }
            for (at, record) in records.into_iter().enumerate() {
                number += 1.0;
                self.values.insert("NR".to_owned(), Value::Number(number));
                self.values
                    .insert("FNR".to_owned(), Value::Number(at as f64 + 1.0));
                self.begin_line(record)?;
                if self.line_through(rules)? == Flow::Exit {
                    return Some(());
                }
            }
        }
        Some(())
    }

    fn line_through(&mut self, rules: &[Rule]) -> Option<Flow> {
        for (at, rule) in rules.iter().enumerate() {
            let runs = match &rule.when {
                When::Begin | When::End => false,
                When::Always => true,
                When::Holds(asked) => self.value(asked)?.holds(),
                When::Between(from, to) => {
                    let inside = self.begun.contains(&at) || self.value(from)?.holds();
                    if inside {
                        self.begun.retain(|open| *open != at);
                        if !self.value(to)?.holds() {
                            self.begun.push(at);
                        }
                    }
                    inside
                }
            };
            if !runs {
                continue;
            }
            let flow = match &rule.action {
                Some(action) => self.block(action)?,
                None => {
                    self.print(&[])?;
                    Flow::On
                }
            };
            match flow {
                Flow::On => {}
                Flow::Next => break,
                Flow::Exit => return Some(Flow::Exit),
                Flow::Break | Flow::Continue => return None,
            }
        }
        Some(Flow::On)
    }

    fn step(&mut self) -> Option<()> {
        self.fuel = self.fuel.checked_sub(1)?;
        (self.printed.len() <= MAX_TEXT).then_some(())
    }

    /// Counts the steps that a text is worth.
    fn weigh(&mut self, text: &str) -> Option<()> {
        let Some(left) = self.fuel.checked_sub(text.len() / BYTES) else {
            self.fuel = 0;
            return None;
        };
        self.fuel = left;
        Some(())
    }

    fn block(&mut self, all: &[Stmt]) -> Option<Flow> {
        for stmt in all {
            match self.stmt(stmt)? {
                Flow::On => {}
                other => return Some(other),
            }
        }
        Some(Flow::On)
    }

    fn stmt(&mut self, stmt: &Stmt) -> Option<Flow> {
        self.step()?;
        match stmt {
            Stmt::Block(all) => return self.block(all),
            Stmt::If(asked, then, otherwise) => {
                return match (self.value(asked)?.holds(), otherwise) {
                    (true, _) => self.stmt(then),
                    (false, Some(otherwise)) => self.stmt(otherwise),
                    (false, None) => Some(Flow::On),
                };
            }
            Stmt::While(asked, body) => return self.turns(Some(asked), None, body),
            Stmt::Do(body, asked) => {
                return match self.stmt(body)? {
                    Flow::On | Flow::Continue => self.turns(Some(asked), None, body),
                    Flow::Break => Some(Flow::On),
                    other => Some(other),
                };
            }
            Stmt::For(first, asked, step, body) => {
                if let Some(first) = first {
                    self.stmt(first)?;
                }
                return self.turns(asked.as_ref(), step.as_deref(), body);
            }
            Stmt::Each(name, array, body) => return self.each(name, array, body),
            Stmt::Print(all) => self.print(all)?,
            Stmt::Printf(all) => {
                let text = self.format(all)?;
                self.printed.push_str(&text);
            }
            Stmt::Delete(array, keys) if keys.is_empty() => {
                self.arrays.remove(array);
            }
            Stmt::Delete(array, keys) => {
                let key = self.key(keys)?;
                if let Some(array) = self.arrays.get_mut(array) {
                    array.remove(&key);
                }
            }
            Stmt::Next => return Some(Flow::Next),
            Stmt::Break => return Some(Flow::Break),
            Stmt::Continue => return Some(Flow::Continue),
            Stmt::Exit => return Some(Flow::Exit),
            Stmt::Value(expr) => {
                self.value(expr)?;
            }
        }
        Some(Flow::On)
    }

    fn turns(&mut self, asked: Option<&Expr>, step: Option<&Stmt>, body: &Stmt) -> Option<Flow> {
        loop {
            self.step()?;
            if let Some(asked) = asked
                && !self.value(asked)?.holds()
            {
                return Some(Flow::On);
            }
            match self.stmt(body)? {
                Flow::On | Flow::Continue => {}
                Flow::Break => return Some(Flow::On),
                other => return Some(other),
            }
            if let Some(step) = step {
                self.stmt(step)?;
            }
        }
    }

    /// `for (name in array)`: in which order is not said, so that only one entry gives an answer.
    fn each(&mut self, name: &str, array: &str, body: &Stmt) -> Option<Flow> {
        let keys: Vec<String> = self
            .arrays
            .get(array)
            .map(|array| array.keys().cloned().collect())
            .unwrap_or_default();
        if keys.len() > 1 {
            return None;
        }
        for key in keys {
            self.set(name, Value::Text(key))?;
            match self.stmt(body)? {
                Flow::On | Flow::Continue => {}
                Flow::Break => break,
                other => return Some(other),
            }
        }
        Some(Flow::On)
    }

    fn print(&mut self, all: &[Expr]) -> Option<()> {
        let mut text = String::new();
        let between = self.get("OFS").text()?;
        for (at, expr) in all.iter().enumerate() {
            if at > 0 {
                text.push_str(&between);
            }
            text.push_str(&self.value(expr)?.text()?);
        }
        if all.is_empty() {
            text.clone_from(&self.line);
        }
        self.printed.push_str(&text);
        let end = self.get("ORS").text()?;
        self.printed.push_str(&end);
        Some(())
    }

    fn format(&mut self, all: &[Expr]) -> Option<String> {
        let mut values = Vec::new();
        for expr in all {
            values.push(self.value(expr)?);
        }
        let (first, rest) = values.split_first()?;
        formatted(&first.text()?, rest)
    }

    fn get(&self, name: &str) -> Value {
        match name {
            "NF" => Value::Number(self.fields.len() as f64),
            _ => self.values.get(name).cloned().unwrap_or(Value::Unset),
        }
    }

    fn set(&mut self, name: &str, value: Value) -> Option<()> {
        if OUTSIDE.contains(&name) || self.arrays.contains_key(name) {
            return None;
        }
        if name == "NF" {
            let count = value.number();
            if !(0.0..=1000.0).contains(&count) {
                return None;
            }
            self.fields.resize(count as usize, String::new());
            return self.rejoin();
        }
        // How a number is written, and which line comes next, can be set too.
        if matches!(name, "CONVFMT" | "OFMT" | "NR" | "FNR") {
            return None;
        }
        self.values.insert(name.to_owned(), value);
        Some(())
    }

    fn begin_line(&mut self, line: &str) -> Option<()> {
        self.step()?;
        self.weigh(line)?;
        line.clone_into(&mut self.line);
        let by = self.get("FS").text()?;
        self.fields = self.parted(line, &by)?;
        Some(())
    }

    fn rejoin(&mut self) -> Option<()> {
        let between = self.get("OFS").text()?;
        self.line = self.fields.join(&between);
        self.fuel = self.fuel.checked_sub(self.fields.len())?;
        (self.line.len() <= MAX_TEXT).then_some(())
    }

    /// Parts a text at a separator: one space means any white space, one other letter itself, more a pattern.
    fn parted(&mut self, text: &str, by: &str) -> Option<Vec<String>> {
        let mut letters = by.chars();
        let all: Vec<&str> = match (letters.next(), letters.next()) {
            (None, _) => return None,
            (Some(' '), None) => text.split_ascii_whitespace().collect(),
            _ if text.is_empty() => Vec::new(),
            (Some(letter), None) if letter != '\\' => text.split(letter).collect(),
            _ => {
                let regex = self.pattern(by)?;
                if regex.is_match("") {
                    return None;
                }
                return Some(regex.split(text).map(str::to_owned).collect());
            }
        };
        Some(all.into_iter().map(str::to_owned).collect())
    }

    pub(super) fn pattern(&mut self, text: &str) -> Option<regex::Regex> {
        if let Some(known) = self.patterns.get(text) {
            return Some(known.clone());
        }
        if self.patterns.len() >= 64 {
            return None;
        }
        let regex = pattern(text)?;
        self.patterns.insert(text.to_owned(), regex.clone());
        Some(regex)
    }

    fn key(&mut self, keys: &[Expr]) -> Option<String> {
        let mut all = Vec::new();
        for key in keys {
            all.push(self.value(key)?.text()?);
        }
        let between = self.get("SUBSEP").text()?;
        Some(all.join(&between))
    }

    /// Returns the regular expression that an operand is: written as one, or as a text.
    fn regex_of(&mut self, expr: &Expr) -> Option<regex::Regex> {
        let text = match expr {
            Expr::Regex(text) => text.clone(),
            _ => self.value(expr)?.text()?,
        };
        self.pattern(&text)
    }

    fn value(&mut self, expr: &Expr) -> Option<Value> {
        self.step()?;
        let value = self.plain_value(expr)?;
        if let Value::Text(text) | Value::Input(text) = &value {
            self.weigh(text)?;
        }
        Some(value)
    }

    fn plain_value(&mut self, expr: &Expr) -> Option<Value> {
        let truth = |holds: bool| Value::Number(f64::from(u8::from(holds)));
        Some(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Regex(text) => {
                let regex = self.pattern(text)?;
                let line = self.line.clone();
                self.weigh(&line)?;
                truth(regex.is_match(&line))
            }
            Expr::Name(name) if OUTSIDE.contains(&name.as_str()) => return None,
            Expr::Name(name) => self.get(name),
            Expr::Element(array, keys) => {
                let key = self.key(keys)?;
                self.element(array, key)?.clone()
            }
            Expr::Field(of) => {
                let at = self.value(of)?.number();
                self.field(at)?
            }
            Expr::Assign(sign, place, value) => {
                let mut value = self.value(value)?;
                if let Some(sign) = sign {
                    let old = self.value(place)?;
                    value = reckoned(sign, old.number(), value.number())?;
                }
                self.assign(place, value.clone())?;
                value
            }
            Expr::Unary(sign, of) => {
                let of = self.value(of)?;
                match *sign {
                    "!" => truth(!of.holds()),
                    "-" => Value::Number(-of.number()),
                    "+" => Value::Number(of.number()),
                    _ => of,
                }
            }
            Expr::Step(before, by, place) => {
                let old = self.value(place)?.number();
                self.assign(place, Value::Number(old + by))?;
                Value::Number(if *before { old + by } else { old })
            }
            Expr::Binary(sign, left, right) => return self.binary(sign, left, right),
            Expr::Among(keys, array) => {
                let key = self.key(keys)?;
                truth(
                    self.arrays
                        .get(array)
                        .is_some_and(|array| array.contains_key(&key)),
                )
            }
            Expr::Choice(asked, yes, no) => {
                return match self.value(asked)?.holds() {
                    true => self.value(yes),
                    false => self.value(no),
                };
            }
            Expr::Call(name, args) => return self.call(name, args),
        })
    }

    fn binary(&mut self, sign: &str, left: &Expr, right: &Expr) -> Option<Value> {
        let truth = |holds: bool| Some(Value::Number(f64::from(u8::from(holds))));
        match sign {
            "&&" => {
                let holds = self.value(left)?.holds() && self.value(right)?.holds();
                return truth(holds);
            }
            "||" => {
                let holds = self.value(left)?.holds() || self.value(right)?.holds();
                return truth(holds);
            }
            "~" | "!~" => {
                let text = self.value(left)?.text()?;
                let regex = self.regex_of(right)?;
                return truth(regex.is_match(&text) == (sign == "~"));
            }
            _ => {}
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        if sign == " " {
            let text = left.text()? + &right.text()?;
            return (text.len() <= MAX_TEXT).then_some(Value::Text(text));
        }
        let order = || left.compare(&right);
        match sign {
            "==" => truth(order()?.is_eq()),
            "!=" => truth(order()?.is_ne()),
            "<" => truth(order()?.is_lt()),
            "<=" => truth(order()?.is_le()),
            ">" => truth(order()?.is_gt()),
            ">=" => truth(order()?.is_ge()),
            _ => reckoned(sign, left.number(), right.number()),
        }
    }

    fn element(&mut self, array: &str, key: String) -> Option<&mut Value> {
        if OUTSIDE.contains(&array) || self.values.contains_key(array) {
            return None;
        }
        let array = self.arrays.entry(array.to_owned()).or_default();
        Some(array.entry(key).or_insert(Value::Unset))
    }

    fn field(&self, at: f64) -> Option<Value> {
        if at < 0.0 {
            return None;
        }
        Some(match at as usize {
            0 => Value::Input(self.line.clone()),
            at => match self.fields.get(at - 1) {
                Some(field) => Value::Input(field.clone()),
                None => Value::Unset,
            },
        })
    }

    pub(super) fn assign(&mut self, place: &Expr, value: Value) -> Option<()> {
        match place {
            Expr::Name(name) => self.set(name, value),
            Expr::Element(array, keys) => {
                let key = self.key(keys)?;
                *self.element(array, key)? = value;
                Some(())
            }
            Expr::Field(of) => {
                let at = self.value(of)?.number();
                let text = value.text()?;
                if !(0.0..=1000.0).contains(&at) {
                    return None;
                }
                let Some(at) = (at as usize).checked_sub(1) else {
                    return self.begin_line(&text);
                };
                if self.fields.len() <= at {
                    self.fields.resize(at + 1, String::new());
                }
                *self.fields.get_mut(at)? = text;
                self.rejoin()
            }
            _ => None,
        }
    }
}

fn reckoned(sign: &str, left: f64, right: f64) -> Option<Value> {
    let number = match sign {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right != 0.0 => left / right,
        "%" if right != 0.0 => left % right,
        "^" => left.powf(right),
        _ => return None,
    };
    number.is_finite().then_some(Value::Number(number))
}

/// The functions of the language that ask nothing of the world.
impl Machine {
    fn call(&mut self, name: &str, args: &[Expr]) -> Option<Value> {
        match (name, args) {
            ("length", []) => plain(&self.line).map(|line| Value::Number(line.len() as f64)),
            ("length", [Expr::Name(array)]) if self.arrays.contains_key(array) => {
                let count = self.arrays.get(array).map_or(0, BTreeMap::len);
                Some(Value::Number(count as f64))
            }
            ("length", [of]) => {
                let text = self.value(of)?.text()?;
                Some(Value::Number(plain(&text)?.len() as f64))
            }
            ("tolower", [of]) => Some(Value::Text(
                plain(&self.value(of)?.text()?)?.to_ascii_lowercase(),
            )),
            ("toupper", [of]) => Some(Value::Text(
                plain(&self.value(of)?.text()?)?.to_ascii_uppercase(),
            )),
            ("int", [of]) => Some(Value::Number(self.value(of)?.number().trunc())),
            ("sprintf", [_, ..]) => Some(Value::Text(self.format(args)?)),
            ("index", [of, what]) => {
                let (text, what) = (self.value(of)?.text()?, self.value(what)?.text()?);
                let at = plain(&text)?.find(&what).map_or(0, |at| at + 1);
                Some(Value::Number(at as f64))
            }
            ("match", [of, what]) => {
                // Where it begins and how long it is can be asked afterwards; then nothing is said.
                let text = self.value(of)?.text()?;
                let regex = self.regex_of(what)?;
                let found = regex
                    .find(plain(&text)?)
                    .map_or(0, |found| found.start() + 1);
                Some(Value::Number(found as f64))
            }
            ("substr", [of, from]) => self.part(of, from, None),
            ("substr", [of, from, count]) => self.part(of, from, Some(count)),
            ("split", [of, Expr::Name(array)]) => self.split(of, array, None),
            ("split", [of, Expr::Name(array), by]) => self.split(of, array, Some(by)),
            ("sub" | "gsub", [what, with]) => {
                let line = Expr::Field(Box::new(Expr::Number(0.0)));
                self.replace(name == "gsub", what, with, &line)
            }
            ("sub" | "gsub", [what, with, place]) => {
                self.replace(name == "gsub", what, with, place)
            }
            _ => None,
        }
    }

    fn part(&mut self, of: &Expr, from: &Expr, count: Option<&Expr>) -> Option<Value> {
        let text = self.value(of)?.text()?;
        let text = plain(&text)?;
        let from = self.value(from)?.number().round();
        let end = match count {
            Some(count) => from + self.value(count)?.number().round(),
            None => text.len() as f64 + 1.0,
        };
        let edge = |at: f64| (at.max(1.0) as usize - 1).min(text.len());
        let part = text.get(edge(from)..edge(end).max(edge(from)))?;
        Some(Value::Text(part.to_owned()))
    }

    fn split(&mut self, of: &Expr, array: &str, by: Option<&Expr>) -> Option<Value> {
        let text = self.value(of)?.text()?;
        let by = match by {
            Some(Expr::Regex(regex)) if regex.len() > 1 => regex.clone(),
            Some(Expr::Regex(_)) => return None,
            Some(by) => self.value(by)?.text()?,
            None => self.get("FS").text()?,
        };
        let parts = self.parted(&text, &by)?;
        if OUTSIDE.contains(&array) || self.values.contains_key(array) {
            return None;
        }
        self.fuel = self.fuel.checked_sub(parts.len())?;
        let count = parts.len() as f64;
        let keyed = parts.into_iter().enumerate();
        let keyed = keyed.map(|(at, part)| ((at + 1).to_string(), Value::Input(part)));
        self.arrays.insert(array.to_owned(), keyed.collect());
        Some(Value::Number(count))
    }

    fn replace(&mut self, every: bool, what: &Expr, with: &Expr, place: &Expr) -> Option<Value> {
        let regex = self.regex_of(what)?;
        let with = self.value(with)?.text()?;
        let text = self.value(place)?.text()?;
        // What a backslash in front of `&` means differs from awk to awk.
        if with.contains('\\') || regex.is_match("") {
            return None;
        }
        let most = if every { usize::MAX } else { 1 };
        let (mut all, mut from, mut count) = (String::new(), 0, 0.0);
        for found in regex.find_iter(&text).take(most) {
            all.push_str(text.get(from..found.start())?);
            all.push_str(&with.replace('&', found.as_str()));
            from = found.end();
            count += 1.0;
            if all.len() > MAX_TEXT {
                return None;
            }
        }
        all.push_str(text.get(from..)?);
        if count > 0.0 {
            self.assign(place, Value::Text(all))?;
        }
        Some(Value::Number(count))
    }
}

/// Other letters count as one or as several, from awk to awk.
fn plain(text: &str) -> Option<&str> {
    text.is_ascii().then_some(text)
}
