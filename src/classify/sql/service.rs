//! From a Compose service, or a host of a container network, to the container that is meant: what is asked for it.
//! Which containers there are is for the world; where the words leave something open, the reason says it.

use std::path::{Path, PathBuf};

use crate::model::command::{Command, Cwd, Passage};
use crate::model::fact::{Answer, Question};
use crate::model::service::{ContainerFound, ContainerQuestion, Project, ProjectPlace, Wanted};
use crate::model::word::Word;

use super::reach::{Reading, normal};

/// Files from which Compose takes the name of its project.
const FILES: [&str; 9] = [
    ".env",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What asking came to.
pub(super) enum Named {
    Found(ContainerFound),
    /// Why it is not known which container is meant.
    Not(String),
}

/// Asks which container stands behind a service of the project that the words name.
pub(super) fn of_service(
    (engine, project): (&str, &Project),
    (service, index): (&str, Option<&Word>),
    reading: &mut Reading<'_, '_>,
) -> Named {
    if engine != "docker" && !engine.starts_with("unix://") {
        return Named::Not(format!(
            "which container a service of {engine} has is not known here: name it, `{engine} exec NAME ...`"
        ));
    }
    let index = match index.map(|word| word.text().and_then(|text| text.parse().ok())) {
        Some(None) => return Named::Not("the number of the container is not known".to_owned()),
        Some(index) => index,
        None => None,
    };
    let place = match place(project, reading) {
        Ok(place) => place,
        Err(what) => {
            return Named::Not(format!(
                "the Compose project of service `{service}` is not known: {what}"
            ));
        }
    };
    let wanted = Wanted::Service {
        project: place,
        service: service.to_owned(),
        index,
    };
    ask(engine, wanted, reading)
}

/// Asks what is set inside the container in which a command runs; nothing where it runs in none, or that is not known.
pub(super) fn around(reading: &mut Reading<'_, '_>) -> Option<ContainerFound> {
    let command = reading.command;
    let mut others = (command.via.iter()).filter(|one| leads_away(one));
    let (passage, None) = (&others.next()?.passage, others.next()) else {
        return None;
    };
    let implicit = reading.implicit;
    let found = match passage {
        Passage::Container { engine, name, .. } => {
            let name = name.text()?;
            ask(engine, Wanted::Name(name), reading)
        }
        Passage::Service {
            engine,
            project,
            service,
            index,
            fresh: false,
            ..
        } => {
            let service = service.text()?;
            of_service((engine, project), (&service, index.as_ref()), reading)
        }
        _ => return None,
    };
    reading.implicit = implicit;
    match found {
        Named::Found(found) => Some(found),
        Named::Not(_) => None,
    }
}

/// Asks which container has this name on a network.
pub(super) fn of_host(
    engine: &str,
    network: &Word,
    host: &str,
    reading: &mut Reading<'_, '_>,
) -> Named {
    let Some(network) = network.text() else {
        return Named::Not("the network is not known".to_owned());
    };
    if engine != "docker" && !engine.starts_with("unix://") {
        return Named::Not("it is reached from a new container".to_owned());
    }
    let host = host.to_owned();
    ask(engine, Wanted::Host { network, host }, reading)
}

fn ask(engine: &str, wanted: Wanted, reading: &mut Reading<'_, '_>) -> Named {
    let unknown = match &wanted {
        Wanted::Service { .. } => "the container of the compose service is not known here",
        Wanted::Host { .. } => "it is reached from a new container",
        Wanted::Name(_) => "what is set inside the container is not known",
    };
    if reading.context.facts.assumed || reading.context.scene.assumed {
        return Named::Not(unknown.to_owned());
    }
    let question = Question::Container(ContainerQuestion {
        engine: engine.to_owned(),
        wanted,
    });
    match reading.context.facts.ask(question, reading.needs) {
        Some(Answer::Container(found)) => {
            reading.implicit |= found.implicit;
            Named::Found(found.clone())
        }
        Some(Answer::Unknown(reason)) => Named::Not(reason.clone()),
        _ => Named::Not(unknown.to_owned()),
    }
}

/// Reads the words of a project; says which of them cannot be read.
fn place(project: &Project, reading: &mut Reading<'_, '_>) -> Result<ProjectPlace, String> {
    let unknown = |what: &str| format!("{what} is not known");
    let mut place = ProjectPlace {
        inherits: project.inherits,
        ..ProjectPlace::default()
    };
    let before = (reading.implicit, reading.unknown);
    for (name, word) in &project.env {
        let value = reading.outer_text(word);
        match value {
            Some(value) => place.env.push((name.clone(), value)),
            None if name.starts_with("COMPOSE_") => return Err(unknown(&format!("`{name}`"))),
            None => {}
        }
    }
    // What the container sees is another matter: its connection may be known all the same.
    (reading.implicit, reading.unknown) = before;
    if let Some(word) = &project.name {
        let name = reading.outer_text(word);
        reading.unknown = before.1;
        place.name = Some(name.ok_or_else(|| unknown("its name"))?);
    }
    let named = place.name.as_deref().is_some_and(|name| !name.is_empty());
    let given = |name: &str| {
        let set = place.env.iter().rev().find(|(key, _)| key == name);
        set.is_some_and(|(_, value)| !value.is_empty())
    };
    let is_fixed = named || given("COMPOSE_PROJECT_NAME");
    let cwd = match &project.cwd {
        Some(cwd) => cwd.clone(),
        None if is_fixed => PathBuf::from("/"),
        None => return Err(unknown("the working directory")),
    };
    let mut paths = |words: &[Word], what: &str| -> Result<Vec<PathBuf>, String> {
        let read = words.iter().map(|word| match reading.outer_text(word) {
            Some(text) if text != "-" => Ok(normal(&cwd.join(text))),
            Some(_) | None if is_fixed => Ok(PathBuf::from("/dev/null")),
            Some(_) | None => Err(format!("{what} is not known")),
        });
        let read = read.collect();
        reading.unknown = before.1;
        read
    };
    place.files = paths(&project.files, "the compose file")?;
    place.env_files = paths(&project.env_files, "the file of `--env-file`")?;
    place.folder = paths(project.folder.as_slice(), "the project directory")?.pop();
    place.cwd = cwd;
    if !is_fixed && let Some(file) = changed(&place, reading.context.earlier) {
        return Err(format!(
            "the same call changes `{}`, from which its name may come; run that first, by itself",
            file.display()
        ));
    }
    Ok(place)
}

/// Returns a file that an earlier command of the call may change and that may name the project.
fn changed(place: &ProjectPlace, earlier: &[Command]) -> Option<PathBuf> {
    let decides = |path: &Path| {
        let named = place.files.iter().chain(&place.env_files);
        let base = path.file_name().and_then(|name| name.to_str());
        named.into_iter().any(|file| file == path) || base.is_some_and(|base| FILES.contains(&base))
    };
    earlier.iter().find_map(|command| {
        let written = command.writes.iter().map(|write| &write.file);
        let reads = command.via.iter().any(leads_away)
            || command.is_any(&[
                "docker",
                "docker-compose",
                "cat",
                "grep",
                "ls",
                "source",
                ".",
            ]);
        let words = command.args().iter().filter(|_| !reads);
        written.chain(words).find_map(|word| {
            let text = word.text()?;
            let full = match &command.cwd {
                Cwd::Known(folder) => normal(&folder.join(&text)),
                Cwd::Temporary | Cwd::Unknown => PathBuf::from(text),
            };
            decides(&full).then_some(full)
        })
    })
}

fn leads_away(wrapper: &crate::model::command::Wrapper) -> bool {
    !matches!(wrapper.passage, Passage::Plain | Passage::User { .. })
}
