//! Losses on another machine or in a container: what stands there is judged by its name alone.
//! Nothing here asks the world; there is nobody to ask.

use super::*;

impl Judge<'_, '_> {
    pub(super) fn far_removal(&mut self, place: &Place, how: How, shown: &str) {
        let path = match place {
            Place::At { path, .. } => lexical(path),
            Place::Glob { dir, pattern } => lexical(&dir.join(pattern)),
            Place::Below { dir, .. } => lexical(dir),
            Place::Loose(text) => PathBuf::from(text),
            Place::Scratch => return,
            Place::Anywhere => PathBuf::from(shown),
        };
        let names = self.context.regenerable;
        let harmless = is_temporary(&path, &[])
            || kinds::is_package_cache(&path, None)
            || kinds::regenerable(&path, Path::new("/"), names).is_some();
        match self.world.clone() {
            World::Here => {}
            World::Elsewhere { place, reason } => {
                if !harmless {
                    let target = world::far_target(&place, &reason, &path.to_string_lossy());
                    self.losses.push(Loss::new(far_rule(&path, how), target));
                }
            }
            World::Fresh(mounts) => {
                for landing in world::land(&path, &mounts, &self.cwd.clone()) {
                    self.landed(landing, how, shown);
                }
            }
        }
    }

    pub(super) fn far_overwrite(&mut self, path: &Path, over: Over) {
        if kinds::is_disk(path) {
            let target = world::far_target(
                "elsewhere",
                "it is a device elsewhere",
                &path.to_string_lossy(),
            );
            return self.losses.push(Loss::new("files.wipe", target));
        }
        if is_temporary(path, &[]) || !over.emptied {
            return;
        }
        if let World::Elsewhere { place, reason } = &self.world
            && kinds::guarded(path, "").is_some()
        {
            let target = world::far_target(place, reason, &path.to_string_lossy());
            self.losses
                .push(Loss::new("files.overwrite-guarded", target));
        }
    }
}
