//! Scripts of a package that run by themselves: where it is installed, packed, published, given a version or started anew.
//! A script that is named is followed in `tasks`.

use crate::model::command::Passage;
use crate::model::word::Word;

use super::super::expand::literal_piece;
use super::super::state::{State, word_of};
use super::super::unfold::{Frame, Job, Unfolder};
use super::super::wrappers::start;
use super::{line_of, scripts_of};

/// Package scripts that start one another.
const MAX_VIA: usize = 12;
/// Scripts that run where the project at hand is installed; a dry run runs them as well.
const INSTALLS: &[&str] = &[
    "pnpm:devPreinstall",
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
];
const PACKS: &[&str] = &["prepack", "prepare", "postpack"];
const PUBLISHES: &[&str] = &[
    "prepublishOnly",
    "prepublish",
    "prepack",
    "prepare",
    "postpack",
    "publish",
    "postpublish",
];
const VERSIONS: &[&str] = &["preversion", "version", "postversion"];
/// `npm restart` stops and starts where the package has no script of that name.
const RESTARTS: &[&str] = &[
    "prerestart",
    "prestop",
    "stop",
    "poststop",
    "prestart",
    "start",
    "poststart",
    "postrestart",
];

const TESTS: &[&str] = &["pretest", "test", "posttest"];

/// Returns the scripts that a command of a package manager runs by itself.
fn events(program: &str, sub: &str) -> Vec<&'static str> {
    let lists: &[&[&str]] = match sub {
        "install" | "i" | "in" | "ins" | "ci" | "clean-install" => &[INSTALLS],
        "install-test" | "it" | "install-ci-test" | "cit" | "clean-install-test" | "sit" => {
            &[INSTALLS, TESTS]
        }
        "pack" => &[PACKS],
        "publish" => &[PUBLISHES],
        "version" if program != "bun" => &[VERSIONS],
        "restart" => &[RESTARTS],
        _ => &[],
    };
    lists.concat()
}

/// Tells whether `--ignore-scripts` is said last; nothing where it is not spoken of.
pub(super) fn ignores_scripts(job: &Job) -> Option<bool> {
    let words: Vec<String> = (job.args().iter())
        .map(|word| word.text().unwrap_or_default())
        .take_while(|text| text != "--")
        .collect();
    words.iter().enumerate().rev().find_map(|(at, word)| {
        let next = words.get(at + 1).map(String::as_str);
        match word.as_str() {
            "--ignore-scripts" => Some(next != Some("false")),
            "--ignore-scripts=true" => Some(true),
            word if word.starts_with("--ignore-scripts=") || word == "--no-ignore-scripts" => {
                Some(false)
            }
            _ => None,
        }
    })
}

/// Tells whether the words leave the scripts of the project out.
fn leaves_scripts(program: &str, job: &Job) -> bool {
    let elsewhere = ["-g", "--global", "--help"];
    let says = |names: &[&str]| {
        let mut words = job.args().iter().filter_map(Word::text);
        words.any(|word| names.contains(&word.as_str()))
    };
    // Others than npm do nothing in a dry run.
    let dry = program != "npm" && says(&["--dry-run"]);
    ignores_scripts(job).unwrap_or(false) || dry || says(&elsewhere)
}

impl Unfolder<'_> {
    /// What a package manager runs by itself with the project at hand.
    pub(super) fn lifecycle(
        &mut self,
        program: &str,
        job: &Job,
        at: usize,
        st: &mut State,
        fr: &Frame,
    ) {
        let sub = job.words.get(at).and_then(Word::text);
        let events = match sub.as_deref() {
            Some(sub) => events(program, sub),
            None if program == "yarn" => INSTALLS.to_vec(),
            None => Vec::new(),
        };
        if events.is_empty() || leaves_scripts(program, job) {
            return;
        }
        self.go_home(&["package.json"], st);
        let Some((path, text)) = self.task_file(None, &["package.json"], st, fr) else {
            return;
        };
        let Some(scripts) = scripts_of(&text) else {
            return;
        };
        for wanted in events {
            let Some((_, text)) = scripts.iter().find(|(key, _)| key == wanted) else {
                continue;
            };
            let line = line_of(&path, wanted, self);
            let via = fr.enter(&format!("{program} {wanted}"), Passage::Plain);
            if via.via.len() < MAX_VIA {
                let text = word_of(vec![literal_piece(text, &line)], None);
                self.shell_text(&text, &start("sh", job), &mut st.subshell(), &via);
            }
        }
    }
}
