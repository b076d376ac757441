//! What a code does, as far as its calls show: SQL that it sends, steps that it takes, stores that it empties.
//! It holds what was found and decides nothing.

use crate::model::span::Span;

use super::super::drivers;
use super::super::steps::Step;
use super::super::undone::Undone;

/// A text that a code sends to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Sent {
    pub text: String,
    pub span: Span,
    /// It only may be SQL.
    pub perhaps: bool,
    /// It is one of several texts that may be sent.
    pub choice: bool,
    /// What the connection is given over which it goes.
    pub over: Option<String>,
    /// The same with the values of its parameters, one for each time that it is sent; empty where they are not known.
    pub bound: Vec<String>,
}

impl Sent {
    pub(super) const fn new(text: String, span: Span, perhaps: bool) -> Self {
        Self {
            text,
            span,
            perhaps,
            choice: false,
            over: None,
            bound: Vec::new(),
        }
    }
}

/// What a code does, as far as its calls show.
#[derive(Default)]
pub(in super::super) struct Deeds {
    /// SQL texts, in order.
    pub sql: Vec<Sent>,
    /// What it starts, deletes and writes, in order.
    pub steps: Vec<Step>,
    /// Deletions of paths that are not known, with the last part of their names.
    pub unknown: Vec<(Span, Option<String>)>,
    /// What calls that connect are given.
    pub connections: Vec<String>,
    /// Calls that take data away without SQL: their rule and their name.
    pub wipes: Vec<(&'static str, String, Span)>,
    /// Where SQL stands whose changed rows are rolled back.
    pub undone: Vec<Span>,
    /// Folders that it lays out where they are not there.
    pub laid: Vec<String>,
    /// It sends SQL of which nothing is known.
    pub sends_unknown: bool,
    /// The code does more, or has more readings, than is looked at.
    pub cut: bool,
}

impl Deeds {
    /// Tells whether the code connects to more than one database.
    pub fn has_several(&self) -> bool {
        let first = self.connections.first();
        self.connections.iter().any(|one| Some(one) != first)
    }

    /// Tells whether the rows that a statement meets are those that are there before the code: nothing else changes or adds any.
    pub fn is_steady(&self, sent: &Sent) -> bool {
        const STAYS: [&str; 9] = [
            "select", "delete", "drop", "pragma", "explain", "commit", "begin", "vacuum",
            "rollback",
        ];
        let stays = |text: &str| {
            let head = text.trim_start();
            let word: String = head.chars().take_while(char::is_ascii_alphabetic).collect();
            let body = head.trim_end().trim_end_matches(';');
            STAYS.contains(&word.to_ascii_lowercase().as_str()) && !body.contains(';')
        };
        let others = self.sql.iter().filter(|one| one.span != sent.span);
        !self.sends_unknown && others.into_iter().all(|one| stays(&one.text))
    }

    /// Tells whether something is deleted, started or sent of which a part is not known.
    pub(super) fn has_unknown(&self) -> bool {
        let unknown = |text: &str| text.contains(crate::sql::HOLE) || text.contains("$UNKNOWN");
        !self.unknown.is_empty()
            || self.steps.iter().any(|step| unknown(&step.text))
            || self
                .sql
                .iter()
                .any(|sent| sent.text.trim_start().starts_with(crate::sql::HOLE))
    }

    /// Takes back the rows that were changed since then; whatever else was done stays, unless nothing was.
    pub(super) fn undo(&mut self, (sql, wipes): (usize, usize), undone: &Undone) {
        if undone.whole {
            self.sql.truncate(sql);
        }
        let spans = self.sql.iter().skip(sql).map(|sent| sent.span);
        self.undone.extend(spans);
        let mut place = 0;
        self.wipes.retain(|(rule, name, _)| {
            place += 1;
            let last = name.rsplit('.').next().unwrap_or(name);
            let last = last.trim_end_matches('!');
            let rows = drivers::ROWS.contains(&last)
                || undone.is_named() && drivers::DOCUMENTS.contains(&last);
            place <= wipes || *rule != drivers::DATA || !(undone.whole || rows)
        });
    }
}
