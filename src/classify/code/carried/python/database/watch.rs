//! What one statement asks of a database while it is read and carried out: columns, functions, settings.
//! SQLite itself says it; nothing is carried out here that reaches out of the database or answers otherwise each time.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Functions whose answer is another one each time or in another SQLite, or that reach out of the database.
const UNSTEADY: &[&str] = &[
    "random",
    "randomblob",
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "zeroblob",
    "fts3_tokenizer",
    "eval",
    "sqlite_version",
    "sqlite_source_id",
    "sqlite_compileoption_get",
    "sqlite_compileoption_used",
    "total_changes",
    "octet_length",
    "timediff",
    "concat",
    "concat_ws",
    "string_agg",
    "unhex",
    "unistr",
    "unistr_quote",
    "if",
    "json_pretty",
    "json_error_position",
];
/// Settings of SQLite that change no row.
const PRAGMAS: &[&str] = &[
    "foreign_keys",
    "user_version",
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "busy_timeout",
    "cache_size",
    "temp_store",
    "integrity_check",
    "quick_check",
    "foreign_key_check",
    "query_only",
    "wal_checkpoint",
    "optimize",
    "page_count",
    "page_size",
    "freelist_count",
    "foreign_key_list",
    "encoding",
    "application_id",
    "recursive_triggers",
    "case_sensitive_like",
    "journal_mode",
    "synchronous",
    "defer_foreign_keys",
    "locking_mode",
    "mmap_size",
    "incremental_vacuum",
    "auto_vacuum",
    "secure_delete",
];
/// Settings of which a database in memory has others than its file.
const ODD: &[&str] = &[
    "journal_mode",
    "synchronous",
    "locking_mode",
    "mmap_size",
    "temp_store",
    "secure_delete",
    "busy_timeout",
    "query_only",
    "wal_checkpoint",
    "optimize",
    "cache_size",
    "incremental_vacuum",
    "auto_vacuum",
    "page_count",
    "freelist_count",
];

/// What a statement has asked for.
#[derive(Default)]
pub(super) struct Seen {
    /// Tables with their columns, in small letters; an empty name where only rows are counted.
    pub reads: BTreeSet<(String, String)>,
    /// Tables of which it changes rows.
    pub writes: BTreeSet<String>,
    /// It compares texts with patterns, which not every SQLite does alike for bytes.
    pub likes: bool,
    /// It asks for a setting that is not the one of the file.
    pub odd: bool,
}

/// Watches over the statements of one database.
#[derive(Default)]
pub(super) struct Watch {
    denied: AtomicBool,
    seen: Mutex<Seen>,
}

impl Watch {
    /// Something was asked for that cannot be carried out here.
    pub fn has_denied(&self) -> bool {
        self.denied.load(Ordering::Relaxed)
    }

    /// Returns what was asked for since the last time.
    pub fn taken(&self) -> Seen {
        self.seen
            .lock()
            .map(|mut seen| std::mem::take(&mut *seen))
            .unwrap_or_default()
    }

    pub fn told(&self, asked: &AuthContext<'_>) -> Authorization {
        let allowed = match asked.action {
            AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::CreateVtable { .. }
            | AuthAction::DropVtable { .. }
            | AuthAction::Unknown { .. } => false,
            AuthAction::Function { function_name } => {
                self.note(|seen| {
                    seen.likes |= ["like", "glob"].contains(&&*function_name.to_ascii_lowercase());
                });
                !is_among(UNSTEADY, function_name) && !function_name.starts_with("jsonb")
            }
            AuthAction::Pragma { pragma_name, .. } => {
                self.note(|seen| seen.odd |= is_among(ODD, pragma_name));
                is_among(PRAGMAS, pragma_name)
            }
            AuthAction::Read {
                table_name,
                column_name,
            } => {
                self.note(|seen| {
                    seen.reads.insert((
                        table_name.to_ascii_lowercase(),
                        column_name.to_ascii_lowercase(),
                    ));
                });
                true
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => {
                self.note(|seen| {
                    seen.writes.insert(table_name.to_ascii_lowercase());
                });
                true
            }
            _ => true,
        };
        if allowed {
            return Authorization::Allow;
        }
        self.denied.store(true, Ordering::Relaxed);
        Authorization::Deny
    }

    fn note(&self, act: impl FnOnce(&mut Seen)) {
        if let Ok(mut seen) = self.seen.lock() {
            act(&mut seen);
        }
    }
}

fn is_among(all: &[&str], name: &str) -> bool {
    all.iter().any(|one| one.eq_ignore_ascii_case(name))
}
