//! Calls behind which nothing real stands: functions that a test has replaced, clouds that are played, stores in memory.
//! A replacement counts only where the call looks the function up anew, and only inside of it.

use super::index::{Index, Part};
use super::tokens::{Language, Token};
use super::values::Reader;

/// What is played in a code.
#[derive(Debug, Default)]
pub(super) struct Unreal {
    /// Functions by their full names, and where they are replaced.
    patched: Vec<(Part, String)>,
    /// Functions that are replaced from a place on, as long as its block goes on.
    since: Vec<(usize, String)>,
    /// Modules of JavaScript that are replaced as a whole: `jest.mock('fs')`.
    modules: Vec<String>,
    /// Where the cloud of AWS is played.
    clouds: Vec<Part>,
    /// Where the file system is played.
    files: Vec<Part>,
    /// The file system is that of memfs, and no other one is loaded.
    in_memory: bool,
}

/// Replacements that are looked for.
const MAX_PARTS: usize = 60;

impl Unreal {
    /// Reads what a code replaces.
    pub fn of(reader: &Reader<'_>, text: &str) -> Self {
        let mut all = Self::default();
        if text.contains("patch") && reader.index.language == Language::Python {
            all.patches(reader, text);
        }
        if [
            "setattr(",
            "mocker.patch",
            "spyOn(",
            "mock.method(",
            "stub(",
            "mock(",
        ]
        .iter()
        .any(|word| text.contains(word))
        {
            all.replacements(reader, text);
        }
        if text.contains("moto") && text.contains("mock_") {
            all.played(reader, text);
        }
        all.in_memory = text.contains("memfs") && takes_memfs(reader.index);
        if text.contains("pyfakefs") || text.contains("fakefs") {
            all.played_files(reader, text);
        }
        all
    }

    /// Tells whether the function that is called here is a replacement.
    pub fn is_replaced(&self, reader: &Reader<'_>, at: usize) -> bool {
        let Some(name) = reader.index.name(at) else {
            return false;
        };
        let full = reader.full(name);
        let root = full.split('.').next().unwrap_or_default();
        if self.in_memory && (root == "fs" || is_of_files(name)) {
            return true;
        }
        let files = ["os", "shutil", "FileUtils", "File", "Dir"].contains(&root);
        if files && !starts_programs(&full) && covers(&self.files, at) {
            return true;
        }
        // A name that was imported from a replaced module is replaced as well.
        if full.contains('.') && self.modules.iter().any(|module| module == root) {
            return true;
        }
        if !name.contains('.') || name.starts_with('.') {
            return false;
        }
        let inside = |part: &Part| (part.from..part.to).contains(&at);
        let index = reader.index;
        let since = |one: &(usize, String)| {
            one.1 == full && index.comes_behind(one.0, at) && !is_restored(index, one.0, at)
        };
        self.patched
            .iter()
            .any(|(part, target)| inside(part) && *target == full)
            || self.since.iter().any(since) && !is_kept(reader, &full)
            || is_given_anew(reader, name, at)
    }

    /// Tells whether a call of AWS at this place is played.
    pub fn is_played(&self, at: usize) -> bool {
        covers(&self.clouds, at)
    }

    /// `with Patcher() as p:` of pyfakefs, `FakeFS do … end`: files are kept in memory there.
    fn played_files(&mut self, reader: &Reader<'_>, text: &str) {
        const REAL: [&str; 6] = [
            "pause",
            "Pause",
            "without",
            "deactivate",
            "resume",
            "real_fs",
        ];
        let index = reader.index;
        if REAL.iter().any(|word| text.contains(word)) {
            return;
        }
        for at in 0..index.main_end() {
            let part = match (index.language, index.name(at)) {
                (Language::Python, Some("Patcher")) => reach(reader, text, at),
                (Language::Ruby, Some("FakeFS")) if index.name(at + 1) == Some("do") => {
                    let end = (at..index.main_end()).find(|at| index.name(*at) == Some("end"));
                    end.map(|end| Part::new(at, end))
                }
                (Language::Ruby, Some("FakeFS")) => index.inside(at + 1),
                _ => None,
            };
            if self.files.len() < MAX_PARTS {
                self.files.extend(part);
            }
        }
    }

    /// `with mock.patch("shutil.rmtree"):`, `@patch("os.remove")`.
    fn patches(&mut self, reader: &Reader<'_>, text: &str) {
        let index = reader.index;
        for at in 0..index.main_end() {
            if self.patched.len() >= MAX_PARTS {
                return;
            }
            let Some(name) = index.name(at) else { continue };
            let known = matches!(
                name.trim_start_matches('@'),
                "patch"
                    | "mock.patch"
                    | "unittest.mock.patch"
                    | "patch.object"
                    | "mock.patch.object"
                    | "unittest.mock.patch.object"
            );
            if let Some(target) = known.then(|| patched(reader, name, at)).flatten()
                && let Some(part) = reach(reader, text, at)
            {
                self.patched.push((part, target));
            }
        }
    }

    /// `monkeypatch.setattr(shutil, "rmtree", …)`, `mocker.patch("os.remove")`, `jest.spyOn(fs, 'rmSync').mockImplementation(…)`, `jest.mock('fs')`.
    fn replacements(&mut self, reader: &Reader<'_>, text: &str) {
        const REAL: [&str; 5] = [
            "importActual",
            "requireActual",
            "importOriginal",
            "unmock",
            "callThrough",
        ];
        let index = reader.index;
        if REAL.iter().any(|word| text.contains(word)) {
            return;
        }
        for at in 0..index.main_end() {
            let Some(name) = index.name(at).filter(|_| index.is_sign(at + 1, '(')) else {
                continue;
            };
            if self.since.len() >= MAX_PARTS {
                return;
            }
            if matches!(name, "jest.mock" | "vi.mock")
                && index.around(at).is_none()
                && index.is_plain(at)
            {
                let module = index.token(at + 2);
                if let Some(Token::Text { text, .. }) = module {
                    self.modules
                        .push(text.trim_start_matches("node:").to_owned());
                }
            } else if let Some(target) = replaced(reader, name, at) {
                self.since.push((at, target));
            }
        }
    }

    /// `with mock_aws():`, `@mock_aws`.
    fn played(&mut self, reader: &Reader<'_>, text: &str) {
        const OTHERS: [&str; 18] = [
            "sqlite3",
            "sqlalchemy",
            "django",
            "models",
            "mysql",
            "MySQL",
            "oracle",
            "asyncpg",
            "peewee",
            "tortoise",
            "google.cloud",
            "azure",
            "kubernetes",
            "redis",
            "pymongo",
            "psycopg",
            "passthrough",
            "docker",
        ];
        let index = reader.index;
        if OTHERS.iter().any(|word| text.contains(word)) {
            return;
        }
        for at in 0..index.main_end() {
            let name = index.name(at).unwrap_or_default();
            let last = name
                .trim_start_matches('@')
                .rsplit('.')
                .next()
                .unwrap_or_default();
            if last.starts_with("mock_") && self.clouds.len() < MAX_PARTS {
                self.clouds.extend(reach(reader, text, at));
            }
        }
        // A client that is made outside reaches the real cloud.
        let outside = (0..index.main_end()).any(|at| {
            let made = index
                .name(at)
                .is_some_and(|name| name.starts_with("boto3.") || name.starts_with("aioboto"));
            made && index.is_sign(at + 1, '(') && !self.is_played(at)
        });
        if outside {
            self.clouds.clear();
        }
    }
}

fn covers(parts: &[Part], at: usize) -> bool {
    parts.iter().any(|part| (part.from..part.to).contains(&at))
}

/// `const { fs } = require('memfs')`, `import { Volume } from 'memfs'`: with nothing else that could be the file system.
fn takes_memfs(index: &Index) -> bool {
    let text = |at: usize| match index.token(at) {
        Some(Token::Text { text, .. }) => Some(text.as_str()),
        _ => None,
    };
    let other = |text: &str| {
        let bare = text.trim_start_matches("node:");
        bare == "fs" || bare.starts_with("fs/") || bare.starts_with("fs-") || bare == "graceful-fs"
    };
    let loads = (0..index.tokens.len()).filter_map(text);
    if index.language != Language::Javascript || loads.into_iter().any(other) {
        return false;
    }
    (0..index.main_end()).any(|at| {
        if text(at) != Some("memfs") {
            return false;
        }
        let required = at >= 4
            && index.is_sign(at - 1, '(')
            && index.name(at - 2) == Some("require")
            && index.is_sign(at - 3, '=');
        let imported = at >= 2 && index.name(at - 1) == Some("from");
        required || imported
    })
}

/// Tells whether a method goes by the name of one of the file system's.
fn is_of_files(name: &str) -> bool {
    const METHODS: [&str; 6] = [
        "rmSync",
        "rmdirSync",
        "unlinkSync",
        "truncateSync",
        "writeFileSync",
        "renameSync",
    ];
    let last = name.rsplit('.').next().unwrap_or(name);
    name.contains('.') && METHODS.contains(&last)
}

/// Tells whether a function starts programs: those see the real files.
fn starts_programs(full: &str) -> bool {
    let last = full.rsplit('.').next().unwrap_or(full);
    ["system", "popen", "exec", "spawn", "startfile", "posix"]
        .iter()
        .any(|front| last.starts_with(front))
}

/// Returns the function that a `patch` replaces, where nothing real is put in its place.
fn patched(reader: &Reader<'_>, name: &str, at: usize) -> Option<String> {
    let index = reader.index;
    let inside = index
        .inside(at + 1)
        .filter(|_| index.is_sign(at + 1, '('))?;
    let mut parts = index.split(inside, ',').into_iter();
    let text = |part: Part| match index.token(part.from)? {
        Token::Text { text, holes, .. } if part.to == part.from + 1 && holes.is_empty() => {
            Some(text.clone())
        }
        _ => None,
    };
    let target = if name.ends_with(".object") {
        let owner = parts.next()?;
        let owner = index
            .name(owner.from)
            .filter(|_| owner.to == owner.from + 1)?;
        format!("{}.{}", reader.full(owner), text(parts.next()?)?)
    } else {
        text(parts.next()?)?
    };
    let rest: Vec<Part> = parts.collect();
    is_told_an_answer(index, &rest, 0).then_some(target)
}

/// Returns the function that a call replaces with something that does nothing.
fn replaced(reader: &Reader<'_>, name: &str, at: usize) -> Option<String> {
    let index = reader.index;
    let parts = index.split(index.inside(at + 1)?, ',');
    let text = |place: usize| match index.token(parts.get(place)?.from)? {
        Token::Text { text, holes, .. } if holes.is_empty() => Some(text.clone()),
        _ => None,
    };
    let member = || {
        let owner = index.name(parts.first()?.from)?;
        Some(format!("{}.{}", reader.full(owner), text(1)?))
    };
    let inert = |place: usize| {
        let part = parts.get(place).copied();
        part.is_some_and(|part| is_inert(reader, part))
    };
    match name {
        "monkeypatch.setattr" if parts.len() == 2 => text(0).filter(|_| inert(1)),
        "monkeypatch.setattr" => member().filter(|_| inert(2)),
        "mocker.patch" => {
            text(0).filter(|_| parts.len() == 1 || is_told_an_answer(index, &parts, 1))
        }
        "mocker.patch.object" => {
            member().filter(|_| parts.len() == 2 || is_told_an_answer(index, &parts, 2))
        }
        "sinon.stub" => member(),
        "jest.spyOn" | "vi.spyOn" => {
            let next = index.name(index.after(at + 1)).unwrap_or_default();
            let plays = [
                ".mockImplementation",
                ".mockReturnValue",
                ".mockResolvedValue",
            ]
            .contains(&next);
            let behind = index.after(at + 1) + 1;
            let inert = next != ".mockImplementation"
                || index
                    .inside(behind)
                    .is_some_and(|part| part.from == part.to || is_inert(reader, part));
            member().filter(|_| plays && inert)
        }
        "t.mock.method" | "mock.method" => member().filter(|_| inert(2)),
        _ => None,
    }
}

/// `return_value=…`, `autospec=True`: nothing real answers.
fn is_told_an_answer(index: &Index, parts: &[Part], from: usize) -> bool {
    let plain = |part: &Part| {
        matches!(
            index.name(part.from),
            Some("return_value" | "autospec" | "create" | "spec")
        ) && index.is_sign(part.from + 1, '=')
    };
    parts.iter().skip(from).all(plain)
}

/// Returns where a context or a decorator holds.
pub(super) fn reach(reader: &Reader<'_>, text: &str, at: usize) -> Option<Part> {
    const BACK: usize = 60;
    let index = reader.index;
    let line = (at.saturating_sub(BACK)..at)
        .rev()
        .find(|at| index.token(*at) == Some(&Token::Line) && index.around(*at).is_none());
    let start = line.map_or(0, |line| line + 1);
    let first = index.name(start)?;
    if first == "with" && index.around(at).is_none_or(|open| open == start + 1) {
        let colon = reader.colon(start)?;
        // `with patch(…) if dry else nullcontext():`.
        let chosen = |at: usize| matches!(index.name(at), Some("if" | "or" | "and" | "else"));
        if (start..colon).any(chosen) {
            return None;
        }
        let body = reader.body(text, colon, reader.indent(text, start)?);
        return (!leaves(index, body)).then_some(body);
    }
    if !first.starts_with('@') && !index.is_sign(start, '@') {
        return None;
    }
    // The function under it, other decorators between.
    let indent = reader.indent(text, start)?;
    let mut defined =
        (at..index.main_end()).filter(|at| matches!(index.name(*at), Some("def" | "class")));
    let def = defined
        .next()
        .filter(|def| index.name(*def) == Some("def"))?;
    let colon = reader.colon(def)?;
    let body = reader.body(text, colon, indent);
    // A generator goes on when the decorator is long gone.
    let yields = (body.from..body.to).any(|at| index.name(at) == Some("yield"));
    (!yields && !leaves(index, body)).then_some(body)
}

/// Tells whether a function that is written in a part may be called outside of it.
fn leaves(index: &Index, part: Part) -> bool {
    let inside = |at: usize| (part.from..part.to).contains(&at);
    let functions = (0..).map_while(|number| index.function(number));
    let mut own = functions.filter(|one| one.body.is_some_and(|body| inside(body.from)));
    own.any(|function| {
        (0..index.main_end()).any(|at| {
            let name = index.name(at).unwrap_or_default();
            !inside(at) && name.rsplit('.').next() == Some(function.name.as_str())
        })
    })
}

/// `fs.rmSync = (...a) => calls.push(a)`, `shutil.rmtree = print`: the code has put a function of its own in its place.
fn is_given_anew(reader: &Reader<'_>, name: &str, at: usize) -> bool {
    let index = reader.index;
    let root = name.split('.').next().unwrap_or_default();
    if matches!(root, "self" | "this" | "cls" | "$this") {
        return false;
    }
    if !name.contains('.')
        || index.bindings(name).is_empty() && index.function_named(name).is_none()
    {
        return false;
    }
    let is = |at: &usize| {
        index.name(*at) == Some(name) && index.is_sign(at + 1, '=') && !index.is_sign(at + 2, '=')
    };
    let mut places = (0..index.main_end()).filter(is);
    let (Some(given), None) = (places.next(), places.next()) else {
        return false;
    };
    index.comes_behind(given, at)
        && !is_restored(index, given, at)
        && is_inert(reader, index.expression(given + 2))
        && !is_kept(reader, &reader.full(name))
}

/// Tells whether what is put in the place of a function is nothing real: a function that is written there, one of the code, a mock.
fn is_inert(reader: &Reader<'_>, part: Part) -> bool {
    let index = reader.index;
    let made = index.name(part.from).unwrap_or_default();
    let last = made.rsplit('.').next().unwrap_or_default();
    let alone = part.to == part.from + 1;
    let own = index.function_named(made).is_some();
    let written = matches!(made, "lambda" | "function");
    let arrow = (part.from..part.to.min(part.from + 60))
        .any(|at| index.is_sign(at, '=') && index.is_sign(at + 1, '>'));
    let mock = matches!(last, "Mock" | "MagicMock" | "AsyncMock")
        || matches!(
            made,
            "jest.fn" | "vi.fn" | "sinon.stub" | "sinon.fake" | "mock.fn"
        );
    let chosen = !index.is_plain(part.from);
    let named = own || last == "append" || matches!(made, "print" | "console.log");
    written || arrow || !chosen && (mock || alone && named)
}

/// Tells whether the code has the real function under another name as well.
fn is_kept(reader: &Reader<'_>, full: &str) -> bool {
    let index = reader.index;
    (0..index.main_end()).any(|at| {
        let Some(name) = index.name(at) else {
            return false;
        };
        let name = reader.full(name);
        let Some(rest) = name.strip_prefix(full) else {
            return false;
        };
        let asked = at.checked_sub(2).and_then(|at| index.name(at));
        let expected = matches!(asked, Some("expect" | "assert" | "assert.equal"));
        let bound = [".bind", ".call", ".apply"].contains(&rest);
        let value = index.is_sign(at + 1, '(') || index.is_sign(at + 1, '=');
        bound || rest.is_empty() && !value && !expected
    })
}

/// Tells whether something between two places puts the real functions back.
fn is_restored(index: &Index, from: usize, at: usize) -> bool {
    const WORDS: [&str; 6] = ["restore", "undo", "unpatch", "stopall", "reset", "reload"];
    (from..at).any(|at| {
        let name = index.name(at).unwrap_or_default().to_ascii_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        last == "stop" || WORDS.iter().any(|word| last.contains(word))
    })
}

/// Stores: their constructors, what makes them ephemeral as the first argument, and what leads elsewhere.
type Store = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);
const STORES: [Store; 2] = [
    (
        &["QdrantClient("],
        &[
            "\":memory:\"",
            "':memory:'",
            "location=\":memory:\"",
            "location=':memory:'",
        ],
        &[],
    ),
    (
        &["EphemeralClient(", "chromadb.Client("],
        &[
            ")",
            "settings=Settings(anonymized_telemetry=False)",
            "Settings(anonymized_telemetry=False)",
        ],
        &[
            "HttpClient",
            "PersistentClient",
            "CloudClient",
            "persist_directory",
            "is_persistent",
        ],
    ),
];
/// Libraries that may be meant by the same names.
const OTHERS: [&str; 17] = [
    "pinecone",
    "weaviate",
    "pymilvus",
    "boto3",
    "google.cloud",
    "azure",
    "redis",
    "pymongo",
    "motor",
    "psycopg",
    "elasticsearch",
    "opensearch",
    "requests",
    "sqlalchemy",
    "django",
    "docker",
    "kubernetes",
];

/// Tells whether a code of Ruby sends its statements to a mock of Sequel, and knows no other database.
pub(super) fn is_sequel_mock(text: &str) -> bool {
    const REAL: [&str; 10] = [
        "Sequel.connect",
        "Sequel.sqlite",
        "Sequel.postgres",
        "Sequel.mysql",
        "ActiveRecord",
        "PG.",
        "Mysql2",
        "SQLite3",
        "Mongo",
        "Redis",
    ];
    text.contains("Sequel.mock") && !REAL.iter().any(|word| text.contains(word))
}

/// Tells whether the stores that a code opens through these libraries are kept in memory only.
pub(super) fn in_memory(text: &str) -> bool {
    let renamed = ["Client as ", "Client ="]
        .iter()
        .any(|word| text.contains(word));
    if renamed || OTHERS.iter().any(|word| text.contains(word)) {
        return false;
    }
    let bare = |line: &str| {
        let code = line.split(" #").next().unwrap_or_default();
        let code = if code.trim_start().starts_with('#') {
            ""
        } else {
            code
        };
        code.replace(" (", "(")
    };
    let text: String = text.lines().map(|line| bare(line) + "\n").collect();
    let text = text.as_str();
    let played = text.matches("mongomock.MongoClient(").count();
    if played > 0 && text.matches("MongoClient(").count() == played {
        return true;
    }
    let both = text.contains("chromadb") && text.contains("qdrant");
    !both && STORES.iter().any(|store| is_ephemeral(text, *store))
}

fn is_ephemeral(text: &str, (makers, marks, elsewhere): Store) -> bool {
    let behind = |maker: &&'static str| {
        let length = maker.len();
        text.match_indices(*maker)
            .map(move |(at, _)| text.get(at + length..).unwrap_or_default().trim_start())
    };
    let mut made = makers.iter().flat_map(behind).peekable();
    made.peek().is_some()
        && !elsewhere.iter().any(|word| text.contains(word))
        && made.all(|rest| marks.iter().any(|mark| rest.starts_with(mark)))
}
