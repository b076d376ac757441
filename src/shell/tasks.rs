//! Commands that stand in other files or options: Makefile recipes, package scripts, just recipes, git's shell doors.
//! It reads such files line by line and follows only what the named target runs.

mod aliases;
mod doors;
mod environment;
mod makefiles;
mod names;
mod runners;
mod workspaces;

use crate::model::command::{OpaqueKind, Passage};
use crate::model::fact::Answer;
use crate::model::span::Span;
use crate::model::word::Word;

use super::expand::literal_piece;
use super::options::options;
use super::source::Source;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};
use super::wrappers::{assignment, assigns, start};
use names::OWN_COMMANDS;

/// Targets that one call of `make` or `just` may reach.
const MAX_TARGETS: usize = 64;

/// Times that a script of a package is read inside itself.
const MAX_SELF_RUNS: usize = 2;
/// Scripts of packages, and other wrappers, around one of them.
const MAX_PACKAGE_DEPTH: usize = 12;
/// Scripts of packages that one call runs; each may run several, and those again.
const MAX_PACKAGE_RUNS: usize = 1_024;

/// Scripts of Composer that name one another are followed this deep.
const COMPOSED_MAX: usize = 6;
/// Lines of one of its scripts that are read.
const COMPOSED_LINES: usize = 256;

/// `npm run X --ignore-scripts` leaves out what stands before and behind the script itself.
fn runs_alone(program: &str, job: &Job) -> bool {
    let mut own = job.words.iter().map_while(|word| {
        let text = word.text().unwrap_or_default();
        (text != "--").then_some(text)
    });
    program == "npm" && own.any(|text| text == "--ignore-scripts")
}

impl Unfolder<'_> {
    /// Follows a task runner; the command itself is emitted as well.
    pub(super) fn task(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        match program {
            "make" | "gmake" => self.make(job, st, fr),
            "just" => self.just(job, st, fr),
            "npm" | "pnpm" | "yarn" | "bun" => self.package(program, job, st, fr),
            "composer" => self.composer(job, st, fr),
            "rake" => self.rake(job, st, fr),
            "task" | "go-task" => self.taskfile(job, st, fr),
            _ => None,
        }
    }

    fn own(&mut self, job: &Job, st: &State, fr: &Frame) {
        let mut own = job.clone();
        own.writes = Vec::new();
        self.emit(own, st, fr, None, &Feed::nothing());
    }

    fn make(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let mut targets = Vec::new();
        let mut inside = st.subshell();
        let mut variables = Vec::new();
        let mut file = None;
        let mut at = 1;
        let mut overrides = false;
        while let Some(words) = job.words.get(at..).filter(|words| !words.is_empty()) {
            let found = options(words, "-f -C -o -W -I --file --makefile --directory");
            overrides |= found.has("-e") || found.has("--environment-overrides");
            if found.has("-n")
                || found.has("--dry-run")
                || found.has("--just-print")
                || found.has("-q")
            {
                return None;
            }
            if let Some(dir) = found.value("-C --directory") {
                inside.cwd = self.places(dir, &inside.cwd.clone());
            }
            file = found.value("-f --file --makefile").cloned().or(file);
            at += found.rest;
            if let Some(word) = job.words.get(at) {
                if assigns(word) {
                    variables.push(assignment(word));
                } else if let Some(text) = word.text().filter(|t| t.parse::<u32>().is_err()) {
                    targets.push(text);
                }
                at += 1;
            }
        }
        let (path, text) =
            self.task_file(file, &["GNUmakefile", "makefile", "Makefile"], &inside, fr)?;
        self.own(job, st, fr);
        let (environment, variables) = (shown(&job.env), shown(&variables));
        Self::hand_on(&environment, &mut inside);
        Self::hand_on(&variables, &mut inside);
        let mut given = makefiles::Given {
            variables: &variables,
            own: environment.clone(),
        };
        let assembled = self.assembled(&path, &text, &mut given, &inside);
        let makefile = Makefile::read(&assembled.text());
        let wanted = makefile.closure(targets);
        let mut values = makefile.variables.clone();
        values.retain(|(name, _)| {
            !(makefile.defaults.contains(name)
                && environment.iter().any(|(known, _)| known == name))
        });
        self.overridden(job, overrides, &makefile, st, &mut values);
        values.extend(variables);
        let via = fr.enter("make", Passage::Plain).fed(Feed::Null);
        for (target, offset, line) in wanted {
            let text = expand_make(&line, &target, &values);
            let (path, offset) = assembled
                .place(offset)
                .map_or((&path, offset), |(path, line)| (path, *line));
            self.recipe(path, offset, &text, &inside, &via);
        }
        Some(Feed::Opaque("make".to_owned()))
    }

    /// Runs one recipe line in a shell of its own.
    fn recipe(
        &mut self,
        path: &std::path::Path,
        offset: usize,
        text: &str,
        st: &State,
        fr: &Frame,
    ) {
        let file = Source::file(path, "");
        let mut origin = file.origin(Span::new(0, 0));
        if let crate::model::span::Origin::File(place) = &mut origin {
            place.line = offset;
        }
        let mut source = Source::joined();
        source.push(&[literal_piece(text, &origin)]);
        let mut inside = st.child(&[], false);
        self.text_run(source, OpaqueKind::Syntax, true, &mut inside, fr);
    }

    pub(super) fn task_file(
        &mut self,
        file: Option<Word>,
        names: &[&str],
        st: &State,
        fr: &Frame,
    ) -> Option<(std::path::PathBuf, String)> {
        let names: Vec<Word> = match file {
            Some(file) if file.text().as_deref() == Some("-") => {
                let Feed::Text { pieces, .. } = &fr.stdin else {
                    return None;
                };
                let text = super::state::literal(pieces)?;
                return Some(("-".into(), text));
            }
            Some(file) => vec![file],
            None => names
                .iter()
                .map(|name| Word::literal(*name, super::state::nowhere()))
                .collect(),
        };
        for name in names {
            if let Some(super::unfold::Content::Feed(Feed::Text { pieces, .. })) =
                self.content(&name, st)
            {
                let text = super::state::literal(pieces)?;
                return Some((name.shown().into(), text));
            }
            let path = self.here_path(&name, st)?;
            match self.read(path.clone())? {
                Answer::Text { text, .. } => return Some((path, text)),
                Answer::Unknown(why) => {
                    let reason = format!("`{}` cannot be read: {why}", path.display());
                    self.opaque(
                        OpaqueKind::Script,
                        reason,
                        vec![name.shown()],
                        name.origin.clone(),
                        fr,
                    );
                    return None;
                }
                _ => {}
            }
        }
        None
    }

    fn just(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(
            job.args(),
            "-f -d --justfile --working-directory --set --shell",
        );
        let looks = [
            "-n",
            "--dry-run",
            "-l",
            "--list",
            "-s",
            "--show",
            "--evaluate",
            "--summary",
            "--dump",
            "--fmt",
            "--choose",
            "-e",
            "--edit",
            "--variables",
        ];
        if looks.iter().any(|flag| found.has(flag)) {
            return None;
        }
        let file = found.value("-f --justfile").cloned();
        let (path, text) = self.task_file(file, &["justfile", "Justfile", ".justfile"], st, fr)?;
        self.own(job, st, fr);
        let words = job.words.get(found.rest + 1..).unwrap_or_default();
        let named: Vec<String> = words.iter().filter_map(Word::text).collect();
        let (recipes, variables) = runners::justfile(&text);
        let first = || recipes.first().map(|task| task.name.clone());
        let (wanted, arguments) = match named.split_first() {
            Some((name, rest)) => (Some(name.clone()), rest),
            None => (first(), [].as_slice()),
        };
        let via = fr.enter("just", Passage::Plain).fed(Feed::Null);
        for task in runners::closure(&recipes, wanted.as_slice()) {
            let own = if Some(&task.name) == wanted.as_ref() {
                arguments
            } else {
                &[]
            };
            for (line, text) in runners::recipe_texts(task, own, &variables) {
                self.recipe(&path, line, &text, st, &via);
            }
        }
        Some(Feed::Opaque("just".to_owned()))
    }

    fn package(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        if let Some(feed) = self.in_workspaces(program, job, st, fr) {
            return Some(feed);
        }
        let found = options(
            job.args(),
            "-C --prefix --dir --filter -F -w --workspace --cwd",
        );
        let at = found.rest + 1;
        let mut inside = st.subshell();
        if let Some(dir) = found.value("-C --prefix --dir --cwd") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let Some((name, rest)) = script_name(program, job, at) else {
            self.lifecycle(program, job, at, &mut inside, fr);
            return None;
        };
        let package = self.task_file(None, &["package.json"], &inside, fr);
        self.own(job, st, fr);
        let Some((path, text)) = package else {
            let runs =
                program != "npm" && job.words.get(at).and_then(Word::text).as_ref() == Some(&name);
            return runs
                .then(|| self.inner(program, Passage::Plain, job.rest(at), &mut inside, fr))
                .flatten();
        };
        let scripts = scripts_of(&text)?;
        let rest = job.words.get(rest..).unwrap_or_default();
        let alone = runs_alone(program, job);
        let rest = match rest.first().and_then(Word::text).as_deref() {
            Some("--") => rest.get(1..).unwrap_or_default(),
            _ => rest,
        };
        let mut known = false;
        for wanted in [format!("pre{name}"), name.clone(), format!("post{name}")] {
            let Some((_, text)) = scripts.iter().find(|(key, _)| *key == wanted) else {
                continue;
            };
            if alone && wanted != name {
                continue;
            }
            known = true;
            let line = line_of(&path, &wanted, self);
            let mut pieces = vec![literal_piece(text, &line)];
            if wanted == name {
                for word in rest {
                    pieces.push(literal_piece(" ", &word.origin));
                    pieces.extend(names::handed_on(word));
                }
            }
            let via = fr.enter(&format!("{program} run {name}"), Passage::Plain);
            let text = word_of(pieces, None);
            self.package_script(&path, &wanted, &text, job, &mut inside, &via);
        }
        if !known && !matches!(program, "npm") {
            // `yarn X` and `bun X` run a program of the project when no script has that name.
            let inner = job.rest(at);
            return self.inner(program, Passage::Plain, inner, &mut inside, fr);
        }
        Some(Feed::Opaque(program.to_owned()))
    }

    /// Runs one script of a package; one that runs itself again (in a workspace of its own, say) says nothing new.
    fn package_script(
        &mut self,
        path: &std::path::Path,
        name: &str,
        text: &Word,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) {
        let key = (path.to_owned(), name.to_owned());
        let around = self.packages.iter().filter(|known| **known == key).count();
        if around >= MAX_SELF_RUNS {
            return;
        }
        self.package_runs += 1;
        if fr.via.len() > MAX_PACKAGE_DEPTH || self.package_runs > MAX_PACKAGE_RUNS {
            let reason = format!("the script `{name}` is too deep among scripts that run others");
            let seen = vec![name.to_owned()];
            return self.opaque(OpaqueKind::Budget, reason, seen, job.origin.clone(), fr);
        }
        self.packages.push(key);
        self.shell_text(text, &start("sh", job), st, fr);
        self.packages.pop();
    }

    fn composer(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let mut inside = st.subshell();
        let said = |word: &Word| word.text().unwrap_or_default();
        let mut dir = None;
        for (at, word) in job.args().iter().enumerate() {
            match said(word).as_str() {
                "-d" | "--working-dir" => dir = job.args().get(at + 1).cloned(),
                text => {
                    let joined = text.strip_prefix("--working-dir=");
                    dir = joined
                        .map(|dir| Word::literal(dir, word.origin.clone()))
                        .or(dir);
                }
            }
        }
        if let Some(dir) = &dir {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let silent = job.args().iter().any(|word| said(word) == "--no-scripts");
        let name = composer_command(job)?;
        let events = composer_events(&name, silent)?;
        let file = self.task_file(None, &["composer.json"], &inside, fr)?;
        let json: serde_json::Value = serde_json::from_str(&file.1).ok()?;
        let scripts = json.get("scripts")?;
        events.iter().find(|name| scripts.get(**name).is_some())?;
        self.own(job, st, fr);
        for name in events {
            let mut lines = Vec::new();
            composed(scripts, name, COMPOSED_MAX, &mut lines);
            let via = fr.enter(&format!("composer run {name}"), Passage::Plain);
            let origin = line_of(&file.0, name, self);
            for line in lines {
                let text = word_of(vec![literal_piece(&line, &origin)], None);
                self.shell_text(&text, &start("sh", job), &mut inside, &via);
            }
        }
        Some(Feed::Opaque("composer".to_owned()))
    }
}

fn shown(list: &[(String, Word)]) -> Vec<(String, String)> {
    let known = list.iter();
    known
        .map(|(name, word)| (name.clone(), word.shown()))
        .collect()
}

pub(super) fn scripts_of(text: &str) -> Option<Vec<(String, String)>> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let scripts = json.get("scripts")?.as_object()?;
    Some(
        scripts
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
    )
}

/// Returns the place of a script's key in its file.
pub(super) fn line_of(
    path: &std::path::Path,
    name: &str,
    unfolder: &mut Unfolder<'_>,
) -> crate::model::span::Origin {
    let text = match unfolder.read(path.to_owned()) {
        Some(Answer::Text { text, .. }) => text,
        _ => String::new(),
    };
    let at = text.find(&format!("\"{name}\"")).unwrap_or_default();
    Source::file(path, &text).origin(Span::new(at, at))
}

/// Targets with their recipes, and variables, of a Makefile or justfile.
pub(super) struct Makefile {
    /// Target names, prerequisites, recipe lines with their line numbers.
    pub(super) rules: Vec<Rule>,
    pub(super) variables: Vec<(String, String)>,
    /// Variables that the environment may set instead.
    defaults: Vec<String>,
    default: Option<String>,
}

pub(super) struct Rule {
    pub(super) targets: Vec<String>,
    needs: Vec<String>,
    pub(super) lines: Vec<(usize, String)>,
}

impl Makefile {
    pub(super) fn read(text: &str) -> Self {
        let mut all = Self {
            rules: Vec::new(),
            variables: Vec::new(),
            defaults: Vec::new(),
            default: None,
        };
        for (number, line) in logical(text) {
            if line.starts_with([' ', '\t']) {
                if let Some(rule) = all.rules.last_mut() {
                    let body = line.trim_start();
                    let body = body.trim_start_matches(['@', '-', '+']).trim_start();
                    if !body.is_empty() && !body.starts_with('#') {
                        rule.lines.push((number, body.to_owned()));
                    }
                }
                continue;
            }
            all.line(line.trim(), number);
        }
        all
    }

    fn line(&mut self, line: &str, number: usize) {
        if line.is_empty() || line.starts_with('#') || line.starts_with('.') && !line.contains(": ")
        {
            return;
        }
        let equals = line.find('=');
        let colon = line.find(':');
        if let Some(at) = equals
            && colon.is_none_or(|colon| colon + 2 >= at || at < colon)
        {
            let (name, value) = line.split_at_checked(at).unwrap_or((line, ""));
            let name = name
                .trim_end_matches([':', '?', '+', '!', ' '])
                .trim_start_matches("export ")
                .trim();
            let value = value.trim_start_matches('=').trim();
            if line
                .get(..at)
                .is_some_and(|head| head.trim_end().ends_with('?'))
            {
                self.defaults.push(name.to_owned());
            }
            self.variables.push((name.to_owned(), value.to_owned()));
            return;
        }
        let Some((head, tail)) = line.split_once(':') else {
            return;
        };
        let tail = tail.trim_start_matches(':');
        let (needs, inline) = tail
            .split_once(';')
            .map_or((tail, None), |(needs, body)| (needs, Some(body)));
        let targets: Vec<String> = head
            .split_whitespace()
            .map(|t| t.trim_start_matches('@').to_owned())
            .collect();
        let needs = needs.split('#').next().unwrap_or_default();
        let rule = Rule {
            needs: needs
                .split_whitespace()
                .map(|n| n.trim_matches(['(', ')']).to_owned())
                .collect(),
            lines: inline
                .map(|body| (number, body.trim().to_owned()))
                .into_iter()
                .collect(),
            targets,
        };
        if self.default.is_none()
            && let Some(first) = rule
                .targets
                .first()
                .filter(|t| !t.starts_with('.') && !t.contains('%'))
        {
            self.default = Some(first.clone());
        }
        self.rules.push(rule);
    }

    /// Returns the recipe lines that the wanted targets run, prerequisites first.
    fn closure(&self, wanted: Vec<String>) -> Vec<(String, usize, String)> {
        let mut queue: Vec<String> = if wanted.is_empty() {
            self.default.clone().into_iter().collect()
        } else {
            wanted
        };
        let mut seen: Vec<String> = Vec::new();
        let mut lines: Vec<Vec<(String, usize, String)>> = Vec::new();
        while let Some(target) = queue.pop() {
            if seen.contains(&target) || seen.len() >= MAX_TARGETS {
                continue;
            }
            seen.push(target.clone());
            for rule in self.rules.iter().filter(|rule| rule.makes(&target)) {
                let pattern = rule
                    .targets
                    .iter()
                    .find(|pattern| rule.fits(pattern, &target));
                let pattern = pattern.map_or("", String::as_str);
                queue.extend(makefiles::needs(&target, pattern, &rule.needs));
                let own = rule.lines.iter().map(|(number, line)| {
                    let line = makefiles::automatic(line, &target, pattern, &rule.needs);
                    (target.clone(), *number, line)
                });
                lines.push(own.collect());
            }
        }
        lines.reverse();
        lines.into_iter().flatten().collect()
    }
}

impl Rule {
    fn makes(&self, wanted: &str) -> bool {
        self.targets.iter().any(|target| self.fits(target, wanted))
    }

    fn fits(&self, target: &str, wanted: &str) -> bool {
        let _ = self;
        target == wanted
            || target.split_once('%').is_some_and(|(head, tail)| {
                wanted.len() > head.len() + tail.len()
                    && wanted.starts_with(head)
                    && wanted.ends_with(tail)
            })
    }
}

/// Returns lines with continuations joined, with the number of their first line.
fn logical(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let (body, continues) = match line.strip_suffix('\\') {
            Some(body) => (body, true),
            None => (line, false),
        };
        match all.last_mut() {
            Some((_, last)) if open => {
                last.push(' ');
                last.push_str(body.trim_start());
            }
            _ => all.push((index + 1, body.to_owned())),
        }
        open = continues;
    }
    all
}

/// Expands make's variables; unknown ones become shell variables of the same name, `$$` becomes `$`.
pub(super) fn expand_make(line: &str, target: &str, variables: &[(String, String)]) -> String {
    let mut text = line.to_owned();
    for _ in 0..4 {
        let next = expand_once(&text, target, variables);
        if next == text {
            break;
        }
        text = next;
    }
    text.replace('\u{1}', "$")
}

fn expand_once(line: &str, target: &str, variables: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once('$') {
        out.push_str(head);
        let mut chars = tail.chars();
        match chars.next() {
            Some('$') => {
                out.push('\u{1}');
                rest = chars.as_str();
            }
            Some('@') => {
                out.push_str(target);
                rest = chars.as_str();
            }
            Some(open @ ('(' | '{')) => {
                let close = if open == '(' { ')' } else { '}' };
                let body = chars.as_str();
                let Some((name, after)) = body.split_once(close) else {
                    out.push('\u{1}');
                    rest = tail;
                    continue;
                };
                match variables.iter().rev().find(|(key, _)| key == name) {
                    Some((_, value)) => out.push_str(value),
                    None if name == "MAKE" => out.push_str("make"),
                    None if name == "CURDIR" => out.push_str("\u{1}PWD"),
                    None => {
                        let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
                        let name = if plain && !name.is_empty() {
                            name
                        } else {
                            "make_function"
                        };
                        out.push_str(&format!("\u{1}{{{name}}}"));
                    }
                }
                rest = after;
            }
            Some(c) if c.is_alphabetic() => {
                out.push_str(&format!("\u{1}{{{c}}}"));
                rest = chars.as_str();
            }
            Some('<' | '^' | '?' | '*' | '+' | '|') => {
                out.push_str("\u{1}{make_automatic}");
                rest = chars.as_str();
            }
            _ => {
                out.push('\u{1}');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Expands just's `{{name}}`; unknown ones become shell variables of the same name.
pub(super) fn expand_just(line: &str, variables: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once("{{") {
        out.push_str(head);
        let Some((name, after)) = tail.split_once("}}") else {
            out.push_str("{{");
            rest = tail;
            break;
        };
        let name = name.trim();
        match variables.iter().rev().find(|(key, _)| key == name) {
            Some((_, value)) => out.push_str(value.trim_matches(['"', '\''])),
            None => out.push_str("${just_value}"),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Returns the script that a package manager is told to run, and where its own words begin.
fn script_name(program: &str, job: &Job, at: usize) -> Option<(String, usize)> {
    let sub = job.words.get(at)?.text()?;
    Some(match sub.as_str() {
        "run" | "run-script" | "rum" => {
            let more = options(
                job.words.get(at + 1..)?,
                "-w --workspace --prefix --filter -F --cwd",
            );
            let at = at + 1 + more.rest;
            (job.words.get(at)?.text()?, at + 1)
        }
        "test" | "t" | "tst" => ("test".to_owned(), at + 1),
        "start" | "stop" | "restart" => (sub, at + 1),
        _ if program == "npm" || OWN_COMMANDS.contains(&sub.as_str()) => return None,
        _ => (sub, at + 1),
    })
}

/// Returns the command of Composer, or the script that it is to run.
fn composer_command(job: &Job) -> Option<String> {
    const OWN: [&str; 5] = ["require", "remove", "show", "validate", "create-project"];
    let mut is_value = false;
    let mut words = job.args().iter().filter_map(Word::text).filter(|word| {
        let takes = matches!(word.as_str(), "-d" | "--working-dir");
        let plain = !word.starts_with('-') && !is_value;
        is_value = takes;
        plain
    });
    let mut name = words.next()?;
    if matches!(name.as_str(), "run" | "run-script") {
        name = words.next()?;
    }
    (!OWN.contains(&name.as_str())).then_some(name)
}

/// Returns the events whose scripts a command of Composer runs.
fn composer_events(name: &str, silent: bool) -> Option<Vec<&str>> {
    Some(match name {
        "install" | "update" | "dump-autoload" if silent => return None,
        "install" => vec![
            "pre-install-cmd",
            "pre-autoload-dump",
            "post-autoload-dump",
            "post-install-cmd",
        ],
        "update" => vec![
            "pre-update-cmd",
            "pre-autoload-dump",
            "post-autoload-dump",
            "post-update-cmd",
        ],
        "dump-autoload" => vec!["pre-autoload-dump", "post-autoload-dump"],
        other => vec![other],
    })
}

/// Adds the shell lines of a script of Composer, those of scripts that it names among them.
fn composed(scripts: &serde_json::Value, name: &str, depth: usize, all: &mut Vec<String>) {
    let lines = match scripts.get(name) {
        Some(serde_json::Value::String(text)) => vec![text.as_str()],
        Some(serde_json::Value::Array(list)) => {
            list.iter().filter_map(|one| one.as_str()).collect()
        }
        _ => return,
    };
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for line in lines {
        match line.strip_prefix('@') {
            None => all.push(line.to_owned()),
            Some(text) if text.starts_with("php ") || text.starts_with("composer ") => {
                all.push(text.to_owned());
            }
            Some(name) => composed(scripts, name.split(' ').next().unwrap_or(name), depth, all),
        }
        if all.len() > COMPOSED_LINES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_runs_its_prerequisites_first() {
        let makefile = Makefile::read(
            "D := out\nall: clean\n\techo done\nclean:\n\t@rm -rf $(D)\nother:\n\tfalse\n",
        );
        let lines = makefile.closure(vec!["all".to_owned()]);
        let texts: Vec<String> = lines
            .iter()
            .map(|(t, _, l)| expand_make(l, t, &makefile.variables))
            .collect();
        assert_eq!(texts, ["rm -rf out", "echo done"]);
    }

    #[test]
    fn without_a_target_the_first_one_runs() {
        let makefile = Makefile::read(".PHONY: a\na:\n\techo $$HOME $@\n");
        let lines = makefile.closure(Vec::new());
        let texts: Vec<String> = lines
            .iter()
            .map(|(t, _, l)| expand_make(l, t, &[]))
            .collect();
        assert_eq!(texts, ["echo $HOME a"]);
    }
}
