//! Whose file system a command sees: this machine's, a container's, another machine's.
//! It only reads the wrappers; it asks nothing.

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::model::command::{Command, Passage};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::{Hole, Part, Word};

/// A part of this machine, or a volume, that a fresh container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Nothing when the word cannot be read.
    pub source: Option<String>,
    pub inside: PathBuf,
}

/// The file system that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum World {
    Here,
    /// A new container: only what is mounted outlives it.
    Fresh(Vec<Mount>),
    /// Somewhere that is not asked; `place` begins the locator, `reason` says why it cannot be reached.
    Elsewhere {
        place: String,
        reason: String,
        /// A machine of its own; the system of a container comes from its image.
        host: bool,
    },
}

/// Returns the file system that a command works on.
pub fn of(command: &Command) -> World {
    let mut world = World::Here;
    for wrapper in &command.via {
        world = match (&wrapper.passage, world) {
            (Passage::Plain | Passage::User { .. }, world) => world,
            (Passage::Fresh { mounts, .. }, World::Here) => {
                World::Fresh(mounts.iter().map(mount).collect())
            }
            (Passage::Container { engine, name, .. }, _) => World::Elsewhere {
                place: format!("{engine}:{}", name.shown()),
                reason: format!("the file system of container `{}`", name.shown()),
                host: false,
            },
            (Passage::Service { service, .. }, _) => World::Elsewhere {
                place: format!("compose:{}", service.shown()),
                reason: format!("the file system of service `{}`", service.shown()),
                host: false,
            },
            (Passage::Remote { host }, _) => World::Elsewhere {
                place: host.shown(),
                reason: format!("it lives on `{}`", host.shown()),
                host: true,
            },
            (Passage::Root, _) => World::Elsewhere {
                place: wrapper.name.clone(),
                reason: "it lies under another root directory".to_owned(),
                host: true,
            },
            (Passage::Fresh { .. }, World::Fresh(_) | World::Elsewhere { .. }) => {
                World::Elsewhere {
                    place: wrapper.name.clone(),
                    reason: "it lies in a container on another machine".to_owned(),
                    host: false,
                }
            }
        };
    }
    world
}

fn mount(word: &Word) -> Mount {
    let shown = word.text();
    let Some(text) = shown.or_else(|| temporary_mount(word)) else {
        // A mount that cannot be read may be anything, anywhere.
        return Mount {
            source: None,
            inside: PathBuf::from("/"),
        };
    };
    let mut parts = text.split(':');
    let flags = text.splitn(3, ':').nth(2).unwrap_or_default();
    if flags
        .split([',', ':'])
        .any(|flag| matches!(flag, "ro" | "readonly"))
    {
        // Nothing that lies there can be changed: as if it were the container's own.
        return Mount {
            source: None,
            inside: PathBuf::new(),
        };
    }
    let first = parts.next().unwrap_or_default().to_owned();
    match parts.next() {
        Some(inside) => Mount {
            source: Some(first),
            inside: PathBuf::from(inside),
        },
        None => Mount {
            source: None,
            inside: PathBuf::from(first),
        },
    }
}

/// `-v "$(mktemp -d)":/w`: the random part stands for itself.
fn temporary_mount(word: &Word) -> Option<String> {
    let prefix = word.prefix();
    let below = super::rules::is_temporary(Path::new(&prefix), &[]);
    let named = word
        .pieces
        .iter()
        .all(|piece| matches!(piece.part, Part::Literal(_) | Part::Hole(Hole::Name)));
    (below && named).then(|| {
        let part = |piece: &crate::model::word::Piece| match &piece.part {
            Part::Literal(text) | Part::Glob(text) => text.clone(),
            Part::Hole(_) => "x".to_owned(),
        };
        word.pieces.iter().map(part).collect()
    })
}

/// Where a path inside a fresh container really lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing {
    /// It goes with the container.
    Inside,
    /// A path of this machine.
    Host(PathBuf),
    /// A named volume.
    Volume(String),
    Unknown,
}

/// Finds where a path inside a fresh container lands.
pub fn land(path: &Path, mounts: &[Mount], cwd: &Path) -> Vec<Landing> {
    let mut all = Vec::new();
    for mount in mounts.iter().filter(|mount| mount.inside.is_absolute()) {
        let inside = &mount.inside;
        let rest = if path.starts_with(inside) {
            path.strip_prefix(inside)
                .unwrap_or(Path::new(""))
                .to_path_buf()
        } else if inside.starts_with(path) {
            PathBuf::new()
        } else {
            continue;
        };
        let Some(source) = &mount.source else {
            all.push(Landing::Unknown);
            continue;
        };
        let named = !source.starts_with(['/', '.', '~']) && !source.contains('/');
        if source.starts_with("volumes of ") && never_borrowed(path) {
            continue;
        }
        if named {
            all.push(Landing::Volume(source.clone()));
        } else {
            let base = cwd.join(source);
            all.push(Landing::Host(if rest.as_os_str().is_empty() {
                base
            } else {
                base.join(rest)
            }));
        }
    }
    if all.is_empty() {
        all.push(Landing::Inside);
    }
    all
}

/// Tells whether a path is none where images put volumes: caches and temporary places.
fn never_borrowed(path: &Path) -> bool {
    [
        "/tmp",
        "/var/tmp",
        "/var/cache",
        "/var/lib/apt",
        "/root/.cache",
        "/run",
    ]
    .iter()
    .any(|place| path.starts_with(place))
}

/// Returns the target for a path of this machine.
pub fn path_target(path: &Path) -> Target {
    Target {
        kind: TargetKind::Path,
        locator: path.to_string_lossy().into_owned(),
        object: None,
        reach: Reach::Path(path.to_path_buf()),
    }
}

/// Returns the target for a file of this machine; a SQLite database is copied by SQLite itself.
pub fn file_target(path: &Path, database: bool) -> Target {
    let target = path_target(path);
    let reach = match database {
        true => Reach::Sqlite(path.to_path_buf()),
        false => target.reach,
    };
    Target { reach, ..target }
}

/// Returns the target for a path somewhere that is not asked.
pub fn far_target(place: &str, reason: &str, path: &str) -> Target {
    Target {
        kind: TargetKind::Path,
        locator: format!("{place}:{path}"),
        object: None,
        reach: Reach::Unreachable(reason.to_owned()),
    }
}

/// Returns the target for a named volume.
pub fn volume_target(name: &str) -> Target {
    Target {
        kind: TargetKind::DockerVolume,
        locator: name.to_owned(),
        object: None,
        reach: Reach::NoDriver,
    }
}

/// Returns a target that cannot be named.
pub fn unnamed_target(shown: &str) -> Target {
    Target {
        kind: TargetKind::Unknown,
        locator: shown.to_owned(),
        object: None,
        reach: Reach::Unreachable("what the words stand for is not known".to_owned()),
    }
}
/// Tells whether an earlier command of the same call moves or links something to this path.
pub fn comes_from_elsewhere(path: &Path, context: &Context<'_>) -> bool {
    context.earlier.iter().any(|command| {
        if !command.is_any(&["mv", "ln", "rename"]) {
            return false;
        }
        let last = command.args().last();
        let Some(text) = last.and_then(Word::text) else {
            return false;
        };
        let base = match &command.cwd {
            crate::model::command::Cwd::Known(dir) => dir.join(&text),
            _ => PathBuf::from(&text),
        };
        path.starts_with(super::place::lexical(&base))
    })
}
