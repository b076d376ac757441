//! Filters that write lines another way before a shell reads them: `envsubst`, `paste`, `fold`, `nl`, `column`, and macros that are not read.
//! What they make of a known text is computed; where that is not possible, the words that went in can still be seen.

use crate::model::word::{Part, Piece, Word};

use super::expand::literal_piece;
use super::generated;
use super::options::{Options, options};
use super::pure::joined;
use super::state::{Feed, State, literal, nowhere, word_of};
use super::unfold::{Frame, Job, Unfolder, seen_words};

/// Longer results are not computed.
const MAX_TEXT: usize = 1 << 20;
/// Pieces of one result.
const MAX_PIECES: usize = 4_096;

/// Filters whose output is not computed, or not always; their input still says what a shell behind them may run.
const SHAPERS: [&str; 33] = [
    "envsubst", "m4", "gm4", "cpp", "gpp", "paste", "column", "fold", "fmt", "nl", "join", "comm",
    "expand", "unexpand", "pr", "rev", "tac", "tr", "cut", "sed", "awk", "gawk", "mawk", "iconv",
    "dos2unix", "unix2dos", "csplit", "jinja2", "j2", "gomplate", "mustache", "esh", "perl",
];

/// Filters that give back what they read, letter by letter or nearly so.
const SAME: [&str; 12] = [
    "dos2unix", "iconv", "strings", "mbuffer", "buffer", "ts", "lolcat", "ccze", "unexpand",
    "expand", "more", "less",
];

impl Unfolder<'_> {
    /// Returns what such a filter prints; nothing where it is none or that is not known.
    pub(super) fn shaped(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if !SHAPERS.contains(&program) && !SAME.contains(&program) {
            return None;
        }
        let input = self.shaper_input(program, job, st, fr);
        if program == "envsubst" {
            let pieces = generated::known(&input)?;
            return Some(self.substituted(&pieces, job, st));
        }
        let recodes = program == "iconv" && !is_same_code(job);
        if SAME.contains(&program) && !recodes && generated::known(&input).is_some() {
            return Some(input);
        }
        if let Feed::Text { pieces, certain } = &input
            && let Some(text) = literal(pieces)
            && let Some(shape) = shape(program, job, &text)
        {
            let origin = word_of(pieces.clone(), None).origin;
            return Some(Feed::Text {
                pieces: vec![literal_piece(&shape, &origin)],
                certain: *certain,
            });
        }
        let pieces = generated::known(&input)?;
        let seen = seen_words(&word_of(pieces, None).shown());
        (!seen.is_empty()).then(|| Feed::Opaque(format!("{program}\n{}", seen.join("\n"))))
    }

    /// `split --filter=COMMAND`: a shell for each part of the input.
    pub(super) fn chunked(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(
            job.args(),
            "-a -b -C -l -n -t --filter --lines --bytes --number",
        );
        let text = found.value("--filter")?.clone();
        let via = fr
            .enter("split --filter", crate::model::command::Passage::Plain)
            .fed(Feed::Opaque("split".to_owned()));
        Some(self.shell_text(&text, &super::wrappers::start("sh", job), st, &via))
    }

    /// Returns what a filter reads: its files, or its input.
    fn shaper_input(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) -> Feed {
        let found = options(job.args(), valued(program));
        let operands = job.args().get(found.rest..).unwrap_or_default();
        let skip = match program {
            "envsubst" => operands.len(),
            "sed" | "awk" | "gawk" | "mawk" | "tr" | "perl" => return fr.stdin.clone(),
            _ => 0,
        };
        let files = operands.get(skip..).unwrap_or_default();
        let mut feed = match files {
            [] => self.listed(fr.stdin.clone(), st),
            _ => Feed::nothing(),
        };
        for file in files {
            let next = match file.text().as_deref() {
                Some("-") => fr.stdin.clone(),
                _ => self.file_feed(file.clone(), st),
            };
            feed = feed.then(self.listed(next, st));
        }
        feed
    }

    /// `envsubst '$A $B'`: names of the environment become their values.
    fn substituted(&mut self, pieces: &[Piece], job: &Job, st: &mut State) -> Feed {
        let found = options(job.args(), "");
        let only = job.args().get(found.rest).map(Word::prefix);
        let listed = |name: &str| {
            let names = |text: &String| {
                let mut names = named_in(text).into_iter();
                names.any(|(_, _, known)| known == name)
            };
            only.as_ref().is_none_or(names)
        };
        let mut all: Vec<Piece> = Vec::new();
        for piece in pieces {
            let Part::Literal(text) = &piece.part else {
                all.push(piece.clone());
                continue;
            };
            let mut from = 0;
            for (start, end, name) in named_in(text) {
                if !listed(name) || all.len() > MAX_PIECES {
                    continue;
                }
                let before = text.get(from..start).unwrap_or_default();
                if !before.is_empty() {
                    all.push(literal_piece(before, &piece.origin));
                }
                all.extend(self.environment_value(name, job, st));
                from = end;
            }
            let rest = text.get(from..).unwrap_or_default();
            if !rest.is_empty() {
                all.push(literal_piece(rest, &piece.origin));
            }
        }
        Feed::text(all)
    }

    /// Returns what a name stands for in the environment of a program.
    fn environment_value(&mut self, name: &str, job: &Job, st: &mut State) -> Vec<Piece> {
        if let Some((_, word)) = job.env.iter().rev().find(|(key, _)| key == name) {
            return word.pieces.clone();
        }
        match st.variables.get(name) {
            // It is the shell's own.
            Some(variable) if !variable.exported && !job.cleared => Vec::new(),
            _ => self.variable_text(name, &nowhere(), st),
        }
    }
}

/// Returns the variables that a text names, with their places: `$NAME`, `${NAME}`.
fn named_in(text: &str) -> Vec<(usize, usize, &str)> {
    let mut all = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let (body, braces) = match rest.strip_prefix('{') {
            Some(body) => (body, 1),
            None => (rest, 0),
        };
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = body.find(|c| !is_part(c)).unwrap_or(body.len());
        let name = body.get(..length).unwrap_or_default();
        let closed = braces == 0 || body.get(length..).unwrap_or_default().starts_with('}');
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if closed && begins {
            all.push((at, at + 1 + length + 2 * braces, name));
        }
    }
    all
}

fn valued(program: &str) -> &'static str {
    match program {
        "paste" => "-d --delimiters",
        "fold" | "fmt" => "-w --width",
        "column" => "-s -o -c -N -H -R -E -T",
        "nl" => "-b -d -f -h -i -l -n -s -v -w",
        "pr" => "-h -l -w -o -s -S -D -N",
        "join" => "-t -1 -2 -o -a -e -v -j",
        "m4" | "gm4" => "-D -U -I --define --include",
        "cpp" | "gpp" => "-D -U -I",
        "iconv" => "-f -t --from-code --to-code",
        _ => "",
    }
}

/// Returns what a filter makes of a known text.
fn shape(program: &str, job: &Job, text: &str) -> Option<String> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let found = options(job.args(), valued(program));
    let operands = job.args().len() - found.rest.min(job.args().len());
    match program {
        "paste" if operands <= 1 => paste(&found, text),
        "paste" => columns(job, &found, text),
        "fold" => fold(&found, text),
        "nl" => Some(numbered(&found, text)),
        "iconv" => recoded(&found, text),
        "column" if found.has("-t") || found.has("--table") => {
            Some(joined(text.lines().map(|line| {
                line.split_whitespace().collect::<Vec<_>>().join("  ")
            })))
        }
        _ => None,
    }
}

/// Tells whether iconv gives letters of ASCII back as they are.
fn is_same_code(job: &Job) -> bool {
    let found = options(job.args(), valued("iconv"));
    [
        code_of(&found, "-f --from-code"),
        code_of(&found, "-t --to-code"),
    ]
    .iter()
    .all(|code| !is_wide(code))
}

/// Returns the name of a character set in the form `utf16le`.
fn code_of(found: &Options, option: &str) -> String {
    let name = found.value(option).map(Word::prefix).unwrap_or_default();
    let name = name.split("//").next().unwrap_or_default();
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

fn is_wide(code: &str) -> bool {
    ["utf16", "ucs2", "utf32", "ucs4", "utf7", "ebcdic", "ibm"]
        .iter()
        .any(|front| code.starts_with(front))
}

/// `iconv -t UTF-16LE`: each letter of ASCII and a zero byte, and the way back.
fn recoded(found: &Options, text: &str) -> Option<String> {
    let little = |code: &str| matches!(code, "utf16le" | "ucs2le");
    let from = code_of(found, "-f --from-code");
    let to = code_of(found, "-t --to-code");
    if !text.is_ascii() {
        return None;
    }
    if little(&to) && !is_wide(&from) {
        return Some(text.chars().flat_map(|letter| [letter, '\0']).collect());
    }
    let narrow = little(&from) && !is_wide(&to);
    let letters = text.chars().step_by(2);
    let zeros = text.chars().skip(1).step_by(2);
    (narrow && zeros.eq(letters.clone().map(|_| '\0'))).then(|| letters.collect())
}

/// The signs between columns, one after the other.
fn delimiters(found: &Options) -> Option<Vec<char>> {
    let text = match found.value("-d --delimiters") {
        Some(word) => word.text()?,
        None => "\t".to_owned(),
    };
    Some(super::printf::unescaped(&text).chars().collect())
}

fn paste(found: &Options, text: &str) -> Option<String> {
    if !found.has("-s") && !found.has("--serial") {
        return Some(text.to_owned());
    }
    let signs = delimiters(found)?;
    let mut all = String::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(before) = at.checked_sub(1)
            && !signs.is_empty()
        {
            all.extend(signs.get(before % signs.len()));
        }
        all.push_str(line);
    }
    all.push('\n');
    Some(all)
}

/// `paste - - -`: lines in groups.
fn columns(job: &Job, found: &Options, text: &str) -> Option<String> {
    let operands = job.args().get(found.rest..)?;
    let input = |word: &Word| word.text().as_deref() == Some("-");
    if !operands.iter().all(input) || found.has("-s") {
        return None;
    }
    let signs = delimiters(found)?;
    // The same input is read once for every `-`, so the text stands here as often.
    let lines: Vec<&str> = text.lines().collect();
    let own = lines.get(..lines.len() / operands.len())?;
    let row = |row: &[&str]| {
        let mut all = String::new();
        for (at, field) in row.iter().enumerate() {
            if let Some(before) = at.checked_sub(1)
                && !signs.is_empty()
            {
                all.extend(signs.get(before % signs.len()));
            }
            all.push_str(field);
        }
        all
    };
    Some(joined(own.chunks(operands.len()).map(row)))
}

fn fold(found: &Options, text: &str) -> Option<String> {
    let width: usize = match found.value("-w --width") {
        Some(word) => word.text()?.parse().ok()?,
        None => 80,
    };
    let blanks = found.has("-s") || found.has("--spaces");
    let mut all = Vec::new();
    for line in text.lines() {
        let mut letters: Vec<char> = line.chars().collect();
        while letters.len() > width && width > 0 {
            let blank = letters.iter().take(width).rposition(|c| *c == ' ');
            let at = match blank {
                Some(blank) if blanks => blank + 1,
                _ => width,
            };
            let rest = letters.split_off(at);
            all.push(letters.iter().collect());
            letters = rest;
        }
        all.push(letters.iter().collect());
    }
    Some(joined(all.into_iter()))
}

fn numbered(found: &Options, text: &str) -> String {
    let every = found.value("-b").and_then(Word::text).as_deref() == Some("a");
    let mut count = 0;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.is_empty() && !every {
            lines.push(String::new());
        } else {
            count += 1;
            lines.push(format!("{count:6}\t{line}"));
        }
    }
    joined(lines.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, text: &str) -> Option<String> {
        let words: Vec<Word> = line
            .split(' ')
            .map(|word| Word::literal(word, nowhere()))
            .collect();
        let job = Job {
            words,
            env: Vec::new(),
            cleared: false,
            writes: Vec::new(),
            origin: nowhere(),
            in_shell: false,
        };
        shape(line.split(' ').next().unwrap_or_default(), &job, text)
    }

    #[test]
    fn lines_are_written_another_way() {
        for (line, text, wanted) in [
            ("paste -sd: -", "rm\n-rf\nx\n", "rm:-rf:x\n"),
            ("paste -s", "rm\nx\n", "rm\tx\n"),
            ("paste", "rm\nx\n", "rm\nx\n"),
            ("paste - -", "a\nb\na\nb\n", "a\tb\n"),
            ("fold -w 3", "abcdef\n", "abc\ndef\n"),
            ("nl", "rm x\n", "     1\trm x\n"),
            ("column -t", "rm   x\n", "rm  x\n"),
        ] {
            assert_eq!(of(line, text).as_deref(), Some(wanted), "{line}");
        }
        assert_eq!(of("fmt", "rm\nx\n"), None);
    }

    #[test]
    fn names_of_variables_are_found() {
        let names = |text| {
            named_in(text)
                .into_iter()
                .map(|one| one.2)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("rm $A/${B} $1 ${C:-d} $$"), ["A", "B"]);
    }
}
