//! PostgreSQL in a container through the gate, end to end: held, backed up through the engine, approved, lost for real, undone.
//! A private engine is used, with an image made from this machine's own files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may stop with a panic"
)]

mod house;
mod support;

#[path = "support/docker.rs"]
mod docker;
#[path = "support/postgres.rs"]
mod postgres;

use docker::{Docker, docker};
use house::House;

const SECRET: &str = "correct-horse-battery";

const SHOP: &str = "
    CREATE TABLE users(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders(id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users(id) ON DELETE CASCADE, total numeric);
    CREATE VIEW rich AS SELECT u.name, sum(o.total) AS sum FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.id;
    INSERT INTO users(name) VALUES ('Anna'), ('Björn'), (E'tab\\tnew\\nline');
    INSERT INTO orders(user_id, total) SELECT 1 + g % 3, g FROM generate_series(1, 500) g;
";

const EVERYTHING: &str = "SELECT * FROM users ORDER BY id; SELECT * FROM orders ORDER BY id; SELECT * FROM rich ORDER BY 1; SELECT nextval('orders_id_seq') > 500; \
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('users'::regclass, 'orders'::regclass) ORDER BY 1;";

/// A house that reaches the private engine, and a container with a shop in it.
struct Shop {
    house: House,
    docker: &'static Docker,
    name: String,
}

impl Shop {
    fn new(name: &str, options: &[&str]) -> Option<Self> {
        let docker = docker()?;
        let container = format!("shop-{name}");
        docker.postgres(&container, options);
        docker.sql(
            &container,
            "postgres",
            "CREATE DATABASE app TEMPLATE template0",
        );
        docker.sql(&container, "app", SHOP);
        let mut house = House::new(&format!("docker-{name}"));
        house
            .more
            .push(("DOCKER_HOST".to_owned(), docker.host.clone()));
        Some(Self {
            house,
            docker,
            name: container,
        })
    }

    fn all(&self) -> String {
        self.docker.sql(&self.name, "app", EVERYTHING)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.docker.try_run(&["rm", "-f", &self.name]);
    }
}

#[test]
fn what_is_lost_inside_a_container_comes_back() {
    let Some(shop) = Shop::new("plain", &[]) else {
        return;
    };
    let name = &shop.name;
    let before = shop.all();
    for (command, part) in [
        (
            format!("docker exec {name} psql -U postgres -d app -c 'TRUNCATE orders'"),
            "500 rows",
        ),
        (
            format!("docker exec -i {name} psql -U postgres -d app -c 'TRUNCATE users CASCADE'"),
            "orders",
        ),
        (
            format!(
                "docker exec -i {name} psql -U postgres app <<'SQL'\nDELETE FROM users\n WHERE id = 1;\nSQL"
            ),
            "1 row",
        ),
        (
            format!(
                "echo 'DROP TABLE users CASCADE' | docker exec -i {name} psql -U postgres -d app"
            ),
            "view `public.rich`",
        ),
        (
            format!(
                "docker exec -u postgres -e PGDATABASE=app {name} psql -c 'DROP TABLE orders CASCADE'"
            ),
            "500 rows",
        ),
        (
            format!(
                "docker exec {name} sh -c \"psql -U postgres -d app -c 'DELETE FROM orders WHERE id > 400'\""
            ),
            "100 rows",
        ),
        (
            format!(
                "docker container exec {name} bash -c 'PGDATABASE=app PGUSER=postgres psql -c \"DELETE FROM orders\"'"
            ),
            "500 rows",
        ),
    ] {
        let held = shop.house.held(&command);
        for part in [part, "backup: guard-backup-", "(verified"] {
            assert!(
                held.reason.contains(part),
                "{part} is missing in {}",
                held.reason
            );
        }
        assert!(
            shop.house
                .request(&held.id)
                .to_string()
                .contains(&format!("docker:{name}/app")),
            "{command}"
        );
        shop.house.approved(&held);
        shop.house.passes_and_runs(&held);
        shop.house.undo(&held.id);
        assert_eq!(shop.all(), before, "{command}");
    }
    let ledger = shop.house.ledger();
    for command in [
        format!("docker exec {name} psql -U postgres -d app -c 'SELECT * FROM users'"),
        format!("docker exec {name} psql -U postgres -d app -c 'DROP TABLE IF EXISTS not_there'"),
        format!("docker exec {name} ls -la /"),
        "docker ps -a".to_owned(),
    ] {
        shop.house.bash(&command).must_pass();
    }
    assert_eq!(shop.house.ledger(), ledger);
    shop.house.is_sound(&[]);
}

#[test]
fn a_password_is_used_and_kept_nowhere() {
    let Some(shop) = Shop::new("secret", &[]) else {
        return;
    };
    let name = &shop.name;
    shop.docker.sql(
        name,
        "app",
        &format!("CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{SECRET}'"),
    );
    let before = shop.all();
    for command in [
        format!(
            "docker exec -e PGPASSWORD={SECRET} {name} psql -h 127.0.0.1 -U keeper -d app -c 'TRUNCATE orders'"
        ),
        format!(
            "docker exec -i {name} env PGPASSWORD={SECRET} psql -U keeper -d app -c 'DELETE FROM orders'"
        ),
        format!(
            "docker exec {name} psql postgres://keeper:{SECRET}@localhost/app -c 'DELETE FROM orders WHERE id < 9'"
        ),
    ] {
        let held = shop.house.lose(&command);
        assert!(!held.reason.contains(SECRET), "{}", held.reason);
        shop.house.undo(&held.id);
        assert_eq!(shop.all(), before, "{command}");
    }
    shop.house.is_sound(&[SECRET]);
}

#[test]
fn a_container_or_an_engine_that_is_gone_is_held() {
    let Some(mut shop) = Shop::new("gone", &[]) else {
        return;
    };
    let command = format!(
        "docker exec {} psql -U postgres -d app -c 'TRUNCATE orders'",
        shop.name
    );
    let held = shop.house.held(&command);
    shop.house.approved(&held);
    shop.docker.run(&["stop", "-t", "1", &shop.name]);
    shop.house.bash(&command).must_block();
    shop.docker.run(&["rm", "-f", &shop.name]);
    // Another container of the same name is another database.
    shop.docker.postgres(&shop.name, &[]);
    shop.docker.sql(
        &shop.name,
        "postgres",
        "CREATE DATABASE app TEMPLATE template0",
    );
    shop.docker.sql(&shop.name, "app", SHOP);
    shop.docker.sql(
        &shop.name,
        "app",
        "INSERT INTO users(name) VALUES ('only here')",
    );
    let answer = shop.house.bash(&command);
    if answer.code == Some(0) {
        let used = shop.house.records("used").pop().unwrap();
        assert_ne!(
            used["body"]["backups"][0],
            shop.house.records("backups")[0]["body"]["backups"][0],
            "the other container's backup covers nothing here"
        );
    }
    shop.house.more.clear();
    shop.house.more.push((
        "DOCKER_HOST".to_owned(),
        "unix:///nowhere/docker.sock".to_owned(),
    ));
    shop.house.bash(&command).must_block();
    let _ = shop.docker.try_run(&["rm", "-f", &shop.name]);
}

#[test]
fn the_engine_that_the_words_name_is_the_one_that_counts() {
    let Some(shop) = Shop::new("engine", &[]) else {
        return;
    };
    let (name, host) = (&shop.name, &shop.docker.host);
    let before = shop.all();
    for command in [
        format!("docker -H {host} exec {name} psql -U postgres -d app -c 'TRUNCATE orders'"),
        format!(
            "DOCKER_HOST={host} docker --context default exec {name} psql -U postgres -d app -c 'DELETE FROM orders'"
        ),
    ] {
        let held = shop.house.lose(&command);
        assert!(held.reason.contains("500 rows"), "{}", held.reason);
        shop.house.undo(&held.id);
        assert_eq!(shop.all(), before, "{command}");
    }
    // Here nothing is left to lose; elsewhere nobody knows.
    shop.docker.sql(name, "app", "TRUNCATE orders");
    let inside = format!("exec {name} psql -U postgres -d app -c 'TRUNCATE orders'");
    shop.house.bash(&format!("docker {inside}")).must_pass();
    for start in [
        "DOCKER_HOST=ssh://prod docker",
        "export DOCKER_HOST=tcp://10.9.8.7:2375; docker",
        "env DOCKER_CONTEXT=prod docker",
        "DOCKER_HOST=$SOMEWHERE docker",
        "docker --context prod",
        "podman",
    ] {
        shop.house.bash(&format!("{start} {inside}")).must_block();
    }
    // The context that the client would use by itself.
    let config = shop.house.home.join(".docker");
    std::fs::create_dir_all(config.join("contexts/meta/x")).unwrap();
    std::fs::write(config.join("config.json"), r#"{"currentContext":"lab"}"#).unwrap();
    let meta =
        |host: &str| format!(r#"{{"Name":"lab","Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#);
    let mut house = House::new("docker-context");
    house
        .more
        .push(("DOCKER_CONFIG".to_owned(), config.display().to_string()));
    std::fs::write(config.join("contexts/meta/x/meta.json"), meta(host)).unwrap();
    house.bash(&format!("docker {inside}")).must_pass();
    std::fs::write(config.join("contexts/meta/x/meta.json"), meta("ssh://prod")).unwrap();
    house.bash(&format!("docker {inside}")).must_block();
}

#[test]
fn a_container_that_was_stopped_is_named_as_what_has_to_be_mended() {
    let Some(shop) = Shop::new("stopped", &[]) else {
        return;
    };
    let name = &shop.name;
    let command = format!("docker exec {name} psql -U postgres -d app -c 'TRUNCATE orders'");
    let held = shop.house.held(&command);
    shop.docker.run(&["stop", "-t", "1", name]);
    let said = shop.house.settled(&held.command);
    said.must_block();
    assert!(
        said.stderr
            .contains(&format!("container `{name}` is exited")),
        "{said:?}"
    );
    assert!(!said.stderr.contains("before a person agrees"), "{said:?}");
}
