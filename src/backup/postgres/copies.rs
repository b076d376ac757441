//! Rows of a backup brought into temporary tables of the living database, for roles that may make no scratch database.
//! Only rows come back this way: definitions are taken to be those of the backup, and a column that is gone ends the restore.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::load::io;
use super::missing::feed;
use super::scan::{Name, parse_name};
use super::snapshot::Relation;
use crate::adapters::tools::Program;
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::backup::readback::Plain;
use crate::model::backup::Entry;

const CHUNK: usize = 1 << 18;
/// Longest line outside of rows that is looked at.
const LINE: usize = 1 << 20;

/// The name of the copy of one table.
pub(super) fn name(oid: u32) -> String {
    format!("pg_temp.backstop_{oid}")
}

/// Which tables are copied, and into which copy the rows of each go.
#[derive(Debug, Default)]
pub(super) struct Copies {
    made: BTreeMap<u32, String>,
    into: BTreeMap<Name, u32>,
}

impl Copies {
    /// Adds a table with those whose rows are looked at as its own.
    pub fn add(&mut self, table: &Relation, inside: &[&Relation]) -> Result<(), BackupError> {
        self.made.insert(table.oid, table.full.clone());
        for one in [table].iter().chain(inside) {
            if let Some(other) = self.into.insert(one.name.clone(), table.oid)
                && other != table.oid
            {
                return Err(BackupError::Unreachable(format!(
                    "rows of `{}` were lost in two ways, and this role may not make the scratch database that it takes to tell them apart",
                    one.full
                )));
            }
        }
        Ok(())
    }

    /// Makes the copies and fills them; returns what the backup says of sequences.
    pub fn fill(
        &self,
        entry: &Entry,
        psql: &mut Box<dyn Program>,
        control: &Control,
    ) -> Result<BTreeMap<String, (String, String)>, BackupError> {
        for (oid, full) in &self.made {
            let copy = name(*oid);
            feed(
                psql,
                &format!(
                    "CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT * FROM {full} WITH NO DATA;\n",
                    copy.trim_start_matches("pg_temp.")
                ),
            )?;
        }
        let mut reading = Reading::default();
        let mut met = BTreeSet::new();
        let artefacts = entry.manifest.artefacts.iter();
        for artefact in artefacts.filter(|one| one.role == "data") {
            let mut plain = Plain::open(&entry.folder, artefact)?;
            let mut buffer = vec![0; CHUNK];
            loop {
                control.check()?;
                let read = plain
                    .read(&mut buffer)
                    .map_err(|error| BackupError::NotIntact(error.to_string()))?;
                if read == 0 {
                    break;
                }
                for line in buffer
                    .get(..read)
                    .unwrap_or_default()
                    .split_inclusive(|byte| *byte == b'\n')
                {
                    self.part(line, &mut reading, &mut met, psql)?;
                }
            }
            plain.finish()?;
        }
        // A table without its rows in the backup would come back empty, and nobody would know.
        match self
            .into
            .keys()
            .find(|one| is_told(entry, one) && !met.contains(*one))
        {
            Some((schema, table)) => Err(BackupError::NotIntact(format!(
                "the rows of `{schema}.{table}` were not found in it"
            ))),
            None => Ok(reading.sequences),
        }
    }

    /// Takes a line, or a part of one.
    fn part(
        &self,
        part: &[u8],
        reading: &mut Reading,
        met: &mut BTreeSet<Name>,
        psql: &mut Box<dyn Program>,
    ) -> Result<(), BackupError> {
        if reading.copying {
            psql.feed(part).map_err(|error| io(&error))?;
        }
        if reading.line.len() + part.len() <= LINE {
            reading.line.extend_from_slice(part);
        } else {
            reading.long = true;
        }
        if part.last() != Some(&b'\n') {
            return Ok(());
        }
        let long = std::mem::take(&mut reading.long);
        let line = std::mem::take(&mut reading.line);
        if long {
            return Ok(());
        }
        if reading.inside {
            if line == b"\\.\n" {
                (reading.inside, reading.copying) = (false, false);
            }
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if let Some((table, columns)) = block(line) {
            reading.inside = true;
            if let Some(oid) = self.into.get(&table) {
                reading.copying = true;
                met.insert(table);
                feed(
                    psql,
                    &format!("COPY {} {columns} FROM stdin;\n", name(*oid)),
                )?;
            }
        } else if let Some((sequence, value, called)) = setval(line) {
            reading.sequences.insert(sequence, (value, called));
        }
        Ok(())
    }
}

/// Tells whether the manifest counts rows of a table.
fn is_told(entry: &Entry, table: &Name) -> bool {
    super::load::rows_of(entry).contains_key(table)
}

#[derive(Default)]
struct Reading {
    line: Vec<u8>,
    long: bool,
    /// Rows of some table.
    inside: bool,
    /// Rows of a table that is copied.
    copying: bool,
    sequences: BTreeMap<String, (String, String)>,
}

/// Reads `COPY public.t (id, v) FROM stdin;`.
fn block(line: &str) -> Option<(Name, &str)> {
    let rest = line.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?;
    let mut quoted = false;
    let at = rest.char_indices().find_map(|(at, letter)| {
        quoted ^= letter == '"';
        (letter == ' ' && !quoted).then_some(at)
    })?;
    let (table, columns) = rest.split_at_checked(at)?;
    Some((parse_name(table)?, columns.trim()))
}

/// Reads `SELECT pg_catalog.setval('public.t_id_seq', 3, true);`.
fn setval(line: &str) -> Option<(String, String, String)> {
    let rest = line
        .strip_prefix("SELECT pg_catalog.setval('")?
        .strip_suffix(");")?;
    let (rest, called) = rest.rsplit_once(", ")?;
    let (sequence, value) = rest.rsplit_once(", ")?;
    let sequence = sequence.strip_suffix('\'')?.replace("''", "'");
    let _number: i64 = value.parse().ok()?;
    matches!(called, "true" | "false").then(|| (sequence, value.to_owned(), called.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_sequences_of_a_dump_are_read() {
        let (table, columns) = block("COPY public.\"a (b\" (id, \"x y\") FROM stdin;").unwrap();
        assert_eq!(table, ("public".to_owned(), "a (b".to_owned()));
        assert_eq!(columns, "(id, \"x y\")");
        assert!(block("COPY public.t (id) FROM stdin; x").is_none());
        let (name, value, called) =
            setval("SELECT pg_catalog.setval('public.\"it''s\"', 3, true);").unwrap();
        assert_eq!(
            (name.as_str(), value.as_str(), called.as_str()),
            ("public.\"it's\"", "3", "true")
        );
    }
}
