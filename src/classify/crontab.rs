//! What `crontab` installs from its standard input: the whole table, in place of the jobs that were there.
//! A file that is named is taken for the table somebody keeps, unless the one that is there can be read and has more; what the jobs do is judged elsewhere.

use std::path::Path;

use crate::model::command::{Command, Cwd, Stdin};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;

use super::Context;
use super::opaque::names;

const RULE: &str = "system.crontab-replace";

/// Where the tables of users lie; only root may read them.
const TABLES: [&str; 3] = [
    "/var/spool/cron/crontabs",
    "/var/spool/cron",
    "/var/cron/tabs",
];
/// Commands before this one that are looked at.
const MAX_EARLIER: usize = 16;

/// Returns a finding where jobs that are there are not in what is installed.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    if !command.is_any(&["crontab"]) || super::packs::is_of_an_image(command) {
        return Vec::new();
    }
    let Some(source) = installed(command) else {
        return Vec::new();
    };
    let lost = match source {
        Installed::Nothing => true,
        Installed::Text => !lists(command, context),
        Installed::Unknown => thinned(command, context),
        Installed::File(file) => replaced(command, &file, context, needs),
    };
    if lost {
        vec![finding(command, context)]
    } else {
        Vec::new()
    }
}

/// What the new table is.
enum Installed {
    /// It is empty.
    Nothing,
    /// It is what the call says.
    Text,
    /// It comes from somewhere.
    Unknown,
    /// It stands in a file that is named.
    File(String),
}

fn installed(command: &Command) -> Option<Installed> {
    let mut words = command.args().iter().map(Word::shown);
    let mut file = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-u" => {
                words.next();
            }
            "-" => file = Some(word),
            option if option.starts_with("-u") => {}
            option if option.starts_with('-') => return None,
            _ => file = Some(word),
        }
    }
    match (file.as_deref(), &command.stdin) {
        (Some("/dev/null"), _) => Some(Installed::Nothing),
        (Some("-" | "/dev/stdin"), stdin) => fed(stdin),
        (None, stdin @ (Stdin::Text(_) | Stdin::Opaque { .. })) => fed(stdin),
        (Some(file), _) => Some(Installed::File(file.to_owned())),
        _ => None,
    }
}

fn fed(stdin: &Stdin) -> Option<Installed> {
    match stdin {
        Stdin::Null => Some(Installed::Nothing),
        Stdin::File(word) if word.text().as_deref() == Some("/dev/null") => {
            Some(Installed::Nothing)
        }
        Stdin::Text(word) => Some(match word.text() {
            Some(text) if text.trim().is_empty() => Installed::Nothing,
            Some(_) => Installed::Text,
            None => Installed::Unknown,
        }),
        Stdin::Opaque { .. } => Some(Installed::Unknown),
        Stdin::Inherited | Stdin::File(_) => None,
    }
}

/// Tells whether the table that is there has jobs which a file does not have; one that cannot be read says nothing.
fn replaced(command: &Command, file: &str, context: &Context<'_>, needs: &mut Needs) -> bool {
    let Cwd::Known(cwd) = &command.cwd else {
        return false;
    };
    if context.facts.assumed || !command.is_here() || file.contains('$') {
        return false;
    }
    let mut words = command.args().iter().map(Word::shown);
    let named = words.find(|word| word == "-u").and_then(|_| words.next());
    let Some(user) = named.or_else(|| context.scene.user.clone()) else {
        return false;
    };
    if user.contains(['/', '$']) {
        return false;
    }
    let mut text = |path: std::path::PathBuf| match context.facts.ask(Question::Text(path), needs) {
        Some(Answer::Text { text, .. }) => Some(text.as_str()),
        _ => None,
    };
    let Some(old) = TABLES
        .iter()
        .find_map(|dir| text(Path::new(dir).join(&user)))
    else {
        return false;
    };
    let new: Vec<&str> = match text(cwd.join(file)) {
        Some(new) => jobs(new).collect(),
        None => return false,
    };
    jobs(old).any(|job| !new.contains(&job))
}

/// Returns the lines of a table that are no remarks.
fn jobs(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Tells whether the call has asked for the jobs that are there.
fn lists(command: &Command, context: &Context<'_>) -> bool {
    since_listing(command, context).is_some()
}

/// Returns the commands from the listing of the jobs to this one.
fn since_listing<'c>(command: &Command, context: &Context<'c>) -> Option<&'c [Command]> {
    let from = context.earlier.len().saturating_sub(MAX_EARLIER);
    let earlier = context.earlier.get(from..)?;
    let is_listing = |other: &Command| {
        let mut words = other.args().iter().map(Word::shown);
        other.is_any(&["crontab"])
            && words.any(|word| word == "-l")
            && other.via.len() == command.via.len()
    };
    let at = earlier.iter().rposition(is_listing)?;
    earlier.get(at + 1..)
}

/// Tells whether what stands between the listing and the installing keeps only some of the jobs.
fn thinned(command: &Command, context: &Context<'_>) -> bool {
    let between = since_listing(command, context).unwrap_or_default();
    between.iter().any(keeps_some)
}

/// A filter that drops what it does not name, or everything.
fn keeps_some(filter: &Command) -> bool {
    let words: Vec<String> = filter.args().iter().map(Word::shown).collect();
    let text = || words.iter().find(|word| !word.starts_with('-'));
    let short = |letter: char| {
        words
            .iter()
            .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
    };
    match filter.program().unwrap_or_default().as_str() {
        "grep" | "egrep" | "fgrep" | "rg" => {
            let turned = short('v') || words.iter().any(|word| word == "--invert-match");
            let all = text().is_none_or(|text| matches!(text.as_str(), "" | "." | ".*" | "^"));
            let only_empty = text().is_some_and(|text| is_of_remarks(text));
            if turned { all } else { !all && !only_empty }
        }
        "head" | "tail" => true,
        "sed" => {
            let quiet = short('n') || words.iter().any(|word| word == "--quiet");
            quiet || text().is_some_and(|text| matches!(text.as_str(), "d" | "1,$d" | "Q" | "q"))
        }
        "awk" | "gawk" | "mawk" => text().is_some_and(|text| {
            let text = text.trim();
            text.starts_with('/') && text.ends_with('/') || text == "0" || text == "{}"
        }),
        _ => false,
    }
}

/// `grep .`, `grep -E '^[^#]'`: empty lines and remarks are no jobs.
fn is_of_remarks(text: &str) -> bool {
    let text = text.trim_start_matches('^');
    text.starts_with("[^#") || text == "." || text.starts_with("[0-9@*")
}

fn finding(command: &Command, context: &Context<'_>) -> Finding {
    let rule = context.rules.rule(RULE);
    let (span, file) = super::place(&command.origin);
    let mut words = command.args().iter().map(Word::shown);
    let user = words
        .by_ref()
        .find(|word| word == "-u")
        .and_then(|_| words.next());
    let locator = match user {
        Some(user) => format!("crontab:{user}"),
        None => "crontab".to_owned(),
    };
    Finding {
        rule: RULE.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: rule
            .map_or("replaces the whole crontab", |rule| rule.summary)
            .to_owned(),
        command: command.told(),
        span,
        file,
        via: names(&command.via),
        targets: vec![Target {
            kind: TargetKind::Resource,
            locator,
            object: None,
            reach: Reach::NoDriver,
        }],
        opaque: false,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast::default(),
        exempt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::line;

    #[test]
    fn a_filter_that_names_what_goes_leaves_the_other_jobs() {
        for filter in [
            "grep -v nightly",
            "grep -vF x",
            "egrep -v a|b",
            "sed /x/d",
            "sed s/a/b/",
            "awk !/x/",
            "cat",
            "sort -u",
            "grep -v ^#",
        ] {
            assert!(!keeps_some(&line(filter)), "{filter}");
        }
        for filter in [
            "grep nightly",
            "grep -v .",
            "head -n 3",
            "tail -1",
            "sed d",
            "sed -n /x/p",
            "awk /x/",
        ] {
            assert!(keeps_some(&line(filter)), "{filter}");
        }
    }

    #[test]
    fn only_what_crontab_reads_is_installed() {
        for text in ["crontab -l", "crontab -e", "crontab -r"] {
            assert!(installed(&line(text)).is_none(), "{text}");
        }
        assert!(matches!(
            installed(&line("crontab /dev/null")),
            Some(Installed::Nothing)
        ));
    }

    #[test]
    fn a_file_takes_the_place_of_jobs_that_it_does_not_have() {
        use crate::classify::files::bench::Bench;
        let text = |text: &str| Answer::Text {
            text: text.to_owned(),
            sha256: "0".repeat(64),
        };
        let bench = |old: Answer| {
            Bench::here()
                .learn(Question::Text("/var/spool/cron/crontabs/ann".into()), old)
                .learn(Question::Text("/var/spool/cron/ann".into()), Answer::Absent)
                .learn(Question::Text("/var/cron/tabs/ann".into()), Answer::Absent)
                .learn(
                    Question::Text("/home/ann/shop/jobs.txt".into()),
                    text("# mine\n0 3 * * * /srv/a.sh\n"),
                )
        };
        let lost = |bench: &Bench, words: &str| {
            let mut needs = Needs::default();
            let found = findings(&line(words), &bench.context(), &mut needs);
            assert!(needs.is_empty(), "open: {:?}", needs.into_questions());
            found.len()
        };
        let more = bench(text("0 3 * * * /srv/a.sh\n0 4 * * * /srv/b.sh\n"));
        assert_eq!(lost(&more, "crontab jobs.txt"), 1);
        assert_eq!(lost(&more, "crontab -u ann jobs.txt"), 1);
        let same = bench(text("# yours\n0 3 * * * /srv/a.sh\n"));
        assert_eq!(lost(&same, "crontab jobs.txt"), 0);
        assert_eq!(lost(&bench(Answer::Absent), "crontab jobs.txt"), 0);
        assert_eq!(lost(&Bench::assumed(), "crontab jobs.txt"), 0);
    }
}
