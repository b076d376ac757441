//! `Gruntfile.js` and `gulpfile.js`: what plugins are told to take away or to start, which no code of the file says itself.
//! It reads the settings as text; tasks that are functions are the work of the family `code`.

use std::collections::BTreeMap;

use crate::classify::Context;
use crate::classify::code;
use crate::classify::sql::Started;
use crate::classify::sql::source::Source;
use crate::classify::tree::{self, Node};
use crate::model::command::Command;
use crate::model::fact::Needs;
use crate::model::span::Span;

use super::{Task, lines, operands, read, removal};

/// Bytes of one plugin's settings.
const MAX_SETTINGS: usize = 262_144;
/// Places in one file that are looked at.
const MAX_PLACES: usize = 5_000;

/// Plugins of Grunt that start a text.
const SHELLS: [&str; 5] = ["shell", "exec", "run", "bgShell", "execute"];
/// Plugins of gulp through which a stream of files is taken away.
const REMOVERS: [&str; 7] = [
    "clean(",
    "rimraf(",
    "del(",
    "gulpClean(",
    "vinylPaths(",
    "cleanDest(",
    "deleteFiles(",
];

/// Returns the lines of the tasks that are asked for.
pub(super) fn started(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Started> {
    let looks = [
        "--help",
        "-h",
        "--version",
        "-V",
        "--tasks",
        "-T",
        "--no-write",
    ];
    let words = command.args().iter().map(|word| word.prefix());
    if words.into_iter().any(|word| looks.contains(&word.as_str())) {
        return Vec::new();
    }
    match program {
        "grunt" => grunt(command, context, needs),
        _ => gulp(command, context, needs),
    }
}

fn grunt(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let file = super::value(command, &["--gruntfile"]);
    let names = [
        file.as_deref().unwrap_or("Gruntfile.js"),
        "Gruntfile.js",
        "gruntfile.js",
        "Gruntfile.cjs",
    ];
    let Some(source) = read(&names, command, context, needs) else {
        return Vec::new();
    };
    let mut tasks = aliases(&source.text);
    tasks.extend(settings(&source.text, "clean", removed));
    for plugin in SHELLS {
        tasks.extend(settings(&source.text, plugin, run));
    }
    let mut wanted = operands(command, &["--gruntfile", "--base", "--tasks"]);
    if wanted.is_empty() {
        wanted.push("default".to_owned());
    }
    lines(&tasks, wanted, &source, command)
}

/// `grunt.registerTask('default', ['clean:data', 'build'])`.
fn aliases(text: &str) -> Vec<Task> {
    let mut all = Vec::new();
    for (at, word) in text.match_indices("registerTask(").take(MAX_PLACES) {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let end = rest.find([')', '{']).unwrap_or(rest.len());
        let mut names = strings(rest.get(..end).unwrap_or_default()).into_iter();
        if let Some(name) = names.next() {
            all.push(Task {
                name,
                needs: names.collect(),
                lines: Vec::new(),
            });
        }
    }
    all
}

/// Reads `plugin: { target: … }` of the settings: one task for each target, and one for all of them.
fn settings(text: &str, plugin: &str, line: fn(&Node) -> Vec<String>) -> Vec<Task> {
    let Some((at, node)) = setting(text, plugin) else {
        return Vec::new();
    };
    let task = |name: String, lines: Vec<String>| Task {
        name,
        needs: Vec::new(),
        lines: lines.into_iter().map(|line| (at, line)).collect(),
    };
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    match &node {
        Node::Map(entries) => {
            for (target, value) in entries.iter().filter(|(name, _)| name != "options") {
                let found = line(value);
                all.entry(plugin.to_owned())
                    .or_default()
                    .extend(found.clone());
                all.insert(format!("{plugin}:{target}"), found);
            }
        }
        other => {
            all.insert(plugin.to_owned(), line(other));
        }
    }
    all.into_iter()
        .map(|(name, lines)| task(name, lines))
        .collect()
}

/// Finds the value of a plugin's key and reads it as what it is: a list or a map.
fn setting(text: &str, plugin: &str) -> Option<(usize, Node)> {
    let quoted = [
        format!("{plugin}:"),
        format!("'{plugin}':"),
        format!("\"{plugin}\":"),
    ];
    let from = text.find("initConfig")?;
    let body = text.get(from..)?;
    for key in &quoted {
        for (at, _) in body.match_indices(key.as_str()).take(MAX_PLACES) {
            let before = body.get(..at).and_then(|text| text.chars().last());
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '\'') {
                continue;
            }
            let rest = body.get(at + key.len()..)?;
            let skipped = rest.len() - rest.trim_start().len();
            let value = balanced(rest.trim_start());
            let flow: String = value
                .split('\n')
                .map(without_remark)
                .collect::<Vec<_>>()
                .join(" ");
            if let Ok(documents) = tree::read(&flow)
                && let Some(node) = documents.into_iter().next()
            {
                return Some((from + at + key.len() + skipped, node));
            }
        }
    }
    None
}

fn without_remark(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") { "" } else { line }
}

/// Returns the brackets at the beginning of a text with all in them.
fn balanced(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    for (at, letter) in text.char_indices().take(MAX_SETTINGS) {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (None, '{' | '[' | '(') => depth += 1,
            (None, '}' | ']' | ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(..=at).unwrap_or(text);
                }
            }
            (None, ',' | '\n') if depth == 0 => return text.get(..at).unwrap_or(text),
            _ => {}
        }
    }
    text
}

/// What a target of `clean` takes away.
fn removed(node: &Node) -> Vec<String> {
    let source = node.get("src").unwrap_or(node);
    if matches!(source, Node::Map(_)) {
        return Vec::new();
    }
    let paths = source
        .texts()
        .into_iter()
        .filter(|path| !path.starts_with('!'));
    paths.filter_map(|path| removal(path, "clean")).collect()
}

/// What a target of a shell plugin starts.
fn run(node: &Node) -> Vec<String> {
    let command = ["command", "cmd", "exec"]
        .iter()
        .find_map(|key| node.get(key));
    let source = command.unwrap_or(node);
    match source {
        Node::Map(_) => Vec::new(),
        other => other.texts().into_iter().map(str::to_owned).collect(),
    }
}

fn gulp(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let Some(source) = code::of_tasks(command, context, needs) else {
        return Vec::new();
    };
    let text = &source.text;
    let mut all: Vec<(usize, String)> = Vec::new();
    for (at, word) in text.match_indices("src(").take(MAX_PLACES) {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find([';', '\n']).unwrap_or(rest.len());
        let statement = stream(rest, end);
        let is_removed = REMOVERS.iter().any(|name| {
            let pipe = statement.find(&format!(".pipe({name}"));
            pipe.is_some()
        });
        if is_removed {
            let given = balanced(rest.get(word.len() - 1..).unwrap_or_default());
            let first = given.split('{').next().unwrap_or(given);
            let paths = strings(first)
                .into_iter()
                .filter(|path| !path.starts_with('!'));
            all.extend(paths.filter_map(|path| Some((at, removal(&path, "clean")?))));
        }
    }
    let places = text
        .match_indices("shell.task(")
        .chain(text.match_indices("gulpShell.task("));
    for (at, word) in places.take(MAX_PLACES) {
        let given = balanced(text.get(at + word.len() - 1..).unwrap_or_default());
        all.extend(strings(given).into_iter().map(|line| (at, line)));
    }
    started_at(all, &source, command)
}

/// A statement with the lines that go on with `.pipe`.
fn stream(rest: &str, end: usize) -> &str {
    let mut to = end;
    while let Some(more) = rest.get(to..)
        && more.trim_start().starts_with(".pipe")
    {
        let lead = more.len() - more.trim_start().len();
        let line = more.get(lead..).unwrap_or_default();
        to += lead + line.find([';', '\n']).unwrap_or(line.len());
    }
    rest.get(..to).unwrap_or(rest)
}

fn started_at(all: Vec<(usize, String)>, source: &Source, command: &Command) -> Vec<Started> {
    let one = |(at, text): (usize, String)| Started {
        text,
        origin: source.origin(Span::new(at, at + 1), &command.origin),
    };
    all.into_iter().map(one).collect()
}

/// Returns the strings of a text.
fn strings(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let quote = rest.get(at..=at).unwrap_or_default();
        let after = rest.get(at + 1..).unwrap_or_default();
        let Some(end) = after.find(quote) else { break };
        all.extend(after.get(..end).map(str::to_owned));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tasks: &[Task], name: &str) -> Vec<String> {
        let found = tasks.iter().filter(|task| task.name == name);
        let lines = found.flat_map(|task| &task.lines);
        lines.map(|(_, line)| line.clone()).collect()
    }

    #[test]
    fn settings_of_grunt_are_read_target_by_target() {
        let text = "module.exports = g => { g.initConfig({\n clean: { data: ['uploads/**'], build: ['dist'] },\n shell: { wipe: { command: 'rm -rf data' } },\n exec: { drop: 'dropdb shop' } });\n g.registerTask('default', ['clean:data']); };";
        let clean = settings(text, "clean", removed);
        assert_eq!(named(&clean, "clean:data"), ["rm -rf -- 'uploads'"]);
        assert_eq!(named(&clean, "clean:build"), Vec::<String>::new());
        assert_eq!(named(&clean, "clean"), ["rm -rf -- 'uploads'"]);
        assert_eq!(
            named(&settings(text, "shell", run), "shell:wipe"),
            ["rm -rf data"]
        );
        assert_eq!(
            named(&settings(text, "exec", run), "exec:drop"),
            ["dropdb shop"]
        );
        let default = aliases(text);
        assert_eq!(
            default.first().map(|task| task.needs.clone()),
            Some(vec!["clean:data".to_owned()])
        );
    }

    #[test]
    fn a_stream_goes_on_over_lines() {
        let text = "src('a')\n  .pipe(x())\n  .pipe(clean());\nsrc('b');";
        let end = text.find('\n').unwrap();
        assert!(stream(text, end).ends_with("clean())"));
    }
}
