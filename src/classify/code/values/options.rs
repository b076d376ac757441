//! Options and operands that a code declares to `argparse`, and what the command line says for each of them.
//! A declaration that it does not know, or a word that fits none, leaves all of them open.

use std::collections::HashMap;

use super::super::index::{Binding, Given, Part};
use super::super::tokens::Token;
use super::methods::Arguments;
use super::sure::Sure;
use super::{Reader, Value, Values, When};

/// Functions that hand the parsed words on to each other.
const MAX_HANDS: usize = 5;

/// One option or operand.
#[derive(Clone, Debug)]
struct Declared {
    /// Its spellings; an operand has none.
    names: Vec<String>,
    /// The name of its value.
    name: String,
    takes: Takes,
    default: Option<Part>,
    /// Its words are made into something else: `type=int`.
    made: bool,
    /// They are made into whole numbers, and into nothing else.
    counts: bool,
    /// Where it is declared.
    at: usize,
}

/// How many words are a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// None: the option sets this.
    Sets(bool),
    One,
    /// One each time that it stands there: `action="append"`.
    Each,
    /// None: the first half of its spellings sets it, the others (`--no-x`) take it back.
    Turns,
    /// One, or none.
    Perhaps,
    /// All that follow, and at least this many.
    Many(usize),
}

/// What the command line says for one of them.
#[derive(Clone, Debug)]
enum Said {
    Set(bool),
    Text(String),
    List(Vec<String>),
    /// It is left out, and this is declared for it.
    Default(Option<Part>, usize),
}

/// The subcommands that lead to a parser.
type Way = Vec<String>;

/// The declarations of a code, for the whole or for a subcommand.
#[derive(Default)]
struct Parser {
    declared: Vec<Declared>,
    subcommands: HashMap<String, Self>,
    /// The name under which the subcommand is found.
    command: Option<String>,
}

impl Reader<'_> {
    /// Returns an option of `argparse` that is certain.
    pub(super) fn sure_option(&self, owner: &str, wanted: &str, depth: usize) -> Option<Sure> {
        let words = self.known_args()?;
        match self.said(owner, wanted, words, depth)? {
            Said::Set(is) => Some(Sure::Truth(is)),
            Said::Text(text) if self.parser()?.counts(wanted) == Some(true) => {
                let plain = text.strip_prefix('-').unwrap_or(&text);
                let digits = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|_| digits).map(Sure::Number)
            }
            Said::Default(None, _) => Some(Sure::Nothing),
            // Only texts are made into something else.
            Said::Default(Some(part), _) if self.parser()?.makes(wanted) => self
                .sure(part, depth + 1)
                .filter(|found| !matches!(found, Sure::Text(_) | Sure::List(_))),
            _ if self.parser()?.makes(wanted) => None,
            Said::Text(text) => Some(Sure::Text(text)),
            Said::List(items) => Some(Sure::texts(items)),
            Said::Default(Some(part), _) => self.sure(part, depth + 1),
        }
    }

    /// Returns what an option of `argparse` may be.
    pub(super) fn option_values(&self, owner: &str, wanted: &str, when: When) -> Option<Values> {
        let words = self.standing.args?;
        Some(match self.said(owner, wanted, words, 0)? {
            Said::Set(_) | Said::Default(None, _) => vec![Value::unknown()],
            Said::Text(text) => vec![Value::Text(text)],
            Said::List(items) => {
                vec![Value::List(items.into_iter().map(Value::Text).collect())]
            }
            Said::Default(Some(part), at) => self.read(part, when.moved(at)),
        })
    }

    fn said(&self, owner: &str, wanted: &str, words: &[String], depth: usize) -> Option<Said> {
        let given = self.parses(owner, words, MAX_HANDS, depth)?;
        // `args.apply = True`, `setattr(args, …)`.
        let other = self.index.bindings(&format!("{owner}.{wanted}"));
        let escapes = || super::changes::escapes(self.index, owner, None);
        if !other.is_empty() || !self.index.calls("setattr").is_empty() || escapes() {
            return None;
        }
        self.parser()?.read(&given)?.remove(wanted)
    }

    /// Returns the words that are parsed into a name: `args = parser.parse_args()`.
    fn parses(
        &self,
        owner: &str,
        words: &[String],
        hands: usize,
        depth: usize,
    ) -> Option<Vec<String>> {
        const NEAR: usize = 8;
        let index = self.index;
        let (mut direct, mut handed) = (None, None);
        for binding in index.bindings(owner) {
            match binding.given {
                Given::Is(part, None) if direct.is_none() => direct = Some(part),
                Given::Param(number, place) => handed = handed.or(Some((number, place))),
                _ => return None,
            }
        }
        let Some(part) = direct else {
            // `def clean(args):`, called as `clean(args)`.
            let (number, place) = handed.filter(|_| hands > 0)?;
            let function = index.function(number)?;
            let [call, ..] = index.calls(&function.name) else {
                return None;
            };
            let part = *self.arguments(*call).positional.get(place)?;
            let name = index.name(part.from).filter(|_| part.to == part.from + 1)?;
            return self
                .parses(name, words, hands - 1, depth)
                .filter(|_| name != owner);
        };
        let at = (part.from..part.to.min(part.from + NEAR)).find(|at| {
            let name = index.name(*at).unwrap_or_default();
            name.rsplit('.').next() == Some("parse_args") && index.is_sign(at + 1, '(')
        })?;
        let inside = index.trimmed(index.inside(at + 1)?);
        if inside.from >= inside.to || self.is_left_out(inside) {
            return Some(words.to_vec());
        }
        match self.sure(inside, depth + 1)? {
            Sure::List(items) => items
                .into_iter()
                .map(|item| match item {
                    Sure::Text(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// `parse_args(argv)` in `def main(argv=None)`, which is only called as `main()`.
    fn is_left_out(&self, part: Part) -> bool {
        let name = self.index.name(part.from);
        let Some(name) = name.filter(|_| part.to == part.from + 1) else {
            return false;
        };
        let [binding] = self.index.bindings(name) else {
            return false;
        };
        let Given::Param(number, place) = binding.given else {
            return false;
        };
        let Some(function) = self.index.function(number) else {
            return false;
        };
        let default = function.params.get(place).and_then(|param| param.default);
        let none = default.is_some_and(|part| self.index.name(part.from) == Some("None"));
        let calls = self.index.calls(&function.name);
        let bare = |at: &usize| {
            let given = self.arguments(*at);
            let whole = given.positional.first().is_some_and(|part| {
                let argv = self.index.name(part.from).map(|name| self.full(name));
                argv.as_deref() == Some("sys.argv")
                    && given.positional.len() == 1
                    && self.index.split(*part, ':').len() == 1
                    && part.to > part.from + 1
            });
            self.index.is_sign(at + 2, ')') || whole
        };
        none && !calls.is_empty() && calls.iter().all(bare)
    }

    /// Reads the declarations of a code with one parser.
    fn parser(&self) -> Option<Parser> {
        let index = self.index;
        self.spend(index.main_end() / 16);
        let mut parser = Parser::default();
        let mut parsers = 0;
        for at in 0..index.main_end() {
            let name = index.name(at).filter(|_| index.is_sign(at + 1, '('));
            let Some(name) = name else { continue };
            let last = name.rsplit('.').next().unwrap_or(name);
            match last {
                "ArgumentParser" => {
                    let given = self.arguments(at);
                    let other = [
                        "parents",
                        "prefix_chars",
                        "fromfile_prefix_chars",
                        "argument_default",
                    ];
                    if other.iter().any(|name| given.named(name).is_some()) {
                        return None;
                    }
                    parsers += 1;
                }
                "add_subparsers" => {
                    let given = self.arguments(at).named("dest");
                    let name = given.map_or(Some(String::new()), |part| self.word(part))?;
                    for way in self.parsers_before(at, MAX_HANDS)? {
                        if parser.at(&way).command.replace(name.clone()).is_some() {
                            return None;
                        }
                    }
                }
                "add_parser" => {
                    let given = self.arguments(at);
                    if given.named("parents").is_some() || given.named("aliases").is_some() {
                        return None;
                    }
                    for way in self.parsers_of(at, MAX_HANDS)? {
                        parser.at(&way);
                    }
                }
                "set_defaults" if !self.sets_functions(at) => return None,
                "add_argument" => {
                    let declared = self.declared(at)?;
                    for way in self.parsers_before(at, MAX_HANDS)? {
                        parser.at(&way).declared.push(declared.clone());
                    }
                }
                _ => {}
            }
        }
        (parsers == 1).then_some(parser)
    }

    /// `set_defaults(func=clean)`: functions for subcommands; a value of an option would count.
    fn sets_functions(&self, at: usize) -> bool {
        let given = self.arguments(at);
        let names = ["func", "fn", "handler", "run", "function", "callback"];
        names.iter().any(|name| given.named(name).is_some())
    }

    /// Tells whether `parse_args` here only prints its help and ends.
    pub(super) fn only_helps(&self, part: Part) -> bool {
        let index = self.index;
        let asks = |word: &String| word == "-h" || word == "--help";
        let wanted = self
            .known_args()
            .is_some_and(|words| words.iter().any(asks));
        let other = |at: usize| {
            let given = self.arguments(at);
            given.named("add_help").is_some() || given.named("conflict_handler").is_some()
        };
        wanted
            && (part.from..part.to).any(|at| {
                let name = index.name(at).unwrap_or_default();
                let inside = index.inside(at + 1).map(|inside| index.trimmed(inside));
                name.rsplit('.').next() == Some("parse_args")
                    && index.is_sign(at + 1, '(')
                    && inside
                        .is_some_and(|inside| inside.from >= inside.to || self.is_left_out(inside))
            })
            && (0..index.main_end())
                .filter(|at| {
                    index
                        .name(*at)
                        .is_some_and(|name| name.ends_with("ArgumentParser"))
                })
                .all(|at| !other(at))
    }

    /// Returns the parsers on which the method at a place is called.
    fn parsers_before(&self, at: usize, hands: usize) -> Option<Vec<Way>> {
        let index = self.index;
        let (owner, _) = index.name(at)?.rsplit_once('.')?;
        if owner.is_empty() {
            // `sub.add_parser("cache").add_subparsers()`.
            let open = index.pair(at.checked_sub(1)?)?;
            return self.parsers_of(open.checked_sub(1)?, hands.checked_sub(1)?);
        }
        let before = |binding: &&Binding| binding.at < at;
        let binding = index.bindings(owner).iter().rfind(before)?;
        let Given::Is(part, None) = binding.given else {
            return None;
        };
        let mut call = None;
        let mut place = part.from;
        while place < part.to {
            if index.name(place).is_some() && index.is_sign(place + 1, '(') {
                call = Some(place);
            }
            place = index.after(place);
        }
        self.parsers_of(call?, hands.checked_sub(1)?)
    }

    /// Returns the parsers that a call gives.
    fn parsers_of(&self, at: usize, hands: usize) -> Option<Vec<Way>> {
        let name = self.index.name(at)?;
        match name.rsplit('.').next()? {
            "ArgumentParser" => Some(vec![Way::new()]),
            "add_argument_group" | "add_mutually_exclusive_group" | "add_subparsers" => {
                self.parsers_before(at, hands)
            }
            "add_parser" => {
                let names = self.words(*self.arguments(at).positional.first()?)?;
                let ways = self.parsers_before(at, hands)?.into_iter();
                Some(
                    ways.flat_map(|way| {
                        let further =
                            |name: &String| [way.as_slice(), std::slice::from_ref(name)].concat();
                        names.iter().map(further).collect::<Vec<_>>()
                    })
                    .collect(),
                )
            }
            _ => None,
        }
    }

    /// A text, or each of those that a loop goes over.
    fn words(&self, part: Part) -> Option<Vec<String>> {
        if let Some(word) = self.word(part) {
            return Some(vec![word]);
        }
        let index = self.index;
        let name = index.name(part.from).filter(|_| part.to == part.from + 1)?;
        let [binding] = index.bindings(name) else {
            return None;
        };
        let Given::Each(part, None) = binding.given else {
            return None;
        };
        let part = index.trimmed(part);
        let inside = index.inside(part.from)?;
        let whole = index.after(part.from) == part.to;
        let words = index.split(inside, ',').into_iter();
        words
            .map(|part| self.word(part))
            .collect::<Option<Vec<_>>>()
            .filter(|_| whole)
    }

    fn word(&self, part: Part) -> Option<String> {
        let part = self.index.trimmed(part);
        match self.index.token(part.from)? {
            Token::Text { text, holes, .. } if part.to == part.from + 1 && holes.is_empty() => {
                Some(text.clone())
            }
            _ => None,
        }
    }

    /// Reads one declaration; nothing where it is of a kind that is not known.
    fn declared(&self, at: usize) -> Option<Declared> {
        let given = self.arguments(at);
        let words: Option<Vec<String>> = given
            .positional
            .iter()
            .map(|part| self.word(*part))
            .collect();
        let words = words?;
        let first = words.first()?.clone();
        let operand = !first.starts_with('-');
        let long = words.iter().find(|word| word.starts_with("--"));
        let name = match given.named("dest") {
            Some(part) => self.word(part)?,
            None => long
                .unwrap_or(&first)
                .trim_start_matches('-')
                .replace('-', "_"),
        };
        let name = if operand { first } else { name };
        let (action, takes) = self.declares(&given, &words)?;
        let sets = matches!(action.as_str(), "store_true" | "store_false");
        let name = match takes {
            Takes::Sets(_) if !sets => String::new(),
            _ => name,
        };
        let back = words.iter().filter_map(|word| word.strip_prefix("--"));
        let back: Vec<String> = back.map(|name| format!("--no-{name}")).collect();
        let names = match takes {
            Takes::Turns => [words, back].concat(),
            _ if operand => Vec::new(),
            _ => words,
        };
        Some(Declared {
            names,
            name,
            takes,
            default: given.named("default"),
            made: given.named("type").is_some(),
            counts: given.named("type").is_some_and(|part| {
                let int = self.index.name(part.from) == Some("int") && part.to == part.from + 1;
                int && self.index.bindings("int").is_empty()
                    && self.index.function_named("int").is_none()
            }),
            at,
        })
    }

    /// Returns what a declaration does, and how many words it takes.
    fn declares(&self, given: &Arguments, words: &[String]) -> Option<(String, Takes)> {
        let turns = |part: Part| {
            self.index
                .name(part.from)
                .is_some_and(|name| name.ends_with("BooleanOptionalAction"))
        };
        let action = match given.named("action") {
            Some(part) if turns(part) => "turn".to_owned(),
            Some(part) => self.word(part)?,
            None => "store".to_owned(),
        };
        let takes = match (action.as_str(), given.named("nargs")) {
            ("store_true", None) => Takes::Sets(true),
            ("store_false", None) => Takes::Sets(false),
            ("store", None) => Takes::One,
            ("append", None) if words.iter().all(|word| word.starts_with('-')) => Takes::Each,
            ("turn", None) if words.iter().all(|word| word.starts_with("--")) => Takes::Turns,
            ("store", Some(part)) => match self.word(part)?.as_str() {
                "+" => Takes::Many(1),
                "*" => Takes::Many(0),
                "?" => Takes::Perhaps,
                _ => return None,
            },
            // What it sets is not read, but it takes no word.
            ("version" | "help" | "count" | "store_const", None) => Takes::Sets(true),
            _ => return None,
        };
        Some((action, takes))
    }
}

impl Parser {
    /// Returns the parser at the end of a way.
    fn at(&mut self, way: &[String]) -> &mut Self {
        way.iter().fold(self, |parser, name| {
            parser.subcommands.entry(name.clone()).or_default()
        })
    }

    /// Tells whether a value is a whole number wherever it is declared; nothing where it is not.
    fn counts(&self, wanted: &str) -> Option<bool> {
        let own = self.declared.iter().filter(|one| one.name == wanted);
        let own = own.map(|one| one.counts);
        let below = self.subcommands.values();
        own.chain(below.filter_map(|one| one.counts(wanted)))
            .reduce(|one, other| one && other)
    }

    fn makes(&self, wanted: &str) -> bool {
        let own = self.declared.iter();
        own.clone().any(|one| one.name == wanted && one.made)
            || self.subcommands.values().any(|one| one.makes(wanted))
    }

    /// Reads the words of a command line.
    fn read(&self, words: &[String]) -> Option<HashMap<String, Said>> {
        let mut all = HashMap::new();
        self.read_into(words, &mut all)?;
        Some(all)
    }

    fn read_into(&self, words: &[String], all: &mut HashMap<String, Said>) -> Option<()> {
        let Some(command) = &self.command else {
            return assign(&self.declared, words, all);
        };
        // Options of the whole stand before the subcommand.
        if self.declared.iter().any(|one| one.names.is_empty()) {
            return None;
        }
        let mut at = 0;
        while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
            let option = self.declared.iter().find(|one| one.names.contains(word))?;
            at += match option.takes {
                Takes::Sets(_) | Takes::Turns => 1,
                Takes::One | Takes::Each => 2,
                Takes::Perhaps | Takes::Many(_) => return None,
            };
        }
        assign(&self.declared, words.get(..at)?, all)?;
        let Some(name) = words.get(at) else {
            all.insert(command.clone(), Said::Default(None, 0));
            return Some(());
        };
        all.insert(command.clone(), Said::Text(name.clone()));
        let rest = words.get(at + 1..)?;
        self.subcommands.get(name)?.read_into(rest, all)
    }
}

/// Gives each declaration its words; nothing where a word fits none of them.
fn assign(declared: &[Declared], words: &[String], all: &mut HashMap<String, Said>) -> Option<()> {
    for one in declared {
        let said = match (one.takes, one.default) {
            (Takes::Sets(sets), None) => Said::Set(!sets),
            (Takes::Many(_), None) if one.names.is_empty() => Said::List(Vec::new()),
            (_, default) => Said::Default(default, one.at),
        };
        if all.insert(one.name.clone(), said).is_some() && !one.name.is_empty() {
            return None;
        }
    }
    let mut operands: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if word == "--" {
            operands.extend(words.get(at..)?.iter().cloned());
            break;
        }
        let number = word
            .strip_prefix('-')
            .is_some_and(|rest| rest.parse::<f64>().is_ok());
        if !word.starts_with('-') || word == "-" || number {
            operands.push(word.clone());
            continue;
        }
        at = option(declared, word, words, at, all)?;
    }
    spread(declared, &operands, all)
}

/// Reads one option with its value; returns where the next word stands.
fn option(
    declared: &[Declared],
    word: &str,
    words: &[String],
    at: usize,
    all: &mut HashMap<String, Said>,
) -> Option<usize> {
    let (head, mut value) = match word.split_once('=') {
        Some((head, value)) => (head, Some(value.to_owned())),
        None => (word, None),
    };
    let mut found = declared
        .iter()
        .find(|one| one.names.iter().any(|name| name == head));
    if found.is_none() && head.starts_with("--") {
        // A beginning that fits one of them only.
        let mut fits = declared
            .iter()
            .filter(|one| one.names.iter().any(|name| name.starts_with(head)));
        found = fits.next().filter(|_| fits.next().is_none());
    }
    if found.is_none() && !word.starts_with("--") {
        // `-fs`, `-s.csv`: letters in one word.
        let letters = word.char_indices().skip(1);
        for (place, letter) in letters {
            let name = format!("-{letter}");
            let one = declared.iter().find(|one| one.names.contains(&name))?;
            if let Takes::Sets(sets) = one.takes {
                all.insert(one.name.clone(), Said::Set(sets));
                continue;
            }
            let rest = word.get(place + letter.len_utf8()..)?;
            value = Some(rest.trim_start_matches('=').to_owned()).filter(|rest| !rest.is_empty());
            found = Some(one);
            break;
        }
        if found.is_none() {
            return Some(at);
        }
    }
    let one = found?;
    let following = words.get(at..).unwrap_or_default();
    let (said, used) = worth(one, head, value, following, all.get(&one.name))?;
    all.insert(one.name.clone(), said);
    Some(at + used)
}

/// Returns what an option says with its value, or with the words that follow, and how many of those it takes.
fn worth(
    one: &Declared,
    head: &str,
    value: Option<String>,
    words: &[String],
    before: Option<&Said>,
) -> Option<(Said, usize)> {
    let is_value = |word: &&String| !word.starts_with('-');
    let following: Vec<String> = words.iter().take_while(is_value).cloned().collect();
    Some(match (one.takes, value) {
        (Takes::Sets(sets), None) => (Said::Set(sets), 0),
        (Takes::Turns, None) => {
            let place = one.names.iter().position(|name| name == head)?;
            (Said::Set(place < one.names.len() / 2), 0)
        }
        (Takes::Sets(_) | Takes::Turns, Some(_)) => return None,
        (Takes::Each, value) => {
            let used = usize::from(value.is_none());
            let text = value.or_else(|| following.first().cloned())?;
            let mut list = match before {
                Some(Said::List(list)) => list.clone(),
                Some(Said::Default(None, _)) => Vec::new(),
                _ => return None,
            };
            list.push(text);
            (Said::List(list), used)
        }
        (Takes::Many(_), Some(text)) => (Said::List(vec![text]), 0),
        (_, Some(text)) => (Said::Text(text), 0),
        (Takes::One, None) => (Said::Text(following.first()?.clone()), 1),
        (Takes::Perhaps, None) => match following.first() {
            Some(text) => (Said::Text(text.clone()), 1),
            None => return None,
        },
        (Takes::Many(least), None) if following.len() >= least => {
            let used = following.len();
            (Said::List(following), used)
        }
        (Takes::Many(_), None) => return None,
    })
}

/// Gives the operands to their declarations, in order.
fn spread(
    declared: &[Declared],
    operands: &[String],
    all: &mut HashMap<String, Said>,
) -> Option<()> {
    let needs = |one: &Declared| match one.takes {
        Takes::One => 1,
        Takes::Many(least) => least,
        Takes::Perhaps | Takes::Sets(_) | Takes::Each | Takes::Turns => 0,
    };
    let places: Vec<&Declared> = declared.iter().filter(|one| one.names.is_empty()).collect();
    let mut rest = operands;
    for (place, one) in places.iter().enumerate() {
        let later: usize = places.iter().skip(place + 1).map(|one| needs(one)).sum();
        let free = rest.len().checked_sub(later)?;
        let count = match one.takes {
            Takes::One => 1,
            Takes::Perhaps => free.min(1),
            Takes::Many(_) => free,
            Takes::Sets(_) | Takes::Each | Takes::Turns => return None,
        };
        let own = rest.get(..count).filter(|own| own.len() >= needs(one))?;
        rest = rest.get(count..)?;
        match (one.takes, own) {
            (Takes::Many(_), []) if one.default.is_some() => {}
            (Takes::Many(_), own) => {
                all.insert(one.name.clone(), Said::List(own.to_vec()));
            }
            (_, [text]) => {
                all.insert(one.name.clone(), Said::Text(text.clone()));
            }
            _ => {}
        }
    }
    rest.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use super::super::super::calls::{Standing, deeds};
    use super::super::super::tokens::Language;

    fn steps(declared: &str, end: &str, args: &str) -> Vec<String> {
        let text = format!(
            "import argparse, shutil\np = argparse.ArgumentParser()\n{declared}\nargs = p.parse_args()\n{end}\n"
        );
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        let standing = Standing {
            args: Some(&args),
            ..Standing::inline()
        };
        let deeds = deeds(&text, Language::Python, standing);
        deeds.steps.into_iter().map(|step| step.text).collect()
    }

    #[test]
    fn an_option_that_is_given_several_times_is_a_list() {
        let declared = "p.add_argument('--skip', action='append')\np.add_argument('--yes', action='store_true')";
        let asks = "if args.yes:\n    shutil.rmtree('data')";
        assert!(steps(declared, asks, "--skip a --skip=b").is_empty());
        assert_eq!(
            steps(declared, asks, "--skip a --yes"),
            ["rm -rf -- 'data'"]
        );
        let each = "for name in args.skip or []:\n    shutil.rmtree(name)";
        assert_eq!(
            steps(declared, each, "--skip a --skip=b"),
            ["rm -rf -- 'a'", "rm -rf -- 'b'"]
        );
        let none = "if not args.skip:\n    shutil.rmtree('data')";
        assert!(steps(declared, none, "--skip a").is_empty());
        assert_eq!(steps(declared, none, ""), ["rm -rf -- 'data'"]);
    }

    #[test]
    fn an_option_can_be_taken_back() {
        let declared =
            "p.add_argument('--dry', action=argparse.BooleanOptionalAction, default=True)";
        let asks = "if not args.dry:\n    shutil.rmtree('data')";
        assert!(steps(declared, asks, "").is_empty());
        assert!(steps(declared, asks, "--no-dry --dry").is_empty());
        assert_eq!(steps(declared, asks, "--no-dry"), ["rm -rf -- 'data'"]);
        assert_eq!(
            steps(declared, asks, "--dry --no-dry"),
            ["rm -rf -- 'data'"]
        );
    }
}
