//! Reads the inside of `${…}`: name, subscript, operator and operands.
//! What the operator does to a value is the business of the evaluation.

use super::super::ast::{Param, PartKind, RawPart};
use super::Parser;
use super::arith::{Reading, Ticks};
use super::command::part;
use super::cursor::{Read, starts_name};
use super::dollar::Quoting;

/// Longest operators first.
const OPERATORS: [&str; 22] = [
    ":-", ":=", ":?", ":+", "##", "%%", "//", "/#", "/%", "^^", ",,", "~~", "-", "=", "?", "+",
    "#", "%", "/", "^", ",", "~",
];

impl Parser<'_> {
    /// Reads `${…}`; `${ …; }` and `${| …; }` are scripts that run in this shell.
    pub(super) fn braced(&mut self, quoting: Quoting) -> Read<RawPart> {
        let start = self.cur.pos;
        self.cur.enter()?;
        self.cur.bump_many(2);
        let kind = match self.cur.peek() {
            Some(b' ' | b'\t' | b'\n' | b'|') => self.function_substitution()?,
            _ => PartKind::Param(Box::new(self.param(quoting)?)),
        };
        if !self.cur.eat(b'}') {
            return self.fail("`}` is expected");
        }
        self.cur.leave();
        Ok(part(kind, start, self.cur.pos))
    }

    fn function_substitution(&mut self) -> Read<PartKind> {
        self.cur.eat(b'|');
        let script = self.nested_script()?;
        Ok(PartKind::Command(Box::new(script)))
    }

    fn param(&mut self, quoting: Quoting) -> Read<Param> {
        let mut param = Param {
            name: String::new(),
            indirect: false,
            length: false,
            index: None,
            op: String::new(),
            operands: Vec::new(),
        };
        match self.cur.peek() {
            Some(b'#') if self.has_name_behind() => {
                self.cur.bump();
                param.length = true;
            }
            Some(b'!') if self.has_name_behind() => {
                self.cur.bump();
                param.indirect = true;
            }
            _ => {}
        }
        param.name = self.param_name();
        if self.cur.peek() == Some(b'[') && !param.name.is_empty() {
            self.cur.bump();
            param.index = Some(self.subscript()?);
        }
        if self.cur.peek() != Some(b'}') {
            self.operation(&mut param, quoting)?;
        }
        Ok(param)
    }

    /// Tells whether the `#` or `!` that stands here is put before a name.
    fn has_name_behind(&mut self) -> bool {
        match self.cur.peek_second() {
            Some(next) if starts_name(next) || next.is_ascii_digit() => true,
            Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => {
                matches!(self.cur.peek_after(2), Some(b'}' | b'['))
            }
            _ => false,
        }
    }

    fn param_name(&mut self) -> String {
        match self.cur.peek() {
            Some(byte) if starts_name(byte) => self.name(),
            Some(byte) if byte.is_ascii_digit() => {
                let mut digits = String::new();
                while let Some(byte) = self.cur.peek().filter(u8::is_ascii_digit) {
                    digits.push(char::from(byte));
                    self.cur.bump();
                }
                digits
            }
            Some(byte @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')) => {
                self.cur.bump();
                char::from(byte).to_string()
            }
            _ => String::new(),
        }
    }

    /// Reads operator and operands. What is none of the known forms gets the operator `(` and one operand.
    fn operation(&mut self, param: &mut Param, quoting: Quoting) -> Read<()> {
        if param.name.is_empty() {
            param.op = "(".to_owned();
            param.operands.push(self.text_operand(quoting, None)?);
            return Ok(());
        }
        if let Some(op) = self.operator() {
            self.cur.bump_many(op.len());
            param.op = op.to_owned();
            return self.operands(param, quoting);
        }
        match self.cur.peek() {
            Some(b':') => {
                self.cur.bump();
                param.op = ":".to_owned();
                param.operands.push(self.text_operand(quoting, Some(b':'))?);
                if self.cur.eat(b':') {
                    param.operands.push(self.text_operand(quoting, None)?);
                }
            }
            Some(b'@') => {
                self.cur.bump();
                param.op = "@".to_owned();
                param.operands.push(self.text_operand(quoting, None)?);
            }
            Some(b'*') if param.indirect && self.cur.peek_second() == Some(b'}') => {
                self.cur.bump();
                param.op = "*".to_owned();
            }
            _ => {
                param.op = "(".to_owned();
                param.operands.push(self.text_operand(quoting, None)?);
            }
        }
        Ok(())
    }

    fn operator(&mut self) -> Option<&'static str> {
        let (first, second) = (self.cur.peek()?, self.cur.peek_second());
        OPERATORS.into_iter().find(|op| match op.as_bytes() {
            [only] => *only == first,
            [one, two] => *one == first && Some(*two) == second,
            _ => false,
        })
    }

    fn operands(&mut self, param: &mut Param, quoting: Quoting) -> Read<()> {
        let value = matches!(
            param.op.as_str(),
            ":-" | ":=" | ":?" | ":+" | "-" | "=" | "?" | "+"
        );
        if value {
            param.operands.push(self.value_operand(quoting)?);
            return Ok(());
        }
        let replaces = param.op.starts_with('/');
        let pattern = Reading {
            stop: b'}',
            open: None,
            split: replaces.then_some(b'/'),
            ticks: Ticks::Quote,
            quoting: Quoting::None,
            patterns: true,
            no_semicolon: false,
        };
        param.operands.push(self.text_until(pattern)?);
        if replaces && self.cur.eat(b'/') {
            let replacement = Reading {
                split: None,
                patterns: false,
                ..pattern
            };
            param.operands.push(self.text_until(replacement)?);
        }
        Ok(())
    }

    /// Reads the word behind `- = ? +`: inside double quotes `'` is an ordinary character there.
    fn value_operand(&mut self, quoting: Quoting) -> Read<Vec<RawPart>> {
        let bare = quoting == Quoting::None;
        self.text_until(Reading {
            stop: b'}',
            open: None,
            split: None,
            ticks: if bare { Ticks::Quote } else { Ticks::Literal },
            quoting,
            patterns: bare,
            no_semicolon: false,
        })
    }

    /// Reads an operand that is computed, such as an offset.
    fn text_operand(&mut self, quoting: Quoting, split: Option<u8>) -> Read<Vec<RawPart>> {
        self.text_until(Reading {
            stop: b'}',
            open: None,
            split,
            ticks: if quoting == Quoting::None {
                Ticks::Quote
            } else {
                Ticks::Literal
            },
            quoting,
            patterns: false,
            no_semicolon: false,
        })
    }
}
