//! Ordinary programs with a door to a shell: an option, or a command of their own language, that starts another program.
//! It only finds the text behind the door; what it means is read like any other shell text.

mod cmake;
mod debuggers;
mod editors;
mod preloads;
pub mod sed;
mod tcl;
mod texts;
mod tongues;

use crate::model::command::{Command, Stdin};
use crate::model::fact::Needs;
use crate::model::word::{Part, Word};

use super::Context;
use super::sql::{Started, options};

/// Options whose value a shell runs: programs, option, what stands before the command in the value.
const OPTIONS: &[(&[&str], &str, &str)] = &[
    (&["tar", "gtar", "bsdtar"], "--checkpoint-action", "exec="),
    (&["tar", "gtar", "bsdtar"], "--to-command", ""),
    (&["tar", "gtar", "bsdtar"], "--use-compress-program", ""),
    (&["tar", "gtar", "bsdtar"], "-I", ""),
    (&["rsync"], "-e", ""),
    (&["rsync"], "--rsh", ""),
    (&["rsync"], "--rsync-path", ""),
    (&["ssh", "scp", "sftp"], "-o", "ProxyCommand="),
    (&["ssh", "scp", "sftp"], "-o", "LocalCommand="),
    (&["less", "man"], "-P", ""),
    (&["sort"], "--compress-program", ""),
    (&["zip"], "-TT", ""),
    (&["ip"], "-c", "exec "),
    (&["docker-gen"], "-notify", ""),
    (
        &["inotifywait", "fswatch", "chokidar", "onchange"],
        "-c",
        "",
    ),
    (&["split"], "--filter", ""),
    (&["pv"], "--exec", ""),
    (&["logrotate"], "--mail", ""),
    (&["socat"], "-", "EXEC:"),
];

/// Variables whose value a shell runs for a program.
const VARIABLES: &[(&[&str], &[&str])] = &[
    (
        &["git"],
        &[
            "GIT_SSH_COMMAND",
            "GIT_EDITOR",
            "GIT_SEQUENCE_EDITOR",
            "GIT_PAGER",
            "GIT_EXTERNAL_DIFF",
            "GIT_PROXY_COMMAND",
            "EDITOR",
            "VISUAL",
            "PAGER",
        ],
    ),
    (&["crontab", "visudo", "sudoedit"], &["EDITOR", "VISUAL"]),
    (&["man", "psql"], &["PAGER", "MANPAGER", "PSQL_PAGER"]),
    (&["less"], &["LESSOPEN"]),
    (&["rsync"], &["RSYNC_RSH"]),
];

/// Words that a program takes as a command behind these letters.
const WORDS: &[(&[&str], &str)] = &[(&["make", "gmake"], "SHELL="), (&["less", "more"], "+!")];

/// Lines of a client's standard input that are read.
const MAX_TYPED: usize = 20_000;

/// Returns the shell texts behind the doors of a command.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    if matches!(program.as_str(), "sed" | "gsed") {
        return sed::started(command);
    }
    let mut all = Vec::new();
    for (programs, option, head) in OPTIONS {
        if programs.contains(&program.as_str()) {
            all.extend(
                values(command, option)
                    .iter()
                    .filter_map(|word| behind(word, head)),
            );
        }
    }
    for (programs, names) in VARIABLES {
        if programs.contains(&program.as_str()) {
            let given = names.iter().filter_map(|name| command.env_value(name));
            all.extend(given.filter_map(|word| behind(word, "")));
        }
    }
    for (programs, head) in WORDS {
        if programs.contains(&program.as_str()) {
            all.extend(command.args().iter().filter_map(|word| behind(word, head)));
        }
    }
    if program == "sftp" || program == "heroku" {
        all.extend(typed(&program, command));
    }
    let name = program.as_str();
    if tcl::TCLS.contains(&name) {
        all.extend(tcl::started(command, context, needs));
    } else if editors::EDITORS.contains(&name) || matches!(name, "ed" | "red" | "gred") {
        all.extend(editors::started(name, command, context, needs));
    } else if debuggers::DEBUGGERS.contains(&name) {
        all.extend(debuggers::started(name, command, context, needs));
    } else if name == "cmake" {
        all.extend(cmake::started(command, context, needs));
    }
    all.extend(preloads::started(name, command, context, needs));
    all.extend(tongues::started(command, context, needs));
    all
}

/// Returns the values of an option, attached or in the next word.
fn values(command: &Command, option: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        if head == option {
            all.extend(words.next().cloned());
        } else if let Some(rest) = head.strip_prefix(option)
            && rest.starts_with('=')
        {
            all.push(options::tail(word, option.len() + 1));
        }
    }
    all
}

fn behind(word: &Word, head: &str) -> Option<Started> {
    let text = shell_text(word);
    let rest = text.strip_prefix(head)?.trim();
    // A bare program (`rsync -e ssh`, `SHELL=/bin/bash`) starts nothing that could take anything away; another path may be a script of the project.
    let system = ["/bin/", "/usr/", "/sbin/", "/opt/"];
    let script = rest.contains('/') && !system.iter().any(|place| rest.starts_with(place));
    (script || rest.contains(' ')).then(|| Started {
        text: rest.to_owned(),
        origin: word.origin.clone(),
    })
}

/// The word as a shell text, with what is not known as an unknown variable.
pub(super) fn shell_text(word: &Word) -> String {
    let mut all = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(_) => all.push_str("$UNKNOWN"),
        }
    }
    all
}

/// What sftp and Heroku's Redis are told on standard input, line by line.
fn typed(program: &str, command: &Command) -> Vec<Started> {
    let Stdin::Text(word) = &command.stdin else {
        return Vec::new();
    };
    let args: Vec<String> = command.args().iter().map(Word::shown).collect();
    let front = match program {
        "sftp" => match args.last() {
            Some(host) => format!("ssh {} ", host.split(':').next().unwrap_or_default()),
            None => return Vec::new(),
        },
        _ if args.first().is_some_and(|name| name == "redis:cli") => {
            "redis-cli -h heroku ".to_owned()
        }
        _ => return Vec::new(),
    };
    let counts = |line: &&str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        !line.contains(['\'', '"'])
            && (program != "sftp" || matches!(first, "rm" | "rmdir" | "rename"))
    };
    let text = shell_text(word);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .filter(counts)
        .take(MAX_TYPED)
        .map(|line| Started {
            text: format!("{front}{line}"),
            origin: word.origin.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::classify::files::bench::{Bench, line};

    use super::started;
    use crate::model::fact::Needs;

    fn texts(text: &str) -> Vec<String> {
        let bench = Bench::assumed();
        started(&line(text), &bench.context(), &mut Needs::default())
            .into_iter()
            .map(|one| one.text)
            .collect()
    }

    #[test]
    fn a_door_counts_only_with_a_command_behind_it() {
        assert_eq!(texts("rsync -e ssh a b:"), Vec::<String>::new());
        assert_eq!(texts("tar -I zstd -xf a"), Vec::<String>::new());
        assert_eq!(texts("sed -n p a"), Vec::<String>::new());
        assert_eq!(texts("make SHELL=/bin/bash"), Vec::<String>::new());
    }
}
