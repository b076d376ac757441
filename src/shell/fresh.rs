//! Text that a call invents for itself: process numbers, random numbers, seconds, names out of a generator.
//! It only notes where such text arose; what follows from it is judged elsewhere.

use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece};

use super::unfold::Unfolder;

/// Places that are noted; what is invented further on is like any other unknown text.
const MAX_INVENTED: usize = 256;
/// Bytes of a substitution that are looked through.
const MAX_LOOKED: usize = 512;

/// Variables whose text the shell invents.
const INVENTED: [&str; 5] = [
    "RANDOM",
    "SRANDOM",
    "EPOCHSECONDS",
    "EPOCHREALTIME",
    "BASHPID",
];

/// What is in a substitution that prints something nobody has used before.
const GENERATORS: [&str; 12] = [
    "uuidgen",
    "mktemp",
    "/dev/urandom",
    "/dev/random",
    "kernel/random/uuid",
    "openssl rand",
    "uuid4",
    "token_hex",
    "randomUUID",
    "SecureRandom",
    "RANDOM",
    "$$",
];

impl Unfolder<'_> {
    /// Notes that the text of this place is invented where it stands.
    pub(super) fn invented(&mut self, origin: &Origin) {
        if self.out.invented.len() < MAX_INVENTED {
            self.out.invented.push(origin.clone());
        }
    }

    /// Returns the number of the shell's process: the same wherever one shell says it.
    pub(super) fn process_number(&mut self, origin: &Origin) -> Piece {
        let origin = match &self.process {
            Some(first) => first.clone(),
            None => {
                self.invented(origin);
                self.process = Some(origin.clone());
                origin.clone()
            }
        };
        Piece {
            part: Part::Hole(Hole::Name),
            origin,
        }
    }
}

/// Tells whether a variable holds what the shell invents.
pub(super) fn is_invented(name: &str) -> bool {
    INVENTED.contains(&name)
}

/// Tells whether the text of a substitution prints something new each time.
pub(super) fn invents(text: &str) -> bool {
    let text = text
        .get(..text.floor_char_boundary(MAX_LOOKED))
        .unwrap_or_default();
    !leaves_little(text)
        && (GENERATORS.iter().any(|word| text.contains(word)) || tells_seconds(text))
}

/// Tells whether so little is left of what is new that it may have been there before, or nothing at all.
fn leaves_little(text: &str) -> bool {
    /// Characters, or bytes, by which two names differ for certain.
    const ENOUGH: u32 = 4;
    /// Numbers out of which one is drawn.
    const MANY: u32 = 100;
    let number = |rest: &str| -> Option<u32> {
        let rest = rest.trim_start();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let fewer = |sign: &str, least: u32| {
        let mut parts = text.split(sign).skip(1);
        parts.any(|rest| number(rest).is_some_and(|count| count < least))
    };
    let cut = text.split("cut -c").skip(1).any(|rest| {
        let rest = rest.trim_start();
        let end = rest.strip_prefix("1-").or_else(|| rest.strip_prefix('-'));
        end.and_then(number).is_none_or(|end| end < ENOUGH)
    });
    let counted = text.starts_with("$((") && text.contains(['*', '>', '<', '?', '&', '/', '=']);
    let repeats = [
        "--sha1",
        "--md5",
        "--name",
        "uuidgen -n",
        "uuidgen -m",
        "uuidgen -s",
        "grep",
    ];
    cut || counted
        || repeats.iter().any(|word| text.contains(word))
        || fewer("head -c", ENOUGH)
        || fewer("rand -hex", 2)
        || text.contains("RANDOM") && fewer("%", MANY)
}

/// `date +%s`, `date +%Y%m%d%H%M%S`: a day alone is not new.
fn tells_seconds(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("date ") else {
        return false;
    };
    // The moment of a file, or one that is said, is none of the call's own; seconds cut short are the same for days.
    let said = ["-r", "-d", "--date", "--reference", "cut -c"];
    if said.iter().any(|option| rest.contains(option)) {
        return false;
    }
    let Some((_, format)) = rest.split_once('+') else {
        return false;
    };
    let whole = ["%s", "%N", "%T", "%X", "%c"];
    let parts = ["%H", "%M", "%S"];
    whole.iter().any(|part| format.contains(part)) || parts.iter().all(|part| format.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_and_the_second_are_new_and_a_day_is_not() {
        for text in [
            "$(date +%s)",
            "$(date -u +%Y%m%d%H%M%S)",
            "$(uuidgen | tr -d -)",
            "$(openssl rand -hex 4)",
            "$(head -c 8 /dev/urandom | xxd -p)",
            "$((RANDOM % 1000))",
        ] {
            assert!(invents(text), "{text}");
        }
        for text in [
            "$(date +%Y%m%d)",
            "$(date)",
            "$(hostname)",
            "$(git rev-parse --short HEAD)",
            "$(cat name)",
        ] {
            assert!(!invents(text), "{text}");
        }
    }
}
