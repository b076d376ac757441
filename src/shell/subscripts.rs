//! Texts that the shell evaluates though they are values: names of elements and arithmetic, whose subscripts may hold a command.
//! `i='a[$(rm -r x)]'; (( i ))` runs it, and so do `[[ -v $i ]]`, `printf -v "$i"`, `read "$i"`, `unset "$i"` and `declare -i n="$i"`.

use crate::model::command::{OpaqueKind, Passage};
use crate::model::word::{Hole, Part, Piece, Word};

use super::options::options;
use super::source::Source;
use super::state::{State, Value, nowhere, word_of};
use super::unfold::{Frame, Job, Unfolder};

/// Variables that name variables.
const MAX_DEEP: usize = 4;
/// Names in one expression that are looked up.
const MAX_NAMES: usize = 16;

impl Unfolder<'_> {
    /// Runs the commands in the subscripts of a value that is reckoned with, and of the variables that it names.
    pub(super) fn reckon_value(&mut self, pieces: &[Piece], st: &mut State, fr: &Frame) {
        self.reckon_deep(pieces, 0, st, fr);
    }

    /// Runs the commands in the subscripts of words that are reckoned with.
    pub(super) fn reckon_words(&mut self, words: &[Word], st: &mut State, fr: &Frame) {
        for word in words {
            self.reckon_value(&word.pieces, st, fr);
        }
    }

    fn reckon_deep(&mut self, pieces: &[Piece], depth: usize, st: &mut State, fr: &Frame) {
        let text = known(pieces);
        if depth > MAX_DEEP || text.is_empty() {
            return;
        }
        if self.run_subscripts(pieces, st, fr) {
            return;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = text.split(|c| !is_part(c));
        let names = names.filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        let names: Vec<&str> = names.take(MAX_NAMES).collect();
        for name in &names {
            if st.variables.contains_key(*name) {
                let value = self.variable_text(name, &nowhere(), st);
                self.reckon_deep(&value, depth + 1, st, fr);
            }
        }
        // `y=D=0; ((y))` sets D.
        if sets(&text) {
            for name in names {
                st.set(name, Value::unknown(Hole::Name, nowhere()));
            }
        }
    }

    /// Runs the commands in the subscript of a name; tells whether there are any.
    pub(super) fn run_subscripts(&mut self, pieces: &[Piece], st: &State, fr: &Frame) -> bool {
        let text = known(pieces);
        let commands = match text.split_once('[') {
            Some((_, rest)) => commands_in(rest),
            None => Vec::new(),
        };
        let Some(piece) = pieces.first().filter(|_| !commands.is_empty()) else {
            return false;
        };
        let word = Word::literal(commands.join("\n"), piece.origin.clone());
        let inside = fr.enter("a subscript", Passage::Plain);
        let source = Source::from_words(std::slice::from_ref(&word));
        self.text_run(
            source,
            OpaqueKind::Syntax,
            false,
            &mut st.subshell(),
            &inside,
        );
        true
    }

    /// Runs what stands in the subscripts of the names that a builtin is given.
    pub(super) fn named_subscripts(&mut self, words: &[Word], st: &State, fr: &Frame) {
        for word in words {
            self.run_subscripts(&word.pieces, st, fr);
        }
    }

    /// `test -v NAME`, `[[ -v NAME ]]`, `[[ VALUE -eq VALUE ]]`: names and numbers that are evaluated.
    pub(super) fn tested_subscripts(
        &mut self,
        words: &[Word],
        reckons: bool,
        st: &mut State,
        fr: &Frame,
    ) {
        const COMPARES: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];
        for (at, word) in words.iter().enumerate() {
            let sign = word.plain().unwrap_or_default();
            if matches!(sign, "-v" | "-R") {
                let name = words.get(at + 1..at + 2).unwrap_or_default();
                self.reckon_words(name, st, fr);
            } else if reckons && COMPARES.contains(&sign) {
                let sides = [at.checked_sub(1), Some(at + 1)];
                for side in sides.into_iter().flatten() {
                    let value = words.get(side).map(|word| word.pieces.clone());
                    self.reckon_value(&value.unwrap_or_default(), st, fr);
                }
            }
        }
    }

    /// `declare -i n=VALUE`: the value is reckoned with.
    pub(super) fn declared_numbers(&mut self, fields: &[Word], st: &mut State, fr: &Frame) {
        let counts = |word: &Word| {
            let head = word.prefix();
            head.starts_with('-') && head.contains('i') && !head.starts_with("--")
        };
        if !fields.iter().any(counts) {
            return;
        }
        for word in fields.iter().skip(1).filter(|word| !counts(word)) {
            let name = word.prefix();
            let name = name.split('=').next().unwrap_or_default();
            let value = self.variable_text(name, &nowhere(), st);
            self.reckon_value(&value, st, fr);
            self.reckon_value(&super::builtins::after_equals(word), st, fr);
        }
    }

    /// `${name@P}`, `PS4` under `set -x`: a text is expanded as a prompt is, and what is substituted in it runs.
    pub(super) fn prompted(&mut self, pieces: &[Piece], st: &State, fr: &Frame) {
        let origin = pieces
            .first()
            .map_or_else(nowhere, |piece| piece.origin.clone());
        for command in commands_in(&known(pieces)) {
            let text = Source::from_words(&[Word::literal(command, origin.clone())]);
            self.text_run(text, OpaqueKind::Syntax, true, &mut st.subshell(), fr);
        }
    }

    /// Calls what `mapfile -C` and `compgen -C` name; `complete` calls only when somebody asks for a completion.
    pub(super) fn calls_back(&mut self, job: &Job, st: &mut State, fr: &Frame) {
        let valued = "-d -n -O -s -u -C -c -A -F -G -P -S -W -X -V";
        let found = options(job.args(), valued);
        if let Some(callback) = found.value("-C -F") {
            let lines = super::flow::lines_of(&fr.stdin).unwrap_or_default();
            self.called_back(&callback.clone(), &lines, st, fr);
        }
    }

    /// Calls a text with the number and the text of each line behind it.
    fn called_back(&mut self, callback: &Word, lines: &[Vec<Piece>], st: &mut State, fr: &Frame) {
        const MAX_LINES: usize = 64;
        let unknown = [Word::hole(
            crate::model::word::Hole::Unknown,
            false,
            callback.origin.clone(),
        )
        .pieces];
        let lines = if lines.is_empty() || lines.len() > MAX_LINES {
            &unknown
        } else {
            lines
        };
        let inside = fr.enter("mapfile -C", Passage::Plain);
        for (at, line) in lines.iter().enumerate() {
            let quoted = quoted(line, callback);
            let number = Word::literal(at.to_string(), callback.origin.clone());
            let source = Source::from_words(&[callback.clone(), number, quoted]);
            self.text_run(source, OpaqueKind::Syntax, false, st, &inside);
        }
    }
}

/// Tells whether an expression sets anything: `=`, `++` or `--`, and no comparison.
fn sets(text: &str) -> bool {
    let compared = ["==", "!=", "<=", ">="];
    let rest = (compared.iter()).fold(text.to_owned(), |text, op| text.replace(op, " "));
    rest.contains('=') || rest.contains("++") || rest.contains("--")
}

/// Returns a line as one word of a shell text.
fn quoted(line: &[Piece], callback: &Word) -> Word {
    let pieces = line.iter().map(|piece| Piece {
        part: match &piece.part {
            Part::Literal(text) | Part::Glob(text) => {
                Part::Literal(format!("'{}'", text.replace('\'', "'\\''")))
            }
            Part::Hole(hole) => Part::Hole(hole.clone()),
        },
        origin: piece.origin.clone(),
    });
    word_of(pieces.collect(), Some(callback.origin.clone()))
}

fn known(pieces: &[Piece]) -> String {
    let mut all = String::new();
    for piece in pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(_) => all.push_str("$UNKNOWN"),
        }
    }
    all
}

/// Returns the texts of `$(…)` and `` `…` ``.
fn commands_in(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '`']) {
        let tail = rest.get(at + 1..).unwrap_or_default();
        if rest.get(at..).unwrap_or_default().starts_with('`') {
            let (command, behind) = tail.split_once('`').unwrap_or((tail, ""));
            all.push(command.to_owned());
            rest = behind;
        } else if let Some(inner) = tail.strip_prefix('(').filter(|t| !t.starts_with('(')) {
            let end = closing(inner);
            all.push(inner.get(..end).unwrap_or(inner).to_owned());
            rest = inner.get(end..).unwrap_or_default();
        } else {
            rest = tail;
        }
    }
    all
}

/// Returns where the bracket closes that was opened before a text.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_subscripts_are_found() {
        assert_eq!(commands_in("$(rm -r x)]"), ["rm -r x"]);
        assert_eq!(commands_in("1+`rm x`]"), ["rm x"]);
        assert_eq!(commands_in("$(f $(g))] + b[$(h)]"), ["f $(g)", "h"]);
        assert_eq!(commands_in("$((1+2))]"), Vec::<String>::new());
        assert_eq!(commands_in("$i]"), Vec::<String>::new());
    }
}
