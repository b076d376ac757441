//! Moments and ages of files in comparisons: which comes first, in the same unit.
//! What lies within the minute that the world tells apart is not decided.

use std::cmp::Ordering;
use std::path::Path;

use super::super::value::{Time, Value as Plain};
use super::play::Player;
use super::value::{Outcome, Stop};

/// What the world tells ages in.
const MINUTE: f64 = 60.0;

impl Player<'_> {
    pub fn timed(&mut self, one: &Plain, two: &Plain) -> Outcome<Ordering> {
        for side in [one, two] {
            if let Plain::Time(Time::Changed { path, .. } | Time::Age { path, .. }) = side {
                self.touch_path(&path.clone(), false)?;
            }
        }
        let (one, two) = match (one, two) {
            (Plain::Time(Time::Age { path, unit }), Plain::Number(other)) => {
                return self.is_older(path, other / unit).map(greater);
            }
            (Plain::Number(other), Plain::Time(Time::Age { path, unit })) => {
                return self.is_older(path, other / unit).map(|is| greater(!is));
            }
            (Plain::Time(one), Plain::Time(two)) => (one, two),
            _ => return Err(Stop::Lost),
        };
        match (one, two) {
            (Time::Changed { path, unit }, Time::Now { less, unit: other })
                if same(*unit, *other) =>
            {
                self.is_older(path, *less).map(|is| greater(!is))
            }
            (Time::Now { less, unit: other }, Time::Changed { path, unit })
                if same(*unit, *other) =>
            {
                self.is_older(path, *less).map(greater)
            }
            (
                Time::Changed { path: one, unit },
                Time::Changed {
                    path: two,
                    unit: other,
                },
            ) if same(*unit, *other) => self.newer(one, two),
            (
                Time::Age { path: one, unit },
                Time::Age {
                    path: two,
                    unit: other,
                },
            ) if same(*unit, *other) => self.newer(two, one),
            _ => Err(Stop::Lost),
        }
    }

    /// Tells whether a file was changed longer ago than so many seconds.
    fn is_older(&mut self, path: &Path, seconds: f64) -> Outcome<bool> {
        if !seconds.is_finite() || seconds < 0.0 {
            return Err(Stop::Lost);
        }
        if self.world.is_older(path, seconds)? {
            return Ok(true);
        }
        match seconds >= MINUTE && !self.world.is_older(path, seconds - MINUTE)? {
            true => Ok(false),
            false if self.world.waits => Ok(false),
            false => Err(Stop::Lost),
        }
    }

    /// Which of two files was changed later; the same second tells nothing.
    pub fn newer(&mut self, one: &Path, two: &Path) -> Outcome<Ordering> {
        if one == two {
            return Ok(Ordering::Equal);
        }
        let order = self.world.moment(one)?.cmp(&self.world.moment(two)?);
        match order {
            Ordering::Equal if !self.world.waits => Err(Stop::Lost),
            order => Ok(order),
        }
    }

    /// Which of two files was changed later, where their difference is asked.
    pub fn moments(&mut self, one: &Path, two: &Path) -> Outcome<Ordering> {
        self.touch_path(one, false)?;
        self.touch_path(two, false)?;
        self.newer(one, two)
    }
}

const fn greater(is: bool) -> Ordering {
    if is {
        Ordering::Greater
    } else {
        Ordering::Less
    }
}

/// Tells whether two units are the same.
fn same(one: f64, two: f64) -> bool {
    (one - two).abs() < f64::EPSILON * one.abs()
}
