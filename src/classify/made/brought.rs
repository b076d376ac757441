//! What may bring something that was there before into a folder that the call has made, or make the folder a way to somewhere else.
//! Copies are none of this: what they were made of stays where it is.

use std::path::{Path, PathBuf};

use crate::classify::git::Invocation;
use crate::model::command::{Command, Cwd, Stdin};
use crate::model::word::Word;

use super::things::path_of;

/// Programs that move, link or mount whatever they are told.
const BRING: [&str; 33] = [
    "mv",
    "gmv",
    "ln",
    "gln",
    "rsync",
    "link",
    "symlink",
    "mklink",
    "rename",
    "prename",
    "file-rename",
    "perl-rename",
    "mmv",
    "qmv",
    "imv",
    "zmv",
    "vidir",
    "unison",
    "robocopy",
    "move-item",
    "rename-item",
    "bindfs",
    "sshfs",
    "s3fs",
    "goofys",
    "gcsfuse",
    "encfs",
    "gocryptfs",
    "cryfs",
    "curlftpfs",
    "unionfs",
    "mergerfs",
    "ntfs-3g",
];
/// Those that only give another name: among names of the folder itself nothing comes in.
const MOVERS: [&str; 8] = [
    "mv",
    "gmv",
    "git",
    "rename",
    "prename",
    "file-rename",
    "perl-rename",
    "mmv",
];
/// Subcommands by which other programs do so: `rclone move`, `svn mv`, `gio move`.
const VERBS: [&str; 8] = [
    "mv", "move", "moveto", "rename", "ren", "mount", "bisync", "nfsmount",
];
/// Programs with such words among their own that only say them.
const SAY: [&str; 14] = [
    "echo", "printf", "grep", "egrep", "fgrep", "rg", "git", "man", "which", "type", "cat", "ls",
    "test", "[",
];
/// Interpreters: what they do stands in a text.
const INTERPRETERS: [&str; 22] = [
    "python",
    "pypy",
    "node",
    "nodejs",
    "bun",
    "deno",
    "tsx",
    "ts-node",
    "perl",
    "ruby",
    "jruby",
    "irb",
    "php",
    "lua",
    "luajit",
    "tclsh",
    "rscript",
    "osascript",
    "pwsh",
    "powershell",
    "elixir",
    "groovy",
];
/// Words of a program text that move, link or mount.
const MOVES: [&str; 24] = [
    "mv",
    "move",
    "movesync",
    "move_into",
    "rename",
    "renames",
    "renamesync",
    "rename_file",
    "file_rename",
    "symlink",
    "symlinksync",
    "symlink_to",
    "hardlink_to",
    "link_to",
    "linksync",
    "ln",
    "ln_s",
    "ln_sf",
    "make_symlink",
    "mount",
    "sshfs",
    "rclone",
    "rsync",
    "movefile",
];
/// Names of a module or class under which `replace` and `link` are about files.
const OF_FILES: [&str; 5] = ["os", "fs", "path", "file", "fileutils"];

/// Tells whether a command may move, link or mount anything at all.
pub(super) fn brings(command: &Command) -> bool {
    let program = command.program().unwrap_or_default().to_lowercase();
    if is_mount(&program) || BRING.contains(&program.as_str()) || runs_moves(command, &program) {
        return true;
    }
    if let Some(git) = Invocation::read(command) {
        let first = git.args.first().and_then(Word::text);
        let moved = git.subcommand == "worktree" && first.as_deref() == Some("move");
        return git.subcommand == "mv" || moved;
    }
    let mut verbs = command.args().iter().take(4).filter_map(Word::text);
    !SAY.contains(&program.as_str()) && verbs.any(|word| VERBS.contains(&word.as_str()))
}

/// `mount`, `mount.nfs`, `mount_smbfs`, `guestmount`, `systemd-mount`; what ends a mount or lists them is none.
fn is_mount(program: &str) -> bool {
    let ends = [
        "umount",
        "unmount",
        "fusermount",
        "findmnt",
        "mountpoint",
        "lsmount",
    ];
    program.contains("mount") && !ends.iter().any(|end| program.contains(end))
}

/// Tells whether a command may bring something into this folder.
pub(super) fn into(command: &Command, folder: &Path) -> bool {
    if !brings(command) {
        return false;
    }
    let inside = matches!(&command.cwd, Cwd::Known(cwd) if cwd.starts_with(folder));
    let program = command.program().unwrap_or_default().to_lowercase();
    let name = folder.file_name().and_then(|name| name.to_str());
    let says = |text: &str| name.is_none_or(|name| text.contains(name));
    if !BRING.contains(&program.as_str()) && runs_moves(command, &program) {
        return inside
            || texts(command).iter().any(|text| says(text))
            || command.args().iter().any(|word| says(&word.prefix()));
    }
    let within = |word: &Word| place(word, command).is_none_or(|path| path.starts_with(folder));
    let (options, operands): (Vec<&Word>, Vec<&Word>) =
        (command.args().iter()).partition(|word| word.prefix().starts_with('-'));
    // `--target-directory=sub`, `-tsub`.
    let valued = options.iter().any(|word| {
        let text = word.prefix();
        let value = text.split_once('=').map(|(_, value)| value);
        let value = value.or_else(|| text.get(2..).filter(|value| !value.is_empty()));
        value.is_some_and(|value| within(&Word::literal(value, word.origin.clone())))
    });
    let stays = |word: &&Word| place(word, command).is_some_and(|path| path.starts_with(folder));
    if MOVERS.contains(&program.as_str()) && !valued && operands.iter().all(stays) {
        return false;
    }
    let pattern = |word: &Word| word.prefix().contains('/') && says(&word.prefix());
    valued || operands.iter().any(|word| within(word) || pattern(word))
}

/// Returns where a word leads; of a pattern the folder whose names it takes.
fn place(word: &Word, command: &Command) -> Option<PathBuf> {
    if !word.has_glob() || word.has_hole() {
        return path_of(word, command);
    }
    let text = word.prefix();
    if word.shown().contains("..") {
        return None;
    }
    let folder = text.rsplit_once('/').map_or("./", |(folder, _)| folder);
    path_of(
        &Word::literal(format!("{folder}/"), word.origin.clone()),
        command,
    )
}

/// Tells whether the text that an interpreter is given moves, links or mounts something.
fn runs_moves(command: &Command, program: &str) -> bool {
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&plain) && texts(command).iter().any(|text| moves(text))
}

/// Returns the texts that an interpreter is given.
fn texts(command: &Command) -> Vec<String> {
    let script = command.script.iter().map(Word::prefix);
    let fed = match &command.stdin {
        Stdin::Text(text) => Some(text.shown()),
        _ => None,
    };
    let args = command.args().iter().map(Word::shown);
    script.chain(fed).chain(args).collect()
}

fn moves(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut before = String::new();
    text.split(|c| !is_name(c)).any(|word| {
        let word = word.to_ascii_lowercase();
        let of_files = matches!(word.as_str(), "replace" | "link" | "mv_f")
            && (OF_FILES.contains(&before.as_str()) || text.contains("Path("));
        let found = of_files || MOVES.contains(&word.as_str());
        if !word.is_empty() {
            before = word;
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_moves_is_told_from_one_that_does_not() {
        for text in [
            "import shutil;shutil.move('data','sub/data')",
            "rename 'data', 'sub/data'",
            "require('fs').renameSync('data','sub/data')",
            "os.replace('data', 'sub/data')",
            "Path('data').replace('sub/data')",
            "FileUtils.mv 'data', 'sub'",
            "subprocess.run(['mv','data','sub'])",
            "os.link('a', 'sub/a')",
        ] {
            assert!(moves(text), "{text}");
        }
        for text in [
            "print('sub'.replace('s','t'))",
            "open('sub/x','w').write('removed')",
            "shutil.copytree('data','sub')",
            "json.load(open('links.json'))",
        ] {
            assert!(!moves(text), "{text}");
        }
    }

    #[test]
    fn what_ends_a_mount_is_none() {
        assert!(is_mount("mount.nfs") && is_mount("guestmount"));
        assert!(!is_mount("umount") && !is_mount("fusermount") && !is_mount("mountpoint"));
    }
}
