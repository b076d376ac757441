//! Unfolds a shell text into every program that would really start, with words, environment, input and place.
//! It decides nothing about losses, and it asks the world only through `Needs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use crate::model::command::{
    Command, Cwd, Opaque, OpaqueKind, Passage, Proven, Redirect, Unfolding, Wrapper, WriteMode,
};
use crate::model::fact::{Answer, Facts, Needs, Question, Scene};
use crate::model::request::ShellKind;
use crate::model::span::{Origin, Span};
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{ParseError, Script};
use super::changed::Changed;
use super::jumps::Jump;
use super::loops::Changes;
use super::parse::{TOO_MANY, parse};
use super::print::print;
use super::proof::Proofs;
use super::settled::Settled;
use super::source::Source;
use super::state::{Feed, State, Variables, extend, lexical, nowhere, word_of};
use super::weight::{self, Environment};

/// Texts inside texts.
const MAX_NESTING: usize = 16;
/// Programs that one call may start before the rest is opaque.
const MAX_PROGRAMS: usize = 4_096;
/// Bytes of text that one call may unfold, its own text not counted.
const MAX_BYTES: usize = 1 << 20;
/// Recursion over trees, words and texts together; keeps a small stack safe.
const MAX_DEPTH: usize = 220;
/// Steps of evaluation; bounds loops in loops that start nothing.
const MAX_STEPS: usize = 400_000;
/// Words kept of an opaque stretch.
const MAX_OPAQUE_WORDS: usize = 1_000;
/// Different words of a text that is not read.
const MAX_SEEN_WORDS: usize = 50_000;
/// Programs for which room is made before they are found.
const MAX_FORESEEN: usize = 256;
/// Times that one `echo` of a long text is told; a loop of them says nothing more.
const MAX_TOLD: usize = 8;
/// How far back repeated commands are recognised.
const REPEATS: usize = 128;

/// Returns every program that the text would start.
///
/// ```
/// use backstop::model::{fact::{Facts, Needs, Scene}, request::ShellKind};
/// let scene = Scene {
///     cwd: "/proj".into(), home: None, user: None, project: "/proj".into(),
///     temporary: vec!["/tmp".into()], own: Vec::new(), assumed: true,
/// };
/// let unfolding = backstop::shell::unfold::unfold(
///     ShellKind::Posix, "cd a && sudo rm -rf x", &scene, &Facts::new(true), &mut Needs::default());
/// assert!(unfolding.commands.iter().any(|c| c.shown() == ["rm", "-rf", "x"]));
/// ```
pub fn unfold(
    kind: ShellKind,
    text: &str,
    scene: &Scene,
    facts: &Facts,
    needs: &mut Needs,
) -> Unfolding {
    match kind {
        ShellKind::Posix => posix(text, scene, facts, needs),
        ShellKind::PowerShell => {
            let unfolding = super::powershell::unfold_powershell(text, scene);
            adopted(unfolding, scene, facts, needs)
        }
        ShellKind::Cmd => adopted(super::cmd::unfold_cmd(text, scene), scene, facts, needs),
    }
}

/// Opens the programs of a Windows text that run others.
fn adopted(unfolding: Unfolding, scene: &Scene, facts: &Facts, needs: &mut Needs) -> Unfolding {
    let mut unfolder = Unfolder::new(scene, facts, needs);
    let st = State::new(vec![Cwd::Known(scene.cwd.clone())], false);
    let frame = Frame {
        source: Rc::new(Source::top(&unfolding.canonical)),
        via: Rc::default(),
        stdin: Feed::Inherited,
        nesting: 0,
    };
    unfolder.out.canonical.clone_from(&unfolding.canonical);
    unfolder.adopt(unfolding, &st, &frame);
    unfolder.out
}

fn posix(text: &str, scene: &Scene, facts: &Facts, needs: &mut Needs) -> Unfolding {
    let mut unfolder = Unfolder::new(scene, facts, needs);
    let programs = text.bytes().filter(|byte| b";|&\n".contains(byte)).count();
    unfolder
        .out
        .commands
        .reserve_exact(1 + programs.min(MAX_FORESEEN));
    let mut st = State::new(vec![Cwd::Known(scene.cwd.clone())], false);
    let frame = Frame {
        source: Rc::new(Source::top(text)),
        via: Rc::default(),
        stdin: Feed::Inherited,
        nesting: 0,
    };
    match parse(text) {
        Ok(script) => {
            unfolder.shell(&script, &mut st, &frame);
        }
        Err(error) => {
            unfolder.shell(&error.before, &mut st, &frame);
            unfolder.tail(&error, OpaqueKind::Syntax, &frame);
        }
    }
    let mut out = unfolder.out;
    text.clone_into(&mut out.canonical);
    out
}

/// Returns the parsed line printed one way; nothing where anything in it is opaque: then only the text as it stands is the same.
pub fn canonical(kind: ShellKind, text: &str, unfolding: &Unfolding) -> Option<String> {
    if kind != ShellKind::Posix || !unfolding.opaque.is_empty() {
        return None;
    }
    parse(text).ok().map(|script| print(&script))
}

/// Where a text runs: its source, the wrappers around it and its standard input.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub source: Rc<Source>,
    pub via: Rc<Vec<Wrapper>>,
    pub stdin: Feed,
    pub nesting: usize,
}

impl Frame {
    /// Returns the frame inside a wrapper.
    pub fn enter(&self, name: &str, passage: Passage) -> Self {
        let mut via = (*self.via).clone();
        via.push(Wrapper {
            name: name.to_owned(),
            passage,
        });
        Self {
            source: Rc::clone(&self.source),
            via: Rc::new(via),
            stdin: self.stdin.clone(),
            nesting: self.nesting + 1,
        }
    }

    /// Returns the same frame with another standard input.
    pub fn fed(&self, stdin: Feed) -> Self {
        Self {
            source: Rc::clone(&self.source),
            via: Rc::clone(&self.via),
            stdin,
            nesting: self.nesting,
        }
    }

    /// Returns the same frame for another text.
    pub fn reading(&self, source: Rc<Source>) -> Self {
        Self {
            source,
            via: Rc::clone(&self.via),
            stdin: self.stdin.clone(),
            nesting: self.nesting,
        }
    }
}

/// A redirection that writes, and whether it takes the standard output.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub redirect: Redirect,
    pub output: bool,
}

/// One program about to be started.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub words: Vec<Word>,
    pub env: Vec<(String, Word)>,
    pub cleared: bool,
    pub writes: Vec<Write>,
    pub origin: Origin,
    /// Started by the shell itself: functions and builtins count.
    pub in_shell: bool,
}

impl Job {
    /// Returns the job of the program that starts at word `from`.
    pub fn rest(&self, from: usize) -> Self {
        Self {
            words: self.words.get(from..).unwrap_or_default().to_vec(),
            env: self.env.clone(),
            cleared: self.cleared,
            writes: Vec::new(),
            origin: self.origin.clone(),
            in_shell: false,
        }
    }

    /// Returns the words after the program.
    pub fn args(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// What a file that the text wrote holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Feed(Feed),
    /// A copy of or link to this program.
    Program(String),
    /// A program made of this source, and what runs such a source directly.
    Built {
        runner: &'static [&'static str],
        source: Word,
    },
    /// Text added to whatever is there already.
    Added(Vec<Piece>),
}

impl Content {
    /// Returns the pieces of a text that is known.
    pub fn pieces(&self) -> Option<&[Piece]> {
        match self {
            Self::Feed(Feed::Text { pieces, .. }) | Self::Added(pieces) => Some(pieces),
            Self::Feed(_) | Self::Program(_) | Self::Built { .. } => None,
        }
    }
}

/// The walk over one call.
#[derive(Debug)]
pub(super) struct Unfolder<'a> {
    pub scene: &'a Scene,
    pub facts: &'a Facts,
    pub needs: &'a mut Needs,
    pub out: Unfolding,
    pub files: BTreeMap<String, Content>,
    /// The pipeline at hand has its failure handled by `&&` or `||`.
    pub guarded: bool,
    /// A failure does not end the shell here, `set -e` or not.
    pub shielded: bool,
    /// `exit`, `return`, `break` and their kin so far.
    pub exits: usize,
    /// Jumps that have not arrived yet.
    pub jumps: Vec<Jump>,
    /// What is being read runs after a failure only.
    pub otherwise: bool,
    /// The same node is being run again: equal commands are not repeated.
    pub again: usize,
    /// What is being read may run several times, or with other values.
    pub unsure: usize,
    /// What the loops that are being read may change from round to round.
    pub shifts: Vec<Changed>,
    /// Of `again`, those that read a loop once more with what it changes unknown.
    pub repeats: usize,
    /// The last simple command had one reading only.
    pub single: bool,
    /// The last `test` or its kin, and where it stands.
    pub asked: Option<(Origin, Vec<Word>)>,
    /// Whether the last list succeeded, where that is certain.
    pub status: Option<bool>,
    /// The same of the function that was called last.
    pub called: Option<bool>,
    /// What the last arithmetic command gave.
    pub reckoned: Option<i64>,
    /// What is being read runs beside what follows it.
    pub beside: usize,
    /// Programs at the front that change no file.
    pub still: usize,
    /// Places among the commands of runners whose own lines follow.
    pub followed: Vec<usize>,
    /// Inputs of which a line was taken.
    pub taken: Vec<Feed>,
    pub counter: usize,
    /// Who reads what is printed here does more with it than showing it.
    pub hungry: bool,
    /// Which program printed the text of a substitution that could not be computed.
    pub producers: Vec<(Origin, String)>,
    /// Lists that hold exactly so many names.
    pub known_lists: Vec<Vec<Word>>,
    /// Rounds of counting loops that were gone through.
    pub counted: usize,
    /// Substitutions that gave lists of which the length is not known.
    pub uncounted: usize,
    /// Lists of which a program handed on some lines only.
    pub parts: Vec<Vec<Word>>,
    /// Lists of which a substitution gives some lines, by where it stands.
    pub candidates: Vec<(Origin, Vec<Word>)>,
    /// Texts that lists were put into of which the order, or the lines, are not known for certain.
    pub lists: Vec<String>,
    /// Where the shell at hand first said the number of its process.
    pub process: Option<Origin>,
    pub settled: Settled,
    /// How often programs that only tell or ask something were started, by the place where they stand.
    told: HashMap<Origin, usize>,
    /// What the loops read so far change, by the place of their bodies in memory; a wrong one costs a round, no more.
    pub loops: BTreeMap<usize, Changes>,
    /// The environment that the variables at this place gave.
    pub exported: Option<(Weak<Variables>, Environment)>,
    /// Where a file stands among those that are written.
    places: HashMap<String, usize>,
    /// How often a file was written.
    pub recorded: usize,
    /// Variables that `declare -g` and `unset` reached inside of functions, past what those hide.
    pub bared: BTreeSet<String>,
    /// Functions that were read with unknown arguments, deep inside others.
    pub read_blind: Vec<Rc<super::state::Function>>,
    /// Scripts of packages that are being read, by file and name.
    pub packages: Vec<(PathBuf, String)>,
    /// How many of them were read so far.
    pub package_runs: usize,
    /// What has been copied so far.
    pub carried: usize,
    /// Steps that awk may still take.
    pub fuel: usize,
    depth: usize,
    bytes: usize,
    steps: usize,
    spent: bool,
}

impl<'a> Unfolder<'a> {
    pub fn new(scene: &'a Scene, facts: &'a Facts, needs: &'a mut Needs) -> Self {
        Self {
            scene,
            facts,
            needs,
            out: Unfolding::default(),
            files: BTreeMap::new(),
            guarded: false,
            shielded: false,
            exits: 0,
            jumps: Vec::new(),
            otherwise: false,
            again: 0,
            unsure: 0,
            shifts: Vec::new(),
            repeats: 0,
            single: true,
            asked: None,
            status: None,
            called: None,
            reckoned: None,
            beside: 0,
            still: 0,
            followed: Vec::new(),
            taken: Vec::new(),
            counter: 0,
            hungry: false,
            producers: Vec::new(),
            known_lists: Vec::new(),
            counted: 0,
            uncounted: 0,
            parts: Vec::new(),
            candidates: Vec::new(),
            lists: Vec::new(),
            process: None,
            settled: Settled::default(),
            told: HashMap::new(),
            loops: BTreeMap::new(),
            exported: None,
            places: HashMap::new(),
            recorded: 0,
            bared: BTreeSet::new(),
            read_blind: Vec::new(),
            packages: Vec::new(),
            package_runs: 0,
            carried: 0,
            fuel: super::awk::FUEL,
            depth: 0,
            bytes: 0,
            steps: 0,
            spent: false,
        }
    }

    /// Goes one level deeper, or says that the budget is spent.
    pub fn enter(&mut self) -> bool {
        self.steps += 1;
        if self.spent {
            return false;
        }
        if self.depth >= MAX_DEPTH || self.steps > MAX_STEPS {
            self.spend("it is nested too deeply or runs too many steps");
            return false;
        }
        self.depth += 1;
        true
    }

    /// Comes back from one level.
    pub const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Tells whether so much was run that calls of the same kind are taken together.
    pub const fn is_long(&self) -> bool {
        self.steps > super::settled::FREE_STEPS
    }

    /// Returns for how many combinations of readings a command is run one by one; the longer the text, the fewer.
    pub const fn most_readings(&self) -> usize {
        match self.steps {
            0..=super::settled::FREE_STEPS => 8,
            10_001..=40_000 => 4,
            _ => 2,
        }
    }

    /// Tells whether a budget is spent.
    pub const fn is_spent(&self) -> bool {
        self.spent
    }

    /// Ends the unfolding: what is left is opaque, with every word of the call in reach.
    pub fn spend(&mut self, why: &str) {
        if self.spent {
            return;
        }
        self.spent = true;
        let mut words: Vec<String> = Vec::new();
        for command in self.out.commands.iter().rev().take(64) {
            words.extend(command.shown());
        }
        self.out.opaque.push(Opaque {
            origin: nowhere(),
            reason: format!("the call could not be unfolded to its end: {why}"),
            words,
            kind: OpaqueKind::Budget,
            via: Vec::new(),
        });
    }

    /// Notes down a stretch that cannot be determined.
    pub fn opaque(
        &mut self,
        kind: OpaqueKind,
        reason: String,
        words: Vec<String>,
        origin: Origin,
        fr: &Frame,
    ) {
        let opaque = Opaque {
            origin,
            reason,
            words,
            kind,
            via: (*fr.via).clone(),
        };
        if !self.out.opaque.contains(&opaque) && self.out.opaque.len() < MAX_OPAQUE_WORDS {
            self.out.opaque.push(opaque);
        }
    }

    /// Notes down the part of a text that does not parse.
    pub fn tail(&mut self, error: &ParseError, kind: OpaqueKind, fr: &Frame) {
        // The unreadable command may have begun long before the place where reading it failed.
        let read = error.before.items.last().map_or(0, |item| item.span.end);
        let at = read.min(error.at);
        let reason = &error.reason;
        let text = fr.source.text.get(at..).unwrap_or(&fr.source.text);
        let span = Span::new(at.min(fr.source.text.len()), fr.source.text.len());
        let words = seen_words(text);
        let origin = fr.source.origin(span);
        let kind = match error.reason.as_str() {
            TOO_MANY => OpaqueKind::Budget,
            _ => kind,
        };
        let reason = format!("the text cannot be read from here on: {reason}");
        self.opaque(kind, reason, words, origin, fr);
    }

    /// Runs a text; as a shell of its own, its exit traps run at its end.
    pub fn text_run(
        &mut self,
        source: Source,
        kind: OpaqueKind,
        own_shell: bool,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        self.bytes += source.text.len();
        let fr = fr.reading(Rc::new(source));
        if fr.nesting > MAX_NESTING || self.bytes > MAX_BYTES {
            let words = seen_words(&fr.source.shown());
            let origin = fr.source.origin(Span::new(0, fr.source.text.len()));
            let reason = "texts inside texts are nested too deeply or too long".to_owned();
            self.opaque(OpaqueKind::Budget, reason, words, origin, &fr);
            return Feed::Opaque("shell".to_owned());
        }
        let run = |this: &mut Self, script: &Script, st: &mut State| {
            if own_shell {
                let outer = std::mem::take(&mut this.shielded);
                let process = this.process.take();
                let feed = this.shell(script, st, &fr);
                (this.shielded, this.process) = (outer, process);
                feed
            } else {
                this.script(script, st, &fr)
            }
        };
        match parse(&fr.source.text) {
            Ok(script) => run(self, &script, st),
            Err(error) => {
                run(self, &error.before, st);
                self.tail(&error, kind, &fr);
                Feed::Opaque("shell".to_owned())
            }
        }
    }

    /// Runs a script as a shell of its own: its exit traps run at its end.
    pub fn shell(&mut self, script: &Script, st: &mut State, fr: &Frame) -> Feed {
        let feed = self.script(script, st, fr);
        self.trapped(feed, st, fr)
    }

    /// Ends a shell: runs what its traps hold, with the variables of the ways on which they were set.
    pub fn trapped(&mut self, mut feed: Feed, st: &mut State, fr: &Frame) -> Feed {
        let traps = std::mem::take(&mut st.traps);
        if traps.is_empty() {
            return feed;
        }
        let gone = st.gone.take();
        let proofs = st.proofs.clone();
        for trap in traps {
            let inside = fr.enter("trap", Passage::Plain);
            let now = trap.variables(&st.variables);
            let variables = std::mem::replace(&mut st.variables, now);
            st.proofs = Proofs::of(trap.proven.clone());
            let source = Source::from_words(std::slice::from_ref(&trap.text));
            self.unsure += 1;
            feed = feed.then(self.text_run(source, OpaqueKind::Syntax, false, st, &inside));
            self.unsure -= 1;
            st.variables = variables;
            st.traps.clear();
            st.gone = None;
        }
        st.gone = gone;
        st.proofs = proofs;
        feed
    }

    /// Emits a program, once for each working directory that is possible.
    pub fn emit(&mut self, job: Job, st: &State, fr: &Frame, script: Option<Word>, feed: &Feed) {
        if self.spent || job.words.is_empty() {
            return;
        }
        let env = self.settings(&job, st);
        let writes = job.writes.into_iter().map(|write| filled(write, feed));
        let command = Command {
            words: job.words,
            env,
            env_cleared: job.cleared || st.cleared,
            stdin: fr.stdin.stdin(),
            writes: writes.collect(),
            via: (*fr.via).clone(),
            cwd: Cwd::Unknown,
            origin: job.origin,
            script,
        };
        self.carry(weight::of_command(&command) * st.cwd.len());
        let Some((last, others)) = st.cwd.split_last() else {
            return;
        };
        for cwd in others {
            let mut command = command.clone();
            command.cwd = cwd.clone();
            self.push(command, &st.proofs.always);
        }
        let cwd = last.clone();
        self.push(Command { cwd, ..command }, &st.proofs.always);
    }

    fn push(&mut self, command: Command, proven: &Proven) {
        if self.again > 0 {
            let from = self.out.commands.len().saturating_sub(REPEATS);
            let recent = self.out.commands.get(from..).unwrap_or_default();
            if let Some(at) = recent.iter().position(|known| *known == command) {
                // It stands for both runs: only what both have proven counts.
                if let Some(known) = self.out.proven.get_mut(from + at) {
                    *known = known.common(proven);
                }
                return;
            }
        }
        if self.is_long() && is_told(&command) {
            let count = self.told.entry(command.origin.clone()).or_default();
            *count += 1;
            if *count > MAX_TOLD {
                return;
            }
        }
        if self.out.commands.len() >= MAX_PROGRAMS {
            self.spend("it starts too many programs");
            return;
        }
        self.out.commands.push(command);
        self.out.proven.push(proven.clone());
    }

    /// Emits redirections that no program of the text owns.
    pub fn emit_writes(
        &mut self,
        writes: Vec<Write>,
        origin: &Origin,
        st: &State,
        fr: &Frame,
        feed: &Feed,
    ) {
        if writes.is_empty() {
            return;
        }
        let job = Job {
            words: vec![Word::literal(":", origin.clone())],
            env: Vec::new(),
            cleared: false,
            writes,
            origin: origin.clone(),
            in_shell: false,
        };
        self.emit(job, st, fr, None, feed);
    }

    /// Records what redirections leave in files, for those who read them later in the same text.
    pub fn record(&mut self, writes: &[Write], st: &State, feed: &Feed) {
        for write in writes {
            let appends = write.redirect.mode == WriteMode::Append;
            let content = if write.output {
                feed.clone()
            } else {
                Feed::Opaque("another descriptor".to_owned())
            };
            self.record_file(&write.redirect.file, content, appends, st);
        }
    }

    /// Records what a file holds from here on.
    pub fn record_file(&mut self, file: &Word, content: Feed, appends: bool, st: &State) {
        let Some(key) = file_key(file, st) else {
            return;
        };
        let mut old = self.files.remove(&key);
        // What is added to a copy of a file makes one text with it.
        if appends && let Some(Content::Feed(copied @ Feed::File(_))) = &old {
            let copied = self.listed(copied.clone(), st);
            old = Some(Content::Feed(copied));
        }
        let before = old.as_ref().and_then(Content::pieces).map_or(0, <[_]>::len);
        let content = match (appends, old) {
            (true, Some(Content::Feed(old))) => Content::Feed(old.then(content)),
            (true, Some(Content::Added(mut old))) => {
                old.extend(content.into_pieces());
                Content::Added(old)
            }
            (true, _) => Content::Added(content.into_pieces()),
            // Several readings of one command: each may be what is there.
            (false, Some(Content::Feed(old))) if self.again > 0 => Content::Feed(old.or(content)),
            (false, _) => Content::Feed(content),
        };
        let listed = match &content {
            Content::Feed(Feed::Items(items)) if super::generated::has_text(items) => {
                super::generated::pieces(items)
            }
            _ => Vec::new(),
        };
        let pieces = content.pieces().unwrap_or(&listed);
        if key.starts_with('/') && !pieces.is_empty() {
            let known = self
                .places
                .get(&key)
                .and_then(|at| self.out.written.get_mut(*at));
            let added = pieces.get(before..).unwrap_or_default();
            match known {
                // What is added line by line is one text.
                Some((_, word)) if appends && before > 0 && word.pieces.len() == before => {
                    let weight = weight::of_pieces(added);
                    extend(word, added);
                    self.carry(weight);
                }
                _ => {
                    let word = word_of(pieces.to_vec(), None);
                    let weight = weight::of_pieces(pieces);
                    self.places.insert(key.clone(), self.out.written.len());
                    self.out.written.push((PathBuf::from(&key), word));
                    self.carry(weight);
                }
            }
            self.recorded += 1;
        }
        self.files.insert(key, content);
    }

    /// Returns what the text itself put into a file.
    pub fn content(&self, file: &Word, st: &State) -> Option<&Content> {
        if self.files.is_empty() {
            return None;
        }
        self.files.get(&file_key(file, st)?)
    }

    /// Asks for the text of a file; remembers its hash when it is there.
    pub fn read(&mut self, path: PathBuf) -> Option<Answer> {
        let question = Question::Text(path.clone());
        let answer = self.facts.ask(question, self.needs)?.clone();
        if let Answer::Text { sha256, .. } = &answer
            && !self.out.read.iter().any(|(known, _)| *known == path)
        {
            self.out.read.push((path, sha256.clone()));
        }
        Some(answer)
    }
}

/// Programs that lose nothing and run nothing, whatever their words are.
fn is_told(command: &Command) -> bool {
    let quiet = [
        "echo", "printf", "grep", "tr", "basename", "dirname", "sleep", "true", "false", "test",
        "[", "expr", "seq", "cut", "wc", "uname", "date", "whoami", "id", "which",
    ];
    let name = command.words.first().and_then(Word::text);
    command.writes.is_empty() && name.is_some_and(|name| quiet.contains(&name.as_str()))
}

fn filled(write: Write, feed: &Feed) -> Redirect {
    let mut redirect = write.redirect;
    if write.output
        && let Feed::Text { pieces, .. } = feed
    {
        redirect.content = Some(word_of(pieces.clone(), None));
    }
    if let Feed::File(file) = feed
        && write.output
    {
        redirect.whole = Some(file.clone());
    }
    redirect
}

/// Returns the name under which a file is remembered: its absolute path, or its pieces where parts are unknown.
pub(super) fn file_key(file: &Word, st: &State) -> Option<String> {
    if let Some(text) = file.text() {
        if text.starts_with('/') {
            return Some(lexical("/".as_ref(), &text).to_string_lossy().into_owned());
        }
        let shown = match st.cwd.first()? {
            Cwd::Known(path) => return Some(lexical(path, &text).to_string_lossy().into_owned()),
            Cwd::Temporary => "temporary",
            Cwd::Unknown => "unknown",
        };
        let text = text.trim_start_matches("./");
        return Some(format!("{shown}:{text}"));
    }
    let mut key = String::from("?");
    for piece in &file.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => key.push_str(text),
            Part::Hole(Hole::Inherited(name)) => {
                key.push('$');
                key.push_str(name);
            }
            Part::Hole(Hole::Unknown | Hole::Name) => {
                key.push_str(&format!("<{:?}>", piece.origin));
            }
        }
    }
    Some(key)
}

/// Returns the words that can be seen in a text that is not understood.
pub(super) fn seen_words(text: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '=' | ':');
    let mut seen = std::collections::HashSet::new();
    text.split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty() && seen.insert(*word))
        .take(MAX_SEEN_WORDS)
        .map(ToOwned::to_owned)
        .collect()
}
