//! Clients of stores that read their commands from standard input or a file: each as the words that say the same.
//! It judges nothing; the rules see these words as they see a command line.

use crate::classify::Context;
use crate::model::command::{Command, Cwd, Stdin};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::span::Origin;
use crate::model::word::{Part, Word};

/// More lines than this are not read one by one.
const MAX_LINES: usize = 100_000;

/// How a text becomes words.
#[derive(Clone, Copy)]
enum Form {
    /// Each line is a command of its own.
    Lines,
    /// The whole text is the value of this option.
    Option(&'static str),
    /// The whole text is one operand.
    Operand,
}

/// Programs with their form, and the options that name a file with commands.
const CLIENTS: &[(&[&str], Form, &[&str])] = &[
    (
        &["redis-cli", "valkey-cli", "keydb-cli", "iredis"],
        Form::Lines,
        &[],
    ),
    (
        &[
            "etcdctl",
            "zkCli.sh",
            "rabbitmqadmin",
            "nsupdate",
            "vtysh",
            "virsh",
            "parted",
            "bconsole",
            "kadmin",
            "kadmin.local",
        ],
        Form::Lines,
        &[],
    ),
    (&["hbase"], Form::Operand, &[]),
    (
        &["mongosh", "mongo"],
        Form::Option("--eval"),
        &["-f", "--file"],
    ),
    (&["cypher-shell"], Form::Operand, &["-f", "--file"]),
    (&["surreal", "hbase", "rman"], Form::Operand, &[]),
    (
        &["arangosh"],
        Form::Option("--javascript.execute-string"),
        &["--javascript.execute"],
    ),
    (&["influx"], Form::Option("-execute"), &[]),
    (&["sftp"], Form::Lines, &["-b"]),
    (&["ftp", "ncftp", "pftp", "tnftp"], Form::Lines, &[]),
    (&["lftp"], Form::Option("-e"), &["-f"]),
    (&["smbclient"], Form::Option("-c"), &[]),
    (&["http", "https", "xh", "xhs"], Form::Option("--raw"), &[]),
    (&["cbq"], Form::Option("-s"), &["-f", "--file"]),
];

/// Returns the words that say what a client reads from its standard input and from files.
pub fn lines(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Vec<Word>> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    if matches!(
        program.as_str(),
        "nc" | "ncat" | "netcat" | "telnet" | "socat" | "openssl"
    ) {
        return raw(command);
    }
    if matches!(program.as_str(), "curl" | "wget") {
        return posted(command, context, needs);
    }
    if matches!(program.as_str(), "aws" | "awslocal" | "aws2") {
        return parameters(command, context, needs);
    }
    if program == "ldapmodify" {
        return entries(command, context, needs);
    }
    let Some((_, form, files)) = CLIENTS
        .iter()
        .find(|(names, ..)| names.contains(&program.as_str()))
    else {
        return Vec::new();
    };
    let mut texts: Vec<(String, Origin)> = Vec::new();
    texts.extend(stdin(command, context, needs));
    for file in named(command, files) {
        texts.extend(file_text(&file, command, context, needs));
    }
    let mut scripts = Vec::new();
    if matches!(form, Form::Lines) && program.ends_with("cli") {
        for file in named(command, &["--eval"]) {
            if let Some((text, origin)) = file_text(&file, command, context, needs) {
                scripts.push(evaluated(command, &text, &origin));
            }
        }
    }
    let fed = texts
        .into_iter()
        .flat_map(|(text, origin)| words(command, *form, &text, &origin));
    fed.chain(scripts).collect()
}

/// Options of aws whose value is a batch of writes.
const BATCHES: [&str; 3] = ["--request-items", "--transact-items", "--change-batch"];

/// `aws dynamodb batch-write-item --request-items file://FILE`: with the text in the place of its name. Of a file that the call
/// makes in a way that is not followed, the words count that it is made of.
fn parameters(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Vec<Word>> {
    let mut all: Vec<Word> = Vec::with_capacity(command.words.len());
    let mut found = false;
    let mut before = String::new();
    for word in &command.words {
        let head = word.prefix();
        let (option, value) = match head.split_once('=') {
            Some((option, value)) => (option, value),
            None => (before.as_str(), head.as_str()),
        };
        let file = value
            .strip_prefix("file://")
            .filter(|_| BATCHES.contains(&option));
        let file = file.map(|file| Word::literal(file, word.origin.clone()));
        let known = file.as_ref().and_then(|file| {
            let text = match file.text().as_deref() {
                Some("/dev/stdin" | "-") => stdin(command, context, needs).into_iter().next(),
                _ => file_text(file, command, context, needs),
            };
            text.or_else(|| made_of(file, command, context))
        });
        match known {
            Some((text, origin)) => {
                found = true;
                if head.contains('=') {
                    all.push(Word::literal(option, word.origin.clone()));
                }
                all.push(Word::literal(text, origin));
            }
            None => all.push(word.clone()),
        }
        before = head;
    }
    if found { vec![all] } else { Vec::new() }
}

/// Returns the words of the commands before the one that writes a file, and of that one, where nothing says what stands in it.
fn made_of(file: &Word, command: &Command, context: &Context<'_>) -> Option<(String, Origin)> {
    let path = crate::classify::place_of(&file.text()?, command)?;
    let writes = |earlier: &Command| {
        let left = earlier.leaves();
        left.iter().any(|(file, _)| {
            let name = file.text().unwrap_or_default();
            crate::classify::place_of(&name, earlier).is_some_and(|place| place == path)
        })
    };
    let last = context.earlier.iter().rposition(writes)?;
    let makers = context.earlier.get(..=last)?;
    let words = makers.iter().flat_map(|maker| maker.words.iter());
    let text: Vec<String> = words.map(Word::prefix).collect();
    Some((text.join(" "), file.origin.clone()))
}

/// LDIF: entries with `changetype: delete`, as `ldapdelete` has them.
fn entries(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Vec<Word>> {
    let mut texts: Vec<(String, Origin)> = Vec::new();
    let files = named(command, &["-f"]);
    if files.is_empty() {
        texts.extend(stdin(command, context, needs));
    }
    for file in files {
        texts.extend(file_text(&file, command, context, needs));
    }
    let mut all = Vec::new();
    for (text, origin) in texts {
        let mut name = None;
        for line in text.lines() {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            match (key.trim().to_ascii_lowercase().as_str(), value.trim()) {
                ("dn", value) => name = Some(value),
                ("changetype", value) if value.eq_ignore_ascii_case("delete") => {
                    let literal = |text: &str| Word::literal(text, origin.clone());
                    let mut words = vec![literal("ldapdelete")];
                    words.extend(command.args().iter().cloned());
                    words.push(literal(name.unwrap_or_default()));
                    all.push(words);
                }
                _ => {}
            }
        }
    }
    all
}

/// `redis-cli --eval FILE`: the Lua text as `EVAL` has it.
fn evaluated(command: &Command, text: &str, origin: &Origin) -> Vec<Word> {
    let mut all = Vec::new();
    let mut words = command.words.iter();
    while let Some(word) = words.next() {
        if word.text().as_deref() == Some("--eval") {
            words.next();
            break;
        }
        all.push(word.clone());
    }
    all.extend(["EVAL", text].map(|text| Word::literal(text, origin.clone())));
    all
}

/// Options of curl and wget whose value may name the file that is sent: with `@` in front, or always.
const BODIES: &[&str] = &["-d", "--data", "--data-binary", "--data-ascii", "--json"];
const BODY_FILES: &[(&str, &str)] = &[
    ("--post-file", "--post-data"),
    ("--body-file", "--body-data"),
];

/// `curl --data-binary @FILE`, `-d @-`, `wget --post-file=FILE`: with the text in the place of its name.
fn posted(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Vec<Word>> {
    let mut all: Vec<Word> = Vec::with_capacity(command.words.len());
    let mut found = false;
    let mut before: Option<String> = None;
    for word in &command.words {
        let (flag, file) = match body_of(word, before.as_deref()) {
            Some(body) => body,
            None => {
                before = word.plain().map(str::to_owned);
                all.push(word.clone());
                continue;
            }
        };
        before = None;
        let text = match file.plain() {
            Some("-") => stdin(command, context, needs),
            _ => file_text(&file, command, context, needs),
        };
        match text {
            Some((text, origin)) => {
                found = true;
                if let Some(flag) = flag {
                    all.push(Word::literal(flag, word.origin.clone()));
                }
                all.push(Word::literal(text, origin));
            }
            None => all.push(word.clone()),
        }
    }
    if found { vec![all] } else { Vec::new() }
}

/// Returns the file that a word names as the body, and the option that has to stand before its text.
fn body_of(word: &Word, before: Option<&str>) -> Option<(Option<&'static str>, Word)> {
    let text = word.text()?;
    let named = |name: &str| Word::literal(name, word.origin.clone());
    if before.is_some_and(|before| BODIES.contains(&before)) {
        return Some((None, named(text.strip_prefix('@')?)));
    }
    for (option, instead) in BODY_FILES {
        if let Some(rest) = text.strip_prefix(option) {
            return Some((Some(instead), named(rest.strip_prefix('=')?)));
        }
    }
    let glued = |flag: &&&str| {
        let rest = text.strip_prefix(**flag)?;
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        rest.strip_prefix('@')
    };
    let flag = BODIES.iter().find(|flag| glued(flag).is_some())?;
    Some((Some(flag), named(glued(&flag)?)))
}

/// A text to the port of a known store.
fn raw(command: &Command) -> Vec<Vec<Word>> {
    let Stdin::Text(word) = &command.stdin else {
        return Vec::new();
    };
    let port = |wanted: &str| {
        command
            .args()
            .iter()
            .any(|word| word.shown() == wanted || word.shown().ends_with(&format!(":{wanted}")))
    };
    let text = shown(word);
    if let Some(path) = deletion(&text) {
        let address = command.args().iter().rfind(|word| {
            let text = word.prefix();
            text.contains('.') || text.starts_with("localhost")
        });
        let address = address.map(Word::shown).unwrap_or_default();
        let words = [
            "curl".to_owned(),
            "-X".to_owned(),
            "DELETE".to_owned(),
            address + path,
        ];
        return vec![
            words
                .map(|text| Word::literal(text, word.origin.clone()))
                .to_vec(),
        ];
    }
    let program = if port("6379") {
        "redis-cli"
    } else if port("11211")
        && text
            .lines()
            .any(|line| line.trim_start().starts_with("flush_all"))
    {
        return vec![vec![Word::literal("memcflush", word.origin.clone())]];
    } else {
        return Vec::new();
    };
    split(program, &[], &text, &word.origin)
}

/// Returns the path of a request that is written out by hand: `DELETE /path HTTP/1.1`.
fn deletion(text: &str) -> Option<&str> {
    let line = text.trim_start().lines().next()?;
    let mut words = line.split_whitespace();
    let path = (words.next()? == "DELETE").then(|| words.next())??;
    words.next()?.starts_with("HTTP/").then_some(path)
}

pub(super) fn stdin(
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<(String, Origin)> {
    match &command.stdin {
        Stdin::Text(word) => Some((shown(word), word.origin.clone())),
        Stdin::File(word) => file_text(word, command, context, needs),
        _ => None,
    }
}

fn named(command: &Command, files: &[&str]) -> Vec<Word> {
    let mut all = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = word.prefix();
        if files.contains(&text.as_str()) {
            all.extend(words.next().cloned());
        } else if text.ends_with(".js") && !text.starts_with('-') && !files.is_empty() {
            all.push(word.clone());
        }
    }
    all
}

pub(super) fn file_text(
    file: &Word,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<(String, Origin)> {
    let name = file.text()?;
    if matches!(name.as_str(), "/dev/stdin" | "/proc/self/fd/0") {
        return match &command.stdin {
            Stdin::Text(word) => Some((shown(word), word.origin.clone())),
            Stdin::File(word) if word.text()? != name => file_text(word, command, context, needs),
            Stdin::File(_) | Stdin::Opaque { .. } | Stdin::Inherited | Stdin::Null => None,
        };
    }
    let path = crate::classify::place_of(&name, command)?;
    if let Some(word) = written(&path, context) {
        return Some((shown(&word), file.origin.clone()));
    }
    match context.facts.ask(Question::Text(path), needs) {
        Some(Answer::Text { text, .. }) => Some((text.clone(), file.origin.clone())),
        _ => None,
    }
}

/// Returns what an earlier command of the same call wrote into a file.
pub(in crate::classify) fn written(path: &std::path::Path, context: &Context<'_>) -> Option<Word> {
    use crate::classify::sql::reach::normal;
    let mut earlier = context.earlier.iter().rev();
    earlier.find_map(|command| {
        let left = command.leaves();
        let (_, content) = left.iter().rev().find(|(file, _)| {
            let name = file.text().unwrap_or_default();
            match &command.cwd {
                Cwd::Known(folder) => normal(&folder.join(&name)) == path,
                Cwd::Temporary | Cwd::Unknown => std::path::Path::new(&name) == path,
            }
        })?;
        content.cloned()
    })
}

fn words(command: &Command, form: Form, text: &str, origin: &Origin) -> Vec<Vec<Word>> {
    let literal = |text: &str| Word::literal(text, origin.clone());
    match form {
        Form::Lines => split(
            &command.program().unwrap_or_default(),
            command.args(),
            text,
            origin,
        ),
        Form::Option(option) => {
            let mut all = command.words.clone();
            all.extend([literal(option), literal(text)]);
            vec![all]
        }
        Form::Operand => {
            let mut all = command.words.clone();
            all.push(literal(text));
            vec![all]
        }
    }
}

fn split(program: &str, options: &[Word], text: &str, origin: &Origin) -> Vec<Vec<Word>> {
    let lines = text
        .lines()
        .take(MAX_LINES)
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        // What follows is not read.
        .take_while(|line| {
            let ends = matches!(line.trim().to_ascii_lowercase().as_str(), "quit" | "exit");
            !(ends && program.ends_with("cli"))
        });
    let lines: Vec<&str> = lines.collect();
    let lines = match program.ends_with("cli") {
        true => executed(lines),
        false => lines,
    };
    // A transaction of etcdctl holds the words of its commands.
    let is_own = |word: &&Word| program != "etcdctl" || word.text().as_deref() != Some("txn");
    lines
        .into_iter()
        .map(|line| {
            let mut all = vec![Word::literal(program, origin.clone())];
            all.extend(options.iter().filter(is_own).cloned());
            all.extend(
                line.split_whitespace()
                    .map(|word| Word::literal(word.trim_matches(['"', '\'']), origin.clone())),
            );
            all
        })
        .collect()
}

/// Returns the lines without what Redis queues behind `MULTI` and gives up at `DISCARD`, or at the end.
fn executed(lines: Vec<&str>) -> Vec<&str> {
    // What is not known may be an `EXEC`.
    if lines.iter().any(|line| line.contains('\0')) {
        return lines;
    }
    let mut all = Vec::with_capacity(lines.len());
    let mut queued: Option<Vec<&str>> = None;
    for line in lines {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or_default();
        let verb = word.trim_matches(['"', '\'']).to_ascii_lowercase();
        match (verb.as_str(), &mut queued) {
            ("multi", None) => queued = Some(Vec::new()),
            ("exec", Some(_)) => all.extend(queued.take().unwrap_or_default()),
            ("discard", Some(_)) => queued = None,
            (_, Some(waiting)) => waiting.push(line),
            (_, None) => all.push(line),
        }
    }
    all
}

/// The word's text; what is not known stands as a NUL, as the rules expect it.
fn shown(word: &Word) -> String {
    let mut all = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(_) => all.push('\0'),
        }
    }
    all
}
