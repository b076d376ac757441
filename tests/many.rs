//! The same thing over and over, numbered: a text of 64 KiB of any kind is judged to the end,
//! and takes a bounded amount of memory.
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

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Size of every text.
const SIZE: usize = 64 << 10;
/// After this something has no end in sight. The goal, a second in an optimised build, is for a benchmark to compare, not for a test.
const LIMIT_MS: u64 = 60_000;
/// Address space of the program: its stacks and what a text of this size may make it take.
const MEMORY_KIB: u64 = 2 << 20;

/// A kind of text: name, beginning, what is repeated (`%` is the number of the round, `^` the next one), end.
type Kind = (&'static str, &'static str, &'static str, &'static str);

const SHELL: &[Kind] = &[
    ("removals", "", "rm -rf a%; ", ""),
    ("operands", "rm -rf ", "a% ", ""),
    (
        "operands of a function",
        "f() { rm $@; shift; f $@; }; f ",
        "a% ",
        "",
    ),
    ("variables", "", "v%=x\n", "rm -rf $v7"),
    (
        "exported variables",
        "",
        "export v%=x; ls $v%\n",
        "rm -rf $v7",
    ),
    (
        "exported values that grow",
        "v0=x\n",
        "export v^=$v%/a; ls $v^\n",
        "rm -rf x",
    ),
    ("values that double", "v0=x\n", "v^=$v%$v%\n", "rm -rf x"),
    ("elements", "", "a[%]=x\n", "rm -rf x"),
    ("folders entered", "", "cd a%; rm -rf b\n", ""),
    ("folders pushed", "", "pushd a%; rm -rf b\n", ""),
    ("branches", "", "if x; then v%=1; fi; rm -rf $v%/a\n", ""),
    ("arms of one case", "case $x in\n", "a%) rm a%;;\n", "esac"),
    ("functions", "", "f%() { rm a%; }; f%\n", ""),
    (
        "functions that call the one before",
        "f0() { rm x; }\n",
        "f^() { f%; f%; }\n",
        "f90",
    ),
    (
        "aliases of aliases",
        "alias a0='rm x'\n",
        "alias a^='a%'\n",
        "a90 z",
    ),
    ("lines added to a script", "", "echo rm x% >> f\n", "sh f"),
    ("statements", "psql <<'E'\n", "DROP TABLE t%;\n", "E\n"),
    (
        "programs started by a client",
        "psql <<'E'\n",
        "\\! rm f%\n",
        "E\n",
    ),
    (
        "folders entered by code",
        "python3 - <<'E'\nimport os\n",
        "os.chdir('a%')\nos.remove('b')\n",
        "E\n",
    ),
    (
        "values made from the one before",
        "python3 - <<'E'\nimport os\nv0='rm '\n",
        "v^=v%+v%\n",
        "os.system(v90)\nE\n",
    ),
    (
        "bodies of here-documents for all",
        "{ ",
        "a% -x y;",
        " } <<E\nrm x\nE\nrm -rf x",
    ),
    ("paths restored", "", "git checkout -- f%\n", ""),
    ("files for a client", "psql ", "-f a% ", ""),
    ("unknown words for a client", "sqlite3 ", "$v% ", ""),
    (
        "tables of one statement",
        "psql -c \"DROP TABLE ",
        "t%, ",
        "z\"",
    ),
    ("clients on one line", "", "psql -c \"DROP TABLE t%\"; ", ""),
    (
        "unknown values in a query",
        "psql <<'E'\nSELECT ",
        "$1 ",
        "\nE\n",
    ),
    ("empty statements", "mysql <<'E'\n", ";", "\nE\n"),
    ("options of a tool", "aws s3 rm ", "-f a% ", ""),
    ("traps", "", "trap \"rm a%\" EXIT\n", ""),
    (
        "traps of branches",
        "",
        "trap \"rm a%\" EXIT; if x; then trap \"rm b%\" EXIT; fi\n",
        "",
    ),
    ("scripts written and run", "", "echo rm x > s%; sh s%\n", ""),
    (
        "scripts of a package that run the one before twice",
        "cat > package.json <<'E'\n{\"scripts\":{\"s0\":\"rm -rf x\",",
        "\"s^\":\"npm run s% && npm run s%\",",
        "\"z\":\"ls\"}}\nE\nnpm run s90",
    ),
];

const POWERSHELL: &[Kind] = &[
    (
        "folders entered",
        "",
        "Set-Location a%; Remove-Item b\n",
        "",
    ),
    ("elements", "Remove-Item ", "'a%',", "'z'"),
    (
        "exported variables",
        "",
        "$env:A%='x'; ls\n",
        "Remove-Item -Recurse x",
    ),
    (
        "values that double",
        "$v0='x'\n",
        "$v^=$v%+$v%\n",
        "Remove-Item $v9",
    ),
];

fn text(kind: &Kind) -> String {
    let (_, head, unit, tail) = kind;
    let mut all = (*head).to_owned();
    let mut round = 0_usize;
    while all.len() + tail.len() < SIZE {
        let next = unit.replace('^', &(round + 1).to_string());
        all.push_str(&next.replace('%', &round.to_string()));
        round += 1;
    }
    all + tail
}

/// Judges texts in one program that may take this much memory and no more.
fn judged(tool: &str, texts: &[String]) -> Vec<Value> {
    let program = env!("CARGO_BIN_EXE_backstop");
    let limited =
        format!("ulimit -v {MEMORY_KIB}; exec \"$0\" check --batch --facts none --cwd /srv/app");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &limited, program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = texts.iter().fold(String::new(), |mut all, text| {
        let _ = writeln!(
            all,
            "{}",
            json!({"tool_name": tool, "tool_input": {"command": text}})
        );
        all
    });
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn answered(tool: &str, kinds: &[Kind]) {
    let texts: Vec<String> = kinds.iter().map(text).collect();
    let answers = judged(tool, &texts);
    assert_eq!(
        answers.len(),
        kinds.len(),
        "an answer is missing: out of memory?"
    );
    let mut wrong = String::new();
    for ((name, ..), answer) in kinds.iter().zip(&answers) {
        let took = answer["elapsed_us"].as_u64().unwrap() / 1_000;
        println!("{tool}, {name}: {took} ms, {}", answer["verdict"]);
        if took > LIMIT_MS || !answer["error"].is_null() {
            let _ = writeln!(
                wrong,
                "{name}: {took} ms, {}, {}",
                answer["verdict"], answer["error"]
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_shell_text_of_many_equal_parts_is_judged_in_time_and_memory() {
    answered("Bash", SHELL);
}

#[test]
fn a_powershell_text_of_many_equal_parts_is_judged_in_time_and_memory() {
    answered("PowerShell", POWERSHELL);
}

#[test]
fn what_a_finding_tells_of_a_long_command_is_bounded() {
    let names = |count: usize| (0..count).map(|n| format!("-f a{n} ")).collect::<String>();
    let tables = |count: usize| (0..count).map(|n| format!("t{n}, ")).collect::<String>();
    let texts: Vec<String> = [1_000, 2_000]
        .iter()
        .flat_map(|count| {
            let statement = format!("psql -c \"DROP TABLE {}z\"", tables(*count));
            [format!("psql {}", names(*count)), statement]
        })
        .collect();
    let answers = judged("Bash", &texts);
    let sizes: Vec<usize> = answers.iter().map(|one| one.to_string().len()).collect();
    for (once, twice) in sizes.iter().zip(sizes.iter().skip(2)) {
        assert!(*twice < once * 5 / 2, "{sizes:?}");
    }
}

#[test]
fn scripts_of_a_package_that_go_on_without_end_are_held_and_one_that_runs_itself_is_not() {
    let package = |scripts: &str, run: &str| {
        format!("cat > package.json <<'E'\n{{\"scripts\":{{{scripts}}}}}\nE\nnpm run {run}")
    };
    let chain = |from: &str| {
        let steps = (0..20).map(|n| format!(",\"s{}\":\"npm run s{n}\"", n + 1));
        format!("\"s0\":\"{from}\"{}", steps.collect::<String>())
    };
    let twice = (0..20).map(|n| format!(",\"s{}\":\"npm run s{n} && npm run s{n}\"", n + 1));
    let texts = [
        package(&chain("rm -rf data"), "s9"),
        package(&chain("rm -rf data"), "s20"),
        package(
            &format!("\"s0\":\"ls\"{}", twice.collect::<String>()),
            "s11",
        ),
        package(&chain("ls"), "s9"),
        package(
            "\"build\":\"npm run build --workspaces && npm run build -w b\"",
            "build",
        ),
    ];
    let verdicts: Vec<Value> = judged("Bash", &texts)
        .iter()
        .map(|answer| answer["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["hold", "hold", "hold", "allow", "allow"]);
}

#[test]
fn long_ordinary_work_is_not_too_much_to_read() {
    let settings: String = (0..400).fold(String::new(), |mut all, n| {
        let _ = writeln!(
            all,
            "export SETTING_{n}=\"${{SETTING_{n}:-value {n}}}\"\necho \"$SETTING_{n}\""
        );
        all
    });
    let list: String = (0..900).fold("files=()\n".to_owned(), |mut all, n| {
        let _ = writeln!(all, "files+=(\"src/part{n}.rs\")");
        all
    });
    let texts = [settings, list + "wc -l \"${files[@]}\"\n"];
    for answer in judged("Bash", &texts) {
        assert_eq!(answer["verdict"], "allow", "{}", answer["findings"]);
    }
}
