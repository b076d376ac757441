//! `check --facts here` where what follows is reached after all, or a name leads elsewhere: jumps that jump nowhere, shells that know less,
//! descriptors, links of the same call, and runners that find their tasks in a folder above. Nothing is run.

use crate::scene::Scene;

const DATA: &str =
    "mkdir -p data lib/sub out && echo 1 > data/1.csv && echo u > u.txt && echo a > a.txt\n";

#[test]
fn a_jump_that_leads_nowhere_stops_nothing() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf 'break\\nrm -rf data\\n' > top.sh
        printf 'return\\nrm -rf data\\n' > back.sh
        printf 'for i in 1 2; do break; rm -rf data; done\\n' > loop.sh
        "
    ));
    scene.loses(
        ".",
        &[
            "break; rm -rf data",
            "continue 2; rm -rf data",
            "bash top.sh",
            "f() { break; rm -rf data; }; for i in 1; do f; done",
            "for i in 1; do (break; rm -rf data); done",
            "f() { bash back.sh; }; f",
        ],
    );
    scene.keeps(
        ".",
        &[
            "bash loop.sh",
            "while true; do break; rm -rf data; done",
            "for i in 1 2; do [ $i = 1 ] && break; rm -rf data; done",
            "for f in x; do eval break; rm -rf data; done",
            "f() { return; rm -rf data; }; f",
            "f() { for i in 1; do break; rm -rf data; done; }; f",
        ],
    );
}

#[test]
fn a_shell_called_sh_may_know_no_more_than_posix() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf '#!/bin/sh\\nif [ \"$1\" == x ]; then exit 0; fi\\nrm -rf data\\n' > odd.sh && chmod +x odd.sh
        printf '#!/bin/sh\\nif [ \"$1\" = x ]; then exit 0; fi\\nrm -rf data\\n' > even.sh && chmod +x even.sh
        "
    ));
    scene.loses(
        ".",
        &[
            "sh odd.sh x",
            "./odd.sh x",
            "sh -c '[[ a == a ]] && exit 0; rm -rf data'",
            "dash -c 'if (( 1 > 0 )); then exit 0; fi; rm -rf data'",
            "sh -c 'rm -rf $(echo \"x\\ndata\")'",
        ],
    );
    scene.keeps(
        ".",
        &[
            "bash odd.sh x",
            "sh even.sh x",
            "./even.sh x",
            "bash -c 'rm -rf $(echo \"x\\ndata\")'",
            "sh -c '[ a = a ] && exit 0; rm -rf data'",
        ],
    );
}

#[test]
fn who_writes_through_a_descriptor_or_a_link_writes_over_what_is_there() {
    let scene = Scene::built(DATA);
    scene.loses(
        ".",
        &[
            "exec 3<>u.txt; echo >&3",
            "exec {fd}<>u.txt; echo x >&$fd",
            "echo hi 1<>u.txt",
            "ln -s u.txt l; echo x > l",
            "ln -s u.txt l; cp a.txt l",
            "ln -s u.txt l; ln -s l m; tee m < a.txt",
            "ln -s ../u.txt out/l && echo x > out/l",
            "ln -s ../data lib/b && rm lib/b/../u.txt",
            "t=$(mktemp -d); ln -s \"$PWD/u.txt\" \"$t/l\"; echo x > \"$t/l\"",
        ],
    );
    scene.keeps(
        ".",
        &[
            "exec 3<>u.txt; read -u 3 line; exec 3>&-",
            "exec 9<>u.txt; flock 9; echo done >&2",
            "ln -s u.txt l; echo x >> l",
            "ln -s u.txt l; rm l; echo x > l",
            "ln -s u.txt l; mv -f l m; echo x > l",
            "ln -s ../fresh out/l && echo x > out/l",
            "t=$(mktemp -d); ln -s \"$PWD/u.txt\" \"$t/l\"; echo x > \"$t/other\"",
        ],
    );
}

#[test]
fn a_runner_finds_its_tasks_in_a_folder_above() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf '{{\"scripts\":{{\"clean\":\"rm -rf data\",\"list\":\"ls\"}}}}' > package.json
        printf 'clean:\\n\\trm -rf data\\nlist:\\n\\tls\\n' > justfile
        printf 'version: \"3\"\\ntasks:\\n  clean:\\n    cmds:\\n      - rm -rf data\\n  list:\\n    cmds:\\n      - ls\\n' > Taskfile.yml
        printf 'task :clean do\\n  sh \"rm -rf data\"\\nend\\n' > Rakefile
        printf '[tool.poe.tasks]\\nclean = \"rm -rf data\"\\nlist = \"ls\"\\n' > pyproject.toml
        mkdir -p own && printf '{{\"scripts\":{{\"clean\":\"rm -rf dist\"}}}}' > own/package.json
        "
    ));
    scene.loses(
        "lib/sub",
        &[
            "npm run clean",
            "pnpm clean",
            "just clean",
            "task clean",
            "rake clean",
            "poe clean",
        ],
    );
    scene.loses(
        ".",
        &[
            "cd lib && npm run clean",
            "cd lib && just -f ../justfile clean",
        ],
    );
    scene.keeps(
        "lib/sub",
        &["npm run list", "just list", "task list", "poe list"],
    );
    scene.keeps(
        ".",
        &[
            "cd own && npm run clean",
            "npm --prefix lib run clean",
            "just -f justfile -d lib clean",
        ],
    );
}

#[test]
fn a_loop_over_many_names_asks_as_often_as_it_has_to() {
    let scene = Scene::built(DATA);
    scene.keeps(
        ".",
        &["for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -f data/$i.csv ] && wc -l data/$i.csv; done"],
    );
    scene.loses(
        ".",
        &["for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -f data/$i.csv ] && rm data/$i.csv; done"],
    );
}
