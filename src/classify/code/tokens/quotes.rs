//! Quotes that are no plain strings: here-documents, `%x(…)`, `qw(…)`, regular expressions, letters of compiled languages.
//! It only finds where they begin and end.

use super::{Body, Cursor, Language, Token};

/// A regular expression is not longer.
const MAX_REGEX: usize = 1_000;
/// A here-document's word is not longer.
const MAX_WORD: usize = 40;

/// A here-document whose body begins on the next line.
pub(super) struct Waiting {
    /// The token that stands for it.
    at: usize,
    word: String,
    quote: char,
    start: usize,
}

/// What is known of the quotes of one code.
#[derive(Default)]
pub(super) struct Quotes {
    waiting: Vec<Waiting>,
    /// A quote was found to have no end: no other is looked for to the end of the text.
    unclosed: bool,
    /// Before this byte no regular expression is looked for.
    blind: usize,
}

impl Quotes {
    /// Reads a quote of a kind of its own; nothing when none begins here.
    pub fn special(
        &mut self,
        cursor: &mut Cursor<'_>,
        language: Language,
        all: &[Token],
    ) -> Option<Vec<Token>> {
        let last = all.last();
        let slash = matches!(
            language,
            Language::Javascript | Language::Ruby | Language::Perl
        );
        if slash && cursor.starts("/") {
            if cursor.at < self.blind || !is_operand(last) {
                return None;
            }
            let found = regex(cursor);
            if found.is_none() {
                self.blind = cursor.at + MAX_REGEX;
            }
            return found;
        }
        let head = if language == Language::Php {
            "<<<"
        } else {
            "<<"
        };
        let here = matches!(language, Language::Ruby | Language::Perl | Language::Php);
        if here && cursor.starts(head) {
            return heredoc(cursor, head, all.len(), &mut self.waiting);
        }
        if self.unclosed {
            return None;
        }
        if language == Language::Perl
            && let Some(tokens) = super::matches::read(cursor, all)
        {
            return Some(tokens);
        }
        match paired(cursor, language, last)? {
            Ok(tokens) => Some(tokens),
            Err(Unclosed) => {
                self.unclosed = true;
                None
            }
        }
    }

    /// Reads the bodies of the here-documents that begin on this line, each with the place of its token.
    pub fn bodies(&mut self, cursor: &mut Cursor<'_>, language: Language) -> Vec<(usize, Token)> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting
            .into_iter()
            .map(|one| body(&one, cursor, language))
            .collect()
    }
}

/// The text ended before the quote did.
struct Unclosed;

/// Reads a quote that an opening and a closing sign bound.
fn paired(
    cursor: &mut Cursor<'_>,
    language: Language,
    last: Option<&Token>,
) -> Option<Result<Vec<Token>, Unclosed>> {
    match language {
        Language::Ruby if cursor.starts("%") => {
            let kind = cursor.text.get(cursor.at + 1..)?.chars().next()?;
            if "xqQwWiI".contains(kind) {
                delimited(cursor, language, 1, kind)
            } else if is_operand(last) {
                delimited(cursor, language, 0, 'Q')
            } else {
                None
            }
        }
        Language::Perl if cursor.starts("q") => {
            let rest = cursor.text.get(cursor.at + 1..)?;
            match rest.chars().next()? {
                kind @ ('q' | 'w' | 'x') => delimited(cursor, language, 1, kind),
                _ => delimited(cursor, language, 0, 'q'),
            }
        }
        Language::Compiled if cursor.starts("r#\"") => fenced(cursor, 3, "\"#"),
        Language::Compiled | Language::Groovy if cursor.starts("\"\"\"") => {
            fenced(cursor, 3, "\"\"\"")
        }
        _ => None,
    }
}

/// Tells whether a quote of a compiled language holds one letter, and is no lifetime.
pub(super) fn is_letter(cursor: &Cursor<'_>) -> bool {
    let rest = cursor.text.get(cursor.at + 1..).unwrap_or_default();
    let mut chars = rest.chars();
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Tells whether an operand may stand behind this token.
fn is_operand(last: Option<&Token>) -> bool {
    match last {
        None | Some(Token::Line) => true,
        Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '}'),
        Some(Token::Name { name, .. }) => matches!(
            name.as_str(),
            "return" | "typeof" | "case" | "and" | "or" | "not" | "if" | "unless" | "when" | "puts"
        ),
        Some(Token::Text { .. }) => false,
    }
}

/// `<<~SQL`, `<<"SQL"`, `<<<'SQL'`: what stands here is the body that begins on the next line.
fn heredoc(
    cursor: &mut Cursor<'_>,
    head: &str,
    at: usize,
    waiting: &mut Vec<Waiting>,
) -> Option<Vec<Token>> {
    let start = cursor.at;
    let rest = cursor.text.get(start + head.len()..)?;
    let bare = rest.trim_start_matches(['~', '-']);
    let bare = if head == "<<<" {
        bare.trim_start_matches(' ')
    } else {
        bare
    };
    let quote = bare
        .chars()
        .next()
        .filter(|c| matches!(c, '\'' | '"' | '`'));
    let word: String = bare
        .chars()
        .skip(usize::from(quote.is_some()))
        .take(MAX_WORD)
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    let upper = word.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    if word.is_empty() || quote.is_none() && !upper {
        return None;
    }
    let skipped = rest.len() - bare.len();
    cursor.at = start + head.len() + skipped + word.len() + 2 * usize::from(quote.is_some());
    waiting.push(Waiting {
        at,
        word,
        quote: quote.unwrap_or('"'),
        start,
    });
    Some(vec![Token::Text {
        text: String::new(),
        quote: quote.unwrap_or('"'),
        start,
        end: cursor.at,
        holes: Vec::new(),
    }])
}

/// Reads the body of a here-document.
fn body(one: &Waiting, cursor: &mut Cursor<'_>, language: Language) -> (usize, Token) {
    let from = cursor.at;
    let rest = cursor.text.get(from..).unwrap_or_default();
    let mut length = 0;
    let mut after = rest.len();
    for line in rest.split_inclusive('\n') {
        let closes = line
            .trim_start()
            .strip_prefix(&one.word)
            .is_some_and(|tail| !tail.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        if closes {
            let word = line.len() - line.trim_start().len() + one.word.len();
            let rest_of_line = language == Language::Php;
            after = length + if rest_of_line { word } else { line.len() };
            break;
        }
        length += line.len();
    }
    let end = from + length;
    let mut inner = Cursor {
        text: cursor.text.get(..end).unwrap_or_default(),
        at: from,
    };
    let mut body = Body::default();
    while inner.peek().is_some() {
        body.take(&mut inner, language, (one.quote, false), one.quote == '\'');
    }
    cursor.at = from + after;
    let token = Token::Text {
        text: body.text,
        quote: one.quote,
        start: one.start,
        end,
        holes: body.holes,
    };
    (one.at, token)
}

/// `%x(ls)`, `%w[a b]`, `qq{…}`, `qw(a b)`: a kind and a pair of signs.
fn delimited(
    cursor: &mut Cursor<'_>,
    language: Language,
    skip: usize,
    kind: char,
) -> Option<Result<Vec<Token>, Unclosed>> {
    let start = cursor.at;
    let open = cursor.text.get(start + 1 + skip..)?.chars().next()?;
    let close = match open {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        '|' | '!' | '/' | '~' => open,
        _ => return None,
    };
    let mut body = Body::default();
    let mut inner = Cursor {
        text: cursor.text,
        at: start + 1 + skip + 1,
    };
    let raw = matches!(kind, 'q' | 'w' | 'i');
    let quote = if raw { '\'' } else { '"' };
    let mut depth = 0_usize;
    loop {
        let Some(char) = inner.peek() else {
            return Some(Err(Unclosed));
        };
        if char == close && depth == 0 {
            break;
        }
        if open != close && char == open {
            depth += 1;
        } else if char == close {
            depth -= 1;
        }
        body.take(&mut inner, language, (quote, false), raw);
    }
    cursor.at = inner.at + 1;
    let quote = if kind == 'x' { '`' } else { quote };
    let text = |text: &str, holes: Vec<(usize, usize)>| Token::Text {
        text: text.to_owned(),
        quote,
        start,
        end: cursor.at,
        holes,
    };
    if !matches!(kind, 'w' | 'W' | 'i' | 'I') {
        return Some(Ok(vec![text(&body.text, body.holes)]));
    }
    let mut tokens = vec![Token::Sign('[')];
    for word in body.text.split_whitespace() {
        tokens.push(text(word, Vec::new()));
        tokens.push(Token::Sign(','));
    }
    tokens.push(Token::Sign(']'));
    Some(Ok(tokens))
}

/// A regular expression counts as a name that nothing is called by.
fn regex(cursor: &mut Cursor<'_>) -> Option<Vec<Token>> {
    let start = cursor.at;
    let rest = cursor.text.get(start + 1..)?;
    let mut class = false;
    let mut escaped = false;
    let end = rest
        .char_indices()
        .take(MAX_REGEX)
        .find_map(|(at, char)| {
            match char {
                '\n' => return Some(None),
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => class = true,
                ']' => class = false,
                '/' if !class => return Some(Some(at)),
                _ => {}
            }
            None
        })??;
    cursor.at = start + 1 + end + 1;
    while cursor.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
        cursor.next();
    }
    Some(vec![Token::Name {
        name: "/regex/".to_owned(),
        start,
    }])
}

/// A raw text between fixed fences.
fn fenced(
    cursor: &mut Cursor<'_>,
    open: usize,
    close: &str,
) -> Option<Result<Vec<Token>, Unclosed>> {
    let start = cursor.at;
    let rest = cursor.text.get(start + open..)?;
    let Some(length) = rest.find(close) else {
        return Some(Err(Unclosed));
    };
    cursor.at = start + open + length + close.len();
    Some(Ok(vec![Token::Text {
        text: rest.get(..length)?.to_owned(),
        quote: '"',
        start,
        end: cursor.at,
        holes: Vec::new(),
    }]))
}
