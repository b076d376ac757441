//! What sqlcmd, snowsql and cqlsh read: SQL, and commands of their own at the start of a line.
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

fn command(client: Client, line: &str, span: Span, out: &mut Collector) -> bool {
    let lower = line.to_ascii_lowercase();
    let program = match client {
        Client::Sqlcmd => ["!!", ":!!"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark)),
        Client::Snowsql if lower.starts_with("!system ") => line.get(8..),
        _ => None,
    };
    if let Some(program) = program {
        let text = program.trim().to_owned();
        out.pieces.push(Piece::Program { text, span });
        return true;
    }
    let file = match client {
        Client::Sqlcmd if lower.starts_with(":r ") => line.get(3..),
        Client::Snowsql if lower.starts_with("!source ") => line.get(8..),
        Client::Snowsql if lower.starts_with("!load ") => line.get(6..),
        Client::Cqlsh if lower.starts_with("source ") => line.get(7..),
        _ => None,
    };
    let Some(file) = file.and_then(|rest| arguments(rest.trim_end_matches(';')).into_iter().next())
    else {
        return false;
    };
    out.pieces.push(Piece::Include {
        file,
        beside: false,
        span,
    });
    true
}
