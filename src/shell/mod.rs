//! The typed tree, the parser and the unfolding of shell texts. Pure: it reads no file and no environment.

pub mod ast;
pub mod cmd;
pub mod parse;
pub mod powershell;
pub mod print;
pub mod scan;
