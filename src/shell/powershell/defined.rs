//! Functions that a PowerShell text defines: what stands in one that nobody calls does not run.
//! It takes a name that is mentioned anywhere else for called; only looking a function up is none.

use std::ops::Range;

use crate::model::command::{OpaqueKind, Stdin, Unfolding};
use crate::model::word::Word;

use super::canonical_name;
use super::read::{Read, Reader};

/// A function, and which of the programs found so far stand in its body.
#[derive(Debug)]
pub(super) struct Definition {
    pub name: String,
    pub commands: Range<usize>,
    pub opaque: Range<usize>,
}

/// Functions that PowerShell itself calls.
const CALLED_BY_HOST: [&str; 5] = [
    "prompt",
    "TabExpansion",
    "TabExpansion2",
    "PSConsoleHostReadLine",
    "Out-Default",
];

/// Words before a name that only look it up, or define it.
const LOOKS_UP: [&str; 6] = [
    "get-command",
    "gcm",
    "get-help",
    "help",
    "function",
    "filter",
];

/// More definitions than this in one text are all taken for called.
const MAX_DEFINITIONS: usize = 64;

impl Reader<'_, '_> {
    /// Reads a function: its name, its parameters and its body, which runs when it is called.
    pub(super) fn definition(&mut self) -> Read<Stdin> {
        self.skip(false);
        let start = self.pos;
        let ends = |byte: u8| b" \t\r\n({".contains(&byte);
        while self.peek().is_some_and(|byte| !ends(byte)) {
            self.pos += 1;
        }
        let name = self
            .text
            .get(start..self.pos)
            .unwrap_or_default()
            .to_owned();
        let (commands, opaque) = self.found.counts();
        self.skip(true);
        if self.peek() == Some(b'(') {
            self.code(1, b')')?;
            self.skip(true);
        }
        if self.peek() == Some(b'{') {
            self.code(1, b'}')?;
        }
        let (commands_end, opaque_end) = self.found.counts();
        self.defined.push(Definition {
            name,
            commands: commands..commands_end,
            opaque: opaque..opaque_end,
        });
        Ok(Stdin::Inherited)
    }
}

/// Takes away what stands in the bodies of functions that the text does not call.
pub(super) fn spare_uncalled(text: &str, defined: &[Definition], unfolding: &mut Unfolding) {
    let unknown = |kind: OpaqueKind| matches!(kind, OpaqueKind::Program | OpaqueKind::Payload);
    let mentions_code = ["invoke-expression", "iex"]
        .iter()
        .any(|name| mentions(text, name));
    if defined.is_empty()
        || defined.len() > MAX_DEFINITIONS
        || mentions_code
        || unfolding.opaque.iter().any(|opaque| unknown(opaque.kind))
    {
        return;
    }
    let spared: Vec<&Definition> = defined
        .iter()
        .filter(|one| {
            !CALLED_BY_HOST
                .iter()
                .any(|name| one.name.eq_ignore_ascii_case(name))
        })
        .filter(|one| !one.name.is_empty() && !mentions(text, &one.name))
        .collect();
    let mut at = 0;
    unfolding.commands.retain(|_| {
        at += 1;
        !spared.iter().any(|one| one.commands.contains(&(at - 1)))
    });
    let mut at = 0;
    unfolding.opaque.retain(|_| {
        at += 1;
        !spared.iter().any(|one| one.opaque.contains(&(at - 1)))
    });
}

/// Tells whether a text names something otherwise than to look it up.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(&name).any(|(at, found)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + found.len()..).unwrap_or_default();
        let whole = !before.ends_with(part) && !after.starts_with(part);
        let last = before.split_whitespace().next_back().unwrap_or_default();
        let looked_up = before.ends_with(char::is_whitespace) && LOOKS_UP.contains(&last);
        whole && !looked_up
    })
}

/// Tells whether a cmdlet minds `$WhatIfPreference`, and its own words do not say otherwise.
pub(super) fn rehearsable(name: &str, words: &[Word]) -> bool {
    const VERBS: [&str; 10] = [
        "Remove",
        "Clear",
        "Move",
        "Set",
        "Rename",
        "Format",
        "Initialize",
        "Reset",
        "Uninstall",
        "Unregister",
    ];
    let verb = canonical_name(name).split_once('-').map(|(verb, _)| verb);
    let told = |word: &Word| {
        let head = word.prefix().to_ascii_lowercase();
        head.starts_with("-wh") || head.starts_with("-wi")
    };
    verb.is_some_and(|verb| VERBS.iter().any(|known| known.eq_ignore_ascii_case(verb)))
        && !words.iter().any(told)
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn looking_a_function_up_is_no_call() {
        for text in [
            "function Zap { rm x }",
            "filter zap { rm x }; Get-Command Zap",
            "zapper; a-zap",
        ] {
            assert!(!mentions(text, "Zap"), "{text}");
        }
        for text in [
            "function Zap { rm x }; Zap",
            "gci | zap",
            "& 'Zap'",
            "${function:zap}",
        ] {
            assert!(mentions(text, "Zap"), "{text}");
        }
    }
}
