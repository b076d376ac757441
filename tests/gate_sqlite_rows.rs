//! Rows of SQLite tables that nothing but a number or a module tells apart: what a call took comes back whatever came after it.
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

use house::House;

fn sqlite(house: &House, sql: &str) -> String {
    let output = std::process::Command::new("sqlite3")
        .args(["-batch", "-bail", "app.db", sql])
        .current_dir(house.project())
        .output()
        .expect("sqlite3 is installed");
    assert!(output.status.success(), "{sql}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Lets a statement run through the gate, and tells how it is undone.
fn lost(house: &House, sql: &str) -> String {
    let command = format!("sqlite3 app.db \"{sql}\"");
    let first = house.bash(&command);
    if first.code == Some(0) {
        let ran = house.run_for_real(&command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        return String::new();
    }
    house.lose(&command).id
}

/// What is there, what the call does, what comes after it, what has to be there after the undo, and how the undo ends.
struct Case(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i32,
);

const KEYLESS: &str =
    "CREATE TABLE st(i INT, t TEXT); INSERT INTO st VALUES (1,'x'),(2,'y'),(3,'z'),(3,'z')";
const KEYED: &str =
    "CREATE TABLE st(i INTEGER PRIMARY KEY, t TEXT); INSERT INTO st VALUES (1,'x'),(2,'y'),(3,'z')";
const NAMELESS: &str =
    "CREATE TABLE st(rowid, _rowid_, oid); INSERT INTO st VALUES (1,2,'x'),(1,2,'x'),(3,4,'y')";
const RTREE: &str =
    "CREATE VIRTUAL TABLE st USING rtree(id,a,b); INSERT INTO st VALUES (1,2,3),(2,4,5),(3,6,7)";
const UNIQUE: &str = "CREATE TABLE st(id INTEGER PRIMARY KEY, n UNIQUE); INSERT INTO st VALUES (1,'a'),(2,'b'),(3,'c')";

#[test]
fn rows_come_back_whatever_stands_under_their_number_by_now() {
    let cases = [
        Case(
            KEYLESS,
            "DELETE FROM st WHERE i=3",
            "INSERT INTO st VALUES (10,'later')",
            "1|x 2|y 3|z 3|z 10|later",
            "",
            0,
        ),
        Case(
            KEYLESS,
            "DROP TABLE st; CREATE TABLE st(i INT, t TEXT); INSERT INTO st VALUES (9,'n'),(1,'x')",
            "",
            "1|x 2|y 3|z 3|z 9|n",
            "",
            0,
        ),
        Case(
            KEYLESS,
            "DELETE FROM st; INSERT INTO st VALUES (9,'n')",
            "INSERT INTO st VALUES (3,'Z')",
            "1|x 2|y 3|Z 3|z 3|z 9|n",
            "",
            0,
        ),
        Case(
            KEYLESS,
            "DELETE FROM st WHERE i=1",
            "VACUUM",
            "1|x 2|y 3|z 3|z",
            "",
            0,
        ),
        Case(
            "CREATE TABLE st(i UNIQUE, t TEXT); INSERT INTO st VALUES (1,'x'),(2,'y')",
            "DELETE FROM st WHERE i=2",
            "INSERT INTO st VALUES (2,'later')",
            "1|x 2|later",
            "rows that are there now clash",
            1,
        ),
        Case(
            KEYED,
            "DELETE FROM st WHERE i=3",
            "INSERT INTO st VALUES (3,'later')",
            "1|x 2|y 3|later",
            "row 3 of `st`: another row stands under its key",
            1,
        ),
        Case(
            NAMELESS,
            "DELETE FROM st WHERE oid='x'",
            "INSERT INTO st VALUES (5,6,'w')",
            "1|2|x 1|2|x 3|4|y 5|6|w",
            "",
            0,
        ),
        Case(NAMELESS, "DROP TABLE st", "", "1|2|x 1|2|x 3|4|y", "", 0),
        Case(
            RTREE,
            "DELETE FROM st WHERE id=1",
            "INSERT INTO st VALUES (9,1,2)",
            "1|2.0|3.0 2|4.0|5.0 3|6.0|7.0 9|1.0|2.0",
            "",
            0,
        ),
        Case(
            UNIQUE,
            "UPDATE OR REPLACE st SET n='b' WHERE id=1",
            "",
            "1|a 2|b 3|c",
            "",
            0,
        ),
        Case(
            "CREATE TABLE st(id INTEGER PRIMARY KEY, n UNIQUE ON CONFLICT REPLACE); INSERT INTO st VALUES (1,'a'),(2,'b')",
            "UPDATE st SET n='b' WHERE id=1",
            "",
            "1|a 2|b",
            "",
            0,
        ),
    ];
    for (number, Case(before, loss, later, after, said, code)) in cases.iter().enumerate() {
        let house = House::new(&format!("rows-{number}"));
        sqlite(&house, before);
        let id = lost(&house, loss);
        sqlite(&house, later);
        let words: Vec<&str> = ["undo", &id, "--yes"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let undone = house.backstop(&words);
        assert_eq!(undone.code, Some(*code), "{loss}: {undone:?}");
        assert!(undone.stdout.contains(said), "{loss}: {undone:?}");
        let found = sqlite(&house, "SELECT * FROM st ORDER BY 1, 2");
        let found = found.lines().collect::<Vec<_>>().join(" ");
        assert_eq!(found, *after, "{loss}: {undone:?}");
    }
}

/// What there is, the loss, what others do since, and the exit code of undo.
const RENUMBERED: [(&str, &str, &str, i32); 4] = [
    (
        "create table log(msg,lvl); insert into log values ('boot','info'),('disk','warn'),('net','err'),('cpu','info'); delete from log where msg='boot'",
        "UPDATE log SET lvl='x'",
        "vacuum",
        1,
    ),
    (
        "create table log(msg,lvl); insert into log values ('a1','b1'),('a2','b2')",
        "UPDATE log SET lvl='gone'",
        "delete from log where msg='a2'; insert into log values('NEW','gone')",
        1,
    ),
    (
        "create table log(msg,lvl); insert into log values ('a1','b1'),('a2','b2')",
        "UPDATE log SET lvl='gone'",
        "insert into log values('NEW','x')",
        0,
    ),
    (
        "create table log(msg,lvl); insert into log values ('a1','b1'),('a2','b2')",
        "UPDATE log SET lvl='gone' WHERE msg='a1'",
        "update log set msg='c' where msg='a2'",
        0,
    ),
];

#[test]
fn a_row_without_a_key_gets_no_other_rows_values() {
    for (at, (setup, loss, since, code)) in RENUMBERED.iter().enumerate() {
        let house = House::new(&format!("sqlite-renumbered-{at}"));
        sqlite(&house, setup);
        let before = sqlite(&house, "SELECT msg || lvl FROM log ORDER BY 1");
        let id = lost(&house, loss);
        sqlite(&house, since);
        let undo: Vec<&str> = ["undo", &id, "--yes"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let undone = house.backstop(&undo);
        assert_eq!(undone.code, Some(*code), "{loss}; {since}: {undone:?}");
        // No value stands beside a row that never had it.
        let after = sqlite(&house, "SELECT msg || lvl FROM log ORDER BY 1");
        for line in after
            .lines()
            .filter(|line| !line.ends_with('x') && !line.ends_with("gone"))
        {
            let known = before.lines().any(|one| one == line) || line.starts_with(['N', 'c']);
            assert!(known, "{loss}; {since}: {line}");
        }
        if *code == 1 {
            assert!(undone.stdout.contains("which has no key"), "{undone:?}");
        }
    }
}

#[test]
fn what_others_did_to_a_table_since_stays_or_is_named() {
    const PAIR: &str = "CREATE TABLE c(id INTEGER PRIMARY KEY, n UNIQUE); INSERT INTO c VALUES (1,'a'),(2,'b'); \
        CREATE TABLE st(i INTEGER PRIMARY KEY, t TEXT, c REFERENCES c ON DELETE CASCADE); INSERT INTO st VALUES (1,'x',1),(2,'y',2)";
    let cases = [
        Case(
            PAIR,
            "UPDATE st SET t='g', c=9",
            "ALTER TABLE st DROP COLUMN t",
            "1|1 2|2",
            "values of `t` of `st`: others have dropped or renamed the column",
            1,
        ),
        Case(
            PAIR,
            "UPDATE st SET t='g'",
            "ALTER TABLE st RENAME COLUMN i TO key",
            "1|g|1 2|g|2",
            "the rows of `st`: others have dropped or renamed its key since (i)",
            1,
        ),
        Case(
            PAIR,
            "DELETE FROM st WHERE i=2",
            "CREATE TABLE o(i INTEGER PRIMARY KEY, t TEXT, c) WITHOUT ROWID; INSERT INTO o SELECT * FROM st; DROP TABLE st; ALTER TABLE o RENAME TO st",
            "1|x|1 2|y|2",
            "done: insert 1 missing row",
            0,
        ),
        Case(
            PAIR,
            "DELETE FROM st WHERE i=2",
            "DELETE FROM c WHERE id=2",
            "1|x|1 2|y|2",
            "1 row of `st` that came back refer by a foreign key to rows of `c` that are not there",
            0,
        ),
        Case(
            PAIR,
            "DELETE FROM c",
            "INSERT INTO c VALUES (7,'a')",
            "1|x|1 2|y|2",
            "done: insert 1 missing row into `c`",
            1,
        ),
        Case(
            KEYLESS,
            "ALTER TABLE st DROP COLUMN t",
            "INSERT INTO st VALUES (9); ALTER TABLE st ADD COLUMN w",
            "1|x 2|y 3|z 3|z",
            "1 row of `st` with values that are not in the backup, which are not kept",
            0,
        ),
        Case(
            KEYLESS,
            "ALTER TABLE st DROP COLUMN t",
            "ALTER TABLE st ADD COLUMN w",
            "1|x 2|y 3|z 3|z",
            "column `w` of `st` is not in the backup and not kept",
            0,
        ),
    ];
    for Case(setup, sql, since, wanted, told, code) in cases {
        let house = House::new("sqlite-since");
        sqlite(&house, setup);
        let id = lost(&house, sql);
        sqlite(&house, since);
        let mut words = vec!["undo", "--yes"];
        words.extend((!id.is_empty()).then_some(id.as_str()));
        let undone = house.backstop(&words);
        let there = sqlite(&house, "SELECT * FROM st ORDER BY 1, 2");
        let there: Vec<&str> = there.lines().collect();
        let said = format!("{sql}; {since}: {undone:?}");
        assert_eq!(there.join(" "), wanted, "{said}");
        assert_eq!(undone.code, Some(code), "{said}");
        assert!(undone.stdout.contains(told), "{told}: {said}");
    }
}

#[test]
fn what_stands_in_the_place_of_a_database_is_told_with_what_to_do() {
    for (since, told) in [
        (
            "mv app.db old.db && ln -s nowhere app.db",
            "a link that leads nowhere stands at",
        ),
        ("mv app.db old.db && mkdir app.db", "a folder stands at"),
    ] {
        let house = House::new("sqlite-in-the-way");
        sqlite(&house, KEYED);
        lost(&house, "DELETE FROM st");
        assert_eq!(house.run_for_real(since).code, Some(0));
        for words in [&["undo", "--dry-run"][..], &["undo", "--yes"]] {
            let undone = house.backstop(words);
            assert_eq!(undone.code, Some(1), "{undone:?}");
            assert!(
                undone.stderr.contains(told) && undone.stderr.contains("move it away"),
                "{undone:?}"
            );
        }
    }
}
