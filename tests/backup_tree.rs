//! Trees of files: backed up, cut, flipped, lost, restored, by backstop and by hand.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use backstop::backup::control::Control;
use backstop::backup::engine::Order;
use backstop::backup::pipeline::Codec;
use backstop::backup::{BackupError, catalog, make, restore, verify};
use backstop::model::backup::{BackupType, Entry, Level, Manifest};
use backstop::model::target::{Reach, Target, TargetKind};
use backstop::plan::restore::Wish;

fn target(path: &Path) -> Target {
    Target {
        kind: TargetKind::Path,
        locator: path.to_string_lossy().into_owned(),
        object: None,
        reach: Reach::Path(path.to_path_buf()),
    }
}

fn order(path: &Path, backups: &Path) -> Order {
    Order::new(target(path), BackupType::Guard, backups.to_path_buf())
}

fn back_up(path: &Path, backups: &Path) -> Manifest {
    make::run(&order(path, backups)).unwrap()
}

fn entry(backups: &Path, manifest: &Manifest) -> Entry {
    catalog::load(backups, &manifest.id).unwrap()
}

#[derive(Debug, PartialEq, Eq)]
struct Look {
    mode: u32,
    owner: (u32, u32),
    size: u64,
    mtime: (i64, i64),
    links: u64,
    device: u64,
    content: Vec<u8>,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

fn looks(root: &Path) -> BTreeMap<PathBuf, Look> {
    let mut found = BTreeMap::new();
    let mut paths = vec![root.to_path_buf()];
    while let Some(path) = paths.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let kind = meta.file_type();
        let content = if kind.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_vec()
        } else if kind.is_file() {
            fs::read(&path).unwrap_or_else(|_| b"unreadable".to_vec())
        } else {
            Vec::new()
        };
        let mut xattrs = BTreeMap::new();
        if !kind.is_symlink() {
            for name in xattr::list(&path).into_iter().flatten() {
                let value = xattr::get(&path, &name).unwrap().unwrap_or_default();
                xattrs.insert(name.into_vec(), value);
            }
        }
        if kind.is_dir() {
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let look = Look {
            mode: meta.mode(),
            owner: (meta.uid(), meta.gid()),
            size: if kind.is_dir() { 0 } else { meta.len() },
            mtime: (meta.mtime(), meta.mtime_nsec()),
            links: if kind.is_dir() { 0 } else { meta.nlink() },
            device: meta.rdev(),
            content,
            xattrs,
        };
        found.insert(path.strip_prefix(root).unwrap().to_path_buf(), look);
    }
    found
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn touch(path: &Path, seconds: i64, nanos: i64) {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanos,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

/// A tree with everything that is odd.
fn odd_tree(root: &Path) {
    fs::create_dir_all(root.join("empty")).unwrap();
    fs::create_dir_all(root.join("deep/er/est")).unwrap();
    fs::write(root.join("zero"), "").unwrap();
    fs::write(root.join("plain"), "hello").unwrap();
    fs::write(root.join("new\nline"), "n").unwrap();
    fs::write(root.join(OsStr::from_bytes(b"bytes\xff\xfe")), "b").unwrap();
    fs::write(root.join("-rf"), "d").unwrap();
    fs::write(root.join("x".repeat(250)), "long").unwrap();
    fs::write(root.join("deep/er/est").join("y".repeat(200)), "long").unwrap();
    fs::write(root.join("big"), vec![7; 700_000]).unwrap();
    fs::write(root.join("setuid"), "s").unwrap();
    symlink("plain", root.join("link")).unwrap();
    symlink("/nowhere/at/all", root.join("dangling")).unwrap();
    symlink("z".repeat(300), root.join("longlink")).unwrap();
    fs::hard_link(root.join("plain"), root.join("deep/hard")).unwrap();
    let sparse = fs::File::create(root.join("sparse")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"middle", 5 << 20).unwrap();
    sparse.set_len(20 << 20).unwrap();
    let holes = fs::File::create(root.join("only-a-hole")).unwrap();
    holes.set_len(3 << 20).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("fifo"), rustix::fs::Mode::RUSR).unwrap();
    let _ = xattr::set(root.join("plain"), "user.note", b"a\nb=\0c");
    let _ = xattr::set(root.join("deep"), "user.on-a-folder", b"f");
    if is_root() {
        std::os::unix::fs::chown(root.join("setuid"), Some(1234), Some(3_000_000)).unwrap();
        fs::write(root.join("none"), "none").unwrap();
        mode(&root.join("none"), 0o000);
    }
    mode(&root.join("setuid"), 0o4755);
    mode(&root.join("empty"), 0o1777);
    touch(&root.join("plain"), 1_000_000_000, 123_456_789);
    touch(&root.join("dangling"), -5, 1);
    touch(&root.join("deep/er"), 7, 0);
    touch(&root.join("empty"), 1_500_000_000, 999_999_999);
    mode(&root.join("deep/er"), 0o500);
    touch(root, 1_600_000_000, 1);
}

struct Scene {
    _dir: tempfile::TempDir,
    tree: PathBuf,
    backups: PathBuf,
}

fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    Scene {
        tree: dir.path().join("the data"),
        backups: dir.path().join("backups"),
        _dir: dir,
    }
}

fn bring_back(scene: &Scene, entry: &Entry, wish: &Wish) -> backstop::plan::restore::Restored {
    restore::run(entry, wish, &scene.backups, &Control::default()).unwrap()
}

fn lose(tree: &Path) {
    assert!(
        Command::new("chmod")
            .args(["-R", "u+rwx"])
            .arg(tree)
            .status()
            .unwrap()
            .success()
    );
    assert!(
        Command::new("rm")
            .arg("-rf")
            .arg(tree)
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn everything_odd_comes_back_as_it_was() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    odd_tree(&scene.tree);
    let before = looks(&scene.tree);
    let manifest = back_up(&scene.tree, &scene.backups);
    assert_eq!(manifest.verification.level, Level::Readable);
    assert!(manifest.warnings.is_empty(), "{:?}", manifest.warnings);
    assert_eq!(manifest.artefacts[0].contents_total, before.len() as u64);
    lose(&scene.tree);
    bring_back(&scene, &entry(&scene.backups, &manifest), &Wish::default());
    assert_eq!(looks(&scene.tree), before);
    let sparse = fs::metadata(scene.tree.join("sparse")).unwrap();
    assert!(sparse.blocks() * 512 < 1 << 20, "holes stay holes");
}

#[test]
fn the_command_by_hand_brings_it_back_too() {
    for codec in [Codec::ZSTD, Codec::GZIP, Codec::Plain] {
        let scene = scene();
        fs::create_dir_all(&scene.tree).unwrap();
        odd_tree(&scene.tree);
        let before = looks(&scene.tree);
        let manifest = make::run(&Order {
            codec,
            ..order(&scene.tree, &scene.backups)
        })
        .unwrap();
        lose(&scene.tree);
        let by_hand = Command::new("bash")
            .args(["-o", "pipefail", "-c", &manifest.recovery[0]])
            .output()
            .unwrap();
        assert!(by_hand.status.success(), "{by_hand:?}");
        assert_eq!(looks(&scene.tree), before, "{}", manifest.recovery[0]);
    }
}

#[test]
fn a_single_file_and_a_single_link_come_back() {
    let scene = scene();
    fs::write(&scene.tree, "one file").unwrap();
    mode(&scene.tree, 0o640);
    let before = looks(&scene.tree);
    let manifest = back_up(&scene.tree, &scene.backups);
    fs::remove_file(&scene.tree).unwrap();
    bring_back(&scene, &entry(&scene.backups, &manifest), &Wish::default());
    assert_eq!(looks(&scene.tree), before);
    fs::remove_file(&scene.tree).unwrap();
    symlink("elsewhere", &scene.tree).unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    fs::remove_file(&scene.tree).unwrap();
    bring_back(&scene, &entry(&scene.backups, &manifest), &Wish::default());
    assert_eq!(fs::read_link(&scene.tree).unwrap(), Path::new("elsewhere"));
}

#[test]
fn ten_thousand_files_come_back_into_missing_parents() {
    let scene = scene();
    let tree = scene.tree.join("a/b/tree");
    for folder in 0..100 {
        let folder = tree.join(format!("f{folder}"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..100 {
            fs::write(folder.join(format!("{file}")), format!("{file}")).unwrap();
        }
    }
    let before = looks(&tree);
    let manifest = back_up(&tree, &scene.backups);
    assert_eq!(manifest.artefacts[0].contents_total, 10_101);
    assert!(manifest.artefacts[0].contents.len() < 10_101);
    lose(&scene.tree);
    bring_back(&scene, &entry(&scene.backups, &manifest), &Wish::default());
    assert_eq!(looks(&tree), before);
}

fn refuses(backups: &Path, manifest: &Manifest) -> bool {
    verify::run(
        &entry(backups, manifest),
        Level::Readable,
        &Control::default(),
    )
    .is_err()
}

#[test]
fn an_archive_cut_or_flipped_at_any_byte_is_no_evidence() {
    let scene = scene();
    fs::create_dir_all(scene.tree.join("sub")).unwrap();
    fs::write(scene.tree.join("sub/file"), "some words").unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    let artefact = scene
        .backups
        .join(&manifest.id)
        .join(&manifest.artefacts[0].path);
    let whole = fs::read(&artefact).unwrap();
    for at in 0..whole.len() {
        fs::write(&artefact, &whole[..at]).unwrap();
        assert!(refuses(&scene.backups, &manifest), "cut at {at}");
        let found = catalog::newest_for(&scene.backups, &manifest.target).unwrap();
        assert!(found.is_empty(), "a cut artefact is not even looked up");
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&artefact, &flipped).unwrap();
        assert!(refuses(&scene.backups, &manifest), "flipped at {at}");
        let entry = entry(&scene.backups, &manifest);
        assert!(
            catalog::intact(&entry, &Control::default()).is_err(),
            "flipped at {at}"
        );
    }
    fs::write(&artefact, &whole).unwrap();
    assert!(!refuses(&scene.backups, &manifest));
}

#[test]
fn samples_of_a_large_archive_are_refused_too() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    let noise: Vec<u8> = (0..3_000_000_u64)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    fs::write(scene.tree.join("noise"), noise).unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    let artefact = scene
        .backups
        .join(&manifest.id)
        .join(&manifest.artefacts[0].path);
    let whole = fs::read(&artefact).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 20) {
        fs::write(&artefact, &whole[..at]).unwrap();
        assert!(refuses(&scene.backups, &manifest), "cut at {at}");
        let mut flipped = whole.clone();
        flipped[at] ^= 64;
        fs::write(&artefact, &flipped).unwrap();
        assert!(refuses(&scene.backups, &manifest), "flipped at {at}");
    }
}

#[test]
fn a_change_of_any_file_shows_in_the_marks() {
    let scene = scene();
    fs::create_dir_all(scene.tree.join("sub")).unwrap();
    fs::write(scene.tree.join("sub/file"), "1").unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    let marks = || make::marks_now(&manifest.reach, &Control::default()).unwrap();
    assert_eq!(marks(), manifest.marks);
    fs::read(scene.tree.join("sub/file")).unwrap();
    assert_eq!(marks(), manifest.marks, "reading changes nothing");
    fs::write(scene.tree.join("sub/file"), "2").unwrap();
    assert_ne!(marks(), manifest.marks);
}

#[test]
fn a_restore_over_a_living_tree_saves_it_first() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    fs::write(scene.tree.join("old"), "old").unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    fs::remove_file(scene.tree.join("old")).unwrap();
    fs::write(scene.tree.join("new"), "new").unwrap();
    let restored = bring_back(&scene, &entry(&scene.backups, &manifest), &Wish::default());
    assert_eq!(fs::read_to_string(scene.tree.join("old")).unwrap(), "old");
    assert!(!scene.tree.join("new").exists());
    let saved = catalog::load(&scene.backups, &restored.saved.unwrap()).unwrap();
    bring_back(&scene, &saved, &Wish::default());
    assert_eq!(fs::read_to_string(scene.tree.join("new")).unwrap(), "new");
    assert!(!scene.tree.join("old").exists());
}

#[test]
fn an_undo_puts_back_what_is_missing_or_differs_and_leaves_what_is_new() {
    let scene = scene();
    fs::create_dir_all(scene.tree.join("sub")).unwrap();
    for name in ["sub/lost", "sub/changed", "sub/same"] {
        fs::write(scene.tree.join(name), "then").unwrap();
    }
    let manifest = back_up(&scene.tree, &scene.backups);
    fs::remove_file(scene.tree.join("sub/lost")).unwrap();
    fs::write(scene.tree.join("sub/changed"), "now").unwrap();
    fs::write(scene.tree.join("sub/new"), "now").unwrap();
    let wish = Wish {
        missing_only: true,
        ..Wish::default()
    };
    let restored = bring_back(&scene, &entry(&scene.backups, &manifest), &wish);
    for (name, text) in [
        ("lost", "then"),
        ("changed", "then"),
        ("same", "then"),
        ("new", "now"),
    ] {
        let file = scene.tree.join("sub").join(name);
        assert_eq!(fs::read_to_string(file).unwrap(), text, "{name}");
    }
    assert!(restored.saved.is_some());
    assert_eq!(restored.notes.len(), 1, "{:?}", restored.notes);
}

#[test]
fn parts_go_to_another_folder_and_nothing_is_written_over() {
    let scene = scene();
    fs::create_dir_all(scene.tree.join("a")).unwrap();
    fs::create_dir_all(scene.tree.join("b")).unwrap();
    fs::write(scene.tree.join("a/x"), "x").unwrap();
    fs::write(scene.tree.join("b/y"), "y").unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    let to = scene.backups.join("elsewhere");
    let wish = Wish {
        only: vec!["a".into()],
        to: Some(to.to_string_lossy().into_owned()),
        ..Wish::default()
    };
    let entry = entry(&scene.backups, &manifest);
    bring_back(&scene, &entry, &wish);
    assert_eq!(fs::read_to_string(to.join("the data/a/x")).unwrap(), "x");
    assert!(!to.join("the data/b").exists());
    let again = restore::run(&entry, &wish, &scene.backups, &Control::default());
    assert!(matches!(again, Err(BackupError::Taken(_))), "{again:?}");
}

#[test]
fn a_dry_run_says_the_plan_and_changes_nothing() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    fs::write(scene.tree.join("f"), "1").unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    fs::write(scene.tree.join("f"), "2").unwrap();
    let entry = entry(&scene.backups, &manifest);
    let plan = restore::plan(&entry, &Wish::default(), &Control::default()).unwrap();
    assert_eq!(plan.steps.len(), 2, "{plan:?}");
    assert_eq!(fs::read_to_string(scene.tree.join("f")).unwrap(), "2");
    assert_eq!(catalog::list(&scene.backups).unwrap().entries.len(), 1);
}

#[test]
fn what_is_not_there_and_what_holds_the_backups_cannot_be_backed_up() {
    let scene = scene();
    let missing = make::run(&order(&scene.tree, &scene.backups)).unwrap_err();
    assert!(matches!(missing, BackupError::NotFound(_)), "{missing}");
    fs::create_dir_all(&scene.tree).unwrap();
    let inside = make::run(&order(&scene.tree, &scene.tree.join("backups"))).unwrap_err();
    assert!(matches!(inside, BackupError::Unreachable(_)), "{inside}");
    assert!(catalog::list(&scene.backups).unwrap().entries.is_empty());
}

#[test]
fn a_tree_larger_than_the_limit_is_refused_before_anything_is_written() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    fs::write(scene.tree.join("f"), vec![1; 100_000]).unwrap();
    let mut order = order(&scene.tree, &scene.backups);
    order.control.max_bytes = 50_000;
    let error = make::run(&order).unwrap_err();
    assert!(matches!(error, BackupError::Limit(_)), "{error}");
    let shelf = catalog::list(&scene.backups).unwrap();
    assert!(shelf.entries.is_empty() && shelf.aside.is_empty());
}

#[test]
fn sockets_are_left_out_and_named() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(scene.tree.join("sock")).unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    assert!(
        manifest.warnings[0].contains("socket"),
        "{:?}",
        manifest.warnings
    );
}

#[test]
fn two_runs_for_one_target_share_one_backup() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    fs::write(scene.tree.join("f"), vec![1; 3_000_000]).unwrap();
    // One that asks after another has ended gets one of its own.
    let start = std::sync::Barrier::new(4);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    back_up(&scene.tree, &scene.backups).id
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let made = catalog::list(&scene.backups).unwrap().entries.len();
    assert_eq!(made, 1, "{ids:?}");
}

#[test]
fn a_backup_that_begins_while_others_tidy_up_is_never_set_aside() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    fs::write(scene.tree.join("f"), "1").unwrap();
    fs::create_dir_all(&scene.backups).unwrap();
    let ended = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !ended.load(relaxed) {
                    catalog::set_aside(&scene.backups).unwrap();
                    catalog::list(&scene.backups).unwrap();
                }
            });
        }
        let begun = (0..3_000).try_for_each(|round| {
            let id = format!("guard-backup-20260101-000000-{round}");
            let held =
                catalog::Held::begin(&scene.backups, &id).map_err(|error| error.to_string())?;
            fs::write(held.path.join("f"), "1").map_err(|error| error.to_string())?;
            fs::remove_dir_all(&held.path).map_err(|error| error.to_string())
        });
        ended.store(true, relaxed);
        assert_eq!(begun, Ok(()));
    });
    let shelf = catalog::list(&scene.backups).unwrap();
    assert!(shelf.aside.is_empty(), "{:?}", shelf.aside);
}

#[test]
fn a_rehearsal_restores_and_leaves_nothing_behind() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    odd_tree(&scene.tree);
    let manifest = back_up(&scene.tree, &scene.backups);
    let count = || {
        fs::read_dir(scene.backups.join(&manifest.id))
            .unwrap()
            .count()
    };
    let before = count();
    let verified = verify::run(
        &entry(&scene.backups, &manifest),
        Level::Restored,
        &Control::default(),
    )
    .unwrap();
    assert_eq!(verified.verification.level, Level::Restored);
    assert_eq!(count(), before);
}

#[test]
fn folders_and_files_of_a_backup_are_private() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    back_up(&scene.tree, &scene.backups);
    for (path, look) in looks(&scene.backups) {
        let expected = if look.mode & 0o170_000 == 0o040_000 {
            0o700
        } else {
            0o600
        };
        assert!(
            look.mode & 0o777 == expected,
            "{} {:o}",
            path.display(),
            look.mode
        );
    }
}

fn backstop(args: &[&str], failpoint: &str) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args(args)
        .env("BACKSTOP_FAILPOINT", failpoint)
        .output()
        .unwrap()
}

const STEPS: [&str; 8] = [
    "backup.started",
    "backup.artefact.created",
    "backup.artefact.written",
    "backup.artefact.synced",
    "backup.artefact.renamed",
    "backup.manifest-written",
    "backup.indexed",
    "backup.renamed",
];

#[test]
fn a_kill_between_any_two_steps_leaves_nothing_that_counts() {
    for step in STEPS {
        let scene = scene();
        fs::create_dir_all(&scene.tree).unwrap();
        fs::write(scene.tree.join("f"), "1").unwrap();
        let (tree, backups) = (
            scene.tree.to_str().unwrap(),
            scene.backups.to_str().unwrap(),
        );
        let line = ["backup", "run", tree, "--backup-dir", backups];
        let killed = backstop(&line, &format!("{step}=kill"));
        assert_eq!(killed.status.code(), None, "{step}: {killed:?}");
        let whole = step == "backup.renamed";
        let shelf = catalog::list(&scene.backups).unwrap();
        assert_eq!(shelf.entries.len(), usize::from(whole), "{step}");
        assert_eq!(shelf.aside.len(), usize::from(!whole), "{step}");
        let key = target(&scene.tree).key();
        let found = catalog::newest_for(&scene.backups, &key).unwrap();
        assert_eq!(found.len(), usize::from(whole), "{step}");
        for entry in &found {
            verify::run(entry, Level::Readable, &Control::default()).unwrap();
        }
        let progress = make::progress(&scene.backups, &key).map(|progress| progress.state);
        assert!(progress.is_none_or(|state| state == "failed"), "{step}");
        let again = backstop(&line, "");
        assert!(again.status.success(), "{step}: {again:?}");
        let shelf = catalog::list(&scene.backups).unwrap();
        assert_eq!(shelf.entries.len(), 1 + usize::from(whole), "{step}");
        assert_eq!(
            shelf.aside.len(),
            usize::from(!whole),
            "{step}: set aside, not removed"
        );
        assert!(shelf.running.is_empty());
    }
}

#[test]
fn an_error_at_any_step_is_said_and_leaves_nothing() {
    for step in STEPS.iter().filter(|step| **step != "backup.renamed") {
        let scene = scene();
        fs::create_dir_all(&scene.tree).unwrap();
        let (tree, backups) = (
            scene.tree.to_str().unwrap(),
            scene.backups.to_str().unwrap(),
        );
        let line = ["backup", "run", tree, "--backup-dir", backups];
        let failed = backstop(&line, &format!("{step}=error"));
        assert_eq!(failed.status.code(), Some(1), "{step}");
        assert!(
            String::from_utf8_lossy(&failed.stderr).contains(step),
            "{failed:?}"
        );
        let shelf = catalog::list(&scene.backups).unwrap();
        assert!(
            shelf.entries.is_empty() && shelf.aside.is_empty(),
            "{step}: {shelf:?}"
        );
    }
}

#[test]
fn a_kill_in_a_restore_leaves_the_old_or_the_new_tree_whole() {
    for step in ["restore.saved", "restore.tree.filled"] {
        let scene = scene();
        fs::create_dir_all(&scene.tree).unwrap();
        fs::write(scene.tree.join("f"), "then").unwrap();
        let manifest = back_up(&scene.tree, &scene.backups);
        fs::write(scene.tree.join("f"), "now").unwrap();
        let line = [
            "restore",
            &manifest.id,
            "--backup-dir",
            scene.backups.to_str().unwrap(),
        ];
        let killed = backstop(&line, &format!("{step}=kill"));
        assert_eq!(killed.status.code(), None, "{killed:?}");
        assert_eq!(fs::read_to_string(scene.tree.join("f")).unwrap(), "now");
        let again = backstop(&line, "");
        assert!(again.status.success(), "{again:?}");
        assert_eq!(fs::read_to_string(scene.tree.join("f")).unwrap(), "then");
    }
}

fn json(output: &std::process::Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn the_command_line_tells_the_whole_story_in_json() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    fs::write(scene.tree.join("f"), "1").unwrap();
    let (tree, backups) = (
        scene.tree.to_str().unwrap(),
        scene.backups.to_str().unwrap(),
    );
    let ask = |args: &[&str]| {
        let mut line = args.to_vec();
        line.extend(["--backup-dir", backups, "--format", "json"]);
        backstop(&line, "")
    };
    let made = json(&ask(&["backup", "run", tree]));
    let id = made["backups"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["schema"], "backstop.backup-run/1");
    assert_eq!(made["backups"][0]["verified"], "readable");
    assert_eq!(
        json(&ask(&["backup", "list", tree]))["backups"][0]["id"],
        *id
    );
    assert_eq!(
        json(&ask(&["backup", "show", &id]))["manifest"]["format"],
        1
    );
    assert_eq!(json(&ask(&["backup", "status"]))["backups"], 1);
    assert_eq!(
        json(&ask(&["backup", "verify", "--quick"]))["backups"][0]["ok"],
        true
    );
    assert_eq!(json(&ask(&["drill", tree]))["backups"][0]["ok"], true);
    let pruned = json(&ask(&["backup", "prune"]));
    assert_eq!(pruned["backups"][0]["decision"], "keep");
    lose(&scene.tree);
    assert_eq!(json(&ask(&["restore", &id, "--dry-run"]))["dry_run"], true);
    assert!(!scene.tree.exists());
    assert_eq!(json(&ask(&["undo", &id]))["schema"], "backstop.undo/1");
    assert_eq!(fs::read_to_string(scene.tree.join("f")).unwrap(), "1");
    let env = backstop(
        &[
            "backup",
            "show",
            &id,
            "--backup-dir",
            backups,
            "--format",
            "env",
        ],
        "",
    );
    let text = String::from_utf8(env.stdout).unwrap();
    assert!(
        text.contains(&format!("BACKSTOP_BACKUP_ID='{id}'")),
        "{text}"
    );
}

#[test]
fn an_artefact_that_was_touched_makes_verify_fail_and_counts_no_more() {
    let scene = scene();
    fs::create_dir_all(&scene.tree).unwrap();
    let manifest = back_up(&scene.tree, &scene.backups);
    let artefact = scene
        .backups
        .join(&manifest.id)
        .join(&manifest.artefacts[0].path);
    let mut bytes = fs::read(&artefact).unwrap();
    bytes[20] ^= 1;
    fs::write(&artefact, bytes).unwrap();
    let verified = backstop(
        &[
            "backup",
            "verify",
            "--backup-dir",
            scene.backups.to_str().unwrap(),
        ],
        "",
    );
    assert_eq!(verified.status.code(), Some(1));
    let now = entry(&scene.backups, &manifest);
    assert_eq!(now.manifest.verification.level, Level::None);
}
