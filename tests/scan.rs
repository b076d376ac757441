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

/// Holds a value against the parts of JSON Schema (draft 7) that the schema of SARIF uses.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap();
        return validate(root, target, value, at, wrong);
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        wrong.push(format!("{at}: {value} is not {kinds:?}"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        wrong.push(format!("{at}: {number} is less than {least}"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !regex::Regex::new(&pattern.replace("\\d", "[0-9]"))
            .unwrap()
            .is_match(text)
    {
        wrong.push(format!("{at}: {text} does not match {pattern}"));
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(options) = schema[choice].as_array() {
            let fits = |option: &&Value| {
                let mut faults = Vec::new();
                validate(root, option, value, at, &mut faults);
                faults.is_empty()
            };
            if !options.iter().any(|option| fits(&option)) {
                wrong.push(format!("{at}: fits no choice of {choice}"));
            }
        }
    }
    if let Some(items) = value.as_array() {
        if let Some(least) = schema["minItems"].as_u64()
            && (items.len() as u64) < least
        {
            wrong.push(format!("{at}: fewer than {least} items"));
        }
        if schema["uniqueItems"] == true
            && items
                .iter()
                .enumerate()
                .any(|(index, item)| items[..index].contains(item))
        {
            wrong.push(format!("{at}: an item stands there twice"));
        }
        if schema["items"].is_object() {
            for (index, item) in items.iter().enumerate() {
                validate(
                    root,
                    &schema["items"],
                    item,
                    &format!("{at}/{index}"),
                    wrong,
                );
            }
        }
    }
    if let Some(map) = value.as_object() {
        for name in schema["required"].as_array().unwrap_or(&Vec::new()) {
            if !map.contains_key(name.as_str().unwrap()) {
                wrong.push(format!("{at}: {name} is missing"));
            }
        }
        for (key, inner) in map {
            let at = format!("{at}/{key}");
            match (&schema["properties"][key], &schema["additionalProperties"]) {
                (Value::Object(_), _) => {
                    validate(root, &schema["properties"][key], inner, &at, wrong)
                }
                (_, Value::Bool(false)) => wrong.push(format!("{at} is not known")),
                (_, other @ Value::Object(_)) => validate(root, other, inner, &at, wrong),
                _ => {}
            }
        }
    }
}

#[test]
fn sarif_is_valid_against_its_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas/sarif-2.1.0.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // The judge itself sees what is wrong.
    let mut faults = Vec::new();
    validate(
        &schema,
        &schema,
        &json!({"version": "2.0", "runs": [{"tool": {}, "x": 1}]}),
        "",
        &mut faults,
    );
    assert_eq!(faults.len(), 3, "{faults:?}");
    let scratch = Scratch::new("sarif");
    for _ in 0..2 {
        let (_, out, _) = scratch.run(&["--format", "sarif"]);
        let report: Value = serde_json::from_str(&out).unwrap();
        let mut wrong = Vec::new();
        validate(&schema, &schema, &report, "", &mut wrong);
        assert!(wrong.is_empty(), "{}\n{out}", wrong.join("\n"));
        scratch.write("a b/é:1.sql", "-- backstop:allow sql.drop-table until=2099-01-01 reason=\"x\"\nDROP TABLE a;\nTRUNCATE t;\n");
        scratch.write("a.sql", "-- backstop:allow nothing\n-- migrate:up\nDROP\nTABLE a;\n-- migrate:down\nDROP TABLE b;\n");
    }
    let (_, out, _) = scratch.run(&["--format", "sarif"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let results = report["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    let found = results
        .iter()
        .find(|result| result["ruleId"] == "sql.truncate")
        .unwrap();
    let place = &found["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%A9%3A1.sql");
    assert_eq!(place["region"]["startLine"], 3);
    let relieved = results
        .iter()
        .filter(|result| !result["suppressions"].as_array().unwrap().is_empty());
    assert_eq!(relieved.count(), 1);
    let rules = report["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    for result in results {
        assert_eq!(
            rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"],
            result["ruleId"]
        );
    }
}

#[test]
fn workflow_commands_are_escaped() {
    let scratch = Scratch::new("github");
    scratch.write(
        "a,b:c%.sql",
        "-- migrate:up\nDROP TABLE \"x%\n::error::y\";\n",
    );
    let (code, out, _) = scratch.run(&["--format", "github"]);
    assert_eq!(code, 1);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(
        out.starts_with("::error file=a%2Cb%3Ac%25.sql,line=2,endLine=3,title=sql.drop-table::"),
        "{out}"
    );
}

#[test]
fn build_and_ci_files_are_read_where_their_commands_stand() {
    let scratch = Scratch::new("ci");
    let drop = "psql -h prod shop -c 'DROP TABLE t'";
    let files: Vec<(&str, String, &str)> = vec![
        (
            "Makefile",
            format!("DB := shop\n\nall: x\n\techo hi\n\nreset:\n\t@{drop}\n"),
            "7:25",
        ),
        ("justfile", format!("reset:\n  {drop}\n"), "2:25"),
        (
            "package.json",
            format!(
                "{{\n  \"scripts\": {{\n    \"é\": \"make test\",\n    \"reset\": \"{drop}\"\n  }}\n}}\n"
            ),
            "4:37",
        ),
        (
            "composer.json",
            format!("{{\"scripts\": {{\"post\": [\"App::run\", \"{drop}\"]}}}}\n"),
            "1:58",
        ),
        (
            "Dockerfile",
            format!(
                "FROM x\nRUN apt-get update \\\n    && rm -rf /var/lib/apt/lists/* \\\n    && {drop}\n"
            ),
            "4:30",
        ),
        (
            "docker-compose.yml",
            format!("services:\n  a:\n    image: x\n    command: sh -c \"{drop}\"\n"),
            "4:21",
        ),
        (
            ".github/workflows/ci.yml",
            format!(
                "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - name: é\n        run: |\n          echo ${{{{ github.ref }}}}\n          {drop}\n"
            ),
            "9:33",
        ),
        (
            ".gitlab-ci.yml",
            format!("a:\n  script:\n    - echo\n    - {drop}\n"),
            "4:29",
        ),
        (
            ".circleci/config.yml",
            format!(
                "jobs:\n  a:\n    steps:\n      - run:\n          command: >\n            {drop}\n"
            ),
            "6:35",
        ),
        (
            "azure-pipelines.yml",
            format!("steps:\n  - script: {drop}\n"),
            "2:35",
        ),
        (
            "Jenkinsfile",
            format!("node {{\n  sh '''\n    set -e\n    {drop}\n  '''\n}}\n"),
            "4:27",
        ),
    ];
    let mut expected = Vec::new();
    for (path, text, place) in &files {
        scratch.write(path, text);
        expected.push(format!("sql.drop-table {path}:{place}"));
    }
    expected.sort();
    let mut found = scratch.found(&[]);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn migrations_in_code_are_read_in_both_halves() {
    let scratch = Scratch::new("code");
    let files: Vec<(&str, &str, Vec<&str>)> = vec![
        (
            "alembic/versions/1.py",
            "from alembic import op\n\ndef upgrade():\n    op.execute('DROP TABLE a')\n    op.drop_table('b')\n\n\ndef downgrade():\n    op.drop_table('c')\n",
            vec!["4:16", "5:5", "9:5 down"],
        ),
        (
            "app/migrations/0002_x.py",
            "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.DeleteModel(name='A'),\n        migrations.RunSQL('DROP TABLE b', 'DROP TABLE c'),\n    ]\n",
            vec!["5:9", "6:9", "6:43 down"],
        ),
        (
            "db/migrate/1_x.rb",
            "class X < ActiveRecord::Migration[7.0]\n  def up\n    drop_table :a\n    execute <<~SQL\n      DROP TABLE b;\n    SQL\n  end\n\n  def down\n    drop_table :c\n  end\nend\n",
            vec!["3:5", "5:7", "10:5 down"],
        ),
        (
            "database/migrations/x.php",
            "<?php\nreturn new class extends Migration {\n    public function up() {\n        Schema::drop('a');\n        DB::statement('DROP TABLE b');\n    }\n    public function down() {\n        Schema::dropIfExists('c');\n    }\n};\n",
            vec!["4:9", "5:23", "8:9 down"],
        ),
        (
            "migrations/1.js",
            "exports.up = async (knex) => {\n  await knex.schema.dropTable('a');\n  await knex.raw('DROP TABLE b');\n};\nexports.down = (knex) => knex.schema.dropTable('c');\n",
            vec!["2:9", "3:18", "5:26 down"],
        ),
        (
            "src/migration/1-x.ts",
            "export class X implements MigrationInterface {\n  public async up(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.query(`DROP TABLE a`);\n  }\n  public async down(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.dropTable('c');\n  }\n}\n",
            vec!["3:29", "6:11 down"],
        ),
        (
            "src/app.py",
            "import os\nop.drop_table('a')\nos.remove('x')\n",
            vec![],
        ),
        (
            "src/list.js",
            "up(); list.dropTable('x'); knex.raw('DROP TABLE b')\n",
            vec![],
        ),
    ];
    let mut expected = Vec::new();
    for (path, text, places) in &files {
        scratch.write(path, text);
        expected.extend(places.iter().map(|place| format!("{path}:{place}")));
    }
    expected.sort();
    let mut found: Vec<String> = scratch
        .found(&[])
        .into_iter()
        .map(|line| line.replacen("sql.drop-table ", "", 1))
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_a_build_does_inside_its_image_and_templates_are_no_findings() {
    let scratch = Scratch::new("harmless");
    for (path, text) in [
        (
            "Dockerfile",
            "FROM x\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/* /tmp/*\nRUN rm -rf /root/.cache ~/.npm\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
        ),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: npm ci && npm test -- ${{ matrix.flags }}\n      - run: rm -rf node_modules\n",
        ),
        (
            "Makefile",
            ".PHONY: all\nall: build\n\nbuild:\n\tcargo build $(FLAGS)\n\nclean:\n\tcargo clean\n",
        ),
        (
            "package.json",
            "{\"scripts\": {\"build\": \"tsc -p .\", \"test\": \"jest\", \"clean\": \"rm -rf node_modules dist\"}}\n",
        ),
        (
            "compose.yaml",
            "services:\n  db:\n    image: postgres\n    command: postgres -c max_connections=200\n    healthcheck:\n      test: [CMD-SHELL, pg_isready -U app]\n",
        ),
        ("broken.json", "{"),
        ("values.yaml", "a: {{ .Values.x }}\n"),
        (
            "db/1.sql",
            "-- DropTable is not what happens here\nCREATE TABLE a (x int);\nALTER TABLE a ADD COLUMN y int;\nINSERT INTO a VALUES (1, 'DROP TABLE a');\n",
        ),
        (
            "db/structure.sql",
            "SET statement_timeout = 0;\nCREATE TABLE public.a (x int);\nCOPY public.a (x) FROM stdin;\n1; DROP TABLE a;\n\\.\n",
        ),
    ] {
        scratch.write(path, text);
    }
    assert_eq!(scratch.found(&[]), Vec::<String>::new());
}

#[test]
fn a_checkout_below_a_temporary_directory_is_no_scratch() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("repo")).unwrap();
    std::fs::write(
        folder.path().join("repo/a.sh"),
        "rm -rf data\nrm -rf /tmp/cache\npsql shop -f wipe.sql\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("repo/wipe.sql"),
        "SELECT 1;\nDROP TABLE t;\n",
    )
    .unwrap();
    let output = backstop(&folder.path().join("repo"))
        .args(["scan", "--format", "json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        findings(&report),
        [
            "files.recursive-delete a.sh:1:1",
            "sql.drop-table wipe.sql:2:1"
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_as_what_it_is_fails_the_scan() {
    let scratch = Scratch::new("unjudged");
    scratch.write(".github/workflows/a.yml", "jobs: [unclosed\n");
    let (code, report) = scratch.json(&[]);
    assert_eq!(
        (code, findings(&report)),
        (
            1,
            vec!["scan.unjudged .github/workflows/a.yml:1:1".to_owned()]
        )
    );
}
