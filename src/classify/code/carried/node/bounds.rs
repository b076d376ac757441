//! How deep a text of JavaScript may be nested: a look at its signs before it is parsed.
//! What is beyond is not read: whatever goes through its tree would need a stack without end.

/// Bytes of one script or module.
const MAX_TEXT: usize = 64 << 10;
/// Brackets inside brackets; those in texts and patterns count too, which only gives up sooner.
const MAX_BRACKETS: usize = 48;
/// Signs in a row of statements without an end between: each may hold all that stands before or behind it.
const MAX_SIGNS: usize = 400;
/// Signs that an ended line takes back.
const A_LINE: usize = 12;
/// Words that may each hold what follows without a bracket between: `if (a) if (b)`, `typeof typeof x`.
const HOLDERS: [&str; 14] = [
    "if", "else", "for", "while", "do", "typeof", "void", "delete", "await", "new", "async", "in",
    "of", "yield",
];

/// Tells whether nothing of a text can stand too deep in something else.
pub(super) fn is_shallow(text: &str) -> bool {
    if text.len() > MAX_TEXT {
        return false;
    }
    let (mut depth, mut signs) = (0_usize, 0_usize);
    for line in text.lines() {
        let mut word = String::new();
        for char in line.chars() {
            if char.is_alphanumeric() || char == '_' || char == '$' {
                word.push(char);
                continue;
            }
            signs += usize::from(HOLDERS.contains(&word.as_str()));
            word.clear();
            match char {
                '(' | '[' | '{' => {
                    depth += 1;
                    signs += 1;
                }
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                ';' => signs = 0,
                char if char.is_whitespace() || ",'\"".contains(char) => {}
                _ => signs += 1,
            }
            if depth > MAX_BRACKETS || signs > MAX_SIGNS {
                return false;
            }
        }
        if ends(line, &word) {
            signs = signs.saturating_sub(A_LINE);
        } else {
            signs += 1;
        }
    }
    true
}

/// Tells whether a line may end a statement: nothing at its end waits for more.
fn ends(line: &str, last: &str) -> bool {
    let line = line.trim();
    let first = line
        .trim_start_matches(['}', ' '])
        .split(|char: char| !char.is_ascii_alphabetic())
        .next();
    let holds = first.is_some_and(|first| HOLDERS.contains(&first));
    let end = line.chars().next_back();
    let closed = end.is_none_or(|end| end.is_alphanumeric() || ";}])>,'\"`{[(_$".contains(end));
    closed
        && !HOLDERS.contains(&last)
        && (!holds || line.ends_with(['{', ';', '}', ',']))
        && !line.ends_with("=>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_is_not_read() {
        assert!(is_shallow(
            "const a = [1, 2];\nif (a) {\n  f(`${a[0]}`);\n}\n"
        ));
        for text in [
            "(".repeat(30_000),
            format!("x = {}1{}", "(".repeat(9_000), ")".repeat(9_000)),
            format!("x = {}1", "-".repeat(30_000)),
            format!("x = {}1", "typeof ".repeat(6_000)),
            format!("x = {}1", "a => ".repeat(6_000)),
            format!("x = {}1", "1 ? 1 : ".repeat(6_000)),
            format!("x = {}1", "1 +\n".repeat(9_000)),
            format!("x = {}1", "!\n".repeat(9_000)),
            format!("x = {}1", "if (1) ".repeat(6_000)),
            format!("{}x()", "if (1)\n".repeat(6_000)),
            format!("x = a{}", ".b()".repeat(9_000)),
            "`${".repeat(900),
            "x = 1\n".repeat(20_000),
        ] {
            let head: String = text.chars().take(40).collect();
            assert!(!is_shallow(&text), "{head}");
        }
    }
}
