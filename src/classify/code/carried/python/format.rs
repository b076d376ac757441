//! How values are written: `str`, `repr`, format specifications, `%` and `str.format`.
//! A value whose text is not known gives none; a specification that is not known ends the attempt.

use std::rc::Rc;

use super::calls::Given;
use super::play::Player;
use super::terms::Spot;
use super::value::{Kind, Object, Outcome, Stop, Value};

/// Letters of one filled field.
const MAX_WIDTH: usize = 1_000;

impl Player<'_> {
    /// Returns what `str` makes of a value; nothing where that is not known.
    pub fn string(&mut self, value: &Value) -> Outcome<Option<String>> {
        self.worked(1)?;
        Ok(match value {
            Value::Text(text) | Value::Path(text) => Some(text.to_string()),
            Value::Object(object) => return self.object_string(value, object),
            Value::Date(moment, whole) => super::library::dates::written(*moment, *whole, ' '),
            other => return self.written(other),
        })
    }

    fn object_string(&mut self, value: &Value, object: &Rc<Object>) -> Outcome<Option<String>> {
        if object.class.find("__str__").is_some() {
            let method = self.attribute(value, "__str__")?;
            let told = self.call(&method, Given::default())?;
            return self.string(&told);
        }
        if let Some(text) = super::enums::written(object) {
            return Ok(Some(text));
        }
        if object.class.is_exception() {
            let Some(Value::Tuple(arguments)) = object.get("args") else {
                return Ok(None);
            };
            // The message of an error of the language is its own.
            if super::doubt::hides_text(object) || arguments.len() == 2 {
                return Ok(None);
            }
            return match arguments.first() {
                None => Ok(Some(String::new())),
                Some(_) if arguments.len() > 1 => Ok(None),
                Some(one)
                    if object
                        .class
                        .line()
                        .iter()
                        .any(|class| class.name == "KeyError") =>
                {
                    self.written(&one.clone())
                }
                Some(one) => self.string(&one.clone()),
            };
        }
        self.written(value)
    }

    /// Returns what `repr` makes of a value; nothing where that is not known.
    pub fn written(&mut self, value: &Value) -> Outcome<Option<String>> {
        self.worked(1)?;
        Ok(Some(match value {
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => float(*number),
            // Which signs are written out is not known beyond letters.
            Value::Text(text) | Value::Path(text)
                if text.contains(|sign: char| !sign.is_ascii() && !sign.is_alphanumeric()) =>
            {
                return Ok(None);
            }
            Value::Text(text) => quoted(text),
            Value::Path(text) => format!("PosixPath({})", quoted(text)),
            Value::List(items) => {
                let items = items.borrow().clone();
                return self.deeper(|player| player.listed(&items, "[", "]"));
            }
            Value::Tuple(items) => {
                let end = if items.len() == 1 { ",)" } else { ")" };
                return self.deeper(|player| player.listed(items, "(", end));
            }
            Value::Dict(map) => {
                if map.borrow().counts || map.borrow().missing.is_some() {
                    return Ok(None);
                }
                let entries = map.borrow().entries();
                let mut all = Vec::new();
                for (key, value) in entries {
                    let pair = (
                        self.deeper(|player| player.written(&key))?,
                        self.deeper(|player| player.written(&value))?,
                    );
                    let (Some(key), Some(value)) = pair else {
                        return Ok(None);
                    };
                    all.push(format!("{key}: {value}"));
                }
                format!("{{{}}}", all.join(", "))
            }
            Value::Object(object) if object.class.find("__repr__").is_some() => {
                let method = self.attribute(value, "__repr__")?;
                let told = self.call(&method, Given::default())?;
                return self.string(&told);
            }
            _ => return Ok(None),
        }))
    }

    fn listed(&mut self, items: &[Value], open: &str, close: &str) -> Outcome<Option<String>> {
        let mut all = Vec::new();
        for item in items {
            let Some(text) = self.written(item)? else {
                return Ok(None);
            };
            all.push(text);
        }
        let all = format!("{open}{}{close}", all.join(", "));
        self.worked(all.len() / 64)?;
        Ok(Some(all))
    }

    /// Writes a value by a format specification; nothing where its text is not known.
    pub fn formatted(&mut self, value: &Value, spec: &str) -> Outcome<Option<String>> {
        if spec.is_empty() {
            return self.string(value);
        }
        match value {
            Value::Date(moment, _) => return Ok(self.date_formatted(*moment, spec)),
            Value::Unknown(_) | Value::Time(..) | Value::Span(_) => return Ok(None),
            Value::Object(object) if object.class.find("__format__").is_some() => {
                return Err(Stop::Lost);
            }
            _ => {}
        }
        let spec = Spec::read(spec).ok_or(Stop::Lost)?;
        if spec.width > MAX_WIDTH || spec.precision.is_some_and(|digits| digits > MAX_WIDTH) {
            return Err(Stop::Lost);
        }
        match value {
            Value::Text(text) => spec.text(text).map(Some),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => match (spec.kind, value) {
                ('d' | 'x' | 'X' | 'o' | 'b' | 'c', Value::Float(_)) | ('s', _) => {
                    Err(self.raise("ValueError", "unknown format code"))
                }
                ('\0', Value::Bool(_)) => Ok(None),
                ('e' | 'E' | 'g' | 'G' | 'n', _) => Ok(None),
                ('\0', Value::Float(_)) if spec.precision.is_some() => Ok(None),
                _ => spec.number(value).map(Some),
            },
            Value::None | Value::List(_) | Value::Path(_) | Value::Dict(_) | Value::Tuple(_) => {
                Err(self.raise("TypeError", "unsupported format string"))
            }
            _ => Err(Stop::Lost),
        }
    }

    /// `"…%s…" % values`.
    pub fn percent(&mut self, left: &Value, right: &Value) -> Outcome<Value> {
        let text = left.as_text()?;
        let values = match right {
            Value::Tuple(items) => items.as_ref().clone(),
            other => vec![other.clone()],
        };
        let mut values = values.into_iter();
        let mut all = String::new();
        let mut known = true;
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            if char != '%' {
                all.push(char);
                continue;
            }
            if chars.next_if_eq(&'%').is_some() {
                all.push('%');
                continue;
            }
            let mut spec = String::new();
            while let Some(next) =
                chars.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
            {
                spec.push(next);
            }
            let value = match chars.peek() {
                Some('(') => {
                    chars.next();
                    let name: String = chars.by_ref().take_while(|c| *c != ')').collect();
                    self.item(right, Spot::One(Value::text(&name)))?
                }
                _ => match values.next() {
                    Some(value) => value,
                    None => return Err(self.raise("TypeError", "not enough arguments")),
                },
            };
            let written = self.converted(chars.next().ok_or(Stop::Lost)?, value, &mut spec)?;
            let spec = match (spec.strip_prefix('-'), &written) {
                (Some(rest), _) if rest.starts_with('0') => return Err(Stop::Lost),
                (Some(rest), _) => format!("<{rest}"),
                // A text is filled up with spaces all the same.
                (None, Some(Value::Text(_))) if spec.starts_with('0') => return Err(Stop::Lost),
                (None, Some(Value::Text(_))) if !spec.is_empty() => format!(">{spec}"),
                _ => spec,
            };
            match written
                .map(|value| self.formatted(&value, &spec))
                .transpose()?
                .flatten()
            {
                Some(text) => all.push_str(&text),
                None => known = false,
            }
        }
        if values.next().is_some() && !matches!(right, Value::Dict(_)) {
            return Err(self.raise("TypeError", "not all arguments converted"));
        }
        if known {
            self.text(all)
        } else {
            Ok(Value::Unknown(Kind::Text))
        }
    }

    /// What a letter behind `%` makes of a value.
    fn converted(
        &mut self,
        letter: char,
        value: Value,
        spec: &mut String,
    ) -> Outcome<Option<Value>> {
        Ok(match letter {
            's' => self.string(&value)?.map(|text| Value::text(&text)),
            'r' => self.written(&value)?.map(|text| Value::text(&text)),
            'd' | 'i' => match value {
                Value::Unknown(_) => None,
                value => Some(Value::Int(value.whole()?)),
            },
            'f' => {
                spec.push('f');
                Some(value)
            }
            _ => return Err(Stop::Lost),
        })
    }

    /// `"…{}…".format(values)`.
    pub fn braces(&mut self, text: &str, given: &Given) -> Outcome<Value> {
        let mut all = String::new();
        let mut known = true;
        let mut next = 0;
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            if matches!(char, '{' | '}') && chars.next_if_eq(&char).is_some() {
                all.push(char);
                continue;
            }
            if char != '{' {
                all.push(char);
                continue;
            }
            let field: String = chars.by_ref().take_while(|c| *c != '}').collect();
            if field.contains('{') {
                return Err(Stop::Lost);
            }
            let (name, spec) = field.split_once(':').unwrap_or((&field, ""));
            let (name, conversion) = name.split_once('!').unwrap_or((name, ""));
            if !conversion.is_empty() {
                return Err(Stop::Lost);
            }
            let value = self.field(name, &mut next, given)?;
            match self.formatted(&value, spec)? {
                Some(text) => all.push_str(&text),
                None => known = false,
            }
        }
        if known {
            self.text(all)
        } else {
            Ok(Value::Unknown(Kind::Text))
        }
    }

    fn field(&mut self, name: &str, next: &mut usize, given: &Given) -> Outcome<Value> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (head, rest) = name.split_at_checked(end).ok_or(Stop::Lost)?;
        let found = match head {
            // Numbered and unnumbered ones do not go together.
            "" if *next < usize::MAX => {
                *next += 1;
                Some(given.placed.get(*next - 1).cloned().ok_or(Stop::Lost)?)
            }
            head if head.bytes().all(|byte| byte.is_ascii_digit()) => {
                if !matches!(*next, 0 | usize::MAX) || head.is_empty() {
                    return Err(Stop::Lost);
                }
                *next = usize::MAX;
                let at = head.parse::<usize>().map_err(|_| Stop::Lost)?;
                Some(given.placed.get(at).cloned().ok_or(Stop::Lost)?)
            }
            head => given
                .named
                .iter()
                .find(|(name, _)| name == head)
                .map(|(_, value)| value.clone()),
        };
        let mut value = match found {
            Some(value) => value,
            None => return Err(self.raise("KeyError", head)),
        };
        let mut rest = rest;
        while !rest.is_empty() {
            if let Some((key, behind)) = rest
                .strip_prefix('[')
                .and_then(|inside| inside.split_once(']'))
            {
                let key = match key.parse::<i128>() {
                    Ok(number) if number >= 0 => Value::Int(number),
                    _ => Value::text(key),
                };
                value = self.item(&value, Spot::One(key))?;
                rest = behind;
                continue;
            }
            let behind = rest.strip_prefix('.').ok_or(Stop::Lost)?;
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (part, behind) = behind.split_at_checked(end).ok_or(Stop::Lost)?;
            value = self.attribute(&value, part)?;
            rest = behind;
        }
        Ok(value)
    }
}

/// A format specification.
struct Spec {
    fill: char,
    align: Option<char>,
    sign: char,
    width: usize,
    comma: Option<char>,
    precision: Option<usize>,
    kind: char,
    alternate: bool,
}

impl Spec {
    fn read(text: &str) -> Option<Self> {
        let mut chars = text.chars().peekable();
        let mut spec = Self {
            fill: ' ',
            align: None,
            sign: '-',
            width: 0,
            comma: None,
            precision: None,
            kind: '\0',
            alternate: false,
        };
        let is_align = |char: char| matches!(char, '<' | '>' | '^' | '=');
        let second = text.chars().nth(1);
        if let Some(align) = second.filter(|char| is_align(*char)) {
            spec.fill = chars.next()?;
            spec.align = Some(align);
            chars.next();
        } else if let Some(align) = chars.next_if(|char| is_align(*char)) {
            spec.align = Some(align);
        }
        if let Some(sign) = chars.next_if(|char| matches!(char, '+' | '-' | ' ')) {
            spec.sign = sign;
        }
        spec.alternate = chars.next_if_eq(&'#').is_some();
        let filled = second.is_some_and(is_align);
        if !filled && chars.next_if_eq(&'0').is_some() {
            spec.fill = '0';
            spec.align = spec.align.or(Some('='));
        }
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        if !digits.is_empty() {
            spec.width = digits.parse().ok()?;
        }
        spec.comma = chars.next_if(|char| matches!(char, ',' | '_'));
        if chars.next_if_eq(&'.').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            spec.precision = Some(digits.parse().ok()?);
        }
        if let Some(kind) = chars.next() {
            spec.kind = kind;
        }
        (chars.next().is_none() && !spec.alternate).then_some(spec)
    }

    fn text(&self, text: &str) -> Outcome<String> {
        if !matches!(self.kind, '\0' | 's')
            || self.comma.is_some()
            || self.align == Some('=') && self.fill != '0'
        {
            return Err(Stop::Lost);
        }
        let text: String = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        };
        let align = match self.align {
            Some('=') | None => '<',
            Some(align) => align,
        };
        Ok(self.padded("", &text, align))
    }

    fn padded(&self, sign: &str, text: &str, align: char) -> String {
        let length = sign.chars().count() + text.chars().count();
        let lack = self.width.saturating_sub(length);
        let fill = |count: usize| self.fill.to_string().repeat(count);
        match align {
            '<' => format!("{sign}{text}{}", fill(lack)),
            '^' => format!("{}{sign}{text}{}", fill(lack / 2), fill(lack - lack / 2)),
            '=' => format!("{sign}{}{text}", fill(lack)),
            _ => format!("{}{sign}{text}", fill(lack)),
        }
    }

    fn number(&self, value: &Value) -> Outcome<String> {
        let (negative, digits) = match (self.kind, value) {
            ('\0' | 'd', Value::Int(_) | Value::Bool(_)) if self.precision.is_none() => {
                let number = value.whole()?;
                (number < 0, number.unsigned_abs().to_string())
            }
            ('x', _) => (
                value.whole()? < 0,
                format!("{:x}", value.whole()?.unsigned_abs()),
            ),
            ('X', _) => (
                value.whole()? < 0,
                format!("{:X}", value.whole()?.unsigned_abs()),
            ),
            ('o', _) => (
                value.whole()? < 0,
                format!("{:o}", value.whole()?.unsigned_abs()),
            ),
            ('b', _) => (
                value.whole()? < 0,
                format!("{:b}", value.whole()?.unsigned_abs()),
            ),
            ('f' | 'F', _) => {
                let number = value.number()?;
                let digits = self.precision.unwrap_or(6);
                (
                    number.is_sign_negative(),
                    format!("{:.digits$}", number.abs()),
                )
            }
            ('%', _) => {
                let number = value.number()? * 100.0;
                let digits = self.precision.unwrap_or(6);
                (
                    number.is_sign_negative(),
                    format!("{:.digits$}%", number.abs()),
                )
            }
            ('\0', Value::Float(number)) if self.precision.is_none() => {
                (number.is_sign_negative(), float(number.abs()))
            }
            _ => return Err(Stop::Lost),
        };
        let digits = match self.comma {
            Some(comma) if self.fill != '0' => grouped(&digits, comma),
            Some(_) => return Err(Stop::Lost),
            None => digits,
        };
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, '+') => "+",
            (false, ' ') => " ",
            _ => "",
        };
        Ok(self.padded(sign, &digits, self.align.unwrap_or('>')))
    }
}

fn grouped(digits: &str, comma: char) -> String {
    let end = digits
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(digits.len());
    let (whole, rest) = digits.split_at_checked(end).unwrap_or((digits, ""));
    let mut all = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            all.push(comma);
        }
        all.push(digit);
    }
    all + rest
}

/// Writes a number as Python does.
pub(super) fn float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (head, power) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = match power.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', power),
        };
        return format!("{head}e{sign}{digits:0>2}");
    }
    if number.fract() == 0.0 {
        format!("{number:.1}")
    } else {
        format!("{number}")
    }
}

/// Writes a text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut all = String::from(quote);
    for char in text.chars() {
        match char {
            '\\' => all.push_str("\\\\"),
            '\n' => all.push_str("\\n"),
            '\t' => all.push_str("\\t"),
            '\r' => all.push_str("\\r"),
            char if char == quote => all.extend(['\\', char]),
            char if char.is_control() => all.push_str(&format!("\\x{:02x}", u32::from(char))),
            char => all.push(char),
        }
    }
    all.push(quote);
    all
}
