//! Reads connection URLs: where a database lives, and how it is reached, without its password in any name.
//! It does not know which program the URL was given to.

use std::path::{Path, PathBuf};

use crate::model::secret::Secret;
use crate::model::target::{PostgresReach, Reach, Route, TargetKind};

/// What a connection URL names.
#[derive(Debug)]
pub struct Place {
    pub kind: TargetKind,
    /// `HOST:PORT/DB`, or an absolute path.
    pub locator: String,
    pub reach: Reach,
}

/// Returns the text with the password of any URL in it left out.
pub fn without_password(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        all.push_str(before);
        all.push_str("://");
        let end = after
            .find(['/', ' ', '"', '\'', '?'])
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                all.push_str(user.split(':').next().unwrap_or_default());
                all.push('@');
                all.push_str(host);
            }
            None => all.push_str(authority),
        }
        rest = tail;
    }
    all.push_str(rest);
    all
}

/// Reads a connection URL; nothing when the text is none that is known.
pub fn read(text: &str, cwd: Option<&Path>, implicit: bool) -> Option<Place> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let scheme = scheme.split('+').next().unwrap_or_default();
    match scheme {
        "sqlite" | "sqlite3" | "file" => sqlite(rest, cwd),
        "postgres" | "postgresql" | "pgx" | "psql" | "pgsql" => {
            let parts = Parts::read(rest.strip_prefix("//")?);
            Some(parts.postgres(implicit))
        }
        "mysql" | "mysql2" | "mariadb" => {
            let parts = Parts::read(rest.strip_prefix("//")?);
            Some(parts.other(TargetKind::Mysql, 3306))
        }
        "redis" | "rediss" => {
            Some(Parts::read(rest.strip_prefix("//")?).other(TargetKind::Redis, 6379))
        }
        "mongodb" => Some(Parts::read(rest.strip_prefix("//")?).other(TargetKind::Mongo, 27017)),
        "mssql" | "sqlserver" | "oracle" | "clickhouse" | "cockroachdb" | "snowflake"
        | "libsql" | "jdbc" => Some(Place {
            kind: TargetKind::Database,
            locator: without_password(text),
            reach: Reach::NoDriver,
        }),
        _ => None,
    }
}

/// `sqlite:dev.db`, `sqlite://dev.db`, `sqlite:///rel.db`, `sqlite:////abs.db`, `file:./dev.db?mode=rwc`.
fn sqlite(rest: &str, cwd: Option<&Path>) -> Option<Place> {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path = match path.strip_prefix("///") {
        // Three slashes mean a relative path to some tools and an absolute one to others: absolute only if written so.
        Some(path) if path.starts_with('/') => path,
        Some(path) if is_rooted(path) => return sqlite_at(Path::new("/").join(path)),
        Some(path) => path,
        None => path.strip_prefix("//").unwrap_or(path),
    };
    if path.is_empty() || path == ":memory:" {
        return None;
    }
    let path = match cwd {
        _ if path.starts_with('/') => PathBuf::from(path),
        Some(cwd) => cwd.join(path),
        None => return None,
    };
    sqlite_at(path)
}

/// Tells whether the path goes on from the root as only an absolute path does.
fn is_rooted(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    matches!(
        first,
        "home" | "var" | "tmp" | "opt" | "srv" | "usr" | "root" | "mnt" | "Users" | "data"
    )
}

fn sqlite_at(path: PathBuf) -> Option<Place> {
    let path = super::targets::normal(&path);
    Some(Place {
        kind: TargetKind::Sqlite,
        locator: path.to_str()?.to_owned(),
        reach: Reach::Sqlite(path),
    })
}

/// The parts of `user:password@host:port/name?key=value`.
struct Parts {
    user: Option<String>,
    password: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    name: Option<String>,
}

impl Parts {
    fn read(text: &str) -> Self {
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (authority, name) = text.split_once('/').unwrap_or((text, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (place, ""),
        };
        let parameter = |key: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(name, _)| *name == key)
                .map(|(_, value)| decoded(value))
        };
        let given = |text: &str| (!text.is_empty()).then(|| decoded(text));
        Self {
            user: given(user).or_else(|| parameter("user")),
            password: given(password).or_else(|| parameter("password")),
            host: given(host.trim_matches(['[', ']'])).or_else(|| parameter("host")),
            port: port
                .parse()
                .ok()
                .or_else(|| parameter("port")?.parse().ok()),
            name: given(name).or_else(|| parameter("dbname")),
        }
    }

    fn locator(&self, port: u16) -> String {
        let host = self.host.as_deref().unwrap_or("localhost");
        let port = self.port.unwrap_or(port);
        let name = self
            .name
            .as_deref()
            .or(self.user.as_deref())
            .unwrap_or_default();
        format!("{host}:{port}/{name}")
            .trim_end_matches('/')
            .to_owned()
    }

    fn postgres(self, implicit: bool) -> Place {
        let locator = self.locator(5432);
        let reach = Reach::Postgres(PostgresReach {
            route: Route::Direct,
            host: self.host,
            port: self.port,
            user: self.user,
            database: self.name,
            password: self.password.map(Secret::new),
            implicit,
        });
        Place {
            kind: TargetKind::Postgres,
            locator,
            reach,
        }
    }

    fn other(self, kind: TargetKind, port: u16) -> Place {
        Place {
            kind,
            locator: self.locator(port),
            reach: Reach::NoDriver,
        }
    }
}

/// Undoes percent encoding; what is not UTF-8 afterwards stays as it was.
pub(in crate::classify) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let pair = (byte == b'%')
            .then(|| Some((hex(ahead.next()?)?, hex(ahead.next()?)?)))
            .flatten();
        match pair {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = ahead;
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postgres_url_loses_its_password_in_the_locator_and_keeps_it_in_the_reach() {
        let place = read(
            "postgresql+asyncpg://shop:s%40cret@db.local:5433/shop_dev?sslmode=disable",
            None,
            false,
        )
        .unwrap();
        assert_eq!(place.locator, "db.local:5433/shop_dev");
        let Reach::Postgres(reach) = place.reach else {
            panic!("not a PostgreSQL reach");
        };
        assert_eq!(reach.user.as_deref(), Some("shop"));
        assert_eq!(reach.password.unwrap().expose(), "s@cret");
    }

    #[test]
    fn sqlite_urls_become_absolute_paths() {
        let cwd = Some(Path::new("/srv/app"));
        let locator = |url| read(url, cwd, false).map(|place| place.locator);
        assert_eq!(
            locator("sqlite://db/dev.db?mode=rwc").as_deref(),
            Some("/srv/app/db/dev.db")
        );
        assert_eq!(locator("file:./dev.db").as_deref(), Some("/srv/app/dev.db"));
        assert_eq!(
            locator("sqlite:////var/lib/x.db").as_deref(),
            Some("/var/lib/x.db")
        );
        assert_eq!(locator("sqlite::memory:"), None);
    }

    #[test]
    fn passwords_of_urls_in_any_text_are_left_out() {
        assert_eq!(
            without_password("drops mysql://root:pw@h/x and redis://:pw@h"),
            "drops mysql://root@h/x and redis://@h"
        );
    }
}
