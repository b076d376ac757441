//! Refs of a remote: copied from the local repository where their objects are known, fetched otherwise, and pushed back.
//! Who may be contacted is decided before; only the store's own configuration has a say in how.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::parts::Taken;
use super::store::{Form, Kept, Store, prefix};
use super::{end, source};
use crate::adapters::git::address::{Place, canonical, place};
use crate::adapters::git::repo::{Repo, good};
use crate::backup::control::Control;
use crate::backup::engine::Order;
use crate::backup::error::BackupError;
use crate::backup::files::{hex, quoted};
use crate::model::backup::{Entry, Marks};
use crate::model::database::Identity;
use crate::model::push::is_zero;
use crate::model::target::GitRemoteReach;
use crate::plan::restore::{RestorePlan, Restored, Step};

/// Refs in one push back.
const TOGETHER: usize = 200;
/// Longest question about a remote's refs while a call waits.
const GLANCE: Duration = Duration::from_secs(5);

/// Where a remote is, as git would contact it.
struct Address {
    url: String,
    place: Place,
    base: PathBuf,
}

fn address(reach: &GitRemoteReach, end: Instant) -> Result<Address, BackupError> {
    let repo = Repo::open(&reach.repository, &[], end).ok();
    let root = repo.as_ref().and_then(Repo::root);
    let base = root.unwrap_or_else(|| reach.repository.clone());
    let configured = || {
        let repo = repo.as_ref()?;
        repo.push_address(&reach.remote).ok()
    };
    let given = reach.url.as_ref().map(|url| url.expose().to_owned());
    let shown = |url: &String| {
        let full = crate::model::address::without_password(url);
        reach
            .address
            .as_ref()
            .is_none_or(|address| *address == full || *address == resolved(&full, &base))
    };
    // The configuration may have been changed since: what was approved is the address that was shown.
    let url = given
        .or_else(|| configured().filter(shown))
        .or_else(|| reach.address.clone())
        .ok_or_else(|| BackupError::Unreachable("where the remote is is not known".into()))?;
    let place = place(&url, &base);
    let url = match &place {
        Place::Path(path) => path.to_string_lossy().into_owned(),
        _ => url,
    };
    Ok(Address { url, place, base })
}

fn resolved(address: &str, base: &Path) -> String {
    match place(address, base) {
        Place::Path(path) => path.to_string_lossy().into_owned(),
        _ => address.to_owned(),
    }
}

/// Tells whether a backup of this remote contacts no other host: its tips are known here, or it lies on this machine.
pub fn is_near(reach: &GitRemoteReach) -> bool {
    reach.known
        || address(reach, Instant::now() + GLANCE).is_ok_and(|address| address.place.is_near())
}

/// Returns which repository is meant.
pub fn identity(reach: &GitRemoteReach) -> Result<Identity, BackupError> {
    let address = address(reach, Instant::now() + GLANCE)?;
    Ok(remote_identity(&address.url, &address.base))
}

/// Returns the repository that an address means; a relative one counts from `base`.
pub fn remote_identity(address: &str, base: &Path) -> Identity {
    let mut hash = Sha256::new_with_prefix(b"backstop.git-remote/1\0");
    hash.update(canonical(address, base));
    Identity::GitRemote {
        repository: hex(&hash.finalize()),
    }
}

/// Returns the old objects by name, when the remote has told all of them.
fn told(reach: &GitRemoteReach) -> Option<BTreeMap<String, String>> {
    let told = reach
        .refs
        .iter()
        .map(|one| Some((one.name.clone(), one.old.clone()?)));
    (!reach.refs.is_empty()).then(|| told.collect()).flatten()
}

fn digest(refs: &BTreeMap<String, String>) -> Marks {
    let mut hash = Sha256::new_with_prefix(b"backstop.git-remote-marks/1\0");
    for (name, oid) in refs {
        hash.update(format!("{oid} {name}\n"));
    }
    Marks {
        digest: hex(&hash.finalize()),
        position: String::new(),
    }
}

/// Takes the marks of a remote: what it told with the push, or what it says now where it lies on this machine.
pub fn marks(reach: &GitRemoteReach, control: &Control) -> Result<Option<Marks>, BackupError> {
    if let Some(told) = told(reach) {
        return Ok(Some(digest(&told)));
    }
    let end = end(control).min(Instant::now() + GLANCE);
    let address = address(reach, end)?;
    if !address.place.is_near() {
        return Ok(None);
    }
    let refs = Repo::remote_refs(&address.url, &[], end).map_err(source)?;
    Ok(Some(digest(&asked(refs, reach))))
}

/// Keeps the refs that are meant. A name that was typed may be that of a branch or of a tag.
fn asked(mut refs: BTreeMap<String, String>, reach: &GitRemoteReach) -> BTreeMap<String, String> {
    if reach.refs.is_empty() {
        return refs;
    }
    let mut names = BTreeSet::new();
    for one in &reach.refs {
        names.insert(one.name.clone());
        if let (None, Some(short)) = (&one.old, one.name.strip_prefix("refs/heads/")) {
            names.insert(format!("refs/tags/{short}"));
        }
    }
    refs.retain(|name, _| names.contains(name));
    refs
}

/// Returns the objects of a backup by the names of their refs; the use of an approval is compared with them.
///
/// # Errors
/// When the backup cannot be read.
pub fn tips(entry: &Entry) -> Result<BTreeMap<String, String>, BackupError> {
    Ok(Kept::read(entry)?.refs)
}

/// Keeps the refs of a remote in its store.
pub fn make(order: &Order, reach: &GitRemoteReach, id: &str) -> Result<Taken, BackupError> {
    let end = end(&order.control);
    let address = address(reach, end)?;
    // A remote may outlive the repository that pushed to it.
    let repo = Repo::open(&reach.repository, &[], end).ok();
    let name = canonical(&address.url, &address.base);
    let mut warnings = Vec::new();
    let here = match &repo {
        Some(repo) => known(reach, repo, &address, &mut warnings)?.map(|refs| (repo, refs)),
        None => None,
    };
    let (store, refs, how) = match here {
        Some((repo, refs)) => {
            let form = Form::of(repo);
            warnings.extend(form.warning());
            let store = Store::open(&order.backup_dir, &name, &form, end)?;
            let tips = refs.values().cloned().collect();
            repo.give(&store.repo, &tips).map_err(source)?;
            (
                store,
                refs,
                "objects copied from the local repository, which holds the old tips",
            )
        }
        None => {
            let listed = listed(reach, &address, end)?;
            let form = Form::whole(format_of(&listed));
            let store = Store::open(&order.backup_dir, &name, &form, end)?;
            if let Some(repo) = &repo {
                seed(&store, reach, repo, &address);
            }
            let refs = fetched(&store, reach, &address, listed, end)?;
            (
                store,
                refs,
                "refs fetched from the remote and compared with what it lists",
            )
        }
    };
    let kept = Kept {
        refs,
        ..Kept::default()
    };
    let mut notes = store.keep(id, &kept, true)?;
    notes.insert(0, how.to_owned());
    let marks = digest(&kept.refs);
    let recovery = by_hand(&store, reach, &address, id, &kept);
    Ok(Taken {
        same_disk: matches!(address.place, Place::Path(_)),
        store,
        kept,
        identity: identity(reach)?,
        marks,
        notes,
        warnings,
        recovery,
    })
}

/// Returns the refs whose objects are here, when that is all of them.
fn known(
    reach: &GitRemoteReach,
    repo: &Repo,
    address: &Address,
    warnings: &mut Vec<String>,
) -> Result<Option<BTreeMap<String, String>>, BackupError> {
    // What a partial clone does not hold, a remote on this machine does.
    if !reach.known || (repo.is_partial() && address.place.is_near()) {
        return Ok(None);
    }
    let refs = match told(reach) {
        Some(told) => told,
        None if address.place.is_near() || reach.refs.is_empty() => return Ok(None),
        None => {
            warnings
                .push("the tips are those of the last fetch; the remote was not asked".to_owned());
            seen(reach, repo)?
        }
    };
    let there = repo.present(refs.values()).map_err(source)?;
    let all = !refs.is_empty() && refs.values().all(|oid| there.contains_key(oid));
    Ok(all.then_some(refs))
}

/// Returns the refs as they were fetched last.
fn seen(reach: &GitRemoteReach, repo: &Repo) -> Result<BTreeMap<String, String>, BackupError> {
    let start = format!("refs/remotes/{}/", reach.remote);
    let tracked = repo.refs(&start).map_err(source)?;
    let mut refs = BTreeMap::new();
    for one in &reach.refs {
        let branch = one.name.strip_prefix("refs/heads/").unwrap_or(&one.name);
        match tracked.get(&format!("{start}{branch}")) {
            Some(oid) => drop(refs.insert(one.name.clone(), oid.clone())),
            None => return Ok(BTreeMap::new()),
        }
    }
    Ok(refs)
}

fn unreachable(error: std::io::Error) -> BackupError {
    BackupError::Unreachable(format!("the remote cannot be fetched: {error}"))
}

/// Asks the remote for the refs that are meant.
fn listed(
    reach: &GitRemoteReach,
    address: &Address,
    end: Instant,
) -> Result<BTreeMap<String, String>, BackupError> {
    if let Place::Helper(name) = &address.place {
        return Err(BackupError::Unreachable(format!(
            "the remote is reached through the helper `{name}`, which is never started from here"
        )));
    }
    let refs = Repo::remote_refs(&address.url, &[], end).map_err(unreachable)?;
    Ok(asked(refs, reach))
}

fn format_of(refs: &BTreeMap<String, String>) -> &'static str {
    match refs.values().next().map(String::len) {
        Some(64) => "sha256",
        Some(_) | None => "sha1",
    }
}

/// Fetches the refs that are meant into the store; a remote that moves meanwhile is asked once more.
fn fetched(
    store: &Store,
    reach: &GitRemoteReach,
    address: &Address,
    mut refs: BTreeMap<String, String>,
    end: Instant,
) -> Result<BTreeMap<String, String>, BackupError> {
    for _ in 0..2 {
        let names: Vec<&String> = refs.keys().collect();
        if !names.is_empty() {
            store
                .repo
                .fetch(&address.url, &names)
                .map_err(unreachable)?;
        }
        let again = listed(reach, address, end)?;
        let there = store.repo.present(refs.values()).map_err(source)?;
        if again == refs && refs.values().all(|oid| there.contains_key(oid)) {
            return Ok(refs);
        }
        refs = again;
    }
    Err(BackupError::Source(
        "the remote's refs change while they are fetched".into(),
    ))
}

/// What is known here need not come over the network. A remote that lies on this machine is as near.
fn seed(store: &Store, reach: &GitRemoteReach, repo: &Repo, address: &Address) {
    if address.place.is_near() || repo.shallow().is_some() || repo.is_partial() {
        return;
    }
    let tracked = repo.refs(&format!("refs/remotes/{}/", reach.remote));
    let tips: BTreeSet<String> = tracked.unwrap_or_default().into_values().collect();
    if !tips.is_empty() && repo.give(&store.repo, &tips).is_ok() {
        let names = tips.iter().map(|oid| (format!("refs/seed/{oid}"), oid));
        let _ = store.repo.remove_refs("refs/seed/");
        let _ = store.repo.create_refs(names);
    }
}

fn by_hand(
    store: &Store,
    reach: &GitRemoteReach,
    address: &Address,
    id: &str,
    kept: &Kept,
) -> Vec<String> {
    let shown = reach.address.as_deref().unwrap_or(&reach.remote);
    let to = match &address.place {
        Place::Path(path) => quoted(path),
        _ => quoted(Path::new(shown)),
    };
    let from = prefix(id);
    let store = store.shown();
    let spec = match kept.refs.keys().next() {
        Some(name) if kept.refs.len() == 1 => format!("{from}{name}:{name}"),
        _ => format!("{from}refs/*:refs/*"),
    };
    vec![format!(
        "git --git-dir={store} push --force {to} {}",
        quoted(Path::new(&spec))
    )]
}

/// What becomes of one ref when it is pushed back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Back {
    name: String,
    /// What the remote has there now; nothing where the ref is gone.
    now: Option<String>,
    /// It is not what was pushed from here.
    others: bool,
}

impl Back {
    /// Says what of others leaves the ref, and how it comes back.
    fn leaving(&self) -> Option<String> {
        let now = self.now.as_ref().filter(|_| self.others)?;
        let short = now.get(..12).unwrap_or(now);
        Some(format!(
            "others have pushed {short} to `{}` since: it is in the state that is saved first, and will not be on it any more; `backstop backup show` of that state prints the command that pushes it back",
            self.name
        ))
    }
}

/// Tells whether a tip of the remote came from somewhere else: it is not here, or not what was pushed or fetched last.
fn is_others(reach: &GitRemoteReach, repo: Option<&Repo>, name: &str, now: &String) -> bool {
    let Some(repo) = repo else {
        return true;
    };
    let branch = name.strip_prefix("refs/heads/").unwrap_or(name);
    let tracked = format!("refs/remotes/{}/{branch}", reach.remote);
    let seen = repo.refs(&tracked).unwrap_or_default();
    let there = repo.present(std::iter::once(now)).unwrap_or_default();
    !there.contains_key(now) || seen.get(&tracked).is_some_and(|oid| oid != now)
}

/// Compares the remote with the backup: refs to push back, and conflicts with what others did since.
fn compare(
    entry: &Entry,
    reach: &GitRemoteReach,
    end: Instant,
) -> Result<(Address, Vec<Back>, Vec<String>), BackupError> {
    let address = address(reach, end)?;
    if let Place::Helper(name) = &address.place {
        return Err(BackupError::Unreachable(format!(
            "the remote is reached through the helper `{name}`; by hand: {}",
            entry.manifest.recovery.join("; ")
        )));
    }
    let now = Repo::remote_refs(&address.url, &[], end).map_err(|error| {
        BackupError::Unreachable(format!("the remote cannot be asked: {error}"))
    })?;
    let written = |name: &str| {
        let one = reach.refs.iter().find(|one| one.name == name)?;
        one.new.as_deref()
    };
    let repo = Repo::open(&reach.repository, &[], end).ok();
    let (mut back, mut conflicts) = (Vec::new(), Vec::new());
    for (name, oid) in Kept::read(entry)?.refs {
        let there = now.get(&name).cloned();
        if there.as_ref() == Some(&oid) {
            continue;
        }
        let expected = match written(&name) {
            None => true,
            Some(new) if is_zero(new) => there.is_none(),
            Some(new) => there.as_deref() == Some(new) || there.is_none(),
        };
        if expected {
            let others =
                |now| written(&name).is_none() && is_others(reach, repo.as_ref(), &name, now);
            let others = there.as_ref().is_some_and(others);
            back.push(Back {
                name,
                now: there,
                others,
            });
        } else {
            conflicts.push(format!(
                "`{name}` was changed by somebody else after the push and stays as it is"
            ));
        }
    }
    Ok((address, back, conflicts))
}

/// Says which refs would be pushed back.
pub fn plan(
    entry: &Entry,
    reach: &GitRemoteReach,
    end: Instant,
) -> Result<RestorePlan, BackupError> {
    let (_, back, conflicts) = compare(entry, reach, end)?;
    let mut steps: Vec<Step> = back.iter().map(step).collect();
    if !steps.is_empty() {
        let what = format!("these refs of {}", reach.remote);
        steps.insert(0, Step::SavePresent { what });
    }
    Ok(RestorePlan {
        backup: entry.manifest.id.clone(),
        steps,
        notes: [
            conflicts,
            back.iter().filter_map(Back::leaving).collect(),
            entry.manifest.warnings.clone(),
        ]
        .concat(),
        ..RestorePlan::default()
    })
}

fn step(back: &Back) -> Step {
    let verb = match back.now {
        Some(_) => "push the old tip back to",
        None => "create again on the remote",
    };
    Step::Server {
        verb: verb.to_owned(),
        what: back.name.clone(),
    }
}

/// Pushes the old refs back, each under the condition that it still is what was seen.
pub fn apply(entry: &Entry, reach: &GitRemoteReach, end: Instant) -> Result<Restored, BackupError> {
    let (address, back, conflicts) = compare(entry, reach, end)?;
    let store = Store::of(entry, end)?;
    let mut restored = Restored {
        conflicts,
        notes: back.iter().filter_map(Back::leaving).collect(),
        ..Restored::default()
    };
    let from = prefix(&entry.manifest.id);
    for together in back.chunks(TOGETHER) {
        let leases = together.iter().map(|one| {
            let now = one.now.as_deref().unwrap_or_default();
            format!("--force-with-lease={}:{now}", one.name)
        });
        let specs = together
            .iter()
            .map(|one| format!("{from}{}:{}", one.name, one.name));
        let mut args = vec![
            "push".to_owned(),
            "--quiet".to_owned(),
            "--no-verify".to_owned(),
        ];
        args.extend(leases);
        args.extend(["--".to_owned(), address.url.clone()]);
        args.extend(specs);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = store.repo.contact(&args, Vec::new()).and_then(good);
        said.map_err(|error| {
            BackupError::Source(format!("the old refs could not be pushed back: {error}"))
        })?;
        restored
            .done
            .extend(together.iter().map(|one| step(one).sentence()));
    }
    Ok(restored)
}
