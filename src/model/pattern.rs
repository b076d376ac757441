//! Patterns of policy files: `*` stands for any text, `?` for one byte.
//! Paths of a shell have their own patterns elsewhere.

/// Tells whether a text fits a pattern in which `*` stands for any text and `?` for one byte.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || text.get(t) == Some(byte) => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match retry {
                Some((star, from)) => {
                    p = star + 1;
                    t = from + 1;
                    retry = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_shells_do() {
        assert!(is_like("localhost:*/scratch_?", "localhost:5432/scratch_1"));
        assert!(!is_like(
            "localhost:*/scratch_?",
            "localhost:5432/scratch_12"
        ));
        assert!(is_like("*", "") && is_like("a*b*c", "a__b__bc") && !is_like("", "a"));
    }
}
