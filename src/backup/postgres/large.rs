//! Large objects that are in the backup and no longer there: made again with their numbers, contents and owners.
//! Those that are there are compared: the ones that the call named get their content again, others are said, and stay.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Instant;

use super::load::io;
use super::missing::{Both, Missing, feed};
use super::snapshot::{fault, text};
use crate::adapters::postgres::session::identifier;
use crate::adapters::tools::Program;
use crate::backup::error::BackupError;

/// Bytes of one object that one statement carries.
const PIECE: u64 = 262_144;
const CHUNK: usize = 1 << 18;
/// Most objects that are looked at.
const MANY: usize = 1_000_000;
/// Objects that one statement looks at: each is open until it ends.
const TOGETHER: usize = 1000;
/// Most objects that are named one by one.
const LISTED: usize = 10;

/// One object that is gone, or holds something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    number: String,
    owner: String,
    /// Statements that grant, and its comment.
    grants: String,
    /// It is there with other content.
    pub is_there: bool,
}

/// What has to be done about large objects, and what is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Large {
    pub lost: Vec<Lost>,
    /// Objects that hold something else now and that the call did not name.
    pub kept: Vec<String>,
}

impl Large {
    /// Returns how many are made again, and how many get their content again.
    pub fn counts(&self) -> (u64, u64) {
        let there = self.lost.iter().filter(|one| one.is_there).count();
        ((self.lost.len() - there) as u64, there as u64)
    }

    /// Says what differs and stays.
    pub fn conflicts(&self) -> Vec<String> {
        let told = self.kept.iter().take(LISTED);
        let mut said: Vec<String> = told
            .map(|number| {
                format!("large object {number} is there with other content and was left as it is")
            })
            .collect();
        let more = self.kept.len().saturating_sub(LISTED);
        if more > 0 {
            said.push(format!("and so are {more} more large objects"));
        }
        said
    }
}

const LIST: &str = "SELECT m.oid, pg_get_userbyid(m.lomowner), concat_ws(E'\\n', (SELECT string_agg(format('GRANT %s ON LARGE OBJECT %s TO %s%s;', a.privilege_type, m.oid, \
    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), E'\\n') \
    FROM aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner), (SELECT format('COMMENT ON LARGE OBJECT %s IS %L;', m.oid, d.description) FROM pg_description d \
    WHERE d.classoid = 'pg_largeobject'::regclass AND d.objoid = m.oid)) \
    FROM pg_largeobject_metadata m ORDER BY m.oid";

/// Finds the objects that are gone or hold something else, where definitions are compared at all.
pub(super) fn lost(job: &Missing<'_>, both: &mut Both) -> Result<Large, BackupError> {
    let mut named = job.definitions.iter();
    let named = named.any(|one| one.kind == "large object");
    if !(named || job.redefine && job.is_all()) {
        return Ok(Large::default());
    }
    let had = both.scratch.rows(LIST).map_err(fault)?;
    if had.len() > MANY {
        return Err(BackupError::Limit(format!(
            "{} large objects are in the backup; restore the whole database instead",
            had.len()
        )));
    }
    let has: BTreeSet<String> = both
        .live
        .rows("SELECT oid FROM pg_largeobject_metadata")
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let mut all: Vec<Lost> = had
        .iter()
        .map(|row| Lost {
            number: text(row, 0),
            owner: text(row, 1),
            grants: text(row, 2),
            is_there: has.contains(&text(row, 0)),
        })
        .collect();
    let changed = changed(job, both, &all)?;
    all.retain(|one| !one.is_there || changed.contains(&one.number));
    let any = may_be_any(job);
    let comes = |one: &Lost| !one.is_there || job.over || job.overwrite || any;
    let (lost, kept): (Vec<Lost>, Vec<Lost>) = all.into_iter().partition(comes);
    Ok(Large {
        lost,
        kept: kept.into_iter().map(|one| one.number).collect(),
    })
}

/// Tells whether the call may have written to any object. One that it removed by its number and that is there again was made since.
fn may_be_any(job: &Missing<'_>) -> bool {
    let mut named = job.definitions.iter();
    named.any(|one| one.kind == "large object" && one.name.parse::<u32>().is_err())
}

/// Returns the numbers of objects that are there with other content.
fn changed(
    job: &Missing<'_>,
    both: &mut Both,
    all: &[Lost],
) -> Result<BTreeSet<String>, BackupError> {
    let there: Vec<&str> = all
        .iter()
        .filter(|one| one.is_there)
        .map(|one| one.number.as_str())
        .collect();
    let mut changed = BTreeSet::new();
    for some in there.chunks(TOGETHER) {
        job.control.check()?;
        let query = digests(&some.join(", "));
        let old = both.scratch.rows(&query).map_err(fault)?;
        let now = both.live.rows(&query).map_err(fault)?;
        let now: BTreeMap<String, String> =
            now.iter().map(|row| (text(row, 0), text(row, 1))).collect();
        for row in &old {
            let number = text(row, 0);
            if now.get(&number).is_some_and(|now| *now != text(row, 1)) {
                changed.insert(number);
            }
        }
    }
    Ok(changed)
}

/// Size and digest of each object, read piece by piece: one can be larger than a value may be.
fn digests(numbers: &str) -> String {
    format!(
        "SELECT o.n, o.size || ' ' || (SELECT pg_catalog.md5(coalesce(string_agg(pg_catalog.md5(pg_catalog.lo_get(o.n, p.at, {PIECE})), '' ORDER BY p.at), '')) \
         FROM generate_series(0, o.size - 1, {PIECE}) p(at)) FROM ({}) o",
        sizes(numbers)
    )
}

fn sizes(numbers: &str) -> String {
    format!(
        "SELECT m.oid AS n, pg_catalog.lo_lseek64(pg_catalog.lo_open(m.oid, 262144), 0, 2) AS size FROM pg_catalog.pg_largeobject_metadata m \
         WHERE m.oid IN ({numbers}) OFFSET 0"
    )
}

/// Makes the objects and copies their contents, piece by piece, from the scratch database.
pub(super) fn copy(
    job: &Missing<'_>,
    lost: &[Lost],
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    for some in lost.chunks(TOGETHER) {
        for one in some {
            let number = &one.number;
            if one.is_there {
                feed(
                    psql,
                    &format!(
                        "\\o /dev/null\nSELECT pg_catalog.lo_truncate(pg_catalog.lo_open({number}, 131072), 0);\n\\o\n"
                    ),
                )?;
                continue;
            }
            feed(
                psql,
                &format!(
                    "\\o /dev/null\nSELECT pg_catalog.lo_create({number});\n\\o\nALTER LARGE OBJECT {number} OWNER TO {};\n{}\n",
                    identifier(&one.owner),
                    one.grants
                ),
            )?;
        }
        let numbers: Vec<&str> = some.iter().map(|one| one.number.as_str()).collect();
        contents(job, &numbers.join(", "), psql)?;
    }
    Ok(())
}

fn contents(
    job: &Missing<'_>,
    numbers: &str,
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    let query = format!(
        "SELECT format('SELECT pg_catalog.lo_put(%s, %s, %L);', o.n, p.at, pg_catalog.lo_get(o.n, p.at, {PIECE})) FROM ({}) o \
         CROSS JOIN LATERAL generate_series(0, o.size - 1, {PIECE}) p(at)",
        sizes(numbers)
    );
    let args = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-c"];
    let mut args = args.map(str::to_owned).to_vec();
    args.push(query);
    let deadline = Instant::now() + job.control.left();
    let mut source = job
        .scratch
        .start("psql", &args, 0, deadline)
        .map_err(fault)?;
    source.close_input().map_err(|error| io(&error))?;
    feed(psql, "\\o /dev/null\n")?;
    let mut buffer = vec![0; CHUNK];
    loop {
        job.control.check()?;
        let read = source.read(&mut buffer).map_err(|error| io(&error))?;
        if read == 0 {
            break;
        }
        psql.feed(buffer.get(..read).unwrap_or_default())
            .map_err(|error| io(&error))?;
    }
    feed(psql, "\\o\n")
}
