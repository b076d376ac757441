//! Calls of MongoDB's shell behind `.explain()`, which says how they would run and runs nothing.
//! It renames them, so that the rules over the text of a script see a call of another name.

use std::borrow::Cow;

use crate::model::word::Word;

/// Returns the words of a command in which no explained call goes by its own name.
pub(super) fn spared(words: &[Word]) -> Cow<'_, [Word]> {
    let asks = |word: &Word| word.prefix().contains(".explain(");
    let shell = words
        .first()
        .and_then(Word::text)
        .is_some_and(|name| matches!(name.rsplit('/').next(), Some("mongosh" | "mongo")));
    if !shell || !words.iter().any(asks) {
        return Cow::Borrowed(words);
    }
    let mut all = words.to_vec();
    for word in all.iter_mut().filter(|word| asks(word)) {
        if let Some(text) = word.text() {
            *word = Word::literal(renamed(&text), word.origin.clone());
        }
    }
    Cow::Owned(all)
}

fn renamed(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(".explain(") {
        all.push_str(before);
        all.push_str(".explain(");
        // Its argument is a word or a small document without parentheses.
        let (argument, behind) = after.split_once(')').unwrap_or((after, ""));
        all.push_str(argument);
        all.push(')');
        rest = behind;
        if let Some(call) = behind.trim_start().strip_prefix('.') {
            all.push_str(".explained");
            rest = call.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        }
    }
    all.push_str(rest);
    all
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn only_the_call_behind_explain_is_renamed() {
        assert_eq!(
            renamed("db.a.explain('x').remove({}); db.a.remove({})"),
            "db.a.explain('x').explained({}); db.a.remove({})"
        );
        assert_eq!(renamed("db.a.find().explain()"), "db.a.find().explain()");
    }
}
