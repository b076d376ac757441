//! Cuts SQL into lexemes with byte offsets and lexemes into statements, as the client's dialect reads them.
//! It does not know what a statement means.

mod unicode;

use std::any::TypeId;

use sqlparser::dialect as parsers;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::model::effect::Dialect;

/// Stands in for a hole while the text is tokenized: a letter in every dialect, as many bytes as `HOLE`.
pub(super) const HOLE_LETTER: char = '\u{A015}';

/// One token that is neither white space nor comment.
#[derive(Debug, Clone)]
pub(super) struct Lexeme {
    pub token: TokenWithSpan,
    pub start: usize,
    pub end: usize,
}

impl Lexeme {
    /// Returns the word when it is a bare one.
    pub fn bare(&self) -> Option<&str> {
        match &self.token.token {
            Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
            _ => None,
        }
    }

    /// Tells whether it is this bare word, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.bare()
            .is_some_and(|bare| bare.eq_ignore_ascii_case(word))
    }

    /// Returns the content of a string literal of any form.
    pub fn string(&self) -> Option<&str> {
        match &self.token.token {
            Token::SingleQuotedString(text)
            | Token::DoubleQuotedString(text)
            | Token::TripleSingleQuotedString(text)
            | Token::TripleDoubleQuotedString(text)
            | Token::SingleQuotedRawStringLiteral(text)
            | Token::DoubleQuotedRawStringLiteral(text)
            | Token::NationalStringLiteral(text)
            | Token::EscapedStringLiteral(text)
            | Token::UnicodeStringLiteral(text) => Some(text),
            Token::DollarQuotedString(text) => Some(&text.value),
            _ => None,
        }
    }

    /// Tells whether a part of it stands for unknown text.
    pub fn has_hole(&self) -> bool {
        match &self.token.token {
            Token::Word(word) => word.value.contains(HOLE_LETTER),
            Token::Char(char) => *char == HOLE_LETTER,
            _ => false,
        }
    }
}

/// A tokenized text.
#[derive(Debug)]
pub(super) struct Lexed {
    pub lexemes: Vec<Lexeme>,
    /// Where tokenizing stopped, when it did.
    pub stopped: Option<usize>,
}

/// Returns the parser's dialect.
pub(super) fn parser_of(dialect: Dialect) -> &'static dyn parsers::Dialect {
    match dialect {
        Dialect::Postgres | Dialect::Unknown => &parsers::PostgreSqlDialect {},
        Dialect::Mysql => &parsers::MySqlDialect {},
        Dialect::Sqlite => &parsers::SQLiteDialect {},
        Dialect::Mssql => &parsers::MsSqlDialect {},
        Dialect::Oracle => &parsers::OracleDialect {},
        Dialect::Clickhouse => &parsers::ClickHouseDialect {},
        Dialect::Snowflake => &parsers::SnowflakeDialect {},
        Dialect::Bigquery => &parsers::BigQueryDialect {},
        Dialect::Duckdb => &parsers::DuckDbDialect {},
        Dialect::Redshift => &parsers::RedshiftSqlDialect {},
        Dialect::Hive => &parsers::HiveDialect {},
    }
}

/// PostgreSQL where plain strings have escapes (`standard_conforming_strings = off`).
#[derive(Debug)]
struct Escaping;

impl parsers::Dialect for Escaping {
    fn dialect(&self) -> TypeId {
        TypeId::of::<parsers::PostgreSqlDialect>()
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn is_delimited_identifier_start(&self, char: char) -> bool {
        parsers::PostgreSqlDialect {}.is_delimited_identifier_start(char)
    }

    fn is_identifier_start(&self, char: char) -> bool {
        parsers::PostgreSqlDialect {}.is_identifier_start(char)
    }

    fn is_identifier_part(&self, char: char) -> bool {
        parsers::PostgreSqlDialect {}.is_identifier_part(char)
    }

    fn is_custom_operator_part(&self, char: char) -> bool {
        parsers::PostgreSqlDialect {}.is_custom_operator_part(char)
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        true
    }
}

/// A text with more characters that no token starts with than this is not read to its end.
const MAX_STRANGE: usize = 1_000;
/// So many bytes may lie behind such characters together: the tokenizer may look at all of them each time.
const MAX_AHEAD: usize = 4 * 1024 * 1024;

/// Tokenizes a text in which holes were replaced by `HOLE_LETTER`.
pub(super) fn lex(text: &str, dialect: Dialect) -> Lexed {
    unicode::named(text, lex_as(text, parser_of(dialect)))
}

/// Tokenizes a text for PostgreSQL, with escapes in its plain strings.
pub(super) fn lex_escaping(text: &str) -> Lexed {
    unicode::named(text, lex_as(text, &Escaping))
}

fn lex_as(text: &str, dialect: &dyn parsers::Dialect) -> Lexed {
    let mut all = Lexed {
        lexemes: Vec::new(),
        stopped: None,
    };
    let mut from = 0;
    let mut lines = 0;
    let mut ahead = 0;
    for _ in 0..MAX_STRANGE {
        let Some(at) = all.stretch(text, from, &mut lines, dialect) else {
            return all;
        };
        ahead += text.len() - at;
        let rest = text.get(at..).unwrap_or_default();
        let Some(strange) = strange(rest).filter(|_| ahead < MAX_AHEAD) else {
            all.stopped = Some(at);
            return all;
        };
        from = at + strange.len();
        let mut token = TokenWithSpan::wrap(match strange.get(2..strange.len() - 1) {
            Some(inside) => Token::EscapedStringLiteral(inside.to_owned()),
            None => Token::Char(strange.chars().next().unwrap_or_default()),
        });
        token.span.start.line = lines + 1;
        all.lexemes.push(Lexeme {
            token,
            start: at,
            end: from,
        });
    }
    all.stopped = Some(from);
    all
}

impl Lexed {
    /// Reads on from `from`; returns where the tokenizer gave up, if it did.
    fn stretch(
        &mut self,
        text: &str,
        from: usize,
        lines: &mut u64,
        dialect: &dyn parsers::Dialect,
    ) -> Option<usize> {
        let text = text.get(from..).unwrap_or_default();
        let mut tokens = Vec::new();
        let result = Tokenizer::new(dialect, text)
            .with_unescape(false)
            .tokenize_with_location_into_buf(&mut tokens);
        let mut places = Places::new(text);
        let mut last = 0;
        self.lexemes.reserve(tokens.len() / 2);
        for mut token in tokens {
            let start = places.offset(token.span.start);
            last = places.offset(token.span.end);
            if !matches!(token.token, Token::Whitespace(_) | Token::EOF) {
                token.span.start.line += *lines;
                self.lexemes.push(Lexeme {
                    token,
                    start: from + start,
                    end: from + last,
                });
            }
        }
        *lines += places.line - 1;
        result.is_err().then_some(from + last)
    }
}

/// Returns what can be stepped over where the tokenizer gave up: a character, or a string with an escape that means
/// nothing; nothing where a string or comment stays open.
fn strange(rest: &str) -> Option<&str> {
    if rest
        .get(..2)
        .is_some_and(|two| two.eq_ignore_ascii_case("e'"))
    {
        return rest.get(..behind_escapes(rest.as_bytes())?);
    }
    // A backslash before the closing quote of `U&'…'` escapes nothing in PostgreSQL: behind the prefix it is a plain string.
    if let Some(prefix) = rest
        .get(..2)
        .filter(|two| two.eq_ignore_ascii_case("u&") && rest.as_bytes().get(2) == Some(&b'\''))
    {
        return Some(prefix);
    }
    let first = rest.chars().next()?;
    let opens = matches!(first, '\'' | '"' | '`' | '$' | '[' | '/') || first.is_alphabetic();
    rest.get(..first.len_utf8()).filter(|_| !opens)
}

/// Turns lines and columns that only grow into byte offsets, in one pass.
struct Places<'a> {
    rest: std::str::Chars<'a>,
    offset: usize,
    line: u64,
    column: u64,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars(),
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    fn offset(&mut self, to: Location) -> usize {
        while (self.line, self.column) < (to.line, to.column) {
            match self.rest.next() {
                Some('\n') => {
                    self.line += 1;
                    self.column = 1;
                    self.offset += 1;
                }
                Some(char) => {
                    self.column += 1;
                    self.offset += char.len_utf8();
                }
                None => break,
            }
        }
        self.offset
    }
}

/// A half-open range of lexemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub from: usize,
    pub to: usize,
}

/// Cuts lexemes into statements at `;`, respecting parentheses where the dialect does, and bodies of routines.
pub(super) fn statements(lexemes: &[Lexeme], dialect: Dialect) -> Vec<Range> {
    let mut all = Vec::new();
    let mut from = 0;
    let mut nested = true;
    while from < lexemes.len() {
        let to = end_of_statement(lexemes, from, dialect, nested).or_else(|| {
            // INVARIANT: an unclosed parenthesis or body never hides what follows it.
            nested = false;
            end_of_statement(lexemes, from, dialect, false)
        });
        let to = to.unwrap_or(lexemes.len());
        if to > from {
            all.push(Range { from, to });
        }
        let separator = lexemes.get(to).is_some_and(is_separator);
        from = if separator { to + 1 } else { to.max(from + 1) };
    }
    all
}

fn is_separator(lexeme: &Lexeme) -> bool {
    lexeme.token.token == Token::SemiColon || lexeme.is("GO")
}

/// Returns the end; nothing when a parenthesis or a body stays open to the end of the text.
fn end_of_statement(
    lexemes: &[Lexeme],
    from: usize,
    dialect: Dialect,
    nested: bool,
) -> Option<usize> {
    let parens = nested && !matches!(dialect, Dialect::Mysql | Dialect::Sqlite);
    let mut body = Body::new(lexemes.get(from..).unwrap_or_default(), dialect, nested);
    let mut depth = 0_i64;
    for (index, lexeme) in lexemes.iter().enumerate().skip(from) {
        match &lexeme.token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::SemiColon if (depth <= 0 || !parens) && body.depth <= 0 => return Some(index),
            Token::Word(_) => {
                if dialect == Dialect::Mssql && lexeme.is("GO") && starts_line(lexemes, index) {
                    return Some(index);
                }
                let next = lexemes.get(index + 1);
                body.word(
                    lexeme,
                    index.checked_sub(1).and_then(|i| lexemes.get(i)),
                    next,
                );
            }
            _ => {}
        }
    }
    let open = (parens && depth > 0) || body.depth > 0;
    (!open).then_some(lexemes.len())
}

fn starts_line(lexemes: &[Lexeme], index: usize) -> bool {
    let line = |i: usize| lexemes.get(i).map(|lexeme| lexeme.token.span.start.line);
    index == 0 || line(index - 1) != line(index)
}

/// Counts `BEGIN … END` inside the definition of a routine, or of an anonymous block.
struct Body {
    counts: bool,
    /// PostgreSQL: only `BEGIN ATOMIC` opens a body.
    atomic: bool,
    depth: i64,
}

impl Body {
    fn new(lexemes: &[Lexeme], dialect: Dialect, nested: bool) -> Self {
        let routine = lexemes.first().is_some_and(|first| first.is("CREATE"))
            && lexemes.iter().take(12).any(|lexeme| {
                ["FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "PACKAGE"]
                    .iter()
                    .any(|kind| lexeme.is(kind))
            });
        Self {
            counts: nested && routine,
            atomic: matches!(dialect, Dialect::Postgres | Dialect::Redshift),
            depth: 0,
        }
    }

    fn word(&mut self, word: &Lexeme, before: Option<&Lexeme>, next: Option<&Lexeme>) {
        if !self.counts {
            return;
        }
        let follows = |name: &str| next.is_some_and(|lexeme| lexeme.is(name));
        let begins = word.is("BEGIN") && (!self.atomic || follows("ATOMIC"));
        let case =
            word.is("CASE") && self.depth > 0 && !before.is_some_and(|lexeme| lexeme.is("END"));
        if begins || case {
            self.depth += 1;
        } else if word.is("END")
            && self.depth > 0
            && !["IF", "LOOP", "WHILE", "REPEAT"]
                .iter()
                .any(|name| follows(name))
        {
            self.depth -= 1;
        }
    }
}

/// Returns the index behind the quote that closes an `E'…'`.
fn behind_escapes(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        at += match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\\', _) | (b'\'', Some(b'\'')) => 2,
            (b'\'', _) => return Some(at + 1),
            _ => 1,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, dialect: Dialect) -> Vec<String> {
        let lexed = lex(text, dialect);
        statements(&lexed.lexemes, dialect)
            .into_iter()
            .map(|range| {
                let start = lexed.lexemes[range.from].start;
                let end = lexed.lexemes[range.to - 1].end;
                text.get(start..end).unwrap().to_owned()
            })
            .collect()
    }

    #[test]
    fn cuts_at_semicolons_outside_strings_and_comments() {
        let text = "SELECT ';'; -- x;\n DROP TABLE é; /* ; */ SELECT 1";
        assert_eq!(
            cut(text, Dialect::Postgres),
            ["SELECT ';'", "DROP TABLE é", "SELECT 1"]
        );
    }

    #[test]
    fn a_body_of_a_routine_is_one_statement() {
        let text = "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; SELECT CASE WHEN 1 THEN 2 END; END; SELECT 1";
        assert_eq!(cut(text, Dialect::Sqlite).len(), 2);
    }

    #[test]
    fn an_open_parenthesis_or_body_hides_nothing() {
        assert_eq!(
            cut("SELECT (1; DROP TABLE x; SELECT 1", Dialect::Postgres).len(),
            3
        );
        let text = "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; DROP TABLE x;";
        assert_eq!(cut(text, Dialect::Sqlite).len(), 2);
    }

    #[test]
    fn what_starts_no_token_is_stepped_over() {
        let lexed = lex(
            "SELECT 1 |> 2;\nSELECT U&'\\' UESCAPE '!'; DROP TABLE x",
            Dialect::Postgres,
        );
        assert_eq!(lexed.stopped, None);
        let lexed = lex("SELECT E'wrong: \\u06'; DROP TABLE x", Dialect::Postgres);
        assert_eq!((lexed.stopped, lexed.lexemes.len()), (None, 6));
        let text = "CREATE OPERATOR |> (PROCEDURE = f);\nDROP TABLE x";
        assert_eq!(cut(text, Dialect::Postgres).last().unwrap(), "DROP TABLE x");
    }

    #[test]
    fn an_error_says_where_tokenizing_stopped() {
        let lexed = lex("SELECT 1; SELECT 'abc", Dialect::Postgres);
        assert_eq!(lexed.stopped, Some(17));
    }
}
