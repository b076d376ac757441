//! Files that are made beside the ones a program is given (`gzip -f`), written by awk itself, and environments that are emptied to be made anew.
//! Answers to questions that a program asks are read here too; whether anything is lost is for `judge`.

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::judge::{How, Over};
use super::place::{Place, lexical};
use crate::model::command::{Command, Stdin};
use crate::model::fact::{Answer, Question};
use crate::model::word::Word;

pub const AWKS: &[&str] = &["awk", "gawk", "mawk", "nawk"];

/// Programs that pack one file beside it, with their ending, and those that undo it.
const PACKERS: &[(&str, &str, bool)] = &[
    ("gzip", "gz", true),
    ("gunzip", "gz", false),
    ("pigz", "gz", true),
    ("unpigz", "gz", false),
    ("bzip2", "bz2", true),
    ("bunzip2", "bz2", false),
    ("pbzip2", "bz2", true),
    ("xz", "xz", true),
    ("unxz", "xz", false),
    ("lzma", "lzma", true),
    ("unlzma", "lzma", false),
    ("zstd", "zst", true),
    ("unzstd", "zst", false),
    ("lz4", "lz4", true),
    ("unlz4", "lz4", false),
    ("compress", "Z", true),
    ("uncompress", "Z", false),
    ("brotli", "br", true),
];

/// Tells whether a program packs files one by one.
pub fn is_packer(program: &str) -> bool {
    PACKERS.iter().any(|(name, _, _)| *name == program)
}

/// Tells whether a program is one of these.
pub fn knows(program: &str) -> bool {
    is_packer(program) || AWKS.contains(&program) || program == "virtualenv"
}

/// Tells whether a program asks before each deed, and what it reads says no every time.
pub fn answers_no(command: &Command, args: &Args<'_>) -> bool {
    let last = args
        .flags()
        .filter(|(flag, _)| {
            matches!(
                *flag,
                "-i" | "-f" | "-n" | "-I" | "--force" | "--interactive"
            )
        })
        .last();
    let asks = match last {
        Some(("-i", _)) => true,
        Some(("--interactive", value)) => value.is_none_or(|value| value == "always"),
        Some(_) | None => false,
    };
    asks && match &command.stdin {
        Stdin::Null => true,
        Stdin::Text(word) => word.text().is_some_and(|text| {
            text.lines()
                .all(|line| !line.trim_start().starts_with(['y', 'Y']))
        }),
        Stdin::Inherited | Stdin::File(_) | Stdin::Opaque { .. } => false,
    }
}

impl Reader<'_, '_> {
    /// `gzip -f FILE` writes over `FILE.gz`, and `gunzip -f FILE.gz` over `FILE`.
    pub fn packed_beside(&mut self, program: &str) {
        let valued = Valued {
            short: match program {
                "zstd" | "unzstd" => "oDMT",
                "xz" | "unxz" => "TFC",
                "brotli" => "oqw",
                _ => "Sbp",
            },
            long: &["--suffix", "--threads", "--format", "--check", "--output"],
        };
        let args = Args::read(self.command.args(), valued);
        let harmless = [
            "-c",
            "--stdout",
            "--to-stdout",
            "-t",
            "--test",
            "-l",
            "--list",
        ];
        if !args.has(&["-f", "--force"]) || args.has(&harmless) || args.has(&["-S", "--suffix"]) {
            return;
        }
        if let Some(file) = args.value(&["-o", "--output"]) {
            let word = Word::literal(file, self.command.origin.clone());
            return self.overwrite(&word, Over::NEW);
        }
        for word in &args.operands {
            for place in self.written(word) {
                for path in self.paths(&place) {
                    let Some(to) = made_beside(program, &args, &path) else {
                        continue;
                    };
                    self.deeds.push(Deed::Overwrite {
                        place: Place::At {
                            path: to.into(),
                            follow: false,
                        },
                        over: Over {
                            replaces: true,
                            ..Over::NEW
                        },
                    });
                }
            }
        }
    }

    /// Returns the paths of a place, those of a pattern as far as they are known.
    fn paths(&mut self, place: &Place) -> Vec<String> {
        match place {
            Place::At { path, .. } => vec![lexical(path).to_string_lossy().into_owned()],
            Place::Glob { dir, pattern } if !self.context.facts.assumed => {
                let question = Question::Glob {
                    dir: dir.clone(),
                    pattern: pattern.clone(),
                };
                match self.context.facts.ask(question, self.needs) {
                    Some(Answer::Glob(paths)) => paths
                        .iter()
                        .map(|path| path.to_string_lossy().into_owned())
                        .collect(),
                    Some(_) | None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// `python -m venv --clear DIR`, `virtualenv --clear DIR`: what is in the folder goes first.
    pub fn emptied_venv(&mut self) {
        let command = self.command;
        let mut words = command.args();
        let named = |at: usize, name: &str| {
            words
                .get(at)
                .is_some_and(|word| word.text().as_deref() == Some(name))
        };
        if named(0, "-m") && (named(1, "venv") || named(1, "virtualenv")) {
            words = words.get(2..).unwrap_or_default();
        } else if !command.is_any(&["virtualenv"]) {
            return;
        }
        let valued = Valued {
            short: "p",
            long: &["--prompt", "--python"],
        };
        let args = Args::read(words, valued);
        if args.has(&["--clear"]) {
            for word in args.operands {
                self.remove(word, How::plain(true));
            }
        }
    }

    /// `awk '{ print > "FILE" }'`: awk opens the file itself, and begins it anew.
    pub fn awk_output(&mut self) {
        let valued = Valued {
            short: "Fvfiel",
            long: &[
                "--field-separator",
                "--assign",
                "--file",
                "--include",
                "--source",
            ],
        };
        let args = Args::read(self.command.args(), valued);
        let given = args.value(&["-e", "--source"]).map(str::to_owned);
        let named = args.has(&["-f", "--file"]);
        let script = self.command.script.as_ref().filter(|_| named);
        let text = given.or_else(|| match script {
            Some(word) => word.text(),
            None if named => None,
            None => args.operands.first().and_then(|word| word.text()),
        });
        let set = self.awk_values();
        for file in text
            .map(|text| printed_into(&text, &set))
            .unwrap_or_default()
        {
            let word = Word::literal(file, self.command.origin.clone());
            self.overwrite(&word, Over::NEW);
        }
    }
}

impl Reader<'_, '_> {
    /// `-v out=a.csv`, `out=a.csv` among the files: what the words set for a program of awk.
    fn awk_values(&self) -> Vec<(String, String)> {
        let words = self.command.args().iter().filter_map(Word::text);
        let pair = |text: &str| {
            let (name, value) = text.split_once('=')?;
            is_name(name).then(|| (name.to_owned(), value.to_owned()))
        };
        let glued = |text: String| pair(text.strip_prefix("-v").unwrap_or(&text));
        words.filter_map(glued).collect()
    }
}

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(letter) && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns the texts that a variable may be: what the words set, and what the program says that it is.
fn texts_of(name: &str, program: &str, set: &[(String, String)]) -> Vec<String> {
    let told = set.iter().filter(|(key, _)| key == name);
    let mut all: Vec<String> = told.map(|(_, value)| value.clone()).collect();
    for (at, _) in program.match_indices(name) {
        let whole = !program
            .get(..at)
            .is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        let rest = program.get(at + name.len()..).unwrap_or_default();
        let rest = rest.trim_start().strip_prefix('=').map(str::trim_start);
        if let Some(text) = rest
            .and_then(|rest| rest.strip_prefix('"'))
            .filter(|_| whole)
        {
            let mut letters = text.chars().peekable();
            let value = quoted(&mut letters);
            let ends = letters.find(|next| !matches!(next, ' ' | '\t'));
            if ends.is_none_or(|next| matches!(next, ';' | '}' | ')' | '\n' | '#')) {
                all.push(value);
            }
        }
    }
    all
}

/// Returns the name of the file that a packer makes of one.
pub fn made_beside(program: &str, args: &Args<'_>, path: &str) -> Option<String> {
    let (_, ending, packs) = PACKERS.iter().find(|(name, _, _)| *name == program)?;
    let packs = *packs && !args.has(&["-d", "--decompress", "--uncompress"]);
    beside(path, ending, packs)
}

/// Returns the name of the file that is made beside one.
fn beside(path: &str, ending: &str, packs: bool) -> Option<String> {
    if packs {
        return Some(format!("{path}.{ending}"));
    }
    let short = match ending {
        "gz" | "Z" => ".tgz",
        "bz2" => ".tbz2",
        "xz" => ".txz",
        _ => ".tzst",
    };
    if let Some(stem) = path.strip_suffix(short) {
        return Some(format!("{stem}.tar"));
    }
    let stem = path.strip_suffix(ending)?.strip_suffix('.')?;
    Some(stem.to_owned())
}

/// Returns the files that an awk program names behind the `>` of a `print`.
fn printed_into(program: &str, set: &[(String, String)]) -> Vec<String> {
    let mut all = Vec::new();
    let mut letters = program.chars().peekable();
    let (mut prints, mut word) = (false, String::new());
    while let Some(letter) = letters.next() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            prints |= matches!(word.as_str(), "print" | "printf");
            continue;
        }
        word.clear();
        match letter {
            '"' => {
                quoted(&mut letters);
            }
            '#' => while letters.next_if(|letter| *letter != '\n').is_some() {},
            ';' | '{' | '}' | '\n' => prints = false,
            '>' if letters.next_if(|next| matches!(next, '>' | '=')).is_some() => prints = false,
            '>' if prints => {
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
                let files = if letters.next_if(|next| *next == '"').is_some() {
                    vec![quoted(&mut letters)]
                } else {
                    let part = |next: &char| next.is_ascii_alphanumeric() || *next == '_';
                    let name: String = std::iter::from_fn(|| letters.next_if(part)).collect();
                    match is_name(&name) {
                        true => texts_of(&name, program, set),
                        false => continue,
                    }
                };
                while letters.next_if(|next| matches!(next, ' ' | '\t')).is_some() {}
                // Something follows: the name is made of several parts.
                let ends = letters
                    .peek()
                    .is_none_or(|next| matches!(next, ';' | '}' | '\n' | '#'));
                let real =
                    |file: &String| !file.is_empty() && !file.starts_with("/dev/") && file != "-";
                all.extend(files.into_iter().filter(|file| ends && real(file)));
            }
            _ => {}
        }
    }
    all
}

/// Reads a text up to its closing quote.
fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => text.extend(letters.next()),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awk_names_the_files_that_it_begins_anew() {
        let printed_into = |text| printed_into(text, &[("out".to_owned(), "c".to_owned())]);
        assert_eq!(printed_into("{print $1 > \"a.txt\"}"), ["a.txt"]);
        assert_eq!(
            printed_into("{ printf(\"%s\", $1) > \"a\"; print > \"b\" }"),
            ["a", "b"]
        );
        assert_eq!(printed_into("{ if (x) { print > out } }"), ["c"]);
        assert_eq!(printed_into("BEGIN { to = \"d\" } { print > to }"), ["d"]);
        for text in [
            "$1 > 3 { print }",
            "{ print >> \"a\" }",
            "{ print > \"out-\" $1 }",
            "{ print \"x > \\\"a\\\"\" }",
            "{ print > \"/dev/stderr\" }",
            "$1 > \"a\" { print }",
            "$1 > out { print }",
            "{ print $1 > out \".txt\" }",
            "{ print > other }",
        ] {
            assert_eq!(printed_into(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_packed_file_stands_beside_its_original() {
        assert_eq!(beside("/a/n.md", "gz", true).as_deref(), Some("/a/n.md.gz"));
        assert_eq!(
            beside("/a/n.md.gz", "gz", false).as_deref(),
            Some("/a/n.md")
        );
        assert_eq!(beside("/a/n.tgz", "gz", false).as_deref(), Some("/a/n.tar"));
        assert_eq!(beside("/a/n.md", "gz", false), None);
    }
}
