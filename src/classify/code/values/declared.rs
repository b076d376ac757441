//! Options that a code declares to `util.parseArgs` of Node or to `OptionParser` of Ruby, and what the command line says for them.
//! A word that fits none of them, or a declaration that is not known here, leaves all of them open.

use super::super::index::{Given, Part};
use super::super::tokens::{Language, Token};
use super::Reader;
use super::sure::Sure;

/// One option.
struct Declared {
    /// Its spellings with their dashes.
    names: Vec<String>,
    /// The name under which its value is found.
    key: String,
    takes: bool,
    /// What it sets when it takes no word.
    sets: Sure,
    /// What is declared for it when it is not said.
    default: Sure,
    several: bool,
}

impl Reader<'_> {
    /// Returns the options under the name that holds them all, or the words that are none.
    pub(super) fn declared_options(&self, name: &str, depth: usize) -> Option<Sure> {
        let words = self.known_args()?;
        match self.index.language {
            Language::Javascript => self.of_node(name, words, depth),
            Language::Ruby => self.of_ruby(name, words, depth),
            _ => None,
        }
    }

    /// `const { values, positionals } = parseArgs({ options: { … } })`.
    fn of_node(&self, name: &str, words: &[String], depth: usize) -> Option<Sure> {
        let index = self.index;
        let mut calls = ["parseArgs", "util.parseArgs"]
            .iter()
            .flat_map(|name| index.calls(name));
        let (Some(call), None) = (calls.next(), calls.next()) else {
            return None;
        };
        let given = index.is_sign(call.checked_sub(1)?, '=');
        let open = index.pair(call.checked_sub(2)?).filter(|_| given)?;
        let mut holds = None;
        for part in index.split(index.inside(open)?, ',') {
            let own = index.name(part.to.checked_sub(1)?)?;
            if own == name {
                holds = index.name(part.from);
            }
        }
        let holds = holds?;
        let escapes = super::changes::escapes(index, name, None);
        if escapes || !index.bindings(name).is_empty() || self.is_changed_behind(name, *call) {
            return None;
        }
        let settings = self.written_out(index.inside(call + 1)?)?;
        let known = ["options", "allowPositionals", "strict"];
        if settings
            .iter()
            .any(|(key, _)| !known.contains(&key.as_str()))
        {
            return None;
        }
        let (_, options) = settings.iter().find(|(key, _)| key == "options")?;
        let mut declared = Vec::new();
        for (key, part) in self.written_out(*options)? {
            declared.push(self.node_option(&key, part, depth)?);
        }
        let (map, rest) = read(&declared, words)?;
        match holds {
            "values" => Some(map),
            "positionals" => Some(Sure::texts(rest)),
            _ => None,
        }
    }

    fn node_option(&self, key: &str, part: Part, depth: usize) -> Option<Declared> {
        let mut option = Declared {
            names: vec![format!("--{key}")],
            key: key.to_owned(),
            takes: false,
            sets: Sure::Truth(true),
            default: Sure::Nothing,
            several: false,
        };
        for (name, part) in self.written_out(part)? {
            let value = self.sure(part, depth + 1)?;
            match (name.as_str(), value) {
                ("type", Sure::Text(kind)) => option.takes = kind == "string",
                ("short", Sure::Text(letter)) => option.names.push(format!("-{letter}")),
                ("default", value) => option.default = value,
                ("multiple", Sure::Truth(is)) => option.several = is,
                _ => return None,
            }
        }
        Some(option)
    }

    /// Returns the entries of a map that is written out.
    fn written_out(&self, part: Part) -> Option<Vec<(String, Part)>> {
        let index = self.index;
        let part = index.trimmed(part);
        let inside = match index.is_sign(part.from, '{') {
            true => index.inside(part.from)?,
            false => return None,
        };
        let entry = |part: Part| {
            let key = match index.token(part.from)? {
                Token::Name { name, .. } => name.clone(),
                Token::Text { text, holes, .. } if holes.is_empty() => text.clone(),
                _ => return None,
            };
            let behind = part.from + 1;
            let value = Part::new(behind + 1, part.to);
            index.is_sign(behind, ':').then_some((key, value))
        };
        index.split(inside, ',').into_iter().map(entry).collect()
    }

    /// Tells whether something behind a place may change what a name holds.
    fn is_changed_behind(&self, name: &str, at: usize) -> bool {
        let index = self.index;
        let front = format!("{name}.");
        (at..index.main_end()).any(|at| {
            let whole = index.name(at) == Some(name);
            let part = index
                .name(at)
                .is_some_and(|found| found.starts_with(&front));
            let mut behind = at + 1;
            while index.is_sign(behind, '[') {
                behind = index.after(behind);
            }
            (whole || part) && self.is_given(behind) || whole && self.is_handed(at)
        })
    }

    /// `Object.assign(values, …)`, `merge(values)`: alone in the brackets of a call.
    fn is_handed(&self, at: usize) -> bool {
        let index = self.index;
        let alone = matches!(index.sign(at + 1), Some(',' | ')'));
        let open = index.around(at).filter(|open| index.is_sign(*open, '('));
        let call = open.and_then(|open| open.checked_sub(1));
        let name = call.and_then(|at| index.name(at)).unwrap_or_default();
        alone && !name.is_empty() && !name.starts_with("console.")
    }

    /// `opts = { dir: 'build' }` and `o.on('--dir DIR') { |v| opts[:dir] = v }`.
    fn of_ruby(&self, name: &str, words: &[String], depth: usize) -> Option<Sure> {
        let index = self.index;
        let [binding] = index.bindings(name) else {
            return None;
        };
        let Given::Is(part, None) = binding.given else {
            return None;
        };
        let mut declared = Vec::new();
        for (key, part) in self.written_out(part)? {
            declared.push(Declared {
                names: Vec::new(),
                key,
                takes: false,
                sets: Sure::Nothing,
                default: self.sure(part, depth + 1)?,
                several: false,
            });
        }
        let mut blocks: Vec<Part> = Vec::new();
        let calls = (0..index.main_end()).filter(|at| {
            index.name(*at).is_some_and(|name| name.ends_with(".on")) && index.is_sign(at + 1, '(')
        });
        for at in calls {
            let (option, block) = self.ruby_option(name, at)?;
            blocks.push(block);
            declared.extend(option);
        }
        let set_elsewhere = (part.to..index.main_end()).any(|at| {
            let own = index.name(at) == Some(name);
            let inside = blocks
                .iter()
                .any(|block| (block.from..block.to).contains(&at));
            let behind = if index.is_sign(at + 1, '[') {
                index.after(at + 1)
            } else {
                at + 1
            };
            own && !inside && (self.is_given(behind) || self.is_handed(at))
        });
        // `opts.merge!(…)`, `other = opts`.
        let front = format!("{name}.");
        let asks = ["fetch", "dig", "key", "empty", "keys"];
        let changed = (0..index.main_end()).any(|at| {
            let method = index.name(at).and_then(|found| found.strip_prefix(&front));
            let bare = index.name(at) == Some(name) && !index.is_sign(at + 1, '[');
            let aliased = bare && at > 0 && index.is_sign(at - 1, '=');
            aliased || method.is_some_and(|method| !asks.contains(&method))
        });
        if blocks.is_empty() || set_elsewhere || changed {
            return None;
        }
        read(&declared, words).map(|(map, _)| map)
    }

    /// Tells whether `OptionParser` of Ruby takes the options out of the words: `parse!`.
    pub(super) fn takes_options(&self) -> bool {
        let index = self.index;
        (0..index.main_end()).any(|at| {
            let last = index.name(at).and_then(|name| name.rsplit('.').next());
            matches!(last, Some("parse!" | "permute!" | "order!" | "getopts"))
        })
    }

    /// Returns the words that are left when `OptionParser` of Ruby has taken its options.
    pub(super) fn words_left(&self) -> Option<Vec<String>> {
        let index = self.index;
        let mut declared = Vec::new();
        for at in 0..index.main_end() {
            let name = index.name(at).unwrap_or_default();
            if name.ends_with(".on") && index.is_sign(at + 1, '(') {
                let (names, takes, turns) = self.spelled(at)?;
                if turns {
                    return None;
                }
                declared.push(Declared {
                    key: names.first().cloned().unwrap_or_default(),
                    names,
                    takes,
                    sets: Sure::Truth(true),
                    default: Sure::Nothing,
                    several: false,
                });
            } else if name.ends_with(".on") || name.ends_with("getopts") {
                return None;
            }
        }
        read(&declared, self.standing.args?).map(|(_, rest)| rest)
    }

    /// The spellings of one `o.on(…)`, whether it takes a word, and whether it can be turned round.
    fn spelled(&self, at: usize) -> Option<(Vec<String>, bool, bool)> {
        let index = self.index;
        let mut names = Vec::new();
        let mut takes = false;
        let mut turns = false;
        for part in index.split(index.inside(at + 1)?, ',') {
            let Token::Text { text, holes, .. } = index.token(part.from)? else {
                return None;
            };
            if !holes.is_empty() || part.to != part.from + 1 {
                return None;
            }
            if !text.starts_with('-') {
                continue;
            }
            let (spelled, word) = text.split_once([' ', '=']).unwrap_or((text, ""));
            takes |= !word.is_empty();
            // A word that may be left out.
            if word.starts_with('[') {
                return None;
            }
            turns |= spelled.contains("[no-]");
            names.push(spelled.replace("[no-]", ""));
        }
        Some((names, takes, turns))
    }

    /// One `o.on(…) { … }`: what it sets, and its block.
    fn ruby_option(&self, owner: &str, at: usize) -> Option<(Option<Declared>, Part)> {
        let index = self.index;
        let (names, takes, turns) = self.spelled(at)?;
        let open = index.after(at + 1);
        let block = index.inside(open).filter(|_| index.is_sign(open, '{'))?;
        let mut from = block.from;
        let mut given = None;
        if index.is_sign(from, '|') {
            given = index.name(from + 1);
            from += 3;
        }
        let body = index.trimmed(Part::new(from, block.to));
        if index.name(body.from) != Some(owner) {
            // It sets something else, or shows the help and ends.
            return None;
        }
        let behind = index.after(body.from + 1);
        let key = index
            .name(body.from + 3)
            .filter(|_| index.is_sign(body.from + 2, ':'))?;
        let value = index.name(behind + 1).filter(|_| behind + 2 == body.to)?;
        let sets = match value {
            "true" => Sure::Truth(true),
            "false" => Sure::Truth(false),
            value if Some(value) == given => Sure::Truth(true),
            _ => return None,
        };
        if turns || takes && Some(value) != given || !index.is_sign(behind, '=') {
            return None;
        }
        let option = Declared {
            names,
            key: key.to_owned(),
            takes,
            sets,
            default: Sure::Nothing,
            several: false,
        };
        Some((Some(option), block))
    }
}

/// Reads the words of the command line; what stands for no option is handed back.
fn read(declared: &[Declared], words: &[String]) -> Option<(Sure, Vec<String>)> {
    let mut map: Vec<(String, Sure)> = Vec::new();
    for option in declared {
        if !map.iter().any(|(key, _)| *key == option.key) {
            map.push((option.key.clone(), option.default.clone()));
        }
    }
    let mut rest = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            rest.push(word.clone());
            continue;
        }
        let (name, said) = match word.split_once('=').filter(|_| word.starts_with("--")) {
            Some((name, said)) => (name, Some(said.to_owned())),
            None => (word.as_str(), None),
        };
        let by = |name: &str| {
            declared
                .iter()
                .find(|one| one.names.iter().any(|own| own == name))
        };
        let letter = word
            .get(..2)
            .filter(|_| !word.starts_with("--") && word.len() > 2);
        let (option, said) = match (by(name), letter) {
            (Some(option), _) => (option, said),
            // `-gNAME`
            (None, Some(letter)) => (
                by(letter).filter(|one| one.takes)?,
                word.get(2..).map(str::to_owned),
            ),
            (None, None) => return None,
        };
        let value = match (option.takes, said) {
            (true, Some(said)) => Sure::Text(said),
            (true, None) => Sure::Text(words.next()?.clone()),
            (false, None) => option.sets.clone(),
            (false, Some(_)) => return None,
        };
        let (_, place) = map.iter_mut().find(|(key, _)| *key == option.key)?;
        match (option.several, &mut *place) {
            (true, Sure::List(items)) => items.push(value),
            (true, _) => *place = Sure::List(vec![value]),
            (false, _) => *place = value,
        }
    }
    Some((Sure::Map(map), rest))
}
