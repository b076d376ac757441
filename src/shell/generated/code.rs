//! What one-liners and small scripts of Python, JavaScript, Ruby, Perl, PHP and Lua print.
//! It looks for the calls that print, and for nothing else that they do.

use crate::model::word::Word;

use super::super::expand::literal_piece;
use super::super::state::nowhere;
use super::super::unfold::Job;
use super::Line;
use super::says::{FUEL, Reading, hole, lines, text_of};
use super::tokens::{Token, Tongue, tokens};

/// Forms of one line that several arguments give together.
const MAX_SHAPES: usize = 64;

/// Returns the code that stands in the words of an interpreter.
pub(super) fn inline(family: &str, job: &Job) -> Option<Word> {
    let marks: &[char] = match family {
        "python" => &['c'],
        "node" | "ruby" | "perl" | "lua" | "r" => &['e', 'E', 'p'],
        "php" => &['r'],
        _ => return None,
    };
    let mut args = job.args().iter();
    while let Some(word) = args.next() {
        let text = word.prefix();
        if !text.starts_with('-') {
            if text == "eval" {
                return args.next().cloned();
            }
            return None;
        }
        let long = matches!(text.as_str(), "--eval" | "--print" | "--run");
        let takes = match family {
            "ruby" | "perl" => text.ends_with(['e', 'E']),
            _ => text.len() < 4 && marks.iter().any(|mark| text.contains(*mark)),
        };
        if long || !text.starts_with("--") && takes {
            return args.next().cloned();
        }
        if let Some(tail) = text.strip_prefix("--eval=") {
            return Some(Word::literal(tail, word.origin.clone()));
        }
    }
    None
}

pub(super) fn tongue(program: &str) -> Option<Tongue> {
    Some(match super::super::start::interpreter(program)? {
        "python" => Tongue::Python,
        "node" => Tongue::Script,
        "ruby" => Tongue::Ruby,
        "perl" => Tongue::Perl,
        "php" => Tongue::Php,
        "lua" => Tongue::Lua,
        _ => return None,
    })
}

/// Returns the lines that a code prints; nothing when no string of it is printed.
pub(super) fn output(program: &str, job: &Job, text: &Word, input: &[Line]) -> Option<Vec<Line>> {
    let tongue = tongue(program)?;
    let tokens = tokens(&text_of(text), tongue);
    let flags: Vec<String> = job
        .args()
        .iter()
        .map(Word::prefix)
        .filter(|text| text.starts_with('-') && !text.starts_with("--"))
        .collect();
    let flag = |letter: char| flags.iter().any(|text| text.contains(letter));
    if matches!(tongue, Tongue::Perl | Tongue::Ruby) && flag('i') {
        return None;
    }
    let files = job.args().len() > flags.len() + 1;
    let unknown = vec![vec![hole(&text.origin)]];
    let input = if files { &unknown } else { input };
    let loops = matches!(tongue, Tongue::Perl | Tongue::Ruby) && (flag('n') || flag('p'));
    let mut reading = Reading {
        tokens: &tokens,
        tongue,
        origin: text.origin.clone(),
        values: Vec::new(),
        input: None,
        fuel: std::cell::Cell::new(FUEL),
    };
    let mut all = Vec::new();
    if tongue == Tongue::Script
        && (flag('p') || job.args().iter().any(|word| word.prefix() == "--print"))
    {
        let from = last_statement(&tokens);
        all.extend(reading.expression(from, 0).0.into_iter().flat_map(lines));
    }
    let rounds = if loops { input } else { &unknown };
    for line in rounds {
        reading.input = loops.then(|| line.clone());
        for at in 0..tokens.len() {
            if let Some(from) = prints(&reading, at) {
                all.extend(arguments(&reading, from));
            }
        }
        if loops && flag('p') && tongue == Tongue::Perl {
            all.extend(rewritten(&reading, line));
        }
    }
    all.iter().any(|line| super::shows(line)).then_some(all)
}

/// `perl -pe 's/^/text/'`, `perl -pe '$_ = "text$_"'`.
fn rewritten(reading: &Reading<'_>, line: &Line) -> Vec<Line> {
    let mut now = vec![line.clone()];
    for (at, token) in reading.tokens.iter().enumerate() {
        match token {
            Token::Change(text) => now = super::sed::changed(text, &now, &reading.origin),
            Token::Name(name)
                if name == "$_" && reading.is(at + 1, '=') && !reading.is(at + 2, '~') =>
            {
                now = reading.expression(at + 2, 0).0;
            }
            _ => {}
        }
    }
    now
}

fn last_statement(tokens: &[Token]) -> usize {
    let end = tokens
        .iter()
        .rposition(|token| !matches!(token, Token::Sign(';' | '\n')))
        .unwrap_or_default();
    let head = tokens.get(..end).unwrap_or_default();
    head.iter()
        .rposition(|token| matches!(token, Token::Sign(';' | '\n')))
        .map_or(0, |at| at + 1)
}

/// Returns where the arguments of a printing call begin, when one stands here.
fn prints(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let name = reading.named(at)?;
    let dotted = at > 0 && reading.is(at - 1, '.');
    let of = |back: usize| {
        at.checked_sub(back)
            .and_then(|at| reading.named(at))
            .unwrap_or_default()
    };
    let called = reading.is(at + 1, '(');
    let hit = match reading.tongue {
        Tongue::Python => {
            name == "print" && !dotted && called
                || name == "write" && dotted && of(2) == "stdout" && called
        }
        Tongue::Script => {
            called
                && dotted
                && (of(2) == "console" && matches!(name, "log" | "info")
                    || of(2) == "stdout" && name == "write")
        }
        Tongue::Ruby => {
            matches!(name, "puts" | "print" | "printf")
                || name == "write" && dotted && of(2) == "$stdout"
        }
        Tongue::Perl => matches!(name, "print" | "say" | "printf"),
        Tongue::Php => matches!(name, "echo" | "print" | "printf"),
        Tongue::Lua => name == "print" && called || name == "write" && dotted && of(2) == "io",
        Tongue::Awk | Tongue::Jq | Tongue::Sql => false,
    };
    if !hit {
        return None;
    }
    let mut from = at + 1 + usize::from(called);
    // `print STDOUT "…"`, `print *list`.
    if reading.named(from) == Some("STDOUT") || reading.is(from, '*') {
        from += 1;
    }
    Some(from)
}

/// Returns the lines of the arguments of one call.
fn arguments(reading: &Reading<'_>, from: usize) -> Vec<Line> {
    let apart = reading.tongue == Tongue::Ruby;
    let mut shapes: Vec<Line> = vec![Vec::new()];
    let mut at = from;
    let mut first = true;
    loop {
        let (forms, end) = reading.expression(at, 0);
        if !forms.is_empty() {
            let mut next = Vec::new();
            for shape in &shapes {
                for form in &forms {
                    let mut line = shape.clone();
                    if !first {
                        line.push(literal_piece(if apart { "\n" } else { " " }, &nowhere()));
                    }
                    line.extend(form.iter().cloned());
                    next.push(line);
                }
            }
            if next.len() > MAX_SHAPES {
                return vec![vec![hole(&nowhere())]];
            }
            shapes = next;
            first = false;
        }
        if !reading.is(end, ',') || end < at {
            break;
        }
        at = end + 1;
    }
    shapes.into_iter().flat_map(lines).collect()
}
