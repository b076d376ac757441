//! Integer arithmetic as `$(( ))` does it, over known numbers and variables.
//! Anything unknown makes the whole result unknown; assignments inside change the variables.

use crate::model::word::{Hole, Part};

use super::ast::RawPart;
use super::expand::QUOTED;
use super::state::{State, Value, literal, nowhere};
use super::unfold::{Frame, Unfolder};

/// Nesting of parentheses and unary operators.
const MAX_DEPTH: usize = 64;
/// Longer expressions than this are not computed.
const MAX_TEXT: usize = 4_096;

impl Unfolder<'_> {
    /// Returns the number that an expression gives; substitutions inside run in any case.
    pub(super) fn arith(&mut self, parts: &[RawPart], st: &mut State, fr: &Frame) -> Option<i64> {
        let pieces = self.text(parts, QUOTED, st, fr);
        let mut text = String::new();
        for piece in &pieces {
            match &piece.part {
                Part::Literal(part) | Part::Glob(part) => text.push_str(part),
                Part::Hole(_) => text.push('\u{1}'),
            }
        }
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut reader = Reader {
            chars: text.chars().collect(),
            at: 0,
            depth: 0,
            unfolder: self,
            st,
            fr,
        };
        let value = reader.comma();
        let done = reader.rest_is_empty();
        value.filter(|_| done)
    }
}

struct Reader<'r, 'u, 'f> {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    unfolder: &'r mut Unfolder<'f>,
    st: &'u mut State,
    fr: &'u Frame,
}

/// Binary operators by falling strength; longer spellings first.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Reader<'_, '_, '_> {
    fn skip(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn rest_is_empty(&mut self) -> bool {
        self.skip();
        self.at >= self.chars.len()
    }

    fn sees(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(offset, c)| self.chars.get(self.at + offset) == Some(&c))
    }

    fn take(&mut self, text: &str) -> bool {
        self.skip();
        let seen = self.sees(text);
        if seen {
            self.at += text.chars().count();
        }
        seen
    }

    fn comma(&mut self) -> Option<i64> {
        let mut value = self.ternary();
        while self.take(",") {
            value = self.ternary();
        }
        value
    }

    fn ternary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let condition = self.binary(0);
        let value = if self.take("?") {
            let yes = self.ternary();
            let no = if self.take(":") { self.ternary() } else { None };
            match condition {
                Some(0) => no,
                Some(_) => yes,
                None => None,
            }
        } else {
            condition
        };
        self.depth -= 1;
        value
    }

    fn operator(&mut self, level: usize) -> Option<&'static str> {
        self.skip();
        let longer = |op: &str| match op {
            "|" => self.sees("||"),
            "&" => self.sees("&&"),
            "<" => self.sees("<<"),
            ">" => self.sees(">>"),
            "*" => self.sees("**"),
            _ => false,
        };
        let found = LEVELS
            .get(level)?
            .iter()
            .find(|op| self.sees(op) && !longer(op))?;
        let length = found.chars().count();
        let assigns = self.chars.get(self.at + length) == Some(&'=')
            && !matches!(*found, "==" | "!=" | "<=" | ">=" | "<" | ">");
        if assigns {
            return None;
        }
        self.at += length;
        Some(found)
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        if level >= LEVELS.len() {
            return self.power();
        }
        let mut left = self.binary(level + 1);
        while let Some(op) = self.operator(level) {
            let right = self.binary(level + 1);
            left = match (left, right) {
                (Some(a), Some(b)) => compute(op, a, b),
                _ => None,
            };
        }
        left
    }

    fn power(&mut self) -> Option<i64> {
        let base = self.unary();
        if !self.take("**") {
            return base;
        }
        let exponent = self.power();
        base?.checked_pow(u32::try_from(exponent?).ok()?)
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = if self.take("++") || self.take("--") {
            let name = self.name();
            self.forget(&name);
            None
        } else if self.take("!") {
            self.unary().map(|value| i64::from(value == 0))
        } else if self.take("~") {
            self.unary().map(|value| !value)
        } else if self.take("-") {
            self.unary().and_then(i64::checked_neg)
        } else if self.take("+") {
            self.unary()
        } else {
            self.primary()
        };
        self.depth -= 1;
        value
    }

    fn primary(&mut self) -> Option<i64> {
        if self.take("(") {
            let value = self.comma();
            return if self.take(")") { value } else { None };
        }
        self.skip();
        let c = *self.chars.get(self.at)?;
        if c.is_ascii_digit() {
            return self.number();
        }
        let name = self.name();
        if name.is_empty() {
            return None;
        }
        self.variable(&name)
    }

    fn name(&mut self) -> String {
        self.skip();
        let mut name = String::new();
        while let Some(c) = self.chars.get(self.at)
            && (c.is_ascii_alphanumeric() || *c == '_')
        {
            name.push(*c);
            self.at += 1;
        }
        name
    }

    fn number(&mut self) -> Option<i64> {
        let text = self.name();
        if self.chars.get(self.at) == Some(&'#') {
            self.at += 1;
            let digits = self.name();
            return i64::from_str_radix(
                &digits,
                text.parse().ok().filter(|b| (2..=36).contains(b))?,
            )
            .ok();
        }
        if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            return i64::from_str_radix(hex, 16).ok();
        }
        if text.len() > 1 && text.starts_with('0') {
            return i64::from_str_radix(&text, 8).ok();
        }
        text.parse().ok()
    }

    fn variable(&mut self, name: &str) -> Option<i64> {
        let now = self.value(name);
        let assigns = [
            "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "=",
        ];
        for op in assigns {
            if op == "=" && (self.sees_after_blank("==")) {
                continue;
            }
            if self.take(op) {
                let right = self.ternary();
                let result = match (op, now, right) {
                    ("=", _, right) => right,
                    (_, Some(a), Some(b)) => compute(op.trim_end_matches('='), a, b),
                    _ => None,
                };
                self.assign(name, result);
                return result;
            }
        }
        for (op, step) in [("++", 1), ("--", -1)] {
            if self.take(op) {
                self.assign(name, now.and_then(|value| value.checked_add(step)));
                return now;
            }
        }
        now
    }

    fn sees_after_blank(&mut self, text: &str) -> bool {
        self.skip();
        self.sees(text)
    }

    fn value(&mut self, name: &str) -> Option<i64> {
        let pieces = self.unfolder.variable_text(name, &nowhere(), self.st);
        let number = match literal(&pieces) {
            Some(text) if text.trim().is_empty() => Some(0),
            Some(text) => number_in(text.trim()),
            None => None,
        };
        if number.is_none() {
            self.unfolder.reckon_value(&pieces, self.st, self.fr);
        }
        number
    }

    fn assign(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => {
                let piece = super::expand::literal_piece(&value.to_string(), &nowhere());
                self.st.set(name, Value::Text(vec![piece]));
            }
            None => self.forget(name),
        }
    }

    fn forget(&mut self, name: &str) {
        if !name.is_empty() {
            self.st.set(name, Value::unknown(Hole::Name, nowhere()));
        }
    }
}

/// Returns the number that a value is: one with a zero in front counts in eights.
fn number_in(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches(['+', '-']);
    match digits.len() > 1 && digits.starts_with('0') {
        true if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            let number = i64::from_str_radix(digits, 8).ok()?;
            Some(if text.starts_with('-') {
                -number
            } else {
                number
            })
        }
        true => None,
        false => text.parse().ok(),
    }
}

fn compute(op: &str, a: i64, b: i64) -> Option<i64> {
    Some(match op {
        "+" => a.checked_add(b)?,
        "-" => a.checked_sub(b)?,
        "*" => a.checked_mul(b)?,
        "/" => a.checked_div(b)?,
        "%" => a.checked_rem(b)?,
        "<<" => a.checked_shl(u32::try_from(b).ok()?)?,
        ">>" => a.checked_shr(u32::try_from(b).ok()?)?,
        "<" => i64::from(a < b),
        ">" => i64::from(a > b),
        "<=" => i64::from(a <= b),
        ">=" => i64::from(a >= b),
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        "&&" => i64::from(a != 0 && b != 0),
        "||" => i64::from(a != 0 || b != 0),
        _ => return None,
    })
}
