//! A bench for tests of this family: scenes, facts, words and commands made by hand.
//! It is compiled for tests only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::classify::{Context, RuleBook};
use crate::model::command::{Command, Cwd, Redirect, Stdin, Wrapper, WriteMode};
use crate::model::fact::{
    Answer, EntryFact, EntryKind, Facts, GitFact, GitPathFact, Needs, Question, Scene, TreeFact,
};
use crate::model::finding::Finding;
use crate::model::push::Protection;
use crate::model::rule::Rule;
use crate::model::span::{Origin, Span};
use crate::model::word::{Hole, Part, Piece, Word};

/// A book without rules: every finding keeps the severity of the unknown.
#[derive(Debug)]
pub struct NoRules;

impl RuleBook for NoRules {
    fn rule(&self, _id: &str) -> Option<&'static Rule> {
        None
    }

    fn for_program(&self, _program: &str) -> &[&'static Rule] {
        &[]
    }
}

/// What one test knows of the world.
#[derive(Debug)]
pub struct Bench {
    pub scene: Scene,
    pub facts: Facts,
    pub names: Vec<String>,
    pub protection: Protection,
    pub earlier: Vec<Command>,
}

impl Bench {
    fn new(assumed: bool) -> Self {
        Self {
            scene: Scene {
                cwd: "/home/ann/shop".into(),
                home: Some("/home/ann".into()),
                user: Some("ann".into()),
                project: "/home/ann/shop".into(),
                temporary: vec!["/tmp".into()],
                own: vec![
                    "/home/ann/.local/state/backstop".into(),
                    "/home/ann/.claude/settings.json".into(),
                    "/opt/bin/backstop".into(),
                ],
                assumed,
            },
            facts: Facts::new(assumed),
            names: super::REGENERABLE
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
            protection: crate::policy::builtin::default_policy().protection,
            earlier: Vec::new(),
        }
    }

    /// A world that is not asked.
    pub fn assumed() -> Self {
        Self::new(true)
    }

    /// A world that is asked; nothing is known yet.
    pub fn here() -> Self {
        Self::new(false)
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            scene: &self.scene,
            facts: &self.facts,
            rules: &NoRules,
            regenerable: &self.names,
            behind: const { &std::collections::BTreeMap::new() },
            protected: &self.protection,
            earlier: &self.earlier,
            after: &[],
            aliases: None,
        }
    }

    pub fn file(mut self, path: &str, bytes: u64) -> Self {
        self.learn_entry(path, entry(path, EntryKind::File, bytes));
        self
    }

    pub fn folder(mut self, path: &str, files: u64) -> Self {
        self.learn_entry(path, entry(path, EntryKind::Directory, 0));
        let dot = Question::Entry(Path::new(path).join(".git"));
        if self.facts.known(&dot).is_none() {
            self.facts.learn(dot, Answer::Absent);
        }
        let tree = TreeFact {
            files,
            bytes: files * 10,
            ..TreeFact::default()
        };
        self.facts
            .learn(Question::Tree(path.into()), Answer::Tree(tree));
        self
    }

    pub fn link(mut self, path: &str, to: &str) -> Self {
        let mut fact = entry(path, EntryKind::Link, 0);
        fact.resolved = to.into();
        self.learn_entry(path, fact);
        self
    }

    pub fn absent(mut self, path: &str) -> Self {
        self.facts
            .learn(Question::Entry(path.into()), Answer::Absent);
        self
    }

    pub fn learn_entry(&mut self, path: &str, fact: EntryFact) {
        self.facts
            .learn(Question::Entry(path.into()), Answer::Entry(fact));
    }

    pub fn learn(mut self, question: Question, answer: Answer) -> Self {
        self.facts.learn(question, answer);
        self
    }

    /// Git's answer about one path of the project.
    pub fn git(self, path: &str, change: impl FnOnce(&mut GitPathFact)) -> Self {
        let mut fact = GitPathFact {
            path: path.into(),
            ..GitPathFact::default()
        };
        change(&mut fact);
        let all = GitFact {
            root: self.scene.project.clone(),
            git_dir: self.scene.project.join(".git"),
            branch: Some("main".into()),
            has_head: true,
            paths: vec![fact],
            ..GitFact::default()
        };
        let question = Question::Git {
            dir: self.scene.project.clone(),
            paths: vec![path.into()],
        };
        self.learn(question, Answer::Git(all))
    }

    pub fn no_git(self, path: &str) -> Self {
        let dir = if Path::new(path).starts_with(&self.scene.project) {
            self.scene.project.clone()
        } else {
            Path::new(path)
                .parent()
                .map(Path::to_path_buf)
                .unwrap_or_default()
        };
        let question = Question::Git {
            dir,
            paths: vec![PathBuf::from(path)],
        };
        self.learn(question, Answer::Absent)
    }

    /// Runs the family; the open questions come along.
    pub fn run(&self, command: &Command) -> (Vec<Finding>, Vec<Question>) {
        let mut needs = Needs::default();
        let findings = super::findings(command, &self.context(), &mut needs);
        (findings, needs.into_questions())
    }

    /// Rules of what is lost, exempt findings left out; no question may be open.
    pub fn lost(&self, command: &Command) -> Vec<String> {
        let (findings, open) = self.run(command);
        assert!(open.is_empty(), "open: {open:?}");
        rules(&findings)
    }
}

/// Rules of the findings that are not exempt.
pub fn rules(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| finding.exempt.is_none())
        .map(|finding| finding.rule.clone())
        .collect()
}

pub fn entry(path: &str, kind: EntryKind, bytes: u64) -> EntryFact {
    EntryFact {
        kind,
        resolved: path.trim_end_matches('/').into(),
        bytes,
        device: 1,
        // Names of one length differ enough for a bench.
        inode: path
            .bytes()
            .fold(2, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte)),
        links: 1,
        is_root: false,
        is_home: false,
        is_mount: false,
        mounts_below: false,
        magic: String::new(),
    }
}

pub fn origin() -> Origin {
    Origin::Text(Span::new(0, 10))
}

pub fn word(text: &str) -> Word {
    Word::literal(text, origin())
}

pub fn hole(hole: Hole) -> Word {
    Word::hole(hole, false, origin())
}

pub fn glob(text: &str) -> Word {
    Word {
        pieces: vec![Piece {
            part: Part::Glob(text.to_owned()),
            origin: origin(),
        }],
        origin: origin(),
        many: false,
        quoted: false,
    }
}

pub fn join(words: &[Word]) -> Word {
    Word {
        pieces: words.iter().flat_map(|word| word.pieces.clone()).collect(),
        origin: origin(),
        many: false,
        quoted: false,
    }
}

/// A command of literal words; a `*` in a word becomes an active glob.
pub fn command(words: &[&str]) -> Command {
    of(words.iter().map(|text| starred(text)).collect())
}

/// A command line of words parted by blanks.
pub fn line(text: &str) -> Command {
    command(&text.split_whitespace().collect::<Vec<_>>())
}

pub fn of(words: Vec<Word>) -> Command {
    Command {
        script: None,
        words,
        env: Arc::default(),
        env_cleared: false,
        stdin: Stdin::Inherited,
        writes: Vec::new(),
        via: Vec::new(),
        cwd: Cwd::Known("/home/ann/shop".into()),
        origin: origin(),
    }
}

pub fn via(mut command: Command, name: &str, passage: crate::model::command::Passage) -> Command {
    command.via.push(Wrapper {
        name: name.to_owned(),
        passage,
    });
    command
}

pub fn redirected(words: &[&str], mode: WriteMode, file: &str) -> Command {
    let mut all = command(words);
    all.writes.push(Redirect {
        mode,
        file: word(file),
        content: None,
        whole: None,
    });
    all
}

fn starred(text: &str) -> Word {
    let mut parts: Vec<Word> = Vec::new();
    for (index, piece) in text.split('*').enumerate() {
        if index > 0 {
            parts.push(glob("*"));
        }
        if !piece.is_empty() || text.is_empty() {
            parts.push(word(piece));
        }
    }
    join(&parts)
}
