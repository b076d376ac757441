//! Large objects that are in the backup and no longer there: made again with their numbers, contents and owners.
//! Objects that are there with other contents are said, and stay.

use std::collections::BTreeSet;
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
/// Most objects that are made again.
const MANY: usize = 1_000_000;

/// One object that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    number: String,
    owner: String,
    /// Statements that grant.
    grants: String,
}

const LIST: &str = "SELECT m.oid, pg_get_userbyid(m.lomowner), (SELECT string_agg(format('GRANT %s ON LARGE OBJECT %s TO %s;', a.privilege_type, m.oid, \
    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END), E'\\n') FROM aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner) \
    FROM pg_largeobject_metadata m ORDER BY m.oid";

/// Finds the objects that are gone, where definitions are compared at all.
pub(super) fn lost(job: &Missing<'_>, both: &mut Both) -> Result<Vec<Lost>, BackupError> {
    let named = job.definitions.iter().any(|one| one.kind == "large object");
    if !(named || job.redefine && job.is_all()) {
        return Ok(Vec::new());
    }
    let had = both.scratch.rows(LIST).map_err(fault)?;
    let has: BTreeSet<String> = both
        .live
        .rows("SELECT oid FROM pg_largeobject_metadata")
        .map_err(fault)?
        .iter()
        .map(|row| text(row, 0))
        .collect();
    let gone = had.iter().filter(|row| !has.contains(&text(row, 0)));
    let gone: Vec<Lost> = gone
        .map(|row| Lost {
            number: text(row, 0),
            owner: text(row, 1),
            grants: text(row, 2),
        })
        .collect();
    match gone.len() > MANY {
        true => Err(BackupError::Limit(format!(
            "{} large objects are missing; restore the whole database instead",
            gone.len()
        ))),
        false => Ok(gone),
    }
}

/// Makes the objects and copies their contents, piece by piece, from the scratch database.
pub(super) fn copy(
    job: &Missing<'_>,
    lost: &[Lost],
    psql: &mut Box<dyn Program>,
) -> Result<(), BackupError> {
    for some in lost.chunks(1000) {
        for one in some {
            let number = &one.number;
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
        "SELECT format('SELECT pg_catalog.lo_put(%s, %s, %L);', o.n, p.at, pg_catalog.lo_get(o.n, p.at, {PIECE})) FROM (SELECT m.oid AS n, \
         pg_catalog.lo_lseek64(pg_catalog.lo_open(m.oid, 262144), 0, 2) AS size FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid IN ({numbers}) OFFSET 0) o \
         CROSS JOIN LATERAL generate_series(0, o.size - 1, {PIECE}) p(at)"
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
