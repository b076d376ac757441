//! Files that a program reads as commands of its own, and how paths of such texts are written in a shell line.
//! It does not know what the commands mean.

use crate::classify::Context;
use crate::classify::packs;
use crate::classify::sql::Started;
use crate::model::command::Command;
use crate::model::fact::{Answer, Needs, Question};
use crate::model::span::{FilePos, Origin};

/// Longer files are not read.
const MAX_BYTES: usize = 256 << 10;

/// A text, and where it stands.
pub(super) struct Told {
    pub text: String,
    pub origin: Origin,
}

impl Told {
    pub fn line(&self, text: impl Into<String>) -> Started {
        Started {
            text: text.into(),
            origin: self.origin.clone(),
        }
    }
}

/// Returns the text of a file that a command reads: one that the call has written, or one that is there.
pub(super) fn read(
    name: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Told> {
    let path = crate::classify::place_of(name, command)?;
    if let Some(word) = packs::written(&path, context) {
        return Some(Told {
            text: super::shell_text(&word),
            origin: word.origin,
        });
    }
    if !command.is_here() {
        return None;
    }
    match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) if text.len() <= MAX_BYTES => Some(Told {
            text: text.clone(),
            origin: Origin::File(FilePos {
                file: path,
                line: 1,
                column: 1,
            }),
        }),
        _ => None,
    }
}

/// Returns a text as one word of a shell line.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns a path as one word: the home folder stays one, patterns too where the text means them so.
pub(super) fn path(text: &str, patterns: bool) -> String {
    let (home, rest) = match text.strip_prefix("~/") {
        Some(rest) => ("~/", rest),
        None if text == "~" => return "~".to_owned(),
        None => ("", text),
    };
    let unknown = rest.contains("$UNKNOWN");
    if unknown && rest.trim_matches('/') == "$UNKNOWN" {
        return format!("{home}\"{rest}\"");
    }
    let mut all = String::from(home);
    for letter in rest.chars() {
        let kept = letter.is_alphanumeric()
            || "/._-+,:@%=".contains(letter)
            || patterns && "*?[]".contains(letter)
            || unknown && letter == '$';
        if !kept {
            all.push('\\');
        }
        all.push(letter);
    }
    // `**` goes through folders, which the shell's own does not.
    if patterns {
        all = all.replace("**/", "*/");
    }
    if all.is_empty() { "''".to_owned() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_what_they_are() {
        assert_eq!(path("~/a b", false), "~/a\\ b");
        assert_eq!(path("a/*.md", true), "a/*.md");
        assert_eq!(path("a/*.md", false), "a/\\*.md");
        assert_eq!(path("$UNKNOWN", false), "\"$UNKNOWN\"");
        assert_eq!(path("-x", false), "-x");
    }
}
