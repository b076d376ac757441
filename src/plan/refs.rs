//! Which refs are protected, and what one line of a reference transaction means, as values.
//! It asks no repository: names of default branches and current values are parameters.

/// Stands for the default branch, whatever its name: of the remote in a push, of the remotes that are known in a local change.
pub const DEFAULT_BRANCH: &str = "HEAD";

/// Protected without any policy.
pub const PROTECTED: [&str; 5] = [DEFAULT_BRANCH, "main", "master", "release/*", "refs/tags/*"];

/// Patterns of protected refs, ready to be asked.
///
/// A pattern that starts with `refs/` is matched against the whole name, any other against the name of a branch;
/// `*` stands for any text, slashes included, `?` for one character.
///
/// ```
/// use backstop::plan::refs::{PROTECTED, Protected};
/// let protected = Protected::new(PROTECTED, ["trunk"]);
/// assert!(protected.holds("refs/heads/main") && protected.holds("refs/heads/trunk") && protected.holds("refs/tags/v1"));
/// assert!(!protected.holds("refs/heads/topic") && !protected.holds("refs/remotes/origin/main"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    patterns: Vec<Vec<u8>>,
}

impl Protected {
    /// Returns the patterns with the default branches in place of `HEAD`.
    pub fn new<P: AsRef<str>, D: AsRef<[u8]>>(
        patterns: impl IntoIterator<Item = P>,
        default_branches: impl IntoIterator<Item = D>,
    ) -> Self {
        let mut all = Vec::new();
        let mut with_default = false;
        for pattern in patterns {
            match pattern.as_ref() {
                DEFAULT_BRANCH => with_default = true,
                whole if whole.starts_with("refs/") => all.push(whole.as_bytes().to_vec()),
                branch => all.push([b"refs/heads/", branch.as_bytes()].concat()),
            }
        }
        if with_default {
            // A branch's name is text, not a pattern; git allows neither `*` nor `?` in one.
            let named = default_branches.into_iter();
            all.extend(named.map(|name| [b"refs/heads/".as_slice(), name.as_ref()].concat()));
        }
        Self { patterns: all }
    }

    /// Tells whether the ref with this full name is protected.
    pub fn holds(&self, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        self.patterns.iter().any(|pattern| matches(pattern, name))
    }
}

/// Matches a whole name against a pattern; goes back to the last `*` only, so the cost is bounded by the product of the lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while here < name.len() {
        match (pattern.get(at), name.get(here)) {
            (Some(b'*'), _) => {
                star = Some((at + 1, here));
                at += 1;
            }
            (Some(b'?'), Some(_)) => {
                at += 1;
                here += 1;
            }
            (Some(wanted), Some(found)) if wanted == found => {
                at += 1;
                here += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    at = after;
                    here = from + 1;
                    star = Some((after, here));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

/// What a ref is said to hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// All zeros: as a new value "gone", as an old one "not said".
    Zeros,
    /// An object, as lower-case hex of 40 or 64 digits.
    Object(String),
    /// A symbolic ref with the name it points to.
    Symbolic(Vec<u8>),
}

impl Value {
    fn read(text: &[u8]) -> Option<Self> {
        if let Some(target) = text.strip_prefix(b"ref:") {
            return Some(Self::Symbolic(target.to_vec()));
        }
        let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if !matches!(text.len(), 40 | 64) || !text.iter().all(is_hex) {
            return None;
        }
        if text.iter().all(|byte| *byte == b'0') {
            return Some(Self::Zeros);
        }
        Some(Self::Object(String::from_utf8(text.to_vec()).ok()?))
    }
}

/// One line of a reference transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub old: Value,
    pub new: Value,
    /// Full name of the ref; any bytes but white space and control characters.
    pub name: Vec<u8>,
}

impl Update {
    /// Reads `OLD SP NEW SP NAME`; nothing when it is no such line.
    pub fn read(line: &[u8]) -> Option<Self> {
        let mut parts = line.splitn(3, |byte| *byte == b' ');
        let (old, new, name) = (parts.next()?, parts.next()?, parts.next()?);
        if name.is_empty() {
            return None;
        }
        Some(Self {
            old: Value::read(old)?,
            new: Value::read(new)?,
            name: name.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_default() -> Protected {
        Protected::new(PROTECTED, ["trunk"])
    }

    #[test]
    fn branches_tags_and_the_default_branch_are_protected_by_default() {
        for name in [
            "main",
            "master",
            "trunk",
            "release/1",
            "release/1/2",
            "release/",
        ] {
            assert!(by_default().holds(format!("refs/heads/{name}")), "{name}");
        }
        assert!(by_default().holds("refs/tags/v1") && by_default().holds("refs/tags/a/b"));
    }

    #[test]
    fn work_branches_and_other_namespaces_are_not() {
        let others = [
            "refs/heads/mains",
            "refs/heads/topic",
            "refs/heads/releases",
            "refs/heads/x/main",
            "refs/heads/HEAD",
            "HEAD",
            "ORIG_HEAD",
            "refs/stash",
            "refs/remotes/origin/main",
            "refs/remotes/origin/HEAD",
            "refs/notes/commits",
            "refs/bisect/bad",
            "refs/worktree/main",
            "main",
            "refs/heads/",
        ];
        for name in others {
            assert!(!by_default().holds(name), "{name}");
        }
    }

    #[test]
    fn patterns_of_a_policy_match_as_they_are_written() {
        let own = Protected::new(["prod-?", "env/*/live", "refs/notes/*"], ["trunk"]);
        assert!(own.holds("refs/heads/prod-1") && own.holds("refs/heads/env/eu/a/live"));
        assert!(own.holds("refs/notes/review"));
        assert!(!own.holds("refs/heads/prod-12") && !own.holds("refs/heads/env/live"));
        assert!(
            !own.holds("refs/heads/trunk"),
            "the default branch is protected only where HEAD is listed"
        );
    }

    #[test]
    fn many_stars_stay_cheap() {
        let own = Protected::new(["*a*a*a*a*a*a*a*b"], [""; 0]);
        assert!(!own.holds(format!("refs/heads/{}", "a".repeat(4000))));
        assert!(own.holds(format!("refs/heads/{}b", "a".repeat(4000))));
    }

    #[test]
    fn names_need_not_be_text() {
        assert!(by_default().holds(b"refs/tags/caf\xe9"));
        let update = Update::read(format!("{} {} ", "0".repeat(40), "a".repeat(40)).as_bytes());
        assert_eq!(update, None);
    }

    #[test]
    fn lines_are_read_in_both_object_formats() {
        for digits in [40, 64] {
            let line = format!(
                "{} {} refs/heads/main",
                "0".repeat(digits),
                "c".repeat(digits)
            );
            let update = Update::read(line.as_bytes()).unwrap();
            assert_eq!(
                (update.old, update.new),
                (Value::Zeros, Value::Object("c".repeat(digits)))
            );
            assert_eq!(update.name, b"refs/heads/main");
        }
        let line = format!("{} ref:refs/heads/x HEAD", "0".repeat(40));
        assert_eq!(
            Update::read(line.as_bytes()).unwrap().new,
            Value::Symbolic(b"refs/heads/x".to_vec())
        );
        for bad in ["", "a b c", "0000 1111 refs/heads/main"] {
            assert_eq!(Update::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
