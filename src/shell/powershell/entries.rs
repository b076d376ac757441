//! Hashtables of PowerShell: keys are names, values are statements.

use super::read::{Read, Reader, Unreadable};

impl Reader<'_, '_> {
    /// Reads `@{ key = value; … }`: its keys start nothing, whatever they are called.
    pub(super) fn entries(&mut self) -> Read<()> {
        self.enter()?;
        self.pos += 2;
        loop {
            self.skip(true);
            match self.peek() {
                None => return Err(Unreadable),
                Some(b'}') => break,
                Some(b';') => self.pos += 1,
                Some(_) => {
                    let start = self.pos;
                    self.key_of_entry()?;
                    self.skip(true);
                    if self.peek() == Some(b'=') {
                        self.pos += 1;
                        self.skip(true);
                    } else {
                        // What has no `=` is read as code: nothing is passed over.
                        self.pos = start;
                    }
                    if !matches!(self.peek(), Some(b';' | b'}')) {
                        self.pipeline()?;
                    }
                }
            }
        }
        self.pos += 1;
        self.found.depth -= 1;
        Ok(())
    }

    fn key_of_entry(&mut self) -> Read<()> {
        match self.peek() {
            Some(b'(') => self.code(1, b')'),
            Some(b'"' | b'\'' | b'$') => self.word().map(|_| ()),
            _ => {
                let ends = |byte: u8| b" \t\r\n=;}".contains(&byte);
                while self.peek().is_some_and(|byte| !ends(byte)) {
                    self.pos += 1;
                }
                Ok(())
            }
        }
    }
}
