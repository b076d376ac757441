//! `check --facts here` where the world itself answers: what a list names, where a link leads, what a `find` gives, what a copy meets.
//! Nothing is run; only the judgement is looked at, on both sides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests may unwrap and print"
)]

mod house;
mod scene;
mod support;

use std::fs;
use std::os::unix::fs::symlink;

use scene::Scene;
use serde_json::json;

/// Ordinary files, and no repository.
fn ordinary() -> Scene {
    let scene = Scene::empty();
    for (name, text) in [
        ("notes.md", "notes\n"),
        ("notes.md.gz", "\u{1f}old"),
        ("todo.txt", "milk\n"),
        ("same.txt", "milk\n"),
        ("report.csv", "a,b\n"),
        ("data/ledger.csv", "1\n"),
        ("tree_a/x.txt", "x\n"),
        ("tree_a/y.txt", "from a\n"),
        ("tree_b/y.txt", "from b\n"),
        ("hidden/.secret", "s\n"),
        ("[ab].txt", "literal\n"),
        ("Read.Me", "R\n"),
        ("victims.txt", "ledger.csv\n"),
        ("none.txt", "not-there.csv\n"),
        ("wipe.sh", "#!/bin/sh\nrm -rf data\n"),
        (
            "lib.sh",
            "nuke() {\n  rm -rf data\n}\nhello() {\n  echo hi\n}\n",
        ),
        ("own.sh", "#!/bin/sh\nmkdir w.$$ && rm -r w.$$\n"),
        ("write.py", "open('report.csv', 'w').write('new')\n"),
        (
            "Makefile",
            "DIR ?= dist\nOUT = dist\nwipe:\n\trm -rf $(DIR)\ndrop:\n\trm -rf $(OUT)\n",
        ),
        ("fake/.venv/keys.txt", "no environment\n"),
    ] {
        scene.write(name, text);
    }
    for (target, name) in [
        ("data", "link"),
        ("nowhere", "dangling"),
        ("todo.txt", "short"),
        ("../todo.txt", "onlylinks/one"),
        ("../missing", "onlylinks/two"),
    ] {
        let path = scene.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }
    scene
}

#[test]
fn a_list_that_is_there_says_what_goes() {
    let scene = ordinary();
    scene.loses(
        ".",
        &[
            "while read -r f; do rm \"data/$f\"; done < victims.txt",
            "for f in $(cat victims.txt); do rm -f \"data/$f\"; done",
            "sed 's,^,data/,' victims.txt | xargs rm",
            "awk '{print \"data/\"$1}' victims.txt | xargs rm",
            "cd data && xargs -a ../victims.txt rm -f",
            "mapfile -t v < victims.txt; cd data; rm \"${v[@]}\"",
            // What something before may have changed is not what stands there now.
            "./fetch-list; xargs rm -rf < none.txt",
        ],
    );
    scene.keeps(
        ".",
        &[
            "while read -r f; do rm -f \"data/$f\"; done < none.txt",
            "xargs -a none.txt rm -rf",
            "rm -rf $(cat none.txt)",
            "rm -rf $(cat no-list.txt)",
            "grep nothing victims.txt | xargs rm -f",
        ],
    );
}

#[test]
fn a_link_is_followed_where_a_program_says_where_it_leads() {
    let scene = ordinary();
    scene.loses(
        ".",
        &[
            "rm -rf \"$(realpath link)\"",
            "rm -rf $(readlink -f link)",
            "rm \"$(readlink short)\"",
            "cd link && rm -f \"$(pwd -P)\"/*",
            "sed -i --follow-symlinks d short",
        ],
    );
    scene.keeps(
        ".",
        &[
            "rm -f \"$(realpath -s link)\"",
            "rm -f \"$(readlink -f dangling)\"",
            "rm -rf onlylinks",
            "find . -xtype l -delete",
            "rm link",
        ],
    );
}

#[test]
fn options_of_the_shell_change_what_a_pattern_and_a_redirection_do() {
    let scene = ordinary();
    scene.loses(
        ".",
        &[
            "shopt -s dotglob; rm -f hidden/*",
            "bash -O dotglob -c 'rm -f hidden/*'",
            "shopt -s nocaseglob; rm -f READ*",
            "bash -O extglob -c 'rm -rf !(notes.md|todo.txt)'",
            "rm [ab].txt",
            "set -C; echo x >| todo.txt",
            "set -C; set +C; echo x > todo.txt",
        ],
    );
    scene.keeps(
        ".",
        &[
            "rm -f hidden/*",
            "rm -f READ*",
            "shopt -s extglob; rm -f @(one|two).txt",
            "rm -f [cd].txt",
            "set -f; rm -f *.csv",
            "set -C; echo x > todo.txt",
            "set -o noclobber; : > todo.txt",
        ],
    );
}

#[test]
fn a_copy_loses_what_has_its_name_and_other_content() {
    let scene = ordinary();
    scene.loses(
        ".",
        &[
            "cp -r tree_a/. tree_b/",
            "cp -rT tree_a tree_b",
            "rsync -a tree_a/ tree_b/",
            "mv tree_a/* tree_b/",
            "find tree_a -name '*.txt' -exec cp {} tree_b \\;",
            "gzip -kf notes.md",
            "gunzip -f notes.md.gz",
            "awk '{print > \"todo.txt\"}' report.csv",
            "python3 write.py",
            "python3 -m venv --clear fake/.venv",
        ],
    );
    scene.keeps(
        ".",
        &[
            "cp -r tree_a tree_b",
            "cp -r tree_a fresh",
            "rsync -a tree_a tree_b",
            "cp tree_a/x.txt tree_b/",
            "cp same.txt todo.txt",
            "printf 'milk\\n' > todo.txt",
            "mv no-such-file todo.txt",
            "cp no-such-file todo.txt",
            "gzip -f report.csv",
            "awk '$1 > \"todo.txt\"' report.csv",
            "yes n | rm -i notes.md",
            "rm -i notes.md < /dev/null",
        ],
    );
    scene.loses(
        ".",
        &["yes | rm -i notes.md", "rm -if notes.md < /dev/null"],
    );
}

#[test]
fn find_is_judged_by_what_it_gives_here() {
    let scene = ordinary();
    scene.loses(
        ".",
        &[
            "find . -name '*.csv' -delete",
            "find data -type f -exec rm {} +",
            "find . -path ./data -prune -o -name 'todo*' -print0 | xargs -0 rm",
            "find . -name '*.md' -exec shred -u {} \\;",
            "find . -type f -regex '.*/ledger.*' -delete",
            "find . -name 'todo*' -exec sed -i s/milk/tea/ {} +",
            "tar -C tree_a -cf - . | tar -C tree_b -xf -",
            "gzip todo.txt && rm todo.txt.gz",
        ],
    );
    scene.keeps(
        ".",
        &[
            "find . -name '*.orig' -delete",
            "find data -name '*.txt' -exec rm -f {} +",
            "find . -type f -mtime +3650 -delete",
            "find . -path './data*' -prune -o -name 'ledger*' -exec rm {} \\;",
            "find . -name '[ab].txt' -delete",
            "find . -name '*.orig' -exec sed -i s/a/b/ {} +",
            "tar -C tree_a -cf - x.txt | tar -C tree_b -xf -",
        ],
    );
}

#[test]
fn a_script_is_the_same_under_another_name_and_out_of_parts() {
    let scene = ordinary();
    scene.loses(
        ".",
        &[
            "cp wipe.sh w2.sh && sh w2.sh",
            "sed 's/x/y/' wipe.sh | sh",
            "bash -c \"$(cat lib.sh); nuke\"",
            "(cat lib.sh; echo nuke) | bash",
            "DIR=data make wipe",
            "OUT=data make -e drop",
        ],
    );
    scene.keeps(
        ".",
        &[
            "sed 's/data/gone/' wipe.sh | sh",
            "bash -c \"$(cat lib.sh); hello\"",
            "sh own.sh",
            "make wipe",
            "OUT=data make drop",
        ],
    );
}

#[test]
fn writing_what_stands_there_already_loses_nothing() {
    let scene = ordinary();
    let write = |content: &str| {
        let path = scene.path("todo.txt");
        json!({"tool_name": "Write", "tool_input": {"file_path": path, "content": content}})
    };
    let verdicts = scene.verdicts(".", &[write("milk\n"), write("bread\n")]);
    assert_eq!(verdicts[0]["verdict"], "allow", "{}", verdicts[0]);
    assert_eq!(verdicts[1]["verdict"], "snapshot", "{}", verdicts[1]);
}
