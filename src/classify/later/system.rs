//! Takes out of settings of logrotate, udev and systemd-tmpfiles what they run or remove by themselves.
//! It judges nothing.

/// Blocks and lines that are read of one file.
const MAX: usize = 100_000;

/// Scripts between `postrotate` and its kin, and `endscript`.
pub fn logrotate(text: &str) -> Vec<String> {
    const BEGINS: [&str; 5] = [
        "postrotate",
        "prerotate",
        "firstaction",
        "lastaction",
        "preremove",
    ];
    let mut all = Vec::new();
    let mut script: Option<String> = None;
    for line in text.lines() {
        let word = line.trim();
        match &mut script {
            Some(text) if word == "endscript" => {
                all.push(std::mem::take(text));
                script = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
            None if BEGINS.contains(&word) => script = Some(String::new()),
            None => {}
        }
        if all.len() >= MAX {
            break;
        }
    }
    all.extend(script);
    all
}

/// Values of `RUN=` and `PROGRAM=`; `%k` and its kin stand for what the kernel names.
pub fn udev(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let parts = lines.flat_map(|line| line.split(','));
    let runs = parts.filter_map(|part| {
        let part = part.trim();
        let rest = part
            .strip_prefix("RUN")
            .or_else(|| part.strip_prefix("PROGRAM"))?;
        let value = rest.split_once('=')?.1.trim_start_matches('=');
        let value = value.trim().trim_matches('"');
        (!rest.starts_with("{builtin}"))
            .then(|| value.replace("%k", "sdb").replace("$kernel", "sdb"))
    });
    runs.take(MAX).collect()
}

/// Lines of the types that remove: `r`, `R`, and `D`, which empties a folder.
pub fn tmpfiles(text: &str) -> Vec<String> {
    let removal = |line: &str| {
        let mut words = line.split_whitespace();
        let kind = words
            .next()?
            .trim_end_matches(['!', '-', '=', '~', '^', '$', '+']);
        let path = words.next()?.trim_matches('"');
        let quoted = path.replace('\'', "'\\''");
        match kind {
            // A pattern stays one.
            "r" if path.contains(['*', '?', '[']) => Some(format!("rm -f {path}")),
            "R" if path.contains(['*', '?', '[']) => Some(format!("rm -rf {path}")),
            "r" => Some(format!("rm -f '{quoted}'")),
            "R" => Some(format!("rm -rf '{quoted}'")),
            "D" => Some(format!("rm -rf '{quoted}'/*")),
            _ => None,
        }
    };
    text.lines().filter_map(removal).take(MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_or_goes_by_itself_is_taken_out() {
        let text = "/var/log/a.log {\n  weekly\n  postrotate\n    rm -rf /srv/a\n  endscript\n}\n";
        assert_eq!(logrotate(text), ["    rm -rf /srv/a\n"]);
        assert!(logrotate("/var/log/a.log {\n  rotate 7\n  compress\n}\n").is_empty());
        let text = "# RUN+=\"no\"\nACTION==\"add\", RUN+=\"/sbin/mkfs.ext4 /dev/%k\"\nKERNEL==\"sd*\", SYMLINK+=\"x\"";
        assert_eq!(udev(text), ["/sbin/mkfs.ext4 /dev/sdb"]);
        let text = "d /run/app 0755 app app -\nR! /srv/up - - - - -\nD /run/x 0755 - - -\n# R /etc";
        assert_eq!(tmpfiles(text), ["rm -rf '/srv/up'", "rm -rf '/run/x'/*"]);
    }
}
