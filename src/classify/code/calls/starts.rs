//! What a call that starts a program is given: a text for a shell, or a program with its words; where it runs, and what it reads.
//! The first argument decides; named arguments, options and callbacks are no part of the command.

use crate::model::span::Span;

use super::super::index::Part;
use super::super::steps::{Setting, line, word};
use super::super::tables::SHELLS;
use super::super::tokens::Language;
use super::super::values::methods::Arguments;
use super::super::values::{Value, When};
use super::Calls;

/// Libraries that run a line on another machine.
const REMOTES: [&str; 6] = [
    "paramiko", "fabric", "asyncssh", "ssh2", "Net::SSH", "node-ssh",
];
/// Links of a chain behind a call.
const MAX_CHAIN: usize = 12;

impl Calls<'_> {
    /// Reads a call that starts a program.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each form in which a program is given"
    )]
    pub(super) fn starts(&mut self, name: &str, span: Span, at: usize) {
        let when = When::at(at);
        let arguments = self.reader.arguments(at);
        let mut setting = self.setting(&arguments, at);
        let last = name.rsplit('.').next().unwrap_or(name);
        setting.remote = self.is_remote(name, last);
        let program = match name.strip_prefix("sh.").filter(|_| self.is_sh(name)) {
            Some(program) => Some(
                program
                    .replace('.', " ")
                    .split(' ')
                    .map(word)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            None => self.program_named(name).map(|program| word(&program)),
        };
        if let Some(program) = program {
            let words = self.words(&arguments.positional, at);
            return self.run_words(&[vec![program], words].concat(), &setting, span);
        }
        let mut given = arguments.positional.as_slice();
        // `spawnlp(os.P_WAIT, …)`, `exec.CommandContext(ctx, …)`.
        let moded = given.first().and_then(|part| self.index.name(part.from));
        if moded.is_some_and(|name| name.contains("P_")) || last == "CommandContext" {
            given = given.get(1..).unwrap_or_default();
        }
        let again = matches!(last, "execl" | "execlp" | "execle" | "spawnl" | "spawnlp");
        let named = ["args", "cmd", "command"]
            .iter()
            .find_map(|name| arguments.named(name));
        let Some(first) = given.first().copied().or(named) else {
            return;
        };
        let values = self.reader.read(first, when);
        let place = self.place_of(first).unwrap_or(span);
        for value in values {
            match value {
                Value::List(items) => {
                    let mut words: Vec<String> = items.iter().map(spelled).collect();
                    if self.has_tail(first) {
                        words.push("\"$UNKNOWN\"".to_owned());
                    }
                    self.run_words(&words, &setting, span);
                }
                Value::Map(_) => {}
                Value::Text(text) => {
                    let skip = 1 + usize::from(again);
                    let more = given.get(skip..).unwrap_or_default();
                    match self.more_words(name, more, &arguments, at) {
                        Some(words) => {
                            let program = word(&text);
                            let twice = words.first() == Some(&program);
                            let head = if twice { Vec::new() } else { vec![program] };
                            self.run_words(&[head, words].concat(), &setting, span);
                        }
                        None if value_is_unknown(&text) => {
                            self.deeds.cut |= self.reader.is_cut();
                            self.decoded(first, span);
                        }
                        None => {
                            let text = setting.around(&line(&text));
                            self.run(&text, place);
                        }
                    }
                }
            }
        }
    }

    /// `[…].concat(x)`, `[…] + x` with what is not known.
    fn has_tail(&self, part: Part) -> bool {
        self.index.is_sign(part.from, '[')
            && self.index.after(part.from) < part.to
            && self.index.name(part.to - 1).is_some()
    }

    /// Words behind a program's name, where the call takes them one by one or as a list.
    fn more_words(
        &self,
        name: &str,
        more: &[Part],
        arguments: &Arguments,
        at: usize,
    ) -> Option<Vec<String>> {
        let opens = name.ends_with("popen") || name == "proc_open";
        let one_text = opens
            || self.language == Language::Php
            || self.language == Language::Javascript && !takes_words(name);
        let when = When::at(at);
        let list = more
            .first()
            .copied()
            .or_else(|| arguments.named("args"))
            .filter(|_| !opens);
        if let Some(part) = list {
            let values = self.reader.read(part, when);
            if let Some(Value::List(items)) = values.first() {
                return Some(items.iter().map(spelled).collect());
            }
        }
        if self.language == Language::Compiled && name.ends_with("Command.new") {
            return Some(self.chained_words(at));
        }
        let literal = more.first().is_some_and(|part| {
            self.index.is_text(part.from)
                || !self.reader.read(*part, when).iter().all(Value::is_unknown)
        });
        (!one_text && (literal || takes_words(name) && !more.is_empty()))
            .then(|| self.words(more, at))
    }

    /// `Command::new("rm").arg("-rf").args(["x"])`.
    fn chained_words(&self, at: usize) -> Vec<String> {
        let mut words = Vec::new();
        let mut place = self.index.after(at + 1);
        for _ in 0..MAX_CHAIN {
            let Some(name) = self
                .index
                .name(place)
                .filter(|_| self.index.is_sign(place + 1, '('))
            else {
                break;
            };
            if matches!(name, ".arg" | ".args") {
                let inside = self.index.inside(place + 1).unwrap_or_default();
                for value in self.reader.read(inside, When::at(place)).iter().take(1) {
                    words.extend(value.texts().iter().map(|text| word(text)));
                }
            }
            place = self.index.after(place + 1);
        }
        words
    }

    fn words(&self, parts: &[Part], at: usize) -> Vec<String> {
        let mut words = Vec::new();
        for part in parts {
            match self.reader.read(*part, When::at(at)).into_iter().next() {
                Some(Value::List(items)) => words.extend(items.iter().map(spelled)),
                Some(value) => words.push(spelled(&value)),
                None => {}
            }
        }
        words
    }

    fn run_words(&mut self, words: &[String], setting: &Setting, span: Span) {
        if !words.is_empty() {
            let text = setting.around(&words.join(" "));
            self.run(&text, span);
        }
    }

    /// Where a program runs, and what it reads.
    fn setting(&self, arguments: &Arguments, at: usize) -> Setting {
        let read = |part: Part| {
            let values = self.reader.read(part, When::at(at));
            values.first().map(|value| value.texts().join("\n"))
        };
        let named = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| arguments.named(name))
                .and_then(read)
        };
        let mut setting = Setting {
            cwd: named(&["cwd", "chdir", "dir", "cd", "working_dir"]),
            input: named(&["input", "stdin_data"]),
            file: arguments.named("stdin").and_then(|part| self.opened(part)),
            remote: false,
        };
        if let Some(name) = self.bound_to(at) {
            let field = |field: &str| {
                let full = format!("{name}.{field}");
                let binding = self.index.bindings(&full).first()?;
                match binding.given {
                    super::super::index::Given::Is(part, _) => read(part),
                    _ => None,
                }
            };
            setting.cwd = setting.cwd.or_else(|| field("Dir"));
            setting.input = setting
                .input
                .or_else(|| field("Stdin"))
                .or_else(|| self.fed(&name));
        }
        let chain = self.index.after(at + 1);
        if setting.input.is_none() && matches!(self.index.name(chain), Some(".communicate")) {
            setting.input = self.first_text(chain);
        }
        if self.index.name(chain) == Some(".current_dir") {
            setting.cwd = self.first_text(chain).or(setting.cwd);
        }
        setting
    }

    /// `stdin=open('x.sql')`.
    fn opened(&self, part: Part) -> Option<String> {
        let mut at = part.from;
        if part.to == part.from + 1 {
            let name = self.index.name(at)?;
            let binding = self.index.bindings(name).first()?;
            if let super::super::index::Given::Is(part, _) = binding.given {
                at = part.from;
            }
        }
        let opens = self
            .index
            .name(at)
            .is_some_and(|name| name == "open" || name.ends_with("openSync"));
        opens.then(|| self.first_text(at)).flatten()
    }

    fn first_text(&self, at: usize) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let named = arguments.named("input");
        let part = arguments.positional.first().copied().or(named)?;
        let values = self.reader.read(part, When::at(at));
        let text = values.first()?.text()?.to_owned();
        (!value_is_unknown(&text)).then_some(text)
    }

    /// Returns the name to which a statement gives what a call returns.
    fn bound_to(&self, at: usize) -> Option<String> {
        let Some(mut before) = self.index.chain(at).checked_sub(1) else {
            return self.index.block_name(at + 1).map(|(name, _)| name);
        };
        while matches!(self.index.name(before), Some("await" | "new")) {
            before = before.checked_sub(1)?;
        }
        if self.index.is_sign(before, '=') {
            before = before.checked_sub(1)?;
            if self.index.is_sign(before, ':') {
                before = before.checked_sub(1)?;
            }
            if self.language == Language::Ruby
                && let Some((name, _)) = self.index.block_name(at + 1)
            {
                return Some(name);
            }
            return self.index.name(before).map(str::to_owned);
        }
        // `IO.popen(…) { |io| … }`.
        if self.language == Language::Ruby {
            return self.index.block_name(at + 1).map(|(name, _)| name);
        }
        // `with Popen(…) as p`.
        let behind = self.index.after(at + 1);
        (self.index.name(behind) == Some("as"))
            .then(|| self.index.name(behind + 1).map(str::to_owned))
            .flatten()
    }

    /// What the code writes to the standard input of a program that it has started.
    fn fed(&self, name: &str) -> Option<String> {
        const FEEDS: [&str; 8] = [
            "communicate",
            "stdin.write",
            "stdin.end",
            "stdin.puts",
            "write",
            "puts",
            "stdin.writelines",
            "print",
        ];
        let mut all = String::new();
        for feed in FEEDS {
            for at in self.index.calls(&format!("{name}.{feed}")) {
                if let Some(text) = self.first_text(*at) {
                    all.push_str(&text);
                    all.push('\n');
                }
            }
        }
        (!all.is_empty()).then_some(all)
    }

    /// `client.exec_command('…')`, `Connection('web').run('…')`.
    pub(super) fn is_remote(&self, name: &str, last: &str) -> bool {
        if !matches!(
            last,
            "exec_command" | "run" | "sudo" | "exec!" | "exec" | "execCommand"
        ) {
            return false;
        }
        if last == "exec_command" {
            return true;
        }
        if !name.contains('.') || SHELLS.contains(&name) || !self.mentions.has(&REMOTES) {
            return false;
        }
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        let made = |binding: &super::super::index::Binding| {
            let super::super::index::Given::Is(part, _) = binding.given else {
                return false;
            };
            (part.from..part.to.min(part.from + 3))
                .filter_map(|at| self.index.name(at))
                .any(|name| {
                    let last = name.rsplit('.').next().unwrap_or(name);
                    matches!(
                        last,
                        "Connection"
                            | "SSHClient"
                            | "connect"
                            | "NodeSSH"
                            | "Client"
                            | "SerialGroup"
                            | "ThreadingGroup"
                    )
                })
        };
        owner.is_empty()
            || self.index.bindings(owner).iter().any(made)
            || self.language == Language::Ruby
    }
}

impl Calls<'_> {
    /// `c.run('…')` of a task of Invoke.
    pub(super) fn is_task_run(&self, name: &str, last: &str) -> bool {
        matches!(last, "run" | "sudo" | "local")
            && self.mentions.has(&["invoke", "fabric", "nox"])
            && (matches!(
                name,
                "c.run" | "ctx.run" | "context.run" | "c.sudo" | "ctx.sudo" | "session.run"
            ) || name.starts_with("invoke."))
    }
}

fn value_is_unknown(text: &str) -> bool {
    Value::Text(text.to_owned()).is_unknown()
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Text(text) => word(text),
        Value::List(_) | Value::Map(_) => "\"$UNKNOWN\"".to_owned(),
    }
}

/// Functions that take a program and its words one by one, in languages that otherwise take one text.
fn takes_words(name: &str) -> bool {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    matches!(
        last,
        "Command"
            | "CommandContext"
            | "ProcessBuilder"
            | "process"
            | "execFile"
            | "execFileSync"
            | "spawnSync"
    )
}
