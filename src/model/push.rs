//! A push as git tells its hook, and which refs of a remote are protected.
//! Nothing here asks a repository; what a repository knows is filled in by others.

use std::path::PathBuf;

use super::pattern::is_like;
use super::secret::Secret;

/// What a push would do to one ref of the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The ref is new, stays, or moves on to a descendant.
    Kept,
    /// The ref moves to where its old tip is not reachable, or nobody here can say.
    Rewritten,
    Deleted,
}

/// One line that git writes to its pre-push hook, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRef {
    /// Local name as typed; `(delete)` for a deletion.
    pub local: String,
    /// Object that goes there; all zeros for a deletion.
    pub new: String,
    /// Full name on the remote.
    pub name: String,
    /// Object that the remote has there; all zeros when the ref is new.
    pub old: String,
    pub fate: Fate,
    /// The old object is in the local repository.
    pub known: bool,
    /// Commits that are no longer reachable from the ref, when they were counted.
    pub commits: Option<u64>,
}

/// One push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Name of the remote, or its address without a password.
    pub remote: String,
    pub url: Secret,
    /// The address without a password.
    pub address: String,
    /// Git directory of the repository that pushes, absolute.
    pub git_dir: PathBuf,
    /// Its top folder, else the git directory.
    pub root: PathBuf,
    /// Branch that the remote has checked out, as far as it was seen here.
    pub default_branch: Option<String>,
    pub refs: Vec<PushedRef>,
    /// The push deletes whatever is only on the remote.
    pub mirror: Mirror,
    /// Why the remote cannot be fetched from here at all.
    pub barred: Option<String>,
    /// The remote is another host, which is contacted only after a human said so.
    pub far: bool,
}

/// Whether a push makes the remote a mirror. Git does not list to its hook what such a push deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mirror {
    No,
    /// The remote was asked: what goes is among the refs.
    Listed,
    /// What goes is not known.
    Unlisted,
}

/// Tells whether an object id is all zeros: there is no object.
pub fn is_zero(oid: &str) -> bool {
    !oid.is_empty() && oid.bytes().all(|byte| byte == b'0')
}

/// Which refs of a remote others build on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Protection {
    /// Patterns over the names of branches, or over full names that begin with `refs/`.
    pub branches: Vec<String>,
    /// Patterns over the names of tags.
    pub tags: Vec<String>,
}

/// Protects no branch and no tag.
pub static UNPROTECTED: Protection = Protection {
    branches: Vec::new(),
    tags: Vec::new(),
};

impl Protection {
    /// Tells whether a ref is protected; anything that is neither a branch nor a tag always is.
    pub fn covers(&self, name: &str, default_branch: Option<&str>) -> bool {
        let fits = |patterns: &[String], short: &str| {
            patterns
                .iter()
                .any(|pattern| is_like(pattern, short) || is_like(pattern, name))
        };
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            return default_branch == Some(branch) || fits(&self.branches, branch);
        }
        match name.strip_prefix("refs/tags/") {
            Some(tag) => fits(&self.tags, tag) || fits(&self.branches, name),
            None => true,
        }
    }

    /// Tells whether a ref of the local repository is protected: branches, tags, and what a pattern names in full.
    /// Notes, bisections, and the rest that git keeps for itself come and go.
    pub fn covers_local(&self, name: &str, default_branches: &[String]) -> bool {
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            let is_default = default_branches.iter().any(|default| default == branch);
            return is_default || self.covers(name, None);
        }
        if name.starts_with("refs/tags/") {
            return self.covers(name, None);
        }
        let mut whole = self
            .branches
            .iter()
            .filter(|pattern| pattern.starts_with("refs/"));
        whole.any(|pattern| is_like(pattern, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protection() -> Protection {
        Protection {
            branches: vec!["main".into(), "release/*".into()],
            tags: vec!["v*".into()],
        }
    }

    #[test]
    fn branches_and_tags_are_protected_by_their_patterns() {
        let all = protection();
        for (name, covered) in [
            ("refs/heads/main", true),
            ("refs/heads/release/2.1/fix", true),
            ("refs/heads/topic", false),
            ("refs/heads/mainline", false),
            ("refs/heads/x/main", false),
            ("refs/tags/v1", true),
            ("refs/tags/nightly", false),
            ("refs/notes/commits", true),
        ] {
            assert_eq!(all.covers(name, None), covered, "{name}");
        }
        assert!(all.covers("refs/heads/work", Some("work")));
    }

    #[test]
    fn what_git_keeps_for_itself_is_not_protected_here() {
        let mut all = protection();
        let defaults = ["trunk".to_owned()];
        for name in ["main", "release/1/2", "trunk"] {
            assert!(
                all.covers_local(&format!("refs/heads/{name}"), &defaults),
                "{name}"
            );
        }
        assert!(
            all.covers_local("refs/tags/v1", &[]) && !all.covers_local("refs/heads/trunk", &[])
        );
        let others = [
            "refs/heads/mains",
            "refs/heads/x/main",
            "refs/heads/HEAD",
            "refs/heads/",
            "refs/tags/nightly",
            "refs/stash",
            "refs/remotes/origin/main",
            "refs/notes/commits",
            "refs/bisect/bad",
            "refs/worktree/main",
            "HEAD",
            "main",
        ];
        for name in others {
            assert!(!all.covers_local(name, &defaults), "{name}");
        }
        all.branches.push("refs/notes/*".to_owned());
        assert!(all.covers_local("refs/notes/review", &[]));
    }

    #[test]
    fn zeros_of_any_length_are_no_object() {
        assert!(is_zero(&"0".repeat(40)) && is_zero(&"0".repeat(64)));
        assert!(!is_zero("") && !is_zero(&format!("{}1", "0".repeat(39))));
    }
}
