//! Named places where a test can make the program die, fail or wait.
//! In release builds without the feature `failpoints` every call is empty.

/// Dies, fails or waits here when `BACKSTOP_FAILPOINT` says so: `NAME=kill`, `NAME=error`, `NAME=panic`, `NAME=sleep:MS`; several joined by `,`.
/// `NAME#3=kill` means the third time that this process comes here.
///
/// # Errors
/// Returns an error when the place was told to fail.
#[cfg(any(debug_assertions, feature = "failpoints"))]
#[expect(clippy::panic, reason = "a test asks for it by name")]
pub fn reach(name: &str) -> std::io::Result<()> {
    let Some(told) = super::environment::failpoints() else {
        return Ok(());
    };
    for one in told.split(',') {
        let Some((place, action)) = one.split_once('=') else {
            continue;
        };
        let (place, wanted) = place
            .split_once('#')
            .map_or((place, None), |(place, times)| (place, times.parse().ok()));
        if place != name || wanted.is_some_and(|wanted: u64| wanted != passed(name)) {
            continue;
        }
        match action.split_once(':') {
            Some(("sleep", ms)) => {
                std::thread::sleep(std::time::Duration::from_millis(ms.parse().unwrap_or(0)));
            }
            _ if action == "error" => {
                return Err(std::io::Error::other(format!("failpoint {name}")));
            }
            _ if action == "panic" => std::panic::panic_any(format!("failpoint {name}")),
            _ => {
                let _ = rustix::process::kill_process(
                    rustix::process::getpid(),
                    rustix::process::Signal::KILL,
                );
            }
        }
    }
    Ok(())
}

/// Counts how often this process came to a place that is counted.
#[cfg(any(debug_assertions, feature = "failpoints"))]
fn passed(name: &str) -> u64 {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};
    static TIMES: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    let count = times.entry(name.to_owned()).or_default();
    *count += 1;
    *count
}

/// Does nothing in this build.
///
/// # Errors
/// Never fails.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
#[inline]
pub fn reach(_name: &str) -> std::io::Result<()> {
    Ok(())
}
