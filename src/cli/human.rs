//! Whether a human can be the one who answers: a terminal, no agent's marks, no agent session above.
//! Every refusal is recorded; passing proves little, and the ledger says so (`terminal`: unattested).

use jiff::Timestamp;

use super::settings::Trouble;
use crate::adapters::terminal::Terminal;
use crate::adapters::{environment, process};
use crate::model::approval::RequestId;
use crate::store::Store;

/// Someone at a terminal of their own.
#[derive(Debug)]
pub struct Human {
    pub terminal: Terminal,
    /// Account name, with the uid in parentheses.
    pub by: String,
    /// Marks that are recorded but not refused on.
    pub marks: Vec<String>,
}

const HELP: &str = "a person runs this in another terminal, one that no agent started";

/// Returns the human, or records the refusal and says why.
///
/// # Errors
/// Fails when no human can be the one who answers, and when the refusal cannot be recorded.
pub fn present(store: &Store, id: Option<&RequestId>) -> Result<Human, Trouble> {
    let by = process::account();
    let marks: Vec<String> = environment::agent_marks()
        .into_iter()
        .map(|(name, _)| name.to_owned())
        .collect();
    let outcome = match reason(store) {
        Some(reason) => Err(reason),
        None => Terminal::open().map_err(|error| format!("an approval needs a terminal: {error}")),
    };
    match outcome {
        Ok(terminal) => Ok(Human {
            terminal,
            by,
            marks,
        }),
        Err(reason) => {
            store.refuse(id, &reason, &marks, &by, Timestamp::now())?;
            Err(Trouble::new(format!("refused: {reason}"), HELP))
        }
    }
}

/// Returns the terminal of a human, where nothing can be recorded about a refusal.
///
/// # Errors
/// When there is none, or an agent's mark stands in the environment.
pub fn at_terminal() -> Result<Terminal, Trouble> {
    if let Some((name, _)) = environment::agent_marks()
        .into_iter()
        .find(|(_, refused)| *refused)
    {
        return Err(Trouble::new(
            format!("refused: `{name}` marks this as a shell of an agent"),
            HELP,
        ));
    }
    Terminal::open().map_err(|error| Trouble::new(format!("this needs a terminal: {error}"), HELP))
}

fn reason(store: &Store) -> Option<String> {
    if let Some((name, _)) = environment::agent_marks()
        .into_iter()
        .find(|(_, refused)| *refused)
    {
        return Some(format!("`{name}` marks this as a shell of an agent"));
    }
    let above = match process::ancestors() {
        Ok(above) => above,
        Err(error) => return Some(format!("the processes above cannot be looked at: {error}")),
    };
    for process in above {
        match store.session_of(process.pid, &process.started) {
            Ok(None) => {}
            Ok(Some(_)) => {
                return Some(format!(
                    "process {} above this one is an agent session",
                    process.pid
                ));
            }
            Err(error) => return Some(error.to_string()),
        }
    }
    None
}
