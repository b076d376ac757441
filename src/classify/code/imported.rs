//! Code that is loaded beside the one that an interpreter is given: modules of the project that it imports or preloads, files that a test runner collects.
//! Only what runs by loading a module is left of it; what nobody calls there is blanked out.

use crate::classify::Context;
use crate::classify::sql::reach;
use crate::classify::sql::source::Source;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::word::Word;

use super::given::Code;
use super::tokens::Language;

/// Modules of one call that are looked at.
const MAX_MODULES: usize = 8;
/// Bytes of a module beyond which it is not taken apart.
const MAX_BYTES: usize = 256 << 10;
/// Functions of a module that are told apart.
const MAX_BLOCKS: usize = 400;
/// Rounds in which functions that called functions call are found.
const ROUNDS: usize = 4;

/// Modules of the language itself and of everybody: no file of the project has their names.
const STANDARD: &[&str] = &[
    "argparse",
    "asyncio",
    "base64",
    "collections",
    "csv",
    "datetime",
    "django",
    "functools",
    "glob",
    "hashlib",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "numpy",
    "os",
    "pandas",
    "pathlib",
    "random",
    "re",
    "requests",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "time",
    "torch",
    "typing",
    "urllib",
    "yaml",
];

/// Python modules that run the file, or with `-m` the module, that is named behind them.
const RUNNERS: [&str; 7] = [
    "coverage", "pdb", "ipdb", "cProfile", "profile", "trace", "runpy",
];

/// Tells whether a module of Python only runs what is named behind it (`python -m pdb x.py`).
pub(super) fn runs_others(module: &str) -> bool {
    RUNNERS.contains(&module)
}

/// Returns the code that is loaded beside `code`, or by a runner without any code of its own.
pub(super) fn beside(
    code: Option<&Code>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Code> {
    let mut files: Vec<(String, Language)> = Vec::new();
    if let Some(code) = code.filter(|code| code.inline) {
        files.extend(named(&code.source.text, code.language));
    }
    let program = command.program().unwrap_or_default();
    let plain = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    match plain {
        "node" | "nodejs" | "bun" | "tsx" | "ts-node" => files.extend(preloaded(command)),
        "pytest" | "py.test" => files.extend(collected(command.args())),
        "python" if behind_module(command, "pytest") => files.extend(collected(command.args())),
        _ => {}
    }
    files.dedup();
    files
        .into_iter()
        .take(MAX_MODULES)
        .filter_map(|(name, language)| read(&name, language, command, context, needs))
        .collect()
}

fn behind_module(command: &Command, name: &str) -> bool {
    let args = command.args();
    let at = args
        .iter()
        .position(|word| word.text().as_deref() == Some("-m"));
    at.and_then(|at| args.get(at + 1)?.text()).as_deref() == Some(name)
}

/// Returns the files of the modules that a text imports.
fn named(text: &str, language: Language) -> Vec<(String, Language)> {
    let names: Vec<String> = match language {
        Language::Python => text
            .split(['\n', ';'])
            .filter_map(|line| {
                let line = line.trim();
                let plain = line.strip_prefix("import ");
                plain.or_else(|| Some(line.strip_prefix("from ")?.split_once(" import")?.0))
            })
            .flat_map(|list| list.split(','))
            .filter_map(|one| one.split_whitespace().next())
            .filter(|name| is_module(name))
            .map(|name| format!("{}.py", name.replace('.', "/")))
            .collect(),
        Language::Javascript => ["require(", "import(", "import ", "from "]
            .iter()
            .flat_map(|head| text.split(head).skip(1))
            .filter_map(|rest| {
                let rest = rest.trim_start();
                let quote = rest.chars().next().filter(|char| "'\"`".contains(*char))?;
                rest.get(1..)?.split_once(quote).map(|(name, _)| name)
            })
            .filter_map(local_script)
            .collect(),
        _ => Vec::new(),
    };
    let mut files: Vec<(String, Language)> = Vec::new();
    for name in names {
        if !files.iter().any(|(known, _)| *known == name) {
            files.push((name, language));
        }
    }
    files
}

fn is_module(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    !first.is_empty()
        && !STANDARD.contains(&first)
        && name
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '.'))
}

/// Returns the file behind `./x` and `/srv/x.js`; a bare name is a package.
fn local_script(name: &str) -> Option<String> {
    let last = name.rsplit('/').next()?;
    if !name.starts_with(['.', '/']) || last.is_empty() {
        return None;
    }
    Some(match last.contains('.') {
        true => name.to_owned(),
        false => format!("{name}.js"),
    })
}

/// `node -r ./x.js`, `--import=./x.mjs`, `NODE_OPTIONS='--require ./x.js'`.
fn preloaded(command: &Command) -> Vec<(String, Language)> {
    let mut words: Vec<String> = command.args().iter().map(Word::shown).collect();
    if let Some(given) = command.env_value("NODE_OPTIONS").and_then(Word::text) {
        words.extend(given.split_whitespace().map(str::to_owned));
    }
    let mut files = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), words.get(index + 1).map(String::as_str)),
        };
        if matches!(name, "-r" | "--require" | "--import" | "--preload") {
            files.extend(value.and_then(local_script));
        }
    }
    files
        .into_iter()
        .map(|name| (name, Language::Javascript))
        .collect()
}

/// `pytest x.py`: a file that is no test by its name is loaded all the same.
fn collected(args: &[Word]) -> Vec<(String, Language)> {
    let is_test = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name);
        last.starts_with("test_") || last.ends_with("_test.py") || last == "conftest.py"
    };
    args.iter()
        .filter_map(Word::text)
        .filter(|name| name.ends_with(".py") && !name.starts_with('-') && !is_test(name))
        .map(|name| (name, Language::Python))
        .collect()
}

fn read(
    name: &str,
    language: Language,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Code> {
    let path = match &command.cwd {
        _ if !command.is_here() => return None,
        Cwd::Known(folder) => reach::normal(&folder.join(name)),
        Cwd::Temporary | Cwd::Unknown if name.starts_with('/') => name.into(),
        Cwd::Temporary | Cwd::Unknown => return None,
    };
    let Some(Answer::Text { text, .. }) = context.facts.ask(Question::Text(path.clone()), needs)
    else {
        return None;
    };
    if text.len() > MAX_BYTES {
        return None;
    }
    let blocks = match language {
        Language::Python => python_blocks(text),
        _ => brace_blocks(text),
    };
    Some(Code {
        source: Source::of_file(&path, &loaded(text, &blocks)),
        language,
        inline: false,
        folder: name
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned(),
        args: None,
        files: Vec::new(),
    })
}

/// The body of a function, or of a condition that does not hold in a module that is loaded.
#[derive(Debug)]
struct Block {
    name: String,
    from: usize,
    to: usize,
}

/// Blanks out the blocks that nobody calls; every byte that stays keeps its place.
fn loaded(text: &str, blocks: &[Block]) -> String {
    let mut called = vec![false; blocks.len()];
    let mut kept = blanked(text, blocks, &called);
    for _ in 0..ROUNDS {
        let mut more = false;
        for (block, called) in blocks.iter().zip(&mut called) {
            let calls = format!("{}(", block.name);
            if !*called && !block.name.is_empty() && kept.contains(&calls) {
                *called = true;
                more = true;
            }
        }
        if !more {
            break;
        }
        kept = blanked(text, blocks, &called);
    }
    kept
}

fn blanked(text: &str, blocks: &[Block], called: &[bool]) -> String {
    let mut all = String::with_capacity(text.len());
    let mut at = 0;
    for (block, called) in blocks.iter().zip(called) {
        if *called || block.from < at {
            continue;
        }
        all.push_str(text.get(at..block.from).unwrap_or_default());
        let gone = text.get(block.from..block.to).unwrap_or_default();
        all.extend(
            gone.bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
        );
        at = block.to;
    }
    all.push_str(text.get(at..).unwrap_or_default());
    all
}

/// Finds the functions of Python, and what runs only as a program of its own.
fn python_blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The indent of the block that is open, and whether its header and a long string in it are.
    let mut open: Option<usize> = None;
    let (mut header, mut quoted) = (false, false);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        let ends = !header && !quoted && !bare.is_empty() && !bare.starts_with('#');
        if open.is_some_and(|start| ends && indent <= start) {
            open = None;
        }
        if open.is_none() {
            let Some(name) = python_header(bare).filter(|_| blocks.len() < MAX_BLOCKS) else {
                continue;
            };
            open = Some(indent);
            header = true;
            blocks.push(Block {
                name,
                from,
                to: from,
            });
        }
        if header {
            let code = bare.split(" #").next().unwrap_or(bare).trim_end();
            header = !(code.ends_with(':') || bare.contains("): ") || bare.contains("]: "));
        }
        let marks = line.matches("\"\"\"").count() + line.matches("'''").count();
        quoted ^= marks % 2 == 1;
        if let Some(block) = blocks.last_mut() {
            block.to = at;
        }
    }
    blocks
}

fn python_header(line: &str) -> Option<String> {
    if line.starts_with("if __name__") {
        return Some(String::new());
    }
    let plain = line.strip_prefix("async ").unwrap_or(line).trim_start();
    let rest = plain.strip_prefix("def ")?;
    rest.split(['(', ' ']).next().map(str::to_owned)
}

/// Finds the functions and classes of languages with braces; one that is called where it stands is none.
fn brace_blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Where the statement began, and the depth at which the open block ends.
    let (mut start, mut depth) = (0, 0_usize);
    let mut open: Option<usize> = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => {
                let head = text.get(start..at).unwrap_or_default().trim();
                if open.is_none()
                    && blocks.len() < MAX_BLOCKS
                    && let Some(name) = brace_header(head)
                {
                    open = Some(depth);
                    blocks.push(Block {
                        name,
                        from: start,
                        to: text.len(),
                    });
                }
                depth += 1;
                start = at + 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                start = at + 1;
                if open == Some(depth) {
                    open = None;
                    if let Some(block) = blocks.last_mut() {
                        block.to = at + 1;
                    }
                }
            }
            b';' | b'\n' => start = at + 1,
            _ => {}
        }
    }
    blocks
}

fn brace_header(head: &str) -> Option<String> {
    /// What stands before a condition in brackets and runs at once.
    const CONTROL: [&str; 7] = ["if", "for", "while", "switch", "catch", "with", "else"];
    let called = head.starts_with(['(', '!', '+']) || head.contains("await (");
    let assigned = head.contains(" = ");
    let word = |text: &str| -> String {
        let named = |char: &char| char.is_alphanumeric() || matches!(char, '_' | '$');
        text.chars().take_while(named).collect()
    };
    // What is handed to another function may run at once: `['a'].forEach(d => { … })`; a property (`wipe: () => {`) waits.
    let property = head
        .split_once(':')
        .is_some_and(|(name, _)| word(name) == name);
    let inside = head
        .find('(')
        .zip(head.find("function"))
        .is_some_and(|(bracket, function)| bracket < function);
    let handed = !assigned && !property && (head.ends_with("=>") || inside);
    let first = word(head.trim_start_matches(['}', ' ']));
    let method = head.ends_with(')') && !CONTROL.contains(&first.as_str());
    let is = head.contains("function")
        || head.ends_with("=>")
        || head.starts_with("class ")
        || method && !assigned;
    if !is || called || handed {
        return None;
    }
    let after = |word: &str| head.split_once(word).map(|(_, rest)| rest.trim_start());
    let before = head.split('(').next().unwrap_or_default();
    let name = after("function ")
        .or_else(|| after("const "))
        .or_else(|| after("let "))
        .or_else(|| after("var "))
        .or_else(|| before.rsplit([' ', '.']).next().filter(|_| method));
    Some(word(name.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(text: &str) -> String {
        loaded(text, &python_blocks(text))
    }

    fn braces(text: &str) -> String {
        loaded(text, &brace_blocks(text))
    }

    #[test]
    fn what_runs_by_loading_a_module_of_python_stays_in_its_place() {
        let text = "import shutil\ndef wipe(\n    a,\n):\n    \"\"\"\nlong\n\"\"\"\n    shutil.rmtree('a')\n\nshutil.rmtree('b')\n";
        let left = python(text);
        assert!(!left.contains("'a'") && left.len() == text.len());
        assert_eq!(left.find("'b'"), text.find("'b'"));
        assert!(python("def main():\n    go()\ndef go():\n    rm('a')\nmain()\n").contains("'a'"));
        assert!(
            !python("def main():\n    rm('a')\nif __name__ == '__main__':\n    main()\n")
                .contains("'a'")
        );
    }

    #[test]
    fn a_function_of_javascript_stays_only_where_it_is_called() {
        assert!(!braces("function wipe() { rm('a') }\nmodule.exports = wipe").contains("'a'"));
        assert!(!braces("exports.wipe = () => { rm('a') };").contains("'a'"));
        assert!(!braces("module.exports = { async wipe(x) { rm('a') } };").contains("'a'"));
        assert!(!braces("module.exports = { wipe: () => { rm('a') } };").contains("'a'"));
        assert!(braces("['x'].forEach(function (d) { rm('a') })").contains("'a'"));
        assert!(!braces("class A {\n  wipe() { rm('a') }\n}\n").contains("'a'"));
        assert!(braces("function wipe() { rm('a') }\nwipe()").contains("'a'"));
        assert!(braces("for (const d of ['x']) { rm('a') }").contains("'a'"));
        assert!(braces("try { rm('a') } catch (e) { log(e) }").contains("'a'"));
        assert!(braces("(async () => { rm('a') })()").contains("'a'"));
        assert!(braces("if (x) { rm('a') }").contains("'a'"));
        assert!(braces("['x'].forEach(d => { rm('a') })").contains("'a'"));
    }

    #[test]
    fn modules_are_files_of_the_project_and_packages_are_not() {
        let names = |text, language| -> Vec<String> {
            named(text, language)
                .into_iter()
                .map(|(name, _)| name)
                .collect()
        };
        assert_eq!(
            names("import os, nuke as n; from a.b import c", Language::Python),
            ["nuke.py", "a/b.py"]
        );
        assert_eq!(
            names(
                "require('fs'); require('./nuke'); import '../x.mjs'",
                Language::Javascript
            ),
            ["./nuke.js", "../x.mjs"]
        );
    }
}
