//! `check --facts here` in real repositories: the same words lose something or nothing, by what other refs hold and what lies there.
//! Nothing is run but the building of the repositories; only the judgement is looked at.

use std::fs;

use crate::scene::Scene;

#[test]
fn a_branch_or_tag_is_lost_only_with_commits_that_no_other_ref_holds() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.git("shop", "branch merged; tag light; tag -a -m notes told");
    scene.git("shop", "checkout -q -b shipped");
    scene.commit("shop", "s.txt");
    scene.git("shop", "push -q -u origin shipped; checkout -q -b wip main");
    scene.commit("shop", "w.txt");
    scene.git("shop", "checkout -q --detach main");
    scene.commit("shop", "t.txt");
    scene.git("shop", "tag alone; checkout -q main");
    let lost = [
        "git branch -D wip",
        "git branch -D merged wip",
        "git branch -f wip main",
        "git branch -M main wip",
        "git branch -C main wip",
        "git checkout -B wip",
        "git switch -C wip main",
        "git worktree add -B wip ../elsewhere main",
        "git symbolic-ref refs/heads/wip refs/heads/main",
        "git update-ref -d refs/heads/wip",
        "printf 'delete refs/heads/wip\\n' | git update-ref --stdin",
        "git fetch . +main:wip",
        "git push . +main:wip",
        "git push . :wip",
        "git tag -d alone",
        "git tag -f alone",
        "git tag -d told",
        "git fetch --prune --prune-tags",
        "git branch -m wip other && git branch -D other",
        "git branch keep wip && git branch -D wip && git branch -D keep",
        "git remote remove origin && git branch -D shipped",
        "git branch -rd origin/shipped && git branch -D shipped",
        "for b in wip merged; do git branch -D $b; done",
        "git branch | grep -v main | xargs git branch -D",
        "git merge --squash wip && git branch -D wip",
    ];
    let kept = [
        "git branch -D merged",
        "git branch -D shipped",
        "git branch -D merged shipped absent",
        "git branch -f merged wip",
        "git branch -M wip renamed",
        "git checkout -B merged",
        "git update-ref -d refs/heads/absent",
        "git push . main:wip",
        "git push . :merged",
        "git tag -d light",
        "git tag -f light wip",
        "git tag keep told && git tag -d told",
        "git branch keep wip && git branch -D wip",
        "git branch keep wip; git branch -D wip",
        "git update-ref refs/backup/wip wip && git branch -D wip",
        "git merge -q wip && git branch -D wip",
        "for b in shipped merged; do git branch -D \"$b\"; done",
        "git branch --merged main | grep -v main | xargs -r git branch -D",
        "git fetch --prune",
    ];
    scene.loses("shop", &lost);
    scene.keeps("shop", &kept);
    scene.git("shop", "pack-refs --all");
    scene.loses("shop", &lost);
    scene.keeps("shop", &kept);
}

#[test]
fn a_reset_loses_commits_that_only_this_branch_holds() {
    let scene = Scene::empty();
    scene.repository("clean");
    scene.commit("clean", "b.txt");
    scene.git("clean", "push -q");
    scene.repository("ahead");
    scene.commit("ahead", "b.txt");
    scene.git("ahead", "checkout -q --detach; branch -q unused main~1");
    scene.git("ahead", "checkout -q main");
    scene.keeps(
        "clean",
        &[
            "git reset --hard HEAD~1",
            "git reset --hard origin/main",
            "git reset --hard $COMMIT",
            "git reset --soft HEAD~1 && git reset --hard",
            "git checkout -B main HEAD~1",
            "git rebase --onto HEAD~1 HEAD",
            "git gc --prune=now",
            "git reflog expire --expire=now --all && git gc --prune=now",
        ],
    );
    scene.loses(
        "ahead",
        &[
            "git reset --hard HEAD~1",
            "git reset --hard @{u}",
            "git reset --keep HEAD~1",
            "git reset --hard $COMMIT",
            "git reset --hard $(git merge-base HEAD origin/main)",
            "git reset --soft HEAD~1 && git reset --hard",
            "git reset HEAD~1 && git checkout .",
            "git branch tmp && git reset --hard origin/main && git branch -D tmp",
            "git branch unused; git reset --hard HEAD~1",
            "git push --dry-run && git reset --hard @{u}",
            "git rebase --onto HEAD~1 HEAD main",
            "GIT_SEQUENCE_EDITOR='sed -i 1d' git rebase -i HEAD~1",
            "git update-ref HEAD HEAD~1 && git reset --hard",
            "git checkout -q --detach origin/main && git branch -D main",
        ],
    );
    scene.keeps(
        "ahead",
        &[
            "git reset --hard HEAD",
            "git reset --hard main",
            "git branch keep && git reset --hard HEAD~1",
            "git branch keep; git reset --hard HEAD~1",
            "git tag keep && git reset --hard HEAD~1",
            "git push && git reset --hard @{u}",
            "git push -u origin main:backup && git reset --hard HEAD~1",
            "git checkout -q -b keep && git branch -f main origin/main",
            "GIT_SEQUENCE_EDITOR=: git rebase -i HEAD~1",
        ],
    );
    scene.git("ahead", "reset -q --hard HEAD~1");
    scene.loses(
        "ahead",
        &[
            "git reflog expire --expire=now --all",
            "git reflog delete HEAD@{1}",
            "git config gc.reflogExpireUnreachable now && git gc --prune=now",
        ],
    );
}

#[test]
fn a_bare_repository_and_one_that_is_named_are_asked_themselves() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.git(
        "shop",
        "checkout -q -b hotfix; commit -q --allow-empty -m fix; push -q origin hotfix",
    );
    let bare = scene.path("shop.git").display().to_string();
    let named = |command: &str| command.replace("BARE", &bare);
    for lost in [
        "git -C BARE branch -D hotfix",
        "git --git-dir=BARE update-ref -d refs/heads/hotfix",
        "GIT_DIR=BARE git branch -D hotfix",
        "cd BARE && git branch -f hotfix main",
    ] {
        scene.loses(".", &[&named(lost)]);
    }
    for kept in [
        "git -C BARE branch -D absent",
        "git --git-dir=BARE update-ref -d refs/heads/absent",
        "git --git-dir BARE gc --prune=now",
    ] {
        scene.keeps(".", &[&named(kept)]);
    }
}

#[test]
fn a_clean_behind_other_rules_of_what_is_ignored_takes_other_files() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.write("shop/.gitignore", "build/\n");
    scene.git("shop", "add .gitignore; commit -q -m ignore");
    scene.write("shop/data/rows.csv", "1\n");
    scene.loses(
        "shop",
        &[
            "echo data >> .gitignore && git clean -fdX",
            "sed -i s/build/data/ .gitignore && git clean -fdX",
            "echo data > .git/info/exclude; git clean -fdX",
            "git config core.excludesFile names; git clean -fdX",
        ],
    );
    scene.keeps(
        "shop",
        &[
            "git clean -fdX",
            "cat .gitignore; git clean -fdX",
            "git add .gitignore && git clean -fdX",
            "echo data >> .gitignore && git clean -fdX -n",
            "echo data >> .gitignore; git clean -fd src",
        ],
    );
}

#[test]
fn a_clean_loses_what_it_would_really_take() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.write("shop/.gitignore", ".env\nnode_modules/\n*.o\n");
    scene.git("shop", "add .gitignore; commit -q -m ignore");
    scene.keeps("shop", &["git clean -ffdx", "git clean -fX"]);
    scene.write("shop/.env", "KEY=1\n");
    scene.write("shop/node_modules/m/index.js", "1\n");
    scene.write("shop/notes.txt", "untracked\n");
    scene.repository("shop/vendor/lib");
    scene.loses(
        "shop",
        &[
            "git clean -fd",
            "git clean -fdx",
            "git clean -fX",
            "git clean -fdx -e node_modules",
            "git clean -fd -e vendor",
            "git -c clean.requireForce=false clean",
        ],
    );
    scene.keeps(
        "shop",
        &[
            "git clean -fd -e notes.txt -e vendor -e lib.git",
            "git clean -fdX node_modules",
            "git clean -fdX -e '!.env'",
            "git clean -fd vendor/lib",
            "git -C vendor/lib clean -ffdx",
            "git add -A && git commit -qm all && git clean -fd",
            "git stash -u && git clean -fd",
        ],
    );
    scene.loses(
        "shop",
        &[
            "git clean -ffd vendor",
            "git rm -r --cached -q . && git clean -fdx",
        ],
    );
    scene.git("shop", "config clean.requireForce false");
    scene.loses("shop", &["git clean -d"]);
}

#[test]
fn untracked_and_staged_files_are_lost_where_a_commit_is_written_over_them() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.git("shop", "checkout -q -b other");
    scene.commit("shop", "work.txt");
    scene.git("shop", "checkout -q main; checkout -q -b apart");
    scene.commit("shop", "apart.txt");
    scene.git("shop", "checkout -q main");
    scene.write("shop/work.txt", "an afternoon of notes\n");
    scene.loses(
        "shop",
        &[
            "git reset --hard other",
            "git checkout -f other",
            "git switch --discard-changes other",
            "git checkout other -- work.txt",
            "git checkout other -- .",
            "git restore --source=other work.txt",
            "git read-tree -u --reset other",
            "git mv -f a.txt work.txt",
            "git add -A && git reset --hard",
            "git add work.txt && git checkout -f",
            "git add . && git rm -rfq .",
            "git add -A && git stash && git stash drop",
            "git add -A && git commit -qm wip && git reset --hard HEAD~1",
        ],
    );
    scene.keeps(
        "shop",
        &[
            "git reset --hard apart",
            "git checkout -f apart",
            "git checkout other -- a.txt",
            "git checkout other",
            "git add -A && git reset && git reset --hard",
            "git add -A && git stash && git stash pop",
            "git add -A && git commit -qm wip && git reset --hard",
        ],
    );
}

#[test]
fn changes_are_lost_where_the_words_reach_them_and_nothing_has_put_them_away() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.write("shop/docs/b.md", "b\n");
    scene.git("shop", "add -A; commit -q -m docs");
    scene.write("shop/a.txt", "changed\n");
    scene.loses(
        "shop",
        &[
            "git checkout -- '*.txt'",
            "git restore :/a.txt",
            "git restore --pathspec-from-file=- <<< a.txt",
            "git diff a.txt | git apply -R",
            "git diff | patch -R -p1",
            "git stash create && git reset --hard",
            "git stash push docs && git reset --hard",
            "git commit -qm staged && git reset --hard",
        ],
    );
    scene.keeps(
        "shop",
        &[
            "git checkout -- '*.md'",
            "git restore --pathspec-from-file=- <<< docs/b.md",
            "git diff docs | git apply -R",
            "git diff HEAD~1 HEAD | git apply -R",
            "git stash && git reset --hard",
            "git commit -qam all && git reset --hard",
        ],
    );
}

#[test]
fn stashes_are_lost_unless_they_are_not_there_or_a_ref_holds_them() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.write("shop/a.txt", "first\n");
    scene.git("shop", "stash -q");
    scene.write("shop/a.txt", "second\n");
    scene.git("shop", "stash -q");
    scene.loses(
        "shop",
        &[
            "git stash drop",
            "git stash drop 1",
            "git stash clear",
            "git update-ref -d refs/stash",
            "git tag one stash@{0} && git stash clear",
            "git stash pop && git checkout .",
            "git reflog expire --expire=now refs/stash",
        ],
    );
    scene.keeps(
        "shop",
        &[
            "git stash drop stash@{7}",
            "git branch first stash@{1} && git stash drop stash@{1}",
            "git tag one stash@{0} && git tag two stash@{1} && git stash clear",
            "git stash apply && git checkout .",
        ],
    );
}

#[test]
fn submodules_and_linked_trees_are_looked_into_where_the_command_goes() {
    let scene = Scene::empty();
    scene.repository("lib");
    scene.repository("app");
    let add = format!(
        "submodule --quiet add {} lib",
        scene.path("lib.git").display()
    );
    scene.git(
        "app",
        &format!("{add}; commit -q -m lib; worktree add -q -b done ../done"),
    );
    scene.git("app", "worktree add -q --detach ../lone");
    scene.commit("lone", "only-here.txt");
    let clean = [
        "git reset --hard",
        "git checkout .",
        "git clean -ffdx",
        "git reset --hard --recurse-submodules",
        "rm -rf lib",
        "rm -rf ../done && git worktree prune",
        "git worktree remove --force ../done",
    ];
    scene.keeps("app", &clean);
    scene.loses("app", &["git worktree remove --force ../lone"]);
    scene.write("app/lib/a.txt", "changed in the submodule\n");
    scene.write("done/a.txt", "changed in the work tree\n");
    scene.keeps("app", clean.get(..3).unwrap());
    scene.loses("app", clean.get(3..).unwrap());
    scene.loses(
        "app",
        &[
            "git config submodule.recurse true && git reset --hard",
            "git submodule foreach git checkout .",
            "git rm -rf lib",
        ],
    );
}

#[test]
fn a_push_that_names_nothing_does_what_the_configuration_says() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.keeps("shop", &["git push", "git push origin"]);
    let forced = ["git config remote.origin.push +main:main && git push origin"];
    // What is there already is pushed once more.
    scene.keeps("shop", &forced);
    scene.git("shop", "commit -q --amend -m other");
    scene.loses("shop", &forced);
    scene.git("shop", "config remote.origin.mirror true");
    scene.loses("shop", &["git push", "git push origin"]);
}

#[test]
fn a_repository_that_cannot_be_read_is_never_one_that_loses_nothing() {
    let scene = Scene::empty();
    scene.repository("shop");
    scene.git("shop", "branch merged");
    scene.keeps("shop", &["git branch -D merged", "git reset --hard HEAD"]);
    // An object that is not there any more says nothing of what it led to.
    let refs = scene.path("shop/.git/refs/heads/merged");
    fs::write(refs, format!("{}\n", "1".repeat(40))).unwrap();
    scene.loses("shop", &["git branch -D merged"]);
    fs::write(scene.path("shop/.git/config"), "[core\nnot a configuration").unwrap();
    scene.loses(
        "shop",
        &[
            "git branch -D main2 main",
            "git clean -fd",
            "git gc --prune=now",
        ],
    );
}

#[test]
fn files_taken_from_the_index_lose_only_what_differs_from_it() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.commit("app", "b.txt");
    scene.write("app/a.txt", "staged\n");
    scene.git("app", "add a.txt");
    let same = [
        "git checkout -- a.txt",
        "git checkout a.txt",
        "git restore a.txt b.txt",
        "git restore .",
        "git checkout -- '*.txt'",
    ];
    scene.keeps("app", &same);
    scene.loses(
        "app",
        &[
            "git checkout HEAD -- a.txt",
            "git restore --source=HEAD a.txt",
            "git restore --staged --worktree a.txt",
            "git reset -q && git checkout -- a.txt",
            "git reset --hard",
        ],
    );
    scene.write("app/b.txt", "changed\n");
    scene.keeps("app", &["git restore a.txt", "git restore -- . ':!b.txt'"]);
    scene.loses("app", &["git restore .", "git checkout -- b.txt"]);
    let told = "GIT_DIR=../app/.git GIT_WORK_TREE=../app git checkout -f";
    scene.loses("app.git", &[told]);
}

#[test]
fn a_work_tree_goes_with_what_git_ignores_and_with_a_commit_that_only_it_has() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.write("app/.gitignore", "kept/\n__pycache__/\n");
    scene.git("app", "add .gitignore; commit -q -m ignored");
    let trees = "worktree add -q -b plain ../plain; worktree add -q -b own ../own; worktree add -q --detach ../lone; worktree add -q -b busy ../busy";
    scene.git("app", trees);
    scene.commit("lone", "only-here.txt");
    scene.write("own/kept/only.json", "{\"only\": 1}\n");
    scene.write("plain/__pycache__/a.pyc", "made again\n");
    scene.write("busy/a.txt", "changed\n");
    scene.loses(
        "app",
        &[
            "git worktree remove ../own",
            "git worktree remove --force ../own",
            "git worktree remove ../lone",
            "git worktree remove --force ../busy",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git worktree remove ../plain",
            // Git itself refuses.
            "git worktree remove ../busy",
            "git worktree remove ../missing",
            "git -C ../lone branch saved && git worktree remove ../lone",
        ],
    );
}

#[test]
fn a_file_that_git_writes_goes_over_what_stands_there() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.write("weights.bin", "trained for a week\n");
    scene.loses(
        "app",
        &[
            "git bundle create ../weights.bin --all",
            "git archive -o ../weights.bin HEAD",
            "git diff --output=../weights.bin",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git bundle create ../new.bundle --all",
            "git bundle verify ../weights.bin",
            "git archive -o ../new.tar HEAD",
            "git archive HEAD",
            "git diff",
        ],
    );
}

#[test]
fn a_ref_is_deleted_only_where_it_has_the_old_value_that_is_told() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.git("app", "checkout -q -b topic");
    scene.commit("app", "b.txt");
    scene.git("app", "checkout -q main");
    let wrong = "0123456789012345678901234567890123456789";
    scene.keeps(
        "app",
        &[&format!("git update-ref -d refs/heads/topic {wrong}")],
    );
    scene.loses("app", &["git update-ref -d refs/heads/topic"]);
}

#[test]
fn what_a_push_takes_from_a_remote_on_this_machine_is_known() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.git(
        "app",
        "branch merged; branch release/1; tag v1; push -q origin merged release/1 v1; checkout -q -b topic",
    );
    scene.commit("app", "b.txt");
    scene.git("app", "push -q origin topic; checkout -q main");
    scene.keeps(
        "app",
        &[
            "git push origin --delete merged",
            "git push origin :merged",
            "git push origin --delete never-there",
            "git push --force --all",
            "git push -f --tags origin",
        ],
    );
    scene.loses(
        "app",
        &[
            "git push origin --delete topic",
            "git push origin --delete main",
            "git push origin --delete release/1",
            "git push origin --delete v1",
        ],
    );
    scene.git("app", "branch -q -f topic main; tag -f v1 topic");
    scene.git("app", "checkout -q topic");
    scene.commit("app", "c.txt");
    scene.git("app", "tag -f v1 HEAD");
    scene.loses(
        "app",
        &["git push --force --all", "git push -f --tags origin"],
    );
}

#[test]
fn an_alias_of_the_configuration_is_what_it_stands_for() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.write("app/a.txt", "changed by hand");
    scene.write("app/sub/own.txt", "nobody else has this");
    let include = "[alias]\n\tgone = checkout -q --\n\tgone-too = gone\n";
    scene.write("more.cfg", include);
    scene.write("home/.gitconfig", "[alias]\n\tnuke = reset --hard\n");
    scene.write(
        "app/settings",
        "[alias]\n\twipe = !git reset -q --hard && git clean -qfd\n\tdiscard = checkout -q --\n\
         \tdrop-all = \"!f() { git checkout -- \\\"$1\\\"; }; f\"\n\ttop = !rm -rf sub\n\tst = status -sb\n\
         \tsave = stash push -q -u\n\tlast = log -1 --format='%h %s'\n\tshow-it = !echo git reset --hard\n\
         \tround = other\n\tother = round\n\tagain = !git again\n\tstatus = reset --hard\n\
         \tby = -c core.pager=cat checkout --\n[include]\n\tpath = ../../more.cfg\n",
    );
    fs::rename(scene.path("app/settings"), scene.path("app/.git/extra")).unwrap();
    scene.git("app", "config include.path extra");
    scene.loses(
        "app",
        &[
            "git discard a.txt",
            "git wipe",
            "git WIPE",
            "git drop-all a.txt",
            "git top",
            "cd sub && git top",
            "git -C sub top",
            "git gone a.txt",
            "git gone-too a.txt",
            "git by a.txt",
            "cd .. && git -C app discard a.txt",
            "cd / && git --git-dir=\"$OLDPWD/.git\" -C \"$OLDPWD\" discard a.txt",
            "for f in a.txt; do git discard $f; done",
            "sh -c 'git discard a.txt'",
            "HOME=$PWD/../home git nuke",
            "GIT_CONFIG_GLOBAL=$PWD/../home/.gitconfig git nuke",
            "export GIT_CONFIG_GLOBAL=$PWD/../home/.gitconfig; git nuke",
            "git config alias.boom '!git reset --hard' && git boom",
            "git config --global alias.boom '!rm -rf sub' && git boom",
            "git config alias.soft 'reset --hard' && git soft",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git st",
            "git save",
            "git last",
            "git show-it",
            "git discard b.txt",
            "git round",
            "git again",
            "git status",
            "git nuke",
            "git unheard-of",
            "git wipe --help",
            "git config alias.boom '!git reset --hard'",
            "git config alias.see '!git status' && git see",
        ],
    );
}

#[test]
fn a_commit_that_comes_in_is_written_over_what_git_ignores_here() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.write("app/.gitignore", "local.cfg\ndist/\n*.log\nmine/\n");
    scene.git("app", "add .gitignore; commit -q -m rules");
    scene.git("app", "branch old; checkout -q -b with-config");
    scene.commit("app", "local.cfg");
    scene.git("app", "branch more; checkout -q -b built main");
    scene.commit("app", "dist/page.html");
    scene.git("app", "checkout -q -b deep main");
    scene.commit("app", "mine/own/data.txt");
    // A line that had the file once and takes it out again.
    scene.git("app", "checkout -q -b dropped with-config");
    scene.git("app", "rm -q local.cfg; commit -q -m out");
    scene.commit("app", "other.txt");
    scene.git(
        "app",
        "push -q -u origin with-config built; checkout -q main",
    );
    scene.commit("app", "ahead.txt");
    scene.write("app/local.cfg", "password of this machine");
    scene.write("app/dist/page.html", "built here");
    scene.write("app/mine/own/data.txt", "nobody else has this");
    scene.loses(
        "app",
        &[
            "git switch -q with-config",
            "git checkout with-config",
            "git checkout -q with-config --",
            "git checkout -f with-config --",
            "git switch -d with-config",
            "git checkout --detach with-config",
            "git checkout -b new with-config",
            "git switch -c new with-config",
            "git checkout -t -b new origin/with-config",
            "git switch deep",
            "git merge -q -m 'take config' with-config",
            "git merge --squash with-config",
            "git merge origin/with-config",
            "git pull origin with-config",
            "git pull --rebase origin with-config",
            "git rebase with-config",
            "git rebase --onto with-config old",
            "git rebase main with-config",
            "git cherry-pick with-config",
            "git cherry-pick -x main..with-config",
            "git revert dropped~1",
            "git fetch && git merge origin/with-config",
            "cd mine && git switch deep",
            "git stash && git switch with-config",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git switch old",
            "git switch -c new",
            "git checkout -b new old",
            "git switch built",
            "git merge built",
            "git merge dropped",
            "git merge -s ours with-config",
            "git merge --no-overwrite-ignore with-config",
            "git merge --abort",
            "git pull",
            "git pull origin main",
            "git rebase old",
            "git rebase dropped",
            "git cherry-pick dropped",
            "git switch --no-overwrite-ignore with-config",
            "git stash -a && git switch with-config",
            "git switch nowhere",
        ],
    );
    fs::remove_file(scene.path("app/local.cfg")).unwrap();
    scene.keeps("app", &["git switch with-config", "git merge with-config"]);
}

#[test]
fn hunks_are_taken_back_where_somebody_answers() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.commit("app", "b.txt");
    scene.write("app/a.txt", "changed by hand");
    scene.write("app/new.txt", "nobody else has this");
    scene.write("app/answers", "y\n");
    scene.loses(
        "app",
        &[
            "yes | git checkout -p -- a.txt",
            "yes | git checkout -p -- a.txt >/dev/null",
            "yes | git checkout --patch",
            "yes | git checkout -p a.txt",
            "yes | git checkout -p HEAD",
            "yes | git checkout -p HEAD a.txt",
            "printf 'y\\n' | git restore -p a.txt",
            "printf 'n\\ny\\n' | git restore -p .",
            "echo a | git restore --patch",
            "git restore -p . <<< a",
            "git checkout -p < answers",
            "yes a | git restore -p -s HEAD~1 .",
            "cat answers | git checkout -p",
            "git checkout -p <<EOF\ny\nEOF",
            "echo 1 | git clean -i",
            "printf 'c\\n' | git clean -di",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git checkout -p",
            "git checkout -p -- a.txt",
            "git restore -p a.txt </dev/null",
            "yes n | git checkout -p",
            "echo q | git restore -p",
            "yes | git checkout -p -- b.txt",
            "yes | git restore -p -S .",
            "yes | git reset -p",
            "yes | git add -p",
            "yes | git stash push -p",
            "echo q | git clean -i",
            "git clean -i",
        ],
    );
}

#[test]
fn what_a_rebase_runs_is_judged_wherever_it_is_told() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.write("app/.gitignore", "private/\n");
    scene.git("app", "add .gitignore; commit -q -m rules; branch topic");
    scene.write("app/private/key.txt", "nobody else has this");
    scene.loses(
        "app",
        &[
            "git rebase -x 'rm -rf private' main~1",
            "git rebase -q -f main~1 -x 'rm -rf private'",
            "git rebase main~1 --exec 'rm -rf private'",
            "git rebase main~1 --exec='rm -rf private'",
            "git rebase main~1 --exe 'rm -rf private'",
            "git rebase --onto main~1 main~1 -x true -x 'rm -rf private'",
            "git rebase -i main~1 topic -x'rm -rf private'",
            "git switch -q topic && git rebase -q -f main~1 -x 'rm -rf private'",
            "git difftool -y HEAD~1 -x 'rm -rf private;:'",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git rebase -f main~1 -x 'ls private'",
            "git rebase -f main~1 -x 'echo rm -rf private'",
            "git rebase main~1 -X ours",
            "git difftool -y HEAD~1 -x diff",
        ],
    );
}

#[test]
fn a_side_of_a_conflict_is_taken_over_what_was_written_by_hand() {
    let scene = Scene::built(
        "git init -q -b main app; cd app
        printf 'one\\n' > plan.md; printf 'one\\n' > cost.md; printf 'x\\n' > c.txt; git add -A; git commit -q -m one
        git switch -q -c side; printf 'two\\n' > plan.md; printf 'two\\n' > cost.md; git commit -q -am two
        git switch -q main; printf 'three\\n' > plan.md; printf 'three\\n' > cost.md; git commit -q -am three
        cp -r ../app ../quiet; git merge -q side > /dev/null || true
        cp -r ../app ../fresh
        printf 'two and three, weighed\\n' > plan.md
        cp -r ../app ../staged; cd ../staged; git add plan.md
        cd ../quiet; printf 'mine\\n' > c.txt",
    );
    let taken = [
        "git checkout --ours -- plan.md && git add plan.md",
        "git checkout --theirs plan.md",
        "git checkout --theirs -- .",
        "git restore --ours plan.md",
        "git restore --theirs -- .",
        "git checkout -m -- plan.md",
        "git checkout --conflict=diff3 -- plan.md",
    ];
    scene.loses("app", &taken);
    scene.keeps("fresh", &taken);
    scene.keeps("staged", &taken);
    scene.keeps("quiet", &["git checkout --theirs plan.md"]);
    scene.keeps(
        "app",
        &[
            "git checkout --ours -- cost.md",
            "git restore --theirs cost.md",
        ],
    );
    scene.loses(
        "quiet",
        &["git checkout --ours -- c.txt", "git checkout -m -- ."],
    );
}

#[test]
fn the_branch_that_is_checked_out_answers_a_condition() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.git("app", "branch release/2; checkout -q -b topic");
    scene.git("app", "worktree add -q ../linked release/2");
    scene.git("app", "branch both; tag both");
    scene.write("app/out/own.txt", "nobody else has this");
    scene.write("linked/out/own.txt", "nobody else has this");
    let on_release = [
        "case \"$(git branch --show-current)\" in release/*) rm -rf out ;; *) echo no ;; esac",
        "b=$(git branch --show-current); case $b in release/*) rm -rf out;; esac",
        "[[ $(git symbolic-ref --short HEAD) == release/* ]] && rm -rf out",
        "[ \"$(git symbolic-ref HEAD)\" = refs/heads/release/2 ] && rm -rf out",
    ];
    scene.keeps("app", &on_release);
    scene.loses("linked", &on_release);
    scene.keeps(
        "app",
        &[
            "[ \"$(git rev-parse --abbrev-ref HEAD)\" = main ] && rm -rf out",
            "if [ \"$(git -C . branch --show-current)\" != topic ]; then rm -rf out; fi",
            "git status; test \"$(git branch --show-current)\" = main && rm -rf out",
        ],
    );
    scene.loses(
        "app",
        &[
            "[ \"$(git rev-parse --abbrev-ref HEAD)\" = topic ] && rm -rf out",
            "[ \"$(git branch --show-current)\" != main ] && rm -rf out",
            // What comes before may have changed it.
            "git switch -q main; [ \"$(git branch --show-current)\" = main ] && rm -rf out",
            "git branch -m main2; [ \"$(git branch --show-current)\" = main2 ] && rm -rf out",
            "echo 'ref: refs/heads/main' > .git/HEAD; [ \"$(git branch --show-current)\" = main ] && rm -rf out",
            "./turn; [ \"$(git branch --show-current)\" = main ] && rm -rf out",
            "git symbolic-ref HEAD refs/heads/main; [ \"$(git branch --show-current)\" = main ] && rm -rf out",
            "export GIT_DIR=../linked/.git; [ \"$(git branch --show-current)\" = release/2 ] && rm -rf out",
            "cd ../linked && [ \"$(git branch --show-current)\" = release/2 ] && rm -rf out",
        ],
    );
    scene.git("app", "checkout -q refs/heads/both; checkout -q -B both");
    // git calls it `heads/both`, because a tag has the same name.
    scene.loses(
        "app",
        &["[ \"$(git rev-parse --abbrev-ref HEAD)\" != both ] && rm -rf out"],
    );
}

#[test]
fn an_archive_of_a_commit_is_unpacked_over_the_work_tree() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.commit("app", "docs/guide.md");
    scene.git("app", "branch quiet");
    scene.write("app/docs/guide.md", "changed by hand");
    scene.write("elsewhere/own.txt", "nobody else has this");
    scene.loses(
        "app",
        &[
            "git archive HEAD | tar x",
            "git archive HEAD | tar -x",
            "git archive HEAD | tar xf -",
            "git archive main docs | tar -xvf -",
            "git archive HEAD docs/guide.md | tar --extract",
            "cd docs && git archive HEAD | tar x",
            "git archive HEAD | tar x -C .",
            "cd .. && git -C app archive HEAD | tar x -C app",
        ],
    );
    scene.keeps(
        "app",
        &[
            "git archive HEAD | tar t",
            "git archive HEAD | tar xO > /dev/null",
            "git archive HEAD | tar xk",
            "git archive HEAD a.txt | tar x",
            "git archive HEAD | tar x -C ../elsewhere",
            "git archive --prefix=copy/ HEAD | tar x",
            "git stash && git archive HEAD | tar x",
        ],
    );
}

#[test]
fn a_list_of_files_that_are_gone_is_known_where_there_is_none() {
    let scene = Scene::empty();
    scene.repository("app");
    scene.commit("app", "b.txt");
    scene.write("app/a.txt", "changed by hand");
    scene.keeps(
        "app",
        &[
            "git diff --name-only --diff-filter=D -z | xargs -0 -r git checkout -q --",
            "git diff --diff-filter=D --name-only | xargs -r git checkout --",
            "git ls-files -d | xargs -r git checkout --",
            "git ls-files --deleted -z | xargs -0 -r git restore",
        ],
    );
    scene.loses(
        "app",
        &[
            "git diff --name-only -z | xargs -0 -r git checkout -q --",
            "git diff --name-only --diff-filter=M -z | xargs -0 -r git checkout -q --",
            "git checkout -q HEAD~1 -- b.txt; git diff --name-only --diff-filter=DM | xargs -r git checkout --",
        ],
    );
}

#[test]
fn a_folder_far_below_is_asked_about_in_one_round() {
    let scene = Scene::empty();
    let deep = "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q";
    scene.write(&format!("{deep}/x"), "x");
    scene.keeps(
        deep,
        &[
            "git lg",
            "cd \"$(git rev-parse --show-toplevel)\" && ls",
            "git switch topic",
        ],
    );
}
