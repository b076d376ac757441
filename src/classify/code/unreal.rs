//! Calls behind which nothing real stands: functions that a test has replaced, clouds that are played, stores in memory.
//! A replacement counts only where the call looks the function up anew, and only inside of it.

use super::index::{Given, Index, Part};
use super::tokens::{Language, Token};
use super::values::Reader;

/// What is played in a code.
#[derive(Debug, Default)]
pub(super) struct Unreal {
    /// Functions by their full names, and where they are replaced.
    patched: Vec<(Part, String)>,
    /// Where the cloud of AWS is played.
    clouds: Vec<Part>,
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
        if text.contains("moto") && text.contains("mock_") {
            all.played(reader, text);
        }
        all
    }

    /// Tells whether the function that is called here is a replacement.
    pub fn is_replaced(&self, reader: &Reader<'_>, at: usize) -> bool {
        let Some(name) = reader
            .index
            .name(at)
            .filter(|name| name.contains('.') && !name.starts_with('.'))
        else {
            return false;
        };
        let full = reader.full(name);
        let inside = |part: &Part| (part.from..part.to).contains(&at);
        self.patched
            .iter()
            .any(|(part, target)| inside(part) && *target == full)
            || is_given_anew(reader.index, name, at)
    }

    /// Tells whether a call of AWS at this place is played.
    pub fn is_played(&self, at: usize) -> bool {
        self.clouds
            .iter()
            .any(|part| (part.from..part.to).contains(&at))
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

    /// `with mock_aws():`, `@mock_aws`.
    fn played(&mut self, reader: &Reader<'_>, text: &str) {
        const OTHERS: [&str; 8] = [
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
    let plain = |part: Part| {
        matches!(
            index.name(part.from),
            Some("return_value" | "autospec" | "create" | "spec")
        ) && index.is_sign(part.from + 1, '=')
    };
    parts.all(plain).then_some(target)
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
        return Some(reader.body(text, colon, reader.indent(text, start)?));
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
    Some(reader.body(text, colon, indent))
}

/// `fs.rmSync = (...a) => calls.push(a)`, `shutil.rmtree = print`: the code has put a function of its own in its place.
fn is_given_anew(index: &Index, name: &str, at: usize) -> bool {
    let own = index
        .function_named(name)
        .and_then(|function| function.body);
    let root = name.split('.').next().unwrap_or_default();
    if matches!(root, "self" | "this" | "cls" | "$this") {
        return false;
    }
    if own.is_some_and(|body| body.to <= at && index.nest(body.from.saturating_sub(1)) == 0) {
        return true;
    }
    index.bindings(name).iter().any(|binding| {
        let Given::Is(part, None) = binding.given else {
            return false;
        };
        let made = index.name(part.from).unwrap_or_default();
        let last = made.rsplit('.').next().unwrap_or_default();
        let alone = part.to == part.from + 1;
        let inert = matches!(last, "Mock" | "MagicMock" | "AsyncMock")
            || alone && matches!(made, "print" | "console.log");
        binding.at < at
            && index.nest(binding.at) == 0
            && (inert || alone && index.function_named(made).is_some())
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

/// Tells whether the stores that a code opens through these libraries are kept in memory only.
pub(super) fn in_memory(text: &str) -> bool {
    if OTHERS.iter().any(|word| text.contains(word)) {
        return false;
    }
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
