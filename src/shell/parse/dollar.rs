//! Reads what starts with `$` or a backtick, and process substitutions.
//! The inside of `${…}` is read in `param`, arithmetic in `arith`.

use super::super::ast::{Param, PartKind, RawPart, Script};
use super::command::part;
use super::cursor::{Read, in_name, starts_name};
use super::{Parser, Span, attach};
use crate::model::name;

/// How the text around an expansion is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    None,
    Double,
}

impl Parser<'_> {
    /// Reads an expansion behind `$`, or nothing (and moves nothing) when the `$` stands for itself.
    pub(super) fn dollar(&mut self, quoting: Quoting) -> Read<Option<RawPart>> {
        let start = self.cur.pos;
        let Some(next) = self.cur.peek_second() else {
            return Ok(None);
        };
        let found = match next {
            b'(' => self.parenthesised(start)?,
            b'[' => self.old_arithmetic()?,
            b'{' => self.braced(quoting)?,
            b'\'' if quoting == Quoting::None => self.ansi_c()?,
            b'"' if quoting == Quoting::None => {
                self.cur.bump();
                self.cur.peek();
                self.double(start)?
            }
            b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' | b'0'..=b'9' => {
                self.cur.bump_many(2);
                self.simple_param(start, char::from(next).to_string())
            }
            _ if starts_name(next) => {
                self.cur.bump();
                let name = self.name();
                self.simple_param(start, name)
            }
            _ => return Ok(None),
        };
        Ok(Some(found))
    }

    fn simple_param(&self, start: usize, name: String) -> RawPart {
        let param = Param {
            name,
            indirect: false,
            length: false,
            index: None,
            op: String::new(),
            operands: Vec::new(),
        };
        part(PartKind::Param(Box::new(param)), start, self.cur.pos)
    }

    /// Reads letters, digits and underscores.
    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(byte) = self.cur.peek() {
            if !in_name(byte) {
                break;
            }
            name.push(char::from(byte));
            self.cur.bump();
        }
        name
    }

    /// Reads `$(( … ))` or `$( … )`.
    fn parenthesised(&mut self, start: usize) -> Read<RawPart> {
        if self.cur.peek_after(2) == Some(b'(')
            && let Some(parts) = self.try_arithmetic(start, 3, false)?
        {
            return Ok(part(PartKind::Arith(parts), start, self.cur.pos));
        }
        self.cur.bump_many(2);
        let script = self.nested_script()?;
        if !self.cur.eat(b')') {
            return self.fail("`)` is expected");
        }
        Ok(part(
            PartKind::Command(Box::new(script)),
            start,
            self.cur.pos,
        ))
    }

    /// Reads `<( … )` or `>( … )`.
    pub(super) fn process(&mut self) -> Read<RawPart> {
        let start = self.cur.pos;
        let input = self.cur.peek() == Some(b'<');
        self.cur.bump_many(2);
        let script = Box::new(self.nested_script()?);
        if !self.cur.eat(b')') {
            return self.fail("`)` is expected");
        }
        Ok(part(
            PartKind::Process { input, script },
            start,
            self.cur.pos,
        ))
    }

    /// Reads a script with here-documents of its own, up to its closer.
    pub(super) fn nested_script(&mut self) -> Read<Script> {
        self.cur.enter()?;
        let outer = std::mem::take(&mut self.waiting);
        let script = self.script()?;
        if !self.waiting.is_empty() {
            // Shells differ here: bash 5.2 takes the body from behind the substitution, others from nowhere.
            return self.fail("a here-document is not ended inside its substitution");
        }
        self.waiting = outer;
        self.cur.leave();
        Ok(script)
    }

    /// Reads `` `…` ``: the text up to the next bare backtick, some escapes undone, is a script.
    pub(super) fn backticks(&mut self, quoted: bool) -> Read<RawPart> {
        let start = self.cur.pos;
        let (close, escapes) = self.backtick_end(start, quoted)?;
        self.cur.pay(close - start)?;
        let span = Span::new(start, close + 1);
        let script = if escapes {
            let inside = unescape(self.cur.slice(start + 1, close), quoted);
            self.detached_script(&inside, span)?
        } else {
            let end = self.cur.end;
            self.cur.pos = start + 1;
            self.cur.end = close;
            let script = self.nested_script()?;
            if self.cur.peek().is_some() {
                return self.fail("unexpected text in backticks");
            }
            self.cur.end = end;
            script
        };
        self.cur.pos = close + 1;
        Ok(RawPart {
            kind: PartKind::Command(Box::new(script)),
            span,
        })
    }

    /// Returns the place of the closing backtick, and whether escapes have to be undone before it.
    fn backtick_end(&self, start: usize, quoted: bool) -> Read<(usize, bool)> {
        let mut at = start + 1;
        let mut escapes = false;
        loop {
            match self.cur.raw(at) {
                None => return self.fail("a backtick is not closed"),
                Some(b'`') => return Ok((at, escapes)),
                Some(b'\\') => {
                    escapes |= match self.cur.raw(at + 1) {
                        Some(b'`' | b'\\' | b'$') => true,
                        Some(b'"') => quoted,
                        _ => false,
                    };
                    at += 2;
                }
                Some(_) => at += 1,
            }
        }
    }

    /// Reads a script from a text that does not stand in ours as it is; every span becomes `span`.
    fn detached_script(&mut self, text: &str, span: Span) -> Read<Script> {
        self.cur.enter()?;
        let mut inner = Parser::new(text);
        inner.cur.depth = self.cur.depth;
        inner.cur.fuel = self.cur.fuel;
        let outcome = inner.nested_script().and_then(|script| {
            if inner.cur.peek().is_some() {
                return inner.fail("unexpected text in backticks");
            }
            Ok(script)
        });
        self.cur.fuel = inner.cur.fuel;
        let mut script = match outcome {
            Ok(script) => script,
            Err(fault) => return self.fail(fault.reason),
        };
        attach::bodies(&mut script, &mut inner.bodies);
        attach::place(&mut script, span);
        self.cur.leave();
        Ok(script)
    }

    /// Reads `$'…'` and decodes it.
    fn ansi_c(&mut self) -> Read<RawPart> {
        let start = self.cur.pos;
        self.cur.bump_many(2);
        let from = self.cur.pos;
        let mut at = from;
        loop {
            match self.cur.raw(at) {
                None => return self.fail("a `$'` is not closed"),
                Some(b'\'') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
        let text = decode_ansi_c(self.cur.slice(from, at));
        self.cur.pos = at + 1;
        Ok(part(PartKind::AnsiC(text), start, at + 1))
    }
}

/// Undoes the escapes that backticks know.
fn unescape(text: &str, quoted: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        let known = |next: &char| matches!(next, '`' | '\\' | '$') || (quoted && *next == '"');
        match chars.peek() {
            Some(escaped) if next == '\\' && known(escaped) => {
                plain.push(*escaped);
                chars.next();
            }
            _ => plain.push(next),
        }
    }
    plain
}

/// Decodes the inside of `$'…'`; a NUL ends it.
/// Bytes that form no UTF-8 are carried, since a file may be named so.
fn decode_ansi_c(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        if next != '\\' {
            push_char(&mut bytes, next);
            continue;
        }
        let Some(escape) = rest.next() else {
            bytes.push(b'\\');
            break;
        };
        let simple = match escape {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'a' => 7,
            'b' => 8,
            'v' => 11,
            'f' => 12,
            'e' | 'E' => 27,
            '\\' | '\'' | '"' | '?' => u8::try_from(escape).unwrap_or_default(),
            _ => {
                if !decode_number(escape, &mut rest, &mut bytes) {
                    break;
                }
                continue;
            }
        };
        bytes.push(simple);
    }
    name::text(&bytes)
}

type Chars<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// Decodes `\x`, `\u`, `\U`, `\c` and octal escapes; false when the string ends at a NUL.
fn decode_number(escape: char, rest: &mut Chars<'_>, bytes: &mut Vec<u8>) -> bool {
    let code = match escape {
        'x' => {
            let braced = rest.next_if_eq(&'{').is_some();
            let code = digits(rest, 16, if braced { 8 } else { 2 }, 0);
            if braced {
                rest.next_if_eq(&'}');
            }
            code.map(|code| code & 0xff)
        }
        'u' | 'U' => {
            let code = digits(rest, 16, if escape == 'u' { 4 } else { 8 }, 0);
            return match code {
                Some(0) => false,
                Some(code) => {
                    push_char(bytes, char::from_u32(code).unwrap_or('\u{fffd}'));
                    true
                }
                None => literal_escape(escape, bytes),
            };
        }
        'c' => rest.next().map(|control| {
            if control == '?' {
                0x7f
            } else {
                u32::from(control) & 0x1f
            }
        }),
        '0'..='7' => {
            let first = escape.to_digit(8).unwrap_or_default();
            digits(rest, 8, 2, first)
                .or(Some(first))
                .map(|code| code & 0xff)
        }
        _ => return literal_escape(escape, bytes),
    };
    match code {
        Some(0) => false,
        Some(code) => {
            bytes.push(u8::try_from(code).unwrap_or_default());
            true
        }
        None => literal_escape(escape, bytes),
    }
}

fn literal_escape(escape: char, bytes: &mut Vec<u8>) -> bool {
    bytes.push(b'\\');
    push_char(bytes, escape);
    true
}

/// Reads up to `most` digits; nothing when there is none.
fn digits(rest: &mut Chars<'_>, radix: u32, most: usize, first: u32) -> Option<u32> {
    let mut value = first;
    let mut count = 0;
    while count < most {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(radix)) else {
            break;
        };
        rest.next();
        value = value.wrapping_mul(radix).wrapping_add(digit);
        count += 1;
    }
    (count > 0).then_some(value)
}

fn push_char(bytes: &mut Vec<u8>, next: char) {
    let mut buffer = [0; 4];
    bytes.extend_from_slice(next.encode_utf8(&mut buffer).as_bytes());
}
