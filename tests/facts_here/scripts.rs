//! `check --facts here` for scripts that are carried out on the words and files that are known: what they take, and what they leave.
//! Nothing is run; every way to take nothing has a look-alike beside it that takes something.

use crate::scene::Scene;

const ROTATE: &str = r#"#!/usr/bin/perl
use strict;
use warnings;
use Getopt::Long;
my ($keep, $dry) = (3, 0);
GetOptions('keep=i' => \$keep, 'dry-run|n' => \$dry) or die "bad options\n";
my $file = shift or die "which file?\n";
exit 0 unless -e $file;
if (-e "$file.$keep") {
    unlink "$file.$keep" unless $dry;
}
for my $i (reverse 1 .. $keep - 1) {
    next unless -e "$file.$i";
    rename "$file.$i", "$file." . ($i + 1) unless $dry;
}
rename $file, "$file.1" unless $dry;
"#;

const SPOOL: &str = r#"use strict;
use File::Path qw(make_path remove_tree);
my %c;
open my $fh, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
while (<$fh>) { $c{$1} = $2 if /^\s*(\w+)\s*=\s*(.*?)\s*$/ }
close $fh;
my @files = glob("$c{spool}/*.$c{ext}");
if ($c{action} eq 'unlink') {
    unlink @files;
} elsif ($c{action} eq 'tree') {
    remove_tree($c{spool}, { keep_root => 1 });
} else {
    print "$_\n" for @files;
}
"#;

const PRUNE: &str = r#"use strict; use warnings; use Getopt::Std; use File::Find;
my %o; getopts('fs:', \%o);
my $suffix = $o{s} // '.tmp';
find({ no_chdir => 1, wanted => sub {
  return unless -f && substr($_, -length $suffix) eq $suffix;
  if ($o{f}) { unlink $_ or warn "$_: $!"; }
  print(($o{f} ? 'removed ' : 'would remove '), $_, "\n");
}}, @ARGV);
"#;

const NUMBER: &str = r#"use strict; use Getopt::Long;
GetOptions('from=s' => \my $from, 'to=s' => \my $to, 'check' => \my $check) or exit 2;
my $dir = shift // '.';
opendir my $dh, $dir or die "$dir: $!\n";
for my $name (sort readdir $dh) {
    next unless index($name, $from) == 0;
    my $new = $to . substr($name, length $from);
    next if $check;
    rename "$dir/$name", "$dir/$new" or warn "$name: $!\n";
}
"#;

const TAIL: &str = r#"use strict; use Getopt::Long;
my $lines = 100;
my $stdout;
GetOptions('lines|n=i' => \$lines, 'stdout' => \$stdout) or exit 2;
for my $file (@ARGV) {
    open my $in, '<', $file or do { warn "$file: $!\n"; next };
    my @all = <$in>;
    close $in;
    next if @all <= $lines && !$stdout;
    my @tail = $lines < @all ? @all[-$lines .. -1] : @all;
    if ($stdout) {
        print @tail;
        next;
    }
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} @tail;
    close $out;
}
"#;

const KEEP: &str = r#"use strict; use Getopt::Long;
my ($dry, $dir, $max) = (0, 'logs', 3);
GetOptions('n|dry-run!' => \$dry, 'dir=s' => \$dir, 'max=i' => \$max) or die;
my @f = sort glob("$dir/app.log.*");
while (@f > $max) { my $f = pop @f; unlink $f unless $dry; }
"#;

const EXPORT: &str = r"const fs = require('fs'), path = require('path');
const { parseArgs } = require('util');
const { values } = parseArgs({ options: {
  out: { type: 'string', short: 'o', default: 'none' },
  clean: { type: 'boolean', default: false },
} });
if (values.clean) fs.rmSync(values.out, { recursive: true, force: true });
";

const SEED: &str = r"const fs = require('fs');
const opt = (n, d) => { const i = process.argv.indexOf(n); return i > 0 ? process.argv[i + 1] : d; };
const dir = opt('--dir', 'none');
if (process.argv.includes('--reset')) fs.rmSync(dir, { recursive: true });
";

const GROUPS: &str = r"require 'fileutils'
require 'optparse'
require 'yaml'
options = { noop: false, group: 'gone' }
OptionParser.new do |o|
  o.banner = 'usage: groups.rb [--noop] [--group NAME]'
  o.on('-n', '--noop', 'only show') { options[:noop] = true }
  o.on('-g', '--group NAME') { |v| options[:group] = v }
end.parse!
root = File.expand_path('..', __dir__)
groups = YAML.safe_load(File.read(File.join(root, 'groups.yml')))
groups.fetch(options[:group]).each do |pattern|
  Dir.glob(File.join(root, pattern)).each do |path|
    FileUtils.rm_rf(path, noop: options[:noop], verbose: true)
  end
end
";

fn scripts() -> Scene {
    let scene = Scene::empty();
    scene.writes(&[
        ("rotate.pl", ROTATE),
        ("spool.pl", SPOOL),
        ("prune.pl", PRUNE),
        ("number.pl", NUMBER),
        ("tail.pl", TAIL),
        ("keep.pl", KEEP),
        ("export.js", EXPORT),
        ("seed.js", SEED),
        ("bin/groups.rb", GROUPS),
        (
            "groups.yml",
            "gone:\n  - none/*.csv\ndata:\n  - data/*.csv\n",
        ),
        (
            "justfile",
            "dir := \"none\"\n\nlist:\n    ls\n\nwipe name:\n    rm -rf {{dir}}/{{name}}\n",
        ),
        ("logs/app.log", "1\n2\n3\n"),
        ("logs/app.log.1", "1\n"),
        ("logs/app.log.2", "2\n"),
        ("logs/one.log", "1\n"),
        ("spool/a.eml", "mail\n"),
        ("spool/b.txt", "text\n"),
        ("drop.conf", "spool = spool\next = eml\naction = unlink\n"),
        ("none.conf", "spool = spool\next = tmp\naction = unlink\n"),
        ("tree.conf", "spool=spool\next=x\naction=tree\n"),
        ("list.conf", "spool = spool\next = eml\naction = list\n"),
        ("data/in.tmp", "x\n"),
        ("data/deep/er/photo.jpg", "x\n"),
        ("data/march.csv", "3\n"),
        ("data/february.csv", "2\n"),
    ]);
    scene
}

#[test]
fn a_rotation_loses_what_falls_off_its_end_and_nothing_else() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "perl rotate.pl --keep 2 logs/app.log",
            "perl rotate.pl --keep=1 logs/app.log",
            "perl ./rotate.pl -keep 2 logs/app.log",
            "for k in 3 2; do perl rotate.pl --keep $k logs/app.log; done",
        ],
    );
    scene.keeps(
        ".",
        &[
            "perl rotate.pl logs/app.log",
            "perl rotate.pl --keep 1 logs/one.log",
            "perl rotate.pl --keep 2 -n logs/app.log",
            "perl rotate.pl logs/not-there.log",
        ],
    );
}

/// Scripts that would run for ever, or fill the memory: each is given up in time, and then read like any other.
#[test]
fn a_script_without_end_is_given_up_in_time() {
    const ENDLESS: [(&str, &str); 9] = [
        (
            "copies",
            r#"my $x = "a" x 1000000; while (1) { my $y = $x . "b"; if ($y =~ /c$/) { unlink "logs/one.log" } }"#,
        ),
        (
            "keys",
            r#"my %h; for my $i (1..9000) { for my $j (1..9000) { $h{"$i$j"} = "x" x 900; } } unlink "logs/one.log";"#,
        ),
        (
            "patterns",
            r#"my $n = 0; while (1) { $n++; my $p = "a{$n}(b|c)+\w{3,40}"; if ("xyz" =~ /$p/) { unlink "logs/one.log" } }"#,
        ),
        (
            "questions",
            r#"while (1) { for my $f (glob("logs/*")) { unlink "logs/one.log" if -s $f == 123456; } }"#,
        ),
        (
            "wide",
            r#"while (1) { my $t = sprintf("%1000000s", "x"); unlink "logs/one.log" if $t eq "x"; }"#,
        ),
        (
            "sorted",
            r#"my @a = (1..100000); while (1) { my @b = sort { $b <=> $a } @a; unlink "logs/one.log" if $b[0] eq "q"; }"#,
        ),
        (
            "replaced",
            r#"my $t = "ab" x 500000; while ($t =~ s/a/bb/g) { $t .= "a"; unlink "logs/one.log" if length($t) == 3; }"#,
        ),
        (
            "calls",
            r#"sub f { my ($n) = @_; return $n < 2 ? $n : f($n-1) + f($n-2); } unlink "logs/one.log" if f(30) == 3;"#,
        ),
        (
            "braces",
            r#"unlink glob("logs/{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}"); unlink "logs/one.log";"#,
        ),
    ];
    let scene = scripts();
    for (name, text) in ENDLESS {
        let file = format!("{name}.pl");
        scene.write(&file, text);
        let began = std::time::Instant::now();
        scene.loses(".", &[&format!("perl {file}")]);
        let took = began.elapsed();
        // What these took before values were weighed: up to half a minute.
        assert!(took.as_secs() < 60, "{name}: {took:?}");
    }
}

#[test]
fn settings_say_what_a_script_unlinks() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "perl spool.pl drop.conf",
            "perl spool.pl tree.conf",
            "sed 's/tmp/eml/' none.conf > now.conf; perl spool.pl now.conf",
            "cp drop.conf none.conf; perl spool.pl drop.conf",
        ],
    );
    scene.keeps(".", &["perl spool.pl none.conf", "perl spool.pl list.conf"]);
}

#[test]
fn options_say_what_a_walk_removes() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "perl prune.pl -f data",
            "perl prune.pl -fs .jpg data",
            "perl prune.pl -f -s .jpg data logs",
            "perl prune.pl -fs.jpg .",
            "perl keep.pl --max 1",
            "perl keep.pl --no-dry-run --dry-run --nodry-run --max=0",
            "perl -MFile::Path=remove_tree -e 'remove_tree($_) for grep { -d } @ARGV' none data",
        ],
    );
    scene.keeps(
        ".",
        &[
            "perl prune.pl data",
            "perl prune.pl -s .jpg data",
            "perl prune.pl -f logs",
            "perl keep.pl",
            "perl keep.pl --max 0 --dry-run",
            "perl -MFile::Path=remove_tree -e 'remove_tree($_) for grep { -d } @ARGV' none other",
        ],
    );
}

#[test]
fn a_name_that_is_taken_is_written_over() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "perl number.pl --from february --to march data",
            "perl -e 'for (glob \"data/*.csv\") { my $n = $_; $n =~ s/february/march/; rename $_, $n }'",
            "perl tail.pl -n 2 logs/app.log",
            "perl tail.pl --lines 1 logs/one.log logs/app.log",
        ],
    );
    scene.keeps(
        ".",
        &[
            "perl number.pl --from february --to april data",
            "perl number.pl --check --from february --to march data",
            "perl -e 'for (glob \"data/*.csv\") { my $n = $_; $n =~ s/february/march/; rename $_, $n unless -e $n }'",
            "perl tail.pl -n 500 logs/app.log logs/one.log",
            "perl tail.pl -n 1 --stdout logs/app.log",
        ],
    );
}

#[test]
fn what_is_not_known_excuses_nothing() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            // What another program does first may decide.
            "make something; perl -e 'unlink \"data/march.csv\" if -e \"data/march.csv\"'",
            "touch gone; perl -e 'unlink \"data/march.csv\" if -e \"gone\"'",
            "perl -e 'unlink \"data/march.csv\" if $ENV{WIPE}'",
            "perl -e 'system(\"make x\") and unlink \"data/march.csv\"'",
            "perl -e 'eval { die 1 if -e \"none\"; 1 } and unlink \"data/march.csv\"'",
            "perl -Mlib=lib -e 'use Own; unlink \"data/march.csv\" if Own::wants()'",
            "perl -e 'do { unlink \"data/march.csv\" } while (0)'",
            "perl -e 'sub rename { 1 } rename \"data/march.csv\", \"data/february.csv\"'",
            "perl -e 'eval { return 1 }; unlink \"data/march.csv\"'",
            "perl -e '$SIG{__DIE__} = sub { unlink \"data/march.csv\" }; die 1'",
            "perl -e 'sub all { my @x = (1, 0); return @x } unlink \"data/march.csv\" if all()'",
            "ln -s /tmp away; perl -e 'unlink \"away/../data/march.csv\"'",
            // What stood elsewhere before goes with its new name.
            "perl -e 'rename \"data/march.csv\", \"data/x\"; unlink \"data/x\"'",
            "perl -e 'rename \"data/march.csv\", \"data/x\"; open my $f, \">\", \"data/x\" or die; print $f 1'",
        ],
    );
}

#[test]
fn options_that_are_declared_say_what_node_and_ruby_remove() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "node export.js --out data --clean",
            "node export.js --clean -o data",
            "node export.js --out=none --out=data --clean",
            "node seed.js --reset --dir data",
            "ruby bin/groups.rb --group data",
            "ruby bin/groups.rb -gdata",
            "for g in gone data; do ruby bin/groups.rb -g $g; done",
        ],
    );
    scene.keeps(
        ".",
        &[
            "node export.js --out data",
            "node export.js --clean",
            "node seed.js --reset",
            "node seed.js --dir data",
            "ruby bin/groups.rb",
            "ruby bin/groups.rb -n --group data",
            "ruby bin/groups.rb --group data --noop",
        ],
    );
}

#[test]
fn a_justfile_is_given_variables_and_recipes_in_a_row() {
    let scene = scripts();
    scene.loses(
        ".",
        &[
            "just dir=data wipe deep",
            "just --set dir data wipe deep",
            "just dir=data list wipe deep",
        ],
    );
    scene.keeps(
        ".",
        &[
            "just wipe deep",
            "just list wipe deep",
            "just other=data wipe deep",
        ],
    );
}

#[test]
fn the_order_of_names_in_a_folder_is_not_known() {
    let scene = scripts();
    // Which of the two it is nobody can say before: both are named.
    let unsorted = "perl -e 'opendir my $d, \"data\" or die; my @f = grep { /csv$/ } readdir $d; shift @f; unlink \"data/$_\" for @f'";
    let sorted = "perl -e 'opendir my $d, \"data\" or die; my @f = sort grep { /csv$/ } readdir $d; shift @f; unlink \"data/$_\" for @f'";
    let judged = scene.judged(".", &[unsorted, sorted]);
    let names = |at: usize, name: &str| judged[at].to_string().contains(name);
    assert!(
        names(0, "march.csv") && names(0, "february.csv"),
        "{:?}",
        judged[0]
    );
    assert!(
        names(1, "data/march.csv") && !names(1, "data/february.csv"),
        "{:?}",
        judged[1]
    );
}

/// A project with databases in which `users` has rows and `queue` has none.
fn databases() -> Scene {
    let scene = Scene::empty();
    for name in ["app.db", "data/shop.db"] {
        scene.write(name, "");
        let connection = rusqlite::Connection::open(scene.path(name)).unwrap();
        let text = "CREATE TABLE users(id INTEGER PRIMARY KEY, age); CREATE TABLE queue(id); CREATE TABLE blobs(k); \
            INSERT INTO users(age) VALUES (20), (30), (40); INSERT INTO blobs VALUES (x'6b35')";
        connection.execute_batch(text).unwrap();
    }
    scene.write("conf.py", "DB = 'app.db'\n");
    for (name, text) in [
        (
            "two.py",
            "mem = sqlite3.connect(':memory:'); mem.execute('create table users(id, age)')\nreal = sqlite3.connect('app.db'); real.execute('DELETE FROM users WHERE age > 25'); real.commit()\n",
        ),
        (
            "caught.py",
            "c = sqlite3.connect('app.db')\ntry:\n    c.execute('CREATE TABLE users(id)')\nexcept sqlite3.OperationalError:\n    pass\nc.execute('DELETE FROM users'); c.commit()\n",
        ),
        (
            "folder.py",
            "os.chdir('data'); c = sqlite3.connect('shop.db'); c.execute('delete from users'); c.commit()\n",
        ),
        (
            "moved.py",
            "os.rename('app.db', 'work.db'); c = sqlite3.connect('work.db'); c.execute('delete from users'); c.commit()\n",
        ),
        (
            "taken.py",
            "DB = 'dev.db'\nfrom conf import *\nc = sqlite3.connect(DB); c.execute('delete from users'); c.commit()\n",
        ),
        (
            "level.py",
            "c = sqlite3.connect('app.db', 5.0, 0, None)\nc.execute('delete from users where age > 25')\nif '--commit' in sys.argv: c.commit()\n",
        ),
        (
            "kept.py",
            "c = sqlite3.connect('app.db', timeout=5)\nc.execute('delete from users where age > 25')\nif '--commit' in sys.argv: c.commit()\n",
        ),
        (
            "bytes.py",
            "c = sqlite3.connect('app.db'); c.execute('DELETE FROM blobs WHERE k = ?', (b'k5',)); c.commit()\n",
        ),
        (
            "not.py",
            "c = sqlite3.connect('app.db')\nfor (i,) in c.execute('SELECT id FROM users'): c.execute('DELETE FROM users WHERE NOT id = ?', (i,))\nc.commit()\n",
        ),
        (
            "fill.py",
            "c = sqlite3.connect('app.db')\nc.executemany('INSERT INTO queue VALUES (?)', [(1,), (2,)])\nc.execute('DELETE FROM users WHERE id IN (SELECT id FROM queue)'); c.commit()\n",
        ),
        (
            "none.py",
            "c = sqlite3.connect('app.db')\nc.execute('DELETE FROM users WHERE id = ?', (77,)); c.commit()\n",
        ),
    ] {
        scene.write(name, &format!("import os, sqlite3, sys\n{text}"));
    }
    scene
}

#[test]
fn rows_that_go_are_found_whatever_the_code_does_before() {
    let scene = databases();
    scene.loses(
        ".",
        &[
            "python3 two.py",
            "python3 caught.py",
            "python3 folder.py",
            "python3 moved.py",
            "python3 taken.py",
            "python3 level.py",
            "python3 kept.py --commit",
            "python3 bytes.py",
            "python3 not.py",
            "python3 fill.py",
            "sqlite3 app.db 'INSERT INTO queue SELECT id FROM users; DELETE FROM users WHERE id IN (SELECT id FROM queue)'",
            "sqlite3 app.db 'INSERT INTO queue SELECT id FROM users' && sqlite3 app.db 'DELETE FROM users WHERE id IN (SELECT id FROM queue)'",
            "sqlite3 app.db '.import ids.csv queue' 'DELETE FROM users WHERE id IN (SELECT id FROM queue)'",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 kept.py",
            "python3 none.py",
            "sqlite3 app.db 'DELETE FROM users WHERE id IN (SELECT id FROM queue)'",
            "sqlite3 app.db 'DELETE FROM users WHERE age > 90'",
        ],
    );
}

#[test]
fn patterns_and_modes_of_perl_are_read() {
    let scene = scripts();
    scene.write("glob.pl", "unlink <data/*.csv>;\n");
    scene.write(
        "held.pl",
        "my $d = 'data'; my @old = <$d/*.csv>; unlink @old;\n",
    );
    scene.write(
        "mode.pl",
        "open my $f, '+>', 'data/march.csv' or die; close $f;\n",
    );
    scene.write("other.pl", "unlink <none/*.csv>;\n");
    scene.loses(".", &["perl glob.pl", "perl held.pl", "perl mode.pl"]);
    scene.keeps(".", &["perl other.pl"]);
}

#[test]
fn tests_of_the_project_that_remove_what_is_there_are_found() {
    let scene = scripts();
    scene.write(
        "tests/test_data.py",
        "import glob, os, unittest\n\n\nclass DataTest(unittest.TestCase):\n    folder = \"data\"\n\n    def tearDown(self):\n        for f in glob.glob(os.path.join(self.folder, \"*.csv\")):\n            os.remove(f)\n\n    def test_it(self):\n        self.assertTrue(True)\n",
    );
    scene.write(
        "checks/test_own.py",
        "import os, unittest\n\n\nclass OwnTest(unittest.TestCase):\n    def test_it(self):\n        with open(\"own.out\", \"w\") as f:\n            f.write(\"x\")\n        os.remove(\"own.out\")\n        if os.path.exists(\"gone.db\"):\n            os.remove(\"gone.db\")\n",
    );
    scene.loses(
        ".",
        &[
            "python3 -m unittest tests.test_data",
            "python3 -m unittest discover -s tests",
            "python3 -m unittest discover -s tests -t . -p 'test_*.py'",
            "python3 -m pytest tests/test_data.py::DataTest::test_it",
            "pytest -q",
            "pytest tests",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 -m unittest checks.test_own",
            "pytest checks/test_own.py",
            "pytest checks -q",
            "pytest --collect-only",
        ],
    );
}

#[test]
fn ways_in_which_options_are_read_change_nothing_for_plain_words() {
    let scene = scripts();
    scene.write(
        "bundling.pl",
        "use strict;\nuse Getopt::Long qw(:config bundling no_ignore_case);\nmy $go = 0;\n\
         GetOptions('go|g' => \\$go, 'keep=s' => \\my $keep) or die 'usage';\n\
         my $name = shift;\nunlink $name if $go;\n",
    );
    scene.loses(
        ".",
        &[
            "perl bundling.pl --go data/march.csv",
            "perl bundling.pl data/march.csv -g",
        ],
    );
    scene.keeps(
        ".",
        &[
            "perl bundling.pl data/march.csv",
            "perl bundling.pl --keep g data/march.csv",
        ],
    );
}

#[test]
fn words_of_which_only_some_are_there_leave_the_places_of_the_others_open() {
    let scene = Scene::built(
        "git init -q; mkdir -p old data; for i in 1 2 3; do echo $i > old/$i.csv; done; echo x > data/a.csv; echo y > new.csv
        cat > put.sh <<'END'
from=$1; shift
to=
while [ $# -gt 0 ]; do
  case $1 in
    --to) to=$2; shift ;;
    *) exit 2 ;;
  esac
  shift
done
cp -- \"$from\" data/a.csv
END
        ",
    );
    scene.loses(
        ".",
        &[
            "sh put.sh old/$(ls old | head -1) --to x",
            "sh put.sh old/1.csv --to x",
            "f() { x=$1; shift; case $1 in --to) ;; *) exit 3;; esac; cp new.csv data/a.csv; }; f $(ls old | tail -1) --to",
        ],
    );
    scene.keeps(
        ".",
        &[
            "sh put.sh old/1.csv other --to x",
            "sh put.sh old/1.csv --nothing",
        ],
    );
}

#[test]
fn a_list_in_a_variable_is_no_text_that_a_condition_could_be_sure_of() {
    let scene =
        Scene::built("git init -q; mkdir -p data one two; echo x > data/a.csv; echo x > one/b.csv");
    scene.loses(
        ".",
        &[
            "x=$(ls -d */); if [[ \"$x\" == $'data/\\none/\\ntwo/' ]]; then rm -rf data; fi",
            "x=$(ls -d */); if [ \"$x\" = 'data/\none/\ntwo/' ]; then rm -rf data; fi",
            "x=$(find one two); case \"$x\" in one*two) rm -rf data ;; esac",
            "x=$(ls | tail -n +9); if [ -z \"$x\" ]; then rm -rf data; fi",
        ],
    );
    scene.keeps(
        ".",
        &[
            "x=$(ls one); [ \"$x\" = c.csv ] && rm -rf data",
            "x=$(ls | wc -l); [ \"$x\" -gt 9 ] && rm -rf data",
        ],
    );
}

#[test]
fn names_that_the_call_itself_leads_elsewhere_are_followed() {
    let scene = Scene::built(
        "git init -q; mkdir -p data/sub bin one; echo x > data/a.csv; echo x > data/sub/b.csv; echo y > one/c.csv
        printf '#!/bin/sh\\nrm -rf data\\n' > bin/tidy; printf '#!/bin/sh\\necho ok\\n' > bin/fine; chmod +x bin/*
        printf '%s\\n' 'a=(a.csv); rm \"${a[@]/#/data/}\"' > front.sh
        printf '%s\\n' '[ -f nothing ] || return 0' 'rm -rf data' > back.sh",
    );
    scene.loses(
        ".",
        &[
            "PATH=$PWD/bin:$PATH tidy",
            "PATH=$PATH:$PWD/bin tidy",
            "export PATH=\"$PWD/bin:$PATH\"; tidy",
            "CDPATH=data; cd sub; rm b.csv",
            "CDPATH=data cd sub && rm b.csv",
            "alias rm=echo; rm -rf data",
            "bash front.sh",
            "bash back.sh",
        ],
    );
    scene.keeps(
        ".",
        &[
            "PATH=$PWD/bin:$PATH fine",
            "export PATH=\"$HOME/.cargo/bin:$PATH\"; cargo build",
            "CDPATH=one; cd sub; rm b.csv",
            ". ./back.sh",
            "f() { return 0; rm -rf data; }; f",
            "alias ls='ls --color'; ls",
            "alias k=kubectl; k get pods",
        ],
    );
}

#[test]
fn what_a_search_starts_prints_names_too_and_filters_do_what_their_options_say() {
    let scene = Scene::built(
        "git init -q; mkdir -p data; echo alpha > data/a.csv; echo beta > data/b.csv; ln -s data latest",
    );
    scene.loses(
        ".",
        &[
            "find data -type f -exec grep -l alpha {} \\; | xargs rm",
            "find data -type f -exec grep -q alpha {} \\; -print | xargs rm",
            "find data -type f -exec grep -l alpha {} + | while read f; do rm \"$f\"; done",
            "for f in $(find data -type f -exec grep -l alpha {} +); do rm \"$f\"; done",
            "for f in $(grep alpha data/a.csv data/b.csv | cut -d: -f1); do rm \"$f\"; done",
            "x=$(printf 'data\\ndata\\nx\\n' | uniq -d); rm -rf \"$x\"",
            "x=$(tr -cd a-z <<<data1); rm -rf \"$x\"",
            "x=$(cut --complement -c5- <<<data=1); rm -rf \"$x\"",
            "x=$(printf '10\\n9\\n' | sort -n | head -1); [ \"$x\" = 9 ] && rm -rf data",
            "rm -rf \"./$(readlink latest)\"",
        ],
    );
    scene.keeps(
        ".",
        &[
            "find data -type f -exec grep -l alpha {} + | wc -l",
            "find data -name '*.tmp' -exec rm {} + | xargs echo",
            "x=$(tr -d 0-9 <<<data1); echo \"$x\"",
            "printf 'build\\nbuild\\n' | sort -u | xargs rm -rf",
            "x=$(printf '10\\n9\\n' | sort -n | head -1); [ \"$x\" = 10 ] && rm -rf data",
        ],
    );
}
