//! Cuts a code into names, strings and signs, and finds the calls of known names with the strings that belong to them.
//! It knows no grammar beyond brackets, quotes and comments to the end of a line.

use super::{Deed, Form, Tongue, is_walk};

/// Tokens of one code.
const MAX_TOKENS: usize = 20_000;
/// Tokens that may belong to one call.
const MAX_REACH: usize = 200;

/// One call of a known name.
pub(super) struct Call {
    pub deed: Deed,
    pub strings: Vec<String>,
    /// Names among its arguments.
    pub said: Vec<String>,
    /// The path is put together from the root of the file system.
    pub rooted: bool,
    /// It takes what a walk gives, and where the walk begins is not known.
    pub unknown: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// Returns the calls of the names that a language knows, in their order.
pub(super) fn calls(code: &str, tongue: &Tongue) -> Vec<Call> {
    let tokens = tokens(code, tongue);
    let mut all = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let Some((_, deed)) = tongue.calls.iter().find(|(known, _)| is_named(name, known)) else {
            continue;
        };
        let before = matches!(deed, Deed::RunsBefore | Deed::FileBefore | Deed::TreeBefore);
        if tongue.form == Form::Lisp
            && at.checked_sub(1).and_then(|at| tokens.get(at)) != Some(&Token::Sign('('))
        {
            continue;
        }
        let part = if before {
            object(&tokens, at)
        } else {
            arguments(&tokens, at, tongue.form)
        };
        let file = tokens_named(part, "File")
            || tokens_named(part, "Path")
            || tokens_named(part, "IO")
            || name.contains("IO");
        let typed = matches!(deed, Deed::RunsBefore) || file;
        if matches!(deed, Deed::FileBefore)
            && !part.iter().any(|one| matches!(one, Token::Text(_)))
            && let Some(walked) = walked(&tokens, at)
        {
            all.push(call(Deed::Tree, walked));
            continue;
        }
        if before && !typed {
            continue;
        }
        let mut found = call(*deed, part);
        let removes = matches!(deed, Deed::File | Deed::Tree | Deed::TreeWith(_));
        if removes && found.strings.iter().all(|text| is_flag(deed, text)) {
            let (value, known) = bound(&tokens, at, part, tongue.form);
            if known == Known::Temporary {
                continue;
            }
            let value = call(*deed, value);
            found.unknown = known == Known::Walk && value.strings.is_empty();
            found
                .strings
                .splice(0..0, value.strings.into_iter().take(1));
            found.said.extend(value.said);
        }
        all.push(found);
    }
    all
}

/// What is known of the value that a name was given.
#[derive(PartialEq, Eq)]
enum Known {
    Nothing,
    Temporary,
    Walk,
}

/// The word that makes a deletion one of a tree is no path.
fn is_flag(deed: &Deed, text: &str) -> bool {
    matches!(deed, Deed::TreeWith(word) if *word == text)
}

/// Returns what the name that a call is given was bound to before: `(dolist (f EXPR) …)`, `for f in EXPR`, `f = EXPR`.
fn bound<'t>(tokens: &'t [Token], at: usize, part: &[Token], form: Form) -> (&'t [Token], Known) {
    let none: (&[Token], Known) = (&[], Known::Nothing);
    let wanted = part.iter().find_map(|token| match token {
        Token::Name(name) if !is_walk(name) => Some(name),
        _ => None,
    });
    let Some(name) = wanted else {
        return none;
    };
    let sign = |at: Option<usize>, wanted: char| {
        at.and_then(|at| tokens.get(at)) == Some(&Token::Sign(wanted))
    };
    let binds = |place: &usize| {
        let same = matches!(tokens.get(*place), Some(Token::Name(known)) if known == name);
        let next = tokens.get(place + 1);
        let gives = match form {
            Form::Lisp => sign(place.checked_sub(1), '('),
            Form::Bare | Form::Called => {
                matches!(next, Some(Token::Name(word)) if word == "in")
                    || matches!(next, Some(Token::Sign('=')))
            }
        };
        same && gives
    };
    let Some(place) = (0..at).rev().find(binds) else {
        return none;
    };
    let skip = if form == Form::Lisp { 1 } else { 2 };
    let value = arguments(tokens, place + skip - 1, Form::Lisp);
    let ends = |token: &Token| match token {
        Token::Sign('\n' | ';' | '|' | '{') => form != Form::Lisp,
        Token::Name(name) => form != Form::Lisp && matches!(name.as_str(), "do" | "then"),
        _ => false,
    };
    let end = value.iter().position(ends).unwrap_or(value.len());
    let value = value.get(..end).unwrap_or_default();
    let says = |test: &dyn Fn(&str) -> bool| {
        let mut names = value.iter();
        names.any(|token| matches!(token, Token::Name(name) if test(name)))
    };
    let known = if says(&|name| name.contains("temp") || name.contains("tmp")) {
        Known::Temporary
    } else if says(&is_walk) {
        Known::Walk
    } else {
        Known::Nothing
    };
    (value, known)
}

/// `Files.walk(Path.of("d")).forEach(p -> p.toFile().delete())`: returns what stands between the walk and the call.
fn walked(tokens: &[Token], at: usize) -> Option<&[Token]> {
    const WALKS: [&str; 5] = [
        "Files.walk",
        "Files.list",
        ".listFiles",
        ".walkBottomUp",
        ".walkTopDown",
    ];
    let start = at.saturating_sub(MAX_REACH);
    let before = tokens.get(start..at)?;
    let ends = |token: &Token| matches!(token, Token::Sign(';' | '\n'));
    let from = before.iter().rposition(ends).map_or(0, |end| end + 1);
    let line = before.get(from..)?;
    let walk = line.iter().position(
        |token| matches!(token, Token::Name(name) if WALKS.iter().any(|walk| name.ends_with(walk))),
    );
    walk.is_some().then_some(line)
}

/// `.delete` stands for any object, `sh` for the last part of a name with its owner.
fn is_named(name: &str, known: &str) -> bool {
    if known.starts_with(['.', ':']) {
        return name.ends_with(known);
    }
    name == known
        || name
            .strip_suffix(known)
            .is_some_and(|owner| owner.ends_with(['.', '/', ':']))
}

fn tokens_named(part: &[Token], wanted: &str) -> bool {
    part.iter().any(|token| matches!(token, Token::Name(name) if name.ends_with(wanted) || name.contains(".IO")))
}

fn call(deed: Deed, part: &[Token]) -> Call {
    let mut call = Call {
        deed,
        strings: Vec::new(),
        said: Vec::new(),
        rooted: false,
        unknown: false,
    };
    for token in part {
        match token {
            Token::Text(text) => call.strings.push(text.clone()),
            Token::Name(name) => {
                call.rooted |= name == "os.root" || name == "root";
                call.said.push(name.clone());
            }
            Token::Sign(_) => {}
        }
    }
    call
}

/// Returns what belongs to the call whose name stands here.
fn arguments(tokens: &[Token], at: usize, form: Form) -> &[Token] {
    let from = at + 1;
    let paren = matches!(tokens.get(from), Some(Token::Sign('(' | '{')));
    if form == Form::Called && !paren {
        return &[];
    }
    let mut depth = 0_usize;
    let mut end = from;
    for token in tokens.iter().skip(from).take(MAX_REACH) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => break,
            },
            Token::Sign(';' | '\n') if depth == 0 && form != Form::Lisp => break,
            Token::Sign('|' | '&' | '>') if depth == 0 && form == Form::Bare => break,
            _ => {}
        }
        end += 1;
        if paren && depth == 0 && form != Form::Lisp {
            break;
        }
    }
    tokens.get(from..end).unwrap_or_default()
}

/// Returns the object before a method: a string, or a name with brackets behind it.
fn object(tokens: &[Token], at: usize) -> &[Token] {
    let mut from = at;
    let mut depth = 0_usize;
    while let Some(before) = from.checked_sub(1).filter(|before| at - before < MAX_REACH) {
        match tokens.get(before) {
            Some(Token::Sign(')' | ']')) => depth += 1,
            Some(Token::Sign('(' | '[')) => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => break,
            },
            Some(Token::Name(_) | Token::Text(_)) if depth == 0 => {
                from = before;
                break;
            }
            Some(Token::Sign(_)) if depth == 0 => break,
            _ => {}
        }
        from = before;
    }
    // The method's own name may hold the object: `path.delete`.
    tokens.get(from..at).unwrap_or_default()
}

fn tokens(code: &str, tongue: &Tongue) -> Vec<Token> {
    let mut all = Vec::new();
    let mut rest = code;
    while let Some(letter) = rest.chars().next() {
        if all.len() >= MAX_TOKENS {
            break;
        }
        if rest.starts_with(tongue.comment) {
            let end = match tongue.comment {
                "(*" => rest.find("*)").map(|at| at + 2),
                _ => rest.find('\n'),
            };
            rest = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default();
            continue;
        }
        let quote = letter == '"' || letter == '\'' && tongue.single;
        let behind = rest.get(letter.len_utf8()..).unwrap_or_default();
        if quote {
            let (text, left) = string(behind, letter);
            all.push(Token::Text(text));
            rest = left;
        } else if is_part(letter, tongue.form) {
            let end = rest.find(|c| !is_part(c, tongue.form));
            let (name, left) = rest
                .split_at_checked(end.unwrap_or(rest.len()))
                .unwrap_or((rest, ""));
            all.push(Token::Name(name.to_owned()));
            // Raku's `qx{…}` quotes what it holds.
            rest = match left.strip_prefix('{').and_then(|body| body.split_once('}')) {
                Some((text, left)) if matches!(name, "qx" | "qqx") => {
                    all.push(Token::Text(text.to_owned()));
                    left
                }
                _ => left,
            };
        } else {
            if letter == '\n' || !letter.is_whitespace() {
                all.push(Token::Sign(letter));
            }
            rest = behind;
        }
    }
    all
}

fn is_part(letter: char, form: Form) -> bool {
    match form {
        Form::Lisp => !letter.is_whitespace() && !"()[]{}\"';,`#".contains(letter),
        Form::Bare => letter.is_alphanumeric() || matches!(letter, '_' | '.' | '$'),
        Form::Called => letter.is_alphanumeric() || matches!(letter, '_' | '.' | ':' | '!' | '$'),
    }
}

/// Reads a string to its end, escapes undone.
fn string(text: &str, quote: char) -> (String, &str) {
    let mut found = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return (
                found,
                text.get(at + letter.len_utf8()..).unwrap_or_default(),
            );
        }
        match letter {
            '\\' => match letters.next() {
                Some((_, 'n')) => found.push('\n'),
                Some((_, 't')) => found.push('\t'),
                Some((_, other)) => found.push(other),
                None => {}
            },
            other => found.push(other),
        }
    }
    (found, "")
}
