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

/// Returns which of so many lines a script of awk or sed hands on that only counts: `NR > 14`, `1,14d`, `-n '15,$p'`.
pub(super) fn counted(
    program: &str,
    found: &Options,
    script: &str,
    lines: usize,
) -> Option<std::ops::Range<usize>> {
    let bare: String = script.chars().filter(|c| !c.is_whitespace()).collect();
    let bare = bare.trim_end_matches(';');
    match program {
        "awk" | "gawk" | "mawk" if found.only("-v") => {
            let head = ["{print}", "{print$0}", "{print;}", "{print$0;}"]
                .iter()
                .find_map(|tail| bare.strip_suffix(tail))
                .unwrap_or(bare);
            let test = head.strip_prefix("NR")?;
            let signs = test.len() - test.trim_start_matches(['<', '>', '=']).len();
            let (sign, number) = test.split_at_checked(signs)?;
            // `-v keep=14 'NR > keep'`.
            let given = found.list.iter().rev().find_map(|(_, value)| {
                let text = value.as_ref()?.text()?;
                let (name, value) = text.split_once('=')?;
                (name == number).then(|| value.to_owned())
            });
            let number: usize = given.as_deref().unwrap_or(number).parse().ok()?;
            Some(match sign {
                ">" => number.min(lines)..lines,
                ">=" => number.saturating_sub(1).min(lines)..lines,
                "<" => 0..number.saturating_sub(1).min(lines),
                "<=" => 0..number.min(lines),
                _ => return None,
            })
        }
        "sed" if found.only("-n") && found.has("-n") => {
            let (from, to) = bare.strip_suffix('p')?.split_once(',')?;
            let from: usize = from.parse().ok()?;
            let to = match to {
                "$" => lines,
                number => number.parse().ok()?,
            };
            // A range that ends before it begins is its first line.
            let to = to.max(from);
            (from > 0).then(|| (from - 1).min(lines)..to.min(lines))
        }
        "sed" if found.only("") => {
            let (from, to) = bare.strip_suffix('d')?.split_once(',')?;
            let to: usize = to.parse().ok()?;
            (from == "1" && to > 0).then(|| to.min(lines)..lines)
        }
        _ => None,
    }
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
    fn a_script_that_only_counts_hands_on_a_stretch() {
        let origin = crate::shell::state::nowhere();
        let of = |program: &str, flags: &[&str], script: &str| {
            let word = |text: &&str| crate::model::word::Word::literal(*text, origin.clone());
            let words: Vec<_> = flags.iter().map(word).collect();
            counted(program, &options(&words, "-e -f -v"), script, 5)
        };
        assert_eq!(of("awk", &[], "NR > 5"), Some(5..5));
        assert_eq!(of("awk", &[], "NR>3 { print $0 }"), Some(3..5));
        assert_eq!(of("awk", &[], "NR>=5"), Some(4..5));
        assert_eq!(of("awk", &[], "NR<=2"), Some(0..2));
        assert_eq!(of("awk", &["-v", "n=5"], "NR>n"), Some(5..5));
        assert_eq!(of("awk", &["-v", "n=5", "-v", "n=2"], "NR>n"), Some(2..5));
        assert_eq!(of("awk", &["-v", "m=5"], "NR>n"), None);
        assert_eq!(of("awk", &[], "NR>5 || /x/"), None);
        assert_eq!(of("awk", &[], "NR>5 {print $1}"), None);
        assert_eq!(of("sed", &[], "1,5d"), Some(5..5));
        assert_eq!(of("sed", &[], "2,5d"), None);
        assert_eq!(of("sed", &["-n"], "6,$p"), Some(5..5));
        assert_eq!(of("sed", &["-n"], "4,2p"), Some(3..4));
        assert_eq!(of("sed", &["-i"], "1,5d"), None);
        assert_eq!(of("sed", &["-n", "-s"], "6,$p"), None);
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
