//! Addresses of remote repositories: without their passwords, and whether they lie on this machine.
//! Nothing is contacted here.

use std::path::{Path, PathBuf};

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A repository in this machine's file system.
    Path(PathBuf),
    /// A server on this machine.
    Loopback,
    /// Another host, by its name.
    Host(String),
    /// A remote helper or something else that is never started from here.
    Helper(String),
}

impl Place {
    /// Tells whether it may be contacted without asking.
    pub const fn is_near(&self) -> bool {
        matches!(self, Self::Path(_) | Self::Loopback)
    }
}

/// Returns the address by which two clones agree on one repository: no account, no `.git`, links resolved.
pub fn canonical(address: &str, base: &Path) -> String {
    if let Place::Path(path) = place(address, base) {
        let real = std::fs::canonicalize(&path).unwrap_or(path);
        return format!("file://{}", real.display());
    }
    let bare = match address.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let host = authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => address
            .rsplit_once('@')
            .map_or(address, |(_, rest)| rest)
            .to_owned(),
    };
    let bare = bare.trim_end_matches('/');
    bare.strip_suffix(".git").unwrap_or(bare).to_owned()
}

/// Reads an address as git does; a relative path counts from `base`.
pub fn place(address: &str, base: &Path) -> Place {
    if let Some((scheme, rest)) = address.split_once("://") {
        return match scheme {
            "file" => Place::Path(PathBuf::from(
                rest.find('/')
                    .map_or(rest, |at| rest.get(at..).unwrap_or(rest)),
            )),
            "ssh" | "git" | "http" | "https" | "git+ssh" | "ssh+git" => host(rest),
            other => Place::Helper(other.to_owned()),
        };
    }
    if let Some((helper, _)) = address.split_once("::")
        && !helper.is_empty()
        && !helper.contains('/')
        && !helper.starts_with('[')
    {
        return Place::Helper(helper.to_owned());
    }
    // `host:path`, unless a slash comes before the colon or the file is there.
    let colon = address.find(':');
    let slash = address.find('/');
    match colon {
        Some(colon) if slash.is_none_or(|slash| colon < slash) && !base.join(address).exists() => {
            host(address.get(..colon).unwrap_or(address))
        }
        _ => Place::Path(base.join(address)),
    }
}

fn host(rest: &str) -> Place {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let loopback = name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if loopback {
        Place::Loopback
    } else {
        Place::Host(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_near() {
        let base = Path::new("/proj");
        for address in [
            "/srv/x.git",
            "../x.git",
            "file:///srv/x",
            "file://localhost/srv/x",
            "http://127.0.0.1:8080/x",
            "ssh://ana@localhost/x",
            "git://[::1]/x",
            "localhost:x.git",
        ] {
            assert!(place(address, base).is_near(), "{address}");
        }
        for address in [
            "https://host.example/x",
            "git@host.example:x.git",
            "https://127.0.0.1@host.example/x",
            "https://127.0.0.1.host.example/x",
            "ext::sh -c evil",
            "foo://localhost/x",
            "codecommit::eu://x",
        ] {
            assert!(!place(address, base).is_near(), "{address}");
        }
    }

    #[test]
    fn accounts_and_endings_make_no_other_repository() {
        let base = Path::new("/proj");
        assert_eq!(
            canonical("https://ana:x@host.example/x.git", base),
            canonical("https://host.example/x", base)
        );
        assert_ne!(
            canonical("https://host.example/x", base),
            canonical("https://host.example/y", base)
        );
    }
}
