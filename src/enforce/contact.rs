//! Whether a target is on this machine, and what is said where it may not be contacted yet.
//! It asks nothing: it reads what the server said while the call was judged.

use crate::adapters::postgres::way::{Way, is_loopback};
use crate::model::database::DatabaseFact;
use crate::model::fact::{Answer, Facts, Question};
use crate::model::policy::BackupNeed;
use crate::model::target::{PostgresReach, Reach, Route};

/// Says why a target is not contacted before a human agreed.
pub fn refused(need: &BackupNeed, facts: &Facts) -> String {
    let place = if looks_local(need) && answered(need, facts).next().is_none() {
        "it did not say whether it is on this machine"
    } else {
        "it is on another host"
    };
    format!(
        "{place}, and is not contacted before a person agrees: the first approval starts the backup, and `[[enrolled]]` in their policy does so for good"
    )
}

fn looks_local(need: &BackupNeed) -> bool {
    match &need.target.reach {
        Reach::Postgres(reach) => Way::new(reach, &[]).looks_local(),
        _ => false,
    }
}

/// Tells whether the server runs in the very container in which the client does.
fn is_inside(reach: &PostgresReach) -> bool {
    let host = reach.host.as_deref();
    matches!(reach.route, Route::Container { .. })
        && host.is_none_or(|host| host.starts_with('/') || is_loopback(host))
}

fn answered<'a>(need: &BackupNeed, facts: &'a Facts) -> impl Iterator<Item = &'a DatabaseFact> {
    facts
        .iter()
        .filter_map(|(question, answer)| match (question, answer) {
            (Question::Database(asked), Answer::Database(fact))
                if asked.reach == need.target.reach =>
            {
                Some(fact)
            }
            _ => None,
        })
}

/// Tells whether a target is on this machine: files always, a server when it says so itself.
pub fn is_local(need: &BackupNeed, facts: &Facts) -> bool {
    match &need.target.reach {
        Reach::GitRemote(reach) => return crate::backup::git::is_near(reach),
        // Inside a container of an engine of this machine nothing else can answer, also when it is stopped.
        Reach::Postgres(reach) if is_inside(reach) => return looks_local(need),
        Reach::Postgres(_) => {}
        Reach::Path(_)
        | Reach::Sqlite(_)
        | Reach::Worktree(_)
        | Reach::GitRefs(_)
        | Reach::Unreachable(_)
        | Reach::NoDriver => return true,
    }
    answered(need, facts).any(|fact| fact.local)
}
