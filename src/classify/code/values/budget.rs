//! How far expressions of one code are read: steps, and what was left out for want of them.
//! It reads nothing itself.

use super::joined::bound;
use super::{MAX_STEPS, Reader, Value, Values};

impl Reader<'_> {
    /// Counts a call that is looked at, and tells whether too many were.
    pub(in super::super) fn is_spent(&self) -> bool {
        self.steps.set(self.steps.get() + 4);
        self.steps.get() > MAX_STEPS
    }

    /// Keeps the readings few and short; many and long ones are steps too.
    pub(super) fn bounded(&self, all: &mut Values) {
        const A_STEP: usize = 64;
        let size: usize = all.iter().map(Value::size).sum();
        self.spend(all.len() / 4 + size / A_STEP);
        if bound(all) {
            self.cut();
        }
    }

    /// Notes that something was left out.
    pub(super) fn cut(&self) {
        self.cut.set(true);
    }

    /// Tells whether known readings were left out, or all steps are gone: something unknown is so for want of looking.
    pub(in super::super) const fn is_cut(&self) -> bool {
        self.cut.get() || self.steps.get() > MAX_STEPS
    }

    pub(super) fn spend(&self, steps: usize) {
        self.steps.set(self.steps.get() + steps);
    }
}
