use crate::classify::files::bench::{Bench, line, rules};
use crate::model::command::{Command, Unfolding};
use crate::model::fact::{Answer, GitFact, Needs, Question};
use crate::model::git::{GitAbout, RefDeed, RefStep, RefsFact, Standing, Sureness, TipFact};

fn lost(bench: &Bench, command: &Command) -> Vec<String> {
    judged(bench, command, |_| Answer::Unknown("not asked".into()))
}

/// The rules that a command breaks where the repository says this of refs; it names no file.
fn judged(bench: &Bench, command: &Command, refs: fn(&[RefStep]) -> Answer) -> Vec<String> {
    let mut facts = bench.facts.clone();
    for _ in 0..4 {
        let context = super::Context {
            facts: &facts,
            ..bench.context()
        };
        let mut needs = Needs::default();
        let found = super::findings(command, &context, &mut needs);
        let open = needs.into_questions();
        if open.is_empty() {
            return rules(&found);
        }
        for question in open {
            if matches!(&question, Question::Text(path) if path.ends_with(".git/config")) {
                facts.learn(question, Answer::Absent);
                continue;
            }
            let Question::GitDeed(asked) = &question else {
                panic!("open: {question:?}");
            };
            let answer = match &asked.about {
                GitAbout::Refs { steps, .. } => refs(steps),
                GitAbout::Unreachable { .. } => Answer::Unknown("not asked".into()),
                GitAbout::Alias { .. } => Answer::Absent,
                GitAbout::Clean(_)
                | GitAbout::Over { .. }
                | GitAbout::OverIgnored { .. }
                | GitAbout::Stopped(_)
                | GitAbout::Edited(_)
                | GitAbout::Listed(_)
                | GitAbout::Tracked(_) => Answer::Glob(Vec::new()),
                GitAbout::Pushed(push) => Answer::Glob(vec![push.name.clone().into()]),
            };
            facts.learn(question, answer);
        }
    }
    panic!("it asks on and on");
}

fn stands(standing: Standing) -> Answer {
    let name = "refs/heads/topic".to_owned();
    Answer::Refs(RefsFact {
        root: "/home/ann/shop".into(),
        git_dir: "/home/ann/shop/.git".into(),
        tips: vec![TipFact {
            name,
            object: "1".repeat(40),
            standing,
        }],
    })
}

#[test]
fn a_ref_is_lost_only_where_no_other_one_leads_to_what_it_holds() {
    let bench = repository(|_| {});
    for (text, rule) in [
        ("git branch -D topic", "git.branch-delete"),
        ("git branch -f topic main", "git.ref-overwrite"),
        ("git checkout -B topic main", "git.ref-overwrite"),
        ("git switch -C topic main", "git.ref-overwrite"),
        ("git update-ref -d refs/heads/topic", "git.ref-delete"),
        ("git fetch . +main:topic", "git.ref-overwrite"),
        ("git push . :topic", "git.ref-delete"),
        ("git push . +main:topic", "git.ref-overwrite"),
        ("git reset --hard origin/main", "git.drop-commits"),
        ("git rebase --onto HEAD~1 HEAD", "git.drop-commits"),
    ] {
        let command = line(text);
        assert_eq!(
            judged(&bench, &command, |_| stands(Standing::Lost)),
            [rule],
            "{text}"
        );
        assert!(
            judged(&bench, &command, |_| stands(Standing::Held)).is_empty(),
            "{text}"
        );
        let odd = judged(&bench, &command, |_| Answer::Unknown("timeout".into()));
        assert_eq!(odd, [rule], "{text}");
    }
}

#[test]
fn what_the_call_did_to_refs_before_is_told_with_the_question() {
    let mut bench = repository(|_| {});
    bench.earlier = vec![line("git branch keep topic"), line("git tag -d v1")];
    let found = judged(&bench, &line("git branch -D topic"), |steps| {
        let deeds: Vec<_> = steps.iter().map(|step| &step.deed).collect();
        let keep = RefDeed::Create {
            name: "refs/heads/keep".into(),
            to: Some("topic".into()),
        };
        let tag = RefDeed::Delete {
            name: "refs/tags/v1".into(),
        };
        let topic = RefDeed::Delete {
            name: "refs/heads/topic".into(),
        };
        assert_eq!(deeds, [&keep, &tag, &topic]);
        // Nobody has said here that the branch was made.
        assert_eq!(steps[0].sure, Sureness::Open);
        stands(Standing::TagObject)
    });
    assert_eq!(found, ["git.branch-delete"]);
}

fn repository(change: impl FnOnce(&mut GitFact)) -> Bench {
    let mut fact = GitFact {
        root: "/home/ann/shop".into(),
        git_dir: "/home/ann/shop/.git".into(),
        branch: Some("main".into()),
        has_head: true,
        ..GitFact::default()
    };
    change(&mut fact);
    let question = Question::Git {
        dir: "/home/ann/shop".into(),
        paths: Vec::new(),
    };
    Bench::here().learn(question, Answer::Git(fact))
}

#[test]
fn each_way_to_lose_is_found_without_facts() {
    let bench = Bench::assumed();
    for (text, rule) in [
        ("git reset --hard", "git.discard-changes"),
        (
            "git -C sub --no-pager reset --hard HEAD",
            "git.discard-changes",
        ),
        ("git checkout -- src", "git.discard-changes"),
        ("git checkout .", "git.discard-changes"),
        ("git checkout main.rs", "git.discard-changes"),
        ("git checkout HEAD -- .", "git.discard-changes"),
        ("git checkout -f main", "git.discard-changes"),
        ("git restore src", "git.discard-changes"),
        ("git restore --staged --worktree .", "git.discard-changes"),
        ("git switch --discard-changes main", "git.discard-changes"),
        ("git clean -fd", "git.clean"),
        ("git clean -fdx", "git.clean-ignored"),
        ("git stash drop", "git.stash-drop"),
        ("git stash clear", "git.stash-clear"),
        ("git branch -D topic", "git.branch-delete"),
        ("git branch --delete --force topic", "git.branch-delete"),
        ("git tag -d v1", "git.tag-delete"),
        ("git push --force origin main", "git.push-force"),
        ("git push -f", "git.push-force"),
        (
            "git push --force-with-lease origin topic",
            "git.push-force-branch",
        ),
        ("git push origin +main", "git.push-force"),
        ("git push origin :topic", "git.push-delete-branch"),
        ("git push --delete origin main", "git.push-delete"),
        ("git push --mirror backup", "git.push-mirror"),
        ("git reflog expire --expire=now --all", "git.reflog-expire"),
        ("git gc --prune=now", "git.prune"),
        ("git update-ref -d refs/heads/x", "git.ref-delete"),
        ("git filter-branch --all", "git.rewrite-history"),
        ("git-filter-repo --path x", "git.rewrite-history"),
        ("git worktree remove --force ../x", "git.worktree-remove"),
        ("git submodule deinit -f lib", "git.submodule-deinit"),
        ("git rm -f a.txt", "git.discard-changes"),
        ("git -c alias.zap=clean zap -fd", "git.clean"),
    ] {
        assert_eq!(lost(&bench, &line(text)), [rule], "{text}");
    }
}

#[test]
fn look_alikes_lose_nothing() {
    let bench = Bench::assumed();
    for text in [
        "git status",
        "git reset",
        "git reset --soft HEAD~1",
        "git reset HEAD file.txt",
        "git checkout main",
        "git checkout -b topic/delete-all",
        "git checkout feature/v1.2",
        "git restore --staged .",
        "git switch -c force",
        "git clean -nfdx",
        "git clean -n",
        "git stash",
        "git stash pop",
        "git branch -d merged",
        "git branch -M main",
        "git branch -D -r origin/x",
        "git tag v1",
        "git push",
        "git push origin main",
        "git push --force --dry-run origin main",
        "git push --tags",
        "git fetch --prune",
        "git remote prune origin",
        "git gc",
        "git rm --cached a.txt",
        "git rm a.txt",
        "git commit --amend --no-edit",
        "git rebase main",
        "git log --all -- reset --hard",
        "git clean --help",
        "git commit -m reset",
    ] {
        assert!(lost(&bench, &line(text)).is_empty(), "{text}");
    }
}

#[test]
fn a_clean_tree_has_nothing_to_discard() {
    let clean = repository(|_| {});
    assert!(lost(&clean, &line("git reset --hard")).is_empty());
    let stays = |_: &[RefStep]| stands(Standing::Held);
    assert!(judged(&clean, &line("git reset --hard main"), stays).is_empty());
    assert!(lost(&clean, &line("git clean -fd")).is_empty());
    assert!(lost(&clean, &line("git stash drop")).is_empty());
    let dirty = repository(|fact| fact.dirty = 2);
    assert_eq!(
        lost(&dirty, &line("git reset --hard")),
        ["git.discard-changes"]
    );
    assert_eq!(
        lost(&clean, &line("git reset --hard HEAD~2")),
        ["git.drop-commits"]
    );
}

#[test]
fn a_forced_push_is_small_only_when_the_old_tip_is_known_here() {
    let head = Question::Text("/home/ann/shop/.git/refs/remotes/origin/HEAD".into());
    let tracked = || repository(|_| {}).file("/home/ann/shop/.git/refs/remotes/origin/topic", 41);
    let known = tracked().learn(head.clone(), Answer::Absent);
    assert_eq!(
        lost(&known, &line("git push -f origin topic")),
        ["git.push-force-branch"]
    );
    let points_to = Answer::Text {
        text: "ref: refs/remotes/origin/topic\n".into(),
        sha256: String::new(),
    };
    let default = tracked().learn(head, points_to);
    assert_eq!(
        lost(&default, &line("git push -f origin topic")),
        ["git.push-force"]
    );
    let unknown = repository(|_| {})
        .absent("/home/ann/shop/.git/refs/remotes/origin/topic")
        .learn(
            Question::Text("/home/ann/shop/.git/packed-refs".into()),
            Answer::Absent,
        );
    assert_eq!(
        lost(&unknown, &line("git push -f origin topic")),
        ["git.push-force"]
    );
}

#[test]
fn going_around_hooks_counts_where_they_are_ours() {
    let hook = "/home/ann/shop/.git/hooks/pre-commit";
    let text = |text: &str| Answer::Text {
        text: text.into(),
        sha256: String::new(),
    };
    let commit = line("git commit --no-verify -m x");
    let ours = repository(|_| {}).learn(
        Question::Text(hook.into()),
        text("exec backstop git pre-commit"),
    );
    assert_eq!(lost(&ours, &commit), ["git.bypass-hooks"]);
    let others = repository(|_| {}).learn(Question::Text(hook.into()), text("exec lint"));
    assert!(lost(&others, &commit).is_empty());
}

fn drops(bench: &mut Bench, text: &str) -> Vec<String> {
    let mut all: Vec<_> = text.split(" && ").map(line).collect();
    let last = all.pop().unwrap();
    bench.earlier = all;
    lost(bench, &last)
}

#[test]
fn a_stash_that_the_call_makes_and_drops_is_the_work_tree() {
    const BOTH: [&str; 2] = ["git.discard-changes", "git.stash-drop"];
    let mut dirty = repository(|fact| fact.dirty = 2);
    let mut with_older = repository(|fact| (fact.dirty, fact.stashes) = (2, 1));
    for text in [
        "git stash && git stash drop",
        "git stash push -m x && git checkout other && git stash drop stash@{0}",
        "git stash save x && git stash pop && git stash && git stash drop",
        "git stash apply && git stash && git stash drop",
        "git stash -q && git stash && git stash drop 1",
    ] {
        assert_eq!(drops(&mut dirty, text), ["git.discard-changes"], "{text}");
        assert_eq!(drops(&mut with_older, text), BOTH, "{text}");
        assert_eq!(drops(&mut Bench::assumed(), text), BOTH, "{text}");
    }
    assert_eq!(
        drops(&mut dirty, "git stash && git stash clear"),
        ["git.discard-changes"]
    );
    assert_eq!(
        drops(&mut dirty, "git stash && git update-ref -d refs/stash"),
        ["git.discard-changes", "git.ref-delete"]
    );
    for text in [
        "git stash && git stash pop && git stash drop",
        "git stash && git stash apply && git stash drop",
        "git stash && git stash pop",
        "git stash list && git stash drop",
        "git -C /srv/other stash && git stash drop",
        "git stash && git stash drop && git stash drop",
    ] {
        assert!(drops(&mut dirty, text).is_empty(), "{text}");
    }
    let mut clean = repository(|fact| fact.untracked = 1);
    assert!(drops(&mut clean, "git stash && git stash drop").is_empty());
    let text = "git stash -u && git stash drop";
    assert_eq!(drops(&mut clean, text), ["git.discard-changes"]);
    let mut older = repository(|fact| fact.stashes = 1);
    assert_eq!(drops(&mut older, text), ["git.stash-drop"]);
    assert!(drops(&mut older, "git stash apply 2 && git stash drop 2").is_empty());
    let text = "git stash apply stash@{1} && git stash drop";
    assert_eq!(drops(&mut older, text), ["git.stash-drop"]);
}

#[test]
fn a_linked_work_tree_is_lost_where_it_stands_and_a_clean_one_is_not() {
    let place = "/home/ann/wt";
    let tree = |change: fn(&mut GitFact)| {
        let mut fact = GitFact {
            root: place.into(),
            git_dir: "/home/ann/shop/.git/worktrees/wt".into(),
            branch: Some("wt".into()),
            has_head: true,
            ..GitFact::default()
        };
        change(&mut fact);
        let question = Question::Git {
            dir: place.into(),
            paths: Vec::new(),
        };
        let text = Answer::Text {
            text: "gitdir: /home/ann/shop/.git/worktrees/wt\n".into(),
            sha256: String::new(),
        };
        repository(|_| {})
            .folder(place, 3)
            .learn(question, Answer::Git(fact))
            .learn(Question::Text("/home/ann/wt/.git".into()), text)
    };
    let removal = line("git worktree remove --force ../wt");
    let bench = tree(|fact| fact.untracked = 1);
    let found = super::findings(&removal, &bench.context(), &mut Needs::default());
    let targets: Vec<_> = found[0].targets.iter().map(|one| &one.locator).collect();
    assert_eq!(targets, [place, "/home/ann/shop/.git/worktrees/wt"]);
    assert!(lost(&tree(|_| {}), &removal).is_empty());
}

#[test]
fn aliases_gathered_once_are_those_of_the_commands_before() {
    let texts = [
        "git config alias.a 'reset --hard'",
        "ls alias.b",
        "git config --global alias.B clean",
        "git status",
        "git config alias.a status",
    ];
    let commands: Vec<Command> = texts.iter().map(|text| line(text)).collect();
    let all = super::told(&Unfolding {
        commands: commands.clone(),
        ..Unfolding::default()
    });
    let mut bench = Bench::assumed();
    for count in 0..=commands.len() {
        bench.earlier = commands[..count].to_vec();
        let looked = super::refs::earlier_aliases(&bench.context());
        let known = super::Context {
            aliases: Some(&all),
            ..bench.context()
        };
        assert_eq!(super::refs::earlier_aliases(&known), looked, "{count}");
    }
}

/// Judges a line where git answers what it knows of one kind of question.
fn answered(text: &str, answer: fn(&GitAbout) -> Option<Answer>) -> Vec<String> {
    let bench = repository(|_| {});
    let mut facts = bench.facts.clone();
    for _ in 0..8 {
        let context = super::Context {
            facts: &facts,
            ..bench.context()
        };
        let mut needs = Needs::default();
        let found = super::findings(&line(text), &context, &mut needs);
        let open = needs.into_questions();
        if open.is_empty() {
            return rules(&found);
        }
        for question in open {
            let given = match &question {
                Question::GitDeed(asked) => answer(&asked.about),
                _ => None,
            };
            facts.learn(question, given.unwrap_or(Answer::Absent));
        }
    }
    panic!("it asks on and on");
}

#[test]
fn what_has_stopped_loses_what_was_done_by_hand() {
    fn touched(about: &GitAbout) -> Option<Answer> {
        matches!(about, GitAbout::Stopped(_)).then(|| Answer::Glob(vec!["/home/ann/shop/a".into()]))
    }
    fn untouched(about: &GitAbout) -> Option<Answer> {
        matches!(about, GitAbout::Stopped(_)).then(|| Answer::Glob(Vec::new()))
    }
    let nothing: [&str; 0] = [];
    for text in [
        "git merge --abort",
        "git rebase --abort",
        "git rebase --skip",
        "git cherry-pick --skip",
        "git am --abort",
    ] {
        assert_eq!(answered(text, untouched), nothing, "{text}");
        assert_eq!(
            judged(&Bench::assumed(), &line(text), |_| stands(Standing::Lost)),
            nothing,
            "{text}"
        );
    }
    for text in ["git merge --quit", "git rebase --continue", "git am --quit"] {
        assert_eq!(answered(text, touched), nothing, "{text}");
    }
}

#[test]
fn a_plain_push_asks_nothing_and_one_to_a_temporary_repository_is_play() {
    let bench = repository(|_| {});
    let mut needs = Needs::default();
    let found = super::findings(&line("git push origin main"), &bench.context(), &mut needs);
    assert!(found.is_empty() && needs.is_empty());
    let nothing: [&str; 0] = [];
    let play = line("git push -f /tmp/hub.git main");
    assert_eq!(lost(&bench, &play), nothing);
    assert_eq!(lost(&Bench::assumed(), &play), nothing);
    for text in [
        "git push -f /srv/hub.git main",
        "git push -f /tmp/../srv/hub.git main",
    ] {
        assert_eq!(
            lost(&Bench::assumed(), &line(text)),
            ["git.push-force"],
            "{text}"
        );
    }
}
