//! Where the thing lay that a `mv` put over something else, read from the words of the call.
//! It looks at no file: whether the place is free now is seen when the undo is planned.

use std::path::{Component, Path, PathBuf};

/// Returns where lay what `mv` put at `target`; nothing where the words do not say it.
pub fn origin(words: &[String], cwd: &Path, target: &Path) -> Option<PathBuf> {
    let program = Path::new(words.first()?).file_name()?.to_str()?;
    let args = match (program, words.get(1).map(String::as_str)) {
        ("mv" | "gmv", _) => words.get(1..)?,
        ("git", Some("mv")) => words.get(2..)?,
        _ => return None,
    };
    let (mut operands, folder) = operands(args);
    let last = match folder {
        Some(folder) => folder,
        None => operands.pop()?,
    };
    operands.iter().find_map(|source| {
        let inside = Path::new(last).join(Path::new(source).file_name()?);
        let places = [Path::new(last), &inside];
        let alone = operands.len() == 1 && folder.is_none();
        let places = places.get(usize::from(!alone)..)?;
        let base = places.iter().find_map(|place| base(place, cwd, target))?;
        let source = plain(&base.join(source));
        (source != target).then_some(source)
    })
}

/// Returns the words that are no options, and the folder that an option names.
fn operands(args: &[String]) -> (Vec<&str>, Option<&str>) {
    let (mut found, mut folder) = (Vec::new(), None);
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--" => found.extend(args.by_ref()),
            "-t" | "--target-directory" => folder = args.next(),
            "-S" | "--suffix" => {
                args.next();
            }
            _ if arg.starts_with("--target-directory=") => {
                folder = arg.split_once('=').map(|(_, one)| one)
            }
            _ if arg.len() > 1 && arg.starts_with('-') => {}
            _ => found.push(arg),
        }
    }
    (found, folder)
}

/// Returns the folder in which the words were meant, when `place` in it is the target.
fn base(place: &Path, cwd: &Path, target: &Path) -> Option<PathBuf> {
    if plain(&cwd.join(place)) == target {
        return Some(cwd.to_path_buf());
    }
    // The call may have gone elsewhere first.
    let place = plain(place);
    let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
    if place.is_absolute() || !place.components().all(is_name) || !target.ends_with(&place) {
        return None;
    }
    let above = place.components().count();
    target.ancestors().nth(above).map(Path::to_path_buf)
}

/// Takes `.` and `..` out of a path.
fn plain(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if whole.file_name().is_some() => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_where_it_lay() {
        for (words, wanted) in [
            ("mv a b", Some("/p/a")),
            ("mv -f -- ./a ../p/b", Some("/p/a")),
            ("/bin/mv /x/a /p/b", Some("/x/a")),
            ("git mv -f d/a b", Some("/p/d/a")),
            ("mv d/b .", Some("/p/d/b")),
            ("mv c d/b .", Some("/p/d/b")),
            ("mv -t /p c d/b", Some("/p/d/b")),
            ("mv --target-directory=. d/b", Some("/p/d/b")),
            ("mv a c", None),
            ("mv a d b", None),
            ("mv b", None),
            ("cp a b", None),
            ("mv b b", None),
        ] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            let found = origin(&words, Path::new("/p"), Path::new("/p/b"));
            assert_eq!(found.as_deref(), wanted.map(Path::new), "{words:?}");
        }
        let words = ["mv", "a", "b"].map(str::to_owned);
        let found = origin(&words, Path::new("/p"), Path::new("/p/data/b"));
        assert_eq!(found.as_deref(), Some(Path::new("/p/data/a")));
    }
}
