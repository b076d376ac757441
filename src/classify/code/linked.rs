//! A script of Python and the modules of the project that it imports, read as one code: what one file says is passed to the next.
//! Names that several of them give something leave them apart, each to be read by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::classify::Context;
use crate::classify::packs;
use crate::classify::sql::source::Source;
use crate::model::command::Command;
use crate::model::fact::{Answer, Needs, Question};

use super::blocks::{loaded, python_blocks};
use super::given::Code;
use super::imported::{STANDARD, place_of};
use super::modules::{self, Import};
use super::tokens::{Language, Token, placed};

/// Modules that are read with one script.
const MAX_MODULES: usize = 8;
/// Bytes of the script with its modules.
const MAX_BYTES: usize = 96 << 10;
/// Rounds in which modules that modules import are found, and what is called of them.
const ROUNDS: usize = 5;

/// A module with what is called of it.
struct Module {
    file: String,
    source: Source,
    called: BTreeSet<String>,
    seen: bool,
}

impl Module {
    /// Returns what runs of it.
    fn left(&self) -> String {
        let called: Vec<String> = self.called.iter().cloned().collect();
        loaded(
            &self.source.text,
            Language::Python,
            &python_blocks(&self.source.text),
            &called,
        )
    }
}

/// Returns a script with its modules as one code; nothing where it has none, or where they cannot be one.
pub(super) fn linked(
    code: &Code,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Code> {
    let told = code.args.is_some() && !code.test && !code.sandboxed;
    if code.language != Language::Python || !told || !code.source.text.contains("import") {
        return None;
    }
    let mut modules: BTreeMap<String, Module> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut known = vec![(code.source.text.clone(), code.folder.clone())];
        let others = modules.values();
        known.extend(others.map(|one| (one.left(), folder(&one.file).to_owned())));
        let mut grown = false;
        for (text, folder) in known {
            let calls = modules::calls(&text, Language::Python);
            for import in modules::imports(&text, Language::Python, STANDARD) {
                let Some(file) = find(&import, &folder, &mut modules, |file| {
                    read(file, command, context, needs)
                }) else {
                    continue;
                };
                if let Some(module) = modules.get_mut(&file) {
                    let before = module.called.len();
                    module.called.extend(import.called(&calls));
                    grown |= !module.seen || module.called.len() > before;
                    module.seen = true;
                }
                if modules.len() > MAX_MODULES {
                    return None;
                }
            }
        }
        if !grown {
            return joined(code, &modules);
        }
    }
    None
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the names under which the file of an import may lie.
fn places(import: &Import, folder: &str) -> Vec<String> {
    let beside = import.files.iter().map(|name| match folder {
        "" | "." => name.clone(),
        folder => format!("{folder}/{name}"),
    });
    beside.chain(import.files.iter().cloned()).collect()
}

/// Returns the file of an import, read where it was not.
fn find(
    import: &Import,
    folder: &str,
    modules: &mut BTreeMap<String, Module>,
    mut read: impl FnMut(&str) -> Option<Source>,
) -> Option<String> {
    let places = places(import, folder);
    if let Some(known) = places.iter().find(|file| modules.contains_key(*file)) {
        return Some(known.clone());
    }
    let (file, source) = places
        .into_iter()
        .find_map(|file| read(&file).map(|source| (file, source)))?;
    let module = Module {
        file: file.clone(),
        source,
        called: BTreeSet::new(),
        seen: false,
    };
    modules.insert(file.clone(), module);
    Some(file)
}

fn read(file: &str, command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Source> {
    let path = place_of(file, command)?;
    if let Some(word) = packs::written(&path, context) {
        return Some(Source::of_word(&word));
    }
    match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Source::of_file(&path, text)),
        _ => None,
    }
}

/// Puts the modules behind the script, where each name means one thing.
fn joined(code: &Code, modules: &BTreeMap<String, Module>) -> Option<Code> {
    let size: usize = modules.values().map(|one| one.source.text.len()).sum();
    if modules.is_empty() || size + code.source.text.len() > MAX_BYTES {
        return None;
    }
    let mut texts = vec![(code.source.text.clone(), code.folder.as_str())];
    texts.extend(modules.values().map(|one| (one.left(), folder(&one.file))));
    for (text, folder) in texts.iter_mut().filter(|(_, own)| *own != code.folder) {
        let file = match *folder {
            "" => "'./code'".to_owned(),
            folder => format!("'{folder}/code'"),
        };
        *text = text.replace("__file__", &file);
    }
    let mut defined: BTreeMap<String, String> = BTreeMap::new();
    for (text, _) in &texts {
        let own: BTreeMap<String, String> = definitions(text).collect();
        for (name, line) in own {
            if defined
                .insert(name, line.clone())
                .is_some_and(|other| other != line)
            {
                return None;
            }
        }
    }
    let mut texts = texts
        .iter()
        .map(|(text, folder)| unlinked(text, folder, modules));
    let mut source = code.source.clone();
    source.text = texts.next()??;
    for (module, text) in modules.values().zip(texts) {
        let mut own = module.source.clone();
        own.text = text?;
        source.attach(own);
    }
    Some(Code {
        source,
        language: code.language,
        inline: code.inline,
        folder: code.folder.clone(),
        args: code.args.clone(),
        files: code.files.clone(),
        settings: Vec::new(),
        env: code.env.clone(),
        sandboxed: code.sandboxed,
        test: code.test,
        carried: None,
    })
}

/// Returns the names that the first level of a text gives something, with the lines that do.
fn definitions(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().filter_map(|line| {
        let rest = ["def ", "class ", "async def "]
            .iter()
            .find_map(|word| line.strip_prefix(word));
        let named = |rest: &str| -> String {
            rest.chars()
                .take_while(|sign| sign.is_alphanumeric() || *sign == '_')
                .collect()
        };
        let name = match rest {
            Some(rest) => named(rest),
            None => {
                let name = named(line);
                let behind = line.get(name.len()..)?.trim_start();
                let given = behind.starts_with('=') && !behind.starts_with("==")
                    || behind.starts_with(':') && behind.contains('=');
                Some(name).filter(|name| given && !name.is_empty())?
            }
        };
        Some((name, line.to_owned()))
    })
}

/// Blanks the imports of modules that stand behind the script, and the names of these modules before those of their functions.
/// Nothing where a name is imported under another one.
fn unlinked(text: &str, folder: &str, modules: &BTreeMap<String, Module>) -> Option<String> {
    let tokens = placed(text, Language::Python);
    let mut blank: Vec<(usize, usize)> = Vec::new();
    let mut aliases: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some((token, start)) = tokens.get(at) {
        let is_import = matches!(token, Token::Name { name, .. } if matches!(name.as_str(), "from" | "import") || name.starts_with("from."));
        let first = at == 0
            || matches!(
                tokens.get(at - 1),
                Some((Token::Line | Token::Sign(';' | ':'), _))
            );
        at += 1;
        if !is_import || !first {
            continue;
        }
        let end = statement_end(text, *start);
        let statement = text.get(*start..end)?;
        for import in modules::imports(statement, Language::Python, STANDARD) {
            let known = places(&import, folder)
                .iter()
                .any(|file| modules.contains_key(file));
            if known {
                if import.renames() {
                    return None;
                }
                aliases.extend(import.alias().map(str::to_owned));
                blank.push((*start, end));
            }
        }
    }
    for (token, start) in &tokens {
        let Token::Name { name, .. } = token else {
            continue;
        };
        let alias = aliases.iter().find(|alias| {
            name.strip_prefix(alias.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
        });
        if let Some(alias) = alias {
            blank.push((*start, start + alias.len() + 1));
        }
    }
    let mut bytes = text.as_bytes().to_vec();
    for (from, to) in blank {
        for byte in bytes.get_mut(from..to)? {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// An import ends with its line, or with its bracket.
fn statement_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.find(['\n', ';']).unwrap_or(rest.len());
    let open = rest.find('(').filter(|open| *open < line);
    let end = match open {
        Some(_) => rest.find(')').map_or(line, |close| close + 1),
        None => line,
    };
    start + end
}
