//! Requests that stand in a file or on standard input: curl's configuration, and files of hurl, httpyac and the editors.
//! Each becomes the words of curl that say the same; what they mean is the rules' business.

use crate::classify::Context;
use crate::model::command::Command;
use crate::model::fact::Needs;
use crate::model::span::Origin;
use crate::model::word::Word;

use super::fed::{file_text, stdin};

/// Lines of one file that are read.
const MAX_LINES: usize = 100_000;

/// Programs that send the requests of a file, with the options of theirs that take a value.
const SENDERS: [&str; 5] = ["hurl", "httpyac", "ijhttp", "httprunner", "kulala"];
const VALUED: [&str; 12] = [
    "--variable",
    "--variables-file",
    "--output",
    "-o",
    "--env",
    "-e",
    "--var",
    "--line",
    "--name",
    "--env-file",
    "--report-html",
    "--report-junit",
];
const METHODS: [&str; 4] = ["DELETE", "PUT", "POST", "PATCH"];

/// Returns the words of the requests that a command reads.
pub(super) fn lines(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Vec<Word>> {
    if command.is_any(&["curl", "curl.exe", "curlie"]) {
        return configured(command, context, needs);
    }
    if !command.is_any(&SENDERS) {
        return Vec::new();
    }
    let mut texts: Vec<(String, Origin)> = Vec::new();
    let mut named = false;
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        if VALUED.contains(&head.as_str()) {
            words.next();
        } else if !head.starts_with('-') || head == "-" {
            named |= head != "-";
            texts.extend(file_text(word, command, context, needs));
        }
    }
    if !named {
        texts.extend(stdin(command, context, needs));
    }
    texts
        .iter()
        .flat_map(|(text, origin)| requests(text, origin))
        .collect()
}

/// `METHOD ADDRESS` at the beginning of a line.
fn requests(text: &str, origin: &Origin) -> Vec<Vec<Word>> {
    let literal = |text: &str| Word::literal(text, origin.clone());
    let request = |line: &str| {
        let mut words = line.split_whitespace();
        let method = words.next().filter(|word| METHODS.contains(word))?;
        let address = words.next().filter(|word| word.contains(['/', '.', '{']))?;
        Some(["curl", "-X", method, address].map(literal).to_vec())
    };
    text.lines().take(MAX_LINES).filter_map(request).collect()
}

/// `curl -K FILE`, `curl --config -`: each line is an option.
fn configured(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Vec<Word>> {
    let mut rest = Vec::new();
    let mut texts = Vec::new();
    let mut words = command.words.iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        let file = if matches!(head.as_str(), "-K" | "--config") {
            words.next().cloned()
        } else if let Some(name) = attached(&head) {
            Some(Word::literal(name, word.origin.clone()))
        } else {
            rest.push(word.clone());
            continue;
        };
        texts.extend(match file.as_ref().and_then(Word::text).as_deref() {
            Some("-") => stdin(command, context, needs),
            Some(_) => file.and_then(|file| file_text(&file, command, context, needs)),
            None => None,
        });
    }
    let mut all = Vec::new();
    for (text, origin) in texts {
        let mut words = rest.clone();
        for line in text.lines().take(MAX_LINES) {
            let Some((name, value)) = option(line) else {
                continue;
            };
            words.push(Word::literal(name, origin.clone()));
            words.extend(value.map(|value| Word::literal(value, origin.clone())));
        }
        all.push(words);
    }
    all
}

/// The file's name behind `-K` or `--config=`, in one word.
fn attached(head: &str) -> Option<&str> {
    let name = head
        .strip_prefix("--config=")
        .or_else(|| head.strip_prefix("-K"))?;
    (!name.is_empty()).then_some(name)
}

/// Reads one line: `request = "DELETE"`, `-X DELETE`, `url: …`.
fn option(line: &str) -> Option<(String, Option<String>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_whitespace() || matches!(c, '=' | ':'));
    let (name, value) = line.split_at_checked(end.unwrap_or(line.len()))?;
    let value = value.trim_start_matches([' ', '\t', '=', ':']).trim();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => value.split(char::is_whitespace).next().unwrap_or_default(),
    };
    let name = match name.starts_with('-') {
        true => name.to_owned(),
        false => format!("--{name}"),
    };
    Some((name, (!value.is_empty()).then(|| value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::origin;

    fn said(words: &[Word]) -> Vec<String> {
        words.iter().map(Word::shown).collect()
    }

    #[test]
    fn a_line_of_a_configuration_is_an_option_and_a_comment_is_none() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), Some(value.to_owned())));
        assert_eq!(option("request = \"DELETE\""), pair("--request", "DELETE"));
        assert_eq!(option("-X DELETE"), pair("-X", "DELETE"));
        assert_eq!(option("url: http://h/a"), pair("--url", "http://h/a"));
        assert_eq!(option("silent"), Some(("--silent".to_owned(), None)));
        assert_eq!(option("# request = DELETE"), None);
    }

    #[test]
    fn requests_that_only_read_are_left_out() {
        let text = "GET http://h/a\n# DELETE http://h/b\nDELETE http://h/c\nHTTP 204\n";
        let found = requests(text, &origin());
        let all: Vec<Vec<String>> = found.iter().map(|words| said(words)).collect();
        assert_eq!(all, [["curl", "-X", "DELETE", "http://h/c"]]);
    }
}
