//! Says, before anything is touched, what stands in the place of a tree with other content than the backup has.
//! The headers of the archive are compared with what stands there; bytes are compared only when the tree is put back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::contents;
use super::control::Control;
use super::error::{BackupError, ScanError};
use super::pipeline::{Scan, Scanned, read_artefact};
use super::tarball::{Entry as Header, Kind, Parser, Sink};
use super::walk::below;
use crate::model::backup::{Artefact, Entry};
use crate::plan::restore::counted;

/// Largest archive that is read for a plan.
const MAX_BYTES: u64 = 1 << 30;
/// Most names in a plan.
const MAX_NAMES: usize = 20;

/// Returns a sentence for each entry that would be written over, or that stays where `leave` says so.
///
/// # Errors
/// When the archive cannot be read.
pub(super) fn said(
    entry: &Entry,
    artefact: &Artefact,
    (place, leave): (&Path, bool),
    control: &Control,
) -> Result<Vec<String>, BackupError> {
    if artefact.plain_bytes > MAX_BYTES {
        return Ok(vec![
            "what stands there with other content is named when it is done; all of it is saved first"
                .to_owned(),
        ]);
    }
    let scan = Box::new(Standing {
        parser: Parser::default(),
        seen: Seen {
            parent: place.parent().unwrap_or(Path::new("/")).to_path_buf(),
            times: contents::times(entry),
            ..Seen::default()
        },
    });
    let mut found = read_artefact(&entry.folder, artefact, scan, control)?.notes;
    let more = found.len().saturating_sub(MAX_NAMES) as u64;
    found.truncate(MAX_NAMES);
    let becomes = match leave {
        true => "stays as it is",
        false => "is replaced; it is saved first",
    };
    let mut said: Vec<String> = found
        .iter()
        .map(|name| format!("`{name}` stands there with other content and {becomes}"))
        .collect();
    if more > 0 {
        said.push(format!("and {} besides", counted(more, "name")));
    }
    Ok(said)
}

struct Standing {
    parser: Parser,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    parent: PathBuf,
    times: BTreeMap<PathBuf, (i64, u32)>,
    found: Vec<String>,
    /// What stands in the way of everything below it: told once.
    blocked: Vec<PathBuf>,
}

impl Seen {
    fn look(&mut self, header: &Header) {
        let inside = below(Path::new(""), &header.path);
        if self.blocked.iter().any(|one| inside.starts_with(one)) {
            return;
        }
        let place = self.parent.join(&inside);
        let Ok(now) = fs::symlink_metadata(&place) else {
            return;
        };
        let is_folder = header.kind == Kind::Directory;
        if is_folder && now.is_dir() || self.is_alike(header, &inside, &place, &now) {
            return;
        }
        if is_folder {
            self.blocked.push(inside);
        }
        self.found.push(super::tree::word(&header.path));
    }

    fn is_alike(&self, header: &Header, inside: &Path, place: &Path, now: &fs::Metadata) -> bool {
        let kind = match header.kind {
            Kind::File | Kind::HardLink => FileType::RegularFile,
            Kind::Symlink => FileType::Symlink,
            Kind::Char => FileType::CharacterDevice,
            Kind::Block => FileType::BlockDevice,
            Kind::Directory => FileType::Directory,
            Kind::Fifo => FileType::Fifo,
        };
        if FileType::from_raw_mode(now.mode() as rustix::fs::RawMode) != kind {
            return false;
        }
        // The other name of the same file says the rest.
        if header.kind == Kind::HardLink {
            return true;
        }
        let had = self.times.get(inside).copied();
        let had = had.unwrap_or((header.seconds, header.nanos));
        let time = (
            now.mtime(),
            u32::try_from(now.mtime_nsec()).unwrap_or_default(),
        );
        let same = (header.mode & 0o7777, header.uid, header.gid)
            == (now.mode() & 0o7777, now.uid(), now.gid());
        let content = match header.kind {
            Kind::File => header.size == now.len(),
            Kind::Symlink => {
                fs::read_link(place).is_ok_and(|to| to == below(Path::new(""), &header.link))
            }
            _ => true,
        };
        same && content && had == time
    }
}

impl Sink for Seen {
    fn entry(&mut self, entry: Header) -> Result<(), ScanError> {
        self.look(&entry);
        Ok(())
    }

    fn data(&mut self, _offset: u64, _bytes: &[u8]) -> Result<(), ScanError> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), ScanError> {
        Ok(())
    }
}

impl Scan for Standing {
    fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError> {
        self.parser.feed(plain, &mut self.seen)
    }

    fn finish(self: Box<Self>) -> Result<Scanned, ScanError> {
        self.parser.finish()?;
        Ok(Scanned {
            contents: Vec::new(),
            contents_total: 0,
            notes: self.seen.found,
        })
    }
}
