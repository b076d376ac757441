//! Reads the places of a code that give something to a name, language by language.
//! It knows no values and no scopes.

use super::super::tokens::{Language, Token};
use super::{Binding, Function, Given, Index, Param, Part};

/// Calls whose function is given each element of what they are called on.
const EACH: [&str; 15] = [
    "each",
    "forEach",
    "map",
    "filter",
    "flatMap",
    "each_with_index",
    "each_child",
    "for_each",
    "mapAsync",
    "each_entry",
    "some",
    "collect",
    "find_each",
    "find_in_batches",
    "in_batches",
];
/// Calls that add to what they are called on.
const ADDS: [&str; 6] = ["append", "push", "extend", "add", "unshift", "concat"];
/// Names and signs before the word `in` of a loop.
const MAX_LOOP_NAMES: usize = 100;
/// Parameters of one function.
const MAX_PARAMS: usize = 400;

impl Index {
    /// Reads every token once.
    pub(super) fn read(&mut self) {
        for at in 0..self.tokens.len() {
            let Some(name) = self.name(at).map(str::to_owned) else {
                continue;
            };
            self.assignment(&name, at);
            self.called(&name, at);
            match name.as_str() {
                "for" | "foreach" => self.loops(at),
                "with" | "using" => self.with(at),
                "const" | "let" | "var" => self.taken_apart(at),
                "def" | "function" | "func" | "fn" | "sub" => self.definition(at),
                _ => {}
            }
            let last = name.rsplit('.').next().unwrap_or(&name);
            if name.contains('.') && EACH.contains(&last) {
                self.each(at, name.starts_with('.'));
            } else if name.contains('.') && ADDS.contains(&last) && self.is_sign(at + 1, '(') {
                self.added(&name, at);
            }
            self.method(&name, at);
        }
        self.attributes();
    }

    fn give(&mut self, name: &str, at: usize, given: Given) {
        let binding = Binding {
            at,
            nest: self.nest(at),
            given,
        };
        self.names.entry(name.to_owned()).or_default().push(binding);
    }

    fn called(&mut self, name: &str, at: usize) {
        let bare = matches!(self.language, Language::Ruby | Language::Perl) && self.is_text(at + 1);
        let before = at.checked_sub(1).and_then(|at| self.name(at));
        let defined = matches!(before, Some("def" | "function" | "func" | "fn" | "sub"));
        if defined || !(bare || self.is_sign(at + 1, '(')) {
            return;
        }
        let own = ["self.", "this.", "cls.", "$this."]
            .iter()
            .find_map(|owner| name.strip_prefix(owner));
        let name = own.unwrap_or(name).to_owned();
        // Options of a command line are looked up by any owner.
        if name.ends_with(".add_argument") {
            let all = self.calls.entry("add_argument".to_owned()).or_default();
            all.push(at);
        }
        self.calls.entry(name).or_default().push(at);
    }

    /// `x = …`, `x: str = …`, `const x = …`, `x := …`, `a, b = …`, `x += …`.
    fn assignment(&mut self, name: &str, at: usize) {
        let mut sign = at + 1;
        let declared = at
            .checked_sub(1)
            .and_then(|at| self.name(at))
            .is_some_and(|before| matches!(before, "my" | "let" | "const" | "var" | "our"));
        let around = self.around(at).and_then(|open| self.sign(open));
        let walrus = self.is_sign(sign, ':') && self.is_sign(sign + 1, '=');
        if matches!(around, Some('(' | '[')) && !declared && !walrus {
            return;
        }
        if self.is_sign(sign, ':') && !walrus {
            // A type: `x: list[str] = …`.
            sign += 1;
            for _ in 0..4 {
                match self.token(sign) {
                    Some(Token::Name { .. } | Token::Sign('|' | '[' | '&')) => {
                        sign = self.after(sign);
                    }
                    _ => break,
                }
            }
            if sign == at + 2 {
                return;
            }
        }
        let adds = matches!(self.sign(sign), Some('+' | '.')) && self.is_sign(sign + 1, '=')
            || self.language == Language::Ruby
                && self.is_sign(sign, '<')
                && self.is_sign(sign + 1, '<');
        if adds {
            let part = self.expression(sign + 2);
            return self.give(name, at, Given::More(part));
        }
        // `x <- …` of R, which is read as Python.
        let given = self.language == Language::Python
            && self.is_sign(sign, '<')
            && self.is_sign(sign + 1, '-')
            && at.checked_sub(1).is_none_or(|at| {
                matches!(
                    self.token(at),
                    Some(Token::Line | Token::Sign(';' | '{' | ')'))
                )
            });
        if given {
            let part = self.expression(sign + 2);
            return self.give_each(name, at, part);
        }
        sign += usize::from(walrus);
        if !self.is_sign(sign, '=') || matches!(self.sign(sign + 1), Some('=' | '>' | '~')) {
            return;
        }
        let part = self.expression(sign + 1);
        if self.arrow(name, part) || self.name(part.from) == Some("range") {
            return;
        }
        self.give_each(name, at, part);
    }

    /// Gives a value to all names in front of the sign: `a, b = …`, `first, *rest = …`.
    fn give_each(&mut self, name: &str, at: usize, part: Part) {
        let mut names = vec![name.to_owned()];
        let starred = |at: usize| at >= 2 && self.is_sign(at - 1, '*') && self.is_sign(at - 2, ',');
        // `first, *rest = …`.
        let tail = self.language == Language::Python && starred(at);
        let mut first = at - usize::from(tail);
        while names.len() < MAX_PARAMS
            && first >= 2
            && self.is_sign(first - 1, ',')
            && let Some(other) = self.name(first - 2).map(str::to_owned)
        {
            names.push(other);
            first -= 2;
        }
        let several = names.len() > 1;
        // `*rest, last = …`: how many stand before the last is not known.
        let open = self.language == Language::Python
            && several
            && first >= 1
            && self.is_sign(first - 1, '*');
        // Go gives the value first, then the error.
        let compiled = self.language == Language::Compiled;
        for (place, name) in names.iter().rev().enumerate() {
            let is_tail = tail && place + 1 == names.len();
            let place = several.then_some(place).filter(|at| !compiled || *at > 0);
            let given = match place {
                Some(_) if open => Given::Each(part, None),
                Some(place) if is_tail => Given::Tail(part, place),
                place => Given::Is(part, place),
            };
            self.give(name, at, given);
        }
    }

    /// `const [from, to] = …`.
    fn taken_apart(&mut self, at: usize) {
        let Some(inside) = self.inside(at + 1).filter(|_| self.is_sign(at + 1, '[')) else {
            return;
        };
        let equals = self.after(at + 1);
        if !self.is_sign(equals, '=') || self.language != Language::Javascript {
            return;
        }
        let part = self.expression(equals + 1);
        let mut place = 0;
        let mut item = inside.from;
        while item < inside.to && place < MAX_PARAMS {
            let fresh = item == inside.from || self.is_sign(item - 1, ',');
            match self.name(item).filter(|_| fresh).map(str::to_owned) {
                Some(name) => self.give(&name, item, Given::Is(part, Some(place))),
                None if self.is_sign(item, '.') && self.sign(item + 1).is_none() => {
                    // `[first, ...rest]`.
                    if let Some(name) = self.name(item + 1).map(str::to_owned) {
                        self.give(&name, item + 1, Given::Tail(part, place));
                    }
                }
                None => place += usize::from(self.is_sign(item, ',')),
            }
            item = self.after(item);
        }
    }

    /// `x.append(…)`.
    fn added(&mut self, name: &str, at: usize) {
        let Some((owner, _)) = name.rsplit_once('.').filter(|(owner, _)| !owner.is_empty()) else {
            return;
        };
        let Some(inside) = self.inside(at + 1) else {
            return;
        };
        for part in self.split(inside, ',') {
            self.give(owner, at, Given::More(part));
        }
    }

    fn loops(&mut self, at: usize) {
        match self.language {
            Language::Php => {
                let Some(inside) = self.inside(at + 1) else {
                    return;
                };
                let word = (inside.from..inside.to).find(|at| self.name(*at) == Some("as"));
                let name = inside.to.checked_sub(1).and_then(|at| self.name(at));
                if let (Some(word), Some(name)) = (word, name.map(str::to_owned)) {
                    self.give(&name, at, Given::Each(Part::new(inside.from, word), None));
                }
            }
            Language::Perl => self.perl_loop(at),
            _ => self.loop_in(at),
        }
    }

    /// `for my $x (…)`, `foreach (…)`, `unlink for …`.
    fn perl_loop(&mut self, at: usize) {
        let mut open = at + 1;
        if self.name(open) == Some("my") {
            open += 1;
        }
        let mut name = "$_".to_owned();
        if self.is_sign(open + 1, '(')
            && let Some(given) = self.name(open).filter(|name| name.starts_with('$'))
        {
            given.clone_into(&mut name);
            open += 1;
        }
        let part = self.expression(at + 1);
        let opens = self.is_sign(open, '(')
            && self
                .pair(open)
                .is_some_and(|close| self.is_sign(close + 1, '{'));
        let (from, part) = if opens {
            (at, self.inside(open).unwrap_or(part))
        } else {
            (at.saturating_sub(MAX_LOOP_NAMES), part)
        };
        self.give(&name, from, Given::Each(part, None));
    }

    /// `for a, b in …`, `for (const x of …)`, `for _, x := range …`, `for (T x : …)`.
    fn loop_in(&mut self, at: usize) {
        let mut from = at + 1;
        if self.name(from) == Some("await") {
            from += 1;
        }
        let bracket = self.is_sign(from, '(') && self.language != Language::Python;
        from += usize::from(bracket);
        let mut names: Vec<(String, usize)> = Vec::new();
        let mut word = from;
        let end = from + MAX_LOOP_NAMES;
        let found = loop {
            if word >= end {
                break None;
            }
            match self.token(word) {
                Some(Token::Name { name, .. }) if matches!(name.as_str(), "in" | "of") => {
                    break Some(word + 1);
                }
                Some(Token::Name { name, .. }) if name == "range" => break Some(word + 1),
                Some(Token::Name { name, .. }) => names.push((name.clone(), word)),
                Some(Token::Sign(':')) if bracket => break Some(word + 1),
                Some(Token::Sign(',' | '(' | ')' | '[' | ']' | '{' | '}' | '&' | '=' | ':')) => {}
                _ => break None,
            }
            word += 1;
        };
        let Some(begin) = found else { return };
        names.retain(|(name, _)| {
            !matches!(name.as_str(), "const" | "let" | "var" | "auto" | "final")
        });
        if bracket && self.is_sign(begin - 1, ':') {
            names = names.pop().into_iter().collect();
        }
        let part = self.loop_end(begin, bracket);
        // What a comprehension makes of its names stands before the loop.
        let place = match self.around(at) {
            Some(open) if self.language == Language::Python => open,
            _ => at,
        };
        // `for (name,) in rows` takes rows of one apart.
        let single =
            self.language == Language::Python && (from..begin).any(|at| self.is_sign(at, ','));
        let several = names.len() > 1 || single;
        let go = self.language == Language::Compiled && several;
        for (position, (name, _)) in names.iter().enumerate() {
            let within = several.then_some(position).filter(|_| !go);
            if go && position == 0 {
                continue;
            }
            self.give(name, place, Given::Each(part, within));
        }
    }

    fn loop_end(&self, from: usize, bracket: bool) -> Part {
        let whole = self.expression(from);
        let mut at = from;
        while at < whole.to {
            let ends = match self.token(at) {
                Some(Token::Sign(':')) => !bracket,
                Some(Token::Sign('{')) => at > from && self.language != Language::Python,
                Some(Token::Name { name, .. }) => {
                    at > from && matches!(name.as_str(), "if" | "for" | "do" | "async")
                }
                _ => false,
            };
            if ends {
                break;
            }
            at = self.after(at);
        }
        Part::new(from, at.min(whole.to))
    }

    /// `with open(x) as f, y as g:`.
    fn with(&mut self, at: usize) {
        let mut from = at + 1;
        let mut place = from;
        for _ in 0..MAX_PARAMS * 4 {
            match self.token(place) {
                Some(Token::Name { name, .. }) if name == "as" => {
                    if let Some(name) = self.name(place + 1).map(str::to_owned) {
                        self.give(&name, at, Given::Is(Part::new(from, place), None));
                    }
                    place += 2;
                    from = place + 1;
                }
                Some(Token::Line | Token::Sign(':' | ';')) | None => return,
                _ => place = self.after(place),
            }
        }
    }

    /// `files.each { |f| … }`, `list.forEach(x => …)`.
    fn each(&mut self, at: usize, chained: bool) {
        let name = self.block_name(at + 1);
        let Some((name, _)) = name else { return };
        let given = if chained {
            Given::Each(Part::new(self.chain(at), at), None)
        } else {
            Given::EachOf(Part::new(at, at + 1))
        };
        self.give(&name, at, given);
    }

    /// Returns the first parameter of the block or function that is given to a call.
    pub fn block_name(&self, at: usize) -> Option<(String, usize)> {
        let first = at;
        let mut at = at;
        if self.is_sign(at, '(') {
            at += 1;
            if self.name(at) == Some("async") {
                at += 1;
            }
            if matches!(self.name(at), Some("function" | "fn")) {
                at += 1;
            }
            let open = self.is_sign(at, '(');
            at += usize::from(open);
            at += usize::from(self.is_sign(at, '[') || self.is_sign(at, '{'));
            let Some(name) = self.name(at) else {
                return self.block(self.after(first));
            };
            let arrow =
                |at: usize| matches!(self.sign(at), Some('=' | '-')) && self.is_sign(at + 1, '>');
            let near = (at + 1..at + MAX_LOOP_NAMES).any(arrow);
            if near || open {
                return Some((name.to_owned(), at));
            }
            return self.block(self.after(first));
        }
        self.block(at)
    }

    /// `{ |x|`, `do |x|`.
    fn block(&self, at: usize) -> Option<(String, usize)> {
        let block = self.is_sign(at, '{') || self.name(at) == Some("do");
        (block && self.is_sign(at + 1, '|'))
            .then(|| self.name(at + 2).map(|name| (name.to_owned(), at + 2)))
            .flatten()
    }

    /// `def f(a, b=1):`, `function f(a) {`, `func (r R) f(a string) {`, `sub f { my ($a) = @_;`.
    fn definition(&mut self, at: usize) {
        let mut place = at + 1;
        if self.is_sign(place, '(') {
            place = self.after(place);
        }
        let Some(name) = self.name(place).map(str::to_owned) else {
            return;
        };
        let name = name.rsplit('.').next().unwrap_or_default().to_owned();
        let open = place + 1;
        if self.language == Language::Perl {
            return self.perl_sub(name, open);
        }
        let inside = if self.is_sign(open, '(') {
            self.inside(open).unwrap_or_default()
        } else if self.language == Language::Ruby {
            match self.token(open) {
                // `def run`, and nothing more on the line.
                Some(Token::Line | Token::Sign(';')) => Part::default(),
                _ => self.expression(open),
            }
        } else {
            return;
        };
        let behind = self.after(open);
        let body = self.body(at, behind);
        self.add_function(name, inside, body);
    }

    /// `run(cmd) {` in a class, `static void run(String cmd) {`.
    fn method(&mut self, name: &str, at: usize) {
        let typed = self.language == Language::Compiled;
        if !typed && self.language != Language::Javascript
            || !self.is_sign(at + 1, '(')
            || name.contains('.')
            || matches!(
                name,
                "if" | "for" | "while" | "switch" | "catch" | "function"
            )
        {
            return;
        }
        let before = at.checked_sub(1).and_then(|at| self.name(at));
        if matches!(before, Some("func" | "fn" | "function" | "new")) {
            return;
        }
        let Some(inside) = self.inside(at + 1) else {
            return;
        };
        let behind = self.after(at + 1);
        let opens = (behind..behind + 3).find(|at| self.is_sign(*at, '{'));
        let Some(open) = opens else { return };
        let plain = (inside.from..inside.to).all(|at| {
            matches!(self.token(at), Some(Token::Name { .. } | Token::Line))
                || matches!(
                    self.sign(at),
                    Some(',' | '[' | ']' | '<' | '>' | '=' | ':' | '&' | '*')
                )
                || self.is_text(at)
        });
        if plain && (open == behind || typed || self.is_sign(behind, ':')) {
            let body = self.inside(open);
            self.add_function(name.to_owned(), inside, body);
        }
    }

    /// `x = (a, b) => …`, `x = async a => …`, `x = function (a) {`, `x = lambda a: …`.
    fn arrow(&mut self, name: &str, part: Part) -> bool {
        let mut at = part.from;
        if self.name(at) == Some("async") {
            at += 1;
        }
        if matches!(self.name(at), Some("function")) {
            at += 1;
            if let Some(inside) = self.inside(at).filter(|_| self.is_sign(at, '(')) {
                let body = self.body(at, self.after(at));
                self.add_function(name.to_owned(), inside, body);
                return true;
            }
            return false;
        }
        if self.name(at) == Some("lambda") {
            let colon = (at..part.to).find(|at| self.is_sign(*at, ':'));
            if let Some(colon) = colon {
                let body = Some(Part::new(colon + 1, part.to));
                self.add_function(name.to_owned(), Part::new(at + 1, colon), body);
            }
            return colon.is_some();
        }
        if self.language == Language::Python {
            return false;
        }
        let (inside, behind) = if self.is_sign(at, '(') {
            (self.inside(at).unwrap_or_default(), self.after(at))
        } else if self.name(at).is_some() {
            (Part::new(at, at + 1), at + 1)
        } else {
            return false;
        };
        let arrow = (behind..behind + 6)
            .find(|at| matches!(self.sign(*at), Some('=' | '-')) && self.is_sign(*at + 1, '>'));
        let Some(arrow) = arrow else { return false };
        if arrow != behind && !self.is_sign(behind, ':') {
            return false;
        }
        let body = Part::new(arrow + 2, part.to.max(arrow + 2));
        self.add_function(name.to_owned(), inside, Some(body));
        true
    }

    fn body(&self, at: usize, behind: usize) -> Option<Part> {
        if self.language == Language::Python {
            const MAX_BODY: usize = 20_000;
            let nest = self.nest(at);
            let end = (behind..self.tokens.len().min(behind + MAX_BODY)).find(|place| {
                let starts = place
                    .checked_sub(1)
                    .is_some_and(|before| self.token(before) == Some(&Token::Line));
                starts && self.nest(*place) <= nest && self.token(*place) != Some(&Token::Line)
            });
            return Some(Part::new(behind, end.unwrap_or(self.tokens.len())));
        }
        let open = (behind..behind + 8).find(|at| self.is_sign(*at, '{'))?;
        Some(Part::new(open + 1, self.pair(open)?))
    }

    fn perl_sub(&mut self, name: String, open: usize) {
        if !self.is_sign(open, '{') {
            return;
        }
        let body = self.pair(open).map(|close| Part::new(open + 1, close));
        let mut at = open + 1;
        while self.token(at) == Some(&Token::Line) {
            at += 1;
        }
        if self.name(at) != Some("my") {
            return;
        }
        let inside = if self.is_sign(at + 1, '(') {
            self.inside(at + 1).unwrap_or_default()
        } else {
            Part::new(at + 1, at + 2)
        };
        self.add_function(name, inside, body);
    }

    /// Notes a function, and gives its parameters.
    fn add_function(&mut self, name: String, inside: Part, body: Option<Part>) {
        let number = self.functions.len();
        let typed = self.language == Language::Compiled;
        let keyword = body.is_some_and(|body| {
            (inside.from.saturating_sub(3)..body.from)
                .any(|at| matches!(self.name(at), Some("func" | "fn")))
        });
        let mut params = Vec::new();
        for part in self.split(inside, ',').into_iter().take(MAX_PARAMS) {
            let named = |at: &usize| {
                self.name(*at)
                    .is_some_and(|name| self.language != Language::Php || name.starts_with('$'))
            };
            let equals = (part.from..part.to).find(|at| self.is_sign(*at, '='));
            let head = Part::new(part.from, equals.unwrap_or(part.to));
            let mut places = head.from..head.to;
            let found = if typed && !keyword {
                places.rev().find(named)
            } else {
                places.find(named)
            };
            let Some(at) = found else { continue };
            let Some(given) = self.name(at).map(str::to_owned) else {
                continue;
            };
            if params.is_empty() && matches!(given.as_str(), "self" | "cls") {
                continue;
            }
            let rest = matches!(self.sign(part.from), Some('*' | '.')) || given.starts_with('@');
            let place = params.len();
            let kind = if rest {
                Given::Rest(number, place)
            } else {
                Given::Param(number, place)
            };
            self.give(&given, at, kind);
            params.push(Param {
                name: given,
                default: equals.map(|at| Part::new(at + 1, part.to)),
            });
        }
        self.by_name.entry(name.clone()).or_insert(number);
        self.functions.push(Function { name, params, body });
    }
}
