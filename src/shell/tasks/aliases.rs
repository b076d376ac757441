//! Aliases that stand in git's configuration: what `git wipe` starts where git itself knows no `wipe`.
//! The configuration is asked only then; an alias that the same call writes counts before it.

use std::path::PathBuf;

use crate::model::command::{Cwd, Passage};
use crate::model::fact::{Answer, Question};
use crate::model::git::{GitAbout, GitQuestion};
use crate::model::word::Word;

use super::super::options::Options;
use super::super::state::{Feed, State, lexical};
use super::super::unfold::{Frame, Job, Unfolder};

/// What git does itself, before it looks for an alias. Programs beside it that many have (`git lfs`) come before one, too.
const OWN: &str = "add am annotate apply archimport archive bisect blame branch bugreport bundle cat-file check-attr \
check-ignore check-mailmap check-ref-format checkout checkout-index cherry cherry-pick citool clean clone column commit \
commit-graph commit-tree config count-objects credential credential-cache credential-store daemon describe diagnose diff \
diff-files diff-index diff-tree difftool fast-export fast-import fetch fetch-pack filter-branch filter-repo fmt-merge-msg \
for-each-ref for-each-repo format-patch fsck gc grep gui hash-object help history hook http-backend index-pack init init-db \
instaweb interpret-trailers last-modified lfs log ls-files ls-remote ls-tree mailinfo mailsplit maintenance merge merge-base \
merge-file merge-index merge-tree mergetool mktag mktree multi-pack-index mv name-rev notes pack-objects pack-refs patch-id \
prune prune-packed pull push range-diff read-tree rebase receive-pack reflog refs remote repack replace replay repo \
request-pull rerere reset restore rev-list rev-parse revert rm send-email send-pack shortlog show show-branch show-index \
show-ref sparse-checkout stage stash status stripspace submodule switch symbolic-ref tag unpack-file unpack-objects \
update-index update-ref update-server-info upload-archive upload-pack var verify-commit verify-pack verify-tag version \
worktree write-tree";
/// Variables that say which configuration git reads.
const TELLS: [&str; 5] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
];
/// Aliases of aliases are followed this far; git itself refuses one that leads back to itself.
const DEEP_MAX: usize = 8;

impl Unfolder<'_> {
    /// Runs what an alias of the configuration stands for; nothing where there is none.
    pub(super) fn git_alias(
        &mut self,
        (sub, at): (&str, usize),
        global: &Options,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let given = job.words.get(at + 1..).unwrap_or_default();
        let asks_help = given.first().and_then(Word::plain) == Some("--help");
        if st.far || asks_help || OWN.split(' ').any(|own| own == sub) || !is_name(sub) {
            return None;
        }
        let name = format!("git {sub}");
        let passed = fr.via.iter().filter(|one| one.name.starts_with("git "));
        if passed.clone().any(|one| one.name == name) || passed.count() >= DEEP_MAX {
            return None;
        }
        let (value, top) = self.alias_value(sub, global, job, st)?;
        let word = |text: &str| Word::literal(text, job.origin.clone());
        let mut own = job.rest(0);
        let via = fr.enter(&name, Passage::Plain);
        if let Some(text) = value.strip_prefix('!') {
            let all = match given.is_empty() {
                true => text.to_owned(),
                false => format!("{text} \"$@\""),
            };
            own.words = vec![word("sh"), word("-c"), word(&all), word(text)];
            own.words.extend(given.iter().cloned());
            let mut inside = st.subshell();
            if let Some(top) = top {
                inside.cwd = vec![Cwd::Known(top)];
            }
            return Some(self.run(own, &mut inside, &via));
        }
        own.words.truncate(at);
        own.words
            .extend(parted(&value)?.iter().map(|text| word(text)));
        own.words.extend(given.iter().cloned());
        Some(self.run(own, st, &via))
    }

    /// Returns what the configuration gives an alias, and the folder in which a shell would run it.
    fn alias_value(
        &mut self,
        sub: &str,
        global: &Options,
        job: &Job,
        st: &State,
    ) -> Option<(String, Option<PathBuf>)> {
        let told = self.told_alias(sub);
        if told.is_none() && self.facts.assumed {
            return None;
        }
        let environment = self.environment(job, st);
        let said = |name: &str| {
            let mut all = environment.iter().rev();
            all.find(|(known, _)| known == name)
                .and_then(|(_, value)| value.text())
        };
        let tells: Vec<(String, String)> = TELLS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), said(name)?)))
            .collect();
        let git_dir = global.value("--git-dir").and_then(Word::text);
        let git_dir = git_dir.or_else(|| said("GIT_DIR"));
        for place in &st.cwd {
            let Cwd::Known(place) = place else {
                continue;
            };
            let mut dir = place.clone();
            for word in global.values("-C") {
                dir = lexical(&dir, &word.text()?);
            }
            let top = match self.facts.assumed {
                true => None,
                false => self.top(&dir),
            };
            let top = top.unwrap_or_else(|| dir.clone());
            if let Some(value) = &told {
                return Some((value.clone(), Some(top)));
            }
            let question = Question::GitDeed(GitQuestion {
                git_dir: git_dir.as_ref().map(|named| lexical(&dir, named)),
                dir,
                about: GitAbout::Alias {
                    name: sub.to_owned(),
                    told: tells.clone(),
                },
            });
            if let Some(Answer::Variable(value)) = self.facts.ask(question, self.needs) {
                return Some((value.clone(), Some(top)));
            }
        }
        told.map(|value| (value, None))
    }

    /// Returns an alias that an earlier command of the same call wrote with `git config`, where a shell is to run it.
    fn told_alias(&self, sub: &str) -> Option<String> {
        let name = format!("alias.{sub}");
        let told = self.out.commands.iter().rev().find_map(|command| {
            let mut words = command.words.iter();
            let git = words.next().and_then(Word::plain) == Some("git");
            let config = words.any(|word| word.plain() == Some("config"));
            let named = |word: &Word| word.text().is_some_and(|t| t.eq_ignore_ascii_case(&name));
            let found = git && config && words.by_ref().any(named);
            found.then(|| words.next().and_then(Word::text)).flatten()
        });
        // Another one is read where the commands are judged.
        told.filter(|value| value.starts_with('!'))
    }
}

/// Tells whether git would look for an alias of this name.
fn is_name(sub: &str) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || "-._".contains(letter);
    !sub.is_empty() && !sub.starts_with('-') && sub.chars().all(plain)
}

/// Parts the words of an alias as git does: quotes and backslashes count, nothing else does.
fn parted(value: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (_, Some(end)) if letter == end => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().push(letters.next()?),
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (_, None) if letter.is_ascii_whitespace() => all.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    all.extend(word);
    quote.is_none().then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_alias_are_parted_as_git_does() {
        let cases: [(&str, Option<&[&str]>); 5] = [
            ("checkout -q --", Some(&["checkout", "-q", "--"])),
            ("commit -m 'a b' $x", Some(&["commit", "-m", "a b", "$x"])),
            (
                r#"log --format="%h \"x\"" "#,
                Some(&["log", "--format=%h \"x\""]),
            ),
            (r"add a\ b ''", Some(&["add", "a b", ""])),
            ("commit -m 'open", None),
        ];
        for (value, right) in cases {
            let right = right.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
            assert_eq!(parted(value), right, "{value}");
        }
    }
}
