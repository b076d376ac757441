//! What calls make: paths put together, temporary places, lists of files, strings from formats.
//! It knows functions of standard libraries by name, and functions of the code by what they return.

use base64::Engine as _;

use crate::sql::HOLE;

use super::super::index::{Function, Part};
use super::super::tokens::Language;
use super::joined::joined;
use super::{
    FRESH, HOME, Joint, MAX_DEPTH, MAX_READINGS, Reader, STAR, Value, Values, When, spelled,
};

/// Calls that put a path together, or hand on what they are given.
const JOINS: [&str; 40] = [
    "os.path.join",
    "path.join",
    "path.resolve",
    "path.posix.join",
    "path.normalize",
    "posixpath.join",
    "File.join",
    "File.expand_path",
    "filepath.Join",
    "filepath.Clean",
    "filepath.Abs",
    "Path",
    "PurePath",
    "PosixPath",
    "pathlib.Path",
    "Path.of",
    "Path.new",
    "PathBuf.from",
    "Paths.get",
    "File",
    "Pathname",
    "Pathname.new",
    "File.new",
    "os.path.abspath",
    "os.path.realpath",
    "os.path.normpath",
    "os.path.expanduser",
    "os.path.expandvars",
    "realpath",
    "resolve",
    "join",
    "fileURLToPath",
    "URL",
    "os.fspath",
    "catfile",
    "File.Spec.catfile",
    "File.Spec.catdir",
    "catdir",
    "file",
    "fs.realpathSync",
];
/// Calls that give back what they are given.
const SAME: [&str; 45] = [
    "shQuote",
    "str",
    "String",
    "bytes",
    "list",
    "sorted",
    "set",
    "tuple",
    "reversed",
    "iter",
    "shlex.quote",
    "shlex.split",
    "Shellwords.escape",
    "Shellwords.split",
    "escapeshellarg",
    "escapeshellcmd",
    "quote",
    "text",
    "SQL",
    "sql.SQL",
    "sa.text",
    "sqlalchemy.text",
    "Arel.sql",
    "DB.raw",
    "db.raw",
    "knex.raw",
    "dedent",
    "textwrap.dedent",
    "inspect.cleandoc",
    "String.raw",
    "Buffer.from",
    "Array.from",
    "Set",
    "array_filter",
    "array_values",
    "trim",
    "strings.NewReader",
    "strings.TrimSpace",
    "bytes.NewBufferString",
    "io.StringIO",
    "StringIO",
    "StringIO.new",
    "String.from",
    "CString.new",
    "sort",
];
/// Calls whose arguments are the list that they give.
const LISTS: [&str; 10] = [
    "c",
    "List.of",
    "Arrays.asList",
    "listOf",
    "Set.of",
    "Stream.of",
    "vec",
    "Array",
    "array",
    "arrayOf",
];
/// Calls that make a fresh temporary file or folder.
const FRESHES: [&str; 34] = [
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
    "tempfile.mktemp",
    "tempfile.TemporaryDirectory",
    "tempfile.NamedTemporaryFile",
    "mkdtemp",
    "mkstemp",
    "TemporaryDirectory",
    "NamedTemporaryFile",
    "fs.mkdtempSync",
    "fs.mkdtemp",
    "fs.promises.mkdtemp",
    "mkdtempSync",
    "Dir.mktmpdir",
    "Tempfile.new",
    "Tempfile.create",
    "tempnam",
    "os.tmpname",
    "tmpfile",
    "tempdir",
    "File.Temp.tempdir",
    "os.MkdirTemp",
    "os.CreateTemp",
    "ioutil.TempDir",
    "ioutil.TempFile",
    "Deno.makeTempDir",
    "Deno.makeTempDirSync",
    "Deno.makeTempFile",
    "Files.createTempDirectory",
    "Files.createTempFile",
    "File.createTempFile",
    "File.createTempDir",
    "tmp.dirSync",
    "mktempdir",
];
/// Calls that name the temporary directory.
const TEMPORARY: [&str; 11] = [
    "tempfile.gettempdir",
    "gettempdir",
    "os.tmpdir",
    "tmpdir",
    "Dir.tmpdir",
    "sys_get_temp_dir",
    "os.TempDir",
    "env.temp_dir",
    "std.env.temp_dir",
    "temp_dir",
    "File.Spec.tmpdir",
];
/// Calls that name the working directory.
const HERE: [&str; 10] = [
    "os.getcwd",
    "Path.cwd",
    "pathlib.Path.cwd",
    "process.cwd",
    "Dir.pwd",
    "getcwd",
    "os.Getwd",
    "Deno.cwd",
    "env.current_dir",
    "cwd",
];
const HOMES: [&str; 7] = [
    "Path.home",
    "pathlib.Path.home",
    "os.homedir",
    "homedir",
    "Dir.home",
    "os.UserHomeDir",
    "Deno.homeDir",
];
/// Calls that look for files by a pattern.
const GLOBS: [&str; 12] = [
    "glob.glob",
    "glob.iglob",
    "glob",
    "iglob",
    "Dir.glob",
    "fg.sync",
    "glob.sync",
    "globSync",
    "fast-glob",
    "filepath.Glob",
    "fg",
    "fs.globSync",
];
/// Calls that list the names in a folder.
const NAMES: [&str; 14] = [
    "Deno.readDir",
    "Deno.readDirSync",
    "os.listdir",
    "listdir",
    "fs.readdirSync",
    "fs.readdir",
    "fs.promises.readdir",
    "readdirSync",
    "readdir",
    "scandir",
    "Dir.children",
    "Dir.entries",
    "os.ReadDir",
    "ioutil.ReadDir",
];
/// Calls that list the files in a folder with their paths.
const ENTRIES: [&str; 8] = [
    "os.scandir",
    "Files.list",
    "Files.newDirectoryStream",
    "RecursiveDirectoryIterator",
    "DirectoryIterator",
    "FilesystemIterator",
    "Dir.each_child",
    "fs.read_dir",
];
/// Calls that fill in a format.
const FORMATS: [&str; 9] = [
    "fmt.Sprintf",
    "string.format",
    "sprintf",
    "String.format",
    "util.format",
    "format",
    "format!",
    "Kernel.format",
    "printf",
];

/// Calls that read, or open, a file whose name comes first.
const READS: [&str; 19] = [
    "open",
    "io.open",
    "codecs.open",
    "File.open",
    "File.read",
    "File.readlines",
    "IO.read",
    "file_get_contents",
    "fs.readFileSync",
    "fs.promises.readFile",
    "fsPromises.readFile",
    "fs.readFile",
    "readFileSync",
    "readFile",
    "Deno.readTextFileSync",
    "Deno.readTextFile",
    "Bun.file",
    "os.ReadFile",
    "Files.readString",
];

/// Tells whether a call reads, or opens, the file that comes first.
pub(super) fn reads(name: &str) -> bool {
    READS.contains(&name)
}

impl Reader<'_> {
    /// Returns what the call itself has written into a file before it started the code.
    pub(super) fn file(&self, name: &str) -> Option<&str> {
        let plain = name.strip_prefix("./").unwrap_or(name);
        let known = |one: &&(String, String)| one.0 == plain;
        if let Some(setting) = self.setting(name) {
            return Some(&setting.text);
        }
        let found = self.standing.files.iter().rev().find(known);
        found.map(|(_, text)| text.as_str())
    }

    /// Returns what a call gives back.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each family of calls, read as a table"
    )]
    pub(super) fn call(&self, name: &str, inside: Part, at: usize, when: When) -> Values {
        if let Some(values) = self.fetched(name, inside, when) {
            return values;
        }
        if self.is_spent() {
            return vec![Value::unknown()];
        }
        let plain = name.strip_prefix("java.nio.file.").unwrap_or(name);
        if let Some(function) = self.index.function_named(plain) {
            return self.returned(function, when);
        }
        let last = plain.rsplit('.').next().unwrap_or(plain);
        let two = plain
            .rmatch_indices('.')
            .nth(1)
            .map_or(plain, |(at, _)| plain.get(at + 1..).unwrap_or(plain));
        let has = |list: &[&str]| list.contains(&plain) || list.contains(&two);
        if let Some(value) = place(plain).or_else(|| place(two)) {
            return vec![value];
        }
        if let Some(values) = self.loaded(plain, inside, at, when) {
            return values;
        }
        let first = || self.first(inside, when);
        if matches!(
            last,
            "b64decode" | "decode64" | "strict_decode64" | "atob" | "base64_decode"
        ) {
            return each(first(), decoded);
        }
        if has(&READS) {
            let known = first().iter().find_map(|name| self.file(&spelled(name)));
            if let Some(text) = known {
                return vec![Value::Text(text.to_owned())];
            }
        }
        if has(&SAME) {
            return first();
        }
        if plain == "map"
            && self.index.language == Language::Python
            && let [maker, list] = self.index.split(inside, ',').as_slice()
        {
            return self.made_each(*maker, *list, when);
        }
        if has(&LISTS) {
            return self.list(inside, when);
        }
        if has(&GLOBS) {
            return each(first(), |path| {
                Value::List(vec![Value::Text(starred(path))])
            });
        }
        if has(&NAMES) {
            return vec![Value::List(vec![Value::Text(STAR.to_string())])];
        }
        if has(&ENTRIES) {
            return each(first(), |folder| {
                let path = path(&[folder.to_owned(), STAR.to_string()]);
                Value::List(vec![Value::Text(path)])
            });
        }
        if matches!(plain, "os.walk" | "walk") {
            return each(first(), walked);
        }
        if matches!(
            plain,
            "Files.walk" | "RecursiveIteratorIterator" | "WalkDir.new" | "Find.find"
        ) {
            return first()
                .into_iter()
                .map(|value| match value {
                    list @ (Value::List(_) | Value::Map(_)) => list,
                    Value::Text(root) => {
                        let all = path(&[root, STAR.to_string()]);
                        Value::List(vec![Value::Text(all)])
                    }
                })
                .collect();
        }
        if has(&FORMATS) || last == "format" && plain == "format" {
            return self.sprintf(inside, when);
        }
        if matches!(plain, "paste0" | "string" | "paste") {
            let between = if plain == "paste" { " " } else { "" };
            let mut all: Option<Values> = None;
            for part in self.index.split(inside, ',') {
                let next = self.read(part, when);
                all = Some(match all {
                    Some(before) => {
                        let glue = vec![Value::Text(between.to_owned())];
                        joined(joined(before, &glue, Joint::Plus), &next, Joint::Plus)
                    }
                    None => next,
                });
            }
            return all.unwrap_or_else(|| vec![Value::unknown()]);
        }
        if plain == "File.expand_path"
            && let [name, folder] = self.index.split(inside, ',').as_slice()
        {
            let folder = self.read(*folder, when);
            return joined(folder, &self.read(*name, when), Joint::Slash);
        }
        if has(&JOINS) {
            return self.joined_path(inside, when);
        }
        if matches!(
            plain,
            "os.path.dirname" | "path.dirname" | "dirname" | "File.dirname" | "filepath.Dir"
        ) {
            return each(first(), |path| Value::Text(parent(path)));
        }
        if matches!(
            plain,
            "os.path.basename" | "path.basename" | "basename" | "File.basename"
        ) {
            return each(first(), |path| Value::Text(base(path).to_owned()));
        }
        if matches!(
            plain,
            "os.environ.get" | "os.getenv" | "ENV.fetch" | "getenv"
        ) {
            let named = self.index.split(inside, ',').first().copied();
            if let Some(text) = named.and_then(|part| self.variable(part)) {
                return vec![Value::Text(text)];
            }
            let mut all = vec![Value::unknown()];
            if let Some(default) = self.index.split(inside, ',').get(1) {
                all.extend(self.read(*default, when));
            }
            return all;
        }
        if matches!(
            plain,
            "implode" | "shlex.join" | "strings.Join" | "table.concat"
        ) {
            return self.imploded(plain, inside, when);
        }
        if let Some((owner, method)) = name.rsplit_once('.').filter(|(owner, _)| !owner.is_empty())
        {
            let of = if owner == "Object" {
                self.index.name(inside.from).unwrap_or_default()
            } else {
                owner
            };
            if let Some(list) = self.listed(of, method, When { at, ..when }) {
                return vec![list];
            }
            let at = When { at, ..when };
            let values = self.resolve(owner, at);
            return self.method(&values, method, Some(inside), when);
        }
        vec![Value::unknown()]
    }

    fn first(&self, inside: Part, when: When) -> Values {
        match self.index.split(inside, ',').first() {
            Some(part) => self.read(*part, when),
            None => vec![Value::unknown()],
        }
    }

    /// What a function of the code returns.
    fn returned(&self, function: &Function, when: When) -> Values {
        const RETURNS: usize = 64;
        let Some(body) = function.body.filter(|_| when.depth() < MAX_DEPTH) else {
            return vec![Value::unknown()];
        };
        let mut all = Vec::new();
        let returns = (body.from..body.to).filter(|at| self.index.name(*at) == Some("return"));
        for at in returns.take(RETURNS) {
            let part = self.index.expression(at + 1);
            all.extend(self.read(part, when.moved(at)));
        }
        if all.is_empty() && !self.index.is_sign(body.from, '{') && body.to - body.from < 60 {
            // `x => x + 1`, `lambda x: x`.
            all.extend(self.read(body, when.moved(body.from)));
        }
        all.truncate(MAX_READINGS + 1);
        if all.is_empty() {
            all.push(Value::unknown());
        }
        all
    }

    fn joined_path(&self, inside: Part, when: When) -> Values {
        let parts = self.index.split(inside, ',');
        let mut all: Vec<Vec<String>> = vec![Vec::new()];
        for part in parts {
            if part.from + 1 < part.to
                && self.index.name(part.from).is_some()
                && self.index.is_sign(part.from + 1, '=')
            {
                continue;
            }
            let values = self.read(part, when);
            let mut next = Vec::new();
            for one in &all {
                for value in &values {
                    let more = match value {
                        Value::Text(text) => vec![text.clone()],
                        Value::List(_) | Value::Map(_) => value.texts(),
                    };
                    // `new URL('../data', import.meta.url)`.
                    let base = more.iter().find_map(|text| text.strip_suffix("/code"));
                    if let Some(base) = base.filter(|_| !one.is_empty()) {
                        next.push(based(base, one));
                    } else {
                        next.push(one.iter().cloned().chain(more).collect());
                    }
                }
            }
            next.truncate(MAX_READINGS + 1);
            all = next;
        }
        all.into_iter()
            .map(|parts| Value::Text(expanded(&path(&parts))))
            .collect()
    }

    fn sprintf(&self, inside: Part, when: When) -> Values {
        let mut parts = self.index.split(inside, ',').into_iter();
        let Some(first) = parts.next() else {
            return vec![Value::unknown()];
        };
        let arguments: Vec<String> = parts
            .map(|part| {
                self.read(part, when)
                    .first()
                    .map_or_else(String::new, spelled)
            })
            .collect();
        each(self.read(first, when), |text| {
            Value::Text(formatted(text, &arguments))
        })
    }

    /// `implode(';', $x)`, `strings.Join(x, ";")`.
    fn imploded(&self, name: &str, inside: Part, when: When) -> Values {
        let parts = self.index.split(inside, ',');
        let values: Vec<Values> = parts.iter().map(|part| self.read(*part, when)).collect();
        let text = |at: usize| values.get(at).and_then(|all| all.first()).map(spelled);
        let (glue, list) = match name {
            "implode" => (text(0), values.get(1)),
            "strings.Join" | "table.concat" => (text(1), values.first()),
            _ => (Some(" ".to_owned()), values.first()),
        };
        let glue = glue.unwrap_or_default();
        list.into_iter()
            .flatten()
            .map(|value| Value::Text(value.texts().join(&glue)))
            .collect()
    }

    /// Tells whether a language puts a method's own list together: `list.join(' ')`.
    pub(super) const fn joins_lists(&self) -> bool {
        !matches!(self.index.language, Language::Python)
    }
}

fn decoded(text: &str) -> Value {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
    match bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => Value::Text(text),
        None => Value::unknown(),
    }
}

/// Returns the place that a call names without being told.
pub(super) fn place(name: &str) -> Option<Value> {
    let text = if FRESHES.contains(&name) {
        FRESH.to_owned()
    } else if TEMPORARY.contains(&name) {
        "/tmp".to_owned()
    } else if HERE.contains(&name) {
        ".".to_owned()
    } else if HOMES.contains(&name) {
        HOME.to_string()
    } else {
        return None;
    };
    Some(Value::Text(text))
}

/// Returns each text changed; what is no text is unknown.
pub(super) fn each(values: Values, change: impl Fn(&str) -> Value) -> Values {
    values
        .into_iter()
        .map(|value| match value {
            Value::Text(text) => change(&text),
            Value::List(_) | Value::Map(_) => Value::unknown(),
        })
        .collect()
}

/// Root, folders and files of a walk through a tree.
fn walked(root: &str) -> Value {
    let names = || Value::List(vec![Value::Text(STAR.to_string())]);
    Value::List(vec![Value::List(vec![
        Value::Text(root.to_owned()),
        names(),
        names(),
    ])])
}

/// Puts parts of a path together; one that begins at the root begins anew.
pub(super) fn path(parts: &[String]) -> String {
    let mut all = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let part = part.strip_prefix("./").unwrap_or(part);
        if all.is_empty() || part.starts_with('/') || part.starts_with(HOME) {
            part.clone_into(&mut all);
            continue;
        }
        if part != "." {
            if !all.ends_with('/') {
                all.push('/');
            }
            all.push_str(part);
        }
    }
    match all.strip_prefix("./") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => all,
    }
}

/// Writes `~` out as the home of the user.
pub(in crate::classify::code) fn expanded(path: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{HOME}{rest}"),
        _ => path.to_owned(),
    }
}

pub(super) fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        _ if path == ".." || path.ends_with("/..") => format!("{path}/.."),
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None if path == "." => "..".to_owned(),
        None => ".".to_owned(),
    }
}

/// Names from the folder of the code on; a whole address, or a place from the root on, stays what it is.
fn based(folder: &str, names: &[String]) -> Vec<String> {
    let whole = names
        .first()
        .is_none_or(|first| first.starts_with('/') || first.contains("://"));
    match whole || folder.is_empty() {
        true => names.to_vec(),
        false => std::iter::once(folder.to_owned())
            .chain(names.iter().cloned())
            .collect(),
    }
}

pub(super) fn base(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// Returns a file pattern with its signs alive.
pub(in super::super) fn starred(text: &str) -> String {
    let mut all = String::new();
    let mut class = false;
    let mut braces = 0_usize;
    for char in text.chars() {
        match char {
            // One of several texts.
            '{' => braces += 1,
            '}' if braces > 0 => {
                braces -= 1;
                if braces == 0 {
                    all.push(STAR);
                }
            }
            _ if braces > 0 => {}
            '[' => class = true,
            ']' if class => {
                class = false;
                all.push(STAR);
            }
            _ if class => {}
            '*' | '?' if ends_deep(&all) => {}
            // Two of them are any depth where they stand alone.
            '*' if all.ends_with(STAR) => all.push(STAR),
            '?' if all.ends_with(STAR) => {}
            '*' | '?' => all.push(STAR),
            '}' => all.push(STAR),
            other => all.push(other),
        }
    }
    if class || braces > 0 {
        all.push(STAR);
    }
    all
}

fn ends_deep(text: &str) -> bool {
    let mut last = text.chars().rev();
    last.next() == Some(STAR) && last.next() == Some(STAR)
}

/// Fills `%s`, `{}` and `{name}` of a format.
pub(super) fn formatted(text: &str, arguments: &[String]) -> String {
    let mut all = String::new();
    let mut arguments = arguments.iter();
    let mut next = || {
        arguments
            .next()
            .cloned()
            .unwrap_or_else(|| HOLE.to_string())
    };
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '%' => match chars.peek() {
                Some('%') => {
                    chars.next();
                    all.push('%');
                }
                Some('s' | 'd' | 'v' | 'q' | 'i' | 'r' | '@') => {
                    chars.next();
                    all.push_str(&next());
                }
                _ => all.push('%'),
            },
            '{' => {
                if chars.peek() == Some(&'{') {
                    chars.next();
                    all.push('{');
                    continue;
                }
                let inside: String = chars.by_ref().take_while(|char| *char != '}').collect();
                let positional = inside.chars().all(|char| char.is_ascii_digit());
                if positional {
                    all.push_str(&next());
                } else {
                    all.push(HOLE);
                }
            }
            '}' => {
                if chars.peek() == Some(&'}') {
                    chars.next();
                }
                all.push('}');
            }
            other => all.push(other),
        }
    }
    all
}
