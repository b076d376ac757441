//! Addresses of remote repositories as they may be shown and stored.
//! Where they lead is read elsewhere.

/// Returns the address without its password.
pub fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((account, host)) = authority.rsplit_once('@') else {
        return address.to_owned();
    };
    match account.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}@{host}{path}"),
        // A lone word before `@` may be a token, except where it is the account of an ssh server.
        None if scheme.contains("http") => format!("{scheme}://{host}{path}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_leave_the_address() {
        for (address, shown) in [
            (
                "https://ana:secret@host.example/x.git",
                "https://ana@host.example/x.git",
            ),
            ("https://ghp_token@host.example/x", "https://host.example/x"),
            ("ssh://git@host.example/x", "ssh://git@host.example/x"),
            ("git@host.example:ana/x.git", "git@host.example:ana/x.git"),
            ("/srv/x.git", "/srv/x.git"),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }
}
