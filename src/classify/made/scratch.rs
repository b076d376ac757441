//! Tools whose whole store lies in a temporary folder: a repository of backups, a key ring, a work copy, the image of a disk.
//! It looks at the words, the variables and the folder that say where the store is; what it cannot place is elsewhere.

use std::path::Path;

use crate::classify::Context;
use crate::classify::files::place::{Place, places};
use crate::classify::sql::options;
use crate::model::command::{Command, Cwd, Passage, Wrapper};
use crate::model::fact::Needs;
use crate::model::word::Word;

use super::named::is_fresh;

/// Where a tool has its store.
enum At {
    /// The value of one of these options or variables.
    Said(&'static str),
    /// What stands before `::` in an operand, or the value of a variable.
    Archive(&'static str),
    /// The folder where it runs, if none of these options or variables names another.
    Folder(&'static str),
    /// Every operand that is a `file://` address.
    Address,
    /// The last operand.
    Last,
    /// Every word that is a path or holds one.
    Paths,
}

/// Tools, the commands of theirs that count, and where their store is.
const TOOLS: &[(&str, &[&str], At)] = &[
    (
        "restic",
        &["forget", "prune"],
        At::Said("-r --repo RESTIC_REPOSITORY"),
    ),
    (
        "borg",
        &["delete", "prune", "compact"],
        At::Archive("BORG_REPO"),
    ),
    ("gpg", &[], At::Said("--homedir GNUPGHOME")),
    (
        "hg",
        &["strip", "purge", "revert", "update"],
        At::Folder("-R --repository --cwd"),
    ),
    ("vagrant", &["destroy"], At::Folder("VAGRANT_CWD")),
    ("svn", &["rm", "delete", "ci", "commit"], At::Address),
    ("qemu-img", &["snapshot"], At::Last),
    ("cryptsetup", &["luksFormat", "erase"], At::Paths),
    ("zpool", &["create"], At::Paths),
];

/// Options and variables that lead a tool to something else than its store.
const ELSEWHERE: [&str; 9] = [
    "--repository-file",
    "RESTIC_REPOSITORY_FILE",
    "--from-repo",
    "--keyring",
    "--secret-keyring",
    "--primary-keyring",
    "VAGRANT_DOTFILE_PATH",
    "VAGRANT_CWD",
    "HG",
];

/// Programs that may put something of before into a folder of the call's own, so that it is the same thing in two places.
const SHARES: [&str; 8] = [
    "ln", "mknod", "mount", "cp", "rsync", "stow", "losetup", "share",
];

/// Tells whether a tool works on a store that lies in a temporary folder.
pub(super) fn is_scratch(
    command: &Command,
    commands: &[Command],
    context: &Context<'_>,
    needs: &mut Needs,
) -> bool {
    let program = command.program().unwrap_or_default();
    if program == "git" {
        return command.is_here() && super::pushes::stays(command, commands, context, needs);
    }
    let tool = TOOLS.iter().find(|(name, ..)| *name == program);
    let Some((_, verbs, at)) = tool.filter(|_| command.is_here()) else {
        return false;
    };
    let mut words = command.args().iter().map(Word::prefix);
    let verb = verbs.is_empty() || words.any(|text| verbs.contains(&text.as_str()));
    // A copy of a store of backups or of keys is another one; that of a machine or an image may be the same.
    let copies = matches!(at, At::Said(_) | At::Archive(_));
    let shares = |one: &Command| {
        let named = one.args().iter().any(|word| word.prefix() == "share");
        named || one.is_any(&SHARES) && !(copies && one.is_any(&["cp", "rsync"]))
    };
    verb && !leads_away(command)
        && !commands.iter().any(shares)
        && at.is_own(command, verbs, commands)
}

/// Tells whether an option or a variable leads a tool to something else than its store.
fn leads_away(command: &Command) -> bool {
    let mut words = command.args().iter().map(Word::prefix);
    let mut variables = command.env.iter();
    words.any(|text| ELSEWHERE.contains(&text.split('=').next().unwrap_or_default()))
        || variables.any(|(name, _)| ELSEWHERE.contains(&name.as_str()))
}

impl At {
    fn is_own(&self, command: &Command, verbs: &[&str], commands: &[Command]) -> bool {
        let fresh = |word: &Word| is_fresh(word, commands);
        match self {
            Self::Said(names) => said(command, names).is_some_and(|word| fresh(&word)),
            Self::Archive(names) => archives(command, names, verbs, commands),
            Self::Folder(names) => is_folder(command, names),
            Self::Address if addresses(command) => local(command, commands),
            // A work copy belongs to the repository that it was taken from.
            Self::Address => {
                let svn = |one: &&Command| one.is_any(&["svn"]) && addresses(one);
                let mut copies = commands.iter().filter(svn).peekable();
                command.cwd == Cwd::Temporary
                    && copies.peek().is_some()
                    && copies.all(|one| local(one, commands))
            }
            Self::Paths => {
                let path = |word: &&Word| word.shown().contains('/');
                let mut named = command.args().iter().filter(path).peekable();
                named.peek().is_some() && named.all(fresh)
            }
            Self::Last => command.args().last().is_some_and(fresh),
        }
    }
}

/// `borg delete "$t/repo::a"`, or `::a` with the repository in a variable.
fn archives(command: &Command, names: &str, verbs: &[&str], commands: &[Command]) -> bool {
    let verb = |word: &Word| verbs.contains(&word.prefix().as_str());
    let from = command.args().iter().position(verb).map_or(0, |at| at + 1);
    let mut operands = command.args().iter().skip(from).filter(|word| {
        let text = word.prefix();
        let number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        !text.starts_with('-') && !number
    });
    let fresh = |word: &Word| is_fresh(word, commands);
    let store = said(command, names).is_some_and(|word| fresh(&word));
    match operands.next() {
        Some(first) => {
            let stays = |word: &Word| fresh(word) || store && word.prefix().starts_with("::");
            stays(first) && operands.all(stays)
        }
        None => store,
    }
}

/// The folder where it runs is one of `mktemp`, and nothing names another.
fn is_folder(command: &Command, names: &str) -> bool {
    let placed = |word: &Word| {
        let text = word.prefix();
        has(names, text.split('=').next().unwrap_or_default())
    };
    // `vagrant destroy a1b2c3` means a machine of any folder.
    let mut operands = command.args().iter().skip(1);
    let named =
        command.is_any(&["vagrant"]) && operands.any(|word| !word.prefix().starts_with('-'));
    !named && command.cwd == Cwd::Temporary && !command.args().iter().any(placed)
}

/// Tells whether each address of a command is a folder of the call's own.
fn local(command: &Command, commands: &[Command]) -> bool {
    const FILE: &str = "file://";
    let words = command.args().iter();
    let mut named = words.filter(|word| word.shown().contains("://"));
    named.all(|word| {
        let own = options::tail(word, FILE.len());
        word.prefix().starts_with(FILE) && is_fresh(&own, commands)
    })
}

fn addresses(command: &Command) -> bool {
    let mut words = command.args().iter();
    words.any(|word| word.shown().contains("://"))
}

fn has(names: &str, wanted: &str) -> bool {
    names.split(' ').any(|name| name == wanted)
}

/// Returns the value of an option that is said once, or of a variable that reaches the program.
fn said(command: &Command, names: &str) -> Option<Word> {
    let plain = |wrapper: &Wrapper| matches!(wrapper.passage, Passage::Plain);
    let direct = command.via.iter().all(plain);
    let args = command.args();
    let mut found = args.iter().enumerate().filter(|(_, word)| {
        let text = word.prefix();
        let name = text.split('=').next().unwrap_or_default();
        name.starts_with('-') && has(names, name)
    });
    if let Some((at, word)) = found.next() {
        let text = word.prefix();
        let name = text.split('=').next().unwrap_or_default();
        return match (found.next(), text.contains('=')) {
            (Some(_), _) => None,
            (None, true) => Some(options::tail(word, name.len() + 1)),
            (None, false) => args.get(at + 1).cloned(),
        };
    }
    let mut all = command.env.iter().filter(|_| direct);
    all.find(|(name, _)| has(names, name))
        .map(|(_, value)| value.clone())
}

pub(super) fn is_temporary(
    word: &Word,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> bool {
    let found = places(word, command, context, needs);
    let below = |place: &Place| match place {
        Place::Scratch => true,
        Place::At { path, .. } => is_below(path, context),
        _ => false,
    };
    !found.is_empty() && found.iter().all(below)
}

fn is_below(path: &Path, context: &Context<'_>) -> bool {
    let mut temporary = context.scene.temporary.iter();
    !path.components().any(|part| part.as_os_str() == "..")
        && temporary.any(|dir| path != dir && path.starts_with(dir))
}
