//! What the program prints is pasted by people: every command in a hold, an approval, a list or the demo has to work as it stands.
//! Alternatives are judged by the program itself and run for real; of its own commands the harmless ones are run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may unwrap"
)]

mod house;
mod support;

use std::process::Command;

use house::House;

/// Tables whose names want quotes, each with a row.
const ODD: &str = "
    CREATE TABLE \"Customers\"(id INTEGER PRIMARY KEY, \"Full Name\" TEXT);
    CREATE TABLE \"a b\"(id INTEGER PRIMARY KEY);
    CREATE TABLE \"x.y\"(id INTEGER PRIMARY KEY);
    CREATE TABLE y(id INTEGER PRIMARY KEY);
    CREATE TABLE \"semi;colon\"(id INTEGER PRIMARY KEY);
    CREATE TABLE \"we\"\"ird\"(id INTEGER PRIMARY KEY);
    CREATE TABLE \"order\"(id INTEGER PRIMARY KEY);
    INSERT INTO \"Customers\" VALUES (1, 'Ana'); INSERT INTO \"a b\" VALUES (1); INSERT INTO \"x.y\" VALUES (1); INSERT INTO y VALUES (1);
    INSERT INTO \"semi;colon\" VALUES (1); INSERT INTO \"we\"\"ird\" VALUES (1); INSERT INTO \"order\" VALUES (1);
";

fn sqlite(house: &House, base: &str, sql: &str) -> String {
    let output = Command::new("sqlite3")
        .args(["-batch", "-bail", base, sql])
        .current_dir(house.project())
        .output()
        .expect("sqlite3 is installed");
    assert!(output.status.success(), "{sql}: {output:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// What a hold offers instead, word by word.
fn alternatives(reason: &str) -> Vec<String> {
    let lines = reason
        .lines()
        .filter_map(|line| line.trim().strip_prefix("instead: "));
    lines.map(str::to_owned).collect()
}

/// Every `backstop …` that stands in backquotes.
fn own_commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let own = quoted.filter(|one| one.starts_with("backstop ") && !one.contains('\n'));
    own.map(str::to_owned).collect()
}

/// Runs one of our own commands through a shell, as a person would paste it.
fn paste(house: &House, line: &str) -> house::Answer {
    let bin = house.home.join("paste");
    std::fs::create_dir_all(&bin).unwrap();
    let link = bin.join("backstop");
    if !link.exists() {
        std::os::unix::fs::symlink(house.binary(), &link).unwrap();
    }
    house.run_for_real(&format!("PATH={}:$PATH; {line}", bin.display()))
}

#[test]
fn what_a_statement_is_replaced_by_acts_on_just_that_object() {
    for (sql, gone, there) in [
        ("DROP TABLE \"Customers\"", "Customers", "Customers_retired"),
        ("DROP TABLE \"a b\"", "a b", "a b_retired"),
        ("DROP TABLE \"x.y\"", "x.y", "x.y_retired"),
        ("DROP TABLE main.\"x.y\"", "x.y", "x.y_retired"),
        (
            "DROP TABLE \"semi;colon\"",
            "semi;colon",
            "semi;colon_retired",
        ),
        ("DROP TABLE \"we\"\"ird\"", "we\"ird", "we\"ird_retired"),
        ("DROP TABLE \"order\"", "order", "order_retired"),
        ("DELETE FROM \"Customers\" WHERE id = 1", "", "Customers"),
        ("DELETE FROM \"semi;colon\"", "", "semi;colon"),
        ("ALTER TABLE y DROP COLUMN id", "", "y"),
    ] {
        let house = House::new("printed");
        sqlite(&house, "app.db", ODD);
        let held = house.bash(&format!("sqlite3 app.db '{sql}'"));
        held.must_block();
        let offered = alternatives(&held.stderr);
        for alternative in &offered {
            let (_, statement) = alternative
                .split_once(": ")
                .unwrap_or_else(|| panic!("{alternative}"));
            let judged = house.backstop(&["check", "--sql", "--dialect", "sqlite", statement]);
            assert_eq!(judged.code, Some(0), "{statement}: {judged:?}");
            sqlite(&house, "app.db", statement);
        }
        assert!(!offered.is_empty(), "{}", held.stderr);
        let names = sqlite(
            &house,
            "app.db",
            "SELECT name FROM sqlite_master WHERE type = 'table'",
        );
        let names: Vec<&str> = names.lines().collect();
        assert!(
            names.contains(&there) && (gone.is_empty() || !names.contains(&gone)),
            "{sql}: {names:?}"
        );
        assert_eq!(names.len(), 7, "{sql}: {names:?}");
    }
}

#[test]
fn what_a_removal_is_replaced_by_passes_and_loses_nothing() {
    let house = House::new("printed-files");
    let data = house.project().join("my data; it's");
    for (command, place) in [
        ("rm -rf 'my data; it'\\''s'", &data),
        ("rm -rf data", &house.data()),
    ] {
        std::fs::create_dir_all(place).unwrap();
        std::fs::write(place.join("one"), "precious").unwrap();
        let held = house.bash(command);
        held.must_block();
        let offered = alternatives(&held.stderr);
        assert_eq!(offered.len(), 1, "{held:?}");
        let line = offered[0]
            .split('`')
            .nth(1)
            .unwrap_or_else(|| panic!("{offered:?}"))
            .to_owned();
        let judged = house.backstop(&["check", &line]);
        assert_eq!(judged.code, Some(0), "{line}: {judged:?}");
        assert_eq!(house.run_for_real(&line).code, Some(0), "{line}");
        let retired = format!("{}.retired", place.display());
        assert_eq!(
            std::fs::read(std::path::Path::new(&retired).join("one")).unwrap(),
            b"precious"
        );
        assert!(!place.exists());
    }
}

#[test]
fn what_a_hold_tells_people_to_run_is_known_to_the_program() {
    let house = House::new("printed-own");
    sqlite(&house, "app.db", ODD);
    for command in [
        "sqlite3 app.db 'DROP TABLE y'",
        "rm -rf data",
        "backstop undo",
    ] {
        let held = house.bash(command);
        held.must_block();
        let printed = own_commands(&held.stderr);
        for line in &printed {
            // The words are right when only the missing terminal, or the missing answer, stands in the way.
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            if words.first() == Some(&"wait") {
                let id = words
                    .get(1)
                    .unwrap_or_else(|| panic!("`{line}` names no request"));
                let shown = paste(&house, &format!("backstop requests show {id}"));
                assert_eq!(shown.code, Some(0), "{line}: {shown:?}");
                continue;
            }
            let ran = paste(&house, line);
            assert!(
                ran.code == Some(0) || ran.code == Some(1),
                "{line}: {ran:?}"
            );
            assert!(
                !ran.stderr.contains("Usage:") && !ran.stderr.contains("unrecognized"),
                "{line}: {ran:?}"
            );
        }
    }
}

#[test]
fn the_demo_prints_commands_that_run() {
    let house = House::new("printed-demo");
    let place = house.home.join("demo");
    std::fs::create_dir_all(&place).unwrap();
    let told = house.backstop(&["demo", "--keep", "--dir", place.to_str().unwrap()]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let stage = std::fs::read_dir(&place)
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let state = stage.join("xdg-state/backstop");
    let more = format!(
        "export XDG_STATE_HOME={0}/xdg-state XDG_DATA_HOME={0}/data XDG_CONFIG_HOME={0}/config",
        stage.display()
    );
    let lines: Vec<&str> = told
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  $ backstop "))
        .collect();
    assert!(lines.len() >= 6, "{lines:?}");
    for line in lines.iter().filter(|line| !line.starts_with("approve")) {
        let ran = paste(
            &house,
            &format!("{more}; backstop {line} --state {}", state.display()),
        );
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
    for line in told
        .stdout
        .lines()
        .filter(|line| line.contains(" check 'rm -rf"))
    {
        let ran = paste(&house, line.split('#').next().unwrap().trim());
        assert!(
            ran.code == Some(0) || ran.code == Some(1),
            "{line}: {ran:?}"
        );
    }
}

#[test]
fn a_demo_in_a_temporary_place_says_where_it_can_be() {
    let house = House::new("printed-tmp");
    let told = house.backstop(&["demo", "--dir", "/tmp"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stderr.contains("--dir \"$HOME\"") && !told.stderr.contains("--keep"),
        "{told:?}"
    );
}

#[test]
fn an_installation_says_what_it_leaves_behind_and_takes_its_folder_along() {
    let house = House::new("printed-install");
    let folder = house.project().join(".claude");
    let installed = house.backstop(&["install", "claude", "--scope", "project", "--yes"]);
    assert!(
        installed.stdout.contains("warning: ") && installed.stdout.contains("--scope local"),
        "{installed:?}"
    );
    let taken = house.backstop(&["uninstall", "claude", "--scope", "project", "--yes"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert!(!folder.exists());
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("settings.local.json");
    std::fs::write(&file, "{\r\n  \"disableAllHooks\": true\r\n}\r\n").unwrap();
    let off = house.backstop(&["install", "claude", "--scope", "local", "--yes"]);
    assert!(off.stdout.contains("disableAllHooks"), "{off:?}");
    house.backstop(&["uninstall", "claude", "--scope", "local", "--yes"]);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "{\r\n  \"disableAllHooks\": true\r\n}\r\n"
    );
    assert!(folder.exists());
}

#[test]
fn lists_of_backups_are_in_columns_and_name_what_was_asked_for() {
    let house = House::new("printed-list");
    std::fs::create_dir_all(house.home.join("beside")).unwrap();
    std::fs::write(house.home.join("beside/one"), "1").unwrap();
    let made = house.backstop(&["backup", "run", "../beside", "data", "--format", "json"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(!made.stdout.contains("/../"), "{made:?}");
    let listed = house.backstop(&["backup", "list"]).stdout;
    let starts: Vec<Option<usize>> = listed.lines().map(|line| line.find(" path ")).collect();
    assert_eq!(starts.len(), 2, "{listed}");
    assert!(
        starts[0].is_some() && starts.windows(2).all(|two| two[0] == two[1]),
        "{listed}"
    );
    for line in listed.lines() {
        assert_eq!(&line[19..20], "Z", "{line}");
    }
    let none = house.backstop(&["backup", "list", "/nope"]).stdout;
    assert!(none.contains("No backups of /nope in"), "{none}");
    let again = house
        .backstop(&[
            "backup",
            "run",
            "../project/../beside",
            "--quick",
            "--format",
            "json",
        ])
        .stdout;
    let id = |text: &str| text.split("\"id\":\"").nth(1).unwrap()[..20].to_owned();
    assert_eq!(id(&again), id(&made.stdout));
    let folder = house.home.join(".local/share/backstop/backups");
    let one = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("manual"))
        .unwrap();
    std::fs::rename(one.path().join("files"), one.path().join("gone")).unwrap();
    let status = house.backstop(&["backup", "status"]);
    assert!(status.stdout.contains("No such file"), "{status:?}");
    assert_eq!(status.code, Some(1));
    std::fs::remove_file(one.path().join("metadata/manifest.json")).unwrap();
    let status = house.backstop(&["backup", "status"]).stdout;
    assert!(
        status.contains("1 backup,") && status.contains("manifest.json` is missing"),
        "{status}"
    );
}
