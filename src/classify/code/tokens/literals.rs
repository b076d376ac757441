//! Lists as Go, Java and C# write them: `[]string{"a"}`, `new String[]{"a"}`, `= {"a"}` become `["a"]`.
//! Types are thrown away; what stands in the braces stays where it is.

use super::Token;

/// Tokens that a type may have before its brace.
const MAX_TYPE: usize = 6;

/// Writes lists of typed literals as plain lists.
pub(super) fn flattened(tokens: Vec<(Token, usize)>) -> Vec<(Token, usize)> {
    let mut all = Vec::with_capacity(tokens.len());
    let mut braces = Vec::new();
    let mut at = 0;
    while let Some((token, start)) = tokens.get(at) {
        let brace = opens(&tokens, at);
        if let Some(brace) = brace {
            let place = tokens.get(brace).map_or(*start, |(_, start)| *start);
            all.push((Token::Sign('['), place));
            braces.push(true);
            at = brace + 1;
            continue;
        }
        let token = match token {
            Token::Sign('{') => {
                braces.push(false);
                token.clone()
            }
            Token::Sign('}') if braces.pop() == Some(true) => Token::Sign(']'),
            token => token.clone(),
        };
        all.push((token, *start));
        at += 1;
    }
    all
}

/// Returns the brace of a list that begins here.
fn opens(tokens: &[(Token, usize)], at: usize) -> Option<usize> {
    let sign = |at: usize, wanted: char| matches!(tokens.get(at), Some((Token::Sign(sign), _)) if *sign == wanted);
    let name = |at: usize| match tokens.get(at) {
        Some((Token::Name { name, .. }, _)) => Some(name.as_str()),
        _ => None,
    };
    if sign(at, '[') {
        // `[]string{`, `[...]string{`, `[2]*File{`.
        let close = (at + 1..at + MAX_TYPE).find(|at| sign(*at, ']'))?;
        let plain = (at + 1..close).all(|at| sign(at, '.') || name(at).is_some());
        let kind = close + 1 + usize::from(sign(close + 1, '*'));
        return (plain && name(kind).is_some() && sign(kind + 1, '{')).then_some(kind + 1);
    }
    if name(at) == Some("new") {
        // `new String[] {`.
        name(at + 1)?;
        let listed = sign(at + 2, '[') && sign(at + 3, ']') && sign(at + 4, '{');
        return listed.then_some(at + 4);
    }
    let text = |at: usize| matches!(tokens.get(at), Some((Token::Text { .. }, _)));
    // `String[] all = {"a", "b"}`.
    let before = at.checked_sub(1).is_some_and(|at| sign(at, '='));
    (before && sign(at, '{') && text(at + 1) && (sign(at + 2, ',') || sign(at + 2, '}')))
        .then_some(at)
}

#[cfg(test)]
mod tests {
    use super::super::{Language, Token, placed};

    fn signs(text: &str) -> String {
        let tokens = placed(text, Language::Compiled);
        let sign = |token: &(Token, usize)| match &token.0 {
            Token::Sign(sign) => Some(*sign),
            Token::Text { .. } => Some('"'),
            Token::Name { .. } => Some('n'),
            Token::Line => None,
        };
        tokens.iter().filter_map(sign).collect()
    }

    #[test]
    fn typed_lists_are_plain_lists() {
        assert_eq!(signs(r#"x := []string{"a", "b"}"#), "n:=[\",\"]");
        assert_eq!(signs(r#"new String[]{"a"}"#), "[\"]");
        assert_eq!(signs(r#"String[] x = {"a", "b"};"#), "n[]n=[\",\"];");
        assert_eq!(signs(r#"func main() { f("a") }"#), "nn(){n(\")}");
        assert_eq!(
            signs(r#"for _, d := range []string{"a"} { f(d) }"#),
            "nn,n:=n[\"]{n(n)}"
        );
    }
}
