//! Which server, engine or cluster a command speaks to, as far as its words and variables say.
//! What a configuration file says is not read: a command that changes one turns the tools elsewhere.

use crate::model::command::{Command, Passage};
use crate::model::word::Word;

/// Options and variables that say which engine or cluster a tool talks to.
const SIDES: [&str; 10] = [
    "-H",
    "--host",
    "-c",
    "--context",
    "--url",
    "--connection",
    "--kubeconfig",
    "--cluster",
    "--server",
    "-s",
];
const SIDE_VARIABLES: [&str; 20] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "CONTAINER_HOST",
    "CONTAINER_CONNECTION",
    "KUBECONFIG",
    "HELM_KUBECONTEXT",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGHOSTADDR",
    "MYSQL_HOST",
    "MYSQL_TCP_PORT",
    "MYSQL_UNIX_PORT",
    "MYSQL_HOME",
    "MYSQL_GROUP_SUFFIX",
    "MYSQL_TEST_LOGIN_FILE",
    "MARIADB_HOME",
    "HOME",
    "XDG_CONFIG_HOME",
];
/// Options of clients of databases that name a file or a section which says where.
const SECTIONS: [&str; 8] = [
    "--login-path",
    "--no-login-paths",
    "--defaults-file",
    "--defaults-extra-file",
    "--defaults-group-suffix",
    "--no-defaults",
    "--maintenance-db",
    "--service",
];
/// Clients of databases.
const CLIENTS: [&str; 7] = [
    "createdb",
    "dropdb",
    "psql",
    "mysql",
    "mariadb",
    "mysqladmin",
    "mariadb-admin",
];
/// Words by which a tool is turned to another engine or cluster, wherever they stand.
const TURNS: [&str; 12] = [
    "update-kubeconfig",
    "get-credentials",
    "write-kubeconfig",
    "export-kubeconfig",
    "update-context",
    "use-context",
    "use-cluster",
    "rename-context",
    "delete-context",
    "kubectx",
    "kubelogin",
    "kubecm",
];
/// The same where they follow one another.
const TURNING: [(&str, &str); 10] = [
    ("context", "use"),
    ("config", "use"),
    ("config", "unset"),
    ("config", "set"),
    ("config", "set-context"),
    ("config", "set-cluster"),
    ("kubeconfig", "save"),
    ("kubeconfig", "merge"),
    ("kube", "login"),
    ("connection", "default"),
];
/// Programs that put another file in the place of one.
const PLACES: [&str; 7] = ["cp", "mv", "ln", "install", "tee", "sed", "yq"];

/// Tells whether two commands talk to the same engine or cluster, as far as their words say.
pub(super) fn same_side(a: &Command, b: &Command) -> bool {
    let variables = |command: &Command| -> Vec<(String, String)> {
        let env = command
            .env
            .iter()
            .filter(|(name, _)| SIDE_VARIABLES.contains(&name.as_str()));
        env.map(|(name, value)| (name.clone(), value.shown()))
            .collect()
    };
    let other = a.program() != b.program();
    (other || sides(a) == sides(b))
        && sections(a) == sections(b)
        && variables(a) == variables(b)
        && outside(a) == outside(b)
}

/// Returns what the words of a client of a database name that says where: sections of its configuration, services, the database it asks first.
fn sections(command: &Command) -> Vec<String> {
    if !command.is_any(&CLIENTS) {
        return Vec::new();
    }
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let mut all = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value),
            None => (word.as_str(), words.get(at + 1).map_or("", String::as_str)),
        };
        // A plain name is one database of the same server as another.
        let elsewhere = name != "--maintenance-db" || value.contains(['=', ':']);
        if SECTIONS.contains(&name) && elsewhere {
            all.push(format!("{name} {value}"));
        }
        let services = word.split_whitespace();
        let services =
            services.filter(|part| part.starts_with("service=") || part.starts_with("hostaddr="));
        all.extend(services.map(str::to_owned));
        if let Some((_, rest)) = word.split_once("?service=") {
            all.push(format!("service={rest}"));
        }
    }
    all.sort();
    all
}

/// Tells whether a command may turn the tools behind it to another engine or cluster.
pub(super) fn turns(command: &Command) -> bool {
    let words: Vec<String> = command.words.iter().map(Word::shown).collect();
    let plain: Vec<&str> = (words.iter().map(String::as_str))
        .filter(|word| !word.starts_with('-'))
        .collect();
    let follows = |pair: &[&str]| match pair {
        // Another name space is one of the same cluster.
        ["config", "set-context"] => {
            words.iter().any(|word| {
                word.starts_with("--cluster")
                    || word.starts_with("--user")
                    || word.starts_with("--server")
            }) || !words.iter().any(|word| word == "--current")
        }
        [a, b] => TURNING.contains(&(*a, *b)),
        _ => false,
    };
    let of_cluster = |text: &str| text.contains(".kube") || text.contains("kubeconfig");
    let placed = command.is_any(&PLACES) && words.iter().any(|word| of_cluster(word));
    let written = (command.writes.iter()).any(|write| of_cluster(&write.file.shown()));
    placed
        || written
        || !command.is_any(&["echo", "printf", "grep", "cat", "which"])
            && (plain.iter().any(|word| TURNS.contains(word)) || plain.windows(2).any(follows))
}

fn sides(command: &Command) -> Vec<String> {
    let program = command.program().unwrap_or_default();
    let everywhere = matches!(program.as_str(), "kubectl" | "oc");
    if !everywhere && !matches!(program.as_str(), "docker" | "podman" | "nerdctl") {
        return Vec::new();
    }
    let mut all = Vec::new();
    // What stands behind `--` is the program's inside of what is made.
    let mut words = command.args().iter().map(Word::shown);
    while let Some(text) = words.next().filter(|text| text != "--") {
        if !everywhere && !text.starts_with('-') {
            break;
        }
        let name = text.split('=').next().unwrap_or_default();
        if SIDES.contains(&name) {
            let value = if text.contains('=') {
                String::new()
            } else {
                words.next().unwrap_or_default()
            };
            all.push(format!("{text} {value}"));
        }
    }
    all
}

/// Other machines and containers that lead to a command, without the last container.
fn outside(command: &Command) -> Vec<String> {
    command
        .via
        .iter()
        .filter(|wrapper| {
            !matches!(
                wrapper.passage,
                Passage::Plain | Passage::User { .. } | Passage::Container { .. }
            )
        })
        .map(|wrapper| format!("{:?}", wrapper.passage))
        .collect()
}
