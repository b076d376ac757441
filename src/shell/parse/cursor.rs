//! The reading position in a shell text, with fuel and depth.
//! It knows bytes and line continuations, not grammar.

/// How deep constructs may nest; of 48,000 real commands one needs more than 25.
pub const MAX_DEPTH: usize = 100;

/// Steps allowed for each byte; look-ahead and second readings draw on it too.
const FUEL_PER_BYTE: usize = 40;

/// Steps allowed on top of the share of each byte.
const FUEL_BASE: usize = 2_000;

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub at: usize,
    pub reason: &'static str,
}

pub(super) type Read<T> = Result<T, Fault>;

/// A position in a text, which ends at `end`.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    pub pos: usize,
    pub end: usize,
    pub fuel: usize,
    pub depth: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        let fuel = text
            .len()
            .saturating_mul(FUEL_PER_BYTE)
            .saturating_add(FUEL_BASE);
        Self {
            text,
            pos: 0,
            end: text.len(),
            fuel,
            depth: 0,
        }
    }

    /// Returns the byte at `at`, continuations not skipped.
    #[inline]
    pub fn raw(&self, at: usize) -> Option<u8> {
        if at < self.end {
            self.text.as_bytes().get(at).copied()
        } else {
            None
        }
    }

    /// Returns `at`, moved behind all line continuations that stand there.
    #[inline]
    pub fn past_continuations(&self, mut at: usize) -> usize {
        while self.raw(at) == Some(b'\\') && self.raw(at + 1) == Some(b'\n') {
            at += 2;
        }
        at
    }

    /// Skips line continuations and returns the byte that follows.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        self.pos = self.past_continuations(self.pos);
        self.raw(self.pos)
    }

    /// Returns the byte after the current one, continuations skipped.
    #[inline]
    pub fn peek_second(&mut self) -> Option<u8> {
        self.peek_after(1)
    }

    /// Returns the byte `count` bytes after the current one, continuations skipped.
    pub fn peek_after(&mut self, count: usize) -> Option<u8> {
        self.peek()?;
        let mut at = self.pos;
        for _ in 0..count {
            at = self.past_continuations(at + 1);
        }
        self.raw(at)
    }

    /// Moves over the current byte.
    #[inline]
    pub fn bump(&mut self) {
        self.peek();
        self.pos = (self.pos + 1).min(self.end);
    }

    /// Moves over `count` bytes, continuations between them included.
    pub fn bump_many(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    /// Moves over `byte` if it comes next.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        if here {
            self.bump();
        }
        here
    }

    /// Moves over one whole character, continuations not skipped.
    pub fn bump_char(&mut self) -> &'a str {
        let rest = self.text.get(self.pos..self.end).unwrap_or_default();
        let len = rest.chars().next().map_or(0, char::len_utf8);
        self.pos += len;
        rest.get(..len).unwrap_or_default()
    }

    /// Returns the text between two positions.
    #[inline]
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Pays for `steps` of work.
    #[inline]
    pub fn pay(&mut self, steps: usize) -> Read<()> {
        match self.fuel.checked_sub(steps + 1) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(self.fault("the text takes too many steps to read")),
        }
    }

    /// Goes one level deeper; every call is paired with `leave`.
    #[inline]
    pub fn enter(&mut self) -> Read<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fault("the text nests too deeply"));
        }
        self.depth += 1;
        self.pay(0)
    }

    /// Comes back from one level.
    #[inline]
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Describes a failure at the current position.
    pub fn fault(&self, reason: &'static str) -> Fault {
        Fault {
            at: self.pos,
            reason,
        }
    }

    /// Moves over blanks and line continuations.
    #[inline]
    pub fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
    }

    /// Moves over a comment, if one starts here; the newline stays.
    pub fn skip_comment(&mut self) {
        if self.peek() == Some(b'#') {
            let rest = self.text.as_bytes().get(self.pos..self.end);
            let len = rest.and_then(|rest| memchr::memchr(b'\n', rest));
            self.pos = len.map_or(self.end, |len| self.pos + len);
        }
    }
}

/// Tells whether a byte ends an unquoted word.
#[inline]
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

/// Tells whether a byte may start a name.
#[inline]
pub(super) fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Tells whether a byte may stand in a name.
#[inline]
pub(super) fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
