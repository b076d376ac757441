//! What sqlite3 and duckdb read: SQL, and dot commands on lines of their own.
//! Output and display settings are skipped.

use crate::model::span::Span;

use super::{Collector, Piece, Sql, arguments, behind_comment, behind_quote, line_end};

pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let bytes = text.as_bytes();
    let mut out = Collector::default();
    let mut at = 0;
    let mut fresh = true;
    let mut line_start = true;
    while let Some(byte) = bytes.get(at) {
        if line_start {
            let end = line_end(bytes, at);
            let line = text.get(at..end).unwrap_or_default();
            if fresh && is_end(line) {
                break;
            }
            if fresh && line.starts_with('.') {
                dot(line, Span::new(at, end), &mut out);
                at = end;
                line_start = false;
                continue;
            }
            if matches!(line.trim(), "/" | "go" | "GO") {
                out.sql.insert(";", at);
                at = end;
                fresh = true;
                continue;
            }
        }
        line_start = *byte == b'\n';
        let next = match byte {
            b'\'' | b'"' | b'`' => behind_quote(bytes, at, false),
            b'-' if bytes.get(at + 1) == Some(&b'-') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => behind_comment(bytes, at, false),
            _ => at + 1,
        };
        let comment = matches!(byte, b'-' | b'/') && next > at + 1;
        if *byte == b';' {
            fresh = true;
        } else if !byte.is_ascii_whitespace() && !comment {
            fresh = false;
        }
        let next = (next..=text.len())
            .find(|index| text.is_char_boundary(*index))
            .unwrap_or(text.len());
        out.sql.copy(text, at, next);
        at = next;
    }
    let mut all = out.finish();
    let mut files = Collector::default();
    for piece in &all {
        if let Piece::Sql(sql) = piece {
            written(sql, &mut files);
        }
    }
    all.append(&mut files.pieces);
    all
}

/// Notes the files that SQL itself writes: `writefile('x', …)`, and DuckDB's `COPY … TO 'x'`.
fn written(sql: &Sql, out: &mut Collector) {
    let bytes = sql.text.as_bytes();
    // The words behind which a string names a file, and whether the statement is a COPY.
    let (mut before, mut copies, mut first) = (String::new(), false, true);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at + 1);
        let next = match byte {
            b'\'' | b'"' | b'`' => behind_quote(bytes, at, false),
            b'-' if rest == Some(&b'-') => line_end(bytes, at),
            b'/' if rest == Some(&b'*') => behind_comment(bytes, at, false),
            byte if byte.is_ascii_alphanumeric() || *byte == b'_' => {
                let more = bytes.get(at..).unwrap_or_default();
                let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                at + more
                    .iter()
                    .position(|byte| !name(byte))
                    .unwrap_or(more.len())
            }
            _ => at + 1,
        };
        let token = sql.text.get(at..next).unwrap_or_default();
        match byte {
            b'\'' => {
                let names = before == "writefile(" || copies && before == "to";
                let file = token.trim_matches('\'').replace("\'\'", "'");
                if names {
                    let span = sql.source_span(Span::new(at, next));
                    out.writes(&file, false, span);
                }
                before.clear();
            }
            b';' => (first, copies) = (true, false),
            b'(' => before.push('('),
            byte if byte.is_ascii_alphanumeric() => {
                before = token.to_ascii_lowercase();
                copies |= first && before == "copy";
                first = false;
            }
            byte if byte.is_ascii_whitespace() => {}
            b'-' | b'/' if next > at + 1 => {}
            _ => before.clear(),
        }
        at = next.max(at + 1);
    }
}

/// `.quit`, `.exit`: what follows is not read.
fn is_end(line: &str) -> bool {
    let name = line.split_whitespace().next().unwrap_or_default();
    name.len() > 1 && ".quit".starts_with(name) || name.len() > 2 && ".exit".starts_with(name)
}

fn dot(line: &str, span: Span, out: &mut Collector) {
    let words = arguments(line.get(1..).unwrap_or_default());
    let Some(name) = words.first() else {
        return;
    };
    let rest = line
        .get(1 + name.len()..)
        .unwrap_or_default()
        .trim()
        .to_owned();
    let is = |full: &str, least: usize| name.len() >= least && full.starts_with(name.as_str());
    let operands: Vec<&String> = words
        .iter()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let piped = words.iter().skip(1).find(|word| word.starts_with('|'));
    if piped.is_none() {
        stored(name, &words, span, out);
    }
    if is("shell", 2) || is("system", 2) {
        out.pieces.push(Piece::Program { text: rest, span });
    } else if let Some(program) = piped.filter(|_| {
        is("read", 3) || is("import", 2) || is("once", 2) || is("output", 1) || is("trace", 1)
    }) {
        let text = rest
            .split_once('|')
            .map_or(program.as_str(), |(_, program)| program)
            .trim()
            .to_owned();
        if is("once", 2) || is("output", 1) {
            let text = super::fed("sqlite3", &text);
            out.pieces.push(Piece::Program { text, span });
        } else {
            out.pieces.push(Piece::Program { text, span });
        }
        if is("read", 3) {
            out.pieces.push(Piece::Opaque {
                reason: format!("reads SQL from the output of `{program}`"),
                span,
            });
        }
    } else if is("read", 3) {
        if let Some(file) = operands.first() {
            out.include((*file).clone(), false, span);
        }
    } else if is("restore", 3) || is("dbconfig", 3) && empties(&words) {
        out.pieces.push(Piece::Restore { span });
    } else if is("open", 2) {
        let files = operands.into_iter().cloned().collect();
        out.connect(files, span);
    }
}

/// Notes the file that a dot command writes.
fn stored(name: &str, words: &[String], span: Span, out: &mut Collector) {
    let is = |full: &str, least: usize| name.len() >= least && full.starts_with(name);
    let (mut operands, flags): (Vec<&String>, Vec<&String>) = words
        .iter()
        .skip(1)
        .partition(|word| !word.starts_with('-'));
    // `.open --new` empties a file that is there.
    let fresh = is("open", 2) && flags.iter().any(|flag| flag.ends_with("-new"));
    let copies = is("backup", 3) || is("save", 3);
    let prints = is("output", 1) || is("once", 2) || is("log", 2) || is("trace", 2);
    let file = if fresh || copies {
        operands.pop()
    } else {
        operands.into_iter().next().filter(|_| prints)
    };
    if let Some(file) = file {
        out.writes(file, copies, span);
    }
}

/// `.dbconfig reset_database on`: the next VACUUM leaves an empty database.
fn empties(words: &[String]) -> bool {
    let mut words = words.iter().skip(1).map(String::as_str);
    words.next() == Some("reset_database") && matches!(words.next(), Some("on" | "1" | "yes"))
}

#[cfg(test)]
mod tests {
    use crate::sql::client::{Client, Piece, pieces};

    #[test]
    fn dot_commands_start_programs_read_files_and_open_databases() {
        let all = pieces(
            Client::Sqlite,
            ".shell rm x\n.read a.sql\nSELECT\n.1;\n.open b.db\nDROP TABLE t;\n.restore c.db",
        );
        assert!(matches!(&all[0], Piece::Program { text, .. } if text == "rm x"));
        assert!(matches!(&all[1], Piece::Include { file, .. } if file == "a.sql"));
        assert!(matches!(&all[2], Piece::Sql(sql) if sql.text.contains(".1")));
        assert!(matches!(&all[3], Piece::Connect { arguments, .. } if arguments == &["b.db"]));
        assert!(matches!(&all[4], Piece::Restore { .. }));
        assert!(matches!(&all[5], Piece::Sql(sql) if sql.text.contains("DROP")));
    }

    #[test]
    fn files_that_are_written_are_told_from_streams_and_from_text() {
        let files = |text: &str| -> Vec<(String, bool)> {
            pieces(Client::Sqlite, text)
                .into_iter()
                .filter_map(|piece| match piece {
                    Piece::Writes { file, copies, .. } => Some((file, copies)),
                    _ => None,
                })
                .collect()
        };
        let one = |file: &str, copies| vec![(file.to_owned(), copies)];
        assert_eq!(files(".backup b.db"), one("b.db", true));
        assert_eq!(files(".backup main 'b c.db'"), one("b c.db", true));
        assert_eq!(files(".save b.db"), one("b.db", true));
        assert_eq!(files(".once a.csv\nSELECT 1;"), one("a.csv", false));
        assert_eq!(files(".output a.sql\n.dump"), one("a.sql", false));
        assert_eq!(files(".open --new b.db"), one("b.db", false));
        assert_eq!(files("SELECT writefile('a', 'b');"), one("a", false));
        assert_eq!(files("COPY t TO 'a.csv' (HEADER);"), one("a.csv", false));
        for text in [
            ".output",
            ".output stdout",
            ".log off",
            ".once -x",
            ".once |cat",
            ".open b.db",
            ".clone b.db",
            "VACUUM INTO 'b.db';",
            "COPY t FROM 'a.csv';",
            "SELECT 'writefile(', 'to';",
            "-- COPY t TO 'a'\nSELECT 1;",
        ] {
            assert_eq!(files(text), [], "{text}");
        }
    }
}
