//! Archives that the call itself has made: what they hold is where it was packed, and unpacking them carries it over.
//! It reads the words of tar and zip; an archive that is there already is asked for its members elsewhere.

use std::path::{Path, PathBuf};

use super::argv::{Args, Valued};
use super::copies::Copied;
use super::deeds::{Deed, Reader};
use super::judge::Over;
use super::over::{TAR, dashed};
use super::place::{Place, lexical};
use super::unpack::Landing;
use crate::model::command::{Command, Cwd};
use crate::model::word::Word;

/// What one command has packed.
pub(super) struct Pack {
    from: PathBuf,
    names: Vec<String>,
    /// The archive; none where it went down a pipe.
    file: Option<PathBuf>,
}

impl Pack {
    /// Reads a command that packs.
    pub fn read(command: &Command) -> Option<Self> {
        if !command.is_here() {
            return None;
        }
        if command.is_any(&["tar", "gtar", "bsdtar"]) {
            return Self::tar(command);
        }
        command.is_any(&["zip"]).then(|| Self::zip(command))?
    }

    fn tar(command: &Command) -> Option<Self> {
        let Cwd::Known(cwd) = &command.cwd else {
            return None;
        };
        let mut words = command.args().to_vec();
        if let Some(first) = words.first_mut()
            && let Some(text) = first.text().filter(|text| !text.starts_with('-'))
        {
            *first = Word::literal(dashed(&text), first.origin.clone());
        }
        let args = Args::read(&words, TAR);
        if !args.has(&["-c", "--create"]) || args.has(&["--transform", "--xform"]) {
            return None;
        }
        let file = args.value(&["-f", "--file"]).filter(|file| *file != "-");
        Some(Self {
            from: cwd.join(args.value(&["-C", "--directory"]).unwrap_or(".")),
            names: args
                .operands
                .iter()
                .filter_map(|word| word.text())
                .collect(),
            file: file.map(|file| lexical(&cwd.join(file))),
        })
    }

    fn zip(command: &Command) -> Option<Self> {
        let Cwd::Known(cwd) = &command.cwd else {
            return None;
        };
        let valued = Valued {
            short: "bnPtZ",
            long: &[],
        };
        let args = Args::read(command.args(), valued);
        if args.has(&["-d", "-j", "-u", "-f", "-@"]) {
            return None;
        }
        let mut names = args.operands.iter().filter_map(|word| word.text());
        let mut file = cwd.join(names.next()?);
        if file.extension().is_none() {
            file.set_extension("zip");
        }
        Some(Self {
            from: cwd.clone(),
            names: names.collect(),
            file: Some(lexical(&file)),
        })
    }

    /// Returns what an earlier command of the call has packed into this file.
    pub fn of(archive: &Path, earlier: &[Command]) -> Option<Self> {
        let mut packs = earlier.iter().rev().filter_map(Self::read);
        packs.find(|pack| pack.file.as_deref() == Some(archive))
    }
}

impl Reader<'_, '_> {
    /// Carries what was packed to where it lands.
    pub(super) fn carried_over(
        &mut self,
        pack: &Pack,
        chosen: &[String],
        landing: Landing<'_>,
        to: &Path,
    ) {
        let at = |path: PathBuf| Place::At {
            path,
            follow: false,
        };
        let over = Over {
            replaces: true,
            ..Over::NEW
        };
        for name in &pack.names {
            let under = |one: &&String| {
                let own = Path::new(name.as_str());
                own == Path::new(".") || Path::new(one.as_str()).starts_with(own)
            };
            let parts: Vec<&String> = match chosen {
                [] => vec![name],
                chosen => chosen.iter().filter(under).collect(),
            };
            for name in parts {
                let path = match landing.place(Path::new(name)) {
                    Some(place) => to.join(place),
                    None if name.trim_end_matches('/') == "." || landing.strips() => to.to_owned(),
                    None => continue,
                };
                self.deeds.push(Deed::Copy(Copied {
                    whole: true,
                    inside: true,
                    ..Copied::file(
                        name.clone(),
                        Some(at(lexical(&pack.from.join(name)))),
                        at(lexical(&path)),
                        over,
                    )
                }));
            }
        }
    }
}
