//! Files that a program writes over if it succeeds, told by its words: copies that `sed -i.bak` keeps, archives, compiled programs, downloads.
//! Only names that the words spell out count; what the shell itself opens is told elsewhere.

use crate::model::command::Command;
use crate::model::word::Word;

/// Programs that keep a copy of each file they change, if an option says under which ending.
const IN_PLACE: [&str; 3] = ["sed", "gsed", "perl"];

/// Programs with the options that name the file they write.
const OUTPUTS: [(&[&str], &[&str]); 4] = [
    (&["curl"], &["-o", "--output"]),
    (
        &[
            "gcc", "cc", "clang", "g++", "c++", "clang++", "rustc", "go", "esbuild", "sort",
        ],
        &["-o"],
    ),
    (&["openssl"], &["-out", "-keyout"]),
    (
        &["pg_dump", "mysqldump", "mongodump"],
        &["-f", "--file", "--result-file", "-r"],
    ),
];

/// Returns the files, as words of their own.
pub fn files(command: &Command) -> Vec<Word> {
    let program = command.program().unwrap_or_default();
    let words: Vec<String> = command.args().iter().map(Word::shown).collect();
    let named = match program.as_str() {
        "cp" | "gcp" => copied(&words),
        "tar" | "gtar" | "bsdtar" => archived(&words),
        name if IN_PLACE.contains(&name) => kept(name, &words),
        name => outputs(name, &words),
    };
    named
        .into_iter()
        .filter(|name| !name.contains(['$', '*', '?', '[']))
        .map(|name| Word::literal(name, command.origin.clone()))
        .collect()
}

/// `cp a b`, with nothing that keeps what is there.
fn copied(words: &[String]) -> Vec<String> {
    let (options, operands): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| word.starts_with('-'));
    let plain = |word: &&String| matches!(word.as_str(), "-f" | "-p" | "-v" | "-a" | "-fp" | "-pf");
    match operands.as_slice() {
        [_, to] if options.iter().all(plain) && !to.ends_with('/') => vec![(*to).clone()],
        _ => Vec::new(),
    }
}

/// `tar czf a.tgz …`, `tar -c -f a.tar …`.
fn archived(words: &[String]) -> Vec<String> {
    let Some(first) = words.first() else {
        return Vec::new();
    };
    let letters = first.trim_start_matches('-');
    let makes = !first.starts_with("--") && letters.contains('c') && letters.ends_with('f');
    makes
        .then(|| words.get(1).cloned())
        .flatten()
        .into_iter()
        .collect()
}

/// `sed -i.bak … a b`, `perl -pi.bak -e … a`: the copies that are kept.
fn kept(program: &str, words: &[String]) -> Vec<String> {
    let ending = |word: &String| {
        let text = match word.strip_prefix("--in-place=") {
            Some(text) => text,
            None if word.starts_with("--") => return None,
            None => {
                word.strip_prefix('-')?
                    .split_once('i')
                    .filter(|(before, _)| {
                        before.chars().all(|letter| {
                            matches!(
                                letter,
                                'E' | 'r' | 'n' | 's' | 'z' | 'p' | 'l' | 'a' | 'w' | '0'
                            )
                        })
                    })?
                    .1
            }
        };
        (!text.is_empty() && !text.contains(['*', '/'])).then(|| text.to_owned())
    };
    let Some(ending) = words.iter().find_map(ending) else {
        return Vec::new();
    };
    let mut scripted = false;
    let mut files = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let code = matches!(word.as_str(), "-e" | "-f" | "--expression" | "--file")
            || program == "perl"
                && word.starts_with('-')
                && word.ends_with('e')
                && !word.contains('.');
        if code {
            scripted = true;
            rest.next();
        } else if !word.starts_with('-') {
            files.push(word.clone());
        }
    }
    let skip = usize::from(!scripted);
    files
        .iter()
        .skip(skip)
        .map(|file| format!("{file}{ending}"))
        .collect()
}

/// `curl -sLo FILE`, `gcc -o FILE`.
fn outputs(program: &str, words: &[String]) -> Vec<String> {
    let Some((_, options)) = OUTPUTS.iter().find(|(names, _)| names.contains(&program)) else {
        return Vec::new();
    };
    // What is continued is in part what was there.
    if words
        .iter()
        .any(|word| word.starts_with("-C") || word.starts_with("--continue-at"))
    {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let cluster = program == "curl"
            && !word.starts_with("--")
            && word.starts_with('-')
            && word.ends_with('o');
        if options.contains(&word.as_str()) || cluster {
            all.extend(rest.next().cloned());
        } else if let Some((name, value)) = word.split_once('=')
            && options.contains(&name)
        {
            all.push(value.to_owned());
        } else if program == "curl"
            && !word.starts_with("--")
            && word.starts_with('-')
            && word.ends_with('O')
        {
            let address = words.iter().find(|word| word.contains("://"));
            let name = address.and_then(|text| text.split(['?', '#']).next()?.rsplit('/').next());
            all.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::files::bench::line;

    fn written(text: &str) -> Vec<String> {
        files(&line(text)).iter().map(Word::shown).collect()
    }

    #[test]
    fn what_a_command_writes_over_is_told_by_its_words() {
        for (text, wanted) in [
            ("cp a.txt b.txt", "b.txt"),
            ("sed -i.bak s/a/b/ a.txt", "a.txt.bak"),
            ("sed -i.bak -e s/a/b/ a.txt", "a.txt.bak"),
            ("perl -pi.orig -e s/a/b/ a.txt", "a.txt.orig"),
            ("curl -sLo x.tgz https://example.com/y.tgz", "x.tgz"),
            ("curl -LO https://example.com/y.tgz?v=1", "y.tgz"),
            ("tar czf a.tgz dist", "a.tgz"),
            ("gcc a.c -o a.out", "a.out"),
        ] {
            assert_eq!(written(text), [wanted], "{text}");
        }
        for text in [
            "cp -n a b",
            "cp -r a b",
            "cp a b/",
            "sed -i s/a/b/ a.txt",
            "tar xzf a.tgz",
            "tar tf a.tgz",
            "wget https://example.com/x.zip",
            "curl -C - -o x https://example.com/x",
        ] {
            assert_eq!(written(text), [""; 0], "{text}");
        }
    }
}
