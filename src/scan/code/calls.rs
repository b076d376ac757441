//! Drop calls of migration frameworks, as the SQL that they send.
//! It knows the calls by their names and their first arguments.

use crate::classify::code::tokens::Token;
use crate::scan::kinds::Tongue;

use super::{Placed, Range, Sent};

/// Arguments longer than this are not read to their end.
const MOST: usize = 400;

/// A call and its arguments.
#[derive(Debug)]
pub struct Call {
    pub arguments: Vec<Argument>,
    /// From the name to the closing parenthesis.
    pub range: Range,
}

/// One argument.
#[derive(Clone, Debug, Default)]
pub struct Argument {
    pub key: Option<String>,
    /// Strings and symbols in it, in order.
    pub values: Vec<String>,
    /// Bare names in it.
    pub names: Vec<String>,
    pub range: Range,
}

impl Call {
    /// Reads the arguments behind the name at `index`: in parentheses, or for Ruby to the end of the line.
    pub fn read(tokens: &[Placed], index: usize, tongue: Tongue) -> Option<Self> {
        let (_, start) = tokens.get(index)?;
        let open = matches!(tokens.get(index + 1), Some((Token::Sign('('), _)));
        if !open && tongue != Tongue::Ruby {
            return None;
        }
        let mut reader = Reader::default();
        let first = index + if open { 2 } else { 1 };
        let mut end = *start;
        for (token, at) in tokens.iter().skip(first).take(MOST) {
            if open && *token == Token::Sign(')') && reader.depth == 0 {
                end = at + 1;
                break;
            }
            if !open && ends_line(token, &reader) {
                break;
            }
            reader.token(token, *at);
            end = end_of(token, *at);
        }
        reader.close(end);
        let arguments = reader.all;
        Some(Self {
            arguments,
            range: (*start, end),
        })
    }

    /// Returns the first value of the argument at a place without a key, or with this key.
    fn value(&self, place: usize, key: &str) -> Option<&str> {
        let named = self
            .arguments
            .iter()
            .find(|argument| !key.is_empty() && argument.key.as_deref() == Some(key));
        let placed = self
            .arguments
            .iter()
            .filter(|argument| argument.key.is_none())
            .nth(place);
        named.or(placed)?.values.first().map(String::as_str)
    }

    /// Returns all values from the argument at a place on, keys aside.
    fn values(&self, from: usize) -> Vec<&str> {
        self.arguments
            .iter()
            .filter(|argument| argument.key.is_none())
            .skip(from)
            .flat_map(|argument| argument.values.iter().map(String::as_str))
            .collect()
    }

    fn has(&self, key: &str) -> bool {
        self.arguments
            .iter()
            .any(|argument| argument.key.as_deref() == Some(key))
    }
}

fn ends_line(token: &Token, reader: &Reader) -> bool {
    match token {
        Token::Line => reader.depth == 0 && !reader.waits,
        Token::Sign(';' | '{' | '}') => reader.depth == 0,
        Token::Name { name, .. } => {
            reader.depth == 0 && matches!(name.as_str(), "do" | "if" | "unless")
        }
        Token::Sign(_) | Token::Text { .. } => false,
    }
}

fn end_of(token: &Token, at: usize) -> usize {
    match token {
        Token::Text { end, .. } => *end,
        Token::Name { name, .. } => at + name.len(),
        Token::Sign(sign) => at + sign.len_utf8(),
        Token::Line => at,
    }
}

#[derive(Default)]
struct Reader {
    all: Vec<Argument>,
    current: Argument,
    started: bool,
    symbol: bool,
    last_name: Option<String>,
    depth: usize,
    /// A comma came last: the arguments go on behind the line's end.
    waits: bool,
}

impl Reader {
    fn token(&mut self, token: &Token, at: usize) {
        if !self.started && *token != Token::Line {
            self.started = true;
            self.current.range.0 = at;
        }
        let symbol = std::mem::take(&mut self.symbol);
        let last = self.last_name.take();
        if *token != Token::Line {
            self.waits = false;
        }
        match token {
            Token::Text { text, .. } => self.current.values.push(text.clone()),
            Token::Name { name, .. } if symbol => self.current.values.push(name.clone()),
            Token::Name { name, .. } => {
                self.current.names.push(name.clone());
                self.last_name = Some(name.clone());
            }
            Token::Sign(',') if self.depth == 0 => {
                self.close(at);
                self.waits = true;
            }
            Token::Sign('=' | ':')
                if self.depth == 0
                    && last.is_some()
                    && self.current.key.is_none()
                    && self.current.values.is_empty() =>
            {
                self.current.names.pop();
                self.current.key = last;
                // Ruby's `force: :cascade`: the next colon begins a symbol.
            }
            Token::Sign(':') => self.symbol = true,
            Token::Sign('(' | '[' | '{') => self.depth += 1,
            Token::Sign(')' | ']' | '}') => self.depth = self.depth.saturating_sub(1),
            Token::Sign(_) | Token::Line => {}
        }
    }

    fn close(&mut self, end: usize) {
        if !self.started {
            return;
        }
        self.current.range.1 = end;
        self.all.push(std::mem::take(&mut self.current));
        self.started = false;
    }
}

/// Returns the SQL that the calls send.
pub fn sent(tongue: Tongue, tokens: &[Placed]) -> Vec<Sent> {
    let mut all = Vec::new();
    for index in 0..tokens.len() {
        let Some((Token::Name { name, .. }, _)) = tokens.get(index) else {
            continue;
        };
        let name = name.trim_end_matches('!');
        let last = name.rsplit('.').next().unwrap_or(name);
        if !CALLS.contains(&last) {
            continue;
        }
        // A definition of a function of this name is no call.
        if let Some(before) = index.checked_sub(1).and_then(|at| tokens.get(at))
            && matches!(&before.0, Token::Name { name, .. } if matches!(name.as_str(), "def" | "function"))
        {
            continue;
        }
        let Some(call) = Call::read(tokens, index, tongue) else {
            continue;
        };
        let context = Context {
            tokens,
            index,
            tongue,
        };
        if let Some(sql) = context.sql(name, last, &call) {
            all.push(Sent {
                sql,
                range: call.range,
            });
        }
    }
    all
}

/// Every name that is read at all.
const CALLS: &[&str] = &[
    "drop_table",
    "drop_column",
    "drop_columns",
    "drop_constraint",
    "drop_index",
    "alter_column",
    "DeleteModel",
    "RemoveField",
    "RunSQL",
    "remove_column",
    "remove_columns",
    "remove_reference",
    "remove_belongs_to",
    "remove",
    "drop_join_table",
    "drop_schema",
    "drop_view",
    "change_column",
    "create_table",
    "truncate",
    "truncate_tables",
    "drop",
    "dropIfExists",
    "dropColumns",
    "dropColumn",
    "dropAllTables",
    "dropSoftDeletes",
    "removeColumn",
    "addSql",
    "delete",
    "del",
    "dropTable",
    "dropTableIfExists",
    "dropTables",
    "dropSchema",
    "dropSchemaIfExists",
    "dropView",
    "dropViewIfExists",
    "dropMaterializedView",
    "dropDatabase",
    "bulkDelete",
    "clearTable",
    "clearDatabase",
    "changeColumn",
    "drop_database",
];

struct Context<'a> {
    tokens: &'a [Placed],
    index: usize,
    tongue: Tongue,
}

impl Context<'_> {
    fn sql(&self, name: &str, last: &str, call: &Call) -> Option<String> {
        match self.tongue {
            Tongue::Python => self.python(last, call),
            Tongue::Ruby => self.ruby(name, last, call),
            Tongue::Php => self.php(name, last, call),
            Tongue::Javascript => self.javascript(name, last, call),
        }
    }

    fn python(&self, last: &str, call: &Call) -> Option<String> {
        match last {
            "drop_table" => drop("TABLE", call.value(0, "table_name")?),
            "drop_index" => drop("INDEX", call.value(0, "index_name")?),
            "drop_column" => match (call.value(0, "table_name")?, call.value(1, "column_name")) {
                (table, Some(column)) => columns(table, &[column]),
                (column, None) => columns(&self.table(&["batch_alter_table"])?, &[column]),
            },
            "drop_constraint" => {
                let table = call
                    .value(1, "table_name")
                    .map(ToOwned::to_owned)
                    .or_else(|| self.table(&["batch_alter_table"]))?;
                Some(format!(
                    "ALTER TABLE {} DROP CONSTRAINT {}",
                    quoted(&table),
                    quoted(call.value(0, "constraint_name")?)
                ))
            }
            "alter_column" if call.has("type_") => {
                match (call.value(0, "table_name")?, call.value(1, "column_name")) {
                    (table, Some(column)) => retyped(table, column),
                    (column, None) => retyped(&self.table(&["batch_alter_table"])?, column),
                }
            }
            "DeleteModel" => drop("TABLE", call.value(0, "name")?),
            "RemoveField" => columns(call.value(0, "model_name")?, &[call.value(1, "name")?]),
            "RunSQL" => {
                let first = call
                    .arguments
                    .iter()
                    .find(|argument| matches!(argument.key.as_deref(), None | Some("sql")))?;
                Some(first.values.join(";\n"))
            }
            _ => None,
        }
    }

    fn ruby(&self, name: &str, last: &str, call: &Call) -> Option<String> {
        let first = call.value(0, "");
        match last {
            "drop_table" | "drop_view" | "drop_schema" | "drop_database" => {
                let kind = last.strip_prefix("drop_")?.to_ascii_uppercase();
                let all: Vec<String> = call.values(0).into_iter().map(quoted).collect();
                (!all.is_empty()).then(|| format!("DROP {kind} {}", all.join(", ")))
            }
            "drop_join_table" => drop("TABLE", &format!("{}_{}", first?, call.value(1, "")?)),
            "remove_column" | "drop_column" => match call.value(1, "") {
                Some(column) => columns(first?, &[column]),
                None => columns(&self.table(&["alter_table", "change_table"])?, &[first?]),
            },
            "remove_columns" => columns(first?, &call.values(1)),
            "remove_reference" | "remove_belongs_to" => {
                columns(first?, &[&format!("{}_id", call.value(1, "")?)])
            }
            // `t.remove` inside `change_table`.
            "remove" if name.split('.').count() == 2 => {
                columns(&self.table(&["change_table"])?, &call.values(0))
            }
            "change_column" => retyped(first?, call.value(1, "")?),
            "create_table" if call.has("force") => {
                let force = call
                    .arguments
                    .iter()
                    .find(|argument| argument.key.as_deref() == Some("force"))?;
                let off = force.names.iter().any(|name| name == "false");
                (!off).then(|| drop("TABLE", first?)).flatten()
            }
            "truncate" | "truncate_tables" => {
                let all: Vec<String> = call.values(0).into_iter().map(quoted).collect();
                (!all.is_empty()).then(|| format!("TRUNCATE TABLE {}", all.join(", ")))
            }
            _ => None,
        }
    }

    fn php(&self, name: &str, last: &str, call: &Call) -> Option<String> {
        let first = call.value(0, "");
        let on_schema =
            name.starts_with("Schema.") || name.contains("schema") || name.starts_with('.');
        match last {
            "drop" | "dropIfExists" if on_schema && first.is_some() => drop("TABLE", first?),
            // Phinx: `$this->table('t')->drop()`.
            "drop" if name.starts_with('.') => drop("TABLE", &self.table(&["table"])?),
            "dropTable" => drop("TABLE", first?),
            "dropColumns" if name.starts_with("Schema.") => columns(first?, &call.values(1)),
            "dropAllTables" => Some("DROP SCHEMA public CASCADE".to_owned()),
            "dropColumn" | "removeColumn" | "dropColumns" => {
                columns(&self.table(&["table", "create"])?, &call.values(0))
            }
            "dropSoftDeletes" => columns(&self.table(&["table"])?, &["deleted_at"]),
            "truncate" if name.starts_with('.') => Some(format!(
                "TRUNCATE TABLE {}",
                quoted(&self.table(&["table"])?)
            )),
            "delete" if name.starts_with('.') => self.deleted(&["table"]),
            "addSql" => first.map(ToOwned::to_owned),
            _ => None,
        }
    }

    fn javascript(&self, name: &str, last: &str, call: &Call) -> Option<String> {
        const TABLES: [&str; 4] = ["alterTable", "table", "createTable", "alterTableIfExists"];
        let first = call.value(0, "");
        match last {
            "dropTable" | "dropTableIfExists" => drop("TABLE", first?),
            "dropView" | "dropViewIfExists" => drop("VIEW", first?),
            "dropMaterializedView" => drop("MATERIALIZED VIEW", first?),
            "dropSchema" | "dropSchemaIfExists" => drop("SCHEMA", first?),
            "dropDatabase" => drop("DATABASE", first?),
            "dropAllTables" | "clearDatabase" => Some("DROP SCHEMA public CASCADE".to_owned()),
            "clearTable" => Some(format!("TRUNCATE TABLE {}", quoted(first?))),
            "removeColumn" => columns(first?, &[call.value(1, "")?]),
            "dropColumn" | "dropColumns" => {
                let owner = name.to_ascii_lowercase();
                let runner = owner.contains("queryrunner") || owner.contains("pgm");
                if runner
                    || call.arguments.len() > 1
                        && !self.chained(name)
                        && self.table(&TABLES).is_none()
                {
                    columns(first?, &call.values(1))
                } else {
                    columns(&self.table(&TABLES)?, &call.values(0))
                }
            }
            "changeColumn" => retyped(first?, call.value(1, "").unwrap_or("column")),
            "bulkDelete" => Some(format!("DELETE FROM {}", quoted(first?))),
            "truncate" | "del" | "delete" if name.starts_with('.') => {
                let deleted = self.deleted(&["knex", "trx", "db", "table", "from", "into"])?;
                Some(if last == "truncate" {
                    deleted.replacen("DELETE FROM", "TRUNCATE TABLE", 1)
                } else {
                    deleted
                })
            }
            "addSql" => first.map(ToOwned::to_owned),
            _ => None,
        }
    }

    fn chained(&self, name: &str) -> bool {
        let _ = self;
        name.starts_with('.')
    }

    /// Returns the first value of the nearest call before this one with one of these names.
    fn table(&self, names: &[&str]) -> Option<String> {
        let from = self.index.saturating_sub(MOST);
        (from..self.index).rev().find_map(|at| {
            let Some((Token::Name { name, .. }, _)) = self.tokens.get(at) else {
                return None;
            };
            let last = name.rsplit('.').next().unwrap_or(name);
            names
                .contains(&last)
                .then(|| {
                    Call::read(self.tokens, at, self.tongue)?
                        .value(0, "table_name")
                        .map(ToOwned::to_owned)
                })
                .flatten()
        })
    }

    /// Returns the DELETE of a chain such as `knex('t').where(…).del()`; a condition on the way bounds it.
    fn deleted(&self, names: &[&str]) -> Option<String> {
        let from = self.index.saturating_sub(MOST);
        let mut bounded = false;
        for at in (from..self.index).rev() {
            match self.tokens.get(at) {
                Some((Token::Sign(';'), _)) => return None,
                Some((Token::Name { name, .. }, _)) => {
                    let last = name.rsplit('.').next().unwrap_or(name);
                    bounded |= last.starts_with("where") || last.starts_with("andWhere");
                    if names.contains(&last) {
                        let call = Call::read(self.tokens, at, self.tongue)?;
                        let table = quoted(call.value(0, "")?);
                        let bound = if bounded { " WHERE bounded = 1" } else { "" };
                        return Some(format!("DELETE FROM {table}{bound}"));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

fn drop(kind: &str, name: &str) -> Option<String> {
    (!name.is_empty()).then(|| format!("DROP {kind} {}", quoted(name)))
}

fn columns(table: &str, columns: &[&str]) -> Option<String> {
    let drops: Vec<String> = columns
        .iter()
        .map(|column| format!("DROP COLUMN {}", quoted(column)))
        .collect();
    (!drops.is_empty()).then(|| format!("ALTER TABLE {} {}", quoted(table), drops.join(", ")))
}

fn retyped(table: &str, column: &str) -> Option<String> {
    Some(format!(
        "ALTER TABLE {} ALTER COLUMN {} TYPE text",
        quoted(table),
        quoted(column)
    ))
}

/// Returns a name as SQL writes it.
fn quoted(name: &str) -> String {
    let plain = name
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.'));
    if plain && !name.is_empty() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
