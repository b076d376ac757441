//! What a Windows path is by its words: a drive's root, the system, an account, a temporary place, a tree, a file.
//! Such a path lies on another system, so nothing is asked about it.

use std::path::Path;

use crate::classify::Context;
use crate::classify::files::kinds::{self, Guarded};
use crate::classify::files::report::Loss;
use crate::model::span::Origin;
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::{Hole, Part, Piece, Word};

/// Stands for text that is not known inside a path.
const UNKNOWN: char = '\u{FFFC}';

/// Why a Windows path is not looked at.
pub const ELSEWHERE: &str = "the path is on another system";

/// Variables that only Windows sets.
const VARIABLES: &[&str] = &[
    "TEMP",
    "TMP",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "SYSTEMROOT",
    "WINDIR",
    "SYSTEMDRIVE",
    "HOMEDRIVE",
    "HOMEPATH",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "PROGRAMDATA",
    "ALLUSERSPROFILE",
    "PUBLIC",
    "ONEDRIVE",
];

/// Variables whose whole value is the system or an account.
const WIPES: &[&str] = &[
    "%userprofile%",
    "%appdata%",
    "%localappdata%",
    "%systemroot%",
    "%windir%",
    "%systemdrive%",
    "%homedrive%",
    "%homepath%",
    "%homedrive%%homepath%",
    "%programfiles%",
    "%programfiles(x86)%",
    "%programw6432%",
    "%programdata%",
    "%allusersprofile%",
    "%public%",
    "%onedrive%",
    "%home%",
    "~",
    "%systemroot%\\system32",
    "%windir%\\system32",
];

/// Folders right below a drive's root that are the system.
const SYSTEM: &[&str] = &[
    "windows",
    "users",
    "program files",
    "program files (x86)",
    "programdata",
    "documents and settings",
    "boot",
    "efi",
    "recovery",
    "system volume information",
    "windows\\system32",
    "windows\\syswow64",
    "windows\\system32\\config",
    "windows\\system32\\drivers",
    "windows\\winsxs",
    "inetpub",
];

/// Where an operand lies.
#[derive(Debug)]
pub enum Spot {
    /// A path as this machine writes them.
    Posix(Word),
    Registry(String),
    /// A drive of PowerShell that holds nothing that lasts (`Env:`, `Alias:`, `Function:`).
    Session,
    /// A path of Windows, in lower case with `\`.
    Windows {
        text: String,
        shown: String,
    },
}

/// Tells where an operand lies; in cmd every path is one of Windows.
pub fn spot(word: &Word, in_cmd: bool, context: &Context<'_>) -> Spot {
    if is_profile(word) {
        let home = context.scene.home.as_ref().and_then(|home| home.to_str());
        let home = home.unwrap_or("/root");
        let file = format!("{home}/.config/powershell/profile.ps1");
        return Spot::Posix(Word::literal(file, word.origin.clone()));
    }
    let shown = readable(word);
    let bare = without_provider(shown.trim_matches('"'));
    let lower = bare.to_lowercase();
    if is_registry(&lower) {
        return Spot::Registry(bare.to_owned());
    }
    let session = ["env:", "alias:", "function:", "variable:"];
    if session.iter().any(|drive| lower.starts_with(drive)) {
        return Spot::Session;
    }
    let mut letters = lower.chars();
    let drive =
        letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    let variable = word.pieces.iter().any(|piece| {
        matches!(&piece.part, Part::Hole(Hole::Inherited(name)) if VARIABLES.contains(&name.to_uppercase().as_str()))
    });
    if !(in_cmd || drive || variable || bare.contains('\\')) {
        return Spot::Posix(at_home(word, context));
    }
    Spot::Windows {
        text: normal(&lower),
        shown: shown.replace(UNKNOWN, "$?"),
    }
}

/// `$PROFILE`, `$PROFILE.CurrentUserAllHosts`: the start-up file of the shell itself.
fn is_profile(word: &Word) -> bool {
    matches!(
        word.pieces.as_slice(),
        [Piece { part: Part::Hole(Hole::Inherited(name)), .. }] if name == "PROFILE"
    )
}

/// PowerShell reads a leading tilde itself, and knows its home.
fn at_home(word: &Word, context: &Context<'_>) -> Word {
    let Some(home) = context.scene.home.as_ref().and_then(|home| home.to_str()) else {
        return word.clone();
    };
    let prefix = word.prefix();
    let tilde = prefix == "~" || prefix.starts_with("~/");
    let mut out = if tilde {
        crate::classify::files::cut(word, 1)
    } else {
        word.clone()
    };
    let known = |origin: &Origin| Piece {
        part: Part::Literal(home.to_owned()),
        origin: origin.clone(),
    };
    for piece in &mut out.pieces {
        if matches!(&piece.part, Part::Hole(Hole::Inherited(name)) if name == "HOME") {
            *piece = known(&piece.origin);
        }
    }
    if tilde {
        out.pieces.insert(0, known(&word.origin));
    }
    out
}

fn readable(word: &Word) -> String {
    let mut all = String::new();
    for piece in &word.pieces {
        match &piece.part {
            Part::Literal(text) | Part::Glob(text) => all.push_str(text),
            Part::Hole(Hole::Inherited(name)) => {
                all.push('%');
                all.push_str(name);
                all.push('%');
            }
            Part::Hole(_) => all.push(UNKNOWN),
        }
    }
    all
}

fn without_provider(text: &str) -> &str {
    let text = match text.find("::") {
        Some(at)
            if text
                .get(..at)
                .is_some_and(|head| head.to_lowercase().ends_with("filesystem")) =>
        {
            text.get(at + 2..).unwrap_or(text)
        }
        _ => text,
    };
    text.strip_prefix("\\\\?\\").unwrap_or(text)
}

fn is_registry(lower: &str) -> bool {
    let lower = lower
        .strip_prefix("microsoft.powershell.core\\")
        .unwrap_or(lower);
    ["hklm:", "hkcu:", "hkcr:", "hku:", "hkcc:", "registry::"]
        .iter()
        .any(|drive| lower.starts_with(drive))
}

/// Resolves `.` and `..` and writes every separator as `\`.
fn normal(lower: &str) -> String {
    let text = lower.replace('/', "\\");
    let lead = if text.starts_with("\\\\") {
        "\\\\"
    } else if text.starts_with('\\') {
        "\\"
    } else {
        ""
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('\\') {
        match part {
            "" | "." => {}
            ".." if parts
                .last()
                .is_some_and(|last| *last != ".." && !last.ends_with(':')) =>
            {
                parts.pop();
            }
            ".." if parts.last().is_some_and(|last| last.ends_with(':')) => {}
            other => parts.push(other),
        }
    }
    format!("{lead}{}", parts.join("\\"))
}

/// How much of a place goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reachout {
    pub recursive: bool,
    /// Only what has certain names.
    pub narrowed: bool,
}

/// Returns the loss when what lies at a Windows path is removed.
pub fn removed(text: &str, shown: &str, how: Reachout, context: &Context<'_>) -> Option<Loss> {
    let target = path(shown);
    let (dir, last) = split(text);
    let all = matches!(last, "*" | "*.*");
    let whole = if all { dir } else { text };
    if let Some(reason) = harmless(text, context) {
        return Some(Loss::new("windows.remove-tree", target).exempt(reason));
    }
    if is_wipe(whole) {
        let rule = match how {
            Reachout { narrowed: true, .. } => "windows.remove-tree",
            Reachout {
                recursive: true, ..
            } => "windows.wipe",
            Reachout { .. } if all => "windows.remove-tree",
            Reachout { .. } => "windows.remove-file",
        };
        return Some(Loss::new(rule, target));
    }
    if whole.chars().all(|c| c == UNKNOWN || c == '\\' || c == '*') && whole.contains(UNKNOWN) {
        let rule = if how.recursive {
            "windows.remove-unknown"
        } else {
            "windows.remove-file"
        };
        return Some(Loss::new(rule, target).opaque());
    }
    let loss = if how.recursive || all {
        Loss::new("windows.remove-tree", target)
    } else if let Some(kind) = guarded(text) {
        Loss::new("windows.remove-guarded", target).line(format!("{} by its name", kind.name()))
    } else {
        Loss::new("windows.remove-file", target)
    };
    Some(if text.contains(UNKNOWN) {
        loss.opaque()
    } else {
        loss
    })
}

/// Returns the loss when the file at a Windows path is written over; only guarded kinds count.
pub fn overwritten(text: &str, shown: &str, context: &Context<'_>) -> Option<Loss> {
    if harmless(text, context).is_some() {
        return None;
    }
    let kind = guarded(text)?;
    Some(Loss::new("windows.overwrite", path(shown)).line(format!("{} by its name", kind.name())))
}

/// Judges a file whose content goes while its name stays.
pub fn emptied(text: &str, shown: &str, context: &Context<'_>) -> Option<Loss> {
    let (_, name) = split(text);
    if harmless(text, context).is_some() || crate::classify::files::kinds::is_log(name) {
        return None;
    }
    overwritten(text, shown, context)
        .or_else(|| Some(Loss::new("windows.remove-file", path(shown))))
}

/// Tells whether a file is a backup by its name; making one is no loss.
pub fn is_backup(text: &str) -> bool {
    guarded(text) == Some(Guarded::Backup)
}

/// Returns the target for a path of another system.
pub fn path(shown: &str) -> Target {
    Target {
        kind: TargetKind::Path,
        locator: shown.to_owned(),
        object: None,
        reach: Reach::Unreachable(ELSEWHERE.to_owned()),
    }
}

fn split(text: &str) -> (&str, &str) {
    text.rsplit_once('\\').unwrap_or(("", text))
}

/// Tells whether a path is a temporary place of Windows, or lies in one.
pub fn is_temporary(text: &str) -> bool {
    const HEADS: &[&str] = &[
        "%temp%\\",
        "%tmp%\\",
        "%runner_temp%\\",
        "%localappdata%\\temp\\",
        "%systemroot%\\temp\\",
        "%windir%\\temp\\",
        "%userprofile%\\appdata\\local\\temp\\",
    ];
    if text.contains("..") {
        return false;
    }
    let text = format!("{}\\", text.trim_end_matches('\\'));
    let below = without_drive(&text).unwrap_or_default();
    HEADS.iter().any(|head| text.starts_with(head))
        || ["temp\\", "tmp\\", "windows\\temp\\"]
            .iter()
            .any(|head| below.starts_with(head))
        || below.contains("\\appdata\\local\\temp\\")
}

/// Returns why nothing is lost: a temporary place, or output that comes back.
fn harmless(text: &str, context: &Context<'_>) -> Option<&'static str> {
    if text.contains("..") {
        return None;
    }
    // The folder itself is not its content.
    let inside = text.trim_end_matches('\\').rsplit_once('\\');
    if inside.is_some_and(|(folder, _)| is_temporary(folder)) {
        return Some("it lies in a temporary place");
    }
    let mut parts = text.split('\\');
    let regenerable = |part: &str| kinds::is_regenerable_name(part, context.regenerable);
    parts
        .any(regenerable)
        .then_some("its name says that it is made again")
}

fn without_drive(text: &str) -> Option<&str> {
    let mut letters = text.chars();
    let letter = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    (letter && letters.next() == Some(':'))
        .then(|| text.get(2..).unwrap_or_default().trim_start_matches('\\'))
}

fn is_wipe(text: &str) -> bool {
    if matches!(text, "\\") || WIPES.contains(&text) {
        return true;
    }
    let below = match without_drive(text) {
        Some(below) => below,
        None => match text
            .strip_prefix("%systemdrive%\\")
            .or_else(|| text.strip_prefix('\\'))
        {
            Some(below) if !below.starts_with('\\') => below,
            _ => return false,
        },
    };
    let account = below
        .strip_prefix("users\\")
        .is_some_and(|name| !name.is_empty() && !name.contains('\\'));
    below.is_empty() || account || SYSTEM.contains(&below)
}

fn guarded(text: &str) -> Option<Guarded> {
    const FILES: &[&str] = &[
        ".pst", ".ost", ".vhd", ".vhdx", ".vmdk", ".vdi", ".avhdx", ".dit",
    ];
    if FILES.iter().any(|end| text.ends_with(end)) {
        return Some(Guarded::Database);
    }
    let below = without_drive(text).unwrap_or(text);
    let system = [
        "windows\\",
        "%systemroot%\\",
        "%windir%\\",
        "boot\\",
        "efi\\",
    ];
    if system.iter().any(|head| below.starts_with(head)) {
        return Some(Guarded::System);
    }
    kinds::guarded(Path::new(&text.replace('\\', "/")), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::Bench;

    fn rule(text: &str, recursive: bool) -> Option<String> {
        let bench = Bench::assumed();
        let how = Reachout {
            recursive,
            narrowed: false,
        };
        let loss = removed(&normal(text), text, how, &bench.context())?;
        loss.exempt.is_none().then(|| loss.rule.to_owned())
    }

    #[test]
    fn roots_systems_and_accounts_are_wiped_and_what_lies_in_them_is_a_tree() {
        for text in [
            "c:\\",
            "c:",
            "d:\\*",
            "c:\\windows",
            "c:/users/",
            "c:\\users\\ann",
            "\\",
            "%userprofile%",
            "c:\\x\\..\\windows",
        ] {
            assert_eq!(rule(text, true).as_deref(), Some("windows.wipe"), "{text}");
        }
        for text in [
            "c:\\data",
            "c:\\users\\ann\\documents",
            "\\\\host\\share\\x",
            "..\\data",
            "*",
        ] {
            assert_eq!(
                rule(text, true).as_deref(),
                Some("windows.remove-tree"),
                "{text}"
            );
        }
    }

    #[test]
    fn temporary_places_and_regenerable_names_are_no_loss_unless_the_path_leads_out() {
        for text in [
            "%temp%\\x",
            "%temp%\\*",
            "c:\\windows\\temp\\a",
            "c:\\app\\node_modules",
            "c:\\users\\a\\appdata\\local\\temp\\x",
        ] {
            assert_eq!(rule(text, true), None, "{text}");
        }
        assert_eq!(
            rule("%temp%\\..\\..\\x", true).as_deref(),
            Some("windows.remove-tree")
        );
    }

    #[test]
    fn one_file_is_small_unless_its_kind_is_guarded() {
        assert_eq!(
            rule("c:\\a.txt", false).as_deref(),
            Some("windows.remove-file")
        );
        assert_eq!(
            rule("c:\\app.db", false).as_deref(),
            Some("windows.remove-guarded")
        );
        assert_eq!(
            rule("c:\\vm\\disk.vhdx", false).as_deref(),
            Some("windows.remove-guarded")
        );
        assert_eq!(
            rule("c:\\data\\*.*", false).as_deref(),
            Some("windows.remove-tree")
        );
    }
}
