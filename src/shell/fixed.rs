//! Tells whether a piece of shell leaves the shell as it is: no variable, folder or option that a later round could ask about.
//! What it does to files is another question.

use std::cell::Cell;

use super::ast::{Node, NodeKind, Param, PartKind, RawPart, RawWord, Script};
use super::flow::first_word;
use super::state::State;

/// Functions are followed this far.
const MAX_DEPTH: usize = 6;
/// Commands that are looked at, those of functions once for each call; behind them nothing is known.
const MAX_NODES: usize = 1_000;

/// Builtins that change the shell itself.
const SETS: [&str; 32] = [
    ".",
    "alias",
    "bind",
    "builtin",
    "cd",
    "chdir",
    "command",
    "declare",
    "disown",
    "emulate",
    "enable",
    "eval",
    "exec",
    "export",
    "getopts",
    "let",
    "mapfile",
    "popd",
    "pushd",
    "read",
    "readarray",
    "readonly",
    "set",
    "setopt",
    "shift",
    "shopt",
    "source",
    "trap",
    "typeset",
    "umask",
    "unalias",
    "unset",
];

/// Tells whether no round of this body changes what another one asks.
pub(super) fn is_fixed(body: &Script, st: &State) -> bool {
    let left = Cell::new(MAX_NODES);
    Reader { st, left }.script(body, 0, false)
}

struct Reader<'s> {
    st: &'s State,
    left: Cell<usize>,
}

impl Reader<'_> {
    fn script(&self, script: &Script, depth: usize, called: bool) -> bool {
        script.items.iter().all(|item| {
            let others = item.rest.iter().map(|(_, pipeline)| pipeline);
            let mut all = std::iter::once(&item.first).chain(others);
            all.all(|pipeline| {
                let mut nodes = pipeline.nodes.iter();
                nodes.all(|node| self.node(node, depth, called))
            })
        })
    }

    fn node(&self, node: &Node, depth: usize, called: bool) -> bool {
        let Some(left) = self.left.get().checked_sub(1) else {
            return false;
        };
        self.left.set(left);
        let inner = |script: &Script| self.script(script, depth, called);
        let redirects = node.redirects.iter();
        let mut targets = redirects.map(|redirect| &redirect.target);
        if !targets.all(is_plain) {
            return false;
        }
        match &node.kind {
            NodeKind::Simple { assigns, words } => {
                assigns.is_empty()
                    && words.iter().all(is_plain)
                    && self.program(node, depth, called)
            }
            // What a subshell changes ends with it.
            NodeKind::Subshell(_) => true,
            NodeKind::Group(script) => inner(script),
            NodeKind::If { arms, otherwise } => {
                (arms.iter()).all(|(condition, body)| inner(condition) && inner(body))
                    && otherwise.as_ref().is_none_or(inner)
            }
            NodeKind::Case { subject, arms } => {
                is_plain(subject)
                    && (arms.iter())
                        .all(|arm| arm.patterns.iter().all(is_plain) && inner(&arm.body))
            }
            NodeKind::Test(words) => words.iter().all(is_plain),
            NodeKind::Arith(parts) => is_reckoned(parts),
            NodeKind::While { .. }
            | NodeKind::For { .. }
            | NodeKind::ForArith { .. }
            | NodeKind::Function { .. }
            | NodeKind::Coproc { .. } => false,
        }
    }

    fn program(&self, node: &Node, depth: usize, called: bool) -> bool {
        let Some(name) = first_word(node) else {
            return false;
        };
        if let Some(function) = self.st.functions.get(name) {
            return depth < MAX_DEPTH && self.node(&function.body, depth + 1, true);
        }
        // A function's own variables end with the call.
        name == "local" && called || name != "local" && !sets(name, node)
    }
}

fn sets(name: &str, node: &Node) -> bool {
    let NodeKind::Simple { words, .. } = &node.kind else {
        return true;
    };
    let into = |word: &RawWord| matches!(word.parts.as_slice(), [part] if matches!(&part.kind, PartKind::Plain(text) if text.starts_with("-v")));
    SETS.contains(&name) || name == "printf" && words.iter().any(into)
}

/// Tells whether a word sets no variable while it is read.
fn is_plain(word: &RawWord) -> bool {
    word.parts.iter().all(is_idle)
}

fn is_idle(part: &RawPart) -> bool {
    match &part.kind {
        PartKind::Double(parts) => parts.iter().all(is_idle),
        PartKind::Param(param) => keeps(param),
        PartKind::Arith(parts) => is_reckoned(parts),
        PartKind::Plain(_)
        | PartKind::Escaped(_)
        | PartKind::Single(_)
        | PartKind::AnsiC(_)
        | PartKind::Glob(_)
        | PartKind::Command(_)
        | PartKind::Process { .. } => true,
    }
}

fn keeps(param: &Param) -> bool {
    !param.op.ends_with('=')
        && param.index.iter().flatten().all(is_idle)
        && param.operands.iter().flatten().all(is_idle)
}

/// Tells whether an expression sets nothing: no `=`, `++` or `--`.
fn is_reckoned(parts: &[RawPart]) -> bool {
    parts.iter().all(|part| match &part.kind {
        PartKind::Plain(text) => {
            let compared = ["==", "!=", "<=", ">="];
            let rest = (compared.iter()).fold(text.clone(), |text, op| text.replace(op, " "));
            !rest.contains(['=']) && !rest.contains("++") && !rest.contains("--")
        }
        _ => is_idle(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse::parse;

    fn fixed(text: &str) -> bool {
        let script = parse(text).expect("a script");
        is_fixed(&script, &State::new(Vec::new(), false))
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
            assert!(fixed(text), "{text}");
        }
        for text in [
            "n=1",
            "((n++))",
            "echo $((n = 2))",
            ": ${n:=2}",
            "read n",
            "printf -v n x",
            "cd \"$f\"",
            "\"$f\" x",
            "eval \"$f\"",
            "shift",
            "f() { :; }",
            "if x; then n=1; fi",
            "for g in a; do rm $g; done",
            "declare n=1",
            "local n=1",
        ] {
            assert!(!fixed(text), "{text}");
        }
    }

    #[test]
    fn functions_that_call_each_other_many_times_are_not_looked_at_for_ever() {
        let mut script = String::from("f0() { rm x; }\n");
        for number in 1..6 {
            let calls = format!("f{}; ", number - 1).repeat(60);
            script += &format!("f{number}() {{ {calls} }}\n");
        }
        script += "ls data | while read -r f; do f5; done";
        let scene = crate::model::fact::Scene {
            cwd: "/proj".into(),
            home: None,
            user: None,
            project: "/proj".into(),
            temporary: Vec::new(),
            own: Vec::new(),
            assumed: true,
        };
        let facts = crate::model::fact::Facts::new(true);
        let mut needs = crate::model::fact::Needs::default();
        let kind = crate::model::request::ShellKind::Posix;
        let unfolding = crate::shell::unfold::unfold(kind, &script, &scene, &facts, &mut needs);
        assert!(!unfolding.commands.is_empty() || !unfolding.opaque.is_empty());
    }
}
