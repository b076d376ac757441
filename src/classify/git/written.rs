//! Files that git writes under a name that is told: bundles, archives, diffs put into a file.
//! What git does to its own work tree and refs is judged elsewhere.

use super::Git;
use super::tree::{self, Extent, Source};
use crate::classify::files::judge::{Judge, Over};
use crate::classify::files::place::Place;
use crate::classify::files::world::World;
use crate::classify::files::{Args, Valued};
use crate::model::word::Word;

const VALUED: Valued = Valued {
    short: "o",
    long: &[
        "--output",
        "--format",
        "--prefix",
        "--remote",
        "--exec",
        "--add-file",
        "--mtime",
        "--version",
    ],
};

/// `git bundle create FILE`, `git archive -o FILE`, `git diff --output=FILE`: judged where a file stands there already.
pub fn judge(git: &mut Git<'_, '_>) {
    let Some(dir) = git.invocation.dir.clone() else {
        return;
    };
    if git.context.facts.assumed || !git.command.is_here() {
        return;
    }
    let args = git.args(VALUED);
    let Some(name) = named(&git.invocation.subcommand, &args) else {
        return;
    };
    if name == "-" || name.contains('$') {
        return;
    }
    let place = Place::At {
        path: dir.join(name),
        follow: false,
    };
    let over = Over {
        anew: true,
        ..Over::NEW
    };
    let mut judge = Judge::new(git.context, git.needs, World::Here, dir);
    judge.overwrite(&place, over);
    git.losses.extend(judge.finish());
}

fn named(subcommand: &str, args: &Args<'_>) -> Option<String> {
    match subcommand {
        "bundle" => {
            let creates = args.operands.first()?.text()? == "create";
            let file = args.operands.get(1).filter(|_| creates)?;
            file.text()
        }
        "archive" => args.value(&["-o", "--output"]).map(str::to_owned),
        _ => args.value(&["--output"]).map(str::to_owned),
    }
}

pub const TAR: Valued = Valued {
    short: "Cf",
    long: &["--directory", "--file", "--exclude", "--strip-components"],
};
/// `git archive COMMIT | tar x` in the folder that the archive is of: the commit's files over those of the work tree.
pub fn unpacked(git: &mut Git<'_, '_>) {
    let args = git.args(TAR);
    // Letters without a dash stand first.
    let letters = git.invocation.args.first().and_then(Word::text);
    let old = letters.filter(|text| !text.starts_with('-'));
    let old = |letter: char| old.as_ref().is_some_and(|text| text.contains(letter));
    let takes_out = old('x') || args.has(&["-x", "--extract", "--get"]);
    let keeps = [
        "-k",
        "--keep-old-files",
        "--skip-old-files",
        "-O",
        "--to-stdout",
    ];
    let other = ["--strip-components", "--transform", "--xform", "-s"];
    let aside = old('k') || old('O') || args.has(&keeps) || args.has(&other);
    if git.context.facts.assumed || !takes_out || aside {
        return;
    }
    let earlier = super::course::earlier(git);
    let archive = earlier
        .iter()
        .rev()
        .find(|one| one.invocation.subcommand == "archive");
    let Some(archive) = archive.filter(|one| one.same) else {
        return;
    };
    let made = Args::read(&archive.invocation.args, VALUED);
    if made.has(&["-o", "--output", "--prefix", "--remote", "-l", "--list"]) {
        return;
    }
    let Some(dir) = git.invocation.dir.clone() else {
        return;
    };
    let commit = made.operands.first().and_then(|word| word.text());
    let named = made.operands.get(1..).unwrap_or_default();
    let extent = match super::paths_below(&dir, named) {
        Some(paths) if !paths.is_empty() => Extent::Paths(paths),
        _ => Extent::Paths(vec![crate::classify::files::place::lexical(&dir)]),
    };
    tree::discard(git, "git.discard-changes", extent.clone(), Source::Commit);
    tree::over(git, commit, &extent);
}
