//! What is lost when a place is removed or written over: names first, then facts, cheapest first.
//! It does not know which program does it, nor what policy demands.

mod broad;
mod far;
mod inner;
mod moved;
mod project;
mod same;

pub use moved::MOVED;
pub use same::New;

use std::path::{Path, PathBuf};

use super::kinds;
use super::moves::Moves;
use super::place::{Place, lexical};
use super::report::{Loss, bytes, join_bare};
use super::rules::{
    far_rule, file_rule, folder_rule, is_empty, is_no_backup, may_be_folder, measured, moved_rule,
    one_file, over_by_name, over_rule, tree_lines, usual,
};
use super::world::{self, Landing, World};
use crate::classify::{Context, own};
use crate::model::fact::{Answer, EntryFact, EntryKind, GitFact, GitPathFact, Needs, Question};
use crate::model::target::Target;

/// Paths of one pattern that are judged one by one; beyond, the folder is judged.
const PATHS_MAX: usize = 64;
/// Files of one command up to which their loss is a small one.
const FEW_FILES: usize = 16;
/// Bytes of one file up to which its loss is a small one.
pub const SMALL_FILE: u64 = 64 << 20;

/// How something is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    pub recursive: bool,
    /// Only a part of what lies below goes (tests of `find`, `rsync --delete`).
    pub narrowed: bool,
    /// The same call removes the repository, so that nothing comes back from it.
    pub repository_goes: bool,
    /// Rule for an ordinary loss; nothing means the usual ones.
    pub rule: Option<&'static str>,
}

impl How {
    /// Removal as `rm` does it.
    pub const fn plain(recursive: bool) -> Self {
        Self {
            recursive,
            narrowed: false,
            repository_goes: false,
            rule: None,
        }
    }
}

/// How something is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Most of the content stays (`sed -i`, Edit).
    pub edit: bool,
    /// The new content is nothing (`: > f`, `truncate -s 0`).
    pub emptied: bool,
    /// An existing file is emptied on purpose (`cp /dev/null f`).
    pub nulled: bool,
    /// What is written comes from a variable (a key that is put in place).
    pub provided: bool,
    /// A link is replaced, not written through (`ln -sf`, `mv`).
    pub replaces: bool,
    /// A whole file is made under the name (a redirection, a dump, an archive), not brought there.
    pub anew: bool,
}

impl Over {
    /// New content through the name, as `>` does it.
    pub const NEW: Self = Self {
        edit: false,
        emptied: false,
        nulled: false,
        provided: false,
        replaces: false,
        anew: false,
    };
    /// The copy that an editor makes under another name, as it has made the one that is there.
    pub const BESIDE: Self = Self {
        edit: true,
        ..Self::NEW
    };
}

/// A candidate whose fate depends on git, and then on what lies below.
#[derive(Debug)]
struct Pending {
    path: PathBuf,
    directory: bool,
    rule: &'static str,
    /// Size of a file.
    bytes: u64,
    lines: Vec<String>,
    /// The outermost part of the path that is named as regenerable.
    named: Option<PathBuf>,
    repository_goes: bool,
    narrowed: bool,
    /// A copy in HEAD makes it harmless.
    tracked_is_enough: bool,
    /// A SQLite database, by its first bytes: SQLite itself copies it.
    database: bool,
}

/// Judges the places of one command, then asks git about all of them in one question.
#[derive(Debug)]
pub struct Judge<'a, 'n> {
    context: &'a Context<'a>,
    needs: &'n mut Needs,
    world: World,
    cwd: PathBuf,
    pending: Vec<Pending>,
    losses: Vec<Loss>,
    /// What the call moved before, once it was read.
    moves: Option<Moves>,
    /// What comes to stand where something is written over, as far as it is known.
    new: Option<New>,
}

impl<'a, 'n> Judge<'a, 'n> {
    /// Starts judging in a file system.
    pub fn new(context: &'a Context<'a>, needs: &'n mut Needs, world: World, cwd: PathBuf) -> Self {
        Self {
            context,
            needs,
            world,
            cwd,
            pending: Vec::new(),
            losses: Vec::new(),
            moves: None,
            new: None,
        }
    }

    fn assumed(&self) -> bool {
        self.context.facts.assumed
    }

    fn home(&self) -> Option<&'a Path> {
        self.context.scene.home.as_deref()
    }

    pub(super) fn ask(&mut self, question: Question) -> Option<&'a Answer> {
        self.context.facts.ask(question, self.needs)
    }

    /// Asks what stands at a path.
    pub fn entry(&mut self, path: &Path) -> Seen<'a> {
        match self.ask(Question::Entry(path.to_path_buf())) {
            Some(Answer::Entry(entry)) => Seen::There(entry),
            Some(Answer::Absent) => Seen::Absent,
            _ => Seen::Unknown,
        }
    }

    /// Returns the losses, after git and the trees have been asked about what is still open.
    pub fn finish(mut self) -> Vec<Loss> {
        let pending = std::mem::take(&mut self.pending);
        let git = self.git(&pending);
        for one in pending {
            let fact = git.get(&one.path);
            let loss = self.settle(one, fact.map(|(all, path)| (*all, *path)));
            self.losses.push(loss);
        }
        self.add_up();
        join_bare(&mut self.losses);
        self.losses
    }

    /// Many files that are each a small loss are together no small one.
    fn add_up(&mut self) {
        let small = |loss: &&mut Loss| loss.rule == "files.delete" && loss.exempt.is_none();
        if self.losses.iter_mut().filter(small).count() > FEW_FILES {
            for loss in self.losses.iter_mut().filter(small) {
                loss.rule = "files.delete-many";
            }
        }
    }

    fn settle(&mut self, one: Pending, git: Option<(&GitFact, &GitPathFact)>) -> Loss {
        let small = self.may_be_small(&one);
        let mut loss = Loss::new(one.rule, world::file_target(&one.path, one.database));
        loss.lines.clone_from(&one.lines);
        if self.holds_no_rows(&one) {
            return loss.exempt("no table of it holds a row");
        }
        if let Some((all, path)) = git {
            // Output of another project is named from the top of that project.
            let named = one.named.is_some()
                || kinds::regenerable(&one.path, &all.root, self.context.regenerable).is_some();
            if named && path.is_ignored && path.tracked == 0 {
                return loss.exempt("regenerable: named in policy and ignored by git");
            }
            let clean = path.tracked > 0
                && path.changed + path.untracked + path.ignored == 0
                && all.has_head;
            if clean && one.tracked_is_enough && !one.repository_goes {
                return loss.exempt("its content is that of HEAD");
            }
            let ignored_too = path.tracked > 0
                && path.ignored > 0
                && path.changed + path.untracked == 0
                && all.has_head
                && one.directory
                && !one.narrowed
                && !one.repository_goes;
            if ignored_too && self.ignored_is_regenerable(&one, all) {
                return loss
                    .exempt("its content is that of HEAD, and output that can be made again");
            }
        }
        if self.linked(&one, git.map(|(_, path)| path)) {
            return loss.exempt("a clean work tree of a repository that lies elsewhere");
        }
        if let Some(named) = &one.named
            && let Some(reason) = self.proof(named, git.map(|(_, path)| path))
        {
            return loss.exempt(reason);
        }
        if !one.directory {
            loss.measured = small.then_some(one_file(one.bytes));
            return loss;
        }
        match self.ask(Question::Tree(one.path)) {
            Some(Answer::Tree(tree)) if is_empty(tree) => loss.bare("empty"),
            Some(Answer::Tree(tree)) => {
                loss.lines.extend(tree_lines(tree));
                loss.measured = measured(tree).filter(|_| small);
                if one.narrowed {
                    loss.lines.push("only a part of it goes".to_owned());
                }
                loss
            }
            _ => loss,
        }
    }

    /// Policy may call an ordinary loss inside the project small; databases, keys and repositories never are.
    fn may_be_small(&self, one: &Pending) -> bool {
        const ORDINARY: [&str; 3] = [
            "files.recursive-delete",
            "files.delete",
            "files.delete-many",
        ];
        let project = &self.context.scene.project;
        ORDINARY.contains(&one.rule)
            && !one.repository_goes
            && one.path.starts_with(project)
            && &one.path != project
    }

    /// Returns the proof by content that a folder (or file) is what its name says.
    fn proof(&mut self, named: &Path, git: Option<&GitPathFact>) -> Option<String> {
        if git.is_some_and(|git| git.tracked > 0) {
            return None;
        }
        if named
            .extension()
            .is_some_and(|end| end == "pyc" || end == "pyo")
        {
            return Some("regenerable: compiled by Python".to_owned());
        }
        if self.assumed() {
            return Some("regenerable: named in policy".to_owned());
        }
        match self.ask(Question::Tree(named.to_path_buf())) {
            Some(Answer::Tree(tree)) if !tree.proof.is_empty() && !tree.mounts => {
                Some(format!("regenerable: {}", tree.proof))
            }
            _ => None,
        }
    }

    /// Judges the removal of a place; `shown` is how its word is written.
    pub fn removal(&mut self, place: &Place, how: How, shown: &str) {
        if !matches!(self.world, World::Here) {
            return self.far_removal(place, how, shown);
        }
        let named = matches!(place, Place::At { .. } | Place::Glob { .. });
        match place {
            _ if !named && super::linked::leads_out(shown, self.context) => {
                self.push_unknown(how, shown);
            }
            Place::At { path, follow } => self.removal_at(path, *follow, how),
            Place::Glob { dir, pattern } => self.removal_glob(dir, pattern, how),
            Place::Below {
                dir,
                strict,
                pattern,
            } => {
                if !self.removal_named(dir, pattern.as_deref(), how) {
                    self.removal_below(dir, *strict, how, shown);
                }
            }
            Place::Loose(text) => self.removal_loose(text, how, shown),
            Place::Scratch => {}
            Place::Anywhere => self.push_unknown(how, shown),
        }
    }

    fn push_unknown(&mut self, how: How, shown: &str) {
        let rule = if how.recursive || how.narrowed {
            "files.opaque-delete"
        } else {
            "files.delete-many"
        };
        self.losses
            .push(Loss::new(rule, world::unnamed_target(shown)).opaque());
    }

    fn removal_loose(&mut self, text: &str, how: How, shown: &str) {
        let path = Path::new(text);
        let plain = lexical(path);
        let named = kinds::regenerable(&plain, Path::new(""), self.context.regenerable).is_some();
        if named && self.assumed() {
            return;
        }
        let rule = match how.rule {
            Some(rule) => rule,
            None if how.recursive => "files.recursive-delete",
            None => file_rule(path, "", 0),
        };
        self.losses
            .push(Loss::new(rule, world::unnamed_target(shown)).opaque());
    }

    fn removal_below(&mut self, dir: &Path, strict: bool, how: How, shown: &str) {
        let plain = lexical(dir);
        if self.is_scratch_or_temporary(&plain) || (strict && self.is_temporary_itself(&plain)) {
            return;
        }
        if !strict {
            self.removal_at(dir, true, how);
        }
        // Said by the family `own`.
        if how.recursive && own::touches(&plain, self.context, false) {
            return;
        }
        let named = kinds::regenerable(
            &plain,
            &self.context.scene.project,
            self.context.regenerable,
        );
        if named.is_some() {
            let before = self.losses.len() + self.pending.len();
            self.removal_at(
                &plain,
                true,
                How {
                    narrowed: true,
                    ..how
                },
            );
            if self.losses.len() + self.pending.len() > before || self.assumed() {
                return;
            }
        }
        let wide = kinds::is_catastrophic(&plain, self.home());
        let rule = match how.rule {
            Some(rule) => rule,
            None if wide && how.recursive => "files.opaque-delete",
            None if how.recursive => "files.recursive-delete",
            None => "files.delete",
        };
        let target = if wide {
            world::unnamed_target(shown)
        } else {
            world::path_target(&plain)
        };
        self.losses.push(Loss::new(rule, target).opaque());
    }

    fn removal_glob(&mut self, dir: &Path, pattern: &str, how: How) {
        let everything = matches!(pattern, "*" | "**" | ".*" | "**/*" | ".[!.]*" | "*/" | "?*");
        let plain = lexical(dir);
        if everything && how.recursive {
            if self.grave(&plain, how, true) {
                return;
            }
        } else if everything && self.is_temporary_itself(&plain) {
            return;
        }
        if self.assumed() {
            let path = plain.join(pattern);
            if plain
                .components()
                .any(|part| part.as_os_str().to_string_lossy().contains(['*', '?']))
            {
                return self.assumed_removal(&plain, how);
            }
            return self.assumed_removal(&path, how);
        }
        self.removal_glob_moved(&plain, pattern, everything, how);
        let question = Question::Glob {
            dir: dir.to_path_buf(),
            pattern: pattern.to_owned(),
        };
        match self.ask(question) {
            Some(Answer::Glob(paths)) if paths.is_empty() => {
                self.removal_of_pattern(dir, pattern, how);
            }
            Some(Answer::Glob(paths)) if paths.len() <= PATHS_MAX => {
                let follow = pattern.ends_with('/');
                for path in paths {
                    self.removal_at(path, follow, how);
                }
            }
            Some(Answer::Absent) => {}
            Some(Answer::Glob(_)) | None | Some(_) => {
                let rule = Some(how.rule.unwrap_or("files.delete-many"));
                let how = How {
                    recursive: true,
                    narrowed: true,
                    rule,
                    ..how
                };
                self.removal_at(dir, true, how);
            }
        }
    }

    /// Notes a loss that no exemption softens; tells whether it did.
    fn grave(&mut self, path: &Path, how: How, content_only: bool) -> bool {
        let wide = kinds::is_catastrophic(path, self.home()) && !self.is_temporary_itself(path);
        // Said by the family `own`, but for what goes with it.
        if !(how.recursive && wide) && own::touches(path, self.context, false) {
            return true;
        }
        if !how.recursive {
            return false;
        }
        let rule = if wide {
            if how.narrowed {
                "files.find-delete-system"
            } else {
                "files.wipe"
            }
        } else if kinds::is_disk(path) {
            "files.wipe"
        } else if self.is_scratch_or_temporary(path) {
            return false;
        } else if self.is_project(path, content_only) && !how.narrowed {
            "files.delete-project"
        } else {
            return false;
        };
        let loss = Loss::new(rule, world::path_target(path));
        if rule != "files.delete-project" || self.assumed() {
            self.losses.push(loss);
            return true;
        }
        self.project(loss, path)
    }

    fn removal_at(&mut self, path: &Path, follow: bool, how: How) {
        let plain = lexical(path);
        if kinds::is_git_litter(&plain) && how.rule.is_none() {
            return;
        }
        if self.grave(&plain, how, false) {
            return;
        }
        if how.recursive && !how.narrowed && self.is_temporary_itself(&plain) {
            // What lies inside is scratch; the folder itself belongs to everything that runs.
            let rule = how.rule.unwrap_or("files.recursive-delete");
            return self
                .losses
                .push(Loss::new(rule, world::path_target(&plain)));
        }
        if self.assumed() {
            return self.assumed_removal(&plain, how);
        }
        let was_moved = self.removal_of_moved(&plain, how);
        match self.entry(path) {
            Seen::There(entry) => self.removal_entry(path, entry, follow, how),
            Seen::Absent if was_moved => {}
            Seen::Absent if !follow && super::linked::is_link(&plain, self.context) => {}
            Seen::Absent if world::comes_from_elsewhere(&plain, self.context) => {
                let rule = how.rule.unwrap_or("files.recursive-delete");
                let loss = Loss::new(rule, world::path_target(&plain)).opaque();
                self.losses
                    .push(loss.line("the same call puts something there first"));
            }
            Seen::Absent => {
                let loss = Loss::new(usual(how, &plain), world::path_target(&plain));
                self.losses.push(loss.exempt("does not exist"));
            }
            Seen::Unknown => {
                let loss = Loss::new(usual(how, &plain), world::path_target(&plain));
                self.losses.push(loss);
            }
        }
    }

    fn removal_entry(&mut self, path: &Path, entry: &'a EntryFact, follow: bool, how: How) {
        let mut entry = entry;
        let mut place = entry.resolved.clone();
        if entry.kind == EntryKind::Link {
            if !follow {
                let loss = Loss::new(usual(how, path), world::path_target(&lexical(path)));
                return self.losses.push(loss.bare("only a link goes"));
            }
            place.clone_from(&entry.resolved);
            match self.entry(&entry.resolved) {
                Seen::There(real) => entry = real,
                Seen::Absent => return,
                Seen::Unknown => {
                    let loss = Loss::new(usual(how, &place), world::path_target(&place));
                    return self.losses.push(loss);
                }
            }
        }
        if self.grave(&place, how, false) {
            return;
        }
        if (entry.is_root || entry.is_home) && how.recursive {
            let loss = Loss::new("files.wipe", world::path_target(&place));
            return self.losses.push(loss);
        }
        self.removal_real(place, entry, how);
    }

    fn removal_real(&mut self, place: PathBuf, entry: &EntryFact, how: How) {
        let target = world::path_target(&place);
        let loss = Loss::new(usual(how, &place), target);
        if entry.is_mount || (how.recursive && entry.mounts_below) {
            let line = "another file system is mounted there";
            return self.losses.push(loss.line(line));
        }
        if self.is_scratch_or_temporary(&place) {
            return self.losses.push(loss.exempt("in a temporary directory"));
        }
        if kinds::is_package_cache(&place, self.home()) {
            return self
                .losses
                .push(loss.exempt("a cache of the system or of a package manager"));
        }
        let directory = entry.kind == EntryKind::Directory;
        if directory && !how.recursive {
            return self.losses.push(loss.exempt("a folder stays without -r"));
        }
        let mut lines = Vec::new();
        if entry.kind == EntryKind::File {
            if entry.bytes == 0 {
                return self.losses.push(loss.bare("empty"));
            }
            lines.push(bytes(entry.bytes));
        }
        let rule = match how.rule {
            Some(rule) => moved_rule(rule, &place, &entry.magic, directory),
            None if directory => folder_rule(&place),
            None => file_rule(&place, &entry.magic, entry.bytes),
        };
        let named = kinds::regenerable(
            &place,
            &self.context.scene.project,
            self.context.regenerable,
        );
        self.pending.push(Pending {
            path: place,
            directory,
            rule,
            bytes: entry.bytes,
            lines,
            named,
            repository_goes: how.repository_goes,
            narrowed: how.narrowed,
            tracked_is_enough: true,
            database: entry.magic == "sqlite",
        });
    }

    fn assumed_removal(&mut self, path: &Path, how: How) {
        if self.is_scratch_or_temporary(path) || kinds::is_package_cache(path, self.home()) {
            return;
        }
        let everywhere = Path::new("/");
        let named = kinds::regenerable(path, everywhere, self.context.regenerable);
        let again = named.is_some() || super::tools::makes_again(path, self.context);
        if again && !kinds::is_kept(path) {
            return;
        }
        let rule = match how.rule {
            Some(rule) => moved_rule(rule, path, "", may_be_folder(path)),
            None if how.recursive => folder_rule(path),
            None => file_rule(path, "", 0),
        };
        self.losses.push(Loss::new(rule, world::path_target(path)));
    }

    fn landed(&mut self, landing: Landing, how: How, shown: &str) {
        match landing {
            Landing::Inside => {}
            Landing::Host(path) => {
                let world = std::mem::replace(&mut self.world, World::Here);
                self.removal_at(&path, true, how);
                self.world = world;
            }
            Landing::Volume(name) => self.losses.push(Loss::new(
                "files.delete-volume",
                world::volume_target(&name),
            )),
            Landing::Unknown => self
                .losses
                .push(Loss::new("files.opaque-delete", world::unnamed_target(shown)).opaque()),
        }
    }

    /// Judges new content over what stands at a place.
    pub fn overwrite(&mut self, place: &Place, over: Over) {
        if !matches!(self.world, World::Here) {
            return self.far_overwrite(place, over);
        }
        let path = match place {
            Place::At { path, .. } => path.clone(),
            Place::Loose(text) => return self.loose_overwrite(text, over),
            Place::Glob { dir, pattern } => return self.overwrite_glob(dir, pattern, over),
            Place::Below { dir, .. } => return self.emptied_below(&lexical(dir), over),
            Place::Scratch | Place::Anywhere => return,
        };
        let plain = lexical(&path);
        let linked = (!over.replaces).then(|| super::linked::written(&plain, self.context));
        if let Some(path) = linked.flatten() {
            return self.overwrite_plain(&path, &path, over);
        }
        self.overwrite_plain(&path, &plain, over);
    }

    fn overwrite_plain(&mut self, path: &Path, plain: &Path, over: Over) {
        if kinds::is_harmless_device(plain) || own::touches(plain, self.context, false) {
            return;
        }
        if kinds::is_disk(plain) {
            let loss = Loss::new("files.wipe", world::path_target(plain));
            return self.losses.push(loss);
        }
        if kinds::is_tape(plain) {
            let loss = Loss::new("files.erase-tape", world::path_target(plain));
            return self.losses.push(loss);
        }
        if self.assumed() {
            return self.assumed_overwrite(plain, over);
        }
        self.overwrite_at(path, plain, over);
    }

    fn overwrite_at(&mut self, path: &Path, plain: &Path, over: Over) {
        let seen = match self.entry(path) {
            Seen::There(entry) if entry.kind == EntryKind::Link => {
                if over.replaces {
                    return;
                }
                self.entry(&entry.resolved)
            }
            seen => seen,
        };
        match seen {
            Seen::There(_) if self.is_left(plain) => self.overwrite_moved(plain, over),
            Seen::There(entry) => self.overwrite_entry(entry, over),
            Seen::Absent => self.overwrite_moved(plain, over),
            Seen::Unknown => {
                let rule = over_rule(plain, "", over);
                self.losses.push(Loss::new(rule, world::path_target(plain)));
            }
        }
    }

    fn overwrite_entry(&mut self, entry: &EntryFact, over: Over) {
        let place = entry.resolved.clone();
        if own::touches(&place, self.context, false) {
            return;
        }
        let loss = Loss::new(
            over_rule(&place, &entry.magic, over),
            world::path_target(&place),
        );
        match entry.kind {
            EntryKind::Device if kinds::is_disk(&place) => {
                let loss = Loss::new("files.wipe", world::path_target(&place));
                return self.losses.push(loss);
            }
            EntryKind::File => {}
            EntryKind::Device | EntryKind::Other | EntryKind::Directory | EntryKind::Link => return,
        }
        if self.is_scratch_or_temporary(&place) {
            return self.losses.push(loss.exempt("in a temporary directory"));
        }
        if entry.bytes == 0 {
            return self.losses.push(loss.exempt("empty"));
        }
        if self.is_the_same(entry) {
            return self
                .losses
                .push(loss.exempt("what comes there is the same"));
        }
        let named = kinds::regenerable(
            &place,
            &self.context.scene.project,
            self.context.regenerable,
        );
        self.pending.push(Pending {
            rule: loss.rule,
            directory: false,
            bytes: entry.bytes,
            lines: vec![bytes(entry.bytes)],
            named,
            repository_goes: false,
            narrowed: false,
            tracked_is_enough: true,
            database: entry.magic == "sqlite",
            path: place,
        });
    }

    fn assumed_overwrite(&mut self, path: &Path, over: Over) {
        if self.is_scratch_or_temporary(path) {
            return;
        }
        let no_backup = matches!(&self.new, Some(New::Text(text)) if is_no_backup(path, text));
        let over = Over {
            emptied: over.emptied || no_backup,
            ..over
        };
        if let Some((rule, line)) = over_by_name(path, over) {
            let mut loss = Loss::new(rule, world::path_target(path));
            loss.lines.extend(line.map(str::to_owned));
            self.losses.push(loss);
        }
    }

    /// Tells whether the world is not asked.
    pub fn is_assumed(&self) -> bool {
        self.assumed() || !matches!(self.world, World::Here)
    }

    /// Adds a loss that was judged elsewhere.
    pub fn push(&mut self, loss: Loss) {
        self.losses.push(loss);
    }
}

/// What is known of a path.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    There(&'a EntryFact),
    Absent,
    Unknown,
}
