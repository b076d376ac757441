//! File names are bytes, and the pure rooms work on text: a byte that is no UTF-8 is carried as a private character, U+10FF00 plus the byte.
//! Paths are changed into that form where the world answers, and back where it is asked; nothing here looks at a file.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The character of byte 0; only bytes of 0x80 and above are ever carried.
const BASE: u32 = 0x0010_FF00;

/// Returns the byte that a character stands for.
pub fn byte(c: char) -> Option<u8> {
    let code = u32::from(c).checked_sub(BASE)?;
    u8::try_from(code).ok().filter(|byte| *byte >= 0x80)
}

/// Tells whether a text holds a character that stands for a byte.
pub fn carries(text: &str) -> bool {
    // Each of them starts with this byte in UTF-8, and hardly any other text does.
    text.as_bytes().contains(&0xF4) && text.chars().any(|c| byte(c).is_some())
}

/// Returns bytes as text, each one that is no UTF-8 as its character.
pub fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if byte(c).is_some() {
                carry(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                out.push(c);
            }
        }
        carry(&mut out, chunk.invalid());
    }
    out
}

fn carry(out: &mut String, bytes: &[u8]) {
    out.extend(
        bytes
            .iter()
            .filter_map(|byte| char::from_u32(BASE + u32::from(*byte))),
    );
}

/// Returns the bytes that a text stands for.
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !carries(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// Returns the path as the world knows it.
pub fn real(path: &Path) -> Cow<'_, Path> {
    match path.to_str() {
        Some(text) if carries(text) => {
            Cow::Owned(PathBuf::from(OsString::from_vec(bytes(text).into_owned())))
        }
        _ => Cow::Borrowed(path),
    }
}

/// Returns a path of the world as the pure rooms carry it.
pub fn carried(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(plain) if !carries(plain) => path,
        _ => PathBuf::from(shown(path.as_os_str())),
    }
}

/// Returns a name of the world as text that loses nothing.
pub fn shown(name: &OsStr) -> String {
    text(name.as_bytes())
}

/// Paths on disk: text that loses nothing.
pub mod path {
    use super::{Path, PathBuf, carried, real};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes a path of the world as text.
    ///
    /// # Errors
    /// As the writer's.
    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        carried(path.to_path_buf()).serialize(serializer)
    }

    /// Reads it back.
    ///
    /// # Errors
    /// As the reader's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Ok(real(&PathBuf::deserialize(deserializer)?).into_owned())
    }
}

/// Several paths on disk.
pub mod paths {
    use super::{PathBuf, carried, real};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes paths of the world as texts.
    ///
    /// # Errors
    /// As the writer's.
    pub fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().map(|path| carried(path.clone())))
    }

    /// Reads them back.
    ///
    /// # Errors
    /// As the reader's.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PathBuf>, D::Error> {
        let paths = Vec::<PathBuf>::deserialize(deserializer)?;
        Ok(paths.iter().map(|path| real(path).into_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_byte_by_byte() {
        let mut names: Vec<Vec<u8>> = (1..=255_u8).map(|byte| vec![b'a', byte, b'z']).collect();
        names.push("gr\u{fc}n".as_bytes().to_vec());
        names.push("\u{10FFFF}\u{10FF80}".as_bytes().to_vec());
        names.push(b"\xc3\x28\xf0\x9f\xff".to_vec());
        for name in names {
            let text = text(&name);
            assert_eq!(bytes(&text).as_ref(), name.as_slice(), "{name:?}");
            let path = PathBuf::from(OsString::from_vec(name));
            assert_eq!(real(&carried(path.clone())), path);
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for plain in ["", "a b", "gr\u{fc}n", "\u{10FF7F}", "\u{F0000}"] {
            assert!(!carries(plain));
            assert_eq!(text(plain.as_bytes()), plain);
        }
    }

    #[test]
    fn two_halves_of_a_character_make_the_character() {
        let text = format!("{}{}", text(b"\xc3"), text(b"\xa9"));
        assert_eq!(bytes(&text).as_ref(), "\u{e9}".as_bytes());
    }
}
