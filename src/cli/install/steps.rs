//! Changes of files as a list that is shown first and then applied, each file at once; a step that fails takes the earlier ones back.
//! Which changes are due is decided by the caller.

use crate::adapters::regular;
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::adapters::replace::replace;

use super::{Change, Trouble, shown};

/// One change of the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file gets another name and stays otherwise what it is, links and mode bits included.
    Rename { from: PathBuf, to: PathBuf },
    /// A script of ours; what had the name goes.
    Script { path: PathBuf, text: String },
    /// The text of a file changes; its mode stays. No `before`: it is new. No `after`: it goes.
    Edit {
        path: PathBuf,
        before: Option<String>,
        after: Option<String>,
    },
    /// A script of ours goes.
    Remove { path: PathBuf },
    /// A folder of ours goes, when nothing is left in it.
    RemoveFolder { path: PathBuf },
}

/// Returns the steps as a person reads them.
pub fn told(steps: &[Step]) -> String {
    steps.iter().map(tell).collect()
}

fn tell(step: &Step) -> String {
    match step {
        Step::Rename { from, to } => format!("{} (renamed to {})\n", from.display(), name(to)),
        Step::Script { path, text } => {
            let before = regular::text(path).ok().filter(|_| !path.is_symlink());
            let change = Change {
                file: path.clone(),
                before: before.filter(|text| crate::plan::hooks::is_ours(text)),
                after: Some(text.clone()),
            };
            shown(&change)
        }
        Step::Edit {
            path,
            before,
            after,
        } => shown(&Change {
            file: path.clone(),
            before: before.clone(),
            after: after.clone(),
        }),
        Step::Remove { path } => format!("{} (removed)\n", path.display()),
        Step::RemoveFolder { path } => format!("{} (removed when it is empty)\n", path.display()),
    }
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// What was there before a step.
enum Undo {
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Content {
        path: PathBuf,
        bytes: Option<Vec<u8>>,
        mode: u32,
    },
}

/// Applies all steps, or none.
///
/// # Errors
/// Names the step that failed; the earlier ones were taken back.
pub fn apply(steps: &[Step]) -> Result<(), Trouble> {
    let mut done: Vec<Undo> = Vec::new();
    for step in steps {
        let undo = undo_of(step);
        if let Err(error) = run(step) {
            for undo in done.into_iter().rev() {
                take_back(undo);
            }
            let what = format!("`{}` cannot be changed: {error}", path(step).display());
            return Err((
                what,
                "what was changed before was taken back; make the folder writable, then try again"
                    .to_owned(),
            ));
        }
        done.extend(undo);
    }
    Ok(())
}

fn path(step: &Step) -> &Path {
    match step {
        Step::Rename { from: path, .. }
        | Step::Script { path, .. }
        | Step::Edit { path, .. }
        | Step::Remove { path }
        | Step::RemoveFolder { path } => path,
    }
}

fn run(step: &Step) -> io::Result<()> {
    match step {
        Step::Rename { from, to } => std::fs::rename(from, to),
        Step::Script { path, text } => script(path, text),
        Step::Edit {
            path,
            after: Some(after),
            ..
        } => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            replace(path, after.as_bytes(), 0o644)
        }
        Step::Edit {
            path, after: None, ..
        }
        | Step::Remove { path } => std::fs::remove_file(path),
        Step::RemoveFolder { path } => match std::fs::remove_dir(path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
                ) =>
            {
                Ok(())
            }
            other => other,
        },
    }
}

/// Writes a script under its name at once; a link of that name is replaced, not followed.
fn script(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".{}.{}.tmp", name(path), std::process::id()));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o755)
        .open(&temporary)
        .and_then(|mut file| {
            file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    std::fs::File::open(folder)?.sync_all()
}

fn undo_of(step: &Step) -> Option<Undo> {
    match step {
        Step::Rename { from, to } => Some(Undo::Renamed {
            from: from.clone(),
            to: to.clone(),
        }),
        Step::Script { path, .. } | Step::Edit { path, .. } | Step::Remove { path } => {
            Some(Undo::Content {
                path: path.clone(),
                bytes: regular::read(path).ok(),
                mode: path.metadata().map_or(0o644, |old| old.mode() & 0o7777),
            })
        }
        Step::RemoveFolder { .. } => None,
    }
}

fn take_back(undo: Undo) {
    match undo {
        Undo::Renamed { from, to } => {
            let _ = std::fs::rename(to, from);
        }
        Undo::Content {
            path, bytes: None, ..
        } => {
            let _ = std::fs::remove_file(path);
        }
        Undo::Content {
            path,
            bytes: Some(bytes),
            mode,
        } => {
            let _ = replace(&path, &bytes, mode);
        }
    }
}
