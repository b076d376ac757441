//! Programs that change files in place: sed, perl, ed, ex and vim, awk and sponge; which text they put in, and where.
//! It knows nothing of the files; what stands in them already stays unread.

use crate::classify::doors::{sed, shell_text};
use crate::model::command::{Command, Stdin};
use crate::model::word::Word;

/// Lines and commands of one editor's script that are read.
const MAX_LINES: usize = 20_000;

/// Returns the names of the files that a command changes, each with the text that goes in.
pub fn texts(command: &Command) -> Vec<(String, String)> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    let (text, files) = match program.as_str() {
        "sed" | "gsed" => match sed::added(command) {
            Some(found) => found,
            None => return Vec::new(),
        },
        "perl" | "ruby" => in_place(command),
        "awk" | "gawk" => printed(command),
        "ed" => (typed(&input(command)), operands(command, &["-p"])),
        "ex" | "vi" | "vim" | "nvim" => editor(command),
        "sponge" => (input(command), operands(command, &[])),
        "cp" | "install" | "dd" => copied(command),
        _ => return Vec::new(),
    };
    if text.trim().is_empty() {
        return Vec::new();
    }
    let names = files.iter().filter_map(Word::text);
    names.map(|name| (name, text.clone())).collect()
}

fn input(command: &Command) -> String {
    match &command.stdin {
        Stdin::Text(word) => shell_text(word),
        Stdin::Inherited | Stdin::Null | Stdin::File(_) | Stdin::Opaque { .. } => String::new(),
    }
}

fn operands(command: &Command, valued: &[&str]) -> Vec<Word> {
    let mut all = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        if valued.contains(&head.as_str()) {
            words.next();
        } else if !head.starts_with(['-', '+']) {
            all.push(word.clone());
        }
    }
    all
}

/// `cp /dev/stdin FILE`, `install -m755 /dev/stdin FILE`.
fn copied(command: &Command) -> (String, Vec<Word>) {
    match operands(command, &["-m", "-o", "-g"]).as_slice() {
        [from, to] if matches!(from.text().as_deref(), Some("/dev/stdin" | "-")) => {
            (input(command), vec![to.clone()])
        }
        _ => (String::new(), Vec::new()),
    }
}

/// `perl -i -pe CODE FILES`: replacements, and what is printed.
fn in_place(command: &Command) -> (String, Vec<Word>) {
    let mut code = String::new();
    let mut changes = false;
    let mut files = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        let letters = head.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        match letters {
            Some(letters) => {
                // Behind `i` stands the ending of a copy.
                let own = letters.split('i').next().unwrap_or_default();
                changes |= letters.contains('i') && own.chars().all(|c| "0anplswW".contains(c));
                if own.ends_with(['e', 'E']) || !letters.contains('.') && letters.ends_with('e') {
                    code.push_str(&words.next().map(shell_text).unwrap_or_default());
                    code.push('\n');
                }
            }
            None => files.push(word.clone()),
        }
    }
    if !changes {
        return (String::new(), Vec::new());
    }
    let mut all = replacements(&code);
    all.extend(strings_behind(&code, &["print", "say", "puts"]));
    (all.join("\n"), files)
}

/// `s/…/TEXT/`, `s{…}{TEXT}`, `s|…|TEXT|`.
fn replacements(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, _) in code.match_indices('s').take(MAX_LINES) {
        let before = code.get(..at).and_then(|head| head.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '\\')) {
            continue;
        }
        let rest = code.get(at + 1..).unwrap_or_default();
        let Some(open) = rest.chars().next() else {
            continue;
        };
        if open.is_alphanumeric() || open.is_whitespace() || matches!(open, ';' | ')' | '_' | ',') {
            continue;
        }
        let body = rest.get(open.len_utf8()..).unwrap_or_default();
        let close = closing(open);
        let Some((_, left)) = until(body, close) else {
            continue;
        };
        let second = if close == open {
            Some(left)
        } else {
            left.trim_start().strip_prefix(open)
        };
        if let Some((text, _)) = second.and_then(|second| until(second, close)) {
            all.push(spoken(&text));
        }
    }
    all
}

const fn closing(open: char) -> char {
    match open {
        '{' => '}',
        '(' => ')',
        '[' => ']',
        '<' => '>',
        other => other,
    }
}

/// Splits a text at a sign that no backslash protects; the protecting ones of that sign go.
fn until(text: &str, end: char) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == end {
            return Some((found, text.get(at + letter.len_utf8()..)?));
        }
        found.push(letter);
        if letter == '\\' {
            let (_, next) = letters.next()?;
            if next == end {
                found.pop();
            }
            found.push(next);
        }
    }
    None
}

/// A text of a program as it is put down: ends of lines alive, groups and matches unknown.
fn spoken(text: &str) -> String {
    let mut all = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => all.push('\n'),
                Some('t') => all.push('\t'),
                Some(digit) if digit.is_ascii_digit() => all.push_str("$UNKNOWN"),
                Some(other) => all.push(other),
                None => {}
            },
            '$' if letters
                .peek()
                .is_some_and(|next| matches!(next, '&' | '1'..='9')) =>
            {
                letters.next();
                all.push_str("$UNKNOWN");
            }
            other => all.push(other),
        }
    }
    all
}

/// Strings that stand directly behind one of these words.
fn strings_behind(code: &str, names: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for name in names {
        for (at, _) in code.match_indices(name).take(MAX_LINES) {
            let rest = code.get(at + name.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches([' ', '(']);
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                continue;
            };
            if let Some((text, _)) = rest.get(1..).and_then(|body| until(body, quote)) {
                all.push(spoken(&text));
            }
        }
    }
    all
}

/// `awk -i inplace PROGRAM FILES`.
fn printed(command: &Command) -> (String, Vec<Word>) {
    let args = command.args();
    let pair = |pair: (&Word, &Word)| {
        pair.0.text().as_deref() == Some("-i") && pair.1.text().as_deref() == Some("inplace")
    };
    if !args.iter().zip(args.iter().skip(1)).any(pair) {
        return (String::new(), Vec::new());
    }
    let mut words = operands(command, &["-i", "-v", "-F"]);
    if words.is_empty() {
        return (String::new(), Vec::new());
    }
    let program = shell_text(&words.remove(0));
    (strings_behind(&program, &["print"]).join("\n"), words)
}

/// Reads what is typed into ed: the lines between `a`, `i` or `c` and a lone dot, and replacements.
fn typed(script: &str) -> String {
    let mut all = Vec::new();
    let mut inside = false;
    for line in script.lines().take(MAX_LINES) {
        if inside {
            inside = line != ".";
            if inside {
                all.push(line.to_owned());
            }
        } else if let Some(("a" | "i" | "c", rest)) = addressed(line) {
            inside = rest.is_empty();
        } else {
            all.extend(replacements(line));
        }
    }
    all.join("\n")
}

/// Splits a line of ed into its command behind the addresses and the rest.
fn addressed(line: &str) -> Option<(&str, &str)> {
    let mut rest = line.trim();
    for _ in 0..4 {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ".$,;%+- ".contains(c));
        let Some(delimiter) = rest.chars().next().filter(|c| matches!(c, '/' | '?')) else {
            break;
        };
        let (_, left) = until(rest.get(1..)?, delimiter)?;
        rest = left;
    }
    rest.split_at_checked(1)
}

/// `ex -sc '$a|TEXT' -cx FILE`, `vim -c 'put ="TEXT"'`.
fn editor(command: &Command) -> (String, Vec<Word>) {
    let mut all = Vec::new();
    let mut files = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = shell_text(word);
        if let Some(line) = text.strip_prefix('+') {
            all.extend(told(line));
            continue;
        }
        let Some(flags) = text.strip_prefix('-') else {
            files.push(word.clone());
            continue;
        };
        if text == "--cmd" || flags.ends_with('c') && flags.chars().all(|c| "esEncu".contains(c)) {
            all.extend(told(&words.next().map(shell_text).unwrap_or_default()));
        } else if let Some(line) = flags.strip_prefix('c') {
            all.extend(told(line));
        }
    }
    if all.is_empty() && !files.is_empty() {
        all.push(typed(&input(command)));
    }
    (all.join("\n"), files)
}

/// One command of ex that puts text in.
fn told(line: &str) -> Vec<String> {
    let line = line.trim_start_matches(':');
    if let Some(("a" | "i" | "c", rest)) = addressed(line) {
        return rest
            .strip_prefix('|')
            .map(|text| text.replace("\\n", "\n"))
            .into_iter()
            .collect();
    }
    for call in ["put =", "put=", "append(", "setline("] {
        if let Some((_, rest)) = line.split_once(call) {
            let quote = rest.find(['"', '\'']);
            let body =
                quote.and_then(|at| Some((rest.get(at + 1..)?, rest.get(at..)?.chars().next()?)));
            let found = body.and_then(|(body, quote)| until(body, quote));
            return found.map(|(text, _)| spoken(&text)).into_iter().collect();
        }
    }
    if let Some((_, keys)) = line.split_once("normal").filter(|(head, _)| head.len() < 6) {
        let keys = keys.trim_start_matches(['!', ' ', 'G', 'g']);
        return keys
            .strip_prefix(['o', 'O', 'i', 'I', 'a', 'A'])
            .map(str::to_owned)
            .into_iter()
            .collect();
    }
    replacements(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::command;

    fn put(words: &[&str]) -> Vec<String> {
        texts(&command(words))
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn each_editor_tells_the_text_that_it_puts_in() {
        for words in [
            &["sed", "-i", "$a drop x", "f"][..],
            &["sed", "-i", "", "1i drop x", "f"],
            &["sed", "--in-place", "-e", "$a drop x", "f"],
            &["perl", "-pi", "-e", "s/^a/drop x/", "f"],
            &["perl", "-i.bak", "-pe", "s{a}{drop x}", "f"],
            &["ex", "-sc", "$a|drop x", "-cx", "f"],
            &["vim", "-es", "-c", "put =\"drop x\"", "-c", "wq", "f"],
            &["awk", "-i", "inplace", "{print \"drop x\"}", "f"],
        ] {
            assert_eq!(put(words), ["drop x"], "{words:?}");
        }
        assert_eq!(typed("$a\ndrop x\n.\nw\nq"), "drop x");
        assert_eq!(typed("/drop x/d\nw"), "");
    }

    #[test]
    fn what_changes_no_file_puts_nothing_in() {
        for words in [
            &["sed", "$a drop x", "f"][..],
            &["sed", "-n", "$a drop x", "f"],
            &["sed", "-i", "/drop x/d", "f"],
            &["perl", "-pe", "s/a/drop x/", "f"],
            &["perl", "-i", "-ne", "print unless /drop x/", "f"],
            &["ex", "-sc", "g/drop x/d", "-cx", "f"],
            &["awk", "{print \"drop x\"}", "f"],
            &["cp", "a", "b"],
        ] {
            assert_eq!(put(words), Vec::<String>::new(), "{words:?}");
        }
    }
}
