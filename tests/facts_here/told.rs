//! `check --facts here` where the world itself answers: what a list names, where a link leads, what a `find` gives, what a copy meets.
//! Nothing is run; only the judgement is looked at, on both sides.

use std::fs;
use std::os::unix::fs::symlink;

use crate::scene::Scene;
use serde_json::json;

/// Ordinary files, and no repository.
fn ordinary() -> Scene {
    let scene = Scene::empty();
    scene.writes(&[
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
    ]);
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
            // What the call itself puts into a folder goes with it.
            "mkdir new && echo x > new/y.txt && cp -r new/. tree_b/",
            "mkdir new && ./gen new/y.txt && cp -r new/* tree_b/",
            "mkdir new && echo x > new/y.txt && rsync -a new/ tree_b/",
            "mkdir -p new/tree_b && cp notes.md new/tree_b/y.txt && cp -r new/tree_b .",
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
            "mkdir new && echo x > new/z.txt && cp -r new/. tree_b/",
            "mkdir new && echo x > new/y.txt && cp -r new tree_b/",
            "mkdir new && rm -f new/y.txt && cp -r new/. tree_b/",
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

/// A project whose programs do what their settings and their command line say.
fn configured() -> Scene {
    let scene = Scene::empty();
    let purge = "import json, shutil, sys\nfrom pathlib import Path\n\
        conf = json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else 'keep.json').read_text())\n";
    let rest = "root = Path(conf['root'])\nfor item in conf['purge']:\n    target = root / item\n\
        \x20   if item in conf['keep'] or not target.exists():\n        continue\n\
        \x20   if conf['dry_run']:\n        print(target)\n        continue\n    shutil.rmtree(target)\n";
    for (name, text) in [
        ("data/a.csv", "1\n"),
        ("more/b.csv", "2\n"),
        (
            "keep.json",
            r#"{"root": ".", "purge": ["data", "gone"], "keep": ["data"], "dry_run": false}"#,
        ),
        (
            "dry.json",
            r#"{"root": ".", "purge": ["data"], "keep": [], "dry_run": true}"#,
        ),
        (
            "full.json",
            r#"{"root": ".", "purge": ["gone", "data"], "keep": [], "dry_run": false}"#,
        ),
        ("purge.py", &format!("{purge}{rest}")),
        (
            "force.py",
            &format!("{purge}conf['dry_run'] = False\n{rest}"),
        ),
        (
            "merge.py",
            &format!("{purge}conf.update(dry_run=bool(len(sys.argv) > 9))\n{rest}"),
        ),
        (
            "alias.py",
            &format!("{purge}other = conf\nother['dry_run'] = False\n{rest}"),
        ),
        (
            "given.py",
            &format!("from tune import tune\n{purge}tune(conf)\n{rest}"),
        ),
        ("prepare.sh", "sed -i s/true/false/ dry.json\n"),
        ("prepare.py", "import change\nchange.all()\n"),
        ("tune.py", "def tune(conf):\n    conf['dry_run'] = False\n"),
        (
            "rotate.py",
            "import configparser, sys\nfrom pathlib import Path\ncfg = configparser.ConfigParser()\n\
             cfg.read('rotate.ini')\nsec = cfg[sys.argv[1]]\n\
             if not sec.getboolean('simulate', fallback=False):\n    Path(sec['file']).unlink()\n",
        ),
        (
            "rotate.ini",
            "[real]\nfile = data/a.csv\n[played]\nfile = data/a.csv\nsimulate = yes\n[none]\nfile = data/none.csv\n",
        ),
        (
            "policy.toml",
            "[data]\npath = \"data\"\n[none]\npath = \"gone\"\n",
        ),
        (
            "policy.py",
            "import argparse, shutil, tomllib\nfrom pathlib import Path\np = argparse.ArgumentParser()\n\
             p.add_argument('names', nargs='+')\np.add_argument('--apply', action='store_true')\na = p.parse_args()\n\
             with open('policy.toml', 'rb') as f:\n    policies = tomllib.load(f)\n\
             for name in a.names:\n    if not a.apply:\n        continue\n    shutil.rmtree(policies[name]['path'])\n",
        ),
        (
            "clean.cjs",
            "const fs = require('fs');\nconst config = require('./clean.json');\nconst name = process.argv[2];\n\
             if (config.dryRun) {\n  console.log(name);\n} else {\n  fs.rmSync(config.places[name], { recursive: true });\n}\n",
        ),
        (
            "clean.json",
            r#"{"dryRun": false, "places": {"one": "data", "two": "gone"}}"#,
        ),
        ("shop/__init__.py", ""),
        ("shop/__main__.py", "from .cli import main\n\nmain()\n"),
        (
            "shop/cli.py",
            "import argparse\n\nfrom . import store\n\n\ndef main(argv=None):\n    p = argparse.ArgumentParser()\n\
             \x20   p.add_argument('--dry-run', action='store_true')\n    sub = p.add_subparsers(dest='area')\n\
             \x20   one = sub.add_parser('files').add_subparsers(dest='verb')\n    one.add_parser('list')\n\
             \x20   one.add_parser('wipe').add_argument('folder')\n    a = p.parse_args(argv)\n\
             \x20   if a.area == 'files':\n        if a.verb == 'list' or a.dry_run:\n            print('files')\n\
             \x20       else:\n            store.wipe(a.folder)\n",
        ),
        (
            "shop/store.py",
            "import shutil\n\n\ndef wipe(folder):\n    shutil.rmtree(folder)\n",
        ),
    ] {
        scene.write(name, text);
    }
    scene
}

#[test]
fn what_a_file_of_settings_says_goes_or_stays() {
    let scene = configured();
    scene.loses(
        ".",
        &[
            "python3 purge.py full.json",
            "cp full.json x.json; python3 purge.py full.json",
            "printf '{\"root\": \".\", \"purge\": [\"data\"], \"keep\": [], \"dry_run\": false}' > new.json && python3 purge.py new.json",
            "python3 rotate.py real",
            "python3 policy.py data --apply",
            "python3 policy.py data none --apply",
            "node clean.cjs one",
            // Somebody changes the settings first.
            "sed -i s/true/false/ dry.json && python3 purge.py dry.json",
            "cp full.json dry.json && python3 purge.py dry.json",
            "git checkout other -- . ; python3 purge.py dry.json",
            "bash prepare.sh; python3 purge.py dry.json",
            "find . -name dry.json -exec sed -i s/true/false/ {} +; python3 purge.py dry.json",
            "python3 prepare.py; python3 purge.py dry.json",
            "echo {} > \"$FILE\"; python3 purge.py dry.json",
            "python3 force.py dry.json",
            "python3 merge.py dry.json",
            "python3 alias.py dry.json",
            "python3 given.py dry.json",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 purge.py",
            "python3 purge.py keep.json",
            "python3 purge.py dry.json",
            "ls && python3 purge.py dry.json",
            "node clean.cjs two && node clean.cjs two",
            "python3 rotate.py played",
            "python3 rotate.py none",
            "python3 policy.py data",
            "python3 policy.py none --apply",
            // The first folder is not there, and the script ends with that error.
            "python3 policy.py none data --apply",
            "node clean.cjs two",
        ],
    );
}

#[test]
fn a_package_passes_its_words_on_from_file_to_file() {
    let scene = configured();
    scene.loses(".", &["python3 -m shop files wipe data"]);
    scene.keeps(
        ".",
        &[
            "python3 -m shop files list",
            "python3 -m shop --dry-run files wipe data",
            "python3 -m shop files wipe gone",
        ],
    );
}

#[test]
fn what_runs_beside_a_script_or_is_handed_to_it_changes_nothing_of_what_it_loses() {
    let scene = Scene::built(
        "mkdir -p data pkg elsewhere/data\necho e | tee data/d > elsewhere/data/e\necho '{\"dry\": false}' > elsewhere/c.json\necho '{\"dry\": true}' > c.json\necho '{\"dry\": false}' > x.json\n\
         printf 'import json, shutil\\nc = json.load(open(\"c.json\"))\\nif not c[\"dry\"]:\\n    shutil.rmtree(\"data\")\\n' > a.py\n\
         printf 'import shutil\\nshutil.rmtree(\"data\")\\n' > plain.py\n: > pkg/__init__.py\n\
         printf 'from .cli import main\\nmain()\\n' > pkg/__main__.py\n\
         printf 'import argparse, shutil\\ndef purge(a): shutil.rmtree(\"data\")\\ndef main():\\n    p = argparse.ArgumentParser()\\n    s = p.add_subparsers()\\n    x = s.add_parser(\"purge\")\\n    x.set_defaults(func=purge)\\n    a = p.parse_args()\\n    a.func(a)\\n' > pkg/cli.py\n",
    );
    scene.loses(
        ".",
        &[
            // A process substitution behind a script is its argument.
            "python3 plain.py <(echo hi)",
            // A function that is handed on is called.
            "python3 -m pkg purge",
            // The second round reads what the first one has left.
            "while true; do python3 a.py; cp x.json c.json; done",
            "for i in 1 2; do python3 a.py; cp x.json c.json; done",
        ],
    );
    let read = "c = json.load(open('c.json'))\nif not c['dry']:\n    shutil.rmtree('data')\nE";
    let writes = [
        "json.dump({'dry': False}, open('c.json', 'w'))",
        "subprocess.run(['cp', 'x.json', 'c.json'])",
        "pathlib.Path('c.json').write_text('{\"dry\": 0}')",
        "os.replace('x.json', 'c.json')",
        "os.chdir('elsewhere')",
    ];
    let head = "python3 - <<'E'\nimport json, os, pathlib, shutil, subprocess";
    for line in writes {
        let code = format!("{head}\n{line}\n{read}");
        scene.finds(".", "files.recursive-delete", &[code.as_str()]);
    }
    let hooked = read.replace("'c.json')", "'c.json'), object_hook=other");
    let hooked = format!("{head}\n{hooked}");
    scene.finds(".", "files.recursive-delete", &[hooked.as_str()]);
    let plain = format!("{head}\n{read}");
    scene.keeps(
        ".",
        &[
            "python3 a.py",
            "python3 a.py; ls data",
            "ls && python3 a.py",
            plain.as_str(),
        ],
    );
}

#[test]
fn scripts_without_an_ending_are_given_their_words() {
    let scene = ordinary();
    let console = "#!/usr/bin/env python3\nimport shutil, sys\ndef main():\n    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):\n        return\n\
        \x20   cmd, rest = sys.argv[1], sys.argv[2:]\n    if cmd == 'list':\n        print(rest)\n    elif cmd == 'data:wipe':\n        shutil.rmtree('data')\nmain()\n";
    let task = "#!/bin/bash\nset -eu\ncd \"$(dirname \"${BASH_SOURCE[0]}\")/..\"\ntask_show() { ls data; }\ntask_data_wipe() { rm -rf \"${1:-data}\"; }\n\
        name=${1:-show}\nshift || true\nfn=\"task_${name//[:-]/_}\"\ndeclare -F \"$fn\" >/dev/null || exit 1\n\"$fn\" \"$@\"\n";
    let base = "#!/bin/bash\nset -eu\nget() { awk -F' *= *' -v s=\"[$2]\" -v k=\"$3\" '$0 == s {f=1; next} /^\\[/ {f=0} f && $1 == k {print $2; exit}' \"$1\"; }\n\
        if [ \"$(get places.ini \"$1\" protected)\" = yes ]; then exit 1; fi\n\
        read -r -p 'sure? ' answer || true\n[[ \"$answer\" == [yY]* ]] || exit 1\nrm -rf \"./$(get places.ini \"$1\" path)\"\n";
    for (name, text) in [
        ("bin/console", console),
        ("tools/task", task),
        ("tools/drop", base),
        (
            "tools/reset.mjs",
            "import { readFile, rm } from 'node:fs/promises';\nconst all = JSON.parse(await readFile(new URL('../state.json', import.meta.url), 'utf8'));\n\
             const name = process.argv[2];\nfor (const dir of all[name]) {\n  await rm(new URL(`../${dir}`, import.meta.url), { recursive: true, force: true });\n}\n",
        ),
        (
            "state.json",
            r#"{"one": ["gone", "data"], "two": ["gone"]}"#,
        ),
        (
            "places.ini",
            "[dev]\npath = data\n[live]\npath = data\nprotected = yes\n[test]\npath = gone\n",
        ),
    ] {
        scene.write(name, text);
    }
    scene.loses(
        ".",
        &[
            "python3 bin/console data:wipe",
            // What looks like a file is no script.
            "python3 bin/console data:wipe a@example.com",
            "bash tools/task data:wipe",
            "bash tools/task data-wipe data",
            "echo y | bash tools/drop dev",
            "sed -i s/yes/no/ places.ini; echo y | bash tools/drop live",
            "node tools/reset.mjs one",
            "cd tools && node reset.mjs one",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 bin/console list",
            "python3 bin/console --help data:wipe",
            "bash tools/task show",
            "bash tools/task data-wipe gone",
            "echo y | bash tools/drop live",
            "echo y | bash tools/drop test",
            "echo n | bash tools/drop dev",
            "bash tools/drop dev < /dev/null",
            "node tools/reset.mjs two",
            "cd data && node ../tools/reset.mjs two",
        ],
    );
}
