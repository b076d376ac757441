//! Asks the world the questions of the pure rooms and finds the evidence for a requirement.
//! It is the only room that makes evidence; it decides nothing.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::adapters::{archives, containers, environment, files, find, git, postgres, sqlite};
use crate::model::database::DatabaseQuestion;
use crate::model::fact::{Answer, Question, Scene};
use crate::model::git::GitQuestion;
use crate::model::name;
use crate::model::target::Reach;
use crate::ports::World;

/// Largest script, Makefile or SQL file that is read to judge a call, in bytes.
const TEXT_CAP: u64 = 1024 * 1024;

/// The world as it is here, asked within one deadline.
#[derive(Debug)]
pub struct Here {
    pub deadline: Instant,
    /// Folders of client programs from the owner's configuration.
    pub tool_dirs: Vec<PathBuf>,
    /// Servers elsewhere may be asked: a human said so.
    pub elsewhere: bool,
}

impl Here {
    fn of_servers(&self, left: Duration) -> postgres::Limits {
        let limits = postgres::Limits::default();
        postgres::Limits {
            time: left.min(limits.time),
            tool_dirs: self.tool_dirs.clone(),
            elsewhere: self.elsewhere,
            ..limits
        }
    }
}

impl World for Here {
    fn answer(&self, question: &Question) -> Answer {
        carried(self.ask(&real(question)))
    }

    fn out_of_time(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl Here {
    fn ask(&self, question: &Question) -> Answer {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match question {
            Question::Entry(path) => files::entry(path, environment::home().as_deref()),
            Question::Tree(path) => files::tree(path, limits(left)),
            Question::Glob { dir, pattern } => files::glob(dir, pattern, limits(left)),
            Question::Text(path) => files::text(path, TEXT_CAP),
            Question::Members(path) => archives::members(path),
            Question::Pages(path) => sqlite::pages(path),
            Question::Find {
                start,
                shown,
                tests,
            } => find::find(start, shown, tests, limits(left)),
            Question::Variable(name) => variable(name),
            Question::Git { dir, paths } => git::git(dir, paths, &self.tool_dirs, left),
            Question::GitDeed(question) => git::deed(question, &self.tool_dirs, left),
            Question::Container(question) => containers::answer(question),
            Question::Clock => clock(),
            Question::Database(question) => match &question.reach {
                Reach::Sqlite(_) => sqlite::answer(question),
                Reach::Postgres(_) => postgres::answer(question, &self.of_servers(left)),
                Reach::Path(_)
                | Reach::Worktree(_)
                | Reach::GitRefs(_)
                | Reach::GitRemote(_)
                | Reach::NoDriver => Answer::Unknown("no database driver for it".to_owned()),
                Reach::Unreachable(reason) => Answer::Unknown(reason.clone()),
            },
        }
    }
}

/// Returns the question with the paths that the world knows.
fn real(question: &Question) -> Cow<'_, Question> {
    let path = |path: &Path| files::stepped(&name::real(path));
    let odd = |path: &Path| matches!(name::real(path), Cow::Owned(_)) || files::steps_back(path);
    match question {
        Question::Entry(at) if odd(at) => Cow::Owned(Question::Entry(path(at))),
        Question::Tree(at) if odd(at) => Cow::Owned(Question::Tree(path(at))),
        Question::Pages(at) if odd(at) => Cow::Owned(Question::Pages(path(at))),
        Question::Members(at) if odd(at) => Cow::Owned(Question::Members(path(at))),
        Question::Text(at) if odd(at) => Cow::Owned(Question::Text(path(at))),
        Question::Find {
            start,
            shown,
            tests,
        } if odd(start) => Cow::Owned(Question::Find {
            start: path(start),
            shown: shown.clone(),
            tests: tests.clone(),
        }),
        Question::Glob { dir, pattern } if odd(dir) => Cow::Owned(Question::Glob {
            dir: path(dir),
            pattern: pattern.clone(),
        }),
        Question::Git { dir, paths } if odd(dir) || paths.iter().any(|one| odd(one)) => {
            Cow::Owned(Question::Git {
                dir: path(dir),
                paths: paths.iter().map(|one| path(one)).collect(),
            })
        }
        Question::GitDeed(asked)
            if odd(&asked.dir) || asked.git_dir.as_deref().is_some_and(odd) =>
        {
            Cow::Owned(Question::GitDeed(GitQuestion {
                dir: path(&asked.dir),
                git_dir: asked.git_dir.as_deref().map(path),
                ..asked.clone()
            }))
        }
        Question::Database(asked) => {
            let mut real = asked.reach.clone();
            real.make_real();
            if real == asked.reach {
                return Cow::Borrowed(question);
            }
            Cow::Owned(Question::Database(DatabaseQuestion {
                reach: real,
                ..asked.clone()
            }))
        }
        Question::Entry(_)
        | Question::Tree(_)
        | Question::Members(_)
        | Question::Pages(_)
        | Question::Text(_)
        | Question::Find { .. }
        | Question::Glob { .. }
        | Question::Git { .. }
        | Question::GitDeed(_)
        | Question::Variable(_)
        | Question::Clock
        | Question::Container(_) => Cow::Borrowed(question),
    }
}

/// Returns the answer with paths as the pure rooms carry them.
fn carried(mut answer: Answer) -> Answer {
    let carry = |path: &mut PathBuf| *path = name::carried(std::mem::take(path));
    match &mut answer {
        Answer::Entry(fact) => carry(&mut fact.resolved),
        Answer::Tree(fact) => {
            fact.databases.iter_mut().for_each(carry);
            fact.repositories.iter_mut().for_each(carry);
        }
        Answer::Glob(paths) => paths.iter_mut().for_each(carry),
        Answer::Git(fact) => {
            carry(&mut fact.root);
            carry(&mut fact.git_dir);
            fact.paths.iter_mut().for_each(|one| carry(&mut one.path));
        }
        Answer::Refs(fact) => {
            carry(&mut fact.root);
            carry(&mut fact.git_dir);
        }
        Answer::Text { .. }
        | Answer::Pages(_)
        | Answer::Variable(_)
        | Answer::Database(_)
        | Answer::Container(_)
        | Answer::Absent
        | Answer::Unknown(_)
        | Answer::Clock { .. }
        | Answer::Assumed => {}
    }
    answer
}

fn limits(left: Duration) -> files::Limits {
    let limits = files::Limits::default();
    files::Limits {
        time: left.min(limits.time),
        ..limits
    }
}

/// `--facts none`: only files that the command would run or feed are read; nothing else is asked.
#[derive(Debug)]
pub struct Elsewhere {
    pub deadline: Instant,
}

impl World for Elsewhere {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Text(path) => files::text(&name::real(path), TEXT_CAP),
            Question::Variable(_)
            | Question::Entry(_)
            | Question::Tree(_)
            | Question::Members(_)
            | Question::Pages(_)
            | Question::Find { .. }
            | Question::Glob { .. }
            | Question::Git { .. }
            | Question::GitDeed(_)
            | Question::Database(_)
            | Question::Container(_)
            | Question::Clock => Answer::Assumed,
        }
    }

    fn out_of_time(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

/// The time zone is that of `TZ`, or of the system: as a program sees it that is started here.
fn clock() -> Answer {
    let now = jiff::Zoned::now();
    let universal = now.timestamp().as_second();
    Answer::Clock {
        universal,
        local: universal + i64::from(now.offset().seconds()),
    }
}

fn variable(name: &str) -> Answer {
    match environment::variable(name) {
        None => Answer::Absent,
        Some(value) => Answer::Variable(name::shown(&value)),
    }
}

/// What a scene is made from besides the environment.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub cwd: &'a Path,
    pub scratchpad: Option<&'a Path>,
    /// State, backups, configuration and binary of backstop itself.
    pub own: &'a [PathBuf],
    pub assumed: bool,
}

/// Returns where the call runs.
pub fn scene(place: &Place<'_>) -> Scene {
    let home = environment::home();
    let cwd = place.cwd.to_path_buf();
    let project = project(&cwd, home.as_deref());
    let all = |paths: Vec<PathBuf>| paths.into_iter().map(name::carried).collect();
    Scene {
        temporary: all(temporary(home.as_deref(), &project, place)),
        user: environment::user(),
        own: all(place.own.to_vec()),
        assumed: place.assumed,
        home: home.map(name::carried),
        cwd: name::carried(cwd),
        project: name::carried(project),
    }
}

/// Returns the top of the work tree that holds `cwd`, else `cwd`; looks at most at 64 parents.
fn project(cwd: &Path, home: Option<&Path>) -> PathBuf {
    let top = cwd
        .ancestors()
        .take(64)
        .find(|dir| dir.join(".git").symlink_metadata().is_ok());
    match top {
        Some(top) if Some(top) != home || cwd == top => top.to_path_buf(),
        Some(_) | None => cwd.to_path_buf(),
    }
}

/// Returns the temporary directories, as named and with links resolved.
fn temporary(home: Option<&Path>, project: &Path, place: &Place<'_>) -> Vec<PathBuf> {
    let mut dirs = vec![PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    if cfg!(target_os = "macos") {
        dirs.push(PathBuf::from("/var/folders"));
    }
    let ours =
        environment::tmpdir().filter(|dir| is_private_temporary(dir, home, project, place.assumed));
    let scratch = place
        .scratchpad
        .filter(|dir| is_private_temporary(dir, home, project, false));
    dirs.extend(ours);
    dirs.extend(scratch.map(Path::to_path_buf));
    let resolved: Vec<PathBuf> = dirs
        .iter()
        .filter_map(|dir| dir.canonicalize().ok())
        .collect();
    for dir in resolved {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}

/// A directory that the environment or the payload calls temporary counts only when it holds neither home nor project and is deep enough.
fn is_private_temporary(dir: &Path, home: Option<&Path>, project: &Path, assumed: bool) -> bool {
    let inside_home = home.is_some_and(|home| dir.starts_with(home) || home.starts_with(dir));
    let touches_project = dir.starts_with(project) || project.starts_with(dir);
    let deep = dir.is_absolute() && dir.components().count() >= 2;
    deep && !inside_home
        && (assumed || !touches_project)
        && !dir.components().any(|part| part.as_os_str() == "..")
}
