//! Reads which rows a DELETE takes or an UPDATE changes, and to what, where the statement alone says it.
//! It evaluates nothing; conditions that ask other tables or the clock are left out.

use sqlparser::tokenizer::Token;

use crate::model::effect::Bound;
use crate::model::finding::{RowsLost, Setting};

use super::bound;
use super::read::Reader;

/// Words behind which no assignment stands any more.
const ENDS_SET: [&str; 6] = ["WHERE", "FROM", "RETURNING", "ORDER", "LIMIT", "OUTPUT"];
/// Words that may stand between the table of a DELETE and its end.
const ENDS_TABLE: [&str; 4] = ["WHERE", "RETURNING", "ORDER", "LIMIT"];

impl Reader<'_> {
    /// Returns the rows of a DELETE whose table's name starts at `start`; nothing where it takes all, or asks more than the row.
    pub(super) fn rows_deleted(&self, start: usize, to: usize, bound: &Bound) -> Option<RowsLost> {
        let (_, behind) = self.name(start, to)?;
        let end = self.find(behind, to, |at| self.any(at, &ENDS_TABLE))?;
        Some(RowsLost {
            alias: self.alias(behind, end)?,
            predicate: Some(self.condition(end, to, bound)??),
            deletes: true,
            ..RowsLost::default()
        })
    }

    /// Returns the rows of an UPDATE whose SET stands at `set`.
    pub(super) fn rows_updated(
        &self,
        behind: usize,
        set: usize,
        to: usize,
        bound: &Bound,
    ) -> Option<RowsLost> {
        let end = self
            .find(set + 1, to, |at| self.any(at, &ENDS_SET))
            .unwrap_or(to);
        if self.is(end, "FROM") {
            return None;
        }
        Some(RowsLost {
            alias: self.alias(behind, set)?,
            predicate: self.condition(set, to, bound)?,
            sets: self.settings(set + 1, end).unwrap_or_default(),
            ..RowsLost::default()
        })
    }

    /// Returns the other name of a table: `Some(None)` for none, nothing where more than a name stands there.
    fn alias(&self, from: usize, to: usize) -> Option<Option<String>> {
        let from = self.skip(from, &["AS"]);
        if from >= to {
            return Some(None);
        }
        let (name, behind) = self.name(from, to)?;
        (behind == to && !name.hole).then_some(Some(name.lookup))
    }

    /// Returns the condition: `Some(None)` for all rows, nothing where it asks more than the row.
    fn condition(&self, from: usize, to: usize, bound: &Bound) -> Option<Option<String>> {
        let Bound::Where {
            predicate,
            pure: true,
        } = bound
        else {
            return match bound {
                Bound::All | Bound::AlwaysTrue => Some(None),
                _ => None,
            };
        };
        let at = self.find(from, to, |at| self.is(at, "WHERE"))?;
        let end = self
            .find(at + 1, to, |at| self.any(at, &super::change::ENDS_WHERE))
            .unwrap_or(to);
        bound::is_of_the_row(self, at + 1, end).then(|| Some(predicate.clone()))
    }

    /// Reads `a = 1, "b c" = a + 1`; nothing where one of them cannot be read.
    fn settings(&self, from: usize, to: usize) -> Option<Vec<Setting>> {
        let mut settings = Vec::new();
        let mut at = from;
        while at < to {
            let end = self
                .find(at, to, |index| self.token(index, &Token::Comma))
                .unwrap_or(to);
            let (name, behind) = self.name(at, end)?;
            if name.hole || !self.token(behind, &Token::Eq) || behind + 1 >= end {
                return None;
            }
            let span = self.span(behind + 1, end);
            let value = self.text.get(span.start..span.end).unwrap_or_default();
            let column = match self.name(behind.checked_sub(1)?, end) {
                Some((last, next)) if next == behind => last.lookup,
                _ => name.lookup,
            };
            settings.push(Setting {
                column,
                value: bound::is_of_the_row(self, behind + 1, end).then(|| value.to_owned()),
            });
            at = end + 1;
        }
        (!settings.is_empty()).then_some(settings)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::effect::Dialect;
    use crate::sql::losses;

    type Read = (
        Option<String>,
        Option<String>,
        Vec<(String, Option<String>)>,
    );

    fn rows(text: &str) -> Option<Read> {
        let rows = losses(text, Dialect::Postgres).first()?.rows.clone()?;
        let sets = rows.sets.into_iter().map(|one| (one.column, one.value));
        Some((rows.predicate, rows.alias, sets.collect()))
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_rows_and_columns_of_an_update_are_read() {
        assert_eq!(
            rows("UPDATE ONLY shop.t AS x SET \"A b\" = 'it''s', N = n + 1 WHERE x.id IN (1, 2)"),
            Some((
                text("x.id IN (1, 2)"),
                text("x"),
                vec![("A b".into(), text("'it''s'")), ("n".into(), text("n + 1"))]
            ))
        );
        let (all, _, sets) = rows("UPDATE t SET a = now(), b = DEFAULT").unwrap();
        assert_eq!(all, None);
        assert_eq!(sets.first().unwrap(), &("a".to_owned(), None));
    }

    #[test]
    fn what_asks_more_than_the_row_is_left_out() {
        for sql in [
            "DELETE FROM t WHERE at < now() - interval '1 day'",
            "DELETE FROM t WHERE at < 'today'",
            "DELETE FROM t WHERE id IN (SELECT id FROM u)",
            "DELETE FROM t USING u WHERE t.id = 1",
            "DELETE FROM t u, v WHERE id = 1",
            "UPDATE t SET a = 1 FROM u WHERE t.id = u.id",
            "DELETE FROM t WHERE id = nextval('s')",
            "DELETE FROM t",
            "DO $$BEGIN UPDATE t SET a = x WHERE id = y; END$$",
        ] {
            assert_eq!(rows(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_computed_again_is_no_value() {
        let (_, _, sets) = rows("UPDATE t SET (a, b) = (1, 2) WHERE id = 1").unwrap();
        assert_eq!(sets, Vec::new());
        let (_, _, sets) = rows("UPDATE t SET a = (SELECT 1), b = 2 WHERE id = 1").unwrap();
        assert_eq!(sets.len(), 2);
        assert_eq!(sets[0].1, None);
        assert_eq!(sets[1].1.as_deref(), Some("2"));
    }
}
