//! Turns `policies/` into static tables: packs into rules, profiles into settings.
//! Every mistake in every file is reported at once, with file and line, and stops the build.
#![expect(
    clippy::print_stderr,
    reason = "a build script speaks to cargo on stdout and to people on stderr"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[allow(dead_code, reason = "the program uses more of it")]
#[path = "src/policy/layer.rs"]
mod layer;
#[allow(dead_code, reason = "the program uses more of it")]
#[path = "src/policy/pack.rs"]
mod pack;
#[allow(dead_code, reason = "the program uses more of it")]
#[path = "src/policy/reading.rs"]
mod reading;

use layer::{Author, Settings};
use pack::{PackPattern, PackRule, PackShape};
use reading::{Faults, place};

fn main() -> io::Result<()> {
    for path in [
        "policies",
        "build.rs",
        "src/policy/layer.rs",
        "src/policy/pack.rs",
        "src/policy/reading.rs",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    let mut errors = Vec::new();
    let rules = packs(&mut errors)?;
    let profiles = profiles(&rules, &mut errors)?;
    if !errors.is_empty() {
        for error in &errors {
            eprintln!("{error}");
            println!("cargo::error={error}");
        }
        std::process::exit(1);
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut tables = Tables::default();
    tables.rules(&rules);
    for (name, settings) in &profiles {
        tables.settings(name, settings);
    }
    fs::write(out.join("policies.rs"), tables.text)
}

/// Reads every pack, in the order of their names.
fn packs(errors: &mut Vec<String>) -> io::Result<Vec<PackRule>> {
    let mut files = Vec::new();
    for entry in fs::read_dir("policies/packs")? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    let mut rules = Vec::new();
    let mut ids = BTreeMap::new();
    let mut families = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let mut faults = Faults::default();
        let pack = pack::pack(&text, &mut faults);
        for family in &pack.families {
            if let Some(other) = families.insert(family.value.clone(), file.clone()) {
                faults.add(
                    family.at,
                    format!(
                        "the family `{}` lives in {} already",
                        family.value,
                        other.display()
                    ),
                );
            }
        }
        for rule in &pack.rules {
            if let Some(other) = ids.insert(rule.id.clone(), file.clone()) {
                faults.add(
                    rule.at,
                    format!("`{}` stands in {} already", rule.id, other.display()),
                );
            }
        }
        report(&file, &text, faults, errors);
        rules.extend(pack.rules);
    }
    Ok(rules)
}

/// Reads the default profile, and the others as what they change of it.
fn profiles(
    rules: &[PackRule],
    errors: &mut Vec<String>,
) -> io::Result<Vec<(&'static str, Settings)>> {
    let grade = |id: &str| {
        let rule = rules.iter().find(|rule| rule.id == id)?;
        layer::GRADES
            .iter()
            .position(|grade| *grade == rule.severity)
    };
    let mut base = Settings::default();
    let mut all = Vec::new();
    for name in ["default", "strict", "relaxed"] {
        let file = Path::new("policies").join(format!("{name}.toml"));
        let text = fs::read_to_string(&file)?;
        let mut faults = Faults::default();
        let mut settings = base.clone();
        let set = layer::overlay(&text, Author::Owner, &grade, &mut settings, &mut faults);
        if name == "default" {
            complete(&set, &mut faults);
            base = settings.clone();
        }
        if layer::PROFILES.get(settings.profile) != Some(&name) {
            faults.add(0, format!("`profile` must be \"{name}\" here"));
        }
        report(&file, &text, faults, errors);
        all.push((name, settings));
    }
    Ok(all)
}

/// The default profile is the documented template: every key stands in it, save those that name things of one's own.
fn complete(set: &BTreeSet<String>, faults: &mut Faults) {
    for key in layer::KEYS {
        if !set.contains(key) {
            faults.add(
                0,
                format!("`{key}` is missing: the default profile documents every key"),
            );
        }
    }
}

fn report(file: &Path, text: &str, faults: Faults, errors: &mut Vec<String>) {
    for fault in faults.sorted() {
        let (line, column) = place(text, fault.at);
        errors.push(format!(
            "{}:{line}:{column}: {}",
            file.display(),
            fault.message
        ));
    }
}

/// The text of the generated file; equal lists are written once.
#[derive(Default)]
struct Tables {
    text: String,
    lists: BTreeMap<String, usize>,
}

impl Tables {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Returns an expression for a list of this type, shared with equal ones.
    fn list(&mut self, kind: &str, items: &[String]) -> String {
        if items.is_empty() {
            return "&[]".to_owned();
        }
        let body = format!("[{kind}; {}] = [{}];", items.len(), items.join(", "));
        let next = self.lists.len();
        let number = *self.lists.entry(body.clone()).or_insert(next);
        if number == next {
            self.line(&format!("static L{number}: {body}"));
        }
        format!("&L{number}")
    }

    fn words(&mut self, words: &[String]) -> String {
        let mut items: Vec<String> = Vec::new();
        for word in words.iter().map(|word| format!("{word:?}")) {
            if !items.contains(&word) {
                items.push(word);
            }
        }
        self.list("&str", &items)
    }

    fn groups(&mut self, groups: &[Vec<String>]) -> String {
        let items: Vec<String> = groups.iter().map(|group| self.words(group)).collect();
        self.list("&[&str]", &items)
    }

    fn patterns(&mut self, patterns: &[PackPattern]) -> String {
        let items: Vec<String> = patterns
            .iter()
            .map(|pattern| {
                let index = pattern
                    .index
                    .map_or("None".to_owned(), |at| format!("Some({at})"));
                format!(
                    "Positional {{ index: {index}, regex: {:?}, holes: {} }}",
                    pattern.regex, pattern.holes
                )
            })
            .collect();
        self.list("Positional", &items)
    }

    fn shape(&mut self, shape: &PackShape) -> String {
        let style = if shape.words_style { "Words" } else { "Gnu" };
        let values: Vec<String> = shape
            .values
            .iter()
            .map(|value| {
                let flag = self.words(&value.flag);
                format!(
                    "FlagValue {{ flag: {flag}, regex: {:?}, holes: {} }}",
                    value.regex, value.holes
                )
            })
            .collect();
        let env: Vec<String> = shape
            .env
            .iter()
            .map(|(name, regex)| format!("({name:?}, {regex:?})"))
            .collect();
        let targets: Vec<String> = shape
            .targets
            .iter()
            .map(|target| {
                let kind = variant(&target.kind);
                format!(
                    "TargetFrom {{ kind: TargetKind::{kind}, locator: {:?}, object: {:?} }}",
                    target.locator, target.object
                )
            })
            .collect();
        let most = shape
            .most
            .map_or("usize::MAX".to_owned(), |most| most.to_string());
        format!(
            "Shape {{ programs: {}, path: {}, style: OptionStyle::{style}, abbreviates: {}, valued: {}, flags: {}, unless: {}, \
             positionals: {}, except: {}, values: {}, least: {}, most: {most}, env: {}, targets: {} }}",
            self.words(&shape.programs),
            self.groups(&shape.path),
            shape.abbreviates,
            self.words(&shape.valued),
            self.groups(&shape.flags),
            self.words(&shape.unless),
            self.patterns(&shape.positionals),
            self.patterns(&shape.except),
            self.list("FlagValue", &values),
            shape.least,
            self.list("(&str, &str)", &env),
            self.list("TargetFrom", &targets),
        )
    }

    fn rules(&mut self, rules: &[PackRule]) {
        let mut programs: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, rule) in rules.iter().enumerate() {
            for program in rule.shapes.iter().flat_map(|shape| &shape.programs) {
                let numbers = programs.entry(program).or_default();
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
            let text = self.rule(rule);
            self.line(&format!("static R{number}: Rule = {text};"));
        }
        let index: Vec<String> = programs
            .iter()
            .map(|(program, numbers)| {
                let items: Vec<String> =
                    numbers.iter().map(|number| format!("&R{number}")).collect();
                let list = self.list("&Rule", &items);
                format!("({program:?}, {list})")
            })
            .collect();
        self.line("/// Every rule, in the order of its id.");
        let mut order: Vec<usize> = (0..rules.len()).collect();
        order.sort_by_key(|number| rules.get(*number).map(|rule| &rule.id));
        let all: Vec<String> = order.iter().map(|number| format!("&R{number}")).collect();
        self.line(&format!(
            "pub static RULES: [&Rule; {}] = [{}];",
            all.len(),
            all.join(", ")
        ));
        self.line("/// Programs that rules name, sorted, each with its rules.");
        self.line(&format!(
            "pub static PROGRAMS: [(&str, &[&Rule]); {}] = [{}];",
            index.len(),
            index.join(", ")
        ));
    }

    fn rule(&mut self, rule: &PackRule) -> String {
        let shapes: Vec<String> = rule.shapes.iter().map(|shape| self.shape(shape)).collect();
        let examples: Vec<String> = rule
            .found
            .iter()
            .map(|command| (command, true))
            .chain(rule.not_found.iter().map(|command| (command, false)))
            .map(|(command, found)| format!("Example {{ command: {command:?}, found: {found} }}"))
            .collect();
        format!(
            "Rule {{ id: {:?}, severity: Severity::{}, summary: {:?}, lost: {:?}, why: {:?}, instead: {:?}, source: {:?}, otherwise: {}, argv: {}, examples: {} }}",
            rule.id,
            variant(&rule.severity),
            rule.summary,
            rule.lost,
            rule.why,
            rule.instead,
            rule.source,
            rule.otherwise,
            self.list("Shape", &shapes),
            self.list("Example", &examples),
        )
    }

    /// Writes the function that returns a profile's settings.
    fn settings(&mut self, name: &str, settings: &Settings) {
        let mut body = String::new();
        for (key, value) in settings.numbers() {
            let _ = writeln!(body, "        {key}: {value},");
        }
        let list = |items: &[String]| {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("{item:?}.to_owned()"))
                .collect();
            format!("vec![{}]", items.join(", "))
        };
        let pairs: Vec<String> = settings
            .severities
            .iter()
            .map(|(rule, grade)| format!("({rule:?}.to_owned(), {grade})"))
            .collect();
        let _ = writeln!(body, "        severities: [{}].into(),", pairs.join(", "));
        let _ = writeln!(body, "        dir: {:?}.to_owned(),", settings.dir);
        let _ = writeln!(
            body,
            "        regenerable: {},",
            list(&settings.regenerable)
        );
        let _ = writeln!(body, "        tool_dirs: {},", list(&settings.tool_dirs));
        let _ = writeln!(body, "        protected: {},", list(&settings.protected));
        let tags = list(&settings.protected_tags);
        let _ = writeln!(body, "        protected_tags: {tags},");
        self.line(&format!("/// Settings of the profile `{name}`."));
        self.line(&format!(
            "pub fn {name}_settings() -> Settings {{\n    Settings {{\n{body}        ..Settings::default()\n    }}\n}}"
        ));
    }
}

/// Returns the name of a variant: `git-worktree` gives `GitWorktree`.
fn variant(name: &str) -> String {
    name.split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect::<String>()
            })
        })
        .collect()
}
