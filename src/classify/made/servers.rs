//! Servers that the call starts on data of its own: what a client takes away there was not there before.
//! Every word of the server and of the client has to be one that is known here; a server on its usual port is none of this,
//! because where one runs already the client speaks to that.

use crate::model::command::{Command, Passage, Stdin, Unfolding};
use crate::model::word::Word;

use super::containers::Container;
use super::named::is_fresh;

/// A server with its client: which words they may have.
struct Kind {
    server: &'static str,
    /// Words that the server's own have to begin with.
    verb: &'static str,
    /// The option that names its data; nothing where they are in memory.
    data: &'static str,
    /// Other options with a value, and those without one.
    valued: &'static str,
    plain: &'static str,
    port: &'static str,
    usual: u16,
    clients: &'static str,
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind {
        server: "redis-server", verb: "", data: "--dir",
        valued: "--port --unixsocket --unixsocketperm --save --appendonly --daemonize --bind --logfile --loglevel --pidfile --protected-mode",
        plain: "", port: "--port", usual: 6_379, clients: "redis-cli",
    },
    Kind {
        server: "mongod", verb: "", data: "--dbpath",
        valued: "--port --logpath --bind_ip --pidfilepath",
        plain: "--fork --noauth --quiet", port: "--port", usual: 27_017, clients: "mongosh mongo",
    },
    Kind {
        server: "pg_ctl", verb: "", data: "-D",
        valued: "-o -l -t",
        plain: "-w -s start", port: "-o", usual: 5_432, clients: "psql dropdb",
    },
    Kind {
        server: "etcd", verb: "", data: "--data-dir",
        valued: "--listen-client-urls --advertise-client-urls --listen-peer-urls --log-level --logger",
        plain: "", port: "--listen-client-urls", usual: 2_379, clients: "etcdctl",
    },
    Kind {
        server: "vault", verb: "server -dev", data: "",
        valued: "-dev-root-token-id -dev-listen-address",
        plain: "server -dev", port: "-dev-listen-address", usual: 8_200, clients: "vault",
    },
    Kind {
        server: "consul", verb: "agent -dev", data: "",
        valued: "-http-port -dns-port -grpc-port -server-port -serf-lan-port",
        plain: "agent -dev", port: "-http-port", usual: 8_500, clients: "consul",
    },
];

/// Programs that may bring another server to a port or a socket, or other data into a folder.
const LEADS: [&str; 14] = [
    "ssh",
    "autossh",
    "socat",
    "nc",
    "ncat",
    "iptables",
    "nft",
    "haproxy",
    "ln",
    "mount",
    "rsync",
    "pg_basebackup",
    "cloud_sql_proxy",
    "cloud-sql-proxy",
];

/// Options with their values.
type Options = Vec<(String, Word)>;

/// Where a client looks for its server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Address {
    /// A port of this machine.
    Port(u16),
    /// A socket, or the folder in which it is.
    Socket(Word),
}

/// Tells whether a client speaks to the one server that the call has started on data of its own.
pub(super) fn is_own(at: usize, unfolding: &Unfolding) -> bool {
    let Some(command) = unfolding.commands.get(at).filter(|one| is_direct(one)) else {
        return false;
    };
    let program = command.program().unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|kind| has(kind.clients, &program)) else {
        return false;
    };
    let Some(address) = address(command) else {
        return false;
    };
    let all = &unfolding.commands;
    let settings = |one: &Command| {
        let mut files = one.writes.iter().map(|write| write.file.shown());
        files.any(|file| file.ends_with(".conf") || file.ends_with(".cnf"))
    };
    if leads(all) || all.iter().any(settings) {
        return false;
    }
    let verbs = kind.verb.split(' ').next().unwrap_or_default();
    let starts = |one: &Command| {
        let first = one.args().first().map(Word::prefix).unwrap_or_default();
        one.program().as_deref() == Some(kind.server) && (verbs.is_empty() || first == verbs)
    };
    let ends = |one: &Command| {
        one.args()
            .iter()
            .any(|word| matches!(word.prefix().as_str(), "stop" | "--shutdown" | "shutdown"))
    };
    let mut servers = all
        .iter()
        .enumerate()
        .filter(|(_, one)| starts(one) && !ends(one));
    let (Some((place, server)), None) = (servers.next(), servers.next()) else {
        return false;
    };
    let ran = unfolding
        .proven
        .get(at)
        .is_some_and(|proven| proven.ran().contains(&place) || proven.places().contains(&place));
    let Some(port) = listens(kind, server, all).filter(|_| place < at && ran) else {
        return false;
    };
    match address {
        Address::Port(asked) => port == Some(asked) && asked != kind.usual,
        Address::Socket(word) => is_fresh(&word, all),
    }
}

/// Tells whether a client speaks to a port of a container that the call has just opened.
pub(super) fn asks(command: &Command, container: &Container) -> bool {
    container.alone
        && is_direct(command)
        && matches!(address(command), Some(Address::Port(port)) if container.ports.contains(&port))
}

/// Tells whether a call may bring another server to a port.
pub(super) fn leads(commands: &[Command]) -> bool {
    let forwards = |one: &Command| {
        let mut words = one.args().iter();
        words.any(|word| word.prefix() == "port-forward")
    };
    commands
        .iter()
        .any(|one| one.is_any(&LEADS) || forwards(one))
}

/// Nothing leads it to another machine, account or folder.
fn is_direct(command: &Command) -> bool {
    command
        .via
        .iter()
        .all(|wrapper| matches!(wrapper.passage, Passage::Plain))
}

fn has(names: &str, wanted: &str) -> bool {
    names
        .split(' ')
        .any(|name| !name.is_empty() && name == wanted)
}

/// Returns the options and their values, in their order, and the other words; nothing where an option is none of these.
fn read(words: &[Word], valued: &str, plain: &str) -> Option<(Options, Vec<Word>)> {
    let (mut options, mut operands) = (Vec::new(), Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let text = word.prefix();
        let name = text.split('=').next().unwrap_or_default();
        if has(plain, &text) {
            continue;
        }
        if !text.starts_with('-') {
            operands.push(word.clone());
        } else if has(valued, name) {
            let value = match text.contains('=') {
                true => crate::classify::sql::options::tail(word, name.len() + 1),
                false => rest.next()?.clone(),
            };
            // Said twice, one of them counts.
            if options.iter().any(|(known, _)| known == name) && name != "-c" {
                return None;
            }
            options.push((name.to_owned(), value));
        } else {
            return None;
        }
    }
    Some((options, operands))
}

fn value<'o>(options: &'o [(String, Word)], names: &str) -> Option<&'o Word> {
    let mut found = options.iter().filter(|(name, _)| has(names, name));
    let first = found.next();
    first
        .filter(|_| found.next().is_none())
        .map(|(_, value)| value)
}

/// Returns the port of a server that is started on data of the call's own; the inner one is missing where it listens at a socket alone.
fn listens(kind: &Kind, server: &Command, all: &[Command]) -> Option<Option<u16>> {
    let valued = format!("{} {}", kind.valued, kind.data);
    let (options, operands) = read(server.args(), &valued, kind.plain)?;
    let memory = kind.data.is_empty();
    let fresh = memory || value(&options, kind.data).is_some_and(|word| is_fresh(word, all));
    if !fresh || !operands.is_empty() || !is_direct(server) {
        return None;
    }
    let Some(said) = value(&options, kind.port) else {
        return Some(None);
    };
    let text = said.shown();
    if kind.server == "pg_ctl" {
        return of_options(&text);
    }
    let port = text.parse::<u16>().ok().or_else(|| port_of(&text))?;
    Some(Some(port).filter(|port| *port != 0))
}

/// `-p 5499 -k /dir`: the options of PostgreSQL itself.
fn of_options(text: &str) -> Option<Option<u16>> {
    let mut port = None;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "-p" if port.is_none() => port = Some(words.next()?.parse().ok()?),
            "-k" | "-h" => {
                words.next();
            }
            "-F" => {}
            "-c" => {
                let setting = words.next()?;
                let known = ["listen_addresses=", "fsync=", "unix_socket_directories="];
                if !known.iter().any(|name| setting.starts_with(name)) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(port)
}

/// Returns where a client finds its server, where all its words are known.
fn address(command: &Command) -> Option<Address> {
    match command.program()?.as_str() {
        "redis-cli" => of_redis(command),
        "mongosh" | "mongo" => of_mongo(command),
        "psql" | "dropdb" => of_postgres(command),
        "etcdctl" => of_url(
            command,
            "--endpoints ETCDCTL_ENDPOINTS",
            "--prefix --keys-only",
        ),
        "vault" => of_url(command, "-address VAULT_ADDR", "-force -f"),
        "consul" => of_url(command, "-http-addr CONSUL_HTTP_ADDR", "-recurse"),
        "aws" => of_url(
            command,
            "--endpoint-url AWS_ENDPOINT_URL",
            "--force --recursive --quiet",
        ),
        "mc" => aliased(command),
        _ => None,
    }
}

fn of_redis(command: &Command) -> Option<Address> {
    const TAKES: [&str; 12] = [
        "flushall", "flushdb", "del", "unlink", "set", "get", "dbsize", "keys", "incr", "ttl",
        "ping", "shutdown",
    ];
    let (options, operands) = read(command.args(), "-p -s -n -h", "--no-auth-warning --raw")?;
    let verb = operands.first()?.text()?.to_ascii_lowercase();
    let elsewhere = command
        .env
        .iter()
        .any(|(name, _)| name.starts_with("REDISCLI"));
    if !TAKES.contains(&verb.as_str()) || elsewhere {
        return None;
    }
    if let Some(socket) = value(&options, "-s") {
        return value(&options, "-h")
            .is_none()
            .then(|| Address::Socket(socket.clone()));
    }
    if !value(&options, "-h").is_none_or(is_local) {
        return None;
    }
    Some(Address::Port(value(&options, "-p")?.text()?.parse().ok()?))
}

fn of_mongo(command: &Command) -> Option<Address> {
    let (options, operands) = read(command.args(), "--port --eval", "--quiet --norc")?;
    let mut texts: Vec<String> = Vec::new();
    if let Some(text) = value(&options, "--eval") {
        texts.push(text.text()?);
    }
    texts.extend(fed(command)?);
    let leads = [
        "connect", "mongo(", "://", "load(", "admin", "rs.", "require", "import",
    ];
    let plain = |word: &Word| {
        word.text()
            .is_some_and(|text| !text.contains(['/', ':', '.']))
    };
    let bad = texts.iter().any(|text| {
        let lower = text.to_ascii_lowercase();
        leads.iter().any(|word| lower.contains(word))
    });
    if texts.is_empty() || bad || operands.len() > 1 || !operands.iter().all(plain) {
        return None;
    }
    Some(Address::Port(
        value(&options, "--port")?.text()?.parse().ok()?,
    ))
}

/// Returns what stands on the standard input of a client; nothing where that is not known.
fn fed(command: &Command) -> Option<Vec<String>> {
    match &command.stdin {
        Stdin::Null | Stdin::Inherited => Some(Vec::new()),
        Stdin::Text(word) => Some(vec![word.text()?]),
        _ => None,
    }
}

fn of_postgres(command: &Command) -> Option<Address> {
    let (options, operands) = read(
        command.args(),
        "-h --host -p --port -U --username -d --dbname -c --command -v",
        "-q -X -A -t -1 -w --if-exists -qX -qAt -Atq -XAt",
    )?;
    let mut texts: Vec<String> = Vec::new();
    for (name, value) in &options {
        if matches!(name.as_str(), "-c" | "--command") {
            texts.push(value.text()?);
        }
    }
    texts.extend(fed(command)?);
    const LEADS: [&str; 12] = [
        "\\",
        "dblink",
        "foreign",
        "server",
        "program",
        "copy",
        "lo_",
        "pg_",
        "load",
        "subscription",
        "tablespace",
        "extension",
    ];
    let bad = texts.iter().any(|text| {
        let lower = text.to_ascii_lowercase();
        LEADS.iter().any(|word| lower.contains(word))
    });
    let names = operands.iter().chain(value(&options, "-d --dbname"));
    let plain = |word: &Word| {
        word.text()
            .is_some_and(|text| !text.contains(['=', ':', '/']))
    };
    let variables = command.env.iter();
    let elsewhere = variables
        .filter(|(name, _)| name.starts_with("PG"))
        .any(|(name, _)| {
            !matches!(
                name.as_str(),
                "PGPASSWORD" | "PGUSER" | "PGPORT" | "PGAPPNAME"
            )
        });
    if bad || elsewhere || operands.len() > 2 || !names.into_iter().all(plain) {
        return None;
    }
    // Who names none is led by what was inherited.
    let host = value(&options, "-h --host")?;
    if host.has_hole() || host.prefix().starts_with('/') {
        return Some(Address::Socket(host.clone()));
    }
    let port = value(&options, "-p --port")?.text()?.parse().ok()?;
    is_local(host).then_some(Address::Port(port))
}

/// A client that is told an address by an option or a variable, and has no other options than these.
fn of_url(command: &Command, said: &str, plain: &str) -> Option<Address> {
    let (options, operands) = read(command.args(), said, plain)?;
    let mut variables = command.env.iter().filter(|(name, _)| has(said, name));
    let url = match (value(&options, said), variables.next()) {
        (Some(url), _) | (None, Some((_, url))) => url.text()?,
        (None, None) => return None,
    };
    let leads = |word: &Word| {
        word.text()
            .is_none_or(|text| text.contains("://") && !text.starts_with("s3://"))
    };
    if operands.iter().any(leads) {
        return None;
    }
    port_of(&url).map(Address::Port)
}

/// `MC_HOST_t=http://…@127.0.0.1:9100`, and every operand below `t`.
fn aliased(command: &Command) -> Option<Address> {
    let (_, operands) = read(command.args(), "", "--force --dangerous --recursive -r")?;
    let mut port = None;
    for operand in operands.iter().skip(1) {
        let text = operand.text()?;
        let alias = text.split('/').next().unwrap_or_default();
        let name = format!("MC_HOST_{alias}");
        let mut variables = command.env.iter().filter(|(known, _)| *known == name);
        let one = port_of(&variables.next()?.1.text()?)?;
        if port.is_some_and(|port| port != one) {
            return None;
        }
        port = Some(one);
    }
    port.map(Address::Port)
}

fn is_local(word: &Word) -> bool {
    matches!(
        word.text().as_deref(),
        Some("localhost" | "127.0.0.1" | "::1")
    )
}

/// Returns the port of a URL, or of `host:port`, on this machine.
fn port_of(url: &str) -> Option<u16> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if rest.contains(',') {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    let local = matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]");
    local.then(|| port.parse().ok())?
}
