//! Rules that people write for themselves: packs in the format of `policies/packs/`, read at run time and laid beside those that were compiled in.
//! They only add: no rule takes another one's id, and none lowers what others find. It reads no file and keeps no cache.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::builtin;
use super::merge::PolicyError;
use super::pack::{self, PackPattern, PackRule, PackShape};
use super::reading::{Faults, place};
use crate::model::finding::Severity;
use crate::model::rule::{
    Example, FlagValue, OptionStyle, Positional, Rule, RuleBook, Shape, TargetFrom,
};
use crate::model::target::TargetKind;

/// Compiled size at which a pattern is refused, as where it is used.
const SIZE_LIMIT: usize = 1 << 20;
/// Largest pack that is read.
pub const MAX_BYTES: u64 = 1 << 20;
/// Most rules of all packs together.
pub const MAX_RULES: usize = 2000;

/// One pack and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackText {
    pub file: PathBuf,
    pub text: String,
}

/// A rule as a cache keeps it: validated, so that reading it again costs no TOML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    id: String,
    severity: String,
    summary: String,
    lost: String,
    why: String,
    instead: String,
    source: String,
    otherwise: bool,
    shapes: Vec<KeptShape>,
    found: Vec<String>,
    not_found: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptShape {
    programs: Vec<String>,
    path: Vec<Vec<String>>,
    words_style: bool,
    abbreviates: bool,
    valued: Vec<String>,
    flags: Vec<Vec<String>>,
    unless: Vec<String>,
    positionals: Vec<(Option<usize>, String, bool)>,
    except: Vec<(Option<usize>, String, bool)>,
    values: Vec<(Vec<String>, String, bool)>,
    least: usize,
    most: Option<usize>,
    env: Vec<(String, String)>,
    /// Kind, locator, object.
    targets: Vec<(String, String, String)>,
}

/// Reads packs; what is well-formed is returned beside every fault of every file.
pub fn read(packs: &[PackText]) -> (Vec<Kept>, Vec<PolicyError>) {
    let mut kept: Vec<Kept> = Vec::new();
    let mut errors = Vec::new();
    let mut ids = BTreeSet::new();
    for one in packs {
        let mut faults = Faults::default();
        let pack = pack::pack(&one.text, &mut faults);
        for rule in pack.rules {
            let mut wrong = Faults::default();
            examine(&rule, &mut wrong);
            if builtin::book().rule(&rule.id).is_some() {
                wrong.add(
                    rule.at,
                    format!("`{}` is a rule of backstop's own", rule.id),
                );
            } else if !ids.insert(rule.id.clone()) {
                wrong.add(
                    rule.at,
                    format!("`{}` stands in another place already", rule.id),
                );
            } else if kept.len() >= MAX_RULES {
                wrong.add(rule.at, format!("there are more than {MAX_RULES} rules"));
            } else if is_whole(&rule) {
                kept.push(keep(&rule));
            }
            for fault in wrong.sorted() {
                faults.add(fault.at, fault.message);
            }
        }
        errors.extend(faults.sorted().into_iter().map(|fault| {
            let (line, column) = place(&one.text, fault.at);
            PolicyError {
                file: one.file.clone(),
                line,
                column,
                message: fault.message,
            }
        }));
    }
    (kept, errors)
}

/// A rule of a faulty pack still counts when it can be matched.
fn is_whole(rule: &PackRule) -> bool {
    pack::is_id(&rule.id)
        && severity(&rule.severity).is_some()
        && rule.shapes.iter().all(|shape| !shape.programs.is_empty())
        && rule
            .shapes
            .iter()
            .flat_map(|shape| &shape.targets)
            .all(|target| kind(&target.kind).is_some())
}

/// What the build checks by compiling and running: shapes at all, and patterns that compile.
fn examine(rule: &PackRule, wrong: &mut Faults) {
    if rule.shapes.is_empty() {
        wrong.add(
            rule.at,
            format!(
                "`{}` needs `argv`: only backstop's own rules do without",
                rule.id
            ),
        );
    }
    for shape in &rule.shapes {
        let patterns = shape.positionals.iter().chain(&shape.except);
        let patterns = patterns.map(|pattern| &pattern.regex);
        let values = shape.values.iter().map(|value| &value.regex);
        let env = shape.env.iter().map(|(_, regex)| regex);
        for regex in patterns.chain(values).chain(env) {
            let built = regex::bytes::RegexBuilder::new(&format!("^(?:{regex})$"))
                .unicode(false)
                .size_limit(SIZE_LIMIT)
                .build();
            if let Err(error) = built {
                let error = error.to_string().replace('\n', " ");
                wrong.add(
                    rule.at,
                    format!("`{}`: `{regex}` is no pattern: {error}", rule.id),
                );
            }
        }
    }
}

fn keep(rule: &PackRule) -> Kept {
    Kept {
        id: rule.id.clone(),
        severity: rule.severity.clone(),
        summary: rule.summary.clone(),
        lost: rule.lost.clone(),
        why: rule.why.clone(),
        instead: rule.instead.clone(),
        source: rule.source.clone(),
        otherwise: rule.otherwise,
        shapes: rule.shapes.iter().map(keep_shape).collect(),
        found: rule.found.clone(),
        not_found: rule.not_found.clone(),
    }
}

fn keep_shape(shape: &PackShape) -> KeptShape {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let patterns = |patterns: &[PackPattern]| {
        patterns
            .iter()
            .map(|one| (one.index.map(number), one.regex.clone(), one.holes))
            .collect()
    };
    KeptShape {
        programs: shape.programs.clone(),
        path: shape.path.clone(),
        words_style: shape.words_style,
        abbreviates: shape.abbreviates,
        valued: shape.valued.clone(),
        flags: shape.flags.clone(),
        unless: shape.unless.clone(),
        positionals: patterns(&shape.positionals),
        except: patterns(&shape.except),
        values: shape
            .values
            .iter()
            .map(|one| (one.flag.clone(), one.regex.clone(), one.holes))
            .collect(),
        least: number(shape.least),
        most: shape.most.map(number),
        env: shape.env.clone(),
        targets: shape
            .targets
            .iter()
            .map(|one| (one.kind.clone(), one.locator.clone(), one.object.clone()))
            .collect(),
    }
}

/// The rules that were compiled in, and those of packs beside them.
#[derive(Debug)]
struct Joined {
    added: Vec<&'static Rule>,
    /// For programs that an added rule names: all rules, those that were compiled in first.
    programs: BTreeMap<&'static str, Vec<&'static Rule>>,
}

impl RuleBook for Joined {
    fn rule(&self, id: &str) -> Option<&'static Rule> {
        let added = || self.added.iter().find(|rule| rule.id == id).copied();
        builtin::book().rule(id).or_else(added)
    }

    fn for_program(&self, program: &str) -> &[&'static Rule] {
        match self.programs.get(program) {
            Some(rules) => rules,
            None => builtin::book().for_program(program),
        }
    }

    fn added(&self) -> &[&'static Rule] {
        &self.added
    }
}

/// Lays rules beside those that were compiled in. They are kept until the program ends.
pub fn book(kept: Vec<Kept>) -> &'static dyn RuleBook {
    if kept.is_empty() {
        return builtin::book();
    }
    let added: Vec<&'static Rule> = kept
        .into_iter()
        .filter_map(|rule| laid(rule).map(|rule| &*Box::leak(Box::new(rule))))
        .collect();
    let mut programs: BTreeMap<&'static str, Vec<&'static Rule>> = BTreeMap::new();
    for rule in &added {
        for program in rule.argv.iter().flat_map(|shape| shape.programs) {
            let rules = programs
                .entry(program)
                .or_insert_with(|| builtin::book().for_program(program).to_vec());
            if !rules.iter().any(|known| known.id == rule.id) {
                rules.push(rule);
            }
        }
    }
    Box::leak(Box::new(Joined { added, programs }))
}

fn text(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn list<T>(items: Vec<T>) -> &'static [T] {
    Box::leak(items.into_boxed_slice())
}

fn texts(all: Vec<String>) -> &'static [&'static str] {
    list(all.into_iter().map(text).collect())
}

fn groups(all: Vec<Vec<String>>) -> &'static [&'static [&'static str]] {
    list(all.into_iter().map(texts).collect())
}

fn patterns(all: Vec<(Option<usize>, String, bool)>) -> &'static [Positional] {
    let laid = |(index, regex, holes)| Positional {
        index,
        regex: text(regex),
        holes,
    };
    list(all.into_iter().map(laid).collect())
}

fn laid(kept: Kept) -> Option<Rule> {
    let example = |found: bool| {
        move |command| Example {
            command: text(command),
            found,
        }
    };
    let found = kept.found.into_iter().map(example(true));
    let examples = found.chain(kept.not_found.into_iter().map(example(false)));
    Some(Rule {
        severity: severity(&kept.severity)?,
        id: text(kept.id),
        summary: text(kept.summary),
        lost: text(kept.lost),
        why: text(kept.why),
        instead: text(kept.instead),
        source: text(kept.source),
        otherwise: kept.otherwise,
        argv: list(
            kept.shapes
                .into_iter()
                .map(laid_shape)
                .collect::<Option<_>>()?,
        ),
        examples: list(examples.collect()),
    })
}

fn laid_shape(kept: KeptShape) -> Option<Shape> {
    let value = |(flag, regex, holes)| FlagValue {
        flag: texts(flag),
        regex: text(regex),
        holes,
    };
    let target = |(name, locator, object): (String, String, String)| {
        Some(TargetFrom {
            kind: kind(&name)?,
            locator: text(locator),
            object: text(object),
        })
    };
    Some(Shape {
        programs: texts(kept.programs),
        path: groups(kept.path),
        style: match kept.words_style {
            true => OptionStyle::Words,
            false => OptionStyle::Gnu,
        },
        abbreviates: kept.abbreviates,
        valued: texts(kept.valued),
        flags: groups(kept.flags),
        unless: texts(kept.unless),
        positionals: patterns(kept.positionals),
        except: patterns(kept.except),
        values: list(kept.values.into_iter().map(value).collect()),
        least: kept.least,
        most: kept.most.unwrap_or(usize::MAX),
        env: list(
            kept.env
                .into_iter()
                .map(|(name, regex)| (text(name), text(regex)))
                .collect(),
        ),
        targets: list(
            kept.targets
                .into_iter()
                .map(target)
                .collect::<Option<_>>()?,
        ),
    })
}

fn severity(name: &str) -> Option<Severity> {
    [
        Severity::Moderate,
        Severity::High,
        Severity::Critical,
        Severity::Catastrophic,
    ]
    .into_iter()
    .find(|severity| severity.name() == name)
}

fn kind(name: &str) -> Option<TargetKind> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = r#"
families = ["acme"]
[[rule]]
id = "acme.wipe"
severity = "high"
summary = "wipes {0}"
lost = "The shop."
why = "High: nobody has a copy."
instead = "acme list"
argv = [{ run = "acme wipe", positionals = [{ at = 0, matches = "prod.*" }] }]
targets = [{ kind = "resource", locator = "acme:{0}" }]
found = ["acme wipe prod-1"]
not_found = ["acme wipe test-1"]
"#;

    fn one(text: &str) -> (Vec<Kept>, Vec<PolicyError>) {
        read(&[PackText {
            file: "x.toml".into(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn a_pack_adds_rules_and_takes_none_away() {
        let (kept, errors) = one(PACK);
        assert!(errors.is_empty(), "{errors:?}");
        let book = book(kept);
        assert_eq!(book.rule("acme.wipe").unwrap().severity, Severity::High);
        assert_eq!(book.for_program("acme").len(), 1);
        assert!(book.rule("sql.drop-table").is_some());
        let builtin = builtin::book();
        assert_eq!(
            book.for_program("kubectl").len(),
            builtin.for_program("kubectl").len()
        );
    }

    #[test]
    fn a_rule_of_ours_cannot_be_replaced_and_a_pattern_has_to_compile() {
        let (kept, errors) = one(&PACK
            .replace("\"acme\"]", "\"sql\"]")
            .replace("acme.wipe", "sql.drop-table"));
        assert!(kept.is_empty());
        assert!(errors[0].message.contains("backstop's own"), "{errors:?}");
        let (_, errors) = one(&PACK.replace("prod.*", "prod("));
        assert!(errors[0].message.contains("no pattern"), "{errors:?}");
        assert_eq!(errors[0].line, 3);
    }

    #[test]
    fn the_whole_rules_of_a_faulty_pack_still_count() {
        let (kept, errors) = one(&format!("{PACK}\n[[rule]]\nid = \"acme.other\"\n"));
        assert_eq!(kept.len(), 1);
        assert!(!errors.is_empty());
    }

    #[test]
    fn what_a_cache_kept_is_what_was_read() {
        let (kept, _) = one(PACK);
        let text = serde_json::to_vec(&kept).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<Kept>>(&text).unwrap(), kept);
    }
}
