//! Packs of rules that people write: read at run time from the layers, through a cache, and never a way to loosen anything.
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

use std::path::PathBuf;

use house::House;

fn pack(severity: &str) -> String {
    format!(
        "families = [\"acme\"]\n\n[[rule]]\nid = \"acme.wipe\"\nseverity = \"{severity}\"\nsummary = \"wipes {{0}}\"\nlost = \"The shop.\"\nwhy = \"High: nobody has a copy.\"\ninstead = \"acme list\"\nargv = [{{ run = \"acme wipe\", unless = [\"--dry-run\"] }}]\ntargets = [{{ kind = \"resource\", locator = \"acme:{{0}}\" }}]\nfound = [\"acme wipe shop\"]\nnot_found = [\"acme wipe shop --dry-run\", \"acme list\"]\n"
    )
}

fn user_packs(house: &House) -> PathBuf {
    let folder = house.home.join(".config/backstop/packs");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn cache(house: &House) -> Vec<PathBuf> {
    let folder = house.state().join("packs");
    std::fs::read_dir(folder)
        .map(|listing| listing.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

#[test]
fn a_rule_of_the_users_own_holds_and_a_changed_or_spoiled_cache_changes_nothing() {
    let house = House::new("packs");
    house.bash("acme wipe shop").must_pass();
    let file = user_packs(&house).join("acme.toml");
    std::fs::write(&file, pack("high")).unwrap();
    for _ in 0..2 {
        let held = house.bash("acme wipe shop");
        held.must_block();
        assert!(
            held.stderr.contains("wipes shop") || held.stderr.contains("backstop wait"),
            "{held:?}"
        );
        house.bash("acme wipe shop --dry-run").must_pass();
        house.bash("ls -la").must_pass();
    }
    let kept = cache(&house);
    assert_eq!(kept.len(), 1, "{kept:?}");
    for spoiled in [&b""[..], b"{}", b"not json", &[0xff; 4000]] {
        std::fs::write(&kept[0], spoiled).unwrap();
        house.bash("acme wipe shop").must_block();
    }
    let true_cache = std::fs::read_to_string(&kept[0]).unwrap();
    let emptied = true_cache.split("\"rules\":").next().unwrap().to_owned() + "\"rules\":[]}";
    // Without the right stamps a cache says nothing: the pack was changed since.
    std::fs::write(&file, pack("critical")).unwrap();
    std::fs::write(&kept[0], emptied).unwrap();
    house.bash("acme wipe shop").must_block();
    let shown = house.backstop(&["policy", "explain", "acme.wipe"]);
    assert!(shown.stdout.contains("critical"), "{shown:?}");
    std::fs::remove_file(&file).unwrap();
    house.bash("acme wipe shop").must_pass();
}

#[test]
fn a_broken_pack_blocks_calls_with_findings_says_where_and_leaves_the_others_alone() {
    let house = House::new("brokenpack");
    let file = user_packs(&house).join("acme.toml");
    for (text, where_) in [
        (pack("none"), "acme.toml:3:"),
        (pack("high").replace("acme wipe\"", "acme wipe\", positionals = [{ at = 0, matches = \"(\" }], least = 1 , most = 9, valued = [], flags = [], env = {}, unless_ = \"x\""), "acme.toml:"),
        ("families = [\n".to_owned(), "acme.toml:"),
        (pack("high").replace("acme.wipe", "sql.drop-table").replace("[\"acme\"]", "[\"sql\"]"), "backstop's own"),
    ] {
        std::fs::write(&file, &text).unwrap();
        house.bash("ls -la").must_pass();
        let held = house.bash("rm -rf data");
        held.must_block();
        assert!(
            held.stderr.contains(where_) && held.stderr.contains("broken"),
            "{text}: {held:?}"
        );
        let validated = house.backstop(&["policy", "validate"]);
        assert_eq!(validated.code, Some(1), "{validated:?}");
        assert!(validated.stdout.contains("acme.toml"), "{validated:?}");
    }
    // A rule of a faulty pack that is itself whole still holds.
    std::fs::write(&file, pack("high") + "\n[[rule]]\nid = \"acme.other\"\n").unwrap();
    house.bash("acme wipe shop").must_block();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let held = house.bash("rm -rf data");
    held.must_block();
    assert!(held.stderr.contains("acme.toml"), "{held:?}");
}

#[test]
fn examples_of_a_pack_are_run_by_validate_and_by_test() {
    let house = House::new("examples");
    let file = user_packs(&house).join("acme.toml");
    std::fs::write(&file, pack("high")).unwrap();
    let good = house.backstop(&["policy", "validate"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    let wrong = pack("high").replace("\"acme list\"]", "\"acme wipe everything\"]");
    std::fs::write(&file, wrong).unwrap();
    let bad = house.backstop(&["policy", "validate"]);
    assert_eq!(bad.code, Some(1), "{bad:?}");
    assert!(
        bad.stdout.contains("`acme wipe everything` is found"),
        "{bad:?}"
    );
    let named = house.backstop(&["policy", "validate", file.to_str().unwrap()]);
    assert_eq!(named.code, Some(1), "{named:?}");
}

#[test]
fn a_projects_pack_adds_findings_and_takes_none_away() {
    let house = House::new("projectpack");
    let folder = house.project().join(".backstop/packs");
    std::fs::create_dir_all(&folder).unwrap();
    let loose = pack("moderate")
        .replace("acme wipe\"", "kubectl\"")
        .replace("acme wipe", "kubectl apply")
        .replace("acme list", "true");
    std::fs::write(folder.join("loose.toml"), loose).unwrap();
    let commands = [
        "kubectl $VERB namespace shop",
        "kubectl delete namespace shop",
        "kubectl \"$@\"",
        "kubectl delete pvc --all",
    ];
    let found = |command: &str| -> Vec<String> {
        let answer = house.backstop(&["check", "--format", "json", command]);
        let judged: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        let findings = judged["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    let with: Vec<_> = commands.iter().map(|command| found(command)).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    for (command, with) in commands.iter().zip(with) {
        assert!(
            with.contains(&"acme.wipe".to_owned()),
            "{command}: {with:?}"
        );
        for rule in found(command) {
            assert!(with.contains(&rule), "{command}: {rule} is gone: {with:?}");
        }
    }
}
