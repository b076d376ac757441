//! Turns what agents send into a tool call, or into a sentence that says why it cannot be read.
//! It judges nothing: a call that cannot be read is blocked by its caller.

pub mod claude;
pub mod strict;
pub mod transcript;

pub use claude::{IntakeError, Strictness, read};
