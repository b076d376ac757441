//! SQLite databases: backed up while in use, cut, flipped, lost, restored whole and in part, by backstop and by hand.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backstop::backup::control::Control;
use backstop::backup::engine::Order;
use backstop::backup::pipeline::{Codec, Job, NoScan, write_artefact};
use backstop::backup::{BackupError, catalog, make, restore, verify};
use backstop::model::backup::{BackupType, Entry, Level, Manifest};
use backstop::model::target::{Reach, Target, TargetKind};
use backstop::plan::restore::{Restored, Wish};
use rusqlite::Connection;

struct Scene {
    _dir: tempfile::TempDir,
    db: PathBuf,
    backups: PathBuf,
}

fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    Scene {
        db: dir.path().join("my app.db"),
        backups: dir.path().join("backups"),
        _dir: dir,
    }
}

const SCHEMA: &str = "
    CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, mail TEXT);
    CREATE TABLE orders(id INTEGER PRIMARY KEY, user REFERENCES users ON DELETE CASCADE);
    CREATE TABLE plain(x, y);
    CREATE TABLE keyed(a TEXT, b INT, v, PRIMARY KEY(a, b)) WITHOUT ROWID;
    CREATE TABLE named(code TEXT PRIMARY KEY, double AS (length(code) * 2), v);
    CREATE INDEX by_mail ON users(mail);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE TABLE log(t);
    CREATE TRIGGER loud AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.name); END;
    INSERT INTO users(name, mail) VALUES ('ann','a@x'),('bob','b@x'),('cy','c@x');
    DELETE FROM log;
    INSERT INTO orders VALUES (1,1),(2,2),(3,2);
    INSERT INTO plain VALUES (1,'one'),(2,'two'),(2,'two'),(NULL,x'00ff');
    INSERT INTO keyed VALUES ('k',1,'v1'),('k',2,'v2');
    INSERT INTO named(code, v) VALUES ('c1',1),('c2',2);";

fn fill(db: &Path) -> Connection {
    let connection = Connection::open(db).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

fn order(scene: &Scene) -> Order {
    let target = Target {
        kind: TargetKind::Sqlite,
        locator: scene.db.to_string_lossy().into_owned(),
        object: None,
        reach: Reach::Sqlite(scene.db.clone()),
    };
    Order::new(target, BackupType::Guard, scene.backups.clone())
}

fn back_up(scene: &Scene) -> Manifest {
    make::run(&order(scene)).unwrap()
}

fn entry(scene: &Scene, manifest: &Manifest) -> Entry {
    catalog::load(&scene.backups, &manifest.id).unwrap()
}

/// Everything that a database holds, as text.
fn dump(db: &Path) -> String {
    let connection = Connection::open(db).unwrap();
    let mut out = String::new();
    let mut query = connection
        .prepare(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name",
        )
        .unwrap();
    let objects: Vec<(String, String, String)> = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (kind, name, sql) in objects {
        out.push_str(&format!("{kind} {name} {sql}\n"));
        if kind == "table" {
            let mut rows = connection
                .prepare(&format!("SELECT * FROM \"{name}\" ORDER BY 1, 2"))
                .or_else(|_| connection.prepare(&format!("SELECT * FROM \"{name}\" ORDER BY 1")))
                .unwrap();
            let width = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<String> = (0..width)
                    .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                    .collect();
                out.push_str(&format!("  {}\n", cells.join(" | ")));
            }
        }
    }
    out
}

fn wish(missing_only: bool) -> Wish {
    Wish {
        missing_only,
        ..Wish::default()
    }
}

fn bring_back(scene: &Scene, manifest: &Manifest, wish: &Wish) -> Restored {
    restore::run(
        &entry(scene, manifest),
        wish,
        &scene.backups,
        &Control::default(),
    )
    .unwrap()
}

fn run(scene: &Scene, sql: &str) {
    let connection = Connection::open(&scene.db).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_lost_file_comes_back_with_its_rows_and_its_mode() {
    let scene = scene();
    drop(fill(&scene.db));
    let mut mode = fs::metadata(&scene.db).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o640);
    fs::set_permissions(&scene.db, mode).unwrap();
    let mode = fs::metadata(&scene.db).unwrap().permissions();
    let before = dump(&scene.db);
    let manifest = back_up(&scene);
    assert_eq!(manifest.verification.level, Level::Readable);
    fs::remove_file(&scene.db).unwrap();
    bring_back(&scene, &manifest, &wish(true));
    assert_eq!(dump(&scene.db), before);
    assert_eq!(fs::metadata(&scene.db).unwrap().permissions(), mode);
}

#[test]
fn the_command_by_hand_brings_it_back_too() {
    for codec in [Codec::ZSTD, Codec::GZIP, Codec::Plain] {
        let scene = scene();
        drop(fill(&scene.db));
        let before = dump(&scene.db);
        let manifest = make::run(&Order {
            codec,
            ..order(&scene)
        })
        .unwrap();
        fs::remove_file(&scene.db).unwrap();
        let status = Command::new("sh")
            .args(["-c", &manifest.recovery[0]])
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(dump(&scene.db), before);
    }
}

#[test]
fn a_dropped_table_comes_back_with_its_index_view_and_trigger_into_the_living_database() {
    let scene = scene();
    drop(fill(&scene.db));
    let before = dump(&scene.db);
    let manifest = back_up(&scene);
    run(&scene, "DROP TABLE users; DROP VIEW names;");
    let restored = bring_back(&scene, &manifest, &wish(true));
    assert_eq!(dump(&scene.db), before, "{restored:?}");
    assert!(
        restored.saved.is_some() && restored.conflicts.is_empty(),
        "{restored:?}"
    );
    let again = restore::plan(&entry(&scene, &manifest), &wish(true), &Control::default()).unwrap();
    assert!(again.steps.is_empty(), "{again:?}");
}

#[test]
fn deleted_rows_come_back_and_newer_work_stays() {
    let scene = scene();
    drop(fill(&scene.db));
    let before = dump(&scene.db);
    let manifest = back_up(&scene);
    run(
        &scene,
        "DELETE FROM users; DELETE FROM plain; DELETE FROM keyed; DELETE FROM named; DELETE FROM orders; DELETE FROM sqlite_sequence",
    );
    bring_back(&scene, &manifest, &wish(true));
    assert_eq!(dump(&scene.db), before);
    run(
        &scene,
        "DELETE FROM users WHERE id = 1; INSERT INTO users(id, name) VALUES (50, 'new');
         UPDATE users SET mail = 'changed' WHERE id = 2; DELETE FROM orders WHERE id > 1; INSERT INTO orders VALUES (9, 50);",
    );
    let restored = bring_back(&scene, &manifest, &wish(true));
    let connection = Connection::open(&scene.db).unwrap();
    let said: String = connection
        .query_row("SELECT group_concat(id || name || coalesce(mail, ''), ' ') FROM (SELECT * FROM users ORDER BY id)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(said, "1anna@x 2bobchanged 3cyc@x 50new");
    let orders: i64 = connection
        .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
        .unwrap();
    assert_eq!(orders, 4);
    assert_eq!(restored.conflicts.len(), 1, "{restored:?}");
}

#[test]
fn a_row_that_clashes_with_a_newer_one_is_listed_and_not_forced_in() {
    let scene = scene();
    drop(fill(&scene.db));
    let manifest = back_up(&scene);
    run(
        &scene,
        "DELETE FROM users WHERE id = 1; INSERT INTO users(id, name) VALUES (77, 'ann');",
    );
    let restored = bring_back(&scene, &manifest, &wish(true));
    assert!(
        restored.left.iter().any(|text| text.contains("clash")),
        "{restored:?}"
    );
    let connection = Connection::open(&scene.db).unwrap();
    let anns: i64 = connection
        .query_row("SELECT count(*) FROM users WHERE name = 'ann'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(anns, 1);
}

#[test]
fn a_text_key_comes_back_even_where_its_rowid_is_taken() {
    let scene = scene();
    drop(fill(&scene.db));
    let manifest = back_up(&scene);
    run(
        &scene,
        "DELETE FROM named; INSERT INTO named(code, v) VALUES ('n1', 9);",
    );
    bring_back(&scene, &manifest, &wish(true));
    let connection = Connection::open(&scene.db).unwrap();
    let codes: String = connection
        .query_row(
            "SELECT group_concat(code, ' ') FROM (SELECT code FROM named ORDER BY code)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(codes, "c1 c2 n1");
}

#[test]
fn a_full_restore_goes_through_the_living_file_and_others_go_on() {
    for wal in [false, true] {
        let scene = scene();
        let connection = fill(&scene.db);
        if wal {
            connection
                .pragma_update(None, "journal_mode", "wal")
                .unwrap();
        }
        let manifest = back_up(&scene);
        connection
            .execute_batch("DELETE FROM plain; INSERT INTO log VALUES ('later')")
            .unwrap();
        bring_back(&scene, &manifest, &wish(false));
        let rows: i64 = connection
            .query_row(
                "SELECT (SELECT count(*) FROM plain) * 10 + (SELECT count(*) FROM log)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(rows, 40, "wal {wal}");
    }
}

#[test]
fn rows_that_stand_only_in_the_write_ahead_log_are_backed_up() {
    let scene = scene();
    let connection = fill(&scene.db);
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    connection
        .execute_batch("PRAGMA wal_autocheckpoint=0; INSERT INTO plain VALUES (8, 8)")
        .unwrap();
    let manifest = back_up(&scene);
    let plain = manifest.artefacts[0]
        .contents
        .iter()
        .find(|one| one.name == "plain")
        .unwrap();
    assert_eq!(plain.count, Some(5));
    drop(connection);
}

#[test]
fn a_quiet_write_ahead_database_is_backed_up_without_a_trace_beside_it() {
    let scene = scene();
    let connection = fill(&scene.db);
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    drop(connection);
    let marks = make::marks_now(&Reach::Sqlite(scene.db.clone()), &Control::default()).unwrap();
    let manifest = back_up(&scene);
    assert_eq!(manifest.marks, marks);
    let now = make::marks_now(&manifest.reach, &Control::default()).unwrap();
    assert_eq!(now, marks);
    for ending in ["-wal", "-shm"] {
        let mut name = scene.db.clone().into_os_string();
        name.push(ending);
        assert!(!Path::new(&name).exists(), "{ending}");
    }
}

#[test]
fn a_hot_journal_of_a_crash_is_rolled_back_on_a_copy_only() {
    let scene = scene();
    drop(fill(&scene.db));
    // A writer that dies in the middle of a transaction whose pages have reached the file.
    let script = "import sqlite3,os,sys\nc=sqlite3.connect(sys.argv[1],isolation_level=None)\nc.execute('PRAGMA cache_size=1')\nc.execute('BEGIN')\nc.execute('DELETE FROM plain')\nfor i in range(3000): c.execute('INSERT INTO plain VALUES(?,?)',(i,'x'*500))\nos._exit(0)";
    let ended = Command::new("python3")
        .arg("-c")
        .arg(script)
        .arg(&scene.db)
        .status();
    let mut journal = scene.db.clone().into_os_string();
    journal.push("-journal");
    if !ended.is_ok_and(|status| status.success()) || !Path::new(&journal).exists() {
        eprintln!("SKIPPED: no python3 with sqlite3 to leave a hot journal");
        return;
    }
    let before = fs::read(&scene.db).unwrap();
    let manifest = back_up(&scene);
    let plain = manifest.artefacts[0]
        .contents
        .iter()
        .find(|one| one.name == "plain")
        .unwrap();
    assert_eq!(plain.count, Some(4));
    assert!(
        fs::read(&scene.db).unwrap() == before,
        "the original is not touched"
    );
    assert!(Path::new(&journal).exists());
}

#[test]
fn a_writer_in_mid_transaction_does_not_get_into_the_backup() {
    let scene = scene();
    let writer = fill(&scene.db);
    writer.execute_batch("BEGIN; DELETE FROM plain").unwrap();
    let manifest = back_up(&scene);
    let plain = manifest.artefacts[0]
        .contents
        .iter()
        .find(|one| one.name == "plain")
        .unwrap();
    assert_eq!(plain.count, Some(4));
}

#[test]
fn what_is_no_database_is_refused_with_a_way_out() {
    let scene = scene();
    fs::write(&scene.db, "this is not a database at all").unwrap();
    let error = make::run(&order(&scene)).unwrap_err();
    assert!(matches!(error, BackupError::Unreachable(_)), "{error}");
    assert!(error.to_string().contains("backstop backup run"), "{error}");
    fs::remove_file(&scene.db).unwrap();
    let error = make::run(&order(&scene)).unwrap_err();
    assert!(matches!(error, BackupError::NotFound(_)), "{error}");
    assert!(!scene.db.exists());
}

#[test]
fn an_artefact_cut_or_flipped_at_any_byte_is_no_evidence() {
    let scene = scene();
    let connection = Connection::open(&scene.db).unwrap();
    connection
        .execute_batch("PRAGMA page_size=512; CREATE TABLE t(x); INSERT INTO t VALUES (1)")
        .unwrap();
    drop(connection);
    let manifest = back_up(&scene);
    let artefact = scene
        .backups
        .join(&manifest.id)
        .join(&manifest.artefacts[0].path);
    let whole = fs::read(&artefact).unwrap();
    let refused = || {
        verify::run(
            &entry(&scene, &manifest),
            Level::Readable,
            &Control::default(),
        )
        .is_err()
    };
    for at in 0..whole.len() {
        fs::write(&artefact, &whole[..at]).unwrap();
        assert!(refused(), "cut at {at}");
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&artefact, &flipped).unwrap();
        assert!(refused(), "flipped at {at}");
    }
    fs::write(&artefact, &whole).unwrap();
    assert!(!refused());
}

/// Puts another database under the manifest, with sizes and digest that fit: only its content is wrong.
fn forge(scene: &Scene, manifest: &Manifest, db: &Path) -> Entry {
    let mut entry = entry(scene, manifest);
    let control = Control::default();
    fs::remove_file(entry.folder.join(&manifest.artefacts[0].path)).unwrap();
    let job = Job {
        folder: &entry.folder,
        path: &manifest.artefacts[0].path,
        role: "database",
        format: "sqlite",
        codec: Codec::ZSTD,
        control: &control,
    };
    let made = write_artefact(&job, &mut fs::File::open(db).unwrap(), Box::new(NoScan)).unwrap();
    let held = entry.manifest.artefacts[0].contents.clone();
    entry.manifest.artefacts[0] = made;
    entry.manifest.artefacts[0].contents = held;
    entry
}

#[test]
fn fewer_rows_another_database_or_a_missing_table_are_no_evidence() {
    for loss in [
        "DELETE FROM plain WHERE x = 1",
        "DROP TABLE plain",
        "CREATE TABLE more(x)",
    ] {
        let scene = scene();
        drop(fill(&scene.db));
        let manifest = back_up(&scene);
        let other = scene.db.with_extension("other");
        fs::copy(&scene.db, &other).unwrap();
        let good = forge(&scene, &manifest, &other);
        assert!(verify::run(&good, Level::Readable, &Control::default()).is_ok());
        Connection::open(&other)
            .unwrap()
            .execute_batch(loss)
            .unwrap();
        let forged = forge(&scene, &manifest, &other);
        let verified = verify::run(&forged, Level::Readable, &Control::default());
        assert!(
            matches!(verified, Err(BackupError::NotIntact(_))),
            "{loss}: {verified:?}"
        );
        let restored = restore::run(&forged, &wish(false), &scene.backups, &Control::default());
        assert!(restored.is_err(), "{loss}");
    }
}

#[test]
fn a_backup_that_lacks_the_ordered_table_is_not_made() {
    let scene = scene();
    drop(fill(&scene.db));
    let mut order = order(&scene);
    order.objects = vec!["nobody".into()];
    let error = make::run(&order).unwrap_err();
    assert!(matches!(error, BackupError::NotIntact(_)), "{error}");
    assert!(catalog::list(&scene.backups).unwrap().entries.is_empty());
}

#[test]
fn a_stale_log_beside_a_lost_file_is_moved_aside() {
    let scene = scene();
    let connection = fill(&scene.db);
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    let before = dump(&scene.db);
    let manifest = back_up(&scene);
    connection
        .execute_batch("PRAGMA wal_autocheckpoint=0; DELETE FROM plain")
        .unwrap();
    let mut wal = scene.db.clone().into_os_string();
    wal.push("-wal");
    let log = fs::read(&wal).unwrap();
    drop(connection);
    fs::remove_file(&scene.db).unwrap();
    fs::write(&wal, log).unwrap();
    bring_back(&scene, &manifest, &wish(false));
    assert_eq!(dump(&scene.db), before);
}

#[test]
fn a_kill_in_an_undo_leaves_the_database_as_it_was() {
    for step in ["restore.saved", "restore.sqlite.inserted"] {
        let scene = scene();
        drop(fill(&scene.db));
        let before = dump(&scene.db);
        let manifest = back_up(&scene);
        run(&scene, "DROP TABLE users; DELETE FROM plain");
        let lost = dump(&scene.db);
        let undo = |failpoint: &str| {
            Command::new(env!("CARGO_BIN_EXE_backstop"))
                .args([
                    "undo",
                    &manifest.id,
                    "--backup-dir",
                    scene.backups.to_str().unwrap(),
                ])
                .env("BACKSTOP_FAILPOINT", failpoint)
                .output()
                .unwrap()
        };
        assert_eq!(undo(&format!("{step}=kill")).status.code(), None);
        assert_eq!(dump(&scene.db), lost, "{step}");
        let again = undo("");
        assert!(again.status.success(), "{again:?}");
        assert_eq!(dump(&scene.db), before, "{step}");
    }
}

#[test]
fn a_kill_while_a_lost_file_is_placed_leaves_no_half_database() {
    let scene = scene();
    drop(fill(&scene.db));
    let before = dump(&scene.db);
    let manifest = back_up(&scene);
    fs::remove_file(&scene.db).unwrap();
    let restore = |failpoint: &str| {
        Command::new(env!("CARGO_BIN_EXE_backstop"))
            .args([
                "restore",
                &manifest.id,
                "--backup-dir",
                scene.backups.to_str().unwrap(),
            ])
            .env("BACKSTOP_FAILPOINT", failpoint)
            .output()
            .unwrap()
    };
    assert_eq!(restore("restore.sqlite.written=kill").status.code(), None);
    assert!(!scene.db.exists());
    assert!(restore("").status.success());
    assert_eq!(dump(&scene.db), before);
}

#[test]
fn evidence_is_fresh_until_the_database_or_the_artefact_changes() {
    use backstop::model::backup::Freshness;
    use backstop::model::policy::BackupNeed;
    let scene = scene();
    drop(fill(&scene.db));
    let need = BackupNeed {
        target: order(&scene).target,
        max_age_s: 3600,
        verify: Level::Readable,
        objects: vec!["main.Users".into()],
        definitions: Vec::new(),
    };
    let control = Control::default();
    let find = || {
        let marks = make::marks_now(&need.target.reach, &control);
        let identity = make::identity_now(&need.target.reach);
        catalog::evidence(
            &scene.backups,
            &need,
            identity.as_ref(),
            marks.as_ref(),
            &control,
        )
        .unwrap()
        .1
    };
    assert_eq!(find(), Freshness::Missing);
    back_up(&scene);
    assert_eq!(find(), Freshness::Fresh);
    run(&scene, "INSERT INTO plain VALUES (5, 5)");
    assert!(matches!(find(), Freshness::Changed(_)));
    let manifest = back_up(&scene);
    assert_eq!(find(), Freshness::Fresh);
    let artefact = scene
        .backups
        .join(&manifest.id)
        .join(&manifest.artefacts[0].path);
    let mut bytes = fs::read(&artefact).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&artefact, bytes).unwrap();
    assert_ne!(find(), Freshness::Fresh);
}

#[test]
fn an_empty_file_is_an_empty_database() {
    let scene = scene();
    fs::write(&scene.db, "").unwrap();
    let manifest = back_up(&scene);
    assert_eq!(manifest.artefacts[0].contents_total, 0);
    verify::run(
        &entry(&scene, &manifest),
        Level::Restored,
        &Control::default(),
    )
    .unwrap();
}

#[test]
fn a_named_table_becomes_again_what_it_was_and_the_others_stay() {
    let scene = scene();
    drop(fill(&scene.db));
    let before = dump(&scene.db);
    let manifest = back_up(&scene);
    run(
        &scene,
        "UPDATE users SET mail = 'x'; INSERT INTO users(name) VALUES ('dan'); DROP INDEX by_mail;
         ALTER TABLE users DROP COLUMN mail; DELETE FROM plain WHERE x = 1; DELETE FROM log;",
    );
    let table = Wish {
        only: vec!["Users".into()],
        ..Wish::default()
    };
    let undone =
        restore::plan(&entry(&scene, &manifest), &wish(true), &Control::default()).unwrap();
    assert!(
        undone
            .left
            .iter()
            .any(|left| left.contains("--table users")),
        "{undone:?}"
    );
    bring_back(&scene, &manifest, &table);
    assert_ne!(dump(&scene.db), before);
    bring_back(&scene, &manifest, &wish(true));
    assert_eq!(dump(&scene.db), before);
}
