//! Rows behind names: what a query of an object mapper gives to a name, and what is deleted or changed through it.
//! It knows queries by their spelling; it follows no types, and a name that no query gives is none of its own.

use super::super::index::{Given, Part};
use super::super::tokens::{Language, Token};
use super::{Calls, MAX_ARGUMENTS};

/// Names behind names.
const MAX_DEPTH: usize = 5;
/// Tokens of one query that are looked at.
const MAX_QUERY: usize = 120;
/// Calls by which a class of rows is asked, in Ruby and PHP.
const FINDERS: [&str; 40] = [
    "where",
    "where!",
    "not",
    "all",
    "find",
    "find!",
    "find_by",
    "find_by!",
    "find_each",
    "find_in_batches",
    "in_batches",
    "first",
    "first!",
    "last",
    "take",
    "order",
    "limit",
    "joins",
    "includes",
    "unscoped",
    "with_deleted",
    "each",
    "firstOrFail",
    "findOrFail",
    "findMany",
    "query",
    "newQuery",
    "cursor",
    "lazy",
    "chunk",
    "get",
    "with",
    "whereIn",
    "whereNull",
    "whereNotNull",
    "whereHas",
    "withTrashed",
    "onlyTrashed",
    "latest",
    "orderBy",
];
/// Words of a query by which it names some rows only.
const BOUNDS: [&str; 16] = [
    "where",
    "where!",
    "whereIn",
    "whereNull",
    "whereNotNull",
    "whereHas",
    "filter",
    "filter_by",
    "exclude",
    "get",
    "find",
    "find_by",
    "find_by!",
    "findOrFail",
    "first",
    "eq",
];
/// Modules of Elixir that change nothing but values.
const MEMORY: [&str; 6] = ["Map", "List", "MapSet", "Keyword", "Tuple", "Enum"];
/// Classes of Ruby and PHP that are no rows.
const CLASSES: [&str; 36] = [
    "File",
    "Dir",
    "IO",
    "Find",
    "Pathname",
    "Tempfile",
    "FileUtils",
    "Set",
    "Hash",
    "Array",
    "Struct",
    "Thread",
    "Process",
    "Rails",
    "Redis",
    "Sidekiq",
    "Net",
    "Faraday",
    "HTTParty",
    "RestClient",
    "HTTP",
    "Http",
    "Excon",
    "Typhoeus",
    "Cache",
    "Session",
    "Cookie",
    "Storage",
    "Queue",
    "Config",
    "Aws",
    "Gem",
    "Bundler",
    "Kernel",
    "Schema",
    "Collection",
];

/// Rows that a query gives.
#[derive(Clone)]
struct Rows {
    /// The class or table that was asked.
    of: String,
    /// Only some of its rows.
    bounded: bool,
    /// One row, as an object.
    single: bool,
}

impl Rows {
    fn new(of: &str, bounded: bool) -> Self {
        Self {
            of: of.to_owned(),
            bounded,
            single: false,
        }
    }

    fn deleted(&self) -> String {
        let bound = if self.bounded { " WHERE id = 1" } else { "" };
        format!("DELETE FROM {}{bound}", self.of)
    }

    fn changed(&self) -> String {
        let bound = if self.bounded { " WHERE id = 1" } else { "" };
        format!("UPDATE {} SET changed = 1{bound}", self.of)
    }
}

impl Calls<'_> {
    /// Object mappers delete without SQL: `User.delete_all`, `User::truncate()`, `User.objects.all().delete()`.
    pub(super) fn model_loss(&self, name: &str, at: usize) -> Option<String> {
        let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
        let root = owner.split(['.', ':']).next().unwrap_or_default();
        let is_model = root.starts_with(|c: char| c.is_ascii_uppercase());
        let mapper = last == "objects" || owner.ends_with(".objects");
        match (self.language, last) {
            (Language::Ruby, "delete_all" | "destroy_all")
                if is_model && !owner.ends_with(".new") =>
            {
                Some(format!("DELETE FROM {root}"))
            }
            (Language::Php, "truncate") if is_model && root != "DB" => {
                Some(format!("TRUNCATE {root}"))
            }
            (Language::Javascript, "deleteMany") if owner.starts_with("prisma.") || is_model => {
                Some(format!(
                    "DELETE FROM {}",
                    owner.rsplit('.').next().unwrap_or(root)
                ))
            }
            (Language::Python, _) if mapper && self.ends_in(at, &[".delete", "._raw_delete"]) => {
                Some(format!("DELETE FROM {root}"))
            }
            (Language::Python, _) => self.python_rows(name, owner, last, at),
            (Language::Ruby, _) => self.ruby_rows(name, owner, last, at),
            (Language::Php, _) => self.php_rows(owner, last, at),
            (Language::Javascript, _) => self.script_rows(owner, last, at),
            _ => None,
        }
    }

    /// Django, SQLAlchemy, peewee.
    fn python_rows(&self, name: &str, owner: &str, last: &str, at: usize) -> Option<String> {
        if !self.index.is_sign(at + 1, '(') {
            return None;
        }
        let said = || self.asked_rows(self.index.chain(at), at);
        let alchemy = || {
            self.mentions
                .has(&["sqlalchemy", "sqlmodel", "SessionLocal", "db.session"])
        };
        let nothing = self.index.is_sign(at + 2, ')');
        match last {
            "delete" | "hard_delete" if nothing || self.index.is_sign(at + 2, '*') => said()
                .filter(|_| !name.starts_with('.') || !self.is_told_by_chain(at))
                .map(|rows| rows.deleted())
                .or_else(|| {
                    self.peewee(owner, at)
                        .then(|| format!("DELETE FROM {owner}"))
                })
                .or_else(|| {
                    self.in_statement(owner, at)
                        .then(|| format!("DELETE FROM {owner}"))
                }),
            "delete" if alchemy() && is_session(owner) && self.index.name(at + 2).is_some() => {
                let rows = self.named_rows(self.index.name(at + 2)?, 0);
                let one = || Rows::new("rows", true);
                Some(rows.unwrap_or_else(one).deleted())
            }
            "delete_instance" if !owner.is_empty() => Some(format!(
                "DELETE FROM {} WHERE id = 1",
                owner.trim_start_matches('.')
            )),
            "update" if self.sets_columns(at) => {
                let queried = alchemy() && self.before(at).contains(&"query");
                let rows = said().filter(|rows| !rows.single);
                let rows = rows.or_else(|| queried.then(|| self.rows_before(at)));
                rows.map(|rows| rows.changed()).or_else(|| {
                    self.peewee(owner, at)
                        .then(|| format!("UPDATE {owner} SET changed = 1"))
                })
            }
            "update"
                if alchemy() && owner.is_empty()
                    || name == "sqlalchemy.update"
                    || name == "sa.update" =>
            {
                let table = self.index.name(at + 2)?;
                let sent =
                    self.mentions.has(&["execute", ".exec("]) && self.ends_in(at, &[".values"]);
                let bound = self.ends_in(at, &[".where", ".filter", ".where.values"]);
                let rows = Rows::new(table, bound);
                sent.then(|| rows.changed())
            }
            "update" if nothing && self.in_statement(owner, at) => {
                Some(format!("UPDATE {owner} SET changed = 1"))
            }
            _ => None,
        }
    }

    /// A chain that `objects` begins is found at its beginning, and one with `query` by its name.
    fn is_told_by_chain(&self, at: usize) -> bool {
        self.before(at).contains(&"query")
            || self.index.name(self.index.chain(at)).is_some_and(|name| {
                let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
                name.ends_with(".objects") || owner.ends_with(".objects")
            })
    }

    /// `User.delete().where(…).execute()`, `User.update(a=1).execute()` of peewee.
    fn peewee(&self, owner: &str, at: usize) -> bool {
        owner.starts_with(|c: char| c.is_ascii_uppercase())
            && self.ends_in(at, &[".execute", ".where.execute"])
    }

    /// `conn.execute(users.delete())` of SQLAlchemy.
    fn in_statement(&self, owner: &str, at: usize) -> bool {
        let call = self.index.around(at).and_then(|open| open.checked_sub(1));
        let sends = call
            .and_then(|call| self.index.name(call))
            .is_some_and(|name| name.ends_with(".execute") || name.ends_with(".exec"));
        sends
            && !owner.is_empty()
            && self
                .mentions
                .has(&["sqlalchemy", "create_engine", "engine"])
    }

    /// `stmt = delete(User)`, and further on `session.execute(stmt)`: a statement that is kept and then handed to somebody.
    pub(super) fn is_sent_later(&self, at: usize) -> bool {
        const ONLY_SAY: [&str; 12] = [
            "print", "str", "repr", "type", "len", "compile", "info", "debug", "warning", "write",
            "echo", "format",
        ];
        let begin = self.index.chain(at);
        let name = begin
            .checked_sub(2)
            .filter(|_| self.index.is_sign(begin - 1, '='))
            .and_then(|at| self.index.name(at));
        let Some(name) = name else {
            // It is what a function gives back.
            return true;
        };
        (0..self.index.tokens.len()).any(|call| {
            let inside = self
                .index
                .inside(call + 1)
                .filter(|_| self.index.is_sign(call + 1, '('));
            let (Some(called), Some(inside)) = (self.index.name(call), inside) else {
                return false;
            };
            let last = called.rsplit('.').next().unwrap_or(called);
            let own = |at: usize| {
                self.index.name(at).is_some_and(|one| one == name)
                    && self.index.around(at) == Some(call + 1)
            };
            !ONLY_SAY.contains(&last) && (inside.from..inside.to).any(own)
        })
    }

    /// `update(a=1)`, `update({"a": 1})`, `update({User.a: 1}, …)`: not what a set or a hash is given.
    fn sets_columns(&self, at: usize) -> bool {
        let first = at + 2;
        self.index.is_sign(first, '{')
            || self.index.is_sign(first, '*')
            || self.index.name(first).is_some() && self.index.is_sign(first + 1, '=')
    }

    /// Active Record.
    fn ruby_rows(&self, name: &str, owner: &str, last: &str, at: usize) -> Option<String> {
        let plain = last.trim_end_matches('!');
        if matches!(plain, "update_all" | "touch_all")
            && (!owner.is_empty() || name.starts_with('.'))
        {
            let from = self.index.chain(at);
            let rows = self
                .asked_rows(from, at)
                .unwrap_or_else(|| self.rows_before(at));
            return Some(rows.changed());
        }
        if !matches!(
            plain,
            "destroy" | "delete" | "really_destroy" | "destroy_all" | "delete_all"
        ) {
            return None;
        }
        // `…each(&:destroy)`
        let back = |by: usize| at.checked_sub(by);
        let sign =
            |by: usize, wanted: char| back(by).is_some_and(|at| self.index.is_sign(at, wanted));
        if owner.is_empty() && sign(1, ':') && sign(2, '&') {
            let call = back(2)
                .and_then(|at| self.index.around(at))
                .and_then(|open| open.checked_sub(1))?;
            return self
                .asked_rows(self.index.chain(call), call)
                .map(|rows| rows.deleted());
        }
        // `User.find_by(…)&.destroy`
        if owner.is_empty() && sign(1, '.') && sign(2, '&') {
            let before = back(3)?;
            let from = match self.index.pair(before) {
                Some(open) => self.index.chain(open.checked_sub(1)?),
                None => before,
            };
            return self.asked_rows(from, at).map(|rows| rows.deleted());
        }
        // `List.delete(list, item)`, `map |> Map.delete(:key)` of Elixir: values in memory.
        let in_memory = self.reader.arguments(at).positional.len() > 1
            || MEMORY.contains(&owner) && sign(1, '>') && sign(2, '|');
        if self.language == Language::Ruby && plain == "delete" && in_memory {
            return None;
        }
        let by_id = is_row_class(owner)
            && matches!(plain, "destroy" | "delete")
            && (self.index.is_sign(at + 1, '(') && !self.index.is_text(at + 2)
                || self
                    .index
                    .sign(at + 1)
                    .is_some_and(|sign| sign.is_ascii_digit()));
        if by_id {
            return Some(format!("DELETE FROM {owner} WHERE id = 1"));
        }
        // With an argument it takes something out of a list or a hash.
        let given = self.index.is_sign(at + 1, '(') && !self.index.is_sign(at + 2, ')');
        if given || self.index.is_text(at + 1) || owner.is_empty() {
            return None;
        }
        self.named_rows(owner, 0).map(|rows| rows.deleted())
    }

    /// Eloquent and the query builder of Laravel.
    fn php_rows(&self, owner: &str, last: &str, at: usize) -> Option<String> {
        if !self.index.is_sign(at + 1, '(') {
            return None;
        }
        match last {
            "delete" | "forceDelete" if self.index.is_sign(at + 2, ')') => {
                if owner.ends_with(".each") {
                    let rows = self.asked_rows(self.index.chain(at), at);
                    return rows.map(|rows| rows.deleted());
                }
                self.named_rows(owner, 0).map(|rows| rows.deleted())
            }
            "update" if self.index.is_sign(at + 2, '[') || self.index.name(at + 2).is_some() => {
                let from = self.index.chain(at);
                let single = ["find", "findOrFail", "first", "firstOrFail"];
                let names: Vec<&str> = self.before(at);
                if names.iter().any(|name| single.contains(name)) {
                    return None;
                }
                let builds = names
                    .iter()
                    .any(|name| *name == "table" || name.starts_with("where"))
                    || matches!(last_of(owner), "query" | "table");
                let rows = self.asked_rows(from, at).filter(|rows| !rows.single);
                let rows = rows.or_else(|| builds.then(|| self.rows_before(at)))?;
                Some(rows.changed())
            }
            _ => None,
        }
    }

    /// Knex, Prisma, TypeORM, Sequelize, Drizzle, Supabase.
    fn script_rows(&self, owner: &str, last: &str, at: usize) -> Option<String> {
        if !self.index.is_sign(at + 1, '(') {
            return None;
        }
        let before = self.before(at);
        let inside = self.index.inside(at + 1).unwrap_or_default();
        let tokens = self
            .index
            .tokens
            .get(inside.from..inside.to.min(inside.from + MAX_ARGUMENTS))
            .unwrap_or_default();
        let says = |word: &str| {
            tokens
                .iter()
                .any(|token| matches!(token, Token::Name { name, .. } if name == word))
        };
        let of = || {
            let name = if owner.is_empty() {
                "rows"
            } else {
                last_of(owner)
            };
            name.to_owned()
        };
        let prisma = self.mentions.has(&["prisma", "Prisma"]);
        match last {
            "updateMany" if prisma && !owner.is_empty() => {
                Some(Rows::new(&of(), says("where")).changed())
            }
            "update" | "increment" | "decrement"
                if owner.is_empty() && self.mentions.has(&["knex", "Knex"]) =>
            {
                Some(self.rows_before(at).changed())
            }
            "update"
                if owner.is_empty()
                    && before.contains(&"from")
                    && self.mentions.has(&["supabase"]) =>
            {
                Some(self.rows_before(at).changed())
            }
            "update" if self.builds_update(owner, &before, at) => {
                let table = self.index.name(at + 2).unwrap_or("rows");
                let bounded = self.ends_in(at, &[".where", ".set.where"]);
                Some(Rows::new(table, bounded).changed())
            }
            "update" if self.mentions.has(&["equelize", "./models"]) && says("where") => {
                Some(Rows::new(&of(), true).changed())
            }
            "update" | "delete" | "remove" | "softDelete" if self.is_repository(owner, &before) => {
                let all = tokens.first() == Some(&Token::Sign('{'))
                    && tokens.get(1) == Some(&Token::Sign('}'));
                let rows = Rows::new(&of(), !all);
                Some(if last == "update" {
                    rows.changed()
                } else {
                    rows.deleted()
                })
            }
            _ => None,
        }
    }

    /// `db.update(users).set(…)` of Drizzle, `createQueryBuilder().update(User).set(…).execute()` of TypeORM.
    fn builds_update(&self, owner: &str, before: &[&str], at: usize) -> bool {
        let drizzle = self.mentions.has(&["drizzle"]) && matches!(owner, "db" | "tx");
        let builder = owner.is_empty() && before.contains(&"createQueryBuilder");
        drizzle && self.index.name(at + 2).is_some() || builder && self.ends_in(at, &[".execute"])
    }

    /// `getRepository(User).delete(…)`, and a name that stands for it.
    fn is_repository(&self, owner: &str, before: &[&str]) -> bool {
        if !self.mentions.has(&["typeorm", "getRepository"]) {
            return false;
        }
        let given = || {
            self.index
                .bindings(owner)
                .iter()
                .any(|binding| match binding.given {
                    Given::Is(part, _) => self
                        .part_names(part)
                        .any(|name| last_of(name) == "getRepository"),
                    _ => false,
                })
        };
        owner.is_empty() && before.contains(&"getRepository")
            || !owner.is_empty() && given()
            || last_of(owner) == "manager"
    }

    /// Rows that stand before a call in its statement, whatever they are called.
    fn rows_before(&self, at: usize) -> Rows {
        let bounded = self.before(at).iter().any(|name| BOUNDS.contains(name));
        Rows::new("rows", bounded)
    }

    /// Returns the rows that the query in a stretch of code gives.
    fn asked_rows(&self, from: usize, to: usize) -> Option<Rows> {
        self.rows_of(Part::new(from, to + 1), 0)
    }

    /// Returns the rows that a name stands for.
    fn named_rows(&self, name: &str, depth: usize) -> Option<Rows> {
        if depth > MAX_DEPTH || name.is_empty() {
            return None;
        }
        let own = |name: &str| {
            let mut all = self.index.bindings(name).iter();
            all.find_map(|binding| match binding.given {
                Given::Is(part, _) => self.rows_of(part, depth + 1),
                Given::Each(part, _) | Given::EachOf(part) => {
                    let rows = self.rows_of(part, depth + 1)?;
                    Some(Rows {
                        single: true,
                        ..rows
                    })
                }
                _ => None,
            })
        };
        own(name).or_else(|| own(name.split('.').next().filter(|root| *root != name)?))
    }

    /// Returns the rows that an expression gives; none where it makes them itself.
    fn rows_of(&self, part: Part, depth: usize) -> Option<Rows> {
        const SINGLES: [&str; 10] = [
            "get",
            "find",
            "find_by",
            "first",
            "last",
            "take",
            "findOrFail",
            "firstOrFail",
            "get_object_or_404",
            "earliest",
        ];
        const MADE: [&str; 7] = [
            "create",
            "create!",
            "bulk_create",
            "insert",
            "make",
            "build",
            "new",
        ];
        if depth > MAX_DEPTH {
            return None;
        }
        let names = self.top(part);
        let lasts = || names.iter().map(|(_, name)| last_of(name));
        if lasts().any(|last| MADE.contains(&last)) && self.language != Language::Javascript {
            return None;
        }
        let (at, first) = *names.first()?;
        // `list(…)`, `enumerate(…)`, `(…)`.
        if (is_wrapper(first) || first.is_empty())
            && let Some(inside) = self.index.inside(at + usize::from(!first.is_empty()))
        {
            return self.rows_of(inside, depth + 1);
        }
        let bounded = lasts().any(|last| BOUNDS.contains(&last));
        let single = lasts().any(|last| SINGLES.contains(&last.trim_end_matches('!')));
        let found = match self.language {
            Language::Python => names.iter().find_map(|(at, _)| self.python_query(*at)),
            Language::Ruby | Language::Php => class_query(&names),
            _ => None,
        };
        if let Some(of) = found {
            return Some(Rows {
                of,
                bounded,
                single,
            });
        }
        let rows = self.named_rows(first, depth + 1).or_else(|| {
            let owner = first.rsplit_once('.').map(|(owner, _)| owner)?;
            self.named_rows(owner, depth + 1)
        })?;
        Some(Rows {
            bounded: rows.bounded || bounded,
            single: rows.single || single,
            ..rows
        })
    }

    /// Returns the names of an expression that stand in no bracket; a bracket at its beginning has an empty name.
    fn top(&self, part: Part) -> Vec<(usize, &str)> {
        let mut all = Vec::new();
        let mut at = part.from;
        let end = part.to.min(part.from + 8 * MAX_QUERY);
        while at < end && all.len() < MAX_QUERY {
            match self.index.token(at) {
                Some(Token::Name { name, .. }) if !is_word(name) => all.push((at, name.as_str())),
                Some(Token::Sign('(')) if all.is_empty() => all.push((at, "")),
                _ => {}
            }
            at = self.index.after(at);
        }
        all
    }

    /// `Order.objects`, `get_object_or_404(Order, …)`, `session.query(Order)`.
    fn python_query(&self, at: usize) -> Option<String> {
        let name = self.index.name(at)?;
        let inner = || {
            let inner = self
                .index
                .name(at + 2)
                .filter(|_| self.index.is_sign(at + 1, '('));
            inner.map(|name| last_of(name).to_owned())
        };
        let managers = [
            "objects",
            "_default_manager",
            "_base_manager",
            "all_objects",
        ];
        let mut parts = name.split('.');
        let mut owner = parts.next().unwrap_or_default();
        for part in parts {
            if managers.contains(&part) {
                let model = owner.starts_with(|c: char| c.is_ascii_uppercase())
                    || matches!(owner, "model" | "cls" | "klass");
                return model.then(|| owner.to_owned());
            }
            owner = part;
        }
        match last_of(name) {
            "get_object_or_404" | "get_list_or_404" => inner(),
            "query" | "select" | "scalars"
                if self
                    .mentions
                    .has(&["sqlalchemy", "sqlmodel", "SessionLocal", "db.session"]) =>
            {
                inner()
            }
            _ => None,
        }
    }

    fn part_names(&self, part: Part) -> impl Iterator<Item = &str> {
        (part.from..part.to).filter_map(|at| self.index.name(at))
    }

    /// Tells whether the chain of calls that begins here goes on with one of these, brackets taken whole.
    fn ends_in(&self, at: usize, wanted: &[&str]) -> bool {
        const MAX_LINKS: usize = 60;
        let mut at = self.index.after(at + 1);
        for _ in 0..MAX_LINKS {
            match self.index.token(at) {
                Some(Token::Name { name, .. }) if wanted.contains(&name.as_str()) => return true,
                Some(Token::Name { name, .. }) if name.starts_with('.') => at += 1,
                Some(Token::Sign('(' | '[')) => at = self.index.after(at),
                _ => return false,
            }
        }
        false
    }
}

/// `Order.where(…)`, `Order::query()`, `DB::table(…)`.
fn class_query(names: &[(usize, &str)]) -> Option<String> {
    let (_, name) = names.first()?;
    let parts = name.split('.').filter(|part| !part.is_empty());
    let class = parts
        .take_while(|part| part.starts_with(|c: char| c.is_ascii_uppercase()))
        .last()?;
    let whole = name.split('.').next()?;
    let mut words = names.iter().flat_map(|(_, name)| name.split('.'));
    let asked =
        words.any(|word| FINDERS.contains(&word)) || class == "DB" && name.ends_with(".table");
    (asked && is_row_class(class) && !CLASSES.contains(&whole)).then(|| match class {
        "DB" => "rows".to_owned(),
        class => class.to_owned(),
    })
}

/// Calls that hand on what they are given.
fn is_wrapper(name: &str) -> bool {
    matches!(
        name,
        "list" | "sorted" | "reversed" | "iter" | "tqdm" | "enumerate" | "set" | "tuple"
    )
}

fn last_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Words of a language before an expression.
fn is_word(name: &str) -> bool {
    matches!(name, "await" | "new" | "return" | "my")
}

/// `session`, `db.session`, `s`.
fn is_session(owner: &str) -> bool {
    let last = last_of(owner).to_ascii_lowercase();
    last.ends_with("session") || matches!(last.as_str(), "s" | "sess" | "db")
}

/// A class of Ruby or PHP whose objects may be rows.
fn is_row_class(name: &str) -> bool {
    let last = last_of(name);
    last.starts_with(|c: char| c.is_ascii_uppercase())
        && (last.contains(|c: char| c.is_ascii_lowercase()) || last == "DB")
        && !CLASSES.contains(&last)
}
