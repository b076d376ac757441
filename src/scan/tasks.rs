//! Makefiles, justfiles and the scripts of packages: each line or script is a text of its own.
//! The readers of the files themselves are those that follow `make` and `npm run` in a command.

use serde_json::value::RawValue;

use crate::model::request::ShellKind;
use crate::shell::recipes::{self, Recipe};

use super::place::{Lines, Map, aligned};
use super::unit::Unit;

/// Lines that one recipe line may span by continuations.
const CONTINUED: usize = 200;

/// Returns the recipe lines of a Makefile.
pub fn make(text: &str, lines: &Lines) -> Vec<Unit> {
    cut(recipes::of_make(text), text, lines)
}

/// Returns the recipe lines of a justfile.
pub fn just(text: &str, lines: &Lines) -> Vec<Unit> {
    cut(recipes::of_just(text), text, lines)
}

fn cut(recipes: Vec<Recipe>, text: &str, lines: &Lines) -> Vec<Unit> {
    recipes
        .into_iter()
        .map(|recipe| {
            let map = found_again(&recipe, text, lines);
            Unit::shell(ShellKind::Posix, recipe.text, map).in_own_folder()
        })
        .collect()
}

/// Maps a recipe line, whose variables are filled in, word by word onto the lines that it was written on.
fn found_again(recipe: &Recipe, text: &str, lines: &Lines) -> Map {
    let start = lines.start(recipe.line);
    let mut last = recipe.line;
    while lines.text(text, last).ends_with('\\') && last - recipe.line < CONTINUED {
        last += 1;
    }
    let raw = text.get(start..lines.end(last)).unwrap_or_default();
    let lead = raw.len() - raw.trim_start_matches([' ', '\t', '@', '-', '+']).len();
    let mut map = Map::at(start + lead);
    let mut from = lead;
    let mut at = 0;
    for word in recipe.text.split_inclusive(char::is_whitespace) {
        let bare = word.trim();
        let here = at + (word.len() - word.trim_start().len());
        at += word.len();
        if let Some(found) = raw.get(from..).and_then(|rest| rest.find(bare))
            && !bare.is_empty()
        {
            map.anchor(here, start + from + found);
            from += found + bare.len();
        } else if !bare.is_empty() {
            // A word that the file spells otherwise stands where the last known one ended.
            let blank = raw
                .get(from..)
                .map_or(0, |rest| rest.len() - rest.trim_start().len());
            map.anchor(here, start + from + blank);
        }
    }
    map
}

#[derive(serde::Deserialize)]
struct Package<'a> {
    #[serde(borrow, default)]
    scripts: Option<&'a RawValue>,
}

/// Returns the scripts of a `package.json` or `composer.json`; a composer script may be a list.
pub fn package(text: &str) -> Vec<Unit> {
    let scripts = serde_json::from_str::<Package<'_>>(text)
        .ok()
        .and_then(|package| package.scripts);
    let Some(entries) = scripts.and_then(entries) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for raw in entries {
        let list = serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_else(|_| vec![raw]);
        all.extend(list.into_iter().filter_map(|raw| script(raw, text)));
    }
    all
}

fn entries(raw: &RawValue) -> Option<Vec<&RawValue>> {
    let map: std::collections::BTreeMap<std::borrow::Cow<'_, str>, &RawValue> =
        serde_json::from_str(raw.get()).ok()?;
    Some(
        map.into_iter()
            // The key of a comment.
            .filter(|(key, _)| !key.starts_with("//"))
            .map(|(_, value)| value)
            .collect(),
    )
}

fn script(raw: &RawValue, text: &str) -> Option<Unit> {
    let decoded: String = serde_json::from_str(raw.get()).ok()?;
    // The raw value is a stretch of the text itself.
    let offset = (raw.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    // A composer script may name a PHP method: no command.
    if decoded.contains("::") && !decoded.contains(' ') {
        return None;
    }
    let map = aligned(&decoded, raw.get(), offset);
    Some(Unit::shell(ShellKind::Posix, decoded, map).in_own_folder())
}
