//! Tcl and expect: `file delete`, `exec`, `open |…`, `spawn`, and what is typed into what was spawned.
//! It knows words, braces and brackets, variables that are set to a text and loops over patterns; it computes nothing.

use std::collections::BTreeMap;

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::{Command, Stdin};
use crate::model::fact::Needs;

use super::texts::{Told, path, quoted, read};

/// Interpreters of Tcl.
pub(super) const TCLS: [&str; 9] = [
    "tclsh", "wish", "expect", "jimsh", "tclsh8.6", "tclsh8.5", "tclsh9.0", "expectk", "dexp",
];
/// Scripts inside scripts.
const MAX_DEEP: usize = 12;
/// Commands of one script.
const MAX_COMMANDS: usize = 4_000;

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Braced(String),
    /// With what stands in brackets inside, and whether it stood in quotes.
    Plain(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Braced(text) | Self::Plain(text) => text,
        }
    }
}

#[derive(Default)]
struct Reader {
    values: BTreeMap<String, (String, bool)>,
    lines: Vec<String>,
    /// What was spawned last, and what is typed into it.
    spawned: Option<(String, String)>,
    /// It waits to be asked for a password.
    secret: bool,
    commands: usize,
}

/// Returns the shell lines of a script in Tcl.
pub(super) fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let mut scripts: Vec<Told> = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = super::shell_text(word);
        let told = |text: &str| Told {
            text: text.to_owned(),
            origin: word.origin.clone(),
        };
        if text == "-c" {
            scripts.extend(words.next().map(|word| Told {
                text: super::shell_text(word),
                origin: word.origin.clone(),
            }));
        } else if let Some(rest) = text.strip_prefix("-c").filter(|rest| !rest.is_empty()) {
            scripts.push(told(rest));
        } else if text == "-" || text == "-encoding" {
            words.next();
        } else if !text.starts_with('-') {
            scripts.extend(read(&text, command, context, needs));
            break;
        }
    }
    if scripts.is_empty()
        && let Stdin::Text(word) = &command.stdin
    {
        scripts.push(Told {
            text: super::shell_text(word),
            origin: word.origin.clone(),
        });
    }
    let mut all = Vec::new();
    for told in &scripts {
        let mut reader = Reader::default();
        reader.script(&told.text, 0);
        reader.typed();
        all.extend(reader.lines.iter().map(|line| told.line(line.as_str())));
    }
    all
}

impl Reader {
    fn script(&mut self, text: &str, depth: usize) {
        if depth > MAX_DEEP {
            return;
        }
        for words in commands(text) {
            self.commands += 1;
            if self.commands > MAX_COMMANDS {
                return;
            }
            self.command(&words, depth);
        }
    }

    fn command(&mut self, words: &[Word], depth: usize) {
        for word in words {
            if let Word::Plain(text) = word {
                for inner in brackets(text) {
                    self.script(&inner, depth + 1);
                }
            }
        }
        let said: Vec<&str> = words.iter().map(Word::text).collect();
        let spread = self.spread(&said);
        let said: Vec<&str> = spread.iter().map(String::as_str).collect();
        match said.as_slice() {
            // `eval exec [list rm -rf data]`.
            ["eval", rest @ ..] if rest.iter().any(|word| word.starts_with("[list ")) => {
                let text: Vec<String> = rest.iter().map(|one| self.known(one).0).collect();
                self.script(&text.join(" "), depth + 1);
            }
            ["file", "delete", rest @ ..] => self.deletes(rest),
            ["file", "rename", rest @ ..] => self.moves("mv", rest),
            ["file", "copy", rest @ ..] => self.moves("cp -r", rest),
            ["exec" | "system", rest @ ..] => {
                let options = rest.iter().take_while(|word| word.starts_with('-')).count();
                let line = self.line(rest.get(options..).unwrap_or_default(), said.first());
                self.lines.push(line);
            }
            ["open", file, ..] if file.starts_with('|') => {
                self.lines
                    .push(file.trim_start_matches('|').trim().to_owned());
            }
            ["open", file, mode, ..] if mode.starts_with('w') => {
                let file = self.path(file);
                self.lines.push(format!("printf x > {file}"));
            }
            ["spawn", rest @ ..] => {
                self.typed();
                let options = rest.iter().take_while(|word| word.starts_with('-')).count();
                let line = self.line(rest.get(options..).unwrap_or_default(), None);
                self.spawned = Some((line, String::new()));
            }
            ["expect", .., asked] => {
                let asked = asked.to_ascii_lowercase();
                self.secret = asked.contains("assword") || asked.contains("assphrase");
            }
            // What is typed for a password is no command.
            ["send" | "exp_send", ..] if std::mem::take(&mut self.secret) => {}
            ["send" | "exp_send", .., text] => self.sends(text),
            _ => self.binds(&said),
        }
        if is_control(said.first().copied().unwrap_or_default()) {
            for word in words.iter().skip(1) {
                if let Word::Braced(text) = word {
                    self.script(text, depth + 1);
                }
            }
        }
    }

    /// `set d ./x`, `foreach f [glob *.csv] …`: what a variable stands for.
    fn binds(&mut self, said: &[&str]) {
        match said {
            ["set" | "variable", name, value] => {
                let globs = value.starts_with("[glob");
                let value = if globs {
                    pattern(value)
                } else {
                    self.known(value).0
                };
                self.values.insert((*name).to_owned(), (value, globs));
            }
            ["foreach" | "lmap", name, list, ..] => {
                let value = match list.starts_with("[glob") {
                    true => (pattern(list), true),
                    false => self.known(list),
                };
                let value = match value.0.contains([' ', '[']) {
                    true => ("$UNKNOWN".to_owned(), false),
                    false => value,
                };
                self.values.insert((*name).to_owned(), value);
            }
            _ => {}
        }
    }

    /// `{*}$words` stands for the words of a list.
    fn spread(&self, said: &[&str]) -> Vec<String> {
        let words = |word: &&str| -> Vec<String> {
            match word.strip_prefix("{*}") {
                Some(list) => {
                    let known = self.known(list).0;
                    known.split_whitespace().map(str::to_owned).collect()
                }
                None => vec![(*word).to_owned()],
            }
        };
        said.iter().flat_map(words).collect()
    }

    fn moves(&mut self, tool: &str, rest: &[&str]) {
        let forced = rest.contains(&"-force");
        let paths = rest
            .iter()
            .filter(|word| !matches!(**word, "-force" | "--"));
        let paths: Vec<String> = paths.map(|one| self.path(one)).collect();
        let force = if forced { " -f" } else { " -n" };
        self.lines
            .push(format!("{tool}{force} -- {}", paths.join(" ")));
    }

    fn deletes(&mut self, rest: &[&str]) {
        let forced = rest.contains(&"-force");
        let paths = rest
            .iter()
            .filter(|word| !matches!(**word, "-force" | "--"));
        let paths: Vec<String> = paths.map(|one| self.path(one)).collect();
        if !paths.is_empty() {
            // Without `-force` a folder that holds something stays.
            let flags = if forced { "-rf" } else { "-r" };
            self.lines
                .push(format!("rm {flags} -- {}", paths.join(" ")));
        }
    }

    /// What is typed goes to what was spawned.
    fn sends(&mut self, text: &str) {
        let text = text
            .replace("\\r", "\n")
            .replace("\\n", "\n")
            .replace("\\\"", "\"");
        if let Some((_, typed)) = &mut self.spawned {
            typed.push_str(&text);
        }
    }

    fn typed(&mut self) {
        let Some((line, typed)) = self.spawned.take() else {
            return;
        };
        if typed.trim().is_empty() {
            self.lines.push(line);
        } else {
            self.lines
                .push(format!("{line} <<'TYPED'\n{}\nTYPED", typed.trim_end()));
        }
    }

    /// Returns words as a shell line.
    fn line(&self, words: &[&str], by: Option<&&str>) -> String {
        if let [one] = words
            && by == Some(&"system")
        {
            return (*one).to_owned();
        }
        let sign = |word: &str| word.starts_with(['<', '>', '|', '&']) || word.starts_with("2>");
        let word = |word: &&str| match sign(word) {
            true => (*word).to_owned(),
            false => {
                let (text, globs) = self.known(word);
                if globs || text == "$UNKNOWN" {
                    path(&text, globs)
                } else {
                    quoted(&text)
                }
            }
        };
        words.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn path(&self, word: &str) -> String {
        let (text, globs) = self.known(word);
        path(&text, globs)
    }

    /// Returns what a word stands for, and whether it is a pattern.
    fn known(&self, word: &str) -> (String, bool) {
        let word = word.trim();
        let inner = word
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = inner {
            let inner = inner.trim();
            if inner.starts_with("glob") {
                return (pattern(word), true);
            }
            // `[file join a b]`, `[file normalize x]`.
            let parts: Vec<&str> = inner.split_whitespace().collect();
            return match parts.as_slice() {
                ["file", "join", rest @ ..] => {
                    let rest: Vec<String> = rest.iter().map(|one| self.known(one).0).collect();
                    (rest.join("/"), false)
                }
                ["file", "normalize" | "nativename", one] => self.known(one),
                ["list", rest @ ..] => {
                    let rest: Vec<String> = rest.iter().map(|one| self.known(one).0).collect();
                    (rest.join(" "), false)
                }
                _ => ("$UNKNOWN".to_owned(), false),
            };
        }
        if !word.contains(['$', '[']) {
            return (word.to_owned(), false);
        }
        let mut all = String::new();
        let mut globs = false;
        let mut rest = word;
        while let Some(at) = rest.find('$') {
            all.push_str(rest.get(..at).unwrap_or_default());
            let tail = rest.get(at + 1..).unwrap_or_default();
            let (body, braces) = match tail.strip_prefix('{') {
                Some(body) => (body, 1),
                None => (tail, 0),
            };
            let end = body
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                .unwrap_or(body.len());
            let name = body.get(..end).unwrap_or_default();
            match (self.values.get(name), name) {
                (Some((value, is_glob)), _) => {
                    all.push_str(value);
                    globs |= is_glob;
                }
                (None, _) => all.push_str("$UNKNOWN"),
            }
            rest = body.get(end + braces..).unwrap_or_default();
        }
        all.push_str(rest);
        if all.contains('[') && !globs {
            all = "$UNKNOWN".to_owned();
        }
        // Home, as the environment has it.
        (all.replace("$UNKNOWN(HOME)", "~"), globs)
    }
}

/// Commands whose words in braces are scripts.
fn is_control(name: &str) -> bool {
    matches!(
        name,
        "if" | "foreach"
            | "while"
            | "for"
            | "catch"
            | "try"
            | "eval"
            | "uplevel"
            | "proc"
            | "expect"
            | "expect_before"
            | "expect_after"
            | "namespace"
            | "after"
            | "lmap"
            | "time"
            | "dict"
            | "switch"
            | "interact"
            | "-re"
            | "-ex"
            | "-gl"
            | "-exact"
            | "eof"
            | "timeout"
            | "apply"
    ) || name.starts_with(['"', '*', '(', '{'])
}

/// `[glob -nocomplain -types d ./x/*]`: the pattern.
fn pattern(text: &str) -> String {
    let inner = text.trim_matches(['[', ']']);
    let mut words = inner.split_whitespace().skip(1);
    let mut folder = String::new();
    let mut last = String::new();
    while let Some(word) = words.next() {
        match word {
            "-types" | "-type" => {
                words.next();
            }
            "-directory" | "-dir" | "-d" | "-path" => {
                folder = words.next().unwrap_or_default().to_owned();
            }
            "--" => {}
            word if word.starts_with('-') => {}
            word => word.clone_into(&mut last),
        }
    }
    let last = last.trim_matches(['{', '}', '"']);
    match folder.as_str() {
        "" => last.to_owned(),
        folder => format!("{}/{last}", folder.trim_end_matches('/')),
    }
}

/// Returns the scripts in the brackets of a word.
fn brackets(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut depth = 0_usize;
    let mut from = 0;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => {
                if depth == 0 {
                    from = at + 1;
                }
                depth += 1;
            }
            ']' if depth == 1 => {
                depth = 0;
                all.extend(text.get(from..at).map(str::to_owned));
            }
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    all
}

/// Cuts a script into commands and their words.
fn commands(text: &str) -> Vec<Vec<Word>> {
    let mut all = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut rest = text.replace("\\\n", " ");
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let Some(letter) = trimmed.chars().next() else {
            break;
        };
        let behind = trimmed.get(letter.len_utf8()..).unwrap_or_default();
        let left = match letter {
            '\n' | ';' | '\r' => {
                if !words.is_empty() {
                    all.push(std::mem::take(&mut words));
                }
                behind
            }
            '#' if words.is_empty() => behind
                .find('\n')
                .map_or("", |at| behind.get(at..).unwrap_or_default()),
            '{' => {
                let end = closing(behind, '{', '}');
                words.push(Word::Braced(behind.get(..end).unwrap_or(behind).to_owned()));
                behind.get(end + 1..).unwrap_or_default()
            }
            '"' => {
                let end = quote(behind);
                words.push(Word::Plain(behind.get(..end).unwrap_or(behind).to_owned()));
                behind.get(end + 1..).unwrap_or_default()
            }
            _ => {
                let end = plain(trimmed);
                words.push(Word::Plain(
                    trimmed.get(..end).unwrap_or(trimmed).to_owned(),
                ));
                trimmed.get(end..).unwrap_or_default()
            }
        };
        rest = left.to_owned();
        if all.len() > MAX_COMMANDS {
            break;
        }
    }
    if !words.is_empty() {
        all.push(words);
    }
    all
}

/// Returns where a bracket closes that was opened before a text.
fn closing(text: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == open => depth += 1,
            letter if letter == close && depth == 0 => return at,
            letter if letter == close => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns where a quoted word ends.
fn quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Returns where a word without quotes ends; brackets in it hold blanks.
fn plain(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ' ' | '\t' | '\n' | ';' | '\r' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut reader = Reader::default();
        reader.script(text, 0);
        reader.typed();
        reader.lines
    }

    #[test]
    fn deletions_and_programs_become_lines() {
        for (code, wanted) in [
            ("file delete -force -- ./a b", "rm -rf -- ./a b"),
            (
                "foreach d [glob -nocomplain -types d ./c/x-*] { file delete -force -- $d }",
                "rm -rf -- ./c/x-*",
            ),
            (
                "foreach f [glob -directory data *.csv] {\n  file delete $f\n}",
                "rm -r -- data/*.csv",
            ),
            (
                "set d /srv/a\nif {[file exists $d]} { file delete -force $d }",
                "rm -rf -- /srv/a",
            ),
            ("catch { exec rm -rf /srv/a }", "'rm' '-rf' '/srv/a'"),
            ("puts [exec rm -rf a]", "'rm' '-rf' 'a'"),
            ("open \"|rm -rf a\" r", "rm -rf a"),
            ("system \"rm -rf a\"", "rm -rf a"),
            ("file delete -force [file join /srv a]", "rm -rf -- /srv/a"),
            (
                "spawn rm -ri ./p\nexpect { -re {\\?\\s*$} { send \"y\\r\"; exp_continue } eof }",
                "'rm' '-ri' './p' <<'TYPED'\ny\nTYPED",
            ),
            (
                "spawn ssh web1\nexpect \"$ \"\nsend \"rm -rf /srv/a\\r\"\nexpect eof",
                "'ssh' 'web1' <<'TYPED'\nrm -rf /srv/a\nTYPED",
            ),
        ] {
            assert_eq!(lines(code), [wanted], "{code}");
        }
    }

    #[test]
    fn texts_that_only_name_a_deletion_do_nothing() {
        for code in [
            "puts {file delete -force a}",
            "puts \"file delete -force a\"",
            "# file delete -force a",
            "set x {exec rm -rf a}",
            "file exists a; file mkdir b",
            "dict set d delete x",
        ] {
            assert_eq!(lines(code), Vec::<String>::new(), "{code}");
        }
    }
}
