//! Patterns of names, as the shell and `fnmatch` read them.

use super::value::{Outcome, Stop};
use super::world::{Found, World};

impl World<'_> {
    /// Returns the paths that a shell pattern gives.
    pub fn glob(&mut self, pattern: &str, shell: bool) -> Outcome<Vec<String>> {
        let mut found = vec![if pattern.starts_with('/') {
            "/".to_owned()
        } else {
            String::new()
        }];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let mut next = Vec::new();
            for base in &found {
                let joined = |name: &str| match base.as_str() {
                    "" => name.to_owned(),
                    base if base.ends_with('/') => format!("{base}{name}"),
                    base => format!("{base}/{name}"),
                };
                if !part.contains(['*', '?', '[']) {
                    next.push(joined(part));
                    continue;
                }
                let folder = self.path(if base.is_empty() { "." } else { base })?;
                let like = like(part, shell).ok_or(Stop::Lost)?;
                for name in self.names(&folder)?.unwrap_or_default() {
                    let hidden = name.starts_with('.') && !part.starts_with('.');
                    if !hidden && like.is_match(&name) {
                        next.push(joined(&name));
                    }
                }
            }
            found = next;
        }
        // With a slash at the end only folders are meant, and it stays there.
        let folders = pattern.ends_with('/');
        let mut there = Vec::new();
        for one in found {
            let path = self.path(&one)?;
            match self.found(&path)? {
                Found::Nothing => {}
                found if folders && !found.is_folder() => {}
                _ if folders && !one.ends_with('/') => there.push(format!("{one}/")),
                _ => there.push(one),
            }
        }
        Ok(there)
    }
}

/// Returns a pattern of one name as a regular expression, as the shell reads it or as Python does.
pub(super) fn like(part: &str, shell: bool) -> Option<regex::Regex> {
    let mut all = "^(?s:".to_owned();
    let mut chars = part.chars();
    while let Some(char) = chars.next() {
        match char {
            '*' => all.push_str(".*"),
            '?' => all.push('.'),
            '[' => match class(chars.as_str(), shell)? {
                Some((class, rest)) => {
                    all.push_str(&class);
                    chars = rest.chars();
                }
                None if shell => return None,
                None => all.push_str("\\["),
            },
            '\\' if shell => return None,
            other => all.push_str(&regex::escape(&other.to_string())),
        }
    }
    all.push_str(")$");
    regex::Regex::new(&all).ok()
}

/// Reads a class up to its end, and returns what stands behind; the inner nothing is for one that has no end.
fn class(text: &str, shell: bool) -> Option<Option<(String, &str)>> {
    let (negated, body) = match text.strip_prefix('!') {
        Some(body) => (true, body),
        None => (false, text),
    };
    // A bracket in the first place is a letter like others.
    let from = usize::from(body.starts_with(']'));
    let Some(end) = body.get(from..)?.find(']') else {
        return Some(None);
    };
    let (inside, rest) = (body.get(..from + end)?, body.get(from + end + 1..)?);
    if shell && inside.starts_with(['^', ']'])
        || ["--", "&&", "~~", "||"]
            .iter()
            .any(|odd| inside.contains(odd))
    {
        return None;
    }
    let mut all = if negated { "[^" } else { "[" }.to_owned();
    let last = inside.chars().count();
    for (at, char) in inside.chars().enumerate() {
        let range = char == '-' && at > 0 && at + 1 < last;
        if !char.is_alphanumeric() && !range {
            all.push('\\');
        }
        all.push(char);
    }
    all.push(']');
    Some(Some((all, rest)))
}
