//! What the call itself has made for certain: a loss of it is none, because nothing was there before.
//! It believes only commands that fail when the thing exists, and only where the shell proves that they did not fail.

mod alone;
mod born;
mod brought;
mod containers;
mod named;
mod outputs;
mod pairs;
mod pushes;
mod scratch;
mod servers;
mod side;
mod things;
mod within;
mod written;

use std::collections::HashMap;
use std::path::Path;

use crate::model::command::{Command, Passage, Proven, Unfolding};
use crate::model::fact::Needs;
use crate::model::finding::Finding;
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::{Part, Word};

use super::Context;
use super::files::judge::MOVED;
use super::files::place::lexical;
use super::files::{Args, Valued};
use super::git::Invocation;
use brought::brings;
use containers::Container;
use side::same_side;
use things::{Holds, Thing, things};

/// Why nothing is lost.
const REASON: &str = "the same call made it, where nothing was before";

/// What the commands of one call have made, read once each.
#[derive(Debug, Default)]
pub(super) struct Made {
    known: HashMap<usize, Vec<Thing>>,
    opened: HashMap<usize, Vec<Thing>>,
}

impl Made {
    /// Says of the losses of one command which of them are none.
    pub fn forgive(
        &mut self,
        findings: &mut [Finding],
        at: usize,
        unfolding: &Unfolding,
        context: &Context<'_>,
        needs: &mut Needs,
    ) {
        // What was moved away is named by its old place, where the call may have made something new.
        let is_moved = |finding: &Finding| {
            let mut lines = finding.blast.lines.iter();
            lines.any(|line| line.starts_with(MOVED))
        };
        let open = |finding: &Finding| {
            finding.exempt.is_none() && !finding.rule.starts_with("own.") && !is_moved(finding)
        };
        let (Some(command), Some(proven)) = (unfolding.commands.get(at), unfolding.proven.get(at))
        else {
            return;
        };
        if !findings.iter().any(open) {
            return;
        }
        let earlier = unfolding.commands.get(..at).unwrap_or_default();
        let own = born::takes_only_born(command, earlier, unfolding)
            || alone::is_alone(command, earlier)
            || within::is_inside(at, unfolding)
            || servers::is_own(at, unfolding)
            || scratch::is_scratch(command, earlier, context, needs);
        if own || named::undone(at, findings, unfolding, context, needs) {
            for finding in findings.iter_mut().filter(|finding| open(finding)) {
                finding.exempt = Some(REASON.to_owned());
            }
            return;
        }
        if proven.is_empty() {
            return;
        }
        let view = View {
            command,
            at,
            commands: &unfolding.commands,
        };
        if pairs::is_tool(command) && proven.places().into_iter().any(|from| view.undoes(from)) {
            for finding in findings.iter_mut().filter(|finding| open(finding)) {
                finding.exempt = Some(REASON.to_owned());
            }
            return;
        }
        let makers = self.makers(proven, unfolding, context, needs);
        for finding in findings.iter_mut().filter(|finding| open(finding)) {
            let covered = makers
                .iter()
                .any(|(from, thing)| view.removes(*from, thing, finding))
                || !finding.targets.is_empty()
                    && finding.targets.iter().all(|target| {
                        makers
                            .iter()
                            .any(|(from, thing)| view.covers(*from, thing, target, finding))
                    });
            if covered {
                finding.exempt = Some(REASON.to_owned());
            }
        }
    }

    fn makers(
        &mut self,
        proven: &Proven,
        unfolding: &Unfolding,
        context: &Context<'_>,
        needs: &mut Needs,
    ) -> Vec<(usize, &Thing)> {
        let mut read = Vec::new();
        for place in proven.places() {
            let Some(maker) = unfolding.commands.get(place) else {
                continue;
            };
            read.push(place);
            self.known.entry(place).or_insert_with(|| {
                let mut all = things(maker, context, needs);
                if context.facts.assumed {
                    all.extend(written::replaced(maker));
                }
                all
            });
        }
        let mut ran = Vec::new();
        for place in proven.ran().into_iter().filter(|_| context.facts.assumed) {
            let Some(maker) = unfolding.commands.get(place) else {
                continue;
            };
            ran.push(place);
            let opened = self.opened.entry(place);
            opened.or_insert_with(|| written::opened(maker));
        }
        let known = read
            .into_iter()
            .map(|place| (place, self.known.get(&place)));
        let opened = ran
            .into_iter()
            .map(|place| (place, self.opened.get(&place)));
        let all = known.chain(opened);
        all.flat_map(|(place, things)| {
            things
                .into_iter()
                .flatten()
                .map(move |thing| (place, thing))
        })
        .collect()
    }
}

/// One command that loses something, with the call around it.
struct View<'a> {
    command: &'a Command,
    at: usize,
    commands: &'a [Command],
}

impl View<'_> {
    fn covers(&self, from: usize, thing: &Thing, target: &Target, finding: &Finding) -> bool {
        let Some(maker) = self.commands.get(from) else {
            return false;
        };
        match thing {
            Thing::Folder { path, holds } => {
                let cloned = self.in_clone(path, *holds, target, finding);
                (cloned && !self.brought(from, path)) || self.in_folder(from, path, target)
            }
            Thing::Words(_) => false,
            Thing::Written(file) => {
                finding.rule == "files.delete" && self.rewritten(from, file, target)
            }
            // What a copy or a dump replaced was judged there, if its name is one to guard.
            Thing::Replaced(file) => {
                finding.rule.starts_with("files.delete") && self.rewritten(from, file, target)
            }
            Thing::Stash { dir, untracked } => self.stashed(from, dir, *untracked, finding),
            Thing::Container(container) => {
                same_side(maker, self.command)
                    && !self.turned_since(from)
                    && (self.in_container(container, target) || self.asks_inside(container, target))
                    || (published(container, target) || self.asks_port(container, target))
                        && maker.is_here()
                        && self.command.is_here()
                        && !servers::leads(self.commands)
            }
            Thing::Whole(made) => {
                let same = made.kind == target.kind && made.locator == target.locator;
                let part = matches!(made.kind, TargetKind::GitRef | TargetKind::Resource);
                same && (!part || made.object == target.object)
                    && same_side(maker, self.command)
                    && (made.kind != TargetKind::Resource || !self.turned_since(from))
                    && (made.kind != TargetKind::GitRef || !self.commits_since(from))
            }
        }
    }

    fn in_folder(&self, from: usize, path: &Path, target: &Target) -> bool {
        let text = match &target.reach {
            Reach::Path(path) | Reach::Sqlite(path) => path.to_string_lossy().into_owned(),
            _ => target.locator.clone(),
        };
        matches!(target.kind, TargetKind::Path | TargetKind::Sqlite)
            && self.command.is_here()
            && text.starts_with('/')
            && !text.split('/').any(|part| part == "..")
            && Path::new(&text).starts_with(path)
            && !self.brought(from, path)
    }

    /// A file that holds what the call wrote into it.
    fn rewritten(&self, from: usize, file: &Word, target: &Target) -> bool {
        // Every loss is held against everything written before it: another name settles most of that.
        let other = file.plain().is_some_and(|text| {
            let name = text.rsplit('/').next().unwrap_or_default();
            !matches!(name, "" | "." | "..")
                && !target.locator.trim_end_matches('/').ends_with(name)
        });
        if other || target.kind != TargetKind::Path {
            return false;
        }
        let maker = self.commands.get(from);
        let Some(path) = maker.and_then(|maker| things::path_of(file, maker)) else {
            return false;
        };
        !self.removes_trees()
            && self.command.is_here()
            && Path::new(&target.locator) == path
            && !self.moved_onto(from, &path)
    }

    fn removes_trees(&self) -> bool {
        let args = Args::read(self.command.args(), Valued::NONE);
        self.command.program().as_deref() == Some("rm") && args.has(&["-r", "-R", "--recursive"])
    }

    /// Tells whether another file may have been moved to this place since.
    fn moved_onto(&self, from: usize, file: &Path) -> bool {
        let mut since = self.since(from).filter(|command| brings(command));
        since.any(|command| {
            let words = command.args().iter();
            let mut operands = words.filter(|word| !word.prefix().starts_with('-'));
            operands.any(|word| match things::path_of(word, command) {
                Some(other) => file.starts_with(other),
                None => true,
            })
        })
    }

    /// `echo x > "$f"; rm "$f"`: the very same word.
    fn removes_written(&self, from: usize, file: &Word, finding: &Finding) -> bool {
        let args = Args::read(self.command.args(), Valued::NONE);
        let same_place = self
            .commands
            .get(from)
            .is_some_and(|maker| maker.cwd == self.command.cwd);
        let moved = self.since(from).any(brings);
        self.command.program().as_deref() == Some("rm")
            && finding.rule.starts_with("files.delete")
            && same_place
            && self.command.is_here()
            && !moved
            && !args.any_flag
            && !args.has(&["-r", "-R", "--recursive", "-d", "--dir"])
            && !args.operands.is_empty()
            && args
                .operands
                .iter()
                .all(|word| below(file, word) && below(word, file))
    }

    /// What is not committed in a clone or a work tree that the call made.
    fn in_clone(&self, path: &Path, holds: Holds, target: &Target, finding: &Finding) -> bool {
        let apart = ["GIT_DIR", "GIT_WORK_TREE"];
        let elsewhere = self
            .command
            .env
            .iter()
            .any(|(name, _)| apart.contains(&name.as_str()))
            || self.command.args().iter().any(|word| {
                let text = word.prefix();
                text.starts_with("--git-dir") || text.starts_with("--work-tree")
            });
        let within = match holds {
            Holds::Nothing => false,
            Holds::Worktree => target.kind == TargetKind::GitWorktree,
            Holds::Clone => matches!(target.kind, TargetKind::GitWorktree | TargetKind::GitRef),
        };
        if !within || elsewhere || !self.command.is_here() {
            return false;
        }
        let Some(invocation) = Invocation::read(self.command) else {
            return false;
        };
        let Some(dir) = &invocation.dir else {
            return false;
        };
        if finding.rule == "git.worktree-remove" {
            let name = invocation.args.last().and_then(Word::text);
            return name.is_some_and(|name| lexical(&dir.join(name)) == *path);
        }
        lexical(dir).starts_with(path)
    }

    /// What was put into a stash is safe until the stash is opened again.
    fn stashed(&self, from: usize, dir: &Path, untracked: bool, finding: &Finding) -> bool {
        let rule = match finding.rule.as_str() {
            // A stash leaves ignored files where they are.
            "git.discard-changes" => !finding.targets.iter().any(takes_ignored),
            "git.clean" => untracked,
            _ => false,
        };
        let opened = |command: &Command| {
            Invocation::read(command).is_some_and(|git| {
                let verb = git.args.first().and_then(Word::text);
                git.subcommand == "stash"
                    && matches!(verb.as_deref(), Some("pop" | "apply" | "branch"))
            })
        };
        let same = Invocation::read(self.command).is_some_and(|git| {
            // These drop the very stash.
            let drops = matches!(git.subcommand.as_str(), "stash" | "update-ref");
            git.dir.as_deref() == Some(dir) && !drops
        });
        rule && same && self.command.is_here() && !self.since(from).any(opened)
    }

    fn in_container(&self, container: &Container, target: &Target) -> bool {
        if target.kind == TargetKind::Container {
            return target.locator == container.name
                && self.command.program().as_deref() == Some(container.engine.as_str());
        }
        let inside = self.command.via.iter().any(|wrapper| {
            matches!(&wrapper.passage, Passage::Container { engine, name, .. }
                if *engine == container.engine && name.text().as_deref() == Some(container.name.as_str()))
        });
        let prefix = format!("{}:{}", container.engine, container.name);
        let rest = target.locator.strip_prefix(&prefix);
        inside
            && container.alone
            && rest.is_some_and(|rest| rest.starts_with(['/', ':']) || rest.is_empty())
    }

    /// `docker exec NAME awslocal s3 rb …`: that client speaks to the server beside it.
    fn asks_inside(&self, container: &Container, target: &Target) -> bool {
        let words = self.command.words.first().and_then(Word::text);
        let inside = self.command.via.iter().any(|wrapper| {
            matches!(&wrapper.passage, Passage::Container { engine, name, .. }
                if *engine == container.engine && name.text().as_deref() == Some(container.name.as_str()))
        });
        let told = |word: &Word| word.has_hole() || word.prefix().starts_with("--endpoint");
        container.alone
            && inside
            && target.kind == TargetKind::Resource
            && words.as_deref() == Some("awslocal")
            && !self.command.args().iter().any(told)
    }

    /// A server of the web at a port that the engine has just opened.
    fn asks_port(&self, container: &Container, target: &Target) -> bool {
        let rows = matches!(
            target.kind,
            TargetKind::Path
                | TargetKind::Sqlite
                | TargetKind::GitWorktree
                | TargetKind::GitRef
                | TargetKind::Container
        );
        let words: Vec<String> = self.command.args().iter().map(Word::shown).collect();
        let mut addresses = words
            .iter()
            .filter_map(|word| word.split_once("://"))
            .peekable();
        let local = |(_, rest): (&str, &str)| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
            let host = host.rsplit('@').next().unwrap_or(host);
            let port = port.parse().unwrap_or(0);
            matches!(host, "localhost" | "127.0.0.1" | "[::1]") && container.ports.contains(&port)
        };
        let named = container.alone && addresses.peek().is_some() && addresses.all(local);
        let turns = [
            "--resolve",
            "--unix-socket",
            "--connect-to",
            "-x",
            "--proxy",
            "--abstract-unix-socket",
        ];
        let turned = words.iter().any(|word| turns.contains(&word.as_str()));
        !rows
            && !turned
            && !servers::leads(self.commands)
            && (named || servers::asks(self.command, container))
    }

    /// `mkdir "$dir" && rm -rf "$dir"`: the very same words.
    fn removes(&self, from: usize, thing: &Thing, finding: &Finding) -> bool {
        if let Thing::Written(file) | Thing::Replaced(file) = thing {
            return file.text().is_none() && self.removes_written(from, file, finding);
        }
        let (Thing::Words(made), Some(maker)) = (thing, self.commands.get(from)) else {
            return false;
        };
        if self.command.program().as_deref() != Some("rm")
            || !finding.rule.starts_with("files.")
            || maker.cwd != self.command.cwd
            || !self.command.is_here()
        {
            return false;
        }
        let args = Args::read(self.command.args(), Valued::NONE);
        let moved = self.since(from).any(brings);
        !moved
            && !args.any_flag
            && !args.operands.is_empty()
            && args.operands.iter().all(|word| below(made, word))
    }

    /// `kind create cluster --name x && kind delete cluster --name x`.
    fn undoes(&self, from: usize) -> bool {
        let maker = self.commands.get(from);
        maker.is_some_and(|maker| pairs::undoes(maker, self.command, self.since(from)))
    }

    fn since(&self, from: usize) -> impl Iterator<Item = &Command> {
        let between = self.commands.get(from + 1..self.at).unwrap_or_default();
        between.iter()
    }

    /// Tells whether something that was there before may have come into the folder since.
    fn brought(&self, from: usize, path: &Path) -> bool {
        self.since(from).any(|command| brought::into(command, path))
    }

    /// Tells whether the tool may speak to another engine or cluster since.
    fn turned_since(&self, from: usize) -> bool {
        self.since(from).any(side::turns)
    }

    /// Tells whether a git command since may have put work of before onto the branch.
    fn commits_since(&self, from: usize) -> bool {
        self.since(from).filter_map(Invocation::read).any(|git| {
            !matches!(
                git.subcommand.as_str(),
                "status"
                    | "log"
                    | "diff"
                    | "merge-tree"
                    | "merge-base"
                    | "rev-list"
                    | "show"
                    | "push"
                    | "fetch"
                    | "checkout"
                    | "switch"
                    | "branch"
                    | "rev-parse"
                    | "ls-files"
                    | "config"
                    | "worktree"
                    | "tag"
                    | "describe"
                    | "remote"
                    | "cherry"
                    | "add"
                    | "for-each-ref"
            )
        })
    }
}

fn takes_ignored(target: &Target) -> bool {
    matches!(&target.reach, Reach::Worktree(reach) if reach.ignored)
}

/// A server at a port that the engine has just opened.
fn published(container: &Container, target: &Target) -> bool {
    let Reach::Postgres(reach) = &target.reach else {
        return false;
    };
    // An address beside the name is where it really goes.
    let local = matches!(
        reach.host.as_deref(),
        Some("localhost" | "127.0.0.1" | "::1")
    );
    let direct = matches!(reach.route, crate::model::target::Route::Direct);
    let port = reach.port.unwrap_or(5432);
    local && direct && !reach.implicit && container.alone && container.ports.contains(&port)
}

/// Tells whether a word names what another word named, or something below it.
fn below(made: &Word, word: &Word) -> bool {
    let mut ours = word.pieces.iter();
    let mut wanted = made.pieces.iter().peekable();
    let mut tail = String::new();
    while let Some(piece) = wanted.next() {
        let Some(next) = ours.next() else {
            return false;
        };
        if next.part == piece.part {
            let open = matches!(
                next.part,
                Part::Hole(crate::model::word::Hole::Unknown | crate::model::word::Hole::Name)
            );
            if open && next.origin != piece.origin {
                return false;
            }
            continue;
        }
        let (Part::Literal(a), Part::Literal(b), None) = (&piece.part, &next.part, wanted.peek())
        else {
            return false;
        };
        let Some(rest) = b.strip_prefix(a.as_str()) else {
            return false;
        };
        tail.push_str(rest);
    }
    for piece in ours {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => tail.push_str(text),
            Part::Hole(_) => return false,
        }
    }
    let inside = tail.is_empty() || tail.starts_with('/');
    // Words that are several fields are several both times, where they are the very same.
    let counted = !word.many || made.many && tail.is_empty();
    inside && !tail.split('/').any(|part| part == "..") && counted
}
