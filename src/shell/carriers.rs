//! Programs that carry a command in one of their options or operands to a shell, often on another machine.
//! It only finds the text; what it means there is read like any other.

use crate::model::command::Passage;
use crate::model::word::Word;

use super::options::options;
use super::state::{Feed, State};
use super::unfold::{Frame, Job, Unfolder};
use super::wrappers::start;

/// Where the command stands.
#[derive(Clone, Copy)]
enum At {
    /// In the value of one of these options.
    Option(&'static str),
    /// The operand with this number, a text for a shell.
    Text(usize),
    /// The operands from this one on: a single one is a text for a shell, several are a program with its words.
    Rest(usize),
    /// Standard input.
    Stdin,
}

/// One way to hand a command over.
struct Carrier {
    /// Program and subcommands.
    name: &'static str,
    valued: &'static str,
    at: At,
    /// It runs on another machine, or in another root.
    far: bool,
}

const fn here(name: &'static str, valued: &'static str, at: At) -> Carrier {
    Carrier {
        name,
        valued,
        at,
        far: false,
    }
}

const fn there(name: &'static str, valued: &'static str, at: At) -> Carrier {
    Carrier {
        name,
        valued,
        at,
        far: true,
    }
}

const CLOUD: &str = "-a --app -r --remote --profile --region --project --zone -e --env -s --service -g -n --resource-group --name --cluster --task --container --instance-ids --document-name --targets --parameters --command-id --ssh-flag --account -C --command -c --scripts --ssh-command";

/// Carriers as data.
const CARRIERS: &[Carrier] = &[
    here("sg", "", At::Option("-c")),
    here(
        "repo forall",
        "-c --command -j --jobs -g --groups",
        At::Option("-c --command"),
    ),
    here("west forall", "-c --command -g --group", At::Option("-c")),
    here("meta exec", "--include-only --exclude", At::Text(0)),
    here(
        "mani exec",
        "-t --tags -p --projects -d --dirs",
        At::Rest(0),
    ),
    here("sg", "", At::Text(1)),
    here("newgrp", "", At::Stdin),
    here("nu", "-c --commands", At::Option("-c --commands")),
    here("rush", "-c", At::Option("-c")),
    here("xonsh", "-c", At::Option("-c")),
    here("elvish", "-c", At::Text(0)),
    here("osh", "-c", At::Option("-c")),
    here("yash", "-c", At::Option("-c")),
    here(
        "nx run-commands",
        "--command --cwd",
        At::Option("--command"),
    ),
    here("sops exec-env", "--user", At::Text(1)),
    here("sops exec-file", "--user --filename", At::Text(1)),
    here(
        "sbatch",
        "--wrap -p -n -J --job-name --partition",
        At::Option("--wrap"),
    ),
    here(
        "pueue add",
        "-w --working-directory -d --delay -g --group -a --after -o --priority -l --label",
        At::Rest(0),
    ),
    here("wezterm start", "--cwd", At::Rest(0)),
    here(
        "gnome-terminal",
        "--working-directory --title -e",
        At::Rest(0),
    ),
    here("xterm", "-T -e -title", At::Option("-e")),
    here(
        "pm2 start",
        "-n --name -i --cron --cron-restart -c -o --output -e --error -l --log --interpreter --max-memory-restart --cwd --node-args",
        At::Text(0),
    ),
    there("gcloud compute ssh", CLOUD, At::Option("--command")),
    there("doctl compute ssh", CLOUD, At::Option("--ssh-command")),
    there("fly ssh console", CLOUD, At::Option("-C --command")),
    there("flyctl ssh console", CLOUD, At::Option("-C --command")),
    there("fly console", CLOUD, At::Option("-C --command")),
    there("fly machine exec", CLOUD, At::Text(1)),
    there("heroku run", CLOUD, At::Rest(0)),
    there("heroku run:detached", CLOUD, At::Rest(0)),
    there("railway run", CLOUD, At::Rest(0)),
    there("railway ssh", CLOUD, At::Rest(0)),
    there("render ssh", CLOUD, At::Rest(1)),
    there("aws ecs execute-command", CLOUD, At::Option("--command")),
    there("aws ssm send-command", CLOUD, At::Option("--parameters")),
    there("az vm run-command invoke", CLOUD, At::Option("--scripts")),
    there(
        "az container exec",
        "-g -n --resource-group --name --exec-command",
        At::Option("--exec-command"),
    ),
    there("vagrant ssh", "-c --command", At::Option("-c --command")),
    there("minikube ssh", "-p --profile -n --node", At::Rest(0)),
    there("docker-machine ssh", "--native-ssh", At::Rest(1)),
    // The first operand is a machine's name, or already the program.
    there("podman machine ssh", "--username", At::Rest(0)),
    there("podman machine ssh", "--username", At::Rest(1)),
    there("colima ssh", "-p --profile", At::Rest(0)),
    there("limactl shell", "--workdir --shell", At::Rest(1)),
    there("multipass exec", "-d --working-directory", At::Rest(1)),
    there("lxc exec", "--cwd --user --group --env", At::Rest(1)),
    there("incus exec", "--cwd --user --group --env", At::Rest(1)),
    there("pct exec", "", At::Rest(1)),
    there("machinectl shell", "--uid --setenv", At::Rest(1)),
    there(
        "apptainer exec",
        "-B --bind -H --home --pwd --env",
        At::Rest(1),
    ),
    there(
        "singularity exec",
        "-B --bind -H --home --pwd --env",
        At::Rest(1),
    ),
    there("adb shell", "-s", At::Rest(0)),
    there("pssh", "-h -H -l -p -o -e -t -O -x", At::Rest(0)),
    there("parallel-ssh", "-h -H -l -p -o -e -t -O -x", At::Rest(0)),
    there("pdsh", "-w -x -l -R -f -t -u", At::Rest(0)),
    there("clush", "-w -x -g -f -l -o", At::Rest(0)),
    there("dsh", "-m -g -f", At::Rest(0)),
    there("salt", "-C -t --timeout -b", At::Text(2)),
    there("salt-ssh", "-C -t", At::Text(2)),
    there("knife ssh", "-x -i -a", At::Text(1)),
    there("fab", "-H -i -u --hosts --identity", At::Rest(0)),
    there("nerdctl.lima exec", "-e -u -w", At::Rest(1)),
    there("nomad alloc exec", "-task -namespace", At::Rest(1)),
    there("cf ssh", "-c --command", At::Option("-c --command")),
    there("eb ssh", "-c --command -n", At::Option("-c --command")),
    there("kamal app exec", "-r -h --roles --hosts", At::Rest(0)),
    there("kamal server exec", "-r -h --roles --hosts", At::Rest(0)),
    there("dokku run", "", At::Rest(1)),
    there("dokku enter", "", At::Rest(1)),
    there("platform ssh", "-p -e -A", At::Rest(0)),
];

impl Unfolder<'_> {
    /// Runs the command that a program carries elsewhere; nothing when it carries none.
    pub(super) fn carriers(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let mut found: Option<(&str, Feed)> = None;
        for carrier in CARRIERS {
            // Nearly every row is another program's: told without taking its name apart.
            if !carrier.name.starts_with(program) {
                continue;
            }
            let mut parts = carrier.name.split(' ');
            if parts.next() != Some(program) {
                continue;
            }
            let Some(at) = super::wrappers::subcommand(job, carrier.valued, parts) else {
                continue;
            };
            // Rows of one name are readings of one call.
            if let Some((name, _)) = &found
                && *name != carrier.name
            {
                break;
            }
            if let Some(feed) = self.carried(carrier, at, job, st, fr) {
                found = Some((carrier.name, feed));
            }
        }
        found.map(|(_, feed)| feed)
    }

    fn carried(
        &mut self,
        carrier: &Carrier,
        at: usize,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        let words = job.words.get(at..).unwrap_or_default();
        let kept = match carrier.at {
            At::Rest(index) => index,
            At::Option(_) | At::Text(_) | At::Stdin => 1,
        };
        let (list, operands) = split(words, carrier.valued, kept);
        // `wsl --unregister NAME` carries nothing; it is a loss of its own.
        if list.iter().any(|(name, _)| name == "--unregister") {
            return None;
        }
        // Other functions of Salt than those that run a text are words of its own.
        let function = operands.get(1).map(Word::prefix).unwrap_or_default();
        if carrier.name.starts_with("salt") && !function.starts_with("cmd.") {
            return None;
        }
        let passage = if carrier.far {
            let host = operands.first().unwrap_or(job.words.first()?);
            Passage::Remote { host: host.clone() }
        } else {
            Passage::Plain
        };
        let via = fr.enter(carrier.name, passage);
        let mut inside = st.subshell();
        if carrier.far {
            inside.far = true;
            inside.cwd = vec![crate::model::command::Cwd::Unknown];
        }
        let begin = start("sh", job);
        match carrier.at {
            At::Option(names) => {
                let named = |name: &str| names.split(' ').any(|known| known == name);
                let (_, text) = list.iter().rev().find(|(name, _)| named(name))?;
                let text = unwrapped(text.as_ref()?);
                Some(self.shell_text(&text, &begin, &mut inside, &via))
            }
            At::Text(index) => {
                let text = operands.get(index)?.clone();
                Some(self.shell_text(&text, &begin, &mut inside, &via))
            }
            At::Rest(index) => match operands.get(index..)? {
                [] => None,
                [text] => Some(self.shell_text(&text.clone(), &begin, &mut inside, &via)),
                words => {
                    let mut rest = job.rest(0);
                    rest.words = words.to_vec();
                    Some(self.run(rest, &mut inside, &via))
                }
            },
            At::Stdin => self.stdin_script(&begin, job, &mut inside, &via),
        }
    }
}

/// Splits words into options and operands; options may stand between the first `kept` operands, until a command begins.
fn split(words: &[Word], valued: &str, kept: usize) -> (Vec<(String, Option<Word>)>, Vec<Word>) {
    let mut list = Vec::new();
    let mut operands: Vec<Word> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = words.get(at..).unwrap_or_default();
        let found = options(rest, valued);
        list.extend(found.list);
        at += found.rest;
        // Behind `--` and behind the command's first word everything belongs to the command.
        let dashed = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|word| word.text().as_deref() == Some("--"));
        let from = words.get(at..).unwrap_or_default();
        if dashed || operands.len() > kept {
            operands.extend(from.iter().cloned());
            break;
        }
        operands.extend(from.first().cloned());
        at += 1;
        if operands.len() > kept {
            operands.extend(words.get(at..).unwrap_or_default().iter().cloned());
            break;
        }
    }
    (list, operands)
}

/// `commands=["rm -rf x"]`, `commands=rm -rf x`: the text without what the service wraps around it.
fn unwrapped(word: &Word) -> Word {
    let Some(text) = word.text() else {
        return word.clone();
    };
    let bare = text
        .strip_prefix("commands=")
        .or_else(|| text.strip_prefix("command="))
        .unwrap_or(&text);
    if let Some(lines) = listed(bare) {
        return Word::literal(lines.join("\n"), word.origin.clone());
    }
    let mut bare = bare;
    for (open, close) in [('[', ']'), ('{', '}'), ('"', '"'), ('\'', '\'')] {
        let inner = bare
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        bare = inner.unwrap_or(bare);
    }
    Word::literal(bare, word.origin.clone())
}

/// `["a","b"]`, `{"commands":["a","b"]}`: the lines as the service runs them.
fn listed(text: &str) -> Option<Vec<String>> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let list = match &value {
        serde_json::Value::Object(map) => map.get("commands").or_else(|| map.get("command"))?,
        other => other,
    };
    let lines = list.as_array()?.iter();
    let lines: Option<Vec<String>> = lines.map(|line| line.as_str().map(str::to_owned)).collect();
    lines.filter(|lines| !lines.is_empty())
}
