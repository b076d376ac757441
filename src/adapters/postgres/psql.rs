//! A session over the client program `psql`, kept open on its input, for routes that no connection of our own can take.
//! Rows travel as `COPY … TO STDOUT`, whose text form is unambiguous.

use std::fmt;

use super::session::{Patience, Row, Session, SessionError, nonce};
use super::way::Way;
use crate::adapters::tools::{Program, said};

/// The longest answer that is taken; catalog answers are far smaller.
const ANSWER_LIMIT: usize = 64 << 20;

/// `psql` that waits for the next question.
pub struct Psql {
    program: Box<dyn Program>,
    /// What was read and not yet understood.
    buffer: Vec<u8>,
    mark: String,
    /// Nothing went wrong so far: it will end by itself when its input does.
    sound: bool,
}

impl Drop for Psql {
    fn drop(&mut self) {
        // Only closed, a client inside a container would hold its session for seconds more.
        if self.sound {
            let _ = self.program.finish();
        } else {
            self.program.kill();
        }
    }
}

impl fmt::Debug for Psql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psql")
    }
}

impl Psql {
    /// Starts the client along the way's route and waits until it is connected.
    ///
    /// # Errors
    /// Fails when it is not installed, the container does not run, or the server refuses.
    pub fn open(way: &Way, patience: Patience) -> Result<Self, SessionError> {
        let args = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=0"].map(str::to_owned);
        let mut psql = Self {
            program: way.start("psql", &args, 0, patience.until)?,
            buffer: Vec::new(),
            mark: nonce(),
            sound: true,
        };
        psql.rows("SELECT 1").map_err(|error| match error {
            SessionError::Lost(message) => SessionError::Denied {
                code: String::new(),
                message,
            },
            other => other,
        })?;
        Ok(psql)
    }

    fn talk(&mut self, text: &str) -> Result<Vec<Vec<u8>>, SessionError> {
        let mark = self.mark.clone();
        let question = format!(
            "{text};\n\\echo {mark} :ERROR :SQLSTATE\n\\echo :LAST_ERROR_MESSAGE\n\\echo {mark}.\n"
        );
        self.sound = false;
        self.program
            .feed(question.as_bytes())
            .map_err(|error| self.lost(&error))?;
        let mut lines = Vec::new();
        let end = format!("{mark}.");
        loop {
            let line = self.line()?;
            if line == end.as_bytes() {
                self.sound = true;
                break;
            }
            lines.push(line);
        }
        let status = format!("{mark} ");
        let at = lines
            .iter()
            .rposition(|line| line.starts_with(status.as_bytes()))
            .ok_or_else(|| SessionError::Lost("`psql` answered out of turn".to_owned()))?;
        let words = lines.split_off(at);
        let text = words
            .iter()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect::<Vec<_>>();
        let (first, rest) = text.split_first().map_or(("", &[][..]), |(a, b)| (a, b));
        let mut fields = first.trim_start_matches(&status).split(' ');
        match (fields.next(), fields.next()) {
            (Some("false"), _) => Ok(lines),
            (Some("true"), Some(code)) => Err(SessionError::Refused {
                code: code.to_owned(),
                message: rest.join(" "),
            }),
            _ => Err(SessionError::Unreachable(
                "the `psql` on this route is older than version 11".to_owned(),
            )),
        }
    }

    fn line(&mut self) -> Result<Vec<u8>, SessionError> {
        let mut seen = 0;
        loop {
            let fresh = self.buffer.get(seen..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', fresh) {
                let mut line: Vec<u8> = self.buffer.drain(..=seen + at).collect();
                line.pop();
                return Ok(line);
            }
            seen = self.buffer.len();
            if seen > ANSWER_LIMIT {
                return Err(SessionError::Lost("the answer is too long".to_owned()));
            }
            let mut chunk = [0_u8; 16 * 1024];
            let count = self
                .program
                .read(&mut chunk)
                .map_err(|error| self.lost(&error))?;
            if count == 0 {
                return Err(SessionError::Lost("`psql` ended".to_owned()));
            }
            self.buffer
                .extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }

    fn lost(&self, error: &std::io::Error) -> SessionError {
        if error.kind() == std::io::ErrorKind::TimedOut {
            return SessionError::Late;
        }
        let words = said(&self.program.complaint());
        let text = error.to_string();
        if text.contains(words.as_str()) {
            SessionError::Lost(text)
        } else {
            SessionError::Lost(format!("{text}{words}"))
        }
    }
}

impl Session for Psql {
    fn rows(&mut self, query: &str) -> Result<Vec<Row>, SessionError> {
        let lines = self.talk(&format!("COPY (\n{query}\n) TO STDOUT"))?;
        Ok(lines.iter().map(|line| fields(line)).collect())
    }

    fn run(&mut self, statement: &str) -> Result<(), SessionError> {
        self.talk(statement).map(|_none| ())
    }
}

/// Splits a line of COPY's text form.
fn fields(line: &[u8]) -> Row {
    line.split(|byte| *byte == b'\t')
        .map(|field| (field != br"\N").then(|| unescape(field)))
        .collect()
}

fn unescape(field: &[u8]) -> String {
    let mut plain = Vec::with_capacity(field.len());
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'v') => 11,
                Some(other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_copy_text_is_read_back() {
        assert_eq!(
            fields(b"a\\nb\t\\N\t\tc\\\\d\\te"),
            vec![
                Some("a\nb".to_owned()),
                None,
                Some(String::new()),
                Some("c\\d\te".to_owned())
            ]
        );
    }
}
