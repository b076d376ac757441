//! Says what of a text ends a transaction, opens one by itself, or stands outside of any.
//! What a rollback takes back is decided in `session`.

use sqlparser::tokenizer::Token;

use crate::model::effect::Dialect;

use super::lex::{self, Lexeme, Range};
use super::read::{Reader, Values};

/// Words with which a statement of T-SQL begins: none of them is the name of a transaction.
const STARTS: [&str; 40] = [
    "ALTER",
    "BACKUP",
    "BEGIN",
    "BULK",
    "CHECKPOINT",
    "CLOSE",
    "COMMIT",
    "CREATE",
    "DBCC",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DENY",
    "DROP",
    "ELSE",
    "END",
    "EXEC",
    "EXECUTE",
    "FETCH",
    "GO",
    "GRANT",
    "IF",
    "INSERT",
    "KILL",
    "MERGE",
    "OPEN",
    "PRINT",
    "RAISERROR",
    "RESTORE",
    "RETURN",
    "REVOKE",
    "ROLLBACK",
    "SAVE",
    "SELECT",
    "SET",
    "THROW",
    "TRUNCATE",
    "UPDATE",
    "USE",
    "WITH",
];

/// Words before a parenthesis in a block that do not call what could commit.
const PLAIN: [&str; 44] = [
    "ADD_MONTHS",
    "AND",
    "AS",
    "AVG",
    "CAST",
    "CHAR",
    "CHR",
    "COALESCE",
    "COUNT",
    "DATE",
    "DECODE",
    "EXISTS",
    "EXTRACT",
    "FROM",
    "GREATEST",
    "IF",
    "IN",
    "INSTR",
    "LEAST",
    "LENGTH",
    "LOWER",
    "LPAD",
    "MAX",
    "MIN",
    "MOD",
    "NOT",
    "NUMBER",
    "NVL",
    "OR",
    "RAISE_APPLICATION_ERROR",
    "REPLACE",
    "ROUND",
    "SELECT",
    "SUBSTR",
    "SUM",
    "TO_CHAR",
    "TO_DATE",
    "TO_NUMBER",
    "TRIM",
    "TRUNC",
    "UPPER",
    "VALUES",
    "VARCHAR2",
    "WHERE",
];

/// Returns the last switch of the text between statements that wait for a COMMIT and those that do not.
pub fn turns_off(text: &str, dialect: Dialect) -> Option<bool> {
    let lexed = lex::lex(text, dialect);
    let reader = Reader {
        text,
        lexemes: &lexed.lexemes,
        dialect,
        block: false,
        depth: 0,
        values: Values::new(),
        ends: false,
        out: Vec::new(),
    };
    let ranges = lex::statements(&lexed.lexemes, dialect).into_iter();
    let parts = ranges.flat_map(|range| reader.steered(range));
    let mut switches = parts.filter_map(|(part, _)| reader.switches(part));
    switches.next_back()
}

impl Reader<'_> {
    /// Tells whether a statement ends a transaction by itself, or could.
    pub fn commits(&self, from: usize) -> bool {
        const DEFINES: [&str; 8] = [
            "CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE", "LOCK",
        ];
        const OF_MYSQL: [&str; 14] = [
            "ANALYZE",
            "CACHE",
            "CALL",
            "CHANGE",
            "CHECK",
            "EXECUTE",
            "FLUSH",
            "IMPORT",
            "INSTALL",
            "OPTIMIZE",
            "REPAIR",
            "RESET",
            "UNINSTALL",
            "UNLOCK",
        ];
        const OF_ORACLE: [&str; 6] = [
            "ANALYZE",
            "AUDIT",
            "COMMENT",
            "FLASHBACK",
            "NOAUDIT",
            "PURGE",
        ];
        let ddl = self.any(from, &DEFINES) && !self.is(from + 1, "TEMPORARY");
        let implicit = match self.dialect {
            Dialect::Mysql => ddl || self.any(from, &OF_MYSQL) || self.commits_mysql(from),
            Dialect::Oracle => ddl || self.any(from, &OF_ORACLE),
            Dialect::Snowflake | Dialect::Bigquery => ddl,
            Dialect::Redshift => self.is(from, "TRUNCATE"),
            _ => false,
        };
        implicit
            || self.is(from, "PREPARE") && self.is(from + 1, "TRANSACTION")
            || self.at(from).is_some_and(Lexeme::has_hole)
    }

    /// `SET PASSWORD`, `LOAD INDEX INTO CACHE`, `STOP REPLICA`.
    fn commits_mysql(&self, from: usize) -> bool {
        const REPLICAS: [&str; 3] = ["SLAVE", "REPLICA", "GROUP_REPLICATION"];
        self.is(from, "SET") && self.any(from + 1, &["PASSWORD", "DEFAULT"])
            || self.is(from, "LOAD") && self.is(from + 1, "INDEX")
            || self.any(from, &["START", "STOP"]) && self.any(from + 1, &REPLICAS)
    }

    /// Statements that PostgreSQL runs outside of transactions only, so that psql opens none for them.
    pub fn is_outside(&self, range: Range) -> bool {
        let Range { from, to } = range;
        const WHOLE: [&str; 4] = ["DATABASE", "TABLESPACE", "SYSTEM", "SUBSCRIPTION"];
        self.any(
            from,
            &["VACUUM", "CLUSTER", "REINDEX", "DISCARD", "CHECKPOINT"],
        ) || self.any(from, &["CREATE", "ALTER", "DROP"])
            && ((from + 1..to.min(from + 3)).any(|at| self.any(at, &WHOLE))
                || (from + 1..to).any(|at| self.is(at, "CONCURRENTLY")))
    }

    /// `SET autocommit = 0`, `SET IMPLICIT_TRANSACTIONS ON`: tells whether statements wait for a COMMIT from here on.
    pub fn switches(&self, range: Range) -> Option<bool> {
        let Range { from, to } = range;
        let altered = self.is(from, "ALTER") && self.is(from + 1, "SESSION");
        if !self.is(from, "SET") && !altered {
            return None;
        }
        let named = |at: usize, names: &[&str]| self.any(at, names);
        match self.dialect {
            Dialect::Mysql | Dialect::Snowflake => {
                let mut last = None;
                for at in (from + 1..to).filter(|at| named(*at, &["autocommit", "@@autocommit"])) {
                    let of_all = ["GLOBAL", "@@global", "PERSIST", "@@persist", "PERSIST_ONLY"];
                    let scope = at - 1 - usize::from(self.token(at - 1, &Token::Period));
                    if !named(scope, &of_all) {
                        last = Some(self.is_off(at + 2));
                    }
                }
                last
            }
            Dialect::Mssql => {
                let modes = ["IMPLICIT_TRANSACTIONS", "CHAINED"];
                let sets = (from + 1..to).any(|at| named(at, &modes));
                sets.then(|| self.is(to.saturating_sub(1), "ON"))
            }
            _ => None,
        }
    }

    fn is_off(&self, at: usize) -> bool {
        let off = self.at(at).and_then(Lexeme::string);
        self.any(at, &["OFF", "FALSE"])
            || off.is_some_and(|word| word.eq_ignore_ascii_case("off"))
            || self.is_zero(at)
    }

    /// Tells whether a routine or a block that is called may commit what stands open.
    pub fn may_commit(&self, range: Range) -> bool {
        let Range { from, to } = range;
        // PostgreSQL lets no routine end a transaction that the client has opened.
        if matches!(self.dialect, Dialect::Postgres | Dialect::Redshift) {
            return false;
        }
        if self.any(from, &["CALL", "EXEC", "EXECUTE"]) {
            return true;
        }
        let commits = [
            "COMMIT",
            "EXECUTE",
            "CALL",
            "AUTONOMOUS_TRANSACTION",
            "DBMS_SQL",
        ];
        // A block is cut into its statements where the dialect does not keep it together.
        const PLAIN_SQL: [&str; 8] = [
            "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "SET", "EXPLAIN",
        ];
        let may_call = match self.dialect {
            Dialect::Oracle => !self.any(from, &PLAIN_SQL),
            _ => self.any(from, &["BEGIN", "DECLARE", "DO"]),
        };
        may_call && (from..to).any(|at| self.any(at, &commits) || self.calls(at))
    }

    /// A routine of an unknown name: `name(…)`, or `name;` where a statement begins.
    fn calls(&self, at: usize) -> bool {
        let Some(_) = self.at(at).and_then(Lexeme::bare) else {
            return false;
        };
        let of_package = self.token(at.wrapping_sub(1), &Token::Period)
            && !self.is(at.wrapping_sub(2), "DBMS_OUTPUT");
        if self.token(at + 1, &Token::LParen) {
            let listed = self.any(at.wrapping_sub(1), &["INTO", "DBMS_OUTPUT"])
                || self.token(at.wrapping_sub(1), &Token::Period) && !of_package;
            return of_package || !listed && !self.any(at, &PLAIN);
        }
        let before = at.wrapping_sub(1);
        let begins = self.token(before, &Token::SemiColon)
            || self.any(before, &["BEGIN", "THEN", "ELSE", "LOOP"]);
        let ends = self.token(at + 1, &Token::SemiColon);
        let own = [
            "NULL", "END", "EXIT", "RETURN", "CONTINUE", "ROLLBACK", "RAISE",
        ];
        begins && ends && !self.any(at, &own) || of_package && ends
    }

    /// Cuts what steers a transaction out of a batch of T-SQL, which needs no semicolons.
    /// The second tells whether a condition stands in front of a part.
    pub fn steered(&self, range: Range) -> Vec<(Range, bool)> {
        let Range { from, to } = range;
        let defines = self.any(from, &["CREATE", "ALTER"])
            && (from + 1..to.min(from + 4))
                .any(|at| self.any(at, &["PROC", "PROCEDURE", "FUNCTION", "TRIGGER", "VIEW"]));
        if self.dialect != Dialect::Mssql || defines {
            return vec![(range, false)];
        }
        let mut all = Vec::new();
        let (mut start, mut at, mut perhaps) = (from, from, false);
        while at < to {
            let Some(end) = self.steering(at, to) else {
                perhaps |= self.any(at, &["IF", "ELSE", "WHILE", "CATCH"]);
                at += 1;
                continue;
            };
            if at > start {
                all.push((
                    Range {
                        from: start,
                        to: at,
                    },
                    false,
                ));
            }
            all.push((Range { from: at, to: end }, perhaps));
            (start, at) = (end, end);
        }
        if to > start {
            all.push((Range { from: start, to }, false));
        }
        all
    }

    /// Returns the end of `BEGIN TRAN a`, `COMMIT TRAN`, `ROLLBACK`, `SAVE TRAN a` and their kin, when one begins here.
    fn steering(&self, at: usize, to: usize) -> Option<usize> {
        const KINDS: [&str; 3] = ["TRAN", "TRANSACTION", "WORK"];
        let before = at.wrapping_sub(1);
        if self.token(before, &Token::Period) || self.any(before, &["WITH", "AS", "ON"]) {
            return None;
        }
        if self.is(at, "SET") && self.any(at + 1, &["IMPLICIT_TRANSACTIONS", "CHAINED"]) {
            return Some((at + 3).min(to));
        }
        let kind = at + 1 + usize::from(self.is(at + 1, "DISTRIBUTED"));
        let kinded = self.any(kind, &KINDS);
        let steers =
            self.any(at, &["COMMIT", "ROLLBACK"]) || self.any(at, &["BEGIN", "SAVE"]) && kinded;
        if !steers {
            return None;
        }
        if !kinded {
            return Some(at + 1);
        }
        let name = self.at(kind + 1).filter(|_| kind + 1 < to);
        let is_name = name.is_some_and(|name| {
            let variable = matches!(name.token.token, Token::Placeholder(_));
            let word = matches!(name.token.token, Token::Word(_));
            let line = |at: usize| self.at(at).map(|one| one.token.span.start.line);
            (word || variable)
                && line(kind) == line(kind + 1)
                && !STARTS.iter().any(|start| name.is(start))
        });
        Some(kind + 1 + usize::from(is_name))
    }

    /// Returns how many `BEGIN … END` of T-SQL stand open behind a statement, `depth` in front of it.
    pub fn blocks_behind(&self, depth: usize, range: Range) -> usize {
        if self.dialect != Dialect::Mssql {
            return 0;
        }
        const OTHER: [&str; 7] = [
            "TRAN",
            "TRANSACTION",
            "DISTRIBUTED",
            "TRY",
            "DIALOG",
            "CONVERSATION",
            "WORK",
        ];
        (range.from..range.to).fold(depth, |depth, at| {
            let other = self.any(at + 1, &OTHER);
            if self.is(at, "BEGIN") && !other || self.is(at, "CASE") {
                depth + 1
            } else if self.is(at, "END") && !other {
                depth.saturating_sub(1)
            } else {
                depth
            }
        })
    }
}
