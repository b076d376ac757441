//! Tools that make a thing by name and fail where the name is taken, with the commands of the same tools that take it away again.
//! A tool whose making succeeds where the thing is there already (`docker volume create`, `minikube start`, `az group create`) has no line here.

use crate::classify::sql::options;
use crate::model::command::Command;
use crate::model::word::Word;

use super::below;
use super::side::{self, same_side};

/// Where the name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The word right behind the subcommands.
    Word,
    /// The word that is so many words behind the subcommands.
    After(usize),
    /// The value of one of these options.
    Flag(&'static str),
}

/// A line of the table; alternatives are parted by `|`, words by blanks.
struct Pair {
    make: &'static str,
    made: At,
    gone: &'static str,
    name: At,
    /// Options that say where: both commands have the same, or none has any.
    scope: &'static str,
}

const fn pair(
    make: &'static str,
    made: At,
    gone: &'static str,
    name: At,
    scope: &'static str,
) -> Pair {
    Pair {
        make,
        made,
        gone,
        name,
        scope,
    }
}

const AWS: &str = "--region --profile --endpoint-url";
const GCLOUD: &str = "--project --zone --region --location --instance --cluster --account --format";
const KUBE: &str = "-n --namespace --context --kube-context --kubeconfig --cluster -s --server";
const NAME: At = At::Flag("--name -n");

#[rustfmt::skip]
const PAIRS: &[Pair] = &[
    pair("kind create cluster", NAME, "kind delete cluster", NAME, ""),
    pair("k3d cluster create", At::Word, "k3d cluster delete|rm|del", At::Word, ""),
    pair("vcluster create", At::Word, "vcluster delete", At::Word, KUBE),
    pair("eksctl create cluster", NAME, "eksctl delete cluster", NAME, "--region -r --profile -p"),
    pair("lxc|incus launch|init", At::After(1), "lxc|incus delete", At::Word, "--project"),
    pair("lxc|incus storage create", At::Word, "lxc|incus storage delete", At::Word, "--project"),
    pair("lxc|incus storage volume create", At::After(1), "lxc|incus storage volume delete", At::After(1), "--project"),
    pair("multipass launch", NAME, "multipass delete", At::Word, ""),
    pair("limactl create", At::Flag("--name"), "limactl delete|rm", At::Word, ""),
    pair("podman machine init", At::Word, "podman machine rm", At::Word, ""),
    pair("podman volume create", At::Word, "podman volume rm", At::Word, ""),
    pair("docker|podman|nerdctl network create", At::Word, "docker|podman|nerdctl network rm|remove", At::Word, ""),
    pair("helm install", At::Word, "helm uninstall|delete|un|del", At::Word, KUBE),
    pair("kubectl|oc create deployment|deploy|configmap|cm|job|cronjob|cj|serviceaccount|sa|role|clusterrole|rolebinding|clusterrolebinding|quota|pdb|ingress|ing|priorityclass", At::Word,
        "kubectl|oc delete =", At::Word, KUBE),
    pair("kubectl|oc create secret generic|tls|docker-registry", At::Word, "kubectl|oc delete secret|secrets", At::Word, KUBE),
    pair("kubectl|oc create service|svc clusterip|nodeport|loadbalancer|externalname", At::Word, "kubectl|oc delete service|svc|services", At::Word, KUBE),
    pair("gcloud sql|pubsub|compute|container|spanner|redis|dns|secrets|storage|artifacts|filestore|bigtable|dataproc|functions|iam databases|instances|topics|subscriptions|disks|networks|addresses|firewall-rules|images|snapshots|clusters|buckets|repositories|service-accounts|managed-zones create",
        At::Word, "gcloud = = delete", At::Word, GCLOUD),
    pair("gcloud secrets create", At::Word, "gcloud secrets delete", At::Word, GCLOUD),
    pair("gcloud projects create", At::Word, "gcloud projects delete", At::Word, GCLOUD),
    pair("gsutil mb", At::Word, "gsutil rb", At::Word, "-p"),
    pair("aws dynamodb create-table", At::Flag("--table-name"), "aws dynamodb delete-table", At::Flag("--table-name"), AWS),
    pair("aws rds create-db-instance", At::Flag("--db-instance-identifier"), "aws rds delete-db-instance", At::Flag("--db-instance-identifier"), AWS),
    pair("aws rds create-db-cluster", At::Flag("--db-cluster-identifier"), "aws rds delete-db-cluster", At::Flag("--db-cluster-identifier"), AWS),
    pair("aws cloudformation create-stack", At::Flag("--stack-name"), "aws cloudformation delete-stack", At::Flag("--stack-name"), AWS),
    pair("aws ecr create-repository", At::Flag("--repository-name"), "aws ecr delete-repository", At::Flag("--repository-name"), AWS),
    pair("aws lambda create-function", At::Flag("--function-name"), "aws lambda delete-function", At::Flag("--function-name"), AWS),
    pair("aws logs create-log-group", At::Flag("--log-group-name"), "aws logs delete-log-group", At::Flag("--log-group-name"), AWS),
    pair("aws kinesis create-stream", At::Flag("--stream-name"), "aws kinesis delete-stream", At::Flag("--stream-name"), AWS),
    pair("aws iam create-user", At::Flag("--user-name"), "aws iam delete-user", At::Flag("--user-name"), AWS),
    pair("aws iam create-role", At::Flag("--role-name"), "aws iam delete-role", At::Flag("--role-name"), AWS),
    pair("aws eks create-cluster", At::Flag("--name"), "aws eks delete-cluster", At::Flag("--name"), AWS),
    pair("aws secretsmanager create-secret", At::Flag("--name"), "aws secretsmanager delete-secret", At::Flag("--secret-id"), AWS),
    pair("hcloud server|volume|network|firewall|load-balancer create", At::Flag("--name"), "hcloud = delete", At::Word, "--context"),
    pair("fly|flyctl apps create", At::Word, "fly|flyctl apps destroy", At::Word, "-o --org"),
    pair("heroku apps:create|create", At::Word, "heroku apps:destroy|destroy", At::Flag("-a --app --confirm"), "-t --team"),
    pair("gh repo create", At::Word, "gh repo delete", At::Word, ""),
    pair("neonctl|neon branches create", At::Flag("--name"), "neonctl|neon branches delete", At::Word, "--project-id"),
    pair("pscale branch create", At::After(1), "pscale branch delete", At::After(1), "--org"),
    pair("turso db create", At::Word, "turso db destroy", At::Word, "--group"),
    pair("wrangler d1 create", At::Word, "wrangler d1 delete", At::Word, ""),
    pair("wrangler r2 bucket create", At::Word, "wrangler r2 bucket delete", At::Word, "-J --jurisdiction"),
    pair("zfs create|snapshot", At::Word, "zfs destroy", At::Word, ""),
    pair("btrfs subvolume create", At::Word, "btrfs subvolume delete", At::Word, ""),
    pair("createuser", At::Word, "dropuser", At::Word, "-h --host -p --port -U --username"),
    pair("mysqladmin create", At::Word, "mysqladmin drop", At::Word, "-h --host -P --port -S --socket -u --user"),
    pair("kafka-topics.sh|kafka-topics --create", At::Flag("--topic"), "kafka-topics.sh|kafka-topics --delete", At::Flag("--topic"), "--bootstrap-server --command-config"),
    pair("rpk topic create", At::Word, "rpk topic delete", At::Word, "--brokers -X --profile"),
    pair("influx bucket create", At::Flag("-n --name"), "influx bucket delete", At::Flag("-n --name"), "-o --org --host -t --token --org-id"),
    pair("terraform|tofu workspace new", At::Word, "terraform|tofu workspace delete", At::Word, ""),
    pair("pulumi stack init", At::Word, "pulumi stack rm", At::Word, ""),
];

/// Options of a removal that change nothing about what is removed.
const PLAIN: [&str; 17] = [
    "-force",
    "--force",
    "-y",
    "--yes",
    "-q",
    "--quiet",
    "--purge",
    "--wait",
    "--no-wait",
    "--async",
    "--auto-approve",
    "--skip-confirmation",
    "--skip-final-snapshot",
    "--delete-automated-backups",
    "--force-delete-without-recovery",
    "--ignore-not-found",
    "--if-exists",
];

/// Options under which something succeeds that is there already, or takes what is there.
const TAKES: [&str; 13] = [
    "--if-not-exists",
    "--ignore",
    "--upgrade",
    "--upsert",
    "--replace",
    "--adopt",
    "--import",
    "--take-ownership",
    "--dry-run",
    "--help",
    "-h",
    "-p",
    "--cli-input-json",
];

/// Words by which a call brings something into what it has made, or turns its tools elsewhere.
const TURNS: [&str; 18] = [
    "mv",
    "move",
    "rename",
    "attach",
    "attach-disk",
    "config",
    "configure",
    "context",
    "ctx",
    "auth",
    "login",
    "logout",
    "account",
    "kubectx",
    "kubens",
    "link",
    "use",
    "switch",
];
/// Tools whose names belong to the folder where they run.
const IN_FOLDER: [&str; 4] = ["terraform", "tofu", "pulumi", "btrfs"];
/// Tools that read no cluster from what `kubectl config` says.
const OWN_STATE: [&str; 3] = ["kind", "k3d", "multipass"];

/// Tells whether a program takes away things that it makes by name.
pub(super) fn is_tool(command: &Command) -> bool {
    let program = command.program().unwrap_or_default();
    let first = |pair: &Pair| pair.gone.split(' ').next().unwrap_or_default();
    PAIRS
        .iter()
        .any(|pair| first(pair).split('|').any(|name| name == program))
}

/// Tells whether `gone` takes away exactly what `maker` has made, if that succeeded; `between` are the commands from one to the other.
pub(super) fn undoes<'a>(
    maker: &Command,
    gone: &Command,
    mut between: impl Iterator<Item = &'a Command>,
) -> bool {
    let Some(program) = gone.program() else {
        return false;
    };
    let joined = parted(gone);
    let gone = joined.as_ref().unwrap_or(gone);
    let alike = same_side(maker, gone)
        && environment(maker) == environment(gone)
        && (maker.program() == gone.program() || maker.program().as_deref() == Some("createuser"));
    let here = !IN_FOLDER.contains(&program.as_str()) || maker.cwd == gone.cwd;
    if !alike || !here {
        return false;
    }
    let turned = |command: &Command| {
        let own =
            OWN_STATE.contains(&program.as_str()) && command.program().as_deref() != Some(&program);
        !own && (side::turns(command)
            || command.words.iter().take(4).any(|word| {
                word.text()
                    .is_some_and(|text| TURNS.contains(&text.as_str()))
            }))
    };
    PAIRS.iter().any(|pair| pair.matches(maker, gone)) && !between.any(turned)
}

/// `kubectl delete job/NAME` with its kind and its name as two words.
fn parted(gone: &Command) -> Option<Command> {
    if !gone.is_any(&["kubectl", "oc"]) {
        return None;
    }
    let joined = |word: &Word| {
        let text = word.prefix();
        let kind = text.split('/').next().unwrap_or_default();
        text.contains('/') && !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let at = gone.words.iter().position(joined)?;
    let word = gone.words.get(at)?;
    let kind = word.prefix().split('/').next()?.to_owned();
    let name = options::tail(word, kind.len() + 1);
    let kind = Word::literal(kind, word.origin.clone());
    let mut all = gone.clone();
    all.words.splice(at..=at, [kind, name]);
    Some(all)
}

impl Pair {
    fn matches(&self, maker: &Command, gone: &Command) -> bool {
        let Some((steps, made)) = behind(maker, self.make, self.scope, &[]) else {
            return false;
        };
        let Some((_, rest)) = behind(gone, self.gone, self.scope, &steps) else {
            return false;
        };
        let (Some((name, _)), Some((gone_name, more))) =
            (self.named(made, self.made), self.named(rest, self.name))
        else {
            return false;
        };
        // The pool of a volume and the database of a branch stand before the name.
        let placed = match (self.made, self.name) {
            (At::After(count), At::After(_)) => texts(made, count) == texts(rest, count),
            _ => true,
        };
        below(&name, &gone_name)
            && below(&gone_name, &name)
            && placed
            && !self.takes(maker)
            && self.is_plain(&more, &gone_name)
            && self.scoped(maker.args()) == self.scoped(gone.args())
    }

    /// Tells whether the making would succeed where the thing is there already.
    fn takes(&self, maker: &Command) -> bool {
        maker.args().iter().any(|word| {
            let text = word.prefix();
            let name = text.split('=').next().unwrap_or_default();
            TAKES.contains(&name) && !has(self.scope, name)
        })
    }

    /// Returns the name and the words beside it.
    fn named<'w>(&self, words: &'w [Word], at: At) -> Option<(Word, Vec<&'w Word>)> {
        let (from, place) = match at {
            At::Word | At::After(_) => {
                let skip = if let At::After(count) = at { count } else { 0 };
                // Options that are known may stand before it.
                let first = self.behind_options(words)?;
                (first, first + skip)
            }
            At::Flag(names) => {
                let flag = |word: &Word| {
                    let text = word.prefix();
                    let name = text.split('=').next().unwrap_or_default();
                    has(names, name)
                };
                let at = words.iter().position(flag)?;
                (at, at + usize::from(!words.get(at)?.prefix().contains('=')))
            }
        };
        let word = words.get(place)?;
        let text = word.prefix();
        let name = match text.split_once('=') {
            Some((flag, _)) if text.starts_with('-') && matches!(at, At::Flag(_)) => {
                options::tail(word, flag.len() + 1)
            }
            _ => word.clone(),
        };
        if name.prefix().starts_with('-') || name.many || name.has_glob() {
            return None;
        }
        let others = words.iter().enumerate();
        let others = others.filter(|(index, _)| *index < from || *index > place);
        Some((name, others.map(|(_, word)| word).collect()))
    }

    fn behind_options(&self, words: &[Word]) -> Option<usize> {
        let mut at = 0;
        while let Some(text) = words.get(at).map(Word::prefix) {
            if !text.starts_with('-') {
                return Some(at);
            }
            at += match text.split_once('=') {
                Some(_) => 1,
                None if has(self.scope, &text) => 2,
                None if PLAIN.contains(&text.as_str()) || text == "-f" => 1,
                None => return None,
            };
        }
        None
    }

    /// Tells whether a removal says nothing but the name and where.
    fn is_plain(&self, words: &[&Word], named: &Word) -> bool {
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let Some(text) = word.text() else {
                return false;
            };
            let name = text.split('=').next().unwrap_or_default();
            let own = match self.gone.split(['|', ' ']).next() {
                Some("kubectl") => "",
                Some("zfs") => "-f -r",
                Some("multipass") => "-p",
                Some("heroku") => "-a --app --confirm",
                _ => "-f",
            };
            if has(self.scope, name) {
                if !text.contains('=') {
                    rest.next();
                }
            } else if !(PLAIN.contains(&name)
                || has(own, name)
                || below(named, word) && below(word, named))
            {
                return false;
            }
        }
        true
    }

    /// Returns what the options say about where, in one order.
    fn scoped(&self, words: &[Word]) -> Vec<String> {
        let mut all = Vec::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.shown();
            let name = text.split('=').next().unwrap_or_default();
            // How an answer is printed says nothing about where.
            if !has(self.scope, name) || name == "--format" {
                continue;
            }
            let long = name.trim_start_matches('-').chars().next();
            let value = match text.split_once('=') {
                Some((_, value)) => value.to_owned(),
                None => rest.next().map(Word::shown).unwrap_or_default(),
            };
            all.push(format!("{} {value}", long.unwrap_or_default()));
        }
        all.sort();
        all
    }
}

fn texts(words: &[Word], count: usize) -> Vec<String> {
    words.iter().take(count).map(Word::shown).collect()
}

fn environment(command: &Command) -> Vec<(&str, String)> {
    let env = command.env.iter();
    env.map(|(name, value)| (name.as_str(), value.shown()))
        .collect()
}

fn has(names: &str, wanted: &str) -> bool {
    names
        .split(' ')
        .any(|name| !name.is_empty() && name == wanted)
}

/// Returns the words behind the program and its subcommands, and which alternatives they were; `=` stands for what the other command had there.
/// Options that say where may stand between them.
fn behind<'w>(
    command: &'w Command,
    path: &str,
    scope: &str,
    same: &[String],
) -> Option<(Vec<String>, &'w [Word])> {
    let mut steps = path.split(' ');
    let program = command.program()?;
    if !steps.next()?.split('|').any(|name| name == program) {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = command.args();
    for (index, step) in steps.enumerate() {
        loop {
            let (word, behind) = rest.split_first()?;
            let text = word.text()?;
            rest = behind;
            let fits = match step {
                "=" => same.get(index) == Some(&text),
                step => step.split('|').any(|name| name == text),
            };
            if fits {
                found.push(text);
                break;
            }
            let name = text.split('=').next().unwrap_or_default();
            let force = name == "-f" && !matches!(program.as_str(), "kubectl" | "oc");
            if has(scope, name) {
                if !text.contains('=') {
                    rest = rest.get(1..)?;
                }
            } else if !(PLAIN.contains(&name) || force) {
                return None;
            }
        }
    }
    Some((found, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::{Cwd, Stdin};
    use crate::model::span::{Origin, Span};

    fn command(line: &str) -> Command {
        let origin = Origin::Text(Span::new(0, line.len()));
        let words = line.split(' ');
        Command {
            script: None,
            words: words
                .map(|word| Word::literal(word, origin.clone()))
                .collect(),
            env: std::sync::Arc::default(),
            env_cleared: false,
            stdin: Stdin::Null,
            writes: Vec::new(),
            via: Vec::new(),
            cwd: Cwd::Known("/srv/app".into()),
            origin,
        }
    }

    fn undone(maker: &str, gone: &str) -> bool {
        undoes(&command(maker), &command(gone), std::iter::empty())
    }

    #[test]
    fn what_a_tool_makes_by_name_its_own_removal_takes_away() {
        for (maker, gone) in [
            (
                "kind create cluster --name dev --wait 60s",
                "kind delete cluster --name dev",
            ),
            (
                "kind create cluster --name=dev",
                "kind delete cluster --name dev",
            ),
            ("k3d cluster create ci --agents 2", "k3d cluster delete ci"),
            (
                "kubectl -n shop create secret generic tmp --from-literal=a=b",
                "kubectl delete secret tmp -n shop",
            ),
            (
                "gcloud sql instances create x --project p --tier t",
                "gcloud sql instances delete x --project p --quiet",
            ),
            ("lxc launch ubuntu:24.04 web", "lxc delete web --force"),
            (
                "pscale branch create shop pr1",
                "pscale branch delete shop pr1 --force",
            ),
            (
                "heroku apps:create pr-1",
                "heroku apps:destroy -a pr-1 --confirm pr-1",
            ),
            (
                "terraform workspace new pr1",
                "terraform workspace delete -force pr1",
            ),
            (
                "kafka-topics.sh --bootstrap-server k:9092 --create --topic t",
                "kafka-topics.sh --bootstrap-server k:9092 --delete --topic t",
            ),
        ] {
            assert!(undone(maker, gone), "{maker} | {gone}");
        }
    }

    #[test]
    fn another_name_another_place_or_more_is_not_undone() {
        for (maker, gone) in [
            (
                "kind create cluster --name dev",
                "kind delete cluster --name prod",
            ),
            ("kind create cluster --name dev", "kind delete cluster"),
            ("k3d cluster create ci", "k3d cluster delete ci prod"),
            ("k3d cluster create ci", "k3d cluster delete --all"),
            (
                "kubectl create secret generic tmp -n a",
                "kubectl delete secret tmp -n b",
            ),
            (
                "kubectl create deployment web --image x",
                "kubectl delete service web",
            ),
            (
                "gcloud sql instances create x --project p",
                "gcloud sql instances delete x",
            ),
            (
                "gcloud sql instances create x",
                "gcloud sql databases delete x",
            ),
            (
                "podman volume create data --ignore",
                "podman volume rm data",
            ),
            ("docker volume create data", "docker volume rm data"),
            ("minikube start -p dev", "minikube delete -p dev"),
            (
                "pscale branch create shop pr1",
                "pscale branch delete blog pr1",
            ),
            ("zfs create -p tank/a", "zfs destroy tank/a"),
            ("az group create -n x -l y", "az group delete -n x"),
        ] {
            assert!(!undone(maker, gone), "{maker} | {gone}");
        }
    }

    #[test]
    fn what_is_moved_in_or_turns_the_tool_elsewhere_ends_the_proof() {
        let maker = command("gsutil mb gs://tmp");
        let gone = command("gsutil rb gs://tmp");
        let moved = command("gsutil mv gs://prod/x gs://tmp/");
        let looked = command("gsutil ls gs://tmp");
        assert!(undoes(&maker, &gone, [looked].iter()));
        assert!(!undoes(&maker, &gone, [moved].iter()));
    }
}
