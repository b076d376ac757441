//! `build.xml` of Ant: the files that a target deletes and the programs that it runs.
//! It reads tags in their order; conditions count as met, and a property that the file does not give leaves a deletion out.

use crate::classify::Context;
use crate::classify::sql::Started;
use crate::model::command::Command;
use crate::model::fact::Needs;

use super::Task;

/// Tags of one file that are read.
const MAX_TAGS: usize = 10_000;
/// Properties of one file that are filled in.
const MAX_PROPERTIES: usize = 200;

pub(super) fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let looks = [
        "-p",
        "-projecthelp",
        "-h",
        "-help",
        "-version",
        "-diagnostics",
    ];
    if command
        .args()
        .iter()
        .any(|word| looks.contains(&word.prefix().as_str()))
    {
        return Vec::new();
    }
    let file = super::value(command, &["-f", "-file", "-buildfile"]);
    let names = [file.as_deref().unwrap_or("build.xml")];
    let Some(source) = super::read(&names, command, context, needs) else {
        return Vec::new();
    };
    let (tasks, default) = targets(&source.text);
    let valued = [
        "-f",
        "-file",
        "-buildfile",
        "-lib",
        "-logger",
        "-listener",
        "-l",
        "-logfile",
        "-propertyfile",
        "-nice",
    ];
    let mut wanted = super::operands(command, &valued);
    if wanted.is_empty() {
        wanted.extend(default);
    }
    super::lines(&tasks, wanted, &source, command)
}

/// A tag: its place, its name and its attributes; a closing one begins with `/`.
struct Tag<'a> {
    at: usize,
    name: &'a str,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        let mut rest = self.rest;
        while let Some((head, tail)) = rest.split_once('=') {
            let quote = tail
                .chars()
                .next()
                .filter(|char| matches!(char, '"' | '\''))?;
            let (value, after) = tail.get(1..)?.split_once(quote)?;
            if head.trim() == key {
                return Some(value);
            }
            rest = after;
        }
        None
    }
}

fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(open) = text
        .get(at..)
        .and_then(|rest| rest.find('<'))
        .map(|found| at + found)
    {
        let rest = text.get(open..).unwrap_or_default();
        if all.len() >= MAX_TAGS {
            break;
        }
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(text.len(), |end| open + end + 3);
            continue;
        }
        let Some(end) = rest.find('>') else { break };
        let inner = rest.get(1..end).unwrap_or_default().trim_end_matches('/');
        let (name, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        all.push(Tag {
            at: open,
            name,
            rest,
        });
        at = open + end + 1;
    }
    all
}

/// Reads the targets, and the one that runs where none is named.
fn targets(text: &str) -> (Vec<Task>, Option<String>) {
    let mut all: Vec<Task> = Vec::new();
    let mut default = None;
    let mut properties: Vec<(&str, String)> = Vec::new();
    let mut deletes = false;
    for tag in tags(text) {
        if tag.name == "property" && properties.len() < MAX_PROPERTIES {
            let value = tag.get("value").or_else(|| tag.get("location"));
            let value = value.map(|value| filled(value, &properties));
            properties.extend(tag.get("name").zip(value));
        }
        let value = |key: &str| tag.get(key).map(|value| filled(value, &properties));
        match tag.name {
            "project" => default = tag.get("default").map(str::to_owned),
            "target" => {
                let needs = tag.get("depends").unwrap_or_default().split(',');
                all.push(Task {
                    name: tag.get("name").unwrap_or_default().to_owned(),
                    needs: needs.map(|name| name.trim().to_owned()).collect(),
                    lines: Vec::new(),
                });
            }
            _ => {}
        }
        let Some(task) = all.last_mut() else { continue };
        match tag.name {
            "delete" => {
                deletes = true;
                let gone = value("dir").or_else(|| value("file"));
                let line = gone.and_then(|path| super::removal(&path, &task.name));
                task.lines.extend(line.map(|line| (tag.at, line)));
            }
            "/delete" => deletes = false,
            "fileset" if deletes => {
                let line = value("dir").and_then(|path| super::removal(&path, &task.name));
                task.lines.extend(line.map(|line| (tag.at, line)));
            }
            "exec" => {
                deletes = false;
                let program = value("executable").unwrap_or_default();
                task.lines.push((tag.at, super::quoted(&program)));
            }
            "arg" => {
                let line = value("line");
                let text = line.or_else(|| value("value").map(|value| super::quoted(&value)));
                if let (Some((_, last)), Some(text)) = (task.lines.last_mut(), text)
                    && last.starts_with('\'')
                {
                    last.push(' ');
                    last.push_str(&text);
                }
            }
            "antcall" => task.needs.extend(tag.get("target").map(str::to_owned)),
            _ => {}
        }
    }
    (all, default)
}

fn filled(value: &str, properties: &[(&str, String)]) -> String {
    let mut out = value.replace("${basedir}", ".");
    for (name, value) in properties.iter().filter(|_| value.contains("${")) {
        out = out.replace(&format!("${{{name}}}"), value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_deletes_what_its_tags_name() {
        let text = r#"<project default="all"><property name="d" value="data"/>
<target name="all" depends="wipe"/>
<!-- <target name="no"><delete dir="x"/></target> -->
<target name="wipe"><delete dir="${d}/a"/><delete><fileset dir="old"/></delete><delete dir="${unknown}"/>
<exec executable="dropdb"><arg value="shop"/></exec></target>
<target name="clean"><delete dir="out"/><delete dir="/srv/data"/></target></project>"#;
        let (tasks, default) = targets(text);
        assert_eq!(default.as_deref(), Some("all"));
        let lines = |name: &str| -> Vec<String> {
            let task = tasks.iter().find(|task| task.name == name);
            task.iter()
                .flat_map(|task| &task.lines)
                .map(|(_, line)| line.clone())
                .collect()
        };
        assert_eq!(
            lines("wipe"),
            ["rm -rf -- 'data/a'", "rm -rf -- 'old'", "'dropdb' 'shop'"]
        );
        assert_eq!(lines("clean"), ["rm -rf -- '/srv/data'"]);
        assert_eq!(tasks.len(), 3);
    }
}
