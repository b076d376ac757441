//! `try`, `with` and `match`: what is done whatever happens, and who swallows an exception.
//! It knows the managers of the language and those that a script writes itself.

use std::rc::Rc;

use ruff_python_ast::{
    ExceptHandler, ExceptHandlerExceptHandler, Expr, Pattern, PatternMatchMapping, Singleton, Stmt,
    StmtMatch, StmtTry, WithItem,
};

use super::calls::Given;
use super::frame::{Frame, Sink};
use super::play::Player;
use super::value::{Bond, Object, Outcome, Source, Stop, Value};

impl Player<'_> {
    pub fn try_block(&mut self, one: &StmtTry, frame: &Rc<Frame>) -> Outcome<()> {
        self.tries += 1;
        let outcome = self.block(&one.body, frame);
        self.tries -= 1;
        let outcome = match outcome {
            Ok(()) => self.block(&one.orelse, frame),
            Err(Stop::Raise(thrown)) => self.handle(&one.handlers, thrown, frame),
            Err(Stop::Enough(number)) => {
                let catches = |handler: &ExceptHandler| {
                    let ExceptHandler::ExceptHandler(one) = handler;
                    one.type_.as_deref().is_none_or(sees_the_end)
                };
                // Such a block would see that the generator is closed.
                match one.handlers.iter().any(catches) {
                    true => Err(Stop::Lost),
                    false => Err(Stop::Enough(number)),
                }
            }
            other => other,
        };
        if matches!(outcome, Err(Stop::Lost)) {
            return outcome;
        }
        let closed = matches!(outcome, Err(Stop::Enough(_)));
        self.ends += usize::from(closed && !one.finalbody.is_empty());
        let last = self.block(&one.finalbody, frame);
        // What leaves the last block takes the exception's place.
        if let (Err(Stop::Raise(thrown)), Err(_)) = (&outcome, &last) {
            self.doubted(thrown, None);
        }
        last?;
        outcome
    }

    fn handle(
        &mut self,
        handlers: &[ExceptHandler],
        thrown: Value,
        frame: &Rc<Frame>,
    ) -> Outcome<()> {
        for handler in handlers {
            let ExceptHandler::ExceptHandler(one) = handler;
            let class = match &one.type_ {
                Some(class) => Some(self.eval(class, frame)?),
                None => None,
            };
            let catches = match &class {
                Some(class) => self.is_instance(&thrown, class)?,
                None => true,
            };
            if catches {
                self.doubted(&thrown, class.as_ref());
                return self.handled(one, thrown, frame);
            }
        }
        Err(Stop::Raise(thrown))
    }

    fn handled(
        &mut self,
        one: &ExceptHandlerExceptHandler,
        thrown: Value,
        frame: &Rc<Frame>,
    ) -> Outcome<()> {
        let home = one
            .name
            .as_ref()
            .map(|name| (frame.home(name.as_str()), name.as_str()));
        if let Some((home, name)) = &home {
            home.put(name, thrown.clone());
        }
        self.caught.push(thrown);
        let outcome = self.block(&one.body, frame);
        self.caught.pop();
        if let Some((home, name)) = home {
            home.names.borrow_mut().remove(name);
        }
        outcome
    }

    pub fn with(&mut self, items: &[WithItem], body: &[Stmt], frame: &Rc<Frame>) -> Outcome<()> {
        let [first, rest @ ..] = items else {
            return self.block(body, frame);
        };
        let manager = self.eval(&first.context_expr, frame)?;
        if let Value::Generator(generator) = &manager
            && matches!(&generator.source, Source::Function(function, _) if function.bond == Bond::Context)
        {
            return self.with_generator(first, &manager, (rest, body), frame);
        }
        let entered = self.enter(&manager)?;
        let bound = match &first.optional_vars {
            Some(target) => self.assign(target, entered, frame),
            None => Ok(()),
        };
        let looks = catches(&manager);
        self.tries += usize::from(looks);
        let outcome = match bound {
            Ok(()) => self.deeper(|player| player.with(rest, body, frame)),
            Err(stop) => Err(stop),
        };
        self.tries -= usize::from(looks);
        if matches!(outcome, Err(Stop::Lost)) {
            return outcome;
        }
        let thrown = match &outcome {
            Err(Stop::Raise(thrown)) => Some(thrown.clone()),
            _ => None,
        };
        if let (Some(thrown), true) = (&thrown, looks) {
            self.doubted(thrown, caught_by(&manager).as_ref());
        }
        self.ends += usize::from(matches!(outcome, Err(Stop::Enough(_))));
        let swallowed = self.leave(&manager, thrown.as_ref())?;
        match thrown.is_some() && swallowed {
            true => Ok(()),
            false => outcome,
        }
    }

    /// The body of a manager that is a generator runs where that one gives its value.
    fn with_generator(
        &mut self,
        item: &WithItem,
        manager: &Value,
        (rest, body): (&[WithItem], &[Stmt]),
        frame: &Rc<Frame>,
    ) -> Outcome<()> {
        let target = item.optional_vars.clone();
        let (rest, body) = (rest.to_vec(), body.to_vec());
        self.worked(body.len() * 8)?;
        let inner = Rc::clone(frame);
        // How the body has ended, where that is no exception: 0 not begun, then what stops it.
        let ended: Rc<std::cell::RefCell<Option<Outcome<()>>>> = Rc::default();
        let told = Rc::clone(&ended);
        let sink: Sink = Rc::new(move |player, value| {
            if told.borrow().is_some() {
                return Err(Stop::Lost);
            }
            let outcome = match &target {
                Some(target) => player.assign(target, value, &inner),
                None => Ok(()),
            };
            let outcome = match outcome {
                Ok(()) => player.with(&rest, &body, &inner),
                other => other,
            };
            *told.borrow_mut() = Some(outcome.clone());
            match outcome {
                Err(Stop::Raise(_) | Stop::Lost) => outcome,
                _ => Ok(()),
            }
        });
        let outcome = self.pour_into(manager, &sink);
        let ended = ended.borrow_mut().take();
        match (outcome, ended) {
            (Err(stop), _) => Err(stop),
            (Ok(()), Some(Err(Stop::Raise(_)))) => Ok(()),
            (Ok(()), Some(other)) => other,
            (Ok(()), None) => Err(Stop::Lost),
        }
    }

    fn enter(&mut self, manager: &Value) -> Outcome<Value> {
        match manager {
            Value::File(_) | Value::Database(_) => Ok(manager.clone()),
            Value::Object(object) if object.class.builtin => self.enter_special(object),
            Value::Object(_) => {
                let method = self.attribute(manager, "__enter__")?;
                self.attribute(manager, "__exit__")?;
                self.call(&method, Given::default())
            }
            // What `os.scandir` gives.
            Value::Generator(generator) if matches!(generator.source, Source::Items(_)) => {
                Ok(manager.clone())
            }
            _ => Err(Stop::Lost),
        }
    }

    fn enter_special(&mut self, object: &Rc<Object>) -> Outcome<Value> {
        match object.class.name.as_str() {
            "closing" | "nullcontext" | "TemporaryDirectory" => {
                object.get("thing").ok_or(Stop::Lost)
            }
            "suppress" | "redirect" => Ok(Value::None),
            _ => Err(Stop::Lost),
        }
    }

    /// Leaves a manager; tells whether it swallows the exception.
    fn leave(&mut self, manager: &Value, thrown: Option<&Value>) -> Outcome<bool> {
        match manager {
            Value::File(file) => self.close_file(file).map(|()| false),
            Value::Database(connection) => self
                .left_connection(connection, thrown.is_some())
                .map(|()| false),
            Value::Generator(_) => Ok(false),
            Value::Object(object) if object.class.builtin => {
                let thing = object.get("thing").unwrap_or(Value::None);
                match object.class.name.as_str() {
                    "suppress" => match thrown {
                        Some(thrown) => self.is_instance(thrown, &thing),
                        None => Ok(false),
                    },
                    "closing" => {
                        let close = self.attribute(&thing, "close")?;
                        self.call(&close, Given::default()).map(|_| false)
                    }
                    "TemporaryDirectory" => {
                        let name = thing.as_name()?;
                        self.remove_tree(&name).map(|()| false)
                    }
                    _ => Ok(false),
                }
            }
            Value::Object(_) => {
                let method = self.attribute(manager, "__exit__")?;
                let class = match thrown {
                    Some(Value::Object(object)) => Value::Class(Rc::clone(&object.class)),
                    _ => Value::None,
                };
                let value = thrown.cloned().unwrap_or(Value::None);
                let trace = match thrown {
                    Some(_) => Value::Unknown(super::value::Kind::Any),
                    None => Value::None,
                };
                let told = self.call(&method, Given::of(vec![class, value, trace]))?;
                match thrown {
                    Some(_) => self.truth(&told),
                    None => Ok(false),
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn match_statement(&mut self, one: &StmtMatch, frame: &Rc<Frame>) -> Outcome<()> {
        let subject = self.eval(&one.subject, frame)?;
        for case in &one.cases {
            if !self.matches(&case.pattern, &subject, frame)? {
                continue;
            }
            if let Some(guard) = &case.guard {
                let value = self.eval(guard, frame)?;
                if !self.truth(&value)? {
                    continue;
                }
            }
            return self.block(&case.body, frame);
        }
        Ok(())
    }

    fn matches(&mut self, pattern: &Pattern, subject: &Value, frame: &Rc<Frame>) -> Outcome<bool> {
        self.worked(1)?;
        match pattern {
            Pattern::MatchValue(one) => {
                let value = self.eval(&one.value, frame)?;
                self.equal(subject, &value)
            }
            Pattern::MatchSingleton(one) => subject.is_same(&match one.value {
                Singleton::None => Value::None,
                Singleton::True => Value::Bool(true),
                Singleton::False => Value::Bool(false),
            }),
            Pattern::MatchOr(one) => {
                for pattern in &one.patterns {
                    if self.matches(pattern, subject, frame)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Pattern::MatchAs(one) => {
                if let Some(inner) = &one.pattern
                    && !self.matches(inner, subject, frame)?
                {
                    return Ok(false);
                }
                if let Some(name) = &one.name {
                    frame
                        .home(name.as_str())
                        .put(name.as_str(), subject.clone());
                }
                Ok(true)
            }
            Pattern::MatchMapping(one) => self.matches_map(one, subject, frame),
            Pattern::MatchSequence(one) => self.matches_all(&one.patterns, subject, frame),
            _ => Err(Stop::Lost),
        }
    }

    fn matches_map(
        &mut self,
        pattern: &PatternMatchMapping,
        subject: &Value,
        frame: &Rc<Frame>,
    ) -> Outcome<bool> {
        let Value::Dict(map) = subject else {
            return match subject {
                Value::Object(_) | Value::Unknown(_) | Value::Library(_) => Err(Stop::Lost),
                _ => Ok(false),
            };
        };
        if pattern.rest.is_some() {
            return Err(Stop::Lost);
        }
        for (key, pattern) in pattern.keys.iter().zip(&pattern.patterns) {
            let key = self.eval(key, frame)?;
            let found = map.borrow().get(&key)?;
            let Some(value) = found else {
                return Ok(false);
            };
            if !self.matches(pattern, &value, frame)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn matches_all(
        &mut self,
        patterns: &[Pattern],
        subject: &Value,
        frame: &Rc<Frame>,
    ) -> Outcome<bool> {
        let items = match subject {
            Value::List(_) | Value::Tuple(_) => self.items(subject)?,
            Value::Text(_) | Value::None | Value::Int(_) | Value::Bool(_) | Value::Dict(_) => {
                return Ok(false);
            }
            _ => return Err(Stop::Lost),
        };
        let star = patterns
            .iter()
            .position(|one| matches!(one, Pattern::MatchStar(_)));
        let fits = match star {
            Some(_) => items.len() + 1 >= patterns.len(),
            None => items.len() == patterns.len(),
        };
        if !fits {
            return Ok(false);
        }
        let extra = items.len() + 1 - patterns.len().min(items.len() + 1);
        let mut at = 0;
        for pattern in patterns {
            if let Pattern::MatchStar(one) = pattern {
                let middle: Vec<Value> = items.iter().skip(at).take(extra).cloned().collect();
                at += extra;
                if let Some(name) = &one.name {
                    frame
                        .home(name.as_str())
                        .put(name.as_str(), Value::list(middle));
                }
                continue;
            }
            let Some(item) = items.get(at) else {
                return Ok(false);
            };
            if !self.matches(pattern, &item.clone(), frame)? {
                return Ok(false);
            }
            at += 1;
        }
        Ok(true)
    }
}

/// Tells whether a handler may see that its generator is closed.
fn sees_the_end(class: &Expr) -> bool {
    match class {
        Expr::Name(name) => matches!(name.id.as_str(), "GeneratorExit" | "BaseException"),
        Expr::Tuple(all) => all.elts.iter().any(sees_the_end),
        Expr::Attribute(_) => false,
        _ => true,
    }
}

/// Tells whether a manager sees the exceptions of its block, or swallows them.
fn catches(manager: &Value) -> bool {
    matches!(manager, Value::Object(object) if !object.class.builtin || object.class.name == "suppress")
}

/// Which exceptions a manager swallows; nothing where it may be any.
fn caught_by(manager: &Value) -> Option<Value> {
    match manager {
        Value::Object(object) if object.class.builtin => object.get("thing"),
        _ => None,
    }
}
