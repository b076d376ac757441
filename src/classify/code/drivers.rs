//! Calls of database drivers, object mappers and clients of services that take data away without any SQL to be seen.
//! It knows them by their names and by the libraries that the code names; it follows no types.

mod said;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use super::commands;
use super::tokens::{Language, Token};
use super::unreal;
use said::{is_said, overrides};

/// A call as it is written.
pub(super) struct Site<'a> {
    /// `a.b.c`; begins with `.` when it is made on the result of another call.
    pub name: &'a str,
    pub arguments: &'a [Token],
    /// Last parts of the names that stand before it in the same statement.
    pub before: &'a [&'a str],
    /// The whole code.
    pub text: &'a Mentions<'a>,
    pub language: Language,
}

/// What such a call takes away: the rule that says so.
pub(super) const DATA: &str = "code.delete-data";
pub(super) const RESOURCE: &str = "code.delete-resource";

/// Calls that take rows only, and that a transaction holds.
pub(super) const ROWS: [&str; 10] = [
    "delete",
    "del",
    "destroy",
    "delete_all",
    "destroy_all",
    "destroy_by",
    "delete_by",
    "delete_instance",
    "_raw_delete",
    "forceDelete",
];

/// The same of documents, which have to be told the transaction.
pub(super) const DOCUMENTS: [&str; 6] = [
    "deleteMany",
    "delete_many",
    "deleteOne",
    "delete_one",
    "findOneAndDelete",
    "find_one_and_delete",
];

/// Calls by which stores of documents and vectors lose something.
const STORES: [&str; 13] = [
    "delete",
    "delete_many",
    "delete_one",
    "delete_collection",
    "delete_vectors",
    "recreate_collection",
    "drop",
    "drop_collection",
    "drop_database",
    "find_one_and_delete",
    "find_one_and_replace",
    "reset",
    "update_many",
];

/// Calls that mean one thing in every library.
const PLAIN: &[&str] = &[
    "flushall",
    "flushAll",
    "flushdb",
    "flushDb",
    "flushDB",
    "flush_all",
    "dropDatabase",
    "drop_database",
    "dropSchema",
    "drop_schema",
    "dropCollection",
    "drop_collection",
    "dropAllTables",
    "drop_all_tables",
    "drop_tables",
    "delete_collection",
    "deleteCollection",
    "recreate_collection",
    "recreateCollection",
    "drop_keyspace",
    "db_drop",
    "table_drop",
    "dbDrop",
    "tableDrop",
    "dropTable",
    "drop_table",
    "drop_table?",
    "dropTableIfExists",
    "dropAllSchemas",
    "recursiveDelete",
    "recursive_delete",
    "delete_by_query",
    "deleteByQuery",
    "delete_index",
    "deleteIndex",
    "deleteMany",
    "delete_many",
    "deleteOne",
    "delete_one",
    "findOneAndDelete",
    "find_one_and_delete",
    "delete_all",
    "destroy_all",
    "destroy_by",
    "delete_by",
    "truncate_tables",
    "deleteAllDocuments",
    "delete_all_documents",
    "drop_dataset",
    "truncate_table",
    "truncateTable",
    "removeAllListenersAndData",
    "forceDelete",
    "findByIdAndDelete",
    "findByIdAndRemove",
    "purge_queue",
    "purgeQueue",
    "queue_purge",
    "queue_delete",
    "deleteTopics",
    "delete_topics",
    "deleteQueue",
    "obliterate",
];

/// The same, where no owner stands before the name.
const BARE: &[&str] = &["dbRemoveTable", "DBI.dbRemoveTable", "dropdb"];

/// Words before a `delete` that make it one of rows.
const QUERIES: &[&str] = &[
    "query",
    "filter",
    "filter_by",
    "objects",
    "exclude",
    "where",
    "whereIn",
    "whereNull",
    "table",
    "from",
    "from_",
    "find",
    "find_by",
    "all",
    "newQuery",
    "createQueryBuilder",
    "doc",
    "collection",
    "ref",
    "scan",
    "select",
    "whereHas",
    "withTrashed",
    "onlyTrashed",
];

/// Libraries, and the heads of method names that delete in them.
const SERVICES: &[(&[&str], &[&str])] = &[
    (&["hvac"], &["delete", "destroy", "disable_secrets_engine"]),
    (
        &[
            "s3fs",
            "gcsfs",
            "adlfs",
            "fsspec",
            "smart_open",
            "pyarrow.fs",
        ],
        &["rm", "rm_file", "delete", "delete_dir", "delete_file"],
    ),
    (
        &["wandb", "mlflow", "huggingface_hub", "comet_ml"],
        &["delete"],
    ),
    (
        &["ftplib", "FTP_TLS", "pysftp", "paramiko"],
        &["delete", "rmd", "rmdir", "rmtree"],
    ),
    (
        &["boto3", "botocore", "aioboto", "aws-sdk", "Aws::"],
        &[
            "delete",
            "terminate",
            "purge",
            "release",
            "batch_delete",
            "batchDelete",
            "schedule_key_deletion",
        ],
    ),
    (
        &[
            "google.cloud",
            "googleapiclient",
            "googleapis",
            "@google-cloud",
        ],
        &["delete", "destroy", "purge", "drop"],
    ),
    (
        &["azure.", "@azure/"],
        &[
            "delete",
            "begin_delete",
            "beginDelete",
            "purge",
            "begin_purge",
        ],
    ),
    (&["kubernetes", "fabric8"], &["delete"]),
    (
        &[
            "digitalocean",
            "pydo",
            "hcloud",
            "linode_api4",
            "openstack",
            "novaclient",
        ],
        &["delete", "destroy", "conn.delete"],
    ),
    (
        &["Octokit", "octokit", "PyGithub", "from github", "gitlab."],
        &["delete", "repos.delete"],
    ),
    (&["stripe"], &["del", "delete"]),
    (
        &["ActiveStorage", "_attached"],
        &["purge", "purge_later", "purge_unattached"],
    ),
    (&["purge_later"], &["purge_later"]),
    (&["influxdb"], &["delete"]),
    (
        &["elasticsearch", "opensearch", "Elasticsearch"],
        &["indices.delete", "delete"],
    ),
    (
        &[
            "qdrant",
            "pinecone",
            "weaviate",
            "chromadb",
            "pymilvus",
            "meilisearch",
            "algoliasearch",
            "typesense",
        ],
        &["delete", "drop", "clear"],
    ),
    (&["firestore", "firebase"], &["delete", "remove"]),
    (
        &["confluent_kafka", "kafka", "kafkajs", "aiokafka"],
        &[
            "delete_topics",
            "deleteTopics",
            "delete_records",
            "deleteTopicRecords",
            "delete_consumer_groups",
        ],
    ),
    (&["cloudflare", "heroku", "vercel", "netlify"], &["delete"]),
];

/// Methods of these libraries that take away nothing that counts.
const TRIFLES: &[&str] = &[
    "delete_message",
    "delete_message_batch",
    "deleteMessage",
    "deleteMessageBatch",
    "delete_tags",
    "deleteTags",
    "release_lock",
    "releaseConnection",
    "release",
];

/// Returns the rule that a call falls under.
pub(super) fn rule(site: &Site<'_>) -> Option<&'static str> {
    let (owner, last) = site.name.rsplit_once('.').unwrap_or(("", site.name));
    let dotted = site.name.contains('.');
    if STORES.contains(&last) && site.text.in_memory() || unreal::is_sequel_mock(site.text.text) {
        return None;
    }
    if last.starts_with("db") && BARE.contains(&last) && site.text.in_memory() {
        return None;
    }
    if BARE.contains(&site.name) || dotted && PLAIN.contains(&last) && !is_test_double(site.text) {
        return Some(DATA);
    }
    if is_command(site) || commands::weakens(site, last) {
        return (!commands::is_dry(site)).then_some(RESOURCE);
    }
    if !dotted {
        return None;
    }
    if mapper(site, owner, last) {
        return Some(DATA);
    }
    if commands::of_mongo(site, last) && !is_test_double(site.text) {
        return Some(DATA);
    }
    service(site, last).filter(|rule| *rule != RESOURCE || !commands::is_dry(site))
}

/// `new DeleteBucketCommand({…})` of the AWS SDK.
fn is_command(site: &Site<'_>) -> bool {
    let name = site.name.rsplit('.').next().unwrap_or_default();
    name.strip_suffix("Command").is_some_and(|head| {
        [
            "Delete",
            "Terminate",
            "Purge",
            "BatchDelete",
            "ScheduleKeyDeletion",
        ]
        .iter()
        .any(|verb| head.starts_with(verb))
            && !head.starts_with("DeleteMessage")
            && has(site.text, &["aws-sdk"])
    })
}

/// Object mappers and query builders.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each mapper, read as a table"
)]
fn mapper(site: &Site<'_>, owner: &str, last: &str) -> bool {
    let Site {
        arguments,
        before,
        text,
        language,
        ..
    } = site;
    let thing = owner.rsplit('.').next().unwrap_or_default();
    let chained = owner.is_empty() || before.iter().any(|name| QUERIES.contains(name));
    let queried = before.iter().any(|name| QUERIES.contains(name));
    let script = *language == Language::Javascript;
    match last {
        "delete" | "_raw_delete" | "del" if queried && owner.is_empty() => {
            !script
                || has(
                    text,
                    &[
                        "knex",
                        "supabase",
                        "drizzle",
                        "typeorm",
                        "TypeORM",
                        "DataSource",
                        "kysely",
                        "firestore",
                        "firebase",
                        "collection(",
                    ],
                )
        }
        "delete" | "delete_instance" if *language == Language::Php && QUERIES.contains(&thing) => {
            true
        }
        "truncate" | "del" | "delete" if script && chained && has(text, &["knex"]) => true,
        "truncate" if *language == Language::Php => {
            chained || thing.starts_with(|c: char| c.is_ascii_uppercase())
        }
        "delete" if script => {
            let drizzle = matches!(thing, "db" | "tx" | "database")
                && matches!(arguments.first(), Some(Token::Name { .. }));
            let prisma = owner.to_ascii_lowercase().contains("prisma") && names(arguments, "where");
            drizzle && !has(text, &["leveldb", "level("]) || prisma
        }
        "updateMany" | "update_many" if has(text, &["mongo", "Mongo", "motor"]) => {
            let all = matches!(
                arguments.get(..2),
                Some([Token::Sign('{'), Token::Sign('}')])
            );
            all || names(arguments, "$unset") || is_said(arguments, "$unset")
        }
        "drop" if arguments.is_empty() => has(
            text,
            &[
                "mongo",
                "Mongo",
                "motor",
                "sequelize",
                "Sequelize",
                "arango",
            ],
        ),
        "drop_all" if has(text, &["sqlalchemy", "SQLAlchemy", "sqlmodel"]) => true,
        "drop_all" | "dropAll" => matches!(
            thing.to_ascii_lowercase().as_str(),
            "db" | "metadata" | "meta" | "database" | "schema" | "orm" | "base"
        ),
        "sync" if script => names(arguments, "force") && names(arguments, "true"),
        "synchronize" if script => names(arguments, "true"),
        "destroy" if script => names(arguments, "where") || names(arguments, "truncate"),
        "destroy" if *language == Language::Ruby => queried,
        "destroy" if *language == Language::Php => {
            thing.starts_with(|c: char| c.is_ascii_uppercase())
                && !matches!(thing, "Session" | "Cookie")
        }
        "clear" if script => {
            has(text, &["getRepository", "typeorm"])
                && (thing.to_ascii_lowercase().contains("repo")
                    || before.contains(&"getRepository"))
        }
        _ if thing == "Schema" => last.starts_with("drop") && *language == Language::Php,
        _ => false,
    }
}

/// Libraries whose deletions are told by more than a name.
fn library(site: &Site<'_>, last: &str) -> Option<&'static str> {
    let ruby = site.language == Language::Ruby;
    let memory = [
        "Sequel.sqlite;",
        "Sequel.sqlite()",
        "Sequel.sqlite\n",
        "Sequel.mock",
    ];
    let real = !has(site.text, &memory) || has(site.text, &["Sequel.connect"]);
    let sequel = owner_is_result(site) && matches!(last, "delete" | "truncate");
    if sequel && real && ruby && has(site.text, &["Sequel"]) {
        return Some(DATA);
    }
    if replaces_table(site, last) {
        let scratch = [
            ":memory:",
            "\"sqlite://\"",
            "'sqlite://'",
            "/tmp/",
            "tempfile",
        ];
        return (!has(site.text, &scratch)).then_some(DATA);
    }
    let chroma = ["chromadb.HttpClient", "chromadb.PersistentClient"];
    if last == "reset" && site.arguments.is_empty() && has(site.text, &chroma) {
        return Some(RESOURCE);
    }
    (last == "clear" && ruby && has(site.text, &["Sidekiq::"])).then_some(DATA)
}

/// Frames that are written over a table: `df.to_sql("t", engine, if_exists="replace")`, `df.write.mode("overwrite").saveAsTable("t")`.
fn replaces_table(site: &Site<'_>, last: &str) -> bool {
    let says = |key: &str, word: &str| names(site.arguments, key) && is_said(site.arguments, word);
    match last {
        "to_sql" | "to_postgis" | "to_gbq" => says("if_exists", "replace"),
        "write_database" => says("if_table_exists", "replace"),
        "mode" => {
            is_said(site.arguments, "overwrite")
                && has(site.text, &["pyspark", "SparkSession", "spark."])
        }
        "jdbc" | "saveAsTable" | "insertInto" => {
            says("mode", "overwrite") || says("overwrite", "true")
        }
        "dbWriteTable" => names(site.arguments, "overwrite") && names(site.arguments, "TRUE"),
        _ => false,
    }
}

/// Clients of cloud services and of stores.
fn service(site: &Site<'_>, last: &str) -> Option<&'static str> {
    if TRIFLES.contains(&last) {
        return None;
    }
    for (libraries, verbs) in SERVICES {
        let deletes = verbs.iter().any(|verb| {
            let (path, word) = verb.rsplit_once('.').unwrap_or(("", verb));
            let rest = last.strip_prefix(word);
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || rest.starts_with(['_', '!'])
                    || rest.starts_with(|c: char| c.is_ascii_uppercase())
            }) && (path.is_empty() || site.name.contains(path))
        });
        if deletes && has(site.text, libraries) && !is_plain_collection(site) {
            return Some(RESOURCE);
        }
    }
    let swept = has(
        site.text,
        &[
            "scan_iter",
            "scanIterator",
            "scanStream",
            "scan_each",
            ".keys",
            "->keys(",
            "->scan(",
            ".Keys(",
            ".Scan(",
        ],
    ) && has(site.text, &["redis", "Redis", "Predis"]);
    let swept = swept && !is_test_double(site.text);
    if swept
        && matches!(
            last,
            "delete" | "del" | "unlink" | "Del" | "Unlink" | "KeyDelete"
        )
        && !is_plain_collection(site)
    {
        return Some(DATA);
    }
    if let Some(found) = library(site, last) {
        return Some(found);
    }
    if last == "clear" && site.language == Language::Ruby && has(site.text, &["Aws::S3"]) {
        return Some(RESOURCE);
    }
    let docker = has(
        site.text,
        &["docker.from_env", "DockerClient", "dockerode", "Docker("],
    );
    let volumes = |name: &str| name.contains("volume") || name.contains("Volume");
    let prunes = last == "prune" || last.starts_with("prune");
    let removes = last == "remove"
        && (volumes(site.name)
            || site.before.iter().any(|name| volumes(name))
            || has(site.text, &["volumes."]));
    (docker && (prunes || removes)).then_some(RESOURCE)
}

/// Called on what another call or a subscript gives.
fn owner_is_result(site: &Site<'_>) -> bool {
    site.name.starts_with('.')
}

/// `map.delete('x')` of a language's own collections: one literal key, and an owner that no client is called.
fn is_plain_collection(site: &Site<'_>) -> bool {
    let owner = site
        .name
        .rsplit('.')
        .nth(1)
        .unwrap_or_default()
        .to_ascii_lowercase();
    [
        "map",
        "set",
        "cache",
        "params",
        "headers",
        "cookies",
        "seen",
        "form",
        "searchparams",
        "urlparams",
        "weakmap",
        "os",
        "dict",
        "list",
        "array",
    ]
    .iter()
    .any(|word| owner == *word || owner.ends_with(&format!("_{word}")))
}

/// Returns the address that a call sends DELETE to; a hole where it is not known.
pub(super) fn request(site: &Site<'_>) -> Option<String> {
    const CLIENTS: [&str; 14] = [
        "requests",
        "httpx",
        "axios",
        "got",
        "ky",
        "superagent",
        "needle",
        "HTTParty",
        "RestClient",
        "Faraday",
        "Http",
        "undici",
        "$http",
        "aiohttp",
    ];
    let first = site.arguments.iter().find_map(|token| match token {
        Token::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let (owner, last) = site.name.rsplit_once('.').unwrap_or(("", site.name));
    let address = first.filter(|text| text.contains("://"));
    let unknown = || address.unwrap_or("http://unknown.invalid").to_owned();
    match last {
        "delete" | "del" if CLIENTS.contains(&owner) => Some(unknown()),
        "delete" if address.is_some_and(|text| text.starts_with("http")) => Some(unknown()),
        "new" if owner.ends_with("HTTP.Delete") => Some(unknown()),
        "HttpDelete" => Some(unknown()),
        "curl_setopt" if names(site.arguments, "CURLOPT_CUSTOMREQUEST") => {
            is_said(site.arguments, "delete").then(unknown)
        }
        "post" | "Post" if overrides(site.arguments) => Some(unknown()),
        "fetch" if overrides(site.arguments) => Some(unknown()),
        "fetch" | "request" | "Request" | "axios" | "got" | "ofetch" | "$fetch" => {
            let asks = is_said(site.arguments, "delete");
            let by_key = names(site.arguments, "method")
                || last == "request"
                    && first.is_some_and(|text| text.eq_ignore_ascii_case("delete"));
            let url = site.arguments.iter().find_map(|token| match token {
                Token::Text { text, .. } if text.contains("://") => Some(text.clone()),
                _ => None,
            });
            (asks && by_key).then(|| url.unwrap_or_else(unknown))
        }
        _ => None,
    }
}

/// Tells whether a script only waits for requests: what its handlers lose is not lost by starting it.
pub(in crate::classify) fn serves(text: &str) -> bool {
    Mentions::of(text).has(&[
        ".listen(",
        "createServer(",
        "uvicorn.run",
        "app.run(",
        "FastAPI(",
        "Deno.serve",
        "Bun.serve",
        "ListenAndServe",
        "serve_forever",
        "Sinatra",
        "setupServer(",
        "ReactPHP",
        "run_app(",
        "gunicorn",
        "discord.Client",
        "Bot(",
        "startServer(",
    ])
}

/// A test that stubs its database names the same calls.
fn is_test_double(text: &Mentions<'_>) -> bool {
    // The real library beside its double may be what is called.
    let redis = has(text, &["fakeredis"])
        && !has(
            text,
            &[
                " redis.Redis(",
                "=redis.Redis(",
                "redis.from_url(",
                "redis.StrictRedis(",
            ],
        );
    let mongo = has(text, &["mongomock"])
        && (!has(text, &["pymongo.MongoClient(", "motor"]) || has(text, &["mongomock.patch"]));
    redis
        || mongo
        || has(
            text,
            &[
                "MagicMock(",
                "mongodb-memory-server",
                "ioredis-mock",
                "jest.fn",
                "moto import",
            ],
        )
}

fn has(text: &Mentions<'_>, words: &[&'static str]) -> bool {
    text.has(words)
}

/// A code with the words that were looked for in it, so that none is looked for twice.
pub(super) struct Mentions<'a> {
    text: &'a str,
    known: RefCell<HashMap<&'static str, bool>>,
    memory: OnceCell<bool>,
}

impl<'a> Mentions<'a> {
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            known: RefCell::default(),
            memory: OnceCell::new(),
        }
    }

    /// Tells whether nothing but stores in memory is opened.
    fn in_memory(&self) -> bool {
        *self.memory.get_or_init(|| unreal::in_memory(self.text))
    }

    /// Tells whether the code contains one of the words.
    pub fn has(&self, words: &[&'static str]) -> bool {
        let mut known = self.known.borrow_mut();
        words.iter().any(|word| {
            *known
                .entry(word)
                .or_insert_with(|| self.text.contains(word))
        })
    }
}

fn names(tokens: &[Token], wanted: &str) -> bool {
    tokens
        .iter()
        .any(|token| matches!(token, Token::Name { name, .. } if name == wanted))
}
/// Tells whether the databases that a code opens are kept in memory only, as far as its text shows.
pub(super) fn in_memory(text: &str) -> bool {
    const MARKS: [&str; 9] = [
        ":memory:",
        "jdbc:h2:mem:",
        "duckdb.connect()",
        "duckdb.sql(",
        "duckdb.execute(",
        "new Database()",
        "new PGlite()",
        "Sequel.sqlite;",
        "Sequel.sqlite\n",
    ];
    /// What leads elsewhere, or may.
    const OTHERS: [&str; 27] = [
        "://",
        "host=",
        ".db\"",
        ".db'",
        ".sqlite\"",
        ".sqlite'",
        ".sqlite3\"",
        ".sqlite3'",
        ".duckdb",
        "psycopg",
        "pymysql",
        "mysql",
        "Pool(",
        "Client(",
        "environ",
        "process.env",
        "ENV[",
        "getenv",
        "argv",
        "ARGV",
        "attach",
        "ATTACH",
        "redis",
        "Redis",
        "mongo",
        "Mongo",
        "open(",
    ];
    let bare = |text: &str| {
        let mut made = text.split("new ").skip(1).map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
            let (name, rest) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
            (!matches!(name, "Map" | "Set" | "Date" | "Error")).then(|| rest.starts_with("()"))
        });
        let all: Vec<bool> = made.by_ref().flatten().collect();
        !all.is_empty() && all.iter().all(|bare| *bare)
    };
    let unnamed = text.contains("better-sqlite3") && bare(text);
    let marked = unnamed || MARKS.iter().any(|mark| text.contains(mark));
    let opens = text.match_indices("connect(").all(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        if before.ends_with("dis") || before.ends_with("Dis") {
            return true;
        }
        let rest = text.get(at + 8..).unwrap_or_default();
        rest.starts_with(')') || rest.get(..24).unwrap_or(rest).contains(":memory:")
    });
    marked && opens && !OTHERS.iter().any(|other| text.contains(other))
}
