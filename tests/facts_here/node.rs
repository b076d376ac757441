//! `check --facts here` for scripts of Node that are carried out on the words and files that are known.
//! Nothing is run; every way to take nothing has a look-alike beside it that takes something.

use crate::scene::Scene;

const CLEAN: &str = r"#!/usr/bin/env node
import { readdir, stat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DAY, oldest } from './lib/age.mjs';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keep: { type: 'string', short: 'k', default: '2' },
    days: { type: 'string' },
    force: { type: 'boolean', default: false },
  },
});
async function main() {
  const [dir = 'none'] = positionals;
  const found = [];
  for (const name of await readdir(dir)) {
    if (!/\.csv$/.test(name)) continue;
    const info = await stat(join(dir, name));
    if (values.days && Date.now() - info.mtimeMs < Number(values.days) * DAY) continue;
    found.push({ name });
  }
  const gone = oldest(found, Number(values.keep));
  await Promise.all(gone.map(async ({ name }) => {
    if (values.force) await rm(join(dir, name));
  }));
}
main().catch((error) => { console.error(error.message); process.exitCode = 1; });
";
const AGE: &str = r"export const DAY = 24 * 60 * 60 * 1000;
export function oldest(all, keep) {
  return all.map((one) => one.name).sort().reverse().slice(keep).map((name) => ({ name }));
}
";
const STORE: &str = r"const fs = require('fs');
const path = require('path');
const settings = require('../settings.json');
class Store {
  #folder;
  constructor(folder) { this.#folder = folder; }
  file(name) { return path.join(this.#folder, `${name}.csv`); }
  drop(name) {
    try {
      fs.accessSync(this.file(name));
    } catch (error) {
      if (error.code === 'ENOENT') return false;
      throw error;
    }
    fs.unlinkSync(this.file(name));
    return true;
  }
}
const store = new Store(path.join(__dirname, '..', settings.folder));
for (const name of process.argv.slice(2)) {
  if (settings.locked?.includes(name)) continue;
  store.drop(name);
}
";

fn scripts() -> Scene {
    let scene = Scene::empty();
    scene.writes(&[
        ("bin/clean.mjs", CLEAN),
        ("bin/lib/age.mjs", AGE),
        ("bin/store.js", STORE),
        (
            "settings.json",
            "{\"folder\": \"data\", \"locked\": [\"march\"]}\n",
        ),
        ("data/february.csv", "2\n"),
        ("data/march.csv", "3\n"),
        ("data/april.csv", "4\n"),
        ("data/notes.txt", "x\n"),
        ("one/a.csv", "1\n"),
    ]);
    scene
}

#[test]
fn options_and_modules_say_what_an_asynchronous_script_removes() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "node bin/clean.mjs data --force",
            "node bin/clean.mjs --keep=0 --force one",
            "node bin/clean.mjs -k 0 --force one",
            "cd bin && node clean.mjs --force ../data",
        ],
    );
    scene.keeps(
        ".",
        &[
            "node bin/clean.mjs data",
            "node bin/clean.mjs data --force --keep 3",
            "node bin/clean.mjs one --force",
            "node bin/clean.mjs data --force --days 30 -k 0",
            "node bin/clean.mjs nowhere --force",
            "node bin/clean.mjs data --force --unknown",
        ],
    );
}

#[test]
fn settings_classes_and_exceptions_say_what_a_script_unlinks() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "node bin/store.js february",
            "node bin/store.js march may april",
            "node -e \"require('fs').readdirSync('data').filter(n => n.endsWith('.txt')).forEach(n => require('fs').unlinkSync('data/' + n))\"",
        ],
    );
    scene.keeps(
        ".",
        &[
            "node bin/store.js march",
            "node bin/store.js may june",
            "node bin/store.js",
            "node -e \"require('fs').readdirSync('data').filter(n => n.endsWith('.tmp')).forEach(n => require('fs').unlinkSync('data/' + n))\"",
        ],
    );
}

/// What is not carried out exactly is given up, and read as before.
#[test]
fn what_comes_in_another_order_excuses_nothing() {
    let scene = scripts();
    for (name, text) in [
        (
            "race",
            "let n = 0; const f = async () => { if (n > 0) return; await null; n = 1; fs.unlinkSync('one/a.csv') }; const g = async () => { await null; n = 2 }; Promise.all([g(), f()]);",
        ),
        (
            "later",
            "let go = false; const f = async () => { await null; if (go) fs.unlinkSync('one/a.csv') }; f(); go = true;",
        ),
        (
            "getter",
            "const o = { get x() { return true } }; if (o.x) fs.unlinkSync('one/a.csv');",
        ),
        (
            "patched",
            "Array.prototype.includes = () => true; if ([].includes(1)) fs.unlinkSync('one/a.csv');",
        ),
        (
            "strict",
            "function f() { return this === undefined } if (!f()) fs.unlinkSync('one/a.csv');",
        ),
        ("timer", "setTimeout(() => fs.unlinkSync('one/a.csv'), 5);"),
    ] {
        let file = format!("{name}.js");
        scene.write(&file, &format!("const fs = require('fs');\n{text}\n"));
        scene.loses(".", &[&format!("node {file}")]);
    }
}

/// Scripts that would run for ever, or fill the memory: each is given up in time.
#[test]
fn a_script_without_end_is_given_up_in_time() {
    let scene = scripts();
    for (name, text) in [
        (
            "copies",
            "let x = 'a'.repeat(1e6); for (;;) { x = (x + 'b').slice(1); if (x === 'q') fs.unlinkSync('one/a.csv') }",
        ),
        (
            "sorted",
            "const a = Array.from({ length: 40000 }, (_, i) => i); for (;;) { a.sort((x, y) => y - x); if (a[0] === 'q') fs.unlinkSync('one/a.csv') }",
        ),
        (
            "nested",
            "let a = [1]; for (;;) { a = [a, a]; if (String(a) === 'q') fs.unlinkSync('one/a.csv') }",
        ),
        (
            "deep",
            "let a = []; for (let i = 0; i < 30000; i++) a = [a]; if (a.flat(Infinity).length) fs.unlinkSync('one/a.csv')",
        ),
        (
            "patterns",
            "for (let n = 1; ; n++) if (new RegExp(`a{${n}}(b|c)+\\\\w{3,40}`).test('xyz')) fs.unlinkSync('one/a.csv')",
        ),
        (
            "calls",
            "const f = (n) => (n < 2 ? n : f(n - 1) + f(n - 2)); if (f(32) === 3) fs.unlinkSync('one/a.csv')",
        ),
        (
            "files",
            "for (;;) { fs.writeFileSync('one/t', 'x'.repeat(1e6)); if (fs.readFileSync('one/t', 'utf8') === 'q') fs.unlinkSync('one/a.csv') }",
        ),
    ] {
        let file = format!("{name}.js");
        scene.write(&file, &format!("const fs = require('fs');\n{text}\n"));
        let began = std::time::Instant::now();
        scene.loses(".", &[&format!("node {file}")]);
        let took = began.elapsed();
        // Whether it ends is asked here; how long it takes on a machine at rest is for a benchmark.
        assert!(took.as_secs() < 60, "{name}: {took:?}");
        println!("{name}: {took:?}");
    }
}
