//! What a call that starts a program is given: a text for a shell, or a program with its words.
//! The first argument decides; named arguments, options and callbacks are no part of the command.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::super::tokens::{Language, Token};
use super::{Calls, MAX_ARGUMENTS, quoted};

/// Functions of the same code that hand their argument to a shell.
const MAX_HELPERS: usize = 20;
/// Strings put together out of strings are followed this far.
const MAX_DEPTH: usize = 4;

/// The arguments of a call.
struct Parts<'a> {
    positional: Vec<&'a [Token]>,
    /// `{ stdio: 'inherit' }`, `{"A" => "b"}`.
    objects: Vec<&'a [Token]>,
}

impl<'a> Calls<'a> {
    /// Reads a call that starts a program.
    pub(super) fn starts(&mut self, name: &str, arguments: &'a [Token], span: Span) {
        let parts = parts(arguments);
        if let Some(program) = name.strip_prefix("sh.").filter(|_| self.is_sh(name)) {
            let mut words = vec![quoted(program)];
            words.extend(parts.positional.iter().map(|part| self.word(part)));
            return self.program(words, span);
        }
        let mut given = parts.positional.as_slice();
        if matches!(given.first(), Some([Token::Name { name, .. }]) if name.contains("P_")) {
            given = given.get(1..).unwrap_or_default();
        }
        let Some((first, more)) = given.split_first() else {
            let list = parts.objects.iter().find_map(|one| listed(one, "cmd"));
            if let Some(list) = list {
                let words = self.words(list);
                self.program(words, span);
            }
            return;
        };
        if let Some(list) = list(first) {
            let mut words = self.words(list);
            if first.len() > list.len() + 2 {
                words.push("\"$UNKNOWN\"".to_owned());
            }
            return self.program(words, span);
        }
        let place = place_of(first).unwrap_or(span);
        let Some(text) = self.value(first, 0) else {
            return self.named(first, span);
        };
        let opens = name.ends_with("popen") || name == "proc_open";
        let list = more
            .first()
            .and_then(|one| list(one))
            .or_else(|| parts.objects.iter().find_map(|one| listed(one, "args")));
        if let Some(list) = list.filter(|_| !opens) {
            let mut words = self.words(list);
            let program = quoted(&text);
            if words.first() != Some(&program) {
                words.insert(0, program);
            }
            return self.program(words, span);
        }
        let one_text = opens || self.language == Language::Javascript && !takes_words(name);
        if !one_text && matches!(more.first(), Some([Token::Text { .. }])) {
            let words = given.iter().map(|part| self.word(part)).collect();
            return self.program(words, span);
        }
        self.shell(&text, place);
    }

    fn program(&mut self, words: Vec<String>, span: Span) {
        if !words.is_empty() {
            self.deeds.shells.push((words.join(" "), span));
        }
    }

    pub(super) fn shell(&mut self, text: &str, span: Span) {
        let text = text.replace(HOLE, "$UNKNOWN");
        self.deeds.shells.push((text, span));
    }

    /// The words of a list.
    fn words(&self, list: &'a [Token]) -> Vec<String> {
        split(list)
            .into_iter()
            .map(|part| self.word(part))
            .collect()
    }

    fn word(&self, part: &'a [Token]) -> String {
        match self.value(part, 0) {
            Some(text) => quoted(&text),
            None => "\"$UNKNOWN\"".to_owned(),
        }
    }

    /// A name stands for a list, for what a loop gives it, or for the parameter of a function.
    fn named(&mut self, part: &'a [Token], span: Span) {
        let [Token::Name { name, .. }] = part else {
            return;
        };
        if let Some(list) = self.assigned(name).and_then(list) {
            let words = self.words(list);
            return self.program(words, span);
        }
        if let Some(list) = self.loop_over(name) {
            let texts: Vec<String> = split(list)
                .into_iter()
                .filter_map(|part| self.value(part, 0))
                .collect();
            for text in texts {
                self.shell(&text, span);
            }
            return;
        }
        if let Some(helper) = self.helper(name)
            && self.helpers.len() < MAX_HELPERS
            && !self.helpers.contains(&helper)
        {
            self.helpers.push(helper);
        }
    }

    /// Reads the calls of functions that hand their first argument to a shell.
    pub(super) fn helped(&mut self) {
        let helpers = std::mem::take(&mut self.helpers);
        for index in 0..self.tokens.len() {
            let Some(Token::Name { name, start }) = self.tokens.get(index) else {
                continue;
            };
            let before = index.checked_sub(1).and_then(|at| self.tokens.get(at));
            let defined = matches!(before, Some(Token::Name { name, .. }) if is_definition(name));
            if defined || !helpers.contains(name) {
                continue;
            }
            if let Some(arguments) = self.arguments(index + 1) {
                let span = Span::new(*start, self.end_of(arguments).max(*start));
                self.starts("", arguments, span);
            }
        }
    }

    /// Returns the function of which this name is the first parameter.
    fn helper(&self, wanted: &str) -> Option<String> {
        self.walk()?;
        let is = |token: Option<&Token>| matches!(token, Some(Token::Name { name, .. }) if name == wanted);
        self.tokens.iter().enumerate().find_map(|(index, token)| {
            let Token::Name { name, .. } = token else {
                return None;
            };
            let at = |offset: usize| self.tokens.get(index + offset);
            if is_definition(name) {
                let Some(Token::Name { name, .. }) = at(1) else {
                    return None;
                };
                let bare = is(at(2)) && self.language == Language::Ruby;
                return (bare || at(2) == Some(&Token::Sign('(')) && is(at(3))).then(|| name.clone());
            }
            let assigned = at(1) == Some(&Token::Sign('='));
            let mut from = 2;
            if matches!(at(from), Some(Token::Name { name, .. }) if name == "async" || name == "lambda") {
                from += 1;
            }
            if at(from) == Some(&Token::Sign('(')) {
                from += 1;
            }
            (assigned && is(at(from)) && self.makes_function(index + from + 1)).then(|| name.clone())
        })
    }

    /// `=>` soon behind a parameter, or the colon of a lambda.
    fn makes_function(&self, at: usize) -> bool {
        const NEAR: usize = 12;
        let near = self.tokens.iter().skip(at).take(NEAR);
        let near: Vec<&Token> = near.take_while(|token| **token != Token::Line).collect();
        near.first() == Some(&&Token::Sign(':'))
            || near
                .windows(2)
                .any(|two| two == [&Token::Sign('='), &Token::Sign('>')])
    }

    /// Returns what the code gives to a name, when it gives something only once.
    pub(super) fn assigned(&self, wanted: &str) -> Option<&'a [Token]> {
        self.walk()?;
        let mut all = self.tokens.windows(2).enumerate().filter(|(_, window)| {
            matches!(window, [Token::Name { name, .. }, Token::Sign('=')] if name == wanted)
        });
        let (at, _) = all.next()?;
        if all.next().is_some() {
            return None;
        }
        let rest = self.tokens.get(at + 2..)?;
        let mut depth = 0_usize;
        let end = rest.iter().take(MAX_ARGUMENTS).position(|token| {
            match token {
                Token::Sign('[' | '(' | '{') => depth += 1,
                Token::Sign(']' | ')' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(token, Token::Line | Token::Sign(';'))
        });
        rest.get(..end.unwrap_or(rest.len().min(MAX_ARGUMENTS)))
    }

    /// `for c in ["a", "b"]`, `for (const c of ["a", "b"])`.
    fn loop_over(&self, wanted: &str) -> Option<&'a [Token]> {
        self.walk()?;
        let at = self.tokens.windows(3).position(|window| {
            matches!(window, [Token::Name { name, .. }, Token::Name { name: word, .. }, Token::Sign('[' | '(')]
                if name == wanted && matches!(word.as_str(), "in" | "of"))
        })?;
        list(self.tokens.get(at + 2..)?)
    }

    /// Returns a string that is put together, unknown parts as holes; nothing when no part of it is known.
    fn value(&self, part: &'a [Token], depth: usize) -> Option<String> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mut all = String::new();
        let mut known = false;
        let mut at = 0;
        while let Some(token) = part.get(at) {
            match token {
                Token::Text { text, .. } => {
                    all.push_str(text);
                    known = true;
                }
                Token::Name { name, .. } if name.starts_with('.') => break,
                Token::Name { name, .. } if part.get(at + 1) == Some(&Token::Sign('(')) => {
                    let splits = matches!(name.as_str(), "shlex.split" | "str" | "sh_split");
                    let inner = part.get(at + 2..)?;
                    let end = inner.iter().position(|one| *one == Token::Sign(')'));
                    let end = end.unwrap_or(inner.len());
                    match self.value(inner.get(..end)?, depth + 1).filter(|_| splits) {
                        Some(text) => {
                            all.push_str(&text);
                            known = true;
                        }
                        None => all.push(HOLE),
                    }
                    at += end + 2;
                }
                Token::Name { name, .. } => {
                    let value = self.assigned(name);
                    match value.and_then(|value| self.value(value, depth + 1)) {
                        Some(text) => {
                            all.push_str(&text);
                            known = true;
                        }
                        None => all.push(HOLE),
                    }
                }
                Token::Sign('+' | '.' | '(' | ')') | Token::Line => {}
                Token::Sign(_) => break,
            }
            at += 1;
        }
        known.then_some(all)
    }
}

fn is_definition(name: &str) -> bool {
    matches!(name, "def" | "function" | "func" | "fn" | "sub")
}

/// Functions of languages read like JavaScript that take a program and its words one by one.
fn takes_words(name: &str) -> bool {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    matches!(
        last,
        "Command" | "CommandContext" | "ProcessBuilder" | "new" | "process"
    )
}

/// Splits arguments, and puts named ones aside.
fn parts(arguments: &[Token]) -> Parts<'_> {
    let mut all = Parts {
        positional: Vec::new(),
        objects: Vec::new(),
    };
    for part in split(arguments) {
        let part = trimmed(part);
        match part {
            [] => {}
            [Token::Sign('{'), ..] => all.objects.push(part),
            [Token::Name { .. }, Token::Sign('='), next, ..] if *next != Token::Sign('>') => {}
            [
                Token::Name { .. } | Token::Text { .. },
                Token::Sign('='),
                Token::Sign('>'),
                ..,
            ]
            | [Token::Name { .. }, Token::Sign(':'), ..] => {}
            [Token::Name { name, .. }, ..] if name.ends_with(':') => {}
            _ => all.positional.push(part),
        }
    }
    all
}

fn trimmed(mut part: &[Token]) -> &[Token] {
    while let [Token::Line, rest @ ..] = part {
        part = rest;
    }
    while let [rest @ .., Token::Line] = part {
        part = rest;
    }
    part
}

/// Splits at the commas that stand in no bracket.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let mut all = Vec::new();
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate().take(MAX_ARGUMENTS) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 0 => {
                all.push(trimmed(tokens.get(from..at).unwrap_or_default()));
                from = at + 1;
            }
            _ => {}
        }
    }
    let rest = trimmed(tokens.get(from..).unwrap_or_default());
    if !rest.is_empty() {
        all.push(rest);
    }
    all
}

/// Returns the inside of a list that a part begins with: `["a"]`, `("a", "b")`, `c("a")`, `List.of("a")`.
fn list(part: &[Token]) -> Option<&[Token]> {
    let from = match part {
        [Token::Sign('['), ..] => 1,
        [Token::Sign('('), Token::Text { .. }, Token::Sign(','), ..] => 1,
        [Token::Name { name, .. }, Token::Sign('('), ..]
            if matches!(name.as_str(), "c" | "List.of" | "Arrays.asList" | "listOf") =>
        {
            2
        }
        _ => return None,
    };
    let inner = part.get(from..)?;
    let mut depth = 0_usize;
    let end = inner.iter().take(MAX_ARGUMENTS).position(|token| {
        match token {
            Token::Sign('[' | '(') => depth += 1,
            Token::Sign(']' | ')') if depth == 0 => return true,
            Token::Sign(']' | ')') => depth -= 1,
            _ => {}
        }
        false
    })?;
    inner.get(..end)
}

/// Returns the list under a name in an object: `{ args: ['-rf'] }`.
fn listed<'a>(object: &'a [Token], wanted: &str) -> Option<&'a [Token]> {
    let at = object.windows(3).position(|window| {
        matches!(window, [Token::Name { name, .. }, Token::Sign(':'), Token::Sign('[')] if name == wanted)
    })?;
    list(object.get(at + 2..)?)
}

fn place_of(part: &[Token]) -> Option<Span> {
    part.iter().find_map(|token| match token {
        Token::Text { start, end, .. } => Some(Span::new(*start, *end)),
        _ => None,
    })
}
