//! What was compiled in: the rules of `policies/packs/` and the profiles, as tables that the build script wrote.
//! Nothing is parsed here when the program starts.

use crate::model::finding::Severity;
use crate::model::policy::Policy;
use crate::model::rule::{
    Example, FlagValue, OptionStyle, Positional, Rule, RuleBook, Shape, TargetFrom,
};
use crate::model::target::TargetKind;

use super::layer::{PROFILES, Settings};

mod tables {
    use super::{
        Example, FlagValue, OptionStyle, Positional, Rule, Settings, Severity, Shape, TargetFrom,
        TargetKind,
    };

    include!(concat!(env!("OUT_DIR"), "/policies.rs"));
}

/// The rules that were compiled in.
#[derive(Debug)]
struct Book;

impl RuleBook for Book {
    fn rule(&self, id: &str) -> Option<&'static Rule> {
        let place = tables::RULES
            .binary_search_by(|rule| rule.id.cmp(id))
            .ok()?;
        tables::RULES.get(place).copied()
    }

    fn for_program(&self, program: &str) -> &[&'static Rule] {
        let found = tables::PROGRAMS.binary_search_by(|(name, _)| (*name).cmp(program));
        found
            .ok()
            .and_then(|place| tables::PROGRAMS.get(place))
            .map_or(&[], |(_, rules)| rules)
    }
}

/// Returns the registry of rules.
pub fn book() -> &'static dyn RuleBook {
    &Book
}

/// Returns every rule, in the order of its id.
pub fn rules() -> &'static [&'static Rule] {
    &tables::RULES
}

/// Returns the settings of a profile, by its place in `PROFILES`.
pub(super) fn settings(profile: usize) -> Settings {
    match PROFILES.get(profile) {
        Some(&"strict") => tables::strict_settings(),
        Some(&"relaxed") => tables::relaxed_settings(),
        _ => tables::default_settings(),
    }
}

/// Returns the policy that is in force without any layer.
pub fn default_policy() -> Policy {
    super::merge::policy(tables::default_settings(), Vec::new())
}

/// Returns the policy of a built-in profile.
pub fn profile(name: &str) -> Option<Policy> {
    let place = PROFILES.iter().position(|known| *known == name)?;
    Some(super::merge::policy(settings(place), Vec::new()))
}
