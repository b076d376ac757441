//! Packs test themselves, as far as words alone decide; layers and their messages.
//! Examples that need the shell's grammar or the world are run by `backstop policy test`.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use backstop::classify::{Context, packs};
use backstop::model::command::{Command, Cwd, Stdin};
use backstop::model::fact::{Facts, Needs, Scene};
use backstop::model::finding::{Finding, Severity};
use backstop::model::policy::{Demand, Mode, Waiver};
use backstop::model::span::{Origin, Span};
use backstop::model::target::{Reach, TargetKind};
use backstop::model::word::{Hole, Part, Piece, Word};
use backstop::policy::builtin::{book, default_policy, profile, rules};
use backstop::policy::{LayerText, Place, load};

fn origin() -> Origin {
    Origin::Text(Span::new(0, 0))
}

/// Splits a line at blanks, minding quotes; `$NAME` is a hole. Nothing when the line needs a shell's grammar.
fn words(line: &str) -> Option<Vec<Word>> {
    let mut all = Vec::new();
    let mut chars = line.chars().peekable();
    while chars.peek().is_some() {
        let mut word = Word::literal("", origin());
        word.pieces.clear();
        let mut text = String::new();
        let mut quote = None;
        for char in chars.by_ref() {
            match (quote, char) {
                (None, ' ') => break,
                (None, '\'' | '"') => {
                    quote = Some(char);
                    word.quoted = true;
                }
                (Some(open), close) if open == close => quote = None,
                (None, '|' | ';' | '&' | '<' | '>' | '(' | ')' | '`' | '\\' | '*') => return None,
                (None | Some('"'), '$') => {
                    word.pieces
                        .push(piece(Part::Literal(std::mem::take(&mut text))));
                    text.push('$');
                }
                (_, char) => text.push(char),
            }
        }
        match text.strip_prefix('$') {
            Some(name) => {
                word.pieces
                    .push(piece(Part::Hole(Hole::Inherited(name.to_owned()))));
                word.many = !word.quoted;
            }
            None => word.pieces.push(piece(Part::Literal(text))),
        }
        word.pieces
            .retain(|piece| piece.part != Part::Literal(String::new()) || word.quoted);
        if !word.pieces.is_empty() {
            all.push(word);
        }
    }
    Some(all)
}

fn piece(part: Part) -> Piece {
    Piece {
        part,
        origin: origin(),
    }
}

fn command(line: &str) -> Option<Command> {
    let mut words = words(line)?;
    let mut env = Vec::new();
    while let Some((name, value)) = words.first()?.text()?.split_once('=') {
        env.push((name.to_owned(), Word::literal(value, origin())));
        words.remove(0);
    }
    if words.first()?.text()? == "sudo" {
        words.remove(0);
        if words.first()?.text()? == "-u" {
            words.drain(..2);
        }
    }
    Some(Command {
        script: None,
        words,
        env: env.into(),
        env_cleared: false,
        stdin: Stdin::Null,
        writes: Vec::new(),
        via: Vec::new(),
        cwd: Cwd::Known("/srv/app".into()),
        origin: origin(),
    })
}

fn judge(line: &str) -> Option<Vec<Finding>> {
    let scene = Scene {
        cwd: "/srv/app".into(),
        home: Some("/home/dev".into()),
        user: Some("dev".into()),
        project: "/srv/app".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: true,
    };
    let facts = Facts::new(true);
    let context = Context {
        regenerable: &[],
        behind: const { &std::collections::BTreeMap::new() },
        protected: &backstop::model::push::UNPROTECTED,
        earlier: &[],
        after: &[],
        aliases: None,
        scene: &scene,
        facts: &facts,
        rules: book(),
    };
    Some(packs::findings(
        &command(line)?,
        &context,
        &mut Needs::default(),
    ))
}

fn found(line: &str) -> Vec<Finding> {
    judge(line).expect("a plain line")
}

fn ids(line: &str) -> Vec<String> {
    found(line)
        .into_iter()
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn every_example_of_an_argv_rule_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for rule in rules().iter().filter(|rule| !rule.argv.is_empty()) {
        for example in rule.examples {
            let Some(findings) = judge(example.command) else {
                continue;
            };
            judged += 1;
            let ids: Vec<_> = findings
                .iter()
                .map(|finding| finding.rule.as_str())
                .collect();
            if ids.contains(&rule.id) != example.found {
                wrong.push(format!("{}: `{}` gives {ids:?}", rule.id, example.command));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {judged}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(judged > 20);
}

#[test]
fn what_a_rule_advises_is_not_found_itself() {
    let mut wrong = Vec::new();
    for rule in rules() {
        if let Some(findings) = judge(rule.instead) {
            for finding in findings {
                wrong.push(format!(
                    "{}: `{}` is {}",
                    rule.id, rule.instead, finding.rule
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a rule advises, as lines for the tools that would run it; see `policies/packs/FORMAT.md`.
fn advice(rule: &backstop::model::rule::Rule) -> Vec<(&'static str, String)> {
    let text = rule.instead;
    if text.contains('`') || text.contains(", or ") {
        return text
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|code| ("Bash", code.to_owned()))
            .collect();
    }
    let sql = text
        .split_whitespace()
        .next()
        .is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    match rule.id.split('.').next() {
        Some("windows") => vec![("PowerShell", text.to_owned())],
        _ if sql => vec![("Bash", format!("psql shop -c \"{text}\""))],
        _ => vec![("Bash", text.to_owned())],
    }
}

#[test]
fn the_program_passes_what_every_rule_advises_and_every_severity_has_its_reason() {
    use std::io::Write as _;
    use std::process::{Command as Process, Stdio};

    let mut asked = Vec::new();
    let mut input = String::new();
    for rule in rules() {
        for text in [rule.instead, rule.lost, rule.why, rule.summary] {
            assert!(!text.trim().is_empty(), "{}: an empty text", rule.id);
        }
        let severity = format!("{:?}", rule.severity);
        assert!(rule.why.starts_with(&severity), "{}: {}", rule.id, rule.why);
        for (tool, line) in advice(rule) {
            let call = serde_json::json!({"id": asked.len(), "tool_name": tool,
                "tool_input": {"command": line}, "cwd": "/srv/app"});
            input.push_str(&format!("{call}\n"));
            asked.push((rule.id, line));
        }
    }
    assert!(asked.len() > 100, "only {} commands", asked.len());
    let mut child = Process::new(env!("CARGO_BIN_EXE_backstop"))
        .args(["check", "--batch", "--facts", "none"])
        .env_clear()
        .env("HOME", "/home/nobody-here")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    writer.join().expect("the writer").expect("all is written");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), asked.len());
    let mut wrong = Vec::new();
    for line in text.lines() {
        let answer: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let at = usize::try_from(answer["id"].as_u64().expect("an id")).expect("small");
        if answer["verdict"] != "allow" {
            wrong.push(format!("{}: `{}` gives {answer}", asked[at].0, asked[at].1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_regular_expression_compiles() {
    let compile = |regex: &str| packs::compile(regex).map_err(|error| error.to_string());
    for rule in rules() {
        for shape in rule.argv {
            let patterns = shape
                .positionals
                .iter()
                .chain(shape.except)
                .map(|pattern| pattern.regex);
            let values = shape.values.iter().map(|value| value.regex);
            let env = shape.env.iter().map(|(_, regex)| *regex);
            for regex in patterns.chain(values).chain(env) {
                assert!(
                    compile(regex).is_ok(),
                    "{}: `{regex}` {:?}",
                    rule.id,
                    compile(regex)
                );
            }
        }
    }
}

#[test]
fn every_rule_is_found_by_its_id_and_by_its_programs() {
    let ids: BTreeSet<&str> = rules().iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules().len());
    for rule in rules() {
        assert!(std::ptr::eq(book().rule(rule.id).unwrap(), *rule));
        for program in rule.argv.iter().flat_map(|shape| shape.programs) {
            assert!(
                book()
                    .for_program(program)
                    .iter()
                    .any(|known| known.id == rule.id),
                "{program}"
            );
        }
    }
    assert!(book().rule("no.such-rule").is_none());
    assert!(book().for_program("ls").is_empty());
}

fn layer(place: Place, text: &str) -> LayerText {
    let file = match place {
        Place::Machine => "/etc/backstop/policy.toml",
        Place::User => "/home/dev/.config/backstop/policy.toml",
        Place::Project => ".backstop/policy.toml",
    };
    LayerText {
        place,
        file: PathBuf::from(file),
        text: text.to_owned(),
    }
}

fn messages(layers: &[LayerText]) -> String {
    let errors = load(layers).expect_err("a faulty policy");
    errors.iter().map(|error| format!("{error}\n")).collect()
}

#[test]
fn the_default_profile_is_what_the_design_says() {
    let policy = default_policy();
    assert_eq!(policy.profile, "default");
    assert_eq!(policy.mode, Mode::Enforce);
    assert_eq!(policy.max_age_s, 3_600);
    assert_eq!(policy.level.name(), "readable");
    assert_eq!(
        (
            policy.approvals,
            policy.approval_ttl_s,
            policy.request_ttl_s
        ),
        (2, 900, 86_400)
    );
    assert_eq!(
        (policy.pause_s, policy.two_people, policy.strength.as_str()),
        (0, false, "terminal")
    );
    assert_eq!(
        (policy.min_bytes, policy.waiver, policy.relax_small),
        (0, Waiver::NoDriver, false)
    );
    assert_eq!(
        (policy.keep_guard_s, policy.undo_window_s),
        (7 * 86_400, 30 * 86_400)
    );
    let limits = policy.limits;
    assert_eq!(
        (limits.backup_bytes, limits.backup_seconds),
        (20_000_000_000, 900)
    );
    assert_eq!(
        (
            limits.hold_wait_ms,
            limits.snapshot_wait_ms,
            limits.deadline_ms
        ),
        (2_000, 10_000, 20_000)
    );
    let demand = |severity| policy.demands[&severity];
    assert_eq!(demand(Severity::None), Demand::Allow);
    assert_eq!(demand(Severity::Moderate), Demand::Snapshot);
    assert_eq!(
        (demand(Severity::High), demand(Severity::Critical)),
        (Demand::Hold, Demand::Hold)
    );
    assert_eq!(demand(Severity::Catastrophic), Demand::Deny);
    assert!(policy.regenerable.iter().any(|name| name == "node_modules"));
    assert_eq!(load(&[]).unwrap(), policy);
}

#[test]
fn the_profiles_differ_from_the_default_where_they_say() {
    let (strict, relaxed) = (profile("strict").unwrap(), profile("relaxed").unwrap());
    assert_eq!(strict.demands[&Severity::Moderate], Demand::Hold);
    assert_eq!(strict.waiver, Waiver::Never);
    assert_eq!((strict.approvals, relaxed.approvals), (2, 2));
    assert!(relaxed.relax_small && !strict.relax_small);
    assert_eq!(relaxed.demands[&Severity::High], Demand::Hold);
    assert!(profile("lax").is_none());
}

#[test]
fn the_template_given_as_a_layer_changes_nothing() {
    let text = include_str!("../policies/default.toml");
    assert_eq!(
        load(&[layer(Place::Machine, text)]).unwrap(),
        default_policy()
    );
}

#[test]
fn layers_are_laid_over_each_other_in_their_order() {
    let machine = layer(
        Place::Machine,
        "profile = \"strict\"\n[backup]\nmax_age = \"2h\"\nmin_bytes = \"1 kB\"\n",
    );
    let user = layer(
        Place::User,
        "mode = \"observe\"\n[backup]\nmax_age = 600\n[mcp.supabase]\ntarget = \"postgres://h/d\"\n",
    );
    let project = layer(
        Place::Project,
        "[backup]\nmax_age = \"5m\"\nverify = \"restored\"\n[demands]\nmoderate = \"hold\"\n",
    );
    let policy = load(&[project, user, machine]).unwrap();
    assert_eq!(
        (policy.profile.as_str(), policy.mode),
        ("strict", Mode::Observe)
    );
    assert_eq!((policy.max_age_s, policy.min_bytes), (300, 1_000));
    assert_eq!(policy.level.name(), "restored");
    assert_eq!(policy.mcp["supabase"], "postgres://h/d");
}

#[test]
fn a_project_may_only_tighten() {
    let text = "\
profile = \"relaxed\"
mode = \"observe\"
[demands]
high = \"snapshot\"
[severities]
\"kubectl.delete\" = \"moderate\"
[backup]
max_age = \"2h\"
verify = \"digest\"
dir = \"/tmp/x\"
keep_guard = \"1d\"
[approvals]
count = 1
lifetime = \"1h\"
two_people = false
waiver = \"impossible\"
[small]
snapshot = true
rows = 5000
[paths]
regenerable = [\"src\"]
also_regenerable = [\"data\"]
tool_dirs = [\"/srv/bin\"]
[[exceptions]]
rule = \"kubectl.delete\"
reason = \"scratch\"
expires = \"2026-12-31\"
[[enrolled]]
kind = \"postgres\"
locator = \"db:5432/x\"
[mcp.x]
target = \"y\"
";
    insta::assert_snapshot!(messages(&[layer(Place::Project, text)]));
    assert!(load(&[layer(Place::User, text)]).is_ok());
}

#[test]
fn a_project_may_tighten_every_key_that_has_a_direction() {
    let text = "[demands]\nmoderate = \"hold\"\nhigh = \"deny\"\ncritical = \"deny\"\n[severities]\n\"kubectl.delete\" = \"critical\"\n\
        [backup]\nmax_age = 60\nverify = \"restored\"\nmin_bytes = 1\nkeep_guard = \"8d\"\nundo_window = \"60d\"\n\
        [approvals]\ncount = 3\nlifetime = \"1m\"\nrequest_lifetime = \"1h\"\npause = \"30s\"\ntwo_people = true\nstrength = \"key\"\nwaiver = \"never\"\n\
        [small]\nsnapshot = false\nfiles = 1\nbytes = 1\nrows = 1\n[paths]\nregenerable = [\"node_modules\"]\n";
    let policy = load(&[layer(Place::Project, text)]).unwrap();
    assert_eq!(
        (
            policy.approvals,
            policy.two_people,
            policy.strength.as_str()
        ),
        (3, true, "key")
    );
    assert_eq!(policy.severities["kubectl.delete"], Severity::Critical);
    assert_eq!(policy.regenerable, ["node_modules"]);
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let user = "\
proflie = \"strict\"
mode = \"off\"
[demands]
moderate = \"hold\"
high = \"snapshot\"
catastrophic = \"hold\"
[severities]
\"kubectl.delte\" = \"high\"
[backup]
max_age = \"1 fortnight\"
min_bytes = -1
verify = 3
max_agee = 1
[approvals]
count = 0
[waits]
deadline = \"40s\"
hold = \"45s\"
[[exceptions]]
rule = \"kubectl.delete\"
expires = \"soon\"
[[exceptions]]
rule = \"nothing.at-all\"
reason = \"x\"
[[enrolled]]
kind = \"postgress\"
locator = \"x\"
[mcp]
supabase = \"x\"
";
    let project = "[backup\nmax_age = \"1m\"\n";
    insta::assert_snapshot!(messages(&[
        layer(Place::User, user),
        layer(Place::Project, project)
    ]));
}

#[test]
fn an_exception_ends_with_its_last_day() {
    let text = "[[exceptions]]\nrule = \"kubectl.delete\"\ntarget = \"kubernetes:dev/*\"\nreason = \"scratch\"\nexpires = \"2026-12-31\"\n";
    let policy = load(&[layer(Place::User, text)]).unwrap();
    assert_eq!(policy.exceptions[0].expires, 1_798_761_600);
}

#[test]
fn options_before_between_and_after_subcommands_do_not_hide_them() {
    for line in [
        "kubectl -n shop --context prod delete deployment web",
        "kubectl delete -n shop deployment web",
        "kubectl delete deployment web -n shop",
        "kubectl --namespace=shop delete deployment/web",
        "/usr/local/bin/kubectl delete deployment web",
        "kubectl delete -- deployment web",
    ] {
        assert_eq!(ids(line), ["kubectl.delete"], "{line}");
    }
}

#[test]
fn unknown_words_raise_a_finding_and_never_lower_one() {
    let one = &found("terraform apply $TF_FLAGS")[0];
    assert!(one.opaque && one.rule == "terraform.destroy");
    assert!(
        ids("kubectl delete deployment web --dry-run=$MODE").contains(&"kubectl.delete".to_owned())
    );
    assert!(found("mongosh shop --eval \"$JS\"")[0].opaque);
    assert!(!found("kubectl delete deployment \"$NAME\"")[0].opaque);
    assert!(ids("kubectl $ARGS get pods").is_empty());
    assert!(
        ids("git push $REMOTE $BRANCH")
            .iter()
            .all(|id| !id.starts_with("kubectl"))
    );
}

#[test]
fn runners_and_versions_do_not_hide_a_program() {
    for line in [
        "npx prisma migrate reset",
        "npx --yes prisma@5.22.0 migrate reset --force",
        "pnpm exec prisma migrate reset",
        "pnpm --filter api prisma migrate reset",
        "yarn workspace api prisma migrate reset",
        "dotenv -e .env.local -- npx prisma migrate reset",
        "node_modules/.bin/prisma migrate reset",
        "php artisan migrate:fresh",
        "sail artisan migrate:fresh",
        "python3.12 manage.py flush",
        "uv run --with x python manage.py flush",
        "bundle exec rails db:drop",
        "poetry run alembic downgrade base",
    ] {
        assert_eq!(ids(line), ["migrate.reset"], "{line}");
    }
}

#[test]
fn targets_come_from_the_words_without_their_passwords() {
    let one = &found("dbmate --url postgres://shop:hush@localhost:5433/shop_dev drop")[0];
    assert_eq!(one.targets[0].kind, TargetKind::Postgres);
    assert_eq!(one.targets[0].locator, "localhost:5433/shop_dev");
    assert!(
        matches!(&one.targets[0].reach, Reach::Postgres(reach) if reach.password.is_some() && !reach.implicit)
    );
    let one = &found("DATABASE_URL=sqlite:dev.db sqlx database drop -y")[0];
    assert_eq!(
        one.targets[0].reach,
        Reach::Sqlite("/srv/app/dev.db".into())
    );
    let one = &found("npx prisma migrate reset")[0];
    assert!(
        matches!(&one.targets[0].reach, Reach::Unreachable(_)),
        "{:?}",
        one.targets
    );
    let one = &found("kubectl --context prod -n shop delete secret a b")[0];
    let locators: Vec<_> = one
        .targets
        .iter()
        .map(|target| target.locator.as_str())
        .collect();
    assert_eq!(
        locators,
        [
            "kubernetes:prod/shop/secret/a",
            "kubernetes:prod/shop/secret/b"
        ]
    );
    assert!(
        !format!(
            "{:?}",
            found("redis-cli -u redis://:hush@cache:6379 FLUSHALL")[0].targets
        )
        .contains("hush")
    );
}

#[test]
fn harmless_lines_of_everyday_work_give_nothing() {
    let flagged: Vec<String> = include_str!("../fixtures/packs-harmless.txt")
        .lines()
        .filter_map(|line| {
            let ids: Vec<_> = judge(line)?
                .into_iter()
                .map(|finding| finding.rule)
                .collect();
            (!ids.is_empty()).then(|| format!("{line}: {ids:?}"))
        })
        .collect();
    assert!(flagged.is_empty(), "{}", flagged.join("\n"));
}
