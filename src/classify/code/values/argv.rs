//! Words that a code is given on its command line: `sys.argv[1]`, `process.argv`, `ARGV`, options of `argparse`.
//! What the call does not say stays unknown.

use super::super::index::{Binding, Given};
use super::super::tokens::{Language, Token};
use super::{Reader, Value, Values, When};

impl Reader<'_> {
    /// `def test_x(tmp_path):`: pytest hands it a fresh folder.
    pub(super) fn is_fixture(&self, name: &str) -> bool {
        let index = self.index;
        let given = |binding: &Binding| match binding.given {
            Given::Param(number, _) => index.function(number).is_some_and(|function| {
                let name = function.name.as_str();
                name.starts_with("test") && index.calls(name).is_empty()
            }),
            _ => false,
        };
        matches!(name, "tmp_path" | "tmpdir")
            && index.language == Language::Python
            && !index.bindings(name).is_empty()
            && index.bindings(name).iter().all(given)
    }

    /// Returns the list behind a name for all words.
    pub(super) fn argv(&self, name: &str) -> Option<Value> {
        let before: &[&str] = match (self.index.language, name) {
            (Language::Python, "sys.argv" | "argv") | (_, "$argv" | "os.Args") => &["code"],
            (Language::Javascript, "process.argv" | "Bun.argv") => &["node", "code"],
            (Language::Javascript, "Deno.args")
            | (Language::Ruby, "ARGV")
            | (Language::Perl, "@ARGV" | "$ARGV") => &[],
            // The first word of Lua's list is its second.
            (Language::Lua, "arg") => &["code"],
            _ => return None,
        };
        let args = self.standing.args?;
        if self.index.language == Language::Ruby && self.takes_options() {
            let rest = self.words_left()?;
            return Some(Value::List(rest.into_iter().map(Value::Text).collect()));
        }
        let words = before.iter().map(|word| (*word).to_owned());
        let all = words.chain(args.iter().cloned());
        Some(Value::List(all.map(Value::Text).collect()))
    }

    /// `shift` outside of a function, `map { "$d/$_" } …`, `grep { … } …` of Perl; and where it ends.
    pub(super) fn perl_list(
        &self,
        name: &str,
        at: usize,
        end: usize,
        when: When,
    ) -> Option<(Values, usize)> {
        if name == "shift" {
            let next = at + 1;
            let of_all = self.index.name(next) == Some("@ARGV");
            let in_function =
                (0..)
                    .map_while(|number| self.index.function(number))
                    .any(|function| {
                        function
                            .body
                            .is_some_and(|body| (body.from..body.to).contains(&at))
                    });
            if in_function && !of_all {
                return None;
            }
            let args = self.standing.args?;
            let before = (0..at)
                .filter(|at| self.index.name(*at) == Some("shift"))
                .count();
            let value = args
                .get(before)
                .map_or_else(Value::unknown, |arg| Value::Text(arg.clone()));
            return Some((vec![value], next + usize::from(of_all)));
        }
        if !matches!(name, "map" | "grep" | "sort") || !self.index.is_sign(at + 1, '{') {
            return None;
        }
        let block = self.index.inside(at + 1)?;
        let behind = self.index.after(at + 1);
        let values = match name {
            "map" => vec![Value::List(self.read(block, when.moved(at)))],
            _ => self.read(super::super::index::Part::new(behind, end), when.moved(at)),
        };
        Some((values, end))
    }

    /// `args.dir` where `args = parser.parse_args()`: what the command line says, or else the default.
    pub(super) fn option(&self, owner: &str, wanted: &str, when: When) -> Option<Values> {
        const NEAR: usize = 6;
        if let Some(values) = self.option_values(owner, wanted, when) {
            return Some(values);
        }
        let [binding] = self.index.bindings(owner) else {
            return None;
        };
        let Given::Is(part, None) = binding.given else {
            return None;
        };
        let parses = (part.from..part.to.min(part.from + NEAR))
            .filter_map(|at| self.index.name(at))
            .any(|name| name.ends_with("parse_args"));
        if !parses {
            return None;
        }
        let mut place = 0;
        for at in self.index.calls("add_argument") {
            let inside = self.index.inside(at + 1)?;
            let names: Vec<&str> = (inside.from..inside.to)
                .map_while(|at| match self.index.token(at)? {
                    Token::Text { text, .. } => Some(text.as_str()),
                    Token::Sign(',') | Token::Line => Some(""),
                    _ => None,
                })
                .filter(|name| !name.is_empty())
                .collect();
            let positional = names.first().is_some_and(|name| !name.starts_with('-'));
            let is = |name: &&str| name.trim_start_matches('-').replace('-', "_") == wanted;
            if names.iter().any(is) {
                return Some(self.option_value(*at, &names, positional.then_some(place), when));
            }
            place += usize::from(positional);
        }
        None
    }

    fn option_value(&self, at: usize, names: &[&str], place: Option<usize>, when: When) -> Values {
        let args = self.standing.args.unwrap_or_default();
        if place.is_some() && self.arguments(at).named("nargs").is_some() {
            let words = args.iter().filter(|arg| !arg.starts_with('-'));
            return vec![Value::List(words.cloned().map(Value::Text).collect())];
        }
        let given = match place {
            Some(place) => args.iter().filter(|arg| !arg.starts_with('-')).nth(place),
            None => args.iter().enumerate().find_map(|(index, arg)| {
                names
                    .contains(&arg.as_str())
                    .then(|| args.get(index + 1))
                    .flatten()
            }),
        };
        if let Some(text) = given {
            return vec![Value::Text(text.clone())];
        }
        match self.arguments(at).named("default") {
            Some(part) => self.read(part, when.moved(at)),
            None => vec![Value::unknown()],
        }
    }
}
