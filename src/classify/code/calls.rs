//! Reads the calls of a code by their names: what they send to databases, delete and start.
//! Values are followed no further than one assignment of a literal.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::tokens::{self, Language, Token};

/// Calls whose first argument is SQL, by the last part of their name.
const EXECUTES: [&str; 17] = [
    "execute",
    "executemany",
    "executescript",
    "execute_sql",
    "exec_query",
    "exec_driver_sql",
    "mysqli_query",
    "pg_query",
    "$executeRawUnsafe",
    "$executeRaw",
    "$queryRawUnsafe",
    "$queryRaw",
    "execute_batch",
    "executeSql",
    "exec_params",
    "exec_update",
    "exec_delete",
];
/// The same names mean other things too: their strings must be SQL to the last word.
const PERHAPS: [&str; 14] = [
    "exec",
    "query",
    "raw",
    "run",
    "do",
    "text",
    "sql",
    "prepare",
    "read_sql",
    "unsafe",
    "all",
    "command",
    "multi_query",
    "statement",
];
/// Calls that delete a file, and calls that delete a tree.
const FILES: [&str; 21] = [
    "os.unlinkSync",
    "File.rm",
    "file.remove",
    "Files.delete",
    "Files.deleteIfExists",
    "unlinkSync",
    "os.removedirs",
    "file.delete",
    "os.remove",
    "os.unlink",
    "fs.unlink",
    "fs.unlinkSync",
    "fs.promises.unlink",
    "fsPromises.unlink",
    "File.delete",
    "File.unlink",
    "FileUtils.rm",
    "FileUtils.rm_f",
    "unlink",
    ".unlink",
    ".unlinkSync",
];
const TREES: [&str; 40] = [
    "fs.rmdir",
    "rmdirSync",
    ".rmdirSync",
    "File.rm_rf",
    "FileUtils.deleteDirectory",
    "remove_dir_all",
    ".removeSync",
    ".emptyDirSync",
    ".deleteDir",
    ".deleteRecursively",
    "shutil.rmtree",
    "rmtree",
    "remove_tree",
    "fs.rm",
    "fs.rmSync",
    "fs.promises.rm",
    "fsPromises.rm",
    ".rmSync",
    "fs.rmdirSync",
    "fs.removeSync",
    "fs.remove",
    "fse.remove",
    "fse.removeSync",
    "fs.emptyDirSync",
    "fse.emptyDirSync",
    "rimraf",
    "rimraf.sync",
    "rimrafSync",
    "rmSync",
    "Deno.remove",
    "Deno.removeSync",
    "FileUtils.rm_rf",
    "FileUtils.rm_r",
    "FileUtils.rmtree",
    "FileUtils.remove_dir",
    "FileUtils.remove_entry",
    "FileUtils.remove_entry_secure",
    "File.Path.rmtree",
    "File.Path.remove_tree",
    "del.sync",
];
/// Calls that start a shell or a program.
const SHELLS: [&str; 62] = [
    "system2",
    "shell",
    "System.cmd",
    "System.shell",
    ":os.cmd",
    "os.cmd",
    "Runtime.exec",
    "os.execvp",
    "os.execv",
    "os.spawnlp",
    "asyncio.create_subprocess_shell",
    "asyncio.create_subprocess_exec",
    "commands.getoutput",
    "Open3.capture3",
    "Open3.capture2e",
    "Open3.popen3",
    "Kernel.system",
    "Kernel.exec",
    "Process.spawn",
    "shelljs.exec",
    "execa",
    "execaCommand",
    "execaSync",
    "execaCommandSync",
    "$.sync",
    "Deno.run",
    "Deno.Command",
    "process.system",
    "os.system",
    "os.popen",
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.Popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "pty.spawn",
    "child_process.exec",
    "child_process.execSync",
    "child_process.spawn",
    "child_process.spawnSync",
    "child_process.execFile",
    "child_process.execFileSync",
    ".execSync",
    ".spawnSync",
    ".execFileSync",
    "execSync",
    "spawnSync",
    "execFileSync",
    ".exec",
    ".spawn",
    "Bun.spawn",
    "Bun.spawnSync",
    "system",
    "shell_exec",
    "passthru",
    "popen",
    "proc_open",
    "IO.popen",
    "Open3.capture2",
    "os.execute",
];

/// What a code does, as far as its calls show.
#[derive(Default)]
pub(super) struct Deeds {
    /// SQL texts; the flag is set when a text only may be SQL.
    pub sql: Vec<(String, Span, bool)>,
    pub shells: Vec<(String, Span)>,
    /// Deletions of paths that are no literals.
    pub unknown: Vec<Span>,
    /// First strings of calls that connect.
    pub connections: Vec<String>,
}

/// Reads the calls of a code.
pub(super) fn deeds(text: &str, language: Language) -> Deeds {
    let tokens = tokens::cut(text, language);
    let mut reader = Calls {
        tokens: &tokens,
        language,
        deeds: Deeds::default(),
        sends_variable: false,
    };
    for index in 0..tokens.len() {
        reader.token(index);
    }
    let mut deeds = reader.deeds;
    if reader.sends_variable {
        // The SQL stands in a variable: every string that is SQL to the last word may be it.
        for token in &tokens {
            if let Token::Text {
                text, start, end, ..
            } = token
            {
                deeds
                    .sql
                    .push((text.clone(), Span::new(*start, *end), true));
            }
        }
    }
    deeds
}

struct Calls<'a> {
    tokens: &'a [Token],
    language: Language,
    deeds: Deeds,
    sends_variable: bool,
}

/// Arguments longer than this are not read to their end.
const MAX_ARGUMENTS: usize = 400;

impl<'a> Calls<'a> {
    fn token(&mut self, index: usize) {
        match self.tokens.get(index) {
            Some(Token::Name { name, start }) => {
                let name = name.trim_end_matches('!').to_owned();
                self.call(&name, *start, index);
            }
            Some(Token::Text {
                text,
                quote: '`',
                start,
                end,
            }) if matches!(
                self.language,
                Language::Ruby | Language::Perl | Language::Php
            ) =>
            {
                self.shell(text, Span::new(*start, *end));
            }
            Some(Token::Text {
                text, start, end, ..
            }) if self.is_piped(index) => self.shell(text, Span::new(*start, *end)),
            _ => {}
        }
    }

    /// awk's `print | "cmd"` and `"cmd" | getline`, AppleScript's `do shell script "cmd"`.
    fn is_piped(&self, index: usize) -> bool {
        let before = |back: usize| index.checked_sub(back).and_then(|at| self.tokens.get(at));
        let named = |token: Option<&Token>, wanted: &str| matches!(token, Some(Token::Name { name, .. }) if name == wanted);
        match self.language {
            Language::Perl => {
                let bar = Some(&Token::Sign('|'));
                before(1) == bar && before(2) != bar
                    || self.tokens.get(index + 1) == bar
                        && named(self.tokens.get(index + 2), "getline")
            }
            Language::Lua => named(before(1), "script") && named(before(2), "shell"),
            _ => false,
        }
    }

    fn call(&mut self, name: &str, start: usize, index: usize) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let sends = EXECUTES.contains(&last);
        let dotted = name.contains('.') || matches!(self.language, Language::Php);
        let perhaps = PERHAPS.contains(&last) && (dotted || matches!(last, "text" | "sql"));
        let node = self.language == Language::Javascript
            && (matches!(last, "rmSync" | "unlinkSync" | "rmdirSync")
                || name.ends_with("promises.rm"));
        let deletes = FILES.contains(&name) || TREES.contains(&name) || node;
        let starts = SHELLS.contains(&name) || name == "exec" && self.language != Language::Python;
        let connects = matches!(
            last,
            "connect"
                | "Database"
                | "create_engine"
                | "createConnection"
                | "Client"
                | "Pool"
                | "open"
                | "new"
                | "PDO"
        );
        if let Some(text) = self.model_loss(name, index) {
            let span = Span::new(start, start + name.len());
            self.deeds.sql.push((text, span, false));
            return;
        }
        if !(sends || perhaps || deletes || starts || connects) {
            return;
        }
        let Some(arguments) = self.arguments(index + 1) else {
            return;
        };
        let span = Span::new(start, self.end_of(arguments).max(start));
        let strings = self.strings(arguments);
        if sends || perhaps {
            self.sends(arguments, &strings, !sends);
        }
        if deletes {
            self.deletes(name, arguments, span);
        }
        if starts {
            self.starts(arguments, &strings, span);
        }
        if connects && let Some((text, _)) = strings.first() {
            self.deeds.connections.push(text.clone());
        }
    }

    /// Object mappers delete without SQL: `User.delete_all`, `User::truncate()`, `User.objects.all().delete()`.
    fn model_loss(&self, name: &str, index: usize) -> Option<String> {
        let (owner, last) = name.rsplit_once('.').or_else(|| name.rsplit_once("::"))?;
        let root = owner.split(['.', ':']).next().unwrap_or_default();
        let is_model = root.starts_with(|c: char| c.is_ascii_uppercase());
        let mapper = last == "objects" || owner.ends_with(".objects");
        match (self.language, last) {
            (Language::Ruby, "delete_all" | "destroy_all") if is_model => {
                Some(format!("DELETE FROM {root}"))
            }
            (Language::Php, "truncate") if is_model && root != "DB" => {
                Some(format!("TRUNCATE {root}"))
            }
            (Language::Javascript, "deleteMany") if owner.starts_with("prisma.") || is_model => {
                Some(format!(
                    "DELETE FROM {}",
                    owner.rsplit('.').next().unwrap_or(root)
                ))
            }
            (Language::Python, _) if mapper && self.deletes_later(index) => {
                Some(format!("DELETE FROM {root}"))
            }
            _ => None,
        }
    }

    /// Tells whether the chain of calls that begins here ends in `.delete()`, on the same line.
    fn deletes_later(&self, index: usize) -> bool {
        let rest = self.tokens.iter().skip(index + 1).take(MAX_ARGUMENTS);
        let mut line = rest.take_while(|token| !matches!(token, Token::Line | Token::Sign(';')));
        line.any(|token| matches!(token, Token::Name { name, .. } if name == ".delete" || name == "._raw_delete"))
    }

    /// Returns the tokens of a call's arguments: in parentheses, a template, or to the end of the line.
    fn arguments(&self, at: usize) -> Option<&'a [Token]> {
        match self.tokens.get(at)? {
            Token::Sign('(') => {
                let mut depth = 0_usize;
                for (offset, token) in self.tokens.iter().skip(at).take(MAX_ARGUMENTS).enumerate() {
                    match token {
                        Token::Sign('(') => depth += 1,
                        Token::Sign(')') => {
                            depth -= 1;
                            if depth == 0 {
                                return self.tokens.get(at + 1..at + offset);
                            }
                        }
                        _ => {}
                    }
                }
                self.tokens
                    .get(at + 1..(at + MAX_ARGUMENTS).min(self.tokens.len()))
            }
            Token::Text { quote: '`', .. } => self.tokens.get(at..=at),
            Token::Text { .. } | Token::Name { .. }
                if matches!(self.language, Language::Ruby | Language::Perl) =>
            {
                let rest = self.tokens.get(at..)?;
                let end = rest
                    .iter()
                    .take(MAX_ARGUMENTS)
                    .position(|token| matches!(token, Token::Line | Token::Sign(';' | '}')))
                    .unwrap_or(rest.len().min(MAX_ARGUMENTS));
                rest.get(..end)
            }
            _ => None,
        }
    }

    fn strings(&self, arguments: &[Token]) -> Vec<(String, Span)> {
        arguments
            .iter()
            .filter_map(|token| match token {
                Token::Text {
                    text, start, end, ..
                } => Some((text.clone(), Span::new(*start, *end))),
                _ => None,
            })
            .collect()
    }

    fn end_of(&self, arguments: &[Token]) -> usize {
        arguments
            .iter()
            .rev()
            .find_map(|token| match token {
                Token::Text { end, .. } => Some(*end),
                Token::Name { name, start } => Some(start + name.len()),
                _ => None,
            })
            .unwrap_or(0)
    }

    fn sends(&mut self, arguments: &[Token], strings: &[(String, Span)], perhaps: bool) {
        if matches!(arguments.first(), Some(Token::Name { .. })) && strings.is_empty() {
            self.sends_variable = true;
        }
        // Only the first string is SQL; the others are values.
        if let Some((text, span)) = strings.first() {
            self.deeds.sql.push((text.clone(), *span, perhaps));
        }
    }

    fn deletes(&mut self, name: &str, arguments: &[Token], span: Span) {
        let mut path = self.path(arguments);
        if arguments.is_empty() && name.starts_with('.') {
            path = None;
        }
        match path {
            Some(path) => {
                let flags = if FILES.contains(&name) || name.ends_with("unlinkSync") {
                    "-f"
                } else {
                    "-rf"
                };
                let text = format!("rm {flags} -- {}", quoted(&path));
                self.deeds.shells.push((text, span));
            }
            None => self.deeds.unknown.push(span),
        }
    }

    /// Returns the path that the first argument spells out.
    fn path(&self, arguments: &[Token]) -> Option<String> {
        const JOINS: [&str; 8] = [
            "os.path.join",
            "path.join",
            "Path",
            "pathlib.Path",
            "str",
            "File.join",
            "os.path.abspath",
            "path.resolve",
        ];
        let mut parts = Vec::new();
        let mut depth = 0_usize;
        for token in arguments {
            match token {
                Token::Text { text, .. } => parts.push(text.clone()),
                Token::Name { name, .. } if JOINS.contains(&name.as_str()) => {}
                Token::Name { name, .. } if depth == 0 && !parts.is_empty() && !name.is_empty() => {
                    break;
                }
                Token::Name { name, .. } => parts.push(self.variable(name)?),
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth = depth.saturating_sub(1),
                Token::Sign(',') if depth == 0 => break,
                Token::Sign(',' | '/') | Token::Line => {}
                Token::Sign(_) => return None,
            }
        }
        let path = parts.join("/");
        (!path.is_empty() && !path.contains(HOLE)).then_some(path)
    }

    /// Returns the literal that the code gives to a name, when it gives one only once.
    fn variable(&self, wanted: &str) -> Option<String> {
        let mut values = self.tokens.windows(3).filter_map(|window| match window {
            [
                Token::Name { name, .. },
                Token::Sign('='),
                Token::Text { text, .. },
            ] if name == wanted => Some(text.clone()),
            _ => None,
        });
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    fn starts(&mut self, arguments: &[Token], strings: &[(String, Span)], span: Span) {
        let listed = arguments.first() == Some(&Token::Sign('['))
            || arguments.get(1) == Some(&Token::Sign(',')) && strings.len() > 1;
        let end = arguments
            .iter()
            .position(|token| *token == Token::Sign(']'))
            .unwrap_or(arguments.len());
        if !listed {
            if let Some((text, place)) = strings
                .first()
                .filter(|_| matches!(arguments.first(), Some(Token::Text { .. })))
            {
                // `system("rm -rf " $1)`: what follows the text belongs to the command.
                let more = matches!(
                    arguments.get(1),
                    Some(Token::Name { .. } | Token::Sign('+'))
                );
                let rest = if more { "$UNKNOWN" } else { "" };
                self.shell(&format!("{text}{rest}"), *place);
            }
            return;
        }
        let words: Vec<String> = arguments
            .get(..end)
            .unwrap_or_default()
            .iter()
            .filter_map(|token| match token {
                Token::Text { text, .. } => Some(quoted(text)),
                Token::Name { .. } => Some("\"$UNKNOWN\"".to_owned()),
                _ => None,
            })
            .collect();
        self.deeds.shells.push((words.join(" "), span));
    }

    fn shell(&mut self, text: &str, span: Span) {
        let text = text.replace(HOLE, "$UNKNOWN");
        self.deeds.shells.push((text, span));
    }
}

/// Returns a word as the shell reads it back, holes as unknown variables.
fn quoted(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', "'\\''"));
    quoted.replace(HOLE, "'\"$UNKNOWN\"'")
}
