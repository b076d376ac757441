//! Reads redirections and the bodies of here-documents.
//! Bodies are kept aside until the whole text is read; `attach` puts them into the tree.

use super::super::ast::{PartKind, RawPart, RawWord, RedirectOp, Redirection};
use super::command::part;
use super::cursor::{Read, in_name, starts_name};
use super::word::Place;
use super::{Parser, Span};

/// A here-document whose body has not come yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// Start of its redirection.
    key: usize,
    delimiter: String,
    quoted: bool,
    strip_tabs: bool,
}

/// Returns `2>&1`, which `|&` means.
pub(super) fn errors_to_output(span: Span) -> Redirection {
    let one = PartKind::Plain("1".to_owned());
    let parts = vec![RawPart { kind: one, span }];
    Redirection {
        fd: Some(2),
        fd_name: None,
        op: RedirectOp::DupOut,
        target: RawWord { parts, span },
        body: None,
        span,
    }
}

impl Parser<'_> {
    /// Reads a redirection, or nothing (and moves nothing but blanks) when none stands here.
    pub(super) fn redirection(&mut self) -> Read<Option<Redirection>> {
        let Some(first) = self.cur.peek() else {
            return Ok(None);
        };
        let start = self.cur.pos;
        let (fd, fd_name) = match first {
            b'<' | b'>' => (None, None),
            b'&' if self.cur.peek_second() == Some(b'>') => (None, None),
            b'0'..=b'9' => (self.descriptor(), None),
            b'{' => (None, self.descriptor_name()),
            _ => return Ok(None),
        };
        let written = fd.is_some() || fd_name.is_some();
        let Some((op, strip_tabs)) = self.redirect_operator(written) else {
            self.cur.pos = start;
            return Ok(None);
        };
        self.cur.skip_blanks();
        if self.cur.peek() == Some(b'#') {
            return self.fail("a redirection's target is expected");
        }
        let target = self.word(Place::Word)?;
        if op == RedirectOp::HereDoc {
            self.expect_document(start, &target, strip_tabs)?;
        }
        let span = Span::new(start, target.span.end);
        Ok(Some(Redirection {
            op: settle_duplication(op, fd, fd_name.is_some(), &target),
            fd,
            fd_name,
            target,
            body: None,
            span,
        }))
    }

    /// Reads the digits before `<` or `>`.
    fn descriptor(&mut self) -> Option<u32> {
        let start = self.cur.pos;
        let mut value = 0_u32;
        while let Some(digit) = self.cur.peek().filter(u8::is_ascii_digit) {
            value = value
                .saturating_mul(10)
                .saturating_add(u32::from(digit - b'0'));
            self.cur.bump();
        }
        if matches!(self.cur.peek(), Some(b'<' | b'>')) && !self.at_process() {
            return Some(value);
        }
        self.cur.pos = start;
        None
    }

    /// Reads `{name}` before `<` or `>`.
    fn descriptor_name(&mut self) -> Option<String> {
        let start = self.cur.pos;
        self.cur.bump();
        let name_at = self.cur.past_continuations(self.cur.pos);
        let named = self.cur.raw(name_at).is_some_and(starts_name);
        while self.cur.peek().is_some_and(in_name) {
            self.cur.bump();
        }
        let name = self.cur.slice(name_at, self.cur.pos).replace("\\\n", "");
        if named
            && self.cur.eat(b'}')
            && matches!(self.cur.peek(), Some(b'<' | b'>'))
            && !self.at_process()
        {
            return Some(name);
        }
        self.cur.pos = start;
        None
    }

    /// Moves over the operator; the flag tells `<<-`.
    fn redirect_operator(&mut self, written: bool) -> Option<(RedirectOp, bool)> {
        let bytes = [
            self.cur.peek()?,
            self.cur.peek_second().unwrap_or_default(),
            self.cur.peek_after(2).unwrap_or_default(),
        ];
        let (op, len) = match bytes {
            [b'<' | b'>', b'(', _] => return None,
            [b'&', b'>', b'>'] if !written => (RedirectOp::AppendBoth, 3),
            // `>>|`, `>>!` and `&>|` are zsh's.
            [b'&', b'>', b'|'] if !written => (RedirectOp::OutBoth, 3),
            [b'&', b'>', _] if !written => (RedirectOp::OutBoth, 2),
            [b'<', b'<', b'<'] => (RedirectOp::HereString, 3),
            [b'<', b'<', b'-'] => (RedirectOp::HereDoc, 3),
            [b'<', b'<', _] => (RedirectOp::HereDoc, 2),
            [b'<', b'&', _] => (RedirectOp::DupIn, 2),
            [b'<', b'>', b'('] => (RedirectOp::In, 1),
            [b'<', b'>', _] => (RedirectOp::ReadWrite, 2),
            [b'<', _, _] => (RedirectOp::In, 1),
            [b'>', b'>', b'('] => (RedirectOp::Out, 1),
            [b'>', b'>', b'|'] => (RedirectOp::Append, 3),
            [b'>', b'>', _] => (RedirectOp::Append, 2),
            [b'>', b'&', _] => (RedirectOp::DupOut, 2),
            [b'>', b'|', _] => (RedirectOp::Clobber, 2),
            [b'>', _, _] => (RedirectOp::Out, 1),
            _ => return None,
        };
        self.cur.bump_many(len);
        Some((op, bytes == [b'<', b'<', b'-']))
    }

    /// Remembers a here-document until the next newline.
    fn expect_document(&mut self, key: usize, target: &RawWord, strip_tabs: bool) -> Read<()> {
        let mut delimiter = String::new();
        let mut quoted = false;
        for part in &target.parts {
            match &part.kind {
                PartKind::Plain(text) | PartKind::Glob(text) => delimiter.push_str(text),
                PartKind::Single(text) | PartKind::AnsiC(text) | PartKind::Escaped(text) => {
                    quoted = true;
                    delimiter.push_str(text);
                }
                PartKind::Double(parts) => {
                    quoted = true;
                    for part in parts {
                        let PartKind::Plain(text) = &part.kind else {
                            return self.fail("a here-document's delimiter cannot be read");
                        };
                        delimiter.push_str(text);
                    }
                }
                PartKind::Param(_)
                | PartKind::Command(_)
                | PartKind::Arith(_)
                | PartKind::Process { .. } => {
                    return self.fail("a here-document's delimiter cannot be read");
                }
            }
        }
        self.waiting.push(Waiting {
            key,
            delimiter,
            quoted,
            strip_tabs,
        });
        Ok(())
    }

    /// Reads the bodies of all waiting here-documents; a line has just begun.
    pub(super) fn documents(&mut self) -> Read<()> {
        for document in std::mem::take(&mut self.waiting) {
            let start = self.cur.pos;
            let (end, next) = self.body_bounds(&document)?;
            let parts = if document.quoted {
                let text = body_text(self.cur.slice(start, end), document.strip_tabs);
                vec![part(PartKind::Single(text), start, end)]
            } else {
                self.expanded_body(start, end, document.strip_tabs)?
            };
            self.cur.pos = next;
            self.bodies.push((document.key, parts));
        }
        Ok(())
    }

    /// Gives empty bodies to the here-documents that wait at the end of the text.
    pub(super) fn end_documents(&mut self) -> Read<()> {
        for document in std::mem::take(&mut self.waiting) {
            self.bodies.push((document.key, Vec::new()));
        }
        Ok(())
    }

    /// Returns where the body ends and where reading goes on behind its delimiter.
    fn body_bounds(&mut self, document: &Waiting) -> Read<(usize, usize)> {
        let mut line = self.cur.pos;
        loop {
            if line >= self.cur.end {
                return Ok((self.cur.end, self.cur.end));
            }
            let (end, continued) = self.logical_line(line, document.quoted);
            self.cur.pay(end - line)?;
            let text = self.cur.slice(line, end);
            let joined;
            let mut shown = text;
            if continued {
                joined = text.replace("\\\n", "");
                shown = &joined;
            }
            if document.strip_tabs {
                shown = shown.trim_start_matches('\t');
            }
            if shown == document.delimiter {
                return Ok((line, (end + 1).min(self.cur.end)));
            }
            line = end + 1;
        }
    }

    /// Returns the end of the line, its continuations included unless the delimiter was quoted.
    fn logical_line(&self, start: usize, quoted: bool) -> (usize, bool) {
        let mut at = start;
        let mut continued = false;
        while let Some(byte) = self.cur.raw(at) {
            match byte {
                b'\n' => break,
                b'\\' if !quoted => {
                    continued |= self.cur.raw(at + 1) == Some(b'\n');
                    at = (at + 2).min(self.cur.end);
                }
                _ => at += 1,
            }
        }
        (at, continued)
    }

    /// Reads a body in which expansions run.
    fn expanded_body(&mut self, start: usize, end: usize, strip_tabs: bool) -> Read<Vec<RawPart>> {
        let outer = self.cur.end;
        self.cur.enter()?;
        self.cur.pos = start;
        self.cur.end = end;
        let mut parts = self.quoted_text(None)?;
        self.cur.end = outer;
        self.cur.leave();
        if strip_tabs {
            let mut at_line_start = true;
            for part in &mut parts {
                if let PartKind::Plain(text) = &mut part.kind {
                    *text = without_tabs(text, at_line_start);
                    at_line_start = text.ends_with('\n');
                } else {
                    at_line_start = false;
                }
            }
        }
        Ok(parts)
    }
}

/// Tells `>&word` and `&>word` from the duplication of a descriptor.
fn settle_duplication(
    op: RedirectOp,
    fd: Option<u32>,
    named: bool,
    target: &RawWord,
) -> RedirectOp {
    if op != RedirectOp::DupOut || named || !matches!(fd, None | Some(1)) {
        return op;
    }
    let duplicates = super::command::plain_text(target).is_some_and(|text| {
        let digits = text.strip_suffix('-').unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if duplicates { op } else { RedirectOp::OutBoth }
}

/// Returns the text of a body whose delimiter was quoted.
fn body_text(text: &str, strip_tabs: bool) -> String {
    if strip_tabs {
        without_tabs(text, true)
    } else {
        text.to_owned()
    }
}

/// Removes the tabs at the start of each line.
fn without_tabs(text: &str, mut at_line_start: bool) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        kept.push_str(if at_line_start {
            line.trim_start_matches('\t')
        } else {
            line
        });
        at_line_start = true;
    }
    kept
}
