//! What methods and attributes make of a value, and the arguments of a call by place and by name.
//! It knows the names of standard libraries only.

use super::super::index::Part;
use super::super::tokens::{Language, Token};
use super::made::{base, each, formatted, parent, path, starred};
use super::{Reader, STAR, Value, Values, When, elements, spelled};

/// The arguments of a call.
#[derive(Default)]
pub(in super::super) struct Arguments {
    pub positional: Vec<Part>,
    /// `cwd='/x'`, `chdir: '/x'`, and the members of objects: `{ cwd: '/x' }`.
    named: Vec<(String, Part)>,
}

impl Arguments {
    pub fn named(&self, wanted: &str) -> Option<Part> {
        self.named
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, part)| *part)
    }
}

/// Folders around a path that `parents` gives.
const MAX_PARENTS: usize = 8;

/// Methods and attributes that leave a value as it is.
const SAME: [&str; 59] = [
    "read",
    "readlines",
    "strip",
    "trim",
    "rstrip",
    "lstrip",
    "chomp",
    "encode",
    "decode",
    "toString",
    "to_s",
    "freeze",
    "clone",
    "as_str",
    "to_string",
    "to_owned",
    "into",
    "absolute",
    "resolve",
    "expanduser",
    "as_posix",
    "realpath",
    "toPath",
    "toAbsolutePath",
    "toFile",
    "toRealPath",
    "normalize",
    "sorted",
    "filter",
    "sort",
    "reverse",
    "slice",
    "to_a",
    "copy",
    "toArray",
    "flat",
    "path",
    "fullPath",
    "parentPath",
    "pathname",
    "getPathname",
    "getRealPath",
    "unwrap",
    "expect",
    "stripIndent",
    "squish",
    "strip_heredoc",
    "stream",
    "values",
    "items",
    "each",
    "entries",
    "sort_by",
    "reject",
    "select",
    "first",
    "collect",
    "display",
    "dirpath",
];

impl Reader<'_> {
    /// Returns what a method or an attribute makes of values.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    pub(super) fn method(
        &self,
        values: &Values,
        method: &str,
        inside: Option<Part>,
        when: When,
    ) -> Values {
        let given = inside.map(|inside| self.index.split(inside, ','));
        let argument = |at: usize| -> Option<Values> {
            let part = given.as_ref()?.get(at)?;
            Some(self.read(*part, when))
        };
        let several = |at: usize| argument(at).and_then(|all| all.into_iter().next());
        if values.iter().any(|value| matches!(value, Value::Map(_))) {
            let of = |value| self.of_settings(value, method, inside, when);
            let all = values.iter().map(of);
            return all
                .flat_map(|all| all.unwrap_or_else(|| vec![Value::unknown()]))
                .collect();
        }
        match method {
            "format" => {
                let texts: Vec<String> = given
                    .iter()
                    .flatten()
                    .map(|part| {
                        self.read(*part, when)
                            .first()
                            .map_or_else(String::new, spelled)
                    })
                    .collect();
                return each(values.clone(), |text| Value::Text(formatted(text, &texts)));
            }
            // `Path(x).resolve()`, `.resolve(strict=True)`: the same place.
            "resolve"
                if inside.is_some_and(|inside| {
                    let inside = self.index.trimmed(inside);
                    inside.from >= inside.to || self.index.name(inside.from) == Some("strict")
                }) =>
            {
                return values.clone();
            }
            "join" | "joinpath" | "resolve" if inside.is_some() => {
                return self.joined_by(values, argument(0), when);
            }
            "glob" | "rglob" | "Glob" => {
                let mut pattern = several(0).map(|one| spelled(&one)).unwrap_or_default();
                if method == "rglob" {
                    pattern.insert_str(0, "**/");
                }
                return each(values.clone(), |folder| {
                    let path = path(&[folder.to_owned(), starred(&pattern)]);
                    Value::List(vec![Value::Text(path)])
                });
            }
            "iterdir" | "children" | "listFiles" | "read_dir" => {
                return each(values.clone(), |folder| {
                    let path = path(&[folder.to_owned(), STAR.to_string()]);
                    Value::List(vec![Value::Text(path)])
                });
            }
            "readdirSync" | "readdir" | "readDir" | "readDirSync" => {
                return vec![Value::List(vec![Value::Text(STAR.to_string())])];
            }
            "read_text" | "read_bytes" | "readText" | "open" => {
                let read = |value: &Value| -> Values {
                    let texts = value.text().map(|path| self.files_of(path));
                    let texts = texts.unwrap_or_default().into_iter();
                    let all: Values = texts.map(|text| Value::Text(text.to_owned())).collect();
                    match all.is_empty() {
                        true => vec![Value::unknown()],
                        false => all,
                    }
                };
                return values.iter().flat_map(read).collect();
            }
            "readFileSync" | "readFile" | "readTextFileSync" => {
                let name = several(0).map(|one| spelled(&one)).unwrap_or_default();
                let text = self.file(&name).map(str::to_owned);
                return vec![text.map_or_else(Value::unknown, Value::Text)];
            }
            "homedir" => return vec![Value::Text(super::HOME.to_string())],
            "name" => return each(values.clone(), own_name),
            "parent" | "dirname" | "getParent" => {
                return each(values.clone(), |path| Value::Text(parent(path)));
            }
            // Another name in the same folder.
            "with_name" => {
                let name =
                    several(0).map_or_else(|| crate::sql::HOLE.to_string(), |one| spelled(&one));
                return each(values.clone(), |own| {
                    Value::Text(path(&[parent(own), name.clone()]))
                });
            }
            "parents" => {
                return each(values.clone(), |path| {
                    let up = std::iter::successors(Some(parent(path)), |path| Some(parent(path)));
                    Value::List(up.take(MAX_PARENTS).map(Value::Text).collect())
                });
            }
            "basename" | "stem" | "getFileName" => {
                return each(values.clone(), |path| Value::Text(base(path).to_owned()));
            }
            "split" => {
                let glue = several(0).map_or_else(|| " ".to_owned(), |one| spelled(&one));
                return each(values.clone(), |text| pieces(text, &glue));
            }
            "splitlines" | "lines" => return each(values.clone(), |text| pieces(text, "\n")),
            "upper" | "toUpperCase" | "upcase" => {
                return each(values.clone(), |text| Value::Text(text.to_uppercase()));
            }
            "lower" | "toLowerCase" | "downcase" => {
                return each(values.clone(), |text| Value::Text(text.to_lowercase()));
            }
            "replace" | "gsub" | "sub" | "replaceAll" => {
                return self.replaced(values, several(0), several(1));
            }
            "map" | "flatMap" => {
                return vec![Value::List(self.mapped(inside, when))];
            }
            "concat" => {
                let more = argument(0).unwrap_or_default();
                return super::joined(values.clone(), &more, super::Joint::Plus);
            }
            _ => {}
        }
        if SAME.contains(&method) {
            return values.clone();
        }
        vec![Value::unknown()]
    }

    /// `sep.join(list)` of Python, `list.join(sep)` of others, `path.join(part)`.
    fn joined_by(&self, values: &Values, argument: Option<Values>, when: When) -> Values {
        let _ = when;
        let mut all = Vec::new();
        let arguments = argument.unwrap_or_else(|| vec![Value::Text(",".to_owned())]);
        for value in values {
            for argument in &arguments {
                all.push(match (value, argument) {
                    (Value::List(_), glue) if self.joins_lists() => {
                        Value::Text(value.texts().join(&spelled(glue)))
                    }
                    (Value::Text(glue), list @ Value::List(_)) => {
                        Value::Text(list.texts().join(glue))
                    }
                    (Value::Text(folder), Value::Text(part)) => {
                        Value::Text(path(&[folder.clone(), part.clone()]))
                    }
                    (Value::List(_) | Value::Map(_), _) | (Value::Text(_), Value::Map(_)) => {
                        Value::unknown()
                    }
                });
            }
        }
        all
    }

    fn replaced(&self, values: &Values, from: Option<Value>, to: Option<Value>) -> Values {
        let (Some(Value::Text(from)), Some(Value::Text(to))) = (from, to) else {
            return vec![Value::unknown()];
        };
        if from.is_empty() || from.contains(crate::sql::HOLE) {
            return vec![Value::unknown()];
        }
        each(values.clone(), |text| Value::Text(text.replace(&from, &to)))
    }

    /// What the function that is given to `map` makes of each element.
    fn mapped(&self, inside: Option<Part>, when: When) -> Values {
        let Some(inside) = inside else {
            return vec![Value::unknown()];
        };
        let arrow = (inside.from..inside.to).find(|at| {
            matches!(self.index.sign(*at), Some('=' | '-')) && self.index.is_sign(at + 1, '>')
        });
        let Some(arrow) = arrow else {
            return vec![Value::unknown()];
        };
        let body = Part::new(arrow + 2, inside.to);
        if self.index.is_sign(body.from, '{') {
            return vec![Value::unknown()];
        }
        self.read(body, when.moved(arrow))
    }

    /// Returns the arguments of the call whose name stands here.
    pub fn arguments(&self, at: usize) -> Arguments {
        let index = self.index;
        let mut open = at + 1;
        if index.is_sign(open, '!') {
            open += 1;
        }
        let inside = match index.token(open) {
            Some(Token::Sign('(')) => index.inside(open),
            Some(Token::Text { quote: '`', .. }) => Some(Part::new(open, open + 1)),
            Some(Token::Text { .. } | Token::Name { .. } | Token::Sign('['))
                if matches!(index.language, Language::Ruby | Language::Perl) =>
            {
                Some(self.unbracketed(open))
            }
            _ => None,
        };
        self.sorted(inside.unwrap_or_default())
    }

    /// The arguments of a call without parentheses, commas included.
    fn unbracketed(&self, open: usize) -> Part {
        const MAX_BARE: usize = 100;
        let mut all = self.index.expression(open);
        for _ in 0..MAX_BARE {
            if !self.index.is_sign(all.to, ',') {
                break;
            }
            let next = self.index.expression(all.to + 1);
            if next.to <= next.from {
                break;
            }
            all = Part::new(all.from, next.to);
        }
        all
    }

    /// Puts named arguments and the members of objects aside.
    fn sorted(&self, inside: Part) -> Arguments {
        let index = self.index;
        let mut all = Arguments::default();
        for part in index.split(inside, ',') {
            if part.from >= part.to {
                continue;
            }
            if index.is_sign(part.from, '{') {
                if let Some(members) = index.inside(part.from) {
                    self.members(members, &mut all.named);
                }
                continue;
            }
            match self.member_of(part) {
                Some(named) => all.named.push(named),
                None => all.positional.push(part),
            }
        }
        all
    }

    fn members(&self, inside: Part, all: &mut Vec<(String, Part)>) {
        for part in self.index.split(inside, ',') {
            match self.member_of(part) {
                Some(named) => all.push(named),
                // `{ cwd }`.
                None => {
                    if let Some(name) = self
                        .index
                        .name(part.from)
                        .filter(|_| part.to == part.from + 1)
                    {
                        all.push((name.to_owned(), part));
                    }
                }
            }
        }
    }

    /// `name=…`, `name: …`, `"name": …`, `"name" => …`.
    fn member_of(&self, part: Part) -> Option<(String, Part)> {
        let index = self.index;
        let name = match index.token(part.from)? {
            Token::Name { name, .. } => name.clone(),
            Token::Text { text, .. } => text.clone(),
            Token::Sign(':') => return None,
            _ => return None,
        };
        let sign = index.sign(part.from + 1)?;
        let arrow = sign == '=' && index.is_sign(part.from + 2, '>');
        let from = match sign {
            '=' if arrow && index.language != Language::Javascript => part.from + 3,
            '=' if !arrow && !index.is_sign(part.from + 2, '=') => part.from + 2,
            ':' if !index.is_sign(part.from + 2, '=') => part.from + 2,
            _ => return None,
        };
        (from < part.to).then(|| (name, Part::new(from, part.to)))
    }

    /// Returns a member of the object that a name stands for.
    pub(super) fn member(&self, owner: &str, wanted: &str, at: usize) -> Option<Part> {
        self.object(owner, at)?
            .into_iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, part)| part)
    }

    /// Returns the members of the object that a name stands for.
    fn object(&self, owner: &str, at: usize) -> Option<Vec<(String, Part)>> {
        let bindings = self.index.bindings(owner);
        let binding = bindings
            .iter()
            .rfind(|binding| binding.at <= at)
            .or(bindings.first())?;
        let super::Given::Is(part, None) = binding.given else {
            return None;
        };
        let open =
            (part.from..part.to.min(part.from + 2)).find(|at| self.index.is_sign(*at, '{'))?;
        let mut all = Vec::new();
        self.members(self.index.inside(open)?, &mut all);
        Some(all)
    }

    /// `steps.items()`, `steps.values()`, `Object.entries(steps)`: the members of an object as a list.
    pub(super) fn listed(&self, owner: &str, method: &str, when: When) -> Option<Value> {
        const MAX_MEMBERS: usize = 512;
        let pairs = match method {
            "items" | "entries" => true,
            "values" => false,
            _ => return None,
        };
        let members = self.object(owner, when.at)?;
        let items = members.into_iter().take(MAX_MEMBERS).map(|(name, part)| {
            let value = self.read(part, when.moved(part.from)).into_iter().next();
            let value = value.unwrap_or_else(Value::unknown);
            if pairs {
                Value::List(vec![Value::Text(name), value])
            } else {
                value
            }
        });
        Some(Value::List(items.collect()))
    }

    /// Returns what stands before a method's name: `Path('data').unlink`, `folder.unlink`.
    pub fn receiver(&self, at: usize, when: When) -> Values {
        let name = self.index.name(at).unwrap_or_default();
        let (owner, _) = name.rsplit_once('.').unwrap_or_default();
        if !name.starts_with('.') {
            return match owner {
                "" => vec![Value::unknown()],
                owner => self.resolve(owner, when),
            };
        }
        let from = self.index.chain(at);
        let mut values = self.read(Part::new(from, at), when);
        for attribute in owner.split('.').filter(|name| !name.is_empty()) {
            values = self.method(&values, attribute, None, when);
        }
        values
    }

    /// Returns the elements of values, or the values where they are none.
    pub fn opened(values: Values) -> Values {
        values
            .into_iter()
            .flat_map(|value| match value {
                list @ Value::List(_) => elements(vec![list]).collect(),
                other => vec![other],
            })
            .collect()
    }
}

/// The name of a path; a temporary file's is its path.
fn own_name(path: &str) -> Value {
    let name = if path.starts_with(super::FRESH) {
        path
    } else {
        base(path)
    };
    Value::Text(name.to_owned())
}

fn pieces(text: &str, glue: &str) -> Value {
    const MAX_PIECES: usize = 4_096;
    let glue = if glue.is_empty() { " " } else { glue };
    let items = text
        .split(glue)
        .filter(|piece| !piece.trim().is_empty())
        .take(MAX_PIECES)
        .map(|piece| Value::Text(piece.to_owned()))
        .collect();
    Value::List(items)
}
