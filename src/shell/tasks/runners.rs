//! Task runners beside make and package scripts: Taskfile, Rakefile, justfile with parameters, and tasks in project files.
//! Files are read by their lines and keys; templates that it does not know become unknown shell variables.

use std::path::Path;

use crate::model::command::Passage;
use crate::model::word::Word;

use super::super::options::options;
use super::super::state::{Feed, State};
use super::super::unfold::{Frame, Job, Unfolder};

/// Tasks that one call may reach.
const MAX_TASKS: usize = 64;

/// One task: its name, the tasks it needs, and its lines with their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::shell) struct Task {
    pub name: String,
    pub needs: Vec<String>,
    pub lines: Vec<(usize, String)>,
    /// Parameters with their defaults.
    pub parameters: Vec<(String, Option<String>)>,
}

/// Returns the wanted tasks with all they need, each once, needs first.
pub(super) fn closure<'t>(tasks: &'t [Task], wanted: &[String]) -> Vec<&'t Task> {
    let mut all: Vec<&Task> = Vec::new();
    let mut queue: Vec<&str> = wanted.iter().map(String::as_str).collect();
    while let Some(name) = queue.pop() {
        if all.len() >= MAX_TASKS || all.iter().any(|task| task.name == name) {
            continue;
        }
        if let Some(task) = tasks.iter().find(|task| task.name == name) {
            queue.extend(task.needs.iter().map(String::as_str));
            all.push(task);
        }
    }
    all.reverse();
    all
}

/// Where a runner keeps its tasks: program, subcommand, files, tables in them.
type Kept = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
);

const KEPT: &[Kept] = &[
    (
        "deno",
        "task",
        &[
            ("deno.json", &["tasks"]),
            ("deno.jsonc", &["tasks"]),
            ("package.json", &["scripts"]),
        ],
    ),
    ("poe", "", &[("pyproject.toml", &["tool", "poe", "tasks"])]),
    (
        "pdm",
        "run",
        &[("pyproject.toml", &["tool", "pdm", "scripts"])],
    ),
    (
        "hatch",
        "run",
        &[
            (
                "pyproject.toml",
                &["tool", "hatch", "envs", "default", "scripts"],
            ),
            ("hatch.toml", &["envs", "default", "scripts"]),
        ],
    ),
    (
        "rye",
        "run",
        &[("pyproject.toml", &["tool", "rye", "scripts"])],
    ),
    (
        "pixi",
        "run",
        &[
            ("pixi.toml", &["tasks"]),
            ("pyproject.toml", &["tool", "pixi", "tasks"]),
        ],
    ),
    ("pipenv", "run", &[("Pipfile", &["scripts"])]),
    (
        "taskipy",
        "",
        &[("pyproject.toml", &["tool", "taskipy", "tasks"])],
    ),
    ("cargo", "make", &[("Makefile.toml", &["tasks"])]),
    (
        "mise",
        "run",
        &[("mise.toml", &["tasks"]), (".mise.toml", &["tasks"])],
    ),
    ("bunx", "task", &[]),
];

impl Unfolder<'_> {
    /// Opens a task that stands in a project's own file; nothing when the program keeps none, or has none of that name.
    pub(in crate::shell) fn project_task(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let (_, sub, files) = KEPT.iter().find(|(name, ..)| *name == program)?;
        let found = options(
            job.args(),
            "-C --cwd -p --project -e --env --config -c --manifest-path",
        );
        let mut at = found.rest + 1;
        if !sub.is_empty() {
            if job.words.get(at)?.text()? != *sub {
                return None;
            }
            at += 1;
            let more = options(
                job.words.get(at..)?,
                "-p --project -e --environment --cwd --config -c",
            );
            at += more.rest;
        }
        let name = job.words.get(at)?.text()?;
        let name = name.rsplit(':').next().unwrap_or(&name).to_owned();
        let st = &mut st.subshell();
        let kept_in: Vec<&str> = files.iter().map(|(file, _)| *file).collect();
        self.go_home(&kept_in, st);
        for (file, table) in *files {
            let word = Word::literal(*file, job.origin.clone());
            let Some((path, text)) = self.task_file(Some(word), &[], st, fr) else {
                continue;
            };
            let tasks = kept(
                &text,
                table,
                Path::new(file).extension().is_some_and(|end| end == "toml") || *file == "Pipfile",
            );
            let wanted = closure(&tasks, std::slice::from_ref(&name));
            if wanted.is_empty() {
                continue;
            }
            self.own_call(job, st, fr);
            let via = fr.enter(format!("{program} {sub}").trim_end(), Passage::Plain);
            for task in wanted {
                for (_, line) in &task.lines {
                    let number = text
                        .lines()
                        .position(|row| row.contains(&task.name))
                        .map_or(1, |at| at + 1);
                    self.recipe(&path, number, line, st, &via);
                }
            }
            return Some(Feed::Opaque(program.to_owned()));
        }
        self.task_script(program, at, job, st, fr)
    }

    /// `mise run NAME` where the task is a file of its own.
    fn task_script(
        &mut self,
        program: &str,
        at: usize,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        const FOLDERS: [&str; 5] = [
            "mise-tasks",
            ".mise-tasks",
            "mise/tasks",
            ".mise/tasks",
            ".config/mise/tasks",
        ];
        let name = job.words.get(at)?.text().filter(|_| program == "mise")?;
        for folder in FOLDERS {
            let file = format!("{folder}/{}", name.replace(':', "/"));
            let file = Word::literal(file, job.origin.clone());
            if self.task_file(Some(file.clone()), &[], st, fr).is_some() {
                let mut inner = job.rest(at);
                *inner.words.first_mut()? = file;
                return self.inner(program, Passage::Plain, inner, st, fr);
            }
        }
        None
    }

    /// `task NAME` of a Taskfile.
    #[expect(
        clippy::too_many_lines,
        reason = "options, file and tasks in the order in which they are read"
    )]
    pub(super) fn taskfile(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(
            job.args(),
            "-t --taskfile -d --dir -o --output -C --concurrency -I --interval",
        );
        let looks = [
            "-n",
            "--dry",
            "-l",
            "--list",
            "-a",
            "--list-all",
            "--summary",
            "--status",
            "-h",
            "--help",
            "--version",
        ];
        if looks.iter().any(|flag| found.has(flag)) {
            return None;
        }
        let mut inside = st.subshell();
        if let Some(dir) = found.value("-d --dir") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let file = found.value("-t --taskfile").cloned();
        let names = [
            "Taskfile.yml",
            "Taskfile.yaml",
            "taskfile.yml",
            "taskfile.yaml",
            "Taskfile.dist.yml",
        ];
        if file.is_none() {
            self.go_home(&names, &mut inside);
        }
        let (path, text) = self.task_file(file, &names, &inside, fr)?;
        let words = job.words.get(found.rest + 1..).unwrap_or_default();
        let mut wanted: Vec<String> = words
            .iter()
            .map_while(Word::text)
            .take_while(|word| word != "--")
            .filter(|word| !word.contains('=') && !word.starts_with('-'))
            .collect();
        if words
            .iter()
            .filter_map(Word::text)
            .any(|word| looks.contains(&word.as_str()))
        {
            return None;
        }
        if wanted.is_empty() {
            wanted.push("default".to_owned());
        }
        let tasks = taskfile(&text);
        self.own_call(job, st, fr);
        let via = fr.enter("task", Passage::Plain).fed(Feed::Null);
        for task in closure(&tasks, &wanted) {
            for (number, line) in &task.lines {
                self.recipe(
                    &path,
                    *number,
                    &untemplated(line, "task_value", &[]),
                    &inside,
                    &via,
                );
            }
        }
        Some(Feed::Opaque("task".to_owned()))
    }

    /// `rake NAME`: the body of a task is Ruby.
    pub(super) fn rake(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(
            job.args(),
            "-f --rakefile -I --libdir -r --require -C --directory -R --rakelibdir",
        );
        let looks = [
            "-n",
            "--dry-run",
            "-T",
            "--tasks",
            "-P",
            "--prereqs",
            "-W",
            "--where",
            "-D",
            "--describe",
            "-h",
            "--help",
        ];
        if looks.iter().any(|flag| found.has(flag)) {
            return None;
        }
        let file = found.value("-f --rakefile").cloned();
        let names = ["Rakefile", "rakefile", "Rakefile.rb"];
        let st = &mut st.subshell();
        if file.is_none() {
            self.go_home(&names, st);
        }
        let (path, text) = self.task_file(file, &names, st, fr)?;
        let words = job.words.get(found.rest + 1..).unwrap_or_default();
        let mut wanted: Vec<String> = words
            .iter()
            .filter_map(Word::text)
            .filter(|word| !word.starts_with('-') && !word.contains('='))
            .map(|word| word.split('[').next().unwrap_or_default().to_owned())
            .collect();
        if wanted.is_empty() {
            wanted.push("default".to_owned());
        }
        let tasks = rakefile(&text);
        self.own_call(job, st, fr);
        let via = fr.enter("rake", Passage::Plain).fed(Feed::Null);
        for task in closure(&tasks, &wanted) {
            let number = task.lines.first().map_or(1, |(number, _)| *number);
            let body: Vec<&str> = task.lines.iter().map(|(_, line)| line.as_str()).collect();
            let line = format!("ruby -e '{}'", body.join("\n").replace('\'', "'\\''"));
            self.recipe(&path, number, &line, st, &via);
        }
        Some(Feed::Opaque("rake".to_owned()))
    }
}

/// Replaces `{{name}}` by a value, or by an unknown variable of the shell.
pub(super) fn untemplated(line: &str, unknown: &str, values: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once("{{") {
        let Some((name, after)) = tail.split_once("}}") else {
            break;
        };
        out.push_str(head);
        let name = name.trim();
        match values.iter().rev().find(|(key, _)| key == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&format!("${{{unknown}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

pub(super) fn unquoted(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner.replace("\\\"", "\"");
        }
    }
    text.to_owned()
}

/// Reads the tasks of a Taskfile.
#[expect(clippy::too_many_lines, reason = "one pass over the lines of the file")]
fn taskfile(text: &str) -> Vec<Task> {
    let mut all: Vec<Task> = Vec::new();
    let mut inside = false;
    let mut level = None;
    // The key whose list is being read, and the indent of a block of text.
    let mut key = String::new();
    let mut block: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let depth = indent(line);
        if depth == 0 {
            inside = bare.starts_with("tasks:");
            continue;
        }
        if !inside {
            continue;
        }
        let top = *level.get_or_insert(depth);
        if depth == top {
            let (name, rest) = bare
                .split_once(": ")
                .or_else(|| bare.strip_suffix(':').map(|name| (name, "")))
                .unwrap_or((bare, ""));
            all.push(Task {
                name: unquoted(name),
                ..Task::default()
            });
            (key, block) = ("cmds".to_owned(), None);
            entry(all.last_mut(), "cmds", rest, number + 1);
            continue;
        }
        if let Some(deep) = block {
            if depth > deep {
                if let Some(task) = all.last_mut() {
                    task.lines.push((number + 1, bare.to_owned()));
                }
                continue;
            }
            block = None;
        }
        let item = bare.strip_prefix("- ");
        let body = item.unwrap_or(bare);
        let (name, value) = body
            .split_once(':')
            .map_or(("", body), |(name, value)| (name.trim(), value.trim()));
        let named = matches!(
            name,
            "cmds"
                | "cmd"
                | "deps"
                | "task"
                | "preconditions"
                | "defer"
                | "vars"
                | "env"
                | "desc"
                | "sources"
                | "generates"
                | "status"
                | "requires"
                | "dir"
                | "silent"
                | "ignore_error"
                | "sh"
                | "for"
                | "summary"
                | "aliases"
                | "platforms"
                | "run"
                | "method"
                | "internal"
                | "interactive"
                | "dotenv"
                | "set"
        );
        if !named {
            entry(all.last_mut(), &key, body, number + 1);
            continue;
        }
        match name {
            "cmds" | "deps" | "preconditions" | "vars" | "env" | "sources" | "generates"
            | "status" => {
                name.clone_into(&mut key);
                entry(all.last_mut(), name, value, number + 1);
            }
            "task" => entry(all.last_mut(), "deps", value, number + 1),
            "cmd" | "defer" if matches!(value, "|" | "|-" | ">" | ">-") => block = Some(depth),
            "cmd" | "defer" => entry(all.last_mut(), "cmds", value, number + 1),
            _ => {}
        }
        if item.is_some() && matches!(body, "|" | "|-" | ">" | ">-") {
            block = Some(depth);
        }
    }
    all
}

fn entry(task: Option<&mut Task>, key: &str, value: &str, number: usize) {
    let Some(task) = task else { return };
    let list: Vec<String> = match value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(inner) => inner.split(',').map(unquoted).collect(),
        None => vec![unquoted(value)],
    };
    for value in list
        .into_iter()
        .filter(|value| !value.is_empty() && !matches!(value.as_str(), "|" | "|-" | ">" | ">-"))
    {
        match key {
            "cmds" => task.lines.push((number, value)),
            "deps" => task.needs.push(value.trim_start_matches(':').to_owned()),
            _ => {}
        }
    }
}

/// Reads the tasks of a Rakefile; a block ends where a line `end` stands as deep as it began.
fn rakefile(text: &str) -> Vec<Task> {
    let mut all: Vec<Task> = Vec::new();
    let mut spaces: Vec<(usize, String)> = Vec::new();
    let mut open: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let bare = line.trim();
        let depth = indent(line);
        if let Some(deep) = open {
            if bare == "end" && depth <= deep {
                open = None;
            } else if let Some(task) = all.last_mut() {
                task.lines.push((number + 1, bare.to_owned()));
            }
            continue;
        }
        if bare == "end" {
            spaces.retain(|(deep, _)| *deep < depth);
        } else if let Some(rest) = bare.strip_prefix("namespace ") {
            let name = rest.trim_start_matches([':', '"', '\'']);
            let end = name
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(name.len());
            spaces.push((depth, name.get(..end).unwrap_or_default().to_owned()));
        } else if let Some(rest) = bare
            .strip_prefix("task ")
            .or_else(|| bare.strip_prefix("task("))
        {
            let mut task = task_of(rest, &spaces);
            if let Some((_, body)) = rest
                .split_once('{')
                .filter(|(head, _)| !head.contains("=>") || rest.ends_with('}'))
            {
                task.lines
                    .push((number + 1, body.trim_end_matches(['}', ' ']).to_owned()));
            }
            if rest.ends_with(" do") || rest.contains(" do |") {
                open = Some(depth);
            }
            all.push(task);
        }
    }
    all
}

/// Reads `:wipe, [:dir] => [:stop, :other] do`.
fn task_of(rest: &str, spaces: &[(usize, String)]) -> Task {
    let head = rest.split(" do").next().unwrap_or_default();
    let names = |text: &str| -> Vec<String> {
        text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '-')))
            .map(|word| word.trim_matches(':').to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    };
    let (own, needs) = match head.split_once("=>") {
        Some((own, needs)) => (own, names(needs)),
        None => (head, Vec::new()),
    };
    // `task wipe: [:stop]` has its needs behind the name.
    let mut own = names(own).into_iter();
    let name = own.next().unwrap_or_default();
    let short = head
        .split_once(": ")
        .map(|(_, needs)| names(needs))
        .unwrap_or_default();
    let path: Vec<&str> = spaces
        .iter()
        .map(|(_, name)| name.as_str())
        .chain([name.as_str()])
        .collect();
    Task {
        name: path.join(":"),
        needs: needs.into_iter().chain(short).collect(),
        ..Task::default()
    }
}

/// Reads the tasks in a table of a TOML or JSON file.
fn kept(text: &str, table: &[&str], is_toml: bool) -> Vec<Task> {
    let root: Option<serde_json::Value> = if is_toml {
        toml::from_str(text).ok()
    } else {
        serde_json::from_str(text).ok()
    };
    let Some(root) = root else { return Vec::new() };
    let mut at = &root;
    for key in table {
        match at.get(key) {
            Some(next) => at = next,
            None => return Vec::new(),
        }
    }
    let Some(entries) = at.as_object() else {
        return Vec::new();
    };
    entries
        .iter()
        .map(|(name, value)| {
            let mut task = Task {
                name: name.clone(),
                ..Task::default()
            };
            collect(value, &mut task);
            task
        })
        .collect()
}

fn collect(value: &serde_json::Value, task: &mut Task) {
    match value {
        serde_json::Value::String(text) => task.lines.push((1, text.clone())),
        // A list is a sequence of commands, or of other tasks.
        serde_json::Value::Array(list) => {
            for text in list.iter().filter_map(serde_json::Value::as_str) {
                task.lines.push((1, text.to_owned()));
                task.needs.push(text.to_owned());
            }
        }
        serde_json::Value::Object(map) => {
            for key in [
                "cmd",
                "shell",
                "command",
                "script",
                "run",
                "sequence",
                "composite",
                "chain",
                "depends-on",
                "dependencies",
                "depends",
                "deps",
            ] {
                match map.get(key) {
                    Some(serde_json::Value::Array(words)) if key == "command" || key == "cmd" => {
                        let words: Vec<&str> =
                            words.iter().filter_map(serde_json::Value::as_str).collect();
                        task.lines.push((1, words.join(" ")));
                    }
                    Some(inner) => collect(inner, task),
                    None => {}
                }
            }
            if let (
                Some(serde_json::Value::String(program)),
                Some(serde_json::Value::Array(args)),
            ) = (map.get("command"), map.get("args"))
            {
                let args: Vec<&str> = args.iter().filter_map(serde_json::Value::as_str).collect();
                task.lines
                    .push((1, format!("{program} {}", args.join(" "))));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(tasks: &[Task], wanted: &str) -> Vec<String> {
        let all = closure(tasks, &[wanted.to_owned()]);
        all.iter()
            .flat_map(|task| task.lines.iter().map(|(_, line)| line.clone()))
            .collect()
    }

    #[test]
    fn a_taskfile_gives_the_commands_of_a_task_and_of_what_it_needs() {
        let text = "version: '3'\nvars:\n  A: rm\ntasks:\n  a:\n    deps: [b]\n    cmds:\n      - echo a\n      - task: c\n      - cmd: rm -rf x\n        ignore_error: true\n      - |\n        one\n        two\n  b:\n    cmd: echo b\n  c: echo c\n  d:\n    cmds: [echo d]\n";
        let tasks = taskfile(text);
        assert_eq!(
            lines(&tasks, "a"),
            ["echo b", "echo c", "echo a", "rm -rf x", "one", "two"]
        );
        assert_eq!(lines(&tasks, "d"), ["echo d"]);
    }

    #[test]
    fn a_rakefile_gives_the_body_of_a_task_in_its_namespace() {
        let text = "task :default => [:test]\ntask :test do\n  sh 'x'\nend\nnamespace :db do\n  task :nuke => :environment do\n    A.each do |a|\n      a\n    end\n  end\nend\ntask wipe: [:test] do |t|\n  y\nend\n";
        let tasks = rakefile(text);
        assert_eq!(lines(&tasks, "default"), ["sh 'x'"]);
        assert_eq!(lines(&tasks, "db:nuke"), ["A.each do |a|", "a", "end"]);
        assert_eq!(lines(&tasks, "wipe"), ["sh 'x'", "y"]);
    }

    #[test]
    fn tasks_of_project_files_are_texts_tables_and_lists() {
        let text = "[tool.poe.tasks]\nwipe = \"rm -rf data\"\nlint = { cmd = \"ruff check\" }\nall = [\"wipe\", \"lint\"]\n";
        let tasks = kept(text, &["tool", "poe", "tasks"], true);
        assert_eq!(lines(&tasks, "wipe"), ["rm -rf data"]);
        assert!(lines(&tasks, "all").contains(&"rm -rf data".to_owned()));
    }
}
