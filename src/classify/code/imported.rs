//! Code that is loaded beside the one that an interpreter is given: modules of the project that it imports or preloads, files that a test runner collects.
//! Only what runs by loading a module is left of it; what nobody calls there is blanked out.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;

use crate::classify::Context;
use crate::classify::packs;
use crate::classify::sql::reach;
use crate::classify::sql::source::Source;
use crate::model::command::{Command, Cwd};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::word::Word;

use super::asked;
use super::blocks::{certain, running};
use super::given::Code;
use super::modules;
use super::tokens::Language;

/// Modules of the project that are looked at; further ones are the project's own affair.
const MAX_MODULES: usize = 32;
/// Modules that the call itself has written; what is beyond them is not known.
const MAX_WRITTEN: usize = 64;
/// Modules that wait to be looked at.
const MAX_WAITING: usize = 2_000;
/// Modules that modules import, one behind the other.
const MAX_DEPTH: usize = 3;
/// Bytes of a module beyond which it is not taken apart.
const MAX_BYTES: usize = 256 << 10;

/// Modules of the language itself and of everybody: no file of the project has their names.
pub(super) const STANDARD: &[&str] = &[
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

/// A module that is to be read: where it may lie, and which of its functions are called.
struct Wanted {
    files: Vec<String>,
    language: Language,
    called: Vec<String>,
    depth: usize,
}

impl Wanted {
    /// Tells whether the call itself has written it.
    fn is_written(&self, command: &Command, context: &Context<'_>) -> bool {
        let places = self.files.iter().filter_map(|name| place_of(name, command));
        let mut written = places.map(|path| packs::written(&path, context));
        written.any(|text| text.is_some())
    }

    fn file(name: String, language: Language) -> Self {
        Self {
            files: vec![name],
            language,
            called: Vec::new(),
            depth: 0,
        }
    }
}

pub(super) fn place_of(name: &str, command: &Command) -> Option<PathBuf> {
    match &command.cwd {
        _ if !command.is_here() => None,
        Cwd::Known(folder) => Some(reach::normal(&folder.join(name))),
        Cwd::Temporary | Cwd::Unknown => name.starts_with('/').then(|| name.into()),
    }
}

/// Returns the code that is loaded beside `code`, or by a runner without any code of its own.
pub(super) fn beside(
    code: Option<&Code>,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Beside {
    let mut queue: VecDeque<Wanted> = VecDeque::new();
    let given: Vec<String> = command.args().iter().map(Word::shown).collect();
    if let Some(code) = code.filter(|code| code.source.text.len() <= MAX_BYTES) {
        let text = &code.source.text;
        queue.extend(imported(text, &[], &code.folder, code.language, 0, &given));
    }
    let program = command.program().unwrap_or_default();
    let plain = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let others = match plain {
        "node" | "nodejs" | "bun" | "tsx" | "ts-node" => preloaded(command),
        "pytest" | "py.test" => collected(command.args()),
        "python" if behind_module(command, "pytest") => collected(command.args()),
        _ => Vec::new(),
    };
    queue.extend(
        others
            .into_iter()
            .map(|(name, language)| Wanted::file(name, language)),
    );
    let mut seen: HashSet<String> = HashSet::new();
    let mut found = Beside::default();
    let (mut read_here, mut read_there) = (0, 0);
    while let Some(wanted) = queue.pop_front() {
        let key = format!("{:?}{:?}", wanted.files, wanted.called);
        if !seen.insert(key) {
            continue;
        }
        let written = wanted.is_written(command, context);
        let (count, most) = match written {
            true => (&mut read_here, MAX_WRITTEN),
            false => (&mut read_there, MAX_MODULES),
        };
        if *count >= most {
            found.cut |= written;
            continue;
        }
        *count += 1;
        let Some((code, whole)) = read(&wanted, command, context, needs) else {
            continue;
        };
        if (written || wanted.depth < MAX_DEPTH) && queue.len() < MAX_WAITING {
            let called = &wanted.called;
            let depth = wanted.depth + 1;
            queue.extend(imported(
                &whole,
                called,
                &code.folder,
                code.language,
                depth,
                &given,
            ));
        }
        if may_lose(&code.source.text) {
            found.codes.push(code);
        }
    }
    found
}

/// What is loaded beside a code.
#[derive(Default)]
pub(super) struct Beside {
    pub codes: Vec<Code>,
    /// Modules that the call has written were left out.
    pub cut: bool,
}

/// Tells whether a text has any of the words with which code takes something away or starts something.
fn may_lose(text: &str) -> bool {
    const WORDS: [&str; 22] = [
        "rm", "unlink", "remove", "delete", "DELETE", "drop", "DROP", "runcate", "TRUNCATE",
        "destroy", "system", "process", "popen", "spawn", "exec", "shell", "flush", "wipe",
        "purge", "rimraf", "write", "move",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// Returns the modules that a text imports, with what the part of it that runs calls of them.
/// `outside` are its own functions that another calls.
fn imported(
    text: &str,
    outside: &[String],
    folder: &str,
    language: Language,
    depth: usize,
    given: &[String],
) -> Vec<Wanted> {
    let runs = running(text, language, outside, depth == 0);
    let imports = modules::imports(&runs, language, STANDARD);
    if imports.is_empty() {
        return Vec::new();
    }
    // What a module asks is its own affair; what the script asks its command line answers.
    let sure = match depth {
        0 => asked::running(&runs, language, given),
        _ => certain(&runs, language),
    };
    let calls = modules::calls(&sure, language);
    let wanted = imports.into_iter().map(|import| {
        let called = import.called(&calls);
        let beside = |name: &String| match folder {
            "" | "." => name.clone(),
            folder if name.starts_with('/') || folder.is_empty() => name.clone(),
            folder => format!("{folder}/{name}"),
        };
        let mut files: Vec<String> = import.files.iter().map(beside).collect();
        // A module of Python that runs itself finds others from where it was started.
        if language == Language::Python && !matches!(folder, "" | ".") {
            files.extend(import.files);
        }
        Wanted {
            files,
            language,
            called,
            depth,
        }
    });
    wanted.collect()
}

fn behind_module(command: &Command, name: &str) -> bool {
    let args = command.args();
    let at = args
        .iter()
        .position(|word| word.text().as_deref() == Some("-m"));
    at.and_then(|at| args.get(at + 1)?.text()).as_deref() == Some(name)
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

/// Returns what runs of a module, and the whole of it.
fn read(
    wanted: &Wanted,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<(Code, String)> {
    let found = wanted.files.iter().find_map(|name| {
        let path = place_of(name, command)?;
        if let Some(word) = packs::written(&path, context) {
            return Some((name, Source::of_word(&word)));
        }
        match context.facts.ask(Question::Text(path.clone()), needs) {
            Some(Answer::Text { text, .. }) => Some((name, Source::of_file(&path, text))),
            _ => None,
        }
    });
    let (name, mut source) = found?;
    if source.text.len() > MAX_BYTES {
        return None;
    }
    let left = running(&source.text, wanted.language, &wanted.called, false);
    let whole = std::mem::replace(&mut source.text, left);
    let code = Code {
        source,
        language: wanted.language,
        inline: false,
        folder: name
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned(),
        args: None,
        files: Vec::new(),
        settings: Vec::new(),
        sandboxed: false,
        test: false,
        carried: None,
    };
    Some((code, whole))
}
