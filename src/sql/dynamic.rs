//! Reads SQL that runs other SQL or a routine: DO, EXECUTE, PREPARE, CALL, and functions with effects.
//! A text that cannot be known gives an opaque loss.

use sqlparser::tokenizer::Token;

use crate::model::effect::{ObjectKind, Verb};

use super::read::{Note, Reader, Values};

/// Functions whose call changes more than its result, with what they do.
const FUNCTIONS: &[(&str, Verb, ObjectKind)] = &[
    ("lo_unlink", Verb::Drop, ObjectKind::LargeObject),
    ("lo_truncate", Verb::Truncate, ObjectKind::LargeObject),
    ("lo_truncate64", Verb::Truncate, ObjectKind::LargeObject),
    ("lo_put", Verb::Update, ObjectKind::LargeObject),
    ("lowrite", Verb::Update, ObjectKind::LargeObject),
    ("lo_export", Verb::Program, ObjectKind::Other),
    ("pg_file_unlink", Verb::Program, ObjectKind::Other),
    ("pg_file_write", Verb::Program, ObjectKind::Other),
    ("pg_file_rename", Verb::Program, ObjectKind::Other),
    ("sys_exec", Verb::Program, ObjectKind::Other),
    ("sys_eval", Verb::Program, ObjectKind::Other),
    ("xp_cmdshell", Verb::Program, ObjectKind::Other),
    ("xp_delete_file", Verb::Program, ObjectKind::Other),
    ("load_extension", Verb::Program, ObjectKind::Other),
    (
        "pg_drop_replication_slot",
        Verb::Server,
        ObjectKind::ReplicationSlot,
    ),
    ("pg_promote", Verb::Server, ObjectKind::Other),
    (
        "pg_replication_origin_drop",
        Verb::Server,
        ObjectKind::Other,
    ),
    ("sp_dropserver", Verb::Server, ObjectKind::Other),
    (
        "sp_delete_database_backuphistory",
        Verb::Server,
        ObjectKind::Other,
    ),
    ("sp_delete_backuphistory", Verb::Server, ObjectKind::Other),
    ("sp_detach_db", Verb::Detach, ObjectKind::Database),
    ("sp_droprole", Verb::Drop, ObjectKind::Role),
    ("sp_droplogin", Verb::Drop, ObjectKind::Role),
    ("sp_dropuser", Verb::Drop, ObjectKind::Role),
    ("drop_chunks", Verb::Delete, ObjectKind::Partition),
    ("drop_hypertable", Verb::Drop, ObjectKind::Table),
    ("citus_drop_all_shards", Verb::Drop, ObjectKind::Table),
    ("master_drop_all_shards", Verb::Drop, ObjectKind::Table),
    ("undistribute_table", Verb::Rewrite, ObjectKind::Table),
    ("add_retention_policy", Verb::Delete, ObjectKind::Partition),
    ("expire_snapshots", Verb::Drop, ObjectKind::Partition),
    ("remove_orphan_files", Verb::Drop, ObjectKind::Partition),
    ("rollback_to_snapshot", Verb::Rewrite, ObjectKind::Table),
    ("rollback_to_timestamp", Verb::Rewrite, ObjectKind::Table),
    ("set_current_snapshot", Verb::Rewrite, ObjectKind::Table),
    ("rollback_to_instant", Verb::Rewrite, ObjectKind::Table),
    ("rollback_to_savepoint", Verb::Rewrite, ObjectKind::Table),
    ("run_clean", Verb::Drop, ObjectKind::Partition),
    ("delete_savepoint", Verb::Drop, ObjectKind::Partition),
    ("dropgeometrytable", Verb::Drop, ObjectKind::Table),
    ("dropgeometrycolumn", Verb::AlterDrop, ObjectKind::Column),
];

/// Functions that give a new large object: what is written to one in the same breath was not there before.
const NEW_LARGE: [&str; 4] = ["lo_create", "lo_creat", "lo_from_bytea", "lo_import"];

/// Functions that run the SQL in their string arguments.
const RUNNERS: [&str; 12] = [
    "dblink",
    "dblink_exec",
    "dblink_send_query",
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "query_to_json",
    "sp_executesql",
    "sp_execute_external_script",
    "openquery",
    "pg_background_launch",
    "run_command_on_workers",
];

/// Of these, what works on a connection of its own, or on another server.
const ELSEWHERE: [&str; 7] = [
    "dblink",
    "dblink_exec",
    "dblink_send_query",
    "openquery",
    "pg_background_launch",
    "run_command_on_workers",
    "sp_execute_external_script",
];

/// Routines of T-SQL that run a text for every table or database, with the name that stands for each.
const FOR_EACH: [(&str, &str); 2] = [
    ("sp_msforeachtable", "every_table"),
    ("sp_msforeachdb", "every_database"),
];

/// Functions of pg_cron that are given a statement: where it stands among their arguments, from the end when they have fewer.
const SCHEDULERS: [(&str, usize); 2] = [("schedule", 2), ("schedule_in_database", 2)];

/// Names of a routine that begin so are taken at their word when it is called.
const TELLING: [&str; 5] = ["drop_", "truncate_", "purge_", "wipe_", "delete_"];

/// Tells whether a word is the name of a function that is looked at.
pub(super) fn is_effectful(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    FUNCTIONS.iter().any(|(name, ..)| *name == word)
        || RUNNERS.contains(&word.as_str())
        || FOR_EACH.iter().any(|(name, _)| *name == word)
        || SCHEDULERS.iter().any(|(name, _)| *name == word)
        || is_telling(&word)
}

fn is_telling(name: &str) -> bool {
    TELLING.iter().any(|start| name.starts_with(start))
}

/// Puts arguments into the places of a format(); holes where one is not known.
fn filled(text: &str, given: &[Option<String>]) -> String {
    let mut all = String::new();
    let mut next = 0;
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        all.push_str(before);
        let digits = behind.trim_start_matches(|char: char| char.is_ascii_digit());
        let place = behind
            .get(..behind.len() - digits.len())
            .unwrap_or_default();
        let (place, typed) = match digits.strip_prefix('$') {
            Some(typed) => (place.parse::<usize>().ok(), typed),
            None => (None, digits.trim_start_matches('-')),
        };
        let mut letters = typed.chars();
        match letters.next() {
            Some('s' | 'I' | 'L') => {
                let at = place.map_or(next, |place| place.saturating_sub(1));
                next = at + 1;
                match given.get(at).and_then(Option::as_deref) {
                    Some(value) => all.push_str(value),
                    None => all.push(super::lex::HOLE_LETTER),
                }
            }
            Some(other) => all.push(other),
            None => {}
        }
        rest = letters.as_str();
    }
    all.push_str(rest);
    all
}

/// Words behind a prepared statement in which it is looked for what becomes of it.
const FORGOTTEN_MAX: usize = 2048;

impl Reader<'_> {
    /// Notes calls of functions with effects anywhere in the statement.
    pub fn functions(&mut self, from: usize, to: usize) {
        for index in from..to {
            if !self.token(index + 1, &Token::LParen) {
                continue;
            }
            let Some(name) = self.at(index).and_then(|one| one.bare()) else {
                continue;
            };
            if !is_effectful(name) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            let close = self.closing(index + 1, to);
            self.function(&name, index, close, (from, to));
        }
    }

    fn function(&mut self, name: &str, open: usize, close: usize, (from, to): (usize, usize)) {
        if let Some((_, verb, kind)) = FUNCTIONS.iter().find(|(one, ..)| *one == name) {
            if self.rehearses(open, close) {
                return;
            }
            let is_new = (open..close).any(|at| self.any(at, &NEW_LARGE));
            if is_new && *kind == ObjectKind::LargeObject && *verb != Verb::Drop {
                return;
            }
            let mut note = Note::new(*verb, *kind);
            // Those that write are given a descriptor, or name one object among others: any may be meant.
            note.name = match (verb, kind) {
                (Verb::Drop, ObjectKind::LargeObject) => self
                    .named_by_number(open, close)
                    .or_else(|| self.named_by_string(open, close)),
                (_, ObjectKind::LargeObject) => None,
                _ => self.named_by_string(open, close),
            };
            note.opaque = note.name.is_none() && *verb != Verb::Update;
            self.note(note, from, to);
        } else if RUNNERS.contains(&name) {
            let before = self.out.len();
            for at in open..close {
                self.string(at, false);
            }
            self.outlast(name, before);
        } else if let Some((_, place)) = SCHEDULERS.iter().find(|(one, _)| *one == name) {
            if self.is(open.wrapping_sub(2), "cron") {
                self.scheduled_text(*place, open + 1, close);
            }
        } else if is_telling(name)
            && !name.starts_with("delete_")
            && !(name.starts_with("truncate_") && self.is_of_column(open, close))
        {
            self.opaque(from, to);
        }
    }

    /// Marks what another connection does.
    fn outlast(&mut self, name: &str, before: usize) {
        if ELSEWHERE.contains(&name) {
            for loss in self.out.iter_mut().skip(before) {
                loss.lasting = true;
            }
        }
    }

    /// `dry_run => true`.
    fn rehearses(&self, from: usize, to: usize) -> bool {
        (from..to).any(|at| {
            self.is(at, "dry_run")
                && (at + 1..(at + 4).min(to)).any(|value| self.is(value, "TRUE"))
                && !self.is(at + 1, "TRUE")
        })
    }

    /// `EXEC sp_MSforeachtable 'text'`: the text with a name in the place of its mark.
    fn for_each(&mut self, each: &str, behind: usize, (from, to): (usize, usize)) {
        let mut texts = Vec::new();
        let mut mark = "?".to_owned();
        for at in behind..to {
            let quoted = self.at(at).and_then(|one| match &one.token.token {
                Token::Word(word) if word.quote_style == Some('"') => Some(word.value.clone()),
                _ => one.string().map(str::to_owned),
            });
            let named = self.token(at + 1, &Token::Eq);
            let joins = matches!(
                self.at(at).map(|one| &one.token.token),
                Some(Token::Comma | Token::Eq)
            );
            match quoted {
                Some(text) if self.is(at.wrapping_sub(2), "@replacechar") => mark = text,
                Some(text) => texts.push(text.replace("''", "'")),
                None if named || joins || self.any(at, &["N", "RETURN"]) => {}
                None => return self.opaque(from, to),
            }
        }
        if texts.is_empty() || mark.is_empty() {
            return self.opaque(from, to);
        }
        let span = self.span(from, to);
        for text in texts {
            for mut loss in self.inner(&text.replace(&mark, each), false) {
                loss.effect.span = span;
                loss.effect.opaque = true;
                self.out.push(loss);
            }
        }
    }

    /// `truncate_name(name)`: a text that is shortened for each row names no table. A table is named by a string.
    fn is_of_column(&self, open: usize, close: usize) -> bool {
        let mut given = (open + 2..close).filter_map(|at| self.at(at));
        given.clone().next().is_some_and(|one| one.bare().is_some())
            && given.all(|one| one.string().is_none())
    }

    /// `cron.schedule('name', '0 3 * * *', 'statement')`; the name may be left out.
    fn scheduled_text(&mut self, place: usize, open: usize, to: usize) {
        let parts = self.listed(open, to + 1);
        let part = parts.get(place).or(parts.last()).copied();
        for at in part.into_iter().flat_map(|(from, end)| from..end) {
            self.string(at, false);
        }
    }

    /// The first argument, when it is a plain string: `pg_drop_replication_slot('a')`.
    fn named_by_string(&self, open: usize, close: usize) -> Option<super::name::Name> {
        let first =
            (open..close).find(|at| self.at(*at).is_some_and(|one| one.string().is_some()))?;
        let text = self.at(first)?.string()?.to_owned();
        Some(super::name::Name {
            written: text.clone(),
            parts: vec![text.clone()],
            lookup: text,
            hole: false,
        })
    }

    /// The only argument, when it is a number: `lo_unlink(173)`.
    fn named_by_number(&self, open: usize, close: usize) -> Option<super::name::Name> {
        let token = self.at(open + 2).map(|one| &one.token.token)?;
        let Token::Number(digits, _) = token else {
            return None;
        };
        (open + 3 == close).then(|| super::name::Name {
            written: digits.clone(),
            parts: vec![digits.clone()],
            lookup: digits.clone(),
            hole: false,
        })
    }

    pub fn opaque(&mut self, from: usize, to: usize) {
        let mut note = Note::new(Verb::Opaque, ObjectKind::Other);
        note.opaque = true;
        self.note(note, from, to);
    }

    /// Returns the name of the routine that a CREATE defines, without its schema.
    pub fn routine(&self, from: usize, to: usize) -> Option<String> {
        let behind = self.skip(from + 1, &["OR", "REPLACE"]);
        let kinds = ["FUNCTION", "PROCEDURE"];
        let (name, _) = self
            .name(behind + 1, to)
            .filter(|_| self.any(behind, &kinds))?;
        let language = (behind..to)
            .find(|at| self.is(*at, "LANGUAGE"))
            .and_then(|at| self.at(at + 1))
            .and_then(|one| one.string().or(one.bare()));
        let compiled = language.is_some_and(|language| {
            ["c", "internal"].contains(&language.to_ascii_lowercase().as_str())
        });
        let name = name.lookup.to_lowercase();
        let name = name.rsplit('.').next().map(str::to_owned);
        name.filter(|_| !compiled)
    }

    /// Returns what the parameters of the routine in `body` are in the call whose parenthesis opens at `open`.
    pub fn arguments(&self, body: (usize, usize), open: usize, to: usize) -> Values {
        let mut values = Values::new();
        let Some(signature) = (body.0..body.1).find(|at| self.token(*at, &Token::LParen)) else {
            return values;
        };
        let names = self.listed(signature, body.1);
        let given = self.listed(open, to);
        for (place, (from, end)) in given.into_iter().enumerate() {
            let text = self.at(from).and_then(|one| one.string());
            let Some(text) = text.filter(|_| end == from + 1) else {
                continue;
            };
            values.insert(format!("${}", place + 1), text.to_owned());
            let named = names.get(place).and_then(|(from, end)| {
                (*from..*end).find(|at| !self.any(*at, &["IN", "INOUT", "OUT", "VARIADIC"]))
            });
            if let Some(name) = named.and_then(|at| self.at(at)?.bare()) {
                values.insert(name.to_lowercase(), text.to_owned());
            }
        }
        values
    }

    /// Returns the parts between the commas of a parenthesis.
    fn listed(&self, open: usize, to: usize) -> Vec<(usize, usize)> {
        let close = self.closing(open, to);
        let mut parts = Vec::new();
        let mut from = open + 1;
        while from < close {
            let end = self
                .find(from, close, |at| self.token(at, &Token::Comma))
                .unwrap_or(close);
            parts.push((from, end));
            from = end + 1;
        }
        parts
    }

    /// Reads the body of a routine as if it stood alone: its string, or what follows BEGIN.
    pub fn body(&mut self, from: usize, to: usize, values: Values) {
        let (depth, block) = (self.depth, self.block);
        let outer = std::mem::replace(&mut self.values, values);
        self.depth += 1;
        let text = (from..to).find(|at| {
            self.is(*at, "AS") && self.at(at + 1).is_some_and(|one| one.string().is_some())
        });
        if let Some(at) = text {
            self.string(at + 1, true);
        } else if let Some(at) = (from..to).find(|at| self.is(*at, "BEGIN")) {
            self.block = true;
            self.loose(at + 1, to);
        }
        (self.depth, self.block) = (depth, block);
        self.values = outer;
    }

    /// `DO $$ … $$` and `DO 'text'`; MySQL's `DO expression` has no body.
    pub fn block_of_do(&mut self, from: usize, to: usize) {
        self.functions(from, to);
        for index in from + 1..to {
            if self.at(index).is_some_and(|one| one.string().is_some())
                && !self.is(index.wrapping_sub(1), "LANGUAGE")
            {
                self.string(index, true);
                return;
            }
        }
    }

    /// `EXECUTE IMMEDIATE 'text'`, `EXEC('text')`, `EXEC sp_executesql N'text'`, and EXECUTE inside a block.
    pub fn execute(&mut self, from: usize, to: usize) {
        let immediate = self.is(from + 1, "IMMEDIATE");
        let text = from + 1 + usize::from(immediate);
        let parenthesis = self.token(text, &Token::LParen);
        if immediate || parenthesis || self.block {
            return self.dynamic(text, from, to);
        }
        if self.at(text).is_some_and(|one| one.string().is_some()) {
            return self.dynamic(text, from, to);
        }
        self.call(from, to);
    }

    /// Judges an expression that gives SQL: its first string must show what kind of statement it is.
    fn dynamic(&mut self, text: usize, from: usize, to: usize) {
        let end = self
            .find(text, to, |at| self.any(at, &["USING", "INTO", "LOOP"]))
            .unwrap_or(to);
        let mut known = (text..end).filter(|at| self.known(*at).is_some());
        let Some(first) = known.next() else {
            return self.opaque(from, to);
        };
        if (text..first).any(|at| self.is_variable(at)) {
            return self.opaque(from, to);
        }
        let alone = known.next().is_none() && (first + 1..end).all(|at| !self.is_variable(at));
        if alone && self.at(first).is_some_and(|one| one.string().is_some()) {
            self.string(first, false);
            return;
        }
        let joined = self.joined(text, end);
        let span = self.span(from, to);
        for mut loss in self.inner(&joined, false) {
            loss.effect.span = span;
            self.out.push(loss);
        }
    }

    /// The text of a literal, or of a variable whose value stands in the same text.
    fn known(&self, index: usize) -> Option<&str> {
        let lexeme = self.at(index)?;
        if let Some(text) = lexeme.string() {
            return Some(text);
        }
        let name = match &lexeme.token.token {
            Token::Placeholder(name) => name,
            _ => lexeme.bare()?,
        };
        self.values.get(&name.to_lowercase()).map(String::as_str)
    }

    /// A name that is neither a function that quotes or formats nor a literal.
    fn is_variable(&self, index: usize) -> bool {
        const KNOWN: [&str; 8] = [
            "format",
            "concat",
            "quote_ident",
            "quote_literal",
            "N",
            "E",
            "trim",
            "replace",
        ];
        let named = self.at(index).is_some_and(|one| {
            one.bare().is_some() || matches!(one.token.token, Token::Placeholder(_))
        });
        named && !self.any(index, &KNOWN) && self.known(index).is_none()
    }

    /// What is known of the arguments behind the pattern of a format().
    fn given(&self, pattern: usize, to: usize) -> Vec<Option<String>> {
        let parts = self.listed(pattern.saturating_sub(1), to);
        let known = |(from, end): (usize, usize)| {
            let text = self.known(from).filter(|_| end == from + 1)?;
            Some(text.replace("''", "'"))
        };
        parts.into_iter().skip(1).map(known).collect()
    }

    /// The strings of a concatenation, with holes where values go in.
    pub fn joined(&self, from: usize, to: usize) -> String {
        let hole = super::lex::HOLE_LETTER.to_string();
        let mut all = String::new();
        let mut known = true;
        let mut lists = false;
        for index in from..to {
            let Some(lexeme) = self.at(index) else {
                break;
            };
            if let Some(text) = self.known(index) {
                let text = text.replace("''", "'");
                let text = if self.is(index.wrapping_sub(2), "FORMAT") {
                    filled(&text, &self.given(index, to))
                } else {
                    text
                };
                if known
                    || all.is_empty()
                    || !all.ends_with(super::lex::HOLE_LETTER)
                    || !text.is_empty()
                {
                    all.push_str(&text);
                }
                known = true;
            } else if self.any(index, &["CONCAT", "CONCAT_WS"]) {
                lists = true;
            } else if lexeme.token.token == Token::Comma && !lists {
                // Arguments of format() come in at their places.
                break;
            } else if known && self.is_variable(index) && !all.is_empty() {
                all.push_str(&hole);
                known = false;
            }
        }
        all
    }

    /// Tells whether a prepared statement is given up before anything could have executed it.
    pub fn is_forgotten(&self, from: usize, to: usize) -> bool {
        let Some(name) = self.at(from + 1).and_then(|lexeme| lexeme.bare()) else {
            return false;
        };
        let named = |at: usize| {
            let other = self.at(at).and_then(|lexeme| lexeme.bare());
            other.is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        let mut ahead =
            (to..to.saturating_add(FORGOTTEN_MAX)).take_while(|at| self.at(*at).is_some());
        let end = ahead.by_ref().find(|at| {
            self.any(
                *at,
                &["EXECUTE", "EXEC", "DO", "CALL", "DEALLOCATE", "DROP"],
            ) && !self.is_explained(*at)
        });
        let Some(at) = end else {
            // Nothing executes it, and the session ends with the text.
            let executes = |at: usize| self.any(at, &["EXECUTE", "EXEC"]);
            return self.ends
                && self.lexemes.len() <= FORGOTTEN_MAX
                && (0..from).all(|at| !executes(at) || self.is_explained(at));
        };
        Some(at).is_some_and(|at| {
            let at_name = self.skip(at + 1, &["PREPARE"]);
            self.is(at, "DEALLOCATE") && (named(at_name) || self.is(at_name, "ALL"))
                || self.is(at, "DROP") && at_name > at + 1 && named(at_name)
        })
    }

    /// `PREPARE p AS statement`, `PREPARE p FROM 'text'`; counted where they are written.
    pub fn prepare(&mut self, from: usize, to: usize) {
        if self.is_forgotten(from, to) {
            return;
        }
        if let Some(at) = self.find_word(from, to, "AS") {
            self.statement(at + 1, to);
        } else if let Some(at) = self.find_word(from, to, "FROM") {
            self.dynamic(at + 1, from, to);
        }
    }

    /// `CALL p(…)`, `EXEC p …`: judged by what is known of the routine and by its name.
    pub fn call(&mut self, from: usize, to: usize) {
        self.functions(from, to);
        self.called(from + 1, (from, to));
    }

    /// Reads the call of the routine that is named at `at`.
    pub fn called(&mut self, at: usize, (from, to): (usize, usize)) {
        // `EXEC @result = routine …`
        let at = at + 2 * usize::from(self.token(at + 1, &Token::Eq));
        let Some((name, behind)) = self.name(at, to) else {
            return;
        };
        let name = name.lookup.to_ascii_lowercase();
        let name = name.rsplit('.').next().unwrap_or_default();
        if self.token(behind, &Token::LParen) && is_effectful(name) && !name.starts_with("delete_")
        {
            return;
        }
        if let Some((_, each)) = FOR_EACH.iter().find(|(one, _)| *one == name) {
            return self.for_each(each, behind, (from, to));
        }
        if RUNNERS.contains(&name) {
            let before = self.out.len();
            self.dynamic(behind, from, to);
            return self.outlast(name, before);
        }
        if let Some((_, verb, kind)) = FUNCTIONS.iter().find(|(one, ..)| *one == name) {
            if self.rehearses(behind, to) {
                return;
            }
            let mut note = Note::new(*verb, *kind);
            note.name = self.named_by_string(behind, to);
            return self.note(note, from, to);
        }
        if is_telling(name) {
            self.opaque(from, to);
        }
    }
}
