//! Scripts that the call itself puts into a package before it runs them: `npm pkg set scripts.x='…' && npm run x`.
//! What the package held before is read elsewhere.

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::classify::sql::source::Source;
use crate::model::command::Command;
use crate::model::word::{Part, Word};

/// Scripts that are run by their own name.
const OWN: [&str; 4] = ["test", "start", "stop", "restart"];

/// Commands before the one that is judged which are looked at.
const EARLIER_MAX: usize = 4_096;

/// Returns the scripts that the command runs, as earlier commands have set them.
pub(super) fn started(program: &str, command: &Command, context: &Context<'_>) -> Vec<Started> {
    let Some(name) = run(program, command) else {
        return Vec::new();
    };
    let setters: Vec<&Command> = before(command, context);
    if setters.is_empty() {
        return Vec::new();
    }
    let wanted = [format!("pre{name}"), name.clone(), format!("post{name}")];
    let mut all = Vec::new();
    for script in wanted {
        let given = setters.iter().find_map(|earlier| set(earlier, &script));
        all.extend(given.map(|word| {
            Started {
                text: Source::of_word(&word)
                    .text
                    .replace(crate::sql::HOLE, "$UNKNOWN"),
                origin: word.origin.clone(),
            }
        }));
    }
    all
}

/// Returns the earlier commands in the same place that set scripts, the newest first.
fn before<'a>(command: &Command, context: &Context<'a>) -> Vec<&'a Command> {
    let from = context.earlier.len().saturating_sub(EARLIER_MAX);
    let earlier = context.earlier.get(from..).unwrap_or_default();
    let sets = |earlier: &&Command| {
        let first = earlier.args().first().and_then(Word::plain);
        let word = earlier.is_any(&["npe"])
            || first.is_some_and(|first| matches!(first, "pkg" | "set-script" | "config"));
        word && earlier.cwd == command.cwd && earlier.is_here()
    };
    earlier.iter().rev().filter(sets).collect()
}

/// Returns the script that a command runs.
fn run(program: &str, command: &Command) -> Option<String> {
    let mut words = command.args().iter().filter_map(Word::text);
    let mut words = words.by_ref().filter(|word| !word.starts_with('-'));
    let first = words.next()?;
    match first.as_str() {
        "run" | "run-script" | "rum" => words.next(),
        "t" | "tst" if program == "npm" => Some("test".to_owned()),
        name if OWN.contains(&name) || program != "npm" => Some(first),
        _ => None,
    }
}

/// Returns what a command sets a script to.
fn set(command: &Command, script: &str) -> Option<Word> {
    let texts: Vec<String> = command.args().iter().map(Word::prefix).collect();
    let bare: Vec<&str> = texts.iter().map(String::as_str).take(2).collect();
    let key = format!("scripts.{script}");
    match (command.program()?.as_str(), bare.as_slice()) {
        ("npm" | "pnpm" | "bun", ["pkg", "set"]) => command.args().iter().find_map(|word| {
            let text = word.prefix();
            let (name, _) = text.split_once('=')?;
            let name = name
                .replace("[\"", ".")
                .replace("\"]", "")
                .replace("['", ".")
                .replace("']", "");
            (name == key).then(|| tail(word))?
        }),
        ("npm", ["set-script", name]) if *name == script => command.args().get(2).cloned(),
        ("composer", ["config", name]) if *name == key => command.args().get(2).cloned(),
        ("npe", [name, _]) if *name == key => command.args().get(1).cloned(),
        _ => None,
    }
}

/// Returns what stands behind the `=` of a word.
fn tail(word: &Word) -> Option<Word> {
    let mut pieces = word.pieces.clone();
    let first = pieces.first_mut()?;
    if let Part::Literal(text) = &mut first.part {
        *text = text.split_once('=')?.1.to_owned();
    }
    Some(Word {
        pieces,
        ..word.clone()
    })
}
