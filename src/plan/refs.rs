//! What one line of a reference transaction means, as values.
//! It asks no repository; which refs are protected is the policy's word.

/// What a ref is said to hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// All zeros: as a new value "gone", as an old one "not said".
    Zeros,
    /// An object, as lower-case hex of 40 or 64 digits.
    Object(String),
    /// A symbolic ref with the name it points to.
    Symbolic(Vec<u8>),
}

impl Value {
    fn read(text: &[u8]) -> Option<Self> {
        if let Some(target) = text.strip_prefix(b"ref:") {
            return Some(Self::Symbolic(target.to_vec()));
        }
        let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if !matches!(text.len(), 40 | 64) || !text.iter().all(is_hex) {
            return None;
        }
        if text.iter().all(|byte| *byte == b'0') {
            return Some(Self::Zeros);
        }
        Some(Self::Object(String::from_utf8(text.to_vec()).ok()?))
    }
}

/// One line of a reference transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub old: Value,
    pub new: Value,
    /// Full name of the ref; any bytes but white space and control characters.
    pub name: Vec<u8>,
}

impl Update {
    /// Reads `OLD SP NEW SP NAME`; nothing when it is no such line.
    pub fn read(line: &[u8]) -> Option<Self> {
        let mut parts = line.splitn(3, |byte| *byte == b' ');
        let (old, new, name) = (parts.next()?, parts.next()?, parts.next()?);
        if name.is_empty() {
            return None;
        }
        Some(Self {
            old: Value::read(old)?,
            new: Value::read(new)?,
            name: name.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_not_be_text_but_have_to_be_there() {
        let line = |name: &[u8]| {
            let ids = format!("{} {} ", "0".repeat(40), "a".repeat(40));
            Update::read(&[ids.as_bytes(), name].concat())
        };
        assert_eq!(
            line(b"refs/tags/caf\xe9").unwrap().name,
            b"refs/tags/caf\xe9"
        );
        assert_eq!(line(b""), None);
    }

    #[test]
    fn lines_are_read_in_both_object_formats() {
        for digits in [40, 64] {
            let line = format!(
                "{} {} refs/heads/main",
                "0".repeat(digits),
                "c".repeat(digits)
            );
            let update = Update::read(line.as_bytes()).unwrap();
            assert_eq!(
                (update.old, update.new),
                (Value::Zeros, Value::Object("c".repeat(digits)))
            );
            assert_eq!(update.name, b"refs/heads/main");
        }
        let line = format!("{} ref:refs/heads/x HEAD", "0".repeat(40));
        assert_eq!(
            Update::read(line.as_bytes()).unwrap().new,
            Value::Symbolic(b"refs/heads/x".to_vec())
        );
        for bad in ["", "a b c", "0000 1111 refs/heads/main"] {
            assert_eq!(Update::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
