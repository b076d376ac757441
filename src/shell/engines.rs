//! Which engine a container program talks to: the one of this machine, another socket of it, or one elsewhere.
//! It reads words and variables that the text sets; what the hook inherits and which context is in use is for the world.

use crate::model::word::Word;

use super::options::Options;

/// Where the words lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// The one that the program finds by itself.
    Own,
    /// A socket of this machine, as an address.
    Socket(String),
    /// Another machine, or one that is not known.
    Elsewhere(Word),
}

/// Options and variables with an address, and those with a name of a context; options come first.
const ADDRESSES: (&str, &[&str]) = ("-H --host --url", &["DOCKER_HOST", "CONTAINER_HOST"]);
const CONTEXTS: (&str, &[&str]) = (
    "-c --context --connection",
    &["DOCKER_CONTEXT", "CONTAINER_CONNECTION"],
);

/// Tells which engine is meant.
pub(super) fn engine(program: &str, global: &Options, env: &[(String, Word)]) -> Engine {
    let set = |names: &[&str]| {
        let own = |name: &str| name.starts_with("CONTAINER") == program.starts_with("podman");
        let given = env
            .iter()
            .rev()
            .find(|(name, _)| names.contains(&name.as_str()) && own(name));
        given.map(|(_, word)| word.clone())
    };
    if let Some(word) = global.value(ADDRESSES.0) {
        return address(word);
    }
    if let Some(word) = global.value(CONTEXTS.0) {
        return context(word);
    }
    match (set(ADDRESSES.1), set(CONTEXTS.1)) {
        (Some(word), _) if word.plain() != Some("") => address(&word),
        (_, Some(word)) => context(&word),
        _ => Engine::Own,
    }
}

fn address(word: &Word) -> Engine {
    match word.text() {
        Some(text) if text.starts_with("unix://") => Engine::Socket(text),
        _ => Engine::Elsewhere(word.clone()),
    }
}

fn context(word: &Word) -> Engine {
    match word.text().as_deref() {
        Some("" | "default") => Engine::Own,
        _ => Engine::Elsewhere(word.clone()),
    }
}
