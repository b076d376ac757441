//! Reads words: unquoted text, quotes, patterns.
//! Expansions behind `$` and backticks are read in `dollar`.

use super::super::ast::{PartKind, RawPart, RawWord};
use super::command::{append_parts, part};
use super::cursor::{Read, ends_word};
use super::dollar::Quoting;
use super::{Parser, Span};

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere a word must stand.
    Word,
    /// The right side of an assignment; may be empty.
    Value,
    /// The rest of a word that has begun; may be empty.
    Rest,
    /// Behind `=~`: parentheses and bars belong to the word.
    Regex,
}

/// Tells whether a byte means something of its own inside an unquoted word.
#[inline]
fn is_special(byte: u8) -> bool {
    ends_word(byte)
        || matches!(
            byte,
            b'\\' | b'\'' | b'"' | b'$' | b'`' | b'*' | b'?' | b'['
        )
}

impl Parser<'_> {
    /// Tells whether `<(` or `>(` stands here.
    pub(super) fn at_process(&mut self) -> bool {
        matches!(self.cur.peek(), Some(b'<' | b'>')) && self.cur.peek_second() == Some(b'(')
    }

    /// Reads one word.
    pub(super) fn word(&mut self, place: Place) -> Read<RawWord> {
        self.cur.peek();
        let start = self.cur.pos;
        let mut parts = Vec::with_capacity(1);
        let mut open = 0_usize;
        while let Some(byte) = self.cur.peek() {
            if place == Place::Word && self.qualified(byte, &mut parts) {
                break;
            }
            if place == Place::Word && self.alternatives(byte, &mut parts) {
                continue;
            }
            if ends_word(byte) && !self.at_process() {
                if place != Place::Regex || !self.regex_text(byte, &mut open, &mut parts) {
                    break;
                }
                continue;
            }
            let before = self.cur.pos;
            self.word_part(byte, &mut parts)?;
            self.cur.pay(self.cur.pos.saturating_sub(before) / 4)?;
        }
        if open > 0 {
            return self.fail("`)` is expected in a regular expression");
        }
        if parts.is_empty() && matches!(place, Place::Word | Place::Regex) {
            return self.fail("a word is expected");
        }
        let span = Span::new(start, self.cur.pos.max(start));
        Ok(RawWord { parts, span })
    }

    /// Takes the qualifiers of zsh behind a pattern, which choose among the names that it gives: `*.csv(om[6,-1])`, `*(N)`.
    /// They end the word. `*(a|b)` of bash is an extended pattern.
    fn qualified(&mut self, byte: u8, parts: &mut Vec<RawPart>) -> bool {
        let star = byte == b'*' && self.cur.peek_second() == Some(b'(');
        let behind = byte == b'('
            && parts
                .iter()
                .any(|part| matches!(part.kind, PartKind::Glob(_)));
        if !star && !behind {
            return false;
        }
        let start = self.cur.pos;
        let open = start + usize::from(star);
        let mut at = open + 1;
        while let Some(byte) = self.cur.raw(at)
            && (byte.is_ascii_alphanumeric() || b"./@=%^+-,:[]#".contains(&byte))
        {
            at += 1;
        }
        let text = self.cur.slice(open + 1, at);
        let closed = self.cur.raw(at) == Some(b')') && self.cur.raw(at + 1).is_none_or(ends_word);
        if text.is_empty() || text.starts_with("[[") || text.contains("[:") || !closed {
            return false;
        }
        let qualifiers = PartKind::Glob(self.cur.slice(open, at + 1).to_owned());
        self.cur.pos = at + 1;
        if star {
            parts.push(part(PartKind::Glob("*".to_owned()), start, open));
        }
        parts.push(part(qualifiers, open, at + 1));
        true
    }

    /// Takes alternatives of zsh inside a word: `*.(log|bak)`, which bash spells `*.@(log|bak)`.
    fn alternatives(&mut self, byte: u8, parts: &mut Vec<RawPart>) -> bool {
        if byte != b'(' || parts.is_empty() {
            return false;
        }
        let start = self.cur.pos;
        let mut end = start + 1;
        let mut several = false;
        while let Some(byte) = self.cur.raw(end)
            && (byte.is_ascii_alphanumeric() || b"./_-+@=%^,:~*?|".contains(&byte))
        {
            several |= byte == b'|';
            end += 1;
        }
        if !several || self.cur.raw(end) != Some(b')') {
            return false;
        }
        let text = format!("@{}", self.cur.slice(start, end + 1));
        self.cur.pos = end + 1;
        parts.push(part(PartKind::Glob(text), start, end + 1));
        true
    }

    /// Takes an operator character into a regular expression, if it belongs there.
    fn regex_text(&mut self, byte: u8, open: &mut usize, parts: &mut Vec<RawPart>) -> bool {
        match byte {
            b'(' => *open += 1,
            b')' if *open > 0 => *open -= 1,
            b'|' => {}
            _ if *open > 0 && byte != b')' => {}
            _ => return false,
        }
        let start = self.cur.pos;
        self.cur.bump();
        let text = PartKind::Plain(char::from(byte).to_string());
        append_parts(parts, vec![part(text, start, self.cur.pos)]);
        true
    }

    /// Reads one part that starts with `byte`.
    pub(super) fn word_part(&mut self, byte: u8, parts: &mut Vec<RawPart>) -> Read<()> {
        let start = self.cur.pos;
        let found = match byte {
            b'\'' => self.single()?,
            b'"' => self.double(start)?,
            b'\\' => self.escaped(),
            b'$' => match self.dollar(Quoting::None)? {
                Some(found) => found,
                None => self.lone_dollar(),
            },
            b'`' => self.backticks(false)?,
            b'<' | b'>' => self.process()?,
            b'*' | b'?' | b'+' | b'@' | b'!' if self.at_extended_glob() => {
                return self.extended_glob(parts);
            }
            b'*' | b'?' => self.wildcards(),
            b'[' => self.bracket()?,
            _ => self.plain(),
        };
        if matches!(found.kind, PartKind::Plain(_)) {
            append_parts(parts, vec![found]);
        } else {
            parts.push(found);
        }
        Ok(())
    }

    fn lone_dollar(&mut self) -> RawPart {
        let start = self.cur.pos;
        self.cur.bump();
        part(PartKind::Plain("$".to_owned()), start, self.cur.pos)
    }

    /// Reads unquoted text without special characters; the first byte is taken in any case.
    fn plain(&mut self) -> RawPart {
        let start = self.cur.pos;
        let mut text = String::new();
        let mut at = start;
        let mut from = start;
        loop {
            match self.cur.raw(at) {
                Some(b'\\') if self.cur.raw(at + 1) == Some(b'\n') => {
                    text.push_str(self.cur.slice(from, at));
                    at += 2;
                    from = at;
                }
                Some(b'+' | b'@' | b'!') if at > start && self.cur.raw(at + 1) == Some(b'(') => {
                    break;
                }
                Some(byte) if at == start || !is_special(byte) => at += 1,
                _ => break,
            }
        }
        text.push_str(self.cur.slice(from, at));
        self.cur.pos = at;
        part(PartKind::Plain(text), start, at)
    }

    fn escaped(&mut self) -> RawPart {
        let start = self.cur.pos;
        self.cur.pos += 1;
        let text = match self.cur.bump_char() {
            "" => "\\",
            text => text,
        };
        part(PartKind::Escaped(text.to_owned()), start, self.cur.pos)
    }

    /// Reads `'…'`.
    pub(super) fn single(&mut self) -> Read<RawPart> {
        let start = self.cur.pos;
        let inside = self.cur.slice(start + 1, self.cur.end);
        let Some(len) = memchr::memchr(b'\'', inside.as_bytes()) else {
            return self.fail("a single quote is not closed");
        };
        let text = inside.get(..len).unwrap_or_default().to_owned();
        self.cur.pos = start + len + 2;
        Ok(part(PartKind::Single(text), start, self.cur.pos))
    }

    /// Reads `"…"`; `start` is before the `$` of `$"…"`.
    pub(super) fn double(&mut self, start: usize) -> Read<RawPart> {
        self.cur.enter()?;
        self.cur.bump();
        let parts = self.quoted_text(Some(b'"'))?;
        if !self.cur.eat(b'"') {
            return self.fail("a double quote is not closed");
        }
        self.cur.leave();
        Ok(part(PartKind::Double(parts), start, self.cur.pos))
    }

    /// Reads text in which only `$`, backticks and backslashes mean something, up to `stop` or the end.
    pub(super) fn quoted_text(&mut self, stop: Option<u8>) -> Read<Vec<RawPart>> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut start = self.cur.pos;
        while let Some(byte) = self.cur.peek().filter(|byte| Some(*byte) != stop) {
            self.cur.pay(0)?;
            let here = self.cur.pos;
            let found = match byte {
                b'$' => self.dollar(Quoting::Double)?,
                b'`' => Some(self.backticks(stop.is_some())?),
                _ => None,
            };
            if let Some(found) = found {
                flush(&mut text, start, here, &mut parts);
                parts.push(found);
                start = self.cur.pos;
            } else if byte == b'\\' {
                self.quoted_escape(stop, &mut text);
            } else {
                self.quoted_run(stop, &mut text);
            }
        }
        flush(&mut text, start, self.cur.pos, &mut parts);
        Ok(parts)
    }

    /// Takes a backslash inside double quotes: it quotes only a few characters.
    fn quoted_escape(&mut self, stop: Option<u8>, text: &mut String) {
        match self.cur.raw(self.cur.pos + 1) {
            Some(next @ (b'$' | b'`' | b'\\')) => {
                text.push(char::from(next));
                self.cur.pos += 2;
            }
            Some(b'"') if stop.is_some() => {
                text.push('"');
                self.cur.pos += 2;
            }
            _ => {
                text.push('\\');
                self.cur.pos += 1;
            }
        }
    }

    /// Takes plain characters inside double quotes, at least one.
    fn quoted_run(&mut self, stop: Option<u8>, text: &mut String) {
        let start = self.cur.pos;
        let mut at = start + 1;
        while let Some(byte) = self.cur.raw(at) {
            if matches!(byte, b'$' | b'`' | b'\\') || Some(byte) == stop {
                break;
            }
            at += 1;
        }
        text.push_str(self.cur.slice(start, at));
        self.cur.pos = at;
    }

    fn wildcards(&mut self) -> RawPart {
        let start = self.cur.pos;
        let mut text = String::new();
        while let Some(byte @ (b'*' | b'?')) = self.cur.peek() {
            if !text.is_empty() && self.at_extended_glob() {
                break;
            }
            text.push(char::from(byte));
            self.cur.bump();
        }
        part(PartKind::Glob(text), start, self.cur.pos)
    }

    /// Tells whether `?(`, `*(`, `+(`, `@(` or `!(` stands here; `f@()` is a function's head.
    fn at_extended_glob(&mut self) -> bool {
        self.cur.peek_second() == Some(b'(') && self.cur.peek_after(2) != Some(b')')
    }

    /// Reads an extended glob; what is expanded inside it stays visible as parts.
    fn extended_glob(&mut self, parts: &mut Vec<RawPart>) -> Read<()> {
        self.cur.enter()?;
        let start = self.cur.pos;
        let head = self.cur.peek().map(char::from).unwrap_or_default();
        self.cur.bump_many(2);
        parts.push(part(
            PartKind::Glob(format!("{head}(")),
            start,
            self.cur.pos,
        ));
        loop {
            let here = self.cur.pos;
            match self.cur.peek() {
                None => return self.fail("an extended pattern is not closed"),
                Some(b')') => break,
                Some(byte) if ends_word(byte) && !self.at_process() => {
                    self.cur.bump();
                    let text = PartKind::Glob(char::from(byte).to_string());
                    parts.push(part(text, here, self.cur.pos));
                }
                Some(byte) => self.word_part(byte, parts)?,
            }
            self.cur.pay(0)?;
        }
        let end = self.cur.pos;
        self.cur.bump();
        parts.push(part(PartKind::Glob(")".to_owned()), end, self.cur.pos));
        self.cur.leave();
        Ok(())
    }

    /// Returns the place behind `[:name:]` inside a bracket pattern, or behind the bare `[`.
    fn past_class(&self, at: usize) -> usize {
        if self.cur.raw(at + 1) == Some(b':') {
            let mut end = at + 2;
            while self
                .cur
                .raw(end)
                .is_some_and(|byte| byte.is_ascii_alphabetic())
                && end < at + 12
            {
                end += 1;
            }
            if self.cur.raw(end) == Some(b':') && self.cur.raw(end + 1) == Some(b']') {
                return end + 2;
            }
        }
        at + 1
    }

    /// Reads `[…]` as one pattern, `[` as the start of one with expansions inside, or a plain `[`.
    pub(super) fn bracket(&mut self) -> Read<RawPart> {
        let start = self.cur.pos;
        if start < self.bracket.0 || start >= self.bracket.1 {
            let mut at = start + 1;
            if matches!(self.cur.raw(at), Some(b'!' | b'^')) {
                at += 1;
            }
            if self.cur.raw(at) == Some(b']') {
                at += 1;
            }
            let active = loop {
                match self.cur.raw(at) {
                    Some(b']') => {
                        self.cur.pos = at + 1;
                        let text = self.cur.slice(start, at + 1).to_owned();
                        self.cur.pay(at - start)?;
                        return Ok(part(PartKind::Glob(text), start, at + 1));
                    }
                    Some(b'\'' | b'"' | b'$' | b'`' | b'\\') => break true,
                    Some(b'[') => at = self.past_class(at),
                    Some(byte) if !ends_word(byte) => at += 1,
                    _ => break false,
                }
            };
            self.cur.pay(at - start)?;
            self.bracket = (start, at, active);
        }
        self.cur.bump();
        let text = "[".to_owned();
        let kind = if self.bracket.2 {
            PartKind::Glob(text)
        } else {
            PartKind::Plain(text)
        };
        Ok(part(kind, start, self.cur.pos))
    }
}

/// Moves collected text into a part.
fn flush(text: &mut String, start: usize, end: usize, parts: &mut Vec<RawPart>) {
    if !text.is_empty() {
        parts.push(part(PartKind::Plain(std::mem::take(text)), start, end));
    }
}
