//! Walks the tree in the order in which a shell runs it: lists, pipelines, branches, loops, functions.
//! Both sides of every condition are taken; no condition is decided.

use std::rc::Rc;

use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::{
    Assign, AssignValue, CaseArm, Chain, Item, Node, NodeKind, PartKind, Pipeline, RawPart,
    RawWord, Script,
};
use super::elements::{self, appended, with_element};
use super::expand::{VALUE, WORD, literal_piece};
use super::proof::{Proofs, printed};
use super::state::{Choice, Feed, Function, State, Value, literal, nowhere, word_of};
use super::unfold::{Content, Frame, Job, Unfolder};

impl Unfolder<'_> {
    /// Runs the lines of a script; returns what they print together.
    pub(super) fn script(&mut self, script: &Script, st: &mut State, fr: &Frame) -> Feed {
        if !self.enter() {
            return Feed::Opaque("shell".to_owned());
        }
        let mut feed = Feed::nothing();
        self.status = None;
        for item in &script.items {
            if self.is_spent() || st.gone.is_some() {
                break;
            }
            let next = self.item(item, st, fr);
            feed = feed.then(self.told(next, script.items.len(), st));
        }
        self.leave();
        feed
    }

    /// Reads a file out that one of several programs prints: together they are one text.
    fn told(&mut self, feed: Feed, programs: usize, st: &State) -> Feed {
        if self.hungry && programs > 1 {
            return self.listed(feed, st);
        }
        feed
    }

    fn item(&mut self, item: &Item, st: &mut State, fr: &Frame) -> Feed {
        if item.background {
            let mut inside = st.subshell();
            let from = self.out.commands.len();
            self.beside += 1;
            let feed = self.list(item, &mut inside, fr);
            self.beside -= 1;
            self.status = None;
            st.proofs = st.proofs.settled();
            if let ([node], []) = (item.first.nodes.as_slice(), item.rest.as_slice()) {
                let origin = fr.source.origin(node.span);
                if let Some(at) = self.opener(from, &origin, fr.via.len()) {
                    Self::opened(at, st);
                }
            }
            return self.trapped(feed, &mut inside, fr);
        }
        self.list(item, st, fr)
    }

    fn list(&mut self, item: &Item, st: &mut State, fr: &Frame) -> Feed {
        let mut before = (!item.rest.is_empty()).then(|| st.clone());
        let outer = std::mem::replace(&mut self.guarded, !item.rest.is_empty());
        let shielded = self.shielded;
        self.shielded |= !item.rest.is_empty();
        let from = self.out.commands.len();
        let mut feed = self.pipeline(&item.first, st, fr);
        feed = self.told(feed, item.rest.len() + 1, st);
        let mut truth = self.truth(&item.first, from, st, fr);
        let mut left = &item.first;
        for (index, (chain, pipeline)) in item.rest.iter().enumerate() {
            let last = index + 1 == item.rest.len();
            self.guarded = !last || outer;
            self.shielded = !last || shielded;
            if st.gone.is_some() || truth == Some(matches!(chain, Chain::Or)) {
                continue;
            }
            let decided = truth.is_some();
            let reached = st.clone();
            let from = self.out.commands.len();
            match chain {
                Chain::And => {
                    st.proofs.succeeded();
                    let next = self.pipeline(pipeline, st, fr);
                    feed = feed.then(self.told(next, 2, st));
                    // Where the world is not asked every folder is there.
                    if !(self.facts.assumed && changes_place(left)) {
                        st.proofs.or_not_run(&reached.proofs);
                    }
                    if is_question(left) && !decided {
                        let proofs = st.proofs.clone();
                        st.join(reached.clone());
                        st.proofs = proofs;
                    }
                }
                Chain::Or => {
                    let mut other = match before.take() {
                        Some(before) if changes_place(left) => before,
                        _ => reached.clone(),
                    };
                    other.proofs = Proofs::of(reached.proofs.failed.clone());
                    let otherwise = std::mem::replace(&mut self.otherwise, true);
                    let next = self.pipeline(pipeline, &mut other, fr);
                    self.otherwise = otherwise;
                    feed = feed.or(next);
                    match decided {
                        // What stands before has failed for certain.
                        true => *st = other,
                        false => st.join_otherwise(other),
                    }
                }
            }
            st.gone = st.gone.filter(|_| decided);
            truth = truth.and_then(|_| self.truth(pipeline, from, st, fr));
            before = Some(reached);
            left = pipeline;
        }
        self.guarded = outer;
        self.shielded = shielded;
        // `return 1` has said its status itself.
        if st.gone.is_none() {
            self.status = truth;
        }
        feed
    }

    fn pipeline(&mut self, pipeline: &Pipeline, st: &mut State, fr: &Frame) -> Feed {
        let shielded = self.shielded;
        self.shielded |= pipeline.negated;
        let feed = self.piped(&pipeline.nodes, st, fr);
        self.shielded = shielded;
        if pipeline.negated {
            st.proofs.negate();
        }
        feed
    }

    fn piped(&mut self, nodes: &[Node], st: &mut State, fr: &Frame) -> Feed {
        if let [node] = nodes {
            return self.node(node, st, fr);
        }
        let mut feed = fr.stdin.clone();
        st.proofs = st.proofs.settled();
        let consumer = self.consumer(nodes);
        for (index, node) in nodes.iter().enumerate() {
            let inside = fr.fed(feed);
            let mut own = st.subshell();
            own.choices = None;
            let from = self.out.commands.len();
            let outer = self.hungry;
            self.hungry |= consumer.is_some_and(|last| index < last);
            let beside = usize::from(index + 1 < nodes.len());
            self.beside += beside;
            feed = self.node(node, &mut own, &inside);
            feed = self.trapped(feed, &mut own, &inside);
            self.beside -= beside;
            self.hungry = outer;
            if index + 1 < nodes.len() {
                continue;
            }
            // The last part gives the status; a program alone cannot have left before its end.
            if matches!(node.kind, NodeKind::Simple { .. }) {
                let origin = fr.source.origin(node.span);
                if self.started(from, &origin, fr.via.len()).is_some() {
                    st.proofs = own.proofs.clone();
                } else {
                    st.proofs.zero.clone_from(&own.proofs.zero);
                }
                self.strict(st);
            }
            // zsh runs the last part of a pipe in the shell itself: what a block sets there may stay set.
            if reads(node) || !matches!(node.kind, NodeKind::Simple { .. } | NodeKind::Subshell(_))
            {
                own.gone = None;
                own.proofs = st.proofs.clone();
                own.cwd = st.cwd.clone();
                st.join(own);
            }
        }
        feed
    }

    pub(super) fn node(&mut self, node: &Node, st: &mut State, fr: &Frame) -> Feed {
        if !self.enter() {
            return Feed::Opaque("shell".to_owned());
        }
        st.proofs = st.proofs.settled();
        self.called = None;
        let feed = match &node.kind {
            // There is nothing to choose, and no copy of all variables to be made for it.
            NodeKind::Simple { assigns, words } if only_sets(node, assigns, words, st) => {
                self.watched(node, assigns, words, st, fr)
            }
            NodeKind::Simple { assigns, words } => self.each_list(node, st, fr, &mut |this, st| {
                this.readings(st, &mut |this, st| {
                    this.watched(node, assigns, words, st, fr)
                })
            }),
            NodeKind::Function { name, body } => {
                let function = Function {
                    body: (**body).clone(),
                    source: Rc::clone(&fr.source),
                };
                Rc::make_mut(&mut st.functions).insert(name.as_str().into(), Rc::new(function));
                // The shell calls it for any name that it does not find.
                if matches!(
                    name.as_str(),
                    "command_not_found_handle" | "command_not_found_handler"
                ) {
                    let mut inside = st.subshell();
                    let unknown = Word::hole(Hole::Unknown, false, fr.source.origin(node.span));
                    inside.place(Rc::new(vec![unknown]));
                    self.node(body, &mut inside, fr);
                }
                Feed::nothing()
            }
            _ if node.redirects.is_empty() => self.compound(&node.kind, st, fr),
            _ => {
                let plumbing = self.plumb(&node.redirects, st, fr);
                let inside = match plumbing.stdin.clone() {
                    Some(stdin) if Self::is_list_reader(&node.kind) => {
                        fr.fed(self.listed(stdin, st))
                    }
                    Some(stdin) => fr.fed(stdin),
                    None => fr.clone(),
                };
                let feed = self.compound(&node.kind, st, &inside);
                let origin = fr.source.origin(node.span);
                let from = self.out.commands.len();
                self.emit_writes(plumbing.writes.clone(), &origin, st, fr, &feed);
                if let Some(at) = self.opener(from, &origin, fr.via.len()) {
                    Self::opened(at, st);
                }
                self.close(plumbing, feed, st, fr)
            }
        };
        self.leave();
        feed
    }

    /// Runs a simple command and notes what its success proves.
    fn watched(
        &mut self,
        node: &Node,
        assigns: &[Assign],
        words: &[RawWord],
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let from = self.out.commands.len();
        let feed = self.simple(node, assigns, words, st, fr);
        self.varied(node, words);
        let origin = fr.source.origin(node.span);
        let inner = printed(assigns, words).map(|span| fr.source.origin(span));
        let started = self.started(from, inner.as_ref().unwrap_or(&origin), fr.via.len());
        let opened = self.opener(from, &origin, fr.via.len());
        if let Some(at) = opened.filter(|at| started.is_none_or(|own| *at < own)) {
            Self::opened(at, st);
        }
        if let Some(at) = started {
            st.proofs.ran(at, !st.noclobber);
            self.strict(st);
        }
        if let Some(at) = opened.filter(|at| started.is_some_and(|own| *at > own)) {
            Self::opened(at, st);
        }
        feed
    }

    /// Under `set -e` the shell goes on only after success; groups and functions may fail all the same.
    fn strict(&self, st: &mut State) {
        if st.errexit && !self.shielded {
            st.proofs.succeeded();
        }
    }

    fn compound(&mut self, kind: &NodeKind, st: &mut State, fr: &Frame) -> Feed {
        let loops = matches!(
            kind,
            NodeKind::While { .. } | NodeKind::For { .. } | NodeKind::ForArith { .. }
        );
        st.loops += usize::from(loops);
        let feed = self.within(kind, st, fr);
        st.loops = st.loops.saturating_sub(usize::from(loops));
        feed
    }

    fn within(&mut self, kind: &NodeKind, st: &mut State, fr: &Frame) -> Feed {
        match kind {
            NodeKind::Simple { .. } | NodeKind::Function { .. } => Feed::nothing(),
            NodeKind::Group(script) => self.script(script, st, fr),
            NodeKind::Subshell(script) => {
                let mut inside = st.subshell();
                let guarded = std::mem::take(&mut self.guarded);
                let exits = self.exits;
                let feed = self.shell(script, &mut inside, fr);
                self.guarded = guarded;
                if self.exits == exits {
                    st.proofs.zero = inside.proofs.zero;
                    self.strict(st);
                }
                feed
            }
            NodeKind::If { arms, otherwise } => self.branches(arms, otherwise.as_ref(), st, fr),
            NodeKind::While {
                condition,
                until,
                body,
            } => self.while_loop(condition, *until, body, st, fr),
            NodeKind::For {
                name,
                words,
                body,
                select,
            } => self.readings(st, &mut |this, st| {
                this.for_loop(name, words.as_deref(), body, *select, st, fr)
            }),
            NodeKind::ForArith { header, body } => self.for_numbers(header, body, st, fr),
            NodeKind::Case { subject, arms } => self.case(subject, arms, st, fr),
            NodeKind::Test(words) => {
                let word = |pieces| word_of(pieces, None);
                let mut said = Vec::new();
                for one in words {
                    said.push(word(self.text(&one.parts, WORD, st, fr)));
                }
                self.tested_subscripts(&said, true, st, fr);
                Feed::nothing()
            }
            NodeKind::Arith(parts) => {
                self.reckoned = self.arith(parts, st, fr);
                Feed::nothing()
            }
            NodeKind::Coproc { name, body } => self.coproc(name.as_deref(), body, st, fr),
        }
    }

    fn branches(
        &mut self,
        arms: &[(Script, Script)],
        otherwise: Option<&Script>,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let guarded = std::mem::replace(&mut self.guarded, true);
        let shielded = self.shielded;
        let mut feed: Option<Feed> = None;
        let mut joined: Option<State> = None;
        let mut decided = false;
        let mut open = false;
        let mut take = |inside: State, next: Feed, joined: &mut Option<State>| {
            match joined {
                Some(all) => all.join(inside),
                None => *joined = Some(inside),
            }
            feed = Some(match feed.take() {
                Some(all) => all.or(next),
                None => next,
            });
        };
        for (condition, body) in arms {
            self.guarded = true;
            self.shielded = true;
            let from = self.out.commands.len();
            self.script(condition, st, fr);
            let truth = self.answer(condition, from, st, fr);
            self.guarded = guarded;
            self.shielded = shielded;
            open |= truth.is_none();
            if truth == Some(false) {
                continue;
            }
            let mut inside = st.clone();
            inside.ended = false;
            inside.proofs.succeeded();
            st.proofs = Proofs::of(st.proofs.failed.clone());
            let next = self.script(body, &mut inside, fr);
            take(inside, next, &mut joined);
            if truth == Some(true) {
                decided = true;
                break;
            }
        }
        if !decided {
            let mut last = st.clone();
            self.status = Some(true);
            let next = match otherwise {
                Some(script) => self.script(script, &mut last, fr),
                None => Feed::nothing(),
            };
            take(last, next, &mut joined);
        }
        if let Some(all) = joined {
            *st = all;
        }
        self.status = self.status.filter(|_| !open);
        self.guarded = guarded;
        feed.unwrap_or_else(Feed::nothing)
    }

    fn case(&mut self, subject: &RawWord, arms: &[CaseArm], st: &mut State, fr: &Frame) -> Feed {
        if let Some(feed) = self.decided(subject, arms, st, fr) {
            return feed;
        }
        self.text(&subject.parts, VALUE, st, fr);
        let before = st.clone();
        let mut all = st.clone();
        let mut feed = Feed::nothing();
        let mut fallen: Option<State> = None;
        for arm in arms {
            let mut inside = fallen.take().unwrap_or_else(|| before.clone());
            inside.join(before.clone());
            for pattern in &arm.patterns {
                self.text(&pattern.parts, WORD, &mut inside, fr);
            }
            let next = self.script(&arm.body, &mut inside, fr);
            feed = feed.or(next);
            if arm.falls_through {
                fallen = Some(inside.clone());
            }
            all.join(inside);
        }
        *st = all;
        self.status = None;
        feed
    }

    /// Runs one command for each combination of the readings that it depends on.
    fn readings(
        &mut self,
        st: &mut State,
        run: &mut dyn FnMut(&mut Self, &mut State) -> Feed,
    ) -> Feed {
        let outer = st.choices.take();
        let before = st.clone();
        st.choices = Some(Vec::new());
        let mut feed = run(self, st);
        let mut choices = st.choices.take().unwrap_or_default();
        let mut rounds = 1;
        while advance(&mut choices) {
            rounds += 1;
            let mut trial = before.clone();
            trial.choices = (rounds <= self.most_readings()).then(|| choices.clone());
            self.again += 1;
            let next = run(self, &mut trial);
            self.again -= 1;
            feed = feed.or(next);
            let more = trial.choices.take();
            st.join(trial);
            match more {
                Some(more) => choices = more,
                None => break,
            }
        }
        st.choices = outer;
        self.single = rounds == 1;
        feed
    }

    fn simple(
        &mut self,
        node: &Node,
        assigns: &[Assign],
        words: &[RawWord],
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        if let Some(feed) = self.alias(node, words, st, fr) {
            self.called = None;
            return feed;
        }
        let declares = first_word(node).is_some_and(is_declare);
        let fields = if declares {
            self.unsplit(words, st, fr)
        } else {
            self.fields(words, st, fr)
        };
        let origin = fr.source.origin(node.span);
        self.called = None;
        if st.gone.is_some() {
            return Feed::nothing();
        }
        if declares {
            self.doubt("declare", fields.get(1..).unwrap_or_default());
        }
        if fields.is_empty() || declares {
            return self.only_assigns(node, assigns, &fields, origin, st, fr);
        }
        let env = self.prefix(assigns, st, fr);
        let mut plumbing = self.plumb(&node.redirects, st, fr);
        plumbing.stays = fields.first().and_then(Word::plain) == Some("exec");
        let job = Job {
            words: fields,
            env,
            cleared: false,
            writes: std::mem::take(&mut plumbing.writes),
            origin,
            in_shell: true,
        };
        plumbing.writes.clone_from(&job.writes);
        let feed = match plumbing.stdin.clone() {
            Some(stdin) => self.run(job, st, &fr.fed(stdin)),
            None => self.run(job, st, fr),
        };
        self.close(plumbing, feed, st, fr)
    }

    /// Returns words one by one without splitting: operands of `declare` are assignments.
    fn unsplit(&mut self, words: &[RawWord], st: &mut State, fr: &Frame) -> Vec<Word> {
        let mut all = Vec::with_capacity(words.len());
        for word in words {
            for parts in super::brace::of_names(&word.parts) {
                let pieces = self.text(&parts, VALUE, st, fr);
                all.push(word_of(pieces, Some(fr.source.origin(word.span))));
            }
        }
        all
    }

    fn only_assigns(
        &mut self,
        node: &Node,
        assigns: &[Assign],
        fields: &[Word],
        origin: Origin,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        for assign in assigns {
            self.assign(assign, st, fr);
        }
        if !fields.is_empty() {
            let names: Vec<&str> = assigns.iter().map(|assign| assign.name.as_str()).collect();
            self.declare(fields, &names, st);
            self.declared_numbers(fields, st, fr);
        }
        let plumbing = self.plumb(&node.redirects, st, fr);
        self.emit_writes(plumbing.writes.clone(), &origin, st, fr, &Feed::nothing());
        self.called = None;
        self.close(plumbing, Feed::nothing(), st, fr)
    }

    /// Notes that a command has opened its files.
    fn opened(at: usize, st: &mut State) {
        if !st.noclobber {
            st.proofs.opened(at);
        }
    }

    fn prefix(&mut self, assigns: &[Assign], st: &mut State, fr: &Frame) -> Vec<(String, Word)> {
        let mut env = Vec::with_capacity(assigns.len());
        for assign in assigns {
            let pieces = match &assign.value {
                AssignValue::Word(word) => self.text(&word.parts, VALUE, st, fr),
                AssignValue::Array(_) => Vec::new(),
            };
            let origin = fr.source.origin(assign.span);
            env.push((assign.name.clone(), word_of(pieces, Some(origin))));
        }
        env
    }

    /// Carries out one assignment.
    pub(super) fn assign(&mut self, assign: &Assign, st: &mut State, fr: &Frame) {
        let index = assign
            .index
            .as_ref()
            .map(|parts| literal(&self.text(parts, VALUE, st, fr)));
        let value = match &assign.value {
            AssignValue::Word(word) => Value::Text(self.text(&word.parts, VALUE, st, fr)),
            AssignValue::Array(words) => {
                let before = self.uncounted;
                let items = self.fields(words, st, fr);
                let mut loose = self.uncounted > before;
                let keyed = |word: Word| {
                    loose |= word.many || word.has_glob();
                    let item = keyed(word);
                    if loose { elements::loose(item) } else { item }
                };
                Value::List(items.into_iter().map(keyed).collect())
            }
        };
        let old = if assign.append || index.is_some() {
            match st.take(&assign.name) {
                Some(old) => old,
                None => self.lookup(&assign.name, &nowhere(), st),
            }
        } else {
            Value::Unset
        };
        let value = match (index, value) {
            (Some(index), Value::Text(pieces)) => with_element(old, index, pieces, assign.append),
            (_, value) if assign.append => appended(old, value),
            (_, value) => value,
        };
        let chosen = match &value {
            Value::Text(pieces) => self.one_of(pieces),
            _ => None,
        };
        st.set(&assign.name, value);
        if let Some(pieces) = chosen {
            st.add(&assign.name, Value::Text(pieces));
        }
    }

    /// Runs a command substitution; returns what it prints.
    pub(super) fn substitute(&mut self, script: &Script, st: &mut State, fr: &Frame) -> Feed {
        let mut inside = st.subshell();
        // `$(< file)` prints the file.
        if let [item] = script.items.as_slice()
            && let [node] = item.first.nodes.as_slice()
            && let NodeKind::Simple { assigns, words } = &node.kind
            && assigns.is_empty()
            && words.is_empty()
            && let Some(feed) = self.plumb(&node.redirects, &mut inside, fr).stdin
        {
            return self.listed(feed, st);
        }
        let hungry = std::mem::replace(&mut self.hungry, !self.facts.assumed);
        let guarded = std::mem::take(&mut self.guarded);
        // bash turns `set -e` off in there.
        let shielded = std::mem::replace(&mut self.shielded, true);
        let feed = self.shell(script, &mut inside, fr);
        self.guarded = guarded;
        self.shielded = shielded;
        self.hungry = hungry;
        // What a `cd` in there changed does not hold here, nor does a name that is relative to it.
        if inside.cwd == st.cwd {
            return self.listed(feed, st);
        }
        feed
    }

    /// Runs a process substitution; returns the name of its file.
    pub(super) fn process(
        &mut self,
        input: bool,
        script: &Script,
        st: &mut State,
        fr: &Frame,
    ) -> String {
        self.counter += 1;
        let name = format!("/dev/fd/{}", 63 + self.counter);
        let mut inside = st.subshell();
        self.beside += 1;
        if input {
            let hungry = std::mem::replace(&mut self.hungry, !self.facts.assumed);
            let feed = self.shell(script, &mut inside, fr);
            self.hungry = hungry;
            self.files.insert(name.clone(), Content::Feed(feed));
        } else {
            let feed = match &fr.stdin {
                known @ (Feed::Text { .. } | Feed::File(_)) => known.clone(),
                _ => Feed::Opaque("the program before".to_owned()),
            };
            self.shell(script, &mut inside, &fr.fed(feed));
        }
        self.beside -= 1;
        name
    }
}

fn advance(choices: &mut Vec<Choice>) -> bool {
    while let Some(last) = choices.last_mut() {
        if last.index + 1 < last.count {
            last.index += 1;
            return true;
        }
        choices.pop();
    }
    false
}

/// Splits `[key]=value` of an array literal.
fn keyed(item: Word) -> (Option<String>, Vec<Piece>) {
    let shown = item.shown();
    let Some((key, _)) = shown
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]="))
    else {
        return (None, item.pieces);
    };
    (Some(key.to_owned()), super::builtins::after_equals(&item))
}

pub(super) fn first_word(node: &Node) -> Option<&str> {
    let NodeKind::Simple { words, .. } = &node.kind else {
        return None;
    };
    match words.first()?.parts.as_slice() {
        [part] => match &part.kind {
            PartKind::Plain(text) | PartKind::Glob(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Commands that are asked rather than expected to succeed.
fn is_question(pipeline: &Pipeline) -> bool {
    pipeline.negated
        || pipeline.nodes.last().is_some_and(|node| match &node.kind {
            NodeKind::Test(_) | NodeKind::Arith(_) => true,
            _ => matches!(
                first_word(node),
                Some(
                    "[" | "test"
                        | "grep"
                        | "command"
                        | "which"
                        | "type"
                        | "hash"
                        | "diff"
                        | "cmp"
                        | "pgrep"
                        | "false"
                )
            ),
        })
}

/// Tells whether a command only gives variables values that stand there letter by letter.
fn only_sets(node: &Node, assigns: &[Assign], words: &[RawWord], st: &State) -> bool {
    let plain = |parts: &[RawPart]| {
        parts.iter().all(|part| match &part.kind {
            PartKind::Plain(text) => !text.starts_with('~') && !text.contains('{'),
            PartKind::Single(_) | PartKind::AnsiC(_) => true,
            _ => false,
        })
    };
    let sets = |assign: &Assign| {
        let value = match &assign.value {
            AssignValue::Word(word) => plain(&word.parts),
            AssignValue::Array(words) => words.iter().all(|word| plain(&word.parts)),
        };
        let known = st.variables.get(st.resolve(&assign.name).as_str());
        value
            && assign.index.as_deref().is_none_or(plain)
            && known.is_none_or(|variable| variable.alternatives.len() == 1)
    };
    words.is_empty() && node.redirects.is_empty() && assigns.iter().all(sets)
}

fn changes_place(pipeline: &Pipeline) -> bool {
    matches!(pipeline.nodes.as_slice(), [node] if matches!(first_word(node), Some("cd" | "pushd" | "popd")))
}

fn reads(node: &Node) -> bool {
    matches!(first_word(node), Some("read" | "mapfile" | "readarray"))
}

/// Returns known input line by line; a list of unknown names gives one line of each form.
pub(super) fn lines_of(feed: &Feed) -> Option<Vec<Vec<Piece>>> {
    match feed {
        Feed::Items(items) => Some(items.iter().map(|item| item.pieces.clone()).collect()),
        Feed::Null => Some(Vec::new()),
        Feed::Text { pieces, .. } => {
            let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
            for piece in pieces {
                let Part::Literal(text) = &piece.part else {
                    lines.last_mut()?.push(piece.clone());
                    continue;
                };
                for (index, line) in text.split('\n').enumerate() {
                    if index > 0 {
                        lines.push(Vec::new());
                    }
                    if !line.is_empty() {
                        lines.last_mut()?.push(literal_piece(line, &piece.origin));
                    }
                }
            }
            if lines.last().is_some_and(Vec::is_empty) {
                lines.pop();
            }
            Some(lines)
        }
        Feed::Inherited | Feed::File(_) | Feed::Opaque(_) => None,
    }
}

/// Builtins whose operands are assignments.
pub(super) fn is_declare(name: &str) -> bool {
    matches!(
        name,
        "declare" | "typeset" | "local" | "export" | "readonly"
    )
}
