//! Splits the words of a cmdlet into switches, values and operands, and those of a cmd command into its `/x` options.
//! Which parameters a cmdlet has is the caller's to say; any of them may be cut short.

use crate::classify::files::cut;
use crate::model::word::Word;

/// Parameters of a cmdlet, in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub switches: &'static [&'static str],
    pub valued: &'static [&'static str],
    /// Parameters whose value may be a list of patterns.
    pub lists: &'static [&'static str],
}

/// Switches that every cmdlet has.
const COMMON_SWITCHES: &[&str] = &[
    "whatif", "wi", "confirm", "cf", "verbose", "vb", "debug", "db",
];

/// Parameters with a value that every cmdlet has.
const COMMON_VALUED: &[&str] = &[
    "erroraction",
    "ea",
    "warningaction",
    "wa",
    "informationaction",
    "infa",
    "progressaction",
    "proga",
    "errorvariable",
    "ev",
    "warningvariable",
    "wv",
    "informationvariable",
    "iv",
    "outvariable",
    "ov",
    "outbuffer",
    "ob",
    "pipelinevariable",
    "pv",
];

/// What the words of a cmdlet say.
#[derive(Debug, Default)]
pub struct Params {
    switches: Vec<String>,
    values: Vec<(String, Word)>,
    pub operands: Vec<Word>,
}

enum Kind {
    Switch,
    Valued,
    List,
}

impl Params {
    /// Reads the words after the name of a cmdlet.
    pub fn read(args: &[Word], spec: &Spec) -> Self {
        let mut params = Self::default();
        let mut at = 0;
        while let Some(word) = args.get(at) {
            at += 1;
            let Some((name, attached)) = parameter(word) else {
                params.operands.push(word.clone());
                continue;
            };
            let (full, kind) = spec.lookup(&name);
            match (kind, attached) {
                (Kind::Switch, Some(value)) if is_false(&value) => {}
                (Kind::Switch, _) => params.switches.push(full),
                (Kind::Valued | Kind::List, Some(value)) => params.values.push((full, value)),
                (Kind::Valued, None) => {
                    if let Some(value) = args.get(at) {
                        params.values.push((full, value.clone()));
                        at += 1;
                    }
                }
                (Kind::List, None) => {
                    let mut first = true;
                    while let Some(value) = args.get(at).filter(|word| first || is_pattern(word)) {
                        params.values.push((full.clone(), value.clone()));
                        first = false;
                        at += 1;
                    }
                }
            }
        }
        params
    }

    /// Tells whether a switch is on.
    pub fn has(&self, name: &str) -> bool {
        self.switches.iter().any(|known| known == name)
    }

    /// Returns the values of a parameter.
    pub fn values(&self, names: &[&str]) -> Vec<&Word> {
        self.values
            .iter()
            .filter(|(known, _)| names.contains(&known.as_str()))
            .map(|(_, value)| value)
            .collect()
    }

    /// Returns the text of a parameter's last value.
    pub fn text(&self, name: &str) -> Option<String> {
        self.values(&[name]).last().map(|word| word.shown())
    }

    /// Tells whether the cmdlet only says what it would do.
    pub fn is_rehearsal(&self) -> bool {
        ["whatif", "wi", "?", "outputscriptonly"]
            .iter()
            .any(|name| self.has(name))
    }
}

impl Spec {
    fn lookup(&self, name: &str) -> (String, Kind) {
        let exact = |list: &[&str]| list.contains(&name);
        let short = |list: &[&'static str]| {
            list.iter()
                .find(|known| known.starts_with(name))
                .map(|&known| known.to_owned())
        };
        if exact(self.switches) || exact(COMMON_SWITCHES) {
            return (name.to_owned(), Kind::Switch);
        }
        if exact(self.valued) || exact(COMMON_VALUED) {
            return (name.to_owned(), Kind::Valued);
        }
        if exact(self.lists) {
            return (name.to_owned(), Kind::List);
        }
        for (list, kind) in [
            (self.switches, Kind::Switch),
            (self.lists, Kind::List),
            (self.valued, Kind::Valued),
            (COMMON_SWITCHES, Kind::Switch),
            (COMMON_VALUED, Kind::Valued),
        ] {
            if let Some(full) = short(list) {
                return (full, kind);
            }
        }
        (name.to_owned(), Kind::Switch)
    }
}

/// Splits `-Name` and `-Name:value`.
fn parameter(word: &Word) -> Option<(String, Option<Word>)> {
    let text = word.prefix();
    let shown = word.shown();
    if word.quoted && !text.contains(':') {
        return None;
    }
    let bare = text.strip_prefix(['-', '\u{2013}'])?;
    if !bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '?') && shown != "-?" {
        return None;
    }
    if shown == "-?" {
        return Some(("?".to_owned(), None));
    }
    match bare.split_once(':') {
        None => Some((bare.to_ascii_lowercase(), None)),
        Some((name, _)) => {
            let value = cut(word, text.len() - bare.len() + name.len() + 1);
            let value = (!value.shown().is_empty()).then_some(value);
            Some((name.to_ascii_lowercase(), value))
        }
    }
}

fn is_false(word: &Word) -> bool {
    matches!(word.shown().to_ascii_lowercase().as_str(), "$false" | "0")
}

fn is_pattern(word: &Word) -> bool {
    parameter(word).is_none() && (word.has_glob() || word.shown().starts_with('*'))
}

/// What the words of a command of cmd say.
#[derive(Debug, Default)]
pub struct Slashes {
    /// Options without their slash, in lower case.
    pub options: Vec<String>,
    pub operands: Vec<Word>,
}

impl Slashes {
    /// Reads a command; options may be glued to its name and to one another (`rd/s/q`).
    pub fn read(words: &[Word]) -> Self {
        let mut all = Self::default();
        for (at, word) in words.iter().enumerate() {
            let text = word.shown();
            match text.split_once('/') {
                Some((_, options)) if at == 0 => all.add(options),
                None if at == 0 => {}
                Some(("", options)) if !options.is_empty() && !word.quoted => all.add(options),
                _ => all.operands.push(word.clone()),
            }
        }
        all
    }

    fn add(&mut self, options: &str) {
        let options = options.split('/').filter(|option| !option.is_empty());
        self.options.extend(options.map(str::to_ascii_lowercase));
    }

    /// Tells whether an option is there.
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|option| option == name)
    }
}
