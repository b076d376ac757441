//! What a script of sed makes of lines: text set before, behind, around or instead of them.
//! Scripts that look at several lines at once are not read.

use crate::model::span::Origin;
use crate::model::word::{Part, Word};

use super::super::expand::literal_piece;
use super::super::options::options;
use super::super::state::literal;
use super::super::unfold::Job;
use super::says::{hole, known, text_of};
use super::{Line, MAX_LINES};

pub(super) const VALUED: &str = "-e -f -l -E --expression --file --line-length";
/// The options of sed that take a value.
const OPTIONS: &str = "-e -f -l --expression --file --line-length";
/// Matches in one line that are replaced.
const MAX_MATCHES: usize = 1 << 16;
/// Bytes of a compiled pattern.
const MAX_PATTERN: usize = 1 << 20;

/// Tells whether the script stands in an option.
pub(super) fn has_script_option(job: &Job) -> bool {
    options(job.args(), OPTIONS)
        .value("-e -f --expression --file")
        .is_some()
}

/// Tells whether the files themselves are changed.
pub(super) fn is_in_place(job: &Job) -> bool {
    job.args().iter().any(|word| {
        let text = word.prefix();
        text.starts_with("--in-place")
            || text.starts_with('-') && !text.starts_with("--") && text.contains('i')
    })
}

/// One command of a script.
struct Step {
    /// It does not hold for every line.
    some: bool,
    name: char,
    /// Pattern and replacement of `s`, text of `a`, `i` and `c`.
    from: String,
    to: String,
    flags: String,
}

/// Returns the lines that sed gives for these; nothing where its script is not read.
pub(super) fn output(job: &Job, input: &[Line]) -> Option<Vec<Line>> {
    let found = options(job.args(), OPTIONS);
    if found.value("-f --file").is_some() {
        return None;
    }
    let mut scripts: Vec<Word> = found
        .values("-e --expression")
        .into_iter()
        .cloned()
        .collect();
    if scripts.is_empty() {
        scripts.extend(job.args().get(found.rest).cloned());
    }
    let quiet = found.has("-n") || found.has("--quiet") || found.has("--silent");
    let extended = found.has("-E") || found.has("-r") || found.has("--regexp-extended");
    let mut lines = input.to_vec();
    for script in &scripts {
        let text = text_of(script);
        let steps = steps(&text)?;
        if quiet
            && !steps
                .iter()
                .any(|step| step.name == 'p' || step.flags.contains('p'))
        {
            return Some(Vec::new());
        }
        lines = run(&steps, lines, extended, &script.origin)?;
    }
    Some(lines)
}

/// Runs steps over lines; one that holds for some lines leaves the others as they are.
/// Gives nothing where the forms of lines become too many.
fn run(steps: &[Step], mut lines: Vec<Line>, extended: bool, origin: &Origin) -> Option<Vec<Line>> {
    for step in steps {
        let mut next: Vec<Line> = Vec::new();
        if step.some || matches!(step.name, 'a' | 'i' | 'p') {
            next.extend(lines.iter().cloned());
        }
        match step.name {
            's' => {
                for line in &lines {
                    let change = Change {
                        from: &step.from,
                        to: &step.to,
                        flags: &step.flags,
                        extended,
                    };
                    next.extend(replaced(&change, line, origin));
                }
            }
            'y' => next.extend(lines.iter().map(|line| exchanged(step, line, origin))),
            'a' | 'i' | 'c' => next.extend(step.to.split('\n').map(|text| known(text, origin))),
            _ if next.is_empty() && step.name != 'd' => next = lines.clone(),
            _ => {}
        }
        next.dedup();
        if next.len() > 2 * MAX_LINES {
            return None;
        }
        lines = next;
    }
    Some(lines)
}

/// Returns a line with the characters of `y/from/to/` exchanged; a part that is not known stays so.
fn exchanged(step: &Step, line: &Line, origin: &Origin) -> Line {
    let plain = |text: &str| text.replace("\\\\", "\\").replace("\\n", "\n");
    let pairs: Vec<(char, char)> = plain(&step.from)
        .chars()
        .zip(plain(&step.to).chars())
        .collect();
    let with = |c: char| {
        pairs
            .iter()
            .find(|(from, _)| *from == c)
            .map_or(c, |(_, to)| *to)
    };
    let pieces = line.iter().map(|piece| match &piece.part {
        Part::Literal(text) => literal_piece(&text.chars().map(with).collect::<String>(), origin),
        _ => piece.clone(),
    });
    pieces.collect()
}

/// Takes `s/from/to/flags` of Perl, its parts already cut, over lines.
pub(super) fn changed(text: &str, lines: &[Line], origin: &Origin) -> Vec<Line> {
    let mut parts = text.split('\u{1}').skip(1);
    let change = Change {
        from: parts.next().unwrap_or_default(),
        to: parts.next().unwrap_or_default(),
        flags: parts.next().unwrap_or_default(),
        extended: true,
    };
    let new = lines
        .iter()
        .flat_map(|line| replaced(&change, line, origin));
    new.take(2 * MAX_LINES).collect()
}

/// `s/from/to/flags`, with patterns of the modern or the old kind.
pub(super) struct Change<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub flags: &'a str,
    pub extended: bool,
}

/// Returns what a line is after a replacement: of the first match, or of all with `g`.
pub(super) fn replaced(change: &Change<'_>, line: &Line, origin: &Origin) -> Vec<Line> {
    let Change { from, to, .. } = *change;
    let whole = vec![hole(origin)];
    // `s/a/b/2` passes over the first match: either line may come.
    if change.flags.contains(|flag: char| flag.is_ascii_digit()) {
        let plain = change.flags.replace(|flag: char| flag.is_ascii_digit(), "") + "g";
        let all = Change {
            flags: &plain,
            ..*change
        };
        let mut both = vec![line.clone()];
        both.extend(replaced(&all, line, origin));
        return both;
    }
    let bare = from
        .replace("\\(", "(")
        .replace("\\)", ")")
        .replace("\\+", "+");
    let core = bare.trim_start_matches('^').trim_end_matches('$');
    let around = core.trim_start_matches('(').trim_end_matches(')');
    if core.is_empty() && !from.is_empty() {
        let mut all = filled(to, &[], &[], origin);
        if from.starts_with('^') {
            all.extend(line.iter().cloned());
            return vec![all];
        }
        let mut first = line.clone();
        first.extend(all);
        return vec![first];
    }
    if matches!(around, ".*" | ".+" | "..*") {
        return vec![filled(to, line, line, origin)];
    }
    if let Some(text) = literal(line)
        && let Some(result) = exact(change, &text, origin)
    {
        return vec![result];
    }
    let begins = bare.starts_with('^')
        || core.starts_with(".*")
        || core.starts_with("(.*")
        || core.starts_with("(.+");
    let speaks = to.contains(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|'));
    if !(begins || speaks) {
        return vec![whole];
    }
    let mut all = Vec::new();
    if !begins {
        all.push(hole(origin));
    }
    all.extend(filled(to, &whole, &whole, origin));
    if !(bare.ends_with('$') || core.ends_with(".*") || core.ends_with(".*)")) {
        all.push(hole(origin));
    }
    vec![all, line.clone()]
}

/// Carries a replacement out on known text; nothing where the pattern is not one that can be carried out here.
fn exact(change: &Change<'_>, text: &str, origin: &Origin) -> Option<Line> {
    let pattern = if change.extended {
        change.from.to_owned()
    } else {
        modern(change.from)
    };
    let regex = regex::RegexBuilder::new(&pattern)
        .size_limit(MAX_PATTERN)
        .case_insensitive(change.flags.contains(['i', 'I']))
        .build()
        .ok()?;
    let most = match change.flags.contains('g') {
        true => MAX_MATCHES,
        false => 1,
    };
    let part = |text: &str| vec![literal_piece(text, origin)];
    let mut all = Vec::new();
    let mut from = 0;
    for found in regex.captures_iter(text).take(most) {
        let hit = found.get(0)?;
        let groups: Vec<Line> = found
            .iter()
            .skip(1)
            .map(|group| part(group.map_or("", |group| group.as_str())))
            .collect();
        all.extend(part(text.get(from..hit.start())?));
        all.extend(with_groups(
            change.to,
            &part(hit.as_str()),
            &|at| groups.get(at - 1).cloned().unwrap_or_default(),
            origin,
        ));
        from = hit.end();
    }
    all.extend(part(text.get(from..)?));
    all.retain(|piece| !matches!(&piece.part, Part::Literal(text) if text.is_empty()));
    Some(all)
}

/// Writes a basic pattern as an extended one.
fn modern(pattern: &str) -> String {
    let mut all = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('(' | ')' | '{' | '}' | '+' | '?' | '|')) => all.push(c),
                Some(c) => {
                    all.push('\\');
                    all.push(c);
                }
                None => {}
            },
            '(' | ')' | '{' | '}' | '+' | '?' | '|' => {
                all.push('\\');
                all.push(c);
            }
            c => all.push(c),
        }
    }
    all
}

fn filled(
    to: &str,
    hit: &[crate::model::word::Piece],
    group: &[crate::model::word::Piece],
    origin: &Origin,
) -> Line {
    with_groups(to, hit, &|_| group.to_vec(), origin)
}

/// Returns a replacement with `&` and `\1` filled in.
fn with_groups(
    to: &str,
    hit: &[crate::model::word::Piece],
    group: &dyn Fn(usize) -> Line,
    origin: &Origin,
) -> Line {
    let mut all = Vec::new();
    let mut run = String::new();
    let mut chars = to.chars();
    while let Some(c) = chars.next() {
        let value = match c {
            '&' => Some(hit.to_vec()),
            '\\' => match chars.next() {
                Some(c) if c.is_ascii_digit() => match c.to_digit(10) {
                    Some(0) | None => Some(hit.to_vec()),
                    Some(at) => Some(group(usize::try_from(at).unwrap_or(1))),
                },
                Some('n') => {
                    run.push('\n');
                    None
                }
                other => {
                    run.extend(other);
                    None
                }
            },
            c => {
                run.push(c);
                None
            }
        };
        if let Some(value) = value {
            all.extend(known(&std::mem::take(&mut run), origin));
            all.extend(value);
        }
    }
    all.extend(known(&run, origin));
    all
}

/// Cuts a script into its commands; nothing where it holds one that is not read.
fn steps(script: &str) -> Option<Vec<Step>> {
    let mut all = Vec::new();
    let chars: Vec<char> = script.chars().collect();
    let mut at = 0;
    // Blocks that are open: what stands in one may hold for some lines only.
    let mut block = 0_usize;
    while at < chars.len() {
        let c = *chars.get(at)?;
        if c.is_whitespace() || matches!(c, ';' | '}') {
            block = block.saturating_sub(usize::from(c == '}'));
            at += 1;
            continue;
        }
        let begin = at;
        at = behind_address(&chars, at)?;
        let some = at > begin || block > 0;
        let name = *chars.get(at)?;
        at += 1;
        let mut step = Step {
            some,
            name,
            from: String::new(),
            to: String::new(),
            flags: String::new(),
        };
        match name {
            '{' => {
                block += 1;
                continue;
            }
            's' | 'y' => {
                let mark = *chars.get(at)?;
                let (from, next) = section(&chars, at + 1, mark)?;
                let (to, next) = section(&chars, next, mark)?;
                at = next;
                while let Some(c) = chars.get(at).filter(|c| c.is_ascii_alphanumeric()) {
                    step.flags.push(*c);
                    at += 1;
                }
                if step.flags.contains('w') {
                    return None;
                }
                step.from = from;
                step.to = to;
            }
            'a' | 'i' | 'c' => {
                let rest: String = chars.get(at..)?.iter().collect();
                let text = rest
                    .trim_start_matches([' ', '\\'])
                    .trim_start_matches('\n');
                step.to = text.replace("\\\n", "\n").replace("\\n", "\n");
                at = chars.len();
            }
            'd' | 'p' | 'q' | 'l' | '=' => {}
            _ => return None,
        }
        all.push(step);
    }
    Some(all)
}

/// Skips `1`, `$`, `/re/`, `1,5`, `!`.
fn behind_address(chars: &[char], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(c) = chars.get(at) {
        match c {
            c if c.is_ascii_digit() => at += 1,
            '$' | ',' | '!' | '~' | '+' | ' ' => at += 1,
            '/' => at = section(chars, at + 1, '/')?.1,
            '\\' => {
                let mark = *chars.get(at + 1)?;
                at = section(chars, at + 2, mark)?.1;
            }
            'I' => at += 1,
            _ => return Some(at),
        }
    }
    None
}

/// Reads up to a mark that is not escaped; returns the text and the place behind the mark.
fn section(chars: &[char], from: usize, mark: char) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = from;
    loop {
        let c = *chars.get(at)?;
        at += 1;
        if c == mark {
            return Some((text, at));
        }
        if c == '\\' {
            let next = *chars.get(at)?;
            at += 1;
            if next != mark {
                text.push('\\');
            }
            text.push(next);
        } else {
            text.push(c);
        }
    }
}
