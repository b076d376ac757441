//! What programs print when everything they read is known: `echo`, `printf`, `cat`, `base64 -d`, `sed s///` and their kin.
//! A program that is not in the table prints something unknown.

use base64::Engine as _;

use crate::model::name;
use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece, Word};

use super::expand::literal_piece;
use super::flow::lines_of;
use super::generated;
use super::options::options;
use super::pattern::Pattern;
use super::printf;
use super::state::{Feed, State, literal, nowhere, word_of};
use super::unfold::{Content, Frame, Job, Unfolder};

/// Longer results are not computed.
const MAX_OUTPUT: usize = 1 << 20;
/// Numbers that `seq` prints.
const MAX_NUMBERS: i64 = 4_096;

/// Filters that give some of the lines they read, or all of them in another order.
const SELECTS: [&str; 10] = [
    "head", "tail", "sort", "uniq", "grep", "shuf", "column", "sponge", "pv", "fzf",
];

/// Filters through which text from another machine stays what it is.
const PASSES: [&str; 22] = [
    "awk", "gawk", "mawk", "sed", "grep", "egrep", "rg", "tr", "head", "tail", "cut", "sort",
    "uniq", "fold", "expand", "column", "jq", "yq", "dos2unix", "iconv", "pv", "sponge",
];

/// Programs that print nothing of their own to standard output.
const SILENT: &[&str] = &[
    ":", "true", "false", "test", "[", "cd", "mkdir", "touch", "rm", "rmdir", "chmod", "chown",
    "cp", "mv", "ln", "sleep", "kill", "export", "set", "shift", "sync", "wait",
];

/// Programs whose one line of output is a name: neither a slash nor empty.
const NAMES: &[&str] = &[
    "uname",
    "hostname",
    "nproc",
    "arch",
    "uuidgen",
    "whoami",
    "id",
    "md5sum",
    "sha256sum",
    "cksum",
    "expr",
    "tput",
    "getconf",
    "logname",
    "stat",
    "du",
];

impl Unfolder<'_> {
    /// Returns what a program prints: computed, or as far as its own words say it.
    pub(super) fn pure(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Feed {
        let feed = self.computed(program, job, st, fr);
        match &feed {
            Feed::Opaque(from) if from == super::settings::SETTINGS => feed,
            Feed::Opaque(_) => match self.generated(program, job, st, fr) {
                Some(said) => {
                    if let (Feed::Items(_), Feed::Items(items)) = (&fr.stdin, &said)
                        && !self.facts.assumed
                    {
                        return self.in_parts(program, items.clone());
                    }
                    said
                }
                None => match self.shaped(program, job, st, fr) {
                    Some(shaped) => shaped,
                    None if PASSES.contains(&program) => generated::passed_on(program, &fr.stdin),
                    None => feed,
                },
            },
            Feed::Items(_) if program == "seq" => {
                self.generated(program, job, st, fr).unwrap_or(feed)
            }
            _ => feed,
        }
    }

    fn computed(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Feed {
        match program {
            "echo" => echo(job.args(), st.plain),
            "printf" => printf::feed(job.args()),
            "cat" | "tac" | "rev" => self.lines_through(program, job, st, fr),
            "pwd" => self.working_directory(job, st),
            "mktemp" => self.mktemp(job, st),
            "basename" => basename(job),
            "dirname" => dirname(job),
            "realpath" | "readlink" | "grealpath" | "greadlink" => {
                self.real_path(program.trim_start_matches('g'), job, st)
            }
            "which" | "command" | "type" => which(job),
            "seq" => seq(job),
            "date" => date(job),
            "getopt" => super::getopt::feed(job.args())
                .unwrap_or_else(|| Feed::Opaque(super::settings::SETTINGS.to_owned())),
            "git" => self.git_output(job, st),
            "ls" => self.ls_names(job, st).unwrap_or_else(|| ls(job)),
            "yes" => yes(job),
            "wc" => (self.line_count(job, st, fr))
                .unwrap_or_else(|| Feed::text(vec![name_piece(&job.origin)])),
            "tee" => fr.stdin.clone(),
            "base64" | "openssl" | "xxd" | "tr" | "sed" | "head" | "tail" | "cut" | "sort"
            | "uniq" | "grep" | "fold" | "expand" | "nl" | "awk" | "base32" | "shuf" | "column"
            | "sponge" | "pv" | "fzf" => self.filter(program, job, st, fr),
            _ if SILENT.contains(&program) => Feed::nothing(),
            _ if super::dumps::only_adds(program, job.args()) => Feed::text(vec![literal_piece(
                "-- a dump that only adds\n",
                &job.origin,
            )]),
            _ if NAMES.contains(&program) => Feed::text(vec![name_piece(&job.origin)]),
            _ if super::settings::prints(program, job) => {
                Feed::Opaque(super::settings::SETTINGS.to_owned())
            }
            _ => Feed::Opaque(program.to_owned()),
        }
    }

    fn lines_through(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) -> Feed {
        let found = options(job.args(), "");
        let files = job.args().get(found.rest..).unwrap_or_default();
        let mut feed = Feed::nothing();
        if files.is_empty() {
            feed = fr.stdin.clone();
        }
        for file in files {
            let next = if file.text().as_deref() == Some("-") {
                fr.stdin.clone()
            } else {
                self.file_feed(file.clone(), st)
            };
            // Two files are one text only where both are read.
            let next = if files.len() > 1 && self.hungry {
                self.listed(next, st)
            } else {
                next
            };
            feed = feed.then(next);
        }
        if program == "cat" {
            return feed;
        }
        let Feed::Text { pieces, certain } = feed else {
            return Feed::Opaque(program.to_owned());
        };
        changed(pieces, certain, program, |text| {
            let mut lines: Vec<&str> = text.lines().collect();
            if program == "tac" {
                lines.reverse();
                return Some(joined(lines.into_iter().map(ToOwned::to_owned)));
            }
            Some(joined(
                lines.into_iter().map(|line| line.chars().rev().collect()),
            ))
        })
    }

    fn mktemp(&mut self, job: &Job, st: &mut State) -> Feed {
        let found = options(job.args(), "-p --suffix --tmpdir");
        let template = job.args().get(found.rest).or(found.value("-t"));
        let mut origin = job.origin.clone();
        self.counter += 1;
        if let Origin::Text(span) = &mut origin {
            span.end = span.end.max(span.start);
        }
        let Some(template) = template else {
            if let Some(dir) = found.value("-p --tmpdir") {
                let mut pieces = dir.pieces.clone();
                pieces.push(literal_piece("/tmp.", &origin));
                pieces.push(name_piece(&origin));
                return Feed::text(pieces);
            }
            return Feed::text(self.fresh_temporary(&origin));
        };
        let text = template.text().unwrap_or_else(|| template.shown());
        let head = text
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric() && c != 'X' || c == '.')
            .trim_end_matches('X');
        let dir = found.value("-p --tmpdir");
        let mut pieces = Vec::new();
        let in_temporary = found.has("-t") || found.has("--tmpdir");
        if let Some(dir) = dir {
            pieces.extend(dir.pieces.clone());
            pieces.push(literal_piece("/", &origin));
        } else if in_temporary {
            let root = self.temporary_root().unwrap_or_else(|| "/tmp".to_owned());
            pieces.push(literal_piece(
                &format!("{}/", root.trim_end_matches('/')),
                &origin,
            ));
        }
        if template.is_literal() {
            pieces.push(literal_piece(head, &origin));
        } else {
            pieces.extend(
                template
                    .pieces
                    .iter()
                    .take(template.pieces.len().saturating_sub(1))
                    .cloned(),
            );
        }
        pieces.push(name_piece(&origin));
        let _ = st;
        Feed::text(pieces)
    }

    fn filter(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) -> Feed {
        let valued = filter_options(program);
        let skip = usize::from(program == "openssl");
        let args = job.args().get(skip..).unwrap_or_default();
        let found = options(args, valued);
        let operands = args.get(found.rest..).unwrap_or_default();
        let takes = script_words(program, &found, operands.len());
        let several = program != "tr" && operands.len() > takes + 1;
        let input = match operands.get(takes).or(found.value("-in")) {
            Some(_) if several => return Feed::Opaque(program.to_owned()),
            Some(file) => match self.content(file, st) {
                Some(Content::Feed(feed)) => feed.clone(),
                // What is made of a script may be run.
                _ if program == "sed" && job.writes.iter().any(|write| write.output) => {
                    let known = self.listed(Feed::File(file.clone()), st);
                    if let Some(new) = generated::rewritten(job, &known) {
                        return new;
                    }
                    known
                }
                _ => Feed::File(file.clone()),
            },
            None => fr.stdin.clone(),
        };
        let input = match self.hungry {
            true => self.listed(input, st),
            false => input,
        };
        let counts = ["-o", "-c", "-q", "-l", "-L", "--count", "--only-matching"];
        let may_count = matches!(program, "grep" | "uniq" | "head" | "tail");
        let counting = may_count && counts.iter().any(|name| found.has(name));
        let is_selecting = SELECTS.contains(&program) && !counting;
        if let (Feed::Items(items), "grep") = (&input, program)
            && let Some(feed) = self.picked(&found, operands, items)
        {
            return feed;
        }
        let (pieces, certain) = match input {
            Feed::Text { pieces, certain } => (pieces, certain),
            Feed::Items(items)
                if self.selects_nothing(program, &found, operands.first(), &items) =>
            {
                return Feed::nothing();
            }
            Feed::Items(items) if is_selecting => return self.in_parts(program, items),
            _ => return Feed::Opaque(program.to_owned()),
        };
        if is_selecting && literal(&pieces).is_none() {
            let forms = lines_of(&Feed::text(pieces)).unwrap_or_default();
            return Feed::Items(forms.into_iter().map(|line| word_of(line, None)).collect());
        }
        let words: Option<Vec<String>> = operands.iter().map(Word::text).collect();
        let Some(words) = words else {
            return Feed::Opaque(program.to_owned());
        };
        changed(pieces, certain, program, |text| {
            filtered(program, &found, &words, job, text)
        })
    }
}

/// Returns how many operands are no files.
fn script_words(program: &str, found: &super::options::Options, operands: usize) -> usize {
    match program {
        "tr" => operands,
        "sed" if found.value("-e --expression").is_some() => 0,
        "grep" if found.value("-e").is_some() => 0,
        "sed" | "grep" | "awk" => 1,
        _ => 0,
    }
}

/// Returns what a filter makes of known text.
fn filtered(
    program: &str,
    found: &super::options::Options,
    words: &[String],
    job: &Job,
    text: &str,
) -> Option<String> {
    match program {
        "base64" => base64_text(found, text),
        "openssl" => args_decode(job).then(|| decode64(text)).flatten(),
        "xxd" => (found.has("-r") && found.has("-p"))
            .then(|| hex(text))
            .flatten(),
        "tr" => super::translated::tr(found, words, text),
        "sed" => sed(found, words, text),
        "head" | "tail" => super::ends::ends(program, found, text),
        "cut" if found.only("-f -c -d --fields --delimiter") => cut(found, text),
        "sort" => super::ends::sorted(found, text),
        "uniq" if found.only("") => {
            let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
            lines.dedup();
            Some(joined(lines.into_iter()))
        }
        "grep" => grep(found, words, text),
        _ => None,
    }
}

/// Options of the filters that take a value.
fn filter_options(program: &str) -> &'static str {
    match program {
        "head" | "tail" => "-n -c --lines --bytes",
        "cut" => "-d -f -c -b --delimiter --fields",
        "sort" => "-k -t -o -S -T",
        "grep" => "-e -f -m -A -B -C --include --exclude",
        "awk" => "-v -F -f",
        "sed" => "-e -f --expression --file",
        "openssl" => "-in -out",
        "fold" | "base64" => "-w --wrap",
        _ => "",
    }
}

fn changed(
    pieces: Vec<Piece>,
    certain: bool,
    program: &str,
    change: impl FnOnce(&str) -> Option<String>,
) -> Feed {
    let Some(text) = literal(&pieces).filter(|text| text.len() <= MAX_OUTPUT) else {
        return Feed::Opaque(program.to_owned());
    };
    let origin = word_of(pieces, None).origin;
    match change(&text) {
        Some(text) if text.len() <= MAX_OUTPUT => Feed::Text {
            pieces: if text.is_empty() {
                Vec::new()
            } else {
                vec![literal_piece(&text, &origin)]
            },
            certain,
        },
        _ => Feed::Opaque(program.to_owned()),
    }
}

pub(super) fn joined(lines: impl Iterator<Item = String>) -> String {
    let mut all = String::new();
    for line in lines {
        all.push_str(&line);
        all.push('\n');
    }
    all
}

fn name_piece(origin: &Origin) -> Piece {
    Piece {
        part: Part::Hole(Hole::Name),
        origin: origin.clone(),
    }
}

/// Returns a word for an unknown file somewhere below a folder.
pub(super) fn below(dir: &str, origin: &Origin) -> Word {
    let head = format!("{}/", dir.trim_end_matches('/'));
    word_of(
        vec![literal_piece(&head, origin), name_piece(origin)],
        Some(origin.clone()),
    )
}

fn echo(args: &[Word], plain: bool) -> Feed {
    let (mut escapes, mut newline, mut from) = (plain, true, 0);
    while let Some(text) = args.get(from).and_then(Word::text) {
        let flags = text.strip_prefix('-').unwrap_or_default();
        if flags.is_empty() || !flags.chars().all(|c| matches!(c, 'n' | 'e' | 'E')) {
            break;
        }
        escapes |= flags.contains('e');
        newline &= !flags.contains('n');
        from += 1;
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for (index, word) in args.iter().skip(from).enumerate() {
        if index > 0 {
            pieces.push(literal_piece(" ", &word.origin));
        }
        for piece in &word.pieces {
            pieces.push(match &piece.part {
                Part::Literal(text) if escapes && text.contains('\\') => {
                    literal_piece(&printf::unescaped(text), &piece.origin)
                }
                _ => piece.clone(),
            });
        }
    }
    if newline {
        let origin = pieces
            .last()
            .map_or_else(nowhere, |piece| piece.origin.clone());
        pieces.push(literal_piece("\n", &origin));
    }
    Feed::text(pieces)
}

fn basename(job: &Job) -> Feed {
    let found = options(job.args(), "-s --suffix");
    let Some(word) = job.args().get(found.rest) else {
        return Feed::Opaque("basename".to_owned());
    };
    let Some(text) = word.text() else {
        return Feed::text(vec![name_piece(&word.origin)]);
    };
    let name = text
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let suffix = found
        .value("-s --suffix")
        .or(job.args().get(found.rest + 1))
        .and_then(Word::text);
    let name = suffix.and_then(|s| name.strip_suffix(&s)).unwrap_or(name);
    Feed::text(vec![literal_piece(&format!("{name}\n"), &word.origin)])
}

fn dirname(job: &Job) -> Feed {
    let Some(word) = job
        .args()
        .iter()
        .rfind(|word| word.text().as_deref() != Some("--"))
    else {
        return Feed::Opaque("dirname".to_owned());
    };
    match word.text() {
        Some(text) => {
            let trimmed = text.trim_end_matches('/');
            let dir = match trimmed.rsplit_once('/') {
                Some(("", _)) => "/",
                Some((dir, _)) => dir,
                None if trimmed.is_empty() && !text.is_empty() => "/",
                None => ".",
            };
            Feed::text(vec![literal_piece(&format!("{dir}\n"), &word.origin)])
        }
        None => Feed::Opaque("dirname".to_owned()),
    }
}

fn which(job: &Job) -> Feed {
    let name = job
        .args()
        .iter()
        .find_map(|word| word.text().filter(|text| !text.starts_with('-')));
    match name.as_deref() {
        // The guard's own program is known by its place.
        Some("backstop") => Feed::text(vec![literal_piece(
            "/usr/local/bin/backstop\n",
            &job.origin,
        )]),
        Some(name) => Feed::text(vec![literal_piece(&format!("{name}\n"), &job.origin)]),
        None => Feed::Opaque("which".to_owned()),
    }
}

fn seq(job: &Job) -> Feed {
    let found = options(job.args(), "-f -s --format --separator");
    let numbers: Option<Vec<i64>> = job
        .args()
        .get(found.rest..)
        .unwrap_or_default()
        .iter()
        .map(|word| word.text()?.parse().ok())
        .collect();
    let (from, step, to) = match numbers.as_deref() {
        Some([to]) => (1, 1, *to),
        Some([from, to]) => (*from, 1, *to),
        Some([from, step, to]) if *step != 0 => (*from, *step, *to),
        _ => return Feed::Items(vec![word_of(vec![name_piece(&job.origin)], None)]),
    };
    let count = (to.saturating_sub(from)) / step;
    if !found.list.is_empty() || count > MAX_NUMBERS {
        return Feed::Items(vec![word_of(vec![name_piece(&job.origin)], None)]);
    }
    let numbers = (0..=count).map(|at| (from + at * step).to_string());
    Feed::text(vec![literal_piece(&joined(numbers), &job.origin)])
}

fn date(job: &Job) -> Feed {
    let format = job
        .args()
        .iter()
        .find_map(|word| word.text().filter(|text| text.starts_with('+')));
    match format {
        Some(format)
            if !format.contains('/') && !format.contains("%D") && !format.contains("%x") =>
        {
            Feed::text(vec![name_piece(&job.origin)])
        }
        _ => Feed::Opaque("date".to_owned()),
    }
}

fn ls(job: &Job) -> Feed {
    let found = options(job.args(), "-I -w");
    let operands = job.args().get(found.rest..).unwrap_or_default();
    match operands {
        [] => Feed::Items(vec![word_of(vec![name_piece(&job.origin)], None)]),
        [word] if word.has_glob() => Feed::Items(vec![word.clone()]),
        _ => Feed::Items(vec![word_of(vec![name_piece(&job.origin)], None)]),
    }
}

fn yes(job: &Job) -> Feed {
    let text = job
        .args()
        .first()
        .map_or_else(|| Some("y".to_owned()), Word::text);
    match text {
        Some(text) => Feed::text(vec![literal_piece(
            &format!("{text}\n").repeat(4),
            &job.origin,
        )]),
        None => Feed::Opaque("yes".to_owned()),
    }
}

fn base64_text(found: &super::options::Options, text: &str) -> Option<String> {
    if found.has("-d") || found.has("-D") || found.has("--decode") {
        return decode64(text);
    }
    let mut coded = base64::engine::general_purpose::STANDARD.encode(text);
    coded.push('\n');
    Some(coded)
}

fn decode64(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .collect();
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(clean)
        .ok()?;
    Some(name::text(&bytes))
}

fn args_decode(job: &Job) -> bool {
    let words: Vec<String> = job.args().iter().filter_map(Word::text).collect();
    let is = |text: &str| words.iter().any(|word| word == text);
    (is("base64") || is("-base64") || is("-a")) && is("-d")
}

fn hex(text: &str) -> Option<String> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let pair = |pair: &[u32]| match pair {
        [a, b] => u8::try_from(a * 16 + b).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    Some(name::text(&bytes?))
}

/// Carries out `s///` with a plain pattern; anything a regular expression could say more is unknown.
fn sed(found: &super::options::Options, words: &[String], text: &str) -> Option<String> {
    if let ([script], true) = (words.get(..1)?, found.values("-e --expression").is_empty())
        && let Some(chosen) = chosen_lines(script, found, text)
    {
        return Some(chosen);
    }
    if found.has("-n") || found.has("-i") || found.value("-f --file").is_some() {
        return None;
    }
    let expressions = found.values("-e --expression");
    let scripts: Vec<String> = if expressions.is_empty() {
        vec![words.first()?.clone()]
    } else {
        expressions
            .into_iter()
            .map(Word::text)
            .collect::<Option<_>>()?
    };
    let mut text = text.to_owned();
    for script in scripts.iter().flat_map(|script| script.split(';')) {
        text = substitute(script.trim(), &text)?;
    }
    Some(text)
}

/// `sed -n 2p`, `sed -n 2,4p`, `sed 1d`, `sed '$d'`: lines by their numbers.
fn chosen_lines(script: &str, found: &super::options::Options, text: &str) -> Option<String> {
    let quiet = match found.list.as_slice() {
        [] => false,
        [(name, None)] if name == "-n" => true,
        _ => return None,
    };
    let (range, keeps) = match (script.strip_suffix('p'), script.strip_suffix('d')) {
        (Some(range), _) if quiet => (range, true),
        (_, Some(range)) if !quiet => (range, false),
        _ => return None,
    };
    let lines: Vec<&str> = text.lines().collect();
    let number = |text: &str| match text {
        "$" => Some(lines.len()),
        digits => digits.parse::<usize>().ok(),
    };
    let (from, to) = match range.split_once(',') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(range)?, number(range)?),
    };
    let chosen = lines.iter().enumerate().filter(|(at, _)| {
        let inside = (from..=to.max(from)).contains(&(at + 1));
        inside == keeps
    });
    Some(joined(chosen.map(|(_, line)| (*line).to_owned())))
}

fn substitute(script: &str, text: &str) -> Option<String> {
    let body = script.strip_prefix('s')?;
    let separator = body.chars().next()?;
    let mut fields = body.get(separator.len_utf8()..)?.split(separator);
    let (from, to, flags) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || to.contains('\\') || to.contains('&') {
        return None;
    }
    let all = match flags {
        "" => false,
        "g" => true,
        _ => return None,
    };
    let (from, anchor) = match (from.strip_prefix('^'), from.strip_suffix('$')) {
        (Some(rest), _) => (rest, '^'),
        (None, Some(rest)) => (rest, '$'),
        (None, None) => (from, ' '),
    };
    if from.chars().any(|c| ".*[]\\^$+?(){}|".contains(c)) {
        return None;
    }
    let line = |line: &str| match anchor {
        '^' => line
            .strip_prefix(from)
            .map_or_else(|| line.to_owned(), |rest| format!("{to}{rest}")),
        '$' => line
            .strip_suffix(from)
            .map_or_else(|| line.to_owned(), |rest| format!("{rest}{to}")),
        _ if all => line.replace(from, to),
        _ => line.replacen(from, to, 1),
    };
    let (body, end) = text
        .strip_suffix('\n')
        .map_or((text, ""), |body| (body, "\n"));
    let lines: Vec<String> = body.split('\n').map(line).collect();
    Some(lines.join("\n") + end)
}

fn cut(found: &super::options::Options, text: &str) -> Option<String> {
    let (field, by_char) = match (found.value("-f --fields"), found.value("-c")) {
        (Some(word), None) => (word.text()?, false),
        (None, Some(word)) => (word.text()?, true),
        _ => return None,
    };
    let (from, to) = match field.split_once('-') {
        Some((a, b)) => (
            if a.is_empty() {
                1
            } else {
                a.parse::<usize>().ok()?
            },
            if b.is_empty() {
                usize::MAX
            } else {
                b.parse::<usize>().ok()?
            },
        ),
        None => {
            let at = field.parse::<usize>().ok()?;
            (at, at)
        }
    };
    let count = to.checked_sub(from)?.saturating_add(1);
    let delimiter = match found.value("-d --delimiter") {
        Some(word) => word.text()?.chars().next()?,
        None => '\t',
    };
    let line = |line: &str| {
        if by_char {
            return line
                .chars()
                .skip(from.saturating_sub(1))
                .take(count)
                .collect();
        }
        if !line.contains(delimiter) {
            return line.to_owned();
        }
        let fields: Vec<&str> = line
            .split(delimiter)
            .skip(from.saturating_sub(1))
            .take(count)
            .collect();
        fields.join(&delimiter.to_string())
    };
    Some(joined(text.lines().map(line)))
}

fn grep(found: &super::options::Options, words: &[String], text: &str) -> Option<String> {
    let pattern = match found.value("-e") {
        Some(word) => word.text()?,
        None => words.first()?.clone(),
    };
    let known = ["-v", "-F", "-E", "-e"];
    if found
        .list
        .iter()
        .any(|(name, _)| !known.contains(&name.as_str()))
    {
        return None;
    }
    let (start, rest) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern.as_str()),
    };
    if !found.has("-F") && rest.chars().any(|c| ".*[]\\^$+?(){}|".contains(c)) {
        return None;
    }
    let mut wanted = Pattern::default();
    if !start {
        wanted.push_active("*");
    }
    wanted.push_literal(rest);
    wanted.push_active("*");
    let keep = |line: &&str| wanted.matches(line) != found.has("-v");
    Some(joined(text.lines().filter(keep).map(ToOwned::to_owned)))
}
