//! Cuts a program text into strings, names, numbers and signs, as far as what it prints depends on them.
//! It knows how each language writes strings and comments, and no grammar.

/// Languages whose output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    Awk,
    Python,
    Script,
    Ruby,
    Perl,
    Php,
    Lua,
    Jq,
    Sql,
}

/// A part of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bit {
    Text(String),
    /// An interpolation.
    Hole,
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Text(Vec<Bit>),
    /// `s/pattern/replacement/flags` of Perl.
    Change(String),
    Regex(String),
    Name(String),
    Number(String),
    Sign(char),
}

/// Tokens of one text that are read; what follows is not.
const MAX_TOKENS: usize = 20_000;

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str, tongue: Tongue) -> Vec<Token> {
    let mut lexer = Lexer {
        chars: text.chars().collect(),
        at: 0,
        tongue,
        out: Vec::new(),
    };
    while lexer.at < lexer.chars.len() && lexer.out.len() < MAX_TOKENS {
        lexer.step();
    }
    lexer.out
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    tongue: Tongue,
    out: Vec<Token>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn step(&mut self) {
        let Some(c) = self.peek(0) else { return };
        let tongue = self.tongue;
        match c {
            '\\' if self.peek(1) == Some('\n') => self.at += 2,
            '\n' => self.sign('\n'),
            c if c.is_whitespace() => self.at += 1,
            '#' if !matches!(tongue, Tongue::Script | Tongue::Lua | Tongue::Sql) => self.line(),
            '/' if self.peek(1) == Some('/') && matches!(tongue, Tongue::Script | Tongue::Php) => {
                self.line();
            }
            '-' if self.peek(1) == Some('-') && matches!(tongue, Tongue::Lua | Tongue::Sql) => {
                self.line();
            }
            '/' if self.peek(1) == Some('*')
                && matches!(tongue, Tongue::Script | Tongue::Php | Tongue::Sql) =>
            {
                self.comment();
            }
            '/' if self.is_regex() => {
                self.at += 1;
                let text = self.until('/');
                self.out.push(Token::Regex(text));
            }
            '"' if tongue == Tongue::Sql => {
                self.at += 1;
                let name = self.until('"');
                self.out.push(Token::Name(name));
            }
            '"' | '\'' => self.quoted(c),
            '`' if tongue == Tongue::Script => self.quoted(c),
            '`' => {
                self.at += 1;
                let name = self.until('`');
                self.out.push(Token::Name(name));
            }
            '$' if matches!(
                tongue,
                Tongue::Perl | Tongue::Php | Tongue::Jq | Tongue::Ruby
            ) =>
            {
                self.variable();
            }
            c if c.is_ascii_digit() => self.number(),
            c if c.is_alphabetic() || c == '_' => self.name(),
            c => self.sign(c),
        }
    }

    fn sign(&mut self, c: char) {
        self.at += 1;
        self.out.push(Token::Sign(c));
    }

    fn line(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn comment(&mut self) {
        self.at += 2;
        while self.at < self.chars.len()
            && !(self.peek(0) == Some('*') && self.peek(1) == Some('/'))
        {
            self.at += 1;
        }
        self.at += 2;
    }

    /// A slash where a value is expected begins a pattern.
    fn is_regex(&self) -> bool {
        if !matches!(
            self.tongue,
            Tongue::Awk | Tongue::Script | Tongue::Ruby | Tongue::Perl
        ) {
            return false;
        }
        match self.out.last() {
            None
            | Some(Token::Sign(
                '(' | ',' | '{' | '}' | ';' | '\n' | '~' | '!' | '&' | '|' | '=' | '?' | ':',
            )) => true,
            Some(Token::Name(name)) => matches!(
                name.as_str(),
                "if" | "unless" | "and" | "or" | "not" | "grep" | "split" | "return"
            ),
            Some(_) => false,
        }
    }

    fn until(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek(0) {
            self.at += 1;
            if c == '\\' {
                text.push(c);
                text.extend(self.peek(0));
                self.at += 1;
            } else if c == end {
                break;
            } else {
                text.push(c);
            }
        }
        text
    }

    fn number(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        let text: String = self
            .chars
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        self.out.push(Token::Number(text));
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
        {
            self.at += 1;
        }
        self.chars
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    fn variable(&mut self) {
        self.at += 1;
        let mut name = self.word();
        if name.is_empty() && self.tongue == Tongue::Perl {
            name.extend(self.peek(0));
            self.at += 1;
        }
        self.out.push(Token::Name(format!("${name}")));
    }

    fn name(&mut self) {
        let name = self.word();
        let next = self.peek(0);
        let prefix = name.len() <= 2 && name.chars().all(|c| "fFrRbBuU".contains(c));
        match (self.tongue, next) {
            (Tongue::Python, Some('"' | '\'')) if prefix => {
                if name.contains(['f', 'F']) {
                    self.formatted();
                } else {
                    self.quoted(next.unwrap_or('"'));
                }
            }
            (Tongue::Perl, Some(mark)) if quotes(&name, mark) => self.perl(name, mark),
            _ => self.out.push(Token::Name(name)),
        }
    }

    /// `q{…}`, `qq{…}`, `s/…/…/`, `m/…/`, `tr/…/…/`.
    fn perl(&mut self, name: String, mark: char) {
        let close = match mark {
            '{' => '}',
            '(' => ')',
            '[' => ']',
            '<' => '>',
            other => other,
        };
        match name.as_str() {
            "q" | "qq" => {
                self.at += 1;
                let text = self.until(close);
                let bits = if name == "q" {
                    vec![Bit::Text(text)]
                } else {
                    interpolated(&text, Tongue::Perl)
                };
                self.out.push(Token::Text(bits));
            }
            "s" | "tr" | "y" if close == mark => {
                self.at += 1;
                let from = self.until(mark);
                let to = self.until(mark);
                let flags = self.word();
                if name == "s" {
                    let to = to
                        .replace("$&", "&")
                        .replace("$1", "\\1")
                        .replace("$_", "&");
                    self.out.push(Token::Change(format!(
                        "s\u{1}{from}\u{1}{to}\u{1}{}",
                        flags.replace(['e', 'r', 'x', 'o'], "")
                    )));
                }
            }
            "m" | "qr" => {
                self.at += 1;
                let text = self.until(close);
                self.out.push(Token::Regex(text));
            }
            _ => self.out.push(Token::Name(name)),
        }
    }

    /// A string of Python with `{…}` in it.
    fn formatted(&mut self) {
        let before = self.out.len();
        self.quoted(self.peek(0).unwrap_or('"'));
        let Some(Token::Text(bits)) = self.out.get_mut(before) else {
            return;
        };
        let mut all = Vec::new();
        for bit in bits.drain(..) {
            match bit {
                Bit::Text(text) => all.extend(braces(&text)),
                Bit::Hole => all.push(Bit::Hole),
            }
        }
        *bits = all;
    }

    fn quoted(&mut self, quote: char) {
        let triple = self.tongue == Tongue::Python
            && self.peek(1) == Some(quote)
            && self.peek(2) == Some(quote);
        self.at += if triple { 3 } else { 1 };
        let mut raw = String::new();
        while let Some(c) = self.peek(0) {
            if c == '\\' && self.tongue != Tongue::Sql {
                // Interpolations of jq begin with a backslash and may hold strings of their own.
                if self.tongue == Tongue::Jq && self.peek(1) == Some('(') {
                    self.at += 2;
                    self.skip_group();
                    raw.push('\u{0}');
                    continue;
                }
                raw.push(c);
                raw.extend(self.peek(1));
                self.at += 2;
                continue;
            }
            let opens = matches!(
                (self.tongue, quote, c, self.peek(1)),
                (Tongue::Ruby, '"', '#', Some('{')) | (Tongue::Script, '`', '$', Some('{'))
            );
            if opens {
                self.at += 2;
                self.skip_group();
                raw.push('\u{0}');
                continue;
            }
            if c == quote {
                let doubled = self.tongue == Tongue::Sql && self.peek(1) == Some(quote);
                let closes = !triple || self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
                if doubled {
                    self.at += 1;
                } else if closes {
                    self.at += if triple { 3 } else { 1 };
                    break;
                }
            }
            raw.push(c);
            self.at += 1;
        }
        let plain =
            quote == '\'' && matches!(self.tongue, Tongue::Ruby | Tongue::Perl | Tongue::Php);
        let bits = if plain || self.tongue == Tongue::Sql {
            vec![Bit::Text(raw.replace("\\'", "'"))]
        } else if quote == '"' && matches!(self.tongue, Tongue::Perl | Tongue::Php) {
            interpolated(&raw, self.tongue)
        } else {
            holes(&unescaped(&raw))
        };
        self.out.push(Token::Text(bits));
    }

    /// Moves behind the bracket that closes the one before this place.
    fn skip_group(&mut self) {
        let mut depth = 1_usize;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// Tells whether a name of Perl begins a quoted text.
fn quotes(name: &str, mark: char) -> bool {
    match name {
        "q" | "qq" => !mark.is_whitespace() && !matches!(mark, ',' | '=' | ';' | ')'),
        "s" | "tr" | "y" | "m" | "qr" => {
            !mark.is_whitespace() && !matches!(mark, ',' | '=' | ';' | ')' | '(')
        }
        _ => false,
    }
}

fn unescaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            all.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => all.push('\n'),
            Some('t') => all.push('\t'),
            Some('r') => all.push('\r'),
            Some('\n') | None => {}
            Some(other) => all.push(other),
        }
    }
    all
}

fn holes(text: &str) -> Vec<Bit> {
    let mut all = Vec::new();
    for (at, part) in text.split('\u{0}').enumerate() {
        if at > 0 {
            all.push(Bit::Hole);
        }
        if !part.is_empty() {
            all.push(Bit::Text(part.to_owned()));
        }
    }
    all
}

/// Returns the parts of a text with `{…}` for values.
pub(super) fn braces(text: &str) -> Vec<Bit> {
    let mut raw = String::new();
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if depth == 0 && chars.peek() == Some(&'{') => {
                chars.next();
                raw.push('{');
            }
            '}' if depth == 0 && chars.peek() == Some(&'}') => {
                chars.next();
                raw.push('}');
            }
            '{' => depth += 1,
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    raw.push('\u{0}');
                }
            }
            c if depth == 0 => raw.push(c),
            _ => {}
        }
    }
    holes(&raw)
}

/// Returns the parts of a text with `%s`, `%(name)s` and, where names stand alone, `%(name)` for values.
pub(super) fn percents(text: &str, alone: bool) -> Vec<Bit> {
    let mut raw = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            raw.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            raw.push('%');
            continue;
        }
        if chars.next_if_eq(&'(').is_some() {
            for c in chars.by_ref() {
                if c == ')' {
                    break;
                }
            }
            if alone {
                raw.push('\u{0}');
                continue;
            }
        }
        while chars
            .next_if(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | ' ' | '#' | '.' | '*' | '$'))
            .is_some()
        {}
        chars.next();
        raw.push('\u{0}');
    }
    holes(&raw)
}

/// Returns the parts of a string of Perl or PHP with variables in it.
fn interpolated(text: &str, tongue: Tongue) -> Vec<Bit> {
    let mut raw = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                raw.push(c);
                raw.extend(chars.next());
            }
            '{' if tongue == Tongue::Php && chars.peek() == Some(&'$') => {
                for c in chars.by_ref() {
                    if c == '}' {
                        break;
                    }
                }
                raw.push('\u{0}');
            }
            '$' | '@' if c == '$' || tongue == Tongue::Perl => {
                let named = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '&' | '{' | '}');
                let mut any = false;
                while chars.next_if(named).is_some() {
                    any = true;
                }
                if any && matches!(chars.peek(), Some('[')) {
                    for c in chars.by_ref() {
                        if c == ']' {
                            break;
                        }
                    }
                }
                raw.push(if any { '\u{0}' } else { c });
            }
            c => raw.push(c),
        }
    }
    holes(&unescaped(&raw))
}
