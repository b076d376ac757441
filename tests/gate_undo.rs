//! Undo of losses row by row: what a call took or changed comes back, what others did since stays, and every answer says which.
//! SQLite and PostgreSQL tell the same story through the same gate.
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
use postgres::{Cluster, cluster};

const TABLES: &str = "
    CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER);
    CREATE TABLE letters(id INTEGER PRIMARY KEY, person INTEGER REFERENCES people(id) ON DELETE CASCADE, text TEXT);
    CREATE TABLE notes(text TEXT, n INTEGER);
    INSERT INTO people VALUES (1, 'Ana', 'Lima', 30), (2, 'Bo', 'Oslo', 40), (3, 'Cem', 'Izmir', 50), (4, 'Dia', 'Goa', 60);
    INSERT INTO letters VALUES (10, 1, 'a'), (11, 2, 'b'), (12, 2, 'c'), (13, 3, 'd');
    INSERT INTO notes VALUES ('x', 1), ('x', 1), ('y', 2);
";

const PEOPLE: &str = "SELECT id || name || city || age FROM people ORDER BY id;";
const LETTERS: &str = "SELECT id FROM letters ORDER BY id;";

/// One database in a house, SQLite or PostgreSQL.
struct Base {
    house: House,
    server: Option<(&'static Cluster, String)>,
}

impl Base {
    fn sqlite(name: &str) -> Self {
        let base = Self {
            house: House::new(&format!("undo-{name}")),
            server: None,
        };
        base.sql(TABLES);
        base
    }

    fn postgres(name: &str) -> Option<Self> {
        let cluster = cluster()?;
        let database = cluster.database(&format!("undo_{name}"));
        let base = Self {
            house: House::new(&format!("undo-pg-{name}")),
            server: Some((cluster, database)),
        };
        base.sql(TABLES);
        Some(base)
    }

    /// Both kinds, where a server can be started.
    fn both(name: &str) -> Vec<Self> {
        let mut all = vec![Self::sqlite(name)];
        all.extend(Self::postgres(name));
        all
    }

    /// The command that an agent runs.
    fn command(&self, sql: &str) -> String {
        match &self.server {
            Some((cluster, name)) => format!(
                "psql -X -h {} -p {} -U postgres -d {name} -c \"{sql}\"",
                cluster.folder.display(),
                cluster.port
            ),
            None => format!("sqlite3 app.db \"PRAGMA foreign_keys=ON; {sql}\""),
        }
    }

    /// What others do, past the gate.
    fn sql(&self, text: &str) -> String {
        match &self.server {
            Some((cluster, name)) => cluster.sql(name, text),
            None => {
                let output = std::process::Command::new("sqlite3")
                    .args(["-batch", "-bail", "app.db", text])
                    .current_dir(self.house.project())
                    .output()
                    .expect("sqlite3 is installed");
                assert!(output.status.success(), "{output:?}");
                String::from_utf8_lossy(&output.stdout)
                    .trim_end()
                    .to_owned()
            }
        }
    }

    /// A call that is let through with a snapshot, and run.
    fn snapshot(&self, sql: &str) {
        let command = self.command(sql);
        self.house.bash(&command).must_pass();
        let ran = self.house.run_for_real(&command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        self.house.tell_ran(&command);
    }

    fn undo(&self, words: &[&str]) -> String {
        let answer = self.house.backstop(&[&["undo"], words].concat());
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer.stdout
    }

    fn newest_backup(&self) -> String {
        let text = self
            .house
            .backstop(&["backup", "list", "--format", "json"])
            .stdout;
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        all["backups"][0]["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn values_that_a_snapshotted_update_changed_come_back_and_nothing_else_does() {
    for base in Base::both("update") {
        let before = base.sql(PEOPLE);
        base.snapshot("UPDATE people SET name = upper(name) WHERE id < 4");
        base.sql("UPDATE people SET city = 'Rome' WHERE id = 1; UPDATE people SET age = 61 WHERE id = 4; INSERT INTO people VALUES (5, 'Eve', 'Rio', 20);");
        let plan = base.undo(&["--dry-run"]);
        for part in [
            "UPDATE people SET name",
            "snapshot",
            "3 rows",
            "name",
            "ANA",
            "Ana",
        ] {
            assert!(plan.contains(part), "{part} is missing in {plan}");
        }
        let said = base.undo(&[]);
        assert!(said.contains("3 rows"), "{said}");
        assert!(!said.contains("nothing was done"), "{said}");
        let wanted = before
            .replace("1AnaLima30", "1AnaRome30")
            .replace("4DiaGoa60", "4DiaGoa61")
            + "\n5EveRio20";
        assert_eq!(base.sql(PEOPLE), wanted, "{said}");
        base.house.is_sound(&[]);
    }
}

#[test]
fn a_row_that_was_changed_again_is_shown_and_stays_unless_it_is_asked_for() {
    for base in Base::both("again") {
        base.snapshot("UPDATE people SET age = age + 1 WHERE id <= 3");
        base.sql("UPDATE people SET age = 99 WHERE id = 2; DELETE FROM people WHERE id = 3;");
        let said = base.undo(&[&base.newest_backup()]);
        assert!(said.contains("changed again since"), "{said}");
        assert_eq!(
            base.sql(PEOPLE),
            "1AnaLima30\n2BoOslo99\n4DiaGoa60",
            "{said}"
        );
        let id = base.house.records("snapshot")[0]["body"]["backups"][0]
            .as_str()
            .unwrap()
            .to_owned();
        let said = base.undo(&[&id, "--also-changed"]);
        assert_eq!(
            base.sql(PEOPLE),
            "1AnaLima30\n2BoOslo40\n4DiaGoa60",
            "{said}"
        );
    }
}

#[test]
fn a_terminal_is_asked_about_rows_that_were_changed_again() {
    for base in Base::both("asked") {
        base.snapshot("UPDATE people SET age = 1 WHERE id IN (1, 2)");
        base.sql("UPDATE people SET age = 99 WHERE id = 2;");
        let mut terminal = base.house.terminal(&["undo"]);
        terminal
            .wait_for("1 row that changed again")
            .wait_for("[y/N] ")
            .type_line("y");
        terminal.wait_for("apply? [y/N] ").type_line("y");
        let (code, seen) = terminal.end();
        assert_eq!(code, 0, "{seen}");
        assert!(seen.contains("undoing: "), "{seen}");
        assert_eq!(base.sql(PEOPLE).lines().nth(1), Some("2BoOslo40"), "{seen}");
    }
}

#[test]
fn deleted_rows_come_back_with_what_went_with_them_and_later_deletions_stay() {
    for base in Base::both("delete") {
        let held = base
            .house
            .lose(&base.command("DELETE FROM people WHERE id = 2"));
        assert_eq!(base.sql(LETTERS), "10\n13");
        base.sql("DELETE FROM letters WHERE id IN (10, 13); DELETE FROM people WHERE id = 3; DELETE FROM notes;");
        let said = base.undo(&[&held.id]);
        assert_eq!(
            base.sql(PEOPLE),
            "1AnaLima30\n2BoOslo40\n4DiaGoa60",
            "{said}"
        );
        assert_eq!(base.sql(LETTERS), "11\n12", "{said}");
        assert_eq!(base.sql("SELECT count(*) FROM notes"), "0");
    }
}

#[test]
fn a_held_update_of_all_rows_says_what_it_brought_back_and_what_it_left() {
    for base in Base::both("all") {
        let held = base.house.lose(&base.command("UPDATE people SET age = 0"));
        base.sql("UPDATE people SET age = 7 WHERE id = 3; INSERT INTO people VALUES (5, 'Eve', 'Rio', 20);");
        let said = base.undo(&[&held.id]);
        assert!(said.contains("3 rows"), "{said}");
        assert!(
            said.contains("1 row was changed again")
                || said.contains("row 3")
                || said.contains("row (3)"),
            "{said}"
        );
        assert_eq!(
            base.sql(PEOPLE),
            "1AnaLima30\n2BoOslo40\n3CemIzmir7\n4DiaGoa60\n5EveRio20"
        );
    }
}

#[test]
fn rows_without_a_key_get_their_values_back_too() {
    for base in Base::both("keyless") {
        let before = base.sql("SELECT text || n FROM notes ORDER BY 1;");
        base.snapshot("UPDATE notes SET n = n + 5 WHERE text = 'x'");
        base.undo(&[]);
        assert_eq!(base.sql("SELECT text || n FROM notes ORDER BY 1;"), before);
    }
}

#[test]
fn what_a_condition_cannot_find_again_is_compared_as_a_whole() {
    for base in Base::both("whole") {
        let before = base.sql(PEOPLE);
        base.house
            .lose(&base.command("DELETE FROM people WHERE id IN (SELECT person FROM letters)"));
        base.undo(&[]);
        assert_eq!(base.sql(PEOPLE), before);
        assert_eq!(base.sql(LETTERS), "10\n11\n12\n13");
    }
}

#[test]
fn an_undo_without_a_name_takes_the_newest_loss_once() {
    for base in Base::both("newest") {
        let before = base.sql(PEOPLE);
        base.house
            .lose(&base.command("DELETE FROM people WHERE id = 1"));
        base.snapshot("UPDATE people SET city = 'X' WHERE id = 2");
        let first = base.undo(&[]);
        assert!(
            first.contains("undoing: ") && first.contains("SET city"),
            "{first}"
        );
        let second = base.undo(&[]);
        assert!(second.contains("DELETE FROM people"), "{second}");
        assert_eq!(base.sql(PEOPLE), before);
        let third = base.house.backstop(&["undo"]);
        assert_eq!(third.code, Some(1), "{third:?}");
        assert!(third.stderr.contains("no call is left"), "{third:?}");
        assert_eq!(base.sql(PEOPLE), before);
    }
}

#[test]
fn a_table_that_the_backup_does_not_hold_is_no_silent_success() {
    for base in Base::both("named") {
        base.sql("CREATE TABLE \"Sales Dept. we''ird; --x\"(id INTEGER PRIMARY KEY); INSERT INTO \"Sales Dept. we''ird; --x\" VALUES (1);");
        base.house.lose(&base.command("DELETE FROM people"));
        let id = base.newest_backup();
        let none = base
            .house
            .backstop(&["restore", &id, "--table", "nope", "--dry-run"]);
        assert_eq!(none.code, Some(1), "{none:?}");
        assert!(
            none.stderr.contains("`nope` is not in") && none.stderr.contains("people"),
            "{none:?}"
        );
        base.sql("DELETE FROM \"Sales Dept. we''ird; --x\"");
        let back = base
            .house
            .backstop(&["restore", &id, "--table", "Sales Dept. we''ird; --x"]);
        assert_eq!(back.code, Some(0), "{back:?}");
        assert_eq!(
            base.sql("SELECT count(*) FROM \"Sales Dept. we''ird; --x\""),
            "1",
            "{back:?}"
        );
        assert_eq!(base.sql("SELECT count(*) FROM people"), "0");
    }
}

#[test]
fn a_restore_of_values_says_so() {
    for base in Base::both("restore") {
        base.snapshot("UPDATE people SET name = 'x' WHERE id < 3");
        let id = base.newest_backup();
        let back = base.house.backstop(&["restore", &id, "--table", "people"]);
        assert_eq!(back.code, Some(0), "{back:?}");
        assert!(!back.stdout.contains("0 missing rows"), "{back:?}");
        assert_eq!(
            base.sql(PEOPLE).lines().next(),
            Some("1AnaLima30"),
            "{back:?}"
        );
    }
}

#[test]
fn a_place_that_does_not_fit_or_is_taken_is_said_so() {
    let Some(base) = Base::postgres("place") else {
        return;
    };
    base.house.lose(&base.command("DELETE FROM people"));
    let id = base.newest_backup();
    let path = base.house.backstop(&["restore", &id, "--to", "./copy"]);
    assert_eq!(path.code, Some(1), "{path:?}");
    assert!(path.stderr.contains("--into"), "{path:?}");
    let name = base.server.as_ref().unwrap().1.clone();
    let taken = base.house.backstop(&["restore", &id, "--into", &name]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(
        taken.stderr.contains("exists already") && !taken.stderr.contains("other process"),
        "{taken:?}"
    );
}
