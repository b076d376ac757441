//! Parameter expansion: names, positions, arrays and every `${…}` operator on known values.
//! What is unknown stays a hole; an inherited variable with a default is read both ways.

use crate::model::fact::{Answer, Question};
use crate::model::span::{Origin, Span};
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{Param, PartKind, RawPart};
use super::elements::{self, has_unknown_key, keys};
use super::expand::{Bit, Mode, VALUE, bit, choose, hole, literal_piece};
use super::jumps::Gone;
use super::pattern::Pattern;
use super::state::{State, Value, literal, nowhere};
use super::unfold::{Frame, Unfolder};

/// What a parameter stands for before its operator.
enum Found {
    One(Vec<Piece>),
    /// Elements; joined by a blank for `*` inside quotes.
    Many {
        items: Vec<Vec<Piece>>,
        star: bool,
    },
    Unset,
}

impl Unfolder<'_> {
    pub(super) fn param(
        &mut self,
        param: &Param,
        span: Span,
        mode: Mode,
        st: &mut State,
        fr: &Frame,
        out: &mut Vec<Bit>,
    ) {
        let origin = fr.source.origin(span);
        let every = param.index.as_deref().and_then(shape_of);
        if param.indirect
            && let Some(sign @ ("@" | "*")) = every.as_deref()
        {
            let items = keys(&self.lookup(&param.name, &origin, st), &origin);
            let star = sign == "*";
            return emit(Found::Many { items, star }, &origin, mode, out);
        }
        let name = if param.indirect {
            match self.indirect(param, &origin, st) {
                Some(name) => name,
                None => return out.push(hole(Hole::Unknown, origin, mode)),
            }
        } else {
            param.name.clone()
        };
        let found = self.parameter(&name, param, &origin, st, fr);
        if param.length && elements::is_uncounted(&self.lookup(&name, &origin, st)) {
            return out.push(hole(Hole::Name, origin, mode));
        }
        if param.length {
            return out.push(length(&found, origin, mode));
        }
        match param.op.as_str() {
            "" if name == "@" && mode.quoted && st.arguments.iter().any(|word| word.many) => {
                spread(&st.arguments, out);
            }
            "" => {
                let found = self.starred(found, &origin, mode, st);
                emit(found, &origin, mode, out);
            }
            ":-" | "-" | ":=" | "=" | ":?" | "?" | ":+" | "+" => {
                self.default(&name, param, found, &origin, mode, st, fr, out);
            }
            _ => {
                let found = self.operate(param, found, &origin, st, fr);
                let found = self.starred(found, &origin, mode, st);
                emit(found, &origin, mode, out);
            }
        }
    }

    /// Joins the elements of `*` with the first sign of `IFS`, where nothing is split.
    fn starred(&mut self, found: Found, origin: &Origin, mode: Mode, st: &mut State) -> Found {
        if !mode.quoted && mode.glob {
            return found;
        }
        let Found::Many { items, star: true } = found else {
            return found;
        };
        if items.is_empty() || items.iter().any(|item| is_list(item)) {
            return Found::Many { items, star: true };
        }
        let ifs = literal(&self.variable_text("IFS", &nowhere(), st));
        let joint = match ifs.as_deref() {
            Some(ifs) => ifs.chars().next().map(String::from).unwrap_or_default(),
            None => " ".to_owned(),
        };
        if joint == " " {
            return Found::Many { items, star: true };
        }
        let mut all = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                all.push(literal_piece(&joint, origin));
            }
            all.extend(item);
        }
        Found::One(all)
    }

    fn indirect(&mut self, param: &Param, origin: &Origin, st: &mut State) -> Option<String> {
        if st
            .variables
            .get(param.name.as_str())
            .is_some_and(|v| v.reference)
        {
            return st.reference(&param.name);
        }
        literal(&self.variable_text(&param.name, origin, st)).filter(|name| !name.is_empty())
    }

    fn parameter(
        &mut self,
        name: &str,
        param: &Param,
        origin: &Origin,
        st: &mut State,
        fr: &Frame,
    ) -> Found {
        let positional = matches!(name, "@" | "*" | "#") || name.parse::<usize>().is_ok();
        let open = st.calls == 0 && fr.via.is_empty() && !st.placed;
        if positional && st.arguments.is_empty() && open {
            // The text is somebody's file perhaps, and whoever starts it says more.
            self.unsure += 1;
        }
        match name {
            "@" | "*" => {
                let items = st.arguments.iter().map(|word| word.pieces.clone());
                return Found::Many {
                    items: items.collect(),
                    star: name == "*",
                };
            }
            // A word that may be any number of words makes the count unknown.
            "#" if st.arguments.iter().any(|word| word.many || word.has_glob()) => {
                return Found::One(vec![named_hole(origin)]);
            }
            "#" => return Found::One(vec![literal_piece(&st.arguments.len().to_string(), origin)]),
            "$" => return Found::One(vec![self.process_number(origin)]),
            "?" | "!" | "-" => return Found::One(vec![named_hole(origin)]),
            "_" => return Found::One(vec![unknown(origin)]),
            _ => {}
        }
        if let Ok(number) = name.parse::<usize>()
            && number > 0
        {
            let before = st.arguments.iter().take(number);
            if let Some(glob) = before.clone().rfind(|word| word.has_glob()) {
                return Found::One(glob.pieces.clone());
            }
            if before.clone().any(super::listed::is_loose) {
                return Found::One(vec![unknown(origin)]);
            }
            return match st.arguments.get(number - 1) {
                Some(word) => Found::One(word.pieces.clone()),
                None => Found::Unset,
            };
        }
        let value = self.lookup(name, origin, st);
        match (&param.index, value) {
            (None, Value::Text(pieces)) => Found::One(pieces),
            (None, Value::List(items)) => items
                .into_iter()
                .next()
                .map_or(Found::Unset, |item| Found::One(item.1)),
            (_, Value::Unset) => Found::Unset,
            (Some(index), Value::Text(pieces))
                if is_unknown(&pieces)
                    && !matches!(shape_of(index).as_deref(), Some("@" | "*")) =>
            {
                let key = self.text(index, VALUE, st, fr);
                self.reckon_value(&key, st, fr);
                Found::One(vec![unknown(origin)])
            }
            (Some(index), value) => self.element(index, value, origin, st, fr),
        }
    }

    fn element(
        &mut self,
        index: &[RawPart],
        value: Value,
        origin: &Origin,
        st: &mut State,
        fr: &Frame,
    ) -> Found {
        let items = match value {
            Value::List(items) => items,
            Value::Text(pieces) => vec![(None, pieces)],
            Value::Unset => return Found::Unset,
        };
        let key = self.text(index, VALUE, st, fr);
        self.reckon_value(&key, st, fr);
        match literal(&key).as_deref() {
            Some(key @ ("@" | "*")) => Found::Many {
                items: items.into_iter().map(|item| item.1).collect(),
                star: key == "*",
            },
            Some(key) => element(&items, key, origin),
            None => match choose(st, &format!("[{origin:?}"), items.len().max(1)) {
                Some(at) if items.len() <= super::state::MAX_ALTERNATIVES => items
                    .into_iter()
                    .nth(at)
                    .map_or(Found::Unset, |item| Found::One(item.1)),
                _ => Found::One(vec![unknown(origin)]),
            },
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one operator, with all that it may touch"
    )]
    fn default(
        &mut self,
        name: &str,
        param: &Param,
        found: Found,
        origin: &Origin,
        mode: Mode,
        st: &mut State,
        fr: &Frame,
        out: &mut Vec<Bit>,
    ) {
        let colon = param.op.starts_with(':');
        let operator = param.op.trim_start_matches(':');
        let set = match self.is_set(&found, colon) {
            Some(set) => set,
            None => match self.inherited_is_set(&found, name, origin) {
                Ok(Some(value)) => {
                    let found = Found::One(vec![literal_piece(&value, origin)]);
                    return self.apply_default(name, param, found, true, origin, mode, st, fr, out);
                }
                Ok(None) => false,
                Err(()) if operator == "?" => true,
                Err(()) => match choose(st, &format!("?{name}"), 2) {
                    Some(index) => index == 0,
                    None => {
                        // Both readings are possible and cannot be tried one by one here.
                        self.operand(param, mode, st, fr);
                        return out.push(hole(Hole::Unknown, origin.clone(), mode));
                    }
                },
            },
        };
        let found = match found {
            Found::One(pieces) if set => Found::One(filled(pieces)),
            other => other,
        };
        self.apply_default(name, param, found, set, origin, mode, st, fr, out);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one operator, with all that it may touch"
    )]
    fn apply_default(
        &mut self,
        name: &str,
        param: &Param,
        found: Found,
        set: bool,
        origin: &Origin,
        mode: Mode,
        st: &mut State,
        fr: &Frame,
        out: &mut Vec<Bit>,
    ) {
        match (param.op.trim_start_matches(':'), set) {
            ("+", false) => {}
            ("+", true) | ("-", false) => out.extend(self.operand(param, mode, st, fr)),
            ("=", false) => {
                let bits = self.operand(param, mode, st, fr);
                let pieces = bits.iter().filter_map(|bit| match bit {
                    Bit::Piece { piece, .. } => Some(piece.clone()),
                    Bit::Break => None,
                });
                st.set(name, Value::Text(pieces.collect()));
                out.extend(bits);
            }
            ("?", false) => {
                // A position that was not given ends the shell.
                if matches!(found, Found::Unset) && name.parse::<usize>().is_ok() {
                    self.exits += 1;
                    st.gone = Some(Gone::Shell);
                }
                self.operand(param, mode, st, fr);
                out.push(hole(Hole::Unknown, origin.clone(), mode));
            }
            _ => emit(found, origin, mode, out),
        }
    }

    fn operand(&mut self, param: &Param, mode: Mode, st: &mut State, fr: &Frame) -> Vec<Bit> {
        let Some(parts) = param.operands.first() else {
            return Vec::new();
        };
        let bits = self.bits(parts, mode, st, fr);
        bits.into_iter()
            .map(|bit| match bit {
                Bit::Piece {
                    piece,
                    quoted: false,
                    ..
                } => Bit::Piece {
                    piece,
                    quoted: false,
                    split: true,
                },
                other => other,
            })
            .collect()
    }

    #[expect(
        clippy::unused_self,
        reason = "one of the questions that `default` asks"
    )]
    fn is_set(&self, found: &Found, colon: bool) -> Option<bool> {
        match found {
            Found::Unset => Some(false),
            Found::Many { items, .. } => Some(!items.is_empty()),
            Found::One(pieces) => {
                if let Some(text) = literal(pieces) {
                    return Some(!colon || !text.is_empty());
                }
                let some = pieces.iter().any(|piece| match &piece.part {
                    Part::Literal(text) | Part::Glob(text) => !text.is_empty(),
                    Part::Hole(Hole::Name) => true,
                    Part::Hole(Hole::Inherited(_) | Hole::Unknown) => false,
                });
                some.then_some(true)
            }
        }
    }

    /// The value the variable is known to have, nothing when it is known to be unset, an error when unknown.
    fn inherited_is_set(
        &mut self,
        found: &Found,
        name: &str,
        origin: &Origin,
    ) -> Result<Option<String>, ()> {
        let _ = origin;
        let Found::One(pieces) = found else {
            return Err(());
        };
        let [
            Piece {
                part: Part::Hole(Hole::Inherited(own)),
                ..
            },
        ] = pieces.as_slice()
        else {
            return Err(());
        };
        if own != name {
            return Err(());
        }
        match self.facts.ask(Question::Variable(own.clone()), self.needs) {
            Some(Answer::Variable(value)) if !value.is_empty() => Ok(Some(value.clone())),
            Some(Answer::Variable(_) | Answer::Absent) => Ok(None),
            _ => Err(()),
        }
    }

    fn operate(
        &mut self,
        param: &Param,
        found: Found,
        origin: &Origin,
        st: &mut State,
        fr: &Frame,
    ) -> Found {
        match param.op.as_str() {
            ":" => self.slice(param, found, origin, st, fr),
            "@" => {
                let letter = param.operands.first();
                let letter = letter.and_then(|parts| shape(parts.first()?));
                if let (Some("P"), Found::One(pieces)) = (letter.as_deref(), &found) {
                    self.prompted(pieces, st, fr);
                }
                transform(param, found)
            }
            op => {
                let first = param.operands.first();
                let pattern = first.and_then(|parts| self.pattern(parts, st, fr));
                let with = match param.operands.get(1) {
                    Some(parts) => self.text(parts, VALUE, st, fr),
                    None => Vec::new(),
                };
                let change = Change {
                    op,
                    pattern,
                    with: literal(&with),
                    is_basename: first.is_some_and(|parts| is_basename(op, parts)),
                };
                match found {
                    Found::One(pieces) => Found::One(change.apply(pieces, origin)),
                    Found::Many { items, star } => Found::Many {
                        items: items.into_iter().map(|i| change.apply(i, origin)).collect(),
                        star,
                    },
                    Found::Unset => Found::Unset,
                }
            }
        }
    }

    /// Returns the pattern of parts, or nothing when it is not known.
    pub(super) fn pattern(
        &mut self,
        parts: &[RawPart],
        st: &mut State,
        fr: &Frame,
    ) -> Option<Pattern> {
        let mode = Mode {
            quoted: false,
            glob: true,
        };
        let mut pattern = Pattern::default();
        for bit in self.bits(parts, mode, st, fr) {
            let Bit::Piece { piece, quoted, .. } = bit else {
                continue;
            };
            match (piece.part, quoted) {
                (Part::Literal(text), true) => pattern.push_literal(&text),
                (Part::Literal(text) | Part::Glob(text), _) => pattern.push_active(&text),
                (Part::Hole(_), _) => return None,
            }
        }
        Some(pattern)
    }

    fn slice(
        &mut self,
        param: &Param,
        found: Found,
        origin: &Origin,
        st: &mut State,
        fr: &Frame,
    ) -> Found {
        let mut number = |this: &mut Self, at: usize| match param.operands.get(at) {
            Some(parts) => this.arith(parts, st, fr).map(Some),
            None => Some(None),
        };
        let (offset, length) = (number(self, 0), number(self, 1));
        let (Some(offset), Some(length)) = (offset, length) else {
            return derived(found, origin);
        };
        let offset = offset.unwrap_or_default();
        match found {
            Found::One(pieces) => match literal(&pieces) {
                Some(text) => {
                    let chars: Vec<char> = text.chars().collect();
                    let cut: String = cut(&chars, offset, length).iter().collect();
                    let origin = pieces.first().map_or(origin, |piece| &piece.origin);
                    Found::One(vec![literal_piece(&cut, origin)])
                }
                None => derived(Found::One(pieces), origin),
            },
            Found::Many { mut items, star } => {
                let mut offset = offset;
                if matches!(param.name.as_str(), "@" | "*") {
                    if offset == 0 {
                        items.insert(0, vec![unknown(origin)]);
                    } else if offset > 0 {
                        offset -= 1;
                    }
                }
                // A pattern may stand for any number of words: what is behind the first of them is among it.
                let is_glob = |item: &&Vec<Piece>| {
                    let mut parts = item.iter().map(|piece| &piece.part);
                    parts.any(|part| matches!(part, Part::Glob(_)))
                };
                let taken = cut(&items, offset, length).to_vec();
                let mut kept: Vec<Vec<Piece>> = items.iter().filter(is_glob).cloned().collect();
                kept.retain(|item| !taken.contains(item));
                kept.extend(taken);
                Found::Many { items: kept, star }
            }
            Found::Unset => Found::Unset,
        }
    }
}

/// A change of text by an operator.
struct Change<'a> {
    op: &'a str,
    pattern: Option<Pattern>,
    with: Option<String>,
    is_basename: bool,
}

impl Change<'_> {
    fn apply(&self, pieces: Vec<Piece>, origin: &Origin) -> Vec<Piece> {
        let Some(text) = literal(&pieces) else {
            return self.apply_unknown(pieces, origin);
        };
        let changed = self.pattern.as_ref().and_then(|p| self.text(&text, p));
        match changed {
            Some(changed) if changed == text => pieces,
            Some(changed) => {
                let place = pieces.first().map_or(origin, |piece| &piece.origin);
                vec![literal_piece(&changed, place)]
            }
            None => vec![unknown(origin)],
        }
    }

    fn text(&self, text: &str, pattern: &Pattern) -> Option<String> {
        match self.op {
            "#" => pattern.cut(text, true, false),
            "##" => pattern.cut(text, true, true),
            "%" => pattern.cut(text, false, false),
            "%%" => pattern.cut(text, false, true),
            "/" | "//" => pattern.replace(text, self.with.as_ref()?, self.op == "//", ' '),
            "/#" => pattern.replace(text, self.with.as_ref()?, false, '#'),
            "/%" => pattern.replace(text, self.with.as_ref()?, false, '%'),
            "^^" => Some(text.to_uppercase()),
            ",," => Some(text.to_lowercase()),
            "^" => Some(first(text, str::to_uppercase)),
            "," => Some(first(text, str::to_lowercase)),
            _ => None,
        }
    }

    fn apply_unknown(&self, pieces: Vec<Piece>, origin: &Origin) -> Vec<Piece> {
        if self.is_basename {
            return vec![named_hole(origin)];
        }
        let hole = hole_for(&pieces);
        if self.op == "%" {
            let known = pieces
                .iter()
                .take_while(|piece| matches!(piece.part, Part::Literal(_)));
            let mut kept: Vec<Piece> = known.cloned().collect();
            kept.push(Piece {
                part: Part::Hole(hole),
                origin: origin.clone(),
            });
            return kept;
        }
        vec![Piece {
            part: Part::Hole(hole),
            origin: origin.clone(),
        }]
    }
}

fn is_unknown(pieces: &[Piece]) -> bool {
    matches!(pieces, [piece] if matches!(piece.part, Part::Hole(_)))
}

fn shape_of(parts: &[RawPart]) -> Option<String> {
    parts.iter().map(shape).collect()
}

fn is_basename(op: &str, parts: &[RawPart]) -> bool {
    op == "##"
        && parts
            .iter()
            .map(shape)
            .collect::<Option<String>>()
            .as_deref()
            == Some("*/")
}

fn shape(part: &RawPart) -> Option<String> {
    match &part.kind {
        PartKind::Plain(text) | PartKind::Glob(text) => Some(text.clone()),
        _ => None,
    }
}

fn hole_for(pieces: &[Piece]) -> Hole {
    let name = pieces.iter().all(|piece| match &piece.part {
        Part::Literal(text) | Part::Glob(text) => !text.contains('/'),
        Part::Hole(hole) => *hole == Hole::Name,
    });
    if name { Hole::Name } else { Hole::Unknown }
}

fn first(text: &str, change: fn(&str) -> String) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(c) => change(&c.to_string()) + chars.as_str(),
        None => String::new(),
    }
}

fn transform(param: &Param, found: Found) -> Found {
    let letter = param
        .operands
        .first()
        .and_then(|parts| shape(parts.first()?));
    let Found::One(pieces) = &found else {
        return found;
    };
    let Some(text) = literal(pieces) else {
        return found;
    };
    let text = match letter.as_deref() {
        Some("U") => text.to_uppercase(),
        Some("u") => first(&text, str::to_uppercase),
        Some("L") => text.to_lowercase(),
        Some("Q") => format!("'{}'", text.replace('\'', r"'\''")),
        _ => return found,
    };
    let origin = pieces.first().map_or_else(nowhere, |p| p.origin.clone());
    Found::One(vec![literal_piece(&text, &origin)])
}

fn derived(found: Found, origin: &Origin) -> Found {
    match found {
        Found::One(pieces) => Found::One(vec![Piece {
            part: Part::Hole(hole_for(&pieces)),
            origin: origin.clone(),
        }]),
        Found::Many { .. } => Found::One(vec![unknown(origin)]),
        Found::Unset => Found::Unset,
    }
}

fn cut<T>(items: &[T], offset: i64, length: Option<i64>) -> &[T] {
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { count + offset } else { offset };
    if start < 0 || start > count {
        return &[];
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count + length,
        Some(length) => start.saturating_add(length).min(count),
    };
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
        return &[];
    };
    items.get(start..end).unwrap_or_default()
}

fn element(items: &[(Option<String>, Vec<Piece>)], key: &str, origin: &Origin) -> Found {
    if let Some(item) = items
        .iter()
        .rev()
        .find(|item| item.0.as_deref() == Some(key))
    {
        return Found::One(item.1.clone());
    }
    let first = key.parse::<usize>().ok();
    if let Some(before) = first.and_then(|at| items.get(..=at))
        && let [.., (_, pieces)] = before
        && before.iter().all(|(key, _)| key.is_none())
    {
        return Found::One(pieces.clone());
    }
    if has_unknown_key(items) {
        return match items {
            [(_, pieces)] => Found::One(pieces.clone()),
            _ => Found::One(vec![unknown(origin)]),
        };
    }
    let at = match key.parse::<i64>() {
        Ok(number) if number < 0 => usize::try_from(-number)
            .ok()
            .and_then(|back| items.len().checked_sub(back)),
        Ok(number) => usize::try_from(number).ok(),
        Err(_) => return Found::One(vec![unknown(origin)]),
    };
    match at.and_then(|at| items.get(at)) {
        Some((None, pieces)) => Found::One(pieces.clone()),
        Some((Some(_), _)) | None => Found::Unset,
    }
}

fn emit(found: Found, origin: &Origin, mode: Mode, out: &mut Vec<Bit>) {
    match found {
        Found::Unset => {}
        Found::One(pieces) => {
            for piece in pieces {
                out.push(bit(piece.part, piece.origin, mode));
            }
        }
        Found::Many { items, star } => {
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(if star && mode.quoted {
                        bit(Part::Literal(" ".to_owned()), origin.clone(), mode)
                    } else {
                        Bit::Break
                    });
                }
                if item.is_empty() && mode.quoted {
                    out.push(bit(Part::Literal(String::new()), origin.clone(), mode));
                }
                let list = !star && is_list(&item);
                for piece in item {
                    out.push(match bit(piece.part, piece.origin, mode) {
                        Bit::Piece { piece, .. } if list => Bit::Piece {
                            piece,
                            quoted: false,
                            split: false,
                        },
                        other => other,
                    });
                }
            }
        }
    }
}

/// Tells whether an element may stand for any number of them: unknown lines, an inherited variable taken for an array.
fn is_list(item: &[Piece]) -> bool {
    matches!(item, [piece] if match &piece.part {
        Part::Hole(Hole::Unknown) => piece.origin == nowhere(),
        Part::Hole(Hole::Inherited(_)) => true,
        Part::Hole(Hole::Name) | Part::Literal(_) | Part::Glob(_) => false,
    })
}

/// Gives `"$@"` where a word may be any number of words.
fn spread(arguments: &[Word], out: &mut Vec<Bit>) {
    for (index, word) in arguments.iter().enumerate() {
        if index > 0 {
            out.push(Bit::Break);
        }
        for piece in &word.pieces {
            out.push(Bit::Piece {
                piece: piece.clone(),
                quoted: !word.many,
                split: false,
            });
        }
    }
}

fn length(found: &Found, origin: Origin, mode: Mode) -> Bit {
    let number = match found {
        Found::Unset => Some(0),
        Found::Many { items, .. } => {
            (!items.iter().any(|item| is_list(item))).then_some(items.len())
        }
        Found::One(pieces) => literal(pieces).map(|text| text.chars().count()),
    };
    match number {
        Some(number) => bit(Part::Literal(number.to_string()), origin, mode),
        None => hole(Hole::Name, origin, mode),
    }
}

/// A value that is known not to be empty: an inherited one loses its empty reading.
fn filled(pieces: Vec<Piece>) -> Vec<Piece> {
    let fill = |piece: Piece| Piece {
        part: match piece.part {
            Part::Hole(Hole::Inherited(_)) => Part::Hole(Hole::Unknown),
            other => other,
        },
        origin: piece.origin,
    };
    pieces.into_iter().map(fill).collect()
}

fn unknown(origin: &Origin) -> Piece {
    Piece {
        part: Part::Hole(Hole::Unknown),
        origin: origin.clone(),
    }
}

fn named_hole(origin: &Origin) -> Piece {
    Piece {
        part: Part::Hole(Hole::Name),
        origin: origin.clone(),
    }
}
