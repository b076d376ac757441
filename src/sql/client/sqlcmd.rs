//! What sqlcmd reads: SQL, commands that begin with a colon, programs behind `!!`, variables as `$(name)`.
//! Strings that span lines are not told from commands; such a command is then found twice, never missed.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::{Collector, Piece, Variables, arguments, line_end};

/// Longer names are no variables.
const MAX_NAME: usize = 128;

pub(super) fn pieces(text: &str, variables: &mut Variables) -> Vec<Piece> {
    let mut out = Collector::default();
    let mut at = 0;
    // Where the batch that is being typed began, in the collected SQL.
    let mut batch = 0;
    while at < text.len() {
        let end = line_end(text.as_bytes(), at);
        let next = (end + 1).min(text.len());
        let line = text.get(at..end).unwrap_or_default();
        let word = line.trim().trim_end_matches(';').to_ascii_lowercase();
        let several = text.contains('\n');
        match word.trim_start_matches(':') {
            // What was typed and not sent yet is forgotten.
            "quit" | "exit" | "reset" if several => {
                out.sql.truncate(batch);
                if !word.ends_with("reset") {
                    break;
                }
                at = next.max(end + 1);
                continue;
            }
            _ => {}
        }
        if !command(line.trim(), Span::new(at, end), variables, &mut out) {
            fill(text, at, next, variables, &mut out);
        }
        if word == "go" || word.starts_with("go ") {
            batch = out.sql.text.len();
        }
        at = next.max(end + 1);
    }
    out.finish()
}

/// Copies a line with its variables filled in; one that is not set is a hole.
fn fill(text: &str, from: usize, to: usize, variables: &Variables, out: &mut Collector) {
    let mut at = from;
    while let Some(offset) = text.get(at..to).and_then(|rest| rest.find("$(")) {
        let open = at + offset;
        let rest = text.as_bytes().get(open + 2..to).unwrap_or_default();
        let close = rest.iter().take(MAX_NAME).position(|byte| *byte == b')');
        let name = close.and_then(|close| text.get(open + 2..open + 2 + close));
        let Some(name) = name.filter(|name| is_name(name)) else {
            out.sql.copy(text, at, open + 2);
            at = open + 2;
            continue;
        };
        out.sql.copy(text, at, open);
        let hole = HOLE.to_string();
        let value = variables.get(&name.to_lowercase()).unwrap_or(&hole);
        out.sql.insert(value, open);
        at = open + 3 + name.len();
    }
    out.sql.copy(text, at, to);
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn command(line: &str, span: Span, variables: &mut Variables, out: &mut Collector) -> bool {
    let program = ["!!", ":!!"]
        .iter()
        .find_map(|mark| line.strip_prefix(mark));
    if let Some(program) = program {
        let text = program.trim().to_owned();
        out.pieces.push(Piece::Program { text, span });
        return true;
    }
    let Some(rest) = line
        .strip_prefix(':')
        .filter(|rest| rest.starts_with(|char: char| char.is_ascii_alphabetic()))
    else {
        return false;
    };
    let words = arguments(rest);
    let word = |at: usize| words.get(at).cloned().unwrap_or_default();
    match word(0).to_ascii_lowercase().as_str() {
        "r" => out.include(word(1), false, span),
        "setvar" => {
            variables.insert(word(1).to_lowercase(), word(2));
        }
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::sql::client::{Client, Piece, pieces};

    #[test]
    fn variables_are_filled_in_and_commands_told_apart() {
        let all = pieces(
            Client::Sqlcmd,
            ":setvar what \"TABLE dbo.Orders\"\n:r a.sql\n!!rm x\nDROP $(what); DELETE FROM $(t)\nGO\n",
        );
        assert!(matches!(&all[0], Piece::Include { file, .. } if file == "a.sql"));
        assert!(matches!(&all[1], Piece::Program { text, .. } if text == "rm x"));
        assert!(
            matches!(&all[2], Piece::Sql(sql) if sql.text == "DROP TABLE dbo.Orders; DELETE FROM \u{FFFC}\nGO\n")
        );
    }
}
