//! Reads the calls of a code by their names: what they send to databases, delete and start.
//! Values are followed no further than one assignment of a literal.

mod paths;
mod starts;

use std::cell::Cell;
use std::collections::HashMap;

use crate::model::span::Span;
use crate::sql::HOLE;

use super::drivers::{self, Site};
use super::imports;
use super::tables::{EXECUTES, FILES, PERHAPS, SHELLS, TREES};
use super::tokens::{self, Language, Token};

/// What a code does, as far as its calls show.
#[derive(Default)]
pub(super) struct Deeds {
    /// SQL texts; the flag is set when a text only may be SQL.
    pub sql: Vec<(String, Span, bool)>,
    pub shells: Vec<(String, Span)>,
    /// Moves and overwrites of named files, as shell texts.
    pub places: Vec<(String, Span)>,
    /// Deletions of paths that are no literals.
    pub unknown: Vec<Span>,
    /// First strings of calls that connect.
    pub connections: Vec<String>,
    /// Calls that take data away without SQL: their rule and their name.
    pub wipes: Vec<(&'static str, String, Span)>,
}

/// Reads the calls of a code.
pub(super) fn deeds(text: &str, language: Language) -> Deeds {
    let tokens = tokens::cut(text, language);
    let mut reader = Calls {
        tokens: &tokens,
        text,
        language,
        imports: imports::read(&tokens, language),
        lookups: Cell::new(0),
        deeds: Deeds::default(),
        sends_variable: false,
        helpers: Vec::new(),
    };
    for index in 0..tokens.len() {
        reader.token(index);
    }
    reader.helped();
    let mut deeds = reader.deeds;
    if reader.sends_variable {
        // The SQL stands in a variable: every string that is SQL to the last word may be it.
        for token in &tokens {
            if let Token::Text {
                text, start, end, ..
            } = token
            {
                deeds
                    .sql
                    .push((text.clone(), Span::new(*start, *end), true));
            }
        }
    }
    deeds
}

struct Calls<'a> {
    tokens: &'a [Token],
    text: &'a str,
    language: Language,
    /// Full names behind the names that imports give.
    imports: HashMap<String, String>,
    /// Walks through the whole code so far.
    lookups: Cell<usize>,
    deeds: Deeds,
    sends_variable: bool,
    /// Functions that hand their first argument to a shell.
    helpers: Vec<String>,
}

/// Walks through the whole code for the value of a name; beyond that a value counts as unknown.
const MAX_LOOKUPS: usize = 500;

/// Arguments longer than this are not read to their end.
const MAX_ARGUMENTS: usize = 400;

impl<'a> Calls<'a> {
    fn token(&mut self, index: usize) {
        match self.tokens.get(index) {
            Some(Token::Name { name, start }) => {
                let name = self.full(name.trim_end_matches('!'));
                self.call(&name, *start, index);
            }
            Some(Token::Text {
                text,
                quote: '`',
                start,
                end,
            }) if matches!(
                self.language,
                Language::Ruby | Language::Perl | Language::Php | Language::Julia
            ) =>
            {
                self.shell(text, Span::new(*start, *end));
            }
            Some(Token::Text {
                text, start, end, ..
            }) if self.is_piped(index) => self.shell(text, Span::new(*start, *end)),
            _ => {}
        }
    }

    /// Returns a name with what its first part was imported as.
    fn full(&self, name: &str) -> String {
        let (first, rest) = name
            .split_once('.')
            .map_or((name, None), |(first, rest)| (first, Some(rest)));
        match (self.imports.get(first), rest) {
            (Some(full), Some(rest)) => format!("{full}.{rest}"),
            (Some(full), None) => full.clone(),
            (None, _) => name.to_owned(),
        }
    }

    /// awk's `print | "cmd"` and `"cmd" | getline`, AppleScript's `do shell script "cmd"`.
    fn is_piped(&self, index: usize) -> bool {
        let before = |back: usize| index.checked_sub(back).and_then(|at| self.tokens.get(at));
        let named = |token: Option<&Token>, wanted: &str| matches!(token, Some(Token::Name { name, .. }) if name == wanted);
        match self.language {
            Language::Perl => {
                let bar = Some(&Token::Sign('|'));
                before(1) == bar && before(2) != bar
                    || self.tokens.get(index + 1) == bar
                        && named(self.tokens.get(index + 2), "getline")
            }
            Language::Lua => named(before(1), "script") && named(before(2), "shell"),
            _ => false,
        }
    }

    fn starts_a_program(&self, name: &str, last: &str, index: usize) -> bool {
        SHELLS.contains(&name)
            || name == "exec" && self.language != Language::Python
            || name == "sh" && self.language == Language::Ruby
            || self.is_template_shell(name, index)
            || last == "exec_command"
            || self.language == Language::Javascript
                && matches!(last, "execSync" | "spawnSync" | "execFileSync")
            || name.starts_with("sh.") && self.is_sh(name)
            || name == ".execute" && self.language == Language::Groovy
    }

    fn call(&mut self, name: &str, start: usize, index: usize) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let sends = EXECUTES.contains(&last);
        let dotted = name.contains('.') || matches!(self.language, Language::Php);
        let perhaps = PERHAPS.contains(&last) && (dotted || matches!(last, "text" | "sql"));
        let node = self.language == Language::Javascript
            && (matches!(last, "rmSync" | "unlinkSync" | "rmdirSync")
                || name.ends_with("promises.rm"));
        let deletes = is_one_of(&FILES, name)
            || is_one_of(&TREES, name)
            || node
            || self.deletes_elsewhere(name, index);
        let starts = self.starts_a_program(name, last, index);
        let connects = is_connection(last);
        if self.special(name, start, index) {
            return;
        }
        if let Some(text) = self.model_loss(name, index) {
            let span = Span::new(start, start + name.len());
            self.deeds.sql.push((text, span, false));
            return;
        }
        self.places(name, start, index);
        if !(sends || perhaps || deletes || starts) {
            self.driver(name, start, index);
        }
        if !(sends || perhaps || deletes || starts || connects) {
            return;
        }
        if (sends || perhaps) && self.is_mock(name) {
            return;
        }
        let Some(arguments) = self.arguments(index + 1) else {
            // `unlink <data/*>` of Perl.
            if deletes && self.tokens.get(index + 1) == Some(&Token::Sign('<')) {
                self.deeds
                    .unknown
                    .push(Span::new(start, start + name.len()));
            }
            return;
        };
        let span = Span::new(start, self.end_of(arguments).max(start));
        let strings = self.strings(arguments);
        if sends || perhaps {
            self.sends(arguments, &strings, !sends);
        }
        if deletes {
            self.deletes(name, arguments, span);
        }
        if starts {
            self.starts(name, arguments, span);
        }
        if connects && let Some((text, _)) = strings.first() {
            self.deeds.connections.push(text.clone());
        }
    }

    /// A mock object of a test sends nothing.
    fn is_mock(&self, name: &str) -> bool {
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        self.text.contains("Mock(")
            && matches!(self.assigned(owner), Some([Token::Name { name, .. }, ..]) if name.ends_with("Mock"))
    }

    /// `from sh import rm; rm('-rf', 'data')`: every name of the module is a program.
    fn is_sh(&self, name: &str) -> bool {
        self.language == Language::Python
            && name.split('.').count() == 2
            && self
                .imports
                .values()
                .any(|full| full == "sh" || full == name)
    }

    /// Calls of drivers, object mappers and clients of services.
    fn driver(&mut self, name: &str, start: usize, index: usize) {
        let paren = self.tokens.get(index + 1) == Some(&Token::Sign('('));
        // A definition is no call, and neither is a name that is only mentioned.
        let defined = matches!(
            index.checked_sub(1).and_then(|at| self.tokens.get(at)),
            Some(Token::Name { name, .. }) if matches!(name.as_str(), "def" | "function" | "func" | "fn" | "sub")
        );
        if defined || !(paren || self.language == Language::Ruby && name.contains('.')) {
            return;
        }
        let arguments = if paren {
            self.arguments(index + 1).unwrap_or_default()
        } else {
            &[]
        };
        let before = self.before(index);
        let site = Site {
            name,
            arguments,
            before: &before,
            text: self.text,
            language: self.language,
        };
        let span = Span::new(start, start + name.len());
        if let Some(url) = drivers::request(&site) {
            let text = format!("curl -X DELETE {}", quoted(&url));
            self.deeds.shells.push((text, span));
        } else if let Some(rule) = drivers::rule(&site) {
            let said = name.trim_start_matches('.').to_owned();
            self.deeds.wipes.push((rule, said, span));
        }
    }

    /// Returns the last parts of the names that stand before a call in its statement.
    fn before(&self, index: usize) -> Vec<&'a str> {
        const BACK: usize = 60;
        let from = index.saturating_sub(BACK);
        let tokens = self.tokens.get(from..index).unwrap_or_default();
        tokens
            .iter()
            .rev()
            .take_while(|token| !matches!(token, Token::Line | Token::Sign(';')))
            .filter_map(|token| match token {
                Token::Name { name, .. } => name.rsplit('.').next(),
                _ => None,
            })
            .collect()
    }

    /// Deletions that only one language, or only an import, makes of a name.
    fn deletes_elsewhere(&self, name: &str, index: usize) -> bool {
        let last = name.rsplit('.').next().unwrap_or(name);
        match self.language {
            Language::Julia => matches!(name, "rm" | "Base.rm" | "Base.Filesystem.rm"),
            // `for p in folder.glob('*'): p.unlink()`.
            Language::Python => last == "unlink" && name.contains('.') && !name.starts_with('.'),
            Language::Javascript => {
                if last == "removeItem" && self.text.contains("FileManager") {
                    return true;
                }
                let imported = self.text.contains("fs/promises") || self.text.contains("node:fs");
                imported
                    && matches!(name, "rm" | "unlink" | "rmdir" | "fsp.rm" | "fsp.unlink")
                    && self.tokens.get(index + 1) == Some(&Token::Sign('('))
            }
            _ => matches!(
                last,
                "del_dir_r" | "removeItem" | "deleteDir" | "deleteRecursively"
            ),
        }
    }

    /// `$`rm -rf x`` of zx and Bun.
    fn is_template_shell(&self, name: &str, index: usize) -> bool {
        let template = matches!(
            self.tokens.get(index + 1),
            Some(Token::Text { quote: '`', .. })
        );
        template
            && self.language == Language::Javascript
            && matches!(name, "$" | "Bun.$" | "sh" | "execa" | "zx.$")
    }

    /// Reads calls that are read in a way of their own.
    fn special(&mut self, name: &str, start: usize, index: usize) -> bool {
        match name {
            "require" | "__import__" => self.required(start, index),
            "array_map" | "array_walk" => self.mapped(start, index),
            ".execute" if self.language == Language::Groovy => self.executed(index),
            "shelljs.rm" | "shell.rm" => self.shelljs(start, index),
            _ => return false,
        }
        true
    }

    /// Object mappers delete without SQL: `User.delete_all`, `User::truncate()`, `User.objects.all().delete()`.
    fn model_loss(&self, name: &str, index: usize) -> Option<String> {
        let (owner, last) = name.rsplit_once('.').or_else(|| name.rsplit_once("::"))?;
        let root = owner.split(['.', ':']).next().unwrap_or_default();
        let is_model = root.starts_with(|c: char| c.is_ascii_uppercase());
        let mapper = last == "objects" || owner.ends_with(".objects");
        match (self.language, last) {
            (Language::Ruby, "delete_all" | "destroy_all") if is_model => {
                Some(format!("DELETE FROM {root}"))
            }
            (Language::Php, "truncate") if is_model && root != "DB" => {
                Some(format!("TRUNCATE {root}"))
            }
            (Language::Javascript, "deleteMany") if owner.starts_with("prisma.") || is_model => {
                Some(format!(
                    "DELETE FROM {}",
                    owner.rsplit('.').next().unwrap_or(root)
                ))
            }
            (Language::Python, _) if mapper && self.deletes_later(index) => {
                Some(format!("DELETE FROM {root}"))
            }
            _ => None,
        }
    }

    /// Tells whether the chain of calls that begins here ends in `.delete()`, on the same line.
    fn deletes_later(&self, index: usize) -> bool {
        let rest = self.tokens.iter().skip(index + 1).take(MAX_ARGUMENTS);
        let mut line = rest.take_while(|token| !matches!(token, Token::Line | Token::Sign(';')));
        line.any(|token| matches!(token, Token::Name { name, .. } if name == ".delete" || name == "._raw_delete"))
    }

    /// Returns the tokens of a call's arguments: in parentheses, a template, or to the end of the line.
    fn arguments(&self, at: usize) -> Option<&'a [Token]> {
        match self.tokens.get(at)? {
            Token::Sign('(') => {
                let mut depth = 0_usize;
                for (offset, token) in self.tokens.iter().skip(at).take(MAX_ARGUMENTS).enumerate() {
                    match token {
                        Token::Sign('(') => depth += 1,
                        Token::Sign(')') => {
                            depth -= 1;
                            if depth == 0 {
                                return self.tokens.get(at + 1..at + offset);
                            }
                        }
                        _ => {}
                    }
                }
                self.tokens
                    .get(at + 1..(at + MAX_ARGUMENTS).min(self.tokens.len()))
            }
            Token::Text { quote: '`', .. } => self.tokens.get(at..=at),
            Token::Text { .. } | Token::Name { .. }
                if matches!(self.language, Language::Ruby | Language::Perl) =>
            {
                let rest = self.tokens.get(at..)?;
                let end = rest
                    .iter()
                    .take(MAX_ARGUMENTS)
                    .position(|token| matches!(token, Token::Line | Token::Sign(';' | '}')))
                    .unwrap_or(rest.len().min(MAX_ARGUMENTS));
                rest.get(..end)
            }
            _ => None,
        }
    }

    fn strings(&self, arguments: &[Token]) -> Vec<(String, Span)> {
        arguments
            .iter()
            .filter_map(|token| match token {
                Token::Text {
                    text, start, end, ..
                } => Some((text.clone(), Span::new(*start, *end))),
                _ => None,
            })
            .collect()
    }

    fn end_of(&self, arguments: &[Token]) -> usize {
        arguments
            .iter()
            .rev()
            .find_map(|token| match token {
                Token::Text { end, .. } => Some(*end),
                Token::Name { name, start } => Some(start + name.len()),
                _ => None,
            })
            .unwrap_or(0)
    }

    fn sends(&mut self, arguments: &[Token], strings: &[(String, Span)], perhaps: bool) {
        let values = matches!(
            arguments,
            [
                Token::Name { .. },
                Token::Sign(','),
                Token::Sign('(' | '[' | '{'),
                ..
            ]
        );
        if matches!(arguments.first(), Some(Token::Name { .. })) && (strings.is_empty() || values) {
            self.sends_variable = true;
        }
        if let Some((text, span)) = strings.first()
            && text.to_ascii_uppercase().contains("DETACH DELETE")
        {
            self.deeds
                .wipes
                .push((drivers::DATA, "run".to_owned(), *span));
        }
        // Only the first string is SQL; the others are values.
        if let Some((text, span)) = strings.first() {
            self.deeds.sql.push((text.clone(), *span, perhaps));
        }
    }

    fn deletes(&mut self, name: &str, arguments: &[Token], span: Span) {
        let mut path = self.path(arguments);
        if name.starts_with('.') && path.is_none() {
            path = self.receiver(span.start);
        }
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        let looped = match arguments {
            [] if !name.starts_with('.') => Some(owner),
            [Token::Name { name: only, .. }] => Some(only.as_str()),
            [Token::Name { name: only, .. }, Token::Sign('='), ..] if only == "missing_ok" => {
                Some(owner)
            }
            _ => None,
        };
        if let Some(name) = looped
            && let Some(found) = self.looped(name)
        {
            let text = format!("rm -rf -- {}", globbed(&found));
            self.deeds.shells.push((text, span));
            return;
        }
        if let Some(name) = looped.filter(|name| *name == owner) {
            path = path.or_else(|| self.folder(name));
        }
        match path {
            Some(path) => {
                let flags = if FILES.contains(&name) || name.ends_with("unlinkSync") {
                    "-f"
                } else {
                    "-rf"
                };
                let text = format!("rm {flags} -- {}", quoted(&path));
                self.deeds.shells.push((text, span));
            }
            // Byte code comes back by itself.
            None if self.text.contains("/__pycache__/") && self.language == Language::Perl => {}
            None => self.deeds.unknown.push(span),
        }
    }

    /// Returns the path that the first argument spells out.
    fn path(&self, arguments: &[Token]) -> Option<String> {
        const JOINS: [&str; 12] = [
            "os.path.join",
            "path.join",
            "Path",
            "pathlib.Path",
            "str",
            "File.join",
            "os.path.abspath",
            "path.resolve",
            "Path.of",
            "Paths.get",
            "File",
            "file",
        ];
        let mut parts = Vec::new();
        let mut depth = 0_usize;
        for token in arguments {
            match token {
                Token::Text { text, .. } => parts.push(text.clone()),
                Token::Name { name, .. } if JOINS.contains(&name.as_str()) => {}
                Token::Name { name, .. } if depth == 0 && !parts.is_empty() && !name.is_empty() => {
                    break;
                }
                Token::Name { name, .. } => parts.push(self.variable(name)?),
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth = depth.saturating_sub(1),
                Token::Sign(',') if depth == 0 => break,
                Token::Sign(',' | '/') | Token::Line => {}
                Token::Sign(_) => return None,
            }
        }
        let path = parts.join("/");
        (!path.is_empty() && !path.contains(HOLE)).then_some(path)
    }

    /// Returns the literal that the code gives to a name, when it gives one only once.
    fn variable(&self, wanted: &str) -> Option<String> {
        self.walk()?;
        let mut values = self.tokens.windows(3).filter_map(|window| match window {
            [
                Token::Name { name, .. },
                Token::Sign('='),
                Token::Text { text, .. },
            ] if name == wanted => Some(text.clone()),
            _ => None,
        });
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }
}

/// Tells whether the last part of a name is that of a call which connects to a database.
fn is_connection(last: &str) -> bool {
    matches!(
        last,
        "connect"
            | "Database"
            | "create_engine"
            | "createConnection"
            | "Client"
            | "Pool"
            | "open"
            | "new"
            | "PDO"
    )
}

/// Tells whether a dotted name ends as one of the list does: `java.nio.file.Files.delete` is `Files.delete`.
fn is_one_of(list: &[&str], name: &str) -> bool {
    list.contains(&name)
        || list.iter().any(|known| {
            known.contains('.')
                && !known.starts_with('.')
                && name
                    .strip_suffix(known)
                    .is_some_and(|head| head.ends_with('.'))
        })
}

/// Returns a path with the shell's patterns left alive.
fn globbed(path: &str) -> String {
    let mut all = String::new();
    let mut plain = String::new();
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | ']') {
            if !plain.is_empty() {
                all.push_str(&quoted(&plain));
                plain.clear();
            }
            all.push(c);
        } else {
            plain.push(c);
        }
    }
    if !plain.is_empty() {
        all.push_str(&quoted(&plain));
    }
    all.replace("**", "*")
}

/// Returns a word as the shell reads it back, holes as unknown variables.
fn quoted(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', "'\\''"));
    quoted.replace(HOLE, "'\"$UNKNOWN\"'")
}
