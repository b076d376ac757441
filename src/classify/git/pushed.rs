//! What a push would lose on the remote, from the lines that git writes to its pre-push hook.
//! The words of `git push` are read next door; here the refs and objects themselves are known.

use crate::classify::RuleBook;
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::push::{Fate, Mirror, Protection, Push, PushedRef};
use crate::model::target::{GitRemoteReach, Reach, RemoteRef, Target, TargetKind};

/// Refs that are named one by one before the rest is counted.
const NAMED: usize = 3;
/// Lines about the loss.
const LINES: usize = 20;

/// Returns one finding for each way in which refs of the remote would be lost; all name one target, because one backup answers for the push.
pub fn findings(push: &Push, protection: &Protection, rules: &dyn RuleBook) -> Vec<Finding> {
    let lost: Vec<&PushedRef> = push
        .refs
        .iter()
        .filter(|one| one.fate != Fate::Kept)
        .collect();
    if lost.is_empty() && push.mirror != Mirror::Unlisted {
        return Vec::new();
    }
    let target = target(push, &lost);
    if push.mirror == Mirror::Unlisted {
        return vec![finding(push, "git.push-mirror", &lost, &target, rules)];
    }
    let mut groups: Vec<(&'static str, Vec<&PushedRef>)> = Vec::new();
    for one in lost {
        let rule = rule(push, one, protection);
        match groups.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, group)) => group.push(one),
            None => groups.push((rule, vec![one])),
        }
    }
    groups
        .into_iter()
        .map(|(rule, group)| finding(push, rule, &group, &target, rules))
        .collect()
}

/// A mirror takes along what no other push does: the local repository's own view of its remotes.
fn is_mirror(push: &Push) -> bool {
    let of_its_own = |name: &str| name.starts_with("refs/remotes/") || name == "refs/stash";
    push.mirror != Mirror::No || push.refs.iter().any(|one| of_its_own(&one.name))
}

fn rule(push: &Push, one: &PushedRef, protection: &Protection) -> &'static str {
    if is_mirror(push) {
        return "git.push-mirror";
    }
    let small = one.known && !protection.covers(&one.name, push.default_branch.as_deref());
    match (one.fate, small) {
        (Fate::Deleted, true) => "git.push-delete-branch",
        (Fate::Deleted, false) => "git.push-delete",
        (Fate::Rewritten | Fate::Kept, true) => "git.push-force-branch",
        (Fate::Rewritten | Fate::Kept, false) => "git.push-force",
    }
}

fn target(push: &Push, lost: &[&PushedRef]) -> Target {
    let known = push.mirror != Mirror::Unlisted && lost.iter().all(|one| one.known);
    let reach = match &push.barred {
        Some(why) if !known => Reach::Unreachable(why.clone()),
        Some(_) | None => Reach::GitRemote(remote(push, lost, known)),
    };
    let name = match lost {
        [one] if push.mirror != Mirror::Unlisted => one.name.as_str(),
        _ => "refs/*",
    };
    Target {
        kind: TargetKind::GitRemote,
        locator: format!("{}/{name}", push.remote),
        object: None,
        reach,
    }
}

fn remote(push: &Push, lost: &[&PushedRef], known: bool) -> GitRemoteReach {
    let refs = lost.iter().map(|one| RemoteRef {
        name: one.name.clone(),
        old: Some(one.old.clone()),
        new: Some(one.new.clone()),
    });
    GitRemoteReach {
        repository: push.git_dir.clone(),
        remote: push.remote.clone(),
        address: Some(push.address.clone()),
        url: Some(push.url.clone()),
        refs: match push.mirror {
            // All of them: which ones go is not known.
            Mirror::Unlisted => Vec::new(),
            Mirror::No | Mirror::Listed => refs.collect(),
        },
        known,
    }
}

fn finding(
    push: &Push,
    rule: &'static str,
    group: &[&PushedRef],
    target: &Target,
    rules: &dyn RuleBook,
) -> Finding {
    let known = rules.rule(rule);
    let mut names: Vec<String> = group
        .iter()
        .take(NAMED)
        .map(|one| format!("{}/{}", push.remote, one.name))
        .collect();
    if group.len() > NAMED {
        names.push(format!("and {} more", group.len() - NAMED));
    }
    let mut lines: Vec<String> = group.iter().take(LINES).map(|one| line(one)).collect();
    if push.mirror == Mirror::Unlisted {
        names = vec![format!("{}/refs/*", push.remote)];
        lines.push(
            "every ref that is only on the remote goes; which ones is not known here".to_owned(),
        );
    }
    let unknown = push.mirror == Mirror::Unlisted || group.iter().any(|one| !one.known);
    if push.far && push.barred.is_none() && unknown {
        lines.push(
            "the remote is another host: its refs are fetched after the first approval".to_owned(),
        );
    }
    let template = known.map_or("loses {targets}", |rule| rule.summary);
    Finding {
        rule: rule.to_owned(),
        severity: known.map_or(Severity::High, |rule| rule.severity),
        summary: template.replace("{targets}", &names.join(", ")),
        command: vec!["git".into(), "push".into(), push.remote.clone()],
        span: None,
        file: None,
        via: Vec::new(),
        targets: vec![target.clone()],
        opaque: false,
        instead: known.map(|rule| rule.instead.to_owned()),
        blast: Blast {
            lines,
            ..Blast::default()
        },
        exempt: None,
    }
}

fn line(one: &PushedRef) -> String {
    let short = |oid: &str| oid.get(..12).unwrap_or(oid).to_owned();
    let what = match one.fate {
        Fate::Deleted => format!("`{}` at {} goes", one.name, short(&one.old)),
        Fate::Rewritten | Fate::Kept => format!(
            "`{}` moves from {} to {}",
            one.name,
            short(&one.old),
            short(&one.new)
        ),
    };
    let note = match (one.known, one.commits) {
        (false, _) => "; what the remote has there is not known here".to_owned(),
        (true, Some(1)) => "; 1 commit is no longer reachable from it".to_owned(),
        (true, Some(count)) => format!("; {count} commits are no longer reachable from it"),
        (true, None) => String::new(),
    };
    format!("{what}{note}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;
    use crate::policy::builtin;

    fn one(name: &str, fate: Fate, known: bool) -> PushedRef {
        PushedRef {
            local: "x".into(),
            new: "2".repeat(40),
            name: name.into(),
            old: "1".repeat(40),
            fate,
            known,
            commits: None,
        }
    }

    fn found(refs: Vec<PushedRef>) -> Vec<(String, Severity)> {
        let push = Push {
            remote: "origin".into(),
            url: Secret::new("/srv/x.git"),
            address: "/srv/x.git".into(),
            git_dir: "/proj/.git".into(),
            root: "/proj".into(),
            default_branch: Some("work".into()),
            refs,
            mirror: Mirror::No,
            barred: None,
            far: false,
        };
        let protection = builtin::default_policy().protection;
        let found = findings(&push, &protection, builtin::book());
        found
            .into_iter()
            .map(|one| (one.rule, one.severity))
            .collect()
    }

    #[test]
    fn only_what_is_lost_is_found() {
        let kept = one("refs/heads/main", Fate::Kept, true);
        assert!(found(vec![kept]).is_empty());
        assert!(found(Vec::new()).is_empty());
    }

    #[test]
    fn severity_follows_protection_and_what_is_known() {
        for (name, fate, known, rule) in [
            (
                "refs/heads/topic",
                Fate::Rewritten,
                true,
                "git.push-force-branch",
            ),
            ("refs/heads/topic", Fate::Rewritten, false, "git.push-force"),
            (
                "refs/heads/topic",
                Fate::Deleted,
                true,
                "git.push-delete-branch",
            ),
            ("refs/heads/work", Fate::Deleted, true, "git.push-delete"),
            (
                "refs/heads/release/1.2",
                Fate::Rewritten,
                true,
                "git.push-force",
            ),
            ("refs/tags/v1", Fate::Deleted, true, "git.push-delete"),
            (
                "refs/notes/commits",
                Fate::Rewritten,
                true,
                "git.push-force",
            ),
        ] {
            let rules = found(vec![one(name, fate, known)]);
            assert_eq!(rules.len(), 1);
            assert_eq!(rules[0].0, rule, "{name}");
        }
    }

    #[test]
    fn a_mirror_is_told_by_what_it_takes_along() {
        let seen = one("refs/remotes/origin/main", Fate::Kept, true);
        let gone = one("refs/heads/topic", Fate::Deleted, true);
        assert_eq!(
            found(vec![seen, gone]),
            [("git.push-mirror".to_owned(), Severity::Critical)]
        );
    }

    #[test]
    fn every_finding_of_a_push_names_one_target_with_all_refs() {
        let push = Push {
            remote: "origin".into(),
            url: Secret::new("/srv/x.git"),
            address: "/srv/x.git".into(),
            git_dir: "/proj/.git".into(),
            root: "/proj".into(),
            default_branch: None,
            refs: vec![
                one("refs/heads/main", Fate::Rewritten, true),
                one("refs/heads/topic", Fate::Deleted, true),
            ],
            mirror: Mirror::No,
            barred: None,
            far: false,
        };
        let protection = builtin::default_policy().protection;
        let all = findings(&push, &protection, builtin::book());
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].targets, all[1].targets);
        let Reach::GitRemote(reach) = &all[0].targets[0].reach else {
            panic!("no remote");
        };
        assert_eq!(reach.refs.len(), 2);
    }
}
