//! What sqlplus and SQLcl read: SQL and PL/SQL, and commands of their own on lines where no statement is open.
//! It opens no file and fills in no `&variable`: such a word is no name, so that its statement is not known.

use crate::model::span::Span;

use super::{Collector, Piece, line_end};

/// Commands that start nothing and lose nothing, with the letters that must be written.
const OWN: [(&str, usize); 42] = [
    ("accept", 3),
    ("append", 1),
    ("archive", 7),
    ("attribute", 4),
    ("break", 3),
    ("btitle", 3),
    ("change", 1),
    ("clear", 2),
    ("column", 3),
    ("compute", 4),
    ("connect", 4),
    ("define", 3),
    ("del", 3),
    ("describe", 4),
    ("disconnect", 4),
    ("edit", 2),
    ("exit", 4),
    ("get", 3),
    ("help", 4),
    ("input", 1),
    ("list", 1),
    ("password", 5),
    ("pause", 3),
    ("print", 3),
    ("prompt", 3),
    ("quit", 4),
    ("recover", 7),
    ("remark", 3),
    ("repfooter", 4),
    ("repheader", 4),
    ("run", 1),
    ("save", 3),
    ("set", 3),
    ("show", 3),
    ("spool", 3),
    ("startup", 7),
    ("store", 5),
    ("timing", 4),
    ("ttitle", 3),
    ("undefine", 5),
    ("variable", 3),
    ("whenever", 8),
];

/// `SET` in front of these words is SQL.
const SETS: [&str; 4] = ["role", "transaction", "constraint", "constraints"];

pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Collector::default();
    out.sql.opens.push((0, waits_for_commit(text)));
    let mut at = 0;
    let mut state = State::Fresh;
    while at < text.len() {
        let end = line_end(text.as_bytes(), at);
        let next = (end + 1).min(text.len());
        let line = text.get(at..end).unwrap_or_default();
        let trimmed = line.trim();
        let span = Span::new(at, end);
        if trimmed == "/" {
            out.sql.insert(";\n", at);
            state = State::Fresh;
        } else if state == State::Fresh && is_end(trimmed) {
            if trimmed.to_ascii_lowercase().contains("rollback") {
                out.sql.insert("ROLLBACK;\n", at);
            }
            break;
        } else if state != State::Fresh || !command(trimmed, span, &mut out) {
            out.sql.copy(text, at, next);
            if state == State::Statement && trimmed.is_empty() {
                // A blank line ends what was typed.
                out.sql.insert(";\n", at);
            }
            state = state.behind(trimmed);
        }
        at = next.max(end + 1);
    }
    out.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No statement is open.
    Fresh,
    /// A comment over several lines, in front of a statement.
    Comment,
    /// A statement that ends with a semicolon at the end of a line.
    Statement,
    /// A block, which ends with a line `/`.
    Block,
}

impl State {
    fn behind(self, line: &str) -> Self {
        let state = match self {
            Self::Fresh if line.is_empty() || line.starts_with("--") => return Self::Fresh,
            Self::Fresh if line.starts_with("/*") && !line.contains("*/") => return Self::Comment,
            Self::Fresh if line.starts_with("/*") && line.ends_with("*/") => return Self::Fresh,
            Self::Comment if line.contains("*/") => return Self::Fresh,
            Self::Fresh if opens_block(line) => Self::Block,
            Self::Fresh => Self::Statement,
            open => open,
        };
        let ended = state == Self::Statement && (line.ends_with(';') || line.is_empty());
        if ended { Self::Fresh } else { state }
    }
}

fn opens_block(line: &str) -> bool {
    const KINDS: [&str; 6] = [
        "procedure",
        "function",
        "package",
        "trigger",
        "type",
        "library",
    ];
    let mut words = line
        .split(|char: char| !char.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
        .filter(|word| {
            !matches!(
                word.as_str(),
                "or" | "replace" | "editionable" | "noneditionable"
            )
        });
    match words.next().as_deref() {
        Some("begin" | "declare") => true,
        Some("create") => words
            .next()
            .is_some_and(|kind| KINDS.contains(&kind.as_str())),
        _ => line.starts_with("<<"),
    }
}

/// `EXIT`, `QUIT`: what follows is not read.
fn is_end(line: &str) -> bool {
    let word = line
        .split(|char: char| char.is_whitespace() || char == ';')
        .next()
        .unwrap_or_default();
    word.eq_ignore_ascii_case("exit") || word.eq_ignore_ascii_case("quit")
}

fn command(line: &str, span: Span, out: &mut Collector) -> bool {
    if let Some(program) = line.strip_prefix(['!', '$']) {
        return program_of(program, span, out);
    }
    if let Some(file) = line.strip_prefix('@') {
        return include(
            file.trim_start_matches('@'),
            line.starts_with("@@"),
            span,
            out,
        );
    }
    let (word, rest) = line
        .split_once(|char: char| char.is_whitespace() || char == ';')
        .unwrap_or((line, ""));
    let word = word.to_ascii_lowercase();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if is("host", 2) {
        return program_of(rest, span, out);
    }
    if is("start", 3) {
        return include(rest, false, span, out);
    }
    if is("connect", 4) || is("disconnect", 4) {
        out.sql.insert("COMMIT;\n", span.start);
        return true;
    }
    if is("spool", 3) {
        spooled(rest, span, out);
        return true;
    }
    if is("shutdown", 8) {
        out.sql.insert("SHUTDOWN;\n", span.start);
        return true;
    }
    if is("execute", 4) {
        out.sql.insert("BEGIN ", span.start);
        out.sql
            .insert(rest.trim().trim_end_matches(';'), span.start);
        out.sql.insert("; END;\n", span.start);
        return true;
    }
    let next = rest.split_whitespace().next().unwrap_or_default();
    let next = next.trim_end_matches(';').to_ascii_lowercase();
    let is_sql = word == "set" && SETS.contains(&next.as_str());
    !is_sql && OWN.iter().any(|(full, least)| is(full, *least))
}

/// Tells whether statements wait for a COMMIT, as they do by default: no line switches that off, and no script might.
fn waits_for_commit(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim().to_ascii_lowercase();
        let mut words = line.split_whitespace();
        let sets = words.next() == Some("set");
        let commits = words.any(|word| word.len() > 3 && "autocommit".starts_with(word));
        let off = line.trim_end_matches(';').ends_with(" off");
        let other = line.starts_with('@') || line.starts_with("sta");
        !other && (off || !sets || !commits)
    })
}

/// `SPOOL file`; its name gets `.lst` where it has no ending.
fn spooled(rest: &str, span: Span, out: &mut Collector) {
    let words = super::arguments(rest.trim().trim_end_matches(';'));
    let Some((file, modes)) = words.split_first() else {
        return;
    };
    let adds = modes
        .iter()
        .any(|mode| "append".starts_with(&mode.to_ascii_lowercase()));
    if adds || matches!(file.to_ascii_lowercase().as_str(), "off" | "out") {
        return;
    }
    let ends = file
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    let file = if ends {
        file.clone()
    } else {
        format!("{file}.lst")
    };
    out.writes(&file, false, span);
}

fn program_of(text: &str, span: Span, out: &mut Collector) -> bool {
    let text = text.trim().to_owned();
    if !text.is_empty() {
        out.pieces.push(Piece::Program { text, span });
    }
    true
}

/// A script; its name gets `.sql` where it has no ending.
fn include(rest: &str, beside: bool, span: Span, out: &mut Collector) -> bool {
    let Some(file) = super::arguments(rest.trim().trim_end_matches(';'))
        .into_iter()
        .next()
    else {
        return true;
    };
    let ends = file
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    out.include(
        if ends { file } else { format!("{file}.sql") },
        beside,
        span,
    );
    true
}

#[cfg(test)]
mod tests {
    use crate::sql::client::{Client, Piece, pieces};

    fn sql(text: &str) -> String {
        let all = pieces(Client::Sqlplus, text);
        let texts = all.iter().filter_map(|piece| match piece {
            Piece::Sql(sql) => Some(sql.text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn settings_in_front_of_a_statement_do_not_hide_it() {
        assert_eq!(
            sql("SET HEADING OFF\nwhenever sqlerror exit 1\nDROP TABLE a;\nset role x;\n"),
            "DROP TABLE a;\nset role x;\n"
        );
    }

    #[test]
    fn comments_and_blank_lines_do_not_join_statements() {
        assert_eq!(
            sql("/* all\n gone */\nSET ECHO ON\nSELECT 1\n\nDROP TABLE a;\n"),
            "/* all\n gone */\nSELECT 1\n\n;\nDROP TABLE a;\n"
        );
    }

    #[test]
    fn a_block_lasts_until_its_slash() {
        let text = "BEGIN\n  SET_X;\nset y := 1;\nEND;\n/\nSET PAGESIZE 1\nDROP TABLE b;\n";
        assert_eq!(
            sql(text),
            "BEGIN\n  SET_X;\nset y := 1;\nEND;\n;\nDROP TABLE b;\n"
        );
    }

    #[test]
    fn programs_scripts_and_exec_are_read() {
        let all = pieces(
            Client::Sqlplus,
            "host rm x\n!ls\n@dir/a\nstart b.sql 1\nexec purge_all;\n",
        );
        assert!(matches!(&all[0], Piece::Program { text, .. } if text == "rm x"));
        assert!(matches!(&all[1], Piece::Program { text, .. } if text == "ls"));
        assert!(matches!(&all[2], Piece::Include { file, .. } if file == "dir/a.sql"));
        assert!(matches!(&all[3], Piece::Include { file, .. } if file == "b.sql"));
        assert!(matches!(&all[4], Piece::Sql(sql) if sql.text == "BEGIN purge_all; END;\n"));
    }
}
