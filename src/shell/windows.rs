//! Opens PowerShell and cmd where a POSIX text starts them, and everything else that runs programs where they start it.
//! It reads no Windows text itself; `powershell` and `cmd` do.

use std::rc::Rc;

use crate::model::command::{Command, OpaqueKind, Passage, Stdin, Unfolding};
use crate::model::span::Origin;
use crate::model::word::Word;

use super::options::options;
use super::powershell::{self, Dialect, Payload, payload};
use super::state::{Feed, State};
use super::unfold::{Frame, Job, Unfolder, Write};

/// Windows shells inside one another, their scripts counted.
const MAX_SHELLS: usize = 12;

impl Unfolder<'_> {
    /// Opens what `pwsh`, `powershell`, `cmd` or `forfiles` runs; nothing when the program is none of them.
    pub(super) fn windows_shell(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let name = job.words.first().and_then(Word::text)?;
        let shell = windows_shell_name(&name)?;
        let opaque = Some(Feed::Opaque(shell.to_owned()));
        match payload(&job.words)? {
            Payload::PowerShell(text) => self.windows_text(Dialect::PowerShell, &text, job, st, fr),
            Payload::Cmd(text) => self.windows_text(Dialect::Cmd, &text, job, st, fr),
            Payload::Argv(argv) => {
                let file = argv.first()?;
                let text = self.windows_script(file, st)?;
                self.windows_text(Dialect::PowerShell, &text, job, st, fr);
            }
            Payload::Stdin => {
                let dialect = if shell == "cmd" {
                    Dialect::Cmd
                } else {
                    Dialect::PowerShell
                };
                match fr.stdin.clone() {
                    Feed::Text { pieces, .. } => {
                        let text = super::state::word_of(pieces, None);
                        match text.text() {
                            Some(text) => self.windows_text(dialect, &text, job, st, fr),
                            None => self.windows_unknown(job, fr),
                        }
                    }
                    Feed::File(file) => {
                        let text = self.windows_script(&file, st)?;
                        self.windows_text(dialect, &text, job, st, fr);
                    }
                    Feed::Items(_) | Feed::Opaque(_) => self.windows_unknown(job, fr),
                    Feed::Inherited | Feed::Null => return None,
                }
            }
            Payload::Unknown => self.windows_unknown(job, fr),
        }
        opaque
    }

    /// Unfolds a text for PowerShell or cmd at its place in this one.
    fn windows_text(&mut self, dialect: Dialect, text: &str, job: &Job, st: &State, fr: &Frame) {
        for cwd in &st.cwd {
            let unfolding =
                powershell::unfold_inside(dialect, text, cwd.clone(), &job.origin, &fr.via);
            self.adopt(unfolding, st, fr);
        }
    }

    fn windows_unknown(&mut self, job: &Job, fr: &Frame) {
        let reason = "a shell runs text that is not known".to_owned();
        let mut words: Vec<String> = job.words.iter().map(Word::shown).collect();
        if let Feed::Opaque(from) = &fr.stdin {
            words.extend(from.lines().map(str::to_owned));
        }
        let origin = job.origin.clone();
        self.opaque(OpaqueKind::Payload, reason, words, origin, fr);
    }

    /// Takes over what a Windows text starts; programs that run others are opened.
    pub(super) fn adopt(&mut self, unfolding: Unfolding, st: &State, fr: &Frame) {
        self.out.opaque.extend(unfolding.opaque);
        for command in unfolding.commands {
            if self.is_spent() || !self.enter() {
                return;
            }
            self.adopt_one(command, st, fr);
            self.leave();
        }
    }

    fn adopt_one(&mut self, command: Command, st: &State, fr: &Frame) {
        let mut inside = st.subshell();
        inside.cwd = vec![command.cwd.clone()];
        let frame = Frame {
            source: Rc::clone(&fr.source),
            via: Rc::new(command.via.clone()),
            stdin: feed(&command.stdin),
            nesting: fr.nesting + 1,
        };
        let mut job = job_of(command);
        let name = job.words.first().and_then(Word::text).unwrap_or_default();
        self.fetched(&name, &job, &inside);
        if powershell::is_native(&name) || windows_shell_name(&name).is_some() {
            return self.emit(job, &inside, &frame, None, &Feed::Inherited);
        }
        if has_end(&name, ".ps1") {
            let file = Word::literal(name.replace('\\', "/"), job.origin.clone());
            if matches!(
                self.content(&file, &inside),
                Some(super::unfold::Content::Feed(Feed::Opaque(_)))
            ) {
                let frame = frame.fed(Feed::Opaque(powershell::NETWORK.to_owned()));
                return self.windows_unknown(&job, &frame);
            }
            if let Some(file) = job.words.first().cloned()
                && let Some(text) = self.windows_script(&file, &inside)
            {
                if frame.nesting > MAX_SHELLS {
                    return self.spend("scripts run one another too deeply");
                }
                self.windows_text(Dialect::PowerShell, &text, &job, &inside, &frame);
            }
            return;
        }
        if has_end(&name, ".bat") || has_end(&name, ".cmd") {
            // A batch file of the project; one that is not there is a program like `npm.cmd`.
            let file = job.words.first().cloned();
            if let Some(text) = file.and_then(|file| self.windows_script(&file, &inside)) {
                if frame.nesting > MAX_SHELLS {
                    return self.spend("scripts run one another too deeply");
                }
                return self.windows_text(Dialect::Cmd, &text, &job, &inside, &frame);
            }
        }
        if let Some(first) = job.words.first_mut() {
            *first = Word::literal(program_name(&name), first.origin.clone());
        }
        self.run(job, &mut inside, &frame);
    }

    /// Remembers a file that is fetched from another machine: `iwr URL -OutFile i.ps1`.
    fn fetched(&mut self, name: &str, job: &Job, st: &State) {
        if !powershell::fetches(name) {
            return;
        }
        let at = job.words.iter().position(|word| {
            let text = word.prefix().to_ascii_lowercase();
            text.len() > 3 && "-outfile".starts_with(&text) || text == "-o"
        });
        if let Some(file) = at.and_then(|at| job.words.get(at + 1)).and_then(Word::text) {
            let file = Word::literal(file.replace('\\', "/"), job.origin.clone());
            self.record_file(
                &file,
                Feed::Opaque(powershell::NETWORK.to_owned()),
                false,
                st,
            );
        }
    }

    /// Returns the text of a script that a word names, `\` read as `/`.
    fn windows_script(&mut self, file: &Word, st: &State) -> Option<String> {
        let name = file.text()?.replace('\\', "/");
        let file = Word::literal(name, file.origin.clone());
        self.file_text(&file, st)?.text()
    }

    /// Opens `wsl …`: what follows runs in a Linux of its own.
    pub(super) fn wsl(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        const SETTINGS: &str = "--unregister --list -l --shutdown --terminate -t --export --import --import-in-place --install --update --status --version --set-default -s --set-version --set-default-version --mount --unmount --manage --help";
        let first = job.words.get(1).and_then(Word::text).unwrap_or_default();
        if SETTINGS
            .split(' ')
            .any(|setting| setting == first.to_ascii_lowercase())
        {
            return None;
        }
        let found = options(
            job.args(),
            "-d -u --distribution --user --cd --shell-type --distribution-id",
        );
        let mut from = found.rest + 1;
        let words = job.words.get(from..).unwrap_or_default();
        if words.first().and_then(Word::text).as_deref() == Some("--") {
            from += 1;
        }
        let host = Word::literal("wsl", job.origin.clone());
        self.inner("wsl", Passage::Remote { host }, job.rest(from), st, fr)
    }
}

/// Returns the name of a Windows shell as it is called by its program word.
fn windows_shell_name(name: &str) -> Option<&'static str> {
    let name = program_name(name);
    let known = ["pwsh", "powershell", "cmd", "forfiles"].into_iter();
    let mut same = known.filter(|known| name.eq_ignore_ascii_case(known));
    let preview = name.eq_ignore_ascii_case("pwsh-preview");
    same.next().or_else(|| preview.then_some("pwsh"))
}

fn has_end(name: &str, end: &str) -> bool {
    name.len()
        .checked_sub(end.len())
        .filter(|start| *start > 0)
        .and_then(|start| name.as_bytes().get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// Returns the base name of a program, without the ends that Windows adds.
fn program_name(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    for end in [".exe", ".cmd", ".bat", ".com"] {
        if has_end(base, end) {
            return base.get(..base.len() - end.len()).unwrap_or(base);
        }
    }
    base
}

fn job_of(command: Command) -> Job {
    let writes = command.writes.into_iter().map(|redirect| Write {
        redirect,
        output: true,
    });
    Job {
        words: command.words,
        env: command.env.as_ref().clone(),
        cleared: command.env_cleared,
        writes: writes.collect(),
        origin: command.origin,
        in_shell: false,
    }
}

fn feed(stdin: &Stdin) -> Feed {
    match stdin {
        Stdin::Inherited => Feed::Inherited,
        Stdin::Null => Feed::Null,
        Stdin::Text(word) => Feed::text(word.pieces.clone()),
        Stdin::File(word) => Feed::File(word.clone()),
        Stdin::Opaque { from } => Feed::Opaque(from.clone()),
    }
}

/// Gives every word of a command the place of the text that holds it.
pub(super) fn moved(mut command: Command, origin: &Origin) -> Command {
    let move_word = |word: &mut Word| {
        word.origin = origin.clone();
        for piece in &mut word.pieces {
            piece.origin = origin.clone();
        }
    };
    command.words.iter_mut().for_each(move_word);
    command.origin = origin.clone();
    command
}
