//! The ways in which the loops of a code may go: each element of what is looped over, where that is known for certain.
//! In one way a name stands for one thing, so that a branch and the path in it agree; ways beyond a limit are not told apart.

use super::super::index::{Binding, Given, Part};
use super::super::tokens::{Language, Token};
use super::sure::Sure;
use super::{Reader, Value};

/// Ways of one code.
const MAX_WORLDS: usize = 12;
/// Tokens beyond which a code is read once.
const MAX_TOKENS: usize = 6_000;
/// Loops that are looked at.
const MAX_LOOPS: usize = 12;

/// What names stand for in one way.
pub(in super::super) type Taken = Vec<(String, Sure)>;

/// A loop with the names that it gives something.
struct Loop {
    at: usize,
    given: Given,
    names: Vec<(String, Option<usize>)>,
}

impl Reader<'_> {
    /// Returns the ways in which the loops may go; one with nothing in it where none is certain.
    pub fn worlds(&self) -> Vec<Taken> {
        let mut worlds: Vec<Taken> = vec![Vec::new()];
        if !self.told || self.index.main_end() > MAX_TOKENS {
            return worlds;
        }
        for one in self.loops() {
            let mut next: Vec<Taken> = Vec::new();
            for world in &worlds {
                match self.with(world, || self.ways(&one)) {
                    Some(ways) if !ways.is_empty() => next.extend(ways.into_iter().map(|way| {
                        let mut all = world.clone();
                        all.extend(way);
                        all
                    })),
                    _ => next.push(world.clone()),
                }
            }
            if next.len() <= MAX_WORLDS {
                worlds = next;
            }
        }
        worlds
    }

    /// Takes names for what they are in one way.
    pub fn enter(&self, world: &Taken) {
        self.taken.borrow_mut().clone_from(world);
        self.looped.set(world.len());
    }

    /// Does something in one way.
    fn with<T>(&self, world: &Taken, work: impl FnOnce() -> T) -> T {
        let before = self.taken.replace(world.clone());
        let looped = self.looped.replace(world.len());
        let done = work();
        self.looped.set(looped);
        self.taken.replace(before);
        done
    }

    /// Does something while a name stands for one thing more.
    pub(super) fn taking<T>(&self, more: Taken, work: impl FnOnce() -> T) -> T {
        let count = self.taken.borrow().len();
        self.taken.borrow_mut().extend(more);
        let done = work();
        self.taken.borrow_mut().truncate(count);
        done
    }

    /// Returns what a name is taken to be.
    pub(super) fn taken(&self, name: &str) -> Option<Sure> {
        let taken = self.taken.borrow();
        let place = taken.iter().rposition(|(one, _)| one == name)?;
        // The same name in a list that is put together is another one.
        let own = place < self.looped.get() && self.is_put_together(name);
        taken
            .get(place)
            .map(|(_, sure)| sure.clone())
            .filter(|_| !own)
    }

    /// Tells whether a name is looked up in a list that gives it something by itself.
    fn is_put_together(&self, name: &str) -> bool {
        let here = self.here.get();
        let mut bindings = self.index.bindings(name).iter();
        bindings
            .any(|one| self.is_of_list(one) && (one.at..self.index.after(one.at)).contains(&here))
    }

    /// `[n for n in names]`: what the name is inside of these brackets only.
    fn is_of_list(&self, binding: &Binding) -> bool {
        matches!(binding.given, Given::Each(..)) && self.index.sign(binding.at).is_some()
    }

    /// Returns the loops whose names nothing else gives anything, in their order.
    fn loops(&self) -> Vec<Loop> {
        let mut all: Vec<Loop> = Vec::new();
        for (name, bindings) in self.index.names() {
            let mut bindings = bindings.iter().filter(|one| !self.is_of_list(one));
            let (Some(binding), None) = (bindings.next(), bindings.next()) else {
                continue;
            };
            let place = match binding.given {
                Given::Each(_, place) => place,
                Given::EachOf(_) => None,
                _ => continue,
            };
            if !self.is_statement(binding) || self.is_changed(name, Some(binding.at)) {
                continue;
            }
            match all.iter_mut().find(|one| one.at == binding.at) {
                Some(one) => one.names.push((name.clone(), place)),
                None => all.push(Loop {
                    at: binding.at,
                    given: binding.given,
                    names: vec![(name.clone(), place)],
                }),
            }
        }
        all.sort_by_key(|one| one.at);
        for one in &mut all {
            one.names.sort();
        }
        all.truncate(MAX_LOOPS);
        all
    }

    /// Tells whether a loop stands by itself: `for x in …:`, `list.forEach(…)`; not inside of an expression.
    fn is_statement(&self, binding: &Binding) -> bool {
        let name = self.index.name(binding.at).unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or(name);
        matches!(last, "for" | "foreach" | "forEach" | "each")
    }

    /// Returns what the names of a loop stand for, one element after the other.
    fn ways(&self, one: &Loop) -> Option<Vec<Taken>> {
        let all = match one.given {
            Given::Each(part, _) => self.looped(part)?,
            Given::EachOf(part) => {
                let name = self.index.name(part.from)?;
                let (owner, _) = name.rsplit_once('.')?;
                self.sure_variable(owner, 0)?
            }
            _ => return None,
        };
        items(all)?
            .into_iter()
            .map(|item| assigned(&one.names, &item))
            .collect()
    }

    /// What is looped over; the brackets around it are the loop's own.
    fn looped(&self, part: Part) -> Option<Sure> {
        let part = self.index.trimmed(part);
        self.sure(part, 0)
    }

    /// Returns the bodies of the loops that have nothing to go over.
    pub(super) fn idle(&self, text: &str) -> Vec<Part> {
        if self.index.language != Language::Python {
            return Vec::new();
        }
        let loops = self.loops().into_iter();
        loops
            .filter(|one| self.index.name(one.at) == Some("for") && self.begins(one.at))
            .filter(|one| match one.given {
                Given::Each(part, _) => self
                    .looped(part)
                    .and_then(items)
                    .is_some_and(|items| items.is_empty()),
                _ => false,
            })
            .filter_map(|one| {
                let indent = self.indent(text, one.at)?;
                let colon = self.colon(one.at)?;
                Some(self.body(text, colon, indent))
            })
            .collect()
    }

    /// `[n for n, e in config.items() if e.get("default")]`: what is left of a list that is certain.
    pub(super) fn comprehended(&self, inside: Part, depth: usize) -> Option<Sure> {
        let index = self.index;
        let word = |from: usize, wanted: &str| {
            super::sure::top(index, Part::new(from, inside.to), |at| {
                index.name(at) == Some(wanted)
            })
        };
        let start = word(inside.from, "for")?;
        let within = word(start, "in")?;
        let condition = word(within, "if");
        if word(start + 1, "for").is_some() || start == inside.from {
            return None;
        }
        let end = condition.unwrap_or(inside.to);
        let all = items(self.sure(Part::new(within + 1, end), depth + 1)?)?;
        let names = index.split(Part::new(start + 1, within), ',');
        let several = names.len() > 1;
        let names = names.iter().enumerate().map(|(place, part)| {
            let name = index.name(part.from).filter(|_| part.to == part.from + 1)?;
            Some((name.to_owned(), several.then_some(place)))
        });
        let names: Vec<(String, Option<usize>)> = names.collect::<Option<_>>()?;
        let mut kept = Vec::new();
        for item in all {
            let head = Part::new(inside.from, start);
            let keeps = self.taking(assigned(&names, &item)?, || {
                let keeps = match condition {
                    Some(at) => self.truth(Part::new(at + 1, inside.to), depth + 1)?,
                    None => true,
                };
                Some(if keeps {
                    Some(self.sure(head, depth + 1)?)
                } else {
                    None
                })
            })?;
            kept.extend(keeps);
        }
        Some(Sure::List(kept))
    }

    /// `a => a !== '--all'`: what a function of one expression answers for each item; nothing where that is not certain.
    pub(super) fn answers(&self, items: &[Sure], arrow: Part, depth: usize) -> Option<Vec<bool>> {
        let index = self.index;
        let (name, body) = match (index.name(arrow.from), index.sign(arrow.from)) {
            (Some(name), _) => (name, arrow.from + 1),
            (None, Some('(')) if index.after(arrow.from) == arrow.from + 3 => {
                (index.name(arrow.from + 1)?, arrow.from + 3)
            }
            _ => return None,
        };
        if !index.is_sign(body, '=') || !index.is_sign(body + 1, '>') {
            return None;
        }
        let body = Part::new(body + 2, arrow.to);
        let answer = |item: &Sure| {
            let taken = vec![(name.to_owned(), item.clone())];
            self.taking(taken, || self.truth(body, depth + 1))
        };
        items.iter().map(answer).collect()
    }

    /// A parameter of a function that is called once, and nowhere named besides.
    pub(super) fn sure_argument(&self, number: usize, place: usize, depth: usize) -> Option<Sure> {
        let index = self.index;
        let function = index.function(number)?;
        let [call] = index.calls(&function.name) else {
            return None;
        };
        self.spend(index.main_end() / 16);
        let named = (0..index.tokens.len())
            .filter(|at| index.name(*at) == Some(function.name.as_str()))
            .count();
        let of_object = function
            .params
            .first()
            .is_some_and(|param| matches!(param.name.as_str(), "self" | "cls"));
        if named != 2 || of_object {
            return None;
        }
        let inside = index.inside(call + 1)?;
        let spread = |part: &Part| matches!(index.sign(part.from), Some('*' | '.'));
        if index.split(inside, ',').iter().any(spread) {
            return None;
        }
        let given = self.arguments(*call);
        let param = function.params.get(place)?;
        match given
            .named(&param.name)
            .or(given.positional.get(place).copied())
        {
            Some(part) => self.sure(part, depth + 1),
            None => self.sure(param.default?, depth + 1),
        }
    }

    /// A text with holes, all of which are certain.
    pub(super) fn surely_filled(&self, at: usize, depth: usize) -> Option<Sure> {
        let Some(Token::Text { text, .. }) = self.index.token(at) else {
            return None;
        };
        let mut holes = self.index.holes(at).iter();
        let mut all = String::new();
        for piece in text.split_inclusive(crate::sql::HOLE) {
            let Some(plain) = piece.strip_suffix(crate::sql::HOLE) else {
                all.push_str(piece);
                continue;
            };
            all.push_str(plain);
            let part = self.unformatted(*holes.next()?);
            match self.sure(part, depth + 1)?.reading() {
                Value::Text(text) if !text.contains(crate::sql::HOLE) => all.push_str(&text),
                _ => return None,
            }
        }
        Some(Sure::Text(all))
    }
}

/// What is looped over, one by one.
fn items(all: Sure) -> Option<Vec<Sure>> {
    match all {
        Sure::List(items) => Some(items),
        Sure::Map(entries) => Some(
            entries
                .into_iter()
                .map(|(name, _)| Sure::Text(name))
                .collect(),
        ),
        _ => None,
    }
}

/// Gives an element, or its parts, to the names of a loop.
fn assigned(names: &[(String, Option<usize>)], item: &Sure) -> Option<Taken> {
    let one = |(name, place): &(String, Option<usize>)| {
        let value = match (place, item) {
            (None, item) => item.clone(),
            (Some(place), Sure::List(parts)) => parts.get(*place)?.clone(),
            (Some(_), _) => return None,
        };
        Some((name.clone(), value))
    };
    names.iter().map(one).collect()
}
