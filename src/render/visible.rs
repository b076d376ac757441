//! Makes text from commands fit to be shown: control, bidirectional and invisible characters become escapes.
//! It hides no secrets; `redact` does.

/// Returns the text with every character that could mislead a reader written as an escape.
///
/// ```
/// use backstop::render::visible::visible;
/// assert_eq!(visible("a\u{202e}b\n"), "a\\u{202e}b\\n");
/// ```
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(byte) = crate::model::name::byte(c) {
            out.extend(['\\', 'x']);
            out.extend(char::from_digit(u32::from(byte >> 4), 16));
            out.extend(char::from_digit(u32::from(byte & 15), 16));
        } else if is_misleading(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, bidirectional marks and overrides, zero-width and other invisible characters.
fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
