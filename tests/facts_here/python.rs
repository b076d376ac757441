//! `check --facts here` for scripts of Python that are carried out on the words, files and rows that are known.
//! Nothing is run; every way to take nothing has a look-alike beside it that takes something.

use crate::scene::Scene;

const SWEEP: &str = r#"#!/usr/bin/env python3
"""Sweeps files by suffix, size and age."""
import argparse
import sys
import time
from pathlib import Path

from common import settings

def wanted(root, args):
    limit = time.time() - args.older_than * 86400
    for path in sorted(root.rglob("*" + args.suffix)):
        if path.is_file() and path.stat().st_size >= args.min_size:
            if args.older_than and path.stat().st_mtime > limit:
                continue
            yield path


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", nargs="+", type=Path)
    parser.add_argument("--suffix", default=settings()["suffix"])
    parser.add_argument("--min-size", type=int, default=0)
    parser.add_argument("--older-than", type=int, default=0)
    parser.add_argument("-n", "--dry-run", action="store_true")
    args = parser.parse_args(argv)
    count = 0
    for root in args.roots:
        for path in wanted(root, args):
            count += 1
            if not args.dry_run:
                path.unlink()
    print(f"{count:>5} file(s)")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
"#;

const COMMON: &str = r#"import json
from pathlib import Path

HERE = Path(__file__).resolve().parent


def settings():
    return json.loads((HERE / "settings.json").read_text())
"#;

const ROWS: &str = r#"import sqlite3
import sys
from contextlib import contextmanager


class Store:
    def __init__(self, path):
        self.con = sqlite3.connect(path)

    @contextmanager
    def session(self, keep):
        try:
            yield self.con
        except Exception:
            self.con.rollback()
            raise
        if keep:
            self.con.commit()
        else:
            self.con.rollback()


def main(path, verb, name, *flags):
    store = Store(path)
    with store.session("--keep" in flags) as con:
        if verb == "drop":
            n = con.execute("SELECT count(*) FROM jobs WHERE name = ?", (name,)).fetchone()[0]
            if n:
                con.execute("DELETE FROM jobs WHERE name = ?", (name,))
        elif verb == "put":
            con.execute("INSERT OR REPLACE INTO jobs(id, name) VALUES (?, 'new')", (int(name),))
        elif verb == "rebuild":
            con.executescript("CREATE TABLE two AS SELECT * FROM jobs; DROP TABLE jobs; ALTER TABLE two RENAME TO jobs;")


main(*sys.argv[1:])
"#;

fn scripts() -> Scene {
    let scene = Scene::built(
        "mkdir -p tools/pkg data/in data/deep/er\n\
         printf a > data/in/a.tmp; printf long-text > data/in/b.log; printf x > data/deep/er/c.tmp\n\
         touch -d '2001-01-01' data/in/b.log\n\
         printf '{\"suffix\": \".none\"}' > tools/settings.json\n\
         python3 - <<'E'\n\
         import sqlite3\n\
         c = sqlite3.connect('data/jobs.db')\n\
         c.execute('CREATE TABLE jobs(id INTEGER PRIMARY KEY, name TEXT)')\n\
         c.executemany('INSERT INTO jobs(name) VALUES (?)', [('one',), ('two',)])\n\
         c.commit()\n\
         E\n",
    );
    scene.writes(&[
        ("tools/sweep.py", SWEEP),
        ("tools/common.py", COMMON),
        ("tools/rows.py", ROWS),
        ("tools/pkg/__init__.py", ""),
        ("tools/pkg/paths.py", "DATA = 'data/in'\n"),
        (
            "tools/pkg/wipe.py",
            "import shutil, sys\nfrom .paths import DATA\nif '--yes' in sys.argv[1:]:\n    shutil.rmtree(DATA)\n",
        ),
    ]);
    scene
}

#[test]
fn the_words_settings_and_ages_say_which_files_go() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "python3 tools/sweep.py data --suffix .tmp",
            "python3 -u tools/sweep.py data --suff=.log",
            "python3 tools/sweep.py data/deep data/in --suffix .tmp --min-size 1",
            "python3 tools/sweep.py data --suffix .log --older-than 30",
            "cd tools && python3 sweep.py ../data --suffix .tmp",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 tools/sweep.py data",
            "python3 tools/sweep.py data --suffix .tmp -n",
            "python3 tools/sweep.py data --suffix .tmp --min-size 100",
            "python3 tools/sweep.py data --suffix .tmp --older-than 30",
            "python3 tools/sweep.py --suffix .tmp",
            "python3 tools/sweep.py data --suffix .tmp --no-such-option",
            "python3 tools/sweep.py not-there --suffix .tmp",
        ],
    );
}

#[test]
fn a_module_runs_with_its_package() {
    let scene = scripts();
    scene.loses(
        "tools",
        &["cd .. && PYTHONPATH=tools python3 -m pkg.wipe --yes"],
    );
    scene.loses(
        ".",
        &["python3 -c 'import sys; sys.argv = [\"x\", \"--yes\"]; sys.path.insert(0, \"tools\"); import pkg.wipe'"],
    );
    scene.keeps(
        ".",
        &[
            "PYTHONPATH=tools python3 -m pkg.wipe",
            "python3 -c 'import sys; sys.path.insert(0, \"tools\"); import pkg.wipe'",
        ],
    );
}

#[test]
fn rows_go_when_they_are_there_and_committed() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "python3 tools/rows.py data/jobs.db drop one --keep",
            "python3 tools/rows.py data/jobs.db put 1 --keep",
            "python3 - <<'E'\nimport sqlite3\nwith sqlite3.connect('data/jobs.db') as c:\n    c.execute('UPDATE jobs SET name = ?', ('x',))\nE",
            "python3 -c \"import sqlite3; c = sqlite3.connect('data/jobs.db', isolation_level=None); c.execute('DELETE FROM jobs')\"",
            "python3 -c \"import sqlite3; c = sqlite3.connect('data/jobs.db'); c.executescript('DROP TABLE jobs')\"",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 tools/rows.py data/jobs.db drop one",
            "python3 tools/rows.py data/jobs.db drop three --keep",
            "python3 tools/rows.py data/jobs.db put 7 --keep",
            "python3 tools/rows.py data/jobs.db rebuild x --keep",
            "python3 tools/rows.py data/new.db drop one --keep",
            "python3 - <<'E'\nimport sqlite3\nc = sqlite3.connect('data/jobs.db')\nc.execute('DELETE FROM jobs')\nc.close()\nE",
            "python3 - <<'E'\nimport sqlite3\nc = sqlite3.connect('data/jobs.db')\nc.execute(\"INSERT INTO jobs(name) VALUES ('t')\")\nc.commit()\nc.execute(\"DELETE FROM jobs WHERE name = 't'\")\nc.commit()\nE",
            "python3 -c \"import sqlite3; c = sqlite3.connect('file:data/jobs.db?mode=ro', uri=True); c.execute('DELETE FROM jobs'); c.commit()\"",
        ],
    );
}

#[test]
fn what_is_defined_caught_or_skipped_is_as_python_has_it() {
    let scene = scripts();
    let call = |text: &str| format!("python3 - <<'E'\nimport os, shutil\n{text}\nE");
    let takes = [
        "def f(d, seen=[]):\n    seen.append(d)\n    return len(seen)\nf(1)\nif f(2) == 2:\n    shutil.rmtree('data')",
        "try:\n    os.remove('nope')\nexcept OSError:\n    shutil.rmtree('data')",
        "def g():\n    yield 'data/in'\n    raise SystemExit\nfor d in g():\n    shutil.rmtree(d)",
        "fs = [lambda: i for i in range(3)]\nif [f() for f in fs] == [2, 2, 2]:\n    shutil.rmtree('data')",
        "for n in os.listdir('data/in'):\n    os.rename(f'data/in/{n}', 'data/in/one')",
        "if -7 // 2 == -4 and -7 % 3 == 2:\n    shutil.rmtree('data')",
        "open('plan', 'w').write('data/in')\nshutil.rmtree(open('plan').read() or 'no')",
        "os.chdir('data')\nshutil.rmtree('in')",
        "for root, dirs, files in os.walk('data'):\n    for n in files:\n        if n.endswith('.tmp'):\n            os.remove(os.path.join(root, n))",
        "eval(\"shutil.rmtree('data')\")",
        "getattr(shutil, 'rm' + 'tree')('data')",
    ];
    let leaves = [
        "def wipe():\n    shutil.rmtree('data')",
        "try:\n    os.remove('nope')\n    shutil.rmtree('data')\nexcept FileNotFoundError:\n    pass",
        "os.remove('nope')\nshutil.rmtree('data')",
        "def g():\n    for d in ('data',):\n        if os.path.islink(d):\n            yield d\nfor d in g():\n    shutil.rmtree(d)",
        "for root, dirs, files in os.walk('data'):\n    dirs[:] = []\n    for n in files:\n        if n.endswith('.tmp'):\n            os.remove(os.path.join(root, n))",
        "open('plan', 'w').write('nowhere')\nshutil.rmtree(open('plan').read(), ignore_errors=True)",
        "def rmtree(p):\n    print(p)\nrmtree('data')",
        "x = 0.1 + 0.2\nif x == 0.3:\n    shutil.rmtree('data')",
        "assert not os.path.exists('data')\nshutil.rmtree('data')",
    ];
    let all: Vec<String> = takes.iter().map(|text| call(text)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    scene.loses(".", &all);
    let all: Vec<String> = leaves.iter().map(|text| call(text)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    scene.keeps(".", &all);
    scene.loses(
        ".",
        &["python3 -O -c \"import shutil; assert False; shutil.rmtree('data')\""],
    );
}

/// Removes dated files that are older than so many days.
const THIN: &str = r#"import datetime as dt, pathlib, re, sys
today = dt.date.today()
for path in sorted(pathlib.Path('dumps').glob('*.gz')):
    day = dt.datetime.strptime(re.search(r'(\d{8})', path.name).group(1), '%Y%m%d').date()
    if (today - day).days >= int(sys.argv[1]):
        path.unlink()
"#;

/// Removes what it was given, if something that nobody knows says so.
const DOUBT: &str = r#"import os, sys, urllib.request
wanted = urllib.request.urlopen('http://127.0.0.1:9/list').read()
for name in sys.argv[1:]:
    if name.encode() in wanted and len(wanted) > 3:
        print(name)
    if len(wanted) % 7:
        os.remove(name)
"#;

/// Puts tables into one, and removes them.
const JOIN: &str = r#"import csv, os, sys
rows = []
for name in sys.argv[1:]:
    with open(name, newline='') as fh:
        rows.extend(csv.reader(fh))
with open('all.csv', 'w', newline='') as fh:
    csv.writer(fh, lineterminator='\n').writerows(rows)
for name in sys.argv[1:]:
    os.unlink(name)
"#;

#[test]
fn dates_are_compared_with_the_day_that_it_is() {
    let scene = Scene::built(
        "mkdir dumps; for d in 3 40 400; do\n\
           echo dump > \"dumps/db-$(date -d \"$d days ago\" +%Y%m%d).gz\"\n\
         done\n",
    );
    scene.writes(&[("thin.py", THIN)]);
    scene.loses(
        ".",
        &[
            "python3 thin.py 2",
            "python3 thin.py 30",
            "python3 thin.py 399",
        ],
    );
    scene.keeps(".", &["python3 thin.py 500", "python3 thin.py 402"]);
}

#[test]
fn more_decisions_than_are_gone_through_hide_nothing() {
    let scene = Scene::built("for n in a b c d e f; do echo data > $n.txt; done\n");
    scene.writes(&[("doubt.py", DOUBT), ("join.py", JOIN)]);
    scene.loses(
        ".",
        &[
            "python3 doubt.py a.txt b.txt c.txt d.txt e.txt f.txt",
            "python3 join.py a.txt b.txt",
        ],
    );
    scene.keeps(".", &["python3 doubt.py", "python3 doubt.py none.txt"]);
}
