//! `check --facts here` where what follows is reached after all, or a name leads elsewhere: jumps that jump nowhere, shells that know less,
//! descriptors, links of the same call, and runners that find their tasks in a folder above. Nothing is run.

use crate::scene::Scene;

const DATA: &str =
    "mkdir -p data lib/sub out && echo 1 > data/1.csv && echo u > u.txt && echo a > a.txt\n";

#[test]
fn a_jump_that_leads_nowhere_stops_nothing() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf 'break\\nrm -rf data\\n' > top.sh
        printf 'return\\nrm -rf data\\n' > back.sh
        printf 'for i in 1 2; do break; rm -rf data; done\\n' > loop.sh
        "
    ));
    scene.loses(
        ".",
        &[
            "break; rm -rf data",
            "continue 2; rm -rf data",
            "bash top.sh",
            "f() { break; rm -rf data; }; for i in 1; do f; done",
            "for i in 1; do (break; rm -rf data); done",
            "f() { bash back.sh; }; f",
        ],
    );
    scene.keeps(
        ".",
        &[
            "bash loop.sh",
            "while true; do break; rm -rf data; done",
            "for i in 1 2; do [ $i = 1 ] && break; rm -rf data; done",
            "for f in x; do eval break; rm -rf data; done",
            "f() { return; rm -rf data; }; f",
            "f() { for i in 1; do break; rm -rf data; done; }; f",
        ],
    );
}

#[test]
fn a_shell_called_sh_may_know_no_more_than_posix() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf '#!/bin/sh\\nif [ \"$1\" == x ]; then exit 0; fi\\nrm -rf data\\n' > odd.sh && chmod +x odd.sh
        printf '#!/bin/sh\\nif [ \"$1\" = x ]; then exit 0; fi\\nrm -rf data\\n' > even.sh && chmod +x even.sh
        "
    ));
    scene.loses(
        ".",
        &[
            "sh odd.sh x",
            "./odd.sh x",
            "sh -c '[[ a == a ]] && exit 0; rm -rf data'",
            "dash -c 'if (( 1 > 0 )); then exit 0; fi; rm -rf data'",
            "sh -c 'rm -rf $(echo \"x\\ndata\")'",
        ],
    );
    scene.keeps(
        ".",
        &[
            "bash odd.sh x",
            "sh even.sh x",
            "./even.sh x",
            "bash -c 'rm -rf $(echo \"x\\ndata\")'",
            "sh -c '[ a = a ] && exit 0; rm -rf data'",
        ],
    );
}

#[test]
fn who_writes_through_a_descriptor_or_a_link_writes_over_what_is_there() {
    let scene = Scene::built(DATA);
    scene.loses(
        ".",
        &[
            "exec 3<>u.txt; echo >&3",
            "exec {fd}<>u.txt; echo x >&$fd",
            "echo hi 1<>u.txt",
            "ln -s u.txt l; echo x > l",
            "ln -s u.txt l; cp a.txt l",
            "ln -s u.txt l; ln -s l m; tee m < a.txt",
            "ln -s ../u.txt out/l && echo x > out/l",
            "ln -s ../data lib/b && rm lib/b/../u.txt",
            "t=$(mktemp -d); ln -s \"$PWD/u.txt\" \"$t/l\"; echo x > \"$t/l\"",
        ],
    );
    scene.keeps(
        ".",
        &[
            "exec 3<>u.txt; read -u 3 line; exec 3>&-",
            "exec 9<>u.txt; flock 9; echo done >&2",
            "ln -s u.txt l; echo x >> l",
            "ln -s u.txt l; rm l; echo x > l",
            "ln -s u.txt l; mv -f l m; echo x > l",
            "ln -s ../fresh out/l && echo x > out/l",
            "t=$(mktemp -d); ln -s \"$PWD/u.txt\" \"$t/l\"; echo x > \"$t/other\"",
        ],
    );
}

#[test]
fn a_runner_finds_its_tasks_in_a_folder_above() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf '{{\"scripts\":{{\"clean\":\"rm -rf data\",\"list\":\"ls\"}}}}' > package.json
        printf 'clean:\\n\\trm -rf data\\nlist:\\n\\tls\\n' > justfile
        printf 'version: \"3\"\\ntasks:\\n  clean:\\n    cmds:\\n      - rm -rf data\\n  list:\\n    cmds:\\n      - ls\\n' > Taskfile.yml
        printf 'task :clean do\\n  sh \"rm -rf data\"\\nend\\n' > Rakefile
        printf '[tool.poe.tasks]\\nclean = \"rm -rf data\"\\nlist = \"ls\"\\n' > pyproject.toml
        mkdir -p own && printf '{{\"scripts\":{{\"clean\":\"rm -rf dist\"}}}}' > own/package.json
        "
    ));
    scene.loses(
        "lib/sub",
        &[
            "npm run clean",
            "pnpm clean",
            "just clean",
            "task clean",
            "rake clean",
            "poe clean",
        ],
    );
    scene.loses(
        ".",
        &[
            "cd lib && npm run clean",
            "cd lib && just -f ../justfile clean",
        ],
    );
    scene.keeps(
        "lib/sub",
        &["npm run list", "just list", "task list", "poe list"],
    );
    scene.keeps(
        ".",
        &[
            "cd own && npm run clean",
            "npm --prefix lib run clean",
            "just -f justfile -d lib clean",
        ],
    );
}

#[test]
fn a_loop_over_many_names_asks_as_often_as_it_has_to() {
    let scene = Scene::built(DATA);
    scene.keeps(
        ".",
        &["for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -f data/$i.csv ] && wc -l data/$i.csv; done"],
    );
    scene.loses(
        ".",
        &["for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -f data/$i.csv ] && rm data/$i.csv; done"],
    );
}

#[test]
fn an_archive_that_the_call_made_lands_on_what_is_there() {
    let scene = Scene::built(DATA);
    scene.loses(
        ".",
        &[
            "mkdir -p t && echo q > t/u.txt && tar cf x.tar -C t u.txt && tar xf x.tar",
            "mkdir -p t/data && echo q > t/data/1.csv && tar -C t -czf /tmp/x.tgz . && tar xzf /tmp/x.tgz",
            "mkdir -p t && echo q > t/u.txt && (cd t && zip -qr ../x.zip u.txt) && unzip -o x.zip",
            "mkdir -p t/top && echo q > t/top/u.txt && tar cf x.tar -C t top && tar xf x.tar --strip-components=1",
        ],
    );
    scene.keeps(
        ".",
        &[
            "mkdir -p t && echo q > t/new.txt && tar cf x.tar -C t new.txt && tar xf x.tar",
            "tar cf x.tar data && tar xf x.tar",
            "tar cf x.tar data && mkdir y && tar xf x.tar -C y",
            "mkdir -p t/top && echo q > t/top/u.txt && tar cf x.tar -C t top && tar xf x.tar -C out",
        ],
    );
}

#[test]
fn lists_of_other_languages_and_calls_that_are_handed_on_are_read() {
    let scene = Scene::built(&format!(
        "{DATA}
        printf 'package main\\nimport \"os\"\\nfunc main() {{ for _, d := range []string{{\"data\"}} {{ os.RemoveAll(d) }} }}\\n' > list.go
        printf 'package main\\nimport \"os\"\\nfunc main() {{ for _, d := range []string{{\"none\"}} {{ os.RemoveAll(d) }} }}\\n' > none.go
        printf 'class W {{ void f() throws Exception {{ Files.walk(Path.of(\"data\")).forEach(p -> p.toFile().delete()); }} }}\\n' > W.java
        printf 'class L {{ void f() throws Exception {{ Files.walk(Path.of(\"data\")).forEach(System.out::println); }} }}\\n' > L.java
        "
    ));
    scene.loses(
        ".",
        &[
            "go run list.go",
            "java W.java",
            "Rscript -e 'do.call(\"unlink\", list(\"data\", recursive=TRUE))'",
            "Rscript -e 'lapply(c(\"data\"), unlink, recursive=TRUE)'",
            "julia -e 'foreach(rm, [\"u.txt\"])'",
            "tclsh <<< 'eval exec [list rm -rf data]'",
            "php -r 'use Symfony\\Component\\Filesystem\\Filesystem; (new Filesystem())->remove(\"data\");'",
            "node -e 'import(\"del\").then(d => d.deleteAsync([\"data\"]))'",
        ],
    );
    scene.keeps(
        ".",
        &[
            "go run none.go",
            "java L.java",
            "Rscript -e 'lapply(c(\"data\"), list.files)'",
            "julia -e 'foreach(println, [\"u.txt\"])'",
            "tclsh <<< 'eval exec [list ls data]'",
        ],
    );
}

#[test]
fn a_list_of_which_only_what_is_behind_a_number_goes_is_counted() {
    let scene = Scene::built("mkdir dumps && for i in 1 2 3; do echo $i > dumps/$i.sql; done\n");
    scene.keeps(
        ".",
        &[
            "ls -1t dumps/*.sql | awk 'NR > 3' | xargs -r rm -f",
            "ls -1t dumps/*.sql | awk -v keep=5 'NR > keep {print $0}' | xargs -r rm -f",
            "ls -1t dumps/*.sql | sed '1,3d' | xargs -r rm -f",
            "ls -1t dumps/*.sql | sed -n '4,$p' | xargs -r rm -f",
        ],
    );
    scene.loses(
        ".",
        &[
            "ls -1t dumps/*.sql | awk 'NR > 2' | xargs -r rm -f",
            "ls -1t dumps/*.sql | awk -v keep=2 'NR > keep {print $0}' | xargs -r rm -f",
            "ls -1t dumps/*.sql | sed '1,2d' | xargs -r rm -f",
            "ls -1t dumps/*.sql | sed -n '3,$p' | xargs -r rm -f",
            "cp dumps/1.sql dumps/4.sql && ls -1t dumps/*.sql | awk 'NR > 3' | xargs -r rm -f",
        ],
    );
}

#[test]
fn a_jump_out_of_several_loops_leaves_them_all() {
    let scene = Scene::built(DATA);
    scene.keeps(
        ".",
        &[
            "for i in 1; do for j in 1 2; do [ $j = 2 ] && break 2; done; rm -rf data; done",
            "for i in 1; do for j in 1; do break 9; done; rm -rf data; done",
        ],
    );
    scene.loses(
        ".",
        &[
            "for i in 1; do for j in 1; do for k in 1; do break 2; done; done; rm -rf data; done",
            "for i in 1; do for j in 1 2; do break $X; done; rm -rf data; done",
            "for i in 1; do for j in 1; do break 9; done; done; rm -rf data",
            "for i in 1 2; do for j in 1; do [ -n \"$X\" ] && break 2; done; rm -rf data; done",
        ],
    );
}

const STANDS: &str = "mkdir -p data/sub backups in && for i in a b c; do echo $i > data/$i.csv; echo n$i > in/$i.csv; done
for i in 1 2 3; do echo $i > backups/db$i.sql; done
echo t > todo.txt && echo R > README.md && printf 'zz:\\n\\techo\\n' > Makefile && printf 'todo.txt\\n' > files.lst && tar cf arc.tar todo.txt
git add README.md in Makefile && git commit -q -m x\n";

#[test]
fn what_stands_behind_a_pattern_may_be_any_of_its_names() {
    let scene = Scene::built(&format!("git init -q .; {STANDS}"));
    scene.loses(
        ".",
        &[
            "set -- data/*.csv; rm \"$2\"",
            "set -- backups/*; shift; rm \"$@\"",
            "a=(backups/*); rm \"${a[@]:1}\"",
            "a=(backups/*); for f in \"${a[@]:1}\"; do rm \"$f\"; done",
            "f=$(ls -t backups/* | head -1); truncate -s0 \"$f\"",
            "f=$(ls -t backups/* | head -1); sed -i d \"$f\"",
            "declare -i n=1+1; rm backups/db$n.sql",
            "rm() { :; }; /bin/rm -rf data",
        ],
    );
    scene.keeps(
        ".",
        &[
            "set -- in/*.csv; cat \"$1\"; shift; wc -l \"$@\"",
            "f=$(ls -t backups/* | head -1); cp \"$f\" /tmp/x",
            "f=$(ls in/* | head -1); sed -i s/n/m/ \"$f\"",
            "rm() { :; }; rm -rf data",
            "declare -i n=5; echo $n",
        ],
    );
}

#[test]
fn what_is_kept_aside_and_then_removed_is_gone() {
    let scene = Scene::built(&format!("git init -q .; {STANDS}"));
    scene.loses(
        ".",
        &[
            "sed -i.bak s/t/x/ todo.txt; rm todo.txt.bak",
            "sed -i.bak s/t/x/ todo.txt && rm -f *.bak",
            "perl -i.bak -pe s/t/x/ todo.txt; rm todo.txt.bak",
            "cp -b README.md todo.txt; rm todo.txt~",
            "mv todo.txt t.old; rm *.old",
            "cp --backup=none README.md todo.txt",
            "VERSION_CONTROL=none cp -b README.md todo.txt",
            "ln todo.txt H; : > H",
            "cp -al data bk; : > bk/a.csv",
            "cp -s \"$PWD/todo.txt\" L; : > L",
            "ln -s todo.txt L; mv L M; : > M",
        ],
    );
    scene.keeps(
        ".",
        &[
            "sed -i.bak s/R/x/ README.md && rm -f README.md.bak",
            "sed -i.bak s/t/x/ todo.txt",
            "mv README.md R.old; rm *.old",
            "cp -b README.md todo.txt",
            "cp --backup=numbered README.md todo.txt",
            "ln todo.txt H; echo x >> H",
            "ln README.md H; rm H",
        ],
    );
}

#[test]
fn files_that_are_written_in_other_words_are_written_over() {
    let scene = Scene::built(&format!("git init -q .; {STANDS}"));
    scene.loses(
        ".",
        &[
            "tar --extract --file arc.tar",
            "tar xf arc.tar -T files.lst",
            "cp --target-dir=data in/a.csv",
            "sort --out=todo.txt README.md",
            "ed -s todo.txt <<< $'1d\\nw\\nq'",
            "printf '1d\\nw\\n' | ed -s todo.txt",
            "python3 -c 'open(\"todo.txt\",\"r+\").truncate()'",
            "python3 -c 'with open(\"todo.txt\",\"r+b\") as h: h.seek(0); h.write(b\"x\")'",
            "python3 -c 'open(\"todo.txt\",\"a\").truncate(0)'",
            "curl -sotodo.txt https://example.org/z",
            "cd data; curl -sO https://example.org/a.csv",
            "curl -O --output-dir data https://example.org/a.csv",
            "exec 2>>todo.txt; echo warn > /dev/stderr",
            "bash -c 'echo warn > /dev/stderr' 2>>todo.txt",
            "pushd data; pushd; rm todo.txt",
            "HOME=$PWD/data; cd; rm a.csv",
            "cd data sub 2>/dev/null; rm todo.txt",
            "printf 'qq:\\n\\trm todo.txt\\n' >> Makefile; make qq",
            "git -c clean.requireForce=0 clean -d",
        ],
    );
    scene.keeps(
        ".",
        &[
            "tar --list --file arc.tar",
            "ed -s todo.txt <<< $'1p\\nq'",
            "python3 -c 'print(open(\"todo.txt\",\"r+\").read())'",
            "python3 -c 'with open(\"todo.txt\",\"r+\") as h: h.seek(0, 2); h.write(\"x\")'",
            "curl -so /dev/null https://example.org/z",
            "curl -sO https://example.org/fresh.tgz",
            "echo x > /dev/stderr",
            "echo x 2>>todo.txt; echo y > /dev/stderr",
            "pushd data; pushd; ls; popd",
        ],
    );
}

#[test]
fn a_rehearsal_of_a_script_is_one_inside_its_loops_too() {
    let scene = Scene::built(&format!(
        "{DATA}
        cat > tidy.sh <<'END'
#!/bin/bash
set -euo pipefail
dry=${{DRY_RUN:-0}}
while [[ $# -gt 0 ]]; do
  case $1 in
    -n|--dry-run) dry=1; shift ;;
    *) exit 64 ;;
  esac
done
run() {{ if [[ \"$dry\" == 1 ]]; then printf '%q ' \"$@\"; else \"$@\"; fi; }}
kept=0
while IFS= read -r f; do
  kept=$((kept + 1))
  if ((kept > 0)); then run rm -f -- \"$f\"; fi
done < <(find data -name '*.csv' | sort -r)
END
        sed 's/  kept=/  dry=0; kept=/' tidy.sh > odd.sh
        sed 's/^run() {{/run() {{ local dry=$dry;/; s/  kept=/  dry=0; kept=/' tidy.sh > local.sh
        chmod +x tidy.sh odd.sh local.sh
        "
    ));
    scene.keeps(".", &["./tidy.sh --dry-run", "DRY_RUN=1 ./tidy.sh"]);
    scene.loses(
        ".",
        &[
            "./tidy.sh",
            "./odd.sh --dry-run",
            "./local.sh -n",
            "DRY_RUN=0 ./tidy.sh",
        ],
    );
}

#[test]
fn a_later_round_of_a_loop_finds_what_the_first_has_set() {
    let scene = Scene::built(DATA);
    scene.loses(
        ".",
        &[
            "D=echo; for f in *; do $D u.txt; D=rm; done",
            "D=echo; for d in */; do $D u.txt; D=rm; done",
            "D=echo; for ((i = 0; i < 3; i++)); do $D u.txt; D=rm; done",
            "D=1; for f in data/?.csv u.txt; do ${D:+echo} rm \"$f\"; D=; done",
            "D=tmp/x; for d in */; do echo > $D; D=u.txt; done",
            "d_() { :; }; for ((i = 0; i < 3; i++)); do d_; d_() { rm u.txt; }; done",
            "A=(1 2); for f in *; do [ \"${A[*]}\" = '1 2' ] || rm u.txt; IFS=:; done",
            "first=1; for f in $(ls); do [ $first = 1 ] || rm -rf \"$f\"; first=0; done",
        ],
    );
    scene.keeps(
        ".",
        &[
            "D=1; for f in data/?.csv; do ${D:+echo} rm \"$f\"; done",
            "D=1; while IFS= read -r f; do D=0 true; if [ $D = 1 ]; then echo; else rm \"$f\"; fi; done < <(ls)",
            "n=0; for f in $(ls); do n=$((n + 1)); echo \"$n $f\"; done",
        ],
    );
}

#[test]
fn an_iterator_of_python_goes_on_where_it_was_left() {
    let scene = Scene::built(&format!(
        "{DATA}
        cat > fixtures.py <<'END'
import pathlib, shutil, sys
def main(argv):
    out, fresh = pathlib.Path('gone'), False
    it = iter(argv)
    for one in it:
        if one == '--out':
            out = pathlib.Path(next(it))
        elif one == '--fresh':
            fresh = True
    if fresh and out.exists():
        shutil.rmtree(out)
main(sys.argv[1:])
END
        cat > grown.py <<'END'
import os
names = ['none']
it = iter(names)
for name in it:
    if os.path.exists(name):
        os.remove(name)
    if len(names) < 2:
        names.append('u.txt')
END
        "
    ));
    scene.loses(
        ".",
        &[
            "python3 fixtures.py --out data --fresh",
            "python3 fixtures.py --fresh --out data",
            "python3 grown.py",
        ],
    );
    scene.keeps(
        ".",
        &[
            "python3 fixtures.py --out data",
            "python3 fixtures.py --fresh",
            "python3 fixtures.py --out nowhere --fresh",
        ],
    );
}

const SWAP: &str = r#"live=$1 new=$2 prev=$1.prev
if [[ -e "$prev" ]]; then
  exit 1
fi
mv -T -- "$live" "$prev"
if ! mv -T -- "$new" "$live"; then
  mv -T -- "$prev" "$live"
  exit 1
fi
if [ "$3" = discard ]; then
  rm -rf -- "$prev"
fi
"#;

#[test]
fn what_a_way_out_would_have_moved_back_is_still_there() {
    let scene = Scene::built(&format!("{DATA}\nmkdir new; echo x > new/x\n"));
    scene.writes(&[("swap.sh", SWAP)]);
    scene.loses(
        ".",
        &[
            "bash swap.sh data new discard",
            "mv data t; if [ -n \"$STAY\" ]; then mv t data; exit 1; fi; rm -rf t",
        ],
    );
    scene.keeps(
        ".",
        &[
            "bash swap.sh data new keep",
            "mv data t; mv t data; rm -rf t",
        ],
    );
}

#[test]
fn one_list_of_parameters_or_another() {
    let scene = Scene::built(DATA);
    scene.loses(
        ".",
        &[
            "if [ -n \"$Q\" ]; then set -- echo; else set -- rm -rf data; fi; \"$@\"",
            "set -- -f data/*; [ -n \"$DRY\" ] && set -- --help \"$@\"; rm \"$@\"",
            "f() { [ -n \"$Q\" ] && shift; [ $# = 1 ] && rm -rf data; }; f a",
        ],
    );
    scene.keeps(
        ".",
        &[
            "set -- data; [ -n \"$Q\" ] && set -- data -la; ls \"$@\"",
            "set -- a b; while [ $# -gt 0 ]; do case $1 in c) rm -rf data ;; esac; shift; done",
            "exec ls; rm -rf data",
        ],
    );
}
