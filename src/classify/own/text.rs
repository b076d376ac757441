//! The text of a hook, or of settings of git, as it is and as it would be: whether backstop still runs.
//! Which files hold hooks is said by the caller.

use super::NAME;
use super::call::off;
use super::settings::{Change, drops_line};

/// Tells whether a change takes backstop out of a text that is known.
pub fn drops_from(change: Change<'_>, now: &str, config: bool) -> bool {
    if config {
        let held = sends_hooks(now);
        return match (change, change.applied(now)) {
            (Change::Gone, _) => held,
            (_, Some(new)) => (held && !sends_hooks(&new)) || sends_away(&new) && !sends_away(now),
            (_, None) => mutes(change),
        };
    }
    if !now.contains(NAME) {
        return false;
    }
    match change.applied(now) {
        Some(new) if runs(now) => !runs(&new),
        Some(_) | None => drops(change, true),
    }
}

/// Tells whether a hook comes to a line of backstop's, and lets it decide.
fn runs(text: &str) -> bool {
    let mut lines = text.lines();
    let reached = lines.find(|line| {
        let bare = line.trim();
        let ours = bare.contains(NAME) && !bare.starts_with('#') && !is_muted(bare);
        ours || ends(line)
    });
    reached.is_some_and(|line| !ends(line))
}

/// `backstop git pre-push || true`.
fn is_muted(line: &str) -> bool {
    ["|| true", "|| :", "|| exit 0", "; true", "; exit 0"]
        .iter()
        .any(|end| line.ends_with(end))
}

/// Tells whether a line ends its script whatever came before.
fn ends(line: &str) -> bool {
    let first = line.split([' ', ';', '\t']).next().unwrap_or_default();
    matches!(first, "exit" | "return") || (first == "exec" && !line.contains(NAME))
}

/// Tells whether an edit lets a script end where it did not.
fn leaves(old: &str, new: &str) -> bool {
    let count = |text: &str| text.lines().filter(|line| ends(line)).count();
    if count(new) <= count(old) {
        return false;
    }
    let mut after = new.lines().skip_while(|line| !ends(line)).skip(1);
    let alone = new.lines().all(|line| ends(line) || line.trim().is_empty());
    alone || after.any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// Tells whether settings of git say where hooks are, and that backstop's may be there.
fn sends_hooks(text: &str) -> bool {
    hook_paths(text).any(|path| !off("core.hookspath", path))
}

fn sends_away(text: &str) -> bool {
    hook_paths(text).any(|path| off("core.hookspath", path))
}

/// Returns the values of `core.hooksPath` in a text.
fn hook_paths(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let lower = line.to_ascii_lowercase();
        let at = lower.find("hookspath")?;
        let rest = line.get(at + "hookspath".len()..)?;
        let value = rest.trim_start().strip_prefix('=')?;
        Some(value.trim().trim_matches('"'))
    })
}

/// Tells whether a change of git's settings, by what it says itself, sends hooks elsewhere or nowhere.
pub fn mutes(change: Change<'_>) -> bool {
    let told = |text: &str| text.to_ascii_lowercase().contains("hookspath");
    match change {
        Change::Gone | Change::Rights(_) | Change::Unknown => false,
        Change::Script(text) => told(text),
        Change::Whole(text) => sends_away(text),
        Change::Edits(edits) => edits
            .iter()
            .any(|(old, new)| sends_away(new) || (sends_hooks(old) && !told(new))),
    }
}

/// Tells whether a change takes backstop out of a hook; `held` when it is known, or likely, to be in it.
pub fn drops(change: Change<'_>, held: bool) -> bool {
    match change {
        Change::Gone => true,
        Change::Rights(off) => off,
        Change::Unknown => held,
        Change::Script(text) => {
            held || text.contains(NAME) || text.contains("exit 0") || text == "d"
        }
        Change::Whole(text) => (held && !text.contains(NAME)) || is_inert(text),
        Change::Edits(edits) => {
            drops_line(edits)
                || edits
                    .iter()
                    .any(|(old, new)| early(new) || leaves(old, new))
        }
    }
}

/// Tells whether a text ends before anything was run.
fn early(text: &str) -> bool {
    text.starts_with("#!") && is_inert(text) && text.contains("exit")
}

/// Tells whether a hook of this text does nothing.
fn is_inert(text: &str) -> bool {
    // A first line alone is how a hook is begun (`echo '#!/bin/sh' > f`, and more behind it).
    let begins = text.starts_with("#!") && text.lines().count() == 1;
    !begins
        && text.lines().map(str::trim).all(|line| {
            line.is_empty()
                || line.starts_with('#')
                || matches!(line, "exit" | "exit 0" | "true" | ":")
        })
}

/// Tells whether the new text is what counts.
pub fn is_text(change: Change<'_>) -> bool {
    matches!(
        change,
        Change::Whole(_) | Change::Edits(_) | Change::Unknown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "#!/bin/sh\nset -e\nbackstop git pre-push \"$@\"\nnpm test\n";

    fn edited(old: &str, new: &str) -> bool {
        drops_from(
            Change::Edits(&[(old.to_owned(), new.to_owned())]),
            NOW,
            false,
        )
    }

    #[test]
    fn a_hook_that_ends_before_backstops_line_or_swallows_its_answer_holds_no_more() {
        assert!(edited("set -e\n", "set -e\nexit 0\n"));
        assert!(edited("set -e", "exit"));
        assert!(edited("\"$@\"\n", "\"$@\" || true\n"));
        assert!(edited("backstop git", "# backstop git"));
        assert!(!edited("npm test\n", "npm test\nexit 0\n"));
        assert!(!edited(
            "set -e\n",
            "set -e\nif [ -n \"$CI\" ]; then\n  exit 0\nfi\n"
        ));
        assert!(!edited("npm test", "pnpm test"));
        assert!(drops_from(
            Change::Whole("#!/bin/sh\nexit 0\nbackstop git pre-push\n"),
            NOW,
            false
        ));
        assert!(!drops_from(
            Change::Whole("#!/bin/sh\nexec backstop git pre-push\n"),
            NOW,
            false
        ));
    }

    #[test]
    fn without_its_text_a_hook_ends_early_where_the_edit_says_so() {
        let edit =
            |old: &str, new: &str| drops(Change::Edits(&[(old.to_owned(), new.to_owned())]), false);
        assert!(edit("npm test", "exit 0"));
        assert!(edit("npm test", "exit 0\nnpm test"));
        assert!(!edit("npm test\n", "npm test\nexit 0\n"));
        assert!(!edit("exit 0", "exit 0\n"));
    }

    #[test]
    fn settings_of_git_count_by_where_they_send_hooks() {
        let now =
            "[core]\n\thooksPath = /home/ana/.local/state/backstop/hooks\n[user]\n\tname = a\n";
        let edit = |old: &str, new: &str| {
            drops_from(
                Change::Edits(&[(old.to_owned(), new.to_owned())]),
                now,
                true,
            )
        };
        assert!(edit(
            "\thooksPath = /home/ana/.local/state/backstop/hooks\n",
            ""
        ));
        assert!(edit("/home/ana/.local/state/backstop/hooks", "/dev/null"));
        assert!(!edit("name = a", "name = b"));
        assert!(drops_from(Change::Gone, now, true) && !drops_from(Change::Gone, "[user]\n", true));
        assert!(mutes(Change::Script("sed -i /hooksPath/d .git/config")));
    }
}
