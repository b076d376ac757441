//! Scripts that a call carries to another machine, or into a container, before it runs them there.
//! Only files that this call wrote, and scripts by their names, are followed.

use crate::model::word::{Part, Word};

use super::expand::literal_piece;
use super::options::{Options, options};
use super::remote::far;
use super::state::{Feed, State, word_of};
use super::unfold::{Content, Job, Unfolder, file_key};

const SCP: &str = "-P -i -o -F -c -l -S -J -D -X";
const RSYNC: &str = "-e --rsh --rsync-path --exclude --include --filter -f --exclude-from --include-from --files-from --port --bwlimit --timeout --chmod --chown";
const KUBE: &str = "-n --namespace -c --container --context --kubeconfig --retries";

/// Ends of names that say that a file is a text to be run.
const SCRIPTS: [&str; 10] = [
    ".sh", ".bash", ".zsh", ".py", ".rb", ".pl", ".js", ".php", ".sql", ".awk",
];
/// Words of one text that are looked up below a mount.
const MAX_WORDS: usize = 64;

impl Unfolder<'_> {
    /// Follows files that are copied to another machine or into a container.
    pub(super) fn carried_files(&mut self, program: &str, job: &Job, st: &State) {
        let (from, valued) = match program {
            "scp" => (0, SCP),
            "rsync" => (0, RSYNC),
            "docker" | "podman" | "nerdctl" | "kubectl" | "oc" => {
                let at = job
                    .args()
                    .iter()
                    .take(4)
                    .position(|word| word.text().as_deref() == Some("cp"));
                match at {
                    Some(at) => (at + 1, KUBE),
                    None => return,
                }
            }
            _ => return,
        };
        let operands = operands(job.args().get(from..).unwrap_or_default(), valued);
        let Some((to, sources)) = operands.split_last() else {
            return;
        };
        let Some(place) = behind_host(to) else {
            return;
        };
        for source in sources.iter().filter(|word| behind_host(word).is_none()) {
            if let Some(content) = self.scripted(source, st) {
                self.put(&place, source, &content, st);
            }
        }
    }

    /// Puts a file at its place over there; a place may be a folder.
    fn put(&mut self, place: &Word, source: &Word, content: &Content, st: &State) {
        let there = far(st);
        let shown = source.shown();
        let name = shown.rsplit('/').next().unwrap_or_default();
        let mut inside = place.clone();
        if !place.pieces.is_empty() && !place.shown().ends_with('/') {
            inside.pieces.push(literal_piece("/", &source.origin));
        }
        inside.pieces.push(literal_piece(name, &source.origin));
        for word in [place, &inside] {
            if let Some(key) = file_key(word, &there) {
                self.files.insert(key, content.clone());
            }
        }
    }

    /// Returns what a file holds that is about to be carried.
    fn scripted(&mut self, file: &Word, st: &State) -> Option<Content> {
        if let Some(content) = self.content(file, st) {
            return Some(content.clone());
        }
        let name = file.text()?;
        if !SCRIPTS.iter().any(|end| name.ends_with(end)) {
            return None;
        }
        let text = self.file_text(file, st)?;
        Some(Content::Feed(Feed::text(text.pieces)))
    }

    /// Finds the scripts that a new container runs from a folder of this machine.
    pub(super) fn mounted(&mut self, found: &Options, rest: &Job, st: &State, there: &State) {
        for mount in found.values("-v --volume") {
            let Some((source, target)) = halves(mount) else {
                continue;
            };
            for name in names(rest) {
                let path = match there.known_cwd() {
                    Some(cwd) if !name.starts_with('/') => super::state::lexical(cwd, &name)
                        .to_string_lossy()
                        .into_owned(),
                    _ => name,
                };
                let Some(tail) = path.strip_prefix(target.as_str()) else {
                    continue;
                };
                if !tail.starts_with('/') && !target.ends_with('/') && !tail.is_empty() {
                    continue;
                }
                let mut file = source.clone();
                file.pieces.push(literal_piece(tail, &source.origin));
                if let Some(content) = self.scripted(&file, st) {
                    self.files.insert(path.clone(), content);
                }
            }
        }
    }
}

/// Returns the operands among words, options of any place left out.
fn operands(words: &[Word], valued: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        let found = options(rest, valued);
        rest = rest.get(found.rest..).unwrap_or_default();
        if let Some((first, tail)) = rest.split_first() {
            all.push(first.clone());
            rest = tail;
        }
    }
    all
}

/// Returns the path of `host:path`.
fn behind_host(word: &Word) -> Option<Word> {
    for (before, piece) in word.pieces.iter().enumerate() {
        let Part::Literal(text) = &piece.part else {
            continue;
        };
        let Some(at) = text.find([':', '/']) else {
            continue;
        };
        if !(text.get(at..)?.starts_with(':') || hosts_slash(text, at)) {
            return None;
        }
        let tail = text.get(text.find(':')? + 1..)?;
        let mut path = word_of(Vec::new(), Some(word.origin.clone()));
        if !tail.is_empty() {
            path.pieces.push(literal_piece(tail, &piece.origin));
        }
        let rest = word.pieces.get(before + 1..)?;
        path.pieces.extend(rest.iter().cloned());
        return Some(path);
    }
    None
}

/// `namespace/pod:path` of kubectl.
fn hosts_slash(text: &str, at: usize) -> bool {
    let colon = text.find(':');
    at > 0 && !text.starts_with('.') && colon.is_some_and(|colon| colon > at)
}

/// Splits `source:target[:options]` of a mount.
fn halves(word: &Word) -> Option<(Word, String)> {
    let mut source = word_of(Vec::new(), Some(word.origin.clone()));
    for piece in &word.pieces {
        let Part::Literal(text) = &piece.part else {
            source.pieces.push(piece.clone());
            continue;
        };
        let Some((head, tail)) = text.split_once(':') else {
            source.pieces.push(piece.clone());
            continue;
        };
        source.pieces.push(literal_piece(head, &piece.origin));
        let target = tail.split(':').next().unwrap_or_default();
        return Some((source, target.trim_end_matches('/').to_owned()));
    }
    None
}

/// Returns the words of a command, those inside its texts too.
fn names(rest: &Job) -> Vec<String> {
    let texts = rest.words.iter().filter_map(Word::text);
    texts
        .flat_map(|text| {
            let ends = |c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '"' | '\'');
            text.split(ends).map(ToOwned::to_owned).collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .take(MAX_WORDS)
        .collect()
}
