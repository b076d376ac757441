//! Which operands a program removes or changes, as far as backstop's own files could be among them.
//! Whether they are is said by the caller.

use super::call::Call;
use crate::classify::files::{Args, Valued};
use crate::model::command::Command;
use crate::model::word::Word;

/// What a program does to the files that its operands name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// They go whole, folders with all that is in them.
    Removes,
    /// Their content or their rights change.
    Changes,
}

/// Tells whether a program is so common, and its operands so many, that only what looks like backstop's is worth a question.
pub fn is_wide(program: &str) -> bool {
    matches!(
        program,
        "git" | "curl" | "wget" | "gzip" | "bzip2" | "xz" | "lzma" | "scp" | "mount"
    )
}

/// Returns the operands that a program removes or changes.
pub fn touched(command: &Command, program: &str) -> Vec<(Word, Touch)> {
    let args = command.args();
    let plain = |valued: Valued| Args::read(args, valued);
    let operands =
        |valued: Valued| -> Vec<Word> { plain(valued).operands.into_iter().cloned().collect() };
    let each =
        |words: Vec<Word>, touch: Touch| words.into_iter().map(|word| (word, touch)).collect();
    match program {
        "rm" | "unlink" | "shred" | "rmdir" | "srm" | "rimraf" => each(
            operands(Valued {
                short: "ns",
                long: &[],
            }),
            Touch::Removes,
        ),
        "mv" => moved(&plain(Valued {
            short: "tS",
            long: &["--target-directory"],
        })),
        "chmod" | "chown" | "chgrp" | "chattr" | "setfacl" => {
            each(operands(Valued::NONE), Touch::Removes)
        }
        "truncate" | "tee" | "sponge" | "ed" | "ex" => each(
            operands(Valued {
                short: "sr",
                long: &["--size"],
            }),
            Touch::Changes,
        ),
        "cp" | "install" | "ln" | "rsync" => {
            let last = operands(Valued {
                short: "tSgmo",
                long: &[],
            })
            .pop();
            each(last.into_iter().collect(), Touch::Changes)
        }
        "sed" | "perl" | "ruby"
            if args.iter().any(|word| {
                word.shown().starts_with("-i")
                    || word.shown().starts_with("--in-place")
                    || word.shown().starts_with("-pi")
            }) =>
        {
            each(operands(Valued::NONE), Touch::Changes)
        }
        "dd" => args
            .iter()
            .filter(|word| word.prefix().starts_with("of="))
            .map(|word| (crate::classify::files::cut(word, 3), Touch::Changes))
            .collect(),
        "find" if args.iter().any(|word| word.shown() == "-delete") => {
            let starts = crate::classify::files::starts_of_find(command);
            each(starts, Touch::Removes)
        }
        _ => fetched(command, program),
    }
}

/// Programs that write or remove files by the way: downloads, packers, mounts, the index of git.
fn fetched(command: &Command, program: &str) -> Vec<(Word, Touch)> {
    let args = command.args();
    let plain = |valued: Valued| Args::read(args, valued);
    let each = |words: Vec<Word>| {
        let words = words.into_iter();
        words.map(|word| (word, Touch::Changes)).collect()
    };
    match program {
        "scp" | "mount" => {
            let last = plain(Valued {
                short: "cDFiJloPSXt",
                long: &[],
            })
            .operands
            .pop()
            .cloned();
            each(last.into_iter().collect())
        }
        "gzip" | "bzip2" | "xz" | "lzma" => packed(&plain(Valued {
            short: "ST",
            long: &[],
        })),
        "curl" => each(saved(args, 'o', "--output")),
        "wget" => each(saved(args, 'O', "--output-document")),
        "git" => {
            let mut all = in_index(command);
            all.extend(each(crate::classify::files::outputs(program, command)));
            all
        }
        _ => {
            let mut all = each(crate::classify::files::outputs(program, command));
            all.extend(unpacked(command, program));
            all.extend(each(put(command, program)));
            all
        }
    }
}

/// Folders into which is unpacked, and files that go into an archive and are nowhere else then.
fn unpacked(command: &Command, program: &str) -> Vec<(Word, Touch)> {
    let args = command.args();
    let says = |names: &[&str]| {
        args.iter()
            .any(|word| names.contains(&word.shown().as_str()))
    };
    let changed = |words: Vec<Word>| words.into_iter().map(|word| (word, Touch::Changes));
    let operands = |from: usize| {
        let args = Args::read(args, Valued::NONE);
        let words: Vec<Word> = args.operands.into_iter().skip(from).cloned().collect();
        words.into_iter().map(|word| (word, Touch::Removes))
    };
    match program {
        "tar" | "gtar" | "bsdtar" if says(&["--remove-files"]) => operands(0).collect(),
        "tar" | "gtar" | "bsdtar" => {
            let unpacks = args.iter().enumerate().any(|(at, word)| {
                let letters = word.shown();
                let short = at == 0 || letters.starts_with('-');
                let long = letters.starts_with("--");
                matches!(letters.as_str(), "--extract" | "--get")
                    || short && !long && letters.contains('x')
            });
            let folders = if unpacks {
                saved(args, 'C', "--directory")
            } else {
                Vec::new()
            };
            changed(folders).collect()
        }
        "unzip" => changed(saved(args, 'd', "--directory")).collect(),
        "7z" | "7za" | "7zz" if says(&["x", "e"]) => changed(saved(args, 'o', "-o")).collect(),
        "zip" if says(&["-m", "--move", "-rm", "-mr"]) => operands(1).collect(),
        "gunzip" | "bunzip2" | "unxz" if says(&["-c", "--stdout", "-k", "--keep", "-l", "-t"]) => {
            Vec::new()
        }
        "trash" | "trash-put" | "gunzip" | "bunzip2" | "unxz" => operands(0).collect(),
        "gio" if says(&["trash", "remove"]) => operands(1).collect(),
        _ => Vec::new(),
    }
}

/// Files that a program writes because an option or its last operand names them.
fn put(command: &Command, program: &str) -> Vec<Word> {
    let args = command.args();
    let shown = |at: usize| args.get(at).map(Word::shown).unwrap_or_default();
    let operands = || -> Vec<Word> {
        let read = Args::read(args, Valued::NONE);
        read.operands.into_iter().cloned().collect()
    };
    let last = || operands().pop().into_iter().collect();
    match program {
        "sort" => saved(args, 'o', "--output"),
        "openssl" => {
            let at = args.iter().position(|word| word.shown() == "-out");
            at.and_then(|at| args.get(at + 1))
                .cloned()
                .into_iter()
                .collect()
        }
        "patch" => operands().into_iter().take(1).collect(),
        "rename" | "prename" | "file-rename" => operands().into_iter().skip(1).collect(),
        "ffmpeg" | "split" | "csplit" | "gsutil" | "rclone" | "azcopy" => last(),
        "aws" if shown(0) == "s3" => last(),
        "docker" | "podman" | "nerdctl" if shown(0) == "cp" => last(),
        "docker" | "podman" | "nerdctl" => mounted(args),
        _ => Vec::new(),
    }
}

/// `docker run -v DIR:/x`: folders of this machine that a container may write to.
fn mounted(args: &[Word]) -> Vec<Word> {
    let mut all = saved(args, 'v', "--volume");
    all.retain(|word| !word.shown().ends_with(":ro"));
    all.iter()
        .filter_map(|word| {
            let text = word.text()?;
            let (folder, _) = text.split_once(':')?;
            let named = folder.starts_with('/').then(|| folder.to_owned())?;
            Some(Word::literal(named, word.origin.clone()))
        })
        .collect()
}

/// What is moved goes from its place; where it goes, something may be replaced.
fn moved(args: &Args<'_>) -> Vec<(Word, Touch)> {
    let count = args.operands.len();
    let told = args.has(&["-t", "--target-directory"]);
    let touch = |at: usize| match told || at + 1 < count {
        true => Touch::Removes,
        false => Touch::Changes,
    };
    let operands = args.operands.iter().enumerate();
    operands
        .map(|(at, &word)| (word.clone(), touch(at)))
        .collect()
}

/// A file that is packed goes, and something else stands for it.
fn packed(args: &Args<'_>) -> Vec<(Word, Touch)> {
    let keeps = [
        "-k",
        "--keep",
        "-c",
        "--stdout",
        "-d",
        "-l",
        "-t",
        "--decompress",
    ];
    if args.has(&keeps) {
        return Vec::new();
    }
    let operands = args.operands.iter();
    operands
        .map(|&word| (word.clone(), Touch::Removes))
        .collect()
}

/// Returns the files into which a download goes.
fn saved(args: &[Word], letter: char, long: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let text = word.prefix();
        let cluster = text.starts_with('-') && !text.starts_with("--");
        if text == long || (cluster && text.ends_with(letter)) {
            all.extend(words.next().cloned());
        } else if text.starts_with(&format!("{long}=")) {
            all.push(crate::classify::files::cut(word, long.len() + 1));
        } else if cluster && text.chars().nth(1) == Some(letter) {
            all.push(crate::classify::files::cut(word, 2));
        }
    }
    all
}

/// `git rm .husky/pre-push`, `git mv`: what leaves the index leaves the folder.
fn in_index(command: &Command) -> Vec<(Word, Touch)> {
    let shown: Vec<String> = command.args().iter().map(Word::shown).collect();
    let call = Call::read(&shown);
    if call.dir.is_some() {
        return Vec::new();
    }
    let at = shown.iter().position(|word| *word == call.subcommand);
    let rest = at
        .and_then(|at| command.args().get(at + 1..))
        .unwrap_or_default();
    let args = Args::read(rest, Valued::NONE);
    let stays = args.has(&["--cached", "-n", "--dry-run"]);
    let each = |words: &[&Word]| -> Vec<(Word, Touch)> {
        let words = words.iter();
        words.map(|&word| (word.clone(), Touch::Removes)).collect()
    };
    match (call.subcommand.as_str(), args.operands.split_last()) {
        ("rm", _) if !stays => each(&args.operands),
        ("mv", Some((_, from))) if !stays => each(from),
        _ => Vec::new(),
    }
}
