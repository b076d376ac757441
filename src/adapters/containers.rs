//! Finds the container that a call means without naming it, by the labels and networks that the engine tells.
//! It asks the engine once and chooses; where more than one container could be meant, it chooses none.

use std::path::Path;

use super::compose::{self, Project};
use super::docker::{self, Engine, Listed};
use crate::model::fact::Answer;
use crate::model::service::{ContainerFound, ContainerQuestion, ProjectPlace, Wanted};

/// Containers that a reason names.
const MAX_NAMED: usize = 5;

/// Answers with the one container that is meant, or says what was found instead.
pub fn answer(question: &ContainerQuestion) -> Answer {
    let place = docker::place(&question.engine);
    let asked = Engine::connect(&place).map_err(|error| error.to_string());
    match asked.and_then(|engine| chosen(&engine, &question.wanted)) {
        Ok(found) => Answer::Container(found),
        Err(reason) => Answer::Unknown(reason),
    }
}

fn chosen(engine: &Engine, wanted: &Wanted) -> Result<ContainerFound, String> {
    let list = || {
        let listed = engine.list(&filter(wanted));
        listed.map_err(|error| error.to_string())
    };
    let mut found = match wanted {
        Wanted::Service {
            project,
            service,
            index,
        } => of_service(&list()?, project, service, *index)?,
        Wanted::Host { network, host } => of_host(&list()?, network, host)?,
        Wanted::Name(name) => found(name, false),
    };
    let inside = engine.inspect(&found.name);
    found.env = inside.map_err(|error| error.to_string())?.env;
    Ok(found)
}

fn found(name: &str, implicit: bool) -> ContainerFound {
    ContainerFound {
        name: name.to_owned(),
        implicit,
        env: Vec::new(),
    }
}

/// What the engine is asked to list.
fn filter(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Service { service, .. } => format!("{}={service}", docker::SERVICE),
        Wanted::Host { .. } | Wanted::Name(_) => String::new(),
    }
}

fn of_service(
    listed: &[Listed],
    place: &ProjectPlace,
    service: &str,
    index: Option<u32>,
) -> Result<ContainerFound, String> {
    let project = compose::project(place);
    let mut mine: Vec<&Listed> = listed
        .iter()
        .filter(|one| one.service == service && !one.once)
        .collect();
    mine.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
    let by_name: Vec<&Listed> = (mine.iter().copied())
        .filter(|one| project.name.as_ref() == Some(&one.project))
        .collect();
    let by_place: Vec<&Listed> = (mine.iter().copied())
        .filter(|one| !project.given && lies_there(one, &project))
        .collect();
    let elsewhere = by_place.iter().any(|one| !by_name.contains(one));
    if project.implicit && !by_name.is_empty() && elsewhere {
        return Err(format!(
            "the hook's environment says Compose project `{}`, and {} lies in this folder: name the container, `docker exec NAME ...`",
            project.name.unwrap_or_default(),
            names(&by_place)
        ));
    }
    let pool = if by_name.is_empty() {
        by_place
    } else {
        by_name
    };
    let numbered = |one: &&&Listed| index.is_none_or(|index| one.number == Some(index));
    let pool: Vec<&Listed> = pool.iter().filter(numbered).copied().collect();
    let running: Vec<&Listed> = pool
        .iter()
        .copied()
        .filter(|one| one.is_running())
        .collect();
    let pool = if running.is_empty() { pool } else { running };
    match pool.as_slice() {
        [one] => Ok(found(&one.name, project.implicit)),
        [] => Err(none(&mine, &project, service, index)),
        several => Err(format!(
            "service `{service}` has {} containers, {}: name one, `docker exec {} ...`",
            several.len(),
            names(several),
            several.first().map_or("NAME", |one| one.name.as_str())
        )),
    }
}

/// Says what was found where the one that is meant was not.
fn none(mine: &[&Listed], project: &Project, service: &str, index: Option<u32>) -> String {
    let project = match (&project.name, &project.folder) {
        (Some(name), _) => format!("Compose project `{name}`"),
        (None, Some(folder)) => format!("the Compose project in {}", folder.display()),
        (None, None) => "a Compose project (no compose file is here)".to_owned(),
    };
    let number = index.map_or(String::new(), |index| format!(" {index}"));
    let others = match mine {
        [] => "no container of any project has that service".to_owned(),
        others => {
            let first = others.first().map_or("NAME", |one| one.name.as_str());
            format!(
                "of other projects {} has it: if one of these is meant, `docker exec {first} ...`",
                names(others)
            )
        }
    };
    format!("service `{service}` of {project} has no container{number}; {others}")
}

fn names(all: &[&Listed]) -> String {
    let mut named: Vec<String> = all
        .iter()
        .take(MAX_NAMED)
        .map(|one| format!("`{}`", one.name))
        .collect();
    if all.len() > MAX_NAMED {
        named.push(format!("{} more", all.len() - MAX_NAMED));
    }
    named.join(", ")
}

/// Tells whether Compose made a container from this very folder and file.
fn lies_there(one: &Listed, project: &Project) -> bool {
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    let folder = project.folder.as_deref();
    let made = Path::new(&one.folder);
    let of_folder = !one.folder.is_empty() && folder.is_some_and(|folder| same(folder, made));
    let files = one.files.split(',').map(Path::new);
    let first = project.files.first();
    let of_file = first.is_none_or(|first| files.into_iter().any(|file| same(file, first)));
    of_folder && of_file
}

/// A host of a network: a container's own name, the name of its service, or an alias.
fn of_host(listed: &[Listed], network: &str, host: &str) -> Result<ContainerFound, String> {
    let on = |one: &&Listed| one.networks.iter().any(|name| name == network);
    let called = |one: &&Listed| one.name == host || one.service == host;
    let running = listed.iter().filter(|one| one.is_running());
    let all: Vec<&Listed> = running.filter(on).filter(called).collect();
    match all.as_slice() {
        [one] => Ok(found(&one.name, false)),
        [] => Err(format!(
            "no running container on network `{network}` is called `{host}`: if it is one, `docker exec NAME ...`"
        )),
        several => Err(format!(
            "`{host}` on network `{network}` may be {}: name one, `docker exec NAME ...`",
            names(several)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, project: &str, number: u32) -> Listed {
        Listed {
            name: name.to_owned(),
            state: "running".to_owned(),
            project: project.to_owned(),
            service: "db".to_owned(),
            number: Some(number),
            once: false,
            folder: format!("/srv/{project}"),
            files: format!("/srv/{project}/compose.yaml"),
            networks: vec![format!("{project}_default")],
        }
    }

    fn named(name: &str) -> ProjectPlace {
        ProjectPlace {
            name: Some(name.to_owned()),
            cwd: "/nowhere".into(),
            ..ProjectPlace::default()
        }
    }

    #[test]
    fn the_one_running_container_of_the_service_is_meant() {
        let mut stopped = one("shop-db-2", "shop", 2);
        stopped.state = "exited".to_owned();
        let mut once = one("shop-db-run-1", "shop", 1);
        once.once = true;
        let all = [
            one("shop-db-1", "shop", 1),
            one("lab-db-1", "lab", 1),
            stopped,
            once,
        ];
        let found = of_service(&all, &named("shop"), "db", None).unwrap();
        assert_eq!(found.name, "shop-db-1");
        let stopped = of_service(&all, &named("shop"), "db", Some(2)).unwrap();
        assert_eq!(stopped.name, "shop-db-2");
        let none = of_service(&all, &named("else"), "db", None).unwrap_err();
        assert!(
            none.contains("project `else`") && none.contains("docker exec lab-db-1"),
            "{none}"
        );
    }

    #[test]
    fn several_containers_are_named_and_none_is_taken() {
        let all = [one("shop-db-1", "shop", 1), one("shop-db-2", "shop", 2)];
        let why = of_service(&all, &named("shop"), "db", None).unwrap_err();
        assert!(why.contains("`shop-db-1`, `shop-db-2`"), "{why}");
        let found = of_service(&all, &named("shop"), "db", Some(2)).unwrap();
        assert_eq!(found.name, "shop-db-2");
    }

    #[test]
    fn the_folder_of_the_labels_counts_where_the_name_says_nothing() {
        let dir = std::env::temp_dir().join(format!("bs-labels-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("compose.yaml"), "services: {}\n").unwrap();
        let mut other = one("odd-db-1", "odd", 1);
        other.folder = dir.display().to_string();
        other.files = dir.join("compose.yaml").display().to_string();
        let place = ProjectPlace {
            cwd: dir.clone(),
            ..ProjectPlace::default()
        };
        let all = [one("shop-db-1", "shop", 1), other.clone()];
        assert_eq!(
            of_service(&all, &place, "db", None).unwrap().name,
            "odd-db-1"
        );
        // Its own name is what Compose goes by.
        let base = dir.file_name().unwrap().to_string_lossy().into_owned();
        let all = [one("x-db-1", &base, 1), other];
        assert_eq!(of_service(&all, &place, "db", None).unwrap().name, "x-db-1");
        assert!(of_service(&all, &named("nobody"), "db", None).is_err());
    }

    #[test]
    fn a_host_is_a_container_on_that_network_only() {
        let all = [one("shop-db-1", "shop", 1), one("lab-db-1", "lab", 1)];
        assert_eq!(of_host(&all, "lab_default", "db").unwrap().name, "lab-db-1");
        assert_eq!(
            of_host(&all, "shop_default", "shop-db-1").unwrap().name,
            "shop-db-1"
        );
        assert!(of_host(&all, "shop_default", "lab-db-1").is_err());
    }
}
