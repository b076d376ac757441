//! Folders of the call's own over which something of elsewhere is mounted, or into which it was moved: what goes there goes for good.
//! A mount counts until one is taken down; one that is only read, in memory, or of the call's own making is none.

use crate::classify::Context;
use crate::model::command::Command;
use crate::model::word::Word;

/// Mounts of a call that are looked at.
const MOUNTS_MAX: usize = 64;

/// Programs that mount, beside those whose names say so.
const MOUNTS: [&str; 18] = [
    "mount",
    "systemd-mount",
    "gcsfuse",
    "guestmount",
    "gocryptfs",
    "mergerfs",
    "ntfs-3g",
    "goofys",
    "blobfuse",
    "blobfuse2",
    "mount-s3",
    "unionfs-fuse",
    "vmhgfs-fuse",
    "davfs2",
    "cryfs",
    "bindfs",
    "sshfs",
    "s3fs",
];

/// Programs by which a mount ends.
const ENDS: [&str; 7] = [
    "umount",
    "fusermount",
    "fusermount3",
    "guestunmount",
    "systemd-umount",
    "lvchange",
    "veracrypt",
];

/// Returns the places of the commands of a call that mount something, move something there, or end that.
pub fn places(commands: &[Command]) -> Vec<usize> {
    let told = |one: &Command| one.is_here() && (one.is_any(&ENDS) || mounts(one) || takes(one));
    let all = commands.iter().enumerate();
    let told = all.filter(|(_, one)| told(one)).map(|(place, _)| place);
    told.take(MOUNTS_MAX).collect()
}

/// Tells whether a name lies in a folder in which something of elsewhere stands.
pub fn is_mounted(shown: &str, context: &Context<'_>) -> bool {
    let places = context.aliases.map(|told| told.mounted.as_slice());
    for place in places.unwrap_or_default().iter().rev() {
        let Some(command) = context.earlier.get(*place) else {
            continue;
        };
        if command.is_any(&ENDS) {
            return false;
        }
        if command.args().iter().any(|word| holds(word, shown)) {
            return true;
        }
    }
    false
}

/// A folder whose name is not known, and the name in it.
fn holds(word: &Word, shown: &str) -> bool {
    let folder = word.shown();
    let folder = folder.trim_end_matches('/');
    let folder = folder.strip_prefix("mountpoint=").unwrap_or(folder);
    let rest = shown.strip_prefix(folder);
    word.has_hole() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn mounts(command: &Command) -> bool {
    const OTHERS: [&str; 9] = [
        "mkfs", "xfs", "btrfs", "zfs", "debugfs", "dumpe2fs", "tune2fs", "e2fs", "lsattrfs",
    ];
    let program = command.program().unwrap_or_default();
    let by_name = program.starts_with("mount.")
        || program.ends_with("fs") && program.len() > 4 && !program.starts_with("mk");
    let by_verb = matches!(program.as_str(), "rclone" | "juicefs" | "zfs");
    let named =
        MOUNTS.contains(&program.as_str()) || by_name && !OTHERS.contains(&program.as_str());
    if !named && !by_verb {
        return false;
    }
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let verb = words.first().map(String::as_str);
    if !named
        && !matches!(
            (program.as_str(), verb),
            (_, Some("mount")) | ("zfs", Some("set"))
        )
    {
        return false;
    }
    let only_reads = words.iter().any(|word| {
        word == "-r"
            || word == "--ro"
            || word == "--read-only"
            || word.split(',').any(|part| part == "ro")
    });
    // What has its content from the call itself: memory, images and folders of `mktemp`.
    let is_own = |word: &&Word| {
        let text = word.shown();
        matches!(text.as_str(), "tmpfs" | "ramfs" | "proc" | "sysfs")
    };
    let mut sources = command
        .args()
        .iter()
        .filter(|word| !word.prefix().starts_with('-'));
    let own = sources.by_ref().any(|word| is_own(&word));
    let known = |word: &Word| !word.has_hole() && word.prefix().starts_with('/');
    let outside = command.args().iter().any(known)
        || words
            .iter()
            .any(|word| word.contains("upperdir=/") && !word.contains("upperdir=/tmp"))
        || program != "mount";
    !only_reads && !own && outside
}

/// `rclone move s3:b/x "$d"`: it is nowhere else then.
fn takes(command: &Command) -> bool {
    if !command.is_any(&["rclone", "gsutil", "aws", "gcloud"]) {
        return false;
    }
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let words: Vec<&str> = words.iter().take(3).map(String::as_str).collect();
    matches!(
        (command.program().as_deref(), words.as_slice()),
        (Some("rclone"), ["move" | "moveto", ..])
            | (Some("gsutil"), ["mv", ..] | [_, "mv", ..])
            | (Some("aws"), ["s3", "mv", ..])
            | (Some("gcloud"), ["storage", "mv", ..])
    )
}
