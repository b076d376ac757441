//! Wrappers that make their commands out of lists or texts: `xargs`, `find`, `parallel`, `watch`, `flock`, `tmux` and their kin.
//! An unknown list gives one word of unknown count; a known one gives its words.

use crate::model::command::Passage;
use crate::model::word::{Hole, Part, Piece, Word};

use super::expand::literal_piece;
use super::flow::lines_of;
use super::options::{Options, options};
use super::pure::below;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};
use super::wrappers::start;

/// Words of a known list that are run one by one.
const MAX_ITEMS: usize = 256;

/// Options of watchexec that take a value.
const WATCHEXEC: &str = "-w -W -e -f -i -d -s -o -E -j -S --watch --watch-non-recursive --exts --filter --filter-file --filter-prog --ignore --ignore-file --debounce --signal --stop-signal --stop-timeout --shell --on-busy-update --delay-run --poll --env --project-origin --workdir --emit-events-to --socket --map-signal --fs-events --completions";
const TMUX: &str = "-s -n -c -t -x -y -e -F -l -p -f -L -S";

/// Programs behind `-exec` that print nothing.
const SILENT: [&str; 14] = [
    "rm", "rmdir", "mv", "cp", "ln", "chmod", "chown", "chgrp", "touch", "mkdir", "truncate",
    "test", "[", "true",
];

impl Unfolder<'_> {
    pub(super) fn xargs(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued = "-a -d -E -I -L -n -P -s -R -S --arg-file --delimiter --replace --max-args --max-procs --max-lines --max-chars";
        let found = options(job.args(), valued);
        let rest = job.rest(found.rest + 1);
        if rest.words.is_empty() {
            return None;
        }
        let input = match found.value("-a --arg-file") {
            Some(file) => {
                let feed = self.file_feed(file.clone(), st);
                self.listed(feed, st)
            }
            None => fr.stdin.clone(),
        };
        let input = self.listed_or_more(input, st);
        let replace = match found.value("-I --replace") {
            Some(word) => word.text(),
            None => (found.has("-i") || found.has("--replace")).then(|| "{}".to_owned()),
        };
        let whole_lines = replace.is_some()
            || found.has("-0")
            || found.value("-d --delimiter").is_some()
            || found.value("-L").is_some();
        let items = items(
            &input,
            whole_lines,
            found.value("-d --delimiter").and_then(Word::text),
            found.has("-0"),
            job,
        );
        let each = found
            .value("-n --max-args -L --max-lines")
            .and_then(Word::text)
            .and_then(|t| t.parse::<usize>().ok());
        let via = fr.enter("xargs", Passage::Plain).fed(Feed::Null);
        let mut feed = Feed::nothing();
        for chunk in chunks(items, replace.is_some(), each) {
            let mut command = rest.clone();
            match &replace {
                Some(mark) => {
                    let item = chunk.into_iter().next();
                    command.words = command
                        .words
                        .iter()
                        .map(|word| replaced(word, mark, item.as_ref()))
                        .collect();
                }
                None => command.words.extend(chunk),
            }
            feed = feed.then(self.run(command, &mut st.subshell(), &via));
        }
        Some(feed)
    }

    pub(super) fn find(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if program.starts_with("fd") {
            return self.fd(program, job, st, fr);
        }
        let (starts, names) = search(job);
        let found: Vec<Word> = starts
            .iter()
            .flat_map(|start| hits(start, &names, job))
            .collect();
        let mut own = job.clone();
        own.writes = Vec::new();
        let listed = self
            .generated("find", job, st, fr)
            .or_else(|| self.searched(job, &starts, st))
            .unwrap_or_else(|| Feed::Items(found.clone()));
        self.emit(own, st, fr, None, &listed);
        let mut at = 1;
        let (mut acts, mut prints) = (false, false);
        while let Some(word) = job.words.get(at) {
            at += 1;
            let name = word.text().unwrap_or_default();
            if name == "-delete" {
                acts = true;
            }
            prints |= name.starts_with("-print");
            if !matches!(name.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir") {
                continue;
            }
            acts = true;
            let rest = job.words.get(at..).unwrap_or_default();
            let end = rest.iter().position(ends_exec).unwrap_or(rest.len());
            let template = rest.get(..end).unwrap_or_default();
            // `-exec grep -l x {} +`: what it prints is one of the names, or made of one.
            let started = template.first().and_then(Word::text);
            prints |= !started.is_some_and(|name| SILENT.contains(&name.as_str()));
            at += end + 1;
            for item in &found {
                let mut command = job.rest(0);
                command.words = template
                    .iter()
                    .map(|word| replaced(word, "{}", Some(item)))
                    .collect();
                let via = fr.enter(&format!("find {name}"), Passage::Plain);
                self.inner_words(command, st, &via);
            }
        }
        Some(match (acts, prints) {
            (false, _) => listed,
            (true, true) => Feed::Items(found),
            (true, false) => Feed::nothing(),
        })
    }

    fn inner_words(&mut self, command: Job, st: &State, via: &Frame) {
        if !command.words.is_empty() {
            self.run(command, &mut st.subshell(), via);
        }
    }

    fn fd(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let at = job.words.iter().position(|word| {
            matches!(
                word.text().as_deref(),
                Some("-x" | "-X" | "--exec" | "--exec-batch")
            )
        })?;
        let item = below(".", &job.origin);
        // What is handed on depends on its tests: whoever judges the remover has to see them.
        let mut own = job.clone();
        own.writes = Vec::new();
        self.emit(own, st, fr, None, &Feed::nothing());
        let mut command = job.rest(at + 1);
        let marked = command.words.iter().any(|word| word.shown().contains("{}"));
        command.words = command
            .words
            .iter()
            .map(|word| replaced(word, "{}", Some(&item)))
            .collect();
        if !marked {
            command.words.push(item);
        }
        self.inner(program, Passage::Plain, command, st, fr)
    }

    pub(super) fn parallel(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(
            job.args(),
            "-j --jobs -N -n -L -a -I -d -S -C -s -M -J -E --delay --retries --timeout --joblog --results --colsep -P --load --halt --halt-on-error --memfree --memsuspend --noswap --tagstring --tmpdir --workdir --wd --arg-file --max-args --max-replace-args --max-lines --max-chars --max-procs --delimiter --sshlogin --sshloginfile --basefile --return --profile --env --nice --block --recstart --recend --shellquote --termseq --timeout --trim --tee --rpl --compress-program",
        );
        if tells_only(&found, &["--dry-run", "--dryrun"]) {
            return None;
        }
        let words = job.words.get(found.rest + 1..).unwrap_or_default();
        let split = words
            .iter()
            .position(|word| word.prefix().starts_with(":::"))
            .unwrap_or(words.len());
        let (template, lists) = words.split_at_checked(split)?;
        let given: Vec<Word> = lists
            .iter()
            .filter(|word| !word.prefix().starts_with(":::"))
            .cloned()
            .collect();
        let items = if given.is_empty() {
            let input = match found.value("-a --arg-file") {
                Some(file) => self.file_feed(file.clone(), st),
                None => fr.stdin.clone(),
            };
            let input = self.listed_or_more(input, st);
            items(&input, true, None, false, job)
        } else {
            given
        };
        // The command itself, once on each machine.
        let items = match found.has("--nonall") || found.has("--onall") {
            true => vec![Word::literal("", job.origin.clone())],
            false => items,
        };
        let via = fr.enter("parallel", Passage::Plain).fed(Feed::Null);
        let mut feed = Feed::nothing();
        for item in bounded(items) {
            let mut all: Vec<Word> = if template.is_empty() {
                vec![item.clone()]
            } else {
                template
                    .iter()
                    .map(|word| replaced(word, "{}", Some(&item)))
                    .collect()
            };
            if !template.is_empty() && !template.iter().any(|word| word.shown().contains('{')) {
                all.push(item);
            }
            let text = joined(&all);
            feed = feed.then(self.shell_text(&text, &start("sh", job), st, &via));
        }
        Some(feed)
    }

    /// Programs whose words, joined, are a text for the shell.
    pub(super) fn texts(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let valued = match program {
            "watch" => "-n -q --interval --equexit",
            "hyperfine" => {
                "-w -r -m -M -p -c -s -S -n --warmup --runs --min-runs --max-runs --shell --export-json --export-markdown --export-csv --style --command-name -L -P -C --conclude -u --time-unit -D --parameter-step-size --reference --reference-name --output --input --sort --export-asciidoc --export-orgmode --min-benchmarking-time -n"
            }
            "concurrently" => {
                "-n -c -k -p --names --prefix --prefix-colors --kill-others-on-fail -s --success --restart-tries"
            }
            "nodemon" => "-x --exec -w --watch -e --ext -i --ignore -d --delay",
            "watchexec" => WATCHEXEC,
            "entr" => "",
            "sem" => "-j --jobs --id --semaphorename --semaphoretimeout --st",
            _ => "-i -o",
        };
        let found = options(job.args(), valued);
        if tells_only(&found, &[]) {
            return None;
        }
        let rest = job.rest(found.rest + 1);
        let via = fr.enter(program, Passage::Plain);
        let begin = start("sh", job);
        match program {
            "watch" if found.has("-x") || found.has("--exec") => {
                return Some(self.run(rest, &mut st.subshell(), &via));
            }
            "watch" | "sem" if !rest.words.is_empty() => {
                let text = joined(&rest.words);
                return Some(self.shell_text(&text, &begin, st, &via));
            }
            "hyperfine" | "concurrently" => {
                let (found, commands) = mixed(job, valued);
                let prepared = found
                    .values("-p --prepare -c --cleanup -s --setup -C --conclude")
                    .into_iter()
                    .cloned();
                let texts: Vec<Word> = prepared
                    .filter(|_| program == "hyperfine")
                    .chain(commands)
                    .collect();
                for text in &texts {
                    self.shell_text(text, &begin, st, &via);
                }
                return (!texts.is_empty()).then(Feed::nothing);
            }
            "entr" | "watchexec" => return self.on_change(program, rest, &found, st, &via),
            "nodemon" => {
                let text = found.value("-x --exec")?.clone();
                return Some(self.shell_text(&text, &begin, st, &via));
            }
            "onchange" => {
                let at = job
                    .words
                    .iter()
                    .position(|word| word.text().as_deref() == Some("--"))?;
                return Some(self.run(job.rest(at + 1), &mut st.subshell(), &via));
            }
            _ => {}
        }
        None
    }

    /// What a watcher of files starts: `entr -s TEXT`, `watchexec TEXT`; a program and its words otherwise.
    fn on_change(
        &mut self,
        program: &str,
        mut rest: Job,
        found: &Options,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if rest.words.first().and_then(Word::text).as_deref() == Some("--") {
            rest.words.remove(0);
        }
        if rest.words.is_empty() {
            return None;
        }
        let shell = found.value("--shell").map(Word::shown);
        let text = match program {
            "entr" => found.has("-s"),
            // Several words are quoted again before the shell reads them.
            _ => {
                rest.words.len() == 1
                    && !found.has("-n")
                    && !found.has("--no-shell")
                    && shell.as_deref() != Some("none")
            }
        };
        if !text {
            return Some(self.run(rest, &mut st.subshell(), fr));
        }
        let line = joined(&rest.words);
        Some(self.shell_text(&line, &start("sh", &rest), st, fr))
    }

    pub(super) fn flock(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(job.args(), "-w --timeout -E --conflict-exit-code");
        let mut at = found.rest + 2;
        let more = options(job.words.get(at..)?, "-w --timeout -E -c --command");
        if let Some(text) = more.value("-c --command").cloned() {
            let via = fr.enter("flock", Passage::Plain);
            return Some(self.shell_text(&text, &start("sh", job), st, &via));
        }
        at += more.rest;
        self.inner("flock", Passage::Plain, job.rest(at), st, fr)
    }

    pub(super) fn script_program(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued =
            "-c --command -E --echo -I --log-in -O --log-out -B --log-io -T --log-timing -m -o -t";
        let found = options(job.args(), valued);
        let after = options(job.words.get(found.rest + 2..).unwrap_or_default(), valued);
        let appends = ["-a", "--append"]
            .iter()
            .any(|flag| found.has(flag) || after.has(flag));
        if let Some(file) = job.words.get(found.rest + 1).filter(|_| !appends) {
            self.writes_over(file.clone(), job, st, fr);
        }
        if let Some(text) = found
            .value("-c --command")
            .or(after.value("-c --command"))
            .cloned()
        {
            let via = fr.enter("script", Passage::Plain);
            return Some(self.shell_text(&text, &start("sh", job), st, &via));
        }
        self.inner("script", Passage::Plain, job.rest(found.rest + 2), st, fr)
    }

    pub(super) fn at(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let found = options(job.args(), "-q -f -t");
        let via = fr.enter(program, Passage::Plain);
        let begin = start("sh", job);
        if let Some(file) = found.value("-f").cloned() {
            return self.script_file(&file, &begin, st, &via);
        }
        if found.has("-l") || found.has("-r") || found.has("-d") {
            return None;
        }
        self.stdin_script(&begin, job, st, &via)
    }

    pub(super) fn multiplexer(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if program == "screen" {
            let found = options(job.args(), "-S -t -c -p -h -T -r -R -x");
            let rest = job.rest(found.rest + 1);
            if found.has("-X") {
                let at = job
                    .words
                    .iter()
                    .position(|word| word.text().as_deref() == Some("stuff"))?;
                let text = job.words.get(at + 1)?.clone();
                let via = fr.enter(program, Passage::Plain);
                self.typed(&text, &via);
                return Some(self.shell_text(&text, &start("sh", job), st, &via));
            }
            return self.inner(program, Passage::Plain, rest, st, fr);
        }
        let global = options(job.args(), "-L -S -f -c");
        let mut feed = None;
        let rest = job.words.get(global.rest + 1..).unwrap_or_default();
        for words in rest.split(|word| word.text().as_deref() == Some(";")) {
            let Some(sub) = words.first().and_then(Word::text) else {
                continue;
            };
            let valued = if sub == "send-keys" || sub == "send" {
                "-t -N"
            } else {
                TMUX
            };
            let found = options(words.get(1..).unwrap_or_default(), valued);
            let operands = words.get(found.rest + 1..).unwrap_or_default();
            let text = match sub.as_str() {
                "new-session" | "new" | "new-window" | "neww" | "split-window" | "splitw"
                | "respawn-pane" | "popup" | "display-popup" | "run-shell" | "run" | "if-shell"
                | "respawn-window" | "pipe-pane" => joined(operands),
                "send-keys" | "send" => {
                    let keys = ["Enter", "C-m", "C-c", "KPEnter", "Escape"];
                    let typed: Vec<Word> = operands
                        .iter()
                        .filter(|w| !w.text().is_some_and(|t| keys.contains(&t.as_str())))
                        .cloned()
                        .collect();
                    joined(&typed)
                }
                _ => continue,
            };
            let via = fr.enter(&format!("tmux {sub}"), Passage::Plain);
            if sub.starts_with("send") {
                self.typed(&text, &via);
            }
            feed = Some(self.shell_text(&text, &start("sh", job), st, &via));
        }
        feed
    }

    /// `nix run nixpkgs#bash -- -c TEXT`: the program is called as its package.
    fn nix_run(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let is_end = |word: &Word| word.text().as_deref() == Some("--");
        let at = job.words.iter().position(is_end)?;
        let before = job.words.get(2..at).unwrap_or_default();
        let mut texts = before.iter().filter_map(Word::text);
        let named = texts.find(|text| text.contains('#'));
        let mut rest = job.rest(at);
        let name = named.and_then(|text| Some(text.rsplit_once('#')?.1.to_owned()));
        let name = name.filter(|name| !name.is_empty()).or_else(|| {
            // What the flake itself runs is not known; with `-c` it is asked as a shell is.
            let asked = rest.words.get(1).and_then(Word::text);
            (asked.as_deref() == Some("-c")).then(|| "sh".to_owned())
        })?;
        *rest.words.first_mut()? = Word::literal(name, job.origin.clone());
        self.inner("nix run", Passage::Plain, rest, st, fr)
    }

    /// `distrobox enter BOX -- CMD`: a box that shares the home folder.
    pub(super) fn distrobox(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let enters = job.words.iter().take(2).filter_map(Word::text);
        let enters = enters
            .into_iter()
            .any(|text| text.ends_with("enter") || text == "ephemeral");
        let is_end = |word: &Word| matches!(word.text().as_deref(), Some("--" | "-e" | "--exec"));
        let at = job.words.iter().position(is_end).filter(|_| enters)?;
        self.inner("distrobox", Passage::Plain, job.rest(at + 1), st, fr)
    }

    pub(super) fn nix(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let program = job.words.first().and_then(Word::text).unwrap_or_default();
        if job.words.get(1).and_then(Word::text).as_deref() == Some("run") {
            return self.nix_run(job, st, fr);
        }
        let texts = job.words.iter().position(|word| {
            matches!(word.text().as_deref(), Some("--run" | "--command" | "-c"))
        })?;
        if program == "nix-shell" {
            let text = job.words.get(texts + 1)?.clone();
            let via = fr.enter(&program, Passage::Plain);
            return Some(self.shell_text(&text, &start("sh", job), st, &via));
        }
        self.inner("nix", Passage::Plain, job.rest(texts + 1), st, fr)
    }
}

/// Tells whether a wrapper's own options say that it starts nothing.
pub(super) fn tells_only(found: &Options, rehearsals: &[&str]) -> bool {
    let all = ["--help", "--version"];
    all.iter().chain(rehearsals).any(|option| found.has(option))
}

/// Reads options that may stand behind operands too.
fn mixed(job: &Job, valued: &str) -> (Options, Vec<Word>) {
    let mut all = Options::default();
    let mut operands = Vec::new();
    let mut rest = job.args();
    while !rest.is_empty() {
        let found = options(rest, valued);
        all.list.extend(found.list);
        rest = rest.get(found.rest..).unwrap_or_default();
        if let Some((operand, tail)) = rest.split_first() {
            operands.push(operand.clone());
            rest = tail;
        }
    }
    (all, operands)
}

fn ends_exec(word: &Word) -> bool {
    matches!(word.text().as_deref(), Some(";" | "+"))
}

/// Returns the start paths of `find` and what its tests say about the names.
fn search(job: &Job) -> (Vec<Word>, Names) {
    let mut at = 1;
    while job
        .words
        .get(at)
        .and_then(Word::text)
        .is_some_and(|t| matches!(t.as_str(), "-H" | "-L" | "-P"))
    {
        at += 1;
    }
    let mut starts = Vec::new();
    while let Some(word) = job.words.get(at) {
        let head = word.prefix();
        if head.starts_with('-') || head == "(" || head == "!" || head == ")" {
            break;
        }
        starts.push(word.clone());
        at += 1;
    }
    if starts.is_empty() {
        starts.push(Word::literal(".", job.origin.clone()));
    }
    let mut names = Names::default();
    while let Some(word) = job.words.get(at) {
        at += 1;
        let text = word.text().unwrap_or_default();
        match text.as_str() {
            "-exec" | "-execdir" | "-ok" | "-okdir" => break,
            "-name" | "-iname" => {
                names.below = true;
                names
                    .patterns
                    .push(job.words.get(at).and_then(Word::text).unwrap_or_default());
            }
            "-type" if job.words.get(at).and_then(Word::text).as_deref() == Some("f") => {
                names.below = true
            }
            "-mindepth" => {
                names.below = job.words.get(at).and_then(Word::text).as_deref() != Some("0")
            }
            "!" | "-not" => {
                // What is negated says nothing about the names that are left.
                at += 2;
                names.negated = true;
            }
            _ => {}
        }
    }
    (starts, names)
}

/// What is known about the names that `find` gives.
#[derive(Default)]
struct Names {
    patterns: Vec<String>,
    /// The start path itself is not among them.
    below: bool,
    negated: bool,
}

fn hits(begin: &Word, names: &Names, job: &Job) -> Vec<Word> {
    if !names.below {
        return vec![begin.clone()];
    }
    let folder = |tail: &str| {
        let mut word = begin.clone();
        if !word.shown().ends_with('/') {
            word.pieces.push(literal_piece("/", &begin.origin));
        }
        word.pieces.push(Piece {
            part: Part::Hole(Hole::Name),
            origin: job.origin.clone(),
        });
        if !tail.is_empty() {
            word.pieces.push(literal_piece(tail, &begin.origin));
        }
        word.many = true;
        word
    };
    let plain = |text: &str| !text.contains(['*', '?', '[']);
    if names.patterns.is_empty() {
        return vec![folder("")];
    }
    names
        .patterns
        .iter()
        .flat_map(|pattern| match pattern.strip_prefix('*') {
            Some(tail) if plain(tail) => vec![folder(tail)],
            None if plain(pattern) && !pattern.is_empty() => {
                let mut direct = begin.clone();
                let slash = if begin.shown().ends_with('/') {
                    ""
                } else {
                    "/"
                };
                let tail = format!("{slash}{pattern}");
                direct.pieces.push(literal_piece(&tail, &begin.origin));
                vec![direct, folder(&format!("/{pattern}"))]
            }
            _ => vec![folder("")],
        })
        .collect()
}

/// Returns the list that `xargs` reads as words.
fn items(
    input: &Feed,
    whole_lines: bool,
    delimiter: Option<String>,
    zero: bool,
    job: &Job,
) -> Vec<Word> {
    let unknown = || vec![Word::hole(Hole::Unknown, true, job.origin.clone())];
    match input {
        Feed::Items(items) => items
            .iter()
            .flat_map(|item| super::generated::fields(item, whole_lines))
            .collect(),
        Feed::Inherited | Feed::Null => Vec::new(),
        Feed::File(_) | Feed::Opaque(_) => unknown(),
        Feed::Text { pieces, .. } => {
            let separator = match delimiter.as_deref() {
                _ if zero => Some('\0'),
                Some("\\n") | None => None,
                Some("\\0") => Some('\0'),
                Some("\\t") => Some('\t'),
                Some(text) => text.chars().next(),
            };
            if let Some(separator) = separator {
                let Some(text) = super::state::literal(pieces) else {
                    return unknown();
                };
                let origin = word_of(pieces.clone(), None).origin;
                let fields = text
                    .split(separator)
                    .map(|field| field.trim_end_matches('\n'));
                return fields
                    .filter(|f| !f.is_empty())
                    .map(|f| Word::literal(f, origin.clone()))
                    .collect();
            }
            let lines = lines_of(input).unwrap_or_default();
            let mut all = Vec::new();
            for line in lines {
                if whole_lines {
                    all.push(word_of(line, None));
                    continue;
                }
                if super::state::literal(&line).is_none() {
                    all.extend(open_fields(line));
                    continue;
                }
                let text = super::state::literal(&line).unwrap_or_default();
                let origin = word_of(line, None).origin;
                all.extend(
                    unquoted(&text)
                        .into_iter()
                        .map(|field| Word::literal(field, origin.clone())),
                );
            }
            all
        }
    }
}

/// Splits a line at the blanks that are known; what is not known may be any number of words.
fn open_fields(line: Vec<Piece>) -> Vec<Word> {
    let mut all: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in line {
        let Part::Literal(text) = &piece.part else {
            all.last_mut().unwrap_or(&mut Vec::new()).push(piece);
            continue;
        };
        for (index, field) in text.split(char::is_whitespace).enumerate() {
            if index > 0 {
                all.push(Vec::new());
            }
            if let Some(last) = all.last_mut().filter(|_| !field.is_empty()) {
                last.push(literal_piece(field, &piece.origin));
            }
        }
    }
    let open = |piece: &Piece| matches!(piece.part, Part::Hole(Hole::Inherited(_) | Hole::Unknown));
    let fields = all.into_iter().filter(|pieces| !pieces.is_empty());
    fields
        .map(|pieces| Word {
            many: pieces.iter().any(open),
            ..word_of(pieces, None)
        })
        .collect()
}

/// Splits at blanks as `xargs` does, quotes and backslashes undone.
fn unquoted(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut field: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => field.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                field.get_or_insert_default();
            }
            (None, '\\') => field.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => all.extend(field.take()),
            (None, c) => field.get_or_insert_default().push(c),
        }
    }
    all.extend(field);
    all
}

/// Returns the items that are gone through; one that is any of the others stands for those behind the limit.
fn bounded(mut items: Vec<Word>) -> Vec<Word> {
    if let Some(next) = items.get(MAX_ITEMS) {
        let rest = Word::hole(Hole::Unknown, true, next.origin.clone());
        items.truncate(MAX_ITEMS);
        items.push(rest);
    }
    items
}

fn chunks(items: Vec<Word>, one_by_one: bool, each: Option<usize>) -> Vec<Vec<Word>> {
    let size = if one_by_one {
        Some(1)
    } else {
        each.filter(|size| *size > 0)
    };
    match size {
        Some(size) => bounded(items).chunks(size).map(<[Word]>::to_vec).collect(),
        None => vec![items],
    }
}

/// Returns a word with a mark in its literal text replaced by an item.
fn replaced(word: &Word, mark: &str, item: Option<&Word>) -> Word {
    let Some(item) = item else {
        return word.clone();
    };
    let mut copy = word.clone();
    copy.pieces.clear();
    for piece in &word.pieces {
        let Part::Literal(text) = &piece.part else {
            copy.pieces.push(piece.clone());
            continue;
        };
        if mark.is_empty() || !text.contains(mark) {
            copy.pieces.push(piece.clone());
            continue;
        }
        for (index, part) in text.split(mark).enumerate() {
            if index > 0 {
                copy.pieces.extend(item.pieces.iter().cloned());
                copy.many |= item.many;
            }
            if !part.is_empty() {
                copy.pieces.push(literal_piece(part, &piece.origin));
            }
        }
    }
    copy
}

/// Returns one word of all words joined by blanks.
pub(super) fn joined(words: &[Word]) -> Word {
    let mut pieces = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            pieces.push(literal_piece(" ", &word.origin));
        }
        pieces.extend(word.pieces.iter().cloned());
    }
    word_of(pieces, None)
}
