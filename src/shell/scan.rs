//! Reads a text a second time beside its tree: every byte must belong to one token, and no separator may hide in a word.
//! It builds nothing and knows no meaning; it shares no code with the parser.

use super::ast::{
    Assign, AssignValue, Item, Node, NodeKind, PartKind, RawPart, RawWord, RedirectOp, Redirection,
    Script,
};

/// Checks a tree against its text.
///
/// # Errors
/// Returns the place of the first disagreement.
pub fn check(text: &str, script: &Script) -> Result<(), usize> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        due: Vec::new(),
    };
    scan.script(script)?;
    scan.gap(text.len())
}

/// Words that may stand between the words of the tree.
const RESERVED: [&[u8]; 24] = [
    b"if",
    b"then",
    b"elif",
    b"else",
    b"fi",
    b"for",
    b"select",
    b"while",
    b"until",
    b"do",
    b"done",
    b"case",
    b"esac",
    b"in",
    b"function",
    b"time",
    b"coproc",
    b"always",
    b"!",
    b"{",
    b"}",
    b"[[",
    b"]]",
    b"-p",
];

/// A here-document that the scanner has passed.
#[derive(Debug)]
struct Due<'t> {
    redirect: &'t Redirection,
}

#[derive(Debug)]
struct Scan<'t> {
    bytes: &'t [u8],
    /// Everything before is accounted for.
    at: usize,
    due: Vec<Due<'t>>,
}

type Checked = Result<(), usize>;

impl<'t> Scan<'t> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'t [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Checks that only blanks, operators, comments and reserved words stand between here and `end`.
    fn gap(&mut self, end: usize) -> Checked {
        if end < self.at || end > self.bytes.len() {
            return Err(self.at);
        }
        while self.at < end {
            match self.byte(self.at) {
                b'\n' => {
                    self.at += 1;
                    self.documents()?;
                }
                b' ' | b'\t' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => self.at += 1,
                b'\\' if self.byte(self.at + 1) == b'\n' => self.at += 2,
                b'#' => {
                    let rest = self.slice(self.at, end);
                    let len = memchr::memchr(b'\n', rest);
                    self.at += len.unwrap_or(rest.len());
                }
                _ => self.gap_word(end)?,
            }
        }
        if self.at == end { Ok(()) } else { Err(self.at) }
    }

    /// Passes one word outside the tree, which must be reserved.
    fn gap_word(&mut self, end: usize) -> Checked {
        let start = self.at;
        let word = self.outer_word(end);
        if RESERVED.contains(&word.as_slice()) || word == b"--" {
            Ok(())
        } else {
            Err(start)
        }
    }

    /// Passes one word and returns it without continuations.
    fn outer_word(&mut self, end: usize) -> Vec<u8> {
        let mut word = Vec::with_capacity(8);
        while self.at < end {
            match self.byte(self.at) {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => break,
                b'\\' if self.byte(self.at + 1) == b'\n' => self.at += 2,
                byte => {
                    word.push(byte);
                    self.at += 1;
                }
            }
        }
        word
    }

    /// Passes the bodies of here-documents at the start of a line, found by their delimiters alone.
    fn documents(&mut self) -> Checked {
        for due in std::mem::take(&mut self.due) {
            let start = self.at;
            let (quoted, delimiter) = unquoted(self.slice_of(&due.redirect.target));
            let operator = self.slice(due.redirect.span.start, due.redirect.target.span.start);
            let tabs = operator.ends_with(b"-") || operator.windows(3).any(|three| three == b"<<-");
            let mut end = start;
            while self.at < self.bytes.len() {
                let line = self.line(!quoted);
                end = self.at;
                self.at = (self.at + line.1 + 1).min(self.bytes.len());
                let mut shown = line.0.as_slice();
                while tabs && shown.first() == Some(&b'\t') {
                    shown = shown.get(1..).unwrap_or_default();
                }
                if shown == delimiter {
                    break;
                }
                end = self.at;
            }
            for part in due.redirect.body.iter().flatten() {
                if part.span.start < start || part.span.end > end {
                    return Err(start);
                }
            }
        }
        Ok(())
    }

    fn slice_of(&self, word: &RawWord) -> &'t [u8] {
        self.slice(word.span.start, word.span.end)
    }

    /// Returns the line at the current place without continuations, and its length with them.
    fn line(&self, continues: bool) -> (Vec<u8>, usize) {
        let mut text = Vec::new();
        let mut at = self.at;
        while at < self.bytes.len() && self.byte(at) != b'\n' {
            if continues && self.byte(at) == b'\\' && at + 1 < self.bytes.len() {
                if self.byte(at + 1) != b'\n' {
                    text.extend_from_slice(self.slice(at, at + 2));
                }
                at += 2;
            } else {
                text.push(self.byte(at));
                at += 1;
            }
        }
        (text, at - self.at)
    }

    fn script(&mut self, script: &'t Script) -> Checked {
        for item in &script.items {
            self.item(item)?;
        }
        Ok(())
    }

    /// Checks a script with here-documents of its own, up to its closer.
    fn nested(&mut self, script: &'t Script, end: usize) -> Checked {
        let outer = std::mem::take(&mut self.due);
        self.script(script)?;
        self.gap(end)?;
        self.due = outer;
        Ok(())
    }

    fn item(&mut self, item: &'t Item) -> Checked {
        let rest = item.rest.iter().map(|(_, pipeline)| pipeline);
        for pipeline in std::iter::once(&item.first).chain(rest) {
            for node in &pipeline.nodes {
                self.node(node)?;
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &'t Node) -> Checked {
        match &node.kind {
            NodeKind::Simple { assigns, words } => {
                return self.simple(assigns, words, &node.redirects);
            }
            NodeKind::Subshell(script) | NodeKind::Group(script) => self.script(script)?,
            NodeKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.script(condition)?;
                    self.script(body)?;
                }
                if let Some(body) = otherwise {
                    self.script(body)?;
                }
            }
            NodeKind::While {
                condition, body, ..
            } => {
                self.script(condition)?;
                self.script(body)?;
            }
            NodeKind::For {
                name, words, body, ..
            } => {
                let mut names = name.split(' ');
                self.name(names.next().unwrap_or_default())?;
                names.try_for_each(|name| self.further_name(name))?;
                self.words(words.as_deref().unwrap_or_default())?;
                self.script(body)?;
            }
            NodeKind::ForArith { header, body } => {
                self.expression(header)?;
                self.script(body)?;
            }
            NodeKind::Case { subject, arms } => {
                self.word(subject)?;
                for arm in arms {
                    self.words(&arm.patterns)?;
                    self.script(&arm.body)?;
                }
            }
            NodeKind::Test(words) => self.test_words(words)?,
            NodeKind::Arith(parts) => self.expression(parts)?,
            NodeKind::Function { name, body } => {
                self.name(name)?;
                self.node(body)?;
            }
            NodeKind::Coproc { name, body } => {
                if let Some(name) = name {
                    self.name(name)?;
                }
                self.node(body)?;
            }
        }
        for redirect in &node.redirects {
            self.redirect(redirect)?;
        }
        Ok(())
    }

    /// Passes a name that the tree keeps without a span, with the reserved words before it.
    fn name(&mut self, name: &str) -> Checked {
        const HEADS: [&[u8]; 4] = [b"for", b"select", b"function", b"coproc"];
        let mut headed = false;
        loop {
            self.separators()?;
            let start = self.at;
            let word = self.outer_word(self.bytes.len());
            if word == name.as_bytes() && (headed || !HEADS.contains(&word.as_slice())) {
                return Ok(());
            }
            if headed || !RESERVED.contains(&word.as_slice()) {
                return Err(start);
            }
            headed = HEADS.contains(&word.as_slice());
        }
    }

    /// Reads a further variable of a loop.
    fn further_name(&mut self, name: &str) -> Checked {
        self.separators()?;
        let start = self.at;
        if self.outer_word(self.bytes.len()) == name.as_bytes() {
            Ok(())
        } else {
            Err(start)
        }
    }

    /// Passes everything up to the next word outside the tree.
    fn separators(&mut self) -> Checked {
        loop {
            match self.byte(self.at) {
                b' ' | b'\t' | b';' | b'&' | b'|' | b'(' | b')' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.documents()?;
                }
                b'\\' if self.byte(self.at + 1) == b'\n' => self.at += 2,
                b'#' => {
                    let rest = self.slice(self.at, self.bytes.len());
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return Ok(()),
            }
        }
    }

    fn simple(
        &mut self,
        assigns: &'t [Assign],
        words: &'t [RawWord],
        redirects: &'t [Redirection],
    ) -> Checked {
        let mut assigns = assigns.iter().peekable();
        let mut words = words.iter().peekable();
        let mut redirects = redirects.iter().peekable();
        loop {
            let next_assign = assigns.peek().map_or(usize::MAX, |next| next.span.start);
            let next_word = words.peek().map_or(usize::MAX, |next| next.span.start);
            let next_redirect = redirects.peek().map_or(usize::MAX, |next| next.span.start);
            let first = next_assign.min(next_word).min(next_redirect);
            if first == usize::MAX {
                return Ok(());
            }
            if first == next_assign {
                if let Some(assign) = assigns.next() {
                    // Behind `declare` the name stands among the words too.
                    words.next_if(|word| word.span == assign.span);
                    self.assign(assign)?;
                }
            } else if first == next_word {
                if let Some(word) = words.next() {
                    self.word(word)?;
                }
            } else if let Some(redirect) = redirects.next() {
                self.redirect(redirect)?;
            }
        }
    }

    fn assign(&mut self, assign: &'t Assign) -> Checked {
        self.gap(assign.span.start)?;
        let word = self.slice(assign.span.start, assign.span.end);
        if !matches!(word.first(), Some(b'A'..=b'Z' | b'a'..=b'z' | b'_')) {
            return Err(self.at);
        }
        if let Some(index) = &assign.index {
            self.loose(index)?;
        }
        match &assign.value {
            AssignValue::Word(word) => {
                self.at = self.at.max(word.span.start);
                self.word(word)?;
            }
            AssignValue::Array(words) => {
                let open = memchr::memchr(b'(', self.slice(self.at, assign.span.end));
                self.at += open.ok_or(self.at)?;
                self.words(words)?;
                self.gap(assign.span.end)?;
            }
        }
        self.arrive(assign.span.end)
    }

    /// Checks that only continuations stand between here and `end`.
    fn arrive(&mut self, end: usize) -> Checked {
        while self.at < end && self.byte(self.at) == b'\\' && self.byte(self.at + 1) == b'\n' {
            self.at += 2;
        }
        if self.at == end { Ok(()) } else { Err(self.at) }
    }

    fn redirect(&mut self, redirect: &'t Redirection) -> Checked {
        if redirect.span == redirect.target.span {
            return self.gap(redirect.span.end);
        }
        self.gap(redirect.span.start)?;
        let operator = self.slice(redirect.span.start, redirect.target.span.start);
        let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"_{}<>&|- \t\\\n".contains(byte);
        let signed = operator.iter().any(|byte| matches!(byte, b'<' | b'>'));
        if !signed || !operator.iter().all(known) {
            return Err(redirect.span.start);
        }
        self.at = redirect.target.span.start;
        self.word(&redirect.target)?;
        if redirect.op == RedirectOp::HereDoc {
            self.due.push(Due { redirect });
        }
        Ok(())
    }

    fn words(&mut self, words: &'t [RawWord]) -> Checked {
        words.iter().try_for_each(|word| self.word(word))
    }

    fn word(&mut self, word: &'t RawWord) -> Checked {
        self.gap(word.span.start)?;
        let subscript = |part: &RawPart| matches!(&part.kind, PartKind::Glob(text) if text == "[");
        let mut loose = false;
        for part in &word.parts {
            self.arrive(part.span.start)?;
            loose |= subscript(part);
            self.part(part, loose)?;
        }
        self.arrive(word.span.end)
    }

    /// Checks the words of `[[ ]]`, whose operators and expressions hold separators.
    fn test_words(&mut self, words: &'t [RawWord]) -> Checked {
        for word in words {
            self.gap(word.span.start)?;
            for part in &word.parts {
                self.arrive(part.span.start)?;
                self.part(part, true)?;
            }
            self.arrive(word.span.end)?;
        }
        Ok(())
    }

    /// Checks an arithmetic command: its parentheses stand in the gaps.
    fn expression(&mut self, parts: &'t [RawPart]) -> Checked {
        if let Some(first) = parts.first() {
            self.gap(first.span.start)?;
        }
        self.loose(parts)
    }

    /// Checks parts of which only the order matters, and that no expansion hides between them.
    fn loose(&mut self, parts: &'t [RawPart]) -> Checked {
        for part in parts {
            if part.span.start < self.at {
                return Err(self.at);
            }
            self.at = part.span.start;
            self.part(part, true)?;
        }
        Ok(())
    }

    fn part(&mut self, part: &'t RawPart, loose: bool) -> Checked {
        let (start, end) = (part.span.start, part.span.end);
        if end < start || end > self.bytes.len() {
            return Err(start);
        }
        let text = self.slice(start, end);
        let first = text.first().copied().unwrap_or_default();
        let last = text.last().copied().unwrap_or_default();
        let sound = match &part.kind {
            PartKind::Plain(_) => is_plain(text, loose),
            PartKind::Glob(_) => !text.contains(&b'`'),
            PartKind::Escaped(_) => first == b'\\',
            PartKind::Single(_) => {
                text.len() > 1
                    && first == b'\''
                    && memchr::memchr(b'\'', text.get(1..).unwrap_or_default())
                        == Some(text.len() - 2)
            }
            PartKind::AnsiC(_) => first == b'$' && last == b'\'',
            PartKind::Double(inner) => {
                self.loose(inner)?;
                matches!(first, b'"' | b'$') && last == b'"'
            }
            PartKind::Param(param) => {
                let children = param.index.iter().chain(&param.operands);
                for parts in children {
                    self.loose(parts)?;
                }
                first == b'$'
            }
            PartKind::Arith(inner) => {
                self.loose(inner)?;
                first == b'$' && matches!(last, b')' | b']')
            }
            PartKind::Command(script) => {
                self.substitution(script, start, end)?;
                matches!(first, b'$' | b'`') && matches!(last, b')' | b'`' | b'}')
            }
            PartKind::Process { script, .. } => {
                self.substitution(script, start, end)?;
                matches!(first, b'<' | b'>') && last == b')'
            }
        };
        if !sound || self.at > end {
            return Err(start);
        }
        self.at = end;
        Ok(())
    }

    fn substitution(&mut self, script: &'t Script, start: usize, end: usize) -> Checked {
        let text = self.slice(start, end);
        if text.first() == Some(&b'`') {
            // What escaped backticks hold is another text, with no place of its own in this one.
            if text.contains(&b'\\') {
                return Ok(());
            }
            self.at = start + 1;
        } else {
            let open = text.iter().position(|byte| matches!(byte, b'(' | b'{'));
            self.at = start + open.ok_or(start)? + 1;
        }
        self.nested(script, end.saturating_sub(1))
    }
}

/// Tells whether unquoted text holds no separator and no start of an expansion.
fn is_plain(text: &[u8], loose: bool) -> bool {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let next = text.get(at + 1).copied().unwrap_or_default();
        match byte {
            b'\\' if loose || next == b'\n' => at += 1,
            b'`' => return false,
            b'$' if matches!(next, b'(' | b'{') => return false,
            b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' | b'\''
            | b'"'
                if !loose =>
            {
                return false;
            }
            _ => {}
        }
        at += 1;
    }
    true
}

/// Removes the quotes of a delimiter; tells whether there were any.
fn unquoted(word: &[u8]) -> (bool, Vec<u8>) {
    let mut text = Vec::with_capacity(word.len());
    let (mut quoted, mut at, mut quote) = (false, 0, 0_u8);
    while let Some(&byte) = word.get(at) {
        let next = word.get(at + 1).copied().unwrap_or_default();
        at += 1;
        match byte {
            b'\\' if quote != b'\'' && next == b'\n' => at += 1,
            b'\\' if quote == 0 || quote == b'"' && matches!(next, b'$' | b'`' | b'"' | b'\\') => {
                quoted = true;
                text.push(next);
                at += 1;
            }
            b'\'' | b'"' if quote == 0 => {
                quoted = true;
                quote = byte;
            }
            _ if byte == quote => quote = 0,
            b'$' if quote == 0 && matches!(next, b'\'' | b'"') => {}
            _ => text.push(byte),
        }
    }
    (quoted, text)
}

#[cfg(test)]
mod tests {
    use super::super::ast::NodeKind;
    use super::super::parse::parse;
    use super::check;

    #[test]
    fn a_tree_that_lost_a_command_is_refused() {
        let text = "echo a; rm -rf b";
        let mut script = parse(text).unwrap();
        script.items.pop();
        assert!(check(text, &script).is_err());
    }

    #[test]
    fn a_tree_that_lost_a_word_is_refused() {
        let text = "rm -rf b";
        let mut script = parse(text).unwrap();
        let NodeKind::Simple { words, .. } = &mut script.items[0].first.nodes[0].kind else {
            panic!("a simple command");
        };
        words.remove(1);
        assert!(check(text, &script).is_err());
    }

    #[test]
    fn a_word_that_swallowed_a_separator_is_refused() {
        let text = "echo a;rm b";
        let mut script = parse("echo a_rm b").unwrap();
        assert!(check(text, &script).is_err());
        script = parse(text).unwrap();
        assert!(check(text, &script).is_ok());
    }

    #[test]
    fn a_name_may_follow_a_here_document() {
        for text in [
            "cat <<E\nbody\nE\nf() { ls\n}",
            "cat <<E | sort\nE\nfunction f { ls\n}",
            "g() {\ncat <<-E\n\tE\n}\nfor a in b; do ls; done",
            "cat <<A <<B\nA\nB\nfor a in b; do ls; done",
        ] {
            let script = parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.reason));
            assert!(check(text, &script).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_lost_substitution_is_refused() {
        let text = "echo \"a $(rm b)\"";
        let script = parse("echo \"a xxrm bx\"").unwrap();
        assert!(check(text, &script).is_err());
    }
}
