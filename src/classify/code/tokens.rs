//! Cuts code of scripting languages into strings, dotted names and signs.
//! It knows no grammar: only where strings and comments begin and end.

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
    },
    /// `a.b.c`, `A::B`, `$x->y`; begins with `.` when it follows a closing parenthesis.
    Name {
        name: String,
        start: usize,
    },
    Sign(char),
    Line,
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn starts(&self, with: &str) -> bool {
        self.text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(with))
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }
}

/// Cuts a code text.
pub(super) fn cut(text: &str, language: Language) -> Vec<Token> {
    placed(text, language)
        .into_iter()
        .map(|(token, _)| token)
        .collect()
}

/// Cuts a code text into tokens, each with the offset of its first byte.
pub fn placed(text: &str, language: Language) -> Vec<(Token, usize)> {
    let mut places = Vec::new();
    let mut cursor = Cursor { text, at: 0 };
    let mut all = Vec::new();
    while let Some(char) = cursor.peek() {
        let start = cursor.at;
        if skips_comment(&mut cursor, language) {
            continue;
        }
        match char {
            '\n' => {
                cursor.next();
                // A chain of calls goes on below.
                if !continues(cursor.text, cursor.at) {
                    all.push(Token::Line);
                }
            }
            '\\' if cursor.starts("\\\n") => {
                cursor.next();
                cursor.next();
            }
            '\'' | '"' | '`' => {
                let prefix = prefix_of(&mut all, start);
                all.push(string(&mut cursor, language, &prefix));
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

fn skips_comment(cursor: &mut Cursor<'_>, language: Language) -> bool {
    let hash = !matches!(
        language,
        Language::Javascript | Language::Lua | Language::Groovy
    );
    let slashes = matches!(
        language,
        Language::Javascript | Language::Php | Language::Groovy
    );
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
    let mut text = String::new();
    while cursor.peek().is_some() && !cursor.starts(&close) {
        if let Some(end) = hole(cursor, language, quote, prefix) {
            cursor.at = end;
            text.push(HOLE);
            continue;
        }
        let Some(char) = cursor.next() else {
            break;
        };
        if char == '\\' && !prefix.contains('r') {
            match cursor.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('\n') | None => {}
                Some(other) => text.push(other),
            }
        } else {
            text.push(char);
        }
    }
    cursor.at = (cursor.at + close.len()).min(cursor.text.len());
    Token::Text {
        text,
        quote,
        start,
        end: cursor.at,
    }
}

/// Returns the end of an interpolation that starts here: `{x}`, `${x}`, `#{x}`, `$x`.
fn hole(cursor: &Cursor<'_>, language: Language, quote: char, prefix: &str) -> Option<usize> {
    let open = match language {
        Language::Python if prefix.contains('f') && cursor.starts("{") && !cursor.starts("{{") => 1,
        Language::Javascript if quote == '`' && cursor.starts("${") => 2,
        Language::Groovy if quote == '"' && cursor.starts("${") => 2,
        Language::Ruby if quote != '\'' && cursor.starts("#{") => 2,
        Language::Perl | Language::Php
            if quote != '\'' && (cursor.starts("$") || cursor.starts("@{")) =>
        {
            return sigil(cursor);
        }
        _ => return None,
    };
    let rest = cursor.text.get(cursor.at + open..)?;
    rest.find('}').map(|offset| cursor.at + open + offset + 1)
}

fn sigil(cursor: &Cursor<'_>) -> Option<usize> {
    let rest = cursor.text.get(cursor.at + 1..)?;
    if rest.starts_with('{') {
        return rest.find('}').map(|offset| cursor.at + offset + 2);
    }
    let length = rest
        .find(|char: char| !(char.is_alphanumeric() || char == '_'))
        .unwrap_or(rest.len());
    (length > 0).then_some(cursor.at + 1 + length)
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
