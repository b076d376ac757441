//! `check --facts here` for the odder ways of scripts of Node: what is not exactly known is never taken for nothing.
//! Nothing is run; each script would remove something in truth, unless its look-alike beside it says otherwise.

use crate::scene::Scene;

const HEAD: &str = "const fs = require('fs'), path = require('path'), os = require('os'), util = require('util'), fsp = fs.promises;
const { execSync, spawnSync } = require('child_process');
const gone = () => fs.unlinkSync('data/a.txt');
";

fn data() -> Scene {
    let scene = Scene::built(
        "mkdir -p data/sub deep/er links one; echo a > data/a.txt; echo b > data/b.txt; echo d > data/sub/d.txt
        touch -d '2 days ago' one/old.txt; touch one/new.txt one/like.txt
        touch -r one/new.txt one/like.txt; mkfifo one/pipe; ln -s deep/er tools; ln -s data link; ln -s ../data links/d",
    );
    for name in ["data/a.txt", "data/b.txt", "one/old.txt", "one/new.txt"] {
        let old = std::fs::metadata(scene.path(name))
            .unwrap()
            .modified()
            .unwrap();
        std::fs::write(scene.path(name), format!("{name} holds something\n")).unwrap();
        let file = std::fs::File::options()
            .write(true)
            .open(scene.path(name))
            .unwrap();
        file.set_modified(old).unwrap();
    }
    scene
}

#[track_caller]
fn lose(scene: &Scene, scripts: &[(&str, &str)]) {
    each(scene, scripts, true);
}

#[track_caller]
fn keep(scene: &Scene, scripts: &[(&str, &str)]) {
    each(scene, scripts, false);
}

#[track_caller]
fn each(scene: &Scene, scripts: &[(&str, &str)], loses: bool) {
    for (name, text) in scripts {
        let file = format!("{name}.js");
        scene.write(&file, &format!("{HEAD}{text}\n"));
        let call = format!("node {file}");
        match loses {
            true => scene.loses(".", &[&call]),
            false => scene.keeps(".", &[&call]),
        }
    }
}

#[test]
fn a_program_that_fails_is_seen_by_whoever_catches() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "called",
                "function sh(c) { execSync(c, { stdio: 'ignore' }) } try { sh('false') } catch { gone() }",
            ),
            (
                "asked",
                "const ok = (c) => { try { execSync(c); return true } catch { return false } }; if (!ok('false')) gone();",
            ),
            (
                "later",
                "(async () => { execSync('false') })().catch(() => { gone() });",
            ),
            (
                "each",
                "try { ['x'].forEach((f) => execSync('test -f ' + f)) } catch { gone() }",
            ),
            ("error", "if (spawnSync('no-such-program').error) gone();"),
            (
                "status",
                "const { status } = spawnSync('no-such-program'); if (status === null) gone();",
            ),
            ("signal", "if (spawnSync('true').signal === null) gone();"),
            ("pid", "if (spawnSync('true').pid) gone();"),
            (
                "shown",
                "if (execSync('true', { stdio: 'inherit' }) === null) gone();",
            ),
        ],
    );
}

#[test]
fn who_ends_late_does_not_end_what_stands_behind() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "async",
                "(async () => { await null; process.exit(0) })(); gone();",
            ),
            (
                "then",
                "Promise.resolve().then(() => process.exit(0)); gone();",
            ),
            (
                "catch",
                "const main = async () => { await fsp.stat('zz') }; main().catch(() => process.exit(1)); gone();",
            ),
            (
                "all",
                "const check = async (f) => { if (f === 'zz') { await null; process.exit(1) } fs.unlinkSync(f) }; Promise.all(['zz', 'data/a.txt'].map(check));",
            ),
            (
                "deeper",
                "const stop = async () => { await null; process.exit() }; const main = async () => { await stop(); }; main(); gone();",
            ),
        ],
    );
    keep(
        &scene,
        &[
            (
                "behind",
                "const main = async () => { await fsp.stat('data'); process.exit(); gone() }; main().catch(() => process.exit(1));",
            ),
            ("ended", "process.exit(); gone();"),
            (
                "failed",
                "const main = async () => { await fsp.stat('zz'); gone() }; main().catch((error) => { console.error(error.message); process.exit(1) });",
            ),
        ],
    );
}

#[test]
fn what_an_unfinished_function_touches_is_watched() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "each",
                "const keep = []; const load = async () => { await null; keep.push('a.txt') }; load(); let k = false; for (const x of keep) k = true; if (!k) gone();",
            ),
            (
                "put",
                "const q = []; const w = async () => { await null; while (q.length) fs.unlinkSync(q.shift()) }; w(); q.push('data/a.txt');",
            ),
            (
                "number",
                "let n = 0; const f = async () => { await null; if (n > 0) gone() }; f(); n = 1;",
            ),
            (
                "counted",
                "let n = 0; const f = async () => { await null; if (n > 0) gone() }; f(); n++;",
            ),
            (
                "deep",
                "const mv = async () => { await null; fs.renameSync('data/sub', 'data/old') }; mv(); if (fs.existsSync('data/sub/d.txt')) fs.unlinkSync('data/sub/d.txt');",
            ),
            (
                "made",
                "const mk = async () => { await null; fs.mkdirSync('out/x/y', { recursive: true }) }; mk(); if (!fs.existsSync('out')) gone();",
            ),
            (
                "early",
                "const mv = async (f) => { if (f === 'zz') throw new Error('x'); await null; await null; fs.renameSync('data/' + f, f) }; (async () => { try { await Promise.all(['zz', 'a.txt'].map(mv)) } catch { if (fs.existsSync('data/a.txt')) gone() } })();",
            ),
            (
                "thenable",
                "(async () => { await Promise.resolve({ then(r) { gone(); r() } }) })();",
            ),
        ],
    );
}

/// Several that each remove a file of one folder do not get in each other's way.
#[test]
fn files_of_one_folder_go_side_by_side() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "all",
                "const names = ['a', 'b']; Promise.all(names.map((f) => fsp.unlink(path.join('data', f + '.txt'))));",
            ),
            (
                "loop",
                "for (const f of ['a', 'b']) fsp.unlink(path.join('data', f + '.txt'));",
            ),
            (
                "counted",
                "let n = 0; const done = []; Promise.all(['a', 'b'].map(async (f) => { await fsp.rm('data/' + f + '.txt'); n++; done.push(f) })).then(() => console.log(n, done.length, done.join()));",
            ),
            (
                "promisified",
                "const unlink = util.promisify(fs.unlink); (async () => { for (const f of ['a', 'b']) await unlink('data/' + f + '.txt') })();",
            ),
        ],
    );
    keep(
        &scene,
        &[(
            "none",
            "Promise.all(['x', 'y'].map(async (f) => { if (fs.existsSync('data/' + f)) await fsp.unlink('data/' + f) })).then(() => console.log('done'));",
        )],
    );
}

#[test]
fn what_is_gone_through_once_gives_nothing_more() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "matches",
                "const k = 'keep a.txt'.matchAll(/keep (\\S+)/g); console.log([...k].length); const n = new Set([...k].map((m) => m[1])); if (!n.has('a.txt')) gone();",
            ),
            ("length", "if (!new Map([['a', 1]]).keys().length) gone();"),
            (
                "set",
                "const q = new Set(['x']); for (const d of q) { q.delete(d); if (d === 'x') q.add('data/a.txt'); else fs.unlinkSync(d) }",
            ),
            (
                "values",
                "const q = new Set(['x']); for (const d of q.values()) { if (d === 'x') q.add('data/a.txt'); else fs.unlinkSync(d) }",
            ),
            (
                "entries",
                "const q = ['x']; for (const [, d] of q.entries()) { if (d === 'x') q.push('data/a.txt'); else fs.unlinkSync(d) }",
            ),
            (
                "keys",
                "const o = { a: 1, b: 1 }; let n = 0; for (const k in o) { n += 1; delete o.b } if (n === 1) gone();",
            ),
        ],
    );
    keep(
        &scene,
        &[
            (
                "once",
                "const n = new Set(['keep a.txt'].flatMap((t) => [...t.matchAll(/keep (\\S+)/g)].map((m) => m[1]))); if (!n.has('a.txt')) gone();",
            ),
            (
                "pairs",
                "for (const [name, keep] of new Map([['data/a.txt', true]]).entries()) if (!keep) fs.unlinkSync(name);",
            ),
        ],
    );
}

#[test]
fn moments_are_compared_in_one_unit_and_not_within_their_grain() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "seconds",
                "if (fs.statSync('one/new.txt').mtimeMs / 1000 < Date.now() - 864e5) fs.unlinkSync('one/new.txt');",
            ),
            (
                "dates",
                "const cut = new Date(Date.now() - 864e5); if (fs.statSync('one/new.txt').mtime / 1000 < cut) fs.unlinkSync('one/new.txt');",
            ),
            (
                "same",
                "if (fs.statSync('one/new.txt').mtimeMs < fs.statSync('one/like.txt').mtimeMs) return; fs.unlinkSync('one/new.txt');",
            ),
            (
                "copied",
                "fs.copyFileSync('one/old.txt', 'n'); if (fs.statSync('n').mtimeMs > Date.now() - 1e7) gone();",
            ),
            (
                "grain",
                "if (Date.now() - fs.statSync('one/new.txt').mtimeMs < 30000) fs.unlinkSync('one/new.txt');",
            ),
            (
                "old",
                "if (fs.statSync('one/old.txt').mtimeMs < Date.now() - 864e5) fs.unlinkSync('one/old.txt');",
            ),
        ],
    );
    keep(
        &scene,
        &[(
            "new",
            "for (const f of ['one/new.txt', 'data/a.txt']) if (fs.statSync(f).mtimeMs < Date.now() - 864e5) fs.unlinkSync(f);",
        )],
    );
}

#[test]
fn links_lead_where_they_lead() {
    let scene = data();
    for name in ["deep/er/up.js", "deep/er/here.js", "deep/er/named.js"] {
        let text = match name {
            "deep/er/named.js" => {
                "const d = path.join(path.dirname(process.argv[1]), '..', 'data', 'a.txt'); if (fs.existsSync(d)) fs.unlinkSync(d);"
            }
            "deep/er/up.js" => {
                "const d = '../../data/a.txt'; if (fs.existsSync(d)) fs.unlinkSync(d);"
            }
            _ => {
                "const d = path.join(process.cwd(), '..', '..', 'data', 'a.txt'); if (fs.existsSync(d)) fs.unlinkSync(d);"
            }
        };
        scene.write(name, &format!("{HEAD}{text}\n"));
    }
    scene.loses(
        ".",
        &[
            "node tools/named.js",
            "cd tools && node up.js",
            "cd tools && node here.js",
        ],
    );
    lose(
        &scene,
        &[
            (
                "alias",
                "fs.renameSync('link/a.txt', 'moved.txt'); if (!fs.existsSync('data/a.txt')) fs.unlinkSync('data/b.txt');",
            ),
            (
                "made",
                "fs.writeFileSync('link/flag', 'x'); if (fs.existsSync('data/flag')) fs.unlinkSync('data/b.txt');",
            ),
            (
                "linked",
                "for (const f of fs.readdirSync('links', { recursive: true })) if (f.endsWith('.txt')) fs.unlinkSync(path.join('links', f));",
            ),
            ("pipe", "if (!fs.statSync('one/pipe').isFile()) gone();"),
            (
                "pipes",
                "for (const e of fs.readdirSync('one', { withFileTypes: true })) if (e.isFIFO()) gone();",
            ),
            ("above", "if (!fs.existsSync('nope/../data')) gone();"),
        ],
    );
}

#[test]
fn what_node_refuses_is_not_taken_as_done() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "date",
                "const ok = (s) => { try { new Date(s).toISOString(); return true } catch { return false } }; if (!ok('x')) gone();",
            ),
            ("dateless", "if (new Date('x').toJSON() === null) gone();"),
            ("digits", "try { (5).toFixed(200) } catch { gone() }"),
            (
                "force",
                "try { fs.rmSync('zz', { force: 1 }) } catch { gone() }",
            ),
            (
                "undefined",
                "try { fs.rmSync('zz', { force: true, recursive: undefined }) } catch { gone() }",
            ),
            (
                "mode",
                "try { fs.mkdirSync('out', { mode: 'rwx' }) } catch { gone() }",
            ),
            ("mapped", "try { [].map(undefined) } catch { gone() }"),
            ("paired", "try { new Map(['ab']) } catch { gone() }"),
            ("parsed", "try { JSON.parse('{') } catch { gone() }"),
            (
                "large",
                "try { JSON.parse('{\"a\":1e999}') } catch { return } gone();",
            ),
            (
                "below",
                "try { fs.statSync('data/a.txt/q') } catch (e) { if (e.code === 'ENOTDIR') gone() }",
            ),
            (
                "toward",
                "try { fs.renameSync('data/a.txt', 'zz/q/a') } catch (e) { if (e.dest) gone() }",
            ),
            (
                "pathless",
                "try { fs.readFileSync('data') } catch (e) { if (e.path === undefined) gone() }",
            ),
            (
                "named",
                "try { fs.rmSync('data') } catch (e) { if (e.name === 'SystemError') gone() }",
            ),
            (
                "words",
                "try { util.parseArgs({ args: ['x'] }) } catch (e) { if (e.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') gone() }",
            ),
            (
                "kindless",
                "try { util.parseArgs({ args: [], options: { x: {} } }) } catch { gone() }",
            ),
        ],
    );
    keep(
        &scene,
        &[
            (
                "absent",
                "let names = []; try { names = fs.readdirSync('zz') } catch {} for (const name of names) fs.unlinkSync(path.join('zz', name));",
            ),
            (
                "there",
                "try { fs.mkdirSync('data') } catch (e) { if (e.code !== 'EEXIST') gone() }",
            ),
            (
                "mode",
                "fs.mkdirSync('out', { recursive: true, mode: 0o755 }); fs.rmSync('out', { recursive: true, force: true, maxRetries: 3 });",
            ),
        ],
    );
}

/// An exception of Node that nobody looks at may not come: what stands behind it is read all the same.
#[test]
fn what_a_swallowed_exception_leaves_out_is_still_read() {
    let scene = data();
    lose(
        &scene,
        &[
            ("ends", "fs.mkdirSync('data'); gone();"),
            ("swallowed", "try { fs.mkdirSync('data'); gone() } catch {}"),
            (
                "told",
                "try { fs.rmdirSync('data'); gone() } catch (e) { console.log(e.message) }",
            ),
            (
                "late",
                "fsp.mkdir('data').then(() => gone()).catch(() => {});",
            ),
        ],
    );
    keep(
        &scene,
        &[
            (
                "own",
                "if (process.argv.length < 3) throw new Error('usage'); gone();",
            ),
            ("absent", "fs.accessSync('zz'); gone();"),
            (
                "rejected",
                "(async () => { if (!fs.existsSync('zz')) throw new Error('no'); gone() })();",
            ),
        ],
    );
}

#[test]
fn modules_are_what_node_makes_of_them() {
    let scene = data();
    scene.writes(&[
        ("data/c.json", "{\"go\": true}"),
        ("c.json", "{}"),
        ("lib.js", ""),
        ("lib/index.js", "require('fs').unlinkSync('data/a.txt')"),
        ("pack/package.json", "{\"main\": \"go.js\"}"),
        ("pack/go.js", "require('fs').unlinkSync('data/a.txt')"),
        (
            "b.js",
            "const c = require('./c'); exports.go = () => c.go();",
        ),
        (
            "c.js",
            "const b = require('./b'); exports.go = () => { if (!b.zz) require('fs').unlinkSync('data/a.txt') };",
        ),
        (
            "main.mjs",
            "import './main.cjs'; import fs from 'fs'; fs.unlinkSync('data/a.txt');",
        ),
        ("main.cjs", "if (require.main === module) process.exit(1);"),
        ("esm/package.json", "{\"type\": \"module\"}"),
        ("esm/c.json", "[\"a.txt\"]"),
        (
            "esm/x.js",
            "let keep; try { keep = require('./c.json') } catch { keep = [] }\nimport('fs').then((fs) => { if (!keep.includes('a.txt')) fs.unlinkSync('data/a.txt') });",
        ),
    ]);
    lose(
        &scene,
        &[
            ("parent", "if (module.parent === null) gone();"),
            ("main", "if (require.main.filename === __filename) gone();"),
            ("id", "if (module.id === '.') gone();"),
            (
                "other",
                "const r = require('module').createRequire(process.cwd() + '/data/'); if (r('./c.json').go) gone();",
            ),
            ("folder", "require('./lib/');"),
            ("named", "require('./pack');"),
            ("circle", "require('./b').go();"),
            (
                "block",
                "function clean() {} if (process.argv.length) { function clean() { gone() } } clean();",
            ),
            (
                "address",
                "fs.unlinkSync(new URL('file://' + __dirname + '/data/a.txt'));",
            ),
        ],
    );
    scene.loses(
        ".",
        &[
            "node main.mjs",
            "node esm/x.js",
            "node -e \"if (process.argv.length === 1) fs.unlinkSync('data/a.txt')\"",
            "node -e \"if (require.main !== module) require('fs').unlinkSync('data/a.txt')\"",
            "node - <<'E'\nif (process.argv[1] === '-') require('fs').unlinkSync('data/a.txt')\nE",
        ],
    );
    scene.write(
        "esm/y.js",
        "import fs from 'fs'; if (process.argv.length > 9) fs.unlinkSync('data/a.txt');",
    );
    scene.keeps(
        ".",
        &[
            "node esm/y.js",
            "node -e \"if (process.argv.length === 5) fs.unlinkSync('data/a.txt')\"",
        ],
    );
}

#[test]
fn texts_and_numbers_are_read_as_node_reads_them() {
    let scene = data();
    lose(
        &scene,
        &[
            (
                "base",
                "fs.rmSync(path.join('data', path.basename('.txt', '.txt')), { recursive: true });",
            ),
            ("above", "if (path.dirname('a//b') === 'a/') gone();"),
            ("hex", "if (parseInt('0X10') === 16) gone();"),
            ("long", "if (Number('0xFFFFFFFFFF') > 5) gone();"),
            ("power", "if (isNaN(1 ** NaN)) gone();"),
            (
                "round",
                "if (Math.round(0.49999999999999994) === 0) gone();",
            ),
            ("mark", "if (Number('\\ufeff5') === 5) gone();"),
            ("empty", "if ('ab cd'.split(/\\b/).length === 3) gone();"),
            (
                "group",
                "const m = 'ab'.match(/(?<n>a)/); if (m.index === 0) gone();",
            ),
            (
                "below",
                "class E extends TypeError {} if (new E('q').name === 'TypeError') gone();",
            ),
            ("shown", "if (process.stdout.write('x')) gone();"),
            (
                "same",
                "require('assert').strictEqual(Number('x'), NaN); gone();",
            ),
            (
                "flag",
                "fs.writeFileSync('data/a.txt', 'new', { flag: 'r+' });",
            ),
        ],
    );
    std::fs::write(scene.path("odd.bin"), b"a\xffb").unwrap();
    lose(
        &scene,
        &[(
            "bytes",
            "if (fs.readFileSync('odd.bin', 'utf8').length === 3) gone();",
        )],
    );
}

/// The shell puts the names of files in the place of a pattern before the script begins.
#[test]
fn words_that_are_patterns_stand_for_files() {
    let scene = data();
    scene.write(
        "rm.js",
        &format!(
            "{HEAD}for (const f of process.argv.slice(2)) if (fs.existsSync(f)) fs.unlinkSync(f);\n"
        ),
    );
    scene.write(
        "list.js",
        &format!("{HEAD}for (const f of process.argv.slice(2)) if (f.endsWith('.tmp')) fs.unlinkSync(f);\n"),
    );
    scene.loses(
        ".",
        &[
            "node rm.js data/*.txt",
            "node rm.js data/[ab].txt",
            "node rm.js data/?.txt",
        ],
    );
    scene.keeps(".", &["node list.js data/*.txt"]);
}

#[test]
fn settings_are_those_that_the_script_gets() {
    let scene = data();
    scene.write(
        "keep.js",
        &format!("{HEAD}if (!process.env.HOME) gone();\n"),
    );
    scene.write(
        "user.js",
        &format!("{HEAD}if (process.env.USER === undefined) gone();\n"),
    );
    scene.write(
        "tmp.js",
        &format!("{HEAD}const d = path.join(os.tmpdir(), 'sub'); if (fs.existsSync(d)) fs.rmSync(d, {{ recursive: true }});\n"),
    );
    scene.write(
        "dry.js",
        &format!("{HEAD}if (process.env.DRY_RUN !== '1') gone();\n"),
    );
    scene.write(".env", "DRY_RUN=2\n");
    scene.loses(
        ".",
        &[
            "export DRY_RUN=1; unset DRY_RUN; node dry.js",
            "unset HOME; node keep.js",
            "env -u HOME node keep.js",
            "set -a; . ./.env; set +a; node dry.js",
            "for HOME in ''; do node keep.js; done",
            "read HOME < .env; node keep.js",
            "env -i PATH=$PATH node keep.js",
            "node user.js",
            "TMP=$PWD/data node tmp.js",
            "TEMP=data node tmp.js",
        ],
    );
    scene.keeps(
        ".",
        &[
            "node keep.js",
            "node tmp.js",
            "DRY_RUN=1 node dry.js",
            "export DRY_RUN=1; node dry.js",
        ],
    );
}

#[test]
fn a_script_that_reads_its_options_with_a_pattern_is_carried_out() {
    let scene = Scene::built(
        "git init -q; mkdir -p old cache data; for i in 1 2; do echo $i > old/$i.gz; touch -d '90 days ago' old/$i.gz; done; echo '{}' > data/state.json
        cat > prune.js <<'END'
const fs = require(\"fs\");
const { join } = require(\"path\");
const opt = Object.fromEntries(process.argv.slice(2).map((a) => a.replace(/^--/, \"\").split(\"=\")));
const dir = opt.dir || \"cache\";
const most = Number(opt[\"max-age\"] || 7) * 864e5;
for (const f of fs.readdirSync(dir)) {
  const p = join(dir, f);
  if (Date.now() - fs.statSync(p).mtimeMs > most) fs.unlinkSync(p);
}
END
        cat > reset.js <<'END'
const fs = require(\"fs\");
const [to = \"new.json\"] = process.argv.slice(2);
const beside = `${to}.${process.pid}.tmp`;
fs.writeFileSync(beside, \"{}\\n\");
fs.renameSync(beside, to);
END
        ",
    );
    scene.loses(
        ".",
        &[
            "node prune.js --dir=old --max-age=30",
            "node reset.js data/state.json",
        ],
    );
    scene.keeps(
        ".",
        &[
            "node prune.js --dir=old --max-age=300",
            "node prune.js",
            "node reset.js",
        ],
    );
}
