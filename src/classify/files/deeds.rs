//! What each file program does to its operands, read from its words.
//! Whether anything is lost by it is for `judge`.

use super::argv::{Args, Valued};
use super::copies::{self, Copied};
use super::find;
use super::judge::{How, Judge, New, Over};
use super::kinds;
use super::place::{Place, is_output_somewhere, lexical, places, places_written};
use super::report::Loss;
use super::synced::Synced;
use super::world;
use crate::classify::Context;
use crate::model::command::Command;
use crate::model::fact::Needs;
use crate::model::word::Word;

/// Options of rsync that take a value.
const RSYNC: Valued = Valued {
    short: "eTMBf",
    long: &[
        "--rsh",
        "--exclude",
        "--include",
        "--exclude-from",
        "--include-from",
        "--filter",
        "--files-from",
        "--temp-dir",
        "--compare-dest",
        "--copy-dest",
        "--link-dest",
        "--backup-dir",
        "--suffix",
        "--chmod",
        "--chown",
        "--bwlimit",
        "--timeout",
        "--port",
        "--log-file",
        "--password-file",
        "--out-format",
        "--max-size",
        "--min-size",
        "--partial-dir",
        "--rsync-path",
        "--info",
        "--debug",
        "--max-delete",
        "--address",
    ],
};

/// One thing that a program does to a place.
#[derive(Clone, Debug)]
pub enum Deed {
    Remove {
        place: Place,
        how: How,
        shown: String,
    },
    /// `to` is a folder into which `from` goes, or the file that it replaces.
    Move {
        from: Place,
        to: Place,
        shown: String,
        /// Nothing that is there is written over (`-n`, `--backup`).
        keeps: bool,
    },
    Copy(Copied),
    Overwrite {
        place: Place,
        over: Over,
    },
    /// New content that is known.
    Replace {
        place: Place,
        over: Over,
        new: New,
    },
    /// The file gets this size.
    Resize {
        place: Place,
        over: Over,
        bytes: u64,
    },
    /// What is missing in the source goes (`rsync --delete`).
    Sync(Synced),
    Lost(Loss),
}

/// Tells whether a program is one of this family.
pub fn knows(program: &str) -> bool {
    matches!(
        program,
        "rm" | "grm"
            | "unlink"
            | "gunlink"
            | "shred"
            | "srm"
            | "wipe"
            | "trash-empty"
            | "find"
            | "gfind"
            | "mv"
            | "gmv"
            | "cp"
            | "gcp"
            | "install"
            | "ginstall"
            | "ln"
            | "gln"
            | "rsync"
            | "tar"
            | "gtar"
            | "bsdtar"
            | "dd"
            | "mt"
            | "gdd"
            | "truncate"
            | "gtruncate"
            | "tee"
            | "gtee"
            | "sponge"
            | "sed"
            | "gsed"
            | "perl"
            | "ruby"
            | "awk"
            | "gawk"
            | "chmod"
            | "chown"
            | "chgrp"
            | "rimraf"
            | "del-cli"
            | "curl"
            | "wget"
            | "sort"
            | "gsort"
            | "scp"
            | "unzip"
            | "gio"
            | "openssl"
            | "ssh-keygen"
            | "patch"
            | "gpatch"
    ) || super::unpack::PACKERS.contains(&program)
        || super::unpack::is_stream(program)
        || super::remade::knows(program)
        || super::outs::knows(program)
        || matches!(program, "ed" | "red" | "split" | "gsplit")
}

/// Reads what a redirection that writes nothing does to what `find` hands on.
pub fn emptied(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Deed> {
    let mut reader = Reader {
        command,
        context,
        needs,
        deeds: Vec::new(),
    };
    find::empties(&mut reader);
    reader.deeds
}

/// Programs whose options end at their script or pattern: what stands behind that is theirs no longer.
const ENDS_AT_OPERAND: [&str; 8] = [
    "perl", "ruby", "awk", "gawk", "mawk", "nawk", "find", "gfind",
];
/// Programs with options whose value is the next word, whatever it begins with.
const NONE_VALUED: [&str; 10] = [
    "rm", "grm", "unlink", "rmdir", "rimraf", "del-cli", "chmod", "chown", "chgrp", "tee",
];

/// Tells whether a program only says how it is used: `--help` as an option of its own, neither an operand behind `--` nor the value of another option.
fn only_says(program: &str, args: &[Word]) -> bool {
    let says = |text: &str| text == "--help" || program == "del-cli" && text == "--dry-run";
    let mut is_value = false;
    for word in args {
        let text = word.text().unwrap_or_default();
        if !is_value && says(&text) {
            return true;
        }
        let is_option = text.starts_with('-');
        if !is_value && text == "--" || !is_option && ENDS_AT_OPERAND.contains(&program) {
            return false;
        }
        let short = is_option && text.len() > 1 && !text.starts_with("--");
        is_value = short && !NONE_VALUED.contains(&program);
    }
    false
}

/// Reads what a program does.
pub fn read(
    program: &str,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Deed> {
    if only_says(program, command.args()) {
        return Vec::new();
    }
    let mut reader = Reader {
        command,
        context,
        needs,
        deeds: Vec::new(),
    };
    if super::unpack::is_stream(program) {
        reader.unpacked_stream(program);
        if !super::remade::is_packer(program) {
            return reader.deeds;
        }
    }
    let plain = match super::remade::is_packer(program) {
        true => program,
        false => program.strip_prefix('g').unwrap_or(program),
    };
    match plain {
        "rm" | "srm" => reader.rm(),
        "unlink" => reader.unlink(),
        "rimraf" | "del-cli" => reader.all(Valued::NONE, How::plain(true)),
        "shred" | "wipe" => reader.shred(),
        "find" => find::read(&mut reader),
        "mv" => reader.mv(),
        "cp" => reader.cp(),
        "install" => reader.install(),
        "ln" => reader.ln(),
        "rsync" => reader.rsync(),
        "tar" | "bsdtar" => reader.tar(),
        "dd" => reader.dd(),
        "mt" => reader.mt(),
        "truncate" => reader.truncate(),
        "tee" | "sponge" => reader.tee(),
        "sed" | "perl" => reader.sed(program),
        "ruby" => reader.ruby(),
        "curl" => {
            reader.download(program);
            reader.downloads_by_name();
        }
        "wget" => reader.download(program),
        "sort" => reader.sort(),
        "scp" => reader.scp(),
        "openssl" => reader.openssl(),
        "ssh-keygen" => reader.ssh_keygen(),
        "unzip" => reader.unzip(),
        "trash-empty" => reader.trash(program),
        "chmod" | "chown" | "chgrp" => reader.permissions(),
        "patch" => reader.patch(),
        "ed" | "red" => reader.ed(),
        "split" => reader.split(),
        _ => reader.others(program),
    }
    reader.outs(program);
    reader.deeds
}

/// Collects what one command does.
#[derive(Debug)]
pub struct Reader<'a, 'n> {
    pub command: &'a Command,
    pub context: &'a Context<'a>,
    pub needs: &'n mut Needs,
    pub deeds: Vec<Deed>,
}

impl<'a> Reader<'a, '_> {
    /// Reads what packers and programs with few losses do.
    fn others(&mut self, program: &str) {
        match program {
            "7z" | "7za" | "7zz" | "7zr" => self.seven(),
            "zip" | "rar" => self.packed_away(program),
            "python" | "python3" => {
                self.unpacked_by_python();
                self.emptied_venv();
            }
            "virtualenv" => self.emptied_venv(),
            "git" => self.git_apply(),
            _ if super::remade::is_packer(program) => self.packed_beside(program),
            _ if super::remade::AWKS.contains(&program) => {
                self.awk();
                self.awk_output();
            }
            "gio" => self.trash(program),
            _ => {}
        }
    }

    /// Returns the places of a word.
    pub fn places(&mut self, word: &Word) -> Vec<Place> {
        let mut all = places(word, self.command, self.context, self.needs);
        if find::is_handed(self.command) {
            // What a search hands on may lie in any folder below.
            for place in &mut all {
                if let Place::Below { pattern, .. } = place {
                    *pattern = None;
                }
            }
        }
        all
    }

    /// Returns the places that are written under a word.
    pub fn written(&mut self, word: &Word) -> Vec<Place> {
        places_written(word, self.command, self.context, self.needs)
    }

    /// Notes a removal of everything that a word may stand for.
    pub fn remove(&mut self, word: &Word, how: How) {
        if word.has_hole()
            && let Some(paths) = find::handed(self)
        {
            for path in paths {
                self.deeds.push(Deed::Remove {
                    shown: path.to_string_lossy().into_owned(),
                    place: Place::At {
                        path,
                        follow: false,
                    },
                    how,
                });
            }
            return;
        }
        let output = is_output_somewhere(word, self.context);
        for place in self.places(word) {
            let named = matches!(place, Place::At { .. } | Place::Glob { .. });
            if output && !named {
                continue;
            }
            self.deeds.push(Deed::Remove {
                place,
                how,
                shown: word.shown(),
            });
        }
    }

    pub fn overwrite(&mut self, word: &Word, over: Over) {
        if word.has_hole()
            && let Some(paths) = find::handed(self)
        {
            for path in paths {
                let follow = false;
                let place = Place::At { path, follow };
                self.deeds.push(Deed::Overwrite { place, over });
            }
            return;
        }
        for place in self.written(word) {
            self.deeds.push(Deed::Overwrite { place, over });
        }
    }

    fn all(&mut self, valued: Valued, how: How) {
        let command = self.command;
        let args = Args::read(command.args(), valued);
        for word in args.operands {
            self.remove(word, how);
        }
    }

    fn rm(&mut self) {
        let command = self.command;
        let args = Args::read(command.args(), Valued::NONE);
        let recursive = args.may_have(&["-r", "-R", "--recursive"]);
        if super::remade::answers_no(command, &args) {
            return;
        }
        let mut how = How::plain(recursive);
        how.repository_goes = args.operands.iter().any(|word| names_repository(word));
        if let Some(narrowing) = find::feeder(command, self.context) {
            return find::through(self, &args, recursive, &narrowing);
        }
        for word in args.operands {
            self.remove(word, how);
        }
    }

    fn unlink(&mut self) {
        self.all(Valued::NONE, How::plain(false));
    }

    fn shred(&mut self) {
        let valued = Valued {
            short: "ns",
            long: &["--iterations", "--size", "--random-source"],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        let recursive = args.has(&["-r", "--recursive"]);
        for word in args.operands {
            for place in self.places(word) {
                if let Place::At { path, .. } = &place
                    && kinds::is_disk(&lexical(path))
                {
                    self.deeds.push(Deed::Overwrite {
                        place,
                        over: Over::NEW,
                    });
                    continue;
                }
                self.deeds.push(Deed::Remove {
                    place,
                    how: How::plain(recursive),
                    shown: word.shown(),
                });
            }
        }
    }

    fn rsync(&mut self) {
        let command = self.command;
        let mut args = Args::read(command.args(), RSYNC);
        let deletes = args
            .flags()
            .any(|(flag, _)| flag == "--del" || flag.starts_with("--delete"));
        let harmless = [
            "-n",
            "--dry-run",
            "--list-only",
            "-b",
            "--backup",
            "--backup-dir",
        ];
        if args.has(&harmless) {
            return;
        }
        // Not one file goes then.
        let deletes = deletes && !matches!(args.value(&["--max-delete"]), Some("0" | "-1"));
        let Some(last) = args.operands.pop() else {
            return;
        };
        if !deletes {
            let kept = args.has(&["--ignore-existing", "-u", "--update"]);
            let over = Over {
                replaces: true,
                ..Over::NEW
            };
            let from = args.operands.clone();
            if args.has(&["--remove-source-files", "--remove-sent-files"]) {
                self.handed_over(&from, last);
            }
            if !kept {
                let whole = args.may_have(&["-a", "--archive", "-r", "--recursive"]);
                self.carried(from, last, over, whole);
            }
            return;
        }
        let shown = last.shown();
        if let Some((host, path)) = remote(&shown) {
            let reason = format!("it lives on `{host}`");
            let target = world::far_target(host, &reason, path);
            let loss = Loss::new("files.sync-delete", target);
            return self.deeds.push(Deed::Lost(loss));
        }
        self.synced(&args, last);
    }

    /// `rsync --remove-source-files FROM TO`: what is sent goes here, as by `mv`.
    fn handed_over(&mut self, from: &[&Word], to: &Word) {
        if remote(&to.shown()).is_some() {
            return;
        }
        let destinations = self.written(to);
        for word in from.iter().filter(|word| remote(&word.shown()).is_none()) {
            for from in self.places(word) {
                for to in &destinations {
                    self.deeds.push(Deed::Move {
                        from: from.clone(),
                        to: to.clone(),
                        shown: word.shown(),
                        keeps: true,
                    });
                }
            }
        }
    }

    fn dd(&mut self) {
        let command = self.command;
        let emptied = command.args().iter().any(|word| {
            let text = word.shown();
            text.starts_with("if=/dev/zero")
                || text.starts_with("if=/dev/") && text.ends_with("random")
        });
        let appends = command.args().iter().any(|word| {
            let text = word.shown();
            let flags = text.strip_prefix("oflag=").unwrap_or_default();
            flags.split(',').any(|flag| flag == "append")
        });
        let kept = command.args().iter().any(|word| {
            let text = word.shown();
            let flags = text.strip_prefix("conv=").unwrap_or_default();
            flags.split(',').any(|flag| flag == "notrunc")
        });
        if appends && kept {
            return;
        }
        for word in command.args() {
            if word.prefix().starts_with("of=") {
                let place = cut(word, 3);
                self.overwrite(
                    &place,
                    Over {
                        emptied,
                        ..Over::NEW
                    },
                );
            }
        }
    }

    /// `mt erase`, and marks that are written at the present position.
    fn mt(&mut self) {
        let valued = Valued {
            short: "ft",
            long: &["--file"],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        let step = args.operands.first().and_then(|word| word.text());
        if matches!(step.as_deref(), Some("erase" | "weof" | "eof" | "wset")) {
            let tape = args.value(&["-f", "-t", "--file"]).unwrap_or("/dev/tape");
            let word = Word::literal(tape, command.origin.clone());
            self.overwrite(&word, Over::NEW);
        }
    }
}

/// Tells whether a word names a repository's own folder.
fn names_repository(word: &Word) -> bool {
    word.shown()
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .is_some_and(|name| name == ".git" || name == ".*")
}

/// Splits `host:path` (no slash before the colon) and `rsync://host/path`.
pub fn remote(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix("rsync://") {
        return Some(rest.split_once('/').unwrap_or((rest, "")));
    }
    let (host, path) = text.split_once(':')?;
    (!host.contains('/') && !host.is_empty()).then_some((host, path))
}

/// Returns the word without its first bytes, which are known text.
pub fn cut(word: &Word, count: usize) -> Word {
    use crate::model::word::Part;
    let mut left = count;
    let mut all = word.clone();
    for piece in &mut all.pieces {
        if let Part::Literal(text) = &mut piece.part {
            let gone = left.min(text.len());
            *text = text.get(gone..).unwrap_or_default().to_owned();
            left -= gone;
        }
        if left == 0 {
            break;
        }
    }
    all
}

impl Deed {
    /// Lets the judge say what is lost.
    pub fn apply(self, judge: &mut Judge<'_, '_>) {
        match self {
            Self::Remove { place, how, shown } => judge.removal(&place, how, &shown),
            Self::Overwrite { place, over } => judge.overwrite(&place, over),
            Self::Replace { place, over, new } => judge.replace(&place, over, Some(new)),
            Self::Resize { place, over, bytes } => judge.resize(&place, over, bytes),
            Self::Sync(sync) => sync.apply(judge),
            Self::Copy(copy) => copy.apply(judge),
            Self::Move {
                from,
                to,
                shown,
                keeps,
            } => copies::moved(judge, &from, to, &shown, keeps),
            Self::Lost(loss) => judge.push(loss),
        }
    }
}
