//! What snowsql, cqlsh and the clients of Hive read: SQL, and commands of their own at the start of a line.
//! Strings that span lines are not told from commands; such a command is then found twice, never missed.

use crate::model::span::Span;

use super::{Client, Collector, Piece, arguments, line_end};

pub(super) fn pieces(client: Client, text: &str) -> Vec<Piece> {
    let mut out = Collector::default();
    let mut at = 0;
    while at < text.len() {
        let end = line_end(text.as_bytes(), at);
        let next = (end + 1).min(text.len());
        let line = text.get(at..end).unwrap_or_default();
        if !command(client, line.trim(), Span::new(at, end), &mut out) {
            out.sql.copy(text, at, next);
        }
        at = next.max(end + 1);
    }
    out.finish()
}

/// What bteq reads: SQL, and commands behind a dot. Whoever else is fed such lines does not know them.
/// Commands: https://docs.teradata.com/r/Basic-Teradata-Query-Reference
pub(super) fn dotted(text: &str) -> Vec<Piece> {
    const COMMANDS: [&str; 16] = [
        "LOGON", "LOGOFF", "LOGMECH", "QUIT", "EXIT", "IF", "SET", "EXPORT", "IMPORT", "RUN", "OS",
        "LABEL", "GOTO", "REMARK", "SHOW", "REPEAT",
    ];
    let mut out = Collector::default();
    let mut at = 0;
    while at < text.len() {
        let end = line_end(text.as_bytes(), at);
        let next = (end + 1).min(text.len());
        let line = text.get(at..end).unwrap_or_default().trim();
        let span = Span::new(at, end);
        let (word, rest) = (line.strip_prefix('.'))
            .map(|line| line.split_once(' ').unwrap_or((line, "")))
            .unwrap_or_default();
        let word = word.trim_end_matches(';').to_ascii_uppercase();
        if !COMMANDS.contains(&word.as_str()) {
            out.sql.copy(text, at, next);
        } else if word == "OS" {
            let text = rest.trim_end_matches(';').to_owned();
            out.pieces.push(Piece::Program { text, span });
        } else if word == "RUN"
            && let Some((_, file)) = rest.split_once('=')
        {
            out.include(file.trim().trim_end_matches(';').to_owned(), false, span);
        }
        at = next.max(end + 1);
    }
    out.finish()
}

fn command(client: Client, line: &str, span: Span, out: &mut Collector) -> bool {
    let (programs, files): (&[&str], &[&str]) = match client {
        Client::Snowsql => (&["!system "], &["!source ", "!load "]),
        Client::Hive => (
            &["!sh ", "dfs "],
            &["source ", "!run ", "!script ", "!runscript "],
        ),
        _ => (&[], &["source "]),
    };
    let behind = |starts: &[&str]| {
        starts.iter().find_map(|start| {
            let head = line.get(..start.len())?;
            let rest = line.get(start.len()..)?;
            head.eq_ignore_ascii_case(start).then_some(rest)
        })
    };
    if let Some(program) = behind(programs) {
        let text = program.trim().trim_end_matches(';');
        // hive's `dfs` is Hadoop's own client.
        let text = if line.starts_with(['d', 'D']) {
            format!("hdfs dfs {text}")
        } else {
            text.to_owned()
        };
        out.pieces.push(Piece::Program { text, span });
        return true;
    }
    let file =
        behind(files).and_then(|rest| arguments(rest.trim_end_matches(';')).into_iter().next());
    if let Some(file) = file {
        out.include(file, false, span);
        return true;
    }
    let rest = line.strip_prefix('!').filter(|_| client != Client::Cqlsh);
    match rest {
        // hive: `!rm -rf x;` goes to the shell; beeline's own commands are words without operands or settings.
        Some(rest) if client == Client::Hive && rest.contains(' ') && !is_own(rest) => {
            let text = rest.trim_end_matches(';').to_owned();
            out.pieces.push(Piece::Program { text, span });
            true
        }
        Some(_) => true,
        None => false,
    }
}

/// Commands of beeline and sqlline that start nothing.
fn is_own(rest: &str) -> bool {
    const OWN: [&str; 12] = [
        "connect",
        "set",
        "outputformat",
        "properties",
        "record",
        "describe",
        "tables",
        "columns",
        "indexes",
        "primarykeys",
        "help",
        "sql",
    ];
    let word = rest.split_whitespace().next().unwrap_or_default();
    OWN.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use crate::sql::client::{Client, Piece, pieces};

    #[test]
    fn commands_of_bteq_are_no_sql() {
        let text =
            ".LOGON tdprod/etl,x\nDELETE FROM t ALL;\n.OS rm -rf /data\n.RUN FILE = a.sql\n.LOGOFF";
        let all = pieces(Client::Plain, text);
        let program =
            |one: &Piece| matches!(one, Piece::Program { text, .. } if text == "rm -rf /data");
        let file = |one: &Piece| matches!(one, Piece::Include { file, .. } if file == "a.sql");
        let sql =
            |one: &Piece| matches!(one, Piece::Sql(sql) if sql.text.trim() == "DELETE FROM t ALL;");
        assert!(all.iter().any(program) && all.iter().any(file) && all.iter().any(sql));
    }

    #[test]
    fn commands_of_hive_start_programs_and_read_files() {
        let all = pieces(
            Client::Hive,
            "!connect jdbc:hive2://h\n!sh rm -rf /data\ndfs -rm -r /warehouse;\nsource a.sql;\nDROP TABLE t;",
        );
        assert!(matches!(&all[0], Piece::Program { text, .. } if text == "rm -rf /data"));
        assert!(
            matches!(&all[1], Piece::Program { text, .. } if text == "hdfs dfs -rm -r /warehouse")
        );
        assert!(matches!(&all[2], Piece::Include { file, .. } if file == "a.sql"));
        assert!(matches!(&all[3], Piece::Sql(sql) if sql.text == "DROP TABLE t;"));
    }
}
