//! Files of settings as values: JSON, TOML, YAML and INI, with the types that a program finds in them.
//! It reads texts only; which file a code reads, and whether it still says so then, is told elsewhere.

use crate::classify::tree::{self, Node};

use super::super::tokens::Language;
use super::sure::Sure;

/// Bytes of a file beyond which it is no file of settings.
const MAX_BYTES: usize = 1 << 16;

/// In which way a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Toml,
    Yaml,
    Ini,
}

/// Returns what a file of settings says; nothing where that depends on more than its text.
pub(super) fn parsed(text: &str, form: Form, language: Language) -> Option<Sure> {
    if text.len() > MAX_BYTES || text.contains(crate::sql::HOLE) {
        return None;
    }
    match form {
        Form::Json => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            serde_json::from_str(text).ok().map(of_json)
        }
        Form::Toml => text.parse::<toml::Table>().ok().map(of_table),
        Form::Yaml => of_yaml(text, language),
        Form::Ini => of_ini(text),
    }
}

fn of_json(value: serde_json::Value) -> Sure {
    match value {
        serde_json::Value::Null => Sure::Nothing,
        serde_json::Value::Bool(is) => Sure::Truth(is),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Sure::Number(number),
            None => Sure::Other(number.as_f64() != Some(0.0)),
        },
        serde_json::Value::String(text) => Sure::Text(text),
        serde_json::Value::Array(items) => Sure::List(items.into_iter().map(of_json).collect()),
        serde_json::Value::Object(entries) => Sure::Map(
            entries
                .into_iter()
                .map(|(name, value)| (name, of_json(value)))
                .collect(),
        ),
    }
}

fn of_table(table: toml::Table) -> Sure {
    let entries = table.into_iter();
    Sure::Map(
        entries
            .map(|(name, value)| (name, of_toml(value)))
            .collect(),
    )
}

fn of_toml(value: toml::Value) -> Sure {
    match value {
        toml::Value::String(text) => Sure::Text(text),
        toml::Value::Integer(number) => Sure::Number(number),
        toml::Value::Float(number) => Sure::Other(number != 0.0),
        toml::Value::Boolean(is) => Sure::Truth(is),
        toml::Value::Datetime(_) => Sure::Other(true),
        toml::Value::Array(items) => Sure::List(items.into_iter().map(of_toml).collect()),
        toml::Value::Table(table) => of_table(table),
    }
}

/// A scalar of YAML, and whether it stands there without quotes.
#[derive(Clone)]
struct Scalar {
    text: String,
    plain: bool,
}

impl AsRef<str> for Scalar {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

fn of_yaml(text: &str, language: Language) -> Option<Sure> {
    // Tags make values of other kinds, and several documents are read in other ways.
    if text.contains('!') {
        return None;
    }
    let signs: Vec<char> = text.chars().collect();
    let leaf = |value: &str, span: saphyr_parser::Span| {
        let first = signs.get(span.start.index());
        Scalar {
            text: value.to_owned(),
            plain: !matches!(first, Some('"' | '\'' | '|' | '>')),
        }
    };
    let documents = tree::read_with(text, leaf).ok()?;
    let [document] = documents.as_slice() else {
        return None;
    };
    of_node(document, language)
}

fn of_node(node: &Node<Scalar>, language: Language) -> Option<Sure> {
    Some(match node {
        Node::Text(scalar) if !scalar.plain => Sure::Text(scalar.text.clone()),
        Node::Text(scalar) => plain(&scalar.text, language)?,
        Node::List(items) => {
            let items = items.iter().map(|item| of_node(item, language));
            Sure::List(items.collect::<Option<_>>()?)
        }
        Node::Map(entries) => {
            // Symbols of Ruby are no texts.
            let entries = entries.iter().map(|(name, node)| {
                let node = of_node(node, language).filter(|_| !name.starts_with(':'));
                Some((name.clone(), node?))
            });
            Sure::Map(entries.collect::<Option<_>>()?)
        }
    })
}

/// A scalar without quotes, which readers of YAML take for more than a text.
fn plain(text: &str, language: Language) -> Option<Sure> {
    let lower = text.to_ascii_lowercase();
    if text.starts_with(':') {
        return None;
    }
    Some(match lower.as_str() {
        "" | "~" | "null" => Sure::Nothing,
        "true" => Sure::Truth(true),
        "false" => Sure::Truth(false),
        // Older readers take them for truths, newer ones for texts.
        "yes" | "on" if language != Language::Javascript => Sure::Truth(true),
        "no" | "off" if language != Language::Javascript => Sure::Truth(false),
        "yes" | "on" | "no" | "off" | "y" | "n" => return None,
        _ => match text.parse::<i64>() {
            Ok(number) if !text.starts_with(['0', '+', '-']) || text == "0" => Sure::Number(number),
            // Octal numbers, numbers with points and underscores, dates, times.
            _ if text.starts_with(|sign: char| sign.is_ascii_digit() || "+-.".contains(sign))
                && text.contains(|sign: char| sign.is_ascii_digit())
                && text
                    .chars()
                    .all(|sign| sign.is_ascii_hexdigit() || "+-._:xoTZ ".contains(sign)) =>
            {
                Sure::Other(true)
            }
            _ => Sure::Text(text.to_owned()),
        },
    })
}

/// Sections with their settings; what `[DEFAULT]` says counts in all of them.
fn of_ini(text: &str) -> Option<Sure> {
    let mut sections: Vec<(String, Vec<(String, Sure)>)> = Vec::new();
    let mut common: Vec<(String, Sure)> = Vec::new();
    let mut within: Option<String> = None;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        // A value that goes on, or one that is put together from others.
        if line.starts_with([' ', '\t']) || bare.contains(['%', '$']) {
            return None;
        }
        if let Some(name) = bare.strip_prefix('[') {
            let name = name.split(']').next()?.to_owned();
            if name != "DEFAULT" {
                sections.push((name.clone(), Vec::new()));
            }
            within = Some(name);
            continue;
        }
        let (name, value) = bare.split_once(['=', ':'])?;
        let entry = (
            name.trim().to_lowercase(),
            Sure::Text(value.trim().to_owned()),
        );
        match within.as_deref()? {
            "DEFAULT" => common.push(entry),
            _ => sections.last_mut()?.1.push(entry),
        }
    }
    let entries = sections.into_iter().map(|(name, mut own)| {
        for (key, value) in &common {
            if !own.iter().any(|(name, _)| name == key) {
                own.push((key.clone(), value.clone()));
            }
        }
        (name, Sure::Map(own))
    });
    Some(Sure::Map(entries.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Sure {
        Sure::Text(text.to_owned())
    }

    #[test]
    fn a_file_of_settings_is_read_with_its_types() {
        let language = Language::Python;
        let all = [
            (
                Form::Json,
                r#"{"a": {"dir": "data", "keep": 4, "dry": false}}"#,
            ),
            (Form::Toml, "[a]\ndir = \"data\"\nkeep = 4\ndry = false\n"),
            (Form::Yaml, "a:\n  dir: data\n  keep: 4\n  dry: no\n"),
            (Form::Yaml, "a: {dir: 'data', keep: 4, dry: false}\n"),
        ];
        for (form, written) in all {
            let found = parsed(written, form, language);
            let a = found.as_ref().and_then(|all| all.key("a"));
            let key = |name: &str| a.and_then(|a| a.key(name)).cloned();
            assert_eq!(key("dir"), Some(text("data")), "{written}");
            assert_eq!(key("keep"), Some(Sure::Number(4)), "{written}");
            assert_eq!(key("dry"), Some(Sure::Truth(false)), "{written}");
        }
        let ini = "[DEFAULT]\ndry = yes\n; why\n[a]\nDir = data\n[b]\ndry: no\n";
        let found = parsed(ini, Form::Ini, language);
        let key = |section: &str, name: &str| {
            let section = found.as_ref()?.key(section)?;
            section.key(name).cloned()
        };
        assert_eq!(key("a", "dir"), Some(text("data")));
        assert_eq!(key("a", "dry"), Some(text("yes")));
        assert_eq!(key("b", "dry"), Some(text("no")));
    }

    #[test]
    fn what_depends_on_more_than_the_text_is_not_read() {
        let language = Language::Python;
        for (form, written) in [
            (Form::Json, "{'a': 1}"),
            (Form::Json, "x"),
            (Form::Toml, "a = "),
            (Form::Yaml, "a: !env HOME\n"),
            (Form::Yaml, "a: 1\n---\nb: 2\n"),
            (Form::Ini, "[a]\ndir = %(home)s/data\n"),
            (Form::Ini, "[a]\ndir = x\n  y\n"),
            (Form::Ini, "dir = x\n"),
        ] {
            assert_eq!(parsed(written, form, language), None, "{written}");
        }
        let quoted = parsed("a: 'false'\n", Form::Yaml, language);
        let quoted = quoted.as_ref().and_then(|all| all.key("a"));
        assert_eq!(quoted, Some(&text("false")));
        assert_eq!(parsed("a: off\n", Form::Yaml, Language::Javascript), None);
    }
}
