//! The command lines of SQL clients as data: which options and operands carry SQL, files, hosts and databases.
//! It reads no command; that is for the module above.

use crate::classify::sql::options::Style;
use crate::model::effect::Dialect;
use crate::model::target::TargetKind;
use crate::sql::client::Client;

/// What is common to the command lines of one client.
pub(super) struct Form {
    pub names: &'static [&'static str],
    /// Words that must follow the program (`cockroach sql`).
    pub path: &'static [&'static str],
    pub client: Client,
    pub dialect: Dialect,
    pub kind: TargetKind,
    pub port: &'static str,
    pub style: Style,
    pub sql: &'static [&'static str],
    pub files: &'static [&'static str],
    /// Other options with a value.
    pub valued: &'static [&'static str],
    pub host: &'static [&'static str],
    pub database: &'static [&'static str],
    /// What operands are: the database first, then SQL; SQL only; nothing that matters.
    pub operands: Operands,
    /// Options under which nothing runs.
    pub idle: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operands {
    /// `psql [DB [USER]]`, `mysql [DB]`.
    Database,
    /// `sqlite3 FILE SQL…`.
    FileThenSql,
    /// `bq query SQL`.
    Sql,
    /// `turso db shell NAME SQL`.
    DatabaseThenSql,
    Host,
}

const HELP: &[&str] = &["--help", "--version", "-V", "-?"];
/// Where `-V` takes a value.
const HELP_ALONE: &[&str] = &["--help", "--version", "-?"];

const PSQL: Form = Form {
    names: &[
        "psql", "ysqlsh", "gsql", "psql.exe", "vsql", "nzsql", "edb-psql",
    ],
    path: &[],
    client: Client::Psql,
    dialect: Dialect::Postgres,
    kind: TargetKind::Postgres,
    port: "5432",
    style: Style::Gnu,
    sql: &["-c", "--command"],
    files: &["-f", "--file"],
    valued: &[
        "-d",
        "-F",
        "-h",
        "-L",
        "-o",
        "-p",
        "-P",
        "-R",
        "-T",
        "-U",
        "-v",
        "--dbname",
        "--field-separator",
        "--host",
        "--log-file",
        "--output",
        "--port",
        "--pset",
        "--record-separator",
        "--table-attr",
        "--username",
        "--set",
        "--variable",
    ],
    host: &["-h", "--host"],
    database: &["-d", "--dbname"],
    operands: Operands::Database,
    idle: &["--help", "--version", "-V", "-?", "-l", "--list"],
};

const MYSQL: Form = Form {
    names: &["mysql", "mariadb", "mycli", "mysql.exe"],
    path: &[],
    client: Client::Mysql,
    dialect: Dialect::Mysql,
    kind: TargetKind::Mysql,
    port: "3306",
    style: Style::Gnu,
    sql: &["-e", "--execute", "--init-command"],
    files: &[],
    valued: &[
        "-p?",
        "-h",
        "-P",
        "-u",
        "-D",
        "-S",
        "--host",
        "--port",
        "--user",
        "--database",
        "--socket",
        "--default-character-set",
        "--defaults-file",
        "--defaults-extra-file",
        "--defaults-group-suffix",
        "--login-path",
        "--protocol",
        "--prompt",
        "--ssl-ca",
        "--ssl-cert",
        "--ssl-key",
        "--ssl-mode",
        "--max-allowed-packet",
        "--connect-timeout",
        "--plugin-dir",
        "--pager",
        "--tee",
        "--delimiter",
        "--max_allowed_packet",
        "--net-buffer-length",
    ],
    host: &["-h", "--host"],
    database: &["-D", "--database"],
    operands: Operands::Database,
    idle: HELP,
};

const SQLITE: Form = Form {
    names: &["sqlite3", "sqlite", "sqlite3.exe", "sqlcipher", "litecli"],
    path: &[],
    client: Client::Sqlite,
    dialect: Dialect::Sqlite,
    kind: TargetKind::Sqlite,
    port: "",
    style: Style::Words,
    sql: &["-cmd", "-e", "-execute"],
    files: &["-init"],
    valued: &[
        "-separator",
        "-newline",
        "-nullvalue",
        "-mmap",
        "-maxsize",
        "-vfs",
        "-heap",
        "-escape",
        "-pagecache",
        "-lookaside",
    ],
    host: &[],
    database: &[],
    operands: Operands::FileThenSql,
    idle: &["-help", "-version", "-A"],
};

/// <https://docs.python.org/3/library/sqlite3.html#command-line-interface>
const SQLITE_MODULE: Form = Form {
    names: &["python", "python3"],
    path: &["-m", "sqlite3"],
    ..SQLITE
};

pub(super) static MAIN: [Form; 4] = [PSQL, MYSQL, SQLITE, SQLITE_MODULE];

/// Clients whose servers nothing here can back up, or that only differ in their options.
pub(super) static OTHERS: &[Form] = &[
    Form {
        names: &["duckdb"],
        dialect: Dialect::Duckdb,
        kind: TargetKind::Database,
        sql: &["-cmd", "-c", "-s"],
        files: &["-init", "-f"],
        ..SQLITE
    },
    Form {
        names: &["cockroach"],
        path: &["sql"],
        sql: &["-e", "--execute"],
        valued: &[
            "-d",
            "-u",
            "-p",
            "--database",
            "--url",
            "--host",
            "--user",
            "--port",
            "--certs-dir",
            "--set",
            "--format",
        ],
        host: &["--host"],
        database: &["--url", "-d", "--database"],
        client: Client::Plain,
        ..PSQL_LIKE
    },
    Form {
        names: &["pgcli"],
        sql: &["-c", "--command", "-e", "--execute"],
        ..PSQL_LIKE
    },
    Form {
        names: &["usql"],
        valued: &["-v", "--set", "-o", "--out"],
        dialect: Dialect::Unknown,
        kind: TargetKind::Database,
        ..PSQL_LIKE
    },
    Form {
        names: &["clickhouse-client", "clickhouse-local"],
        ..CLICKHOUSE
    },
    Form {
        names: &["clickhouse"],
        path: &["client"],
        ..CLICKHOUSE
    },
    Form {
        names: &["clickhouse"],
        path: &["local"],
        ..CLICKHOUSE
    },
    Form {
        names: &["sqlcmd", "osql", "mssql-cli", "go-sqlcmd"],
        client: Client::Sqlcmd,
        dialect: Dialect::Mssql,
        sql: &["-Q", "-q"],
        files: &["-i"],
        // `-b`, `-e`, `-I`, `-r` and their kin take no value: <https://learn.microsoft.com/sql/tools/sqlcmd/sqlcmd-utility>.
        valued: &[
            "-S", "-d", "-U", "-P", "-o", "-v", "-s", "-w", "-h", "-t", "-l", "-a", "-m", "-H",
            "-c", "-f", "-F", "-K", "-V", "-y", "-Y", "-z", "-Z",
        ],
        host: &["-S"],
        database: &["-d"],
        port: "1433",
        idle: HELP_ALONE,
        ..PLAIN
    },
    Form {
        names: &["cqlsh", "ycqlsh"],
        client: Client::Cqlsh,
        sql: &["-e", "--execute"],
        files: &["-f", "--file"],
        valued: &[
            "-k",
            "-u",
            "-p",
            "--keyspace",
            "--username",
            "--password",
            "--cqlshrc",
        ],
        database: &["-k", "--keyspace"],
        operands: Operands::Host,
        port: "9042",
        ..PLAIN
    },
    Form {
        names: &["bq"],
        path: &["query"],
        dialect: Dialect::Bigquery,
        valued: &[
            "--project_id",
            "--dataset_id",
            "--location",
            "--format",
            "--max_rows",
            "-n",
            "--destination_table",
            "--parameter",
            "--job_id",
        ],
        database: &["--project_id"],
        operands: Operands::Sql,
        idle: &["--dry_run", "--help"],
        ..PLAIN
    },
    Form {
        names: &["snowsql"],
        client: Client::Snowsql,
        dialect: Dialect::Snowflake,
        sql: &["-q", "--query"],
        files: &["-f", "--filename"],
        valued: &[
            "-a",
            "-u",
            "-d",
            "-s",
            "-r",
            "-w",
            "-c",
            "-o",
            "-D",
            "--accountname",
            "--username",
            "--dbname",
            "--schemaname",
            "--warehouse",
            "--connection",
            "--option",
            "--variable",
        ],
        host: &["-a", "--accountname"],
        database: &["-d", "--dbname"],
        ..PLAIN
    },
    Form {
        names: &["snow"],
        path: &["sql"],
        dialect: Dialect::Snowflake,
        sql: &["-q", "--query"],
        files: &["-f", "--filename"],
        valued: &[
            "-c",
            "--connection",
            "--database",
            "--schema",
            "--warehouse",
            "--role",
        ],
        database: &["--database"],
        ..PLAIN
    },
    Form {
        names: &[
            "hive",
            "beeline",
            "spark-sql",
            "trino",
            "presto",
            "presto-cli",
            "impala-shell",
        ],
        client: Client::Hive,
        dialect: Dialect::Hive,
        sql: &["-e", "--execute", "-q", "--query"],
        files: &["-f", "--file", "--query_file"],
        valued: &[
            "-u",
            "-n",
            "-p",
            "-d",
            "-i",
            "--server",
            "--catalog",
            "--schema",
            "--database",
            "--hiveconf",
            "--hivevar",
            "--conf",
            "--master",
        ],
        host: &["-u", "--server", "-i"],
        database: &["-d", "--schema", "--database", "--catalog"],
        ..PLAIN
    },
    Form {
        names: &["sqlplus", "sqlplus64", "sql", "sqlcl"],
        client: Client::Sqlplus,
        dialect: Dialect::Oracle,
        valued: &["-C", "-M", "-R"],
        ..PLAIN
    },
    Form {
        names: &["mysqlsh"],
        dialect: Dialect::Mysql,
        kind: TargetKind::Mysql,
        sql: &["-e", "--execute"],
        files: &["-f", "--file"],
        valued: &[
            "-h",
            "-P",
            "-u",
            "-D",
            "-S",
            "--host",
            "--port",
            "--user",
            "--database",
            "--schema",
            "--uri",
        ],
        host: &["-h", "--host"],
        database: &["-D", "--database", "--schema"],
        port: "3306",
        ..PLAIN
    },
    Form {
        names: &["prisma"],
        path: &["db", "execute"],
        files: &["--file"],
        valued: &["--url", "--schema"],
        database: &["--url"],
        ..PLAIN
    },
    Form {
        names: &["typeorm", "typeorm-ts-node-commonjs", "typeorm-ts-node-esm"],
        path: &["query"],
        valued: &["-d", "--dataSource"],
        operands: Operands::Sql,
        ..PLAIN
    },
    Form {
        names: &["wrangler"],
        path: &["d1", "execute"],
        dialect: Dialect::Sqlite,
        sql: &["--command"],
        files: &["--file"],
        valued: &["--config", "-c", "--env", "-e", "--persist-to"],
        operands: Operands::DatabaseThenSql,
        ..PLAIN
    },
    Form {
        names: &["turso"],
        path: &["db", "shell"],
        dialect: Dialect::Sqlite,
        valued: &["--location", "--instance"],
        operands: Operands::DatabaseThenSql,
        ..PLAIN
    },
    Form {
        names: &["aws"],
        path: &["rds-data", "execute-statement"],
        sql: &["--sql"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["rds-data", "batch-execute-statement"],
        sql: &["--sql"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["athena", "start-query-execution"],
        dialect: Dialect::Hive,
        sql: &["--query-string"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["redshift-data", "execute-statement"],
        dialect: Dialect::Redshift,
        sql: &["--sql"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["redshift-data", "batch-execute-statement"],
        dialect: Dialect::Redshift,
        sql: &["--sqls"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["dynamodb", "execute-statement"],
        sql: &["--statement"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["dynamodb", "batch-execute-statement"],
        sql: &["--statements"],
        ..AWS
    },
    Form {
        names: &["aws"],
        path: &["dynamodb", "execute-transaction"],
        sql: &["--transact-statements"],
        ..AWS
    },
    Form {
        names: &["gcloud"],
        path: &["spanner", "databases", "execute-sql"],
        sql: &["--sql"],
        idle: &["--help", "--version", "--query-mode=PLAN"],
        ..GCLOUD
    },
    Form {
        names: &["gcloud"],
        path: &["spanner", "databases", "ddl", "update"],
        sql: &["--ddl"],
        files: &["--ddl-file"],
        ..GCLOUD
    },
    Form {
        names: &["pscale"],
        path: &["shell"],
        dialect: Dialect::Mysql,
        sql: &["-e", "--execute"],
        valued: &["--org", "--local-addr", "--role"],
        ..PLAIN
    },
    Form {
        names: &["rqlite"],
        dialect: Dialect::Sqlite,
        valued: &["-H", "-p", "-u", "-s", "--host", "--port"],
        host: &["-H", "--host"],
        operands: Operands::Sql,
        ..PLAIN
    },
    Form {
        names: &[
            "isql",
            "isql-fb",
            "iusql",
            "tsql",
            "fisql",
            "bteq",
            "sqlline",
            "sqlline.py",
            "phoenix-sqlline",
            "phoenix-sqlline.py",
            "gbase",
            "dolt-sql-shell",
        ],
        ..PLAIN
    },
    Form {
        names: &["hdbsql"],
        files: &["-I"],
        valued: &["-n", "-i", "-u", "-p", "-d", "-U", "-o", "-c"],
        host: &["-n"],
        database: &["-d"],
        operands: Operands::Sql,
        idle: HELP_ALONE,
        ..PLAIN
    },
    Form {
        names: &["db2"],
        files: &["-f", "-tvf", "-tf"],
        operands: Operands::Sql,
        ..PLAIN
    },
    Form {
        names: &["sqlite-utils"],
        path: &["query"],
        kind: TargetKind::Sqlite,
        ..SQLITE
    },
    Form {
        names: &["sqlite-utils"],
        kind: TargetKind::Sqlite,
        ..SQLITE
    },
    Form {
        names: &["dolt"],
        path: &["sql"],
        dialect: Dialect::Mysql,
        sql: &["-q", "--query"],
        ..PLAIN
    },
    Form {
        names: &["neon", "neonctl"],
        path: &["psql"],
        ..PSQL_LIKE
    },
    Form {
        names: &["neon", "neonctl"],
        path: &["--psql"],
        ..PSQL_LIKE
    },
    Form {
        names: &["supabase"],
        path: &["db", "query"],
        dialect: Dialect::Postgres,
        files: &["-f", "--file"],
        valued: &["--db-url", "--project-ref"],
        operands: Operands::Sql,
        ..PLAIN
    },
    Form {
        names: &["rails", "dbconsole"],
        path: &["dbconsole"],
        valued: &["-e", "--environment", "--database", "--db"],
        ..PLAIN
    },
    Form {
        names: &["rails"],
        path: &["db"],
        valued: &["-e", "--environment", "--database", "--db"],
        ..PLAIN
    },
    Form {
        names: &["manage.py", "django-admin"],
        path: &["dbshell"],
        valued: &["--database", "--settings"],
        database: &["--database"],
        ..PLAIN
    },
    Form {
        names: &["python", "python3"],
        path: &["manage.py", "dbshell"],
        valued: &["--database", "--settings"],
        database: &["--database"],
        ..PLAIN
    },
    Form {
        names: &["liquibase"],
        path: &["execute-sql"],
        sql: &["--sql"],
        files: &["--sql-file", "--sqlFile"],
        ..PLAIN
    },
    Form {
        names: &["liquibase"],
        path: &["executeSql"],
        sql: &["--sql"],
        files: &["--sql-file", "--sqlFile"],
        ..PLAIN
    },
    Form {
        names: &["spanner-cli"],
        sql: &["-e", "--execute", "--sql"],
        files: &["-f", "--file"],
        valued: &["-p", "-i", "-d", "--project", "--instance", "--database"],
        database: &["-d", "--database"],
        ..PLAIN
    },
    // Databricks, CrateDB and MonetDB; what stands as an operand is a database or nothing that matters.
    Form {
        names: &["dbsqlcli"],
        sql: &["-e", "--execute"],
        valued: &["--hostname", "--http-path", "--access-token"],
        ..PLAIN
    },
    Form {
        names: &["crash"],
        dialect: Dialect::Postgres,
        sql: &["-c", "--command"],
        valued: &["--hosts", "-U", "--username", "--schema", "--format"],
        host: &["--hosts"],
        ..PLAIN
    },
    Form {
        names: &["mclient"],
        sql: &["-s", "--statement"],
        valued: &[
            "-d",
            "--database",
            "-h",
            "--host",
            "-p",
            "--port",
            "-u",
            "--user",
        ],
        host: &["-h", "--host"],
        database: &["-d", "--database"],
        ..PLAIN
    },
    Form {
        names: &["fly", "flyctl"],
        path: &["pg", "connect"],
        ..FLY
    },
    Form {
        names: &["fly", "flyctl"],
        path: &["mpg", "connect"],
        ..FLY
    },
    Form {
        names: &["fly", "flyctl"],
        path: &["postgres", "connect"],
        ..FLY
    },
    Form {
        names: &["heroku"],
        path: &["pg:psql"],
        client: Client::Psql,
        dialect: Dialect::Postgres,
        sql: &["-c", "--command"],
        files: &["-f", "--file"],
        valued: &["-a", "--app", "-r", "--remote", "--credential"],
        host: &["-a", "--app"],
        ..PLAIN
    },
];

const PSQL_LIKE: Form = Form {
    operands: Operands::Database,
    idle: HELP,
    ..PSQL
};

const PLAIN: Form = Form {
    names: &[],
    path: &[],
    client: Client::Plain,
    dialect: Dialect::Unknown,
    kind: TargetKind::Database,
    port: "?",
    style: Style::Gnu,
    sql: &[],
    files: &[],
    valued: &[],
    host: &[],
    database: &[],
    operands: Operands::Database,
    idle: HELP,
};

const FLY: Form = Form {
    client: Client::Psql,
    dialect: Dialect::Postgres,
    valued: &[
        "-a",
        "--app",
        "-d",
        "--database",
        "-u",
        "--user",
        "-p",
        "--password",
    ],
    database: &["-d", "--database"],
    ..PLAIN
};

const AWS: Form = Form {
    valued: &[
        "--profile",
        "--region",
        "--output",
        "--query",
        "--endpoint-url",
        "--resource-arn",
        "--secret-arn",
        "--database",
        "--schema",
        "--parameters",
        "--cluster-identifier",
        "--db-user",
        "--workgroup-name",
        "--work-group",
        "--query-execution-context",
        "--result-configuration",
        "--transaction-id",
        "--statement-name",
    ],
    host: &["--resource-arn", "--cluster-identifier", "--workgroup-name"],
    database: &["--database"],
    ..PLAIN
};

const GCLOUD: Form = Form {
    valued: &[
        "--instance",
        "--project",
        "--account",
        "--format",
        "--timeout",
        "--query-mode",
    ],
    host: &["--instance"],
    ..PLAIN
};

const CLICKHOUSE: Form = Form {
    dialect: Dialect::Clickhouse,
    sql: &["-q", "--query"],
    files: &["--queries-file"],
    valued: &[
        "-h",
        "-u",
        "-d",
        "--host",
        "--port",
        "--user",
        "--password",
        "--database",
        "--format",
        "--config-file",
    ],
    host: &["-h", "--host"],
    database: &["-d", "--database"],
    port: "9000",
    operands: Operands::Sql,
    ..PLAIN
};
