//! Libraries that work on git's repositories under names of their own: GitPython, pygit2, dulwich, Rugged.
//! What a call loses is judged as the command line of git that it stands for.

use crate::model::span::Span;

use super::super::index::Part;
use super::super::steps::word;
use super::super::tokens::Language;
use super::super::values::When;
use super::super::values::methods::Arguments;
use super::Calls;

impl Calls<'_> {
    /// Reads a call of such a library; tells whether it was one.
    pub(super) fn repositories(&mut self, name: &str, span: Span, at: usize) -> bool {
        let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
        let line = match self.language {
            Language::Python if self.mentions.has(&["Repo(", "from git", "import git"]) => {
                self.git_python(owner, last, at)
            }
            Language::Python if self.mentions.has(&["pygit2"]) => self.pygit(owner, last, at),
            Language::Python if self.mentions.has(&["dulwich"]) => self.dulwich(last, at),
            Language::Ruby if self.mentions.has(&["rugged", "Rugged"]) => self.rugged(last, at),
            _ => None,
        };
        let Some(line) = line else { return false };
        self.run(&line, span);
        true
    }

    /// Tells whether an argument is given as true.
    fn is_on(&self, arguments: &Arguments, name: &str) -> bool {
        let given = arguments.named(name);
        let said = given.and_then(|part| self.index.name(part.from));
        matches!(said, Some("True" | "true"))
    }

    /// Returns the text of the argument at a place, as a word.
    fn said_at(&self, arguments: &Arguments, place: usize, at: usize) -> Option<String> {
        self.said(*arguments.positional.get(place)?, at)
    }

    fn said(&self, part: Part, at: usize) -> Option<String> {
        let values = self.reader.read(part, When::at(at));
        let text = values.first()?.texts().into_iter().next()?;
        Some(word(&text))
    }

    /// Tells whether the arguments of a call say a name that ends so.
    fn says(&self, arguments: &Arguments, end: &str) -> bool {
        let mut parts = arguments.positional.iter();
        parts.any(|part| {
            let names = part.from..part.to;
            names
                .filter_map(|at| self.index.name(at))
                .any(|name| name.ends_with(end))
        }) || ["strategy", "reset_type", "mode"].iter().any(|name| {
            let part = arguments.named(name);
            let said = part.and_then(|part| self.index.name(part.from));
            said.is_some_and(|name| name.ends_with(end))
        })
    }

    fn git_python(&self, owner: &str, last: &str, at: usize) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let first = || self.said_at(&arguments, 0, at).unwrap_or_default();
        let force = self.is_on(&arguments, "force");
        Some(match last {
            "reset" if self.is_on(&arguments, "working_tree") => {
                format!("git reset --hard {}", first())
            }
            "delete_head" if force => format!("git branch -D {}", first()),
            "delete_head" => format!("git branch -d {}", first()),
            "delete_tag" => format!("git tag -d {}", first()),
            "checkout" if force && owner.contains("index") => "git checkout-index -f -a".to_owned(),
            "checkout" if force => "git checkout -f".to_owned(),
            "remove" if owner.ends_with("index") && self.is_on(&arguments, "working_tree") => {
                format!("git rm -f -- {}", first())
            }
            "push" if owner.contains("remote") || owner.is_empty() => {
                let what = match arguments.named("refspec") {
                    Some(part) => self.said(part, at),
                    None => self.said_at(&arguments, 0, at),
                };
                let what = what.unwrap_or_default();
                let forced = if force { "--force " } else { "" };
                format!("git push {forced}origin {what}")
            }
            _ => return None,
        })
    }

    fn pygit(&self, owner: &str, last: &str, at: usize) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let first = || self.said_at(&arguments, 0, at).unwrap_or_default();
        let branches = owner.ends_with("branches") || owner.ends_with("branches.local");
        Some(match last {
            "reset" if self.says(&arguments, "HARD") => "git reset --hard \"$UNKNOWN\"".to_owned(),
            "checkout" | "checkout_tree" | "checkout_head" | "checkout_index"
                if self.says(&arguments, "FORCE") =>
            {
                "git checkout -f".to_owned()
            }
            "delete" if branches => format!("git branch -D {}", first()),
            "delete" if owner.ends_with("references") => format!("git update-ref -d {}", first()),
            "stash_drop" => "git stash drop".to_owned(),
            _ => return None,
        })
    }

    fn dulwich(&self, last: &str, at: usize) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let second = || self.said_at(&arguments, 1, at).unwrap_or_default();
        Some(match last {
            "reset" | "reset_hard" if second().contains("hard") => "git reset --hard".to_owned(),
            "clean" => "git clean -fdx".to_owned(),
            "branch_delete" => format!("git branch -D {}", second()),
            "tag_delete" => format!("git tag -d {}", second()),
            "stash_drop" => "git stash drop".to_owned(),
            "push" if self.is_on(&arguments, "force") => "git push --force".to_owned(),
            _ => return None,
        })
    }

    fn rugged(&self, last: &str, at: usize) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let mut parts = arguments.positional.iter();
        let hard = parts.any(|part| {
            let mut names = (part.from..part.to).filter_map(|at| self.index.name(at));
            names.any(|name| name.trim_start_matches(':') == "hard")
        });
        match last {
            "reset" if hard => Some("git reset --hard \"$UNKNOWN\"".to_owned()),
            _ => None,
        }
    }
}
