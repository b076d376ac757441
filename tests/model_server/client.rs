//! The real Claude Code in `-p` mode against the scripted model server.
//! Where it is, `BACKSTOP_TEST_CLAUDE` says; `scripts/test` fetches it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ModelServer, Step};
use crate::house::House;

/// Returns the client, or says why the suite is left out.
pub fn client() -> Option<PathBuf> {
    let found = std::env::var_os("BACKSTOP_TEST_CLAUDE")
        .map(PathBuf::from)
        .filter(|path| path.exists());
    if found.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "the real client is missing, and CI=true"
        );
        eprintln!("left out: BACKSTOP_TEST_CLAUDE names no Claude Code; `scripts/test` fetches it");
    }
    found
}

/// One run of the client over a script; returns what it was told after each call, and its own result.
pub fn drive(client: &Path, house: &House, steps: Vec<Step>) -> (Vec<String>, Value) {
    let server = ModelServer::start(steps);
    let config = house.home.join("mcp.json");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/mcp-server.js");
    std::fs::write(
        &config,
        json!({"mcpServers": {"db": {"command": "node", "args": [script]}}}).to_string(),
    )
    .unwrap();
    let mut child = Command::new(client)
        .args(["-p", "go", "--output-format", "json", "--mcp-config"])
        .arg(&config)
        .args(["--allowedTools", "Bash", "Write", "Edit", "mcp__db__query"])
        .env_clear()
        .envs(house.env())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("ANTHROPIC_BASE_URL", server.url())
        .env("ANTHROPIC_API_KEY", "none")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("DISABLE_TELEMETRY", "1")
        .env("DISABLE_ERROR_REPORTING", "1")
        .current_dir(house.project())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = server.told();
    let result = serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!(
            "{text}\n{}\n{told:?}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (told, result)
}
