//! `backstop worker`: makes the backups of one held call in the background. Started by the hook, never by hand.
//! It outlives the hook and the agent: own session, no inherited streams, jobs through a pipe.

use std::time::Duration;

use crate::backup::control::Control;
use crate::backup::engine::Order;
use crate::backup::make;
use crate::backup::pipeline::Codec;
use crate::enforce::worker::{Job, Work, receive};
use crate::model::backup::BackupType;

/// Nothing: the work comes on stdin.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command and returns the exit code.
pub fn run(_args: &Args) -> u8 {
    // A hook that is ended takes its process group along; a session of our own is out of its reach.
    let _ = rustix::process::setsid();
    let Ok(work) = receive() else { return 1 };
    let mut failed = false;
    for job in &work.jobs {
        failed |= !one(&work, job);
    }
    u8::from(failed)
}

fn one(work: &Work, job: &Job) -> bool {
    let need = job.need();
    let control = Control {
        max_bytes: work.max_bytes,
        keep_free: work.keep_free,
        tool_dirs: work.tool_dirs.clone().into(),
        ..Control::within(Duration::from_secs(work.max_seconds))
    };
    let order = Order {
        objects: need.objects.clone(),
        definitions: need.definitions.clone(),
        request: job.fingerprint.clone(),
        request_id: job.request_id.clone(),
        codec: Codec::named(&work.codec).unwrap_or(Codec::ZSTD),
        control,
        ..Order::new(need.target.clone(), BackupType::Guard, work.backups.clone())
    };
    // `make` notes progress and failure beside the backups, where the hook and `approve` look.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| make::run(&order)))
        .is_ok_and(|made| made.is_ok())
}
