//! One policy file: what was written (`Layer`), and the settings in force after it was laid over those below (`Settings`).
//! It reads no file and knows no date; the build script includes it as it is, for the built-in profiles.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::{At, Faults, Section, read};

/// Words for choices, weakest first: their order is what "tighter" means.
pub const DEMANDS: [&str; 4] = ["allow", "snapshot", "hold", "deny"];
pub const LEVELS: [&str; 4] = ["none", "digest", "readable", "restored"];
pub const STRENGTHS: [&str; 5] = ["terminal", "password", "key", "hardware", "second-person"];
pub const WAIVERS: [&str; 3] = ["impossible", "no-driver", "never"];
pub const DRIFTS: [&str; 3] = ["shown", "renew", "none"];
pub const MODES: [&str; 3] = ["observe", "snapshot-only", "enforce"];
pub const CODECS: [&str; 2] = ["zstd", "gzip"];
pub const GRADES: [&str; 5] = ["none", "moderate", "high", "critical", "catastrophic"];
pub const PROFILES: [&str; 3] = ["relaxed", "default", "strict"];

/// The hook is registered with a timeout of 30 s; past it the client lets the call run.
const LONGEST_DEADLINE_MS: u64 = 25_000;

/// Every key with a value of its own; the default profile sets each.
pub const KEYS: [&str; 37] = [
    "profile",
    "mode",
    "demands.moderate",
    "demands.high",
    "demands.critical",
    "demands.catastrophic",
    "backup.max_age",
    "backup.verify",
    "backup.drift",
    "backup.min_bytes",
    "backup.dir",
    "backup.codec",
    "backup.keep_guard",
    "backup.undo_window",
    "backup.max_bytes",
    "backup.max_time",
    "backup.free_bytes",
    "approvals.count",
    "approvals.lifetime",
    "approvals.request_lifetime",
    "approvals.pause",
    "approvals.two_people",
    "approvals.strength",
    "approvals.waiver",
    "waits.hold",
    "waits.snapshot",
    "waits.deadline",
    "small.snapshot",
    "small.files",
    "small.bytes",
    "small.rows",
    "paths.regenerable",
    "paths.also_regenerable",
    "paths.tool_dirs",
    "git.protected",
    "git.protected_tags",
    "severities",
];

/// Which way a project's layer may turn a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Up,
    Down,
    /// Only the owner's layers may set it.
    Owner,
}

/// The settings in force, as plain values; choices are places in the lists above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub profile: usize,
    pub mode: usize,
    /// Demand of moderate, high, critical and catastrophic.
    pub demands: [usize; 4],
    pub severities: BTreeMap<String, usize>,
    pub max_age_s: u64,
    pub verify: usize,
    pub min_bytes: u64,
    pub dir: String,
    pub codec: usize,
    pub keep_guard_s: u64,
    pub undo_window_s: u64,
    pub backup_bytes: u64,
    pub backup_seconds: u64,
    pub free_bytes: u64,
    pub approvals: u64,
    pub approval_ttl_s: u64,
    pub request_ttl_s: u64,
    pub pause_s: u64,
    pub two_people: bool,
    pub strength: usize,
    pub waiver: usize,
    pub drift: usize,
    pub hold_wait_ms: u64,
    pub snapshot_wait_ms: u64,
    pub deadline_ms: u64,
    pub small_snapshot: bool,
    pub small_files: u64,
    pub small_bytes: u64,
    pub small_rows: u64,
    pub regenerable: Vec<String>,
    pub tool_dirs: Vec<String>,
    pub protected: Vec<String>,
    pub protected_tags: Vec<String>,
    pub exceptions: Vec<Relief>,
    pub enrolled: Vec<(String, String)>,
    pub mcp: BTreeMap<String, String>,
}

impl Settings {
    /// Returns every plain value under its field's name, as source text; the build script writes profiles with it.
    pub fn numbers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("profile", self.profile.to_string()),
            ("mode", self.mode.to_string()),
            ("demands", format!("{:?}", self.demands)),
            ("max_age_s", self.max_age_s.to_string()),
            ("verify", self.verify.to_string()),
            ("min_bytes", self.min_bytes.to_string()),
            ("codec", self.codec.to_string()),
            ("keep_guard_s", self.keep_guard_s.to_string()),
            ("undo_window_s", self.undo_window_s.to_string()),
            ("backup_bytes", self.backup_bytes.to_string()),
            ("backup_seconds", self.backup_seconds.to_string()),
            ("free_bytes", self.free_bytes.to_string()),
            ("approvals", self.approvals.to_string()),
            ("approval_ttl_s", self.approval_ttl_s.to_string()),
            ("request_ttl_s", self.request_ttl_s.to_string()),
            ("pause_s", self.pause_s.to_string()),
            ("two_people", self.two_people.to_string()),
            ("strength", self.strength.to_string()),
            ("waiver", self.waiver.to_string()),
            ("drift", self.drift.to_string()),
            ("hold_wait_ms", self.hold_wait_ms.to_string()),
            ("snapshot_wait_ms", self.snapshot_wait_ms.to_string()),
            ("deadline_ms", self.deadline_ms.to_string()),
            ("small_snapshot", self.small_snapshot.to_string()),
            ("small_files", self.small_files.to_string()),
            ("small_bytes", self.small_bytes.to_string()),
            ("small_rows", self.small_rows.to_string()),
        ]
    }
}

/// An exception as written; whoever knows the calendar reads `expires`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relief {
    pub rule: String,
    pub target: Option<String>,
    pub reason: String,
    pub expires: At<String>,
}

/// Who wrote a layer: its owner may set everything, a project may only tighten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Owner,
    Project,
}

/// Finds the severity (a place in `GRADES`) that a rule was built with; nothing when there is no such rule.
pub type RuleGrade<'a> = &'a dyn Fn(&str) -> Option<usize>;

/// Reads a file and lays it over the settings; faults are noted, and what is faulty changes nothing.
pub fn overlay(
    text: &str,
    author: Author,
    grade: RuleGrade<'_>,
    settings: &mut Settings,
    faults: &mut Faults,
) -> BTreeSet<String> {
    read(text, faults, |root, faults| {
        let mut layer = Layer {
            author,
            settings,
            faults,
            set: BTreeSet::new(),
        };
        layer.root(root, grade);
        layer.set
    })
}

/// Returns the profile that a file asks for, without any other check.
pub fn profile(text: &str) -> Option<usize> {
    let mut faults = Faults::default();
    read(text, &mut faults, |mut root, faults| {
        let name = root.text("profile", faults)?;
        PROFILES.iter().position(|known| *known == name.value)
    })
}

struct Layer<'s> {
    author: Author,
    settings: &'s mut Settings,
    faults: &'s mut Faults,
    /// Full names of the keys that the file sets.
    set: BTreeSet<String>,
}

impl Layer<'_> {
    fn root(&mut self, mut root: Section<'_>, grade: RuleGrade<'_>) {
        let mut profile = self.settings.profile;
        self.choice(&mut root, "profile", &PROFILES, Turn::Owner, &mut profile);
        let mut mode = self.settings.mode;
        self.choice(&mut root, "mode", &MODES, Turn::Owner, &mut mode);
        self.settings.profile = profile;
        self.settings.mode = mode;
        if let Some(section) = root.section("demands", self.faults) {
            self.demands(section);
        }
        self.severities(&mut root, grade);
        for (key, read) in [
            ("backup", Self::backup as fn(&mut Self, Section<'_>)),
            ("approvals", Self::approvals),
            ("waits", Self::waits),
            ("small", Self::small),
            ("paths", Self::paths),
            ("git", Self::git),
        ] {
            if let Some(section) = root.section(key, self.faults) {
                read(self, section);
            }
        }
        self.exceptions(&mut root, grade);
        self.enrolled(&mut root);
        self.mcp(&mut root);
        root.finish(self.faults);
    }

    /// Tells whether this author may set the key so; notes the sentence that says why not.
    fn may(&mut self, at: usize, name: &str, turn: Turn, tighter: bool) -> bool {
        if self.author == Author::Owner || tighter && turn != Turn::Owner {
            return true;
        }
        let text = match turn {
            Turn::Owner => {
                format!("`{name}` can only be set in the owner's policy, not in a project's")
            }
            Turn::Up => {
                format!("a project can only raise `{name}`: its policy may tighten, never loosen")
            }
            Turn::Down => {
                format!("a project can only lower `{name}`: its policy may tighten, never loosen")
            }
        };
        self.faults.add(at, text);
        false
    }

    fn put<T: PartialOrd>(&mut self, name: String, new: At<T>, turn: Turn, slot: &mut T) {
        let tighter = match turn {
            Turn::Up => new.value >= *slot,
            Turn::Down => new.value <= *slot,
            Turn::Owner => false,
        };
        if self.may(new.at, &name, turn, tighter) {
            *slot = new.value;
        }
        self.set.insert(name);
    }

    fn choice(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        words: &[&str],
        turn: Turn,
        slot: &mut usize,
    ) {
        let Some(text) = section.text(key, self.faults) else {
            return;
        };
        let name = section.full(key);
        match words.iter().position(|word| *word == text.value) {
            Some(value) => self.put(name, At { value, at: text.at }, turn, slot),
            None => self.faults.add(
                text.at,
                format!(
                    "`{name}` must be one of {}, not `{}`",
                    words.join(", "),
                    text.value
                ),
            ),
        }
    }

    fn amount(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        unit: Unit,
        turn: Turn,
        slot: &mut u64,
    ) {
        let Some(text) = section.amount(key, self.faults) else {
            return;
        };
        let name = section.full(key);
        match unit.read(&text.value) {
            Some(value) => self.put(name, At { value, at: text.at }, turn, slot),
            None => self.faults.add(
                text.at,
                format!("`{name}` must be {}, not `{}`", unit.wanted(), text.value),
            ),
        }
    }

    fn truth(&mut self, section: &mut Section<'_>, key: &'static str, turn: Turn, slot: &mut bool) {
        if let Some(value) = section.truth(key, self.faults) {
            self.put(section.full(key), value, turn, slot);
        }
    }

    fn demands(&mut self, mut section: Section<'_>) {
        let mut demands = self.settings.demands;
        let keys = ["moderate", "high", "critical", "catastrophic"];
        for (key, slot) in keys.into_iter().zip(&mut demands) {
            let before = *slot;
            let at = section.at;
            self.choice(&mut section, key, &DEMANDS, Turn::Up, slot);
            if key == "catastrophic" && before == 3 && *slot != 3 {
                self.faults.add(
                    at,
                    "`demands.catastrophic` is always \"deny\": no approval opens it",
                );
            }
        }
        if let Some(pair) = demands
            .windows(2)
            .position(|pair| pair.first() > pair.last())
        {
            let names =
                [keys.get(pair), keys.get(pair + 1)].map(|name| name.copied().unwrap_or_default());
            self.faults.add(
                section.at,
                format!(
                    "`demands.{}` asks for less than `demands.{}`",
                    names[1], names[0]
                ),
            );
        }
        self.settings.demands = demands;
        section.finish(self.faults);
    }

    fn severities(&mut self, root: &mut Section<'_>, grade: RuleGrade<'_>) {
        if root.has("severities") {
            self.set.insert("severities".to_owned());
        }
        for (rule, text) in root.pairs("severities", self.faults) {
            let Some(built) = grade(&rule.value) else {
                self.faults
                    .add(rule.at, format!("there is no rule `{}`", rule.value));
                continue;
            };
            let Some(value) = GRADES.iter().position(|word| *word == text.value) else {
                self.faults.add(
                    text.at,
                    format!(
                        "a severity must be one of {}, not `{}`",
                        GRADES.join(", "),
                        text.value
                    ),
                );
                continue;
            };
            let mut slot = self
                .settings
                .severities
                .get(&rule.value)
                .copied()
                .unwrap_or(built);
            let name = format!("severities.\"{}\"", rule.value);
            self.put(name, At { value, at: text.at }, Turn::Up, &mut slot);
            self.settings.severities.insert(rule.value, slot);
        }
    }

    fn backup(&mut self, mut section: Section<'_>) {
        let mut new = self.settings.clone();
        let s = &mut section;
        self.amount(s, "max_age", Unit::Seconds, Turn::Down, &mut new.max_age_s);
        self.choice(s, "verify", &LEVELS, Turn::Up, &mut new.verify);
        self.choice(s, "drift", &DRIFTS, Turn::Up, &mut new.drift);
        self.amount(s, "min_bytes", Unit::Bytes, Turn::Up, &mut new.min_bytes);
        let dir = s.text("dir", self.faults);
        if let Some(dir) = dir
            .as_ref()
            .filter(|dir| !dir.value.is_empty() && !dir.value.starts_with('/'))
        {
            self.faults.add(
                dir.at,
                format!(
                    "`{}` must be an absolute path, not `{}`: every process would keep its backups in another folder",
                    s.full("dir"),
                    dir.value
                ),
            );
        } else if let Some(dir) = dir {
            self.put(s.full("dir"), dir, Turn::Owner, &mut new.dir);
        }
        self.choice(s, "codec", &CODECS, Turn::Owner, &mut new.codec);
        self.amount(
            s,
            "keep_guard",
            Unit::Seconds,
            Turn::Up,
            &mut new.keep_guard_s,
        );
        self.amount(
            s,
            "undo_window",
            Unit::Seconds,
            Turn::Up,
            &mut new.undo_window_s,
        );
        self.amount(
            s,
            "max_bytes",
            Unit::Bytes,
            Turn::Owner,
            &mut new.backup_bytes,
        );
        self.amount(
            s,
            "max_time",
            Unit::Seconds,
            Turn::Owner,
            &mut new.backup_seconds,
        );
        self.amount(
            s,
            "free_bytes",
            Unit::Bytes,
            Turn::Owner,
            &mut new.free_bytes,
        );
        *self.settings = new;
        section.finish(self.faults);
    }

    fn approvals(&mut self, mut section: Section<'_>) {
        let mut new = self.settings.clone();
        let s = &mut section;
        let at = s.at;
        self.amount(s, "count", Unit::Number, Turn::Up, &mut new.approvals);
        if !(1..=9).contains(&new.approvals) {
            self.faults.add(at, "`approvals.count` must be from 1 to 9; what needs none is a demand of \"snapshot\"");
        }
        self.amount(
            s,
            "lifetime",
            Unit::Seconds,
            Turn::Down,
            &mut new.approval_ttl_s,
        );
        self.amount(
            s,
            "request_lifetime",
            Unit::Seconds,
            Turn::Down,
            &mut new.request_ttl_s,
        );
        self.amount(s, "pause", Unit::Seconds, Turn::Up, &mut new.pause_s);
        self.truth(s, "two_people", Turn::Up, &mut new.two_people);
        self.choice(s, "strength", &STRENGTHS, Turn::Up, &mut new.strength);
        self.choice(s, "waiver", &WAIVERS, Turn::Up, &mut new.waiver);
        *self.settings = new;
        section.finish(self.faults);
    }

    fn waits(&mut self, mut section: Section<'_>) {
        let mut new = self.settings.clone();
        let s = &mut section;
        let at = s.at;
        self.amount(
            s,
            "hold",
            Unit::Milliseconds,
            Turn::Owner,
            &mut new.hold_wait_ms,
        );
        self.amount(
            s,
            "snapshot",
            Unit::Milliseconds,
            Turn::Owner,
            &mut new.snapshot_wait_ms,
        );
        self.amount(
            s,
            "deadline",
            Unit::Milliseconds,
            Turn::Owner,
            &mut new.deadline_ms,
        );
        if new.deadline_ms > LONGEST_DEADLINE_MS {
            self.faults.add(at, "`waits.deadline` must be at most 25s: past the hook's own timeout of 30s the call would run");
        }
        if new.hold_wait_ms.max(new.snapshot_wait_ms) >= new.deadline_ms {
            self.faults.add(
                at,
                "`waits.hold` and `waits.snapshot` must be shorter than `waits.deadline`",
            );
        }
        *self.settings = new;
        section.finish(self.faults);
    }

    fn small(&mut self, mut section: Section<'_>) {
        let mut new = self.settings.clone();
        let s = &mut section;
        self.truth(s, "snapshot", Turn::Down, &mut new.small_snapshot);
        self.amount(s, "files", Unit::Number, Turn::Down, &mut new.small_files);
        self.amount(s, "bytes", Unit::Bytes, Turn::Down, &mut new.small_bytes);
        self.amount(s, "rows", Unit::Number, Turn::Down, &mut new.small_rows);
        *self.settings = new;
        section.finish(self.faults);
    }

    fn paths(&mut self, mut section: Section<'_>) {
        if let Some(names) = section.texts("regenerable", self.faults) {
            self.set.insert(section.full("regenerable"));
            let known = self.settings.regenerable.clone();
            let mut kept = Vec::new();
            for name in names {
                if name.value.is_empty() || name.value.contains('/') {
                    self.faults.add(
                        name.at,
                        "`paths.regenerable` holds names of folders, without `/`",
                    );
                } else if self.author == Author::Owner || known.contains(&name.value) {
                    kept.push(name.value);
                } else {
                    let text = format!(
                        "a project can only shorten `paths.regenerable`: `{}` is new",
                        name.value
                    );
                    self.faults.add(name.at, text);
                }
            }
            self.settings.regenerable = kept;
        }
        if let Some(names) = section.texts("also_regenerable", self.faults) {
            self.set.insert(section.full("also_regenerable"));
            for name in names {
                if self.may(name.at, "paths.also_regenerable", Turn::Owner, false) {
                    self.settings.regenerable.push(name.value);
                }
            }
        }
        if let Some(dirs) = section.texts("tool_dirs", self.faults) {
            self.set.insert(section.full("tool_dirs"));
            let mut kept = Vec::new();
            for dir in dirs {
                if !dir.value.starts_with('/') {
                    self.faults
                        .add(dir.at, format!("`{}` is not an absolute path", dir.value));
                } else if self.may(dir.at, "paths.tool_dirs", Turn::Owner, false) {
                    kept.push(dir.value);
                }
            }
            self.settings.tool_dirs = kept;
        }
        section.finish(self.faults);
    }

    /// A project's patterns are added to those below: they can only protect more.
    fn git(&mut self, mut section: Section<'_>) {
        let mut new = self.settings.clone();
        for (key, slot) in [
            ("protected", &mut new.protected),
            ("protected_tags", &mut new.protected_tags),
        ] {
            let Some(patterns) = section.texts(key, self.faults) else {
                continue;
            };
            self.set.insert(section.full(key));
            if self.author == Author::Owner {
                slot.clear();
            }
            for pattern in patterns {
                if pattern.value.is_empty() {
                    let text = format!("`git.{key}` holds patterns over names; one is empty");
                    self.faults.add(pattern.at, text);
                } else if !slot.contains(&pattern.value) {
                    slot.push(pattern.value);
                }
            }
        }
        *self.settings = new;
        section.finish(self.faults);
    }

    fn exceptions(&mut self, root: &mut Section<'_>, grade: RuleGrade<'_>) {
        for mut section in root.sections("exceptions", self.faults) {
            self.set.insert("exceptions".to_owned());
            let at = section.at;
            let rule = section.need("rule", self.faults);
            if !rule.is_empty() && grade(&rule).is_none() {
                self.faults.add(at, format!("there is no rule `{rule}`"));
            }
            let relief = Relief {
                rule,
                target: section
                    .text("target", self.faults)
                    .map(|target| target.value),
                reason: section.need("reason", self.faults),
                expires: section.text("expires", self.faults).unwrap_or(At {
                    value: String::new(),
                    at,
                }),
            };
            if relief.expires.value.is_empty() {
                self.faults.add(at, "an exception needs `expires`: the last day on which it holds, as \"2026-12-31\"");
            }
            section.finish(self.faults);
            if self.may(at, "exceptions", Turn::Owner, false) {
                self.settings.exceptions.push(relief);
            }
        }
    }

    fn enrolled(&mut self, root: &mut Section<'_>) {
        for mut section in root.sections("enrolled", self.faults) {
            self.set.insert("enrolled".to_owned());
            let at = section.at;
            let kind = section.need("kind", self.faults);
            if !kind.is_empty() && !super::pack::KINDS.contains(&kind.as_str()) {
                self.faults.add(
                    at,
                    format!(
                        "`{kind}` is not a kind of target: {}",
                        super::pack::KINDS.join(", ")
                    ),
                );
            }
            let locator = section.need("locator", self.faults);
            section.finish(self.faults);
            if self.may(at, "enrolled", Turn::Owner, false) {
                self.settings.enrolled.push((kind, locator));
            }
        }
    }

    fn mcp(&mut self, root: &mut Section<'_>) {
        for (name, mut section) in root.named("mcp", self.faults) {
            self.set.insert("mcp".to_owned());
            let at = section.at;
            let target = section.need("target", self.faults);
            section.finish(self.faults);
            if self.may(at, "mcp", Turn::Owner, false) {
                self.settings.mcp.insert(name, target);
            }
        }
    }
}

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Number,
    Seconds,
    Milliseconds,
    Bytes,
}

impl Unit {
    const fn wanted(self) -> &'static str {
        match self {
            Self::Number => "a whole number",
            Self::Seconds | Self::Milliseconds => {
                "seconds, or a time such as \"90s\", \"15m\", \"1h\", \"7d\""
            }
            Self::Bytes => "bytes, or a size such as \"512 MB\", \"20 GB\"",
        }
    }

    /// Reads an amount; a bare number counts seconds or bytes.
    fn read(self, text: &str) -> Option<u64> {
        let text = text.trim().replace('_', "");
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = text.split_at_checked(end)?;
        let number: u64 = digits.parse().ok()?;
        let unit = unit.trim().to_ascii_lowercase();
        let factor: u64 = match self {
            Self::Number => unit.is_empty().then_some(1)?,
            Self::Bytes => match unit.as_str() {
                "" | "b" => 1,
                "k" | "kb" => 1_000,
                "m" | "mb" => 1_000_000,
                "g" | "gb" => 1_000_000_000,
                "t" | "tb" => 1_000_000_000_000,
                "kib" => 1 << 10,
                "mib" => 1 << 20,
                "gib" => 1 << 30,
                "tib" => 1 << 40,
                _ => return None,
            },
            Self::Milliseconds if unit == "ms" => 1,
            Self::Seconds | Self::Milliseconds => {
                let seconds = match unit.as_str() {
                    "" | "s" => 1,
                    "m" | "min" => 60,
                    "h" => 3_600,
                    "d" => 86_400,
                    "w" => 604_800,
                    _ => return None,
                };
                if self == Self::Milliseconds {
                    seconds * 1_000
                } else {
                    seconds
                }
            }
        };
        number.checked_mul(factor)
    }
}
