//! Reads a script of Perl as far as scripts that tidy files go; nothing where it meets anything else.
//! It looks at signs only and knows no file.

use std::rc::Rc;

use crate::model::span::Span;

use super::tree::{Kind, Line, Node};

/// Expressions inside expressions.
const MAX_DEPTH: usize = 120;
/// Bytes of a script.
const MAX_TEXT: usize = 64 << 10;
/// Modules that do nothing by being named.
pub(super) const MODULES: [&str; 16] = [
    "strict",
    "warnings",
    "utf8",
    "feature",
    "autodie",
    "Getopt::Long",
    "Getopt::Std",
    "File::Find",
    "File::Copy",
    "File::Path",
    "File::Basename",
    "File::Spec",
    "File::Spec::Functions",
    "Cwd",
    "FindBin",
    "POSIX",
];
/// Operators between two, those that bind least first.
const LEVELS: [&[&str]; 9] = [
    &["..."],
    &[".."],
    &["||", "//"],
    &["&&"],
    &["==", "!=", "<=>", "eq", "ne", "cmp"],
    &["<=", ">=", "<", ">", "lt", "gt", "le", "ge"],
    &["+", "-", "."],
    &["*", "/", "%", "x"],
    &["=~", "!~"],
];
/// The level of `<` and its kin: functions of one argument bind closer.
pub(super) const COMPARES: usize = 5;
const SUMS: usize = 6;

/// Returns the statements of a script.
pub(super) fn script(text: &str) -> Option<Vec<Line>> {
    // What is done when something fails or ends is not followed.
    let later = ["$SIG{", "%SIG", "AUTOLOAD", "DESTROY"];
    if text.len() > MAX_TEXT || later.iter().any(|word| text.contains(word)) {
        return None;
    }
    let end = ["\n__END__", "\n__DATA__"]
        .iter()
        .filter_map(|word| text.find(word))
        .min()
        .unwrap_or(text.len());
    let mut reading = Reading {
        text: text.get(..end)?,
        at: 0,
        depth: 0,
        jumps: Vec::new(),
    };
    let lines = reading.lines()?;
    reading.blank();
    (reading.at >= reading.text.len()).then_some(lines)
}

/// Tells whether options are read as these ways of configuration say, as far as they are plain.
fn configured(said: &str) -> bool {
    const WAYS: [&str; 8] = [
        "bundling",
        "no_ignore_case",
        "gnu_getopt",
        "permute",
        "no_auto_abbrev",
        "auto_abbrev",
        "ignore_case",
        "no_bundling",
    ];
    let Some((_, ways)) = said.split_once(":config") else {
        return false;
    };
    let mut ways = ways.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    ways.all(|way| way.is_empty() || WAYS.contains(&way))
}

pub(super) struct Reading<'t> {
    pub text: &'t str,
    pub at: usize,
    pub depth: usize,
    /// Where a line ends behind which the text of a here-document stands, and where that ends.
    pub jumps: Vec<(usize, usize)>,
}

impl<'t> Reading<'t> {
    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn step(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    /// Passes blanks, comments and documentation.
    pub fn blank(&mut self) {
        loop {
            if let Some((_, to)) = self.jumps.iter().find(|(from, _)| *from == self.at) {
                self.at = *to;
                continue;
            }
            let rest = self.rest();
            let line_start = self.at == 0
                || self
                    .text
                    .get(..self.at)
                    .is_some_and(|head| head.ends_with('\n'));
            if line_start && rest.starts_with('=') {
                let end = rest.find("\n=cut").map_or(rest.len(), |at| at + 5);
                self.at += end;
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with(char::is_whitespace) {
                self.step();
            } else {
                return;
            }
        }
    }

    pub fn sees(&mut self, sign: &str) -> bool {
        self.blank();
        self.rest().starts_with(sign)
    }

    pub fn takes(&mut self, sign: &str) -> bool {
        let sees = self.sees(sign);
        if sees {
            self.at += sign.len();
        }
        sees
    }

    pub fn wants(&mut self, sign: &str) -> Option<()> {
        self.takes(sign).then_some(())
    }

    /// Returns the word that begins here, with its packages.
    pub fn word(&mut self) -> Option<&'t str> {
        self.blank();
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let mut end = 0;
        loop {
            let more = rest.get(end..)?;
            let own = more
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(more.len());
            end += own;
            let next = rest.get(end..)?;
            let goes_on = next
                .strip_prefix("::")
                .is_some_and(|more| more.starts_with(|c: char| c.is_ascii_alphabetic()));
            if !goes_on {
                return rest.get(..end);
            }
            end += 2;
        }
    }

    pub fn takes_word(&mut self, wanted: &str) -> bool {
        let is = self.word() == Some(wanted);
        if is {
            self.at += wanted.len();
        }
        is
    }

    pub fn node(&self, from: usize, kind: Kind) -> Node {
        Node {
            span: Span::new(from, self.at),
            kind,
        }
    }

    pub fn lines(&mut self) -> Option<Vec<Line>> {
        let mut all = Vec::new();
        loop {
            while self.takes(";") {}
            self.blank();
            if self.rest().is_empty() || self.sees("}") {
                return Some(all);
            }
            all.extend(self.line()?);
        }
    }

    pub fn block(&mut self) -> Option<Vec<Line>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.wants("{")?;
        let lines = self.lines()?;
        self.wants("}")?;
        self.depth -= 1;
        Some(lines)
    }

    fn label(&mut self) -> Option<String> {
        let start = self.at;
        let word = self.word()?.to_owned();
        self.at += word.len();
        let upper = word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
        if upper && self.sees(":") && !self.sees("::") {
            self.at += 1;
            return Some(word);
        }
        self.at = start;
        None
    }

    /// One statement; none where it says nothing to be carried out.
    fn line(&mut self) -> Option<Option<Line>> {
        let label = self.label();
        let word = self.word().unwrap_or_default();
        let start = self.at;
        self.at += word.len();
        match word {
            "use" | "no" => return self.used().map(|()| None),
            "if" | "unless" => return self.condition(word == "unless").map(Some),
            "while" | "until" => {
                self.wants("(")?;
                let empty = self.sees(")");
                let condition = if empty {
                    None
                } else {
                    Some(self.expression()?)
                };
                self.wants(")")?;
                let condition = condition.map(|one| self.turned(one, word == "until"));
                return Some(Some(Line::While(label, condition, self.block()?, None)));
            }
            "for" | "foreach" => return self.loops(label).map(Some),
            "sub" => {
                if let Some(name) = self.word() {
                    // A function of Perl itself stays what it is.
                    if super::terms::is_own(name) {
                        return None;
                    }
                    self.at += name.len();
                    let body = Rc::new(self.block()?);
                    return Some(Some(Line::Define(name.to_owned(), body)));
                }
            }
            "package" | "format" | "BEGIN" | "END" | "require" | "given" | "when" => return None,
            "" if self.sees("{") => return Some(Some(Line::Block(self.block()?))),
            _ => {}
        }
        self.at = start;
        let plain = self.expression()?;
        let line = self.modified(plain)?;
        if !self.sees("}") && !self.rest().is_empty() {
            self.wants(";")?;
        }
        Some(Some(line))
    }

    fn turned(&self, node: Node, turned: bool) -> Node {
        if turned {
            return self.node(node.span.start, Kind::Not(Box::new(node)));
        }
        node
    }

    /// `use strict;`, `use Getopt::Long;`.
    fn used(&mut self) -> Option<()> {
        let end = self.rest().find(';')?;
        let said = self.rest().get(..end)?.trim();
        self.at += end + 1;
        let name = said.split_whitespace().next()?;
        let version = name.starts_with(|c: char| c.is_ascii_digit())
            || name
                .strip_prefix('v')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let known = MODULES.contains(&name) && (!said.contains(":config") || configured(said));
        // What fails would end the script, which loses less.
        (version || known).then_some(())
    }

    fn condition(&mut self, unless: bool) -> Option<Line> {
        let mut branches = Vec::new();
        let mut turned = unless;
        loop {
            self.wants("(")?;
            let condition = self.expression()?;
            let condition = self.turned(condition, turned);
            turned = false;
            self.wants(")")?;
            branches.push((condition, self.block()?));
            if self.takes_word("elsif") {
                continue;
            }
            let other = if self.takes_word("else") {
                self.block()?
            } else {
                Vec::new()
            };
            return Some(Line::If(branches, other));
        }
    }

    /// `for my $x (…) {`, `for (my $i = 0; …; …) {`.
    fn loops(&mut self, label: Option<String>) -> Option<Line> {
        self.takes_word("my");
        let mut name = "$_".to_owned();
        if self.takes("$") {
            let word = self.word()?;
            self.at += word.len();
            name = format!("${word}");
        }
        self.wants("(")?;
        let empty = self.sees(")") || self.sees(";");
        let first = if empty {
            None
        } else {
            Some(self.expression()?)
        };
        if !self.takes(";") {
            self.wants(")")?;
            let list = first.unwrap_or_else(|| self.node(self.at, Kind::List(Vec::new())));
            return Some(Line::Each(label, name, list, self.block()?));
        }
        let condition = if self.sees(";") {
            None
        } else {
            Some(self.expression()?)
        };
        self.wants(";")?;
        let behind = if self.sees(")") {
            None
        } else {
            Some(self.expression()?)
        };
        self.wants(")")?;
        let body = Line::While(label, condition, self.block()?, behind);
        Some(Line::Block(
            first.map(Line::Plain).into_iter().chain([body]).collect(),
        ))
    }

    /// `… if $x`, `… unless $x`, `… for @x`, `… while $x`.
    fn modified(&mut self, node: Node) -> Option<Line> {
        let Some(word @ ("if" | "unless" | "for" | "foreach" | "while" | "until")) = self.word()
        else {
            return Some(Line::Plain(node));
        };
        self.at += word.len();
        // `do { … } while` runs once before it asks.
        if matches!(node.kind, Kind::Do(_)) && matches!(word, "while" | "until") {
            return None;
        }
        let said = self.expression()?;
        let body = vec![Line::Plain(node)];
        Some(match word {
            "if" | "unless" => {
                let condition = self.turned(said, word == "unless");
                Line::If(vec![(condition, body)], Vec::new())
            }
            "for" | "foreach" => Line::Each(None, "$_".to_owned(), said, body),
            _ => {
                let condition = self.turned(said, word == "until");
                Line::While(None, Some(condition), body, None)
            }
        })
    }

    /// An expression with `or`, `and`, `not`.
    pub fn expression(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let from = self.at;
        let mut left = self.both()?;
        while self.takes_word("or") {
            let right = self.both()?;
            left = self.node(from, Kind::Logic('|', Box::new(left), Box::new(right)));
        }
        self.depth -= 1;
        if self.word() == Some("xor") {
            return None;
        }
        Some(left)
    }

    fn both(&mut self) -> Option<Node> {
        let from = self.at;
        let mut left = self.turned_word()?;
        while self.takes_word("and") {
            let right = self.turned_word()?;
            left = self.node(from, Kind::Logic('&', Box::new(left), Box::new(right)));
        }
        Some(left)
    }

    fn turned_word(&mut self) -> Option<Node> {
        let from = self.at;
        if self.takes_word("not") {
            let inner = self.turned_word()?;
            return Some(self.node(from, Kind::Not(Box::new(inner))));
        }
        self.several()
    }

    /// `a, b => c`: a list where there is a comma.
    fn several(&mut self) -> Option<Node> {
        let from = self.at;
        let first = self.given()?;
        if !self.sees(",") && !self.sees("=>") {
            return Some(first);
        }
        let mut all = vec![first];
        while self.takes(",") || self.takes("=>") {
            if self.ends() {
                break;
            }
            all.push(self.given()?);
        }
        Some(self.node(from, Kind::List(all)))
    }

    /// Tells whether no further item can begin here.
    pub fn ends(&mut self) -> bool {
        self.blank();
        let rest = self.rest();
        let word = self.word().unwrap_or_default();
        rest.is_empty()
            || rest.starts_with([')', ']', '}', ';', ':', ','])
            || rest.starts_with('=')
            || matches!(
                word,
                "if" | "unless" | "for" | "foreach" | "while" | "until" | "or" | "and"
            )
    }

    /// An expression without commas.
    pub fn given(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let from = self.at;
        let left = self.chosen()?;
        self.blank();
        let rest = self.rest();
        let operators = [
            "||=", "//=", "&&=", "**=", "+=", "-=", ".=", "*=", "/=", "x=", "%=", "=",
        ];
        let found = operators.iter().find(|one| rest.starts_with(**one));
        let found = found.filter(|one| {
            **one != "="
                || !rest.starts_with("==") && !rest.starts_with("=>") && !rest.starts_with("=~")
        });
        let node = match found {
            Some(operator) => {
                self.at += operator.len();
                let right = self.given()?;
                let operator = operator.trim_end_matches('=').to_owned();
                self.node(from, Kind::Give(operator, Box::new(left), Box::new(right)))
            }
            None => left,
        };
        self.depth -= 1;
        Some(node)
    }

    fn chosen(&mut self) -> Option<Node> {
        let from = self.at;
        let condition = self.level(0)?;
        if !self.takes("?") {
            return Some(condition);
        }
        let first = self.given()?;
        self.wants(":")?;
        let other = self.given()?;
        let kind = Kind::Choice(Box::new(condition), Box::new(first), Box::new(other));
        Some(self.node(from, kind))
    }

    /// Operators from one level on.
    pub fn level(&mut self, level: usize) -> Option<Node> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let from = self.at;
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            self.at += operator.len();
            let right = self.level(level + 1)?;
            left = self.combined(from, operator, left, right)?;
        }
        Some(left)
    }

    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        self.blank();
        let rest = self.rest();
        let word = self.word();
        operators.iter().copied().find(|one| {
            if one.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return word == Some(*one)
                    && !rest
                        .get(one.len()..)
                        .is_some_and(|rest| rest.trim_start().starts_with("=>"));
            }
            let Some(behind) = rest.strip_prefix(*one) else {
                return false;
            };
            let gives = behind.starts_with('=')
                && !matches!(*one, "==" | "!=" | "<=" | ">=" | "=~" | "!~" | "..");
            let longer = match *one {
                "<" | ">" => behind.starts_with(['<', '>']),
                "." => behind.starts_with('.'),
                ".." => behind.starts_with('.'),
                "<=" => behind.starts_with('>'),
                "+" | "-" | "*" | "/" => behind.starts_with(*one),
                _ => false,
            };
            !gives && !longer || *one == "<=>" || *one == "==" && !behind.starts_with('~')
        })
    }

    fn combined(&mut self, from: usize, operator: &str, left: Node, right: Node) -> Option<Node> {
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = match operator {
            "&&" => Kind::Logic('&', left, right),
            "||" => Kind::Logic('|', left, right),
            "//" => Kind::Logic('/', left, right),
            "=~" | "!~" => {
                let kind = match right.kind {
                    Kind::Match(None, pieces, flags) => Kind::Match(Some(left), pieces, flags),
                    Kind::Change(None, pieces, text, flags) => {
                        Kind::Change(Some(left), pieces, text, flags)
                    }
                    other => {
                        let pattern = vec![super::tree::Piece::One(Node {
                            span: right.span,
                            kind: other,
                        })];
                        Kind::Match(Some(left), pattern, String::new())
                    }
                };
                if operator == "!~" {
                    let inner = self.node(from, kind);
                    Kind::Not(Box::new(inner))
                } else {
                    kind
                }
            }
            other => Kind::Two(other.to_owned(), left, right),
        };
        Some(self.node(from, kind))
    }

    fn unary(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.blank();
        let from = self.at;
        let rest = self.rest();
        let kind = if rest.starts_with("++") || rest.starts_with("--") {
            self.at += 2;
            let by = if rest.starts_with('+') { 1.0 } else { -1.0 };
            Kind::Step(by, false, Box::new(self.unary()?))
        } else if rest.starts_with('!') {
            self.at += 1;
            Kind::Not(Box::new(self.unary()?))
        } else if rest.starts_with('\\') {
            self.at += 1;
            Kind::Reference(Box::new(self.unary()?))
        } else if let Some(test) = self.file_test() {
            self.at += 2;
            Kind::Test(test, Box::new(self.tested()?))
        } else if rest.starts_with('-') {
            self.at += 1;
            Kind::Minus(Box::new(self.unary()?))
        } else if rest.starts_with('+') {
            self.at += 1;
            self.unary()?.kind
        } else {
            self.postfix()?.kind
        };
        self.depth -= 1;
        Some(self.node(from, kind))
    }

    /// `-e`, `-M`: a letter that no other follows.
    fn file_test(&mut self) -> Option<char> {
        let mut chars = self.rest().chars();
        let letter = chars.nth(1).filter(|_| self.rest().starts_with('-'))?;
        let next = chars.next();
        let alone = !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let behind = self.rest().get(2..)?.trim_start();
        (alone && "edfszlrwxMAC".contains(letter) && !behind.starts_with("=>")).then_some(letter)
    }

    /// What a file test looks at: `$_` where nothing is said.
    fn tested(&mut self) -> Option<Node> {
        let from = self.at;
        let rest = {
            self.blank();
            self.rest()
        };
        let compares = rest.starts_with(['<', '>', '=', '?', '&', '|']);
        if self.ends() || compares {
            return Some(self.node(from, Kind::Name("$_".to_owned())));
        }
        if self.takes_word("_") {
            return Some(self.node(from, Kind::Name("_".to_owned())));
        }
        self.level(SUMS)
    }
}
