//! Reads reserved words, simple commands and assignments.
//! Compound commands are read in `compound`, words in `word`.

use super::super::ast::{Assign, AssignValue, Node, NodeKind, PartKind, RawPart, RawWord};
use super::cursor::{Read, ends_word, in_name, starts_name};
use super::word::Place;
use super::{Fault, Parser, Span};

/// Words that mean something only unquoted, whole and in command position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reserved {
    If,
    Then,
    Elif,
    Else,
    Fi,
    For,
    Select,
    While,
    Until,
    Do,
    Done,
    Case,
    Esac,
    In,
    Function,
    Time,
    Coproc,
    Bang,
    Open,
    Close,
    Test,
    TestEnd,
    Always,
}

const LONGEST: usize = 8;

impl Reserved {
    fn from_bytes(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"if" => Self::If,
            b"then" => Self::Then,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"fi" => Self::Fi,
            b"for" => Self::For,
            b"select" => Self::Select,
            b"while" => Self::While,
            b"until" => Self::Until,
            b"do" => Self::Do,
            b"done" => Self::Done,
            b"case" => Self::Case,
            b"esac" => Self::Esac,
            b"in" => Self::In,
            b"function" => Self::Function,
            b"time" => Self::Time,
            b"coproc" => Self::Coproc,
            b"always" => Self::Always,
            b"!" => Self::Bang,
            b"{" => Self::Open,
            b"}" => Self::Close,
            b"[[" => Self::Test,
            b"]]" => Self::TestEnd,
            _ => return None,
        })
    }

    /// Tells whether the word ends the list before it.
    pub fn closes_a_list(self) -> bool {
        matches!(
            self,
            Self::Then
                | Self::Elif
                | Self::Else
                | Self::Fi
                | Self::Do
                | Self::Done
                | Self::Esac
                | Self::Close
        )
    }

    /// Tells whether the word starts a compound command.
    pub fn starts_a_compound(self) -> bool {
        matches!(
            self,
            Self::If
                | Self::For
                | Self::Select
                | Self::While
                | Self::Until
                | Self::Case
                | Self::Open
                | Self::Test
        )
    }

    /// Returns the number of bytes.
    pub fn len(self) -> usize {
        match self {
            Self::Bang | Self::Open | Self::Close => 1,
            Self::If | Self::Fi | Self::Do | Self::In | Self::Test | Self::TestEnd => 2,
            Self::For => 3,
            Self::Then
            | Self::Elif
            | Self::Else
            | Self::Done
            | Self::Case
            | Self::Esac
            | Self::Time => 4,
            Self::While | Self::Until => 5,
            Self::Select | Self::Coproc | Self::Always => 6,
            Self::Function => 8,
        }
    }
}

/// Tells whether operands of this command may be array literals.
fn takes_arrays(word: &RawWord) -> bool {
    matches!(
        plain_text(word),
        Some("declare" | "local" | "export" | "readonly" | "typeset")
    )
}

/// Returns the text of a word that is one unquoted literal.
pub(super) fn plain_text(word: &RawWord) -> Option<&str> {
    match word.parts.as_slice() {
        [
            RawPart {
                kind: PartKind::Plain(text),
                ..
            },
        ] => Some(text),
        _ => None,
    }
}

impl Parser<'_> {
    /// Returns the reserved word that stands here as a whole word; nothing is moved.
    pub(super) fn reserved(&mut self) -> Option<Reserved> {
        let first = self.cur.peek()?;
        if !matches!(
            first,
            b'!' | b'{' | b'}' | b'[' | b']' | b'a' | b'c'..=b'f' | b'i' | b's'..=b'u' | b'w'
        ) {
            return None;
        }
        let mut buffer = [0_u8; LONGEST];
        let mut len = 0;
        let mut at = self.cur.pos;
        loop {
            at = self.cur.past_continuations(at);
            match self.cur.raw(at) {
                Some(byte) if !ends_word(byte) => {
                    *buffer.get_mut(len)? = byte;
                    len += 1;
                    at += 1;
                }
                _ => return Reserved::from_bytes(buffer.get(..len)?),
            }
        }
    }

    /// Moves over `word` if it stands here.
    pub(super) fn eat_reserved(&mut self, word: Reserved) -> bool {
        let here = self.reserved() == Some(word);
        if here {
            self.cur.bump_many(word.len());
        }
        here
    }

    /// Moves over `word` or fails.
    pub(super) fn expect_reserved(&mut self, word: Reserved, reason: &'static str) -> Read<()> {
        if self.eat_reserved(word) {
            Ok(())
        } else {
            Err(self.cur.fault(reason))
        }
    }

    /// Tells whether `time` is the shell's own here, and moves over it and its options if so.
    /// `time -f …` is the program of that name in every shell but bash.
    pub(super) fn time_is_reserved(&mut self) -> bool {
        let start = self.cur.pos;
        self.cur.bump_many(Reserved::Time.len());
        loop {
            self.cur.skip_blanks();
            if self.cur.peek() != Some(b'-') {
                return true;
            }
            let known = matches!(self.cur.peek_second(), Some(b'p' | b'-'))
                && self.cur.peek_after(2).is_none_or(ends_word);
            if !known {
                self.cur.pos = start;
                return false;
            }
            self.cur.bump_many(2);
        }
    }

    /// Tells whether no command can start here.
    pub(super) fn at_command_end(&mut self) -> bool {
        self.cur.skip_blanks();
        matches!(
            self.cur.peek(),
            None | Some(b'\n' | b';' | b'&' | b'|' | b')' | b'#')
        )
    }

    /// Reads assignments, words and redirections up to the next operator.
    pub(super) fn simple(&mut self) -> Read<Node> {
        let start = self.cur.pos;
        let mut redirects = Vec::new();
        let mut assigns = Vec::new();
        let mut words: Vec<RawWord> = Vec::new();
        let mut arrays = false;
        loop {
            self.cur.skip_blanks();
            let Some(byte) = self.cur.peek() else { break };
            if let Some(redirect) = self.redirection()? {
                redirects.push(redirect);
                continue;
            }
            if byte == b'(' && words.len() == 1 && assigns.is_empty() && redirects.is_empty() {
                let name = words.first().and_then(plain_text).map(str::to_owned);
                return self.function_after_name(start, name);
            }
            if byte == b'#' || (ends_word(byte) && !self.at_process()) {
                break;
            }
            if words.is_empty() {
                match self.assign_or_word()? {
                    Ok(assign) => assigns.push(assign),
                    Err(word) => {
                        arrays = takes_arrays(&word);
                        words.push(word);
                    }
                }
            } else {
                let word = self.operand(arrays, &mut assigns)?;
                words.push(word);
            }
        }
        if words.is_empty() && assigns.is_empty() && redirects.is_empty() {
            return Err(self.cur.fault("a command is expected"));
        }
        let ends = [
            words.last().map(|word| word.span.end),
            assigns.last().map(|assign| assign.span.end),
            redirects.last().map(|redirect| redirect.span.end),
        ];
        let end = ends.into_iter().flatten().max().unwrap_or(start);
        Ok(Node {
            kind: NodeKind::Simple { assigns, words },
            redirects,
            span: Span::new(start, end),
        })
    }

    /// Reads a word behind the program. Behind `declare` and its like an array literal becomes an
    /// assignment, and the word that stays is the bare name with the span of both.
    fn operand(&mut self, arrays: bool, assigns: &mut Vec<Assign>) -> Read<RawWord> {
        if !arrays || !self.cur.peek().is_some_and(starts_name) {
            return self.word(Place::Word);
        }
        let assign = match self.assign_or_word()? {
            Err(word) => return Ok(word),
            Ok(assign) => assign,
        };
        let span = assign.span;
        let parts = match assign.value {
            AssignValue::Word(ref value) => parts_of_assign(&assign, value),
            AssignValue::Array(_) => {
                let name = PartKind::Plain(assign.name.clone());
                assigns.push(assign);
                vec![RawPart { kind: name, span }]
            }
        };
        Ok(RawWord { parts, span })
    }

    /// Reads an assignment (`Ok`) or, where none stands, a word (`Err`).
    fn assign_or_word(&mut self) -> Read<Result<Assign, RawWord>> {
        let start = {
            self.cur.peek();
            self.cur.pos
        };
        let Some((name, after)) = self.name_at(start) else {
            return self.word(Place::Word).map(Err);
        };
        let (mut index, mut at) = (None, after);
        if self.cur.raw(after) == Some(b'[') {
            self.cur.pos = after + 1;
            let parts = self.subscript()?;
            at = self.cur.past_continuations(self.cur.pos);
            index = Some((after, parts, at));
        }
        let append = self.cur.raw(at) == Some(b'+');
        let sign = self.cur.past_continuations(at + usize::from(append));
        if self.cur.raw(sign) != Some(b'=') {
            return match index {
                None => {
                    self.cur.pos = start;
                    self.word(Place::Word).map(Err)
                }
                Some((open, parts, end)) => {
                    self.word_after_subscript(start, name, open, parts, end)
                }
            };
        }
        self.cur.pos = sign + 1;
        let value = self.assigned()?;
        Ok(Ok(Assign {
            name,
            index: index.map(|(_, parts, _)| parts),
            append,
            value,
            span: Span::new(start, self.cur.pos),
        }))
    }

    /// Returns the name at `start` when `=`, `+` or `[` follows it, and where it ends.
    fn name_at(&self, start: usize) -> Option<(String, usize)> {
        if !self.cur.raw(start).is_some_and(starts_name) {
            return None;
        }
        let mut at = start;
        while self.cur.raw(at).is_some_and(in_name) {
            at = self.cur.past_continuations(at + 1);
        }
        if !matches!(self.cur.raw(at), Some(b'=' | b'+' | b'[')) {
            return None;
        }
        let name = self.cur.slice(start, at);
        let name = if name.contains('\\') {
            name.replace("\\\n", "")
        } else {
            name.to_owned()
        };
        Some((name, at))
    }

    /// `name[…]` without `=`: one word, whatever stands between the brackets.
    fn word_after_subscript(
        &mut self,
        start: usize,
        name: String,
        open: usize,
        inner: Vec<RawPart>,
        end: usize,
    ) -> Read<Result<Assign, RawWord>> {
        let mut parts = vec![
            part(PartKind::Plain(name), start, open),
            part(PartKind::Glob("[".to_owned()), open, open + 1),
        ];
        parts.extend(inner);
        parts.push(part(PartKind::Plain("]".to_owned()), end - 1, end));
        if self.cur.peek().is_some_and(|byte| !ends_word(byte)) || self.at_process() {
            append_parts(&mut parts, self.word(Place::Rest)?.parts);
        }
        let span = Span::new(start, self.cur.pos);
        Ok(Err(RawWord { parts, span }))
    }

    /// Reads the right side of an assignment.
    fn assigned(&mut self) -> Read<AssignValue> {
        if self.cur.peek() == Some(b'(') {
            return self.array().map(AssignValue::Array);
        }
        self.word(Place::Value).map(AssignValue::Word)
    }

    /// Reads `( … )` behind `name=`; newlines and comments may stand inside.
    fn array(&mut self) -> Read<Vec<RawWord>> {
        self.cur.enter()?;
        self.cur.bump();
        let mut elements = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.cur.peek() {
                None => return Err(self.cur.fault("an array is not closed")),
                Some(b')') => break,
                Some(b'[') => elements.push(self.keyed_element()?),
                Some(_) => elements.push(self.word(Place::Word)?),
            }
        }
        self.cur.bump();
        self.cur.leave();
        Ok(elements)
    }

    /// Reads `[key]=value` of an array; the key may hold blanks.
    fn keyed_element(&mut self) -> Read<RawWord> {
        let start = self.cur.pos;
        self.cur.bump();
        let mut parts = vec![part(PartKind::Glob("[".to_owned()), start, start + 1)];
        parts.extend(self.subscript()?);
        let end = self.cur.pos;
        parts.push(part(PartKind::Plain("]".to_owned()), end - 1, end));
        if self.cur.peek().is_some_and(|byte| !ends_word(byte)) || self.at_process() {
            append_parts(&mut parts, self.word(Place::Rest)?.parts);
        }
        let span = Span::new(start, self.cur.pos);
        Ok(RawWord { parts, span })
    }

    /// Reads `()` and the body of a function whose name was the first word.
    fn function_after_name(&mut self, start: usize, name: Option<String>) -> Read<Node> {
        self.cur.bump();
        self.cur.skip_blanks();
        if !self.cur.eat(b')') {
            return Err(self.cur.fault("unexpected `(` after a word"));
        }
        let name = name.ok_or_else(|| self.cur.fault("a function's name cannot be quoted"))?;
        self.function_body(start, name)
    }

    /// Fails at the current position.
    pub(super) fn fail<T>(&self, reason: &'static str) -> Read<T> {
        let fault: Fault = self.cur.fault(reason);
        Err(fault)
    }
}

/// Builds a part.
pub(super) fn part(kind: PartKind, start: usize, end: usize) -> RawPart {
    RawPart {
        kind,
        span: Span::new(start, end),
    }
}

/// Returns an assignment as the parts of one word.
fn parts_of_assign(assign: &Assign, value: &RawWord) -> Vec<RawPart> {
    let start = assign.span.start;
    let sign = if assign.append { "+=" } else { "=" };
    let value_start = value.span.start;
    let sign_at = value_start.saturating_sub(sign.len()).max(start);
    let mut parts = Vec::with_capacity(2);
    let name = PartKind::Plain(assign.name.clone());
    if let Some(index) = &assign.index {
        let first = index.first().map_or(sign_at, |part| part.span.start);
        let last = index.last().map_or(first, |part| part.span.end);
        let open = first.saturating_sub(1).max(start);
        parts.push(part(name, start, open));
        parts.push(part(PartKind::Glob("[".to_owned()), open, first));
        parts.extend(index.iter().cloned());
        parts.push(part(PartKind::Plain("]".to_owned()), last, sign_at));
    } else {
        parts.push(part(name, start, sign_at));
    }
    let sign = PartKind::Plain(sign.to_owned());
    append_parts(&mut parts, vec![part(sign, sign_at, value_start)]);
    append_parts(&mut parts, value.parts.clone());
    parts
}

/// Appends parts, joining unquoted text with unquoted text.
pub(super) fn append_parts(parts: &mut Vec<RawPart>, more: Vec<RawPart>) {
    for next in more {
        if let (
            Some(RawPart {
                kind: PartKind::Plain(text),
                span,
            }),
            PartKind::Plain(added),
        ) = (parts.last_mut(), &next.kind)
        {
            text.push_str(added);
            *span = span.join(next.span);
        } else {
            parts.push(next);
        }
    }
}
