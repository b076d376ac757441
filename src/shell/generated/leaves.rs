//! Files that a code writes with text that stands in it: `open('x.sh', 'w').write('…')`, `fs.writeFileSync('x.sh', '…')`.
//! The same call may run them, or they run by themselves later. Of a text that is not known in full, what can be seen of it counts where a shell may run the file.

use crate::model::word::{Part, Piece, Word};

use super::Line;
use super::code::tongue;
use super::says::{FUEL, Reading, text_of};
use super::tokens::{Bit, Token, Tongue, tokens};

/// Writes of one code that are looked at.
const MAX_WRITES: usize = 64;
/// Strings of a code that are kept of a text which is not known.
const MAX_WORDS: usize = 20_000;
/// Programs whose words may be put together one by one.
const BARE: [&str; 14] = [
    "rm", "rmdir", "shred", "unlink", "dd", "truncate", "find", "git", "psql", "mysql", "dropdb",
    "docker", "kubectl", "rsync",
];

/// A text that goes into a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub file: Line,
    pub text: Written,
    pub appends: bool,
}

/// What goes into a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    Known(Line),
    /// Put together from what the code finds out: the strings of the code that may be in it, as lines.
    Partly(Line),
    /// The same, of words that stand apart.
    Seen(Vec<String>),
}

/// A file that was opened for writing, and the name under which the code has it.
struct Handle {
    name: String,
    file: Line,
    appends: bool,
}

/// Returns what a code writes into files, in its order.
pub(super) fn left(program: &str, text: &Word) -> Vec<Left> {
    let Some(tongue) = tongue(program) else {
        return Vec::new();
    };
    let code = text_of(text);
    if !["write", "put", "print", "append", "<<"]
        .iter()
        .any(|word| code.contains(word))
    {
        return Vec::new();
    }
    let tokens = tokens(&code, tongue);
    let reading = Reading {
        tokens: &tokens,
        tongue,
        origin: text.origin.clone(),
        values: Vec::new(),
        input: None,
        fuel: std::cell::Cell::new(FUEL),
    };
    let mut handles: Vec<Handle> = Vec::new();
    let mut all: Vec<Left> = Vec::new();
    for at in 0..tokens.len() {
        if let Some((handle, end)) = opened(&reading, at) {
            // `open(F, 'w').write(X)`.
            all.extend(written_directly(&reading, &handle, end));
            handles.retain(|known| known.name != handle.name);
            handles.push(handle);
        } else {
            all.extend(named(&reading, at).or_else(|| through(&reading, at, &mut handles)));
        }
        if all.len() >= MAX_WRITES {
            break;
        }
    }
    all
}

/// Returns what an expression says, when there is one reading of it and every letter is known.
fn exact(reading: &Reading<'_>, at: usize) -> Option<(Line, usize)> {
    let (forms, end) = reading.expression(at, 0);
    let [line] = forms.as_slice() else {
        return None;
    };
    let literal = |piece: &crate::model::word::Piece| {
        matches!(piece.part, crate::model::word::Part::Literal(_))
    };
    (!line.is_empty() && line.iter().all(literal)).then(|| (line.clone(), end))
}

/// Returns what is written into a file: in full, or what can be seen of it where a shell may run the file.
fn written(reading: &Reading<'_>, at: usize, file: &Line) -> Option<Written> {
    if let Some((line, _)) = exact(reading, at) {
        return Some(Written::Known(line));
    }
    let name = super::super::state::word_of(file.clone(), None).text()?;
    let base = name.rsplit('/').next().unwrap_or_default();
    let runs = [".sh", ".bash", ".zsh", ".ksh", ".command"];
    if !runs.iter().any(|end| base.ends_with(end)) && base.contains('.') {
        return None;
    }
    let strings: Vec<Line> = reading
        .tokens
        .iter()
        .filter_map(|one| said(one, reading))
        .collect();
    let plain = |line: &Line| super::super::state::word_of(line.clone(), None).text();
    let bare = |line: &Line| plain(line).is_some_and(|text| BARE.contains(&text.trim()));
    // A command whose words stand apart: `' '.join(['rm', '-rf', name])`.
    if strings.iter().any(bare) {
        let words = strings.iter().filter_map(plain);
        return Some(Written::Seen(words.take(MAX_WORDS).collect()));
    }
    let mut all = Vec::new();
    // A name alone is more often a file than a command.
    let spaced = |line: &Line| {
        let blank = |piece: &Piece| matches!(&piece.part, Part::Literal(text) if text.trim().contains(char::is_whitespace));
        line.len() > 1 || line.iter().any(blank)
    };
    for mut line in strings.into_iter().filter(spaced).take(MAX_WORDS) {
        all.append(&mut line);
        all.push(super::super::expand::literal_piece("\n", &reading.origin));
    }
    (!all.is_empty()).then_some(Written::Partly(all))
}

/// Returns a string of a code as a line of a script; nothing for what ends one.
fn said(token: &Token, reading: &Reading<'_>) -> Option<Line> {
    let Token::Text(bits) = token else {
        return None;
    };
    let mut line = Line::new();
    for (at, bit) in bits.iter().enumerate() {
        line.push(match bit {
            Bit::Text(text) if at == 0 => {
                let text = text.trim_start();
                let text = text.strip_prefix("exec ").unwrap_or(text);
                if text.starts_with("exit") || text.starts_with("return") {
                    return None;
                }
                super::super::expand::literal_piece(text, &reading.origin)
            }
            Bit::Text(text) => super::super::expand::literal_piece(text, &reading.origin),
            Bit::Hole => super::says::hole(&reading.origin),
        });
    }
    (!line.is_empty()).then_some(line)
}

/// Returns the text of a string that stands at a place.
fn string(reading: &Reading<'_>, at: usize) -> Option<String> {
    let (line, _) = exact(reading, at)?;
    super::super::state::word_of(line, None).text()
}

/// Reads `NAME = open(F, 'w')`, `with open(F, 'w') as NAME`, `File.open(F, 'w') { |NAME|`, `open(my $fh, '>', F)`; and where the call ends.
fn opened(reading: &Reading<'_>, at: usize) -> Option<(Handle, usize)> {
    if reading.named(at)? != "open" || !reading.is(at + 1, '(') {
        return None;
    }
    if reading.tongue == Tongue::Perl {
        return opened_by_perl(reading, at);
    }
    let end = reading.closed(at + 1);
    let (file, behind) = exact(reading, at + 2)?;
    if !reading.is(behind, ',') {
        return None;
    }
    let from = match reading.named(behind + 1) {
        Some("mode") if reading.is(behind + 2, '=') => behind + 3,
        _ => behind + 1,
    };
    let mode = string(reading, from)?;
    if !mode.contains(['w', 'a', 'x', '+']) {
        return None;
    }
    let name = name_behind(reading, end).or_else(|| name_before(reading, at));
    Some((
        Handle {
            name: name.unwrap_or_default(),
            file,
            appends: mode.contains('a'),
        },
        end,
    ))
}

fn opened_by_perl(reading: &Reading<'_>, at: usize) -> Option<(Handle, usize)> {
    let end = reading.closed(at + 1);
    let from = at + 2 + usize::from(reading.named(at + 2) == Some("my"));
    let name = reading.named(from)?.to_owned();
    let mode = string(reading, from + 2).filter(|_| reading.is(from + 1, ','))?;
    if !mode.trim_start().starts_with('>') || !reading.is(from + 3, ',') {
        return None;
    }
    let (file, _) = exact(reading, from + 4)?;
    let appends = mode.contains(">>");
    Some((
        Handle {
            name,
            file,
            appends,
        },
        end,
    ))
}

/// `… as NAME`, `… { |NAME|`, `… do |NAME|`.
fn name_behind(reading: &Reading<'_>, end: usize) -> Option<String> {
    if reading.named(end) == Some("as") {
        return reading.named(end + 1).map(str::to_owned);
    }
    let opens = reading.is(end, '{') || reading.named(end) == Some("do");
    (opens && reading.is(end + 1, '|'))
        .then(|| reading.named(end + 2))
        .flatten()
        .map(str::to_owned)
}

/// `NAME = open(…`, `NAME = io.open(…`.
fn name_before(reading: &Reading<'_>, at: usize) -> Option<String> {
    let mut front = at;
    while front >= 2 && reading.is(front - 1, '.') && reading.named(front - 2).is_some() {
        front -= 2;
    }
    let equals = front.checked_sub(1).filter(|at| reading.is(*at, '='))?;
    reading.named(equals.checked_sub(1)?).map(str::to_owned)
}

/// `open(…).write(X)`.
fn written_directly(reading: &Reading<'_>, handle: &Handle, end: usize) -> Option<Left> {
    let dotted = reading.is(end, '.') || reading.is(end, ':');
    let writes = matches!(reading.named(end + 1)?, "write" | "puts" | "print");
    if !dotted || !writes {
        return None;
    }
    let from = end + 2 + usize::from(reading.is(end + 2, '('));
    let text = written(reading, from, &handle.file)?;
    Some(Left {
        file: handle.file.clone(),
        text,
        appends: handle.appends,
    })
}

/// Calls that are given the file and the text: `writeFileSync(F, X)`, `File.write(F, X)`, `Path(F).write_text(X)`.
fn named(reading: &Reading<'_>, at: usize) -> Option<Left> {
    let name = reading.named(at)?;
    if !reading.is(at + 1, '(') {
        return None;
    }
    let dotted = at > 0 && reading.is(at - 1, '.');
    let owner = at.checked_sub(2).and_then(|at| reading.named(at));
    let both = match reading.tongue {
        Tongue::Script => {
            matches!(
                name,
                "writeFileSync"
                    | "writeFile"
                    | "appendFileSync"
                    | "appendFile"
                    | "outputFileSync"
                    | "outputFile"
                    | "writeTextFileSync"
                    | "writeTextFile"
            ) || name == "write" && dotted && owner == Some("Bun")
        }
        Tongue::Ruby => name == "write" && dotted && matches!(owner, Some("File" | "IO")),
        Tongue::Php => name == "file_put_contents",
        _ => false,
    };
    let appends = name.starts_with("append");
    if both {
        let (file, behind) = exact(reading, at + 2)?;
        if !reading.is(behind, ',') {
            return None;
        }
        let text = written(reading, behind + 1, &file)?;
        return Some(Left {
            file,
            text,
            appends,
        });
    }
    if reading.tongue != Tongue::Python || name != "write_text" || !dotted {
        return None;
    }
    let file = path(reading, at - 1)?;
    let text = written(reading, at + 2, &file)?;
    Some(Left {
        file,
        text,
        appends,
    })
}

/// Returns the path before a dot: of `Path(F).`, or of a name that was given one.
fn path(reading: &Reading<'_>, dot: usize) -> Option<Line> {
    let before = dot.checked_sub(1)?;
    if let Some(name) = reading.named(before) {
        let given = (0..before).rev().find(|at| {
            reading.named(*at) == Some(name) && reading.is(at + 1, '=') && is_path(reading, at + 2)
        })?;
        return path_at(reading, given + 2);
    }
    let start = (0..before).rev().find(|at| is_path(reading, *at))?;
    (reading.closed(call(reading, start)) == dot).then(|| path_at(reading, start))?
}

/// Returns where the bracket of `Path(` or `pathlib.Path(` stands.
fn call(reading: &Reading<'_>, at: usize) -> usize {
    at + if reading.is(at + 1, '.') { 3 } else { 1 }
}

fn is_path(reading: &Reading<'_>, at: usize) -> bool {
    let open = call(reading, at);
    reading.is(open, '(') && reading.named(open - 1) == Some("Path")
}

fn path_at(reading: &Reading<'_>, at: usize) -> Option<Line> {
    exact(reading, call(reading, at) + 1).map(|(line, _)| line)
}

/// `NAME.write(X)`, `NAME.puts X`, `print $NAME X`, `print(X, file=NAME)`: what goes to a file that was opened before.
fn through(reading: &Reading<'_>, at: usize, handles: &mut [Handle]) -> Option<Left> {
    let name = reading.named(at)?;
    let (owner, from) = match reading.tongue {
        Tongue::Perl if matches!(name, "print" | "say" | "printf") => {
            let braced = usize::from(reading.is(at + 1, '{'));
            let owner = reading.named(at + 1 + braced)?.to_owned();
            (owner, at + 2 + 2 * braced)
        }
        Tongue::Python if name == "print" && reading.is(at + 1, '(') => {
            let end = reading.closed(at + 1);
            let file = (at..end)
                .find(|at| reading.named(*at) == Some("file") && reading.is(at + 1, '='))?;
            (reading.named(file + 2)?.to_owned(), at + 2)
        }
        _ => {
            let dotted = at > 1 && (reading.is(at - 1, '.') || reading.is(at - 1, ':'));
            if !dotted || !matches!(name, "write" | "puts" | "print" | "writelines") {
                return None;
            }
            let called = usize::from(reading.is(at + 1, '('));
            (reading.named(at - 2)?.to_owned(), at + 1 + called)
        }
    };
    let handle = handles.iter_mut().find(|known| known.name == owner)?;
    let mut text = written(reading, from, &handle.file)?;
    let ends =
        matches!(name, "puts" | "say") || name == "print" && reading.tongue == Tongue::Python;
    if ends && let Written::Known(line) = &mut text {
        line.push(super::super::expand::literal_piece("\n", &reading.origin));
    }
    let appends = std::mem::replace(&mut handle.appends, true);
    Some(Left {
        file: handle.file.clone(),
        text,
        appends,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::{Origin, Span};

    fn of(program: &str, code: &str) -> Vec<(String, String, bool)> {
        let shown = |line: Line| super::super::super::state::word_of(line, None).shown();
        let text = |text: Written| match text {
            Written::Known(line) => shown(line),
            Written::Partly(line) => format!("? {}", shown(line)),
            Written::Seen(words) => format!("? {}", words.join(" ")),
        };
        left(program, &Word::literal(code, Origin::Text(Span::default())))
            .into_iter()
            .map(|one| (shown(one.file), text(one.text), one.appends))
            .collect()
    }

    #[test]
    fn what_a_code_writes_with_its_own_words_is_known() {
        for (program, code) in [
            ("python3", "open('x.sh','w').write('rm -rf data')"),
            (
                "python3",
                "with open('x.sh', mode='w') as f:\n    f.write('rm -rf data')\n",
            ),
            (
                "python3",
                "f = io.open('x.sh', \"wt\")\nf.write('rm -rf data')",
            ),
            (
                "python3",
                "from pathlib import Path\nPath('x.sh').write_text('rm -rf data')",
            ),
            (
                "python3",
                "p = pathlib.Path('x.sh')\np.write_text('rm -rf data')",
            ),
            (
                "python3",
                "text = 'rm -rf data'\nopen('x.sh','w').write(text)",
            ),
            ("node", "require('fs').writeFileSync('x.sh', 'rm -rf data')"),
            ("node", "fs.writeFile(`x.sh`, `rm -rf data`, () => {})"),
            ("ruby", "File.write('x.sh', 'rm -rf data')"),
            (
                "ruby",
                "File.open('x.sh', 'w') { |f| f.write('rm -rf data') }",
            ),
            ("php", "file_put_contents('x.sh', 'rm -rf data');"),
            (
                "perl",
                "open(my $fh, '>', 'x.sh'); print $fh 'rm -rf data';",
            ),
            (
                "perl",
                "open(my $fh, '>', 'x.sh'); print {$fh} 'rm -rf data';",
            ),
        ] {
            let wanted = ("x.sh".to_owned(), "rm -rf data".to_owned(), false);
            assert_eq!(of(program, code), [wanted], "{code}");
        }
        let lines = "with open('x.sh','w') as f:\n    print('#!/bin/sh', file=f)\n    print('rm -rf data', file=f)\n";
        let all: String = of("python3", lines)
            .into_iter()
            .map(|(_, text, _)| text)
            .collect();
        assert_eq!(all, "#!/bin/sh\nrm -rf data\n");
    }

    #[test]
    fn what_is_not_known_in_full_or_only_read_is_left_out() {
        for (program, code) in [
            ("python3", "open('x.sh').read()"),
            ("python3", "open('x.json', 'w').write(text)"),
            ("python3", "open(name, 'w').write('rm -rf data')"),
            ("python3", "sys.stdout.write('rm -rf data')"),
            ("python3", "open('x.sql','w').write('rm -rf ' + name)"),
            ("node", "res.write('rm -rf data')"),
            ("ruby", "puts 'rm -rf data'"),
            ("perl", "open(my $fh, '<', 'x.sh'); print 'rm -rf data';"),
        ] {
            assert_eq!(of(program, code), [], "{code}");
        }
    }

    #[test]
    fn of_a_script_that_is_put_together_the_words_can_be_seen() {
        for (program, code) in [
            ("python3", "open('x.sh','w').write('rm -rf ' + name)"),
            (
                "python3",
                "Path('x.sh').write_text('\\n'.join(['rm -rf ' + n for n in names]))",
            ),
            (
                "node",
                "fs.writeFileSync('x.sh', names.map(n => `rm -rf ${n}`).join('\\n'))",
            ),
            (
                "ruby",
                "File.write('x.sh', names.map { |n| \"rm -rf #{n}\" }.join)",
            ),
        ] {
            let all = of(program, code);
            let [(file, text, _)] = all.as_slice() else {
                panic!("{code}: {all:?}");
            };
            assert_eq!(file, "x.sh");
            assert!(
                text.starts_with("? ") && text.contains("rm -rf"),
                "{code}: {text}"
            );
        }
    }
}
