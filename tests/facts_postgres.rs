//! What a real server says about losses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test fails loudly"
)]

#[path = "support/postgres.rs"]
mod postgres;

use backstop::adapters::postgres::{Limits, answer};
use backstop::model::database::{DatabaseFact, DatabaseQuestion, Identity, ObjectFact, Rows};
use backstop::model::effect::{Bound, Effect, ObjectKind, Verb};
use backstop::model::fact::Answer;
use backstop::model::secret::Secret;
use backstop::model::span::Span;
use backstop::model::target::{PostgresReach, Reach, Route};
use postgres::{Cluster, cluster};

fn reach(cluster: &Cluster, database: &str) -> PostgresReach {
    PostgresReach {
        route: Route::Direct,
        host: Some(cluster.folder.display().to_string()),
        port: Some(cluster.port),
        user: Some("postgres".into()),
        database: Some(database.into()),
        password: None,
        implicit: false,
    }
}

fn effect(verb: Verb, kind: ObjectKind, object: &str) -> Effect {
    Effect {
        verb,
        kind,
        object: Some(object.into()),
        part: None,
        bound: Bound::NotApplicable,
        cascade: false,
        only: false,
        if_exists: false,
        opaque: false,
        span: Span { start: 0, end: 0 },
    }
}

fn ask(reach: PostgresReach, effects: Vec<Effect>) -> Answer {
    answer(
        &DatabaseQuestion {
            reach: Reach::Postgres(reach),
            effects,
            path: backstop::model::database::SearchPath::Own,
        },
        &Limits::default(),
    )
}

fn fact(cluster: &Cluster, database: &str, effects: Vec<Effect>) -> DatabaseFact {
    match ask(reach(cluster, database), effects) {
        Answer::Database(fact) => fact,
        other => panic!("{other:?}"),
    }
}

fn one(cluster: &Cluster, database: &str, effect: Effect) -> ObjectFact {
    fact(cluster, database, vec![effect]).objects.remove(0)
}

fn how(fact: &ObjectFact, name: &str) -> Option<String> {
    fact.dependants
        .iter()
        .find(|one| one.name == name)
        .map(|one| one.how.clone())
}

const SHOP: &str = r#"
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE, total int);
CREATE TABLE items (id int PRIMARY KEY, "order" int REFERENCES orders ON DELETE CASCADE);
CREATE TABLE notes (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE SET NULL);
CREATE VIEW rich AS SELECT * FROM customers WHERE id > 5;
CREATE TABLE empty (id serial PRIMARY KEY, v text);
CREATE TABLE "Odd
name.x" (id int);
INSERT INTO customers SELECT n, 'c' || n FROM generate_series(1, 10) n;
INSERT INTO orders SELECT n, 1 + n % 10, n FROM generate_series(1, 100) n;
INSERT INTO items SELECT n, 1 + n % 100 FROM generate_series(1, 300) n;
INSERT INTO "Odd
name.x" VALUES (1);
CREATE TABLE parts (k int, v int) PARTITION BY RANGE (k);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts SELECT n, n FROM generate_series(0, 19) n;
CREATE TABLE many (id int);
INSERT INTO many SELECT generate_series(1, 20000);
CREATE SCHEMA hollow;
"#;

#[test]
fn a_server_says_who_it_is_and_what_a_drop_takes() {
    let Some(pg) = cluster() else { return };
    let db = pg.database("facts_drop");
    pg.sql(&db, SHOP);
    let mut drop = effect(Verb::Drop, ObjectKind::Table, "customers");
    let fact = fact(pg, &db, vec![drop.clone()]);
    assert!(fact.local);
    assert!(
        matches!(&fact.identity, Identity::Postgres { database, timeline: 1, .. } if database == "facts_drop")
    );
    let customers = &fact.objects[0];
    assert_eq!(customers.name, "public.customers", "{customers:?}");
    assert_eq!(customers.rows, Rows::Exactly(10));
    assert!(
        customers
            .notes
            .iter()
            .any(|note| note.starts_with("the server would refuse")),
        "{customers:?}"
    );
    assert_eq!(how(customers, "public.rich").as_deref(), Some("blocks"));

    drop.cascade = true;
    let customers = one(pg, &db, drop);
    assert_eq!(
        how(&customers, "public.rich").as_deref(),
        Some("dropped with it")
    );
    assert_eq!(
        how(&customers, "orders_customer_fkey on public.orders").as_deref(),
        Some("dropped with it")
    );
    assert_eq!(customers.tables, ["public.customers"]);
    assert!(customers.notes.is_empty(), "{:?}", customers.notes);

    let empty = one(pg, &db, effect(Verb::Drop, ObjectKind::Table, "empty"));
    assert!(empty.exists && empty.rows.is_proven_empty());
    let none = one(pg, &db, effect(Verb::Drop, ObjectKind::Table, "nowhere"));
    assert!(!none.exists);
    let odd = one(
        pg,
        &db,
        effect(Verb::Drop, ObjectKind::Table, "public.Odd\nname.x"),
    );
    assert_eq!(odd.rows, Rows::Exactly(1));
    let many = one(pg, &db, effect(Verb::Drop, ObjectKind::Table, "many"));
    assert!(
        matches!(many.rows, Rows::MoreThan(10_000) | Rows::About(_)),
        "{:?}",
        many.rows
    );
    let parts = one(pg, &db, effect(Verb::Drop, ObjectKind::Table, "parts"));
    assert_eq!(parts.tables, ["public.parts1", "public.parts2"]);
    assert_eq!(parts.rows, Rows::Exactly(20));
    let hollow = one(pg, &db, effect(Verb::Drop, ObjectKind::Schema, "hollow"));
    assert!(hollow.exists && hollow.rows.is_proven_empty());
    let mut public = effect(Verb::Drop, ObjectKind::Schema, "public");
    public.cascade = true;
    let public = one(pg, &db, public);
    assert!(public.tables.contains(&"public.orders".to_owned()));
    assert!(!public.rows.is_proven_empty());
    let view = one(pg, &db, effect(Verb::Drop, ObjectKind::View, "rich"));
    assert!(view.exists && !view.rows.is_proven_empty());
    let column = Effect {
        part: Some("name".into()),
        ..effect(Verb::AlterDrop, ObjectKind::Column, "customers")
    };
    let column = one(pg, &db, column);
    assert_eq!(column.rows, Rows::Exactly(10));
    assert_eq!(how(&column, "public.rich").as_deref(), Some("blocks"));
}

#[test]
fn truncate_and_delete_say_whose_rows_go_with_them() {
    let Some(pg) = cluster() else { return };
    let db = pg.database("facts_rows");
    pg.sql(&db, SHOP);
    let mut truncate = effect(Verb::Truncate, ObjectKind::Table, "orders");
    let refused = one(pg, &db, truncate.clone());
    assert_eq!(how(&refused, "public.items").as_deref(), Some("blocks"));
    truncate.cascade = true;
    let closure = one(pg, &db, truncate);
    assert_eq!(closure.tables, ["public.items", "public.orders"]);
    assert_eq!(closure.rows, Rows::Exactly(100));
    let items = closure
        .dependants
        .iter()
        .find(|one| one.name == "public.items")
        .unwrap();
    assert_eq!(
        (items.how.as_str(), items.rows),
        ("cascades", Rows::Exactly(300))
    );

    let mut delete = effect(Verb::Delete, ObjectKind::Table, "customers");
    delete.bound = Bound::Where {
        predicate: "id IN (1, 2)".into(),
        pure: true,
    };
    let some = one(pg, &db, delete.clone());
    assert_eq!(some.rows, Rows::Exactly(2));
    assert_eq!(
        some.tables,
        [
            "public.customers",
            "public.items",
            "public.notes",
            "public.orders"
        ]
    );
    let orders = some
        .dependants
        .iter()
        .find(|one| one.name == "public.orders")
        .unwrap();
    assert_eq!(
        (orders.how.as_str(), orders.rows),
        ("cascades", Rows::Exactly(20))
    );
    assert_eq!(how(&some, "public.notes").as_deref(), Some("set null"));
    delete.bound = Bound::Where {
        predicate: "c.id = 99".into(),
        pure: true,
    };
    assert_eq!(
        one(pg, &db, delete.clone()).rows,
        Rows::Unknown,
        "a guessed alias proves no absence"
    );
    delete.bound = Bound::Where {
        predicate: "id = 99".into(),
        pure: true,
    };
    assert!(one(pg, &db, delete.clone()).rows.is_proven_empty());
    delete.bound = Bound::Where {
        predicate: "true) ; DELETE FROM customers; --".into(),
        pure: true,
    };
    assert_eq!(one(pg, &db, delete.clone()).rows, Rows::Exactly(10));
    delete.bound = Bound::All;
    assert_eq!(one(pg, &db, delete).rows, Rows::Exactly(10));
    assert_eq!(pg.sql(&db, "SELECT count(*) FROM customers"), "10");
}

#[test]
fn what_cannot_be_asked_is_unknown_and_what_the_server_does_not_list_is_absent() {
    let Some(pg) = cluster() else { return };
    let db = pg.database("facts_unknown");
    pg.sql(
        &db,
        "CREATE ROLE app LOGIN PASSWORD 'right'; CREATE SCHEMA closed; CREATE TABLE closed.t (id int); CREATE TABLE hidden (id int); INSERT INTO hidden VALUES (1);
         CREATE TABLE ruled (id int, owner text); INSERT INTO ruled VALUES (1, 'x'); ALTER TABLE ruled ENABLE ROW LEVEL SECURITY; GRANT SELECT ON ruled TO app;",
    );
    let drop = |name: &str| vec![effect(Verb::Drop, ObjectKind::Table, name)];
    let tcp = |password: Option<&str>| PostgresReach {
        host: Some("127.0.0.1".into()),
        user: Some("app".into()),
        password: password.map(Secret::new),
        ..reach(pg, &db)
    };
    let Answer::Database(fact) = ask(
        tcp(Some("right")),
        [drop("closed.t"), drop("hidden"), drop("ruled")].concat(),
    ) else {
        panic!("the right password opens")
    };
    for object in &fact.objects {
        assert!(
            object.exists && !object.rows.is_proven_empty(),
            "{object:?}"
        );
    }
    let Answer::Unknown(why) = ask(tcp(Some("wrong-geheim")), drop("hidden")) else {
        panic!("wrong password")
    };
    assert!(why.contains("password") && !why.contains("geheim"), "{why}");
    assert!(matches!(ask(tcp(None), drop("hidden")), Answer::Unknown(_)));
    let nowhere = PostgresReach {
        database: Some("no_such".into()),
        ..reach(pg, &db)
    };
    // The server's own list says so; where the words do not say which server is meant, that proves nothing.
    assert!(matches!(
        ask(nowhere.clone(), drop("hidden")),
        Answer::Absent
    ));
    let implicit = PostgresReach {
        implicit: true,
        ..nowhere
    };
    assert!(matches!(ask(implicit, drop("hidden")), Answer::Unknown(_)));
    let silent = PostgresReach {
        host: Some("127.0.0.1".into()),
        port: Some(1),
        ..reach(pg, &db)
    };
    assert!(matches!(ask(silent, drop("hidden")), Answer::Unknown(_)));
    let elsewhere = PostgresReach {
        host: Some("192.0.2.1".into()),
        ..reach(pg, &db)
    };
    let Answer::Unknown(why) = ask(elsewhere, drop("hidden")) else {
        panic!("elsewhere")
    };
    assert!(why.contains("until a human"), "{why}");
}

#[test]
fn another_account_asks_through_its_own_psql() {
    let Some(pg) = cluster() else { return };
    let db = pg.database("facts_as");
    pg.sql(&db, SHOP);
    // Without sudo on the machine the route says so; the psql session itself is the same one that containers use.
    let way = backstop::adapters::postgres::way::Way::new(&reach(pg, &db), &[]);
    let patience = backstop::adapters::postgres::session::Patience {
        connect: std::time::Duration::from_secs(5),
        statement: std::time::Duration::from_secs(5),
        until: std::time::Instant::now() + std::time::Duration::from_secs(20),
    };
    let mut psql = backstop::adapters::postgres::psql::Psql::open(&way, patience).unwrap();
    use backstop::adapters::postgres::session::Session as _;
    assert_eq!(
        psql.rows("SELECT 1, NULL, E'a\\nb\\\\c\\td'").unwrap(),
        [vec![
            Some("1".to_owned()),
            None,
            Some("a\nb\\c\td".to_owned())
        ]]
    );
    assert!(psql.rows("SELECT nope").is_err());
    assert_eq!(
        psql.rows("SELECT count(*) FROM orders").unwrap()[0][0].as_deref(),
        Some("100")
    );
    if backstop::adapters::tools::system("sudo").is_none() {
        let as_postgres = PostgresReach {
            route: Route::As {
                user: "postgres".into(),
            },
            ..reach(pg, &db)
        };
        assert!(matches!(ask(as_postgres, vec![]), Answer::Unknown(why) if why.contains("sudo")));
    }
}
