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

/// Returns the first shape of a rule that matches a program of these names; one that matches surely goes before one that guesses.
pub fn first<'c>(
    rule: &'static Rule,
    names: &[String],
    words: &'c [Word],
    command: &Command,
) -> Option<Match<'c>> {
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
    // `gcloud beta pubsub …`: the release track stands before the group.
    let told = |word: &str| shape.path.first().is_some_and(|step| step.contains(&word));
    if shape.programs.contains(&"gcloud")
        && let Some(track) = args.first().and_then(Word::plain)
        && matches!(track, "alpha" | "beta" | "preview")
        && !told(track)
    {
        args = args.get(1..).unwrap_or_default();
    }
    if !could_match(shape, args) {
        return None;
    }
    // Most shapes of a program fail at its subcommand: the words after it are not read for them.
    let argv = Argv::read(args, shape, |first| is_path_open(shape, first))?;
    let path = path(shape, &argv.operands).ok()?;
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
    if (path.guessed || positionals == Sure::Guess) && only_options(&found) {
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

/// Tells whether the subcommand path may be there, from the first operands of a command that has more.
fn is_path_open(shape: &Shape, first: &[Operand]) -> bool {
    // What looked beyond them may find something there.
    path(shape, first).map_or_else(|looked| looked >= first.len(), |_| true)
}

struct Path {
    /// Operands used up.
    taken: usize,
    /// Steps that stand there as known words.
    sure: usize,
    guessed: bool,
}

/// Finds the subcommand path; without one it returns a place behind every operand that was looked at.
fn path(shape: &Shape, operands: &[Operand]) -> Result<Path, usize> {
    let mut path = Path {
        taken: 0,
        sure: 0,
        guessed: false,
    };
    let mut looked = 0;
    for step in shape.path {
        let rest = operands.get(path.taken..).unwrap_or_default();
        let (count, far) = values_before(step, rest);
        looked = looked.max(path.taken + far);
        path.taken += count;
        looked = looked.max(path.taken + 3);
        let mut operand = operands.get(path.taken).ok_or(looked)?;
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
            return Err(looked);
        }
        path.taken += 1;
    }
    Ok(path)
}

/// Counts the words before a subcommand that are values of options which nobody named: `influx --host H bucket delete`;
/// and those that were looked at.
fn values_before(step: &[&str], operands: &[Operand]) -> (usize, usize) {
    let value = |operand: &&Operand| {
        let text = operand.text.text.as_str();
        operand.likely && !operand.text.hole && !is_step(step, text) && !LOOKING.contains(&text)
    };
    let count = operands.iter().take_while(value).count();
    let next = operands.get(count);
    match next.is_some_and(|next| !next.text.hole && is_step(step, &next.text.text)) {
        true => (count, count + 1),
        false => (0, count + 1),
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

/// Tells whether all that is unknown is a word named for options, before a known one: `etcdctl $ETCD_FLAGS endpoint health`.
fn only_options(found: &Match<'_>) -> bool {
    let args = found.words.get(1..).unwrap_or_default();
    let mut holes = args.iter().enumerate().filter(|(_, word)| word.has_hole());
    let (Some((at, word)), None) = (holes.next(), holes.next()) else {
        return false;
    };
    let next = args.get(at + 1).and_then(Word::plain);
    is_named_for_flags(word) && next.is_some_and(|next| !next.starts_with('-'))
}

/// Tells whether a word is one unquoted variable that is named as one that holds options.
fn is_named_for_flags(word: &Word) -> bool {
    let [piece] = word.pieces.as_slice() else {
        return false;
    };
    word.many
        && !word.quoted
        && matches!(&piece.part, Part::Hole(Hole::Inherited(name)) if is_flag_name(name))
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
        let fits = |operand: &Operand| {
            let text = &operand.text.text;
            let known = match operand.text.hole {
                false => Some(text.as_str()),
                true => path_behind(text, except.regex),
            };
            known.is_some_and(|known| pattern::matches(except.regex, known))
        };
        let mut hits = picked(except, found.rest()).filter(|operand| fits(operand));
        // One of several places excuses nothing for the others.
        hits.next().is_some_and(|hit| {
            except.index.is_some()
                || !is_place(&hit.text.text, true)
                || !found
                    .rest()
                    .iter()
                    .any(|other| is_place(&other.text.text, false) && !fits(other))
        })
    })
}

/// Tells whether an operand is a path or an address, for certain or at least by its looks.
fn is_place(text: &str, looks: bool) -> bool {
    let port =
        |rest: &str| rest.starts_with(|digit: char| digit.is_ascii_digit()) && rest.contains('/');
    text.contains("://")
        || text.starts_with('/')
        || text.contains('/') && text.contains(crate::sql::HOLE)
        || text.split_once(':').is_some_and(|(_, rest)| port(rest))
        || looks && text.contains(['/', '.']) && !text.contains('=')
}

/// Returns the path behind what is not known of an address, where the pattern takes any head: `$URL/_search/scroll`.
fn path_behind<'t>(text: &'t str, regex: &str) -> Option<&'t str> {
    let any_head = regex.trim_start_matches("(?i)").starts_with(".*/");
    let tail = text.rsplit(crate::sql::HOLE).next()?;
    (any_head && tail.starts_with('/')).then_some(tail)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::builtin;

    fn operand(kind: usize, step: &str) -> Operand {
        let hole = matches!(kind, 3 | 4);
        let text = match kind {
            0 => step.to_owned(),
            3 | 4 => HOLE.to_string(),
            _ => "other".to_owned(),
        };
        Operand {
            text: Text {
                shown: text.clone(),
                text,
                hole,
            },
            loose: kind == 4,
            value: matches!(kind, 2 | 3),
            likely: kind == 2,
        }
    }

    #[test]
    fn the_first_operands_never_rule_out_what_all_of_them_give() {
        let rules = ["docker", "kubectl", "aws"].map(|name| builtin::book().for_program(name));
        let shapes: Vec<_> = rules
            .iter()
            .flat_map(|rules| rules.iter())
            .flat_map(|rule| rule.argv)
            .collect();
        let (mut closed, mut number) = (0, 7_u64);
        for shape in shapes {
            for _ in 0..400 {
                let all: Vec<Operand> = (0..6)
                    .map(|_| {
                        number = number
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1);
                        let drawn = usize::try_from(number >> 40).unwrap();
                        let step = shape.path.get(drawn % 7 % shape.path.len().max(1));
                        let step = step.and_then(|step| step.first()).unwrap_or(&"x");
                        operand(drawn / 7 % 5, step)
                    })
                    .collect();
                for count in 0..all.len() {
                    if !is_path_open(shape, &all[..count]) {
                        closed += 1;
                        assert!(path(shape, &all).is_err(), "{:?}\n{all:#?}", shape.path);
                    }
                }
            }
        }
        assert!(closed > 1_000, "{closed}");
    }
}
