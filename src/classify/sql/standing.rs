//! Where a database stands before the call, when the call itself moves or renames it first: there it is asked about and backed up.
//! Which moves of files there were is read in `files::moves`; what is lost is not judged here.

use std::path::Path;

use super::reach::{self, Place};
use super::renames::Renames;
use crate::classify::Context;
use crate::classify::files::judge::MOVED;
use crate::classify::files::moves::Moves;
use crate::model::fact::{Answer, Needs};
use crate::model::target::Reach;

/// Longest chain of new names that is followed back.
const MAX_CHAIN: usize = 16;

/// A place as it is now, and the line that says why it is not the one of the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub place: Place,
    pub line: String,
    /// Nothing else can have come to the place of the words.
    pub is_sure: bool,
}

/// Returns where a SQLite file stands that earlier commands move or link to the place of the words.
pub(super) fn of_file(place: &Place, context: &Context<'_>, needs: &mut Needs) -> Option<Standing> {
    let Reach::Sqlite(path) = &place.reach else {
        return None;
    };
    if context.facts.assumed || context.scene.assumed || context.earlier.is_empty() {
        return None;
    }
    let moves = Moves::read(context, needs);
    // Several places that it may have come from: none is known to be the one.
    match moves.origins_behind_links(path).as_slice() {
        [origin] if !origin.inside => Some(Standing {
            place: at(place, &origin.path),
            line: match moves.origins(path, None).is_empty() {
                true => format!(
                    "the same call makes `{}` a name of it first",
                    path.display()
                ),
                false => format!("{MOVED}`{}` first", path.display()),
            },
            is_sure: moves.is_whole(),
        }),
        _ => None,
    }
}

fn at(place: &Place, path: &Path) -> Place {
    Place {
        locator: path.to_string_lossy().into_owned(),
        reach: Reach::Sqlite(path.to_path_buf()),
        ..place.clone()
    }
}

/// Returns the database that the call gives the name of the words, with what it says, when it is there.
pub(super) fn of_database<'a>(
    place: &Place,
    renames: &Renames,
    needs: &mut Needs,
    asked: impl Fn(&Place, &mut Needs) -> Option<&'a Answer>,
) -> Option<(Standing, &'a Answer)> {
    let Reach::Postgres(postgres) = &place.reach else {
        return None;
    };
    let new = postgres.database.as_deref()?;
    let mut name = new;
    for _ in 0..MAX_CHAIN {
        match renames.database_before(name) {
            Some(before) if before != new => name = before,
            _ => break,
        }
    }
    if name == new {
        return None;
    }
    let old = Standing {
        place: reach::other_database(place, name),
        line: format!("the same call renames it to `{new}` first"),
        is_sure: false,
    };
    match asked(&old.place, needs) {
        Some(there @ Answer::Database(_)) => Some((old, there)),
        _ => None,
    }
}
