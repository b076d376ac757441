//! Reads PostgreSQL connection texts: URLs, `key=value` strings and plain database names, as libpq does.
//! It connects to nothing; a service file is read where its text is given.

/// The parts that a connection text gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::classify) struct Conninfo {
    pub host: Option<String>,
    pub port: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
    pub database: Option<String>,
    pub service: Option<String>,
}

impl Conninfo {
    /// Takes every part that `other` gives; the last one given wins.
    pub fn take(&mut self, other: Self) {
        let set = |mine: &mut Option<String>, theirs: Option<String>| {
            if theirs.is_some() {
                *mine = theirs;
            }
        };
        set(&mut self.host, other.host);
        set(&mut self.port, other.port);
        set(&mut self.user, other.user);
        set(&mut self.password, other.password);
        set(&mut self.database, other.database);
        set(&mut self.service, other.service);
    }

    fn set(&mut self, key: &str, value: String) {
        match key {
            "host" if self.host.is_none() => self.host = Some(value),
            "hostaddr" => self.host = Some(value),
            "port" => self.port = Some(value),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "service" => self.service = Some(value),
            _ => {}
        }
    }
}

/// Reads what stands where psql expects a database: a name, a URL or `key=value` pairs.
pub(in crate::classify) fn read(text: &str) -> Conninfo {
    let url = [
        "postgresql://",
        "postgres://",
        "cockroachdb://",
        "pg://",
        "pgsql://",
    ]
    .iter()
    .find_map(|scheme| text.strip_prefix(scheme));
    if let Some(rest) = url {
        read_url(rest)
    } else if text.contains('=') {
        read_pairs(text)
    } else {
        Conninfo {
            database: Some(text.to_owned()).filter(|name| !name.is_empty()),
            ..Conninfo::default()
        }
    }
}

/// Reads one section of a service file; nothing where it has none of that name.
pub(in crate::classify) fn service(file: &str, name: &str) -> Option<Conninfo> {
    let mut found: Option<Conninfo> = None;
    for line in file.lines().map(str::trim) {
        let header = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        match (header, &mut found) {
            (Some(_), Some(_)) => break,
            (Some(header), None) if header == name => found = Some(Conninfo::default()),
            (None, Some(all)) if !line.starts_with('#') => {
                if let Some((key, value)) = line.split_once('=') {
                    all.set(key.trim(), value.trim().to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

fn read_url(rest: &str) -> Conninfo {
    let mut all = Conninfo::default();
    let (main, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = main.split_once('/').unwrap_or((main, ""));
    let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let given = |text: &str| Some(decoded(text)).filter(|text| !text.is_empty());
    all.user = given(user);
    all.password = given(password);
    all.database = given(path);
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = split_host(host);
        names.push(decoded(name));
        ports.push(port.to_owned());
    }
    all.host = Some(names.join(",")).filter(|host| !host.is_empty());
    all.port = ports.first().cloned().filter(|port| !port.is_empty());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if matches!(key, "host" | "hostaddr") {
            all.host = None;
        }
        all.set(key, decoded(value));
    }
    all
}

/// `[::1]:5432`, `name:5432`, `name`.
fn split_host(host: &str) -> (&str, &str) {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (name, port.trim_start_matches(':'));
    }
    host.rsplit_once(':').unwrap_or((host, ""))
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let code = (*byte == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                out.push(code);
                index += 3;
            }
            None => {
                out.push(*byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `host=x dbname='my db'`, with backslash escapes.
fn read_pairs(text: &str) -> Conninfo {
    let mut all = Conninfo::default();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|char| char.is_whitespace()).is_some() {}
        let mut key = String::new();
        while let Some(char) = chars.next_if(|char| *char != '=') {
            key.push(char);
        }
        if chars.next().is_none() {
            return all;
        }
        while chars.next_if(|char| char.is_whitespace()).is_some() {}
        let quoted = chars.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        while let Some(char) = chars.next() {
            match char {
                '\\' => value.extend(chars.next()),
                '\'' if quoted => break,
                char if !quoted && char.is_whitespace() => break,
                char => value.push(char),
            }
        }
        all.set(key.trim(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_of_a_service_file_is_read() {
        let file = "# mine\n[other]\nhost=elsewhere\n\n[mine]\nhost=/run/pg\n# port=1\nport = 5433\ndbname=shop\n[last]\nuser=x\n";
        let mine = service(file, "mine").expect("it is there");
        assert_eq!(mine.host.as_deref(), Some("/run/pg"));
        assert_eq!(mine.port.as_deref(), Some("5433"));
        assert_eq!(mine.database.as_deref(), Some("shop"));
        assert_eq!(mine.user, None);
        assert_eq!(service(file, "none"), None);
    }

    #[test]
    fn urls_pairs_and_names_are_read() {
        let url = read("postgresql://me:p%40ss@db.example:5433/my%20shop?sslmode=require");
        assert_eq!(url.host.as_deref(), Some("db.example"));
        assert_eq!(url.port.as_deref(), Some("5433"));
        assert_eq!(url.user.as_deref(), Some("me"));
        assert_eq!(url.password.as_deref(), Some("p@ss"));
        assert_eq!(url.database.as_deref(), Some("my shop"));
        let socket = read("postgres:///shop?host=%2Frun%2Fpg&port=5433");
        assert_eq!(socket.host.as_deref(), Some("/run/pg"));
        assert_eq!(socket.database.as_deref(), Some("shop"));
        assert_eq!(read("postgres://[::1]:1/x").host.as_deref(), Some("::1"));
        assert_eq!(read("postgres://a:1,b:2/x").host.as_deref(), Some("a,b"));
        let pairs = read("host=h port = 6 dbname='my \\'db' user=u");
        assert_eq!(pairs.database.as_deref(), Some("my 'db"));
        assert_eq!(pairs.port.as_deref(), Some("6"));
        assert_eq!(read("shop").database.as_deref(), Some("shop"));
    }
}
