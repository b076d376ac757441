//! Parameters of statements whose values are known: `execute("… WHERE id = ?", (args.id,))` as the database would be asked it.
//! Rows that the code has read before stand for the query that reads them; what is not certain stays a parameter.

use super::super::index::{Binding, Given, Part};
use super::super::tokens::{Language, Token};
use super::super::values::sure::{Sure, number};
use super::super::values::{Value, When};
use super::Calls;
use super::marks::{Key, Mark, Select, Slot, filled, marks, quoted};

/// Names behind names.
const MAX_DEPTH: usize = 20;
/// Statements that one call sends with other values.
const MAX_ROWS: usize = 40;

/// What a statement is given once.
enum Row {
    Places(Vec<Option<Slot>>),
    Names(Vec<(String, Option<Slot>)>),
}

impl Row {
    /// Gives the values to the places; nothing where they do not fit.
    fn spread(self, marks: &[Mark]) -> Option<Vec<(Mark, Option<Slot>)>> {
        let marks = marks.iter().cloned();
        match self {
            Self::Places(slots) => {
                let fits = slots.len() == marks.len();
                let all: Vec<_> = marks.zip(slots).collect();
                let next = |(mark, _): &(Mark, Option<Slot>)| mark.key == Key::Next;
                (fits && all.iter().all(next)).then_some(all)
            }
            Self::Names(slots) => marks
                .map(|mark| {
                    let Key::Named(name) = &mark.key else {
                        return None;
                    };
                    let (_, slot) = slots.iter().rfind(|(own, _)| own == name)?;
                    Some((mark.clone(), slot.clone()))
                })
                .collect(),
        }
    }
}

impl Calls<'_> {
    /// Returns a statement with the values that its call gives it, once for each time that it is sent; nothing where none is known.
    pub(super) fn bound(&self, at: usize, text: &str, parts: &[Part]) -> Option<Vec<String>> {
        let name = self.index.name(at)?;
        let many = name.ends_with("executemany");
        let reads = many || name.ends_with("execute");
        if self.language != Language::Python || !reads || !self.mentions.has(&["sqlite3"]) {
            return None;
        }
        if self.makes_values() {
            return None;
        }
        let arguments = self.reader.arguments(at);
        // What stands in braces is no part of its own elsewhere.
        let second = || {
            let inside = self.index.inside(at + 1)?;
            let second = self.index.split(inside, ',').get(1).copied()?;
            self.index.is_sign(second.from, '{').then_some(second)
        };
        let given = arguments.named("parameters").or_else(second);
        let given = given.or(parts.get(1).copied())?;
        if let Some(parts) = self.passed_on(at) {
            return self.bound_by_callers(text, &parts);
        }
        let marks = marks(text).filter(|all| !all.is_empty())?;
        let rows = match many {
            true => self.rows_listed(given, 0)?,
            false => vec![self.row(given, 0)?],
        };
        if rows.len() > MAX_ROWS {
            return None;
        }
        let rows = rows.into_iter().map(|row| {
            let places = row.spread(&marks)?;
            Some(filled(text, &places))
        });
        let all = rows.collect::<Option<Vec<String>>>()?;
        (!all.iter().any(|one| one == text)).then_some(all)
    }

    /// Tells whether values change on their way into the database or out of it.
    fn makes_values(&self) -> bool {
        const MAKES: [&str; 4] = ["text_factory", "detect_types", "register_", "factory="];
        // Bytes are another value than the text that they spell.
        const BYTES: [&str; 10] = [
            " b'", "(b'", "[b'", ",b'", "=b'", " b\"", "(b\"", "[b\"", ",b\"", "=b\"",
        ];
        let index = self.index;
        let other = |at: usize| {
            let named = index
                .name(at)
                .is_some_and(|name| name.ends_with("row_factory"));
            let made = index.name(at + 2).map(|name| self.reader.full(name));
            named && made.as_deref() != Some("sqlite3.Row")
        };
        self.mentions.has(&MAKES) || self.mentions.has(&BYTES) || (0..index.tokens.len()).any(other)
    }

    /// `def q(sql, *params): … con.execute(sql, params)`: what each caller gives for the two.
    fn passed_on(&self, at: usize) -> Option<Vec<(Part, Vec<Part>)>> {
        let index = self.index;
        let arguments = self.reader.arguments(at);
        let [first, second] = arguments.positional.as_slice() else {
            return None;
        };
        let given = |part: &Part| self.only(*part).map(|one| one.given);
        let (Given::Param(number, place), Given::Rest(other, from)) =
            (given(first)?, given(second)?)
        else {
            return None;
        };
        let function = index.function(number).filter(|_| number == other)?;
        let calls = index.calls(&function.name).iter();
        let calls = calls.filter(|at| self.reader.runs(**at)).map(|at| {
            let inside = index.inside(at + 1)?;
            let parts = index.split(inside, ',');
            let plain =
                |part: &Part| !index.is_sign(part.from, '*') && !index.is_sign(part.from + 1, '=');
            let rest = parts.get(from..).unwrap_or_default().to_vec();
            parts
                .iter()
                .all(plain)
                .then_some((*parts.get(place)?, rest))
        });
        calls.collect()
    }

    /// Returns the statement with the values of the callers who give it.
    fn bound_by_callers(&self, text: &str, callers: &[(Part, Vec<Part>)]) -> Option<Vec<String>> {
        let marks = marks(text).filter(|all| !all.is_empty())?;
        let mut all = Vec::new();
        for (statement, rest) in callers {
            let values = self.reader.read(*statement, When::at(statement.from));
            let [Value::Text(own)] = values.as_slice() else {
                return None;
            };
            if own == text {
                let slots = rest.iter().map(|part| self.slot(*part, 1)).collect();
                all.push(filled(text, &Row::Places(slots).spread(&marks)?));
            }
        }
        let open = all.iter().any(|one| one == text) || all.len() > MAX_ROWS;
        (!open && !all.is_empty()).then_some(all)
    }

    /// The parameters of one statement: `(a, b)`, `[a]`, `{"id": a}`, a row that was read.
    fn row(&self, part: Part, depth: usize) -> Option<Row> {
        let index = self.index;
        let part = self.reader.plain(part);
        if depth > MAX_DEPTH || part.from >= part.to {
            return None;
        }
        if index.is_sign(part.from, '{') && index.after(part.from) == part.to {
            let inside = index.inside(part.from)?;
            let entries = index.split(inside, ',').into_iter();
            let entry = |entry: Part| {
                let Token::Text { text, .. } = index.token(entry.from)? else {
                    return None;
                };
                let value = Part::new(entry.from + 2, entry.to);
                let is_entry = index.is_sign(entry.from + 1, ':');
                is_entry.then(|| (text.clone(), self.slot(value, depth + 1)))
            };
            return Some(Row::Names(entries.map(entry).collect::<Option<_>>()?));
        }
        if let Some(items) = self.items(part) {
            let slots = items.into_iter().map(|item| self.slot(item, depth + 1));
            return Some(Row::Places(slots.collect()));
        }
        if let Some(select) = self.row_read(part, depth + 1) {
            let all = (0..select.width()).map(|place| select.place(place));
            return Some(Row::Places(all.collect()));
        }
        let binding = self.only(part)?;
        match binding.given {
            Given::Is(inner, None) if inner != part => self.row(inner, depth + 1),
            _ => None,
        }
    }

    /// The parameters of `executemany`: a list of rows, one for each element of another, rows that were read.
    fn rows_listed(&self, part: Part, depth: usize) -> Option<Vec<Row>> {
        let index = self.index;
        let part = self.reader.plain(part);
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(Sure::List(items)) = self.reader.sure(part, 0)
            && items.is_empty()
        {
            return Some(Vec::new());
        }
        if let Some((head, list)) = self.comprehension(part) {
            let row = self.row(head, depth + 1)?;
            // Each element is known only where all of them are one query.
            let reads = self.select_of(list, depth + 1).is_some()
                || self.column_of(list, depth + 1).is_some();
            return reads.then(|| vec![row]);
        }
        if let Some(items) = self.items(part) {
            return items
                .into_iter()
                .map(|item| self.row(item, depth + 1))
                .collect();
        }
        if let Some(select) = self.select_of(part, depth + 1) {
            let all = (0..select.width()).map(|place| select.place(place));
            return Some(vec![Row::Places(all.collect())]);
        }
        let binding = self.only(part)?;
        match binding.given {
            Given::Is(inner, None) if inner != part && index.is_sign(inner.from, '[') => {
                self.rows_listed(inner, depth + 1)
            }
            _ => None,
        }
    }

    /// The items of a list or tuple that is written out; nothing for a comprehension, or where one is spread.
    fn items(&self, part: Part) -> Option<Vec<Part>> {
        let index = self.index;
        let bracket = matches!(index.sign(part.from), Some('(' | '['));
        let inside = match bracket && index.after(part.from) == part.to {
            true => index.inside(part.from)?,
            false => part,
        };
        let all: Vec<Part> = index.split(inside, ',');
        let loops = (inside.from..inside.to).any(|at| {
            index.name(at) == Some("for") && index.around(at) == index.around(inside.from)
        });
        let spread = |one: &Part| index.is_sign(one.from, '*');
        let list = inside != part && (index.is_sign(part.from, '[') || all.len() > 1)
            || (inside.from..inside.to)
                .any(|at| index.is_sign(at, ',') && index.around(at) == index.around(inside.from));
        let full = all.iter().all(|one| one.from < one.to);
        (list && full && !loops && !all.iter().any(spread)).then_some(all)
    }

    /// `[(i,) for i in ids]`: its head, and what it goes over; nothing with a condition.
    fn comprehension(&self, part: Part) -> Option<(Part, Part)> {
        let index = self.index;
        let bracket = matches!(index.sign(part.from), Some('(' | '['));
        let inside = match bracket && index.after(part.from) == part.to {
            true => index.inside(part.from)?,
            false => return None,
        };
        let own = |at: &usize| index.around(*at) == index.around(inside.from);
        let find = |word: &str| {
            let mut all = (inside.from..inside.to)
                .filter(own)
                .filter(|at| index.name(*at) == Some(word));
            let first = all.next()?;
            all.next().is_none().then_some(first)
        };
        let (word, over) = (find("for")?, find("in")?);
        // What a condition leaves out is among the rows all the same.
        let condition = (over..inside.to)
            .filter(own)
            .find(|at| index.name(*at) == Some("if"));
        let list = Part::new(over + 1, condition.unwrap_or(inside.to));
        (word < over).then(|| (Part::new(inside.from, word), list))
    }

    /// The one place that gives a name what it is, and that nothing changes.
    fn only(&self, part: Part) -> Option<Binding> {
        let name = self
            .index
            .name(part.from)
            .filter(|_| part.to == part.from + 1)?;
        self.only_of(name, part.from)
    }

    fn only_of(&self, name: &str, at: usize) -> Option<Binding> {
        let all = self.scoped(name, at)?;
        let [binding] = all.as_slice() else {
            return None;
        };
        (!self.reader.is_changed(name, Some(binding.at))).then_some(*binding)
    }

    /// Returns a value as SQL says it.
    fn slot(&self, part: Part, depth: usize) -> Option<Slot> {
        let index = self.index;
        let part = self.reader.plain(part);
        if depth > MAX_DEPTH || part.from >= part.to {
            return None;
        }
        let known = |sql: String| Slot { sql, is_set: false };
        if let Some(number) = number(index, part) {
            return Some(known(number.to_string()));
        }
        let alone = part.to == part.from + 1;
        if let Some(Token::Text { text, .. }) = index.token(part.from)
            && alone
            && index.holes(part.from).is_empty()
        {
            return quoted(text).map(known);
        }
        match self.reader.sure(part, 0) {
            Some(Sure::Text(text)) => return quoted(&text).map(known),
            Some(Sure::Number(number)) => return Some(known(number.to_string())),
            Some(_) => return None,
            None => {}
        }
        if let Some(open) = self.subscript(part) {
            let row = Part::new(part.from, open);
            let select = self.row_read(row, depth + 1)?;
            let key = self.reader.plain(index.inside(open)?);
            return match index.token(key.from)? {
                Token::Text { text, .. } if key.to == key.from + 1 => select.named(text),
                _ => select.place(usize::try_from(number(index, key)?).ok()?),
            };
        }
        let binding = self.only(part)?;
        match binding.given {
            Given::Is(inner, None) if inner != part => self.slot(inner, depth + 1),
            Given::Is(inner, Some(place)) => self.row_read(inner, depth + 1)?.place(place),
            Given::Each(list, Some(place)) => self.select_of(list, depth + 1)?.place(place),
            Given::Each(list, None) => self
                .column_of(list, depth + 1)
                .or_else(|| self.one_of(list, depth + 1)),
            Given::Param(function, place) => self.value_handed(function, place, depth + 1),
            _ => None,
        }
    }

    /// The parameter of a function that is called once.
    fn value_handed(&self, function: usize, place: usize, depth: usize) -> Option<Slot> {
        let index = self.index;
        let function = index.function(function)?;
        let named = (0..index.tokens.len()).filter(|at| {
            let name = index.name(*at).unwrap_or_default();
            let own = name.rsplit('.').next() == Some(function.name.as_str());
            own && self.reader.runs(*at) && !self.is_definition(*at)
        });
        let named: Vec<usize> = named.collect();
        let [call] = named.as_slice() else {
            return None;
        };
        if !index.is_sign(call + 1, '(') {
            return None;
        }
        let inside = index.inside(call + 1)?;
        let spread = |part: &Part| index.is_sign(part.from, '*');
        if index.split(inside, ',').iter().any(spread) {
            return None;
        }
        let given = self.reader.arguments(*call);
        let param = function.params.get(place)?;
        let part = given
            .named(&param.name)
            .or(given.positional.get(place).copied());
        self.slot(part?, depth + 1)
    }

    /// One of several texts or numbers that are written out.
    fn one_of(&self, list: Part, depth: usize) -> Option<Slot> {
        let list = match self.only(self.reader.plain(list)).map(|one| one.given) {
            Some(Given::Is(inner, None)) => inner,
            _ => list,
        };
        let items = self.items(self.reader.plain(list))?;
        let slots = items
            .into_iter()
            .take(MAX_ROWS + 1)
            .map(|item| self.slot(item, depth + 1));
        let slots = slots.collect::<Option<Vec<Slot>>>()?;
        let plain = slots.len() <= MAX_ROWS && !slots.iter().any(|one| one.is_set);
        let texts: Vec<String> = slots.into_iter().map(|one| one.sql).collect();
        (plain && !texts.is_empty()).then(|| Slot {
            sql: format!("({})", texts.join(", ")),
            is_set: true,
        })
    }

    /// Returns the bracket of a subscript that ends an expression.
    fn subscript(&self, part: Part) -> Option<usize> {
        let last = part
            .to
            .checked_sub(1)
            .filter(|at| self.index.is_sign(*at, ']'))?;
        self.index.pair(last).filter(|open| *open > part.from)
    }

    /// `[r[0] for r in cur]`: a column of rows that were read.
    fn column_of(&self, list: Part, depth: usize) -> Option<Slot> {
        let list = self.reader.plain(list);
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some((head, _)) = self.comprehension(list) {
            return self.slot(head, depth + 1).filter(|slot| slot.is_set);
        }
        match self.only(list)?.given {
            Given::Is(inner, None) if inner != list => self.column_of(inner, depth + 1),
            _ => None,
        }
    }

    /// One row that was read: `….fetchone()`, the name of a loop over rows.
    fn row_read(&self, part: Part, depth: usize) -> Option<Select> {
        let part = self.reader.plain(part);
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(binding) = self.only(part) {
            return match binding.given {
                Given::Is(inner, None) if inner != part => self.row_read(inner, depth + 1),
                Given::Each(list, None) => self.select_of(list, depth + 1),
                _ => None,
            };
        }
        self.rows_fetched(part, &["fetchone"], depth)
    }

    /// Rows that were read: `con.execute("SELECT …")`, with `fetchall` or without.
    fn select_of(&self, part: Part, depth: usize) -> Option<Select> {
        let index = self.index;
        let part = self.reader.plain(part);
        if depth > MAX_DEPTH {
            return None;
        }
        let wraps = matches!(
            index.name(part.from),
            Some("list" | "tuple" | "sorted" | "iter")
        );
        if wraps && index.is_sign(part.from + 1, '(') && index.after(part.from + 1) == part.to {
            return self.select_of(index.inside(part.from + 1)?, depth + 1);
        }
        if let Some(binding) = self.only(part) {
            return match binding.given {
                Given::Is(inner, None) if inner != part => self.select_of(inner, depth + 1),
                _ => None,
            };
        }
        self.rows_fetched(part, &["fetchall", "fetchmany"], depth)
    }

    /// `con.execute(…)`, `con.execute(…).fetchall()`, `cur.fetchall()` behind `cur = con.execute(…)`.
    fn rows_fetched(&self, part: Part, verbs: &[&str], depth: usize) -> Option<Select> {
        let index = self.index;
        let name = index.name(part.from)?;
        let open = part.from + 1;
        if !index.is_sign(open, '(') {
            return None;
        }
        let behind = index.after(open);
        let (owner, last) = name.rsplit_once('.')?;
        if last == "execute" {
            let verb = index.name(behind).and_then(|name| name.strip_prefix('.'));
            let ends = match verb {
                Some(verb) => verbs.contains(&verb) && index.after(behind + 1) == part.to,
                None => behind == part.to && !verbs.contains(&"fetchone"),
            };
            return ends
                .then(|| self.select_sent(part.from, depth + 1))
                .flatten();
        }
        if !verbs.contains(&last) || behind != part.to {
            return None;
        }
        match self.only_of(owner, part.from)?.given {
            Given::Is(inner, None) => self.rows_fetched(inner, &["fetchall"], depth + 1),
            _ => None,
        }
    }

    /// The SELECT that a call sends, with its parameters.
    fn select_sent(&self, at: usize, depth: usize) -> Option<Select> {
        if depth > MAX_DEPTH || !self.same_connection(at, self.at) {
            return None;
        }
        let arguments = self.reader.arguments(at);
        let parts = &arguments.positional;
        let values = self.reader.read(*parts.first()?, When::at(at));
        let [Value::Text(text)] = values.as_slice() else {
            return None;
        };
        let bound = match parts.get(1) {
            None => text.clone(),
            Some(_) => match self.bound(at, text, parts)?.as_slice() {
                [one] => one.clone(),
                _ => return None,
            },
        };
        Select::of(&bound)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tokens::Language;
    use super::super::{Standing, deeds};

    fn bound(text: &str, args: &str) -> Vec<String> {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        let standing = Standing {
            args: Some(&args),
            ..Standing::inline()
        };
        let text = format!("import sqlite3, sys\ncon = sqlite3.connect('a.db')\n{text}\n");
        let deeds = deeds(&text, Language::Python, standing);
        let sent = deeds
            .sql
            .into_iter()
            .filter(|one| one.text.starts_with("DELETE"));
        sent.flat_map(|one| one.bound).collect()
    }

    #[test]
    fn known_values_stand_in_the_statement() {
        for (text, expected) in [
            ("con.execute('DELETE FROM t WHERE id = ?', (7,))", "id = 7"),
            (
                "con.execute('DELETE FROM t WHERE id = ?', ('a',))",
                "id = 'a'",
            ),
            (
                "con.execute('DELETE FROM t WHERE id = ?', [sys.argv[1]])",
                "id = 'x'",
            ),
            (
                "con.execute('DELETE FROM t WHERE id = :id', {'id': sys.argv[1]})",
                "id = 'x'",
            ),
            (
                "p = ('a',)\ncon.execute('DELETE FROM t WHERE id = ?', p)",
                "id = 'a'",
            ),
            (
                "con.executemany('DELETE FROM t WHERE id = ?', [('a',)])",
                "id = 'a'",
            ),
        ] {
            assert_eq!(
                bound(text, "x"),
                [format!("DELETE FROM t WHERE {expected}")],
                "{text}"
            );
        }
    }

    #[test]
    fn rows_that_were_read_stand_as_their_query() {
        let read = "con.execute('SELECT id FROM u WHERE e = ?', (sys.argv[1],))";
        let delete = "con.execute('DELETE FROM t WHERE id = ?', ";
        for text in [
            format!("row = {read}.fetchone()\n{delete}row)"),
            format!("row = {read}.fetchone()\n{delete}(row[0],))"),
            format!("row = {read}.fetchone()\n{delete}(row['id'],))"),
            format!("for (i,) in {read}:\n    {delete}(i,))"),
            format!("for r in {read}.fetchall():\n    {delete}(r[0],))"),
            format!(
                "cur = {read}\nids = [r[0] for r in cur]\ncon.executemany('DELETE FROM t WHERE id = ?', [(i,) for i in ids])"
            ),
        ] {
            let expected = "DELETE FROM t WHERE id IN (SELECT id FROM u WHERE e = 'x')";
            assert_eq!(bound(&text, "x"), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_not_certain_stays_a_parameter() {
        for text in [
            "def q(sql, *p):\n    con.execute(sql, p)\nq('DELETE FROM t WHERE id = ?', *ids)",
            "def q(sql, *p):\n    con.execute(sql, p)\nq('DELETE FROM t WHERE id = ?', 1)\nq('DELETE FROM t WHERE id = ?', input())",
            "con.text_factory = make\ncon.execute('DELETE FROM t WHERE id = ?', (1,))",
            "con.row_factory = lambda c, r: (1,)\nrow = con.execute('SELECT id FROM u').fetchone()\ncon.execute('DELETE FROM t WHERE id = ?', row)",
            "sqlite3.register_adapter(str, make)\ncon.execute('DELETE FROM t WHERE id = ?', ('a',))",
            "con.execute('DELETE FROM t WHERE id = ?', (input(),))",
            "i = 7\ni = int(input())\ncon.execute('DELETE FROM t WHERE id = ?', (i,))",
            "con.execute('DELETE FROM t WHERE id = ?', (*ids,))",
            "con.execute('DELETE FROM t WHERE id = ?', (1, 2))",
            "con.executemany('DELETE FROM t WHERE id = ?', rows)",
            "row = con.execute('SELECT max(id) FROM u').fetchone()\ncon.execute('DELETE FROM t WHERE id = ?', row)",
            // Of another database.
            "two = sqlite3.connect('b.db')\nrow = two.execute('SELECT id FROM u').fetchone()\ncon.execute('DELETE FROM t WHERE id = ?', row)",
            "def f(i):\n    con.execute('DELETE FROM t WHERE id = ?', (i,))\nf(1)\nlist(map(f, ids))",
        ] {
            assert!(bound(text, "x").is_empty(), "{text} {:?}", bound(text, "x"));
        }
    }
}
