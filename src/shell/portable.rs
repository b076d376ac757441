//! Programs that bring the tools of a shell along: `cmake -E rm`, `ruby -run -e rm`, `perl -MExtUtils::Command -e rm_rf`, `python -m sqlite3`.
//! It says the same with the tool's own name and words; what that does is read like any other command.

use crate::model::command::Passage;
use crate::model::word::Word;

use super::state::{Feed, State};
use super::unfold::{Frame, Job, Unfolder};

/// Commands of such tools that may stand in one call.
const MAX_COMMANDS: usize = 16;

impl Unfolder<'_> {
    /// Runs what such a program does as the tool that it stands for.
    pub(super) fn portable(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let mut feed = None;
        for one in tools(program, job)? {
            feed = self.inner(program, Passage::Plain, one, st, fr).or(feed);
        }
        feed
    }
}

/// Returns the commands that a program of this kind runs, in its own words; nothing when it is none or runs something else.
pub(super) fn tools(program: &str, job: &Job) -> Option<Vec<Job>> {
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match plain {
        "cmake" => of_cmake(job),
        "ruby" | "jruby" => of_ruby(job),
        "perl" => of_perl(job),
        "python" | "pypy" => of_python(job).map(|one| vec![one]),
        _ => None,
    }
}

/// Returns a job of these words, before the words of the old one from this place on.
fn said(job: &Job, front: &[&str], from: usize) -> Job {
    let mut inner = job.rest(from);
    let word = |text: &&str| Word::literal(*text, job.origin.clone());
    inner.words.splice(0..0, front.iter().map(word));
    inner
}

fn text_at(job: &Job, at: usize) -> String {
    job.words.get(at).and_then(Word::text).unwrap_or_default()
}

/// `cmake -E TOOL …`.
fn of_cmake(job: &Job) -> Option<Vec<Job>> {
    if text_at(job, 1) != "-E" {
        return None;
    }
    let one = match text_at(job, 2).as_str() {
        "rm" => said(job, &["rm"], 3),
        // Folders stay.
        "remove" => said(job, &["rm", "-f"], 3 + usize::from(text_at(job, 3) == "-f")),
        "remove_directory" => said(job, &["rm", "-rf", "--"], 3),
        "rename" => said(job, &["mv", "-f", "--"], 3),
        "copy" | "copy_if_different" | "copy_if_newer" => said(job, &["cp"], 3),
        "copy_directory" | "copy_directory_if_different" | "copy_directory_if_newer" => {
            said(job, &["cp", "-rT"], 3)
        }
        "create_symlink" => said(job, &["ln", "-sf"], 3),
        "env" => said(job, &["env"], 3),
        "time" => job.rest(3),
        "tar" => said(job, &["tar"], 3),
        "touch" => said(job, &["touch"], 3),
        "chdir" => said(job, &["env", "-C"], 3),
        _ => return None,
    };
    (one.words.len() > 1).then(|| vec![one])
}

/// Returns the program texts of an interpreter's `-e`, with the place of the first word behind its options.
fn codes(job: &Job) -> Option<(Vec<String>, usize)> {
    let mut all = Vec::new();
    let mut at = 1;
    while let Some(word) = job.words.get(at) {
        let text = word.prefix();
        if text == "--" {
            at += 1;
            break;
        }
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        at += 1;
        // `-M…`, `-I…`, `-r…` hold names.
        let names = letters.starts_with(['M', 'm', 'I', 'r', '-']);
        if !names && letters.ends_with(['e', 'E']) {
            all.push(job.words.get(at)?.text()?);
            at += 1;
        }
    }
    (!all.is_empty()).then_some((all, at))
}

/// `ruby -run -e rm -- -rf x`: the tools of `un.rb`; what else it is told to run stays code.
fn of_ruby(job: &Job) -> Option<Vec<Job>> {
    const TOOLS: [&str; 9] = [
        "rm", "mv", "cp", "ln", "rmdir", "mkdir", "install", "touch", "chmod",
    ];
    let loads = job.args().iter().any(|word| {
        let text = word.prefix();
        text == "-run" || text == "-run.rb"
    });
    let (codes, from) = codes(job).filter(|_| loads)?;
    let (mut all, mut rest) = (Vec::new(), Vec::new());
    for code in codes.iter().take(MAX_COMMANDS) {
        match TOOLS.iter().find(|known| **known == code.trim()) {
            Some(tool) => all.push(said(job, &[*tool], from)),
            None => rest.push(code.as_str()),
        }
    }
    with_code(all, "ruby", &rest, job, from)
}

/// Returns the tools, and the code beside them as a call of its own; nothing where there is no tool.
fn with_code(
    mut all: Vec<Job>,
    program: &str,
    rest: &[&str],
    job: &Job,
    from: usize,
) -> Option<Vec<Job>> {
    if !all.is_empty() && !rest.is_empty() {
        all.push(said(job, &[program, "-e", &rest.join("\n")], from));
    }
    (!all.is_empty()).then_some(all)
}

/// `perl -MExtUtils::Command -e rm_rf -- x`; several calls stand behind one another, other code among them.
fn of_perl(job: &Job) -> Option<Vec<Job>> {
    let mut loads = job.args().iter().any(|word| {
        let text = word.prefix();
        text.starts_with("-MExtUtils::Command") || text.starts_with("-mExtUtils::Command")
    });
    let (codes, from) = codes(job)?;
    let code = codes.join("\n");
    let (mut all, mut rest) = (Vec::new(), Vec::new());
    for call in code.split([';', '\n']).map(str::trim).take(MAX_COMMANDS) {
        let name = call
            .trim_end_matches("()")
            .trim_end_matches("(@ARGV)")
            .trim();
        let name = name.trim_start_matches('&');
        let name = name.rsplit("::").next().unwrap_or(name);
        // Patterns are expanded by these tools, too.
        let front: &[&str] = match name {
            "rm_f" => &["rm", "-f", "--"],
            "rm_rf" => &["rm", "-rf", "--"],
            "mv" => &["mv", "-f", "--"],
            "cp" => &["cp", "--"],
            "touch" => &["touch", "--"],
            "mkpath" => &["mkdir", "-p", "--"],
            "chmod" => &["chmod"],
            "cat" => &["cat", "--"],
            "" | "test_f" | "test_d" | "eqtime" => continue,
            _ => {
                loads |= call.starts_with("use ExtUtils::Command");
                rest.push(call);
                continue;
            }
        };
        all.push(said(job, front, from));
    }
    rest.retain(|call| !call.starts_with("use ExtUtils::Command"));
    with_code(all, "perl", &rest, job, from).filter(|_| loads)
}

/// `python -m sqlite3 FILE SQL`, `python -m tarfile -e a.tar place`, `python -m zipfile -e a.zip place`, `python -m venv --clear place`.
fn of_python(job: &Job) -> Option<Job> {
    const FLAGS: [&str; 12] = [
        "-B", "-E", "-I", "-O", "-OO", "-P", "-s", "-S", "-u", "-q", "-b", "-x",
    ];
    let mut at = 1;
    loop {
        let word = text_at(job, at);
        match word.as_str() {
            "-W" | "-X" => at += 2,
            "-m" => break,
            flag if FLAGS.contains(&flag) => at += 1,
            _ => return None,
        }
    }
    let from = at + 2;
    let asks = |names: &[&str]| {
        let args = job.words.get(from..).unwrap_or_default();
        args.iter()
            .any(|word| names.contains(&word.text().unwrap_or_default().as_str()))
    };
    match text_at(job, at + 1).as_str() {
        "sqlite3" if !asks(&["-h", "--help", "-v", "--version"]) => {
            Some(said(job, &["sqlite3"], from))
        }
        "tarfile" if asks(&["-e", "--extract"]) => {
            let file = job.words.get(from + 1)?.clone();
            let mut inner = said(job, &["tar", "-xf"], job.words.len());
            inner.words.push(file);
            if let Some(place) = job.words.get(from + 2) {
                inner.words.push(Word::literal("-C", place.origin.clone()));
                inner.words.push(place.clone());
            }
            Some(inner)
        }
        "tarfile" if asks(&["-c", "--create"]) => Some(said(job, &["tar", "-cf"], from + 1)),
        "zipfile" if asks(&["-e", "--extract"]) => {
            let file = job.words.get(from + 1)?.clone();
            let mut inner = said(job, &["unzip", "-o"], job.words.len());
            inner.words.push(file);
            if let Some(place) = job.words.get(from + 2) {
                inner.words.push(Word::literal("-d", place.origin.clone()));
                inner.words.push(place.clone());
            }
            Some(inner)
        }
        // What is made anew there takes the place of all that the folder holds.
        "venv" | "virtualenv" if asks(&["--clear"]) => {
            let places = job.words.get(from..).unwrap_or_default();
            let place = places
                .iter()
                .rfind(|word| !word.prefix().starts_with('-'))?
                .clone();
            let mut inner = said(job, &["rm", "-rf", "--"], job.words.len());
            inner.words.push(place);
            Some(inner)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::state::nowhere;

    fn read(line: &[&str]) -> Vec<String> {
        let job = Job {
            words: line
                .iter()
                .map(|text| Word::literal(*text, nowhere()))
                .collect(),
            env: Vec::new(),
            cleared: false,
            writes: Vec::new(),
            origin: nowhere(),
            in_shell: false,
        };
        let program = line.first().copied().unwrap_or_default();
        let shown = |job: Job| {
            job.words
                .iter()
                .map(Word::shown)
                .collect::<Vec<_>>()
                .join(" ")
        };
        tools(program, &job)
            .unwrap_or_default()
            .into_iter()
            .map(shown)
            .collect()
    }

    #[test]
    fn tools_that_a_program_brings_along_are_said_in_their_own_words() {
        for (line, wanted) in [
            ("cmake -E rm -rf a b", "rm -rf a b"),
            ("cmake -E remove -f a", "rm -f a"),
            ("cmake -E remove_directory a", "rm -rf -- a"),
            ("cmake -E chdir d rm a", "env -C d rm a"),
            ("cmake -E env X=1 rm a", "env X=1 rm a"),
            ("cmake -E time rm a", "rm a"),
            ("ruby -run -e rm -- -rf a", "rm -rf a"),
            ("ruby -run -e mv -- a b", "mv a b"),
            ("perl -MExtUtils::Command -e rm_rf -- a", "rm -rf -- a"),
            ("perl -MExtUtils::Command -e rm_f a", "rm -f -- a"),
            ("perl -MExtUtils::Command -we rm_rf a", "rm -rf -- a"),
            ("python3 -m sqlite3 a.db X", "sqlite3 a.db X"),
            ("python3.12 -W ignore -m sqlite3 a.db X", "sqlite3 a.db X"),
            ("python3 -m tarfile -e a.tar d", "tar -xf a.tar -C d"),
            ("python -m zipfile -e a.zip d", "unzip -o a.zip -d d"),
            ("python -m venv --clear d", "rm -rf -- d"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(read(&words), [wanted], "{line}");
        }
    }

    #[test]
    fn several_texts_are_one_program() {
        for (line, wanted) in [
            (
                vec![
                    "perl",
                    "-MExtUtils::Command",
                    "-e",
                    "touch",
                    "-e",
                    "unlink 'a'",
                    "x",
                ],
                vec!["touch -- x", "perl -e unlink 'a' x"],
            ),
            (
                vec!["perl", "-we", "use ExtUtils::Command; rm_rf()", "a"],
                vec!["rm -rf -- a"],
            ),
            (
                vec![
                    "ruby",
                    "-run",
                    "-e",
                    "mkdir",
                    "-e",
                    "FileUtils.rm_rf('a')",
                    "--",
                    "x",
                ],
                vec!["mkdir x", "ruby -e FileUtils.rm_rf('a') x"],
            ),
        ] {
            assert_eq!(read(&line), wanted, "{line:?}");
        }
    }

    #[test]
    fn other_calls_of_the_same_programs_are_left_alone() {
        for line in [
            "cmake -E echo rm -rf a",
            "cmake -E capabilities",
            "cmake --build build --target clean",
            "cmake -P rm.cmake",
            "ruby -run -e httpd -- -p 8080 .",
            "ruby -e rm -- -rf a",
            "perl -e rm_rf a",
            "python3 -m sqlite3 --help",
            "python3 -m venv .venv",
            "python3 -m tarfile -l a.tar",
            "python3 x.py -m sqlite3 a.db",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(read(&words), Vec::<String>::new(), "{line}");
        }
    }
}
