//! Carries a script out on the words and files that are known, step by step, and notes down what it does to files.
//! Whatever is not known where it decides something ends the attempt: then the script is read like any other code.

mod folders;
mod globs;
mod guess;
mod node;
mod patterns;
mod perl;
mod python;
mod times;
mod value;
mod world;

use std::path::Path;

use crate::classify::Context;
use crate::model::command::{Command, Cwd};
use crate::model::fact::Needs;
use crate::model::word::Word;
use crate::sql::HOLE;

use super::given::Code;
use super::steps::Step;
use super::tokens::Language;
use guess::Guesses;
use world::World;

/// What a script does.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// Its steps, once for each way that it may go; each begins where the code was started.
    pub runs: Vec<Vec<Step>>,
    /// Nothing of the call can have changed what it finds: it does this, and nothing else.
    pub certain: bool,
}

/// Settings by which an interpreter loads more than the script.
const LOADS: [&str; 3] = ["PERL", "NODE", "RUBY"];
/// Programs that write no file by themselves.
const READERS: [&str; 31] = [
    "echo", "printf", "cat", "ls", "cd", "export", "test", "[", "[[", "true", "false", ":", "grep",
    "head", "tail", "set", "sleep", "date", "pwd", "wc", "diff", "stat", "du", "basename", "clear",
    "uname", "whoami", "hostname", "which", "id", "df",
];

/// Carries the script of a command out, where every word of it is known.
pub(super) fn carried(
    code: &Code,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Carried> {
    let Cwd::Known(here) = &command.cwd else {
        return None;
    };
    if context.facts.assumed || code.test || !command.is_here() {
        return None;
    }
    if code.language == Language::Python {
        return python_carried(code, command, here, context, needs);
    }
    if code.language == Language::Javascript {
        return node_carried(code, command, here, context, needs);
    }
    if !is_plain(code, command) {
        return None;
    }
    let words = code.args.as_ref()?;
    // The end of options is no longer among the words.
    let ended = command.args().iter().any(|word| word.prefix() == "--");
    if ended || words.iter().any(|word| word.contains(HOLE)) {
        return None;
    }
    let environment = environment(command);
    if environment
        .iter()
        .any(|(name, _)| LOADS.iter().any(|front| name.starts_with(front)))
    {
        return None;
    }
    let name = script_name(code, command)?;
    let start = perl::Start {
        text: &code.source.text,
        name: &name,
        words,
        environment: &environment,
    };
    all_ways(here, context, needs, |world, _, _| match code.language {
        Language::Perl => perl::carry(&start, world).map(|world| (world, false)),
        _ => None,
    })
}

/// Carries a script of Python out.
fn python_carried(
    code: &Code,
    command: &Command,
    here: &Path,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Carried> {
    let begin = python::begin::begin(code, command)?;
    let environment = environment(command);
    let start = python::Start {
        text: &code.source.text,
        name: &begin.name,
        words: &begin.words,
        environment: &environment,
        inherits: inherits(command, context),
        paths: &begin.paths,
        file: begin.file.as_deref(),
        module: begin.module.as_deref(),
        asserts: begin.asserts,
    };
    all_ways(here, context, needs, |world, backwards, guesses| {
        python::carry(&start, world, backwards, guesses)
    })
}

/// Carries a script of Node out.
fn node_carried(
    code: &Code,
    command: &Command,
    here: &Path,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Carried> {
    let begin = node::begin::begin(code, command)?;
    let environment = environment(command);
    let start = node::Start {
        text: &code.source.text,
        file: begin.file.as_deref(),
        words: &begin.words,
        environment: &environment,
        module: begin.module,
        inline: begin.inline,
        dropped: command.env_cleared || is_within(command, &["env"]),
        started: is_within(command, &["npm", "npx", "yarn", "pnpm", "bun"]),
    };
    all_ways(here, context, needs, |world, _, _| {
        node::carry(&start, world)
    })
}

/// Returns the settings that a command is given, as far as they are known.
fn environment(command: &Command) -> Vec<(String, Option<String>)> {
    let all = command.env.iter();
    all.map(|(name, value)| (name.clone(), value.text()))
        .collect()
}

/// Tells whether one of these programs starts a command.
fn is_within(command: &Command, names: &[&str]) -> bool {
    let mut around = command.via.iter();
    around.any(|around| {
        let first = around.name.split(' ').next().unwrap_or_default();
        names.contains(&first)
    })
}

/// Tells whether what the call does not say of the environment is as it was before the call.
fn inherits(command: &Command, context: &Context<'_>) -> bool {
    const RESETS: [&str; 12] = [
        "unset", "export", "declare", "typeset", "local", "readonly", "set", "source", ".", "eval",
        "read", "shopt",
    ];
    let plain = |name: &str| matches!(name, "nohup" | "time" | "timeout" | "nice" | "ionice");
    !command.env_cleared
        && command.via.iter().all(|wrapper| plain(&wrapper.name))
        && !context
            .earlier
            .iter()
            .any(|earlier| earlier.is_any(&RESETS))
}

/// Carries a script out in every way that it may go: with the names of folders in either order,
/// and both ways where it decides by what nobody knows.
/// The player also says whether the script may do more than the steps of the world tell.
fn all_ways(
    here: &Path,
    context: &Context<'_>,
    needs: &mut Needs,
    mut play: impl for<'w> FnMut(World<'w>, bool, &mut Guesses) -> Option<(World<'w>, bool)>,
) -> Option<Carried> {
    let quiet = context.earlier.iter().chain(context.after).all(is_quiet);
    let mut certain = quiet;
    let mut waits = false;
    let mut runs: Vec<Vec<Step>> = Vec::new();
    for backwards in [false, true] {
        let mut guesses = Guesses::default();
        loop {
            let world = World::new(here.to_path_buf(), context, needs);
            let world = if backwards { world.backwards() } else { world };
            let (world, more) = play(world, backwards, &mut guesses)?;
            // What all ways ask is asked at once.
            waits |= world.waits;
            certain &= !more && !guesses.any();
            if runs.iter().all(|run| told(run) != told(&world.steps)) {
                runs.push(world.steps);
            }
            if !guesses.turn() {
                break;
            }
        }
    }
    certain &= runs.len() == 1;
    (!waits).then_some(Carried { runs, certain })
}

/// Returns what steps say, in an order of its own.
fn told(steps: &[Step]) -> Vec<String> {
    let mut all: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
    all.sort_unstable();
    all
}

/// Tells whether an interpreter runs the script alone: no option of its own that changes how.
fn is_plain(code: &Code, command: &Command) -> bool {
    let program = command.program().unwrap_or_default();
    let interpreter = ["perl", "node", "nodejs", "ruby", "php"].contains(&program.as_str());
    let is_flag = |word: &Word| word.prefix().starts_with('-');
    let operands = command.args().iter().position(|word| !is_flag(word));
    match (interpreter, code.inline) {
        (true, false) => operands == Some(0) || operands.is_none(),
        (true, true) => {
            let mut words = command.args().iter().map(Word::prefix);
            let own = |word: &String| {
                let module = word
                    .strip_prefix("-M")
                    .map(|rest| rest.split('=').next().unwrap_or(rest).to_owned());
                module.is_some_and(|module| perl::knows(&module))
            };
            words
                .find(|word| !own(word))
                .is_some_and(|word| matches!(word.as_str(), "-e" | "-"))
        }
        (false, inline) => !inline,
    }
}

/// Returns the script as it is named.
fn script_name(code: &Code, command: &Command) -> Option<String> {
    if code.inline {
        return Some("-e".to_owned());
    }
    let program = command.program()?;
    let word = match ["perl", "node", "nodejs", "ruby", "php"].contains(&program.as_str()) {
        true => command.args().first(),
        false => command.words.first(),
    };
    word?.text()
}

/// Tells whether a command of the same call leaves the files as they are.
fn is_quiet(other: &Command) -> bool {
    let program = other.program().unwrap_or_default();
    let first = other.args().first().and_then(Word::text);
    let looks = matches!(first.as_deref(), Some("status" | "diff" | "log" | "show"));
    let reads = READERS.contains(&program.as_str()) || program == "git" && looks;
    reads && other.leaves().is_empty()
}
