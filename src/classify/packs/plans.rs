//! Saved plans: `terraform apply FILE` carries out what an earlier `terraform plan -out=FILE` of the call has worked out.
//! It says only what the two together mean; plans saved before the call are not read.

use crate::classify::Context;
use crate::classify::files::{Args, Valued};
use crate::model::command::Command;
use crate::model::word::Word;

const PROGRAMS: &[&str] = &["terraform", "tofu", "terragrunt"];

/// Returns an application of a plan as the line that needs no plan.
pub(super) fn lines(command: &Command, context: &Context<'_>) -> Vec<Vec<Word>> {
    let Some(name) = step(command, "apply").and_then(|operands| operands.last().cloned()) else {
        return Vec::new();
    };
    let saved = |earlier: &&Command| {
        step(earlier, "plan").is_some() && saved_as(earlier).is_some_and(|file| file == name)
    };
    let Some(plan) = context.earlier.iter().rev().find(saved) else {
        return Vec::new();
    };
    let kept = ["-destroy", "-replace"];
    let mut given: Vec<Word> = plan.args().to_vec();
    given.extend(from_environment(plan));
    let flags: Vec<Word> = given
        .into_iter()
        .filter(|word| {
            let text = word.prefix();
            let flag = text.trim_start_matches('-').split('=').next();
            kept.iter().any(|kept| kept.strip_prefix('-') == flag)
        })
        .collect();
    if flags.is_empty() {
        return Vec::new();
    }
    let mut words: Vec<Word> = command.words.iter().take(1).cloned().collect();
    words.push(Word::literal("apply", command.origin.clone()));
    words.extend(flags);
    vec![words]
}

/// Returns what `TF_CLI_ARGS` and `TF_CLI_ARGS_plan` add to a plan's words.
fn from_environment(plan: &Command) -> Vec<Word> {
    let values = ["TF_CLI_ARGS", "TF_CLI_ARGS_plan"]
        .into_iter()
        .filter_map(|name| plan.env_value(name));
    values
        .flat_map(|value| {
            let text = value.text().unwrap_or_default();
            let words: Vec<Word> = text
                .split_whitespace()
                .map(|word| Word::literal(word, value.origin.clone()))
                .collect();
            words
        })
        .collect()
}

/// Returns the operands behind a subcommand, where it is that one.
fn step(command: &Command, name: &str) -> Option<Vec<String>> {
    if !command.is_any(PROGRAMS) {
        return None;
    }
    let args = Args::read(command.args(), Valued::NONE);
    let operands: Vec<String> = args.operands.iter().map(|word| word.shown()).collect();
    let (first, rest) = operands.split_first()?;
    // `terragrunt run-all plan`, `terragrunt run --all -- plan`.
    let (first, rest) = match first.as_str() {
        "run-all" | "run" => rest.split_first()?,
        _ => (first, rest),
    };
    (first == name).then(|| rest.to_vec())
}

/// Returns the value of `-out`.
fn saved_as(command: &Command) -> Option<String> {
    let mut words = command.args().iter().map(Word::shown);
    while let Some(word) = words.next() {
        match word.trim_start_matches('-').split_once('=') {
            Some(("out", file)) if word.starts_with('-') => return Some(file.to_owned()),
            _ if matches!(word.as_str(), "-out" | "--out") => return words.next(),
            _ => {}
        }
    }
    None
}
