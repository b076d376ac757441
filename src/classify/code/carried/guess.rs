//! What a script decides by a value that nobody knows is carried out both ways, one way after the other.

/// Decisions of one script that are gone through both ways.
const MAX_GUESSES: usize = 3;

/// Which way each decision goes this time, in the order in which they come up.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    ways: Vec<bool>,
    /// How many have come up.
    met: usize,
    /// More came up than are counted.
    more: bool,
    /// Work that was done in the runs before; all of them share one measure.
    pub work: usize,
}

impl Guesses {
    /// Tells which way the next decision goes; what comes up behind the last one that is counted goes as that does.
    pub fn next(&mut self) -> bool {
        self.more |= self.met == MAX_GUESSES;
        if self.more {
            return self.ways.last().copied().unwrap_or(true);
        }
        if self.met == self.ways.len() {
            self.ways.push(true);
        }
        let way = self.ways.get(self.met).copied();
        self.met += 1;
        way.unwrap_or(true)
    }

    /// Tells whether more came up than are gone through: some ways are left out.
    pub const fn leaves_out(&self) -> bool {
        self.more
    }

    /// Tells whether anything was guessed.
    pub const fn any(&self) -> bool {
        self.met > 0
    }

    /// Turns to the ways that were not gone yet; false where there are none left.
    pub fn turn(&mut self) -> bool {
        self.ways.truncate(self.met);
        self.met = 0;
        self.more = false;
        while self.ways.last() == Some(&false) {
            self.ways.pop();
        }
        match self.ways.last_mut() {
            Some(last) => {
                *last = false;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Guesses;

    #[test]
    fn all_ways_are_gone_once() {
        let mut guesses = Guesses::default();
        let mut seen = Vec::new();
        loop {
            let mut run = Vec::new();
            // The second decision comes up on one side only.
            let first = guesses.next();
            run.push(first);
            if first {
                run.push(guesses.next());
            }
            assert!(guesses.any());
            seen.push(run);
            if !guesses.turn() {
                break;
            }
        }
        assert_eq!(seen, [vec![true, true], vec![true, false], vec![false]]);
    }

    #[test]
    fn what_is_too_much_goes_as_the_last_one_did() {
        let mut guesses = Guesses::default();
        assert_eq!([(); 5].map(|()| guesses.next()), [true; 5]);
        assert!(guesses.leaves_out());
        assert!(guesses.turn() && !guesses.leaves_out());
        let second = [(); 5].map(|()| guesses.next());
        assert_eq!(second, [true, true, false, false, false]);
    }
}
