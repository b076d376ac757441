//! Refs of the local repository that a command moves away from their commits or takes down.
//! It reads no work tree; whether a ref exists is asked, and without facts it is taken to.

use std::path::{Path, PathBuf};

use super::{Git, course};
use crate::classify::files::mounted;
use crate::classify::files::{Args, Valued};
use crate::model::command::{Command, Proven, Stdin, Unfolding};
use crate::model::git::RefDeed;
use crate::model::target::TargetKind;
use crate::model::word::Word;

pub const BRANCH: Valued = Valued {
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

pub const TAG: Valued = Valued {
    short: "mFun",
    long: &[
        "--message",
        "--file",
        "--local-user",
        "--cleanup",
        "--format",
        "--sort",
    ],
};

pub const FETCH: Valued = Valued {
    short: "jo",
    long: &[
        "--depth",
        "--deepen",
        "--refmap",
        "--upload-pack",
        "--shallow-since",
    ],
};

/// Adds the losses of what refs held that get another value, one for each name.
pub fn overwrite(git: &mut Git<'_, '_>, deeds: Vec<RefDeed>, names: &[String]) {
    let stand = course::stand(git, deeds);
    for name in names {
        course::lose(
            git,
            "git.ref-overwrite",
            Some(name.clone()),
            Some(name),
            stand,
        );
    }
}

/// Tells whether names that are not known come from a list of branches that others already hold.
fn lists_merged(git: &Git<'_, '_>) -> bool {
    let mut before = git.context.earlier.iter().rev();
    let list = before.find(|command| {
        let named = |word: &Word| matches!(word.plain(), Some("branch" | "for-each-ref" | "tag"));
        command.is_any(&["git"]) && command.words.iter().any(named)
    });
    list.is_some_and(|list| {
        let has = |flag: &str| list.words.iter().any(|word| word.prefix_starts(flag));
        has("--merged") && !has("--no-merged") && list.cwd == git.command.cwd
    })
}

/// Adds the losses of refs that go, each with the name under which it is told.
fn gone(git: &mut Git<'_, '_>, rule: &'static str, words: &[&Word], prefix: &str) {
    let deeds = words.iter().map(|word| match word.text() {
        Some(name) => RefDeed::Delete {
            name: format!("{prefix}{name}"),
        },
        None => RefDeed::DeleteSome {
            prefix: prefix.to_owned(),
        },
    });
    let stand = course::stand(git, deeds.collect());
    if words.iter().all(|word| word.text().is_none())
        && !git.context.facts.assumed
        && lists_merged(git)
    {
        return;
    }
    for word in words {
        let full = word.text().map(|name| format!("{prefix}{name}"));
        course::lose(git, rule, Some(word.shown()), full.as_deref(), stand);
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

pub fn head(name: &str) -> String {
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
        return gone(git, "git.branch-delete", &operands, "refs/heads/");
    }
    // `git branch -M main` names the branch that is checked out; without facts no other one is meant.
    let lone = operands.len() == 1 && git.context.facts.assumed;
    let word = match (over, forced) {
        (true, _) => operands.last().filter(|_| !lone),
        (false, true) => operands.first(),
        (false, false) => None,
    };
    if let Some(word) = word {
        let deeds = course::deeds(git.invocation, None);
        overwrite(git, deeds, &[head(&word.shown())]);
    }
}

/// `git checkout -B X`, `git switch -C X`: the branch starts somewhere else.
pub fn started_over(git: &mut Git<'_, '_>, flags: &[&str], valued: Valued) {
    let args = git.args(valued);
    if let Some(name) = args.value(flags).map(str::to_owned) {
        let mut deeds = course::deeds(git.invocation, None);
        deeds.truncate(1);
        overwrite(git, deeds, &[head(&name)]);
    }
}

/// `git tag -f` and `-d`.
pub fn tag(git: &mut Git<'_, '_>) {
    let args = git.args(TAG);
    let operands = args.operands.clone();
    if args.has(&["-d", "--delete"]) {
        gone(git, "git.tag-delete", &operands, "refs/tags/");
    } else if args.has(&["-f", "--force"])
        && !args.has(&["-l", "--list", "-v", "--verify"])
        && let Some(word) = operands.first()
    {
        let deeds = course::deeds(git.invocation, None);
        overwrite(git, deeds, &[format!("refs/tags/{}", word.shown())]);
    }
}

/// `git update-ref NAME NEW [OLD]`, `-d`, and the same told on standard input.
pub fn update(git: &mut Git<'_, '_>) {
    let args = git.args(Valued {
        short: "m",
        long: &[],
    });
    if args.has(&["--stdin"]) {
        return told_there(git);
    }
    let operands: Vec<String> = args.operands.iter().map(|word| word.shown()).collect();
    let deeds = course::deeds(git.invocation, None);
    if args.has(&["-d", "--delete"]) {
        let name = operands.first().cloned();
        if name.as_deref() == Some("refs/stash") {
            super::stash::unnamed(git);
        }
        let stand = match name.as_deref() {
            // The list of the stashes goes with it.
            Some("refs/stash") => course::stand(git, vec![RefDeed::ClearStashes]),
            _ => course::stand(git, deeds),
        };
        if is_refused(stand, operands.get(1)) {
            return;
        }
        return course::lose(git, "git.ref-delete", name, None, stand);
    }
    if let [name, _, rest @ ..] = operands.as_slice()
        && moves(name, rest.first().map(String::as_str))
    {
        let stand = course::stand(git, deeds);
        if is_refused(stand, rest.first()) {
            return;
        }
        course::lose(git, "git.ref-overwrite", Some(name.clone()), None, stand);
    }
}

/// Tells whether the old value that is insisted on, a whole object name, is not the one that the ref has.
fn is_refused(stand: course::Stand<'_>, old: Option<&String>) -> bool {
    let (course::Stand::Known(fact), Some(old)) = (stand, old) else {
        return false;
    };
    let whole = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let zeros = old.bytes().all(|byte| byte == b'0');
    let other = |object: &str| {
        whole(object) && object.len() == old.len() && !object.eq_ignore_ascii_case(old)
    };
    whole(old) && !zeros && !fact.tips.is_empty() && fact.tips.iter().all(|tip| other(&tip.object))
}

/// Tells whether a ref that is given a new value held one; an old value of nothing means that it may not exist yet.
fn moves(name: &str, old: Option<&str>) -> bool {
    let created = old.is_some_and(|old| old.chars().all(|digit| digit == '0'));
    let held = ["refs/heads/", "refs/tags/", "refs/stash", "HEAD"]
        .iter()
        .any(|start| name.starts_with(start));
    held && !created
}

fn told_there(git: &mut Git<'_, '_>) {
    let text = match &git.command.stdin {
        Stdin::Text(word) => word.text(),
        Stdin::Null | Stdin::Inherited => return,
        Stdin::File(_) | Stdin::Opaque { .. } => None,
    };
    let Some(text) = text else {
        let name = Some("refs that standard input names".to_owned());
        return git.lose("git.ref-delete", TargetKind::GitRef, name);
    };
    let stand = course::stand(git, course::told_refs(&text));
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["delete", name, ..] => {
                let object = Some((*name).to_owned());
                course::lose(git, "git.ref-delete", object, Some(name), stand);
            }
            ["update", name, _, rest @ ..] if moves(name, rest.first().copied()) => {
                let object = Some((*name).to_owned());
                course::lose(git, "git.ref-overwrite", object, Some(name), stand);
            }
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
        let deeds = course::deeds(git.invocation, None);
        let stand = course::stand(git, deeds);
        return course::lose(git, "git.ref-delete", name, None, stand);
    }
    let deeds = course::deeds(git.invocation, None);
    if let [RefDeed::Set { name, .. }] = deeds.as_slice()
        && !git.context.facts.assumed
    {
        let name = name.clone();
        overwrite(git, deeds, &[name]);
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

/// A fetch that forces a branch of this repository (`git fetch origin +main:main`), or takes tags down.
pub fn fetch(git: &mut Git<'_, '_>) {
    let args = git.args(FETCH);
    if args.rehearses(&["--dry-run"]) {
        return;
    }
    fetch_pruned(git, &args);
    let forced = args.has(&["-f", "--force"]);
    let mut names = Vec::new();
    for spec in args.operands.iter().skip(1).map(|word| word.shown()) {
        let plain = spec.trim_start_matches('+');
        let forced = forced || spec.starts_with('+');
        let Some((_, to)) = plain.split_once(':').filter(|(_, to)| !to.is_empty()) else {
            continue;
        };
        let kept = to.starts_with("refs/") && !to.starts_with("refs/heads/");
        if forced && !kept {
            names.push(head(to));
        }
    }
    if names.is_empty() {
        return;
    }
    let mut deeds = course::deeds(git.invocation, None);
    deeds.retain(|deed| matches!(deed, RefDeed::Set { name, .. } if names.contains(name)));
    overwrite(git, deeds, &names);
}

/// `fetch --prune` with tags among what is fetched: tags go that the remote does not have.
fn fetch_pruned(git: &mut Git<'_, '_>, args: &Args<'_>) {
    // A value behind one of these is an error, and nothing is fetched.
    let told = |names: [&str; 2]| {
        let mut flags = args.flags();
        flags.any(|(flag, value)| names.contains(&flag) && value.is_none())
    };
    let prunes = told(["-p", "--prune"]) || git.invocation.setting("fetch.prune") == Some("true");
    let tags = told(["-P", "--prune-tags"])
        || git.invocation.setting("fetch.prunetags") == Some("true")
        || args
            .operands
            .iter()
            .skip(1)
            .any(|word| word.shown().ends_with(":refs/tags/*"));
    if !prunes || !tags {
        return;
    }
    let remote = match args.operands.first() {
        Some(word) => word.text(),
        None => Some("origin".to_owned()),
    };
    let name = Some("tags that the remote does not have".to_owned());
    if git.context.facts.assumed {
        return git.lose("git.tag-delete", TargetKind::GitRef, name);
    }
    let stand = course::stand(git, vec![RefDeed::PruneTags { remote }]);
    course::lose(git, "git.tag-delete", name, None, stand);
}

/// A setting (an alias above all) that a command of the call writes with `git config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Where that command stands among the commands.
    place: usize,
    name: String,
    value: String,
}

/// What is gathered once of all commands of a call.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Settings that they write with `git config`, in their order.
    aliases: Vec<Alias>,
    /// For each of them: which earlier ones are proven to have run or to have succeeded.
    pub proven: Vec<Proven>,
    /// The places of those that mount something or end that.
    pub mounted: Vec<usize>,
}

/// Gathers what git's commands are judged with.
pub fn told(unfolding: &Unfolding) -> Told {
    Told {
        aliases: aliases(&unfolding.commands),
        proven: unfolding.proven.clone(),
        mounted: mounted::places(&unfolding.commands),
    }
}

/// Returns the settings that commands write with `git config`, in their order.
fn aliases(commands: &[Command]) -> Vec<Alias> {
    let mut all = Vec::new();
    for (place, command) in commands.iter().enumerate() {
        // What writes no setting is passed over as it stands.
        let named = |word: &Word| word.plain() == Some("config");
        if !command.is_any(&["git", "hub"]) || !command.words.iter().any(named) {
            continue;
        }
        let Some(other) = super::Invocation::read(command) else {
            continue;
        };
        if other.subcommand != "config" {
            continue;
        }
        let words: Vec<String> = other.args.iter().filter_map(Word::text).collect();
        let at = words
            .iter()
            .position(|word| word.contains('.') && !word.starts_with('-'));
        if let Some(at) = at
            && let (Some(name), Some(value)) = (words.get(at), words.get(at + 1))
            // Where the hooks are is judged where it is written.
            && !name.eq_ignore_ascii_case("core.hookspath")
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

/// Settings that an earlier command of the same call wrote with `git config`.
pub fn earlier_aliases(context: &super::Context<'_>) -> Vec<(String, String)> {
    let setting = |one: &Alias| (one.name.clone(), one.value.clone());
    match context.aliases {
        Some(told) => {
            let all = &told.aliases;
            let count = all.partition_point(|one| one.place < context.earlier.len());
            all.iter().take(count).map(setting).collect()
        }
        None => aliases(context.earlier).iter().map(setting).collect(),
    }
}

/// `git rebase --onto A B C` leaves out what leads to B; an editor that is told to drop lines leaves out what they name.
pub fn rebase(git: &mut Git<'_, '_>) {
    let args = git.args(Valued::NONE);
    if git.context.facts.assumed {
        if args.has(&["-i", "--interactive"]) && drops_lines(git) {
            let object = Some("HEAD".to_owned());
            git.lose("git.drop-commits", TargetKind::GitRef, object);
        }
        return;
    }
    let mut deeds = course::deeds(git.invocation, None);
    deeds.retain(|deed| matches!(deed, RefDeed::Rebase { .. }));
    if deeds.is_empty() && args.has(&["-i", "--interactive"]) && drops_lines(git) {
        let upstream = args.operands.first().and_then(|word| word.text());
        deeds.push(RefDeed::Move { to: upstream });
    }
    if deeds.is_empty() {
        return;
    }
    let stand = course::stand(git, deeds);
    let object = Some("HEAD".to_owned());
    course::lose(git, "git.drop-commits", object, None, stand);
}

/// Tells whether the editor of the list of commits takes lines out of it.
fn drops_lines(git: &Git<'_, '_>) -> bool {
    let told = |name: &str| git.command.env_value(name).map(Word::shown);
    let set = |name: &str| git.invocation.setting(name).map(str::to_owned);
    let editor = told("GIT_SEQUENCE_EDITOR")
        .or_else(|| set("sequence.editor"))
        .or_else(|| told("GIT_EDITOR"))
        .or_else(|| set("core.editor"))
        .or_else(|| told("VISUAL"))
        .or_else(|| told("EDITOR"));
    let Some(editor) = editor else {
        return false;
    };
    let cuts = editor.contains("sed")
        && editor.split(['\'', '"', ' ', ';']).any(|part| {
            part.ends_with('d')
                && !part.ends_with("sed")
                && part.contains(|one: char| one.is_ascii_digit() || one == '/' || one == '$')
        });
    let words = [
        "drop", "tail", "head -", "unless", "grep -v", "next if", "truncate",
    ];
    cuts || words.iter().any(|word| editor.contains(word))
}
