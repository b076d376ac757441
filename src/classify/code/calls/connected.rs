//! Which connection a statement goes over, where a code has several: `dst.execute(…)`, a cursor of it, what a function returns.
//! Where more than one may be meant, or where a name may come from elsewhere, it says nothing.

use std::collections::BTreeSet;

use super::super::index::{Binding, Given, Part};
use super::super::tokens::Language;
use super::super::values::When;
use super::Calls;

/// Names behind names, and functions behind those.
const MAX_DEPTH: usize = 8;
/// Calls that open a connection, by their full names.
const OPENS: [&str; 3] = ["sqlite3.connect", "psycopg2.connect", "psycopg.connect"];
/// Calls that stay on the connection on which they are made.
const STAYS: [&str; 4] = ["cursor", "execute", "executemany", "executescript"];

type Texts = BTreeSet<String>;

impl Calls<'_> {
    /// Returns what the connection is given over which a call sends; nothing where it may be more than one.
    pub(super) fn connection(&self, at: usize) -> Option<String> {
        if self.language != Language::Python {
            return None;
        }
        let all = self.connections_of(at)?;
        let mut all = all.into_iter();
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// Tells whether two calls go over one connection: the code opens no more, or both are known.
    pub(super) fn same_connection(&self, one: usize, other: usize) -> bool {
        let index = self.index;
        let opens = (0..index.main_end()).filter(|at| {
            let name = index.name(*at).unwrap_or_default();
            name.ends_with("connect") && index.is_sign(at + 1, '(') && self.reader.runs(*at)
        });
        let defined = |at: &usize| self.is_definition(*at);
        let known = |at: &usize| {
            let name = index.name(*at).unwrap_or_default();
            index.function_named(name).is_some()
        };
        let count = opens.filter(|at| !defined(at) && !known(at)).count();
        count == 1 || {
            let first = self.connection(one);
            first.is_some() && first == self.connection(other)
        }
    }

    fn connections_of(&self, at: usize) -> Option<Texts> {
        let name = self.index.name(at)?;
        let (owner, _) = name.rsplit_once('.')?;
        match owner {
            "" => self.opened_in(Part::new(self.index.chain(at), at), 0),
            owner => self.opened_as(owner, at, 0),
        }
    }

    /// Returns the places that give a name what it is here; nothing where other functions may do so too.
    pub(super) fn scoped(&self, name: &str, at: usize) -> Option<Vec<Binding>> {
        let index = self.index;
        if at >= index.main_end() {
            return None;
        }
        let live = index.bindings(name).iter();
        let live: Vec<Binding> = live
            .filter(|one| self.reader.runs(one.at))
            .copied()
            .collect();
        let shared = name.contains('.')
            || !index.bindings("global").is_empty()
            || (0..index.main_end())
                .any(|at| matches!(index.name(at), Some("global" | "nonlocal")));
        if shared {
            return Some(live);
        }
        let bodies = || (0..).map_while(|number| Some((number, index.function(number)?.body?)));
        let inner = bodies()
            .filter(|(_, body)| (body.from..body.to).contains(&at))
            .min_by_key(|(_, body)| body.to - body.from);
        let belongs = |one: &Binding| match (one.given, inner) {
            (Given::Param(function, _) | Given::Rest(function, _), Some((number, _))) => {
                function == number
            }
            (Given::Param(..) | Given::Rest(..), None) => false,
            (_, Some((_, body))) => (body.from..body.to).contains(&one.at),
            (_, None) => true,
        };
        let own: Vec<Binding> = live.iter().filter(|one| belongs(one)).copied().collect();
        if !own.is_empty() || inner.is_none() {
            return Some(own);
        }
        let outside = |one: &&Binding| {
            !matches!(one.given, Given::Param(..) | Given::Rest(..))
                && !bodies().any(|(_, body)| (body.from..body.to).contains(&one.at))
        };
        Some(live.iter().filter(outside).copied().collect())
    }

    /// Returns what the connections are given that a name stands for.
    fn opened_as(&self, name: &str, at: usize, depth: usize) -> Option<Texts> {
        let places = self.scoped(name, at)?;
        if depth > MAX_DEPTH || places.is_empty() {
            return None;
        }
        let mut all = Texts::new();
        for place in places {
            all.extend(match place.given {
                Given::Is(part, None) => self.opened_in(part, depth + 1)?,
                Given::Param(function, place) => {
                    self.opened_by_callers(function, place, depth + 1)?
                }
                _ => return None,
            });
        }
        Some(all)
    }

    /// Returns what the connections are given that an expression stands for.
    fn opened_in(&self, part: Part, depth: usize) -> Option<Texts> {
        let index = self.index;
        let part = self.reader.plain(part);
        let name = index.name(part.from).filter(|_| depth <= MAX_DEPTH)?;
        if part.to == part.from + 1 {
            return self.opened_as(name, part.from, depth + 1);
        }
        let open = part.from + 1;
        if !index.is_sign(open, '(') || !self.stays(Part::new(index.after(open), part.to)) {
            return None;
        }
        let full = self.reader.full(name);
        if matches!(full.as_str(), "closing" | "contextlib.closing") {
            return self.opened_in(index.inside(open)?, depth + 1);
        }
        if OPENS.contains(&full.as_str()) {
            let arguments = self.reader.arguments(part.from);
            let first = arguments.positional.first().copied();
            let given = first.or_else(|| arguments.named("database"))?;
            let values = self.reader.read(given, When::at(part.from));
            let texts = values.iter().map(|value| value.text().map(str::to_owned));
            let texts = texts.collect::<Option<Texts>>()?;
            let unknown = texts.iter().any(|text| text.contains(crate::sql::HOLE));
            return (!unknown && !texts.is_empty()).then_some(texts);
        }
        match full.rsplit_once('.') {
            Some((owner, last)) if STAYS.contains(&last) => {
                self.opened_as(owner, part.from, depth + 1)
            }
            _ => self.opened_by_function(name, depth + 1),
        }
    }

    /// Tells whether what stands behind a call stays on its connection.
    fn stays(&self, part: Part) -> bool {
        let mut at = part.from;
        while at < part.to {
            let name = self.index.name(at).and_then(|name| name.strip_prefix('.'));
            if !name.is_some_and(|name| STAYS.contains(&name)) || !self.index.is_sign(at + 1, '(') {
                return false;
            }
            at = self.index.after(at + 1);
        }
        true
    }

    /// `def connect(): … return con`.
    fn opened_by_function(&self, name: &str, depth: usize) -> Option<Texts> {
        let index = self.index;
        let body = index.function_named(name)?.body?;
        let ends = |at: &usize| matches!(index.name(*at), Some("return" | "yield"));
        let returns: Vec<usize> = (body.from..body.to)
            .filter(|at| ends(at) && self.reader.runs(*at))
            .collect();
        let mut all = Texts::new();
        for at in &returns {
            all.extend(self.opened_in(index.expression(at + 1), depth + 1)?);
        }
        (!returns.is_empty()).then_some(all)
    }

    /// Returns what those who call a function hand to it.
    fn opened_by_callers(&self, function: usize, place: usize, depth: usize) -> Option<Texts> {
        let index = self.index;
        let function = index.function(function)?;
        let param = function.params.get(place)?;
        let calls = index.calls(&function.name);
        // Named without being called, it may be handed anything.
        let named = (0..index.tokens.len()).filter(|at| {
            let name = index.name(*at).unwrap_or_default();
            name.rsplit('.').next() == Some(function.name.as_str())
        });
        let other = |at: usize| !calls.contains(&at) && !self.is_definition(at);
        if depth > MAX_DEPTH
            || named
                .into_iter()
                .any(|at| self.reader.runs(at) && other(at))
        {
            return None;
        }
        let mut all = Texts::new();
        for at in calls.iter().filter(|at| self.reader.runs(**at)) {
            let given = self.reader.arguments(*at);
            let named = given.named(&param.name);
            let part = named.or_else(|| given.positional.get(place).copied());
            all.extend(self.opened_in(part.or(param.default)?, depth + 1)?);
        }
        (!all.is_empty()).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tokens::Language;
    use super::super::{Standing, deeds};

    fn over(text: &str) -> Vec<Option<String>> {
        let deeds = deeds(text, Language::Python, Standing::inline());
        let sent = deeds.sql.into_iter();
        sent.filter(|one| one.text.starts_with("DELETE"))
            .map(|one| one.over)
            .collect()
    }

    const HEAD: &str = "import sqlite3\nfrom contextlib import closing\n\
        a = sqlite3.connect('a.db')\nb = sqlite3.connect(':memory:')\n";

    #[test]
    fn a_statement_belongs_to_the_connection_that_it_is_called_on() {
        for (text, expected) in [
            ("a.execute('DELETE FROM t')", "a.db"),
            ("b.execute('DELETE FROM t')", ":memory:"),
            ("c = b.cursor()\nc.execute('DELETE FROM t')", ":memory:"),
            ("a.cursor().execute('DELETE FROM t')", "a.db"),
            ("sqlite3.connect('c.db').execute('DELETE FROM t')", "c.db"),
            (
                "with closing(sqlite3.connect('c.db')) as c, c:\n    c.execute('DELETE FROM t')",
                "c.db",
            ),
            (
                "def wipe(con):\n    con.execute('DELETE FROM t')\nwipe(b)",
                ":memory:",
            ),
            (
                "def make():\n    con = sqlite3.connect('c.db')\n    return con\nx = make()\nx.execute('DELETE FROM t')",
                "c.db",
            ),
            // A name of its own inside of another function.
            (
                "def f():\n    a = sqlite3.connect(':memory:')\n    return a\ndef g():\n    a.execute('DELETE FROM t')\nf()\ng()",
                "a.db",
            ),
        ] {
            assert_eq!(
                over(&format!("{HEAD}{text}\n")),
                [Some(expected.to_owned())],
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_for_several_connections_is_none_of_them() {
        for text in [
            "c = a if len(x) else b\nc.execute('DELETE FROM t')",
            "for c in (a, b):\n    c.execute('DELETE FROM t')",
            "def wipe(con):\n    con.execute('DELETE FROM t')\nwipe(a)\nwipe(b)",
            "def wipe(con):\n    con.execute('DELETE FROM t')\nwipe(b)\nlist(map(wipe, [a]))",
            "def swap():\n    global b\n    b = a\nswap()\nb.execute('DELETE FROM t')",
            "b = sqlite3.connect(name)\nb.execute('DELETE FROM t')",
        ] {
            assert_eq!(over(&format!("{HEAD}{text}\n")), [None], "{text}");
        }
    }
}
