//! The words of a program of awk: what is a regular expression and what a division is told by what stands before.

/// One word of a program.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Regex(String),
    Name(String),
    /// A name that a bracket follows at once: a call of a function.
    Call(String),
    /// A sign of one or two letters, or a word of the language.
    Sign(&'static str),
    Line,
}

const SIGNS: [&str; 41] = [
    "&&", "||", "==", "<=", ">=", "!=", "!~", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**",
    ">>", "|&", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">",
    "<", "|", "?", ":", "~", "$", "=",
];

const WORDS: [&str; 19] = [
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue",
    "next", "nextfile", "exit", "return", "delete", "in", "print", "printf",
];

/// Returns the words of a program; nothing where it is not one.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("\\\n") {
            rest = behind;
        } else if first == '\n' {
            all.push(Token::Line);
            rest = rest.get(1..)?;
        } else if first.is_ascii_whitespace() {
            rest = rest.get(1..)?;
        } else if first == '#' {
            rest = rest.get(rest.find('\n').unwrap_or(rest.len())..)?;
        } else if first == '"' {
            let (inside, behind) = until(rest.get(1..)?, '"')?;
            all.push(Token::Text(unescaped(inside)?));
            rest = behind;
        } else if first == '/' && begins_regex(all.last()) {
            let (inside, behind) = until(rest.get(1..)?, '/')?;
            all.push(Token::Regex(inside.to_owned()));
            rest = behind;
        } else if first.is_ascii_digit()
            || first == '.' && rest.get(1..)?.starts_with(|c: char| c.is_ascii_digit())
        {
            let end = super::values::number_end(rest);
            all.push(Token::Number(rest.get(..end)?.parse().ok()?));
            rest = rest.get(end..)?;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = rest.find(|c| !inner(c)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end)?;
            rest = behind;
            all.push(match WORDS.iter().find(|word| **word == name) {
                Some(word) => Token::Sign(word),
                None if rest.starts_with('(') => Token::Call(name.to_owned()),
                None => Token::Name(name.to_owned()),
            });
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            all.push(Token::Sign(sign));
            rest = rest.get(sign.len()..)?;
        }
    }
    Some(all)
}

/// Tells whether a slash behind this word begins a regular expression.
fn begins_regex(before: Option<&Token>) -> bool {
    !matches!(
        before,
        Some(
            Token::Number(_)
                | Token::Text(_)
                | Token::Regex(_)
                | Token::Name(_)
                | Token::Sign(")" | "]" | "$" | "++" | "--")
        )
    )
}

/// Cuts at the end of a string or regular expression, which a backslash does not end.
fn until(text: &str, end: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    let mut class = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' if !escaped => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // Whether a slash in brackets ends it differs from awk to awk.
            '[' if end == '/' => class = true,
            ']' => class = false,
            _ if c == end && class => return None,
            _ if c == end => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// Writes out the escapes of a string; nothing for those that differ from awk to awk.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut all = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            all.push(c);
            continue;
        }
        match chars.next()? {
            'n' => all.push('\n'),
            't' => all.push('\t'),
            'r' => all.push('\r'),
            '"' => all.push('"'),
            '/' => all.push('/'),
            '\\' => all.push('\\'),
            // In a regular expression that is written as a string a point stays escaped.
            other @ ('.' | '$' | '|' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '^') => {
                all.push('\\');
                all.push(other);
            }
            _ => return None,
        }
    }
    Some(all)
}
