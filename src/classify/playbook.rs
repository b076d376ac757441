//! Ansible playbooks that the same call wrote or feeds: each task as the line that says the same on the hosts.
//! Playbooks of the project are reviewed like its code and not read; what a template fills in is not guessed.

use std::collections::BTreeMap;

use crate::model::command::{Command, Stdin};
use crate::model::word::Word;

use super::Context;
use super::sql::Started;

/// More lines than this are not read.
const MAX_LINES: usize = 100_000;

/// Options under which nothing is changed.
const LOOKING: [&str; 6] = [
    "-C",
    "--check",
    "--syntax-check",
    "--list-tasks",
    "--list-hosts",
    "--list-tags",
];

/// Modules whose text is a command.
const RUNS: [&str; 6] = [
    "shell",
    "command",
    "raw",
    "expect",
    "win_shell",
    "win_command",
];

/// Modules that remove what they name when its state is to be absent: the keys that name it, and the line that says the same.
const ABSENT: [(&str, &[&str], &str); 14] = [
    ("file", &["path", "dest", "name"], "rm -rf --"),
    ("win_file", &["path", "dest", "name"], "rm -rf --"),
    ("postgresql_db", &["name", "db"], "dropdb"),
    (
        "postgresql_schema",
        &["name", "schema"],
        "psql -c 'DROP SCHEMA x CASCADE' --",
    ),
    (
        "postgresql_table",
        &["name", "table"],
        "psql -c 'DROP TABLE x' --",
    ),
    ("mysql_db", &["name", "db"], "mysqladmin drop"),
    (
        "mongodb_database",
        &["name"],
        "mongosh --eval 'db.dropDatabase()'",
    ),
    (
        "docker_volume",
        &["name", "volume_name"],
        "docker volume rm",
    ),
    ("podman_volume", &["name"], "podman volume rm"),
    ("user", &["name"], "userdel"),
    ("lvol", &["lv"], "lvremove -f"),
    ("lvg", &["vg"], "vgremove -f"),
    ("zfs", &["name"], "zfs destroy"),
    ("s3_bucket", &["name"], "aws s3 rb --force"),
];

/// Modules that send a statement.
const QUERIES: [(&str, &str); 4] = [
    ("postgresql_query", "psql -c"),
    ("postgresql_script", "psql -c"),
    ("mysql_query", "mysql -e"),
    ("mssql_script", "sqlcmd -Q"),
];

/// Returns what the tasks of a playbook start on its hosts, written as lines of `ssh`.
pub fn started(command: &Command, context: &Context<'_>) -> Vec<Started> {
    if command.program().as_deref() != Some("ansible-playbook") {
        return Vec::new();
    }
    let looks = |word: &Word| {
        word.text()
            .is_some_and(|text| LOOKING.contains(&text.as_str()))
    };
    if command.args().iter().any(looks) {
        return Vec::new();
    }
    let texts = command
        .args()
        .iter()
        .filter_map(|word| given(word, command, context));
    let lines: Vec<String> = texts.flat_map(|text| tasks(&text)).collect();
    lines
        .into_iter()
        .map(|line| Started {
            text: format!("ssh hosts {}", quoted(&line)),
            origin: command.origin.clone(),
        })
        .collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns the text of a playbook that this call gives itself.
fn given(word: &Word, command: &Command, context: &Context<'_>) -> Option<String> {
    let name = word.text()?;
    if matches!(name.as_str(), "/dev/stdin" | "-") {
        return match &command.stdin {
            Stdin::Text(text) => text.text(),
            Stdin::File(_) | Stdin::Opaque { .. } | Stdin::Inherited | Stdin::Null => None,
        };
    }
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let path = yaml.then(|| super::place_of(&name, command))??;
    super::packs::written(&path, context)?.text()
}

/// A line of YAML: how far it stands in, its key and what follows it.
struct Line<'t> {
    indent: usize,
    key: &'t str,
    value: &'t str,
}

impl<'t> Line<'t> {
    fn read(text: &'t str) -> Self {
        let bare = text.trim_start();
        let mut indent = text.len() - bare.len();
        let mut rest = bare;
        while let Some(inner) = rest.strip_prefix("- ") {
            let trimmed = inner.trim_start();
            indent += rest.len() - trimmed.len();
            rest = trimmed;
        }
        let (key, value) = match rest.split_once(':') {
            Some((key, value)) if value.is_empty() || value.starts_with([' ', '\t']) => {
                (key, value)
            }
            _ => ("", rest),
        };
        Self {
            indent,
            key: key.trim().trim_matches(['"', '\'']),
            value: value.trim(),
        }
    }
}

/// Returns the commands that the tasks of a playbook stand for.
fn tasks(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let mut all = Vec::new();
    for (at, text) in lines.iter().enumerate() {
        let line = Line::read(text);
        let module = line.key.rsplit('.').next().unwrap_or_default();
        let known = RUNS.contains(&module)
            || ABSENT.iter().any(|(name, ..)| *name == module)
            || QUERIES.iter().any(|(name, _)| *name == module);
        if !known {
            continue;
        }
        let below: Vec<&str> = lines
            .iter()
            .skip(at + 1)
            .take_while(|next| next.trim().is_empty() || Line::read(next).indent > line.indent)
            .copied()
            .collect();
        all.extend(task(module, line.value, &below).filter(|line| !line.contains("{{")));
    }
    all
}

/// Returns the command of one task.
fn task(module: &str, value: &str, below: &[&str]) -> Option<String> {
    if RUNS.contains(&module) {
        if value.starts_with(['|', '>']) {
            let lines: Vec<&str> = below.iter().map(|line| line.trim()).collect();
            return Some(lines.join("\n"));
        }
        let keys = keys(value, below);
        let text = keys.get("cmd").cloned();
        return text.or_else(|| (!value.is_empty()).then(|| bare(value).to_owned()));
    }
    let keys = keys(value, below);
    if let Some((_, client)) = QUERIES.iter().find(|(name, _)| *name == module) {
        return Some(format!("{client} {}", quoted(keys.get("query")?)));
    }
    let (_, names, line) = ABSENT.iter().find(|(name, ..)| *name == module)?;
    let gone = matches!(
        keys.get("state").map(String::as_str),
        Some("absent" | "deleted")
    );
    let name = names.iter().find_map(|name| keys.get(*name))?;
    let home = module == "user"
        && keys
            .get("remove")
            .is_some_and(|text| text == "yes" || text == "true");
    let more = if home { " -r" } else { "" };
    gone.then(|| format!("{line}{more} {}", quoted(name)))
}

/// Returns the arguments of a module: `a=b c=d`, `{a: b, c: d}` or lines below it.
fn keys(value: &str, below: &[&str]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut keep = |key: &str, value: &str| {
        all.insert(bare(key).to_owned(), bare(value).to_owned());
    };
    if let Some(inner) = value.strip_prefix('{') {
        let pairs = inner.trim_end_matches('}').split(',');
        pairs
            .filter_map(|pair| pair.split_once(':'))
            .for_each(|(key, value)| keep(key, value));
    } else {
        let pairs = value.split_whitespace();
        pairs
            .filter_map(|pair| pair.split_once('='))
            .for_each(|(key, value)| keep(key, value));
    }
    for line in below
        .iter()
        .map(|line| Line::read(line))
        .filter(|line| !line.key.is_empty())
    {
        keep(line.key, line.value);
    }
    all
}

fn bare(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::tasks;

    #[test]
    fn modules_say_what_they_remove_or_run_in_each_of_their_forms() {
        let text = "- hosts: db\n  tasks:\n    - name: clean\n      ansible.builtin.file:\n        path: /srv/data\n        state: absent\n    - file: {path: /srv/x, state: absent}\n    - mysql_db: name=shop state=absent\n    - shell: |\n        dropdb shop\n        echo done\n    - command:\n        cmd: rm -rf /srv/y\n    - community.postgresql.postgresql_query:\n        query: TRUNCATE orders\n";
        assert_eq!(
            tasks(text),
            [
                "rm -rf -- '/srv/data'",
                "rm -rf -- '/srv/x'",
                "mysqladmin drop 'shop'",
                "dropdb shop\necho done",
                "rm -rf /srv/y",
                "psql -c 'TRUNCATE orders'",
            ]
        );
    }

    #[test]
    fn what_is_made_or_filled_in_by_a_template_gives_nothing() {
        let text = "- hosts: db\n  tasks:\n    - file: {path: /srv/x, state: directory}\n    - file:\n        path: \"{{ app }}/old\"\n        state: absent\n    - apt: name=nginx state=absent\n    - debug: msg='rm -rf /'\n";
        assert_eq!(tasks(text), [""; 0]);
    }
}
