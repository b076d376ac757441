//! Compose files: what a service would start, and what of this machine it would see.
//! It reads only the keys that decide this; merging with other files and images is not its matter.

use std::collections::BTreeMap;
use std::path::Path;

use saphyr_parser::{Event, Parser};

use crate::model::command::Passage;
use crate::model::span::{Origin, Span};
use crate::model::word::Word;

use super::expand::literal_piece;
use super::options::Options;
use super::source::Source;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};
use super::wrappers::start;

/// File names in the order in which compose looks for them.
const NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
/// Collections inside one another; deeper ones are not read.
const MAX_LEVELS: usize = 12;
/// Scalars of one file that are looked at.
const MAX_SCALARS: usize = 20_000;
/// Services that one call may start.
const MAX_SERVICES: usize = 1_000;

/// One service, as far as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Service {
    /// `entrypoint` and `command`: their texts, and whether they were written as lists.
    entrypoint: Vec<String>,
    command: Vec<String>,
    listed: bool,
    /// `source:target`.
    mounts: Vec<String>,
    /// Services that are started before it.
    needs: Vec<String>,
    line: usize,
}

/// What a call asks of compose.
pub(super) struct Asked<'a> {
    pub engine: &'a str,
    pub global: &'a Options,
    /// No name stands for every service.
    pub names: Vec<String>,
    /// `--entrypoint`.
    pub entrypoint: Option<Word>,
}

impl Unfolder<'_> {
    /// Runs what the compose file gives the named services to do.
    pub(super) fn services(
        &mut self,
        asked: &Asked<'_>,
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Feed> {
        let mut inside = st.clone();
        if let Some(dir) = asked.global.value("--project-directory") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let file = asked.global.value("-f --file").cloned();
        let (path, text) = self.task_file(file, &NAMES, &inside, fr)?;
        let services = read(&text);
        let folder = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        for name in closure(&services, &asked.names) {
            if let Some(service) = services.get(&name) {
                self.service(service, asked, (&path, &folder), job, fr);
            }
        }
        None
    }

    fn service(
        &mut self,
        service: &Service,
        asked: &Asked<'_>,
        (path, folder): (&Path, &Path),
        job: &Job,
        fr: &Frame,
    ) {
        let mut origin = Source::file(path, "").origin(Span::new(0, 0));
        if let Origin::File(place) = &mut origin {
            place.line = service.line;
        }
        let mounts = service
            .mounts
            .iter()
            .map(|mount| Word::literal(landed(mount, folder), origin.clone()))
            .collect();
        let passage = Passage::Fresh {
            engine: asked.engine.to_owned(),
            mounts,
            network: None,
        };
        let via = fr
            .enter(&format!("{} service", asked.engine), passage)
            .fed(Feed::Null);
        let mut inside = super::remote::far(&State::new(Vec::new(), true));
        let mut texts = match &asked.entrypoint {
            Some(_) => Vec::new(),
            None => service.entrypoint.clone(),
        };
        texts.extend(service.command.iter().cloned());
        if !service.listed && asked.entrypoint.is_none() {
            let text = word_of(vec![literal_piece(&texts.join(" "), &origin)], None);
            self.shell_text(&text, &start("sh", job), &mut inside, &via);
            return;
        }
        let mut rest = job.rest(0);
        rest.words = asked.entrypoint.iter().cloned().collect();
        let words = texts
            .iter()
            .map(|text| Word::literal(text.as_str(), origin.clone()));
        rest.words.extend(words);
        rest.env = Vec::new();
        rest.writes = Vec::new();
        if !rest.words.is_empty() {
            self.run(rest, &mut inside, &via);
        }
    }
}

/// The named services and those that they need; all of them when none is named.
fn closure(services: &BTreeMap<String, Service>, names: &[String]) -> Vec<String> {
    let mut wanted: Vec<String> = match names {
        [] => services.keys().cloned().collect(),
        names => names.to_vec(),
    };
    let mut at = 0;
    while let Some(name) = wanted.get(at).filter(|_| at < MAX_SERVICES) {
        let needs = services.get(name).map(|one| one.needs.clone());
        for need in needs.unwrap_or_default() {
            if !wanted.contains(&need) {
                wanted.push(need);
            }
        }
        at += 1;
    }
    wanted.truncate(MAX_SERVICES);
    wanted
}

/// A relative source is one beside the file.
fn landed(mount: &str, folder: &Path) -> String {
    match mount.split_once(':') {
        Some((source, rest)) if source.starts_with('.') => {
            let path = super::state::lexical(folder, source);
            format!("{}:{rest}", path.display())
        }
        _ => mount.to_owned(),
    }
}

/// Where a scalar stands: the keys above it.
struct Level {
    map: bool,
    key: Option<String>,
    /// Items so far.
    items: usize,
}

/// Reads the services of a compose file; what is no YAML gives none.
fn read(text: &str) -> BTreeMap<String, Service> {
    let mut services = BTreeMap::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut too_deep = 0_usize;
    for event in Parser::new_from_str(text).take(MAX_SCALARS) {
        let Ok((event, span)) = event else {
            break;
        };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if levels.len() >= MAX_LEVELS => {
                too_deep += 1;
            }
            Event::SequenceEnd | Event::MappingEnd if too_deep > 0 => too_deep -= 1,
            _ if too_deep > 0 => {}
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let map = matches!(event, Event::MappingStart(..));
                levels.push(Level {
                    map,
                    key: None,
                    items: 0,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                levels.pop();
                passed(&mut levels);
            }
            Event::Scalar(value, ..) => {
                let key = levels
                    .last()
                    .is_some_and(|top| top.map && top.key.is_none());
                if key {
                    if let Some(top) = levels.last_mut() {
                        top.key = Some(value.into_owned());
                    }
                    needed(&levels, &mut services);
                } else {
                    scalar(&levels, &value, span.start.line(), &mut services);
                    passed(&mut levels);
                }
            }
            Event::Alias(_) => passed(&mut levels),
            _ => {}
        }
    }
    services
}

/// A value is done with.
fn passed(levels: &mut [Level]) {
    if let Some(top) = levels.last_mut() {
        top.items += 1;
        top.key = None;
    }
}

fn keys(levels: &[Level]) -> Vec<&str> {
    levels
        .iter()
        .map(|level| level.key.as_deref().unwrap_or(""))
        .collect()
}

/// `depends_on` as a mapping names services by its keys.
fn needed(levels: &[Level], services: &mut BTreeMap<String, Service>) {
    if let ["services", name, "depends_on", need] = keys(levels).as_slice() {
        let service = services.entry((*name).to_owned()).or_default();
        service.needs.push((*need).to_owned());
    }
}

fn scalar(levels: &[Level], value: &str, line: usize, services: &mut BTreeMap<String, Service>) {
    let keys = keys(levels);
    let ["services", name, key, rest @ ..] = keys.as_slice() else {
        return;
    };
    let service = services.entry((*name).to_owned()).or_default();
    let plain = value.replace("$$", "$");
    match (*key, rest) {
        ("command" | "entrypoint", [] | [""]) if !value.is_empty() => {
            service.listed |= !rest.is_empty();
            service.line = line;
            match *key {
                "command" => service.command.push(plain),
                _ if rest.is_empty() => {
                    let words = plain.split_whitespace().map(str::to_owned);
                    service.entrypoint.extend(words);
                }
                _ => service.entrypoint.push(plain),
            }
        }
        ("depends_on", [""]) => service.needs.push(plain),
        ("volumes", [""]) if value.contains(':') => service.mounts.push(value.to_owned()),
        ("volumes", ["", field @ ("source" | "target")]) => {
            mounted(service, field, value, levels);
        }
        _ => {}
    }
}

/// `source` and `target` of a volume that is written as a mapping, in either order.
fn mounted(service: &mut Service, field: &str, value: &str, levels: &[Level]) {
    let other = levels.last().map_or(0, |top| top.items) > 0;
    let open = service
        .mounts
        .last_mut()
        .filter(|mount| other && (mount.starts_with('\0') || mount.ends_with('\0')));
    match (open, field) {
        (Some(mount), "source") => *mount = mount.replace('\0', &format!("{value}:")),
        (Some(mount), _) => *mount = mount.replace('\0', &format!(":{value}")),
        (None, "source") => service.mounts.push(format!("{value}\0")),
        (None, _) => service.mounts.push(format!("\0{value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_its_command_its_mounts_and_what_it_needs() {
        let text = "services:\n  job:\n    image: alpine\n    command: [\"rm\", \"-rf\", \"/data\"]\n    depends_on: [db]\n    volumes:\n      - ./data:/data\n      - type: bind\n        source: /srv\n        target: /srv2\n  db:\n    command: echo $$HOME\n    depends_on:\n      other:\n        condition: service_started\n";
        let services = read(text);
        let job = services.get("job").unwrap();
        assert_eq!(job.command, ["rm", "-rf", "/data"]);
        assert!(job.listed);
        assert_eq!(job.mounts, ["./data:/data", "/srv:/srv2"]);
        assert_eq!(services.get("db").unwrap().command, ["echo $HOME"]);
        assert_eq!(
            closure(&services, &["job".to_owned()]),
            ["job", "db", "other"]
        );
        assert_eq!(
            landed("./data:/data", Path::new("/proj")),
            "/proj/data:/data"
        );
    }

    #[test]
    fn what_is_no_compose_file_has_no_services() {
        assert!(read("a: [b").is_empty());
        assert!(read("- services").is_empty());
        assert!(read(&"[".repeat(5_000)).is_empty());
    }
}
