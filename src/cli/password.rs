//! Passwords of servers for what a human runs: from the human's environment, else asked at the terminal without an echo.
//! They live in memory only; nothing here writes one down.

use crate::adapters::environment;
use crate::adapters::terminal::Terminal;
use crate::backup::BackupError;
use crate::model::secret::Secret;
use crate::model::target::Reach;

/// How often a password is asked for.
const TRIES: usize = 3;

/// Acts on a target; where its server wants a password and none is known, a human at a terminal is asked for it.
///
/// # Errors
/// What the act says; `Password` when nobody could give the right one.
pub fn with_password<T>(
    reach: &mut Reach,
    mut act: impl FnMut(&Reach) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    if let Reach::Postgres(server) = reach
        && server.password.is_none()
    {
        server.password = environment::pgpassword().map(Secret::new);
    }
    let mut tries = 0;
    loop {
        let refused = match act(reach) {
            Err(error @ BackupError::Password(_)) => error,
            done => return done,
        };
        let (Reach::Postgres(server), Ok(mut terminal)) = (&mut *reach, Terminal::open()) else {
            return Err(refused);
        };
        tries += 1;
        if tries > TRIES {
            return Err(refused);
        }
        let again = if tries > 1 {
            "that password was refused; "
        } else {
            ""
        };
        let prompt = format!(
            "{again}password of `{}` at {}: ",
            super::backup::visible(server.user.as_deref().unwrap_or("the default user")),
            super::backup::visible(server.host.as_deref().unwrap_or("the local server")),
        );
        match terminal.ask_hidden(&prompt) {
            Ok(Some(typed)) if !typed.is_empty() => server.password = Some(Secret::new(typed)),
            _ => return Err(refused),
        }
    }
}
