//! Looks a password up in the owner's password file, by the rules of the PostgreSQL client library.
//! It reads one file and keeps nothing.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::model::secret::Secret;

/// A password file of more than this is not one.
const LIMIT: u64 = 1 << 20;

/// Whose password is looked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Host name; `localhost` for the usual socket folder.
    pub host: &'a str,
    pub port: u16,
    pub database: &'a str,
    pub user: &'a str,
}

/// Returns the first password that fits; a file that others may read is ignored, as the client library does.
pub fn look_up(path: &Path, wanted: &Wanted<'_>) -> Option<Secret> {
    let file = std::fs::File::open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() || about.mode() & 0o077 != 0 || about.len() > LIMIT {
        return None;
    }
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text).ok()?;
    find(&text, wanted)
}

fn find(text: &str, wanted: &Wanted<'_>) -> Option<Secret> {
    let port = wanted.port.to_string();
    let keys = [wanted.host, &port, wanted.database, wanted.user];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = fields(line);
            let (password, rest) = fields.split_last()?;
            let fits = rest.len() == keys.len()
                && rest
                    .iter()
                    .zip(keys)
                    .all(|(field, key)| field.raw_star || field.text == key);
            (fits && !password.text.is_empty()).then(|| Secret::new(password.text.clone()))
        })
}

#[derive(Default)]
struct Field {
    text: String,
    raw_star: bool,
}

/// Splits at colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<Field> {
    let mut all = vec![Field::default()];
    let mut chars = line.chars();
    let mut escaped = false;
    while let Some(one) = chars.next() {
        let last = all.len() == 5;
        match (one, all.last_mut()) {
            (':', _) if !last => {
                all.push(Field::default());
                escaped = false;
            }
            (one, Some(field)) => {
                let taken = if one == '\\' {
                    escaped = true;
                    chars.next().unwrap_or('\\')
                } else {
                    one
                };
                field.text.push(taken);
                field.raw_star = field.text == "*" && !escaped;
            }
            (_, None) => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted {
        host: "db",
        port: 5432,
        database: "shop",
        user: "ann",
    };

    fn password(text: &str) -> Option<String> {
        find(text, &WANTED).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        assert_eq!(
            password("other:5432:shop:ann:no\n*:*:shop:ann:first\n*:*:*:*:second").as_deref(),
            Some("first")
        );
        assert_eq!(password("db:5433:shop:ann:no"), None);
    }

    #[test]
    fn escapes_and_colons_in_the_password_are_kept() {
        assert_eq!(
            password(r"db:5432:shop:ann:a\:b\\c").as_deref(),
            Some(r"a:b\c")
        );
        assert_eq!(password(r"\*:5432:shop:ann:no"), None);
        assert_eq!(password("# db:5432:shop:ann:no"), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pgpass");
        std::fs::write(&path, "*:*:*:*:secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(look_up(&path, &WANTED).is_none());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(look_up(&path, &WANTED).is_some());
    }
}
