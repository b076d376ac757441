//! PostgreSQL on this host through the gate, end to end: held, backed up, approved twice at a terminal, lost for real, undone.
//! A private cluster is used; `pg_dump` before and after is what is compared.
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

use std::process::Command;
use std::time::{Duration, Instant};

use house::House;
use house::story::Held;
use postgres::{Cluster, cluster};
use serde_json::json;

const SECRET: &str = "correct-horse-battery";

const SHOP: &str = "
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE SCHEMA \"odd schema\";
    CREATE TABLE users(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, mood mood DEFAULT 'glad', tags text[], extra jsonb);
    CREATE TABLE orders(id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users(id) ON DELETE CASCADE, total numeric(10,2) CHECK (total >= 0), at timestamptz DEFAULT now());
    CREATE TABLE \"odd schema\".\"Odd \"\"Table\"\"\"(\"a b\" bytea, c int GENERATED ALWAYS AS (length(\"a b\")) STORED);
    CREATE TABLE parts(day date, n int) PARTITION BY RANGE (day);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE parts_2 PARTITION OF parts DEFAULT;
    CREATE INDEX by_total ON orders(user_id, total DESC) WHERE total > 1;
    CREATE VIEW rich AS SELECT u.name, sum(o.total) AS sum FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.id;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM users;
    CREATE TABLE log(what text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO log VALUES (TG_OP); RETURN NULL; END$$;
    CREATE TRIGGER noted AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE users ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everyone ON users USING (true) WITH CHECK (name <> '');
    COMMENT ON TABLE users IS 'people who buy; it''s them';
    INSERT INTO users(name, mood, tags, extra) VALUES ('Anna', 'glad', '{a,\"b c\",NULL}', '{\"k\": [1, null]}'), ('Björn', 'sad', NULL, NULL), (E'tab\\tnew\\nline\\\\', NULL, '{}', 'null');
    INSERT INTO orders(user_id, total) SELECT 1 + g % 3, g FROM generate_series(1, 500) g;
    INSERT INTO \"odd schema\".\"Odd \"\"Table\"\"\"(\"a b\") VALUES ('\\x00ff10'), (NULL);
    INSERT INTO parts SELECT '2026-01-01'::date + g, g FROM generate_series(0, 60) g;
    REFRESH MATERIALIZED VIEW counted;
";

/// A house, and a database of its own on the cluster of this process.
struct Shop {
    house: House,
    cluster: &'static Cluster,
    name: String,
}

impl Shop {
    fn new(name: &str) -> Option<Self> {
        let cluster = cluster()?;
        let base = cluster.database(&format!("shop_{name}"));
        let role = format!(
            "DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN CREATE ROLE app LOGIN SUPERUSER PASSWORD '{SECRET}'; END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
        );
        cluster.sql("postgres", &role);
        cluster.sql(&base, SHOP);
        Some(Self {
            house: House::new(&format!("pg-{name}")),
            cluster,
            name: base,
        })
    }

    fn sql(&self, text: &str) -> String {
        self.cluster.sql(&self.name, text)
    }

    /// `-h SOCKET -p PORT -U postgres`.
    fn server(&self) -> String {
        format!(
            "-h {} -p {} -U postgres",
            self.cluster.folder.display(),
            self.cluster.port
        )
    }

    fn psql(&self, sql: &str) -> String {
        format!("psql -X {} -d {} -c '{sql}'", self.server(), self.name)
    }

    /// Everything that `pg_dump` sees, in an order of its own: the order of objects and rows is nobody's data.
    fn dump(&self) -> Vec<String> {
        let output = Command::new(self.cluster.bin.join("pg_dump"))
            .args([
                "-h",
                self.cluster.folder.to_str().unwrap(),
                "-p",
                &self.cluster.port.to_string(),
                "-U",
                "postgres",
                "--inserts",
                &self.name,
            ])
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let counts = |line: &&str| {
            !line.starts_with("\\restrict")
                && !line.starts_with("\\unrestrict")
                && !line.starts_with("--")
                && !line.is_empty()
        };
        let mut lines: Vec<String> = text.lines().filter(counts).map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }

    #[track_caller]
    fn is_as(&self, before: &[String], what: &str) {
        let after = self.dump();
        let gone: Vec<_> = before
            .iter()
            .filter(|line| !after.contains(line))
            .take(12)
            .collect();
        let new: Vec<_> = after
            .iter()
            .filter(|line| !before.contains(line))
            .take(12)
            .collect();
        assert!(
            gone.is_empty() && new.is_empty() && after.len() == before.len(),
            "{what}\ngone: {gone:#?}\nnew: {new:#?}"
        );
    }

    /// Lost and undone again.
    #[track_caller]
    fn there_and_back(&self, command: &str) -> Held {
        let before = self.dump();
        let held = self.house.lose(command);
        assert_ne!(self.dump(), before, "{command} lost nothing");
        self.house.undo(&held.id);
        self.is_as(&before, command);
        held
    }
}

#[test]
fn a_dropped_table_comes_back_with_all_that_hung_on_it() {
    let Some(shop) = Shop::new("drop") else {
        return;
    };
    let before = shop.dump();
    let held = shop.house.held(&shop.psql("DROP TABLE users CASCADE"));
    for part in [
        "drops table users",
        "sql.drop-table",
        "3 rows",
        "view `public.rich`",
        "orders",
        "backup: guard-backup-",
        "(verified",
        "backstop wait",
    ] {
        assert!(
            held.reason.contains(part),
            "{part} is missing in {}",
            held.reason
        );
    }
    let seen = shop.house.approved(&held);
    for part in [
        "DROP TABLE users",
        "3 rows",
        "rich",
        "verified to `readable`",
        "restores: ",
    ] {
        assert!(seen.contains(part), "{part} is missing in {seen}");
    }
    shop.house.passes_and_runs(&held);
    shop.house.bash(&held.command).must_pass(); // What is gone cannot be lost.
    shop.house.undo(&held.id);
    shop.is_as(&before, "DROP TABLE");
    shop.house.bash(&held.command).must_block();
    shop.house.is_sound(&[]);
}

#[test]
fn every_way_to_name_the_server_leads_to_the_same_database() {
    let Some(shop) = Shop::new("ways") else {
        return;
    };
    let (folder, port, name) = (
        shop.cluster.folder.display().to_string(),
        shop.cluster.port,
        shop.name.clone(),
    );
    let encoded = folder.replace('/', "%2F");
    let sql = "DELETE FROM orders WHERE id > 100";
    for command in [
        format!("psql -h {folder} -p {port} -U postgres -d {name} -c '{sql}'"),
        format!(
            "psql --host={folder} --port={port} --username postgres --dbname={name} --command='{sql}'"
        ),
        format!("psql -h127.0.0.1 -p{port} -Upostgres {name} -Atqc '{sql}'"),
        format!("psql postgres://postgres@127.0.0.1:{port}/{name} -c '{sql}'"),
        format!(
            "psql 'postgresql://postgres@{encoded}:{port}/{name}?application_name=x' -c '{sql}'"
        ),
        format!("psql 'host={folder} port={port} user=postgres dbname={name}' -c '{sql}'"),
        format!("PGHOST={folder} PGPORT={port} PGUSER=postgres PGDATABASE={name} psql -c '{sql}'"),
        format!("export PGHOST={folder} PGPORT={port} PGUSER=postgres; psql {name} -c '{sql}'"),
        format!(
            "psql -h {folder} -p {port} -U postgres {name} <<'SQL'\nBEGIN;\n{sql};\nCOMMIT;\nSQL"
        ),
        format!("echo '{sql}' | psql -h {folder} -p {port} -U postgres -d {name}"),
        format!("URL=postgres://postgres@127.0.0.1:{port}/{name}; psql \"$URL\" -c '{sql}'"),
        format!("env PGPASSWORD={SECRET} psql -h 127.0.0.1 -p {port} -U app -d {name} -c '{sql}'"),
        format!("PGPASSWORD='{SECRET}' psql -h localhost -p {port} -U app -d {name} -c '{sql}'"),
        format!("psql postgres://app:{SECRET}@127.0.0.1:{port}/{name} -c '{sql}'"),
        format!(
            "psql 'host=127.0.0.1 port={port} user=app password={SECRET} dbname={name}' -c '{sql}'"
        ),
    ] {
        // The password is kept nowhere: who restores has to know it.
        let before = shop.dump();
        let held = shop.house.lose(&command);
        let known = shop.house.home.join(".pgpass");
        if command.contains(SECRET) {
            std::fs::write(&known, format!("*:*:*:app:{SECRET}\n")).unwrap();
            std::fs::set_permissions(&known, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
        }
        shop.house.undo(&held.id);
        let _ = std::fs::remove_file(&known);
        shop.is_as(&before, &command);
        assert!(
            held.reason.contains("400 rows"),
            "{command}: {}",
            held.reason
        );
        let words = format!("{} {}", held.reason, shop.house.request(&held.id));
        assert!(!words.contains(SECRET), "{words}");
    }
    shop.house.is_sound(&[SECRET]);
}

#[test]
fn every_kind_of_loss_comes_back() {
    let Some(shop) = Shop::new("kinds") else {
        return;
    };
    for sql in [
        "TRUNCATE orders",
        "TRUNCATE users CASCADE",
        "TRUNCATE orders RESTART IDENTITY",
        "DELETE FROM users",
        "DELETE FROM users WHERE id = 2",
        "DROP TABLE orders CASCADE",
        "DROP TABLE parts",
        "DROP TABLE parts_1",
        "DELETE FROM parts WHERE n < 10",
        "DROP VIEW rich; DROP MATERIALIZED VIEW counted; DROP TABLE log",
        "DROP SCHEMA \"odd schema\" CASCADE",
        "ALTER TABLE users DROP COLUMN extra",
        "DROP TABLE users, orders CASCADE",
    ] {
        shop.there_and_back(&shop.psql(sql));
    }
    shop.house.is_sound(&[]);
}

#[test]
fn a_whole_schema_comes_back() {
    let Some(shop) = Shop::new("schema") else {
        return;
    };
    // Whoever makes `public` anew owns it: its own rights and comment are not the table's business.
    let own = |line: &String| !line.contains(" SCHEMA public ");
    let before: Vec<String> = shop.dump().into_iter().filter(own).collect();
    let held = shop
        .house
        .lose(&shop.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
    shop.house.undo(&held.id);
    let after: Vec<String> = shop.dump().into_iter().filter(own).collect();
    assert_eq!(after, before);
}

#[test]
fn a_whole_database_comes_back() {
    let Some(shop) = Shop::new("database") else {
        return;
    };
    let server = shop.server();
    shop_dropped(&shop, &format!("dropdb {server} {}", shop.name));
    shop_dropped(
        &shop,
        &format!(
            "psql -X {server} -d postgres -c 'DROP DATABASE {}'",
            shop.name
        ),
    );
}

#[track_caller]
fn shop_dropped(shop: &Shop, command: &str) {
    let before = shop.dump();
    let held = shop.house.lose(command);
    let there = shop.cluster.sql(
        "postgres",
        &format!(
            "SELECT count(*) FROM pg_database WHERE datname = '{}'",
            shop.name
        ),
    );
    assert_eq!(there, "0");
    shop.house.undo(&held.id);
    shop.is_as(&before, command);
}

#[test]
fn an_undo_leaves_alone_what_was_written_meanwhile() {
    let Some(shop) = Shop::new("meanwhile") else {
        return;
    };
    let held = shop
        .house
        .lose(&shop.psql("DELETE FROM users WHERE id = 1"));
    shop.sql("INSERT INTO users(name) VALUES ('later'); UPDATE users SET name = 'renamed' WHERE id = 2; INSERT INTO orders(user_id, total) VALUES (4, 9999);");
    shop.house.undo(&held.id);
    let names = shop.sql("SELECT id || coalesce(name, '') FROM users WHERE id <> 3 ORDER BY id");
    assert_eq!(names, "1Anna\n2renamed\n4later");
    assert_eq!(shop.sql("SELECT count(*) FROM orders"), "501");
}

#[test]
fn an_undo_uses_what_the_use_relied_on_and_no_newer_backup() {
    let Some(shop) = Shop::new("which") else {
        return;
    };
    let first = shop.house.lose(&shop.psql("DELETE FROM orders"));
    shop.sql("INSERT INTO orders(user_id, total) VALUES (2, 1)");
    let second = shop.house.bash(&shop.psql("DELETE FROM orders"));
    second.must_block();
    assert_ne!(second.request(), first.id);
    let made = shop.house.terminal(&["backup", "run", "--force"]).end();
    let _ = made;
    shop.house.undo(&first.id);
    assert_eq!(shop.sql("SELECT count(*) FROM orders"), "501");
}

#[test]
fn what_the_words_do_not_say_is_typed_out_in_full() {
    let Some(mut shop) = Shop::new("implicit") else {
        return;
    };
    for (name, value) in [
        ("PGHOST", shop.cluster.folder.display().to_string()),
        ("PGPORT", shop.cluster.port.to_string()),
        ("PGUSER", "postgres".to_owned()),
        ("PGDATABASE", shop.name.clone()),
    ] {
        shop.house.more.push((name.to_owned(), value));
    }
    let before = shop.dump();
    let held = shop.house.held("psql -c 'TRUNCATE orders'");
    let confirm = shop.house.request(&held.id)["confirm"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        confirm.contains(&shop.name) && confirm != "orders",
        "server and database are typed: {confirm}"
    );
    shop.house.approved(&held);
    shop.house.passes_and_runs(&held);
    shop.house.undo(&held.id);
    shop.is_as(&before, "implicit");
}

#[test]
fn a_script_that_changes_after_its_approval_is_held_again() {
    let Some(shop) = Shop::new("script") else {
        return;
    };
    let script = shop.house.project().join("clean.sql");
    std::fs::write(
        &script,
        "DELETE FROM log;\nDELETE FROM orders WHERE id < 10;\n",
    )
    .unwrap();
    let command = format!("psql -X {} -d {} -f clean.sql", shop.server(), shop.name);
    let held = shop.house.held(&command);
    shop.house.approved(&held);
    std::fs::write(
        &script,
        "DELETE FROM log;\nDELETE FROM orders WHERE id < 10;\nDROP TABLE users CASCADE;\n",
    )
    .unwrap();
    let changed = shop.house.bash(&command);
    changed.must_block();
    assert_ne!(changed.request(), held.id);
    std::fs::write(
        &script,
        "DELETE FROM log;\nDELETE FROM orders WHERE id < 10;\n",
    )
    .unwrap();
    shop.house.passes_and_runs(&held);
}

#[test]
fn a_lease_holds_for_one_database_of_one_server() {
    let Some(shop) = Shop::new("lease") else {
        return;
    };
    let held = shop.house.held(&shop.psql("TRUNCATE orders"));
    let line = shop.house.bash(&shop.psql("TRUNCATE log, orders")).stderr;
    let target = line
        .split("backstop lease '")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .unwrap_or_else(|| panic!("{line}"))
        .to_owned();
    let mut terminal = shop
        .house
        .terminal(&["lease", &target, "--for", "30m", "--reason", "scratch"]);
    terminal.wait_for("approve? [y/N] ").type_line("y");
    terminal
        .wait_for(&format!("type {}: ", shop.name))
        .type_line(&shop.name);
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    let before = shop.dump();
    shop.house.passes_and_runs(&held);
    shop.house.undo(&held.id);
    shop.is_as(&before, "lease");
    let again = shop.psql("DROP TABLE users CASCADE");
    let until = Instant::now() + Duration::from_secs(60);
    while shop.house.bash(&again).code != Some(0) {
        assert!(
            Instant::now() < until,
            "a leased call passes with its backup"
        );
    }
    // The same name on the same server, made anew, is another database.
    shop.cluster
        .sql("postgres", &format!("DROP DATABASE {}", shop.name));
    shop.cluster.database(&shop.name);
    shop.sql(SHOP);
    let other = shop.house.bash(&shop.psql("TRUNCATE orders"));
    other.must_block();
    assert!(other.stderr.contains("approvals missing"), "{other:?}");
    let leased = shop.house.records("used");
    assert!(
        leased
            .iter()
            .all(|record| record["body"]["facts"]["leased"] == json!(true)),
        "{leased:?}"
    );
}

#[test]
fn a_server_that_is_gone_or_refuses_is_held_with_a_sentence() {
    let Some(shop) = Shop::new("gone") else {
        return;
    };
    let wrong = format!(
        "PGPASSWORD=wrong-one psql -h 127.0.0.1 -p {} -U app -d {} -c 'DROP TABLE users CASCADE'",
        shop.cluster.port, shop.name
    );
    let refused = shop.house.bash(&wrong);
    refused.must_block();
    assert!(
        refused.stderr.contains("password authentication failed"),
        "{refused:?}"
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = shop.house.bash(&format!(
        "psql -h 127.0.0.1 -p {port} -U app -d shop -c 'DROP TABLE users'"
    ));
    nobody.must_block();
    assert!(
        nobody.stderr.contains("no PostgreSQL server answers"),
        "{nobody:?}"
    );
    let missing = shop.house.bash(&format!(
        "psql {} -d not_there -c 'DROP TABLE users'",
        shop.server()
    ));
    missing.must_pass();
    // Approvals alone open nothing while the backup is missing.
    let id = nobody.request();
    let request = shop.house.request(&id);
    assert_eq!(request["state"], json!("pending"));
    shop.house.is_sound(&["wrong-one"]);
}

#[test]
fn a_database_that_is_not_there_yet_cannot_be_lost_unless_another_one_gets_its_name() {
    let Some(shop) = Shop::new("not_there") else {
        return;
    };
    let server = shop.server();
    for harmless in [
        format!("dropdb {server} --if-exists scratch_7 && createdb {server} scratch_7"),
        format!("psql {server} -d postgres -c 'DROP DATABASE IF EXISTS scratch_7'"),
    ] {
        shop.house.bash(&harmless).must_pass();
    }
    let name = &shop.name;
    for held in [
        format!(
            "psql {server} -d postgres -c 'ALTER DATABASE {name} RENAME TO scratch_7' -c 'DROP DATABASE scratch_7'"
        ),
        format!(
            "psql {server} -d postgres -c 'ALTER DATABASE {name} RENAME TO scratch_7'; psql {server} -d scratch_7 -c 'DROP TABLE users'"
        ),
    ] {
        let answer = shop.house.bash(&held);
        answer.must_block();
        assert!(answer.stderr.starts_with("backstop: held: "), "{answer:?}");
    }
}

#[test]
fn a_server_that_dies_between_approval_and_use_is_held() {
    let Some(cluster) = postgres::another() else {
        return;
    };
    cluster.sql("postgres", SHOP);
    let house = House::new("pg-dies");
    let command = format!(
        "psql -h {} -p {} -U postgres -d postgres -c 'TRUNCATE orders'",
        cluster.folder.display(),
        cluster.port
    );
    let held = house.held(&command);
    house.approved(&held);
    cluster.crash();
    house.bash(&command).must_block();
    assert!(house.records("used").is_empty());
}

#[test]
fn reads_new_objects_and_empty_ones_are_nobodys_loss() {
    let Some(shop) = Shop::new("reads") else {
        return;
    };
    shop.sql("CREATE TABLE nothing_in_it(a int); CREATE TABLE child(a int REFERENCES users(id));");
    let before = shop.house.ledger();
    for sql in [
        "SELECT * FROM users",
        "INSERT INTO log VALUES ($$DROP TABLE users$$)",
        "DROP TABLE IF EXISTS not_there",
        "DROP TABLE nothing_in_it",
        "TRUNCATE nothing_in_it",
        "DELETE FROM users WHERE id = 12345",
        "CREATE TEMP TABLE t AS SELECT 1 AS a; DELETE FROM t; DROP TABLE t",
        "EXPLAIN DELETE FROM users",
        "BEGIN; DELETE FROM nothing_in_it; ROLLBACK",
    ] {
        shop.house.bash(&shop.psql(sql)).must_pass();
    }
    assert_eq!(shop.house.ledger(), before);
}
