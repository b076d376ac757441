//! Dockerfiles: what `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK` start, inside the image that is built.
//! Files that a build deletes are the image's own; databases and services that it reaches are not.

use crate::model::request::ShellKind;

use super::build::Built;
use super::place::{Lines, aligned};
use super::unit::Unit;

/// Returns the commands of a Dockerfile.
pub fn units(text: &str, lines: &Lines) -> Vec<Unit> {
    let escape = escape(text);
    let mut all = Vec::new();
    let mut shell = "sh -c".to_owned();
    let mut line = 1;
    while line <= lines.count() {
        let (body, next) = instruction(text, lines, line, escape);
        line = next.max(line + 1);
        let head = body.text.trim_start();
        let lead = body.text.len() - head.len();
        let word = head.split_whitespace().next().unwrap_or_default();
        let rest = cut(&body, lead + word.len());
        match word.to_ascii_uppercase().as_str() {
            "SHELL" => shell = shell_of(&rest.text).unwrap_or(shell),
            "RUN" | "CMD" | "ENTRYPOINT" => all.extend(command(&rest, &shell)),
            "ONBUILD" | "HEALTHCHECK" => {
                let wanted = ["RUN ", "CMD "];
                let at = wanted.iter().filter_map(|word| rest.text.find(word)).min();
                if let Some(at) = at {
                    all.extend(command(&cut(&rest, at + 4), &shell));
                }
            }
            _ => {}
        }
    }
    all
}

fn escape(text: &str) -> char {
    let backtick = text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .any(|line| line.replace(' ', "").eq_ignore_ascii_case("#escape=`"));
    if backtick { '`' } else { '\\' }
}

/// Returns an instruction with its continuations and here-documents, and the line behind it.
fn instruction(text: &str, lines: &Lines, first: usize, escape: char) -> (Built, usize) {
    let mut out = Built::default();
    let mut line = first;
    if lines.text(text, line).trim_start().starts_with('#') {
        return (out, line + 1);
    }
    loop {
        let body = lines.text(text, line);
        let is_comment = line > first && body.trim_start().starts_with('#');
        let is_blank = line > first && body.trim().is_empty();
        line += 1;
        if is_comment || is_blank {
            if line > lines.count() {
                break;
            }
            continue;
        }
        let plain = body.trim_end().strip_suffix(escape);
        out.copy(plain.unwrap_or(body), lines.start(line - 1));
        if plain.is_none() || line > lines.count() {
            break;
        }
        out.add(" ", lines.start(line - 1) + body.len());
    }
    for word in here_documents(&out.text) {
        while line <= lines.count() {
            let body = lines.text(text, line);
            out.add("\n", lines.start(line));
            out.copy(body, lines.start(line));
            line += 1;
            if body.trim() == word {
                break;
            }
        }
    }
    (out, line)
}

/// Returns the words that end the here-documents of an instruction.
fn here_documents(text: &str) -> Vec<String> {
    let is_run = text
        .trim_start()
        .get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case("run "));
    if !is_run {
        return Vec::new();
    }
    text.split("<<")
        .skip(1)
        .filter_map(|rest| {
            let word = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
            let end = word
                .find(|char: char| !(char.is_alphanumeric() || char == '_'))
                .unwrap_or(word.len());
            let word = word.get(..end)?;
            (word.starts_with(|char: char| char.is_alphabetic() || char == '_'))
                .then(|| word.to_owned())
        })
        .collect()
}

fn cut(body: &Built, from: usize) -> Built {
    let mut out = Built::default();
    let text = body.text.get(from..).unwrap_or_default();
    for (offset, place) in body.map.within(from, body.text.len()) {
        out.map.anchor(offset - from, place);
    }
    out.text = text.to_owned();
    out
}

fn shell_of(text: &str) -> Option<String> {
    let words: Vec<String> = serde_json::from_str(text.trim()).ok()?;
    let program = words
        .first()?
        .rsplit(['/', '\\'])
        .next()?
        .to_ascii_lowercase();
    Some(match program.trim_end_matches(".exe") {
        "powershell" | "pwsh" => "powershell -Command".to_owned(),
        "cmd" => "cmd /c".to_owned(),
        other => format!("{other} -c"),
    })
}

fn command(rest: &Built, shell: &str) -> Option<Unit> {
    let lead = flags(&rest.text);
    let body = cut(rest, lead);
    if body.text.trim().is_empty() {
        return None;
    }
    let built = if body.text.starts_with('[')
        && let Ok(words) = serde_json::from_str::<Vec<String>>(body.text.trim())
    {
        Built::words_in_container(&words_of(&words, &body), &[])
    } else {
        script(&body).in_container(shell, &[])
    };
    Some(Unit::shell(ShellKind::Posix, built.text, built.map))
}

/// A here-document without a program is the script itself.
fn script(body: &Built) -> Built {
    let Some((first, _)) = body.text.split_once('\n') else {
        return body.clone();
    };
    if !first.trim().starts_with("<<") || first.trim().contains(' ') {
        return body.clone();
    }
    let inside = cut(body, first.len() + 1);
    let end = inside.text.rfind('\n').unwrap_or(inside.text.len());
    Built::new(
        inside.text.get(..end).unwrap_or_default().to_owned(),
        inside.map,
    )
}

/// Returns the length of `--mount=…` and the like, and the blanks around them.
fn flags(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        if !rest.starts_with("--") {
            return at;
        }
        at += rest.find(char::is_whitespace).unwrap_or(rest.len());
    }
}

/// Returns the words of an exec form, each with its place.
fn words_of(words: &[String], body: &Built) -> Vec<Built> {
    let mut at = 1;
    words
        .iter()
        .map(|word| {
            let raw = body.text.get(at..).unwrap_or_default();
            let open = raw.find('"').unwrap_or_default();
            let rest = raw.get(open + 1..).unwrap_or_default();
            let mut end = rest.len();
            let mut escaped = false;
            for (offset, byte) in rest.bytes().enumerate() {
                if byte == b'"' && !escaped {
                    end = offset;
                    break;
                }
                escaped = byte == b'\\' && !escaped;
            }
            let place = body.map.span(at + open + 1, at + open + 1).0;
            let map = aligned(word, rest.get(..end).unwrap_or_default(), place);
            at += open + 1 + end + 1;
            Built::new(word.clone(), map)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Asked;

    fn texts(text: &str) -> Vec<String> {
        units(text, &Lines::of(text))
            .into_iter()
            .map(|unit| match unit.asked {
                Asked::Shell { text, .. } => text,
                _ => String::new(),
            })
            .collect()
    }

    #[test]
    fn commands_are_read_in_every_form() {
        let head = "docker run --rm image ";
        for (text, expected) in [
            ("RUN rm -rf /x", "sh -c 'rm -rf /x'"),
            (
                "run --mount=type=cache,target=/c apt install",
                "sh -c 'apt install'",
            ),
            ("RUN a \\\n  # comment\n\n  && b", "sh -c 'a    && b'"),
            (
                "CMD [\"psql\", \"-c\", \"DROP TABLE \\\"t\\\"\"]",
                "'psql' '-c' 'DROP TABLE \"t\"' ",
            ),
            ("HEALTHCHECK --interval=5s CMD curl x", "sh -c 'curl x'"),
            ("RUN <<EOF\na\nb\nEOF", "sh -c 'a\nb'"),
            ("RUN cat <<EOF > f\na\nEOF", "sh -c 'cat <<EOF > f\na\nEOF'"),
            ("SHELL [\"/bin/bash\", \"-c\"]\nRUN x", "bash -c 'x'"),
        ] {
            assert_eq!(texts(text), [format!("{head}{expected}")], "{text}");
        }
        assert!(texts("FROM x\n# RUN rm\nCOPY a b\nENV A=RUN\n").is_empty());
    }
}
