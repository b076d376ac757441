//! Losses on another machine or in a container: what stands there is judged by its name alone.
//! Nothing here asks the world; there is nobody to ask.

use super::*;
use crate::classify::files::rules::is_temporary;

impl Judge<'_, '_> {
    pub(super) fn far_removal(&mut self, place: &Place, how: How, shown: &str) {
        let path = match place {
            Place::At { path, .. } => lexical(path),
            Place::Glob { dir, pattern } => lexical(&dir.join(pattern)),
            Place::Below { dir, .. } => lexical(dir),
            Place::Loose(text) => lexical(Path::new(text)),
            Place::Scratch => return,
            Place::Anywhere => PathBuf::from(shown),
        };
        let known = *place != Place::Anywhere;
        let temporary = known && is_temporary(&path, &[]);
        // The name of the temporary place itself says nothing of a volume below it.
        let below = ["/tmp", "/var/tmp"]
            .iter()
            .find_map(|place| path.strip_prefix(place).ok());
        let below = below.map_or_else(|| path.clone(), |below| Path::new("/").join(below));
        let again = known && self.is_made_again(&below);
        let harmless = temporary || known && self.is_made_again(&path);
        match self.world.clone() {
            World::Here => {}
            World::Elsewhere { place, reason, .. } => {
                if !harmless {
                    let target = world::far_target(&place, &reason, &path.to_string_lossy());
                    self.losses.push(Loss::new(far_rule(&path, how), target));
                }
            }
            World::Fresh(mounts) => {
                if let Place::Glob { dir, pattern } = place {
                    let spared = (harmless, again);
                    return self.fresh_glob((dir, pattern), &mounts, how, shown, spared);
                }
                for landing in world::land(&path, &mounts, &self.cwd.clone()) {
                    if !is_spared(&landing, (harmless, again)) {
                        self.landed(landing, how, shown);
                    }
                }
            }
        }
    }

    /// Judges a pattern inside a fresh container: it gives what lies on a mount, or the place of a mount itself.
    fn fresh_glob(
        &mut self,
        (dir, pattern): (&Path, &str),
        mounts: &[world::Mount],
        how: How,
        shown: &str,
        spared: (bool, bool),
    ) {
        let dir = lexical(dir);
        let cwd = self.cwd.clone();
        for mount in mounts {
            let inside = lexical(&mount.inside);
            let (from, rest) = if dir.starts_with(&inside) {
                (dir.clone(), Some(pattern))
            } else if let Some(rest) = reached(&inside, &dir, pattern) {
                (inside, rest)
            } else {
                continue;
            };
            for landing in world::land(&from, std::slice::from_ref(mount), &cwd) {
                match (landing, rest) {
                    (Landing::Host(path), Some(rest)) => {
                        let world = std::mem::replace(&mut self.world, World::Here);
                        self.removal_glob(&path, rest, how);
                        self.world = world;
                    }
                    (landing, _) if is_spared(&landing, spared) => {}
                    (landing, _) => self.landed(landing, how, shown),
                }
            }
        }
    }

    /// Tells whether a path elsewhere is a cache, or named as regenerable; a relative one counts from where the command stands.
    fn is_made_again(&self, path: &Path) -> bool {
        let root = if path.is_absolute() { "/" } else { "" };
        kinds::is_package_cache(path, None)
            || kinds::regenerable(path, Path::new(root), self.context.regenerable).is_some()
    }

    pub(super) fn far_overwrite(&mut self, place: &Place, over: Over) {
        let path = match place {
            Place::At { path, .. } => lexical(path),
            Place::Loose(text) => lexical(Path::new(text)),
            Place::Glob { .. } | Place::Below { .. } | Place::Scratch | Place::Anywhere => return,
        };
        let device = if kinds::is_harmless_device(&path) {
            return;
        } else if kinds::is_disk(&path) {
            Some("files.wipe")
        } else {
            kinds::is_tape(&path).then_some("files.erase-tape")
        };
        if let Some(rule) = device {
            let reason = "it is a device elsewhere";
            let target = world::far_target("elsewhere", reason, &path.to_string_lossy());
            return self.losses.push(Loss::new(rule, target));
        }
        match self.world.clone() {
            World::Here => {}
            World::Elsewhere {
                place,
                reason,
                host,
            } => {
                let target = world::far_target(&place, &reason, &path.to_string_lossy());
                if let Some(loss) = by_name(&path, over, host, target) {
                    self.losses.push(loss);
                }
            }
            World::Fresh(mounts) => {
                for landing in world::land(&path, &mounts, &self.cwd.clone()) {
                    self.landed_over(&path, landing, over);
                }
            }
        }
    }

    /// Judges what is written through a mount of a fresh container; the rest of its file system goes with it.
    fn landed_over(&mut self, path: &Path, landing: Landing, over: Over) {
        let target = match landing {
            Landing::Inside => return,
            Landing::Host(path) => {
                let world = std::mem::replace(&mut self.world, World::Here);
                let place = Place::At {
                    path,
                    follow: false,
                };
                self.overwrite(&place, over);
                self.world = world;
                return;
            }
            Landing::Volume(name) => world::volume_target(&name),
            Landing::Unknown if !over.emptied => return,
            Landing::Unknown => world::unnamed_target(&path.to_string_lossy()),
        };
        let database = kinds::guarded(path, "") == Some(kinds::Guarded::Database);
        if database || over.emptied {
            self.losses.extend(by_name(path, over, false, target));
        }
    }
}

/// Tells whether nothing is lost at a place by its name: `harmless` counts for what goes with its container, only `again` for a volume that outlives it.
const fn is_spared(landing: &Landing, (harmless, again): (bool, bool)) -> bool {
    match landing {
        Landing::Unknown => harmless,
        // A volume that is mounted below a temporary place is none.
        Landing::Volume(_) => again,
        Landing::Inside | Landing::Host(_) => false,
    }
}

/// Tells whether a pattern in `dir` gives the place of a mount (nothing is left of it then), or reaches into it by its rest.
fn reached<'p>(inside: &Path, dir: &Path, pattern: &'p str) -> Option<Option<&'p str>> {
    let below = inside.strip_prefix(dir).ok()?;
    let mut names = below.components();
    let name = names.next()?.as_os_str().to_string_lossy();
    let (first, rest) = match pattern.split_once('/') {
        Some((first, rest)) if !rest.is_empty() => (first, Some(rest)),
        _ => (pattern.trim_end_matches('/'), None),
    };
    let known = first
        .split(['*', '?', '[', '\\'])
        .next()
        .unwrap_or_default();
    let gives = first == name || known.len() < first.len() && name.starts_with(known);
    // A folder that goes takes every mount below it along.
    let deep = names.next().is_some();
    (gives && !(deep && rest.is_some())).then_some(rest)
}

/// Returns the loss of new content over what a name says; settings of a container's system come from its image.
fn by_name(path: &Path, over: Over, host: bool, target: Target) -> Option<Loss> {
    if is_temporary(path, &[]) {
        return None;
    }
    let (rule, line) = over_by_name(path, over)?;
    let system = matches!(rule, "files.overwrite-system" | "files.overwrite");
    let loss = Loss::new(rule, target);
    (host || !system || over.nulled).then(|| match line {
        Some(line) => loss.line(line),
        None => loss,
    })
}
