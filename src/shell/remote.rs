//! Wrappers that lead elsewhere: other machines, containers, compose services, pods.
//! What runs there keeps its words; files of this machine are not looked at.

use std::path::Path;

use crate::model::command::{Cwd, Passage};
use crate::model::service::Project;
use crate::model::word::Word;

use super::compose::Asked;
use super::engines::{Engine, engine};
use super::options::{Options, options};
use super::source::Source;
use super::state::{Feed, State, word_of};
use super::unfold::{Frame, Job, Unfolder};
use super::wrappers::{assignment, assigns, start};

const SSH: &str =
    "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w --ssh --port --predict";
const ENGINE: &str = "-H --host -c --context --config -l --log-level --connection --url --identity --root --namespace -n";
const EXEC: &str = "-e --env -u --user -w --workdir --env-file --detach-keys --index";
const RUN: &str = "-e --env -u --user -w --workdir --env-file --detach-keys -v --volume --mount --name --network --net -p --publish -h --hostname --entrypoint -l --label --label-file -m --memory --memory-swap --cpus --cpu-shares -c --cpuset-cpus --cap-add --cap-drop --device --dns --add-host --expose --gpus --group-add --ip --ipc --isolation --link --log-driver --log-opt --mac-address --network-alias --pid --platform --pull --restart --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --ulimit --userns --uts --volumes-from --volume-driver --cgroupns --cidfile --annotation --health-cmd --pod --secret --arch --os";
const COMPOSE: &str = "-f --file -p --project-name --project-directory --workdir --env-file --profile --parallel --progress --ansi -H --host -c --context";
const UP: &str = "-t --timeout --scale --exit-code-from --pull --attach --no-attach --wait-timeout";
const KUBE: &str = "-n --namespace -c --container --context --kubeconfig --cluster --user -l --selector -s --server --token --as --request-timeout -f --filename --pod-running-timeout";

impl Unfolder<'_> {
    pub(super) fn ssh(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let found = options(job.args(), SSH);
        // `-G`, `-Q` and `-V` print something, and nobody is asked to run anything.
        if program == "ssh" && ["-G", "-Q", "-V"].iter().any(|flag| found.has(flag)) {
            return None;
        }
        let at = 1 + found.rest;
        let host = job.words.get(at)?.clone();
        let after = job.words.get(at + 1..).unwrap_or_default();
        let more = options(after, SSH);
        let rest = after.get(more.rest..).unwrap_or_default();
        let host_origin = host.origin.clone();
        let via = fr.enter(program, Passage::Remote { host: host.clone() });
        let mut inside = far(st);
        if rest.is_empty() {
            let begin = start("sh", job);
            if found.has("-N") || found.has("-O") || found.has("-f") {
                return None;
            }
            return self.stdin_script(&begin, job, &mut inside, &via);
        }
        if program == "mosh" {
            // It hands its words over as they are.
            let begins = job.words.len() - rest.len();
            let mut own = job.rest(begins);
            own.in_shell = false;
            return Some(self.run(own, &mut inside, &via));
        }
        let account = found.value("-l").or(more.value("-l")).cloned();
        let mut words: Vec<Word> = forced(&host, account.as_ref())
            .map(|program| Word::literal(program, host_origin))
            .into_iter()
            .collect();
        words.extend(rest.iter().cloned());
        let source = Source::from_words(&words);
        let text = word_of(Vec::new(), None);
        if !source.has_known_text() {
            self.payload(program, rest, job, &via);
            return Some(Feed::Opaque(text.shown()));
        }
        let kind = crate::model::command::OpaqueKind::Syntax;
        Some(self.text_run(source, kind, true, &mut inside, &via))
    }

    pub(super) fn container(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let alone = program.ends_with("-compose");
        let global = options(job.args(), if alone { COMPOSE } else { ENGINE });
        let mut at = 1 + global.rest;
        let env = self.environment(job, st);
        let (fr, engine) = &match engine(program, &global, &env) {
            Engine::Own => (fr.clone(), program.to_owned()),
            Engine::Socket(address) => (fr.clone(), address),
            Engine::Elsewhere(host) => {
                let far = fr.enter(program, Passage::Remote { host });
                (far, program.to_owned())
            }
        };
        if alone {
            return self.compose((program, engine), 1, job, st, fr);
        }
        let mut sub = job.words.get(at)?.text()?;
        if sub == "container" {
            at += 1;
            sub = job.words.get(at)?.text()?;
        }
        match sub.as_str() {
            "exec" => self.exec((program, engine), at + 1, job, st, fr),
            "run" | "create" => self.run_image(program, &sub, at + 1, job, st, fr),
            "compose" => {
                let name = format!("{program} compose");
                self.compose((&name, engine), at + 1, job, st, fr)
            }
            _ => None,
        }
    }

    fn exec(
        &mut self,
        (program, engine): (&str, &str),
        at: usize,
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Feed> {
        let found = options(job.words.get(at..)?, EXEC);
        let name = job.words.get(at + found.rest)?.clone();
        let mut rest = job.rest(at + found.rest + 1);
        if rest.words.is_empty() {
            return None;
        }
        let given: Vec<(String, Word)> = found
            .values("-e --env")
            .into_iter()
            .filter(|word| assigns(word))
            .map(assignment)
            .collect();
        let stdin = found.has("-i") || found.has("--interactive");
        rest.env.clone_from(&given);
        let passage = Passage::Container {
            engine: engine.to_owned(),
            name,
            user: found.value("-u --user").cloned(),
            env: given,
            stdin,
        };
        // Of what runs detached the status says nothing.
        let detached = found.has("-d") || found.has("--detach");
        let name = if detached { "exec -d" } else { "exec" };
        let via = fr.enter(&format!("{program} {name}"), passage);
        let mut inside = far(st);
        inside.cwd = place(found.value("-w --workdir"));
        let via = if stdin { via } else { via.fed(Feed::Null) };
        Some(self.run(rest, &mut inside, &via))
    }

    fn run_image(
        &mut self,
        engine: &str,
        sub: &str,
        at: usize,
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Feed> {
        let found = options(job.words.get(at..)?, RUN);
        let mut rest = job.rest(at + found.rest + 1);
        if let Some(program) = found.value("--entrypoint") {
            rest.words.insert(0, program.clone());
        } else if let Some(image) = job.words.get(at + found.rest) {
            super::images::entered(image, &mut rest.words);
        }
        let mut own = job.clone();
        own.writes = Vec::new();
        self.emit(own, st, fr, None, &Feed::nothing());
        if rest.words.is_empty() {
            return Some(Feed::Opaque(engine.to_owned()));
        }
        rest.env = found
            .values("-e --env")
            .into_iter()
            .filter(|word| assigns(word))
            .map(assignment)
            .collect();
        let mut mounts: Vec<Word> = found.values("-v --volume").into_iter().cloned().collect();
        mounts.extend(found.values("--mount").into_iter().filter_map(bind));
        for mount in &mut mounts {
            from_here(mount, st);
        }
        // Where another container's volumes stand in this one is not known: anywhere.
        let borrowed = found.values("--volumes-from").into_iter();
        mounts.extend(borrowed.map(|from| {
            let name = from.shown().replace([':', '/'], " ");
            Word::literal(format!("volumes of {name}:/"), from.origin.clone())
        }));
        let passage = Passage::Fresh {
            engine: engine.to_owned(),
            mounts,
            network: found.value("--network --net").cloned(),
        };
        let via = fr.enter(&format!("{engine} {sub}"), passage);
        let mut inside = far(st);
        inside.cwd = place(found.value("-w --workdir"));
        self.mounted(&found, &rest, st, &inside);
        let stdin = found.has("-i") || found.has("--interactive");
        let via = if stdin { via } else { via.fed(Feed::Null) };
        Some(self.run(rest, &mut inside, &via))
    }

    fn compose(
        &mut self,
        (engine, daemon): (&str, &str),
        at: usize,
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Feed> {
        let global = options(job.words.get(at..)?, COMPOSE);
        let at = at + global.rest;
        let sub = job.words.get(at)?.text()?;
        let valued = match sub.as_str() {
            "exec" => EXEC,
            "run" => RUN,
            "up" | "start" | "restart" => {
                let words = job.words.get(at + 1..).unwrap_or_default();
                return self.up(engine, &global, words, job, st, fr);
            }
            _ => return None,
        };
        if global.has("--dry-run") {
            return None;
        }
        let found = options(job.words.get(at + 1..)?, valued);
        let at = at + 1 + found.rest;
        let service = job.words.get(at)?.clone();
        let mut rest = job.rest(at + 1);
        if let Some(program) = found.value("--entrypoint") {
            rest.words.insert(0, program.clone());
        }
        let given: Vec<(String, Word)> = found
            .values("-e --env")
            .into_iter()
            .filter(|word| assigns(word))
            .map(assignment)
            .collect();
        rest.env.clone_from(&given);
        if sub == "run" && job.words.get(at + 1).is_none() {
            let asked = Asked {
                engine,
                global: &global,
                names: service.text().into_iter().collect(),
                entrypoint: found.value("--entrypoint").cloned(),
            };
            return self.services(&asked, job, st, fr);
        }
        if rest.words.is_empty() {
            return None;
        }
        let passage = Passage::Service {
            engine: behind(engine, daemon).to_owned(),
            project: Box::new(self.project(&global, job, st)),
            service,
            index: found.value("--index").cloned(),
            user: found.value("-u --user").cloned(),
            env: given,
            fresh: sub == "run",
        };
        let via = fr.enter(&format!("{engine} {sub}"), passage);
        let mut inside = far(st);
        inside.cwd = place(found.value("-w --workdir"));
        Some(self.run(rest, &mut inside, &via))
    }

    /// Returns the words from which Compose finds its project.
    fn project(&mut self, global: &Options, job: &Job, st: &State) -> Project {
        let all = |names| global.values(names).into_iter().cloned().collect();
        Project {
            name: global.value("-p --project-name").cloned(),
            files: all("-f --file"),
            folder: global.value("--project-directory --workdir").cloned(),
            env_files: all("--env-file"),
            cwd: st.known_cwd().filter(|_| !st.far).map(Path::to_path_buf),
            env: self.environment(job, st).to_vec(),
            inherits: !job.cleared,
        }
    }

    /// `up`, `start` and `restart` run what the compose file says.
    fn up(
        &mut self,
        engine: &str,
        global: &Options,
        words: &[Word],
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Feed> {
        let found = options(words, UP);
        let names = words.get(found.rest..).unwrap_or_default();
        let names: Vec<String> = names
            .iter()
            .filter_map(Word::text)
            .filter(|name| !name.starts_with('-'))
            .collect();
        if found.has("--dry-run") || found.has("--no-start") || global.has("--dry-run") {
            return None;
        }
        let asked = Asked {
            engine,
            global,
            names,
            entrypoint: None,
        };
        self.services(&asked, job, st, fr)
    }

    pub(super) fn kubectl(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let from = usize::from(program == "k3s");
        let global = options(job.words.get(1 + from..)?, KUBE);
        let mut at = 1 + from + global.rest;
        let sub = job.words.get(at)?.text()?;
        at += 1;
        if matches!(sub.as_str(), "run" | "create" | "debug") {
            return self.pod(program, &sub, at, job, st, fr);
        }
        if sub != "exec" && sub != "rsh" {
            return None;
        }
        let found = options(job.words.get(at..)?, KUBE);
        let host = job.words.get(at + found.rest)?.clone();
        at += found.rest + 1;
        let more = options(job.words.get(at..).unwrap_or_default(), KUBE);
        let rest = job.rest(at + more.rest);
        self.inner(
            &format!("{program} {sub}"),
            Passage::Remote { host },
            rest,
            st,
            fr,
        )
    }
}

impl Unfolder<'_> {
    /// `run NAME --image=… -- COMMAND`, `create job NAME --image=… -- COMMAND`: a command in a container of its own.
    fn pod(
        &mut self,
        program: &str,
        sub: &str,
        at: usize,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let words = job.words.get(at..)?;
        let dashes = |word: &Word| word.text().as_deref() == Some("--");
        let end = words.iter().position(dashes).unwrap_or(words.len());
        let mut image = None;
        for (index, word) in words.iter().take(end).enumerate() {
            let head = word.prefix();
            if head.starts_with("--dry-run") && !head.ends_with("=none") {
                return None;
            }
            if head == "--image" {
                image = words.get(index + 1).cloned();
            } else if let Some(name) = head.strip_prefix("--image=") {
                image = Some(Word::literal(name, word.origin.clone()));
            }
        }
        let mut rest = job.rest(at + end + 1);
        let replaced = words
            .iter()
            .take(end)
            .any(|word| matches!(word.text().as_deref(), Some("--command" | "--command=true")));
        if let Some(image) = image.filter(|_| sub == "run" && !replaced) {
            super::images::entered(&image, &mut rest.words);
        }
        let host = words.iter().find(|word| !word.prefix().starts_with('-'))?;
        // A new pod has a file system of its own; what else it is given, its specification says.
        let given = |word: &Word| {
            let head = word.prefix();
            head.starts_with("--override") || head.starts_with("--env")
        };
        let alone = sub == "run" && !words.iter().take(end).any(given);
        let passage = match alone {
            true => Passage::Fresh {
                engine: program.to_owned(),
                mounts: Vec::new(),
                network: None,
            },
            false => Passage::Remote { host: host.clone() },
        };
        self.inner(&format!("{program} {sub}"), passage, rest, st, fr)
    }
}

/// The engine behind a compose program; only Docker's is known by an address.
fn behind<'a>(program: &str, place: &'a str) -> &'a str {
    match program {
        "docker compose" => place,
        "docker-compose" if place.contains("://") => place,
        "docker-compose" => "docker",
        _ if program.starts_with("podman") => "podman",
        _ => "nerdctl",
    }
}

pub(super) fn far(st: &State) -> State {
    let mut inside = State::new(vec![Cwd::Unknown], true);
    inside.rounds = st.rounds;
    inside.proofs = st.proofs.settled();
    inside
}

/// Accounts whose only program is the one that their key is bound to: what follows are its arguments.
const FORCED: [&str; 2] = ["dokku", "piku"];

/// Returns the program that an account starts, whatever is asked of it.
fn forced(host: &Word, account: Option<&Word>) -> Option<&'static str> {
    let name = host.prefix();
    let user = match account.and_then(Word::text) {
        Some(user) => user,
        None => name.split_once('@')?.0.to_owned(),
    };
    FORCED.into_iter().find(|known| *known == user)
}

fn place(dir: Option<&Word>) -> Vec<Cwd> {
    match dir.and_then(Word::text) {
        Some(text) if text.starts_with('/') => vec![Cwd::Known(text.into())],
        _ => vec![Cwd::Unknown],
    }
}

/// Writes a folder that is mounted by a relative path as one from the root: inside, the working directory is another.
fn from_here(mount: &mut Word, st: &State) {
    let head = mount.prefix();
    let relative = head.starts_with("./") || head.starts_with("../") || head.starts_with(".:");
    let Some(cwd) = st.known_cwd().filter(|_| relative && !st.far) else {
        return;
    };
    let front = format!("{}/", cwd.display());
    let piece = super::expand::literal_piece(&front, &mount.origin);
    mount.pieces.insert(0, piece);
}

/// Returns `source:target` for a `--mount type=bind,source=…,target=…`.
fn bind(word: &Word) -> Option<Word> {
    let text = word.text()?;
    let field = |names: [&str; 2]| {
        text.split(',').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            names.contains(&key).then_some(value)
        })
    };
    let (source, target) = (field(["source", "src"])?, field(["target", "dst"])?);
    let fixed = text
        .split(',')
        .any(|part| matches!(part, "readonly" | "ro" | "readonly=true" | "ro=true"));
    let flags = if fixed { ":ro" } else { "" };
    Some(Word::literal(
        format!("{source}:{target}{flags}"),
        word.origin.clone(),
    ))
}
