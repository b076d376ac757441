//! Texts, patterns and names inside of texts of Perl.
//! It reads only how they are written.

use super::read::Reading;
use super::tree::{Kind, Node, Piece};

impl Reading<'_> {
    /// Returns what stands between two signs; brackets may stand in one another.
    pub fn between(&mut self, open: char) -> Option<String> {
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            other => other,
        };
        let mut depth = 0_usize;
        let mut all = String::new();
        loop {
            let char = self.step()?;
            if char == '\\' {
                let next = self.step()?;
                if next != open && next != close || "()[]{}<>|.*+?^$".contains(next) {
                    all.push('\\');
                }
                all.push(next);
                continue;
            }
            if char == close && depth == 0 {
                return Some(all);
            }
            if close != open && char == open {
                depth += 1;
            } else if char == close {
                depth -= 1;
            }
            all.push(char);
        }
    }

    /// `q(…)`, `qq{…}`, `qw(…)`, `m{…}`, `s/…/…/`, `qr/…/`: nothing where the word is none of them.
    pub fn quoted(&mut self, word: &str) -> Option<Option<Node>> {
        if !matches!(word, "q" | "qq" | "qw" | "m" | "s" | "qr" | "tr" | "y") {
            return Some(None);
        }
        let from = self.at;
        let behind = self.rest().get(word.len()..)?;
        let sign = behind.trim_start().chars().next()?;
        let blank = behind.starts_with(char::is_whitespace);
        let word_end = sign.is_alphanumeric() || "_,;)=".contains(sign);
        if word_end || blank && sign == '#' {
            return Some(None);
        }
        if matches!(word, "tr" | "y") {
            return None;
        }
        self.at += word.len();
        self.blank();
        let open = self.step()?;
        let inside = self.between(open)?;
        let kind = match word {
            "q" => Kind::Text(vec![Piece::Text(inside.replace("\\\\", "\\"))]),
            "qq" => Kind::Text(self.pieces(&inside, true)?),
            "qw" => {
                let words = inside.split_whitespace();
                let text =
                    |word: &str| self.node(from, Kind::Text(vec![Piece::Text(word.to_owned())]));
                Kind::List(words.map(text).collect())
            }
            "s" => self.replacing(open, &inside)?,
            _ => {
                let flags = self.flags();
                Kind::Match(
                    None,
                    self.pieces(&inside, false)?,
                    if word == "qr" {
                        format!("{flags}Q")
                    } else {
                        flags
                    },
                )
            }
        };
        Some(Some(self.node(from, kind)))
    }

    /// The second half of `s/…/…/`.
    fn replacing(&mut self, open: char, inside: &str) -> Option<Kind> {
        let mut second = open;
        if matches!(open, '(' | '[' | '{' | '<') {
            self.blank();
            second = self.step()?;
        }
        let text = self.between(second)?;
        let flags = self.flags();
        if flags.contains('e') {
            return None;
        }
        let pattern = self.pieces(inside, false)?;
        Some(Kind::Change(
            None,
            pattern,
            self.pieces(&text, true)?,
            flags,
        ))
    }

    pub fn flags(&mut self) -> String {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let flags = rest.get(..end).unwrap_or_default().to_owned();
        self.at += end;
        flags
    }

    /// Cuts a text into what is said and what is filled in; `plain` where signs behind `\` are those of a text.
    pub fn pieces(&self, text: &str, plain: bool) -> Option<Vec<Piece>> {
        let mut inner = Reading {
            text,
            at: 0,
            depth: self.depth,
            jumps: Vec::new(),
        };
        let mut all = Vec::new();
        let mut said = String::new();
        let mut literal = false;
        while let Some(char) = inner.peek() {
            let sign = matches!(char, '$' | '@');
            if !sign {
                inner.step();
                if char != '\\' {
                    said.push(char);
                    continue;
                }
                let next = inner.step()?;
                match next {
                    'Q' => literal = true,
                    'E' => literal = false,
                    'n' if plain => said.push('\n'),
                    't' if plain => said.push('\t'),
                    '0' | 'e' | 'x' | 'u' | 'l' | 'U' | 'L' | 'N' if plain => return None,
                    other if plain => said.push(other),
                    other => said.extend(['\\', other]),
                }
                continue;
            }
            let next = inner.rest().chars().nth(1);
            let names = next.is_some_and(|c| {
                c.is_ascii_alphabetic() || c == '_' || c == '{' || c == '$' && char == '@'
            }) || char == '$'
                && (next.is_some_and(|c| {
                    c.is_ascii_digit() || matches!(c, '&' | '0' | '!' | '@' | '$')
                }) && (plain || !matches!(next, Some('!' | '@'))))
                || char == '$' && plain && matches!(next, Some(',' | ';'));
            if !names {
                inner.step();
                said.push(char);
                continue;
            }
            if !said.is_empty() {
                all.push(Piece::Text(std::mem::take(&mut said)));
            }
            let node = inner.filled(plain)?;
            all.push(match char {
                '@' => Piece::Many(node),
                _ if literal => Piece::Literal(node),
                _ => Piece::One(node),
            });
        }
        if !said.is_empty() || all.is_empty() {
            all.push(Piece::Text(said));
        }
        Some(all)
    }

    /// A name in a text with the subscripts behind it.
    fn filled(&mut self, plain: bool) -> Option<Node> {
        let mut node = self.sigil()?;
        loop {
            let rest = self.rest();
            let arrow = rest
                .strip_prefix("->")
                .is_some_and(|rest| rest.starts_with(['[', '{']));
            let opens = |sign: char| rest.starts_with(sign);
            let key =
                opens('{') && (plain || !rest.get(1..)?.starts_with(|c: char| c.is_ascii_digit()));
            let place = opens('[')
                && rest.get(1..).is_some_and(|rest| {
                    rest.starts_with(|c: char| c == '$' || c == '-' || c.is_ascii_digit())
                })
                && (plain || rest.get(1..).is_some_and(|rest| rest.starts_with('$')));
            if !(arrow || key || place) {
                return Some(node);
            }
            node = self.subscript(node)?;
        }
    }
}
