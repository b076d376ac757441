//! Files that a patch makes or adds lines to: the same text may run them.
//! Only the lines that the patch brings are followed, not the ones that it takes out.

use crate::model::word::Word;

use super::generated;
use super::options::options;
use super::patch;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};

/// Files of one patch that are followed.
const MAX_FILES: usize = 64;
/// Longer patches are not read.
const MAX_TEXT: usize = 1 << 20;

const PATCH: &str = "-p -i -d -D -F -B -g -o -r -V -x -Y -z --strip --input --directory --fuzz --output --reject-file --prefix --suffix";
const APPLY: &str = "-p -C --whitespace --exclude --include --directory";

impl Unfolder<'_> {
    /// Notes what `patch`, `git apply` and `git am` write.
    pub(super) fn patched(&mut self, program: &str, job: &Job, st: &State, fr: &Frame) {
        let (from, valued) = match program {
            "patch" => (1, PATCH),
            _ => {
                let at = job
                    .words
                    .iter()
                    .position(|word| matches!(word.plain(), Some("apply" | "am")));
                match at {
                    Some(at) => (at + 1, APPLY),
                    None => return,
                }
            }
        };
        let words = job.words.get(from..).unwrap_or_default();
        let found = options(words, valued);
        if ["--dry-run", "--check", "--stat", "--numstat", "--cached"]
            .iter()
            .any(|name| found.has(name))
        {
            return;
        }
        let operands = words.get(found.rest..).unwrap_or_default();
        let input = match program {
            "patch" => found.value("-i --input").or(operands.get(1)),
            _ => operands.first(),
        };
        let feed = match input {
            Some(file) if file.text().as_deref() != Some("-") => self.file_feed(file.clone(), st),
            _ => fr.stdin.clone(),
        };
        let feed = self.listed(feed, st);
        let Some(text) = generated::known(&feed).and_then(|pieces| word_of(pieces, None).text())
        else {
            return;
        };
        let strip = found
            .value("-p --strip")
            .and_then(Word::text)
            .and_then(|text| text.parse().ok());
        let strip = strip.or((program != "patch").then_some(1));
        let folder = found.value("-d --directory").and_then(Word::text);
        let named = (program == "patch").then(|| operands.first()).flatten();
        if text.len() > MAX_TEXT {
            return;
        }
        for part in patch::parts(&text, MAX_FILES) {
            if part.is_removed() || part.lines.is_empty() {
                continue;
            }
            let written = patch::stripped(&part.new, strip);
            let within = |folder: &String| format!("{}/{written}", folder.trim_end_matches('/'));
            let written = folder.as_ref().map_or(written.clone(), within);
            let file = match named {
                Some(file) => file.clone(),
                None => Word::literal(written, job.origin.clone()),
            };
            let line = super::expand::literal_piece(&part.lines, &job.origin);
            self.record_file(&file, Feed::text(vec![line]), !part.is_made(), st);
        }
    }
}
