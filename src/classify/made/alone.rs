//! A server that is started inside a throw-away container: what its clients there take away was not there before.
//! A container with folders of elsewhere, or on this machine's network, is none of this.

use crate::model::command::{Command, Passage, Wrapper};
use crate::model::word::Word;

/// Programs that begin a server, or make the data of one.
const SERVERS: [&str; 17] = [
    "redis-server",
    "valkey-server",
    "keydb-server",
    "mongod",
    "mysqld",
    "mysqld_safe",
    "mariadbd",
    "mariadbd-safe",
    "pg_ctl",
    "pg_ctlcluster",
    "initdb",
    "postgres",
    "service",
    "docker-entrypoint.sh",
    "clickhouse-server",
    "etcd",
    "neo4j",
];

/// Tells whether a client speaks to a server that the call has started in the same container.
pub(super) fn is_alone(command: &Command, earlier: &[Command]) -> bool {
    let is_fresh = |wrapper: &Wrapper| matches!(&wrapper.passage, Passage::Fresh { mounts, .. } if mounts.is_empty());
    let Some(at) = command.via.iter().position(is_fresh) else {
        return false;
    };
    let stays = |wrapper: &Wrapper| {
        matches!(
            wrapper.passage,
            Passage::Plain | Passage::User { .. } | Passage::Fresh { .. }
        )
    };
    let inside = command.via.get(..=at).unwrap_or_default();
    let starts = |one: &Command| one.via.get(..=at) == Some(inside) && one.is_any(&SERVERS);
    command.via.iter().all(stays)
        && earlier.iter().any(starts)
        && !earlier.iter().any(shares_network)
        && is_local(command)
}

fn shares_network(command: &Command) -> bool {
    let args = command.args();
    let host = |word: &Word| {
        let text = word.shown();
        text == "host" || text.starts_with("container:") || text.contains('$')
    };
    let pairs = args.iter().zip(args.iter().skip(1));
    let mut options = pairs.filter(|(name, _)| {
        matches!(
            name.prefix().as_str(),
            "--network" | "--net" | "--pod" | "--link"
        )
    });
    options.any(|(_, value)| host(value))
        || args.iter().any(|word| {
            let text = word.shown();
            text.starts_with("--network=host")
                || text.starts_with("--net=host")
                || text.starts_with("--pod")
                || text.starts_with("--network=container:")
        })
}

/// Tells whether a client names no other machine.
fn is_local(command: &Command) -> bool {
    let near = |host: &str| {
        ["localhost", "127.0.0.1", "::1", "/"]
            .iter()
            .any(|front| host.starts_with(front))
    };
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let next = |at: usize| words.get(at + 1).map_or("", String::as_str);
    words.iter().enumerate().all(|(at, word)| {
        if let Some((_, rest)) = word.split_once("://") {
            let host = rest.rsplit('@').next().unwrap_or(rest);
            return near(host) || host.starts_with('/');
        }
        match word.as_str() {
            "-h" | "--host" | "-H" => near(next(at)),
            long if long.starts_with("--host=") => near(long.get(7..).unwrap_or_default()),
            short if short.starts_with("-h") && !short.starts_with("--") => {
                near(short.get(2..).unwrap_or_default())
            }
            _ => !word.contains('$') || word.contains(' '),
        }
    })
}
