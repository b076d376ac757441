//! Names that nobody knows and that a call says twice: made and taken away under one name, whatever it is.
//! It does not guess what the name is; texts that may differ from one time to the next are never the same.

use crate::classify::{Context, direct};
use crate::model::command::{Command, Unfolding};
use crate::model::fact::Needs;
use crate::model::finding::Finding;
use crate::model::span::Origin;
use crate::model::target::{Target, TargetKind};
use crate::model::word::{Hole, Part, Piece, Word};

use super::pairs;
use super::side::{self, same_side};
use super::things::{Thing, things};

/// Commands of a call that are held against one removal.
const MAX_MAKERS: usize = 64;

/// How a name that the call invented reads while it is compared.
const INVENTED: &str = "zqinventedqz";
/// The same for a name from elsewhere.
const GIVEN: &str = "zqgivenqz";

/// Words by which something that was there before takes a name.
const RENAMES: [&str; 7] = ["mv", "move", "rename", "ren", "attach", "usermod", "chown"];

/// Makers that succeed where the name is taken already: enough only where the call invented the name.
const EASY: &[(&str, &str)] = &[
    ("docker volume create", "docker volume rm|remove"),
    ("podman volume create", "podman volume rm|remove"),
    ("minikube start", "minikube delete"),
    ("az group create", "az group delete"),
    ("aws s3 mb", "aws s3 rb|rm"),
    ("aws s3api create-bucket", "aws s3api delete-bucket"),
    (
        "aws dynamodb create-table",
        "aws dynamodb delete-item|delete-table",
    ),
    (
        "aws sqs create-queue",
        "aws sqs delete-queue|delete-message|purge-queue",
    ),
    ("aws sns create-topic", "aws sns delete-topic"),
    ("gsutil mb", "gsutil rb|rm"),
    ("mc mb", "mc rb|rm"),
    ("helm install|upgrade", "helm uninstall|delete|un|del"),
    ("useradd|adduser", "userdel|deluser"),
    ("groupadd|addgroup", "groupdel|delgroup"),
    (
        "nats stream|kv|object|obj|str add|create",
        "nats stream|kv|object|obj|str purge|rm|del|delete",
    ),
    (
        "rabbitmqadmin declare|create queue|exchange|vhost|user",
        "rabbitmqadmin delete|purge queue|exchange|vhost|user",
    ),
    ("zpool create", "zpool destroy"),
    ("zpool create", "zfs destroy"),
    ("vgcreate", "vgremove"),
    ("vgcreate", "lvremove"),
    ("podman pod create", "podman pod rm|kill"),
    ("git tag", "git tag -d|--delete"),
    ("git push", "git push -d|--delete"),
    (
        "mosquitto_ctrl dynsec createClient|createGroup|createRole",
        "mosquitto_ctrl dynsec deleteClient|deleteGroup|deleteRole",
    ),
    ("gh label create", "gh label delete"),
    ("gh release create", "gh release delete"),
];

/// Options whose value chooses something inside of what the removal names.
const INNER: [&str; 5] = [
    "--key",
    "--condition-expression",
    "--expression-attribute-values",
    "--receipt-handle",
    "--subject",
];

/// Tells whether a removal takes away exactly what the call has made under the same unknown name.
pub(super) fn undone(
    at: usize,
    findings: &[Finding],
    unfolding: &Unfolding,
    context: &Context<'_>,
    needs: &mut Needs,
) -> bool {
    let Some(gone) = unfolding.commands.get(at) else {
        return false;
    };
    let unknown = |(_, value): &(String, Word)| value.has_hole();
    if !gone.words.iter().any(Word::has_hole) && !gone.env.iter().any(unknown) {
        return false;
    }
    if of_own_project(gone, unfolding) || of_own_address(gone, unfolding) {
        return true;
    }
    if is_made_for_itself(gone, unfolding) {
        return findings
            .iter()
            .all(|finding| finding.rule.starts_with("files."));
    }
    let Some(settled) = settled(gone, unfolding) else {
        return false;
    };
    let removal = Removal {
        at,
        command: &settled,
        unfolding,
    };
    removal.of_given(context, needs) || removal.of_invented(findings, context, needs)
}

/// A removal whose unknown text was replaced by one that stands for it.
struct Removal<'a> {
    at: usize,
    command: &'a Command,
    unfolding: &'a Unfolding,
}

impl Removal<'_> {
    /// The making is proven to have succeeded, where it fails if the name is taken.
    fn of_given(&self, context: &Context<'_>, needs: &mut Needs) -> bool {
        let places = self
            .unfolding
            .proven
            .get(self.at)
            .map(|proven| proven.places());
        let places = places.unwrap_or_default().into_iter().take(MAX_MAKERS);
        let makers: Vec<(usize, Command)> = places.filter_map(|place| self.maker(place)).collect();
        let paired = pairs::is_tool(self.command)
            && makers
                .iter()
                .any(|(place, maker)| pairs::undoes(maker, self.command, self.since(*place)));
        let mut kept = makers;
        kept.retain(|(place, _)| !self.since(*place).any(side::turns));
        paired || self.covered(&kept, context, needs)
    }

    /// The name was invented here: whether the making succeeded, nothing else has that name.
    fn of_invented(&self, findings: &[Finding], context: &Context<'_>, needs: &mut Needs) -> bool {
        if !findings
            .iter()
            .all(|finding| !finding.rule.starts_with("files."))
        {
            return false;
        }
        let all = 0..self.unfolding.commands.len();
        let makers: Vec<(usize, Command)> = all
            .filter(|place| *place != self.at)
            .filter_map(|place| self.maker(place))
            .filter(|(_, maker)| says(maker, INVENTED))
            .take(MAX_MAKERS)
            .map(|(place, maker)| (place, plainly(maker)))
            .collect();
        if makers.iter().any(|(_, maker)| renames(maker)) {
            return false;
        }
        let paired = |maker: &Command| {
            same_side(maker, self.command)
                && (pairs::undoes(maker, self.command, std::iter::empty())
                    || easy(maker, self.command))
        };
        makers.iter().any(|(_, maker)| paired(maker)) || self.covered(&makers, context, needs)
    }

    /// Returns a maker with its unknown text replaced, where it has any and it is the same whenever it is said.
    fn maker(&self, place: usize) -> Option<(usize, Command)> {
        let command = self.unfolding.commands.get(place)?;
        let unknown = command.words.iter().any(Word::has_hole);
        let maker = unknown.then(|| settled(command, self.unfolding))??;
        Some((place, maker))
    }

    /// Tells whether everything that the removal would lose is what these have made.
    fn covered(
        &self,
        makers: &[(usize, Command)],
        context: &Context<'_>,
        needs: &mut Needs,
    ) -> bool {
        if makers.is_empty() {
            return false;
        }
        let made: Vec<(&Command, Target)> = makers
            .iter()
            .flat_map(|(_, maker)| {
                let whole = things(maker, context, needs).into_iter();
                whole.filter_map(move |thing| match thing {
                    Thing::Whole(target) => Some((maker, target)),
                    _ => None,
                })
            })
            .collect();
        if made.is_empty() {
            return false;
        }
        let (found, owned) = direct(self.command, context, needs);
        let targets = || found.iter().flat_map(|finding| &finding.targets);
        let covers = |target: &Target| {
            made.iter().any(|(maker, thing)| {
                let part = matches!(thing.kind, TargetKind::GitRef | TargetKind::Resource);
                thing.kind != TargetKind::GitRef
                    && thing.kind == target.kind
                    && thing.locator == target.locator
                    && (!part || thing.object == target.object)
                    && same_side(maker, self.command)
            })
        };
        !owned
            && found
                .iter()
                .all(|finding| !finding.targets.is_empty() && !finding.opaque)
            && targets().next().is_some()
            && targets().all(covers)
    }

    fn since(&self, place: usize) -> impl Iterator<Item = &Command> {
        let between = self.unfolding.commands.get(place + 1..self.at);
        between.unwrap_or_default().iter()
    }
}

/// Tells whether a name holds text that the call has invented, and is the same wherever it is said.
pub(super) fn is_invented(name: &Word, unfolding: &Unfolding) -> bool {
    let settled = settled_word(name, unfolding);
    name.has_hole() && settled.is_some_and(|word| word.prefix().contains(INVENTED))
}

/// Tells whether a word names what `mktemp` has made in this call, or something below it.
/// INVARIANT: nothing that was there before was moved into it.
pub(super) fn is_fresh(word: &Word, commands: &[Command]) -> bool {
    let makes = |origin: &Origin| {
        let mut makers = commands.iter();
        makers.any(|maker| maker.is_any(&["mktemp"]) && maker.origin == *origin)
    };
    let hole = |piece: &Piece| matches!(piece.part, Part::Hole(Hole::Name));
    let Some(at) = word.pieces.iter().position(hole) else {
        return false;
    };
    let (front, rest) = word.pieces.split_at(at);
    let plain = |piece: &Piece| matches!(&piece.part, Part::Literal(_));
    let tail: Option<Vec<&str>> = rest
        .iter()
        .skip(1)
        .map(|piece| match &piece.part {
            Part::Literal(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let inside = tail.map(|parts| parts.concat()).is_some_and(|tail| {
        let begins = tail.is_empty() || tail.starts_with(['/', ':']);
        begins && !tail.split('/').any(|part| part == "..")
    });
    let rooted = matches!(front.first().map(|piece| &piece.part), Some(Part::Literal(text)) if text.starts_with('/'));
    rest.first().is_some_and(|piece| makes(&piece.origin))
        && rooted
        && front.iter().all(plain)
        && inside
        && !commands
            .iter()
            .any(|command| brings(command) || command.is_any(&["ln", "link", "rclone", "mknod"]))
}

/// `docker compose -p ci$$ down -v`, where the call has brought that project up.
fn of_own_project(gone: &Command, unfolding: &Unfolding) -> bool {
    let project = |command: &Command| -> Option<(Word, String)> {
        let program = command.program()?;
        let args = command.args();
        let from = match (
            program.as_str(),
            args.first().and_then(Word::text).as_deref(),
        ) {
            ("docker" | "podman" | "nerdctl", Some("compose")) => 1,
            ("docker-compose" | "podman-compose", _) => 0,
            _ => return None,
        };
        let words = args.get(from..)?;
        let flag = |word: &Word| matches!(word.prefix().as_str(), "-p" | "--project-name");
        let said = words.iter().position(flag).and_then(|at| words.get(at + 1));
        if words.iter().filter(|word| flag(word)).count() > 1 {
            return None;
        }
        let env = command.env.iter();
        let mut env = env.filter(|(name, _)| name == "COMPOSE_PROJECT_NAME");
        let name = said.or_else(|| env.next().map(|(_, value)| value))?.clone();
        let verbs = ["up", "run", "create", "down", "rm"];
        let mut texts = words.iter().filter_map(Word::text);
        let verb = texts.find(|text| verbs.contains(&text.as_str()))?;
        Some((name, verb))
    };
    let Some((name, verb)) = project(gone) else {
        return false;
    };
    let starts = |maker: &Command| {
        project(maker).is_some_and(|(own, verb)| {
            matches!(verb.as_str(), "up" | "run" | "create")
                && super::below(&own, &name)
                && super::below(&name, &own)
        })
    };
    matches!(verb.as_str(), "down" | "rm")
        && is_invented(&name, unfolding)
        && unfolding.commands.iter().any(starts)
}

/// `curl -XPUT "$ES/$ix"` and `curl -XDELETE "$ES/$ix"`: the last part of the address is the call's own invention.
fn of_own_address(gone: &Command, unfolding: &Unfolding) -> bool {
    if !gone.is_any(&["curl"]) {
        return false;
    }
    let method = |command: &Command| {
        let args = command.args();
        args.iter().enumerate().find_map(|(at, word)| {
            let text = word.text()?;
            match text.strip_prefix("-X") {
                Some("") => args.get(at + 1)?.text(),
                Some(method) => Some(method.to_owned()),
                None if text == "--request" => args.get(at + 1)?.text(),
                None => None,
            }
        })
    };
    let address = |command: &Command| {
        let settled = settled(command, unfolding)?;
        let mut named = settled.words.iter().map(Word::shown);
        let mut named = named.by_ref().filter(|text| text.contains("://"));
        named.next().filter(|_| named.next().is_none())
    };
    let Some(address_gone) = address(gone).filter(|address| {
        let last = address.rsplit('/').next().unwrap_or_default();
        last.starts_with(|c: char| c.is_ascii_alphanumeric())
            && last.contains(INVENTED)
            && !last.contains(['?', '*', ',', '&'])
    }) else {
        return false;
    };
    let makes = |maker: &Command| {
        maker.is_any(&["curl"])
            && method(maker).as_deref() == Some("PUT")
            && address(maker).as_deref() == Some(address_gone.as_str())
    };
    method(gone).as_deref() == Some("DELETE") && unfolding.commands.iter().any(makes)
}

/// Tells whether a removal names only what `mktemp` has made in this call, wherever that is.
/// INVARIANT: nothing that was there before was moved into it.
fn is_made_for_itself(gone: &Command, unfolding: &Unfolding) -> bool {
    let makes = |origin: &Origin| {
        let mut makers = unfolding.commands.iter();
        makers.any(|maker| maker.is_any(&["mktemp"]) && maker.origin == *origin)
    };
    let fresh = |word: &Word| {
        let Some((last, front)) = word.pieces.split_last() else {
            return false;
        };
        let plain = |piece: &Piece| matches!(&piece.part, Part::Literal(_));
        matches!(last.part, Part::Hole(Hole::Name))
            && makes(&last.origin)
            && !front.is_empty()
            && front.iter().all(plain)
    };
    let mut named = gone
        .args()
        .iter()
        .filter(|word| !word.prefix().starts_with('-'));
    gone.is_any(&["rm", "rmdir"])
        && gone.args().iter().any(Word::has_hole)
        && named.all(fresh)
        && !unfolding.commands.iter().any(brings)
}

/// Tells whether a command may bring to a place what was elsewhere, and is nowhere else then.
fn brings(command: &Command) -> bool {
    let takes = ["--remove-source-files", "--remove-files"];
    let mut words = command.words.iter();
    renames(command)
        || command.is_any(&["mount", "mount.cifs", "mount.nfs", "sshfs"])
        || words.any(|word| takes.contains(&word.prefix().as_str()))
}

fn says(command: &Command, text: &str) -> bool {
    let mut words = command.words.iter();
    words.any(|word| word.prefix().contains(text))
}

fn renames(command: &Command) -> bool {
    command.words.iter().take(6).any(|word| {
        let text = word.prefix().to_ascii_lowercase();
        let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric());
        parts.any(|part| RENAMES.contains(&part))
    })
}

/// Returns a maker without the words under which it takes what is there.
fn plainly(mut maker: Command) -> Command {
    for word in &mut maker.words {
        let Some(text) = word.text() else { continue };
        let at = text.to_ascii_lowercase().find("if not exists ");
        if let Some((before, rest)) = at.and_then(|at| text.split_at_checked(at)) {
            let rest = rest.get("if not exists ".len()..).unwrap_or_default();
            *word = Word::literal(format!("{before}{rest}"), word.origin.clone());
        }
    }
    maker
}

/// Tells whether two commands are a line of the table, and the removal names nothing but what the maker does.
fn easy(maker: &Command, gone: &Command) -> bool {
    let made: Vec<String> = maker.words.iter().map(Word::shown).collect();
    // What lies below a pool or a group of the call's own is its own as well.
    let said = |word: &str| {
        made.iter().any(|other| {
            let (made, gone) = (bare(other), bare(word));
            let rest = gone.strip_prefix(made);
            let below = rest.is_some_and(|rest| rest.starts_with(['/', '@']));
            let front = made.strip_suffix(gone);
            let ends = front.is_some_and(|front| front.ends_with(['/', ':']));
            made == gone || made.contains(INVENTED) && below || gone.contains(INVENTED) && ends
        })
    };
    let plain = |word: &String, steps: &[&str]| {
        let option = word.starts_with('-') && !word.contains('=');
        option || steps.iter().any(|step| among(step, word)) || said(word)
    };
    let named = |command: &Command| says(command, INVENTED);
    // A home that was there before is no account's own.
    let homes = [
        "-d",
        "-b",
        "--home",
        "--home-dir",
        "--base-dir",
        "--home-dir=",
        "-o",
    ];
    let housed = |word: &String| homes.iter().any(|home| word.starts_with(home));
    if maker.is_any(&["useradd", "adduser"]) && made.iter().any(housed) {
        return false;
    }
    // Values that choose something inside of what is named.
    let words: Vec<String> = gone.args().iter().map(Word::shown).collect();
    let inner = |at: usize| {
        at > 0
            && words
                .get(at - 1)
                .is_some_and(|word| INNER.contains(&word.as_str()))
    };
    EASY.iter().any(|(make, removes)| {
        let steps: Vec<&str> = removes.split(' ').collect();
        fits(maker, make)
            && fits(gone, removes)
            && named(gone)
            && words
                .iter()
                .enumerate()
                .all(|(at, word)| inner(at) || plain(word, &steps))
    })
}

fn among(step: &str, text: &str) -> bool {
    step.split('|').any(|name| name == text)
}

/// Tells whether a command has the words of a path, in their order.
fn fits(command: &Command, path: &str) -> bool {
    let mut steps = path.split(' ');
    let program = command.program().unwrap_or_default();
    let first = steps.next().is_some_and(|step| among(step, &program));
    let mut words = command.args().iter().map(Word::shown);
    first && steps.all(|step| words.any(|word| among(step, &word)))
}

/// A name without the option before it and what stands below it.
fn bare(word: &str) -> &str {
    let value = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with('-') => value,
        _ => word,
    };
    value.trim_end_matches('/')
}

/// Returns a command whose unknown text is replaced by one that stands for it; nothing where that text may change.
fn settled(command: &Command, unfolding: &Unfolding) -> Option<Command> {
    let words = command.words.iter();
    let words = words
        .map(|word| settled_word(word, unfolding))
        .collect::<Option<Vec<Word>>>()?;
    Some(Command {
        words,
        ..command.clone()
    })
}

fn settled_word(word: &Word, unfolding: &Unfolding) -> Option<Word> {
    if !word.has_hole() {
        return Some(word.clone());
    }
    let mut text = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(known) => text.push_str(known),
            Part::Glob(_) => return None,
            Part::Hole(hole) => text.push_str(&standing(hole, &piece.origin, unfolding)?),
        }
    }
    let mut settled = Word::literal(text, word.origin.clone());
    settled.quoted = true;
    Some(settled)
}

/// Returns what stands for unknown text: the same for the same text, nothing for one that may differ each time.
fn standing(hole: &Hole, origin: &Origin, unfolding: &Unfolding) -> Option<String> {
    if let Hole::Inherited(name) = hole {
        return Some(format!("{GIVEN}{name}{GIVEN}"));
    }
    let times = unfolding.invented.iter().filter(|at| *at == origin).count();
    let place = match origin {
        Origin::Text(span) => format!("{}x{}", span.start, span.end),
        Origin::File(at) => format!("{}x{}", at.line, at.column),
    };
    // `${RANDOM:0:0}`: what is left of it may be anything.
    let cut = match origin {
        Origin::Text(span) => unfolding
            .canonical
            .get(span.start..span.end)
            .is_some_and(|text| text.starts_with("${") && text.contains([':', '/', '#', '%', ','])),
        Origin::File(_) => false,
    };
    match (times, origin) {
        (1, _) if cut => None,
        (1, _) => Some(format!("{INVENTED}{place}{INVENTED}")),
        // INVARIANT: a span that is wider than the substitution itself may hold several.
        (0, Origin::Text(span)) => {
            let text = unfolding.canonical.get(span.start..span.end)?;
            let before = unfolding.canonical.get(..span.start)?;
            let tight = text.starts_with("$(") || text.starts_with('`') || before.ends_with("$(");
            tight.then(|| format!("{GIVEN}{place}{GIVEN}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::Span;

    fn hole(hole: Hole, start: usize, end: usize) -> Word {
        Word::hole(hole, true, Origin::Text(Span::new(start, end)))
    }

    fn shown(word: &Word, unfolding: &Unfolding) -> Option<String> {
        settled_word(word, unfolding).map(|word| word.shown())
    }

    #[test]
    fn one_variable_is_the_same_text_wherever_it_stands() {
        let unfolding = Unfolding::default();
        let name = || Hole::Inherited("DB".to_owned());
        let (a, b) = (hole(name(), 3, 6), hole(name(), 17, 20));
        assert_eq!(shown(&a, &unfolding), shown(&b, &unfolding));
        let other = hole(Hole::Inherited("DC".to_owned()), 3, 6);
        assert_ne!(shown(&a, &unfolding), shown(&other, &unfolding));
    }

    #[test]
    fn text_that_was_invented_twice_in_one_place_is_never_the_same() {
        let word = hole(Hole::Name, 4, 11);
        let origin = word.origin.clone();
        let mut unfolding = Unfolding {
            invented: vec![origin.clone()],
            ..Unfolding::default()
        };
        assert!(shown(&word, &unfolding).is_some_and(|text| text.contains(INVENTED)));
        unfolding.invented.push(origin);
        assert_eq!(shown(&word, &unfolding), None);
    }

    #[test]
    fn a_span_that_is_wider_than_one_substitution_is_not_trusted() {
        let unfolding = Unfolding {
            canonical: "a $(pick) \"$(pick) $(pick)\"".to_owned(),
            ..Unfolding::default()
        };
        assert!(shown(&hole(Hole::Unknown, 2, 9), &unfolding).is_some());
        assert!(shown(&hole(Hole::Unknown, 10, 27), &unfolding).is_none());
    }
}
