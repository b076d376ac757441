//! Reads words, strings and variables of PowerShell.
//! Statements and pipelines are read in `read`.

use super::read::{Read, Reader, Unreadable};
use super::scratch;
use crate::model::word::{Hole, Part, Piece, Word};

impl Reader<'_, '_> {
    /// Reads one word of a command.
    pub(super) fn word(&mut self) -> Read<Word> {
        let start = self.pos;
        let mut word = Word {
            pieces: Vec::new(),
            origin: self.frame.origin(start, start),
            many: false,
            quoted: false,
        };
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b')' | b'}' | b',' => break,
                b'<' | b'>' if self.pos == start => break,
                b'\'' => self.single(&mut word)?,
                b'"' => self.double(&mut word)?,
                b'$' => self.dollar(&mut word)?,
                b'`' => {
                    self.pos += 1;
                    let from = self.pos;
                    if let Some(next) = self.bump_char() {
                        self.push(&mut word, Part::Literal(escaped(next).to_string()), from);
                    }
                }
                b'(' => {
                    // `a(b)`: an argument list or a sub-expression; both may run code.
                    let from = self.pos;
                    if self.is_type_of_sql(start) {
                        // `New-Object …SqlCommand("SQL", $connection)`: the type is called with the text.
                        self.call(start)?;
                        self.hole(&mut word, start, true);
                        continue;
                    }
                    self.code(1, b')')?;
                    match self.scratch(from) {
                        Some(path) => self.push(&mut word, Part::Literal(path), start),
                        None => self.hole(&mut word, start, true),
                    }
                }
                b'{' => {
                    self.code(1, b'}')?;
                    word.quoted = true;
                    self.push(&mut word, Part::Glob("{}".to_owned()), start);
                }
                b'@' if self.pos == start => self.at_sign(&mut word)?,
                b'*' | b'?' => {
                    self.pos += 1;
                    self.push(
                        &mut word,
                        Part::Glob(char::from(byte).to_string()),
                        self.pos - 1,
                    );
                }
                _ => self.bare(&mut word),
            }
        }
        word.origin = self.frame.origin(start, self.pos);
        self.pay(self.pos.saturating_sub(start) + 1)?;
        Ok(word)
    }

    /// Tells whether the word that began at `start` names a class of ADO.NET whose first argument is SQL.
    fn is_type_of_sql(&self, start: usize) -> bool {
        let name = self.text.get(start..self.pos).unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        let kind = name
            .strip_suffix("command")
            .or_else(|| name.strip_suffix("dataadapter"));
        kind.is_some_and(|kind| {
            [
                "sql", "npgsql", "mysql", "sqlite", "oracle", "odbc", "oledb",
            ]
            .contains(&kind)
        })
    }

    fn push(&self, word: &mut Word, part: Part, start: usize) {
        if let (
            Part::Literal(text),
            Some(Piece {
                part: Part::Literal(last),
                ..
            }),
        ) = (&part, word.pieces.last_mut())
        {
            last.push_str(text);
            return;
        }
        let origin = self.frame.origin(start, self.pos);
        word.pieces.push(Piece { part, origin });
    }

    fn hole(&self, word: &mut Word, start: usize, many: bool) {
        word.many |= many;
        self.push(word, Part::Hole(Hole::Unknown), start);
    }

    fn bare(&mut self, word: &mut Word) {
        let start = self.pos;
        while let Some(byte) = self.peek() {
            if b" \t\r\n;|&(){},'\"$`*?".contains(&byte) {
                break;
            }
            self.bump_char();
        }
        let text = self
            .text
            .get(start..self.pos)
            .unwrap_or_default()
            .to_owned();
        self.push(word, Part::Literal(text), start);
    }

    /// Reads one string or variable of an index, up to its own end and no further.
    pub(super) fn key(&mut self) -> Read<()> {
        let mut word = Word::literal("", self.frame.origin(self.pos, self.pos));
        match self.peek() {
            Some(b'"') => self.double(&mut word),
            Some(b'$') => self.dollar(&mut word),
            _ => self.single(&mut word),
        }
    }

    fn single(&mut self, word: &mut Word) -> Read<()> {
        let start = self.pos;
        self.pos += 1;
        let mut text = String::new();
        loop {
            match self.bump_char().ok_or(Unreadable)? {
                '\'' if self.peek() == Some(b'\'') => {
                    self.pos += 1;
                    text.push('\'');
                }
                '\'' => break,
                next => text.push(next),
            }
        }
        word.quoted = true;
        self.push(word, Part::Literal(text), start);
        Ok(())
    }

    fn double(&mut self, word: &mut Word) -> Read<()> {
        self.pos += 1;
        word.quoted = true;
        self.push(word, Part::Literal(String::new()), self.pos - 1);
        loop {
            let start = self.pos;
            match self.peek().ok_or(Unreadable)? {
                b'"' if self.byte(self.pos + 1) == Some(b'"') => {
                    self.pos += 2;
                    self.push(word, Part::Literal("\"".to_owned()), start);
                }
                b'"' => {
                    self.pos += 1;
                    return Ok(());
                }
                b'`' => {
                    self.pos += 1;
                    let next = self.bump_char().ok_or(Unreadable)?;
                    self.push(word, Part::Literal(escaped(next).to_string()), start);
                }
                b'$' => self.dollar(word)?,
                _ => self.run_of(word, b"\"`$"),
            }
        }
    }

    /// Takes characters up to one of `stops`, at least one.
    fn run_of(&mut self, word: &mut Word, stops: &[u8]) {
        let start = self.pos;
        self.bump_char();
        while self.peek().is_some_and(|byte| !stops.contains(&byte)) {
            self.bump_char();
        }
        let text = self
            .text
            .get(start..self.pos)
            .unwrap_or_default()
            .to_owned();
        self.push(word, Part::Literal(text), start);
    }

    /// Reads `$name`, `${name}`, `$env:NAME` or `$( … )`.
    fn dollar(&mut self, word: &mut Word) -> Read<()> {
        let start = self.pos;
        self.pos += 1;
        if self.peek() == Some(b'(') {
            self.code(1, b')')?;
            self.hole(word, start, !word.quoted);
            return Ok(());
        }
        let name = self.variable_name();
        if name.is_empty() {
            self.push(word, Part::Literal("$".to_owned()), start);
            return Ok(());
        }
        let in_string = word.quoted;
        let made = self.vars.get(&name).and_then(Option::as_deref);
        if !in_string && made.is_some_and(|text| text.starts_with(scratch::MADE)) {
            self.skip_full_name();
        }
        let member = !in_string && matches!(self.peek(), Some(b'.' | b'['));
        let part = match (name.as_str(), self.vars.get(&name)) {
            ("true" | "false" | "null", _) => Part::Literal(format!("${name}")),
            (_, Some(Some(text))) if !member => Part::Literal(text.clone()),
            ("profile", None) if !in_string => Part::Hole(Hole::Inherited("PROFILE".to_owned())),
            ("pwd", None) if !member => Part::Literal(".".to_owned()),
            ("home", None) if !member => Part::Hole(Hole::Inherited("HOME".to_owned())),
            (_, None) if !member && name.starts_with("env:") => Part::Hole(Hole::Inherited(
                name.get(4..).unwrap_or_default().to_uppercase(),
            )),
            _ => Part::Hole(Hole::Unknown),
        };
        word.many |= !in_string && matches!(part, Part::Hole(Hole::Unknown));
        self.push(word, part, start);
        while !in_string && matches!(self.peek(), Some(b'.' | b'[')) {
            match self.peek() {
                Some(b'[') => self.bracket()?,
                _ => self.member()?,
            }
        }
        Ok(())
    }

    /// `$f.FullName` of a temporary file is where it stands.
    fn skip_full_name(&mut self) {
        const NAME: &str = ".fullname";
        let rest = self.text.get(self.pos..).unwrap_or_default();
        let named = rest
            .get(..NAME.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(NAME));
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | '(');
        if named
            && !rest
                .get(NAME.len()..)
                .is_some_and(|rest| rest.starts_with(goes_on))
        {
            self.pos += NAME.len();
        }
    }

    /// Reads here-strings, `@( … )`, `@{ … }` and splatted variables.
    fn at_sign(&mut self, word: &mut Word) -> Read<()> {
        let start = self.pos;
        match self.byte(self.pos + 1) {
            Some(b'(') => {
                self.code(2, b')')?;
                self.hole(word, start, true);
            }
            Some(b'{') => {
                self.entries()?;
                self.hole(word, start, false);
            }
            Some(quote @ (b'"' | b'\'')) => self.here_string(word, quote)?,
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.pos += 1;
                self.variable_name();
                self.hole(word, start, true);
            }
            _ => {
                self.pos += 1;
                self.push(word, Part::Literal("@".to_owned()), start);
            }
        }
        Ok(())
    }

    fn here_string(&mut self, word: &mut Word, quote: u8) -> Read<()> {
        self.skip_to("\n");
        let start = self.pos + 1;
        let end = if quote == b'"' { "\n\"@" } else { "\n'@" };
        let rest = self.text.get(self.pos..).unwrap_or_default();
        let close = self.pos + rest.find(end).ok_or(Unreadable)?;
        word.quoted = true;
        self.pos = start.min(close + 1);
        if quote == b'\'' {
            let body = self.text.get(start..close).unwrap_or_default().to_owned();
            self.push(word, Part::Literal(body), start);
        }
        while quote == b'"' && self.pos < close {
            match self.peek() {
                Some(b'$') => self.dollar(word)?,
                Some(b'`') => {
                    let from = self.pos;
                    self.pos += 1;
                    let next = self.bump_char().ok_or(Unreadable)?;
                    self.push(word, Part::Literal(escaped(next).to_string()), from);
                }
                _ => {
                    let from = self.pos;
                    self.bump_char();
                    while self.pos < close && self.peek().is_some_and(|byte| !b"$`".contains(&byte))
                    {
                        self.bump_char();
                    }
                    let text = self.text.get(from..self.pos).unwrap_or_default().to_owned();
                    self.push(word, Part::Literal(text), from);
                }
            }
        }
        self.pos = self.pos.max(close) + end.len();
        Ok(())
    }
}

/// Returns what a backtick and a character stand for.
fn escaped(next: char) -> char {
    match next {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        'e' => '\u{1b}',
        other => other,
    }
}
