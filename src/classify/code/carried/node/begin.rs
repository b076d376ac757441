//! How Node is started: its own options, the script or the code, and the words that are handed on.
//! A start of which anything is not known is none.

use crate::classify::code::given::Code;
use crate::model::command::Command;
use crate::model::word::{Part, Word};
use crate::sql::HOLE;

/// A word that is handed on.
#[derive(Debug)]
pub(in super::super) struct Said {
    pub text: String,
    /// The shell puts the files there that fit it.
    pub pattern: bool,
}

impl Said {
    fn plain(text: String) -> Self {
        Self {
            text,
            pattern: false,
        }
    }

    /// Returns a word that is known, or a pattern of plain letters.
    fn of(word: &Word) -> Option<Self> {
        if let Some(text) = word.text() {
            return Some(Self::plain(text));
        }
        let mut text = String::new();
        for piece in &word.pieces {
            match &piece.part {
                Part::Literal(part) if !part.contains(['*', '?', '[', ']', '\\']) => {
                    text.push_str(part);
                }
                // What lies below all folders hangs on a setting of the shell.
                Part::Glob(part) if !part.contains("**") && !part.contains(['(', '\\']) => {
                    text.push_str(part);
                }
                _ => return None,
            }
        }
        Some(Self {
            text,
            pattern: true,
        })
    }
}

/// How a script is started.
#[derive(Debug, Default)]
pub(in super::super) struct Begin {
    pub words: Vec<Said>,
    pub file: Option<String>,
    pub module: bool,
    /// Code that is no file: where it comes from.
    pub inline: Option<&'static str>,
}

/// Returns how a command starts Node; nothing where that is not known, or where it is not Node that is started.
pub(in super::super) fn begin(code: &Code, command: &Command) -> Option<Begin> {
    let odd = |name: &String| {
        ["NODE", "BUN", "LD_"]
            .iter()
            .any(|front| name.starts_with(front))
    };
    let harmless = |name: &String| {
        matches!(
            name.as_str(),
            "NODE" | "NODE_BIN" | "NODE_ENV" | "NODE_NO_WARNINGS" | "NODE_VERSION"
        )
    };
    if code.source.text.contains(HOLE)
        || command
            .env
            .iter()
            .any(|(name, _)| odd(name) && !harmless(name))
    {
        return None;
    }
    let all: Option<Vec<Said>> = command.args().iter().map(Said::of).collect();
    let all = all?;
    if all.iter().any(|word| word.text.contains(HOLE)) {
        return None;
    }
    let program = command.program()?;
    let mut begin = Begin::default();
    if !matches!(program.as_str(), "node" | "nodejs" | "bun") {
        let name = command.words.first()?.text()?;
        let first = code.source.text.lines().next().unwrap_or_default();
        let runs = first == "#!/usr/bin/env node" || first == "#!/usr/bin/node";
        if code.inline || !runs {
            return None;
        }
        begin.script(name);
        begin.words = all;
        return Some(begin);
    }
    begin.options(code, program == "bun", all)
}

fn is_script(name: &str) -> bool {
    [".js", ".mjs", ".cjs"]
        .iter()
        .any(|end| name.ends_with(end))
}

impl Begin {
    /// Goes through the interpreter's own options up to the script.
    fn options(mut self, code: &Code, bun: bool, all: Vec<Said>) -> Option<Self> {
        let mut words = all.into_iter().peekable();
        if bun {
            words.next_if(|word| word.text == "run");
        }
        while let Some(word) = words.next() {
            if word.pattern {
                return None;
            }
            match word.text.as_str() {
                "--input-type=module" => self.module = true,
                "--input-type=commonjs" | "--no-warnings" | "--trace-warnings" => {}
                "-e" | "--eval" if code.inline => {
                    words.next()?;
                    self.inline = Some("[eval]");
                    // The end of its own options may stand between.
                    self.words = words.collect();
                    let own = self
                        .words
                        .first()
                        .is_some_and(|word| word.text.starts_with('-'));
                    return (!own).then_some(self);
                }
                "-" if code.inline => {
                    self.inline = Some("[stdin]");
                    self.words = vec![word];
                    self.words.extend(words);
                    return Some(self);
                }
                option if option.starts_with('-') => return None,
                name if !code.inline && is_script(name) => {
                    self.script(name.to_owned());
                    self.words = words.collect();
                    return Some(self);
                }
                _ => return None,
            }
        }
        // The code comes over standard input.
        self.inline = Some("[stdin]");
        code.inline.then_some(self)
    }

    fn script(&mut self, name: String) {
        self.module = name.ends_with(".mjs");
        self.file = Some(name);
    }
}
