//! Libraries that run another tool under names of their own (git, Django, Alembic, Artisan, Rake), and code in strings.
//! What the tool does is judged as the command line that it stands for.

use crate::model::span::Span;

use super::super::index::Part;
use super::super::steps::{line, word};
use super::super::tables::{FILES, SHELLS, TREES};
use super::super::tokens::{Language, Token};
use super::super::values::{Value, When};
use super::{Calls, Deeds, Sent, Standing, deeds, is_one_of};

/// Codes in strings of codes.
const MAX_INSIDE: usize = 3;
/// Calls that are handed another call with what it is to be given.
const HANDS: [&str; 21] = [
    "submit",
    "register",
    "to_thread",
    "run_in_executor",
    "map",
    "starmap",
    "Process",
    "Thread",
    "Timer",
    "apply_async",
    "call_soon",
    "call_later",
    // R and Julia.
    "lapply",
    "sapply",
    "vapply",
    "mapply",
    "Map",
    "walk",
    "do.call",
    "foreach",
    "broadcast",
];

/// Calls that make a text of another form of it.
const DECODERS: [&str; 26] = [
    "b64decode",
    "b32decode",
    "b85decode",
    "a85decode",
    "urlsafe_b64decode",
    "decode_base64",
    "base64_decode",
    "decode64",
    "unpack",
    "unpack1",
    "pack",
    "fromhex",
    "unhexlify",
    "hex2bin",
    "fromCharCode",
    "fromCodePoint",
    "atob",
    "decompress",
    "gunzipSync",
    "inflateSync",
    "gzinflate",
    "gzuncompress",
    "gzdecode",
    "str_rot13",
    "chr",
    "Base64",
];

/// `source` of R, given an address.
const SOURCES: &[&str] = &["source(\"http", "source('http"];

/// Words by which a text gets something from the network.
const FETCHERS: &[&str] = &[
    "urlopen",
    "requests.get",
    "requests.post",
    "httpx.",
    "urlretrieve",
    "http.client",
    "fetch(",
    "axios",
    "https.get",
    "http.get",
    "URI.open",
    "open-uri",
    "Net::HTTP",
    "LWP::",
    "HTTP::Tiny",
    "__import__('requests').",
    "__import__(\"requests\").",
    "get(\"http",
    "get('http",
    "curl_exec",
    "file_get_contents(\"http",
    "file_get_contents('http",
];

impl Calls<'_> {
    /// Reads a call of such a library; tells whether it was one.
    pub(super) fn tools(&mut self, name: &str, span: Span, at: usize) -> bool {
        let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
        let hands = HANDS.contains(&last) || HANDS.contains(&name);
        if hands && matches!(self.language, Language::Python | Language::Julia) {
            return self.handed(span, at);
        }
        let head: Option<Vec<String>> = match last {
            "call_command" if self.mentions.has(&["django"]) => Some(plain("python manage.py")),
            "upgrade" | "downgrade" | "stamp"
                if owner == "command" && self.mentions.has(&["alembic"]) =>
            {
                Some(plain(&format!("alembic {last}")))
            }
            "call" if owner.ends_with("Artisan") => Some(plain("php artisan")),
            "invoke" | "execute" => return self.rake(span, at),
            // `.then(eval)`
            "then" if self.language == Language::Javascript => {
                let arguments = self.reader.arguments(at);
                let given = arguments.positional.first();
                if given.and_then(|part| self.index.name(part.from)) == Some("eval") {
                    self.fetched(span);
                }
                return false;
            }
            "source" if self.mentions.has(SOURCES) => {
                self.run("curl \"$URL\" | sh", span);
                return true;
            }
            "eval" | "exec" | "instance_eval" | "class_eval" | "Function" | "runInNewContext"
                if self.evaluates(name, last) =>
            {
                return self.code_inside(span, at);
            }
            _ if owner.ends_with(".git")
                && self.mentions.has(&["Repo(", "from git", "import git"]) =>
            {
                Some(plain(&format!("git {}", last.replace('_', "-"))))
            }
            _ if self.is_simple_git(name, last) => Some(match last {
                "raw" => plain("git"),
                _ => plain(&format!("git {last}")),
            }),
            _ => None,
        };
        let Some(mut words) = head else { return false };
        words.extend(self.given_words(at, last == "downgrade" || last == "upgrade"));
        self.run(&words.join(" "), span);
        true
    }

    /// `Thread(target=shutil.rmtree, args=(x,))`, `pool.map(shutil.rmtree, […])`, `atexit.register(os.remove, x)`.
    fn handed(&mut self, span: Span, at: usize) -> bool {
        let arguments = self.reader.arguments(at);
        let named = |part: &Part| {
            let alone = part.to == part.from + 1;
            match self.index.token(part.from).filter(|_| alone)? {
                Token::Name { name, .. } => Some(self.reader.full(name)),
                // `do.call("unlink", …)`.
                Token::Text { text, .. } => Some(text.clone()),
                _ => None,
            }
        };
        let counts = |name: &str| counts(name) || self.language == Language::Julia && name == "rm";
        let place = arguments
            .positional
            .iter()
            .position(|part| named(part).is_some_and(|name| counts(&name)));
        let target = match place {
            Some(place) => arguments.positional.get(place).and_then(named),
            None => arguments
                .named("target")
                .as_ref()
                .and_then(named)
                .filter(|name| counts(name)),
        };
        let Some(name) = target else { return false };
        let given = place
            .and_then(|place| {
                // `lapply(LIST, unlink)` has the list first.
                let before = place.checked_sub(1);
                let parts = &arguments.positional;
                let part = parts.get(place + 1).or_else(|| parts.get(before?));
                part.copied()
            })
            .or_else(|| arguments.named("args"));
        let Some(mut part) = given else { return false };
        let mut deep = arguments.named("recursive");
        // `do.call(unlink, list("data", recursive = TRUE))`.
        if self.index.name(part.from) == Some("list") && self.index.name(at) == Some("do.call") {
            let inner = self.reader.arguments(part.from);
            deep = inner.named("recursive");
            let Some(first) = inner.positional.first() else {
                return false;
            };
            part = *first;
        }
        let deep = deep.and_then(|part| self.index.name(part.from));
        let values = self.reader.read(part, When::at(at));
        for value in super::super::values::Reader::opened(values) {
            let text = value.texts().into_iter().next().unwrap_or_default();
            if SHELLS.contains(&name.as_str()) {
                self.run(&line(&text), span);
            } else {
                let files = FILES.contains(&name.as_str()) || name == "rm";
                let flags = if files && !matches!(deep, Some("TRUE" | "T" | "true")) {
                    "-f"
                } else {
                    "-rf"
                };
                self.delete(&text, flags, span);
            }
        }
        true
    }

    fn is_simple_git(&self, name: &str, last: &str) -> bool {
        let verbs = [
            "reset", "clean", "push", "raw", "checkout", "stash", "rebase",
        ];
        name.contains('.')
            && verbs.contains(&last)
            && self.language == Language::Javascript
            && self.mentions.has(&["simple-git", "simpleGit"])
    }

    /// All texts among the arguments of a call, as words.
    fn given_words(&self, at: usize, skip: bool) -> Vec<String> {
        let arguments = self.reader.arguments(at);
        let mut words = Vec::new();
        for part in arguments.positional.iter().skip(usize::from(skip)) {
            let list = self.index.is_sign(part.from, '[');
            let keys = list && self.language == Language::Php;
            if keys {
                words.extend(self.texts_in(*part).iter().map(|text| word(text)));
                continue;
            }
            let values = self.reader.read(*part, When::at(at));
            let known = values.iter().take(1).flat_map(Value::texts);
            words.extend(known.map(|text| word(&text)));
        }
        // `repo.git.reset(hard=True)`.
        for name in ["hard", "force", "delete", "mirror", "prune"] {
            let set = arguments
                .named(name)
                .and_then(|part| self.index.name(part.from));
            if matches!(set, Some("True" | "true")) {
                words.push(format!("--{name}"));
            }
        }
        words
    }

    fn texts_in(&self, part: Part) -> Vec<String> {
        let tokens = self
            .index
            .tokens
            .get(part.from..part.to)
            .unwrap_or_default();
        tokens
            .iter()
            .filter_map(|token| match token {
                Token::Text { text, .. } => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    /// `Rake::Task['db:drop'].invoke`.
    fn rake(&mut self, span: Span, at: usize) -> bool {
        let from = self.index.chain(at);
        let task = self.index.is_sign(from, '[')
            && from
                .checked_sub(1)
                .is_some_and(|at| self.index.name(at) == Some("Rake.Task"))
            || self.index.name(from) == Some("Rake.Task");
        if !task || self.language != Language::Ruby {
            return false;
        }
        // `Rake::Task["db:" + "reset"]`
        let name = self.texts_in(Part::new(from, at)).concat();
        if !name.is_empty() {
            self.run(&format!("rake {}", word(&name)), span);
        }
        true
    }

    /// Tells whether a call runs a text as code of this language.
    fn evaluates(&self, name: &str, last: &str) -> bool {
        match last {
            "exec" => name == "exec" && self.language == Language::Python,
            "eval" => {
                matches!(name, "eval" | "window.eval" | "globalThis.eval")
                    && self.language != Language::Compiled
            }
            "Function" => name == "Function" && self.language == Language::Javascript,
            _ => {
                name.contains('.') && matches!(self.language, Language::Ruby | Language::Javascript)
            }
        }
    }

    /// `exec("import shutil; …")`.
    fn code_inside(&mut self, span: Span, at: usize) -> bool {
        if self.standing.depth >= MAX_INSIDE {
            self.deeds.unknown.push((span, None));
            return true;
        }
        let arguments = self.reader.arguments(at);
        let Some(part) = arguments.positional.last() else {
            return true;
        };
        let standing = Standing {
            settings: &[],
            depth: self.standing.depth + 1,
            ..self.standing
        };
        for value in self.reader.read(*part, When::at(at)).iter().take(2) {
            let text = value.text().unwrap_or_default();
            if value.is_unknown() || text.is_empty() {
                self.fetched(span);
                self.decoded(*part, span);
                continue;
            }
            let inner = deeds(text, self.language, standing);
            self.take(inner, span);
        }
        true
    }

    /// What is run comes out of a decoder that is not computed here: it may be anything.
    pub(super) fn decoded(&mut self, part: Part, span: Span) {
        let range = part.from..part.to;
        let tokens = self.index.tokens.get(range).unwrap_or_default();
        let decodes = |token: &Token| match token {
            Token::Name { name, .. } => {
                let last = name.rsplit(['.', ':']).next().unwrap_or(name);
                DECODERS.contains(&last)
            }
            Token::Text { text, .. } => text.replace(['-', '_'], "") == "rot13",
            _ => false,
        };
        if tokens.iter().any(decodes) {
            self.run("base64 -d \"$TEXT\" | sh", span);
        }
    }

    /// Code that is not known is as good as a fetched script where the text fetches something; a calculator's `eval` is not.
    fn fetched(&mut self, span: Span) {
        if self.mentions.has(FETCHERS) {
            self.run("curl \"$URL\" | sh", span);
        }
    }

    /// Takes over what a code in a string does.
    fn take(&mut self, inner: Deeds, span: Span) {
        let all = &mut self.deeds;
        all.sql
            .extend(inner.sql.into_iter().map(|sent| Sent { span, ..sent }));
        all.steps.extend(inner.steps.into_iter().map(|mut step| {
            step.span = span;
            step
        }));
        all.unknown
            .extend(inner.unknown.into_iter().map(|(_, tail)| (span, tail)));
        all.connections.extend(inner.connections);
        all.sends_unknown |= inner.sends_unknown;
        all.wipes.extend(
            inner
                .wipes
                .into_iter()
                .map(|(rule, said, _)| (rule, said, span)),
        );
    }
}

/// Tells whether a call deletes or starts something by its first argument.
fn counts(name: &str) -> bool {
    SHELLS.contains(&name) || is_one_of(&TREES, name) || is_one_of(&FILES, name)
}

fn plain(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}
