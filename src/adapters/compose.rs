//! Where a Compose project lies and what it is called, worked out as Compose itself does.
//! It reads the compose files, `.env` and the hook's environment; containers are not its matter.

use super::regular;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser};

use super::environment;
use crate::model::service::ProjectPlace;

/// File names in the order in which Compose looks for them.
const NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
/// Files that Compose reads besides.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];
/// Folders above the working directory in which a compose file is looked for.
const MAX_PARENTS: usize = 64;
/// Largest compose file or `.env` that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Parts of one compose file that are looked at.
const MAX_EVENTS: usize = 100_000;
/// References in one value that are filled in.
const MAX_REFERENCES: usize = 32;

/// A project, as far as words, files and environment tell.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Project {
    /// Nothing where it cannot be told.
    pub name: Option<String>,
    /// The words of the call give the name: nothing else can.
    pub given: bool,
    /// Only what the hook inherits gives the name.
    pub implicit: bool,
    /// Its folder; nothing where no compose file is there.
    pub folder: Option<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// Works out which project is meant.
pub fn project(place: &ProjectPlace) -> Project {
    let mut project = Project::default();
    if let Some(name) = place.name.as_ref().filter(|name| !name.is_empty()) {
        project.name = Some(name.clone());
        project.given = true;
        return project;
    }
    let mut values = Values::of(place);
    if let Some(name) = values.own("COMPOSE_PROJECT_NAME") {
        project.name = Some(name);
        project.given = true;
        return project;
    }
    // Beside the working directory first, then beside the compose file.
    let first = place.files.first().and_then(|file| file.parent());
    let start = place.folder.as_deref().or(first).unwrap_or(&place.cwd);
    values.read(place, start);
    project.files.clone_from(&place.files);
    if project.files.is_empty() {
        project.files = values.files(&place.cwd);
    }
    if project.files.is_empty() {
        project.files = found(start);
    }
    let beside = project.files.first().and_then(|file| file.parent());
    let folder = place.folder.as_deref().or(beside);
    if let Some(folder) = folder {
        values.read(place, folder);
    }
    project.folder = folder.map(Path::to_path_buf);
    name(&mut project, &values);
    project
}

fn name(project: &mut Project, values: &Values) {
    if let Some((value, inherited)) = values.get("COMPOSE_PROJECT_NAME")
        && !value.is_empty()
    {
        project.name = Some(value);
        project.implicit = inherited;
        return;
    }
    let mut said = None;
    for file in &project.files {
        let Some(text) = text(file) else {
            // A file that cannot be read may say anything.
            return;
        };
        match top_name(&text) {
            Ok(Some(one)) => said = Some(one),
            Ok(None) => {}
            Err(()) => return,
        }
    }
    let Some(said) = said else {
        let base = project.folder.as_deref().and_then(Path::file_name);
        project.name = base
            .map(|base| normal(&base.to_string_lossy()))
            .filter(|name| !name.is_empty());
        return;
    };
    let mut inherited = false;
    let filled = filled(&said, |name| {
        let (value, theirs) = values.get(name)?;
        inherited |= theirs;
        Some(value)
    });
    project.implicit = inherited;
    project.name = filled
        .map(|name| normal(&name))
        .filter(|name| !name.is_empty());
}

/// Returns the compose files of the nearest folder that has one.
fn found(start: &Path) -> Vec<PathBuf> {
    for folder in start.ancestors().take(MAX_PARENTS) {
        let there = |names: &[&str]| {
            let mut all = names.iter().map(|name| folder.join(name));
            all.find(|file| file.exists())
        };
        if let Some(file) = there(&NAMES) {
            return [Some(file), there(&OVERRIDES)]
                .into_iter()
                .flatten()
                .collect();
        }
    }
    Vec::new()
}

/// Reads a regular file of bounded size.
fn text(path: &Path) -> Option<String> {
    let facts = std::fs::metadata(path).ok()?;
    if !facts.is_file() || facts.len() > MAX_BYTES {
        return None;
    }
    String::from_utf8(regular::read(path).ok()?).ok()
}

/// The variables that Compose sees.
#[derive(Debug, Default)]
struct Values {
    /// Set by the words of the call.
    given: BTreeMap<String, String>,
    /// Read from files.
    filed: BTreeMap<String, String>,
    inherits: bool,
}

impl Values {
    fn of(place: &ProjectPlace) -> Self {
        Self {
            given: place.env.iter().cloned().collect(),
            filed: BTreeMap::new(),
            inherits: place.inherits,
        }
    }

    /// Returns what the words of the call set.
    fn own(&self, name: &str) -> Option<String> {
        self.given
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    }

    /// Returns a value and whether the hook's environment gave it.
    fn get(&self, name: &str) -> Option<(String, bool)> {
        if let Some(value) = self.given.get(name) {
            return Some((value.clone(), false));
        }
        let inherited = || environment::variable(name)?.into_string().ok();
        if let Some(value) = self.inherits.then(inherited).flatten() {
            return Some((value, true));
        }
        self.filed.get(name).map(|value| (value.clone(), false))
    }

    /// Takes what `.env` in a folder, or the files named instead, say; what is known already stays.
    fn read(&mut self, place: &ProjectPlace, folder: &Path) {
        let beside = [folder.join(".env")];
        let files: &[PathBuf] = match place.env_files.as_slice() {
            [] => &beside,
            named => named,
        };
        let mut read = BTreeMap::new();
        for file in files {
            for (key, value) in text(file)
                .map(|text| assignments(&text))
                .unwrap_or_default()
            {
                read.insert(key, value);
            }
        }
        for (key, value) in read {
            self.filed.entry(key).or_insert(value);
        }
    }

    /// Returns the files of `COMPOSE_FILE`.
    fn files(&self, cwd: &Path) -> Vec<PathBuf> {
        let set = self.get("COMPOSE_FILE").map(|(value, _)| value);
        let parts = self.get("COMPOSE_PATH_SEPARATOR").map(|(value, _)| value);
        let parts = parts.filter(|one| !one.is_empty());
        let parts = parts.as_deref().unwrap_or(":");
        let set = set.unwrap_or_default();
        let named = set.split(parts).filter(|one| !one.is_empty());
        named.map(|one| cwd.join(one)).collect()
    }
}

/// Reads the assignments of a `.env` file.
fn assignments(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = lines.filter_map(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=')?;
        Some((key.trim().to_owned(), unquoted(value.trim())))
    });
    split.collect()
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default().to_owned();
        }
    }
    let plain = value.split(" #").next().unwrap_or_default();
    plain.trim_end().to_owned()
}

/// Returns the top-level `name` of a compose file; an error where the file is no YAML up to there.
fn top_name(text: &str) -> Result<Option<String>, ()> {
    let mut depth = 0_usize;
    let mut is_key = true;
    let mut wanted = false;
    for event in Parser::new_from_str(text).take(MAX_EVENTS) {
        let (event, _) = event.map_err(|_no_yaml| ())?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    (is_key, wanted) = (true, false);
                }
            }
            Event::Scalar(value, ..) if depth == 1 => {
                if !is_key && wanted {
                    return Ok(Some(value.into_owned()).filter(|name| !name.is_empty()));
                }
                wanted = is_key && value == "name";
                is_key = !is_key;
            }
            Event::Alias(_) if depth == 1 => {
                if wanted {
                    return Err(());
                }
                is_key = !is_key;
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Fills in `$NAME`, `${NAME}`, `${NAME:-other}` and `${NAME-other}`; nothing for forms beyond these.
fn filled(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut all = String::new();
    let mut rest = text;
    for _ in 0..MAX_REFERENCES {
        let Some((before, after)) = rest.split_once('$') else {
            all.push_str(rest);
            return Some(all);
        };
        all.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            all.push('$');
            rest = after;
            continue;
        }
        if let Some(inner) = after.strip_prefix('{') {
            let (inner, after) = inner.split_once('}')?;
            all.push_str(&braced(inner, &mut value)?);
            rest = after;
            continue;
        }
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(after.len());
        let (name, after) = after.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        all.push_str(&value(name).unwrap_or_default());
        rest = after;
    }
    None
}

fn braced(inner: &str, value: &mut impl FnMut(&str) -> Option<String>) -> Option<String> {
    let end = inner
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(inner.len());
    let (name, rest) = inner.split_at_checked(end)?;
    let set = value(name);
    let full = set.clone().filter(|value| !value.is_empty());
    if rest.is_empty() {
        return Some(set.unwrap_or_default());
    }
    if let Some(other) = rest.strip_prefix(":-") {
        let plain = !other.contains('$');
        return full.or_else(|| plain.then(|| other.to_owned()));
    }
    if let Some(other) = rest.strip_prefix('-') {
        let plain = !other.contains('$');
        return set.or_else(|| plain.then(|| other.to_owned()));
    }
    match rest.starts_with(":?") {
        true => full,
        false => set.filter(|_| rest.starts_with('?')),
    }
}

/// Returns a name as Compose writes it.
fn normal(name: &str) -> String {
    let kept = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
        .collect::<String>();
    kept.trim_start_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("bs-compose-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        for (file, text) in files {
            let path = dir.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn at(dir: &Path) -> ProjectPlace {
        ProjectPlace {
            cwd: dir.to_path_buf(),
            ..ProjectPlace::default()
        }
    }

    #[test]
    fn the_folder_of_the_nearest_compose_file_gives_the_name() {
        let dir = scratch(
            "near",
            &[
                ("My.Shop_1/docker-compose.yml", "services: {}"),
                ("My.Shop_1/src/a", ""),
            ],
        );
        let found = project(&at(&dir.join("My.Shop_1/src")));
        assert_eq!(found.name.as_deref(), Some("myshop_1"));
        assert_eq!(found.folder, Some(dir.join("My.Shop_1")));
        assert!(!found.given && !found.implicit);
        assert_eq!(normal("__-.A b"), "ab");
    }

    #[test]
    fn words_go_before_files_and_files_before_folders() {
        let dir = scratch(
            "order",
            &[
                (
                    "app/compose.yaml",
                    "name: ${STAGE:-shop}-x\nservices:\n  name: {}\n",
                ),
                ("app/.env", "# c\nexport STAGE=\"Lab\" # d\nOTHER=1 # e\n"),
                ("deploy/x.yml", "services:\n  a:\n    name: no\n"),
            ],
        );
        let app = dir.join("app");
        let mut place = at(&app);
        assert_eq!(project(&place).name.as_deref(), Some("lab-x"));
        std::fs::write(app.join(".env"), "COMPOSE_PROJECT_NAME=filed\n").unwrap();
        assert_eq!(project(&place).name.as_deref(), Some("filed"));
        place.env = vec![("COMPOSE_PROJECT_NAME".into(), "set".into())];
        assert_eq!(project(&place).name.as_deref(), Some("set"));
        place.name = Some("said".into());
        assert_eq!(project(&place).name.as_deref(), Some("said"));
        let mut place = at(&app);
        place.files = vec![dir.join("deploy/x.yml")];
        assert_eq!(project(&place).name.as_deref(), Some("deploy"));
        place.folder = Some(app.clone());
        assert_eq!(project(&place).name.as_deref(), Some("filed"));
        std::fs::write(app.join(".env"), "COMPOSE_FILE=../deploy/x.yml\n").unwrap();
        assert_eq!(project(&at(&app)).name.as_deref(), Some("deploy"));
    }

    #[test]
    fn a_name_that_cannot_be_worked_out_is_none() {
        let dir = scratch(
            "odd",
            &[
                ("a/compose.yml", "name: ${A:-${B}}\n"),
                ("b/compose.yml", "x: [\n"),
            ],
        );
        assert_eq!(project(&at(&dir.join("a"))).name, None);
        assert_eq!(project(&at(&dir.join("b"))).name, None);
        assert_eq!(
            top_name("services:\n  name: x\nname: y\n"),
            Ok(Some("y".into()))
        );
        assert_eq!(top_name("x: name\ny: z\n"), Ok(None));
        assert_eq!(filled("a$$b", |_| None).as_deref(), Some("a$b"));
        assert_eq!(filled("${A?no}", |_| None), None);
    }
}
