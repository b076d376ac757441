//! What `read` and `mapfile` take from their input: lines, parted at IFS, into variables.
//! Where the input comes from is known before.

use crate::model::word::{Hole, Part, Piece, Word};

use super::elements;
use super::expand::literal_piece;
use super::flow::lines_of;
use super::options::options;
use super::state::{Feed, State, Value, literal, nowhere};
use super::unfold::{Frame, Job};

pub(super) fn read(job: &Job, st: &mut State, fr: &Frame) {
    let found = options(job.args(), "-p -d -n -N -t -u -i -a");
    let names: Vec<String> = job
        .args()
        .get(found.rest..)
        .unwrap_or_default()
        .iter()
        .filter_map(Word::text)
        .collect();
    let whole = |word: &Word| word.text().is_some_and(|end| end.is_empty());
    let line = match (&fr.stdin, found.value("-d")) {
        (Feed::Text { pieces, .. }, Some(end)) if whole(end) => Some(pieces.clone()),
        (_, Some(_)) => None,
        // A part of the line, or the lines of another file.
        _ if ["-n", "-N", "-u"].iter().any(|flag| found.has(flag)) => None,
        (stdin, None) => lines_of(stdin).map(|lines| lines.into_iter().next().unwrap_or_default()),
    };
    let array = found.value("-a").and_then(Word::text);
    let ifs = job
        .env
        .iter()
        .find(|(key, _)| key == "IFS")
        .and_then(|(_, word)| word.text());
    if let Some(name) = array {
        let items = match &line {
            Some(line) => split_line(line, usize::MAX, ifs.as_deref()),
            None => vec![vec![unknown()]],
        };
        st.set(
            &name,
            Value::List(items.into_iter().map(|item| (None, item)).collect()),
        );
        return;
    }
    let names = if names.is_empty() {
        vec!["REPLY".to_owned()]
    } else {
        names
    };
    let mut values = match &line {
        Some(line) => split_line(line, names.len(), ifs.as_deref()).into_iter(),
        None => vec![vec![unknown()]; names.len()].into_iter(),
    };
    for name in names {
        st.set(&name, Value::Text(values.next().unwrap_or_default()));
    }
}

/// Tells whether `read` succeeds: a whole line is there. Where the input is at its end, or ends without a line feed, it fails.
pub(super) fn line_comes(job: &Job, stdin: &Feed) -> Option<bool> {
    let found = options(job.args(), "-p -a");
    let other = [
        "-d", "-n", "-N", "-t", "-u", "-i", "-k", "-q", "-c", "-l", "-z",
    ];
    if other.iter().any(|flag| found.has(flag)) {
        return None;
    }
    match stdin {
        Feed::Null => Some(false),
        Feed::Text {
            pieces,
            certain: true,
        } => literal(pieces).map(|text| text.contains('\n')),
        _ => None,
    }
}

/// `counted` tells whether a list of names is whole; its order is not known.
pub(super) fn map_file(job: &Job, st: &mut State, fr: &Frame, counted: bool) {
    let found = options(job.args(), "-d -n -O -s -u -C -c");
    let name = job
        .args()
        .get(found.rest)
        .and_then(Word::text)
        .unwrap_or_else(|| "MAPFILE".to_owned());
    let mut items = lines_of(&fr.stdin).unwrap_or_else(|| vec![vec![unknown()]]);
    let flags = |known: &[&str]| {
        let mut list = found.list.iter();
        list.all(|(flag, _)| known.contains(&flag.as_str()))
    };
    let most = found.value("-n").and_then(Word::text);
    if let Some(most) = most
        .and_then(|text| text.parse().ok())
        .filter(|most| *most > 0)
    {
        items.truncate(most);
    }
    let whole = matches!(&fr.stdin, Feed::Text { certain: true, .. } | Feed::Null)
        && items.iter().all(|item| literal(item).is_some())
        && flags(&["-t", "-n"]);
    let counted = counted && flags(&["-t", "-d"]);
    let key = match (whole, counted) {
        (true, _) => None,
        (false, true) => Some(elements::UNKNOWN.to_owned()),
        (false, false) => Some(elements::uncounted()),
    };
    let items = items.into_iter().map(|item| (key.clone(), item));
    st.set(&name, Value::List(items.collect()));
}

fn split_line(line: &[Piece], fields: usize, ifs: Option<&str>) -> Vec<Vec<Piece>> {
    let ifs = ifs.unwrap_or(" \t\n");
    let Some(text) = literal(line) else {
        return vec![line.to_vec(); fields.min(line.len().max(1))];
    };
    let origin = line
        .first()
        .map_or_else(nowhere, |piece| piece.origin.clone());
    let white = |c: char| ifs.contains(c) && c.is_whitespace();
    let mut rest = text.trim_matches(white);
    let mut all = Vec::new();
    while !rest.is_empty() {
        if all.len() + 1 >= fields {
            all.push(vec![literal_piece(rest, &origin)]);
            break;
        }
        let end = rest.find(|c| ifs.contains(c)).unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        all.push(vec![literal_piece(head, &origin)]);
        let trimmed = tail.trim_start_matches(white);
        rest = match trimmed.chars().next() {
            Some(c) if ifs.contains(c) => trimmed
                .strip_prefix(c)
                .unwrap_or_default()
                .trim_start_matches(white),
            _ => trimmed,
        };
    }
    all
}

fn unknown() -> Piece {
    Piece {
        part: Part::Hole(Hole::Unknown),
        origin: nowhere(),
    }
}
