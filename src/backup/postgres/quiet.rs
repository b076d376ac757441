//! What would answer while rows come back (triggers, rules, event triggers, references in a circle), and how it is kept quiet.
//! All of it stands in the transaction of the restore: whatever ends that leaves everything as it was.

use std::collections::BTreeSet;

use super::links::{Link, circle};
use super::missing::Both;
use super::rows::RowJob;
use super::snapshot::{Relation, fault, text};
use crate::adapters::postgres::session::{Session, literal};
use crate::backup::error::BackupError;

/// Statements that silence, and those that let speak again as before.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    pub before: String,
    pub after: String,
    /// Tables whose triggers and rules this role may not switch off.
    pub loud: BTreeSet<String>,
}

impl Quiet {
    fn switch(&mut self, off: &str, on: &str) {
        self.before.push_str(&format!("{off};\n"));
        self.after.push_str(&format!("{on};\n"));
    }

    /// Says whose triggers have fired.
    pub fn left(&self, changed: impl Fn(&str) -> bool) -> Vec<String> {
        let mine = self.loud.iter().filter(|full| changed(full));
        mine.map(|full| {
            format!("what triggers and rules of `{full}` did while its rows came back: the role of the connection does not own the table and could not switch them off")
        })
        .collect()
    }
}

/// How a state of the catalog is said: `O` fires, `A` always, `R` in a replica, `D` never.
fn enabled(state: &str) -> &'static str {
    match state {
        "A" => "ENABLE ALWAYS",
        "R" => "ENABLE REPLICA",
        "D" => "DISABLE",
        _ => "ENABLE",
    }
}

pub(super) fn is_superuser(both: &mut Both) -> Result<bool, BackupError> {
    let rows = both
        .live
        .rows("SELECT current_setting('is_superuser')")
        .map_err(fault)?;
    Ok(rows.first().is_some_and(|row| text(row, 0) == "on"))
}

/// Event triggers, which only a superuser can switch off.
pub(super) fn events(live: &mut dyn Session, superuser: bool) -> Result<Quiet, BackupError> {
    let mut quiet = Quiet::default();
    if !superuser {
        return Ok(quiet);
    }
    let rows = live
        .rows("SELECT quote_ident(evtname), evtenabled FROM pg_event_trigger WHERE evtenabled <> 'D' ORDER BY evtname")
        .map_err(fault)?;
    for row in &rows {
        let name = text(row, 0);
        quiet.switch(
            &format!("ALTER EVENT TRIGGER {name} DISABLE"),
            &format!("ALTER EVENT TRIGGER {name} {}", enabled(&text(row, 1))),
        );
    }
    Ok(quiet)
}

/// Triggers, rules and references of the tables whose rows come back.
pub(super) fn tables(
    both: &mut Both,
    jobs: &[RowJob],
    links: &[Link],
    superuser: bool,
) -> Result<Quiet, BackupError> {
    let mut quiet = Quiet::default();
    // A superuser's session stands as a replica, in which most of them are silent already.
    let loud = if superuser {
        "('A', 'R')"
    } else {
        "('O', 'A')"
    };
    for job in jobs {
        let below = format!(
            "SELECT {0}::regclass::oid AS oid, 0 AS level UNION SELECT relid::oid, level FROM pg_partition_tree({0}::regclass) WHERE {1}",
            literal(&job.full),
            job.is_whole()
        );
        let rows = both
            .live
            .rows(&format!(
                "SELECT s.* FROM (SELECT format('%I.%I', n.nspname, c.relname), 'TRIGGER', quote_ident(t.tgname), t.tgenabled, pg_has_role(c.relowner, 'USAGE'), b.level \
                 FROM ({below}) b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_trigger t ON t.tgrelid = c.oid \
                 AND (NOT t.tgisinternal OR t.tgconstraint = 0 AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') <> '0') \
                 UNION ALL SELECT format('%I.%I', n.nspname, c.relname), 'RULE', quote_ident(r.rulename), r.ev_enabled, pg_has_role(c.relowner, 'USAGE'), b.level \
                 FROM ({below}) b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_rewrite r ON r.ev_class = c.oid) s(a,b,c,d,e,f) \
                 WHERE s.d IN {loud} ORDER BY f, a, b, c"
            ))
            .map_err(fault)?;
        for row in &rows {
            let (full, kind, name) = (text(row, 0), text(row, 1), text(row, 2));
            if text(row, 4) != "t" {
                quiet.loud.insert(job.full.clone());
                continue;
            }
            quiet.switch(
                &format!("ALTER TABLE ONLY {full} DISABLE {kind} {name}"),
                &format!(
                    "ALTER TABLE ONLY {full} {} {kind} {name}",
                    enabled(&text(row, 3))
                ),
            );
        }
    }
    if !superuser {
        references(both, jobs, links, &mut quiet)?;
    }
    Ok(quiet)
}

/// References in a circle are checked once all rows are there.
fn references(
    both: &mut Both,
    jobs: &[RowJob],
    links: &[Link],
    quiet: &mut Quiet,
) -> Result<(), BackupError> {
    let named = |one: &&Relation| jobs.iter().any(|job| job.full == one.full);
    let tables: Vec<Relation> = both.had.iter().filter(named).cloned().collect();
    let ring = circle(&tables, links);
    let names: Vec<String> = tables
        .iter()
        .filter(|one| ring.contains(&one.oid))
        .map(|one| format!("{}::regclass", literal(&one.full)))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ");
    let rows = both
        .live
        .rows(&format!(
            "SELECT format('%I.%I', n.nspname, c.relname), quote_ident(k.conname) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND NOT k.condeferrable AND k.conparentid = 0 \
             AND k.conrelid IN ({names}) AND k.confrelid IN ({names}) AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1, 2"
        ))
        .map_err(fault)?;
    for row in &rows {
        let (full, name) = (text(row, 0), text(row, 1));
        quiet.switch(
            &format!("ALTER TABLE {full} ALTER CONSTRAINT {name} DEFERRABLE"),
            &format!("ALTER TABLE {full} ALTER CONSTRAINT {name} NOT DEFERRABLE"),
        );
    }
    quiet.before.push_str("SET CONSTRAINTS ALL DEFERRED;\n");
    quiet
        .after
        .insert_str(0, "SET CONSTRAINTS ALL IMMEDIATE;\n");
    Ok(())
}
