//! The files that a carried-out code finds, and what it does to them: answers of the world with the code's own changes laid over.
//! It notes every change down as a step for the shell; whether something is lost is judged elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::packs;
use crate::classify::sql::reach::normal;
use crate::classify::sql::source::Source;
use crate::model::fact::{Answer, EntryKind, Needs, Question};
use crate::model::name;
use crate::model::span::Span;
use crate::sql::HOLE;

use super::super::steps::{self, Kind, Step, word};
use super::folders::Folders;
use super::value::{Outcome, Stop};

/// Steps of one code.
const MAX_STEPS: usize = 400;
/// Questions of one code.
const MAX_QUESTIONS: usize = 10_000;
/// Files behind which another one that is not known yet ends the attempt.
const MAX_CHAIN: usize = 6;
/// Bytes of one name.
const MAX_NAME: usize = 255;
/// Bytes of one file that the code keeps in mind.
const MAX_TEXT: usize = 1 << 20;

/// What stands at a place after the code has changed it.
#[derive(Clone, Debug)]
enum Left {
    Gone,
    Folder,
    /// A file, with its text where that is known.
    File(Option<String>),
    /// What stood at another place before, with all that is below.
    From(PathBuf),
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    File,
    Folder,
    /// A link, which leads to a folder or not.
    Link {
        folder: bool,
    },
    Nothing,
}

impl Found {
    pub const fn is_folder(self) -> bool {
        matches!(self, Self::Folder | Self::Link { folder: true })
    }

    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Link { folder: false })
    }
}

/// The world as a code sees it.
pub(super) struct World<'a> {
    context: &'a Context<'a>,
    needs: &'a mut Needs,
    /// Where the code stands now.
    pub here: PathBuf,
    start: PathBuf,
    left: BTreeMap<PathBuf, Left>,
    /// Places that the code has made without a step that says so.
    unseen: BTreeSet<PathBuf>,
    /// Files that got another time: just now, or one that is not known.
    retimed: BTreeMap<PathBuf, bool>,
    /// How often something was changed.
    pub changes: usize,
    pub steps: Vec<Step>,
    /// An answer is still missing: what comes out does not count.
    pub waits: bool,
    /// A program was started that may have changed anything.
    ran: bool,
    pub(super) folders: Folders,
    /// Files of the world that were read.
    texts: usize,
    questions: usize,
    /// Folders give their names in the other order.
    backwards: bool,
}

impl<'a> World<'a> {
    pub fn new(here: PathBuf, context: &'a Context<'a>, needs: &'a mut Needs) -> Self {
        Self {
            context,
            needs,
            start: here.clone(),
            here,
            left: BTreeMap::new(),
            unseen: BTreeSet::new(),
            retimed: BTreeMap::new(),
            changes: 0,
            steps: Vec::new(),
            waits: false,
            ran: false,
            folders: Folders::default(),
            texts: 0,
            questions: 0,
            backwards: false,
        }
    }

    /// The same world, in which folders give their names in the other order: which one they have is not known.
    pub fn backwards(mut self) -> Self {
        self.backwards = true;
        self
    }

    /// Returns the full path of a name.
    pub fn path(&mut self, name: &str) -> Outcome<PathBuf> {
        if name.contains([HOLE, '\0']) {
            return Err(Stop::Lost);
        }
        let whole = self.here.join(name);
        if whole.iter().any(|part| part.len() > MAX_NAME) || is_no_place(&whole) {
            return Err(Stop::Lost);
        }
        // The folder above one that a link leads to is another one than the name says.
        for (at, _) in name.match_indices("/..") {
            let before = self.here.join(name.get(..at).unwrap_or_default());
            if matches!(self.found(&normal(&before))?, Found::Link { .. }) {
                return Err(Stop::Lost);
            }
        }
        Ok(normal(&whole))
    }

    pub(super) fn ask(&mut self, question: Question) -> Outcome<Option<Answer>> {
        self.questions += 1;
        if self.ran || self.questions > MAX_QUESTIONS {
            return Err(Stop::Lost);
        }
        let answer = self.context.facts.ask(question, self.needs).cloned();
        self.waits |= answer.is_none();
        Ok(answer)
    }

    /// Returns what the code has left at a place, and where the world has what stands there otherwise.
    fn changed(&self, path: &Path) -> (Option<Left>, PathBuf) {
        let held = |above: &&Path| self.left.contains_key(*above);
        let Some(above) = path.ancestors().find(held) else {
            return (None, path.to_path_buf());
        };
        match self.left.get(above) {
            Some(Left::From(from)) => {
                let rest = path.strip_prefix(above).unwrap_or(path);
                let whole = rest.as_os_str().is_empty();
                let real = if whole { from.clone() } else { from.join(rest) };
                (None, real)
            }
            Some(left) if above == path => (Some(left.clone()), path.to_path_buf()),
            // Below what is gone there is nothing; a folder that the code made holds what it put there.
            _ => (Some(Left::Gone), path.to_path_buf()),
        }
    }

    /// Returns what stands at a place.
    pub fn found(&mut self, path: &Path) -> Outcome<Found> {
        match self.changed(path) {
            (Some(Left::Gone), _) => Ok(Found::Nothing),
            (Some(Left::Folder), _) => Ok(Found::Folder),
            (Some(Left::File(_) | Left::From(_)), _) => Ok(Found::File),
            (None, real) => self.in_world(&real),
        }
    }

    /// Returns the size of a file, where the code has not changed it.
    pub fn size(&mut self, path: &Path) -> Outcome<Option<u64>> {
        match self.changed(path) {
            (Some(Left::File(Some(text))), _) => Ok(u64::try_from(text.len()).ok()),
            (Some(_), _) => Ok(None),
            (None, real) => match self.ask(Question::Entry(real))? {
                Some(Answer::Entry(entry)) if entry.kind != EntryKind::Link => {
                    Ok(Some(entry.bytes))
                }
                _ => Ok(None),
            },
        }
    }

    /// Returns the names in a folder.
    pub fn names(&mut self, folder: &Path) -> Outcome<Option<Vec<String>>> {
        let mut names: Vec<String> = Vec::new();
        match self.changed(folder) {
            (Some(Left::Folder), _) => {}
            (Some(_), _) => return Ok(None),
            (None, real) => {
                if !self.in_world(&real)?.is_folder() && !self.waits {
                    return Ok(None);
                }
                names = self.names_in_world(&real)?;
            }
        }
        for (path, left) in &self.left {
            let name = path.file_name().and_then(|name| name.to_str());
            let (Some(parent), Some(name)) = (path.parent(), name) else {
                continue;
            };
            if parent != folder {
                continue;
            }
            names.retain(|one| one != name);
            if !matches!(left, Left::Gone) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        if self.backwards {
            names.reverse();
        }
        Ok(Some(names))
    }

    /// Returns what a file says, where it is a text.
    pub fn text(&mut self, path: &Path) -> Outcome<Option<String>> {
        match self.content(path)? {
            Some(text) if name::carries(&text) => Err(Stop::Lost),
            told => Ok(told),
        }
    }

    /// Returns all that a file holds; bytes that are no text stand in it as signs of their own.
    pub fn content(&mut self, path: &Path) -> Outcome<Option<String>> {
        let real = match self.changed(path) {
            (Some(Left::File(Some(text))), _) => return Ok(Some(text)),
            (Some(Left::Gone | Left::Folder), _) => return Ok(None),
            (Some(_), _) => return Err(Stop::Lost),
            (None, real) => real,
        };
        if let Some(word) = packs::written(&real, self.context) {
            let text = Source::of_word(&word).text;
            return if text.contains(HOLE) {
                Err(Stop::Lost)
            } else {
                Ok(Some(text))
            };
        }
        // Files that name each other one by one would take a round each.
        let question = Question::Text(real);
        if self.context.facts.known(&question).is_some() {
            self.texts += 1;
        } else if self.texts >= MAX_CHAIN {
            return Err(Stop::Lost);
        }
        match self.ask(question)? {
            None => Ok(Some(String::new())),
            Some(Answer::Text { text, sha256 }) if is_whole(&text, &sha256) => Ok(Some(text)),
            Some(Answer::Absent) => Ok(None),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Tells whether the code has put something into a folder, or taken it out: that changes the folder as well.
    fn is_touched(&self, path: &Path) -> bool {
        self.left.keys().any(|other| other.parent() == Some(path))
    }

    /// Tells whether a program was started that may have changed anything.
    pub const fn has_run(&self) -> bool {
        self.ran
    }

    /// Tells whether a file was changed longer ago than so many seconds.
    pub fn is_older(&mut self, path: &Path, seconds: f64) -> Outcome<bool> {
        if self.is_touched(path) {
            return Err(Stop::Lost);
        }
        match self.retimed.get(path) {
            Some(true) => return Ok(seconds < 0.0),
            Some(false) => return Err(Stop::Lost),
            None => {}
        }
        let (None, real) = self.changed(path) else {
            return Ok(seconds < 0.0);
        };
        if seconds < 0.0 {
            return Ok(true);
        }
        // The world counts whole minutes: what lies in the same one may be older or not.
        let minutes = (seconds / 60.0).floor();
        let surely = self.is_older_than_minutes(&real, minutes)?;
        let perhaps = minutes < 1.0 || self.is_older_than_minutes(&real, minutes - 1.0)?;
        match surely == perhaps || self.waits {
            true => Ok(surely),
            false => Err(Stop::Lost),
        }
    }

    /// Tells whether more than so many whole minutes have gone by since a file was changed.
    fn is_older_than_minutes(&mut self, real: &Path, minutes: f64) -> Outcome<bool> {
        let question = Question::Find {
            shown: format!("{}/", real.to_str().ok_or(Stop::Lost)?),
            start: real.to_path_buf(),
            tests: ["-maxdepth", "0", "-mmin", &format!("+{minutes}")]
                .iter()
                .map(|test| (*test).to_owned())
                .collect(),
        };
        match self.ask(question)? {
            Some(Answer::Glob(paths)) => Ok(!paths.is_empty()),
            None => Ok(true),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Says that a file has another time: just now, or one that is not known.
    pub fn retime(&mut self, path: &Path, now: bool) {
        self.retimed.insert(path.to_path_buf(), now);
    }

    /// Says that a copy has the time of what it was copied from.
    pub fn keep_time(&mut self, from: &Path, to: &Path) {
        match self.retimed.get(from).copied() {
            Some(now) => self.retimed.insert(to.to_path_buf(), now),
            None => self.retimed.remove(to),
        };
    }

    /// Returns when a file was changed.
    pub fn moment(&mut self, path: &Path) -> Outcome<i64> {
        if self.is_touched(path) || self.retimed.contains_key(path) {
            return Err(Stop::Lost);
        }
        let (None, real) = self.changed(path) else {
            return Err(Stop::Lost);
        };
        match self.ask(Question::Tree(real))? {
            Some(Answer::Tree(tree)) if tree.files == 1 && tree.directories == 0 => Ok(tree.newest),
            None => Ok(0),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Removes what nobody knows.
    pub fn removes_something(&mut self, span: Span) -> Outcome<()> {
        self.step("rm -f -- \"$(this-script)\"".to_owned(), span, Kind::Runs)
    }

    fn step(&mut self, text: String, span: Span, kind: Kind) -> Outcome<()> {
        if self.steps.len() >= MAX_STEPS {
            return Err(Stop::Lost);
        }
        self.changes += 1;
        self.steps.push(Step { text, span, kind });
        Ok(())
    }

    /// Returns a path as the shell is told it: from where the code was started.
    fn shown(&self, path: &Path) -> Outcome<String> {
        let short = path.strip_prefix(&self.start).unwrap_or(path);
        let text = short.to_str().ok_or(Stop::Lost)?;
        Ok(if text.is_empty() {
            ".".to_owned()
        } else {
            text.to_owned()
        })
    }

    /// Removes a file, or a whole tree; tells whether something was there.
    pub fn remove(&mut self, path: &Path, tree: bool, span: Span) -> Outcome<bool> {
        let found = self.found(path)?;
        if found == Found::Nothing || found == Found::Folder && !tree {
            return Ok(false);
        }
        self.removed(path, tree, span)?;
        Ok(true)
    }

    /// Removes whatever stands at a place.
    pub fn removed(&mut self, path: &Path, tree: bool, span: Span) -> Outcome<()> {
        let flags = if tree { "-rf" } else { "-f" };
        let text = format!("rm {flags} -- {}", word(&self.shown(path)?));
        self.step(text, span, Kind::Runs)?;
        self.forget_below(path);
        self.left.insert(path.to_path_buf(), Left::Gone);
        Ok(())
    }

    fn forget_below(&mut self, path: &Path) {
        self.left.retain(|other, _| !other.starts_with(path));
        self.unseen.retain(|other| !other.starts_with(path));
        self.retimed.retain(|other, _| !other.starts_with(path));
    }

    /// Makes a folder, with those above.
    pub fn make_folder(&mut self, path: &Path) -> Outcome<bool> {
        if self.found(path)? != Found::Nothing {
            return Ok(false);
        }
        let above: Vec<PathBuf> = path.ancestors().map(Path::to_path_buf).collect();
        for path in above {
            if self.found(&path)? != Found::Nothing {
                break;
            }
            self.fresh_folder(&path);
        }
        Ok(true)
    }

    /// Begins a file anew, or adds to it; the text may come later.
    pub fn write(
        &mut self,
        path: &Path,
        text: Option<&str>,
        adds: bool,
        span: Span,
    ) -> Outcome<usize> {
        if self.found(path)?.is_folder() {
            return Err(Stop::Lost);
        }
        let shown = self.shown(path)?;
        let spelled = match adds {
            true => steps::added(&shown, text),
            false => steps::written(&shown, text),
        };
        let kind = match adds {
            true => Kind::Adds(shown),
            false => Kind::Writes(shown),
        };
        let known = match (adds, text) {
            (false, Some(text)) if text.len() < MAX_TEXT => Some(text.to_owned()),
            _ => None,
        };
        self.step(spelled, span, kind)?;
        self.forget_below(path);
        self.left.insert(path.to_path_buf(), Left::File(known));
        Ok(self.steps.len() - 1)
    }

    /// Says what a file that was begun anew holds at last.
    pub fn filled(&mut self, step: usize, path: &Path, text: Option<&str>) {
        if let Some(step) = self.steps.get_mut(step)
            && let Kind::Writes(shown) = &step.kind
        {
            // A line end closes the text of the shell by itself.
            let text = text.map(|text| text.strip_suffix('\n').unwrap_or(text));
            step.text = steps::written(&shown.clone(), text);
        }
        if let Some(Left::File(known)) = self.left.get_mut(path) {
            *known = text.map(str::to_owned).filter(|text| text.len() < MAX_TEXT);
        }
    }

    /// Moves a place onto another; tells whether it was there.
    pub fn rename(&mut self, from: &Path, to: &Path, span: Span) -> Outcome<bool> {
        if self.found(from)? == Found::Nothing {
            return Ok(false);
        }
        if from == to {
            return Ok(true);
        }
        let below = |other: &PathBuf| other != from && other.starts_with(from);
        if self.left.keys().chain(self.retimed.keys()).any(below) {
            return Err(Stop::Lost);
        }
        let there = self.found(to)?;
        let shown = self.shown(to)?;
        // Nothing stands there: nothing is lost, whatever stood there before the code.
        let verb = if there == Found::Nothing {
            "mv -n"
        } else {
            "mv"
        };
        let folder = if there.is_folder() { " -T" } else { "" };
        let unseen = self.is_unseen(from);
        // What nobody has seen there cannot be said to be moved: it is written over the other place.
        let text = match unseen && !self.found(from)?.is_folder() {
            true => steps::written(&shown, None),
            false => format!(
                "{verb}{folder} -- {} {}",
                word(&self.shown(from)?),
                word(&shown)
            ),
        };
        self.step(text, span, Kind::Writes(shown))?;
        let (left, real) = self.changed(from);
        let time = self.retimed.get(from).copied();
        self.forget_below(to);
        self.forget_below(from);
        let left = match left {
            Some(left) => left,
            None => Left::From(real),
        };
        if unseen && matches!(left, Left::Folder) {
            self.unseen.insert(to.to_path_buf());
        }
        if let Some(time) = time {
            self.retimed.insert(to.to_path_buf(), time);
        }
        self.left.insert(to.to_path_buf(), left);
        self.left.insert(from.to_path_buf(), Left::Gone);
        Ok(true)
    }

    /// Copies a file, or with its tree; tells whether it was there.
    pub fn copy(&mut self, from: &Path, to: &Path, tree: bool, span: Span) -> Outcome<bool> {
        let found = self.found(from)?;
        if found == Found::Nothing {
            return Ok(false);
        }
        if found.is_folder() && !tree {
            return Err(Stop::Lost);
        }
        // A tree that the code has changed is no longer what stands in the world.
        if found.is_folder() && self.left.keys().any(|other| other.starts_with(from)) {
            return Err(Stop::Lost);
        }
        let flags = if found.is_folder() { " -rT" } else { "" };
        let shown = self.shown(to)?;
        let text = match self.is_unseen(from) && !found.is_folder() {
            true => steps::written(&shown, None),
            false => format!("cp{flags} -- {} {}", word(&self.shown(from)?), word(&shown)),
        };
        let (left, real) = self.changed(from);
        // A moved or changed file is no longer what the shell finds there.
        self.step(text, span, Kind::Writes(shown))?;
        let left = match left {
            Some(left) => left,
            None => Left::From(real),
        };
        if !found.is_folder() {
            self.retime(to, true);
        }
        self.left.insert(to.to_path_buf(), left);
        Ok(true)
    }

    /// Tells whether the code has made what stands here without a step that says so.
    fn is_unseen(&self, path: &Path) -> bool {
        let moved = matches!(self.left.get(path), Some(Left::From(_)));
        !moved && path.ancestors().any(|above| self.unseen.contains(above))
    }

    /// What a file holds is no longer known.
    pub fn blur(&mut self, path: &Path) {
        self.left.insert(path.to_path_buf(), Left::File(None));
    }

    /// Removes a folder that holds nothing.
    pub fn drop_folder(&mut self, path: &Path, span: Span) -> Outcome<()> {
        let text = format!("rmdir -- {}", word(&self.shown(path)?));
        self.step(text, span, Kind::Runs)?;
        self.forget_below(path);
        self.left.insert(path.to_path_buf(), Left::Gone);
        Ok(())
    }

    /// Notes down what a code does by itself, in the words of a shell.
    pub fn told(&mut self, text: String, span: Span) -> Outcome<()> {
        self.step(text, span, Kind::Runs)
    }

    /// A folder that the code makes where nobody else has anything.
    pub fn fresh_folder(&mut self, path: &Path) {
        self.changes += 1;
        self.unseen.insert(path.to_path_buf());
        self.left.insert(path.to_path_buf(), Left::Folder);
    }

    /// A file that the code makes where nothing stood; what it holds is known elsewhere.
    pub fn fresh_file(&mut self, path: &Path) {
        self.changes += 1;
        self.unseen.insert(path.to_path_buf());
        self.left.insert(path.to_path_buf(), Left::File(None));
    }

    /// Returns a path with every link of it resolved, as far as it is there.
    pub fn resolved(&mut self, path: &Path) -> Outcome<PathBuf> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(path.to_path_buf());
        };
        let held = |one: &Path| self.left.contains_key(one);
        if path.ancestors().any(held) {
            return Ok(self.resolved(above)?.join(name));
        }
        match self.ask(Question::Entry(path.to_path_buf()))? {
            None => Ok(path.to_path_buf()),
            Some(Answer::Entry(entry)) => Ok(entry.resolved),
            Some(Answer::Absent) => Ok(self.resolved(above)?.join(name)),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Returns a folder with every link on the way to it resolved, one after the other.
    pub fn without_links(&mut self, folder: &Path) -> Outcome<PathBuf> {
        let mut real = PathBuf::from("/");
        for part in folder.iter().skip(1) {
            real.push(part);
            if self.here.starts_with(&real) || self.left.contains_key(&real) {
                continue;
            }
            if let Some(Answer::Entry(entry)) = self.ask(Question::Entry(real.clone()))? {
                real = entry.resolved;
            }
        }
        Ok(real)
    }

    /// The folder in which the code stands, as the system knows it.
    pub fn stands_at(&mut self, real: PathBuf) {
        self.here.clone_from(&real);
        self.start = real;
    }

    /// Returns what the hook's own environment gives to a variable.
    pub fn inherited(&mut self, name: &str) -> Outcome<Option<String>> {
        match self.ask(Question::Variable(name.to_owned()))? {
            Some(Answer::Variable(value)) => Ok(Some(value)),
            Some(Answer::Absent) | None => Ok(None),
            Some(_) => Err(Stop::Lost),
        }
    }

    /// Returns seconds since 1970, in universal time and by the clock on the wall; nothing where no clock is asked.
    pub fn clock(&mut self) -> Outcome<Option<(i64, i64)>> {
        match self.ask(Question::Clock)? {
            Some(Answer::Clock { universal, local }) => Ok(Some((universal, local))),
            _ => Ok(None),
        }
    }

    /// Returns the folder of the user.
    pub fn home(&self) -> Option<String> {
        let home = self.context.scene.home.as_ref()?;
        home.to_str().map(str::to_owned)
    }

    /// Returns the text of a module: one that the code runs itself.
    pub fn source(&mut self, path: &Path) -> Outcome<Option<String>> {
        let texts = std::mem::take(&mut self.texts);
        let text = self.text(path);
        self.texts = texts;
        text
    }

    /// Returns the pages of a database.
    pub fn pages(&mut self, path: &Path) -> Outcome<Vec<u8>> {
        match self.changed(path) {
            (Some(Left::File(Some(text))), _) if text.is_empty() => Ok(Vec::new()),
            (Some(_), _) => Err(Stop::Lost),
            (None, real) => match self.ask(Question::Pages(real))? {
                Some(Answer::Pages(pages)) => Ok(pages.0.to_vec()),
                None | Some(Answer::Absent) => Ok(Vec::new()),
                Some(_) => Err(Stop::Lost),
            },
        }
    }

    /// Starts a program.
    pub fn run(&mut self, text: &str, span: Span) -> Outcome<()> {
        let text = match self.here == self.start {
            true => text.to_owned(),
            false => format!(
                "(\n{}\n{text}\n)",
                steps::goes(&self.shown(&self.here.clone())?)
            ),
        };
        // Programs find the folders that the code has made.
        let made: Vec<PathBuf> = self
            .unseen
            .iter()
            .filter(|path| matches!(self.left.get(*path), Some(Left::Folder)))
            .cloned()
            .collect();
        for path in made {
            let text = format!("mkdir -p -- {}", word(&self.shown(&path)?));
            self.step(text, span, Kind::Runs)?;
        }
        if only_tells(&text) {
            return self.step(text, span, Kind::Runs);
        }
        self.ran = true;
        // What was found before may be another one now.
        self.folders = Folders::default();
        for left in self.left.values_mut() {
            if let Left::File(text) = left {
                *text = None;
            }
        }
        self.step(text, span, Kind::Runs)
    }
}

/// Tells whether a line starts one program that changes no file: it is as it was behind it.
fn only_tells(line: &str) -> bool {
    let sign = |c: char| "|&;<>()`$\\\"\n*?[{#!=".contains(c);
    if line.contains(sign) {
        return false;
    }
    let mut words = line.split_whitespace().map(|word| word.trim_matches('\''));
    let first = words.next().unwrap_or_default();
    let asks = [
        "status",
        "log",
        "show",
        "rev-parse",
        "ls-files",
        "describe",
        "diff",
    ];
    match first {
        "git" => {
            words.next().is_some_and(|second| asks.contains(&second))
                && !words.any(|word| word.starts_with("--o") || word.starts_with("--ext"))
        }
        _ => super::READERS.contains(&first),
    }
}

/// Tells whether a place is one of the system itself, which is another one for each who looks.
fn is_no_place(path: &Path) -> bool {
    let own = ["/proc", "/sys", "/dev"]
        .iter()
        .any(|one| path.starts_with(one));
    let plain = ["/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr"];
    own && !plain.iter().any(|one| path == Path::new(one))
}

/// Tells whether a text is all that a file holds: of a program only the beginning is told.
fn is_whole(text: &str, told: &str) -> bool {
    use sha2::Digest;
    let own = || {
        sha2::Sha256::digest(name::bytes(text))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    !text.contains('\0') && !name::carries(text) || own() == told
}
