//! Cuts the plain text of a dump into statements, comments, meta-commands and COPY blocks, in one pass and without doubt.
//! It knows how PostgreSQL quotes; what the statements mean is the business of `scan`.

use memchr::memchr;

use crate::backup::error::ScanError;

/// The longest statement that is kept whole; of longer ones (function bodies, large objects) only the head counts.
const HEAD: usize = 1 << 20;
/// The longest tag of a dollar quote.
const TAG: usize = 64;

/// Who takes the pieces.
pub(super) trait Listener {
    /// A statement up to its semicolon; only the first MiB of a longer one. True: a COPY block follows.
    fn statement(&mut self, text: &[u8], whole: bool) -> Result<bool, ScanError>;
    /// A line comment that stands at the beginning of a line, between statements.
    fn comment(&mut self, line: &[u8]) -> Result<(), ScanError>;
    /// A line that begins with a backslash, between statements.
    fn meta(&mut self, line: &[u8]) -> Result<(), ScanError>;
    /// The end of a COPY block and its number of rows.
    fn block(&mut self, rows: u64) -> Result<(), ScanError>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a line between statements.
    Start,
    Comment,
    Meta,
    /// Inside a statement, outside quotes.
    Statement,
    /// `'…'` or `"…"`; `escapes` where a backslash counts.
    Quoted {
        close: u8,
        escapes: bool,
        skip: bool,
    },
    /// `--` inside a statement.
    Remark,
    /// `/* … */`, nested; `before` is the byte before.
    Block {
        depth: u32,
        before: u8,
    },
    /// `$tag` so far.
    Tag,
    /// Inside `$tag$ … $tag$`.
    Dollar {
        matched: usize,
    },
    /// What follows a semicolon on its line.
    Rest {
        copy: bool,
    },
    Copy,
}

/// The machine; feed it everything, then ask `at_rest`.
#[derive(Debug)]
pub(super) struct Lexer {
    state: State,
    /// The statement, comment or meta-command so far.
    text: Vec<u8>,
    whole: bool,
    before: u8,
    tag: Vec<u8>,
    /// Beginning of the present line of a COPY block, at most three bytes.
    line: Vec<u8>,
    rows: u64,
    parens: i64,
    /// `BEGIN ATOMIC` bodies hold semicolons; such a statement ends with `END`.
    atomic: bool,
    /// Only a data section: dollar quotes and block comments do not occur there.
    plain_only: bool,
}

impl Lexer {
    pub(super) fn new(plain_only: bool) -> Self {
        Self {
            state: State::Start,
            text: Vec::new(),
            whole: true,
            before: 0,
            tag: Vec::new(),
            line: Vec::new(),
            rows: 0,
            parens: 0,
            atomic: false,
            plain_only,
        }
    }

    /// Tells whether nothing is open.
    pub(super) fn at_rest(&self) -> bool {
        self.state == State::Start
    }

    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        to: &mut dyn Listener,
    ) -> Result<(), ScanError> {
        while let Some((first, rest)) = bytes.split_first() {
            bytes = match self.state {
                State::Copy => self.copy(bytes, to)?,
                State::Quoted {
                    close,
                    escapes: false,
                    ..
                } => {
                    let end = memchr(close, bytes);
                    let taken = end.map_or(bytes.len(), |at| at + 1);
                    let (inside, behind) = bytes.split_at(taken);
                    self.keep(inside);
                    if end.is_some() {
                        self.state = State::Statement;
                        self.before = close;
                    }
                    behind
                }
                State::Dollar { matched: 0 } => {
                    let end = memchr(b'$', bytes);
                    let taken = end.map_or(bytes.len(), |at| at + 1);
                    let (inside, behind) = bytes.split_at(taken);
                    self.keep(inside);
                    if end.is_some() {
                        self.state = State::Dollar { matched: 1 };
                    }
                    behind
                }
                _ => {
                    self.step(*first, to)?;
                    rest
                }
            };
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.text.len());
        self.whole &= bytes.len() <= room;
        self.text
            .extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }

    fn step(&mut self, byte: u8, to: &mut dyn Listener) -> Result<(), ScanError> {
        match self.state {
            State::Start => self.begin(byte, to)?,
            State::Comment | State::Meta => self.line_of_its_own(byte, to)?,
            State::Statement => self.inside(byte, to)?,
            State::Quoted {
                close,
                escapes,
                skip,
            } => {
                self.keep(&[byte]);
                let goes_on = |skip| State::Quoted {
                    close,
                    escapes,
                    skip,
                };
                self.state = match byte {
                    _ if skip => goes_on(false),
                    b'\\' if escapes => goes_on(true),
                    _ if byte == close => State::Statement,
                    _ => goes_on(false),
                };
                self.before = byte;
            }
            State::Remark => {
                if byte == b'\n' {
                    self.keep(b"\n");
                    self.before = b'\n';
                    self.state = State::Statement;
                }
            }
            State::Block { depth, before } => {
                self.before = b' ';
                self.state = match (before, byte) {
                    (b'/', b'*') => State::Block {
                        depth: depth.saturating_add(1),
                        before: 0,
                    },
                    (b'*', b'/') if depth <= 1 => State::Statement,
                    (b'*', b'/') => State::Block {
                        depth: depth - 1,
                        before: 0,
                    },
                    _ => State::Block {
                        depth,
                        before: byte,
                    },
                };
            }
            State::Tag => self.tag(byte)?,
            State::Dollar { matched } => self.dollar(byte, matched),
            State::Rest { copy } => self.rest(byte, copy, to)?,
            State::Copy => {}
        }
        Ok(())
    }

    /// The first byte of something new.
    fn begin(&mut self, byte: u8, to: &mut dyn Listener) -> Result<(), ScanError> {
        if byte == b'\n' {
            return Ok(());
        }
        self.text.clear();
        self.whole = true;
        self.before = 0;
        self.parens = 0;
        self.atomic = false;
        if byte == b'\\' {
            self.state = State::Meta;
            self.keep(&[byte]);
            return Ok(());
        }
        self.state = State::Statement;
        self.inside(byte, to)
    }

    /// A comment or a meta-command, up to the end of its line.
    fn line_of_its_own(&mut self, byte: u8, to: &mut dyn Listener) -> Result<(), ScanError> {
        if byte != b'\n' {
            self.keep(&[byte]);
            return Ok(());
        }
        let line = std::mem::take(&mut self.text);
        let is_comment = self.state == State::Comment;
        self.state = State::Start;
        if is_comment {
            to.comment(&line)
        } else {
            to.meta(&line)
        }
    }

    /// What follows a semicolon.
    fn rest(&mut self, byte: u8, copy: bool, to: &mut dyn Listener) -> Result<(), ScanError> {
        match byte {
            b'\n' if copy => {
                self.rows = 0;
                self.line.clear();
                self.state = State::Copy;
            }
            b'\n' => self.state = State::Start,
            b' ' | b'\t' | b'\r' if !copy => {}
            _ if copy => {
                return Err(ScanError::new(
                    "something follows a COPY header on its line",
                ));
            }
            _ => {
                self.state = State::Start;
                return self.begin(byte, to);
            }
        }
        Ok(())
    }

    /// One byte of a statement outside quotes.
    fn inside(&mut self, byte: u8, to: &mut dyn Listener) -> Result<(), ScanError> {
        let before = self.before;
        self.keep(&[byte]);
        self.before = byte;
        match byte {
            b'\'' => {
                let escapes = matches!(before, b'E' | b'e') && self.letter_stands_alone();
                self.state = State::Quoted {
                    close: byte,
                    escapes,
                    skip: false,
                };
            }
            b'"' => {
                self.state = State::Quoted {
                    close: byte,
                    escapes: false,
                    skip: false,
                }
            }
            b'-' if before == b'-' => {
                if self.text.len() == 2 {
                    self.state = State::Comment;
                } else {
                    self.text.truncate(self.text.len().saturating_sub(2));
                    self.state = State::Remark;
                }
            }
            b'*' if before == b'/' => {
                self.refuse("a block comment")?;
                self.text.truncate(self.text.len().saturating_sub(2));
                self.state = State::Block {
                    depth: 1,
                    before: 0,
                };
            }
            b'$' if !is_word(before) => {
                self.refuse("a dollar quote")?;
                self.tag.clear();
                self.state = State::Tag;
            }
            b'(' => self.parens = self.parens.saturating_add(1),
            b')' => self.parens = self.parens.saturating_sub(1),
            b';' if self.parens <= 0 && !self.stays_open() => {
                let text = std::mem::take(&mut self.text);
                let copy = to.statement(&text, self.whole)?;
                self.state = State::Rest { copy };
            }
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, what: &str) -> Result<(), ScanError> {
        if self.plain_only {
            return Err(ScanError::new(format!(
                "{what} stands where only data may stand"
            )));
        }
        Ok(())
    }

    /// `E'…'` escapes; `NAME'…'` does not exist, but `…e'` after a longer word must not be taken for it.
    fn letter_stands_alone(&self) -> bool {
        let at = self.text.len().saturating_sub(3);
        self.text.len() < 3 || !self.text.get(at).copied().is_some_and(is_word)
    }

    /// Tells whether this semicolon stands inside a `BEGIN ATOMIC … END` body.
    fn stays_open(&mut self) -> bool {
        if self.plain_only {
            return false;
        }
        if !self.atomic {
            let is_routine = starts_with_words(&self.text, &["CREATE", "FUNCTION"])
                || starts_with_words(&self.text, &["CREATE", "PROCEDURE"]);
            self.atomic =
                is_routine && memchr::memmem::find(&self.text, b"BEGIN ATOMIC\n").is_some();
        }
        // The server prints the end of such a body as a line of its own.
        self.atomic && !self.text.ends_with(b"\nEND;")
    }

    fn tag(&mut self, byte: u8) -> Result<(), ScanError> {
        self.keep(&[byte]);
        self.before = byte;
        if byte == b'$' {
            self.tag.insert(0, b'$');
            self.tag.push(b'$');
            self.state = State::Dollar { matched: 0 };
        } else if is_word(byte) && !(self.tag.is_empty() && byte.is_ascii_digit()) {
            if self.tag.len() >= TAG {
                return Err(ScanError::new("a dollar quote's tag is too long"));
            }
            self.tag.push(byte);
        } else {
            // A parameter (`$1`) or a lone dollar sign.
            self.state = State::Statement;
        }
        Ok(())
    }

    fn dollar(&mut self, byte: u8, matched: usize) {
        self.keep(&[byte]);
        let fits = self.tag.get(matched) == Some(&byte);
        self.state = if fits && matched + 1 == self.tag.len() {
            self.before = b'$';
            State::Statement
        } else if fits {
            State::Dollar {
                matched: matched + 1,
            }
        } else {
            State::Dollar {
                matched: usize::from(byte == b'$'),
            }
        };
    }

    /// Counts rows up to the line that is exactly `\.`; returns what follows it.
    fn copy<'b>(&mut self, bytes: &'b [u8], to: &mut dyn Listener) -> Result<&'b [u8], ScanError> {
        let Some(first) = memchr(b'\n', bytes) else {
            self.begin_of_line(bytes);
            return Ok(&[]);
        };
        let (line, rest) = bytes.split_at(first);
        self.begin_of_line(line);
        let mut rest = rest.get(1..).unwrap_or_default();
        let ends = self.line == br"\.";
        self.line.clear();
        if ends {
            return self.end_of_block(rest, to);
        }
        self.rows += 1;
        if let Some(behind) = rest.strip_prefix(b"\\.\n") {
            return self.end_of_block(behind, to);
        }
        if let Some(at) = memchr::memmem::find(rest, b"\n\\.\n") {
            let (rows, behind) = rest.split_at(at + 1);
            self.rows += newlines(rows);
            return self.end_of_block(behind.get(3..).unwrap_or_default(), to);
        }
        if let Some(last) = memchr::memrchr(b'\n', rest) {
            let (rows, tail) = rest.split_at(last + 1);
            self.rows += newlines(rows);
            rest = tail;
        }
        self.begin_of_line(rest);
        Ok(&[])
    }

    fn begin_of_line(&mut self, bytes: &[u8]) {
        let room = 3_usize.saturating_sub(self.line.len());
        self.line
            .extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }

    fn end_of_block<'b>(
        &mut self,
        rest: &'b [u8],
        to: &mut dyn Listener,
    ) -> Result<&'b [u8], ScanError> {
        self.state = State::Start;
        to.block(self.rows)?;
        Ok(rest)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Tells whether a statement begins with these words, `OR REPLACE` aside.
fn starts_with_words(text: &[u8], words: &[&str]) -> bool {
    let head = String::from_utf8_lossy(text.get(..text.len().min(64)).unwrap_or_default());
    let mut found = head
        .split_ascii_whitespace()
        .filter(|word| !matches!(*word, "OR" | "REPLACE"));
    words.iter().all(|word| found.next() == Some(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Notes(Vec<String>);

    impl Listener for Notes {
        fn statement(&mut self, text: &[u8], _whole: bool) -> Result<bool, ScanError> {
            let text = String::from_utf8_lossy(text).into_owned();
            let copy = text.starts_with("COPY");
            self.0.push(format!("s {text}"));
            Ok(copy)
        }
        fn comment(&mut self, line: &[u8]) -> Result<(), ScanError> {
            self.0.push(format!("c {}", String::from_utf8_lossy(line)));
            Ok(())
        }
        fn meta(&mut self, line: &[u8]) -> Result<(), ScanError> {
            self.0.push(format!("m {}", String::from_utf8_lossy(line)));
            Ok(())
        }
        fn block(&mut self, rows: u64) -> Result<(), ScanError> {
            self.0.push(format!("b {rows}"));
            Ok(())
        }
    }

    /// Cuts a text in pieces of every size: the pieces must not show.
    fn cut(text: &str) -> (Vec<String>, bool) {
        let mut outcome = None;
        for size in [1, 2, 3, 5, 7, text.len().max(1)] {
            let (mut lexer, mut notes) = (Lexer::new(false), Notes::default());
            for piece in text.as_bytes().chunks(size) {
                lexer.feed(piece, &mut notes).unwrap();
            }
            let now = (notes.0, lexer.at_rest());
            assert_eq!(
                *outcome.get_or_insert_with(|| now.clone()),
                now,
                "pieces of {size}"
            );
        }
        outcome.unwrap()
    }

    #[test]
    fn rows_are_counted_up_to_the_line_that_ends_the_block() {
        let (notes, rest) = cut("COPY t (a) FROM stdin;\na\n\\\\.\n.\n\n\\.x\n\\.\nSELECT 1;\n");
        assert_eq!(notes, ["s COPY t (a) FROM stdin;", "b 5", "s SELECT 1;"]);
        assert!(rest);
        assert_eq!(
            cut("COPY t (a) FROM stdin;\n\\.\n").0,
            ["s COPY t (a) FROM stdin;", "b 0"]
        );
        assert!(!cut("COPY t (a) FROM stdin;\na\n\\.").1);
    }

    #[test]
    fn what_stands_in_quotes_is_no_comment_and_no_block() {
        let fake = "'\n--\n-- PostgreSQL database dump complete\n--\nCOPY t FROM stdin;\n'";
        for text in [
            format!("CREATE FUNCTION f() AS {fake};\n"),
            format!("CREATE FUNCTION f() AS $_${fake}$_$;\n"),
            format!("SELECT E'\\'{};\n", fake.trim_start_matches('\'')),
            format!(
                "COMMENT ON TABLE \"a{}b\" IS 'x';\n",
                fake.replace('\'', "")
            ),
            format!("CREATE /* {} */ TABLE x ();\n", fake.replace('\'', "")),
        ] {
            let (notes, rest) = cut(&text);
            assert_eq!(notes.len(), 1, "{notes:?}");
            assert!(rest && notes[0].starts_with("s "), "{notes:?}");
        }
        assert!(!cut("SELECT 'open;\n").1);
        assert!(!cut("CREATE FUNCTION f() AS $a$ x $b$;\n").1);
    }

    #[test]
    fn comments_and_meta_commands_count_only_between_statements() {
        let (notes, rest) = cut("--\n-- a; b\n\n\\restrict k\nSELECT 1 -- c\n, 2;\n\n--\n");
        assert_eq!(
            notes,
            [
                "c --",
                "c -- a; b",
                "m \\restrict k",
                "s SELECT 1 \n, 2;",
                "c --"
            ]
        );
        assert!(rest);
    }

    #[test]
    fn a_body_of_statements_is_one_statement() {
        let (notes, rest) = cut(
            "CREATE FUNCTION f() RETURNS int\n    LANGUAGE sql\nBEGIN ATOMIC\n SELECT 1;\n SELECT $1;\nEND;\nSELECT 2;\n",
        );
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(rest);
    }
}
