//! What the rounds of a loop may change of the shell itself: variables and arguments that a later round could ask about.
//! Nothing is evaluated, and what the rounds do to files is another question.

use std::collections::BTreeSet;

use super::ast::{Assign, AssignValue, Node, NodeKind, Param, PartKind, RawPart, RawWord, Script};
use super::flow::first_word;
use super::reads::{ARGUMENTS, Reads};
use super::state::{State, literal};

/// Functions are followed this far.
const MAX_DEPTH: usize = 6;
/// Commands that are looked at, those of functions once for each call; behind them nothing is known.
const MAX_NODES: usize = 1_000;

/// Builtins that change the shell itself in ways that are not followed.
const SETS: [&str; 22] = [
    ".", "alias", "bind", "builtin", "cd", "chdir", "disown", "emulate", "enable", "eval", "exec",
    "let", "popd", "pushd", "set", "setopt", "shopt", "source", "trap", "typeset", "umask",
    "unalias",
];
/// Builtins whose words are names of variables.
const NAMES: [&str; 4] = ["getopts", "mapfile", "read", "readarray"];
/// Builtins after which an assignment in front of them may stay.
const SPECIAL: [&str; 15] = [
    ":", ".", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set",
    "shift", "times", "trap", "unset",
];
/// What `$?` and its kin hold: another thing after each command.
const STATUS: &str = "?";

/// What a loop may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Variables; `@` for the arguments of functions that the loop calls.
    pub names: BTreeSet<String>,
    /// Rounds are gone through one after the other, and what they do to files is seen.
    pub walked: bool,
}

impl Changed {
    /// Returns what these scripts may change; nothing where that is not known.
    pub fn by(scripts: &[&Script], st: &State) -> Option<Self> {
        let mut reader = Reader {
            st,
            left: MAX_NODES,
            names: BTreeSet::from([STATUS.to_owned()]),
            flows: Vec::new(),
            own: Vec::new(),
            spelled: BTreeSet::new(),
        };
        for script in scripts {
            reader.script(script, 0, None)?;
        }
        Some(Self {
            names: reader.spread()?,
            walked: false,
        })
    }

    /// Tells whether the rounds leave the shell as it is.
    pub fn is_nothing(&self) -> bool {
        self.names.len() == 1
    }

    /// Tells whether what is read is the same in each round.
    pub fn leaves(&self, reads: &Reads) -> bool {
        (self.walked || !reads.world) && self.names.is_disjoint(&reads.names)
    }
}

/// A value that goes from what is read to a name: a changed one changes the other.
struct Flow {
    name: String,
    reads: Reads,
}

struct Reader<'s> {
    st: &'s State,
    left: usize,
    names: BTreeSet<String>,
    flows: Vec<Flow>,
    /// The functions that are being read.
    own: Vec<Own>,
    /// Variables that hold a program.
    spelled: BTreeSet<String>,
}

/// One call of a function.
struct Own {
    /// Variables that end with the call.
    names: BTreeSet<String>,
    /// Its arguments are no longer those that it was given.
    shifted: bool,
}

impl Reader<'_> {
    /// Returns all names that change, those that only take over a changed value too.
    fn spread(mut self) -> Option<BTreeSet<String>> {
        loop {
            let before = self.names.len();
            for flow in &self.flows {
                if !self.names.is_disjoint(&flow.reads.names) {
                    self.names.insert(flow.name.clone());
                }
            }
            if self.names.len() == before {
                break;
            }
        }
        // A program that some round changes may be any.
        let set = |name: &String| self.flows.iter().any(|flow| flow.name == *name);
        let moves = |name: &String| self.names.contains(name) || set(name);
        (!self.spelled.iter().any(moves)).then_some(self.names)
    }

    fn script(&mut self, script: &Script, depth: usize, call: Option<&[RawWord]>) -> Option<()> {
        for item in &script.items {
            let rest = item.rest.iter().map(|(_, pipeline)| pipeline);
            for pipeline in std::iter::once(&item.first).chain(rest) {
                for node in &pipeline.nodes {
                    self.node(node, depth, call)?;
                }
            }
        }
        Some(())
    }

    fn node(&mut self, node: &Node, depth: usize, call: Option<&[RawWord]>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        for redirect in &node.redirects {
            // `{name}>file` sets a variable.
            if redirect.fd_name.is_some() {
                return None;
            }
            self.word(&redirect.target)?;
            self.parts(redirect.body.as_deref().unwrap_or_default())?;
        }
        match &node.kind {
            NodeKind::Simple { assigns, words } => self.simple(node, assigns, words, depth, call),
            // What a subshell changes ends with it; what it cannot be read for does, too.
            NodeKind::Subshell(_) => Some(()),
            NodeKind::Group(script) => self.script(script, depth, call),
            NodeKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.script(condition, depth, call)?;
                    self.script(body, depth, call)?;
                }
                (otherwise.iter()).try_for_each(|script| self.script(script, depth, call))
            }
            NodeKind::While {
                condition, body, ..
            } => {
                self.script(condition, depth, call)?;
                self.script(body, depth, call)
            }
            NodeKind::For {
                name, words, body, ..
            } => {
                name.split(' ').for_each(|name| self.change(name));
                (words.iter().flatten()).try_for_each(|word| self.word(word))?;
                self.script(body, depth, call)
            }
            NodeKind::ForArith { header, body } => {
                self.reckoned(header)?;
                self.script(body, depth, call)
            }
            NodeKind::Case { subject, arms } => {
                self.word(subject)?;
                for arm in arms {
                    arm.patterns.iter().try_for_each(|word| self.word(word))?;
                    self.script(&arm.body, depth, call)?;
                }
                Some(())
            }
            NodeKind::Test(words) => words.iter().try_for_each(|word| self.word(word)),
            NodeKind::Arith(parts) => self.reckoned(parts),
            NodeKind::Function { .. } | NodeKind::Coproc { .. } => None,
        }
    }

    fn change(&mut self, name: &str) {
        if !self.own.iter().any(|own| own.names.contains(name)) {
            self.names.insert(name.to_owned());
        }
    }

    fn simple(
        &mut self,
        node: &Node,
        assigns: &[Assign],
        words: &[RawWord],
        depth: usize,
        call: Option<&[RawWord]>,
    ) -> Option<()> {
        // In front of a command it ends with that, but for some builtins of a plain shell.
        let kept = words.is_empty() || first_word(node).is_none_or(|name| SPECIAL.contains(&name));
        for assign in assigns {
            self.assign(assign, kept)?;
        }
        words.iter().try_for_each(|word| self.word(word))?;
        if words.is_empty() {
            return Some(());
        }
        self.command(words, depth, call, &node_name(node))
    }

    fn assign(&mut self, assign: &Assign, kept: bool) -> Option<()> {
        self.reckoned(assign.index.as_deref().unwrap_or_default())?;
        let words = match &assign.value {
            AssignValue::Word(word) => std::slice::from_ref(word),
            AssignValue::Array(words) => words,
        };
        words.iter().try_for_each(|word| self.word(word))?;
        self.flow(&assign.name, words)?;
        if kept {
            self.change(&assign.name);
        }
        Some(())
    }

    fn flow(&mut self, name: &str, words: &[RawWord]) -> Option<()> {
        let reads = Reads::of_words(words, self.st)?;
        self.flows.push(Flow {
            name: name.to_owned(),
            reads,
        });
        Some(())
    }

    fn command(
        &mut self,
        words: &[RawWord],
        depth: usize,
        call: Option<&[RawWord]>,
        name: &Option<String>,
    ) -> Option<()> {
        let Some(name) = name else {
            let spelled = self.spelled(words, call)?;
            return match spelled.as_slice() {
                [] => Some(()),
                [first, ..] => {
                    let name = plain_text(first)?;
                    self.command(&spelled, depth, call, &Some(name))
                }
            };
        };
        if self.st.aliases.contains_key(name.as_str()) {
            return None;
        }
        if let Some(function) = self.st.functions.get(name.as_str()) {
            return self.called(&function.body.clone(), words, depth, call);
        }
        let given = words.get(1..).unwrap_or_default();
        match name.as_str() {
            "command" => match given.first().and_then(plain_text)?.as_str() {
                "-v" | "-V" => Some(()),
                _ => {
                    let inner = plain_text(given.first()?);
                    inner.as_deref().filter(|name| !name.starts_with('-'))?;
                    self.command(given, depth, call, &inner)
                }
            },
            "declare" | "local" | "readonly" | "export" | "unset" => self.declared(name, given),
            "shift" => {
                match self.own.last_mut() {
                    Some(own) => own.shifted = true,
                    None => self.change(ARGUMENTS),
                }
                Some(())
            }
            "printf" => match given.first().and_then(plain_text) {
                Some(first) if first == "-v" => self.named(given.get(1..2)?),
                Some(first) if first.starts_with("-v") => None,
                _ => Some(()),
            },
            name if NAMES.contains(&name) => {
                // What they fill by themselves.
                ["REPLY", "MAPFILE", "OPTARG", "OPTIND"]
                    .iter()
                    .for_each(|name| self.change(name));
                self.named(given)
            }
            name if SETS.contains(&name) => None,
            _ => Some(()),
        }
    }

    /// `local`, `declare`, `export` and their kin.
    fn declared(&mut self, name: &str, given: &[RawWord]) -> Option<()> {
        // `-n` makes a name stand for another one.
        let options = given.iter().filter_map(plain_text);
        let options: Vec<String> = options
            .filter(|text| text.starts_with(['-', '+']))
            .collect();
        if options.iter().any(|text| text.contains('n')) {
            return None;
        }
        // `declare -g` reaches past a variable of the function, and `unset` uncovers what it hid.
        if name != "unset" && !options.iter().any(|text| text.contains('g')) {
            return self.named(given);
        }
        let own = std::mem::take(&mut self.own);
        let done = self.named(given);
        self.own = own;
        done
    }

    /// Words of `read`, `export` and their kin: each may be the name of a variable.
    fn named(&mut self, words: &[RawWord]) -> Option<()> {
        for word in words {
            let text = match plain_text(word) {
                Some(text) => text,
                None => head_of(word)?,
            };
            // What `mapfile -C` calls may do anything.
            if text.starts_with("-C") {
                return None;
            }
            if text.starts_with(['-', '+']) {
                continue;
            }
            let name = text.split(['=', '[', '+']).next().unwrap_or_default();
            // `{A,B}=1` names several.
            if name.contains('{') {
                return None;
            }
            self.flow(name, std::slice::from_ref(word))?;
            self.change(name);
        }
        Some(())
    }

    fn called(
        &mut self,
        body: &Node,
        words: &[RawWord],
        depth: usize,
        call: Option<&[RawWord]>,
    ) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let given = self.handed(words.get(1..).unwrap_or_default(), call)?;
        self.flow(ARGUMENTS, &given)?;
        self.own.push(Own {
            names: own_names(body),
            shifted: false,
        });
        let done = self.node(body, depth + 1, Some(&given));
        self.own.pop();
        done
    }

    /// Puts the words of the call at hand in the place of `"$@"`.
    fn handed(&self, words: &[RawWord], call: Option<&[RawWord]>) -> Option<Vec<RawWord>> {
        let mut all = Vec::new();
        for word in words {
            match (is_all_arguments(word), call) {
                (true, Some(given)) => all.extend(given.iter().cloned()),
                _ => all.push(word.clone()),
            }
        }
        Some(all)
    }

    /// A command that a variable or the arguments of the function spell.
    fn spelled(&mut self, words: &[RawWord], call: Option<&[RawWord]>) -> Option<Vec<RawWord>> {
        let (first, rest) = words.split_first()?;
        if is_all_arguments(first) {
            // Behind `shift` others are the first.
            self.own.last().filter(|own| !own.shifted)?;
            let mut all = call?.to_vec();
            all.extend(rest.iter().cloned());
            return Some(all);
        }
        let [
            RawPart {
                kind: PartKind::Param(param),
                ..
            },
        ] = first.parts.as_slice()
        else {
            return None;
        };
        if !param.op.is_empty() || param.indirect || param.length || param.index.is_some() {
            return None;
        }
        let known = self.st.variables.get(param.name.as_str())?;
        let [super::state::Value::Text(pieces)] = known.alternatives.as_slice() else {
            return None;
        };
        let text = literal(pieces)?;
        self.spelled.insert(param.name.clone());
        let mut all: Vec<RawWord> = Vec::new();
        all.extend(text.split_whitespace().map(|text| RawWord {
            parts: vec![RawPart {
                kind: PartKind::Plain(text.to_owned()),
                span: first.span,
            }],
            span: first.span,
        }));
        all.extend(rest.iter().cloned());
        Some(all)
    }

    fn word(&mut self, word: &RawWord) -> Option<()> {
        self.parts(&word.parts)
    }

    fn parts(&mut self, parts: &[RawPart]) -> Option<()> {
        parts.iter().try_for_each(|part| self.part(part))
    }

    fn part(&mut self, part: &RawPart) -> Option<()> {
        match &part.kind {
            PartKind::Double(parts) => self.parts(parts),
            PartKind::Param(param) => self.param(param),
            PartKind::Arith(parts) => self.reckoned(parts),
            PartKind::Plain(_)
            | PartKind::Escaped(_)
            | PartKind::Single(_)
            | PartKind::AnsiC(_)
            | PartKind::Glob(_)
            | PartKind::Command(_)
            | PartKind::Process { .. } => Some(()),
        }
    }

    fn param(&mut self, param: &Param) -> Option<()> {
        if param.op.ends_with('=') {
            if param.indirect {
                return None;
            }
            self.change(&param.name);
        }
        self.reckoned(param.index.as_deref().unwrap_or_default())?;
        let is_range = param.op == ":";
        (param.operands.iter()).try_for_each(|operand| match is_range {
            true => self.reckoned(operand),
            false => self.parts(operand),
        })
    }

    /// An expression: with `=`, `++` or `--` in it each of its names may change.
    fn reckoned(&mut self, parts: &[RawPart]) -> Option<()> {
        let sets = parts.iter().any(|part| match &part.kind {
            PartKind::Plain(text) => {
                let compared = ["==", "!=", "<=", ">="];
                let rest = (compared.iter()).fold(text.clone(), |text, op| text.replace(op, " "));
                rest.contains('=') || rest.contains("++") || rest.contains("--")
            }
            _ => false,
        });
        if sets {
            let reads = Reads::of_expression(parts, self.st)?;
            reads.names.iter().for_each(|name| self.change(name));
        }
        self.parts(parts)
    }
}

fn node_name(node: &Node) -> Option<String> {
    first_word(node).map(ToOwned::to_owned)
}

/// Returns the text of a word without variables and substitutions.
fn plain_text(word: &RawWord) -> Option<String> {
    let text = |part: &RawPart| match &part.kind {
        PartKind::Plain(text)
        | PartKind::Escaped(text)
        | PartKind::Single(text)
        | PartKind::AnsiC(text) => Some(text.clone()),
        PartKind::Double(parts) => match parts.as_slice() {
            [] => Some(String::new()),
            [
                RawPart {
                    kind: PartKind::Plain(text),
                    ..
                },
            ] => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    word.parts.iter().map(text).collect()
}

/// Returns the name in front of `=`, where it stands letter by letter.
fn head_of(word: &RawWord) -> Option<String> {
    match &word.parts.first()?.kind {
        PartKind::Plain(text) if text.contains('=') => Some(text.clone()),
        _ => None,
    }
}

/// `"$@"` and `$@`.
fn is_all_arguments(word: &RawWord) -> bool {
    let all = |part: &RawPart| matches!(&part.kind, PartKind::Param(param) if param.name == "@" && param.op.is_empty() && !param.length && !param.indirect && param.index.is_none());
    match word.parts.as_slice() {
        [
            RawPart {
                kind: PartKind::Double(parts),
                ..
            },
        ] => matches!(parts.as_slice(), [one] if all(one)),
        [one] => all(one),
        _ => false,
    }
}

/// Returns the variables that a function declares as its own before it does anything else with them, whatever it decides.
fn own_names(body: &Node) -> BTreeSet<String> {
    let NodeKind::Group(script) = &body.kind else {
        return BTreeSet::new();
    };
    let mut own = BTreeSet::new();
    for item in &script.items {
        let ([node], false) = (item.first.nodes.as_slice(), item.background) else {
            break;
        };
        let NodeKind::Simple { words, .. } = &node.kind else {
            break;
        };
        if first_word(node) != Some("local") {
            break;
        }
        for word in words.iter().skip(1) {
            let text = plain_text(word).or_else(|| head_of(word));
            let name = text.as_deref().and_then(|text| text.split('=').next());
            own.extend(name.map(ToOwned::to_owned));
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse::parse;

    fn names(text: &str) -> Option<Vec<String>> {
        let script = parse(text).expect("a script");
        let changed = Changed::by(&[&script], &State::new(Vec::new(), false))?;
        let mut names = changed.names;
        names.remove(STATUS);
        Some(names.into_iter().collect())
    }

    #[test]
    fn what_sets_nothing_leaves_the_shell_as_it_is() {
        for text in [
            "rm -f \"$1/$f\"; echo done",
            "if [ $dry = 1 ]; then echo \"$f\"; else rm \"$f\"; fi",
            "[[ $n -le 3 ]] && continue; ((n >= 3)) || rm $f",
            "( cd x; y=1 )",
            "case $f in *.tmp) rm $f;; esac; printf '%s' $((n + 1))",
        ] {
            assert_eq!(names(text), Some(Vec::new()), "{text}");
        }
    }

    #[test]
    fn each_way_to_set_a_variable_is_told() {
        for (text, wanted) in [
            ("n=1", "n"),
            ("((n++))", "n"),
            ("echo $((n = 2))", "n"),
            (": ${n:=2}", "n"),
            ("printf -v n x", "n"),
            ("if x; then n=1; fi", "n"),
            ("for n in a; do rm $n; done", "n"),
            ("shift", ARGUMENTS),
        ] {
            assert_eq!(names(text), Some(vec![wanted.to_owned()]), "{text}");
        }
        let read = names("read n").unwrap_or_default();
        assert!(read.contains(&"n".to_owned()), "{read:?}");
    }

    #[test]
    fn what_may_change_anything_is_not_followed() {
        for text in [
            "cd \"$f\"",
            "\"$f\" x",
            "eval \"$f\"",
            ". ./env",
            "f() { :; }",
            "declare -n n=m",
            "trap 'n=1' DEBUG",
            "exec {fd}> x",
            "mapfile -C call n",
        ] {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
