//! Refs of the local repository that a command moves away from their commits or takes down.
//! It reads no work tree; whether a ref exists is asked, and without facts it is taken to.

use std::path::{Path, PathBuf};

use super::{Git, Repository};
use crate::classify::files::Valued;
use crate::classify::files::report::Loss;
use crate::model::command::{Command, Stdin};
use crate::model::fact::{Answer, Question};
use crate::model::target::TargetKind;
use crate::model::word::Word;

/// What is known of a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    There,
    Absent,
    Unknown,
}

const BRANCH: Valued = Valued {
    short: "u",
    long: &[
        "--set-upstream-to",
        "--contains",
        "--no-contains",
        "--merged",
        "--no-merged",
        "--points-at",
        "--sort",
        "--format",
    ],
};

/// Adds the loss of what a ref held, unless there is no such ref.
pub fn overwrite(git: &mut Git<'_, '_>, full: &str) {
    let repository = git.ask(Vec::new());
    let known = existing(git, &repository, full);
    let target = git.target(&repository, TargetKind::GitRef, Some(full.to_owned()));
    let loss = Loss::new("git.ref-overwrite", target);
    git.losses.push(match (repository, known) {
        (Repository::Absent, _) => loss.exempt("no repository"),
        (_, Known::Absent) => loss.exempt("there is no such ref"),
        (_, Known::There | Known::Unknown) => loss,
    });
}

fn existing(git: &mut Git<'_, '_>, repository: &Repository<'_>, full: &str) -> Known {
    let Repository::Known(fact) = repository else {
        return Known::Unknown;
    };
    if full.contains("$?") {
        return Known::Unknown;
    }
    let common = common_dir(&fact.git_dir);
    let loose = Question::Entry(common.join(full));
    let loose = git.context.facts.ask(loose, git.needs).cloned();
    let packed = Question::Text(common.join("packed-refs"));
    let packed = git.context.facts.ask(packed, git.needs);
    match (loose, packed) {
        (Some(Answer::Entry(_)), _) => Known::There,
        (Some(Answer::Absent), Some(Answer::Text { text, .. })) => {
            let mut names = text.lines().filter_map(|line| line.split(' ').nth(1));
            if names.any(|name| name == full) {
                Known::There
            } else {
                Known::Absent
            }
        }
        (Some(Answer::Absent), Some(Answer::Absent)) => Known::Absent,
        _ => Known::Unknown,
    }
}

/// A linked work tree keeps its refs in the repository that it belongs to.
pub fn common_dir(git_dir: &Path) -> PathBuf {
    match git_dir.parent() {
        Some(trees) if trees.file_name().is_some_and(|name| name == "worktrees") => {
            trees.parent().unwrap_or(git_dir).to_path_buf()
        }
        _ => git_dir.to_path_buf(),
    }
}

fn head(name: &str) -> String {
    if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    }
}

/// `git branch`: `-D`, and `-f`, `-M`, `-C` over a branch that is there.
pub fn branch(git: &mut Git<'_, '_>) {
    let args = git.args(BRANCH);
    if args.has(&["-r", "--remotes", "-l", "--list", "--show-current"]) {
        return;
    }
    let forced = args.has(&["-f", "--force"]);
    let asks = args.has(&["-d", "--delete"]);
    // Beside a plain `-d` unknown words are names: git itself refuses what is not merged.
    let deletes = args.has(&["-D"]) || (asks && forced) || (!asks && args.told(&["-D"]));
    let over = args.has(&["-M", "-C"]) || (forced && args.has(&["-m", "-c", "--move", "--copy"]));
    let operands = args.operands.clone();
    if deletes {
        for word in operands {
            git.lose("git.branch-delete", TargetKind::GitRef, Some(word.shown()));
        }
    } else if over {
        // `git branch -M main` names the branch that is checked out; without facts no other one is meant.
        let lone = operands.len() == 1 && git.context.facts.assumed;
        if let Some(word) = operands.last().filter(|_| !lone) {
            overwrite(git, &head(&word.shown()));
        }
    } else if forced && let Some(word) = operands.first() {
        overwrite(git, &head(&word.shown()));
    }
}

/// `git checkout -B X`, `git switch -C X`: the branch starts somewhere else.
pub fn started_over(git: &mut Git<'_, '_>, flags: &[&str], valued: Valued) {
    let args = git.args(valued);
    if let Some(name) = args.value(flags).map(str::to_owned) {
        overwrite(git, &head(&name));
    }
}

/// `git tag -f` and `-d`.
pub fn tag(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "mFun",
        long: &[
            "--message",
            "--file",
            "--local-user",
            "--cleanup",
            "--format",
            "--sort",
        ],
    });
    let operands = args.operands.clone();
    if args.has(&["-d", "--delete"]) {
        for word in operands {
            git.lose("git.tag-delete", TargetKind::GitRef, Some(word.shown()));
        }
    } else if args.has(&["-f", "--force"])
        && !args.has(&["-l", "--list", "-v", "--verify"])
        && let Some(word) = operands.first()
    {
        overwrite(git, &format!("refs/tags/{}", word.shown()));
    }
}

/// `git update-ref NAME NEW [OLD]`, `-d`, and the same told on standard input.
pub fn update(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "m",
        long: &[],
    });
    if args.has(&["--stdin"]) {
        return told(git);
    }
    let operands: Vec<String> = args.operands.iter().map(|word| word.shown()).collect();
    if args.has(&["-d", "--delete"]) {
        let name = operands.first().cloned();
        if name.as_deref() == Some("refs/stash") {
            super::stash::unnamed(git);
        }
        return git.lose("git.ref-delete", TargetKind::GitRef, name);
    }
    if let [name, _, rest @ ..] = operands.as_slice() {
        moved(git, name, rest.first().map(String::as_str));
    }
}

/// A ref that is given a new value; an old value of nothing means that it may not exist yet.
fn moved(git: &mut Git<'_, '_>, name: &str, old: Option<&str>) {
    let created = old.is_some_and(|old| old.chars().all(|digit| digit == '0'));
    let held = ["refs/heads/", "refs/tags/", "refs/stash", "HEAD"]
        .iter()
        .any(|start| name.starts_with(start));
    if held && !created {
        overwrite(git, name);
    }
}

fn told(git: &mut Git<'_, '_>) {
    let text = match &git.command.stdin {
        Stdin::Text(word) => word.text(),
        Stdin::Null | Stdin::Inherited => return,
        Stdin::File(_) | Stdin::Opaque { .. } => None,
    };
    let Some(text) = text else {
        let name = Some("refs that standard input names".to_owned());
        return git.lose("git.ref-delete", TargetKind::GitRef, name);
    };
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["delete", name, ..] => {
                git.lose(
                    "git.ref-delete",
                    TargetKind::GitRef,
                    Some((*name).to_owned()),
                );
            }
            ["update", name, _, rest @ ..] => moved(git, name, rest.first().copied()),
            _ => {}
        }
    }
}

/// `git symbolic-ref -d`; a remote's HEAD comes back with the next fetch.
pub fn symbolic(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "m",
        long: &[],
    });
    let name = args.operands.first().map(|word| word.shown());
    let remote = name
        .as_deref()
        .is_some_and(|name| name.starts_with("refs/remotes/"));
    if args.has(&["-d", "--delete"]) && !remote {
        git.lose("git.ref-delete", TargetKind::GitRef, name);
    }
}

/// `git notes remove`, `git replace -d`: refs of their own kind.
pub fn notes(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "mFcCt",
        long: &["--ref", "--message", "--file"],
    });
    let step = args.operands.first().and_then(|word| word.text());
    let lost = match step.as_deref() {
        Some("remove") => true,
        Some("add" | "copy") => args.has(&["-f", "--force"]),
        Some(_) | None => false,
    };
    if lost {
        let name = args
            .operands
            .get(1)
            .map_or("HEAD".to_owned(), |word| word.shown());
        git.lose(
            "git.ref-delete",
            TargetKind::GitRef,
            Some(format!("note of {name}")),
        );
    }
}

pub fn replace(git: &mut Git<'_, '_>) {
    let args = git.args(Valued::NONE);
    if args.has(&["-d", "--delete"]) {
        for word in args.operands.clone() {
            let name = Some(format!("refs/replace/{}", word.shown()));
            git.lose("git.ref-delete", TargetKind::GitRef, name);
        }
    }
}

/// A fetch that forces a branch of this repository: `git fetch origin +main:main`.
pub fn fetch(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "jo",
        long: &[
            "--depth",
            "--deepen",
            "--refmap",
            "--upload-pack",
            "--shallow-since",
        ],
    });
    if args.has(&["--dry-run"]) {
        return;
    }
    let forced = args.has(&["-f", "--force"]);
    let specs: Vec<String> = args
        .operands
        .iter()
        .skip(1)
        .map(|word| word.shown())
        .collect();
    for spec in specs {
        let plain = spec.trim_start_matches('+');
        let forced = forced || spec.starts_with('+');
        let Some((_, to)) = plain.split_once(':').filter(|(_, to)| !to.is_empty()) else {
            continue;
        };
        let kept = to.starts_with("refs/") && !to.starts_with("refs/heads/");
        if forced && !kept {
            overwrite(git, &head(to));
        }
    }
}

/// An alias that a command of the call writes with `git config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Where that command stands among the commands.
    place: usize,
    name: String,
    value: String,
}

/// Returns the aliases that commands write with `git config`, in their order.
pub fn aliases(commands: &[Command]) -> Vec<Alias> {
    let mut all = Vec::new();
    for (place, command) in commands.iter().enumerate() {
        // What names no alias is passed over as it stands.
        let named = |word: &Word| word.prefix_starts("alias.");
        if !command.words.iter().any(named) {
            continue;
        }
        let Some(other) = super::Invocation::read(command) else {
            continue;
        };
        if other.subcommand != "config" {
            continue;
        }
        let words: Vec<String> = other.args.iter().filter_map(Word::text).collect();
        let at = words.iter().position(|word| word.starts_with("alias."));
        if let Some(at) = at
            && let (Some(name), Some(value)) = (words.get(at), words.get(at + 1))
        {
            all.push(Alias {
                place,
                name: name.to_ascii_lowercase(),
                value: value.clone(),
            });
        }
    }
    all
}

/// Aliases that an earlier command of the same call wrote with `git config`.
pub fn earlier_aliases(context: &super::Context<'_>) -> Vec<(String, String)> {
    let setting = |one: &Alias| (one.name.clone(), one.value.clone());
    match context.aliases {
        Some(all) => {
            let count = all.partition_point(|one| one.place < context.earlier.len());
            all.iter().take(count).map(setting).collect()
        }
        None => aliases(context.earlier).iter().map(setting).collect(),
    }
}
