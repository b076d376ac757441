//! What a program prints that writes lines out of others: the words that stand in its own text, and holes for what it reads.
//! It runs no program and computes only what is known; lines without a word of their own stay unknown output.

mod awk;
mod code;
mod formats;
mod jq;
mod leaves;
mod says;
mod sed;
mod tokens;

use std::collections::BTreeSet;

use crate::model::word::{Hole, Part, Piece, Word};

use super::expand::literal_piece;
use super::flow::lines_of;
use super::options::options;
use super::state::{Feed, State, nowhere, word_of};
use super::unfold::{Content, Frame, Job, Unfolder, Write};
use super::wrappers::start;

/// One line, in pieces.
pub(super) type Line = Vec<Piece>;

/// Lines that one program reads, and forms of lines that it gives.
const MAX_LINES: usize = 8_192;
/// Names in one word of a client.
const MAX_NAMES: usize = 64;
/// Lines of a script of the world that is edited before it runs.
const MAX_EDITED: usize = 60;
/// Bytes of a program text that is read for what it prints.
const MAX_TEXT: usize = 1 << 16;

/// Programs that bring text from another machine.
const NETWORK: [&str; 9] = [
    "curl", "wget", "http", "https", "xh", "fetch", "nc", "ncat", "netcat",
];

/// Clients that are given files with statements.
const CLIENTS: [&str; 22] = [
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "duckdb",
    "clickhouse-client",
    "cqlsh",
    "sqlcmd",
    "sqlplus",
    "usql",
    "pgcli",
    "mycli",
    "mongosh",
    "mongo",
    "cypher-shell",
    "redis-cli",
    "valkey-cli",
    "bq",
    "snowsql",
    "influx",
    "cbq",
    "arangosh",
];

/// Tells whether lines hold a word of the text that makes them.
pub(super) fn has_text(items: &[Word]) -> bool {
    items.iter().any(|item| shows(&item.pieces))
}

fn shows(line: &[Piece]) -> bool {
    line.iter().any(|piece| match &piece.part {
        Part::Literal(text) => text.chars().any(char::is_alphabetic),
        Part::Glob(_) | Part::Hole(_) => false,
    })
}

/// Returns lines of these forms as a text; one that is not known when nothing of them is.
pub(super) fn pieces(items: &[Word]) -> Vec<Piece> {
    if !has_text(items) {
        return vec![unknown(&nowhere())];
    }
    let mut all = Vec::new();
    for item in items {
        all.extend(item.pieces.iter().cloned());
        all.push(literal_piece("\n", &item.origin));
    }
    all
}

/// Returns the fields of a line as `xargs` splits it.
pub(super) fn fields(item: &Word, whole: bool) -> Vec<Word> {
    let mut all = vec![Word {
        many: true,
        pieces: Vec::new(),
        ..item.clone()
    }];
    for piece in &item.pieces {
        let text = match &piece.part {
            Part::Literal(text) if !whole && text.contains([' ', '\t']) => text,
            _ => {
                if let Some(last) = all.last_mut() {
                    last.pieces.push(piece.clone());
                }
                continue;
            }
        };
        for (at, part) in text.split([' ', '\t']).enumerate() {
            if at > 0 {
                all.push(Word {
                    many: true,
                    pieces: Vec::new(),
                    ..item.clone()
                });
            }
            let part = part.trim_matches(['"', '\'']);
            if let Some(last) = all.last_mut()
                && !part.is_empty()
            {
                last.pieces.push(literal_piece(part, &piece.origin));
            }
        }
    }
    all.retain(|word| !word.pieces.is_empty());
    all
}

/// Returns the text that flows, where words of it are known.
pub(super) fn known(feed: &Feed) -> Option<Vec<Piece>> {
    match feed {
        Feed::Text { pieces, .. } => Some(pieces.clone()),
        Feed::Items(items) if has_text(items) => Some(pieces(items)),
        _ => None,
    }
}

fn unknown(origin: &crate::model::span::Origin) -> Piece {
    Piece {
        part: Part::Hole(Hole::Unknown),
        origin: origin.clone(),
    }
}

/// Returns lines as what flows, each once; nothing when no word of them is known.
fn feed(lines: Vec<Line>) -> Option<Feed> {
    let mut seen = BTreeSet::new();
    let words = lines.into_iter().map(|line| word_of(line, None));
    let forms: Vec<Word> = words
        .filter(|word| !word.pieces.is_empty() && seen.insert(word.shown()))
        .collect();
    // `:NAME` and `+NAME` are deletions and rewrites where refs are pushed.
    let marked = |form: &Word| match form.pieces.as_slice() {
        [first, _, ..] => {
            matches!(&first.part, Part::Literal(text) if [":", "+"].contains(&text.as_str()))
        }
        _ => false,
    };
    (has_text(&forms) || forms.iter().any(marked)).then_some(Feed::Items(forms))
}

/// The words of a call of awk: its program text, its `-v` values and its files.
struct AwkWords {
    program: Word,
    values: Vec<(String, Word)>,
    files: Vec<Word>,
    separator: Option<Word>,
    /// An operand sets a variable between two files, or an option changes how awk goes about it.
    sets: bool,
}

impl Unfolder<'_> {
    /// Returns what a program prints by its own words; nothing when none of them is known.
    pub(super) fn generated(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let lines = match program {
            "awk" | "gawk" | "mawk" | "nawk" | "goawk" => return self.awk(job, st, fr),
            "sed" | "gsed" if sed::is_in_place(job) => return None,
            "sed" | "gsed" => {
                let input = self.read_lines(program, job, st, fr);
                sed::output(job, &input)?
            }
            "jq" | "yq" | "gojq" | "jaq" => {
                let Some(all) = jq::output(program, job) else {
                    let decodes = |word: &Word| word.prefix().contains("@base64d");
                    let any = job.args().iter().any(decodes);
                    return any.then(|| Feed::Opaque("base64".to_owned()));
                };
                // A whole object is a text, which a file may hold.
                if let [line] = all.as_slice()
                    && word_of(line.clone(), None).prefix().starts_with('{')
                {
                    return Some(Feed::text(line.clone()));
                }
                all
            }
            "psql" | "mysql" | "mariadb" | "sqlite3" | "duckdb" => says::queried(program, job, fr)?,
            _ => match formats::output(program, job) {
                Some(lines) => lines,
                None => {
                    let text = self.code_text(program, job, st, fr)?;
                    let input = self.lines_in(&fr.stdin, job);
                    code::output(program, job, &text, &input)?
                }
            },
        };
        feed(lines)
    }

    /// Returns the lines that a program reads; one that is not known where they are not.
    fn lines_in(&mut self, feed: &Feed, job: &Job) -> Vec<Line> {
        match lines_of(feed) {
            Some(lines) if lines.len() <= MAX_LINES => lines,
            Some(_) => {
                self.spend("a program reads too many lines of a text");
                Vec::new()
            }
            None => vec![vec![unknown(&job.origin)]],
        }
    }

    /// Returns the lines that a filter reads, from its files or its input.
    fn read_lines(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) -> Vec<Line> {
        let skip = usize::from(program != "sed" || !sed::has_script_option(job));
        let found = options(job.args(), sed::VALUED);
        let files = job.args().get(found.rest + skip..).unwrap_or_default();
        if files.is_empty() {
            return self.lines_of_input(job, st, fr);
        }
        let mut all = Vec::new();
        for file in files {
            all.extend(self.lines_of_file(file, job, st));
        }
        all
    }

    fn lines_of_file(&mut self, file: &Word, job: &Job, st: &State) -> Vec<Line> {
        match self.content(file, st) {
            Some(Content::Feed(feed)) => self.lines_in(&feed.clone(), job),
            None if self.hungry => {
                let feed = self.listed(Feed::File(file.clone()), st);
                self.lines_in(&feed, job)
            }
            _ => vec![vec![unknown(&job.origin)]],
        }
    }

    fn lines_of_input(&mut self, job: &Job, st: &State, fr: &Frame) -> Vec<Line> {
        if self.hungry {
            let feed = self.listed(fr.stdin.clone(), st);
            return self.lines_in(&feed, job);
        }
        self.lines_in(&fr.stdin, job)
    }

    /// Returns the text of the code that an interpreter runs.
    fn code_text(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) -> Option<Word> {
        let family = super::start::interpreter(program)?;
        if let Some(text) = code::inline(family, job) {
            return Some(text);
        }
        let bare = job
            .args()
            .iter()
            .all(|word| word.prefix().starts_with('-') && word.prefix().len() < 3);
        if bare && let Feed::Text { pieces, .. } = &fr.stdin {
            return Some(word_of(pieces.clone(), None));
        }
        self.code_file(program, job, st)
    }

    /// Reads awk: what it prints, what it pipes into shells of its own, what it writes.
    fn awk(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let words = self.awk_words(job, st)?;
        if let Some(text) = self.awk_run(&words, st, fr) {
            return Some(match text.is_empty() {
                true => Feed::nothing(),
                false => Feed::text(vec![literal_piece(&text, &job.origin)]),
            });
        }
        let AwkWords {
            program,
            values,
            files,
            ..
        } = words;
        let mut input = Vec::new();
        for file in &files {
            input.extend(self.lines_of_file(file, job, st));
        }
        if files.is_empty() {
            input = self.lines_of_input(job, st, fr);
        }
        let said = awk::output(&program, &values, &input);
        for (command, lines) in said.piped {
            let fed = feed(lines).unwrap_or_else(|| Feed::Opaque("awk".to_owned()));
            let via = fr.fed(fed);
            let text = word_of(command, None);
            self.shell_text(&text, &start("sh", job), &mut st.subshell(), &via);
        }
        for command in said.started {
            let via = fr.fed(Feed::Null);
            let text = word_of(command, None);
            self.shell_text(&text, &start("sh", job), &mut st.subshell(), &via);
        }
        for (file, lines) in said.written {
            if let Some(content) = feed(lines) {
                self.record_file(
                    &Word::literal(file, program.origin.clone()),
                    content,
                    false,
                    st,
                );
            }
        }
        feed(said.printed)
    }

    /// Carries a program of awk out where it and all that it reads are known.
    fn awk_run(&mut self, words: &AwkWords, st: &State, fr: &Frame) -> Option<String> {
        if words.sets {
            return None;
        }
        let program = words.program.text()?;
        self.fuel = self.fuel.checked_sub(program.len() / 16)?;
        let separator = match &words.separator {
            Some(word) => Some(word.text()?),
            None => None,
        };
        let mut values = Vec::new();
        for (name, word) in &words.values {
            values.push((name.clone(), word.text()?));
        }
        let mut files = Vec::new();
        if super::awk::reads(&program) {
            for file in &words.files {
                files.push((file.text()?, self.whole(Feed::File(file.clone()), st)?));
            }
            if words.files.is_empty() {
                files.push((String::new(), self.whole(fr.stdin.clone(), st)?));
            }
        }
        let given = super::awk::Given {
            program: &program,
            separator: separator.as_deref(),
            values,
            files,
        };
        super::awk::printed(&given, &mut self.fuel)
    }

    /// Returns all of a text, where it is known for certain.
    fn whole(&mut self, feed: Feed, st: &State) -> Option<String> {
        let feed = match &feed {
            Feed::File(file) => match self.content(file, st) {
                Some(Content::Feed(feed)) => feed.clone(),
                Some(_) => return None,
                None => feed,
            },
            _ => feed,
        };
        let feed = match self.hungry {
            true => self.listed(feed, st),
            false => feed,
        };
        match feed {
            Feed::Null => Some(String::new()),
            Feed::Text {
                pieces,
                certain: true,
            } => word_of(pieces, None).text(),
            _ => None,
        }
    }

    fn awk_words(&mut self, job: &Job, st: &State) -> Option<AwkWords> {
        let found = options(job.args(), "-F -v -f --file --assign --field-separator");
        let values: Vec<(String, Word)> = found
            .values("-v --assign")
            .into_iter()
            .map(super::wrappers::assignment)
            .collect();
        let mut rest = job.args().get(found.rest..).unwrap_or_default();
        let program = match found.value("-f --file") {
            Some(file) => self.file_text(&file.clone(), st)?,
            None => {
                let (first, files) = rest.split_first()?;
                rest = files;
                first.clone()
            }
        };
        let known = ["-F", "-v", "-f", "--field-separator", "--assign", "--file"];
        let is_input = |word: &Word| word.text().as_deref() == Some("-");
        let files = rest
            .iter()
            .filter(|word| !super::wrappers::assigns(word) && !is_input(word));
        Some(AwkWords {
            program,
            values,
            files: files.cloned().collect(),
            separator: found.value("-F --field-separator").cloned(),
            sets: found
                .list
                .iter()
                .any(|(name, _)| !known.contains(&name.as_str()))
                || rest
                    .iter()
                    .any(|word| super::wrappers::assigns(word) || is_input(word)),
        })
    }

    /// Notes the files that a code writes: this text may run them.
    pub(super) fn left_by_code(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) {
        let Some(text) = self.code_text(program, job, st, fr) else {
            return;
        };
        // A code that reads may change what stands in the file: the old text is still there for the most part.
        let code = says::text_of(&text);
        let reads = code.contains("read") || code.contains('<');
        for one in leaves::left(program, &text) {
            let file = word_of(one.file, None);
            let (content, edits) = match one.text {
                leaves::Written::Known(line) => (Feed::text(line), false),
                leaves::Written::Partly(line) => (Feed::text(line), reads),
                leaves::Written::Seen(words) => {
                    let seen = format!("{program}\n{}", words.join("\n"));
                    (Feed::Opaque(seen), false)
                }
            };
            self.record_file(&file, content, one.appends || edits, st);
        }
    }

    /// Changes what `sed -i` makes of files that this text wrote.
    pub(super) fn edited(&mut self, job: &Job, st: &State) {
        if !sed::is_in_place(job) {
            return;
        }
        self.edited_scripts(job, st);
        for file in job.args() {
            let Some(Content::Feed(old)) = self.content(file, st).cloned() else {
                continue;
            };
            let input = self.lines_in(&old, job);
            let new = sed::output(job, &input).and_then(feed);
            self.record_file(file, new.unwrap_or(old), false, st);
        }
    }

    /// Notes what scripts of the world hold after they were edited in place: the call may run them.
    fn edited_scripts(&mut self, job: &Job, st: &State) {
        for file in job.args() {
            let name = file.text().unwrap_or_default();
            let runs = [
                ".sh",
                ".bash",
                ".mk",
                ".py",
                ".js",
                ".rb",
                ".sql",
                "akefile",
                "justfile",
                ".env",
                ".conf",
                ".cfg",
                ".rc",
                ".zsh",
                ".properties",
            ];
            if self.content(file, st).is_some() || !runs.iter().any(|end| name.ends_with(end)) {
                continue;
            }
            let known = self.listed(Feed::File(file.clone()), st);
            if let Some(new) = rewritten(job, &known) {
                self.record_file(file, new, false, st);
            }
        }
    }

    /// Shows a client the files that this text wrote without their content being known in full.
    pub(super) fn client_files(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) {
        if self.files.is_empty() || !CLIENTS.contains(&program) {
            return;
        }
        let mut writes = Vec::new();
        for word in job.args().iter().filter(|word| word.is_literal()) {
            let text = word.prefix();
            let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '\'' | '"' | '@' | ';');
            for name in text.split(ends).take(MAX_NAMES) {
                for name in [name, name.strip_prefix("-f").unwrap_or_default()] {
                    let file = Word::literal(name, word.origin.clone());
                    let content = match self.content(&file, st) {
                        Some(Content::Feed(Feed::Items(items))) => pieces(items),
                        Some(Content::Feed(Feed::Opaque(_))) => vec![unknown(&word.origin)],
                        _ => continue,
                    };
                    writes.push(Write {
                        redirect: crate::model::command::Redirect {
                            mode: crate::model::command::WriteMode::Append,
                            file,
                            content: Some(word_of(content, Some(word.origin.clone()))),
                            whole: None,
                        },
                        output: false,
                    });
                }
            }
        }
        self.emit_writes(writes, &job.origin, st, fr, &Feed::nothing());
    }
}

/// Returns what sed makes of a known text, line by line.
pub(super) fn rewritten(job: &Job, input: &Feed) -> Option<Feed> {
    if !matches!(input, Feed::Text { certain: true, .. }) {
        return None;
    }
    let lines = lines_of(input).filter(|lines| lines.len() <= MAX_EDITED)?;
    let mut all = Vec::new();
    for mut line in sed::output(job, &lines)? {
        all.append(&mut line);
        all.push(literal_piece("\n", &job.origin));
    }
    Some(Feed::text(all))
}

/// Returns what a filter passes on of input that is not known: text from another machine stays that.
pub(super) fn passed_on(program: &str, input: &Feed) -> Feed {
    match input {
        Feed::Opaque(from) if NETWORK.contains(&from.as_str()) => Feed::Opaque(from.clone()),
        Feed::Opaque(from) => {
            let made_of = from.split_once('\n').map(|(_, text)| text);
            Feed::Opaque(made_of.map_or_else(|| program.to_owned(), |text| made(program, text)))
        }
        Feed::Text { pieces, .. } => {
            Feed::Opaque(made(program, &word_of(pieces.clone(), None).shown()))
        }
        Feed::Items(items) if has_text(items) => {
            Feed::Opaque(made(program, &word_of(pieces(items), None).shown()))
        }
        Feed::Inherited | Feed::Null | Feed::File(_) | Feed::Items(_) => {
            Feed::Opaque(program.to_owned())
        }
    }
}

/// The name of a program, and below it the text that its output is made of.
fn made(program: &str, text: &str) -> String {
    let end = text.floor_char_boundary(MAX_TEXT);
    format!("{program}\n{}", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests;
