use super::bench::*;
use crate::model::command::{Cwd, Passage};
use crate::model::fact::{Answer, Question};
use crate::model::word::{Hole, Word};

const NOTHING: [&str; 0] = [];

#[test]
fn what_loses_nothing_without_facts_is_silent() {
    let bench = Bench::assumed();
    for text in [
        "rm -rf node_modules",
        "rm -rf ./dist/ build",
        "rm -rf /tmp/proj",
        "rm -rf /home/ann/shop/target/debug",
        "rm -rf /var/lib/apt/lists/*",
        "rm --help",
        "rmdir data",
        "find . -name *.pyc -delete",
        "find . -type d -empty -delete",
        "find . -name *.log",
        "mv a.txt b.txt",
        "cp a b",
        "sed -i s/a/b/ notes.txt",
        "tee out.txt",
        "chmod +x run.sh",
        "chown -R ann data",
        "dd if=a.img of=b.img",
        "dd if=/dev/sda of=/dev/null",
        "rsync -a src/ dst/",
        "rsync -an --delete src/ dst/",
        "tar xzf a.tgz",
    ] {
        assert_eq!(bench.lost(&line(text)), NOTHING, "{text}");
    }
}

#[test]
fn what_loses_something_without_facts_is_found() {
    let bench = Bench::assumed();
    for (text, rule) in [
        ("rm -rf data", "files.recursive-delete"),
        ("rm -fr -- data", "files.recursive-delete"),
        ("rm --recursive --force data", "files.recursive-delete"),
        ("rm data.txt", "files.delete"),
        ("unlink data.txt", "files.delete"),
        ("rm app.db", "files.delete-guarded"),
        ("rm -rf /", "files.wipe"),
        ("rm -rf /*", "files.wipe"),
        ("rm -rf /home/ann", "files.wipe"),
        ("rm -rf /home/ann/*", "files.wipe"),
        ("rm -rf /tmp/../etc", "files.wipe"),
        ("rm -rf /var", "files.wipe"),
        ("rm -rf .", "files.delete-project"),
        ("rm -rf *", "files.delete-project"),
        ("rm -rf .git", "files.delete-project"),
        ("rm -rf ../shop", "files.delete-project"),
        ("find . -delete", "files.delete-project"),
        ("find data -type f -delete", "files.recursive-delete"),
        ("find . -name *.txt -delete", "files.find-delete"),
        ("find / -name core -delete", "files.find-delete-system"),
        ("shred -u secret.txt", "files.delete"),
        ("shred /dev/sda", "files.wipe"),
        ("dd if=/dev/zero of=/dev/sda bs=1M", "files.wipe"),
        ("mv data /tmp/", "files.move-away-folder"),
        ("mv data /dev/null", "files.move-away-folder"),
        ("cp /dev/null app.sqlite3", "files.overwrite-guarded"),
        ("truncate -s 0 app.db", "files.overwrite-guarded"),
        ("rsync -a --delete src/ data/", "files.sync-delete"),
        ("rsync -a --delete src/ web:/srv/", "files.sync-delete"),
        (
            "tar czf a.tgz --remove-files data",
            "files.recursive-delete",
        ),
        ("chmod -R 000 /", "files.permissions"),
        ("chown -R ann /usr", "files.permissions"),
    ] {
        assert_eq!(bench.lost(&line(text)), [rule], "{text}");
    }
}

#[test]
fn an_absent_an_empty_and_a_linked_thing_cannot_be_lost() {
    let path = "/home/ann/shop/data";
    assert_eq!(
        Bench::here().absent(path).lost(&line("rm -rf data")),
        NOTHING
    );
    let empty = Bench::here().folder(path, 0).no_git(path);
    assert_eq!(empty.lost(&line("rm -rf data")), NOTHING);
    let link = Bench::here().link(path, "/home/ann/other");
    assert_eq!(link.lost(&line("rm -rf data")), NOTHING);
}

#[test]
fn a_slash_after_a_link_follows_it() {
    let bench = Bench::here()
        .link("/home/ann/shop/data/", "/home/ann/other")
        .folder("/home/ann/other", 3)
        .no_git("/home/ann/other");
    assert_eq!(
        bench.lost(&line("rm -rf data/")),
        ["files.recursive-delete"]
    );
}

#[test]
fn a_folder_with_files_is_lost_and_the_numbers_are_told() {
    let path = "/home/ann/shop/data";
    let bench = Bench::here().folder(path, 7).no_git(path);
    let (findings, open) = bench.run(&line("rm -rf data"));
    assert!(open.is_empty());
    assert_eq!(findings[0].blast.lines, ["7 files, 70 bytes"]);
    assert_eq!(findings[0].targets[0].locator, path);
}

#[test]
fn regenerable_output_needs_its_name_and_git_or_proof() {
    let path = "/home/ann/shop/node_modules";
    let ignored = Bench::here().folder(path, 9).git(path, |git| {
        git.is_ignored = true;
        git.ignored = 9;
    });
    assert_eq!(ignored.lost(&line("rm -rf node_modules")), NOTHING);
    let plain = Bench::here()
        .folder(path, 9)
        .git(path, |git| git.untracked = 9);
    assert_eq!(
        plain.lost(&line("rm -rf node_modules")),
        ["files.recursive-delete"]
    );
    let tracked = Bench::here().folder(path, 9).git(path, |git| {
        git.is_ignored = true;
        git.tracked = 1;
        git.changed = 1;
    });
    assert_eq!(
        tracked.lost(&line("rm -rf node_modules")),
        ["files.recursive-delete"]
    );
}

#[test]
fn what_git_holds_unchanged_is_not_lost_unless_git_goes_too() {
    let path = "/home/ann/shop/src";
    let clean = || {
        Bench::here()
            .folder(path, 5)
            .git(path, |git| git.tracked = 5)
    };
    assert_eq!(clean().lost(&line("rm -rf src")), NOTHING);
    let both = clean().folder("/home/ann/shop/.git", 9);
    assert!(
        both.lost(&line("rm -rf src .git"))
            .contains(&"files.recursive-delete".to_owned())
    );
    let changed = Bench::here().folder(path, 5).git(path, |git| {
        git.tracked = 5;
        git.changed = 1;
    });
    assert_eq!(
        changed.lost(&line("rm -rf src")),
        ["files.recursive-delete"]
    );
}

#[test]
fn a_fact_that_is_missing_or_cannot_be_had_exempts_nothing() {
    let bench = Bench::here();
    let (findings, open) = bench.run(&line("rm -rf data"));
    assert_eq!(rules(&findings), ["files.recursive-delete"]);
    assert_eq!(open, [Question::Entry("/home/ann/shop/data".into())]);
    let unknown = Bench::here().learn(
        Question::Entry("/home/ann/shop/data".into()),
        Answer::Unknown("permission".into()),
    );
    assert_eq!(
        unknown.lost(&line("rm -rf data")),
        ["files.recursive-delete"]
    );
}

#[test]
fn a_mount_below_a_temporary_folder_is_no_scratch() {
    let mut bench = Bench::here().folder("/tmp/x", 3);
    assert_eq!(bench.lost(&line("rm -rf /tmp/x")), NOTHING);
    let mut fact = entry("/tmp/x", crate::model::fact::EntryKind::Directory, 0);
    fact.mounts_below = true;
    bench.learn_entry("/tmp/x", fact);
    assert_eq!(
        bench.lost(&line("rm -rf /tmp/x")),
        ["files.recursive-delete"]
    );
}

#[test]
fn what_is_moved_there_first_is_lost_although_the_place_was_absent() {
    let mut bench = Bench::here().absent("/home/ann/shop/gone");
    bench.earlier = vec![line("rename x gone")];
    assert_eq!(bench.lost(&line("rm -rf gone")), ["files.recursive-delete"]);
    // A link alone is nothing.
    bench.earlier = vec![line("ln -s data gone")];
    assert_eq!(bench.lost(&line("rm -rf gone")), NOTHING);
}

#[test]
fn what_the_call_moved_is_lost_where_it_stands_before_the_call() {
    let targets = |bench: &Bench, text: &str| -> Vec<String> {
        let (found, _) = bench.run(&line(text));
        let open = found.iter().filter(|finding| finding.exempt.is_none());
        open.flat_map(|finding| finding.targets.iter().map(|one| one.locator.clone()))
            .collect()
    };
    let shop = |name: &str| format!("/home/ann/shop/{name}");
    let scene = |earlier: &[&str]| {
        let mut bench = Bench::here()
            .folder(&shop("data"), 3)
            .file(&shop("data/a"), 9)
            .folder(&shop("keep"), 2)
            .absent(&shop("gone"))
            .absent(&shop("gone/a"))
            .absent(&shop("keep/data"));
        bench.earlier = earlier.iter().map(|text| line(text)).collect();
        bench
    };
    let once = scene(&["mv data gone"]);
    assert_eq!(targets(&once, "rm -rf gone"), [shop("data")]);
    assert_eq!(targets(&once, "rm gone/a"), [shop("data/a")]);
    assert_eq!(targets(&once, "mv keep/x gone/a"), [shop("data/a")]);
    let inside = scene(&["mv data keep"]);
    assert_eq!(
        targets(&inside, "rm -rf keep"),
        [shop("data"), shop("keep")]
    );
    assert_eq!(targets(&inside, "rm -rf keep/data"), [shop("data")]);
    let tracked = scene(&["git mv data gone"]);
    assert_eq!(targets(&tracked, "rm -rf gone"), [shop("data")]);
    let back = scene(&["mv data gone", "mv gone data"]);
    assert!(targets(&back, "rm -rf gone").is_empty());
}

#[test]
fn an_inherited_variable_before_a_glob_may_wipe_the_root() {
    let bench = Bench::assumed();
    let dir = || hole(Hole::Inherited("DIR".into()));
    let all = of(vec![
        word("rm"),
        word("-rf"),
        join(&[dir(), word("/"), glob("*")]),
    ]);
    assert!(bench.lost(&all).contains(&"files.wipe".to_owned()));
    let alone = of(vec![word("rm"), word("-rf"), dir()]);
    assert_eq!(bench.lost(&alone), ["files.opaque-delete"]);
    let tmp = join(&[hole(Hole::Inherited("TMPDIR".into())), word("/x")]);
    assert_eq!(bench.lost(&of(vec![word("rm"), word("-rf"), tmp])), NOTHING);
    let inside = join(&[word("/tmp/build-"), hole(Hole::Unknown)]);
    assert_eq!(
        bench.lost(&of(vec![word("rm"), word("-rf"), inside])),
        NOTHING
    );
}

#[test]
fn flags_that_are_not_known_may_be_the_dangerous_ones() {
    let bench = Bench::assumed();
    let flags = Word::hole(Hole::Inherited("OPTS".into()), true, origin());
    let lost = bench.lost(&of(vec![word("rm"), flags, word("data")]));
    assert!(
        lost.contains(&"files.recursive-delete".to_owned()),
        "{lost:?}"
    );
}

#[test]
fn a_relative_path_in_a_temporary_working_directory_is_scratch() {
    let bench = Bench::assumed();
    let mut inside = line("rm -rf data");
    inside.cwd = Cwd::Temporary;
    assert_eq!(bench.lost(&inside), NOTHING);
    let mut out = line("rm -rf ../data");
    out.cwd = Cwd::Temporary;
    assert_eq!(bench.lost(&out), ["files.recursive-delete"]);
    let mut known = line("rm -rf data");
    known.cwd = Cwd::Known("/tmp/x".into());
    assert_eq!(bench.lost(&known), NOTHING);
}

#[test]
fn paths_in_containers_and_on_other_machines_are_never_asked_about() {
    let bench = Bench::here();
    let ssh = || Passage::Remote { host: word("web") };
    let lost = via(line("rm -rf /srv/data"), "ssh", ssh());
    let (findings, open) = bench.run(&lost);
    assert!(open.is_empty());
    assert_eq!(rules(&findings), ["files.recursive-delete"]);
    assert_eq!(findings[0].targets[0].locator, "web:/srv/data");
    assert_eq!(
        bench.lost(&via(line("rm -rf /tmp/x"), "ssh", ssh())),
        NOTHING
    );
}

#[test]
fn a_fresh_container_keeps_only_what_is_mounted() {
    let bench = Bench::assumed();
    let run = |text: &str, mounts: &[&str]| {
        let mounts = mounts.iter().map(|mount| word(mount)).collect();
        let passage = Passage::Fresh {
            engine: "docker".into(),
            mounts,
            network: None,
        };
        bench.lost(&via(line(text), "docker run", passage))
    };
    assert_eq!(run("rm -rf /data", &[]), NOTHING);
    assert_eq!(run("rm -rf /data", &["vol:/data"]), ["files.delete-volume"]);
    assert_eq!(
        run("rm -rf /data/x", &["/srv/db:/data"]),
        ["files.recursive-delete"]
    );
    assert_eq!(run("rm -rf /other", &["/srv/db:/data"]), NOTHING);
}

#[test]
fn find_hands_its_narrowing_to_the_program_it_starts() {
    let mut bench = Bench::assumed();
    let rm = via(
        of(vec![
            word("rm"),
            word("-f"),
            join(&[word("./"), hole(Hole::Unknown)]),
        ]),
        "find -exec",
        Passage::Plain,
    );
    bench.earlier = vec![line("find . -name *.pyc -exec rm -f {} +")];
    assert_eq!(bench.lost(&rm), NOTHING);
    bench.earlier = vec![line("find . -name *.txt -exec rm -f {} +")];
    assert_eq!(bench.lost(&rm), ["files.find-delete"]);
}

#[test]
fn what_a_find_denies_or_prunes_beside_a_name_only_narrows_it_further() {
    let bench = Bench::assumed();
    for text in [
        "find . -name *.pyc -not -path ./.venv/* -delete",
        "find . -path ./.venv -prune -o -name *.pyc -delete",
        "find . -name *.py[co] -delete",
        "find . ( -name *.pyc -o -name *.pyo ) ! -path ./x/* -delete",
        "find . ! ( -path ./a -o -path ./b ) -type d -empty -delete",
    ] {
        assert_eq!(bench.lost(&line(text)), NOTHING, "{text}");
    }
    for text in [
        "find . ! -name *.pyc -delete",
        "find . -not ( -name *.pyc ) -delete",
        "find . -name *.pyc -o -name *.sql -delete",
        "find . ( -name *.pyc -o -mtime +3 ) -delete",
        "find . -name *.pyc -prune -o -delete",
        "find . ! -empty -type f -delete",
        "find . -name *.[!o] -delete",
    ] {
        assert_eq!(bench.lost(&line(text)), ["files.find-delete"], "{text}");
    }
}

#[test]
fn fd_hands_on_whole_names_only() {
    let mut bench = Bench::assumed();
    let rm = via(
        of(vec![
            word("rm"),
            word("-rf"),
            join(&[word("./"), hole(Hole::Unknown)]),
        ]),
        "fd",
        Passage::Plain,
    );
    for text in [
        "fd -e pyc -x rm -rf",
        "fd --extension=pyc -x rm -rf",
        "fd -g node_modules -t d -X rm -rf",
        "fd -H ^__pycache__$ -X rm -rf",
    ] {
        bench.earlier = vec![line(text)];
        assert_eq!(bench.lost(&rm), NOTHING, "{text}");
    }
    for text in [
        "fd -e sql -x rm -rf",
        "fd build -X rm -rf",
        "fd -p -g node_modules -X rm -rf",
        "fd ^.pyc$ -X rm -rf",
    ] {
        bench.earlier = vec![line(text)];
        assert_ne!(bench.lost(&rm), NOTHING, "{text}");
    }
}

#[test]
fn writing_over_an_untracked_file_is_a_small_loss_and_a_new_file_none() {
    let path = "/home/ann/shop/b.txt";
    let old = Bench::here()
        .file(path, 12)
        .file("/home/ann/shop/a.txt", 5)
        .absent("/home/ann/shop/none.txt")
        .git(path, |git| git.untracked = 1);
    assert_eq!(old.lost(&line("mv none.txt b.txt")), NOTHING);
    assert_eq!(old.lost(&line("tee b.txt")), ["files.overwrite"]);
    assert_eq!(old.lost(&line("mv a.txt b.txt")), ["files.overwrite"]);
    assert_eq!(old.lost(&line("mv -n a.txt b.txt")), NOTHING);
    assert_eq!(old.lost(&line("tee -a b.txt")), NOTHING);
    assert_eq!(Bench::here().absent(path).lost(&line("tee b.txt")), NOTHING);
    let clean = Bench::here()
        .file(path, 12)
        .git(path, |git| git.tracked = 1);
    assert_eq!(clean.lost(&line("tee b.txt")), NOTHING);
}

/// Examples of the packs that need no shell to be read.
#[test]
fn examples_of_the_packs_without_shell_syntax_hold() {
    let book = crate::policy::builtin::book();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for rule in crate::policy::builtin::rules() {
        let family = rule.id.split('.').next().unwrap();
        if !matches!(family, "files" | "git" | "own") {
            continue;
        }
        for example in rule.examples {
            let text = example.command;
            let needs_shell = text.contains(['$', '"', '\'', ';', '&', '>', '|', '~']);
            let first = text.split(' ').next().unwrap();
            if needs_shell
                || matches!(first, "ssh" | "docker" | "sudo" | "echo" | ":")
                || text.contains("-exec")
                // These ask what stands in a file; the whole pipeline judges them in `tests/corpus.rs`.
                || rule.id == "git.bypass-hooks"
                || first == "sed"
            {
                continue;
            }
            tried += 1;
            let command = line(text);
            let bench = Bench::assumed();
            let mut needs = crate::model::fact::Needs::default();
            let mut found = super::findings(&command, &bench.context(), &mut needs);
            found.extend(crate::classify::git::findings(
                &command,
                &bench.context(),
                &mut needs,
            ));
            found.extend(crate::classify::own::findings(
                &command,
                &bench.context(),
                &mut needs,
            ));
            assert!(
                found
                    .iter()
                    .all(|finding| book.rule(&finding.rule).is_some()),
                "{text}"
            );
            if rules(&found).iter().any(|id| id == rule.id) != example.found {
                wrong.push(format!("{}: {text}: {:?}", rule.id, rules(&found)));
            }
        }
    }
    assert!(tried > 100, "{tried}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
