//! What `tr` makes of known text.
//! Classes of characters are those of the C locale.

use super::printf;

/// Carries out `tr` with its options and sets; nothing where it is not known what it makes.
pub(super) fn tr(found: &super::options::Options, words: &[String], text: &str) -> Option<String> {
    let first = tr_set(words.first()?)?;
    let other = found.has("-c") || found.has("-C") || found.has("--complement");
    if found.has("-d") && found.only("-d -c -C --complement") {
        return Some(
            text.chars()
                .filter(|c| first.contains(c) == other)
                .collect(),
        );
    }
    if other || !found.only("-s") {
        return None;
    }
    if found.has("-s") && words.len() == 1 {
        let mut out = String::new();
        for c in text.chars() {
            if !(first.contains(&c) && out.ends_with(c)) {
                out.push(c);
            }
        }
        return Some(out);
    }
    let second = tr_set(words.get(1)?)?;
    let last = second.last().copied()?;
    let change = |c: char| match first.iter().rposition(|known| *known == c) {
        Some(at) => second.get(at).copied().unwrap_or(last),
        None => c,
    };
    Some(text.chars().map(change).collect())
}

fn tr_set(text: &str) -> Option<Vec<char>> {
    let text = text
        .replace("[:upper:]", "A-Z")
        .replace("[:lower:]", "a-z")
        .replace("[:digit:]", "0-9")
        .replace("[:alpha:]", "A-Za-z")
        .replace("[:space:]", " \\t\\n\\r");
    let chars: Vec<char> = printf::unescaped(&text).chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(end)) if c <= end => {
                all.extend(*c..=*end);
                at += 3;
            }
            _ => {
                all.push(*c);
                at += 1;
            }
        }
        if all.len() > 4_096 {
            return None;
        }
    }
    Some(all)
}
