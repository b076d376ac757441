//! How Python is started: its own options, the script, the module or the code, and the words that are handed on.
//! A start of which anything is not known is none.

use crate::classify::code::given::Code;
use crate::model::command::Command;
use crate::model::word::{Part, Word};
use crate::sql::HOLE;

/// Settings of the environment that change nothing of what a script does.
const HARMLESS: [&str; 8] = [
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "PYTHONHASHSEED",
    "PYTHONNOUSERSITE",
    "PYTHONFAULTHANDLER",
];

/// A word that is handed on to a script.
#[derive(Clone, Debug)]
pub(in super::super) enum Handed {
    Word(String),
    /// A pattern of the shell.
    Pattern(String),
}

/// How a script is started.
#[derive(Debug, Default)]
pub(in super::super) struct Begin {
    pub name: String,
    pub words: Vec<Handed>,
    pub paths: Vec<String>,
    pub file: Option<String>,
    pub module: Option<String>,
    pub asserts: bool,
}

/// Returns how a command starts Python; nothing where that is not known, or where it is not Python that is started.
pub(in super::super) fn begin(code: &Code, command: &Command) -> Option<Begin> {
    let odd = |name: &String| name.starts_with("PYTHON") && !HARMLESS.contains(&name.as_str());
    if code.source.text.contains(HOLE) || command.env.iter().any(|(name, _)| odd(name)) {
        return None;
    }
    let all: Option<Vec<Handed>> = command.args().iter().map(handed).collect();
    let all = all?;
    let program = command.program()?;
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let old = program.strip_prefix("python2").is_some();
    let mut begin = Begin {
        asserts: true,
        ..Begin::default()
    };
    if !matches!(base, "python" | "pypy") || old {
        let name = command.words.first()?.text()?;
        if code.inline || old || !name.ends_with(".py") || !is_python(&code.source.text) {
            return None;
        }
        begin.script(&name, code);
        begin.words = all;
        return begin.searched(command, true);
    }
    let mut words = all.into_iter();
    let mut own = true;
    while let Some(Handed::Word(word)) = words.next() {
        match word.as_str() {
            "-c" if code.inline => begin.name = "-c".to_owned(),
            "-" if code.inline => begin.name = "-".to_owned(),
            "-m" if !code.inline => begin.started_module(&plain(&mut words)?, code)?,
            "-X" if matches!(plain(&mut words)?.as_str(), "utf8" | "utf8=1") => continue,
            "-W" if plain(&mut words)?.starts_with("ignore") => continue,
            "--help" | "--version" => return None,
            flags if flags.starts_with('-') => {
                let letters = flags.get(1..)?;
                let known = letters.chars().all(|letter| "bBdEOqsSuv".contains(letter));
                // Twice, and comparisons with bytes are errors.
                let strict = letters.matches('b').count() > 1;
                if letters.is_empty() || !known || strict {
                    return None;
                }
                begin.asserts &= !letters.contains('O');
                own &= !letters.contains('E');
                continue;
            }
            name if !code.inline => begin.script(name, code),
            _ => return None,
        }
        if begin.name == "-c" {
            words.next();
        }
        begin.words = words.collect();
        return begin.searched(command, own);
    }
    if words.next().is_some() {
        return None;
    }
    // The code comes over standard input, and no word is handed on.
    code.inline.then(|| begin.searched(command, own)).flatten()
}

fn plain(words: &mut impl Iterator<Item = Handed>) -> Option<String> {
    match words.next()? {
        Handed::Word(word) => Some(word),
        Handed::Pattern(_) => None,
    }
}

/// Returns a word as it is handed on; nothing where it is not known.
fn handed(word: &Word) -> Option<Handed> {
    if let Some(text) = word.text() {
        return Some(Handed::Word(text));
    }
    let mut pattern = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) if !text.contains(['*', '?', '[', '\\']) => pattern.push_str(text),
            // What stands between brackets the shell reads in its own way.
            Part::Glob(text) if text.chars().all(|sign| matches!(sign, '*' | '?')) => {
                pattern.push_str(text);
            }
            _ => return None,
        }
    }
    let deep = pattern.contains("**") || pattern.ends_with('/') || pattern.contains("//");
    (!word.many && !deep && !pattern.starts_with("./")).then_some(Handed::Pattern(pattern))
}

impl Begin {
    fn script(&mut self, name: &str, code: &Code) {
        name.clone_into(&mut self.name);
        self.file = Some(name.to_owned());
        let folder = if code.folder.is_empty() {
            "."
        } else {
            &code.folder
        };
        self.paths.push(folder.to_owned());
    }

    fn started_module(&mut self, name: &str, code: &Code) -> Option<()> {
        let file = code.source.file.as_ref()?.to_str()?.to_owned();
        let inner = file.ends_with("/__main__.py") && !name.ends_with("__main__");
        self.module = Some(if inner {
            format!("{name}.__main__")
        } else {
            name.to_owned()
        });
        self.name.clone_from(&file);
        self.file = Some(file);
        self.paths.push(".".to_owned());
        Some(())
    }

    /// Adds the folders in which modules are looked for.
    fn searched(mut self, command: &Command, own: bool) -> Option<Self> {
        if self.paths.is_empty() {
            self.paths.push(".".to_owned());
        }
        if let Some((_, value)) = command
            .env
            .iter()
            .rfind(|(name, _)| name == "PYTHONPATH")
            .filter(|_| own)
        {
            let value = value.text()?;
            self.paths.extend(
                value
                    .split(':')
                    .filter(|path| !path.is_empty())
                    .map(str::to_owned),
            );
        }
        Some(self)
    }
}

/// Tells whether the first line of a file names Python.
fn is_python(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let Some(program) = first.strip_prefix("#!") else {
        return false;
    };
    let words: Vec<&str> = program.split_whitespace().collect();
    let is = |word: &str| {
        word.rsplit('/').next().is_some_and(|name| {
            name.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.') == "python"
        })
    };
    match words.as_slice() {
        [one] => is(one),
        [env, one] => env.ends_with("/env") && is(one),
        _ => false,
    }
}
