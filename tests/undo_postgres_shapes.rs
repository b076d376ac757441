//! Undo in PostgreSQL databases of odd shapes: partitions, heirs, views, cycles, triggers that always fire, roles without rights.
//! Each statement really runs, and after undo a dump says what it said before; what does not come back is said.
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
use std::sync::Mutex;

use house::House;
use postgres::{Cluster, cluster};

const PARTED: &str = "create table p(id int primary key, v text) partition by range(id); create table p1 partition of p for values from (0) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5,'a'),(66,'b');";
const KEYLESS: &str = "create table p(id int, v text) partition by range(id); create table p1 partition of p for values from (0) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5,'a'),(66,'b'),(66,'b');";
const DEEP: &str = "create table p(id int primary key, v text) partition by range(id); create table m partition of p for values from (0) to (50) partition by range(id); \
    create table m1 partition of m for values from (0) to (20); create table m2 partition of m for values from (20) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5,'a'),(30,'c'),(66,'b');";
const LISTED: &str = "create table p(id int, v text, d int, primary key(id,d)) partition by list(d); create table p1 partition of p for values in (1); \
    create table p2 partition of p for values in (2); insert into p values(1,'a',1),(2,'b',1),(3,'c',2);";
const LISTED_KEYLESS: &str = "create table p(id int, v text, d int) partition by list(d); create table p1 partition of p for values in (1); \
    create table p2 partition of p for values in (2); insert into p values(1,'a',1),(2,'b',1),(3,'c',2);";
/// Only the partitions have keys.
const INNER_KEYS: &str = "create table p(id int, v text, d int not null) partition by list(d); create table p1 partition of p for values in (1); \
    create table p2 partition of p for values in (2); alter table p1 add primary key (id); alter table p2 add primary key (id); insert into p values(1,'a',1),(2,'b',1),(1,'c',2);";
const REFERRED: &str = "create table p(id int primary key) partition by range(id); create table p1 partition of p for values from (0) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5),(6),(66); \
    create table r(x int primary key, pid int references p on delete cascade on update cascade); insert into r values (1,5),(2,6),(3,66);";
const UNLINKED: &str = "create table p(id int primary key) partition by range(id); create table p1 partition of p for values from (0) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5),(6),(66); \
    create table r(x int primary key, pid int references p on delete set null); insert into r values (1,5),(2,6),(3,66);";
const BOTH_PARTED: &str = "create table p(id int primary key) partition by range(id); create table p1 partition of p for values from (0) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5),(6),(66); \
    create table r(x int primary key, pid int references p on delete cascade) partition by range(x); create table r1 partition of r for values from (0) to (2); \
    create table r2 partition of r for values from (2) to (9); insert into r values (1,5),(2,6),(3,66);";
const HEIRS: &str = "create table p(id int primary key, v text); create table k(extra int) inherits(p); insert into p values(1,'a'); insert into k values(2,'b',3),(2,'b',3),(4,'d',3);";
const VIEWED: &str = "create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b'); create view w as select * from t; create view ww as select id as i, v as t from w;";
const PUBLIC: &str = "create table t(id int primary key); insert into t values (1); comment on schema public is 'ours'; create view w as select * from t;";

/// What there is, and the statement that loses something of it: everything has to come back.
const LOSSES: &[(&str, &str)] = &[
    (PARTED, "DELETE FROM p"),
    (PARTED, "WITH x AS (DELETE FROM p RETURNING *) SELECT 1"),
    (PARTED, "DELETE FROM public.p WHERE id >= 0"),
    (PARTED, "DELETE FROM p1"),
    (PARTED, "TRUNCATE p"),
    (PARTED, "UPDATE p SET v = 'z'"),
    (PARTED, "UPDATE p SET id = 99 - id"),
    (PARTED, "UPDATE p SET id = id + 10 WHERE id = 5"),
    (PARTED, "ALTER TABLE p DROP COLUMN v"),
    (PARTED, "ALTER TABLE p ALTER v TYPE varchar(1) USING 'q'"),
    (KEYLESS, "DELETE FROM p"),
    (KEYLESS, "UPDATE p SET id = id - 40 WHERE id = 66"),
    (KEYLESS, "ALTER TABLE p DROP COLUMN v"),
    (DEEP, "DELETE FROM p"),
    (DEEP, "DELETE FROM m"),
    (DEEP, "UPDATE m SET id = id + 1"),
    (DEEP, "UPDATE p SET id = 70 WHERE id = 30"),
    (LISTED, "UPDATE p SET d = 2 WHERE id = 1"),
    (LISTED, "UPDATE p SET d = 2"),
    (LISTED, "UPDATE p SET v = 'z', d = 3 - d"),
    (LISTED_KEYLESS, "UPDATE p SET d = 2"),
    (LISTED_KEYLESS, "DELETE FROM p WHERE d = 1"),
    (INNER_KEYS, "UPDATE p SET d = 2 WHERE id = 2"),
    (INNER_KEYS, "UPDATE p SET v = 'z'"),
    (INNER_KEYS, "DELETE FROM p"),
    (REFERRED, "DELETE FROM p WHERE id = 5"),
    (REFERRED, "DELETE FROM p"),
    (REFERRED, "DELETE FROM p1"),
    (REFERRED, "TRUNCATE r"),
    (REFERRED, "TRUNCATE p CASCADE"),
    (REFERRED, "UPDATE p SET id = 7 WHERE id = 5"),
    (UNLINKED, "DELETE FROM p WHERE id = 5"),
    (UNLINKED, "DELETE FROM p"),
    (UNLINKED, "DELETE FROM p1 WHERE id = 6"),
    (BOTH_PARTED, "DELETE FROM p WHERE id = 5"),
    (BOTH_PARTED, "TRUNCATE r"),
    (BOTH_PARTED, "DELETE FROM r1"),
    (HEIRS, "ALTER TABLE p DROP COLUMN v"),
    (HEIRS, "ALTER TABLE p ALTER v TYPE int USING 5"),
    (HEIRS, "UPDATE p SET v = 'z'"),
    (HEIRS, "TRUNCATE p"),
    (VIEWED, "UPDATE w SET v = 'z'"),
    (VIEWED, "UPDATE ww SET t = 'z' WHERE i = 2"),
    (VIEWED, "DELETE FROM w WHERE id = 1"),
    (PUBLIC, "DROP SCHEMA public CASCADE"),
    (PUBLIC, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"),
    (
        "create table t(id int primary key, n int not null); insert into t values (1,5),(2,6);",
        "ALTER TABLE t ALTER n TYPE text USING 'abc'",
    ),
    (
        "create table t(n int); insert into t values (5),(5),(6);",
        "ALTER TABLE t ALTER n TYPE text USING 'abc'",
    ),
    (
        "create type mood as enum ('sad', 'ok'); create table t(id int primary key, m mood); insert into t values (1,'sad'),(2,'ok');",
        "ALTER TABLE t ALTER m TYPE text USING 'abc'",
    ),
    (
        "create table t(id int primary key, j jsonb default '{}'); insert into t values (1,'[1]'),(2,null);",
        "ALTER TABLE t ALTER j TYPE text USING 'abc'",
    ),
];

fn dump(cluster: &Cluster, database: &str, more: &[&str]) -> Vec<String> {
    let output = Command::new(cluster.bin.join("pg_dump"))
        .args(["-h", cluster.folder.to_str().unwrap()])
        .args(["-p", &cluster.port.to_string()])
        .args(["-U", "postgres", "--inserts", "-b", database])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<String> = text
        .lines()
        // The order of columns and of rows may be another one afterwards.
        .map(|line| line.trim().trim_end_matches(',').to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with("--") && !line.starts_with('\\'))
        .map(|line| match line.starts_with("INSERT INTO") {
            true => {
                let mut words: Vec<&str> = line.split([' ', ',', '(', ')', ';']).collect();
                words.sort_unstable();
                words.join(" ")
            }
            false => line,
        })
        .collect();
    lines.sort();
    // What a dump takes for granted.
    lines.push(cluster.sql(
        database,
        "select pg_get_userbyid(nspowner), nspacl, obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'public'",
    ));
    lines
}

fn difference(one: &[String], other: &[String], sign: char) -> String {
    let mut rest = other.to_vec();
    let mut text = String::new();
    for line in one {
        match rest.iter().position(|two| two == line) {
            Some(at) => {
                rest.remove(at);
            }
            None => text.push_str(&format!("  {sign} {line}\n")),
        }
    }
    text
}

/// The call is held and approved, or let through with a snapshot; then it really runs.
fn lose(house: &House, command: &str) {
    let answer = house.settled(command);
    if answer.code == Some(2) {
        let held = house.held(command);
        house.approve(&held.id);
        house.passes_and_runs(&held);
    } else {
        answer.must_pass();
        let ran = house.run_for_real(command);
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
        house.tell_ran(command);
    }
}

/// One loss, undone: what the undo said, and what is another way than before.
struct Undone {
    code: Option<i32>,
    said: String,
    differs: String,
}

fn undone(cluster: &Cluster, name: &str, role: &str, setup: &str, sql: &str) -> Undone {
    let database = cluster.database(&format!("shape_{name}"));
    cluster.sql(&database, &setup.replace("THIS", &database));
    let house = House::new(&format!("pg-shape-{name}"));
    let before = dump(cluster, &database, &[]);
    let command = format!(
        "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U {role} -d {database} -c \"{sql}\"",
        cluster.folder.display(),
        cluster.port
    );
    lose(&house, &command);
    assert!(
        dump(cluster, &database, &[]) != before,
        "{sql}: lost nothing"
    );
    let undo = house.backstop(&["undo"]);
    let after = dump(cluster, &database, &[]);
    Undone {
        code: undo.code,
        said: format!("{}{}", undo.stdout, undo.stderr),
        differs: difference(&before, &after, '-') + &difference(&after, &before, '+'),
    }
}

/// Goes through losses, a few at once, and returns what is wrong.
fn faults(cluster: &Cluster, what: &str, role: &str, losses: &[(&str, &str)]) -> Vec<String> {
    let only = std::env::var("ONLY_LOSS").ok();
    let chosen = |sql: &str| only.as_deref().is_none_or(|only| sql.contains(only));
    let work = Mutex::new(
        losses
            .iter()
            .enumerate()
            .filter(|(_, (_, sql))| chosen(sql)),
    );
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap().next();
                    let Some((at, (setup, sql))) = next else {
                        break;
                    };
                    let name = format!("{what}_{at}");
                    let one = std::panic::catch_unwind(|| undone(cluster, &name, role, setup, sql));
                    let fault = match one {
                        Ok(one) if one.code == Some(0) && one.differs.is_empty() => None,
                        Ok(one) => Some(format!(
                            "{sql} ({at}): {:?}\n{}{}",
                            one.code, one.said, one.differs
                        )),
                        Err(why) => {
                            let why = why.downcast_ref::<String>().cloned();
                            Some(format!(
                                "{sql} ({at}): panicked: {}",
                                why.unwrap_or_default()
                            ))
                        }
                    };
                    faults.lock().unwrap().extend(fault);
                }
            });
        }
    });
    faults.into_inner().unwrap()
}

#[test]
fn every_loss_in_an_odd_shape_is_undone() {
    let Some(cluster) = cluster() else { return };
    let faults = faults(cluster, "odd", "postgres", LOSSES);
    assert!(
        faults.is_empty(),
        "{}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
