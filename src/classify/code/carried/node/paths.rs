//! `path` of Node: names of files put together and taken apart.
//! It looks at no file.

use super::tree::Name;
use super::value::{Outcome, Stop, Value};

/// Works out what a function of `path` makes of its texts.
pub(super) fn worked_out(key: &str, texts: &[Name], here: &str) -> Outcome<Value> {
    let first = texts.first().map_or("", |text| &**text);
    let text = match (key, texts) {
        ("join", _) => {
            let parts: Vec<&str> = texts
                .iter()
                .map(|text| &**text)
                .filter(|text| !text.is_empty())
                .collect();
            normal(&parts.join("/"))
        }
        ("resolve", _) => resolved(texts, here),
        ("normalize", [_]) => normal(first),
        // Of doubled signs one stays there, which nobody means.
        ("dirname" | "parse", [_]) if first.contains("//") => return Err(Stop::Lost),
        ("dirname", [_]) => folder(first),
        ("basename", [_]) => last(first).to_owned(),
        ("basename", [_, end]) => {
            if *first == **end {
                return Ok(Value::text(""));
            }
            let name = last(first);
            let short = name.strip_suffix(&**end).filter(|short| !short.is_empty());
            short.unwrap_or(name).to_owned()
        }
        ("extname", [_]) => ending(last(first)).to_owned(),
        ("isAbsolute", [_]) => return Ok(Value::Bool(first.starts_with('/'))),
        ("relative", [_, to]) => {
            let from = resolved(std::slice::from_ref(texts.first().ok_or(Stop::Lost)?), here);
            let to = resolved(std::slice::from_ref(to), here);
            between(&from, &to)
        }
        ("parse", [_]) => {
            let name = last(first);
            let end = ending(name);
            let root = if first.starts_with('/') { "/" } else { "" };
            let above = match folder(first) {
                above if above == "." && !first.trim_end_matches('/').contains('/') => {
                    String::new()
                }
                above => above,
            };
            return Ok(Value::object(vec![
                ("root", Value::text(root)),
                ("dir", Value::text(&above)),
                ("base", Value::text(name)),
                ("ext", Value::text(end)),
                ("name", Value::text(name.strip_suffix(end).unwrap_or(name))),
            ]));
        }
        _ => return Err(Stop::Lost),
    };
    Ok(Value::text(&text))
}

fn parts(path: &str) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if all.last().is_some_and(|last| *last != "..") => {
                all.pop();
            }
            ".." if path.starts_with('/') => {}
            other => all.push(other),
        }
    }
    all
}

fn normal(path: &str) -> String {
    let inner = parts(path).join("/");
    let end = if path.ends_with('/') && !inner.is_empty() {
        "/"
    } else {
        ""
    };
    match (path.starts_with('/'), inner.is_empty()) {
        (true, _) => format!("/{inner}{end}"),
        (false, true) if path.ends_with('/') => "./".to_owned(),
        (false, true) => ".".to_owned(),
        (false, false) => format!("{inner}{end}"),
    }
}

fn resolved(texts: &[Name], here: &str) -> String {
    let mut whole = String::new();
    for text in texts.iter().rev().map(|text| &**text).chain([here]) {
        if text.is_empty() {
            continue;
        }
        whole = if whole.is_empty() {
            text.to_owned()
        } else {
            format!("{text}/{whole}")
        };
        if text.starts_with('/') {
            break;
        }
    }
    format!("/{}", parts(&whole).join("/"))
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

fn folder(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.is_empty() { "." } else { "/" }.to_owned();
    }
    match trimmed.rsplit_once('/') {
        None => ".".to_owned(),
        Some((above, _)) if above.trim_end_matches('/').is_empty() => "/".to_owned(),
        Some((above, _)) => above.trim_end_matches('/').to_owned(),
    }
}

fn ending(name: &str) -> &str {
    match name.rfind('.') {
        None | Some(0) => "",
        Some(_) if name == ".." => "",
        Some(at) => name.get(at..).unwrap_or_default(),
    }
}

fn between(from: &str, to: &str) -> String {
    let (from, to) = (parts(from), parts(to));
    let same = from
        .iter()
        .zip(&to)
        .take_while(|(one, two)| one == two)
        .count();
    let up = from.iter().skip(same).map(|_| "..");
    let down = to.iter().skip(same).copied();
    up.chain(down).collect::<Vec<&str>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_put_together_as_node_does() {
        let text = |key: &str, given: &[&str]| {
            let given: Vec<Name> = given.iter().map(|one| Name::from(*one)).collect();
            match worked_out(key, &given, "/srv/a") {
                Ok(Value::Text(text)) => text.to_string(),
                _ => panic!("{key}"),
            }
        };
        assert_eq!(text("join", &["a", "..", "..", "b"]), "../b");
        assert_eq!(text("join", &["a/", "./b/"]), "a/b/");
        assert_eq!(text("join", &["", ""]), ".");
        assert_eq!(text("join", &["/a", "../.."]), "/");
        assert_eq!(text("resolve", &["b", "/c", "d"]), "/c/d");
        assert_eq!(text("resolve", &["..", "x"]), "/srv/x");
        assert_eq!(text("dirname", &["/a"]), "/");
        assert_eq!(text("dirname", &["a/b/"]), "a");
        assert_eq!(text("basename", &["a/b.txt", ".txt"]), "b");
        assert_eq!(text("basename", &[".txt", ".txt"]), "");
        assert_eq!(text("basename", &["a/.txt", ".txt"]), ".txt");
        assert_eq!(text("extname", &["a/.env"]), "");
        assert_eq!(text("extname", &["a.tar.gz"]), ".gz");
        assert_eq!(text("relative", &["x/y", "x/z"]), "../z");
    }
}
