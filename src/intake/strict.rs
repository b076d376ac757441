//! JSON that means one thing only: no key twice, one document, bounded depth.
//! serde_json alone keeps the last of two equal keys without a word; another reader may keep the first.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON value in which no object holds a key twice.
#[derive(Debug)]
pub struct Strict(pub Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let Strict(value) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Reads one strict JSON document; a byte order mark in front is accepted.
///
/// # Errors
/// Returns one sentence, lower case and without full stop.
pub fn document(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("the input is empty".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let Strict(value) = Strict::deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader
        .end()
        .map_err(|_| "text follows after the JSON document".to_owned())?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        let refused = document(br#"{"a":{"command":"ls","command":"rm -rf /"}}"#).unwrap_err();
        assert!(refused.contains("`command` stands twice"), "{refused}");
    }

    #[test]
    fn two_documents_are_refused() {
        assert!(document(b"{} {}").is_err());
    }

    #[test]
    fn a_byte_order_mark_is_accepted() {
        assert!(document(b"\xef\xbb\xbf{}").is_ok());
    }

    #[test]
    fn deep_nesting_and_lone_surrogates_are_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(document(deep.as_bytes()).is_err());
        assert!(document(br#""\ud800""#).is_err());
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(document(b"[1,-2,3.5]").unwrap().to_string(), "[1,-2,3.5]");
    }
}
