//! Containers that `docker run --name` and `docker create --name` make: such a command fails where the name is taken.
//! It reads words only.

use crate::model::command::Command;
use crate::model::word::Word;

/// A container that was not there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub engine: String,
    pub name: String,
    /// It shares neither files nor the network with anything that was there before.
    pub alone: bool,
    /// Ports of this machine that lead into it.
    pub ports: Vec<u16>,
}

/// Images whose containers keep what they are given themselves.
const STORES: [&str; 14] = [
    "postgres",
    "redis",
    "valkey",
    "mongo",
    "mysql",
    "mariadb",
    "minio",
    "localstack",
    "elasticsearch",
    "opensearch",
    "dynamodb-local",
    "rabbitmq",
    "nats",
    "etcd",
];

/// Flags of `run` and `create` without a value.
const PLAIN: [&str; 14] = [
    "--detach",
    "--interactive",
    "--tty",
    "--rm",
    "--init",
    "--read-only",
    "--no-healthcheck",
    "--quiet",
    "--publish-all",
    "--oom-kill-disable",
    "--sig-proxy",
    "--disable-content-trust",
    "--privileged",
    "--replace",
];

/// Returns the container that a command makes.
pub fn made(engine: &str, command: &Command) -> Option<Container> {
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let verb = words
        .iter()
        .position(|word| word == "run" || word == "create")?;
    let head = words.get(..verb)?;
    if head
        .iter()
        .any(|word| word != "container" && !word.starts_with('-') && !after_option(head, word))
    {
        return None;
    }
    let options = read(words.get(verb + 1..)?);
    let value = |names: &[&str]| -> Vec<String> {
        let found = options
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        found.map(|(_, value)| value.clone()).collect()
    };
    let name = value(&["--name"]).pop()?;
    let known = !name.is_empty() && !name.contains(['$', '*', '?']);
    if !known || !value(&["--replace"]).is_empty() || !value(&["--help"]).is_empty() {
        return None;
    }
    let shared = [
        "-v",
        "--volume",
        "--mount",
        "--volumes-from",
        "--device",
        "--privileged",
    ];
    let nets = ["--network", "--net", "--pid", "--ipc", "--pod"];
    let outside = value(&nets)
        .iter()
        .any(|net| net == "host" || net.starts_with("container:") || net.contains('$'))
        || !value(&["--pod"]).is_empty();
    Some(Container {
        engine: engine.to_owned(),
        name,
        alone: value(&shared).is_empty() && !outside,
        ports: value(&["-p", "--publish"])
            .iter()
            .filter_map(|text| port(text))
            .collect(),
    })
}

/// Returns a container that goes on in the background under a name of the engine's: only its ports lead to it.
pub fn unnamed(engine: &str, command: &Command) -> Option<Container> {
    let verb = command
        .words
        .iter()
        .position(|word| word.text().as_deref() == Some("run"))?;
    let mut words = command.words.clone();
    let word = |text: &str| Word::literal(text, command.origin.clone());
    let detached = words.iter().skip(verb).any(|word| {
        let text = word.prefix();
        text == "--detach"
            || text.starts_with("-d")
            || matches!(text.as_str(), "-itd" | "-td" | "-id")
    });
    words.splice(
        verb + 1..=verb,
        [word("--name"), word("unnamed"), word("run")]
            .into_iter()
            .take(2),
    );
    let named = Command {
        words,
        ..command.clone()
    };
    // Of other images nobody knows whether they only lead on.
    let known = command.words.iter().any(|word| {
        let text = word.shown();
        let name = text.rsplit('/').next().unwrap_or_default();
        let name = name.split([':', '@']).next().unwrap_or_default();
        STORES.contains(&name)
    });
    let elsewhere = command.words.iter().any(|word| {
        let text = word.shown();
        let leads = ["--env-file", "--initial-cluster", "mongos"];
        text.contains("://") || leads.iter().any(|lead| text.starts_with(lead))
    });
    if !known || elsewhere {
        return None;
    }
    let given = command
        .words
        .iter()
        .any(|word| word.prefix().starts_with("--name"));
    let made = made(engine, &named).filter(|_| detached && !given)?;
    (!made.ports.is_empty()).then(|| Container {
        name: String::new(),
        ..made
    })
}

fn after_option(words: &[String], word: &String) -> bool {
    let before = words
        .iter()
        .position(|known| known == word)
        .and_then(|at| at.checked_sub(1));
    let before = before.and_then(|at| words.get(at));
    before.is_some_and(|before| {
        matches!(
            before.as_str(),
            "-H" | "--host" | "-c" | "--context" | "-l" | "--log-level" | "--config"
        )
    })
}

/// Returns the port of this machine of `5433:5432`; one that is bound to an address leads there only.
fn port(text: &str) -> Option<u16> {
    if text.ends_with("/udp") {
        return None;
    }
    let text = text.split('/').next().unwrap_or_default();
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [outer, _] => outer.parse().ok(),
        _ => None,
    }
}

/// Returns the options before the image.
fn read(words: &[String]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if let Some(long) = word.strip_prefix("--") {
            if long.is_empty() {
                break;
            }
            match word.split_once('=') {
                Some((name, value)) => all.push((name.to_owned(), value.to_owned())),
                None if PLAIN.contains(&word.as_str()) => {
                    all.push((word.clone(), "true".to_owned()))
                }
                None => all.push((word.clone(), rest.next().cloned().unwrap_or_default())),
            }
            continue;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        let mut chars = letters.char_indices();
        if let Some((at, letter)) = chars.find(|(_, letter)| !"ditPq".contains(*letter)) {
            let value = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = match value {
                "" => rest.next().cloned().unwrap_or_default(),
                value => value.trim_start_matches('=').to_owned(),
            };
            all.push((format!("-{letter}"), value));
        }
    }
    all
}
