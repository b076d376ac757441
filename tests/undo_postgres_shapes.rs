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
    plan: Option<i32>,
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
    let plan = house.backstop(&["undo", "--dry-run"]);
    let undo = house.backstop(&["undo"]);
    let after = dump(cluster, &database, &[]);
    Undone {
        plan: plan.code,
        code: undo.code,
        said: format!(
            "{}{}\n{}{}",
            plan.stdout, plan.stderr, undo.stdout, undo.stderr
        ),
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
                        Ok(one)
                            if (one.plan, one.code) == (Some(0), Some(0))
                                && one.differs.is_empty() =>
                        {
                            None
                        }
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

/// Triggers that change rows and write them down, and one that fires even where rows are copied.
const AUDITED: &str = "create table t(id int primary key, v text, at timestamptz default '2020-01-01'); create table audit(op text, tid int); \
    create function au() returns trigger language plpgsql as $f$ begin insert into public.audit(op,tid) values (tg_op, coalesce(new.id,old.id)); return coalesce(new,old); end $f$; \
    create function bm() returns trigger language plpgsql as $f$ begin new.at=now(); return new; end $f$; insert into t values (1,'a'),(2,'b'); \
    create trigger a after insert or update on t for each row execute function au(); create trigger b before insert or update on t for each row execute function bm(); \
    create trigger c before insert on t for each row execute function bm(); alter table t disable trigger c;";
const RING: &str = "create table a(id int primary key, b int); create table b(id int primary key, a int references a); alter table a add foreign key(b) references b; \
    insert into a values(1,null); insert into b values(1,1); update a set b=1;";
const ALWAYS: &str = "create table t(id int primary key, v text); create table audit(op text); insert into t values (1,'a'),(2,'b'); \
    create function au() returns trigger language plpgsql as $f$ begin insert into audit values (tg_op); return new; end $f$; \
    create trigger a after insert or update on t for each row execute function au(); alter table t enable always trigger a;";
const ALWAYS_PARTED: &str = "create table p(id int primary key, v text) partition by range(id); create table p1 partition of p for values from (0) to (50); \
    create table p2 partition of p for values from (50) to (100); insert into p values (5,'a'),(66,'b'); create table audit(op text); \
    create function au() returns trigger language plpgsql as $f$ begin insert into audit values (tg_op); return new; end $f$; \
    create trigger a after insert or update on p for each row execute function au(); alter table p enable always trigger a; alter table p2 disable trigger a;";
const EVENTS: &str = "create table ddl(tag text); create table t(id int primary key, v text); insert into t values(1, 'a'); \
    create function ev() returns event_trigger language plpgsql as $f$ begin if tg_tag <> 'DROP TABLE' then insert into public.ddl values (tg_tag); end if; end $f$; \
    create function bare() returns event_trigger language plpgsql as $f$ begin if tg_tag <> 'DROP TABLE' then insert into ddl values (tg_tag); end if; end $f$; \
    create event trigger et on ddl_command_end execute function ev(); create event trigger always on ddl_command_start execute function bare(); alter event trigger always enable always;";

#[test]
fn triggers_stay_quiet_while_rows_come_back() {
    let Some(cluster) = cluster() else { return };
    let losses = [
        (ALWAYS, "DELETE FROM t WHERE id = 1"),
        (ALWAYS, "TRUNCATE t"),
        (ALWAYS_PARTED, "TRUNCATE p"),
        (EVENTS, "DROP TABLE t"),
        (EVENTS, "DELETE FROM t"),
    ];
    let mut all = faults(cluster, "loud", "postgres", &losses);
    cluster.sql("postgres", "create role own2 login createdb");
    let own = |setup: &str| {
        format!(
            "alter database \"THIS\" owner to own2; alter schema public owner to own2; set role own2; {setup}"
        )
    };
    let (audited, ring) = (own(AUDITED), own(RING));
    let parted = own(PARTED);
    let losses = [
        (audited.as_str(), "DELETE FROM t WHERE id = 1"),
        (audited.as_str(), "TRUNCATE t"),
        (ring.as_str(), "TRUNCATE a, b"),
        (parted.as_str(), "DELETE FROM p"),
        (parted.as_str(), "UPDATE p SET id = 99 - id WHERE id = 5"),
    ];
    all.extend(faults(cluster, "owner", "own2", &losses));
    assert!(all.is_empty(), "{}:\n{}", all.len(), all.join("\n"));
}

#[test]
fn a_dropped_database_comes_back_with_who_may_use_it() {
    let Some(cluster) = cluster() else { return };
    let name = cluster.database("shape_granted");
    cluster.sql(
        &name,
        "create table t(id int primary key); insert into t values (1)",
    );
    cluster.sql(
        "postgres",
        &format!(
            "create role dba; create role rdr; alter database {name} owner to dba; grant connect on database {name} to rdr; revoke connect on database {name} from public; \
             alter database {name} connection limit 5; alter role dba in database {name} set search_path='zz', 'a b'; alter role rdr in database {name} set work_mem='7MB'; \
             alter database {name} set work_mem='6MB'; comment on database {name} is 'hey'"
        ),
    );
    let state = || {
        cluster.sql(
            "postgres",
            &format!(
                "select pg_get_userbyid(datdba), datconnlimit, datistemplate, (select array_agg(a::text order by a::text) from unnest(datacl) a), (select array_agg(setrole::text || setconfig::text order by setrole) from pg_db_role_setting where setdatabase = d.oid), \
                 shobj_description(oid, 'pg_database') from pg_database d where datname = '{name}'"
            ),
        )
    };
    let before = state();
    let house = House::new("pg-shape-granted");
    lose(
        &house,
        &format!(
            "dropdb -h {} -p {} -U postgres {name}",
            cluster.folder.display(),
            cluster.port
        ),
    );
    assert_eq!(state(), "");
    let undo = house.backstop(&["undo"]);
    assert_eq!(undo.code, Some(0), "{undo:?}");
    assert_eq!(state(), before);
}

const CASCADED: &str = "create schema x; create operator x.### (leftarg=int, rightarg=int, function=int4pl); create type x.pair as (a int, b int); \
    create function x.told(x.pair) returns text language sql as 'select ''a'''; create cast (x.pair as text) with function x.told(x.pair); \
    create table x.t(id int); insert into x.t values (1); alter default privileges in schema x grant select on tables to public; \
    create function x.cmp(int, int) returns int language sql immutable as 'select $1 - $2'; \
    create operator class x.ops for type int using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 x.cmp(int, int);";
const SERVED: &str = "create foreign data wrapper nowhere; create server sv foreign data wrapper nowhere; create user mapping for postgres server sv options (password 'secret');";
const LARGE: &str =
    "select lo_from_bytea(4242, 'abc'); comment on large object 4242 is 'it''s \\ ours';";

#[test]
fn what_a_cascade_took_comes_back_though_nobody_named_it() {
    let Some(cluster) = cluster() else { return };
    let losses = [
        (CASCADED, "DROP SCHEMA x CASCADE"),
        (SERVED, "DROP SERVER sv CASCADE"),
        (LARGE, "SELECT lo_unlink(4242)"),
    ];
    let all = faults(cluster, "cascade", "postgres", &losses);
    assert!(all.is_empty(), "{}:\n{}", all.len(), all.join("\n"));
}

#[test]
fn a_role_that_may_not_read_all_is_told_what_mends_it() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("shape_forbidden");
    cluster.sql(&database, "create role few login; create table g(id int primary key); insert into g values (1); create table secret(n int); grant select, delete on g to few");
    let house = House::new("pg-shape-forbidden");
    let command = format!(
        "psql -X -h {} -p {} -U few -d {database} -c \"DELETE FROM g\"",
        cluster.folder.display(),
        cluster.port
    );
    let answer = house.settled(&command);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains("may not read `public.secret`"), "{said}");
    assert!(
        said.contains("GRANT pg_read_all_data TO few")
            || said.contains("GRANT pg_read_all_data TO \"few\""),
        "{said}"
    );
}

const SERIAL: &str = "create table t(id serial primary key, v text); insert into t(v) values ('a'),('b'),(E'c\\t\\n\\\\'),(null); create table \"O d\"(id int references t on delete cascade, n int); insert into \"O d\" values (1,1),(1,2),(2,3);";

#[test]
fn a_role_that_makes_no_databases_gets_its_rows_back() {
    let Some(cluster) = cluster() else { return };
    cluster.sql("postgres", "create role plain login");
    let own =
        |setup: &str| format!("grant create on schema public to plain; set role plain; {setup}");
    let setups = [
        SERIAL, AUDITED, RING, PARTED, LISTED, REFERRED, UNLINKED, VIEWED, KEYLESS,
    ]
    .map(own);
    let [
        serial,
        audited,
        ring,
        parted,
        listed,
        referred,
        unlinked,
        viewed,
        keyless,
    ] = setups.each_ref().map(String::as_str);
    let losses = [
        (serial, "DELETE FROM t WHERE id = 1"),
        (serial, "DELETE FROM t"),
        (serial, "TRUNCATE t RESTART IDENTITY CASCADE"),
        (serial, "UPDATE t SET v = 'z'"),
        (serial, "UPDATE t AS x SET v = 'z' WHERE x.id > 1"),
        (serial, "UPDATE t SET id = id + 10 WHERE t.id = 4"),
        (serial, "DELETE FROM \\\"O d\\\" WHERE n < 3"),
        (audited, "DELETE FROM t WHERE id = 1"),
        (ring, "TRUNCATE a, b"),
        (parted, "DELETE FROM p"),
        (parted, "DELETE FROM p1"),
        (parted, "UPDATE p SET id = 99 - id"),
        (listed, "UPDATE p SET d = 2 WHERE id = 1"),
        (referred, "DELETE FROM p WHERE id = 5"),
        (unlinked, "DELETE FROM p"),
        (viewed, "UPDATE w SET v = 'z'"),
        (keyless, "DELETE FROM p"),
    ];
    let all = faults(cluster, "plain", "plain", &losses);
    assert!(all.is_empty(), "{}:\n{}", all.len(), all.join("\n"));
}

#[test]
fn a_role_that_makes_no_databases_is_told_before_it_drops_something() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("shape_poor");
    cluster.sql("postgres", "create role poor login");
    cluster.sql(&database, "grant create on schema public to poor; set role poor; create table t(id int primary key); insert into t values (1)");
    let house = House::new("pg-shape-poor");
    let command = format!(
        "psql -X -h {} -p {} -U poor -d {database} -c \"DROP TABLE t\"",
        cluster.folder.display(),
        cluster.port
    );
    let held = house.held(&command);
    assert!(
        held.reason.contains("ALTER ROLE \"poor\" CREATEDB"),
        "{}",
        held.reason
    );
    house.approve(&held.id);
    house.passes_and_runs(&held);
    let undo = house.backstop(&["undo"]);
    assert_eq!(undo.code, Some(1), "{undo:?}");
    assert!(undo.stderr.contains("ALTER ROLE poor CREATEDB"), "{undo:?}");
    cluster.sql(
        "postgres",
        "alter role poor createdb; grant postgres to poor",
    );
    let undo = house.backstop(&["undo"]);
    assert_eq!(undo.code, Some(0), "{undo:?}");
    assert_eq!(cluster.sql(&database, "table t"), "1");
}

#[test]
fn a_partition_that_was_added_since_stands_in_nobodys_way() {
    let Some(cluster) = cluster() else { return };
    for (at, (setup, sql)) in [
        (LISTED, "UPDATE p SET d = 2 WHERE id = 1; CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3)"),
        (UNLINKED, "DELETE FROM p WHERE id = 5; CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (100) TO (200)"),
    ]
    .into_iter()
    .enumerate()
    {
        let one = undone(cluster, &format!("added_{at}"), "postgres", setup, sql);
        assert_eq!((one.plan, one.code), (Some(0), Some(0)), "{}", one.said);
        let rows = one.differs.lines().filter(|line| line.contains("INSERT"));
        assert_eq!(rows.count(), 0, "{}{}", one.said, one.differs);
    }
}

/// What there is, the loss, and what others do to the partitions before the undo.
const SINCE: &[(&str, &str, &str)] = &[
    (PARTED, "DELETE FROM p", "alter table p detach partition p2"),
    (PARTED, "DELETE FROM p", "drop table p2"),
    (
        PARTED,
        "DELETE FROM p",
        "drop table p2; create table p3 partition of p for values from (50) to (100)",
    ),
    (PARTED, "DELETE FROM p", "alter table p2 rename to p9"),
    (
        PARTED,
        "DELETE FROM p WHERE id = 66",
        "drop table p2; create table p3 partition of p for values from (50) to (100)",
    ),
    (
        PARTED,
        "UPDATE p SET v = 'z'",
        "create table p3 (like p including all); insert into p3 select * from p2; drop table p2; alter table p attach partition p3 for values from (50) to (100)",
    ),
    (
        PARTED,
        "UPDATE p SET id = 99 - id",
        "alter table p detach partition p2",
    ),
    (
        PARTED,
        "UPDATE p SET id = 99 - id",
        "create table p3 (like p including all); insert into p3 select * from p2; drop table p2; alter table p attach partition p3 for values from (50) to (100)",
    ),
    (
        PARTED,
        "TRUNCATE p",
        "alter table p detach partition p2; create table q(id int primary key, v text) partition by range(id); alter table q attach partition p2 for values from (50) to (100)",
    ),
    (
        KEYLESS,
        "DELETE FROM p",
        "alter table p detach partition p2",
    ),
    (KEYLESS, "DELETE FROM p", "drop table p2"),
    (
        KEYLESS,
        "DELETE FROM p",
        "drop table p2; create table p3 partition of p default",
    ),
    (
        KEYLESS,
        "UPDATE p SET v = 'z'",
        "create table p3 (like p including all); insert into p3 select * from p2; drop table p2; alter table p attach partition p3 for values from (50) to (100)",
    ),
    (DEEP, "DELETE FROM p", "alter table p detach partition m"),
    (DEEP, "DELETE FROM p", "drop table m"),
    (
        DEEP,
        "DELETE FROM p",
        "drop table m; create table m9 partition of p for values from (0) to (50)",
    ),
    (
        LISTED,
        "UPDATE p SET d = 2 WHERE id = 1",
        "alter table p detach partition p2",
    ),
    (
        LISTED,
        "DELETE FROM p WHERE d = 1",
        "drop table p1; create table p9 partition of p for values in (1)",
    ),
    (
        REFERRED,
        "DELETE FROM p",
        "alter table p detach partition p2; drop table p2; create table p3 partition of p for values from (50) to (100)",
    ),
    (
        BOTH_PARTED,
        "DELETE FROM p WHERE id = 5",
        "drop table r1; create table r7 partition of r for values from (0) to (2)",
    ),
];

/// Returns the rows of a dump, without the tables that they stand in.
fn rows(dump: &[String]) -> Vec<String> {
    let inserts = dump.iter().filter(|line| line.contains("INSERT"));
    let words = |line: &String| -> Vec<String> {
        let kept = line.split(' ').filter(|word| !word.is_empty());
        kept.filter(|word| !word.starts_with("public."))
            .map(str::to_owned)
            .collect()
    };
    inserts.map(|line| words(line).join(" ")).collect()
}

#[test]
fn rows_of_partitions_that_others_changed_since_come_back_or_are_missed_aloud() {
    let Some(cluster) = cluster() else { return };
    let only = std::env::var("ONLY_LOSS").ok();
    let mut faults = Vec::new();
    for (at, (setup, sql, since)) in SINCE.iter().enumerate() {
        if only.as_deref().is_some_and(|only| only != at.to_string()) {
            continue;
        }
        let database = cluster.database(&format!("shape_since_{at}"));
        cluster.sql(&database, setup);
        let house = House::new(&format!("pg-shape-since-{at}"));
        let before = rows(&dump(cluster, &database, &[]));
        let command = format!(
            "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {database} -c \"{sql}\"",
            cluster.folder.display(),
            cluster.port
        );
        lose(&house, &command);
        cluster.sql(&database, since);
        let undo = house.backstop(&["undo"]);
        let after = rows(&dump(cluster, &database, &[]));
        let lost = difference(&before, &after, '-');
        let more = difference(&after, &before, '+');
        // Where all is said to be back nothing is lost; else it is said what is.
        let back = lost.is_empty() && more.is_empty();
        let aloud = undo.code == Some(1) && undo.stderr.contains("not brought back")
            || undo.code == Some(1) && undo.stdout.contains("not brought back")
            || undo.stderr.contains("did not come back");
        if !(undo.code == Some(0) && back || aloud) {
            faults.push(format!(
                "{sql}; {since} ({at}): {:?}\n{}{}\n{lost}{more}",
                undo.code, undo.stdout, undo.stderr
            ));
        }
    }
    assert!(
        faults.is_empty(),
        "{}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

const PLAIN: &str = "create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b'),(3,'c'),(4,'d'); grant all on t to other;";
const BARE: &str = "create table t(id int, v text, w int); insert into t values (1,'a',1),(2,'b',2),(2,'b',2),(3,'c',3);";
const DATED: &str = "create table t(id int primary key, v text, at timestamp, n numeric(10,2), f float8, s varchar); \
    insert into t values (1,'a','2020-01-01 10:11:12.345678',1.25,0.1234567890123,repeat('x',70)),(2,'b','2020-01-01',2,0.5,'y');";
const SUMMED: &str = "create table t(id int primary key, v int, g int generated always as (v * 2) stored); insert into t values (1,1),(2,2);";
const SWALLOWS: &str = "create function no() returns trigger language plpgsql as $f$ begin if new.id < 9 then return null; end if; return new; end $f$; \
    create trigger no before insert or update on t for each row execute function no()";
const SWALLOWS_SOME: &str = "create function no() returns trigger language plpgsql as $f$ begin if new.id < 3 then return null; end if; return new; end $f$; \
    create trigger no before insert or update on t for each row execute function no()";
const BENDS: &str = "create function no() returns trigger language plpgsql as $f$ begin new.v = 'bent'; return new; end $f$; \
    create trigger no before insert or update on t for each row execute function no()";

/// Who asks, what there is, the loss, what others do before the undo, and what is said to be lost; nothing where all comes back.
const IN_THE_WAY: &[(&str, &str, &str, &str, &str)] = &[
    (
        "other",
        PLAIN,
        "DELETE FROM t",
        SWALLOWS,
        "4 rows of `public.t`: a trigger",
    ),
    (
        "other",
        PLAIN,
        "DELETE FROM t WHERE id < 4",
        SWALLOWS_SOME,
        "2 rows of `public.t`: a trigger",
    ),
    (
        "other",
        PLAIN,
        "UPDATE t SET v = 'z'",
        SWALLOWS,
        "4 rows of `public.t`: a trigger",
    ),
    (
        "other",
        PLAIN,
        "UPDATE t SET v = 'z'",
        SWALLOWS_SOME,
        "2 rows of `public.t`: a trigger",
    ),
    (
        "other",
        PLAIN,
        "UPDATE t SET v = 'z'",
        BENDS,
        "4 rows of `public.t`: a trigger",
    ),
    (
        "other",
        PLAIN,
        "UPDATE t SET id = id + 4 WHERE id = 1",
        SWALLOWS,
        "keys of `public.t`: 1 row ",
    ),
    (
        "poorer",
        PLAIN,
        "DELETE FROM t",
        SWALLOWS,
        "4 rows of `public.t`: a trigger",
    ),
    ("postgres", PLAIN, "DELETE FROM t", SWALLOWS, ""),
    (
        "postgres",
        PLAIN,
        "UPDATE t SET v = 'z' WHERE id < 3",
        BENDS,
        "",
    ),
    (
        "postgres",
        PLAIN,
        "DELETE FROM t",
        "alter table t drop column v; alter table t add v text generated always as ('g' || id) stored",
        "values of `v` in 4 rows",
    ),
    (
        "poorer",
        PLAIN,
        "DELETE FROM t",
        "alter table t drop column v; alter table t add v text generated always as ('g' || id) stored",
        "values of `v` in 4 rows",
    ),
    (
        "postgres",
        PLAIN,
        "UPDATE t SET v = 'z' WHERE id = 1",
        "alter table t drop column v; alter table t add v text generated always as ('g' || id) stored",
        "values of `v` in 1 row ",
    ),
    (
        "postgres",
        SUMMED,
        "DELETE FROM t",
        "alter table t alter g drop expression",
        "",
    ),
    ("postgres", SUMMED, "DELETE FROM t", "", ""),
    (
        "postgres",
        SUMMED,
        "UPDATE t SET v = 7",
        "alter table t alter g drop expression",
        "values of `g` in 2 rows",
    ),
    (
        "postgres",
        DATED,
        "DELETE FROM t",
        "alter table t alter at type date",
        "values of `at` in 1 row ",
    ),
    (
        "postgres",
        DATED,
        "DELETE FROM t",
        "alter table t alter at type timestamp(0)",
        "values of `at` in 1 row ",
    ),
    (
        "postgres",
        DATED,
        "DELETE FROM t",
        "alter table t alter n type numeric(10,0)",
        "values of `n` in 1 row ",
    ),
    (
        "postgres",
        DATED,
        "DELETE FROM t",
        "alter table t alter f type real",
        "values of `f` in 1 row ",
    ),
    (
        "postgres",
        DATED,
        "DELETE FROM t",
        "alter table t alter s type name",
        "values of `s` in 1 row ",
    ),
    (
        "postgres",
        DATED,
        "UPDATE t SET at = now()",
        "alter table t alter at type timestamp(0)",
        "values of `at` in 1 row ",
    ),
    (
        "postgres",
        DATED,
        "UPDATE t SET v = 'z'",
        "alter table t alter at type date",
        "-",
    ),
    (
        "postgres",
        BARE,
        "UPDATE t SET v = 'z'",
        "update t set w = w + 10",
        "4 rows of `public.t`: not there",
    ),
    (
        "postgres",
        BARE,
        "UPDATE t SET v = 'z'",
        "update t set w = 5 where id = 1",
        "1 row of `public.t`: not there",
    ),
    (
        "postgres",
        BARE,
        "UPDATE t SET v = 'z' WHERE id = 2",
        "",
        "",
    ),
    (
        "postgres",
        PLAIN,
        "UPDATE t SET v = 'z'",
        "alter table t drop constraint t_pkey; update t set id = id + 20 where id > 2",
        "2 rows of `public.t`: not there",
    ),
    (
        "postgres",
        PLAIN,
        "DELETE FROM t WHERE id = 1",
        "insert into t values (1, 'theirs')",
        "1 row of `public.t`: another row stands under its key",
    ),
    (
        "poorer",
        PLAIN,
        "DELETE FROM t",
        "insert into t values (1, 'theirs'), (2, 'b')",
        "1 row of `public.t`: another row stands under its key",
    ),
    (
        "postgres",
        PLAIN,
        "DELETE FROM t USING (SELECT 1 AS one) AS x WHERE id = one",
        "update t set v = 'theirs' where id = 2",
        "",
    ),
    (
        "postgres",
        PLAIN,
        "TRUNCATE t",
        "insert into t values (1, 'theirs')",
        "1 row of `public.t`: another row stands under its key",
    ),
];

#[test]
fn what_others_put_in_the_way_of_rows_is_told() {
    let Some(cluster) = cluster() else { return };
    cluster.sql("postgres", "create role other login createdb in role pg_read_all_data; create role poorer login in role pg_read_all_data; grant other to poorer");
    let only = std::env::var("ONLY_LOSS").ok();
    let mut faults = Vec::new();
    for (at, (role, setup, sql, since, expected)) in IN_THE_WAY.iter().enumerate() {
        if only.as_deref().is_some_and(|only| only != at.to_string()) {
            continue;
        }
        let database = cluster.database(&format!("shape_way_{at}"));
        cluster.sql(&database, setup);
        let house = House::new(&format!("pg-shape-way-{at}"));
        let table = || cluster.sql(&database, "select * from t order by id, v");
        let before = table();
        let command = format!(
            "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U {role} -d {database} -c \"{sql}\"",
            cluster.folder.display(),
            cluster.port
        );
        lose(&house, &command);
        if !since.is_empty() {
            cluster.sql(&database, since);
        }
        let plan = house.backstop(&["undo", "--dry-run"]);
        let undo = house.backstop(&["undo"]);
        let after = table();
        let again = house.backstop(&["undo"]);
        let said = format!("{}{}", undo.stdout, undo.stderr);
        let right = match *expected {
            "" => undo.code == Some(0) && (before == after || since.starts_with("update")),
            // Others changed the table, and the undo has no part in it.
            "-" => undo.code == Some(0),
            told => {
                undo.code == Some(1)
                    && said.contains("not brought back")
                    && said.contains(told)
                    && (again.code == Some(1) || sql.starts_with("TRUNCATE"))
            }
        };
        if !right {
            faults.push(format!(
                "{sql}; {since} ({at}, {role}): {:?} {:?} {:?}\n{}{}\n{said}\n{}{}\n{before}\n{after}",
                plan.code,
                undo.code,
                again.code,
                plan.stdout,
                plan.stderr,
                again.stdout,
                again.stderr
            ));
        }
    }
    assert!(
        faults.is_empty(),
        "{}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
