//! Writes one snapshot of a database as artefacts, each scanned to its end and compared with the snapshot.
//! How to reach the server is settled before; nothing is restored here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use super::route::dump_way;
use super::scan::{Expectation, Expected, Name, Section, SectionScan, parse_name, quoted};
use super::snapshot::{Relation, Snapshot, fault};
use crate::adapters::failpoint;
use crate::adapters::postgres::is_convertible;
use crate::adapters::postgres::way::Way;
use crate::adapters::tools::Program;
use crate::backup::control::Control;
use crate::backup::engine::{self, Order};
use crate::backup::error::{BackupError, ScanError};
use crate::backup::pipeline::{Job, NoScan, write_artefact};
use crate::model::backup::{Artefact, Content, Level, Marks, WITHOUT_ROWS};
use crate::model::target::{PostgresReach, Reach};

/// From here on two dumps on one snapshot are faster than one: below, reading the catalog twice costs more.
const SHARD_FROM: u64 = 50_000_000;
/// Tables that one shard may name on its command line.
const SHARD_TABLES: usize = 200;
/// A dump does not wait longer than this for a lock, and others do not wait behind it.
const LOCK_WAIT: &str = "--lock-wait-timeout=5000";

/// One stream of rows: which tables, and how they are asked for.
#[derive(Debug)]
struct Shard {
    path: String,
    args: Vec<String>,
    tables: Vec<Relation>,
    sequences: Option<u64>,
    large_objects: Option<u64>,
}

/// A run that has opened its snapshot.
struct Run<'a> {
    order: &'a Order,
    folder: &'a Path,
    /// The way that dumps take; it may differ from the way of questions.
    way: Way,
    major: u32,
    snapshot_id: String,
    base: String,
    /// Names are read and written in UTF-8 everywhere else.
    in_utf8: bool,
}

/// Writes all artefacts of a database.
pub(super) fn make(
    order: &Order,
    folder: &Path,
    reach: &PostgresReach,
) -> Result<engine::Snapshot, BackupError> {
    let way = Way::new(reach, &order.control.tool_dirs);
    let mut snapshot = Snapshot::open(&way, &order.control)?;
    failpoint::reach("backup.postgres.snapshot")
        .map_err(|error| BackupError::Source(error.to_string()))?;
    refuse_hidden(&snapshot)?;
    refuse_forbidden(&mut snapshot)?;
    let mut warnings = Vec::new();
    let run = Run {
        order,
        folder,
        way: dump_way(&way, &snapshot.about, &mut warnings),
        major: snapshot.about.major(),
        snapshot_id: snapshot.id.clone(),
        base: file_name(&snapshot.about.database),
        in_utf8: is_convertible(&snapshot.about.encoding),
    };
    let shards = shards(&run, &snapshot, order)?;
    let mut artefacts = run.write(&mut snapshot, &shards)?;
    artefacts.push(run.creation(&snapshot)?);
    match run.globals() {
        Ok(artefact) => artefacts.push(artefact),
        Err(error) => warnings.push(format!(
            "roles and tablespaces are not in this backup: {error}"
        )),
    }
    // The snapshot has to live until the last dump has imported it; a lost one would have shown there.
    drop(snapshot.session.run("ROLLBACK"));
    Ok(finished(
        &run, &snapshot, reach, artefacts, &shards, warnings,
    ))
}

/// A role from which a policy hides rows would dump too few and count too few alike.
fn refuse_hidden(snapshot: &Snapshot) -> Result<(), BackupError> {
    match snapshot.relations.iter().find(|one| one.hidden) {
        Some(one) => Err(BackupError::Source(format!(
            "row-level security hides rows of `{}` from role `{}`: dump as its owner or a role with BYPASSRLS",
            one.full, snapshot.about.role
        ))),
        None => Ok(()),
    }
}

/// Most tables that are named in a sentence.
const NAMED: usize = 5;

/// A dump reads every table: what the role may not read is said with what mends it, before the dump fails half way.
fn refuse_forbidden(snapshot: &mut Snapshot) -> Result<(), BackupError> {
    let rows = snapshot
        .session
        .rows(
            "SELECT format('%I.%I', n.nspname, c.relname), count(*) OVER () FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
             AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')) ORDER BY c.relkind = 'S', 1 LIMIT 5",
        )
        .map_err(fault)?;
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let names: Vec<String> = rows
        .iter()
        .map(|row| format!("`{}`", super::snapshot::text(row, 0)))
        .collect();
    let all: usize = super::snapshot::number(first, 1);
    let more = match all.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let role = crate::adapters::postgres::session::identifier(&snapshot.about.role);
    Err(BackupError::Source(format!(
        "a backup reads the whole database, and role `{}` may not read {}{more}: let the owner run `GRANT SELECT ON … TO {role}` \
         (and `GRANT USAGE ON SCHEMA … TO {role}`), or a superuser `GRANT pg_read_all_data TO {role}`, or have the call made as a role that may read all",
        snapshot.about.role,
        names.join(", ")
    )))
}

/// Makes a name fit for a file.
fn file_name(database: &str) -> String {
    let mut name = String::new();
    for byte in database.bytes().take(80) {
        if byte.is_ascii_alphanumeric() || b"_-".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    name
}

/// Writes a table as a pattern that means this one only.
fn pattern(name: &Name) -> String {
    let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    format!("{}.{}", quote(&name.0), quote(&name.1))
}

/// Says which streams the rows go into.
fn shards(run: &Run<'_>, snapshot: &Snapshot, order: &Order) -> Result<Vec<Shard>, BackupError> {
    let ending = run.order.codec.ending();
    let tables: Vec<Relation> = snapshot.tables().cloned().collect();
    let sequences = |of: Option<&BTreeSet<u32>>| {
        snapshot
            .relations
            .iter()
            .filter(|one| one.kind == 'S' && !one.extension)
            .filter(|one| {
                of.is_none_or(|of| one.identity_of.is_some_and(|table| of.contains(&table)))
            })
            .count() as u64
    };
    let total: u64 = tables.iter().map(|table| table.bytes).sum();
    if snapshot.bytes > run.order.control.max_bytes {
        return closure(run, tables, order);
    }
    let whole = |path: String, args: Vec<String>, tables: Vec<Relation>, sequences: u64| Shard {
        path,
        args,
        tables,
        sequences: Some(sequences),
        large_objects: Some(snapshot.large_objects),
    };
    let Some(first) = half(&tables, total) else {
        let path = format!("databases/{}.data.sql{ending}", run.base);
        return Ok(vec![whole(path, Vec::new(), tables, sequences(None))]);
    };
    let (mut own, mut rest) = (Vec::new(), Vec::new());
    for table in tables {
        if first.contains(&table.oid) {
            &mut own
        } else {
            &mut rest
        }
        .push(table);
    }
    let serve_own = sequences(Some(&first));
    let named = |flag: &str| -> Vec<String> {
        own.iter()
            .map(|table| format!("{flag}={}", pattern(&table.name)))
            .collect()
    };
    let mut only = named("--table");
    only.push("--strict-names".to_owned());
    let except = named("--exclude-table");
    let path = |number: u8| format!("databases/{}.data-{number}.sql{ending}", run.base);
    Ok(vec![
        whole(path(1), except, rest, sequences(None) - serve_own),
        Shard {
            path: path(2),
            args: only,
            tables: own,
            sequences: Some(serve_own),
            large_objects: None,
        },
    ])
}

/// The rows of the threatened tables alone, for databases that are too large to be dumped whole.
fn closure(run: &Run<'_>, tables: Vec<Relation>, order: &Order) -> Result<Vec<Shard>, BackupError> {
    let path = format!(
        "databases/{}.data.sql{}",
        run.base,
        run.order.codec.ending()
    );
    if order.objects.is_empty() && !order.definitions.is_empty() {
        // Definitions alone are threatened: no rows have to be kept for them.
        return Ok(vec![Shard {
            path,
            args: ["--exclude-table-data=*.*", "--no-blobs"]
                .map(str::to_owned)
                .into(),
            tables: Vec::new(),
            sequences: None,
            large_objects: None,
        }]);
    }
    let wanted: BTreeSet<Name> = order
        .objects
        .iter()
        .filter_map(|name| parse_name(name))
        .collect();
    let own: Vec<Relation> = tables
        .into_iter()
        .filter(|table| wanted.contains(&table.name))
        .collect();
    let bytes: u64 = own.iter().map(|table| table.bytes).sum();
    if own.is_empty() || own.len() > SHARD_TABLES || bytes > run.order.control.max_bytes {
        return Err(BackupError::Limit(format!(
            "the database is larger than the limit of {} bytes, and so are the threatened tables",
            run.order.control.max_bytes
        )));
    }
    let mut args: Vec<String> = own
        .iter()
        .map(|table| format!("--table={}", pattern(&table.name)))
        .collect();
    args.push("--strict-names".to_owned());
    Ok(vec![Shard {
        path,
        args,
        tables: own,
        sequences: None,
        large_objects: None,
    }])
}

/// Chooses tables that make about half of a large database; nothing where it cannot be split.
fn half(tables: &[Relation], total: u64) -> Option<BTreeSet<u32>> {
    if total < SHARD_FROM {
        return None;
    }
    let mut by_size: Vec<&Relation> = tables.iter().collect();
    by_size.sort_by_key(|table| std::cmp::Reverse(table.bytes));
    let mut chosen = BTreeSet::new();
    let mut sum = 0;
    for table in by_size.into_iter().take(SHARD_TABLES) {
        if sum + table.bytes <= total / 2 || chosen.is_empty() {
            sum += table.bytes;
            chosen.insert(table.oid);
        }
    }
    (sum * 100 >= total * 30 && sum * 100 <= total * 70).then_some(chosen)
}

impl Run<'_> {
    fn control(&self) -> &Control {
        &self.order.control
    }

    fn start(&self, program: &str, args: &[String]) -> Result<Box<dyn Program>, BackupError> {
        let deadline = Instant::now() + self.control().left();
        self.way
            .start(program, args, self.major, deadline)
            .map_err(fault)
    }

    fn dump(&self, section: &str, more: &[String]) -> Result<Box<dyn Program>, BackupError> {
        let mut args = vec![
            format!("--section={section}"),
            format!("--snapshot={}", self.snapshot_id),
            LOCK_WAIT.to_owned(),
            "--no-password".to_owned(),
        ];
        if self.in_utf8 {
            args.push("--encoding=UTF8".to_owned());
        }
        args.extend_from_slice(more);
        self.start("pg_dump", &args)
    }

    fn job<'a>(&'a self, path: &'a str, role: &'a str) -> Job<'a> {
        Job {
            folder: self.folder,
            path,
            role,
            format: "sql",
            codec: self.order.codec,
            control: self.control(),
        }
    }

    /// Dumps rows and definitions at once while the snapshot counts.
    fn write(
        &self,
        snapshot: &mut Snapshot,
        shards: &[Shard],
    ) -> Result<Vec<Artefact>, BackupError> {
        let ending = self.order.codec.ending();
        let before = format!("databases/{}.pre.sql{ending}", self.base);
        let after = format!("databases/{}.post.sql{ending}", self.base);
        std::thread::scope(|scope| {
            let mut senders: Vec<Sender<BTreeMap<Name, u64>>> = Vec::new();
            let mut streams = Vec::new();
            for shard in shards {
                let (sender, counted) = channel();
                senders.push(sender);
                let optional = snapshot
                    .relations
                    .iter()
                    .filter(|one| one.configuration)
                    .map(|one| one.name.clone())
                    .collect();
                streams.push(scope.spawn(move || self.rows(shard, optional, counted)));
            }
            let counted = self.count(snapshot, shards, senders);
            let created: Vec<Name> = snapshot
                .relations
                .iter()
                .filter(|one| matches!(one.kind, 'r' | 'p' | 'f') && !one.extension)
                .map(|one| one.name.clone())
                .collect();
            let before = self.definitions(&before, "pre-data", created);
            let after = self.definitions(&after, "post-data", Vec::new());
            let mut artefacts = vec![before];
            for stream in streams {
                artefacts.push(stream.join().unwrap_or_else(|_panic| {
                    Err(BackupError::NotIntact(
                        "a dump's thread panicked".to_owned(),
                    ))
                }));
            }
            artefacts.push(after);
            counted?;
            artefacts.into_iter().collect()
        })
    }

    fn count(
        &self,
        snapshot: &mut Snapshot,
        shards: &[Shard],
        senders: Vec<Sender<BTreeMap<Name, u64>>>,
    ) -> Result<(), BackupError> {
        for (shard, sender) in shards.iter().zip(senders) {
            let counted = snapshot.count(&shard.tables)?;
            // A dump that has already failed does not listen any more; its own error is the one to show.
            drop(sender.send(counted));
        }
        Ok(())
    }

    fn rows(
        &self,
        shard: &Shard,
        optional: Vec<Name>,
        counted: Receiver<BTreeMap<Name, u64>>,
    ) -> Result<Artefact, BackupError> {
        let (sequences, large_objects) = (shard.sequences, shard.large_objects);
        let expected: Expectation<'_> = Box::new(move || {
            let rows = counted
                .recv()
                .map_err(|_gone| ScanError::new("the rows of the snapshot could not be counted"))?;
            Ok(Expected {
                rows,
                optional,
                sequences,
                large_objects,
                created: Vec::new(),
            })
        });
        let mut dump = self.dump("data", &shard.args)?;
        let scan = SectionScan::new(Section::Data, Some(expected));
        let mut artefact =
            write_artefact(&self.job(&shard.path, "data"), &mut dump, Box::new(scan))?;
        // The server's own way to write a name is the one that questions use.
        for content in &mut artefact.contents {
            if let Some(name) = parse_name(&content.name)
                && let Some(table) = shard.tables.iter().find(|table| table.name == name)
            {
                content.name.clone_from(&table.full);
            }
        }
        Ok(artefact)
    }

    fn definitions(
        &self,
        path: &str,
        section: &str,
        created: Vec<Name>,
    ) -> Result<Artefact, BackupError> {
        let mut dump = self.dump(section, &[])?;
        let expected: Expectation<'_> = Box::new(move || {
            Ok(Expected {
                created,
                ..Expected::default()
            })
        });
        let scan = SectionScan::new(Section::Definitions, Some(expected));
        write_artefact(&self.job(path, "schema"), &mut dump, Box::new(scan))
    }

    /// What a dump of one database leaves out: the database itself, its settings, comment and grants.
    fn creation(&self, snapshot: &Snapshot) -> Result<Artefact, BackupError> {
        let path = format!(
            "databases/{}.create.sql{}",
            self.base,
            self.order.codec.ending()
        );
        let text: String = snapshot
            .create
            .iter()
            .map(|one| format!("{one};\n"))
            .collect();
        write_artefact(
            &self.job(&path, "create"),
            &mut text.as_bytes(),
            Box::new(NoScan),
        )
    }

    fn globals(&self) -> Result<Artefact, BackupError> {
        let path = format!("databases/globals.sql{}", self.order.codec.ending());
        let args = ["--globals-only", "--no-role-passwords", "--no-password"].map(str::to_owned);
        let mut dump = self.start("pg_dumpall", &args)?;
        let scan = SectionScan::new(Section::Definitions, None);
        write_artefact(&self.job(&path, "globals"), &mut dump, Box::new(scan))
    }
}

fn finished(
    run: &Run<'_>,
    snapshot: &Snapshot,
    reach: &PostgresReach,
    mut artefacts: Vec<Artefact>,
    shards: &[Shard],
    mut warnings: Vec<String>,
) -> engine::Snapshot {
    let rows: u64 = artefacts
        .iter()
        .flat_map(|artefact| &artefact.contents)
        .filter_map(|content| content.count)
        .sum();
    let tables: usize = shards.iter().map(|shard| shard.tables.len()).sum();
    if shards.iter().all(|shard| shard.sequences.is_none()) {
        warnings.push("only the rows of the threatened tables are in this backup, with the definitions of all".to_owned());
    }
    if snapshot.relations.iter().any(|one| one.kind == 'f') {
        warnings
            .push("rows of foreign tables live elsewhere and are not in this backup".to_owned());
    }
    list_definitions(&mut artefacts, snapshot, shards);
    let recovery = recovery(run, snapshot, &artefacts);
    engine::Snapshot {
        snapshot_at: snapshot.at.clone(),
        identity: snapshot.about.identity.clone(),
        marks: Marks {
            digest: String::new(),
            position: snapshot.position.clone(),
        },
        tool: format!(
            "backstop {}, pg_dump for PostgreSQL {}",
            env!("CARGO_PKG_VERSION"),
            run.major
        ),
        server_version: match &snapshot.about.identity {
            crate::model::database::Identity::Postgres { server_version, .. } => {
                server_version.clone()
            }
            _ => String::new(),
        },
        artefacts,
        level: Level::Readable,
        notes: vec![format!(
            "{rows} rows of {tables} tables compared with the snapshot"
        )],
        recovery,
        warnings,
        same_disk: false,
        reach: Reach::Postgres(PostgresReach {
            password: None,
            ..reach.clone()
        }),
    }
}

/// Completes what the dump's own table of contents says by what the server says of the same snapshot.
fn list_definitions(artefacts: &mut [Artefact], snapshot: &Snapshot, shards: &[Shard]) {
    let by_name: BTreeMap<&Name, &Relation> = snapshot
        .relations
        .iter()
        .map(|one| (&one.name, one))
        .collect();
    let mut schemas = artefacts
        .iter_mut()
        .filter(|artefact| artefact.role == "schema");
    for artefact in schemas.by_ref() {
        for content in &mut artefact.contents {
            named_as_asked(content, &by_name);
        }
        artefact.contents_total = artefact.contents.len() as u64;
    }
    let with_rows: BTreeSet<u32> = shards
        .iter()
        .flat_map(|shard| &shard.tables)
        .map(|table| table.oid)
        .collect();
    let of_kind = |kind: &str, one: &Relation| Content {
        kind: kind.to_owned(),
        name: one.full.clone(),
        count: None,
    };
    let more = snapshot
        .relations
        .iter()
        .filter(|one| !one.extension)
        .filter_map(|one| match one.kind {
            'p' => Some(of_kind("partitioned-table", one)),
            'r' if !with_rows.contains(&one.oid) => Some(of_kind(WITHOUT_ROWS, one)),
            _ => None,
        })
        .chain(snapshot.given.iter().cloned());
    if let Some(first) = artefacts
        .iter_mut()
        .find(|artefact| artefact.role == "schema")
    {
        first.contents.retain(|content| content.kind != "schema");
        first.contents.extend(more);
        first.contents_total = first.contents.len() as u64;
    }
}

/// Kinds that a dump names by their table first.
const ON_A_TABLE: [&str; 6] = [
    "check",
    "constraint",
    "foreign-key",
    "policy",
    "rule",
    "trigger",
];

/// Writes a relation's name as the server quotes it, and `orders noted` as `public.orders.noted`.
fn named_as_asked(content: &mut Content, by_name: &BTreeMap<&Name, &Relation>) {
    let Some(name) = parse_name(&content.name) else {
        return;
    };
    if let Some(relation) = by_name.get(&name) {
        content.name.clone_from(&relation.full);
    }
    if ON_A_TABLE.contains(&content.kind.as_str()) {
        // A table's name may hold spaces itself.
        let parts = name.1.match_indices(' ').find_map(|(at, _)| {
            let (table, own) = name.1.split_at_checked(at)?;
            let relation = by_name.get(&(name.0.clone(), table.to_owned()))?;
            Some(format!("{}.{}", relation.full, quoted(own.get(1..)?)))
        });
        content.name = parts.unwrap_or_else(|| content.name.clone());
    }
}

/// Commands that bring the database back by hand, under a new name.
fn recovery(run: &Run<'_>, snapshot: &Snapshot, artefacts: &[Artefact]) -> Vec<String> {
    let files = artefacts
        .iter()
        .filter(|artefact| matches!(artefact.role.as_str(), "schema" | "data"))
        .map(|artefact| format!("{{folder}}/{}", artefact.path))
        .collect::<Vec<_>>()
        .join(" ");
    let name = format!("{}_restored", snapshot.about.database);
    let shell = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let connect = super::route::by_hand(&run.order.target.reach);
    let mut commands = Vec::new();
    if let Some(first) = snapshot.create.first() {
        let first = super::restore::renamed(first, &snapshot.about.database, &name);
        commands.push(format!("{connect} -X -d postgres -c {}", shell(&first)));
    }
    commands.push(format!(
        "{} {files} | {connect} -X -q -v ON_ERROR_STOP=1 -o /dev/null -d {}",
        run.order.codec.by_hand(),
        shell(&name)
    ));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(oid: u32, bytes: u64) -> Relation {
        Relation {
            oid,
            name: ("public".into(), format!("t{oid}")),
            full: format!("public.t{oid}"),
            kind: 'r',
            bytes,
            extension: false,
            configuration: false,
            hidden: false,
            populated: false,
            identity_of: None,
        }
    }

    #[test]
    fn a_large_database_is_split_only_where_halves_are_alike() {
        let mega = 1_000_000;
        let alike = [
            table(1, 40 * mega),
            table(2, 30 * mega),
            table(3, 30 * mega),
        ];
        assert_eq!(half(&alike, 100 * mega), Some([1].into()));
        let one = [table(1, 95 * mega), table(2, 5 * mega)];
        assert_eq!(half(&one, 100 * mega), None);
        assert_eq!(half(&alike, 40 * mega), None);
    }

    #[test]
    fn a_databases_name_becomes_a_file_name() {
        assert_eq!(file_name("shop"), "shop");
        assert_eq!(file_name("../a b\"c"), "%2E%2E%2Fa%20b%22c");
    }

    #[test]
    fn a_pattern_means_one_table_only() {
        assert_eq!(
            pattern(&("a.b".into(), "c\"*".into())),
            "\"a.b\".\"c\"\"*\""
        );
    }
}
