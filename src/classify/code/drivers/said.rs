//! Words among the arguments of a request.

use super::super::tokens::Token;

/// Tells whether a string of the arguments is this word, also in parts: `'DEL' + 'ETE'`.
pub(super) fn is_said(tokens: &[Token], wanted: &str) -> bool {
    let mut whole = String::new();
    for (at, token) in tokens.iter().enumerate() {
        let joined = matches!(
            at.checked_sub(1).and_then(|at| tokens.get(at)),
            Some(Token::Sign('+'))
        );
        match token {
            Token::Text { text, .. } if joined => whole.push_str(text),
            Token::Text { text, .. } => whole.clone_from(text),
            Token::Sign('+') => continue,
            _ => whole.clear(),
        }
        if whole.eq_ignore_ascii_case(wanted) {
            return true;
        }
    }
    false
}

/// Tells whether a header of the arguments turns the request into DELETE.
pub(super) fn overrides(tokens: &[Token]) -> bool {
    let headers = [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ];
    headers.iter().any(|header| is_said(tokens, header)) && is_said(tokens, "delete")
}
