//! What a start file of a shell lets run after it was read: before each prompt, and under the names of other programs.
//! An alias with a name of its own is typed by who wants what it does, and does not count.

use super::texts::Task;

/// Names that people type for something that loses nothing.
const OTHERS: [&str; 41] = [
    "ls", "ll", "la", "l", "cd", "pwd", "cat", "less", "more", "head", "tail", "grep", "find",
    "echo", "clear", "exit", "man", "which", "ps", "top", "htop", "vi", "vim", "nvim", "nano",
    "code", "git", "gs", "gst", "gd", "gl", "npm", "node", "python", "python3", "docker",
    "kubectl", "make", "ssh", "sudo", "history",
];
/// Functions that zsh and bash call by themselves.
const HOOKS: [&str; 6] = [
    "precmd",
    "preexec",
    "chpwd",
    "periodic",
    "zshexit",
    "command_not_found_handle",
];
/// Lines of one file that are read.
const MAX_LINES: usize = 100_000;

/// Returns the text with what the prompt runs called at its end, and the aliases that stand for other programs.
pub fn later(text: &str) -> (Option<Task>, Vec<Task>) {
    let mut calls = Vec::new();
    let mut shadows = Vec::new();
    for line in text.lines().take(MAX_LINES).map(str::trim_start) {
        let bare = ["export ", "declare ", "typeset ", "function "]
            .iter()
            .find_map(|word| line.strip_prefix(word))
            .unwrap_or(line);
        if bare.starts_with("PROMPT_COMMAND=") || bare.starts_with("PROMPT_COMMAND+=") {
            calls.push("eval \"$PROMPT_COMMAND\"".to_owned());
        }
        let hook = HOOKS.iter().find(|name| {
            let rest = bare.strip_prefix(**name).map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with("()") || rest.starts_with('{'))
        });
        calls.extend(hook.map(|name| (*name).to_owned()));
        let alias = line
            .strip_prefix("alias ")
            .and_then(|rest| rest.split_once('='));
        if let Some((name, value)) = alias
            && OTHERS.contains(&name.trim())
        {
            shadows.push(Task::Shell(format!("eval {value}")));
        }
    }
    let prompt = (!calls.is_empty()).then(|| Task::Shell(format!("{text}\n{}", calls.join("\n"))));
    (prompt, shadows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_prompt_runs_is_called_and_an_alias_of_its_own_name_is_not() {
        let (prompt, shadows) =
            later("PROMPT_COMMAND='history -a'\nalias nah='git reset --hard'\n");
        assert!(
            matches!(prompt, Some(Task::Shell(text)) if text.ends_with("eval \"$PROMPT_COMMAND\""))
        );
        assert_eq!(shadows, []);
        let (prompt, shadows) = later("alias gs='git reset --hard'\n");
        assert_eq!(prompt, None);
        assert_eq!(shadows, [Task::Shell("eval 'git reset --hard'".to_owned())]);
    }
}
