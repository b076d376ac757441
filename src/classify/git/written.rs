//! Files that git writes under a name that is told: bundles, archives, diffs put into a file.
//! What git does to its own work tree and refs is judged elsewhere.

use super::Git;
use crate::classify::files::judge::{Judge, Over};
use crate::classify::files::place::Place;
use crate::classify::files::world::World;
use crate::classify::files::{Args, Valued};

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
