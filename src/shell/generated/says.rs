//! The text that an expression of a small program gives: its strings joined, and a hole for every other value.
//! It follows names to what was assigned to them, and no control flow.

use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece, Word};

use super::super::expand::literal_piece;
use super::super::options::options;
use super::super::state::{Feed, nowhere};
use super::super::unfold::{Frame, Job};
use super::tokens::{Bit, Token, Tongue, braces, percents, tokens};
use super::{Line, MAX_TEXT};

/// Stands in a program text for what the shell put there and is not known.
const MARK: char = '\u{FFFC}';

/// Forms of one expression.
const MAX_ALTERNATIVES: usize = 8;
/// Expressions inside expressions, and names followed to their values.
const MAX_DEPTH: usize = 12;

/// Functions whose first argument is a format with `%s`.
const FORMATS: [&str; 4] = ["sprintf", "printf", "format", "vsprintf"];
/// Methods whose function says what each element becomes; `shlex.join` is given a list.
const MAPS: [&str; 6] = ["map", "flatMap", "collect", "flat_map", "concat", "join"];
/// Functions that give their first argument back, changed in what does not matter here.
const KEEPS: [&str; 14] = [
    "str",
    "string",
    "String",
    "concat",
    "join",
    "strip",
    "trim",
    "chomp",
    "map",
    "string_agg",
    "group_concat",
    "array_agg",
    "flatten",
    "Array",
];

/// Returns the text of a program word; what is not known of it is a mark.
pub(super) fn text_of(word: &Word) -> String {
    let mut all = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(_) => all.push(MARK),
        }
    }
    if all.len() > MAX_TEXT {
        all.clear();
    }
    all
}

/// Returns a text as pieces, marks turned back into holes.
pub(super) fn known(text: &str, origin: &Origin) -> Line {
    let mut all = Vec::new();
    for (at, part) in text.split(MARK).enumerate() {
        if at > 0 {
            all.push(hole(origin));
        }
        if !part.is_empty() {
            all.push(literal_piece(part, origin));
        }
    }
    all
}

pub(super) fn hole(origin: &Origin) -> Piece {
    Piece {
        part: Part::Hole(Hole::Unknown),
        origin: origin.clone(),
    }
}

/// Cuts what is printed at its line ends.
pub(super) fn lines(line: Line) -> Vec<Line> {
    super::super::flow::lines_of(&Feed::text(line)).unwrap_or_default()
}

/// What the names of a program stand for.
pub(super) struct Reading<'a> {
    pub tokens: &'a [Token],
    pub tongue: Tongue,
    pub origin: Origin,
    /// Names with known values.
    pub values: Vec<(String, Line)>,
    /// The line that is read: `$0`, `$_`.
    pub input: Option<Line>,
    /// Steps left; a text of any shape ends.
    pub fuel: std::cell::Cell<usize>,
}

/// Steps for one reading of a program text.
pub(super) const FUEL: usize = 1_000_000;

impl Reading<'_> {
    pub(super) fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    pub(super) fn is(&self, at: usize, sign: char) -> bool {
        self.token(at) == Some(&Token::Sign(sign))
    }

    pub(super) fn named(&self, at: usize) -> Option<&str> {
        match self.token(at)? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Takes steps; tells whether there were enough.
    fn pay(&self, steps: usize) -> bool {
        let left = self.fuel.get().checked_sub(steps);
        self.fuel.set(left.unwrap_or_default());
        left.is_some()
    }

    /// Returns the place behind the bracket that closes the one here.
    pub(super) fn closed(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        let mut here = at;
        while let Some(token) = self.token(here) {
            if !self.pay(1) {
                return self.tokens.len();
            }
            here += 1;
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        here
    }

    /// Returns the texts that the expression at a place may give, and where it ends.
    pub(super) fn expression(&self, at: usize, depth: usize) -> (Vec<Line>, usize) {
        let mut sum = Sum::default();
        let mut at = at;
        while let Some(token) = self.token(at).filter(|_| self.pay(1)) {
            match token {
                Token::Sign('\n') if self.tongue == Tongue::Sql => at += 1,
                Token::Sign(',' | ';' | '\n' | ')' | '}' | ']' | '>') => break,
                Token::Sign('|') if self.tongue == Tongue::Sql => at += 1,
                Token::Sign('|') if self.is(at + 1, '|') => {
                    sum = Sum::default();
                    at += 2;
                }
                Token::Sign('|') => break,
                Token::Sign('?') => {
                    sum = Sum::default();
                    at += 1;
                }
                Token::Sign(':') if self.tongue == Tongue::Jq => at += 1,
                Token::Sign(':') => {
                    sum.other();
                    at += 1;
                }
                Token::Sign('=') if self.is(at + 1, '>') => {
                    sum = Sum::default();
                    at += 2;
                }
                Token::Name(name) if self.ends(name) => break,
                Token::Name(name) if name == "if" && self.tongue == Tongue::Python => {
                    at = self.behind_else(at);
                    sum.other();
                }
                _ => at = self.operand(at, depth, &mut sum),
            }
        }
        (sum.all(), at)
    }

    fn ends(&self, name: &str) -> bool {
        let words: &[&str] = match self.tongue {
            Tongue::Python => &["for", "file", "end", "sep"],
            Tongue::Ruby => &["if", "unless", "end", "do", "for"],
            Tongue::Perl => &["if", "unless", "for", "foreach", "while"],
            Tongue::Lua => &["end", "do", "then"],
            Tongue::Jq => &["then", "elif", "else", "end", "as"],
            Tongue::Sql => {
                return [
                    "from", "where", "as", "order", "union", "limit", "into", "group",
                ]
                .iter()
                .any(|word| word.eq_ignore_ascii_case(name));
            }
            Tongue::Awk | Tongue::Script | Tongue::Php => &[],
        };
        words.contains(&name)
    }

    fn behind_else(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(token) = self.token(at) {
            match token {
                Token::Name(name) if name == "else" => return at + 1,
                Token::Sign('(' | '[' | '{') => at = self.closed(at),
                Token::Sign(')' | ']' | '}' | ',' | '\n') => return at,
                _ => at += 1,
            }
        }
        at
    }

    /// Reads one operand and adds what it gives.
    fn operand(&self, at: usize, depth: usize, sum: &mut Sum) -> usize {
        match self.token(at) {
            Some(Token::Text(bits)) => self.text(at, bits, depth, sum),
            Some(Token::Number(number)) => {
                sum.add(vec![literal_piece(number, &self.origin)]);
                at + 1
            }
            Some(Token::Name(name)) => self.name(at, name, depth, sum),
            Some(Token::Regex(_) | Token::Change(_)) => {
                sum.add(vec![hole(&self.origin)]);
                at + 1
            }
            Some(Token::Sign('$')) if self.tongue == Tongue::Awk => self.field(at, sum),
            Some(Token::Sign('(' | '[')) if depth < MAX_DEPTH => {
                if self.tongue == Tongue::Jq || self.is(at, '[') && !sum.is_empty() {
                    sum.add(vec![hole(&self.origin)]);
                    return self.closed(at);
                }
                let before = sum.now.clone();
                sum.choose(self.expression(at + 1, depth + 1).0);
                self.chain(self.closed(at), depth, before, sum)
            }
            Some(Token::Sign('(' | '[' | '{')) => {
                sum.add(vec![hole(&self.origin)]);
                self.closed(at)
            }
            Some(Token::Sign('.')) if self.tongue == Tongue::Jq => {
                sum.add(vec![hole(&self.origin)]);
                self.path(at + 1)
            }
            Some(Token::Sign('<' | '~' | '-' | '*' | '/' | '%')) => at + 1,
            _ => at + 1,
        }
    }

    /// `.a.b[0]?` of jq.
    fn path(&self, at: usize) -> usize {
        let mut at = at;
        loop {
            match self.token(at) {
                Some(Token::Name(name)) if !self.ends(name) => at += 1,
                Some(Token::Sign('.' | '?')) => at += 1,
                Some(Token::Sign('[')) => at = self.closed(at),
                _ => return at,
            }
        }
    }

    fn field(&self, at: usize, sum: &mut Sum) -> usize {
        let (end, index) = match self.token(at + 1) {
            Some(Token::Number(number)) => (at + 2, number.parse::<usize>().ok()),
            Some(Token::Sign('(')) => (self.closed(at + 1), None),
            _ => (at + 2, None),
        };
        match (&self.input, index) {
            (Some(line), Some(0)) => sum.add(line.clone()),
            (Some(line), Some(index)) => sum.add(field_of(line, index, &self.origin)),
            _ => sum.add(vec![hole(&self.origin)]),
        }
        end
    }

    fn text(&self, at: usize, bits: &[Bit], depth: usize, sum: &mut Sum) -> usize {
        let method = if self.is(at + 1, '.') && self.is(at + 3, '(') {
            self.named(at + 2).unwrap_or_default()
        } else {
            ""
        };
        if method == "join" && self.tongue == Tongue::Python && depth < MAX_DEPTH {
            let glue = self.pieces(bits);
            let forms = self.list(at + 4, depth + 1, &glue);
            sum.choose(forms);
            return self.postfix(self.closed(at + 3));
        }
        let filled = match method {
            "format" => Some(braces(&joined(bits))),
            _ if self.is(at + 1, '%') && matches!(self.tongue, Tongue::Python | Tongue::Ruby) => {
                let line = self.pieces(&percents(&joined(bits), false));
                sum.add(line);
                return if self.is(at + 2, '(') || self.is(at + 2, '[') {
                    self.closed(at + 2)
                } else {
                    at + 3
                };
            }
            _ => None,
        };
        sum.add(self.pieces(filled.as_deref().unwrap_or(bits)));
        if method.is_empty() {
            at + 1
        } else {
            self.postfix(self.closed(at + 3))
        }
    }

    fn pieces(&self, bits: &[Bit]) -> Line {
        let mut all = Vec::new();
        for bit in bits {
            match bit {
                Bit::Text(text) => all.extend(known(text, &self.origin)),
                Bit::Hole => all.push(hole(&self.origin)),
            }
        }
        all
    }

    /// Returns what a list in brackets gives, its elements joined.
    fn list(&self, at: usize, depth: usize, glue: &[Piece]) -> Vec<Line> {
        let mut at = at;
        if !(self.is(at, '[') || self.is(at, '(')) {
            return self.expression(at, depth).0;
        }
        at += 1;
        let mut all = Sum::default();
        loop {
            let (forms, end) = self.expression(at, depth);
            all.choose(forms);
            if !self.is(end, ',') || end <= at {
                return all.all();
            }
            all.add(glue.to_vec());
            at = end + 1;
        }
    }

    fn name(&self, at: usize, name: &str, depth: usize, sum: &mut Sum) -> usize {
        if matches!(
            name,
            "return" | "new" | "await" | "distinct" | "not" | "lambda"
        ) {
            return at + 1;
        }
        let before = sum.now.clone();
        if self.is(at + 1, '(') && depth < MAX_DEPTH {
            self.called(at, name, depth, sum);
            return self.chain(self.closed(at + 1), depth, before, sum);
        }
        let values = self.values_of(name, depth);
        sum.choose(if values.is_empty() {
            vec![vec![hole(&self.origin)]]
        } else {
            values
        });
        self.chain(at + 1, depth, before, sum)
    }

    /// Adds what a function gives whose arguments stand behind its name.
    fn called(&self, at: usize, name: &str, depth: usize, sum: &mut Sum) {
        if FORMATS.contains(&name)
            && let Some(Token::Text(bits)) = self.token(at + 2)
        {
            return sum.add(self.pieces(&percents(&joined(bits), false)));
        }
        if matches!(name, "concat" | "concat_ws") {
            return sum.choose(self.list(at + 1, depth + 1, &[]));
        }
        if !KEEPS.contains(&name) {
            return sum.add(vec![hole(&self.origin)]);
        }
        let (forms, end) = self.expression(at + 2, depth + 1);
        // Perl's `join "\n", LIST`: the list counts, not what stands between.
        let second = name == "join" && matches!(self.tongue, Tongue::Perl | Tongue::Php);
        sum.choose(if second && self.is(end, ',') {
            self.expression(end + 1, depth + 1).0
        } else if forms.is_empty() {
            vec![vec![hole(&self.origin)]]
        } else {
            forms
        });
    }

    /// Follows `.a`, `(…)`, `[…]`, `->…` behind a value; a call that maps gives what its function gives.
    fn chain(&self, at: usize, depth: usize, before: Vec<Line>, sum: &mut Sum) -> usize {
        let mut at = at;
        let glued = !matches!(self.tongue, Tongue::Awk | Tongue::Sql | Tongue::Jq);
        loop {
            let dotted = self.is(at, '.') && !matches!(self.tongue, Tongue::Perl | Tongue::Php);
            let arrow = self.is(at, '-') && self.is(at + 1, '>');
            if dotted && let Some(name) = self.named(at + 1) {
                let open =
                    self.is(at + 2, '(') || self.tongue == Tongue::Ruby && self.is(at + 2, '{');
                if open && MAPS.contains(&name) && depth < MAX_DEPTH {
                    let lists = name == "join" && self.is(at + 3, '[');
                    let from = at + 3 + if self.is(at + 3, '|') { 3 } else { 0 };
                    let forms = if lists {
                        self.list(at + 3, depth + 1, &[literal_piece(" ", &self.origin)])
                    } else {
                        self.expression(from, depth + 1).0
                    };
                    if lists || name != "join" && forms.iter().any(|line| super::shows(line)) {
                        sum.now.clone_from(&before);
                        sum.choose(forms);
                    }
                }
                at = if open { self.closed(at + 2) } else { at + 2 };
            } else if arrow {
                at += 2;
                at = if matches!(self.token(at), Some(Token::Sign('(' | '[' | '{'))) {
                    self.closed(at)
                } else {
                    at + 1
                };
            } else if glued && (self.is(at, '[') || self.is(at, '(')) {
                at = self.closed(at);
            } else {
                return at;
            }
        }
    }

    /// Moves behind the calls of a value that changes nothing of what it says.
    fn postfix(&self, at: usize) -> usize {
        self.chain(at, MAX_DEPTH, Vec::new(), &mut Sum::default())
    }

    /// Returns the texts that are assigned to a name, or put into the list of that name.
    fn values_of(&self, name: &str, depth: usize) -> Vec<Line> {
        if let Some((_, line)) = self.values.iter().find(|(known, _)| known == name) {
            return vec![line.clone()];
        }
        if matches!(name, "$_" | "_")
            && let Some(line) = &self.input
        {
            return vec![line.clone()];
        }
        let pays = depth < MAX_DEPTH / 2 && self.pay(self.tokens.len());
        if !pays || self.tongue == Tongue::Sql {
            return Vec::new();
        }
        let mut all = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if !matches!(token, Token::Name(known) if known == name)
                || all.len() >= MAX_ALTERNATIVES
            {
                continue;
            }
            let adds = self.is(at + 1, '.')
                && self.is(at + 3, '(')
                && matches!(self.named(at + 2), Some("append" | "push" | "add"));
            let shifts = self.is(at + 1, '<') && self.is(at + 2, '<');
            let grows =
                self.is(at + 2, '=') && matches!(self.token(at + 1), Some(Token::Sign('+' | '.')));
            let sets = self.is(at + 1, '=') && !self.is(at + 2, '=') && !self.is(at + 2, '~');
            let from = match (sets, grows || shifts, adds) {
                (true, ..) => at + 2,
                (_, true, _) => at + 3,
                (.., true) => at + 4,
                _ => continue,
            };
            all.extend(self.expression(from, depth + MAX_DEPTH / 4).0);
        }
        all.retain(|line| super::shows(line));
        all.truncate(MAX_ALTERNATIVES);
        all
    }
}

fn joined(bits: &[Bit]) -> String {
    bits.iter()
        .map(|bit| match bit {
            Bit::Text(text) => text.as_str(),
            Bit::Hole => "{}",
        })
        .collect()
}

/// Returns a field of a line as blanks cut it.
fn field_of(line: &Line, index: usize, origin: &Origin) -> Line {
    match super::super::state::literal(line) {
        Some(text) => match text.split_whitespace().nth(index - 1) {
            Some(field) => vec![literal_piece(field, origin)],
            None => Vec::new(),
        },
        None if index == 1
            && !line
                .iter()
                .any(|piece| matches!(&piece.part, Part::Literal(text) if text.contains(' '))) =>
        {
            line.clone()
        }
        None => vec![hole(origin)],
    }
}

/// A text that grows, with every form that it may have.
#[derive(Default)]
struct Sum {
    done: Vec<Line>,
    now: Vec<Line>,
}

impl Sum {
    fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    fn add(&mut self, line: Line) {
        self.choose(vec![line]);
    }

    /// Adds one of several texts.
    fn choose(&mut self, forms: Vec<Line>) {
        if forms.is_empty() {
            return;
        }
        if self.now.is_empty() {
            self.now = forms;
        } else if let [tail] = forms.as_slice() {
            // Nothing to choose: what is there grows in place, however long it is already.
            for head in &mut self.now {
                head.extend(tail.iter().cloned());
            }
        } else {
            let mut all = Vec::new();
            for head in &self.now {
                for tail in &forms {
                    let mut line = head.clone();
                    line.extend(tail.iter().cloned());
                    all.push(line);
                }
            }
            self.now = all;
        }
        self.now.truncate(MAX_ALTERNATIVES);
    }

    /// Begins another form.
    fn other(&mut self) {
        self.done.append(&mut self.now);
    }

    fn all(mut self) -> Vec<Line> {
        self.other();
        self.done.truncate(MAX_ALTERNATIVES);
        self.done
    }
}

/// Returns the lines that a query of a client makes by its own words.
pub(super) fn queried(program: &str, job: &Job, fr: &Frame) -> Option<Vec<Line>> {
    let valued = match program {
        "psql" => {
            "-c -d -f -F -h -o -p -P -R -T -U -v --command --dbname --file --host --output --port --username --variable --set"
        }
        "sqlite3" | "duckdb" => "-cmd -separator -init -newline -nullvalue -c -s",
        _ => "-e -h -u -P -D -S --execute --host --user --port --database --socket",
    };
    let mut words: Vec<Word> = Vec::new();
    let mut rest = job.args();
    while !rest.is_empty() {
        let found = options(rest, valued);
        words.extend(
            found
                .values("-c --command -e --execute -cmd -s")
                .into_iter()
                .cloned(),
        );
        rest = rest.get(found.rest..).unwrap_or_default();
        if let Some((first, tail)) = rest.split_first() {
            if matches!(program, "sqlite3" | "duckdb") {
                words.push(first.clone());
            }
            rest = tail;
        }
    }
    if words.is_empty()
        && let Feed::Text { pieces, .. } = &fr.stdin
    {
        words.push(super::super::state::word_of(pieces.clone(), None));
    }
    let mut all = Vec::new();
    for word in &words {
        let tokens = tokens(&text_of(word), Tongue::Sql);
        let reading = Reading {
            tokens: &tokens,
            tongue: Tongue::Sql,
            origin: word.origin.clone(),
            values: Vec::new(),
            input: None,
            fuel: std::cell::Cell::new(FUEL),
        };
        for (at, token) in tokens.iter().enumerate() {
            if matches!(token, Token::Name(name) if name.eq_ignore_ascii_case("select")) {
                all.extend(columns(&reading, at + 1));
            }
        }
    }
    all.iter().any(|line| super::shows(line)).then_some(all)
}

fn columns(reading: &Reading<'_>, at: usize) -> Vec<Line> {
    let mut line: Line = Vec::new();
    let mut at = at;
    loop {
        let (forms, end) = reading.expression(at, 0);
        line.extend(forms.into_iter().next().unwrap_or_default());
        if !reading.is(end, ',') || end < at {
            return lines(line);
        }
        line.push(literal_piece("\t", &nowhere()));
        at = end + 1;
    }
}
