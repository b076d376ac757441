//! Names that people read aloud and type: ids of requests and leases.
//! Whether a name is taken is asked by the caller.

use std::fs::File;
use std::io::Read as _;

use super::error::StoreError;
use crate::model::approval::RequestId;

/// Random bytes on Linux and macOS alike.
const SOURCE: &str = "/dev/urandom";

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A longer name is not one of ours.
const LONGEST: usize = 16;

/// Returns a random name of that many characters.
pub fn random(length: usize) -> Result<String, StoreError> {
    let mut bytes = vec![0_u8; length];
    File::open(SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(StoreError::io("read", SOURCE))?;
    Ok(bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect())
}

/// Returns a random name that is not taken: four characters, more after collisions.
pub fn fresh(taken: impl Fn(&str) -> bool) -> Result<String, StoreError> {
    for length in 4..=LONGEST {
        for _ in 0..4 {
            let name = random(length)?;
            if !taken(&name) {
                return Ok(name);
            }
        }
    }
    Err(StoreError::BadName("no free name".to_owned()))
}

/// Returns a random text that makes two records distinct.
///
/// # Errors
/// Fails when the system gives no random bytes.
pub fn nonce() -> Result<String, StoreError> {
    random(26)
}

/// Reads the name of a request as a person types it: any case, O for 0, I and L for 1.
///
/// # Errors
/// Fails when it cannot be such a name.
pub fn request_id(text: &str) -> Result<RequestId, StoreError> {
    clean(text)
        .map(RequestId)
        .ok_or_else(|| StoreError::BadName(text.chars().take(40).collect()))
}

fn clean(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    text.chars()
        .map(|c| match c.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            c if c.is_ascii() && ALPHABET.contains(&(c as u8)) => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_type_them() {
        assert_eq!(request_id(" 7f3k\n").unwrap().0, "7F3K");
        assert_eq!(request_id("OIl0").unwrap().0, "0110");
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        for bad in ["", "../x", "a/b", "7F3U", "é", "00000000000000000"] {
            assert!(request_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn taken_names_lead_to_longer_ones() {
        assert_eq!(fresh(|_| false).unwrap().len(), 4);
        assert!(fresh(|name| name.len() < 6).unwrap().len() >= 6);
    }
}
