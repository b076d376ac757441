//! Which dumps only create and insert: fed to a client, they take nothing away.
//! What a dump holds is not looked at; the options say which statements it writes.

use crate::model::word::Word;

/// Tells whether a program writes SQL that only adds to where it is read in.
pub(super) fn only_adds(program: &str, args: &[Word]) -> bool {
    let texts: Vec<String> = args.iter().map(Word::prefix).collect();
    let has = |long: &[&str], short: Option<char>| {
        texts.iter().any(|text| {
            let name = text.split('=').next().unwrap_or_default();
            long.contains(&name) || short.is_some_and(|short| in_cluster(text, short))
        })
    };
    match program {
        "pg_dump" => !has(&["--clean", "--if-exists"], Some('c')),
        "mysqldump" | "mariadb-dump" => {
            let adds = has(&["--skip-add-drop-table", "--no-create-info"], Some('t'));
            adds && !has(
                &[
                    "--replace",
                    "--add-drop-database",
                    "--add-drop-table",
                    "--opt",
                ],
                None,
            )
        }
        "sqlite3" => texts
            .last()
            .is_some_and(|text| text == ".dump" || text.starts_with(".dump ")),
        _ => false,
    }
}

/// Tells whether a cluster of short options names one of them: `-cs`. What follows a valued one is its value.
fn in_cluster(text: &str, short: char) -> bool {
    const VALUED: &str = "adEfFhjnNpStTUwWPuZ";
    let Some(cluster) = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return false;
    };
    for c in cluster.chars() {
        if c == short {
            return true;
        }
        if VALUED.contains(c) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::only_adds;
    use crate::model::span::{Origin, Span};
    use crate::model::word::Word;

    fn adds(line: &str) -> bool {
        let mut words = line.split(' ');
        let program = words.next().unwrap();
        let args: Vec<Word> = words
            .map(|word| Word::literal(word, Origin::Text(Span::new(0, 0))))
            .collect();
        only_adds(program, &args)
    }

    #[test]
    fn a_dump_only_adds_unless_an_option_says_drop() {
        for line in [
            "pg_dump shop",
            "pg_dump -h localhost -U cleo -d shop",
            "pg_dump -hcopper --schema=public shop",
            "sqlite3 app.db .dump",
            "mysqldump --skip-add-drop-table shop",
            "mysqldump -t shop",
        ] {
            assert!(adds(line), "{line}");
        }
        for line in [
            "pg_dump -c shop",
            "pg_dump -Oc shop",
            "pg_dump --clean --if-exists shop",
            "pg_dumpall",
            "mysqldump shop",
            "mysqldump -t --replace shop",
            "sqlite3 app.db .schema",
        ] {
            assert!(!adds(line), "{line}");
        }
    }
}
