//! Reads the calls of a code by their names: what they send to databases, delete, write and start.
//! What their arguments stand for is the work of `values`; no control flow is followed.

mod aliases;
mod bound;
mod brought;
mod connected;
mod done;
mod each;
mod marks;
mod paths;
mod repositories;
mod rows;
mod starts;
mod tools;
mod ways;

use std::collections::HashMap;

use crate::model::span::Span;

use super::commands;
use super::drivers::{self, Mentions, Site};
use super::imports;
use super::index::{Index, Part};
use super::steps::{Kind, Step, line};
use super::tables::{EXECUTES, FILES, PERHAPS, SHELLS, TREES};
use super::tokens::{Language, Token};
use super::unreal::Unreal;
use super::unsent::Unsent;
use super::values::{Reader, STAR, Setting, Value, Values, When};

/// Words of a code that sends the statements of SQLAlchemy; a table may be called `sessions`.
const SENDS: [&str; 10] = [
    "execute", ".exec(", "scalar", "Session", "session.", "session(", "session:", "session,",
    "session)", "begin(",
];

/// Arguments longer than this are not read to their end.
const MAX_ARGUMENTS: usize = 400;

/// Where a code stands, and what it is given.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    /// The folder of the script, as it is written.
    pub folder: &'a str,
    /// Written on the command line, not in a script.
    pub inline: bool,
    pub args: Option<&'a [String]>,
    /// Files that the call has written before, by the names that the code may give them.
    pub files: &'a [(String, String)],
    /// Files of settings that the code reads.
    pub settings: &'a [Setting],
    /// Variables of the environment that the call gives it.
    pub env: &'a [(String, String)],
    /// Codes in strings of codes.
    pub depth: usize,
}

#[cfg(test)]
impl Standing<'_> {
    pub const fn inline() -> Self {
        Self {
            folder: ".",
            inline: true,
            args: None,
            files: &[],
            settings: &[],
            env: &[],
            depth: 0,
        }
    }
}

/// Reads the calls of a code.
pub(super) fn deeds(text: &str, language: Language, standing: Standing<'_>) -> Deeds {
    let mentions = Mentions::of(text);
    let index = Index::new(text, language);
    let mut imports = imports::read(&index.tokens, language);
    aliases::add(&index, &mut imports);
    let mut calls = Calls {
        index: &index,
        reader: Reader::new(&index, &imports, standing),
        mentions: &mentions,
        language,
        standing,
        imports: &imports,
        deeds: Deeds::default(),
        sends_variable: false,
        made: HashMap::new(),
        fresh: None,
        at: 0,
    };
    let ways = Way::all(&mut calls.reader, text);
    let unreal = Unreal::of(&calls.reader, text);
    let unsent = Unsent::of(&calls.reader, text);
    let mut live = vec![false; index.main_end()];
    for at in 0..index.tokens.len() {
        if unreal.is_replaced(&calls.reader, at) || unsent.holds(&calls.reader, text, at) {
            continue;
        }
        let mut sizes = Vec::new();
        for way in &ways {
            calls.enter(way, ways.len() > 1);
            if !calls.reader.runs(at) {
                continue;
            }
            if let Some(live) = live.get_mut(at) {
                *live = true;
            }
            let size = calls.deeds.size();
            let before = (size.sql, size.wipes);
            calls.token(at);
            if let Some(undone) = way.undone.iter().find(|one| one.covers(&index, at)) {
                calls.deeds.undo(before, undone);
            }
            if unreal.is_played(at) {
                calls.deeds.wipes.truncate(before.1);
                calls.deeds.sql.truncate(before.0);
            }
            sizes.push(size);
            calls.deeds.tell_once(&sizes);
        }
    }
    let mut deeds = calls.deeds;
    deeds.cut |= calls.reader.is_cut() && deeds.has_unknown();
    deeds.sends_unknown |= calls.sends_variable;
    if calls.sends_variable {
        let live = index.tokens.iter().zip(live).filter(|(_, live)| *live);
        deeds
            .sql
            .extend(live.filter_map(|(token, _)| perhaps_sent(token)));
    }
    deeds
}

/// The SQL stands in a variable: every string that is SQL to the last word may be it.
fn perhaps_sent(token: &Token) -> Option<Sent> {
    match token {
        Token::Text {
            text, start, end, ..
        } => Some(Sent::new(text.clone(), Span::new(*start, *end), true)),
        _ => None,
    }
}

pub(super) use done::{Deeds, Sent};
use ways::Way;
pub(super) use ways::settings;

struct Calls<'a> {
    index: &'a Index,
    reader: Reader<'a>,
    mentions: &'a Mentions<'a>,
    language: Language,
    standing: Standing<'a>,
    /// Full names behind the names that imports give.
    imports: &'a HashMap<String, String>,
    deeds: Deeds,
    sends_variable: bool,
    /// Files and folders that the code has made itself, and where.
    made: HashMap<String, usize>,
    /// Where a test has gone to a temporary folder, until it ends.
    fresh: Option<usize>,
    /// The token that is looked at.
    at: usize,
}

impl<'a> Calls<'a> {
    /// Goes on in one of several ways.
    fn enter(&mut self, way: &Way, several: bool) {
        if several {
            self.reader.enter(&way.taken);
            self.reader.leave_out(&way.dead);
        }
    }

    fn token(&mut self, at: usize) {
        self.at = at;
        match self.index.token(at) {
            Some(Token::Name { name, start }) => {
                let mut name = self.reader.full(name.trim_end_matches('!'));
                // `include FileUtils`, and every Rakefile.
                let bare = matches!(name.as_str(), "rm_rf" | "rm_r" | "rm_f");
                if bare && self.language == Language::Ruby {
                    name = format!("FileUtils.{name}");
                }
                if self.language == Language::Ruby {
                    self.asked_of_result(&name, *start, at);
                }
                self.call(&name, *start, at);
            }
            Some(Token::Text {
                quote: '`',
                start,
                end,
                ..
            }) if matches!(
                self.language,
                Language::Ruby | Language::Perl | Language::Php | Language::Julia
            ) =>
            {
                self.shell_text(at, Span::new(*start, *end));
            }
            Some(Token::Text { start, end, .. }) if self.is_piped(at) => {
                let span = Span::new(*start, *end);
                // `do shell script "rm -rf " & folder`
                if self.language == Language::Lua && self.index.is_sign(at + 1, '&') {
                    let part = self.index.expression(at);
                    let values = self.reader.read(part, When::at(at));
                    for text in values.iter().flat_map(Value::texts) {
                        self.run(&line(&text), span);
                    }
                    return;
                }
                self.shell_text(at, span);
            }
            _ => {}
        }
    }

    /// `Order.destroy_all.size`: calls without parentheses, whose result is asked something.
    fn asked_of_result(&mut self, name: &str, start: usize, at: usize) {
        const VERBS: [&str; 6] = [
            "delete_all",
            "destroy_all",
            "destroy_by",
            "delete_by",
            "drop",
            "flushall",
        ];
        for (end, _) in name.match_indices('.') {
            let call = name.get(..end).unwrap_or_default();
            let last = call.rsplit('.').next().unwrap_or_default();
            if VERBS.contains(&last) {
                self.call(call, start, at);
            }
        }
    }

    /// A string that is a shell line where it stands.
    fn shell_text(&mut self, at: usize, span: Span) {
        let values = self.reader.read(Part::new(at, at + 1), When::at(at));
        for value in values {
            self.run(&line(value.text().unwrap_or_default()), span);
        }
    }

    fn run(&mut self, text: &str, span: Span) {
        // Two readings of one call.
        let again = |step: &Step| step.text == text && step.span.end == span.end;
        if self.deeds.steps.last().is_some_and(again) {
            return;
        }
        self.does(Step {
            text: text.to_owned(),
            span,
            kind: Kind::Runs,
        });
    }

    /// Notes down what the code does, or that it does more than is looked at.
    fn does(&mut self, step: Step) {
        const MAX_STEPS: usize = 2_000;
        // pytest goes back by itself.
        let left = |from: &usize| *from != self.at && !self.index.comes_behind(*from, self.at);
        if self.fresh.take_if(|from| left(from)).is_some() {
            self.deeds.steps.push(Step {
                text: "cd -".to_owned(),
                span: step.span,
                kind: Kind::Goes,
            });
        }
        match self.deeds.steps.len() < MAX_STEPS {
            true => self.deeds.steps.push(step),
            false => self.deeds.cut = true,
        }
    }

    /// awk's `print | "cmd"` and `"cmd" | getline`, AppleScript's `do shell script "cmd"`.
    fn is_piped(&self, at: usize) -> bool {
        let back = |by: usize| at.checked_sub(by);
        let bar = |at: Option<usize>| at.is_some_and(|at| self.index.is_sign(at, '|'));
        let named =
            |at: Option<usize>, wanted: &str| at.and_then(|at| self.index.name(at)) == Some(wanted);
        match self.language {
            Language::Perl => {
                bar(back(1)) && !bar(back(2)) || bar(Some(at + 1)) && named(Some(at + 2), "getline")
            }
            Language::Lua => named(back(1), "script") && named(back(2), "shell"),
            _ => false,
        }
    }

    fn starts_a_program(&self, name: &str, last: &str, at: usize) -> bool {
        SHELLS.contains(&name)
            || name.ends_with("Command.new") && self.language == Language::Compiled
            || name.ends_with("exec.Command")
            || name.ends_with("exec.CommandContext")
            || name == "exec" && self.language != Language::Python
            || name == "sh" && self.language == Language::Ruby
            || self.is_template_shell(name, at)
            || last == "exec_command"
            || self.language == Language::Javascript
                && matches!(last, "execSync" | "spawnSync" | "execFileSync")
            || self.is_sh(name)
            || self.is_remote(name, last)
            || self.is_task_run(name, last)
            || self.program_named(name).is_some()
            || name == ".execute" && self.language == Language::Groovy
    }

    fn call(&mut self, name: &str, start: usize, at: usize) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let sends = EXECUTES.contains(&last);
        let dotted = name.contains('.') || matches!(self.language, Language::Php);
        let perhaps = PERHAPS.contains(&last) && (dotted || matches!(last, "text" | "sql"));
        let node = self.language == Language::Javascript
            && (matches!(last, "rmSync" | "unlinkSync" | "rmdirSync")
                || name.ends_with("promises.rm"));
        let deletes = is_one_of(&FILES, name)
            || is_one_of(&TREES, name)
            || node
            || self.deletes_elsewhere(name, at);
        let starts = self.starts_a_program(name, last, at);
        let connects = is_connection(name, last);
        let span = self.span(start, name, at);
        if self.is_definition(at) || self.special(name, span, at) || self.known(name, span, at) {
            return;
        }
        if let Some(text) = self.model_loss(name, at) {
            let span = Span::new(start, start + name.len());
            self.deeds.sql.push(Sent::new(text, span, false));
            return;
        }
        if self.is_statement(name, at) {
            let span = Span::new(start, start + name.len());
            self.deeds
                .wipes
                .push((drivers::DATA, name.to_owned(), span));
        }
        self.places(name, last, span, at);
        if !(sends || perhaps || deletes || starts) || commands::SENDERS.contains(&last) {
            self.driver(name, start, at);
        }
        if !(sends || perhaps || deletes || starts || connects) || !self.is_called(at) {
            // `unlink <data/*>` of Perl.
            if deletes && self.index.is_sign(at + 1, '<') {
                self.deeds.unknown.push((span, None));
            }
            return;
        }
        let runs = starts && !sends && !name.ends_with("exec");
        if (sends || perhaps) && !runs && !self.is_double(name) {
            self.sends(at, span, !sends);
        }
        if deletes {
            self.deletes(name, span, at);
        }
        if starts && !self.is_double(name) {
            self.starts(name, span, at);
        }
        if connects {
            let arguments = self.reader.arguments(at);
            if let Some(part) = arguments.positional.first() {
                let values = self.reader.read(*part, When::at(at));
                let texts = values.iter().filter_map(Value::text);
                self.deeds
                    .connections
                    .extend(texts.take(1).map(str::to_owned));
            }
        }
    }

    /// A call with arguments, in the ways of the language.
    fn is_called(&self, at: usize) -> bool {
        let bare = matches!(self.language, Language::Ruby | Language::Perl);
        match self.index.token(at + 1) {
            Some(Token::Sign('(') | Token::Text { quote: '`', .. }) => true,
            Some(Token::Sign('!')) => self.index.is_sign(at + 2, '('),
            Some(Token::Text { .. } | Token::Name { .. } | Token::Sign('[' | '{')) => bare,
            _ => {
                // A method without arguments.
                bare && self.index.name(at).is_some_and(|name| name.contains('.'))
                    || self.takes_topic(at)
            }
        }
    }

    /// `unlink;` of Perl, which takes what the loop around it gives; `$h{unlink}` is a key.
    fn takes_topic(&self, at: usize) -> bool {
        let sign = |at: usize, wanted: &[char]| matches!(self.index.token(at), Some(Token::Sign(sign)) if wanted.contains(sign));
        let ended = self.index.token(at + 1).is_none() || sign(at + 1, &[';', '}', ')', ':', ',']);
        let opened = at.checked_sub(1).filter(|before| sign(*before, &['{']));
        let block = |open: usize| {
            let before = open.checked_sub(1);
            let name = before.and_then(|before| self.index.name(before));
            let other = before.is_none_or(|before| sign(before, &[')', ';', '}', '{']));
            other || matches!(name, Some("sub" | "do" | "else" | "eval" | "map" | "grep"))
        };
        let key = opened.is_some_and(|open| sign(at + 1, &['}']) && !block(open));
        self.language == Language::Perl && self.index.name(at) == Some("unlink") && ended && !key
    }

    fn is_definition(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.index.name(at));
        matches!(before, Some("def" | "function" | "func" | "fn" | "sub"))
    }

    /// Returns the stretch from the name of a call to its end.
    fn span(&self, start: usize, name: &str, at: usize) -> Span {
        let end = self.index.after(at + 1).saturating_sub(1);
        let inner = (at..=end.min(at + MAX_ARGUMENTS)).rev();
        let mut ends = inner.filter_map(|at| match self.index.token(at)? {
            Token::Text { end, .. } => Some(*end),
            Token::Name { name, start } => Some(start + name.len()),
            _ => None,
        });
        let end = ends.next().unwrap_or(start + name.len());
        Span::new(start, end.max(start))
    }

    /// A mock object of a test sends nothing, and neither does a regular expression.
    fn is_double(&self, name: &str) -> bool {
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        if name.starts_with('.') {
            return false;
        }
        let root = owner.split('.').next().unwrap_or(owner);
        [owner, root].iter().any(|owner| {
            self.index.bindings(owner).iter().any(|binding| {
                let super::index::Given::Is(part, _) = binding.given else {
                    return false;
                };
                if self.language == Language::Javascript && self.index.is_sign(part.from, '{') {
                    return true;
                }
                let made =
                    (part.from..part.to.min(part.from + 2)).filter_map(|at| self.index.name(at));
                made.into_iter().any(|made| {
                    made.contains("Mock")
                        || made.ends_with("create_autospec")
                        || matches!(made, "/regex/" | "RegExp" | "re.compile" | "Regexp.new")
                        || made.starts_with("jest.")
                        || made.starts_with("sinon.")
                        || made.starts_with("vi.")
                })
            })
        })
    }

    /// `from sh import rm; rm('-rf', 'data')`: every name of the module is a program.
    fn is_sh(&self, name: &str) -> bool {
        let of_module = self
            .imports
            .values()
            .any(|full| full == "sh" || full == name);
        self.language == Language::Python && name.starts_with("sh.") && of_module
    }

    /// `rm = local["rm"]` of plumbum.
    fn program_named(&self, name: &str) -> Option<String> {
        let [binding] = self.index.bindings(name) else {
            return None;
        };
        let super::index::Given::Is(part, _) = binding.given else {
            return None;
        };
        let local =
            self.index.name(part.from) == Some("local") && self.index.is_sign(part.from + 1, '[');
        match self.index.token(part.from + 2) {
            Some(Token::Text { text, .. }) if local => Some(text.clone()),
            _ => None,
        }
    }

    /// Calls of drivers, object mappers and clients of services.
    fn driver(&mut self, name: &str, start: usize, at: usize) {
        let paren = self.index.is_sign(at + 1, '(');
        let ruby = self.language == Language::Ruby;
        // `find_each(&:purge)` calls it of each.
        let sign = |by: usize, wanted: char| {
            at.checked_sub(by)
                .is_some_and(|at| self.index.is_sign(at, wanted))
        };
        let each = ruby && !name.contains('.') && sign(1, ':') && sign(2, '&');
        let dotted = format!(".{name}");
        let (name, start) = match each {
            true => (dotted.as_str(), start.saturating_sub(1)),
            false => (name, start),
        };
        if !(paren || ruby && name.contains('.')) {
            return;
        }
        let inside = if paren {
            self.index.inside(at + 1).unwrap_or_default()
        } else {
            Part::default()
        };
        let to = inside.to.min(inside.from + MAX_ARGUMENTS);
        let before = self.before(at);
        let site = Site {
            name,
            arguments: self.index.tokens.get(inside.from..to).unwrap_or_default(),
            before: &before,
            text: self.mentions,
            language: self.language,
        };
        let span = Span::new(start, start + name.len());
        // A function of the code under that name says itself what it does.
        let last = name.rsplit('.').next().unwrap_or(name);
        if self.is_shown(at) || self.index.function_named(last).is_some() {
            return;
        }
        let asked = drivers::request(&site).or_else(|| self.client_request(name, at));
        if let Some(url) = asked {
            let text = format!("curl -X DELETE {}", super::steps::word(&url));
            self.run(&text, span);
        } else if let Some(rule) = drivers::rule(&site) {
            let said = name.trim_start_matches('.').to_owned();
            self.deeds.wipes.push((rule, said, span));
        }
    }

    /// `client.delete('/x')` of an HTTP client that the code has made.
    fn client_request(&self, name: &str, at: usize) -> Option<String> {
        let (owner, last) = name.rsplit_once('.')?;
        if last != "delete"
            || !self
                .mentions
                .has(&["httpx", "requests", "axios", "aiohttp", "ky."])
        {
            return None;
        }
        let [binding] = self.index.bindings(owner) else {
            return None;
        };
        let super::index::Given::Is(part, _) = binding.given else {
            return None;
        };
        let made = self.index.name(part.from)?;
        let last = made.rsplit('.').next()?;
        let client = matches!(last, "Client" | "AsyncClient" | "Session" | "ClientSession")
            || matches!(made, "axios.create" | "got.extend" | "ky.create");
        if !client {
            return None;
        }
        let inner = self.reader.arguments(part.from);
        let base = ["base_url", "baseURL", "prefixUrl"]
            .iter()
            .find_map(|name| inner.named(name));
        let text = |part: Part| {
            let values = self.reader.read(part, When::at(at));
            values.first().and_then(Value::text).map(str::to_owned)
        };
        let base = base.and_then(text).unwrap_or_default();
        let path = self.reader.arguments(at).positional.first().copied();
        let path = path.and_then(text).unwrap_or_default();
        let url = format!("{}{path}", base.trim_end_matches('/'));
        Some(if url.contains("://") {
            url
        } else {
            "http://unknown.invalid".to_owned()
        })
    }

    /// `….delete().to_sql()`: a statement that is only written down.
    fn is_shown(&self, at: usize) -> bool {
        let behind = self.index.name(self.index.after(at + 1));
        matches!(
            behind,
            Some(".toString" | ".to_sql" | ".toSQL" | ".toSql" | ".compile" | ".toQuery" | ".to_s")
        )
    }

    /// Returns the last parts of the names that stand before a call in its statement.
    fn before(&self, at: usize) -> Vec<&'a str> {
        const BACK: usize = 60;
        let from = at.saturating_sub(BACK);
        let tokens = self.index.tokens.get(from..at).unwrap_or_default();
        tokens
            .iter()
            .rev()
            .take_while(|token| !matches!(token, Token::Line | Token::Sign(';')))
            .filter_map(|token| match token {
                Token::Name { name, .. } => name.rsplit('.').next(),
                _ => None,
            })
            .collect()
    }

    /// Deletions that only one language, or only an import, makes of a name.
    fn deletes_elsewhere(&self, name: &str, at: usize) -> bool {
        let last = name.rsplit('.').next().unwrap_or(name);
        match self.language {
            Language::Julia => matches!(name, "rm" | "Base.rm" | "Base.Filesystem.rm"),
            // `for p in folder.glob('*'): p.unlink()`.
            Language::Python => {
                let paths = || self.mentions.has(&["pathlib", "Path(", "scandir"]);
                last == "unlink" && name.contains('.') && !name.starts_with('.') && paths()
            }
            Language::Javascript => {
                if last == "removeItem" && self.mentions.has(&["FileManager"]) {
                    return true;
                }
                if name == "del" && self.imports.values().any(|full| full == "del") {
                    return true;
                }
                let del = || self.mentions.has(&["\"del\"", "'del'"]);
                if matches!(last, "deleteAsync" | "deleteSync") && del() {
                    return true;
                }
                let imported = self.mentions.has(&["fs/promises", "node:fs"]);
                imported
                    && matches!(name, "rm" | "unlink" | "rmdir" | "fsp.rm" | "fsp.unlink")
                    && self.index.is_sign(at + 1, '(')
            }
            Language::Php if last == "remove" => {
                self.mentions.has(&["Symfony\\Component\\Filesystem"])
            }
            Language::Compiled => {
                matches!(
                    last,
                    "remove_file"
                        | "remove_dir_all"
                        | "deleteRecursively"
                        | "deleteDirectory"
                        | "deleteIfExists"
                ) || matches!(name, "remove" | "unlink" | "nftw")
                    && self.mentions.has(&["#include"])
                    || name == "os.Remove"
                    || matches!(
                        name,
                        "fs.remove_all" | "filesystem.remove_all" | "std.filesystem.remove_all"
                    )
                    || matches!(name, "Directory.Delete" | "File.Delete")
            }
            _ => matches!(
                last,
                "del_dir_r" | "removeItem" | "deleteDir" | "deleteRecursively"
            ),
        }
    }

    /// `$`rm -rf x`` of zx and Bun.
    fn is_template_shell(&self, name: &str, at: usize) -> bool {
        let template = matches!(
            self.index.token(at + 1),
            Some(Token::Text { quote: '`', .. })
        );
        template
            && self.language == Language::Javascript
            && matches!(
                name,
                "$" | "Bun.$" | "sh" | "execa" | "zx.$" | "$.sync" | "exec"
            )
    }

    /// `session.execute(delete(User))` of SQLAlchemy.
    fn is_statement(&self, name: &str, at: usize) -> bool {
        let named = matches!(name, "delete" | "sqlalchemy.delete" | "sa.delete");
        named
            && self.language == Language::Python
            && self.index.is_sign(at + 1, '(')
            && self.mentions.has(&["sqlalchemy", "sqlmodel"])
            // One that nobody sends is only put together.
            && self.mentions.has(&SENDS)
            && self.index.name(at + 2).is_some()
            && (self.index.around(at).is_some() || self.is_sent_later(at))
    }

    /// A call whose first argument is SQL, or only may be.
    fn sends(&mut self, at: usize, span: Span, perhaps: bool) {
        let arguments = self.reader.arguments(at);
        let mut parts = arguments.positional.clone();
        for name in ["query", "sql", "statement", "operation"] {
            parts.extend(arguments.named(name));
        }
        let Some(first) = parts.first() else { return };
        if self.only_plans(&arguments) {
            return;
        }
        let mut values: Values = self.reader.read(*first, When::at(at));
        // `db.ExecContext(ctx, …)`.
        let compiled = matches!(self.language, Language::Compiled);
        if compiled
            && values.iter().all(Value::is_unknown)
            && let Some(second) = parts.get(1)
        {
            values = self.reader.read(*second, When::at(at));
        }
        let place = self.place_of(*first).unwrap_or(span);
        let named = self.index.name(first.from).is_some();
        if named && values.iter().all(Value::is_unknown) {
            self.sends_variable = true;
        }
        let literal = self.index.is_text(first.from);
        let unknown = |text: &String| Value::Text(text.clone()).is_unknown();
        let texts = values.iter().flat_map(Value::texts);
        let over = self.connection(at);
        let several = values.len() > 1;
        for text in texts.filter(|text| literal || !unknown(text)) {
            if text.to_ascii_uppercase().contains("DETACH DELETE") {
                let said = "run".to_owned();
                self.deeds.wipes.push((drivers::DATA, said, place));
            }
            let text = text.replace(STAR, &crate::sql::HOLE.to_string());
            let bound = self.bound(at, &text, &parts);
            if bound.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            self.deeds.sql.push(Sent {
                choice: several,
                over: over.clone(),
                bound: bound.unwrap_or_default(),
                ..Sent::new(text, place, perhaps)
            });
        }
    }

    /// `query(…, job_config=QueryJobConfig(dry_run=True))`: the server only plans it.
    fn only_plans(&self, arguments: &super::values::methods::Arguments) -> bool {
        let Some(part) = arguments.named("job_config") else {
            return false;
        };
        let plans = |part: super::index::Part| {
            (part.from..part.to).any(|at| {
                self.index.name(at) == Some("dry_run")
                    && self.index.is_sign(at + 1, '=')
                    && self.index.name(at + 2) == Some("True")
                    && matches!(self.index.sign(at + 3), Some(',' | ')'))
            })
        };
        let name = self
            .index
            .name(part.from)
            .filter(|_| part.to == part.from + 1);
        let Some(name) = name else { return plans(part) };
        // The same settings, changed afterwards, may run it.
        let changed = !self.index.bindings(&format!("{name}.dry_run")).is_empty();
        match self.index.bindings(name) {
            [binding] if !changed => match binding.given {
                super::index::Given::Is(part, None) => plans(part),
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns where the first string of a part stands.
    fn place_of(&self, part: Part) -> Option<Span> {
        let tokens = self.index.tokens.get(part.from..part.to)?;
        tokens.iter().find_map(|token| match token {
            Token::Text { start, end, .. } => Some(Span::new(*start, *end)),
            _ => None,
        })
    }
}

/// Tells whether a name is that of a call which connects to a database.
fn is_connection(name: &str, last: &str) -> bool {
    matches!(
        last,
        "connect"
            | "Database"
            | "DatabaseSync"
            | "create_engine"
            | "createConnection"
            | "getConnection"
            | "Client"
            | "Pool"
            | "PDO"
    ) || matches!(last, "open" | "new" | "Open") && name.to_ascii_lowercase().contains("sql")
}

/// Tells whether a dotted name ends as one of the list does: `java.nio.file.Files.delete` is `Files.delete`.
pub(super) fn is_one_of(list: &[&str], name: &str) -> bool {
    list.contains(&name)
        || list.iter().any(|known| {
            known.contains('.')
                && !known.starts_with('.')
                && name
                    .strip_suffix(known)
                    .is_some_and(|head| head.ends_with('.'))
        })
}
