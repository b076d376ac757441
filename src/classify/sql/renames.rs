//! Names that a text gives to things that already have another one, and what decides where bare names are looked up.
//! It reads words, not statements: a name too many only means that a thing is not taken for absent.

use crate::sql::HOLE;

/// More new names than these are not kept apart: any name may be one of them.
const MAX_NAMES: usize = 64;

/// What a call renames or moves before it loses something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::classify) struct Renames {
    names: Vec<String>,
    /// Databases with their new names.
    databases: Vec<(String, String)>,
    /// Bare names may be looked up elsewhere than before.
    path: bool,
    any: bool,
}

impl Renames {
    /// Gives up: any name may mean anything.
    pub fn read_nothing(&mut self) {
        self.any = true;
    }

    /// Takes in a text of the very command that is judged: a table that it drops, and then makes anew under the same name, is the old one.
    pub fn read_own(&mut self, text: &str) {
        self.read_as(text, true);
    }

    /// Takes a text in.
    pub fn read(&mut self, text: &str) {
        self.read_as(text, false);
    }

    fn read_as(&mut self, text: &str, own: bool) {
        self.read_databases(text);
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower
            .split(|letter: char| {
                !(letter.is_alphanumeric() || "_$".contains(letter) || letter == HOLE)
            })
            .filter(|word| !word.is_empty())
            .collect();
        let mut renaming = false;
        for (at, word) in words.iter().enumerate() {
            let next = |by: usize| words.get(at + by).copied().unwrap_or_default();
            match *word {
                "rename" => renaming = true,
                "search_path" | "set_config" | "authorization" => self.path = true,
                "set" if next(1) == "role" => self.path = true,
                "to" if renaming && own && is_rebuilt(&words, at) => {}
                // A quoted name of several words gives several: each may be it.
                "to" if renaming => self.names.extend((1..=4).map(|by| next(by).to_owned())),
                "set" if next(1) == "schema" => {
                    self.names.extend((2..=4).map(|by| next(by).to_owned()));
                }
                _ => {}
            }
            if self.names.len() > MAX_NAMES {
                self.any = true;
                return;
            }
        }
        self.any |= self.names.iter().any(|name| name.contains(HOLE));
    }

    /// Names of databases are compared as the server writes them: folded, unless they stand in quotes.
    fn read_databases(&mut self, text: &str) {
        if !text
            .as_bytes()
            .windows(6)
            .any(|six| six.eq_ignore_ascii_case(b"rename"))
        {
            return;
        }
        let names = identifiers(text);
        for six in names.windows(6) {
            if let [alter, database, old, rename, to, new] = six
                && alter == "alter"
                && database == "database"
                && rename == "rename"
                && to == "to"
                && self.databases.len() < MAX_NAMES
            {
                self.databases.push((old.clone(), new.clone()));
            }
        }
    }

    /// Returns the name that a database had before it got this one.
    pub fn database_before(&self, name: &str) -> Option<&str> {
        let mut renamed = self.databases.iter().rev();
        let found = renamed.find(|(_, new)| new == name);
        found.map(|(old, _)| old.as_str())
    }

    /// Tells whether a name may mean something that has another name, or lies elsewhere, when the database is asked.
    pub fn may_mean(&self, name: &str) -> bool {
        let is_bare = !name.contains('.');
        (self.path && is_bare) || self.gives(name)
    }

    /// Tells whether bare names may be looked up elsewhere than before.
    pub const fn moves_path(&self) -> bool {
        self.path || self.any
    }

    /// Tells whether something may get this name; databases are looked up on no path.
    pub fn gives(&self, name: &str) -> bool {
        self.any
            || name
                .to_lowercase()
                .split(|letter: char| !(letter.is_alphanumeric() || "_$".contains(letter)))
                .any(|part| !part.is_empty() && self.names.iter().any(|new| new == part))
    }
}

/// Tells whether the only loss of a name comes before it is given again: `DROP TABLE t; ALTER TABLE t_new RENAME TO t`.
fn is_rebuilt(words: &[&str], at: usize) -> bool {
    const LOSES: [&str; 7] = [
        "drop", "delete", "truncate", "update", "replace", "rename", "alter",
    ];
    let name = words.get(at + 1).copied().unwrap_or_default();
    let mut before = words.get(..at).unwrap_or_default();
    // Its own `ALTER TABLE … RENAME`.
    if let Some(alter) = before.iter().rposition(|word| *word == "alter") {
        before = before.get(..alter).unwrap_or_default();
    }
    let dropped = before
        .windows(3)
        .any(|three| three == ["drop", "table", name])
        || before
            .windows(5)
            .any(|five| five == ["drop", "table", "if", "exists", name]);
    let renamed = before.contains(&"rename");
    let behind = words.get(at + 2..).unwrap_or_default();
    dropped && !renamed && !behind.iter().any(|word| LOSES.contains(word))
}

/// Returns the words of a text as identifiers: folded where they are bare, as they stand between double quotes.
fn identifiers(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '"' {
            let mut name = String::new();
            while let Some(inside) = letters.next() {
                match inside {
                    '"' if letters.peek() == Some(&'"') => name.extend(letters.next()),
                    '"' => break,
                    _ => name.push(inside),
                }
            }
            all.push(name);
        } else if letter.is_alphanumeric() || letter == '_' {
            let mut name = letter.to_lowercase().to_string();
            while let Some(inside) = letters
                .next_if(|inside| inside.is_alphanumeric() || matches!(*inside, '_' | '$' | HOLE))
            {
                name.extend(inside.to_lowercase());
            }
            all.push(name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Renames {
        let mut all = Renames::default();
        all.read(text);
        all
    }

    #[test]
    fn a_new_name_may_mean_what_had_another() {
        for (text, name) in [
            ("ALTER TABLE users RENAME TO u2", "u2"),
            ("alter table users rename to \"U 2\"", "U 2"),
            ("ALTER SCHEMA app RENAME TO old", "old.users"),
            ("ALTER TABLE users SET SCHEMA attic", "attic.users"),
            ("RENAME TABLE a TO b, c TO d", "d"),
            ("SET search_path = attic", "users"),
            ("SELECT set_config('search_path', 'attic', false)", "users"),
            ("SET ROLE bob", "users"),
        ] {
            assert!(reads(text).may_mean(name), "{text}");
        }
    }

    #[test]
    fn a_renamed_database_is_followed_back() {
        let all = reads("ALTER DATABASE a RENAME TO b; ALTER DATABASE \"b\" RENAME TO \"c\"");
        assert_eq!(all.database_before("c"), Some("b"));
        assert_eq!(all.database_before("b"), Some("a"));
        assert_eq!(all.database_before("a"), None);
        let quoted = reads(
            "ALTER DATABASE App RENAME TO \"Old \"\"1\"; alter database \"Shop\" rename to X",
        );
        assert_eq!(quoted.database_before("Old \"1"), Some("app"));
        assert_eq!(quoted.database_before("x"), Some("Shop"));
        assert_eq!(quoted.database_before("X"), None);
        assert_eq!(
            reads("ALTER DATABASE a OWNER TO b").database_before("b"),
            None
        );
    }

    #[test]
    fn other_names_mean_what_they_say() {
        for (text, name) in [
            ("ALTER TABLE users RENAME TO u2", "users"),
            ("ALTER TABLE users RENAME COLUMN a TO b", "users"),
            ("SET search_path = attic", "public.users"),
            ("GRANT SELECT ON a TO b", "b"),
            ("DROP TABLE users", "users"),
        ] {
            assert!(!reads(text).may_mean(name), "{text}");
        }
    }

    #[test]
    fn a_table_that_is_rebuilt_under_its_name_is_the_old_one_when_it_is_dropped() {
        let own = |text: &str| {
            let mut all = Renames::default();
            all.read_own(text);
            all
        };
        let rebuilt = "create table t_new(a); drop table t; alter table t_new rename to t; commit";
        assert!(!own(rebuilt).gives("t"));
        assert!(reads(rebuilt).gives("t"));
        for text in [
            "alter table x rename to t; drop table t",
            "drop table t; alter table x rename to t; delete from t",
            "drop table y; alter table x rename to t",
            "alter table a rename to b; drop table t; alter table b rename to t",
        ] {
            assert!(own(text).gives("t"), "{text}");
        }
    }
}
