//! Programs that run other programs: which of their words are options, and where the real program begins.
//! Plain ones are rows of a table; the ones with a mind of their own have a function each.

use crate::model::command::{Cwd, Passage, Redirect, WriteMode};
use crate::model::word::{Hole, Word};

use super::launchers;
use super::options::{Options, options};
use super::scripts::{SHELLS, Start};
use super::state::{Feed, State};
use super::unfold::{Frame, Job, Unfolder, Write};

/// A wrapper whose command follows its options as words.
struct Row {
    /// Program, with the subcommand that makes it a wrapper.
    name: &'static str,
    /// Options that take a value.
    valued: &'static str,
    /// Operands before the command.
    skip: usize,
    passage: fn() -> Passage,
}

const fn row(name: &'static str, valued: &'static str, skip: usize) -> Row {
    Row {
        name,
        valued,
        skip,
        passage: plain,
    }
}

const fn plain() -> Passage {
    Passage::Plain
}

const fn root() -> Passage {
    Passage::Root
}

/// Wrappers as data; sorted by kind, found by name.
const ROWS: &[Row] = &[
    row("nice", "-n --adjustment", 0),
    row("gnice", "-n --adjustment", 0),
    row("ionice", "-c -n -p -P -u --class --classdata", 0),
    row(
        "chrt",
        "-T -P -D --sched-runtime --sched-period --sched-deadline",
        1,
    ),
    row("taskset", "", 1),
    row("timeout", "-k -s --kill-after --signal", 1),
    row("gtimeout", "-k -s --kill-after --signal", 1),
    row("stdbuf", "-i -o -e --input --output --error", 0),
    row("setsid", "", 0),
    row("nohup", "", 0),
    row("time", "-f -o --format --output", 0),
    row("gtime", "-f -o --format --output", 0),
    row(
        "strace",
        "-e -o -p -s -u -E -a -P -S -b -I -O -X --trace --output",
        0,
    ),
    row("ltrace", "-e -o -p -s -u -a -n -l", 0),
    row("valgrind", "", 0),
    row("unshare", "-S -G -R -w --setuid --setgid --root --wd", 0),
    row("podman unshare", "", 0),
    row("buildah unshare", "-m --mount", 0),
    row(
        "rootlesskit",
        "--net --copy-up --port-driver --state-dir",
        0,
    ),
    Row {
        name: "nsenter",
        valued: "-t -S -G --target --setuid --setgid",
        skip: 0,
        passage: root,
    },
    Row {
        name: "chroot",
        valued: "--userspec --groups",
        skip: 1,
        passage: root,
    },
    row(
        "systemd-run",
        "-p --property -u --unit --slice -E --setenv -M --machine -H --host --on-calendar --on-active --uid --gid --nice --description --working-directory",
        0,
    ),
    row("systemd-inhibit", "--what --who --why --mode", 0),
    row("caffeinate", "-t -w", 0),
    row("unbuffer", "", 0),
    row("rlwrap", "-f -H -b -C", 0),
    row("fakeroot", "-l -i -s -b --lib --faked", 0),
    row("eatmydata", "", 0),
    row(
        "setpriv",
        "--reuid --regid --groups --inh-caps --bounding-set --securebits",
        0,
    ),
    row("prlimit", "--pid -p", 0),
    row(
        "numactl",
        "-N -m -C -i -p --cpunodebind --membind --physcpubind",
        0,
    ),
    row("firejail", "", 0),
    row("dbus-run-session", "--config-file --dbus-daemon", 0),
    row(
        "xvfb-run",
        "-n -s -e -f -p -w --server-num --server-args --error-file --auth-file",
        0,
    ),
    row("proxychains", "-f", 0),
    row("proxychains4", "-f", 0),
    row("torsocks", "-u -p -a", 0),
    row("catchsegv", "", 0),
    row("chronic", "", 0),
    row("ts-run", "", 0),
    row("perf stat", "-e -o -r -p --event --output --repeat", 0),
    row("perf record", "-e -o -F -p --event --output", 0),
    row("dotenv", "-f --file -e -p -v -c", 0),
    row("dotenv run", "-f --file -e -p -v -c", 0),
    row("dotenv-cli", "-f --file -e -p -v -c", 0),
    row("dotenv-flow", "-p --path --node-env", 0),
    row("dotenv-extended", "", 0),
    row("devbox run", "-c --config -e --env", 0),
    row("shx", "", 0),
    row("dotenvx run", "-f --env-file -e --env -fk", 0),
    row("pkexec", "--user", 0),
    row("s6-setuidgid", "", 1),
    row("s6-envuidgid", "", 1),
    row("s6-softlimit", "-a -c -d -f -l -m -o -p -r -s -t", 0),
    row("setuidgid", "", 1),
    row("chpst", "-u -U -e -/ -C -n -l -L -m -d -o -p -f -c", 0),
    row("proot", "-r -b -w -R -S -q -k --rootfs --bind --cwd", 0),
    row(
        "bwrap",
        "--chdir --dir --dev --proc --tmpfs --mqueue --unsetenv --hostname --uid --gid --lock-file --sync-fd --seccomp --args --die-with-parent-fd --userns --pidns --perms --size",
        0,
    ),
    row("faketime", "", 1),
    row("libfaketime", "", 1),
    row("chpst", "-u -U -b -/ -e -m -d -o -p -f -c -l -L -n", 0),
    row("softlimit", "-m -d -o -p -f -c", 0),
    row("setuidgid", "", 1),
    row("envdir", "", 1),
    row("envuidgid", "", 1),
    row("setlock", "", 1),
    row("runcon", "-u -r -t -l --user --role --type --range", 0),
    row("cgexec", "-g", 0),
    row("ip netns exec", "", 1),
    row("authbind", "--depth", 0),
    row("torify", "", 0),
    row("tsocks", "", 0),
    row("rr record", "-o", 0),
    row("heaptrack", "-o", 0),
    row("uftrace record", "-d", 0),
    row("sshpass", "-p -f -d -P", 0),
    row("autossh", "-M", 0),
    row(
        "srun",
        "-p -n -N -c -t -J -A -w --partition --nodes --ntasks --time --job-name --account --gres --mem",
        0,
    ),
    row("nq", "", 0),
    // A reserved word of zsh.
    row("repeat", "", 1),
    row("tsp", "-L -N -D -O", 0),
    row("ts", "-L -N -D -O", 0),
    row("task-spooler", "-L -N -D -O", 0),
    row("bsub", "-q -n -o -e -J -W -M -R -P -G -w -m -cwd", 0),
    row(
        "qsub",
        "-b -N -q -o -e -l -P -pe -p -hold_jid -wd -A -M -m -S",
        0,
    ),
    row("cpulimit", "-l --limit -p -e", 0),
    row("setarch", "", 1),
    row("linux32", "", 0),
    row("linux64", "", 0),
    row("choom", "-n --adjust -p", 0),
    row(
        "run0",
        "-u --user -g --group --nice -D --chdir --setenv --background --machine --property --slice --unit --description",
        0,
    ),
    row("vault-env", "", 0),
    row("wait-for-it", "-h -p -t --host --port --timeout", 0),
    row("wait-for-it.sh", "-h -p -t --host --port --timeout", 0),
    row("wait-for", "-t", 0),
    row(
        "dockerize",
        "-wait -timeout -template -stdout -stderr -env",
        0,
    ),
    row(
        "retry",
        "-t -d -m -n -a -s --times --delay --tries --attempts --max --sleep",
        0,
    ),
    row("envchain", "", 1),
    row("teller run", "-c --config", 0),
    row("phase run", "--env --app", 0),
    row("bws run", "--project-id -t", 0),
    row("foreman run", "-e -f -d --env --procfile", 0),
    row("honcho run", "-e -f", 0),
    row("lerna exec", "--scope --ignore --concurrency", 0),
    row("zellij run", "-n --name --cwd -d --direction", 0),
    row("dtach", "-c -A -n -N -p", 0),
    row("abduco", "-e -n -c -A", 0),
    row(
        "systemd-nspawn",
        "-D -i -M -u --directory --image --machine --user --bind",
        0,
    ),
    row("toolbox run", "-c --container", 0),
    row(
        "devcontainer exec",
        "--workspace-folder --container-id --config",
        0,
    ),
    row("env-cmd", "-f -r -e --file --rc-file --environments", 0),
    row("direnv exec", "", 1),
    row("mise exec", "-c --command -C -E -j --cd --env --jobs", 0),
    row("mise x", "-c --command -C -E -j --cd --env --jobs", 0),
    row("rtx exec", "-c --command -C -E -j --cd --env --jobs", 0),
    row("rtx x", "-c --command -C -E -j --cd --env --jobs", 0),
    row("mise en", "-s --shell", 0),
    row("vfox exec", "", 0),
    row("proto run", "", 0),
    row("aqua exec", "", 0),
    row("asdf exec", "", 0),
    row("rbenv exec", "", 0),
    row("pyenv exec", "", 0),
    row("nodenv exec", "", 0),
    row("goenv exec", "", 0),
    row("jenv exec", "", 0),
    row("plenv exec", "", 0),
    row("phpenv exec", "", 0),
    row("swiftenv exec", "", 0),
    row("tfenv exec", "", 0),
    row("rvm-exec", "", 1),
    row("rvm do", "", 0),
    row("chruby-exec", "", 1),
    row(
        "guix shell",
        "-m --manifest -e --expression -f --file -p --profile",
        0,
    ),
    row(
        "guix environment",
        "-m --manifest -e --expression -p --profile",
        0,
    ),
    row("rustup run", "", 1),
    row("volta run", "--node --npm --pnpm --yarn", 0),
    row("fnm exec", "--using", 0),
    row("nvm exec", "", 1),
    row("poetry run", "-C -P --directory --project", 0),
    row(
        "uv run",
        "-p --python --with --with-editable --with-requirements --extra --group --no-group --only-group --package --project --directory --env-file --index --index-url --default-index --extra-index-url -f --find-links --config-file --cache-dir --color",
        0,
    ),
    row(
        "uv tool run",
        "--from --with -p --python --index --index-url",
        0,
    ),
    row("uvx", "--from --with -p --python --index --index-url", 0),
    row("pipx run", "--spec --python --pip-args", 0),
    row("pipenv run", "", 0),
    row("pdm run", "-p --project -g", 0),
    row("hatch run", "", 0),
    row("rye run", "", 0),
    row(
        "coverage run",
        "--source --include --omit --rcfile --data-file --concurrency --context",
        0,
    ),
    row("pixi run", "-e --environment --manifest-path", 0),
    row("conda run", "-n --name -p --prefix --cwd", 0),
    row("mamba run", "-n --name -p --prefix --cwd", 0),
    row("micromamba run", "-n --name -p --prefix --cwd", 0),
    row("bundle exec", "", 0),
    row(
        "npx",
        "-c --call -p --package --cache --userconfig -w --workspace",
        0,
    ),
    row("bunx", "-p --package", 0),
    row(
        "npm exec",
        "-c --call -p --package -w --workspace --prefix",
        0,
    ),
    row("npm x", "-c --call -p --package -w --workspace --prefix", 0),
    row("pnpm dlx", "--package", 0),
    row("pnpm exec", "", 0),
    row("corepack", "", 0),
    row("nx exec", "-p --project", 0),
    row("yarn dlx", "-p --package", 0),
    row("yarn exec", "", 0),
    row(
        "yarn workspaces foreach exec",
        "-j --jobs --from --include --exclude --since",
        0,
    ),
    row(
        "melos exec",
        "-c --concurrency --scope --ignore --dir-exists --file-exists",
        0,
    ),
    row("bolt ws exec", "--only --ignore --only-fs --ignore-fs", 0),
    row("wsrun", "--fast-exit", 0),
    row("bun x", "", 0),
    row("composer exec", "", 0),
    row("op run", "--env-file --account --environment", 0),
    row(
        "doppler run",
        "-p -c -t --project --config --token --command --mount --mount-format --fallback",
        0,
    ),
    row(
        "infisical run",
        "--env --path --projectId --token --command",
        0,
    ),
    row("chamber exec", "", 1),
    row("aws-vault exec", "-d --duration --region", 1),
    row("vercel env run", "-e --environment", 0),
    row("heroku local:run", "-e --env -p --port", 0),
    row("reflex", "-r -g -R -G", 0),
    row("sem", "-j --id", 0),
    row("cross-env", "", 0),
    row("cross-env-shell", "", 0),
    row("busybox", "", 0),
    row("toybox", "", 0),
    row("with-contenv", "", 0),
    row("flatpak-spawn", "--env --directory", 0),
    row("distrobox-host-exec", "", 0),
    row("tini", "-p -e", 0),
    row("dumb-init", "-r --rewrite", 0),
];

/// For each first letter the last row with it; for each row the one before it with the same letter. Both count from one.
const LETTERS: ([u16; 128], [u16; ROWS.len()]) = {
    let mut last = [0; 128];
    let mut before = [0; ROWS.len()];
    let mut at = 0;
    while at < ROWS.len() {
        #[expect(clippy::indexing_slicing, reason = "the compiler carries it out")]
        {
            let letter = ROWS[at].name.as_bytes()[0] as usize;
            before[at] = last[letter];
            last[letter] = at as u16 + 1;
        }
        at += 1;
    }
    (last, before)
};

/// Returns where the rows of programs stand that begin with the same letter, the last first.
fn of_letter(program: &str) -> impl Iterator<Item = usize> {
    let (last, before) = &LETTERS;
    let letter = program.bytes().next().map_or(0, usize::from);
    let row = |at: u16| usize::from(at).checked_sub(1);
    let first = last.get(letter).copied().and_then(row);
    std::iter::successors(first, move |at| before.get(*at).copied().and_then(row))
}

/// Programs whose name a script of a project may well bear.
const OWN_NAMES: [&str; 12] = [
    "task", "make", "just", "watch", "batch", "script", "split", "at", "find", "time", "run",
    "parallel",
];

/// Tells whether a program is named by a path from here on, and not out of what is installed there.
fn is_below(word: &Word) -> bool {
    let text = word.prefix();
    let installed = ["node_modules/", "vendor/", "venv/", ".venv/"];
    text.contains('/')
        && !text.starts_with('/')
        && !installed.iter().any(|folder| text.contains(folder))
}

impl Unfolder<'_> {
    /// Opens a wrapper; nothing when the program is none, or when it has nothing inside.
    pub(super) fn wrapped(
        &mut self,
        program: &str,
        job: &Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if SHELLS.contains(&program) {
            return self.shell_program(program, job, st, fr);
        }
        // `scripts/task x` is the project's own, whatever else bears the name.
        if OWN_NAMES.contains(&program)
            && job.words.first().is_some_and(is_below)
            && let Some(feed) = self.direct(job, st, fr)
        {
            return Some(feed);
        }
        if let Some(feed) = self.project_task(program, job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.rows(program, job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.carriers(program, job, st, fr) {
            return Some(feed);
        }
        if let Some(feed) = self.portable(program, job, st, fr) {
            return Some(feed);
        }
        match program {
            "sudo" | "doas" | "sudo-rs" => self.sudo(program, job, st, fr),
            "su" | "runuser" => self.su(program, job, st, fr),
            "gosu" | "su-exec" => {
                let user = job.words.get(1).cloned();
                self.inner(program, Passage::User { user }, job.rest(2), st, fr)
            }
            "env" | "genv" => self.env(job, st, fr),
            "xargs" | "gxargs" => self.xargs(job, st, fr),
            "find" | "gfind" | "fd" | "fdfind" => self.find(program, job, st, fr),
            "parallel" => self.parallel(job, st, fr),
            "split" | "gsplit" => self.chunked(job, st, fr),
            "watch" | "hyperfine" | "concurrently" | "nodemon" | "onchange" | "watchexec"
            | "entr" => self.texts(program, job, st, fr),
            "ssh" | "mosh" => from_afar(program, self.ssh(program, job, st, fr)),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" | "lima" => {
                from_afar(program, self.container(program, job, st, fr))
            }
            "kubectl" | "oc" | "k3s" | "microk8s.kubectl" => {
                from_afar(program, self.kubectl(program, job, st, fr))
            }
            "flock" => self.flock(job, st, fr),
            "sail" => Some(self.run(launchers::sail(job)?, st, fr)),
            "zargs" => self.inner(program, Passage::Plain, launchers::zargs(job)?, st, fr),
            "script" => self.script_program(job, st, fr),
            "at" | "batch" => self.at(program, job, st, fr),
            "tmux" | "screen" => self.multiplexer(program, job, st, fr),
            "nix-shell" | "nix" => self.nix(job, st, fr),
            "distrobox" | "distrobox-enter" => self.distrobox(job, st, fr),
            "git" => self.git(job, st, fr),
            "make" | "gmake" | "just" | "npm" | "pnpm" | "yarn" | "bun" | "composer" | "rake"
            | "task" | "go-task" => self.task(program, job, st, fr),
            "wsl" | "wsl.exe" => self.wsl(job, st, fr),
            _ if is_loader(program) => self.loader(program, job, st, fr),
            _ => self.unlisted(program, job, st, fr),
        }
    }

    fn rows(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let mut best: Option<(&Row, usize)> = None;
        for row in of_letter(program).filter_map(|at| ROWS.get(at)) {
            // Nearly every row is another program's: told without taking its name apart.
            if !row.name.starts_with(program) {
                continue;
            }
            let mut parts = row.name.split(' ');
            if parts.next() != Some(program) {
                continue;
            }
            if let Some(at) = subcommand(job, row.valued, parts)
                // Of two that are alike the first counts.
                && best.is_none_or(|(_, old)| at >= old)
            {
                best = Some((row, at));
            }
        }
        let (row, at) = best?;
        let words = job.words.get(at..).unwrap_or_default();
        let found = options(words, row.valued);
        if super::lists::tells_only(&found, &[]) {
            return None;
        }
        if let Some(text) = launchers::texts_of(row.name).and_then(|names| found.value(names)) {
            let via = fr.enter(row.name, Passage::Plain);
            return Some(self.shell_text(&text.clone(), &start(row.name, job), st, &via));
        }
        if let Some(file) = super::outputs::written(row.name, &found) {
            self.writes_over(file, job, st, fr);
        }
        let mut from = at + found.rest + row.skip;
        if program == "bwrap" {
            from = at + behind_pairs(words, row.valued);
        }
        from = launchers::behind_tools(row.name, job, from);
        let mut env = Vec::new();
        while let Some(word) = job.words.get(from)
            && assigns(word)
            && matches!(
                program,
                "cross-env" | "cross-env-shell" | "env-cmd" | "with-contenv"
            )
        {
            env.push(assignment(word));
            from += 1;
        }
        if job.words.get(from).and_then(Word::text).as_deref() == Some("--") {
            from += 1;
        }
        let mut rest = job.rest(from);
        rest.env.extend(env);
        launchers::unversioned(row.name, &mut rest);
        let mut inside = st.clone();
        if let Some(dir) = found.value("--wd --working-directory -C --directory --cwd") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        self.inner(row.name, (row.passage)(), rest, &mut inside, fr)
    }

    /// `/lib64/ld-linux-x86-64.so.2 /bin/rm -rf x`; some of its options only tell.
    fn loader(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        const TELLS: [&str; 6] = [
            "--list",
            "--verify",
            "--help",
            "--version",
            "--list-tunables",
            "--list-diagnostics",
        ];
        let valued = "--library-path --inhibit-rpath --audit --preload --argv0 --glibc-hwcaps-mask --glibc-hwcaps-prepend";
        let found = options(job.args(), valued);
        if TELLS.iter().any(|option| found.has(option)) {
            return None;
        }
        self.inner(program, Passage::Plain, job.rest(found.rest + 1), st, fr)
    }

    /// Notes a file that a wrapper itself writes from its start.
    pub(super) fn writes_over(&mut self, file: Word, job: &Job, st: &State, fr: &Frame) {
        let redirect = Redirect {
            mode: WriteMode::Truncate,
            file,
            content: None,
            whole: None,
        };
        // What is told about the program comes from it, not from what it prints.
        let write = Write {
            redirect,
            output: false,
        };
        self.emit_writes(vec![write], &job.origin, st, fr, &Feed::Inherited);
    }

    /// Runs the command inside a wrapper; nothing when there is none.
    pub(super) fn inner(
        &mut self,
        name: &str,
        passage: Passage,
        rest: Job,
        st: &mut State,
        fr: &Frame,
    ) -> Option<Feed> {
        if rest.words.is_empty() {
            return None;
        }
        let far = !matches!(passage, Passage::Plain | Passage::User { .. });
        let via = fr.enter(name, passage);
        if via.nesting > 24 {
            self.spend("wrappers are nested too deeply");
            return None;
        }
        let mut inside = st.subshell();
        if far {
            inside.far = true;
            inside.cwd = vec![Cwd::Unknown];
        }
        Some(self.run(rest, &mut inside, &via))
    }

    fn sudo(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued = "-u -g -h -p -C -D -R -T -r -t -U --user --group --host --prompt --chdir --chroot --role --type --other-user --command-timeout --close-from";
        let found = options(job.args(), valued);
        let mut from = found.rest + 1;
        let mut env = Vec::new();
        while let Some(word) = job.words.get(from).filter(|word| assigns(word)) {
            env.push(assignment(word));
            from += 1;
        }
        let passage = Passage::User {
            user: found.value("-u --user").cloned(),
        };
        let mut rest = job.rest(from);
        rest.env.extend(env);
        let mut inside = st.clone();
        if let Some(dir) = found.value("-D --chdir") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        let login =
            found.has("-i") || found.has("--login") || found.has("-s") || found.has("--shell");
        if found.has("-e") || found.has("--edit") || found.has("-l") || found.has("-v") {
            return None;
        }
        if login {
            if found.has("-i") || found.has("--login") {
                inside.cwd = vec![Cwd::Unknown];
            }
            let via = fr.enter(program, passage);
            let begin = start("sh", job);
            if rest.words.is_empty() {
                return self.stdin_script(&begin, job, &mut inside, &via);
            }
            return Some(self.run(rest, &mut inside, &via));
        }
        self.inner(program, passage, rest, &mut inside, fr)
    }

    fn su(&mut self, program: &str, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let valued = "-c -s -g -G -w -u --command --shell --group --supp-group --user --whitelist-environment --session-command";
        let mut operands = Vec::new();
        let mut all = Options::default();
        let mut from = 1;
        while let Some(words) = job.words.get(from..).filter(|words| !words.is_empty()) {
            let found = options(words, valued);
            all.list.extend(found.list);
            from += found.rest;
            if program == "runuser" && all.value("-u --user").is_some() {
                break;
            }
            if let Some(word) = job.words.get(from) {
                operands.push(word.clone());
                from += 1;
            }
        }
        operands.retain(|word| word.text().as_deref() != Some("-"));
        let user = all.value("-u --user").or(operands.first()).cloned();
        let via = fr.enter(program, Passage::User { user });
        let begin = start("sh", job);
        if let Some(text) = all.value("-c --command --session-command").cloned() {
            return Some(self.shell_text(&text, &begin, st, &via));
        }
        if all.value("-u --user").is_some() {
            let rest = job.rest(from);
            return (!rest.words.is_empty()).then(|| self.run(rest, &mut st.subshell(), &via));
        }
        self.stdin_script(&begin, job, st, &via)
    }

    fn env(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let found = options(job.args(), "-u -C -S --unset --chdir --split-string");
        let mut from = found.rest + 1;
        let mut words = Vec::new();
        if let Some(text) = found.value("-S --split-string") {
            let source = super::source::Source::from_words(std::slice::from_ref(text));
            words = self.split_text(source, st, fr);
        }
        if job.words.get(from).and_then(Word::text).as_deref() == Some("-") {
            from += 1;
        }
        words.extend(job.words.get(from..).unwrap_or_default().iter().cloned());
        let mut inner = job.rest(0);
        let count = words.iter().take_while(|word| assigns(word)).count();
        for word in words.drain(..count) {
            inner.env.push(assignment(&word));
        }
        inner.words = words;
        inner.cleared |= found.has("-i") || found.has("--ignore-environment");
        let mut inside = st.subshell();
        for name in found
            .values("-u --unset")
            .into_iter()
            .filter_map(Word::text)
        {
            inside.export(&name, false);
        }
        if inner.cleared {
            inside.variables = std::rc::Rc::default();
            inside.functions = std::rc::Rc::default();
        }
        if let Some(dir) = found.value("-C --chdir") {
            inside.cwd = self.places(dir, &st.cwd);
        }
        self.inner("env", Passage::Plain, inner, &mut inside, fr)
    }

    /// Splits a text into words as the shell would, without running it.
    pub(super) fn split_text(
        &mut self,
        source: super::source::Source,
        st: &mut State,
        fr: &Frame,
    ) -> Vec<Word> {
        let inside = fr.reading(std::rc::Rc::new(source));
        let Ok(script) = super::parse::parse(&inside.source.text) else {
            return vec![Word::hole(
                Hole::Unknown,
                true,
                inside.source.origin(crate::model::span::Span::new(0, 0)),
            )];
        };
        let mut all = Vec::new();
        for node in script.items.iter().flat_map(|item| &item.first.nodes) {
            if let super::ast::NodeKind::Simple { words, assigns } = &node.kind {
                for assign in assigns {
                    let text = inside
                        .source
                        .text
                        .get(assign.span.start..assign.span.end)
                        .unwrap_or_default();
                    all.push(Word::literal(text, inside.source.origin(assign.span)));
                }
                all.extend(self.fields(words, st, &inside));
            }
        }
        all
    }
}

/// Returns where the words after these subcommands begin; options before them are skipped.
pub(super) fn subcommand<'s>(
    job: &Job,
    valued: &str,
    parts: impl Iterator<Item = &'s str>,
) -> Option<usize> {
    let mut at = 1;
    for part in parts {
        at += options(job.words.get(at..).unwrap_or_default(), valued).rest;
        if job.words.get(at).and_then(Word::text).as_deref() != Some(part) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// Tells whether a program is the dynamic loader, which starts what it is given.
fn is_loader(program: &str) -> bool {
    program.starts_with("ld-linux") || program.starts_with("ld-musl") || program == "ld.so"
}

/// Returns where the command of bubblewrap begins: some of its options take two values (`--bind A B`).
fn behind_pairs(words: &[Word], valued: &str) -> usize {
    const PAIRS: &str = "--bind --ro-bind --dev-bind --bind-try --ro-bind-try --dev-bind-try --symlink --setenv --file --bind-data --ro-bind-data --chmod";
    let listed = |list: &str, name: &str| list.split(' ').any(|known| known == name);
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.prefix();
        at += match text.as_str() {
            name if listed(PAIRS, name) => 3,
            name if listed(valued, name) => 2,
            name if name.starts_with('-') => 1,
            _ => break,
        };
    }
    at
}

/// Returns how a text is started for a wrapper that has no arguments for it.
pub(super) fn start<'a>(name: &'a str, job: &'a Job) -> Start<'a> {
    Start {
        globs: super::globs::Globs::default(),
        keeps: false,
        name,
        arguments: &[],
        env: &job.env,
        cleared: job.cleared,
    }
}

/// Tells whether a word is `NAME=value`.
pub(super) fn assigns(word: &Word) -> bool {
    let head = word.prefix();
    head.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Returns name and value of a word that is `NAME=value`.
pub(super) fn assignment(word: &Word) -> (String, Word) {
    let head = word.prefix();
    let name = head.split('=').next().unwrap_or_default().to_owned();
    let mut value = word.clone();
    value.pieces = super::builtins::after_equals(word);
    (name, value)
}

/// A file that is printed over there is none of this machine's.
fn from_afar(program: &str, feed: Option<Feed>) -> Option<Feed> {
    feed.map(|feed| match feed {
        Feed::File(_) => Feed::Opaque(program.to_owned()),
        other => other,
    })
}
