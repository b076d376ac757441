//! Command lines of SQL clients, to findings: targets, places, exemptions.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines
)]

use std::path::{Path, PathBuf};

use backstop::classify::{Context, RuleBook, sql};
use backstop::model::command::{Command, Cwd, Passage, Stdin, Wrapper};
use backstop::model::database::{DatabaseFact, Identity, ObjectFact, Rows};
use backstop::model::fact::{Answer, Facts, Needs, Question, Scene};
use backstop::model::finding::Finding;
use backstop::model::rule::Rule;
use backstop::model::span::{Origin, Span};
use backstop::model::target::{Reach, Route};
use backstop::model::word::{Hole, Word};

#[derive(Debug)]
struct NoRules;

impl RuleBook for NoRules {
    fn rule(&self, _id: &str) -> Option<&'static Rule> {
        None
    }
    fn for_program(&self, _program: &str) -> &[&'static Rule] {
        &[]
    }
}

fn scene() -> Scene {
    Scene {
        cwd: "/proj/app".into(),
        home: Some("/home/me".into()),
        user: Some("me".into()),
        project: "/proj/app".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: false,
    }
}

/// Words parted by blanks, `'…'` quoted, with the spans they have in the line.
fn command(line: &str) -> Command {
    let mut words = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        if rest.starts_with(' ') {
            at += 1;
        } else if let Some(inner) = rest.strip_prefix('\'') {
            let end = inner.find('\'').unwrap();
            let span = Span::new(at + 1, at + 1 + end);
            words.push(Word::literal(&inner[..end], Origin::Text(span)));
            at += end + 2;
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            words.push(Word::literal(
                &rest[..end],
                Origin::Text(Span::new(at, at + end)),
            ));
            at += end;
        }
    }
    Command {
        words,
        env: std::sync::Arc::default(),
        env_cleared: false,
        script: None,
        stdin: Stdin::Null,
        writes: Vec::new(),
        via: Vec::new(),
        cwd: Cwd::Known("/proj/app".into()),
        origin: Origin::Text(Span::new(0, line.len())),
    }
}

fn found(command: &Command, facts: &Facts) -> (Vec<Finding>, Vec<Question>) {
    let scene = scene();
    let context = Context {
        regenerable: &[],
        behind: const { &std::collections::BTreeMap::new() },
        protected: &backstop::model::push::UNPROTECTED,
        earlier: &[],
        after: &[],
        aliases: None,
        scene: &scene,
        facts,
        rules: &NoRules,
    };
    let mut needs = Needs::default();
    let findings = sql::findings(command, &context, &mut needs);
    (findings, needs.into_questions())
}

/// `rule locator object` of each finding, with nothing asked of the world.
fn shown(command: &Command) -> Vec<String> {
    let facts = Facts::new(true);
    found(command, &facts)
        .0
        .iter()
        .map(|finding| {
            let target = &finding.targets[0];
            let object = target.object.as_deref().unwrap_or("-");
            format!("{} {} {object}", finding.rule, target.locator)
        })
        .collect()
}

fn in_container(mut command: Command, stdin: bool) -> Command {
    command.via.push(Wrapper {
        name: "docker exec".into(),
        passage: Passage::Container {
            engine: "docker".into(),
            name: Word::literal("db", command.origin.clone()),
            user: None,
            env: vec![(
                "PGPASSWORD".into(),
                Word::literal("geheim", command.origin.clone()),
            )],
            stdin,
        },
    });
    command
}

fn text(word: &str) -> Word {
    Word::literal(word, Origin::Text(Span::new(0, word.len())))
}

#[test]
fn command_lines_give_rule_place_and_object() {
    let table: &[(&str, &[&str])] = &[
        (
            "psql shop -c 'DROP TABLE customers'",
            &["sql.drop-table local:5432/shop customers"],
        ),
        (
            "psql -h localhost -p 5433 -U bob -d shop -Atc 'TRUNCATE a'",
            &["sql.truncate localhost:5433/shop a"],
        ),
        ("psql -c 'TRUNCATE a'", &["sql.truncate local:5432/me a"]),
        (
            "psql -U bob -c 'TRUNCATE a'",
            &["sql.truncate local:5432/bob a"],
        ),
        (
            "psql 'postgresql://u:p@db.example:5433/my%20shop' '--command=DELETE FROM t'",
            &["sql.delete-all db.example:5433/my shop t"],
        ),
        (
            "psql 'host=/run/pg dbname=shop' -c 'DELETE FROM t WHERE id = 1'",
            &["sql.delete-where /run/pg:5432/shop t"],
        ),
        (
            "psql -h /run/pg shop -c 'UPDATE t SET a = 1'",
            &["sql.update-all /run/pg:5432/shop t"],
        ),
        (
            "psql postgres -c 'DROP DATABASE shop'",
            &["sql.drop-database local:5432/shop -"],
        ),
        (
            "psql shop -c '\\c other' -c 'DROP TABLE t'",
            &["sql.drop-table local:5432/other t"],
        ),
        ("psql shop -c 'BEGIN' -c 'DROP TABLE t' -c 'ROLLBACK'", &[]),
        (
            "psql shop -v t=users -c 'SELECT 1' -c 'DROP TABLE :t'",
            &["sql.drop-table local:5432/shop users"],
        ),
        ("psql shop -c 'SELECT 1; SELECT 2'", &[]),
        ("psql -l", &[]),
        ("psql --help -c 'DROP TABLE t'", &[]),
        (
            "/usr/bin/psql shop bob -c 'DROP SCHEMA s CASCADE'",
            &["sql.drop-schema local:5432/shop s"],
        ),
        (
            "sqlite3 app.db 'DROP TABLE users'",
            &["sql.drop-table /proj/app/app.db users"],
        ),
        (
            "sqlite3 ../x/./app.db 'SELECT 1' 'DELETE FROM users'",
            &["sql.delete-all /proj/x/app.db users"],
        ),
        (
            "sqlite3 -header -cmd 'DELETE FROM a' app.db 'SELECT 1'",
            &["sql.delete-all /proj/app/app.db a"],
        ),
        ("sqlite3 -readonly app.db 'DROP TABLE users'", &[]),
        ("sqlite3 :memory: 'DROP TABLE users'", &[]),
        ("sqlite3 :memory: 'ATTACH ''x'' AS y'", &[]),
        ("sqlite3 app.db .tables", &[]),
        (
            "sqlite3 app.db '.restore old.db'",
            &["sqlite.restore /proj/app/app.db -"],
        ),
        (
            "sqlite3 app.db '.open b.db' 'DROP TABLE t'",
            &["sql.drop-table /proj/app/b.db t"],
        ),
        (
            "sqlite3 :memory: 'ATTACH \"app.db\" AS a; DELETE FROM a.users'",
            &["sql.delete-all /proj/app/app.db users"],
        ),
        (
            "mysql -h db -P 3307 -u root -psecret shop -e 'DROP TABLE t'",
            &["sql.drop-table db:3307/shop t"],
        ),
        (
            "mysql -e 'USE shop; TRUNCATE t'",
            &["sql.truncate local:3306/shop t"],
        ),
        (
            "mysql -e 'DROP DATABASE shop'",
            &["sql.drop-database local:3306/shop -"],
        ),
        (
            "duckdb a.duckdb -c 'DROP TABLE t'",
            &["sql.drop-table /proj/app/a.duckdb t"],
        ),
        (
            "clickhouse-client '--query=TRUNCATE TABLE t'",
            &["sql.truncate local:9000/? t"],
        ),
        (
            "sqlcmd -S srv -d shop -Q 'DROP TABLE t'",
            &["sql.drop-table srv:1433/shop t"],
        ),
        (
            "bq query --use_legacy_sql=false 'DELETE FROM d.t WHERE true'",
            &["sql.delete-all local:?/? d.t"],
        ),
        ("bq query --dry_run 'DELETE FROM d.t WHERE true'", &[]),
        (
            "cockroach sql --url postgresql://root@h:26257/shop -e 'DROP TABLE t'",
            &["sql.drop-table h:26257/shop t"],
        ),
        (
            "wrangler d1 execute prod --command 'DELETE FROM t'",
            &["sql.delete-all local:?/prod t"],
        ),
        (
            "dropdb -h localhost shop",
            &["postgres.dropdb localhost:5432/shop -"],
        ),
        (
            "dropdb --if-exists shop",
            &["postgres.dropdb local:5432/shop -"],
        ),
        ("createdb shop", &[]),
        (
            "pg_restore --clean -d shop x.dump",
            &["postgres.restore-clean local:5432/shop -"],
        ),
        ("pg_restore -d shop x.dump", &[]),
        ("pg_restore --clean x.dump", &[]),
        ("psqlx -c 'DROP TABLE t'", &[]),
        ("echo 'DROP TABLE t'", &[]),
    ];
    let mut wrong = Vec::new();
    for (line, expected) in table {
        let found = shown(&command(line));
        if found != *expected {
            wrong.push(format!(
                "{line}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_span_covers_the_statement_in_the_line() {
    let line = "psql shop -c 'SELECT 1; DROP TABLE t; SELECT 2'";
    let (findings, _) = found(&command(line), &Facts::new(true));
    let span = findings[0].span.unwrap();
    assert_eq!(&line[span.start..span.end], "DROP TABLE t");
}

#[test]
fn a_container_gives_its_route_and_keeps_the_password_out_of_sight() {
    let one = in_container(command("psql -U postgres -d app -c 'TRUNCATE t'"), false);
    let (findings, _) = found(&one, &Facts::new(true));
    let target = &findings[0].targets[0];
    assert_eq!(target.locator, "docker:db/app");
    let Reach::Postgres(reach) = &target.reach else {
        panic!("{target:?}");
    };
    assert!(matches!(&reach.route, Route::Container { name, .. } if name == "db"));
    assert_eq!(reach.password.as_ref().unwrap().expose(), "geheim");
    assert!(!format!("{findings:?}").contains("geheim"));
}

#[test]
fn standard_input_counts_only_where_it_is_connected() {
    let mut one = command("psql shop");
    one.stdin = Stdin::Text(text("DROP TABLE t"));
    assert_eq!(shown(&one), ["sql.drop-table local:5432/shop t"]);
    let mut with_command = command("psql shop -c 'SELECT 1'");
    with_command.stdin = Stdin::Text(text("DROP TABLE t"));
    assert!(shown(&with_command).is_empty());
    // Without `-i` the unfolding gives the inner command no standard input at all.
    assert_eq!(
        shown(&in_container(one.clone(), true)),
        ["sql.drop-table docker:db/shop t"]
    );
    one.stdin = Stdin::Opaque {
        from: "curl".into(),
    };
    assert_eq!(shown(&one), ["sql.opaque local:5432/shop -"]);
    one.stdin = Stdin::Inherited;
    assert!(shown(&one).is_empty());
}

#[test]
fn unknown_text_is_opaque_and_an_unknown_value_is_not() {
    let mut one = command("psql shop -c");
    one.words
        .push(Word::hole(Hole::Unknown, false, one.origin.clone()));
    assert_eq!(shown(&one), ["sql.opaque local:5432/shop -"]);
    let mut file = command("psql shop -f");
    file.words
        .push(Word::hole(Hole::Unknown, false, file.origin.clone()));
    assert_eq!(shown(&file), ["sql.opaque local:5432/shop -"]);
}

#[test]
fn files_are_asked_for_and_their_statements_get_a_line() {
    let one = command("psql shop -f a.sql");
    let mut facts = Facts::new(false);
    let (findings, asked) = found(&one, &facts);
    assert!(findings.is_empty());
    assert_eq!(asked, [Question::Text("/proj/app/a.sql".into())]);
    let answer = |text: &str| Answer::Text {
        text: text.into(),
        sha256: String::new(),
    };
    facts.learn(
        Question::Text("/proj/app/a.sql".into()),
        answer("SELECT 1;\n\\ir sub/b.sql\n"),
    );
    facts.learn(
        Question::Text("/proj/app/sub/b.sql".into()),
        answer("SELECT 1;\n  DROP TABLE t;\n"),
    );
    let (findings, _) = found(&one, &facts);
    let place = findings[0].file.as_ref().unwrap();
    assert_eq!(place.file, PathBuf::from("/proj/app/sub/b.sql"));
    assert_eq!((place.line, place.column), (2, 3));
    let mut absent = Facts::new(false);
    absent.learn(Question::Text("/proj/app/a.sql".into()), Answer::Absent);
    assert!(found(&one, &absent).0.is_empty());
}

#[test]
fn inherited_variables_are_asked_for_only_with_an_effect_and_make_the_target_implicit() {
    let harmless = command("psql -c 'SELECT 1'");
    assert!(found(&harmless, &Facts::new(false)).1.is_empty());
    let one = command("psql -c 'DROP TABLE t'");
    let mut facts = Facts::new(false);
    assert!(!found(&one, &facts).1.is_empty());
    for name in ["PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGSERVICE"] {
        facts.learn(Question::Variable(name.into()), Answer::Absent);
    }
    facts.learn(
        Question::Variable("PGHOST".into()),
        Answer::Variable("db.example".into()),
    );
    facts.learn(
        Question::Variable("PGDATABASE".into()),
        Answer::Variable("shop".into()),
    );
    let (findings, asked) = found(&one, &facts);
    let target = &findings[0].targets[0];
    assert_eq!(target.locator, "db.example:5432/shop");
    assert!(matches!(&target.reach, Reach::Postgres(reach) if reach.implicit));
    assert!(asked.is_empty(), "a remote host is never asked: {asked:?}");
}

#[test]
fn assignments_of_the_text_win_over_the_environment() {
    let mut one = command("psql -c 'DROP TABLE t'");
    for (name, value) in [
        ("PGHOST", "localhost"),
        ("PGDATABASE", "shop"),
        ("PGPORT", "6000"),
    ] {
        std::sync::Arc::make_mut(&mut one.env).push((name.into(), text(value)));
    }
    assert_eq!(shown(&one), ["sql.drop-table localhost:6000/shop t"]);
}

fn database(one: &Command, object: Option<ObjectFact>) -> Vec<Finding> {
    let mut facts = Facts::new(false);
    let (_, asked) = found(one, &facts);
    for question in asked {
        let answer = match (&question, &object) {
            (Question::Database(_), Some(object)) => Answer::Database(DatabaseFact {
                identity: Identity::Sqlite {
                    device: 1,
                    inode: 2,
                },
                local: true,
                objects: vec![object.clone()],
            }),
            (Question::Database(_), None) => Answer::Absent,
            _ => Answer::Unknown("not asked in this test".into()),
        };
        facts.learn(question, answer);
    }
    found(one, &facts).0
}

#[test]
fn what_the_database_says_lowers_a_finding_or_measures_it() {
    let one = command("sqlite3 app.db 'DROP TABLE users'");
    let object = |exists: bool, rows: Rows| ObjectFact {
        name: "users".into(),
        exists,
        rows,
        bytes: 98_304,
        dependants: Vec::new(),
        tables: Vec::new(),
        notes: Vec::new(),
    };
    let absent = database(&one, Some(object(false, Rows::Unknown)));
    assert!(absent[0].exempt.is_some());
    let empty = database(&one, Some(object(true, Rows::Exactly(0))));
    assert!(empty[0].exempt.is_some());
    let full = database(&one, Some(object(true, Rows::Exactly(1204))));
    assert!(full[0].exempt.is_none());
    assert_eq!(full[0].blast.lines, ["1,204 rows, 96 kB in `users`"]);
    let no_file = database(&one, None);
    assert!(no_file[0].exempt.is_some());
    // A table of that name is there: the CREATE fails and the DROP takes the old one.
    let made = command("sqlite3 app.db 'CREATE TABLE users (a); DROP TABLE users'");
    assert!(
        database(&made, Some(object(true, Rows::Exactly(5))))[0]
            .exempt
            .is_none()
    );
    assert!(
        database(&made, Some(object(false, Rows::Unknown)))[0]
            .exempt
            .is_some()
    );
}

#[test]
fn a_database_in_a_temporary_directory_is_exempt() {
    for line in [
        "sqlite3 /tmp/x.db 'DROP TABLE t'",
        "sqlite3 /tmp/a/../x.db 'DROP TABLE t'",
    ] {
        let (findings, _) = found(&command(line), &Facts::new(true));
        assert!(findings[0].exempt.is_some(), "{line}");
    }
    let (findings, _) = found(
        &command("sqlite3 /tmp/../x.db 'DROP TABLE t'"),
        &Facts::new(true),
    );
    assert!(findings[0].exempt.is_none());
    assert_eq!(
        Path::new(&findings[0].targets[0].locator),
        Path::new("/x.db")
    );
}

#[test]
fn programs_that_a_client_starts_are_handed_on() {
    let one = command("psql shop -c '\\! rm -rf /data'");
    let scene = scene();
    let facts = Facts::new(true);
    let context = Context {
        regenerable: &[],
        behind: const { &std::collections::BTreeMap::new() },
        protected: &backstop::model::push::UNPROTECTED,
        earlier: &[],
        after: &[],
        aliases: None,
        scene: &scene,
        facts: &facts,
        rules: &NoRules,
    };
    let started = sql::started(&one, &context, &mut Needs::default());
    assert_eq!(started[0].text, "rm -rf /data");
}

#[test]
fn prose_is_not_sql_and_sql_is() {
    let scene = scene();
    let facts = Facts::new(true);
    let context = Context {
        regenerable: &[],
        behind: const { &std::collections::BTreeMap::new() },
        protected: &backstop::model::push::UNPROTECTED,
        earlier: &[],
        after: &[],
        aliases: None,
        scene: &scene,
        facts: &facts,
        rules: &NoRules,
    };
    let dialect = backstop::model::effect::Dialect::Unknown;
    let found = |text: &str| !sql::findings_in_prose(text, dialect, &context).is_empty();
    for text in [
        "please drop table reservations at 7",
        "drop table reservations at 7",
        "Delete from the list all users",
        "Update the docs: set the title",
        "Drop index files older than a week",
        "truncate output",
        "DELETE the old branch",
        "call mom",
        "update users guide",
        "This migration will DROP TABLE users; be careful",
    ] {
        assert!(!found(text), "{text}");
    }
    for text in [
        "DROP TABLE users",
        "drop table users",
        "DELETE FROM users WHERE id = 1",
        "select 1; truncate table users;",
        "UPDATE users SET a = 1",
        "DROP DATABASE shop WITH (FORCE)",
        "WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d",
    ] {
        assert!(found(text), "{text}");
    }
}
