//! Verifies a backup to a level and writes down what was found, for better or worse.
//! How a level is proven is the engine's business.

use super::catalog;
use super::control::Control;
use super::error::BackupError;
use super::files::now;
use super::make::engine;
use crate::model::backup::{Entry, Level, Manifest, Verification};

/// Verifies and records. A backup that proves broken counts no more from then on.
///
/// # Errors
/// When the level is not reached.
pub fn run(entry: &Entry, level: Level, control: &Control) -> Result<Manifest, BackupError> {
    let found = engine(&entry.manifest.reach)?.verify(entry, level, control);
    let mut manifest = entry.manifest.clone();
    match found {
        Ok(notes) => {
            // A check that looks less deep does not take away what was proven before, only its age.
            if level >= manifest.verification.level {
                manifest.verification = Verification {
                    level,
                    at: now(),
                    notes,
                };
                catalog::write_manifest(&entry.folder, &manifest)?;
            }
            let entry = Entry {
                folder: entry.folder.clone(),
                manifest: manifest.clone(),
            };
            catalog::seal(&entry)?;
            Ok(manifest)
        }
        Err(error) => {
            if is_broken(&error) {
                manifest.verification = Verification {
                    level: Level::None,
                    at: now(),
                    notes: vec![error.to_string()],
                };
                catalog::write_manifest(&entry.folder, &manifest)?;
            }
            Err(error)
        }
    }
}

/// A file that is gone is as broken as one that was changed; what only cannot be read now is not.
fn is_broken(error: &BackupError) -> bool {
    match error {
        BackupError::NotIntact(_) => true,
        BackupError::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}
