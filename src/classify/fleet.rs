//! Programs that run one text on many hosts: ad hoc commands of Ansible, Salt and the parallel shells.
//! It only finds the text; it is judged as if `ssh` carried it there.

use crate::model::command::{Command, Stdin};

use crate::model::word::Word;

use super::tree::{self, Node};

use super::sql::Started;

/// Parallel shells: program, and its options that take a value.
const SHELLS: &[(&str, &[&str])] = &[
    (
        "clush",
        &["-w", "-x", "-g", "-X", "-f", "-t", "-u", "-l", "-o"],
    ),
    ("dsh", &["-m", "-g", "-f", "-r", "-o"]),
    ("cssh", &["-a", "-l", "-o", "-p"]),
    ("xpanes", &["-n", "-l"]),
    ("pyinfra", &["--limit", "--user"]),
    ("bolt", &["-t", "-u", "--targets", "--user"]),
];

/// Returns what such a program starts elsewhere, written as a line of `ssh`.
pub fn started(command: &Command) -> Vec<Started> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    let text = match program.as_str() {
        "ddev" | "lando" | "symfony" | "wp-env" | "docksal" | "fin" => carried(&program, command),
        "wp" | "drush" | "n98-magerun2" | "manage.py" | "django-admin" => {
            asked_of(&program, command.args())
        }
        "console" => asked_of("console", command.args()),
        "php" => {
            let mut args = command.args().iter();
            let at = args.position(|word| is_script(word, "console"));
            at.and_then(|at| asked_of("console", command.args().get(at + 1..)?))
        }
        name if name.starts_with("python") || name == "py" => {
            let at = command
                .args()
                .iter()
                .position(|word| is_script(word, "manage.py"));
            at.and_then(|at| asked_of("manage.py", command.args().get(at + 1..)?))
        }
        "kubectl" | "oc" => pod(command),
        "mussh" => value(command, &["-c"]),
        "ansible" => ansible(command),
        "salt" | "salt-call" | "salt-ssh" => salt(command),
        name => SHELLS
            .iter()
            .find(|(known, _)| *known == name)
            .and_then(|(_, valued)| rest(command, valued)),
    };
    // A minion that is asked directly is this machine.
    let here = program == "salt-call";
    let hosts = hosts(&program, command);
    text.map(|text| Started {
        text: match here {
            true => text,
            false => format!("ssh {} {}", quoted(&hosts), quoted(&text)),
        },
        origin: command.origin.clone(),
    })
    .into_iter()
    .collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns the hosts that a line names, as it names them.
fn hosts(program: &str, command: &Command) -> String {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let named = match program {
        "ansible" => words.first(),
        "salt" | "salt-ssh" => function(&words)
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| words.get(at)),
        _ => None,
    };
    let named = named.filter(|word| !word.is_empty() && !word.starts_with('-'));
    named.cloned().unwrap_or_else(|| "hosts".to_owned())
}

/// Returns the place of the function among the words of Salt.
fn function(words: &[String]) -> Option<usize> {
    let begins = |word: &String| {
        let (module, name) = word.split_once('.').unwrap_or_default();
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
        };
        is_name(module) && is_name(name)
    };
    words.iter().position(begins)
}

/// The script of a project, as an operand of the interpreter.
fn is_script(word: &Word, name: &str) -> bool {
    word.text()
        .is_some_and(|text| text.rsplit('/').next() == Some(name))
}

/// Front ends of a database that take a statement: `wp db query SQL`, `drush sqlq SQL`, `bin/console dbal:run-sql SQL`, `manage.py dbshell -- -c SQL`.
fn asked_of(program: &str, args: &[Word]) -> Option<String> {
    let words: Vec<String> = args
        .iter()
        .map(Word::shown)
        .filter(|word| !word.starts_with("--") || word == "--")
        .skip_while(|word| word.starts_with('@'))
        .collect();
    let quoted = |text: &String| format!("'{}'", text.replace('\'', "'\\''"));
    match (program, words.as_slice()) {
        ("wp", [db, query, text, ..]) if db == "db" && query == "query" => {
            Some(format!("mysql -e {}", quoted(text)))
        }
        ("drush", [sub, text, ..])
            if matches!(sub.as_str(), "sqlq" | "sql-query" | "sql:query") =>
        {
            Some(format!("mysql -e {}", quoted(text)))
        }
        ("console", [sub, text, ..])
            if matches!(
                sub.as_str(),
                "dbal:run-sql" | "doctrine:query:sql" | "doctrine:query:dql"
            ) =>
        {
            Some(format!("mysql -e {}", quoted(text)))
        }
        ("n98-magerun2", [sub, text, ..]) if sub == "db:query" => {
            Some(format!("mysql -e {}", quoted(text)))
        }
        ("manage.py" | "django-admin", [sub, dash, option, text, ..])
            if sub == "dbshell" && dash == "--" && option == "-c" =>
        {
            Some(format!("psql -c {}", quoted(text)))
        }
        _ => None,
    }
}

/// `kubectl create cronjob NAME … -- COMMAND`, and such a job from standard input.
fn pod(command: &Command) -> Option<String> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if let Some(text) = applied(command, &words) {
        return Some(text);
    }
    if words.iter().any(|word| word.starts_with("--dry-run")) {
        return None;
    }
    let makes = words.iter().zip(words.iter().skip(1)).any(|(verb, kind)| {
        verb == "create"
            && matches!(
                kind.as_str(),
                "job" | "jobs" | "cronjob" | "cronjobs" | "cj"
            )
    });
    let at = words
        .iter()
        .position(|word| word == "--")
        .filter(|_| makes)?;
    Some(line(words.get(at + 1..)?.iter().map(String::as_str)))
}

fn line<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    quoted.join(" ")
}

/// `kubectl apply -f -` of a Job or CronJob: what its containers start.
fn applied(command: &Command, words: &[String]) -> Option<String> {
    let verb = words.iter().find(|word| !word.starts_with('-'))?;
    let from_input = words
        .iter()
        .any(|word| matches!(word.as_str(), "-" | "-f-" | "--filename=-" | "/dev/stdin"));
    let dry = words.iter().any(|word| word.starts_with("--dry-run"));
    let Stdin::Text(text) = &command.stdin else {
        return None;
    };
    if dry || !from_input || !matches!(verb.as_str(), "apply" | "create" | "replace") {
        return None;
    }
    let documents = tree::read(&text.shown()).ok()?;
    let jobs = documents.iter().filter(|document| {
        let kind = document.get("kind").and_then(Node::text);
        matches!(kind, Some("Job" | "CronJob"))
    });
    let mut lines = Vec::new();
    for job in jobs {
        containers(job, &mut lines);
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Adds the command lines of the containers below a node; its depth is bounded by the reader.
fn containers(node: &Node, lines: &mut Vec<String>) {
    match node {
        Node::Text(_) => {}
        Node::List(items) => items.iter().for_each(|item| containers(item, lines)),
        Node::Map(entries) => {
            let words: Vec<&str> = ["command", "args"]
                .iter()
                .filter_map(|key| node.get(key))
                .flat_map(Node::texts)
                .collect();
            if node.get("image").is_some() && !words.is_empty() {
                lines.push(line(words.into_iter()));
            }
            for (_, value) in entries {
                containers(value, lines);
            }
        }
    }
}

/// Development stacks that run a program of the project inside: `lando wp …`, `symfony console …`, `wp-env run cli wp …`.
fn carried(program: &str, command: &Command) -> Option<String> {
    let words: Vec<String> = command
        .args()
        .iter()
        .map(|word| format!("'{}'", word.shown().replace('\'', "'\\''")))
        .collect();
    let first = command.args().first()?.shown();
    let from = match (program, first.as_str()) {
        ("symfony", "console") => {
            return Some(format!("bin/console {}", words.get(1..)?.join(" ")));
        }
        ("wp-env", "run") => 2,
        (_, "exec" | "run" | "ssh" | "php") => 1,
        _ => 0,
    };
    Some(words.get(from..)?.join(" "))
}

/// `ansible all -m shell -a TEXT`; without a module the text is a command.
fn ansible(command: &Command) -> Option<String> {
    let module = value(command, &["-m", "--module-name"]).unwrap_or_else(|| "command".to_owned());
    let name = module.rsplit('.').next().unwrap_or_default();
    let rehearses = command.args().iter().any(|word| {
        matches!(
            word.text().as_deref(),
            Some("-C" | "--check" | "--list-hosts")
        )
    });
    let runs = matches!(
        name,
        "shell" | "command" | "raw" | "expect" | "win_shell" | "win_command"
    );
    (runs && !rehearses)
        .then(|| value(command, &["-a", "--args"]))
        .flatten()
}

/// `salt '*' cmd.run TEXT`, `salt '*' file.remove PATH`.
fn salt(command: &Command) -> Option<String> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if words
        .iter()
        .any(|word| word.eq_ignore_ascii_case("test=true"))
    {
        return None;
    }
    let at = function(&words)?;
    let name = words.get(at)?.as_str();
    let rest = words.get(at + 1..).unwrap_or_default();
    match name {
        "cmd.run" | "cmd.shell" | "cmd.run_all" => rest.first().cloned(),
        "file.remove" | "file.rmdir" => Some(format!("rm -rf -- {}", rest.join(" "))),
        "state.single" if rest.first().map(String::as_str) == Some("file.absent") => {
            let path = rest.iter().find_map(|word| word.strip_prefix("name="))?;
            Some(format!("rm -rf -- {path}"))
        }
        _ => None,
    }
}

fn value(command: &Command, options: &[&str]) -> Option<String> {
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = word.prefix();
        if options.contains(&text.as_str()) {
            return words.next().map(Word::shown);
        }
        if let Some((name, _)) = text.split_once('=')
            && options.contains(&name)
        {
            return word
                .shown()
                .split_once('=')
                .map(|(_, value)| value.to_owned());
        }
    }
    None
}

/// Returns the words after the options.
fn rest(command: &Command, valued: &[&str]) -> Option<String> {
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = word.prefix();
        if matches!(text.as_str(), "-c" | "--") {
            continue;
        }
        if valued.contains(&text.as_str()) {
            words.next();
        } else if !text.starts_with('-') {
            let all = std::iter::once(word).chain(words).map(Word::shown);
            return Some(all.collect::<Vec<_>>().join(" "));
        }
    }
    None
}
