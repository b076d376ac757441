//! Undo in PostgreSQL after others have changed the same things: their work stays, and what did not come back is said, also by the next undo.
//! Each statement really runs; what stands there afterwards is asked of the server.
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

use house::{Answer, House};
use postgres::{Cluster, cluster};

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

fn said(answer: &Answer) -> String {
    format!("{:?}\n{}{}", answer.code, answer.stdout, answer.stderr)
}

/// One loss with what others did before it was undone: the plan, the undo, and the next undo of the same backup.
struct Scene {
    house: House,
    database: String,
    plan: Answer,
    undo: Answer,
}

impl Scene {
    fn play(cluster: &Cluster, name: &str, setup: &str, sql: &str, since: &str) -> Self {
        let database = cluster.database(&format!("since_{name}"));
        cluster.sql(&database, setup);
        let house = House::new(&format!("pg-since-{name}"));
        let command = format!(
            "psql -X -v ON_ERROR_STOP=1 -h {} -p {} -U postgres -d {database} -c \"{sql}\"",
            cluster.folder.display(),
            cluster.port
        );
        lose(&house, &command);
        cluster.sql(&database, since);
        Self::undo(house, database)
    }

    fn undo(house: House, database: String) -> Self {
        let plan = house.backstop(&["undo", "--dry-run"]);
        let undo = house.backstop(&["undo", "--yes"]);
        Self {
            house,
            database,
            plan,
            undo,
        }
    }

    fn all(&self) -> String {
        format!("plan {}undo {}", said(&self.plan), said(&self.undo))
    }

    /// The same undo once more, by the backup of the call.
    fn again(&self) -> Answer {
        let id = self.undo.stdout.split(" from ").nth(1).unwrap_or_default();
        let id = id.lines().next().unwrap_or_default();
        self.house.backstop(&["undo", id, "--yes"])
    }

    /// What the undo and its plan say alike did not come back.
    #[track_caller]
    fn left(&self, told: &str) {
        for answer in [&self.plan, &self.undo] {
            assert!(said(answer).contains(told), "{told}:\n{}", self.all());
        }
        assert_eq!(self.undo.code, Some(1), "{}", self.all());
    }
}

const SHOP: &str = "create table o(id int primary key, amt int, note text); insert into o values (1,10,'a'),(2,20,'b'),(3,30,'c');";

#[test]
fn a_database_that_others_made_anew_gets_back_what_it_lacks_and_the_rest_is_named() {
    let Some(cluster) = cluster() else { return };
    let name = cluster.database("since_anew");
    cluster.sql(&name, SHOP);
    cluster.sql(
        "postgres",
        &format!(
            "create role since_app; alter database {name} owner to since_app; alter database {name} set work_mem = '9MB'; alter database {name} set lock_timeout = '5s'; \
             comment on database {name} is 'cc'; revoke connect on database {name} from public; alter role since_app in database {name} set lock_timeout = '3s'"
        ),
    );
    let house = House::new("pg-since-anew");
    lose(
        &house,
        &format!(
            "dropdb -h {} -p {} -U postgres {name}",
            cluster.folder.display(),
            cluster.port
        ),
    );
    cluster.sql("postgres", &format!("create database {name}"));
    cluster.sql(
        "postgres",
        &format!("alter database {name} set lock_timeout = '8s'"),
    );
    cluster.sql(
        &name,
        "create table o(id int primary key, amt int, note text); insert into o values (1, 99, 'theirs')",
    );
    let scene = Scene::undo(house, name.clone());
    scene.left(&format!("ALTER DATABASE {name} OWNER TO since_app"));
    scene.left("lock_timeout = '5s'");
    scene.left("1 row of `public.o`: another row stands under its key");
    let state = cluster.sql(
        "postgres",
        &format!(
            "select pg_get_userbyid(datdba), array_to_string(datacl, ' ') like '%=T/%', (select array_agg(setconfig::text order by setrole) from pg_db_role_setting where setdatabase = d.oid), \
             shobj_description(oid, 'pg_database') from pg_database d where datname = '{name}'"
        ),
    );
    assert_eq!(
        state,
        "postgres|t|{\"{lock_timeout=8s,work_mem=9MB}\",\"{lock_timeout=3s}\"}|cc",
        "{}",
        scene.all()
    );
    assert_eq!(
        cluster.sql(&name, "select id, note from o order by id"),
        "1|theirs\n2|b\n3|c"
    );
    assert_eq!(scene.again().code, Some(1));
}

#[test]
fn of_two_columns_that_were_changed_the_one_that_is_still_there_gets_its_values() {
    let Some(cluster) = cluster() else { return };
    for (at, since) in [
        "alter table o drop column note",
        "alter table o rename column note to remark",
    ]
    .iter()
    .enumerate()
    {
        let scene = Scene::play(
            cluster,
            &format!("column_{at}"),
            SHOP,
            "UPDATE o SET note = 'gone', amt = 0",
            since,
        );
        scene.left(
            "values of `note` of `public.o`: others have dropped or renamed the column since",
        );
        assert_eq!(
            cluster.sql(&scene.database, "select id, amt from o order by id"),
            "1|10\n2|20\n3|30",
            "{}",
            scene.all()
        );
        let columns = "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = 'o'::regclass and attnum > 0 and not attisdropped";
        let columns = cluster.sql(&scene.database, columns);
        assert!(
            ["id amt", "id amt remark"].contains(&columns.as_str()),
            "{columns}"
        );
        assert_eq!(scene.again().code, Some(1));
    }
}

#[test]
fn rows_that_others_put_under_the_keys_of_an_emptied_table_are_told_each_time() {
    let Some(cluster) = cluster() else { return };
    let theirs = "insert into o values (1, 99, 'theirs')";
    let anew = format!("create table o(id int primary key, amt int, note text); {theirs}");
    for (name, sql, since) in [
        ("truncated", "TRUNCATE o", theirs),
        ("dropped", "DROP TABLE o", anew.as_str()),
    ] {
        let scene = Scene::play(cluster, name, SHOP, sql, since);
        scene.left("1 row of `public.o`: another row stands under its key");
        let again = scene.again();
        assert_eq!(again.code, Some(1), "{}", said(&again));
    }
}

#[test]
fn what_an_undo_left_behind_the_next_one_says_again() {
    let Some(cluster) = cluster() else { return };
    let parted = "create table o(id int primary key, v text) partition by range(id); create table o1 partition of o for values from (0) to (10); \
        create table o2 partition of o for values from (10) to (20); insert into o select i, 'v' || i from generate_series(8, 12) i;";
    for (name, setup, since) in [
        ("renamed", SHOP, "alter table o rename to orders"),
        (
            "flattened",
            parted,
            "create table q(id int primary key, v text); insert into q select * from o; drop table o; alter table q rename to o",
        ),
    ] {
        let scene = Scene::play(cluster, name, setup, "DELETE FROM o WHERE id > 1", since);
        assert_eq!(scene.undo.code, Some(1), "{}", scene.all());
        for _ in 0..2 {
            let again = scene.again();
            assert_eq!(again.code, Some(1), "{}{}", scene.all(), said(&again));
            assert!(
                again.stdout.contains("not brought back"),
                "{}",
                said(&again)
            );
        }
    }
}

#[test]
fn a_definition_of_others_is_told_when_that_of_the_backup_comes_back_over_it() {
    let Some(cluster) = cluster() else { return };
    let made =
        |what: &str| format!("create function f() returns int language sql as 'select {what}'");
    let scene = Scene::play(
        cluster,
        "function",
        &made("1"),
        "DROP FUNCTION f()",
        &made("42"),
    );
    assert_eq!(cluster.sql(&scene.database, "select f()"), "1");
    assert_eq!(scene.undo.code, Some(0), "{}", scene.all());
    assert!(
        scene
            .plan
            .stdout
            .contains("over what stands there now, for function `f()`"),
        "{}",
        scene.all()
    );
    assert!(
        scene.undo.stdout.contains("function `f()` in schema `public` back as the backup has it; what stood there since is in the state that was saved"),
        "{}",
        scene.all()
    );
}

const PAIR: &str = "create table c(id int primary key); create table o(id int primary key, c int references c on delete cascade); \
    insert into c values (1),(2); insert into o values (1,1),(2,2);";

#[test]
fn a_foreign_key_that_others_dropped_keeps_no_rows_out() {
    let Some(cluster) = cluster() else { return };
    let since = "alter table o drop constraint o_c_fkey; insert into o values (3, 9)";
    let scene = Scene::play(cluster, "unbound", PAIR, "DELETE FROM c", since);
    assert_eq!(scene.undo.code, Some(0), "{}", scene.all());
    assert_eq!(
        cluster.sql(&scene.database, "select * from o order by id"),
        "1|1\n2|2\n3|9"
    );
}

#[test]
fn what_stands_in_the_way_of_an_undo_is_told_with_what_ends_it() {
    let Some(cluster) = cluster() else { return };
    let scene = Scene::play(
        cluster,
        "parentless",
        PAIR,
        "DELETE FROM o WHERE id = 2",
        "delete from c where id = 2",
    );
    assert_eq!(scene.undo.code, Some(1), "{}", scene.all());
    assert!(
        scene.undo.stderr.contains("which have to come back first"),
        "{}",
        scene.all()
    );
    let closed = "alter database since_closed set default_transaction_read_only = on";
    let scene = Scene::play(cluster, "closed", SHOP, "DELETE FROM o", closed);
    assert_eq!(scene.undo.code, Some(1), "{}", scene.all());
    assert!(
        scene
            .undo
            .stderr
            .contains("RESET default_transaction_read_only"),
        "{}",
        scene.all()
    );
}

#[test]
fn a_dropped_column_comes_back_beside_what_others_wrote_since() {
    let Some(cluster) = cluster() else { return };
    let since = "update o set amt = amt + 100 where id < 3; insert into o values (4, 40)";
    let scene = Scene::play(
        cluster,
        "beside",
        SHOP,
        "ALTER TABLE o DROP COLUMN note",
        since,
    );
    assert_eq!(scene.undo.code, Some(0), "{}", scene.all());
    assert_eq!(
        cluster.sql(&scene.database, "select id, amt, note from o order by id"),
        "1|110|a\n2|120|b\n3|30|c\n4|40|",
        "{}",
        scene.all()
    );
    assert!(!scene.plan.stdout.contains("all values"), "{}", scene.all());
    cluster.sql(
        &scene.database,
        "update o set amt = 5, note = 'later' where id = 3",
    );
    let again = scene.again();
    assert_eq!(
        cluster.sql(
            &scene.database,
            "select amt, note from o where id in (1, 3) order by id"
        ),
        "110|a\n5|later",
        "{}",
        said(&again)
    );
}
