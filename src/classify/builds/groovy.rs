//! Build files of Gradle and sbt, and `dodo.py` of doit: what a task deletes and runs, as far as it stands there in words.
//! What a variable names is left out: in such files it is nearly always what the build has made.

use crate::classify::Context;
use crate::classify::code::tokens::{Language, Token, placed};
use crate::classify::sql::Started;
use crate::model::command::Command;
use crate::model::fact::Needs;

use super::Task;

/// Tokens between the name of a call and the end of what it is given.
const MAX_ARGUMENTS: usize = 200;

pub(super) fn started(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Started> {
    let looks = ["-m", "--dry-run", "--help", "-h", "-?", "--version", "-v"];
    let words: Vec<String> = command
        .args()
        .iter()
        .map(crate::model::word::Word::prefix)
        .collect();
    if words.iter().any(|word| looks.contains(&word.as_str())) {
        return Vec::new();
    }
    let valued = [
        "-p",
        "--project-dir",
        "-b",
        "--build-file",
        "-x",
        "--exclude-task",
        "-c",
        "-I",
        "--init-script",
        "-g",
        "--console",
        "--max-workers",
        "--tests",
    ];
    let asked = super::operands(command, &valued);
    if asked.is_empty() {
        return Vec::new();
    }
    let folder = super::value(command, &["-p", "--project-dir"]);
    let file = super::value(command, &["-b", "--build-file"]);
    let within = asked
        .iter()
        .find_map(|task| task.trim_start_matches(':').rsplit_once(':'));
    let mut names: Vec<String> = Vec::new();
    names.extend(file);
    if program == "sbt" {
        names.push("build.sbt".to_owned());
    } else {
        let folder = folder.or_else(|| within.map(|(project, _)| project.replace(':', "/")));
        for name in ["build.gradle", "build.gradle.kts"] {
            names.extend(folder.as_ref().map(|folder| format!("{folder}/{name}")));
            names.push(name.to_owned());
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(source) = super::read(&names, command, context, needs) else {
        return Vec::new();
    };
    let wanted = asked.iter().map(|task| {
        task.rsplit([':', '/'])
            .next()
            .unwrap_or(task)
            .trim()
            .to_owned()
    });
    let tasks = tasks(&source.text);
    super::lines(&tasks, wanted.collect(), &source, command)
}

/// Tokens of a file, each with its place.
struct File {
    tokens: Vec<(Token, usize)>,
}

impl File {
    fn name(&self, at: usize) -> &str {
        match self.tokens.get(at) {
            Some((Token::Name { name, .. }, _)) => name,
            _ => "",
        }
    }

    fn text(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at) {
            Some((Token::Text { text, holes, .. }, _)) if holes.is_empty() => Some(text),
            _ => None,
        }
    }

    fn is(&self, at: usize, sign: char) -> bool {
        matches!(self.tokens.get(at), Some((Token::Sign(found), _)) if *found == sign)
    }

    /// Returns the strings that a call is given, to the end of its brackets or of its line.
    fn given(&self, call: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut depth = 0_usize;
        for at in call + 1..call + MAX_ARGUMENTS {
            match self.tokens.get(at).map(|(token, _)| token) {
                Some(Token::Sign('(' | '[' | '{')) => depth += 1,
                Some(Token::Sign(')' | ']' | '}')) if depth <= 1 => break,
                Some(Token::Sign(')' | ']' | '}')) => depth -= 1,
                Some(Token::Line | Token::Sign(';')) if depth == 0 && !self.is(at - 1, ',') => {
                    break;
                }
                Some(Token::Text { .. }) => all.extend(self.text(at).map(str::to_owned)),
                None => break,
                _ => {}
            }
        }
        all
    }

    /// Returns where the block begins and ends that opens at or shortly behind a place.
    fn block(&self, from: usize) -> Option<(usize, usize)> {
        let open = (from..from + 16).find(|at| self.is(*at, '{'))?;
        let line = (from..open).any(|at| matches!(self.tokens.get(at), Some((Token::Line, _))));
        if line {
            return None;
        }
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            if self.is(at, '{') {
                depth += 1;
            } else if self.is(at, '}') {
                depth -= 1;
                if depth == 0 {
                    return Some((open, at));
                }
            }
        }
        Some((open, self.tokens.len()))
    }

    /// Returns the name of the task that a statement defines.
    fn defined(&self, at: usize) -> Option<(String, usize)> {
        match self.name(at) {
            // `task wipe(type: Delete) {`, `task("wipe") {`.
            "task" => {
                let next = usize::from(self.is(at + 1, '(')) + at + 1;
                let named = self.text(next).or(Some(self.name(next)));
                named
                    .filter(|name| !name.is_empty())
                    .map(|name| (name.to_owned(), next))
            }
            "tasks.register" | "tasks.create" | "tasks.named" | "project.task" => (at + 1..at + 8)
                .find_map(|next| self.text(next).map(|name| (name.to_owned(), next))),
            // `val wipe by tasks.registering(Delete::class) {`.
            "val" if self.name(at + 2) == "by" => Some((self.name(at + 1).to_owned(), at + 2)),
            // `wipe := {` of sbt.
            name if self.is(at + 1, ':') && self.is(at + 2, '=') => Some((name.to_owned(), at + 2)),
            // `wipe.doLast {`, `clean {`.
            name => {
                let name = name
                    .trim_end_matches(".doLast")
                    .trim_end_matches(".doFirst");
                let plain = self.is(at + 1, '{') && !name.is_empty() && !name.contains('.');
                plain.then(|| (name.to_owned(), at + 1))
            }
        }
    }
}

/// Reads the tasks of a build file; a block of another name that stands outside all tasks is one of its own.
fn tasks(text: &str) -> Vec<Task> {
    let file = File {
        tokens: placed(text, Language::Groovy),
    };
    let mut all = Vec::new();
    let mut at = 0;
    while at < file.tokens.len() {
        let found = file
            .defined(at)
            .and_then(|(name, from)| Some((name, file.block(from)?)));
        if let Some((name, (open, end))) = found {
            all.push(task(&file, name, at, open, end));
            at = end;
        }
        at += 1;
    }
    all
}

fn task(file: &File, name: String, from: usize, open: usize, end: usize) -> Task {
    let mut task = Task {
        name,
        ..Task::default()
    };
    for at in from..end {
        let place = file.tokens.get(at).map_or(0, |(_, place)| *place);
        let word = file.name(at);
        let last = word.rsplit('.').next().unwrap_or(word);
        let inside = at > open;
        let mut run = |text: String| task.lines.push((place, text));
        match last {
            "dependsOn" | "finalizedBy" => {
                let names = file.given(at);
                task.needs.extend(names);
                let bare = file.name(at + 1 + usize::from(file.is(at + 1, '(')));
                task.needs
                    .extend(Some(bare.to_owned()).filter(|name| !name.is_empty()));
            }
            "delete" if inside => {
                let all = file.given(at);
                all.iter()
                    .filter_map(|path| super::removal(path, &task.name))
                    .for_each(|line| task.lines.push((place, line)));
            }
            // `file('data').deleteDir()`, `new File("data").deleteDir()`.
            "deleteDir" | "deleteRecursively" if inside => {
                let back = (at.saturating_sub(4)..at)
                    .rev()
                    .find_map(|at| file.text(at));
                let line = back.and_then(|path| super::removal(path, &task.name));
                task.lines.extend(line.map(|line| (place, line)));
            }
            "commandLine" if inside => {
                let words: Vec<String> = file
                    .given(at)
                    .iter()
                    .map(|word| super::quoted(word))
                    .collect();
                if !words.is_empty() {
                    run(words.join(" "));
                }
            }
            "execute" if inside && word.starts_with('.') => {
                if let Some(line) = at.checked_sub(1).and_then(|before| file.text(before)) {
                    run(line.to_owned());
                }
            }
            _ => {}
        }
        // `"rm -rf x".!` of sbt.
        let shell = file.is(at + 1, '.') && (file.is(at + 2, '!'));
        if let Some(line) = file.text(at).filter(|_| shell && inside) {
            task.lines.push((place, line.to_owned()));
        }
    }
    task
}

/// `doit NAME`: the actions of `def task_NAME`.
pub(super) fn listed(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let asked = super::operands(command, &["-f", "--file", "-d", "--dir", "-n", "--process"]);
    let mut asked = asked.into_iter().filter(|word| word != "run").peekable();
    let others = [
        "list",
        "help",
        "info",
        "clean",
        "forget",
        "ignore",
        "dumpdb",
        "reset-dep",
        "strace",
        "tabcompletion",
    ];
    if asked
        .peek()
        .is_some_and(|first| others.contains(&first.as_str()))
    {
        return Vec::new();
    }
    let file = super::value(command, &["-f", "--file"]);
    let names = [file.as_deref().unwrap_or("dodo.py")];
    let Some(source) = super::read(&names, command, context, needs) else {
        return Vec::new();
    };
    let tasks = actions(&source.text);
    let mut wanted: Vec<String> = asked
        .map(|name| name.split(':').next().unwrap_or_default().to_owned())
        .collect();
    if wanted.is_empty() {
        wanted = tasks.iter().map(|task| task.name.clone()).collect();
    }
    super::lines(&tasks, wanted, &source, command)
}

fn actions(text: &str) -> Vec<Task> {
    let file = File {
        tokens: placed(text, Language::Python),
    };
    let mut all: Vec<Task> = Vec::new();
    for at in 0..file.tokens.len() {
        if file.name(at) == "def" {
            let name = file.name(at + 1).strip_prefix("task_").unwrap_or_default();
            all.push(Task {
                name: name.to_owned(),
                ..Task::default()
            });
        }
        let (Some(key), Some(task)) = (file.text(at), all.last_mut()) else {
            continue;
        };
        if !(file.is(at + 1, ':') && file.is(at + 2, '[')) {
            continue;
        }
        let place = file.tokens.get(at).map_or(0, |(_, place)| *place);
        match key {
            "actions" => task
                .lines
                .extend(file.given(at + 1).into_iter().map(|line| (place, line))),
            "task_dep" | "setup" => task.needs.extend(file.given(at + 1)),
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tasks: &[Task], name: &str) -> Vec<String> {
        let found = tasks.iter().filter(|task| task.name == name);
        found
            .flat_map(|task| &task.lines)
            .map(|(_, line)| line.clone())
            .collect()
    }

    #[test]
    fn a_task_of_gradle_deletes_and_runs_what_it_names() {
        let text = "plugins { id 'java' }\n\
            task wipe(type: Delete) { delete 'data', \"$buildDir/x\" }\n\
            tasks.register('gone', Delete) {\n    dependsOn 'wipe'\n    delete fileTree('old')\n}\n\
            task sh(type: Exec) { commandLine 'rm', '-rf', 'data' }\n\
            task now { doLast { file('uploads').deleteDir(); 'dropdb shop'.execute() } }\n\
            clean { delete 'out' }\n\
            task tidy(type: Delete) { delete buildDir }\n";
        let tasks = tasks(text);
        assert_eq!(of(&tasks, "wipe"), ["rm -rf -- 'data'"]);
        assert_eq!(of(&tasks, "gone"), ["rm -rf -- 'old'"]);
        assert_eq!(of(&tasks, "sh"), ["'rm' '-rf' 'data'"]);
        assert_eq!(of(&tasks, "now"), ["rm -rf -- 'uploads'", "dropdb shop"]);
        assert!(of(&tasks, "clean").is_empty() && of(&tasks, "tidy").is_empty());
        let gone = tasks.iter().find(|task| task.name == "gone");
        assert!(gone.is_some_and(|task| task.needs.contains(&"wipe".to_owned())));
    }

    #[test]
    fn the_kotlin_form_and_sbt_say_the_same() {
        let kotlin = tasks(
            "tasks.register<Delete>(\"wipe\") {\n    delete(\"data\")\n}\nval gone by tasks.registering(Exec::class) { commandLine(\"rm\", \"-rf\", \"data\") }\n",
        );
        assert_eq!(of(&kotlin, "wipe"), ["rm -rf -- 'data'"]);
        assert_eq!(of(&kotlin, "gone"), ["'rm' '-rf' 'data'"]);
        let sbt =
            tasks("lazy val wipe = taskKey[Unit](\"x\")\nwipe := { IO.delete(file(\"data\")) }\n");
        assert_eq!(of(&sbt, "wipe"), ["rm -rf -- 'data'"]);
    }

    #[test]
    fn doit_runs_the_actions_of_its_tasks() {
        let text = "def task_wipe():\n    return {'actions': ['rm -rf data', (f, [1])], 'task_dep': ['a']}\ndef task_a():\n    return {\n        'actions': ['echo a'],\n    }\n";
        let tasks = actions(text);
        assert_eq!(of(&tasks, "wipe"), ["rm -rf data"]);
        assert_eq!(of(&tasks, "a"), ["echo a"]);
    }
}
