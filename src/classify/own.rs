//! backstop itself: its commands when an agent runs them, and its files, settings and processes.
//! Files of others are the family `files`; whether an agent or a human types is not known here.

mod call;
mod client;
mod hooks;
pub mod settings;
mod text;
mod touched;

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::files::kinds::is_catastrophic;
use crate::classify::files::place::{Place, lexical, places};
use crate::classify::files::report::{self, Loss, Site};
use crate::classify::files::{Args, Valued, world};
use crate::model::command::{Command, WriteMode};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::Finding;
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

use settings::Change;
use touched::{Touch, touched};

const NAME: &str = "backstop";

/// Returns what a command would do to backstop itself.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let mut losses = Vec::new();
    if let Some(program) = command.program() {
        if is_backstop(command, &program, context) {
            losses.extend(asked_of_backstop(command));
        }
        losses.extend(against_process(command, &program));
        losses.extend(client::against(command, &program));
        losses.extend(client::against_install(command, &program));
        if command.is_here() {
            losses.extend(hooks::bypass(command, &program, context, needs));
            against_files(command, &program, context, needs, &mut losses);
        }
    }
    if command.is_here() {
        against_written(command, context, needs, &mut losses);
    }
    report::of(losses, command, context)
}

/// Tells whether a path is backstop's own, lies in it, or (for what goes whole) holds it.
pub fn touches(path: &Path, context: &Context<'_>, whole: bool) -> bool {
    let own = &context.scene.own;
    own.iter()
        .any(|mine| path.starts_with(mine) || (whole && mine.starts_with(path)))
        || is_of_an_account(path)
}

/// Tells whether a path lies in the state, the backups or the settings of backstop in the home of some account.
fn is_of_an_account(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let homes = ["/home/", "/Users/"];
    let below = match homes.iter().find_map(|home| text.strip_prefix(home)) {
        Some(rest) => rest.split_once('/').map(|(_, below)| below),
        None => text.strip_prefix("/root/"),
    };
    let own = ["config", "local/state", "local/share"];
    below.is_some_and(|below| {
        own.iter().any(|folder| {
            let place = format!(".{folder}/{NAME}");
            let rest = below.strip_prefix(&place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })
}

fn itself(what: &str) -> Target {
    Target {
        kind: TargetKind::Resource,
        locator: format!("{NAME}:{what}"),
        object: None,
        reach: Reach::Unreachable("it is the guard itself".to_owned()),
    }
}

fn is_backstop(command: &Command, program: &str, context: &Context<'_>) -> bool {
    if program == NAME || program == "backstop.exe" {
        return true;
    }
    let text = command.words.first().and_then(Word::text);
    text.is_some_and(|text| {
        let path = Path::new(&text);
        path.is_absolute() && context.scene.own.iter().any(|mine| mine == path)
    })
}

/// Options of backstop that take a value and may stand before the subcommand.
const OPTIONS: Valued = Valued {
    short: "",
    long: &[
        "--state",
        "--profile",
        "--cwd",
        "--format",
        "--backup-dir",
        "--type",
        "--scope",
    ],
};

/// Design, section 5: what an agent may ask of backstop.
fn asked_of_backstop(command: &Command) -> Option<Loss> {
    let args = Args::read(command.args(), OPTIONS);
    if args.has(&["--help", "-h", "--version", "-V"]) {
        return None;
    }
    let open = command.args().iter().any(Word::has_hole);
    let steps: Vec<Option<String>> = args.operands.iter().map(|word| word.text()).collect();
    let first = steps.first().cloned().flatten();
    let second = steps.get(1).cloned().flatten();
    let dry = args.has(&["--dry-run"]);
    match (first.as_deref(), second.as_deref()) {
        (Some("approve" | "reject" | "revoke" | "lease"), _) => {
            Some(Loss::new("own.approve", itself("approvals")))
        }
        (Some("install" | "uninstall" | "init"), _) if dry => None,
        (Some("install" | "uninstall" | "init"), _) => {
            Some(Loss::new("own.install", itself("settings")))
        }
        (Some("backup"), Some("prune")) => Some(Loss::new("own.prune", itself("backups"))),
        (Some("undo" | "restore"), _) if dry => None,
        (Some("undo" | "restore"), _) => Some(Loss::new("own.restore", itself("restore"))),
        (None, _) if open => Some(Loss::new("own.approve", itself("approvals")).opaque()),
        (Some("backup"), None) if open => Some(Loss::new("own.prune", itself("backups")).opaque()),
        (Some(_) | None, _) => None,
    }
}

/// `pkill backstop`, `killall backstop`: its worker dies in the middle of a backup.
fn against_process(command: &Command, program: &str) -> Option<Loss> {
    if !matches!(
        program,
        "pkill" | "killall" | "kill" | "taskkill" | "Stop-Process"
    ) {
        return None;
    }
    let named = command.args().iter().any(|word| {
        let text = word.shown();
        !text.starts_with('-') && text.contains(NAME)
    });
    named.then(|| Loss::new("own.tamper", itself("process")))
}

fn against_files(
    command: &Command,
    program: &str,
    context: &Context<'_>,
    needs: &mut Needs,
    losses: &mut Vec<Loss>,
) {
    let script = script_of(command, program, context);
    let lands = lands(command, program);
    let mut changes: Vec<(Touch, Change<'_>)> = Vec::new();
    for (word, touch) in touched(command, program) {
        let known = changes.iter().find(|(known, _)| *known == touch);
        let change = known.map_or_else(
            || change_of(command, program, touch, script.as_deref()),
            |(_, change)| *change,
        );
        if known.is_none() {
            changes.push((touch, change));
        }
        for place in places(&word, command, context, needs) {
            let path = match &place {
                Place::At { path, .. } => lexical(path),
                Place::Glob { dir, pattern } if touch == Touch::Removes => {
                    if !covers(dir, pattern, context) {
                        continue;
                    }
                    lexical(dir)
                }
                Place::Below { dir, .. } | Place::Glob { dir, .. }
                    if touches(&lexical(dir), context, false) =>
                {
                    lexical(dir)
                }
                Place::Glob { .. }
                | Place::Below { .. }
                | Place::Loose(_)
                | Place::Scratch
                | Place::Anywhere => continue,
            };
            let path = if lands { landing(path) } else { path };
            if touched::is_wide(program) && !near(&path, context) && !hooks::holds_some(&path) {
                continue;
            }
            for file in behind(&path, change) {
                losses.extend(against(&file, touch, change, context, needs));
            }
        }
    }
}

/// Returns what a script says that changes a file: that of `sed`, or of `jq` before its output is moved.
fn script_of(command: &Command, program: &str, context: &Context<'_>) -> Option<String> {
    let said = |command: &Command| command.shown().join(" ");
    match program {
        "sed" | "perl" | "ruby" => Some(said(command)),
        "mv" | "cp" | "tee" | "sponge" | "install" => context
            .earlier
            .iter()
            .filter(|earlier| matches!(earlier.program().as_deref(), Some("jq" | "yq" | "sed")))
            .map(said)
            .find(|text| text.contains("hooks")),
        _ => None,
    }
}

fn change_of<'a>(
    command: &Command,
    program: &str,
    touch: Touch,
    script: Option<&'a str>,
) -> Change<'a> {
    let empty = || {
        let first = command
            .args()
            .iter()
            .find(|word| !word.prefix().starts_with('-'));
        first.and_then(Word::text).is_some_and(|text| {
            text == "/dev/null" || matches!(text.rsplit('/').next(), Some("true" | ":"))
        })
    };
    match program {
        "chmod" | "chown" | "chgrp" | "chattr" | "setfacl" => {
            Change::Rights(program == "chmod" && takes_right(command))
        }
        "truncate" => Change::Whole(""),
        "cp" | "ln" | "install" | "mv" if touch == Touch::Changes && empty() => Change::Whole(""),
        _ if touch == Touch::Removes => Change::Gone,
        _ => script.map_or(Change::Unknown, Change::Script),
    }
}

/// `chmod -x`, `chmod 644`: what was a program is none any more.
fn takes_right(command: &Command) -> bool {
    command.args().iter().map(Word::shown).any(|mode| {
        let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| byte.is_ascii_digit());
        let bits = mode.get(mode.len().saturating_sub(3)..).unwrap_or_default();
        let runs = bits.bytes().next().is_some_and(|byte| byte % 2 == 1);
        let (who, what) = mode.split_once(['-', '=']).unwrap_or(("no", ""));
        let named = who.chars().all(|letter| "ugoa".contains(letter));
        let signed = !mode.contains('/') && named && !what.contains('-');
        let off = if mode.contains('=') {
            !what.contains('x')
        } else {
            what.contains('x')
        };
        (octal && !runs) || (signed && off)
    })
}

/// `cp backstop ~/.local/bin/`: what is moved is backstop, or is called so.
fn lands(command: &Command, program: &str) -> bool {
    let moved = matches!(program, "cp" | "mv" | "ln" | "install" | "rsync");
    let named = |word: &Word| {
        let text = word.shown();
        text == NAME || text.ends_with("/backstop")
    };
    moved && command.args().iter().any(named)
}

/// In a folder of programs the name is that of the source.
fn landing(path: PathBuf) -> PathBuf {
    if path.ends_with("bin") {
        return path.join(NAME);
    }
    path
}

/// Returns the files that count when a path goes: with an agent's folder, its settings.
fn behind(path: &Path, change: Change<'_>) -> Vec<PathBuf> {
    let names: &[&str] = match path.file_name().and_then(|name| name.to_str()) {
        Some(".claude") => &["settings.json", "settings.local.json"],
        Some("claude-code") => &["managed-settings.json"],
        Some(_) | None => &[],
    };
    let mut all = vec![path.to_path_buf()];
    if matches!(change, Change::Gone) {
        all.extend(names.iter().map(|name| path.join(name)));
    }
    all
}

/// Tells whether this is where backstop's program usually lies.
fn is_binary(path: &Path) -> bool {
    [".local/bin/backstop", ".cargo/bin/backstop"]
        .iter()
        .any(|end| path.ends_with(end))
        || ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"]
            .iter()
            .any(|dir| path == Path::new(dir).join(NAME))
}

/// Tells whether a pattern in a folder may give something of backstop's.
fn covers(dir: &Path, pattern: &str, context: &Context<'_>) -> bool {
    let dir = lexical(dir);
    let first = pattern.split('/').next().unwrap_or_default();
    context.scene.own.iter().any(|mine| {
        if dir.starts_with(mine) {
            return true;
        }
        let Ok(rest) = mine.strip_prefix(&dir) else {
            return false;
        };
        let Some(name) = rest.components().next() else {
            return true;
        };
        let name = name.as_os_str().to_string_lossy();
        let hidden = name.starts_with('.') && !first.starts_with('.');
        !hidden && crate::classify::files::kinds::like(&name, first)
    })
}

/// Returns the loss when this path is backstop's own.
fn against(
    path: &Path,
    touch: Touch,
    change: Change<'_>,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Loss> {
    let removes = touch == Touch::Removes;
    if removes && is_catastrophic(path, context.scene.home.as_deref()) {
        // Said by the family `files`.
        return None;
    }
    let real = resolved(path, context, needs);
    let hit = touches(path, context, removes) || touches(&real, context, removes);
    if is_settings(path) || is_settings(&real) {
        return settings::loss(path, hit, change, context, needs);
    }
    let program = is_binary(path) && !matches!(change, Change::Rights(false));
    if hit || program {
        return Some(Loss::new("own.tamper", world::path_target(path)));
    }
    hooks::against(path, change, context, needs)
}

/// Asks for the path without links, where it could lead to backstop's own under another name.
fn resolved(path: &Path, context: &Context<'_>, needs: &mut Needs) -> PathBuf {
    if context.facts.assumed || context.scene.own.is_empty() {
        return path.to_path_buf();
    }
    match context
        .facts
        .ask(Question::Entry(path.to_path_buf()), needs)
    {
        Some(Answer::Entry(entry)) => entry.resolved.clone(),
        _ => path.to_path_buf(),
    }
}

/// Tells whether a file may hold an agent's hooks.
fn is_settings(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    matches!(
        (folder, name),
        (
            Some(".claude"),
            Some("settings.json" | "settings.local.json")
        ) | (_, Some("managed-settings.json"))
            | (
                Some(
                    ".codex"
                        | ".cursor"
                        | ".gemini"
                        | ".windsurf"
                        | ".copilot"
                        | ".clinerules"
                        | ".opencode"
                ),
                Some("hooks.json" | "settings.json" | "config.toml" | "opencode.json"),
            )
    )
}

fn against_written(
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
    losses: &mut Vec<Loss>,
) {
    if command.writes.is_empty() {
        return;
    }
    let edits = matches!(command.program().as_deref(), Some("jq" | "yq" | "sed"));
    let script = edits.then(|| command.shown().join(" "));
    let script = script.filter(|text| text.contains("hooks"));
    for write in &command.writes {
        let content = write.content.as_ref().map(Word::shown);
        for place in places(&write.file, command, context, needs) {
            let Place::At { path, .. } = &place else {
                continue;
            };
            let touch = match write.mode {
                WriteMode::Truncate | WriteMode::Append | WriteMode::ReadWrite => Touch::Changes,
            };
            let path = lexical(path);
            if near(&path, context) {
                let stands_in = command.program().as_deref() == Some(":") && content.is_none();
                let empties = write.mode == WriteMode::Truncate && is_silent(command) && !stands_in;
                let added = content.iter().map(|text| (String::new(), text.clone()));
                let added: Vec<(String, String)> = added.collect();
                let change = match content.as_deref() {
                    Some(_) if write.mode == WriteMode::Append && hooks::is_config(&path) => {
                        Change::Edits(&added)
                    }
                    Some(text) if write.mode == WriteMode::Truncate => Change::Whole(text),
                    _ if empties => Change::Whole(""),
                    _ => script.as_deref().map_or(Change::Unknown, Change::Script),
                };
                losses.extend(against(&path, touch, change, context, needs));
            }
        }
    }
}

/// `: > f`, `true > f`, `cat /dev/null > f`.
fn is_silent(command: &Command) -> bool {
    let null = |word: &Word| word.text().as_deref() == Some("/dev/null");
    match command.program().as_deref() {
        None | Some(":" | "true") => true,
        Some("cat") => !command.args().is_empty() && command.args().iter().all(null),
        Some(_) => false,
    }
}

/// Tells whether a path is worth a look: redirections are everywhere, and must not cost a question each.
fn near(path: &Path, context: &Context<'_>) -> bool {
    is_settings(path) || is_binary(path) || hooks::is_near(path) || touches(path, context, false)
}

/// Returns what the Write or Edit tool would do to backstop itself.
pub fn asked(
    path: &Path,
    change: Change<'_>,
    site: &Site<'_>,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let plain = lexical(path);
    let loss = against(&plain, Touch::Changes, change, context, needs);
    report::report(loss.into_iter().collect(), site, context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::{Bench, command, line, redirected, rules};

    fn of(bench: &Bench, command: &Command) -> Vec<String> {
        rules(&findings(command, &bench.context(), &mut Needs::default()))
    }

    #[test]
    fn an_agent_may_look_but_not_approve() {
        let bench = Bench::assumed();
        for harmless in [
            "backstop check ls",
            "backstop wait 7F3K",
            "backstop backup list",
            "backstop ledger show",
            "backstop approve --help",
            "backstop install claude --dry-run",
        ] {
            assert!(of(&bench, &line(harmless)).is_empty(), "{harmless}");
        }
        assert_eq!(of(&bench, &line("backstop approve 7F3K")), ["own.approve"]);
        assert_eq!(
            of(&bench, &line("/opt/bin/backstop --state /x lease db")),
            ["own.approve"]
        );
        assert_eq!(of(&bench, &line("backstop backup prune")), ["own.prune"]);
        assert_eq!(of(&bench, &line("backstop undo 7F3K")), ["own.restore"]);
        assert_eq!(
            of(&bench, &line("backstop uninstall claude")),
            ["own.install"]
        );
    }

    #[test]
    fn its_state_is_not_to_be_removed_moved_or_written() {
        let bench = Bench::assumed();
        for hostile in [
            "rm -rf /home/ann/.local/state/backstop",
            "rm -rf /home/eve/.local/state/backstop",
            "cp mine.toml /root/.config/backstop/policy.toml",
            "rm -r /Users/eve/.local/share/backstop/backups",
            "rm -rf /home/ann/.local/state",
            "rm /home/ann/.local/state/backstop/ledger/1.jsonl",
            "mv /home/ann/.local/state/backstop /home/ann/x",
            "chmod -R 000 /home/ann/.local/state/backstop",
            "rm -rf /home/ann/.local/state/*",
            "cp /bin/true /opt/bin/backstop",
            "pkill -9 backstop",
            "claude edit-hook --json",
            "sort -o /home/ann/.local/state/backstop/ledger/1.jsonl x",
            "tar xf a.tar -C /home/ann/.local/state/backstop",
            "tar -C /home/ann/.local/state/backstop -xf a.tar",
            "tar --remove-files -cf a.tar /home/ann/.local/state/backstop/ledger",
            "unzip -o a.zip -d /home/ann/.local/state/backstop",
            "patch /home/ann/.local/state/backstop/ledger/1.jsonl x.diff",
            "openssl enc -in x -out /home/ann/.local/state/backstop/ledger/1.jsonl",
            "docker run -v /home/ann/.local/state/backstop:/x alpine rm -rf /x/ledger",
            "docker cp c:/x /home/ann/.local/state/backstop/ledger/1.jsonl",
            "aws s3 cp s3://b/x /home/ann/.local/state/backstop/ledger/1.jsonl",
            "gio trash /home/ann/.local/state/backstop/ledger/1.jsonl",
            "zip -m a.zip /home/ann/.local/state/backstop/ledger/1.jsonl",
            "split x /home/ann/.local/state/backstop/ledger/",
        ] {
            assert_eq!(of(&bench, &line(hostile)), ["own.tamper"], "{hostile}");
        }
        for harmless in [
            "cat /home/ann/.local/state/backstop/ledger/1.jsonl",
            "ls -la /home/ann/.local/state/backstop",
            "rm -rf /home/ann/.local/state/other",
            "cp /opt/bin/backstop /home/ann/x",
            "sort /home/ann/.local/state/backstop/ledger/1.jsonl",
            "tar czf a.tgz -C /home/ann/.local/state backstop",
            "tar -tf a.tar -C /home/ann/.local/state/backstop",
            "docker run -v /home/ann/.local/state/backstop:/x:ro alpine ls",
            "docker run -v pg:/var/lib/x -p 5432:5432 postgres",
            "zip -r a.zip /home/ann/.local/state/backstop",
            "aws s3 cp /home/ann/.local/state/backstop/ledger/1.jsonl s3://b/l",
            "docker cp /home/ann/.local/state/backstop/ledger/1.jsonl c:/x",
            "gunzip -c /home/ann/.local/state/backstop/l.gz",
        ] {
            assert!(of(&bench, &line(harmless)).is_empty(), "{harmless}");
        }
    }

    #[test]
    fn settings_that_hold_the_hook_are_held_and_others_are_not() {
        let path = "/home/ann/shop/.claude/settings.json";
        let text = |text: &str| Answer::Text {
            text: text.into(),
            sha256: String::new(),
        };
        let write = redirected(&["echo", "{}"], WriteMode::Truncate, path);
        let ours = Bench::assumed().learn(
            Question::Text(path.into()),
            text("{\"command\":\"/opt/bin/backstop\"}"),
        );
        assert_eq!(of(&ours, &write), ["own.settings"]);
        assert_eq!(
            of(&ours, &command(&["sed", "-i", "s/x//", path])),
            ["own.settings"]
        );
        let others = Bench::assumed().learn(Question::Text(path.into()), text("{}"));
        assert!(of(&others, &write).is_empty());
        assert!(of(&others, &command(&["sed", "-n", "p", path])).is_empty());
        let account = "/home/ann/.claude/settings.json";
        let unseen = Bench::assumed().learn(Question::Text(account.into()), Answer::Absent);
        let unhooked = ["jq", "del(.hooks.PreToolUse)", "/tmp/s.json"];
        let written = redirected(&unhooked, WriteMode::Truncate, account);
        assert_eq!(of(&unseen, &written), ["own.tamper"]);
    }
}
