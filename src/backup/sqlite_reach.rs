//! What a loss reached beyond its own table: foreign keys that act on rows of others, and triggers whose body writes to them.
//! It reads the definitions of the backup and compares rows; it changes nothing.

use std::collections::BTreeMap;

use super::error::BackupError;
use super::sqlite::failed;
use super::sqlite_chosen::{Chosen, key_of, keys};
use super::sqlite_restore::Living;
use crate::adapters::sqlite::{quote, trigger};
use crate::model::effect::Verb;
use crate::plan::coverage::same_name;
use crate::plan::restore::Wish;

/// A foreign key of the backup.
pub(super) struct Link {
    pub child: String,
    pub parent: String,
    /// What becomes of the child's rows when the parent's go.
    pub act: String,
    pub on_update: String,
    /// Column of the child, column of the parent.
    pub pairs: Vec<(String, String)>,
}

/// What may have become of the rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touch {
    pub deletes: bool,
    /// A trigger may have given any column another value.
    pub updates: bool,
    /// Rows may have got other values in the columns of a foreign key.
    pub moves: bool,
    /// A trigger added rows, which loses nothing but may fire others.
    pub adds: bool,
}

impl Touch {
    fn joined(self, other: Self) -> Self {
        Self {
            deletes: self.deletes || other.deletes,
            updates: self.updates || other.updates,
            moves: self.moves || other.moves,
            adds: self.adds || other.adds,
        }
    }

    /// Tells whether one of these events fires a trigger.
    fn fires(self, sql: &str) -> bool {
        self.deletes && trigger::fires(sql, Verb::Delete)
            || (self.updates || self.moves) && trigger::fires(sql, Verb::Update)
            || self.adds && trigger::fires(sql, Verb::Replace)
    }
}

fn acts(act: &str) -> bool {
    matches!(act, "CASCADE" | "SET NULL" | "SET DEFAULT")
}

/// The tables that were reached, by name in lower case.
type Touched = BTreeMap<String, Touch>;

impl Living {
    pub(super) fn links(&self) -> Result<Vec<Link>, BackupError> {
        let said = failed("list the foreign keys");
        let text = "SELECT m.name, f.id, f.\"table\", f.\"from\", f.\"to\", upper(f.on_delete), upper(f.on_update) FROM old.sqlite_master AS m, \
                    pragma_foreign_key_list(m.name, 'old') AS f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq";
        let mut query = self.connection.prepare(text).map_err(&said)?;
        let rows = query
            .query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, Option<String>>(4)?,
                    row.get::<_, String>(5)?,
                    row.get::<_, String>(6)?,
                ))
            })
            .map_err(&said)?
            .collect::<rusqlite::Result<Vec<_>>>()
            .map_err(&said)?;
        let mut links: Vec<(i64, Link)> = Vec::new();
        for (child, id, parent, from, to, act, on_update) in rows {
            let at = match links.last() {
                Some((last, link)) if *last == id && link.child == child => links.len() - 1,
                _ => {
                    links.push((
                        id,
                        Link {
                            child,
                            parent: parent.clone(),
                            act,
                            on_update,
                            pairs: Vec::new(),
                        },
                    ));
                    links.len() - 1
                }
            };
            if let Some((_, link)) = links.get_mut(at) {
                let to = match to {
                    Some(to) => Some(to),
                    // Without a name the key of the parent is meant, column by column.
                    None => self
                        .table(&parent)
                        .ok()
                        .and_then(|one| one.key.get(link.pairs.len()).cloned()),
                };
                link.pairs.push((from, to.unwrap_or_default()));
            }
        }
        Ok(links.into_iter().map(|(_, link)| link).collect())
    }

    /// Finds what the loss reached: `touched`, and the rows whose foreign key was changed with their parent.
    pub(super) fn follow(&mut self, wish: &Wish) -> Result<(), BackupError> {
        self.touched = self.roots(wish)?;
        if !wish.follow && (!wish.missing_only || wish.leave_present) {
            return Ok(());
        }
        let links = self.links()?;
        self.reach(&links)?;
        for (name, touch) in self.touched.clone() {
            if touch.updates && !self.chosen.contains_key(&name) && self.is_compared(&name)? {
                let table = self.table(&name)?;
                if key_of(&table).is_empty() {
                    self.whole.insert(name);
                } else {
                    self.chosen.insert(name, Chosen::whole(&table));
                }
            }
        }
        for link in &links {
            if let Some(chosen) = self.unlinked(link)? {
                self.acted.push((link.child.clone(), chosen));
            }
            if let Some(chosen) = self.relinked(link)? {
                self.acted.push((link.child.clone(), chosen));
            }
        }
        Ok(())
    }

    /// What is known of the tables and views that the loss names; of all where it names none.
    fn roots(&mut self, wish: &Wish) -> Result<Touched, BackupError> {
        let mut touched = Touched::new();
        for (_, name, _) in self.names("old", "'table','view'")? {
            let named = wish.only.iter().any(|one| same_name(&name, one));
            let chosen = self.chosen.get(&name.to_lowercase());
            if named && chosen.is_none() && !wish.missing_only {
                self.whole.insert(name.to_lowercase());
            }
            let whole = self.whole.contains(&name.to_lowercase());
            if !wish.only.is_empty() && !named && chosen.is_none() && !whole {
                continue;
            }
            let touch = match chosen {
                Some(chosen) => Touch {
                    deletes: chosen.deletes && chosen.moves.is_empty(),
                    moves: chosen.changes(),
                    ..Touch::default()
                },
                None => Touch {
                    deletes: true,
                    moves: whole,
                    ..Touch::default()
                },
            };
            touched.insert(name.to_lowercase(), touch);
        }
        Ok(touched)
    }

    fn reach(&mut self, links: &[Link]) -> Result<(), BackupError> {
        let mut triggers = Vec::new();
        for (kind, name, sql) in self.names("old", "'trigger'")? {
            triggers.push((self.owner(&kind, &name)?, sql));
        }
        let mut open: Vec<String> = self.touched.keys().cloned().collect();
        while let Some(name) = open.pop() {
            let touch = self.touched.get(&name).copied().unwrap_or_default();
            let mut found = Vec::new();
            for link in links.iter().filter(|link| same_name(&link.parent, &name)) {
                found.push((link.child.to_lowercase(), behind(link, touch)));
            }
            let fires = touch.adds || self.may_have_fired(&name)?;
            for (owner, sql) in triggers.iter().filter(|_| fires) {
                if same_name(owner, &name) && touch.fires(sql) {
                    found.extend(self.written(sql)?);
                }
            }
            for (name, touch) in found {
                let before = self.touched.get(&name).copied().unwrap_or_default();
                let after = before.joined(touch);
                if after != before {
                    self.touched.insert(name.clone(), after);
                    open.push(name);
                }
            }
        }
        Ok(())
    }

    /// Tells whether triggers of a table may have fired: not where it was dropped, or has all its rows as they were.
    fn may_have_fired(&self, name: &str) -> Result<bool, BackupError> {
        if !self.exists("table", name)? || self.is_virtual(name)? {
            return self.exists("view", name);
        }
        let table = self.table(name)?;
        let missing = format!(
            "old.{} AS o WHERE NOT EXISTS ({})",
            quote(name),
            table.twin()
        );
        for from in [missing, table.differing()] {
            match self.count(&format!("(SELECT 1 FROM {from} LIMIT 1)")) {
                Ok(0) => {}
                // What cannot be compared may differ.
                Ok(_) | Err(_) => return Ok(true),
            }
        }
        Ok(false)
    }

    /// What the body of a trigger may do; to all tables where it cannot be read.
    fn written(&self, sql: &str) -> Result<Vec<(String, Touch)>, BackupError> {
        let all = Touch {
            deletes: true,
            updates: true,
            ..Touch::default()
        };
        let Some(acts) = trigger::acts(sql) else {
            let names = self.names("old", "'table'")?;
            return Ok(names
                .into_iter()
                .map(|(_, name, _)| (name.to_lowercase(), all))
                .collect());
        };
        let mut found = Vec::new();
        for act in acts {
            let name = act.table.to_lowercase();
            let touch = match act.verb {
                Some(Verb::Delete) => Touch {
                    deletes: true,
                    ..Touch::default()
                },
                Some(Verb::Update) => Touch {
                    updates: true,
                    ..Touch::default()
                },
                Some(_) => Touch { adds: true, ..all },
                // Commands to a virtual table are written as INSERT.
                None if self.is_virtual(&name)? => all,
                None => Touch {
                    adds: true,
                    ..Touch::default()
                },
            };
            found.push((name, touch));
        }
        Ok(found)
    }

    /// Rows that lost their reference when the row of the parent went: they hold NULL or the default now.
    fn unlinked(&self, link: &Link) -> Result<Option<Chosen>, BackupError> {
        let parent = link.parent.to_lowercase();
        let deletes = self.touched.get(&parent).is_some_and(|one| one.deletes);
        if !deletes
            || !matches!(link.act.as_str(), "SET NULL" | "SET DEFAULT")
            || !self.joins(link)?
        {
            return Ok(None);
        }
        let table = self.table(&link.parent)?;
        // REPLACE takes a row away and puts another one under its key.
        let replaced = self.whole.contains(&parent);
        let gone = match self.exists("table", &link.parent)? && !replaced {
            true => format!("NOT EXISTS ({})", table.twin()),
            false => "1".to_owned(),
        };
        let mut sets = Vec::new();
        let mut values = Vec::new();
        for (at, (from, _)) in link.pairs.iter().enumerate() {
            let value = match link.act.as_str() {
                "SET NULL" => "NULL".to_owned(),
                _ => self.default_of(&link.child, from)?,
            };
            values.push(format!("{value} AS s{at}"));
            sets.push((from.clone(), true));
        }
        let from = format!("old.{} AS o", quote(&link.parent));
        let condition = format!("{gone}{}", table.limit);
        self.behind_link(link, &values, (&from, &condition), sets)
            .map(Some)
    }

    /// Rows whose reference followed a row of the parent to its new key, or was cut from it.
    fn relinked(&self, link: &Link) -> Result<Option<Chosen>, BackupError> {
        let parent = link.parent.to_lowercase();
        let moves = self
            .touched
            .get(&parent)
            .is_some_and(|one| one.moves || one.updates);
        if !moves || !acts(&link.on_update) || !self.joins(link)? {
            return Ok(None);
        }
        let chosen = self.chosen.get(&parent);
        let touches = |chosen: &Chosen| {
            let given = |(_, to): &(String, String)| {
                chosen
                    .moves
                    .iter()
                    .chain(chosen.sets.iter().map(|(one, _)| one))
                    .any(|one| one.eq_ignore_ascii_case(to))
            };
            chosen.all && chosen.moves.is_empty() || link.pairs.iter().any(given)
        };
        if chosen.is_some_and(|chosen| !touches(chosen)) {
            return Ok(None);
        }
        let mut sets = Vec::new();
        let mut values = Vec::new();
        for (at, (from, to)) in link.pairs.iter().enumerate() {
            let given = chosen.and_then(|chosen| chosen.given(to));
            let value = match (link.on_update.as_str(), given) {
                ("SET NULL", _) => Some("NULL".to_owned()),
                ("SET DEFAULT", _) => Some(self.default_of(&link.child, from)?),
                (_, Some(given)) => Some(format!("h.{given}")),
                (_, None) => None,
            };
            sets.push((from.clone(), value.is_some()));
            values.extend(value.map(|value| format!("{value} AS s{at}")));
        }
        let from = match chosen {
            Some(chosen) => format!(
                "old.{} AS o JOIN ({}) AS h ON {}",
                quote(&link.parent),
                chosen.hits,
                chosen.joins("o")
            ),
            None => format!("old.{} AS o", quote(&link.parent)),
        };
        self.behind_link(link, &values, (&from, "1"), sets)
            .map(Some)
    }

    /// The rows of the child that refer to these rows `o` of the parent.
    fn behind_link(
        &self,
        link: &Link,
        values: &[String],
        (from, condition): (&str, &str),
        sets: Vec<(String, bool)>,
    ) -> Result<Chosen, BackupError> {
        let key = key_of(&self.table(&link.child)?);
        let mut picked = keys(&key, "c.");
        picked.extend(values.iter().cloned());
        let pairs = link.pairs.iter();
        let pairs: Vec<String> = pairs
            .map(|(from, to)| format!("c.{} = o.{}", quote(from), quote(to)))
            .collect();
        Ok(Chosen {
            hits: format!(
                "SELECT {} FROM {from} JOIN old.{} AS c ON {} WHERE {condition}",
                picked.join(", "),
                quote(&link.child),
                pairs.join(" AND ")
            ),
            key,
            sets,
            ..Chosen::default()
        })
    }

    /// Tells whether both ends of a foreign key can be compared: a key may name a table or column that is not there.
    fn joins(&self, link: &Link) -> Result<bool, BackupError> {
        let named = link.pairs.iter().all(|(_, to)| !to.is_empty());
        Ok(named
            && !key_of(&self.table(&link.child)?).is_empty()
            && self.exists_in("old", "table", &link.parent)?
            && self.exists("table", &link.child)?
            && !self.whole.contains(&link.child.to_lowercase()))
    }

    /// Returns the text of what a column holds when nothing is said.
    fn default_of(&self, table: &str, column: &str) -> Result<String, BackupError> {
        let text =
            "SELECT dflt_value FROM pragma_table_xinfo(?1, 'old') WHERE name = ?2 COLLATE NOCASE";
        let value: Option<String> = self
            .connection
            .query_row(text, [table, column], |row| row.get(0))
            .map_err(failed("list the columns"))?;
        Ok(value.map_or_else(|| "NULL".to_owned(), |text| format!("({text})")))
    }
}

/// What a foreign key does to the rows of its child.
fn behind(link: &Link, parent: Touch) -> Touch {
    let deletes = parent.deletes && link.act == "CASCADE";
    let unlinks = parent.deletes && matches!(link.act.as_str(), "SET NULL" | "SET DEFAULT");
    let moves = (parent.moves || parent.updates) && acts(&link.on_update);
    Touch {
        deletes,
        moves: unlinks || moves,
        ..Touch::default()
    }
}
