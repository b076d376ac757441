//! `backstop git pre-push`: what a push would do to the remote's refs. Exit 0 lets it go on, 1 stops it.
//! New branches, fast-forwards and an empty list touch neither state nor policy nor server; what their commits bring is judged all the same.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::findings::{self, Deed};
use super::pushed::Pushed;
use crate::adapters::git::address::{Place, place};
use crate::adapters::git::repo::Repo;
use crate::adapters::{environment, failpoint, process, signals};
use crate::classify::git::pushed;
use crate::enforce::{House, Reply, push};
use crate::model::address::without_password;
use crate::model::push::{Fate, Mirror, Push, PushedRef, is_zero};
use crate::model::secret::Secret;
use crate::policy::builtin;

/// Longest time for the questions to the local repository and for a backup inside the push.
const DEADLINE: Duration = Duration::from_secs(120);
/// Largest list of refs, in bytes: some 500,000 refs.
const INPUT_CAP: u64 = 128 << 20;
/// Runs of git at a time while refs are compared.
const AT_ONCE: usize = 4;
/// Processes above the hook among which the git that pushes is looked for.
const ABOVE: usize = 6;
/// Refs whose lost commits are counted.
const COUNTED: usize = 5;
/// What names the remote where git gives no words (the pre-commit framework).
const FRAMEWORK: &str = "the pre-commit framework hands over one ref only: deletions and further refs of this push were not seen; git's own pre-push hook sees them all";

/// How a push that is stopped by what it brings is named.
const DEED: Deed = Deed {
    name: "push",
    place: "pushed",
    more: "backstop scan --range OLD..NEW",
    way_on: "a person who has looked at it runs `git push --no-verify`; an agent does not, and does not look for another way",
};

/// The words that git gives its pre-push hook.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the remote, or its URL.
    pub remote: Option<String>,
    /// URL of the remote.
    pub url: Option<String>,
}

/// Runs the hook and returns the exit code.
pub fn run(args: &Args, state: Option<&Path>) -> u8 {
    signals::die_closed();
    let judged = std::panic::catch_unwind(|| judged(args, state));
    let reply = judged.unwrap_or_else(|_| {
        stopped("failed inside while judging this push; please report it with the command")
    });
    match reply {
        Reply::Silent => 0,
        Reply::Block(reason) => {
            let _ = std::io::stderr().lock().write_all(reason.as_bytes());
            1
        }
    }
}

fn stopped(what: &str) -> Reply {
    Reply::Block(format!(
        "backstop: held: {what}\n  next: run `backstop doctor`; nothing was pushed\n"
    ))
}

fn judged(args: &Args, state: Option<&Path>) -> Reply {
    match answer(args, state) {
        Ok(reply) => reply,
        Err(what) => stopped(&what),
    }
}

fn answer(args: &Args, state: Option<&Path>) -> Result<Reply, String> {
    failpoint::reach("push.start").map_err(|error| error.to_string())?;
    let mut limits = None;
    let mut lines = lines(&read()?)?;
    let mut remote = args.remote.clone();
    let mut url = args.url.clone();
    if lines.is_empty() && is_framework() {
        lines.extend(from_framework());
        remote = remote.or_else(|| word("PRE_COMMIT_REMOTE_NAME"));
        url = url.or_else(|| word("PRE_COMMIT_REMOTE_URL"));
        limits = Some(FRAMEWORK);
    }
    let mirror = is_mirror(remote.as_deref());
    if !mirror && lines.iter().all(|one| one.old == one.new) {
        return Ok(Reply::Silent);
    }
    let end = Instant::now() + DEADLINE;
    let cwd = std::env::current_dir()
        .map_err(|error| format!("there is no working directory: {error}"))?;
    let repo = Repo::of_hook(&cwd, &[], end).map_err(|error| error.to_string())?;
    let mut mirroring = Mirror::No;
    if mirror {
        let url = url.as_deref().or(remote.as_deref()).unwrap_or_default();
        mirroring = deletions(&mut lines, &repo, url, &cwd, end)?;
    }
    compare(&mut lines, &repo)?;
    // First what the commits bring: a push that they stop uses no approval up.
    if let Some(why) = brought(&lines, remote.as_deref(), &repo, &cwd, state, end)? {
        return Ok(Reply::Block(why));
    }
    if mirroring != Mirror::Unlisted && lines.iter().all(|one| one.fate == Fate::Kept) {
        return Ok(Reply::Silent);
    }
    let Some(url) = url.or_else(|| remote.clone()) else {
        return Err(
            "which remote is meant is not known: git gives its name and URL as two words"
                .to_owned(),
        );
    };
    let mut push = push_of(remote, &url, lines, &repo, &cwd)?;
    push.mirror = mirroring;
    let house = House::new(state.map(Path::to_path_buf), end);
    let policy = house
        .policy(&push.root, None)
        .map_err(|error| error.to_string())?;
    let findings = pushed::findings(&push, &policy.protection, builtin::book());
    Ok(
        match (push::gate(&push, findings, policy, &house), limits) {
            (Reply::Block(reason), Some(limits)) => {
                Reply::Block(format!("{reason}  note: {limits}\n"))
            }
            (reply, _) => reply,
        },
    )
}

/// Returns why the push is stopped by what is in its commits.
fn brought(
    lines: &[PushedRef],
    remote: Option<&str>,
    repo: &Repo,
    cwd: &Path,
    state: Option<&Path>,
    end: Instant,
) -> Result<Option<String>, String> {
    let pushed = Pushed::new(lines, remote, repo, cwd);
    let report = pushed.report(end)?;
    let root = repo.root().unwrap_or_else(|| repo.dir.clone());
    findings::stop(&report, DEED, state, &root)
}

/// Tells whether this push makes the remote a mirror: by the words of the git above, its settings, or the repository's.
fn is_mirror(remote: Option<&str>) -> bool {
    let above = process::ancestors().unwrap_or_default();
    let git = above
        .iter()
        .take(ABOVE)
        .filter_map(|one| process::words(one.pid))
        .find(|words| {
            let program = words.first().map(String::as_str).unwrap_or_default();
            let name = program.rsplit('/').next().unwrap_or_default();
            name == "git" || name == "git-push"
        });
    let asked = |word: &String| word.len() > 2 && "--mirror".starts_with(word.as_str());
    let told = git.is_some_and(|words| words.iter().any(asked));
    let set = word("GIT_CONFIG_PARAMETERS").is_some_and(|text| text.contains("mirror"));
    if told || set {
        return true;
    }
    let Some(remote) = remote else {
        return false;
    };
    let end = Instant::now() + DEADLINE;
    let repo = std::env::current_dir().and_then(|cwd| Repo::of_hook(&cwd, &[], end));
    repo.is_ok_and(|repo| repo.is_mirror(remote))
}

/// Adds what a mirror deletes, which git does not list to its hook: a remote on this machine is asked for it.
fn deletions(
    lines: &mut Vec<PushedRef>,
    repo: &Repo,
    url: &str,
    cwd: &Path,
    end: Instant,
) -> Result<Mirror, String> {
    let url = match place(url, cwd) {
        Place::Path(path) => absolute(&path)?.to_string_lossy().into_owned(),
        Place::Loopback => url.to_owned(),
        Place::Host(_) | Place::Helper(_) => return Ok(Mirror::Unlisted),
    };
    let there = Repo::remote_refs(&url, &[], end)
        .map_err(|error| format!("the refs of the remote cannot be listed: {error}"))?;
    let ours = repo.refs("").map_err(|error| error.to_string())?;
    let listed: BTreeSet<String> = lines.iter().map(|one| one.name.clone()).collect();
    for (name, old) in there {
        if !ours.contains_key(&name) && !listed.contains(&name) {
            let zero = "0".repeat(old.len());
            lines.push(line_of("(delete)", &zero, &name, &old));
        }
    }
    Ok(Mirror::Listed)
}

fn read() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock().take(INPUT_CAP + 1);
    match input.read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > INPUT_CAP => {
            Err("the list of refs is larger than 128 MiB".to_owned())
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("the list of refs cannot be read: {error}")),
    }
}

/// Reads the lines of git; the local name is as typed and may hold spaces, so that fields count from the end.
fn lines(bytes: &[u8]) -> Result<Vec<PushedRef>, String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut fields = line.rsplitn(4, ' ');
            let (old, name) = (fields.next(), fields.next());
            let (new, local) = (fields.next(), fields.next());
            match (old, name, new, local) {
                (Some(old), Some(name), Some(new), Some(local))
                    if is_oid(old) && is_oid(new) && name.starts_with("refs/") =>
                {
                    Ok(line_of(local, new, name, old))
                }
                _ => Err("a line of git's list of refs cannot be read".to_owned()),
            }
        })
        .collect()
}

fn is_oid(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn line_of(local: &str, new: &str, name: &str, old: &str) -> PushedRef {
    PushedRef {
        local: local.to_owned(),
        new: new.to_owned(),
        name: name.to_owned(),
        old: old.to_owned(),
        fate: Fate::Kept,
        known: false,
        commits: None,
    }
}

fn word(name: &str) -> Option<String> {
    let value = environment::variable(name)?.into_string().ok()?;
    (!value.is_empty()).then_some(value)
}

fn is_framework() -> bool {
    word("PRE_COMMIT").is_some_and(|value| value == "1")
}

/// The one ref that the pre-commit framework hands over instead of git's lines.
fn from_framework() -> Option<PushedRef> {
    let old = word("PRE_COMMIT_FROM_REF").or_else(|| word("PRE_COMMIT_ORIGIN"))?;
    let new = word("PRE_COMMIT_TO_REF").or_else(|| word("PRE_COMMIT_SOURCE"))?;
    let branch = word("PRE_COMMIT_REMOTE_BRANCH")?;
    let name = match branch.starts_with("refs/") {
        true => branch,
        false => format!("refs/heads/{branch}"),
    };
    let local = word("PRE_COMMIT_LOCAL_BRANCH").unwrap_or_default();
    (is_oid(&old) && is_oid(&new)).then(|| line_of(&local, &new, &name, &old))
}

/// Finds out what becomes of each ref, several at a time.
fn compare(lines: &mut [PushedRef], repo: &Repo) -> Result<(), String> {
    let size = lines.len().div_ceil(AT_ONCE).max(1);
    let judged = std::thread::scope(|scope| {
        let parts = lines.chunks_mut(size);
        let runs: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter_mut().try_for_each(|one| fate(one, repo))))
            .collect();
        runs.into_iter()
            .map(|run| {
                run.join()
                    .unwrap_or_else(|_| Err("a comparison failed inside".to_owned()))
            })
            .collect::<Result<Vec<()>, String>>()
    });
    judged?;
    let lost = || lines.iter().filter(|one| one.fate != Fate::Kept);
    let olds: Vec<String> = lost().map(|one| one.old.clone()).collect();
    let there = repo
        .present(olds.iter())
        .map_err(|error| error.to_string())?;
    let mut counted = 0;
    for one in lines.iter_mut().filter(|one| one.fate != Fate::Kept) {
        one.known = there.contains_key(&one.old);
        if one.known && counted < COUNTED {
            counted += 1;
            one.commits = commits(one, repo);
        }
    }
    Ok(())
}

fn fate(one: &mut PushedRef, repo: &Repo) -> Result<(), String> {
    one.fate = if is_zero(&one.old) || one.old == one.new {
        Fate::Kept
    } else if is_zero(&one.new) {
        Fate::Deleted
    } else if one.name.starts_with("refs/tags/") {
        // A tag that moves is another tag, wherever it moves to.
        Fate::Rewritten
    } else {
        match repo.is_ancestor(&one.old, &one.new) {
            Ok(true) => Fate::Kept,
            Ok(false) => Fate::Rewritten,
            Err(error) => return Err(error.to_string()),
        }
    };
    Ok(())
}

/// Counts the commits that are no longer reachable from a ref that moves.
fn commits(one: &PushedRef, repo: &Repo) -> Option<u64> {
    if is_zero(&one.new) {
        return None;
    }
    let not = format!("^{}", one.new);
    let args = ["rev-list", "--count", &one.old, &not];
    let said = repo.ask(&args, Vec::new()).ok()?;
    said.lines().next()?.parse().ok()
}

fn push_of(
    remote: Option<String>,
    url: &str,
    refs: Vec<PushedRef>,
    repo: &Repo,
    cwd: &Path,
) -> Result<Push, String> {
    let root = repo.root().unwrap_or_else(|| repo.dir.clone());
    let mut barred = None;
    let mut far = false;
    let url = match place(url, cwd) {
        Place::Path(path) => absolute(&path)?.to_string_lossy().into_owned(),
        Place::Loopback => url.to_owned(),
        Place::Host(_) => {
            far = true;
            url.to_owned()
        }
        Place::Helper(name) => {
            barred = Some(format!(
                "the remote is reached through the helper `{name}`, which is never started from here"
            ));
            url.to_owned()
        }
    };
    let address = without_password(&url);
    // Git gives the URL twice where the remote has no name.
    let named = remote.filter(|name| !name.contains("://") && !name.contains(':'));
    let name = named.unwrap_or_else(|| address.clone());
    Ok(Push {
        default_branch: repo.default_branch(&name),
        remote: name,
        url: Secret::new(url),
        address,
        git_dir: repo.dir.clone(),
        root,
        refs,
        mirror: Mirror::No,
        barred,
        far,
    })
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    let whole = std::path::absolute(path).map_err(|error| error.to_string())?;
    Ok(whole.canonicalize().unwrap_or(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_from_the_end_because_local_names_may_hold_spaces() {
        let (one, zero) = ("1".repeat(40), "0".repeat(40));
        let text = format!(
            "HEAD@{{1 day ago}} {one} refs/heads/main {zero}\n(delete) {zero} refs/heads/x {one}\n"
        );
        let read = lines(text.as_bytes()).unwrap();
        assert_eq!(read[0].local, "HEAD@{1 day ago}");
        assert_eq!(
            (read[0].name.as_str(), read[0].old.as_str()),
            ("refs/heads/main", zero.as_str())
        );
        assert_eq!(read[1].local, "(delete)");
    }

    #[test]
    fn ids_of_both_lengths_are_read_and_nothing_else() {
        let long = "a".repeat(64);
        assert_eq!(
            lines(format!("x {long} refs/heads/x {long}\n").as_bytes())
                .unwrap()
                .len(),
            1
        );
        assert!(lines(b"").unwrap().is_empty());
        for broken in [
            "refs/heads/x",
            "x y refs/heads/x z",
            "x abc refs/heads/x def",
            "a b c d e",
        ] {
            assert!(lines(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
