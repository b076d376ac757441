//! Definitions as a dump announces them, in its order: read from the backup and from the living database, and compared.
//! What of it a loss concerns is the business of `reach`; rows are in none of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Instant;

use super::lexer::{Lexer, Listener};
use super::load::{io, look};
use super::missing::Missing;
use super::reach::Reached;
use super::scan::{Listed, announced};
use super::snapshot::{fault, text};
use crate::adapters::postgres::session::{identifier, literal};
use crate::adapters::postgres::way::Way;
use crate::backup::error::{BackupError, ScanError};

const CHUNK: usize = 1 << 18;
/// Longest list of definitions that is compared.
const MAX_ENTRIES: usize = 200_000;
/// What a dump says after the rows; everything that follows the first of these does too.
const AFTER_ROWS: [&str; 14] = [
    "CONSTRAINT",
    "FK CONSTRAINT",
    "CHECK CONSTRAINT",
    "INDEX",
    "INDEX ATTACH",
    "STATISTICS",
    "RULE",
    "TRIGGER",
    "EVENT TRIGGER",
    "POLICY",
    "ROW SECURITY",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "SUBSCRIPTION",
];
/// What is there under its name may say something else, and can be said over it.
const SAID_AGAIN: [&str; 8] = [
    SCHEMA_OWNER,
    "ACL",
    "DEFAULT ACL",
    "COMMENT",
    "SECURITY LABEL",
    "FUNCTION",
    "PROCEDURE",
    "VIEW",
];
/// An entry of our own: who owns `public`, which a dump says only where it is not as a new database has it.
const SCHEMA_OWNER: &str = "SCHEMA OWNER";
/// What the database has of itself, or what follows from other entries.
const ELSEWHERE: [&str; 2] = ["DATABASE", "DATABASE PROPERTIES"];

/// One entry of a dump with its statements.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// In the words of the dump: `FK CONSTRAINT`.
    pub kind: String,
    pub schema: String,
    pub name: String,
    /// Tablespace and access method that stood before it.
    settings: String,
    pub statements: Vec<String>,
    /// A statement of it was too long to be kept.
    cut: bool,
    pub after_rows: bool,
}

impl Entry {
    pub fn title(&self) -> String {
        let kind = match self.kind.as_str() {
            "ACL" => "grants of".to_owned(),
            "DEFAULT ACL" => "default grants for".to_owned(),
            "COMMENT" => "comment on".to_owned(),
            SCHEMA_OWNER => "owner of the schema".to_owned(),
            "FK CONSTRAINT" => "foreign key".to_owned(),
            "TABLE ATTACH" => "attachment of the partition".to_owned(),
            "INDEX ATTACH" => "attachment of the index".to_owned(),
            "PUBLICATION TABLE" => "membership in a publication".to_owned(),
            other => other.to_lowercase(),
        };
        match self.schema.as_str() {
            "" => format!("{kind} `{}`", self.name),
            schema => format!("{kind} `{}` in schema `{schema}`", self.name),
        }
    }

    fn key(&self) -> (&str, &str, &str) {
        (&self.kind, &self.schema, &self.name)
    }

    /// Returns the statements that bring it back; with `over`, over what is there.
    pub fn statements(&self, over: bool) -> Vec<String> {
        let kinds = ["FUNCTION", "PROCEDURE", "VIEW"];
        let mut all = Vec::new();
        if matches!(self.kind.as_str(), "TABLE" | "MATERIALIZED VIEW" | "INDEX") {
            all.push(self.settings.clone());
        }
        all.extend(self.statements.iter().map(|text| {
            let create = kinds.iter().map(|kind| format!("CREATE {kind} "));
            match create
                .into_iter()
                .find(|start| over && text.starts_with(start))
            {
                Some(start) => {
                    let again = start.replacen("CREATE ", "CREATE OR REPLACE ", 1);
                    text.replacen(&start, &again, 1)
                }
                None => text.clone(),
            }
        }));
        all.retain(|one| !one.is_empty());
        all
    }

    /// Tells whether everything that it says is said by another of its name; of a table in any order.
    fn is_in(&self, now: &Self) -> bool {
        if self.kind == "STATISTICS" {
            // Their columns stand in the order of the table, which another one may have now.
            let words = |entry: &Self| {
                let text = entry.statements.join(" ");
                let mut all: Vec<String> = text.split([' ', ',', ';']).map(str::to_owned).collect();
                all.sort();
                all
            };
            return words(self) == words(now);
        }
        if self.kind != "TABLE" {
            return self.statements == now.statements;
        }
        let lines = |entry: &Self| -> Vec<String> {
            let lines = entry.statements.iter().flat_map(|text| text.lines());
            lines
                .map(|line| line.trim().trim_end_matches([',', ';']).to_owned())
                .collect()
        };
        let now = lines(now);
        lines(self).iter().all(|line| now.contains(line))
    }
}

#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    /// Entries of the list are open to statements.
    open: bool,
    after_rows: bool,
    space: String,
    method: String,
}

impl Listener for Reading {
    fn statement(&mut self, text: &[u8], whole: bool) -> Result<bool, ScanError> {
        let text = String::from_utf8_lossy(text);
        let text = text.trim();
        if text.starts_with("SET default_tablespace") {
            text.clone_into(&mut self.space);
        } else if text.starts_with("SET default_table_access_method") {
            text.clone_into(&mut self.method);
        } else if let Some(entry) = self.entries.last_mut().filter(|_| self.open)
            && !text.starts_with("SELECT pg_catalog.set_config")
        {
            let end = if text.ends_with(';') { "" } else { ";" };
            entry.statements.push(format!("{text}{end}"));
            entry.cut |= !whole;
        }
        Ok(false)
    }

    fn comment(&mut self, line: &[u8]) -> Result<(), ScanError> {
        if !line.starts_with(b"-- Name: ") {
            return Ok(());
        }
        let Some(Listed { kind, schema, name }) = announced(line) else {
            self.open = false;
            return Ok(());
        };
        if self.entries.len() >= MAX_ENTRIES {
            return Err(ScanError::new(format!(
                "the database has more than {MAX_ENTRIES} definitions"
            )));
        }
        self.after_rows |= AFTER_ROWS.contains(&kind.as_str());
        self.open = true;
        self.entries.push(Entry {
            kind,
            schema,
            name,
            settings: format!("{}\n{}", self.space, self.method).trim().to_owned(),
            after_rows: self.after_rows,
            ..Entry::default()
        });
        Ok(())
    }

    fn meta(&mut self, _line: &[u8]) -> Result<(), ScanError> {
        Ok(())
    }

    fn block(&mut self, _rows: u64) -> Result<(), ScanError> {
        Ok(())
    }
}

/// Reads all definitions of a database, in the order in which they can be said.
fn read(way: &Way, job: &Missing<'_>) -> Result<Vec<Entry>, BackupError> {
    let args = ["--schema-only", "--no-password", "--encoding=UTF8"].map(str::to_owned);
    let deadline = Instant::now() + job.control.left();
    let mut dump = way
        .start("pg_dump", &args, job.major, deadline)
        .map_err(fault)?;
    dump.close_input().map_err(|error| io(&error))?;
    let (mut lexer, mut reading) = (Lexer::new(false), Reading::default());
    let mut buffer = vec![0; CHUNK];
    loop {
        job.control.check()?;
        let read = dump.read(&mut buffer).map_err(|error| io(&error))?;
        if read == 0 {
            break;
        }
        lexer.feed(buffer.get(..read).unwrap_or_default(), &mut reading)?;
    }
    let mut entries = public(way, job)?;
    let speaks = |entry: &Entry| {
        let schema = entry.kind == "SCHEMA" && entry.name == "public";
        let of_it =
            matches!(entry.kind.as_str(), "ACL" | "COMMENT") && entry.name == "SCHEMA public";
        schema || of_it
    };
    entries.extend(reading.entries.into_iter().filter(|one| !speaks(one)));
    Ok(entries)
}

/// Says of the schema `public` what a dump takes for granted: that it is there, whose it is, who may use it, and its comment.
fn public(way: &Way, job: &Missing<'_>) -> Result<Vec<Entry>, BackupError> {
    let rows = look(way, job.control)?
        .rows(
            "SELECT pg_get_userbyid(nspowner), obj_description(oid, 'pg_namespace'), \
             (SELECT json_agg(format('GRANT %s ON SCHEMA public TO %s%s;', a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, \
             CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) ORDER BY a.grantee, a.privilege_type) \
             FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a WHERE a.grantee <> nspowner) FROM pg_namespace WHERE nspname = 'public'",
        )
        .map_err(fault)?;
    let Some(row) = rows.first() else {
        return Ok(Vec::new());
    };
    let entry = |kind: &str, name: &str, statements: Vec<String>| Entry {
        kind: kind.to_owned(),
        name: name.to_owned(),
        statements,
        ..Entry::default()
    };
    let owner = identifier(&text(row, 0));
    let comment = literal(&text(row, 1));
    let grants: Vec<String> = serde_json::from_str(&text(row, 2)).unwrap_or_default();
    let mut all = vec!["REVOKE ALL ON SCHEMA public FROM PUBLIC;".to_owned()];
    all.extend(grants);
    Ok(vec![
        entry("SCHEMA", "public", vec!["CREATE SCHEMA public;".to_owned()]),
        entry(
            SCHEMA_OWNER,
            "public",
            vec![format!("ALTER SCHEMA public OWNER TO {owner};")],
        ),
        entry(
            "COMMENT",
            "SCHEMA public",
            vec![format!("COMMENT ON SCHEMA public IS {comment};")],
        ),
        entry("ACL", "SCHEMA public", all),
    ])
}

/// A definition of the backup that is gone, or says something else now.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    pub entry: Entry,
    /// Something of its name is there.
    pub there: bool,
    /// It belongs to what the call took.
    pub concerned: bool,
}

impl Lost {
    /// Tells whether it can be said as the backup says it.
    pub fn can_be_said(&self) -> bool {
        let again = SAID_AGAIN.contains(&self.entry.kind.as_str());
        self.concerned && !self.entry.cut && (!self.there || again)
    }
}

/// Finds what the living database lacks of the backup's definitions.
pub(super) fn lost(job: &Missing<'_>, reached: &Reached) -> Result<Vec<Lost>, BackupError> {
    let had = read(job.scratch, job)?;
    let has = read(job.live, job)?;
    let mut now: BTreeMap<(&str, &str, &str), Vec<&Entry>> = BTreeMap::new();
    for one in &has {
        now.entry(one.key()).or_default().push(one);
    }
    let mut found = Vec::new();
    for entry in &had {
        let there = now.get(&entry.key());
        let same = there.is_some_and(|all| all.iter().any(|one| entry.is_in(one)));
        if !same && !ELSEWHERE.contains(&entry.kind.as_str()) {
            found.push(Lost {
                there: there.is_some(),
                concerned: reached.concerns(entry),
                entry: entry.clone(),
            });
        }
    }
    Ok(found)
}
