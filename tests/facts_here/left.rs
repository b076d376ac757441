//! `check --facts here` where only the world tells: operations that have stopped, branches that are changed to, remotes that lie beside,
//! lists, links and content that is there already. Only the scenes are built; what is judged is never run.

use crate::scene::Scene;

/// Two branches that change the same line, in each of the given folders.
const PARTED: &str = r#"
parted() {
  git init -q -b main "$1"; cd "$1"
  printf 'one\n' > a.txt; printf 'b\n' > b.txt; printf '*.log\n.env\n' > .gitignore
  git add -A; git commit -q -m base
  git switch -q -c topic; printf 'topic\n' > a.txt; printf 'c\n' > c.txt; git add -A; git commit -q -m topic
  git switch -q main; printf 'main\n' > a.txt; git commit -q -a -m main
  cd ..
}
"#;

#[test]
fn what_has_stopped_is_given_up_without_a_loss_unless_somebody_worked_on_it() {
    let scene = Scene::built(&format!(
        "{PARTED}
        for name in quiet merge merged rebase rebased pick picked revert; do parted $name; done
        (cd merge && ! git merge -q topic)
        (cd merge && printf 'kept\\n' > b.txt)
        (cd merged && ! git merge -q topic; printf 'by hand\\n' > a.txt)
        (cd rebase && git switch -q topic && ! git rebase -q main)
        (cd rebased && git switch -q topic && ! git rebase -q main; printf 'by hand\\n' > a.txt; git add a.txt)
        (cd pick && ! git cherry-pick topic)
        (cd picked && ! git cherry-pick topic; printf 'new\\n' > n.txt; git add n.txt)
        (cd revert && ! git revert --no-edit HEAD~1; printf 'by hand\\n' > a.txt)
        "
    ));
    let every = [
        "git merge --abort",
        "git rebase --abort",
        "git rebase --skip",
        "git cherry-pick --abort",
        "git cherry-pick --skip",
        "git revert --abort",
        "git am --abort",
    ];
    scene.keeps("quiet", &every);
    scene.keeps("merge", &every);
    scene.keeps("rebase", &every);
    scene.keeps("pick", &every);
    scene.loses(
        "merged",
        &["git merge --abort", "cd . && git -C . merge --abort"],
    );
    scene.keeps(
        "merged",
        &[
            "git merge --quit",
            "git merge --continue",
            "git rebase --abort",
        ],
    );
    scene.loses("rebased", &["git rebase --abort", "git rebase --skip"]);
    scene.keeps(
        "rebased",
        &[
            "git rebase --continue",
            "git rebase --quit",
            "git merge --abort",
        ],
    );
    scene.loses(
        "picked",
        &["git cherry-pick --abort", "git cherry-pick --skip"],
    );
    scene.keeps("picked", &["git cherry-pick --quit"]);
}

#[test]
fn a_branch_that_is_changed_to_by_force_is_written_over_files_that_git_does_not_track() {
    let scene = Scene::built(&format!(
        "{PARTED}
        parted upstream
        (cd upstream; git switch -q topic; printf 'tracked\\n' > .env; git add -f .env; git commit -q -m env; git switch -q main)
        for name in plain same ignored untracked; do git clone -q upstream $name; done
        printf 'SECRET=1\\n' > ignored/.env
        printf 'tracked\\n' > same/.env
        printf 'mine\\n' > untracked/c.txt
        printf 'out\\n' > plain/debug.log
        "
    ));
    let changes = [
        "git checkout topic",
        "git switch topic",
        "git checkout --detach origin/topic",
        "git merge origin/topic",
    ];
    let forced = [
        "git checkout -f topic",
        "git switch --discard-changes topic",
    ];
    let asked_for = [
        "git checkout --overwrite-ignore topic",
        "git switch --overwrite-ignore topic",
        "git merge --overwrite-ignore origin/topic",
    ];
    scene.loses("ignored", &asked_for);
    scene.loses("ignored", &forced);
    scene.loses("ignored", &changes);
    scene.keeps(
        "ignored",
        &[
            "git checkout --no-overwrite-ignore topic",
            "git checkout main",
            "git checkout -b new",
        ],
    );
    for folder in ["plain", "same"] {
        scene.keeps(folder, &changes);
        scene.keeps(folder, &asked_for);
        scene.keeps(folder, &forced);
    }
    // Git itself refuses to write over files that it neither tracks nor ignores.
    scene.keeps("untracked", &changes);
    scene.loses("untracked", &forced);
}

#[test]
fn a_forced_push_that_only_adds_loses_nothing() {
    let scene = Scene::built(&format!(
        "{PARTED}
        parted seed
        git clone -q --bare seed hub.git
        git clone -q hub.git ahead; (cd ahead; printf 'x\\n' > x.txt; git add -A; git commit -q -m x)
        git clone -q hub.git parted; (cd parted; git reset -q --hard HEAD~1; printf 'y\\n' > y.txt; git add -A; git commit -q -m y)
        git clone -q hub.git far; (cd far; git remote set-url origin https://git.example.com/hub.git; printf 'x\\n' > x.txt; git add -A; git commit -q -m x)
        "
    ));
    let leased = [
        "git push --force-with-lease",
        "git push --force-with-lease origin main",
        "git push --force-with-lease=main:origin/main origin main",
        "git commit -q --allow-empty -m z && git push --force-with-lease origin HEAD",
    ];
    let bare = [
        "git push --force origin main",
        "git push -f",
        "git push origin +HEAD:main",
    ];
    scene.keeps("ahead", &leased);
    scene.keeps("ahead", &bare);
    scene.keeps("ahead", &["git push -f origin main:not-there-yet"]);
    scene.loses("parted", &leased);
    scene.loses("parted", &bare);
    scene.keeps("far", &leased);
    scene.loses("far", &bare);
    scene.loses(
        "ahead",
        &[
            "git commit -q --amend -m z && git push --force-with-lease origin main",
            "git reset -q --hard HEAD~2 && git push -f",
            "git fetch -q && git push --force-with-lease origin main",
            "git push -f origin topic~1:topic",
        ],
    );
}

#[test]
fn a_part_of_a_list_that_holds_no_more_names_nothing() {
    let scene = Scene::built(
        "mkdir -p releases/one releases/two releases/three backups empty
        for name in one two three; do printf x > releases/$name/app; printf x > backups/$name.tgz; done
        git init -q repo; cd repo
        printf 'a\\n' > clean.txt; printf 'b\\n' > dirty.txt; printf '*.log\\n' > .gitignore
        git add -A; git commit -q -m one
        printf 'c\\n' > dirty.txt; printf 'n\\n' > new.txt; printf 'l\\n' > x.log; mkdir sub; printf 's\\n' > sub/s.txt; git add sub; git commit -q -m sub sub",
    );
    scene.keeps(
        "",
        &[
            "ls -t backups/*.tgz | tail -n +4 | xargs -r rm -f",
            "ls -1t backups | tail -n +11 | sed 's,^,backups/,' | xargs -r rm -f",
            "cd releases && ls -1t | tail -n +4 | xargs -r rm -rf --",
            "cd releases && ls -1 | sort -r | tail -n +4 | xargs -r rm -rf",
            "cd releases && ls -1 | head -n -3 | xargs -r rm -rf",
            "ls empty | xargs -r -I{} rm -rf releases/{}",
            "ls -d backups/*.dump | xargs -r rm",
        ],
    );
    scene.loses(
        "",
        &[
            "ls -t backups/*.tgz | tail -n +3 | xargs -r rm -f",
            "ls -t backups/*.tgz | xargs -r rm -f",
            "cd releases && ls -1t | tail -n +2 | xargs -r rm -rf --",
            "cd releases && ls -1 | head -n -2 | xargs -r rm -rf",
            "cd releases && ls -1t | tail -n 5 | xargs -r rm -rf",
            "cd releases && touch four && mkdir -p five && ls -1t | tail -n +3 | xargs -r rm -rf",
        ],
    );
    scene.keeps(
        "repo",
        &[
            "git ls-files clean.txt sub | xargs rm -f",
            "git ls-files -z sub | xargs -0 rm -f && git checkout -q -- sub",
            "git ls-files none | xargs -r rm -f",
            "git ls-files -o --exclude-standard sub | xargs -r rm",
        ],
    );
    scene.loses(
        "repo",
        &[
            "git ls-files | xargs rm -f",
            "git ls-files -o --exclude-standard | xargs rm -f",
            "git ls-files --others --exclude-standard -z | xargs -0 rm",
            "git ls-files -o | xargs rm -f",
            "git diff --name-only | xargs git checkout --",
        ],
    );
}

#[test]
fn content_that_is_there_already_is_not_lost_when_it_is_written_again() {
    let scene = Scene::built(
        "mkdir raw mirror part
        for name in a b; do printf \"$name\\n\" > raw/$name; printf \"$name\\n\" > mirror/$name; done
        printf 'more\\n' > mirror/c; printf 'other\\n' > raw/c; printf 'a\\n' > part/a
        printf '{\"n\":1}\\n' > one.json
        dd if=/dev/zero of=disk.img bs=1024 count=8 2>/dev/null
        mkdir store; printf 'only\\n' > store/x.css; ln -s store out",
    );
    scene.keeps(
        "",
        &[
            "cat raw/a > mirror/a",
            "cat raw/a | tee mirror/a",
            "printf '{\"n\":1}\\n' | tee one.json",
            "printf '{\"n\":1}\\n' > one.json",
            "for f in a b; do cmp -s raw/$f mirror/$f || cp raw/$f mirror/$f; done",
            "cp raw/a mirror/a && cp raw/b mirror/b",
            "truncate -s 8K disk.img",
            "truncate -s 1M disk.img",
            "truncate --size=10KB disk.img",
            "rsync -a --delete mirror/ part/",
            "rsync -a --delete --exclude c raw/ part/",
            "rsync -a --delete --ignore-existing raw/ part/",
            "rsync -a --delete absent/ part/",
            "find out -type f -delete",
            "find . -type f -perm 4711 -delete",
            "find . -type f -perm /6000 -delete",
        ],
    );
    scene.loses(
        "",
        &[
            "cat raw/c > mirror/c",
            "cat mirror/c > mirror/c",
            "cat mirror/c | tee mirror/c",
            "cat raw/b raw/a > mirror/a",
            "cat raw/b | tee mirror/a",
            "printf '{\"n\":2}\\n' | tee one.json",
            "cp raw/c mirror/c",
            "cp raw/b raw/c && cp raw/c mirror/a",
            "truncate -s 4K disk.img",
            "truncate -s 7000 disk.img",
            "truncate -s -1 disk.img",
            "rsync -a --delete part/ mirror/",
            "rsync -a --delete --ignore-existing part/ mirror/",
            "rsync -a --delete raw/ mirror/",
            "rsync -a --delete --delete-excluded --exclude a mirror/ part/",
            "cd out && find . -type f -delete",
            "cd out && find . -delete",
            "find out/ -type f -delete",
            "find out/ -name '*.css' -delete",
            "chmod 600 one.json; find . -maxdepth 1 -type f -perm -400 -delete",
        ],
    );
}

#[test]
fn names_that_a_program_writes_itself_are_looked_at() {
    let scene = Scene::built(
        "mkdir raw copy one
        printf 'a\\n' > raw/a; printf 'b\\n' > copy/a; printf 'x\\n' > copy/x; cp raw/a one/a
        printf 'one\\n' > old-1.tgz; printf 'two\\n' > old-2.tgz; tar cf kept.tar raw",
    );
    scene.loses(
        "",
        &[
            "sed -n 'w copy/x' raw/a",
            "sed -n '/a/w copy/x\np' raw/a",
            "awk '{ print > \"copy/x\" }' raw/a",
            "python3 -c \"import shutil; shutil.copytree('raw', 'copy', dirs_exist_ok=True)\"",
            "tar --delete -f kept.tar raw/a",
            "ls | grep old | xargs rm",
            "ls -A | grep -v kept | xargs rm -rf",
        ],
    );
    scene.keeps(
        "",
        &[
            "sed -n 'w copy/new' raw/a",
            "sed -n 's/w copy/x/' raw/a",
            "python3 -c \"import shutil; shutil.copytree('raw', 'one', dirs_exist_ok=True)\"",
            "python3 -c \"import shutil; shutil.copytree('raw', 'copy')\"",
            "python3 -c \"import shutil; shutil.copytree('raw', 'fresh', dirs_exist_ok=True)\"",
            "tar -tf kept.tar",
            "ls | grep young | xargs -r rm",
            "ls -A copy | grep zip | xargs -r -I{} rm copy/{}",
        ],
    );
}

#[test]
fn a_table_without_rows_that_is_built_anew_under_its_name_loses_nothing() {
    let scene = Scene::built(
        "python3 -c \"import sqlite3; c = sqlite3.connect('app.db'); c.executescript('create table t(id); insert into t values(1); create table e(id)')\"",
    );
    scene.keeps(
        "",
        &[
            "sqlite3 app.db 'CREATE TABLE n(id); DROP TABLE e; ALTER TABLE n RENAME TO e'",
            "sqlite3 app.db 'DROP TABLE IF EXISTS e; ALTER TABLE n RENAME TO e'",
        ],
    );
    scene.loses(
        "",
        &[
            "sqlite3 app.db 'CREATE TABLE n(id); DROP TABLE t; ALTER TABLE n RENAME TO t'",
            "sqlite3 app.db 'ALTER TABLE t RENAME TO u; DROP TABLE e; ALTER TABLE u RENAME TO e; DROP TABLE e'",
            "sqlite3 app.db 'DROP TABLE e; ALTER TABLE t RENAME TO e; DELETE FROM e'",
        ],
    );
}

#[test]
fn an_editor_and_a_splitter_write_over_what_stands_there() {
    let scene = Scene::built(
        "printf 'one\\ntwo\\n' > doc.md; printf 'x\\n' > input.txt; printf 'trained\\n' > dataaa; printf 'trained\\n' > part00",
    );
    scene.loses(
        "",
        &[
            "printf '1,$d\\nw\\nq\\n' | ed -s doc.md",
            "ed -s doc.md <<< $',d\\nw'",
            "split -l 100 input.txt data",
            "split -d -l 100 input.txt part",
        ],
    );
    scene.keeps(
        "",
        &[
            "printf '1,$p\\nq\\n' | ed -s doc.md",
            "printf '1,$d\\nQ\\n' | ed -s doc.md",
            "printf '$a\\nmore\\n.\\nw\\nq\\n' | ed -s doc.md",
            "split -l 100 input.txt part",
            "split -l 100 input.txt new-",
        ],
    );
}

#[test]
fn a_find_by_day_or_by_rights_takes_what_fits() {
    let scene = Scene::built("mkdir keep; printf 'x\\n' > keep/a.txt; chmod 644 keep/a.txt");
    scene.keeps(
        "",
        &[
            "find keep -type f -newermt '2099-01-01' -delete",
            "find keep -type f -perm -u+x -delete",
            "find keep -type f -perm /a+x -exec rm {} +",
        ],
    );
    scene.loses(
        "",
        &[
            "find keep -type f -newermt 2001-01-01 -delete",
            "find keep -type f ! -newermt '2099-01-01 10:00' -delete",
            "find keep -type f -perm -u+r -delete",
        ],
    );
}

#[test]
fn one_word_of_a_part_of_a_list_is_one_of_its_names() {
    let scene = Scene::built(
        "mkdir -p a/backups && cd a && echo 1 > backups/one.dump && echo 2 > backups/two.dump",
    );
    scene.loses(
        "a",
        &[
            "rm \"$(ls -t backups/*.dump | head -1)\"",
            "rm \"$(find backups -name '*.dump' | sort | tail -1)\"",
            "rm \"$(ls backups/*.dump | sed -n 1p)\"",
            "f=$(ls backups/*.dump | awk 'NR==1'); rm \"$f\"",
        ],
    );
    scene.keeps(
        "a",
        &[
            "wc -c \"$(ls -t backups/*.dump | head -1)\"",
            "rm \"$(ls backups/*.dump)\"",
            "rm -f \"$(ls -t backups/*.tmp | head -1)\"",
        ],
    );
}

#[test]
fn patterns_of_code_keep_their_levels() {
    let scene = Scene::built(
        "mkdir -p a/var/media/deep && cd a && echo 1 > var/media/x.png && echo 2 > var/media/deep/y.png",
    );
    let glob = |pattern: &str| {
        format!(
            "python3 -c \"import glob, os\nfor p in glob.glob('{pattern}', recursive=True): os.remove(p)\""
        )
    };
    let path = |call: &str| {
        format!("python3 -c \"from pathlib import Path\nfor p in Path('var').{call}: p.unlink()\"")
    };
    let lost = [
        glob("var/*/*.png"),
        glob("var/**/*.png"),
        path("rglob('*.png')"),
        path("glob('**/*.png')"),
        "ruby -e \"Dir.glob('var/{media,x}/*.png').each { |f| File.delete(f) }\"".to_owned(),
    ];
    let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
    scene.loses("a", &lost);
    let kept = [
        glob("var/*.png"),
        glob("var/**/*.jpg"),
        path("rglob('*.jpg')"),
        path("glob('*.png')"),
    ];
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    scene.keeps("a", &kept);
}

#[test]
fn a_loop_that_asks_of_each_name_takes_only_what_the_answer_lets_through() {
    let scene = Scene::built(
        "mkdir -p runs/a runs/b empty notes logs\ntouch runs/a/done\necho x > runs/b/data.csv\necho x > runs/a/data.csv\necho n > notes/todo.md\necho l > logs/app.log\n",
    );
    scene.keeps(
        ".",
        &[
            "for d in runs/*/; do if [ -f \"$d/failed\" ]; then rm -r \"$d\"; fi; done",
            "for d in runs/*/; do [ -f \"$d/failed\" ] && rm -r \"$d\"; done",
            "for f in logs/*.log; do [ -s \"$f\" ] || rm \"$f\"; done",
            "for f in notes/*; do case \"$f\" in *.tmp) rm \"$f\";; esac; done",
            "for f in notes/*; do [[ $f == *.tmp ]] && rm \"$f\"; done",
            "for f in *.none; do [ -e \"$f\" ] || continue; rm \"$f\"; done",
            "ask() { [ \"${1:-}\" = --force ] || { echo no; return 1; }; }; ask && rm -rf runs",
            "ask() { return 1; }; ask && rm -rf runs",
        ],
    );
    scene.loses(
        ".",
        &[
            "for d in runs/*/; do if [ -f \"$d/done\" ]; then rm -r \"$d\"; fi; done",
            "for f in logs/*.log; do [ -s \"$f\" ] && rm \"$f\"; done",
            "for f in notes/*; do case \"$f\" in *.md) rm \"$f\";; esac; done",
            "for f in notes/*.md; do [ -e \"$f\" ] && rm \"$f\"; done",
            // What the call itself brings there is not in the world's answer.
            "mv logs/app.log notes/app.tmp; for f in notes/*; do case \"$f\" in *.tmp) rm \"$f\";; esac; done",
            "touch runs/b/failed; for d in runs/*/; do [ -f \"$d/failed\" ] && rm -r \"$d\"; done",
            "ask() { [ \"${1:-}\" = --force ] || return 1; }; ask --force && rm -rf runs",
            "ask() { [ \"$1\" = \"$ANSWER\" ] || return 1; }; ask yes && rm -rf runs",
            "ask() { return 0; }; ask && rm -rf runs",
        ],
    );
}

#[test]
fn all_matches_of_a_template_are_filled_in_and_scripts_around_one_may_be_left_out() {
    let scene = Scene::built(
        "mkdir -p data\necho d > data/a.csv\nprintf 'echo TOOL; TOOL -rf data\\n' > t.sh\nprintf '{\"scripts\":{\"show\":\"echo hi\",\"postshow\":\"rm -rf data\"}}' > package.json\n",
    );
    scene.loses(
        ".",
        &[
            "sed 's/TOOL/rm/g' t.sh | sh",
            "npm run show",
            "npm run show -- --ignore-scripts",
        ],
    );
    scene.keeps(
        ".",
        &[
            "sed 's/TOOL/ls/g' t.sh | sh",
            "npm run show --ignore-scripts",
        ],
    );
}

#[test]
fn one_name_for_many_things_keeps_only_the_last() {
    let scene = Scene::built(
        "mkdir -p letters incoming empty\nfor n in a b; do echo $n > letters/$n.txt; echo new $n > incoming/$n.txt; done\n",
    );
    scene.loses(
        ".",
        &[
            "for f in letters/*.txt; do mv \"$f\" letters/all.md; done",
            "mv letters/a.txt all.md; mv letters/b.txt all.md",
            "for f in incoming/*.txt; do cp \"$f\" \"letters/$(basename \"$f\")\"; done",
        ],
    );
    scene.keeps(
        ".",
        &[
            "for f in letters/*.txt; do mv \"$f\" empty/; done",
            "for f in letters/*.txt; do mv \"$f\" \"${f%.txt}.md\"; done",
            "for f in letters/*.txt; do cp \"$f\" \"$f.md\"; done",
        ],
    );
    scene.loses(
        ".",
        &["mv letters/a.txt /tmp/.swap && mv letters/b.txt letters/a.txt && mv /tmp/.swap letters/b.txt && rm letters/b.txt"],
    );
    // A swap by three moves keeps both; one that goes on over the third place does not.
    scene.keeps(
        ".",
        &["mv letters/a.txt swap && mv letters/b.txt letters/a.txt && mv swap letters/b.txt"],
    );
    scene.loses(
        ".",
        &[
            "mv letters/a.txt swap && mv letters/b.txt letters/a.txt && mv letters/a.txt swap",
            "mv letters/a.txt swap; mv -n letters/b.txt letters/a.txt; mv letters/a.txt swap",
            "mv letters/a.txt swap && mv letters/b.txt letters/a.txt && mv swap letters/b.txt && cp letters/a.txt letters/b.txt",
            "mv letters/a.txt swap && mv letters/b.txt letters/a.txt && mv swap letters/b.txt && rm letters/b.txt",
            "mv letters/a.txt swap && mv letters/b.txt letters/a.txt && cp letters/a.txt swap && mv swap letters/b.txt",
        ],
    );
}

#[test]
fn copies_that_editors_make_go_over_older_ones() {
    let scene = Scene::built(
        "echo a > a.txt\necho old > a.txt.bak\necho older > a.txt~\necho b > b.txt\necho n > new.txt\necho t > todo\nmkdir -p void/in data\n: > void/in/.keep\necho d > data/d\n",
    );
    scene.loses(
        ".",
        &[
            "sed -i.bak s/a/b/ a.txt",
            "sed --in-place=.bak s/a/b/ a.txt",
            "perl -i.bak -pe s/a/b/ a.txt",
            "mv -b new.txt a.txt",
            "cp --backup=simple new.txt a.txt",
            "sed -n 's/a/b/w todo' a.txt",
            "truncate -s '<1' a.txt",
            "dd if=b.txt of=a.txt conv=notrunc",
            "rm -rf data",
            "ln -s data link && rm -rf link/",
        ],
    );
    scene.keeps(
        ".",
        &[
            "sed -i.bak s/b/c/ b.txt",
            "mv -b new.txt b.txt",
            "mv --backup=numbered new.txt a.txt",
            "sed -n 's/a/b/w fresh' a.txt",
            "truncate -s '<1G' a.txt",
            "dd if=b.txt of=a.txt oflag=append conv=notrunc",
            "rm -rf void",
            "ln -s data link && rm -rf link",
            "ln -s \"$PWD/data\" /tmp/one-link && rm -rf /tmp/one-link",
        ],
    );
}
