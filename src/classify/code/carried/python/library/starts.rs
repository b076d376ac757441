//! `subprocess` and `os.system`: programs that a script starts, as lines of a shell.
//! What they do is judged where lines are; what they print is not known.

use super::super::super::super::steps::word;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Kind, Outcome, Stop, Value};

/// Lines that never fail: programs that only tell, on every machine.
fn never_fails(line: &str) -> bool {
    let first = line
        .trim_start_matches('\'')
        .split(['\'', ' '])
        .next()
        .unwrap_or_default();
    matches!(first, "echo" | "true") || matches!(line, "ls" | "date" | "uname" | "whoami" | "pwd")
}

impl Player<'_> {
    pub fn os_system(&mut self, mut given: Given) -> Outcome<Value> {
        if self.resettled {
            return Err(Stop::Lost);
        }
        let line = given.need("command")?.as_text()?;
        given.end()?;
        self.tell_kept()?;
        self.world.run(&line, self.span)?;
        Ok(Value::Unknown(Kind::Number))
    }

    fn command_line(&mut self, args: &Value, shell: bool, here: Option<&str>) -> Outcome<String> {
        let line = match (args, shell) {
            (Value::Text(line), true) => line.to_string(),
            (Value::List(_) | Value::Tuple(_), false) => {
                let mut words = Vec::new();
                for part in self.items(args)? {
                    words.push(word(&part.as_name()?));
                }
                words.join(" ")
            }
            _ => return Err(Stop::Lost),
        };
        Ok(match here {
            Some(here) => format!("( cd {} && {line} )", word(here)),
            None => line,
        })
    }

    pub fn call_subprocess(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        if name == "subprocess.Popen" || self.resettled {
            return Err(Stop::Lost);
        }
        let args = given.need("args")?;
        let shell = given.flag("shell", false)?;
        let check = given.flag(
            "check",
            name != "subprocess.run" && name != "subprocess.call",
        )?;
        let here = given
            .key("cwd")
            .filter(|cwd| !cwd.is_none())
            .map(|cwd| cwd.as_name())
            .transpose()?;
        for name in ["stdout", "stderr"] {
            // What a program prints stands in the file then.
            if let Some(Value::File(_)) = given.key(name) {
                return Err(Stop::Lost);
            }
        }
        let timed = given.key("timeout").is_some_and(|limit| !limit.is_none());
        given
            .pass(&[
                "capture_output",
                "text",
                "universal_newlines",
                "encoding",
                "errors",
            ])
            .end()?;
        let line = self.command_line(&args, shell, here.as_deref())?;
        self.tell_kept()?;
        self.world.run(&line, self.span)?;
        // Whether it fails is not known, nor whether it is there at all: one that may is not followed to whoever would catch it.
        let fails = check || timed || !shell || here.is_some();
        if fails && self.tries > 0 && !never_fails(&line) {
            return Err(Stop::Lost);
        }
        Ok(match name {
            "subprocess.run" => self.special(
                "Completed",
                vec![
                    ("stdout", Value::Unknown(Kind::Inert)),
                    ("stderr", Value::Unknown(Kind::Inert)),
                    ("returncode", Value::Unknown(Kind::Number)),
                ],
            ),
            "subprocess.check_output" => Value::Unknown(Kind::Inert),
            _ => Value::Unknown(Kind::Number),
        })
    }
}
