//! What becomes of commits and tags when a call moves refs: its steps are gone through over the refs as they stand.
//! git is asked for names and for ancestry and never writes; which steps a call has is not decided here.

mod names;
mod standing;

use crate::adapters::regular;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::model::git::{RefDeed, RefStep, RefsFact, Sureness};

use super::Place;
use super::run::Runner;

/// Linked work trees whose `HEAD` is read.
const TREES_MAX: usize = 256;
/// Commits of the call itself that are followed.
const OWN_MAX: usize = 256;
/// What stands before the number of a commit that the call makes.
const OWN: &str = "own:";

/// What a ref may hold.
#[derive(Clone, Debug, Default)]
struct Value {
    objects: Vec<String>,
    /// It holds just that: other refs may rely on it.
    sure: bool,
}

impl Value {
    fn sure(object: String) -> Self {
        Self {
            objects: vec![object],
            sure: true,
        }
    }

    fn with(mut self, other: Self) -> Self {
        for object in other.objects {
            if !self.objects.contains(&object) {
                self.objects.push(object);
            }
        }
        self.sure = false;
        self
    }
}

/// What may be checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Head {
    Branch(String),
    At(String),
}

/// A commit that the call makes.
#[derive(Clone, Debug)]
struct Made {
    parents: Vec<String>,
    /// It is one commit on top of its first parent.
    single: bool,
}

/// The refs of a repository while steps are gone through.
pub struct Walk<'a> {
    place: &'a Place,
    runner: &'a Runner,
    refs: BTreeMap<String, Value>,
    heads: Vec<Head>,
    /// Something else may be checked out, and what it is cannot be said.
    lost: bool,
    /// Commits that other work trees have checked out.
    others: Vec<String>,
    /// Newest first; nothing for one that the call makes.
    stashes: Vec<Option<String>>,
    made: Vec<Made>,
    stepped: bool,
}

impl<'a> Walk<'a> {
    /// Reads the refs as they stand.
    pub fn over(place: &'a Place, runner: &'a Runner) -> io::Result<Self> {
        let mut walk = Self {
            place,
            runner,
            refs: BTreeMap::new(),
            heads: Vec::new(),
            lost: false,
            others: Vec::new(),
            stashes: Vec::new(),
            made: Vec::new(),
            stepped: false,
        };
        let format = "--format=%(objectname) %(refname) %(symref)";
        for line in walk.lines(&["for-each-ref", format])? {
            let mut fields = line.split(' ');
            if let (Some(object), Some(name), None | Some("")) =
                (fields.next(), fields.next(), fields.next())
            {
                walk.refs
                    .insert(name.to_owned(), Value::sure(object.to_owned()));
            }
        }
        let head = regular::text(&place.git_dir.join("HEAD"))?;
        walk.heads = vec![match head.trim_end().strip_prefix("ref: ") {
            Some(name) => Head::Branch(name.to_owned()),
            None => Head::At(head.trim_end().to_owned()),
        }];
        walk.others = others(place);
        if walk.refs.contains_key("refs/stash") {
            let all = walk.lines(&["rev-list", "--walk-reflogs", "refs/stash"])?;
            walk.stashes = all.into_iter().map(Some).collect();
        }
        Ok(walk)
    }

    fn lines(&self, args: &[&str]) -> io::Result<Vec<String>> {
        let (success, output) = self.runner.run(args, &[], Vec::new())?;
        if !success {
            return Err(io::Error::other("its refs could not be read"));
        }
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Goes through the steps; the tips that the last ones leave are looked at.
    pub fn through(&mut self, steps: &[RefStep], judged: usize) -> io::Result<RefsFact> {
        let from = steps.len().saturating_sub(judged);
        let mut left: Vec<(String, String)> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let sure = if index >= from {
                Sureness::Done
            } else {
                step.sure
            };
            let tips = self.step(&step.deed, sure)?;
            if index >= from {
                left.extend(tips);
            }
            self.stepped = true;
        }
        Ok(RefsFact {
            root: self.place.root.clone(),
            git_dir: self.place.git_dir.clone(),
            tips: self.judged(left)?,
        })
    }

    /// Takes one step and returns the tips that it leaves.
    fn step(&mut self, deed: &RefDeed, sure: Sureness) -> io::Result<Vec<(String, String)>> {
        let done = sure == Sureness::Done;
        let mut tips = Vec::new();
        match deed {
            RefDeed::Set { name, to } => {
                let new = self.resolve(to.as_deref())?;
                tips = self.set(name, new, done);
            }
            RefDeed::Create { name, to } => self.create(name, to.as_deref(), sure)?,
            RefDeed::Delete { name } => {
                let name = self.named(name);
                if let Some(old) = self.refs.remove(&name) {
                    tips = leaving(&name, old);
                }
            }
            RefDeed::DeleteSome { prefix } => tips = self.delete_some(prefix),
            RefDeed::Switch { to } => self.switch(to.as_deref(), done)?,
            RefDeed::Unborn { branch } => self.head(Head::Branch(branch.clone()), done),
            RefDeed::Move { to } => {
                let new = self.resolve(to.as_deref())?;
                tips = self.shift(new, done);
            }
            RefDeed::Rename { from, to } => tips = self.rename(from.as_deref(), to, done),
            RefDeed::Commit | RefDeed::Join { .. } | RefDeed::Rewrite { .. } => {
                self.step_on(deed, done)?;
            }
            RefDeed::Rebase {
                onto,
                upstream,
                branch,
            } => {
                if branch.is_some() {
                    self.switch(branch.as_deref(), done)?;
                }
                tips = self.rebase(onto.as_deref(), upstream.as_deref(), done)?;
            }
            RefDeed::Push { remote, source, to } => {
                self.push(remote.as_deref(), source.as_deref(), to.as_deref(), done)?;
            }
            RefDeed::Prune => self.prune(),
            RefDeed::PruneTags { remote } => tips = self.prune_tags(remote.as_deref())?,
            RefDeed::DropStash(_) | RefDeed::ClearStashes | RefDeed::Stash => {
                tips = self.step_stash(deed);
            }
            RefDeed::ExpireLogs { stashes } => {
                if *stashes {
                    self.stashes.truncate(1);
                }
                tips = self.logged()?;
            }
            RefDeed::Unknown => self.refs.values_mut().for_each(|value| value.sure = false),
        }
        Ok(tips)
    }

    /// A stash is made, or goes.
    fn step_stash(&mut self, deed: &RefDeed) -> Vec<(String, String)> {
        let mut tips = Vec::new();
        match deed {
            RefDeed::DropStash(at) if *at < self.stashes.len() => {
                if let Some(object) = self.stashes.remove(*at) {
                    tips.push((format!("stash@{{{at}}}"), object));
                }
                self.settle_stash();
            }
            RefDeed::ClearStashes => {
                let all = std::mem::take(&mut self.stashes);
                tips.extend(
                    all.into_iter()
                        .flatten()
                        .map(|one| ("stash".to_owned(), one)),
                );
                self.settle_stash();
            }
            RefDeed::Stash => {
                self.stashes.insert(0, None);
                self.settle_stash();
            }
            _ => {}
        }
        tips
    }

    /// The branch that is checked out goes on, or is written anew.
    fn step_on(&mut self, deed: &RefDeed, done: bool) -> io::Result<()> {
        match deed {
            RefDeed::Commit => self.grow(Vec::new(), true, done),
            RefDeed::Join { with } => {
                let with = self.resolve(with.as_deref())?;
                self.grow(with.into_iter().collect(), false, done)
            }
            RefDeed::Rewrite { onto } => {
                let onto = self.resolve(onto.as_deref())?;
                self.rewrite(onto, done);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The ref of the stashes follows their list.
    fn settle_stash(&mut self) {
        let top = self.stashes.first().cloned().flatten();
        match top {
            Some(top) => self.refs.insert("refs/stash".to_owned(), Value::sure(top)),
            None => self.refs.remove("refs/stash"),
        };
    }

    /// `HEAD` as the name of a ref is the branch that is checked out.
    fn named(&self, name: &str) -> String {
        match (name, self.heads.as_slice()) {
            ("HEAD" | "@", [Head::Branch(branch)]) => branch.clone(),
            _ => name.to_owned(),
        }
    }

    fn set(&mut self, name: &str, new: Option<Value>, done: bool) -> Vec<(String, String)> {
        if matches!(name, "HEAD" | "@") {
            return self.shift(new, done);
        }
        let old = self.refs.remove(name);
        let value = match (new, &old) {
            (Some(new), _) if done => new,
            (None, _) if done => Value::default(),
            (new, old) => old
                .clone()
                .unwrap_or_default()
                .with(new.unwrap_or_default()),
        };
        let kept = value.clone();
        self.refs.insert(name.to_owned(), value);
        let tips = old.map(|old| leaving(name, old)).unwrap_or_default();
        let stays = |object: &String| kept.sure && kept.objects.contains(object);
        tips.into_iter().filter(|(_, tip)| !stays(tip)).collect()
    }

    /// A ref that is made anew; where only its run is proven, what could hinder it is looked for.
    fn create(&mut self, name: &str, to: Option<&str>, sure: Sureness) -> io::Result<()> {
        let new = self.resolve(to)?.filter(|new| new.sure);
        let free = !self.refs.keys().any(|other| {
            other == name
                || other.starts_with(&format!("{name}/"))
                || name.starts_with(&format!("{other}/"))
        });
        let made = match sure {
            Sureness::Done => true,
            Sureness::Ran => free && new.is_some() && is_plain(name),
            Sureness::Open => false,
        };
        if made {
            // Where it was there already git says no, and what follows does not run.
            self.refs.insert(name.to_owned(), new.unwrap_or_default());
        }
        Ok(())
    }

    /// Some refs below a prefix go: each of them is looked at as if all went.
    fn delete_some(&mut self, prefix: &str) -> Vec<(String, String)> {
        let out: Vec<String> = self
            .heads
            .iter()
            .filter_map(|head| match head {
                Head::Branch(name) => Some(name.clone()),
                Head::At(_) => None,
            })
            .collect();
        let names: Vec<String> = self
            .refs
            .keys()
            .filter(|name| name.starts_with(prefix) && !out.contains(name))
            .cloned()
            .collect();
        let mut tips = Vec::new();
        for name in names {
            if let Some(old) = self.refs.remove(&name) {
                tips.extend(leaving(&name, old));
            }
        }
        tips
    }

    fn head(&mut self, head: Head, done: bool) {
        if done {
            self.heads.clear();
            self.lost = false;
        }
        if !self.heads.contains(&head) {
            self.heads.push(head);
        }
    }

    fn switch(&mut self, to: Option<&str>, done: bool) -> io::Result<()> {
        let Some(to) = to.filter(|to| *to != "-" && !to.starts_with("@{-")) else {
            self.lost = true;
            return Ok(());
        };
        let branch = match to.strip_prefix("refs/heads/") {
            Some(_) => to.to_owned(),
            None => format!("refs/heads/{to}"),
        };
        if self.refs.contains_key(&branch) {
            self.head(Head::Branch(branch), done);
            return Ok(());
        }
        if let Some(value) = self.resolve(Some(to))? {
            for object in value.objects {
                self.head(Head::At(object), done && value.sure);
            }
            return Ok(());
        }
        // A branch that only a remote has is made here on the way.
        let ending = format!("/{to}");
        let remote = self.refs.iter().find(|(name, _)| {
            name.strip_prefix("refs/remotes/")
                .is_some_and(|rest| rest.split_once('/').is_some_and(|(_, name)| name == to))
                && name.ends_with(&ending)
        });
        if let Some(value) = remote.map(|(_, value)| value.clone()) {
            self.refs.insert(branch.clone(), value);
            self.head(Head::Branch(branch), done);
        }
        Ok(())
    }

    /// The branch that is checked out gets another value.
    fn shift(&mut self, new: Option<Value>, done: bool) -> Vec<(String, String)> {
        let mut tips = Vec::new();
        if self.lost {
            tips.push(("HEAD".to_owned(), "unknown".to_owned()));
        }
        let several = self.heads.len() > 1 || self.lost;
        let mut heads = Vec::new();
        for head in std::mem::take(&mut self.heads) {
            match head {
                Head::Branch(name) => {
                    tips.extend(self.set(&name, new.clone(), done && !several));
                    heads.push(Head::Branch(name));
                }
                Head::At(object) => {
                    let moved = new.clone().unwrap_or_default();
                    let stays = moved.sure && moved.objects.contains(&object);
                    if !stays {
                        tips.push(("HEAD".to_owned(), object.clone()));
                    }
                    heads.extend(moved.objects.iter().cloned().map(Head::At));
                    if !done || several {
                        heads.push(Head::At(object));
                    } else if moved.objects.is_empty() {
                        self.lost = true;
                    }
                }
            }
        }
        heads.dedup();
        self.heads = heads;
        tips
    }

    fn rename(&mut self, from: Option<&str>, to: &str, done: bool) -> Vec<(String, String)> {
        let from = match (from, self.heads.as_slice()) {
            (Some(from), _) => from.to_owned(),
            (None, [Head::Branch(name)]) => name.clone(),
            (None, _) => return Vec::new(),
        };
        let Some(value) = self.refs.get(&from).cloned() else {
            return Vec::new();
        };
        if from == to {
            return Vec::new();
        }
        if done {
            self.refs.remove(&from);
        }
        let tips = self.set(to, Some(value), done);
        for head in &mut self.heads {
            if *head == Head::Branch(from.clone()) {
                *head = Head::Branch(to.to_owned());
            }
        }
        tips
    }

    /// What is checked out, as one value.
    fn tip(&self) -> Option<Value> {
        let mut values = self.heads.iter().filter_map(|head| match head {
            Head::Branch(name) => self.refs.get(name).cloned(),
            Head::At(object) => Some(Value::sure(object.clone())),
        });
        let first = values.next().filter(|_| !self.lost)?;
        Some(values.fold(first, Value::with))
    }

    fn own(&mut self, parents: Vec<String>, single: bool) -> io::Result<Value> {
        if self.made.len() >= OWN_MAX {
            return Err(io::Error::other("the call makes too many commits"));
        }
        self.made.push(Made { parents, single });
        Ok(Value::sure(format!("{OWN}{}", self.made.len() - 1)))
    }

    /// The branch that is checked out goes on.
    fn grow(&mut self, with: Vec<Value>, single: bool, done: bool) -> io::Result<()> {
        let mut parents = Vec::new();
        for value in self.tip().into_iter().chain(with) {
            if value.sure {
                parents.extend(value.objects);
            }
        }
        let new = self.own(parents, single)?;
        if done {
            self.shift(Some(new), true);
        }
        // A commit that may have been made leads to what was there: nothing is taken away.
        Ok(())
    }

    fn rewrite(&mut self, onto: Option<Value>, done: bool) {
        let parents = onto.filter(|onto| onto.sure).map(|onto| onto.objects);
        if let Ok(new) = self.own(parents.unwrap_or_default(), false) {
            self.shift(Some(new), done);
        }
    }

    /// What is checked out keeps what comes after `upstream`, written anew on top of `onto`.
    fn rebase(
        &mut self,
        onto: Option<&str>,
        upstream: Option<&str>,
        done: bool,
    ) -> io::Result<Vec<(String, String)>> {
        let (onto, upstream, tip) = (self.resolve(onto)?, self.resolve(upstream)?, self.tip());
        let mut tips = Vec::new();
        for old in tip.iter().flat_map(|tip| &tip.objects) {
            let Some(upstream) = &upstream else {
                tips.push(("HEAD".to_owned(), old.clone()));
                continue;
            };
            for start in &upstream.objects {
                if old.starts_with(OWN) || start.starts_with(OWN) {
                    tips.push(("HEAD".to_owned(), old.clone()));
                    continue;
                }
                let (_, output) =
                    self.runner
                        .run(&["merge-base", "--all", old, start], &[], Vec::new())?;
                let bases = String::from_utf8_lossy(&output).into_owned();
                tips.extend(
                    bases
                        .lines()
                        .map(|base| ("HEAD".to_owned(), base.to_owned())),
                );
            }
        }
        self.rewrite(onto, done);
        Ok(tips)
    }

    fn push(
        &mut self,
        remote: Option<&str>,
        source: Option<&str>,
        to: Option<&str>,
        done: bool,
    ) -> io::Result<()> {
        let Some(to) = to else {
            let usual = ["rev-parse", "--symbolic-full-name", "@{push}"];
            let (known, output) = self.runner.run(&usual, &[], Vec::new())?;
            let name = String::from_utf8_lossy(&output).trim_end().to_owned();
            let same =
                remote.is_none_or(|remote| name.starts_with(&format!("refs/remotes/{remote}/")));
            if known && same && name.starts_with("refs/remotes/") {
                let value = self.tip();
                self.set(&name, value, done);
            }
            return Ok(());
        };
        let remote = remote.unwrap_or("origin");
        let name = format!(
            "refs/remotes/{remote}/{}",
            to.trim_start_matches("refs/heads/")
        );
        if source == Some("") {
            self.refs.remove(&name);
            return Ok(());
        }
        let value = self.resolve(source)?;
        let branch = to.starts_with("refs/heads/") || !to.starts_with("refs/");
        if branch && self.is_tracked(remote) {
            self.set(&name, value, done);
        }
        Ok(())
    }

    /// Tells whether this repository keeps refs for the branches of a remote.
    fn is_tracked(&self, remote: &str) -> bool {
        let start = format!("refs/remotes/{remote}/");
        self.refs.keys().any(|name| name.starts_with(&start))
    }

    /// Of a remote's branches those stay that every remote has.
    fn prune(&mut self) {
        const USUAL: [&str; 3] = ["main", "master", "trunk"];
        for (name, value) in &mut self.refs {
            let branch = name
                .strip_prefix("refs/remotes/")
                .and_then(|rest| rest.split_once('/'));
            if branch.is_some_and(|(_, branch)| !USUAL.contains(&branch)) {
                value.sure = false;
            }
        }
    }

    /// Tags go that the remote does not have; one that is a folder here is looked at.
    fn prune_tags(&mut self, remote: Option<&str>) -> io::Result<Vec<(String, String)>> {
        let kept = match remote {
            Some(remote) => self.tags_of(remote)?,
            None => None,
        };
        let names: Vec<String> = self
            .refs
            .keys()
            .filter(|name| name.starts_with("refs/tags/"))
            .filter(|name| kept.as_ref().is_none_or(|kept| !kept.contains(*name)))
            .cloned()
            .collect();
        let mut tips = Vec::new();
        for name in names {
            if let Some(old) = self.refs.remove(&name) {
                tips.extend(leaving(&name, old));
            }
        }
        Ok(tips)
    }

    /// Returns the tags of a remote that is a folder of this machine, read from its files.
    fn tags_of(&self, remote: &str) -> io::Result<Option<BTreeSet<String>>> {
        let key = format!("remote.{remote}.url");
        let (known, output) = self
            .runner
            .run(&["config", "--get", &key], &[], Vec::new())?;
        let url = match known {
            true => String::from_utf8_lossy(&output).trim_end().to_owned(),
            false => remote.to_owned(),
        };
        let path = self
            .place
            .root
            .join(url.strip_prefix("file://").unwrap_or(&url));
        let git_dir = [path.join(".git"), path]
            .into_iter()
            .find(|dir| super::is_git_dir(dir));
        let Some(git_dir) = git_dir.filter(|dir| !dir.join("reftable").is_dir()) else {
            return Ok(None);
        };
        let mut names = BTreeSet::new();
        let packed = regular::text(&git_dir.join("packed-refs")).unwrap_or_default();
        names.extend(packed.lines().filter_map(|line| {
            let name = line.split(' ').nth(1)?;
            name.starts_with("refs/tags/").then(|| name.to_owned())
        }));
        for name in self
            .refs
            .keys()
            .filter(|name| name.starts_with("refs/tags/"))
        {
            if git_dir.join(name).is_file() {
                names.insert(name.clone());
            }
        }
        Ok(Some(names))
    }

    /// Returns commits that only reflogs name.
    fn logged(&self) -> io::Result<Vec<(String, String)>> {
        let all = self.lines(&["rev-list", "--reflog", "--no-walk=unsorted"])?;
        Ok(all
            .into_iter()
            .map(|one| ("reflog".to_owned(), one))
            .collect())
    }
}

fn leaving(name: &str, value: Value) -> Vec<(String, String)> {
    let objects = value.objects.into_iter();
    objects.map(|object| (name.to_owned(), object)).collect()
}

/// Tells whether git takes a name for a ref without a second look.
fn is_plain(name: &str) -> bool {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
    let parts = name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    });
    letters && parts && !name.contains("..")
}

/// Returns the commits that other work trees have checked out without a branch.
fn others(place: &Place) -> Vec<String> {
    let mut all = Vec::new();
    let mut read = |dir: &Path| {
        let text = regular::text(&dir.join("HEAD")).unwrap_or_default();
        let object = text.trim_end();
        if matches!(object.len(), 40 | 64) && object.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            all.push(object.to_owned());
        }
    };
    if place.common != place.git_dir {
        read(&place.common);
    }
    let trees = std::fs::read_dir(place.common.join("worktrees"));
    for tree in trees.into_iter().flatten().flatten().take(TREES_MAX) {
        let dir = tree.path();
        let stands = regular::text(&dir.join("gitdir"))
            .is_ok_and(|text| Path::new(text.trim_end()).exists());
        let own = place
            .git_dir
            .canonicalize()
            .is_ok_and(|own| dir.canonicalize().is_ok_and(|dir| dir == own));
        if stands && !own {
            read(&dir);
        }
    }
    all
}
