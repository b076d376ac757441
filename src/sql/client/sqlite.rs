//! What sqlite3 and duckdb read: SQL, and dot commands on lines of their own.
//! Output and display settings are skipped.

use crate::model::span::Span;

use super::{Collector, Piece, arguments, behind_comment, behind_quote, line_end};

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
    out.finish()
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
        out.pieces.push(Piece::Program { text, span });
    } else if is("read", 3) {
        if let Some(file) = operands.first() {
            out.pieces.push(Piece::Include {
                file: (*file).clone(),
                beside: false,
                span,
            });
        }
    } else if is("restore", 3) {
        out.pieces.push(Piece::Restore { span });
    } else if is("open", 2) {
        let files = operands.into_iter().cloned().collect();
        out.connect(files, span);
    }
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
}
