//! Whether a backup counts as evidence for a loss: the right target, whole, deep enough, young enough, unchanged since.
//! It compares values; reading manifests and asking the target are other rooms' work.

use jiff::Timestamp;

use crate::model::backup::{Definition, Entry, Freshness, Manifest, Marks, WITHOUT_ROWS};
use crate::model::database::Identity;
use crate::model::policy::BackupNeed;

/// Clocks of one machine may step back a little; more than this is no age at all.
const CLOCK_SLACK_S: i64 = 5;

/// Says whether one backup counts for one need.
pub fn freshness(
    entry: &Entry,
    need: &BackupNeed,
    identity_now: Option<&Identity>,
    marks_now: Option<&Marks>,
    now: Timestamp,
) -> Freshness {
    let manifest = &entry.manifest;
    if let Some(why) = wrong(manifest, need, identity_now) {
        return Freshness::WrongTarget(why);
    }
    if manifest.verification.level < need.verify {
        return Freshness::Unverified(manifest.verification.level);
    }
    let Some(age) = age(manifest, now) else {
        return Freshness::Changed("the clock went backwards since the backup".into());
    };
    if age > need.max_age_s {
        return Freshness::Stale(age);
    }
    match marks_now {
        Some(marks) if differ(&manifest.marks, marks) => {
            Freshness::Changed("it was changed after the backup saw it".into())
        }
        _ => Freshness::Fresh,
    }
}

/// Picks the backup that counts, else the one that comes nearest; entries are newest first.
pub fn best<'e>(
    entries: &'e [Entry],
    need: &BackupNeed,
    identity_now: Option<&Identity>,
    marks_now: Option<&Marks>,
    now: Timestamp,
) -> (Option<&'e Entry>, Freshness) {
    let mut nearest = (None, Freshness::Missing);
    for entry in entries {
        let found = freshness(entry, need, identity_now, marks_now, now);
        if found == Freshness::Fresh {
            return (Some(entry), found);
        }
        if rank(&found) > rank(&nearest.1) {
            nearest = (Some(entry), found);
        }
    }
    nearest
}

/// Orders what was found by how near it comes to counting.
pub const fn rank(freshness: &Freshness) -> u8 {
    match freshness {
        Freshness::Fresh => 5,
        Freshness::Changed(_) => 4,
        Freshness::Stale(_) => 3,
        Freshness::Unverified(_) => 2,
        Freshness::WrongTarget(_) => 1,
        Freshness::Missing => 0,
    }
}

/// Returns the age in seconds from the start of the snapshot; nothing when it lies in the future.
pub fn age(manifest: &Manifest, now: Timestamp) -> Option<u64> {
    let snapshot: Timestamp = manifest.snapshot_at.parse().ok()?;
    let age = now.as_second().checked_sub(snapshot.as_second())?;
    (age >= -CLOCK_SLACK_S).then(|| u64::try_from(age).unwrap_or(0))
}

fn wrong(manifest: &Manifest, need: &BackupNeed, now: Option<&Identity>) -> Option<String> {
    if manifest.target != need.target.key() {
        return Some(format!("it is a backup of {}", manifest.target.locator));
    }
    if now.is_some_and(|now| !same_identity(&manifest.identity, now)) {
        return Some("it was made of another server, database or file of the same name".into());
    }
    if manifest.artefacts.is_empty() {
        return Some("it holds nothing".into());
    }
    if need.is_whole() && is_partial(manifest) {
        return Some("it holds the rows of some tables only".into());
    }
    lacks(manifest, &need.objects, &need.definitions).map(|what| format!("it does not hold {what}"))
}

/// Returns what of these a backup does not hold, as words; nothing when it holds all.
pub fn lacks(
    manifest: &Manifest,
    objects: &[String],
    definitions: &[Definition],
) -> Option<String> {
    let object = objects.iter().find(|object| !holds(manifest, object));
    object.map(|object| format!("`{object}`")).or_else(|| {
        let definition = definitions.iter().find(|one| !defines(manifest, one))?;
        Some(format!("{} `{}`", definition.kind, definition.name))
    })
}

/// Tells whether the rows of some tables are left out.
fn is_partial(manifest: &Manifest) -> bool {
    let mut contents = manifest.artefacts.iter().flat_map(|one| &one.contents);
    contents.any(|content| content.kind == WITHOUT_ROWS)
}

/// Two identities are the same database or file; a newer minor version of the server does not matter.
pub fn same_identity(one: &Identity, other: &Identity) -> bool {
    match (one, other) {
        (
            Identity::Postgres {
                system_identifier,
                timeline,
                database_oid,
                database,
                server_version: _,
            },
            Identity::Postgres {
                system_identifier: system,
                timeline: line,
                database_oid: oid,
                database: name,
                server_version: _,
            },
        ) => (system_identifier, timeline, database_oid, database) == (system, line, oid, name),
        (
            Identity::Sqlite { device, inode } | Identity::Tree { device, inode },
            Identity::Sqlite {
                device: other_device,
                inode: other_inode,
            }
            | Identity::Tree {
                device: other_device,
                inode: other_inode,
            },
        ) => (device, inode) == (other_device, other_inode),
        (Identity::GitRemote { repository }, Identity::GitRemote { repository: other }) => {
            repository == other
        }
        _ => false,
    }
}

/// Kinds of contents that are data by themselves; others (indexes, triggers) are definitions only.
const DATA: [&str; 12] = [
    "table",
    "partitioned-table",
    "view",
    "materialized-view",
    "sequence",
    "file",
    "directory",
    "link",
    "hard-link",
    "fifo",
    "device",
    "foreign-table",
];

/// Kinds that a dump of some tables defines without what they hold.
const LEFT_OUT: [&str; 4] = [
    "partitioned-table",
    "materialized-view",
    "sequence",
    "foreign-table",
];

/// Tells whether the backup's table of contents holds an object with its data.
pub fn holds(manifest: &Manifest, object: &str) -> bool {
    let is_partial = is_partial(manifest);
    manifest.artefacts.iter().any(|artefact| {
        // A repository's refs are kept all together; what is not among them was not there.
        if artefact.format == "git-refs" {
            return true;
        }
        let is_tree = artefact.format == "tar";
        let same = if is_tree { same_path } else { same_name };
        let listed = artefact.contents.iter().any(|content| {
            let kind = content.kind.as_str();
            DATA.contains(&kind)
                && !(is_partial && LEFT_OUT.contains(&kind))
                && same(&content.name, object)
        });
        // The list of a large tree is cut; the walk that filled the archive took everything below its root.
        let is_cut = artefact.contents_total > artefact.contents.len() as u64;
        let is_schema = !is_tree
            && !is_partial
            && artefact
                .contents
                .iter()
                .any(|content| in_schema(&content.name, object));
        listed || is_schema || (is_tree && is_cut && below(&manifest.target.locator, object))
    })
}

/// Tells whether the backup's table of contents holds a definition.
pub fn defines(manifest: &Manifest, wanted: &Definition) -> bool {
    let kinds: &[&str] = match wanted.kind.as_str() {
        // A dump takes every definition of its database; what has no name of its own cannot be looked up.
        "object" => return !manifest.artefacts.is_empty(),
        // It takes along what is in it; an empty one is listed by its own name.
        "schema" => {
            return !is_partial(manifest)
                && (holds(manifest, &wanted.name) || lists(manifest, &["schema"], &wanted.name));
        }
        "index" => &["index", "constraint", "statistics"],
        "trigger" => &["trigger", "event-trigger", "rule"],
        "large object" => &["large-object"],
        "constraint" => &["constraint", "foreign-key", "check"],
        kind => &[kind],
    };
    lists(manifest, kinds, &wanted.name)
}

fn lists(manifest: &Manifest, kinds: &[&str], name: &str) -> bool {
    let mut contents = manifest.artefacts.iter().flat_map(|one| &one.contents);
    contents.any(|content| {
        kinds.contains(&content.kind.as_str()) && same_definition(&content.name, name)
    })
}

/// Names match part by part from the end on; the types of arguments do not count, and of `schema.table.name` the table may be left out.
fn same_definition(held: &str, asked: &str) -> bool {
    let (held, asked) = (without_arguments(held), without_arguments(asked));
    same_name(held, asked) || {
        let (held, asked) = (parts(held), parts(asked));
        match (held.as_slice(), asked.as_slice()) {
            ([schema, _, name], [other, last]) => {
                schema.eq_ignore_ascii_case(other) && name.eq_ignore_ascii_case(last)
            }
            _ => false,
        }
    }
}

/// Cuts `f(integer)` before its bracket.
fn without_arguments(name: &str) -> &str {
    let mut quoted = false;
    let open = name.find(|letter| {
        quoted ^= letter == '"';
        letter == '(' && !quoted
    });
    match open {
        Some(at) if at > 0 => name.get(..at).unwrap_or(name),
        _ => name,
    }
}

/// Tells whether a person's word for a table, schema or path means something that the backup holds, quoted or as messages print it.
pub fn names(manifest: &Manifest, word: &str) -> bool {
    let plain = |name: &str| parts(name).join(".");
    holds(manifest, word)
        || manifest.artefacts.iter().any(|artefact| {
            artefact.format == "git-refs"
                || artefact.contents.iter().any(|content| {
                    plain(&content.name) == word
                        || parts(&content.name).last().is_some_and(|name| name == word)
                })
        })
}

/// Tells whether a name of two parts lies in a schema: a dump lists what is in `public`, and never `public` itself.
pub fn in_schema(held: &str, schema: &str) -> bool {
    let (held, schema) = (parts(held), parts(schema));
    held.len() == 2 && schema.len() == 1 && held.first() == schema.first()
}

/// Paths match when one is the end of the other at a slash: entries begin with the tree's own name.
fn same_path(held: &str, asked: &str) -> bool {
    let asked = asked.trim_end_matches('/');
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    !asked.is_empty() && (ends(held, asked) || ends(asked, held))
}

fn below(root: &str, path: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Names match when their parts do from the end on, as far as both go: `users` and `public.users`, `"Users"` and `users`.
pub fn same_name(held: &str, asked: &str) -> bool {
    if held == asked {
        return true;
    }
    let (held, raw, asked) = (parts(held), asked, parts(asked));
    // Quotes were undone where a statement was read: a dot may be part of a name.
    let dotted = held.join(".");
    if dotted
        .strip_suffix(raw)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    {
        return !raw.is_empty();
    }
    !held.is_empty()
        && !asked.is_empty()
        && held
            .iter()
            .rev()
            .zip(asked.iter().rev())
            .all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Returns the last part of a name, quotes undone, the types of arguments left out.
pub fn last_part(name: &str) -> String {
    parts(without_arguments(name)).pop().unwrap_or_default()
}

/// Splits a name at its dots; quotes are undone, dots and doubled quotes inside them belong to the part.
fn parts(name: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut closing = None;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        match (closing, letter) {
            (Some(end), letter) if letter == end => {
                if letters.next_if_eq(&end).is_some() {
                    part.push(end);
                } else {
                    closing = None;
                }
            }
            (Some(_), letter) => part.push(letter),
            (None, '"' | '`') if part.is_empty() => closing = Some(letter),
            (None, '[') if part.is_empty() => closing = Some(']'),
            (None, '.') => parts.push(std::mem::take(&mut part)),
            (None, letter) => part.push(letter),
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}

fn differ(seen: &Marks, now: &Marks) -> bool {
    !seen.digest.is_empty() && !now.digest.is_empty() && seen.digest != now.digest
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::backup::{Artefact, BackupType, Content, Level, Verification};
    use crate::model::target::{Reach, Target, TargetKind};

    pub(crate) fn target() -> Target {
        Target {
            kind: TargetKind::Sqlite,
            locator: "/srv/app.db".into(),
            object: None,
            reach: Reach::Sqlite("/srv/app.db".into()),
        }
    }

    pub(crate) fn entry(snapshot_at: &str) -> Entry {
        let table = Content {
            kind: "table".into(),
            name: "public.users".into(),
            count: Some(3),
        };
        let index = Content {
            kind: "index".into(),
            name: "by_name".into(),
            count: None,
        };
        let artefact = Artefact {
            path: "databases/x".into(),
            role: "database".into(),
            codec: "zstd".into(),
            format: "sqlite".into(),
            bytes: 100,
            sha256: String::new(),
            plain_bytes: 100,
            contents: vec![table, index],
            contents_total: 2,
        };
        let manifest = Manifest {
            format: 1,
            id: format!("guard-backup-{}", snapshot_at.replace([':', '-'], "")),
            kind: BackupType::Guard,
            snapshot_at: snapshot_at.into(),
            finished_at: snapshot_at.into(),
            target: target().key(),
            reach: target().reach,
            identity: Identity::Sqlite {
                device: 1,
                inode: 2,
            },
            marks: Marks {
                digest: "aa".into(),
                position: String::new(),
            },
            tool: String::new(),
            server_version: String::new(),
            artefacts: vec![artefact],
            verification: Verification {
                level: Level::Readable,
                at: snapshot_at.into(),
                notes: Vec::new(),
            },
            request: None,
            recovery: Vec::new(),
            same_disk: true,
            warnings: Vec::new(),
        };
        Entry {
            folder: "/backups/x".into(),
            manifest,
        }
    }

    fn need(objects: &[&str]) -> BackupNeed {
        BackupNeed {
            target: target(),
            max_age_s: 3600,
            verify: Level::Readable,
            objects: objects.iter().map(ToString::to_string).collect(),
            definitions: Vec::new(),
        }
    }

    fn judge(entry: &Entry, need: &BackupNeed) -> Freshness {
        let now = "2026-11-21T10:30:00Z".parse().unwrap();
        freshness(entry, need, None, None, now)
    }

    #[test]
    fn a_young_verified_backup_that_holds_the_object_is_fresh() {
        let entry = entry("2026-11-21T10:00:00Z");
        for name in [
            "users",
            "public.users",
            "\"public\".\"users\"",
            "Users",
            "`users`",
            "[users]",
        ] {
            assert_eq!(judge(&entry, &need(&[name])), Freshness::Fresh, "{name}");
        }
        assert_eq!(judge(&entry, &need(&[])), Freshness::Fresh);
    }

    #[test]
    fn a_backup_without_the_object_is_of_the_wrong_target() {
        let entry = entry("2026-11-21T10:00:00Z");
        for name in [
            "orders",
            "private.users",
            "user",
            "users2",
            "",
            "by_name",
            "\"public.users\"",
        ] {
            assert!(
                matches!(judge(&entry, &need(&[name])), Freshness::WrongTarget(_)),
                "{name}"
            );
        }
    }

    fn defined(kind: &str, name: &str) -> Definition {
        Definition {
            kind: kind.into(),
            name: name.into(),
        }
    }

    #[test]
    fn a_definition_counts_by_its_kind_and_name() {
        let mut entry = entry("2026-11-21T10:00:00Z");
        let content = |(kind, name): (&str, &str)| Content {
            kind: kind.into(),
            name: name.into(),
            count: None,
        };
        let more = [
            ("trigger", "public.orders.noted"),
            ("function", "public.\"f(x\"(integer, \"odd.one\".t)"),
            ("constraint", "public.users.users_pkey"),
            ("role", "alice"),
            ("schema", "empty"),
        ];
        entry.manifest.artefacts[0]
            .contents
            .extend(more.map(content));
        for (kind, name, there) in [
            ("index", "by_name", true),
            ("index", "public.by_name", true),
            ("index", "users", false),
            ("index", "public.users_pkey", true),
            ("trigger", "orders.noted", true),
            ("trigger", "public.orders.noted", true),
            ("trigger", "noted", true),
            ("trigger", "users.noted", false),
            ("function", "\"f(x\"", true),
            ("function", "public.\"f(x\"", true),
            ("function", "f", false),
            ("role", "alice", true),
            ("role", "bob", false),
            ("schema", "public", true),
            ("schema", "empty", true),
            ("schema", "other", false),
            ("type", "alice", false),
        ] {
            assert_eq!(
                defines(&entry.manifest, &defined(kind, name)),
                there,
                "{kind} {name}"
            );
        }
    }

    #[test]
    fn a_backup_of_some_tables_covers_neither_the_whole_nor_what_it_only_defines() {
        let mut entry = entry("2026-11-21T10:00:00Z");
        let content = |(kind, name): (&str, &str)| Content {
            kind: kind.into(),
            name: name.into(),
            count: None,
        };
        let more = [
            (WITHOUT_ROWS, "public.orders"),
            ("partitioned-table", "public.parts"),
            ("view", "public.rich"),
        ];
        entry.manifest.artefacts[0]
            .contents
            .extend(more.map(content));
        let mut schema = need(&["users"]);
        schema.definitions = vec![defined("schema", "public")];
        for (need, fresh) in [
            (need(&[]), false),
            (need(&["users"]), true),
            (need(&["orders"]), false),
            (need(&["public"]), false),
            (need(&["parts"]), false),
            (need(&["rich"]), true),
            (schema, false),
        ] {
            assert_eq!(judge(&entry, &need) == Freshness::Fresh, fresh, "{need:?}");
        }
    }

    #[test]
    fn paths_of_a_tree_match_as_paths() {
        let mut entry = entry("2026-11-21T10:00:00Z");
        let file = Content {
            kind: "file".into(),
            name: "data/sub/a.txt".into(),
            count: Some(1),
        };
        entry.manifest.artefacts[0].format = "tar".into();
        entry.manifest.artefacts[0].contents = vec![file];
        for (path, held) in [
            ("/srv/data/sub/a.txt", true),
            ("sub/a.txt", true),
            ("a.txt", true),
            ("txt", false),
            ("b.txt", false),
            ("/srv/data/sub/b.txt", false),
        ] {
            assert_eq!(holds(&entry.manifest, path), held, "{path}");
        }
    }

    #[test]
    fn a_backup_of_another_locator_or_identity_is_of_the_wrong_target() {
        let mut entry = entry("2026-11-21T10:00:00Z");
        let other = Identity::Sqlite {
            device: 1,
            inode: 3,
        };
        let now = "2026-11-21T10:30:00Z".parse().unwrap();
        let judged = freshness(&entry, &need(&[]), Some(&other), None, now);
        assert!(matches!(judged, Freshness::WrongTarget(_)));
        entry.manifest.target.locator = "/srv/other.db".into();
        assert!(matches!(
            judge(&entry, &need(&[])),
            Freshness::WrongTarget(_)
        ));
    }

    #[test]
    fn age_counts_from_the_start_of_the_snapshot() {
        let mut entry = entry("2026-11-21T09:29:59Z");
        entry.manifest.finished_at = "2026-11-21T10:29:00Z".into();
        assert_eq!(judge(&entry, &need(&[])), Freshness::Stale(3601));
    }

    #[test]
    fn a_snapshot_from_the_future_or_without_a_time_does_not_count() {
        for at in ["2026-11-21T11:00:00Z", "yesterday"] {
            assert!(
                matches!(judge(&entry(at), &need(&[])), Freshness::Changed(_)),
                "{at}"
            );
        }
    }

    #[test]
    fn a_lower_level_or_changed_marks_do_not_count() {
        let mut entry = entry("2026-11-21T10:00:00Z");
        let marks = Marks {
            digest: "bb".into(),
            position: String::new(),
        };
        let now = "2026-11-21T10:30:00Z".parse().unwrap();
        let judged = freshness(&entry, &need(&[]), None, Some(&marks), now);
        assert!(matches!(judged, Freshness::Changed(_)));
        entry.manifest.verification.level = Level::Digest;
        assert_eq!(
            judge(&entry, &need(&[])),
            Freshness::Unverified(Level::Digest)
        );
    }

    #[test]
    fn the_backup_that_counts_wins_over_a_newer_one_that_does_not() {
        let mut newer = entry("2026-11-21T10:20:00Z");
        newer.manifest.verification.level = Level::None;
        let entries = [newer, entry("2026-11-21T10:00:00Z")];
        let now = "2026-11-21T10:30:00Z".parse().unwrap();
        let (best, found) = best(&entries, &need(&["users"]), None, None, now);
        assert_eq!(found, Freshness::Fresh);
        assert_eq!(best.unwrap().manifest.snapshot_at, "2026-11-21T10:00:00Z");
    }
}
