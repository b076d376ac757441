//! Texts and JSON for people and programs.
