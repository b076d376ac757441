//! Texts of JSON read as Python reads them: whole numbers of any size, keys in their order, no byte too much.
//! A text that is not known to be right or wrong ends the attempt.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::super::play::Player;
use super::super::super::value::{Map, Outcome, Stop, Value};

/// Levels of one value.
const MAX_LEVELS: usize = 120;

/// Why a text is not read.
pub(super) enum Refused {
    /// Python refuses it.
    Wrong,
    /// It cannot be told.
    Lost,
}

impl From<Stop> for Refused {
    fn from(_: Stop) -> Self {
        Self::Lost
    }
}

type Read<T> = Result<T, Refused>;

/// A text that is being read.
struct Reader<'t> {
    rest: &'t str,
}

/// Reads a whole text.
pub(super) fn read(player: &mut Player<'_>, text: &str) -> Read<Value> {
    let mut reader = Reader { rest: text };
    reader.pass();
    let value = reader.value(player, 0)?;
    reader.pass();
    match reader.rest.is_empty() {
        true => Ok(value),
        false => Err(Refused::Wrong),
    }
}

impl Reader<'_> {
    fn pass(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn takes(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, player: &mut Player<'_>, level: usize) -> Read<Value> {
        player.worked(1)?;
        if level > MAX_LEVELS {
            return Err(Refused::Lost);
        }
        for (word, value) in [
            ("null", Value::None),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.takes(word) {
                return Ok(value);
            }
        }
        if ["NaN", "Infinity", "-Infinity"]
            .iter()
            .any(|word| self.rest.starts_with(word))
        {
            return Err(Refused::Lost);
        }
        match self.rest.chars().next() {
            Some('"') => {
                let text = self.string()?;
                Ok(player.text(text)?)
            }
            Some('[') => self.list(player, level),
            Some('{') => self.object(player, level),
            Some('-' | '0'..='9') => self.number(),
            _ => Err(Refused::Wrong),
        }
    }

    fn list(&mut self, player: &mut Player<'_>, level: usize) -> Read<Value> {
        self.takes("[");
        self.pass();
        let mut all = Vec::new();
        if self.takes("]") {
            return Ok(Value::list(all));
        }
        loop {
            self.pass();
            all.push(self.value(player, level + 1)?);
            self.pass();
            if self.takes("]") {
                return Ok(Value::list(all));
            }
            if !self.takes(",") {
                return Err(Refused::Wrong);
            }
        }
    }

    fn object(&mut self, player: &mut Player<'_>, level: usize) -> Read<Value> {
        self.takes("{");
        self.pass();
        let mut all = Map::default();
        let mut more = !self.takes("}");
        while more {
            self.pass();
            if !self.rest.starts_with('"') {
                return Err(Refused::Wrong);
            }
            let key = self.string()?;
            self.pass();
            if !self.takes(":") {
                return Err(Refused::Wrong);
            }
            self.pass();
            let value = self.value(player, level + 1)?;
            let key = player.text(key)?;
            all.set(key, value)?;
            self.pass();
            more = !self.takes("}");
            if more && !self.takes(",") {
                return Err(Refused::Wrong);
            }
        }
        all.told = true;
        Ok(Value::Dict(Rc::new(RefCell::new(all))))
    }

    fn string(&mut self) -> Read<String> {
        let mut chars = self.rest.char_indices().skip(1);
        let mut all = String::new();
        let mut high = None;
        while let Some((at, char)) = chars.next() {
            if high.is_some() && char != '\\' {
                // Half of a letter.
                return Err(Refused::Lost);
            }
            match char {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(all);
                }
                '\\' => {
                    let (_, sign) = chars.next().ok_or(Refused::Wrong)?;
                    let plain = match sign {
                        '"' | '\\' | '/' => sign,
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => {
                            let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                            let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                            if digits.len() != 4 || !hex {
                                return Err(Refused::Wrong);
                            }
                            let unit =
                                u16::from_str_radix(&digits, 16).map_err(|_| Refused::Wrong)?;
                            let units: Vec<u16> = high.take().into_iter().chain([unit]).collect();
                            match String::from_utf16(&units) {
                                Ok(text) => all.push_str(&text),
                                Err(_) if units.len() == 1 && (0xd800..0xdc00).contains(&unit) => {
                                    high = Some(unit);
                                }
                                Err(_) => return Err(Refused::Lost),
                            }
                            continue;
                        }
                        _ => return Err(Refused::Wrong),
                    };
                    if high.is_some() {
                        return Err(Refused::Lost);
                    }
                    all.push(plain);
                }
                char if char < ' ' => return Err(Refused::Wrong),
                char => all.push(char),
            }
        }
        Err(Refused::Wrong)
    }

    fn number(&mut self) -> Read<Value> {
        let digits =
            |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let sign = usize::from(self.rest.starts_with('-'));
        let behind = |at: usize| self.rest.get(at..).unwrap_or_default();
        let mut end = sign
            + match behind(sign).starts_with('0') {
                true => 1,
                false => digits(behind(sign)),
            };
        if end == sign {
            return Err(Refused::Wrong);
        }
        let whole = end;
        let part = behind(end).strip_prefix('.').map_or(0, digits);
        end += if part > 0 { part + 1 } else { 0 };
        if let Some(power) = behind(end).strip_prefix(['e', 'E']) {
            let bare = power.strip_prefix(['+', '-']).unwrap_or(power);
            let count = digits(bare);
            if count > 0 {
                end += 1 + (power.len() - bare.len()) + count;
            }
        }
        let text = self.rest.get(..end).unwrap_or_default();
        let value = match end == whole {
            true => Value::Int(text.parse().map_err(|_| Refused::Lost)?),
            false => {
                let broken: f64 = text.parse().map_err(|_| Refused::Lost)?;
                if !broken.is_finite() {
                    return Err(Refused::Lost);
                }
                Value::Float(broken)
            }
        };
        self.rest = behind(end);
        Ok(value)
    }
}

/// Returns the text of bytes, without what says that they are one; nothing where they are in another form.
pub(super) fn of_bytes(bytes: &[u8]) -> Outcome<Rc<str>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err(Stop::Lost);
    }
    std::str::from_utf8(bytes)
        .map(Rc::from)
        .map_err(|_| Stop::Lost)
}
