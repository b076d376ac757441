//! SQL files of the common migration layouts: their up and down halves, and the client whose commands stand in them.
//! What a statement loses is said elsewhere.

use crate::model::scanned::Part;
use crate::sql::client::Client;

use super::place::{Lines, Map, masked};
use super::unit::Unit;

/// A range of bytes.
type Range = (usize, usize);

/// Cuts a SQL file into its halves.
pub fn units(path: &str, text: &str) -> Vec<Unit> {
    let parts = parts(path, text);
    let mut all = Vec::new();
    for part in [None, Some(Part::Up), Some(Part::Down)] {
        let keep: Vec<Range> = parts
            .iter()
            .filter(|(which, _)| *which == part)
            .map(|(_, range)| *range)
            .collect();
        if keep.is_empty() {
            continue;
        }
        let half = if keep == [(0, text.len())] {
            text.to_owned()
        } else {
            masked(text, &keep)
        };
        if !half.trim().is_empty() {
            all.push(unit(path, half, part));
        }
    }
    all
}

fn unit(path: &str, text: String, part: Option<Part>) -> Unit {
    let program = match client(&text) {
        Client::Psql => "psql -X -f {}",
        Client::Mysql => "mysql < {}",
        Client::Sqlite => "sqlite3 unknown.db < {}",
        Client::Sqlcmd => "sqlcmd -i {}",
        Client::Snowsql | Client::Sqlplus | Client::Hive | Client::Cqlsh | Client::Plain => {
            return Unit::sql(ended(text), Map::default(), part);
        }
    };
    Unit::fed(program, path, text, part)
}

/// A slash alone on its line ends a statement for SQL*Plus.
fn ended(text: String) -> String {
    if !text.contains("\n/") {
        return text;
    }
    let ends = |line: &str| line.trim_end() == "/";
    text.split('\n')
        .map(|line| {
            if ends(line) {
                line.replacen('/', ";", 1)
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the client that the commands of a text belong to.
fn client(text: &str) -> Client {
    for line in text.lines() {
        let mut chars = line.chars();
        let (first, second) = (chars.next(), chars.next());
        let letter = second.is_some_and(|char| char.is_ascii_alphabetic());
        match first {
            Some('\\') if letter || second == Some('!') => return Client::Psql,
            Some('.') if letter && is_dot_command(line) => return Client::Sqlite,
            Some('c' | 'C') if is_copy(line) => return Client::Psql,
            Some('d' | 'D') if starts(line, "delimiter ") => return Client::Mysql,
            Some('g' | 'G') if is_go(line) => return Client::Sqlcmd,
            _ => {}
        }
    }
    Client::Plain
}

fn starts(line: &str, word: &str) -> bool {
    line.get(..word.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// `GO` or `GO 5`, alone on its line.
fn is_go(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("go"))
        && words
            .next()
            .is_none_or(|count| count.parse::<u32>().is_ok())
        && words.next().is_none()
}

/// `COPY t (a, b) FROM stdin;`: rows follow, as in a dump.
fn is_copy(line: &str) -> bool {
    starts(line, "copy ") && line.to_ascii_lowercase().contains(" from stdin")
}

fn is_dot_command(line: &str) -> bool {
    const COMMANDS: [&str; 12] = [
        ".open", ".read", ".shell", ".system", ".import", ".mode", ".headers", ".bail", ".restore",
        ".dump", ".output", ".once",
    ];
    line.split_whitespace()
        .next()
        .is_some_and(|word| COMMANDS.contains(&word))
}

/// Returns the ranges of a file with the half that each belongs to, in order.
fn parts(path: &str, text: &str) -> Vec<(Option<Part>, Range)> {
    let whole = (0, text.len());
    if is_down_file(path) {
        return vec![(Some(Part::Down), whole)];
    }
    let lines = Lines::of(text);
    if is_liquibase(text) {
        return liquibase(text, &lines);
    }
    let parts = marked(text, &lines);
    if parts.is_empty() {
        vec![(None, whole)]
    } else {
        parts
    }
}

/// Names of files that only run when a migration is taken back.
pub fn is_down_file(path: &str) -> bool {
    let name = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let Some((stem, _)) = name.rsplit_once('.') else {
        return false;
    };
    let numbered = stem.starts_with(|char: char| char.is_ascii_digit());
    let folders: Vec<&str> = path.split('/').rev().skip(1).collect();
    let in_migrations = folders
        .iter()
        .any(|folder| folder.to_ascii_lowercase().contains("migration"));
    let ends = |words: &[&str], sign: char| {
        words
            .iter()
            .any(|word| stem.ends_with(&format!("{sign}{word}")))
    };
    let words = ["down", "undo", "rollback", "revert"];
    // Flyway: `U1.2__name.sql`.
    let flyway = stem
        .strip_prefix('u')
        .and_then(|rest| rest.split_once("__"))
        .is_some_and(|(version, _)| {
            version.starts_with(|char: char| char.is_ascii_digit())
                && version
                    .chars()
                    .all(|char| char.is_ascii_digit() || matches!(char, '.' | '_'))
        });
    // Sqitch keeps what takes a change back in a folder of its own.
    let sqitch = folders.first() == Some(&"revert");
    flyway
        || sqitch
        || words.contains(&stem)
        || ends(&words, '.')
        || (numbered || in_migrations) && (ends(&words, '_') || ends(&words, '-'))
}

/// Reads the marks of dbmate, goose, sql-migrate, node-pg-migrate, Play, MyBatis and their like.
fn marked(text: &str, lines: &Lines) -> Vec<(Option<Part>, Range)> {
    let mut all: Vec<(Option<Part>, Range)> = Vec::new();
    let mut part = None;
    let mut from = 0;
    let mut up_seen = false;
    for line in 1..=lines.count() {
        let Some(mark) = mark(lines.text(text, line)) else {
            continue;
        };
        let next = match mark {
            Mark::Up => Part::Up,
            Mark::Down => Part::Down,
            Mark::BareUp => {
                up_seen = true;
                Part::Up
            }
            // A comment that only says "down" means something where one that says "up" came before.
            Mark::BareDown if up_seen => Part::Down,
            Mark::BareDown => continue,
        };
        let start = lines.start(line);
        if start > from {
            all.push((part, (from, start)));
        }
        (part, from) = (Some(next), start);
    }
    if part.is_none() {
        return Vec::new();
    }
    all.push((part, (from, text.len())));
    all
}

enum Mark {
    Up,
    Down,
    BareUp,
    BareDown,
}

/// Reads a comment line that begins a half.
fn mark(line: &str) -> Option<Mark> {
    let line = line.trim();
    if !(line.starts_with("--") || line.starts_with('#')) {
        return None;
    }
    let body = line
        .trim_start_matches(['-', '#', ' ', '\t'])
        .to_ascii_lowercase();
    let mut words = body.split_whitespace();
    let first = words.next()?;
    let second = words.next();
    match (first, second) {
        ("+goose" | "+migrate" | "+micrate" | "+rambler" | "+up" | "rambler", Some("up"))
        | ("!ups", _)
        | ("up", Some("migration")) => Some(Mark::Up),
        ("+goose" | "+migrate" | "+micrate" | "+rambler" | "+down" | "rambler", Some("down"))
        | ("!downs" | "//@undo" | "@undo", _)
        | ("//", Some("@undo"))
        | ("down", Some("migration")) => Some(Mark::Down),
        ("up" | "up:", None) => Some(Mark::BareUp),
        ("down" | "down:", None) => Some(Mark::BareDown),
        _ if first.starts_with("migrate:up") => Some(Mark::Up),
        _ if first.starts_with("migrate:down") => Some(Mark::Down),
        _ => None,
    }
}

fn is_liquibase(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| {
        line.to_ascii_lowercase()
            .contains("liquibase formatted sql")
    })
}

/// Changesets are the up half; what stands in rollback comments is the down half.
fn liquibase(text: &str, lines: &Lines) -> Vec<(Option<Part>, Range)> {
    let mut down: Vec<Range> = Vec::new();
    let mut block = false;
    for line in 1..=lines.count() {
        let body = lines.text(text, line);
        let start = lines.start(line);
        let lower = body.to_ascii_lowercase();
        let trimmed = lower.trim_start();
        if block {
            let end = body.find("*/");
            down.push((start, start + end.unwrap_or(body.len())));
            block = end.is_none();
        } else if let Some(rest) = trimmed.strip_prefix("--") {
            let rest = rest.trim_start();
            let Some(sql) = rest.strip_prefix("rollback") else {
                continue;
            };
            let named = sql.trim();
            let refers = named.starts_with("changesetid")
                || named == "empty"
                || named.starts_with("not required");
            if sql.starts_with([' ', '\t']) && !refers {
                down.push((start + body.len() - sql.len(), start + body.len()));
            }
        } else if trimmed.starts_with("/*") && trimmed.contains("liquibase rollback") {
            let at = lower
                .find("rollback")
                .map_or(body.len(), |at| at + "rollback".len());
            let end = body.find("*/");
            down.push((
                start + at.min(end.unwrap_or(at)),
                start + end.unwrap_or(body.len()),
            ));
            block = end.is_none();
        }
    }
    let mut all = vec![(Some(Part::Up), (0, text.len()))];
    all.extend(down.into_iter().map(|range| (Some(Part::Down), range)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Asked;

    /// The half of each unit, with its text.
    fn halves(path: &str, text: &str) -> Vec<(Option<Part>, String)> {
        units(path, text)
            .into_iter()
            .map(|unit| {
                let body = match (unit.asked, unit.feed) {
                    (_, Some(feed)) => feed.text,
                    (Asked::Sql { text, .. }, None) => text,
                    _ => String::new(),
                };
                (unit.part, body.trim().to_owned())
            })
            .collect()
    }

    #[test]
    fn marks_of_every_tool_part_the_halves() {
        for (up, down) in [
            ("-- +goose Up", "-- +goose Down"),
            ("-- migrate:up transaction:false", "-- migrate:down"),
            ("-- +migrate Up notransaction", "-- +migrate Down"),
            ("-- Up Migration", "-- Down Migration"),
            ("# --- !Ups", "# --- !Downs"),
            ("--  up", "-- down"),
        ] {
            let text = format!("{up}\nDROP TABLE a;\n{down}\nDROP TABLE b;\n");
            let all = halves("db/1.sql", &text);
            assert_eq!(all.len(), 2, "{up}");
            assert_eq!(all[0].0, Some(Part::Up), "{up}");
            assert!(
                all[0].1.contains("TABLE a") && !all[0].1.contains("TABLE b"),
                "{up}"
            );
            assert_eq!(all[1].0, Some(Part::Down), "{up}");
            assert!(
                all[1].1.contains("TABLE b") && !all[1].1.contains("TABLE a"),
                "{up}"
            );
        }
    }

    #[test]
    fn a_word_in_a_comment_begins_no_half() {
        for text in [
            "-- down\nDROP TABLE a;",
            "-- go down the list\nDROP TABLE a;",
            "-- up and down\nDROP TABLE a;",
            "INSERT INTO t VALUES ('-- migrate:down');\nDROP TABLE a;",
        ] {
            let all = halves("db/1.sql", text);
            assert_eq!(all.len(), 1, "{text}");
            assert_eq!(all[0].0, None, "{text}");
        }
    }

    #[test]
    fn whole_files_that_take_back_are_known_by_their_names() {
        for path in [
            "db/U2__drop.sql",
            "db/U1.1__x.sql",
            "m/001_x.down.sql",
            "migrations/2020/down.sql",
            "migrations/drop-users_down.sql",
            "001.undo.sql",
            "sqitch/revert/users.sql",
        ] {
            assert_eq!(
                halves(path, "DROP TABLE a")[0].0,
                Some(Part::Down),
                "{path}"
            );
        }
        for path in [
            "db/V2__drop.sql",
            "db/R__x.sql",
            "m/001_x.up.sql",
            "U__x.sql",
            "shut_down.sql",
            "ops/tear_down.sql",
            "users__x.sql",
            "db/down/x.sql",
        ] {
            assert_eq!(halves(path, "DROP TABLE a")[0].0, None, "{path}");
        }
    }

    #[test]
    fn rollback_comments_of_liquibase_are_the_down_half() {
        let text = "--liquibase formatted sql\n--changeset ana:1\nDROP TABLE a;\n--rollback CREATE TABLE a (x int);\n\
                    --rollback DROP TABLE b;\n/* liquibase rollback\nDROP TABLE c;\n*/\n--rollback empty\n";
        let all = halves("db/changelog.sql", text);
        assert_eq!(all[0].0, Some(Part::Up));
        assert_eq!(all[1].0, Some(Part::Down));
        for wanted in ["CREATE TABLE a", "DROP TABLE b;", "DROP TABLE c;"] {
            assert!(all[1].1.contains(wanted), "{}", all[1].1);
        }
        assert!(
            !all[1].1.contains("DROP TABLE a")
                && !all[1].1.contains("empty")
                && !all[1].1.contains("--")
        );
    }

    #[test]
    fn a_file_with_commands_of_a_client_is_read_by_that_client() {
        for (text, client) in [
            ("\\connect shop\nDROP TABLE t;", Client::Psql),
            ("COPY public.t (a) FROM stdin;\n1\n\\.\n", Client::Psql),
            ("DELIMITER //\nDROP TABLE t//\n", Client::Mysql),
            ("DROP TABLE a\nGO\nDROP TABLE b\ngo 2\n", Client::Sqlcmd),
            (".read other.sql\n", Client::Sqlite),
            ("SELECT 1;\nGOTO x;\n.5;\n", Client::Plain),
        ] {
            assert_eq!(super::client(text), client, "{text}");
        }
    }
}
