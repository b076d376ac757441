//! Starts one program: functions and builtins first, then wrappers, then what is left as a command of its own.
//! Here a job becomes a `Command`, an opaque stretch, or the jobs inside it.

use crate::model::command::OpaqueKind;
use crate::model::fact::{Answer, Question};
use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Word};

use super::expand::literal_piece;
use super::state::{Feed, State};
use super::unfold::{Content, Frame, Job, Unfolder};

/// Parts of the names of variables whose program only says, looks for or edits what it is told.
const TELLING: [&str; 20] = [
    "ECHO", "LOG", "PRINT", "MSG", "MESSAGE", "INFO", "WARN", "ERR", "SAY", "DIE", "GREP", "EDIT",
    "PYTHON", "NODE", "PERL", "RUBY", "GIT", "NOTIFY", "COLOR", "TITLE",
];

/// Why a program that is no inherited variable is not known.
pub(super) const UNDETERMINED: &str = "the program cannot be determined";

impl Unfolder<'_> {
    /// Runs a job; returns what it prints.
    pub(super) fn run(&mut self, job: Job, st: &mut State, fr: &Frame) -> Feed {
        if !self.enter() {
            return Feed::Opaque("shell".to_owned());
        }
        let feed = self.start(job, st, fr);
        self.leave();
        feed
    }

    fn start(&mut self, mut job: Job, st: &mut State, fr: &Frame) -> Feed {
        let Some(program) = self.program(&mut job, st) else {
            return self.unknown_program(job, st, fr);
        };
        self.called = None;
        if job.in_shell {
            // `/bin/rm` is never a function of that name.
            let written = job.words.first().and_then(Word::text);
            let by_path = written.filter(|text| text.contains('/'));
            let function = by_path.as_deref().unwrap_or(&program);
            if let Some(feed) = self.call(function, &job, st, fr) {
                self.emit_writes(job.writes, &job.origin, st, fr, &feed);
                return feed;
            }
            let built = self.builtin(&program, &job, st, fr);
            // Only `read` says itself whether it succeeds.
            self.called = self.called.filter(|_| program == "read");
            if let Some(feed) = built {
                return feed;
            }
        }
        let wrapped = self.wrapped(&program, &job, st, fr);
        self.called = None;
        if let Some(feed) = wrapped {
            self.emit_writes(job.writes, &job.origin, st, fr, &feed);
            return feed;
        }
        let feed = self.pure(&program, &job, st, fr);
        self.foreign_code(&program, &job, st, fr);
        self.file_effects(&program, &job, st, fr, &feed);
        let script = self
            .code_file(&program, &job, st)
            .or_else(|| self.fed_code(&program, &job, st, fr));
        self.client_files(&program, &job, st, fr);
        self.emit(job, st, fr, script, &feed);
        feed
    }

    /// Returns the base name of the program; a copy under another name counts as what it is a copy of.
    fn program(&mut self, job: &mut Job, st: &State) -> Option<String> {
        if !self.files.is_empty() {
            self.unbuilt(job, st);
        }
        let word = job.words.first()?;
        if !self.files.is_empty()
            && let Some(Content::Program(name)) = self.content(word, st)
        {
            let name = name.clone();
            let origin = word.origin.clone();
            if let Some(first) = job.words.first_mut() {
                *first = Word::literal(name.clone(), origin);
            }
            return Some(name);
        }
        if word.has_glob() && !word.has_hole() {
            self.expand_program(job, st);
        }
        let word = job.words.first()?;
        if let Some(text) = word.text() {
            // `=rm` is the path of `rm` in zsh, and no program in bash.
            let equals = text.strip_prefix('=').filter(|t| !t.is_empty());
            let name = equals
                .unwrap_or(&text)
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let name = name.to_owned();
            if let Some(first) = job.words.first_mut().filter(|_| equals.is_some()) {
                *first = Word::literal(name.clone(), first.origin.clone());
            }
            return Some(name);
        }
        // Only the folder is unknown: the program is what its last part says.
        let mut tail = String::new();
        for piece in word.pieces.iter().rev() {
            let Part::Literal(text) = &piece.part else {
                return None;
            };
            if let Some((_, name)) = text.rsplit_once('/') {
                let name = format!("{name}{tail}");
                if name.is_empty() {
                    return None;
                }
                let origin = word.origin.clone();
                if let Some(first) = job.words.first_mut() {
                    *first = Word::literal(name.clone(), origin);
                }
                return Some(name);
            }
            tail.insert_str(0, text);
        }
        None
    }

    /// Replaces a pattern in program position by the files it gives.
    fn expand_program(&mut self, job: &mut Job, st: &State) {
        let Some(word) = job.words.first().cloned() else {
            return;
        };
        let pattern = word.shown();
        let dir = match st.known_cwd() {
            _ if pattern.starts_with('/') => "/".into(),
            Some(path) => path.to_owned(),
            None => return,
        };
        if st.far {
            return;
        }
        if let Some(Answer::Glob(paths)) =
            self.facts.ask(Question::Glob { dir, pattern }, self.needs)
            && !paths.is_empty()
        {
            let found: Vec<Word> = paths
                .iter()
                .map(|path| Word::literal(path.to_string_lossy(), word.origin.clone()))
                .collect();
            job.words.splice(0..1, found);
        }
    }

    fn unknown_program(&mut self, mut job: Job, st: &mut State, fr: &Frame) -> Feed {
        let Some(word) = job.words.first().cloned() else {
            return Feed::nothing();
        };
        self.emit_writes(
            std::mem::take(&mut job.writes),
            &job.origin,
            st,
            fr,
            &Feed::nothing(),
        );
        let whole =
            matches!(word.pieces.as_slice(), [piece] if matches!(piece.part, Part::Hole(_)));
        let inherited = match word.pieces.first().map(|piece| &piece.part) {
            Some(Part::Hole(Hole::Inherited(name))) if whole => Some(name.clone()),
            _ => None,
        };
        let reason = match &inherited {
            Some(name) => format!("the program is the value of `${name}`"),
            None => UNDETERMINED.to_owned(),
        };
        let mut words: Vec<String> = job
            .words
            .iter()
            .filter(|w| !matches!(w.pieces.as_slice(), [p] if matches!(p.part, Part::Hole(_))))
            .map(Word::shown)
            .collect();
        let produced = self
            .producers
            .iter()
            .rev()
            .find(|(origin, _)| word.pieces.iter().any(|p| p.origin == *origin));
        if let Some((origin, program)) = produced {
            // A variable with a value out of data is as often asked for its truth: `if $HAS_MORE`.
            let direct = match (&job.origin, origin) {
                (Origin::Text(whole), Origin::Text(part)) => {
                    whole.start <= part.start && part.end <= whole.end
                }
                (whole, part) => whole == part,
            };
            words.push(if direct {
                program.clone()
            } else {
                format!("$({program})")
            });
        }
        if let Feed::Text { pieces, .. } = &fr.stdin {
            for piece in pieces {
                if let Part::Literal(text) = &piece.part {
                    words.extend(super::unfold::seen_words(text));
                }
            }
        }
        self.opaque(OpaqueKind::Program, reason, words, job.origin.clone(), fr);
        self.handed_line(&job, inherited.as_deref(), st, fr);
        // An unquoted variable may be empty, or hold a wrapper such as sudo: the rest is the program then.
        if word.many && whole && job.words.len() > 1 {
            let mut rest = job.rest(1);
            rest.in_shell = job.in_shell;
            self.run(rest, st, fr);
        }
        Feed::Opaque("an unknown program".to_owned())
    }

    /// `$RUNNER 'rm -rf data'`: the unknown program may be one that hands its last word to a shell.
    fn handed_line(&mut self, job: &Job, name: Option<&str>, st: &mut State, fr: &Frame) {
        let name = name.unwrap_or_default().to_ascii_uppercase();
        if TELLING.iter().any(|part| name.contains(part)) {
            return;
        }
        let Some((last, before)) = job.args().split_last() else {
            return;
        };
        let told = before.iter().any(|word| {
            let text = word.prefix();
            text.starts_with('-') && text != "--" && !text.ends_with('c')
        });
        let line = last.text().is_some_and(|text| {
            let text = text.trim();
            text.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '/')
                && text.contains(|letter: char| letter.is_whitespace())
        });
        if told || !line || !last.quoted {
            return;
        }
        let via = fr.enter("an unknown program", crate::model::command::Passage::Plain);
        let start = super::wrappers::start("sh", job);
        let mut inside = st.subshell();
        self.shell_text(&last.clone(), &start, &mut inside, &via);
    }

    /// Follows what programs do to files that the same text runs or feeds later.
    fn file_effects(&mut self, program: &str, job: &Job, st: &State, fr: &Frame, feed: &Feed) {
        match program {
            "cp" | "mv" | "ln" | "install" => self.copied(job, st),
            // Who reads a named pipe gets what somebody writes into it, before or after.
            "mkfifo" => {
                for file in job
                    .args()
                    .iter()
                    .filter(|word| !word.prefix().starts_with('-'))
                {
                    let piped = Feed::Opaque("a named pipe".to_owned());
                    self.record_file(file, piped, false, st);
                }
            }
            "rustc" | "gcc" | "cc" | "clang" | "tcc" | "g++" | "c++" | "clang++" | "go" | "nim"
            | "zig" | "swiftc" | "dmd" | "ldc2" | "gdc" | "tsc" => self.compiled(program, job, st),
            "tee" | "sponge" => {
                let appends = job.args().iter().any(|w| w.text().as_deref() == Some("-a"));
                for file in job.args() {
                    if !file.prefix().starts_with('-') {
                        self.record_file(file, fr.stdin.clone(), appends, st);
                    }
                }
            }
            "sed" | "gsed" => self.edited(job, st),
            "patch" | "git" => self.patched(program, job, st, fr),
            "dd" => {
                for word in job.args() {
                    if let Some(path) = word
                        .text()
                        .and_then(|t| t.strip_prefix("of=").map(ToOwned::to_owned))
                    {
                        let file = Word::literal(path, word.origin.clone());
                        self.record_file(&file, fr.stdin.clone(), false, st);
                    }
                }
            }
            _ if interpreter(program).is_some() => self.left_by_code(program, job, st, fr),
            _ => {}
        }
        for file in super::outputs::files(program, job) {
            self.record_file(&file, feed.clone(), false, st);
        }
        self.carried_files(program, job, st);
    }

    fn copied(&mut self, job: &Job, st: &State) {
        let found =
            super::options::options(job.args(), "-m --mode -o --owner -g --group -S --suffix");
        let operands: Vec<&Word> = job
            .args()
            .get(found.rest..)
            .unwrap_or_default()
            .iter()
            .filter(|w| !w.prefix().starts_with('-'))
            .collect();
        let [from, to] = operands.as_slice() else {
            return;
        };
        let content = match self.content(from, st) {
            Some(content) => content.clone(),
            None => {
                let Some(text) = from.text() else { return };
                if let Some(content) = self.copy_of(from, &text, st) {
                    if let Some(to) = copied_to(to, &text)
                        && let Some(key) = super::unfold::file_key(&to, st)
                    {
                        self.files.insert(key, content);
                    }
                    return;
                }
                let in_system = [
                    "/bin/",
                    "/usr/bin/",
                    "/sbin/",
                    "/usr/sbin/",
                    "/usr/local/bin/",
                ];
                let Some(name) = in_system.iter().find_map(|dir| text.strip_prefix(dir)) else {
                    return;
                };
                Content::Program(name.to_owned())
            }
        };
        if let Some(key) = super::unfold::file_key(to, st) {
            self.files.insert(key, content);
        }
    }

    /// Returns what a copy of a file of the user holds: what that file says.
    fn copy_of(&self, from: &Word, text: &str, st: &State) -> Option<Content> {
        if super::scripts::is_system(text) || text.starts_with("/sbin/") || text.ends_with('/') {
            return None;
        }
        let path = self.here_path(from, st)?;
        let file = Word::literal(path.to_string_lossy(), from.origin.clone());
        Some(Content::Feed(Feed::File(file)))
    }

    /// Returns the text of the code file that an interpreter is given.
    pub(super) fn code_file(&mut self, program: &str, job: &Job, st: &State) -> Option<Word> {
        if matches!(program, "awk" | "gawk" | "mawk" | "nawk" | "goawk") {
            let found = super::options::options(job.args(), "-F -v -f --file --assign");
            let file = found.value("-f --file")?.clone();
            return self.file_text(&file, st);
        }
        let fed = |word: &&Word| word.prefix().starts_with("/dev/fd/");
        let found = match interpreter(program) {
            // Behind the name of a script it is an argument of the script.
            Some(_) => {
                let mut operands = job
                    .args()
                    .iter()
                    .filter(|word| !word.prefix().starts_with('-'));
                operands.next().filter(fed)
            }
            None => job.args().iter().find(fed),
        };
        if let Some(file) = found.cloned() {
            return self.file_text(&file, st);
        }
        let file = script_word(program, job.args())?;
        if file.as_ref().and_then(|word| word.text()).as_deref() == Some("-f") {
            return None;
        }
        let text = file.and_then(|file| self.file_text(file, st));
        text.or_else(|| self.project_source(program, file, st))
    }

    /// Returns the text of the code file that an interpreter without any other code reads on its standard input.
    fn fed_code(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) -> Option<Word> {
        const GIVEN: [&str; 7] = ["-c", "-e", "-E", "-m", "-p", "-r", "--eval"];
        let Feed::File(file) = &fr.stdin else {
            return None;
        };
        interpreter(program).filter(|family| *family != "compiled")?;
        let reads = job.args().iter().all(|word| {
            let head = word.prefix();
            head.starts_with('-') && !GIVEN.contains(&head.as_str())
        });
        let file = file.clone();
        reads.then(|| self.file_text(&file, st))?
    }

    /// Returns the text of a file as a word: what this call wrote there, or what it holds.
    pub(super) fn file_text(&mut self, file: &Word, st: &State) -> Option<Word> {
        if let Some(Content::Feed(feed)) = self.content(file, st)
            && let Some(pieces) = super::generated::known(feed)
        {
            return Some(super::state::word_of(pieces, None));
        }
        match self.content(file, st) {
            Some(Content::Feed(feed @ Feed::Text { .. })) => {
                return Some(super::state::word_of(feed.clone().into_pieces(), None));
            }
            // A copy says what its original says.
            Some(Content::Feed(Feed::File(other))) if other.is_literal() && other != file => {
                let other = other.clone();
                let path = self.here_path(&other, st)?;
                return self.text_at(path);
            }
            Some(Content::Feed(_) | Content::Program(_) | Content::Built { .. }) => return None,
            Some(Content::Added(_)) | None => {}
        }
        let path = self.here_path(file, st)?;
        self.text_at(path)
    }

    fn text_at(&mut self, path: std::path::PathBuf) -> Option<Word> {
        match self.read(path.clone()) {
            Some(Answer::Text { text, .. }) => {
                let source = super::source::Source::file(&path, "");
                let origin = source.origin(crate::model::span::Span::new(0, 0));
                let mut word = Word::literal("", origin.clone());
                word.pieces = vec![literal_piece(&text, &origin)];
                Some(word)
            }
            _ => None,
        }
    }

    /// Returns the absolute path of a known file on this machine.
    pub(super) fn here_path(&self, file: &Word, st: &State) -> Option<std::path::PathBuf> {
        if st.far {
            return None;
        }
        let text = file.text().filter(|text| !text.is_empty())?;
        if text.starts_with('/') {
            return Some(super::state::lexical("/".as_ref(), &text));
        }
        st.known_cwd().map(|cwd| super::state::lexical(cwd, &text))
    }
}

/// Returns the word that names the script of an interpreter; nothing where it runs other code.
pub(super) fn script_word<'w>(program: &str, mut args: &'w [Word]) -> Option<Option<&'w Word>> {
    let valued = match interpreter(program)? {
        "python" => "-W -X -Q --check-hash-based-pycs",
        "node" => "-r --require --import --loader --env-file -C --conditions",
        "ruby" => "-I -r -C -E",
        "perl" => "-I",
        "php" => "-c -d -z",
        "compiled" => "-cp -classpath --class-path -o",
        _ => "",
    };
    let builds = matches!(program, "go" | "cargo" | "dotnet" | "zig" | "nim" | "tcc");
    if matches!(program, "deno" | "bun") || builds {
        let run = args.first().and_then(Word::text);
        if matches!(run.as_deref(), Some("run" | "r" | "-run"))
            || program == "dotnet" && matches!(run.as_deref(), Some("script" | "fsi"))
        {
            args = args.get(1..).unwrap_or_default();
        } else if builds {
            return None;
        }
    }
    let found = super::options::options(args, valued);
    let inline = ["-c", "-e", "-m", "-E", "-p", "--eval", "--print", "-r"];
    if inline
        .iter()
        .any(|name| found.has(name) && !(valued.split(' ').any(|v| v == *name)))
    {
        return None;
    }
    Some(args.get(found.rest))
}

/// Returns the name of a copy: into a folder it keeps its own.
fn copied_to(to: &Word, from: &str) -> Option<Word> {
    let text = to.text()?;
    let folder = text.ends_with('/') || matches!(text.rsplit('/').next(), Some("." | ".."));
    if !folder {
        return Some(to.clone());
    }
    let name = from.rsplit('/').next()?;
    let text = format!("{}/{name}", text.trim_end_matches('/'));
    Some(Word::literal(text, to.origin.clone()))
}

/// Returns the family of an interpreter that runs code files other than shell scripts.
pub(super) fn interpreter(program: &str) -> Option<&'static str> {
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match plain {
        "python" | "pypy" => "python",
        "node" | "nodejs" | "bun" | "deno" | "tsx" | "ts-node" | "zx" | "vite-node"
        | "ts-node-dev" | "babel-node" => "node",
        "perl" | "raku" => "perl",
        "ruby" | "jruby" => "ruby",
        "php" => "php",
        "lua" | "luajit" => "lua",
        "Rscript" => "r",
        "julia" | "groovy" | "crystal" | "elixir" | "expect" | "tclsh" | "dart" | "swift"
        | "kotlin" | "scala" | "dotnet-script" | "csi" | "octave" => "other",
        "go" | "java" | "cargo" | "dotnet" | "zig" | "nim" | "tcc" | "rust-script" => "compiled",
        _ => return None,
    })
}
