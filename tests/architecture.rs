//! The walls of the house: which room may use which, and what pure rooms never touch.
//! A new arrow is a design change: it is written here, and in ARCHITECTURE.md, in the commit that needs it.
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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Room -> rooms that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ports", &["model"]),
    ("shell", &["model"]),
    ("sql", &["model"]),
    ("intake", &["model"]),
    ("policy", &["model"]),
    ("plan", &["model"]),
    ("render", &["model"]),
    ("adapters", &["model", "ports"]),
    ("store", &["model", "adapters"]),
    ("decide", &["model"]),
    ("classify", &["model", "shell", "sql"]),
    ("backup", &["model", "ports", "adapters", "plan"]),
    ("gather", &["model", "ports", "adapters"]),
    ("scan", &["model", "shell", "sql", "classify"]),
    (
        "guard",
        &["model", "ports", "policy", "shell", "classify", "render"],
    ),
    (
        "examine",
        &[
            "model", "ports", "adapters", "gather", "guard", "policy", "scan",
        ],
    ),
    (
        "enforce",
        &[
            "model", "adapters", "backup", "decide", "gather", "guard", "plan", "policy", "render",
            "store",
        ],
    ),
    (
        "cli",
        &[
            "model", "ports", "adapters", "backup", "classify", "decide", "enforce", "gather",
            "guard", "intake", "plan", "policy", "render", "shell", "sql", "store", "examine",
            "scan",
        ],
    ),
];

const PURE: [&str; 10] = [
    "model", "shell", "sql", "intake", "policy", "classify", "decide", "plan", "render", "scan",
];

/// What reaches out of a pure room.
const WORLD: [&str; 14] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "File::open",
    "rustix::",
    "libc::",
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Every source file with its room and its lines before the unit tests.
fn rooms() -> Vec<(String, PathBuf, Vec<String>)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    files
        .into_iter()
        .map(|file| {
            let inside = file.strip_prefix(&src).unwrap();
            let room = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_str()
                .unwrap()
                .trim_end_matches(".rs")
                .to_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            let is_test_file =
                name == "tests.rs" || name.starts_with("tests_") || name == "bench.rs";
            let lines = if is_test_file {
                Vec::new()
            } else {
                code(&text)
            };
            (room, file, lines)
        })
        .collect()
}

/// The lines before the unit tests of a file.
fn code(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_module = |line: &&str| {
        (line.starts_with("mod ") || line.starts_with("pub mod ")) && line.ends_with('{')
    };
    let end = lines
        .windows(2)
        .position(|two| two[0] == "#[cfg(test)]" && is_module(&two[1]))
        .unwrap_or(lines.len());
    lines[..end].iter().map(|line| (*line).to_owned()).collect()
}

/// Rooms named by a `crate::` path in a line of code.
fn named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn rooms_use_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (room, file, lines) in rooms() {
        let Some(allowed) = table.get(room.as_str()) else {
            continue;
        };
        for (number, line) in lines.iter().enumerate() {
            for other in named(line) {
                if other != room
                    && table.contains_key(other.as_str())
                    && !allowed.contains(&other.as_str())
                {
                    wrong.push(format!(
                        "{}:{}: {room} -> {other}",
                        file.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let table: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut order: Vec<&str> = Vec::new();
    while order.len() < table.len() {
        let next = table.iter().find(|(room, uses)| {
            !order.contains(room) && uses.iter().all(|one| order.contains(one))
        });
        order.push(next.expect("a circle between rooms").0);
    }
}

#[test]
fn every_room_is_in_the_table() {
    for (room, file, _) in rooms() {
        let known =
            ARROWS.iter().any(|(name, _)| *name == room) || matches!(room.as_str(), "main" | "lib");
        assert!(known, "{} is in no room of the table", file.display());
    }
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for (room, file, lines) in rooms() {
        if !PURE.contains(&room.as_str()) {
            continue;
        }
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(reach) = WORLD.iter().find(|reach| code.contains(*reach)) {
                wrong.push(format!("{}:{}: {reach}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_and_async_stay_in_their_one_file() {
    for (_, file, lines) in rooms() {
        let code: Vec<&str> = lines
            .iter()
            .map(|line| line.split("//").next().unwrap_or_default())
            .collect();
        if !file.ends_with("adapters/signals.rs") {
            assert!(
                !code
                    .iter()
                    .any(|line| line.contains("unsafe {") || line.contains("unsafe fn")),
                "{}",
                file.display()
            );
        }
        if !file.ends_with("adapters/docker.rs") {
            assert!(
                !code.iter().any(|line| line.contains("async fn")
                    || line.contains(".await")
                    || line.contains("async move")),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn environment_variables_are_read_in_one_file() {
    for (_, file, lines) in rooms() {
        if file.ends_with("adapters/environment.rs") {
            continue;
        }
        let reads =
            |line: &String| line.contains("env::var") && !line.trim_start().starts_with("//");
        assert!(
            !lines.iter().any(reads),
            "{} reads the environment",
            file.display()
        );
    }
}

#[test]
fn files_stay_small() {
    for (_, file, lines) in rooms() {
        assert!(
            lines.len() <= 800,
            "{} has {} lines",
            file.display(),
            lines.len()
        );
    }
}

#[test]
fn every_module_says_what_it_does() {
    for (_, file, lines) in rooms() {
        assert!(
            lines.is_empty() || lines.first().is_some_and(|line| line.starts_with("//!")),
            "{}",
            file.display()
        );
    }
}
