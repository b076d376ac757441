//! Texts that a shell is given: `sh -c`, script files, standard input, `source`.
//! A script that is not there starts nothing; one that cannot be read is opaque.

use std::path::PathBuf;
use std::rc::Rc;

use crate::model::command::{OpaqueKind, Passage};
use crate::model::fact::{Answer, Question};
use crate::model::word::{Hole, Part, Word};

use super::globs::Globs;
use super::jumps::{Goal, Gone};
use super::options::options;
use super::source::Source;
use super::state::{Feed, State, Value};
use super::unfold::{Content, Frame, Job, Unfolder};

/// Scripts inside scripts are bounded by the nesting of texts; the same one is not entered twice in a row.
const MAX_SAME: usize = 2;

/// Shells whose texts are read.
pub(super) const SHELLS: &[&str] = &[
    "sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "mksh", "rbash", "csh", "tcsh",
];

/// Returns the shell that a program is under another name: `bash5`, `zsh-5.9`, and shells of the same language.
pub(super) fn shell_named(program: &str) -> Option<&'static str> {
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    match plain {
        "oksh" | "loksh" | "lksh" | "pdksh" | "rksh" => Some("ksh"),
        "posh" | "yash" | "hush" | "osh" | "bosh" | "pbosh" | "brush" => Some("sh"),
        "rzsh" => Some("zsh"),
        _ if plain.len() < program.len() => SHELLS.iter().copied().find(|shell| *shell == plain),
        _ => None,
    }
}

/// How a script is run.
pub(super) struct Start<'a> {
    /// How it reads patterns, as its options say.
    pub globs: Globs,
    /// `-C`: redirections leave files that are there.
    pub keeps: bool,
    pub name: &'a str,
    pub arguments: &'a [Word],
    pub env: &'a [(String, Word)],
    pub cleared: bool,
}

impl Start<'_> {
    /// Sets what the options of the shell say.
    const fn settle(&self, st: &mut State) {
        st.globs = self.globs;
        st.keeps = self.keeps;
        st.noclobber |= self.keeps;
    }
}

/// Returns a text of fish or csh as bash would say it; any other stays as it is.
fn in_words_of_bash(source: Source, shell: &str) -> Source {
    match shell {
        "fish" => super::fish::in_bash(&source),
        "csh" | "tcsh" => super::csh::in_bash(&source),
        _ => source,
    }
}

impl Unfolder<'_> {
    /// Runs a shell with its options.
    pub(super) fn shell_program(
        &mut self,
        name: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let found = options(job.args(), "-o +o -O +O --rcfile --init-file");
        let operands = job.args().get(found.rest..).unwrap_or_default();
        let mut rest = job.args();
        let mut globs = Globs::default();
        let mut keeps = false;
        while let [flag, name, more @ ..] = rest {
            let name = name.text().unwrap_or_default();
            match flag.text().as_deref() {
                Some(flag @ ("-O" | "+O" | "-o" | "+o")) => {
                    let on = flag.starts_with('-');
                    globs.option(&name, on);
                    keeps = if name == "noclobber" { on } else { keeps };
                    rest = more;
                }
                Some(text) if text.starts_with('-') => rest = rest.get(1..).unwrap_or_default(),
                _ => break,
            }
        }
        globs.off |= found.has("-f");
        keeps |= found.has("-C");
        let start = Start {
            globs,
            keeps,
            name,
            arguments: operands,
            env: &job.env,
            cleared: job.cleared,
        };
        self.started_before(found.has("-i"), job, &start, st, fr);
        // `bash --rcfile FILE -i` runs the file first.
        let first = found
            .value("--rcfile")
            .or_else(|| found.value("--init-file"));
        if let Some(file) = first.filter(|_| found.has("-i")).cloned() {
            let arguments = &[];
            self.script_file(&file, &Start { arguments, ..start }, st, fr);
        }
        // `-n` only reads the text, with `-c` too.
        if found.has("-n") && matches!(name, "bash" | "sh" | "dash" | "zsh" | "ksh") {
            return None;
        }
        if found.has("-c") || found.has("--command") {
            let text = found
                .value("--command")
                .or_else(|| operands.first())?
                .clone();
            let arguments = operands.get(1..).unwrap_or_default();
            let via = fr.enter(&format!("{name} -c"), Passage::Plain);
            return Some(self.shell_text(&text, &Start { arguments, ..start }, st, &via));
        }
        if found.has("--version") || found.has("--help") {
            return None;
        }
        if let Some(file) = operands.first().filter(|_| !found.has("-s")) {
            let arguments = operands.get(1..).unwrap_or_default();
            return self.script_file(file, &Start { arguments, ..start }, st, fr);
        }
        self.stdin_script(&start, job, st, fr)
    }

    /// Runs what the environment names for the start of a shell.
    fn started_before(&mut self, asks: bool, job: &Job, start: &Start, st: &mut State, fr: &Frame) {
        for variable in ["BASH_ENV", "ENV"] {
            let given = job.env.iter().find(|(key, _)| key == variable);
            let given = given.map(|(_, file)| file.clone());
            let exported = || {
                let known = st.variables.get(variable).filter(|known| known.exported)?;
                match known.alternatives.as_slice() {
                    [Value::Text(pieces)] => Some(super::state::word_of(pieces.clone(), None)),
                    _ => None,
                }
            };
            if let Some(file) = given.or_else(exported) {
                self.script_file(&file, start, st, fr);
            }
        }
        // `bash -x` expands this before each command.
        let traces = job
            .args()
            .iter()
            .map_while(Word::text)
            .any(|text| text.starts_with('-') && !text.starts_with("--") && text.contains('x'));
        let prompt = job.env.iter().find(|(key, _)| key == "PS4");
        if let Some((_, text)) = prompt.filter(|_| traces) {
            self.prompted(&text.pieces, st, fr);
        }
        // A shell that talks to somebody runs this before each prompt.
        let prompt = job.env.iter().find(|(key, _)| key == "PROMPT_COMMAND");
        if let Some((_, text)) = prompt.filter(|_| asks) {
            let text = text.clone();
            self.shell_text(&text, start, st, fr);
        }
    }

    /// Runs a word as the text of a new shell; its arguments begin with `$0`.
    pub(super) fn shell_text(
        &mut self,
        text: &Word,
        start: &Start,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let source = Source::from_words(std::slice::from_ref(text));
        if !source.has_known_text() {
            if text.has_hole() {
                let job = Job {
                    words: Vec::new(),
                    env: Vec::new(),
                    cleared: false,
                    writes: Vec::new(),
                    origin: text.origin.clone(),
                    in_shell: false,
                };
                self.payload(start.name, std::slice::from_ref(text), &job, fr);
                return Feed::Opaque(start.name.to_owned());
            }
            return Feed::nothing();
        }
        let mut inside = st.child(start.env, start.cleared);
        inside.unsplit = start.name == "zsh";
        inside.plain = is_plain_shell(start.name);
        start.settle(&mut inside);
        inside.zero = start.arguments.first().cloned();
        inside.arguments = Rc::new(self.loosened(start.arguments.get(1..).unwrap_or_default()));
        let source = in_words_of_bash(source, start.name);
        self.text_run(source, OpaqueKind::Syntax, true, &mut inside, fr)
    }

    /// Runs what a shell reads on its standard input.
    pub(super) fn stdin_script(
        &mut self,
        start: &Start,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        match fr.stdin.clone() {
            Feed::Inherited | Feed::Null => None,
            Feed::Text { pieces, .. } => {
                let text = super::state::word_of(pieces, None);
                let via = fr.enter(start.name, Passage::Plain).fed(Feed::Null);
                let mut arguments = vec![Word::literal(start.name, job.origin.clone())];
                arguments.extend(start.arguments.iter().cloned());
                let start = Start {
                    arguments: &arguments,
                    ..*start
                };
                Some(self.shell_text(&text, &start, st, &via))
            }
            Feed::File(file) => {
                let inside = fr.fed(Feed::Null);
                self.script_file(&file, start, st, &inside)
            }
            Feed::Opaque(from) => {
                self.fed_unknown(start.name, &from, job, fr);
                Some(Feed::Opaque(start.name.to_owned()))
            }
            Feed::Items(items) if super::generated::has_text(&items) => {
                let text = Feed::text(super::generated::pieces(&items));
                self.stdin_script(start, job, st, &fr.fed(text))
            }
            Feed::Items(_) => {
                self.fed_unknown(start.name, "a list of names", job, fr);
                Some(Feed::Opaque(start.name.to_owned()))
            }
        }
    }

    fn fed_unknown(&mut self, name: &str, from: &str, job: &Job, fr: &Frame) {
        if from == super::settings::SETTINGS {
            return;
        }
        let program = from.lines().next().unwrap_or_default();
        let reason = format!("`{name}` runs the output of `{program}`");
        let words = from.lines().map(str::to_owned).collect();
        self.opaque(OpaqueKind::Payload, reason, words, job.origin.clone(), fr);
    }

    /// Runs `source FILE` in the shell itself.
    pub(super) fn source(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Feed {
        let Some(file) = job.args().first().cloned() else {
            return Feed::nothing();
        };
        self.emit_writes(job.writes.clone(), &job.origin, st, fr, &Feed::nothing());
        let name = format!("source {}", file.shown());
        let inside = fr.enter(&name, Passage::Plain);
        let arguments = self.loosened(job.words.get(2..).unwrap_or_default());
        let outer = (!arguments.is_empty()).then(|| {
            let outer = (Rc::clone(&st.arguments), Rc::clone(&st.also), st.placed);
            st.place(Rc::new(arguments));
            outer
        });
        let zero = st.zero.replace(file.clone());
        let (proofs, exits) = (st.proofs.settled(), self.exits);
        let jumps = self.jumps.len();
        let returns = std::mem::replace(&mut st.returns, true);
        let before = self.is_rewritten(&file, st).then(|| st.variables.clone());
        let feed = match self.script_content(&file, "source", job, st, &inside) {
            Some(source) => self.text_run(source, OpaqueKind::Script, false, st, &inside),
            None => {
                self.unsure += 1;
                Feed::nothing()
            }
        };
        self.arrive(jumps, Goal::Call, st);
        st.returns = returns;
        if let Some(before) = before {
            st.doubt(&before);
        }
        st.zero = zero;
        st.ended = false;
        st.gone = st.gone.filter(|gone| *gone == Gone::Shell);
        if self.exits != exits {
            st.proofs = proofs;
        }
        if let Some(outer) = outer {
            (st.arguments, st.also, st.placed) = outer;
        }
        feed
    }

    /// Tells whether an earlier command of the call names a file of the world that it may have changed, in a way that is not followed.
    fn is_rewritten(&self, file: &Word, st: &State) -> bool {
        let Some(name) = file.text().filter(|_| self.content(file, st).is_none()) else {
            return false;
        };
        let name = name.rsplit('/').next().unwrap_or_default();
        let names = |word: &Word| word.text().is_some_and(|text| text.contains(name));
        let commands = self.out.commands.iter();
        name.len() > 2
            && commands
                .filter(|one| !super::world::is_still(one) && !only_filters(one))
                .any(|command| command.args().iter().any(names))
    }

    /// Runs a script file as a new shell; nothing when the shell is better shown as a command.
    pub(super) fn script_file(
        &mut self,
        file: &Word,
        start: &Start,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if matches!(
            file.text().as_deref(),
            Some("/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0" | "-")
        ) {
            let job = self.bare(file);
            return self.stdin_script(start, &job, st, fr);
        }
        let job = self.bare(file);
        let via = fr.enter(&format!("script {}", file.shown()), Passage::Plain);
        let source = self.script_content(file, start.name, &job, st, &via)?;
        let mut inside = st.child(start.env, start.cleared);
        inside.unsplit = start.name == "zsh";
        inside.plain = match start.name {
            "direct" => named_plain(&source.text),
            name => is_plain_shell(name),
        };
        start.settle(&mut inside);
        inside.zero = Some(file.clone());
        inside.arguments = Rc::new(self.loosened(start.arguments));
        let source = in_words_of_bash(source, start.name);
        Some(self.text_run(source, OpaqueKind::Script, true, &mut inside, &via))
    }

    fn bare(&self, file: &Word) -> Job {
        let _ = self;
        Job {
            words: vec![file.clone()],
            env: Vec::new(),
            cleared: false,
            writes: Vec::new(),
            origin: file.origin.clone(),
            in_shell: false,
        }
    }

    /// Returns the text of a script: written by this call, or read; nothing when there is none or it is opaque.
    fn script_content(
        &mut self,
        file: &Word,
        by: &str,
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Source> {
        let mut added = Vec::new();
        let content = self.content(file, st).cloned();
        if let Some(Content::Feed(feed)) = &content
            && let Some(pieces) = super::generated::known(feed)
        {
            return Some(source_of(&pieces));
        }
        match content {
            Some(Content::Feed(Feed::Opaque(from))) => {
                self.fed_unknown(by, &from, job, fr);
                return None;
            }
            Some(Content::Feed(Feed::File(other))) => {
                let path = self.here_path(&other, st)?;
                return self.read_script(path, job, fr);
            }
            Some(Content::Feed(_)) => return None,
            Some(Content::Added(pieces)) => added = pieces,
            Some(Content::Program(_) | Content::Built { .. }) | None => {}
        }
        if matches!(file.text().as_deref(), Some("/dev/stdin")) {
            let mut source = Source::joined();
            match &fr.stdin {
                Feed::Text { pieces, .. } => source.push(pieces),
                Feed::Opaque(from) => {
                    let from = from.clone();
                    self.fed_unknown(by, &from, job, fr);
                }
                _ => {}
            }
            return Some(source);
        }
        if !added.is_empty() {
            // What was there before runs too, in front of what was added.
            if let Some(path) = self.here_path(file, st)
                && let Some(source) = self.read_script(path, job, fr)
            {
                let text = source.shown();
                let mut all = Source::joined();
                let origin = source.origin(crate::model::span::Span::new(0, 0));
                all.push(&[super::expand::literal_piece(&text, &origin)]);
                all.push(&added);
                return Some(all);
            }
            return Some(source_of(&added));
        }
        let Some(path) = self.here_path(file, st) else {
            if st.far || !file.has_hole() || by == "direct" {
                return None;
            }
            // `source "$APP_DIR/lib.sh"`: the hook's own value says which file, where there is one.
            if let Some(path) = self.inherited_path(file) {
                return self.read_script(path, job, fr);
            }
            if !names_a_file(file) {
                self.unknown_file(file, by, job, fr);
            }
            return None;
        };
        self.read_script(path, job, fr)
    }

    /// Returns the absolute path of a word whose only holes are variables that the hook has too.
    fn inherited_path(&mut self, file: &Word) -> Option<PathBuf> {
        let mut text = String::new();
        for piece in &file.pieces {
            match &piece.part {
                Part::Literal(part) => text.push_str(part),
                Part::Hole(Hole::Inherited(name)) => {
                    let question = Question::Variable(name.clone());
                    match self.facts.ask(question, self.needs) {
                        Some(Answer::Variable(value)) => text.push_str(value),
                        _ => return None,
                    }
                }
                Part::Glob(_) | Part::Hole(_) => return None,
            }
        }
        let path = super::state::lexical("/".as_ref(), &text);
        // What lies outside the project (`nvm.sh`) is the user's own set-up and not the call's.
        (text.starts_with('/') && path.starts_with(&self.scene.project)).then_some(path)
    }

    fn unknown_file(&mut self, file: &Word, by: &str, job: &Job, fr: &Frame) {
        let place = file.shown();
        let reason = format!("`{by}` runs the file `{place}`, whose name is not known");
        let inherited = file
            .pieces
            .iter()
            .any(|piece| matches!(&piece.part, Part::Hole(Hole::Inherited(_) | Hole::Unknown)));
        // An entry of a listing is a file that is there, as with `for f in /etc/profile.d/*.sh`.
        let listed = self.producers.iter().any(|(origin, program)| {
            LISTING.contains(&program.as_str())
                && file.pieces.iter().any(|piece| piece.origin == *origin)
        });
        if inherited && !listed {
            self.opaque(
                OpaqueKind::Script,
                reason,
                vec![place],
                job.origin.clone(),
                fr,
            );
        }
    }

    fn read_script(&mut self, path: PathBuf, job: &Job, fr: &Frame) -> Option<Source> {
        let same = self.scripts_open(&path, fr);
        if same >= MAX_SAME {
            return None;
        }
        match self.read(path.clone())? {
            Answer::Text { text, .. } if is_binary(&text) => None,
            Answer::Text { text, .. } => Some(Source::file(&path, &text)),
            Answer::Unknown(why) if is_program(&why) => None,
            Answer::Unknown(why) => {
                let shown = path.display();
                let reason = format!("the script `{shown}` cannot be read: {why}");
                self.opaque(
                    OpaqueKind::Script,
                    reason,
                    vec![path.to_string_lossy().into_owned()],
                    job.origin.clone(),
                    fr,
                );
                None
            }
            _ => None,
        }
    }

    fn scripts_open(&self, path: &std::path::Path, fr: &Frame) -> usize {
        let _ = self;
        let name = path.to_string_lossy();
        let file = name.rsplit('/').next().unwrap_or_default();
        fr.via
            .iter()
            .filter(|wrapper| {
                wrapper.name.starts_with("script ") && wrapper.name.ends_with(file)
                    || wrapper.name.starts_with("source ") && wrapper.name.ends_with(file)
            })
            .count()
            .saturating_sub(1)
    }

    /// Runs a program that is given by its path: a script of some kind, or a compiled program.
    pub(super) fn direct(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let word = job.words.first()?;
        let text = word.text();
        let written = self.content(word, st).is_some();
        if !written {
            let text = text?;
            if !text.contains('/')
                && let Some(found) = self.on_path(&text, job, st)
            {
                let mut job = job.clone();
                *job.words.first_mut()? = found;
                return self.direct(&job, st, fr);
            }
            if !text.contains('/') || st.far || is_system(&text) {
                return None;
            }
        }
        let first = self.first_line(word, st)?;
        let start = Start {
            globs: Globs::default(),
            keeps: false,
            name: "direct",
            arguments: job.args(),
            env: &job.env,
            cleared: job.cleared,
        };
        let Some(line) = first.strip_prefix("#!") else {
            let named = word.text().unwrap_or_default();
            if is_binary(&first) || (named.contains('.') && !named.ends_with(".sh") && !written) {
                return None;
            }
            return self.script_file(word, &start, st, fr);
        };
        let mut fields = line.split_whitespace();
        let mut program = fields.next()?.rsplit('/').next()?.to_owned();
        if program == "env" {
            let real = fields.find(|field| !field.starts_with('-') && !field.contains('='))?;
            program = real.rsplit('/').next()?.to_owned();
        }
        if SHELLS.contains(&program.as_str()) {
            return self.script_file(word, &start, st, fr);
        }
        if program == "make" || super::start::interpreter(&program).is_some() {
            let mut inner = job.rest(0);
            inner
                .words
                .insert(0, Word::literal(program.clone(), word.origin.clone()));
            if program == "make" {
                inner
                    .words
                    .insert(1, Word::literal("-f", word.origin.clone()));
            }
            return Some(self.run(inner, st, fr));
        }
        None
    }

    pub(super) fn first_line(&mut self, word: &Word, st: &State) -> Option<String> {
        match self.content(word, st) {
            Some(Content::Feed(Feed::Text { pieces, .. })) => {
                let text = super::state::word_of(pieces.clone(), None).prefix();
                return Some(text.lines().next().unwrap_or_default().to_owned());
            }
            Some(Content::Feed(Feed::File(other))) => {
                let path = self.here_path(&other.clone(), st)?;
                return self.first_line_at(path);
            }
            Some(Content::Feed(_) | Content::Added(_)) => return Some(String::new()),
            Some(Content::Program(_) | Content::Built { .. }) | None => {}
        }
        let path = self.here_path(word, st)?;
        self.first_line_at(path)
    }

    fn first_line_at(&mut self, path: PathBuf) -> Option<String> {
        match self.read(path)? {
            Answer::Text { text, .. } => Some(text.lines().next().unwrap_or_default().to_owned()),
            Answer::Unknown(why) if is_program(&why) => None,
            Answer::Unknown(_) => Some(String::new()),
            _ => None,
        }
    }
}

/// Tells whether a shell of this name may be one that knows only what POSIX asks for.
fn is_plain_shell(name: &str) -> bool {
    matches!(name, "sh" | "dash" | "ash" | "posh")
}

/// Tells whether the first line of a script asks for such a shell.
fn named_plain(text: &str) -> bool {
    let first = text.lines().next().and_then(|line| line.strip_prefix("#!"));
    let mut words = first.unwrap_or_default().split([' ', '\t', '/']);
    words.any(is_plain_shell)
}

fn source_of(pieces: &[crate::model::word::Piece]) -> Source {
    let mut source = Source::joined();
    source.push(pieces);
    source
}

/// Programs that print the names of files that are there.
const LISTING: [&str; 6] = ["run-parts", "ls", "find", "fd", "readlink", "realpath"];

/// Tells whether a text begins as compiled programs do.
pub(super) fn is_compiled(text: &str) -> bool {
    text.starts_with("\u{7f}ELF") || text.starts_with("MZ")
}

fn is_binary(text: &str) -> bool {
    is_compiled(text) || memchr::memchr(0, text.as_bytes()).is_some()
}

/// Tells whether a file could not be read as text because it is a compiled program.
fn is_program(why: &str) -> bool {
    // Running a folder fails.
    [
        "binary",
        "not text",
        "UTF-8",
        "utf-8",
        "compiled",
        "` is a folder",
    ]
    .iter()
    .any(|mark| why.contains(mark))
}

pub(super) fn is_system(path: &str) -> bool {
    [
        "/bin/",
        "/usr/",
        "/sbin/",
        "/opt/",
        "/nix/",
        "/snap/",
        "/Applications/",
        "/System/",
        "/Library/",
    ]
    .iter()
    .any(|root| path.starts_with(root))
}

/// Tells whether a path ends in a known name below a folder that is not known: a library, not a payload.
fn names_a_file(file: &Word) -> bool {
    let last = file.pieces.last().map(|piece| &piece.part);
    let Some(Part::Literal(text)) = last else {
        return false;
    };
    text.rsplit_once('/').is_some_and(|(_, name)| {
        let start = name.chars().next();
        start.is_some_and(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
    })
}

/// Tells whether a command reads files without changing them: a filter that is not told to edit in place.
fn only_filters(command: &crate::model::command::Command) -> bool {
    const FILTERS: [&str; 9] = [
        "sed", "gsed", "perl", "awk", "gawk", "mawk", "ruby", "source", ".",
    ];
    let in_place = |text: String| {
        text.starts_with("--in-place")
            || text.starts_with('-') && !text.starts_with("--") && text.contains('i')
    };
    command.writes.is_empty()
        && command.is_any(&FILTERS)
        && !command.args().iter().filter_map(Word::text).any(in_place)
}
