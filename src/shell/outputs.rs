//! Files that a program makes by an option of its own: what it prints or fetches goes there.
//! Redirections are the shell's and are read elsewhere.

use crate::model::word::Word;

use super::options::{Options, options, without_front};
use super::state::word_of;
use super::unfold::Job;

/// Options by which programs name the file that they write.
struct Row {
    programs: &'static [&'static str],
    outputs: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        programs: &["psql", "sqlcmd", "clickhouse-client"],
        outputs: &["-o", "--output"],
    },
    Row {
        programs: &["pg_dump", "pg_dumpall", "pg_restore"],
        outputs: &["-f", "--file"],
    },
    Row {
        programs: &["mysqldump", "mariadb-dump"],
        outputs: &["-r", "--result-file"],
    },
    Row {
        programs: &[
            "base64", "xxd", "openssl", "sort", "gpg", "gpg2", "age", "sops",
        ],
        outputs: &["-o", "-out", "--output"],
    },
    Row {
        programs: &["curl", "aria2c", "http", "https", "xh"],
        outputs: &["-o", "--output", "--out"],
    },
    Row {
        programs: &["wget"],
        outputs: &["-O", "--output-document"],
    },
];

/// Returns the file in which a wrapper keeps what it saw of the program inside.
pub(super) fn written(wrapper: &str, found: &Options) -> Option<Word> {
    let appends = match wrapper {
        "strace" => found.has("-A") || found.has("--output-append-mode"),
        "ltrace" | "perf stat" | "perf record" => found.has("--append"),
        "time" | "gtime" => found.has("-a") || found.has("--append"),
        _ => return None,
    };
    let file = found.value("-o --output").filter(|_| !appends)?;
    // `strace -o '|program'`
    (!file.prefix().starts_with(['|', '!'])).then(|| file.clone())
}

/// Options of the two downloaders that take a value, so that an address is not taken for one.
const CURL: &str = "-o --output -H --header -d --data -X --request -u --user -A --user-agent -e --referer -b --cookie -c --cookie-jar -F --form -T --upload-file -x --proxy -m --max-time --retry --connect-timeout -w --write-out -E --cert --cacert -K --config --output-dir -r --range -D --dump-header";
const WGET: &str = "-O --output-document -P --directory-prefix -o --output-file -a --append-output -t --tries -T --timeout -w --wait -U --user-agent -e --execute --header --user --password -l --level -i --input-file -Q --quota";

/// Returns the files that a program makes without a redirection.
pub(super) fn files(program: &str, job: &Job) -> Vec<Word> {
    let mut all = Vec::new();
    for row in ROWS.iter().filter(|row| row.programs.contains(&program)) {
        named(job.args(), row.outputs, &mut all);
    }
    all.retain(|word| word.text().as_deref() != Some("-"));
    if all.is_empty() {
        match program {
            "wget" if !prints(job) => fetched(job, WGET, &["-P", "--directory-prefix"], &mut all),
            "curl" if takes_the_name(job) => fetched(job, CURL, &["--output-dir"], &mut all),
            _ => {}
        }
    }
    all
}

fn named(args: &[Word], outputs: &[&str], all: &mut Vec<Word>) {
    for (at, word) in args.iter().enumerate() {
        let head = word.prefix();
        let joined = head
            .split_once('=')
            .filter(|(name, _)| name.starts_with("--") && outputs.contains(name));
        if let Some((name, _)) = joined {
            all.push(without_front(word, name.len() + 1));
        } else if outputs.contains(&head.as_str()) || clustered(&head, outputs) {
            all.extend(args.get(at + 1).cloned());
        } else if let Some(short) = outputs
            .iter()
            .find(|name| name.len() == 2 && head.len() > 2 && head.starts_with(**name))
        {
            all.push(without_front(word, short.len()));
        }
    }
}

/// `-fsSLo`, `-qO`: the option stands last in a cluster.
fn clustered(head: &str, outputs: &[&str]) -> bool {
    head.starts_with('-')
        && !head.starts_with("--")
        && head.len() > 2
        && outputs
            .iter()
            .filter_map(|name| name.strip_prefix('-').filter(|short| short.len() == 1))
            .any(|short| head.ends_with(short))
        && head.chars().skip(1).all(char::is_alphabetic)
}

/// `wget -qO- …`, `wget --spider …`: nothing is kept.
fn prints(job: &Job) -> bool {
    job.args().iter().any(|word| {
        let text = word.prefix();
        text == "--spider"
            || text.starts_with('-') && !text.starts_with("--") && text.contains('O')
            || text.starts_with("--output-document")
    })
}

/// `curl -O`: the file has the name that ends the address.
fn takes_the_name(job: &Job) -> bool {
    job.args().iter().any(|word| {
        let text = word.prefix();
        matches!(text.as_str(), "--remote-name" | "--remote-name-all")
            || text.starts_with('-') && !text.starts_with("--") && text.contains('O')
    })
}

/// Adds the files that addresses are fetched into under their own names.
fn fetched(job: &Job, valued: &str, folders: &[&str], all: &mut Vec<Word>) {
    let mut folder = None;
    let mut rest = job.args();
    while !rest.is_empty() {
        let found = options(rest, valued);
        folder = folders
            .iter()
            .find_map(|name| found.value(name).cloned())
            .or(folder);
        rest = rest.get(found.rest..).unwrap_or_default();
        let Some((address, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        let text = address.prefix();
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let path = path.split_once("://").map_or(path, |(_, path)| path);
        if let Some((_, name)) = path.rsplit_once('/')
            && !name.is_empty()
        {
            let mut word = Word::literal(name, address.origin.clone());
            if let Some(folder) = &folder {
                let mut pieces = folder.pieces.clone();
                pieces.push(super::expand::literal_piece("/", &address.origin));
                pieces.append(&mut word.pieces);
                word = word_of(pieces, None);
            }
            all.push(word);
        }
    }
}
