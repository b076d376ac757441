//! Whether a shape matches a command, and what it rests on: known words, or a guess at unknown ones.
//! Unknown text may only make a shape match; it never makes an exemption.

use crate::model::command::Command;
use crate::model::rule::{Positional, Rule, Shape};
use crate::model::word::{Hole, Part, Word};

use super::argv::{Argv, HOLE, Operand, Presence, Text};
use super::pattern;

/// Subcommands by which programs look, build or start: after unknown options they say that nothing is lost.
const LOOKING: [&str; 44] = [
    "get",
    "list",
    "ls",
    "status",
    "show",
    "describe",
    "logs",
    "log",
    "diff",
    "plan",
    "apply",
    "up",
    "build",
    "run",
    "install",
    "test",
    "config",
    "version",
    "help",
    "exec",
    "start",
    "stop",
    "restart",
    "ps",
    "pull",
    "push",
    "create",
    "init",
    "info",
    "top",
    "port-forward",
    "rollout",
    "scale",
    "set",
    "add",
    "update",
    "upgrade",
    "deploy",
    "validate",
    "fmt",
    "output",
    "inspect",
    "events",
    "login",
];

/// A shape that matched, with the command split its way.
#[derive(Debug)]
pub struct Match<'c> {
    pub shape: &'static Shape,
    pub argv: Argv,
    /// Number of operands that the subcommand path took.
    pub path: usize,
    /// Rests on unknown text.
    pub opaque: bool,
    /// The subcommand itself is unknown.
    pub guessed: bool,
    pub words: &'c [Word],
}

impl Match<'_> {
    /// Returns the operands after the subcommand path.
    pub fn rest(&self) -> &[Operand] {
        self.argv.operands.get(self.path..).unwrap_or_default()
    }
}

/// Returns the first shape of a rule that matches; one that matches surely goes before one that guesses.
pub fn first<'c>(rule: &'static Rule, words: &'c [Word], command: &Command) -> Option<Match<'c>> {
    let program = words.first()?.text()?;
    let names = super::launch::names(&program);
    let mut guess = None;
    for shape in rule.argv {
        if !shape
            .programs
            .iter()
            .any(|known| names.iter().any(|name| name == known))
        {
            continue;
        }
        match shape_matches(shape, words, command) {
            Some(found) if !found.opaque => return Some(found),
            Some(found) => guess = guess.or(Some(found)),
            None => {}
        }
    }
    guess
}

fn shape_matches<'c>(
    shape: &'static Shape,
    words: &'c [Word],
    command: &Command,
) -> Option<Match<'c>> {
    let mut args = words.get(1..).unwrap_or_default();
    // `drush @prod sql:drop`, `wp @prod db reset`: the site stands before the subcommand.
    if shape
        .programs
        .iter()
        .any(|name| matches!(*name, "drush" | "wp"))
    {
        let named = |word: &Word| word.prefix().starts_with('@');
        args = args
            .get(args.iter().take_while(|word| named(word)).count()..)
            .unwrap_or_default();
    }
    if !could_match(shape, args) {
        return None;
    }
    let argv = Argv::read(args, shape);
    let path = path(shape, &argv.operands)?;
    let mut found = Match {
        shape,
        path: path.taken,
        opaque: path.guessed,
        guessed: path.guessed,
        argv,
        words,
    };
    if found.rest().len() < shape.least {
        return None;
    }
    let sure = found.rest().iter().filter(|operand| !operand.loose).count();
    if sure > shape.most || unless(&found) || excepted(&found) {
        return None;
    }
    let flags = flags(&found)?;
    let positionals = positionals(&found)?;
    let values = values(&found)?;
    let env = env(shape, command)?;
    if path.guessed && !is_plausible(&found, path.sure, flags) {
        return None;
    }
    found.opaque |= [flags, positionals, values, env].contains(&Sure::Guess);
    Some(found)
}

/// How surely something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sure {
    Yes,
    Guess,
}

/// Tells cheaply whether the subcommand path can be there at all.
fn could_match(shape: &Shape, args: &[Word]) -> bool {
    shape.path.iter().all(|step| {
        args.iter()
            .any(|word| word.has_hole() || is_step_word(step, word))
    })
}

fn is_step(step: &[&str], text: &str) -> bool {
    step.contains(&text)
}

/// The same of a word, without copying its text.
fn is_step_word(step: &[&str], word: &Word) -> bool {
    match word.plain() {
        Some(text) => is_step(step, text),
        None => word.text().is_some_and(|text| is_step(step, &text)),
    }
}

struct Path {
    /// Operands used up.
    taken: usize,
    /// Steps that stand there as known words.
    sure: usize,
    guessed: bool,
}

fn path(shape: &Shape, operands: &[Operand]) -> Option<Path> {
    let mut path = Path {
        taken: 0,
        sure: 0,
        guessed: false,
    };
    for step in shape.path {
        path.taken += values_before(step, operands.get(path.taken..).unwrap_or_default());
        let mut operand = operands.get(path.taken)?;
        if operand.text.hole
            && operand.value
            && let Some(next) = operands.get(path.taken + 1)
            && !next.text.hole
        {
            // `etcdctl --endpoints $E snapshot save`: the unknown word is the value of an option that nobody named.
            path.taken += 1;
            operand = next;
        }
        let next = operands.get(path.taken + 1);
        if !operand.text.hole && is_step(step, &operand.text.text) {
            path.sure += 1;
        } else if operand.loose && next.is_some_and(|next| is_step(step, &next.text.text)) {
            // `docker $OPTS volume rm`: the unknown word was options, or nothing.
            path.sure += 1;
            path.taken += 1;
        } else if operand.text.hole && step.iter().any(|known| could_be(&operand.text, known)) {
            path.guessed = true;
        } else {
            return None;
        }
        path.taken += 1;
    }
    Some(path)
}

/// Counts the words before a subcommand that are values of options which nobody named: `influx --host H bucket delete`.
fn values_before(step: &[&str], operands: &[Operand]) -> usize {
    let value = |operand: &&Operand| {
        let text = operand.text.text.as_str();
        operand.likely && !operand.text.hole && !is_step(step, text) && !LOOKING.contains(&text)
    };
    let count = operands.iter().take_while(value).count();
    let next = operands.get(count);
    match next.is_some_and(|next| !next.text.hole && is_step(step, &next.text.text)) {
        true => count,
        false => 0,
    }
}

/// Tells whether a text with holes can become `known`.
fn could_be(text: &Text, known: &str) -> bool {
    let (head, _) = text.text.split_once(HOLE).unwrap_or((&text.text, ""));
    let (_, tail) = text.text.rsplit_once(HOLE).unwrap_or(("", &text.text));
    known.len() >= head.len() + tail.len() && known.starts_with(head) && known.ends_with(tail)
}

/// A guess at the subcommand counts only if something known speaks for it.
fn is_plausible(found: &Match<'_>, sure_steps: usize, flags: Sure) -> bool {
    if !found.shape.flags.is_empty() {
        return flags == Sure::Yes;
    }
    let first = found.rest().iter().find(|operand| !operand.text.hole);
    let looks = first.is_some_and(|operand| LOOKING.contains(&operand.text.text.as_str()));
    if looks {
        return false;
    }
    sure_steps > 0 || found.shape.path.len() == 1 && found.shape.least > 0 && first.is_some()
}

/// Tells whether a flag under which nothing happens is there (or `… help`, as `aws` has it), as far as known text says.
fn unless(found: &Match<'_>) -> bool {
    if let [only] = found.rest()
        && found.shape.least == 0
        && only.text.text == "help"
    {
        return true;
    }
    let mut unless = found.shape.unless.iter();
    unless.any(|flag| found.argv.has(flag, found.shape) == Presence::Present)
}

fn excepted(found: &Match<'_>) -> bool {
    found.shape.except.iter().any(|except| {
        picked(except, found.rest())
            .any(|operand| !operand.text.hole && pattern::matches(except.regex, &operand.text.text))
    })
}

fn picked<'a>(pattern: &'a Positional, rest: &'a [Operand]) -> impl Iterator<Item = &'a Operand> {
    rest.iter()
        .enumerate()
        .filter(|(at, _)| pattern.index.is_none_or(|index| index == *at))
        .map(|(_, operand)| operand)
}

fn flags(found: &Match<'_>) -> Option<Sure> {
    let mut sure = Sure::Yes;
    for group in found.shape.flags {
        let seen = group.iter().map(|flag| found.argv.has(flag, found.shape));
        match seen.max_by_key(|presence| match presence {
            Presence::Absent => 0,
            Presence::Unknown => 1,
            Presence::Present => 2,
        })? {
            Presence::Present => {}
            Presence::Unknown => sure = Sure::Guess,
            Presence::Absent if may_be_flags(found) => sure = Sure::Guess,
            Presence::Absent => return None,
        }
    }
    Some(sure)
}

/// Tells whether an unknown word may stand for options: by its name, or because it stands before every known operand.
fn may_be_flags(found: &Match<'_>) -> bool {
    let named = found.words.iter().any(|word| {
        let first = word.pieces.first().map(|piece| &piece.part);
        word.many
            && !word.quoted
            && matches!(first, Some(Part::Hole(Hole::Inherited(name))) if is_flag_name(name))
    });
    let mut rest = found.rest().iter();
    let leads = rest.next().is_some_and(|operand| operand.loose)
        && rest.next().is_some_and(|operand| !operand.text.hole);
    named || leads
}

/// Tells whether a variable is named as one that holds options (`$EXTRA_ARGS`, `$OPTS`); `$TARGET` is not.
fn is_flag_name(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "OPT", "OPTS", "OPTION", "OPTIONS", "FLAG", "FLAGS", "ARG", "ARGS", "PARAM", "EXTRA",
        "FORCE", "SWITCH",
    ];
    const ENDS: [&str; 6] = ["OPTS", "OPTIONS", "FLAGS", "ARGS", "PARAMS", "ARGUMENTS"];
    let name = name.to_ascii_uppercase();
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    name.split('_').any(|part| PARTS.contains(&part)) || ENDS.iter().any(|end| name.ends_with(end))
}

fn positionals(found: &Match<'_>) -> Option<Sure> {
    let mut sure = Sure::Yes;
    for positional in found.shape.positionals {
        let known = picked(positional, found.rest()).any(|operand| {
            !operand.text.is_unknown() && pattern::matches(positional.regex, &operand.text.text)
        });
        let unknown = positional.holes
            && picked(positional, found.rest()).any(|operand| operand.text.is_unknown());
        match (known, unknown) {
            (true, _) => {}
            (false, true) => sure = Sure::Guess,
            (false, false) => return None,
        }
    }
    Some(sure)
}

fn values(found: &Match<'_>) -> Option<Sure> {
    let mut sure = Sure::Yes;
    let style = found.shape.style;
    for wanted in found.shape.values {
        let values = || {
            wanted
                .flag
                .iter()
                .flat_map(|flag| found.argv.values(flag, style))
        };
        if values().any(|value| !value.is_unknown() && pattern::matches(wanted.regex, &value.text))
        {
            continue;
        }
        if !wanted.holes || !values().any(|value| value.is_unknown()) {
            return None;
        }
        sure = Sure::Guess;
    }
    Some(sure)
}

fn env(shape: &Shape, command: &Command) -> Option<Sure> {
    let mut sure = Sure::Yes;
    for (name, regex) in shape.env {
        let value = Text::of(command.env_value(name)?);
        if value.is_unknown() {
            sure = Sure::Guess;
        } else if !pattern::matches(regex, &value.text) {
            return None;
        }
    }
    Some(sure)
}
