//! Reads statements of upkeep that take something away: backups and exports that write over files, repairs that give rows up.
//! A backup to a new place and a check that repairs nothing are no loss and give nothing.

use sqlparser::tokenizer::Token;

use crate::model::effect::{Bound, ObjectKind, Verb};

use super::lex::Lexeme;
use super::read::{Note, Reader};

impl Reader<'_> {
    /// Tells whether the statement was one of them, and notes what it takes.
    pub fn keeps_up(&mut self, word: &str, from: usize, to: usize) -> bool {
        let next = from + 1;
        let has = |words: &[&str]| (next..to).any(|at| self.any(at, words));
        let overwrites = || self.is_switched_on("OVERWRITE", next, to);
        let writes_over = match word {
            "BACKUP" => {
                self.any(next, &["DATABASE", "LOG"])
                    && has(&["INIT", "FORMAT"])
                    && !self.goes_nowhere(next, to)
            }
            "UNLOAD" => has(&["CLEANPATH", "ALLOWOVERWRITE"]),
            "EXPORT" => self.is(next, "DATA") && overwrites(),
            "COPY" => self.is(next, "INTO") && overwrites(),
            _ => false,
        };
        if writes_over {
            self.note(Note::new(Verb::Program, ObjectKind::Other), from, to);
            return true;
        }
        let checks = ["CHECKDB", "CHECKTABLE", "CHECKALLOC", "CHECKFILEGROUP"];
        let named = match word {
            "DBCC" if self.is(next, "WRITEPAGE") => next + 2,
            "DBCC"
                if self.any(next, &checks)
                    && has(&["REPAIR_ALLOW_DATA_LOSS"])
                    && !has(&["ESTIMATEONLY"]) =>
            {
                next + 2
            }
            "REPAIR" if has(&["USE_FRM"]) => {
                let table = self.find_word(next, to, "TABLE");
                table.map_or(to, |at| at + 1)
            }
            _ => return false,
        };
        let name = self.name(named, to).map(|(name, _)| name);
        let mut note = Note::new(Verb::Delete, ObjectKind::Table).named(name);
        note.bound = Bound::Where {
            predicate: "they cannot be repaired".to_owned(),
            pure: false,
        };
        self.note(note, from, to);
        true
    }

    /// `overwrite = true`.
    fn is_switched_on(&self, name: &str, from: usize, to: usize) -> bool {
        (from..to).any(|at| {
            self.is(at, name) && self.token(at + 1, &Token::Eq) && self.is(at + 2, "TRUE")
        })
    }

    /// Every file of a backup is the one that keeps nothing, or has a date in its name: nobody has one there yet.
    fn goes_nowhere(&self, from: usize, to: usize) -> bool {
        let files = (from..to).filter(|at| self.token(at.wrapping_sub(1), &Token::Eq));
        let mut files = files
            .filter_map(|at| self.at(at).and_then(Lexeme::string))
            .peekable();
        let is_dated = |file: &str| file.bytes().filter(u8::is_ascii_digit).count() >= 6;
        files.peek().is_some()
            && files.all(|file| {
                file.eq_ignore_ascii_case("NUL") || file == "/dev/null" || is_dated(file)
            })
    }
}
