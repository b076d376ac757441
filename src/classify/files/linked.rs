//! Names that the call itself gives to places elsewhere: links and bind mounts. What goes below such a name goes where it leads.
//! Only what the words say is read here; whether the place is there is for `judge`.

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::model::command::{Command, Cwd};
use crate::model::word::Word;

use super::argv::{Args, Valued};
use super::place::{Place, lexical};

/// Commands before the one that is judged which are looked at.
const EARLIER_MAX: usize = 256;
/// Links that lead to links.
const LINKS_MAX: usize = 8;

/// A place and the name that it was given.
struct Name {
    old: PathBuf,
    new: PathBuf,
}

/// Returns where a place really is, when an earlier command of the call has made its name lead elsewhere.
pub fn behind(place: &Place, context: &Context<'_>) -> Option<Place> {
    let earlier = context.earlier;
    let from = earlier.len().saturating_sub(EARLIER_MAX);
    let names = earlier.get(from..)?.iter().rev().filter_map(named);
    names.into_iter().find_map(|name| moved(place, &name))
}

/// Tells whether an earlier command of the call makes a link of this name: what is removed under it is the link.
pub fn is_link(path: &Path, context: &Context<'_>) -> bool {
    let mut links = context
        .earlier
        .iter()
        .rev()
        .take(EARLIER_MAX)
        .filter(|one| one.is_here() && one.is_any(&["ln", "gln"]));
    links.any(|one| linked(one).is_some_and(|name| name.new == path)) || is_second(path, context)
}

/// A second name of a file whose first one nobody takes away: `ln a b; rm b`.
fn is_second(path: &Path, context: &Context<'_>) -> bool {
    let earlier = context.earlier.iter().enumerate().rev().take(EARLIER_MAX);
    let mut makers = earlier.filter(|(_, one)| one.is_here() && one.is_any(&["ln", "gln"]));
    makers.any(|(at, one)| {
        let names = shared(one);
        let Some(name) = names.iter().find(|name| name.new == path) else {
            return false;
        };
        let mut since = context.earlier.iter().skip(at + 1);
        since.all(|one| {
            let mut words = one.args().iter().filter_map(Word::text);
            let near = |text: String| {
                absolute(&text, &one.cwd).is_none_or(|place| name.old.starts_with(place))
            };
            one.is_any(&["echo", "ls", "cat", "stat", "true", "test", "["]) || !words.any(near)
        })
    })
}

/// Returns what is written through a name that earlier commands of the call have made a link: `ln -s a l; echo > l`.
pub fn written(path: &Path, context: &Context<'_>) -> Option<PathBuf> {
    let mut at = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        match link_of(&at, context) {
            Some(to) => at = to,
            None => break,
        }
    }
    (at != path).then_some(at)
}

fn link_of(path: &Path, context: &Context<'_>) -> Option<PathBuf> {
    let earlier = context.earlier.iter().rev().take(EARLIER_MAX);
    let mut path = path.to_path_buf();
    for one in earlier.filter(|one| one.is_here()) {
        if one.is_any(&["ln", "gln", "cp", "gcp"]) {
            let names = linked(one).into_iter().chain(shared(one));
            for name in names {
                // `cp -al DIR COPY`: every file below is the same file.
                if let Ok(rest) = path.strip_prefix(&name.new)
                    && (rest == Path::new("") || one.is_any(&["cp", "gcp"]))
                {
                    return Some(match rest == Path::new("") {
                        true => name.old,
                        false => name.old.join(rest),
                    });
                }
            }
            continue;
        }
        // A link that is moved leads to the same place.
        if one.is_any(&["mv"])
            && let [.., from, to] = Args::read(one.args(), Valued::NONE).operands.as_slice()
            && to.text().and_then(|to| absolute(&to, &one.cwd)) == Some(path.clone())
            && let Some(from) = from.text().and_then(|from| absolute(&from, &one.cwd))
        {
            path = from;
            continue;
        }
        // Whoever removes the name or moves it takes the link away.
        let named = |word: &Word| {
            word.text()
                .and_then(|text| absolute(&text, &one.cwd))
                .is_some_and(|place| place == path)
        };
        if one.is_any(&["rm", "unlink", "mv"]) && one.args().iter().any(named) {
            return None;
        }
    }
    None
}

/// `ln FILE NAME`, `cp -l`, `cp -s`: names for a file that is there already.
fn shared(command: &Command) -> Vec<Name> {
    let valued = Valued {
        short: "tS",
        long: &["--target-directory", "--suffix"],
    };
    let args = Args::read(command.args(), valued);
    let copies = command.is_any(&["cp", "gcp"]);
    let links = match copies {
        true => args.has(&["-l", "--link", "-s", "--symbolic-link"]),
        false => !args.has(&["-s", "--symbolic"]),
    };
    if !links || args.has(&["-t", "--target-directory"]) {
        return Vec::new();
    }
    let [old, new] = args.operands.as_slice() else {
        return Vec::new();
    };
    let place = |word: &Word| word.text().and_then(|text| absolute(&text, &command.cwd));
    let (Some(old), Some(new)) = (place(old), place(new)) else {
        return Vec::new();
    };
    // Into a folder it keeps its name.
    let inside = old.file_name().map(|name| new.join(name));
    let name = |new: PathBuf| Name {
        old: old.clone(),
        new,
    };
    inside.into_iter().chain([new]).map(name).collect()
}

/// Returns what a link leads to that the call has put into a folder of `mktemp`, under the very name that is written.
pub fn behind_scratch(word: &Word, context: &Context<'_>) -> Option<PathBuf> {
    let earlier = context.earlier.iter().rev().take(EARLIER_MAX);
    let mut links = earlier.filter(|one| one.is_here() && one.is_any(&["ln", "gln"]));
    links.find_map(|one| {
        let args = Args::read(one.args(), Valued::NONE);
        let [old, new] = args.operands.as_slice() else {
            return None;
        };
        let same = new.has_hole() && new.shown() == word.shown();
        let (old, symbolic) = (old.text()?, args.has(&["-s", "--symbolic"]));
        (same && symbolic && old.starts_with('/')).then(|| lexical(Path::new(&old)))
    })
}

/// Tells whether a name below a folder that `mktemp` gives goes through a link that the call has put there:
/// `t=$(mktemp -d); ln -s "$PWD/data" "$t/l"; rm -rf "$t/l/"*`.
pub fn leads_out(shown: &str, context: &Context<'_>) -> bool {
    if super::mounted::is_mounted(shown, context) {
        return true;
    }
    let earlier = context.earlier.iter().rev().take(EARLIER_MAX);
    let mut links = earlier.filter(|one| one.is_here() && one.is_any(&["ln", "gln"]));
    links.any(|one| {
        let args = Args::read(one.args(), Valued::NONE);
        let own = |text: &str| {
            context
                .scene
                .temporary
                .iter()
                .any(|place| Path::new(text).starts_with(place))
        };
        // `ln -s /srv/x`, `ln -t DIR -s /srv/x`: the link has the name of what it leads to, wherever that is.
        let placed =
            args.operands.len() == 1 || one.args().iter().any(|word| word.prefix() == "-t");
        if placed {
            return args.operands.iter().any(|old| {
                let text = old.prefix();
                let base = text
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default();
                let through = format!("/{base}/");
                let whole = format!("/{shown}");
                text.starts_with('/') && !own(&text) && !base.is_empty() && whole.contains(&through)
            });
        }
        let [old, .., new] = args.operands.as_slice() else {
            return false;
        };
        let symbolic = args.has(&["-s", "--symbolic"]) && !own(&old.prefix());
        // Into a folder the link keeps the name of what it leads to.
        let names = [new.shown(), old.shown()];
        symbolic
            && names.iter().any(|name| {
                let last = name
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default();
                let through = format!("{last}/");
                !last.is_empty()
                    && (shown.starts_with(&through) || shown.contains(&format!("/{through}")))
            })
    })
}

fn moved(place: &Place, name: &Name) -> Option<Place> {
    let led = |path: &Path, whole: bool| {
        let mut parts = path.components();
        let mut at = PathBuf::new();
        // A `..` behind the name goes up from where it leads.
        while at != name.new {
            at = lexical(&at.join(parts.next()?));
        }
        let rest = parts.as_path();
        (whole || rest != Path::new("")).then(|| lexical(&name.old.join(rest)))
    };
    match place {
        Place::At { path, follow } => led(path, *follow).map(|path| Place::At {
            path,
            follow: *follow,
        }),
        Place::Glob { dir, pattern } => led(dir, true).map(|dir| Place::Glob {
            dir,
            pattern: pattern.clone(),
        }),
        Place::Below {
            dir,
            strict,
            pattern,
        } => led(dir, true).map(|dir| Place::Below {
            dir,
            strict: *strict,
            pattern: pattern.clone(),
        }),
        Place::Loose(_) | Place::Scratch | Place::Anywhere => None,
    }
}

fn named(command: &Command) -> Option<Name> {
    if !command.is_here() {
        return None;
    }
    if command.is_any(&["ln", "gln"]) {
        return linked(command);
    }
    command.is_any(&["mount"]).then(|| bound(command)).flatten()
}

/// `ln -s PLACE NAME`; a name that ends in a slash is a folder, and the link stands in it.
fn linked(command: &Command) -> Option<Name> {
    let valued = Valued {
        short: "tS",
        long: &["--target-directory", "--suffix"],
    };
    let args = Args::read(command.args(), valued);
    if !args.has(&["-s", "--symbolic"]) || args.has(&["-t", "--target-directory"]) {
        return None;
    }
    let [old, new] = args.operands.as_slice() else {
        return None;
    };
    let (old, written) = (old.text()?, new.text()?);
    let mut new = absolute(&written, &command.cwd)?;
    if written.ends_with('/') || matches!(written.as_str(), "." | "..") {
        new = new.join(Path::new(&old).file_name()?);
    }
    let old = match args.has(&["-r", "--relative"]) {
        true => absolute(&old, &command.cwd)?,
        // A relative link is read from its own folder.
        false => lexical(&new.parent()?.join(&old)),
    };
    Some(Name { old, new })
}

/// `mount --bind PLACE NAME`.
fn bound(command: &Command) -> Option<Name> {
    let valued = Valued {
        short: "otLU",
        long: &["--options", "--types"],
    };
    let args = Args::read(command.args(), valued);
    let by_option = args
        .value(&["-o", "--options"])
        .is_some_and(|text| text.split(',').any(|one| matches!(one, "bind" | "rbind")));
    if !by_option && !args.has(&["--bind", "--rbind", "-B", "-R"]) {
        return None;
    }
    let [old, new] = args.operands.as_slice() else {
        return None;
    };
    let old = absolute(&old.text()?, &command.cwd)?;
    let new = absolute(&new.text()?, &command.cwd)?;
    Some(Name { old, new })
}

fn absolute(text: &str, cwd: &Cwd) -> Option<PathBuf> {
    match cwd {
        _ if text.starts_with('/') => Some(lexical(Path::new(text))),
        Cwd::Known(cwd) if !text.is_empty() => Some(lexical(&cwd.join(text))),
        Cwd::Known(_) | Cwd::Temporary | Cwd::Unknown => None,
    }
}
