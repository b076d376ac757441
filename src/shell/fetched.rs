//! Code that an interpreter gets from a program whose output is not known: `python3 <(curl …)`, `node -e "$(curl …)"`,
//! a script that the call itself has fetched. Whether that program may bring anything is decided elsewhere.

use crate::model::command::OpaqueKind;
use crate::model::word::Word;

use super::start::{interpreter, script_word};
use super::state::{Feed, State};
use super::unfold::{Content, Frame, Job, Unfolder};

/// Options that carry code, for each family of interpreters.
const CODE: [(&str, &[&str]); 8] = [
    ("python", &["-c"]),
    ("node", &["-e", "--eval", "-p", "--print", "-pe"]),
    ("perl", &["-e", "-E", "-ne", "-pe", "-le", "-lne"]),
    ("ruby", &["-e", "-ne", "-pe"]),
    ("php", &["-r"]),
    ("lua", &["-e"]),
    ("r", &["-e"]),
    ("other", &["-e", "--eval", "-E"]),
];
/// Other programs that run a file of their own language, and the option that names it.
const RUNNERS: [(&[&str], &str); 2] = [
    (&["awk", "gawk", "mawk", "nawk", "goawk"], "-f --file"),
    (&["make", "gmake"], "-f --file --makefile"),
];

impl Unfolder<'_> {
    /// Notes down that an interpreter runs what another program brings.
    pub(super) fn foreign_code(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) {
        let Some(from) = self.code_from(program, job, st) else {
            return;
        };
        let name = from.lines().next().unwrap_or_default();
        let reason = format!("`{program}` runs the output of `{name}`");
        let words = from.lines().map(str::to_owned).collect();
        self.opaque(OpaqueKind::Payload, reason, words, job.origin.clone(), fr);
    }

    /// Returns the program that prints the code.
    fn code_from(&self, program: &str, job: &Job, st: &State) -> Option<String> {
        let args = job.args();
        let Some(family) = interpreter(program) else {
            let (_, option) = RUNNERS.iter().find(|(names, _)| names.contains(&program))?;
            let found = super::options::options(args, "-F -v -f --file --assign --makefile -C -j");
            return self.written_by(found.value(option)?, st);
        };
        let inline = CODE.iter().find(|(name, _)| *name == family);
        let is_code = |word: &Word| {
            let text = word.prefix();
            inline.is_some_and(|(_, options)| options.contains(&text.as_str()))
        };
        if let Some(at) = args.iter().position(is_code) {
            return self.printed_by(args.get(at + 1)?);
        }
        self.written_by(script_word(program, args)??, st)
    }

    /// Returns the program that wrote a file in this call.
    fn written_by(&self, file: &Word, st: &State) -> Option<String> {
        match self.content(file, st)? {
            Content::Feed(Feed::Opaque(from)) => Some(from.clone()),
            _ => None,
        }
    }

    /// Returns the program whose output a word is, all of it.
    fn printed_by(&self, word: &Word) -> Option<String> {
        let [piece] = word.pieces.as_slice() else {
            return None;
        };
        let mut producers = self.producers.iter().rev();
        let (_, from) = producers.find(|(origin, _)| *origin == piece.origin)?;
        (from != super::settings::SETTINGS).then(|| from.clone())
    }
}
