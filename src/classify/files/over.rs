//! Programs that write over files by the way: downloads, archives, copies over the network, scripts that leave nothing.
//! Whether anything is lost by it is for `judge`.

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::judge::{How, Over};
use super::packed::Pack;
use super::place::{Place, lexical};
use super::report::Loss;
use super::unpack::Landing;
use super::{kinds, world};
use crate::model::command::{Command, Cwd, Stdin};
use crate::model::word::Word;

const DOWNLOAD: Valued = Valued {
    short: "oOXHdubcxmTFAeKEwDCrzPai",
    long: &[
        "--output",
        "--output-document",
        "--output-dir",
        "--request",
        "--header",
        "--data",
        "--user",
        "--proxy",
        "--max-time",
        "--retry",
        "--form",
        "--upload-file",
        "--user-agent",
        "--referer",
        "--cookie",
        "--config",
    ],
};

pub(super) const TAR: Valued = Valued {
    short: "fCTXLKgVHNIb",
    long: &[
        "--file",
        "--directory",
        "--exclude-from",
        "--files-from",
        "--use-compress-program",
        "--transform",
        "--xform",
        "--owner",
        "--group",
        "--mode",
        "--checkpoint-action",
        "--to-command",
        "--strip-components",
        "--listed-incremental",
        "--format",
        "--newer",
        "--mtime",
    ],
};

/// Writes tar's old form (`xfz a.tar`) as a cluster: the letter that takes the next word comes last.
pub(super) fn dashed(letters: &str) -> String {
    let valued = |letter: &char| TAR.short.contains(*letter);
    let plain: String = letters.chars().filter(|letter| !valued(letter)).collect();
    let last: String = letters.chars().filter(valued).collect();
    format!("-{plain}{last}")
}

/// Returns the file of `-sotodo.txt`: what stands behind the letter in one word with others.
fn attached(text: &str) -> Option<String> {
    let letters = text
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'))?;
    let at = letters.find('o')?;
    let plain = letters.get(..at)?.chars().all(|letter| {
        letter.is_ascii_alphabetic() && !DOWNLOAD.short.contains(letter) || letter == '#'
    });
    let name = letters.get(at + 1..)?;
    (plain && !name.is_empty()).then(|| name.to_owned())
}

/// Folders of the system into which programs are installed and unpacked by design.
const INSTALLED_INTO: &[&str] = &[
    "/opt",
    "/srv",
    "/mnt",
    "/media",
    "/usr/local",
    "/home",
    "/root",
];

/// What unpacking says about files that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clobber {
    Unsaid,
    Files,
    /// Whole folders go before theirs are unpacked.
    Folders,
}

impl Reader<'_, '_> {
    /// `curl -o FILE`, `wget -O FILE`.
    pub fn download(&mut self, program: &str) {
        let command = self.command;
        let curl = program == "curl";
        let mut words = command.args().iter();
        while let Some(word) = words.next() {
            let text = word.prefix();
            let long = if curl {
                "--output"
            } else {
                "--output-document"
            };
            let short = if curl { "-o" } else { "-O" };
            let bundled = text.starts_with('-')
                && !text.starts_with("--")
                && text.ends_with(short.trim_start_matches('-'))
                && text
                    .chars()
                    .skip(1)
                    .all(|letter| letter.is_ascii_alphabetic())
                && !text
                    .chars()
                    .skip(1)
                    .take(text.len().saturating_sub(2))
                    .any(|letter| DOWNLOAD.short.contains(letter) && letter != 'O');
            let attached = curl
                .then(|| attached(&text))
                .flatten()
                .map(|name| Word::literal(name, word.origin.clone()));
            let file = if attached.is_some() {
                attached
            } else if text == long || bundled {
                words.next().cloned()
            } else if text.starts_with(&format!("{long}=")) {
                Some(super::deeds::cut(word, long.len() + 1))
            } else {
                None
            };
            if let Some(file) = file.filter(|file| file.text().as_deref() != Some("-")) {
                self.overwrite(&file, Over::NEW);
            }
        }
    }

    /// `sort -o FILE`, of other files or of itself.
    /// `curl -O URL`: the file is called like the last part of the address.
    pub fn downloads_by_name(&mut self) {
        let command = self.command;
        let valued = Valued {
            short: "oXHdubcxmTFAeKEwDCrzP",
            ..DOWNLOAD
        };
        let args = Args::read(command.args(), valued);
        if !args.has(&["-O", "--remote-name", "--remote-name-all"]) {
            return;
        }
        let dir = args.value(&["--output-dir"]).map(|dir| format!("{dir}/"));
        let dir = dir.unwrap_or_default();
        for address in args.operands.iter().filter_map(|word| word.text()) {
            let path = address.split(['?', '#']).next().unwrap_or_default();
            let path = path.split_once("://").map_or(path, |(_, rest)| rest);
            let Some((_, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else {
                continue;
            };
            let word = Word::literal(format!("{dir}{name}"), command.origin.clone());
            self.overwrite(&word, Over::NEW);
        }
    }

    pub fn sort(&mut self) {
        let valued = Valued {
            short: "oktST",
            long: &[
                "--output",
                "--key",
                "--field-separator",
                "--temporary-directory",
            ],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        let Some(to) = args.value(&["-o", "--output"]) else {
            return;
        };
        // Sorted into itself, most lines are still there; their order is not.
        let itself = args.operands.iter().any(|word| word.shown() == to);
        let word = Word::literal(to, command.origin.clone());
        let over = Over {
            edit: itself,
            ..Over::NEW
        };
        self.overwrite(&word, over);
    }

    /// `scp FILE… TO`, and rsync without a deletion: a guarded file at the other end is written over.
    pub fn carried(&mut self, from: Vec<&Word>, to: &Word, over: Over, whole: bool) {
        let shown = to.shown();
        if let Some((host, path)) = super::deeds::remote(&shown) {
            let database =
                kinds::guarded(std::path::Path::new(path), "") == Some(kinds::Guarded::Database);
            if database {
                let reason = format!("it lives on `{host}`");
                let target = world::far_target(host, &reason, path);
                let loss = Loss::new("files.overwrite-guarded", target);
                self.deeds.push(Deed::Lost(loss));
            }
            return;
        }
        for place in self.written(to) {
            for word in &from {
                self.put(word, &place, over, whole);
            }
        }
    }

    pub fn scp(&mut self) {
        let valued = Valued {
            short: "cDFiJloPSX",
            long: &[],
        };
        let command = self.command;
        let mut args = Args::read(command.args(), valued);
        if let Some(last) = args.operands.pop() {
            let from = args.operands.clone();
            self.carried(from, last, Over::NEW, args.has(&["-r"]));
        }
    }

    /// An archive is unpacked: over the system, over what stands in a folder, or over the members that are named.
    pub fn unpacked(&mut self, dir: Option<&Word>, members: &[&Word], over: Clobber) {
        let here = Word::literal(".", self.command.origin.clone());
        for place in self.places(dir.unwrap_or(&here)) {
            let Place::At { path, .. } = &place else {
                continue;
            };
            let plain = lexical(path);
            let system = kinds::is_catastrophic(&plain, self.context.scene.home.as_deref())
                && !INSTALLED_INTO.iter().any(|dir| plain.starts_with(dir));
            if system && self.command.is_here() {
                let loss = Loss::new("files.unpack-system", world::path_target(&plain));
                self.deeds.push(Deed::Lost(loss));
                continue;
            }
            for member in members {
                if let Some(name) = member.text().filter(|name| !name.ends_with('/')) {
                    let place = Place::At {
                        path: path.join(name.trim_start_matches('/')),
                        follow: false,
                    };
                    self.deeds.push(Deed::Overwrite {
                        place,
                        over: Over::NEW,
                    });
                }
            }
            // Without facts plain overwriting is no loss, and what the archive holds is not known.
            let plainly = over == Clobber::Files && self.context.facts.assumed;
            if over != Clobber::Unsaid && dir.is_some() && members.is_empty() && !plainly {
                let how = How {
                    recursive: true,
                    narrowed: true,
                    repository_goes: false,
                    rule: Some("files.unpack-over"),
                };
                self.deeds.push(Deed::Remove {
                    place,
                    how,
                    shown: dir.map_or_else(String::new, Word::shown),
                });
            }
        }
    }

    /// tar that unpacks, and tar that takes away what it packed.
    pub fn tar(&mut self) {
        let command = self.command;
        let mut words = command.args().to_vec();
        if let Some(first) = words.first_mut()
            && let Some(text) = first.text().filter(|text| !text.starts_with('-'))
        {
            *first = Word::literal(dashed(&text), first.origin.clone());
        }
        let args = Args::read(&words, TAR);
        if args.has(&["--remove-files"]) {
            for word in args.operands {
                self.remove(word, How::plain(true));
            }
            return;
        }
        if args.flags().any(|(flag, _)| flag == "--delete") {
            if let Some(file) = args.value(&["-f", "--file"]).filter(|file| *file != "-") {
                self.thinned(&Word::literal(file, command.origin.clone()));
            }
            return;
        }
        self.packs(&args);
        let unpacks = args.has(&["-x", "--extract", "--get"]);
        let keeps = [
            "-k",
            "--keep-old-files",
            "--skip-old-files",
            "-O",
            "--to-stdout",
        ];
        let keeps = keeps
            .iter()
            .chain(&["--keep-newer-files", "-t", "--list", "--backup"]);
        if !unpacks || keeps.into_iter().any(|flag| args.has(&[*flag])) {
            return;
        }
        let dir = args
            .value(&["-C", "--directory"])
            .map(|text| Word::literal(text, command.origin.clone()));
        let over = if args.has(&["--recursive-unlink"]) {
            Clobber::Folders
        } else if args.has(&["--overwrite", "--unlink-first", "-U"]) {
            Clobber::Files
        } else {
            Clobber::Unsaid
        };
        self.unpacked(dir.as_ref(), &args.operands, over);
        if over == Clobber::Unsaid || dir.is_none() {
            self.members_of(&args);
        }
        if matches!(args.value(&["-f", "--file"]), None | Some("-")) {
            self.piped(args.value(&["-C", "--directory"]));
        }
    }

    /// `tar -C a -cf - . | tar -C b -xf -`: a tree is carried over a pipe.
    fn piped(&mut self, dir: Option<&str>) {
        let program = self.command.program().unwrap_or_default();
        let fed = matches!(&self.command.stdin, Stdin::Opaque { from } if *from == program);
        let (Cwd::Known(here), true) = (&self.command.cwd, fed && self.command.is_here()) else {
            return;
        };
        let to = lexical(&here.join(dir.unwrap_or(".")));
        let packs = |before: &&Command| before.program().as_deref() == Some(program.as_str());
        let Some(before) = self.context.earlier.iter().rev().find(packs) else {
            return;
        };
        if let Some(pack) = Pack::read(before) {
            self.carried_over(&pack, &[], Landing::default(), &to);
        }
    }

    /// Tells whether a value stands in a word without anything that is not known.
    fn is_written_out(&self, value: &str) -> bool {
        let whole = |word: &Word| word.text().is_some_and(|text| text.ends_with(value));
        self.command.args().iter().any(whole)
    }

    /// `tar -cf FILE …` begins its file anew.
    fn packs(&mut self, args: &Args<'_>) {
        if args.has(&["-c", "--create"])
            && let Some(file) = args.value(&["-f", "--file"]).filter(|file| *file != "-")
            && super::deeds::remote(file).is_none()
            && (!self.context.facts.assumed || self.is_written_out(file))
        {
            let word = Word::literal(file, self.command.origin.clone());
            let over = Over {
                anew: true,
                ..Over::NEW
            };
            self.overwrite(&word, over);
        }
    }

    /// What `tar -x` puts over files that are there, as the archive names it.
    fn members_of(&mut self, args: &Args<'_>) {
        let renamed = ["--transform", "--xform", "--one-top-level"];
        // Which of them is not read: it may be any.
        let any = args.has(&["-T", "--files-from", "--wildcards"]);
        if !args.has(&renamed)
            && let Some(archive) = self.packed(args.value(&["-f", "--file"]))
        {
            let strip = args.value(&["--strip-components", "--strip"]);
            let landing = Landing {
                dir: args.value(&["-C", "--directory"]),
                strip: strip.and_then(|text| text.parse().ok()).unwrap_or(0),
                flat: false,
            };
            let chosen: &[&Word] = if any { &[] } else { &args.operands };
            self.out_of(&archive, chosen, landing);
        }
    }

    /// `unzip -o`, `7z x -aoa`.
    pub fn unzip(&mut self) {
        let valued = Valued {
            short: "dxP",
            long: &[],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        if args.has(&["-l", "-t", "-v", "-p", "-c", "-Z", "-z", "-n", "-h"]) {
            return;
        }
        let dir = args
            .value(&["-d"])
            .map(|text| Word::literal(text, command.origin.clone()));
        let over = args.has(&["-o"]);
        let members: Vec<&Word> = args.operands.iter().skip(1).copied().collect();
        if let Some(archive) = args.operands.first().filter(|_| over && dir.is_none()) {
            let landing = Landing {
                flat: args.has(&["-j"]),
                ..Landing::default()
            };
            self.out_of(archive, &members, landing);
        }
        let members = if over { members } else { Vec::new() };
        let over = if over {
            Clobber::Files
        } else {
            Clobber::Unsaid
        };
        self.unpacked(dir.as_ref(), &members, over);
    }

    /// `trash-empty`, `gio trash --empty`: what was put aside goes for good.
    pub fn trash(&mut self, program: &str) {
        let words: Vec<String> = self.command.args().iter().map(Word::shown).collect();
        let empties = program == "trash-empty" && !words.iter().any(|word| word == "--dry-run")
            || program == "gio" && words.iter().any(|word| word == "--empty");
        if empties && self.command.is_here() {
            let target = world::unnamed_target("the trash");
            let loss = Loss::new("files.recursive-delete", target);
            self.deeds.push(Deed::Lost(loss));
        }
    }
}

/// Tells whether a script of sed leaves nothing of a file.
pub fn leaves_nothing(script: &str, quiet: bool) -> bool {
    let plain: String = script
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, ';' | '{' | '}'))
        .collect();
    let deletes = matches!(
        plain.as_str(),
        "d" | "1,$d" | "0,$d" | "1~1d" | "/.*/d" | "/^/d" | "/$/d" | "//d"
    );
    deletes || (quiet && plain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_deletes_every_line_leaves_nothing_and_one_that_deletes_some_does() {
        for script in ["d", "1,$d", "/.*/ d", "1,$ { d }"] {
            assert!(leaves_nothing(script, false), "{script}");
        }
        for script in ["1d", "/x/d", "s/a/b/", "$d", ""] {
            assert!(!leaves_nothing(script, false), "{script}");
        }
        assert!(leaves_nothing("", true));
    }
}
