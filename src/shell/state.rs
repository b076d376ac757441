//! What a shell knows while it runs: variables, functions, positional parameters, working directories.
//! It only stores and joins; nothing is evaluated here.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use crate::model::command::{Cwd, Stdin};
use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::Node;
use super::globs::Globs;
use super::jumps::Gone;
use super::proof::Proofs;
use super::source::Source;
use super::traps::Trap;

/// A variable with more possible values than this is unknown.
pub const MAX_ALTERNATIVES: usize = 8;
/// Directories that `pushd` remembers; every way that a shell may go has a copy.
const MAX_STACK: usize = 64;
/// More possible working directories than this are unknown.
const MAX_CWDS: usize = 4;

/// A value of more bytes than this is unknown: a loop that doubles one would never end.
const MAX_VALUE_BYTES: usize = 1 << 20;
/// A value or an output of more pieces than this is unknown.
const MAX_PIECES: usize = 256;
/// An array with more elements is unknown.
const MAX_ITEMS: usize = 4_096;

/// Name references followed in a row; a circle ends there.
const MAX_REFERENCES: usize = 8;

/// One value that a variable may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(Vec<Piece>),
    /// Elements with their keys, where written.
    List(Vec<(Option<String>, Vec<Piece>)>),
    Unset,
}

/// Tells whether the shell gives a variable another value than the one it was set to.
fn fills_itself(name: &str) -> bool {
    matches!(
        name,
        "RANDOM"
            | "SRANDOM"
            | "SECONDS"
            | "EPOCHSECONDS"
            | "EPOCHREALTIME"
            | "LINENO"
            | "BASHPID"
            | "BASH_COMMAND"
            | "BASH_SUBSHELL"
            | "FUNCNAME"
            | "GROUPS"
            | "DIRSTACK"
            | "PIPESTATUS"
            | "HISTCMD"
            | "BASH_ARGC"
            | "BASH_ARGV"
            | "BASH_ARGV0"
            | "BASH_LINENO"
            | "BASH_SOURCE"
    )
}

impl Value {
    /// Returns a value of which nothing is known.
    pub fn unknown(hole: Hole, origin: Origin) -> Self {
        Self::Text(vec![Piece {
            part: Part::Hole(hole),
            origin,
        }])
    }

    /// Returns the value itself, or an unknown one when it has grown out of all measure.
    fn bounded(self) -> Self {
        let fits = match &self {
            Self::Text(pieces) => is_bounded(pieces),
            Self::List(items) => {
                items.len() <= MAX_ITEMS && items.iter().all(|item| is_bounded(&item.1))
            }
            Self::Unset => true,
        };
        if fits {
            self
        } else {
            Self::unknown(Hole::Unknown, nowhere())
        }
    }
}

/// Tells whether pieces are few and short enough to be carried on.
fn is_bounded(pieces: &[Piece]) -> bool {
    let bytes = |piece: &Piece| match &piece.part {
        Part::Literal(text) | Part::Glob(text) => text.len(),
        Part::Hole(_) => 1,
    };
    pieces.len() <= MAX_PIECES && pieces.iter().map(bytes).sum::<usize>() <= MAX_VALUE_BYTES
}

/// A variable that the text has assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub alternatives: Vec<Value>,
    pub exported: bool,
    /// `declare -n`: the value is the name of another variable.
    pub reference: bool,
}

/// Variables by name; shared, because every way that a shell may go has a copy.
pub type Variables = BTreeMap<Rc<str>, Rc<Variable>>;

/// Functions by name, shared likewise.
pub type Functions = HashMap<Rc<str>, Rc<Function>>;

/// A function with the text that its body belongs to.
#[derive(Clone, Debug)]
pub struct Function {
    pub body: Node,
    pub source: Rc<Source>,
}

/// A choice between readings that was made while one command was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub key: String,
    pub index: usize,
    pub count: usize,
}

/// The state of one shell.
#[derive(Clone, Debug)]
pub struct State {
    pub variables: Rc<Variables>,
    pub functions: Rc<Functions>,
    /// Names of functions that new shells inherit (`export -f`).
    pub handed: Rc<Vec<String>>,
    pub aliases: Rc<HashMap<Rc<str>, Rc<Word>>>,
    pub arguments: Rc<Vec<Word>>,
    /// The lists that these may be, where paths differ.
    pub also: super::placed::Lists,
    /// `set --` has said what they are.
    pub placed: bool,
    pub zero: Option<Word>,
    /// Every working directory that is possible here; never empty.
    pub cwd: Vec<Cwd>,
    pub previous: Vec<Cwd>,
    pub stack: Vec<Vec<Cwd>>,
    pub traps: Vec<Rc<Trap>>,
    /// `exit`, `return`, `break`: what follows in this branch is not reached.
    pub ended: bool,
    /// The same for certain: nothing of what follows runs, up to where this leads.
    pub gone: Option<Gone>,
    /// Set while a command is evaluated for each combination of readings.
    pub choices: Option<Vec<Choice>>,
    pub calls: usize,
    /// Loops around in this shell and function: what `break` and `continue` can leave.
    pub loops: usize,
    /// A function or a sourced file of this shell is around: what `return` can leave.
    pub returns: bool,
    /// How many subshells are around.
    pub shell: usize,
    /// Product of the lengths of the loops around.
    pub rounds: usize,
    /// Inside a container or on another machine: nothing of this machine's facts holds.
    pub far: bool,
    /// The inherited environment was dropped.
    pub cleared: bool,
    /// `set -e`: a command that fails ends the shell.
    pub errexit: bool,
    /// `set -a`: whatever is set from here on is exported.
    pub exports_all: bool,
    /// Names that were exported before they had a value.
    pub promised: Rc<Vec<String>>,
    /// Files that are open for reading and writing (`exec 3<>FILE`), by their descriptors.
    pub opened: Rc<Vec<(String, Word)>>,
    /// Files to which the standard streams and other descriptors lead; the latest entry of a number counts.
    pub streams: Rc<Vec<(u32, Option<Word>)>>,
    /// `set -C` may be on: a redirection may leave the file that is there.
    pub noclobber: bool,
    /// `set -C` is on for certain.
    pub keeps: bool,
    /// How patterns are read.
    pub globs: Globs,
    /// zsh: what a variable holds is not split into words, and is no pattern.
    pub unsplit: bool,
    /// The shell is called `sh`, which may be dash: it knows neither `[[`, `((` nor `==`, and its `echo` reads escapes.
    pub plain: bool,
    /// What the variables of the function at hand were before they became local.
    pub locals: Vec<(String, Option<Rc<Variable>>)>,
    /// Commands that have succeeded for certain.
    pub proofs: Proofs,
}

impl State {
    /// Returns the state of a fresh shell.
    pub fn new(cwd: Vec<Cwd>, far: bool) -> Self {
        Self {
            variables: Rc::default(),
            functions: Rc::default(),
            handed: Rc::default(),
            aliases: Rc::default(),
            arguments: Rc::default(),
            also: Rc::default(),
            placed: false,
            zero: None,
            previous: vec![Cwd::Unknown],
            cwd,
            stack: Vec::new(),
            traps: Vec::new(),
            ended: false,
            gone: None,
            choices: None,
            calls: 0,
            loops: 0,
            returns: false,
            shell: 0,
            rounds: 1,
            far,
            cleared: false,
            errexit: false,
            exports_all: false,
            promised: Rc::default(),
            opened: Rc::default(),
            streams: Rc::default(),
            noclobber: false,
            keeps: false,
            globs: Globs::default(),
            unsplit: false,
            plain: false,
            locals: Vec::new(),
            proofs: Proofs::default(),
        }
    }

    /// Returns a copy for a subshell: its traps are its own.
    pub fn subshell(&self) -> Self {
        let mut copy = self.clone();
        copy.traps.clear();
        copy.choices = None;
        copy.gone = None;
        copy.loops = 0;
        copy.shell += 1;
        copy
    }

    /// Returns the state of a new shell program started from this one: only what is exported goes along.
    pub fn child(&self, env: &[(String, Word)], cleared: bool) -> Self {
        let mut copy = Self::new(self.cwd.clone(), self.far);
        copy.cleared = cleared || self.cleared;
        copy.rounds = self.rounds;
        copy.calls = self.calls;
        copy.shell = self.shell + 1;
        copy.streams = Rc::clone(&self.streams);
        copy.proofs = self.proofs.settled();
        let mut kept = Variables::new();
        if !cleared {
            for (name, variable) in self.variables.iter().filter(|(_, v)| v.exported) {
                kept.insert(Rc::clone(name), Rc::clone(variable));
            }
        }
        for (name, word) in env {
            kept.insert(name.as_str().into(), Rc::new(exported(word.pieces.clone())));
        }
        copy.variables = Rc::new(kept);
        if !copy.cleared && !self.handed.is_empty() {
            copy.handed = Rc::clone(&self.handed);
            let functions = self.functions.iter();
            let handed =
                functions.filter(|(name, _)| self.handed.iter().any(|one| **one == ***name));
            copy.functions = Rc::new(handed.map(|(n, f)| (Rc::clone(n), Rc::clone(f))).collect());
        }
        copy
    }

    /// Sets a variable to one value; an exported one stays exported.
    pub fn set(&mut self, name: &str, value: Value) {
        let name = &self.resolve(name);
        let old = self.variables.get_key_value(name.as_str());
        let exported = old.is_some_and(|(_, variable)| variable.exported)
            || self.exports_all
            || self.promised.contains(name);
        let key = old.map_or_else(|| Rc::from(name.as_str()), |(key, _)| Rc::clone(key));
        let value = if fills_itself(name) {
            Value::unknown(Hole::Name, nowhere())
        } else {
            value.bounded()
        };
        let variable = Variable {
            alternatives: vec![value],
            exported,
            reference: false,
        };
        Rc::make_mut(&mut self.variables).insert(key, Rc::new(variable));
    }

    /// Remembers where the shell is; what lies too deep is not known any more.
    pub fn push_place(&mut self) {
        self.stack.push(self.cwd.clone());
        if self.stack.len() > MAX_STACK {
            self.stack.remove(0);
            if let Some(deepest) = self.stack.first_mut() {
                *deepest = vec![Cwd::Unknown];
            }
        }
    }

    /// Lets a variable hold another value as well: which of them is not known.
    pub fn add(&mut self, name: &str, value: Value) {
        let name = self.resolve(name);
        if let Some(variable) = Rc::make_mut(&mut self.variables).get_mut(name.as_str()) {
            Rc::make_mut(variable).alternatives.push(value);
        }
    }

    /// Takes the value of a variable out, where it has just one; it is to be set again.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let name = self.resolve(name);
        let variable = Rc::make_mut(&mut self.variables).get_mut(name.as_str())?;
        match Rc::make_mut(variable).alternatives.as_mut_slice() {
            [value] => Some(std::mem::replace(value, Value::Unset)),
            _ => None,
        }
    }

    /// Marks a variable as exported.
    pub fn export(&mut self, name: &str, on: bool) {
        if let Some(variable) = Rc::make_mut(&mut self.variables).get_mut(name) {
            Rc::make_mut(variable).exported = on;
        } else if on && !self.promised.iter().any(|one| one == name) {
            Rc::make_mut(&mut self.promised).push(name.to_owned());
        }
    }

    /// Marks a function for new shells to inherit; it may be defined later.
    pub fn hand(&mut self, name: String) {
        if !self.handed.contains(&name) {
            Rc::make_mut(&mut self.handed).push(name);
        }
    }

    /// Makes a variable the name of another.
    pub fn refer(&mut self, name: &str) {
        if let Some(variable) = Rc::make_mut(&mut self.variables).get_mut(name) {
            Rc::make_mut(variable).reference = true;
        }
    }

    /// Returns the variable that a name reference stands for.
    pub fn reference(&self, name: &str) -> Option<String> {
        let variable = self.variables.get(name)?;
        if !variable.reference {
            return None;
        }
        match variable.alternatives.first()? {
            Value::Text(pieces) => literal(pieces).filter(|target| target != name),
            Value::List(_) | Value::Unset => None,
        }
    }

    /// Returns the name at the end of a chain of name references.
    pub fn resolve(&self, name: &str) -> String {
        let mut name = name.to_owned();
        for _ in 0..MAX_REFERENCES {
            match self.reference(&name) {
                Some(target) => name = target,
                None => break,
            }
        }
        name
    }

    /// Keeps only one of the values that a variable may have.
    pub fn narrow(&mut self, name: &str, index: usize) {
        if let Some(variable) = Rc::make_mut(&mut self.variables).get_mut(name)
            && let Some(value) = variable.alternatives.get(index).cloned()
        {
            Rc::make_mut(variable).alternatives = vec![value];
        }
    }

    /// Returns the exported variables with the values that the text gave them; what it took away has none that is known.
    pub fn environment(&self) -> Vec<(String, Word)> {
        let mut all: Vec<(String, Word)> = Vec::new();
        let gone = |variable: &Variable| {
            matches!(variable.alternatives.as_slice(), [Value::Unset]) && !variable.reference
        };
        for (name, _) in self.variables.iter().filter(|(_, v)| gone(v)) {
            all.push((
                name.to_string(),
                Word::hole(Hole::Unknown, false, nowhere()),
            ));
        }
        for (name, variable) in self.variables.iter().filter(|(_, v)| v.exported) {
            if let [Value::Text(pieces)] = variable.alternatives.as_slice() {
                all.push((name.to_string(), word_of(pieces.clone(), None)));
            } else if let Some(Value::Text(pieces)) = variable.alternatives.first() {
                let origin = pieces.first().map_or_else(nowhere, |p| p.origin.clone());
                all.push((name.to_string(), Word::hole(Hole::Unknown, false, origin)));
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Joins what follows where what stands before `||` has failed; what stands behind says whether the shell is left.
    pub fn join_otherwise(&mut self, other: Self) {
        self.proofs.succeeded();
        let gone = other.gone;
        self.join(other);
        self.gone = gone;
    }

    /// Takes in the state of another path that may have been gone instead.
    pub fn join(&mut self, mut other: Self) {
        let met = self.meet(&mut other);
        self.join_rest(other);
        self.met(met);
    }

    const fn leaves(&self) -> bool {
        self.ended || self.gone.is_some()
    }

    fn join_rest(&mut self, other: Self) {
        let gone = self.gone.zip(other.gone).map(|(a, b)| a.min(b));
        let (left, leaves) = (self.leaves(), other.leaves());
        if leaves && !left {
            return;
        }
        if left && !leaves {
            let choices = self.choices.take();
            *self = other;
            self.choices = choices;
            return;
        }
        self.gone = gone;
        self.join_variables(&other.variables);
        self.placed &= other.placed;
        self.join_arguments(&other.arguments, &other.also);
        self.exports_all |= other.exports_all;
        for name in other.promised.iter() {
            if !self.promised.contains(name) {
                Rc::make_mut(&mut self.promised).push(name.clone());
            }
        }
        self.errexit &= other.errexit;
        self.noclobber |= other.noclobber;
        self.keeps &= other.keeps;
        self.globs.join(other.globs);
        self.proofs.join(&other.proofs);
        if !Rc::ptr_eq(&self.functions, &other.functions) {
            let functions = Rc::make_mut(&mut self.functions);
            for (name, function) in other.functions.iter() {
                functions
                    .entry(Rc::clone(name))
                    .or_insert_with(|| Rc::clone(function));
            }
        }
        join_cwds(&mut self.cwd, other.cwd);
        join_cwds(&mut self.previous, other.previous);
    }

    /// Takes in what holds on another way that ends at the same place.
    pub fn join_ways(
        &mut self,
        variables: &Rc<Variables>,
        (arguments, also): (&Rc<Vec<Word>>, &super::placed::Lists),
        cwd: Option<&[Cwd]>,
    ) {
        self.join_variables(variables);
        self.join_arguments(arguments, also);
        if let Some(cwd) = cwd {
            join_cwds(&mut self.cwd, cwd.to_vec());
        }
    }

    fn join_variables(&mut self, other: &Rc<Variables>) {
        if Rc::ptr_eq(&self.variables, other) {
            return;
        }
        let mut changed: Vec<(Rc<str>, Rc<Variable>)> = Vec::new();
        let one_sided = |name: &Rc<str>, value: &Rc<Variable>, always: bool| {
            let known = value.alternatives.iter().any(|one| is_inherited(one, name));
            (always || !known).then(|| {
                let mut copy = Variable::clone(value);
                copy.add(inherited(name));
                (Rc::clone(name), Rc::new(copy))
            })
        };
        let (mut ours, mut theirs) = (self.variables.iter(), other.iter());
        let (mut mine, mut other) = (ours.next(), theirs.next());
        loop {
            let order = match (mine, other) {
                (Some((a, _)), Some((b, _))) if Rc::ptr_eq(a, b) => Ordering::Equal,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            match (order, mine, other) {
                (Ordering::Equal, Some((name, a)), Some((_, b))) if a != b && !a.holds(b) => {
                    let mut copy = Variable::clone(a);
                    copy.merge(b);
                    changed.push((Rc::clone(name), Rc::new(copy)));
                }
                (Ordering::Less, Some((name, value)), _) => {
                    changed.extend(one_sided(name, value, false));
                }
                (Ordering::Greater, _, Some((name, value))) => {
                    changed.extend(one_sided(name, value, true));
                }
                _ => {}
            }
            if order.is_le() {
                mine = ours.next();
            }
            if order.is_ge() {
                other = theirs.next();
            }
        }
        if !changed.is_empty() {
            Rc::make_mut(&mut self.variables).extend(changed);
        }
    }

    /// Returns the one working directory, when there is just one and it is known.
    pub fn known_cwd(&self) -> Option<&Path> {
        match self.cwd.as_slice() {
            [Cwd::Known(path)] => Some(path),
            _ => None,
        }
    }
}

fn inherited(name: &str) -> Value {
    Value::unknown(Hole::Inherited(name.to_owned()), nowhere())
}

/// Tells whether a value is the inherited one, without making it: every arm of a long `case` asks for every variable.
fn is_inherited(value: &Value, name: &str) -> bool {
    match value {
        Value::Text(pieces) => match pieces.as_slice() {
            [piece] => {
                matches!(&piece.part, Part::Hole(Hole::Inherited(known)) if known == name)
                    && piece.origin == nowhere()
            }
            _ => false,
        },
        Value::List(_) | Value::Unset => false,
    }
}

fn exported(pieces: Vec<Piece>) -> Variable {
    Variable {
        alternatives: vec![Value::Text(pieces)],
        exported: true,
        reference: false,
    }
}

fn join_cwds(mine: &mut Vec<Cwd>, theirs: Vec<Cwd>) {
    for cwd in theirs {
        if !mine.contains(&cwd) {
            mine.push(cwd);
        }
    }
    if mine.len() > MAX_CWDS {
        *mine = vec![Cwd::Unknown];
    }
}

impl Variable {
    fn add(&mut self, value: Value) {
        if !self.alternatives.contains(&value) {
            self.alternatives.push(value);
        }
        if self.alternatives.len() > MAX_ALTERNATIVES {
            self.alternatives = vec![Value::unknown(Hole::Unknown, nowhere())];
        }
    }

    /// Tells whether merging another one would change nothing.
    fn holds(&self, other: &Self) -> bool {
        let mut values = other.alternatives.iter();
        (self.exported || !other.exported) && values.all(|value| self.alternatives.contains(value))
    }

    fn merge(&mut self, other: &Self) {
        self.exported |= other.exported;
        for value in &other.alternatives {
            self.add(value.clone());
        }
    }
}

/// What flows into or out of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    Inherited,
    Null,
    /// Known text, with holes; `certain` is false when only one of its parts flows.
    Text {
        pieces: Vec<Piece>,
        certain: bool,
    },
    /// A file's content.
    File(Word),
    /// Unknown lines, each of one of these forms.
    Items(Vec<Word>),
    /// Output of this program; on further lines the known text that it is made of.
    Opaque(String),
}

impl Feed {
    /// Returns a feed of known text.
    pub const fn text(pieces: Vec<Piece>) -> Self {
        Self::Text {
            pieces,
            certain: true,
        }
    }

    /// Returns what flows when nothing is written.
    pub const fn nothing() -> Self {
        Self::text(Vec::new())
    }

    /// Tells whether nothing flows.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Text { pieces, .. } => pieces.is_empty(),
            Self::Null => true,
            Self::Inherited | Self::File(_) | Self::Items(_) | Self::Opaque(_) => false,
        }
    }

    /// Returns the feed as pieces; what is unknown becomes a hole.
    pub fn into_pieces(self) -> Vec<Piece> {
        match self {
            Self::Text { pieces, .. } => pieces,
            Self::Null => Vec::new(),
            Self::Items(items) => super::generated::pieces(&items),
            Self::Inherited | Self::File(_) | Self::Opaque(_) => vec![Piece {
                part: Part::Hole(Hole::Unknown),
                origin: nowhere(),
            }],
        }
    }

    /// Returns what flows when this is followed by `next`.
    pub fn then(self, next: Self) -> Self {
        if next.is_nothing() {
            return self;
        }
        if self.is_nothing() {
            return next;
        }
        let (this, next) = match (self, next) {
            (Self::Items(mut a), Self::Items(b)) => {
                a.extend(b);
                return Self::Items(a);
            }
            both => both,
        };
        let certain = !matches!(this, Self::Text { certain: false, .. })
            && !matches!(next, Self::Text { certain: false, .. });
        let known = matches!(this, Self::Text { .. }) || matches!(next, Self::Text { .. });
        if !known {
            return this;
        }
        let mut pieces = this.into_pieces();
        pieces.extend(next.into_pieces());
        if !is_bounded(&pieces) {
            return Self::Opaque("shell".to_owned());
        }
        Self::Text { pieces, certain }
    }

    /// Returns what flows when either this or `other` does.
    pub fn or(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        match self.then(other) {
            Self::Text { pieces, .. } => Self::Text {
                pieces,
                certain: false,
            },
            other => other,
        }
    }

    /// Returns the feed as a command's standard input.
    pub fn stdin(&self) -> Stdin {
        match self {
            Self::Inherited => Stdin::Inherited,
            Self::Null => Stdin::Null,
            Self::Text { pieces, .. } => Stdin::Text(word_of(pieces.clone(), None)),
            Self::File(word) => Stdin::File(word.clone()),
            Self::Items(items) if super::generated::has_text(items) => {
                Stdin::Text(word_of(super::generated::pieces(items), None))
            }
            Self::Items(_) => Stdin::Opaque {
                from: "a list of names".to_owned(),
            },
            Self::Opaque(from) => Stdin::Opaque {
                from: from.lines().next().unwrap_or_default().to_owned(),
            },
        }
    }
}

/// Returns a place for what stands nowhere in the text.
pub const fn nowhere() -> Origin {
    Origin::Text(crate::model::span::Span::new(0, 0))
}

/// Returns a word made of pieces.
pub fn word_of(pieces: Vec<Piece>, origin: Option<Origin>) -> Word {
    let origin = origin.unwrap_or_else(|| span_of(&pieces));
    Word {
        pieces,
        origin,
        many: false,
        quoted: true,
    }
}

/// Adds pieces to the end of a word.
pub fn extend(word: &mut Word, pieces: &[Piece]) {
    let known = (!word.pieces.is_empty()).then(|| word.origin.clone());
    word.origin = joined(known, pieces).unwrap_or_else(nowhere);
    word.pieces.extend_from_slice(pieces);
}

fn span_of(pieces: &[Piece]) -> Origin {
    joined(None, pieces).unwrap_or_else(nowhere)
}

fn joined(mut all: Option<Origin>, pieces: &[Piece]) -> Option<Origin> {
    for piece in pieces {
        all = match (all, &piece.origin) {
            (None, origin) => Some(origin.clone()),
            (Some(Origin::Text(a)), Origin::Text(b)) if !b.is_empty() => {
                Some(Origin::Text(a.join(*b)))
            }
            (Some(first), _) => Some(first),
        };
    }
    all
}

/// Returns the text of pieces when all of them are literal.
pub fn literal(pieces: &[Piece]) -> Option<String> {
    let mut all = String::new();
    for piece in pieces {
        match &piece.part {
            Part::Literal(text) => all.push_str(text),
            Part::Glob(_) | Part::Hole(_) => return None,
        }
    }
    Some(all)
}

/// Returns `path` seen from `base` with `.` and `..` taken out by their letters.
pub fn lexical(base: &Path, path: &str) -> PathBuf {
    let mut all = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                all.pop();
            }
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => {
                all.push(part.as_os_str());
            }
        }
    }
    if all.as_os_str().is_empty() {
        all.push("/");
    }
    all
}
