//! Endings that no Rust code survives: stack overflow, abort, a lost race with time. Each becomes exit code 2 with a constant sentence.
//! This is the one file with `unsafe`: signal handlers cannot be installed without it.
#![expect(
    unsafe_code,
    reason = "sigaction, setitimer and _exit have no safe form in std; the handlers call async-signal-safe functions only"
)]

const CRASHED: &[u8] =
    b"backstop: crashed while judging this call, so the call is blocked; run `backstop doctor`\n";
const LATE: &[u8] = b"backstop: ran out of time while judging this call, so the call is blocked; try again, or ask your user to run `backstop doctor`\n";

extern "C" fn crashed(_signal: libc::c_int) {
    // SAFETY: write and _exit are async-signal-safe; the buffer is a constant.
    unsafe {
        libc::write(2, CRASHED.as_ptr().cast(), CRASHED.len());
        libc::_exit(2);
    }
}

extern "C" fn late(_signal: libc::c_int) {
    // SAFETY: as above.
    unsafe {
        libc::write(2, LATE.as_ptr().cast(), LATE.len());
        libc::_exit(2);
    }
}

fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) {
    // SAFETY: the structure is zeroed and then filled; the handler has the type that sigaction expects without SA_SIGINFO.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_NODEFER;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
    }
}

/// Makes every fatal signal end with exit code 2 and a sentence on stderr.
pub fn die_closed() {
    for signal in [
        libc::SIGABRT,
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGPIPE,
        libc::SIGXFSZ,
        libc::SIGXCPU,
    ] {
        handle(signal, crashed);
    }
}

/// Ends the process with exit code 2 and a sentence after this many milliseconds.
pub fn deadline(milliseconds: u64) {
    handle(libc::SIGALRM, late);
    let mut timer = libc::itimerval {
        it_interval: libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        },
        it_value: libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        },
    };
    timer.it_value.tv_sec = (milliseconds / 1000).try_into().unwrap_or(20);
    timer.it_value.tv_usec = (milliseconds % 1000 * 1000).try_into().unwrap_or(0);
    // SAFETY: the timer is fully initialised and lives through the call.
    unsafe {
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
    }
}
