//! The ledger and the store over it: the chain, single use, expiry, and a kill at every step that persists.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::print_stderr,
    reason = "a test may stop with a panic"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use backstop::model::approval::{
    Approval, Fingerprint, Outcome, Request, RequestId, RequestState, Strength,
};
use backstop::model::database::Identity;
use backstop::model::policy::{Demand, Requirement};
use backstop::model::target::{TargetKey, TargetKind};
use backstop::store::{
    ApprovalRules, Draft, Fault, NewLease, SpendError, Spending, Store, StoreError, Use,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    let base: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    base + SignedDuration::from_secs(seconds)
}

fn fingerprint(name: &str) -> Fingerprint {
    let mut text = String::new();
    for byte in name.bytes() {
        text.push_str(&format!("{byte:02x}"));
    }
    Fingerprint(format!("{text:0<64}"))
}

fn draft(name: &str) -> Draft {
    Draft {
        fingerprint: fingerprint(name),
        tool: "Bash".into(),
        command: format!("rm -rf {name}"),
        cwd: "/srv".into(),
        session: Some("s1".into()),
        findings: Vec::new(),
        requirement: Requirement {
            demand: Demand::Hold,
            backups: Vec::new(),
            approvals: 2,
            waivers: Vec::new(),
        },
        confirm: name.into(),
        backups: Vec::new(),
        request_ttl_s: 86_400,
        approval_ttl_s: 900,
    }
}

fn approval(step: u8, nonce: &str) -> Approval {
    Approval {
        at: String::new(),
        strength: Strength::Terminal,
        by: "ada (1000)".into(),
        step,
        nonce: format!("nonce-{nonce}-{step}"),
        backups: vec!["b1".into()],
        waived: Vec::new(),
    }
}

fn spend(store: &Store, request: &Request, now: Timestamp) -> Result<Use, SpendError> {
    store.spend(
        &Spending {
            id: &request.id,
            fingerprint: &request.fingerprint,
            approvals: 2,
            rules: ApprovalRules::default(),
            backups: &["b1".to_owned()],
            facts: json!({}),
        },
        now,
    )
}

fn approve_both(store: &Store, id: &RequestId, now: Timestamp, nonce: &str) -> Request {
    let rules = ApprovalRules::default();
    store.approve(id, approval(1, nonce), &rules, now).unwrap();
    store.approve(id, approval(2, nonce), &rules, now).unwrap()
}

fn fresh() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("state")).unwrap();
    (dir, store)
}

fn lines(dir: &Path) -> Vec<String> {
    fs::read_to_string(dir.join("ledger.jsonl"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn write_lines(dir: &Path, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(dir.join("ledger.jsonl"), text).unwrap();
}

#[test]
fn two_approvals_open_one_run_and_no_second() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    assert!(matches!(
        spend(&store, &request, at(1)),
        Err(SpendError::Approvals { have: 0, need: 2 })
    ));
    let approved = approve_both(&store, &request.id, at(2), "a");
    assert_eq!(approved.state, RequestState::Approved);
    let used = spend(&store, &request, at(3)).unwrap();
    assert_eq!(used.approvals.len(), 2);
    assert_eq!(
        store.request(&request.id, at(4)).unwrap().state,
        RequestState::Used
    );
    assert!(matches!(
        spend(&store, &request, at(4)),
        Err(SpendError::Used(_))
    ));
    let again = store.hold(&draft("data"), at(5)).unwrap();
    assert_ne!(again.id, request.id);
    assert!(again.approvals.is_empty());
    assert_eq!(store.verify().unwrap().fault, None);
}

#[test]
fn the_same_call_finds_its_request_again_and_counts() {
    let (_dir, store) = fresh();
    let first = store.hold(&draft("data"), at(0)).unwrap();
    let second = store.hold(&draft("data"), at(1)).unwrap();
    let other = store.hold(&draft("datum"), at(1)).unwrap();
    assert_eq!((first.id.clone(), 2), (second.id, second.held));
    assert_ne!(first.id, other.id);
    assert_eq!(first.id.0.len(), 4);
    let (all, bad) = store.requests(10, at(2)).unwrap();
    assert_eq!((all.len(), bad.len()), (2, 0));
    assert_eq!(all[0].id, other.id, "newest first");
}

#[test]
fn one_approval_or_one_shown_twice_is_not_two() {
    let (_dir, store) = fresh();
    let rules = ApprovalRules::default();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    let id = &request.id;
    assert!(matches!(
        store.approve(id, approval(2, "a"), &rules, at(1)),
        Err(StoreError::Order { expected: 1, .. })
    ));
    store.approve(id, approval(1, "a"), &rules, at(1)).unwrap();
    let same = Approval {
        step: 2,
        ..approval(1, "a")
    };
    assert!(matches!(
        store.approve(id, same, &rules, at(1)),
        Err(StoreError::Repeated)
    ));
    store.approve(id, approval(1, "b"), &rules, at(1)).unwrap();
    assert!(matches!(
        spend(&store, &request, at(2)),
        Err(SpendError::Approvals { .. })
    ));
}

#[test]
fn an_approval_keeps_the_lifetime_under_which_it_was_given() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    let short = ApprovalRules {
        ttl_s: 3,
        ..ApprovalRules::default()
    };
    for step in [1, 2] {
        store
            .approve(&request.id, approval(step, "a"), &short, at(10))
            .unwrap();
    }
    // Policy says 900 s again by now: what had expired stays so.
    assert!(matches!(
        spend(&store, &request, at(14)),
        Err(SpendError::ApprovalsExpired { ttl_s: 3 })
    ));
    approve_both(&store, &request.id, at(20), "b");
    drop(spend(&store, &request, at(22)).unwrap());
}

#[test]
fn approvals_end_after_their_time_and_requests_after_a_day() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(10), "a");
    assert!(matches!(
        spend(&store, &request, at(10 + 900)),
        Err(SpendError::ApprovalsExpired { ttl_s: 900 })
    ));
    let later = store.request(&request.id, at(911)).unwrap();
    assert_eq!(later.state, RequestState::Pending);
    approve_both(&store, &request.id, at(86_300), "b");
    assert!(matches!(
        spend(&store, &request, at(86_400)),
        Err(SpendError::RequestExpired(_))
    ));
    assert!(matches!(
        store.approve(
            &request.id,
            approval(1, "c"),
            &ApprovalRules::default(),
            at(86_400)
        ),
        Err(StoreError::State {
            state: RequestState::Expired,
            ..
        })
    ));
    let anew = store.hold(&draft("data"), at(86_400)).unwrap();
    assert_ne!(anew.id, request.id);
}

#[test]
fn a_clock_that_went_backwards_opens_nothing() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(100), "a");
    assert!(matches!(
        spend(&store, &request, at(99)),
        Err(SpendError::Clock { .. })
    ));
    store.record("observed", &json!({}), at(400)).unwrap();
    assert!(matches!(
        spend(&store, &request, at(200)),
        Err(SpendError::Clock { .. })
    ));
    assert!(matches!(
        store.approve(
            &request.id,
            approval(1, "z"),
            &ApprovalRules::default(),
            at(200)
        ),
        Err(StoreError::Clock { .. })
    ));
    let _ = spend(&store, &request, at(401)).unwrap();
}

#[test]
fn approvals_that_had_expired_do_not_come_back_with_the_clock() {
    let (_dir, store) = fresh();
    let rules = ApprovalRules::default();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(100), "a");
    // Held again after they had expired, and then again with the clock set back.
    store.hold(&draft("data"), at(1100)).unwrap();
    store.hold(&draft("data"), at(200)).unwrap();
    assert!(matches!(
        spend(&store, &request, at(201)),
        Err(SpendError::Clock { .. })
    ));
    // Any record tells the time; once the clock is right again they are simply too old.
    assert!(matches!(
        spend(&store, &request, at(1101)),
        Err(SpendError::ApprovalsExpired { .. })
    ));
    assert_eq!(
        store.next_step(&request.id, &rules, at(201)).unwrap(),
        Some(1)
    );
    // Whoever set the clock right approves again.
    approve_both(&store, &request.id, at(210), "b");
    let _ = spend(&store, &request, at(220)).unwrap();
}

#[test]
fn an_index_that_says_nothing_readable_is_made_again_from_the_ledger() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(100), "a");
    let file = store
        .dir()
        .join("requests")
        .join(format!("{}.json", request.id.0));
    let whole = fs::read_to_string(&file).unwrap();
    for damage in [
        "{",
        "",
        "null",
        &whole.replace("tester", "x").replace("ada", "eve"),
    ] {
        fs::write(&file, damage).unwrap();
        let found = store.request(&request.id, at(101)).unwrap();
        assert_eq!(found.approvals.len(), 2, "{damage}");
        fs::write(&file, damage).unwrap();
        let (good, bad) = store.requests(10, at(101)).unwrap();
        assert_eq!((good.len(), bad.len()), (1, 0), "{damage}");
        fs::write(&file, damage).unwrap();
        let held = store.hold(&draft("data"), at(102)).unwrap();
        assert_eq!((held.id, held.approvals.len()), (request.id.clone(), 2));
    }
    fs::write(&file, "{").unwrap();
    let _ = spend(&store, &request, at(103)).unwrap();
    fs::write(&file, "{").unwrap();
    // Made again, it still says that it was used.
    assert!(matches!(
        spend(&store, &request, at(104)),
        Err(SpendError::Used(_))
    ));

    let names = fs::read_dir(store.dir().join("fingerprints")).unwrap();
    for name in names {
        fs::write(name.unwrap().path(), "what is no id").unwrap();
    }
    assert_ne!(store.hold(&draft("data"), at(105)).unwrap().id, request.id);

    let both = [approval(1, "l"), approval(2, "l")];
    let target = TargetKey {
        kind: TargetKind::Sqlite,
        locator: "/srv/app.db".into(),
    };
    let new = NewLease {
        target: target.clone(),
        identity: None,
        reason: "tests".into(),
        seconds: 600,
        by: "ada (1000)".into(),
    };
    store.grant_lease(new.clone(), &both, at(200)).unwrap();
    fs::write(store.dir().join("leases.json"), "{").unwrap();
    assert!(store.lease_for(&target, None, at(201)).unwrap().is_some());
    fs::write(store.dir().join("leases.json"), "{").unwrap();
    store.grant_lease(new, &both, at(202)).unwrap();
    assert_eq!(store.leases(at(203)).unwrap().len(), 2);
}

#[test]
fn records_of_other_calls_tell_the_time_as_well() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(100), "a");
    store.record("observed", &json!({}), at(500)).unwrap();
    store.record("observed", &json!({}), at(200)).unwrap();
    assert!(matches!(
        spend(&store, &request, at(201)),
        Err(SpendError::Clock { .. })
    ));
    let _ = spend(&store, &request, at(501)).unwrap();
}

#[test]
fn a_lease_that_had_ended_does_not_come_back_with_the_clock() {
    let (_dir, store) = fresh();
    let target = TargetKey {
        kind: TargetKind::Sqlite,
        locator: "/srv/app.db".into(),
    };
    let new = NewLease {
        target: target.clone(),
        identity: None,
        reason: "tests".into(),
        seconds: 600,
        by: "ada (1000)".into(),
    };
    let both = [approval(1, "a"), approval(2, "b")];
    store.grant_lease(new, &both, at(0)).unwrap();
    store.record("observed", &json!({}), at(900)).unwrap();
    store.record("observed", &json!({}), at(100)).unwrap();
    assert!(store.lease_for(&target, None, at(101)).unwrap().is_none());
}

#[test]
fn a_rejection_stands_until_it_is_taken_back() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(1), "a");
    store
        .reject(&request.id, "ada (1000)", "wrong database", at(2))
        .unwrap();
    assert!(matches!(
        spend(&store, &request, at(3)),
        Err(SpendError::Rejected(_))
    ));
    let held = store.hold(&draft("data"), at(3)).unwrap();
    assert_eq!(
        (held.id.clone(), held.state),
        (request.id.clone(), RequestState::Rejected)
    );
    store
        .revoke(&request.id, "ada (1000)", "looked again", at(4))
        .unwrap();
    assert!(matches!(
        spend(&store, &request, at(5)),
        Err(SpendError::Approvals { .. }),
    ));
    approve_both(&store, &request.id, at(6), "b");
    store
        .revoke(&request.id, "ada (1000)", "no", at(7))
        .unwrap();
    assert!(spend(&store, &request, at(8)).is_err());
}

#[test]
fn policy_can_want_a_pause_two_people_and_more_strength() {
    let (_dir, store) = fresh();
    let id = store.hold(&draft("data"), at(0)).unwrap().id;
    let strict = ApprovalRules {
        pause_s: 60,
        two_people: true,
        ..ApprovalRules::default()
    };
    store
        .approve(&id, approval(1, "a"), &strict, at(1))
        .unwrap();
    assert!(matches!(
        store.approve(&id, approval(2, "a"), &strict, at(90)),
        Err(StoreError::SamePerson(_))
    ));
    let second = Approval {
        by: "bob (1001)".into(),
        ..approval(2, "b")
    };
    assert!(matches!(
        store.approve(&id, second.clone(), &strict, at(30)),
        Err(StoreError::Pause { left: 31, .. })
    ));
    let stronger = ApprovalRules {
        strength: Strength::Key,
        ..strict
    };
    assert!(matches!(
        store.approve(&id, second.clone(), &stronger, at(90)),
        Err(StoreError::Weak { .. })
    ));
    let done = store.approve(&id, second, &strict, at(90)).unwrap();
    assert_eq!(done.state, RequestState::Approved);
}

#[test]
fn approvals_in_a_request_file_alone_are_not_believed() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    let path = store
        .dir()
        .join("requests")
        .join(format!("{}.json", request.id.0));
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    file["request"]["approvals"] =
        serde_json::to_value([approval(1, "x"), approval(2, "x")]).unwrap();
    file["request"]["state"] = json!("approved");
    fs::write(&path, file.to_string()).unwrap();
    assert!(spend(&store, &request, at(1)).is_err());
    fs::write(&path, file.to_string()).unwrap();
    // It is made again from the ledger, which carries none.
    let found = store.request(&request.id, at(1)).unwrap();
    assert_eq!(
        (found.approvals, found.state),
        (vec![], RequestState::Pending)
    );
    // The same with positions that point at real records of another kind.
    file["approvals"] = json!([file["requested"], file["requested"]]);
    fs::write(&path, file.to_string()).unwrap();
    assert!(spend(&store, &request, at(1)).is_err());
    fs::write(&path, file.to_string()).unwrap();
    assert!(
        store
            .request(&request.id, at(1))
            .unwrap()
            .approvals
            .is_empty()
    );
}

#[test]
fn an_old_request_file_that_is_put_back_does_not_give_a_second_run() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(1), "a");
    let path = store
        .dir()
        .join("requests")
        .join(format!("{}.json", request.id.0));
    let old = fs::read(&path).unwrap();
    let _ = spend(&store, &request, at(2)).unwrap();
    fs::write(&path, old).unwrap();
    assert!(matches!(
        spend(&store, &request, at(3)),
        Err(SpendError::Used(_))
    ));
}

#[test]
fn outcomes_and_undos_are_for_used_requests_only() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    assert!(store.undone(&request.id, ("b1", false), at(1)).is_err());
    approve_both(&store, &request.id, at(1), "a");
    let _ = spend(&store, &request, at(2)).unwrap();
    let ran = store.outcome(&request.id, Outcome::Ran, "", at(3)).unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Ran));
    store.undone(&request.id, ("b1", true), at(4)).unwrap();
    assert_eq!(store.undone_of(&request.id).unwrap().len(), 1);
}

#[test]
fn reserved_kinds_cannot_be_recorded_by_hand() {
    let (_dir, store) = fresh();
    for kind in ["approved", "used", "leased", "revoked", "requested"] {
        assert!(matches!(
            store.record(kind, &json!({}), at(0)),
            Err(StoreError::Reserved(_))
        ));
    }
}

#[test]
fn a_lease_holds_for_its_target_and_identity_until_it_ends_or_is_revoked() {
    let (_dir, store) = fresh();
    let target = TargetKey {
        kind: TargetKind::Sqlite,
        locator: "/srv/scratch.db".into(),
    };
    let here = Identity::Sqlite {
        device: 1,
        inode: 2,
    };
    let elsewhere = Identity::Sqlite {
        device: 1,
        inode: 3,
    };
    let new = NewLease {
        target: target.clone(),
        identity: Some(here.clone()),
        reason: "rebuilt all day".into(),
        seconds: 3600,
        by: "ada (1000)".into(),
    };
    let both = [approval(1, "l"), approval(2, "l")];
    let once = [approval(1, "l"), approval(1, "l")];
    assert!(store.grant_lease(new.clone(), &once, at(0)).is_err());
    let long = NewLease {
        seconds: 8 * 3600 + 1,
        ..new.clone()
    };
    assert!(store.grant_lease(long, &both, at(0)).is_err());
    let lease = store.grant_lease(new, &both, at(0)).unwrap();
    let old = fs::read(store.dir().join("leases.json")).unwrap();
    let find = |identity, seconds| store.lease_for(&target, identity, at(seconds)).unwrap();
    assert_eq!(find(Some(&here), 10).unwrap().id, lease.id);
    assert!(find(Some(&elsewhere), 10).is_none());
    assert!(find(None, 10).is_none());
    assert!(find(Some(&here), 3600).is_none());
    assert!(find(Some(&here), -10).is_none());
    store
        .revoke_lease(&lease.id.to_lowercase(), "ada (1000)", "done", at(20))
        .unwrap();
    assert!(find(Some(&here), 30).is_none());
    fs::write(store.dir().join("leases.json"), old).unwrap();
    assert!(find(Some(&here), 30).is_none(), "a file that is put back");
}

#[test]
fn sessions_are_known_by_process_and_start_time() {
    let (_dir, store) = fresh();
    store.session_seen("s1", 77, "1000", at(0)).unwrap();
    let before = store.bytes_written();
    store.session_seen("s1", 77, "1000", at(1)).unwrap();
    assert_eq!(store.bytes_written(), before, "once is enough");
    assert!(store.session_of(77, "1000").unwrap().is_some());
    assert!(store.session_of(77, "1001").unwrap().is_none());
    assert_eq!(store.sessions().unwrap().len(), 1);
}

// What the ledger shows.

fn history() -> (tempfile::TempDir, Store) {
    let (dir, store) = fresh();
    for number in 0..6 {
        store
            .record("observed", &json!({"number": number}), at(number))
            .unwrap();
    }
    assert_eq!(store.verify().unwrap().fault, None);
    (dir, store)
}

#[test]
fn a_changed_record_is_named() {
    let (_dir, store) = history();
    let whole = lines(store.dir());
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] = changed[place].replacen("\"kind\":\"", "\"kind\":\"x", 1);
        write_lines(store.dir(), &changed);
        let fault = store.verify().unwrap().fault;
        assert_eq!(fault, Some(Fault::Changed(place as u64 + 1)));
    }
}

#[test]
fn a_removed_a_reordered_and_a_cut_record_are_named() {
    let (_dir, store) = history();
    let whole = lines(store.dir());
    let last = whole.len() as u64;
    for place in 0..whole.len() - 1 {
        let mut less = whole.clone();
        less.remove(place);
        write_lines(store.dir(), &less);
        let seq = place as u64 + 1;
        assert_eq!(store.verify().unwrap().fault, Some(Fault::Removed(seq)));
        let mut swapped = whole.clone();
        swapped.swap(place, place + 1);
        write_lines(store.dir(), &swapped);
        assert_eq!(
            store.verify().unwrap().fault,
            Some(Fault::Reordered {
                wanted: seq,
                found: seq + 1
            })
        );
    }
    for keep in 0..whole.len() {
        write_lines(store.dir(), &whole[..keep]);
        assert_eq!(
            store.verify().unwrap().fault,
            Some(Fault::Cut {
                from: keep as u64 + 1,
                to: last
            }),
            "{keep} kept"
        );
        assert!(store.record("observed", &json!({}), at(99)).is_err());
        assert!(store.hold(&draft("x"), at(99)).is_err());
    }
}

#[test]
fn an_end_that_was_written_anew_is_seen_by_the_head() {
    let (_dir, store) = history();
    let head = fs::read(store.dir().join("head")).unwrap();
    let (other, foreign) = history();
    foreign
        .record("observed", &json!({"n": "other"}), at(7))
        .unwrap();
    fs::copy(
        foreign.dir().join("ledger.jsonl"),
        store.dir().join("ledger.jsonl"),
    )
    .unwrap();
    fs::write(store.dir().join("head"), head).unwrap();
    drop(other);
    assert!(matches!(
        store.verify().unwrap().fault,
        Some(Fault::Head(_))
    ));
    assert!(store.record("observed", &json!({}), at(99)).is_err());
}

#[test]
fn a_last_line_torn_at_any_byte_is_set_aside_and_nothing_else_is_lost() {
    let (_dir, store) = history();
    let dir = store.dir().to_path_buf();
    let ledger = fs::read(dir.join("ledger.jsonl")).unwrap();
    let head = fs::read(dir.join("head")).unwrap();
    store
        .record("observed", &json!({"number": 99}), at(50))
        .unwrap();
    let longer = fs::read(dir.join("ledger.jsonl")).unwrap();
    for end in ledger.len() + 1..=longer.len() {
        fs::write(dir.join("ledger.jsonl"), &longer[..end]).unwrap();
        fs::write(dir.join("head"), &head).unwrap();
        let checked = store.verify().unwrap();
        assert_eq!(checked.fault, None, "cut at {end}");
        store.record("observed", &json!({}), at(51)).unwrap();
        let repaired = fs::read(dir.join("ledger.jsonl")).unwrap();
        assert_eq!(store.verify().unwrap().fault, None, "cut at {end}");
        // Only the line feed was missing: the record is complete and stays.
        let complete = end + 1 >= longer.len();
        assert_eq!(repaired.starts_with(&longer), complete, "cut at {end}");
        assert!(repaired.starts_with(&ledger));
        let torn = fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().contains("ledger.torn-"));
        assert_eq!(torn.is_some(), !complete, "cut at {end}");
        if let Some(torn) = torn {
            assert_eq!(fs::read(&torn).unwrap(), &longer[ledger.len()..end]);
            fs::remove_file(torn).unwrap();
        }
    }
}

#[test]
fn bytes_put_into_the_middle_are_damage_and_not_a_torn_end() {
    let (_dir, store) = history();
    let mut changed = lines(store.dir());
    changed[2].insert(30, ' ');
    write_lines(store.dir(), &changed);
    let before = fs::read(store.dir().join("ledger.jsonl")).unwrap();
    assert!(matches!(
        store.record("observed", &json!({}), at(60)),
        Err(StoreError::Damaged(_))
    ));
    assert_eq!(before, fs::read(store.dir().join("ledger.jsonl")).unwrap());
}

// The state directory.

#[test]
fn a_missing_foreign_or_open_state_directory_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    assert!(matches!(Store::open(&path), Err(StoreError::Missing(_))));
    fs::write(&path, "").unwrap();
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::NotDirectory(_))
    ));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Loose(_))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Store::open(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("requests")), 0o700);
    for name in ["ledger.jsonl", "head", "lock"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_lost_ledger_or_head_is_an_error_and_never_a_new_beginning() {
    let (_dir, store) = history();
    let path = store.dir().to_path_buf();
    fs::rename(path.join("ledger.jsonl"), path.join("gone")).unwrap();
    let reopened = Store::open(&path).unwrap();
    assert!(reopened.hold(&draft("x"), at(60)).is_err());
    fs::rename(path.join("gone"), path.join("ledger.jsonl")).unwrap();
    fs::remove_file(path.join("head")).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Damaged(_))));
}

#[test]
fn the_cost_of_a_call_does_not_grow_with_the_ledger() {
    let cost = |records: usize| {
        let (_dir, store) = fresh();
        let path = store.dir().join("ledger.jsonl");
        let request = store.hold(&draft("first"), at(0)).unwrap();
        grow(&store, records);
        let store = Store::open(store.dir()).unwrap();
        store.hold(&draft("first"), at(1)).unwrap();
        let other = store.hold(&draft("second"), at(1)).unwrap();
        approve_both(&store, &other.id, at(2), "a");
        store
            .by_fingerprint(&other.fingerprint, at(3))
            .unwrap()
            .unwrap();
        let _ = spend(&store, &other, at(3)).unwrap();
        store.request(&request.id, at(3)).unwrap();
        assert!(fs::metadata(path).unwrap().len() > records as u64 * 300);
        (store.bytes_read(), store.bytes_written())
    };
    let (small, large) = (cost(10), cost(200_000));
    assert!(
        large.0 < small.0 + 200 && large.1 < small.1 + 200,
        "{small:?} {large:?}"
    );
}

/// Appends many records in one go by writing the chain as the store would, one sync in the end.
fn grow(store: &Store, records: usize) {
    use sha2::{Digest as _, Sha256};
    let path = store.dir().join("ledger.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let (mut seq, mut prev) = (
        last["seq"].as_u64().unwrap(),
        last["hash"].as_str().unwrap().to_owned(),
    );
    for _ in 0..records {
        seq += 1;
        let start = format!(
            r#"{{"v":1,"seq":{seq},"at":"2100-01-01T00:00:00.000000Z","kind":"observed","prev":"{prev}","body":{{"text":"{:->100}"}}"#,
            seq
        );
        let hash = Sha256::digest([b"backstop.ledger/1\n", start.as_bytes()].concat());
        prev = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{start},\"hash\":\"{prev}\"}}\n"));
    }
    fs::write(&path, text).unwrap();
    // The tail is taken over like that of a crashed process.
    store.record("observed", &json!({}), at(1)).unwrap();
}

// Two at once, and death at every step.

const CHILD: &str = "BACKSTOP_LEDGER_CHILD";

/// Not a test: what the tests below start as another process.
#[test]
fn child_process() {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    let (task, dir) = task.split_once(' ').unwrap();
    let code = match run_child(task, Path::new(dir)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            3
        }
    };
    std::process::exit(code);
}

fn run_child(task: &str, dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::create(dir)?;
    let rules = ApprovalRules::default();
    let known = store.by_fingerprint(&fingerprint("data"), at(5))?;
    let id = || known.clone().unwrap().id;
    match task {
        "create" => {}
        "hold" => drop(store.hold(&draft("data"), at(5))?),
        "first" => drop(store.approve(&id(), approval(1, "k"), &rules, at(5))?),
        "second" => drop(store.approve(&id(), approval(2, "k"), &rules, at(5))?),
        "spend" => drop(spend(&store, &known.clone().unwrap(), at(5))?),
        "session" => store.session_seen("s", 5, "5", at(5))?,
        _ => unreachable!(),
    }
    Ok(())
}

fn child(task: &str, dir: &Path, failpoint: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "child_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, format!("{task} {}", dir.display()))
        .env("BACKSTOP_FAILPOINT", failpoint)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn of_many_processes_at_once_exactly_one_gets_the_use() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(1), "a");
    let children: Vec<_> = (0..6)
        .map(|_| {
            child("spend", store.dir(), "store.append.before=sleep:50")
                .spawn()
                .unwrap()
        })
        .collect();
    let won = children
        .into_iter()
        .map(|mut child| child.wait().unwrap().code())
        .filter(|code| *code == Some(0))
        .count();
    assert_eq!(won, 1);
    assert_eq!(count(&store, "used"), 1);
}

#[test]
fn of_many_threads_at_once_exactly_one_gets_the_use() {
    let (_dir, store) = fresh();
    let request = store.hold(&draft("data"), at(0)).unwrap();
    approve_both(&store, &request.id, at(1), "a");
    let won = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| spend(&store, &request, at(2)).is_ok()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|won| *won)
            .count()
    });
    assert_eq!((won, count(&store, "used")), (1, 1));
}

fn count(store: &Store, kind: &str) -> usize {
    let mut number = 0;
    store
        .records(|record| {
            number += usize::from(record.kind == kind);
            true
        })
        .unwrap();
    number
}

const APPEND: [&str; 6] = [
    "store.append.before",
    "store.append.half",
    "store.append.written",
    "store.append.synced",
    "store.head.before",
    "store.head.after",
];

const FILED: [&str; 3] = [
    "store.request.before",
    "store.request.written",
    "store.request.after",
];

const FOUND: [&str; 5] = [
    "store.list.before",
    "store.list.after",
    "store.fingerprint.before",
    "store.fingerprint.written",
    "store.fingerprint.after",
];

/// Brings a fresh store to the state just before `task`.
fn before(task: &str) -> (tempfile::TempDir, Store) {
    let (dir, store) = fresh();
    let rules = ApprovalRules::default();
    if task != "hold" {
        let id = store.hold(&draft("data"), at(0)).unwrap().id;
        if task != "first" {
            store.approve(&id, approval(1, "a"), &rules, at(1)).unwrap();
        }
        if task == "spend" {
            store.approve(&id, approval(2, "a"), &rules, at(1)).unwrap();
        }
    }
    (dir, store)
}

#[test]
fn a_kill_at_any_step_loses_no_record_and_gives_no_second_run() {
    for task in ["hold", "first", "second", "spend"] {
        let found: &[&str] = if task == "hold" { &FOUND } else { &[] };
        for point in APPEND.iter().chain(&FILED).chain(found) {
            for action in ["kill", "error"] {
                die(task, point, action);
            }
        }
    }
}

fn die(task: &str, point: &str, action: &str) {
    let (_dir, store) = before(task);
    let old = fs::read(store.dir().join("ledger.jsonl")).unwrap();
    let status = child(task, store.dir(), &format!("{point}={action}"))
        .status()
        .unwrap();
    let told = format!("{task} {point}={action}: {status}");
    match action {
        "kill" => assert_eq!(status.signal(), Some(9), "{told}"),
        _ => assert_eq!(status.code(), Some(3), "{told}"),
    }
    // Whoever comes next: every record that was complete is still there.
    let request = store.hold(&draft("data"), at(6)).expect(&told);
    let new = fs::read(store.dir().join("ledger.jsonl")).unwrap();
    assert!(new.starts_with(&old), "{told}");
    assert_eq!(store.verify().unwrap().fault, None, "{told}");
    let used = count(&store, "used");
    let first_run = if used == 0 {
        if request.state != RequestState::Approved {
            approve_both(&store, &request.id, at(7), "n");
        }
        spend(&store, &request, at(8)).is_ok()
    } else {
        assert_eq!(task, "spend", "{told}");
        // The held call after a use is a new request, without approvals.
        assert!(request.approvals.is_empty(), "{told}");
        assert!(spend(&store, &request, at(8)).is_err(), "{told}");
        true
    };
    assert!(first_run, "{told}");
    assert_eq!(count(&store, "used"), 1, "{told}");
    assert!(spend(&store, &request, at(9)).is_err(), "{told}");
    assert_eq!(store.verify().unwrap().fault, None, "{told}");
}

#[test]
fn a_kill_while_a_torn_line_is_set_aside_loses_nothing() {
    for point in [
        "store.torn.before",
        "store.torn.written",
        "store.torn.after",
        "store.torn.cut",
    ] {
        let (_dir, store) = before("spend");
        let old = fs::read(store.dir().join("ledger.jsonl")).unwrap();
        let torn = [old.as_slice(), br#"{"v":1,"seq":5,"at":"21"#].concat();
        fs::write(store.dir().join("ledger.jsonl"), torn).unwrap();
        let status = child("spend", store.dir(), &format!("{point}=kill"))
            .status()
            .unwrap();
        assert_eq!(status.signal(), Some(9), "{point}");
        let request = store.hold(&draft("data"), at(6)).unwrap();
        assert_eq!(request.state, RequestState::Approved, "{point}");
        let _ = spend(&store, &request, at(7)).unwrap();
        assert_eq!(store.verify().unwrap().fault, None, "{point}");
    }
}

#[test]
fn a_kill_during_set_up_leaves_a_directory_that_can_be_set_up() {
    for point in [
        "store.setup.before",
        "store.setup.written",
        "store.setup.after",
        "store.head.before",
        "store.head.written",
        "store.head.after",
        "store.append.half",
        "store.append.synced",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let status = child("create", &path, &format!("{point}=kill"))
            .status()
            .unwrap();
        assert_eq!(status.signal(), Some(9), "{point}");
        let store = Store::open(&path).unwrap();
        store.hold(&draft("data"), at(1)).unwrap();
        assert_eq!(store.verify().unwrap().fault, None, "{point}");
    }
}

#[test]
fn a_kill_while_a_session_is_noted_leaves_a_working_store() {
    for point in [
        "store.session.before",
        "store.session.written",
        "store.session.after",
        "store.append.half",
        "store.head.before",
    ] {
        let (_dir, store) = fresh();
        let status = child("session", store.dir(), &format!("{point}=kill"))
            .status()
            .unwrap();
        assert_eq!(status.signal(), Some(9), "{point}");
        store.session_seen("s", 5, "5", at(6)).unwrap();
        assert!(store.session_of(5, "5").unwrap().is_some());
        assert_eq!(store.verify().unwrap().fault, None, "{point}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_next_call_goes_on() {
    let (_dir, store) = before("spend");
    for point in [
        "store.append.half",
        "store.append.written",
        "store.append.before",
    ] {
        let status = child("spend", store.dir(), &format!("{point}=error"))
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(count(&store, "used"), 0);
    }
    let request = store.hold(&draft("data"), at(6)).unwrap();
    let _ = spend(&store, &request, at(7)).unwrap();
}
