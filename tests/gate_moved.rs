//! What a call moves first and then removes: it is backed up where it stands before the call, and comes back there.
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

#[path = "support/postgres.rs"]
mod postgres;

use house::House;
use house::story::picture;

#[test]
fn a_folder_that_is_moved_and_removed_owes_a_backup_and_comes_back_where_it_was() {
    let house = House::new("moved");
    let before = picture(&house.data());
    for command in [
        "mv data old && rm -rf old",
        "mv data old; rm -rf old/*; rmdir old",
        "mkdir box && mv data box/ && rm -r box",
        "mv -t ../other data && cd ../other && rm -rf data",
        "mv data one && mv one two && rm -rf two",
    ] {
        let held = house.lose(command);
        assert!(!house.data().exists(), "{command}");
        assert!(held.reason.contains("/project/data"), "{}", held.reason);
        let said = house.undo(&held.id);
        assert!(house.data().join("inner/a").exists(), "{command}: {said:?}");
        assert_eq!(picture(&house.data()).len(), before.len(), "{command}");
    }
    house.is_sound(&[]);
}

#[test]
fn a_folder_that_is_moved_into_another_one_is_lost_with_it() {
    let house = House::new("moved-into");
    let other = house.home.join("other");
    let held = house.lose("mv data ../other && rm -rf ../other");
    assert!(!house.data().exists() && !other.exists());
    house.undo(&held.id);
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(house.data().join("inner/a")), "precious");
    assert_eq!(read(other.join("b")), "other");
}

#[test]
fn a_new_folder_under_the_old_name_hides_nothing() {
    let house = House::new("moved-new");
    let held = house.lose("mv data old && mkdir data && rm -rf old");
    assert!(!house.data().join("inner").exists());
    house.undo(&held.id);
    let text = std::fs::read_to_string(house.data().join("inner/a")).unwrap();
    assert_eq!(text, "precious");
}

#[test]
fn a_file_that_is_moved_and_then_removed_or_written_over_is_saved_first() {
    let house = House::new("moved-file");
    let file = house.data().join("inner/a");
    for command in [
        "mv data/inner/a data/inner/g; rm data/inner/g",
        "mv data/inner/a g && echo new > g",
        "mv data/inner/a g && cp ../other/b g",
    ] {
        house.bash(command).must_pass();
        assert_eq!(house.run_for_real(command).code, Some(0));
        house.tell_ran(command);
        assert!(!file.exists());
        let undone = house.backstop(&["undo", "--yes"]);
        assert_eq!(undone.code, Some(0), "{command}: {undone:?}");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, "precious", "{command}: {undone:?}");
        let _ = std::fs::remove_file(house.project().join("g"));
    }
}

#[test]
fn what_others_did_at_the_places_of_a_move_stays_and_what_is_lost_of_it_is_said() {
    // What others do, what stands at both places after the undo, and what is said not to come back.
    for (since, first, second, left) in [
        ("true", "moved", "precious", ""),
        (
            "echo theirs > f",
            "theirs\n",
            "precious",
            "something else stands there by now",
        ),
        (
            "echo theirs > data/inner/a",
            "",
            "precious",
            "was written to since",
        ),
        ("rm data/inner/a", "", "precious", "it is no longer at"),
        ("mv data/inner/a away", "", "precious", "it is no longer at"),
        ("mv data/inner/a f", "moved", "precious", ""),
    ] {
        let house = House::new("moved-others");
        let first_place = house.project().join("f");
        let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap_or_default();
        std::fs::write(&first_place, "moved").unwrap();
        let command = "mv -f f data/inner/a";
        house.bash(command).must_pass();
        assert_eq!(house.run_for_real(command).code, Some(0));
        house.tell_ran(command);
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(house.run_for_real(since).code, Some(0));
        let plan = house.backstop(&["undo", "--dry-run"]);
        let undone = house.backstop(&["undo", "--yes"]);
        let id = undone.stdout.split(" from ").nth(1).unwrap().lines().next();
        let again = house.backstop(&["undo", id.unwrap(), "--yes"]);
        let told = format!("{since}: {plan:?}\n{undone:?}\n{again:?}");
        let places = (read(&first_place), read(&house.data().join("inner/a")));
        assert_eq!(places, (first.to_owned(), second.to_owned()), "{told}");
        for answer in [&undone, &again] {
            assert_eq!(
                answer.code,
                Some(u8::from(!left.is_empty()).into()),
                "{told}"
            );
        }
        assert!(
            plan.stdout.contains(left) && undone.stdout.contains(left),
            "{told}"
        );
        assert_eq!(
            again.stdout.contains("not brought back"),
            !left.is_empty(),
            "{told}"
        );
    }
}

#[test]
fn what_is_moved_back_before_the_folder_goes_is_not_lost() {
    let house = House::new("moved-back");
    for command in [
        "mkdir keep && mv data keep/ && mv keep/data . && rm -rf keep",
        "touch fresh && mv fresh final && rm final",
        "mv data gone && mv gone data",
    ] {
        house.bash(command).must_pass();
    }
    assert!(house.records("snapshot").is_empty(), "{}", house.ledger());
}

fn sqlite(house: &House, file: &str, sql: &str) -> String {
    let done = std::process::Command::new("sqlite3")
        .args(["-batch", "-bail", file, sql])
        .current_dir(house.project())
        .output()
        .expect("sqlite3 is installed");
    assert!(done.status.success(), "{sql}: {done:?}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

#[test]
fn a_database_file_that_is_moved_and_then_loses_a_table_is_backed_up_under_its_old_name() {
    for command in [
        "mv app.db w.db && sqlite3 w.db 'DROP TABLE t'",
        "mv app.db box/ && sqlite3 box/app.db 'DELETE FROM t'",
        "mv app.db x.db && mv x.db w.db; sqlite3 w.db < drop.sql",
        "mkdir new && mv app.db new/w.db && cd new && sqlite3 w.db 'DROP TABLE t'",
    ] {
        let house = House::new("moved-db");
        std::fs::create_dir(house.project().join("box")).unwrap();
        std::fs::write(house.project().join("drop.sql"), "DROP TABLE t;").unwrap();
        sqlite(
            &house,
            "app.db",
            "CREATE TABLE t(n); INSERT INTO t VALUES (1), (2)",
        );
        let held = house.lose(command);
        for part in ["2 rows", "the same call moves it to `"] {
            assert!(
                held.reason.contains(part),
                "{part} is missing in {}",
                held.reason
            );
        }
        assert!(!house.project().join("app.db").exists(), "{command}");
        house.undo(&held.id);
        let rows = sqlite(&house, "app.db", "SELECT group_concat(n) FROM t");
        assert_eq!(rows, "1,2", "{command}");
        house.is_sound(&[]);
    }
}

#[test]
fn what_a_moved_database_does_not_hold_is_not_lost() {
    let house = House::new("moved-db-none");
    sqlite(
        &house,
        "app.db",
        "CREATE TABLE t(n); CREATE TABLE empty(n); INSERT INTO t VALUES (1)",
    );
    for command in [
        "mv app.db w.db && sqlite3 w.db 'DROP TABLE empty'",
        "mv app.db w.db && sqlite3 w.db 'DROP TABLE IF EXISTS nothing'",
        "mv app.db w.db && sqlite3 w.db 'SELECT * FROM t'",
    ] {
        house.bash(command).must_pass();
    }
}

#[test]
fn a_database_that_is_renamed_and_then_loses_a_table_is_backed_up_under_its_old_name() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let base = cluster.database("moved_old");
    cluster.sql(
        &base,
        "CREATE TABLE t(n int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)",
    );
    let house = House::new("renamed-db");
    let client = format!(
        "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres",
        cluster.folder.display(),
        cluster.port
    );
    let new = format!("{base}_new");
    let held = house.lose(&format!(
        "{client} -d postgres -c 'ALTER DATABASE {base} RENAME TO {new}' && {client} -d {new} -c 'DROP TABLE t'"
    ));
    for part in ["1,000 rows", "the same call renames it to `"] {
        assert!(
            held.reason.contains(part),
            "{part} is missing in {}",
            held.reason
        );
    }
    house.undo(&held.id);
    assert_eq!(cluster.sql(&base, "SELECT count(*) FROM t").trim(), "1000");
    cluster.sql("postgres", &format!("DROP DATABASE {new}"));
}
