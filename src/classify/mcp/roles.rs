//! What a string of a call is, by its key, the tool and the server: SQL, shell text, code, a path, or something that people read.
//! It judges nothing.

use super::names;

/// Keys of texts that people read, or that are stored as they are.
const PROSE: &[&str] = &[
    "title",
    "body",
    "description",
    "comment",
    "comments",
    "message",
    "content",
    "contents",
    "text",
    "markdown",
    "html",
    "note",
    "notes",
    "summary",
    "thought",
    "topic",
    "prompt",
    "observations",
    "subject",
    "commitmessage",
    "oldtext",
    "newtext",
    "oldstring",
    "newstring",
    "q",
    "keyword",
    "keywords",
    "search",
    "searchphrase",
    "question",
    "answer",
    "label",
    "labels",
    "reason",
    "name",
    "explanation",
    "instructions",
    "details",
    "caption",
    "reply",
    "element",
    "selector",
    "filecontent",
    "patch",
    "diff",
    "richtext",
    "headline",
    "pattern",
    "regex",
    "find",
    "replace",
    "step",
    "findings",
    "hypothesis",
    "context",
    "goal",
    "querytexts",
    "texts",
];

/// Of these, what is prose even for a tool that runs texts.
const ALWAYS_PROSE: &[&str] = &[
    "title",
    "description",
    "comment",
    "explanation",
    "reason",
    "name",
    "summary",
    "thought",
    "question",
    "label",
    "subject",
    "notes",
    "note",
];

const SHELL: &[&str] = &[
    "command",
    "cmd",
    "script",
    "shell",
    "commandline",
    "clicommand",
    "commands",
    "cmdline",
    "bash",
    "shellcommand",
    "exec",
];
/// Keys of texts that are typed into terminals, the terminals, and the words of tools that type.
const TYPED: &[&str] = &[
    "keys",
    "key",
    "input",
    "text",
    "data",
    "keystrokes",
    "characters",
    "string",
    "content",
    "stdin",
    "message",
];
const TERMINALS: &[&str] = &[
    "tmux", "terminal", "screen", "zellij", "tty", "pty", "iterm", "iterm2", "wezterm", "kitty",
    "ghostty", "process", "pane", "ssh", "shell", "bash",
];
const TYPING: &[&str] = &[
    "send",
    "type",
    "keys",
    "write",
    "paste",
    "input",
    "keystroke",
    "keystrokes",
    "press",
    "sendkeys",
    "stdin",
    "feed",
    "interact",
];
const CODE: &[&str] = &[
    "code",
    "source",
    "snippet",
    "python",
    "javascript",
    "js",
    "ruby",
    "program",
    "pythoncode",
    "jscode",
    "sourcecode",
    "cell",
    "cellsource",
    "cellcode",
    "script",
    "expression",
    "newsource",
];
const PATHS: &[&str] = &[
    "path",
    "filepath",
    "file",
    "filename",
    "targetfile",
    "source",
    "destination",
    "src",
    "dst",
    "dest",
    "target",
    "from",
    "to",
    "oldpath",
    "newpath",
    "directory",
    "folder",
    "dir",
    "uri",
    "paths",
    "files",
    "absolutepath",
    "relativepath",
    "sourcepath",
    "destinationpath",
];

/// Servers at which people write to people, or look things up: their texts are never run.
const TALK: &[&str] = &[
    "zen",
    "chroma",
    "qdrant",
    "pinecone",
    "weaviate",
    "milvus",
    "consult",
    "review",
    "github",
    "gitlab",
    "gitea",
    "forgejo",
    "bitbucket",
    "linear",
    "slack",
    "discord",
    "teams",
    "notion",
    "jira",
    "confluence",
    "atlassian",
    "asana",
    "trello",
    "clickup",
    "gmail",
    "email",
    "mail",
    "outlook",
    "gdrive",
    "drive",
    "gdocs",
    "docs",
    "documentation",
    "context7",
    "memory",
    "sequential",
    "thinking",
    "search",
    "brave",
    "tavily",
    "perplexity",
    "exa",
    "firecrawl",
    "time",
    "figma",
    "sentry",
    "todo",
    "todoist",
    "calendar",
    "obsidian",
    "zendesk",
    "intercom",
    "hubspot",
    "telegram",
    "whatsapp",
    "deepwiki",
    "stripe",
    "wiki",
    "chat",
    "ticket",
    "issues",
];

/// Servers that drive a browser: their scripts run in a page.
const BROWSERS: &[&str] = &[
    "playwright",
    "puppeteer",
    "browser",
    "chrome",
    "devtools",
    "browserbase",
    "selenium",
    "stagehand",
    "page",
];

/// Servers that edit files of a project by meaning.
const EDITORS: &[&str] = &["serena", "ide", "lsp", "jetbrains"];

/// One string with what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May be SQL, if it is SQL to its last word.
    Text,
    Shell,
    Code,
    Path,
    Prose,
}

/// What is known of a call before its strings are read.
#[derive(Debug)]
pub struct Call<'a> {
    pub server: &'a str,
    pub tool: &'a str,
    /// Words of the tool's name, those of the server's left out.
    pub words: Vec<String>,
    /// Words of both names.
    pub all: Vec<String>,
    pub strings: &'a [(String, String)],
    talks: bool,
    browses: bool,
    pub reads: bool,
    pub runs: bool,
}

/// Words of servers and tools that speak SQL.
const DATABASES: &[&str] = &[
    "sql",
    "mysql",
    "mariadb",
    "postgres",
    "postgresql",
    "pg",
    "sqlite",
    "duckdb",
    "motherduck",
    "snowflake",
    "bigquery",
    "clickhouse",
    "redshift",
    "mssql",
    "sqlserver",
    "oracle",
    "supabase",
    "neon",
    "planetscale",
    "cockroach",
    "tidb",
    "trino",
    "databricks",
    "dbhub",
    "database",
    "db",
];

impl<'a> Call<'a> {
    /// Tells whether a string is SQL by its key, so that it needs no look of SQL.
    pub fn is_sql(&self, key: &str) -> bool {
        let key = plain(key);
        let speaks = |word: &String| DATABASES.contains(&word.as_str());
        key.contains("sql")
            || matches!(
                key.as_str(),
                "query" | "queries" | "statement" | "statements"
            ) && self.all.iter().any(speaks)
    }

    pub fn new(server: &'a str, tool: &'a str, strings: &'a [(String, String)]) -> Self {
        let of_server = names::words(server);
        let of_tool = names::words(tool);
        let named = |list: &[&str]| of_server.iter().any(|word| list.contains(&word.as_str()));
        let own: Vec<String> = of_tool
            .iter()
            .filter(|word| {
                !of_server.contains(word) || names::takes_away(std::slice::from_ref(word))
            })
            .filter(|word| !matches!(word.as_str(), "api" | "tool" | "mcp"))
            .cloned()
            .collect();
        let words = if own.is_empty() { of_tool.clone() } else { own };
        let talks = named(TALK)
            || of_tool
                .iter()
                .any(|word| matches!(word.as_str(), "search" | "think" | "thinking" | "docs"));
        let browses = named(BROWSERS)
            || of_tool
                .iter()
                .any(|word| matches!(word.as_str(), "browser" | "puppeteer"));
        let runs = names::runs(&of_tool)
            || of_server
                .iter()
                .any(|word| matches!(word.as_str(), "shell" | "terminal" | "bash" | "ssh"));
        Self {
            server,
            tool,
            reads: names::reads(&words),
            runs,
            talks,
            browses,
            all: of_server.iter().chain(&of_tool).cloned().collect(),
            words,
            strings,
        }
    }

    /// Tells whether the server drives a browser.
    pub fn browses(&self) -> bool {
        self.browses
    }

    /// Tells whether any word of the two names is one of these.
    pub fn named(&self, list: &[&str]) -> bool {
        self.all.iter().any(|word| list.contains(&word.as_str()))
    }

    /// Tells whether the server keeps its files elsewhere than on this machine.
    pub fn keeps_files_elsewhere(&self) -> bool {
        self.talks
            || self.named(&[
                "s3",
                "gcs",
                "azure",
                "blob",
                "dropbox",
                "box",
                "onedrive",
                "sharepoint",
                "ftp",
                "sftp",
                "cloud",
                "r2",
                "wordpress",
            ])
    }

    /// Returns what a string is.
    pub fn role(&self, key: &str) -> Role {
        let key = plain(key);
        let in_list = |list: &[&str]| list.contains(&key.as_str());
        if self.talks || self.browses && !in_list(&["sql"]) {
            return Role::Prose;
        }
        if in_list(TYPED) && self.types() {
            return Role::Shell;
        }
        if in_list(SHELL) && !(in_list(CODE) && self.speaks_code()) {
            return Role::Shell;
        }
        if in_list(CODE) && self.speaks_code() {
            return Role::Code;
        }
        if self.named(EDITORS) {
            return Role::Prose;
        }
        if in_list(PATHS) {
            return Role::Path;
        }
        let prose = if self.runs && !self.writes_file() {
            ALWAYS_PROSE
        } else {
            PROSE
        };
        if in_list(prose) {
            Role::Prose
        } else {
            Role::Text
        }
    }

    /// Tells whether the call types its text into a terminal, where a shell may read it.
    fn types(&self) -> bool {
        let typing = |word: &String| TYPING.contains(&word.as_str());
        self.named(TERMINALS) && !self.reads && self.words.iter().any(typing)
    }

    /// Tells whether the call puts a text into a file, where nothing runs it.
    fn writes_file(&self) -> bool {
        let writes = self.words.iter().any(|word| {
            matches!(
                word.as_str(),
                "write" | "create" | "save" | "edit" | "append"
            )
        });
        let file = self.named(&["file", "fs", "filesystem", "files"]);
        writes
            && file
            && self
                .value(&["path", "filepath", "filename", "file"])
                .is_some()
    }

    fn speaks_code(&self) -> bool {
        self.named(&[
            "code",
            "python",
            "node",
            "javascript",
            "js",
            "jupyter",
            "notebook",
            "cell",
            "repl",
            "ruby",
            "interpreter",
            "deno",
            "php",
            "e2b",
            "sandbox",
            "tinker",
            "artisan",
            "laravel",
            "rails",
            "django",
            "tidewave",
            "elixir",
            "iex",
            "irb",
            "ipython",
            "console",
        ])
    }

    /// Returns the first string under one of these keys.
    pub fn value(&self, keys: &[&str]) -> Option<&'a str> {
        self.strings
            .iter()
            .find(|(pointer, _)| keys.contains(&plain(key(pointer)).as_str()))
            .map(|(_, text)| text.as_str())
    }

    /// Returns every string under one of these keys, lists in their order.
    pub fn values(&self, keys: &[&str]) -> Vec<&'a str> {
        self.strings
            .iter()
            .filter(|(pointer, _)| keys.contains(&plain(key(pointer)).as_str()))
            .map(|(_, text)| text.as_str())
            .collect()
    }

    /// Tells whether the call says that it only rehearses.
    pub fn rehearses(&self) -> bool {
        self.strings.iter().any(|(pointer, text)| {
            let key = plain(key(pointer));
            matches!(
                key.as_str(),
                "dryrun" | "whatif" | "preview" | "simulate" | "checkonly" | "plan"
            ) && matches!(
                text.as_str(),
                "true" | "client" | "server" | "All" | "yes" | "1"
            )
        })
    }
}

/// Returns the last name in a JSON pointer; places in lists are no names.
pub fn key(pointer: &str) -> &str {
    pointer
        .rsplit('/')
        .find(|part| part.parse::<usize>().is_err())
        .unwrap_or_default()
}

/// `file_path`, `filePath` and `file-path` are one key.
pub fn plain(key: &str) -> String {
    key.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Returns the strings that stand under one of these keys.
pub fn under<'s>(
    strings: impl Iterator<Item = &'s (String, String)>,
    keys: &[&str],
) -> impl Iterator<Item = &'s str> {
    strings
        .filter(|(pointer, _)| keys.contains(&plain(key(pointer)).as_str()))
        .map(|(_, text)| text.as_str())
}
