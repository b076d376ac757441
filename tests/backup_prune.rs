//! What `backup prune` keeps, and `backup run` with its options, through the built program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests may unwrap and print"
)]

mod house;
mod support;

use house::House;
use serde_json::Value;

fn json(house: &House, words: &[&str]) -> Value {
    let mut words = words.to_vec();
    words.extend(["--format", "json"]);
    let answer = house.backstop(&words);
    serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{words:?}: {answer:?}"))
}

/// Makes a backup older: its manifest says that it was taken so many days ago.
fn age(folder: &str, days: i64) {
    let place = std::path::Path::new(folder).join("metadata/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&place).unwrap()).unwrap();
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    manifest["snapshot_at"] = then.to_string().into();
    std::fs::write(&place, manifest.to_string()).unwrap();
}

fn decision<'v>(pruned: &'v Value, id: &str) -> (&'v str, &'v str) {
    let rows = pruned["backups"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == id).unwrap();
    (
        row["decision"].as_str().unwrap(),
        row["reason"].as_str().unwrap(),
    )
}

fn newest(house: &House) -> (String, String) {
    let list = json(house, &["backup", "list"]);
    let text = |name: &str| list["backups"][0][name].as_str().unwrap().to_owned();
    (text("id"), text("folder"))
}

#[test]
fn what_requests_rely_on_and_the_last_verified_one_stay_whatever_their_age_and_size() {
    let house = House::new("prune");
    std::fs::write(house.project().join("other.txt"), "other").unwrap();
    // Used a moment ago, but taken long ago: the undo window counts from the use.
    let used = house.held("rm -rf data");
    let (used_id, used_folder) = newest(&house);
    house.approved(&used);
    house.passes_and_runs(&used);
    age(&used_folder, 25);
    let open = house.held("find . -name other.txt -delete; rm -rf other.txt .");
    let _ = open;
    let mut manual = Vec::new();
    for text in ["one", "two", "three"] {
        std::fs::write(house.project().join("m.txt"), text).unwrap();
        let made = json(&house, &["backup", "run", "m.txt"]);
        let one = &made["backups"][0];
        manual.push((
            one["id"].as_str().unwrap().to_owned(),
            one["folder"].as_str().unwrap().to_owned(),
        ));
    }
    age(&manual[0].1, 100);
    age(&manual[1].1, 95);
    age(&manual[2].1, 91);
    let pruned = json(
        &house,
        &["backup", "prune", "--dry-run", "--total-bytes", "1"],
    );
    assert_eq!(decision(&pruned, &used_id).0, "keep", "{pruned}");
    assert!(decision(&pruned, &used_id).1.contains("undone"), "{pruned}");
    let open_ones: Vec<&Value> = pruned["backups"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["reason"].as_str().unwrap().contains("open request"))
        .collect();
    assert!(!open_ones.is_empty(), "{pruned}");
    assert!(open_ones.iter().all(|row| row["decision"] == "keep"));
    for (id, _) in &manual[..2] {
        let (word, reason) = decision(&pruned, id);
        assert_eq!(word, "drop", "{pruned}");
        assert!(reason.contains("days old"), "{reason}");
    }
    let last = decision(&pruned, &manual[2].0);
    assert!(
        last.0 == "keep" && last.1.contains("last verified"),
        "{pruned}"
    );
    // A dry run removes nothing; the real one does what it said.
    assert!(std::path::Path::new(&manual[0].1).exists());
    let done = json(&house, &["backup", "prune", "--total-bytes", "1"]);
    assert_eq!(done["backups"], pruned["backups"]);
    assert!(!std::path::Path::new(&manual[0].1).exists());
    assert!(std::path::Path::new(&manual[2].1).exists());
    std::fs::create_dir_all(house.data()).unwrap();
    house.undo(&used.id);
}

#[test]
fn sizes_take_the_oldest_that_nothing_binds() {
    let house = House::new("prunesize");
    let mut made = Vec::new();
    for text in ["one", "two", "three"] {
        std::fs::write(house.project().join("m.txt"), text).unwrap();
        let run = json(&house, &["backup", "run", "m.txt"]);
        made.push(run["backups"][0]["id"].as_str().unwrap().to_owned());
    }
    let pruned = json(&house, &["backup", "prune", "--total-bytes", "1"]);
    for id in &made[..2] {
        assert_eq!(decision(&pruned, id).0, "drop");
        assert!(decision(&pruned, id).1.contains("space"), "{pruned}");
    }
    assert_eq!(decision(&pruned, &made[2]).0, "keep");
}

#[test]
fn the_options_of_backup_run_mean_what_they_say() {
    let house = House::new("runopts");
    let file = house.project().join("m.txt");
    std::fs::write(&file, "one").unwrap();
    let first = json(&house, &["backup", "run", "--dev", "m.txt"]);
    assert_eq!(first["backups"][0]["type"], "pre-deploy");
    let id = |value: &Value| value["backups"][0]["id"].as_str().unwrap().to_owned();
    let quick = json(&house, &["backup", "run", "--quick", "m.txt"]);
    assert_eq!(id(&quick), id(&first), "nothing changed: nothing is made");
    let forced = json(&house, &["backup", "run", "--force", "m.txt"]);
    assert_ne!(id(&forced), id(&first));
    std::fs::write(&file, "two").unwrap();
    let changed = json(&house, &["backup", "run", "--quick", "m.txt"]);
    assert!(![id(&first), id(&forced)].contains(&id(&changed)));
    let elsewhere = house.home.join("elsewhere");
    let dir = elsewhere.to_str().unwrap();
    let other = house.backstop(&[
        "backup",
        "run",
        "m.txt",
        "--type",
        "emergency",
        "--backup-dir",
        dir,
        "--format",
        "env",
    ]);
    assert_eq!(other.code, Some(0), "{other:?}");
    assert!(
        other
            .stdout
            .contains("BACKSTOP_BACKUP_ID='emergency-backup-"),
        "{other:?}"
    );
    assert!(
        other
            .stdout
            .contains(&format!("BACKSTOP_BACKUP_FOLDER='{dir}/")),
        "{other:?}"
    );
    let both = house.backstop(&["backup", "run", "m.txt", "--quick", "--force"]);
    assert_ne!(both.code, Some(0));
}
