//! Tests that the same call writes and then runs: `cat > test_x.py …; pytest test_x.py`.
//! What a test takes away counts as it does in any code; left out is only what the test makes itself and what its framework hands it.

use crate::classify::Context;
use crate::classify::sql::source::Source;
use crate::model::command::Command;
use crate::model::word::Word;
use crate::sql::HOLE;

use super::calls::Deeds;
use super::given::Code;
use super::index::{Given, Index, Part};
use super::steps::{Kind, Step, word};
use super::tokens::{Language, Token};

/// Files of tests that a call may write.
const MAX_FILES: usize = 64;

/// Programs that run tests, some of them among other things.
const RUNNERS: [&str; 20] = [
    "pytest", "py.test", "python", "pypy", "jest", "mocha", "ava", "vitest", "tap", "jasmine",
    "tape", "node", "bun", "deno", "rspec", "rails", "phpunit", "pest", "paratest", "go",
];

/// Returns the tests that a runner starts and that earlier commands have written, with what pytest loads beside them.
pub(super) fn code(command: &Command, context: &Context<'_>) -> Option<Code> {
    let (ends, operands) = runner(command)?;
    let mut found: Option<(Source, Language)> = None;
    let mut names: Vec<String> = Vec::new();
    let writes = context
        .earlier
        .iter()
        .rev()
        .flat_map(|earlier| earlier.leaves().into_iter().rev());
    for (file, content) in writes.take(MAX_FILES) {
        let (Some(name), Some(content)) = (file.text(), content) else {
            continue;
        };
        let meant = is_meant(&name, &operands) || name.ends_with("conftest.py");
        let Some(language) = language(&name).filter(|_| meant) else {
            continue;
        };
        // What a file held before it was written again is not run.
        if !ends.iter().any(|end| name.ends_with(end)) || names.contains(&name) {
            continue;
        }
        names.push(name);
        match &mut found {
            None => found = Some((Source::of_word(content), language)),
            Some((all, own)) if *own == language => all.join(&Source::of_word(content)),
            Some(_) => {}
        }
    }
    let (source, language) = found?;
    Some(Code {
        inline: false,
        test: true,
        ..Code::inline(source, language)
    })
}

/// Returns the endings of the files that a runner of tests runs, and the operands that name them.
fn runner(command: &Command) -> Option<(&'static [&'static str], Vec<String>)> {
    const PYTHON: &[&str] = &[".py"];
    const SCRIPT: &[&str] = &[".js", ".ts", ".mjs", ".cjs", ".mts", ".tsx", ".jsx"];
    let program = command.program()?;
    let base = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !RUNNERS.contains(&base) {
        return None;
    }
    let args: Vec<String> = command.args().iter().filter_map(Word::text).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (ends, skip): (&'static [&'static str], usize) = match (base, words.as_slice()) {
        ("pytest" | "py.test", _) => (PYTHON, 0),
        ("python" | "pypy", ["-m", "pytest" | "unittest" | "nose2", ..]) => (PYTHON, 2),
        ("jest" | "mocha" | "ava" | "vitest" | "tap" | "jasmine" | "tape", _) => (SCRIPT, 0),
        ("node", ["--test", ..]) | ("bun" | "deno", ["test", ..]) => (SCRIPT, 1),
        ("rspec", _) => (&[".rb"], 0),
        ("rails", ["test" | "spec", ..]) => (&[".rb"], 1),
        ("phpunit" | "pest" | "paratest", _) => (&[".php"], 0),
        ("go", ["test", ..]) => (&["_test.go"], 1),
        _ => return None,
    };
    let named = words
        .iter()
        .skip(skip)
        .filter(|word| !word.starts_with('-'));
    Some((ends, named.map(|word| (*word).to_owned()).collect()))
}

fn is_meant(name: &str, operands: &[String]) -> bool {
    let bare = |text: &str| text.trim_start_matches("./").to_owned();
    let name = bare(name);
    let stem = name.rsplit('/').next().unwrap_or(&name);
    let stem = stem.split('.').next().unwrap_or(stem);
    let named = operands.iter().any(|operand| bare(operand) == name);
    let tests = ["test", "spec"]
        .iter()
        .any(|word| name.to_ascii_lowercase().contains(word));
    if named || !tests {
        return named;
    }
    operands.is_empty()
        || operands.iter().any(|operand| {
            let file = operand.split("::").next().unwrap_or(operand);
            let file = bare(file);
            file == "..." || file == "." || name.starts_with(&file) || file.contains(stem)
        })
        // `run`, `--runInBand x`: words that name no file.
        || operands.iter().all(|operand| !operand.contains(['.', '/']))
}

fn language(name: &str) -> Option<Language> {
    Some(match name.rsplit_once('.')?.1 {
        "py" => Language::Python,
        "js" | "ts" | "mjs" | "cjs" | "mts" | "tsx" | "jsx" => Language::Javascript,
        "rb" => Language::Ruby,
        "php" => Language::Php,
        "go" => Language::Compiled,
        _ => return None,
    })
}

/// Tells whether a connection leads to another machine.
fn is_far(connection: &str) -> bool {
    let host = connection
        .split_once("host=")
        .map(|(_, rest)| rest)
        .or_else(|| {
            let rest = connection.split_once("://")?.1;
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let authority = rest.get(..end)?;
            Some(authority.rsplit('@').next().unwrap_or(authority))
        })
        .unwrap_or_default();
    !is_near(host)
}

/// This machine, or a service beside the tests: a name of one part.
fn is_near(host: &str) -> bool {
    if host.starts_with(['/', '[']) {
        return host.starts_with('/') || host.starts_with("[::1]");
    }
    let end = host.find([' ', ':', ';', '/']).unwrap_or(host.len());
    let host = host.get(..end).unwrap_or_default();
    !host.contains(['.', HOLE]) || host.starts_with("127.")
}

/// Calls that open a client of a store.
const CLIENTS: [&str; 26] = [
    "connect",
    "connect_async",
    "create_engine",
    "create_async_engine",
    "createConnection",
    "createPool",
    "createClient",
    "create_pool",
    "getConnection",
    "from_url",
    "Redis",
    "StrictRedis",
    "RedisCluster",
    "IORedis",
    "MongoClient",
    "AsyncIOMotorClient",
    "AsyncMongoClient",
    "Client",
    "Pool",
    "PrismaClient",
    "Elasticsearch",
    "OpenSearch",
    "Sequelize",
    "DataSource",
    "PDO",
    "Open",
];
/// Servers and stores that exist only for the test.
const SERVERS: [&str; 10] = [
    "testcontainers",
    "Testcontainers",
    "memory-server",
    "MemoryServer",
    "fakeredis",
    "ioredis-mock",
    "redis-mock",
    "mongomock",
    "pg-mem",
    "pytest_postgresql",
];
/// Tokens of a client's arguments that are looked at.
const MAX_ARGUMENTS: usize = 200;

/// Tells whether the rows that a test takes are those of a store that stands for the test only:
/// what its framework hands it, what is kept in memory, a database near by that is named for tests.
pub(super) fn has_own_store(code: &Code, connections: &[String]) -> bool {
    let text = &code.source.text;
    if connections.iter().any(|one| is_far(one)) {
        return false;
    }
    if SERVERS.iter().any(|word| text.contains(word)) {
        return true;
    }
    let index = Index::new(text, code.language);
    let opens = |at: &usize| {
        let name = index.name(*at).unwrap_or_default();
        let last = name.rsplit(['.', ':']).next().unwrap_or(name);
        let defined = at.checked_sub(1).and_then(|at| index.name(at)) == Some("def");
        CLIENTS.contains(&last) && index.is_sign(at + 1, '(') && !defined
    };
    let mut clients = (0..index.main_end()).filter(opens);
    clients.all(|at| {
        let name = index.name(at).unwrap_or_default();
        let inside = index.inside(at + 1).unwrap_or_default();
        let bare = name == "Client" && code.language != Language::Javascript;
        bare && inside.from == inside.to || is_for_tests(&index, inside)
    })
}

/// Tells whether a client is given a store that stands for the test only.
fn is_for_tests(index: &Index, inside: Part) -> bool {
    const OWN: [&str; 7] = [
        ":memory:",
        "mode=memory",
        "tmp_path",
        "tmpdir",
        "mkdtemp",
        "TempDir",
        "tempfile",
    ];
    const ASKS: [&str; 5] = ["environ", "env", "ENV", "getenv", "settings"];
    let to = inside.to.min(inside.from + MAX_ARGUMENTS);
    let (mut named, mut literal, mut asks, mut own) = (false, false, false, false);
    for at in inside.from..to {
        let (word, is_text) = match index.token(at) {
            Some(Token::Text { text, .. }) => (text.as_str(), true),
            Some(Token::Name { name, .. }) => (name.as_str(), false),
            _ => continue,
        };
        let key = at.checked_sub(2).and_then(|at| index.name(at));
        let host = matches!(key, Some("host" | "hostname" | "hosts" | "node"));
        if is_text && (is_far(word) || host && !is_near(word)) {
            return false;
        }
        own |= OWN.iter().any(|own| word.contains(own));
        named |= word.to_ascii_lowercase().contains("test");
        literal |= is_text;
        let parts = || word.split('.');
        asks |= !is_text && parts().any(|part| ASKS.contains(&part));
        // A variable that the code gives something itself is no fixture.
        asks |= !is_text && !index.is_sign(at + 1, '=') && {
            let root = parts().next().unwrap_or_default();
            let given = index.bindings(root).iter();
            given
                .into_iter()
                .any(|one| !matches!(one.given, Given::Param(..)))
        };
    }
    let fixture = inside.from < to && !literal && !asks;
    own || named || fixture
}

/// Tells whether a step only takes away what the test has written itself, or a place for tests that it lays out.
pub(super) fn is_own(step: &Step, deeds: &Deeds, assumed: bool) -> bool {
    let wrote = |one: &Step| match &one.kind {
        Kind::Writes(file) => {
            !one.text.starts_with("mv ") && step.text == format!("rm -f -- {}", word(file))
        }
        _ => false,
    };
    // Where the world is asked, it says itself whether the place was there before.
    let laid = |folder: &String| {
        let name = folder.rsplit('/').find(|part| !part.is_empty());
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let scratch = ["tmp", "temp", "scratch", "sandbox"];
        let meant = !folder.contains("..") && scratch.iter().any(|word| name.contains(word));
        meant && step.text == format!("rm -rf -- {}", word(folder))
    };
    deeds.steps.iter().any(wrote) || assumed && deeds.laid.iter().any(laid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str, language: Language) -> bool {
        let place = crate::model::span::Origin::Text(crate::model::span::Span::new(0, text.len()));
        let source = Source::of_word(&Word::literal(text, place));
        has_own_store(&Code::inline(source, language), &[])
    }

    #[test]
    fn a_store_that_stands_for_the_test_is_told_from_others() {
        for text in [
            "def test_x(db): db.execute('DELETE FROM a')",
            "c = psycopg2.connect('postgresql://localhost/app_test')",
            "c = psycopg2.connect(os.environ['TEST_DATABASE_URL'])",
            "def test_x(dsn): c = psycopg2.connect(dsn)",
            "c = sqlite3.connect(':memory:')",
            "c = Client()\nc.delete('/a')",
            "r = fakeredis.FakeRedis(); r.flushall()",
        ] {
            assert!(own(text, Language::Python), "{text}");
        }
        for text in [
            "redis.Redis(host='redis.prod').flushall()",
            "redis.Redis().flushall()",
            "r = redis.from_url('redis://redis.prod:6379')",
            "c = psycopg2.connect(os.environ['DATABASE_URL'])",
            "c = psycopg2.connect('postgresql://mysql.test.example.com/shop')",
            "c = psycopg2.connect(host='postgres-prod.internal', dbname='test')",
            "DSN = 'postgresql://localhost/shop'\nc = psycopg2.connect(DSN)",
        ] {
            assert!(!own(text, Language::Python), "{text}");
        }
        assert!(!own(
            "const p = new PrismaClient(); p.a.deleteMany()",
            Language::Javascript
        ));
    }
}
