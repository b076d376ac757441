//! make's functions that are more than text: conditions, loops, calls, files, and commands that make runs while it reads.
//! Functions of text are told apart in `words`.

use super::text::{self, has_hole};
use super::values::Content;
use super::words;
use super::{Make, Run};

/// Words that one `foreach` goes through.
const MAX_ROUNDS: usize = 2_000;

impl Make<'_> {
    /// Returns what a function gives; nothing where the name is none.
    pub(super) fn function(
        &mut self,
        name: &str,
        rest: &str,
        open: char,
        depth: usize,
    ) -> Option<Vec<String>> {
        if let Some(most) = words::arity(name) {
            return Some(self.of_words(name, &text::arguments(rest, open, most), depth));
        }
        let args = |most: usize| text::arguments(rest, open, most);
        Some(match name {
            "shell" => self.expanded(rest, depth, |make, said| make.runs_command(said)),
            "wildcard" => self.expanded(rest, depth, |make, said| {
                let words = said.split_whitespace().map(|word| make.there(word));
                words.collect::<Vec<_>>().join(" ")
            }),
            "if" => self.chosen(&args(3), depth),
            "or" => self.first_of(&args(usize::MAX), depth),
            "and" => self.last_of(&args(usize::MAX), depth),
            "foreach" => self.each(&args(3), depth),
            "call" => self.called(&args(usize::MAX), open, depth),
            "eval" => self.expanded(rest, depth, |make, said| {
                make.evaluates(said);
                String::new()
            }),
            "value" => self.raw(rest, depth),
            "origin" => self.origin(rest, depth),
            "info" | "warning" => self.expanded(rest, depth, |_, _| String::new()),
            "error" => self.ended(rest, depth),
            "file" => self.file(&args(2), depth),
            "flavor" | "guile" | "let" | "intcmp" => {
                self.expand(rest, depth);
                vec![self.hole("${make_value}")]
            }
            _ => return None,
        })
    }

    /// Expands an argument and makes something of each of its readings.
    fn expanded(
        &mut self,
        rest: &str,
        depth: usize,
        mut make: impl FnMut(&mut Self, &str) -> String,
    ) -> Vec<String> {
        let readings = self.expand(rest, depth);
        readings.iter().map(|said| make(self, said)).collect()
    }

    fn of_words(&mut self, name: &str, args: &[&str], depth: usize) -> Vec<String> {
        let mut lists: Vec<Vec<String>> = vec![Vec::new()];
        for arg in args {
            let readings = self.expand(arg, depth);
            let with = |list: &Vec<String>| {
                let one = list.clone();
                readings
                    .iter()
                    .map(move |said| one.iter().chain([said]).cloned().collect::<Vec<_>>())
            };
            lists = lists.iter().flat_map(with).take(256).collect();
        }
        let cwd = self.world.cwd();
        lists
            .iter()
            .map(|list| match words::apply(name, list, cwd.as_deref()) {
                Some(text) => text,
                None => self.hole("${make_value}"),
            })
            .collect()
    }

    /// `$(shell ...)`: the shell runs it while make reads, whatever becomes of what it prints.
    fn runs_command(&mut self, said: &str) -> String {
        let text = self.told(said);
        if matches!(text.trim(), "pwd" | "pwd -P" | "pwd -L")
            && let Some(cwd) = self.world.cwd()
        {
            return cwd;
        }
        self.notes(text.clone());
        self.hole(&format!("$({text})"))
    }

    /// Notes down a command that make runs by itself.
    pub(super) fn notes(&mut self, text: String) {
        let run = Run {
            place: self.place.clone(),
            text,
        };
        if !self.runs.contains(&run) {
            self.runs.push(run);
        }
    }

    fn chosen(&mut self, args: &[&str], depth: usize) -> Vec<String> {
        let arg = |at: usize| args.get(at).copied().unwrap_or_default();
        let mut all = Vec::new();
        let readings = self.expand(arg(0).trim(), depth);
        for said in &readings {
            let holds = self.says(said);
            // What one of several readings decides is not certain.
            let doubt = holds.is_none() || readings.len() > 1;
            if holds != Some(false) {
                all.extend(self.doubted(doubt, arg(1), depth));
            }
            if holds != Some(true) {
                all.extend(self.doubted(doubt, arg(2), depth));
            }
        }
        all
    }

    /// Expands a part that make may leave out.
    fn doubted(&mut self, doubt: bool, text: &str, depth: usize) -> Vec<String> {
        self.doubt += usize::from(doubt);
        let all = self.expand(text, depth);
        self.doubt -= usize::from(doubt);
        all
    }

    /// `$(or a,b)`: the first that says something.
    fn first_of(&mut self, args: &[&str], depth: usize) -> Vec<String> {
        let mut all = Vec::new();
        for arg in args {
            let mut open = false;
            for said in self.doubted(!all.is_empty(), arg.trim(), depth) {
                match self.says(&said) {
                    Some(false) => open = true,
                    Some(true) => all.push(said),
                    None => {
                        open = true;
                        all.push(said);
                    }
                }
            }
            if !open {
                return all;
            }
        }
        all.push(String::new());
        all
    }

    /// `$(and a,b)`: the last, where all of them say something.
    fn last_of(&mut self, args: &[&str], depth: usize) -> Vec<String> {
        let mut nothing = false;
        let mut last = Vec::new();
        for arg in args {
            last = self.doubted(nothing, arg.trim(), depth);
            let says: Vec<Option<bool>> = last.iter().map(|said| self.says(said)).collect();
            if says.iter().all(|says| *says == Some(false)) {
                return vec![String::new()];
            }
            nothing |= says.iter().any(|says| *says != Some(true));
        }
        if nothing {
            last.push(String::new());
        }
        last
    }

    fn each(&mut self, args: &[&str], depth: usize) -> Vec<String> {
        let [name, list, body] = args else {
            return vec![String::new()];
        };
        let name = self.expand(name.trim(), depth).concat();
        let mut all = Vec::new();
        for said in self.expand(list, depth) {
            let mut one = vec![String::new()];
            for (count, word) in said.split_whitespace().enumerate() {
                if count >= MAX_ROUNDS {
                    self.cut = true;
                    break;
                }
                self.locals
                    .push((name.clone(), vec![Content::Simple(word.to_owned())]));
                // A name of files may stand for none.
                let more = self.doubted(text::truth(word).is_none(), body, depth);
                self.locals.pop();
                let more: Vec<String> = more.iter().map(|text| format!("{text} ")).collect();
                one = self.crossed(one, &more);
            }
            all.extend(one);
        }
        all
    }

    /// `$(call name,a,b)`: a variable whose text has `$(1)` and `$(2)`.
    fn called(&mut self, args: &[&str], open: char, depth: usize) -> Vec<String> {
        let Some((name, rest)) = args.split_first() else {
            return vec![String::new()];
        };
        let name = self.expand(name.trim(), depth).concat();
        let known = self.contents(&name);
        if known.is_empty() {
            // A function of make's own may be called as well.
            let rest = rest.join(",");
            let own = self.function(&name, &rest, open, depth);
            return own.unwrap_or_else(|| vec![self.hole(&format!("${{{}}}", plain(&name)))]);
        }
        let before = self.locals.len();
        let mut locals = vec![("0".to_owned(), vec![Content::Simple(name)])];
        for (at, arg) in rest.iter().enumerate() {
            let readings = self.expand(arg, depth);
            let readings = readings.into_iter().map(Content::Simple).collect();
            locals.push(((at + 1).to_string(), readings));
        }
        // Parameters that were not given are empty, not those of a call around.
        for at in rest.len()..9 {
            locals.push(((at + 1).to_string(), vec![Content::Simple(String::new())]));
        }
        self.locals.extend(locals);
        let mut all = Vec::new();
        for content in known {
            match content {
                Content::Simple(text) => all.push(text),
                Content::Recursive(text) => all.extend(self.expand(&text, depth)),
                Content::Unset => all.push(String::new()),
            }
        }
        self.locals.truncate(before);
        all
    }

    /// Returns what a variable was given, unexpanded; none where no Makefile and no call gives it anything.
    fn contents(&self, name: &str) -> Vec<Content> {
        let given = self.given.iter().rev().find(|(known, _)| known == name);
        let given = given.filter(|_| !self.forced.contains(name));
        let scoped = self.scope.iter().rev().find(|(known, _)| known == name);
        match (given.or(scoped), self.table.get(name)) {
            (Some((_, content)), _) => vec![content.clone()],
            (None, Some(contents)) => (**contents).clone(),
            (None, None) => Vec::new(),
        }
    }

    /// `$(value name)`: the text as it was written.
    fn raw(&mut self, rest: &str, depth: usize) -> Vec<String> {
        let name = self.expand(rest.trim(), depth).concat();
        let mut all = Vec::new();
        for content in self.contents(&name) {
            all.push(match content {
                Content::Simple(text) => text,
                Content::Recursive(text) => text.replace('$', &text::DOLLAR.to_string()),
                Content::Unset => String::new(),
            });
        }
        if all.is_empty() {
            all.push(self.hole(&format!("${{{}}}", plain(&name))));
        }
        all
    }

    fn origin(&mut self, rest: &str, depth: usize) -> Vec<String> {
        let name = self.expand(rest.trim(), depth).concat();
        if self.given.iter().any(|(known, _)| *known == name) && !self.forced.contains(&name) {
            return vec!["command line".to_owned()];
        }
        match self.table.contains_key(name.as_str()) {
            true => vec!["file".to_owned()],
            false => vec![self.hole("${make_value}")],
        }
    }

    /// `$(error ...)`: make ends here, unless it may never come here.
    fn ended(&mut self, rest: &str, depth: usize) -> Vec<String> {
        self.expand(rest, depth);
        if self.doubt == 0 {
            self.stopped = true;
        }
        vec![String::new()]
    }

    /// `$(file > name,text)`.
    fn file(&mut self, args: &[&str], depth: usize) -> Vec<String> {
        let names = self.expand(args.first().copied().unwrap_or_default(), depth);
        let texts = self.expand(args.get(1).copied().unwrap_or_default(), depth);
        for name in names
            .iter()
            .filter(|name| name.trim_start().starts_with('>'))
        {
            let text = texts.first().cloned().unwrap_or_default();
            let sign: String = name
                .trim_start()
                .chars()
                .take_while(|char| *char == '>')
                .collect();
            let name = name.trim_start().trim_start_matches('>').trim();
            let (name, text) = (self.word(name), self.word(&text));
            self.notes(format!("printf '%s\\n' {text} {sign} {name}"));
        }
        let reads = names.iter().any(|name| name.trim_start().starts_with('<'));
        vec![if reads {
            self.hole("${make_value}")
        } else {
            String::new()
        }]
    }

    /// Writes a text as one word of the shell.
    fn word(&self, said: &str) -> String {
        match has_hole(said) {
            true => format!("\"{}\"", self.told(said)),
            false => text::quoted(&self.told(said)),
        }
    }
}

fn plain(name: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || char == '_';
    match !name.is_empty() && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => "make_value".to_owned(),
    }
}
