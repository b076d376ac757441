//! Reads text that belongs to no word: arithmetic, subscripts and the operands of `${…}`.
//! It does not compute; substitutions inside stay visible as parts.

use super::super::ast::{PartKind, RawPart};
use super::command::{append_parts, part};
use super::cursor::Read;
use super::dollar::Quoting;
use super::{Parser, Span};

/// What `'` means in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ticks {
    /// It quotes, as in a word.
    Quote,
    /// It is an ordinary character.
    Literal,
    /// Brackets between two of them do not count, but expansions between them run.
    Shield,
}

/// How a text is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Ends the text, unless nested.
    pub stop: u8,
    /// Opens a nested pair that `stop` closes.
    pub open: Option<u8>,
    /// Ends the text as well.
    pub split: Option<u8>,
    pub ticks: Ticks,
    pub quoting: Quoting,
    /// Patterns are active, and backslashes quote any character.
    pub patterns: bool,
    /// An unnested `;` shows that this is no arithmetic.
    pub no_semicolon: bool,
}

const ARITHMETIC: Reading = Reading {
    stop: b')',
    open: Some(b'('),
    split: None,
    ticks: Ticks::Shield,
    quoting: Quoting::Double,
    patterns: false,
    no_semicolon: true,
};

const BRACKETS: Reading = Reading {
    stop: b']',
    open: Some(b'['),
    no_semicolon: false,
    ..ARITHMETIC
};

impl Parser<'_> {
    /// Reads arithmetic whose head has `head` bytes, or comes back to `start` when it is a list in parentheses.
    pub(super) fn try_arithmetic(
        &mut self,
        start: usize,
        head: usize,
        semicolons: bool,
    ) -> Read<Option<Vec<RawPart>>> {
        if self.no_arith.contains(&start) {
            return Ok(None);
        }
        let depth = self.cur.depth;
        let end = self.cur.end;
        let waiting = self.waiting.clone();
        let bodies = self.bodies.len();
        match self.arithmetic(head, semicolons) {
            Ok(parts) => Ok(Some(parts)),
            Err(fault) if self.cur.fuel == 0 => Err(fault),
            Err(_) => {
                self.no_arith.insert(start);
                self.cur.pos = start;
                self.cur.end = end;
                self.cur.depth = depth;
                self.waiting = waiting;
                self.bodies.truncate(bodies);
                Ok(None)
            }
        }
    }

    fn arithmetic(&mut self, head: usize, semicolons: bool) -> Read<Vec<RawPart>> {
        self.cur.enter()?;
        self.cur.bump_many(head);
        let reading = Reading {
            no_semicolon: !semicolons,
            ..ARITHMETIC
        };
        let parts = self.text_until(reading)?;
        if self.cur.peek() != Some(b')') || self.cur.peek_second() != Some(b')') {
            return self.fail("`))` is expected");
        }
        self.cur.bump_many(2);
        self.cur.leave();
        Ok(parts)
    }

    /// Reads `$[ … ]`.
    pub(super) fn old_arithmetic(&mut self) -> Read<RawPart> {
        let start = self.cur.pos;
        self.cur.bump_many(2);
        let parts = self.subscript()?;
        Ok(part(PartKind::Arith(parts), start, self.cur.pos))
    }

    /// Reads up to the closing `]` and over it.
    pub(super) fn subscript(&mut self) -> Read<Vec<RawPart>> {
        self.cur.enter()?;
        let parts = self.text_until(BRACKETS)?;
        if !self.cur.eat(b']') {
            return self.fail("`]` is expected");
        }
        self.cur.leave();
        Ok(parts)
    }

    /// Reads up to, not over, the byte that ends the text.
    pub(super) fn text_until(&mut self, reading: Reading) -> Read<Vec<RawPart>> {
        let mut parts = Vec::new();
        let mut open = 0_usize;
        let mut shield = self.cur.pos;
        loop {
            let Some(byte) = self.cur.peek() else {
                return self.fail("the text ends inside an expansion");
            };
            let here = self.cur.pos;
            let shielded = here < shield;
            if !shielded {
                if byte == reading.stop {
                    if open == 0 {
                        return Ok(parts);
                    }
                    open -= 1;
                } else if Some(byte) == reading.open {
                    open += 1;
                } else if open == 0 && Some(byte) == reading.split {
                    return Ok(parts);
                } else if byte == b';' && reading.no_semicolon {
                    return self.fail("arithmetic holds no `;`");
                }
            }
            if byte == b'\'' && reading.ticks == Ticks::Shield && !shielded {
                shield = self.shield_end();
            }
            self.text_part(byte, reading, shielded, &mut parts)?;
            self.cur.pay(self.cur.pos.saturating_sub(here) / 4)?;
        }
    }

    /// Returns the place of the `'` that closes the one that stands here.
    fn shield_end(&self) -> usize {
        let from = self.cur.pos + 1;
        let rest = self.cur.slice(from, self.cur.end);
        memchr::memchr(b'\'', rest.as_bytes()).map_or(from, |len| from + len + 1)
    }

    fn text_part(
        &mut self,
        byte: u8,
        reading: Reading,
        shielded: bool,
        parts: &mut Vec<RawPart>,
    ) -> Read<()> {
        let start = self.cur.pos;
        let found = match byte {
            b'$' => self.dollar(reading.quoting)?,
            b'`' => Some(self.backticks(reading.quoting == Quoting::Double)?),
            b'"' if !shielded => Some(self.double(start)?),
            b'\'' if reading.ticks == Ticks::Quote => Some(self.single()?),
            b'\\' if !shielded => Some(self.text_escape(reading)),
            b'<' | b'>' if reading.quoting == Quoting::None && self.at_process() => {
                Some(self.process()?)
            }
            b'[' if reading.patterns => Some(self.text_bracket(reading)),
            b'*' | b'?' if reading.patterns => {
                self.cur.bump();
                let text = char::from(byte).to_string();
                Some(part(PartKind::Glob(text), start, self.cur.pos))
            }
            _ => None,
        };
        match found {
            Some(found) if matches!(found.kind, PartKind::Plain(_)) => {
                append_parts(parts, vec![found]);
            }
            Some(found) => parts.push(found),
            None => self.text_char(parts),
        }
        Ok(())
    }

    /// Takes one ordinary character.
    fn text_char(&mut self, parts: &mut Vec<RawPart>) {
        let start = self.cur.pos;
        let text = self.cur.bump_char();
        let end = self.cur.pos;
        if let Some(RawPart {
            kind: PartKind::Plain(last),
            span,
        }) = parts.last_mut()
        {
            last.push_str(text);
            *span = span.join(Span::new(start, end));
        } else {
            parts.push(part(PartKind::Plain(text.to_owned()), start, end));
        }
    }

    /// Takes a backslash: outside quotes it quotes anything, inside only what would mean something.
    fn text_escape(&mut self, reading: Reading) -> RawPart {
        let start = self.cur.pos;
        self.cur.pos += 1;
        let free = reading.quoting == Quoting::None || reading.patterns;
        let known = match self.cur.raw(self.cur.pos) {
            Some(b'$' | b'`' | b'"' | b'\\') => true,
            Some(next) => free || next == reading.stop || next == b'\'' && reading.open.is_some(),
            None => false,
        };
        let text = if known { self.cur.bump_char() } else { "\\" }.to_owned();
        let kind = if known {
            PartKind::Escaped(text)
        } else {
            PartKind::Plain(text)
        };
        part(kind, start, self.cur.pos)
    }

    /// Takes a `[` in a pattern: one part with its `]` when nothing is expanded between them.
    fn text_bracket(&mut self, reading: Reading) -> RawPart {
        let start = self.cur.pos;
        let mut at = start + 1;
        while let Some(byte) = self.cur.raw(at) {
            let special = matches!(byte, b'\'' | b'"' | b'$' | b'`' | b'\\' | b'[');
            if special || byte == reading.stop || Some(byte) == reading.split || at > start + 64 {
                break;
            }
            at += 1;
            if byte == b']' && at > start + 2 {
                self.cur.pos = at;
                return part(
                    PartKind::Glob(self.cur.slice(start, at).to_owned()),
                    start,
                    at,
                );
            }
        }
        self.cur.bump();
        part(PartKind::Glob("[".to_owned()), start, self.cur.pos)
    }
}
