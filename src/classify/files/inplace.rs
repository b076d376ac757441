//! Programs that cut files or change them in place: what they leave of a file, as far as their own words say.
//! Whether anything is lost by it is for `judge`.

use super::argv::{Args, Valued};
use super::deeds::{Deed, Reader};
use super::judge::{New, Over};
use super::place::{Place, lexical};
use super::{find, kinds};
use crate::model::command::Stdin;
use crate::model::word::Word;

impl Reader<'_, '_> {
    pub fn truncate(&mut self) {
        let valued = Valued {
            short: "sr",
            long: &["--size", "--reference"],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        let size = args.value(&["-s", "--size"]);
        if size.is_some_and(|size| size.starts_with(['+', '>', '%'])) {
            return;
        }
        let to_nothing = size.is_some_and(|size| size.chars().all(|letter| letter == '0'));
        if find::empties(self) {
            return;
        }
        // `-s '<1G'`: at most so many.
        let bytes = size
            .map(|size| size.trim_start_matches('<'))
            .and_then(size_of)
            .filter(|_| !to_nothing && !args.has(&["-o", "--io-blocks"]));
        for word in args.operands {
            // Emptying a log is what logs are rotated by.
            let over = Over {
                emptied: true,
                nulled: to_nothing && !kinds::is_log(&word.shown()),
                ..Over::NEW
            };
            let Some(bytes) = bytes.filter(|_| !word.has_hole()) else {
                self.overwrite(word, over);
                continue;
            };
            for place in self.written(word) {
                self.deeds.push(Deed::Resize { place, over, bytes });
            }
        }
    }

    pub fn tee(&mut self) {
        let command = self.command;
        let args = Args::read(command.args(), Valued::NONE);
        if args.has(&["-a", "--append"]) {
            return;
        }
        // `true | sponge f`: nothing comes, and nothing is left.
        let nothing = match &command.stdin {
            Stdin::Null => true,
            Stdin::Text(word) => word.text().is_some_and(|text| text.trim().is_empty()),
            Stdin::File(word) => word.text().as_deref() == Some("/dev/null"),
            Stdin::Inherited | Stdin::Opaque { .. } => false,
        };
        if nothing && find::empties(self) {
            return;
        }
        let new = (!nothing).then(|| self.arriving()).flatten();
        let sponge = command.is_any(&["sponge"]);
        let holds = |name: &str| {
            sponge && !kinds::is_log(name) || kinds::is_content(std::path::Path::new(name))
        };
        for word in args.operands {
            let over = Over {
                emptied: nothing,
                nulled: nothing && holds(&word.shown()),
                ..Over::NEW
            };
            match new.clone().filter(|_| !word.has_hole()) {
                Some(new) => {
                    for place in self.written(word) {
                        let new = new.clone();
                        self.deeds.push(Deed::Replace { place, over, new });
                    }
                }
                None => self.overwrite(word, over),
            }
        }
    }

    /// Returns what arrives on the standard input, where all of it is known.
    fn arriving(&mut self) -> Option<New> {
        let command = self.command;
        match &command.stdin {
            Stdin::Text(word) => word.text().filter(|text| !text.is_empty()).map(New::Text),
            Stdin::File(word) => match self.places(word).as_slice() {
                [Place::At { path, .. }] => Some(New::Stream(lexical(path))),
                _ => None,
            },
            Stdin::Null | Stdin::Inherited | Stdin::Opaque { .. } => None,
        }
    }

    /// `sed -i` and `perl -i` change files in place.
    pub fn sed(&mut self, program: &str) {
        let command = self.command;
        let in_place = command.args().iter().any(|word| {
            let text = word.shown();
            let short = text.starts_with('-') && !text.starts_with("--");
            text.starts_with("--in-place")
                || (short && program == "perl" && perl_in_place(&text))
                || (short && program != "perl" && sed_in_place(&text))
        });
        if program != "perl" {
            for file in crate::classify::doors::sed::written(command) {
                self.overwrite(&file, Over::NEW);
            }
        }
        let ending = copy_ending(command.args());
        if !in_place && ending.is_none() {
            return;
        }
        let valued = if program == "perl" {
            Valued {
                short: "eEI",
                long: &[],
            }
        } else {
            Valued {
                short: "efl",
                long: &["--expression", "--file", "--line-length"],
            }
        };
        let args = Args::read(command.args(), valued);
        let script = usize::from(!args.has(&["-e", "-E", "-f", "--expression", "--file"]));
        let given = args.value(&["-e", "--expression"]).map(str::to_owned);
        let text = given.or_else(|| args.operands.first().filter(|_| script == 1)?.text());
        let quiet = args.has(&["-n", "--quiet", "--silent"]);
        let emptied = text.is_some_and(|text| match program {
            "perl" => prints_nothing(&text, quiet, args.has(&["-p"])),
            _ => super::over::leaves_nothing(&text, quiet),
        });
        if emptied && ending.is_none() && find::empties(self) {
            return;
        }
        let over = Over {
            edit: !emptied,
            emptied,
            nulled: emptied,
            replaces: !args.has(&["--follow-symlinks"]),
            ..Over::NEW
        };
        for word in args.operands.into_iter().skip(script) {
            // The file as it was stands under the other name then, in place of what stood there.
            match (&ending, word.text()) {
                (Some(ending), Some(name)) => {
                    let copy = Word::literal(format!("{name}{ending}"), word.origin.clone());
                    self.overwrite(&copy, Over::BESIDE);
                }
                (Some(_), None) => {}
                (None, _) => self.overwrite(word, over),
            }
        }
    }

    /// `ed FILE` that is fed with a script which deletes every line and writes.
    pub fn ed(&mut self) {
        let command = self.command;
        let valued = Valued {
            short: "p",
            long: &["--prompt"],
        };
        let args = Args::read(command.args(), valued);
        let file = args.operands.last().copied();
        let told = match &command.stdin {
            Stdin::Text(script) => Told::read(&script.shown()),
            Stdin::File(_) | Stdin::Opaque { .. } => Told {
                edits: true,
                ..Told::default()
            },
            _ => return,
        };
        for name in &told.others {
            self.overwrite(&Word::literal(name, command.origin.clone()), Over::NEW);
        }
        let Some(file) = file.filter(|_| told.empties || told.edits) else {
            return;
        };
        let over = if told.empties {
            Over {
                emptied: true,
                nulled: !kinds::is_log(&file.shown()),
                ..Over::NEW
            }
        } else {
            Over {
                edit: true,
                ..Over::NEW
            }
        };
        self.overwrite(file, over);
    }

    /// `split INPUT PREFIX`: the first piece is written in any case, the others where there is more to write.
    pub fn split(&mut self) {
        let valued = Valued {
            short: "abClnt",
            long: &[
                "--suffix-length",
                "--additional-suffix",
                "--bytes",
                "--line-bytes",
                "--lines",
                "--number",
                "--separator",
                "--filter",
            ],
        };
        let command = self.command;
        let args = Args::read(command.args(), valued);
        let numbered = args
            .flags()
            .any(|(flag, _)| flag.starts_with("-d") || flag.starts_with("--numeric"));
        let odd = args.has(&["-x", "--filter", "--additional-suffix"])
            || args.flags().any(|(flag, _)| flag.starts_with("--hex"));
        let prefix = match args.operands.get(1) {
            Some(word) => word.text(),
            None => Some("x".to_owned()),
        };
        let length = match args.value(&["-a", "--suffix-length"]) {
            Some(text) => text.parse::<usize>().ok().filter(|count| *count <= 16),
            None => Some(2),
        };
        let (Some(prefix), Some(length), false) = (prefix, length, odd) else {
            return;
        };
        let letter = if numbered { "0" } else { "a" };
        let first = format!("{prefix}{}", letter.repeat(length));
        let word = Word::literal(&first, command.origin.clone());
        let over = Over {
            anew: true,
            ..Over::NEW
        };
        self.overwrite(&word, over);
    }

    /// `ruby -i -ne SCRIPT FILE`.
    pub fn ruby(&mut self) {
        let command = self.command;
        let in_place = command.args().iter().any(|word| {
            let text = word.shown();
            text.starts_with('-') && !text.starts_with("--") && perl_in_place(&text)
        });
        let valued = Valued {
            short: "eIrC",
            long: &[],
        };
        let args = Args::read(command.args(), valued);
        let script = args.value(&["-e"]).unwrap_or_default().to_owned();
        if in_place && prints_nothing(&script, args.has(&["-n"]), args.has(&["-p"])) {
            self.nulled(args.operands);
        }
    }

    /// `awk -i inplace SCRIPT FILE`.
    pub fn awk(&mut self) {
        let command = self.command;
        let valued = Valued {
            short: "ivFfe",
            long: &[
                "--include",
                "--assign",
                "--field-separator",
                "--file",
                "--source",
            ],
        };
        let args = Args::read(command.args(), valued);
        let in_place = args.value(&["-i", "--include"]) == Some("inplace");
        let keeps = args
            .value(&["-v", "--assign"])
            .is_some_and(|text| text.to_ascii_lowercase().contains("suffix="));
        if !in_place || keeps || args.has(&["-f", "--file"]) {
            return;
        }
        let Some((script, files)) = args.operands.split_first() else {
            return;
        };
        if script.text().is_some_and(|text| writes_nothing(&text)) {
            self.nulled(files.to_vec());
        }
    }

    /// Files of which nothing is left.
    fn nulled(&mut self, files: Vec<&Word>) {
        if files.is_empty() || find::empties(self) {
            return;
        }
        for word in files {
            let over = Over {
                emptied: true,
                nulled: !kinds::is_log(&word.shown()),
                replaces: true,
                ..Over::NEW
            };
            self.overwrite(word, over);
        }
    }
}

/// Words by which a one-liner of perl or ruby writes a line, or takes its text from where it cannot be seen.
const WRITES: [&str; 10] = [
    "print", "say", "puts", "write", "$_", "eval", "require", "open", "system", "exec",
];

/// Tells whether a one-liner over lines of a file (`-n`, or `-p` which prints each) prints nothing at all.
fn prints_nothing(script: &str, each: bool, printed: bool) -> bool {
    let plain: String = script
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != ';')
        .collect();
    if printed {
        return matches!(
            plain.as_str(),
            "$_=\"\""
                | "$_=''"
                | "undef$_"
                | "$_=undef"
                | "$_=q()"
                | "s/.*//s"
                | "s/.*\\n?//"
                | "s/^.*$//s"
                | "$_.clear"
                | "$_.replace(\"\")"
                | "next"
        ) && plain != "next";
    }
    each && !WRITES.iter().any(|word| plain.contains(word)) && !plain.contains("p(")
}

/// Tells whether a program of awk prints no line: blocks alone, none of which prints.
fn writes_nothing(script: &str) -> bool {
    let plain = script.trim();
    let tight: String = plain.split_whitespace().collect();
    if matches!(
        tight.as_str(),
        "" | "0" | "\"\"" | "!1" | "1==0" | "BEGIN{exit}" | "BEGIN{exit;}"
    ) {
        return true;
    }
    let blocks = plain.starts_with('{') && plain.ends_with('}') && !plain.contains(['\n', '/']);
    let one = plain.matches('{').count() == 1;
    let calls = ["print", "system", "getline", "@", "close"];
    blocks && one && !calls.iter().any(|word| plain.contains(word))
}

/// Tells whether a cluster such as `-i`, `-pi` or `-i.bak` of perl edits in place and keeps no copy.
fn perl_in_place(text: &str) -> bool {
    match text.find('i') {
        Some(index) => {
            let before = text.get(1..index).unwrap_or_default();
            let plain = before.chars().all(|letter| "pnalw0s".contains(letter));
            let after = text.get(index + 1..).unwrap_or_default();
            plain && !after.contains('.')
        }
        None => false,
    }
}

fn sed_in_place(text: &str) -> bool {
    match text.find('i') {
        Some(index) => {
            let before = text.get(1..index).unwrap_or_default();
            let after = text.get(index + 1..).unwrap_or_default();
            before.chars().all(|letter| "nEruszb".contains(letter))
                && (after.is_empty() || after == "e" || after == "n")
        }
        None => false,
    }
}

/// Returns the ending under which `sed -i.bak` and `perl -i.bak` keep the file as it was; what is there under that name goes.
fn copy_ending(words: &[Word]) -> Option<String> {
    words.iter().find_map(|word| {
        let text = word.text()?;
        let ending = match text.strip_prefix("--in-place=") {
            Some(ending) => ending,
            None if text.starts_with("--") => return None,
            None => {
                let (letters, ending) = text.strip_prefix('-')?.split_once('i')?;
                let flags = letters.chars().all(|letter| "nErsuzlpaw0".contains(letter));
                flags.then_some(ending)?
            }
        };
        let plain = ending.starts_with(['.', '~', '_', '-']) && !ending.contains(['*', '/']);
        plain.then(|| ending.to_owned())
    })
}

/// Reads a size as `truncate` does; nothing where it counts from the present one.
fn size_of(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..)?;
    let number: u64 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
    let (letter, thousand) = match unit.strip_suffix("iB") {
        Some(letter) => (letter, 1024),
        None => match unit.strip_suffix('B') {
            Some(letter) => (letter, 1000),
            None => (unit, 1024),
        },
    };
    let power = match letter {
        "" => 0,
        "K" | "k" => 1,
        "M" | "m" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    number.checked_mul(u64::pow(thousand, power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_prints_nothing_leaves_nothing_of_the_file() {
        for script in ["", "$x++", "next"] {
            assert!(prints_nothing(script, true, false), "{script}");
        }
        for script in [
            "print if /x/",
            "$_ .= 1; print",
            "END { print $x }",
            "eval $y",
        ] {
            assert!(!prints_nothing(script, true, false), "{script}");
        }
        for script in ["$_ = \"\"", "undef $_;", "s/.*//s"] {
            assert!(prints_nothing(script, false, true), "{script}");
        }
        for script in ["s/a/b/", "s/.*x//", "$_ = uc", ""] {
            assert!(!prints_nothing(script, false, true), "{script}");
        }
        assert!(!prints_nothing("", false, false));
    }

    #[test]
    fn awk_prints_what_a_pattern_alone_lets_through() {
        for script in ["{}", "0", "{ n++ }"] {
            assert!(writes_nothing(script), "{script}");
        }
        for script in [
            "/x/",
            "{gsub(/a/,\"b\")}1",
            "NR>1",
            "{ print $1 }",
            "!a[$0]++",
            "{x=1} /y/",
        ] {
            assert!(!writes_nothing(script), "{script}");
        }
    }
}

/// What a script tells ed.
#[derive(Debug, Default)]
struct Told {
    /// Every line goes, and that is written.
    empties: bool,
    /// Something else is written.
    edits: bool,
    /// Other files that are written.
    others: Vec<String>,
}

impl Told {
    fn read(script: &str) -> Self {
        let mut told = Self::default();
        let (mut deleted, mut changed, mut typed) = (false, false, false);
        for line in script.lines().map(str::trim) {
            if typed {
                typed = line != ".";
                continue;
            }
            match line {
                "1,$d" | "0,$d" | ",d" | "%d" | "g/^/d" | "g/.*/d" => deleted = true,
                // What is put in afterwards is another text.
                "w" | "wq" | "W" => {
                    told.empties |= deleted;
                    told.edits |= changed;
                }
                "u" | "e" | "E" => (deleted, changed) = (false, false),
                "" | "p" | "n" | "l" | "q" | "Q" | "H" | "h" | "P" | "=" | "," | "$" => {}
                _ if line.starts_with("w ") => told
                    .others
                    .push(line.get(2..).unwrap_or_default().trim().to_owned()),
                // What is put in takes nothing away.
                _ if line.ends_with(['a', 'i']) && !line.contains('/') => typed = true,
                _ => {
                    typed = line.ends_with('c') && !line.contains('/');
                    let shows = line.ends_with(['p', 'n', 'l', '=']) && !line.contains("s/");
                    let adds = line.trim_start_matches(['$', '.']).starts_with("r ");
                    changed |= !shows && !adds;
                }
            }
        }
        told.others.retain(|name| !name.starts_with('!'));
        told
    }
}
