//! `check --facts here` for scripts of Python whose databases, files, times and names are out of the ordinary.
//! Each way to lose something has a look-alike beside it that loses nothing.

use crate::scene::Scene;

const HEAD: &str = "import os, shutil, sqlite3, time\nfrom pathlib import Path\n";
const SQL: &str = "c = sqlite3.connect('data/app.db')\n";

fn scripts() -> Scene {
    Scene::built(
        "mkdir -p data/sub data/ok.d\n\
         printf a > data/a.txt; printf b > data/b.txt; printf s > data/sub/s.txt; printf d > data/ok.d/d.txt\n\
         touch -d '2024-01-01 10:00:00.2' data/a.txt; touch -d '2024-01-01 10:00:00.7' data/b.txt\n\
         printf 'a\\rb' > data/lines; printf 'x\\r\\n' > data/ends; printf '\\377\\330x' > data/picture\n\
         python3 - <<'E'\n\
         import sqlite3\n\
         c = sqlite3.connect('data/app.db')\n\
         c.executescript('''CREATE TABLE orders(id INTEGER PRIMARY KEY, item TEXT, qty INTEGER);\n\
         INSERT INTO orders VALUES(1,'apple',3),(2,'pear',5),(3,'plum',7);\n\
         CREATE TABLE marks(name TEXT); CREATE TABLE seen(item TEXT, at TEXT);\n\
         CREATE TABLE log(id INTEGER PRIMARY KEY, msg TEXT);\n\
         CREATE TABLE daily(day TEXT PRIMARY KEY, total INTEGER);\n\
         INSERT INTO daily VALUES(date('now'),42); CREATE TABLE land(code TEXT PRIMARY KEY);\n\
         INSERT INTO land VALUES('de'),('fr'); CREATE TABLE taps(n INTEGER);\n\
         CREATE TRIGGER tap AFTER INSERT ON taps BEGIN DELETE FROM orders WHERE qty > 4; END;\n\
         CREATE TABLE one(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, x);\n\
         INSERT INTO one VALUES(1, 2);''')\n\
         c.commit()\n\
         E\n",
    )
}

fn calls(front: &str, all: &[&str]) -> Vec<String> {
    all.iter()
        .map(|text| format!("python3 - <<'E'\n{HEAD}{front}{text}\nE"))
        .collect()
}

fn judged(front: &str, takes: &[&str], leaves: &[&str]) {
    let scene = scripts();
    let all = calls(front, takes);
    scene.loses(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
    let all = calls(front, leaves);
    scene.keeps(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn rows_that_go_by_what_was_committed_before_are_told() {
    judged(
        SQL,
        &[
            "c.execute('INSERT INTO marks SELECT item FROM orders WHERE qty > 4'); c.commit()\nc.execute('DELETE FROM orders WHERE item IN (SELECT name FROM marks)'); c.commit()",
            "with c: c.execute(\"INSERT INTO log(msg) VALUES('run')\")\nwith c: c.execute('DELETE FROM orders WHERE id <= (SELECT max(id) FROM log)')",
            "c.execute('ALTER TABLE orders RENAME TO old'); c.commit()\nc.execute('DELETE FROM old WHERE id = 1'); c.commit()",
            "c.execute('ALTER TABLE orders RENAME TO old'); c.commit()\nc.execute('DROP TABLE old'); c.commit()",
            "c.execute('INSERT INTO taps VALUES (1)'); c.commit()",
            "c.execute('INSERT INTO one VALUES (1, 3)'); c.commit()",
            "c.execute(\"INSERT INTO orders VALUES (1, 'x', 1) ON CONFLICT(id) DO UPDATE SET item = excluded.item\"); c.commit()",
            "c.execute('CREATE TRIGGER t AFTER INSERT ON marks BEGIN DELETE FROM orders; END'); c.commit()\nc.execute(\"INSERT INTO marks VALUES ('x')\"); c.commit()",
        ],
        &[
            "c.execute('INSERT INTO marks SELECT item FROM orders WHERE qty > 90'); c.commit()\nc.execute('DELETE FROM orders WHERE item IN (SELECT name FROM marks)'); c.commit()",
            "with c: c.execute(\"INSERT INTO log(msg) VALUES('run')\")\nwith c: c.execute('DELETE FROM log WHERE id <= (SELECT max(id) FROM log)')",
            "c.execute('ALTER TABLE orders RENAME TO old'); c.commit()",
            "c.execute('INSERT INTO one VALUES (2, 3)'); c.commit()",
            "c.execute(\"INSERT INTO orders VALUES (9, 'x', 1) ON CONFLICT(id) DO UPDATE SET item = excluded.item\"); c.commit()",
        ],
    );
}

#[test]
fn a_value_that_is_not_known_decides_nothing() {
    let front = "c = sqlite3.connect('data/app.db')\nfrom datetime import datetime\nday = time.strftime('%Y-%m-%d')\n";
    judged(
        front,
        &[
            "c.execute('INSERT OR REPLACE INTO daily(day, total) VALUES (?, ?)', (day, 0)); c.commit()",
            "try:\n    c.execute('INSERT INTO daily VALUES (?, ?)', (day, 0))\nexcept sqlite3.IntegrityError:\n    c.execute('UPDATE daily SET total = ? WHERE day = ?', (0, day))\nc.commit()",
            "c.execute('INSERT INTO marks VALUES (?)', (day,)); c.commit()\nc.execute('DELETE FROM orders WHERE item IN (SELECT name FROM marks)'); c.commit()",
        ],
        &[
            "c.execute('INSERT INTO seen(item, at) VALUES (?, ?)', ('x', day)); c.commit()\nif c.execute(\"SELECT count(*) FROM seen WHERE item = 'y'\").fetchone()[0]:\n    os.remove('data/a.txt')",
            "c.execute('INSERT OR REPLACE INTO seen(item, at) VALUES (:item, :at)', {'item': 'x', 'at': datetime.now().isoformat()}); c.commit()",
        ],
    );
}

#[test]
fn what_this_sqlite_refuses_another_one_may_take() {
    judged(
        SQL,
        &[
            "c.execute('DELETE FROM orders WHERE qty > ? ORDER BY id LIMIT 1', (2,)); c.commit()",
            "c.execute('DELETE FROM orders WHERE ceil(qty / 2.0) > 1'); c.commit()",
            "c.execute('DELETE FROM orders WHERE ' + ' OR '.join(f'id = {i}' for i in range(1, 151))); c.commit()",
            "try:\n    c.execute('CREATE TABLE orders(id)')\nexcept sqlite3.OperationalError:\n    c.execute('DELETE FROM orders')\nc.commit()",
        ],
        &[
            "try:\n    c.execute('ALTER TABLE orders ADD COLUMN qty')\n    c.execute('DELETE FROM orders')\nexcept sqlite3.OperationalError:\n    pass\nc.commit()",
            "c.execute('DELETE FROM nobody'); c.execute('DELETE FROM orders'); c.commit()",
        ],
    );
}

#[test]
fn each_connection_and_cursor_has_its_own() {
    judged(
        "",
        &[
            "def purge(table):\n    c = sqlite3.connect('data/app.db')\n    c.execute(f'CREATE TEMP TABLE gone AS SELECT id FROM {table} WHERE id > 1')\n    c.execute(f'DELETE FROM {table} WHERE id IN (SELECT id FROM gone)')\n    c.commit(); c.close()\nfor t in ('log', 'orders'):\n    purge(t)",
            "a = sqlite3.connect('data/app.db'); a.execute(\"INSERT INTO log(msg) VALUES ('x')\"); a.commit(); a.close()\nb = sqlite3.connect('data/app.db')\nif b.total_changes == 0:\n    os.remove('data/a.txt')",
            "a = sqlite3.connect('data/app.db'); a.execute('PRAGMA case_sensitive_like=ON'); a.close()\nb = sqlite3.connect('data/app.db')\nif b.execute(\"SELECT id FROM orders WHERE item LIKE 'APPLE'\").fetchone():\n    os.remove('data/a.txt')",
            "c = sqlite3.connect('data/app.db')\nif c.cursor().lastrowid is None:\n    os.remove('data/a.txt')",
            "c = sqlite3.connect('data/app.db')\nfor (i,) in c.execute('SELECT id FROM orders'):\n    c.execute('DELETE FROM orders WHERE id = ?', (i,))\nc.commit()",
            "c = sqlite3.connect('data/app.db'); c.row_factory = sqlite3.Row\nfor r in c.execute('SELECT code FROM land').fetchall():\n    c.execute('DELETE FROM land WHERE code = ?', (dict(r)['code'],))\nc.commit()",
            "c = sqlite3.connect('data/app.db'); c.row_factory = sqlite3.Row\nask = 'SELECT id FROM orders ORDER BY id'\nif c.execute(ask).fetchall() == c.execute(ask).fetchall() and len({c.execute(ask).fetchone(), c.execute(ask).fetchone()}) == 1:\n    os.remove('data/a.txt')",
        ],
        &[
            "a = sqlite3.connect('data/app.db'); a.execute(\"INSERT INTO log(msg) VALUES ('x')\"); a.commit(); a.close()\nb = sqlite3.connect('data/app.db')\nif b.total_changes:\n    os.remove('data/a.txt')",
            "c = sqlite3.connect('data/app.db')\nfor (i,) in c.execute('SELECT id FROM orders'):\n    c.execute('INSERT INTO log(msg) VALUES (?)', (str(i),))\nc.commit()",
            "c = sqlite3.connect('data/app.db'); c.row_factory = sqlite3.Row\na, b = c.execute('SELECT id FROM orders').fetchmany(2)\nif a == b or tuple(a) == a:\n    os.remove('data/a.txt')",
        ],
    );
}

#[test]
fn what_was_written_is_there_when_nobody_holds_it() {
    judged(
        "import json\n",
        &[
            "open('data/done', 'w').write('ok')\nif os.path.getsize('data/done') > 0:\n    os.remove('data/a.txt')",
            "json.dump({'a': 1}, open('data/done', 'w'))\nif os.stat('data/done').st_size == 8:\n    os.remove('data/a.txt')",
            "def save(p, t):\n    f = open(p, 'w')\n    f.write(t)\nsave('data/done', 'hi')\nshutil.copy('data/done', 'data/two')\nif Path('data/two').read_text() == 'hi':\n    os.remove('data/a.txt')",
        ],
        &[
            "open('data/done', 'w').write('ok')\nif os.path.getsize('data/done') != 2:\n    os.remove('data/a.txt')",
            "with open('data/done', 'w') as f:\n    f.write('ok')\nif Path('data/done').stat().st_size > 2:\n    os.remove('data/a.txt')",
        ],
    );
}

#[test]
fn what_a_script_has_made_itself_is_written_over_another_place() {
    judged(
        "import tempfile\n",
        &[
            "src = sqlite3.connect('data/app.db'); dst = sqlite3.connect('data/new.db')\nsrc.backup(dst); dst.close()\nPath('data/new.db').replace('data/a.txt')",
            "fd, name = tempfile.mkstemp(dir='data')\nwith os.fdopen(fd, 'w') as f:\n    f.write('new')\nos.replace(name, 'data/a.txt')",
            "fd, name = tempfile.mkstemp(dir='data')\nos.close(fd)\nos.replace(name, 'data/a.txt')",
            "with tempfile.NamedTemporaryFile('w', dir='data', delete=False) as f:\n    f.write('new')\nos.replace(f.name, 'data/a.txt')",
            "with tempfile.TemporaryDirectory() as d:\n    p = Path(d) / 'x'\n    p.write_text('new')\n    shutil.move(str(p), 'data/a.txt')",
            "os.makedirs('data/made')\nPath('data/made/x').write_text('new')\nos.replace('data/made/x', 'data/a.txt')",
        ],
        &[
            "fd, name = tempfile.mkstemp(dir='data')\nwith os.fdopen(fd, 'w') as f:\n    f.write('new')\nos.replace(name, 'data/z.txt')",
            "with tempfile.NamedTemporaryFile('w', dir='data', delete=False) as f:\n    f.write('new')\nos.unlink(f.name)",
            "src = sqlite3.connect('data/app.db'); dst = sqlite3.connect('data/new.db')\nsrc.backup(dst); dst.close()\nPath('data/new.db').replace('data/copy.db')",
        ],
    );
}

#[test]
fn bytes_are_read_and_cut_like_texts() {
    judged(
        "",
        &[
            "if Path('data/a.txt').read_bytes().rstrip() == b'a' and b'x'.join([b'1', b'2']) == b'1x2':\n    os.remove('data/a.txt')",
            "p = Path('data/a.txt')\np.write_bytes(p.read_bytes().replace(b'a', b'c'))",
            "if open('data/a.txt', 'rb').read().split(b',')[0] == b'a':\n    os.remove('data/a.txt')",
            "if open('data/picture', 'rb').read()[:2] == b'\\xff\\xd8':\n    os.remove('data/a.txt')",
        ],
        &[
            "if not Path('data/a.txt').read_bytes().startswith((b'a', b'b')) or b'q' in Path('data/a.txt').read_bytes():\n    os.remove('data/a.txt')",
            "Path('data/fresh').write_bytes(b'\\n'.join([b'x', b'y']) + b'\\n')\nif Path('data/fresh').read_bytes().splitlines() != [b'x', b'y']:\n    os.remove('data/a.txt')",
        ],
    );
}

#[test]
fn times_are_told_apart_as_python_does() {
    judged(
        "from datetime import datetime, timedelta, timezone\n",
        &[
            "if os.path.getmtime('data/b.txt') > os.path.getmtime('data/a.txt'):\n    os.remove('data/a.txt')",
            "if time.time() - os.path.getmtime('data/a.txt') > 86400:\n    os.remove('data/a.txt')",
            "shutil.copy('data/a.txt', 'data/new')\nif time.time() - os.path.getmtime('data/new') < 3600:\n    os.remove('data/a.txt')",
            "os.utime('data/app.db', (0, 0))\nif time.time() - os.path.getmtime('data/app.db') > 86400:\n    os.remove('data/a.txt')",
            "m = datetime.fromtimestamp(os.path.getmtime('data/a.txt'), tz=timezone.utc)\nif datetime.now(timezone.utc) - m > timedelta(days=1):\n    os.remove('data/a.txt')",
            "m = datetime.utcfromtimestamp(os.path.getmtime('data/a.txt'))\nif datetime.utcnow() - m > timedelta(days=1):\n    os.remove('data/a.txt')",
            "m = datetime.fromtimestamp(os.path.getmtime('data/app.db'))\nif datetime.utcnow() - m < timedelta(hours=2):\n    os.remove('data/a.txt')",
        ],
        &[
            "shutil.copy2('data/a.txt', 'data/new')\nif time.time() - os.path.getmtime('data/new') < 3600:\n    os.remove('data/a.txt')",
            "m = datetime.fromtimestamp(os.path.getmtime('data/a.txt'))\nif datetime.now() - m < timedelta(days=1):\n    os.remove('data/a.txt')",
        ],
    );
}

#[test]
fn names_are_found_as_python_finds_them() {
    judged(
        "import glob\n",
        &[
            "for d in glob.glob('data/*/'):\n    shutil.rmtree(d)",
            "for d in sorted(glob.glob('data/*/')):\n    if d.endswith('/'):\n        shutil.rmtree(d)",
            "Path('data').mkdir(0o755, True, True)\nos.remove('data/a.txt')",
            "old = Path('data').glob('*.bak')\nfor p in sorted(Path('data').glob('*.txt')):\n    p.rename(p.with_suffix('.bak'))\nfor p in old:\n    p.unlink()",
            "if open('data/lines', 'rb').read().decode().splitlines() == ['a', 'b']:\n    os.remove('data/a.txt')",
            "if '\\r' in open('data/ends', newline='').read():\n    os.remove('data/a.txt')",
            "try:\n    open('data/a.txt/x')\nexcept NotADirectoryError:\n    os.remove('data/a.txt')",
            "for p in Path('data').rglob('*.txt'):\n    p.unlink()",
        ],
        &[
            "for p in glob.glob('data/[^x].txt'):\n    os.remove(p)",
            "for p in glob.glob('data/a[.txt'):\n    os.remove(p)",
            "for d in glob.glob('data/*.txt/'):\n    os.remove('data/a.txt')",
            "if '\\r' in open('data/ends').read():\n    os.remove('data/a.txt')",
            "for p in Path('data').glob('*.bak'):\n    p.unlink()",
        ],
    );
}

#[test]
fn the_temporary_folder_is_the_one_of_the_call() {
    let scene = scripts();
    let script = "python3 -c \"import os, tempfile; os.remove(os.path.join(tempfile.gettempdir(), 'a.txt'))\"";
    scene.loses(".", &[&format!("TMPDIR=$PWD/data {script}")]);
    scene.keeps(".", &[&format!("TMPDIR= TEMP= TMP= {script}")]);
}

#[test]
fn programs_find_what_the_script_has_made() {
    judged(
        "import subprocess\nc = sqlite3.connect('data/app.db')\n",
        &[
            "with c: c.execute(\"INSERT INTO marks VALUES ('pear')\")\nc.close()\nsubprocess.run(['sqlite3', 'data/app.db', 'DELETE FROM orders WHERE item IN (SELECT name FROM marks)'])",
            "os.makedirs('made')\nsubprocess.run('[ -d made ] && rm data/a.txt', shell=True)",
        ],
        &[
            "with c: c.execute(\"INSERT INTO marks VALUES ('pear')\")\nc.close()\nsubprocess.run(['sqlite3', 'data/app.db', 'SELECT name FROM marks'])",
            "os.makedirs('made')\nsubprocess.run(['rm', '-rf', 'made'])",
        ],
    );
}

#[test]
fn what_is_no_text_is_read_byte_by_byte() {
    judged(
        "import hashlib\n",
        &[
            "if hashlib.sha256(Path('data/picture').read_bytes()).hexdigest() == 'd407aa22290f4aaa86e9f08232ae4172ae0c7342d11f7553d6b815b2affcc35d':\n    os.remove('data/a.txt')",
            "try:\n    Path('data/picture').read_text()\nexcept UnicodeDecodeError:\n    os.remove('data/picture')",
            "for e in os.scandir('data'):\n    if e.name == 'a.txt' and isinstance(e, os.PathLike):\n        os.remove(e)",
        ],
        &[
            "for n in ('data/a.txt', 'data/b.txt'):\n    try:\n        open(n).read()\n    except UnicodeDecodeError:\n        os.remove(n)",
            "if Path('data/picture').read_bytes().startswith(b'\\x89PNG'):\n    os.remove('data/a.txt')",
        ],
    );
}

/// The same for scripts that stand in files: what is not carried out there is not held for names that are not known.
fn judged_files(front: &str, takes: &[&str], leaves: &[&str]) {
    let scene = scripts();
    let calls = |all: &[&str], side: &str| -> Vec<String> {
        let mut calls = Vec::new();
        for (at, text) in all.iter().enumerate() {
            let name = format!("{side}{at}.py");
            scene.write(&name, &format!("{HEAD}{front}{text}\n"));
            calls.push(format!("python3 {name}"));
        }
        calls
    };
    let all = calls(takes, "takes");
    scene.loses(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
    let all = calls(leaves, "leaves");
    scene.keeps(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_nobody_knows_is_decided_both_ways() {
    judged_files(
        "import subprocess\n",
        &[
            "if subprocess.run(['git', 'status'], capture_output=True, text=True).stdout.strip() != 'x': os.remove('data/a.txt')",
            "if not subprocess.check_output(['uname'], text=True).startswith('L'):\n    raise SystemExit(1)\nos.remove('data/a.txt')",
            "import random\nif random.random() < 0.5 or os.getpid() > 9: shutil.rmtree('data/sub')",
            "for line in subprocess.check_output(['git', 'ls-files', '-o'], text=True).splitlines(): os.remove(line)",
            "for line in subprocess.check_output(['ls'], text=True).splitlines(): Path(line).unlink()",
            "shutil.rmtree(Path('data') / subprocess.check_output(['ls', 'data'], text=True).split()[0])",
            "x = hex(3)\nfor n in (n for n in 'ab'): os.remove(f'data/{n}.txt')",
            "import re\nx = re.search(r'(?<=a)b', 'ab')\nfor n in (n for n in 'ab'): os.remove(f'data/{n}.txt')",
            "import math, platform\nx = (math.gcd(4, 6), platform.release())\nfor n in (n for n in 'ab'): os.remove(f'data/{n}.txt')",
            "subprocess.run(['git', 'status'])\nfor n in (n for n in 'ab'): os.remove(f'data/{n}.txt')",
            "subprocess.run(['make', 'all'])\nfor n in (n for n in 'ab'): os.remove(f'data/{n}.txt')",
            "subprocess.run(['make', 'all'])\nfor n in (n for n in ['sub']): shutil.rmtree(f'data/{n}')",
            "import sys\nif sys.version_info < (3, 8): sys.exit('old')\nfor n in (n for n in 'ab'): os.remove(f'data/{n}.txt')",
        ],
        &[
            "if subprocess.run(['git', 'status'], capture_output=True, text=True).stdout.strip() != 'x': print('no')\nos.rename('data/a.txt', 'data/c.txt')",
            "for line in subprocess.check_output(['ls'], text=True).splitlines(): print(line)",
            "if subprocess.check_output(['ls'], text=True):\n    os.rename('data/a.txt', 'data/c.txt')\nelse:\n    os.rename('data/a.txt', 'data/d.txt')",
            "subprocess.run(['git', 'status'])\nif not os.path.exists('data/a.txt'): shutil.rmtree('data')",
            "os.makedirs('x/y'); os.removedirs('x/y')\nos.rename('data/a.txt', 'data/c.txt')",
        ],
    );
}

#[test]
fn dates_in_names_say_what_is_old() {
    let front = "from datetime import date, datetime, timedelta\nfrom dataclasses import dataclass, field\n\
                 def kept(name, days): return datetime.strptime(name, 'db-%Y%m%d.txt') >= datetime.now() - timedelta(days=days)\n";
    judged_files(
        front,
        &[
            "if not kept('db-20200101.txt', 30): os.remove('data/a.txt')",
            "if date.fromisoformat('2020-01-01') < date.today() - timedelta(days=30): os.remove('data/a.txt')",
            "if (date(2024, 3, 1) - date(2024, 2, 1)).days == 29: os.remove('data/a.txt')",
            "if f'{date(2024, 3, 1):%Y-%m}' == '2024-03' and str(date(2024, 3, 1)) == '2024-03-01': os.remove('data/a.txt')",
            "try:\n    datetime.strptime('latest', '%Y%m%d')\nexcept ValueError:\n    os.remove('data/a.txt')",
            "@dataclass(frozen=True, order=True)\nclass Dump:\n    day: date\n    path: Path = field(compare=False)\n\
             all = [Dump(date(2024, 1, 2), Path('data/b.txt')), Dump(date(2024, 1, 1), Path('data/a.txt'))]\n\
             for one in sorted(all, reverse=True)[1:]: one.path.unlink()",
        ],
        &[
            "if date(2024, 3, 1) < date(2024, 2, 1): os.remove('data/a.txt')",
            "if datetime(2024, 3, 1, 10).date() != date(2024, 3, 1): os.remove('data/a.txt')",
            "if date(2024, 3, 31).replace(day=1).isoformat() != '2024-03-01': os.remove('data/a.txt')",
            "try:\n    datetime.strptime('20240101', '%Y%m%d')\nexcept ValueError:\n    os.remove('data/a.txt')",
        ],
    );
}

#[test]
fn a_date_is_set_against_now_by_the_age_of_the_script() {
    let scene = scripts();
    let script = "import os, sys\nfrom datetime import date, datetime, timedelta\n\
                  day = datetime.strptime(sys.argv[1], '%Y-%m-%d')\n\
                  if day < datetime.now() - timedelta(days=30) and day.date() < date.today() - timedelta(days=30):\n    os.remove('data/a.txt')\n";
    scene.write("sweep.py", script);
    scene.loses(".", &["python3 sweep.py 2020-01-01"]);
    scene.keeps(".", &["python3 sweep.py 2090-01-01"]);
}

#[test]
fn rows_that_are_written_take_the_place_of_what_stood_there() {
    judged_files(
        "import csv\n",
        &[
            "with open('data/a.txt', 'w', newline='') as f: csv.writer(f, lineterminator='\\n').writerows([['a']])",
            "with open('data/a.txt', 'w') as f:\n    w = csv.DictWriter(f, fieldnames=['a']); w.writeheader(); w.writerow({'a': 1})",
        ],
        &[
            "with open('data/new.csv', 'w', newline='') as f: csv.writer(f).writerows([['a']])",
            "import sys\ncsv.writer(sys.stdout).writerow(['a'])\nos.rename('data/a.txt', 'data/c.txt')",
        ],
    );
}
