//! The words of a git command: global options, directory, settings, aliases given on the line, subcommand.
//! It does not know what a subcommand does.

use std::path::PathBuf;

use crate::classify::files::Args;
use crate::model::command::{Command, Cwd, Stdin};
use crate::model::word::Word;

/// Aliases of aliases are followed this far.
const ALIASES_MAX: usize = 4;

/// One git command, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub subcommand: String,
    pub args: Vec<Word>,
    /// Where git starts to look for the repository; nothing when it is not known.
    pub dir: Option<PathBuf>,
    /// What `--git-dir` or `GIT_DIR` says, absolute.
    pub git_dir: Option<PathBuf>,
    /// A folder that `-C` names in part: below a temporary place, by what is known of its name.
    pub partly: Option<Word>,
    /// `-c name=value`, names in lower case.
    settings: Vec<(String, String)>,
}

impl Invocation {
    /// Reads a command whose program is git (or one of its programs of their own).
    pub fn read(command: &Command) -> Option<Self> {
        let program = command.program()?;
        let mut all = Self {
            subcommand: String::new(),
            args: Vec::new(),
            dir: match &command.cwd {
                Cwd::Known(dir) => Some(dir.clone()),
                Cwd::Temporary | Cwd::Unknown => None,
            },
            git_dir: None,
            partly: None,
            settings: Vec::new(),
        };
        let told = command.env_value("GIT_DIR").and_then(Word::text);
        all.git_dir = told.and_then(|named| super::course::absolute(all.dir.as_deref(), &named));
        if let Some(name) = program.strip_prefix("git-") {
            name.clone_into(&mut all.subcommand);
            all.args = command.args().to_vec();
            return Some(all);
        }
        if program == "patch" {
            "apply".clone_into(&mut all.subcommand);
            all.args = command.args().to_vec();
            return Some(all);
        }
        if matches!(program.as_str(), "tar" | "bsdtar" | "gtar") {
            return all.unpacked(command);
        }
        if program == "bfg" {
            "filter-repo".clone_into(&mut all.subcommand);
            all.args = command.args().to_vec();
            return Some(all);
        }
        if !matches!(program.as_str(), "git" | "git.exe" | "hub" | "yadm") {
            return None;
        }
        all.globals(command)?;
        all.aliases();
        Some(all)
    }

    /// `git archive … | tar x`: what unpacks it works where `-C` says.
    fn unpacked(mut self, command: &Command) -> Option<Self> {
        if !matches!(&command.stdin, Stdin::Opaque { from } if from == "git") {
            return None;
        }
        "unpack".clone_into(&mut self.subcommand);
        self.args = command.args().to_vec();
        let args = Args::read(command.args(), super::written::TAR);
        if let Some(to) = args.value(&["-C", "--directory"]) {
            let known = !to.contains('$');
            self.dir = self.dir.take().filter(|_| known).map(|dir| dir.join(to));
        }
        Some(self)
    }

    fn globals(&mut self, command: &Command) -> Option<()> {
        let mut rest = command.args().iter();
        let mut tree: Option<PathBuf> = command
            .env_value("GIT_WORK_TREE")
            .and_then(Word::text)
            .map(PathBuf::from);
        let mut git_dir: Option<String> = None;
        while let Some(word) = rest.next() {
            let text = word.shown();
            match text.as_str() {
                "-C" => self.enter(rest.next()?),
                "-c" | "--config-env" => self.set(&rest.next()?.shown()),
                "--work-tree" => tree = rest.next()?.text().map(PathBuf::from),
                "--git-dir" => git_dir = rest.next()?.text(),
                "--namespace" | "--exec-path" | "--super-prefix" | "--attr-source" => {
                    rest.next();
                }
                _ if text.starts_with("--work-tree=") => {
                    tree = text.strip_prefix("--work-tree=").map(PathBuf::from);
                }
                _ if text.starts_with("--git-dir=") => {
                    git_dir = text.strip_prefix("--git-dir=").map(str::to_owned);
                }
                _ if text.starts_with('-') => {}
                _ => {
                    self.subcommand = text;
                    self.args = rest.cloned().collect();
                    break;
                }
            }
        }
        if let Some(named) = git_dir {
            self.git_dir = super::course::absolute(self.dir.as_deref(), &named);
        }
        if let (Some(dir), Some(tree)) = (&self.dir, tree) {
            self.dir = Some(dir.join(tree));
        }
        Some(())
    }

    fn enter(&mut self, word: &Word) {
        self.dir = match (word.text(), self.dir.take()) {
            (Some(text), Some(dir)) => Some(dir.join(text)),
            (Some(text), None) if text.starts_with('/') => Some(PathBuf::from(text)),
            (None, _) => {
                self.partly = Some(word.clone());
                None
            }
            (Some(text), None) => {
                self.partly = self.partly.take().filter(|_| !text.contains(".."));
                None
            }
        };
    }

    fn set(&mut self, text: &str) {
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        self.settings
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }

    /// Takes settings that were written before this command, and reads its alias among them.
    pub fn learn(&mut self, settings: Vec<(String, String)>) {
        if settings.is_empty() {
            return;
        }
        self.settings.splice(0..0, settings);
        self.aliases();
    }

    /// Returns the value that `-c` gives to a setting (its name in lower case).
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Replaces an alias given with `-c alias.x=…`; one that starts a shell is unfolded elsewhere.
    fn aliases(&mut self) {
        for _ in 0..ALIASES_MAX {
            let name = format!("alias.{}", self.subcommand.to_ascii_lowercase());
            let Some(value) = self.setting(&name).map(str::to_owned) else {
                return;
            };
            let mut words = value.split_whitespace();
            let Some(first) = words.next().filter(|first| !first.starts_with('!')) else {
                return;
            };
            let origin = self.args.first().map_or(
                crate::model::span::Origin::Text(Default::default()),
                |word| word.origin.clone(),
            );
            let mut args: Vec<Word> = words
                .map(|word| Word::literal(word, origin.clone()))
                .collect();
            args.append(&mut self.args);
            self.args = args;
            first.clone_into(&mut self.subcommand);
        }
    }

    /// Tells whether only help is asked for.
    pub fn is_help(&self) -> bool {
        self.args
            .iter()
            .any(|word| matches!(word.text().as_deref(), Some("--help")))
            || (self.args.len() == 1
                && self.args.first().and_then(Word::text).as_deref() == Some("-h"))
    }
}
