//! Which commands have run or succeeded for certain when the shell comes to a place: after `&&`, after `|| exit`, under `set -e`.
//! It knows statuses only; what a success means for the world is judged elsewhere.

use crate::model::command::{Command, Proven};
use crate::model::span::{Origin, Span};

use super::ast::{Assign, AssignValue, NodeKind, PartKind, RawWord};
use super::unfold::Unfolder;

/// Wrappers whose status is that of the command inside.
const STATUS_OF_INNER: [&str; 18] = [
    "sudo",
    "doas",
    "env",
    "nice",
    "ionice",
    "nohup",
    "timeout",
    "stdbuf",
    "time",
    "chrt",
    "taskset",
    "caffeinate",
    "gtimeout",
    "gnice",
    "setpriv",
    "docker exec",
    "podman exec",
    "nerdctl exec",
];

/// What is proven at a place, by the status of what ran last.
#[derive(Clone, Debug, Default)]
pub(super) struct Proofs {
    /// Holds whatever the status was.
    pub always: Proven,
    /// Holds where the status was zero.
    pub zero: Proven,
    /// Holds where it was not.
    pub failed: Proven,
}

impl Proofs {
    /// Returns what holds after these whatever the status was.
    pub fn settled(&self) -> Self {
        Self::of(self.always.clone())
    }

    /// Returns the same for each status.
    pub fn of(always: Proven) -> Self {
        Self {
            zero: always.clone(),
            failed: always.clone(),
            always,
        }
    }

    /// Keeps what holds here and there.
    pub fn join(&mut self, other: &Self) {
        self.always = self.always.common(&other.always);
        self.zero = self.zero.common(&other.zero);
        self.failed = self.failed.common(&other.failed);
    }

    /// One more command: nothing is known of its status; where it was zero it succeeded. `opens`: its redirections did what they say.
    pub fn ran(&mut self, at: usize, opens: bool) {
        let always = if opens {
            self.always.and_ran(at)
        } else {
            self.always.clone()
        };
        *self = Self::of(always);
        self.zero = self.always.and(at);
    }

    /// A file was opened for a group of commands, whatever their status is.
    pub fn opened(&mut self, at: usize) {
        for each in [&mut self.always, &mut self.zero, &mut self.failed] {
            *each = each.and_ran(at);
        }
    }

    /// `!`: what was zero is not.
    pub const fn negate(&mut self) {
        std::mem::swap(&mut self.zero, &mut self.failed);
    }

    /// After `a && b`: these hold where `b` ran, the others where `a` failed.
    pub fn or_not_run(&mut self, left: &Self) {
        self.always = self.always.common(&left.failed);
        self.failed = self.failed.common(&left.failed);
    }

    /// The shell goes on only after success.
    pub fn succeeded(&mut self) {
        *self = Self::of(self.zero.clone());
    }
}

/// `id=$(make one)`: the status is that of the one command whose text is taken; returns where that stands.
pub(super) fn printed(assigns: &[Assign], words: &[RawWord]) -> Option<Span> {
    let ([assign], []) = (assigns, words) else {
        return None;
    };
    let AssignValue::Word(value) = &assign.value else {
        return None;
    };
    let part = match value.parts.as_slice() {
        [part] => match &part.kind {
            PartKind::Double(inner) => match inner.as_slice() {
                [part] => part,
                _ => return None,
            },
            _ => part,
        },
        _ => return None,
    };
    let PartKind::Command(script) = &part.kind else {
        return None;
    };
    let [item] = script.items.as_slice() else {
        return None;
    };
    let plain = !item.background && item.rest.is_empty() && !item.first.negated;
    match item.first.nodes.as_slice() {
        [node] if plain && matches!(node.kind, NodeKind::Simple { .. }) => Some(node.span),
        _ => None,
    }
}

impl Unfolder<'_> {
    /// Returns the command that holds the redirections of a place, where its program or a stand-in has them all.
    pub(super) fn opener(&self, from: usize, origin: &Origin, wrappers: usize) -> Option<usize> {
        let own = |command: &Command| {
            let around = command.via.get(wrappers..).unwrap_or_default();
            command.origin == *origin
                && !command.writes.is_empty()
                && around
                    .iter()
                    .all(|wrapper| STATUS_OF_INNER.contains(&wrapper.name.as_str()))
        };
        let since = self.out.commands.get(from..).unwrap_or_default();
        let mut found = since.iter().enumerate().filter(|(_, command)| own(command));
        let (at, first) = found.next()?;
        // Several are one place that is judged twice; in several folders they are ways of which one was taken.
        let alike =
            |(_, other): (usize, &Command)| other.cwd == first.cwd && other.writes == first.writes;
        found.all(alike).then_some(from + at)
    }

    /// Returns the one command that a simple command of this place started from here on, whose status was the shell's.
    pub(super) fn started(&self, from: usize, origin: &Origin, wrappers: usize) -> Option<usize> {
        let own = |command: &Command| {
            let around = command.via.get(wrappers..).unwrap_or_default();
            command.origin == *origin
                && command.program().as_deref() != Some(":")
                && around
                    .iter()
                    .all(|wrapper| STATUS_OF_INNER.contains(&wrapper.name.as_str()))
        };
        let since = self.out.commands.get(from..).unwrap_or_default();
        let mut found = since.iter().enumerate().filter(|(_, command)| own(command));
        let (at, _) = found.next()?;
        found.next().is_none().then_some(from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_have_in_common_what_was_proven_before_they_parted() {
        let before = Proven::default().and(0).and(2);
        let (left, right) = (before.and(3).and(5), before.and(4));
        assert_eq!(left.common(&right), before);
        assert_eq!(left.common(&right).places(), [2, 0]);
        assert!(left.common(&Proven::default()).is_empty());
    }

    #[test]
    fn a_command_that_may_have_failed_has_run_all_the_same() {
        let mut proofs = Proofs::of(Proven::default().and(0));
        proofs.ran(3, true);
        assert_eq!(proofs.zero.places(), [3, 0]);
        let after = proofs.zero.common(&proofs.failed);
        assert_eq!((after.places(), after.ran()), (vec![0], vec![3]));
        assert_eq!(proofs.failed.common(&proofs.zero), after);
    }
}
