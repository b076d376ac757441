//! Cmdlets and cmd commands that take paths: what each removes, empties or writes over.
//! A path that this machine could have becomes a command of its own language, and the other families judge that.

use crate::model::command::{Command, Redirect, Stdin, WriteMode};
use crate::model::word::{Hole, Part, Piece, Word};
use crate::shell::powershell::canonical_name;

use super::params::{Params, Slashes, Spec};
use super::spot::{self, Reachout, Spot};
use super::{Reader, target_named};
use crate::classify::files::report::Loss;

const REMOVE: Spec = Spec {
    switches: &["recurse", "force"],
    valued: &["credential", "filter", "stream"],
    lists: &["path", "literalpath", "lp", "pspath", "include", "exclude"],
};

const CHILDREN: Spec = Spec {
    switches: &[
        "recurse",
        "s",
        "force",
        "file",
        "directory",
        "ad",
        "af",
        "hidden",
        "name",
        "readonly",
        "system",
        "followsymlink",
    ],
    valued: &["filter", "depth", "attributes"],
    lists: &["path", "literalpath", "lp", "pspath", "include", "exclude"],
};

const CONTENT: Spec = Spec {
    switches: &[
        "append",
        "force",
        "noclobber",
        "nonewline",
        "passthru",
        "asbytestream",
        "notypeinformation",
        "nti",
    ],
    valued: &[
        "filepath",
        "value",
        "inputobject",
        "encoding",
        "delimiter",
        "width",
        "stream",
        "credential",
        "filter",
        "itemtype",
        "variable",
        "depth",
    ],
    lists: &["path", "literalpath", "lp", "pspath", "include", "exclude"],
};

const TRANSFER: Spec = Spec {
    switches: &["recurse", "force", "container", "passthru"],
    valued: &[
        "destination",
        "newname",
        "credential",
        "filter",
        "fromsession",
        "tosession",
    ],
    lists: &["path", "literalpath", "lp", "pspath", "include", "exclude"],
};

const NEW: Spec = Spec {
    switches: &["force"],
    valued: &["itemtype", "type", "name", "value", "target", "credential"],
    lists: &["path", "literalpath", "lp", "pspath"],
};

const PROPERTY: Spec = Spec {
    switches: &["force"],
    valued: &["credential", "filter"],
    lists: &[
        "path",
        "literalpath",
        "lp",
        "pspath",
        "name",
        "include",
        "exclude",
    ],
};

/// Names under which a parameter gives paths.
const PATHS: &[&str] = &["path", "literalpath", "lp", "pspath"];

/// Returns the client that would run what a class of ADO.NET gets as its first argument.
fn client(class: &str, method: &str) -> Option<&'static [&'static str]> {
    match (class, method) {
        ("npgsqlcommand", "new") => Some(&["psql", "-c"]),
        ("mysqlcommand", "new") => Some(&["mysql", "-e"]),
        (
            "sqlcommand" | "sqldataadapter" | "oraclecommand" | "odbccommand" | "oledbcommand"
            | "sqlitecommand",
            "new",
        )
        | ("", "commandtext") => Some(&["sqlcmd", "-Q"]),
        _ => None,
    }
}

impl Reader<'_, '_> {
    /// Reads `Remove-Item` under any of its names.
    pub(super) fn remove_item(&mut self) {
        let words = &self.command.words;
        let options = words.iter().skip(1).any(|word| {
            matches!(
                word.shown().to_ascii_lowercase().as_str(),
                "/s" | "/q" | "/f" | "/s/q"
            )
        });
        if options {
            return self.cmd_remove();
        }
        let params = Params::read(self.command.args(), &REMOVE);
        if params.is_rehearsal() {
            return;
        }
        let recursive = params.has("recurse") || clustered(self.command.args());
        let mut paths: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        paths.extend(params.operands.iter().cloned());
        let names: Vec<String> = params
            .values(&["include", "filter"])
            .iter()
            .map(|word| word.shown())
            .collect();
        let many = paths.iter().all(is_unknown);
        if many && let Some(children) = self.children() {
            return self.remove_children(&children, recursive);
        }
        if paths.is_empty()
            && let Stdin::Text(word) = &self.command.stdin
        {
            paths.push(word.clone());
        }
        if paths.is_empty() {
            if matches!(self.command.stdin, Stdin::Opaque { .. }) {
                let target = target_named("what the pipeline gives");
                self.losses
                    .push(Loss::new("windows.remove-tree", target).opaque());
            }
            return;
        }
        self.remove_all(
            &paths,
            Reachout {
                recursive,
                narrowed: !names.is_empty(),
            },
            false,
        );
    }

    /// Reads `rd`, `rmdir`, `del` and `erase` of cmd.
    pub(super) fn cmd_remove(&mut self) {
        let read = Slashes::read(&self.command.words);
        let name = self
            .command
            .words
            .first()
            .map(Word::shown)
            .unwrap_or_default();
        let folder = matches!(base(&name).as_str(), "rd" | "rmdir");
        let recursive = read.options.iter().any(|option| option.starts_with('s'));
        if read.has("?") || (folder && !recursive) {
            return;
        }
        let operands = read.operands;
        self.remove_all(
            &operands,
            Reachout {
                recursive,
                narrowed: false,
            },
            true,
        );
    }

    fn remove_all(&mut self, paths: &[Word], how: Reachout, in_cmd: bool) {
        let mut here = Vec::new();
        for word in paths {
            if self.is_build_pair(word, paths) {
                continue;
            }
            match spot::spot(word, in_cmd, self.context) {
                Spot::Posix(word) => here.push(word),
                Spot::Session => {}
                Spot::Registry(key) => self.registry(key),
                Spot::Windows { text, shown } => {
                    self.losses
                        .extend(spot::removed(&text, &shown, how, self.context));
                }
            }
        }
        if !here.is_empty() {
            let flags = if how.recursive { "-rf" } else { "-f" };
            self.start(&["rm", flags, "--"], here);
        }
    }

    /// `bin` beside `obj` is what .NET builds; a path of another system cannot be asked.
    fn is_build_pair(&self, word: &Word, paths: &[Word]) -> bool {
        let text = word.shown().replace('\\', "/").to_ascii_lowercase();
        let Some(folder) = text.trim_end_matches('/').strip_suffix("bin") else {
            return false;
        };
        let beside = paths.iter().any(|other| {
            other
                .shown()
                .replace('\\', "/")
                .to_ascii_lowercase()
                .trim_end_matches('/')
                == format!("{folder}obj")
        });
        beside && (folder.is_empty() || folder.ends_with('/')) && self.context.facts.assumed
    }

    fn registry(&mut self, key: String) {
        self.losses
            .push(Loss::new("windows.registry", target_named(&key)));
    }

    /// Returns the latest listing of the same text, which feeds this command.
    fn children(&self) -> Option<Command> {
        let listing = |command: &&Command| {
            let name = command
                .words
                .first()
                .and_then(Word::text)
                .unwrap_or_default();
            matches!(canonical_name(&name), "Get-ChildItem" | "Get-Item")
        };
        self.context.earlier.iter().rev().find(listing).cloned()
    }

    /// Removes what a listing gives.
    fn remove_children(&mut self, listing: &Command, recursive: bool) {
        let params = Params::read(listing.args(), &CHILDREN);
        let mut operands = params.operands.clone().into_iter();
        let mut paths: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        if paths.is_empty() {
            paths.extend(operands.next());
        }
        let mut names: Vec<Word> = params
            .values(&["include", "filter"])
            .into_iter()
            .cloned()
            .collect();
        names.extend(operands.filter(|word| word.has_glob() || params.values(PATHS).is_empty()));
        if paths.is_empty() {
            paths.push(Word::literal(".", self.command.origin.clone()));
        }
        let single = listing
            .words
            .first()
            .and_then(Word::text)
            .is_some_and(|name| canonical_name(&name) == "Get-Item");
        let known = |word: &Word| {
            crate::classify::files::kinds::is_regenerable_name(
                &word.shown(),
                self.context.regenerable,
            )
        };
        let built = names
            .iter()
            .any(|word| word.shown().eq_ignore_ascii_case("obj"));
        let known = |word: &Word| known(word) || built && word.shown().eq_ignore_ascii_case("bin");
        if !names.is_empty() && names.iter().all(known) {
            return;
        }
        let deep = recursive || params.has("recurse") || params.has("s");
        let narrowed = names
            .iter()
            .any(|word| !matches!(word.shown().as_str(), "*" | "*.*"));
        let mut here = Vec::new();
        for word in &paths {
            match spot::spot(word, false, self.context) {
                Spot::Posix(word) => here.push(word),
                Spot::Session => {}
                Spot::Registry(key) => self.registry(key),
                Spot::Windows { text, shown } => {
                    let how = Reachout {
                        recursive: deep || !(single || word.has_glob()),
                        narrowed,
                    };
                    self.losses
                        .extend(spot::removed(&text, &shown, how, self.context));
                }
            }
        }
        if here.is_empty() {
            return;
        }
        if single || here.iter().any(Word::has_glob) {
            return self.start(&["rm", if recursive { "-rf" } else { "-f" }, "--"], here);
        }
        self.start_find(here, &names, deep, params.has("file") || params.has("af"));
    }

    fn start_find(&mut self, from: Vec<Word>, names: &[Word], deep: bool, files: bool) {
        let mut tail: Vec<Word> = Vec::new();
        let mut say = |text: &str| tail.push(Word::literal(text, self.command.origin.clone()));
        say("-mindepth");
        say("1");
        if !deep {
            say("-maxdepth");
            say("1");
        }
        if files {
            say("-type");
            say("f");
        }
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                say("-o");
            }
            say("-name");
            say(&name.shown());
            if at + 1 < names.len() {
                say("-delete");
            }
        }
        say("-delete");
        let mut words = from;
        words.extend(tail);
        self.start(&["find"], words);
    }

    /// Reads `Clear-Content`: the file stays, what stood in it does not.
    pub(super) fn cleared(&mut self) {
        let params = Params::read(self.command.args(), &CONTENT);
        if params.is_rehearsal() {
            return;
        }
        let mut paths: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        paths.extend(params.values(&["filepath"]).into_iter().cloned());
        if paths.is_empty() {
            paths.extend(params.operands.first().cloned());
        }
        if paths.iter().all(is_unknown)
            && let Some(children) = self.children()
        {
            return self.remove_children(&children, false);
        }
        for word in paths {
            match spot::spot(&word, false, self.context) {
                Spot::Posix(file) => self.start(&["truncate", "-s", "0", "--"], vec![file]),
                Spot::Registry(_) | Spot::Session => {}
                Spot::Windows { text, shown } => {
                    self.losses
                        .extend(spot::emptied(&text, &shown, self.context));
                }
            }
        }
    }

    /// Reads `Set-Content`, `Out-File` and their kin.
    pub(super) fn content(&mut self, appends: bool) {
        let params = Params::read(self.command.args(), &CONTENT);
        if params.is_rehearsal() || params.has("noclobber") {
            return;
        }
        let mut paths: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        paths.extend(params.values(&["filepath"]).into_iter().cloned());
        let mut operands = params.operands.iter();
        if paths.is_empty() {
            paths.extend(operands.next().cloned());
        }
        let value = params
            .values(&["value", "inputobject"])
            .first()
            .map(|word| (*word).clone());
        let piped = match &self.command.stdin {
            Stdin::Text(word) => Some(word.clone()),
            _ => None,
        };
        let content = value.or_else(|| operands.next().cloned()).or(piped);
        let appends = appends || params.has("append");
        let nothing = |word: &Word| matches!(word.shown().as_str(), "$null" | "");
        if !appends && content.as_ref().is_some_and(nothing) {
            return self.cleared();
        }
        for word in paths {
            match spot::spot(&word, false, self.context) {
                Spot::Posix(file) => {
                    let mode = if appends {
                        WriteMode::Append
                    } else {
                        WriteMode::Truncate
                    };
                    self.start_writing(Redirect {
                        mode,
                        file,
                        content: content.clone(),
                        whole: None,
                    });
                }
                Spot::Registry(_) | Spot::Session => {}
                Spot::Windows { text, shown } => {
                    self.kept(&word, content.clone());
                    if !appends {
                        self.losses
                            .extend(spot::overwritten(&text, &shown, self.context));
                    }
                }
            }
        }
    }

    fn start_writing(&mut self, redirect: Redirect) {
        let mut command = self.like(&["echo", "text"], Vec::new());
        command.writes = vec![redirect];
        self.here.push(command);
    }

    /// Reads `Move-Item`, `Rename-Item` and `Copy-Item`: only what is written over is lost.
    pub(super) fn transfer(&mut self, program: &str) {
        let params = Params::read(self.command.args(), &TRANSFER);
        if params.is_rehearsal() || !params.values(&["fromsession", "tosession"]).is_empty() {
            return;
        }
        let mut words: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        words.extend(params.operands.iter().cloned());
        words.extend(params.values(&["destination"]).into_iter().cloned());
        if program == "mv" && self.discarded(&words) {
            return;
        }
        let mut here = Vec::new();
        for word in &words {
            match spot::spot(word, false, self.context) {
                Spot::Posix(word) => here.push(word),
                Spot::Windows { .. } => {
                    if program == "cp" || params.has("force") {
                        self.copied_over(&words);
                    }
                    return;
                }
                Spot::Registry(_) | Spot::Session => return,
            }
        }
        if here.len() < 2 {
            return;
        }
        match (program, params.has("force")) {
            ("mv", true) => self.start(&["mv", "-f", "--"], here),
            ("mv", false) => self.start(&["mv", "-n", "--"], here),
            _ => self.start(&["cp", "-r", "--"], here),
        }
    }

    /// `copy /y a b`, `move /y a b`, `xcopy /y a b`: only an answer given beforehand writes over without a question.
    pub(super) fn cmd_copy(&mut self) {
        let read = Slashes::read(&self.command.words);
        if read.has("y") && !read.has("-y") {
            let operands = read.operands;
            self.copied_over(&operands);
        }
    }

    /// Judges the last of several paths as what the others are copied over; a new backup of a file is what one wants.
    fn copied_over(&mut self, words: &[Word]) {
        let Some((to, from)) = words.split_last().filter(|(_, from)| !from.is_empty()) else {
            return;
        };
        let source = from.first().map(Word::shown).unwrap_or_default();
        let base = |text: &str| {
            text.rsplit(['\\', '/'])
                .next()
                .unwrap_or_default()
                .trim_end_matches('*')
                .to_lowercase()
        };
        let aside =
            base(&to.shown()).starts_with(&base(&source)) && base(&to.shown()) != base(&source);
        if !aside {
            self.written_over(to);
        }
    }

    /// Judges a file that is written over as a whole by a cmdlet of its own.
    pub(super) fn written_over(&mut self, file: &Word) {
        match spot::spot(file, false, self.context) {
            Spot::Windows { text, shown } => {
                let text = text.trim_end_matches('*');
                if !spot::is_backup(text) {
                    self.losses
                        .extend(spot::overwritten(text, &shown, self.context));
                }
            }
            Spot::Posix(file) => self.start_writing(Redirect {
                mode: WriteMode::Truncate,
                file,
                content: None,
                whole: None,
            }),
            Spot::Registry(_) | Spot::Session => {}
        }
    }

    /// Notes text that is kept in a file, in case that file runs by itself.
    pub(super) fn kept(&mut self, file: &Word, content: Option<Word>) {
        let file = match spot::spot(file, false, self.context) {
            Spot::Posix(file) => file,
            Spot::Windows { shown, .. } => {
                Word::literal(shown.replace('\\', "/"), file.origin.clone())
            }
            Spot::Registry(_) | Spot::Session => return,
        };
        if content.is_some() {
            let redirect = Redirect {
                mode: WriteMode::Append,
                file,
                content,
                whole: None,
            };
            self.start_writing(redirect);
        }
    }

    /// What is moved into the temporary folder of Windows goes when that is cleaned.
    fn discarded(&mut self, words: &[Word]) -> bool {
        let Some((to, from)) = words.split_last().filter(|(_, from)| !from.is_empty()) else {
            return false;
        };
        let temporary = match spot::spot(to, false, self.context) {
            Spot::Windows { text, .. } => spot::is_temporary(&text),
            Spot::Posix(_) | Spot::Registry(_) | Spot::Session => false,
        };
        if !temporary {
            return false;
        }
        for word in from {
            match spot::spot(word, false, self.context) {
                Spot::Posix(word) => {
                    let tmp = Word::literal("/tmp/", to.origin.clone());
                    self.start(&["mv", "--"], vec![word, tmp]);
                }
                Spot::Windows { text, shown } => {
                    let how = Reachout {
                        recursive: true,
                        narrowed: false,
                    };
                    self.losses
                        .extend(spot::removed(&text, &shown, how, self.context));
                }
                Spot::Registry(_) | Spot::Session => {}
            }
        }
        true
    }

    /// `New-Item -Force` over a file empties it; a folder that is there stays as it is.
    pub(super) fn made_anew(&mut self) {
        let params = Params::read(self.command.args(), &NEW);
        let kind = params.values(&["itemtype", "type"]);
        let kind = kind.first().map(|word| word.shown().to_ascii_lowercase());
        let file = kind.is_none_or(|kind| kind == "file" || kind == "symboliclink");
        if params.is_rehearsal() || !params.has("force") || !file {
            return;
        }
        let mut paths: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        paths.extend(params.operands.first().cloned());
        let names = params.values(&["name"]);
        for path in paths.iter().take(1) {
            let mut word = path.clone();
            if let Some(name) = names.first() {
                word.pieces
                    .extend(Word::literal("/", word.origin.clone()).pieces);
                word.pieces.extend(name.pieces.iter().cloned());
            }
            match spot::spot(&word, false, self.context) {
                Spot::Posix(file) => {
                    let redirect = Redirect {
                        mode: WriteMode::Truncate,
                        file,
                        content: None,
                        whole: None,
                    };
                    self.start_writing(redirect);
                }
                Spot::Windows { text, shown } => {
                    self.losses
                        .extend(spot::overwritten(&text, &shown, self.context))
                }
                Spot::Registry(_) | Spot::Session => {}
            }
        }
    }

    /// Reads `Clear-Item` and `Remove-ItemProperty`, which matter in the registry.
    pub(super) fn property(&mut self) {
        let params = Params::read(self.command.args(), &PROPERTY);
        if params.is_rehearsal() {
            return;
        }
        let mut paths: Vec<Word> = params.values(PATHS).into_iter().cloned().collect();
        paths.extend(params.operands.iter().take(1).cloned());
        for word in paths {
            if let Spot::Registry(key) = spot::spot(&word, false, self.context) {
                self.registry(key);
            }
        }
    }

    /// Reads `[IO.File]::Delete(…)` and its kin, and `.Delete()` of an object.
    pub(super) fn method(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        let (class, method) = match lower.rsplit_once("::") {
            Some((class, method)) => (class.trim_matches(['[', ']']).to_owned(), method.to_owned()),
            None => (String::new(), lower.trim_start_matches('.').to_owned()),
        };
        let class = class.rsplit('.').next().unwrap_or_default().to_owned();
        let args = self.command.args().to_vec();
        let flag = |at: usize| {
            args.get(at)
                .is_some_and(|word| word.shown().eq_ignore_ascii_case("$true") || word.has_hole())
        };
        let first: Vec<Word> = args.first().cloned().into_iter().collect();
        match (class.as_str(), method.as_str()) {
            ("file", "delete") => self.remove_all(
                &first,
                Reachout {
                    recursive: false,
                    narrowed: false,
                },
                false,
            ),
            ("directory", "delete") if flag(1) => {
                self.remove_all(
                    &first,
                    Reachout {
                        recursive: true,
                        narrowed: false,
                    },
                    false,
                );
            }
            ("filesystem", "deletedirectory" | "deletefile") => {
                let how = Reachout {
                    recursive: method == "deletedirectory",
                    narrowed: false,
                };
                self.remove_all(&first, how, false);
            }
            ("file", "writealltext" | "writealllines" | "writeallbytes" | "create") => {
                for word in first {
                    if let Spot::Windows { text, shown } = spot::spot(&word, false, self.context) {
                        self.kept(&word, args.get(1).cloned());
                        self.losses
                            .extend(spot::overwritten(&text, &shown, self.context));
                    } else {
                        let redirect = Redirect {
                            mode: WriteMode::Truncate,
                            file: word,
                            content: args.get(1).cloned(),
                            whole: None,
                        };
                        self.start_writing(redirect);
                    }
                }
            }
            ("", "delete" | "deletetree" | "deletesubkeytree") => self.object_method(&args),
            // Objects of SQL Server's management library.
            ("", "drop" | "dropifexists") if args.is_empty() => self.dropped(&method),
            ("", "killdatabase") => self.dropped(&method),
            (class, method) => self.writing_method(class, method, &args),
        }
    }

    /// `[IO.File]::Copy(a, b, $true)`, `[IO.File]::AppendAllText(a, text)`, `.DownloadFile(url, a)`.
    fn writing_method(&mut self, class: &str, method: &str, args: &[Word]) {
        let pair = args.get(..2).unwrap_or_default();
        let over = args
            .get(2)
            .is_some_and(|word| word.shown().eq_ignore_ascii_case("$true"));
        match (class, method, pair) {
            ("file", "copy" | "move", _) if over => self.copied_over(pair),
            ("file", "replace", _) => self.copied_over(pair),
            ("file", "appendalltext" | "appendalllines", [file, text]) => {
                self.kept(file, Some(text.clone()));
            }
            ("", "downloadfile", [_, file]) => self.written_over(file),
            _ => {}
        }
    }

    /// `(Get-Item x).Delete()`, `$dir.Delete($true)`, `$_.Delete()`.
    pub(super) fn object_method(&mut self, args: &[Word]) {
        let bool_or_nothing = match args {
            [] => true,
            [one] => matches!(
                one.shown().to_ascii_lowercase().as_str(),
                "$true" | "$false" | "1" | "0"
            ),
            _ => false,
        };
        if !bool_or_nothing {
            return;
        }
        if let Some(listing) = self.children() {
            return self.remove_children(&listing, !args.is_empty());
        }
        let target = target_named("the object whose `Delete` is called");
        self.losses
            .push(Loss::new("windows.method-delete", target).opaque());
    }

    fn dropped(&mut self, method: &str) {
        let target = target_named(&format!("the object whose `{method}` is called"));
        self.losses
            .push(Loss::new("windows.method-delete", target).opaque());
    }

    /// Reads SQL that a class of ADO.NET gets; tells whether the call is one of those.
    pub(super) fn carries_sql(&mut self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let (class, method) = lower.rsplit_once("::").unwrap_or(("", &lower));
        let class = class.trim_matches(['[', ']']).rsplit('.').next();
        let client = client(class.unwrap_or_default(), method.trim_start_matches('.'));
        let first: Vec<Word> = self.command.args().first().cloned().into_iter().collect();
        match client.filter(|_| !first.is_empty()) {
            Some(client) => self.start(client, first),
            None => return false,
        }
        true
    }

    /// Adds a command of this machine that does the same.
    pub(super) fn start(&mut self, words: &[&str], operands: Vec<Word>) {
        let command = self.like(words, operands);
        self.here.push(command);
    }

    pub(super) fn like(&self, words: &[&str], operands: Vec<Word>) -> Command {
        let origin = &self.command.origin;
        let mut command = self.command.clone();
        command.words = words
            .iter()
            .map(|&text| Word::literal(text, origin.clone()))
            .collect();
        command.words.extend(operands);
        command.writes = Vec::new();
        command.stdin = Stdin::Null;
        command
    }
}

/// Returns the name of a cmd command without glued options, in lower case.
pub(super) fn base(name: &str) -> String {
    let name = name.rsplit('\\').next().unwrap_or(name);
    name.split('/').next().unwrap_or(name).to_ascii_lowercase()
}

/// `-rf` is no parameter, but PowerShell elsewhere than on Windows has the system's own `rm`.
fn clustered(args: &[Word]) -> bool {
    args.iter().any(|word| {
        let text = word.shown();
        text.strip_prefix('-').is_some_and(|letters| {
            !letters.is_empty()
                && letters.chars().all(|c| "rRfFvVdiI".contains(c))
                && letters.contains(['r', 'R'])
        })
    })
}

/// Tells whether a word is one value that cannot be known (`$_`, `$file.FullName`).
fn is_unknown(word: &Word) -> bool {
    matches!(
        word.pieces.as_slice(),
        [Piece {
            part: Part::Hole(Hole::Unknown),
            ..
        }]
    )
}
