//! Reads a shell text (bash, and what zsh shares or adds) into the tree of `ast`, with exact byte spans.
//! It expands nothing and runs nothing; what it cannot read is an error that carries the lines before it.

mod arith;
mod attach;
mod command;
mod compound;
mod cursor;
mod dollar;
mod param;
mod redirect;
mod word;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::ast::{Chain, Item, NodeKind, ParseError, Pipeline, RawPart, Script};
use super::scan;
use crate::model::span::Span;
use cursor::{Cursor, Fault, Read};
use redirect::Waiting;

pub use cursor::MAX_DEPTH;

/// Commands that are read of one text: more than a walk takes steps.
const MAX_COMMANDS: usize = 400_000;

/// Why reading stopped at a text of more commands; what stands before is run, the rest is held.
pub const TOO_MANY: &str = "the text holds more commands than are read";

/// Parses a whole text.
///
/// # Errors
/// Returns the tree of all complete lines before the place that cannot be read.
///
/// ```
/// let script = backstop::shell::parse::parse("rm -rf build").unwrap();
/// assert_eq!(script.items.len(), 1);
/// ```
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let mut parser = Parser::new(text);
    let mut script = Script::default();
    let outcome = parser.lines(&mut script);
    script.span = script.items.iter().fold(Span::default(), |span, item| {
        if span.is_empty() {
            item.span
        } else {
            span.join(item.span)
        }
    });
    attach::bodies(&mut script, &mut parser.bodies);
    let failed = |before, at, reason: String| ParseError { before, at, reason };
    match outcome {
        Err(fault) => Err(failed(script, fault.at, fault.reason.to_owned())),
        Ok(()) => match scan::check(text, &script) {
            Ok(()) => {
                script.span = Span::new(0, text.len());
                Ok(script)
            }
            // INVARIANT: a tree that a second reading contradicts is never used, not even in part.
            Err(at) => {
                let reason = "two readings of the text disagree".to_owned();
                Err(failed(Script::default(), at, reason))
            }
        },
    }
}

/// Reads one text; substitutions inside are read by the same parser, escaped backticks by a fresh one.
#[derive(Debug)]
struct Parser<'a> {
    cur: Cursor<'a>,
    /// Here-documents of this nesting level whose bodies come after the next newline.
    waiting: Vec<Waiting>,
    /// Bodies that were read, by the start of their redirection.
    bodies: Vec<(usize, Vec<RawPart>)>,
    /// Places where `((` turned out not to be arithmetic.
    no_arith: HashSet<usize>,
    /// Between these places no `[` opens a plain bracket pattern; the flag tells whether it is still a pattern.
    bracket: (usize, usize, bool),
    /// Commands read so far.
    commands: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            commands: 0,
            cur: Cursor::new(text),
            waiting: Vec::new(),
            bodies: Vec::new(),
            no_arith: HashSet::new(),
            bracket: (0, 0, false),
        }
    }

    /// Reads the text line by line; `script` keeps what was complete before a failure.
    fn lines(&mut self, script: &mut Script) -> Read<()> {
        loop {
            self.skip_newlines()?;
            if self.cur.peek().is_none() {
                return Ok(());
            }
            let mut line = Vec::new();
            let outcome = self.line(&mut line);
            let is_whole = match &outcome {
                Ok(()) => true,
                // The line goes on, and what was read of it is run.
                Err(fault) => fault.reason == TOO_MANY,
            };
            if is_whole {
                script.items.append(&mut line);
            }
            outcome?;
        }
    }

    /// Reads the items of one line and its newline, with the here-documents after it.
    fn line(&mut self, items: &mut Vec<Item>) -> Read<()> {
        loop {
            self.cur.skip_blanks();
            self.cur.skip_comment();
            match self.cur.peek() {
                None => return self.end_documents(),
                Some(b'\n') => return self.newline(),
                Some(_) => {
                    let (item, ended) = self.item()?;
                    items.push(item);
                    self.cur.skip_blanks();
                    self.cur.skip_comment();
                    if !ended && !matches!(self.cur.peek(), None | Some(b'\n')) {
                        return Err(self.cur.fault("unexpected text after a command"));
                    }
                }
            }
        }
    }

    /// Reads the list inside a compound command up to whatever closes it; the closer stays.
    fn script(&mut self) -> Read<Script> {
        let start = self.cur.pos;
        let mut items = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.at_closer() {
                break;
            }
            let (item, ended) = self.item()?;
            items.push(item);
            self.cur.skip_blanks();
            self.cur.skip_comment();
            if !ended && self.cur.peek() != Some(b'\n') {
                break;
            }
        }
        Ok(Script {
            items,
            span: Span::new(start, self.cur.pos),
        })
    }

    /// Tells whether the next token ends a list: the end, `)`, `;;` and the closing reserved words.
    fn at_closer(&mut self) -> bool {
        match self.cur.peek() {
            None | Some(b')') => true,
            Some(b';') => matches!(self.cur.peek_second(), Some(b';' | b'&' | b'|')),
            Some(_) => self
                .reserved()
                .is_some_and(command::Reserved::closes_a_list),
        }
    }

    /// Reads one and-or list; true when `;` or `&` ended it.
    fn item(&mut self) -> Read<(Item, bool)> {
        let first = self.pipeline()?;
        let start = first.span.start;
        let mut rest = Vec::new();
        loop {
            self.cur.skip_blanks();
            let chain = match (self.cur.peek(), self.cur.peek_second()) {
                (Some(b'&'), Some(b'&')) => Chain::And,
                (Some(b'|'), Some(b'|')) => Chain::Or,
                _ => break,
            };
            self.cur.bump_many(2);
            self.skip_newlines()?;
            rest.push((chain, self.pipeline()?));
        }
        let end = rest
            .last()
            .map_or(first.span.end, |(_, pipeline)| pipeline.span.end);
        let (ended, background) = self.terminator();
        let span = Span::new(start, end);
        let item = Item {
            first,
            rest,
            background,
            span,
        };
        Ok((item, ended))
    }

    /// Moves over `;` or `&`; tells whether there was one and whether it was `&`.
    fn terminator(&mut self) -> (bool, bool) {
        match (self.cur.peek(), self.cur.peek_second()) {
            (Some(b';'), Some(b';' | b'&' | b'|')) => (false, false),
            (Some(b';'), _) => {
                self.cur.bump();
                (true, false)
            }
            (Some(b'&'), second) => {
                // `&|` is zsh's way to start a job that the shell forgets.
                self.cur.bump_many(if second == Some(b'|') { 2 } else { 1 });
                (true, true)
            }
            _ => (false, false),
        }
    }

    fn pipeline(&mut self) -> Read<Pipeline> {
        self.cur.skip_blanks();
        let start = self.cur.pos;
        let (negated, timed) = self.pipeline_prefix()?;
        // Nearly every pipeline is one command, and a long text has many of them.
        let mut nodes = Vec::with_capacity(1);
        if (negated || timed) && self.at_command_end() {
            nodes.push(self.nothing());
        } else {
            nodes.push(self.node()?);
        }
        loop {
            self.cur.skip_blanks();
            if self.cur.peek() != Some(b'|') || self.cur.peek_second() == Some(b'|') {
                break;
            }
            let bar = self.cur.pos;
            self.cur.bump();
            if self.cur.eat(b'&') {
                let both = redirect::errors_to_output(Span::new(bar, self.cur.pos));
                if let Some(node) = nodes.last_mut() {
                    node.redirects.push(both);
                }
            }
            self.skip_newlines()?;
            nodes.push(self.node()?);
        }
        let end = nodes.last().map_or(self.cur.pos, |node| node.span.end);
        Ok(Pipeline {
            negated,
            timed,
            nodes,
            span: Span::new(start, end.max(start)),
        })
    }

    /// Reads `!` and `time` before a pipeline.
    fn pipeline_prefix(&mut self) -> Read<(bool, bool)> {
        let (mut negated, mut timed) = (false, false);
        loop {
            match self.reserved() {
                Some(command::Reserved::Bang) => {
                    self.cur.bump();
                    negated = !negated;
                }
                Some(command::Reserved::Time) if self.time_is_reserved() => timed = true,
                _ => return Ok((negated, timed)),
            }
            self.cur.pay(1)?;
            self.cur.skip_blanks();
        }
    }

    /// Moves over blanks, comments and newlines, and the here-documents that start after them.
    fn skip_newlines(&mut self) -> Read<()> {
        loop {
            self.cur.skip_blanks();
            self.cur.skip_comment();
            if self.cur.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// Moves over one newline and the bodies of the here-documents that wait for it.
    fn newline(&mut self) -> Read<()> {
        self.cur.bump();
        self.cur.pay(0)?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.documents()
    }
}

/// A simple command without any word, as after a lone `!`.
impl Parser<'_> {
    fn nothing(&self) -> super::ast::Node {
        super::ast::Node {
            kind: NodeKind::Simple {
                assigns: Vec::new(),
                words: Vec::new(),
            },
            redirects: Vec::new(),
            span: Span::new(self.cur.pos, self.cur.pos),
        }
    }
}
