//! `argparse`: parsers that a script describes, and what they make of its words.
//! It follows the library's own way of telling options from operands; wrong words end the script as they do there.

mod parse;

use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Outcome, Stop, Value};

/// A parser that the script has described.
#[derive(Clone, Default)]
pub(in super::super) struct Parser {
    actions: Vec<Action>,
    defaults: Vec<(String, Value)>,
    /// Groups of options of which one may be given, with whether one has to be.
    groups: Vec<bool>,
    abbreviates: bool,
}

/// An option or an operand.
#[derive(Clone)]
struct Action {
    /// None for an operand.
    flags: Vec<String>,
    dest: Option<String>,
    deed: Deed,
    takes: Takes,
    kind: Value,
    default: Value,
    constant: Value,
    choices: Option<Value>,
    required: bool,
    group: Option<usize>,
}

#[derive(Clone, PartialEq, Eq)]
enum Deed {
    Store,
    Constant,
    Append,
    AppendConstant,
    Extend,
    Count,
    Help,
    /// `--x` and `--no-x`
    Boolean,
    /// Names with the numbers of their parsers.
    Commands(Vec<(String, usize)>),
}

/// How many words it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    One,
    None,
    Perhaps,
    Any,
    Some,
    Exactly(usize),
    Rest,
    Command,
}

impl Player<'_> {
    pub fn call_argparse(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "argparse.ArgumentParser" => {
                // The fifth one are its parents.
                if given.placed.len() > 4 {
                    return Err(Stop::Lost);
                }
                given.placed.clear();
                self.new_parser(given)
            }
            "argparse.Namespace" => {
                let parts: Vec<(&str, Value)> = given
                    .named
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()))
                    .collect();
                Ok(self.special("Namespace", parts))
            }
            _ => Err(Stop::Lost),
        }
    }

    fn new_parser(&mut self, given: Given) -> Outcome<Value> {
        let mut given = given.pass(&[
            "prog",
            "usage",
            "description",
            "epilog",
            "formatter_class",
            "help",
            "metavar",
        ]);
        let mut parser = Parser {
            abbreviates: given.flag("allow_abbrev", true)?,
            ..Parser::default()
        };
        if given.flag("add_help", true)? {
            parser.actions.push(Action {
                flags: vec!["-h".to_owned(), "--help".to_owned()],
                dest: None,
                deed: Deed::Help,
                takes: Takes::None,
                kind: Value::None,
                default: Value::None,
                constant: Value::None,
                choices: None,
                required: false,
                group: None,
            });
        }
        for parent in given
            .key("parents")
            .map_or(Ok(Vec::new()), |parents| self.items(&parents))?
        {
            let other = self.parser_of(&parent)?;
            let other = self.parsers.get(other).cloned().ok_or(Stop::Lost)?;
            if !other.groups.is_empty() {
                return Err(Stop::Lost);
            }
            parser.actions.extend(other.actions);
            parser.defaults.extend(other.defaults);
        }
        given.end()?;
        self.parsers.push(parser);
        let number = Value::count(self.parsers.len() - 1);
        Ok(self.special("ArgumentParser", vec![("number", number)]))
    }

    fn parser_of(&mut self, value: &Value) -> Outcome<usize> {
        let Value::Object(object) = value else {
            return Err(Stop::Lost);
        };
        let number = object.get("number").ok_or(Stop::Lost)?.whole()?;
        usize::try_from(number).map_err(|_| Stop::Lost)
    }

    /// Methods of parsers and of their groups.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method, read as a table"
    )]
    pub fn parser_method(&mut self, owner: &Value, name: &str, mut given: Given) -> Outcome<Value> {
        let number = self.parser_of(owner)?;
        match name {
            "add_argument" => {
                let group = match owner {
                    Value::Object(object) => {
                        object.get("group").map(|group| group.whole()).transpose()?
                    }
                    _ => None,
                };
                let said = given.named.iter().any(|(name, _)| name == "default");
                let mut action = self.action(given)?;
                let parser = self.parsers.get(number).ok_or(Stop::Lost)?;
                let known = parser
                    .defaults
                    .iter()
                    .find(|(name, _)| action.dest.as_ref() == Some(name));
                if let Some((_, value)) = known.filter(|_| !said) {
                    action.default = value.clone();
                }
                action.group = group.and_then(|group| usize::try_from(group).ok());
                self.parsers
                    .get_mut(number)
                    .ok_or(Stop::Lost)?
                    .actions
                    .push(action);
                Ok(Value::None)
            }
            "add_argument_group" => {
                Ok(self.special("Group", vec![("number", Value::count(number))]))
            }
            "add_mutually_exclusive_group" => {
                let required = given.flag("required", false)?;
                let parser = self.parsers.get_mut(number).ok_or(Stop::Lost)?;
                parser.groups.push(required);
                let group = Value::count(parser.groups.len() - 1);
                Ok(self.special(
                    "Group",
                    vec![("number", Value::count(number)), ("group", group)],
                ))
            }
            "add_subparsers" => {
                let mut given = given.pass(&["title", "description", "help", "metavar", "prog"]);
                let dest = given
                    .key("dest")
                    .filter(|dest| !dest.is_none())
                    .map(|dest| dest.as_text())
                    .transpose()?;
                let required = given.flag("required", false)?;
                given.end()?;
                let parser = self.parsers.get_mut(number).ok_or(Stop::Lost)?;
                parser.actions.push(Action {
                    flags: Vec::new(),
                    dest: dest.map(|dest| dest.to_string()),
                    deed: Deed::Commands(Vec::new()),
                    takes: Takes::Command,
                    kind: Value::None,
                    default: Value::None,
                    constant: Value::None,
                    choices: None,
                    required,
                    group: None,
                });
                let at = Value::count(parser.actions.len() - 1);
                Ok(self.special(
                    "Subparsers",
                    vec![("number", Value::count(number)), ("action", at)],
                ))
            }
            "add_parser" => self.add_command(owner, number, given),
            "set_defaults" => {
                let parser = self.parsers.get_mut(number).ok_or(Stop::Lost)?;
                for (name, value) in given.named {
                    for action in parser
                        .actions
                        .iter_mut()
                        .filter(|action| action.dest.as_ref() == Some(&name))
                    {
                        action.default = value.clone();
                    }
                    parser.defaults.retain(|(other, _)| *other != name);
                    parser.defaults.push((name, value));
                }
                Ok(Value::None)
            }
            "parse_args" | "parse_known_args" => {
                self.parse_words(number, name == "parse_known_args", given)
            }
            "error" => Err(self.wrong_words()),
            "exit" => Err(self.leave_script(given)),
            "print_help" | "print_usage" => Ok(Value::None),
            "format_help" | "format_usage" => Ok(self.unknown_text()),
            _ => Err(Stop::Lost),
        }
    }

    fn add_command(&mut self, owner: &Value, number: usize, mut given: Given) -> Outcome<Value> {
        let name = given.need("name")?.as_text()?;
        let aliases = given
            .key("aliases")
            .map_or(Ok(Vec::new()), |all| self.items(&all))?;
        let command = self.new_parser(given)?;
        let inner = self.parser_of(&command)?;
        let Value::Object(object) = owner else {
            return Err(Stop::Lost);
        };
        let at = usize::try_from(object.get("action").ok_or(Stop::Lost)?.whole()?)
            .map_err(|_| Stop::Lost)?;
        let action = self
            .parsers
            .get_mut(number)
            .and_then(|parser| parser.actions.get_mut(at))
            .ok_or(Stop::Lost)?;
        let Deed::Commands(all) = &mut action.deed else {
            return Err(Stop::Lost);
        };
        all.push((name.to_string(), inner));
        for alias in aliases {
            all.push((alias.as_text()?.to_string(), inner));
        }
        Ok(command)
    }

    /// Wrong words end the script.
    fn wrong_words(&mut self) -> Stop {
        self.raised("SystemExit", vec![Value::Int(2)])
    }

    fn action(&mut self, given: Given) -> Outcome<Action> {
        let mut given = given.pass(&["help", "metavar"]);
        let mut names = Vec::new();
        for name in std::mem::take(&mut given.placed) {
            names.push(name.as_text()?.to_string());
        }
        let flags: Vec<String> = names
            .iter()
            .filter(|name| name.starts_with('-'))
            .cloned()
            .collect();
        let said = given.key("dest").map(|dest| dest.as_text()).transpose()?;
        let long = flags
            .iter()
            .find(|flag| flag.starts_with("--"))
            .or(flags.first());
        let dest = match (said, long) {
            (Some(said), _) => said.to_string(),
            (None, Some(flag)) => flag.trim_start_matches('-').replace('-', "_"),
            (None, None) => names.first().cloned().ok_or(Stop::Lost)?,
        };
        let said_default = given.named.iter().any(|(name, _)| name == "default");
        let way = given.key("action").unwrap_or(Value::text("store"));
        let nargs = given.key("nargs").unwrap_or(Value::None);
        let mut action = Action {
            takes: takes(&nargs)?,
            dest: Some(dest),
            deed: Deed::Store,
            kind: given.key("type").unwrap_or(Value::None),
            default: given.key("default").unwrap_or(Value::None),
            constant: given.key("const").unwrap_or(Value::None),
            choices: given.key("choices").filter(|choices| !choices.is_none()),
            required: false,
            group: None,
            flags,
        };
        action.required = match action.flags.is_empty() {
            true => !matches!(action.takes, Takes::Perhaps | Takes::Any | Takes::Rest),
            false => given.flag("required", false)?,
        };
        self.deed_of(&mut action, &way, said_default)?;
        given.key("version");
        given.end()?;
        if action.flags.is_empty() && !matches!(action.deed, Deed::Store) {
            return Err(Stop::Lost);
        }
        Ok(action)
    }

    fn deed_of(&mut self, action: &mut Action, way: &Value, said_default: bool) -> Outcome<()> {
        if let Value::Library("argparse.BooleanOptionalAction") = way {
            action.deed = Deed::Boolean;
            action.takes = Takes::None;
            let no: Vec<String> = action
                .flags
                .iter()
                .filter_map(|flag| flag.strip_prefix("--"))
                .map(|flag| format!("--no-{flag}"))
                .collect();
            action.flags.extend(no);
            return Ok(());
        }
        let way = way.as_text()?;
        let constant = |action: &mut Action, constant: Value, absent: Value| {
            action.deed = Deed::Constant;
            action.takes = Takes::None;
            action.constant = constant;
            if !said_default {
                action.default = absent;
            }
        };
        match &*way {
            "store" => {}
            "store_true" => constant(action, Value::Bool(true), Value::Bool(false)),
            "store_false" => constant(action, Value::Bool(false), Value::Bool(true)),
            "store_const" => constant(action, action.constant.clone(), Value::None),
            "append" => action.deed = Deed::Append,
            "append_const" => {
                action.deed = Deed::AppendConstant;
                action.takes = Takes::None;
            }
            "extend" => {
                action.deed = Deed::Extend;
                if action.takes == Takes::One {
                    return Err(Stop::Lost);
                }
            }
            "count" => {
                action.deed = Deed::Count;
                action.takes = Takes::None;
            }
            "help" | "version" => {
                action.deed = Deed::Help;
                action.takes = Takes::None;
                action.dest = None;
            }
            _ => return Err(Stop::Lost),
        }
        Ok(())
    }
}

fn takes(nargs: &Value) -> Outcome<Takes> {
    Ok(match nargs {
        Value::None => Takes::One,
        Value::Int(number) if *number > 0 => {
            Takes::Exactly(usize::try_from(*number).map_err(|_| Stop::Lost)?)
        }
        Value::Text(text) => match &**text {
            "?" => Takes::Perhaps,
            "*" => Takes::Any,
            "+" => Takes::Some,
            "..." => Takes::Rest,
            _ => return Err(Stop::Lost),
        },
        _ => return Err(Stop::Lost),
    })
}
