//! Asks the world the questions of the pure rooms and finds the evidence.
