//! What a parser makes of words: which are options, which operands they fill, what is missing.
//! As the library goes about it: operands are filled as many as fit between two options.

use std::collections::VecDeque;
use std::rc::Rc;

use regex::Regex;

use super::super::super::calls::Given;
use super::super::super::play::Player;
use super::super::super::value::{Object, Outcome, Stop, Value};
use super::{Action, Deed, Parser, Takes};

/// What a word is.
enum Kind {
    Operand,
    /// An option with its number, what it was written as, and what stands behind its `=`.
    Option(usize, String, Option<String>),
    /// An option that nobody knows.
    Strange,
}

/// Returns the options that a word may stand for that is none itself: a beginning, letters in one word.
fn shortened(parser: &Parser, word: &str) -> Vec<(usize, String, Option<String>)> {
    let mut found = Vec::new();
    if word.starts_with("--") {
        let (front, value) = word.split_once('=').map_or((word, None), |(front, value)| {
            (front, Some(value.to_owned()))
        });
        for (at, action) in parser
            .actions
            .iter()
            .enumerate()
            .filter(|_| parser.abbreviates)
        {
            for flag in action.flags.iter().filter(|flag| flag.starts_with(front)) {
                found.push((at, flag.clone(), value.clone()));
            }
        }
    } else {
        let short: String = word.chars().take(2).collect();
        let rest: String = word.chars().skip(2).collect();
        for (at, action) in parser.actions.iter().enumerate() {
            for flag in &action.flags {
                if *flag == short {
                    found.push((at, flag.clone(), Some(rest.clone())));
                } else if flag.starts_with(word) {
                    found.push((at, flag.clone(), None));
                }
            }
        }
    }
    found
}

/// One run of a parser.
struct Run {
    parser: Parser,
    words: Vec<String>,
    kinds: Vec<Kind>,
    shape: String,
    open: VecDeque<usize>,
    seen: Vec<usize>,
    extras: Vec<String>,
    space: Rc<Object>,
}

impl Takes {
    fn pattern(self) -> String {
        match self {
            Self::One => "(A)".to_owned(),
            Self::None => "()".to_owned(),
            Self::Perhaps => "(A?)".to_owned(),
            Self::Any => "(A*)".to_owned(),
            Self::Some => "(A+)".to_owned(),
            Self::Exactly(number) => format!("(A{{{number}}})"),
            Self::Rest => "([AO]*)".to_owned(),
            Self::Command => "(A[AO]*)".to_owned(),
        }
    }
}

impl Player<'_> {
    pub(super) fn parse_words(
        &mut self,
        number: usize,
        known: bool,
        mut given: Given,
    ) -> Outcome<Value> {
        let words = match given.take("args").unwrap_or(Value::None) {
            Value::None => {
                let all = self.argv.clone();
                self.items(&all)?.into_iter().skip(1).collect()
            }
            all => self.items(&all)?,
        };
        given.end()?;
        let mut texts = Vec::new();
        for word in words {
            texts.push(word.as_text()?.to_string());
        }
        // Versions differ in what the end of options leaves behind.
        if texts.iter().any(|word| word == "--") {
            return Err(Stop::Lost);
        }
        let (space, extras) = self.parsed_words(number, texts)?;
        if known {
            return Ok(Value::tuple(vec![space, Value::texts(extras)]));
        }
        if extras.is_empty() {
            Ok(space)
        } else {
            Err(self.wrong_words())
        }
    }

    fn parsed_words(&mut self, number: usize, words: Vec<String>) -> Outcome<(Value, Vec<String>)> {
        let parser = self.parsers.get(number).cloned().ok_or(Stop::Lost)?;
        let value = self.special("Namespace", Vec::new());
        let Value::Object(space) = &value else {
            return Err(Stop::Lost);
        };
        for action in &parser.actions {
            if let Some(dest) = &action.dest
                && space.get(dest).is_none()
                && !matches!(&action.default, Value::Text(text) if &**text == "==SUPPRESS==")
            {
                space.set(dest, action.default.clone());
            }
        }
        for (name, value) in &parser.defaults {
            if space.get(name).is_none() {
                space.set(name, value.clone());
            }
        }
        let operands = parser
            .actions
            .iter()
            .enumerate()
            .filter(|(_, action)| action.flags.is_empty());
        let open = operands.map(|(at, _)| at).collect();
        let mut run = Run {
            parser,
            words,
            kinds: Vec::new(),
            shape: String::new(),
            open,
            seen: Vec::new(),
            extras: Vec::new(),
            space: Rc::clone(space),
        };
        for word in run.words.clone() {
            let kind = self.kind_of(&run.parser, &word)?;
            run.shape.push(if matches!(kind, Kind::Operand) {
                'A'
            } else {
                'O'
            });
            run.kinds.push(kind);
        }
        self.worked(run.words.len() * run.parser.actions.len())?;
        self.go_through(&mut run)?;
        self.completed(&mut run)?;
        Ok((value.clone(), run.extras))
    }

    fn kind_of(&mut self, parser: &Parser, word: &str) -> Outcome<Kind> {
        let find = |flag: &str| {
            parser
                .actions
                .iter()
                .position(|action| action.flags.iter().any(|one| one == flag))
        };
        if !word.starts_with('-') || word.len() == 1 {
            return Ok(Kind::Operand);
        }
        if let Some(at) = find(word) {
            return Ok(Kind::Option(at, word.to_owned(), None));
        }
        if let Some((front, value)) = word.split_once('=')
            && let Some(at) = find(front)
        {
            return Ok(Kind::Option(at, front.to_owned(), Some(value.to_owned())));
        }
        let mut found = shortened(parser, word);
        match found.len() {
            1 => Ok(found.pop().map_or(Kind::Strange, |(at, flag, value)| {
                Kind::Option(at, flag, value)
            })),
            0 => {
                let number = word.get(1..).is_some_and(|rest| {
                    let (whole, part) = rest.split_once('.').unwrap_or((rest, "0"));
                    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                    digits(whole) && digits(part) && !part.is_empty() && !rest.is_empty()
                });
                let negative = |flag: &String| {
                    flag.get(1..)
                        .is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
                };
                let odd = parser
                    .actions
                    .iter()
                    .any(|action| action.flags.iter().any(negative));
                Ok(if number && !odd || word.contains(' ') {
                    Kind::Operand
                } else {
                    Kind::Strange
                })
            }
            // Versions differ in whether two names of one option are two.
            _ if found
                .iter()
                .all(|(at, ..)| found.first().is_some_and(|(first, ..)| first == at)) =>
            {
                Err(Stop::Lost)
            }
            _ => Err(self.wrong_words()),
        }
    }

    fn go_through(&mut self, run: &mut Run) -> Outcome<()> {
        let mut at = 0;
        while let Some(next) = run
            .shape
            .get(at..)
            .and_then(|rest| rest.find('O'))
            .map(|next| at + next)
        {
            if at != next {
                let end = self.operands(run, at)?;
                if end > at {
                    at = end;
                    continue;
                }
                let strange: Vec<String> =
                    run.words.iter().skip(at).take(next - at).cloned().collect();
                run.extras.extend(strange);
                at = next;
            }
            at = self.option(run, at)?;
        }
        let end = self.operands(run, at)?;
        let rest: Vec<String> = run.words.iter().skip(end).cloned().collect();
        run.extras.extend(rest);
        Ok(())
    }

    /// Fills as many operands as fit.
    fn operands(&mut self, run: &mut Run, from: usize) -> Outcome<usize> {
        let rest = run.shape.get(from..).unwrap_or_default().to_owned();
        for count in (0..=run.open.len()).rev() {
            let patterns = run
                .open
                .iter()
                .take(count)
                .filter_map(|at| run.parser.actions.get(*at));
            let pattern: String = patterns.map(|action| action.takes.pattern()).collect();
            let regex = Regex::new(&format!("^{pattern}")).map_err(|_| Stop::Lost)?;
            let Some(found) = regex.captures(&rest) else {
                continue;
            };
            let mut at = from;
            let chosen: Vec<usize> = run.open.drain(..count).collect();
            for (group, number) in chosen.into_iter().enumerate() {
                let length = found.get(group + 1).map_or(0, |found| found.len());
                // Versions differ in whether an operand stays open that gets nothing here.
                if length == 0 && run.shape.get(at..).is_some_and(|rest| rest.contains('A')) {
                    return Err(Stop::Lost);
                }
                let words: Vec<String> = run.words.iter().skip(at).take(length).cloned().collect();
                at += length;
                self.take(run, number, words, "")?;
            }
            return Ok(at);
        }
        Ok(from)
    }

    fn option(&mut self, run: &mut Run, at: usize) -> Outcome<usize> {
        let (mut number, mut flag, mut value) = match run.kinds.get(at) {
            Some(Kind::Option(number, flag, value)) => (*number, flag.clone(), value.clone()),
            _ => {
                run.extras.extend(run.words.get(at).cloned());
                return Ok(at + 1);
            }
        };
        // `-nv`: several letters in one word.
        while let Some(text) = value.clone() {
            let action = run.parser.actions.get(number).ok_or(Stop::Lost)?;
            if action.takes != Takes::None {
                let fits = Regex::new(&format!("^{}$", action.takes.pattern()))
                    .is_ok_and(|regex| regex.is_match("A"));
                if !fits {
                    return Err(self.wrong_words());
                }
                self.take(run, number, vec![text], &flag)?;
                return Ok(at + 1);
            }
            if flag.starts_with("--") || text.is_empty() {
                return Err(self.wrong_words());
            }
            self.take(run, number, Vec::new(), &flag)?;
            let letter: String = text.chars().take(1).collect();
            let rest: String = text.chars().skip(1).collect();
            flag = format!("-{letter}");
            let Some(next) = run
                .parser
                .actions
                .iter()
                .position(|action| action.flags.contains(&flag))
            else {
                return Err(Stop::Lost);
            };
            number = next;
            value = (!rest.is_empty()).then_some(rest);
        }
        let action = run.parser.actions.get(number).ok_or(Stop::Lost)?;
        let rest = run.shape.get(at + 1..).unwrap_or_default();
        let regex = Regex::new(&format!("^{}", action.takes.pattern())).map_err(|_| Stop::Lost)?;
        let Some(length) = regex
            .captures(rest)
            .and_then(|found| found.get(1).map(|found| found.len()))
        else {
            return Err(self.wrong_words());
        };
        let words: Vec<String> = run
            .words
            .iter()
            .skip(at + 1)
            .take(length)
            .cloned()
            .collect();
        self.take(run, number, words, &flag)?;
        Ok(at + 1 + length)
    }

    /// Does what an option or an operand is for.
    fn take(
        &mut self,
        run: &mut Run,
        number: usize,
        words: Vec<String>,
        flag: &str,
    ) -> Outcome<()> {
        let action = run.parser.actions.get(number).cloned().ok_or(Stop::Lost)?;
        if !action.flags.is_empty() || !words.is_empty() {
            if let Some(group) = action.group {
                let other = run.seen.iter().any(|seen| {
                    *seen != number
                        && run
                            .parser
                            .actions
                            .get(*seen)
                            .is_some_and(|one| one.group == Some(group))
                });
                if other {
                    return Err(self.wrong_words());
                }
            }
            run.seen.push(number);
        }
        let dest = action.dest.clone().unwrap_or_default();
        let old = run.space.get(&dest).unwrap_or(Value::None);
        // A word that is its default does not count in a group; whether it is the very same is the interpreter's own affair.
        if action.group.is_some() && action.deed == Deed::Store {
            let value = self.taken(&action, &words)?;
            if self.equal(&value, &action.default)? {
                return Err(Stop::Lost);
            }
        }
        let value = match &action.deed {
            Deed::Help => return Err(self.raised("SystemExit", vec![Value::Int(0)])),
            Deed::Store => self.taken(&action, &words)?,
            Deed::Constant => action.constant.clone(),
            Deed::Boolean => Value::Bool(!flag.starts_with("--no-")),
            Deed::Count => Value::Int(if old.is_none() { 1 } else { old.whole()? + 1 }),
            Deed::Append | Deed::AppendConstant | Deed::Extend => {
                let mut all = if old.is_none() {
                    Vec::new()
                } else {
                    self.items(&old)?
                };
                match &action.deed {
                    Deed::AppendConstant => all.push(action.constant.clone()),
                    Deed::Append => all.push(self.taken(&action, &words)?),
                    _ => {
                        let more = self.taken(&action, &words)?;
                        all.extend(self.items(&more)?);
                    }
                }
                Value::list(all)
            }
            Deed::Commands(all) => return self.command(run, &action, all, words),
        };
        run.space.set(&dest, value);
        Ok(())
    }

    fn command(
        &mut self,
        run: &mut Run,
        action: &Action,
        all: &[(String, usize)],
        words: Vec<String>,
    ) -> Outcome<()> {
        let mut words = words.into_iter();
        let name = words.next().ok_or(Stop::Lost)?;
        let Some((_, number)) = all.iter().find(|(one, _)| *one == name) else {
            return Err(self.wrong_words());
        };
        if let Some(dest) = &action.dest {
            run.space.set(dest, Value::text(&name));
        }
        let rest: Vec<String> = words.collect();
        let (space, extras) = self.deeper(|player| player.parsed_words(*number, rest))?;
        if let Value::Object(space) = space {
            for (name, value) in space.names.borrow().iter() {
                run.space.set(name, value.clone());
            }
        }
        run.extras.extend(extras);
        Ok(())
    }

    fn taken(&mut self, action: &Action, words: &[String]) -> Outcome<Value> {
        match (action.takes, words) {
            (Takes::One | Takes::Perhaps, [word]) => self.typed(action, word),
            (Takes::Perhaps, []) => {
                let value = if action.flags.is_empty() {
                    action.default.clone()
                } else {
                    action.constant.clone()
                };
                match &value {
                    Value::Text(text) => self.typed(action, text),
                    _ => Ok(value),
                }
            }
            (Takes::Any, []) if action.flags.is_empty() && action.choices.is_some() => {
                Err(Stop::Lost)
            }
            (Takes::Any, []) if action.flags.is_empty() => Ok(match &action.default {
                Value::None => Value::list(Vec::new()),
                other => other.clone(),
            }),
            (Takes::One | Takes::None | Takes::Command, _) => Err(Stop::Lost),
            _ => {
                let mut all = Vec::new();
                for word in words {
                    all.push(self.typed(action, word)?);
                }
                Ok(Value::list(all))
            }
        }
    }

    fn typed(&mut self, action: &Action, word: &str) -> Outcome<Value> {
        let text = Value::text(word);
        let value = match action.kind.is_none() {
            true => text,
            false => match self.call(&action.kind, Given::of(vec![text])) {
                Err(Stop::Raise(thrown)) => {
                    for class in ["ValueError", "TypeError", "argparse.ArgumentTypeError"] {
                        let class = self.exception(class).map(Value::Class).ok_or(Stop::Lost)?;
                        if self.is_instance(&thrown, &class)? {
                            return Err(self.wrong_words());
                        }
                    }
                    return Err(Stop::Raise(thrown));
                }
                other => other?,
            },
        };
        if let Some(choices) = &action.choices
            && !self.contains(choices, &value)?
        {
            return Err(self.wrong_words());
        }
        Ok(value)
    }

    /// What is missing ends the script; defaults that are texts are typed at last.
    fn completed(&mut self, run: &mut Run) -> Outcome<()> {
        for (at, action) in run.parser.actions.clone().iter().enumerate() {
            if run.seen.contains(&at) {
                continue;
            }
            if action.required {
                return Err(self.wrong_words());
            }
            let (Some(dest), Value::Text(default)) = (&action.dest, &action.default) else {
                continue;
            };
            let still =
                matches!(run.space.get(dest), Some(Value::Text(now)) if Rc::ptr_eq(&now, default));
            if still && !action.kind.is_none() {
                let kind = action.kind.clone();
                let value = self.call(&kind, Given::of(vec![action.default.clone()]))?;
                run.space.set(dest, value);
            }
        }
        for (group, required) in run.parser.groups.clone().iter().enumerate() {
            let chosen = run.seen.iter().any(|seen| {
                run.parser
                    .actions
                    .get(*seen)
                    .is_some_and(|one| one.group == Some(group))
            });
            if *required && !chosen {
                return Err(self.wrong_words());
            }
        }
        Ok(())
    }
}
