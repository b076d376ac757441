//! The places of parameters in a text of SQL, and the parts of a plain SELECT.
//! It reads quotes and comments, and nothing of what the statement means.

/// What a place of a parameter wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `?`: the next one.
    Next,
    /// `:name`, `@name`, `$name`.
    Named(String),
}

/// The place of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub from: usize,
    pub to: usize,
    pub key: Key,
}

/// A value as SQL says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub sql: String,
    /// A list or a query in brackets, one of which is meant: it stands behind IN.
    pub is_set: bool,
}

/// Returns the places of parameters; nothing where a quote does not end, or where places are numbered.
pub(super) fn marks(text: &str) -> Option<Vec<Mark>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = skipped(rest) {
            at += length?;
            continue;
        }
        let first = rest.chars().next()?;
        let word: String = rest
            .chars()
            .skip(1)
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        match first {
            '?' if !word.is_empty() => return None,
            '?' => all.push(Mark {
                from: at,
                to: at + 1,
                key: Key::Next,
            }),
            ':' | '@' | '$' if !word.is_empty() => {
                let to = at + 1 + word.len();
                all.push(Mark {
                    from: at,
                    to,
                    key: Key::Named(word),
                });
                at = to;
                continue;
            }
            _ => {}
        }
        at += first.len_utf8();
    }
    Some(all)
}

/// Returns the length of a quote or comment that begins here; the inner nothing is one without an end.
fn skipped(rest: &str) -> Option<Option<usize>> {
    let ends = |open: usize, close: &str| {
        let inner = rest.get(open..)?;
        inner.find(close).map(|end| open + end + close.len())
    };
    if rest.starts_with("--") {
        return Some(Some(ends(2, "\n").unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some(ends(2, "*/"));
    }
    match rest.chars().next()? {
        quote @ ('\'' | '"' | '`') => Some(ends(1, &quote.to_string())),
        '[' => Some(ends(1, "]")),
        _ => None,
    }
}

/// Puts values into a statement; places of which no value is known, or before its WHERE, stay.
pub(super) fn filled(text: &str, places: &[(Mark, Option<Slot>)]) -> String {
    let condition = condition(text).unwrap_or(text.len());
    let mut all = String::new();
    let mut at = 0;
    for (mark, slot) in places {
        let Some(slot) = slot.as_ref().filter(|_| mark.from > condition) else {
            continue;
        };
        let before = text.get(at..mark.from).unwrap_or_default();
        if !slot.is_set {
            all.push_str(before);
            all.push_str(&slot.sql);
            at = mark.to;
            continue;
        }
        let behind = text.get(mark.to..).unwrap_or_default();
        let Some(head) = equals(before).filter(|head| is_whole(head, behind)) else {
            continue;
        };
        all.push_str(head);
        all.push_str(" IN ");
        all.push_str(&slot.sql);
        at = mark.to;
    }
    all.push_str(text.get(at..).unwrap_or_default());
    all
}

/// Returns what stands before `=`, where a text ends in that.
fn equals(text: &str) -> Option<&str> {
    let head = text.trim_end().strip_suffix('=')?;
    let head = head.strip_suffix('=').unwrap_or(head);
    (!head.ends_with(['<', '>', '!', '='])).then(|| head.trim_end())
}

/// Tells whether a comparison between these texts is a whole part of the condition: no NOT before it, no arithmetic around it.
fn is_whole(head: &str, behind: &str) -> bool {
    let own = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '`');
    let before = head.trim_end_matches(own).trim_end();
    let last = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
    let begins = last
        .is_some_and(|word| word.eq_ignore_ascii_case("where") || word.eq_ignore_ascii_case("and"));
    let behind = behind.trim_start().trim_start_matches(';').trim_start();
    let next: String = behind
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    begins && (behind.is_empty() || next.eq_ignore_ascii_case("and"))
}

/// Returns where the first WHERE stands that is in no quote.
fn condition(text: &str) -> Option<usize> {
    words(text)
        .find(|(_, word)| word.eq_ignore_ascii_case("where"))
        .map(|(at, _)| at)
}

/// The words of a text that stand in no quote and no comment.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            if let Some(length) = skipped(rest) {
                at += length?;
                continue;
            }
            let own = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let length = rest.find(|c| !own(c)).unwrap_or(rest.len());
            if length == 0 {
                at += rest.chars().next()?.len_utf8();
                continue;
            }
            let from = at;
            at += length;
            return Some((from, rest.get(..length)?));
        }
    })
}

/// A SELECT of plain columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Select {
    /// The columns with their names.
    columns: Vec<(String, String)>,
    /// From FROM to the end.
    rest: String,
}

impl Select {
    /// Reads a SELECT; nothing where it is more than columns of rows that a condition chooses.
    pub fn of(text: &str) -> Option<Self> {
        const MORE: [&str; 8] = [
            "union",
            "intersect",
            "except",
            "limit",
            "group",
            "having",
            "over",
            "returning",
        ];
        let text = text.trim().trim_end_matches(';').trim_end();
        let mut all = words(text);
        let (_, first) = all.next()?;
        if !first.eq_ignore_ascii_case("select") || text.contains([';', crate::sql::HOLE]) {
            return None;
        }
        let (from, _) = all.find(|(_, word)| word.eq_ignore_ascii_case("from"))?;
        let more = |word: &str| MORE.iter().any(|one| one.eq_ignore_ascii_case(word));
        if all.any(|(_, word)| more(word)) || !marks(text)?.is_empty() {
            return None;
        }
        let list = text.get(first.len()..from)?;
        let columns = list.split(',').map(column).collect::<Option<_>>()?;
        Some(Self {
            columns,
            rest: text.get(from..)?.to_owned(),
        })
    }

    /// Returns a column by its place as a query in brackets.
    pub fn place(&self, place: usize) -> Option<Slot> {
        self.columns.get(place).map(|(column, _)| self.slot(column))
    }

    /// Returns a column by its name.
    pub fn named(&self, name: &str) -> Option<Slot> {
        let mut all = self.columns.iter();
        all.find(|(_, own)| own.eq_ignore_ascii_case(name))
            .map(|(column, _)| self.slot(column))
    }

    pub const fn width(&self) -> usize {
        self.columns.len()
    }

    fn slot(&self, column: &str) -> Slot {
        Slot {
            sql: format!("(SELECT {column} {})", self.rest),
            is_set: true,
        }
    }
}

/// `id`, `o.id`, `id AS number`: a column and its name.
fn column(text: &str) -> Option<(String, String)> {
    let own = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (first, name) = match words.as_slice() {
        [first] => (*first, first.rsplit('.').next()?),
        [first, word, name] if word.eq_ignore_ascii_case("as") => (*first, *name),
        _ => return None,
    };
    let digit = first.starts_with(|c: char| c.is_ascii_digit());
    (own(first) && own(name) && !digit).then(|| (first.to_owned(), name.to_owned()))
}

/// Returns a text as SQL says it; nothing where it holds more than plain letters.
pub(super) fn quoted(text: &str) -> Option<String> {
    let plain = !text.contains(|c: char| c.is_control() || ('\u{E000}'..='\u{F8FF}').contains(&c));
    let known = plain && !text.contains(crate::sql::HOLE);
    known.then(|| format!("'{}'", text.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_parameters_stand_in_no_quote_and_no_comment() {
        let count = |text: &str| marks(text).map(|all| all.len());
        assert_eq!(count("a = ? AND b = '?' AND \"c?\" = ? -- ?"), Some(2));
        assert_eq!(count("a = :id /* :x */ AND b = @y"), Some(2));
        assert_eq!(count("a = ?1"), None);
        assert_eq!(count("a = 'x"), None);
    }

    #[test]
    fn values_stand_behind_the_condition_only() {
        let fill = |text: &str, slots: &[Slot]| {
            let all = marks(text).unwrap().into_iter().zip(slots);
            let all: Vec<_> = all.map(|(mark, slot)| (mark, Some(slot.clone()))).collect();
            filled(text, &all)
        };
        let one = Slot {
            sql: "'a'".to_owned(),
            is_set: false,
        };
        let set = Slot {
            sql: "(1, 2)".to_owned(),
            is_set: true,
        };
        assert_eq!(
            fill(
                "UPDATE t SET s = ? WHERE s = ?",
                &[one.clone(), one.clone()]
            ),
            "UPDATE t SET s = ? WHERE s = 'a'"
        );
        assert_eq!(
            fill("DELETE FROM t WHERE id = ?", std::slice::from_ref(&set)),
            "DELETE FROM t WHERE id IN (1, 2)"
        );
        assert_eq!(
            fill("DELETE FROM t WHERE id > ?", std::slice::from_ref(&set)),
            "DELETE FROM t WHERE id > ?"
        );
        assert_eq!(
            fill("DELETE FROM t WHERE id != ?", &[set]),
            "DELETE FROM t WHERE id != ?"
        );
    }

    #[test]
    fn a_select_of_plain_columns_gives_each_of_them() {
        let select = Select::of("SELECT id, o.total AS sum FROM o WHERE a = 'x'").unwrap();
        assert_eq!(
            select.place(0).unwrap().sql,
            "(SELECT id FROM o WHERE a = 'x')"
        );
        assert_eq!(
            select.named("sum").unwrap().sql,
            "(SELECT o.total FROM o WHERE a = 'x')"
        );
        for text in [
            "SELECT count(*) FROM t",
            "SELECT id FROM t LIMIT 1",
            "SELECT id FROM t UNION SELECT id FROM u",
            "SELECT id FROM t WHERE a = ?",
            "SELECT max(id) FROM t",
            "SELECT * FROM t",
            "DELETE FROM t RETURNING id",
        ] {
            assert_eq!(Select::of(text), None, "{text}");
        }
    }
}
