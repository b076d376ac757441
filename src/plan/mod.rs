//! Plans of restores and retention, as values.
