//! PostgreSQL in a service of a Compose project through the gate, end to end: held, backed up, approved, lost for real, undone.
//! The containers carry the labels that Compose writes; where Compose is not installed, the loss itself goes by `docker exec`.
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

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use docker::{Docker, docker};
use house::House;
use house::story::Held;

const SHOP: &str = "
    CREATE TABLE users(id bigint PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders(id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users(id), total numeric);
    INSERT INTO users VALUES (1, 'Anna'), (2, 'Björn');
    INSERT INTO orders(user_id, total) SELECT 1 + g % 2, g FROM generate_series(1, 300) g;
";

const EVERYTHING: &str = "SELECT * FROM users ORDER BY id; SELECT * FROM orders ORDER BY id;";

/// A project with one database service, and a house whose project folder holds its compose file.
struct Project {
    house: House,
    docker: &'static Docker,
    containers: Vec<String>,
    /// Names are those that Compose gives: one test at a time.
    _turn: MutexGuard<'static, ()>,
}

impl Project {
    fn new(name: &str) -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let docker = docker()?;
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut house = House::new(&format!("compose-{name}"));
        house
            .more
            .push(("DOCKER_HOST".to_owned(), docker.host.clone()));
        let file = house.project().join("compose.yaml");
        std::fs::write(file, "services:\n  db:\n    image: pgtest:1\n").unwrap();
        Some(Self {
            house,
            docker,
            containers: Vec::new(),
            _turn: turn,
        })
    }

    /// Starts a container as Compose would: its labels say project, service, number and where the project lies.
    fn up(&mut self, project: &str, service: &str, number: u32, more: &[&str]) -> String {
        self.up_at(&self.house.project(), project, service, number, more)
    }

    fn up_at(
        &mut self,
        dir: &Path,
        project: &str,
        service: &str,
        number: u32,
        more: &[&str],
    ) -> String {
        let name = format!("{project}-{service}-{number}");
        let label = |key: &str, value: &str| format!("com.docker.compose.{key}={value}");
        let labels = [
            label("project", project),
            label("service", service),
            label("container-number", &number.to_string()),
            label("oneoff", "False"),
            label("project.working_dir", &dir.display().to_string()),
            label(
                "project.config_files",
                &dir.join("compose.yaml").display().to_string(),
            ),
        ];
        let mut options: Vec<&str> = labels
            .iter()
            .flat_map(|label| ["--label", label.as_str()])
            .collect();
        options.extend_from_slice(more);
        self.docker.postgres(&name, &options);
        self.docker
            .sql(&name, "postgres", "CREATE DATABASE app TEMPLATE template0");
        self.docker.sql(&name, "app", SHOP);
        self.containers.push(name.clone());
        name
    }

    fn all(&self, name: &str) -> String {
        self.docker.sql(name, "app", EVERYTHING)
    }

    /// Approves, lets the call pass once, and runs what Compose would: the same words inside the container.
    fn lose(&self, command: &str, container: &str, inside: &str) -> Held {
        let held = self.house.held(command);
        assert!(
            self.house
                .request(&held.id)
                .to_string()
                .contains(&format!("docker:{container}/app")),
            "{command}: {}",
            self.house.request(&held.id)
        );
        let seen = self.house.approved(&held);
        assert!(seen.contains(&format!("docker:{container}/app")), "{seen}");
        self.house.bash(command).must_pass();
        self.house.bash(command).must_block();
        let ran = self
            .house
            .run_for_real(&format!("docker exec -i {container} {inside}"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        self.house.tell_ran(command);
        self.house.outcome_is(&held.id, "ran");
        held
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        for name in &self.containers {
            let _ = self.docker.try_run(&["rm", "-f", name]);
        }
    }
}

#[test]
fn what_a_service_loses_comes_back() {
    let Some(mut project) = Project::new("plain") else {
        return;
    };
    let name = project.up("project", "db", 1, &[]);
    let before = project.all(&name);
    let file = project.house.project().join("compose.yaml");
    let file = file.display();
    for (command, inside, part) in [
        (
            "docker compose exec -T db psql -U postgres -d app -c 'TRUNCATE orders'".to_owned(),
            "psql -U postgres -d app -c 'TRUNCATE orders'",
            "300 rows",
        ),
        (
            "docker compose exec db psql -U postgres app -c 'DROP TABLE users CASCADE'".to_owned(),
            "psql -U postgres app -c 'DROP TABLE users CASCADE'",
            "2 rows",
        ),
        (
            format!("docker-compose -f {file} exec -T -u postgres -e PGDATABASE=app db psql -c 'DELETE FROM orders WHERE id > 200'"),
            "psql -U postgres -d app -c 'DELETE FROM orders WHERE id > 200'",
            "100 rows",
        ),
        (
            "docker compose exec -T db psql -U postgres app <<'SQL'\nDELETE FROM orders\n WHERE id = 1;\nSQL".to_owned(),
            "psql -U postgres -d app -c 'DELETE FROM orders WHERE id = 1'",
            "1 row",
        ),
        (
            "docker compose --project-directory . exec --index 1 -T db sh -c \"psql -U postgres -d app -c 'DELETE FROM orders'\"".to_owned(),
            "psql -U postgres -d app -c 'DELETE FROM orders'",
            "300 rows",
        ),
        (
            "docker compose -p project run --rm db psql -h db -U postgres -d app -c 'DROP TABLE orders'".to_owned(),
            "psql -U postgres -d app -c 'DROP TABLE orders'",
            "300 rows",
        ),
        (
            "docker compose exec web psql postgres://postgres@db/app -c 'DELETE FROM orders'".to_owned(),
            "psql -U postgres -d app -c 'DELETE FROM orders'",
            "300 rows",
        ),
    ] {
        let held = project.lose(&command, &name, inside);
        for part in [part, "backup: guard-backup-", "(verified"] {
            assert!(held.reason.contains(part), "{part} is missing in {}", held.reason);
        }
        project.house.undo(&held.id);
        assert_eq!(project.all(&name), before, "{command}");
    }
    let ledger = project.house.ledger();
    for command in [
        "docker compose exec -T db psql -U postgres -d app -c 'SELECT * FROM users'",
        "docker compose exec -T db psql -U postgres -d app -c 'DROP TABLE IF EXISTS not_there'",
        "docker compose --dry-run exec -T db psql -U postgres -d app -c 'DROP TABLE users'",
        "docker compose exec db ls -la /",
        "docker compose ps",
    ] {
        project.house.bash(command).must_pass();
    }
    assert_eq!(project.house.ledger(), ledger);
    project.house.is_sound(&[]);
}

#[test]
fn what_is_set_inside_the_container_says_which_database_it_is() {
    let Some(mut project) = Project::new("inside") else {
        return;
    };
    let set = [
        "-e",
        "POSTGRES_USER=postgres",
        "-e",
        "POSTGRES_DB=app",
        "-e",
        "PGDATABASE=app",
        "-e",
        "DATABASE_URL=postgres://postgres:hidden-word@localhost/app",
    ];
    let name = project.up("project", "db", 1, &set);
    let before = project.all(&name);
    let inside = "psql -U postgres -d app -c 'TRUNCATE orders'";
    for command in [
        "docker compose exec -T db sh -c 'psql -U \"$POSTGRES_USER\" -d \"$POSTGRES_DB\" -c \"TRUNCATE orders\"'".to_owned(),
        format!("docker exec {name} sh -c 'psql \"$DATABASE_URL\" -c \"TRUNCATE orders\"'"),
        format!("docker exec {name} psql -U postgres -c 'TRUNCATE orders'"),
    ] {
        let held = project.lose(&command, &name, inside);
        assert!(held.reason.contains("300 rows"), "{}", held.reason);
        project.house.undo(&held.id);
        assert_eq!(project.all(&name), before, "{command}");
    }
    // Where the hook has another value, nobody knows which shell fills it in.
    project
        .house
        .more
        .push(("POSTGRES_DB".to_owned(), "other".to_owned()));
    let both = "docker compose exec -T db sh -c 'psql -U postgres -d \"$POSTGRES_DB\" -c \"TRUNCATE orders\"'";
    let said = project.house.bash(both);
    said.must_block();
    assert!(!said.stderr.contains("(verified"), "{said:?}");
    project.house.is_sound(&["hidden-word"]);
}

#[test]
fn the_project_is_found_as_compose_finds_it() {
    let Some(mut project) = Project::new("names") else {
        return;
    };
    let ours = project.up("project", "db", 1, &[]);
    let lab = project.up_at(Path::new("/srv/lab"), "lab", "db", 1, &[]);
    let rest = "exec -T db psql -U postgres -d app -c 'TRUNCATE orders'";
    let dir = project.house.project();
    let house = &project.house;
    let is_about = |command: &str, container: &str| {
        let held = house.held(command);
        let request = house.request(&held.id).to_string();
        let wanted = format!("docker:{container}/app");
        assert!(request.contains(&wanted), "{command}: {wanted}: {request}");
    };
    is_about(&format!("docker compose {rest}"), &ours);
    is_about(&format!("docker compose -p lab {rest}"), &lab);
    is_about(
        &format!("COMPOSE_PROJECT_NAME=lab docker compose {rest}"),
        &lab,
    );
    is_about(
        &format!("export COMPOSE_PROJECT_NAME=lab; docker-compose {rest}"),
        &lab,
    );
    std::fs::create_dir_all(dir.join("src/deep")).unwrap();
    is_about(&format!("cd src/deep && docker compose {rest}"), &ours);
    std::fs::write(dir.join("other.env"), "COMPOSE_PROJECT_NAME=lab\n").unwrap();
    is_about(&format!("docker compose --env-file other.env {rest}"), &lab);
    std::fs::write(dir.join("lab.yml"), "name: ${STAGE:-lab}\nservices: {}\n").unwrap();
    is_about(&format!("docker compose -f lab.yml {rest}"), &lab);
    std::fs::write(dir.join(".env"), "STAGE=project\n").unwrap();
    is_about(&format!("docker compose -f lab.yml {rest}"), &ours);
    std::fs::write(dir.join(".env"), "COMPOSE_PROJECT_NAME=lab\n").unwrap();
    is_about(&format!("docker compose {rest}"), &lab);
    // What the labels say of the place counts where the name leads to nothing.
    std::fs::write(dir.join(".env"), "COMPOSE_PROJECT_NAME=renamed\n").unwrap();
    is_about(&format!("docker compose {rest}"), &ours);
}

#[test]
fn a_service_that_is_not_one_container_is_held_with_the_way_on() {
    let Some(mut project) = Project::new("several") else {
        return;
    };
    let first = project.up("project", "db", 1, &[]);
    let second = project.up("project", "db", 2, &[]);
    let rest = "psql -U postgres -d app -c 'TRUNCATE orders'";
    let says = |command: &str, parts: &[&str]| {
        let answer = project.house.bash(command);
        answer.must_block();
        for part in parts {
            assert!(
                answer.stderr.contains(part),
                "{command}: {part}: {}",
                answer.stderr
            );
        }
    };
    says(
        &format!("docker compose exec -T db {rest}"),
        &[&first, &second, "docker exec project-db-1 ..."],
    );
    says(
        &format!("docker compose -p nobody exec -T db {rest}"),
        &["Compose project `nobody`", "docker exec project-db-"],
    );
    says(
        &format!("docker compose exec -T web {rest}"),
        &["service `web`"],
    );
    says(
        &format!("docker compose -p \"$(project-name)\" exec -T db {rest}"),
        &["its name is not known"],
    );
    says(
        &format!("echo COMPOSE_PROJECT_NAME=x > .env; docker compose exec -T db {rest}"),
        &["changes `", ".env`"],
    );
    says(
        &format!("podman compose exec -T db {rest}"),
        &["podman exec NAME"],
    );
    says(
        &format!("docker --context prod compose exec -T db {rest}"),
        &[],
    );
    let held = project
        .house
        .held(&format!("docker compose exec --index 2 -T db {rest}"));
    assert!(
        project
            .house
            .request(&held.id)
            .to_string()
            .contains(&format!("docker:{second}/app"))
    );
    let stopped = format!("docker compose exec --index 1 -T db {rest}");
    project.docker.run(&["stop", "-t", "1", &first]);
    let said = project.house.settled(&stopped);
    said.must_block();
    assert!(
        said.stderr
            .contains(&format!("container `{first}` is exited")),
        "{said:?}"
    );
}

#[test]
fn another_container_of_the_same_service_is_another_database() {
    let Some(mut project) = Project::new("swapped") else {
        return;
    };
    let name = project.up("project", "db", 1, &[]);
    let command = "docker compose exec -T db psql -U postgres -d app -c 'TRUNCATE orders'";
    let held = project.house.held(command);
    project.house.approved(&held);
    project.docker.run(&["rm", "-f", &name]);
    project.up("project", "db", 1, &[]);
    let answer = project.house.bash(command);
    if answer.code == Some(0) {
        let used = project.house.records("used").pop().unwrap();
        assert_ne!(
            used["body"]["backups"][0],
            project.house.records("backups")[0]["body"]["backups"][0],
            "the other container's backup covers nothing here"
        );
    }
}

#[test]
fn a_server_beside_a_new_container_is_found_by_its_network() {
    let Some(mut project) = Project::new("network") else {
        return;
    };
    project.docker.run(&["network", "create", "lab_default"]);
    let name = project.up("lab", "db", 1, &["--network", "lab_default"]);
    let before = project.all(&name);
    let rest = "psql -U postgres -d app -c 'TRUNCATE orders'";
    for command in [
        "docker run --rm --network lab_default postgres:16 psql -h db -U postgres -d app -c 'TRUNCATE orders'",
        "docker run --rm --net=container:lab-db-1 postgres:16 psql -h 127.0.0.1 -U postgres -d app -c 'TRUNCATE orders'",
    ] {
        let held = project.lose(command, &name, rest);
        assert!(held.reason.contains("300 rows"), "{}", held.reason);
        project.house.undo(&held.id);
        assert_eq!(project.all(&name), before, "{command}");
    }
    let said = project.house.bash("docker run --rm --network other postgres:16 psql -h db -U postgres -d app -c 'TRUNCATE orders'");
    said.must_block();
    assert!(
        said.stderr
            .contains("no running container on network `other` is called `db`"),
        "{said:?}"
    );
    project.docker.run(&["rm", "-f", &name]);
    project.docker.run(&["network", "rm", "lab_default"]);
}
