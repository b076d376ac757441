//! `backstop scan`: the built binary over real files, and its agreement with `check`.
//! What the git hooks make of it is tested in `git_pre_commit.rs`.
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

mod house;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A folder of its own, outside every repository and every temporary directory.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = house::place().join(format!("scan-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let file = self.0.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = backstop(&self.0).arg("scan").args(args).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Scans and returns the code and the JSON object.
    fn json(&self, args: &[&str]) -> (i32, Value) {
        let all: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        let (code, out, err) = self.run(&all);
        let value =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
        (code, value)
    }

    /// Every finding as `rule file:line:column`, with `down` and `excepted` where they apply.
    fn found(&self, args: &[&str]) -> Vec<String> {
        findings(&self.json(args).1)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn backstop(cwd: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstop"));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/home/nobody-here")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(cwd);
    command
}

fn findings(report: &Value) -> Vec<String> {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let mut line = format!(
                "{} {}:{}:{}",
                finding["rule"].as_str().unwrap(),
                finding["file"].as_str().unwrap(),
                finding["line"],
                finding["column"]
            );
            if finding["part"] == "down" {
                line.push_str(" down");
            }
            if !finding["excepted"].is_null() {
                line.push_str(" excepted");
            }
            if finding["baselined"] == true {
                line.push_str(" baselined");
            }
            line
        })
        .collect()
}

fn notes(report: &Value) -> Vec<String> {
    let all = report["notes"].as_array().unwrap();
    all.iter()
        .map(|note| {
            format!(
                "{} {}:{}",
                note["note"].as_str().unwrap(),
                note["file"].as_str().unwrap(),
                note["line"]
            )
        })
        .collect()
}

/// The rules of each text, judged by `check --batch --facts none` in this folder.
fn checked(cwd: &Path, asked: &[Value]) -> Vec<BTreeSet<String>> {
    let mut child = backstop(cwd)
        .args(["check", "--batch", "--facts", "none", "--cwd"])
        .arg(cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = asked.iter().map(Value::to_string).collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| {
            let result: Value = serde_json::from_str(line).unwrap();
            rules(&result)
        })
        .collect()
}

fn rules(result: &Value) -> BTreeSet<String> {
    let all = result["findings"].as_array().unwrap();
    all.iter()
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

/// Every shell text of the corpus and of the rules' examples, with its tool.
fn shell_cases() -> Vec<(String, String)> {
    let mut all = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    for folder in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let table: toml::Table = toml::from_str(&text).unwrap();
            for case in table["case"].as_array().unwrap() {
                let tool = case
                    .get("tool")
                    .and_then(toml::Value::as_str)
                    .unwrap_or("Bash");
                for command in case["commands"].as_array().unwrap() {
                    all.insert((tool.to_owned(), command.as_str().unwrap().to_owned()));
                }
            }
        }
    }
    for rule in backstop::policy::builtin::rules() {
        if !rule.id.starts_with("scan.") {
            all.extend(
                rule.examples
                    .iter()
                    .map(|example| ("Bash".to_owned(), example.command.to_owned())),
            );
        }
    }
    all.into_iter()
        .filter(|(tool, text)| {
            matches!(tool.as_str(), "Bash" | "PowerShell") && !text.starts_with("{\"")
        })
        .collect()
}

#[test]
fn a_command_in_a_script_has_the_rules_that_check_finds_in_it() {
    let scratch = Scratch::new("agree-shell");
    let cases = shell_cases();
    let mut asked = Vec::new();
    for (index, (tool, text)) in cases.iter().enumerate() {
        let ending = if tool == "PowerShell" { "ps1" } else { "sh" };
        scratch.write(&format!("case-{index}.{ending}"), text);
        asked.push(json!({"tool_name": tool, "tool_input": {"command": text}}));
    }
    let expected = checked(&scratch.0, &asked);
    let (_, report) = scratch.json(&[]);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let file = finding["file"].as_str().unwrap().to_owned();
        found
            .entry(file)
            .or_default()
            .insert(finding["rule"].as_str().unwrap().to_owned());
    }
    let mut wrong = Vec::new();
    for (index, (tool, text)) in cases.iter().enumerate() {
        let ending = if tool == "PowerShell" { "ps1" } else { "sh" };
        let scanned = found
            .remove(&format!("case-{index}.{ending}"))
            .unwrap_or_default();
        if scanned != expected[index] {
            wrong.push(format!(
                "`{text}`\n    check {:?}\n    scan  {scanned:?}",
                expected[index]
            ));
        }
    }
    println!("{} commands, {} disagree", cases.len(), wrong.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(cases.len() > 2_500, "only {} cases are there", cases.len());
}

/// The SQL that the corpus gives to clients by an option, and statements of every kind.
fn sql_cases() -> Vec<String> {
    let mut all: BTreeSet<String> = STATEMENTS.iter().map(|text| (*text).to_owned()).collect();
    for (_, text) in shell_cases() {
        for (option, quote) in [
            ("-c '", '\''),
            ("-c \"", '"'),
            ("-e '", '\''),
            ("-e \"", '"'),
        ] {
            let is_client = ["psql", "mysql", "mariadb", "sqlite3"]
                .iter()
                .any(|client| text.contains(client));
            if let (true, Some((_, rest))) = (is_client, text.split_once(option))
                && let Some((sql, _)) = rest.split_once(quote)
                && !sql.contains(['\\', '$', '`'])
                && !sql.starts_with('.')
            {
                all.insert(sql.to_owned());
            }
        }
    }
    all.into_iter().collect()
}

const STATEMENTS: &[&str] = &[
    "DROP TABLE a, b.c CASCADE;",
    "TRUNCATE TABLE t RESTART IDENTITY",
    "DELETE FROM t",
    "DELETE FROM t WHERE id = 4;",
    "UPDATE t SET a = 1",
    "UPDATE t SET a = 1 WHERE b = 2",
    "ALTER TABLE t DROP COLUMN a, DROP CONSTRAINT c",
    "ALTER TABLE t ALTER COLUMN a TYPE int USING a::int",
    "ALTER TABLE t MODIFY a INT",
    "ALTER TABLE t ADD COLUMN a int",
    "CREATE TABLE t (a int); DROP TABLE t;",
    "CREATE TEMP TABLE t (a int);\nINSERT INTO t VALUES (1);\nDROP TABLE t;",
    "BEGIN; DROP TABLE t; ROLLBACK;",
    "SELECT 'DROP TABLE t';",
    "-- DROP TABLE t\nSELECT 1;",
    "DO $$ BEGIN EXECUTE 'DROP TABLE ' || x; END $$;",
    "CREATE FUNCTION f() RETURNS void AS $$ BEGIN DELETE FROM t; END $$ LANGUAGE plpgsql;",
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
    "DROP DATABASE shop;",
    "DROP INDEX CONCURRENTLY i;",
    "REVOKE ALL ON t FROM ana;",
    "INSERT INTO t SELECT * FROM s ON CONFLICT DO NOTHING;",
    "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE;",
    "REPLACE INTO t VALUES (1);",
    "VACUUM FULL t;",
    "CREATE INDEX i ON t (a);",
    "",
];

#[test]
fn a_statement_in_a_sql_file_has_the_rules_that_check_finds_in_it() {
    let scratch = Scratch::new("agree-sql");
    let cases = sql_cases();
    for (index, text) in cases.iter().enumerate() {
        scratch.write(&format!("case-{index}.sql"), text);
    }
    let (_, report) = scratch.json(&[]);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let file = finding["file"].as_str().unwrap().to_owned();
        found
            .entry(file)
            .or_default()
            .insert(finding["rule"].as_str().unwrap().to_owned());
    }
    let mut wrong = Vec::new();
    for (index, text) in cases.iter().enumerate() {
        let output = backstop(&scratch.0)
            .args([
                "check", "--sql", "--facts", "none", "--format", "json", "--file",
            ])
            .arg(format!("case-{index}.sql"))
            .output()
            .unwrap();
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let scanned = found
            .remove(&format!("case-{index}.sql"))
            .unwrap_or_default();
        if scanned != rules(&result) {
            wrong.push(format!(
                "`{text}`\n    check {:?}\n    scan  {scanned:?}",
                rules(&result)
            ));
        }
    }
    println!("{} statements, {} disagree", cases.len(), wrong.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(cases.len() > 100, "only {} cases are there", cases.len());
}

#[test]
fn places_are_right_in_every_encoding() {
    let scratch = Scratch::new("places");
    let text = "SELECT 'é😀'; DROP TABLE a;\n\n  DROP TABLE b;\n";
    let wide = |big: bool| -> Vec<u8> {
        let mark = if big { [0xFE, 0xFF] } else { [0xFF, 0xFE] };
        let units = text.encode_utf16().flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        });
        mark.into_iter().chain(units).collect()
    };
    scratch.write("crlf.sql", text.replace('\n', "\r\n"));
    scratch.write("mark.sql", [b"\xEF\xBB\xBF", text.as_bytes()].concat());
    scratch.write("plain.sql", text);
    scratch.write("wide-be.sql", wide(true));
    scratch.write("wide-le.sql", wide(false));
    let expected: Vec<String> = ["crlf", "mark", "plain", "wide-be", "wide-le"]
        .iter()
        .flat_map(|name| {
            [
                format!("sql.drop-table {name}.sql:1:14"),
                format!("sql.drop-table {name}.sql:3:3"),
            ]
        })
        .collect();
    assert_eq!(scratch.found(&[]), expected);
    let (_, report) = scratch.json(&["plain.sql"]);
    let first = &report["findings"][0];
    assert_eq!(first["end"], json!({"line": 1, "column": 26}));
    assert_eq!(first["snippet"], "DROP TABLE a");
}

#[test]
fn a_script_with_line_ends_of_windows_is_read_like_any_other() {
    let scratch = Scratch::new("crlf");
    scratch.write("a.sh", "#!/bin/bash\r\nif true; then\r\n  rm -rf /srv/data\r\nfi\r\ncat <<EOF\r\nrm -rf /srv/x\r\nEOF\r\n");
    assert_eq!(scratch.found(&[]), ["files.recursive-delete a.sh:3:3"]);
}

#[test]
fn the_exit_code_says_whether_anything_counts() {
    let scratch = Scratch::new("codes");
    scratch.write("db/1.down.sql", "DROP TABLE a;");
    scratch.write(
        "db/2.sql",
        "-- migrate:up\nCREATE TABLE a (x int);\n-- migrate:down\nDROP TABLE a;\n",
    );
    scratch.write("src/main.rs", "// rm -rf /\n");
    let (code, report) = scratch.json(&[]);
    assert_eq!(code, 0);
    assert_eq!(
        findings(&report),
        [
            "sql.drop-table db/1.down.sql:1:1 down",
            "sql.drop-table db/2.sql:4:1 down"
        ]
    );
    assert_eq!(
        (report["files"].as_u64(), report["judged"].as_u64()),
        (Some(3), Some(2))
    );
    scratch.write("db/3.sql", "DROP TABLE a;");
    assert_eq!(scratch.run(&[]).0, 1);
    assert_eq!(scratch.run(&["db/2.sql"]).0, 0);
    assert_eq!(scratch.run(&["nowhere"]).0, 2);
    assert_eq!(scratch.run(&["--range", "nonsense"]).0, 2);
    assert_eq!(scratch.run(&["--staged", "--range", "a..b"]).0, 2);
}

#[test]
fn binary_and_huge_files_are_not_judged_and_the_huge_are_named() {
    let scratch = Scratch::new("huge");
    scratch.write("a.sql", b"DROP TABLE a;\0\0\x01");
    scratch.write("program", b"\x7fELF\0\0");
    let mut huge = b"DROP TABLE a;\n".to_vec();
    huge.resize(8 * 1024 * 1024 + 1, b'\n');
    scratch.write("big.sql", huge);
    let (code, report) = scratch.json(&[]);
    assert_eq!((code, findings(&report)), (0, vec![]));
    assert_eq!(notes(&report), ["scan.too-large big.sql:null"]);
}

#[test]
fn exceptions_relieve_until_their_day_and_are_reported_when_they_relieve_nothing() {
    let scratch = Scratch::new("exceptions");
    scratch.write(
        "a.sql",
        "-- backstop:allow sql.drop-table until=2099-01-01 reason=\"moved to b\"\nDROP TABLE a;\n\
         DROP TABLE b; -- backstop:allow sql.drop-table until=2099-01-01 reason=\"moved\"\n\
         -- backstop:allow sql.drop-table until=2020-01-01 reason=\"moved\"\nDROP TABLE c;\n\
         -- backstop:allow sql.truncate until=2099-01-01 reason=\"moved\"\nSELECT 1;\n\
         -- backstop:allow sql.drop-table until=2099-01-01\nDROP TABLE d;\n\
         -- backstop:allow sql.no-such-rule until=2099-01-01 reason=\"x\"\nDROP TABLE e;\n\
         -- backstop:allow sql.drop-table until=2099-01-01 reason=\"both\"\n\
         -- backstop:allow sql.alter-drop-column until=2099-01-01 reason=\"both\"\n\
         ALTER TABLE f DROP COLUMN g; DROP TABLE h;\n",
    );
    let (code, report) = scratch.json(&[]);
    assert_eq!(code, 1);
    assert_eq!(
        findings(&report),
        [
            "sql.drop-table a.sql:2:1 excepted",
            "sql.drop-table a.sql:3:1 excepted",
            "sql.drop-table a.sql:5:1",
            "sql.drop-table a.sql:9:1",
            "sql.drop-table a.sql:11:1",
            "sql.alter-drop-column a.sql:14:1 excepted",
            "sql.drop-table a.sql:14:30 excepted",
        ]
    );
    assert_eq!(
        notes(&report),
        [
            "scan.expired-exception a.sql:4",
            "scan.malformed-exception a.sql:8",
            "scan.malformed-exception a.sql:10",
            "scan.unused-exception a.sql:6",
        ]
    );
    assert_eq!(report["findings"][0]["excepted"]["reason"], "moved to b");
}

#[test]
fn a_trailing_exception_is_about_its_own_line_only() {
    let scratch = Scratch::new("trailing");
    scratch.write(
        "a.sh",
        "echo x # backstop:allow files.recursive-delete until=2099-01-01 reason=\"x\"\nrm -rf /srv/data\n",
    );
    let (code, report) = scratch.json(&[]);
    assert_eq!(code, 1);
    assert_eq!(notes(&report), ["scan.unused-exception a.sh:1"]);
}

#[test]
fn a_baseline_survives_moved_lines_and_names_what_is_gone() {
    let scratch = Scratch::new("baseline");
    scratch.write("a.sql", "DROP TABLE a;\nDROP TABLE a;\nTRUNCATE t;\n");
    assert_eq!(scratch.run(&["--write-baseline", "known.json"]).0, 0);
    assert_eq!(scratch.run(&["--baseline", "known.json"]).0, 0);
    scratch.write(
        "a.sql",
        "SELECT 1;\n\n  DROP   TABLE a;\nDROP TABLE a;\nDROP TABLE a;\n",
    );
    let (code, report) = scratch.json(&["--baseline", "known.json"]);
    assert_eq!(code, 1);
    assert_eq!(
        findings(&report),
        [
            "sql.drop-table a.sql:3:3 baselined",
            "sql.drop-table a.sql:4:1 baselined",
            "sql.drop-table a.sql:5:1",
        ]
    );
    assert_eq!(notes(&report), ["scan.stale-baseline a.sql:null"]);
    scratch.write("known.json", "{}");
    assert_eq!(scratch.run(&["--baseline", "known.json"]).0, 2);
}
