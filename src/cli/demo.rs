//! `backstop demo`: the whole story in a scratch directory, on SQLite and files, with the real commands and their real output.
//! It uses the same binary that people install; it needs no server and no configuration.

mod terminal;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::{say, say_error};

/// Runs the whole story in a scratch directory.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leaves the scratch directory in place.
    #[arg(long)]
    keep: bool,
    /// Makes the scratch directory below this one.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The demo's own other side; see `terminal`.
    #[arg(long, hide = true, requires_all = ["approve", "dir"])]
    in_terminal: Option<PathBuf>,
    #[arg(long, hide = true)]
    approve: Option<String>,
}

/// Why the story broke off.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("no place for the demo: {0}")]
    Place(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Story(String),
}

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    if let (Some(slave), Some(id), Some(state)) = (&args.in_terminal, &args.approve, &args.dir) {
        return terminal::become_approve(slave, id, state);
    }
    let told = Stage::build(args).and_then(|stage| {
        let told = stage.tell();
        if args.keep || told.is_err() {
            say(&format!(
                "\nThe scratch directory stays: {}\n",
                stage.dir.display()
            ));
        } else {
            let _ = std::fs::remove_dir_all(&stage.dir);
        }
        told
    });
    match told {
        Ok(()) => 0,
        Err(error) => {
            let help = match &error {
                DemoError::Place(_) => {
                    "name a folder of yours that is no temporary one: `backstop demo --dir \"$HOME\"`"
                }
                DemoError::Io(_) | DemoError::Sqlite(_) | DemoError::Story(_) => {
                    "what is left lies in the scratch directory that is named above"
                }
            };
            say_error(&error.to_string(), help);
            1
        }
    }
}

/// The scratch directory and the program under demonstration.
struct Stage {
    dir: PathBuf,
    program: PathBuf,
}

impl Stage {
    /// Makes the scratch directory: not a temporary one, because what lies there is nobody's loss.
    fn build(args: &Args) -> Result<Self, DemoError> {
        let program = std::env::current_exe()?;
        let base = match &args.dir {
            Some(dir) => std::path::absolute(dir)?,
            None => std::env::current_dir()?,
        };
        let temporary = [
            PathBuf::from("/tmp"),
            PathBuf::from("/var/tmp"),
            PathBuf::from("/private/tmp"),
        ];
        if temporary.iter().any(|tmp| base.starts_with(tmp)) {
            return Err(DemoError::Place(format!(
                "`{}` is a temporary place, where nothing counts as lost",
                base.display()
            )));
        }
        let dir = base.join(format!("backstop-demo-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("shop/photos"))?;
        Ok(Self { dir, program })
    }

    fn shop(&self) -> PathBuf {
        self.dir.join("shop")
    }

    fn state(&self) -> PathBuf {
        self.dir.join("xdg-state").join("backstop")
    }

    fn database(&self) -> PathBuf {
        self.shop().join("app.db")
    }

    fn tell(&self) -> Result<(), DemoError> {
        self.furnish()?;
        self.harmless()?;
        let drop = format!("sqlite3 {} \"DROP TABLE users\"", self.database().display());
        let first = self.one_story("A table is about to be dropped", &drop, || {
            self.drop_users()
        })?;
        let tree = format!("rm -rf {}", self.shop().join("photos").display());
        let photos = self.shop().join("photos");
        let second = self.one_story("A folder is about to be removed", &tree, || {
            Ok(std::fs::remove_dir_all(&photos)?)
        })?;
        self.bring_back(&first, &second)?;
        self.last_words()
    }

    /// A database with two tables and a folder with files, one of them odd.
    fn furnish(&self) -> Result<(), DemoError> {
        let top = self.dir.ancestors().find(|dir| dir.join(".git").exists());
        let place = match top {
            Some(top) => format!("not known to git (inside {})", top.display()),
            None => "in no repository".to_owned(),
        };
        heading(&format!(
            "A small project: a SQLite database and a folder of files, {place}"
        ));
        let base = rusqlite::Connection::open(self.database())?;
        base.execute_batch(
            "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id) ON DELETE CASCADE, total INTEGER);
             CREATE VIEW big_orders AS SELECT users.name, orders.total FROM orders JOIN users ON users.id = orders.user_id WHERE total > 100;
             INSERT INTO users(name) VALUES ('ada'), ('grace'), ('linus');
             INSERT INTO orders(user_id, total) VALUES (1, 120), (1, 30), (2, 250);",
        )?;
        let photos = self.shop().join("photos");
        std::fs::write(photos.join("one.raw"), vec![7_u8; 40_000])?;
        std::fs::write(photos.join("two\nlines.raw"), b"an odd name")?;
        std::fs::create_dir_all(photos.join("empty"))?;
        std::os::unix::fs::symlink("one.raw", photos.join("latest"))?;
        let _ = crate::store::Store::create(&self.state())
            .map_err(|error| DemoError::Story(error.to_string()))?;
        std::fs::write(
            self.state().join(terminal::MARK),
            "a state directory of the demo\n",
        )?;
        say(&format!(
            "  {}\n  {}/ (4 entries)\n",
            self.database().display(),
            photos.display()
        ));
        Ok(())
    }

    fn harmless(&self) -> Result<(), DemoError> {
        heading("A harmless call: the hook has no opinion and says nothing");
        let output = self.hook("ls -la")?;
        expect(
            output.status.code() == Some(0) && output.stderr.is_empty(),
            "`ls -la` has to pass in silence",
        )
    }

    /// Held, approved twice, let run once, held again. Returns the request's id.
    fn one_story(
        &self,
        title: &str,
        command: &str,
        destroy: impl Fn() -> Result<(), DemoError>,
    ) -> Result<String, DemoError> {
        heading(&format!(
            "{title}: the call is held, and the hook makes the backup"
        ));
        let held = self.hook(command)?;
        expect(held.status.code() == Some(2), "the call has to be held")?;
        let reason = String::from_utf8_lossy(&held.stderr).into_owned();
        let id = reason
            .split("(request ")
            .nth(1)
            .and_then(|rest| rest.split(')').next())
            .unwrap_or_default()
            .to_owned();
        expect(!id.is_empty(), "the reason has to name the request")?;

        heading(&format!(
            "The human: `backstop approve {id}` in a terminal of their own"
        ));
        self.backstop(&["backup", "list"])?;
        self.approve(&id)?;

        heading("The agent sends exactly the same call again: this time it passes, once");
        let passed = self.hook(command)?;
        expect(
            passed.status.code() == Some(0) && passed.stdout.is_empty(),
            "the approved call has to pass in silence",
        )?;
        destroy()?;
        say("  (the command runs; the data is gone)\n");
        Ok(id)
    }

    fn drop_users(&self) -> Result<(), DemoError> {
        let base = rusqlite::Connection::open(self.database())?;
        base.pragma_update(None, "foreign_keys", false)?;
        base.execute_batch("DROP TABLE users")?;
        Ok(())
    }

    fn bring_back(&self, table: &str, tree: &str) -> Result<(), DemoError> {
        heading("Undo: the present state is backed up first, then what was lost comes back");
        self.backstop(&["undo", table, "--yes"])?;
        self.backstop(&["undo", tree, "--yes"])?;
        let base = rusqlite::Connection::open(self.database())?;
        let users: i64 = base.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
        let photos = self.shop().join("photos");
        let odd = std::fs::read(photos.join("two\nlines.raw"))?;
        let whole = users == 3
            && odd == b"an odd name"
            && photos.join("empty").is_dir()
            && std::fs::read_link(photos.join("latest"))? == Path::new("one.raw");
        say(&format!(
            "  users: {users} rows; photos/: {} entries\n",
            std::fs::read_dir(&photos)?.count()
        ));
        expect(whole, "everything has to be back")?;
        heading("The record: every hold, approval, use and undo, in one hash chain");
        self.backstop(&["ledger", "verify"])
    }

    fn last_words(&self) -> Result<(), DemoError> {
        heading("Install it into Claude Code");
        say(&format!(
            "  {program} install claude              # for this account: shows the change, asks, writes\n  {program} doctor                      # sees it hold\n  {program} check 'rm -rf ~/photos'     # judges a command without running anything\n",
            program = self.program.display()
        ));
        Ok(())
    }

    /// Sends a real hook payload through the real hook, and shows both.
    fn hook(&self, command: &str) -> Result<Output, DemoError> {
        let payload: Value = json!({
            "session_id": "demo", "transcript_path": "", "cwd": self.shop(), "permission_mode": "default",
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": "toolu_demo",
        });
        say(&format!("  $ echo '{payload}' | backstop hook claude\n"));
        let mut child = self
            .command(&["hook", "claude", "--state"])
            .arg(self.state())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(payload.to_string().as_bytes())?;
        }
        let output = child.wait_with_output()?;
        show(&output);
        say(&format!("  exit {}\n", output.status.code().unwrap_or(-1)));
        Ok(output)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(self.shop());
        // The agent's marks must not leak into the human's part of the story.
        for mark in [
            "CLAUDECODE",
            "CLAUDE_CODE_CHILD_SESSION",
            "CLAUDE_CODE_SESSION_ID",
            "CLAUDE_PID",
        ] {
            command.env_remove(mark);
        }
        command
            .env("XDG_STATE_HOME", self.dir.join("xdg-state"))
            .env("XDG_DATA_HOME", self.dir.join("data"))
            .env("XDG_CONFIG_HOME", self.dir.join("config"));
        command
    }

    fn backstop(&self, words: &[&str]) -> Result<(), DemoError> {
        say(&format!("  $ backstop {}\n", words.join(" ")));
        let output = self
            .command(words)
            .arg("--state")
            .arg(self.state())
            .stdin(Stdio::null())
            .output()?;
        show(&output);
        expect(
            output.status.success(),
            &format!("`backstop {}` failed", words.join(" ")),
        )
    }

    /// The two approvals, typed into a real terminal of the demo's own.
    fn approve(&self, id: &str) -> Result<(), DemoError> {
        let transcript = terminal::approve(
            self.command(&[]),
            id,
            &self.state(),
            std::time::Duration::from_secs(60),
        )?;
        say(&format!("  $ backstop approve {id}\n"));
        for line in transcript.output.lines() {
            say(&format!("  | {}\n", line.trim_end()));
        }
        expect(
            transcript.code == Some(0),
            "the approval has to be recorded",
        )
    }
}

fn show(output: &Output) {
    for line in String::from_utf8_lossy(&output.stdout)
        .lines()
        .chain(String::from_utf8_lossy(&output.stderr).lines())
    {
        say(&format!("  | {line}\n"));
    }
}

fn heading(text: &str) {
    say(&format!("\n== {text}\n"));
}

fn expect(holds: bool, what: &str) -> Result<(), DemoError> {
    if holds {
        Ok(())
    } else {
        Err(DemoError::Story(what.to_owned()))
    }
}
