//! Tables of functions of which one is chosen by a key that is known: `{"show": show, "wipe": wipe}[sys.argv[1]]()`.
//! What stands under the other keys is not chosen, as long as the table is used for nothing else.

use super::super::index::{Given, Index, Part};
use super::super::tokens::{Language, Token};
use super::Reader;
use super::sure::Sure;

/// Entries of one table, and uses of its name, that are looked at.
const MAX_ENTRIES: usize = 200;

/// An entry of a table: its key, and what stands under it.
struct Entry {
    key: String,
    value: Part,
}

impl Reader<'_> {
    /// Returns the entries of tables that are not chosen.
    pub(super) fn unselected(&self) -> Vec<Part> {
        let index = self.index;
        let mut all = Vec::new();
        if !matches!(index.language, Language::Python | Language::Javascript) {
            return all;
        }
        for open in 0..index.tokens.len() {
            if !index.is_sign(open, '{') {
                continue;
            }
            let entries = self.entries(open);
            if entries.len() < 2 {
                continue;
            }
            let Some(keys) = self.keys_asked(open) else {
                continue;
            };
            // One that is chosen may call its neighbours: `this.wipe()`.
            let inside = index.inside(open).unwrap_or_default();
            let neighbours = (inside.from..inside.to).any(|at| {
                let name = index.name(at).unwrap_or_default();
                name == "this" || name.starts_with("this.")
            });
            let left = entries
                .into_iter()
                .filter(|entry| !neighbours && !keys.contains(&entry.key));
            all.extend(left.map(|entry| entry.value));
        }
        all
    }

    /// Calls of what was chosen out of something: `TABLE[name](…)`. Any function that nothing calls by its name may be meant.
    pub(super) fn calls_of_chosen(&self) -> Vec<usize> {
        let index = self.index;
        let is = |at: &usize| index.is_sign(*at, ']') && index.is_sign(at + 1, '(');
        (0..index.main_end()).filter(is).take(MAX_ENTRIES).collect()
    }

    /// Returns the functions of Python that nothing names, where all that is called by its name as a text is known:
    /// `globals()["cmd_" + args.command]()`. Nothing where code may be reached in another way.
    pub(super) fn unnamed(&self, text: &str) -> Option<Vec<Part>> {
        const OTHERS: [&str; 10] = [
            "getattr",
            "eval",
            "exec",
            "locals",
            "vars",
            "__import__",
            "import_module",
            "__dict__",
            "modules",
            "inspect",
        ];
        let index = self.index;
        if index.language != Language::Python {
            return None;
        }
        let mut keys = Vec::new();
        for at in 0..index.tokens.len() {
            let Some(name) = index.name(at) else {
                continue;
            };
            let last = name.rsplit('.').next().unwrap_or(name);
            if OTHERS.contains(&last) {
                return None;
            }
            if last == "globals" {
                let bare = index.is_sign(at + 1, '(') && index.is_sign(at + 2, ')');
                keys.push(self.asked_by(index.after(at + 1)).filter(|_| bare)??);
            }
        }
        if keys.is_empty() {
            return None;
        }
        let mut all = Vec::new();
        for at in 0..index.tokens.len() {
            let Some(name) = index.name(at + 1).filter(|_| index.name(at) == Some("def")) else {
                continue;
            };
            let others = || uses(index, name).into_iter().any(|other| other != at + 1);
            if self.indent(text, at) != Some(0)
                || keys.iter().any(|key| key == name)
                || is_decorated(index, at)
                || others()
            {
                continue;
            }
            all.extend(
                index
                    .function_named(name)
                    .and_then(|function| function.body),
            );
        }
        Some(all)
    }

    /// Returns the entries of a table that only name or define functions; none where anything else stands in it.
    fn entries(&self, open: usize) -> Vec<Entry> {
        let index = self.index;
        let inside = index.inside(open).unwrap_or_default();
        let mut all = Vec::new();
        for part in index.split(inside, ',') {
            let part = index.trimmed(part);
            if part.from >= part.to {
                continue;
            }
            let key = match index.token(part.from) {
                Some(Token::Text { text, holes, .. }) if holes.is_empty() => text.clone(),
                Some(Token::Name { name, .. }) if index.language == Language::Javascript => {
                    name.clone()
                }
                _ => return Vec::new(),
            };
            let value = match index.is_sign(part.from + 1, ':') {
                true => Part::new(part.from + 2, part.to),
                // `{ show, wipe }`.
                false if part.from + 1 == part.to && index.name(part.from).is_some() => part,
                false => return Vec::new(),
            };
            if !self.is_function(value) || all.len() >= MAX_ENTRIES {
                return Vec::new();
            }
            all.push(Entry { key, value });
        }
        all
    }

    /// A name of a function, or a function without a name: nothing of it runs by being written here.
    fn is_function(&self, value: Part) -> bool {
        let index = self.index;
        let value = index.trimmed(value);
        match index.name(value.from) {
            Some("lambda" | "function") => true,
            Some("async") => true,
            Some(name) if value.from + 1 == value.to => index.function_named(name).is_some(),
            Some(_) => index.is_sign(value.from + 1, '=') && index.is_sign(value.from + 2, '>'),
            None => {
                let behind = index.after(value.from);
                index.is_sign(value.from, '(')
                    && index.is_sign(behind, '=')
                    && index.is_sign(behind + 1, '>')
            }
        }
    }

    /// Returns the keys that are asked of a table; nothing where one is not known, or the table is used in another way.
    fn keys_asked(&self, open: usize) -> Option<Vec<String>> {
        let index = self.index;
        let behind = index.after(open);
        if let Some(key) = self.asked_by(behind) {
            return Some(vec![key?]);
        }
        let name = self.named_table(open)?;
        let mut keys = Vec::new();
        for (count, at) in uses(index, &name).into_iter().enumerate() {
            if count > MAX_ENTRIES {
                return None;
            }
            if index.bindings(&name).iter().any(|binding| binding.at == at) {
                continue;
            }
            let gets = index.name(at) == Some(&format!("{name}.get"));
            let asked = match gets {
                true => self.key_in(at + 1),
                false => self.asked_by(at + 1),
            };
            match asked {
                Some(key) => keys.push(key?),
                None if self.only_lists(at, &name) => {}
                None => return None,
            }
        }
        Some(keys)
    }

    /// `[key]`, `.get(key)`: the key where one is asked here, nothing inside where it is not known.
    fn asked_by(&self, at: usize) -> Option<Option<String>> {
        let index = self.index;
        match index.name(at) {
            Some(".get") => self.key_in(at + 1),
            _ if index.is_sign(at, '[') => self.key_in(at),
            _ => None,
        }
    }

    /// The first of what stands in brackets.
    fn key_in(&self, open: usize) -> Option<Option<String>> {
        let inside = self.index.inside(open)?;
        let inside = *self.index.split(inside, ',').first()?;
        Some(match self.sure(inside, 0) {
            Some(Sure::Text(key)) => Some(key),
            _ => None,
        })
    }

    /// Returns the name that stands for a table and for nothing else.
    fn named_table(&self, open: usize) -> Option<String> {
        let index = self.index;
        let at = open
            .checked_sub(2)
            .filter(|_| index.is_sign(open - 1, '='))?;
        let name = index.name(at)?.to_owned();
        match index.bindings(&name) {
            [only] if only.at == at && matches!(only.given, Given::Is(_, None)) => Some(name),
            _ => None,
        }
    }

    /// A use that only asks which keys there are: `key in TABLE`, `choices=TABLE`, `sorted(TABLE)`, `TABLE.keys()`.
    fn only_lists(&self, at: usize, name: &str) -> bool {
        const LISTS: [&str; 6] = ["sorted", "list", "len", "join", "set", "Object.keys"];
        let index = self.index;
        if index.name(at) == Some(&format!("{name}.keys")) {
            return true;
        }
        let before = at.checked_sub(1);
        let word = before.and_then(|at| index.name(at));
        if word == Some("in") && index.name(at) == Some(name) {
            // `for key in TABLE` takes the keys, with which anything may be asked; that is a use of its own.
            return true;
        }
        let two = at.checked_sub(2).and_then(|at| index.name(at));
        let is_value = before.is_some_and(|at| index.is_sign(at, '='));
        if is_value && two == Some("choices") {
            return true;
        }
        let called = before.is_some_and(|at| index.is_sign(at, '('));
        let last = two.map(|name| name.rsplit('.').next().unwrap_or(name));
        called
            && (last.is_some_and(|name| LISTS.contains(&name)) || two == Some("Object.keys"))
            && index.is_sign(at + 1, ')')
    }
}

/// Tells whether the line before begins with `@`.
fn is_decorated(index: &Index, at: usize) -> bool {
    let mut before = (0..at)
        .rev()
        .skip_while(|at| matches!(index.token(*at), Some(Token::Line)));
    let line = before
        .by_ref()
        .take_while(|at| !matches!(index.token(*at), Some(Token::Line)));
    line.last().is_some_and(|first| {
        index.is_sign(first, '@') || index.name(first).is_some_and(|name| name.starts_with('@'))
    })
}

/// Returns the places at which a name stands, alone or in front of a dot.
fn uses(index: &Index, name: &str) -> Vec<usize> {
    let is = |at: &usize| {
        index.name(*at).is_some_and(|one| {
            one == name
                || one
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    (0..index.tokens.len()).filter(is).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::calls::{Standing, deeds};
    use super::*;

    fn steps(text: &str, language: Language, args: &str) -> Vec<String> {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        let standing = Standing {
            args: Some(&args),
            ..Standing::inline()
        };
        let deeds = deeds(text, language, standing);
        deeds.steps.into_iter().map(|step| step.text).collect()
    }

    const PYTHON: &str = "import shutil, sys\ndef show(args):\n    print(args)\ndef wipe(args):\n    shutil.rmtree('data')\n";

    #[test]
    fn what_stands_under_another_key_is_not_chosen() {
        for end in [
            "cmd, *rest = sys.argv[1:] or ['show']\n{'show': show, 'wipe': wipe}[cmd](rest)\n",
            "T = {'show': show, 'wipe': wipe}\nT[sys.argv[1]](sys.argv[2:])\n",
            "T = {'show': show, 'wipe': wipe}\nif sys.argv[1] not in T:\n    sys.exit(', '.join(T))\nT[sys.argv[1]]([])\n",
            "T = {'show': show, 'wipe': wipe}\nT.get(sys.argv[1], show)([])\n",
        ] {
            let code = format!("{PYTHON}{end}");
            assert!(steps(&code, Language::Python, "show x").is_empty(), "{end}");
            let found = steps(&code, Language::Python, "wipe x");
            assert_eq!(found, ["rm -rf -- 'data'"], "{end}");
        }
        let lambda = "import shutil, sys\nT = {'show': lambda a: a, 'wipe': lambda a: shutil.rmtree('data')}\nf = T[sys.argv[1]]\nf([])\n";
        assert!(steps(lambda, Language::Python, "show").is_empty());
        assert!(!steps(lambda, Language::Python, "wipe").is_empty());
        let script = "const fs = require('fs');\nconst show = () => {};\nfunction wipe() { fs.rmSync('data', {recursive: true}); }\n\
            const table = { show, wipe, all: () => fs.rmSync('logs', {recursive: true}) };\ntable[process.argv[2]]();\n";
        assert!(steps(script, Language::Javascript, "show").is_empty());
        assert!(!steps(script, Language::Javascript, "wipe").is_empty());
        assert!(!steps(script, Language::Javascript, "all").is_empty());
    }

    #[test]
    fn functions_that_are_called_by_their_names_as_text_are_chosen() {
        let of = |more: &str, end: &str, args: &str| {
            let code = format!("{}{more}{end}", PYTHON.replace("def ", "def cmd_"));
            steps(&code, Language::Python, args)
        };
        let end = "globals()['cmd_' + sys.argv[1]](sys.argv[2:])\n";
        assert!(of("", end, "show x").is_empty());
        assert_eq!(of("", end, "wipe x"), ["rm -rf -- 'data'"]);
        let inner = "def drop(a):\n    shutil.rmtree('logs')\ndef cmd_all(a):\n    drop(a)\n";
        assert!(of(inner, end, "show x").is_empty());
        assert_eq!(of(inner, end, "all x"), ["rm -rf -- 'logs'"]);
        for end in [
            "globals()['cmd_' + sys.argv[1]](1)\nglobals()[input()](1)\n",
            "globals()['cmd_' + sys.argv[1]](1)\ncmd_wipe(1)\n",
            "globals()['cmd_' + sys.argv[1]](1)\nf = [cmd_wipe]\nf[0](1)\n",
            "globals()['cmd_' + sys.argv[1]](1)\ngetattr(sys.modules[__name__], 'cmd_wipe')(1)\n",
            "globals()['cmd_' + sys.argv[1]](1)\ng = globals()\ng['cmd_wipe'](1)\n",
            "globals()['cmd_' + sys.argv[1]](1)\nfor f in globals().values():\n    f(1)\n",
        ] {
            assert!(!of("", end, "show x").is_empty(), "{end}");
        }
        let given = "def cmd_take(a):\n    shutil.rmtree(a[0])\n";
        assert_eq!(of(given, end, "take logs"), ["rm -rf -- 'logs'"]);
        let table = format!(
            "{PYTHON}def take(a, b):\n    shutil.rmtree(b)\n{{'take': take, 'show': show}}[sys.argv[1]](1, 'logs')\n"
        );
        let found = steps(&table, Language::Python, "take");
        assert!(found.contains(&"rm -rf -- 'logs'".to_owned()), "{found:?}");
        let decorated = "@atexit.register\ndef cmd_last():\n    shutil.rmtree('logs')\n";
        assert!(!of(decorated, end, "show x").is_empty());
    }

    #[test]
    fn a_table_that_is_used_otherwise_chooses_all() {
        for end in [
            "T = {'show': show, 'wipe': wipe}\nfor f in T.values():\n    f([])\n",
            "T = {'show': show, 'wipe': wipe}\nT[sys.argv[1]]([])\nT[input()]([])\n",
            "T = {'show': show, 'wipe': wipe}\nT['show'] = wipe\nT[sys.argv[1]]([])\n",
            "T = {'show': show, 'wipe': wipe}\nT[sys.argv[1]]([])\ng(T)\n",
            "T = {'show': show, 'wipe': wipe}\nT[sys.argv[1]]([])\nwipe([])\n",
            "T = {'show': show, 'wipe': shutil.rmtree('data')}\nT[sys.argv[1]]([])\n",
            "T = {'show': show, 'wipe': wipe}\nT[sys.argv[1]]([])\nfor k in T:\n    T[k]([])\n",
            "T = {'show': wipe, 'wipe': show}\nT[sys.argv[1]]([])\n",
            "T = {'show': show, 'wipe': wipe}\nT['show'] = T.pop('wipe')\nT[sys.argv[1]]([])\n",
            "T = {'show': show, 'wipe': wipe}\nT.update(show=wipe)\nT[sys.argv[1]]([])\n",
            "T = U = {'show': show, 'wipe': wipe}\nT[sys.argv[1]]([])\nU[input()]([])\n",
        ] {
            let code = format!("{PYTHON}{end}");
            let found = steps(&code, Language::Python, "show x");
            assert!(!found.is_empty(), "{end}");
        }
    }
}
