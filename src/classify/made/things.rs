//! From one command to the things that were not there before it succeeded.
//! Whether it succeeded is proven elsewhere.

use std::path::{Path, PathBuf};

use crate::classify::files::place::lexical;
use crate::classify::files::{Args, Valued};
use crate::classify::git::{self, Invocation};
use crate::classify::{Context, packs, sql};
use crate::model::command::{Command, Cwd};
use crate::model::fact::Needs;
use crate::model::target::{Target, TargetKind};
use crate::model::word::Word;

use super::containers::{self, Container};

/// Something that was not there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    Folder {
        path: PathBuf,
        holds: Holds,
    },
    /// A folder whose name is known only as these words.
    Words(Word),
    Container(Container),
    /// A file whose content is what the call itself wrote.
    Written(Word),
    /// The same, by a program that is proven to have succeeded.
    Replaced(Word),
    /// What was not committed lies in a stash; `untracked` files only where they were asked for.
    Stash {
        dir: PathBuf,
        untracked: bool,
    },
    /// A database, a branch, a name space.
    Whole(Target),
}

/// What a folder is to git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Nothing,
    /// A work tree of a repository that was there before: its refs are shared.
    Worktree,
    /// A repository of its own.
    Clone,
}

/// Returns what the command has made if it succeeded.
pub fn things(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Thing> {
    let told = |word: &Word| matches!(word.text().as_deref(), Some("--help" | "--version"));
    if command.args().iter().any(told) {
        return Vec::new();
    }
    let program = command.program().unwrap_or_default();
    match program.as_str() {
        "mkdir" => folders(command),
        "docker" | "podman" | "nerdctl" => {
            let made = containers::made(&program, command)
                .or_else(|| containers::unnamed(&program, command));
            made.map(Thing::Container).into_iter().collect()
        }
        "createdb" => whole(dropdb(command), sql::findings, context, needs),
        "psql" | "mysql" | "mariadb" | "cqlsh" => {
            whole(drop_database(command), sql::findings, context, needs)
        }
        "kubectl" | "oc" => whole(delete_namespace(command), packs::findings, context, needs),
        "git" => repository(command, context, needs),
        _ => Vec::new(),
    }
}

fn folders(command: &Command) -> Vec<Thing> {
    let valued = Valued {
        short: "m",
        long: &["--mode"],
    };
    let args = Args::read(command.args(), valued);
    if args.has(&["-p", "--parents"]) || args.any_flag || !command.is_here() {
        return Vec::new();
    }
    let one = |word: &&Word| match path_of(word, command) {
        Some(path) => Some(Thing::Folder {
            path,
            holds: Holds::Nothing,
        }),
        // `mkdir` fails where one of several is there already.
        None => (!word.has_glob()).then(|| Thing::Words((*word).clone())),
    };
    args.operands.iter().filter_map(one).collect()
}

/// What the opposite command would lose is what this one has made.
fn whole(
    opposite: Option<Command>,
    family: super::super::Family,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Thing> {
    let Some(opposite) = opposite else {
        return Vec::new();
    };
    let findings = family(&opposite, context, needs);
    let targets = findings.into_iter().flat_map(|finding| finding.targets);
    targets
        .filter(|target| target.kind != TargetKind::Unknown)
        .map(Thing::Whole)
        .collect()
}

fn literal(command: &Command) -> Option<Vec<String>> {
    command.words.iter().map(Word::text).collect()
}

fn with_words(command: &Command, words: Vec<String>) -> Command {
    let word = |text: String| Word::literal(text, command.origin.clone());
    Command {
        words: words.into_iter().map(word).collect(),
        ..command.clone()
    }
}

/// `createdb -h db shop` is undone by `dropdb -h db shop`.
fn dropdb(command: &Command) -> Option<Command> {
    let words = literal(command)?;
    let mut all = vec!["dropdb".to_owned()];
    let mut named = false;
    let mut rest = words.into_iter().skip(1);
    while let Some(word) = rest.next() {
        let connects = [
            "-h",
            "-p",
            "-U",
            "--host",
            "--port",
            "--username",
            "--maintenance-db",
        ];
        if connects.contains(&word.as_str()) {
            all.push(word);
            all.push(rest.next()?);
        } else if ["-D", "-E", "-l", "-O", "-T", "-S"].contains(&word.as_str())
            || word.starts_with("--")
                && !word.contains('=')
                && !word.ends_with("password")
                && word != "--echo"
        {
            rest.next();
        } else if word.starts_with('-') {
            let given = word.starts_with("--host=")
                || word.starts_with("--port=")
                || word.starts_with("--username=");
            let short = ["-h", "-p", "-U"].iter().any(|name| word.starts_with(name));
            if given || short {
                all.push(word);
            }
        } else if !named {
            named = true;
            all.push(word);
        }
    }
    named.then(|| with_words(command, all))
}

/// A client that is given nothing but one `CREATE DATABASE`.
fn drop_database(command: &Command) -> Option<Command> {
    let mut words = literal(command)?;
    let takes = |word: &String| matches!(word.as_str(), "-c" | "--command" | "-e" | "--execute");
    let at = words.iter().position(takes)? + 1;
    if words.iter().skip(at).any(takes)
        || words
            .iter()
            .any(|word| matches!(word.as_str(), "-f" | "--file" | "--force"))
    {
        return None;
    }
    let statement = words.get(at)?.trim().trim_end_matches(';').to_owned();
    let tokens: Vec<&str> = statement.split_whitespace().collect();
    let [create, database, name, ..] = tokens.as_slice() else {
        return None;
    };
    let kind = database.to_ascii_uppercase();
    let makes = create.eq_ignore_ascii_case("create")
        && matches!(kind.as_str(), "DATABASE" | "KEYSPACE")
        && !name.eq_ignore_ascii_case("if")
        && !statement.contains(';');
    let drop = format!("DROP {kind} {name}");
    *words.get_mut(at)? = drop;
    makes.then(|| with_words(command, words))
}

fn delete_namespace(command: &Command) -> Option<Command> {
    let mut words = literal(command)?;
    let at = words.iter().position(|word| word == "create")?;
    let kind = words.get(at + 1)?;
    let dry = words.iter().any(|word| word.starts_with("--dry-run"));
    if dry || !matches!(kind.as_str(), "namespace" | "ns") {
        return None;
    }
    *words.get_mut(at)? = "delete".to_owned();
    words.retain(|word| !word.starts_with("--save-config"));
    Some(with_words(command, words))
}

fn repository(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Thing> {
    let Some(invocation) = Invocation::read(command).filter(|_| command.is_here()) else {
        return Vec::new();
    };
    let Some(texts) = invocation
        .args
        .iter()
        .map(Word::text)
        .collect::<Option<Vec<String>>>()
    else {
        return Vec::new();
    };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let made = match (invocation.subcommand.as_str(), texts.as_slice()) {
        ("stash", rest) => return stash(&invocation, rest).into_iter().collect(),
        ("clone", rest) => return clone_into(&invocation, rest).into_iter().collect(),
        ("worktree", ["add", rest @ ..]) => {
            let operands = operands(rest, &["-b", "-B", "--reason"]);
            let place = folder(&invocation, operands.first().copied(), Holds::Worktree);
            let mut all: Vec<Thing> = place.into_iter().collect();
            if let ["-b", name, ..] = rest {
                let gone = ["branch", "-D", name];
                all.extend(removed(command, &invocation, &gone, context, needs));
            }
            return all;
        }
        ("branch" | "tag", [name, ..]) if !texts.iter().any(|text| text.starts_with('-')) => {
            let flag = if invocation.subcommand == "tag" {
                "-d"
            } else {
                "-D"
            };
            vec![invocation.subcommand.as_str(), flag, name]
        }
        ("checkout", ["-b", name, ..]) | ("switch", ["-c" | "--create", name, ..]) => {
            vec!["branch", "-D", name]
        }
        _ => return Vec::new(),
    };
    removed(command, &invocation, &made, context, needs)
}

/// Returns what git would take away by these words in the same repository.
fn removed(
    command: &Command,
    invocation: &Invocation,
    words: &[&str],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Thing> {
    // Here the repository itself is asked what else holds the commits.
    if !context.facts.assumed {
        return Vec::new();
    }
    // The options before the subcommand stay: they say which repository.
    let before = command
        .words
        .len()
        .saturating_sub(invocation.args.len() + 1);
    let head = command.words.get(..before).unwrap_or_default();
    let mut all: Vec<String> = head.iter().map(Word::shown).collect();
    all.extend(words.iter().map(|word| (*word).to_owned()));
    whole(
        Some(with_words(command, all)),
        git::findings,
        context,
        needs,
    )
}

/// A stash of everything; one of some paths or of the index leaves the rest where it is.
fn stash(invocation: &Invocation, words: &[&str]) -> Option<Thing> {
    let (words, message) = match words {
        ["push", rest @ ..] => (rest, false),
        ["save", rest @ ..] => (rest, true),
        [first, ..] if !first.starts_with('-') => return None,
        rest => (rest, false),
    };
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let partial = has(&[
        "-S",
        "--staged",
        "-p",
        "--patch",
        "--",
        "--pathspec-from-file",
    ]);
    let paths = !message && !operands(words, &["-m", "--message"]).is_empty();
    (!partial && !paths).then_some(Thing::Stash {
        dir: invocation.dir.clone()?,
        untracked: has(&["-u", "-a", "--include-untracked", "--all"]),
    })
}

fn clone_into(invocation: &Invocation, words: &[&str]) -> Option<Thing> {
    let valued = [
        "-b",
        "--branch",
        "-o",
        "--origin",
        "--depth",
        "--reference",
        "--template",
        "-j",
        "--jobs",
        "-c",
        "--config",
        "-u",
        "--upload-pack",
        "--filter",
        "--shallow-since",
        "--shallow-exclude",
        "--separate-git-dir",
        "--bundle-uri",
        "--reference-if-able",
        "--server-option",
        "--revision",
    ];
    let bare = words
        .iter()
        .any(|word| matches!(*word, "--bare" | "--mirror"));
    match operands(words, &valued).as_slice() {
        [_, dir] => folder(invocation, Some(dir), Holds::Clone),
        [url] => {
            let name = url.trim_end_matches('/').trim_end_matches("/.git");
            let name = name.rsplit(['/', ':']).next()?.trim_end_matches(".git");
            let name = if bare {
                format!("{name}.git")
            } else {
                name.to_owned()
            };
            let name = Some(name.as_str()).filter(|name| !name.is_empty());
            folder(invocation, name, Holds::Clone)
        }
        _ => None,
    }
}

fn folder(invocation: &Invocation, name: Option<&str>, holds: Holds) -> Option<Thing> {
    let path = match name? {
        name if name.starts_with('/') => PathBuf::from(name),
        name if name.starts_with('~') => return None,
        name => invocation.dir.as_ref()?.join(name),
    };
    // A clone into an empty folder that is there succeeds; there is nothing in it.
    Some(Thing::Folder {
        path: lexical(&path),
        holds,
    })
}

fn operands<'a>(words: &[&'a str], valued: &[&str]) -> Vec<&'a str> {
    let mut all = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if *word == "--" {
            all.extend(rest);
            break;
        }
        if valued.contains(word) {
            rest.next();
        } else if !word.starts_with('-') {
            all.push(*word);
        }
    }
    all
}

/// Returns the absolute path of a known word.
pub fn path_of(word: &Word, command: &Command) -> Option<PathBuf> {
    let text = word.text().filter(|text| !text.is_empty())?;
    if text.starts_with('/') {
        return Some(lexical(Path::new(&text)));
    }
    match &command.cwd {
        Cwd::Known(cwd) => Some(lexical(&cwd.join(text))),
        Cwd::Temporary | Cwd::Unknown => None,
    }
}
