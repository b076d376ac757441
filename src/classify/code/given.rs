//! How an interpreter is given its code: on the command line, on its standard input, in a script, by a framework of its own.
//! It finds the text; what the text does is read elsewhere.

use crate::model::command::{Command, Cwd, Opaque, OpaqueKind, Stdin};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::word::{Part, Word};

use crate::classify::Context;
use crate::classify::sql::options;
use crate::classify::sql::reach;
use crate::classify::sql::source::Source;

use super::calls::{Deeds, Standing, deeds};
use super::carried::Carried;
use super::taskfiles;
use super::tokens::Language;
use super::values::Setting;

/// Interpreters: names, language, options that carry code.
const INTERPRETERS: &[(&[&str], Language, &[&str])] = &[
    (
        &[
            "python",
            "python2",
            "python3",
            "pypy",
            "pypy3",
            "ipython",
            "bpython",
            "ptpython",
            "ptipython",
        ],
        Language::Python,
        &["-c"],
    ),
    (
        &[
            "node",
            "nodejs",
            "bun",
            "deno",
            "tsx",
            "ts-node",
            "nodemon",
            "ts-node-dev",
            "vite-node",
            "babel-node",
            "zx",
        ],
        Language::Javascript,
        &["-e", "--eval", "-p", "--print", "-pe", "eval"],
    ),
    (&["ruby", "irb", "pry"], Language::Ruby, &["-e", "--exec"]),
    (
        &["rake"],
        Language::Ruby,
        &[
            "-e",
            "--execute",
            "-E",
            "--execute-continue",
            "-p",
            "--execute-print",
        ],
    ),
    (
        &["perl"],
        Language::Perl,
        &["-e", "-E", "-ne", "-pe", "-le", "-lne", "-we"],
    ),
    (&["php", "psysh"], Language::Php, &["-r"]),
    (&["lua", "luajit"], Language::Lua, &["-e"]),
    // Languages whose strings, comments and calls look enough like one of the above.
    (&["Rscript", "R", "littler"], Language::Python, &["-e"]),
    (&["julia"], Language::Julia, &["-e", "--eval", "-E"]),
    (&["elixir", "iex", "mix"], Language::Ruby, &["-e", "--eval"]),
    (&["crystal"], Language::Ruby, &["eval"]),
    (&["groovy"], Language::Groovy, &["-e"]),
    (
        &[
            "scala",
            "jshell",
            "kotlin",
            "kotlinc",
            "swift",
            "csharprepl",
            "dart",
        ],
        Language::Javascript,
        &["-e"],
    ),
    (&["erl"], Language::Ruby, &["-eval"]),
    (&["clojure", "clj", "bb", "lein"], Language::Ruby, &["-e"]),
    (
        &["dotnet-script", "csharp", "csi"],
        Language::Javascript,
        &["eval", "-e"],
    ),
    (
        &["octave", "octave-cli", "matlab"],
        Language::Lua,
        &["--eval", "-batch", "-r"],
    ),
    (&["raku"], Language::Perl, &["-e"]),
    (&["osascript"], Language::Lua, &["-e"]),
    (&["tclsh", "expect"], Language::Ruby, &["-c"]),
    (
        &["awk", "gawk", "mawk", "nawk", "goawk"],
        Language::Perl,
        &["-e", "--source"],
    ),
    (&["emacs"], Language::Lua, &["--eval"]),
    (
        &[
            "go",
            "java",
            "rust-script",
            "tcc",
            "cargo",
            "rustrun",
            "dotnet",
            "zig",
            "nim",
        ],
        Language::Compiled,
        &["--no-such-option"],
    ),
];

/// Program, subcommand, language, options that carry the code.
type Runner = (
    &'static [&'static str],
    &'static [&'static str],
    Language,
    &'static [&'static str],
);

/// Frameworks that run code by a subcommand.
const RUNNERS: &[Runner] = &[
    (
        &["rails", "gitlab-rails"],
        &["runner", "r"],
        Language::Ruby,
        &[],
    ),
    // A console reads its standard input; its operands are no code.
    (
        &["rails", "gitlab-rails"],
        &["console", "c"],
        Language::Ruby,
        &["--eval"],
    ),
    (&["artisan"], &["tinker"], Language::Php, &["--execute"]),
    (
        &["manage.py", "django-admin"],
        &["shell", "shell_plus"],
        Language::Python,
        &["-c", "--command"],
    ),
    (
        &["flask", "superset", "scrapy", "odoo", "odoo-bin"],
        &["shell"],
        Language::Python,
        &["-c"],
    ),
    (&["wp"], &["eval"], Language::Php, &[]),
    (&["wp"], &["shell"], Language::Php, &["--no-such-option"]),
    (
        &["drush"],
        &["php:eval", "ev", "php-eval", "eval"],
        Language::Php,
        &[],
    ),
    (&["mix"], &["run"], Language::Ruby, &["-e", "--eval"]),
    (&["mix"], &["eval"], Language::Ruby, &[]),
    (&["bin/console"], &["tinker"], Language::Php, &["--execute"]),
];

/// A code text with what is known about it.
pub(super) struct Code {
    pub source: Source,
    pub language: Language,
    /// Written on the command line or its standard input, not in a script file.
    pub inline: bool,
    /// The folder of the script.
    pub folder: String,
    /// Words that it is given, as far as they are known.
    pub args: Option<Vec<String>>,
    /// Files that the call has written before, by the names that the code may give them.
    pub files: Vec<(String, String)>,
    /// Files of settings that it reads.
    pub settings: Vec<Setting>,
    /// Variables that the call gives it, where their values are known.
    pub env: Vec<(String, String)>,
    /// What it changes in its database is rolled back at the end: `rails console --sandbox`.
    pub sandboxed: bool,
    /// A test that the call itself has written.
    pub test: bool,
    /// What it does when it is carried out on what is known.
    pub carried: Option<Carried>,
}

impl Code {
    pub const fn inline(source: Source, language: Language) -> Self {
        Self {
            source,
            language,
            inline: true,
            folder: String::new(),
            args: None,
            files: Vec::new(),
            settings: Vec::new(),
            env: Vec::new(),
            sandboxed: false,
            test: false,
            carried: None,
        }
    }

    /// Returns what it does as it is read; nothing where it was carried out, and does that and nothing else.
    pub fn deeds(&self) -> Deeds {
        if self.carried.as_ref().is_some_and(|carried| carried.certain) {
            return Deeds::default();
        }
        deeds(
            &self.source.text,
            self.language,
            self.standing(&self.settings),
        )
    }

    /// Returns where it stands, and which settings it finds.
    pub fn standing<'a>(&'a self, settings: &'a [Setting]) -> Standing<'a> {
        let folder = match self.folder.as_str() {
            "" => ".",
            folder => folder,
        };
        Standing {
            folder,
            inline: self.inline,
            args: self.args.as_deref(),
            files: &self.files,
            settings,
            env: &self.env,
            depth: 0,
        }
    }
}

/// Finds the code that an interpreter would run.
pub(super) fn code(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Code> {
    let mut code = found(command, context, needs)?;
    code.args = super::handed::arguments(command, &code);
    code.env = variables(command);
    if context
        .earlier
        .iter()
        .any(|earlier| !earlier.leaves().is_empty())
    {
        code.files = files(command, context);
    }
    Some(code)
}

/// Returns the variables that are set in the text to what is known.
pub(super) fn variables(command: &Command) -> Vec<(String, String)> {
    let known = |(name, value): &(String, Word)| Some((name.clone(), value.text()?));
    command.env.iter().filter_map(known).collect()
}

/// Returns the files that earlier commands of the call have written, by their full names and by those from here.
fn files(command: &Command, context: &Context<'_>) -> Vec<(String, String)> {
    const MAX_FILES: usize = 40;
    /// Bytes of one of them.
    const MAX_FILE: usize = 1 << 16;
    let weight = |word: &Word| -> usize {
        let pieces = word.pieces.iter();
        pieces
            .map(|piece| match &piece.part {
                Part::Literal(text) | Part::Glob(text) => text.len(),
                Part::Hole(_) => 1,
            })
            .sum()
    };
    let mut all = Vec::new();
    for earlier in context.earlier.iter().filter(|one| one.is_here()) {
        for (file, content) in earlier.leaves() {
            let (Some(name), Some(content)) = (file.text(), content) else {
                continue;
            };
            let Some(path) = crate::classify::place_of(&name, earlier) else {
                continue;
            };
            if weight(content) > MAX_FILE {
                continue;
            }
            let text = Source::of_word(content).text;
            if let Cwd::Known(here) = &command.cwd
                && let Ok(short) = path.strip_prefix(here)
            {
                all.push((short.to_string_lossy().into_owned(), text.clone()));
            }
            all.push((path.to_string_lossy().into_owned(), text));
            if all.len() >= MAX_FILES {
                return all;
            }
        }
    }
    all
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each way in which an interpreter is given its code"
)]
fn found(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Code> {
    let program = command.program()?;
    if let Some(code) = framework(command) {
        return Some(code);
    }
    if let Some(code) = super::tested::code(command, context) {
        return Some(code);
    }
    if let Some((source, language)) = taskfiles::code(command, context, needs) {
        let code = Code::inline(source, language);
        return Some(Code {
            inline: false,
            ..code
        });
    }
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    // `dotnet script eval CODE`, `dotnet fsi FILE`: an interpreter as a subcommand.
    let first = command.args().first().and_then(Word::text);
    let hosted = base == "dotnet" && matches!(first.as_deref(), Some("script" | "fsi"));
    let base = if hosted { "dotnet-script" } else { base };
    let Some((_, language, flags)) = INTERPRETERS
        .iter()
        .find(|(names, ..)| names.contains(&base) || names.contains(&program.as_str()))
    else {
        // `uv run scripts/x.py` starts the file itself.
        let language = match program.rsplit_once('.')?.1 {
            "py" => Language::Python,
            "js" | "mjs" | "cjs" | "ts" | "mts" => Language::Javascript,
            "rb" => Language::Ruby,
            "pl" => Language::Perl,
            "php" => Language::Php,
            _ => return None,
        };
        return script(command.words.first()?, language, command, context, needs);
    };
    let inline = |source: Source| Code::inline(source, *language);
    if only_checks(base, command) {
        return None;
    }
    let mut words = command.args().iter().skip(usize::from(hosted)).peekable();
    let mut pieces: Option<Source> = None;
    while let Some(word) = words.next() {
        let text = word.prefix();
        if let Some((flag, _)) = text.split_once('=')
            && flag.starts_with("--")
            && flags.contains(&flag)
        {
            pieces = Some(Source::of_word(&options::tail(word, flag.len() + 1)));
        } else if prints_what_follows(*language, &text, words.peek().copied()) {
            // The code stands behind the next option.
        } else if flags.contains(&text.as_str()) || ends_in_code(base, &text) {
            // `deno eval --unstable-kv CODE`
            while base == "deno"
                && let Some(option) = words.next_if(|word| word.prefix().starts_with('-'))
            {
                if takes_value(base, &option.prefix()) {
                    words.next();
                }
            }
            let Some(value) = words.next() else {
                break;
            };
            match &mut pieces {
                Some(all) => all.join(&Source::of_word(value)),
                None => pieces = Some(Source::of_word(value)),
            }
            if *language == Language::Python {
                break;
            }
        } else if *language == Language::Python && text == "-m" {
            // A module of the project is a file of it.
            let name = words.next()?.text()?;
            if super::imported::runs_others(&name) {
                words.next_if(|word| word.text().as_deref() == Some("run"));
                continue;
            }
            return module_files(&name, command).into_iter().find_map(|file| {
                let file = Word::literal(file, word.origin.clone());
                script(&file, *language, command, context, needs)
            });
        } else if text == "-" {
            break;
        } else if matches!(base, "deno" | "bun" | "go" | "cargo" | "dotnet" | "zig")
            && text == "run"
            || matches!(base, "tcc" | "nim") && matches!(text.as_str(), "-run" | "r")
        {
            // The script follows, or `-`.
        } else if matches!(base, "iex" | "elixir") && text == "-S" {
            // `iex -S mix run -e CODE`: the task's own options follow.
            words.next();
            words.next_if(|word| word.text().as_deref() == Some("run"));
        } else if is_awk(base) && text == "-f" {
            return script(words.next()?, *language, command, context, needs);
        } else if is_awk(base) && matches!(text.as_str(), "-v" | "-F") {
            words.next();
        } else if is_awk(base) && !text.starts_with('-') {
            // The first operand of awk is its program.
            pieces = pieces.or_else(|| Some(Source::of_word(word)));
            break;
        } else if takes_value(base, &text) {
            words.next();
        } else if !text.starts_with('-') && pieces.is_none() {
            return script(word, *language, command, context, needs);
        } else if *language == Language::Python && matches!(text.as_str(), "-V" | "--version") {
            return None;
        }
    }
    if pieces.is_none() && *language == Language::Compiled {
        let whole = command.words.first()?;
        return command
            .script
            .is_some()
            .then(|| script(whole, *language, command, context, needs))?;
    }
    pieces.map(inline).or_else(|| match &command.stdin {
        Stdin::Text(word) => Some(inline(Source::of_word(word))),
        Stdin::File(word) => script(word, *language, command, context, needs),
        _ => None,
    })
}

/// Returns the names under which a module may lie that `-m` names: here, or below the folders of `PYTHONPATH`.
pub(super) fn module_files(name: &str, command: &Command) -> Vec<String> {
    let name = name.replace('.', "/");
    let variables = variables(command);
    let paths = variables.iter().rfind(|(name, _)| name == "PYTHONPATH");
    let folders = paths.map_or("", |(_, value)| value).split(':');
    let folders = folders.filter(|folder| !folder.is_empty());
    let below = folders.map(|folder| format!("{}/{name}", folder.trim_end_matches('/')));
    std::iter::once(name.clone())
        .chain(below)
        .flat_map(|name| [format!("{name}.py"), format!("{name}/__main__.py")])
        .collect()
}

/// Options of interpreters whose value is the next word.
const VALUED: &[(&[&str], &[&str])] = &[
    (&["ruby", "irb"], &["-r", "-I", "-C", "-E"]),
    (&["perl", "raku"], &["-I"]),
    (&["python", "pypy", "ipython"], &["-W", "-X"]),
    (
        &[
            "node",
            "nodejs",
            "bun",
            "tsx",
            "ts-node",
            "ts-node-dev",
            "vite-node",
            "nodemon",
        ],
        &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "--input-type",
            "-C",
            "--conditions",
            "--preload",
            "-P",
            "--project",
            "-O",
            "--env-file",
            "--tsconfig",
        ],
    ),
    (&["php"], &["-d", "-c", "-z"]),
    (&["lua", "luajit"], &["-l"]),
    (&["julia"], &["-L", "--load", "-t", "-p", "-J"]),
    (&["groovy", "scala", "kotlin"], &["-cp", "-classpath"]),
    (&["erl", "elixir", "iex"], &["-pa", "-pz", "-r"]),
    (
        &["deno"],
        &[
            "-L",
            "--log-level",
            "--ext",
            "--config",
            "-c",
            "--import-map",
            "--cert",
            "--location",
        ],
    ),
];

/// `node -p -e CODE`.
fn prints_what_follows(language: Language, text: &str, next: Option<&Word>) -> bool {
    let option = next.is_some_and(|next| next.prefix().starts_with('-'));
    option && language == Language::Javascript && matches!(text, "-p" | "--print")
}

pub(super) fn takes_value(base: &str, text: &str) -> bool {
    VALUED
        .iter()
        .any(|(names, options)| names.contains(&base) && options.contains(&text))
}

/// `-nle`, `-i -pe`, `-lane`: one-letter options in one word, the last of which carries code.
fn ends_in_code(base: &str, text: &str) -> bool {
    let letters = text.strip_prefix('-').unwrap_or_default();
    if matches!(base, "python" | "pypy") {
        let switches = |letter: char| "bBdEhiIOPqsSuvx".contains(letter);
        return letters.len() > 1
            && letters
                .strip_suffix('c')
                .is_some_and(|rest| rest.chars().all(switches));
    }
    matches!(base, "perl" | "ruby" | "raku")
        && letters.ends_with(['e', 'E'])
        && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !letters.starts_with(['M', 'm', 'I', 'r', 'F', 'C', 'x', 'i', 'T'])
}

/// Options by which an interpreter looks at a script without running it.
fn only_checks(base: &str, command: &Command) -> bool {
    let flags: &[&str] = match base {
        "node" => &["--check", "-c", "--test"],
        "ruby" | "perl" => &["-c", "-wc", "-cw"],
        "php" => &["-l", "--syntax-check"],
        "deno" => &["check", "lint", "fmt", "doc", "info", "cache", "test"],
        "cargo" | "dotnet" | "zig" | "nim" | "tcc" => return command.script.is_none(),
        "lua" => &["-p"],
        "go" => return command.args().first().and_then(Word::text).as_deref() != Some("run"),
        _ => return false,
    };
    let first = command.args().first().and_then(Word::text);
    first.is_some_and(|first| flags.contains(&first.as_str()))
}

/// An interpreter without a script whose code comes from a program that cannot be computed: `curl … | python3`.
pub(super) fn payload(command: &Command) -> Option<Opaque> {
    let program = command.program()?;
    let base = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let Stdin::Opaque { from } = &command.stdin else {
        return None;
    };
    let (_, _, flags) = INTERPRETERS
        .iter()
        .find(|(names, ..)| names.contains(&base) || names.contains(&program.as_str()))?;
    (!is_awk(base) && reads_its_code(base, flags, command)).then(|| Opaque {
        origin: command.origin.clone(),
        reason: format!("`{program}` runs the output of `{from}`"),
        words: vec![from.clone()],
        kind: OpaqueKind::Payload,
        via: command.via.clone(),
    })
}

/// Tells whether an interpreter has neither a script nor code among its words, so that it reads its standard input.
/// An option that is not known may bring a script or code of its own.
fn reads_its_code(base: &str, flags: &[&str], command: &Command) -> bool {
    const LONG: [&str; 5] = [
        "--input-type=module",
        "--no-save",
        "--vanilla",
        "--quiet",
        "--no-warnings",
    ];
    if only_checks(base, command) {
        return false;
    }
    let mut words = command.args().iter();
    while let Some(word) = words.next() {
        let text = word.prefix();
        let is_letter = text.len() == 2 && text.starts_with('-');
        match text.as_str() {
            "-" => return true,
            "--" => return base == "php",
            "run" if matches!(base, "deno" | "bun") => {}
            "-m" | "-V" | "-v" | "-h" | "--version" | "--help" => return false,
            _ if flags.contains(&text.as_str()) || ends_in_code(base, &text) => return false,
            _ if takes_value(base, &text) => {
                words.next();
            }
            _ if is_letter || LONG.contains(&text.as_str()) => {}
            _ => return false,
        }
    }
    true
}

fn is_awk(base: &str) -> bool {
    matches!(base, "awk" | "gawk" | "mawk" | "nawk" | "goawk")
}

/// Finds the code that a framework's own command runs: `rails runner CODE`, `artisan tinker --execute=CODE`.
fn framework(command: &Command) -> Option<Code> {
    let mut words = command.words.iter();
    let mut program = command.program()?;
    words.next();
    // `python manage.py shell -c`, `php artisan tinker`, `ruby bin/rails runner`.
    if matches!(
        program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        "python" | "php" | "ruby"
    ) {
        let script = words.next()?.text()?;
        script.rsplit('/').next()?.clone_into(&mut program);
    }
    let subcommand = subcommand(&mut program, &mut words)?;
    let sandboxed = is_sandboxed(&program, &subcommand, words.clone());
    if words
        .clone()
        .any(|word| word.text().as_deref() == Some("--help"))
    {
        return None;
    }
    let known = RUNNERS.iter().find(|(programs, subcommands, ..)| {
        programs.contains(&program.as_str()) && subcommands.contains(&subcommand.as_str())
    });
    let (language, flags) = match known {
        Some((.., language, flags)) => (language, *flags),
        None if is_release(command, &subcommand) => (&Language::Ruby, [].as_slice()),
        None => return None,
    };
    let mut source: Option<Source> = None;
    while let Some(word) = words.next() {
        let text = word.prefix();
        // `rails runner -e production CODE`
        if program.ends_with("rails") && matches!(text.as_str(), "-e" | "--environment") {
            words.next();
            continue;
        }
        let given = match text.split_once('=') {
            Some((flag, _)) if flags.contains(&flag) => Some(options::tail(word, flag.len() + 1)),
            _ if flags.contains(&text.as_str()) => words.next().cloned(),
            _ if flags.is_empty() && !text.starts_with('-') => Some(word.clone()),
            _ => None,
        };
        if let Some(given) = given {
            source = Some(Source::of_word(&given));
            break;
        }
    }
    let source = match (source, &command.stdin) {
        (Some(source), _) => source,
        (None, Stdin::Text(word)) => Source::of_word(word),
        (None, _) => return None,
    };
    Some(Code {
        sandboxed,
        ..Code::inline(source, *language)
    })
}

/// Returns the subcommand of a framework, options and wrappers before it passed over.
fn subcommand<'w>(
    program: &mut String,
    words: &mut impl Iterator<Item = &'w Word>,
) -> Option<String> {
    let mut found = words.next()?.text()?;
    // `sail artisan tinker`, `sail php artisan tinker`, `sail tinker`.
    if program == "sail" {
        if found == "php" {
            found = words.next()?.text()?;
        }
        "artisan".clone_into(program);
        if matches!(found.as_str(), "artisan" | "art" | "a") {
            found = words.next()?.text()?;
        }
    }
    // `flask --app shop shell`
    while program == "flask" && found.starts_with('-') {
        if matches!(found.as_str(), "--app" | "-A" | "-e" | "--env-file") {
            words.next();
        }
        found = words.next()?.text()?;
    }
    Some(found)
}

/// `rails console --sandbox`.
fn is_sandboxed<'w>(
    program: &str,
    subcommand: &str,
    mut words: impl Iterator<Item = &'w Word>,
) -> bool {
    matches!(program, "rails" | "gitlab-rails")
        && matches!(subcommand, "console" | "c")
        && words.any(|word| matches!(word.text().as_deref(), Some("--sandbox" | "-s")))
}

/// `bin/shop eval CODE`, `bin/shop rpc CODE`: a release of Elixir.
fn is_release(command: &Command, subcommand: &str) -> bool {
    let path = command.words.first().and_then(Word::text);
    let path = path.unwrap_or_default();
    let own = path.starts_with("bin/") || path.contains("/bin/");
    let system = ["/usr/", "/bin/", "/opt/homebrew/"];
    matches!(subcommand, "eval" | "rpc")
        && own
        && !system.iter().any(|front| path.starts_with(front))
}

/// Reads a script file; subcommands and modules are no files that can be read.
fn script(
    word: &Word,
    language: Language,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<Code> {
    const ENDINGS: [&str; 27] = [
        ".ipy", ".swift", ".kts", ".groovy", ".sc", ".scala", ".exs", ".jl", ".cr", ".dart",
        ".csx", ".fsx", ".cs", ".go", ".java", ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".rb",
        ".pl", ".php", ".lua", ".pyw", ".tsx",
    ];
    let folder = |name: &str| match name.rsplit_once('/') {
        Some((folder, _)) => folder.to_owned(),
        None => String::new(),
    };
    if let Some(read) = &command.script {
        return Some(Code {
            inline: false,
            folder: folder(&word.text().unwrap_or_default()),
            ..Code::inline(Source::of_word(read), language)
        });
    }
    let name = word.text()?;
    if !command.is_here() || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    let path = match &command.cwd {
        Cwd::Known(folder) => reach::normal(&folder.join(&name)),
        Cwd::Temporary | Cwd::Unknown if name.starts_with('/') => name.clone().into(),
        Cwd::Temporary | Cwd::Unknown => return None,
    };
    if let Some(written) = crate::classify::packs::written(&path, context) {
        return Some(Code {
            inline: false,
            folder: folder(&name),
            ..Code::inline(Source::of_word(&written), language)
        });
    }
    match context.facts.ask(Question::Text(path.clone()), needs) {
        Some(Answer::Text { text, .. }) => Some(Code {
            inline: false,
            folder: folder(&name),
            ..Code::inline(Source::of_file(&path, text), language)
        }),
        _ => None,
    }
}
