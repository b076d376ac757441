//! Unfolds a shell text that another program of the same call starts: where that program stands, behind its wrappers, with the files that the call wrote before.
//! It reads nothing that `unfold` would not, and it does not judge.

use std::path::PathBuf;
use std::rc::Rc;

use crate::model::command::{Command, Cwd, OpaqueKind, Unfolding};
use crate::model::fact::{Facts, Needs, Scene};
use crate::model::word::Word;

use super::parse::parse;
use super::source::Source;
use super::state::{Feed, State};
use super::unfold::{Content, Frame, Unfolder};

/// Files of the call that a text inside it knows.
const MAX_FILES: usize = 64;

/// Where a text inside a call runs.
#[derive(Debug)]
pub struct Inside<'a> {
    /// The program that starts it.
    pub client: &'a Command,
    /// As which wrapper that program counts.
    pub name: &'a str,
    /// Files that the call wrote, with their texts.
    pub written: &'a [(PathBuf, Word)],
}

/// Returns every program that the text would start.
pub fn unfold_inside(
    text: &str,
    inside: &Inside<'_>,
    scene: &Scene,
    facts: &Facts,
    needs: &mut Needs,
) -> Unfolding {
    let Inside {
        client,
        name,
        written,
    } = inside;
    let mut unfolder = Unfolder::new(scene, facts, needs);
    for (path, word) in written.iter().take(MAX_FILES) {
        let feed = Feed::text(word.pieces.clone());
        let path = path.to_string_lossy().into_owned();
        unfolder.files.insert(path, Content::Feed(feed));
    }
    let cwd: Cwd = client.cwd.clone();
    let mut st = State::new(vec![cwd], !client.is_here());
    let outer = Frame {
        source: Rc::new(Source::top(text)),
        via: Rc::new(client.via.clone()),
        stdin: Feed::Inherited,
        nesting: 0,
    };
    let frame = outer.enter(name, crate::model::command::Passage::Plain);
    match parse(text) {
        Ok(script) => {
            unfolder.shell(&script, &mut st, &frame);
        }
        Err(error) => {
            unfolder.shell(&error.before, &mut st, &frame);
            unfolder.tail(&error, OpaqueKind::Syntax, &frame);
        }
    }
    text.clone_into(&mut unfolder.out.canonical);
    unfolder.out
}
