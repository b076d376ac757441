//! Unpacking an archive over files that are there: which ones, as its table of contents names them.
//! An archive that cannot be read by its names says nothing here.

use std::path::{Component, Path, PathBuf};

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::judge::{How, Over};
use super::place::{Place, lexical};
use crate::model::command::{Cwd, Stdin};
use crate::model::fact::{Answer, Question};
use crate::model::word::Word;

/// Members of one archive that are looked for; of a larger one nothing is said.
const MAX_MEMBERS: usize = 1_000;

/// Programs that pack, and may take away what they packed.
pub const PACKERS: &[&str] = &["7z", "7za", "7zz", "7zr", "zip", "rar"];

/// How members get their places.
#[derive(Clone, Copy, Debug, Default)]
pub struct Landing<'a> {
    pub dir: Option<&'a str>,
    /// Leading folders that are cut off.
    pub strip: usize,
    /// Folders are left out altogether.
    pub flat: bool,
}

impl Reader<'_, '_> {
    /// Notes every file that an archive puts where one may stand.
    pub fn out_of(&mut self, archive: &Word, chosen: &[&Word], landing: Landing<'_>) {
        if self.context.facts.assumed || !self.command.is_here() {
            return;
        }
        let Cwd::Known(cwd) = &self.command.cwd else {
            return;
        };
        let Some(name) = archive.text() else {
            return;
        };
        let question = Question::Members(lexical(&cwd.join(name)));
        let Some(Answer::Glob(members)) = self.context.facts.ask(question, self.needs) else {
            return;
        };
        let folder = lexical(&cwd.join(landing.dir.unwrap_or(".")));
        let chosen: Vec<String> = chosen.iter().filter_map(|word| word.text()).collect();
        let picked = |member: &&PathBuf| {
            let under = |name: &String| member.starts_with(name.trim_end_matches('/'));
            chosen.is_empty() || chosen.iter().any(under)
        };
        let places: Vec<PathBuf> = members
            .iter()
            .filter(picked)
            .filter_map(|member| landing.place(member))
            .collect();
        let places = self.may_stand(places, &folder);
        if places.len() > MAX_MEMBERS {
            return;
        }
        for path in places {
            self.deeds.push(Deed::Overwrite {
                place: Place::At {
                    path,
                    follow: false,
                },
                over: Over {
                    replaces: true,
                    ..Over::NEW
                },
            });
        }
    }

    /// Keeps the places below whose first folder something stands: most archives bring a folder of their own.
    fn may_stand(&mut self, places: Vec<PathBuf>, folder: &Path) -> Vec<PathBuf> {
        let mut known: Vec<(PathBuf, bool)> = Vec::new();
        let mut all = Vec::new();
        for place in places {
            let Some(first) = place.components().next().map(|part| folder.join(part)) else {
                continue;
            };
            let stands = match known.iter().find(|(path, _)| *path == first) {
                Some((_, stands)) => *stands,
                None if known.len() >= MAX_MEMBERS => return Vec::new(),
                None => {
                    let question = Question::Entry(first.clone());
                    let answer = self.context.facts.ask(question, self.needs);
                    let stands = matches!(answer, Some(Answer::Entry(_)));
                    known.push((first, stands));
                    stands
                }
            };
            if stands {
                all.push(folder.join(place));
            }
        }
        all
    }

    /// `python3 -m zipfile -e a.zip DIR`, `python3 -m tarfile -e a.tar [DIR]`.
    pub fn unpacked_by_python(&mut self) {
        let words = self.command.args();
        let shown: Vec<String> = words.iter().map(Word::shown).collect();
        let [dash, module, flag, ..] = shown.as_slice() else {
            return;
        };
        let unpacks = matches!(flag.as_str(), "-e" | "--extract");
        if dash != "-m" || !matches!(module.as_str(), "zipfile" | "tarfile") || !unpacks {
            return;
        }
        if let Some(archive) = words.get(3) {
            let landing = Landing {
                dir: shown.get(4).map(String::as_str),
                ..Landing::default()
            };
            self.out_of(archive, &[], landing);
        }
    }

    /// `7z x -y a.zip -oDIR`.
    pub fn seven(&mut self) {
        let words = self.command.args();
        let args = Args::read(words, Valued::NONE);
        let [step, archive, chosen @ ..] = args.operands.as_slice() else {
            return;
        };
        let takes = |word: &Word| word.text().as_deref() == Some("-sdel");
        if words.iter().any(takes) {
            return self.packed_from(chosen);
        }
        let flat = match step.text().as_deref() {
            Some("x") => false,
            Some("e") => true,
            _ => return,
        };
        let shown: Vec<String> = words.iter().map(Word::shown).collect();
        let over = shown
            .iter()
            .any(|text| matches!(text.as_str(), "-y" | "-aoa"));
        let keeps = shown
            .iter()
            .any(|text| matches!(text.as_str(), "-aos" | "-aou" | "-so"));
        if over && !keeps {
            let landing = Landing {
                dir: shown.iter().find_map(|text| text.strip_prefix("-o")),
                flat,
                strip: 0,
            };
            self.out_of(archive, chosen, landing);
        }
    }

    /// `zip -rm a.zip data`, `rar m a.rar data`: what is in the archive is no more beside it.
    pub fn packed_away(&mut self, program: &str) {
        let valued = Valued {
            short: if program == "zip" { "bntOPsx" } else { "" },
            long: &[
                "--exclude",
                "--include",
                "--temp-path",
                "--password",
                "--suffixes",
            ],
        };
        let args = Args::read(self.command.args(), valued);
        let takes = match (program, args.operands.first().and_then(|word| word.text())) {
            ("zip", _) => args.has(&["-m", "--move"]),
            (_, Some(step)) => matches!(step.as_str(), "m" | "mf"),
            _ => false,
        };
        if takes {
            let archive = usize::from(program == "rar") + 1;
            self.packed_from(args.operands.get(archive..).unwrap_or_default());
        }
    }

    fn packed_from(&mut self, words: &[&Word]) {
        for word in words {
            self.remove(word, How::plain(true));
        }
    }

    /// Returns the archive that tar reads: the value of `-f`, or the file on its standard input.
    pub fn packed(&self, file: Option<&str>) -> Option<Word> {
        match (file, &self.command.stdin) {
            (Some("-") | None, Stdin::File(word)) => Some(word.clone()),
            (Some("-") | None, _) => None,
            (Some(file), _) => Some(Word::literal(file, self.command.origin.clone())),
        }
    }
}

impl Landing<'_> {
    /// Returns where a member lands below the folder; nothing when it is cut off altogether or leads out.
    fn place(&self, member: &Path) -> Option<PathBuf> {
        let mut names: Vec<&std::ffi::OsStr> = Vec::new();
        for part in member.components() {
            match part {
                Component::Normal(name) => names.push(name),
                Component::ParentDir => return None,
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        let skip = if self.flat {
            names.len().saturating_sub(1)
        } else {
            self.strip
        };
        let path: PathBuf = names.into_iter().skip(skip).collect();
        (!path.as_os_str().is_empty()).then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_lands_without_its_leading_folders_and_never_outside() {
        let at = |strip, flat, member: &str| {
            let landing = Landing {
                dir: None,
                strip,
                flat,
            };
            landing.place(Path::new(member))
        };
        assert_eq!(at(0, false, "./a/b"), Some("a/b".into()));
        assert_eq!(at(1, false, "a/b"), Some("b".into()));
        assert_eq!(at(1, false, "b"), None);
        assert_eq!(at(0, true, "a/b/c"), Some("c".into()));
        assert_eq!(at(0, false, "../b"), None);
    }
}
