//! Verdicts as text for people and agents, and as JSON for programs. Pure: nothing is printed here.
//! Secrets are blotted out in this room, and only here.

pub mod json;
pub mod redact;
pub mod scan;
pub mod text;
pub mod visible;
