//! What a script decides by a value that nobody knows is carried out both ways, one way after the other.

/// Decisions of one script that are gone through both ways.
const MAX_GUESSES: usize = 3;

/// Which way each decision goes this time, in the order in which they come up.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    ways: Vec<bool>,
    /// How many have come up.
    met: usize,
    /// Work that was done in the runs before; all of them share one measure.
    pub work: usize,
}

impl Guesses {
    /// Tells which way the next decision goes; nothing where there are too many.
    pub fn next(&mut self) -> Option<bool> {
        if self.met == self.ways.len() {
            if self.met == MAX_GUESSES {
                return None;
            }
            self.ways.push(true);
        }
        let way = self.ways.get(self.met).copied();
        self.met += 1;
        way
    }

    /// Tells whether anything was guessed.
    pub const fn any(&self) -> bool {
        self.met > 0
    }

    /// Turns to the ways that were not gone yet; false where there are none left.
    pub fn turn(&mut self) -> bool {
        self.ways.truncate(self.met);
        self.met = 0;
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
            if let Some(first) = guesses.next() {
                run.push(first);
                if first {
                    run.extend(guesses.next());
                }
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
    fn too_many_are_told() {
        let mut guesses = Guesses::default();
        assert_eq!([(); 4].map(|()| guesses.next()).iter().flatten().count(), 3);
    }
}
