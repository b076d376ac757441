//! Reads texts of the fish shell as the bash text that does the same: blocks, `set`, `and`, substitutions, lists.
//! Grammar: fish's own language reference (fishshell.com/docs/current/language.html). It runs nothing; what it does not know stays as it is.

mod words;

use std::collections::HashSet;

use crate::model::span::Span;
use crate::model::word::{Part, Piece};

use super::source::Source;

/// Substitutions inside one another that are read.
const MAX_DEPTH: usize = 30;

/// Returns the text in bash's words; every stretch that stays points to where it stood.
pub(super) fn in_bash(source: &Source) -> Source {
    let mut reader = Reader::new(&source.text);
    reader.script(false);
    let mut edits = reader.edits;
    edits.sort_by_key(|edit| edit.0.start);
    let mut all = Source::joined();
    let mut at = 0;
    for (span, text) in edits {
        if span.start < at {
            continue;
        }
        copy(&mut all, source, at, span.start);
        if !text.is_empty() {
            all.push(&[Piece {
                part: Part::Literal(text),
                origin: source.origin(span),
            }]);
        }
        at = span.end;
    }
    copy(&mut all, source, at, source.text.len());
    all
}

/// Copies a stretch line by line: each line of a file has a place of its own.
fn copy(all: &mut Source, source: &Source, from: usize, to: usize) {
    let mut at = from;
    for line in source.at(Span::new(from, to)).split_inclusive('\n') {
        all.push_raw(source, Span::new(at, at + line.len()));
        at += line.len();
    }
}

/// A block that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    If,
    Loop,
    Braces,
    /// `switch`, and whether a `case` came already.
    Switch(bool),
}

#[derive(Debug)]
struct Reader<'t> {
    text: &'t str,
    at: usize,
    edits: Vec<(Span, String)>,
    blocks: Vec<Block>,
    /// What is said once the condition of a block is over.
    opens: Option<&'static str>,
    /// Names that hold several values.
    lists: HashSet<String>,
    /// Names that hold what a command has printed.
    printed: HashSet<String>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            edits: Vec::new(),
            blocks: Vec::new(),
            opens: None,
            lists: HashSet::new(),
            printed: HashSet::new(),
            depth: 0,
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn edit(&mut self, start: usize, end: usize, text: impl Into<String>) {
        self.edits.push((Span::new(start, end), text.into()));
    }

    /// Reads commands; a substitution ends at its bracket.
    fn script(&mut self, inside: bool) {
        loop {
            self.blanks();
            match self.byte() {
                None => return,
                Some(b')') if inside => return,
                Some(b';' | b'\n' | b'&' | b'|' | b')') => self.at += 1,
                Some(_) => self.command(),
            }
            let start = self.at;
            if self.terminator() {
                self.behind(start);
            }
        }
    }

    /// Passes blanks, continued lines and comments.
    fn blanks(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.text.as_bytes().get(self.at + 1) == Some(&b'\n') => {
                    self.at += 2;
                }
                Some(b'#') => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Passes what ends a command: `;` and the ends of lines.
    fn terminator(&mut self) -> bool {
        let start = self.at;
        loop {
            self.blanks();
            match self.byte() {
                Some(b';' | b'\n') => self.at += 1,
                _ => return self.text.get(start..self.at).is_some_and(ends),
            }
        }
    }

    /// What follows a command: `; and x` goes on with it, anything else opens the block whose condition it was.
    fn behind(&mut self, start: usize) {
        for (word, sign) in [("and", " &&"), ("or", " ||")] {
            if self.is_at(word) {
                self.edit(start, self.at + word.len(), sign);
                self.at += word.len();
                return;
            }
        }
        if let Some(opens) = self.opens.take() {
            self.edit(start, self.at, format!("\n{opens} "));
        }
    }

    /// Tells whether this word stands here, whole.
    fn is_at(&self, word: &str) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', ';', '\n', '(']))
    }

    /// Reads one command with its words, up to what ends it.
    fn command(&mut self) {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let end = rest
            .find(|one: char| !(one.is_ascii_alphanumeric() || one == '_'))
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if !self.is_at(name) {
            return self.words();
        }
        self.at += end;
        match name {
            "if" => self.open(Block::If, "then"),
            "while" => self.open(Block::Loop, "do"),
            "for" => {
                self.open(Block::Loop, "do");
                self.words();
            }
            "not" => self.edit(start, self.at, "!"),
            "and" | "or" => self.edit(start, self.at, ""),
            "begin" => {
                self.blocks.push(Block::Braces);
                self.terminator();
                self.edit(start, self.at, "{ ");
            }
            "function" => self.function(start),
            "switch" => {
                self.edit(start, self.at, "case");
                self.blocks.push(Block::Switch(false));
                self.words();
                let end = self.at;
                self.terminator();
                self.edit(end, self.at, " in\n");
            }
            "case" => self.case(start),
            "else" => self.otherwise(start),
            "end" => self.end(start),
            "set" => self.set(start),
            "alias" => self.alias(start),
            "source" => self.sourced(start),
            _ => self.words(),
        }
    }

    fn open(&mut self, block: Block, word: &'static str) {
        self.blocks.push(block);
        self.opens = Some(word);
    }

    /// `function name --argument-names a b; …; end`.
    fn function(&mut self, start: usize) {
        let head = self.line();
        self.at += head.len();
        self.terminator();
        let mut words = head.split_whitespace();
        let name = words.next().unwrap_or("f");
        let mut given = Vec::new();
        let mut takes = false;
        for word in words {
            if word.starts_with('-') {
                takes = matches!(word, "-a" | "--argument-names");
            } else if takes {
                given.push(word);
            }
        }
        let given: String = (given.iter().enumerate())
            .map(|(at, name)| format!("{name}=\"${{{}}}\"; ", at + 1))
            .collect();
        self.edit(start, self.at, format!("{name}() {{ :; {given}"));
        self.blocks.push(Block::Braces);
    }

    /// Returns the rest of this command's line, as it is written.
    fn line(&self) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find([';', '\n']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// `case a 'b*'`: its patterns hold wildcards in quotes as well.
    fn case(&mut self, start: usize) {
        let head = self.line();
        self.at += head.len();
        self.terminator();
        let patterns: Vec<String> = head
            .split_whitespace()
            .map(|word| word.trim_matches(['\'', '"']).to_owned())
            .collect();
        let ended = match self.blocks.last_mut() {
            Some(Block::Switch(begun)) => std::mem::replace(begun, true),
            _ => false,
        };
        let ended = if ended { ";;\n" } else { "" };
        self.edit(
            start,
            self.at,
            format!("{ended}{}) :; ", patterns.join("|")),
        );
    }

    fn otherwise(&mut self, start: usize) {
        self.blanks();
        if self.is_at("if") {
            self.at += 2;
            self.edit(start, self.at, "elif");
            self.opens = Some("then");
        } else {
            self.terminator();
            self.edit(start, self.at, "else ");
        }
    }

    /// `alias name 'words'` makes a function of that name.
    fn alias(&mut self, start: usize) {
        let line = self.line().trim();
        let parted = line.split_once([' ', '=']);
        let bare = |text: &str| {
            text.chars()
                .all(|one| one.is_ascii_alphanumeric() || "_-".contains(one))
        };
        let Some((name, value)) = parted.filter(|(name, _)| !name.is_empty() && bare(name)) else {
            return self.words();
        };
        let meant = value.trim().trim_matches(['\'', '"']);
        let itself = meant.split_whitespace().next() == Some(name);
        let verb = if itself { "command " } else { "" };
        self.at += self.line().len();
        self.edit(
            start,
            self.at,
            format!("{name}() {{ {verb}{meant} \"$@\"; }}"),
        );
    }

    /// `… | source` runs what it is given.
    fn sourced(&mut self, start: usize) {
        let line = self.line().trim();
        if line.is_empty() || line == "-" {
            self.edit(start, self.at, "fish");
        }
        self.words();
    }

    fn end(&mut self, start: usize) {
        let word = match self.blocks.pop() {
            Some(Block::If) => "fi",
            Some(Block::Loop) => "done",
            Some(Block::Braces) => "}",
            Some(Block::Switch(true)) => ";; esac",
            Some(Block::Switch(false)) => "esac",
            None => return,
        };
        self.edit(start, self.at, word);
        self.words();
    }
}

/// Tells whether a stretch holds what ends a command.
fn ends(text: &str) -> bool {
    text.contains([';', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(text: &str) -> String {
        let translated = in_bash(&Source::top(text)).text;
        assert!(
            super::super::parse::parse(&translated).is_ok(),
            "{text} -> {translated}"
        );
        translated
    }

    #[test]
    fn blocks_conditions_and_substitutions_become_those_of_bash() {
        for (fish, want) in [
            (
                "for f in (ls); rm $f; end",
                "for f in $(ls)\ndo rm \"$f\"; done",
            ),
            (
                "if test -d x; and not test -d y; rm x; else if a; b; else; c; end",
                "if test -d x && ! test -d y\nthen rm x; elif a\nthen b; else c; fi",
            ),
            ("while true\n  a\nend", "while true\ndo a\ndone"),
            (
                "function go -a x y\n  rm $argv[1] $argv\nend\ngo z",
                "go() { :; x=\"${1}\"; y=\"${2}\"; rm \"${1}\" \"$@\"\n}\ngo z",
            ),
            (
                "switch $x\ncase a 'b*'\n  c\ncase '*'\n  d\nend",
                "case \"$x\" in\na|b*) :; c\n;;\n*) :; d\n;; esac",
            ),
            ("begin; a; b; end > out", "{ a; b; } > out"),
            ("a; or b", "a || b"),
            ("diff (a | psub) (b | psub)", "diff <(a) <(b)"),
            ("echo 'it\\'s' `x`", "echo 'it'\\''s' \\`x\\`"),
            ("echo \"a $argv b\" # end", "echo \"a $* b\" # end"),
        ] {
            assert_eq!(bash(fish), want);
        }
    }

    #[test]
    fn set_gives_and_takes_names() {
        for (fish, want) in [
            ("set x a", "x=a"),
            ("set -gx x a; rm $x", "export x=a; rm \"$x\""),
            (
                "set -l x a b; rm $x $x[2]",
                "x=(a b); rm \"${x[@]}\" \"${x[1]}\"",
            ),
            ("set x (mktemp -d); rm -r $x", "x=$(mktemp -d); rm -r $x"),
            ("set -e x; set -q y; or set y", "unset x; test -v y || y="),
            ("set -a x b", "x+=(b)"),
        ] {
            assert_eq!(bash(fish), want);
        }
    }
}
