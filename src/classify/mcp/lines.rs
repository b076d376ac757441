//! What a call says as a command line: the program that its server speaks for, a request, a deletion of files, code for an interpreter.
//! Lines are only written here; the shell room reads them and the families judge them.

use super::roles::{Call, Role, key};

/// Servers that speak for a program: words of the names, the program.
const SPEAKERS: &[(&[&str], &str)] = &[
    (&["kubectl", "kubernetes", "k8s"], "kubectl"),
    (&["helm"], "helm"),
    (&["terraform"], "terraform"),
    (&["tofu", "opentofu"], "tofu"),
    (&["pulumi"], "pulumi"),
    (&["gcloud"], "gcloud"),
    (&["aws", "awscli"], "aws"),
    (&["az", "azcli"], "az"),
    (&["redis", "valkey"], "redis-cli"),
    (&["docker"], "docker"),
    (&["podman"], "podman"),
    (&["git"], "git"),
    (&["heroku"], "heroku"),
    (&["wrangler"], "wrangler"),
    (&["ansible"], "ansible"),
    (&["wp", "wpcli"], "wp"),
];

/// Consoles of frameworks and of notebooks: words of the names, the line that runs the same code.
const CONSOLES: &[(&[&str], &str)] = &[
    (
        &["tinker", "laravel", "artisan"],
        "php artisan tinker --execute",
    ),
    (&["rails"], "rails runner"),
    (&["django"], "python manage.py shell -c"),
    (&["tidewave", "elixir", "phoenix", "iex"], "mix run -e"),
    (&["ruby", "irb"], "ruby -e"),
    (&["php"], "php -r"),
    (&["jupyter", "notebook", "ipython", "cell"], "ipython -c"),
];

/// Servers of stores that speak no SQL: words of the names, the client that takes the same text, whether it takes it as words of its own.
const STORES: &[(&[&str], &str, bool)] = &[
    (&["mongo", "mongodb"], "mongosh --eval", false),
    (
        &["redis", "valkey", "dragonfly", "keydb"],
        "redis-cli",
        true,
    ),
    (&["influx", "influxdb"], "influx -execute", false),
    (
        &["cassandra", "scylla", "scylladb", "cql"],
        "cqlsh -e",
        false,
    ),
    (
        &["arango", "arangodb"],
        "arangosh --javascript.execute-string",
        false,
    ),
    (&["etcd"], "etcdctl", true),
];

/// Lines longer than this are not built from many strings.
const MAX_WORDS: usize = 4_096;

/// Returns the lines that a call stands for, besides the texts that are shell text already.
pub fn lines(call: &Call<'_>) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(spoken(call));
    all.extend(vector(call));
    all.extend(request(call));
    all.extend(page(call));
    all.extend(files(call));
    all.extend(git(call));
    all.extend(compose(call));
    for (pointer, text) in call.strings {
        let role = call.role(key(pointer));
        if matches!(role, Role::Text | Role::Shell) && is_statement(key(pointer)) {
            all.extend(in_store(call, text));
        }
        match role {
            Role::Code => all.extend(code(call, text)),
            Role::Text | Role::Shell if is_document(call, text) => {
                all.push(format!(
                    "mongosh --eval {}",
                    quoted(&format!("db.runCommand({text})"))
                ));
            }
            Role::Text if is_cypher(call) => all.push(format!("cypher-shell {}", quoted(text))),
            Role::Text if is_mutation(text) => all.push(mutation(text)),
            _ => {}
        }
    }
    all
}

/// The text of a store's own language, as its client takes it.
fn in_store(call: &Call<'_>, text: &str) -> Option<String> {
    let (_, client, parted) = STORES.iter().find(|(words, ..)| call.named(words))?;
    let words = || text.split_whitespace().take(MAX_WORDS).map(quoted);
    Some(match parted {
        true => std::iter::once((*client).to_owned())
            .chain(words())
            .collect::<Vec<_>>()
            .join(" "),
        false => format!("{client} {}", quoted(text)),
    })
}

/// Tells whether a string is what a store is asked to do, by its key.
fn is_statement(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "query",
        "statement",
        "command",
        "script",
        "eval",
        "expression",
        "cql",
        "aql",
        "code",
    ]
    .iter()
    .any(|word| key.trim_end_matches('s') == *word)
}

fn mutation(text: &str) -> String {
    let body = serde_json::json!({ "query": text }).to_string();
    format!(
        "curl -X POST http://mcp.invalid/graphql -d {}",
        quoted(&body)
    )
}

/// `kubectl_generic {"command": "delete", "resourceType": "pvc", "name": "data"}` is `kubectl delete pvc data`.
fn spoken(call: &Call<'_>) -> Option<String> {
    let (_, program) = SPEAKERS.iter().find(|(words, _)| call.named(words))?;
    let given = call.values(&[
        "command",
        "cmd",
        "subcommand",
        "args",
        "arguments",
        "clicommand",
        "operation",
        "verb",
        "action",
    ]);
    let first = given.first()?;
    if first.split_whitespace().next() == Some(program) {
        return None;
    }
    let mut line = (*program).to_owned();
    for text in given.iter().take(MAX_WORDS) {
        line.push(' ');
        let whole = given.len() == 1 && text.contains(' ');
        line.push_str(&if whole {
            (*text).to_owned()
        } else {
            quoted(text)
        });
    }
    for name in call
        .values(&["resourcetype", "resource", "kind", "name", "release"])
        .into_iter()
        .take(MAX_WORDS)
    {
        line.push(' ');
        line.push_str(&quoted(name));
    }
    Some(line)
}

/// A program and its arguments in a list.
fn vector(call: &Call<'_>) -> Option<String> {
    // `{"argv": ["rm", "-rf", "data"]}`; a list of whole lines is no such list.
    let listed: Vec<&str> = call
        .strings
        .iter()
        .filter(|(pointer, _)| {
            let numbered = pointer
                .rsplit('/')
                .next()
                .is_some_and(|part| part.parse::<usize>().is_ok());
            numbered && matches!(key(pointer), "argv" | "command" | "cmd" | "cmdline")
        })
        .map(|(_, text)| text.as_str())
        .take(MAX_WORDS)
        .collect();
    if listed.len() > 1 && !listed.iter().take(1).any(|text| text.contains(' ')) {
        return Some(listed.into_iter().map(quoted).collect::<Vec<_>>().join(" "));
    }
    let program = call.value(&["program", "executable", "binary", "command", "cmd"])?;
    let args = call.values(&["args", "argv", "arguments", "parameters"]);
    if args.is_empty() || program.contains(char::is_whitespace) {
        return None;
    }
    let words = std::iter::once(program).chain(args).take(MAX_WORDS);
    Some(words.map(quoted).collect::<Vec<_>>().join(" "))
}

/// `{"method": "DELETE", "url": …}`.
fn request(call: &Call<'_>) -> Option<String> {
    let method = call.value(&["method", "httpmethod", "verb"]);
    if let Some(method) = method.filter(|method| is_one_that_sends(method)) {
        return sent(call, method);
    }
    let named = call.named(&["http", "rest", "fetch", "request"])
        && call.words.iter().any(|word| word == "delete");
    if !method.is_some_and(|method| method.eq_ignore_ascii_case("delete")) && !named {
        return None;
    }
    let url = call.value(&["url", "uri", "endpoint", "path"])?;
    let url = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://mcp.invalid/{}", url.trim_start_matches('/'))
    };
    Some(format!("curl -X DELETE {}", quoted(&url)))
}

fn is_one_that_sends(method: &str) -> bool {
    ["post", "put"]
        .iter()
        .any(|one| method.eq_ignore_ascii_case(one))
}

/// `{"method": "POST", "path": "/_cluster/reroute", "body": {…}}`: what stands in the body is written flat.
fn sent(call: &Call<'_>, method: &str) -> Option<String> {
    let url = call.value(&["url", "uri", "endpoint", "path"])?;
    let url = match url.contains("://") {
        true => url.to_owned(),
        false => format!("http://mcp.invalid/{}", url.trim_start_matches('/')),
    };
    let inside = |pointer: &str| {
        let first = pointer.split('/').nth(1).unwrap_or_default();
        matches!(first, "body" | "data" | "json" | "payload")
    };
    let given = call.strings.iter().filter(|(pointer, _)| inside(pointer));
    let body: Vec<String> = given
        .take(MAX_WORDS)
        .map(|(pointer, text)| match pointer.matches('/').count() {
            1 => text.clone(),
            _ => serde_json::json!({ key(pointer): text }).to_string(),
        })
        .collect();
    let method = method.to_ascii_uppercase();
    Some(format!(
        "curl -X {method} {} -d {}",
        quoted(&url),
        quoted(&body.join("\n"))
    ))
}

/// A script in a page that sends a DELETE.
fn page(call: &Call<'_>) -> Option<String> {
    if !call.browses() {
        return None;
    }
    let keys = [
        "function",
        "expression",
        "script",
        "code",
        "js",
        "javascript",
        "pagefunction",
    ];
    let text = call
        .values(&keys)
        .into_iter()
        .find(|text| sends_deletion(text))?;
    let strings = text.split(['\'', '"', '`']).skip(1).step_by(2);
    let mut urls = strings.filter(|inside| inside.contains('/') && !inside.contains(' '));
    let url = urls.next().unwrap_or("unknown");
    let url = match url.contains("://") {
        true => url.to_owned(),
        false => format!("http://mcp.invalid/{}", url.trim_start_matches('/')),
    };
    Some(format!("curl -X DELETE {}", quoted(&url)))
}

/// `fetch(…, {method: 'DELETE'})`, `request.open("DELETE", …)`, `axios.delete(…)`.
fn sends_deletion(text: &str) -> bool {
    const CALLS: [&str; 6] = [
        "axios.delete(",
        "ky.delete(",
        "$http.delete(",
        "request.delete(",
        "indexeddb.deletedatabase(",
        "http.delete(",
    ];
    let plain: String = text
        .chars()
        .filter(|char| !char.is_whitespace())
        .map(|char| match char {
            '"' | '`' => '\'',
            other => other.to_ascii_lowercase(),
        })
        .collect();
    let sends = [
        "method:'delete'",
        "'method':'delete'",
        "type:'delete'",
        ".open('delete'",
    ];
    let sends = sends.iter().chain(&CALLS).any(|call| plain.contains(call));
    sends || plain.contains("'_method','delete'") || plain.contains("_method=delete")
}

/// Tools that remove and move files by path.
fn files(call: &Call<'_>) -> Option<String> {
    if call.keeps_files_elsewhere() || !touches_files(call) {
        return None;
    }
    let word = |list: &[&str]| call.words.iter().any(|word| list.contains(&word.as_str()));
    if word(&["move", "rename", "mv"]) {
        let from = call.value(&["source", "src", "from", "oldpath", "path", "sourcepath"])?;
        let to = call.value(&[
            "destination",
            "dst",
            "dest",
            "to",
            "newpath",
            "target",
            "destinationpath",
        ])?;
        return Some(format!("mv -- {} {}", quoted(from), quoted(to)));
    }
    if word(&["copy", "cp"]) {
        let from = call.value(&["source", "src", "from", "path", "sourcepath"])?;
        let to = call.value(&[
            "destination",
            "dst",
            "dest",
            "to",
            "target",
            "destinationpath",
        ])?;
        return Some(format!("cp -r -- {} {}", quoted(from), quoted(to)));
    }
    if super::names::takes_away(&call.words)
        || word(&["rm", "unlink", "rmdir", "remove", "delete", "trash"])
    {
        let paths = call.values(&[
            "path",
            "filepath",
            "file",
            "filename",
            "paths",
            "files",
            "directory",
            "folder",
            "dir",
            "targetfile",
            "absolutepath",
        ]);
        let paths: Vec<String> = paths.into_iter().map(quoted).collect();
        return (!paths.is_empty()).then(|| format!("rm -rf -- {}", paths.join(" ")));
    }
    None
}

/// Tells whether a call works on files of this machine.
pub fn touches_files(call: &Call<'_>) -> bool {
    let path = call.value(&[
        "path",
        "filepath",
        "file",
        "filename",
        "source",
        "src",
        "oldpath",
        "directory",
        "targetfile",
        "absolutepath",
    ]);
    let local = call.named(&[
        "filesystem",
        "fs",
        "file",
        "files",
        "directory",
        "folder",
        "commander",
        "desktop",
        "editor",
    ]);
    path.is_some_and(|path| {
        local
            && (path.starts_with(['/', '~', '.']) || call.named(&["filesystem", "fs", "commander"]))
    })
}

/// `compose_down {"volumes": true}`.
fn compose(call: &Call<'_>) -> Option<String> {
    let word = |wanted: &str| call.all.iter().any(|word| word == wanted);
    let volumes = call.value(&["volumes", "removevolumes", "v"]) == Some("true");
    (word("compose") && word("down") && volumes).then(|| "docker compose down -v".to_owned())
}

/// Servers that speak for git have tools for its commands.
fn git(call: &Call<'_>) -> Option<String> {
    if !call.all.iter().any(|word| word == "git") {
        return None;
    }
    let word = |wanted: &str| call.words.iter().any(|word| word == wanted);
    let repository = call.value(&["repopath", "path", "repo", "repository"]);
    let head = repository.map_or("git".to_owned(), |path| format!("git -C {}", quoted(path)));
    let truth = |keys: &[&str]| call.value(keys) == Some("true");
    if word("reset") {
        let hard = call
            .value(&["mode"])
            .is_some_and(|mode| mode.trim_start_matches('-') == "hard")
            || truth(&["hard"]);
        let target = call
            .value(&["target", "commit", "ref", "revision"])
            .map(quoted)
            .unwrap_or_default();
        return hard.then(|| format!("{head} reset --hard {target}"));
    }
    if word("clean") && !call.rehearses() {
        return Some(format!("{head} clean -fd"));
    }
    if word("push") && truth(&["force"]) {
        let branch = call.value(&["branch"]).map(quoted).unwrap_or_default();
        return Some(format!("{head} push --force origin {branch}"));
    }
    None
}

/// Code in the language that the call names; Python where it names none.
fn code(call: &Call<'_>, text: &str) -> Option<String> {
    let language = call
        .value(&["language", "lang", "runtime", "kernel"])
        .unwrap_or_default()
        .to_ascii_lowercase();
    let script = call.named(&["node", "javascript", "js", "deno"]);
    if language.is_empty()
        && let Some((_, line)) = CONSOLES.iter().find(|(words, _)| call.named(words))
    {
        return Some(format!("{line} {}", quoted(text)));
    }
    let line = match language.as_str() {
        "bash" | "sh" | "shell" | "zsh" => return Some(text.to_owned()),
        "javascript" | "js" | "node" | "typescript" | "ts" => "node -e",
        "ruby" => "ruby -e",
        "php" => "php -r",
        "perl" => "perl -e",
        "r" => "Rscript -e",
        "" if script => "node -e",
        _ => "python3 -c",
    };
    Some(format!("{line} {}", quoted(text)))
}

fn is_cypher(call: &Call<'_>) -> bool {
    call.named(&["cypher", "neo4j", "memgraph"])
}

/// A command of MongoDB, written out.
fn is_document(call: &Call<'_>, text: &str) -> bool {
    call.named(&["mongo", "mongodb"])
        && call.words.iter().any(|word| word == "command")
        && text.trim_start().starts_with('{')
}

fn is_mutation(text: &str) -> bool {
    text.trim_start().starts_with("mutation") && text.contains('{')
}

/// Returns a word as the shell reads it back.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
