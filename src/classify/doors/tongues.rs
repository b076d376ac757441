//! One-liners of languages that have no reader of their own: Lisps, Haskell, OCaml, Erlang, Prolog, Nim, Raku, the JVM's, Vim.
//! It knows calls by their names and the strings behind them; it follows no value, and what it does not know it leaves out.

use crate::classify::Context;
use crate::classify::sql::{Started, options};
use crate::model::command::{Command, Stdin};
use crate::model::fact::Needs;
use crate::model::word::Word;

use super::editors::{EDITORS, talk};
use super::texts::{Told, quoted, read};

mod scan;

use scan::{Call, calls};

/// How a language is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `(name "a" "b")`.
    Lisp,
    /// `name "a" ["b"]` as well as `name("a")`.
    Bare,
    /// `name("a")` only, and methods behind their object: `"a".name`.
    Called,
}

/// What a call does with its strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// One string is a shell line, several are words.
    Runs,
    /// The same, and the first string is only a label.
    Named,
    Tree,
    /// A tree where the call says so by this word or string, else a file.
    TreeWith(&'static str),
    File,
    /// The strings before the name: `"rm x".!`.
    RunsBefore,
    FileBefore,
    TreeBefore,
}

struct Tongue {
    programs: &'static [&'static str],
    /// Options that carry code.
    options: &'static [&'static str],
    endings: &'static [&'static str],
    form: Form,
    comment: &'static str,
    /// `'…'` is a string as well.
    single: bool,
    calls: &'static [(&'static str, Deed)],
}

const LISPS: &[(&str, Deed)] = &[
    ("sh", Deed::Runs),
    ("shell", Deed::Runs),
    ("system", Deed::Runs),
    ("system*", Deed::Runs),
    ("system*/exit-code", Deed::Runs),
    ("run-program", Deed::Runs),
    ("run-shell-command", Deed::Runs),
    ("shell-command", Deed::Runs),
    ("shell-command-to-string", Deed::Runs),
    ("async-shell-command", Deed::Runs),
    ("call-process", Deed::Runs),
    ("call-process-shell-command", Deed::Runs),
    ("start-process", Deed::Named),
    ("process", Deed::Runs),
    ("execute", Deed::Runs),
    ("subprocess.run", Deed::Runs),
    ("async-start-process", Deed::Named),
    ("start-process-shell-command", Deed::Named),
    ("start-file-process", Deed::Named),
    ("make-process", Deed::Named),
    ("process-lines", Deed::Runs),
    ("eshell-command", Deed::Runs),
    ("dired-delete-file", Deed::Tree),
    ("f-delete", Deed::TreeWith("t")),
    ("os/shell", Deed::Runs),
    ("os/execute", Deed::Runs),
    ("uiop:delete-directory-tree", Deed::Tree),
    ("cl-fad:delete-directory-and-files", Deed::Tree),
    ("delete-directory-and-files", Deed::Tree),
    ("delete-directory-recursively", Deed::Tree),
    ("delete-directory", Deed::TreeWith("t")),
    ("delete-directory/files", Deed::Tree),
    ("delete-directory-tree", Deed::Tree),
    ("delete-tree", Deed::Tree),
    ("delete-file-recursively", Deed::Tree),
    ("shutil.rmtree", Deed::Tree),
    ("delete-file", Deed::File),
    ("fs/delete", Deed::File),
    ("delete-if-exists", Deed::File),
    ("os/rm", Deed::File),
    ("os.remove", Deed::File),
];

const TONGUES: &[Tongue] = &[
    Tongue {
        programs: &[
            "clojure",
            "clj",
            "bb",
            "lein",
            "guile",
            "racket",
            "sbcl",
            "clisp",
            "ecl",
            "ccl",
            "abcl",
            "emacs",
            "emacsclient",
            "janet",
            "fennel",
            "hy",
            "chez",
            "gosh",
        ],
        options: &[
            "-e",
            "--eval",
            "-eval",
            "--execute",
            "-execute",
            "-c",
            "-x",
            "eval",
        ],
        endings: &[
            ".clj", ".bb", ".cljc", ".scm", ".rkt", ".lisp", ".el", ".janet", ".fnl", ".hy",
        ],
        form: Form::Lisp,
        comment: ";",
        single: false,
        calls: LISPS,
    },
    Tongue {
        programs: &["ghc", "runghc", "runhaskell", "stack", "cabal"],
        options: &["-e"],
        endings: &[".hs"],
        form: Form::Bare,
        comment: "--",
        single: false,
        calls: &[
            ("callCommand", Deed::Runs),
            ("spawnCommand", Deed::Runs),
            ("system", Deed::Runs),
            ("shell", Deed::Runs),
            ("callProcess", Deed::Runs),
            ("rawSystem", Deed::Runs),
            ("spawnProcess", Deed::Runs),
            ("readProcess", Deed::Runs),
            ("proc", Deed::Runs),
            ("removeDirectoryRecursive", Deed::Tree),
            ("removePathForcibly", Deed::Tree),
            ("removeFile", Deed::File),
        ],
    },
    Tongue {
        programs: &["ocaml", "utop", "ocamlrun"],
        options: &["-e"],
        endings: &[".ml"],
        form: Form::Bare,
        comment: "(*",
        single: false,
        calls: &[
            ("Sys.command", Deed::Runs),
            ("Unix.system", Deed::Runs),
            ("Unix.execvp", Deed::Runs),
            ("Unix.execv", Deed::Runs),
            ("Unix.open_process_in", Deed::Runs),
            ("Sys.remove", Deed::File),
            ("Unix.unlink", Deed::File),
        ],
    },
    Tongue {
        programs: &["erl", "escript", "rebar3"],
        options: &["-eval", "--eval"],
        endings: &[".erl", ".escript"],
        form: Form::Called,
        comment: "%",
        single: true,
        calls: &[
            ("os:cmd", Deed::Runs),
            ("file:del_dir_r", Deed::Tree),
            ("file:delete", Deed::File),
        ],
    },
    Tongue {
        programs: &["elixir", "iex", "mix"],
        options: &["-e", "--eval", "eval"],
        endings: &[],
        form: Form::Called,
        comment: "#",
        single: true,
        calls: &[(":os.cmd", Deed::Runs)],
    },
    Tongue {
        programs: &["swipl", "gprolog", "scryer-prolog"],
        options: &["-g", "-t", "--goal", "--query-goal"],
        endings: &[],
        form: Form::Called,
        comment: "%",
        single: true,
        calls: &[
            ("shell", Deed::Runs),
            ("process_create", Deed::Runs),
            ("delete_directory_and_contents", Deed::Tree),
            ("delete_directory_contents", Deed::Tree),
            ("delete_file", Deed::File),
        ],
    },
    Tongue {
        programs: &["nim"],
        options: &["--eval", "-e"],
        endings: &[".nims"],
        form: Form::Bare,
        comment: "#",
        single: false,
        calls: &[
            ("exec", Deed::Runs),
            ("execCmd", Deed::Runs),
            ("execCmdEx", Deed::Runs),
            ("execShellCmd", Deed::Runs),
            ("execProcess", Deed::Runs),
            ("staticExec", Deed::Runs),
            ("gorge", Deed::Runs),
            ("gorgeEx", Deed::Runs),
            ("removeDir", Deed::Tree),
            ("rmDir", Deed::Tree),
            ("removeFile", Deed::File),
            ("rmFile", Deed::File),
        ],
    },
    Tongue {
        programs: &["raku", "perl6", "rakudo"],
        options: &["-e"],
        endings: &[".raku", ".p6"],
        form: Form::Bare,
        comment: "#",
        single: true,
        calls: &[
            ("run", Deed::Runs),
            ("shell", Deed::Runs),
            ("qqx", Deed::Runs),
            ("qx", Deed::Runs),
            ("rmtree", Deed::Tree),
            (".unlink", Deed::FileBefore),
            ("unlink", Deed::File),
        ],
    },
    Tongue {
        programs: &[
            "scala",
            "scala-cli",
            "amm",
            "kotlin",
            "kotlinc",
            "groovy",
            "jshell",
            "jrunscript",
        ],
        options: &["-e", "-c"],
        endings: &[".sc", ".scala", ".kts", ".groovy"],
        form: Form::Called,
        comment: "//",
        single: false,
        calls: &[
            (".!", Deed::RunsBefore),
            (".!!", Deed::RunsBefore),
            (".lineStream", Deed::RunsBefore),
            (".lazyLines", Deed::RunsBefore),
            (".execute", Deed::RunsBefore),
            ("os.proc", Deed::Runs),
            ("exec", Deed::Runs),
            ("os.remove.all", Deed::Tree),
            ("os.remove", Deed::File),
            (".delete", Deed::FileBefore),
            ("::delete", Deed::FileBefore),
            (".deleteOnExit", Deed::FileBefore),
            (".deleteRecursively", Deed::TreeBefore),
            (".deleteDir", Deed::TreeBefore),
        ],
    },
    Tongue {
        programs: &EDITORS,
        options: &[],
        endings: &[],
        form: Form::Called,
        comment: "\0",
        single: true,
        calls: &[
            ("delete", Deed::TreeWith("rf")),
            ("vim.fn.delete", Deed::TreeWith("rf")),
            ("vim.fs.rm", Deed::TreeWith("recursive")),
            ("vim.fn.system", Deed::Runs),
            ("vim.system", Deed::Runs),
            ("vim.loop.fs_unlink", Deed::File),
            ("vim.uv.fs_unlink", Deed::File),
            ("system", Deed::Runs),
            ("systemlist", Deed::Runs),
            ("vim.fn.systemlist", Deed::Runs),
            ("job_start", Deed::Runs),
            ("jobstart", Deed::Runs),
            ("vim.fn.jobstart", Deed::Runs),
            ("term_start", Deed::Runs),
            ("termopen", Deed::Runs),
            ("vim.fn.termopen", Deed::Runs),
            ("os.execute", Deed::Runs),
            ("os.remove", Deed::File),
        ],
    },
    Tongue {
        programs: &["octave", "octave-cli", "matlab"],
        options: &["--eval", "-batch", "-r"],
        endings: &[],
        form: Form::Called,
        comment: "%",
        single: true,
        calls: &[
            ("rmdir", Deed::TreeWith("s")),
            ("delete", Deed::File),
            ("unix", Deed::Runs),
        ],
    },
    Tongue {
        programs: &["rust-script", "evcxr", "gjs"],
        options: &["-e", "--expr", "-c"],
        endings: &[],
        form: Form::Called,
        comment: "//",
        single: true,
        calls: &[
            ("fs::remove_dir_all", Deed::Tree),
            ("fs::remove_file", Deed::File),
            ("GLib.spawn_command_line_sync", Deed::Runs),
            ("GLib.spawn_command_line_async", Deed::Runs),
        ],
    },
];

/// Shells whose simple commands read like those of a POSIX shell.
const SHELLS: [&str; 5] = ["nu", "elvish", "xonsh", "ion", "murex"];

/// Returns the shell texts that say what the code of such a language does.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Started> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    if SHELLS.contains(&program.as_str()) {
        return shells(command);
    }
    let mut all = Vec::new();
    for tongue in TONGUES
        .iter()
        .filter(|one| one.programs.contains(&program.as_str()))
    {
        for told in codes(tongue, command, context, needs) {
            let lines = calls(&told.text, tongue);
            all.extend(lines.iter().filter_map(line).map(|text| told.line(text)));
        }
    }
    all
}

/// `nu -c '^rm -r data'`.
fn shells(command: &Command) -> Vec<Started> {
    let words = super::values(command, "-c");
    let text = |word: &Word| super::shell_text(word).replace('^', "");
    words
        .iter()
        .map(|word| Started {
            text: text(word),
            origin: word.origin.clone(),
        })
        .collect()
}

/// Returns the code that a program is given: by an option, on its standard input, in a file that the call wrote.
fn codes(
    tongue: &Tongue,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Told> {
    let program = command.program().unwrap_or_default();
    if EDITORS.contains(&program.as_str()) {
        return talk(&program, command, context, needs).commands;
    }
    let told = |word: &Word| Told {
        text: super::shell_text(word),
        origin: word.origin.clone(),
    };
    let mut all: Vec<Told> = Vec::new();
    let mut named = false;
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let head = word.prefix();
        let joined = tongue.options.iter().find(|option| {
            let rest = head.strip_prefix(**option);
            option.starts_with('-') && rest.is_some_and(|rest| rest.starts_with(['=', ':']))
        });
        if let Some(option) = joined {
            all.push(told(&options::tail(word, option.len() + 1)));
        } else if tongue.options.contains(&head.as_str()) {
            all.extend(words.next().map(told));
        } else if tongue.endings.iter().any(|end| head.ends_with(end)) {
            named = true;
            all.extend(read(&head, command, context, needs));
        } else if head.starts_with('(') && command.is_any(&["bb"]) {
            all.push(told(word));
        }
    }
    let reads = tongue.form != Form::Called || command.is_any(&["jshell", "scala", "amm"]);
    let reads = reads && !named && all.is_empty();
    if let Stdin::Text(word) = &command.stdin
        && reads
    {
        all.push(told(word));
    }
    all
}

/// Returns a call as a shell line.
fn line(call: &Call) -> Option<String> {
    let words = |texts: &[String]| {
        texts
            .iter()
            .map(|one| quoted(one))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let path = || match call.strings.as_slice() {
        [] if call.unknown => Some("$UNKNOWN".to_owned()),
        [] => None,
        // `os.root / "srv" / "data"`.
        parts if call.rooted => Some(format!("/{}", parts.join("/"))),
        [first, ..] => Some(first.clone()),
    };
    let patterns = call.said.iter().any(|name| is_walk(name));
    let named = |text: &str| super::texts::path(text, patterns);
    let tree = |path: Option<String>| match path {
        Some(path) => format!("rm -rf -- {}", named(&path)),
        None => "rm -rf -- \"$UNKNOWN\"".to_owned(),
    };
    match call.deed {
        Deed::Runs | Deed::RunsBefore => match call.strings.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            [first, rest @ ..] if first.contains(' ') => Some(format!("{first} {}", words(rest))),
            all => Some(words(all)),
        },
        Deed::Named => match call.strings.as_slice() {
            [_, rest @ ..] if !rest.is_empty() => Some(words(rest)),
            _ => None,
        },
        Deed::Tree => Some(tree(path())),
        Deed::TreeBefore => path().map(|path| tree(Some(path))),
        Deed::TreeWith(word) => {
            let deep = call.said.iter().any(|said| said == word)
                || call.strings.iter().skip(1).any(|text| text == word);
            match (path(), deep) {
                (path, true) => Some(tree(path)),
                (Some(path), false) => Some(format!("rm -f -- {}", named(&path))),
                (None, false) => None,
            }
        }
        // What a walk through a folder gives is all that the folder holds.
        Deed::File if patterns && !path()?.contains(['*', '?']) => Some(tree(path())),
        Deed::File | Deed::FileBefore => path().map(|path| format!("rm -f -- {}", named(&path))),
    }
}

/// Functions that give the files of a folder or of a pattern.
fn is_walk(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "glob",
        "directory-files",
        "walk",
        "wildcard",
        "readdir",
        "list-directory",
        "fs_dir",
        "list-dir",
        "directory-list",
    ]
    .iter()
    .any(|walk| name.contains(walk))
        || matches!(name.as_str(), "directory" | "fs.dir" | "dir")
}

#[cfg(test)]
mod tests {
    use crate::classify::files::bench::{Bench, command};

    use super::*;

    fn lines(words: &[&str]) -> Vec<String> {
        let bench = Bench::assumed();
        started(&command(words), &bench.context(), &mut Needs::default())
            .into_iter()
            .map(|one| one.text)
            .collect()
    }

    #[test]
    fn calls_that_delete_or_start_a_program_become_lines() {
        for (program, option, code, expected) in [
            ("bb", "-e", "(fs/delete-tree \"/d\")", "rm -rf -- /d"),
            (
                "clojure",
                "-e",
                "(clojure.java.shell/sh \"rm\" \"-rf\" \"/d\")",
                "'rm' '-rf' '/d'",
            ),
            (
                "emacs",
                "--eval",
                "(delete-directory \"/d\" t)",
                "rm -rf -- /d",
            ),
            (
                "ghc",
                "-e",
                "System.Process.callProcess \"rm\" [\"-rf\", \"/d\"]",
                "'rm' '-rf' '/d'",
            ),
            (
                "ocaml",
                "-e",
                "let () = ignore (Sys.command \"rm -rf /d\")",
                "rm -rf /d",
            ),
            (
                "erl",
                "-eval",
                "os:cmd(\"rm -rf /d\"), halt().",
                "rm -rf /d",
            ),
            ("swipl", "-g", "shell('rm -rf /d'), halt", "rm -rf /d"),
        ] {
            assert_eq!(lines(&[program, option, code]), [expected], "{code}");
        }
    }

    #[test]
    fn calls_of_the_machine_of_java_and_of_editors_become_lines() {
        for (program, option, code, expected) in [
            ("scala", "-e", "\"rm -rf /d\".!", "rm -rf /d"),
            (
                "scala",
                "-e",
                "Seq(\"rm\", \"-rf\", \"/d\").!!",
                "'rm' '-rf' '/d'",
            ),
            (
                "amm",
                "-c",
                "os.remove.all(os.root/\"srv\"/\"d\")",
                "rm -rf -- /srv/d",
            ),
            ("groovy", "-e", "new File(\"/d\").delete()", "rm -f -- /d"),
            (
                "raku",
                "-e",
                "run \"rm\", \"-rf\", \"/d\"",
                "'rm' '-rf' '/d'",
            ),
            (
                "nvim",
                "-c",
                "lua vim.fn.delete(\"/d\", \"rf\")",
                "rm -rf -- /d",
            ),
        ] {
            assert_eq!(lines(&[program, option, code]), [expected], "{code}");
        }
        assert_eq!(
            lines(&["nim", "--eval:removeDir(\"/d\")"]),
            ["rm -rf -- /d"]
        );
    }

    #[test]
    fn a_deletion_of_what_a_walk_gives_is_one_of_the_folder() {
        for code in [
            "Files.walk(Path.of(\"/d\")).forEach(p -> p.toFile().delete());",
            "Files.list(Path.of(\"/d\")).map(Path::toFile).forEach(File::delete)",
        ] {
            assert_eq!(lines(&["scala", "-e", code]), ["rm -rf -- /d"], "{code}");
        }
        for code in [
            "Files.walk(Path.of(\"/d\")).forEach(println); list.delete(3)",
            "Files.walk(Path.of(\"/d\")).forEach(p -> println(p));\nmap.delete(1)",
        ] {
            let nothing: [&str; 0] = [];
            assert_eq!(lines(&["scala", "-e", code]), nothing, "{code}");
        }
    }

    #[test]
    fn names_in_strings_and_comments_and_other_words_do_nothing() {
        for (program, option, code) in [
            ("bb", "-e", "(println \"(fs/delete-tree \\\"/d\\\")\")"),
            (
                "clojure",
                "-e",
                "(dissoc {:a 1} :a) ; (sh \"rm\" \"-rf\" \"/d\")",
            ),
            ("ghc", "-e", "putStrLn \"removeFile\" -- removeFile \"/d\""),
            ("erl", "-eval", "io:format(\"os:cmd\"), halt()."),
            ("scala", "-e", "println(\"rm -rf /d\".length)"),
            ("scala", "-e", "List(1, 2).map(_ + 1)"),
            ("groovy", "-e", "map.delete(); println 'x'"),
            ("emacs", "--eval", "(delete-region 1 2)"),
            ("nvim", "-c", "set nu"),
        ] {
            assert_eq!(
                lines(&[program, option, code]),
                Vec::<String>::new(),
                "{code}"
            );
        }
    }
}
