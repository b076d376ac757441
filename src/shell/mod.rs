//! The typed tree, the parser and the unfolding of shell texts. Pure: it reads no file and no environment.

mod arith;
pub mod ast;
mod brace;
mod built;
mod builtins;
mod carriers;
pub mod cmd;
mod compose;
mod expand;
mod flow;
pub mod inside;
mod lists;
mod options;
mod params;
pub mod parse;
mod pattern;
mod plumbing;
pub mod powershell;
pub mod print;
mod printf;
mod pure;
pub mod recipes;
mod remote;
pub mod scan;
mod scripts;
mod settings;
mod settled;
mod source;
mod start;
mod state;
mod tasks;
#[cfg(test)]
mod tests_unfold;
pub mod unfold;
mod windows;
mod wrappers;
