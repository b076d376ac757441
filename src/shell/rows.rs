//! Wrappers as data: programs that take a command as words behind their own options.
//! Those that read their words in another way have a function each, in `wrappers`.

use crate::model::command::Passage;

/// A wrapper whose command follows its options as words.
pub(super) struct Row {
    /// Program, with the subcommand that makes it a wrapper.
    pub name: &'static str,
    /// Options that take a value.
    pub valued: &'static str,
    /// Operands before the command.
    pub skip: usize,
    pub passage: fn() -> Passage,
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

const MPI: &str = "-np -n -c --host -host -H --hostfile -hostfile -machinefile --machinefile -x --map-by --bind-to -N --mca -wdir";
const QEMU: &str = "-L -E -U -cpu -s -B -g -D -d";

/// Wrappers as data; sorted by kind, found by name.
pub(super) const ROWS: &[Row] = &[
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
    row("nocache", "-n", 0),
    row("run-one", "", 0),
    row("run-this-one", "", 0),
    row("keep-one-running", "", 0),
    row("trickle", "-d -u -w -t -l -p -n", 0),
    row("ssh-agent", "-a -E -O -P -t", 0),
    row("dbus-launch", "--config-file", 0),
    row("daemonize", "-a -c -e -o -p -l -u -E", 0),
    row("mpirun", MPI, 0),
    row("mpiexec", MPI, 0),
    row("orterun", MPI, 0),
    row("qemu-x86_64", QEMU, 0),
    row("qemu-aarch64", QEMU, 0),
    row("qemu-arm", QEMU, 0),
    row("qemu-i386", QEMU, 0),
    row("run-as", "", 1),
    Row {
        name: "lxc-attach",
        valued: "-n --name -P --lxcpath -f --rcfile -s --namespaces -a --arch -v --set-var -u -g",
        skip: 0,
        passage: root,
    },
    Row {
        name: "vzctl exec",
        valued: "",
        skip: 1,
        passage: root,
    },
    Row {
        name: "jexec",
        valued: "-u -U",
        skip: 1,
        passage: root,
    },
    Row {
        name: "crictl exec",
        valued: "-r --runtime-endpoint -i --image-endpoint --timeout",
        skip: 1,
        passage: root,
    },
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
pub(super) fn of_letter(program: &str) -> impl Iterator<Item = usize> {
    let (last, before) = &LETTERS;
    let letter = program.bytes().next().map_or(0, usize::from);
    let row = |at: u16| usize::from(at).checked_sub(1);
    let first = last.get(letter).copied().and_then(row);
    std::iter::successors(first, move |at| before.get(*at).copied().and_then(row))
}
