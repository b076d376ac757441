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
const RENAMES: [&str; 5] = ["mv", "move", "rename", "ren", "attach"];

/// Makers that succeed where the name is taken already: enough only where the call invented the name.
const EASY: &[(&str, &str)] = &[
    ("docker volume create", "docker volume rm|remove"),
    ("podman volume create", "podman volume rm|remove"),
    ("minikube start", "minikube delete"),
    ("az group create", "az group delete"),
    ("aws s3 mb", "aws s3 rb|rm"),
    ("aws s3api create-bucket", "aws s3api delete-bucket"),
    ("aws sqs create-queue", "aws sqs delete-queue"),
    ("aws sns create-topic", "aws sns delete-topic"),
    ("gsutil mb", "gsutil rb|rm"),
    ("mc mb", "mc rb|rm"),
    ("helm install|upgrade", "helm uninstall|delete|un|del"),
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
    if !gone.words.iter().any(Word::has_hole) {
        return false;
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
    let said = |word: &str| made.iter().any(|other| bare(other) == bare(word));
    let plain = |word: &String, steps: &[&str]| {
        let option = word.starts_with('-') && !word.contains('=');
        option || steps.iter().any(|step| among(step, word)) || said(word)
    };
    let named = |command: &Command| says(command, INVENTED);
    EASY.iter().any(|(make, removes)| {
        let steps: Vec<&str> = removes.split(' ').collect();
        fits(maker, make)
            && fits(gone, removes)
            && named(gone)
            && gone.args().iter().all(|word| plain(&word.shown(), &steps))
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
    match (times, origin) {
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
