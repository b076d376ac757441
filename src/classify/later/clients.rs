//! Start-up files of clients and tools: what psql, sqlite3, mongosh, mysql, ssh, git, tmux, vim and npm run without being asked.
//! It finds the files and takes out what they run; functions and mappings that wait for a person are left out.

use std::path::Path;

use super::texts::Task;

/// Whose start-up file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// A client that reads the file as if it were typed.
    Typed(&'static str),
    Mysql,
    Ssh,
    /// `command="…"` before a key.
    Keys,
    Git,
    Tmux,
    /// Lines of an editor or debugger that begin with one of its doors to a shell.
    Lines(&'static str),
    Npm,
}

/// Lines of one file that are read.
const MAX_LINES: usize = 100_000;
/// Ends a text that is typed into a client.
const END: &str = "END_OF_BACKSTOP_START";

/// Scripts that npm runs with an installation.
const LIFECYCLE: [&str; 9] = [
    "preinstall",
    "install",
    "postinstall",
    "preprepare",
    "prepare",
    "postprepare",
    "prepublish",
    "prepack",
    "dependencies",
];

/// Returns whose start-up file a path is; `home` says whether its folder is somebody's home.
pub fn client(path: &Path, name: &str, folder: &str, home: bool) -> Option<Client> {
    let text = path.to_str()?;
    if name == "package.json" && !text.contains("/node_modules/") {
        return Some(Client::Npm);
    }
    let git = folder == ".git" && name == "config"
        || text.ends_with("/.config/git/config")
        || text == "/etc/gitconfig";
    if git {
        return Some(Client::Git);
    }
    if folder == ".ssh" || text == "/etc/ssh/ssh_config" {
        return match name {
            "config" | "ssh_config" => Some(Client::Ssh),
            "authorized_keys" => Some(Client::Keys),
            _ => None,
        };
    }
    let mysql = text == "/etc/my.cnf" || text.starts_with("/etc/mysql/") && name.ends_with(".cnf");
    if mysql {
        return Some(Client::Mysql);
    }
    if text.ends_with("/.config/tmux/tmux.conf") || text == "/etc/tmux.conf" {
        return Some(Client::Tmux);
    }
    if text.ends_with("/nvim/init.vim") || text.starts_with("/etc/vim/vimrc") {
        return Some(Client::Lines("vim"));
    }
    if text == "/etc/postgresql-common/psqlrc" {
        return Some(Client::Typed("psql"));
    }
    if !home {
        return None;
    }
    Some(match name {
        ".psqlrc" => Client::Typed("psql"),
        ".sqliterc" => Client::Typed("sqlite3 app.db"),
        ".duckdbrc" => Client::Typed("duckdb app.duckdb"),
        ".mongorc.js" | ".mongoshrc.js" => Client::Typed("mongosh"),
        ".my.cnf" | ".mylogin.cnf" => Client::Mysql,
        ".gitconfig" => Client::Git,
        ".tmux.conf" => Client::Tmux,
        ".vimrc" => Client::Lines("vim"),
        ".gdbinit" => Client::Lines("gdb"),
        _ => return None,
    })
}

/// Returns what such a file runs.
pub fn tasks(client: Client, text: &str) -> Vec<Task> {
    let lines = || text.lines().take(MAX_LINES).map(str::trim);
    let shell = |all: Vec<String>| all.into_iter().map(Task::Shell).collect();
    match client {
        Client::Typed(program) if !text.contains(END) => {
            vec![Task::Shell(format!("{program} <<'{END}'\n{text}\n{END}"))]
        }
        Client::Typed(_) => Vec::new(),
        Client::Mysql => shell(lines().filter_map(init_command).collect()),
        Client::Ssh => shell(lines().filter_map(ssh).collect()),
        Client::Keys => shell(lines().filter_map(key).collect()),
        Client::Git => shell(git(text)),
        Client::Tmux => shell(lines().filter_map(tmux).collect()),
        Client::Lines(program) => shell(lines().filter_map(|line| typed(program, line)).collect()),
        Client::Npm => shell(
            LIFECYCLE
                .iter()
                .flat_map(|name| scripts(text, name))
                .collect(),
        ),
    }
}

/// `init-command = "DROP TABLE a"`.
fn init_command(line: &str) -> Option<String> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim().replace('_', "-");
    let value = value.trim().trim_matches(['"', '\'']);
    (name == "init-command" || name == "init-connect")
        .then(|| format!("mysql -e {}", quoted(value)))
}

/// `ProxyCommand …`, `LocalCommand …`, `Match exec "…"`; the signs of ssh stand for names.
fn ssh(line: &str) -> Option<String> {
    let (key, value) = line.split_once([' ', '\t', '='])?;
    let value = value.trim_start_matches([' ', '\t', '=']);
    let text = match key.to_ascii_lowercase().as_str() {
        "proxycommand" | "localcommand" | "knownhostscommand" => value.to_owned(),
        "remotecommand" => format!("ssh host {}", quoted(value)),
        "match" => {
            let (_, rest) = value.split_once("exec ")?;
            rest.trim().trim_matches('"').to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// `command="…" ssh-ed25519 …`.
fn key(line: &str) -> Option<String> {
    let (front, rest) = line.split_once("command=\"")?;
    let mut text = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next()? {
            '"' => break,
            '\\' => text.extend(letters.next()),
            other => text.push(other),
        }
    }
    (!front.starts_with('#')).then_some(text)
}

/// Values that git starts: aliases with `!`, pagers, editors, filters and drivers.
fn git(text: &str) -> Vec<String> {
    let mut section = String::new();
    let mut all = Vec::new();
    for line in text.replace("\\\n", " ").lines().take(MAX_LINES) {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            let name = head.split([']', ' ', '"', '.']).next().unwrap_or_default();
            section = name.to_ascii_lowercase();
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        if line.starts_with(['#', ';']) {
            continue;
        }
        let value = unquoted(value.trim());
        let key = key.trim().to_ascii_lowercase();
        let starts = matches!(
            (section.as_str(), key.as_str()),
            (
                "core",
                "pager" | "editor" | "fsmonitor" | "sshcommand" | "askpass"
            ) | ("sequence", "editor")
                | ("diff", "external" | "textconv" | "command")
                | ("filter", "clean" | "smudge" | "process")
                | ("merge", "driver")
                | ("mergetool" | "difftool", "cmd")
                | ("gpg", "program")
                | ("pager", _)
        );
        match value.strip_prefix('!') {
            Some(command) if matches!(section.as_str(), "alias" | "credential") => {
                all.push(command.to_owned());
            }
            _ if starts => all.push(value),
            _ => {}
        }
    }
    all
}

fn unquoted(value: &str) -> String {
    match value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    }
}

/// `run-shell '…'`, `if-shell '…'`, `set -g status-left '#(…)'`; a binding waits for a key.
fn tmux(line: &str) -> Option<String> {
    if let Some((_, rest)) = line.split_once("#(").filter(|_| line.starts_with("set")) {
        return rest.split(')').next().map(str::to_owned);
    }
    let rest = ["run-shell ", "run ", "if-shell ", "if "]
        .iter()
        .find_map(|name| line.strip_prefix(name))?;
    let rest = rest.trim_start_matches("-b ").trim();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    Some(match quote {
        Some(quote) => {
            let body = rest.trim_start_matches(quote);
            body.split(quote).next().unwrap_or_default().to_owned()
        }
        None => rest.to_owned(),
    })
}

/// A line of a start-up file that begins with a door to a shell.
fn typed(program: &str, line: &str) -> Option<String> {
    if program == "gdb" {
        let text = line.strip_prefix("shell ").or(line.strip_prefix('!'))?;
        return Some(text.to_owned());
    }
    let line = line
        .trim_start_matches("silent")
        .trim_start_matches([' ', ':']);
    let line = line.strip_prefix("! ").unwrap_or(line);
    if let Some(text) = line.strip_prefix('!') {
        return Some(text.to_owned());
    }
    let opens = ["call system(", "call delete(", "lua ", "let _ = system("];
    if opens.iter().any(|open| line.starts_with(open)) {
        return Some(format!("vim -c {}", quoted(line)));
    }
    None
}

/// `"postinstall": "…"`.
fn scripts(text: &str, name: &str) -> Vec<String> {
    let key = format!("\"{name}\"");
    let value = |(at, _): (usize, &str)| {
        let rest = text.get(at + key.len()..)?.trim_start().strip_prefix(':')?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        values.next()?.ok()
    };
    text.match_indices(&key)
        .take(MAX_LINES)
        .filter_map(value)
        .collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(client: Client, text: &str) -> Vec<String> {
        tasks(client, text)
            .into_iter()
            .map(|task| match task {
                Task::Shell(text)
                | Task::PowerShell(text)
                | Task::Cmd(text)
                | Task::Code { text, .. } => text,
            })
            .collect()
    }

    #[test]
    fn what_a_tool_runs_without_being_asked_is_taken_out() {
        for (client, text, expected) in [
            (
                Client::Mysql,
                "[client]\ninit-command=\"DROP TABLE a\"",
                "mysql -e 'DROP TABLE a'",
            ),
            (Client::Ssh, "Host x\n  ProxyCommand nc %h %p", "nc %h %p"),
            (Client::Ssh, "Match exec \"drop x\"", "drop x"),
            (
                Client::Keys,
                "command=\"drop \\\"x\\\"\" ssh-ed25519 A a",
                "drop \"x\"",
            ),
            (
                Client::Git,
                "[alias]\n\tst = !drop x\n\tco = checkout",
                "drop x",
            ),
            (Client::Git, "[core]\n\tfsmonitor = \"drop x\"", "drop x"),
            (Client::Tmux, "run-shell 'drop x'", "drop x"),
            (Client::Lines("gdb"), "shell drop x", "drop x"),
            (Client::Lines("vim"), "silent !drop x", "drop x"),
            (
                Client::Npm,
                "{\"scripts\": {\"postinstall\": \"drop x\", \"clean\": \"b\"}}",
                "drop x",
            ),
        ] {
            assert_eq!(shell(client, text), [expected], "{text}");
        }
    }

    #[test]
    fn settings_that_run_nothing_and_what_waits_for_a_person_are_left_out() {
        for (client, text) in [
            (Client::Mysql, "[client]\npassword=init-command"),
            (Client::Ssh, "Host x\n  HostName drop x"),
            (Client::Keys, "# command=\"drop x\" ssh-ed25519 A a"),
            (
                Client::Git,
                "[user]\n\tname = drop x\n[alias]\n\tst = status",
            ),
            (Client::Tmux, "bind r run-shell 'drop x'"),
            (Client::Lines("vim"), "command! Clean !drop x\nset nu"),
            (Client::Npm, "{\"scripts\": {\"clean\": \"drop x\"}}"),
        ] {
            assert_eq!(shell(client, text), Vec::<String>::new(), "{text}");
        }
    }
}
