//! Cuts code of scripting languages into strings, dotted names and signs.
//! It knows no grammar: only where strings and comments begin and end.

mod constants;
mod indirect;
mod literals;
mod matches;
mod plain;
mod quotes;

use crate::sql::HOLE;

/// How a language writes strings and comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    Javascript,
    Ruby,
    Perl,
    Php,
    Lua,
    /// As Python, with commands in backquotes.
    Julia,
    /// As JavaScript, with commands in strings.
    Groovy,
    /// Go, Rust, Java, C: no interpolation, and quotes of single letters.
    Compiled,
}

/// One token; offsets are bytes of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A string with its holes marked; `quote` is the quote's first character.
    Text {
        text: String,
        quote: char,
        start: usize,
        end: usize,
        /// Where the code of each hole stands, in order.
        holes: Vec<(usize, usize)>,
    },
    /// `a.b.c`, `A::B`, `$x->y`; begins with `.` when it follows a closing parenthesis.
    Name {
        name: String,
        start: usize,
    },
    Sign(char),
    Line,
}

pub(super) struct Cursor<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl Cursor<'_> {
    pub fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub fn starts(&self, with: &str) -> bool {
        self.text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(with))
    }

    pub fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }
}

/// Cuts a code text into tokens, each with the offset of its first byte.
pub fn placed(text: &str, language: Language) -> Vec<(Token, usize)> {
    let tokens = cut(text, language, &mut Vec::new());
    match language {
        Language::Compiled => literals::flattened(tokens),
        _ => tokens,
    }
}

/// Returns a code with its strings, comments and regular expressions blanked out; every byte that stays keeps its place.
pub(super) fn masked(text: &str, language: Language) -> String {
    let mut hidden = Vec::new();
    cut(text, language, &mut hidden);
    let mut all = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to) in hidden {
        let gone = text.get(from.max(at)..to).unwrap_or_default();
        all.push_str(text.get(at..from).unwrap_or_default());
        let blank = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
        all.extend(gone.bytes().map(blank));
        at = to.max(at);
    }
    all.push_str(text.get(at..).unwrap_or_default());
    all
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of token")]
fn cut(text: &str, language: Language, hidden: &mut Vec<(usize, usize)>) -> Vec<(Token, usize)> {
    let mut places = Vec::new();
    let mut cursor = Cursor { text, at: 0 };
    let mut all = Vec::new();
    let mut quotes = quotes::Quotes::default();
    while let Some(char) = cursor.peek() {
        let start = cursor.at;
        if skips_comment(&mut cursor, language) {
            hidden.push((start, cursor.at));
            continue;
        }
        if let Some(tokens) = quotes.special(&mut cursor, language, &all) {
            all.extend(tokens);
            places.resize(all.len(), start);
            hidden.push((start, cursor.at));
            continue;
        }
        match char {
            '\n' => {
                cursor.next();
                let body = cursor.at;
                for (at, token) in quotes.bodies(&mut cursor, language) {
                    if let Some(place) = all.get_mut(at) {
                        *place = token;
                    }
                }
                hidden.push((body, cursor.at));
                // A chain of calls goes on below.
                if !continues(cursor.text, cursor.at) {
                    all.push(Token::Line);
                }
            }
            '\\' if cursor.starts("\\\n") => {
                cursor.next();
                cursor.next();
            }
            '\'' if language == Language::Compiled && !quotes::is_letter(&cursor) => {
                cursor.next();
                all.push(Token::Sign(char));
            }
            '\'' | '"' | '`' => {
                let prefix = prefix_of(&mut all, start);
                all.push(string(&mut cursor, language, &prefix));
                hidden.push((start, cursor.at));
            }
            char if char.is_alphabetic() || matches!(char, '_' | '$' | '@') => {
                all.push(name(&mut cursor));
            }
            '.' | '-' if joins(all.last(), &cursor, language) => {
                cursor.next();
                cursor.at += usize::from(char == '-' && cursor.starts(">"));
                match cursor.peek() {
                    Some(next) if next.is_alphabetic() || next == '_' => {
                        if let Token::Name { name, start } = name(&mut cursor) {
                            let name = format!(".{name}");
                            all.push(Token::Name { name, start });
                        }
                    }
                    _ => all.push(Token::Sign(char)),
                }
            }
            char if char.is_whitespace() => {
                cursor.next();
            }
            char => {
                cursor.next();
                all.push(Token::Sign(char));
            }
        }
        plain::told(&mut all, language);
        indirect::told(&mut all, language);
        places.truncate(all.len());
        places.resize(all.len(), start);
    }
    all.into_iter().zip(places).collect()
}

/// Tells whether a sign begins the name of a method of what stands before it.
fn joins(last: Option<&Token>, cursor: &Cursor<'_>, language: Language) -> bool {
    let method = |at: usize| {
        let rest = cursor.text.get(cursor.at + at..).unwrap_or_default();
        rest.starts_with(|c: char| c.is_alphabetic() || c == '_')
    };
    match last {
        Some(Token::Sign(')' | ']')) => true,
        Some(Token::Text { .. }) => {
            cursor.starts(".") && method(1) && !matches!(language, Language::Perl | Language::Php)
        }
        Some(Token::Name { .. }) => {
            cursor.starts(".") && method(1) || cursor.starts("->") && method(2)
        }
        _ => false,
    }
}

/// Blanks before a chain that goes on below are looked at no further than this.
const INDENT: usize = 200;

fn continues(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest
        .bytes()
        .take(INDENT)
        .position(|byte| !matches!(byte, b' ' | b'\t'));
    let Some(start) = line.and_then(|offset| rest.get(offset..)) else {
        return false;
    };
    let method = |head: &str| {
        start
            .strip_prefix(head)
            .is_some_and(|tail| tail.starts_with(|c: char| c.is_alphabetic() || c == '_'))
    };
    method(".") || method("->") || method("?.")
}

/// Stretches of prose at the beginning of a line: `=pod … =cut`, `=begin … =end`, and what stands behind `__END__`.
fn skips_prose(cursor: &mut Cursor<'_>, language: Language) -> bool {
    let close = match language {
        Language::Perl => "\n=cut",
        Language::Ruby => "\n=end",
        _ => return false,
    };
    let fresh = cursor.at == 0 || cursor.text.as_bytes().get(cursor.at - 1) == Some(&b'\n');
    if !fresh {
        return false;
    }
    let rest = cursor.text.get(cursor.at..).unwrap_or_default();
    if rest.starts_with("__END__") || rest.starts_with("__DATA__") {
        cursor.at = cursor.text.len();
        return true;
    }
    let opens = rest
        .strip_prefix('=')
        .is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_alphabetic()));
    if !opens || language == Language::Ruby && !rest.starts_with("=begin") {
        return false;
    }
    let end = rest.find(close).map_or(rest.len(), |at| at + close.len());
    cursor.at += end;
    while cursor.peek().is_some_and(|char| char != '\n') {
        cursor.next();
    }
    true
}

fn skips_comment(cursor: &mut Cursor<'_>, language: Language) -> bool {
    if cursor.starts("=") || cursor.starts("__") {
        return skips_prose(cursor, language);
    }
    let slashes = matches!(
        language,
        Language::Javascript | Language::Php | Language::Groovy | Language::Compiled
    );
    let hash = !slashes && language != Language::Lua || language == Language::Php;
    if hash && cursor.starts("#")
        || slashes && cursor.starts("//")
        || language == Language::Lua && cursor.starts("--")
    {
        while cursor.peek().is_some_and(|char| char != '\n') {
            cursor.next();
        }
        return true;
    }
    if slashes && cursor.starts("/*") {
        let rest = cursor.text.get(cursor.at + 2..).unwrap_or_default();
        cursor.at = rest
            .find("*/")
            .map_or(cursor.text.len(), |offset| cursor.at + offset + 4);
        return true;
    }
    false
}

/// Takes a string prefix (`f`, `r`, `b`) off the name before the quote.
fn prefix_of(all: &mut Vec<Token>, at: usize) -> String {
    let prefix = match all.last() {
        Some(Token::Name { name, start }) if start + name.len() == at => name.to_ascii_lowercase(),
        _ => return String::new(),
    };
    if matches!(
        prefix.as_str(),
        "f" | "r" | "b" | "u" | "rb" | "br" | "fr" | "rf"
    ) {
        all.pop();
        return prefix;
    }
    String::new()
}

fn string(cursor: &mut Cursor<'_>, language: Language, prefix: &str) -> Token {
    let start = cursor.at;
    let quote = cursor.next().unwrap_or('"');
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let close = if matches!(
        language,
        Language::Python | Language::Julia | Language::Groovy
    ) && cursor
        .text
        .get(start..)
        .is_some_and(|rest| rest.starts_with(&triple))
    {
        cursor.at += 2;
        triple
    } else {
        quote.to_string()
    };
    let mut body = Body::default();
    let interpolates = (quote, prefix.contains('f'));
    while cursor.peek().is_some() && !cursor.starts(&close) {
        body.take(cursor, language, interpolates, prefix.contains('r'));
    }
    cursor.at = (cursor.at + close.len()).min(cursor.text.len());
    Token::Text {
        text: body.text,
        quote,
        start,
        end: cursor.at,
        holes: body.holes,
    }
}

/// The inside of a string while it is read.
#[derive(Default)]
pub(super) struct Body {
    pub text: String,
    pub holes: Vec<(usize, usize)>,
    /// Before this byte no hole is looked for: one was found to have no end.
    blind: usize,
}

impl Body {
    /// Takes one character, one escape or one hole.
    pub fn take(
        &mut self,
        cursor: &mut Cursor<'_>,
        language: Language,
        (quote, formatted): (char, bool),
        raw: bool,
    ) {
        if cursor.at >= self.blind
            && let Some(found) = hole(cursor, language, quote, formatted)
        {
            let Some((from, to, end)) = found else {
                self.blind = cursor.at + MAX_HOLE;
                return;
            };
            self.holes.push((from, to));
            cursor.at = end;
            self.text.push(HOLE);
            return;
        }
        let Some(char) = cursor.next() else { return };
        let doubled = formatted && language == Language::Python && matches!(char, '{' | '}');
        if doubled && cursor.peek() == Some(char) {
            cursor.next();
        }
        let goes_raw = raw || quote == '`' && language == Language::Compiled;
        if char != '\\' || goes_raw {
            self.text.push(char);
            return;
        }
        let single =
            quote == '\'' && matches!(language, Language::Ruby | Language::Perl | Language::Php);
        match cursor.next() {
            Some(other) if single && !matches!(other, '\'' | '\\') => {
                self.text.push('\\');
                self.text.push(other);
            }
            Some('n') => self.text.push('\n'),
            Some('t') => self.text.push('\t'),
            Some('\n') | None => {}
            Some(other) => self.text.push(other),
        }
    }
}

/// Returns where the code of an interpolation begins and ends that starts here (`{x}`, `${x}`, `#{x}`, `$x`), and what follows it.
fn hole(
    cursor: &Cursor<'_>,
    language: Language,
    quote: char,
    formatted: bool,
) -> Option<Option<(usize, usize, usize)>> {
    let open = match language {
        Language::Python if formatted && cursor.starts("{") && !cursor.starts("{{") => 1,
        Language::Javascript if quote == '`' && cursor.starts("${") => 2,
        Language::Groovy if quote == '"' && cursor.starts("${") => 2,
        Language::Ruby if quote != '\'' && cursor.starts("#{") => 2,
        Language::Perl | Language::Php
            if quote != '\''
                && (cursor.starts("$") || cursor.starts("@{") || cursor.starts("{$")) =>
        {
            return sigil(cursor).map(Some);
        }
        _ => return None,
    };
    let from = cursor.at + open;
    let rest = cursor.text.get(from..)?;
    let mut depth = 0_usize;
    let end = rest.bytes().take(MAX_HOLE).position(|byte| match byte {
        b'{' => {
            depth += 1;
            false
        }
        b'}' if depth == 0 => true,
        b'}' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    Some(end.map(|end| (from, from + end, from + end + 1)))
}

/// An interpolation is not longer than this.
const MAX_HOLE: usize = 2_000;

fn sigil(cursor: &Cursor<'_>) -> Option<(usize, usize, usize)> {
    let rest = cursor.text.get(cursor.at..)?;
    if rest.starts_with("${") || rest.starts_with("@{") || rest.starts_with("{$") {
        let end = rest.bytes().take(MAX_HOLE).position(|byte| byte == b'}')?;
        let shift = if rest.starts_with('{') { 1 } else { 2 };
        return Some((cursor.at + shift, cursor.at + end, cursor.at + end + 1));
    }
    let name = rest.get(1..)?;
    let length = name
        .find(|char: char| !(char.is_alphanumeric() || char == '_'))
        .unwrap_or(name.len());
    let end = cursor.at + 1 + length;
    (length > 0).then_some((cursor.at, end, end))
}

fn name(cursor: &mut Cursor<'_>) -> Token {
    let start = cursor.at;
    let mut name = String::new();
    loop {
        while let Some(char) = cursor
            .peek()
            .filter(|char| char.is_alphanumeric() || matches!(char, '_' | '$' | '@' | '!' | '?'))
        {
            if matches!(char, '!' | '?') && !name.ends_with(char::is_alphanumeric) {
                break;
            }
            name.push(char);
            cursor.next();
        }
        let joint = ["::", "->", "?.", "."]
            .into_iter()
            .find(|joint| cursor.starts(joint));
        let Some(joint) = joint else {
            break;
        };
        let behind = cursor
            .text
            .get(cursor.at + joint.len()..)
            .unwrap_or_default();
        if !behind
            .chars()
            .next()
            .is_some_and(|char| char.is_alphabetic() || matches!(char, '_' | '$'))
        {
            break;
        }
        cursor.at += joint.len();
        name.push('.');
    }
    Token::Name { name, start }
}
