//! Regular expressions over resolved words, compiled when first needed and then kept for this thread.
//! They are anchored and know bytes only: one Unicode pattern would cost more than a whole call may.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::bytes::{Regex, RegexBuilder};

/// Compiled size at which a pattern is refused; those of the packs need a hundredth of it.
const SIZE_LIMIT: usize = 1 << 20;

thread_local! {
    static COMPILED: RefCell<HashMap<&'static str, Option<Regex>>> = RefCell::new(HashMap::new());
}

/// Compiles a pattern so that it must match the whole word.
pub fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .unicode(false)
        .size_limit(SIZE_LIMIT)
        .build()
}

/// Tells whether a pattern matches the whole text. A pattern that does not compile matches: a broken rule must not let a loss pass.
pub fn matches(pattern: &'static str, text: &str) -> bool {
    COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled
            .entry(pattern)
            .or_insert_with(|| compile(pattern).ok());
        regex
            .as_ref()
            .is_none_or(|regex| regex.is_match(text.as_bytes()))
    })
}
