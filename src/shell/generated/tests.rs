//! What generated text starts, by program that makes it and by shell that runs it.

use crate::model::command::Unfolding;
use crate::model::fact::{Facts, Needs, Scene};
use crate::model::request::ShellKind;
use crate::shell::unfold::unfold;

fn of(text: &str) -> Unfolding {
    let scene = Scene {
        cwd: "/proj".into(),
        home: Some("/home/ann".into()),
        user: Some("ann".to_owned()),
        project: "/proj".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: false,
    };
    let facts = Facts::new(true);
    unfold(
        ShellKind::Posix,
        text,
        &scene,
        &facts,
        &mut Needs::default(),
    )
}

/// The programs called `rm` with their words.
fn rms(text: &str) -> Vec<String> {
    of(text)
        .commands
        .iter()
        .filter(|command| command.program().as_deref() == Some("rm"))
        .map(|command| command.shown().join(" "))
        .collect()
}

#[track_caller]
fn runs(text: &str, wanted: &[&str]) {
    assert_eq!(rms(text), wanted, "{text}");
}

#[test]
fn a_shell_runs_the_words_that_a_generator_writes_around_what_it_reads() {
    for text in [
        r#"awk '{print "rm -rf "$1}' l | sh"#,
        r#"awk '{printf "rm -rf %s\n", $1}' l | bash -s"#,
        r#"awk '/old/ {cmd = "rm -rf " $2; print cmd}' l | sh"#,
        r#"awk -v p='rm -rf ' '{print p $1}' l | sh"#,
        "sed 's/^/rm -rf /' l | sh",
        "sed -n 's|.*|rm -rf &|p' l | sh",
        r#"sed -E 's/^(.*)$/rm -rf \1/' l | sh"#,
        r#"jq -r '.[] | "rm -rf " + .path' f | sh"#,
        r#"jq -r '.[] | "rm -rf \(.path)"' f | sh"#,
        r#"jq -r '[.[] | "rm -rf \(.)"] | join("\n")' f | sh"#,
        "find data -printf 'rm -rf %p\\n' | sh",
        r#"python3 -c "print('rm -rf ' + d)" | sh"#,
        r#"python3 -c "print(f'rm -rf {d}')" | sh"#,
        r#"python3 -c "print('rm -rf %s' % d)" | sh"#,
        r#"python3 -c "print('rm -rf {}'.format(d))" | sh"#,
        r#"python3 -c "print('\n'.join('rm -rf ' + d for d in ds))" | sh"#,
        "node -e 'console.log(`rm -rf ${d}`)' | sh",
        r#"node -p 'ds.map(d => "rm -rf " + d).join("\n")' | sh"#,
        r#"node -p '["a", b].map(d => "rm -rf " + d).join("\n")' | sh"#,
        r#"ruby -ne 'puts "rm -rf #{$_.chomp}"' l | sh"#,
        r#"perl -ne 'chomp; print "rm -rf $_\n"' l | sh"#,
        r#"perl -pe 's/^/rm -rf /' l | sh"#,
        r#"php -r 'echo "rm -rf $d\n";' | sh"#,
        r#"sqlite3 app.db "select 'rm -rf ' || path from files" | sh"#,
    ] {
        let found = rms(text);
        assert!(
            found.iter().any(|line| line == "rm -rf $?"),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn every_sink_that_is_a_shell_runs_it() {
    let made = r#"awk '{print "rm -rf "$1}' l"#;
    for text in [
        format!("bash -c \"$({made})\""),
        format!("eval \"$({made})\""),
        format!("source <({made})"),
        format!("bash <({made})"),
        format!("{made} | ssh web1 sh"),
        format!("{made} | docker exec -i c sh"),
        format!("{made} | sort -u | tee plan | sh"),
        format!("{made} > r.sh && sh r.sh"),
        format!("{made} | tee r.sh; chmod +x r.sh; ./r.sh"),
        format!("{made} | while read -r line; do eval \"$line\"; done"),
        r#"awk '{print "rm -rf " $1 | "sh"}' l"#.to_owned(),
        r#"awk '{cmd="rm -rf "$1; cmd | getline}' l"#.to_owned(),
        r#"awk '{print "rm -rf " $1 > "r.sh"}' l; sh r.sh"#.to_owned(),
    ] {
        let found = rms(&text);
        assert!(
            found.iter().any(|line| line == "rm -rf $?"),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn what_nobody_runs_starts_nothing() {
    for text in [
        r#"awk '{print "rm -rf "$1}' l"#,
        r#"awk '{print "rm -rf "$1}' l | less"#,
        r#"awk '{print "rm -rf "$1}' l > plan.sh; cat plan.sh"#,
        r#"awk '/rm -rf/ {print $1}' l | sh"#,
        r#"jq -r '.[] | select(.cmd == "rm -rf x") | .name' f | sh"#,
        r#"python3 -c "import re; print(re.sub('rm -rf', '', s))" | sh"#,
        r#"echo "$(sed 's/^/rm -rf /' l)""#,
        "sed -i 's/^/rm -rf /' l | sh",
    ] {
        runs(text, &[]);
    }
}

#[test]
fn names_of_formats_are_no_text() {
    for text in [
        "kubectl get cm -o yaml | sh",
        "git log --pretty=oneline | sh",
        "docker inspect -f json c | sh",
    ] {
        let found = of(text);
        let programs = found.commands.iter().filter_map(|c| c.program());
        assert!(
            programs
                .into_iter()
                .all(|name| !matches!(name.as_str(), "yaml" | "oneline" | "json")),
            "{text}"
        );
    }
}

#[test]
fn known_lines_are_filled_in() {
    runs(
        "printf 'dist\\nbuild\\n' | sed 's/^/rm -rf /' | sh",
        &["rm -rf dist", "rm -rf build"],
    );
    runs(
        r#"printf 'a x\nb y\n' | awk '{print "rm -rf "$2}' | sh"#,
        &["rm -rf x", "rm -rf y"],
    );
    runs(
        r#"printf 'a.bak\n' | sed -E 's/(.*)\.bak/rm \1/' | sh"#,
        &["rm a"],
    );
    runs(r#"awk 'BEGIN{print "rm -rf data"}' | sh"#, &["rm -rf data"]);
    runs(
        "echo 'rm -rf dist' > c.sh; sed -i 's/dist/data/' c.sh; sh c.sh",
        &["rm -rf data"],
    );
}

#[test]
fn text_from_another_machine_stays_that_behind_a_filter() {
    for text in [
        "curl https://a.io/i.sh | sed 's/a/b/' | sh",
        "curl https://a.io/i.json | jq -r .script | sh",
        "wget https://a.io/i.sh && sh i.sh",
        "wget -P /opt https://a.io/x/i.sh?v=1; bash /opt/i.sh",
        "curl -fsSLO https://a.io/i.sh && sh i.sh",
    ] {
        assert!(!of(text).opaque.is_empty(), "{text}");
    }
    for text in [
        "wget -qO- https://a.io/i.txt | head",
        "curl -sO https://a.io/i.sh",
        "wget https://a.io/i.tar.gz && sh build.sh",
    ] {
        assert!(of(text).opaque.is_empty(), "{text}");
    }
}

#[test]
fn a_script_is_followed_to_where_it_is_carried() {
    let script = "echo 'rm -rf /srv/x' > a.sh; ";
    for text in [
        "scp a.sh web1:/tmp/a.sh && ssh web1 bash /tmp/a.sh",
        "scp -P 22 a.sh ana@web1: && ssh web1 sh a.sh",
        "scp a.sh web1:/tmp && ssh web1 sh /tmp/a.sh",
        "docker cp ./a.sh c:/a.sh; docker exec c sh /a.sh",
        "kubectl cp a.sh ns/pod:/a.sh -c app; kubectl exec pod -- sh /a.sh",
        "docker run -v $PWD:/w --rm alpine sh /w/a.sh",
        "docker run -v \"$(pwd)\":/w -w /w --rm alpine sh a.sh",
    ] {
        runs(&format!("{script}{text}"), &["rm -rf /srv/x"]);
    }
    runs(
        &format!("{script}docker cp c:/a.sh b.sh; docker exec c sh /a.sh"),
        &[],
    );
}

#[test]
fn a_program_of_any_size_and_nesting_is_read_in_bounded_time() {
    let deep = "(".repeat(20_000);
    let wide = "\"rm \" ".repeat(4_000);
    for text in [
        format!("awk '{{print {deep}'  l | sh"),
        format!("awk '{{print {wide}}}' l | sh"),
        format!("jq -r '{deep}' f | sh"),
        format!("python3 -c \"print({deep}\" | sh"),
        format!("awk '{{{}}}' l | sh", "a=a \"x\"; print a; ".repeat(2_000)),
        format!("sed '{}' l | sh", "s/a/b c/;".repeat(4_000)),
    ] {
        let begin = std::time::Instant::now();
        of(&text);
        assert!(begin.elapsed().as_secs() < 20, "{} bytes", text.len());
    }
}
