//! Methods of texts, numbers and patterns.
//! Places in texts are counted where every character is one; elsewhere they are not known.

use std::rc::Rc;

use super::super::patterns;
use super::play::{MAX_TEXT, Player};
use super::tree::Name;
use super::value::{Outcome, Pattern, Stop, Value};

pub(super) const METHODS: [&str; 31] = [
    "slice",
    "substring",
    "substr",
    "indexOf",
    "lastIndexOf",
    "includes",
    "startsWith",
    "endsWith",
    "trim",
    "trimStart",
    "trimEnd",
    "padStart",
    "padEnd",
    "repeat",
    "toLowerCase",
    "toUpperCase",
    "charAt",
    "charCodeAt",
    "at",
    "concat",
    "localeCompare",
    "split",
    "replace",
    "replaceAll",
    "match",
    "matchAll",
    "search",
    "toString",
    "valueOf",
    "codePointAt",
    "normalize",
];

/// Tells whether a class of letters holds what joins classes elsewhere.
fn has_odd_class(pattern: &str) -> bool {
    let mut classes = pattern.split('[').skip(1);
    // A bracket within a class stands here as one that opens.
    let open = |class: &str| !class.contains(']');
    let odd = |class: &str| ["&&", "--", "~~"].iter().any(|sign| class.contains(sign));
    classes.any(|class| {
        open(class)
            || class
                .rsplit_once(']')
                .is_some_and(|(inside, _)| odd(inside))
    })
}

/// Returns a number as a count.
pub(super) fn place(number: f64) -> Option<usize> {
    const MOST: f64 = 4_294_967_295.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range"
    )]
    (0.0..=MOST)
        .contains(&number)
        .then(|| number.trunc() as usize)
}

/// Returns a place as methods count it: from the end where it is below nothing.
pub(super) fn relative(number: f64, length: usize) -> usize {
    if number.is_nan() {
        return 0;
    }
    let back = place((-number).max(0.0)).unwrap_or(usize::MAX);
    if number < 0.0 {
        length.saturating_sub(back)
    } else {
        place(number).unwrap_or(usize::MAX).min(length)
    }
}

impl Player<'_> {
    pub fn text_method(&mut self, text: &Name, key: &str, given: &[Value]) -> Outcome<Value> {
        self.charge(text.len() / 64)?;
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        match key {
            "toString" | "valueOf" => Ok(Value::Text(Rc::clone(text))),
            "trim" => self.made_text(trimmed(text).to_owned()),
            "trimStart" => self.made_text(text.trim_start_matches(is_blank).to_owned()),
            "trimEnd" => self.made_text(text.trim_end_matches(is_blank).to_owned()),
            "toLowerCase" if text.is_ascii() => self.made_text(text.to_ascii_lowercase()),
            "toUpperCase" if text.is_ascii() => self.made_text(text.to_ascii_uppercase()),
            "concat" => {
                let mut all = text.to_string();
                for one in given {
                    all.push_str(&self.written(one)?.ok_or(Stop::Lost)?);
                }
                self.made_text(all)
            }
            "repeat" => {
                let times = place(self.whole(&first)?).ok_or(Stop::Lost)?;
                if text.len().saturating_mul(times) > MAX_TEXT {
                    return Err(Stop::Lost);
                }
                self.made_text(text.repeat(times))
            }
            "includes" | "startsWith" | "endsWith" if given.len() == 1 => {
                let part = self.argument(&first)?;
                Ok(Value::Bool(match key {
                    "includes" => text.contains(&*part),
                    "startsWith" => text.starts_with(&*part),
                    _ => text.ends_with(&*part),
                }))
            }
            "split" => self.split(text, given),
            "replace" | "replaceAll" => self.replaced(text, key == "replaceAll", given),
            "match" | "matchAll" | "search" => self.matched(text, key, &first),
            "localeCompare" if given.len() == 1 => {
                let other = self.argument(&first)?;
                compared(text, &other)
            }
            _ if text.is_ascii() => self.placed(text, key, given),
            _ => Err(Stop::Lost),
        }
    }

    fn argument(&mut self, value: &Value) -> Outcome<Name> {
        match value {
            Value::Text(_) | Value::Number(_) => self.written(value)?.ok_or(Stop::Lost),
            _ => Err(Stop::Lost),
        }
    }

    /// Methods that count places.
    fn placed(&mut self, text: &Name, key: &str, given: &[Value]) -> Outcome<Value> {
        let length = text.len();
        let mut numbers = Vec::new();
        if !matches!(key, "indexOf" | "lastIndexOf" | "padStart" | "padEnd") {
            for one in given {
                numbers.push(match one {
                    Value::Undefined => None,
                    other => Some(self.whole(other)?),
                });
            }
        }
        let number = |at: usize| numbers.get(at).copied().flatten();
        let cut =
            |from: usize, to: usize| text.get(from..to.max(from)).unwrap_or_default().to_owned();
        match key {
            "slice" => {
                let from = relative(number(0).unwrap_or(0.0), length);
                let to = number(1).map_or(length, |to| relative(to, length));
                self.made_text(cut(from, to))
            }
            "substring" => {
                let clamp = |number: f64| relative(number.max(0.0), length);
                let from = clamp(number(0).unwrap_or(0.0));
                let to = number(1).map_or(length, clamp);
                self.made_text(cut(from.min(to), from.max(to)))
            }
            "substr" => {
                let from = relative(number(0).unwrap_or(0.0), length);
                let count =
                    number(1).map_or(length, |count| place(count.max(0.0)).unwrap_or(length));
                self.made_text(cut(from, from.saturating_add(count).min(length)))
            }
            "charAt" => {
                let at = place(number(0).unwrap_or(0.0)).unwrap_or(length);
                self.made_text(
                    text.get(at..at.saturating_add(1))
                        .unwrap_or_default()
                        .to_owned(),
                )
            }
            "at" => {
                let at = number(0).unwrap_or(0.0);
                let found = (at >= -f64::from(u32::try_from(length).unwrap_or(u32::MAX)))
                    .then(|| relative(at, length))
                    .and_then(|at| text.get(at..=at));
                Ok(found.map_or(Value::Undefined, Value::text))
            }
            "charCodeAt" | "codePointAt" => {
                let at = place(number(0).unwrap_or(0.0)).ok_or(Stop::Lost)?;
                let byte = text.as_bytes().get(at).ok_or(Stop::Lost)?;
                Ok(Value::Number(f64::from(*byte)))
            }
            "indexOf" | "lastIndexOf" => self.sought(text, key, given),
            "padStart" | "padEnd" => self.padded(text, key, given),
            _ => Err(Stop::Lost),
        }
    }

    fn sought(&mut self, text: &Name, key: &str, given: &[Value]) -> Outcome<Value> {
        let (part, from) = match given {
            [part] => (self.argument(part)?, 0),
            [part, from] if key == "indexOf" => {
                let from = place(self.whole(from)?.max(0.0)).unwrap_or(usize::MAX);
                (self.argument(part)?, from.min(text.len()))
            }
            _ => return Err(Stop::Lost),
        };
        let found = match key {
            "indexOf" => text
                .get(from..)
                .and_then(|rest| rest.find(&*part))
                .map(|at| at + from),
            _ => text.rfind(&*part),
        };
        Ok(found.map_or(Value::Number(-1.0), Value::count))
    }

    fn padded(&mut self, text: &Name, key: &str, given: &[Value]) -> Outcome<Value> {
        let length = given.first().cloned().unwrap_or(Value::Undefined);
        let length = place(self.whole(&length)?.max(0.0)).ok_or(Stop::Lost)?;
        let with = match given.get(1) {
            None | Some(Value::Undefined) => Rc::from(" "),
            Some(with) => self.argument(with)?,
        };
        if length > MAX_TEXT || !with.is_ascii() {
            return Err(Stop::Lost);
        }
        let missing = length.saturating_sub(text.len());
        let pad: String = with
            .chars()
            .cycle()
            .take(if with.is_empty() { 0 } else { missing })
            .collect();
        self.made_text(match key {
            "padStart" => format!("{pad}{text}"),
            _ => format!("{text}{pad}"),
        })
    }

    fn split(&mut self, text: &Name, given: &[Value]) -> Outcome<Value> {
        let limit = match given.get(1) {
            None | Some(Value::Undefined) => usize::MAX,
            Some(limit) => place(self.whole(limit)?).ok_or(Stop::Lost)?,
        };
        let parts: Vec<String> = match given.first() {
            None | Some(Value::Undefined) => vec![text.to_string()],
            Some(Value::Text(by)) if by.is_empty() && text.is_ascii() => {
                text.chars().map(String::from).collect()
            }
            Some(Value::Text(by)) if !by.is_empty() => {
                text.split(&**by).map(str::to_owned).collect()
            }
            Some(Value::Pattern(pattern)) => {
                fits(pattern, text)?;
                let empty = finds_nothing(pattern, text);
                if pattern.regex.captures_len() > 1
                    || empty
                    || text.is_empty()
                    || pattern.flags.contains('y')
                {
                    return Err(Stop::Lost);
                }
                pattern.regex.split(text).map(str::to_owned).collect()
            }
            _ => return Err(Stop::Lost),
        };
        if parts.len() > super::eval::MAX_ITEMS {
            return Err(Stop::Lost);
        }
        self.charge(parts.len() / 2)?;
        Ok(Value::texts(parts.into_iter().take(limit)))
    }

    fn replaced(&mut self, text: &Name, all: bool, given: &[Value]) -> Outcome<Value> {
        let [what, with] = given else {
            return Err(Stop::Lost);
        };
        // Where it is found, and the groups.
        let mut found: Vec<(usize, usize, Vec<Value>)> = Vec::new();
        match what {
            Value::Text(part) => {
                if part.is_empty() {
                    return Err(Stop::Lost);
                }
                let most = if all { usize::MAX } else { 1 };
                for (at, _) in text.match_indices(&**part).take(most) {
                    found.push((at, at + part.len(), Vec::new()));
                }
            }
            Value::Pattern(pattern) => {
                fits(pattern, text)?;
                let every = pattern.flags.contains('g');
                if all && !every || pattern.flags.contains('y') || finds_nothing(pattern, text) {
                    return Err(Stop::Lost);
                }
                let most = if every { usize::MAX } else { 1 };
                for groups in pattern.regex.captures_iter(text).take(most) {
                    let whole = groups.get(0).ok_or(Stop::Lost)?;
                    let parts = groups.iter().skip(1).map(|group| {
                        group.map_or(Value::Undefined, |group| Value::text(group.as_str()))
                    });
                    found.push((whole.start(), whole.end(), parts.collect()));
                }
                let named = pattern.regex.capture_names().flatten().next().is_some();
                let groups = pattern.regex.captures_len() > 1 && repeats(&pattern.source);
                if named || groups && !found.is_empty() {
                    return Err(Stop::Lost);
                }
            }
            _ => return Err(Stop::Lost),
        }
        self.charge(found.len())?;
        let mut result = String::new();
        let mut from = 0;
        for (start, end, groups) in found {
            result.push_str(text.get(from..start).unwrap_or_default());
            let whole = text.get(start..end).unwrap_or_default();
            let new = self.replacement(with, (whole, start), groups, text)?;
            result.push_str(&new);
            from = end;
            if result.len() > MAX_TEXT {
                return Err(Stop::Lost);
            }
        }
        result.push_str(text.get(from..).unwrap_or_default());
        self.made_text(result)
    }

    fn replacement(
        &mut self,
        with: &Value,
        (whole, start): (&str, usize),
        groups: Vec<Value>,
        text: &Name,
    ) -> Outcome<Name> {
        if let Value::Text(with) = with {
            if !with.contains('$') {
                return Ok(Rc::clone(with));
            }
            return filled(with, whole, &groups);
        }
        if !matches!(with, Value::Function(_)) || !text.is_ascii() {
            return Err(Stop::Lost);
        }
        let mut given = vec![Value::text(whole)];
        given.extend(groups);
        given.extend([Value::count(start), Value::Text(Rc::clone(text))]);
        let value = self.call(with, Value::Undefined, given)?;
        self.written(&value)?.ok_or(Stop::Lost)
    }

    pub fn pattern(&mut self, text: &Name, flags: &Name) -> Outcome<Value> {
        let key = (Rc::clone(text), Rc::clone(flags));
        if let Some(known) = self.patterns.get(&key) {
            return Ok(Value::Pattern(Rc::new(Pattern {
                regex: known.regex.clone(),
                source: Rc::clone(text),
                flags: Rc::clone(flags),
            })));
        }
        self.charge(200)?;
        // What these mean elsewhere is something else here.
        const OTHERS: [&str; 7] = ["[]", "[^]", "\\h", "\\z", "\\A", "\\Z", "(?P"];
        let odd = OTHERS.iter().any(|other| text.contains(other)) || has_odd_class(text);
        let flags_known = flags.chars().all(|flag| "gimsyu".contains(flag));
        if odd || !flags_known || !text.is_ascii() {
            return Err(Stop::Lost);
        }
        let plain: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
        let regex = patterns::pattern(text, &plain).ok_or(Stop::Lost)?;
        let pattern = Rc::new(Pattern {
            regex,
            source: Rc::clone(text),
            flags: Rc::clone(flags),
        });
        self.patterns.insert(key, Rc::clone(&pattern));
        Ok(Value::Pattern(pattern))
    }

    pub fn pattern_method(
        &mut self,
        pattern: &Rc<Pattern>,
        key: &str,
        given: &[Value],
    ) -> Outcome<Value> {
        let Some(Value::Text(text)) = given.first() else {
            return Err(Stop::Lost);
        };
        // With `g` it remembers where it was.
        if pattern.flags.contains(['g', 'y']) {
            return Err(Stop::Lost);
        }
        self.charge(1 + text.len() / 16)?;
        fits(pattern, text)?;
        match key {
            "test" => Ok(Value::Bool(pattern.regex.is_match(text))),
            "exec" => self.matched(text, "match", &Value::Pattern(Rc::clone(pattern))),
            _ => Err(Stop::Lost),
        }
    }

    fn matched(&mut self, text: &Name, key: &str, pattern: &Value) -> Outcome<Value> {
        let Value::Pattern(pattern) = pattern else {
            return Err(Stop::Lost);
        };
        fits(pattern, text)?;
        self.charge(1 + text.len() / 16)?;
        if pattern.flags.contains('y')
            || pattern.regex.captures_len() > 1 && repeats(&pattern.source)
        {
            return Err(Stop::Lost);
        }
        let one = |groups: &regex::Captures<'_>| {
            let all = groups
                .iter()
                .map(|group| group.map_or(Value::Undefined, |group| Value::text(group.as_str())));
            let names = pattern.regex.capture_names().flatten();
            let named: Vec<(&str, Value)> = names
                .map(|name| {
                    let group = groups.name(name);
                    (
                        name,
                        group.map_or(Value::Undefined, |group| Value::text(group.as_str())),
                    )
                })
                .collect();
            super::lists::found(all.collect(), named)
        };
        let every = pattern.flags.contains('g');
        if every && finds_nothing(pattern, text) {
            return Err(Stop::Lost);
        }
        match (key, every) {
            ("match", false) => Ok(pattern
                .regex
                .captures(text)
                .map_or(Value::Null, |groups| one(&groups))),
            ("match", true) => {
                let all: Vec<String> = pattern
                    .regex
                    .find_iter(text)
                    .map(|one| one.as_str().to_owned())
                    .collect();
                self.charge(all.len())?;
                Ok(if all.is_empty() {
                    Value::Null
                } else {
                    Value::texts(all)
                })
            }
            ("matchAll", true) => {
                let all: Vec<Value> = pattern
                    .regex
                    .captures_iter(text)
                    .map(|groups| one(&groups))
                    .collect();
                self.charge(all.len())?;
                let walk = super::walks::begun(Value::list(all), "values");
                Ok(Value::Walk(walk))
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn number_method(&mut self, number: f64, key: &str, given: &[Value]) -> Outcome<Value> {
        match (key, given) {
            ("toString", []) => {
                let text = self.written(&Value::Number(number))?.ok_or(Stop::Lost)?;
                Ok(Value::Text(text))
            }
            ("toFixed" | "toLocaleString" | "toPrecision" | "toString", _)
                if fits_number(key, given) =>
            {
                Ok(Value::Unknown)
            }
            ("valueOf", []) => Ok(Value::Number(number)),
            _ => Err(Stop::Lost),
        }
    }
}

/// Tells whether a method of a number, a moment or a text takes what it is given: otherwise it ends in an exception.
pub(super) fn fits_number(key: &str, given: &[Value]) -> bool {
    let within = |least: f64, most: f64| match given {
        [] | [Value::Undefined] => true,
        [Value::Number(number)] => number.fract() == 0.0 && (least..=most).contains(number),
        _ => false,
    };
    let plain = |value: &Value| {
        matches!(
            value,
            Value::Text(_) | Value::Number(_) | Value::Undefined | Value::Pattern(_)
        )
    };
    match key {
        "toFixed" => within(0.0, 100.0),
        "toPrecision" => within(1.0, 100.0),
        "toString" => within(2.0, 36.0),
        "toLocaleString" | "toLocaleDateString" | "toLocaleTimeString" => match given.first() {
            None | Some(Value::Undefined) => given.len() < 2,
            Some(Value::Text(way)) => {
                given.len() == 1 && matches!(&**way, "en" | "en-US" | "en-GB" | "de-DE")
            }
            Some(_) => false,
        },
        "padStart" | "padEnd" => match given.first() {
            Some(Value::Number(length)) => (0.0..=1e6).contains(length) && given.iter().all(plain),
            _ => false,
        },
        _ => given.iter().all(plain),
    }
}

/// What counts as blank at the ends of a text.
const fn is_blank(char: char) -> bool {
    (char.is_whitespace() && char != '\u{85}') || char == '\u{feff}'
}

pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Tells whether a pattern finds nothing at all somewhere: where that counts differs.
fn finds_nothing(pattern: &Pattern, text: &str) -> bool {
    pattern.regex.is_match("") || pattern.regex.find_iter(text).any(|one| one.is_empty())
}

/// Tells whether a pattern has groups that repeat: what they hold at last differs.
fn repeats(source: &str) -> bool {
    [")*", ")+", "){"].iter().any(|sign| source.contains(sign))
}

/// Whether a pattern means the same on a text here as there.
fn fits(pattern: &Pattern, text: &str) -> Outcome<()> {
    if text.is_ascii() {
        let ends =
            text.contains('\r') && (pattern.flags.contains('m') || pattern.source.contains('.'));
        return if ends { Err(Stop::Lost) } else { Ok(()) };
    }
    let plain = pattern
        .source
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || "^$-_/ :,=#@()".contains(char));
    if plain && !pattern.flags.contains(['i', 'm']) {
        Ok(())
    } else {
        Err(Stop::Lost)
    }
}

/// `$1`, `$&`, `$$` in what is put in.
fn filled(with: &str, whole: &str, groups: &[Value]) -> Outcome<Name> {
    let mut all = String::new();
    let mut chars = with.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '$' {
            all.push(char);
            continue;
        }
        match chars.next() {
            Some('$') => all.push('$'),
            Some('&') => all.push_str(whole),
            Some(digit @ '1'..='9') if !chars.peek().is_some_and(char::is_ascii_digit) => {
                let at = digit
                    .to_digit(10)
                    .and_then(|digit| usize::try_from(digit).ok());
                match at.and_then(|at| groups.get(at - 1)) {
                    Some(Value::Text(text)) => all.push_str(text),
                    Some(_) => {}
                    None => return Err(Stop::Lost),
                }
            }
            _ => return Err(Stop::Lost),
        }
    }
    Ok(Rc::from(all))
}

/// Compares texts as dictionaries do: signs, digits, letters; small letters before great ones.
fn compared(one: &str, two: &str) -> Outcome<Value> {
    const ORDER: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";
    let ranks = |text: &str| -> Option<Vec<usize>> {
        text.chars()
            .map(|char| ORDER.find(char.to_ascii_lowercase()))
            .collect()
    };
    let (Some(first), Some(second)) = (ranks(one), ranks(two)) else {
        return Err(Stop::Lost);
    };
    let small =
        |text: &str| -> Vec<bool> { text.chars().map(|char| char.is_ascii_uppercase()).collect() };
    let order = first.cmp(&second).then_with(|| small(one).cmp(&small(two)));
    Ok(Value::Number(match order {
        std::cmp::Ordering::Less => -1.0,
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater => 1.0,
    }))
}
