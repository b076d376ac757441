//! Unpacking an archive over files that are there: which ones, as its table of contents names them.
//! An archive that cannot be read by its names says nothing here.

use std::path::{Component, Path, PathBuf};

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::judge::{How, Over};
use super::over::Clobber;
use super::packed::Pack;
use super::place::{Place, lexical};
use crate::model::command::{Cwd, Stdin};
use crate::model::fact::{Answer, Question};
use crate::model::word::Word;

/// Members of one archive that are looked for; of a larger one nothing is said.
const MAX_MEMBERS: usize = 1_000;

/// Programs that pack, and may take away what they packed.
pub const PACKERS: &[&str] = &["7z", "7za", "7zz", "7zr", "zip", "rar"];

/// Programs that unpack one file, with the endings that they cut off; those of the second kind do so only when asked.
const STREAMS: &[(&[&str], &[&str], &[&str])] = &[
    (&["gunzip", "unpigz"], &["gzip", "pigz"], &[".gz", ".z"]),
    (&["unxz", "unlzma"], &["xz", "lzma"], &[".xz", ".lzma"]),
    (&["bunzip2"], &["bzip2", "pbzip2"], &[".bz2", ".bz"]),
    (&["unzstd"], &["zstd", "zstdmt"], &[".zst"]),
    (&["unlz4"], &["lz4"], &[".lz4"]),
    (&["uncompress"], &[], &[".Z"]),
    (&["unbrotli"], &["brotli"], &[".br"]),
];

/// Tells whether a program unpacks one file into another.
pub fn is_stream(program: &str) -> bool {
    STREAMS
        .iter()
        .any(|(unpack, pack, _)| unpack.contains(&program) || pack.contains(&program))
}

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
    /// Notes every file that an archive puts where one may stand; tells whether that is all that can be said.
    pub fn out_of(&mut self, archive: &Word, chosen: &[&Word], landing: Landing<'_>) -> bool {
        if self.context.facts.assumed || !self.command.is_here() {
            return true;
        }
        let Cwd::Known(cwd) = &self.command.cwd else {
            return true;
        };
        let Some(name) = archive.text() else {
            return true;
        };
        let file = lexical(&cwd.join(name));
        if let Some(pack) = Pack::of(&file, self.context.earlier) {
            let folder = lexical(&cwd.join(landing.dir.unwrap_or(".")));
            let chosen: Vec<String> = chosen.iter().filter_map(|word| word.text()).collect();
            self.carried_over(&pack, &chosen, landing, &folder);
            return true;
        }
        let question = Question::Members(file);
        let members = match self.context.facts.ask(question, self.needs) {
            Some(Answer::Glob(members)) => members,
            Some(Answer::Unknown(_)) => return false,
            _ => return true,
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
            return true;
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
        true
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

    /// `zstd -d -f a.zst -o FILE`, `gunzip -f app.db.gz`: without force they leave alone what is there.
    pub fn unpacked_stream(&mut self, program: &str) {
        let Some((unpack, _, ends)) = STREAMS
            .iter()
            .find(|(unpack, pack, _)| unpack.contains(&program) || pack.contains(&program))
        else {
            return;
        };
        let valued = Valued {
            short: if program.contains("zst") || program.contains("brotli") {
                "oDMT"
            } else {
                "STM"
            },
            long: &["--output", "--suffix", "--threads", "--memory"],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        let asked = unpack.contains(&program) || args.has(&["-d", "--decompress", "--uncompress"]);
        let elsewhere = [
            "-c",
            "--stdout",
            "--to-stdout",
            "-t",
            "--test",
            "-l",
            "--list",
        ];
        if !asked || !args.has(&["-f", "--force"]) || args.has(&elsewhere) {
            return;
        }
        if let Some(file) = args.value(&["-o", "--output"]) {
            let word = Word::literal(file, command.origin.clone());
            return self.overwrite(&word, Over::NEW);
        }
        for word in args.operands {
            let Some(text) = word.text() else { continue };
            let plain = ends.iter().find_map(|end| text.strip_suffix(end));
            if let Some(plain) = plain.filter(|plain| !plain.is_empty()) {
                let word = Word::literal(plain, word.origin.clone());
                self.overwrite(&word, Over::NEW);
            }
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
            Some("d") => return self.thinned(archive),
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
            let before = self.deeds.len();
            let told = self.out_of(archive, chosen, landing);
            let dir = landing.dir.filter(|_| !told && before == self.deeds.len());
            if let Some(dir) = dir {
                // What it holds cannot be read: the folder is saved as a whole, as with any archive that is unpacked over one.
                let word = Word::literal(dir, self.command.origin.clone());
                self.unpacked(Some(&word), &[], Clobber::Files);
            }
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
        if program == "zip" && args.has(&["-d", "--delete"]) {
            if let Some(archive) = args.operands.first() {
                self.thinned(archive);
            }
            return;
        }
        if takes {
            let archive = usize::from(program == "rar") + 1;
            self.packed_from(args.operands.get(archive..).unwrap_or_default());
        }
    }

    /// Members are taken out of an archive: of a backup that is a part of what it was made for.
    pub fn thinned(&mut self, archive: &Word) {
        let path = archive.text().map(PathBuf::from);
        let kept = path.and_then(|path| super::kinds::guarded(&path, ""));
        let over = Over {
            emptied: kept == Some(super::kinds::Guarded::Backup),
            edit: true,
            ..Over::NEW
        };
        self.overwrite(archive, over);
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
    /// Tells whether leading folders are cut off.
    pub(super) const fn strips(&self) -> bool {
        self.strip > 0
    }

    /// Returns where a member lands below the folder; nothing when it is cut off altogether or leads out.
    pub(super) fn place(&self, member: &Path) -> Option<PathBuf> {
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

    #[test]
    fn an_archive_of_an_unknown_kind_counts_only_where_it_is_put_over_a_folder_on_purpose() {
        use crate::classify::files::bench::{Bench, line};
        let question = Question::Members("/home/ann/shop/a.7z".into());
        let bench = Bench::here()
            .folder("/home/ann/shop/live", 3)
            .git("/home/ann/shop/live", |git| git.untracked = 3)
            .learn(question, Answer::Unknown("packed".into()));
        assert_eq!(
            bench.lost(&line("7z x -y a.7z -olive")),
            ["files.unpack-over"]
        );
        let nothing: [&str; 0] = [];
        assert_eq!(bench.lost(&line("7z x a.7z -olive")), nothing);
        assert_eq!(bench.lost(&line("7z x -y a.7z")), nothing);
        let none = Bench::assumed();
        assert_eq!(none.lost(&line("7z x -y a.7z -olive")), nothing);
    }
}
