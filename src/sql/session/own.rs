//! What a text has made itself: which losses are of that, and what ends it or puts other people's rows behind it.
//! What one CREATE makes is read in `create`.

use sqlparser::tokenizer::Token;

use crate::model::effect::{Dialect, ObjectKind, Verb};
use crate::sql::lex::Range;

use super::{MAX_FOLLOWED, MAX_LOSSES, MAX_ROUTINES, Session};

/// Words of an ALTER by which the rows of one table come to stand in another.
const BRINGS: [&str; 6] = ["ATTACH", "INHERIT", "EXCHANGE", "SWITCH", "MOVE", "UNION"];
/// Words in front of the name of the other table there.
const BEFORE_NAME: [&str; 6] = ["TABLE", "PARTITION", "INHERIT", "TO", "EXISTS", "ONLY"];

/// What a trigger can wait for.
const EVENTS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];

/// A trigger that the text defines.
pub(super) struct Trigger {
    name: String,
    /// The table it watches, without its schema.
    table: String,
    events: Vec<&'static str>,
    /// The statement that defines it.
    body: Range,
}

impl Session<'_> {
    /// Marks losses of what this text made itself.
    pub(super) fn mark_made(&mut self, before: usize) {
        if self.made.is_empty() {
            return;
        }
        let made = &mut self.made;
        for loss in self.reader.out.iter_mut().skip(before) {
            let Some(exact) = loss.lookup.clone() else {
                continue;
            };
            let name = exact.to_lowercase();
            let rows = loss.effect.verb != Verb::Drop;
            if rows && self.windows.contains(&name) {
                continue;
            }
            let found = made.iter().position(|one| {
                one.is_named(&exact, self.reader.dialect)
                    && (one.kind == loss.effect.kind || one.kind == ObjectKind::Table)
                    || matches!(one.kind, ObjectKind::Schema | ObjectKind::Database)
                        && name
                            .strip_prefix(&one.name)
                            .is_some_and(|rest| rest.starts_with('.'))
            });
            let Some(index) = found else {
                continue;
            };
            loss.created = true;
            loss.temporary = made.get(index).is_some_and(|one| one.temporary);
            let gone = made.get(index).is_some_and(|one| one.name == name);
            if loss.effect.verb == Verb::Drop && gone {
                made.swap_remove(index);
            }
        }
    }

    pub(super) fn remember(&mut self, from: usize, to: usize) {
        let reader = &self.reader;
        let renames = reader.any(from, &["ALTER", "RENAME"])
            && (from..to).any(|at| reader.any(at, &["RENAME", "SCHEMA", "SWAP"]))
            || reader.is(from, "EXCHANGE");
        let moves = reader.is(from, "USE")
            || reader.is(from, "SET")
                && (from..to).any(|at| reader.any(at, &["search_path", "SCHEMA"]));
        if renames
            || moves
            || self.brings_rows(from, to)
            || reader.at(from).is_some_and(|first| first.has_hole())
        {
            self.made.clear();
        }
        self.looks_elsewhere(from, to);
        self.forget_temporary(from, to);
        if let Some(name) = self.reader.window(from, to) {
            self.windows.push(name);
        }
        if self.reader.is(from, "IMPORT") && self.reader.is(from + 1, "FOREIGN") {
            self.made.retain(|one| one.kind != ObjectKind::Schema);
        }
        if self.triggers.len() < MAX_ROUTINES
            && let Some(trigger) = self.reader.trigger(Range { from, to })
        {
            self.triggers.push(trigger);
        }
        let Some(made) = self.reader.made(from, to) else {
            return;
        };
        // Sent by itself, the statement ends its own transaction, and the table with it.
        let gone = made.until_commit && self.open.is_none() && self.habits.alone;
        let hidden = made.temporary && self.temporary_behind && !made.name.contains('.');
        if self.made.len() < MAX_LOSSES && !gone && !hidden {
            self.made.push(made);
        }
    }

    /// `ALTER TABLE t ATTACH PARTITION orders`: what was there before goes with `t` from now on.
    fn brings_rows(&self, from: usize, to: usize) -> bool {
        let reader = &self.reader;
        if !reader.is(from, "ALTER") || !(from..to).any(|at| reader.any(at, &BRINGS)) {
            return false;
        }
        let known = |at: usize| {
            let name = reader.name(at + 1, to).map(|(name, _)| name.lookup);
            name.is_none_or(|name| {
                let mut made = self.made.iter();
                made.any(|one| one.is_named(&name, reader.dialect))
            })
        };
        !(from..to)
            .filter(|at| reader.any(*at, &BEFORE_NAME) && !reader.any(at + 1, &BEFORE_NAME))
            .filter(|at| !reader.any(at + 1, &["IF", "PARTITION"]))
            .all(known)
    }

    /// `SET search_path = public, pg_temp`: a bare name is looked up in the schema of the session last.
    fn looks_elsewhere(&mut self, from: usize, to: usize) {
        let reader = &self.reader;
        let path = |at: usize| {
            let text = reader.at(at).and_then(|one| one.string());
            reader.is(at, "search_path") || text == Some("search_path")
        };
        if !reader.any(from, &["SET", "SELECT"]) || !(from..to.min(from + 8)).any(path) {
            return;
        }
        let words = (from..to).filter_map(|at| {
            let one = reader.at(at)?;
            one.string().or(one.bare()).map(str::to_lowercase)
        });
        let words: Vec<String> = words
            .flat_map(|text| {
                let parts = text.split(',').map(|part| part.trim().to_owned());
                parts.collect::<Vec<_>>()
            })
            .filter(|word| {
                let own = ["set", "select", "session", "local", "to", "search_path"];
                !own.contains(&word.as_str()) && word != "set_config" && word != "pg_catalog"
            })
            .collect();
        self.temporary_behind = words.iter().position(|word| word == "pg_temp") > Some(0);
    }

    /// `DISCARD TEMP`, `DISCARD ALL`: what the session has made for itself is gone.
    fn forget_temporary(&mut self, from: usize, to: usize) {
        let reader = &self.reader;
        let all = ["ALL", "TEMP", "TEMPORARY"];
        if reader.is(from, "DISCARD") && (from + 1..to).any(|at| reader.any(at, &all)) {
            self.made.retain(|one| !one.temporary);
        }
    }

    /// What was made until the end of the transaction is gone.
    pub(super) fn end_with_transaction(&mut self) {
        self.made.retain(|one| !one.until_commit);
    }

    /// A file that stands before this statement may have ended the transaction.
    pub(super) fn broken_off(&mut self, range: Range) {
        let place = self.reader.span(range.from, range.to).start;
        let before = self.habits.breaks.len();
        self.habits.breaks.retain(|at| *at > place);
        if self.habits.breaks.len() < before {
            self.open = None;
            self.end_with_transaction();
        }
    }

    /// What a trigger of the same text does counts where its table is changed.
    pub(super) fn follow_triggers(&mut self, range: Range) {
        let Range { from, to } = range;
        if self.triggers.is_empty() {
            return;
        }
        if self.reader.is(from, "DROP") {
            return self.forget_triggers(range);
        }
        let events = self.reader.fires(range);
        if events.is_empty() {
            return;
        }
        const BEFORE: [&str; 9] = [
            "INTO", "FROM", "OR", "IGNORE", "ONLY", "REPLACE", "ABORT", "FAIL", "ROLLBACK",
        ];
        let verb = self.reader.verb(range);
        let Some(table) = (verb + 1..to.min(verb + 6))
            .filter(|at| !self.reader.any(*at, &BEFORE))
            .find_map(|at| self.reader.name(at, to))
        else {
            return;
        };
        let table = last_part(&table.0.lookup);
        let fired: Vec<Range> = (self.triggers.iter())
            .filter(|trigger| {
                let watched = trigger.events.iter().any(|event| events.contains(event));
                trigger.table == table && watched
            })
            .map(|trigger| trigger.body)
            .collect();
        let span = self.reader.span(from, to);
        for body in fired {
            let before = self.reader.out.len();
            self.followed += self.reader.span(body.from, body.to).len();
            if self.followed > MAX_FOLLOWED {
                return self.reader.opaque(from, to);
            }
            let body = self.routine_of(body).unwrap_or(body);
            self.reader.body(body.from, body.to, Default::default());
            for loss in self.reader.out.iter_mut().skip(before) {
                loss.effect.span = span;
            }
        }
    }

    /// `DROP TRIGGER name`, `DROP TABLE t`; what may be rolled back leaves them where they are.
    fn forget_triggers(&mut self, range: Range) {
        let Range { from, to } = range;
        let at = self.reader.skip(from + 2, &["IF", "EXISTS"]);
        let Some((name, _)) = self.reader.name(at, to).filter(|_| self.open.is_none()) else {
            return;
        };
        let name = last_part(&name.lookup);
        if self.reader.is(from + 1, "TRIGGER") {
            self.triggers.retain(|trigger| trigger.name != name);
        } else if self.reader.any(from + 1, &["TABLE", "VIEW"]) {
            self.triggers.retain(|trigger| trigger.table != name);
        }
    }

    /// `EXECUTE FUNCTION f()`: the function, where the text defines it.
    fn routine_of(&self, trigger: Range) -> Option<Range> {
        let reader = &self.reader;
        let at = (trigger.from..trigger.to).find(|at| {
            reader.is(*at, "EXECUTE") && reader.any(at + 1, &["FUNCTION", "PROCEDURE"])
        })?;
        let (name, _) = reader.name(at + 2, trigger.to)?;
        let name = last_part(&name.lookup);
        let known = self.routines.iter().rev().find(|(known, _)| *known == name);
        known.map(|(_, body)| *body)
    }
}

fn last_part(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).to_lowercase()
}

impl super::Made {
    /// Tells whether a name as the server looks it up is this one; PostgreSQL tells `"T"` from `t`.
    pub(super) fn is_named(&self, lookup: &str, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Postgres | Dialect::Redshift => self.exact == lookup,
            _ => self.name == lookup.to_lowercase(),
        }
    }
}

impl super::Reader<'_> {
    /// Returns the name of a view, a foreign table, or a table whose rows stand in others.
    fn window(&self, from: usize, to: usize) -> Option<String> {
        const ENGINES: [&str; 11] = [
            "FEDERATED",
            "MERGE",
            "MRG_MYISAM",
            "CONNECT",
            "SPIDER",
            "Distributed",
            "MySQL",
            "PostgreSQL",
            "MongoDB",
            "Buffer",
            "Alias",
        ];
        if !self.is(from, "CREATE") {
            return None;
        }
        let engine = (from..to).any(|at| {
            let behind = at + 1 + usize::from(self.token(at + 1, &Token::Eq));
            self.is(at, "ENGINE") && self.any(behind, &ENGINES)
        });
        let near = from + 1..to.min(from + 7);
        let kind = near
            .clone()
            .find(|at| self.any(*at, &["VIEW", "FOREIGN", "SYNONYM", "TABLE"]))?;
        if self.is(kind, "TABLE") && !engine {
            return None;
        }
        let at = kind + 1 + usize::from(self.is(kind, "FOREIGN"));
        let at = self.skip(at, &["IF", "NOT", "EXISTS"]);
        self.name(at, to)
            .map(|(name, _)| name.lookup.to_lowercase())
    }

    /// Returns what a definition of a trigger says of it.
    fn trigger(&self, body: Range) -> Option<Trigger> {
        let Range { from, to } = body;
        let near = from + 1..to.min(from + 6);
        let trigger = near.clone().find(|at| self.is(*at, "TRIGGER"))?;
        if !self.is(from, "CREATE") {
            return None;
        }
        let named = self.skip(trigger + 1, &["IF", "NOT", "EXISTS"]);
        let (name, _) = self.name(named, to)?;
        let on = (trigger..to).find(|at| self.is(*at, "ON"))?;
        let (table, behind) = self.name(on + 1, to)?;
        let named_in = |from: usize, to: usize| -> Vec<&'static str> {
            let events = EVENTS.into_iter();
            let named = |event: &&str| (from..to).any(|at| self.is(at, event));
            events.filter(named).collect()
        };
        let mut events = named_in(named + 1, on);
        if events.is_empty() {
            // T-SQL says them behind the table.
            let end = (behind..to).find(|at| self.is(*at, "AS")).unwrap_or(to);
            events = named_in(behind, end);
        }
        if events.is_empty() {
            events = EVENTS.to_vec();
        }
        Some(Trigger {
            name: last_part(&name.lookup),
            table: last_part(&table.lookup),
            events,
            body,
        })
    }

    /// Returns where the verb of a statement stands: behind its `WITH`.
    fn verb(&self, range: Range) -> usize {
        let verbs = ["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];
        let mut places = range.from..range.to;
        match self.is(range.from, "WITH") {
            true => places
                .find(|at| self.any(*at, &verbs))
                .unwrap_or(range.from),
            false => range.from,
        }
    }

    /// Returns the events that a statement can be for a trigger.
    fn fires(&self, range: Range) -> Vec<&'static str> {
        let (from, to) = (self.verb(range), range.to);
        let begins = |word: &str| self.is(from, word);
        let on = |word: &str| {
            let mut places = from..to;
            // `ON CONFLICT … DO UPDATE`, `ON DUPLICATE KEY UPDATE`, `OR REPLACE`.
            places.any(|at| at > from && self.is(at, word))
        };
        let fires = |event: &&'static str| match *event {
            "INSERT" => ["INSERT", "REPLACE", "COPY", "MERGE"]
                .into_iter()
                .any(begins),
            "UPDATE" => begins("UPDATE") || begins("MERGE") || begins("INSERT") && on("UPDATE"),
            "DELETE" => {
                ["DELETE", "REPLACE", "MERGE"].into_iter().any(begins)
                    || begins("INSERT") && on("REPLACE")
            }
            _ => begins("TRUNCATE"),
        };
        EVENTS.into_iter().filter(fires).collect()
    }
}
