//! Justfiles: their recipes with parameters, their variables, and a recipe's lines as shell texts.
//! It runs nothing.

use super::runners::{Task, unquoted, untemplated};

/// Reads the recipes of a justfile and its variables.
pub(in crate::shell) fn justfile(text: &str) -> (Vec<Task>, Vec<(String, String)>) {
    let mut all: Vec<Task> = Vec::new();
    let mut variables = Vec::new();
    for (number, line) in logical(text) {
        if line.starts_with([' ', '\t']) {
            if let Some(task) = all.last_mut() {
                task.lines.push((number, line.trim_start().to_owned()));
            }
            continue;
        }
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', '[']) {
            continue;
        }
        if let Some((name, value)) = bare.split_once(":=") {
            let name = name.trim().trim_start_matches("export ");
            if !name.starts_with("set ") && !name.starts_with("alias ") {
                variables.push((name.to_owned(), unquoted(value)));
            } else if let Some(alias) = name.strip_prefix("alias ") {
                all.push(Task {
                    name: alias.trim().to_owned(),
                    needs: vec![value.trim().to_owned()],
                    ..Task::default()
                });
            }
            continue;
        }
        all.extend(header(bare));
    }
    (all, variables)
}

/// `just db=other.db wipe`: a variable of the justfile is said anew; another one ends the run.
pub(in crate::shell) fn set(variables: &mut [(String, String)], name: &str, value: &str) {
    for (_, old) in variables.iter_mut().filter(|(own, _)| own == name) {
        value.clone_into(old);
    }
}

/// Returns the recipes that are asked for with their arguments: behind one that takes none stands the next.
pub(in crate::shell) fn asked<'w>(
    recipes: &[Task],
    words: &'w [String],
) -> Vec<(String, &'w [String])> {
    let mut all = Vec::new();
    let mut rest = words;
    if words.is_empty() {
        all.extend(recipes.first().map(|task| (task.name.clone(), rest)));
    }
    while let Some((name, behind)) = rest.split_first() {
        let own = recipes.iter().find(|task| task.name == *name);
        // An alias hands its words on to the recipe that it means.
        let none = own.is_some_and(|task| task.parameters.is_empty() && !task.lines.is_empty());
        let arguments = if none { &[] } else { behind };
        all.push((name.clone(), arguments));
        rest = behind.get(arguments.len()..).unwrap_or_default();
    }
    all
}

/// Reads `@wipe dir="data" +more: stop && after`.
fn header(line: &str) -> Option<Task> {
    let mut quote = None;
    let colon = line.char_indices().find(|(_, c)| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(*c),
            (Some(open), c) if open == *c => quote = None,
            _ => {}
        }
        *c == ':' && quote.is_none()
    });
    let (at, _) = colon?;
    let (head, tail) = line.split_at_checked(at)?;
    let mut words = head.split_whitespace();
    let name = words.next()?.trim_start_matches('@').to_owned();
    let parameters = words
        .map(|word| {
            let word = word.trim_start_matches(['+', '*', '$']);
            match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(unquoted(value))),
                None => (word.to_owned(), None),
            }
        })
        .collect();
    let needs = tail
        .trim_start_matches(':')
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '&'))
        .filter(|word| !word.is_empty() && !word.starts_with(['"', '\'', '#']))
        .map(str::to_owned)
        .collect();
    Some(Task {
        name,
        needs,
        lines: Vec::new(),
        parameters,
    })
}

/// Returns the lines of a recipe as shell texts: one each, or one for a script with an interpreter.
pub(in crate::shell) fn recipe_texts(
    task: &Task,
    arguments: &[String],
    variables: &[(String, String)],
) -> Vec<(usize, String)> {
    let mut values = variables.to_vec();
    for (place, (name, default)) in task.parameters.iter().enumerate() {
        if let Some(value) = arguments.get(place).or(default.as_ref()) {
            values.push((name.clone(), value.clone()));
        }
    }
    let line = |text: &str| untemplated(text, "just_value", &values);
    let Some((number, first)) = task
        .lines
        .first()
        .filter(|(_, first)| first.starts_with("#!"))
    else {
        let plain = |text: &str| text.trim_start_matches(['@', '-']).trim_start().to_owned();
        let rows = task.lines.iter().filter(|(_, text)| !text.starts_with('#'));
        return rows
            .map(|(number, text)| (*number, line(&plain(text))))
            .collect();
    };
    let body: Vec<String> = task
        .lines
        .iter()
        .skip(1)
        .map(|(_, text)| line(text))
        .collect();
    let body = body.join("\n");
    let quoted = format!("'{}'", body.replace('\'', "'\\''"));
    let program = first
        .rsplit(['/', ' '])
        .find(|word| !word.starts_with('-'))
        .unwrap_or_default();
    let option = match program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "python" => "-c",
        "php" => "-r",
        "node" | "ruby" | "perl" | "bun" => "-e",
        _ => return vec![(*number, body)],
    };
    vec![(*number, format!("{program} {option} {quoted}"))]
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

#[cfg(test)]
mod tests {
    use super::super::runners::closure;
    use super::*;

    #[test]
    fn a_variable_is_said_anew_and_recipes_stand_in_a_row() {
        let (tasks, mut variables) = justfile(
            "db := \"shop\"\nwipe table:\n    drop {{db}} {{table}}\nstop:\n    halt {{db}}\n",
        );
        set(&mut variables, "db", "test");
        set(&mut variables, "other", "x");
        let words = ["stop", "wipe", "jobs"].map(str::to_owned);
        let mut texts = Vec::new();
        for (wanted, arguments) in asked(&tasks, &words) {
            for task in closure(&tasks, &[wanted]) {
                texts.extend(recipe_texts(task, arguments, &variables));
            }
        }
        let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["halt test", "drop test jobs"]);
        assert_eq!(asked(&tasks, &[]).len(), 1);
    }

    #[test]
    fn a_recipe_of_just_takes_its_arguments_and_defaults() {
        let (tasks, variables) = justfile(
            "db := \"shop\"\nset shell := [\"bash\"]\nalias w := wipe\n[private]\nwipe dir=\"data\" +more: stop\n    @rm -rf {{dir}} {{db}} {{other}}\nstop:\n    echo\npy:\n    #!/usr/bin/env python3\n    import x\n",
        );
        let texts = |name: &str, arguments: &[String]| -> Vec<String> {
            let all = closure(&tasks, &[name.to_owned()]);
            all.iter()
                .flat_map(|task| recipe_texts(task, arguments, &variables))
                .map(|(_, text)| text)
                .collect()
        };
        assert_eq!(texts("w", &[]), ["echo", "rm -rf data shop ${just_value}"]);
        assert_eq!(
            texts("wipe", &["up".to_owned()]),
            ["echo", "rm -rf up shop ${just_value}"]
        );
        assert_eq!(texts("py", &[]), ["python3 -c 'import x'"]);
    }
}
