//! Where this account keeps state, backups and policy, and what of it belongs to backstop itself.
//! Nothing is opened before it is asked for: a call without a finding touches none of it.

use crate::adapters::regular;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::adapters::environment;
use crate::model::policy::Policy;
use crate::model::request::ToolCall;
use crate::plan::settings::quoted;
use crate::policy::{self, LayerText, Place, builtin};
use crate::store::{Store, StoreError};

/// Why a house cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    #[error("there is no state directory: neither HOME nor XDG_STATE_HOME is set")]
    NoState,
    #[error("there is no place for backups: neither HOME nor XDG_DATA_HOME is set")]
    NoBackups,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the policy is broken: {0}")]
    Policy(String),
}

/// Returns the folder in which a call starts. Names are looked up from there: in one that is not there nothing would be
/// left to lose, and a client whose folder is gone starts its shell in its own.
pub fn folder(call: &ToolCall) -> Option<PathBuf> {
    let own = std::env::current_dir().ok();
    let named = call.cwd.as_ref().and_then(|dir| match &own {
        Some(own) if dir.is_relative() => own.join(dir).canonicalize().ok(),
        Some(_) => Some(dir.clone()),
        None => dir.is_absolute().then(|| dir.clone()),
    });
    named.filter(|dir| dir.is_dir()).or(own)
}

/// The places of one account, as one call sees them.
#[derive(Clone, Debug)]
pub struct House {
    /// `--state DIR`; nothing means the default place, which is made when it is missing.
    pub named_state: Option<PathBuf>,
    /// `--backup-dir DIR`.
    pub named_backups: Option<PathBuf>,
    pub deadline: Instant,
}

impl House {
    /// Returns the house of this account.
    pub fn new(named_state: Option<PathBuf>, deadline: Instant) -> Self {
        Self {
            named_state,
            named_backups: None,
            deadline,
        }
    }

    /// Returns the state directory.
    ///
    /// # Errors
    /// `NoState` without a place for it.
    pub fn state(&self) -> Result<PathBuf, HouseError> {
        self.named_state
            .clone()
            .or_else(environment::state_dir)
            .ok_or(HouseError::NoState)
    }

    /// Returns the option that names the state directory in a command that is printed, with a space before it; nothing for the default place.
    pub fn state_option(&self) -> String {
        let named = self.named_state.as_ref();
        named
            .filter(|dir| environment::state_dir().as_ref() != Some(*dir))
            .map(|dir| {
                let text = dir.display().to_string();
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
                let plain = text.bytes().all(is_plain);
                format!(" --state {}", if plain { text } else { quoted(&text) })
            })
            .unwrap_or_default()
    }

    /// Opens the store. A directory that the installed line names has to be there; the default one is made.
    ///
    /// # Errors
    /// What the store says; the caller holds the call.
    pub fn store(&self) -> Result<Store, HouseError> {
        let dir = self.state()?;
        Ok(if self.named_state.is_some() {
            Store::open(&dir)?
        } else {
            Store::create(&dir)?
        })
    }

    /// Opens the store for reading only what is there; nothing when there is none.
    pub fn store_if_there(&self) -> Option<Store> {
        let dir = self.state().ok().filter(|dir| dir.is_dir())?;
        Store::open(&dir).ok()
    }

    /// Returns where backups are kept.
    ///
    /// # Errors
    /// `NoBackups` without a place for it.
    pub fn backups(&self, policy: &Policy) -> Result<PathBuf, HouseError> {
        let named = self
            .named_backups
            .clone()
            .or_else(|| policy.backup_dir.clone());
        named
            .or_else(environment::backup_dir)
            .ok_or(HouseError::NoBackups)
    }

    /// Returns the policy in force for a project; the built-in one, without reading TOML, when no layer is there.
    ///
    /// # Errors
    /// Every fault in every layer, with file and line.
    pub fn policy(&self, project: &Path, profile: Option<&str>) -> Result<Policy, HouseError> {
        if let Some(name) = profile {
            return builtin::profile(name)
                .ok_or_else(|| HouseError::Policy(format!("there is no profile `{name}`")));
        }
        let layers = layers(project)?;
        if layers.is_empty() {
            return Ok(builtin::default_policy());
        }
        policy::load(&layers).map_err(|faults| {
            let all: Vec<String> = faults.iter().take(5).map(ToString::to_string).collect();
            HouseError::Policy(all.join("; "))
        })
    }

    /// Returns the paths that belong to backstop: nobody but a human changes them.
    pub fn own(&self) -> Vec<PathBuf> {
        let mut own: Vec<PathBuf> = Vec::new();
        own.extend(self.state().ok());
        own.extend(self.named_backups.clone().or_else(environment::backup_dir));
        own.extend(environment::config_dir());
        own.push(PathBuf::from("/etc/backstop"));
        own.extend(std::env::current_exe().ok());
        own
    }
}

/// Reads the policy layers that are there.
fn layers(project: &Path) -> Result<Vec<LayerText>, HouseError> {
    let mut places = vec![(Place::Machine, PathBuf::from("/etc/backstop/policy.toml"))];
    places.extend(environment::config_dir().map(|dir| (Place::User, dir.join("policy.toml"))));
    places.push((Place::Project, project.join(".backstop/policy.toml")));
    let mut layers = Vec::new();
    for (place, file) in places {
        match regular::text(&file) {
            Ok(text) => layers.push(LayerText { place, file, text }),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => {
                return Err(HouseError::Policy(format!(
                    "`{}` cannot be read: {error}",
                    file.display()
                )));
            }
        }
    }
    Ok(layers)
}
