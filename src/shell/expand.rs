//! Evaluates words as bash does: braces, tilde, parameters, substitutions, arithmetic, splitting, quotes.
//! It looks at nothing outside the facts; a pattern stays a pattern and what is unknown stays a hole.

use crate::model::command::Cwd;
use crate::model::fact::{Answer, Question};
use crate::model::span::{Origin, Span};
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{PartKind, RawPart, RawWord};
use super::brace;
use super::fresh;
use super::source::Source;
use super::state::{Choice, Feed, State, Value, literal, nowhere};
use super::unfold::{Frame, Unfolder};
use super::weight;

/// One brace expansion gives at most this many words; bash would give them all, a guard need not.
const MAX_FIELDS: usize = 4_096;
/// Words that one word with braces gives one by one; the rest of them is one word that is not known.
const MAX_FORMS: usize = 1_024;

/// A piece of an evaluated word before splitting.
#[derive(Clone, Debug)]
pub(super) enum Bit {
    Piece {
        piece: Piece,
        quoted: bool,
        split: bool,
    },
    /// The boundary between two fields of `"$@"`.
    Break,
}

/// Texts of lists that are remembered.
const MAX_LISTED: usize = 256;

/// How parts are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub quoted: bool,
    /// Unquoted patterns are active here.
    pub glob: bool,
}

pub(super) const WORD: Mode = Mode {
    quoted: false,
    glob: true,
};
pub(super) const VALUE: Mode = Mode {
    quoted: false,
    glob: false,
};
pub(super) const QUOTED: Mode = Mode {
    quoted: true,
    glob: false,
};

impl Unfolder<'_> {
    /// Returns the fields that these words give.
    pub(super) fn fields(&mut self, words: &[RawWord], st: &mut State, fr: &Frame) -> Vec<Word> {
        let mut all = Vec::with_capacity(words.len());
        for word in words {
            let from = all.len();
            self.field(word, st, fr, &mut all);
            if !st.globs.is_usual() {
                st.globs.rewrite(&mut all, from);
            }
            if all.len() > MAX_FIELDS {
                self.spend("a command has too many words");
                break;
            }
        }
        all
    }

    fn field(&mut self, word: &RawWord, st: &mut State, fr: &Frame, all: &mut Vec<Word>) {
        let origin = fr.source.origin(word.span);
        if let [part] = word.parts.as_slice()
            && let PartKind::Plain(text) = &part.kind
            && !text.starts_with('~')
            && !text.contains('{')
        {
            let pieces = fr.source.pieces(text, origin.clone());
            let many = pieces
                .iter()
                .any(|p| matches!(p.part, Part::Hole(Hole::Inherited(_) | Hole::Unknown)));
            all.push(Word {
                pieces,
                origin,
                many,
                quoted: false,
            });
            return;
        }
        if brace::present(&word.parts) {
            let (forms, whole) = brace::expand(&word.parts, MAX_FORMS);
            for parts in forms {
                let bits = self.bits(&parts, WORD, st, fr);
                self.split(bits, &origin, st, all);
            }
            if !whole {
                all.push(rest_of(word, origin));
            }
        } else {
            let bits = self.bits(&word.parts, WORD, st, fr);
            self.split(bits, &origin, st, all);
        }
    }

    /// Returns the text that parts give where nothing is split (assignments, here-strings, targets).
    pub(super) fn text(
        &mut self,
        parts: &[RawPart],
        mode: Mode,
        st: &mut State,
        fr: &Frame,
    ) -> Vec<Piece> {
        let bits = self.bits(parts, mode, st, fr);
        let mut all = Vec::with_capacity(bits.len());
        for bit in bits {
            match bit {
                Bit::Piece { piece, .. } => all.push(piece),
                Bit::Break => all.push(Piece {
                    part: Part::Literal(" ".to_owned()),
                    origin: nowhere(),
                }),
            }
        }
        all
    }

    /// Returns the pieces of parts, not yet split.
    pub(super) fn bits(
        &mut self,
        parts: &[RawPart],
        mode: Mode,
        st: &mut State,
        fr: &Frame,
    ) -> Vec<Bit> {
        let mut out = Vec::with_capacity(parts.len());
        if !self.enter() {
            out.push(hole(Hole::Unknown, nowhere(), mode));
            return out;
        }
        for (index, part) in parts.iter().enumerate() {
            self.part(part, index == 0, mode, st, fr, &mut out);
        }
        self.leave();
        self.carry(weight::of_bits(&out));
        out
    }

    fn part(
        &mut self,
        part: &RawPart,
        first: bool,
        mode: Mode,
        st: &mut State,
        fr: &Frame,
        out: &mut Vec<Bit>,
    ) {
        match &part.kind {
            PartKind::Plain(text) if !mode.quoted && first && text.starts_with('~') => {
                self.tilde(text, part.span, st, fr, out);
            }
            PartKind::Plain(text) => {
                known(&fr.source, text, inner(part.span, 0, 0), mode.quoted, out);
            }
            PartKind::Escaped(text) => known(&fr.source, text, inner(part.span, 1, 0), true, out),
            // A quoted here-document's body has no quotes of its own.
            PartKind::Single(text) => {
                let quotes = usize::from(part.span.len() > text.len());
                let span = inner(part.span, quotes, quotes);
                known(&fr.source, text, span, true, out);
            }
            PartKind::AnsiC(text) => known(&fr.source, text, inner(part.span, 2, 1), true, out),
            PartKind::Double(parts) => {
                let before = out.len();
                out.extend(self.bits(parts, QUOTED, st, fr));
                let lists_nothing = parts.iter().all(is_list) && !parts.is_empty();
                if out.len() == before && !lists_nothing {
                    known(&fr.source, "", part.span, true, out);
                }
            }
            PartKind::Glob(text) if mode.quoted || !mode.glob || st.globs.off => {
                known(&fr.source, text, part.span, mode.quoted, out);
            }
            // Qualifiers of zsh only choose among the names: all of them count.
            // With `D` hidden names come too: what it gives is not known then.
            PartKind::Glob(text) if text.starts_with('(') && text.contains('D') => {
                out.push(hole(Hole::Unknown, fr.source.origin(part.span), WORD));
            }
            PartKind::Glob(text) if text.starts_with('(') => {}
            PartKind::Glob(text) => out.push(Bit::Piece {
                piece: Piece {
                    part: Part::Glob(text.clone()),
                    origin: fr.source.origin(part.span),
                },
                quoted: false,
                split: false,
            }),
            PartKind::Param(param) => {
                let from = out.len();
                self.param(param, part.span, mode, st, fr, out);
                if st.unsplit {
                    whole(out.get_mut(from..).unwrap_or_default());
                }
            }
            PartKind::Command(script) => self.printed(script, part.span, mode, st, fr, out),
            PartKind::Arith(parts) => self.number(parts, part.span, mode, st, fr, out),
            PartKind::Process { input, script } => {
                let origin = fr.source.origin(part.span);
                let name = self.process(*input, script, st, fr);
                out.push(bit(Part::Literal(name), origin, QUOTED));
            }
        }
    }

    fn number(
        &mut self,
        parts: &[RawPart],
        span: Span,
        mode: Mode,
        st: &mut State,
        fr: &Frame,
        out: &mut Vec<Bit>,
    ) {
        let origin = fr.source.origin(span);
        let number = self.arith(parts, st, fr);
        if number.is_none() && fresh::invents(fr.source.at(span)) {
            self.invented(&origin);
        }
        let known = number.map(|number| Part::Literal(number.to_string()));
        out.push(bit(known.unwrap_or(Part::Hole(Hole::Name)), origin, mode));
    }

    fn printed(
        &mut self,
        script: &super::ast::Script,
        span: Span,
        mode: Mode,
        st: &mut State,
        fr: &Frame,
        out: &mut Vec<Bit>,
    ) {
        let feed = self.substitute(script, st, fr);
        let origin = fr.source.origin(span);
        if let Feed::Opaque(from) = &feed {
            self.producers.push((origin.clone(), from.clone()));
        }
        // One word of some of these lines is none of all of them.
        let feed = match feed {
            Feed::Items(items) if !mode.glob && self.is_part(&items) => {
                self.candidates.push((origin.clone(), items));
                Feed::Opaque("a part of a list".to_owned())
            }
            Feed::Items(items) if items.is_empty() => {
                Feed::Opaque("names that the call makes".to_owned())
            }
            feed => feed,
        };
        if matches!(&feed, Feed::Items(items) if !self.is_counted(items)) {
            self.uncounted += 1;
        }
        let open = match &feed {
            Feed::Items(items) => !self.is_counted(items) || items.len() > 1,
            _ => false,
        };
        let from = out.len();
        substituted(feed, &origin, mode, out);
        if open && self.lists.len() < MAX_LISTED {
            let bits = out.get(from..).unwrap_or_default();
            let text = |bit: &Bit| match bit {
                Bit::Piece { piece, .. } => match &piece.part {
                    Part::Literal(text) | Part::Glob(text) => Some(text.clone()),
                    Part::Hole(_) => None,
                },
                Bit::Break => None,
            };
            self.lists.push(bits.iter().filter_map(text).collect());
        } else if open {
            // So many lists: which texts are one is no longer told.
            self.unsure += 1;
        }
        if fresh::invents(fr.source.at(span)) {
            for bit in out.get(from..).unwrap_or_default() {
                if let Bit::Piece { piece, .. } = bit
                    && matches!(piece.part, Part::Hole(Hole::Unknown | Hole::Name))
                {
                    self.invented(&piece.origin);
                }
            }
        }
    }

    fn tilde(&mut self, text: &str, span: Span, st: &mut State, fr: &Frame, out: &mut Vec<Bit>) {
        let end = text.find('/').unwrap_or(text.len());
        let (head, tail) = text.split_at_checked(end).unwrap_or((text, ""));
        let origin = fr.source.origin(Span::new(
            span.start,
            (span.start + head.len()).min(span.end),
        ));
        let pieces = match head {
            "~" => self.variable_text("HOME", &origin, st),
            "~+" => self.variable_text("PWD", &origin, st),
            "~-" => self.variable_text("OLDPWD", &origin, st),
            "~root" => vec![literal_piece("/root", &origin)],
            name if name.chars().skip(1).all(is_user_char) => vec![Piece {
                part: Part::Hole(Hole::Unknown),
                origin: origin.clone(),
            }],
            name => vec![literal_piece(name, &origin)],
        };
        for piece in pieces {
            out.push(Bit::Piece {
                piece,
                quoted: true,
                split: false,
            });
        }
        if !tail.is_empty() {
            let from = (span.start + head.len()).min(span.end);
            known(&fr.source, tail, Span::new(from, span.end), false, out);
        }
    }

    /// Returns the value of a variable as one text.
    pub(super) fn variable_text(
        &mut self,
        name: &str,
        origin: &Origin,
        st: &mut State,
    ) -> Vec<Piece> {
        match self.lookup(name, origin, st) {
            Value::Text(pieces) => pieces,
            Value::List(items) => items.into_iter().next().map_or_else(Vec::new, |i| i.1),
            Value::Unset => Vec::new(),
        }
    }

    /// Returns the value that a variable has in the reading at hand.
    pub(super) fn lookup(&mut self, name: &str, origin: &Origin, st: &mut State) -> Value {
        let name = &st.resolve(name);
        let Some(variable) = st.variables.get(name.as_str()) else {
            return self.inherited(name, origin, st);
        };
        if let [value] = variable.alternatives.as_slice() {
            return value.clone();
        }
        let count = variable.alternatives.len();
        match choose(st, name, count) {
            Some(index) => {
                st.narrow(name, index);
                st.variables
                    .get(name.as_str())
                    .and_then(|variable| variable.alternatives.first().cloned())
                    .unwrap_or(Value::Unset)
            }
            None => Value::unknown(Hole::Unknown, origin.clone()),
        }
    }

    fn inherited(&mut self, name: &str, origin: &Origin, st: &State) -> Value {
        let text = |text: &str| Value::Text(vec![literal_piece(text, origin)]);
        match name {
            "HOME" if st.far => Value::unknown(Hole::Unknown, origin.clone()),
            "HOME" => match self.scene.home.as_ref().and_then(|home| home.to_str()) {
                Some(home) => text(home),
                None => Value::unknown(Hole::Inherited(name.to_owned()), origin.clone()),
            },
            "USER" | "LOGNAME" if !st.far => match self.scene.user.clone() {
                Some(user) => text(&user),
                None => Value::unknown(Hole::Inherited(name.to_owned()), origin.clone()),
            },
            "PWD" => Value::Text(self.cwd_pieces(&st.cwd, origin)),
            "OLDPWD" => Value::Text(self.cwd_pieces(&st.previous, origin)),
            "TMPDIR" if !st.far => self.temporary(origin),
            "IFS" => text(" \t\n"),
            "BASH_SOURCE" | "0" | "ZSH_ARGZERO" => match &st.zero {
                Some(word) => Value::Text(word.pieces.clone()),
                None => text("bash"),
            },
            "UID" | "EUID" | "RANDOM" | "SRANDOM" | "SECONDS" | "EPOCHSECONDS" | "PPID"
            | "BASHPID" | "LINENO" | "HOSTNAME" | "OSTYPE" | "HOSTTYPE" | "MACHTYPE"
            | "EPOCHREALTIME" | "BASH_VERSION" | "SHLVL" => {
                if fresh::is_invented(name) {
                    self.invented(origin);
                }
                Value::unknown(Hole::Name, origin.clone())
            }
            _ if st.cleared => Value::Unset,
            _ => Value::unknown(Hole::Inherited(name.to_owned()), origin.clone()),
        }
    }

    fn temporary(&mut self, origin: &Origin) -> Value {
        let question = Question::Variable("TMPDIR".to_owned());
        let text = match self.facts.ask(question, self.needs) {
            Some(Answer::Variable(text)) => Some(text.clone()),
            Some(Answer::Assumed) => self.temporary_root(),
            _ => None,
        };
        match text {
            Some(text) => Value::Text(vec![literal_piece(&text, origin)]),
            None => Value::unknown(Hole::Inherited("TMPDIR".to_owned()), origin.clone()),
        }
    }

    /// Returns the first temporary directory of the scene.
    pub(super) fn temporary_root(&self) -> Option<String> {
        let first = self.scene.temporary.first()?;
        first.to_str().map(ToOwned::to_owned)
    }

    /// Returns the working directory as text.
    pub(super) fn cwd_pieces(&self, cwd: &[Cwd], origin: &Origin) -> Vec<Piece> {
        match cwd {
            [Cwd::Known(path)] => vec![literal_piece(&path.to_string_lossy(), origin)],
            [Cwd::Temporary] => self.fresh_temporary(origin),
            _ => vec![Piece {
                part: Part::Hole(Hole::Unknown),
                origin: origin.clone(),
            }],
        }
    }

    /// Returns the path that `mktemp` gives.
    pub(super) fn fresh_temporary(&self, origin: &Origin) -> Vec<Piece> {
        let root = self.temporary_root().unwrap_or_else(|| "/tmp".to_owned());
        vec![
            literal_piece(&format!("{}/tmp.", root.trim_end_matches('/')), origin),
            Piece {
                part: Part::Hole(Hole::Name),
                origin: origin.clone(),
            },
        ]
    }

    fn split(&mut self, bits: Vec<Bit>, origin: &Origin, st: &mut State, all: &mut Vec<Word>) {
        let splits = bits
            .iter()
            .any(|bit| matches!(bit, Bit::Piece { split: true, .. }));
        let ifs = if splits {
            literal(&self.variable_text("IFS", &nowhere(), st)).unwrap_or_else(|| " \t\n".into())
        } else {
            String::new()
        };
        let mut field = Building::new(origin);
        field.plain = st.globs.off;
        for bit in bits {
            match bit {
                Bit::Break => field.end(all),
                Bit::Piece {
                    piece,
                    quoted: false,
                    split: true,
                } => field.add_split(piece, &ifs, all),
                Bit::Piece { piece, quoted, .. } => field.add(piece, quoted),
            }
        }
        field.end(all);
    }
}

/// Decides between readings: the index for this run, or nothing where readings are not tried one by one.
pub(super) fn choose(st: &mut State, key: &str, count: usize) -> Option<usize> {
    let choices = st.choices.as_mut()?;
    if let Some(choice) = choices.iter().find(|choice| choice.key == key) {
        return Some(choice.index.min(count.saturating_sub(1)));
    }
    choices.push(Choice {
        key: key.to_owned(),
        index: 0,
        count,
    });
    Some(0)
}

/// One field while it grows.
struct Building<'a> {
    pieces: Vec<Piece>,
    quoted: bool,
    many: bool,
    present: bool,
    /// `set -f`: nothing in a value is a pattern.
    plain: bool,
    origin: &'a Origin,
}

impl<'a> Building<'a> {
    const fn new(origin: &'a Origin) -> Self {
        Self {
            pieces: Vec::new(),
            quoted: false,
            many: false,
            present: false,
            plain: false,
            origin,
        }
    }

    fn add(&mut self, piece: Piece, quoted: bool) {
        self.quoted |= quoted;
        if let Part::Literal(text) = &piece.part {
            if text.is_empty() {
                self.present |= quoted;
                return;
            }
        } else if !quoted && matches!(piece.part, Part::Hole(Hole::Inherited(_) | Hole::Unknown)) {
            self.many = true;
        }
        self.present = true;
        if self.pieces.is_empty() {
            // Most words are one piece; room for four would be most of what a long line weighs.
            self.pieces.reserve_exact(1);
        }
        self.pieces.push(piece);
    }

    fn add_split(&mut self, piece: Piece, ifs: &str, all: &mut Vec<Word>) {
        let Part::Literal(text) = &piece.part else {
            self.add(piece, false);
            return;
        };
        let pattern = |c: char| !self.plain && matches!(c, '*' | '?' | '[');
        let whole = !text.contains(|c| ifs.contains(c) || pattern(c));
        if whole {
            self.add(piece, false);
            return;
        }
        let mut run = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if ifs.contains(c) {
                self.flush(&mut run, &piece.origin);
                if !c.is_ascii_whitespace() {
                    self.present = true;
                }
                self.end(all);
                while chars
                    .peek()
                    .is_some_and(|next| ifs.contains(*next) && next.is_ascii_whitespace())
                {
                    chars.next();
                }
            } else if !self.plain && matches!(c, '*' | '?' | '[') {
                self.flush(&mut run, &piece.origin);
                let part = Part::Glob(c.to_string());
                let origin = piece.origin.clone();
                self.add(Piece { part, origin }, false);
            } else {
                run.push(c);
            }
        }
        self.flush(&mut run, &piece.origin);
    }

    fn flush(&mut self, run: &mut String, origin: &Origin) {
        if !run.is_empty() {
            let piece = literal_piece(run, origin);
            run.clear();
            self.add(piece, false);
        }
    }

    fn end(&mut self, all: &mut Vec<Word>) {
        if self.present && all.len() <= MAX_FIELDS {
            let mut pieces = std::mem::take(&mut self.pieces);
            if pieces.is_empty() {
                pieces.push(literal_piece("", self.origin));
            }
            all.push(Word {
                pieces,
                origin: self.origin.clone(),
                many: self.many,
                quoted: self.quoted,
            });
        }
        self.pieces.clear();
        self.quoted = false;
        self.many = false;
        self.present = false;
    }
}

/// Returns a literal piece.
pub(super) fn literal_piece(text: &str, origin: &Origin) -> Piece {
    Piece {
        part: Part::Literal(text.to_owned()),
        origin: origin.clone(),
    }
}

pub(super) fn bit(part: Part, origin: Origin, mode: Mode) -> Bit {
    Bit::Piece {
        piece: Piece { part, origin },
        quoted: mode.quoted,
        split: !mode.quoted,
    }
}

pub(super) fn hole(hole: Hole, origin: Origin, mode: Mode) -> Bit {
    bit(Part::Hole(hole), origin, mode)
}

fn known(source: &Source, text: &str, span: Span, quoted: bool, out: &mut Vec<Bit>) {
    for piece in source.pieces(text, source.origin(span)) {
        out.push(Bit::Piece {
            piece,
            quoted,
            split: false,
        });
    }
}

fn substituted(feed: Feed, origin: &Origin, mode: Mode, out: &mut Vec<Bit>) {
    match feed {
        Feed::Text {
            mut pieces,
            certain: true,
        } => {
            trim_newlines(&mut pieces);
            for piece in pieces {
                out.push(Bit::Piece {
                    piece,
                    quoted: mode.quoted,
                    split: !mode.quoted,
                });
            }
        }
        Feed::Items(items) if items.len() > 1 && super::generated::has_text(&items) => {
            let pieces = super::generated::pieces(&items);
            substituted(Feed::text(pieces), origin, mode, out);
        }
        Feed::Items(items) if items.len() == 1 => {
            for piece in items.into_iter().flat_map(|item| item.pieces) {
                out.push(Bit::Piece {
                    piece,
                    quoted: mode.quoted,
                    split: !mode.quoted,
                });
            }
        }
        Feed::Null => {}
        _ => out.push(hole(Hole::Unknown, origin.clone(), mode)),
    }
}

/// Removes trailing newlines, as command substitution does.
pub(super) fn trim_newlines(pieces: &mut Vec<Piece>) {
    while let Some(last) = pieces.last_mut() {
        let Part::Literal(text) = &mut last.part else {
            return;
        };
        let length = text.trim_end_matches('\n').len();
        text.truncate(length);
        if !text.is_empty() {
            return;
        }
        pieces.pop();
    }
}

fn inner(span: Span, before: usize, after: usize) -> Span {
    let start = (span.start + before).min(span.end);
    Span::new(start, span.end.saturating_sub(after).max(start))
}

/// Leaves what a variable holds in one piece, as zsh does.
fn whole(bits: &mut [Bit]) {
    for bit in bits {
        if let Bit::Piece { split, .. } = bit {
            *split = false;
        }
    }
}

fn is_list(part: &RawPart) -> bool {
    match &part.kind {
        PartKind::Param(param) => {
            param.name == "@"
                || param.index.as_ref().is_some_and(
                    |index| matches!(index.as_slice(), [p] if matches!(&p.kind, PartKind::Plain(t) if t == "@")),
                )
        }
        _ => false,
    }
}

fn is_user_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}
/// The words of braces that were not told one by one: what stands before the first brace, then something.
fn rest_of(word: &RawWord, origin: Origin) -> Word {
    let mut head = String::new();
    let mut slash = false;
    let mut braced = false;
    for part in &word.parts {
        let PartKind::Plain(text) = &part.kind else {
            slash = true;
            break;
        };
        let (before, after) = match text.split_once('{') {
            _ if braced => ("", text.as_str()),
            Some(both) => both,
            None => (text.as_str(), ""),
        };
        head.push_str(before);
        braced |= text.contains('{');
        slash |= after.contains('/');
    }
    let hole = if slash { Hole::Unknown } else { Hole::Name };
    let mut rest = Word::hole(hole, slash, origin.clone());
    if !head.is_empty() {
        rest.pieces.insert(0, literal_piece(&head, &origin));
    }
    rest
}
