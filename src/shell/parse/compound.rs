//! Reads compound commands: subshells, groups, conditionals, loops, `case`, functions, `[[ ]]`, coprocesses.
//! Lists inside them are read in `parse`, words in `word`.

use super::super::ast::{CaseArm, Item, Node, NodeKind, PartKind, Pipeline, RawWord, Script};
use super::command::{Reserved, part};
use super::cursor::{Read, ends_word, in_name, starts_name};
use super::word::Place;
use super::{MAX_COMMANDS, Parser, Span, TOO_MANY};

impl Parser<'_> {
    /// Reads one command of a pipeline with its redirections.
    pub(super) fn node(&mut self) -> Read<Node> {
        self.cur.skip_blanks();
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(self.cur.fault(TOO_MANY));
        }
        self.cur.enter()?;
        let node = self.node_inside();
        self.cur.leave();
        node
    }

    fn node_inside(&mut self) -> Read<Node> {
        let start = self.cur.pos;
        let Some(kind) = self.compound()? else {
            return self.simple();
        };
        self.finish_node(start, kind)
    }

    /// Adds the redirections that follow a compound command.
    fn finish_node(&mut self, start: usize, kind: NodeKind) -> Read<Node> {
        let mut redirects = Vec::new();
        let mut end = self.cur.pos;
        loop {
            self.cur.skip_blanks();
            let Some(redirect) = self.redirection()? else {
                break;
            };
            end = redirect.span.end;
            redirects.push(redirect);
        }
        Ok(Node {
            kind,
            redirects,
            span: Span::new(start, end),
        })
    }

    /// Reads a compound command, or nothing when a simple one stands here.
    fn compound(&mut self) -> Read<Option<NodeKind>> {
        if self.cur.peek() == Some(b'(') {
            return self.parenthesis().map(Some);
        }
        let Some(word) = self.reserved() else {
            return Ok(None);
        };
        let kind = match word {
            Reserved::If => self.conditional()?,
            Reserved::For => self.for_loop(false)?,
            Reserved::Select => self.for_loop(true)?,
            Reserved::While => self.while_loop(false)?,
            Reserved::Until => self.while_loop(true)?,
            Reserved::Case => self.case()?,
            Reserved::Open => self.group()?,
            Reserved::Test => self.test()?,
            Reserved::Function => self.function()?,
            Reserved::Coproc => self.coproc()?,
            word if word.closes_a_list() => return self.fail("a reserved word stands alone"),
            _ => return Ok(None),
        };
        Ok(Some(kind))
    }

    /// Reads `( … )`, `(( … ))` or zsh's `() { … }`.
    fn parenthesis(&mut self) -> Read<NodeKind> {
        let start = self.cur.pos;
        if self.cur.peek_second() == Some(b'(')
            && let Some(parts) = self.try_arithmetic(start, 2, false)?
        {
            return Ok(NodeKind::Arith(parts));
        }
        self.cur.bump();
        self.cur.skip_blanks();
        if self.cur.eat(b')') {
            self.cur.skip_blanks();
            return match self.reserved() {
                Some(Reserved::Open) => self.group(),
                _ => self.fail("a command is expected inside `( )`"),
            };
        }
        let script = self.script()?;
        if !self.cur.eat(b')') {
            return self.fail("`)` is expected");
        }
        Ok(NodeKind::Subshell(script))
    }

    /// Reads `{ … }`, with zsh's `always { … }` behind it.
    fn group(&mut self) -> Read<NodeKind> {
        let start = self.cur.pos;
        let script = self.braces()?;
        let end = self.cur.pos;
        self.cur.skip_blanks();
        if !self.eat_reserved(Reserved::Always) {
            self.cur.pos = end;
            return Ok(NodeKind::Group(script));
        }
        self.cur.skip_blanks();
        let second = self.cur.pos;
        let always = self.braces()?;
        let items = vec![
            group_item(script, Span::new(start, end)),
            group_item(always, Span::new(second, self.cur.pos)),
        ];
        let span = Span::new(start, self.cur.pos);
        Ok(NodeKind::Group(Script { items, span }))
    }

    fn braces(&mut self) -> Read<Script> {
        self.expect_reserved(Reserved::Open, "`{` is expected")?;
        let script = self.script()?;
        self.expect_reserved(Reserved::Close, "`}` is expected")?;
        Ok(script)
    }

    fn conditional(&mut self) -> Read<NodeKind> {
        self.cur.bump_many(Reserved::If.len());
        let mut arms = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.script()?;
            // zsh: `if [[ … ]] { … } else { … }`.
            let braced = self.reserved() == Some(Reserved::Open);
            let body = if braced {
                self.braces()?
            } else {
                self.expect_reserved(Reserved::Then, "`then` is expected")?;
                self.script()?
            };
            arms.push((condition, body));
            let end = self.cur.pos;
            self.cur.skip_blanks();
            if self.eat_reserved(Reserved::Elif) {
                self.cur.pay(0)?;
                continue;
            }
            if self.eat_reserved(Reserved::Else) {
                self.cur.skip_blanks();
                otherwise = Some(if braced {
                    self.braces()?
                } else {
                    self.script()?
                });
            } else if braced {
                self.cur.pos = end;
            }
            if !braced {
                self.expect_reserved(Reserved::Fi, "`fi` is expected")?;
            }
            return Ok(NodeKind::If { arms, otherwise });
        }
    }

    fn while_loop(&mut self, until: bool) -> Read<NodeKind> {
        self.cur.bump_many(Reserved::While.len());
        let condition = self.script()?;
        let body = self.loop_body()?;
        Ok(NodeKind::While {
            until,
            condition,
            body,
        })
    }

    /// Reads `do … done` or `{ … }`.
    fn loop_body(&mut self) -> Read<Script> {
        if self.reserved() == Some(Reserved::Open) {
            return self.braces();
        }
        self.expect_reserved(Reserved::Do, "`do` is expected")?;
        let body = self.script()?;
        self.expect_reserved(Reserved::Done, "`done` is expected")?;
        Ok(body)
    }

    fn for_loop(&mut self, select: bool) -> Read<NodeKind> {
        let word = if select {
            Reserved::Select
        } else {
            Reserved::For
        };
        self.cur.bump_many(word.len());
        self.cur.skip_blanks();
        if !select && self.cur.peek() == Some(b'(') {
            return self.for_arithmetic();
        }
        let mut name = self.bare_name("a variable is expected")?;
        self.cur.skip_blanks();
        // zsh: `for key value in …` takes two words a round.
        while self.at_further_name() {
            name.push(' ');
            name.push_str(&self.bare_name("a variable is expected")?);
            self.cur.skip_blanks();
        }
        if self.cur.peek() == Some(b'(') {
            return self.for_in_parentheses(name, select);
        }
        let direct = self.cur.eat(b';');
        self.skip_newlines()?;
        let words = if !direct && self.eat_reserved(Reserved::In) {
            let words = self.words_of_line()?;
            self.cur.eat(b';');
            self.skip_newlines()?;
            Some(words)
        } else {
            None
        };
        let body = self.for_body()?;
        Ok(NodeKind::For {
            name,
            words,
            body,
            select,
        })
    }

    /// Tells whether a second variable of a loop stands here.
    fn at_further_name(&mut self) -> bool {
        let start = {
            self.cur.peek();
            self.cur.pos
        };
        let mut at = start;
        while let Some(byte) = self.cur.raw(at)
            && (byte.is_ascii_alphanumeric() || byte == b'_')
        {
            at += 1;
        }
        let ended = self.cur.raw(at).is_some_and(ends_word);
        let name = self.cur.slice(start, at);
        let named = name.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_');
        named && ended && !matches!(name, "in" | "do")
    }

    /// Reads zsh's `for x (a b) command`.
    fn for_in_parentheses(&mut self, name: String, select: bool) -> Read<NodeKind> {
        self.cur.bump();
        let mut words = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.cur.eat(b')') {
                break;
            }
            words.push(self.word(Place::Word)?);
        }
        self.skip_newlines()?;
        let body = self.for_body()?;
        Ok(NodeKind::For {
            name,
            words: Some(words),
            body,
            select,
        })
    }

    fn for_arithmetic(&mut self) -> Read<NodeKind> {
        if self.cur.peek_second() != Some(b'(') {
            return self.fail("`((` is expected");
        }
        let start = self.cur.pos;
        let Some(header) = self.try_arithmetic(start, 2, true)? else {
            return self.fail("`))` is expected");
        };
        self.cur.skip_blanks();
        self.cur.eat(b';');
        self.skip_newlines()?;
        let body = self.for_body()?;
        Ok(NodeKind::ForArith { header, body })
    }

    /// Reads a loop's body; zsh allows a single command.
    fn for_body(&mut self) -> Read<Script> {
        if matches!(self.reserved(), Some(Reserved::Do | Reserved::Open)) {
            return self.loop_body();
        }
        if self.at_command_end() {
            return self.fail("`do` is expected");
        }
        let first = self.pipeline()?;
        let span = first.span;
        let item = Item {
            first,
            rest: Vec::new(),
            background: false,
            span,
        };
        Ok(Script {
            items: vec![item],
            span,
        })
    }

    /// Reads words up to `;` or the end of the line.
    fn words_of_line(&mut self) -> Read<Vec<RawWord>> {
        let mut words = Vec::new();
        loop {
            self.cur.skip_blanks();
            match self.cur.peek() {
                None | Some(b';' | b'\n' | b'#') => return Ok(words),
                Some(_) => words.push(self.word(Place::Word)?),
            }
        }
    }

    fn case(&mut self) -> Read<NodeKind> {
        self.cur.bump_many(Reserved::Case.len());
        self.cur.skip_blanks();
        let subject = self.word(Place::Word)?;
        self.skip_newlines()?;
        self.expect_reserved(Reserved::In, "`in` is expected")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_reserved(Reserved::Esac) {
                return Ok(NodeKind::Case { subject, arms });
            }
            let (arm, last) = self.case_arm()?;
            arms.push(arm);
            if last {
                self.expect_reserved(Reserved::Esac, "`esac` is expected")?;
                return Ok(NodeKind::Case { subject, arms });
            }
        }
    }

    /// Reads one arm; true when no terminator followed it.
    fn case_arm(&mut self) -> Read<(CaseArm, bool)> {
        if self.cur.eat(b'(') {
            self.cur.skip_blanks();
        }
        let mut patterns = Vec::new();
        loop {
            patterns.push(self.word(Place::Word)?);
            self.cur.skip_blanks();
            if self.cur.eat(b')') {
                break;
            }
            if !self.cur.eat(b'|') {
                return self.fail("`)` is expected after a pattern");
            }
            self.cur.skip_blanks();
        }
        let body = self.script()?;
        let mut arm = CaseArm {
            patterns,
            body,
            falls_through: false,
            asks_next: false,
        };
        if self.cur.peek() != Some(b';') {
            return Ok((arm, true));
        }
        self.cur.bump();
        // `;;`, `;&`, `;;&` and zsh's `;|`, which is `;;&`.
        let second = self.cur.peek();
        self.cur.bump();
        let third = second == Some(b';') && self.cur.eat(b'&');
        arm.asks_next = third || second == Some(b'|');
        arm.falls_through = arm.asks_next || second == Some(b'&');
        Ok((arm, false))
    }

    fn function(&mut self) -> Read<NodeKind> {
        let start = self.cur.pos;
        self.cur.bump_many(Reserved::Function.len());
        self.cur.skip_blanks();
        let name = self.bare_name("a function's name is expected")?;
        self.cur.skip_blanks();
        if self.cur.peek() == Some(b'(') {
            self.cur.bump();
            self.cur.skip_blanks();
            if !self.cur.eat(b')') {
                return self.fail("`)` is expected");
            }
        }
        self.function_body(start, name).map(|node| node.kind)
    }

    /// Reads the body of a function; zsh allows a simple command.
    pub(super) fn function_body(&mut self, start: usize, name: String) -> Read<Node> {
        self.skip_newlines()?;
        let body = Box::new(self.node()?);
        let span = Span::new(start, body.span.end);
        Ok(Node {
            kind: NodeKind::Function { name, body },
            redirects: Vec::new(),
            span,
        })
    }

    fn coproc(&mut self) -> Read<NodeKind> {
        self.cur.bump_many(Reserved::Coproc.len());
        self.cur.skip_blanks();
        let name = self.coproc_name();
        let body = Box::new(self.node()?);
        Ok(NodeKind::Coproc { name, body })
    }

    /// Reads the name of a coprocess: one only if a compound command follows.
    fn coproc_name(&mut self) -> Option<String> {
        let start = self.cur.pos;
        if self.reserved().is_some() || !self.cur.peek().is_some_and(starts_name) {
            return None;
        }
        while self.cur.peek().is_some_and(in_name) {
            self.cur.bump();
        }
        let name = self.cur.slice(start, self.cur.pos).replace("\\\n", "");
        let ended = self.cur.peek().is_some_and(ends_word);
        self.cur.skip_blanks();
        let compound = self.cur.peek() == Some(b'(')
            || self.reserved().is_some_and(Reserved::starts_a_compound);
        if ended && compound {
            return Some(name);
        }
        self.cur.pos = start;
        None
    }

    /// Reads a name that is taken as it stands, without any quoting.
    fn bare_name(&mut self, reason: &'static str) -> Read<String> {
        let start = {
            self.cur.peek();
            self.cur.pos
        };
        while let Some(byte) = self.cur.peek() {
            if ends_word(byte) {
                break;
            }
            if matches!(byte, b'\'' | b'"' | b'\\' | b'$' | b'`') {
                return self.fail("a name cannot be quoted");
            }
            self.cur.bump();
        }
        let end = self.cur.pos;
        self.cur.pay(end - start)?;
        let name = self.cur.slice(start, end).replace("\\\n", "");
        if name.is_empty() {
            return self.fail(reason);
        }
        Ok(name)
    }

    /// Reads `[[ … ]]` as a list of words and operators.
    fn test(&mut self) -> Read<NodeKind> {
        self.cur.bump_many(Reserved::Test.len());
        let mut words: Vec<RawWord> = Vec::new();
        loop {
            self.skip_newlines()?;
            if !words.is_empty() && self.eat_reserved(Reserved::TestEnd) {
                return Ok(NodeKind::Test(words));
            }
            let after_match = words
                .last()
                .is_some_and(|word| super::command::plain_text(word) == Some("=~"));
            if !after_match && let Some(operator) = self.test_operator()? {
                words.push(operator);
                continue;
            }
            let place = if after_match {
                Place::Regex
            } else {
                Place::Word
            };
            words.push(self.word(place)?);
        }
    }

    /// Reads an operator that only `[[ ]]` knows.
    fn test_operator(&mut self) -> Read<Option<RawWord>> {
        let text = match (self.cur.peek(), self.cur.peek_second()) {
            (Some(b'('), _) => "(",
            (Some(b')'), _) => ")",
            (Some(b'<'), second) if second != Some(b'(') => "<",
            (Some(b'>'), second) if second != Some(b'(') => ">",
            (Some(b'&'), Some(b'&')) => "&&",
            (Some(b'|'), Some(b'|')) => "||",
            _ => return Ok(None),
        };
        let start = self.cur.pos;
        self.cur.bump_many(text.len());
        self.cur.pay(0)?;
        let end = self.cur.pos;
        let parts = vec![part(PartKind::Plain(text.to_owned()), start, end)];
        let span = Span::new(start, end);
        Ok(Some(RawWord { parts, span }))
    }
}

/// Wraps a group as a list entry.
fn group_item(script: Script, span: Span) -> Item {
    let node = Node {
        kind: NodeKind::Group(script),
        redirects: Vec::new(),
        span,
    };
    let first = Pipeline {
        negated: false,
        timed: false,
        nodes: vec![node],
        span,
    };
    Item {
        first,
        rest: Vec::new(),
        background: false,
        span,
    }
}
