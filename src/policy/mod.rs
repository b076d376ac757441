//! Rules and policy as data: packs, layers, requirements.
//! It reads no file and matches no command; it knows neither shell nor SQL.

pub mod builtin;
pub mod custom;
pub mod layer;
mod merge;
pub mod pack;
pub mod reading;
mod require;

pub use merge::{LayerText, Place, PolicyError, load};
pub use require::require;
