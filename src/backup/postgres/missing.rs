//! Brings lost tables, what went with them, and lost rows from a scratch database back into a living one, in one transaction.
//! What is there already stays as it is; whole databases are the business of `restore`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Instant;

use super::columns;
use super::definitions;
use super::load::{client, io, look};
use super::rows;
use super::scan::{Name, Section, SectionScan};
use super::snapshot::{Relation, fault, number, relations, text};
use super::types;
use crate::adapters::postgres::session::Session;
use crate::adapters::postgres::way::Way;
use crate::adapters::tools::Program;
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::backup::pipeline::Scan;
use crate::model::backup::Definition;
use crate::model::finding::RowsLost;
use crate::plan::restore::{RestorePlan, Restored, Step};

/// Relations that one dump may name on its command line.
const NAMED: usize = 2000;
const CHUNK: usize = 1 << 18;

/// From where, to where, and what.
#[derive(Debug)]
pub(super) struct Missing<'a> {
    pub live: &'a Way,
    pub scratch: &'a Way,
    /// Names that were lost; empty means everything that is missing.
    pub wanted: BTreeSet<Name>,
    pub major: u32,
    /// Rows that differ get the values of the backup.
    pub overwrite: bool,
    /// Rows that were lost one by one: of their tables only these come back.
    pub rows: &'a [RowsLost],
    /// Rows that were changed again get the values of the backup too.
    pub over: bool,
    /// Names without schema of what is no table.
    pub bare: BTreeSet<String>,
    /// Definitions that were lost, as the statement names them.
    pub definitions: &'a [Definition],
    /// Definitions were lost, and what hangs on them: they come back too.
    pub follow: bool,
    /// Rows are counted and listed, and nothing is changed.
    pub look: bool,
    pub control: &'a Control,
}

impl Missing<'_> {
    /// Tells whether a relation without rows of its own was named without its schema, by a name that no table has.
    fn names_bare(&self, name: &Name) -> bool {
        self.bare.contains(&name.1)
    }
}

/// What both databases hold.
pub(super) struct Both {
    pub scratch: Box<dyn Session>,
    pub live: Box<dyn Session>,
    pub had: Vec<Relation>,
    pub has: BTreeMap<Name, Relation>,
}

fn both(job: &Missing<'_>) -> Result<Both, BackupError> {
    let mut scratch = look(job.scratch, job.control)?;
    let mut live = look(job.live, job.control)?;
    let had = relations(scratch.as_mut())?;
    let has: BTreeMap<Name, Relation> = relations(live.as_mut())?
        .into_iter()
        .map(|one| (one.name.clone(), one))
        .collect();
    Ok(Both {
        scratch,
        live,
        had,
        has,
    })
}

/// Counts and lists the rows that would come back into living tables; nothing is changed.
pub(super) fn foresee(job: &Missing<'_>, plan: &mut RestorePlan) -> Result<(), BackupError> {
    let mut both = both(job)?;
    let mut create = |kind: &str, name: String| {
        plan.steps.push(Step::Create {
            kind: kind.to_owned(),
            name,
        });
    };
    let lost = lost(job, &mut both)?;
    for one in &lost {
        create(kind_of(one), one.full.clone());
    }
    for one in columns::lost(job, &mut both)? {
        create("column", one.title().replace('`', ""));
    }
    for (name, _) in types::lost(&mut both)? {
        create("type", name);
    }
    for (name, _) in functions(&mut both)? {
        create("function", name);
    }
    for (name, _) in foreign_keys(job, &mut both, &lost)? {
        create("foreign key", name.replace('`', ""));
    }
    for name in definitions::foresee(job)? {
        create("definition", name.replace('`', ""));
    }
    let rows = rows::work(job, &mut both, &[])?;
    let mut psql = client(job.live, false, job.control)?;
    feed(&mut psql, "BEGIN;\nSET LOCAL search_path = pg_catalog;\n")?;
    for (at, one) in rows.iter().enumerate() {
        one.feed(at, job, &mut psql)?;
    }
    feed(&mut psql, "ROLLBACK;\n")?;
    psql.close_input().map_err(|error| io(&error))?;
    let mut said = String::new();
    psql.read_to_string(&mut said).map_err(|error| io(&error))?;
    rows::foresee(&rows, &said, plan);
    Ok(())
}

const fn kind_of(one: &Relation) -> &'static str {
    match one.kind {
        'r' | 'p' => "table",
        'v' => "view",
        'm' => "materialized view",
        'S' => "sequence",
        _ => "relation",
    }
}

/// Creates what is missing, inserts rows that are missing, and reports what differs.
pub(super) fn bring_back(job: &Missing<'_>, restored: &mut Restored) -> Result<(), BackupError> {
    let mut both = both(job)?;
    let lost = lost(job, &mut both)?;
    let columns = columns::lost(job, &mut both)?;
    let foreign = foreign_keys(job, &mut both, &lost)?;
    // Asked before anything is changed: afterwards the questions would wait for our own locks.
    let belongings = columns::belongings(job, &mut both, &columns)?;
    let types = types::lost(&mut both)?;
    let functions = functions(&mut both)?;
    let rows = rows::work(job, &mut both, &columns)?;

    let mut psql = client(job.live, false, job.control)?;
    feed(&mut psql, "BEGIN;\nSET LOCAL lock_timeout = '10s';\n")?;
    say_definitions(&types, &functions, &mut psql, restored)?;
    for one in &columns {
        feed(&mut psql, &one.add())?;
        restored
            .done
            .push(format!("added column {} again", one.title()));
    }
    create(job, &lost, &mut psql, restored)?;
    // A dump leaves its own search path behind, and the rows below name everything in full.
    feed(&mut psql, "SET search_path = pg_catalog;\n")?;
    for (at, one) in rows.iter().enumerate() {
        one.feed(at, job, &mut psql)?;
    }
    for (name, statement) in &belongings {
        feed(&mut psql, &format!("{statement};\n"))?;
        if !statement.ends_with(" SET NOT NULL") {
            restored.done.push(format!("created `{name}` again"));
        }
    }
    for (name, statement) in &foreign {
        feed(&mut psql, &format!("{statement};\n"))?;
        restored
            .done
            .push(format!("created foreign key {name} again"));
    }
    feed(&mut psql, "COMMIT;\n")?;
    psql.close_input().map_err(|error| io(&error))?;
    let mut said = String::new();
    psql.read_to_string(&mut said).map_err(|error| io(&error))?;
    rows::report(&rows, &said, restored);
    definitions::bring_back(job, restored)
}

/// Types first: functions, columns and tables speak of them.
fn say_definitions(
    types: &Named,
    functions: &Named,
    psql: &mut Box<dyn Program>,
    restored: &mut Restored,
) -> Result<(), BackupError> {
    for (name, definition) in types {
        feed(psql, &format!("{definition};\n"))?;
        restored.done.push(format!("created type `{name}` again"));
    }
    for (name, definition) in functions {
        feed(
            psql,
            &format!("SET LOCAL check_function_bodies = off;\n{definition};\n"),
        )?;
        restored
            .done
            .push(format!("created function `{name}` again"));
    }
    Ok(())
}

pub(super) fn feed(psql: &mut Box<dyn Program>, text: &str) -> Result<(), BackupError> {
    psql.feed(text.as_bytes()).map_err(|error| io(&error))
}

/// Relations that are in the backup and no longer there: those that were named, and what goes with them.
fn lost(job: &Missing<'_>, both: &mut Both) -> Result<Vec<Relation>, BackupError> {
    let absent: Vec<Relation> = both
        .had
        .iter()
        .filter(|one| !one.extension && !both.has.contains_key(&one.name))
        .cloned()
        .collect();
    if job.wanted.is_empty() || absent.is_empty() {
        return Ok(absent);
    }
    let roots: Vec<String> = both
        .had
        .iter()
        .filter(|one| job.wanted.contains(&one.name) || job.names_bare(&one.name))
        .map(|one| format!("({})", one.oid))
        .collect();
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let met = both
        .scratch
        .rows(&format!(
            "WITH RECURSIVE walk(classid,objid) AS (SELECT 'pg_class'::regclass::oid, o::oid FROM (VALUES {}) v(o) UNION (WITH w AS (SELECT * FROM walk) \
             SELECT d.classid, d.objid FROM w JOIN pg_depend d ON d.refclassid=w.classid AND d.refobjid=w.objid WHERE d.deptype IN ('n','a','i','P','S','x','e') \
             UNION ALL SELECT d.refclassid, d.refobjid FROM w JOIN pg_depend d ON d.classid=w.classid AND d.objid=w.objid WHERE d.deptype='i' \
             UNION ALL SELECT d.refclassid, d.refobjid FROM w JOIN pg_depend d ON d.classid=w.classid AND d.objid=w.objid \
             JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' WHERE d.refclassid='pg_class'::regclass)) \
             SELECT DISTINCT objid FROM walk WHERE classid = 'pg_class'::regclass",
            roots.join(", ")
        ))
        .map_err(fault)?;
    let met: BTreeSet<u32> = met.iter().map(|row| number(row, 0)).collect();
    Ok(absent
        .into_iter()
        .filter(|one| met.contains(&one.oid))
        .collect())
}

/// Creates lost relations with their rows, section by section: schemas that are gone whole, then single relations.
fn create(
    job: &Missing<'_>,
    lost: &[Relation],
    psql: &mut Box<dyn Program>,
    restored: &mut Restored,
) -> Result<(), BackupError> {
    if lost.is_empty() {
        return Ok(());
    }
    if lost.len() > NAMED {
        return Err(BackupError::Limit(format!(
            "{} relations are missing; restore the whole database instead",
            lost.len()
        )));
    }
    let mut session = look(job.live, job.control)?;
    let schemas: BTreeSet<String> = session
        .rows("SELECT nspname FROM pg_namespace")
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    let gone: BTreeSet<&str> = lost
        .iter()
        .map(|one| one.name.0.as_str())
        .filter(|schema| !schemas.contains(*schema))
        .collect();
    let whole: Vec<String> = gone
        .iter()
        .map(|schema| format!("--schema={}", quote(schema)))
        .collect();
    let single: Vec<String> = lost
        .iter()
        .filter(|one| !gone.contains(one.name.0.as_str()))
        .map(|one| format!("--table={}.{}", quote(&one.name.0), quote(&one.name.1)))
        .collect();
    for section in ["pre-data", "data", "post-data"] {
        for args in [&whole, &single] {
            if !args.is_empty() {
                copy_section(job, section, args, psql)?;
            }
        }
    }
    for one in lost {
        restored.done.push(match one.kind {
            'r' | 'p' => format!("created table `{}` again with its rows", one.full),
            'v' => format!("created view `{}` again", one.full),
            'm' => format!("created materialized view `{}` again", one.full),
            'S' => format!("created sequence `{}` again", one.full),
            _ => format!("created `{}` again", one.full),
        });
    }
    Ok(())
}

fn copy_section(
    job: &Missing<'_>,
    section: &str,
    names: &[String],
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    let mut args = vec![
        format!("--section={section}"),
        "--strict-names".to_owned(),
        "--no-password".to_owned(),
    ];
    args.extend_from_slice(names);
    let deadline = Instant::now() + job.control.left();
    let mut dump = job
        .scratch
        .start("pg_dump", &args, job.major, deadline)
        .map_err(fault)?;
    let part = if section == "data" {
        Section::Data
    } else {
        Section::Definitions
    };
    let mut scan = SectionScan::new(part, None);
    let mut buffer = vec![0; CHUNK];
    loop {
        job.control.check()?;
        let read = dump.read(&mut buffer).map_err(|error| io(&error))?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        scan.feed(bytes)?;
        psql.feed(bytes).map_err(|error| io(&error))?;
    }
    scan.end()?;
    Ok(())
}

pub(super) type Named = Vec<(String, String)>;

/// Foreign keys between what came back and what stayed, which went with it.
fn foreign_keys(
    job: &Missing<'_>,
    both: &mut Both,
    lost: &[Relation],
) -> Result<Named, BackupError> {
    let query = "SELECT n.nspname, c.relname, quote_ident(k.conname), format('%I.%I', n.nspname, c.relname), pg_get_constraintdef(k.oid), c.relkind, \
                 k.confrelid FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE k.contype = 'f' AND k.conparentid = 0";
    let had = both.scratch.rows(query).map_err(fault)?;
    let has: BTreeSet<(Name, String)> = both
        .live
        .rows(query)
        .map_err(fault)?
        .iter()
        .map(|row| ((text(row, 0), text(row, 1)), text(row, 2)))
        .collect();
    let created: BTreeSet<&Name> = lost.iter().map(|one| &one.name).collect();
    let back: BTreeSet<u32> = both
        .had
        .iter()
        .filter(|one| created.contains(&one.name) || job.wanted.contains(&one.name))
        .map(|one| one.oid)
        .collect();
    Ok(had
        .iter()
        .filter(|row| {
            let name = (text(row, 0), text(row, 1));
            // Those of a table that is created come with its own dump.
            (back.contains(&number::<u32>(row, 6)) || job.wanted.contains(&name))
                && !created.contains(&name)
                && both.has.contains_key(&name)
                && !has.contains(&(name, text(row, 2)))
        })
        .map(|row| {
            let only = if text(row, 5) == "p" { "" } else { "ONLY " };
            (
                format!("{} on `{}`", text(row, 2), text(row, 3)),
                format!(
                    "ALTER TABLE {only}{} ADD CONSTRAINT {} {}",
                    text(row, 3),
                    text(row, 2),
                    text(row, 4)
                ),
            )
        })
        .collect())
}

/// Functions that are in the backup and no longer there, in schemas that are.
fn functions(both: &mut Both) -> Result<Named, BackupError> {
    let list = "SELECT p.oid::regprocedure::text, n.nspname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p') \
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT 1 FROM pg_depend d \
                WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')";
    let has: BTreeSet<String> = both
        .live
        .rows(list)
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let schemas: BTreeSet<String> = both
        .live
        .rows("SELECT nspname FROM pg_namespace")
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let gone: Vec<String> = both
        .scratch
        .rows(list)
        .map_err(fault)?
        .iter()
        .filter(|row| !has.contains(&text(row, 0)) && schemas.contains(&text(row, 1)))
        .map(|row| text(row, 0))
        .collect();
    let mut found = Vec::new();
    for name in gone {
        let literal = crate::adapters::postgres::session::literal(&name);
        let rows = both
            .scratch
            .rows(&format!(
                "SELECT pg_get_functiondef({literal}::regprocedure)"
            ))
            .map_err(fault)?;
        if let Some(row) = rows.first() {
            found.push((name, text(row, 0)));
        }
    }
    Ok(found)
}
