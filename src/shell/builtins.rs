//! What the shell does itself: functions, aliases, `cd`, `set`, `read`, `eval`, `source`, `trap` and their kin.
//! Programs are started elsewhere; here only the shell's own state changes.

use std::rc::Rc;

use crate::model::command::{Cwd, OpaqueKind, Passage};
use crate::model::fact::{Answer, EntryKind, Question};
use crate::model::span::Span;
use crate::model::word::{Hole, Part, Piece, Word};

use super::ast::NodeKind;
use super::elements::with_element;
use super::expand::literal_piece;
use super::jumps::{Goal, Gone};
use super::lines::{line_comes, map_file, read};
use super::options::options;
use super::settled::Going;
use super::source::Source;
use super::state::{Feed, Function, State, Value, Variable, lexical, nowhere};
use super::traps::Trap;
use super::unfold::{Frame, Job, Unfolder};

/// Calls of functions inside functions with known arguments; one more is read with unknown ones.
const MAX_CALLS: usize = 8;

/// Functions inside functions at all; deeper ones are not read.
const MAX_NESTED: usize = 64;

/// Bytes of a working directory; longer ones no system call takes.
const MAX_PATH: usize = 4_096;
/// Folders in folders of a working directory; each finding below it looks at all of them.
const MAX_FOLDERS: usize = 128;

impl Unfolder<'_> {
    /// Tells whether a function was read with unknown arguments: reading it so once more says nothing new.
    fn was_read_blind(&self, function: &Rc<super::state::Function>) -> bool {
        let mut known = self.read_blind.iter();
        known.any(|other| Rc::ptr_eq(other, function))
    }

    /// Runs a function body with these words as arguments.
    pub(super) fn call(
        &mut self,
        name: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let function = Rc::clone(st.functions.get(name)?);
        if st.calls > MAX_CALLS && (st.calls > MAX_NESTED || self.was_read_blind(&function)) {
            if st.calls > MAX_NESTED {
                let reason = "functions call functions too deeply".to_owned();
                let seen = vec![name.to_owned()];
                self.opaque(OpaqueKind::Budget, reason, seen, job.origin.clone(), fr);
            }
            return Some(Feed::Opaque(name.to_owned()));
        }
        let mut arguments = self.loosened(job.args());
        if st.calls >= MAX_CALLS {
            self.read_blind.push(Rc::clone(&function));
            arguments = vec![Word::hole(Hole::Unknown, false, job.origin.clone()); 9];
        }
        let written = self.recorded;
        let going = if self.is_long() {
            self.settled.begin(&function, &arguments, st, fr, written)
        } else {
            Going::Plain
        };
        if let Going::Done(feed) = going {
            return Some(feed);
        }
        let before = matches!(going, Going::Settling(_)).then(|| st.clone());
        let outer = std::mem::replace(&mut st.arguments, Rc::new(arguments));
        let lists = (std::mem::take(&mut st.also), st.placed);
        let locals = std::mem::take(&mut st.locals);
        for (key, word) in &job.env {
            keep_local(st, key);
            st.set(key, Value::Text(word.pieces.clone()));
            st.export(key, true);
        }
        st.calls += 1;
        let around = (std::mem::take(&mut st.loops), st.returns);
        st.returns = true;
        let (proofs, exits) = (st.proofs.settled(), self.exits);
        let traps = st.traps.len();
        let inside = fr.reading(Rc::clone(&function.source));
        let blind = usize::from(st.calls > MAX_CALLS);
        self.unsure += blind;
        let jumps = self.jumps.len();
        let feed = self.body_of(&function, st, &inside);
        self.arrive(jumps, Goal::Call, st);
        self.unsure -= blind;
        st.calls -= 1;
        (st.loops, st.returns) = around;
        st.ended = false;
        self.called = self.returned(&function, self.exits - exits, st);
        if self.exits != exits {
            st.proofs = proofs;
        }
        let own = std::mem::replace(&mut st.locals, locals);
        self.uncover(own, traps, st);
        (st.arguments, (st.also, st.placed)) = (outer, lists);
        if let (Going::Settling(place), Some(before)) = (going, before) {
            let written = self.recorded;
            self.settled.end(place, &before, st, &feed, written);
        }
        Some(feed)
    }

    /// Gives back what a function has hidden; what it set past itself is unknown from here.
    fn uncover(&self, own: Vec<(String, Option<Rc<Variable>>)>, traps: usize, st: &mut State) {
        let bared = own.iter().map(|(name, _)| name.clone());
        let bared: Vec<String> = bared.filter(|name| self.bared.contains(name)).collect();
        give_back(own, traps, st);
        for name in bared {
            st.set(&name, Value::unknown(Hole::Unknown, nowhere()));
        }
    }

    fn body_of(&mut self, function: &Function, st: &mut State, inside: &Frame) -> Feed {
        let otherwise = std::mem::take(&mut self.otherwise);
        // The words of the call were chosen; what the function reads is not among them.
        let choices = st.choices.take();
        let feed = self.node(&function.body, st, inside);
        st.choices = choices;
        self.otherwise = otherwise;
        feed
    }

    /// Returns the status of a function that has left on so many ways, where there is only one.
    fn returned(&self, function: &Function, ways: usize, st: &mut State) -> Option<bool> {
        let returns = st.gone == Some(Gone::Call);
        st.gone = st.gone.filter(|gone| *gone == Gone::Shell);
        let lists = matches!(
            function.body.kind,
            NodeKind::Group(_) | NodeKind::Subshell(_)
        );
        self.status
            .filter(|_| lists && ways == usize::from(returns))
    }

    /// Carries out a builtin; nothing when the word is not one.
    pub(super) fn builtin(
        &mut self,
        name: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        self.doubt(name, job.args());
        match name {
            ":" | "true" | "false" | "[" | "test" => {
                self.asked = Some((job.origin.clone(), job.words.clone()));
                self.tested_subscripts(job.args(), false, st, fr);
            }
            "wait" | "umask" | "ulimit" => {}
            "hash" => remember_program(job, st),
            "cd" => self.change(job, st),
            "pushd" => self.push_directory(job, st),
            "popd" => super::directories::pop(st),
            // Outside of functions and sourced files bash refuses it and goes on.
            "return" if !st.returns => {}
            // Loops around a function or a subshell do not count.
            "break" | "continue" if st.loops == 0 => {}
            "exit" | "return" | "break" | "continue" | "logout" => {
                self.leave_by(name, job, st);
            }
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                self.declare(&job.words, &[], st);
            }
            "unset" => {
                self.named_subscripts(job.args(), st, fr);
                unset(job, st);
                if st.calls > 0 {
                    self.bared.extend(job.args().iter().filter_map(Word::text));
                }
            }
            "alias" => define_aliases(job, st),
            "unalias" => st.aliases = Rc::default(),
            "getopts" => {
                any_option(job, st);
            }
            "let" => {
                self.reckon_words(job.args(), st, fr);
                reckon(job, st);
            }
            "trap" => trap(job, st),
            "printf" if job.args().first().and_then(Word::text).as_deref() == Some("-v") => {
                let feed = self.pure("printf", &job.rest(2), st, fr);
                self.named_subscripts(job.words.get(2..3).unwrap_or_default(), st, fr);
                if let Some(name) = job.words.get(2).and_then(Word::text) {
                    let value = match feed {
                        Feed::Text { pieces, .. } => Value::Text(pieces),
                        _ => Value::unknown(Hole::Unknown, nowhere()),
                    };
                    st.set(&name, value);
                }
            }
            "zf_rm" | "zf_mv" | "zf_rmdir" | "zf_ln" | "zf_chmod" | "zf_chown" => {
                return Some(self.by_module(name, job, st, fr));
            }
            "eval" => return Some(self.eval(job, st, fr)),
            "source" | "." => return Some(self.source(job, st, fr)),
            "exec" | "command" | "builtin" | "noglob" | "nocorrect" | "-" => {
                return self.passed(name, job, st, fr);
            }
            _ if self.settles(name, job, st, fr) => {}
            _ => return None,
        }
        self.emit_writes(job.writes.clone(), &job.origin, st, fr, &Feed::nothing());
        Some(Feed::nothing())
    }

    /// `zf_rm`, `zf_mv`: the programs as the module `zsh/files` has them built in.
    fn by_module(&mut self, name: &str, job: &Job, st: &mut State, fr: &Frame) -> Feed {
        let mut known = job.clone();
        let program = name.trim_start_matches("zf_");
        if let Some(first) = known.words.first_mut() {
            *first = Word::literal(program, first.origin.clone());
        }
        self.run(known, st, fr)
    }

    /// With `set -x` the shell expands `PS4` before each command, and runs what is substituted there.
    fn traced(&mut self, job: &Job, st: &mut State, fr: &Frame) {
        let traces = job.args().iter().filter_map(Word::text).any(|text| {
            text == "xtrace"
                || text.starts_with('-') && !text.starts_with("--") && text.contains('x')
        });
        let known = st.variables.get("PS4").cloned();
        let known = known.as_deref().map(|known| known.alternatives.as_slice());
        if let (Some([Value::Text(pieces)]), true) = (known, traces) {
            self.prompted(pieces, st, fr);
        }
    }

    /// Carries out a builtin that sets options, parameters or variables; tells whether it was one.
    fn settles(&mut self, name: &str, job: &Job, st: &mut State, fr: &Frame) -> bool {
        match name {
            "set" => {
                set(job, st);
                self.traced(job, st, fr);
            }
            "setopt" | "emulate" => {
                st.unsplit &= !splits_words(job);
                st.globs.zsh(job.args(), true);
            }
            "unsetopt" => st.globs.zsh(job.args(), false),
            "shift" => super::placed::shift(job, st),
            "read" if self.unsure == 0 && self.shifts.is_empty() => {
                self.takes_line(fr);
                self.named_subscripts(job.args(), st, fr);
                let stdin = self.listed(fr.stdin.clone(), st);
                self.called = line_comes(job, &stdin);
                read(job, st, &fr.fed(stdin));
            }
            "read" => {
                self.takes_line(fr);
                self.named_subscripts(job.args(), st, fr);
                read(job, st, fr);
            }
            "mapfile" | "readarray" => {
                let fed = fr.fed(self.listed(fr.stdin.clone(), st));
                let counted = matches!(&fed.stdin, Feed::Items(items) if self.is_counted(items));
                map_file(job, st, &fed, counted);
                self.calls_back(job, st, &fed);
            }
            "compgen" => {
                self.calls_back(job, st, fr);
                return false;
            }
            // It is shown as a program, too.
            "shopt" => {
                st.globs.shopt(job.args());
                return false;
            }
            _ => return false,
        }
        true
    }

    /// `exit`, `return` and their kin: nothing behind them runs.
    fn leave_by(&mut self, name: &str, job: &Job, st: &mut State) {
        self.exits += 1;
        self.jump(name, job, st);
        st.ended = true;
        st.gone = Some(Gone::by(name, job, st.loops));
        if let Some(word) = job.args().first() {
            self.status = word.text().map(|text| text == "0");
        }
    }

    fn passed(&mut self, name: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued = if name == "exec" { "-a" } else { "" };
        let found = options(job.args(), valued);
        if name == "command" && (found.has("-v") || found.has("-V")) {
            return None;
        }
        let mut rest = job.rest(found.rest + 1);
        self.emit_writes(job.writes.clone(), &job.origin, st, fr, &Feed::nothing());
        if rest.words.is_empty() {
            return Some(Feed::nothing());
        }
        rest.in_shell = name != "exec";
        if name == "command" {
            let program = rest.words.first().and_then(Word::text).unwrap_or_default();
            let mut plain = st.clone();
            Rc::make_mut(&mut plain.functions).remove(program.as_str());
            let functions = std::mem::replace(&mut st.functions, plain.functions);
            let feed = self.run(rest, st, fr);
            st.functions = functions;
            return Some(feed);
        }
        // A shell that runs a text ends where the program cannot be started, unless `execfail` says otherwise.
        let starts = rest
            .words
            .first()
            .is_some_and(|word| !word.prefix().is_empty());
        let feed = self.run(rest, st, fr);
        if name == "exec" {
            self.exits += 1;
            st.ended = true;
            if starts && self.unsure == 0 {
                st.gone = Some(Gone::Shell);
            }
        }
        Some(feed)
    }

    fn eval(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Feed {
        let from = usize::from(job.words.get(1).and_then(Word::text).as_deref() == Some("--"));
        let words = job.words.get(1 + from..).unwrap_or_default();
        let source = Source::from_words(words);
        self.emit_writes(job.writes.clone(), &job.origin, st, fr, &Feed::nothing());
        let inside = fr.enter("eval", Passage::Plain);
        self.unsure += usize::from(words.iter().any(|word| !word.is_literal()));
        if !source.has_known_text() {
            if !words.is_empty() {
                self.payload("eval", words, job, &inside);
            }
            return Feed::Opaque("eval".to_owned());
        }
        self.text_run(source, OpaqueKind::Syntax, false, st, &inside)
    }

    /// Notes down that unknown text is run, and where it comes from.
    pub(super) fn payload(&mut self, by: &str, words: &[Word], job: &Job, fr: &Frame) {
        let mut seen = Vec::new();
        let mut from = String::new();
        for piece in words.iter().flat_map(|word| &word.pieces) {
            match self
                .producers
                .iter()
                .rev()
                .find(|(origin, _)| *origin == piece.origin)
            {
                Some((_, program)) if program == super::settings::SETTINGS => return,
                Some((_, program)) => {
                    from = format!("the output of `{program}`");
                    seen.push(program.clone());
                }
                None => {
                    if let Part::Hole(Hole::Inherited(name)) = &piece.part {
                        from = format!("the value of `${name}`");
                    }
                }
            }
        }
        if from.is_empty() {
            from = "text that is not known".to_owned();
        }
        let reason = format!("`{by}` runs {from}");
        self.opaque(OpaqueKind::Payload, reason, seen, job.origin.clone(), fr);
    }

    /// Sets what `declare`, `export`, `local` and the like set; `names` were assigned already.
    pub(super) fn declare(&mut self, fields: &[Word], names: &[&str], st: &mut State) {
        let program = fields.first().and_then(Word::text).unwrap_or_default();
        if program == "local" && st.calls == 0 {
            // bash refuses it outside of a function, zsh does not.
            let before = st.clone();
            self.declared(fields, names, st);
            return st.join(before);
        }
        self.declared(fields, names, st);
    }

    fn declared(&mut self, fields: &[Word], names: &[&str], st: &mut State) {
        let program = fields.first().and_then(Word::text).unwrap_or_default();
        let mut exports = program == "export";
        let mut refers = false;
        let mut off = false;
        let mut touched: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut alters = false;
        // In a function `declare` is `local`, but for `-g`, which reaches past what functions hide.
        let mut own = matches!(program.as_str(), "local" | "declare" | "typeset");
        let mut reaches = false;
        for word in fields.iter().skip(1) {
            let head = word.prefix();
            if let Some(flags) = head.strip_prefix('-') {
                reaches |= own && flags.contains('g');
                own &= !flags.contains('g');
                exports |= flags.contains('x');
                alters |= program != "export" && flags.contains(['i', 'l', 'u', 'c']);
                refers |= flags.contains('n') && program != "export";
                off |= flags.contains('n') && program == "export";
                if flags.contains('f') {
                    if exports && !off {
                        let names = fields.iter().skip(2).filter_map(Word::text);
                        names.for_each(|name| st.hand(name));
                    }
                    return;
                }
                continue;
            }
            if let Some((name, _)) = head.split_once('=') {
                let name = self.declares(own, name, word, st);
                if alters {
                    // It is counted, or written another way.
                    st.set(&name, Value::unknown(Hole::Name, nowhere()));
                }
                touched.push(name);
            } else if !head.is_empty() && word.is_literal() && !names.contains(&head.as_str()) {
                if own && keep_local(st, &head) {
                    st.set(&head, Value::Unset);
                }
                touched.push(head);
            }
        }
        for name in touched {
            if reaches {
                self.bared.insert(name.clone());
            }
            if exports {
                st.export(&name, !off);
            }
            if refers {
                st.refer(&name);
            }
        }
    }

    /// Sets what `NAME=value`, `NAME+=value` or `NAME[index]=value` behind a declaring word says.
    fn declares(&mut self, own: bool, name: &str, word: &Word, st: &mut State) -> String {
        let (name, append) = match name.strip_suffix('+') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (name, index) = match name.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((name, index)) => (name, Some(index.to_owned())),
            None => (name, None),
        };
        if own {
            keep_local(st, name);
        }
        let mut pieces = after_equals(word);
        let value = if index.is_some() {
            let old = self.lookup(name, &nowhere(), st);
            with_element(old, index, pieces, append)
        } else if append {
            let mut old = self.variable_text(name, &nowhere(), st);
            old.append(&mut pieces);
            Value::Text(old)
        } else {
            Value::Text(pieces)
        };
        st.set(name, value);
        name.to_owned()
    }

    /// Returns the directories that a word names from each of these.
    pub(super) fn places(&self, word: &Word, from: &[Cwd]) -> Vec<Cwd> {
        let Some(text) = word.text() else {
            return vec![self.partial_place(word)];
        };
        let mut all = Vec::new();
        for cwd in from {
            let next = match cwd {
                _ if text.starts_with('/') => Cwd::Known(lexical("/".as_ref(), &text)),
                Cwd::Known(path) => Cwd::Known(lexical(path, &text)),
                Cwd::Temporary if !text.split('/').any(|part| part == "..") => Cwd::Temporary,
                Cwd::Temporary | Cwd::Unknown => Cwd::Unknown,
            };
            let next = measured(next);
            if !all.contains(&next) {
                all.push(next);
            }
        }
        all
    }

    fn partial_place(&self, word: &Word) -> Cwd {
        let prefix = word.prefix();
        let below = self.scene.temporary.iter().any(|root| {
            prefix
                .strip_prefix(&*root.to_string_lossy())
                .is_some_and(|rest| rest.len() > 1 && rest.starts_with('/') || rest == "/")
        });
        let plain = word.pieces.iter().all(|piece| match &piece.part {
            Part::Literal(text) => !text.split('/').any(|part| part == ".."),
            Part::Hole(hole) => *hole == Hole::Name,
            Part::Glob(_) => false,
        });
        if below && plain {
            Cwd::Temporary
        } else {
            Cwd::Unknown
        }
    }

    /// Tells whether `cd` may leave the shell where it was and the text would go on all the same.
    pub(super) fn may_fail(&mut self, next: &[Cwd], operand: Option<&Word>, st: &State) -> bool {
        if self.guarded || st.errexit || st.far || self.facts.assumed {
            return false;
        }
        let [Cwd::Known(path)] = next else {
            return false;
        };
        let Some(text) = operand.and_then(Word::text) else {
            return false;
        };
        let missing = match self.facts.ask(Question::Entry(path.clone()), self.needs) {
            Some(Answer::Absent) => true,
            Some(Answer::Entry(entry)) => entry.kind == EntryKind::File,
            _ => false,
        };
        let name = text
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        missing && !self.mentions(name)
    }

    /// Tells whether a program before may have made something of this name.
    fn mentions(&self, name: &str) -> bool {
        let recent = self.out.commands.iter().rev().take(256);
        let mut words = recent.flat_map(|command| &command.words);
        words.any(|word| word.has_hole() || word.shown().contains(name))
    }
}

/// Gives the variables that were local their old values.
fn give_back(own: Vec<(String, Option<Rc<Variable>>)>, traps: usize, st: &mut State) {
    if own.is_empty() {
        return;
    }
    let inner = Rc::clone(&st.variables);
    let names: Vec<String> = own.iter().map(|(name, _)| name.clone()).collect();
    for (key, old) in own.into_iter().rev() {
        let variables = Rc::make_mut(&mut st.variables);
        match old {
            Some(old) => variables.insert(key.into(), old),
            None => variables.remove(key.as_str()),
        };
    }
    st.leave_function(traps, &inner, &names);
}

/// Makes a variable the function's own; tells whether it was not before.
fn keep_local(st: &mut State, name: &str) -> bool {
    if st.calls == 0 || st.locals.iter().any(|(own, _)| own == name) {
        return false;
    }
    let old: Option<Rc<Variable>> = st.variables.get(name).cloned();
    st.locals.push((name.to_owned(), old));
    Rc::make_mut(&mut st.variables).remove(name);
    true
}

/// Returns the pieces of a word after its first `=`.
pub(super) fn after_equals(word: &Word) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut found = false;
    for piece in &word.pieces {
        if found {
            all.push(piece.clone());
        } else if let Part::Literal(text) = &piece.part
            && let Some((head, tail)) = text.split_once('=')
        {
            found = true;
            if !tail.is_empty() {
                all.push(literal_piece(tail, &cut_front(piece, head.len() + 1)));
            }
        }
    }
    all
}

/// Returns the place of a literal piece without its first bytes.
pub(super) fn cut_front(piece: &Piece, bytes: usize) -> crate::model::span::Origin {
    use crate::model::span::Origin;
    match (&piece.origin, &piece.part) {
        (Origin::Text(span), Part::Literal(text)) if span.len() == text.len() => {
            Origin::Text(Span::new(span.start + bytes, span.end))
        }
        (origin, _) => origin.clone(),
    }
}

/// Positional parameters beyond this many are unknown: a text that adds to them over and over would never end.
const MAX_ARGUMENTS: usize = 512;

fn bounded(words: Vec<Word>) -> Vec<Word> {
    match words.first() {
        Some(first) if words.len() > MAX_ARGUMENTS => {
            vec![Word::hole(Hole::Unknown, true, first.origin.clone())]
        }
        Some(_) | None => words,
    }
}

fn set(job: &Job, st: &mut State) {
    let mut args = job.args().iter();
    let mut positional: Option<Vec<Word>> = None;
    while let Some(word) = args.next() {
        match word.text().as_deref() {
            // `set -` alone leaves them as they are.
            Some("-") if args.len() == 0 => break,
            Some("--" | "-") => {
                positional = Some(args.cloned().collect());
                break;
            }
            Some("-o") => match args.next().and_then(Word::text).as_deref() {
                Some("errexit") => st.errexit = true,
                Some("allexport") => st.exports_all = true,
                Some("noclobber") => (st.noclobber, st.keeps) = (true, true),
                Some("noglob") => st.globs.off = true,
                _ => {}
            },
            Some("+o") => match args.next().and_then(Word::text).as_deref() {
                Some("errexit") => st.errexit = false,
                Some("allexport") => st.exports_all = false,
                Some("noclobber") => st.keeps = false,
                Some("noglob") => st.globs.off = false,
                _ => {}
            },
            Some(text) if text.starts_with('-') => {
                st.errexit |= text.contains('e');
                st.exports_all |= text.contains('a');
                st.noclobber |= text.contains('C');
                st.keeps |= text.contains('C');
                st.globs.off |= text.contains('f');
                if text.ends_with('o')
                    && args.next().and_then(Word::text).as_deref() == Some("errexit")
                {
                    st.errexit = true;
                }
            }
            Some(text) if text.starts_with('+') => {
                if text.contains('e') {
                    st.errexit = false;
                }
                st.exports_all &= !text.contains('a');
                st.keeps &= !text.contains('C');
                st.globs.off &= !text.contains('f');
            }
            _ => {
                let mut all = vec![word.clone()];
                all.extend(args.cloned());
                positional = Some(all);
                break;
            }
        }
    }
    if let Some(words) = positional {
        st.place(Rc::new(bounded(words)));
    }
}

/// `getopts` of options that are not known.
fn any_option(job: &Job, st: &mut State) {
    if let Some(name) = job.words.get(2).and_then(Word::text) {
        st.set(&name, Value::unknown(Hole::Name, nowhere()));
    }
    st.set("OPTARG", Value::unknown(Hole::Unknown, nowhere()));
    st.set("OPTIND", Value::unknown(Hole::Name, nowhere()));
}

/// `let a=b+1`: a number that is not known.
fn reckon(job: &Job, st: &mut State) {
    for name in job.args().iter().filter_map(Word::text) {
        let name: String = name
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        st.set(&name, Value::unknown(Hole::Name, nowhere()));
    }
}

/// `setopt shwordsplit`, `emulate sh`: zsh splits what variables hold from here on.
fn splits_words(job: &Job) -> bool {
    job.args().iter().filter_map(Word::text).any(|text| {
        let text = text.replace('_', "").to_ascii_lowercase();
        matches!(text.as_str(), "shwordsplit" | "sh" | "ksh" | "bash" | "-y")
    })
}

fn unset(job: &Job, st: &mut State) {
    for name in job.args().iter().filter_map(Word::text) {
        if !name.starts_with('-') {
            Rc::make_mut(&mut st.functions).remove(name.as_str());
            st.set(&name, Value::Unset);
        }
    }
}

fn define_aliases(job: &Job, st: &mut State) {
    for word in job.args() {
        let head = word.prefix();
        if let Some((name, _)) = head.split_once('=') {
            let mut value = word.clone();
            value.pieces = after_equals(word);
            Rc::make_mut(&mut st.aliases).insert(name.into(), Rc::new(value));
        }
    }
}

/// `hash -p /bin/rm tidy`: the name starts that program from here on.
fn remember_program(job: &Job, st: &mut State) {
    let found = options(job.args(), "-p");
    let Some(path) = found.value("-p").cloned() else {
        return;
    };
    for name in job.args().get(found.rest..).unwrap_or_default() {
        if let Some(name) = name.text() {
            Rc::make_mut(&mut st.aliases).insert(name.as_str().into(), Rc::new(path.clone()));
        }
    }
}

fn trap(job: &Job, st: &mut State) {
    let found = options(job.args(), "");
    let Some(word) = job.args().get(found.rest) else {
        return;
    };
    let text = word.text();
    let signals = job.args().get(found.rest + 1..).unwrap_or_default();
    let nothing = text
        .as_deref()
        .is_some_and(|t| t.is_empty() || t == "-" || t.parse::<u32>().is_ok());
    if nothing {
        if text.as_deref() == Some("-")
            && signals.iter().any(|s| s.text().as_deref() == Some("EXIT"))
        {
            st.traps.clear();
        }
    } else if !signals.is_empty() && !st.traps.iter().any(|known| known.text == *word) {
        st.traps.push(Rc::new(Trap::new(word.clone(), st)));
    }
}

/// Returns a working directory, or an unknown one when it is too long or too deep.
pub(super) fn measured(place: Cwd) -> Cwd {
    match place {
        Cwd::Known(path)
            if path.as_os_str().len() > MAX_PATH
                || path.components().nth(MAX_FOLDERS).is_some() =>
        {
            Cwd::Unknown
        }
        place => place,
    }
}
