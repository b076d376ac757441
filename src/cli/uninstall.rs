//! `backstop uninstall claude`: takes the guard out of the settings of an agent.
//! A file that nobody else changed comes back byte for byte; from any other only our entries are cut.

use crate::adapters::replace::named;
use crate::decide::fingerprint::sha256;
use crate::plan::settings;

use super::install::{self, Args, Change, Trouble};
use super::{say, say_error};

/// Runs the command and returns the exit code.
pub fn run(args: &Args) -> u8 {
    match uninstall(args) {
        Ok(code) => code,
        Err((what, help)) => {
            say_error(&what, &help);
            1
        }
    }
}

fn uninstall(args: &Args) -> Result<u8, Trouble> {
    if args.agent == "git" {
        return install::git::uninstall(args);
    }
    let file = install::settings_file(args)?;
    let state = install::state_dir(args)?;
    let record = install::load(&state, &file);
    let Some(before) = install::read(&file)? else {
        install::forget(&state, &file);
        say(&format!(
            "There is no {}; nothing to take out.\n",
            file.display()
        ));
        return Ok(0);
    };
    let made_folder = record.as_ref().is_some_and(|record| record.made_folder);
    let untouched = record
        .as_ref()
        .filter(|record| record.after_sha256 == sha256(before.as_bytes()));
    let after = match untouched {
        Some(record) => record.before.clone(),
        None => {
            let cut = settings::uninstall(&before).map_err(|error| {
                (
                    format!("`{}` cannot be changed: {error}", file.display()),
                    "mend the file, then uninstall again".to_owned(),
                )
            })?;
            let ours_alone = record.is_some_and(|record| record.before.is_none())
                && serde_json::from_str::<serde_json::Value>(&cut)
                    .is_ok_and(|value| value == serde_json::json!({}));
            (!ours_alone).then_some(cut)
        }
    };
    if after.as_deref() == Some(before.as_str()) {
        install::forget(&state, &file);
        say(&format!("backstop does not stand in {}.\n", file.display()));
        return Ok(0);
    }
    let change = Change {
        file: file.clone(),
        before: Some(before),
        after,
    };
    say(&install::shown(&change));
    if args.dry_run || !install::agreed(args)? {
        return Ok(u8::from(!args.dry_run));
    }
    install::apply(&change)?;
    install::forget(&state, &file);
    tidy(&change, made_folder);
    let left = left(&state);
    say(&format!("Taken out of {}. {left}.\n", file.display()));
    Ok(0)
}

/// Says where requests, ledger and backups stay.
fn left(state: &std::path::Path) -> String {
    let backups = crate::enforce::House::new(Some(state.to_path_buf()), std::time::Instant::now());
    let cwd = std::env::current_dir().unwrap_or_default();
    let backups = backups
        .policy(&cwd, None)
        .and_then(|policy| backups.backups(&policy));
    match backups {
        Ok(dir) if dir.exists() => format!(
            "Requests and the ledger stay in {}, backups in {}",
            state.display(),
            dir.display()
        ),
        _ => format!("Requests and the ledger stay in {}", state.display()),
    }
}

/// Removes the folder that the installation made, when nothing else lies in it.
fn tidy(change: &Change, made_folder: bool) {
    if let (None, true, Some(folder)) = (&change.after, made_folder, named(&change.file).parent()) {
        // Not empty: others use it, and it stays.
        let _ = std::fs::remove_dir(folder);
    }
}
