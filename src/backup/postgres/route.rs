//! Which way a dump takes, and how a person would connect.
//! A container's server is dumped over TCP where that works: it costs less than the engine's stream.

use std::time::{Duration, Instant};

use crate::adapters::docker::{self, Engine};
use crate::adapters::postgres::session::{self, Patience};
use crate::adapters::postgres::way::Way;
use crate::adapters::postgres::{About, about};
use crate::adapters::tools;
use crate::model::database::Identity;
use crate::model::target::{PostgresReach, Reach, Route};

/// A try over TCP must not eat the time of the dump.
const TRY: Duration = Duration::from_secs(2);

/// Returns the way for `pg_dump`: for a container a direct one when it leads to the very same database.
pub(super) fn dump_way(way: &Way, about: &About, warnings: &mut Vec<String>) -> Way {
    let Route::Container { engine, name, .. } = &way.route else {
        return way.clone();
    };
    if tools::find("pg_dump", about.major(), &way.tool_dirs).is_none() {
        return way.clone();
    }
    let container = Engine::connect(&docker::place(engine)).and_then(|engine| engine.inspect(name));
    let Ok(container) = container else {
        return way.clone();
    };
    let inside = way.port.unwrap_or(5432);
    let mut places: Vec<(String, u16)> = container
        .published
        .iter()
        .filter(|(port, _, _)| *port == inside)
        .map(|(_, address, port)| match address.as_str() {
            "" | "0.0.0.0" | "::" => ("127.0.0.1".to_owned(), *port),
            address => (address.to_owned(), *port),
        })
        .collect();
    if cfg!(target_os = "linux") {
        places.extend(
            container
                .addresses
                .iter()
                .map(|address| (address.clone(), inside)),
        );
    }
    for (host, port) in places {
        let direct = Way::new(
            &PostgresReach {
                route: Route::Direct,
                host: Some(host.clone()),
                port: Some(port),
                user: Some(about.role.clone()),
                database: Some(about.database.clone()),
                password: way.password.clone(),
                implicit: false,
            },
            &way.tool_dirs,
        );
        if leads_to(&direct, &about.identity) {
            return direct;
        }
    }
    warnings.retain(|warning| !warning.is_empty());
    way.clone()
}

/// Tells whether this way leads to the database of this identity.
fn leads_to(way: &Way, identity: &Identity) -> bool {
    let patience = Patience {
        connect: TRY,
        statement: TRY,
        until: Instant::now() + 2 * TRY,
    };
    session::open(way, patience)
        .and_then(|mut session| about(session.as_mut(), way))
        .is_ok_and(|found| found.identity == *identity)
}

/// Returns the client command with which a person connects, without secrets.
pub(super) fn by_hand(reach: &Reach) -> String {
    let Reach::Postgres(reach) = reach else {
        return "psql".to_owned();
    };
    let word = |text: &str| {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte));
        if plain && !text.is_empty() {
            text.to_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    let mut words = match &reach.route {
        Route::Direct => vec!["psql".to_owned()],
        Route::As { user } => ["sudo", "-u", &word(user), "psql"]
            .map(str::to_owned)
            .to_vec(),
        Route::Container { name, user, .. } => {
            let mut words = vec!["docker".to_owned(), "exec".to_owned(), "-i".to_owned()];
            if let Some(user) = user {
                words.extend(["-u".to_owned(), word(user)]);
            }
            words.extend([word(name), "psql".to_owned()]);
            words
        }
    };
    if let Some(host) = &reach.host {
        words.extend(["-h".to_owned(), word(host)]);
    }
    if let Some(port) = reach.port {
        words.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = &reach.user {
        words.extend(["-U".to_owned(), word(user)]);
    }
    words.join(" ")
}
