//! Programs that write a file which their words name: an option's value, or an operand at a known place.
//! It is a table; whether a file stands there, and whether anything is lost by it, is for `judge`.

use super::argv::{Args, Valued};
use super::deeds::{Reader, cut};
use super::judge::Over;
use super::kinds;
use crate::model::command::Command;
use crate::model::word::Word;

/// Where the operand stands that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Only options name files.
    Nowhere,
    /// The last word.
    Last,
    /// Every operand from this one on, the subcommand not counted.
    From(usize),
    /// One operand.
    Only(usize),
}

/// One program, or one subcommand of it.
#[derive(Clone, Copy, Debug)]
struct Row {
    programs: &'static [&'static str],
    /// The first words that must stand there.
    path: &'static [&'static str],
    /// Options whose value is written.
    options: &'static [&'static str],
    place: Place,
    valued: Valued,
    /// Flags one of which must stand there; none are needed when it is empty.
    needs: &'static [&'static str],
    /// Flags under which nothing is written over.
    unless: &'static [&'static str],
    /// Most of the content stays.
    edit: bool,
    /// It makes things of a guarded kind by design (dumps, keys): the name alone says nothing.
    makes: bool,
}

const ROW: Row = Row {
    programs: &[],
    path: &[],
    options: &[],
    place: Place::Nowhere,
    valued: Valued::NONE,
    needs: &[],
    unless: &[],
    edit: false,
    makes: false,
};

const fn option(programs: &'static [&'static str], options: &'static [&'static str]) -> Row {
    Row {
        programs,
        options,
        ..ROW
    }
}

const fn dump(programs: &'static [&'static str], options: &'static [&'static str]) -> Row {
    Row {
        makes: true,
        ..option(programs, options)
    }
}

const fn under(path: &'static [&'static str], row: Row) -> Row {
    Row { path, ..row }
}

const EDITOR: Row = Row {
    place: Place::From(0),
    edit: true,
    ..ROW
};

const ROWS: &[Row] = &[
    // Compilers and linkers.
    option(
        &[
            "gcc", "g++", "cc", "c++", "clang", "clang++", "ld", "ld.lld", "ld.gold", "as", "nasm",
            "yasm", "gfortran", "tcc", "rustc", "ghc", "ocamlopt", "ocamlc", "nvcc", "emcc",
            "ldc2",
        ],
        &["-o"],
    ),
    under(&["build"], option(&["go"], &["-o"])),
    under(&["test"], option(&["go"], &["-o"])),
    // Documents, pictures, sounds, bundles.
    option(&["pandoc"], &["-o", "--output"]),
    option(&["dot", "neato", "fdp", "sfdp", "circo", "d2"], &["-o"]),
    option(&["xsltproc", "cwebp", "rsvg-convert"], &["-o", "--output"]),
    option(&["xmllint"], &["--output", "-o"]),
    option(&["esbuild"], &["--outfile"]),
    option(&["terser", "uglifyjs", "csso"], &["-o", "--output"]),
    option(&["rollup"], &["-o", "--file"]),
    option(&["tsc"], &["--outFile"]),
    option(&["gs"], &["-o"]),
    option(
        &["iconv", "pip-compile"],
        &["-o", "--output", "--output-file"],
    ),
    under(&["export"], option(&["poetry"], &["-o", "--output"])),
    under(
        &["pip", "compile"],
        option(&["uv"], &["-o", "--output-file"]),
    ),
    Row {
        place: Place::Last,
        needs: &["-y"],
        ..option(&["ffmpeg"], &[])
    },
    Row {
        place: Place::Last,
        ..option(
            &["convert", "magick", "sox", "wkhtmltopdf", "weasyprint"],
            &[],
        )
    },
    option(&["shuf"], &["-o", "--output"]),
    Row {
        place: Place::Only(1),
        valued: Valued {
            short: "fsw",
            long: &["--skip-fields", "--skip-chars", "--check-chars"],
        },
        ..option(&["uniq"], &[])
    },
    Row {
        place: Place::Only(1),
        valued: Valued {
            short: "cglosnR",
            long: &[],
        },
        ..option(&["xxd"], &[])
    },
    // What was seen on the network, or fetched from it.
    option(&["tcpdump", "tshark", "dumpcap"], &["-w"]),
    option(&["nmap"], &["-oN", "-oX", "-oG"]),
    option(&["http", "https", "xh"], &["-o", "--output"]),
    option(&["trivy", "grype"], &["-o", "--output"]),
    // Archives and images.
    Row {
        path: &["archive"],
        ..option(&["git"], &["-o", "--output"])
    },
    under(&["diff"], option(&["git"], &["--output"])),
    under(&["log"], option(&["git"], &["--output"])),
    under(&["show"], option(&["git"], &["--output"])),
    Row {
        path: &["bundle", "create"],
        place: Place::Only(0),
        ..option(&["git"], &[])
    },
    under(
        &["save"],
        dump(&["docker", "podman", "nerdctl"], &["-o", "--output"]),
    ),
    under(
        &["export"],
        dump(&["docker", "podman", "nerdctl"], &["-o", "--output"]),
    ),
    option(&["genisoimage", "mkisofs", "xorrisofs"], &["-o"]),
    Row {
        path: &["create"],
        place: Place::Only(0),
        valued: Valued {
            short: "fobF",
            long: &[],
        },
        makes: true,
        ..option(&["qemu-img"], &[])
    },
    Row {
        path: &["-m", "zipfile"],
        ..option(&["python", "python3"], &["-c", "--create"])
    },
    Row {
        path: &["-m", "tarfile"],
        ..option(&["python", "python3"], &["-c", "--create"])
    },
    Row {
        path: &["-m", "json.tool"],
        place: Place::Only(1),
        ..option(&["python", "python3"], &[])
    },
    // Dumps and keys.
    dump(&["pg_dump", "pg_dumpall", "pg_restore"], &["-f", "--file"]),
    dump(&["mysqldump", "mariadb-dump"], &["-r", "--result-file"]),
    dump(&["psql"], &["-o", "--output", "-L", "--log-file"]),
    dump(&["sqlcmd", "clickhouse-client"], &["-o", "--output"]),
    dump(&["redis-cli"], &["--rdb"]),
    dump(&["mongodump"], &["--archive"]),
    dump(&["mongoexport"], &["-o", "--out"]),
    Row {
        path: &["snapshot", "save"],
        place: Place::Only(0),
        ..dump(&["etcdctl"], &[])
    },
    Row {
        needs: &["--yes"],
        ..dump(&["gpg", "gpg2"], &["-o", "--output"])
    },
    dump(&["age", "rage"], &["-o", "--output"]),
    // Holes and zeros in a file.
    Row {
        place: Place::From(0),
        valued: Valued {
            short: "ol",
            long: &["--offset", "--length"],
        },
        needs: &[
            "-p",
            "--punch-hole",
            "-z",
            "--zero-range",
            "-c",
            "--collapse-range",
        ],
        unless: &["-d", "--dig-holes"],
        ..option(&["fallocate"], &[])
    },
    // Editors that are told what to do.
    Row {
        programs: &["ex", "vim", "vi", "nvim"],
        valued: Valued {
            short: "cSTuUwWit",
            long: &["--cmd"],
        },
        needs: &["-c", "-S"],
        unless: &["-R", "-M", "--version"],
        ..EDITOR
    },
    Row {
        programs: &["awk", "gawk"],
        place: Place::From(1),
        valued: Valued {
            short: "vFie",
            long: &["--assign", "--field-separator", "--include", "--source"],
        },
        needs: &["-i", "--include"],
        ..EDITOR
    },
    Row {
        programs: &["yq"],
        place: Place::From(1),
        needs: &["-i", "--inplace"],
        ..EDITOR
    },
];

/// Returns the files that a program of the table writes.
pub fn outputs(program: &str, command: &Command) -> Vec<Word> {
    let rows = ROWS.iter().filter(|row| row.programs.contains(&program));
    rows.filter_map(|row| Some(row.files(behind(row.path, command.args())?)))
        .flatten()
        .collect()
}

/// Tells whether a program names the files that it writes.
pub fn knows(program: &str) -> bool {
    ROWS.iter().any(|row| row.programs.contains(&program))
}

impl Reader<'_, '_> {
    /// Notes the files that a program of the table writes.
    pub fn outs(&mut self, program: &str) {
        let rows = ROWS.iter().filter(|row| row.programs.contains(&program));
        for row in rows {
            let Some(words) = behind(row.path, self.command.args()) else {
                continue;
            };
            let over = Over {
                edit: row.edit,
                anew: row.makes,
                ..Over::NEW
            };
            // Of a dump or a key that is made the name alone says nothing, unless it is that of the last backup.
            let says = |word: &Word| {
                let makes = row.makes && self.context.facts.assumed;
                !makes
                    || word
                        .text()
                        .is_some_and(|text| kinds::is_last_backup(std::path::Path::new(&text)))
            };
            for word in row.files(words) {
                if word.text().as_deref() != Some("-") && says(&word) {
                    self.overwrite(&word, over);
                }
            }
        }
    }
}

/// Returns the words behind a subcommand.
fn behind<'a>(path: &[&str], words: &'a [Word]) -> Option<&'a [Word]> {
    let stands = path
        .iter()
        .zip(words)
        .filter(|(name, word)| word.text().as_deref() == Some(**name))
        .count();
    (stands == path.len()).then(|| words.get(path.len()..).unwrap_or_default())
}

impl Row {
    fn files(&self, words: &[Word]) -> Vec<Word> {
        let args = Args::read(words, self.valued);
        // ` -y` of ffmpeg and the like are looked for as they stand: their other options are no clusters.
        let stands = |flags: &[&str]| {
            let as_written = |word: &Word| flags.iter().any(|flag| word.prefix() == *flag);
            words.iter().any(as_written) || self.place != Place::Last && args.has(flags)
        };
        let inplace = match self.programs.first() {
            Some(&"awk") => args
                .value(self.needs)
                .is_some_and(|value| value.starts_with("inplace")),
            Some(&"ex") => {
                args.has(&["-S"]) || values("-c", words).iter().any(writes_back) || {
                    let clustered = args.value(&["-c"]);
                    clustered.is_some_and(ends_in_writing)
                }
            }
            _ => true,
        };
        if !self.needs.is_empty() && !stands(self.needs) || stands(self.unless) || !inplace {
            return Vec::new();
        }
        let mut all = Vec::new();
        for option in self.options {
            all.extend(values(option, words));
        }
        let operands = args.operands.iter().map(|word| (*word).clone());
        match self.place {
            Place::Nowhere => {}
            Place::Last => {
                let last = words.last().filter(|_| words.len() > 1);
                all.extend(last.filter(|word| !word.prefix().starts_with('-')).cloned());
            }
            Place::From(from) => all.extend(operands.skip(from)),
            Place::Only(at) => all.extend(operands.skip(at).take(1)),
        }
        all
    }
}

fn writes_back(word: &Word) -> bool {
    ends_in_writing(&word.shown())
}

/// Tells whether a line for ex writes its file (`%d|x`, `wq`, `:w!`, `up`).
fn ends_in_writing(line: &str) -> bool {
    line.split('|').any(|part| {
        let part = part.trim_start_matches([':', ' ']);
        part.starts_with(['w', 'x']) || part.starts_with("up") || part.starts_with("sil")
    })
}

/// Returns the values of an option: in the next word, behind `=`, or attached to a letter.
fn values(option: &str, words: &[Word]) -> Vec<Word> {
    let letter = option.len() == 2;
    let mut all = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let head = word.prefix();
        if head == "--" {
            break;
        }
        if head == option {
            all.extend(rest.next().cloned());
            continue;
        }
        let Some(tail) = head.strip_prefix(option) else {
            continue;
        };
        if tail.starts_with('=') {
            all.push(cut(word, option.len() + 1));
        } else if letter {
            all.push(cut(word, option.len()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::line;

    fn files(text: &str) -> Vec<String> {
        let command = line(text);
        let program = command.program().unwrap();
        outputs(&program, &command)
            .into_iter()
            .map(|word| word.shown())
            .collect()
    }

    #[test]
    fn files_that_are_written_are_found_at_their_place() {
        for (text, file) in [
            ("gcc -O2 -o app main.c", "app"),
            ("gcc -oapp main.c", "app"),
            ("go build -o=bin/app ./cmd", "bin/app"),
            ("pandoc a.md --output=a.pdf", "a.pdf"),
            ("ffmpeg -y -i a.mov out.mp4", "out.mp4"),
            ("git archive -o a.zip HEAD", "a.zip"),
            ("git bundle create a.bundle --all", "a.bundle"),
            ("pg_dump shop -f shop.sql", "shop.sql"),
            ("mysqldump --result-file=s.sql shop", "s.sql"),
            ("psql -L log.txt -c x", "log.txt"),
            ("fallocate -p -o 0 -l 10 a.bin", "a.bin"),
            ("vim -es -c %d -c x a.txt", "a.txt"),
            ("ex -sc %d|x a.txt", "a.txt"),
            ("gawk -i inplace {print} a.txt", "a.txt"),
            ("python3 -m json.tool a.json b.json", "b.json"),
            ("convert a.png b.png", "b.png"),
            ("gpg --yes -o a.txt -d a.gpg", "a.txt"),
        ] {
            assert_eq!(files(text), [file], "{text}");
        }
    }

    #[test]
    fn what_only_reads_or_asks_first_writes_nothing() {
        for text in [
            "gcc -c main.c",
            "go vet ./...",
            "ffmpeg -i a.mov out.mp4",
            "git log -o x",
            "git bundle verify a.bundle",
            "fallocate -l 10 a.bin",
            "vim a.txt",
            "vim -c q a.txt",
            "gawk -i lib {print} a.txt",
            "gawk {print} a.txt",
            "python3 -m json.tool a.json",
            "gpg -o a.txt -d a.gpg",
            "etcdctl snapshot status a.db",
        ] {
            assert!(files(text).is_empty(), "{text}");
        }
    }
}
