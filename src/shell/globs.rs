//! Options of the shell that change what a pattern gives: `set -f`, `shopt -s dotglob`, `nocaseglob` and their kin.
//! It rewrites words; which files there are is asked elsewhere.

use crate::model::word::{Part, Piece, Word};

/// How a shell reads patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Globs {
    /// Patterns are plain text.
    pub off: bool,
    /// A pattern gives hidden names too.
    dotted: bool,
    /// Letters match in either case.
    caseless: bool,
}

impl Globs {
    /// Takes in how patterns may be read on another way.
    pub fn join(&mut self, other: Self) {
        self.off &= other.off;
        self.dotted |= other.dotted;
        self.caseless |= other.caseless;
    }

    /// Tells whether words with patterns stay as they are.
    pub const fn is_usual(self) -> bool {
        !self.dotted && !self.caseless
    }

    /// `shopt -s NAME…`, `shopt -u NAME…`.
    pub fn shopt(&mut self, args: &[Word]) {
        let mut on = None;
        for text in args.iter().filter_map(Word::text) {
            match text.as_str() {
                flag if flag.starts_with('-') => {
                    if flag.contains(['s', 'u']) {
                        on = Some(flag.contains('s'));
                    }
                }
                name => {
                    if let Some(on) = on {
                        self.option(name, on);
                    }
                }
            }
        }
    }

    /// `setopt NAME…` of zsh, whose names may be written in any case and with underscores.
    pub fn zsh(&mut self, args: &[Word], on: bool) {
        for text in args.iter().filter_map(Word::text) {
            let name = text.replace('_', "").to_ascii_lowercase();
            match name.as_str() {
                "globdots" => self.dotted = on,
                "nocaseglob" => self.caseless = on,
                "caseglob" => self.caseless = !on,
                "noglob" => self.off = on,
                "glob" => self.off = !on,
                _ => {}
            }
        }
    }

    /// Turns an option of bash on or off.
    pub fn option(&mut self, name: &str, on: bool) {
        match name {
            "dotglob" => self.dotted = on,
            "nocaseglob" => self.caseless = on,
            "noglob" => self.off = on,
            _ => {}
        }
    }

    /// Rewrites the words from this one on, so that their patterns say what the options make of them.
    pub fn rewrite(self, words: &mut Vec<Word>, from: usize) {
        let tail: Vec<Word> = words.drain(from.min(words.len())..).collect();
        for mut word in tail {
            if !word.has_glob() {
                words.push(word);
                continue;
            }
            if self.caseless {
                word.pieces = word.pieces.into_iter().map(either_case).collect();
            }
            let hidden = self.dotted.then(|| hidden(&word)).flatten();
            words.push(word);
            words.extend(hidden);
        }
    }
}

/// Writes the letters of the last name of a piece as sets of both cases; folders above a pattern are named exactly.
fn either_case(piece: Piece) -> Piece {
    let Part::Literal(text) = &piece.part else {
        return piece;
    };
    let (above, name) = match text.rfind('/') {
        Some(at) => text.split_at_checked(at + 1).unwrap_or(("", text)),
        None => ("", text.as_str()),
    };
    if name.is_empty() {
        return piece;
    }
    let mut pattern: String = above.to_owned();
    for letter in name.chars() {
        if letter.is_alphabetic() {
            let cases = letter.to_lowercase().chain(letter.to_uppercase());
            pattern.push('[');
            pattern.extend(cases);
            pattern.push(']');
        } else {
            if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '(' | ')') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
    }
    Piece {
        part: Part::Glob(pattern),
        origin: piece.origin,
    }
}

/// Returns the word that gives the hidden names for a pattern at the start of a name.
fn hidden(word: &Word) -> Option<Word> {
    let at = word
        .pieces
        .iter()
        .position(|piece| matches!(piece.part, Part::Glob(_)))?;
    let (before, after) = word.pieces.split_at_checked(at)?;
    let starts = before.last().is_none_or(|piece| match &piece.part {
        Part::Literal(text) => text.is_empty() || text.ends_with('/'),
        Part::Glob(_) | Part::Hole(_) => false,
    });
    let (first, rest) = after.split_first()?;
    let Part::Glob(text) = &first.part else {
        return None;
    };
    if !starts || text.starts_with('.') {
        return None;
    }
    let mut copy = word.clone();
    copy.pieces = before.to_vec();
    let piece = |text: &str| Piece {
        part: Part::Glob(text.to_owned()),
        origin: first.origin.clone(),
    };
    if text.starts_with('*') && !text.starts_with("*(") {
        copy.pieces.push(piece("."));
        copy.pieces.push(first.clone());
        copy.pieces.extend(rest.iter().cloned());
    } else {
        copy.pieces.push(piece(".*"));
    }
    Some(copy)
}
