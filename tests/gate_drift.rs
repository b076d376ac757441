//! What is written after the backup was made: shown to the approver, and in a backup before the call passes.
//! SQLite, a tree and PostgreSQL alike.
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

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use house::House;
use house::story::Held;
use postgres::{Cluster, cluster};

struct Shop {
    house: House,
    cluster: &'static Cluster,
    name: String,
}

impl Shop {
    fn new(name: &str) -> Option<Self> {
        let cluster = cluster()?;
        let base = cluster.database(&format!("drift_{name}"));
        cluster.sql(
            &base,
            "CREATE TABLE customers(id int PRIMARY KEY, name text); INSERT INTO customers SELECT g, 'n' || g FROM generate_series(1, 1000) g;
             CREATE TABLE others(n int); CREATE VIEW names AS SELECT name FROM customers;",
        );
        Some(Self {
            house: House::new(&format!("drift-{name}")),
            cluster,
            name: base,
        })
    }

    fn sql(&self, text: &str) -> String {
        self.cluster.sql(&self.name, text)
    }

    fn psql(&self, sql: &str) -> String {
        format!(
            "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {} -c '{sql}'",
            self.cluster.folder.display(),
            self.cluster.port,
            self.name
        )
    }

    /// A session that ran `sql` and stays open until its input is closed.
    fn session(&self, sql: &str) -> Child {
        let mut client = Command::new(self.cluster.bin.join("psql"))
            .args(["-XqAt", "-U", "postgres", "-d", &self.name, "-h"])
            .arg(&self.cluster.folder)
            .args(["-p", &self.cluster.port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = client.stdin.as_mut().unwrap();
        writeln!(input, "{sql}\nSELECT 'ready';").unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(client.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        client
    }

    fn count(&self) -> String {
        self.sql("SELECT count(*) FROM customers").trim().to_owned()
    }

    fn used_backups(&self) -> String {
        let used = self.house.records("used");
        used.last().unwrap()["body"]["backups"][0]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

const MORE: &str = "INSERT INTO customers SELECT g, 'later' FROM generate_series(5001, 7000) g";

#[test]
fn rows_written_after_the_approvals_are_in_a_newer_backup_when_the_call_passes() {
    let Some(shop) = Shop::new("after") else {
        return;
    };
    let held = shop.house.held(&shop.psql("DROP TABLE customers CASCADE"));
    shop.house.approved(&held);
    let first = shop.house.request(&held.id)["backup"]["id"].clone();
    shop.sql(MORE);
    shop.house.passes_and_runs(&held);
    assert_ne!(first, serde_json::json!(shop.used_backups()));
    shop.house.undo(&held.id);
    assert_eq!(shop.count(), "3000");
}

#[test]
fn the_approver_is_shown_a_backup_that_holds_what_was_written_meanwhile() {
    let Some(shop) = Shop::new("before") else {
        return;
    };
    let held = shop.house.held(&shop.psql("TRUNCATE customers"));
    shop.sql(MORE);
    let seen = shop.house.approved(&held);
    assert!(!seen.contains("changed since"), "{seen}");
    shop.house.passes_and_runs(&held);
    shop.house.undo(&held.id);
    assert_eq!(shop.count(), "3000");
}

/// A dump reads one moment; this one took it, waits for another table, and is overtaken by rows before it is in the catalog.
#[test]
fn a_backup_that_was_under_way_when_rows_were_written_is_renewed_for_the_approver() {
    let Some(shop) = Shop::new("under_way") else {
        return;
    };
    let mut other = shop.session("BEGIN; LOCK TABLE others;");
    let first = shop.house.bash(&shop.psql("TRUNCATE customers"));
    first.must_block();
    assert!(first.stderr.contains("a backup is being made"), "{first:?}");
    let held = Held {
        id: first.request(),
        command: shop.psql("TRUNCATE customers"),
        reason: first.stderr,
    };
    shop.sql(MORE);
    let release = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(1));
        drop(other.stdin.take());
        other.wait().unwrap()
    });
    let seen = shop.house.approved(&held);
    assert!(release.join().unwrap().success());
    assert!(!seen.contains("changed since"), "{seen}");
    shop.house.passes_and_runs(&held);
    shop.house.undo(&held.id);
    assert_eq!(shop.count(), "3000");
}

#[test]
fn drift_that_is_only_shown_names_the_rows() {
    let Some(shop) = Shop::new("shown") else {
        return;
    };
    shop.house.policy("[backup]\ndrift = \"shown\"\n");
    let held = shop.house.held(&shop.psql("TRUNCATE customers"));
    shop.sql(MORE);
    let seen = shop.house.approved(&held);
    assert!(
        seen.contains("changed since: 2000 rows of `public.customers` were written since (1000 are in the backup, 3000 are there now)"),
        "{seen}"
    );
    shop.house.bash(&held.command).must_pass();
}

#[test]
fn an_update_and_a_new_definition_count_and_what_happens_elsewhere_does_not() {
    let Some(shop) = Shop::new("what") else {
        return;
    };
    let loss = shop.psql("DROP TABLE customers CASCADE");
    for (change, is_drift) in [
        ("UPDATE customers SET name = name WHERE id = 1", true),
        ("DELETE FROM customers WHERE id > 990", true),
        (
            "CREATE OR REPLACE VIEW names AS SELECT name FROM customers WHERE id > 0",
            true,
        ),
        ("CREATE INDEX later ON customers(name)", true),
        ("INSERT INTO others SELECT 1", false),
        ("ANALYZE", false),
    ] {
        let held = shop.house.held(&loss);
        shop.house.approved(&held);
        let before = shop.house.request(&held.id)["backup"]["id"].clone();
        shop.sql(change);
        shop.house.bash(&loss).must_pass();
        let used = serde_json::json!(shop.used_backups());
        assert_eq!(before != used, is_drift, "{change}");
    }
}

#[test]
fn a_small_loss_that_is_saved_in_the_call_has_a_backup_of_this_moment() {
    let Some(shop) = Shop::new("small") else {
        return;
    };
    let change = shop.psql("UPDATE customers SET name = NULL WHERE id = 7000");
    shop.sql("INSERT INTO customers VALUES (7000, 'kept')");
    shop.house.bash(&change).must_pass();
    let first = shop.house.records("snapshot");
    shop.sql("UPDATE customers SET name = 'newer' WHERE id = 7000");
    shop.house.bash(&change).must_pass();
    let all = shop.house.records("snapshot");
    assert_eq!((first.len(), all.len()), (1, 2));
    assert_ne!(all[0]["body"]["backups"], all[1]["body"]["backups"]);
}

#[test]
fn a_tree_and_a_sqlite_file_that_change_after_the_approvals_are_backed_up_anew() {
    let house = House::new("drift-files");
    let sqlite = |sql: &str| {
        let done = std::process::Command::new("sqlite3")
            .args(["-batch", "-bail", "app.db", sql])
            .current_dir(house.project())
            .output()
            .expect("sqlite3 is installed");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    sqlite("CREATE TABLE t(n); INSERT INTO t VALUES (1);");
    let table = house.held("sqlite3 app.db 'DROP TABLE t'");
    sqlite("INSERT INTO t VALUES (2)");
    let seen = house.approved(&table);
    assert!(
        !seen.contains("changed since") && !seen.contains("failed"),
        "{seen}"
    );
    sqlite("INSERT INTO t VALUES (3)");
    house.passes_and_runs(&table);
    house.undo(&table.id);
    assert_eq!(sqlite("SELECT count(*) FROM t"), "3");

    let tree = house.held("rm -rf data");
    std::fs::write(house.data().join("b"), "before").unwrap();
    let seen = house.approved(&tree);
    assert!(
        !seen.contains("changed since") && !seen.contains("failed"),
        "{seen}"
    );
    std::fs::write(house.data().join("c"), "after").unwrap();
    house.passes_and_runs(&tree);
    house.undo(&tree.id);
    for (name, text) in [("b", "before"), ("c", "after")] {
        assert_eq!(
            std::fs::read_to_string(house.data().join(name)).unwrap(),
            text
        );
    }
}
