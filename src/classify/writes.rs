//! Files that are written: redirections of any command, and the Write, Edit and NotebookEdit tools.
//! Programs that write files by their own operands are the family `files`.

use std::path::Path;

use crate::classify::Context;
use crate::classify::files::judge::{Judge, New, Over};
use crate::classify::files::place::{lexical, places, places_written};
use crate::classify::files::report::{Site, report};
use crate::classify::files::world::{self, World};
use crate::classify::files::{emptied, folder, kinds, place::Place};
use crate::classify::own::{self, settings::Change};
use crate::model::command::{Command, Redirect, Stdin, WriteMode};
use crate::model::fact::Needs;
use crate::model::finding::Finding;
use crate::model::word::Word;

/// Programs that print what stands in the files they are given.
const READERS: [&str; 42] = [
    "cat", "tac", "nl", "rev", "head", "tail", "cut", "paste", "join", "comm", "sort", "gsort",
    "uniq", "shuf", "tsort", "column", "fmt", "fold", "expand", "unexpand", "pr", "grep", "egrep",
    "fgrep", "zgrep", "rg", "ag", "sed", "gsed", "awk", "gawk", "mawk", "jq", "yq", "gojq", "xq",
    "xmllint", "iconv", "csvcut", "csvsort", "mlr", "envsubst",
];

/// Returns what a command would lose through its redirections.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    let lossy: Vec<&Redirect> = command
        .writes
        .iter()
        .filter(|write| counts(write))
        .collect();
    if lossy.is_empty() {
        return Vec::new();
    }
    let mut places_of = Vec::new();
    for write in lossy {
        for place in places_written(&write.file, command, context, needs) {
            let new = text_of(write).or_else(|| shown_file(write, command, context, needs));
            let mut over = over(write, command);
            over.nulled |= empties(&place, write, over, command, context);
            places_of.push((place, over, new));
        }
    }
    let unnamed = |write: &Redirect| write.file.has_hole() || write.file.shown().contains("{}");
    let empties = command
        .writes
        .iter()
        .any(|write| counts(write) && unnamed(write) && over(write, command).emptied);
    let mut found = Vec::new();
    if empties {
        found = emptied(command, context, needs);
    }
    let mut judge = Judge::new(context, needs, world::of(command), folder(&command.cwd));
    for (place, over, text) in places_of {
        judge.replace(&place, over, text);
    }
    found.extend(report(judge.finish(), &Site::of(command), context));
    found
}

/// Returns the text that comes to stand in a file, where all of it is known.
fn text_of(write: &Redirect) -> Option<New> {
    let text = write.content.as_ref()?.text()?;
    (write.mode == WriteMode::Truncate && !text.is_empty()).then_some(New::Text(text))
}

/// `cat FILE > OTHER`: the content of one file that is known.
fn shown_file(
    write: &Redirect,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<New> {
    let word = write.whole.as_ref()?;
    if write.mode != WriteMode::Truncate || context.facts.assumed || !command.is_here() {
        return None;
    }
    match places(word, command, context, needs).as_slice() {
        [Place::At { path, .. }] => Some(New::Stream(lexical(path))),
        _ => None,
    }
}

/// Appending loses nothing, unless it goes to a disk.
fn counts(write: &Redirect) -> bool {
    match write.mode {
        WriteMode::Truncate => true,
        WriteMode::Append | WriteMode::ReadWrite => write.file.prefix().starts_with("/dev/"),
    }
}

fn over(write: &Redirect, command: &Command) -> Over {
    let silent = match command.program().as_deref() {
        None | Some("true" | "false" | "exec" | "") => true,
        // `:` stands in for a program behind a wrapper or in a group as well: what is known of the content decides below.
        Some(_) => false,
    };
    let null = command.program().as_deref() == Some("cat")
        && !command.args().is_empty()
        && command
            .args()
            .iter()
            .all(|word| word.text().as_deref() == Some("/dev/null"));
    let content = write.content.as_ref();
    let nothing = content
        .and_then(Word::text)
        .is_some_and(|text| text.trim().is_empty());
    Over {
        emptied: silent || null || nothing,
        provided: content.is_some_and(Word::has_hole) || command.args().iter().any(Word::has_hole),
        anew: true,
        ..Over::NEW
    }
}

/// Tells whether a redirection leaves nothing of a file that holds something, where the world is not asked: it is emptied on purpose,
/// or by a program that would read it.
fn empties(
    place: &Place,
    write: &Redirect,
    over: Over,
    command: &Command,
    context: &Context<'_>,
) -> bool {
    let path = match place {
        Place::At { path, .. } => path.clone(),
        Place::Glob { dir, pattern } => dir.join(pattern),
        _ => return false,
    };
    if !context.facts.assumed {
        return false;
    }
    if write.mode != WriteMode::Truncate {
        return false;
    }
    // What the call itself puts there, before or afterwards, is no loss of anybody's.
    let filled = |other: &Command| {
        let written = |one: &Redirect| one.file.text() == write.file.text();
        other.writes.iter().any(written)
            || other.is_any(&["tee", "mv", "cp", "touch", "curl", "wget"]) && names(other, write)
    };
    if context.earlier.iter().any(filled) {
        return false;
    }
    let on_purpose = over.emptied && command.program().as_deref() != Some("exec");
    on_purpose && kinds::is_content(&path) && !context.after.iter().any(filled)
        || reads_itself(write, command, context)
}

/// Tells whether a command, or one that its input comes from, reads the file that its output goes to: the shell has emptied it by then.
fn reads_itself(write: &Redirect, command: &Command, context: &Context<'_>) -> bool {
    let mut reader = command;
    let mut before = context.earlier.iter().rev();
    loop {
        let fed = matches!(&reader.stdin, Stdin::File(file) if same(file, &write.file));
        if fed || reader.is_any(&READERS) && names(reader, write) {
            return true;
        }
        let (Stdin::Opaque { from }, Some(last)) = (&reader.stdin, before.next()) else {
            return false;
        };
        if last.program().as_deref() != Some(from) {
            return false;
        }
        reader = last;
    }
}

fn names(command: &Command, write: &Redirect) -> bool {
    command.args().iter().any(|word| same(word, &write.file))
}

/// Tells whether two words name one file in the same folder.
fn same(one: &Word, other: &Word) -> bool {
    let plain = |word: &Word| {
        let text = word.text()?;
        Some(text.strip_prefix("./").unwrap_or(&text).to_owned())
    };
    // One item of a loop is the same text wherever it is said.
    let one_item = || {
        let parts = |word: &Word| {
            word.pieces
                .iter()
                .map(|piece| piece.part.clone())
                .collect::<Vec<_>>()
        };
        one.quoted && other.quoted && one.has_glob() && parts(one) == parts(other)
    };
    plain(one).is_some_and(|text| plain(other) == Some(text)) || one_item()
}

/// Returns what the Write, Edit or NotebookEdit tool would lose.
pub fn asked(
    path: &Path,
    content: &str,
    edit: bool,
    edits: &[(String, String)],
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let site = Site {
        words: vec![path.to_string_lossy().into_owned()],
        via: Vec::new(),
        origin: None,
    };
    let unknown = [(String::new(), content.to_owned())];
    let change = match (edit, edits) {
        (false, _) => Change::Whole(content),
        (true, []) => Change::Edits(&unknown),
        (true, edits) => Change::Edits(edits),
    };
    let mut findings = own::asked(path, change, &site, context, needs);
    if !findings.is_empty() {
        return findings;
    }
    let path = context.scene.cwd.join(path);
    let place = Place::At {
        path,
        follow: false,
    };
    let over = Over {
        edit,
        emptied: content.trim().is_empty() && !edit,
        anew: !edit,
        ..Over::NEW
    };
    let mut judge = Judge::new(context, needs, World::Here, context.scene.cwd.clone());
    let new = (!edit).then(|| New::Text(content.to_owned()));
    judge.replace(&place, over, new);
    findings.extend(report(judge.finish(), &site, context));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::{Bench, line, redirected, rules};
    use crate::model::fact::{Answer, Question};

    const NOTHING: [&str; 0] = [];

    fn lost(bench: &Bench, command: &Command) -> Vec<String> {
        let mut needs = Needs::default();
        let found = findings(command, &bench.context(), &mut needs);
        assert!(needs.is_empty(), "open: {:?}", needs.into_questions());
        rules(&found)
    }

    fn tool(bench: &Bench, path: &str, edit: bool) -> Vec<String> {
        let mut needs = Needs::default();
        rules(&asked(
            Path::new(path),
            "new text",
            edit,
            &[],
            &bench.context(),
            &mut needs,
        ))
    }

    #[test]
    fn a_redirection_loses_only_what_was_there_and_is_nowhere_else() {
        let path = "/home/ann/shop/out.txt";
        let write = |mode| redirected(&["echo", "x"], mode, "out.txt");
        let old = Bench::here()
            .file(path, 5)
            .git(path, |git| git.untracked = 1);
        assert_eq!(lost(&old, &write(WriteMode::Truncate)), ["files.overwrite"]);
        assert_eq!(lost(&old, &write(WriteMode::Append)), NOTHING);
        assert_eq!(
            lost(&Bench::here().absent(path), &write(WriteMode::Truncate)),
            NOTHING
        );
        let clean = Bench::here().file(path, 5).git(path, |git| git.tracked = 1);
        assert_eq!(lost(&clean, &write(WriteMode::Truncate)), NOTHING);
        assert_eq!(lost(&Bench::here(), &line("ls -la")), NOTHING);
    }

    #[test]
    fn without_facts_only_guarded_kinds_count() {
        let bench = Bench::assumed();
        let to = |file: &str| {
            lost(
                &bench,
                &redirected(&["echo", "x"], WriteMode::Truncate, file),
            )
        };
        assert_eq!(to("notes.txt"), NOTHING);
        assert_eq!(to("/dev/null"), NOTHING);
        assert_eq!(to("/dev/stderr"), NOTHING);
        assert_eq!(to("/tmp/app.db"), NOTHING);
        assert_eq!(to("/dev/sda"), ["files.wipe"]);
        assert_eq!(to("app.db"), ["files.overwrite-guarded"]);
        assert_eq!(to("/etc/passwd"), ["files.overwrite-guarded"]);
        let dump = redirected(&["pg_dump", "shop"], WriteMode::Truncate, "shop.dump");
        assert_eq!(lost(&bench, &dump), NOTHING);
        let unseen = redirected(&[":"], WriteMode::Truncate, "shop.dump");
        assert_eq!(lost(&bench, &unseen), NOTHING);
        let mut emptied = unseen;
        emptied.writes[0].content = Some(crate::classify::files::bench::word(""));
        assert_eq!(lost(&bench, &emptied), ["files.overwrite-guarded"]);
    }

    #[test]
    fn the_write_tool_is_judged_like_a_redirection_and_edits_of_databases_stay_small() {
        let path = "/home/ann/shop/a.txt";
        let own = |bench: Bench| bench.learn(Question::Text(path.into()), Answer::Absent);
        let old = own(Bench::here()
            .file(path, 5)
            .git(path, |git| git.untracked = 1));
        assert_eq!(tool(&old, path, false), ["files.overwrite"]);
        assert_eq!(tool(&old, path, true), ["files.overwrite"]);
        assert_eq!(tool(&Bench::here().absent(path), path, false), NOTHING);
        assert_eq!(tool(&Bench::assumed(), path, false), NOTHING);
        assert_eq!(
            tool(&Bench::assumed(), "/home/ann/shop/app.db", false),
            ["files.overwrite-guarded"]
        );
        let state = "/home/ann/.local/state/backstop/ledger/1.jsonl";
        assert_eq!(tool(&Bench::assumed(), state, false), ["own.tamper"]);
    }
}
