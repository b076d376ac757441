//! Finds every program that a text for `cmd.exe` would start, with its words.
//! It reads no batch file and does not follow labels; both ways of an `if` count.

use super::powershell::{CMD, Found, Frame, plain_command};
use crate::model::command::{OpaqueKind, Redirect, Stdin, Unfolding, WriteMode};
use crate::model::fact::Scene;
use crate::model::word::{Hole, Part, Piece, Word};

/// Longest name of a variable, its substring operators included.
const LONGEST_NAME: usize = 128;

/// Unfolds a text for `cmd.exe`.
pub fn unfold_cmd(text: &str, scene: &Scene) -> Unfolding {
    let mut found = Found::new(scene);
    run(text, &Frame::top(CMD), &mut found);
    found.unfolding.canonical = text.to_owned();
    found.unfolding
}

/// Reads a text and notes what it starts.
pub(super) fn run(text: &str, frame: &Frame, found: &mut Found) {
    let mut reader = Reader {
        text,
        pos: 0,
        frame,
        found,
        vars: Vec::new(),
    };
    reader.all();
}

#[derive(Debug)]
struct Reader<'t, 'f> {
    text: &'t str,
    pos: usize,
    frame: &'f Frame,
    found: &'f mut Found,
    /// Variables set in this text; nothing for values that cannot be known.
    vars: Vec<(String, Option<String>)>,
}

impl Reader<'_, '_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.pos)
    }

    /// Reads command after command; parentheses only group.
    fn all(&mut self) {
        let mut stdin = Stdin::Inherited;
        while let Some(byte) = self.peek() {
            match byte {
                b'|' if self.byte(self.pos + 1) != Some(b'|') => self.pos += 1,
                b' ' | b'\t' | b'(' | b'@' | b',' | b'=' => self.pos += 1,
                b')' => {
                    self.pos += 1;
                    // What a group prints is the output of several commands.
                    stdin = Stdin::Opaque {
                        from: "group".to_owned(),
                    };
                }
                b'\r' | b'\n' | b';' | b'&' | b'|' => {
                    self.pos += 1;
                    stdin = Stdin::Inherited;
                }
                _ => {
                    let piped = self.is_piped();
                    let given = std::mem::replace(&mut stdin, Stdin::Inherited);
                    let given = if piped { given } else { Stdin::Inherited };
                    stdin = self.command(given);
                }
            }
        }
    }

    /// Tells whether a pipe stands before this place.
    fn is_piped(&self) -> bool {
        let before = self.text.get(..self.pos).unwrap_or_default();
        before
            .trim_end_matches([' ', '\t', '(', '@'])
            .ends_with('|')
    }

    /// Reads one command and returns what a pipe behind it would carry.
    fn command(&mut self, stdin: Stdin) -> Stdin {
        let start = self.pos;
        let mut words: Vec<Word> = Vec::new();
        let mut writes = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b',' | b';' => self.pos += 1,
                b'\r' | b'\n' | b'&' | b'|' | b')' => break,
                b'(' if words.is_empty() || self.is_prefix(&words) => break,
                b'>' | b'<' => self.redirect(&mut writes),
                b'0'..=b'9' if matches!(self.byte(self.pos + 1), Some(b'>' | b'<')) => {
                    self.pos += 1
                }
                _ => {
                    words.push(self.word());
                    if words.len() == 1 && self.is_comment(&words) {
                        self.skip_line();
                        return Stdin::Inherited;
                    }
                }
            }
        }
        self.finish(start, words, writes, stdin)
    }

    fn name(words: &[Word]) -> String {
        let name = words.first().and_then(Word::text).unwrap_or_default();
        name.to_ascii_lowercase()
    }

    fn is_comment(&self, words: &[Word]) -> bool {
        let name = Self::name(words);
        name == "rem" || name.starts_with(':')
    }

    /// Tells whether the words so far only lead to a command in parentheses.
    fn is_prefix(&self, words: &[Word]) -> bool {
        matches!(Self::name(words).as_str(), "if" | "else" | "for")
    }

    fn skip_line(&mut self) {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        self.pos += rest.find('\n').unwrap_or(rest.len());
    }

    fn redirect(&mut self, writes: &mut Vec<Redirect>) {
        let out = self.peek() == Some(b'>');
        self.pos += 1;
        let append = self.peek() == Some(b'>');
        self.pos += usize::from(append);
        if self.peek() == Some(b'&') {
            self.pos += 1;
            self.step();
            return;
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
        let file = self.word();
        if out && !file.shown().eq_ignore_ascii_case("nul") && !file.pieces.is_empty() {
            let mode = if append {
                WriteMode::Append
            } else {
                WriteMode::Truncate
            };
            writes.push(Redirect {
                mode,
                file,
                content: None,
                whole: None,
            });
        }
    }

    fn finish(
        &mut self,
        start: usize,
        words: Vec<Word>,
        writes: Vec<Redirect>,
        stdin: Stdin,
    ) -> Stdin {
        let words = peeled(words);
        let origin = self.frame.origin(start, self.pos);
        let Some(first) = words.first() else {
            return Stdin::Inherited;
        };
        let Some(name) = first.text() else {
            let reason = "the program is not known";
            self.found
                .opaque(origin, OpaqueKind::Program, reason, &words, &self.frame.via);
            return Stdin::Opaque {
                from: "program".to_owned(),
            };
        };
        if name.eq_ignore_ascii_case("set") {
            self.set(&words);
        }
        let out = match (name.to_ascii_lowercase().as_str(), words.as_slice()) {
            ("echo", [_, text]) => Stdin::Text(text.clone()),
            ("echo", [_, rest @ ..]) if rest.iter().all(Word::is_literal) && !rest.is_empty() => {
                let shown: Vec<String> = rest.iter().map(Word::shown).collect();
                Stdin::Text(Word::literal(shown.join(" "), origin.clone()))
            }
            _ => Stdin::Opaque { from: name },
        };
        let mut command = plain_command(words, origin);
        command.writes = writes;
        command.stdin = stdin;
        self.found.start(command, self.frame);
        out
    }

    /// Notes `set NAME=value`.
    fn set(&mut self, words: &[Word]) {
        let shown: Vec<String> = words.iter().skip(1).map(Word::shown).collect();
        let known = !words.iter().any(Word::has_hole);
        if let Some((name, value)) = shown.join(" ").split_once('=') {
            let value = (known && !name.starts_with('/')).then(|| value.to_owned());
            self.vars.push((name.trim().to_ascii_lowercase(), value));
        }
    }

    /// Reads one word; at least one character is taken.
    fn word(&mut self) -> Word {
        let start = self.pos;
        let mut word = Word {
            pieces: Vec::new(),
            origin: self.frame.origin(start, start),
            many: false,
            quoted: false,
        };
        let mut quoted = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\r' | b'\n' => break,
                b' ' | b'\t' | b'&' | b'|' | b'<' | b'>' | b')' | b',' | b';' if !quoted => break,
                b'"' => {
                    quoted = !quoted;
                    word.quoted = true;
                    self.pos += 1;
                }
                b'^' if !quoted => {
                    self.pos += 1;
                    self.char_into(&mut word, false);
                }
                b'%' | b'!' => self.variable(&mut word, byte),
                b'*' | b'?' => self.char_into(&mut word, true),
                _ => self.char_into(&mut word, false),
            }
        }
        if self.pos == start {
            self.char_into(&mut word, false);
        }
        word.origin = self.frame.origin(start, self.pos);
        word
    }

    fn push(&self, word: &mut Word, part: Part, start: usize) {
        if let (
            Part::Literal(text),
            Some(Piece {
                part: Part::Literal(last),
                ..
            }),
        ) = (&part, word.pieces.last_mut())
        {
            last.push_str(text);
            return;
        }
        let origin = self.frame.origin(start, self.pos);
        word.pieces.push(Piece { part, origin });
    }

    /// Takes one character, whatever it is; a reader that takes nothing would never end.
    fn step(&mut self) {
        self.pos += 1;
        while self.pos < self.text.len() && !self.text.is_char_boundary(self.pos) {
            self.pos += 1;
        }
        self.pos = self.pos.min(self.text.len());
    }

    fn char_into(&mut self, word: &mut Word, pattern: bool) {
        let start = self.pos;
        let rest = self.text.get(start..).unwrap_or_default();
        let Some(next) = rest.chars().next() else {
            self.step();
            return;
        };
        self.pos += next.len_utf8();
        let text = next.to_string();
        let part = if pattern {
            Part::Glob(text)
        } else {
            Part::Literal(text)
        };
        self.push(word, part, start);
    }

    /// Returns the name that ends at `mark`, if there is one.
    fn name_until(&self, start: usize, mark: u8) -> Option<String> {
        let mut end = start;
        while self.byte(end)? != mark {
            if b" \t\r\n&|\"".contains(&self.byte(end)?) || end > start + LONGEST_NAME {
                return None;
            }
            end += 1;
        }
        let name = self.text.get(start..end)?;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Reads `%NAME%`, `!NAME!`, `%1` and `%%i`.
    fn variable(&mut self, word: &mut Word, mark: u8) {
        let start = self.pos;
        let name = self.name_until(start + 1, mark);
        if let Some(name) = name {
            self.pos = start + name.len() + 2;
            let name = name.as_str();
            let key = name.to_ascii_lowercase();
            let set = self.vars.iter().rev().find(|(known, _)| *known == key);
            let part = match set {
                Some((_, Some(value))) => Part::Literal(value.clone()),
                Some((_, None)) => Part::Hole(Hole::Unknown),
                None => Part::Hole(Hole::Inherited(name.to_owned())),
            };
            word.many |= matches!(part, Part::Hole(_)) && !word.quoted;
            self.push(word, part, start);
            return;
        }
        self.pos += 1;
        if mark == b'!' {
            self.push(word, Part::Literal("!".to_owned()), start);
            return;
        }
        while matches!(
            self.peek(),
            Some(b'%' | b'~' | b'*' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
        ) {
            self.pos += 1;
        }
        word.many |= !word.quoted;
        self.push(word, Part::Hole(Hole::Unknown), start);
    }
}

/// Removes `call`, `start`, `if …`, `else`, `for … do` before a command.
fn peeled(mut words: Vec<Word>) -> Vec<Word> {
    loop {
        words.first_mut().map(unechoed);
        let Some(name) = words.first().and_then(Word::text) else {
            break;
        };
        let cut = match name.to_ascii_lowercase().as_str() {
            "call" | "else" | "do" => 1,
            "start" => 1 + start_options(words.get(1..).unwrap_or_default()),
            "if" => if_condition(&words),
            "for" => words
                .iter()
                .position(|word| {
                    word.text()
                        .is_some_and(|text| text.eq_ignore_ascii_case("do"))
                })
                .map_or(words.len(), |at| at + 1),
            _ => return words,
        };
        words.drain(..cut.min(words.len()));
    }
    words
}

/// Removes the `@` by which a command is not shown.
fn unechoed(word: &mut Word) {
    if let Some(Part::Literal(text)) = word.pieces.first_mut().map(|piece| &mut piece.part)
        && !word.quoted
        && let Some(rest) = text.strip_prefix('@')
    {
        *text = rest.to_owned();
    }
}

/// Counts the title and the options of `start`.
fn start_options(words: &[Word]) -> usize {
    let title = usize::from(words.first().is_some_and(|word| word.quoted) && words.len() > 1);
    let options = words.iter().skip(title);
    title
        + options
            .take_while(|word| word.prefix().starts_with('/'))
            .count()
}

/// Counts the words of an `if` and its condition.
fn if_condition(words: &[Word]) -> usize {
    let mut at = 1;
    let text = |at: usize| {
        words
            .get(at)
            .map(|word| word.shown().to_ascii_lowercase())
            .unwrap_or_default()
    };
    while matches!(text(at).as_str(), "/i" | "not") {
        at += 1;
    }
    match text(at).as_str() {
        "exist" | "defined" | "errorlevel" => at + 2,
        _ if text(at).contains("==") => at + 1 + usize::from(text(at).ends_with("==")),
        _ => at + 3,
    }
}
