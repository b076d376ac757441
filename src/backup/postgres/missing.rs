//! Brings lost definitions, tables and rows from a scratch database back into a living one, in one transaction.
//! What is there already stays as it is, and what did not come back is listed; whole databases are the business of `restore`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Instant;

use super::columns::{self, Column};
use super::entries;
use super::large;
use super::load::{client, io, look};
use super::quiet;
use super::reach::{self, Reached};
use super::rows;
use super::scan::{Name, Section, SectionScan};
use super::snapshot::{Relation, fault, relations};
use super::told;
use crate::adapters::postgres::is_convertible;
use crate::adapters::postgres::session::Session;
use crate::adapters::postgres::way::Way;
use crate::adapters::tools::Program;
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::backup::pipeline::Scan;
use crate::model::backup::{Definition, Entry};
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
    /// There is no scratch database: rows are taken from this backup, and everything else is as it was.
    pub copies: Option<&'a Entry>,
    /// Tables that were lost or lost rows; with `names` and `definitions` empty too, everything that is missing.
    pub wanted: BTreeSet<Name>,
    /// Names of other things, without their schemas.
    pub names: BTreeSet<String>,
    /// Definitions that the call named.
    pub definitions: &'a [Definition],
    /// More than rows was lost: definitions are compared.
    pub redefine: bool,
    /// A call is undone: what it may have changed besides is said.
    pub follow: bool,
    /// An undo before this one left something behind: definitions are compared.
    pub again: bool,
    pub major: u32,
    /// Rows that differ get the values of the backup.
    pub overwrite: bool,
    /// Where columns come back, nothing else of the rows does.
    pub columns_only: bool,
    /// They did so before.
    pub undone: bool,
    /// Rows that were lost one by one: of their tables only these come back.
    pub rows: &'a [RowsLost],
    /// Tables of which no row stayed.
    pub emptied: &'a [String],
    /// Rows that were changed again get the values of the backup too.
    pub over: bool,
    /// Rows are counted and listed, and nothing is changed.
    pub look: bool,
    pub control: &'a Control,
}

impl Missing<'_> {
    pub(super) fn is_all(&self) -> bool {
        self.wanted.is_empty() && self.names.is_empty() && self.definitions.is_empty()
    }
}

/// What both databases hold.
pub(super) struct Both {
    pub scratch: Box<dyn Session>,
    pub live: Box<dyn Session>,
    pub had: Vec<Relation>,
    pub has: BTreeMap<Name, Relation>,
    pub reached: Reached,
}

fn both(job: &Missing<'_>) -> Result<Both, BackupError> {
    let mut scratch = look(job.scratch, job.control)?;
    let mut live = look(job.live, job.control)?;
    let had = relations(scratch.as_mut())?;
    let has: BTreeMap<Name, Relation> = relations(live.as_mut())?
        .into_iter()
        .map(|one| (one.name.clone(), one))
        .collect();
    let reached = reach::reached(job, scratch.as_mut(), &had)?;
    Ok(Both {
        scratch,
        live,
        had,
        has,
        reached,
    })
}

/// Everything but rows that has to come back.
struct Work {
    relations: Vec<Relation>,
    columns: Vec<Column>,
    /// Conditions of tables, with their statements.
    checks: Vec<(String, String)>,
    entries: Vec<entries::Lost>,
    large: large::Large,
}

impl Work {
    /// Tells whether a table that is there becomes what it was by its columns and conditions.
    fn mends(&self, entry: &entries::Entry) -> bool {
        let name = (entry.schema.clone(), entry.name.clone());
        entry.kind == "TABLE"
            && (self.columns.iter().any(|one| one.table == name) || !self.checks.is_empty())
    }

    /// What is not as in the backup and is not brought back: of what the call took, and else.
    fn unsaid(&self) -> (Vec<String>, Vec<String>) {
        let (mut left, mut others) = (Vec::new(), Vec::new());
        for one in &self.entries {
            let title = one.entry.title();
            if one.can_be_said() || self.mends(&one.entry) {
                continue;
            }
            match one.concerned {
                true => left.push(format!("{title}: it differs from that of the backup")),
                false => others.push(not_named(&title)),
            }
        }
        (left, others)
    }
}

fn not_named(title: &str) -> String {
    format!("{title} is not as in the backup either, and was not named by the call")
}

fn work(job: &Missing<'_>, both: &mut Both) -> Result<Work, BackupError> {
    let relations = lost(both);
    let columns = columns::lost(job, both)?;
    let compares = job.redefine || job.again || !relations.is_empty() || !columns.is_empty();
    let entries = match compares {
        true => entries::lost(job, &both.reached)?,
        false => Vec::new(),
    };
    Ok(Work {
        checks: columns::checks(job, both)?,
        large: large::lost(job, both)?,
        relations,
        columns,
        entries,
    })
}

/// Counts and lists the rows that would come back into living tables; nothing is changed.
pub(super) fn foresee(job: &Missing<'_>, plan: &mut RestorePlan) -> Result<(), BackupError> {
    let mut both = both(job)?;
    let work = work(job, &mut both)?;
    for one in &work.relations {
        create(plan, kind_of(one), one.full.clone());
    }
    for one in &work.columns {
        create(plan, "column", one.title().replace('`', ""));
    }
    plan.steps.extend(definition_steps(&work));
    for (name, _) in &work.checks {
        create(plan, "check", name.replace('`', ""));
    }
    let (gone, changed) = work.large.counts();
    if gone > 0 {
        create(plan, "large objects,", format!("{gone} of them"));
    }
    if changed > 0 {
        create(
            plan,
            "content of large objects,",
            format!("{changed} of them"),
        );
    }
    let (rows, said, strayed) = foreseen(job, &mut both)?;
    plan.left.extend(strayed);
    told::foresee(&rows, &said, plan);
    let (left, mut others) = work.unsaid();
    plan.left.extend(left);
    let idle = |step: &Step| matches!(step, Step::SavePresent { .. });
    if plan.left.is_empty() && plan.steps.iter().all(idle) {
        others.truncate(OTHERS);
        plan.left.extend(others);
    }
    let mut told = Restored::default();
    of_the_server(job, &both, &mut told)?;
    plan.left.extend(told.left);
    Ok(())
}

fn create(plan: &mut RestorePlan, kind: &str, name: String) {
    plan.steps.push(Step::Create {
        kind: kind.to_owned(),
        name,
    });
}

/// Definitions that are said again, but for relations of their own.
fn definition_steps(work: &Work) -> Vec<Step> {
    let is_relation = |entry: &entries::Entry| {
        let is = |one: &Relation| one.name == (entry.schema.clone(), entry.name.clone());
        work.relations.iter().any(is)
    };
    let mine = work.entries.iter().filter(|one| one.can_be_said());
    mine.filter(|one| !is_relation(&one.entry))
        .map(|one| match one.there {
            true => Step::Server {
                verb: "give back what the backup has, over what stands there now, for".to_owned(),
                what: one.entry.title(),
            },
            false => Step::Create {
                kind: "definition:".to_owned(),
                name: one.entry.title().replace('`', ""),
            },
        })
        .collect()
}

/// Asks what would happen to rows, in a transaction that is taken back.
fn foreseen(
    job: &Missing<'_>,
    both: &mut Both,
) -> Result<(Vec<rows::RowJob>, String, Vec<String>), BackupError> {
    let (mut rows, copies, strayed) = rows::work(job, both, &[])?;
    let superuser = quiet::is_superuser(both)?;
    let events = quiet::events(both.live.as_mut(), superuser)?;
    let mut psql = client(job.live, false, job.control)?;
    feed(&mut psql, "BEGIN;\nSET LOCAL search_path = pg_catalog;\n")?;
    // Rows are counted by way of a table, and making one is an event.
    feed(&mut psql, &events.before)?;
    if let Some(entry) = job.copies {
        feed(&mut psql, &format!("{ENCODING};\n"))?;
        let sequences = copies.fill(entry, &mut psql, job.control)?;
        rows.iter_mut()
            .for_each(|one| one.with_sequences(&sequences));
    }
    for (at, one) in rows.iter().enumerate() {
        one.feed(at, job, &mut psql)?;
    }
    feed(&mut psql, "ROLLBACK;\n")?;
    psql.close_input().map_err(|error| io(&error))?;
    let mut said = String::new();
    psql.read_to_string(&mut said).map_err(|error| io(&error))?;
    Ok((rows, said, strayed))
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

/// Statements that may fail alone, each with what is said of it then.
struct Guarded {
    titles: Vec<String>,
}

impl Guarded {
    /// Feeds statements so that a failing one takes nothing else with it, and is told.
    fn feed(
        &mut self,
        title: String,
        statements: &[String],
        psql: &mut Box<dyn Program>,
    ) -> Result<(), BackupError> {
        let at = self.titles.len();
        let mut text = String::from("\\set ON_ERROR_ROLLBACK on\n\\set ON_ERROR_STOP off\n");
        for one in statements {
            text.push_str(&format!(
                "{one}\n\\if :ERROR\n\\echo {FAILED}{at} :LAST_ERROR_MESSAGE\n\\endif\n"
            ));
        }
        text.push_str("\\set ON_ERROR_STOP on\n\\set ON_ERROR_ROLLBACK off\n");
        self.titles.push(title);
        feed(psql, &text)
    }

    /// Returns the first reason for each that failed.
    fn failed(&self, said: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for line in said.lines() {
            let Some((at, why)) = line
                .strip_prefix(FAILED)
                .and_then(|rest| rest.split_once(' '))
            else {
                continue;
            };
            if let Some(title) = at.parse().ok().and_then(|at: usize| self.titles.get(at)) {
                found.entry(title.clone()).or_insert_with(|| why.to_owned());
            }
        }
        found
    }
}

/// Creates what is missing, inserts rows that are missing, and reports what differs and what did not come back.
pub(super) fn bring_back(job: &Missing<'_>, restored: &mut Restored) -> Result<(), BackupError> {
    let mut both = both(job)?;
    let work = work(job, &mut both)?;
    let (mut rows, copies, strayed) = rows::work(job, &mut both, &work.columns)?;
    let superuser = quiet::is_superuser(&mut both)?;
    let events = quiet::events(both.live.as_mut(), superuser)?;
    let links = super::links::read(&mut both)?;
    let triggers = quiet::tables(&mut both, &rows, &links, superuser)?;

    let mut psql = client(job.live, false, job.control)?;
    let mut guarded = Guarded { titles: Vec::new() };
    feed(
        &mut psql,
        "BEGIN;\nSET LOCAL lock_timeout = '10s';\nSET LOCAL check_function_bodies = off;\n",
    )?;
    feed(&mut psql, &events.before)?;
    before_rows(&work, &mut guarded, &mut psql)?;
    large::copy(job, &work.large.lost, &mut psql)?;
    copy_rows(job, &work.relations, &mut psql)?;
    // A dump leaves its own search path behind, and the rows below name everything in full.
    feed(&mut psql, "SET search_path = pg_catalog;\n")?;
    if let Some(entry) = job.copies {
        let sequences = copies.fill(entry, &mut psql, job.control)?;
        rows.iter_mut()
            .for_each(|one| one.with_sequences(&sequences));
    }
    feed(&mut psql, &triggers.before)?;
    for (at, one) in rows.iter().enumerate() {
        one.feed(at, job, &mut psql)?;
    }
    feed(&mut psql, &triggers.after)?;
    after_rows(&work, &both, &mut guarded, &mut psql)?;
    feed(&mut psql, &events.after)?;
    feed(&mut psql, &columns::empty(&work.columns))?;
    feed(&mut psql, "COMMIT;\n")?;
    psql.close_input().map_err(|error| io(&error))?;
    let mut said = String::new();
    psql.read_to_string(&mut said).map_err(|error| io(&error))?;
    say(&work, restored);
    told::report(&rows, &said, restored);
    restored.left.extend(strayed);
    let changed = told::changed(&rows, &said);
    let loud = triggers.left(|full| changed.contains(full));
    restored.left.extend(loud);
    let emptied = columns::emptied(&work.columns, &said, &mut both)?;
    restored.left.extend(emptied);
    still_lost(job, &both, &work, &guarded.failed(&said), restored)
}

/// Both sessions speak the same encoding, whichever the database has; two of the server's are no other's neighbours and stay as they are.
pub(super) const ENCODING: &str = "DO $$BEGIN PERFORM pg_catalog.set_config('client_encoding', CASE WHEN pg_catalog.current_setting('server_encoding') \
     IN ('SQL_ASCII', 'MULE_INTERNAL') THEN pg_catalog.current_setting('server_encoding') ELSE 'UTF8' END, false); END$$";

/// What the client says of a statement that failed; the number of the statement and the reason follow.
const FAILED: &str = "backstop-failed ";

/// Kinds of which the dump speaks after tables, and that may want their columns.
const WANT_COLUMNS: [&str; 6] = [
    "VIEW",
    "MATERIALIZED VIEW",
    "DEFAULT",
    "SEQUENCE OWNED BY",
    "TABLE ATTACH",
    "COMMENT",
];

/// Definitions that rows need, in the order of the dump, with the columns among them.
fn before_rows(
    work: &Work,
    guarded: &mut Guarded,
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    feed(psql, &format!("{ENCODING};\nSET search_path = '';\n"))?;
    let mut columns = Some(&work.columns);
    let is_mine = |one: &&entries::Lost| !one.entry.after_rows && one.can_be_said();
    for one in work.entries.iter().filter(is_mine) {
        if WANT_COLUMNS.contains(&one.entry.kind.as_str()) {
            add(columns.take(), psql)?;
        }
        match one.entry.kind.as_str() {
            "TABLE" => {
                for statement in one.entry.statements(false) {
                    feed(psql, &format!("{statement}\n"))?;
                }
            }
            // A partition gets its own indexes first: those of its parent are there.
            "TABLE ATTACH" => {}
            _ => guarded.feed(one.entry.title(), &one.entry.statements(one.there), psql)?,
        }
    }
    add(columns.take(), psql)
}

fn add(columns: Option<&Vec<Column>>, psql: &mut Box<dyn Program>) -> Result<(), BackupError> {
    for (at, one) in columns.into_iter().flatten().enumerate() {
        feed(psql, &one.add(at))?;
    }
    Ok(())
}

/// Definitions that stand on rows: indexes and constraints, then partitions into their place, then the others.
fn after_rows(
    work: &Work,
    both: &Both,
    guarded: &mut Guarded,
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    feed(psql, &format!("{ENCODING};\nSET search_path = '';\n"))?;
    for one in &work.columns {
        if let Some(statement) = one.not_null() {
            guarded.feed(one.title(), &[statement], psql)?;
        }
    }
    for (name, statement) in &work.checks {
        guarded.feed(
            format!("check `{name}`"),
            std::slice::from_ref(statement),
            psql,
        )?;
    }
    let rank = |one: &entries::Lost| match one.entry.kind.as_str() {
        "CONSTRAINT" | "CHECK CONSTRAINT" | "INDEX" => Some(0),
        "TABLE ATTACH" => Some(1),
        _ if one.entry.after_rows => Some(2),
        _ => None,
    };
    for wanted in 0..3 {
        let mine = |one: &&entries::Lost| rank(one) == Some(wanted) && one.can_be_said();
        for one in work.entries.iter().filter(mine) {
            guarded.feed(one.entry.title(), &one.entry.statements(one.there), psql)?;
        }
    }
    for one in work.relations.iter().filter(|one| one.kind == 'm') {
        if both
            .had
            .iter()
            .any(|had| had.oid == one.oid && had.populated)
        {
            let statement = format!("REFRESH MATERIALIZED VIEW {};", one.full);
            guarded.feed(format!("rows of `{}`", one.full), &[statement], psql)?;
        }
    }
    Ok(())
}

fn say(work: &Work, restored: &mut Restored) {
    for one in &work.relations {
        restored.done.push(match one.kind {
            'r' | 'p' => format!("created table `{}` again with its rows", one.full),
            'v' => format!("created view `{}` again", one.full),
            'm' => format!("created materialized view `{}` again", one.full),
            'S' => format!("created sequence `{}` again", one.full),
            _ => format!("created `{}` again", one.full),
        });
    }
    for one in &work.columns {
        restored.done.push(one.done());
    }
    for (name, _) in &work.checks {
        restored.done.push(format!("created check `{name}` again"));
    }
    let (gone, changed) = work.large.counts();
    let many = |count| crate::plan::restore::counted(count, "large object");
    if gone > 0 {
        restored.done.push(format!("created {} again", many(gone)));
    }
    if changed > 0 {
        let many = many(changed);
        restored
            .done
            .push(format!("gave {many} the content of the backup"));
    }
    restored.conflicts.extend(work.large.conflicts());
}

/// Compares again, and says what came back and what did not.
fn still_lost(
    job: &Missing<'_>,
    both: &Both,
    work: &Work,
    failed: &BTreeMap<String, String>,
    restored: &mut Restored,
) -> Result<(), BackupError> {
    let now = match work.entries.is_empty() {
        true => Vec::new(),
        false => entries::lost(job, &both.reached)?,
    };
    let titles: BTreeSet<String> = now.iter().map(|one| one.entry.title()).collect();
    let relations: BTreeSet<&Name> = work.relations.iter().map(|one| &one.name).collect();
    for one in work.entries.iter().filter(|one| one.can_be_said()) {
        let entry = &one.entry;
        let told = relations.contains(&(entry.schema.clone(), entry.name.clone()));
        if !told && !titles.contains(&entry.title()) {
            let title = entry.title();
            restored.done.push(match one.there {
                true => format!("gave {title} back as the backup has it; what stood there since is in the state that was saved"),
                false => format!("created {title} again"),
            });
        }
    }
    let mut others = Vec::new();
    for one in &now {
        let title = one.entry.title();
        let why = match failed.get(&title) {
            Some(why) => why.clone(),
            None if one.there => "it differs from that of the backup".to_owned(),
            None => "it is missing".to_owned(),
        };
        match one.concerned {
            true => restored.left.push(format!("{title}: {why}")),
            false => others.push(title),
        }
    }
    for (title, why) in failed {
        // What has no entry of its own in a dump.
        let own = ["rows of ", "check ", "`"];
        if own.iter().any(|start| title.starts_with(start)) {
            restored.left.push(format!("{title}: {why}"));
        }
    }
    let more = others.len().saturating_sub(OTHERS);
    others.truncate(OTHERS);
    for title in others {
        let text = not_named(&title);
        // Where nothing else was found, this is what the call did.
        match restored.done.is_empty() && restored.left.is_empty() {
            true => restored.left.push(text),
            false => restored.notes.push(text),
        }
    }
    if more > 0 {
        restored.notes.push(format!("and {more} more definitions"));
    }
    of_the_server(job, both, restored)
}

/// Definitions outside of what the call named that are listed.
const OTHERS: usize = 20;

/// What lies outside of the database, or has no name there that could be looked for.
fn of_the_server(
    job: &Missing<'_>,
    both: &Both,
    restored: &mut Restored,
) -> Result<(), BackupError> {
    let mut live = look(job.live, job.control)?;
    for Definition { kind, name } in &both.reached.unknown {
        let last =
            crate::adapters::postgres::session::literal(&crate::plan::coverage::last_part(name));
        let query = match kind.as_str() {
            "role" => format!("SELECT 1 FROM pg_roles WHERE rolname = {last}"),
            "tablespace" => format!("SELECT 1 FROM pg_tablespace WHERE spcname = {last}"),
            "large object" => continue,
            _ => "SELECT 1 WHERE false".to_owned(),
        };
        if live.rows(&query).map_err(fault)?.is_empty() {
            restored
                .left
                .push(format!("{kind} `{name}`: this undo does not look at it"));
        }
    }
    Ok(())
}

pub(super) fn feed(psql: &mut Box<dyn Program>, text: &str) -> Result<(), BackupError> {
    psql.feed(text.as_bytes()).map_err(|error| io(&error))
}

/// Relations that are in the backup and no longer there: those that were named, and what goes with them.
pub(super) fn lost(both: &Both) -> Vec<Relation> {
    let is = |one: &&Relation| {
        !one.extension && !both.has.contains_key(&one.name) && both.reached.relation(one.oid)
    };
    both.had.iter().filter(is).cloned().collect()
}

/// Copies the rows of lost tables and the values of lost sequences.
fn copy_rows(
    job: &Missing<'_>,
    lost: &[Relation],
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    let lost: Vec<&Relation> = lost
        .iter()
        .filter(|one| matches!(one.kind, 'r' | 'S'))
        .collect();
    if lost.len() > NAMED {
        return Err(BackupError::Limit(format!(
            "{} relations are missing; restore the whole database instead",
            lost.len()
        )));
    }
    let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    let names: Vec<String> = lost
        .iter()
        .map(|one| format!("--table={}.{}", quote(&one.name.0), quote(&one.name.1)))
        .collect();
    match names.is_empty() {
        true => Ok(()),
        false => copy_section(job, &names, psql),
    }
}

fn copy_section(
    job: &Missing<'_>,
    names: &[String],
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    let mut args = vec![
        "--section=data".to_owned(),
        "--strict-names".to_owned(),
        "--no-password".to_owned(),
    ];
    // Patterns are read in the encoding of the dump, and names are UTF-8 here.
    let mut session = look(job.scratch, job.control)?;
    let encoding = session
        .rows("SELECT pg_catalog.current_setting('server_encoding')")
        .map_err(fault)?;
    let encoding = encoding.into_iter().flatten().next().flatten();
    if encoding.is_some_and(|name| is_convertible(&name)) {
        args.push("--encoding=UTF8".to_owned());
    }
    args.extend_from_slice(names);
    let deadline = Instant::now() + job.control.left();
    let mut dump = job
        .scratch
        .start("pg_dump", &args, job.major, deadline)
        .map_err(fault)?;
    let mut scan = SectionScan::new(Section::Data, None);
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
