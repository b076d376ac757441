//! Reads one PowerShell text: statements, pipelines, words, strings, blocks.
//! Blocks and substitutions are read as code that may run; expressions are not computed.

use std::collections::HashMap;

use super::defined::{self, Definition};
use super::scratch;
use super::{Found, Frame, MAX_DEPTH, canonical_name, plain_command};
use crate::model::command::{Command, OpaqueKind, Redirect, Stdin, WriteMode};
use crate::model::word::{Hole, Word};

/// Reads a text and notes what it starts.
pub(in crate::shell) fn run(text: &str, frame: &Frame, found: &mut Found) {
    let top = found.depth + 2;
    let mut reader = Reader {
        text,
        pos: 0,
        fuel: text
            .len()
            .saturating_mul(FUEL_PER_BYTE)
            .saturating_add(FUEL_BASE),
        frame,
        found,
        vars: HashMap::new(),
        lists: HashMap::new(),
        aliases: HashMap::new(),
        top,
        begun: 0,
        rehearses: false,
        defined: Vec::new(),
    };
    let base = reader.found.depth;
    let outcome = reader.statements(None);
    reader.found.depth = base;
    if outcome.is_err() || reader.pos < text.len() {
        // What cannot be read may have been taken for the inside of something that stands before it.
        let from = reader.begun.min(reader.pos);
        let origin = frame.origin(from, text.len());
        let shown = Word::literal(text.get(from..).unwrap_or_default(), origin.clone());
        let reason = "the text cannot be read from here on";
        found.opaque(origin, OpaqueKind::Syntax, reason, &[shown], &frame.via);
    } else if frame.place.is_none() {
        let defined = std::mem::take(&mut reader.defined);
        defined::spare_uncalled(text, &defined, &mut found.unfolding);
    }
}

/// Steps allowed for each byte of a text, and on top of them.
const FUEL_PER_BYTE: usize = 20;
const FUEL_BASE: usize = 2_000;

/// The text cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable;

pub(super) type Read<T> = Result<T, Unreadable>;

/// Words that introduce code and are no programs.
const KEYWORDS: [&str; 26] = [
    "if",
    "elseif",
    "else",
    "while",
    "for",
    "foreach",
    "switch",
    "do",
    "until",
    "try",
    "catch",
    "finally",
    "trap",
    "begin",
    "process",
    "end",
    "return",
    "throw",
    "exit",
    "function",
    "filter",
    "param",
    "in",
    "break",
    "continue",
    "dynamicparam",
];

#[derive(Debug)]
pub(super) struct Reader<'t, 'f> {
    pub(super) text: &'t str,
    pub(super) pos: usize,
    /// Steps left; second readings draw on it too.
    fuel: usize,
    pub(super) frame: &'f Frame,
    pub(super) found: &'f mut Found,
    /// Variables set to literals in this text; nothing for those set to anything else.
    pub(super) vars: HashMap<String, Option<String>>,
    /// Variables that hold lists of plain texts.
    pub(super) lists: HashMap<String, Vec<String>>,
    aliases: HashMap<String, String>,
    /// Depth of the statements that surely run, one after the other.
    top: usize,
    /// Where the last of these statements begins.
    begun: usize,
    /// Cmdlets only say what they would do: `$WhatIfPreference = $true`.
    rehearses: bool,
    pub(super) defined: Vec<Definition>,
}

impl Reader<'_, '_> {
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(self.pos)
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        self.text
            .get(self.pos..)
            .is_some_and(|rest| rest.starts_with(text))
    }

    /// Takes the next character. From inside a character it goes on to the next one: a reader that takes nothing would never end.
    pub(super) fn bump_char(&mut self) -> Option<char> {
        while self.pos < self.text.len() && !self.text.is_char_boundary(self.pos) {
            self.pos += 1;
        }
        let next = self.text.get(self.pos..)?.chars().next()?;
        self.pos += next.len_utf8();
        Some(next)
    }

    pub(super) fn enter(&mut self) -> Read<()> {
        self.found.depth += 1;
        if self.found.depth > MAX_DEPTH {
            return Err(Unreadable);
        }
        self.pay(1)
    }

    pub(super) fn pay(&mut self, steps: usize) -> Read<()> {
        self.fuel = self.fuel.checked_sub(steps).ok_or(Unreadable)?;
        Ok(())
    }

    /// Moves over blanks, comments and escaped line ends; over newlines too when `lines`.
    pub(super) fn skip(&mut self, lines: bool) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.pos += 1,
                Some(b'\n') if lines => self.pos += 1,
                Some(b'`') if self.starts("`\n") => self.pos += 2,
                Some(b'`') if self.starts("`\r\n") => self.pos += 3,
                Some(b'#') => self.skip_to("\n"),
                Some(b'<') if self.starts("<#") => {
                    self.skip_to("#>");
                    self.pos = (self.pos + 2).min(self.text.len());
                }
                _ => return,
            }
        }
    }

    pub(super) fn skip_to(&mut self, end: &str) {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        self.pos += rest.find(end).unwrap_or(rest.len());
    }

    /// Reads statements up to `closer` (left in place) or the end.
    fn statements(&mut self, closer: Option<u8>) -> Read<()> {
        self.enter()?;
        loop {
            self.skip(true);
            match self.peek() {
                None => break,
                here if here == closer => break,
                Some(b';' | b',') => self.pos += 1,
                Some(b'}' | b')') => return Err(Unreadable),
                Some(b'&') if self.starts("&&") => self.pos += 2,
                Some(b'|') if self.starts("||") => self.pos += 2,
                Some(_) => {
                    if self.found.depth < self.top {
                        self.begun = self.pos;
                    }
                    self.pipeline()?;
                }
            }
        }
        self.found.depth -= 1;
        Ok(())
    }

    /// Reads `open … close` as code.
    pub(super) fn code(&mut self, head: usize, close: u8) -> Read<()> {
        self.pos += head;
        self.statements(Some(close))?;
        if self.peek() != Some(close) {
            return Err(Unreadable);
        }
        self.pos += 1;
        Ok(())
    }

    pub(super) fn pipeline(&mut self) -> Read<()> {
        self.enter()?;
        self.elements()?;
        self.found.depth -= 1;
        Ok(())
    }

    fn elements(&mut self) -> Read<()> {
        let mut stdin = Stdin::Inherited;
        loop {
            let before = self.pos;
            stdin = self.element(stdin)?;
            self.skip(false);
            if self.pos == before {
                return Err(Unreadable);
            }
            match self.peek() {
                Some(b'|') if !self.starts("||") => {
                    self.pos += 1;
                    self.skip(true);
                }
                Some(b'&') if !self.starts("&&") => {
                    self.pos += 1;
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Reads one part of a pipeline and returns what the next one gets.
    fn element(&mut self, stdin: Stdin) -> Read<Stdin> {
        match self.peek() {
            Some(b'&' | b'.') if self.is_call() => {
                self.pos += 1;
                self.skip(false);
                self.command(stdin)
            }
            Some(b'$') => self.variable_statement(),
            Some(b'"' | b'\'' | b'(' | b'@' | b'[' | b'{' | b'0'..=b'9' | b'-' | b'!' | b'+') => {
                self.expression()
            }
            _ => {
                if let Some(len) = self.keyword() {
                    let word = self.text.get(self.pos..self.pos + len).unwrap_or_default();
                    let names = ["function", "filter"]
                        .iter()
                        .any(|head| word.eq_ignore_ascii_case(head));
                    self.pos += len;
                    return if names {
                        self.definition()
                    } else {
                        self.after_keyword()
                    };
                }
                self.command(stdin)
            }
        }
    }

    fn is_call(&self) -> bool {
        self.peek() == Some(b'&')
            || matches!(
                self.byte(self.pos + 1),
                Some(b' ' | b'\t' | b'{' | b'$' | b'"' | b'\'' | b'(')
            )
    }

    /// Returns the length of the keyword that stands here.
    fn keyword(&self) -> Option<usize> {
        let rest = self.text.get(self.pos..)?;
        let len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = rest.get(..len)?;
        let ended = rest
            .as_bytes()
            .get(len)
            .is_none_or(|next| b" \t\r\n({;}|&$".contains(next));
        // `foreach` behind a pipe is the alias of a cmdlet; its block is read either way.
        let known = KEYWORDS
            .iter()
            .any(|keyword| keyword.eq_ignore_ascii_case(word));
        (ended && known).then_some(len)
    }

    /// Reads what follows a keyword: a condition, a block or a pipeline.
    fn after_keyword(&mut self) -> Read<Stdin> {
        self.skip(true);
        match self.peek() {
            Some(b'(') => self.code(1, b')')?,
            Some(b'{') => self.code(1, b'}')?,
            Some(b'[') => {
                self.expression()?;
            }
            _ => {}
        }
        Ok(Stdin::Inherited)
    }

    /// Reads `$name = …` or an expression that starts with a variable.
    fn variable_statement(&mut self) -> Read<Stdin> {
        let start = self.pos;
        self.pos += 1;
        let name = self.variable_name();
        self.skip(false);
        let assigns = self.peek() == Some(b'=') && self.byte(self.pos + 1) != Some(b'=');
        let adds = self.starts("+=");
        if name.is_empty() || !(assigns || adds) {
            self.pos = start;
            return self.expression();
        }
        self.pos += if adds { 2 } else { 1 };
        self.skip(true);
        if name == "whatifpreference" {
            let asked = self.text.get(self.pos..).unwrap_or_default();
            let asked = asked.get(..5).unwrap_or_default();
            self.rehearses = asked.eq_ignore_ascii_case("$true") && self.found.depth <= self.top;
        }
        self.lists.remove(&name);
        if let Some(texts) = (!adds).then(|| self.list_value()).flatten() {
            self.vars.insert(name.clone(), None);
            if self.found.depth <= self.top {
                self.lists.insert(name, texts);
            }
            return Ok(Stdin::Inherited);
        }
        let value = self.literal_value()?;
        let value = if adds { None } else { value };
        let from = self.pos;
        if value.is_none() {
            self.vars.insert(name.clone(), None);
            self.pipeline()?;
        }
        let value = value.or_else(|| self.scratch(from).filter(|_| !adds));
        if let Some(variable) = name.strip_prefix("env:") {
            let origin = self.frame.origin(start, self.pos);
            let word = match &value {
                Some(text) => Word::literal(text.clone(), origin),
                None => Word::hole(Hole::Unknown, false, origin),
            };
            let variable = variable.to_ascii_uppercase();
            self.found.export(variable, word, self.frame);
        }
        // A value that a block sets may or may not be there later.
        let value = value.filter(|_| self.found.depth <= self.top);
        self.vars.insert(name, value);
        Ok(Stdin::Inherited)
    }

    /// Returns a path below the temporary folder where the source since `from` asks for one.
    pub(super) fn scratch(&self, from: usize) -> Option<String> {
        let source = self.text.get(from..self.pos).unwrap_or_default();
        let known = |name: &str| {
            let value = self.vars.get(name).and_then(Option::as_deref);
            value.is_some_and(|value| value.starts_with(scratch::MADE))
        };
        scratch::is_temporary(source, known).then(|| scratch::MADE.to_owned())
    }

    /// Reads a value that is one literal up to the end of the statement, or moves nothing.
    fn literal_value(&mut self) -> Read<Option<String>> {
        let start = self.pos;
        if !matches!(self.peek(), Some(b'"' | b'\'' | b'@' | b'0'..=b'9'))
            || self.starts("@(")
            || self.starts("@{")
        {
            return Ok(None);
        }
        let before = self.found.unfolding.commands.len();
        let word = self.word()?;
        self.skip(false);
        let ended = matches!(self.peek(), None | Some(b'\n' | b';' | b'}' | b')'));
        match word.text() {
            Some(text) if ended => Ok(Some(text)),
            _ => {
                self.found.unfolding.commands.truncate(before);
                self.pos = start;
                Ok(None)
            }
        }
    }

    /// Reads the name behind `$`, braces undone, in lower case.
    pub(super) fn variable_name(&mut self) -> String {
        if self.peek() == Some(b'{') {
            let start = self.pos + 1;
            self.skip_to("}");
            let name = self.text.get(start..self.pos).unwrap_or_default();
            self.pos = (self.pos + 1).min(self.text.len());
            return name.to_lowercase();
        }
        let start = self.pos;
        if matches!(self.peek(), Some(b'$' | b'?' | b'^')) {
            self.pos += 1;
        } else {
            while let Some(byte) = self.peek() {
                let scoped = byte == b':'
                    && self
                        .byte(self.pos + 1)
                        .is_some_and(|next| next.is_ascii_alphabetic());
                if !(byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 || scoped) {
                    break;
                }
                self.pos += 1;
            }
        }
        let name = self
            .text
            .get(start..self.pos)
            .unwrap_or_default()
            .to_lowercase();
        for scope in ["global:", "script:", "local:", "private:", "variable:"] {
            if let Some(bare) = name.strip_prefix(scope) {
                return bare.to_owned();
            }
        }
        name
    }

    /// Reads an expression up to the end of its pipeline part; method calls in it are noted as programs.
    fn expression(&mut self) -> Read<Stdin> {
        let start = self.pos;
        let before = self.found.unfolding.commands.len();
        let mut parts = 0_usize;
        let mut last: Option<Word> = None;
        let mut writes = Vec::new();
        loop {
            self.skip(false);
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b')' | b'}') => break,
                Some(b'&') => break,
                Some(b'(') => self.code(1, b')')?,
                Some(b'{') => self.code(1, b'}')?,
                Some(b'@') if self.starts("@(") => self.code(2, b')')?,
                Some(b'@') if self.starts("@{") => self.entries()?,
                Some(b'[') => self.bracket()?,
                Some(b'.' | b':') => self.member()?,
                Some(b'"' | b'\'' | b'$' | b'@') => last = Some(self.word()?),
                Some(b'>') if self.redirect(&mut writes)? => continue,
                Some(b'i' | b'I') if self.is_in() => {
                    // What follows `in` is a statement: `foreach ($a in command)`.
                    self.pos += 2;
                    self.skip(true);
                    if !matches!(self.peek(), Some(b')') | None) {
                        self.pipeline()?;
                    }
                }
                Some(b'=') => {
                    self.pos += 1;
                    self.skip(true);
                    // What follows `=` is a statement: `$a.b = command`.
                    if !matches!(self.peek(), Some(b'=' | b'\n' | b';' | b'}' | b')') | None) {
                        self.pipeline()?;
                    }
                }
                Some(_) => {
                    self.bump_char();
                }
            }
            parts += 1;
        }
        if self.pos == start {
            return Err(Unreadable);
        }
        let last = last.filter(|_| parts == 1);
        if !writes.is_empty() {
            let origin = self.frame.origin(start, self.pos);
            let mut words = vec![Word::literal("Write-Output", origin.clone())];
            words.extend(last.clone());
            for write in &mut writes {
                write.content.clone_from(&last);
            }
            let mut command = plain_command(words, origin);
            command.writes = writes;
            self.found.start(command, self.frame);
        }
        let fetched = self.source_since(before) == super::NETWORK;
        match last.filter(|word| !(fetched && word.has_hole())) {
            Some(word) => Ok(Stdin::Text(word)),
            _ => Ok(Stdin::Opaque {
                from: self.source_since(before).to_owned(),
            }),
        }
    }

    /// Returns where the value of an expression comes from: another machine, when something in it was fetched.
    fn source_since(&self, before: usize) -> &'static str {
        let commands = self.found.unfolding.commands.get(before..);
        let fetches = commands.unwrap_or_default().iter().any(|command| {
            let name = command.words.first().and_then(Word::text);
            name.is_some_and(|name| super::fetches(&name))
        });
        if fetches {
            super::NETWORK
        } else {
            "expression"
        }
    }

    /// Tells whether the word `in` stands here.
    fn is_in(&self) -> bool {
        let rest = self.text.as_bytes().get(self.pos + 1..);
        matches!(rest, Some([b'n' | b'N', b' ' | b'\t' | b'(' | b'$', ..]))
            && self
                .pos
                .checked_sub(1)
                .and_then(|at| self.byte(at))
                .is_some_and(|byte| byte.is_ascii_whitespace())
    }

    /// Reads `[Type]` or an index, with the call behind it: `[IO.File]::Delete(…)`.
    pub(super) fn bracket(&mut self) -> Read<()> {
        let start = self.pos;
        self.enter()?;
        self.pos += 1;
        loop {
            match self.peek() {
                None => return Err(Unreadable),
                Some(b']') => break,
                Some(b'[') => self.bracket()?,
                Some(b'(') => self.code(1, b')')?,
                Some(b'{') => self.code(1, b'}')?,
                Some(b'"' | b'\'' | b'$') => self.key()?,
                Some(_) => {
                    self.bump_char();
                }
            }
        }
        self.pos += 1;
        self.found.depth -= 1;
        if self.starts("::") {
            self.pos += 2;
            self.call(start)?;
        }
        Ok(())
    }

    /// Reads `.Name`, with its call if there is one.
    pub(super) fn member(&mut self) -> Read<()> {
        let start = self.pos;
        self.pos += 1;
        if self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.call(start)?;
        }
        Ok(())
    }

    /// Reads a method's name and notes the call with its arguments.
    pub(super) fn call(&mut self, start: usize) -> Read<()> {
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            self.pos += 1;
        }
        let name = self.text.get(start..self.pos).unwrap_or_default();
        let makes_code = name.eq_ignore_ascii_case("[scriptblock]::Create");
        let before = self.found.unfolding.commands.len();
        if self.peek() != Some(b'(') {
            let sets = name.eq_ignore_ascii_case(".CommandText");
            return if sets { self.setter(start) } else { Ok(()) };
        }
        // A type behind New-Object is written without brackets.
        let name = match name.starts_with(['.', '[']) {
            true => name.to_owned(),
            false => format!("[{name}]::new"),
        };
        let mut words = vec![Word::literal(name, self.frame.origin(start, self.pos))];
        self.enter()?;
        self.pos += 1;
        loop {
            self.skip(true);
            match self.peek() {
                None => return Err(Unreadable),
                Some(b')') => break,
                Some(b',') => self.pos += 1,
                Some(b'[') => self.bracket()?,
                Some(b'.') => self.member()?,
                Some(_) => words.push(self.word_or_char()?),
            }
        }
        self.pos += 1;
        self.found.depth -= 1;
        let origin = self.frame.origin(start, self.pos);
        if makes_code && self.source_since(before) == super::NETWORK {
            let reason = "a script block is made of text from another machine";
            words.push(Word::literal(super::NETWORK, origin.clone()));
            self.found.opaque(
                origin.clone(),
                OpaqueKind::Payload,
                reason,
                &words,
                &self.frame.via,
            );
            words.pop();
        }
        let command = plain_command(words, origin);
        self.found.start(command, self.frame);
        Ok(())
    }

    /// Reads `.CommandText = "SQL"` and notes it as a call with that text.
    fn setter(&mut self, start: usize) -> Read<()> {
        let name = self.text.get(start..self.pos).unwrap_or_default();
        let mut words = vec![Word::literal(name, self.frame.origin(start, self.pos))];
        let before = self.pos;
        self.skip(false);
        let length = match (self.peek(), self.byte(self.pos + 1)) {
            (Some(b'='), Some(next)) if next != b'=' => 1,
            (Some(b'+'), Some(b'=')) => 2,
            _ => 0,
        };
        self.pos += length;
        self.skip(true);
        if length == 0 || !matches!(self.peek(), Some(b'"' | b'\'' | b'$' | b'@')) {
            self.pos = before;
            return Ok(());
        }
        words.push(self.word()?);
        let command = plain_command(words, self.frame.origin(start, self.pos));
        self.found.start(command, self.frame);
        Ok(())
    }

    fn word_or_char(&mut self) -> Read<Word> {
        let start = self.pos;
        let word = self.word()?;
        if self.pos == start {
            self.bump_char();
        }
        Ok(word)
    }

    /// Reads a command: its name, words and redirections.
    fn command(&mut self, stdin: Stdin) -> Read<Stdin> {
        let start = self.pos;
        let mut words: Vec<Word> = Vec::new();
        let mut writes = Vec::new();
        loop {
            self.skip(false);
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b'&' | b')' | b'}') => break,
                Some(b',') => self.pos += 1,
                Some(b'>' | b'<' | b'0'..=b'9' | b'*') if self.redirect(&mut writes)? => {}
                Some(b'-') if self.starts("--% ") => self.verbatim(&mut words),
                Some(_) => {
                    if !words.is_empty()
                        && let Some(list) = self.list_argument()
                    {
                        words.extend(list);
                        continue;
                    }
                    let before = self.pos;
                    let word = self.word()?;
                    if self.pos == before {
                        return Err(Unreadable);
                    }
                    words.push(word);
                }
            }
        }
        if words.is_empty() {
            return if self.pos > start {
                Ok(Stdin::Inherited)
            } else {
                Err(Unreadable)
            };
        }
        Ok(self.finish(start, words, stdin, writes))
    }

    fn finish(
        &mut self,
        start: usize,
        mut words: Vec<Word>,
        stdin: Stdin,
        writes: Vec<Redirect>,
    ) -> Stdin {
        let origin = self.frame.origin(start, self.pos.min(self.text.len()));
        let Some(name) = words.first().and_then(Word::text) else {
            let block = words.first().is_some_and(|word| word.shown() == "{}");
            if !block {
                let reason = "the program is not known";
                self.found
                    .opaque(origin, OpaqueKind::Program, reason, &words, &self.frame.via);
            }
            return Stdin::Opaque {
                from: "expression".to_owned(),
            };
        };
        if let (Some(target), Some(first)) =
            (self.aliases.get(&name.to_lowercase()), words.first_mut())
        {
            *first = Word::literal(target.clone(), first.origin.clone());
        }
        let name = words.first().and_then(Word::text).unwrap_or(name);
        if matches!(canonical_name(&name), "Set-Alias")
            || name.eq_ignore_ascii_case("New-Alias")
            || name.eq_ignore_ascii_case("sal")
        {
            let operands: Vec<String> = words
                .iter()
                .skip(1)
                .filter_map(Word::text)
                .filter(|text| !text.starts_with('-'))
                .collect();
            if let [alias, target, ..] = operands.as_slice() {
                self.aliases.insert(alias.to_lowercase(), target.clone());
            }
        }
        let out = match (canonical_name(&name), words.as_slice()) {
            ("Write-Output", [_, text]) => Stdin::Text(text.clone()),
            _ if super::fetches(&name) || super::is_fetched(&stdin) => Stdin::Opaque {
                from: super::NETWORK.to_owned(),
            },
            _ => Stdin::Opaque { from: name.clone() },
        };
        if self.rehearses && defined::rehearsable(&name, &words) {
            words.push(Word::literal("-WhatIf", origin.clone()));
        }
        let mut command: Command = plain_command(words, origin);
        command.stdin = stdin;
        command.writes = writes;
        if let Stdin::Text(text) = &out {
            for write in &mut command.writes {
                write.content = Some(text.clone());
            }
        }
        self.found.start(command, self.frame);
        out
    }

    /// Takes the rest of the line as words, as `--%` says.
    fn verbatim(&mut self, words: &mut Vec<Word>) {
        let start = self.pos + 4;
        self.skip_to("\n");
        let origin = self.frame.origin(start, self.pos);
        let rest = self.text.get(start..self.pos).unwrap_or_default();
        let pieces = rest.split_whitespace();
        words.extend(pieces.map(|piece| Word::literal(piece.trim_matches('"'), origin.clone())));
    }

    /// Reads a redirection, if one stands here.
    fn redirect(&mut self, writes: &mut Vec<Redirect>) -> Read<bool> {
        let mut at = self.pos;
        if matches!(self.byte(at), Some(b'0'..=b'9' | b'*')) {
            at += 1;
        }
        if self.byte(at) != Some(b'>') {
            return Ok(false);
        }
        at += 1;
        let append = self.byte(at) == Some(b'>');
        at += usize::from(append);
        if self.byte(at) == Some(b'&') {
            self.pos = (at + 2).min(self.text.len());
            return Ok(true);
        }
        self.pos = at;
        self.skip(false);
        let file = self.word()?;
        if file.shown() != "$null" {
            let mode = if append {
                WriteMode::Append
            } else {
                WriteMode::Truncate
            };
            writes.push(Redirect {
                mode,
                file,
                content: None,
                whole: None,
            });
        }
        Ok(true)
    }
}
