//! Task files of invoke, fabric and nox that the call itself has written: the code of the tasks that are asked for.
//! Task files of the project are reviewed like its code and not read.

use std::path::Path;

use crate::classify::Context;
use crate::classify::packs;
use crate::classify::sql::source::Source;
use crate::model::command::{Command, Cwd};
use crate::model::word::Word;

/// Lines of one file that are read.
const MAX_LINES: usize = 5_000;

/// Programs with their file, and whether they run every task where none is named.
const RUNNERS: &[(&[&str], &[&str], bool)] = &[
    (&["invoke", "inv"], &["tasks.py"], false),
    (&["fab"], &["fabfile.py"], false),
    (&["nox"], &["noxfile.py"], true),
];
/// Options under which nothing runs.
const LOOKING: [&str; 6] = ["-l", "--list", "--help", "-h", "--dry", "-R"];

/// Returns the code that a task runner would run.
pub(super) fn code(command: &Command, context: &Context<'_>) -> Option<Source> {
    let (_, files, all) = RUNNERS.iter().find(|(names, ..)| command.is_any(names))?;
    let Cwd::Known(folder) = &command.cwd else {
        return None;
    };
    let words: Vec<String> = command.args().iter().map(Word::prefix).collect();
    if words.iter().any(|word| LOOKING.contains(&word.as_str())) {
        return None;
    }
    let named = words.iter().filter(|word| !word.starts_with('-'));
    let wanted: Vec<&str> = named.map(String::as_str).collect();
    if wanted.is_empty() && !all {
        return None;
    }
    let word = files
        .iter()
        .find_map(|name| packs::written(&folder.join(Path::new(name)), context))?;
    let mut source = Source::of_word(&word);
    // Places stay what they are: what is not asked for becomes blank.
    source.text = asked_for(&source.text, &wanted);
    Some(source)
}

/// Blanks the tasks that nobody asks for.
fn asked_for(text: &str, wanted: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut held = String::new();
    let mut dropping = false;
    for line in text.split_inclusive('\n').take(MAX_LINES) {
        if line.starts_with('@') {
            dropping = false;
            held.push_str(line);
            continue;
        }
        if !line.trim().is_empty() && !line.starts_with([' ', '\t', ')', '#']) {
            let own = name_of(line).is_none_or(|name| is_wanted(name, wanted));
            dropping = !held.is_empty() && !own;
        }
        for part in [held.as_str(), line] {
            if dropping {
                part.chars().for_each(|letter| blank(letter, &mut out));
            } else {
                out.push_str(part);
            }
        }
        held.clear();
    }
    out
}

/// Puts down as many bytes as the letter took.
fn blank(letter: char, out: &mut String) {
    match letter {
        '\n' => out.push('\n'),
        _ => (0..letter.len_utf8()).for_each(|_| out.push(' ')),
    }
}

fn name_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line);
    let name = rest.strip_prefix("def ")?.split('(').next()?;
    Some(name.trim())
}

fn is_wanted(name: &str, wanted: &[&str]) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| one.replace('-', "_") == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tasks_that_are_asked_for_stay() {
        let text = "import os\n@task\ndef test(c):\n    c.run('a')\n\n@task\ndef clean_all(c):\n    c.run('b')\n\ndef helper():\n    pass\n";
        let left = asked_for(text, &["clean-all"]);
        assert!(left.contains("c.run('b')") && left.contains("helper"));
        assert!(!left.contains("c.run('a')"));
        assert_eq!(left.len(), text.len());
        assert_eq!(asked_for(text, &[]), text);
    }
}
