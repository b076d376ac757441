//! Which variables a piece of shell reads, and whether it asks the world: more of them than there are does no harm.
//! Nothing is evaluated.

use std::collections::BTreeSet;

use super::ast::{AssignValue, Node, NodeKind, Param, PartKind, RawPart, RawWord, Script};
use super::flow::first_word;
use super::state::State;
use super::truth::plain;

/// The positional parameters, as one name.
pub(super) const ARGUMENTS: &str = "@";
/// Functions are followed this far.
const MAX_DEPTH: usize = 6;
/// Words that are looked at; behind them nothing is known.
const MAX_WORDS: usize = 4_000;

/// What is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    pub names: BTreeSet<String>,
    /// A file, or what a program prints.
    pub world: bool,
    words: usize,
}

impl Reads {
    /// Returns what a command reads; nothing where that is not known.
    pub fn of_node(node: &Node, st: &State) -> Option<Self> {
        let mut reads = Self::default();
        reads.node(node, 0, st)?;
        Some(reads)
    }

    pub fn of_words<'w>(words: impl IntoIterator<Item = &'w RawWord>, st: &State) -> Option<Self> {
        let mut reads = Self::default();
        for word in words {
            reads.word(word, 0, st)?;
        }
        Some(reads)
    }

    /// Returns what an arithmetic expression reads.
    pub fn of_expression(parts: &[RawPart], st: &State) -> Option<Self> {
        let mut reads = Self::default();
        reads.reckoned(parts, 0, st)?;
        Some(reads)
    }

    fn script(&mut self, script: &Script, depth: usize, st: &State) -> Option<()> {
        for item in &script.items {
            let rest = item.rest.iter().map(|(_, pipeline)| pipeline);
            for pipeline in std::iter::once(&item.first).chain(rest) {
                for node in &pipeline.nodes {
                    self.node(node, depth, st)?;
                }
            }
        }
        Some(())
    }

    fn node(&mut self, node: &Node, depth: usize, st: &State) -> Option<()> {
        for redirect in &node.redirects {
            self.word(&redirect.target, depth, st)?;
            self.parts(redirect.body.as_deref().unwrap_or_default(), depth, st)?;
        }
        match &node.kind {
            NodeKind::Simple { assigns, words } => {
                for assign in assigns {
                    self.parts(assign.index.as_deref().unwrap_or_default(), depth, st)?;
                    match &assign.value {
                        AssignValue::Word(word) => self.word(word, depth, st)?,
                        AssignValue::Array(words) => self.words(words, depth, st)?,
                    }
                }
                self.command(node, words, depth, st)
            }
            NodeKind::Group(script) | NodeKind::Subshell(script) => self.script(script, depth, st),
            NodeKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.script(condition, depth, st)?;
                    self.script(body, depth, st)?;
                }
                otherwise
                    .as_ref()
                    .map_or(Some(()), |script| self.script(script, depth, st))
            }
            NodeKind::While {
                condition, body, ..
            } => {
                self.script(condition, depth, st)?;
                self.script(body, depth, st)
            }
            NodeKind::For { words, body, .. } => {
                self.words(words.as_deref().unwrap_or_default(), depth, st)?;
                self.script(body, depth, st)
            }
            NodeKind::Case { subject, arms } => {
                self.word(subject, depth, st)?;
                for arm in arms {
                    self.words(&arm.patterns, depth, st)?;
                    self.script(&arm.body, depth, st)?;
                }
                Some(())
            }
            NodeKind::Test(words) => self.question(words, depth, st),
            NodeKind::Arith(parts) => self.reckoned(parts, depth, st),
            NodeKind::ForArith { .. } | NodeKind::Function { .. } | NodeKind::Coproc { .. } => None,
        }
    }

    fn command(&mut self, node: &Node, words: &[RawWord], depth: usize, st: &State) -> Option<()> {
        if words.is_empty() {
            return Some(());
        }
        // `if $dry_run; then`: what such a program answers is believed of `true` and its kin only.
        let Some(name) = first_word(node) else {
            return self.words(words, depth, st);
        };
        self.world |= words.iter().skip(1).any(has_glob);
        if let Some(function) = st.functions.get(name) {
            if depth >= MAX_DEPTH {
                return None;
            }
            self.node(&function.body, depth + 1, st)?;
            return self.words(words, depth, st);
        }
        match name {
            "[" | "test" => self.question(words, depth, st),
            "eval" | "source" | "." | "let" => None,
            _ => self.words(words, depth, st),
        }
    }

    /// Words of `[[ … ]]` and `[ … ]`: a word may be the name of a variable there.
    fn question(&mut self, words: &[RawWord], depth: usize, st: &State) -> Option<()> {
        for word in words {
            match plain(word) {
                Some("-v" | "-R" | "-o") => return None,
                Some(text) if is_file_operator(text) => self.world = true,
                Some(text) => self.identifiers(text),
                None => {}
            }
        }
        self.words(words, depth, st)
    }

    /// An expression: its plain words are variables.
    fn reckoned(&mut self, parts: &[RawPart], depth: usize, st: &State) -> Option<()> {
        for part in parts {
            if let PartKind::Plain(text) = &part.kind {
                self.identifiers(text);
            }
        }
        self.parts(parts, depth, st)
    }

    fn identifiers(&mut self, text: &str) {
        let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names =
            split.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        self.names.extend(names.map(ToOwned::to_owned));
    }

    fn words(&mut self, words: &[RawWord], depth: usize, st: &State) -> Option<()> {
        words.iter().try_for_each(|word| self.word(word, depth, st))
    }

    fn word(&mut self, word: &RawWord, depth: usize, st: &State) -> Option<()> {
        self.parts(&word.parts, depth, st)
    }

    fn parts(&mut self, parts: &[RawPart], depth: usize, st: &State) -> Option<()> {
        parts.iter().try_for_each(|part| self.part(part, depth, st))
    }

    fn part(&mut self, part: &RawPart, depth: usize, st: &State) -> Option<()> {
        self.words += 1;
        if self.words > MAX_WORDS {
            return None;
        }
        match &part.kind {
            PartKind::Double(parts) => self.parts(parts, depth, st),
            PartKind::Param(param) => self.param(param, depth, st),
            PartKind::Arith(parts) => self.reckoned(parts, depth, st),
            PartKind::Command(script) | PartKind::Process { script, .. } => {
                self.world = true;
                self.script(script, depth, st)
            }
            PartKind::Plain(_)
            | PartKind::Glob(_)
            | PartKind::Escaped(_)
            | PartKind::Single(_)
            | PartKind::AnsiC(_) => Some(()),
        }
    }

    fn param(&mut self, param: &Param, depth: usize, st: &State) -> Option<()> {
        let name = param.name.as_str();
        let numbered = name.chars().all(|c| c.is_ascii_digit()) || matches!(name, "*" | "#");
        let reference = st.variables.get(name).is_some_and(|known| known.reference);
        if reference || param.indirect {
            return None;
        }
        let name = match name {
            "0" => name,
            "?" | "!" | "_" | "-" | "$" => "?",
            _ if numbered => ARGUMENTS,
            _ => name,
        };
        self.names.insert(name.to_owned());
        // It parts words, and joins those of `$*`.
        self.names.insert("IFS".to_owned());
        self.reckoned(param.index.as_deref().unwrap_or_default(), depth, st)?;
        let counted = param.op == ":";
        for operand in &param.operands {
            match counted {
                true => self.reckoned(operand, depth, st)?,
                false => self.parts(operand, depth, st)?,
            }
        }
        Some(())
    }
}

/// `-e`, `-f`, `-nt`: what is asked of files. `-n`, `-z` and comparisons are not.
fn is_file_operator(text: &str) -> bool {
    let compared = ["-n", "-z", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"];
    text.starts_with('-') && !compared.contains(&text)
}

fn has_glob(word: &RawWord) -> bool {
    (word.parts.iter()).any(|part| matches!(part.kind, PartKind::Glob(_)))
}
