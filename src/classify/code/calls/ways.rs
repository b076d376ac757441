//! The ways in which a code may go, read one after the other, and what they have in common told once.
//! Which ways there are is the work of `values`.

use super::super::imports;
use super::super::index::{Index, Part};
use super::super::tokens::Language;
use super::super::undone::{self, Undone};
use super::super::unsaved::is_unsaved;
use super::super::values::{Reader, Taken};
use super::{Deeds, Standing, aliases};

/// Returns the names of the files of settings that a code may read.
pub(in super::super) fn settings(
    text: &str,
    language: Language,
    standing: Standing<'_>,
) -> Vec<String> {
    let index = Index::new(text, language);
    let mut imports = imports::read(&index.tokens, language);
    aliases::add(&index, &mut imports);
    Reader::new(&index, &imports, standing).settings()
}

/// One of the ways in which a code may go.
pub(super) struct Way {
    pub taken: Taken,
    pub dead: Vec<Part>,
    pub undone: Vec<Undone>,
}

impl Way {
    pub fn all(reader: &mut Reader<'_>, text: &str) -> Vec<Self> {
        let sure = reader.dead(text);
        reader.leave_out(&sure);
        let worlds = reader.worlds();
        // One way of a loop commits what the others change.
        let mut unsaved = true;
        let ways = worlds.into_iter().map(|taken| {
            reader.enter(&taken);
            reader.leave_out(&sure);
            // What does not run gives nothing, which may decide more.
            let dead = if taken.is_empty() && sure.is_empty() {
                Vec::new()
            } else {
                reader.dead(text)
            };
            reader.leave_out(&dead);
            unsaved = unsaved && is_unsaved(reader, text);
            Self {
                undone: undone::parts(reader, text),
                dead,
                taken,
            }
        });
        let mut ways: Vec<Self> = ways.collect();
        if unsaved {
            for way in &mut ways {
                way.undone.push(Undone::unsaved(reader.index));
            }
        }
        ways
    }
}

/// How much a code was seen to do up to a place.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub sql: usize,
    steps: usize,
    unknown: usize,
    connections: usize,
    pub wipes: usize,
}

impl Deeds {
    pub(super) const fn size(&self) -> Size {
        Size {
            sql: self.sql.len(),
            steps: self.steps.len(),
            unknown: self.unknown.len(),
            connections: self.connections.len(),
            wipes: self.wipes.len(),
        }
    }

    /// Leaves out what the last way does just like one before it.
    pub(super) fn tell_once(&mut self, sizes: &[Size]) {
        once(&mut self.sql, sizes, |size| size.sql);
        once(&mut self.steps, sizes, |size| size.steps);
        once(&mut self.unknown, sizes, |size| size.unknown);
        once(&mut self.connections, sizes, |size| size.connections);
        once(&mut self.wipes, sizes, |size| size.wipes);
    }
}

fn once<T: PartialEq>(all: &mut Vec<T>, sizes: &[Size], of: fn(&Size) -> usize) {
    let Some((last, before)) = sizes.split_last() else {
        return;
    };
    let own = all.get(of(last)..).unwrap_or_default();
    let ends = sizes.iter().skip(1).map(of);
    let mut others = before.iter().map(of).zip(ends);
    if others.any(|(from, to)| all.get(from..to) == Some(own)) {
        all.truncate(of(last));
    }
}

#[cfg(test)]
mod tests {
    use super::super::deeds;
    use super::*;
    use crate::classify::code::values::Setting;

    fn steps(text: &str, language: Language, files: &[(&str, &str)], args: &str) -> Vec<String> {
        let setting = |(name, text): &(&str, &str)| Setting {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
            certain: true,
        };
        let settings: Vec<Setting> = files.iter().map(setting).collect();
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        let standing = Standing {
            args: Some(&args),
            settings: &settings,
            folder: "tools",
            ..Standing::inline()
        };
        let deeds = deeds(text, language, standing);
        deeds.steps.into_iter().map(|step| step.text).collect()
    }

    #[test]
    fn what_a_file_lists_goes_where_no_branch_keeps_it() {
        let code = "import json, shutil, sys\nfrom pathlib import Path\n\
            conf = json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else \"a.json\").read_text())\n\
            root = Path(conf[\"root\"])\n\
            for item in conf[\"purge\"]:\n    target = root / item\n\
            \x20   if item in conf[\"keep\"] or not target.exists():\n        continue\n\
            \x20   if conf[\"dry_run\"]:\n        print(target)\n        continue\n\
            \x20   shutil.rmtree(target)\n";
        let file = |dry: bool| {
            format!(r#"{{"root": ".", "purge": ["a", "b"], "keep": ["a"], "dry_run": {dry}}}"#)
        };
        let find = |file: &str, name: &str| steps(code, Language::Python, &[(name, file)], name);
        assert_eq!(find(&file(false), "b.json"), ["rm -rf -- 'b'"]);
        assert!(find(&file(true), "b.json").is_empty());
    }

    #[test]
    fn node_asks_a_file_of_settings_which_places_may_go() {
        let code = "import fs from 'node:fs';\nimport path from 'node:path';\n\
            const pkg = JSON.parse(fs.readFileSync(path.join('.', 'package.json'), 'utf8'));\n\
            const argv = process.argv.slice(2);\n\
            let dirs = argv.filter((a) => !a.startsWith('--'));\n\
            if (dirs.length === 0) dirs = pkg.clean.default;\n\
            for (const dir of dirs) {\n  if (!pkg.clean.allow.some((a) => dir === a || dir.startsWith(a + '/'))) {\n\
            \x20   continue;\n  }\n  fs.rmSync(dir, { recursive: true, force: true });\n}\n";
        let file = r#"{"clean": {"allow": ["dist", "data"], "default": ["dist"]}}"#;
        let find = |args: &str| steps(code, Language::Javascript, &[("package.json", file)], args);
        assert!(find("data").contains(&"rm -rf -- 'data'".to_owned()));
        assert_eq!(find(""), ["rm -rf -- 'dist'"]);
    }

    #[test]
    fn an_option_names_the_file_of_settings() {
        let code = "import fs from 'node:fs';\n\
            const [command, ...rest] = process.argv.slice(2);\nconst c = rest.indexOf('--config');\n\
            const config = JSON.parse(fs.readFileSync(c >= 0 ? rest[c + 1] : 'a.json', 'utf8'));\n\
            if (command === 'prune') {\n  if (config.dryRun) console.log(config.dir);\n\
            \x20 else fs.rmSync(config.dir, { recursive: true });\n}\n";
        let files = [
            ("a.json", r#"{"dir": "a", "dryRun": false}"#),
            ("b.json", r#"{"dir": "b", "dryRun": true}"#),
            ("c.json", r#"{"dir": "c", "dryRun": false}"#),
        ];
        let find = |args: &str| steps(code, Language::Javascript, &files, args);
        assert_eq!(find("prune"), ["rm -rf -- 'a'"]);
        assert_eq!(find("prune --config c.json"), ["rm -rf -- 'c'"]);
        assert!(find("prune --config b.json").is_empty());
        assert!(find("list --config c.json").is_empty());
    }

    #[test]
    fn an_entry_of_the_settings_says_whether_it_is_wiped() {
        let code = "import json, shutil, sys\nfrom pathlib import Path\n\
            root = Path(__file__).resolve().parents[1]\n\
            config = json.loads((root / 'a.json').read_text())\n\
            def reset(name, entry):\n    dst = root / entry['to']\n\
            \x20   if entry.get('wipe') and dst.exists():\n        shutil.rmtree(dst)\n\
            names = sys.argv[1:] or [n for n, e in config.items() if e.get('default')]\n\
            for n in names:\n    if n not in config:\n        print(n)\n        continue\n\
            \x20   reset(n, config[n])\n";
        let file = r#"{"a": {"to": "build", "wipe": true, "default": true},
            "b": {"to": "data", "wipe": true}, "c": {"to": "more", "wipe": false}}"#;
        let find = |args: &str| {
            steps(
                code,
                Language::Python,
                &[("./a.json", file), ("a.json", file)],
                args,
            )
        };
        assert_eq!(find(""), ["rm -rf -- 'build'"]);
        assert_eq!(find("b"), ["rm -rf -- 'data'"]);
        assert_eq!(find("c b"), ["rm -rf -- 'data'"]);
        assert!(find("c").is_empty());
        assert!(find("x").is_empty());
    }

    #[test]
    fn a_subcommand_and_a_profile_say_which_folder_is_emptied() {
        let code = "import argparse, json, shutil\nfrom pathlib import Path\n\
            def main(argv=None):\n    p = argparse.ArgumentParser()\n    p.add_argument('--profile', default='one')\n\
            \x20   p.add_argument('--dry-run', action='store_true')\n    sub = p.add_subparsers(dest='area', required=True)\n\
            \x20   cache = sub.add_parser('cache').add_subparsers(dest='verb', required=True)\n\
            \x20   cache.add_parser('clear')\n    cache.add_parser('stats')\n\
            \x20   a = p.parse_args(argv)\n\
            \x20   if a.area == 'cache':\n        folder = resolve(a.profile, 'cache')\n\
            \x20       if a.verb == 'stats' or a.dry_run:\n            print(folder)\n\
            \x20       else:\n            clear_folder(folder)\n\
            \x20   else:\n        folder = resolve(a.profile, 'uploads')\n        clear_folder(folder)\n\
            def clear_folder(folder):\n    for entry in folder.iterdir():\n\
            \x20       if entry.is_dir():\n            shutil.rmtree(entry)\n        else:\n            entry.unlink()\n\
            ROOT = Path(__file__).resolve().parent.parent\n\
            def settings(profile):\n    return json.loads((ROOT / 'a.json').read_text())[profile]\n\
            def resolve(profile, key):\n    return ROOT / settings(profile)[key]\n\
            main()\n";
        let file = r#"{"one": {"cache": "cache", "uploads": "data"}, "two": {"cache": "data", "uploads": "data"}}"#;
        let find = |args: &str| {
            steps(
                code,
                Language::Python,
                &[("./a.json", file), ("a.json", file)],
                args,
            )
            .join(" ")
        };
        assert_eq!(
            find("cache clear"),
            "rm -rf -- 'cache/'* rm -rf -- 'cache/'*"
        );
        assert!(find("--profile two cache clear").contains("'data/'"));
        assert!(find("cache stats").is_empty());
        assert!(find("--dry-run cache clear").is_empty());
    }

    #[test]
    fn declared_options_that_are_changed_decide_nothing() {
        let code = |more: &str| {
            format!(
                "const fs = require('fs');\nconst {{ parseArgs }} = require('util');\n\
                 const {{ values }} = parseArgs({{ options: {{ dry: {{ type: 'boolean' }} }} }});\n{more}\n\
                 if (values.dry) console.log(1);\nelse fs.rmSync('data', {{ recursive: true }});\n"
            )
        };
        let find = |more: &str| steps(&code(more), Language::Javascript, &[], "--dry");
        assert!(find("").is_empty());
        for more in [
            "values.dry = false;",
            "Object.assign(values, { dry: false });",
            "const v = values; v.dry = false;",
        ] {
            assert_eq!(find(more), ["rm -rf -- 'data'"], "{more}");
        }
        let code = |more: &str| {
            format!(
                "require 'fileutils'\nrequire 'optparse'\nopts = {{ dry: false }}\n\
                 OptionParser.new do |o|\n  o.on('-n', '--dry') {{ opts[:dry] = true }}\nend.parse!\n{more}\n\
                 FileUtils.rm_rf('data', noop: opts[:dry])\n"
            )
        };
        let find = |more: &str| steps(&code(more), Language::Ruby, &[], "-n");
        assert!(find("").is_empty());
        for more in [
            "opts[:dry] = false",
            "opts.merge!(dry: false)",
            "other = opts\nother[:dry] = false",
            "change(opts)",
        ] {
            assert_eq!(find(more), ["rm -rf -- 'data'"], "{more}");
        }
    }
}
