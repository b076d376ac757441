//! Options and operands that a code declares to `argparse`, and what the command line says for each of them.
//! A declaration that it does not know, or a word that fits none, leaves all of them open.

use std::collections::HashMap;

use super::super::index::{Given, Part};
use super::super::tokens::Token;
use super::sure::Sure;
use super::{Reader, Value, Values, When};

/// Functions that hand the parsed words on to each other.
const MAX_HANDS: usize = 3;

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
    /// Where it is declared.
    at: usize,
}

/// How many words are a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// None: the option sets this.
    Sets(bool),
    One,
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

/// To which parser a declaration belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Whole,
    /// `subparsers.add_parser('clean')`.
    Subcommand(String),
}

/// The declarations of a code.
#[derive(Default)]
struct Parser {
    whole: Vec<Declared>,
    subcommands: HashMap<String, Vec<Declared>>,
    /// The name under which the subcommand is found.
    command: Option<String>,
}

impl Reader<'_> {
    /// Returns an option of `argparse` that is certain.
    pub(super) fn sure_option(&self, owner: &str, wanted: &str, depth: usize) -> Option<Sure> {
        let words = self.known_args()?;
        match self.said(owner, wanted, words, depth)? {
            Said::Set(is) => Some(Sure::Truth(is)),
            _ if self.parser()?.makes(wanted) => None,
            Said::Text(text) => Some(Sure::Text(text)),
            Said::List(items) => Some(Sure::List(items)),
            Said::Default(None, _) => Some(Sure::Nothing),
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
        if !other.is_empty() || !self.index.calls("setattr").is_empty() {
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
            Sure::List(items) => Some(items),
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
            let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
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
                    if parser.command.replace(name).is_some() {
                        return None;
                    }
                }
                "add_parser" => {
                    let given = self.arguments(at);
                    let name = self.word(*given.positional.first()?)?;
                    if given.named("parents").is_some() || given.named("aliases").is_some() {
                        return None;
                    }
                    parser.subcommands.entry(name).or_default();
                }
                "set_defaults" if !self.sets_functions(at) => return None,
                "add_argument" => {
                    let declared = self.declared(at)?;
                    match self.owner(owner, at, MAX_HANDS)? {
                        Owner::Whole => parser.whole.push(declared),
                        Owner::Subcommand(name) => {
                            parser.subcommands.entry(name).or_default().push(declared);
                        }
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

    /// Tells which parser a name stands for.
    fn owner(&self, name: &str, at: usize, hands: usize) -> Option<Owner> {
        let index = self.index;
        let binding = index
            .bindings(name)
            .iter()
            .rfind(|binding| binding.at < at)?;
        let Given::Is(part, None) = binding.given else {
            return None;
        };
        let call = index.name(part.from)?;
        let (owner, last) = call.rsplit_once('.').unwrap_or(("", call));
        match last {
            "ArgumentParser" => Some(Owner::Whole),
            "add_parser" => {
                let inside = self.arguments(part.from);
                self.word(*inside.positional.first()?)
                    .map(Owner::Subcommand)
            }
            "add_argument_group" | "add_mutually_exclusive_group" if hands > 0 => {
                self.owner(owner, binding.at, hands - 1)
            }
            _ => None,
        }
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
        let action = match given.named("action") {
            Some(part) => self.word(part)?,
            None => "store".to_owned(),
        };
        let takes = match (action.as_str(), given.named("nargs")) {
            ("store_true", None) => Takes::Sets(true),
            ("store_false", None) => Takes::Sets(false),
            ("store", None) => Takes::One,
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
        let sets = matches!(action.as_str(), "store_true" | "store_false");
        let name = match takes {
            Takes::Sets(_) if !sets => String::new(),
            _ => name,
        };
        Some(Declared {
            names: if operand { Vec::new() } else { words },
            name,
            takes,
            default: given.named("default"),
            made: given.named("type").is_some(),
            at,
        })
    }
}

impl Parser {
    fn makes(&self, wanted: &str) -> bool {
        let parts = self.subcommands.values().flatten();
        let mut all = self.whole.iter().chain(parts);
        all.any(|one| one.name == wanted && one.made)
    }

    /// Reads the words of a command line.
    fn read(&self, words: &[String]) -> Option<HashMap<String, Said>> {
        let mut all = HashMap::new();
        let Some(command) = &self.command else {
            assign(&self.whole, words, &mut all)?;
            return Some(all);
        };
        // Options of the whole stand before the subcommand.
        if self.whole.iter().any(|one| one.names.is_empty()) {
            return None;
        }
        let mut at = 0;
        while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
            let option = self.whole.iter().find(|one| one.names.contains(word))?;
            at += match option.takes {
                Takes::Sets(_) => 1,
                Takes::One => 2,
                Takes::Perhaps | Takes::Many(_) => return None,
            };
        }
        assign(&self.whole, words.get(..at)?, &mut all)?;
        let Some(name) = words.get(at) else {
            all.insert(command.clone(), Said::Default(None, 0));
            return Some(all);
        };
        all.insert(command.clone(), Said::Text(name.clone()));
        assign(self.subcommands.get(name)?, words.get(at + 1..)?, &mut all)?;
        Some(all)
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
    let is_value = |word: &&String| !word.starts_with('-');
    let following: Vec<String> = words
        .iter()
        .skip(at)
        .take_while(is_value)
        .cloned()
        .collect();
    let (said, used) = match (one.takes, value) {
        (Takes::Sets(sets), None) => (Said::Set(sets), 0),
        (Takes::Sets(_), Some(_)) => return None,
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
    };
    all.insert(one.name.clone(), said);
    Some(at + used)
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
        Takes::Perhaps | Takes::Sets(_) => 0,
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
            Takes::Sets(_) => return None,
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
