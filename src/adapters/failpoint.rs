//! Named places where a test can make the program die, fail or wait.
//! In release builds without the feature `failpoints` every call is empty.

/// Dies, fails or waits here when `BACKSTOP_FAILPOINT` says so: `NAME=kill`, `NAME=error`, `NAME=panic`, `NAME=sleep:MS`; several joined by `,`.
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
        if place != name {
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

/// Does nothing in this build.
///
/// # Errors
/// Never fails.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
#[inline]
pub fn reach(_name: &str) -> std::io::Result<()> {
    Ok(())
}
