//! The pipeline: the one place where all stages meet. `check`, the hook and the git hooks share it.
//! It records nothing and runs nothing; what a verdict leads to is the work of `enforce`.

use std::borrow::Cow;

use crate::classify::{self, Context, RuleBook};
use crate::model::command::{Command, Unfolding};
use crate::model::fact::{Answer, Facts, Needs, Question, Scene};
use crate::model::finding::Finding;
use crate::model::name;
use crate::model::policy::{Policy, Requirement};
use crate::model::request::Asked;
use crate::model::target::Reach;
use crate::policy;
use crate::ports::World;
use crate::render::redact;
use crate::shell::unfold::{canonical, unfold};

/// Rounds of questions: a script, the Makefile it calls, the glob in it, the facts of what it names; with room to spare.
const ROUNDS: usize = 64;

/// Questions in one call; a line that names more paths than this is not judged to the end.
const QUESTIONS: usize = 20_000;

/// Why a call could not be judged. The caller blocks it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GuardError {
    #[error("ran out of time while judging this call")]
    OutOfTime,
    #[error("the call asks more of the world than can be answered in {ROUNDS} rounds")]
    Rounds,
    #[error("the call names more than {QUESTIONS} things")]
    Questions,
    #[error(
        "the call holds a private character (U+10FF80 to U+10FFFF); such characters stand for bytes of odd file names here, write the name another way"
    )]
    Private,
}

/// Everything that the stages read.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub policy: &'a Policy,
    pub rules: &'a dyn RuleBook,
    pub scene: &'a Scene,
    pub world: &'a dyn World,
    /// Seconds since 1970.
    pub now_s: i64,
}

impl std::fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting")
            .field("scene", self.scene)
            .finish_non_exhaustive()
    }
}

/// What the pure stages say about one call.
#[must_use]
#[derive(Debug)]
pub struct Judgement {
    /// Findings that policy did not lower to `none`.
    pub findings: Vec<Finding>,
    /// Something was seen at all, also when it turned out to lose nothing: then policy has to be asked.
    pub seen: bool,
    pub requirement: Requirement,
    pub unfolding: Unfolding,
    pub facts: Facts,
}

/// Judges one call: unfold, classify, require, with facts before deeds.
///
/// # Errors
/// Returns why no judgement could be made; then the call is blocked.
pub fn judge(asked: &Asked, setting: &Setting<'_>) -> Result<Judgement, GuardError> {
    if is_private(asked) {
        return Err(GuardError::Private);
    }
    let mut facts = Facts::new(setting.scene.assumed);
    let mut questions = 0;
    for _ in 0..ROUNDS {
        let mut needs = Needs::default();
        let mut unfolding = match asked {
            Asked::Shell { kind, text } => unfold(*kind, text, setting.scene, &facts, &mut needs),
            Asked::Write { .. } | Asked::Sql { .. } | Asked::Mcp { .. } | Asked::Nothing => {
                Unfolding::default()
            }
        };
        let regenerable = regenerable(setting, &unfolding);
        let context = Context {
            scene: setting.scene,
            facts: &facts,
            rules: setting.rules,
            regenerable: &regenerable,
            behind: &setting.policy.mcp,
            protected: &setting.policy.protection,
            earlier: &[],
            after: &[],
            aliases: None,
        };
        // What runs is settled first: judging half of it would be done again in the next round.
        let mut findings = if needs.is_empty() {
            classify::classify(asked, &unfolding, &context, &mut needs)
        } else {
            Vec::new()
        };
        if needs.is_empty() {
            settle(asked, &mut findings, &mut unfolding, &facts);
            hide(asked, &mut findings);
            let seen = !findings.is_empty();
            let requirement = policy::require(&mut findings, setting.policy, setting.now_s);
            return Ok(Judgement {
                findings,
                seen,
                requirement,
                unfolding,
                facts,
            });
        }
        for question in needs.into_questions() {
            questions += 1;
            if questions > QUESTIONS {
                return Err(GuardError::Questions);
            }
            if setting.world.out_of_time() {
                return Err(GuardError::OutOfTime);
            }
            let answer = setting.world.answer(&question);
            facts.learn(question, answer);
        }
    }
    Err(GuardError::Rounds)
}

/// Returns the names of output: without facts, where .NET is built, `bin` beside `obj` is its output too. With facts the place itself decides.
fn regenerable<'a>(setting: &Setting<'a>, unfolding: &Unfolding) -> Cow<'a, [String]> {
    let names = &setting.policy.regenerable;
    let builds = |command: &Command| command.is_any(&["dotnet", "msbuild", "nuget"]);
    if setting.scene.assumed && unfolding.commands.iter().any(builds) {
        let mut all = names.clone();
        all.push("bin".to_owned());
        return Cow::Owned(all);
    }
    Cow::Borrowed(names)
}

/// A secret of the words may have been taken for a name or a port: targets that no driver reads are called without it,
/// so that requests, approvals and what is asked again all call them alike.
fn hide(asked: &Asked, findings: &mut [Finding]) {
    let (Asked::Shell { text, .. } | Asked::Sql { text, .. }) = asked else {
        return;
    };
    if findings.is_empty() {
        return;
    }
    let values = redact::values(text);
    for finding in findings.iter_mut().filter(|_| !values.is_empty()) {
        finding.summary = redact::blot(&finding.summary, &values);
        for target in &mut finding.targets {
            if matches!(target.reach, Reach::NoDriver | Reach::Unreachable(_)) {
                target.locator = redact::blot(&target.locator, &values);
            }
        }
    }
}

/// Makes what was found fit for the rooms that act: real paths, and what an approval binds to.
fn settle(asked: &Asked, findings: &mut [Finding], unfolding: &mut Unfolding, facts: &Facts) {
    for target in findings.iter_mut().flat_map(|finding| &mut finding.targets) {
        target.reach.make_real();
    }
    read(unfolding, facts);
    if let Asked::Shell { kind, text } = asked
        && !findings.is_empty()
        && let Some(line) = canonical(*kind, text, unfolding)
    {
        unfolding.canonical = line;
    }
}

/// An approval binds to the content of every file that was read, by the shell and by what runs in it.
fn read(unfolding: &mut Unfolding, facts: &Facts) {
    for (question, answer) in facts.iter() {
        if let (Question::Text(path), Answer::Text { sha256, .. }) = (question, answer)
            && !unfolding.read.iter().any(|(known, _)| known == path)
        {
            unfolding.read.push((path.clone(), sha256.clone()));
        }
    }
}

/// Tells whether a name in the call would be taken for another one.
fn is_private(asked: &Asked) -> bool {
    match asked {
        Asked::Shell { text, .. } | Asked::Sql { text, .. } => name::carries(text),
        Asked::Write { path, .. } => path.to_str().is_none_or(name::carries),
        Asked::Mcp { strings, .. } => strings.iter().any(|(_, text)| name::carries(text)),
        Asked::Nothing => false,
    }
}
