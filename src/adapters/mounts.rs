//! Where file systems are mounted, bind mounts included.
//! It reads the system's table once for each question; it mounts nothing.

use std::path::{Path, PathBuf};

use rustix::fs::Stat;

/// The mount points of this name space.
#[derive(Clone, Debug, Default)]
pub struct Mounts {
    points: Vec<PathBuf>,
}

impl Mounts {
    /// Reads the table of mounts; empty where the system has none to read.
    #[cfg(target_os = "linux")]
    pub fn read() -> Self {
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        Self::parse(&text)
    }

    /// macOS has no table to read without unsafe calls; `at` asks the path itself.
    #[cfg(not(target_os = "linux"))]
    pub fn read() -> Self {
        Self::default()
    }

    #[cfg(any(target_os = "linux", test))]
    fn parse(text: &[u8]) -> Self {
        use std::os::unix::ffi::OsStringExt;
        let points = text
            .split(|&byte| byte == b'\n')
            .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
            .map(|point| PathBuf::from(std::ffi::OsString::from_vec(unescape(point))))
            .collect();
        Self { points }
    }

    /// Tells whether something is mounted at this resolved path.
    pub fn at(&self, path: &Path, stat: &Stat) -> bool {
        if self.points.iter().any(|point| point == path) {
            return true;
        }
        let Some(parent) = path.parent() else {
            return true;
        };
        let above = rustix::fs::statat(rustix::fs::CWD, parent, rustix::fs::AtFlags::empty());
        above.is_ok_and(|above| above.st_dev != stat.st_dev)
    }

    /// Tells whether something is mounted below this resolved path.
    pub fn below(&self, path: &Path) -> bool {
        self.points
            .iter()
            .any(|point| point != path && point.starts_with(path))
    }
}

/// Undoes the octal escapes of the table (`\040` is a blank).
#[cfg(any(target_os = "linux", test))]
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let code = text.get(at + 1..at + 4).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        match code {
            Some(code) if byte == b'\\' => {
                all.push(code);
                at += 4;
            }
            Some(_) | None => {
                all.push(byte);
                at += 1;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_with_their_escapes() {
        let table =
            b"36 35 98:0 / /mnt/my\\040disk rw - ext4 /dev/sda rw\n37 36 0:1 / / rw - x y z\n";
        let mounts = Mounts::parse(table);
        assert!(mounts.below(Path::new("/mnt")));
        assert!(!mounts.below(Path::new("/mnt/my disk")));
        assert!(!mounts.below(Path::new("/home")));
    }
}
