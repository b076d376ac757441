//! SQL statements of both kinds: those that lose something, and those that look like it.
//! Each loss is written as `verb kind object`, in the order of the text.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines
)]

use backstop::model::effect::{Bound, Dialect, Effect, Verb};
use backstop::sql::judge;

fn shown(effect: &Effect) -> String {
    let mut line = format!("{:?} {:?}", effect.verb, effect.kind).to_lowercase();
    line.push(' ');
    line.push_str(effect.object.as_deref().unwrap_or("-"));
    // The columns of an UPDATE have a test of their own.
    if let Some(part) = effect.part.as_ref().filter(|_| effect.verb != Verb::Update) {
        line.push_str(&format!(".{part}"));
    }
    match &effect.bound {
        Bound::NotApplicable => {}
        Bound::All => line.push_str(" all"),
        Bound::AlwaysTrue => line.push_str(" true"),
        Bound::Where { .. } => line.push_str(" where"),
    }
    line
}

fn check(dialect: Dialect, table: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let found: Vec<String> = judge(text, dialect).iter().map(shown).collect();
        if found != *expected {
            wrong.push(format!(
                "{text}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{dialect:?}:\n{}", wrong.join("\n"));
}

#[test]
fn postgres_losses() {
    check(
        Dialect::Postgres,
        &[
            ("DROP TABLE customers", &["drop table customers"]),
            (
                "drop table if exists public.\"Order Items\" cascade;",
                &["drop table public.Order Items"],
            ),
            (
                "DROP TABLE a, b.c, \"d\"",
                &["drop table a", "drop table b.c", "drop table d"],
            ),
            ("/* x */ DROP /* y */ TABLE t -- z", &["drop table t"]),
            ("DROP DATABASE shop WITH (FORCE)", &["drop database shop"]),
            ("DROP DATABASE IF EXISTS shop", &["drop database shop"]),
            (
                "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
                &["drop schema public"],
            ),
            ("DROP VIEW v", &["drop view v"]),
            ("DROP MATERIALIZED VIEW mv", &["drop materializedview mv"]),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", &["drop index i"]),
            ("DROP SEQUENCE s", &["drop sequence s"]),
            (
                "DROP FUNCTION f(integer, text), g()",
                &["drop function f", "drop function g"],
            ),
            ("DROP TRIGGER trg ON orders", &["drop trigger orders.trg"]),
            ("DROP POLICY p ON accounts", &["drop policy accounts.p"]),
            ("DROP RULE r ON t", &["drop trigger t.r"]),
            ("DROP TYPE mood", &["drop type mood"]),
            ("DROP ROLE alice", &["drop role alice"]),
            ("DROP OWNED BY alice CASCADE", &["drop everything alice"]),
            (
                "REASSIGN OWNED BY alice TO bob",
                &["revoke everything alice"],
            ),
            ("DROP EXTENSION pgcrypto", &["drop extension pgcrypto"]),
            ("DROP PUBLICATION p", &["drop publication p"]),
            ("DROP SUBSCRIPTION s", &["drop subscription s"]),
            ("DROP TABLESPACE fast", &["drop tablespace fast"]),
            ("DROP SERVER remote CASCADE", &["drop other remote"]),
            ("DROP FOREIGN TABLE ft", &["drop table ft"]),
            ("TRUNCATE users", &["truncate table users"]),
            (
                "TRUNCATE TABLE ONLY a, b RESTART IDENTITY CASCADE",
                &["truncate table a", "truncate table b"],
            ),
            ("DELETE FROM users", &["delete table users all"]),
            ("DELETE FROM ONLY users", &["delete table users all"]),
            (
                "DELETE FROM users WHERE id = 3",
                &["delete table users where"],
            ),
            (
                "DELETE FROM users u USING bans b WHERE b.id = u.id",
                &["delete table users where"],
            ),
            ("DELETE FROM users WHERE 1=1", &["delete table users true"]),
            ("DELETE FROM users WHERE true", &["delete table users true"]),
            (
                "DELETE FROM users WHERE id = 1 OR 1=1",
                &["delete table users true"],
            ),
            (
                "DELETE FROM users WHERE NOT false",
                &["delete table users true"],
            ),
            (
                "DELETE FROM users WHERE 'a'='a' RETURNING *",
                &["delete table users true"],
            ),
            (
                "DELETE FROM users WHERE id = id",
                &["delete table users true"],
            ),
            (
                "DELETE FROM users WHERE name LIKE '%'",
                &["delete table users true"],
            ),
            (
                "DELETE FROM users WHERE EXISTS (SELECT 1)",
                &["delete table users true"],
            ),
            (
                "DELETE FROM users WHERE id = 1 AND 1=1",
                &["delete table users where"],
            ),
            (
                "DELETE FROM users WHERE id IN (SELECT id FROM x WHERE y)",
                &["delete table users where"],
            ),
            (
                "DELETE FROM users WHERE CURRENT OF c",
                &["delete table users where"],
            ),
            ("UPDATE users SET a = 1", &["update table users all"]),
            (
                "UPDATE users SET a = 1 WHERE id = 2",
                &["update table users where"],
            ),
            (
                "UPDATE users SET (a, b) = (1, 2)",
                &["update table users all"],
            ),
            (
                "UPDATE users SET a = (SELECT 1 WHERE true)",
                &["update table users all"],
            ),
            (
                "UPDATE users u SET a = b.a FROM b WHERE b.id = u.id",
                &["update table users where"],
            ),
            (
                "UPDATE users SET a = 1 WHERE 2 > 1",
                &["update table users true"],
            ),
            (
                "WITH d AS (DELETE FROM users RETURNING *) SELECT count(*) FROM d",
                &["delete table users all"],
            ),
            (
                "WITH d AS (SELECT 1) DELETE FROM users WHERE id IN (SELECT * FROM d)",
                &["delete table users where"],
            ),
            (
                "WITH a AS (UPDATE t SET x = 1 WHERE y RETURNING *), b AS (DELETE FROM u) SELECT 1",
                &["update table t where", "delete table u all"],
            ),
            (
                "INSERT INTO log WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d",
                &["delete table users all"],
            ),
            (
                "EXPLAIN ANALYZE DELETE FROM users",
                &["delete table users all"],
            ),
            (
                "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM users WHERE id = 1",
                &["delete table users where"],
            ),
            (
                "EXPLAIN (ANALYZE true) UPDATE t SET a = 1",
                &["update table t all"],
            ),
            (
                "PREPARE p AS DELETE FROM users; EXECUTE p",
                &["delete table users all"],
            ),
            (
                "DO $$ BEGIN DROP TABLE users; END $$",
                &["drop table users"],
            ),
            (
                "DO $$ BEGIN EXECUTE 'TRUNCATE users'; END $$ LANGUAGE plpgsql",
                &["truncate table users"],
            ),
            (
                "DO 'BEGIN DELETE FROM users; END'",
                &["delete table users all"],
            ),
            (
                "DO $x$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE 'DROP TABLE ' || quote_ident(r.tablename) || ' CASCADE'; END LOOP; END $x$",
                &["drop table -"],
            ),
            (
                "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'a'); END $$",
                &["drop table a"],
            ),
            (
                "DO $$ BEGIN IF EXISTS (SELECT 1) THEN DELETE FROM users WHERE id = 1; END IF; END $$",
                &["delete table users where"],
            ),
            ("DO $$ BEGIN EXECUTE stmt; END $$", &["opaque other -"]),
            ("COPY t TO PROGRAM 'rm -rf /'", &["program other -"]),
            (
                "COPY (DELETE FROM t RETURNING *) TO STDOUT",
                &["delete table t all"],
            ),
            (
                "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
                &["delete table t where"],
            ),
            (
                "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a",
                &["replace table t"],
            ),
            (
                "ALTER TABLE users DROP COLUMN email",
                &["alterdrop column users.email"],
            ),
            (
                "ALTER TABLE users DROP email",
                &["alterdrop column users.email"],
            ),
            (
                "ALTER TABLE users ADD COLUMN a int, DROP COLUMN IF EXISTS b CASCADE",
                &["alterdrop column users.b"],
            ),
            (
                "ALTER TABLE users DROP CONSTRAINT users_pkey",
                &["alterdrop constraint users.users_pkey"],
            ),
            (
                "ALTER TABLE users ALTER COLUMN a TYPE int USING a::int",
                &["alterrewrite column users.a"],
            ),
            (
                "ALTER TABLE users ALTER a SET DATA TYPE text",
                &["alterrewrite column users.a"],
            ),
            (
                "ALTER TABLE m DETACH PARTITION m_2020 CONCURRENTLY",
                &["detach partition m.m_2020"],
            ),
            ("ALTER TYPE t DROP ATTRIBUTE a", &["alterdrop column t"]),
            ("ALTER SYSTEM SET fsync = off", &["server other -"]),
            (
                "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM bob",
                &["revoke other PRIVILEGES"],
            ),
            ("REVOKE ALL ON TABLE users FROM bob", &["revoke role users"]),
            ("VACUUM FULL users", &["rewrite table users"]),
            ("VACUUM (FULL, ANALYZE) users", &["rewrite table users"]),
            ("CLUSTER users USING i", &["rewrite table users"]),
            ("SELECT lo_unlink(173)", &["drop largeobject 173"]),
            ("SELECT lo_unlink(l.oid) FROM l", &["drop largeobject -"]),
            ("SELECT lo_put(173, 0, 'x')", &["update largeobject -"]),
            (
                "SELECT lowrite(lo_open(173, 131072), 'x')",
                &["update largeobject -"],
            ),
            ("SELECT lo_put(lo_create(0), 0, 'x')", &[]),
            (
                "SELECT pg_drop_replication_slot('standby')",
                &["server replicationslot standby"],
            ),
            (
                "SELECT dblink_exec('host=x', 'DROP TABLE users')",
                &["drop table users"],
            ),
            (
                "SELECT query_to_xml('DELETE FROM users', true, true, '')",
                &["delete table users all"],
            ),
            (
                "SELECT drop_chunks('metrics', INTERVAL '1 day')",
                &["delete partition metrics"],
            ),
            (
                "CREATE OR REPLACE TABLE t AS SELECT 1",
                &["createover table t"],
            ),
            ("SELECT '\\'; DROP TABLE x; --'", &["drop table x"]),
            (
                "SELECT 1; SELECT 'a''b'; DROP TABLE \"we;ird\"",
                &["drop table we;ird"],
            ),
            ("BEGIN; DROP TABLE t; COMMIT", &["drop table t"]),
            (
                "BEGIN; DROP TABLE t; ROLLBACK; DROP TABLE u",
                &["drop table u"],
            ),
            ("BEGIN; DROP TABLE t; COMMIT; ROLLBACK", &["drop table t"]),
            // What lies behind a savepoint that is gone back to is undone.
            (
                "BEGIN; SAVEPOINT a; DROP TABLE t; ROLLBACK TO a; COMMIT",
                &[],
            ),
            (
                "BEGIN; DROP TABLE t; SAVEPOINT a; ROLLBACK TO a; COMMIT",
                &["drop table t"],
            ),
            (
                "BEGIN; SAVEPOINT a; DROP TABLE t; ROLLBACK TO b; COMMIT",
                &["drop table t"],
            ),
            (
                "BEGIN; SAVEPOINT a; DROP TABLE t; COMMIT; ROLLBACK TO a",
                &["drop table t"],
            ),
            (
                "BEGIN; CREATE TABLE t (); ROLLBACK; DROP TABLE t",
                &["drop table t"],
            ),
            (
                "CREATE TABLE IF NOT EXISTS t (a int); DROP TABLE t",
                &["drop table t"],
            ),
            (
                "CREATE TABLE t (a int); DROP TABLE t; DROP TABLE t",
                &["drop table t"],
            ),
            (
                "CREATE TABLE t (a int); ALTER TABLE t RENAME TO s; ALTER TABLE u RENAME TO t; DROP TABLE t",
                &["drop table t"],
            ),
            ("SELECT (1; DROP TABLE x", &["drop table x"]),
            ("DROP TABLE \u{FFFC}", &["drop table -"]),
            ("DROP TABLE app_\u{FFFC}", &["drop table -"]),
            ("\u{FFFC}", &["opaque other -"]),
            ("SELECT 1; \u{FFFC}; SELECT 2", &["opaque other -"]),
            (
                "DELETE FROM t WHERE id = \u{FFFC}",
                &["delete table t where"],
            ),
            ("SELECT 'unclosed; DROP TABLE x", &["opaque other -"]),
            ("SELECT $$a$$; DELETE FROM t", &["delete table t all"]),
            ("CALL purge_old_rows(30)", &["opaque other -"]),
            (
                "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DROP TABLE x; END $$; CALL p()",
                &["drop table x"],
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM x'; SELECT f()",
                &["delete table x all"],
            ),
            ("DELETE FROM ONLY (users)", &["delete table users all"]),
        ],
    );
}

#[test]
fn postgres_without_loss() {
    let harmless: &[&str] = &[
        "SELECT 'DROP TABLE users'",
        "SELECT 1 -- DROP TABLE users",
        "/* DELETE FROM users */ SELECT 1",
        "/* /* */ DROP TABLE x; -- */ */ SELECT 1",
        "SELECT $$ DROP TABLE x; $$",
        "SELECT \"delete\" FROM t",
        "SELECT t.update, t.drop FROM t",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED",
        "CREATE TABLE o (id int REFERENCES u ON DELETE CASCADE ON UPDATE SET NULL)",
        "ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (u) REFERENCES u ON DELETE CASCADE",
        "GRANT DELETE, TRUNCATE, UPDATE ON users TO bob",
        "CREATE POLICY p ON t FOR DELETE USING (true)",
        "CREATE TRIGGER t BEFORE DELETE OR UPDATE ON users EXECUTE FUNCTION f()",
        "CREATE FUNCTION f() RETURNS void AS $$ BEGIN DELETE FROM users; END $$ LANGUAGE plpgsql",
        "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM users; DROP TABLE x; END",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "EXPLAIN DELETE FROM users",
        "EXPLAIN (ANALYZE false) DELETE FROM users",
        "EXPLAIN (VERBOSE, COSTS off) UPDATE t SET a = 1",
        "EXPLAIN ANALYZE SELECT * FROM users",
        "CREATE INDEX CONCURRENTLY i ON users (email)",
        "INSERT INTO users VALUES (1, 'delete from users')",
        "INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 1",
        "INSERT INTO t SELECT * FROM u WHERE x ON CONFLICT DO NOTHING",
        "ALTER TABLE users ADD COLUMN dropped boolean DEFAULT false",
        "ALTER TABLE users ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE users ALTER COLUMN a DROP NOT NULL",
        "ALTER TABLE users ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE users ALTER COLUMN a DROP IDENTITY",
        "ALTER TABLE users RENAME TO users_retired",
        "ALTER TABLE users RENAME COLUMN a TO b",
        "ALTER TABLE users OWNER TO bob",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE users SET (fillfactor = 70)",
        "ALTER TABLE m ATTACH PARTITION m1 DEFAULT",
        "ALTER SERVER s OPTIONS (DROP host)",
        "ALTER ROLE bob SET work_mem = '1GB'",
        "ALTER SEQUENCE s RESTART",
        "COMMENT ON TABLE users IS 'DROP TABLE'",
        "VACUUM",
        "VACUUM ANALYZE users",
        "REINDEX TABLE users",
        "REFRESH MATERIALIZED VIEW mv",
        "ANALYZE users",
        "SET search_path TO public",
        "RESET ALL",
        "SHOW all",
        "LOCK TABLE users IN EXCLUSIVE MODE",
        "COPY users TO STDOUT",
        "COPY users FROM STDIN",
        "COPY (SELECT * FROM users) TO '/tmp/x.csv' CSV",
        "NOTIFY drop_table, 'x'",
        "BEGIN; DROP TABLE t; ROLLBACK",
        "BEGIN; DELETE FROM t; SELECT count(*) FROM t; ROLLBACK;",
        "START TRANSACTION; TRUNCATE t; ABORT",
        "CREATE TABLE t (a int); DROP TABLE t",
        "CREATE TEMP TABLE t (a int); DELETE FROM t; DROP TABLE t",
        "CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 1; TRUNCATE t",
        "CREATE DATABASE scratch; DROP DATABASE scratch",
        "CREATE SCHEMA s; CREATE TABLE s.t (); DROP TABLE s.t; DROP SCHEMA s",
        "DO $$ BEGIN RAISE NOTICE 'drop table %', 1; END $$",
        "DO $$ BEGIN EXECUTE 'CREATE INDEX i ON t (a)'; END $$",
        "DO $$ BEGIN PERFORM 1; IF NOT EXISTS (SELECT 1) THEN CREATE TYPE m AS ENUM ('a'); END IF; END $$",
        "MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x",
        "SELECT replace(a, 'x', 'y') FROM t",
        "SELECT deleted_at, updated FROM t WHERE deleted IS NOT TRUE",
        "SELECT pg_size_pretty(pg_database_size('drop'))",
        "SELECT \u{FFFC} FROM t",
        "SELECT * FROM t WHERE id = \u{FFFC}",
        "CREATE EXTENSION IF NOT EXISTS pgcrypto",
        "DEALLOCATE ALL",
        "CALL refresh_continuous_aggregate('x', NULL, NULL)",
        "",
        ";;",
        "please drop table reservations at 7",
    ];
    let table: Vec<(&str, &[&str])> = harmless
        .iter()
        .map(|text| (*text, &[] as &[&str]))
        .collect();
    check(Dialect::Postgres, &table);
}

#[test]
fn mysql_both_sides() {
    check(
        Dialect::Mysql,
        &[
            ("DROP TABLES a, b", &["drop table a", "drop table b"]),
            ("DROP TABLE `my db`.`t``x`", &["drop table my db.t`x"]),
            ("/*!50000 DROP TABLE t */", &["drop table t"]),
            ("/*M! DROP TABLE t */", &["drop table t"]),
            ("SELECT 1--1; DROP TABLE t", &["drop table t"]),
            ("/* /* */ DROP TABLE x; -- */ */", &["drop table x"]),
            ("BEGIN; DROP TABLE t; ROLLBACK", &["drop table t"]),
            (
                "BEGIN; DELETE FROM t; CREATE TABLE u (a int); ROLLBACK",
                &["delete table t all"],
            ),
            ("START TRANSACTION; DELETE FROM t; ROLLBACK", &[]),
            (
                "DELETE a, b FROM a JOIN b ON a.id = b.id WHERE a.x = 1",
                &["delete table a where", "delete table b where"],
            ),
            (
                "DELETE FROM t ORDER BY id LIMIT 10",
                &["delete table t all"],
            ),
            (
                "UPDATE a, b SET a.x = 1 WHERE a.id = b.id",
                &["update table a where"],
            ),
            (
                "UPDATE LOW_PRIORITY IGNORE t SET a = 1",
                &["update table t all"],
            ),
            ("DELETE FROM t WHERE 1", &["delete table t true"]),
            ("REPLACE INTO t VALUES (1)", &["replace table t"]),
            ("REPLACE t SET a = 1", &["replace table t"]),
            (
                "LOAD DATA INFILE 'x' REPLACE INTO TABLE t",
                &["replace table t"],
            ),
            (
                "ALTER TABLE t MODIFY COLUMN a INT",
                &["alterrewrite column t.a"],
            ),
            ("ALTER TABLE t CHANGE a b INT", &["alterrewrite column t.a"]),
            (
                "ALTER TABLE t DROP PRIMARY KEY, DROP INDEX i",
                &["alterdrop constraint t", "alterdrop index t.i"],
            ),
            (
                "ALTER TABLE t DROP PARTITION p0",
                &["alterdrop partition t.p0"],
            ),
            (
                "ALTER TABLE t TRUNCATE PARTITION p0",
                &["truncate partition t.p0"],
            ),
            ("ALTER TABLE t DISCARD TABLESPACE", &["truncate table t"]),
            ("PURGE BINARY LOGS TO 'x'", &["server other -"]),
            ("RESET MASTER", &["server other -"]),
            (
                "PREPARE s FROM 'DROP TABLE t'; EXECUTE s",
                &["drop table t"],
            ),
            ("DROP EVENT e", &["drop trigger e"]),
            ("DROP USER 'bob'@'%'", &["drop role bob"]),
            ("TRUNCATE t", &["truncate table t"]),
            ("SELECT '\\'; DROP TABLE x; --'", &[]),
            ("SELECT TRUNCATE(1.5, 1)", &[]),
            ("SELECT \"DROP TABLE t\"", &[]),
            ("LOAD DATA INFILE 'x' INTO TABLE t", &[]),
            (
                "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1",
                &[],
            ),
            (
                "CREATE PROCEDURE p() BEGIN DELETE FROM t; DROP TABLE u; END",
                &[],
            ),
            (
                "CREATE TRIGGER x BEFORE DELETE ON t FOR EACH ROW BEGIN DELETE FROM u; END; SELECT 1",
                &[],
            ),
            ("SHOW CREATE TABLE t", &[]),
            ("FLUSH PRIVILEGES", &[]),
            ("OPTIMIZE TABLE t", &[]),
            ("DO SLEEP(1)", &[]),
            ("RENAME TABLE a TO b", &[]),
            ("# DROP TABLE x\nSELECT 1", &[]),
        ],
    );
}

#[test]
fn sqlite_both_sides() {
    check(
        Dialect::Sqlite,
        &[
            ("DROP TABLE users", &["drop table users"]),
            ("DROP TABLE [odd name]", &["drop table odd name"]),
            ("DELETE FROM users", &["delete table users all"]),
            (
                "DELETE FROM users WHERE id > 5 ORDER BY id LIMIT 3",
                &["delete table users where"],
            ),
            (
                "UPDATE OR IGNORE t SET a = 1 WHERE b",
                &["update table t where"],
            ),
            (
                "UPDATE t SET a = 1 ORDER BY id LIMIT 1",
                &["update table t all"],
            ),
            ("INSERT OR REPLACE INTO t VALUES (1)", &["replace table t"]),
            ("REPLACE INTO t VALUES (1)", &["replace table t"]),
            ("ALTER TABLE t DROP COLUMN a", &["alterdrop column t.a"]),
            ("PRAGMA writable_schema = ON", &["server schema -"]),
            (
                "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END; DROP TABLE y",
                &["drop table y"],
            ),
            ("BEGIN IMMEDIATE; DROP TABLE t; END", &["drop table t"]),
            ("BEGIN; DROP TABLE t; ROLLBACK", &[]),
            (
                "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END",
                &[],
            ),
            ("INSERT OR IGNORE INTO t VALUES (1)", &[]),
            ("PRAGMA table_info(users)", &[]),
            ("PRAGMA foreign_keys = ON", &[]),
            ("ATTACH 'x.db' AS x; DETACH DATABASE x", &[]),
            ("VACUUM", &[]),
            ("EXPLAIN QUERY PLAN DELETE FROM users", &[]),
            ("SELECT 'it''s; DROP TABLE x'", &[]),
            (".schema", &[]),
        ],
    );
}

#[test]
fn other_dialects_both_sides() {
    check(
        Dialect::Mssql,
        &[
            (
                "DROP TABLE [dbo].[Users]\nGO\nSELECT 1",
                &["drop table dbo.Users"],
            ),
            (
                "IF OBJECT_ID('t') IS NOT NULL DROP TABLE t",
                &["drop table t"],
            ),
            ("SELECT 1 DROP TABLE t", &["drop table t"]),
            ("DELETE TOP (10) FROM t", &["delete table t all"]),
            ("EXEC('DROP TABLE t')", &["drop table t"]),
            (
                "EXEC sp_executesql N'TRUNCATE TABLE t'",
                &["truncate table t"],
            ),
            ("EXEC xp_cmdshell 'del x'", &["program other del x"]),
            (
                "ALTER TABLE t ALTER COLUMN a INT",
                &["alterrewrite column t.a"],
            ),
            (
                "ALTER TABLE t DROP COLUMN a, b",
                &["alterdrop column t.a", "alterdrop column t.b"],
            ),
            ("BEGIN TRAN; DELETE FROM t; ROLLBACK", &[]),
            ("UPDATE STATISTICS t", &[]),
            ("CREATE TABLE #x (a int); DROP TABLE #x", &[]),
            ("EXEC sp_help 't'", &[]),
        ],
    );
    check(
        Dialect::Clickhouse,
        &[
            ("ALTER TABLE t DELETE WHERE 1", &["delete table t true"]),
            (
                "ALTER TABLE t UPDATE a = 1 WHERE b = 2",
                &["update table t where"],
            ),
            (
                "ALTER TABLE t DROP PARTITION '2020'",
                &["alterdrop partition t.2020"],
            ),
            (
                "TRUNCATE TABLE IF EXISTS t ON CLUSTER c",
                &["truncate table t"],
            ),
            ("OPTIMIZE TABLE t FINAL", &[]),
        ],
    );
    check(
        Dialect::Unknown,
        &[
            ("SELECT '\\'; DROP TABLE x; --'", &["drop table x"]),
            ("SELECT 1--1; DROP TABLE t", &["drop table t"]),
            ("/*!50000 DROP TABLE t */", &["drop table t"]),
            ("BEGIN; DROP TABLE t; ROLLBACK", &["drop table t"]),
            ("DELETE FROM t WHERE id = 1", &["delete table t where"]),
            ("SELECT * FROM t", &[]),
        ],
    );
}

#[test]
fn spans_start_at_the_verb_and_end_with_the_statement() {
    let text = "SELECT 1;\n  DELETE FROM é WHERE a = 1 ; SELECT 2";
    let effects = judge(text, Dialect::Postgres);
    let span = effects[0].span;
    assert_eq!(
        text.get(span.start..span.end),
        Some("DELETE FROM é WHERE a = 1")
    );
    let text = "EXPLAIN ANALYZE WITH d AS (DELETE FROM t RETURNING 1) SELECT 1";
    let span = judge(text, Dialect::Postgres)[0].span;
    assert_eq!(
        text.get(span.start..span.end),
        Some("DELETE FROM t RETURNING 1")
    );
    let text = "DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$";
    let span = judge(text, Dialect::Postgres)[0].span;
    assert_eq!(text.get(span.start..span.end), Some("DROP TABLE a"));
}

#[test]
fn a_predicate_is_kept_and_its_purity_told() {
    let bound = |text: &str| judge(text, Dialect::Postgres)[0].bound.clone();
    assert_eq!(
        bound("DELETE FROM t WHERE lower(a) = 'x' RETURNING a"),
        Bound::Where {
            predicate: "lower(a) = 'x'".into(),
            pure: true
        }
    );
    assert!(matches!(
        bound("DELETE FROM t WHERE wipe(a)"),
        Bound::Where { pure: false, .. }
    ));
    assert!(matches!(
        bound("DELETE FROM t WHERE a = random()"),
        Bound::Where { pure: false, .. }
    ));
    assert!(matches!(
        bound("DELETE FROM t WHERE id = $1"),
        Bound::Where { pure: false, .. }
    ));
}

#[test]
fn a_megabyte_is_read_in_linear_time() {
    let pieces = [
        "SELECT 'x' FROM t WHERE a IN (1, 2, 3);\n",
        "CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT 1;\n",
        "SELECT (1; DROP TABLE x;\n",
        "update a ",
        "delete from a, ",
        "((((",
        "DO $a$ ",
        "f(drop_(",
    ];
    for piece in pieces {
        for dialect in [Dialect::Postgres, Dialect::Sqlite, Dialect::Mssql] {
            let text = piece.repeat(200_000 / piece.len());
            let start = std::time::Instant::now();
            let _ = judge(&text, dialect);
            assert!(
                start.elapsed().as_secs() < 20,
                "{piece} {dialect:?} {:?}",
                start.elapsed()
            );
        }
    }
}

#[test]
fn an_update_names_its_columns_or_none() {
    for (text, columns) in [
        ("UPDATE t SET n = 1", Some("n")),
        (
            "UPDATE t SET a = f(1, 2), \"B c\" = 3 WHERE x = 1",
            Some("a,B c"),
        ),
        ("UPDATE t SET a = u.a FROM u WHERE u.id = t.id", Some("a")),
        ("UPDATE t SET (a, b) = (1, 2)", None),
        ("UPDATE t SET a[1] = 2", None),
    ] {
        let found = judge(text, Dialect::Postgres);
        assert_eq!(found[0].part.as_deref(), columns, "{text}");
    }
}
