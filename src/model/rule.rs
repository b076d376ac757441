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
    /// Summary of a finding; `{0}`, `{*}` are positionals, `{flag:NAME}` values of options, `{targets}` all targets.
    pub summary: &'static str,
    /// What is lost, a sentence, for `policy explain`.
    pub lost: &'static str,
    /// Why the severity is what it is.
    pub why: &'static str,
    /// What to do instead; a command that `check` itself passes, or advice.
    pub instead: &'static str,
    /// Where the rule comes from, when from somewhere.
    pub source: &'static str,
    /// Speaks only where no other rule of the same program does: the rule for whatever the others do not name.
    pub otherwise: bool,
    pub argv: &'static [Shape],
    pub examples: &'static [Example],
}

/// The registry of rules, as classification sees it.
pub trait RuleBook: std::fmt::Debug + Sync {
    /// Returns the rule with this id; every id used in code is in the registry (a test walks them).
    fn rule(&self, id: &str) -> Option<&'static Rule>;
    /// Returns the rules whose argv shapes name this program.
    fn for_program(&self, program: &str) -> &[&'static Rule];
    /// Returns the rules that people added at run time; they never take the place of another rule's finding.
    fn added(&self) -> &[&'static Rule] {
        &[]
    }
}

/// How a program writes its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptionStyle {
    /// `-rf` is `-r -f`; `-n5` is `-n 5`.
    Gnu,
    /// `-destroy` is one option, the same as `--destroy`.
    Words,
}

/// One argv shape that a rule matches.
#[derive(Debug)]
pub struct Shape {
    /// Base names of the program.
    pub programs: &'static [&'static str],
    /// Subcommand path; each step lists alternatives. Options may stand between the steps.
    pub path: &'static [&'static [&'static str]],
    pub style: OptionStyle,
    /// Long options may be cut short (`--forc`).
    pub abbreviates: bool,
    /// Options that take a value, so that their value is not taken for a positional.
    pub valued: &'static [&'static str],
    /// Every group must be met; a group is met by any of its flags (`-f` also in a cluster such as `-rf`, `--x=v` by that value).
    pub flags: &'static [&'static [&'static str]],
    /// The rule does not match when any of these flags is there (dry run, help).
    pub unless: &'static [&'static str],
    /// Patterns on positionals after the subcommand path; all must match.
    pub positionals: &'static [Positional],
    /// Patterns of which none may match.
    pub except: &'static [Positional],
    /// Patterns on the values of options; all must match.
    pub values: &'static [FlagValue],
    /// Least and greatest number of positionals after the subcommand path.
    pub least: usize,
    pub most: usize,
    /// Environment variables whose value in the command's own environment must match.
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
    /// Whether unknown text matches.
    pub holes: bool,
}

/// A pattern on the value of an option, at any of its occurrences.
#[derive(Debug)]
pub struct FlagValue {
    /// Spellings of the option.
    pub flag: &'static [&'static str],
    pub regex: &'static str,
    pub holes: bool,
}

/// How a target is read from the words. Both texts are templates: `{0}`, `{*}`, `{1*}`, `{flag:--name|-n}`, `{env:NAME}`, `{cwd}`.
#[derive(Debug)]
pub struct TargetFrom {
    pub kind: TargetKind,
    pub locator: &'static str,
    /// The object inside; empty for none.
    pub object: &'static str,
}

/// A command line that must, or must not, give a finding of this rule.
#[derive(Debug)]
pub struct Example {
    pub command: &'static str,
    pub found: bool,
}
