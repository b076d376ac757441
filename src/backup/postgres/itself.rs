//! What a database has of itself (owner, settings, limits, rights, comment), where others created it anew since the backup.
//! What they gave the new one stays; what it lacks comes back, and the rest is named. What is in the database is not looked at here.

use super::load::{creation, database_of, look, run};
use super::snapshot;
use crate::adapters::postgres::session::literal;
use crate::adapters::postgres::way::Way;
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::model::backup::Entry;
use crate::model::database::Identity;
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

/// What the new database lacks, and what it has otherwise.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Itself {
    /// Statements that bring back what it lacks.
    lacks: Vec<String>,
    /// What stays as others gave it, as sentences.
    left: Vec<String>,
}

impl Itself {
    /// Says in a plan what would come back and what would not.
    pub fn foresee(&self, plan: &mut RestorePlan) {
        plan.steps.extend(self.lacks.iter().map(|one| Step::Server {
            verb: "give the database back:".to_owned(),
            what: format!("`{one}`"),
        }));
        plan.left.extend(self.left.iter().cloned());
    }

    /// Brings back what it lacks, as far as the role may.
    pub fn bring_back(&self, admin: &Way, restored: &mut Restored, control: &Control) {
        for one in &self.lacks {
            match run(admin, &format!("{one};\n"), control) {
                Ok(_) => restored
                    .done
                    .push(format!("gave the database back: `{one}`")),
                Err(error) => restored.left.push(format!("`{one}`: {error}")),
            }
        }
        restored.left.extend(self.left.iter().cloned());
    }
}

/// Compares the living database with the backup; one that is still the same belongs to whoever changes it.
pub(super) fn read(
    entry: &Entry,
    wish: &Wish,
    (admin, name): (&Way, &str),
    control: &Control,
) -> Result<Itself, BackupError> {
    let Identity::Postgres { database_oid, .. } = &entry.manifest.identity else {
        return Ok(Itself::default());
    };
    let is_all = wish.only.is_empty() && wish.definitions.is_empty() && wish.rows.is_empty();
    if !is_all || !wish.redefine || database_of(entry)? != name {
        return Ok(Itself::default());
    }
    let mut session = look(&admin.to_database(name), control)?;
    let query = format!(
        "SELECT 1 FROM pg_database WHERE datname = {} AND oid = {database_oid}",
        literal(name)
    );
    let same = session.rows(&query).map_err(snapshot::fault)?;
    if !same.is_empty() {
        return Ok(Itself::default());
    }
    let has = snapshot::create(session.as_mut())?;
    Ok(compare(&creation(entry)?, &has))
}

const REVOKED: &str = "REVOKE ALL ON DATABASE ";

fn compare(had: &[String], has: &[String]) -> Itself {
    let mut found = Itself::default();
    for one in had.iter().filter(|one| !has.contains(one)) {
        if one.starts_with("CREATE DATABASE ") {
            let now = has.iter().find(|now| now.starts_with("CREATE DATABASE "));
            found
                .left
                .extend(now.into_iter().flat_map(|now| created(one, now)));
        } else if is_right(one) {
            match has.iter().any(|now| now.starts_with(REVOKED)) {
                true => found.left.push(format!(
                    "rights on the database: others gave the new one rights of its own; `{one}` gives this one back"
                )),
                false => found.lacks.push(one.clone()),
            }
        } else {
            let about = about(one);
            match has.iter().any(|now| self::about(now) == about) {
                true => found.left.push(format!(
                    "a setting of the database: others gave the new one another value; `{one}` gives it back"
                )),
                false => found.lacks.push(one.clone()),
            }
        }
    }
    found
}

fn is_right(statement: &str) -> bool {
    statement.starts_with("GRANT ") || statement.starts_with("REVOKE ")
}

/// What a statement sets: everything before the value.
fn about(statement: &str) -> &str {
    let ends = [" = ", " IS ", " CONNECTION LIMIT "];
    let cut = ends.iter().filter_map(|end| statement.split_once(end));
    cut.map(|(about, _)| about)
        .min_by_key(|about| about.len())
        .unwrap_or(statement)
}

/// Says what of the making of the database is another way: its owner, and what only a new one can have.
fn created(had: &str, has: &str) -> Vec<String> {
    let parts = |text: &str| -> Option<(String, String, String)> {
        let (start, owner) = text.rsplit_once(" OWNER ")?;
        let (name, kind) = start.split_once(" TEMPLATE template0 ")?;
        let name = name.strip_prefix("CREATE DATABASE ")?;
        Some((name.to_owned(), kind.to_owned(), owner.to_owned()))
    };
    let (Some((name, kind, owner)), Some((_, kind_now, owner_now))) = (parts(had), parts(has))
    else {
        return Vec::new();
    };
    let mut left = Vec::new();
    if owner != owner_now {
        left.push(format!(
            "owner of the database: {owner_now} made it anew; `ALTER DATABASE {name} OWNER TO {owner}` gives it back to {owner}"
        ));
    }
    if kind != kind_now {
        left.push(format!(
            "encoding and collation of the database: it was made anew with {kind_now}, and had {kind}"
        ));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(some: &[&str]) -> Vec<String> {
        some.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn what_a_new_database_lacks_comes_back_and_what_it_was_given_stays() {
        let had = all(&[
            "CREATE DATABASE d TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' OWNER app",
            "COMMENT ON DATABASE d IS 'a = b'",
            "ALTER DATABASE d CONNECTION LIMIT 7",
            "REVOKE ALL ON DATABASE d FROM PUBLIC",
            "GRANT CONNECT ON DATABASE d TO app",
            "ALTER DATABASE d SET work_mem = '9MB'",
            "ALTER ROLE app IN DATABASE d SET work_mem = '8MB'",
        ]);
        let bare = all(&[
            "CREATE DATABASE d TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' OWNER app",
        ]);
        let found = compare(&had, &bare);
        assert_eq!(found.lacks, had.get(1..).unwrap());
        assert!(found.left.is_empty(), "{found:?}");
        let theirs = all(&[
            "CREATE DATABASE d TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' OWNER eve",
            "COMMENT ON DATABASE d IS 'theirs'",
            "ALTER DATABASE d CONNECTION LIMIT 8",
            "REVOKE ALL ON DATABASE d FROM PUBLIC",
            "ALTER DATABASE d SET work_mem = '1MB'",
        ]);
        let found = compare(&had, &theirs);
        assert_eq!(found.lacks, had.get(6..).unwrap());
        assert_eq!(found.left.len(), 6, "{found:?}");
        assert_eq!(compare(&had, &had), Itself::default());
    }
}
