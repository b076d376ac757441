//! Plans and applies restores: a whole database beside the original and swapped in, or only what is missing in a living one.
//! The original is renamed, never dropped; rows that differ are listed, never overwritten.

use std::collections::BTreeSet;

use super::itself;
use super::load::{self, Scratch, admin, creation, database_of, exists, look, rows_of, run};
use super::missing::{self, Missing};
use super::names;
use super::roles;
use super::scan::{Name, parse_name, quoted};
use super::snapshot::{count, relations};
use crate::adapters::postgres::session::{identifier, literal};
use crate::adapters::postgres::way::Way;
use crate::backup::control::Control;
use crate::backup::error::BackupError;
use crate::model::backup::Entry;
use crate::model::target::Reach;
use crate::plan::coverage::last_part;
use crate::plan::restore::{RestorePlan, Restored, Step, Wish};

/// What kind of restore a wish and the present state ask for.
enum Kind {
    /// Into a database that is not there yet: of another name, or the lost one.
    Fresh(String),
    /// The whole database, while one of its name stands.
    Swap(String),
    /// What is missing in the living database.
    Fill(String),
}

/// Returns the way to the server of a backup.
pub(super) fn way(entry: &Entry, control: &Control) -> Result<Way, BackupError> {
    match &entry.manifest.reach {
        Reach::Postgres(reach) => Ok(Way::new(reach, &control.tool_dirs)),
        _ => Err(BackupError::Unreachable(
            "the manifest does not say how the server is reached".to_owned(),
        )),
    }
}

fn kind(entry: &Entry, wish: &Wish, admin: &Way, control: &Control) -> Result<Kind, BackupError> {
    let own = database_of(entry)?;
    let name = wish.to.clone().unwrap_or_else(|| own.clone());
    let there = exists(admin, &name, control)?;
    Ok(match (there, &wish.to) {
        (false, _) => Kind::Fresh(name),
        (true, Some(_)) => {
            return Err(BackupError::Taken(format!(
                "database `{name}` exists already"
            )));
        }
        (true, None) if wish.missing_only || !wish.only.is_empty() => Kind::Fill(name),
        (true, None) => Kind::Swap(name),
    })
}

/// Says what a restore would do.
pub(super) fn plan(
    entry: &Entry,
    wish: &Wish,
    control: &Control,
) -> Result<RestorePlan, BackupError> {
    let admin = admin(&way(entry, control)?, control)?;
    let step = |verb: &str, what: String| Step::Server {
        verb: verb.to_owned(),
        what,
    };
    let mut plan = RestorePlan {
        backup: entry.manifest.id.clone(),
        ..RestorePlan::default()
    };
    let gone = roles::missing(entry, wish, &admin, control)?;
    plan.notes.extend(gone.iter().map(roles::note));
    for role in &gone {
        plan.steps
            .push(step("make the role again", format!("`{}`", role.name)));
    }
    match kind(entry, wish, &admin, control)? {
        Kind::Fresh(name) => {
            plan.steps.push(step(
                "load the backup into a scratch database and compare it, then name it",
                format!("`{name}`"),
            ));
        }
        Kind::Swap(name) => {
            plan.steps.push(Step::SavePresent {
                what: format!("database `{name}`"),
            });
            plan.steps.push(step(
                "load the backup into a scratch database and compare it, for",
                format!("`{name}`"),
            ));
            plan.steps.push(step(
                "end all sessions of, and rename to a name with `_old_`, the database",
                format!("`{name}`"),
            ));
            plan.steps.push(step(
                "give the restored database the name",
                format!("`{name}`"),
            ));
            plan.notes.push("the database that stands there now is kept under its new name until a human drops it".to_owned());
        }
        Kind::Fill(name) => {
            plan.steps.push(Step::SavePresent {
                what: format!("database `{name}`"),
            });
            itself::read(entry, wish, (&admin, &name), control)?.foresee(&mut plan);
            fill_steps((entry, wish, &gone), &admin, &name, control, &mut plan)?;
        }
    }
    Ok(plan)
}

/// What was asked for: tables with their schemas, and by their bare names schemas and what else has no rows.
#[derive(Default)]
struct Asked {
    tables: BTreeSet<Name>,
    names: BTreeSet<String>,
}

/// Every table of the backup: those with rows of their own, and partitioned ones, whose rows lie in their partitions.
fn tables_of(entry: &Entry) -> Vec<Name> {
    let parted = entry
        .manifest
        .artefacts
        .iter()
        .filter(|artefact| artefact.role == "schema")
        .flat_map(|artefact| &artefact.contents)
        .filter(|content| content.kind == "partitioned-table")
        .filter_map(|content| parse_name(&content.name));
    rows_of(entry).into_keys().chain(parted).collect()
}

fn asked(entry: &Entry, wish: &Wish) -> Asked {
    let all = tables_of(entry);
    let mut asked = Asked::default();
    for name in &wish.only {
        let found = names::resolve(&all, name);
        if !found.is_empty() {
            asked.tables.extend(found);
            continue;
        }
        let plain = name.trim_matches('"').replace("\"\"", "\"");
        let inside = all.iter().filter(|(schema, _)| *schema == plain);
        asked.tables.extend(inside.cloned());
        let is_definition = wish.definitions.iter().any(|one| one.name == *name);
        if !is_definition {
            asked.tables.extend(parse_name(name));
            asked.names.insert(last_part(name));
        }
    }
    asked
}

/// What is to be brought back into a living database.
fn job<'a>(
    (entry, wish): (&'a Entry, &'a Wish),
    live: &'a Way,
    scratch: Option<&'a Scratch>,
    look: bool,
    control: &'a Control,
) -> Missing<'a> {
    let asked = asked(entry, wish);
    Missing {
        live,
        scratch: scratch.map_or(live, |one| &one.way),
        copies: scratch.is_none().then_some(entry),
        wanted: asked.tables,
        names: asked.names,
        definitions: &wish.definitions,
        redefine: wish.redefine,
        follow: wish.follow,
        again: wish.again,
        major: major(entry),
        overwrite: !wish.missing_only,
        columns_only: wish.columns_only,
        undone: wish.undone,
        rows: &wish.rows,
        emptied: &wish.emptied,
        over: wish.over,
        look,
        control,
    }
}

/// Says what would come back into a living database.
fn fill_steps(
    (entry, wish, gone): (&Entry, &Wish, &[roles::Role]),
    admin: &Way,
    name: &str,
    control: &Control,
    plan: &mut RestorePlan,
) -> Result<(), BackupError> {
    let live = admin.to_database(name);
    // Without its roles the backup cannot be loaded, and a look makes none.
    if !wish.look || !gone.is_empty() {
        return counted_steps(entry, wish, &live, control, plan);
    }
    let scratch = source(entry, wish, (admin, name), control)?;
    let job = job((entry, wish), &live, scratch.as_ref(), true, control);
    missing::foresee(&job, plan)?;
    if plan
        .steps
        .iter()
        .all(|step| matches!(step, Step::SavePresent { .. }))
    {
        plan.steps.clear();
    }
    Ok(())
}

/// The quick plan: rows are counted here and there, and compared only when it is applied.
fn counted_steps(
    entry: &Entry,
    wish: &Wish,
    live: &Way,
    control: &Control,
    plan: &mut RestorePlan,
) -> Result<(), BackupError> {
    let wanted = asked(entry, wish).tables;
    let all = tables_of(entry);
    let mut session = look(live, control)?;
    let there = relations(session.as_mut())?;
    for (name, rows) in rows_of(entry) {
        if !wish.only.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let full = format!("{}.{}", quoted(&name.0), quoted(&name.1));
        let Some(table) = there.iter().find(|one| one.name == name) else {
            plan.steps.push(Step::Create {
                kind: "table".to_owned(),
                name: full,
            });
            continue;
        };
        let losses = wish.rows_of(|name| names::resolve(&all, name).contains(&table.name));
        let changes = match losses.as_slice() {
            [] => !wish.missing_only,
            losses => losses.iter().any(|loss| !loss.deletes),
        };
        if changes {
            let sets = losses.iter().flat_map(|loss| &loss.sets);
            plan.steps.push(Step::UpdateRows {
                table: full.clone(),
                columns: sets.map(|one| quoted(&one.column)).collect(),
                rows: None,
                conflicts: 0,
            });
        }
        let now = count(session.as_mut(), std::slice::from_ref(table))?;
        let now = now.get(&table.name).copied().unwrap_or_default();
        let missing = rows.saturating_sub(now);
        let deletes = losses.is_empty() || losses.iter().any(|loss| loss.deletes);
        if deletes && (missing > 0 || !wish.only.is_empty() && !changes) {
            plan.steps.push(Step::InsertRows {
                table: full,
                rows: missing,
                conflicts: 0,
            });
        }
    }
    plan.notes.push(
        "views, foreign keys, functions and other definitions that went with it come back too"
            .to_owned(),
    );
    plan.notes.push(
        "numbers of rows are differences of counts; which rows are missing is found by their keys"
            .to_owned(),
    );
    Ok(())
}

/// Applies what `plan` said for the same wish.
pub(super) fn apply(
    entry: &Entry,
    wish: &Wish,
    plan: &RestorePlan,
    control: &Control,
) -> Result<Restored, BackupError> {
    super::check(entry, control)?;
    let admin = admin(&way(entry, control)?, control)?;
    let kind = kind(entry, wish, &admin, control)?;
    let gone = roles::missing(entry, wish, &admin, control)?;
    roles::create(&gone, &admin, control)?;
    let made = |role: &roles::Role| format!("made the role `{}` again", role.name);
    let mut restored = Restored {
        done: gone.iter().map(made).collect(),
        notes: plan.notes.clone(),
        ..Restored::default()
    };
    match kind {
        Kind::Fresh(name) => {
            let scratch = Scratch::load(entry, &admin, control)?;
            rename(&admin, scratch, None, &name, control)?;
            settings(entry, &admin, &name, &mut restored, control)?;
            restored
                .done
                .push(format!("restored the whole database as `{name}`"));
        }
        Kind::Swap(name) => {
            let scratch = Scratch::load(entry, &admin, control)?;
            let now = jiff::Timestamp::now().strftime("%Y%m%d_%H%M%S").to_string();
            let old = format!("{name}_old_{now}");
            rename(&admin, scratch, Some(&old), &name, control)?;
            settings(entry, &admin, &name, &mut restored, control)?;
            restored
                .done
                .push(format!("restored the whole database `{name}`"));
            restored.notes.push(format!(
                "the database that stood there is now `{old}` and takes no connections"
            ));
        }
        Kind::Fill(name) => {
            let live = admin.to_database(&name);
            let scratch = source(entry, wish, (&admin, &name), control)?;
            let job = job((entry, wish), &live, scratch.as_ref(), false, control);
            missing::bring_back(&job, &mut restored)?;
            let itself = itself::read(entry, wish, (&admin, &name), control)?;
            itself.bring_back(&admin, &mut restored, control);
        }
    }
    Ok(restored)
}

/// Loads the scratch database that a comparison needs; nothing where rows alone come back and the role may make none.
fn source(
    entry: &Entry,
    wish: &Wish,
    (admin, name): (&Way, &str),
    control: &Control,
) -> Result<Option<Scratch>, BackupError> {
    let rows_alone = wish.follow && !wish.redefine && !wish.again && wish.definitions.is_empty();
    let mut session = look(&admin.to_database(name), control)?;
    let rows = session
        .rows("SELECT current_setting('is_superuser') = 'on'")
        .map_err(super::snapshot::fault)?;
    let superuser = rows
        .first()
        .is_some_and(|row| super::snapshot::text(row, 0) == "t");
    if superuser || !rows_alone {
        return Scratch::load(entry, admin, control).map(Some);
    }
    let there: BTreeSet<Name> = relations(session.as_mut())?
        .into_iter()
        .map(|one| one.name)
        .collect();
    let asked = asked(entry, wish);
    match asked.tables.iter().find(|one| !there.contains(*one)) {
        // What is gone by now takes its definition to come back.
        Some(_) => Scratch::load(entry, admin, control).map(Some),
        None => Ok(None),
    }
}

fn major(entry: &Entry) -> u32 {
    let version = &entry.manifest.server_version;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

/// Gives the scratch database its name; what has that name now is renamed first, in the same transaction.
fn rename(
    admin: &Way,
    scratch: Scratch,
    old: Option<&str>,
    name: &str,
    control: &Control,
) -> Result<(), BackupError> {
    let (from, to) = (identifier(&scratch.name), identifier(name));
    let end = |name: &str| {
        format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = {} AND pid <> pg_catalog.pg_backend_pid();\n",
            literal(name)
        )
    };
    let mut text = String::new();
    if old.is_some() {
        text.push_str(&format!(
            "ALTER DATABASE {to} ALLOW_CONNECTIONS false;\n{}",
            end(name)
        ));
    }
    text.push_str(&end(&scratch.name));
    text.push_str("BEGIN;\n");
    if let Some(old) = old {
        text.push_str(&format!(
            "ALTER DATABASE {to} RENAME TO {};\n",
            identifier(old)
        ));
    }
    text.push_str(&format!("ALTER DATABASE {from} RENAME TO {to};\nCOMMIT;\n"));
    let renamed = run(admin, &text, control);
    if renamed.is_err() && old.is_some() {
        let open = format!("ALTER DATABASE {to} ALLOW_CONNECTIONS true;\n");
        drop(run(admin, &open, control));
    }
    renamed?;
    scratch.keep();
    Ok(())
}

/// Brings settings, comment and grants of the database itself back, as far as the role may.
fn settings(
    entry: &Entry,
    admin: &Way,
    name: &str,
    restored: &mut Restored,
    control: &Control,
) -> Result<(), BackupError> {
    let old = database_of(entry)?;
    for statement in creation(entry)?
        .iter()
        .filter(|one| !one.starts_with("CREATE DATABASE "))
    {
        let statement = renamed(statement, &old, name);
        if let Err(error) = run(admin, &format!("{statement};\n"), control) {
            restored.left.push(format!("{statement}: {error}"));
        }
    }
    drop(load::run(&admin.to_database(name), "ANALYZE;\n", control));
    Ok(())
}

/// Puts another name into a statement about a database.
pub(super) fn renamed(statement: &str, old: &str, new: &str) -> String {
    for old in [quoted(old), identifier(old)] {
        let from = format!("DATABASE {old} ");
        if statement.contains(&from) {
            return statement.replacen(&from, &format!("DATABASE {} ", identifier(new)), 1);
        }
    }
    statement.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_gets_another_databases_name() {
        assert_eq!(
            renamed("CREATE DATABASE shop TEMPLATE template0", "shop", "b"),
            "CREATE DATABASE \"b\" TEMPLATE template0"
        );
        assert_eq!(
            renamed(
                "GRANT CONNECT ON DATABASE \"My shop\" TO \"DATABASE x\"",
                "My shop",
                "b"
            ),
            "GRANT CONNECT ON DATABASE \"b\" TO \"DATABASE x\""
        );
    }
}
