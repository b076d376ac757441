//! Finds every program and cmdlet that a PowerShell text would start, with its words.
//! It does not run expressions: what is neither a literal nor a variable set to one in the text is a hole.

mod defined;
mod entries;
mod lists;
mod names;
mod read;
mod scratch;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::sync::Arc;

use crate::model::command::{Command, Cwd, Opaque, OpaqueKind, Passage, Stdin, Unfolding, Wrapper};
use crate::model::fact::Scene;
use crate::model::span::{Origin, Span};
use crate::model::word::Word;

pub use names::{canonical_name, is_native};
pub use words::{Payload, payload};

/// How deep blocks, substitutions and nested shells may go.
pub(super) const MAX_DEPTH: usize = 100;

/// How many shells may run one another.
const MAX_SHELLS: usize = 15;

/// How many programs one text may start.
const MAX_COMMANDS: usize = 4_096;

/// Exported variables of one text; each program that starts after a change has a copy of all.
const MAX_EXPORTS: usize = 256;

/// Wrappers under which a command stands when PowerShell or cmd starts it: their names say by which rules its words are read.
pub const POWERSHELL: &str = "powershell";
pub const CMD: &str = "cmd /c";

/// What text from another machine is called, whatever fetched it.
pub(super) const NETWORK: &str = "Invoke-WebRequest";

/// Tells whether a cmdlet or method gives text from another machine.
pub(super) fn fetches(name: &str) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let base = base.trim_end_matches(".exe");
    matches!(
        canonical_name(base),
        "Invoke-WebRequest" | "Invoke-RestMethod" | "curl" | "wget"
    ) || [
        ".DownloadString",
        ".DownloadData",
        ".GetStringAsync",
        ".OpenRead",
    ]
    .iter()
    .any(|method| name.eq_ignore_ascii_case(method))
}

/// Tells whether an input is text from another machine.
pub(super) fn is_fetched(stdin: &Stdin) -> bool {
    matches!(stdin, Stdin::Opaque { from } if from == NETWORK)
}

/// A language of this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    PowerShell,
    Cmd,
}

/// Unfolds a PowerShell text.
pub fn unfold_powershell(text: &str, scene: &Scene) -> Unfolding {
    let mut found = Found::new(scene);
    read::run(text, &Frame::top(POWERSHELL), &mut found);
    found.unfolding.canonical = text.to_owned();
    found.unfolding
}

/// Unfolds a text that a program of another text runs; everything in it stands at `origin`.
pub(super) fn unfold_inside(
    dialect: Dialect,
    text: &str,
    cwd: Cwd,
    origin: &Origin,
    via: &[Wrapper],
) -> Unfolding {
    let mut found = Found {
        unfolding: Unfolding::default(),
        cwd,
        env: Arc::default(),
        depth: 0,
    };
    let mut frame = Frame {
        place: Some(origin.span().unwrap_or_default()),
        via: via.to_vec(),
        depth: 1,
    };
    match dialect {
        Dialect::PowerShell => {
            frame.via.push(plain_wrapper(POWERSHELL));
            read::run(text, &frame, &mut found);
        }
        Dialect::Cmd => {
            frame.via.push(plain_wrapper(CMD));
            super::cmd::run(text, &frame, &mut found);
        }
    }
    let mut unfolding = found.unfolding;
    if origin.span().is_none() {
        unfolding.commands = unfolding
            .commands
            .into_iter()
            .map(|command| super::windows::moved(command, origin))
            .collect();
        for opaque in &mut unfolding.opaque {
            opaque.origin = origin.clone();
        }
    }
    unfolding
}

fn plain_wrapper(name: &str) -> Wrapper {
    Wrapper {
        name: name.to_owned(),
        passage: Passage::Plain,
    }
}

/// Where a nested text comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// The place of the whole text in the deciding one; nothing for the deciding text itself.
    pub place: Option<Span>,
    pub via: Vec<Wrapper>,
    pub depth: usize,
}

impl Frame {
    /// Returns the frame of the deciding text.
    pub fn top(name: &str) -> Self {
        Self {
            via: vec![plain_wrapper(name)],
            ..Self::default()
        }
    }

    /// Returns the origin of a stretch of this text.
    pub fn origin(&self, start: usize, end: usize) -> Origin {
        Origin::Text(self.place.unwrap_or(Span::new(start, end)))
    }

    /// Returns the frame of a text inside this one.
    pub fn inside(&self, name: &str, place: Span) -> Self {
        let mut via = self.via.clone();
        via.push(plain_wrapper(name));
        Self {
            place: Some(self.place.unwrap_or(place)),
            via,
            depth: self.depth + 1,
        }
    }
}

/// Collects what the readers find.
#[derive(Debug)]
pub(super) struct Found {
    pub unfolding: Unfolding,
    pub cwd: Cwd,
    pub env: Arc<Vec<(String, Word)>>,
    /// Levels that are open in all texts together.
    pub depth: usize,
}

impl Found {
    pub fn new(scene: &Scene) -> Self {
        Self {
            unfolding: Unfolding::default(),
            cwd: Cwd::Known(scene.cwd.clone()),
            env: Arc::default(),
            depth: 0,
        }
    }

    /// Notes an unreadable stretch.
    pub fn opaque(
        &mut self,
        origin: Origin,
        kind: OpaqueKind,
        reason: &str,
        words: &[Word],
        via: &[Wrapper],
    ) {
        if self.unfolding.opaque.len() < MAX_COMMANDS {
            self.unfolding.opaque.push(Opaque {
                origin,
                reason: reason.to_owned(),
                words: words.iter().map(Word::shown).collect(),
                kind,
                via: via.to_vec(),
            });
        }
    }

    /// Returns how many programs and unreadable stretches are known so far.
    pub fn counts(&self) -> (usize, usize) {
        (self.unfolding.commands.len(), self.unfolding.opaque.len())
    }

    /// Notes a variable that programs get from here on.
    pub fn export(&mut self, name: String, value: Word, frame: &Frame) {
        if self.env.len() >= MAX_EXPORTS {
            let (kind, reason) = (OpaqueKind::Budget, "the text exports too many variables");
            self.opaque(value.origin, kind, reason, &[], &frame.via);
            return;
        }
        let env = Arc::make_mut(&mut self.env);
        env.retain(|(known, _)| *known != name);
        env.push((name, value));
    }

    /// Notes a program, and what runs inside it.
    pub fn start(&mut self, mut command: Command, frame: &Frame) {
        if self.unfolding.commands.len() >= MAX_COMMANDS {
            let origin = command.origin;
            self.opaque(
                origin,
                OpaqueKind::Budget,
                "the text starts too many programs",
                &[],
                &frame.via,
            );
            return;
        }
        command.via = frame.via.clone();
        command.cwd = self.cwd.clone();
        command.env = Arc::clone(&self.env);
        let inner = payload(&command.words);
        let origin = command.origin.clone();
        let place = origin.span().unwrap_or_default();
        self.change_directory(&command);
        let words = command.words.clone();
        let stdin = command.stdin.clone();
        self.unfolding.commands.push(command);
        if frame.depth >= MAX_SHELLS {
            if inner.is_some() {
                self.opaque(
                    origin,
                    OpaqueKind::Budget,
                    "shells nest too deeply",
                    &words,
                    &frame.via,
                );
            }
            return;
        }
        match inner {
            None => {}
            Some(Payload::PowerShell(text)) => {
                read::run(&text, &frame.inside(POWERSHELL, place), self);
            }
            Some(Payload::Cmd(text)) => {
                super::cmd::run(&text, &frame.inside(CMD, place), self);
            }
            Some(Payload::Argv(argv)) => self.start_inner(argv, origin, frame),
            Some(Payload::Stdin) => match stdin {
                Stdin::Text(word) if word.is_literal() => {
                    let text = word.text().unwrap_or_default();
                    read::run(&text, &frame.inside(POWERSHELL, place), self);
                }
                Stdin::Inherited | Stdin::Null => {}
                Stdin::Text(_) | Stdin::File(_) | Stdin::Opaque { .. } => {
                    self.unknown_text(words, is_fetched(&stdin), origin, frame);
                }
            },
            Some(Payload::Unknown) => self.unknown_text(words, false, origin, frame),
        }
    }

    /// Notes that a shell runs text that is not known, and whether it was fetched.
    fn unknown_text(&mut self, mut words: Vec<Word>, fetched: bool, origin: Origin, frame: &Frame) {
        if fetched {
            words.push(Word::literal(NETWORK, origin.clone()));
        }
        let reason = "a shell runs text that is not known";
        self.opaque(origin, OpaqueKind::Payload, reason, &words, &frame.via);
    }

    fn start_inner(&mut self, words: Vec<Word>, origin: Origin, frame: &Frame) {
        if words.is_empty() {
            return;
        }
        let place = origin.span().unwrap_or_default();
        let command = plain_command(words, origin);
        self.start(command, &frame.inside("Start-Process", place));
    }

    /// Follows `cd` to a literal place; any other place is unknown.
    fn change_directory(&mut self, command: &Command) {
        let Some(name) = command.words.first().and_then(Word::text) else {
            return;
        };
        match canonical_name(&name) {
            "Set-Location" | "Push-Location" => {}
            "Pop-Location" => {
                self.cwd = Cwd::Unknown;
                return;
            }
            _ => return,
        }
        let target = command.args().iter().find(|word| {
            let text = word.prefix();
            !text.starts_with('-') && !text.eq_ignore_ascii_case("/d")
        });
        let Some(target) = target else { return };
        self.cwd = match (&self.cwd, target.text()) {
            (Cwd::Known(here), Some(text)) if !text.starts_with('~') && !text.contains('\\') => {
                super::builtins::measured(Cwd::Known(here.join(text)))
            }
            (_, Some(text)) if text.starts_with('/') => Cwd::Known(text.into()),
            _ => Cwd::Unknown,
        };
    }
}

/// Returns a command of which only the words are known yet.
pub(super) fn plain_command(words: Vec<Word>, origin: Origin) -> Command {
    Command {
        script: None,
        words,
        env: Arc::default(),
        env_cleared: false,
        stdin: Stdin::Inherited,
        writes: Vec::new(),
        via: Vec::new(),
        cwd: Cwd::Unknown,
        origin,
    }
}
