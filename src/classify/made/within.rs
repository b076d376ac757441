//! Clusters and machines that the call has made under a name of their own: what is lost inside of them was not there before.
//! The name was invented by the call, or the making is proven to have succeeded where it fails if the name is taken.

use crate::model::command::{Command, Passage, Unfolding, Wrapper};
use crate::model::word::Word;

use super::side;

/// Tools that speak to a cluster, and the options that name it.
const CLIENTS: [&str; 6] = ["kubectl", "oc", "helm", "flux", "istioctl", "velero"];
const CONTEXTS: [&str; 2] = ["--context", "--kube-context"];

/// How a thing is made, where its name stands, and what a client calls it.
struct Maker {
    path: &'static [&'static str],
    /// Options that name it; the operand of this number where there are none.
    flags: &'static [&'static str],
    operand: usize,
    /// What stands before the name in the context of a cluster; nothing for a machine.
    context: Option<&'static str>,
    /// It succeeds where the thing is there already.
    easy: bool,
}

const MAKERS: &[Maker] = &[
    Maker {
        path: &["kind", "create", "cluster"],
        flags: &["--name", "-n"],
        operand: 0,
        context: Some("kind-"),
        easy: false,
    },
    Maker {
        path: &["k3d", "cluster", "create"],
        flags: &[],
        operand: 0,
        context: Some("k3d-"),
        easy: false,
    },
    Maker {
        path: &["minikube", "start"],
        flags: &["-p", "--profile"],
        operand: 0,
        context: Some(""),
        easy: true,
    },
    Maker {
        path: &["multipass", "launch"],
        flags: &["--name", "-n"],
        operand: 0,
        context: None,
        easy: false,
    },
    Maker {
        path: &["lxc", "launch"],
        flags: &[],
        operand: 1,
        context: None,
        easy: false,
    },
    Maker {
        path: &["incus", "launch"],
        flags: &[],
        operand: 1,
        context: None,
        easy: false,
    },
];

/// Tells whether a command acts inside of what the call has made.
pub(super) fn is_inside(at: usize, unfolding: &Unfolding) -> bool {
    let Some(command) = unfolding.commands.get(at) else {
        return false;
    };
    // Most commands are in no such place: told before the whole call is looked through.
    let far = |wrapper: &Wrapper| matches!(wrapper.passage, Passage::Remote { .. });
    if !command.is_any(&CLIENTS) && !command.via.iter().any(far) {
        return false;
    }
    // Folders of this machine that are mounted in there, and clients there that speak to other machines.
    let mounts = |one: &Command| {
        one.is_any(&["multipass", "lxc", "incus"])
            && one.args().iter().any(|word| {
                let text = word.shown();
                text.contains("mount")
                    || text.contains("source=")
                    || matches!(text.as_str(), "device" | "attach")
            })
    };
    let of_files = command.is_any(&["rm", "rmdir", "find", "truncate", "shred", "dd", "unlink"]);
    let inside = !command.via.is_empty() && !command.is_any(&CLIENTS);
    if inside && (!of_files || unfolding.commands.iter().any(mounts)) {
        return false;
    }
    let proven = unfolding.proven.get(at).map(|proven| proven.places());
    let proven = proven.unwrap_or_default();
    let makers = unfolding.commands.get(..at).unwrap_or_default();
    makers.iter().enumerate().any(|(place, maker)| {
        let since = || unfolding.commands.get(place + 1..at).unwrap_or_default();
        let Some((kind, name)) = made(maker) else {
            return false;
        };
        let held = proven.contains(&place) && !kind.easy;
        let shares = maker.args().iter().any(|word| {
            let text = word.prefix();
            text.starts_with("-v") || text.starts_with("--volume") || text.starts_with("--mount")
        });
        let known = !shares && (held || super::named::is_invented(&name, unfolding));
        let turned = || {
            since()
                .iter()
                .any(|one| one.program() != maker.program() && side::turns(one))
        };
        known
            && match kind.context {
                Some(front) => !turned() && speaks(command, front, &name, held),
                None => enters(command, maker, &name),
            }
    })
}

/// Returns what a command makes, and under which name.
fn made(maker: &Command) -> Option<(&'static Maker, Word)> {
    let program = maker.program()?;
    let args = maker.args();
    let is = |one: &&Maker| {
        let mut path = one.path.iter();
        path.next().is_some_and(|first| *first == program)
            && path
                .zip(args)
                .all(|(step, word)| word.text().as_deref() == Some(step))
            && args.len() + 1 >= one.path.len()
    };
    let kind = MAKERS.iter().find(is)?;
    let rest = args.get(kind.path.len() - 1..)?;
    let flag = |word: &Word| kind.flags.contains(&word.prefix().as_str());
    let name = match kind.flags {
        [] => rest.get(kind.operand)?,
        _ => rest.get(rest.iter().position(flag)? + 1)?,
    };
    (!name.prefix().starts_with('-') && maker.is_here()).then(|| (kind, name.clone()))
}

/// Tells whether a client names the cluster; or none, where the making has just made it the one that is spoken to.
fn speaks(command: &Command, front: &str, name: &Word, current: bool) -> bool {
    if !command.is_any(&CLIENTS) || !command.is_here() {
        return false;
    }
    let args = command.args();
    let elsewhere = args.iter().any(|word| {
        let text = word.prefix();
        let name = text.split('=').next().unwrap_or_default();
        matches!(
            name,
            "--kubeconfig" | "-s" | "--server" | "--cluster" | "--kube-apiserver"
        )
    });
    let set = command.env.iter().any(|(name, _)| name.contains("KUBE"));
    if elsewhere || set {
        return false;
    }
    let said = args.iter().enumerate().find_map(|(at, word)| {
        let text = word.prefix();
        let option = text.split('=').next().unwrap_or_default();
        CONTEXTS
            .contains(&option)
            .then(|| match text.contains('=') {
                true => Some(crate::classify::sql::options::tail(word, option.len() + 1)),
                false => args.get(at + 1).cloned(),
            })
    });
    match said {
        Some(Some(context)) => {
            let own = match front {
                "" => Some(context),
                front => context
                    .prefix()
                    .starts_with(front)
                    .then(|| crate::classify::sql::options::tail(&context, front.len())),
            };
            own.is_some_and(|own| super::below(name, &own) && super::below(&own, name))
        }
        Some(None) => false,
        None => current,
    }
}

/// Tells whether a command runs inside the machine.
fn enters(command: &Command, maker: &Command, name: &Word) -> bool {
    let tool = maker.program().unwrap_or_default();
    let mut around = command.via.iter();
    let inside = around.any(|wrapper| match &wrapper.passage {
        Passage::Remote { host } => {
            wrapper.name.split(' ').next() == Some(&tool)
                && super::below(name, host)
                && super::below(host, name)
        }
        _ => false,
    });
    let others = command
        .via
        .iter()
        .filter(|wrapper| !matches!(wrapper.passage, Passage::Plain | Passage::User { .. }));
    inside && others.count() == 1
}
