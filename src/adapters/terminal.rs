//! The terminal in which a human answers: opened, written to, read line by line.
//! What is asked and what an answer means is not known here; a terminal proves little about who types.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};

use super::environment;

/// A longer answer is not one that a human typed.
const MAX_ANSWER: usize = 4096;

/// The controlling terminal.
#[derive(Debug)]
pub struct Terminal {
    file: File,
    escapes: bool,
}

impl Terminal {
    /// Opens the terminal; standard input has to be one, and there has to be a controlling one.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn open() -> io::Result<Self> {
        if !rustix::termios::isatty(io::stdin()) {
            return Err(io::Error::other("standard input is not a terminal"));
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map_err(|_| io::Error::other("there is no controlling terminal"))?;
        if !rustix::termios::isatty(&file) {
            return Err(io::Error::other("`/dev/tty` is not a terminal"));
        }
        Ok(Self {
            file,
            escapes: !environment::is_dumb(),
        })
    }

    /// Tells whether a line may be written over.
    pub const fn escapes(&self) -> bool {
        self.escapes
    }

    /// Returns the width in columns; 80 when it is not known.
    pub fn width(&self) -> usize {
        rustix::termios::tcgetwinsize(&self.file)
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns >= 20)
            .unwrap_or(80)
    }

    /// Writes text.
    ///
    /// # Errors
    /// Fails when the terminal is gone.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.flush()
    }

    /// Asks like `ask`, while what is typed is not shown.
    ///
    /// # Errors
    /// As `ask`, and when the terminal cannot be told to be silent.
    pub fn ask_hidden(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let _silence = Silence::begin(&self.file)?;
        let answer = self.ask(prompt);
        self.say("\n")?;
        answer
    }

    /// Asks, and reads one line without its end; nothing when the input ended.
    ///
    /// # Errors
    /// Fails when the terminal is gone or the answer is too long.
    pub fn ask(&mut self, prompt: &str) -> io::Result<Option<String>> {
        self.say(prompt)?;
        let mut line = Vec::new();
        let mut byte = [0_u8; 1];
        loop {
            match self.file.read(&mut byte) {
                Ok(0) if line.is_empty() => return Ok(None),
                Ok(0) => break,
                Ok(_) if byte == *b"\n" || byte == *b"\r" => break,
                Ok(_) if line.len() >= MAX_ANSWER => {
                    return Err(io::Error::other("the answer is too long"));
                }
                Ok(_) => line.extend_from_slice(&byte),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
    }
}

/// No echo until it is let go.
struct Silence {
    terminal: File,
    before: rustix::termios::Termios,
}

impl Silence {
    fn begin(terminal: &File) -> io::Result<Self> {
        let terminal = terminal.try_clone()?;
        let before = rustix::termios::tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&terminal, rustix::termios::OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let when = rustix::termios::OptionalActions::Now;
        let _ = rustix::termios::tcsetattr(&self.terminal, when, &self.before);
    }
}

/// Tells whether standard output is a terminal that may show colours.
pub fn stdout_colours() -> bool {
    rustix::termios::isatty(io::stdout()) && !environment::is_plain()
}
