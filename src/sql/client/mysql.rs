//! What mysql and mariadb read: SQL with a delimiter that can change, backslash commands, named commands at line start.
//! It does not open the files that `source` names.

use crate::model::span::Span;

use super::{Collector, Piece, arguments, behind_comment, behind_quote, line_end};

/// Letters of `delimiter`, the longest named command.
const LONGEST_NAME: usize = 9;

pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut mysql = Mysql {
        text,
        bytes: text.as_bytes(),
        out: Collector::default(),
        delimiter: ";".to_owned(),
        fresh: true,
        statement: 0,
    };
    let mut at = 0;
    let mut line_start = true;
    while at < text.len() {
        let next = if line_start && mysql.fresh {
            mysql.named(at)
        } else {
            None
        };
        let newline = mysql.byte(at) == b'\n';
        at = next.unwrap_or_else(|| mysql.step(at)).max(at + 1);
        // Statements of `-e` and of one line follow each other: a named command may stand behind a delimiter too.
        line_start = newline || mysql.fresh;
    }
    mysql.out.finish()
}

struct Mysql<'a> {
    text: &'a str,
    bytes: &'a [u8],
    out: Collector,
    delimiter: String,
    /// Nothing of a statement was read yet.
    fresh: bool,
    /// Where the statement that is being read began, in the collected SQL.
    statement: usize,
}

impl Mysql<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn copy(&mut self, from: usize, to: usize) -> usize {
        let to = (to..=self.text.len())
            .find(|index| self.text.is_char_boundary(*index))
            .unwrap_or(self.text.len());
        self.out.sql.copy(self.text, from, to);
        to
    }

    fn step(&mut self, at: usize) -> usize {
        let byte = self.byte(at);
        if self
            .bytes
            .get(at..)
            .is_some_and(|rest| rest.starts_with(self.delimiter.as_bytes()))
        {
            self.out.sql.insert(";", at);
            self.fresh = true;
            self.statement = self.out.sql.text.len();
            return at + self.delimiter.len();
        }
        let next = self.byte(at + 1);
        match byte {
            b'#' => self.copy(at, line_end(self.bytes, at)),
            b'-' if next == b'-' && !self.byte(at + 2).is_ascii_graphic() => {
                self.copy(at, line_end(self.bytes, at))
            }
            b'/' if next == b'*' => {
                if matches!(self.byte(at + 2), b'!' | b'M') {
                    self.fresh = false;
                }
                self.copy(at, behind_comment(self.bytes, at, false))
            }
            b'\'' | b'"' => {
                self.fresh = false;
                self.copy(at, behind_quote(self.bytes, at, true))
            }
            b'`' => {
                self.fresh = false;
                self.copy(at, behind_quote(self.bytes, at, false))
            }
            b'\\' => self.backslash(at),
            _ => {
                if !byte.is_ascii_whitespace() {
                    self.fresh = false;
                }
                self.copy(at, at + 1)
            }
        }
    }

    fn backslash(&mut self, at: usize) -> usize {
        let end = line_end(self.bytes, at);
        let rest = self.text.get(at + 2..end).unwrap_or_default().trim();
        let span = Span::new(at, end);
        match self.byte(at + 1) {
            b'!' => self.program(rest, span),
            b'.' => self.include(rest, span),
            b'P' => self.program(&super::fed("mysql", rest), span),
            // What was typed and not sent yet is forgotten.
            b'c' => {
                self.out.sql.truncate(self.statement);
                self.fresh = true;
                return at + 2;
            }
            b'q' => {
                self.out.sql.truncate(self.statement);
                return self.text.len();
            }
            b'd' => self.set_delimiter(rest),
            b'u' => {
                self.out.connect(arguments(rest), span);
                self.statement = 0;
            }
            b'g' | b'G' => {
                self.out.sql.insert(";", at);
                self.fresh = true;
                self.statement = self.out.sql.text.len();
                return at + 2;
            }
            _ => return self.copy(at, at + 1) + 1,
        }
        end
    }

    /// Reads a named command (`source`, `system`, `delimiter`, `use`, `pager`) at the start of a statement.
    fn named(&mut self, at: usize) -> Option<usize> {
        // On one long line every statement asks this: what cannot be such a word costs a few bytes.
        let word = self.first_word(at)?;
        let end = line_end(self.bytes, at);
        let line = self.text.get(at..end)?;
        let rest = line.get(word.len()..)?.trim();
        let cut = rest.trim_end_matches(';').trim();
        let span = Span::new(at, end);
        let alone = cut.is_empty();
        match word.to_ascii_lowercase().as_str() {
            "exit" | "quit" if alone => return Some(self.text.len()),
            "delimiter" => self.set_delimiter(rest),
            "source" => self.include(cut, span),
            "system" => self.program(cut, span),
            "pager" if !cut.is_empty() => self.program(&super::fed("mysql", cut), span),
            "use" if !cut.is_empty() => {
                let name = cut.split(';').next().unwrap_or_default().trim();
                let behind = line.find(';').map(|offset| at + offset + 1);
                self.out
                    .connect(vec![name.trim_matches('`').to_owned()], span);
                self.statement = 0;
                return Some(behind.unwrap_or(end));
            }
            _ => return None,
        }
        Some(end)
    }

    /// Returns the word that begins here, when it is not longer than any named command.
    fn first_word(&self, at: usize) -> Option<&str> {
        let rest = self.text.get(at..)?;
        let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
        let letters = rest.as_bytes().iter().take(LONGEST_NAME + 1);
        let word = rest.get(..letters.take_while(|byte| is_letter(byte)).count())?;
        let behind = rest.get(word.len()..)?.chars().next();
        let ends = behind.is_none_or(char::is_whitespace);
        (ends && !word.is_empty()).then_some(word)
    }

    fn set_delimiter(&mut self, rest: &str) {
        if let Some(delimiter) = rest.split_whitespace().next() {
            self.delimiter = delimiter.trim_matches(['\'', '"']).to_owned();
        }
        if self.delimiter.is_empty() {
            self.delimiter = ";".to_owned();
        }
    }

    fn program(&mut self, text: &str, span: Span) {
        let text = text.to_owned();
        self.out.pieces.push(Piece::Program { text, span });
    }

    fn include(&mut self, file: &str, span: Span) {
        self.out
            .include(file.trim_matches(['\'', '"']).to_owned(), false, span);
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::client::{Client, Piece, pieces};

    #[test]
    fn named_commands_stand_behind_blanks_and_delimiters_too() {
        let programs = |text: &str| {
            let all = pieces(Client::Mysql, text);
            let started = all.into_iter().filter_map(|piece| match piece {
                Piece::Program { text, .. } => Some(text),
                _ => None,
            });
            started.collect::<Vec<String>>()
        };
        assert_eq!(programs(";;;  system rm x"), ["rm x"]);
        assert_eq!(programs("\n \t SYSTEM rm x\n"), ["rm x"]);
        assert_eq!(programs("systems rm x"), Vec::<String>::new());
    }

    #[test]
    fn delimiters_and_commands_are_read() {
        let text = "DELIMITER //\nCREATE PROCEDURE p() BEGIN DELETE FROM t; END//\ndelimiter ;\nsource a.sql\nSELECT 1\\G\nsystem rm x\n\\! ls\nUSE shop; DROP TABLE t;";
        let all = pieces(Client::Mysql, text);
        assert!(matches!(&all[0], Piece::Include { file, .. } if file == "a.sql"));
        assert!(matches!(&all[1], Piece::Program { text, .. } if text == "rm x"));
        assert!(matches!(&all[2], Piece::Program { text, .. } if text == "ls"));
        assert!(matches!(&all[3], Piece::Sql(sql) if sql.text.contains("END;")));
        assert!(matches!(&all[4], Piece::Connect { arguments, .. } if arguments == &["shop"]));
        assert!(matches!(&all[5], Piece::Sql(sql) if sql.text.trim() == "DROP TABLE t;"));
    }
}
