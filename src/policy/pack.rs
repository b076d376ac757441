//! Reads one pack: the text of `packs/*.toml` to rules that are complete and well-formed.
//! It compares nothing between packs and matches nothing. The build script includes this file as it is.

use std::collections::BTreeMap;

use super::reading::{At, Faults, Item, Section, read};

/// The severities that a rule may have.
pub const SEVERITIES: [&str; 4] = ["moderate", "high", "critical", "catastrophic"];

/// The kinds of targets, as JSON and packs name them.
pub const KINDS: [&str; 15] = [
    "postgres",
    "mysql",
    "sqlite",
    "database",
    "redis",
    "mongo",
    "path",
    "git-worktree",
    "git-ref",
    "git-remote",
    "docker-volume",
    "container",
    "image",
    "resource",
    "unknown",
];

/// A pack as read.
#[derive(Debug, Default)]
pub struct Pack {
    pub families: Vec<At<String>>,
    pub rules: Vec<PackRule>,
}

/// A rule as read; `at` is its place in the file.
#[derive(Debug, Default)]
pub struct PackRule {
    pub at: usize,
    pub id: String,
    pub severity: String,
    pub summary: String,
    pub lost: String,
    pub why: String,
    pub instead: String,
    pub source: String,
    pub otherwise: bool,
    pub shapes: Vec<PackShape>,
    pub found: Vec<String>,
    pub not_found: Vec<String>,
}

/// A shape as read, with what its program adds to every shape.
#[derive(Debug, Default)]
pub struct PackShape {
    pub programs: Vec<String>,
    pub path: Vec<Vec<String>>,
    pub words_style: bool,
    pub abbreviates: bool,
    pub valued: Vec<String>,
    pub flags: Vec<Vec<String>>,
    pub unless: Vec<String>,
    pub positionals: Vec<PackPattern>,
    pub except: Vec<PackPattern>,
    pub values: Vec<PackValue>,
    pub least: u64,
    pub most: Option<u64>,
    pub env: Vec<(String, String)>,
    pub targets: Vec<PackTarget>,
}

/// A pattern on positionals as read.
#[derive(Debug)]
pub struct PackPattern {
    pub index: Option<u64>,
    pub regex: String,
    pub holes: bool,
}

/// A pattern on an option's values as read.
#[derive(Debug)]
pub struct PackValue {
    pub flag: Vec<String>,
    pub regex: String,
    pub holes: bool,
}

/// A target as read.
#[derive(Clone, Debug)]
pub struct PackTarget {
    pub kind: String,
    pub locator: String,
    pub object: String,
}

/// What all shapes of one program share.
#[derive(Debug, Default)]
struct Program {
    also: Vec<String>,
    valued: Vec<String>,
    unless: Vec<String>,
    words_style: bool,
    abbreviates: bool,
}

/// Reads a pack; what is wrong with it is noted, and the rest is returned.
pub fn pack(text: &str, faults: &mut Faults) -> Pack {
    read(text, faults, |mut root, faults| {
        let families = root.texts("families", faults).unwrap_or_default();
        if families.is_empty() {
            faults.add(
                0,
                "`families` is missing: the first parts of this file's rule ids",
            );
        }
        let mut programs = BTreeMap::new();
        for (name, section) in root.named("program", faults) {
            programs.insert(name, program(section, faults));
        }
        let sections = root.sections("rule", faults);
        let rules = sections
            .into_iter()
            .map(|section| rule(section, &families, &programs, faults))
            .collect();
        root.finish(faults);
        Pack { families, rules }
    })
}

fn program(mut section: Section<'_>, faults: &mut Faults) -> Program {
    let style = section.text("style", faults);
    if let Some(style) = &style
        && !matches!(style.value.as_str(), "gnu" | "words")
    {
        faults.add(style.at, "`style` must be \"gnu\" or \"words\"");
    }
    let program = Program {
        also: plain(section.texts("also", faults)),
        valued: options(section.texts("valued", faults), faults),
        unless: options(section.texts("unless", faults), faults),
        words_style: style.is_some_and(|style| style.value == "words"),
        abbreviates: section
            .truth("abbreviates", faults)
            .is_some_and(|yes| yes.value),
    };
    section.finish(faults);
    program
}

fn plain(texts: Option<Vec<At<String>>>) -> Vec<String> {
    texts
        .unwrap_or_default()
        .into_iter()
        .map(|text| text.value)
        .collect()
}

/// Options, each of which may list its spellings with `|`.
fn options(texts: Option<Vec<At<String>>>, faults: &mut Faults) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts.unwrap_or_default() {
        all.extend(spellings(&text, faults));
    }
    all
}

fn spellings(text: &At<String>, faults: &mut Faults) -> Vec<String> {
    let all: Vec<String> = text.value.split('|').map(str::to_owned).collect();
    for option in &all {
        if !option.starts_with(['-', '+', '/']) || option.contains(char::is_whitespace) {
            faults.add(
                text.at,
                format!("`{option}` is not an option: it must begin with `-`"),
            );
        }
    }
    all
}

fn rule(
    mut section: Section<'_>,
    families: &[At<String>],
    programs: &BTreeMap<String, Program>,
    faults: &mut Faults,
) -> PackRule {
    let at = section.at;
    let mut rule = PackRule {
        at,
        id: section.need("id", faults),
        severity: section.need("severity", faults),
        summary: section.need("summary", faults),
        lost: section.need("lost", faults),
        why: section.need("why", faults),
        instead: section.need("instead", faults),
        source: section
            .text("source", faults)
            .map_or_else(String::new, |text| text.value),
        otherwise: section
            .truth("otherwise", faults)
            .is_some_and(|yes| yes.value),
        shapes: Vec::new(),
        found: plain(section.texts("found", faults)),
        not_found: plain(section.texts("not_found", faults)),
    };
    let shared = targets(&mut section, faults);
    for item in section.items("argv", "a list of shapes", faults) {
        let mut shape = match item {
            Item::Text(run) => {
                let mut shape = PackShape::default();
                set_run(&mut shape, &run, programs, faults);
                shape
            }
            Item::Section(section) => shape(section, programs, faults),
        };
        if shape.targets.is_empty() {
            shape.targets.clone_from(&shared);
        }
        rule.shapes.push(shape);
    }
    section.finish(faults);
    check(&rule, families, faults);
    rule
}

fn check(rule: &PackRule, families: &[At<String>], faults: &mut Faults) {
    let at = rule.at;
    let id = &rule.id;
    let family = id.split_once('.').map_or("", |(family, _)| family);
    if !id.is_empty() {
        if !is_id(id) {
            faults.add(at, format!("`{id}` must be `family.kebab-case`"));
        } else if !families.iter().any(|known| known.value == family) {
            faults.add(
                at,
                format!("`{id}`: `{family}` is not among the families of this file"),
            );
        }
    }
    if !rule.severity.is_empty() && !SEVERITIES.contains(&rule.severity.as_str()) {
        faults.add(
            at,
            format!("`{id}`: severity must be one of {}", SEVERITIES.join(", ")),
        );
    }
    for (name, text) in [("lost", &rule.lost), ("why", &rule.why)] {
        if !text.is_empty() && !text.ends_with('.') {
            faults.add(
                at,
                format!("`{id}`: `{name}` must be a sentence with a full stop"),
            );
        }
    }
    if rule.summary.ends_with('.') {
        faults.add(at, format!("`{id}`: `summary` must not end in a full stop"));
    }
    if rule.found.is_empty() {
        faults.add(
            at,
            format!("`{id}`: `found` needs an example that must be found"),
        );
    }
    if rule.not_found.is_empty() {
        faults.add(
            at,
            format!("`{id}`: `not_found` needs an example that must not be found"),
        );
    }
    for text in [&rule.summary].into_iter().chain(
        rule.shapes
            .iter()
            .flat_map(|shape| &shape.targets)
            .flat_map(|target| [&target.locator, &target.object]),
    ) {
        if let Some(wrong) = bad_placeholder(text) {
            faults.add(at, format!("`{id}`: unknown placeholder `{{{wrong}}}`"));
        }
    }
}

/// Tells whether a text is `family.kebab-case`.
pub fn is_id(id: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    id.split_once('.')
        .is_some_and(|(family, name)| part(family) && part(name))
}

fn bad_placeholder(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            return Some(after);
        };
        let number = name.strip_suffix('*').unwrap_or(name);
        let known = number.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty()
            || name == "cwd"
            || name == "targets"
            || name
                .strip_prefix("flag:")
                .is_some_and(|flag| flag.starts_with('-'))
            || name
                .strip_prefix("env:")
                .is_some_and(|name| !name.is_empty());
        if !known {
            return Some(name);
        }
        rest = tail;
    }
    None
}

fn set_run(
    shape: &mut PackShape,
    run: &At<String>,
    programs: &BTreeMap<String, Program>,
    faults: &mut Faults,
) {
    let mut steps = run
        .value
        .split_ascii_whitespace()
        .map(|step| step.split('|').map(str::to_owned).collect::<Vec<_>>());
    shape.programs = steps.next().unwrap_or_default();
    shape.path = steps.collect();
    if shape.programs.is_empty() {
        faults.add(run.at, "`run` must name a program");
    }
    shape.unless.push("--help".to_owned());
    for name in shape.programs.clone() {
        if let Some(program) = programs.get(&name) {
            shape.programs.extend(program.also.iter().cloned());
            shape.valued.extend(program.valued.iter().cloned());
            shape.unless.extend(program.unless.iter().cloned());
            shape.words_style |= program.words_style;
            shape.abbreviates |= program.abbreviates;
        }
    }
}

fn shape(
    mut section: Section<'_>,
    programs: &BTreeMap<String, Program>,
    faults: &mut Faults,
) -> PackShape {
    let mut shape = PackShape::default();
    match section.text("run", faults) {
        Some(run) => set_run(&mut shape, &run, programs, faults),
        None => faults.add(
            section.at,
            "a shape needs `run`: program and subcommand path",
        ),
    }
    for group in section.texts("flags", faults).unwrap_or_default() {
        shape.flags.push(spellings(&group, faults));
    }
    shape
        .unless
        .extend(options(section.texts("unless", faults), faults));
    shape
        .valued
        .extend(options(section.texts("valued", faults), faults));
    shape.positionals = patterns(&mut section, "positionals", faults);
    shape.except = patterns(&mut section, "except", faults);
    for mut value in section.sections("values", faults) {
        let flag = value.text("flag", faults);
        let entry = PackValue {
            flag: flag.map_or_else(Vec::new, |flag| spellings(&flag, faults)),
            regex: value.need("matches", faults),
            holes: value.truth("holes", faults).is_none_or(|holes| holes.value),
        };
        if entry.flag.is_empty() {
            faults.add(
                value.at,
                "a value needs `flag`: the option whose value must match",
            );
        }
        shape.valued.extend(entry.flag.iter().cloned());
        value.finish(faults);
        shape.values.push(entry);
    }
    shape.least = section
        .whole("least", faults)
        .map_or(0, |least| least.value);
    shape.most = section.whole("most", faults).map(|most| most.value);
    for (name, regex) in section.pairs("env", faults) {
        shape.env.push((name.value, regex.value));
    }
    shape.targets = targets(&mut section, faults);
    section.finish(faults);
    shape
}

fn patterns(section: &mut Section<'_>, key: &'static str, faults: &mut Faults) -> Vec<PackPattern> {
    let mut all = Vec::new();
    for mut pattern in section.sections(key, faults) {
        all.push(PackPattern {
            index: pattern.whole("at", faults).map(|at| at.value),
            regex: pattern.need("matches", faults),
            holes: pattern
                .truth("holes", faults)
                .is_none_or(|holes| holes.value),
        });
        pattern.finish(faults);
    }
    all
}

fn targets(section: &mut Section<'_>, faults: &mut Faults) -> Vec<PackTarget> {
    let mut all = Vec::new();
    for mut target in section.sections("targets", faults) {
        let kind = target.need("kind", faults);
        if !kind.is_empty() && !KINDS.contains(&kind.as_str()) {
            faults.add(
                target.at,
                format!("`{kind}` is not a kind of target: {}", KINDS.join(", ")),
            );
        }
        all.push(PackTarget {
            kind,
            locator: target.need("locator", faults),
            object: target
                .text("object", faults)
                .map_or_else(String::new, |text| text.value),
        });
        target.finish(faults);
    }
    all
}
