//! What a SQL statement would do to data: the verb, its object, and how far it reaches.
//! Severities and rules are not known here.

use super::span::Span;

/// The syntax of the client that reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
    Mssql,
    Oracle,
    Clickhouse,
    Snowflake,
    Bigquery,
    Duckdb,
    Redshift,
    Hive,
    /// Not known: PostgreSQL, MySQL and SQLite are all tried and the worst counts.
    Unknown,
}

/// The kind of thing a statement names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    Table,
    View,
    MaterializedView,
    Index,
    Sequence,
    Schema,
    Database,
    Column,
    Constraint,
    Partition,
    Function,
    Trigger,
    Type,
    Role,
    Extension,
    Policy,
    Publication,
    Subscription,
    ReplicationSlot,
    Tablespace,
    LargeObject,
    /// Something else that can be dropped (cast, operator, server, …).
    Other,
    /// Everything that a role owns, or that cannot be named.
    Everything,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    Drop,
    Truncate,
    Delete,
    Update,
    /// ALTER that drops a column, constraint or partition; the object is the table, `part` the column.
    AlterDrop,
    /// ALTER that rewrites or converts values (type change).
    AlterRewrite,
    /// A partition leaves its table.
    Detach,
    /// Rows are replaced (REPLACE INTO, MERGE with DELETE or UPDATE, LOAD DATA … REPLACE).
    Replace,
    /// CREATE OR REPLACE over something that holds data.
    CreateOver,
    /// VACUUM FULL, CLUSTER and the like: rewrites under an exclusive lock.
    Rewrite,
    /// The server runs a program or writes a file of its host (COPY … TO PROGRAM, `\!`, lo_export).
    Program,
    /// Rights are taken away (REVOKE, ALTER DEFAULT PRIVILEGES, DROP POLICY aside).
    Revoke,
    /// Server-wide state: replication slots, backups, terminated backends, reset.
    Server,
    /// Dynamic or unreadable SQL that may do any of the above.
    Opaque,
}

/// Which rows a DELETE or UPDATE can touch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Not a question for this verb.
    NotApplicable,
    /// No WHERE.
    All,
    /// A WHERE that is true for every row (`1=1`).
    AlwaysTrue,
    /// A WHERE that bounds it. `predicate` is its text; `pure` when it calls no function that could change anything.
    Where { predicate: String, pure: bool },
}

/// One loss that a statement would cause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    pub verb: Verb,
    pub kind: ObjectKind,
    /// The object as written, quotes undone, parts joined by `.` (`public.users`); nothing when unknown.
    pub object: Option<String>,
    /// Column, constraint or partition inside the object.
    pub part: Option<String>,
    pub bound: Bound,
    pub cascade: bool,
    pub only: bool,
    pub if_exists: bool,
    /// Set when the name holds a hole or the text could not be parsed.
    pub opaque: bool,
    /// Place in the SQL text that was judged.
    pub span: Span,
}
