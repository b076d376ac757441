//! Git's own doors to a shell: aliases, settings that name a program, `rebase -x`, `bisect run`, `submodule foreach`.
//! It judges nothing of git itself.

use crate::model::command::Passage;
use crate::model::word::Word;

use super::super::expand::literal_piece;
use super::super::options::options;
use super::super::state::{Feed, State, word_of};
use super::super::unfold::{Frame, Job, Unfolder};
use super::super::wrappers::start;

impl Unfolder<'_> {
    /// Git's own doors to a shell; git itself is emitted as well.
    pub(in crate::shell) fn git(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let global = options(
            job.args(),
            "-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix",
        );
        let at = global.rest + 1;
        let sub = job.words.get(at)?.text()?;
        let texts = self.git_texts(&sub, at, job, &global);
        let runs =
            sub == "bisect" && job.words.get(at + 1).and_then(Word::text).as_deref() == Some("run");
        if texts.is_empty() && !runs {
            return self.git_alias((&sub, at), &global, job, st, fr);
        }
        let feed = self.pure("git", job, st, fr);
        let mut own = job.clone();
        own.writes = Vec::new();
        self.emit(own, st, fr, None, &feed);
        let via = fr.enter(&format!("git {sub}"), Passage::Plain);
        let mut inside = st.subshell();
        if let Some(dir) = global.value("-C") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        if sub == "submodule" {
            inside.cwd = vec![crate::model::command::Cwd::Unknown];
        }
        for text in texts {
            self.shell_text(&text, &start("sh", job), &mut inside, &via);
        }
        if runs {
            self.run(job.rest(at + 2), &mut inside, &via);
        }
        Some(feed)
    }

    fn git_texts(
        &self,
        sub: &str,
        at: usize,
        job: &Job,
        global: &super::super::options::Options,
    ) -> Vec<Word> {
        let _ = self;
        let mut texts = Vec::new();
        for setting in global.values("-c") {
            let (key, rest) = assignment_of(setting);
            let is_alias = key.strip_prefix("alias.") == Some(sub);
            if is_alias && rest.prefix().starts_with('!') {
                let mut text = super::super::options::without_front(&rest, 1);
                for word in job.words.get(at + 1..).unwrap_or_default() {
                    text.pieces.push(literal_piece(" ", &word.origin));
                    text.pieces.extend(word.pieces.iter().cloned());
                }
                texts.push(text);
            } else if is_alias {
                let mut text = word_of(vec![literal_piece("git ", &rest.origin)], None);
                text.pieces.extend(rest.pieces);
                for word in job.words.get(at + 1..).unwrap_or_default() {
                    text.pieces.push(literal_piece(" ", &word.origin));
                    text.pieces.extend(word.pieces.iter().cloned());
                }
                texts.push(text);
            } else if matches!(
                key.as_str(),
                "core.pager"
                    | "core.sshCommand"
                    | "core.editor"
                    | "core.fsmonitor"
                    | "sequence.editor"
                    | "diff.external"
                    | "core.askPass"
            ) {
                texts.push(rest);
            }
        }
        let rest = job.words.get(at + 1..).unwrap_or_default();
        subcommand_texts(sub, rest, &mut texts);
        texts
    }
}

/// Adds the shell texts that a subcommand of git takes.
fn subcommand_texts(sub: &str, rest: &[Word], texts: &mut Vec<Word>) {
    match sub {
        "submodule" => {
            if let Some(from) = rest
                .iter()
                .position(|w| w.text().as_deref() == Some("foreach"))
            {
                let words = rest.get(from + 1..).unwrap_or_default();
                let found = options(words, "");
                texts.push(super::super::lists::joined(
                    words.get(found.rest..).unwrap_or_default(),
                ));
            }
        }
        "rebase" => {
            let valued = "-x --exec --exe --ex --onto -s --strategy -X --strategy-option --whitespace --empty";
            texts.extend(anywhere(rest, valued, "-x --exec --exe --ex"));
        }
        "difftool" => texts.extend(anywhere(rest, "-x --extcmd -t --tool", "-x --extcmd")),
        "filter-branch" => {
            for (index, word) in rest.iter().enumerate() {
                if word
                    .text()
                    .is_some_and(|t| t.starts_with("--") && t.ends_with("-filter"))
                {
                    texts.extend(rest.get(index + 1).cloned());
                }
            }
        }
        _ => {}
    }
}

/// Returns the values of options wherever they stand among the words.
fn anywhere(words: &[Word], valued: &str, names: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        let found = options(rest, valued);
        all.extend(found.values(names).into_iter().cloned());
        rest = rest.get(found.rest + 1..).unwrap_or_default();
    }
    all
}

fn assignment_of(word: &Word) -> (String, Word) {
    let head = word.prefix();
    let key = head.split('=').next().unwrap_or_default().to_owned();
    let mut value = word.clone();
    value.pieces = super::super::builtins::after_equals(word);
    (key, value)
}
