//! Rules as data: what `policies/packs/*.toml` says after it was validated and compiled in.
//! Everything is `&'static` so that starting the program costs nothing.

use super::finding::Severity;
use super::target::TargetKind;

/// One rule. A rule without `argv` is decided in `classify/` and listed here for its words, severity and examples.
#[derive(Debug)]
pub struct Rule {
    /// `family.kebab-case`.
    pub id: &'static str,
    pub severity: Severity,
    /// Summary of a finding; `{0}` … are positionals, `{flag:NAME}` values of flags, `{targets}` all targets.
    pub summary: &'static str,
    /// What is lost, a sentence, for `policy explain`.
    pub lost: &'static str,
    /// Why the severity is what it is.
    pub why: &'static str,
    /// What to do instead; a command that `check` itself passes, or advice.
    pub instead: &'static str,
    /// Where the rule comes from, when from somewhere.
    pub source: &'static str,
    pub argv: &'static [Shape],
    pub examples: &'static [Example],
}

/// One argv shape that a rule matches.
#[derive(Debug)]
pub struct Shape {
    /// Base names of the program.
    pub programs: &'static [&'static str],
    /// Subcommand path; each step lists alternatives. Options may stand between the steps.
    pub path: &'static [&'static [&'static str]],
    /// Options that take a value, so that their value is not taken for a positional.
    pub valued: &'static [&'static str],
    /// Every group must be met; a group is met by any of its flags (`-f` also in a cluster such as `-rf`).
    pub flags: &'static [&'static [&'static str]],
    /// The rule does not match when any of these flags is there (dry run, help).
    pub unless: &'static [&'static str],
    /// Patterns on positionals after the subcommand path; all must match.
    pub positionals: &'static [Positional],
    /// Least number of positionals after the subcommand path.
    pub least: usize,
    /// Environment variables that must have this value in the command's own environment.
    pub env: &'static [(&'static str, &'static str)],
    pub targets: &'static [TargetFrom],
}

/// A pattern on one positional, or on any.
#[derive(Debug)]
pub struct Positional {
    /// Index after the subcommand path; nothing means any of them.
    pub index: Option<usize>,
    /// Regular expression over the resolved word, anchored on both sides, compiled when first needed.
    pub regex: &'static str,
}

/// How a target is read from the words.
#[derive(Debug)]
pub struct TargetFrom {
    pub kind: TargetKind,
    /// `positional:N`, `positionals`, `flag:--name`, `env:NAME`, `literal:TEXT`, `cwd`.
    pub locator: &'static str,
    /// The same forms, for the object inside; empty for none.
    pub object: &'static str,
}

/// A command line that must, or must not, give a finding of this rule.
#[derive(Debug)]
pub struct Example {
    pub command: &'static str,
    pub found: bool,
}
