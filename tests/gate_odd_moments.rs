//! Odd moments between a hold and its undo: writers that never stop, runs that are killed, two undos at once, places that are taken.
//! Every loss is a real one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests may unwrap and print"
)]

mod house;
mod support;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use house::House;
use house::story::{Held, picture};

fn sqlite(house: &House, file: &str, sql: &str) -> String {
    let done = Command::new("sqlite3")
        .args(["-batch", "-bail", "-cmd", ".timeout 20000", file, sql])
        .current_dir(house.project())
        .output()
        .expect("sqlite3 is installed");
    assert!(done.status.success(), "{sql}: {done:?}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Somebody who writes all the time, until this is let go.
struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    fn start(pause_ms: u64, mut write: impl FnMut(u64) + Send + 'static) -> Self {
        let (stop, written) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (end, count) = (stop.clone(), written.clone());
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                write(count.load(Ordering::Relaxed));
                count.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(pause_ms));
            }
        });
        let writer = Self {
            stop,
            written,
            thread: Some(thread),
        };
        writer.has_written(writer.written() + 1);
        writer
    }

    fn of_database(file: PathBuf) -> Self {
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.busy_timeout(Duration::from_secs(20)).unwrap();
        Self::start(5, move |at| {
            connection
                .execute("INSERT INTO log VALUES (?1)", [i64::try_from(at).unwrap()])
                .unwrap();
        })
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn has_written(&self, wanted: u64) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.written() < wanted && Instant::now() < until {
            std::thread::yield_now();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Held, whatever the reason says of the backup.
fn held(house: &House, command: &str) -> Held {
    let first = house.bash(command);
    first.must_block();
    Held {
        id: first.request(),
        reason: first.stderr,
        command: command.to_owned(),
    }
}

#[test]
fn a_database_that_is_written_to_all_the_time_is_let_go_with_a_backup_made_in_the_call() {
    for (mode, name) in [("delete", "writer"), ("wal", "writer-wal")] {
        let house = House::new(name);
        sqlite(
            &house,
            "app.db",
            &format!(
                "PRAGMA journal_mode={mode}; CREATE TABLE t(n); INSERT INTO t VALUES (1), (2); CREATE TABLE log(n);"
            ),
        );
        let writer = Writer::of_database(house.project().join("app.db"));
        let held = held(
            &house,
            "sqlite3 -cmd '.timeout 20000' app.db 'DROP TABLE t'",
        );
        let seen = house.approved(&held);
        assert!(seen.contains("it was written to while"), "{seen}");
        assert!(!seen.contains("stays held"), "{seen}");
        // The use asks for a backup of its own: the rows of before the call are in it.
        let before = writer.written();
        house.passes_and_runs(&held);
        let used = house.records("used").pop().unwrap();
        let drift = &used["body"]["facts"]["drift"];
        assert!(
            drift[0]["said"].as_str().unwrap().contains("written to"),
            "{used}"
        );
        house.undo(&held.id);
        writer.has_written(writer.written() + 2);
        drop(writer);
        assert_eq!(
            sqlite(&house, "app.db", "SELECT group_concat(n) FROM t"),
            "1,2"
        );
        let rows = sqlite(
            &house,
            "app.db",
            "SELECT count(*), count(DISTINCT n) FROM log",
        );
        let (all, different) = rows.split_once('|').unwrap();
        assert!(
            all == different && all.parse::<u64>().unwrap() > before,
            "{rows}"
        );
        house.is_sound(&[]);
    }
}

#[test]
fn a_folder_that_is_written_to_all_the_time_is_let_go_with_a_backup_made_in_the_call() {
    let house = House::new("writer-tree");
    let log = house.data().join("log");
    let writer = Writer::start(5, move |at| {
        let _ = std::fs::write(&log, at.to_string());
    });
    let held = held(&house, "rm -rf data");
    house.approved(&held);
    house.bash(&held.command).must_pass();
    drop(writer);
    assert_eq!(house.run_for_real(&held.command).code, Some(0));
    house.undo(&held.id);
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "precious"
    );
    assert!(house.data().join("log").exists());
}

#[test]
fn another_file_under_the_name_is_held_although_writers_are_usual_there() {
    let house = House::new("writer-other");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(n); INSERT INTO t VALUES (1); CREATE TABLE log(n);",
    );
    let held = held(&house, "sqlite3 app.db 'DROP TABLE t'");
    house.approved(&held);
    sqlite(
        &house,
        "other.db",
        "CREATE TABLE t(n); INSERT INTO t VALUES (7);",
    );
    let first = std::fs::metadata(house.project().join("app.db"))
        .unwrap()
        .ino();
    std::fs::rename(
        house.project().join("other.db"),
        house.project().join("app.db"),
    )
    .unwrap();
    assert_ne!(
        first,
        std::fs::metadata(house.project().join("app.db"))
            .unwrap()
            .ino()
    );
    // Whatever is answered: what passes is covered by a backup of the file that stands there.
    let answer = house.bash(&held.command);
    if answer.code == Some(0) {
        assert_eq!(house.run_for_real(&held.command).code, Some(0));
        house.undo(&held.id);
    }
    assert_eq!(sqlite(&house, "app.db", "SELECT n FROM t"), "7");
}

#[test]
fn where_policy_wants_that_nothing_was_written_a_writer_keeps_the_call_held() {
    let house = House::new("writer-none");
    house.policy("[backup]\ndrift = \"none\"\n");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(n); INSERT INTO t VALUES (1); CREATE TABLE log(n);",
    );
    let writer = Writer::of_database(house.project().join("app.db"));
    let held = held(&house, "sqlite3 app.db 'DROP TABLE t'");
    house.approved(&held);
    house.bash(&held.command).must_block();
    drop(writer);
    house.bash(&held.command).must_pass();
}

#[test]
fn a_deeper_tree_than_a_process_may_open_comes_back() {
    const DEEP: usize = 1500;
    let house = House::new("deep");
    let dir = house.data();
    let mut place = rustix::fs::open(
        &dir,
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    for _ in 0..DEEP {
        rustix::fs::mkdirat(&place, "d", rustix::fs::Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY;
        place = rustix::fs::openat(&place, "d", flags, rustix::fs::Mode::empty()).unwrap();
    }
    let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::CREATE;
    let file = rustix::fs::openat(&place, "file", flags, rustix::fs::Mode::RWXU).unwrap();
    rustix::io::write(&file, b"at the bottom").unwrap();
    let held = house.lose("rm -rf data");
    let said = "it is deeper or larger than is looked through";
    assert!(held.reason.contains(said), "{}", held.reason);
    house.undo(&held.id);
    let found = house.run_for_real("find data -name file -exec cat {} +");
    assert_eq!(found.stdout, "at the bottom", "{found:?}");
    assert_eq!(
        house
            .run_for_real("find data -type d | wc -l")
            .stdout
            .trim(),
        (DEEP + 2).to_string()
    );
    // The house goes with its tree: std's own removal needs as many open files as there are levels.
    assert_eq!(house.run_for_real("rm -rf data").code, Some(0));
}

#[test]
fn what_autoincrement_has_got_to_is_lost_and_comes_back() {
    let house = House::new("sequence");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, x); CREATE TABLE b(id INTEGER PRIMARY KEY AUTOINCREMENT, x);
         INSERT INTO a VALUES (41, 'x'); DELETE FROM a; INSERT INTO b VALUES (7, 'y'); ANALYZE;",
    );
    let all = "SELECT group_concat(name || seq) FROM (SELECT * FROM sqlite_sequence ORDER BY name)";
    for command in [
        "sqlite3 app.db 'DELETE FROM sqlite_sequence'",
        "sqlite3 app.db \"DELETE FROM sqlite_sequence WHERE name = 'a'\"",
        "sqlite3 app.db 'UPDATE sqlite_sequence SET seq = 0'",
    ] {
        let answer = house.bash(command);
        if answer.code == Some(0) {
            assert_eq!(house.run_for_real(command).code, Some(0));
        } else {
            let held = house.held(command);
            house.approved(&held);
            house.passes_and_runs(&held);
        }
        assert_ne!(sqlite(&house, "app.db", all), "a41,b7", "{command}");
        let undone = house.backstop(&["undo", "--yes"]);
        assert_eq!(undone.code, Some(0), "{command}: {undone:?}");
        assert_eq!(
            sqlite(&house, "app.db", all),
            "a41,b7",
            "{command}: {undone:?}"
        );
    }
}

#[test]
fn the_doctor_judges_the_state_directory_that_the_installed_line_names() {
    let house = House::new("doctor-state");
    let other = house.home.join("elsewhere/state");
    for form in [&[][..], &["--shell-form"]] {
        let state = other.display().to_string();
        let words = [&["install", "claude", "--yes", "--state", &state], form].concat();
        let installed = house.backstop(&words);
        assert_eq!(installed.code, Some(0), "{installed:?}");
        let sound = house.backstop(&["doctor"]);
        assert!(
            sound.stdout.contains(&format!("state {state} (")),
            "{sound:?}"
        );
        std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o777)).unwrap();
        let loose = house.backstop(&["doctor"]);
        assert_eq!(loose.code, Some(1), "{loose:?}");
        assert!(
            loose.stdout.contains(&format!("can write to `{state}`")),
            "{loose:?}"
        );
        std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// Everything in the project that backstop made for itself.
fn leftovers(house: &House) -> Vec<String> {
    let found = house.run_for_real(
        "find . ../.local/share/backstop/backups -maxdepth 1 -name '*backstop-*' -o -maxdepth 1 -name '.scratch-*'; ls ../.local/share/backstop/backups/passing 2>/dev/null",
    );
    found.stdout.lines().map(str::to_owned).collect()
}

fn killed(house: &mut House, words: &[&str], point: &str) {
    house.more = vec![("BACKSTOP_FAILPOINT".to_owned(), format!("{point}=kill"))];
    let killed = house.backstop(words);
    house.more = Vec::new();
    assert_eq!(killed.code, None, "{point}: {killed:?}");
}

#[test]
fn an_undo_that_was_killed_anywhere_is_done_by_the_next_one_and_leaves_nothing_behind() {
    let mut house = House::new("killed");
    let before = picture(&house.data());
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(n); INSERT INTO t VALUES (1), (2); CREATE TABLE u(n); INSERT INTO u VALUES (3);",
    );
    let tree = ["restore.saved", "restore.tree.filled", "restore.applied"];
    for (point, again) in tree
        .iter()
        .flat_map(|point| [(point, false), (point, true)])
    {
        let lost = house.lose("rm -rf data");
        if again {
            // Somebody made a part of it anew: it is merged, not placed.
            std::fs::create_dir_all(house.data().join("inner")).unwrap();
        }
        killed(&mut house, &["undo", &lost.id, "--yes"], point);
        house.undo(&lost.id);
        assert_eq!(picture(&house.data()), before, "{point}");
        assert_eq!(leftovers(&house), Vec::<String>::new(), "{point}");
    }
    for (loss, point) in [
        ("rm app.db", "restore.sqlite.written"),
        ("rm app.db", "restore.applied"),
        ("sqlite3 app.db 'DROP TABLE t'", "restore.sqlite.inserted"),
        ("sqlite3 app.db 'DROP TABLE t'", "restore.applied"),
    ] {
        let lost = house.lose(loss);
        killed(&mut house, &["undo", &lost.id, "--yes"], point);
        house.undo(&lost.id);
        let rows = "SELECT group_concat(n) FROM (SELECT n FROM t UNION ALL SELECT n FROM u)";
        assert_eq!(sqlite(&house, "app.db", rows), "1,2,3", "{loss} {point}");
        assert_eq!(leftovers(&house), Vec::<String>::new(), "{loss} {point}");
    }
    house.is_sound(&[]);
}

#[test]
fn what_a_killed_undo_left_is_named_by_the_doctor_and_goes_with_the_next_prune() {
    let mut house = House::new("killed-prune");
    let lost = house.lose("rm -rf data");
    killed(
        &mut house,
        &["undo", &lost.id, "--yes"],
        "restore.tree.filled",
    );
    std::fs::create_dir(house.project().join(".backstop-restore-00000000")).unwrap();
    assert_eq!(leftovers(&house).len(), 3);
    assert!(
        house
            .backstop(&["doctor"])
            .stdout
            .contains("an undo or restore was ended and left ")
    );
    let dry = house.backstop(&["backup", "prune", "--dry-run"]);
    assert!(
        dry.stdout.contains("a restore that was ended left it"),
        "{dry:?}"
    );
    assert_eq!(leftovers(&house).len(), 3);
    assert_eq!(house.backstop(&["backup", "prune"]).code, Some(0));
    // What only bears such a name is somebody else's.
    assert_eq!(leftovers(&house), ["./.backstop-restore-00000000"]);
}

fn start(house: &House, words: &[&str], point: &str) -> Child {
    Command::new(house.binary())
        .args(words)
        .env_clear()
        .envs(house.env())
        .env("BACKSTOP_FAILPOINT", point)
        .current_dir(house.project())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn two_undos_at_once_do_it_once() {
    let house = House::new("two");
    let before = picture(&house.data());
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(n); INSERT INTO t VALUES (1), (1), (2);",
    );
    for loss in ["rm -rf data", "sqlite3 app.db 'DELETE FROM t'", "rm app.db"] {
        let lost = house.lose(loss);
        let words = ["undo", &lost.id, "--yes"];
        // The first one waits in the middle of it, so that the other comes in between.
        let first = start(&house, &words, "restore.saved=sleep:1500");
        let second = start(&house, &words, "restore.saved=sleep:1500");
        let done = [first, second].map(|one| one.wait_with_output().unwrap());
        for one in &done {
            assert!(one.status.success(), "{loss}: {done:?}");
        }
        let text = String::from_utf8_lossy(&done[0].stdout).into_owned()
            + &String::from_utf8_lossy(&done[1].stdout);
        let idle = text.matches("nothing is missing, nothing was done").count();
        assert_eq!(idle, usize::from(loss.contains("DELETE")), "{text}");
        let waited = done.iter().filter(|one| {
            String::from_utf8_lossy(&one.stderr).contains("another undo or restore of")
        });
        assert_eq!(waited.count(), 1, "{done:?}");
        assert_eq!(picture(&house.data()), before, "{loss}");
        assert_eq!(
            sqlite(&house, "app.db", "SELECT group_concat(n) FROM t"),
            "1,1,2"
        );
    }
}

#[test]
fn a_folder_and_what_lay_in_it_come_back_in_one_undo() {
    let house = House::new("nested");
    let before = picture(&house.data());
    for command in [
        "rm -rf data/inner data",
        "rm data/inner/a && rm -rf data",
        "rm -rf data/inner; rm -rf data",
    ] {
        let held = house.lose(command);
        assert!(!house.data().exists(), "{command}");
        house.undo(&held.id);
        assert_eq!(picture(&house.data()), before, "{command}");
        let again = house.undo(&held.id);
        assert!(!again.stderr.contains("error"), "{again:?}");
        assert_eq!(picture(&house.data()), before, "{command}");
    }
}

#[test]
fn a_place_that_is_taken_is_named_and_the_rest_comes_back() {
    let house = House::new("taken");
    std::fs::create_dir_all(house.project().join("more/deep")).unwrap();
    std::fs::write(house.project().join("more/deep/b"), "b").unwrap();
    let lost = house.lose("rm -rf data more/deep");
    std::fs::remove_dir(house.project().join("more")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", house.project().join("more")).unwrap();
    let undone = house.backstop(&["undo", &lost.id, "--yes"]);
    assert_eq!(undone.code, Some(1), "{undone:?}");
    for part in [
        "project/more` stands where a folder has to be",
        "did not come back",
    ] {
        assert!(
            undone.stderr.contains(part),
            "{part} is missing in {undone:?}"
        );
    }
    assert_eq!(
        std::fs::read_to_string(house.data().join("inner/a")).unwrap(),
        "precious"
    );
    std::fs::remove_file(house.project().join("more")).unwrap();
    // It was not undone: the next one without a name takes it up again.
    let undone = house.backstop(&["undo", "--yes"]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(
        std::fs::read_to_string(house.project().join("more/deep/b")).unwrap(),
        "b"
    );
}

#[test]
fn what_comes_to_the_place_while_it_is_undone_is_left_and_said() {
    for (loss, point, target) in [
        ("rm -rf data", "restore.tree.filled", "data"),
        ("rm app.db", "restore.sqlite.written", "app.db"),
    ] {
        let house = House::new("came");
        sqlite(
            &house,
            "app.db",
            "CREATE TABLE t(n); INSERT INTO t VALUES (1)",
        );
        let lost = house.lose(loss);
        let undo = start(
            &house,
            &["undo", &lost.id, "--yes"],
            &format!("{point}=sleep:1500"),
        );
        let place = house.project().join(target);
        let until = Instant::now() + Duration::from_secs(60);
        while !is_under_way(&house) && Instant::now() < until {
            std::thread::yield_now();
        }
        std::fs::write(&place, "mine").unwrap();
        let done = undo.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains("is there again: a file came there"), "{said}");
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
        house.undo(&lost.id);
        assert_ne!(std::fs::read(&place).unwrap_or_default(), b"mine", "{loss}");
    }
}

/// Something that is about to be put in place lies beside it.
fn is_under_way(house: &House) -> bool {
    let listing = std::fs::read_dir(house.project()).unwrap().flatten();
    let mut names = listing.map(|entry| entry.file_name().into_string().unwrap());
    names.any(|name| name.contains(".backstop-"))
}

#[test]
fn a_terminal_that_knows_no_escapes_gets_none() {
    let mut house = House::new("dumb");
    let held = house.held("rm -rf data");
    for (term, coloured) in [("dumb", false), ("xterm", true)] {
        house.more = vec![("TERM".to_owned(), term.to_owned())];
        for words in [
            &["requests"][..],
            &["check", "rm -rf data"],
            &["doctor"],
            &["--help"],
        ] {
            let (_, seen) = house.terminal(words).end();
            if words == ["requests"] || !coloured {
                assert_eq!(
                    seen.contains('\u{1b}'),
                    coloured,
                    "{term} {words:?}: {seen:?}"
                );
            }
        }
    }
    house.more = vec![("TERM".to_owned(), "dumb".to_owned())];
    std::fs::write(house.data().join("new"), "x").unwrap();
    let seen = house.approve_in_a_terminal(&held.id);
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn a_first_approval_that_expires_before_the_second_is_said_so() {
    let house = House::new("expires");
    house.policy("[approvals]\nlifetime = \"6s\"\n");
    let held = house.held("rm -rf data");
    let mut terminal = house.terminal(&["approve", &held.id]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal.wait_for("type data: ");
    std::thread::sleep(Duration::from_millis(6200));
    terminal.type_line("data");
    let (code, seen) = terminal.end();
    assert_eq!(code, 1, "{seen}");
    for part in [
        "the first approval has expired while the second was waited for",
        &format!("backstop approve {}", held.id),
    ] {
        assert!(seen.contains(part), "{part} is missing in {seen}");
    }
    house.bash(&held.command).must_block();
    house.approved(&held);
}

#[test]
fn the_state_of_the_backups_can_be_read_by_a_shell() {
    let house = House::new("status-env");
    let odd = house.project().join("it's here");
    std::fs::write(&odd, "x").unwrap();
    let empty = house.run_for_real(&format!(
        "{} backup status --format env",
        house.binary().display()
    ));
    assert!(
        empty.stdout.contains("BACKSTOP_STATUS_BACKUPS='0'\n"),
        "{empty:?}"
    );
    assert_eq!(
        house.backstop(&["backup", "run", "it's here"]).code,
        Some(0)
    );
    let script = format!(
        "eval \"$({} backup status --format env)\"; echo \"$BACKSTOP_STATUS_BACKUPS|$BACKSTOP_STATUS_NEWEST_TARGET|$BACKSTOP_STATUS_NEWEST_VERIFIED|$BACKSTOP_STATUS_BROKEN\"; test \"$BACKSTOP_STATUS_FREE_BYTES\" -gt 0 && test -d \"$BACKSTOP_STATUS_DIR/$BACKSTOP_STATUS_NEWEST\"",
        house.binary().display()
    );
    let read = house.run_for_real(&script);
    assert_eq!(read.code, Some(0), "{read:?}");
    assert_eq!(
        read.stdout.trim(),
        format!("1|{}|readable|0", odd.display())
    );
}

#[test]
fn a_dry_run_counts_the_part_that_would_come_back() {
    let house = House::new("dry");
    for name in ["s/g", "s/h", "k/l"] {
        let file = house.data().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "x").unwrap();
    }
    let made = house.backstop(&["backup", "run", "data", "--format", "json"]);
    let made: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    let id = made["backups"][0]["id"].as_str().unwrap();
    for (part, wanted) in [
        ("s/g", "unpack 1 entry "),
        ("s", "unpack 3 entries "),
        ("data/k/", "unpack 2 entries "),
    ] {
        let dry = house.backstop(&["restore", id, "--table", part, "--to", "out", "--dry-run"]);
        assert!(dry.stdout.contains(wanted), "{part}: {dry:?}");
    }
    let done = house.backstop(&["restore", id, "--table", "s/g", "--to", "out", "--yes"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        house.run_for_real("cd out && find . -type f").stdout,
        "./data/s/g\n"
    );
}

#[test]
fn what_was_moved_back_by_the_undo_itself_gets_its_table_back_too() {
    let house = House::new("moved-round");
    sqlite(
        &house,
        "d.db",
        "CREATE TABLE d(n); INSERT INTO d VALUES (1)",
    );
    sqlite(
        &house,
        "a.db",
        "CREATE TABLE t(n); INSERT INTO t VALUES (2); CREATE TABLE u(n)",
    );
    let held = house.lose("mv a.db d.db && sqlite3 d.db 'DROP TABLE t'");
    house.undo(&held.id);
    assert_eq!(sqlite(&house, "d.db", "SELECT n FROM d"), "1");
    assert_eq!(sqlite(&house, "a.db", "SELECT n FROM t"), "2");
}

#[test]
fn rows_that_go_with_a_table_that_is_put_back_as_a_whole_are_said() {
    let house = House::new("altered");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 2, 3)",
    );
    let held = house.lose("sqlite3 app.db 'ALTER TABLE t DROP COLUMN b'");
    sqlite(&house, "app.db", "INSERT INTO t VALUES (7, 8)");
    let undone = house.undo(&held.id);
    assert!(
        undone
            .stdout
            .contains("1 row of `t` is not in the backup and not kept"),
        "{undone:?}"
    );
    assert_eq!(sqlite(&house, "app.db", "SELECT * FROM t"), "1|2|3");
}

#[test]
fn what_a_pattern_writes_over_is_saved_first() {
    let house = House::new("pattern");
    for command in [
        "truncate -s 0 data/inner/*",
        "sed -i d data/inner/?",
        "tee data/inner/* < /dev/null",
        "for f in data/inner/*; do : > \"$f\"; done",
    ] {
        house.bash(command).must_pass();
        assert_eq!(house.run_for_real(command).code, Some(0));
        house.tell_ran(command);
        let file = house.data().join("inner/a");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "", "{command}");
        let undone = house.backstop(&["undo", "--yes"]);
        assert_eq!(undone.code, Some(0), "{command}: {undone:?}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text, "precious", "{command}: {undone:?}");
    }
}

#[test]
fn the_rows_of_one_call_come_back_although_a_later_one_took_the_table() {
    let house = House::new("later-drop");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)",
    );
    let first = house.lose("sqlite3 app.db 'DELETE FROM t WHERE id = 1'");
    let second = house.lose("sqlite3 app.db 'DROP TABLE t'");
    let undone = house.undo(&first.id);
    assert!(
        undone.stdout.contains("insert 1 missing row into `t`"),
        "{undone:?}"
    );
    assert_eq!(
        sqlite(&house, "app.db", "SELECT group_concat(id) FROM t"),
        "1"
    );
    house.undo(&second.id);
    let all = "SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)";
    assert_eq!(sqlite(&house, "app.db", all), "1,2,3");
}
