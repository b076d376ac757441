//! The text of a patch (unified, as `diff -u` and git write it): the files that it names and the lines that it brings.
//! It does not apply anything.

/// One file of a patch, with its names as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The name before; [`NOWHERE`] where the patch makes the file.
    pub old: String,
    /// The name afterwards; [`NOWHERE`] where the patch takes the file away.
    pub new: String,
    /// The lines that are there afterwards, as far as the patch shows them.
    pub lines: String,
}

/// The name of a side on which the file is not there.
pub const NOWHERE: &str = "/dev/null";

impl Part {
    /// Returns whether the patch makes the file.
    pub fn is_made(&self) -> bool {
        self.old == NOWHERE
    }

    /// Returns whether the patch takes the file away.
    pub fn is_removed(&self) -> bool {
        self.new == NOWHERE
    }
}

/// Returns the files of a patch, at most `limit` of them.
pub fn parts(text: &str, limit: usize) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    let mut hunk = Hunk::default();
    // What `diff --git` said, until the lines with the two names come: for a file without text they never do.
    let mut bare: Option<Part> = None;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if hunk.takes(line) {
            if let (Some(last), Some(kept)) = (all.last_mut(), line.strip_prefix(['+', ' '])) {
                last.lines.push_str(kept);
                last.lines.push('\n');
            }
            continue;
        }
        let new = lines.peek().and_then(|next| next.strip_prefix("+++ "));
        if let (Some(old), Some(new)) = (line.strip_prefix("--- "), new) {
            bare = None;
            all.push(Part {
                old: name(old),
                new: name(new),
                lines: String::new(),
            });
            lines.next();
        } else if let Some(names) = line.strip_prefix("diff --git ") {
            all.extend(
                bare.take()
                    .filter(|part| part.is_made() || part.is_removed()),
            );
            bare = git_names(names);
        } else if line == "GIT binary patch" {
            all.extend(bare.take());
        } else if line.starts_with("deleted file mode ") {
            bare = bare.map(|part| Part {
                new: NOWHERE.to_owned(),
                ..part
            });
        } else if line.starts_with("new file mode ") {
            bare = bare.map(|part| Part {
                old: NOWHERE.to_owned(),
                ..part
            });
        } else {
            hunk = Hunk::begin(line);
        }
        if all.len() >= limit {
            break;
        }
    }
    all.extend(bare.filter(|part| part.is_made() || part.is_removed()));
    all.truncate(limit);
    all
}

/// Takes leading folders off a name; without a number only the last part stays.
pub fn stripped(name: &str, strip: Option<usize>) -> String {
    if name == NOWHERE {
        return name.to_owned();
    }
    match strip {
        Some(count) => name.splitn(count + 1, '/').last().unwrap_or(name),
        None => name.rsplit('/').next().unwrap_or(name),
    }
    .to_owned()
}

/// The lines that a hunk still has to come, on each side.
#[derive(Default)]
struct Hunk {
    old: usize,
    new: usize,
}

impl Hunk {
    /// Reads `@@ -1,4 +1,6 @@`; any other line begins none.
    fn begin(line: &str) -> Self {
        let mut words = line.split(' ');
        if words.next() != Some("@@") {
            return Self::default();
        }
        let mut side = |sign| {
            let range = words.next().and_then(|word| word.strip_prefix(sign));
            let count = range.map(|range| range.split_once(',').map_or("1", |(_, count)| count));
            count.and_then(|count| count.parse().ok()).unwrap_or(0)
        };
        Self {
            old: side('-'),
            new: side('+'),
        }
    }

    /// Counts a line off; false where the hunk is at its end.
    fn takes(&mut self, line: &str) -> bool {
        if self.old == 0 && self.new == 0 {
            return false;
        }
        let (old, new) = match line.as_bytes().first() {
            Some(b'-') => (1, 0),
            Some(b'+') => (0, 1),
            // An empty line is a kept one whose space was cut off on the way.
            Some(b' ') | None => (1, 1),
            // "\ No newline at end of file"
            Some(b'\\') => (0, 0),
            Some(_) => {
                *self = Self::default();
                return false;
            }
        };
        self.old = self.old.saturating_sub(old);
        self.new = self.new.saturating_sub(new);
        true
    }
}

/// Cuts off the time that stands behind a name.
fn name(text: &str) -> String {
    text.split('\t').next().unwrap_or(text).trim().to_owned()
}

/// Reads the names of `diff --git a/x b/x`, which are the same but for their first part where the file is not renamed.
fn git_names(text: &str) -> Option<Part> {
    let half = text.len().checked_sub(1)? / 2;
    let (old, new) = (text.get(..half)?, text.get(half + 1..)?);
    let same = old.split_once('/')?.1 == new.split_once('/')?.1;
    same.then(|| Part {
        old: old.to_owned(),
        new: new.to_owned(),
        lines: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, String, String)> {
        let all = parts(text, 10);
        all.into_iter()
            .map(|part| (part.old, part.new, part.lines))
            .collect()
    }

    fn three(old: &str, new: &str, lines: &str) -> (String, String, String) {
        (old.to_owned(), new.to_owned(), lines.to_owned())
    }

    #[test]
    fn files_come_with_the_lines_that_are_there_afterwards() {
        let text = "--- /dev/null\n+++ b/x.sh\n@@ -0,0 +1,2 @@\n+#!/bin/sh\n+rm -rf d\n--- a/y.sh\t2024\n+++ b/y.sh\t2024\n@@ -1,2 +1,2 @@\n cd d\n-echo\n+rm x\n";
        assert_eq!(
            shown(text),
            [
                three("/dev/null", "b/x.sh", "#!/bin/sh\nrm -rf d\n"),
                three("a/y.sh", "b/y.sh", "cd d\nrm x\n")
            ]
        );
    }

    #[test]
    fn lines_that_look_like_names_belong_to_their_hunk() {
        let text = "--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,2 @@\n--- old note\n+++ new note\n x\n@@ -9 +9 @@\n-y\n+z\n";
        assert_eq!(
            shown(text),
            [three("a/q.sql", "b/q.sql", "++ new note\nx\nz\n")]
        );
    }

    #[test]
    fn files_without_text_are_named_by_git_alone() {
        let text = "diff --git a/logo.png b/logo.png\ndeleted file mode 100644\nindex 1..0\nBinary files differ\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\ndiff --git a/run b/run\nold mode 100644\nnew mode 100755\ndiff --git a/p.gif b/p.gif\nGIT binary patch\nliteral 3\ndiff --git a/e b/e\nnew file mode 100644\n";
        assert_eq!(
            shown(text),
            [
                three("a/logo.png", "/dev/null", ""),
                three("a/x", "b/x", "b\n"),
                three("a/p.gif", "b/p.gif", ""),
                three("/dev/null", "b/e", "")
            ]
        );
        // A renaming says nothing that two names alone could tell.
        assert!(shown("diff --git a/old b/newer\nsimilarity index 100%\n").is_empty());
    }

    #[test]
    fn names_lose_their_folders() {
        assert_eq!(stripped("b/src/x", Some(1)), "src/x");
        assert_eq!(stripped("b/src/x", Some(0)), "b/src/x");
        assert_eq!(stripped("b/src/x", None), "x");
        assert_eq!(stripped(NOWHERE, Some(1)), NOWHERE);
    }
}
