//! Programs that make keys: a key of somebody that is there already goes.
//! A key beside a project's certificates is made anew every day; where the world is not asked only identities count.

use crate::model::command::Stdin;
use crate::model::word::Word;

use super::argv::{Args, Valued};
use super::deeds::Reader;
use super::judge::Over;
use super::kinds;
use super::place::{Place, lexical};

/// Options of ssh-keygen under which no key is made.
const LOOKS: [&str; 19] = [
    "-y", "-l", "-R", "-F", "-p", "-c", "-B", "-e", "-i", "-D", "-H", "-M", "-s", "-Y", "-L", "-Q",
    "-k", "-r", "-A",
];

impl Reader<'_, '_> {
    /// `openssl genrsa -out ~/.ssh/id_rsa`, `openssl enc -d -in a.enc -out a.txt`.
    pub fn openssl(&mut self) {
        let args = self.command.args();
        for (option, value) in args.iter().zip(args.iter().skip(1)) {
            if matches!(option.text().as_deref(), Some("-out" | "-keyout")) {
                self.made(value);
            }
        }
    }

    /// `ssh-keygen -f FILE` asks before it writes over a key; it counts where the answer is given.
    pub fn ssh_keygen(&mut self) {
        let command = self.command;
        let answered = match &command.stdin {
            Stdin::Text(word) => word.prefix().trim_start().starts_with(['y', 'Y']),
            Stdin::Opaque { from } => from == "yes",
            Stdin::Inherited | Stdin::Null | Stdin::File(_) => false,
        };
        let valued = Valued {
            short: "tbCNfOImaZnVDSwE",
            long: &[],
        };
        let args = Args::read(command.args(), valued);
        if !answered || args.has(&LOOKS) {
            return;
        }
        let words = command.args();
        for (option, value) in words.iter().zip(words.iter().skip(1)) {
            if option.text().as_deref() == Some("-f") {
                self.made(value);
            }
        }
    }

    fn made(&mut self, word: &Word) {
        let assumed = self.context.facts.assumed;
        let places = self.written(word);
        let identity = |place: &Place| match place {
            Place::At { path, .. } => {
                let path = lexical(path);
                let name = path.file_name().and_then(|name| name.to_str());
                kinds::is_identity(&path, name.unwrap_or_default())
            }
            _ => false,
        };
        if !assumed || places.iter().any(identity) {
            self.overwrite(word, Over::NEW);
        }
    }
}
