//! Roles that a backup names and its server has no longer: what they owned and were granted cannot come back without them.
//! Roles that are there stay as they are, and passwords are in no backup.

use std::collections::BTreeSet;
use std::io::Read as _;

use memchr::memmem;

use super::load::{look, run, statements};
use super::snapshot::fault;
use crate::adapters::postgres::way::Way;
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::backup::readback::Plain;
use crate::model::backup::Entry;
use crate::plan::coverage::last_part;
use crate::plan::restore::Wish;

/// Missing roles that are looked for in the definitions; a server of more is restored by hand.
const ROLES_MAX: usize = 500;
const CHUNK: usize = 1 << 20;
/// Longest name that a server takes, quoted and doubled.
const NAME_MAX: usize = 256;

/// A role that is made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// As SQL writes it.
    pub name: String,
    statements: Vec<String>,
}

/// Returns the roles that are missing on the server and that the wish or the definitions of the backup name.
pub(super) fn missing(
    entry: &Entry,
    wish: &Wish,
    admin: &Way,
    control: &Control,
) -> Result<Vec<Role>, BackupError> {
    let said = statements(entry, "globals")?;
    let had = said
        .iter()
        .filter_map(|one| one.trim().strip_prefix("CREATE ROLE "));
    let had: Vec<String> = had.map(|name| name.trim().to_owned()).collect();
    if had.is_empty() {
        return Ok(Vec::new());
    }
    let mut session = look(admin, control)?;
    let rows = session
        .rows("SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles")
        .map_err(fault)?;
    let there: BTreeSet<String> = rows
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect();
    let is_gone = |name: &&String| !there.contains(*name);
    let gone: Vec<String> = had
        .iter()
        .filter(is_gone)
        .take(ROLES_MAX)
        .cloned()
        .collect();
    let mut needed = named(wish, &gone);
    owners(entry, &gone, &mut needed, control)?;
    let of = |name: &String| Role {
        statements: told(&said, name),
        name: name.clone(),
    };
    Ok(gone
        .iter()
        .filter(|name| needed.contains(*name))
        .map(of)
        .collect())
}

/// Roles that the call itself dropped.
fn named(wish: &Wish, gone: &[String]) -> BTreeSet<String> {
    let roles = wish.definitions.iter().filter(|one| one.kind == "role");
    let plain = |name: &str| last_part(name).replace('"', "");
    let wanted: BTreeSet<String> = roles.map(|one| plain(&one.name)).collect();
    let is_wanted = |name: &&String| wanted.contains(&plain(name));
    gone.iter().filter(is_wanted).cloned().collect()
}

/// Adds the roles that definitions speak of: owners, and who was granted something.
fn owners(
    entry: &Entry,
    gone: &[String],
    needed: &mut BTreeSet<String>,
    control: &Control,
) -> Result<(), BackupError> {
    if gone.iter().all(|name| needed.contains(name)) {
        return Ok(());
    }
    let artefacts = entry.manifest.artefacts.iter();
    for artefact in artefacts.filter(|one| matches!(one.role.as_str(), "schema" | "create")) {
        let mut plain = Plain::open(&entry.folder, artefact)?;
        let (mut text, mut buffer) = (Vec::new(), vec![0; CHUNK]);
        loop {
            control.check()?;
            let read = plain
                .read(&mut buffer)
                .map_err(|error| BackupError::NotIntact(error.to_string()))?;
            text.extend_from_slice(buffer.get(..read).unwrap_or_default());
            for name in gone
                .iter()
                .filter(|name| !needed.contains(*name))
                .cloned()
                .collect::<Vec<_>>()
            {
                if speaks_of(&text, &name) {
                    needed.insert(name);
                }
            }
            if read == 0 {
                break;
            }
            // A name may lie across two pieces.
            text.drain(..text.len().saturating_sub(NAME_MAX));
        }
    }
    Ok(())
}

/// Tells whether a text has a name where a dump writes a role: behind a blank, before the end of the statement or of a list.
fn speaks_of(text: &[u8], name: &str) -> bool {
    memmem::find_iter(text, name).any(|at| {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let after = text.get(at + name.len());
        before == Some(&b' ') && after.is_none_or(|byte| b";, \n".contains(byte))
    })
}

/// Returns what the backup says of one role: itself, its settings, what it is a member of and who of it.
fn told(said: &[String], name: &str) -> Vec<String> {
    let starts = |one: &str, verb: &str| {
        one.strip_prefix(verb)
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let is_own = |one: &&String| {
        let one = one.trim();
        starts(one, "CREATE ROLE ") || starts(one, "ALTER ROLE ") || starts(one, "COMMENT ON ROLE ")
    };
    let is_member = |one: &&String| {
        one.trim().starts_with("GRANT ") && speaks_of(format!("{};", one.trim()).as_bytes(), name)
    };
    let own = said.iter().filter(is_own).map(|one| one.trim().to_owned());
    // The other side of a membership may be gone for good.
    let members = said.iter().filter(is_member).map(|one| {
        let text = one.trim().replace('\'', "''");
        format!(
            "DO $backstop$BEGIN EXECUTE '{text}'; EXCEPTION WHEN OTHERS THEN NULL; END$backstop$"
        )
    });
    own.chain(members).collect()
}

/// Makes the roles again, all of them or none.
pub(super) fn create(roles: &[Role], admin: &Way, control: &Control) -> Result<(), BackupError> {
    if roles.is_empty() {
        return Ok(());
    }
    // Every role first: members are named by the statements of others.
    let all = || roles.iter().flat_map(|role| &role.statements);
    let is_first = |one: &&String| one.starts_with("CREATE ROLE ");
    let ordered = all()
        .filter(is_first)
        .chain(all().filter(|one| !is_first(one)));
    let text: String = ordered.map(|one| format!("{one};\n")).collect();
    run(admin, &format!("BEGIN;\n{text}COMMIT;\n"), control).map(drop)
}

/// Says what a person has to know of a role that is back.
pub(super) fn note(role: &Role) -> String {
    format!("role {} is made again, without its password", role.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_seen_where_a_dump_names_one() {
        let text = b"ALTER TABLE public.o OWNER TO ann7;\nGRANT SELECT ON o TO \"Ann 8\" WITH GRANT OPTION;\nCREATE POLICY p ON o TO bob, eve;";
        for name in ["ann7", "\"Ann 8\"", "bob", "eve"] {
            assert!(speaks_of(text, name), "{name}");
        }
        for name in ["ann", "nn7", "Ann 8", "ev", "public"] {
            assert!(!speaks_of(text, name), "{name}");
        }
    }

    #[test]
    fn what_belongs_to_a_role_is_told_of_it_alone() {
        let said: Vec<String> = [
            "CREATE ROLE a",
            "CREATE ROLE ab",
            "ALTER ROLE a WITH LOGIN",
            "ALTER ROLE ab WITH LOGIN",
            "GRANT a TO ab WITH ADMIN OPTION",
            "SET client_encoding = 'UTF8'",
        ]
        .map(str::to_owned)
        .to_vec();
        let told = told(&said, "a");
        assert_eq!(
            told.get(..2).unwrap(),
            ["CREATE ROLE a", "ALTER ROLE a WITH LOGIN"]
        );
        assert!(told.get(2).unwrap().contains("GRANT a TO ab"));
        assert_eq!(told.len(), 3);
    }
}
