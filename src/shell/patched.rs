//! Files that a patch makes or adds lines to: the same text may run them.
//! Only the lines that the patch brings are followed, not the ones that it takes out.

use crate::model::word::Word;

use super::generated;
use super::options::options;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};

/// Files of one patch that are followed.
const MAX_FILES: usize = 64;
/// Longer patches are not read.
const MAX_TEXT: usize = 1 << 20;

const PATCH: &str = "-p -i -d -D -F -B -g -o -r -V -x -Y -z --strip --input --directory --fuzz --output --reject-file --prefix --suffix";
const APPLY: &str = "-p -C --whitespace --exclude --include --directory";

/// One file of a patch.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    file: String,
    /// It is made by the patch.
    new: bool,
    /// The lines that are there afterwards, as far as the patch shows them.
    lines: String,
}

impl Unfolder<'_> {
    /// Notes what `patch`, `git apply` and `git am` write.
    pub(super) fn patched(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) {
        let (from, valued) = match program {
            "patch" => (1, PATCH),
            _ => {
                let at = job
                    .words
                    .iter()
                    .position(|word| matches!(word.plain(), Some("apply" | "am")));
                match at {
                    Some(at) => (at + 1, APPLY),
                    None => return,
                }
            }
        };
        let words = job.words.get(from..).unwrap_or_default();
        let found = options(words, valued);
        if ["--dry-run", "--check", "--stat", "--numstat", "--cached"]
            .iter()
            .any(|name| found.has(name))
        {
            return;
        }
        let operands = words.get(found.rest..).unwrap_or_default();
        let input = match program {
            "patch" => found.value("-i --input").or(operands.get(1)),
            _ => operands.first(),
        };
        let feed = match input {
            Some(file) if file.text().as_deref() != Some("-") => self.file_feed(file.clone(), st),
            _ => fr.stdin.clone(),
        };
        let feed = self.listed(feed, st);
        let Some(text) = generated::known(&feed).and_then(|pieces| word_of(pieces, None).text())
        else {
            return;
        };
        let strip = found
            .value("-p --strip")
            .and_then(Word::text)
            .and_then(|text| text.parse().ok());
        let strip = strip.or((program != "patch").then_some(1));
        let folder = found.value("-d --directory").and_then(Word::text);
        let named = (program == "patch").then(|| operands.first()).flatten();
        for change in changes(&text, strip) {
            let file = match (named, &folder) {
                (Some(file), _) => file.clone(),
                (None, Some(folder)) => Word::literal(
                    format!("{}/{}", folder.trim_end_matches('/'), change.file),
                    job.origin.clone(),
                ),
                (None, None) => Word::literal(change.file, job.origin.clone()),
            };
            let line = super::expand::literal_piece(&change.lines, &job.origin);
            self.record_file(&file, Feed::text(vec![line]), !change.new, st);
        }
    }
}

/// Returns the files that a patch makes or changes.
fn changes(text: &str, strip: Option<usize>) -> Vec<Change> {
    if text.len() > MAX_TEXT {
        return Vec::new();
    }
    let mut all: Vec<Change> = Vec::new();
    let mut old = "";
    let mut inside = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let begins = line.strip_prefix("--- ");
        if let Some(name) = begins.filter(|_| {
            let next = lines.peek();
            next.is_some_and(|next| next.starts_with("+++ "))
        }) {
            old = name;
            inside = false;
        } else if let Some(name) = line.strip_prefix("+++ ").filter(|_| !inside) {
            if all.len() >= MAX_FILES {
                break;
            }
            let name = name.split('\t').next().unwrap_or_default().trim();
            all.push(Change {
                file: stripped(name, strip),
                new: old.trim().starts_with("/dev/null"),
                lines: String::new(),
            });
        } else if line.starts_with("@@") {
            inside = true;
        } else if inside
            && let Some(last) = all.last_mut()
            && let Some(kept) = line.strip_prefix(['+', ' '])
        {
            last.lines.push_str(kept);
            last.lines.push('\n');
        }
    }
    all.retain(|change| change.file != "/dev/null" && !change.lines.is_empty());
    all
}

/// Returns a name without its first folders; without all of them where none is said.
fn stripped(name: &str, strip: Option<usize>) -> String {
    if name == "/dev/null" {
        return name.to_owned();
    }
    match strip {
        Some(count) => name
            .splitn(count + 1, '/')
            .last()
            .unwrap_or(name)
            .to_owned(),
        None => name.rsplit('/').next().unwrap_or(name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_patch_are_read_with_their_new_lines() {
        let text = "--- /dev/null\n+++ b/x.sh\n@@ -0,0 +1,2 @@\n+#!/bin/sh\n+rm -rf d\n--- a/y.sh\t2024\n+++ b/y.sh\t2024\n@@ -1,2 +1,2 @@\n cd d\n-echo\n+rm x\n";
        let all = changes(text, Some(1));
        let shown: Vec<_> = all
            .iter()
            .map(|one| (one.file.as_str(), one.new, one.lines.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("x.sh", true, "#!/bin/sh\nrm -rf d\n"),
                ("y.sh", false, "cd d\nrm x\n")
            ]
        );
    }

    #[test]
    fn names_lose_their_folders() {
        assert_eq!(stripped("b/src/x", Some(1)), "src/x");
        assert_eq!(stripped("b/src/x", Some(0)), "b/src/x");
        assert_eq!(stripped("b/src/x", None), "x");
    }
}
