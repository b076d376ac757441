//! Commands that stand in other files or options: package scripts, just recipes, git's shell doors.
//! It reads such files line by line and follows only what the named target runs.

mod aliases;
mod doors;
mod home;
mod justfile;
mod lifecycle;
mod names;
mod runners;
mod workspaces;

pub(super) use justfile::{justfile, recipe_texts};

use crate::model::command::{Cwd, OpaqueKind, Passage};
use crate::model::fact::Answer;
use crate::model::span::Span;
use crate::model::word::Word;

use super::expand::literal_piece;
use super::options::options;
use super::source::Source;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};
use super::wrappers::start;
use names::OWN_COMMANDS;

/// Names under which just looks for its recipes.
const JUSTFILES: [&str; 3] = ["justfile", "Justfile", ".justfile"];
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
    program == "npm" && lifecycle::ignores_scripts(job).unwrap_or(false)
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

    pub(super) fn own_call(&mut self, job: &Job, st: &State, fr: &Frame) {
        let mut own = job.clone();
        own.writes = Vec::new();
        self.followed.push(self.out.commands.len());
        self.emit(own, st, fr, None, &Feed::nothing());
    }

    /// Runs one recipe line in a shell of its own.
    pub(super) fn recipe(
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
        inside.plain = true;
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
                return self.task_fed(&file, st, fr);
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
            // What the call adds to it stands behind what is there.
            let added = match self.content(&name, st) {
                Some(super::unfold::Content::Added(pieces)) => super::state::literal(pieces),
                _ => None,
            };
            match self.read(path.clone())? {
                Answer::Text { text, .. } => {
                    return Some((path, text + added.as_deref().unwrap_or_default()));
                }
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

    /// Returns the tasks that stand on the standard input; what nobody knows is said.
    fn task_fed(
        &mut self,
        word: &Word,
        st: &State,
        fr: &Frame,
    ) -> Option<(std::path::PathBuf, String)> {
        let text = match &fr.stdin {
            Feed::Text { pieces, .. } => super::state::literal(pieces),
            Feed::File(file) if file.text().as_deref() != Some("-") => {
                return self.task_file(Some(file.clone()), &[], st, fr);
            }
            Feed::Inherited | Feed::Null => return None,
            Feed::File(_) | Feed::Items(_) | Feed::Opaque(_) => None,
        };
        if text.is_none() {
            let reason = "reads its tasks from an input that is not known here".to_owned();
            let seen = vec!["-".to_owned()];
            self.opaque(OpaqueKind::Script, reason, seen, word.origin.clone(), fr);
        }
        text.map(|text| ("-".into(), text))
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
        let st = &mut st.subshell();
        let file = found.value("-f --justfile").cloned();
        let dir = found.value("-d --working-directory");
        let (path, text) = self.justfile_at(file, dir, st, fr)?;
        self.own_call(job, st, fr);
        let words = job.words.get(found.rest + 1..).unwrap_or_default();
        let unknown = || "${just_value}".to_owned();
        let named = words.iter().map(|word| word.text().unwrap_or_else(unknown));
        let named: Vec<String> = named.collect();
        let (recipes, mut variables) = justfile(&text);
        let mut named = named.as_slice();
        // `--set NAME VALUE`: the value stands first behind the options.
        if let Some(name) = found.value("--set").and_then(Word::text)
            && let Some((value, rest)) = named.split_first()
        {
            justfile::set(&mut variables, &name, value);
            named = rest;
        }
        while let Some((first, rest)) = named.split_first()
            && let Some((name, value)) = first.split_once('=')
        {
            justfile::set(&mut variables, name, value);
            named = rest;
        }
        let via = fr.enter("just", Passage::Plain).fed(Feed::Null);
        for (wanted, arguments) in justfile::asked(&recipes, named) {
            for task in runners::closure(&recipes, std::slice::from_ref(&wanted)) {
                let own = if task.name == wanted { arguments } else { &[] };
                for (line, text) in recipe_texts(task, own, &variables) {
                    self.recipe(&path, line, &text, st, &via);
                }
            }
        }
        Some(Feed::Opaque("just".to_owned()))
    }

    /// Finds a justfile and goes where its recipes run.
    fn justfile_at(
        &mut self,
        file: Option<Word>,
        dir: Option<&Word>,
        st: &mut State,
        fr: &Frame,
    ) -> Option<(std::path::PathBuf, String)> {
        let named = file.is_some();
        if !named {
            self.go_home(&JUSTFILES, st);
        }
        let (path, text) = self.task_file(file, &JUSTFILES, st, fr)?;
        match (dir, path.parent()) {
            (Some(dir), _) => st.cwd = self.places(dir, &st.cwd),
            (None, Some(folder)) if named && folder.is_absolute() => {
                st.cwd = vec![Cwd::Known(folder.to_owned())];
            }
            (None, _) => {}
        }
        Some((path, text))
    }

    /// Goes where the package of a folder lies; a prefix is that folder itself.
    fn package_at(&mut self, dir: Option<&Word>, searches: bool, st: &State) -> State {
        let mut inside = st.subshell();
        if let Some(dir) = dir {
            inside.cwd = self.places(dir, &st.cwd);
        }
        if searches {
            self.go_home(&["package.json"], &mut inside);
        }
        inside
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
        let dir = found.value("-C --prefix --dir --cwd");
        let mut inside = self.package_at(dir, found.value("--prefix").is_none(), st);
        let Some((name, rest)) = script_name(program, job, at) else {
            self.lifecycle(program, job, at, &mut inside, fr);
            return None;
        };
        let package = self.task_file(None, &["package.json"], &inside, fr);
        self.own_call(job, st, fr);
        let Some((path, text)) = package else {
            let runs =
                program != "npm" && job.words.get(at).and_then(Word::text).as_ref() == Some(&name);
            return runs
                .then(|| self.inner(program, Passage::Plain, job.rest(at), &mut inside, fr))
                .flatten();
        };
        let scripts = scripts_of(&text)?;
        let restarts = name == "restart" && !scripts.iter().any(|(key, _)| *key == name);
        if restarts && program == "npm" {
            self.lifecycle(program, job, at, &mut inside, fr);
            return Some(Feed::Opaque(program.to_owned()));
        }
        let rest = job.words.get(rest..).unwrap_or_default();
        let alone = runs_alone(program, job);
        let rest = names::for_script(program, rest);
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
                for word in &rest {
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
        self.own_call(job, st, fr);
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
