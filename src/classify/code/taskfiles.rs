//! Task files of invoke, fabric, nox, gulp, Grunt and Mage: the code of the tasks that are asked for.
//! What stands outside all tasks runs too; what nobody asks for is blanked out. Sessions of nox that the project has are not read: they work on clones.

use std::collections::HashSet;
use std::path::Path;

use crate::classify::Context;
use crate::classify::builds::is_kept;
use crate::classify::packs;
use crate::classify::sql::reach;
use crate::classify::sql::source::Source;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::word::Word;

use super::blocks::{self, Block};
use super::modules::DEFAULT;
use super::tokens::{Language, Token, placed};

/// Lines of one file that are read.
const MAX_LINES: usize = 100_000;
/// Bytes of one file.
const MAX_BYTES: usize = 256 << 10;
/// Rounds in which tasks that tasks need are found.
const ROUNDS: usize = 6;

/// How tasks are written down.
#[derive(Clone, Copy)]
enum Form {
    Python,
    Script,
    Go,
}

/// Programs with their files, and what they run where no task is named.
type Runner = (
    &'static [&'static str],
    &'static [&'static str],
    Option<&'static str>,
    Form,
);

const RUNNERS: &[Runner] = &[
    (&["invoke", "inv"], &["tasks.py"], None, Form::Python),
    (&["fab"], &["fabfile.py"], None, Form::Python),
    (&["nox"], &["noxfile.py"], Some(""), Form::Python),
    (
        &["gulp"],
        &[
            "gulpfile.js",
            "gulpfile.mjs",
            "gulpfile.cjs",
            "gulpfile.ts",
            "gulpfile.babel.js",
        ],
        Some("default"),
        Form::Script,
    ),
    (
        &["grunt"],
        &["Gruntfile.js", "gruntfile.js", "Gruntfile.cjs"],
        Some("default"),
        Form::Script,
    ),
    (
        &["mage"],
        &["magefile.go", "magefiles/magefile.go"],
        None,
        Form::Go,
    ),
];
/// Options under which nothing runs.
const LOOKING: [&str; 11] = [
    "-l",
    "--list",
    "--help",
    "-h",
    "--dry",
    "-R",
    "--tasks",
    "-T",
    "--tasks-simple",
    "--version",
    "-n",
];
/// Options that name a file or a folder.
const VALUED: [&str; 8] = [
    "-f",
    "--gulpfile",
    "--gruntfile",
    "--cwd",
    "-c",
    "--collection",
    "-d",
    "-w",
];

/// Returns the code that a task runner would run.
pub(super) fn code(
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<(Source, Language)> {
    let (names, files, all, form) = RUNNERS.iter().find(|(names, ..)| command.is_any(names))?;
    let Cwd::Known(folder) = &command.cwd else {
        return None;
    };
    let words: Vec<String> = command.args().iter().map(Word::prefix).collect();
    let looks = |word: &String| {
        LOOKING.contains(&word.as_str()) && !(names.contains(&"nox") && word == "-n")
    };
    if !command.is_here() || words.iter().any(looks) {
        return None;
    }
    let mut wanted: Vec<String> = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if VALUED.contains(&word.as_str()) {
            rest.next();
        } else if !word.starts_with('-') {
            wanted.push(word.split(':').next().unwrap_or(word).to_owned());
        }
    }
    if wanted.is_empty() {
        wanted.extend(Some((*all)?.to_owned()).filter(|name| !name.is_empty()));
    }
    let mut source = files
        .iter()
        .find_map(|name| {
            let path = folder.join(Path::new(name));
            match command.is_any(&["nox"]) {
                true => packs::written(&reach::normal(&path), context)
                    .map(|word| Source::of_word(&word)),
                false => read(&path, context, needs),
            }
        })
        .filter(|source| source.text.len() <= MAX_BYTES)?;
    // Places stay what they are: what is not asked for becomes blank.
    let (text, language) = match form {
        Form::Python => {
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            (asked_for(&source.text, &wanted), Language::Python)
        }
        Form::Script => (script(&source.text, wanted), Language::Javascript),
        Form::Go => (go(&source.text, &wanted), Language::Compiled),
    };
    source.text = text;
    Some((source, language))
}

fn read(path: &Path, context: &Context<'_>, needs: &mut Needs) -> Option<Source> {
    let path = reach::normal(path);
    if let Some(word) = packs::written(&path, context) {
        return Some(Source::of_word(&word));
    }
    match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Source::of_file(&path, text)),
        _ => None,
    }
}

/// `gulp.task('x', …)`, `exports.x = series(a, b)`: a stretch with the names and the strings in it.
struct Stretch {
    name: String,
    from: usize,
    to: usize,
    words: HashSet<String>,
    /// Runs only when it is asked for.
    own: bool,
}

/// Leaves of a script the tasks that are wanted, and what they need.
fn script(text: &str, wanted: Vec<String>) -> String {
    let stretches = stretches(text);
    let mut wanted: HashSet<String> = wanted.into_iter().collect();
    for _ in 0..ROUNDS {
        let before = wanted.len();
        for stretch in &stretches {
            if wanted.contains(&stretch.name) {
                wanted.extend(stretch.words.iter().cloned());
            }
        }
        // What cleans takes away what the build has made.
        wanted.retain(|name| !name.to_ascii_lowercase().contains("clean") || keeps(text, name));
        if wanted.len() == before {
            break;
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    for stretch in stretches.iter().filter(|stretch| stretch.own) {
        blocks.push(Block {
            name: stretch.name.clone(),
            from: stretch.from,
            to: stretch.to,
        });
    }
    let gone: Vec<bool> = blocks
        .iter()
        .map(|block| wanted.contains(&block.name))
        .collect();
    let left = blocks::blanked(text, &blocks, &gone);
    // The file itself is a function where it gives one: `module.exports = grunt => …`.
    wanted.insert(DEFAULT.to_owned());
    let wanted: Vec<String> = wanted.into_iter().collect();
    blocks::loaded(
        &left,
        Language::Javascript,
        &blocks::brace_blocks(&left),
        &wanted,
    )
}

/// Tells whether what a task of this name takes away is no build's work.
fn keeps(text: &str, name: &str) -> bool {
    let stretches = stretches(text);
    let mut own = stretches.iter().filter(|stretch| stretch.name == name);
    let blocks = blocks::brace_blocks(text);
    let mut bodies = blocks
        .iter()
        .filter(|block| block.name == name)
        .filter_map(|block| text.get(block.from..block.to));
    let told = |body: &str| body.split(['"', '\'', '`']).any(is_kept);
    own.any(|stretch| stretch.words.iter().any(|word| is_kept(word))) || bodies.any(told)
}

fn stretches(text: &str) -> Vec<Stretch> {
    let tokens = placed(text, Language::Javascript);
    let mut all = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = tokens.get(at..).unwrap_or_default();
        let (name, task) = match rest {
            [
                (Token::Name { name, .. }, _),
                (Token::Sign('('), _),
                (Token::Text { text, .. }, _),
                ..,
            ] if matches!(
                name.rsplit('.').next(),
                Some("task" | "registerTask" | "registerMultiTask")
            ) =>
            {
                (text.clone(), true)
            }
            [(Token::Name { name, .. }, _), (Token::Sign('='), _), ..]
                if name.contains("exports.") =>
            {
                (
                    name.rsplit('.').next().unwrap_or_default().to_owned(),
                    false,
                )
            }
            _ => {
                at += 1;
                continue;
            }
        };
        let first = if task { 3 } else { 2 };
        let (words, length) = told(rest.get(first..).unwrap_or_default(), task);
        let end = at + first + length;
        let place = |at: usize| tokens.get(at).map_or(text.len(), |(_, place)| *place);
        all.push(Stretch {
            name,
            from: place(at),
            to: place(end),
            words,
            own: task,
        });
        at = end.max(at + 1);
    }
    all
}

/// Returns the names and strings to the end of a call or of a statement, and how many tokens that are.
fn told(rest: &[(Token, usize)], call: bool) -> (HashSet<String>, usize) {
    let mut depth = usize::from(call);
    let mut words = HashSet::new();
    let mut length = 0;
    for (token, _) in rest {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Line | Token::Sign(';') if depth == 0 => break,
            Token::Text { text, .. } => drop(words.insert(text.clone())),
            Token::Name { name, .. } => drop(words.insert(name.clone())),
            _ => {}
        }
        length += 1;
        if call && depth == 0 {
            break;
        }
    }
    (words, length)
}

/// Leaves of a Go file the functions that are wanted, and those that they call.
fn go(text: &str, wanted: &[String]) -> String {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let mut at = 0;
    for line in text.split_inclusive('\n').take(MAX_LINES) {
        let from = at;
        at += line.len();
        if let Some(rest) = line.strip_prefix("func ") {
            let rest = match rest.strip_prefix('(') {
                Some(method) => method
                    .split_once(')')
                    .map_or("", |(_, rest)| rest.trim_start()),
                None => rest,
            };
            let name = rest.split('(').next().unwrap_or_default().to_owned();
            blocks.push(Block { name, from, to: at });
            open = !line.trim_end().ends_with('}');
        } else if open && let Some(block) = blocks.last_mut() {
            block.to = at;
            open = !line.starts_with('}');
        }
    }
    let asked = |block: &&Block| {
        wanted
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&block.name))
    };
    let names: Vec<String> = blocks
        .iter()
        .filter(asked)
        .map(|block| block.name.clone())
        .collect();
    blocks::loaded(text, Language::Compiled, &blocks, &names)
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

    #[test]
    fn a_script_keeps_the_tasks_that_are_wanted_and_what_they_need() {
        let text = "const del = require('del');\n\
            gulp.task('wipe', () => del(['a']));\n\
            gulp.task('other', () => del(['b']));\n\
            function gone(cb) { rm('c'); cb(); }\n\
            const styles = () => rm('d');\n\
            exports.all = gulp.series('wipe', gone);\n\
            exports.build = gulp.series(styles);\n";
        let left = |name: &str| script(text, vec![name.to_owned()]);
        let has = |left: &str| ["'a'", "'b'", "'c'", "'d'"].map(|one| left.contains(one));
        assert_eq!(has(&left("wipe")), [true, false, false, false]);
        assert_eq!(has(&left("all")), [true, false, true, false]);
        assert_eq!(has(&left("build")), [false, false, false, true]);
        assert_eq!(left("all").len(), text.len());
    }

    #[test]
    fn a_go_file_keeps_the_targets_that_are_wanted() {
        let text = "package main\nfunc Wipe() error { return rm(\"a\") }\nfunc Build() error {\n\treturn rm(\"b\")\n}\nfunc (Db) Reset() error {\n\treturn rm(\"c\")\n}\n";
        let left = go(text, &["wipe".to_owned()]);
        assert!(left.contains("\"a\"") && !left.contains("\"b\"") && !left.contains("\"c\""));
        assert!(go(text, &["build".to_owned()]).contains("\"b\""));
    }
}
