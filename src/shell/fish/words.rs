//! Words of fish: quotes, substitutions, names with their indices, and what `set` gives to names.

use super::{MAX_DEPTH, Reader};

impl Reader<'_> {
    /// Reads the words of one command, up to what ends it.
    pub(super) fn words(&mut self) {
        loop {
            self.blanks();
            match self.byte() {
                None | Some(b';' | b'\n' | b')') => return,
                Some(b'|') => {
                    self.at += 1;
                    return;
                }
                Some(b'&') => {
                    self.at += 1;
                    if !matches!(self.byte(), Some(b'>' | b'|')) {
                        return;
                    }
                }
                Some(b'<' | b'>') => self.redirection(),
                Some(_) => self.word(),
            }
        }
    }

    fn redirection(&mut self) {
        while matches!(self.byte(), Some(b'<' | b'>' | b'?' | b'&')) {
            self.at += 1;
        }
    }

    /// Reads one word.
    pub(super) fn word(&mut self) {
        let start = self.at;
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\t' | b'\r' | b';' | b'\n' | b'|' | b'&' | b'<' | b'>' | b')' => break,
                b'\'' => self.single(),
                b'"' => self.double(),
                b'(' => self.substitution(""),
                b'$' => self.dollar(false),
                b'`' => {
                    self.edit(self.at, self.at + 1, "\\`");
                    self.at += 1;
                }
                b'\\' => self.step(2),
                _ => self.at += 1,
            }
        }
        if self.at == start {
            self.at += 1;
        }
    }

    /// Passes so many letters.
    fn step(&mut self, count: usize) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.chars().take(count).map(char::len_utf8).sum::<usize>();
    }

    /// `'it\'s'`: a backslash stands before a quote and before itself only.
    fn single(&mut self) {
        let start = self.at;
        self.at += 1;
        let mut escapes = false;
        while let Some(byte) = self.byte() {
            match byte {
                b'\'' => break,
                b'\\' => {
                    escapes = true;
                    self.step(2);
                }
                _ => self.at += 1,
            }
        }
        let inside = self.text.get(start + 1..self.at).unwrap_or_default();
        self.at = (self.at + 1).min(self.text.len());
        if escapes {
            let meant = inside.replace("\\'", "'\\''").replace("\\\\", "\\");
            self.edit(start, self.at, format!("'{meant}'"));
        }
    }

    fn double(&mut self) {
        self.at += 1;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.step(2),
                b'`' => {
                    self.edit(self.at, self.at + 1, "\\`");
                    self.at += 1;
                }
                b'$' => self.dollar(true),
                _ => self.at += 1,
            }
        }
    }

    /// `(…)`, and `$(…)`, whose dollar stands already; `(… | psub)` is a file.
    fn substitution(&mut self, dollar: &str) {
        let open = self.at;
        self.at += 1;
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        let (blocks, opens) = (std::mem::take(&mut self.blocks), self.opens.take());
        self.script(true);
        (self.blocks, self.opens) = (blocks, opens);
        self.depth -= 1;
        let inside = self.text.get(open + 1..self.at).unwrap_or_default();
        let piped = inside.rfind('|').filter(|at| {
            let last = inside.get(at + 1..).unwrap_or_default();
            last.split_whitespace().next() == Some("psub")
        });
        let head = if piped.is_some() { "<(" } else { "$(" };
        self.edit(open - dollar.len(), open + 1, head);
        if let Some(at) = piped {
            let from = open + 1 + inside.get(..at).unwrap_or_default().trim_end().len();
            self.edit(from, self.at, "");
        }
        self.at = (self.at + 1).min(self.text.len());
    }

    /// `$name`, `$name[2]`, `$argv`, `$(…)`.
    fn dollar(&mut self, quoted: bool) {
        let start = self.at;
        self.at += 1;
        if self.byte() == Some(b'(') {
            return self.substitution("$");
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .find(|one: char| !(one.is_ascii_alphanumeric() || one == '_'))
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().to_owned();
        if name.is_empty() {
            return;
        }
        self.at += end;
        let index = self.index();
        let meant = match (self.spelled(&name, index.as_deref(), quoted), quoted) {
            // It is no list, or what a command printed: its lines are words.
            (text, false) if self.printed.contains(&name) => text,
            (text, false) => format!("\"{text}\""),
            (text, true) => text,
        };
        self.edit(start, self.at, meant);
    }

    /// Reads `[2]` and `[2..-1]` behind a name.
    fn index(&mut self) -> Option<String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let inside = rest.strip_prefix('[')?;
        let end = inside.find(']')?;
        let text = inside.get(..end).unwrap_or_default().trim().to_owned();
        self.at += end + 2;
        Some(text)
    }

    fn spelled(&self, name: &str, index: Option<&str>, quoted: bool) -> String {
        let number = |text: &str| text.parse::<i64>().ok();
        match (name, index) {
            ("status", _) => "$?".to_owned(),
            ("fish_pid", _) => "$$".to_owned(),
            ("last_pid", _) => "$!".to_owned(),
            ("argv", None) if quoted => "$*".to_owned(),
            ("argv", None) => "$@".to_owned(),
            ("argv", Some(index)) => match (number(index), index.split_once("..")) {
                (Some(at), _) if at > 0 => format!("${{{at}}}"),
                (_, Some((from, "-1" | ""))) => format!("${{@:{from}}}"),
                _ => "$@".to_owned(),
            },
            (_, None) if self.lists.contains(name) && quoted => format!("${{{name}[*]}}"),
            (_, None) if self.lists.contains(name) => format!("${{{name}[@]}}"),
            (_, None) if quoted => format!("${{{name}}}"),
            (_, None) => format!("${name}"),
            (_, Some(index)) => match (number(index), index.split_once("..")) {
                (Some(at), _) if at > 0 => format!("${{{name}[{}]}}", at - 1),
                (Some(at), _) => format!("${{{name}[{at}]}}"),
                _ => format!("${{{name}[@]}}"),
            },
        }
    }

    /// `set -gx NAME value…`, `set -e NAME`, `set -q NAME`.
    pub(super) fn set(&mut self, start: usize) {
        let mut flags = String::new();
        let name = loop {
            self.blanks();
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = rest
                .find([' ', '\t', ';', '\n', '|', '&', ')'])
                .unwrap_or(rest.len());
            let word = rest.get(..end).unwrap_or_default();
            if !word.starts_with('-') {
                break word.to_owned();
            }
            self.at += end;
            flags.push_str(short(word));
        };
        let plain = |one: char| one.is_ascii_alphanumeric() || one == '_';
        let Some(bare) = name.split('[').next().filter(|bare| {
            !bare.is_empty() && bare.chars().all(plain) && !bare.starts_with(char::is_numeric)
        }) else {
            // It shows what is set, or gives a value to a name that is not known here.
            self.edit(start, start + 3, "true");
            return self.words();
        };
        let verb = match () {
            () if flags.contains('e') => Some("unset"),
            () if flags.contains('q') => Some("test -v"),
            () if flags.contains(['n', 'S']) => Some("true"),
            () => None,
        };
        if let Some(verb) = verb {
            self.edit(start, self.at, format!("{verb} "));
            return self.words();
        }
        self.at += name.len();
        self.given(start, bare, &flags);
    }

    /// Reads the values behind `set NAME`.
    fn given(&mut self, start: usize, name: &str, flags: &str) {
        self.blanks();
        let first = self.at;
        let mut ends = Vec::new();
        loop {
            self.blanks();
            match self.byte() {
                None | Some(b';' | b'\n' | b')' | b'|' | b'&' | b'<' | b'>') => break,
                Some(_) => self.word(),
            }
            ends.push(self.at);
        }
        let export = if flags.contains('x') { "export " } else { "" };
        let value = self.text.get(first..self.at).unwrap_or_default();
        let printed = ends.len() == 1 && value.starts_with('(');
        let adds = flags.contains(['a', 'p']);
        if ends.len() <= 1 && !adds {
            self.lists.remove(name);
            self.printed.remove(name);
            if printed {
                self.printed.insert(name.to_owned());
            }
            return self.edits.push((
                crate::model::span::Span::new(start, first),
                format!("{export}{name}="),
            ));
        }
        self.lists.insert(name.to_owned());
        let sign = if adds { "+=" } else { "=" };
        self.edits.push((
            crate::model::span::Span::new(start, first),
            format!("{name}{sign}("),
        ));
        let end = ends.last().copied().unwrap_or(first);
        self.edit(end, end, ")");
    }
}

/// Returns the letter of an option of `set`.
fn short(word: &str) -> &str {
    match word {
        "--erase" => "e",
        "--query" => "q",
        "--append" => "a",
        "--prepend" => "p",
        "--export" => "x",
        "--names" => "n",
        "--show" => "S",
        long if long.starts_with("--") => "",
        short => short,
    }
}
