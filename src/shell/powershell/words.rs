//! Finds what a shell program inside a PowerShell or cmd text would run: `-Command`, `-EncodedCommand`, `/c`.
//! It reads words only and starts no reading itself.

use base64::Engine;

use super::canonical_name;
use crate::model::word::Word;

/// What a program would run in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    PowerShell(String),
    Cmd(String),
    /// Another program with its words.
    Argv(Vec<Word>),
    /// What comes on standard input.
    Stdin,
    /// Text that cannot be known.
    Unknown,
}

/// Returns what the words would run in turn, or nothing when they are no shell.
pub fn payload(words: &[Word]) -> Option<Payload> {
    let name = words.first()?.text()?;
    let args = words.get(1..).unwrap_or_default();
    match program(&name).as_str() {
        "powershell" | "pwsh" => Some(powershell(args)),
        "cmd" => Some(cmd(args)),
        "forfiles" => forfiles(args),
        _ => match canonical_name(&name) {
            "Invoke-Expression" => Some(expression(args)),
            "Start-Process" => start_process(args),
            _ => None,
        },
    }
}

/// Returns the base name of a program in lower case, without `.exe`.
fn program(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let lower = base.to_ascii_lowercase();
    lower.strip_suffix(".exe").unwrap_or(&lower).to_owned()
}

/// Options of `powershell` that take a value, by the shortest form that is accepted.
const VALUED: [&str; 12] = [
    "-ex",
    "-ep",
    "-wi",
    "-w",
    "-v",
    "-ou",
    "-o",
    "-inp",
    "-if",
    "-ps",
    "-config",
    "-settings",
];

fn powershell(args: &[Word]) -> Payload {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let Some(text) = word.text() else {
            return Payload::Unknown;
        };
        let option = text.to_ascii_lowercase().replacen('/', "-", 1);
        at += 1;
        if !option.starts_with('-') {
            return joined(args.get(at - 1..).unwrap_or_default());
        }
        if option == "-c" || is_short_for(&option, "-command", 3) {
            let rest = args.get(at..).unwrap_or_default();
            return if rest.first().and_then(Word::text).as_deref() == Some("-") {
                Payload::Stdin
            } else {
                joined(rest)
            };
        }
        if option == "-e" || option == "-ec" || is_short_for(&option, "-encodedcommand", 3) {
            let code = args.get(at).and_then(Word::text);
            return code
                .and_then(|code| decode(&code))
                .map_or(Payload::Unknown, Payload::PowerShell);
        }
        if option == "-f" || is_short_for(&option, "-file", 3) {
            return match args.get(at).and_then(Word::text).as_deref() {
                Some("-") => Payload::Stdin,
                Some(_) => Payload::Argv(args.get(at..).unwrap_or_default().to_vec()),
                None => Payload::Unknown,
            };
        }
        if VALUED.iter().any(|short| option.starts_with(short)) {
            at += 1;
        }
    }
    Payload::Stdin
}

fn is_short_for(option: &str, whole: &str, least: usize) -> bool {
    option.len() >= least && whole.starts_with(option)
}

/// Joins words as the shell does that is given them.
fn joined(words: &[Word]) -> Payload {
    match all_text(words) {
        Some(texts) => Payload::PowerShell(texts.join(" ")),
        None => Payload::Unknown,
    }
}

fn all_text(words: &[Word]) -> Option<Vec<String>> {
    words.iter().map(plain_text).collect()
}

/// Returns the texts of several words; one that holds a blank is quoted again, unless it is all there is.
fn quoted_texts(words: &[Word]) -> Option<Vec<String>> {
    let texts = all_text(words)?;
    if texts.len() < 2 {
        return Some(texts);
    }
    let quoted = texts.into_iter().map(|text| {
        if text.contains(' ') && !text.contains('"') {
            format!("\"{text}\"")
        } else {
            text
        }
    });
    Some(quoted.collect())
}

/// Returns the text of a word; a pattern is text to the program that gets it.
fn plain_text(word: &Word) -> Option<String> {
    (!word.has_hole()).then(|| word.shown())
}

/// Decodes base64 over UTF-16 (little endian).
fn decode(code: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(code.trim())
        .ok()
        .filter(|bytes| bytes.len() % 2 == 0)?;
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
        .map(u16::from_le_bytes)
        .collect();
    let text = String::from_utf16(&units).ok()?;
    // Letters of two bytes read as one are no text that anybody wrote.
    let plain = text.chars().filter(char::is_ascii).count();
    (plain * 2 >= text.chars().count()).then_some(text)
}

fn cmd(args: &[Word]) -> Payload {
    for (at, word) in args.iter().enumerate() {
        let Some(text) = plain_text(word) else {
            return Payload::Unknown;
        };
        let lower = text.to_ascii_lowercase();
        // `//c` is how a shell that rewrites paths is told to leave `/c` alone.
        let option = lower.trim_start_matches('/');
        if option.len() == lower.len() {
            continue;
        }
        if option.starts_with(['c', 'k', 'r']) {
            let attached = text
                .get(lower.len() - option.len() + 1..)
                .unwrap_or_default()
                .to_owned();
            let rest = args.get(at + 1..).unwrap_or_default();
            let Some(mut rest) = quoted_texts(rest) else {
                return Payload::Unknown;
            };
            if !attached.is_empty() {
                rest.insert(0, attached);
            }
            return Payload::Cmd(rest.join(" "));
        }
    }
    Payload::Stdin
}

/// `forfiles /p D:\dumps /m *.dump /c "cmd /c del @path"`: a line for each file that the mask fits.
fn forfiles(args: &[Word]) -> Option<Payload> {
    let value = |name: &str| {
        let is_option = |word: &Word| {
            let text = word.prefix().replacen('-', "/", 1);
            text.eq_ignore_ascii_case(name)
        };
        let at = args.iter().position(is_option)?;
        args.get(at + 1)
    };
    let Some(line) = plain_text(value("/c")?) else {
        return Some(Payload::Unknown);
    };
    let told = |name: &str, otherwise: &str| match value(name) {
        Some(word) => plain_text(word),
        None => Some(otherwise.to_owned()),
    };
    let Some((folder, mask)) = told("/p", ".").zip(told("/m", "*")) else {
        return Some(Payload::Unknown);
    };
    let path = format!("{}\\{mask}", folder.trim_end_matches('\\'));
    let path = match path.contains(' ') {
        true => format!("\"{path}\""),
        false => path,
    };
    let lower = line.to_ascii_lowercase();
    let mut text = String::new();
    let mut from = 0;
    for (at, _) in lower.match_indices('@') {
        let known = ["@path", "@relpath", "@file"];
        let Some(name) = known
            .iter()
            .find(|name| lower.get(at..).is_some_and(|rest| rest.starts_with(*name)))
        else {
            continue;
        };
        text.push_str(line.get(from..at).unwrap_or_default());
        text.push_str(&path);
        from = at + name.len();
    }
    text.push_str(line.get(from..).unwrap_or_default());
    Some(Payload::Cmd(text))
}

fn expression(args: &[Word]) -> Payload {
    let operands: Vec<Word> = args
        .iter()
        .filter(|word| !word.prefix().eq_ignore_ascii_case("-command"))
        .cloned()
        .collect();
    if operands.is_empty() {
        Payload::Stdin
    } else {
        joined(&operands)
    }
}

/// `Start-Process name -ArgumentList a, b`.
fn start_process(args: &[Word]) -> Option<Payload> {
    const VALUED: [&str; 6] = ["-wo", "-verb", "-wi", "-cr", "-redirect", "-env"];
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        at += 1;
        let option = word.prefix().to_ascii_lowercase();
        if !option.starts_with('-') || word.quoted {
            words.push(word.clone());
        } else if VALUED.iter().any(|valued| option.starts_with(valued)) {
            at += 1;
        }
    }
    // One string may hold all arguments.
    let mut argv: Vec<Word> = words.first().cloned().into_iter().collect();
    for word in words.get(1..).unwrap_or_default() {
        match word.text() {
            Some(text) if text.contains(' ') => argv.extend(
                text.split_whitespace()
                    .map(|piece| Word::literal(piece.trim_matches('"'), word.origin.clone())),
            ),
            _ => argv.push(word.clone()),
        }
    }
    (!argv.is_empty()).then_some(Payload::Argv(argv))
}
