//! Programs that run other programs: which of their words are options, and where the real program begins.
//! Plain ones are rows of a table; the ones with a mind of their own have a function each.

use crate::model::command::{Cwd, Passage, Redirect, WriteMode};
use crate::model::word::{Hole, Word};

use super::launchers;
use super::options::{Options, options};
use super::rows::{ROWS, Row, of_letter};
use super::scripts::{SHELLS, Start, shell_named};
use super::state::{Feed, State};
use super::unfold::{Frame, Job, Unfolder, Write};

/// Programs whose name a script of a project may well bear.
const OWN_NAMES: [&str; 12] = [
    "task", "make", "just", "watch", "batch", "script", "split", "at", "find", "time", "run",
    "parallel",
];

/// Tells whether a program is named by a path from here on, and not out of what is installed there.
fn is_below(word: &Word) -> bool {
    let text = word.prefix();
    let installed = ["node_modules/", "vendor/", "venv/", ".venv/"];
    text.contains('/')
        && !text.starts_with('/')
        && !installed.iter().any(|folder| text.contains(folder))
}

impl Unfolder<'_> {
    /// Opens a wrapper; nothing when the program is none, or when it has nothing inside.
    pub(super) fn wrapped(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let shell = SHELLS.contains(&program).then_some(program);
        if let Some(shell) = shell.or_else(|| shell_named(program)) {
            return self.shell_program(shell, job, st, fr);
        }
        // `scripts/task x` is the project's own, whatever else bears the name.
        if OWN_NAMES.contains(&program)
            && job.words.first().is_some_and(is_below)
            && let Some(feed) = self.direct(job, st, fr)
        {
            return Some(feed);
        }
        if let Some(feed) = self.project_task(program, job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.rows(program, job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.carriers(program, job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.portable(program, job, st, fr) {
            return Some(feed);
        }
        match program {
            "sudo" | "doas" | "sudo-rs" => self.sudo(program, job, st, fr),
            "su" | "runuser" => self.su(program, job, st, fr),
            "gosu" | "su-exec" => {
                let user = job.words.get(1).cloned();
                self.inner(program, Passage::User { user }, job.rest(2), st, fr)
            }
            "env" | "genv" => self.env(job, st, fr),
            "xargs" | "gxargs" => self.xargs(job, st, fr),
            "find" | "gfind" | "fd" | "fdfind" => self.find(program, job, st, fr),
            "parallel" => self.parallel(job, st, fr),
            "split" | "gsplit" => self.chunked(job, st, fr),
            "watch" | "hyperfine" | "concurrently" | "nodemon" | "onchange" | "watchexec"
            | "entr" | "sem" => self.texts(program, job, st, fr),
            "ssh" | "mosh" => from_afar(program, self.ssh(program, job, st, fr)),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" | "lima" => {
                from_afar(program, self.container(program, job, st, fr))
            }
            "kubectl" | "oc" | "k3s" | "microk8s.kubectl" => {
                from_afar(program, self.kubectl(program, job, st, fr))
            }
            "flock" => self.flock(job, st, fr),
            "start-stop-daemon" => self.run_daemon(job, st, fr),
            "capsh" => self.capabilities(job, st, fr),
            "sail" => Some(self.run(launchers::sail(job)?, st, fr)),
            "zargs" => self.inner(program, Passage::Plain, launchers::zargs(job)?, st, fr),
            "script" => self.script_program(job, st, fr),
            "at" | "batch" => self.at(program, job, st, fr),
            "tmux" | "screen" => self.multiplexer(program, job, st, fr),
            "nix-shell" | "nix" => self.nix(job, st, fr),
            "distrobox" | "distrobox-enter" => self.distrobox(job, st, fr),
            "git" => self.git(job, st, fr),
            "make" | "gmake" | "just" | "npm" | "pnpm" | "yarn" | "bun" | "composer" | "rake"
            | "task" | "go-task" => self.task(program, job, st, fr),
            "wsl" | "wsl.exe" => self.wsl(job, st, fr),
            _ if is_loader(program) => self.loader(program, job, st, fr),
            _ => self.unlisted(program, job, st, fr),
        }
    }

    fn rows(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let mut best: Option<(&Row, usize)> = None;
        for row in of_letter(program).filter_map(|at| ROWS.get(at)) {
            // Nearly every row is another program's: told without taking its name apart.
            if !row.name.starts_with(program) {
                continue;
            }
            let mut parts = row.name.split(' ');
            if parts.next() != Some(program) {
                continue;
            }
            if let Some(at) = subcommand(job, row.valued, parts)
                // Of two that are alike the first counts.
                && best.is_none_or(|(_, old)| at >= old)
            {
                best = Some((row, at));
            }
        }
        let (row, at) = best?;
        let words = job.words.get(at..).unwrap_or_default();
        let found = options(words, row.valued);
        if super::lists::tells_only(&found, &[]) {
            return None;
        }
        if let Some(text) = launchers::texts_of(row.name).and_then(|names| found.value(names)) {
            let via = fr.enter(row.name, Passage::Plain);
            return Some(self.shell_text(&text.clone(), &start(row.name, job), st, &via));
        }
        if let Some(file) = super::outputs::written(row.name, &found) {
            self.writes_over(file, job, st, fr);
        }
        let mut from = at + found.rest + row.skip;
        if program == "bwrap" {
            from = at + behind_pairs(words, row.valued);
        }
        from = launchers::behind_tools(row.name, job, from);
        let mut env = Vec::new();
        while let Some(word) = job.words.get(from)
            && assigns(word)
            && matches!(
                program,
                "cross-env" | "cross-env-shell" | "env-cmd" | "with-contenv"
            )
        {
            env.push(assignment(word));
            from += 1;
        }
        if job.words.get(from).and_then(Word::text).as_deref() == Some("--") {
            from += 1;
        }
        let mut rest = job.rest(from);
        rest.env.extend(env);
        launchers::unversioned(row.name, &mut rest);
        let mut inside = st.clone();
        if let Some(dir) = found.value("--wd --working-directory -C --directory --cwd") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let mut passage = (row.passage)();
        if row.name == "systemd-nspawn" && is_ephemeral(&found, job) {
            inside = super::remote::far(st);
            passage = thrown_away(program, job);
        }
        self.inner(row.name, passage, rest, &mut inside, fr)
    }

    /// `/lib64/ld-linux-x86-64.so.2 /bin/rm -rf x`; some of its options only tell.
    fn loader(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        const TELLS: [&str; 6] = [
            "--list",
            "--verify",
            "--help",
            "--version",
            "--list-tunables",
            "--list-diagnostics",
        ];
        let valued = "--library-path --inhibit-rpath --audit --preload --argv0 --glibc-hwcaps-mask --glibc-hwcaps-prepend";
        let found = options(job.args(), valued);
        if TELLS.iter().any(|option| found.has(option)) {
            return None;
        }
        self.inner(program, Passage::Plain, job.rest(found.rest + 1), st, fr)
    }

    /// Notes a file that a wrapper itself writes from its start.
    pub(super) fn writes_over(&mut self, file: Word, job: &Job, st: &State, fr: &Frame) {
        let redirect = Redirect {
            mode: WriteMode::Truncate,
            file,
            content: None,
            whole: None,
        };
        // What is told about the program comes from it, not from what it prints.
        let write = Write {
            redirect,
            output: false,
        };
        self.emit_writes(vec![write], &job.origin, st, fr, &Feed::Inherited);
    }

    /// Runs the command inside a wrapper; nothing when there is none.
    pub(super) fn inner(
        &mut self,
        name: &str,
        passage: Passage,
        rest: Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if rest.words.is_empty() {
            return None;
        }
        let far = !matches!(passage, Passage::Plain | Passage::User { .. });
        let via = fr.enter(name, passage);
        if via.nesting > 24 {
            self.spend("wrappers are nested too deeply");
            return None;
        }
        let mut inside = st.subshell();
        if far {
            inside.far = true;
            inside.cwd = vec![Cwd::Unknown];
        }
        Some(self.run(rest, &mut inside, &via))
    }

    fn sudo(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued = "-u -g -h -p -C -D -R -T -r -t -U --user --group --host --prompt --chdir --chroot --role --type --other-user --command-timeout --close-from";
        let found = options(job.args(), valued);
        let mut from = found.rest + 1;
        let mut env = Vec::new();
        while let Some(word) = job.words.get(from).filter(|word| assigns(word)) {
            env.push(assignment(word));
            from += 1;
        }
        let passage = Passage::User {
            user: found.value("-u --user").cloned(),
        };
        let mut rest = job.rest(from);
        rest.env.extend(env);
        let mut inside = st.clone();
        if let Some(dir) = found.value("-D --chdir") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let login =
            found.has("-i") || found.has("--login") || found.has("-s") || found.has("--shell");
        if found.has("-e") || found.has("--edit") || found.has("-l") || found.has("-v") {
            return None;
        }
        if login {
            if found.has("-i") || found.has("--login") {
                inside.cwd = vec![Cwd::Unknown];
            }
            let via = fr.enter(program, passage);
            let begin = start("sh", job);
            if rest.words.is_empty() {
                return self.stdin_script(&begin, job, &mut inside, &via);
            }
            return Some(self.run(rest, &mut inside, &via));
        }
        self.inner(program, passage, rest, &mut inside, fr)
    }

    fn su(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued = "-c -s -g -G -w -u --command --shell --group --supp-group --user --whitelist-environment --session-command";
        let mut operands = Vec::new();
        let mut all = Options::default();
        let mut from = 1;
        while let Some(words) = job.words.get(from..).filter(|words| !words.is_empty()) {
            let found = options(words, valued);
            all.list.extend(found.list);
            from += found.rest;
            if program == "runuser" && all.value("-u --user").is_some() {
                break;
            }
            if let Some(word) = job.words.get(from) {
                operands.push(word.clone());
                from += 1;
            }
        }
        operands.retain(|word| word.text().as_deref() != Some("-"));
        let user = all.value("-u --user").or(operands.first()).cloned();
        let via = fr.enter(program, Passage::User { user });
        let begin = start("sh", job);
        if let Some(text) = all.value("-c --command --session-command").cloned() {
            return Some(self.shell_text(&text, &begin, st, &via));
        }
        if all.value("-u --user").is_some() {
            let rest = job.rest(from);
            return (!rest.words.is_empty()).then(|| self.run(rest, &mut st.subshell(), &via));
        }
        self.stdin_script(&begin, job, st, &via)
    }

    fn env(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(job.args(), "-u -C -S --unset --chdir --split-string");
        let mut from = found.rest + 1;
        let mut words = Vec::new();
        if let Some(text) = found.value("-S --split-string") {
            let source = super::source::Source::from_words(std::slice::from_ref(text));
            words = self.split_text(source, st, fr);
        }
        if job.words.get(from).and_then(Word::text).as_deref() == Some("-") {
            from += 1;
        }
        words.extend(job.words.get(from..).unwrap_or_default().iter().cloned());
        let mut inner = job.rest(0);
        let count = words.iter().take_while(|word| assigns(word)).count();
        for word in words.drain(..count) {
            inner.env.push(assignment(&word));
        }
        inner.words = words;
        inner.cleared |= found.has("-i") || found.has("--ignore-environment");
        let mut inside = st.subshell();
        for name in found
            .values("-u --unset")
            .into_iter()
            .filter_map(Word::text)
        {
            inside.export(&name, false);
        }
        if inner.cleared {
            inside.variables = std::rc::Rc::default();
            inside.functions = std::rc::Rc::default();
        }
        if let Some(dir) = found.value("-C --chdir") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        self.inner("env", Passage::Plain, inner, &mut inside, fr)
    }

    /// Splits a text into words as the shell would, without running it.
    pub(super) fn split_text(
        &mut self,
        source: super::source::Source,
        st: &mut State,
        fr: &Frame,
    ) -> Vec<Word> {
        let inside = fr.reading(std::rc::Rc::new(source));
        let Ok(script) = super::parse::parse(&inside.source.text) else {
            return vec![Word::hole(
                Hole::Unknown,
                true,
                inside.source.origin(crate::model::span::Span::new(0, 0)),
            )];
        };
        let mut all = Vec::new();
        for node in script.items.iter().flat_map(|item| &item.first.nodes) {
            if let super::ast::NodeKind::Simple { words, assigns } = &node.kind {
                for assign in assigns {
                    let text = inside
                        .source
                        .text
                        .get(assign.span.start..assign.span.end)
                        .unwrap_or_default();
                    all.push(Word::literal(text, inside.source.origin(assign.span)));
                }
                all.extend(self.fields(words, st, &inside));
            }
        }
        all
    }
}

/// Returns where the words after these subcommands begin; options before them are skipped.
pub(super) fn subcommand<'s>(
    job: &Job,
    valued: &str,
    parts: impl Iterator<Item = &'s str>,
) -> Option<usize> {
    let mut at = 1;
    for part in parts {
        at += options(job.words.get(at..).unwrap_or_default(), valued).rest;
        if job.words.get(at).and_then(Word::text).as_deref() != Some(part) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// Tells whether a program is the dynamic loader, which starts what it is given.
fn is_loader(program: &str) -> bool {
    program.starts_with("ld-linux") || program.starts_with("ld-musl") || program == "ld.so"
}

/// Returns where the command of bubblewrap begins: some of its options take two values (`--bind A B`).
fn behind_pairs(words: &[Word], valued: &str) -> usize {
    const PAIRS: &str = "--bind --ro-bind --dev-bind --bind-try --ro-bind-try --dev-bind-try --symlink --setenv --file --bind-data --ro-bind-data --chmod";
    let listed = |list: &str, name: &str| list.split(' ').any(|known| known == name);
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.prefix();
        at += match text.as_str() {
            name if listed(PAIRS, name) => 3,
            name if listed(valued, name) => 2,
            name if name.starts_with('-') => 1,
            _ => break,
        };
    }
    at
}

/// Returns how a text is started for a wrapper that has no arguments for it.
pub(super) fn start<'a>(name: &'a str, job: &'a Job) -> Start<'a> {
    Start {
        globs: super::globs::Globs::default(),
        keeps: false,
        name,
        arguments: &[],
        env: &job.env,
        cleared: job.cleared,
    }
}

/// Tells whether a word is `NAME=value`.
pub(super) fn assigns(word: &Word) -> bool {
    let head = word.prefix();
    head.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Returns name and value of a word that is `NAME=value`.
pub(super) fn assignment(word: &Word) -> (String, Word) {
    let head = word.prefix();
    let name = head.split('=').next().unwrap_or_default().to_owned();
    let mut value = word.clone();
    value.pieces = super::builtins::after_equals(word);
    (name, value)
}

/// A file that is printed over there is none of this machine's.
fn from_afar(program: &str, feed: Option<Feed>) -> Option<Feed> {
    feed.map(|feed| match feed {
        Feed::File(_) => Feed::Opaque(program.to_owned()),
        other => other,
    })
}

/// Tells whether a container of `systemd-nspawn` is thrown away at its end, with nothing of the host in it.
fn is_ephemeral(found: &super::options::Options, job: &Job) -> bool {
    let said = found.has("--ephemeral") && found.value("--ephemeral").is_none();
    let mut words = job.args().iter();
    (said || found.has("-x")) && !words.any(|word| word.prefix().starts_with("--bind"))
}

/// Its tree is its own, its network that of the host.
fn thrown_away(program: &str, job: &Job) -> Passage {
    Passage::Fresh {
        engine: program.to_owned(),
        mounts: Vec::new(),
        network: Some(Word::literal("host", job.origin.clone())),
    }
}
