//! Reads the sections of a dump and says what they hold: tables with their rows, sequences, large objects.
//! It compares nothing with a server; whoever expects something compares the scan's outcome.

use std::collections::BTreeMap;

use super::lexer::{Lexer, Listener};
use crate::backup::error::ScanError;
use crate::backup::pipeline::{Scan, Scanned};
use crate::model::backup::Content;

const TRAILER: &[u8] = b"-- PostgreSQL database dump complete";
const CLUSTER_TRAILER: &[u8] = b"-- PostgreSQL database cluster dump complete";

/// Which part of a dump is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Definitions before or after the data, or of the whole cluster.
    Definitions,
    /// Rows, sequence values and large objects only.
    Data,
}

/// Schema and name of a relation, quotes undone.
pub type Name = (String, String);

/// One definition, as a dump announces it in a comment or as a statement for the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// In the words of the dump: `MATERIALIZED VIEW`, `INDEX`, `ROLE`.
    pub kind: String,
    /// Empty where it lies in none.
    pub schema: String,
    /// What stands on a table begins with that table's name and a space.
    pub name: String,
}

/// Most definitions and most large objects that are listed.
const LISTED: usize = 500_000;

/// What a section holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Rows by table, from COPY blocks.
    pub rows: BTreeMap<Name, u64>,
    /// Sequences whose value is set, as written in the dump.
    pub sequences: u64,
    /// Large objects with content.
    pub large_objects: u64,
    /// Tables that are created.
    pub created: Vec<Name>,
    /// Everything that the section defines, as its own table of contents lists it.
    pub entries: Vec<Listed>,
    /// Large objects with content, by number, up to a limit.
    pub large: Vec<String>,
    /// Sees only rows that a policy shows.
    pub row_security: bool,
}

/// What a scan must find; everything else is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub rows: BTreeMap<Name, u64>,
    /// Tables whose rows may be there or not, in any number (configuration tables of extensions).
    pub optional: Vec<Name>,
    pub sequences: Option<u64>,
    pub large_objects: Option<u64>,
    /// Tables that must be created.
    pub created: Vec<Name>,
}

struct Reader {
    section: Section,
    held: Held,
    /// The table whose block is open.
    open: Option<Name>,
    restrict: Option<Vec<u8>>,
    unrestricted: bool,
    trailer: bool,
}

/// Says what must be there; asked when the scan has ended, since counting goes on while the dump runs.
pub type Expectation<'a> = Box<dyn FnOnce() -> Result<Expected, ScanError> + Send + 'a>;

/// A scan of one section that compares what it finds with what must be there.
pub struct SectionScan<'a> {
    lexer: Lexer,
    reader: Reader,
    expected: Option<Expectation<'a>>,
}

impl std::fmt::Debug for SectionScan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SectionScan")
            .field("held", &self.reader.held)
            .finish_non_exhaustive()
    }
}

impl<'a> SectionScan<'a> {
    /// Returns a scan; without `expected` it only reads to the end.
    pub fn new(section: Section, expected: Option<Expectation<'a>>) -> Self {
        Self {
            lexer: Lexer::new(section == Section::Data),
            reader: Reader {
                section,
                held: Held::default(),
                open: None,
                restrict: None,
                unrestricted: false,
                trailer: false,
            },
            expected,
        }
    }

    /// Ends the scan and returns what was held.
    ///
    /// # Errors
    /// When the end is missing.
    pub fn end(self) -> Result<Held, ScanError> {
        if !self.lexer.at_rest() {
            return Err(ScanError::new("the dump ends in the middle of a statement"));
        }
        if !self.reader.trailer {
            return Err(ScanError::new(
                "the dump has no end: its last line is missing",
            ));
        }
        if self.reader.restrict.is_some() && !self.reader.unrestricted {
            return Err(ScanError::new(
                "the dump has no end: `\\unrestrict` is missing",
            ));
        }
        Ok(self.reader.held)
    }
}

impl Scan for SectionScan<'_> {
    fn feed(&mut self, plain: &[u8]) -> Result<(), ScanError> {
        self.lexer.feed(plain, &mut self.reader)
    }

    fn finish(mut self: Box<Self>) -> Result<Scanned, ScanError> {
        let expected = self.expected.take();
        let held = self.end()?;
        if held.row_security {
            return Err(ScanError::new(
                "the dump was made with row security on and may lack rows",
            ));
        }
        if let Some(expected) = expected {
            compare(&expected()?, &held)?;
        }
        let large = held.large.iter().map(|number| Content {
            kind: "large-object".to_owned(),
            name: number.clone(),
            count: None,
        });
        let contents: Vec<Content> = held
            .rows
            .iter()
            .map(|((schema, table), rows)| Content {
                kind: "table".to_owned(),
                name: format!("{}.{}", quoted(schema), quoted(table)),
                count: Some(*rows),
            })
            .chain(large)
            .chain(held.entries.iter().filter_map(listed))
            .collect();
        Ok(Scanned {
            contents_total: contents.len() as u64,
            contents,
            notes: Vec::new(),
        })
    }
}

/// Compares what a section holds with what it must hold.
fn compare(expected: &Expected, held: &Held) -> Result<(), ScanError> {
    for (name, rows) in &expected.rows {
        match held.rows.get(name) {
            None => {
                return Err(ScanError::new(format!(
                    "table `{}.{}` is missing",
                    name.0, name.1
                )));
            }
            Some(found) if found != rows => {
                return Err(ScanError::new(format!(
                    "table `{}.{}` has {found} rows, and the snapshot counted {rows}",
                    name.0, name.1
                )));
            }
            Some(_) => {}
        }
    }
    if let Some(more) = held
        .rows
        .keys()
        .find(|name| !expected.rows.contains_key(*name) && !expected.optional.contains(name))
    {
        return Err(ScanError::new(format!(
            "table `{}.{}` is not in the snapshot: this is another database",
            more.0, more.1
        )));
    }
    let numbers = [
        ("sequence values", expected.sequences, held.sequences),
        ("large objects", expected.large_objects, held.large_objects),
    ];
    for (what, wanted, found) in numbers {
        if wanted.is_some_and(|wanted| wanted > found) {
            return Err(ScanError::new(format!(
                "{found} {what} are there, and the snapshot counted {}",
                wanted.unwrap_or_default()
            )));
        }
    }
    let created: std::collections::BTreeSet<&Name> = held.created.iter().collect();
    match expected.created.iter().find(|name| !created.contains(name)) {
        Some(name) => Err(ScanError::new(format!(
            "the definition of table `{}.{}` is missing",
            name.0, name.1
        ))),
        None => Ok(()),
    }
}

impl Listener for Reader {
    fn statement(&mut self, text: &[u8], whole: bool) -> Result<bool, ScanError> {
        if self.trailer || self.unrestricted {
            return Err(ScanError::new("a statement follows the end of the dump"));
        }
        let line = text.trim_ascii_start();
        if let Some(rest) = line.strip_prefix(b"SET ") {
            self.held.row_security |= rest.trim_ascii() == b"row_security = on;";
            return Ok(false);
        }
        match self.section {
            Section::Definitions => {
                if let Some(name) = created(line) {
                    self.held.created.push(name);
                } else if let Some(one) = of_cluster(line) {
                    self.list(one);
                }
                Ok(false)
            }
            Section::Data => self.data(line, whole),
        }
    }

    fn comment(&mut self, line: &[u8]) -> Result<(), ScanError> {
        self.trailer |= line == TRAILER || line == CLUSTER_TRAILER;
        if self.section == Section::Definitions
            && let Some(one) = announced(line)
        {
            self.list(one);
        }
        Ok(())
    }

    fn meta(&mut self, line: &[u8]) -> Result<(), ScanError> {
        if let Some(key) = line.strip_prefix(b"\\restrict ") {
            if self.restrict.is_none() && !self.trailer {
                self.restrict = Some(key.to_vec());
                return Ok(());
            }
        } else if let Some(key) = line.strip_prefix(b"\\unrestrict ")
            && self.restrict.as_deref() == Some(key)
            && (self.trailer || self.section == Section::Definitions)
        {
            // A dump of the cluster closes before its last line, a dump of a database after it.
            self.unrestricted = true;
            return Ok(());
        } else if line.starts_with(b"\\connect ") && self.section == Section::Definitions {
            return Ok(());
        }
        Err(ScanError::new(format!(
            "a meta-command stands where none may stand: `{}`",
            String::from_utf8_lossy(line.get(..line.len().min(60)).unwrap_or_default())
        )))
    }

    fn block(&mut self, rows: u64) -> Result<(), ScanError> {
        match self.open.take() {
            Some(name) => {
                if self.held.rows.insert(name.clone(), rows).is_some() {
                    return Err(ScanError::new(format!(
                        "table `{}.{}` is there twice",
                        name.0, name.1
                    )));
                }
                Ok(())
            }
            None => Err(ScanError::new("rows without a table")),
        }
    }
}

impl Reader {
    fn list(&mut self, one: Listed) {
        if self.held.entries.len() < LISTED {
            self.held.entries.push(one);
        }
    }

    fn data(&mut self, line: &[u8], whole: bool) -> Result<bool, ScanError> {
        if let Some(rest) = line.strip_prefix(b"COPY ") {
            let name = whole.then(|| header(rest)).flatten();
            self.open = Some(name.ok_or_else(|| ScanError::new("a COPY header cannot be read"))?);
            return Ok(true);
        }
        if line.starts_with(b"SELECT pg_catalog.setval(") {
            self.held.sequences += 1;
        } else if line.starts_with(b"SELECT pg_catalog.lo_open(") {
            self.held.large_objects += 1;
            if self.held.large.len() < LISTED {
                self.held.large.extend(number_in_quotes(line));
            }
        } else if !line.starts_with(b"SELECT pg_catalog.")
            && !line.starts_with(b"SELECT * FROM pg_catalog.")
            && !matches!(line, b"BEGIN;" | b"COMMIT;")
        {
            return Err(ScanError::new(format!(
                "a statement that is no data stands among the data: `{}`",
                String::from_utf8_lossy(line.get(..line.len().min(60)).unwrap_or_default())
            )));
        }
        Ok(false)
    }
}

/// Reads `-- Name: by_total; Type: INDEX; Schema: public; Owner: postgres`.
pub(super) fn announced(line: &[u8]) -> Option<Listed> {
    let line = std::str::from_utf8(line.strip_prefix(b"-- Name: ")?).ok()?;
    // From the end: a name may hold anything.
    let (line, _) = line.rsplit_once("; Owner: ")?;
    let (line, schema) = line.rsplit_once("; Schema: ")?;
    let (name, kind) = line.rsplit_once("; Type: ")?;
    Some(Listed {
        kind: kind.to_owned(),
        schema: if schema == "-" { "" } else { schema }.to_owned(),
        name: name.to_owned(),
    })
}

/// Reads `CREATE ROLE name;` and `CREATE TABLESPACE name …`.
fn of_cluster(line: &[u8]) -> Option<Listed> {
    ["ROLE", "TABLESPACE"].into_iter().find_map(|kind| {
        let rest = line.strip_prefix(b"CREATE ")?;
        let rest = rest.strip_prefix(kind.as_bytes())?.strip_prefix(b" ")?;
        let (name, _) = identifier(rest)?;
        Some(Listed {
            kind: kind.to_owned(),
            schema: String::new(),
            name,
        })
    })
}

/// Reads the number in `SELECT pg_catalog.lo_open('16400', 131072);`.
fn number_in_quotes(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?;
    let number = text.split('\'').nth(1)?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| number.to_owned())
}

/// What belongs to the dump's own bookkeeping, or to an object that is listed anyway.
const UNLISTED: [&str; 14] = [
    "ACL",
    "BLOB",
    "BLOB METADATA",
    "BLOBS",
    "COMMENT",
    "DATABASE",
    "DATABASE PROPERTIES",
    "DEFAULT",
    "DEFAULT ACL",
    "INDEX ATTACH",
    "SECURITY LABEL",
    "SEQUENCE OWNED BY",
    "SEQUENCE SET",
    "TABLE ATTACH",
];

/// Returns an entry in our words; nothing for what is no object of its own. A table is listed where its rows are.
fn listed(one: &Listed) -> Option<Content> {
    let kind = one.kind.as_str();
    if UNLISTED.contains(&kind) || kind == "TABLE" {
        return None;
    }
    let kind = match kind {
        "PROCEDURE" | "AGGREGATE" | "FUNCTION" => "function".to_owned(),
        "DOMAIN" | "SHELL TYPE" | "TYPE" => "type".to_owned(),
        "FK CONSTRAINT" => "foreign-key".to_owned(),
        "CHECK CONSTRAINT" => "check".to_owned(),
        other => other.to_lowercase().replace(' ', "-"),
    };
    let name = match (kind.as_str(), one.name.split_once('(')) {
        ("function", Some((name, arguments))) => format!("{}({arguments}", quoted(name)),
        _ => quoted(&one.name),
    };
    let name = match one.schema.as_str() {
        "" => name,
        schema => format!("{}.{name}", quoted(schema)),
    };
    Some(Content {
        kind,
        name,
        count: None,
    })
}

/// Reads `CREATE [UNLOGGED | FOREIGN] TABLE schema.name`.
fn created(line: &[u8]) -> Option<Name> {
    let rest = line.strip_prefix(b"CREATE ")?;
    let rest = rest
        .strip_prefix(b"UNLOGGED ")
        .or_else(|| rest.strip_prefix(b"FOREIGN "))
        .unwrap_or(rest);
    let (name, _) = dotted(rest.strip_prefix(b"TABLE ")?)?;
    Some(name)
}

/// Reads `schema.name (columns) FROM stdin;`.
fn header(text: &[u8]) -> Option<Name> {
    let (name, mut rest) = dotted(text)?;
    rest = rest.trim_ascii_start();
    if let Some(mut columns) = rest.strip_prefix(b"(") {
        loop {
            let (_, behind) = identifier(columns.trim_ascii_start())?;
            match behind.split_first()? {
                (b',', more) => columns = more,
                (b')', more) => {
                    rest = more.trim_ascii_start();
                    break;
                }
                _ => return None,
            }
        }
    }
    (rest == b"FROM stdin;").then_some(name)
}

/// Reads `schema.name` with its quotes undone.
pub fn parse_name(text: &str) -> Option<Name> {
    let (name, rest) = dotted(text.as_bytes())?;
    rest.is_empty().then_some(name)
}

fn dotted(text: &[u8]) -> Option<(Name, &[u8])> {
    let (schema, rest) = identifier(text)?;
    let (name, rest) = identifier(rest.strip_prefix(b".")?)?;
    Some(((schema, name), rest))
}

fn identifier(text: &[u8]) -> Option<(String, &[u8])> {
    let Some(mut inside) = text.strip_prefix(b"\"") else {
        let end = text
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (end > 0).then(|| (String::from_utf8_lossy(name).into_owned(), rest));
    };
    let mut name = Vec::new();
    loop {
        let at = memchr::memchr(b'"', inside)?;
        let (part, rest) = inside.split_at(at);
        name.extend_from_slice(part);
        match rest.strip_prefix(b"\"\"") {
            Some(more) => {
                name.push(b'"');
                inside = more;
            }
            None => {
                let rest = rest.get(1..).unwrap_or_default();
                return Some((String::from_utf8_lossy(&name).into_owned(), rest));
            }
        }
    }
}

/// Writes a name as the server's `%I` would, reserved words aside.
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name
            .chars()
            .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_');
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict KEY\n\nSET row_security = off;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n--\n-- Data for Name: odd x; Type: TABLE DATA\n--\n\nCOPY public.\"odd\nna\"\"me\" (id, \"a, b\nFROM stdin;\") FROM stdin;\n1\tx\n2\t\\N\n\\.\n\n\nCOPY public.nocol  FROM stdin;\n\n\\.\n\n--\n-- Name: s\n--\n\nSELECT pg_catalog.setval('public.\"s\n;''x\"', 3, true);\n\nBEGIN;\n\nSELECT pg_catalog.lo_open('16400', 131072);\nSELECT pg_catalog.lowrite(0, '\\x00ff');\nSELECT pg_catalog.lo_close(0);\n\nCOMMIT;\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict KEY\n\n";

    fn scan(text: &[u8], expected: Option<Expected>) -> Result<Scanned, ScanError> {
        let expected = expected.map(|expected| -> Expectation<'_> { Box::new(|| Ok(expected)) });
        let mut scan = Box::new(SectionScan::new(Section::Data, expected));
        scan.feed(text)?;
        scan.finish()
    }

    fn expected() -> Expected {
        Expected {
            rows: [
                (("public".into(), "odd\nna\"me".into()), 2),
                (("public".into(), "nocol".into()), 1),
            ]
            .into(),
            sequences: Some(1),
            large_objects: Some(1),
            ..Expected::default()
        }
    }

    #[test]
    fn a_data_section_tells_its_tables_and_rows() {
        let scanned = scan(DATA.as_bytes(), Some(expected())).unwrap();
        let names: Vec<_> = scanned
            .contents
            .iter()
            .map(|one| (one.name.as_str(), one.count))
            .collect();
        assert_eq!(
            names,
            [
                ("public.nocol", Some(1)),
                ("public.\"odd\nna\"\"me\"", Some(2)),
                ("16400", None)
            ]
        );
    }

    #[test]
    fn a_definition_is_announced_by_its_kind_schema_and_name() {
        let read = |line: &str| announced(line.as_bytes()).and_then(|one| listed(&one));
        for (line, kind, name) in [
            (
                "-- Name: by_total; Type: INDEX; Schema: public; Owner: ana",
                "index",
                "public.by_total",
            ),
            (
                "-- Name: a; Type: TABLE; Schema: x; Type: INDEX; Schema: odd one; Owner: -; Tablespace: fast",
                "index",
                "\"odd one\".\"a; Type: TABLE; Schema: x\"",
            ),
            (
                "-- Name: F(integer, \"x.y\".t); Type: FUNCTION; Schema: public; Owner: -",
                "function",
                "public.\"F\"(integer, \"x.y\".t)",
            ),
            (
                "-- Name: news; Type: PUBLICATION; Schema: -; Owner: -",
                "publication",
                "news",
            ),
        ] {
            let found = read(line).unwrap();
            assert_eq!((found.kind.as_str(), found.name.as_str()), (kind, name));
        }
        for line in [
            "-- Name: TABLE users; Type: ACL; Schema: public; Owner: -",
            "-- Name: users; Type: TABLE; Schema: public; Owner: -",
            "-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
        let role = of_cluster(b"CREATE ROLE \"Odd role\";").unwrap();
        assert_eq!(
            (role.kind.as_str(), role.name.as_str()),
            ("ROLE", "Odd role")
        );
    }

    #[test]
    fn a_section_cut_at_any_byte_is_refused() {
        // Of the empty lines at the end any number will do.
        let whole = DATA.trim_end().len() + 1;
        for end in 0..whole {
            assert!(
                scan(DATA.as_bytes().get(..end).unwrap(), Some(expected())).is_err(),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn fewer_rows_other_tables_and_hidden_rows_are_refused() {
        for (from, to) in [
            ("2\t\\N\n", ""),
            ("COPY public.nocol  FROM stdin;\n\n\\.\n", ""),
            ("public.nocol", "public.other"),
            ("row_security = off", "row_security = on"),
            (
                "SELECT pg_catalog.setval('public.\"s\n;''x\"', 3, true);",
                "",
            ),
            ("SELECT pg_catalog.lo_open('16400', 131072);\n", ""),
            ("SELECT pg_catalog.lo_close(0);", "DROP TABLE x;"),
            ("SELECT pg_catalog.lo_close(0);", "\\! true"),
            ("\\unrestrict KEY", "\\unrestrict OTHER"),
        ] {
            let text = DATA.replace(from, to);
            assert_ne!(text, DATA);
            assert!(scan(text.as_bytes(), Some(expected())).is_err(), "{to}");
        }
    }

    #[test]
    fn definitions_tell_which_tables_are_created() {
        let text = "CREATE TABLE public.a (\n id int\n);\nCREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $$\nCREATE TABLE public.fake (id int);\n-- PostgreSQL database dump complete\n$$;\nCREATE UNLOGGED TABLE public.\"B c\" ();\n";
        let mut scan = SectionScan::new(Section::Definitions, None);
        scan.feed(text.as_bytes()).unwrap();
        assert!(scan.end().is_err(), "the trailer inside a body is none");
        let mut scan = SectionScan::new(Section::Definitions, None);
        scan.feed(text.as_bytes()).unwrap();
        scan.feed(b"--\n-- PostgreSQL database dump complete\n--\n")
            .unwrap();
        let held = scan.end().unwrap();
        assert_eq!(
            held.created,
            [
                ("public".into(), "a".into()),
                ("public".into(), "B c".into())
            ]
        );
    }
}
