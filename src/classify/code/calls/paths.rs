//! What a code deletes, writes, moves and makes: paths as `values` read them, and calls that are read in a way of their own.
//! A file that the code itself has just written anew, or a place that it made, is no loss when it goes again.

use crate::model::span::Span;
use crate::sql::HOLE;

use super::super::steps::{Kind, Step, added, word, written};
use super::super::tables::{FILES, SHELLS, TREES};
use super::super::tokens::{Language, Token};
use super::super::values::made::{expanded, starred};
use super::super::values::{FRESH, Reader, STAR, Value, Values, When};
use super::{Calls, is_one_of};

/// Calls that move one named place onto another.
const MOVES: [&str; 17] = [
    "os.rename",
    "os.replace",
    "os.Rename",
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
    "Deno.rename",
    "Deno.renameSync",
];
const COPIES: [&str; 17] = [
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "fs.copyFileSync",
    "fs.copyFile",
    "fs.promises.copyFile",
    "fs.cpSync",
    "fse.copySync",
    "FileUtils.cp",
    "FileUtils.copy",
    "Files.copy",
    "copyFileSync",
    ".copyFileSync",
    ".cpSync",
    ".copyFile",
    "Deno.copyFileSync",
    "fs.copy",
];
/// Calls that write a file anew: the path, then the text.
const WRITES: [&str; 19] = [
    "fs.writeFileSync",
    "fs.writeFile",
    "fs.promises.writeFile",
    "fse.writeFileSync",
    "fse.outputFileSync",
    "writeFileSync",
    "writeFile",
    "File.write",
    "IO.write",
    "File.binwrite",
    "file_put_contents",
    "os.WriteFile",
    "ioutil.WriteFile",
    "Deno.writeTextFileSync",
    "Deno.writeTextFile",
    "Bun.write",
    "Files.writeString",
    "Files.write",
    "fs.write",
];
/// Calls that add a text to the end of a file.
const ADDS: [&str; 6] = [
    "fs.appendFileSync",
    "fs.appendFile",
    "fs.promises.appendFile",
    "fsPromises.appendFile",
    "appendFileSync",
    "appendFile",
];
const EMPTIES: [&str; 10] = [
    "os.truncate",
    "fs.truncateSync",
    ".truncateSync",
    "truncateSync",
    "fs.truncate",
    "File.truncate",
    "os.Truncate",
    "os.Create",
    "fs.createWriteStream",
    "File.create",
];
const OPENS: [&str; 13] = [
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "zipfile.ZipFile",
    "ZipFile",
    "tarfile.open",
    "tarfile.TarFile.open",
    "open",
    "io.open",
    "File.open",
    "fopen",
    "fs.openSync",
    "codecs.open",
];
const GOES: [&str; 6] = [
    "os.chdir",
    "process.chdir",
    "Dir.chdir",
    "chdir",
    "os.Chdir",
    "FileUtils.cd",
];

impl Calls<'_> {
    /// Moves, copies, files that are written anew, and the working directory.
    pub(super) fn places(&mut self, name: &str, last: &str, span: Span, at: usize) {
        let method = matches!(last, "write_text" | "write_bytes") && name.contains('.');
        if WRITES.contains(&name) || ADDS.contains(&name) || method {
            return self.writes(name, method, span, at);
        }
        if OPENS.contains(&name) || method_opens(name, last) {
            return self.opens(name, span, at);
        }
        if matches!(name, "os.open" | "sysopen") {
            return self.opens_raw(name, span, at);
        }
        if EMPTIES.contains(&name) {
            let flags = self.reader.arguments(at).named("flags");
            if flags.is_some() {
                let path = self.path_at(at, 0);
                return self.add(path, None, span);
            }
            let path = self.path_at(at, 0);
            return self.write(path, Some(String::new()), span);
        }
        if GOES.contains(&name) || name == "monkeypatch.chdir" {
            if let Some(path) = self.path_at(at, 0) {
                let test = name.starts_with('m') && path.starts_with(FRESH);
                self.step(super::super::steps::goes(&path), span, Kind::Goes);
                if test {
                    self.fresh = Some(at);
                }
            }
            return;
        }
        if self.brings(name, last, span, at) {
            return;
        }
        // Without the word it fails where the folder is there.
        let laid =
            name == "shutil.copytree" && self.reader.arguments(at).named("dirs_exist_ok").is_some();
        let moved = MOVES.contains(&name) || name == "move" && self.brings_files();
        let copied = COPIES.contains(&name) || name == "copy" && self.brings_files();
        if laid || moved || copied {
            if self.keeps_what_is_there(at) {
                return;
            }
            if moved {
                self.moves_in(at);
            }
            let (Some(from), Some(to)) = (self.path_at(at, 0), self.path_at(at, 1)) else {
                return;
            };
            if from.contains(HOLE) || to.contains(HOLE) {
                return;
            }
            let verb = match name {
                _ if moved => "mv",
                "shutil.copytree" => "cp -rT",
                _ if self.reader.arguments(at).named("recursive").is_some() => "cp -rT",
                _ => "cp",
            };
            let text = format!("{verb} -- {} {}", word(&from), word(&to));
            return self.step(text, span, Kind::Writes(to));
        }
        self.makes(name, last, at);
    }

    /// `os.open(path, os.O_WRONLY | os.O_TRUNC)`, `sysopen(my $f, path, O_WRONLY)`.
    fn opens_raw(&mut self, name: &str, span: Span, at: usize) {
        let first = usize::from(name == "sysopen");
        let arguments = self.reader.arguments(at);
        let part = arguments.positional.get(first + 1);
        let part = part.copied().unwrap_or_default();
        let has = |flags: &[&str]| {
            let mut names = (part.from..part.to).filter_map(|at| self.index.name(at));
            names.any(|name| flags.iter().any(|flag| name.ends_with(flag)))
        };
        let path = self.path_at(at, first);
        if has(&["O_EXCL"]) {
            // It fails where something is there.
            self.makes_here(path, at);
        } else if has(&["O_TRUNC"]) {
            self.write(path, Some(String::new()), span);
        } else if has(&["O_WRONLY", "O_RDWR"]) {
            self.writes_device(path, span);
        }
    }

    /// A device that is opened for writing has no end to add to: what is written there replaces something.
    fn writes_device(&mut self, path: Option<String>, span: Span) {
        const HARMLESS: [&str; 12] = [
            "null", "zero", "full", "tty", "stdout", "stderr", "stdin", "fd/", "shm/", "pts/",
            "random", "urandom",
        ];
        let device = path.as_deref().and_then(|path| path.strip_prefix("/dev/"));
        let counts =
            device.is_some_and(|device| !HARMLESS.iter().any(|front| device.starts_with(front)));
        if let Some(path) = path.filter(|path| counts && !path.contains(HOLE)) {
            let text = format!(": >> {}", word(&path));
            // As good as emptied.
            self.step(text, span, Kind::Writes(path));
        }
    }

    /// What is opened to be read and written: a device, or a file that is cut off afterwards.
    fn opens_both(&mut self, path: Option<String>, handle: Option<&str>, span: Span, at: usize) {
        let cuts = handle.is_some_and(|handle| self.cuts_off(handle, at));
        if cuts || self.goes_on_to(at, &[".truncate", ".write", ".writelines"]) {
            let content = self.poured(at).or_else(|| Some(String::new()));
            return self.write(path, content, span);
        }
        // What is written without going to the end stands over what was there.
        let over = handle.is_some_and(|handle| {
            let calls = |method: &str| self.index.calls(&format!("{handle}.{method}"));
            let mut writes = calls("write").iter().chain(calls("writelines"));
            writes.any(|call| *call > at)
                && !self
                    .mentions
                    .has(&["SEEK_END", "os.SEEK_END", ", 2)", ",2)"])
        });
        if over {
            return self.write(path, None, span);
        }
        self.writes_device(path, span);
    }

    /// Tells whether the opened file is used on the spot: `open(f, "r+").truncate()`.
    fn goes_on_to(&self, at: usize, methods: &[&str]) -> bool {
        let behind = self.index.after(at + 1);
        self.index
            .name(behind)
            .is_some_and(|name| methods.contains(&name))
    }

    /// `f.truncate(0)`, `f.truncate()`, `truncate $f, 0`.
    fn cuts_off(&self, handle: &str, from: usize) -> bool {
        let method = format!("{handle}.truncate");
        let own = self.index.calls(&method).iter().any(|call| *call > from);
        let perl = || {
            (from..self.index.main_end()).any(|at| {
                let named = [at + 1, at + 2]
                    .iter()
                    .any(|at| self.index.name(*at) == Some(handle));
                self.index.name(at) == Some("truncate") && named
            })
        };
        own || self.language == Language::Perl && perl()
    }

    /// `copy` and `move` of Perl's File::Copy, and `copy` of PHP.
    fn brings_files(&self) -> bool {
        self.language == Language::Php
            // `perl -MFile::Copy -e …` names the module elsewhere.
            || self.language == Language::Perl
                && (self.mentions.has(&["File::Copy"])
                    || self.standing.inline
                        && ["move", "copy"].iter().all(|name| self.index.function_named(name).is_none()))
    }

    /// `copyFileSync(a, b, constants.COPYFILE_EXCL)` fails where something is there.
    fn keeps_what_is_there(&self, at: usize) -> bool {
        let arguments = self.reader.arguments(at);
        let keeps = arguments
            .named("force")
            .and_then(|part| self.index.name(part.from));
        if keeps == Some("false") {
            return true;
        }
        let Some(part) = arguments.positional.get(2) else {
            return false;
        };
        let mut names = (part.from..part.to).filter_map(|at| self.index.name(at));
        self.language == Language::Javascript && names.any(|name| name.ends_with("COPYFILE_EXCL"))
    }

    /// A folder that the call makes, or fails where it is there already.
    fn makes(&mut self, name: &str, last: &str, at: usize) {
        let (path, may_be_there) = match name {
            "os.mkdir" | "os.makedirs" => (self.path_at(at, 0), "exist_ok"),
            "fs.mkdirSync" | "Dir.mkdir" | "FileUtils.mkdir" | "os.Mkdir" => {
                (self.path_at(at, 0), "recursive")
            }
            _ if last == "mkdir" && self.language == Language::Python && name.contains('.') => {
                let values = self.reader.receiver(at, When::at(at));
                let path = values.first().and_then(Value::text).map(str::to_owned);
                (path, "exist_ok")
            }
            _ => return,
        };
        self.deeds
            .laid
            .extend(path.clone().filter(|path| !path.contains(HOLE)));
        if self.reader.arguments(at).named(may_be_there).is_none() {
            self.makes_here(path, at);
        }
    }

    fn makes_here(&mut self, path: Option<String>, at: usize) {
        if let Some(path) = path.filter(|path| !path.contains(HOLE)) {
            self.made.insert(path, at);
        }
    }

    /// What is moved into a place that the code has made goes with it.
    fn moves_in(&mut self, at: usize) {
        let bare = |path: &str| path.trim_start_matches("./").to_owned();
        let from = self.path_at(at, 0).filter(|from| !from.contains(HOLE));
        let own = |from: &String| from.starts_with(FRESH) || self.made.contains_key(from);
        if from.as_ref().is_some_and(own) {
            return;
        }
        let to = self.path_at(at, 1).map(|to| bare(&to)).unwrap_or_default();
        let known = to.split(HOLE).next().unwrap_or_default().to_owned();
        self.made.retain(|path, _| {
            let path = bare(path);
            let below = known.strip_prefix(path.trim_end_matches('/'));
            let into = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            !into && (known.len() == to.len() && !to.is_empty() || !path.starts_with(&known))
        });
    }

    /// Tells whether a place was made by the code, for certain, and no program has moved something into it.
    fn is_made(&self, path: &str) -> bool {
        let moves = |step: &Step| {
            let mut words = step.text.split([' ', '/', '\'', '"', '\n', '(']);
            let verb = words.any(|word| matches!(word, "mv" | "move"));
            step.kind == Kind::Runs && verb && step.text.contains(path)
        };
        let from = self.made.get(path);
        from.is_some_and(|from| self.index.comes_behind(*from, self.at))
            && !self.deeds.steps.iter().any(moves)
    }

    /// Returns the path that an argument spells.
    fn path_at(&self, at: usize, place: usize) -> Option<String> {
        let arguments = self.reader.arguments(at);
        let part = *arguments.positional.get(place)?;
        let values = self.reader.read(part, When::at(at));
        values.first()?.text().map(str::to_owned)
    }

    fn writes(&mut self, name: &str, method: bool, span: Span, at: usize) {
        let arguments = self.reader.arguments(at);
        let (path, content) = if method {
            let values = self.reader.receiver(at, When::at(at));
            let path = values.first().and_then(Value::text).map(str::to_owned);
            (path, arguments.positional.first())
        } else {
            (self.path_at(at, 0), arguments.positional.get(1))
        };
        let adds = ["flag", "flags", "mode", "append"]
            .iter()
            .any(|name| arguments.named(name).is_some())
            || arguments.positional.len() > 2 && self.language == Language::Php
            || ADDS.contains(&name);
        let content = content.and_then(|part| {
            let values = self.reader.read(*part, When::at(at));
            values.first()?.text().map(str::to_owned)
        });
        if adds {
            return self.add(path, content, span);
        }
        self.write(path, content, span);
    }

    /// `open(my $f, '>>', path)`, `open(F, ">>path")` of Perl.
    fn opens_handle(&mut self, span: Span, at: usize) {
        let arguments = self.reader.arguments(at);
        let Some(mode) = self.path_at(at, 1) else {
            return;
        };
        let handle = arguments.positional.first().and_then(|part| {
            let mut names = (part.from..part.to).filter_map(|at| self.index.name(at));
            names.rfind(|name| *name != "my")
        });
        if let Some(rest) = mode.strip_prefix("+<") {
            let path = match rest.trim() {
                "" => self.path_at(at, 2),
                path if path.starts_with(':') => self.path_at(at, 2),
                path => Some(path.to_owned()),
            };
            return self.opens_both(path, handle, span, at);
        }
        let sign = mode
            .trim_start_matches(':')
            .trim_end_matches(|c: char| c != '>');
        let (adds, anew) = (sign == ">>", sign == ">");
        if !adds && !anew {
            return;
        }
        let path = match mode.get(sign.len()..).map(str::trim).unwrap_or_default() {
            "" => self.path_at(at, 2),
            path if path.starts_with(':') => self.path_at(at, 2),
            path => Some(path.to_owned()),
        };
        let content = handle.and_then(|handle| self.printed_to(handle, at));
        if adds {
            self.add(path, content, span);
        } else {
            self.write(path, content, span);
        }
    }

    /// `print F "…"`, `print $f "…"`, `say {$f} "…"`.
    fn printed_to(&self, handle: &str, from: usize) -> Option<String> {
        const MAX_WRITES: usize = 50;
        let mut text = String::new();
        let prints = (from..self.index.tokens.len())
            .filter(|at| matches!(self.index.name(*at), Some("print" | "printf" | "say")));
        for at in prints.take(MAX_WRITES) {
            let named = (at + 1..at + 4).find(|at| self.index.name(*at) == Some(handle));
            let Some(named) = named else { continue };
            let from = named + 1 + usize::from(self.index.is_sign(named + 1, '}'));
            let values = self.reader.read(self.index.expression(from), When::at(at));
            text.push_str(values.first()?.text()?);
            text.push('\n');
        }
        (!text.is_empty()).then_some(text)
    }

    /// `open(path, 'w')`, `File.open(path, 'w')`, `Path(x).open('w')`.
    fn opens(&mut self, name: &str, span: Span, at: usize) {
        if self.language == Language::Perl {
            return self.opens_handle(span, at);
        }
        let method =
            method_opens(name, name.rsplit('.').next().unwrap_or(name)) && !OPENS.contains(&name);
        let arguments = self.reader.arguments(at);
        let mode = arguments
            .named("mode")
            .or_else(|| arguments.positional.get(usize::from(!method)).copied());
        let mode = mode.map(|part| self.reader.read(part, When::at(at)));
        let mode = mode
            .as_ref()
            .and_then(|values| values.first())
            .and_then(Value::text);
        let both = mode.is_some_and(|mode| mode.starts_with('r') && mode.contains('+'));
        let writes = |mode: &str| {
            // `Image.open("a.png")`, `webbrowser.open("about:")`: no modes.
            let is_mode = mode.len() <= 4 && mode.chars().all(|c| "wxabt+".contains(c));
            mode.starts_with(['w', 'x', 'a']) && (is_mode || !method)
        };
        if !both && !mode.is_some_and(writes) {
            return;
        }
        let path = if method {
            let values = self.reader.receiver(at, When::at(at));
            values.first().and_then(Value::text).map(str::to_owned)
        } else {
            self.path_at(at, 0)
        };
        if both {
            let handle = self.handle(at).map(str::to_owned);
            return self.opens_both(path, handle.as_deref(), span, at);
        }
        if mode.is_some_and(|mode| mode.starts_with('x')) {
            self.makes_here(path, at);
            return;
        }
        let content = self.poured(at);
        let cut = || {
            let handle = self.handle(at).map(str::to_owned);
            self.goes_on_to(at, &[".truncate"])
                || handle.is_some_and(|handle| self.cuts_off(&handle, at))
        };
        if mode.is_some_and(|mode| mode.starts_with('a')) && !cut() {
            return self.add(path, content, span);
        }
        self.write(path, content, span);
    }

    /// Returns the name under which an opened file is used.
    fn handle(&self, at: usize) -> Option<&str> {
        let behind = self.index.after(at + 1);
        let block = self.index.is_sign(behind, '{') || self.index.name(behind) == Some("do");
        match self.index.name(behind) {
            Some("as") => self.index.name(behind + 1),
            _ if block && self.index.is_sign(behind + 1, '|') => self.index.name(behind + 2),
            _ => at
                .checked_sub(2)
                .filter(|_| self.index.is_sign(at - 1, '='))
                .and_then(|at| self.index.name(at)),
        }
    }

    /// What the code writes to a file that it has opened.
    fn poured(&self, at: usize) -> Option<String> {
        const MAX_WRITES: usize = 50;
        const POURS: [&str; 5] = ["write", "puts", "print", "writelines", "writeln"];
        if let Some(text) = self.printed_into(at) {
            return Some(text);
        }
        let behind = self.index.after(at + 1);
        let next = self.index.name(behind);
        if next == Some(".close") {
            return Some(String::new());
        }
        let direct = next
            .filter(|name| *name == ".write" || *name == ".puts")
            .map(|_| behind);
        let mut calls: Vec<usize> = direct.into_iter().collect();
        let name = self.handle(at);
        if let Some(name) = name {
            for verb in POURS {
                let all = self.index.calls(&format!("{name}.{verb}")).iter();
                calls.extend(all.filter(|call| **call > at).take(MAX_WRITES));
            }
            let prints = self.index.calls("print").iter();
            calls.extend(prints.filter(|call| self.prints_to(**call, name)));
            calls.sort_unstable();
        }
        let mut text = String::new();
        for call in &calls {
            let arguments = self.reader.arguments(*call);
            let part = arguments.positional.first()?;
            let values = self.reader.read(*part, When::at(*call));
            text.push_str(&values.first()?.texts().concat());
            if !self.index.name(*call)?.ends_with("write") {
                text.push('\n');
            }
        }
        (!calls.is_empty()).then_some(text)
    }

    /// `print('…', file=f)` of Python.
    fn prints_to(&self, call: usize, name: &str) -> bool {
        let file = self.reader.arguments(call).named("file");
        file.is_some_and(|part| self.index.name(part.from) == Some(name))
    }

    /// `print('…', file=open(path, 'a'))` of Python.
    fn printed_into(&self, at: usize) -> Option<String> {
        let open = self.index.around(at)?;
        let call = open.checked_sub(1)?;
        if self.language != Language::Python || self.index.name(call) != Some("print") {
            return None;
        }
        let part = *self.reader.arguments(call).positional.first()?;
        let values = self.reader.read(part, When::at(call));
        values.first()?.text().map(str::to_owned)
    }

    fn add(&mut self, path: Option<String>, content: Option<String>, span: Span) {
        let Some(path) = path.filter(|path| !path.contains(HOLE) && !path.is_empty()) else {
            return;
        };
        let text = added(&path, content.as_deref());
        self.step(text, span, Kind::Adds(path));
    }

    pub(super) fn write(&mut self, path: Option<String>, content: Option<String>, span: Span) {
        let Some(path) = path.filter(|path| !path.contains(HOLE) && !path.is_empty()) else {
            return;
        };
        let text = written(&path, content.as_deref());
        self.step(text, span, Kind::Writes(path));
    }

    fn step(&mut self, text: String, span: Span, kind: Kind) {
        self.does(Step { text, span, kind });
    }

    /// A call that deletes files or a tree.
    pub(super) fn deletes(&mut self, name: &str, span: Span, at: usize) {
        let arguments = self.reader.arguments(at);
        let plays = |name: &&str| {
            let given = arguments.named(name);
            let said = given.map(|part| self.index.name(part.from).unwrap_or_default());
            // What is not known may be false.
            matches!(said, Some("true" | "True"))
                || given.is_some_and(|part| self.reader.holds(part))
        };
        if ["noop", "dry_run", "dryRun"].iter().any(plays) || self.only_plays(name, at) {
            return;
        }
        let when = When::at(at);
        let receiver = || self.reader.receiver(at, when);
        let words = matches!(self.language, Language::Perl | Language::Ruby);
        let mut values: Values = match arguments.positional.as_slice() {
            [] if self.language == Language::Perl => self.reader.resolve("$_", when),
            [] => receiver(),
            [first, ..] if !words => self.reader.read(*first, when),
            all => all
                .iter()
                .flat_map(|part| self.reader.read(*part, when))
                .collect(),
        };
        if name.starts_with('.')
            && !arguments.positional.is_empty()
            && values.iter().all(Value::is_unknown)
        {
            values = receiver();
        }
        let files = FILES.contains(&name)
            || matches!(
                name.rsplit('.').next(),
                Some("unlinkSync" | "unlink" | "remove_file" | "Remove")
            );
        let tree = arguments.named("recursive").is_some();
        let flags = if files && !tree { "-f" } else { "-rf" };
        // Without the option it fails where the folder holds something.
        let last = name.rsplit('.').next().unwrap_or(name);
        let empty = matches!(last, "rmdirSync" | "rmdir")
            && self.language == Language::Javascript
            && arguments.positional.len() == 1
            && !tree;
        let patterns = ["del", "rimraf"].iter().any(|head| name.starts_with(head));
        // R reads `~` as the home of the user, wherever a file is named.
        let of_r = matches!(last, "remove" | "file_delete" | "dir_delete") && name != "os.remove"
            || name == "unlink";
        for value in Reader::opened(values) {
            let text = value.text().unwrap_or_default();
            let home = (of_r && self.language == Language::Python).then(|| expanded(text));
            let text = home.as_deref().unwrap_or(text);
            if patterns && text.starts_with('!') {
                continue;
            }
            if patterns {
                self.delete(&starred(text), flags, span);
            } else if empty {
                self.run(&format!("rmdir -- {}", word(text)), span);
            } else {
                self.delete(text, flags, span);
            }
        }
    }

    pub(super) fn delete(&mut self, path: &str, flags: &str, span: Span) {
        if path.starts_with(FRESH) || self.is_made(path) {
            return;
        }
        let anew = |step: &Step| matches!(&step.kind, Kind::Writes(file) if file == path);
        if flags == "-f" && self.standing.inline && self.deeds.steps.iter().rev().take(50).any(anew)
        {
            return;
        }
        // A file that some loop gives, in a folder of its own making.
        let head = path.split(HOLE).next().unwrap_or_default();
        if path.is_empty() || path.contains(HOLE) && head.trim_matches(['.', '/']).is_empty() {
            let tail = path.rsplit('/').next().unwrap_or_default();
            let tail =
                (!tail.contains([HOLE, STAR]) && path.contains('/')).then(|| tail.to_owned());
            // Byte code comes back by itself.
            if self.language != Language::Perl || !self.mentions.has(&["/__pycache__/"]) {
                self.deeds.unknown.push((span, tail));
            }
            return;
        }
        let flags = if path.contains(STAR) { "-rf" } else { flags };
        let deep = path.contains(&format!("{STAR}{STAR}/"));
        let option = if deep { "shopt -s globstar; " } else { "" };
        self.run(&format!("{option}rm {flags} -- {}", word(path)), span);
    }

    /// Reads calls that are read in a way of their own.
    pub(super) fn special(&mut self, name: &str, span: Span, at: usize) -> bool {
        match name {
            "require" | "__import__" => self.required(span, at),
            "array_map" | "array_walk" => self.mapped(span, at),
            ".execute" if self.language == Language::Groovy => {
                if let Some(before) = at.checked_sub(1).filter(|at| self.index.is_text(*at)) {
                    self.shell_text(before, span);
                }
            }
            "shelljs.rm" | "shell.rm" => self.shelljs(span, at),
            _ => return self.asks_redis(name, span, at),
        }
        true
    }

    /// `client.sendCommand(['FLUSHALL'])`, `r.execute_command('FLUSHALL')`, `r.eval(LUA, 0)`.
    fn asks_redis(&mut self, name: &str, span: Span, at: usize) -> bool {
        let last = name.rsplit('.').next().unwrap_or(name);
        let asks = matches!(
            last,
            "sendCommand" | "execute_command" | "send_command" | "call" | "eval"
        );
        let other = SHELLS.contains(&name) || !name.contains('.');
        if !asks || other || !self.mentions.has(&["redis", "Redis"]) {
            return false;
        }
        let arguments = self.reader.arguments(at);
        let mut words = vec!["redis-cli".to_owned()];
        if last == "eval" {
            words.push("EVAL".to_owned());
        }
        for part in &arguments.positional {
            let values = self.reader.read(*part, When::at(at));
            words.extend(
                values
                    .iter()
                    .take(1)
                    .flat_map(Value::texts)
                    .map(|text| word(&text)),
            );
        }
        if words.len() > 1 {
            self.run(&words.join(" "), span);
        }
        true
    }

    /// `shelljs.rm('-rf', 'data')` is the shell's own.
    fn shelljs(&mut self, span: Span, at: usize) {
        let arguments = self.reader.arguments(at);
        let mut words = vec!["rm".to_owned()];
        for part in &arguments.positional {
            for value in self.reader.read(*part, When::at(at)) {
                let texts = value.texts();
                words.extend(texts.iter().map(|text| word(&starred(text))));
            }
        }
        self.run(&words.join(" "), span);
    }

    /// `require('rimraf').sync('x')` is `rimraf.sync('x')`, and `require('rimraf')('x')` is `rimraf('x')`.
    fn required(&mut self, span: Span, at: usize) {
        let Some(Token::Text { text, .. }) = self.index.token(at + 2) else {
            return;
        };
        if !self.index.is_sign(at + 1, '(') || !self.index.is_sign(at + 3, ')') {
            return;
        }
        let module = match text.strip_prefix("node:").unwrap_or(text) {
            "fs-extra" => "fse".to_owned(),
            module => module.replace('/', "."),
        };
        let next = at + 4;
        match self.index.token(next) {
            Some(Token::Name { name, .. }) if module == "shelljs" && name == ".rm" => {
                self.shelljs(span, next);
            }
            Some(Token::Name { name, .. }) if name.starts_with('.') => {
                let full = format!("{module}{name}");
                let known = is_one_of(&TREES, &full) || is_one_of(&FILES, &full);
                let starts = SHELLS.contains(&full.as_str());
                let writes = [
                    &WRITES[..],
                    &MOVES[..],
                    &ADDS[..],
                    &COPIES[..],
                    &EMPTIES[..],
                ]
                .iter()
                .any(|all| all.contains(&full.as_str()));
                // Others are found at the name itself.
                let own = name.as_str();
                if starts && !SHELLS.contains(&own) || known && !TREES.contains(&own) || writes {
                    self.call(&full, span.start, next);
                }
            }
            Some(Token::Sign('(')) if matches!(module.as_str(), "rimraf" | "del") => {
                self.call("rimraf", span.start, at + 3);
            }
            _ => {}
        }
    }

    /// `array_map('unlink', glob('uploads/*'))`.
    fn mapped(&mut self, span: Span, at: usize) {
        let arguments = self.reader.arguments(at);
        let (Some(what), Some(part)) = (arguments.positional.first(), arguments.positional.get(1))
        else {
            return;
        };
        let when = When::at(at);
        let called = self.reader.read(*what, when);
        if called
            .iter()
            .filter_map(Value::text)
            .any(|name| matches!(name, "unlink" | "rmdir"))
        {
            for value in Reader::opened(self.reader.read(*part, when)) {
                self.delete(value.text().unwrap_or_default(), "-f", span);
            }
        }
    }
}

/// `Path(x).open('w')`.
fn method_opens(name: &str, last: &str) -> bool {
    last == "open" && name.contains('.') && !name.starts_with("os.")
}
