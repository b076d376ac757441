//! Whether copying, moving or removing may have changed a file of the world without the call saying so by its name:
//! a whole folder, a pattern, a name that is not known.

use std::path::{Path, PathBuf};

use crate::model::command::{Command, Cwd};
use crate::model::word::Word;

use super::state::lexical;
use super::world::is_silent;

/// Tells whether a command may have changed what stands at a path.
pub(super) fn touches(command: &Command, path: &Path) -> bool {
    let Some(program) = command.program() else {
        return true;
    };
    if command
        .writes
        .iter()
        .any(|write| leads_to(&write.file, command, path))
    {
        return true;
    }
    let moves = matches!(program.as_str(), "cp" | "mv" | "gcp" | "gmv");
    let names = matches!(program.as_str(), "tee" | "rm" | "unlink" | "rmdir");
    if !moves && !names {
        return false;
    }
    let Cwd::Known(cwd) = &command.cwd else {
        return true;
    };
    let place = |word: &Word| word.text().map(|text| lexical(cwd, &text));
    let is_flag = |word: &&Word| word.prefix().starts_with('-');
    let operands: Vec<&Word> = command
        .args()
        .iter()
        .filter(|word| !is_flag(word))
        .collect();
    let holds = |word: &&Word| place(word).is_none_or(|place| path.starts_with(place));
    if names {
        return operands.iter().any(holds);
    }
    let Some((to, from)) = operands.split_last() else {
        return false;
    };
    // `-t FOLDER` turns the order round.
    if command
        .args()
        .iter()
        .any(|word| word.prefix().starts_with("-t") || word.prefix().starts_with("--t"))
    {
        return true;
    }
    if program.ends_with("mv") && from.iter().any(holds) {
        return true;
    }
    let Some(to) = place(to) else {
        return true;
    };
    let Ok(inside) = path.strip_prefix(&to) else {
        return false;
    };
    // Into a folder each keeps its name; a folder that is copied with `/.` leaves its content there.
    let Some(first) = inside.components().next() else {
        return true;
    };
    from.iter().any(|word| {
        let base =
            place(word).and_then(|place| place.file_name().map(std::borrow::ToOwned::to_owned));
        let whole = word.prefix().ends_with("/.") || is_renaming(from, command);
        whole || base.is_none_or(|base| base == first.as_os_str())
    })
}

/// Tells whether a redirection leads to a path; one that is not known may.
fn leads_to(file: &Word, command: &Command, path: &Path) -> bool {
    let Cwd::Known(cwd) = &command.cwd else {
        return true;
    };
    let written = file.text().map(|text| lexical(cwd, &text));
    written.is_none_or(|written| written == path)
}

/// Tells whether a command may have made, removed or renamed something in these folders or below them.
pub(super) fn changes_names(command: &Command, folders: &[PathBuf]) -> bool {
    const PLACES: [&str; 11] = [
        "cp", "mv", "rm", "rmdir", "unlink", "mkdir", "touch", "tee", "chmod", "ln", "gzip",
    ];
    let Cwd::Known(cwd) = &command.cwd else {
        return true;
    };
    let meets = |word: &Word| {
        let place = word.text().map(|text| lexical(cwd, &text));
        place.is_none_or(|place| {
            let near = |folder: &PathBuf| place.starts_with(folder) || folder.starts_with(&place);
            folders.iter().any(near)
        })
    };
    let nowhere = |word: &Word| word.text().is_some_and(|text| text.starts_with("/dev/"));
    let mut files = command.writes.iter().map(|write| &write.file);
    if files.any(|file| !nowhere(file) && meets(file)) {
        return true;
    }
    let name = command.program().unwrap_or_default();
    let acts = |word: &Word| {
        let text = word.prefix();
        let edits = name == "sed" && (text.starts_with("-i") || text.starts_with("--i"));
        let starts = text.starts_with("-delete") || text.starts_with("-exec");
        edits || starts || text.starts_with("-ok") || text.starts_with("-fprint")
    };
    // Awk writes where its program says so.
    if super::readers::only_reads(command) {
        return false;
    }
    if is_silent(&name) || command.steers() || command.is_any(&["sed", "find"]) {
        return command.args().iter().any(acts);
    }
    let flag = |word: &&Word| word.prefix().starts_with('-');
    !PLACES.contains(&name.as_str()) || command.args().iter().filter(|word| !flag(word)).any(meets)
}

/// Tells whether one folder may take the name of the other.
fn is_renaming(from: &[&Word], command: &Command) -> bool {
    let flags = command
        .args()
        .iter()
        .filter(|word| word.prefix().starts_with('-'));
    let recursive = flags
        .into_iter()
        .any(|word| word.prefix().contains(['r', 'R', 'a', 'T']));
    from.len() == 1 && (recursive || command.is_any(&["mv", "gmv"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::{Facts, Needs, Scene};
    use crate::model::request::ShellKind;
    use crate::shell::unfold::unfold;

    fn changes(call: &str) -> bool {
        let scene = Scene {
            cwd: "/proj".into(),
            home: None,
            user: None,
            project: "/proj".into(),
            temporary: Vec::new(),
            own: Vec::new(),
            assumed: true,
        };
        let unfolding = unfold(
            ShellKind::Posix,
            call,
            &scene,
            &Facts::new(true),
            &mut Needs::default(),
        );
        unfolding
            .commands
            .iter()
            .any(|command| touches(command, Path::new("/proj/conf/flag")))
    }

    #[test]
    fn what_goes_into_a_folder_or_takes_its_place_touches_what_is_in_it() {
        for call in [
            "cp -r new/. conf/",
            "cp new/* conf",
            "mv new conf",
            "mv conf old",
            "cp new/flag conf",
            "cp -a new conf",
            "mv -t conf new/flag",
            "rm -rf conf",
            "rm -f conf/*",
            "tee \"$X\" < a",
            "echo x >> conf/flag",
            "ls > \"$X\"",
            "cp a \"$TO\"",
        ] {
            assert!(changes(call), "{call}");
        }
        for call in [
            "cp conf/flag old",
            "cp a conf/",
            "mv a b",
            "rm -f other",
            "tee log < a",
            "cp -r src dist",
        ] {
            assert!(!changes(call), "{call}");
        }
    }
}
