//! Which lines `head` and `tail` hand on.
//! Bytes are not counted here.

use super::options::Options;

pub fn ends(program: &str, found: &Options, text: &str) -> Option<String> {
    if found.value("-c --bytes").is_some() {
        return None;
    }
    let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let kept = kept(program, found, lines.len())?;
    let count = kept.len();
    Some(super::pure::joined(
        lines.into_iter().skip(kept.start).take(count),
    ))
}

/// Returns which of so many lines `head` or `tail` hands on.
pub fn kept(program: &str, found: &Options, lines: usize) -> Option<std::ops::Range<usize>> {
    if found.value("-c --bytes").is_some() {
        return None;
    }
    let said = match found.value("-n --lines") {
        Some(word) => word.text()?,
        None => {
            let number = |name: &str| name.strip_prefix('-')?.parse::<usize>().ok();
            let mut named = found.list.iter();
            let count = named.find_map(|(name, _)| number(name)).unwrap_or(10);
            count.to_string()
        }
    };
    let (sign, digits) = match said.split_at_checked(1)? {
        (sign @ ("+" | "-"), digits) => (sign, digits),
        _ => ("", said.as_str()),
    };
    let count: usize = digits.parse().ok()?;
    Some(match (program, sign) {
        ("tail", "+") => count.saturating_sub(1).min(lines)..lines,
        ("tail", _) => lines.saturating_sub(count)..lines,
        (_, "-") => 0..lines.saturating_sub(count),
        _ => 0..count.min(lines),
    })
}

/// `sort`, `-r`, `-u`, and `-n` of whole numbers: what other keys give hangs on the language.
pub(super) fn sorted(found: &Options, text: &str) -> Option<String> {
    if !found.only("-r -u -n") {
        return None;
    }
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    lines.sort();
    if found.has("-n") {
        let numbers: Option<Vec<i64>> = lines.iter().map(|line| line.parse().ok()).collect();
        let mut all: Vec<(i64, String)> = numbers?.into_iter().zip(lines).collect();
        all.sort();
        if found.has("-u") {
            all.dedup_by_key(|(number, _)| *number);
        }
        lines = all.into_iter().map(|(_, line)| line).collect();
    } else if found.has("-u") {
        lines.dedup();
    }
    if found.has("-r") {
        lines.reverse();
    }
    Some(super::pure::joined(lines.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::options::options;

    fn of(program: &str, flags: &[&str], lines: usize) -> std::ops::Range<usize> {
        let origin = crate::shell::state::nowhere();
        let word = |text: &&str| crate::model::word::Word::literal(*text, origin.clone());
        let words: Vec<_> = flags.iter().map(word).collect();
        kept(program, &options(&words, "-n -c --lines --bytes"), lines).unwrap()
    }

    #[test]
    fn a_sign_turns_a_count_into_all_but_so_many() {
        assert_eq!(of("tail", &["-n", "+11"], 3), 3..3);
        assert_eq!(of("tail", &["-n", "+2"], 3), 1..3);
        assert_eq!(of("tail", &["-n", "2"], 3), 1..3);
        assert_eq!(of("tail", &["-n", "-2"], 3), 1..3);
        assert_eq!(of("tail", &["-2"], 3), 1..3);
        assert_eq!(of("head", &["-n", "-2"], 3), 0..1);
        assert_eq!(of("head", &["-n", "-5"], 3), 0..0);
        assert_eq!(of("head", &["-n", "2"], 3), 0..2);
        assert_eq!(of("head", &[], 30), 0..10);
    }
}
