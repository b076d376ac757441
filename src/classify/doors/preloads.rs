//! Files that an interpreter reads before the program that it is given: `PYTHONPATH` with a `sitecustomize.py`, `RUBYOPT=-r…`, `NODE_OPTIONS=--require …`.
//! Each becomes a line that runs the file by itself; files that are not there are left out.

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::Command;
use crate::model::fact::Needs;
use crate::model::word::Word;

use super::texts::{quoted, read};

/// Files that one call may load.
const MAX_FILES: usize = 16;

/// A language: the interpreter, its programs, and the variable that holds its options.
struct Tongue {
    interpreter: &'static str,
    programs: &'static [&'static str],
    variable: &'static str,
    /// Options that load a file.
    loads: &'static [&'static str],
    ending: &'static str,
}

const TONGUES: &[Tongue] = &[
    Tongue {
        interpreter: "ruby",
        programs: &[
            "ruby", "jruby", "irb", "rake", "bundle", "bundler", "rails", "gem", "rspec", "erb",
            "pry", "rubocop", "puma", "sidekiq", "thor", "rackup",
        ],
        variable: "RUBYOPT",
        loads: &["-r"],
        ending: ".rb",
    },
    Tongue {
        interpreter: "node",
        programs: &[
            "node", "nodejs", "npm", "npx", "yarn", "pnpm", "tsx", "ts-node", "jest", "vitest",
            "mocha", "next", "vite", "eslint", "prettier", "tsc", "webpack", "corepack",
        ],
        variable: "NODE_OPTIONS",
        loads: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
        ],
        ending: ".js",
    },
    Tongue {
        interpreter: "perl",
        programs: &["perl", "prove", "cpan", "cpanm", "perldoc", "plackup"],
        variable: "PERL5OPT",
        loads: &["-M", "-m"],
        ending: ".pm",
    },
    Tongue {
        interpreter: "php",
        programs: &["php", "composer", "artisan", "phpunit"],
        variable: "PHP_INI_OPTIONS",
        loads: &["auto_prepend_file", "auto_append_file"],
        ending: ".php",
    },
];

const PYTHONS: [&str; 16] = [
    "python",
    "python2",
    "python3",
    "pypy",
    "pypy3",
    "ipython",
    "pip",
    "pip3",
    "pytest",
    "uv",
    "poetry",
    "flask",
    "django-admin",
    "mypy",
    "tox",
    "jupyter",
];

/// Returns lines that run what is loaded before the program itself.
pub(super) fn started(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Started> {
    let mut files: Vec<(&str, String, &Word)> = Vec::new();
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if PYTHONS.contains(&program) || PYTHONS.contains(&plain) {
        files.extend(of_python(command));
    }
    for tongue in TONGUES.iter().filter(|one| one.programs.contains(&program)) {
        files.extend(of_tongue(tongue, program, command, context, needs));
    }
    let mut all = Vec::new();
    for (interpreter, file, word) in files.into_iter().take(MAX_FILES) {
        if read(&file, command, context, needs).is_some() {
            all.push(Started {
                text: format!("{interpreter} {}", quoted(&file)),
                origin: word.origin.clone(),
            });
        }
    }
    all
}

/// `PYTHONPATH=DIR`: what is named `sitecustomize` there runs first.
fn of_python(command: &Command) -> Vec<(&'static str, String, &Word)> {
    let cut = leaves_site(command);
    let mut all = Vec::new();
    if let Some(word) = command.env_value("PYTHONPATH").filter(|_| !cut) {
        for folder in super::shell_text(word).split(':') {
            let folder = if folder.is_empty() { "." } else { folder };
            for name in ["sitecustomize", "usercustomize"] {
                let folder = folder.trim_end_matches('/');
                all.push(("python3", format!("{folder}/{name}.py"), word));
                all.push(("python3", format!("{folder}/{name}/__init__.py"), word));
            }
        }
    }
    let asks =
        command.args().is_empty() || command.args().iter().any(|word| word.plain() == Some("-i"));
    if let Some(word) = command.env_value("PYTHONSTARTUP").filter(|_| asks) {
        all.push(("python3", super::shell_text(word), word));
    }
    all
}

/// Tells whether Python is told to leave out the environment, or the module that loads these files: `-I`, `-E`, `-S`.
fn leaves_site(command: &Command) -> bool {
    let mut words = command.args().iter().map(Word::prefix);
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else {
            return false;
        };
        for (at, letter) in letters
            .char_indices()
            .take_while(|_| !word.starts_with("--"))
        {
            match letter {
                'I' | 'E' | 'S' => return true,
                // What follows is the program's own.
                'c' | 'm' => return false,
                'W' | 'X' => {
                    if letters.len() == at + 1 {
                        words.next();
                    }
                    break;
                }
                _ => {}
            }
        }
    }
    false
}

/// Returns the folders that `-I` names, and the words without them.
fn without_folders(said: Vec<(String, &Word)>) -> (Vec<String>, Vec<(String, &Word)>) {
    let (mut folders, mut kept) = (Vec::new(), Vec::new());
    let mut rest = said.into_iter();
    while let Some((text, word)) = rest.next() {
        match text.strip_prefix("-I") {
            Some("") => folders.extend(rest.next().map(|(folder, _)| folder)),
            Some(folder) => folders.push(folder.to_owned()),
            None => kept.push((text, word)),
        }
    }
    (folders, kept)
}

/// Returns the options that a file of variables gives Node: `node --env-file=.env`.
fn of_env_file<'c>(
    command: &'c Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<(String, &'c Word)> {
    let mut all = Vec::new();
    let words = command.args();
    for (at, word) in words.iter().enumerate().take(MAX_FILES) {
        let text = super::shell_text(word);
        let file = match text.split_once('=') {
            Some(("--env-file" | "--env-file-if-exists", file)) => file.to_owned(),
            None if matches!(text.as_str(), "--env-file" | "--env-file-if-exists") => {
                words.get(at + 1).map(super::shell_text).unwrap_or_default()
            }
            _ => continue,
        };
        let Some(text) = read(&file, command, context, needs) else {
            continue;
        };
        let lines = text.text.lines().filter_map(|line| {
            let line = line.trim().trim_start_matches("export ").trim_start();
            line.strip_prefix("NODE_OPTIONS")?
                .trim_start()
                .strip_prefix('=')
        });
        for options in lines {
            let options = options.trim().trim_matches(['"', '\'']);
            all.extend(options.split_whitespace().map(|one| (one.to_owned(), word)));
        }
    }
    all
}

fn of_tongue<'c>(
    tongue: &Tongue,
    program: &str,
    command: &'c Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<(&'static str, String, &'c Word)> {
    let mut said: Vec<(String, &Word)> = Vec::new();
    if let Some(word) = command.env_value(tongue.variable) {
        let text = super::shell_text(word);
        said.extend(text.split_whitespace().map(|one| (one.to_owned(), word)));
    }
    // Options of the interpreter itself stand before its script.
    if program == tongue.interpreter || program == "nodejs" {
        said.extend(
            command
                .args()
                .iter()
                .map(|word| (super::shell_text(word), word)),
        );
    }
    let mut given = Vec::new();
    if tongue.interpreter == "perl" {
        (given, said) = without_folders(said);
    }
    if tongue.interpreter == "node" {
        said.splice(0..0, of_env_file(command, context, needs));
    }
    let names = loaded(tongue, &said);
    let library = match tongue.interpreter {
        "node" => "NODE_PATH",
        _ => "PERL5LIB",
    };
    let library = command.env_value(library).map(super::shell_text);
    given.extend(library);
    let library = (!given.is_empty()).then(|| given.join(":"));
    let mut files = Vec::new();
    for (name, word) in names {
        let name = name
            .split('=')
            .next()
            .unwrap_or_default()
            .replace("::", "/");
        let path = name.starts_with(['.', '/']) || name.ends_with(tongue.ending);
        let folders = match tongue.interpreter {
            "perl" => library.clone().unwrap_or_default(),
            "node" if !path && library.is_some() => library.clone().unwrap_or_default(),
            _ if !path => continue,
            _ => String::new(),
        };
        for folder in folders.split(':') {
            let full = match folder {
                "" => name.clone(),
                folder => format!("{folder}/{name}"),
            };
            files.push((tongue.interpreter, full.clone(), word));
            if !full.ends_with(tongue.ending) {
                files.push((tongue.interpreter, format!("{full}{}", tongue.ending), word));
            }
        }
    }
    files
}

/// Returns the names behind the options that load a file.
fn loaded<'c>(tongue: &Tongue, said: &[(String, &'c Word)]) -> Vec<(String, &'c Word)> {
    let mut names = Vec::new();
    let mut all = said.iter();
    while let Some((text, word)) = all.next() {
        let option = tongue
            .loads
            .iter()
            .find(|option| text.starts_with(**option));
        let Some(option) = option else {
            if !text.starts_with('-') && tongue.interpreter != "php" {
                break;
            }
            continue;
        };
        match text
            .get(option.len()..)
            .unwrap_or_default()
            .trim_start_matches('=')
        {
            "" => names.extend(all.next().cloned()),
            rest => names.push((rest.to_owned(), *word)),
        }
    }
    names
}
