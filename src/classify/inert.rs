//! Programs that only read and print, whatever their arguments: no family has anything to say about them.
//! It spares the work; redirections, wrappers and variables around them are judged as ever.

use crate::model::command::Command;

/// None of them takes an option that writes, removes or starts anything (`sort -o`, `uniq IN OUT`, `date -s` keep theirs out).
pub const PROGRAMS: [&str; 24] = [
    "[", "basename", "cat", "cd", "cut", "diff", "dirname", "echo", "false", "grep", "head", "ls",
    "nl", "printf", "pwd", "seq", "sleep", "stat", "tail", "test", "tr", "true", "wc", "whoami",
];

/// Tells whether a command does nothing but read and print.
pub fn is_inert(command: &Command) -> bool {
    command.writes.is_empty()
        && command.via.is_empty()
        && command.env.is_empty()
        && command
            .words
            .first()
            .and_then(|word| word.plain())
            .is_some_and(|name| PROGRAMS.binary_search(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::{Bench, line};
    use crate::classify::{Context, FAMILIES, code, doors, fleet, sql, windows};
    use crate::model::fact::Needs;

    #[test]
    fn the_list_can_be_searched() {
        assert!(PROGRAMS.is_sorted());
    }

    #[test]
    fn no_family_says_anything_about_them() {
        let bench = Bench::assumed();
        let context = Context {
            rules: crate::policy::builtin::book(),
            ..bench.context()
        };
        for program in PROGRAMS {
            for args in [
                "",
                "-rf data",
                "--delete app.db",
                "-c DROP",
                "-o app.db -i -f",
                "-e system --eval x --force",
                "volume rm data",
                "/home/ann/.claude/settings.json /opt/bin/backstop",
                "/home/ann/.local/state/backstop/ledger.jsonl",
                "/home/ann/.ssh/id_rsa /dev/sda /etc/passwd",
                "delete --all ns prod destroy",
            ] {
                let command = line(&format!("{program} {args}"));
                let mut needs = Needs::default();
                for family in FAMILIES {
                    let found = family(&command, &context, &mut needs);
                    assert!(found.is_empty(), "{program} {args}: {found:?}");
                }
                assert!(windows::read(&command, &context).findings.is_empty());
                let started = sql::started(&command, &context, &mut needs).len()
                    + code::started(&command, &context, &mut needs).len()
                    + doors::started(&command, &context, &mut needs).len()
                    + fleet::started(&command).len();
                assert_eq!(started, 0, "{program} {args}");
                assert!(needs.is_empty(), "{program} {args}");
            }
        }
    }

    #[test]
    fn a_redirection_or_a_wrapper_is_judged() {
        let mut command = line("cat a");
        assert!(is_inert(&command));
        std::sync::Arc::make_mut(&mut command.env).push((
            "LD_PRELOAD".to_owned(),
            crate::model::word::Word::literal("x", command.origin.clone()),
        ));
        assert!(!is_inert(&command));
        assert!(!is_inert(&line("sort a")));
    }
}
