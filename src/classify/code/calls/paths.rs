//! Paths in the calls of a code: where loops and receivers take them from, moves, overwrites, and calls that are read in a way of their own.
//! It follows one assignment of a literal and one loop, no more.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::super::tables::{FILES, SHELLS, TREES};
use super::super::tokens::{Language, Token};
use super::{Calls, MAX_ARGUMENTS, MAX_LOOKUPS, globbed, is_one_of, quoted};

impl Calls<'_> {
    /// Moves between two named places, and files that are opened to be written anew.
    pub(super) fn places(&mut self, name: &str, start: usize, index: usize) {
        const MOVES: [&str; 14] = [
            "os.rename",
            "os.replace",
            "shutil.move",
            "fs.renameSync",
            "fs.rename",
            "fs.promises.rename",
            "fse.moveSync",
            "fse.move",
            ".renameSync",
            "FileUtils.mv",
            "FileUtils.move",
            "File.rename",
            "rename",
            "Files.move",
        ];
        const EMPTIES: [&str; 7] = [
            "os.truncate",
            "fs.truncateSync",
            "fs.truncate",
            "fs.writeFileSync",
            "fs.writeFile",
            "fs.promises.writeFile",
            "File.write",
        ];
        if EMPTIES.contains(&name) || matches!(name, ".write_text" | ".write_bytes") {
            return self.emptied(name, start, index);
        }
        let opens = name == "open" && self.language == Language::Python;
        if !opens && !MOVES.contains(&name) {
            return;
        }
        let arguments = self.arguments(index + 1).unwrap_or_default();
        let [
            Token::Text { text: from, .. },
            Token::Sign(','),
            Token::Text { text: to, .. },
            ..,
        ] = arguments
        else {
            return;
        };
        if from.contains(HOLE) || to.contains(HOLE) {
            return;
        }
        let span = Span::new(start, self.end_of(arguments).max(start));
        if !opens {
            let text = format!("mv -- {} {}", quoted(from), quoted(to));
            self.deeds.places.push((text, span));
        } else if to.starts_with('w') {
            self.deeds
                .places
                .push((format!("printf x > {}", quoted(from)), span));
        }
    }

    /// A file that is written anew by one call.
    pub(super) fn emptied(&mut self, name: &str, start: usize, index: usize) {
        let arguments = self.arguments(index + 1).unwrap_or_default();
        let path = if name.starts_with('.') {
            self.receiver(start)
        } else {
            match arguments.first() {
                Some(Token::Text { text, .. }) => Some(text.clone()),
                _ => None,
            }
        };
        if let Some(path) = path.filter(|path| !path.contains(HOLE)) {
            let span = Span::new(start, self.end_of(arguments).max(start));
            self.deeds
                .places
                .push((format!("printf x > {}", quoted(&path)), span));
        }
    }

    /// `shelljs.rm('-rf', 'data')` is the shell's own.
    pub(super) fn shelljs(&mut self, start: usize, index: usize) {
        let arguments = self.arguments(index + 1).unwrap_or_default();
        let words: Vec<String> = self
            .strings(arguments)
            .iter()
            .map(|(text, _)| globbed(text))
            .collect();
        let unknown = arguments
            .iter()
            .any(|token| matches!(token, Token::Name { .. }));
        let rest = if unknown { " \"$UNKNOWN\"" } else { "" };
        let span = Span::new(start, self.end_of(arguments).max(start));
        self.deeds
            .shells
            .push((format!("rm {}{rest}", words.join(" ")), span));
    }

    /// `require('rimraf').sync('x')` is `rimraf.sync('x')`, and `require('rimraf')('x')` is `rimraf('x')`.
    pub(super) fn required(&mut self, start: usize, index: usize) {
        let Some([Token::Sign('('), Token::Text { text, .. }, Token::Sign(')')]) =
            self.tokens.get(index + 1..index + 4)
        else {
            return;
        };
        let module = match text.strip_prefix("node:").unwrap_or(text) {
            "fs-extra" => "fse".to_owned(),
            module => module.replace('/', "."),
        };
        let next = self.tokens.get(index + 4);
        if module == "shelljs" && matches!(next, Some(Token::Name { name, .. }) if name == ".rm") {
            return self.shelljs(start, index + 4);
        }
        match self.tokens.get(index + 4) {
            Some(Token::Name { name, .. }) if name.starts_with('.') => {
                let name = format!("{module}{name}");
                let known = is_one_of(&TREES, &name) || is_one_of(&FILES, &name);
                let starts = SHELLS.contains(&name.as_str());
                // Others are found at the name itself.
                let own = name.trim_start_matches(&module);
                if starts && !SHELLS.contains(&own) || known && !TREES.contains(&own) {
                    self.call(&name, start, index + 4);
                }
            }
            Some(Token::Sign('(')) if matches!(module.as_str(), "rimraf" | "del") => {
                self.call("rimraf", start, index + 3);
            }
            _ => {}
        }
    }

    /// `array_map('unlink', glob('uploads/*'))`.
    pub(super) fn mapped(&mut self, start: usize, index: usize) {
        let arguments = self.arguments(index + 1).unwrap_or_default();
        let mut texts = arguments.iter().filter_map(|token| match token {
            Token::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        if matches!(texts.next(), Some("unlink" | "rmdir")) {
            let span = Span::new(start, self.end_of(arguments).max(start));
            match texts.next().filter(|path| !path.contains(HOLE)) {
                Some(path) => self
                    .deeds
                    .shells
                    .push((format!("rm -f -- {}", globbed(path)), span)),
                None => self.deeds.unknown.push(span),
            }
        }
    }

    /// `'rm -rf data'.execute()` of Groovy.
    pub(super) fn executed(&mut self, index: usize) {
        if let Some(Token::Text {
            text, start, end, ..
        }) = index.checked_sub(1).and_then(|at| self.tokens.get(at))
        {
            let (text, span) = (text.clone(), Span::new(*start, *end));
            self.shell(&text, span);
        }
    }

    /// Returns what a loop takes its values from: `for p in Path('data').glob('*.csv')` is `data/*.csv`.
    pub(super) fn looped(&self, wanted: &str) -> Option<String> {
        self.walk()?;
        let at = self.tokens.windows(3).position(|window| {
            matches!(window, [Token::Name { name: first, .. }, Token::Name { name, .. }, Token::Name { name: third, .. }]
                if first == "for" && name == wanted && third == "in")
        })?;
        let rest = self.tokens.get(at + 3..)?;
        let end = rest
            .iter()
            .take(MAX_ARGUMENTS)
            .position(|token| matches!(token, Token::Line | Token::Sign(':' | ']' | ';')))
            .unwrap_or(rest.len().min(MAX_ARGUMENTS));
        let mut parts: Vec<String> = Vec::new();
        let mut lists = false;
        for token in rest.get(..end)? {
            match token {
                Token::Text { text, .. } => parts.push(text.clone()),
                Token::Name { name, .. } => {
                    lists |= name.ends_with("iterdir")
                        || name.ends_with("listdir")
                        || name.ends_with("scandir");
                    let root = name.split('.').next().unwrap_or_default();
                    if let Some(value) = self.variable(root).or_else(|| self.folder(root)) {
                        parts.push(value);
                    }
                }
                _ => {}
            }
        }
        if lists {
            parts.push("*".to_owned());
        }
        let path = parts.join("/");
        (!path.is_empty() && !path.contains(HOLE)).then_some(path)
    }

    /// Returns the path of `NAME = Path('data')`.
    pub(super) fn folder(&self, wanted: &str) -> Option<String> {
        self.walk()?;
        self.tokens.windows(5).find_map(|window| match window {
            [
                Token::Name { name, .. },
                Token::Sign('='),
                Token::Name { name: made, .. },
                Token::Sign('('),
                Token::Text { text, .. },
            ] if name == wanted && made.ends_with("Path") => Some(text.clone()),
            _ => None,
        })
    }

    /// Counts a walk through the whole code; nothing when there were too many.
    pub(super) fn walk(&self) -> Option<()> {
        self.lookups.set(self.lookups.get() + 1);
        (self.lookups.get() <= MAX_LOOKUPS).then_some(())
    }

    /// Returns the path of `Path('data').unlink()`, whose last call begins at this byte.
    pub(super) fn receiver(&self, at: usize) -> Option<String> {
        self.walk()?;
        let index = self
            .tokens
            .iter()
            .position(|token| matches!(token, Token::Name { start, .. } if *start == at))?;
        let open = self
            .tokens
            .get(..index)?
            .iter()
            .rposition(|token| *token == Token::Sign('('))?;
        let made = self.tokens.get(open.checked_sub(1)?)?;
        let is_path = matches!(made, Token::Name { name, .. } if name.ends_with("Path") || matches!(name.as_str(), "File" | "File.new" | "Pathname"));
        let inner = self.tokens.get(open + 1..index.checked_sub(1)?)?;
        is_path.then(|| self.path(inner)).flatten()
    }
}
