//! What psql reads: SQL, backslash commands, variables, data of COPY FROM STDIN.
//! A branch behind `\if` is left out where its condition is written out; otherwise every branch counts.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::{Collector, Piece, Variables, arguments, behind_comment, behind_quote, line_end};

struct Psql<'a> {
    text: &'a str,
    bytes: &'a [u8],
    variables: &'a mut Variables,
    out: Collector,
    /// Where the statement that is being read began, in the collected SQL.
    statement: usize,
    /// A COPY FROM STDIN stands on this line: its data begin on the next.
    copies: bool,
    /// No `\.` follows any more.
    unmarked: bool,
    /// Conditions around this place, the outermost first.
    branches: Vec<Branch>,
    /// `\q` was read.
    ended: bool,
}

/// One `\if` and where its branches stand.
#[derive(Clone, Copy)]
struct Branch {
    /// This branch is left out for certain.
    skipped: bool,
    /// A branch before this one, or this one, is taken for certain.
    taken: bool,
    /// Whether this branch runs stands in the text.
    sure: bool,
}

/// Conditions inside one another that are followed; deeper ones are taken to hold.
const MAX_BRANCHES: usize = 64;

pub(super) fn pieces(text: &str, variables: &mut Variables) -> Vec<Piece> {
    let mut psql = Psql {
        text,
        bytes: text.as_bytes(),
        variables,
        out: Collector::default(),
        statement: 0,
        copies: false,
        unmarked: false,
        branches: Vec::new(),
        ended: false,
    };
    psql.commits();
    let mut at = 0;
    while at < text.len() && !psql.ended {
        if psql.copies && psql.byte(at) == b'\n' {
            at = psql.behind_data(at);
        }
        let mark = psql.out.sql.text.len();
        let skipped = psql.is_skipped();
        at = psql.step(at).max(at + 1);
        if skipped && psql.is_skipped() {
            psql.out.sql.truncate(mark);
            psql.statement = psql.statement.min(mark);
            psql.copies = false;
        }
    }
    psql.out.finish()
}

impl Psql<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn copy(&mut self, from: usize, to: usize) -> usize {
        self.out.sql.copy(self.text, from, to);
        to
    }

    fn step(&mut self, at: usize) -> usize {
        match self.byte(at) {
            b'\'' => {
                let escapes = at.checked_sub(1).is_some_and(|before| {
                    matches!(self.byte(before), b'E' | b'e')
                        && !before
                            .checked_sub(1)
                            .is_some_and(|one| is_name(self.byte(one)))
                });
                self.copy(at, behind_quote(self.bytes, at, escapes))
            }
            b'"' => self.copy(at, behind_quote(self.bytes, at, false)),
            b'-' if self.byte(at + 1) == b'-' => self.copy(at, line_end(self.bytes, at)),
            b'/' if self.byte(at + 1) == b'*' => {
                self.copy(at, behind_comment(self.bytes, at, true))
            }
            b'$' => self.dollar(at),
            b';' => {
                self.copy(at, at + 1);
                self.end_of_statement(at + 1)
            }
            b'\\' => self.command(at),
            b':' => self.variable(at),
            _ => {
                let rest = self.bytes.get(at + 1..).unwrap_or_default();
                let plain = rest
                    .iter()
                    .position(|byte| {
                        matches!(
                            byte,
                            b'\'' | b'"' | b'-' | b'/' | b'$' | b';' | b'\\' | b':'
                        ) || self.copies && *byte == b'\n'
                    })
                    .unwrap_or(rest.len());
                self.copy(at, at + 1 + plain)
            }
        }
    }

    fn dollar(&mut self, at: usize) -> usize {
        let tag_end = (at + 1..self.text.len())
            .take(64)
            .find(|index| !is_name(self.byte(*index)))
            .unwrap_or(self.text.len());
        let after_name = at
            .checked_sub(1)
            .is_some_and(|before| is_name(self.byte(before)));
        if self.byte(tag_end) != b'$' || after_name || self.byte(at + 1).is_ascii_digit() {
            return self.copy(at, at + 1);
        }
        let tag = self.text.get(at..=tag_end).unwrap_or_default();
        let rest = self.text.get(tag_end + 1..).unwrap_or_default();
        let end = rest
            .find(tag)
            .map_or(self.text.len(), |offset| tag_end + 1 + offset + tag.len());
        self.copy(at, end)
    }

    fn is_sure(&self) -> bool {
        self.branches.iter().all(|branch| branch.sure)
    }

    /// Notes from here on whether the client opens a transaction for every statement.
    fn commits(&mut self) {
        let off = |value: &String| {
            let value = value.to_ascii_lowercase();
            matches!(value.as_str(), "off" | "of" | "false" | "no" | "0")
        };
        let opens = self.variables.get("AUTOCOMMIT").is_some_and(off) && self.is_sure();
        let place = self.out.sql.text.len();
        self.out.sql.opens.push((place, opens));
    }

    /// Notes a `COPY … FROM STDIN;`.
    fn end_of_statement(&mut self, at: usize) -> usize {
        let statement = self.out.sql.text.get(self.statement..).unwrap_or_default();
        let statement = behind_comments(statement);
        let word = statement
            .split(|char: char| !char.is_ascii_alphabetic())
            .next();
        let undoes = word.is_some_and(|word| {
            word.eq_ignore_ascii_case("rollback") || word.eq_ignore_ascii_case("abort")
        });
        if undoes && !self.is_sure() && !self.is_skipped() {
            // In a branch that may not be taken it takes nothing back for certain.
            self.out.sql.truncate(self.statement);
            self.out.sql.insert("COMMIT;", at);
            self.statement = self.out.sql.text.len();
            return at;
        }
        let statement = self.out.sql.text.get(self.statement..).unwrap_or_default();
        let statement = behind_comments(statement);
        let copy = statement
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("copy"));
        self.copies |= copy && {
            let mut words = statement.split(|char: char| !char.is_ascii_alphanumeric());
            words.any(|word| word.eq_ignore_ascii_case("stdin"))
        };
        self.statement = self.out.sql.text.len();
        at
    }

    /// Skips the data between the end of a line and `\.`; without that mark nothing is taken for data.
    fn behind_data(&mut self, at: usize) -> usize {
        self.copies = false;
        let mut line = at + 1;
        while line < self.text.len() && !self.unmarked {
            let end = line_end(self.bytes, line);
            if self.text.get(line..end).map(str::trim_end) == Some("\\.") {
                return end;
            }
            line = end + 1;
        }
        self.unmarked = true;
        at
    }

    /// `:name`, `:'name'`, `:"name"`; an unset name is a hole.
    fn variable(&mut self, at: usize) -> usize {
        let quote = self.byte(at + 1);
        let quoted = matches!(quote, b'\'' | b'"');
        let start = at + 1 + usize::from(quoted);
        let end = (start..self.text.len())
            .find(|index| !is_name(self.byte(*index)))
            .unwrap_or(self.text.len());
        let before = at.checked_sub(1).map_or(0, |index| self.byte(index));
        let cast = self.byte(at + 1) == b':' || self.byte(at + 1) == b'=' || before == b':';
        let number = self.byte(start).is_ascii_digit();
        if cast || end == start || number || (quoted && self.byte(end) != quote) {
            let next = if self.byte(at + 1) == b':' {
                at + 2
            } else {
                at + 1
            };
            return self.copy(at, next);
        }
        let name = self.text.get(start..end).unwrap_or_default();
        let hole = HOLE.to_string();
        let value = self.variables.get(name).unwrap_or(&hole);
        let value = match quote {
            b'\'' => format!("'{}'", value.replace('\'', "''")),
            b'"' => format!("\"{}\"", value.replace('"', "\"\"")),
            _ => value.clone(),
        };
        self.out.sql.insert(&value, at);
        end + usize::from(quoted)
    }

    /// A backslash command up to the end of its line.
    fn command(&mut self, at: usize) -> usize {
        let first = self.byte(at + 1);
        if first == b';' {
            self.out.sql.insert(";", at);
            return at + 2;
        }
        if first == b'\\' {
            return at + 2;
        }
        let name_end = if first.is_ascii_alphabetic() {
            (at + 1..self.text.len())
                .find(|index| !(is_name(self.byte(*index)) || self.byte(*index) == b'+'))
                .unwrap_or(self.text.len())
        } else {
            at + 2
        };
        let name = self.text.get(at + 1..name_end).unwrap_or_default();
        let end = self.end_of_arguments(name, name_end);
        let rest = self.text.get(name_end..end).unwrap_or_default().trim();
        self.act(name, rest, Span::new(at, end));
        // What stood before and behind must not run together.
        self.out.sql.insert(" ", at);
        end
    }

    fn end_of_arguments(&self, name: &str, from: usize) -> usize {
        let end = line_end(self.bytes, from);
        if matches!(name, "!" | "copy") {
            return end;
        }
        let mut index = from;
        while index < end {
            match self.byte(index) {
                b'\'' | b'"' | b'`' => index = behind_quote(self.bytes, index, true).min(end),
                b'\\' => return index,
                _ => index += 1,
            }
        }
        end
    }

    fn is_skipped(&self) -> bool {
        self.branches.iter().any(|branch| branch.skipped)
    }

    /// `\if`, `\elif`, `\else`, `\endif`; tells whether it was one of them.
    fn branch(&mut self, name: &str, rest: &str) -> bool {
        match name {
            "if" => {
                let holds = self.truth(rest);
                if self.branches.len() < MAX_BRANCHES {
                    self.branches.push(Branch {
                        skipped: holds == Some(false),
                        taken: holds == Some(true),
                        sure: holds.is_some(),
                    });
                }
            }
            "elif" | "else" => {
                let holds = if name == "else" {
                    Some(true)
                } else {
                    self.truth(rest)
                };
                if let Some(branch) = self.branches.last_mut() {
                    branch.skipped = branch.taken || holds == Some(false);
                    branch.taken |= holds == Some(true);
                    branch.sure &= holds.is_some();
                }
            }
            "endif" => {
                self.branches.pop();
            }
            _ => return false,
        }
        true
    }

    /// Returns what a condition is, when it is written out.
    fn truth(&self, rest: &str) -> Option<bool> {
        let word = rest.trim().trim_matches('\'');
        let value = match word.strip_prefix(':') {
            Some(name) => self.variables.get(name)?.clone(),
            None => word.to_owned(),
        };
        match value.to_ascii_lowercase().as_str() {
            "false" | "off" | "no" | "0" | "f" | "n" => Some(false),
            "true" | "on" | "yes" | "1" | "t" | "y" => Some(true),
            _ => None,
        }
    }

    fn act(&mut self, name: &str, rest: &str, span: Span) {
        if self.branch(name, rest) || self.is_skipped() {
            return;
        }
        if name != "!" {
            self.backticks(rest, span);
        }
        let words = arguments(rest);
        let first = words.first().cloned();
        match name {
            "!" => self.program(rest, span),
            "i" | "include" | "ir" | "include_relative" => {
                if let Some(file) = first {
                    self.out.include(
                        file,
                        name.starts_with("ir") || name.ends_with("relative"),
                        span,
                    );
                }
            }
            "c" | "connect" => {
                self.end(span.start);
                self.statement = 0;
                self.out.connect(words, span);
                self.commits();
            }
            "copy" => self.client_copy(rest, span),
            "g" | "gx" | "o" | "out" | "w" | "write" => {
                if let Some((_, program)) = rest.split_once('|') {
                    self.fed(program.trim(), span);
                } else if let Some(file) = words.last().filter(|word| !word.starts_with('(')) {
                    // `\g (format=csv) FILE`
                    self.out.writes(file, false, span);
                }
                if name.starts_with('g') {
                    self.end(span.start);
                }
            }
            "gset" | "gdesc" | "watch" | "crosstabview" | "crosstab" => {
                if name == "gset" {
                    self.variables.clear();
                }
                self.end(span.start);
            }
            "gexec" => self.gexec(span),
            "q" | "quit" => self.quit(),
            // What was typed and not sent yet is forgotten.
            "r" | "reset" => self.out.sql.truncate(self.statement),
            "set" => self.set(&words, rest),
            "unset" => {
                self.variables.remove(first.as_deref().unwrap_or_default());
                self.commits();
            }
            // Executes what was prepared under that name.
            "bind_named" => self.executed(&first.unwrap_or_default(), span),
            "prompt" | "getenv" => {
                for word in &words {
                    self.variables.insert(word.clone(), HOLE.to_string());
                }
            }
            "lo_unlink" => self.unlinked(&words.join(""), span),
            _ => {}
        }
    }

    /// What was not sent yet is forgotten, and what follows is not read; behind a condition that is not known it may be.
    fn quit(&mut self) {
        if self.is_sure() {
            self.out.sql.truncate(self.statement);
            self.ended = true;
        }
    }

    fn set(&mut self, words: &[String], rest: &str) {
        let Some((name, values)) = words.split_first() else {
            return;
        };
        let value = if rest.contains('`') || rest.contains(':') {
            HOLE.to_string()
        } else {
            values.concat()
        };
        self.variables.insert(name.clone(), value);
        self.commits();
    }

    fn executed(&mut self, name: &str, span: Span) {
        self.out
            .sql
            .insert(&format!(";EXECUTE {name};"), span.start);
        self.statement = self.out.sql.text.len();
    }

    fn unlinked(&mut self, number: &str, span: Span) {
        let text = format!(";SELECT lo_unlink({number});");
        self.out.sql.insert(&text, span.start);
    }

    /// A program that gets the results of queries on its standard input.
    fn fed(&mut self, program: &str, span: Span) {
        if !program.is_empty() {
            self.program(&super::fed("psql", program), span);
        }
    }

    fn program(&mut self, text: &str, span: Span) {
        if !text.is_empty() {
            self.out.pieces.push(Piece::Program {
                text: text.to_owned(),
                span,
            });
        }
    }

    fn backticks(&mut self, rest: &str, span: Span) {
        for program in rest.split('`').skip(1).step_by(2) {
            self.program(program, span);
        }
    }

    fn end(&mut self, at: usize) {
        self.out.sql.insert(";", at);
        self.statement = self.out.sql.text.len();
    }

    /// `\copy … program 'text'` starts a program here; `\copy (query) to …` sends the query.
    fn client_copy(&mut self, rest: &str, span: Span) {
        let lower = rest.to_ascii_lowercase();
        self.copies |= lower.split_whitespace().any(|word| word == "stdin");
        if let Some(place) = lower.rfind("program ") {
            let program = rest.get(place + 8..).unwrap_or_default();
            if let Some(text) = arguments(program).into_iter().next() {
                let sends = lower
                    .get(..place)
                    .is_some_and(|head| head.trim_end().ends_with(" to"));
                match sends {
                    true => self.fed(&text, span),
                    false => self.program(&text, span),
                }
            }
        }
        if let Some(place) = lower.rfind(" to ") {
            let words = arguments(rest.get(place + 4..).unwrap_or_default());
            let file = words.first().map(String::as_str).unwrap_or_default();
            if !matches!(
                file.to_ascii_lowercase().as_str(),
                "program" | "stdout" | "pstdout"
            ) {
                self.out.writes(file, false, span);
            }
        }
        if rest.starts_with('(') {
            let query = lower
                .rfind(" to ")
                .and_then(|place| rest.get(..place))
                .unwrap_or(rest);
            self.out
                .sql
                .insert(&format!(";COPY {query} TO STDOUT;"), span.start);
            self.statement = self.out.sql.text.len();
        }
    }

    /// `\gexec` runs the results of the query: known only when the query spells the statements out.
    fn gexec(&mut self, span: Span) {
        const HARMLESS: [&str; 8] = [
            "CREATE", "GRANT", "ANALYZE", "VACUUM", "REINDEX", "REFRESH", "COMMENT", "INSERT",
        ];
        const VERBS: [&str; 7] = [
            "DROP", "TRUNCATE", "DELETE", "UPDATE", "ALTER", "REVOKE", "FULL",
        ];
        let query = self.out.sql.text.get(self.statement..).unwrap_or_default();
        let literal = query.split('\'').nth(1).unwrap_or_default().trim_start();
        let shown = HARMLESS.iter().any(|verb| {
            literal
                .get(..verb.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(verb))
        });
        let verb = query
            .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .any(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)));
        if !shown || verb || query.contains(HOLE) {
            self.out.pieces.push(Piece::Opaque {
                reason: "`\\gexec` runs the results of a query as SQL".to_owned(),
                span,
            });
        }
        self.end(span.start);
    }
}

/// Returns what follows the blanks and comments at the start of a statement.
fn behind_comments(statement: &str) -> &str {
    let bytes = statement.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match (byte, bytes.get(at + 1)) {
            (b'-', Some(b'-')) => line_end(bytes, at),
            (b'/', Some(b'*')) => behind_comment(bytes, at, true),
            _ if byte.is_ascii_whitespace() => at + 1,
            _ => break,
        };
    }
    statement.get(at..).unwrap_or_default()
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use crate::sql::client::{Client, Piece, pieces};

    fn sql(text: &str) -> String {
        pieces(Client::Psql, text)
            .iter()
            .filter_map(|piece| match piece {
                Piece::Sql(sql) => Some(sql.text.trim().to_owned()),
                _ => None,
            })
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn data_of_copy_is_no_sql() {
        let text = "COPY t FROM stdin;\n1\tDROP TABLE x;\n\\.\nSELECT 1;";
        assert_eq!(sql(text), "COPY t FROM stdin;\nSELECT 1;");
    }

    #[test]
    fn data_begin_on_the_line_behind_a_copy_and_need_their_end() {
        let text = "-- rows\ncopy t from stdin; DROP TABLE a;\nDROP TABLE b;\n\\.\nDROP TABLE c;";
        assert_eq!(
            sql(text),
            "-- rows\ncopy t from stdin; DROP TABLE a;\nDROP TABLE c;"
        );
        let text = "\\copy t from stdin\nDROP TABLE a;\n\\.\nSELECT 1;";
        assert_eq!(sql(text), "SELECT 1;");
        let text = "COPY t FROM stdin;\nDROP TABLE b;";
        assert_eq!(sql(text), text);
    }

    #[test]
    fn a_reset_buffer_is_not_sent() {
        let text = "SELECT 1;\nDROP TABLE a\n\\r\nDROP TABLE b;";
        assert_eq!(sql(text), "SELECT 1; \nDROP TABLE b;");
    }

    #[test]
    fn programs_files_and_connections_are_told_apart() {
        let text = "\\! rm -rf /x\n\\i 'a b.sql'\n\\ir c.sql\nSELECT 1 \\g |cat\n\\copy t to program 'rm y'\n\\c shop\nDROP TABLE t;";
        let all = pieces(Client::Psql, text);
        let programs: Vec<_> = all
            .iter()
            .filter_map(|piece| match piece {
                Piece::Program { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(programs, ["rm -rf /x", "psql | cat", "psql | rm y"]);
        assert!(matches!(&all[1], Piece::Include { file, beside: false, .. } if file == "a b.sql"));
        let connect = all
            .iter()
            .position(|piece| matches!(piece, Piece::Connect { .. }));
        assert!(matches!(&all[connect.unwrap() + 1], Piece::Sql(sql) if sql.text.contains("DROP")));
    }

    #[test]
    fn variables_are_filled_in_and_unset_ones_are_holes() {
        assert_eq!(
            sql("\\set t users\nDROP TABLE :t; SELECT a::int, :'t', :\"u\";"),
            "DROP TABLE users; SELECT a::int, 'users', \"\u{FFFC}\";"
        );
    }

    #[test]
    fn places_lead_back_to_the_source() {
        let text = "\\set t users\nSELECT 1; DROP TABLE :t; DROP TABLE b";
        let all = pieces(Client::Psql, text);
        let Some(Piece::Sql(sql)) = all.first() else {
            panic!("no SQL");
        };
        let at = sql.text.find("DROP TABLE b").unwrap();
        assert_eq!(sql.source(at), text.find("DROP TABLE b").unwrap());
    }

    #[test]
    fn gexec_is_opaque_unless_the_query_shows_what_it_makes() {
        let opaque = |text: &str| {
            pieces(Client::Psql, text)
                .iter()
                .any(|piece| matches!(piece, Piece::Opaque { .. }))
        };
        assert!(opaque("SELECT format('DROP TABLE %I', t) FROM x \\gexec"));
        assert!(opaque("SELECT stmt FROM x \\gexec"));
        assert!(!opaque(
            "SELECT 'CREATE DATABASE shop' WHERE NOT EXISTS (SELECT FROM pg_database)\\gexec"
        ));
    }
}
