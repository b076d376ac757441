//! A PostgreSQL server inside a real container: questions, backups and restores through the engine's API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails loudly"
)]

#[path = "support/backup.rs"]
mod backup;
#[path = "support/docker.rs"]
mod docker;
#[path = "support/postgres.rs"]
mod postgres;

use std::io::Read as _;
use std::time::{Duration, Instant};

use backstop::adapters::docker::{DockerError, Engine, ExecOrder};
use backstop::adapters::postgres::{Limits, answer};
use backstop::adapters::tools::Program as _;
use backstop::model::backup::Level;
use backstop::model::database::{DatabaseQuestion, Rows};
use backstop::model::effect::{Bound, Effect, ObjectKind, Verb};
use backstop::model::fact::Answer;
use backstop::model::secret::Secret;
use backstop::model::span::Span;
use backstop::model::target::{PostgresReach, Reach, Route};
use backstop::plan::restore::Wish;
use backup::{make, order, restore, undo, verify};
use docker::{Docker, docker};

fn reach(engine: &Docker, name: &str, database: &str) -> PostgresReach {
    PostgresReach {
        route: Route::Container {
            engine: engine.host.clone(),
            name: name.into(),
            user: None,
        },
        host: None,
        port: None,
        user: Some("postgres".into()),
        database: Some(database.into()),
        password: None,
        implicit: false,
    }
}

fn ask(reach: PostgresReach, table: &str) -> Answer {
    let effect = Effect {
        verb: Verb::Truncate,
        kind: ObjectKind::Table,
        object: Some(table.into()),
        part: None,
        bound: Bound::NotApplicable,
        cascade: true,
        only: false,
        if_exists: false,
        opaque: false,
        span: Span { start: 0, end: 0 },
    };
    answer(
        &DatabaseQuestion {
            reach: Reach::Postgres(reach),
            effects: vec![effect],
            path: backstop::model::database::SearchPath::Own,
        },
        &Limits::default(),
    )
}

const APP: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 500) n;
    CREATE TABLE posts (id serial PRIMARY KEY, author int REFERENCES users, body text); INSERT INTO posts (author, body) SELECT 1 + n % 500, repeat(md5(n::text), 20) FROM generate_series(1, 20000) n;
    CREATE VIEW authors AS SELECT DISTINCT name FROM users JOIN posts ON author = users.id;";

fn order_of(engine: &Docker, name: &str, command: &[&str]) -> ExecOrder {
    let _ = engine;
    ExecOrder {
        container: name.into(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        env: vec![("GIVEN".into(), Secret::new("secret"))],
        user: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

#[test]
fn a_program_in_a_container_is_judged_by_its_exit_code() {
    let Some(engine) = docker() else { return };
    engine.postgres("exec1", &[]);
    let run = |command: &[&str], input: &str| -> std::io::Result<String> {
        let mut exec = Engine::connect(&engine.host)
            .unwrap()
            .exec(&order_of(engine, "exec1", command))
            .map_err(std::io::Error::other)?;
        exec.feed(input.as_bytes())?;
        exec.close_input()?;
        let mut text = String::new();
        exec.read_to_string(&mut text)?;
        Ok(text)
    };
    assert_eq!(
        run(&["sh", "-c", "echo $GIVEN; cat"], "line\n").unwrap(),
        "secret\nline\n"
    );
    let error = run(&["sh", "-c", "echo part; echo why >&2; exit 3"], "").unwrap_err();
    assert!(
        error.to_string().contains("why") && error.to_string().contains('3'),
        "{error}"
    );
    assert!(run(&["no-such-program"], "").is_err());
    let long = "x".repeat(3_000_000);
    assert_eq!(
        run(&["cat"], &long).unwrap().len(),
        long.len(),
        "what talks back while it is fed does not block"
    );
    let none = Engine::connect(&engine.host)
        .unwrap()
        .inspect("no-such-container")
        .unwrap_err();
    assert!(matches!(none, DockerError::NoContainer(_)), "{none}");
}

#[test]
fn a_containers_database_is_asked_backed_up_and_brought_back() {
    let Some(engine) = docker() else { return };
    engine.postgres("app1", &["-p", "127.0.0.1::5432"]);
    engine.sql("app1", "postgres", "CREATE DATABASE app");
    engine.sql("app1", "app", APP);
    let Answer::Database(fact) = ask(reach(engine, "app1", "app"), "users") else {
        panic!("{:?}", ask(reach(engine, "app1", "app"), "users"))
    };
    assert!(fact.local);
    assert_eq!(fact.objects[0].tables, ["public.posts", "public.users"]);
    // The posts that go along are told with a count of their own.
    assert_eq!(fact.objects[0].rows, Rows::Exactly(500));

    let folder = tempfile::tempdir().unwrap();
    let entry = make(
        &order(reach(engine, "app1", "app"), folder.path()),
        folder.path(),
    )
    .unwrap();
    verify(&entry, Level::Restored).unwrap();
    let count = || {
        engine.sql("app1", "app", "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM posts), (SELECT count(*) FROM authors)")
    };
    let before = count();
    engine.sql("app1", "app", "TRUNCATE users RESTART IDENTITY CASCADE");
    undo(&entry, &["public.users", "public.posts"]);
    assert_eq!(count(), before);
    engine.sql("app1", "app", "DROP TABLE users CASCADE");
    undo(&entry, &["public.users"]);
    assert_eq!(count(), before);
    engine.sql("app1", "app", "DELETE FROM posts WHERE id % 2 = 0");
    undo(&entry, &["public.posts"]);
    assert_eq!(count(), before);
    assert_eq!(
        engine.sql(
            "app1",
            "postgres",
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'backstop_scratch%'"
        ),
        "0"
    );
    engine.sql("app1", "postgres", "DROP DATABASE app");
    restore(&entry, &Wish::default()).unwrap();
    assert_eq!(count(), before);
}

#[test]
fn without_a_way_over_tcp_the_dump_comes_through_the_engine() {
    let Some(engine) = docker() else { return };
    engine.postgres("inner1", &["--network", "none"]);
    engine.sql("inner1", "postgres", APP);
    let folder = tempfile::tempdir().unwrap();
    let entry = make(
        &order(reach(engine, "inner1", "postgres"), folder.path()),
        folder.path(),
    )
    .unwrap();
    verify(&entry, Level::Readable).unwrap();
    engine.sql("inner1", "postgres", "DROP TABLE users CASCADE");
    undo(&entry, &["public.users"]);
    assert_eq!(
        engine.sql("inner1", "postgres", "SELECT count(*) FROM authors"),
        "500"
    );

    // Killed in the middle of its rows, it is no backup.
    engine.sql("inner1", "postgres", "INSERT INTO posts (author, body) SELECT 1, repeat(md5(n::text), 30) FROM generate_series(1, 60000) n");
    let folder = tempfile::tempdir().unwrap();
    let wanted = order(reach(engine, "inner1", "postgres"), folder.path());
    std::thread::scope(|scope| {
        let run = scope.spawn(|| make(&wanted, folder.path()));
        while wanted
            .control
            .counters
            .plain
            .load(std::sync::atomic::Ordering::Relaxed)
            < 2_000_000
            && !run.is_finished()
        {
            std::thread::yield_now();
        }
        engine.run(&["kill", "inner1"]);
        assert!(run.join().unwrap().is_err());
    });
}

#[test]
fn paused_stopped_and_unknown_containers_are_unknown_and_never_absent() {
    let Some(engine) = docker() else { return };
    engine.postgres("still1", &[]);
    engine.sql("still1", "postgres", "CREATE TABLE users AS SELECT 1 AS id");
    assert!(matches!(
        ask(reach(engine, "still1", "postgres"), "users"),
        Answer::Database(_)
    ));
    engine.run(&["pause", "still1"]);
    let Answer::Unknown(why) = ask(reach(engine, "still1", "postgres"), "users") else {
        panic!("paused")
    };
    assert!(why.contains("paused"), "{why}");
    let folder = tempfile::tempdir().unwrap();
    assert!(
        make(
            &order(reach(engine, "still1", "postgres"), folder.path()),
            folder.path()
        )
        .is_err()
    );
    engine.run(&["unpause", "still1"]);
    engine.run(&["stop", "-t", "2", "still1"]);
    let Answer::Unknown(why) = ask(reach(engine, "still1", "postgres"), "users") else {
        panic!("stopped")
    };
    assert!(why.contains("exited"), "{why}");
    let Answer::Unknown(why) = ask(reach(engine, "nobody", "postgres"), "users") else {
        panic!("unknown")
    };
    assert!(why.contains("nobody"), "{why}");
}

#[test]
fn a_published_port_is_local_although_the_server_names_another_address() {
    let Some(engine) = docker() else { return };
    engine.postgres("port1", &["-p", "127.0.0.1::5432"]);
    let line = engine.run(&["port", "port1", "5432/tcp"]);
    let port: u16 = line
        .lines()
        .next()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let direct = PostgresReach {
        route: Route::Direct,
        host: Some("127.0.0.1".into()),
        port: Some(port),
        ..reach(engine, "port1", "postgres")
    };
    // The engine of this machine is another one than the test's: nothing vouches for that address.
    let Answer::Database(fact) = ask(direct, "nothing") else {
        panic!("the port answers")
    };
    let asked = std::env::var("DOCKER_HOST").is_ok_and(|host| host == engine.host);
    assert_eq!(fact.local, asked);
}
