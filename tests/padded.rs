//! What stands behind much harmless text is found, or the text is told to be too long: whatever a room reads only in part
//! is never passed in silence. Every form is padded to more lines, words or values than any room looks at one by one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests may unwrap and print"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Repetitions of the harmless part: few enough for every list to be gone through, and more than any list is.
const COUNTS: [usize; 4] = [1, 70, 700, 5_000];
/// Bytes after which no more is put in front.
const SIZE: usize = 40_000;

/// Head, harmless part (`#` stands for its number), and the end that loses something.
const SHELL: &[(&str, &str, &str)] = &[
    ("", "echo #\n", "rm -rf data"),
    (
        "cat > f.sh <<'EOF'\n",
        "echo #\n",
        "rm -rf data\nEOF\nsh f.sh",
    ),
    (
        "for i in ",
        "w# ",
        "data; do [ $i = data ] && rm -rf $i; done",
    ),
    ("for i in ", "true ", "'rm -rf data'; do $i; done"),
    ("rm -f ", "/tmp/w# ", "~/app.db"),
    (
        "a=(",
        "true ",
        "rm); for x in ${a[@]}; do $x -rf data; done",
    ),
    ("case $1 in ", "w#) echo;; ", "z) rm -rf data;; esac"),
    ("f() { rm -rf \"${@: -1}\"; }; f ", "w# ", "data"),
    (
        "while read x; do $x; done <<'E'\n",
        "echo #\n",
        "rm -rf data\nE",
    ),
    ("xargs rm -rf <<'E'\n", "/tmp/w#\n", "data\nE"),
    (
        "xargs -I{} sh -c '{}' <<'E'\n",
        "echo #\n",
        "rm -rf data\nE",
    ),
    ("printf '%s\\n' ", "'echo #' ", "'rm -rf data' | sh"),
    ("awk '{print}' <<'E' | sh\n", "echo #\n", "rm -rf data\nE"),
    ("sed 's/a/b/' <<'E' | sh\n", "echo #\n", "rm -rf dbtb\nE"),
    (
        "sed -f unknown.sed <<'E' | sh\n",
        "echo #\n",
        "rm -rf data\nE",
    ),
    ("grep -v '#' <<'E' | sh\n", "echo #\n", "rm -rf data\nE"),
    ("", "x+='echo #;'\n", "x+='rm -rf data'\neval \"$x\""),
    (
        "",
        "echo 'echo #' >> f.sh\n",
        "echo 'rm -rf data' >> f.sh\nsh f.sh",
    ),
    ("env ", "A#=1 ", "rm -rf data"),
    ("env ", "-u A# ", "rm -rf data"),
    ("find . ", "-not -name w# ", "-delete"),
    ("find . ", "-name w# -o ", "-name data -exec rm -rf {} +"),
    ("parallel ::: ", "'echo #' ", "'rm -rf data'"),
    ("git push origin ", "a# ", "+main"),
    ("git ", "-c a.b#=1 ", "reset --hard"),
    ("git rebase ", "-x 'echo #' ", "-x 'rm -rf data' HEAD~3"),
    ("docker run ", "-e A#=1 ", "-v data:/d img rm -rf /d"),
    ("dd ", "conv=noerror ", "if=/dev/zero of=/dev/sda"),
    ("sed -n '", "#p;", "1e rm -rf data' f"),
    ("vim ", "-c 'set nu' ", "-c '!rm -rf data' f"),
    ("tmux ", "new -d \\; ", "send-keys 'rm -rf data' Enter"),
    (
        "cat > Makefile <<'E'\n",
        "t#:\n\techo #\n",
        "clean:\n\trm -rf data\nE\nmake clean",
    ),
    (
        "cat > package.json <<'E'\n{\"scripts\":{",
        "\"s#\":\"echo #\",",
        "\"clean\":\"rm -rf data\"}}\nE\nnpm run clean",
    ),
    (
        "cat > p.yml <<'E'\n- hosts: all\n  tasks:\n",
        "  - debug: msg=a#\n",
        "  - shell: rm -rf /srv/data\nE\nansible-playbook p.yml",
    ),
    (
        "python3 - <<'E'\n",
        "print(#)\n",
        "import shutil; shutil.rmtree('data')\nE",
    ),
    (
        "python3 - <<'E'\n",
        "os.system('echo #')\n",
        "os.system('rm -rf data')\nE",
    ),
    (
        "python3 - <<'E'\nimport os\n",
        "os.remove('/tmp/#')\n",
        "os.remove('app.db')\nE",
    ),
    (
        "cat > s.py <<'E'\nimport os\n",
        "os.remove('/tmp/#')\n",
        "os.remove('app.db')\nE\npython3 s.py",
    ),
    (
        "python3 -c \"import shutil\nfor d in [",
        "'/tmp/#',",
        "'data']: shutil.rmtree(d)\"",
    ),
    (
        "python3 -c \"import subprocess\nfor d in [",
        "'echo #',",
        "'rm -rf data']: subprocess.run(d,shell=True)\"",
    ),
    (
        "python3 -c \"import os; c=''\n",
        "c+='echo #;'\n",
        "c+='rm -rf data'\nos.system(c)\"",
    ),
    (
        "python3 -c \"import shutil\ndef f(p): shutil.rmtree(p)\n",
        "f('/tmp/#')\n",
        "f('data')\"",
    ),
    (
        "node -e \"for (const d of [",
        "'/tmp/#',",
        "'data']) require('fs').rmSync(d,{recursive:true})\"",
    ),
    (
        "node - <<'E'\n",
        "console.log(#);\n",
        "require('fs').rmSync('data',{recursive:true})\nE",
    ),
    (
        "ruby - <<'E'\n",
        "puts #\n",
        "require 'fileutils'; FileUtils.rm_rf('data')\nE",
    ),
    (
        "perl - <<'E'\n",
        "print #;\n",
        "use File::Path; rmtree('data');\nE",
    ),
    ("psql -c \"", "select #;", "drop table users\""),
    ("psql <<'E'\n", "savepoint s#;\n", "drop table users;\nE"),
    (
        "psql -c \"alter table users ",
        "add a# int, ",
        "drop column email\"",
    ),
    ("psql ", "-c 'select #' ", "-c 'drop table users'"),
    (
        "mongosh app <<'E'\n",
        "db.a.find(#)\n",
        "db.users.drop()\nE",
    ),
    ("redis-cli <<'E'\n", "GET a#\n", "DEL a\nE"),
    ("redis-cli <<'E'\nMULTI\n", "GET a#\n", "DEL a\nEXEC\nE"),
    ("etcdctl <<'E'\n", "get a#\n", "del --prefix /\nE"),
    ("nc h 6379 <<'E'\n", "GET a#\n", "FLUSHALL\nE"),
    ("sftp h <<'E'\n", "get #\n", "rm data\nE"),
    ("cat > f <<'E'\n", "GET /a#\n", "DELETE /users\nE\nhurl f"),
    ("curl ", "-H 'A: #' ", "-X DELETE http://es:9200/users"),
    ("aws s3 rm ", "--exclude a# ", "--recursive s3://b"),
];

fn padded((head, part, end): (&str, &str, &str), count: usize) -> String {
    let mut text = head.to_owned();
    for number in 1..=count {
        if text.len() > SIZE {
            break;
        }
        text.push_str(&part.replace('#', &number.to_string()));
    }
    text.push_str(end);
    text
}

fn call(tool: &str, input: &Value) -> String {
    json!({"tool_name": tool, "tool_input": input, "cwd": "/srv/nowhere"}).to_string()
}

/// Judges calls without facts; returns their verdicts.
fn verdicts(calls: &[String]) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args([
            "check",
            "--batch",
            "--facts",
            "none",
            "--cwd",
            "/srv/nowhere",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = calls.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|answer| answer["verdict"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_stands_behind_much_harmless_text_is_never_passed() {
    let mut calls = Vec::new();
    let mut names = Vec::new();
    for form in SHELL {
        for count in COUNTS {
            calls.push(call("Bash", &json!({"command": padded(*form, count)})));
            names.push(format!("{count} x {} in {}…{}", form.1, form.0, form.2));
        }
    }
    let answers = verdicts(&calls);
    assert_eq!(answers.len(), names.len());
    let passed: Vec<&String> = names
        .iter()
        .zip(&answers)
        .filter(|(_, verdict)| *verdict == "allow")
        .map(|(name, _)| name)
        .collect();
    assert!(passed.is_empty(), "passed: {passed:#?}");
}

#[test]
fn files_of_many_jobs_are_read_to_their_end() {
    let lines = padded(
        (
            "",
            "* * * * * root echo #\n",
            "* * * * * root rm -rf /srv/data\n",
        ),
        1_000,
    );
    let powershell = padded(
        ("", "Write-Host #\n", "Remove-Item -Recurse -Force C:\\data"),
        1_000,
    );
    let statements: Vec<String> = (0..1_000)
        .map(|number| format!("select {number}"))
        .chain(["drop table users".to_owned()])
        .collect();
    let calls = [
        call(
            "Write",
            &json!({"file_path": "/etc/cron.d/a", "content": lines}),
        ),
        call("PowerShell", &json!({"command": powershell})),
        call("mcp__pg__query", &json!({"statements": statements})),
    ];
    assert_eq!(verdicts(&calls), ["hold", "hold", "hold"]);
}

#[test]
fn long_lists_that_lose_nothing_pass() {
    let forms = [
        ("for i in ", "w# ", "data; do echo $i; done"),
        (
            "e=$(command -v podman); for i in ",
            "# ",
            "0; do $e exec a ls && break; done",
        ),
        ("xargs -n1 echo <<'E'\n", "w#\n", "data\nE"),
        (
            "while read x; do echo \"$x\"; done <<'E'\n",
            "w#\n",
            "data\nE",
        ),
        ("python3 -c \"for d in [", "'w#',", "'data']: print(d)\""),
        ("redis-cli <<'E'\n", "GET a#\n", "GET b\nE"),
        (
            "python3 - <<'E'\nimport sqlite3\nc = sqlite3.connect('a.db')\nfor a in [",
            "#, ",
            "0]: c.execute(f'insert into t values ({a})')\nc.commit()\nE",
        ),
    ];
    let calls: Vec<String> = forms
        .iter()
        .map(|form| call("Bash", &json!({"command": padded(*form, 700)})))
        .collect();
    let answers = verdicts(&calls);
    for (form, verdict) in forms.iter().zip(answers) {
        assert_eq!(verdict, "allow", "{form:?}");
    }
}
