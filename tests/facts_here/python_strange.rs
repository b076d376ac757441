//! `check --facts here` for scripts of Python in which a small difference to Python would turn the outcome: collections, classes, exceptions, settings.
//! Nothing is run; each line loses data in truth, and some look-alikes beside them lose none.

use crate::scene::Scene;

fn place() -> Scene {
    let scene = Scene::built(
        "mkdir -p data/sub tools\n\
         for n in a b c; do echo \"content of $n\" > data/$n.txt; done\n\
         echo deep > data/sub/d.txt; echo c > data/café.dat; echo l > data/keep-30.txt\n\
         printf '1\\ndata/a.txt\\n2\\ndata/b.txt\\n' > list.txt\n",
    );
    scene.writes(&[
        (
            "s.ini",
            "[DEFAULT]\nkeep = yes\n[prune]\nforce = 1\n[x]\nrm = data/a.txt\n",
        ),
        ("empty.ini", "[none]\n[one]\na = 1\n"),
        ("twice.ini", "[x]\na=1\n[x]\nb=1\n"),
        ("o.toml", "z = 'data/a.txt'\na = 'x'\nm = 'y'\n"),
        ("later.toml", "a = {b=1,\n c=2,}\n"),
        ("sign.toml", "a = \"\\e[0m\"\n"),
        ("time.toml", "a = 07:32\n"),
        ("half.json", "{\"name\": \"\\ud83d\", \"wipe\": true}"),
        ("bom.json", "\u{feff}{\"wipe\": true}"),
        ("big.json", "{\"n\": 1e400, \"wipe\": true}"),
        ("zero.json", "{\"n\": -0}"),
        ("l.tsv", "x\tdata/a.txt\n"),
    ]);
    let deep = format!(
        "{{\"n\": {}{}, \"wipe\": true}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    scene.write("deep.json", &deep);
    scene
}

fn calls(texts: &[&str]) -> Vec<String> {
    texts
        .iter()
        .map(|text| format!("python3 - <<'E'\nimport os, shutil\n{text}\nE"))
        .collect()
}

fn loses(texts: &[&str]) {
    let all = calls(texts);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    place().loses(".", &all);
}

fn keeps(texts: &[&str]) {
    let all = calls(texts);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    place().keeps(".", &all);
}

#[test]
fn an_exception_of_the_language_that_nobody_said_is_not_certain() {
    loses(&[
        // What stands behind may be reached after all.
        "x = [1][1]\nshutil.rmtree('data')",
        "def f():\n    return [][0]\ntry:\n    f()\nexcept Exception:\n    raise SystemExit\nshutil.rmtree('data')",
        "try:\n    int('x')\nexcept:\n    raise\nshutil.rmtree('data')",
        "try:\n    int('x')\nfinally:\n    print(1)\nshutil.rmtree('data')",
        "from contextlib import suppress\nwith suppress(Exception):\n    int('x')\n    shutil.rmtree('data')",
    ]);
    keeps(&[
        "d = {'a': 'data'}\nshutil.rmtree(d['b'])\nshutil.rmtree('data')",
        "try:\n    int('x')\n    shutil.rmtree('data')\nexcept ValueError:\n    pass",
        "os.remove('nowhere')\nshutil.rmtree('data')",
        "raise RuntimeError('no')\nshutil.rmtree('data')",
        "def main():\n    raise SystemExit(1)\nmain()\nshutil.rmtree('data')",
    ]);
}

#[test]
fn views_of_maps_are_compared_as_sets_and_show_what_is_there_now() {
    loses(&[
        "d = {'a': 1, 'b': 2}\nif d.keys() == {'a', 'b'}:\n    os.remove('data/a.txt')",
        "d = {'a': 1, 'b': 2}; e = {'b': 1, 'a': 2}\nif d.keys() == e.keys():\n    os.remove('data/a.txt')",
        "d = {'b': 1}; e = {'a': 1, 'b': 2}\nif d.keys() <= e.keys():\n    os.remove('data/a.txt')",
        "d = {}\nnames = d.keys()\nd['a'] = 1\nfor n in names:\n    os.remove(f'data/{n}.txt')",
        "d = {}\nv = d.items()\nfor n in ('a', 'b'):\n    d[n] = f'data/{n}.txt'\nfor k, p in v:\n    os.remove(p)",
        "d = {'a': 1, 'b': 2}\nfor n in d.keys() - {'b'}:\n    os.remove(f'data/{n}.txt')",
        "d = {'a': 1}\nif not isinstance(d.keys(), list) and ('a', 1) in d.items():\n    os.remove('data/a.txt')",
    ]);
    keeps(&[
        "d = {'a': 1, 'b': 2}\nif d.keys() == {'a'} or d.values() == [1, 2]:\n    os.remove('data/a.txt')",
        "d = {'a': 1}\nif d.keys() == ['a'] or 'b' in d.keys() or not d.items():\n    os.remove('data/a.txt')",
        "d = {}\nfor n in d.keys() | d.values():\n    os.remove('data/a.txt')\nfor k, v in {}.items():\n    os.remove('data/a.txt')",
    ]);
}

#[test]
fn collections_have_ends_orders_and_counts_of_their_own() {
    loses(&[
        "from collections import Counter\na = Counter(['a.txt'])\ndel a['zz']\nfor n in a:\n    os.remove('data/' + n)",
        "from collections import OrderedDict\nod = OrderedDict([('old', 'data/a.txt'), ('new', 'nowhere')])\nk, p = od.popitem(last=False)\nos.remove(p)",
        "from collections import OrderedDict\nd = OrderedDict(a='data/a.txt', b='nowhere')\nd.move_to_end('a')\nos.remove(list(d.values())[-1])",
        "from collections import OrderedDict\nif OrderedDict(a=1, b=2) != OrderedDict(b=2, a=1):\n    os.remove('data/a.txt')",
        "from collections import Counter\nc = Counter('aaab') | Counter('ab')\nif c['a'] == 3:\n    os.remove('data/a.txt')",
        "from collections import deque\nif deque([1]) != [1]:\n    os.remove('data/a.txt')",
        "d = dict(other=['ab'])\nif 'other' in d:\n    os.remove('data/a.txt')",
        "for n in {30, 10, 20}:\n    first = n\n    break\nif first == 10:\n    os.remove('data/a.txt')",
        "list(map(lambda a, b: os.remove(a + b), ['data/'], ['a.txt']))",
        "from itertools import chain\nfor p in chain(['data/a.txt'], ['data/b.txt']):\n    os.remove(p)",
    ]);
    keeps(&[
        "from collections import deque\nq = deque(['nowhere'])\nwhile q:\n    p = q.popleft()\n    if os.path.exists(p):\n        os.remove(p)",
        "from collections import Counter\nc = Counter(['a'])\nif c['b'] or c.most_common(1)[0][1] > 1:\n    os.remove('data/a.txt')",
    ]);
}

#[test]
fn what_is_taken_from_an_iterator_is_gone_and_the_rest_is_not() {
    loses(&[
        "with open('list.txt') as f:\n    for a, b in zip(f, f):\n        os.remove(b.strip())",
        "import itertools\nwith open('list.txt') as f:\n    head = list(itertools.islice(f, 1))\n    for l in f:\n        if os.path.exists(l.strip()):\n            os.remove(l.strip())",
        "it = (x for x in ['1', 'data/a.txt', '2', 'data/b.txt'])\nfor a, b in zip(it, it):\n    os.remove(b)",
        "it = (x for x in ['x', '--', 'data/a.txt'])\nif '--' in it:\n    for p in it:\n        os.remove(p)",
        "it = iter(('x', '--', 'data/a.txt'))\nif any(x == '--' for x in it):\n    for p in it:\n        os.remove(p)",
        "it = iter(('a', 'b', 'c'))\nlist(zip([1], it))\nfor n in it:\n    if n == 'b' or n == 'c':\n        os.remove(f'data/{n}.txt')",
    ]);
    keeps(&[
        "it = iter(('x', '--', 'data/a.txt'))\nif 'data/a.txt' in it:\n    for p in it:\n        os.remove(p)",
        "for n, p in zip(range(1), ['nowhere', 'data/a.txt']):\n    if os.path.exists(p):\n        os.remove(p)",
    ]);
}

#[test]
fn members_of_an_enumeration_are_not_their_values() {
    loses(&[
        "from enum import Enum\nclass Mode(Enum):\n    KEEP = 'keep'\n    WIPE = 'wipe'\nif 'keep' == Mode.KEEP:\n    print('kept')\nelse:\n    os.remove('data/a.txt')",
        "from enum import Enum\nclass Level(Enum):\n    NONE = 0\n    ALL = 1\nif Level.NONE:\n    os.remove('data/a.txt')",
        "from enum import Enum, auto\nclass Level(Enum):\n    NONE = auto()\n    ALL = auto()\ndef go(l):\n    if not isinstance(l, Level):\n        raise TypeError('level')\n    os.remove(f'data/{\"ab\"[l.value - 2]}.txt')\ngo(Level.ALL)",
        "import enum\nclass Mode(enum.IntEnum):\n    KEEP = 0\nif Mode.KEEP == 0:\n    os.remove('data/a.txt')",
        "from enum import Enum\nclass Mode(Enum):\n    WIPE = 'wipe'\nif Mode('wipe') is Mode.WIPE and Mode['WIPE'].name == 'WIPE' and str(Mode.WIPE) == 'Mode.WIPE':\n    os.remove('data/a.txt')",
    ]);
    keeps(&[
        "from enum import Enum\nclass Mode(Enum):\n    KEEP = 'keep'\n    WIPE = 'wipe'\nif Mode('keep') == Mode.WIPE or [m.value for m in Mode] != ['keep', 'wipe']:\n    os.remove('data/a.txt')",
    ]);
}

#[test]
fn classes_of_data_and_their_bases_are_made_as_python_makes_them() {
    let head = "from dataclasses import dataclass, field\nfrom collections import namedtuple\n";
    let takes = [
        "class Base:\n    def __init__(self):\n        self.n = 0\n@dataclass\nclass Job(Base):\n    path: str\n    def run(self):\n        os.remove(self.path)\nJob('data/a.txt').run()",
        "@dataclass\nclass Base:\n    path: str\nclass Job(Base):\n    def __init__(self, path, force=False):\n        super().__init__(path)\n        self.force = force\n    def run(self):\n        os.remove(self.path)\nJob('data/a.txt').run()",
        "@dataclass(frozen=True)\nclass Base:\n    path: str\nclass Job(Base):\n    def run(self):\n        self.done = True\n        os.remove(self.path)\nJob('data/a.txt').run()",
        "class Job(namedtuple('Job', 'path n')):\n    def run(self):\n        self.done = True\n        os.remove(self.path)\nJob('data/a.txt', 1).run()",
        "@dataclass\nclass F:\n    path: str\n    at: float = field(default=0.0, compare=False)\nseen = [F('data/a.txt', 1.0)]\nfor f in [F('data/a.txt', 2.0)]:\n    if f in seen:\n        os.remove('data/a.txt')",
        "@dataclass(eq=False)\nclass F:\n    p: str\nif F('a') != F('a'):\n    os.remove('data/a.txt')",
        "@dataclass(slots=True)\nclass F:\n    p: str\ntry:\n    F('a').q = 1\nexcept AttributeError:\n    os.remove('data/a.txt')",
        "@dataclass\nclass A:\n    x: str\n@dataclass\nclass B(A):\n    y: str\n@dataclass\nclass C(B):\n    z: str\nos.remove(C('a', 'b', 'data/a.txt').z)",
        "from functools import cached_property\nclass J:\n    @cached_property\n    def path(self):\n        return 'nowhere'\n    def __init__(self):\n        self.path = 'data/a.txt'\nos.remove(J().path)",
        "from operator import attrgetter\nclass A:\n    pass\nx = A(); x.f = A(); x.f.p = 'data/a.txt'\nfor i in sorted([x], key=attrgetter('f.p')):\n    os.remove(i.f.p)",
        "class Flag:\n    def __get__(self, o, t=None):\n        return False\nclass Cfg:\n    keep = Flag()\nif not Cfg().keep:\n    os.remove('data/a.txt')",
        "from abc import ABC, abstractmethod\nclass B(ABC):\n    @abstractmethod\n    def go(self): ...\ntry:\n    B()\nexcept TypeError:\n    os.remove('data/a.txt')",
        "class F:\n    pass\nif not hasattr(F(), 'keep'):\n    os.remove('data/a.txt')",
    ];
    let leaves = [
        "@dataclass\nclass Job:\n    path: str\n    force: bool = False\nfor job in [Job('data/a.txt')]:\n    if job.force:\n        os.remove(job.path)",
        "class F:\n    keep = True\nif not hasattr(F(), 'keep') or not getattr(F(), 'keep', False):\n    os.remove('data/a.txt')",
    ];
    let with = |texts: &[&str]| -> Vec<String> {
        texts.iter().map(|text| format!("{head}{text}")).collect()
    };
    let all = with(&takes);
    loses(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let all = with(&leaves);
    keeps(&all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn exceptions_say_what_python_says_and_go_where_they_go_there() {
    loses(&[
        "try:\n    os.rmdir('data/sub')\nexcept OSError as e:\n    if 'not empty' in str(e) and 'Directory' in str(e):\n        shutil.rmtree('data/sub')",
        "try:\n    open('conf.json')\nexcept OSError as e:\n    if 'No such file' in str(e):\n        shutil.rmtree('data/sub')",
        "try:\n    open('conf.json')\nexcept OSError as e:\n    if e.args[0] == 2:\n        shutil.rmtree('data/sub')",
        "import subprocess\ntry:\n    subprocess.run(['trash-put-x', 'data/a.txt'])\nexcept FileNotFoundError:\n    os.remove('data/a.txt')",
        "import subprocess\ntry:\n    subprocess.run(['sleep', '3'], timeout=0.2)\nexcept subprocess.TimeoutExpired:\n    os.remove('data/a.txt')",
        "import subprocess\ntry:\n    subprocess.run(['ls', 'nothere'], check=True)\nexcept subprocess.CalledProcessError:\n    os.remove('data/a.txt')",
        "def fail():\n    raise\ntry:\n    try:\n        int('x')\n    except ValueError:\n        fail()\nexcept ValueError:\n    os.remove('data/a.txt')",
        "def g():\n    try:\n        yield 1\n    except GeneratorExit:\n        os.remove('data/a.txt')\nx = g(); next(x); del x",
        "def g():\n    try:\n        yield 1\n    finally:\n        shutil.copy('data/a.txt', 'data/b.txt')\nx = g()\nnext(x)\nshutil.copy('data/b.txt', 'data/c.txt')",
        "def g():\n    yield next(iter(()))\ntry:\n    list(g())\nexcept RuntimeError:\n    os.remove('data/a.txt')",
        "d = {'a': 1}\ntry:\n    for k in d:\n        del d[k]\nexcept RuntimeError:\n    os.remove('data/a.txt')",
    ]);
    keeps(&[
        "try:\n    open('conf.json')\nexcept FileNotFoundError as e:\n    print(f'no settings: {e}')",
        "try:\n    d = {'a': 1}\n    d['b']\nexcept KeyError as e:\n    if str(e) != \"'b'\":\n        os.remove('data/a.txt')",
    ]);
}

#[test]
fn words_are_parsed_as_the_library_parses_them() {
    let scene = place();
    let call = |text: &str, words: &str| {
        format!(
            "python3 - {words} <<'E'\nimport argparse, os\np = argparse.ArgumentParser()\n{text}\nE"
        )
    };
    let takes = [
        (
            "p.add_argument('--dry-run', action='store_true'); p.add_argument('files', nargs='+')\na = p.parse_args()\nif not a.dry_run:\n    os.remove('data/a.txt')",
            "-- data/a.txt",
        ),
        (
            "p.add_argument('--keep', action='store_true', default=None)\nif p.parse_args().keep is None:\n    os.remove('data/a.txt')",
            "",
        ),
        (
            "p.set_defaults(force=True)\np.add_argument('--force', action='store_true')\nif p.parse_args().force:\n    os.remove('data/a.txt')",
            "",
        ),
        (
            "p.add_argument('--cmd', nargs=argparse.REMAINDER)\na = p.parse_args()\nif a.cmd and '-f' in a.cmd:\n    os.remove(a.cmd[-1])",
            "--cmd rm -f data/a.txt",
        ),
        (
            "p.add_argument('files', nargs='+')\nfor f in p.parse_args().files:\n    os.remove(f)",
            "data/*.txt",
        ),
    ];
    let leaves = [
        (
            "p.add_argument('--keep', action='store_true')\nif p.parse_args().keep is None:\n    os.remove('data/a.txt')",
            "",
        ),
        (
            "p.add_argument('files', nargs='*')\nfor f in p.parse_args().files:\n    if f.endswith('.bak'):\n        os.remove(f)",
            "data/*.txt",
        ),
    ];
    let all: Vec<String> = takes
        .iter()
        .map(|(text, words)| call(text, words))
        .collect();
    scene.loses(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<String> = leaves
        .iter()
        .map(|(text, words)| call(text, words))
        .collect();
    scene.keeps(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn settings_are_read_as_the_library_reads_them() {
    let ini = "import configparser\nc = configparser.ConfigParser()\n";
    let takes = [
        "c.read('s.ini')\nif 'Force' in c['prune']:\n    os.remove('data/a.txt')",
        "c.read('empty.ini')\nif not c['none']:\n    os.remove('data/a.txt')",
        "c.read('s.ini')\nif not c.has_option('absent', 'keep'):\n    os.remove('data/a.txt')",
        "c.read('s.ini')\nif c.get('absent', 'keep', fallback='no') == 'no':\n    os.remove('data/a.txt')",
        "c.read('s.ini')\nif not c.has_section('DEFAULT'):\n    os.remove('data/a.txt')",
        "try:\n    c.read('twice.ini')\nexcept configparser.Error:\n    os.remove('data/a.txt')",
        "c.read('s.ini')\nd = dict(c['x'])\nif d.get('rm') == 'data/a.txt':\n    os.remove('data/a.txt')",
        "c.read('s.ini')\nif c['x'].keys() == {'rm', 'keep'} and c.items('x')[0][0] == 'keep':\n    os.remove('data/a.txt')",
    ];
    let leaves = [
        "c.read('s.ini')\nif 'no' in c['prune'] or not c['prune'] or not c.has_option('x', 'keep'):\n    os.remove('data/a.txt')",
        "c.read('s.ini')\nif c.getboolean('prune', 'force', fallback=False) is False or c['x'].get('gone', 'no') != 'no':\n    os.remove('data/a.txt')",
    ];
    let with = |texts: &[&str]| -> Vec<String> {
        texts.iter().map(|text| format!("{ini}{text}")).collect()
    };
    let all = with(&takes);
    loses(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let all = with(&leaves);
    keeps(&all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn texts_of_data_are_read_as_python_reads_them() {
    let wipes = |name: &str| {
        format!(
            "import json\nif json.loads(open('{name}', 'rb').read())['wipe']:\n    os.remove('data/a.txt')"
        )
    };
    let refused = |name: &str| {
        format!(
            "import tomllib\ntry:\n    tomllib.loads(open('{name}').read())\n    bad = False\nexcept tomllib.TOMLDecodeError:\n    bad = True\nif bad:\n    os.remove('data/a.txt')"
        )
    };
    let mut all: Vec<String> = ["half.json", "bom.json", "big.json", "deep.json"]
        .map(wipes)
        .into();
    all.extend(["later.toml", "sign.toml", "time.toml"].map(refused));
    all.extend([
        "import json\nif str(json.loads(open('zero.json').read())['n']) == '0':\n    os.remove('data/a.txt')".to_owned(),
        "import json\nif json.loads('123456789012345678901') == 123456789012345678900 + 1:\n    os.remove('data/a.txt')".to_owned(),
        "import tomllib\nd = tomllib.load(open('o.toml', 'rb'))\nos.remove(list(d.values())[0])".to_owned(),
        "import csv\nfor r in csv.reader(open('l.tsv'), 'excel-tab'):\n    if len(r) == 2:\n        os.remove('data/a.txt')".to_owned(),
        "import csv\nfor r in csv.reader(open('l.tsv'), delimiter='\\t'):\n    if len(r) == 2:\n        os.remove(r[1])".to_owned(),
    ]);
    loses(&all.iter().map(String::as_str).collect::<Vec<_>>());
    keeps(&[
        "import json\nd = json.loads('{\"wipe\": false, \"n\": [1, 2.5, null, \"\\\\u00e9\"]}')\nif d['wipe'] or d['n'] != [1, 2.5, None, 'é']:\n    os.remove('data/a.txt')",
        "import json\ntry:\n    json.loads('{')\n    os.remove('data/a.txt')\nexcept json.JSONDecodeError:\n    pass",
        "import tomllib\nd = tomllib.load(open('o.toml', 'rb'))\nif list(d) != ['z', 'a', 'm']:\n    os.remove('data/a.txt')",
        "import csv\nfor r in csv.DictReader(open('l.tsv')):\n    os.remove('data/a.txt')",
    ]);
}

#[test]
fn a_file_in_the_place_of_a_module_of_the_language_is_loaded() {
    let scene = place();
    scene.write("tools/json.py", "import os\nos.remove('../data/a.txt')\n");
    scene.write("tools/t.py", "import json\n");
    scene.write("tools/os.py", "raise SystemExit\n");
    scene.write("other/t.py", "import json\nprint(json.dumps(1))\n");
    scene.loses(
        "tools",
        &["python3 t.py", "cd .. && cd tools && python3 t.py"],
    );
    scene.keeps("tools", &["python3 ../other/t.py"]);
}

#[test]
fn what_only_tells_does_not_end_the_attempt() {
    loses(&[
        "import sys\nif sys.version_info < (3, 6):\n    sys.exit('old')\nfor p in (f'data/{n}.txt' for n in 'ab'):\n    os.remove(p)",
        "import requests\ndef names() -> list | None:\n    yield 'a'\nprint(f'{1.5:g} {__doc__=}')\nfor n in names():\n    os.remove(f'data/{n}.txt')",
        "from datetime import date\nfrom decimal import Decimal\nprint(date.today().isoformat(), Decimal('1.5') * 2)\nfor p in (f'data/{n}.txt' for n in 'ab'):\n    os.remove(p)",
        "from datetime import date\nif date.today().year > 1900:\n    os.remove('data/a.txt')",
        "from decimal import Decimal\ntry:\n    Decimal('x')\nexcept ArithmeticError:\n    os.remove('data/a.txt')",
        // What was done before it gave up is done.
        "def names():\n    yield 'a'\nfor n in names():\n    os.remove(f'data/{n}.txt')\nimport ctypes\nctypes.CDLL('x')",
    ]);
    keeps(&[
        "from datetime import date\nshutil.copytree('data/sub', f'copy-{date.today()}') if False else None\nfor n in ('no',):\n    if os.path.exists(f'data/{n}.txt'):\n        os.remove(f'data/{n}.txt')",
        "import sys\nif sys.version_info >= (3, 6):\n    sys.exit('new')\nos.remove('data/a.txt')",
        "for n in os.listdir('data'):\n    if n.endswith('.bak'):\n        os.rename(f'data/{n}', 'data/z')\nimport ctypes\nctypes.CDLL('x')",
    ]);
}

#[test]
fn numbers_letters_and_the_environment_are_pythons() {
    loses(&[
        "if __package__ is None:\n    os.remove('data/a.txt')",
        "import re\nfor n in sorted(os.listdir('data')):\n    if re.fullmatch(r'\\w+\\.dat', n):\n        os.remove('data/café.dat')",
        "from datetime import timedelta\nos.remove(f'data/keep-{timedelta(days=30).days}.txt')",
        "if 1.0 // 0.1 == 9.0:\n    os.remove('data/a.txt')",
        "if f'{3:<05}' == '30000':\n    os.remove('data/a.txt')",
        "import re\nif re.findall('a*', 'baac') == ['', 'aa', '', '']:\n    os.remove('data/a.txt')",
        "import sqlite3\nif sqlite3.sqlite_version != '2':\n    os.remove('data/a.txt')",
        "match {'k': 'rm', 'p': 'data/a.txt'}:\n    case {'k': 'rm', 'p': p}:\n        os.remove(p)",
    ]);
    // What whoever asks has in his environment the call may have taken away.
    let unless = "python3 -c \"import os\nif not os.environ.get('PATH'): os.remove('data/a.txt')\"";
    let given = "python3 -c \"import os\nif os.environ.get('WIPE'): os.remove('data/a.txt')\"";
    let scene = place();
    let all = [
        format!("unset PATH; /usr/bin/{unless}"),
        format!("env -u PATH /usr/bin/{unless}"),
        format!("env -i /usr/bin/{unless}"),
        format!("set -a; WIPE=1; {given}"),
        format!("set -o allexport; WIPE=1; set +a; {given}"),
        format!("export WIPE; WIPE=1; {given}"),
        format!("echo WIPE=1 > .env; set -a; . ./.env; set +a; {given}"),
        "cd data && python3 -c \"import os; os.remove(os.path.join(os.environ['PWD'], 'a.txt'))\""
            .to_owned(),
    ];
    scene.loses(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
    let all = [
        unless.to_owned(),
        format!("WIPE=1; {given}"),
        format!("set -a; set +a; WIPE=1; {given}"),
        "cd data && python3 -c \"import os; print(os.environ['PWD'])\"".to_owned(),
    ];
    scene.keeps(".", &all.iter().map(String::as_str).collect::<Vec<_>>());
}
