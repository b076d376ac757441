//! `check --facts here` in a real scratch project: the same words lose something or nothing, by what stands there.
//! Nothing is run; only the judgement is looked at.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::scene::Scene;

/// A project with a commit, and what is not in it.
fn project() -> Scene {
    let project = Scene::empty();
    project.writes(&[
        ("src/main.rs", "fn main() {}\n"),
        ("src/lib.rs", "// lib\n"),
        ("old/a.txt", "a\n"),
        ("README.md", "read\n"),
        (".gitignore", "node_modules\nsecret.env\nbuild/\n"),
    ]);
    project.git(
        ".",
        "init -q -b main; add -A; commit -q -m one; branch topic; tag v1",
    );
    for (name, text) in [
        ("notes.txt", "untracked\n"),
        ("data/a.csv", "1\n"),
        ("secret.env", "KEY=1\n"),
        ("node_modules/x/index.js", "x\n"),
        ("build/out.bin", "x\n"),
        ("empty.txt", ""),
        ("Case.txt", "upper\n"),
        ("~/inner.txt", "in a folder with a tilde for a name\n"),
        ("$HOME/inner.txt", "and another\n"),
        ("app.db", "SQLite format 3\0rest"),
    ] {
        project.write(name, text);
    }
    fs::create_dir(project.path("hollow")).unwrap();
    symlink("data", project.path("link")).unwrap();
    symlink(project.path("data"), project.path("build/away")).unwrap();
    project
}

#[test]
fn what_does_not_exist_is_empty_or_stands_in_head_cannot_be_lost() {
    project().keeps(
        ".",
        &[
            "rm -rf missing",
            "rm -f missing.txt no/such/file",
            "rm -rf old",
            "rm -rf src",
            "rm README.md",
            "rm -rf hollow",
            "rm -f empty.txt",
            "rm -f *.log",
            "find missing -delete",
            "truncate -s 0 README.md",
            "cp /dev/null missing.txt",
            "echo x > README.md",
            "echo x > new.txt",
            "mv README.md README.txt",
            "rm link",
            "rm -rf link",
            "unzip -o a.zip -d missing",
        ],
    );
}

#[test]
fn what_is_only_here_is_found() {
    let project = project();
    project.finds(
        ".",
        "files.delete",
        &[
            "rm notes.txt",
            "rm -f ./notes.txt",
            "rm secret.env",
            "rm *.txt",
            "rm n*",
            "rm -rf link/*",
        ],
    );
    project.finds(
        ".",
        "files.recursive-delete",
        &[
            "rm -rf data",
            "rm -r ./data/",
            "rm -rf dat?",
            "rm -rf link/",
        ],
    );
    project.finds(".", "files.delete-guarded", &["rm app.db", "rm *.db"]);
    project.finds(
        ".",
        "files.overwrite",
        &[
            "echo x > notes.txt",
            "cp README.md notes.txt",
            "sort -o notes.txt README.md",
            "sort -u -o notes.txt notes.txt",
            "shuf README.md -o notes.txt",
            "uniq README.md notes.txt",
            "uniq -f 1 README.md notes.txt",
            "xxd -r -p README.md notes.txt",
        ],
    );
    project.finds(
        ".",
        "files.overwrite-guarded",
        &[
            "cp README.md app.db",
            "curl -o app.db https://example.com/x",
        ],
    );
    project.finds(".", "files.delete-project", &["rm -rf .git", "rm -rf ."]);
}

#[test]
fn a_change_that_is_not_committed_makes_a_tracked_file_one_to_lose() {
    let project = project();
    project.write("src/main.rs", "fn main() { changed() }\n");
    project.finds(".", "files.recursive-delete", &["rm -rf src"]);
    project.finds(
        ".",
        "git.discard-changes",
        &[
            "git checkout -- src",
            "git restore src/main.rs",
            "git reset --hard",
        ],
    );
    project.keeps(
        ".",
        &[
            "git checkout -- old",
            "git restore README.md",
            "rm src/lib.rs",
        ],
    );
}

#[test]
fn regenerable_output_goes_freely_unless_it_is_neither_ignored_nor_proven() {
    let project = project();
    project.keeps(
        ".",
        &[
            "rm -rf node_modules",
            "rm -rf ./node_modules/x",
            "rm -f node_modules/x/index.js",
        ],
    );
    project.write(
        "dist/report.txt",
        "written by hand, neither ignored nor proven\n",
    );
    project.finds(".", "files.recursive-delete", &["rm -rf dist"]);
}

#[test]
fn names_that_a_shell_would_expand_are_taken_as_they_are_quoted() {
    let project = project();
    project.finds(
        ".",
        "files.recursive-delete",
        &[
            "rm -rf './~'",
            "rm -rf \"./\\$HOME\"",
            "rm -rf '$HOME'",
            "rm -rf \\~",
        ],
    );
    project.finds(".", "files.wipe", &["rm -rf ~", "rm -rf $HOME"]);
    project.keeps(".", &["rm -f case.txt", "rm -f '*.txt'"]);
    project.finds(".", "files.delete", &["rm Case.txt", "rm [C]ase.txt"]);
}

#[test]
fn refs_are_lost_only_where_they_are() {
    let project = project();
    for lines in [
        "checkout -q topic; commit -q --allow-empty -m only-on-topic",
        "checkout -q --detach main; commit -q --allow-empty -m only-under-a-tag",
        "tag -f v1; checkout -q main",
    ] {
        project.git(".", lines);
    }
    project.finds(
        ".",
        "git.ref-overwrite",
        &[
            "git branch -f topic HEAD",
            "git checkout -B topic",
            "git switch -C topic",
            "git tag -f v1",
            "git branch -M main topic",
        ],
    );
    project.keeps(
        ".",
        &[
            "git branch -f fresh HEAD",
            "git checkout -B fresh",
            "git switch -C fresh",
            "git tag -f v2",
            "git branch -M main fresh",
            "git update-ref refs/heads/fresh HEAD",
            "git reset --hard",
            "git stash drop",
        ],
    );
    project.git(".", "pack-refs --all");
    project.finds(
        ".",
        "git.ref-overwrite",
        &["git branch -f topic HEAD", "git tag -f v1"],
    );
}

#[test]
fn a_path_through_the_parent_or_another_folder_is_resolved_before_it_is_judged() {
    let project = project();
    project.finds(
        ".",
        "files.recursive-delete",
        &[
            "rm -rf src/../data",
            "cd src && rm -rf ../data",
            "cd link && rm -rf ../data",
        ],
    );
    project.keeps(
        ".",
        &[
            "cd /tmp && rm -rf data",
            "(cd /tmp; rm -rf data)",
            "rm -rf /tmp/data",
        ],
    );
    let root = project.root();
    let outside = root.parent().unwrap().join("gone");
    project.keeps(".", &[&format!("rm -rf {}", outside.display())]);
}

/// Measured with GNU rm 9.1 and find 4.9: both empty the folder behind the link, and then fail to remove the link.
#[test]
fn a_slash_or_a_pattern_behind_a_link_goes_through_it_out_of_an_ignored_folder() {
    let project = project();
    let through = [
        "rm -rf build/away/",
        "rm -r build/away/",
        "rm -rf build/away/*",
        "find build/away/ -delete",
        "find -L build/away -delete",
    ];
    for (command, result) in through.iter().zip(project.judged(".", &through)) {
        assert_ne!(result["verdict"], "allow", "{command}: {result}");
    }
    let only_the_link = ["rm -rf build/away", "rm build/away"];
    for (command, result) in only_the_link
        .iter()
        .zip(project.judged(".", &only_the_link))
    {
        assert_eq!(result["verdict"], "allow", "{command}: {result}");
    }
}

/// What code the project has, for those that load it by the way.
fn with_code(project: &Scene) {
    project.writes(&[
        ("nuke.py", "import shutil\nshutil.rmtree('data')\n"),
        (
            "lib.py",
            "import shutil\ndef wipe():\n    shutil.rmtree('data')\nif __name__ == '__main__':\n    wipe()\n",
        ),
        (
            "nuke.js",
            "require('fs').rmSync('data', {recursive: true})\n",
        ),
        (
            "lib.js",
            "exports.wipe = () => { require('fs').rmSync('data', {recursive: true}) };\n",
        ),
        ("nuke.pl", "use File::Path;\nrmtree('data');\n"),
        ("nuke.rb", "require 'fileutils'\nFileUtils.rm_rf('data')\n"),
        ("clean.sh", "#!/bin/sh\nrm -rf data\n"),
        ("show.py", "print(1)\n"),
    ]);
}

#[test]
fn code_on_standard_input_and_code_that_is_loaded_is_read_like_a_script() {
    let project = project();
    with_code(&project);
    project.finds(
        ".",
        "files.recursive-delete",
        &[
            "python3 nuke.py",
            "python3 < nuke.py",
            "python3 - < nuke.py",
            "cat nuke.py | python3 -u",
            "cat nuke.js | node",
            "node < nuke.js",
            "perl < nuke.pl",
            "ruby < nuke.rb",
            "python3 -c 'import nuke'",
            "python3 -c 'from nuke import x'",
            "python3 -m nuke",
            "python3 -m pdb nuke.py",
            "node -r ./nuke.js -e 1",
            "node -e \"require('./nuke')\"",
            "NODE_OPTIONS='--require ./nuke.js' node show.js",
            "coverage run nuke.py",
            "python3 -m coverage run nuke.py",
            "pytest nuke.py",
            "GIT_EXTERNAL_DIFF=./clean.sh git diff",
            "EDITOR=./clean.sh git commit",
        ],
    );
    project.keeps(
        ".",
        &[
            "python3 < show.py",
            "python3 < absent.py",
            "python3 -c 'import lib; print(lib)'",
            "node -e \"require('./lib')\"",
            "python3 -m json.tool < nuke.py",
            "python3 -c 'import sys; sys.stdin.read()' < nuke.py",
            "node --check nuke.js",
            "wc -l < nuke.py",
            "coverage run show.py",
            "pytest show.py",
            "GIT_EXTERNAL_DIFF=./absent.sh git diff",
        ],
    );
}

#[test]
fn patterns_inside_a_container_give_what_lies_on_its_mounts() {
    let project = project();
    project.finds(
        ".",
        "files.delete",
        &[
            "docker run --rm -v $PWD/data:/d alpine sh -c 'rm -rf /d/*'",
            "docker run --rm -v ./data:/d -w /d alpine sh -c 'rm -rf *'",
            "docker run --rm -v ./data:/d alpine sh -c 'rm -f /d/a.*'",
        ],
    );
    project.finds(
        ".",
        "files.recursive-delete",
        &[
            "docker run --rm -v ./data:/d alpine find /d -delete",
            "docker run --rm -v ./data:/d alpine sh -c 'rm -rf /*'",
            "docker run --rm -v .:/w -w /w alpine rm -rf data",
        ],
    );
    project.keeps(
        ".",
        &[
            "docker run --rm -v ./data:/d alpine sh -c 'rm -rf /d/*.log'",
            "docker run --rm -v ./missing:/d alpine sh -c 'rm -rf /d/*'",
            "docker run --rm -v ./data:/d alpine sh -c 'rm -rf /tmp/*'",
            "docker run --rm -v ./src:/d alpine sh -c 'rm -rf /d/*'",
            "docker run --rm -v ./data:/d alpine sh -c 'ls /d/*'",
        ],
    );
}

#[test]
fn clients_of_databases_write_over_files_like_a_redirection() {
    let project = project();
    project.write("other.db", "SQLite format 3\0rest");
    project.finds(
        ".",
        "files.overwrite-guarded",
        &[
            "sqlite3 app.db '.backup other.db'",
            "sqlite3 app.db '.backup main other.db'",
            "sqlite3 app.db '.save other.db'",
            "sqlite3 app.db '.open --new other.db'",
        ],
    );
    project.finds(
        ".",
        "sqlite.restore",
        &["sqlite3 app.db '.dbconfig reset_database on' vacuum"],
    );
    project.finds(
        ".",
        "files.overwrite",
        &[
            "sqlite3 app.db '.output notes.txt' '.dump'",
            "sqlite3 app.db '.once notes.txt' 'select 1'",
            "sqlite3 app.db '.log notes.txt'",
            "sqlite3 app.db \"select writefile('notes.txt','x')\"",
            "duckdb x.duckdb \"COPY t TO 'notes.txt'\"",
            "psql -c '\\copy users to notes.txt'",
            "psql -o notes.txt -c 'select 1'",
            "psql -L notes.txt -c 'select 1'",
            "printf 'select 1 \\\\g notes.txt\\n' | psql shop",
            "printf '\\\\o notes.txt\\nselect 1;\\n' | psql shop",
            "pg_dump -f notes.txt shop",
            "mysqldump --result-file=notes.txt shop",
            "strace -o notes.txt ls",
            "/usr/bin/time -o notes.txt ls",
            "script -q -c ls notes.txt",
            "find . -fprint notes.txt",
        ],
    );
    project.keeps(
        ".",
        &[
            "sqlite3 app.db '.backup new.db'",
            "sqlite3 app.db '.once new.csv' 'select 1'",
            "sqlite3 app.db '.output README.md' '.dump'",
            "sqlite3 app.db '.clone other.db'",
            "sqlite3 app.db \"vacuum into 'new.db'\"",
            "psql -c '\\copy users from notes.txt'",
            "psql -c '\\copy users to new.csv'",
            "psql -o README.md -c 'select 1'",
            "pg_dump -f new.sql shop",
            "strace -A -o notes.txt ls",
            "strace -o new.txt ls",
            "script -a -c ls notes.txt",
            "find . -name notes.txt -print",
        ],
    );
}

#[test]
fn programs_that_name_their_output_write_over_what_is_there() {
    let project = project();
    project.finds(
        ".",
        "files.overwrite",
        &[
            "tar cf notes.txt src",
            "tar -czf notes.txt src",
            "gcc -o notes.txt main.c",
            "go build -o notes.txt ./...",
            "git archive -o notes.txt HEAD",
            "git bundle create notes.txt --all",
            "openssl enc -d -in a.enc -out notes.txt",
            "ffmpeg -y -i a.mov notes.txt",
            "pandoc README.md -o notes.txt",
            "convert a.png notes.txt",
            "gawk -i inplace '{ print 1 }' notes.txt",
            "ex -sc '%d|x' notes.txt",
            "fallocate -p -o 0 -l 5 notes.txt",
            "gpg --yes -o notes.txt -d a.gpg",
            "python3 -m zipfile -c notes.txt src",
            "python3 -m json.tool a.json notes.txt",
        ],
    );
    project.finds(
        ".",
        "files.move-away-folder",
        &["rsync --remove-source-files -a data/ /tmp/x/"],
    );
    project.keeps(
        ".",
        &[
            "tar cf new.tar data",
            "tar tf notes.txt",
            "gcc -o README.md main.c",
            "gcc -o build/out.bin main.c",
            "git archive -o new.zip HEAD",
            "git bundle verify notes.txt",
            "openssl dgst -sha256 notes.txt",
            "openssl enc -in notes.txt -out new.enc",
            "ffmpeg -i a.mov notes.txt",
            "pandoc notes.txt -o new.pdf",
            "convert notes.txt new.png",
            "gawk '{ print 1 }' notes.txt",
            "vim notes.txt",
            "fallocate -l 5 notes.txt",
            "gpg -o notes.txt -d a.gpg",
            "python3 -m json.tool notes.txt",
            "rsync --remove-source-files -a data/ kept/",
            "rsync --remove-source-files -a data/ host:/srv/x/",
            "rsync -n --remove-source-files -a data/ /tmp/x/",
        ],
    );
}

#[test]
fn a_patch_changes_and_takes_away_what_its_headers_name() {
    let project = project();
    for (name, old, new) in [
        ("edit.patch", "a/notes.txt", "b/notes.txt"),
        ("gone.patch", "a/notes.txt", "/dev/null"),
        ("clean.patch", "a/README.md", "b/README.md"),
        ("new.patch", "/dev/null", "b/new.txt"),
        ("back.patch", "/dev/null", "b/notes.txt"),
    ] {
        project.write(
            name,
            &format!("--- {old}\n+++ {new}\n@@ -1 +1 @@\n-x\n+y\n"),
        );
    }
    project.finds(
        ".",
        "files.overwrite",
        &[
            "patch -p1 < edit.patch",
            "patch -p1 -i edit.patch",
            "patch < edit.patch",
            "patch notes.txt edit.patch",
            "git apply edit.patch",
            "cat edit.patch | git apply",
        ],
    );
    project.finds(
        ".",
        "files.delete",
        &[
            "patch -p1 < gone.patch",
            "git apply gone.patch",
            "git apply -R back.patch",
        ],
    );
    project.keeps(
        ".",
        &[
            "patch -p1 < clean.patch",
            "patch -p1 < new.patch",
            "patch -p1 --dry-run < edit.patch",
            "patch -p1 -b < edit.patch",
            "git apply --check edit.patch",
            "git apply --stat gone.patch",
            "git apply --cached edit.patch",
            "git apply clean.patch",
            "git apply missing.patch",
        ],
    );
}

#[test]
fn an_archive_is_unpacked_over_the_files_that_it_names() {
    let project = project();
    project.writes(&[
        ("z/notes.txt", "n\n"),
        ("z/data/a.csv", "2\n"),
        ("z/top/x", "x\n"),
        ("z/README.md", "r\n"),
    ]);
    for (flags, archive, from, member) in [
        ("-cf", "over.tar", "z", "notes.txt"),
        ("-czf", "over.tgz", "z", "./data"),
        ("-cf", "new.tar", "z", "top"),
        ("-cf", "clean.tar", "z", "README.md"),
        ("-cf", "deep.tar", ".", "z/notes.txt"),
    ] {
        let done = Command::new("tar")
            .args([flags, archive, "-C", from, member])
            .current_dir(project.root())
            .status()
            .unwrap();
        assert!(done.success(), "{archive}");
    }
    fs::remove_dir_all(project.path("z")).unwrap();
    project.finds(
        ".",
        "files.overwrite",
        &[
            "tar xf over.tar",
            "tar -xvf over.tar notes.txt",
            "tar xzf over.tgz",
            "tar -x < over.tar",
            "tar xf deep.tar --strip-components=1",
            "bsdtar -xf over.tar",
            "7z x -y over.tar",
            "python3 -m tarfile -e over.tar",
            "cd data && tar xf ../over.tgz -C ..",
        ],
    );
    project.keeps(
        ".",
        &[
            "tar tf over.tar",
            "tar xkf over.tar",
            "tar xOf over.tar",
            "tar xf new.tar",
            "tar xf clean.tar",
            "tar xf deep.tar",
            "tar xf over.tar other.txt",
            "mkdir fresh && tar xf over.tar -C fresh",
            "tar xf missing.tar",
            "7z l over.tar",
            "python3 -m tarfile -l over.tar",
        ],
    );
}

#[test]
fn a_script_is_judged_with_the_words_of_its_call() {
    let project = project();
    project.write(
        "clean.py",
        "import argparse, os, sys\n\
         def main(argv=None):\n    p = argparse.ArgumentParser()\n    p.add_argument('roots', nargs='+')\n    \
         p.add_argument('--suffix', default='')\n    p.add_argument('-f', '--apply', action='store_true')\n    \
         a = p.parse_args(argv)\n    for root in a.roots:\n        for base, dirs, files in os.walk(root):\n            \
         for name in sorted(files):\n                path = os.path.join(base, name)\n                \
         if not a.apply:\n                    print(path)\n                    continue\n                \
         os.remove(path)\nif __name__ == '__main__':\n    sys.exit(main())\n",
    );
    project.write(
        "tool.py",
        "import pathlib, shutil, sys\ncmd = sys.argv[1] if len(sys.argv) > 1 else 'list'\n\
         def clear():\n    for p in pathlib.Path('data').iterdir():\n        p.unlink()\n\
         if cmd == 'list':\n    print(1)\nelif cmd in ('clear', 'wipe'):\n    clear()\n\
         else:\n    print(2) if cmd != 'drop' else shutil.rmtree('data')\n",
    );
    project.write(
        "sub.py",
        "import argparse, os\np = argparse.ArgumentParser()\ns = p.add_subparsers(dest='cmd')\n\
         l = s.add_parser('list')\nc = s.add_parser('clear')\nc.add_argument('--yes', action='store_true')\n\
         c.add_argument('file', nargs='?', default='notes.txt')\na = p.parse_args()\n\
         if a.cmd == 'clear' and a.yes:\n    os.remove(a.file)\n",
    );
    project.write(
        "any.py",
        "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--dry', action='store_true')\n\
         a = p.parse_args()\na.dry = bool(os.environ.get('DRY'))\nif not a.dry:\n    os.remove('notes.txt')\n",
    );
    project.write(
        "other.py",
        "import argparse, os, sys\nsys.argv.append('--apply')\np = argparse.ArgumentParser()\n\
         p.add_argument('--apply', action='store_true')\na = p.parse_args()\n\
         if a.apply:\n    os.remove('notes.txt')\n",
    );
    project.finds(
        ".",
        "files.delete",
        &[
            "python3 other.py",
            "python3 -W error.x clean.py data --apply",
            "./tool.py clear",
            "python3 -m tool clear",
            "python3 clean.py data --apply",
            "python3 clean.py --suffix .csv data -f",
            "python3 clean.py --app --suffix=.csv build data",
            "python3 tool.py clear",
            "python3 tool.py wipe",
            "python3 sub.py clear --yes",
            "python3 sub.py clear --yes data/a.csv",
            "python3 any.py --dry",
            "python3 any.py",
        ],
    );
    project.finds(".", "files.recursive-delete", &["python3 tool.py drop"]);
    project.keeps(
        ".",
        &[
            "python3 clean.py data",
            "python3 clean.py data --suffix .csv",
            "python3 clean.py build/none --apply",
            "python3 clean.py --apply node_modules --suffix data",
            "python3 tool.py",
            "python3 tool.py list",
            "python3 tool.py other",
            "python3 sub.py list",
            "python3 sub.py --help",
            "python3 any.py --help",
            "python3 sub.py clear",
            "python3 sub.py clear --yes hollow/none",
        ],
    );
}

#[test]
fn a_script_of_node_is_judged_with_the_words_of_its_call() {
    let project = project();
    project.write(
        "sync.js",
        "const fs = require('fs');\nconst path = require('path');\n\
         const [src, dest] = process.argv.slice(2).filter(a => !a.startsWith('--'));\n\
         const dry = process.argv.includes('--dry-run');\n\
         if (!dest) {\n  console.error('usage');\n  process.exit(1);\n}\n\
         for (const f of fs.readdirSync(dest)) {\n  const to = path.join(dest, f);\n  \
         if (dry) console.log(to);\n  else fs.rmSync(to, { recursive: true });\n}\n",
    );
    project.write(
        "out.mjs",
        "import fs from 'node:fs';\nconst args = process.argv.slice(2);\n\
         const i = args.indexOf('--out');\nconst out = i >= 0 ? args[i + 1] : 'build/new.js';\n\
         fs.writeFileSync(out, 'x');\n",
    );
    project.write(
        "task.js",
        "const fs = require('fs');\nconst cmd = process.argv[2] || 'show';\n\
         function wipe() { fs.unlinkSync('notes.txt'); }\n\
         switch (cmd) {\n  case 'show': console.log(1); break;\n  case 'clear':\n  case 'wipe': wipe(); break;\n  \
         default: console.log(2);\n}\n",
    );
    project.write(
        "all.js",
        "const fs = require('fs');\nconst all = ['build/out.bin'];\n\
         if (process.argv.includes('--all')) all.push('notes.txt');\n\
         for (const f of all) process.argv.includes('-n') ? console.log(f) : fs.unlinkSync(f);\n",
    );
    project.write(
        "open.js",
        "const fs = require('fs');\nlet dry = process.argv.includes('--dry');\n\
         process.env.CI && (dry = false);\nprocess.stdin.isTTY && (dry = false);\nif (!dry) fs.unlinkSync('notes.txt');\n",
    );
    project.write(
        "early.js",
        "const fs = require('fs');\nmain();\nif (!process.argv.includes('--more')) {\n  process.exit(0);\n}\n\
         function main() { fs.unlinkSync('notes.txt'); }\n",
    );
    project.write(
        "case.js",
        "const fs = require('fs');\nfunction run(cmd) {\n  switch (cmd) {\n    case 'a':\n      \
         if (!process.argv.includes('-x')) return;\n      break;\n    case 'b':\n      \
         fs.unlinkSync('notes.txt');\n  }\n}\nrun(read());\n",
    );
    project.finds(
        ".",
        "files.delete",
        &[
            "node case.js",
            "node -r ./hook.js task.js clear",
            "node task.js clear",
            "node task.js wipe",
            "node all.js --all",
            "node open.js --dry",
            "CI=1 node open.js --dry",
            "node early.js",
        ],
    );
    project.finds(".", "files.overwrite", &["node out.mjs --out notes.txt"]);
    project.loses(".", &["node sync.js --now src data"]);
    project.keeps(
        ".",
        &[
            "node sync.js src data --dry-run",
            "node sync.js src",
            "node sync.js data hollow",
            "node out.mjs",
            "node out.mjs --out data/new.js",
            "node task.js",
            "node task.js show",
            "node task.js other",
            "node all.js",
            "node all.js --all -n",
        ],
    );
}

#[test]
fn a_database_without_a_row_holds_nothing_that_could_be_lost() {
    let project = project();
    let made = |name: &str, more: &str| {
        let connection = rusqlite::Connection::open(project.path(name)).unwrap();
        let text = format!(
            "CREATE TABLE a(x); CREATE TABLE b(y); CREATE VIEW v AS SELECT * FROM a; {more}"
        );
        connection.execute_batch(&text).unwrap();
    };
    made("hollow.db", "");
    made("with spaces.db", "");
    made("full.db", "INSERT INTO b VALUES (1)");
    project.keeps(
        ".",
        &[
            "rm -f hollow.db",
            "rm hollow.db 'with spaces.db'",
            "rm -f hollow.db hollow.db-wal && sqlite3 hollow.db 'CREATE TABLE a(x)'",
            "set -eu; db=hollow.db; [[ -f $db ]] && rm -- \"$db\"",
            "cp full.db copy.db; rm -f hollow.db",
            "cp README.md hollow.db",
            ": > hollow.db",
        ],
    );
    project.loses(
        ".",
        &[
            "rm full.db",
            "rm hollow.db full.db",
            "rm *.db",
            "mv full.db hollow.db && rm hollow.db",
            "cp full.db hollow.db && rm full.db && rm hollow.db",
            "cat full.db > hollow.db; rm full.db hollow.db",
            "sqlite3 full.db '.backup hollow.db' && rm full.db && rm hollow.db",
            "sqlite3 hollow.db \"attach 'full.db' as f; insert into a select * from f.b\" && rm full.db hollow.db",
            "rsync -a --remove-source-files full.db hollow.db; rm hollow.db",
            ": > full.db",
            "python3 -c 'import os; os.replace(\"full.db\", \"hollow.db\")' && rm hollow.db",
            "./tool && rm hollow.db",
        ],
    );
}

/// A folder of four dumps, and scripts that count them.
fn with_dumps() -> Scene {
    let project = Scene::empty();
    for number in 1..=4 {
        project.write(&format!("dumps/d{number}.sql"), "rows\n");
    }
    project.write("keep.sql", "rows\n");
    project.write(
        "prune.sh",
        "set -eu\nDIR=dumps; KEEP=2; DRY=0\n\
         OPTS=$(getopt -o d:k:n --long dir:,keep:,dry-run -n prune -- \"$@\") || exit 2\n\
         eval set -- \"$OPTS\"\nwhile true; do\n case \"$1\" in\n\
         -d|--dir) DIR=$2; shift 2 ;;\n -k|--keep) KEEP=$2; shift 2 ;;\n -n|--dry-run) DRY=1; shift ;;\n\
         --) shift; break ;;\n esac\ndone\n\
         mapfile -t files < <(find \"$DIR\" -maxdepth 1 -type f | sort -r)\n\
         for ((i = KEEP; i < ${#files[@]}; i++)); do\n\
         if [[ $DRY -eq 1 ]]; then echo \"${files[i]}\"; else rm -f -- \"${files[i]}\"; fi\ndone\n",
    );
    project.write("list.txt", "none.sql\n");
    project.write(
        "quota.sh",
        "n=$(find \"$1\" -type f | wc -l)\nover=$((n - $2))\n[ \"$over\" -le 0 ] && { echo fine; exit 0; }\n\
         find \"$1\" -type f | sort | head -n \"$over\" | while read -r f; do rm -- \"$f\"; done\n",
    );
    project.write(
        "all.sh",
        "until [ $# -eq 0 ]; do rm -rf \"$1\"; shift; done\n",
    );
    project.write(
        "rotate.sh",
        "i=$1\nwhile [ \"$i\" -gt 3 ]; do rm -f \"dumps/d$i.sql\"; i=$((i-1)); done\n",
    );
    project
}

#[test]
fn how_many_names_there_are_is_known_where_nothing_before_has_changed_them() {
    let project = with_dumps();
    project.keeps(
        ".",
        &[
            "bash prune.sh --keep 4",
            "bash prune.sh -n",
            "bash prune.sh --dir=empty -k0",
            "bash quota.sh dumps 4",
            "bash rotate.sh 3",
            "xargs rm -f < list.txt",
            "bash all.sh",
            "for ((i = 5; i < 9; i++)); do rm -f dumps/d$i.sql; done",
            "n=$(ls dumps | wc -l); if [ $n -gt 4 ]; then rm -rf dumps; fi",
            "cd dumps && ls -1t *.sql | tail -n +5 | xargs rm",
            "f=($(ls dumps)); if [ ${#f[@]} -lt 3 ]; then rm -rf dumps; fi",
        ],
    );
    project.loses(
        ".",
        &[
            "bash prune.sh",
            "bash prune.sh --keep=3",
            "bash prune.sh -k 3 -d dumps",
            "bash quota.sh dumps 3",
            "bash rotate.sh 4",
            "bash all.sh keep.sql",
            "for ((i = 3; i < 5; i++)); do rm -f dumps/d$i.sql; done",
            "for ((i = 0; i < $N; i++)); do rm -f dumps/d$i.sql; done",
            "n=$(ls dumps | wc -l); if [ $n -gt 3 ]; then rm -rf dumps; fi",
            "touch dumps/d5.sql; n=$(ls dumps | wc -l); if [ $n -gt 4 ]; then rm -rf dumps; fi",
            "cp keep.sql dumps/d5.sql && cd dumps && ls -1t *.sql | tail -n +5 | xargs rm",
            "cp keep.sql dumps/ && bash prune.sh --keep 4",
            "f=($(ls dumps | head -n 2)); if [ ${#f[@]} -lt 3 ]; then rm -rf dumps; fi",
            "for i in 1 2; do n=$(ls dumps | wc -l); [ $n -lt 4 ] && rm -rf dumps; touch dumps/x$i; rm dumps/x$i keep.sql; done",
            "for i in 1 2; do [ $(ls dumps | wc -l) -lt 4 ] && rm -rf dumps; git mv dumps/d$i.sql .; done",
            "echo dumps/d1.sql >> list.txt; xargs rm -f < list.txt",
            "f=(dumps/*.sql); if [ ${#f[@]} -gt 3 ]; then rm -rf dumps; fi",
            "mapfile -t f < <(ls dumps | head -n 2); if [ ${#f[@]} -lt 3 ]; then rm -rf dumps; fi",
            "n=0; while read -r x; do n=$((n+1)); done < <(ls dumps | head -n 2); if [ $n -lt 3 ]; then rm -rf dumps; fi",
        ],
    );
}

#[test]
fn what_was_moved_aside_for_certain_is_not_written_over() {
    let project = project();
    project.write("new.txt", "new\n");
    project.write("other.txt", "other\n");
    project.write(
        "swap.sh",
        "set -eu\nto=$1\nif [ -e \"$to\" ]; then mv \"$to\" \"$to.before\"; fi\ncp new.txt \"$to\"\n",
    );
    project.keeps(
        ".",
        &[
            "mv notes.txt notes.old && cp new.txt notes.txt",
            "mv -n -- notes.txt notes.old && cp new.txt notes.txt",
            "set -e; mv data old-data; mkdir data; echo 2 > data/a.csv",
            "bash swap.sh notes.txt",
            "mv notes.txt build/ && echo x > notes.txt",
        ],
    );
    project.loses(
        ".",
        &[
            "mv notes.txt notes.old; cp new.txt notes.txt",
            "mv -n notes.txt other.txt && cp new.txt notes.txt",
            "mv -i notes.txt notes.old && cp new.txt notes.txt",
            "mv notes.txt notes.old && mv other.txt notes.txt && cp new.txt notes.txt",
            "mv notes.txt notes.old && mv notes.old notes.txt && cp new.txt notes.txt",
            "mv notes.txt notes.old || cp new.txt notes.txt",
            "[ -e x ] && mv notes.txt notes.old; cp new.txt notes.txt",
            "mv other.txt notes.old && cp new.txt notes.txt",
            "mv notes.txt \"$X\" && cp new.txt notes.txt",
            "cp notes.txt notes.old && mv other.txt notes.txt",
            "mv notes.txt notes.old && echo x > notes.txt && mv notes.txt notes.old",
            "for i in 1 2; do mv notes.txt notes.old && echo x > notes.txt; done",
            "mv notes.txt notes.old && python3 -c 'import os; os.link(\"notes.old\", \"notes.txt\")' && echo x > notes.txt",
            "mv data d2 && mkdir data && mv d2/* data/ && echo x > data/a.csv",
        ],
    );
}

#[test]
fn a_folder_in_which_the_guard_itself_lies_is_judged_like_any_other() {
    let scene = Scene::empty();
    let guard = scene.path("bin/guard");
    fs::create_dir(scene.path("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_backstop"), &guard).unwrap();
    for call in [
        "rm -rf \"x$RANDOM\"",
        "rm -rf x$(date +%N)",
        "s=$(mktemp -d -p .); rm -rf \"$s\"/../data",
        "rm -rf *",
        "rm -rf bin",
        "find . -delete",
    ] {
        let told = Command::new(&guard)
            .args(["check", "--format", "json", "--facts", "none", call])
            .current_dir(scene.root())
            .env_clear()
            .env("HOME", "/home/ann")
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        assert!(told["verdict"] != "allow", "{call}: {told}");
    }
}

#[test]
fn a_search_that_follows_links_takes_what_lies_behind_them() {
    let scene = Scene::built(
        "git init -q; printf 'build/\\n' > .gitignore; mkdir -p build/obj data; echo x > build/obj/a.o; echo x > data/a.csv
        touch package-lock.json; ln -s ../data build/link; git add .gitignore; git commit -q -m base",
    );
    scene.loses(
        ".",
        &[
            "find -L build -type f -delete",
            "find build -follow -type f -delete",
            "find -L build -name '*.csv' -delete",
            "find -L build -type f -exec rm {} +",
            "find -L build -type f | xargs rm -f",
        ],
    );
    scene.keeps(
        ".",
        &[
            "find build -type f -delete",
            "find -L build -name '*.o' -delete",
            "find -L build -type f -print",
        ],
    );
}

#[test]
fn awk_begins_files_anew_that_the_words_name() {
    let scene = Scene::built(
        "git init -q; mkdir data; echo 1 > data/a.csv; echo 2 > data/b.csv
        printf '%s\\n' '{ if (out != \"\") { print > out } else print }' > keep.awk",
    );
    scene.loses(
        ".",
        &[
            "awk -v out=data/a.csv '{print > out}' data/b.csv",
            "awk -vout=data/a.csv '{print > out}' data/b.csv",
            "awk '{print > out}' out=data/a.csv data/b.csv",
            "awk 'BEGIN {out = \"data/a.csv\"} {print > out}' data/b.csv",
            "awk -v out=data/a.csv -f keep.awk data/b.csv",
        ],
    );
    scene.keeps(
        ".",
        &[
            "awk -v out=data/new.csv '{print > out}' data/b.csv",
            "awk -f keep.awk data/b.csv",
            "awk -v out=data/a.csv '$1 > out' data/b.csv",
        ],
    );
}

#[test]
fn what_lies_above_a_folder_that_is_only_made_is_there_all_the_same() {
    let scene = Scene::built(
        "git init -q; mkdir data; echo x > data/a.csv; echo y > b.csv; echo z > c.csv; ln -s data link",
    );
    scene.loses(
        ".",
        &[
            "mkdir w; rm -rf w/../data",
            "mkdir w; cd w; rm -rf ../data",
            "mkdir -p build && cd build && rm -rf ../data",
            "mkdir -p w/x && cd w/x && rm -rf ../../data",
            "mkdir w && cd w && cp ../b.csv ../c.csv",
            "mkdir w && cd w && echo x > ../b.csv",
            "mkdir w && cd w && rm -rf \"$PWD/../data\"",
            "mkdir w; cd w; bash -c 'rm -rf ../data'",
            "mkdir w; cd w; rm -rf ../*",
            "pushd w; rm -rf ../data",
            "t=$(mktemp -d); ln -s \"$PWD/data\" \"$t/l\"; rm -rf \"$t/l/\"*",
            "t=$(mktemp -d); ln -s \"$PWD/data\" \"$t/l\"; find \"$t/l/\" -type f -delete",
        ],
    );
    scene.keeps(
        ".",
        &[
            "mkdir w; rm -rf w/../w",
            "mkdir w; cd w; echo x > y; rm y",
            "mkdir -p build && cd build && cmake .. && rm -rf ../build",
            "mkdir w; cd w; rm -rf ../nothing",
            "t=$(mktemp -d); ln -s \"$PWD/data\" \"$t/l\"; rm -rf \"$t\"",
            "t=$(mktemp -d); ln -s \"$PWD/data\" \"$t/l\"; rm \"$t/l\"; rm -rf \"$t/out\"",
        ],
    );
}
