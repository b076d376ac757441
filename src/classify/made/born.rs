//! Containers and volumes whose generated name is what the call's own `docker run -d` has printed: nobody else's can be meant.
//! A name that was given by hand is none of this: `docker volume create NAME` succeeds where the volume is there already.

use crate::classify::files::{Args, Valued};
use crate::model::command::{Command, Passage, Unfolding, Wrapper};
use crate::model::span::{Origin, Span};
use crate::model::word::{Hole, Part, Word};

use super::containers;

/// What `$(` and `)` add to the command between them, with blanks.
const AROUND: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Container,
    Volume,
}

/// Tells whether all that a command takes away was made by a substitution of the same call.
pub(super) fn takes_only_born(
    command: &Command,
    earlier: &[Command],
    unfolding: &Unfolding,
) -> bool {
    let Some(engine) = engine(command).filter(|_| is_direct(command)) else {
        return inside(command, earlier) || on_born_volumes(command, earlier, unfolding);
    };
    let args = command.args();
    let verbs = args.iter().take(2).map(Word::text);
    let verbs: Vec<String> = verbs.map(Option::unwrap_or_default).collect();
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let (kind, skip) = match verbs.as_slice() {
        ["rm" | "kill" | "stop", ..] => (Kind::Container, 1),
        ["container", "rm" | "kill" | "stop"] => (Kind::Container, 2),
        ["volume", "rm" | "remove"] => (Kind::Volume, 2),
        _ => return false,
    };
    let valued = Valued {
        short: "ts",
        long: &["--time", "--signal", "--timeout"],
    };
    let rest = args.get(skip..).unwrap_or_default();
    let rest = Args::read(rest, valued);
    let operands = rest.operands;
    !operands.is_empty()
        && operands
            .iter()
            .all(|word| maker(word, &engine, kind, earlier).is_some())
}

/// `docker exec $cid …`: the container shares nothing with anything that was there before.
fn inside(command: &Command, earlier: &[Command]) -> bool {
    let Some(Passage::Container { engine, name, .. }) = command
        .via
        .iter()
        .map(|wrapper| &wrapper.passage)
        .find(|passage| matches!(passage, Passage::Container { .. }))
    else {
        return false;
    };
    let others = command.via.iter().any(|wrapper| {
        !matches!(
            wrapper.passage,
            Passage::Plain | Passage::User { .. } | Passage::Container { .. }
        )
    });
    let maker = maker(name, engine, Kind::Container, earlier);
    !others && maker.is_some_and(|maker| is_alone(engine, maker))
}

/// `docker run -v $vol:/d IMAGE rm -rf /d/a`: files of a container that sees nothing of the host but volumes which the call has made.
fn on_born_volumes(command: &Command, earlier: &[Command], unfolding: &Unfolding) -> bool {
    const OF_FILES: [&str; 6] = ["rm", "rmdir", "unlink", "shred", "truncate", "dd"];
    if !command.is_any(&OF_FILES) {
        return false;
    }
    let fresh = |passage: &Passage| {
        match passage {
        Passage::Plain | Passage::User { .. } => true,
        Passage::Fresh { mounts, .. } if mounts.is_empty() => false,
        Passage::Fresh { engine, mounts, .. } => mounts.iter().all(|mount| {
            let Some((first, rest)) = mount.pieces.split_first() else {
                return false;
            };
            let own = invented(mount, unfolding);
            let named = matches!(rest.first().map(|piece| &piece.part), Some(Part::Literal(text)) if text.starts_with(':'));
            let mut volume = mount.clone();
            volume.pieces = vec![first.clone()];
            own || named && maker(&volume, engine, Kind::Volume, earlier).is_some()
        }),
        _ => false,
    }
    };
    let runs = |wrapper: &Wrapper| matches!(wrapper.passage, Passage::Fresh { .. });
    command.via.iter().any(runs) && command.via.iter().all(|wrapper| fresh(&wrapper.passage))
}

/// `-v "$v":/data`, where the call has made a volume under that invented name.
fn invented(mount: &Word, unfolding: &Unfolding) -> bool {
    let mut volume = mount.clone();
    let Some(at) = volume
        .pieces
        .iter()
        .position(|piece| matches!(&piece.part, Part::Literal(text) if text.contains(':')))
    else {
        return false;
    };
    volume.pieces.truncate(at + 1);
    if let Some(last) = volume.pieces.last_mut()
        && let Part::Literal(text) = &last.part
    {
        let front = text.split(':').next().unwrap_or_default().to_owned();
        last.part = Part::Literal(front);
    }
    volume
        .pieces
        .retain(|piece| !matches!(&piece.part, Part::Literal(text) if text.is_empty()));
    let makes = |maker: &Command| {
        let words: Vec<String> = maker.args().iter().take(2).map(Word::shown).collect();
        engine(maker).is_some()
            && words == ["volume", "create"]
            && maker.args().len() == 3
            && maker
                .args()
                .iter()
                .skip(2)
                .any(|word| super::below(word, &volume) && super::below(&volume, word))
    };
    !volume.prefix().contains('/')
        && super::named::is_invented(&volume, unfolding)
        && unfolding.commands.iter().any(makes)
}

/// Reads the maker as if it had given its container a name.
fn is_alone(engine: &str, maker: &Command) -> bool {
    let mut named = maker.clone();
    let verb = named
        .words
        .iter()
        .position(|word| matches!(word.text().as_deref(), Some("run" | "create")));
    let Some(at) = verb else { return false };
    let word = |text: &str| Word::literal(text, maker.origin.clone());
    named
        .words
        .splice(at + 1..=at, [word("--name"), word("own")]);
    containers::made(engine, &named).is_some_and(|made| made.alone)
}

fn engine(command: &Command) -> Option<String> {
    let program = command.program()?;
    matches!(program.as_str(), "docker" | "podman" | "nerdctl").then_some(program)
}

fn is_direct(command: &Command) -> bool {
    let plain = |passage: &Passage| matches!(passage, Passage::Plain | Passage::User { .. });
    command.via.iter().all(|wrapper| plain(&wrapper.passage))
}

/// Returns the one command that has printed this word.
fn maker<'a>(word: &Word, engine: &str, kind: Kind, earlier: &'a [Command]) -> Option<&'a Command> {
    let [piece] = word.pieces.as_slice() else {
        return None;
    };
    let (Part::Hole(Hole::Unknown | Hole::Name), Origin::Text(place)) =
        (&piece.part, &piece.origin)
    else {
        return None;
    };
    let within = earlier.iter().filter_map(|command| match &command.origin {
        Origin::Text(span) => is_within(*span, *place).then_some((command, *span)),
        Origin::File(_) => None,
    });
    let mut all = within.peekable();
    let (first, span) = *all.peek()?;
    let whole = place.len() <= span.len() + AROUND;
    let makes = |command: &Command| {
        super::same_side(command, first)
            && is_direct(command)
            && self::engine(command).as_deref() == Some(engine)
            && prints_its_name(command, kind)
    };
    (whole && all.all(|(command, _)| makes(command))).then_some(first)
}

const fn is_within(inner: Span, outer: Span) -> bool {
    outer.start < inner.start && inner.end < outer.end
}

fn prints_its_name(command: &Command, kind: Kind) -> bool {
    let texts: Vec<String> = command.args().iter().map(Word::shown).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let detached = || {
        texts.iter().any(|text| {
            let letters = text.strip_prefix('-').unwrap_or_default();
            *text == "--detach"
                || letters.len() < 5
                    && letters.starts_with(['d', 'i', 't'])
                    && letters.contains('d')
        })
    };
    match (kind, texts.as_slice()) {
        (Kind::Container, ["run", ..] | ["container", "run", ..]) => detached(),
        (Kind::Container, ["create", ..] | ["container", "create", ..]) => true,
        (Kind::Volume, ["volume", "create"]) => true,
        (Kind::Volume, ["volume", "create", rest @ ..]) => {
            rest.iter().all(|text| text.starts_with("--label="))
        }
        _ => false,
    }
}
