//! Code of scripting languages, inline or in a script: SQL that it sends, files that it deletes, shells that it starts.
//! It reads strings, values and calls by name, and follows no control flow and no library.

mod asked;
mod blocks;
mod calls;
mod carried;
mod commands;
mod drivers;
mod given;
mod handed;
mod imported;
mod imports;
mod index;
mod linked;
mod magics;
mod modules;
mod places;
mod reads;
mod sent;
mod steps;
mod suites;
mod tables;
mod taskfiles;
mod tested;
pub mod tokens;
mod undone;
mod unreal;
mod unsaved;
mod unsent;
mod values;

use crate::model::command::{Command, Opaque, OpaqueKind};
use crate::model::fact::Needs;
use crate::model::finding::{Blast, Finding, Severity};
use crate::model::span::{Origin, Span};
use crate::model::target::{Reach, Target, TargetKind};
use crate::shell::parse::parse;

use super::Context;
use super::sql::reach::Place;
use super::sql::{Located, Started, judged};
use given::{Code, code, payload};
use places::{place, place_of};
pub use steps::Steps;
use steps::{Kind, Step};

/// Returns the losses that inline code or a script would cause through SQL, and deletions of unknown paths.
pub fn findings(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Finding> {
    if let Some(payload) = payload(command) {
        return super::opaque::findings(&[payload], context);
    }
    let (all, cut) = codes(command, context, needs);
    let mut findings: Vec<Finding> = all
        .iter()
        .flat_map(|code| losses(code, command, context, needs))
        .collect();
    for code in suites::codes(command, context, needs) {
        let mut taken = losses(&code, command, context, needs);
        taken.retain(suites::counts);
        findings.extend(taken);
    }
    if cut {
        findings.extend(super::opaque::findings(&[unread(command)], context));
    }
    findings
}

/// Says that modules which the call has written were left unread.
fn unread(command: &Command) -> Opaque {
    Opaque {
        origin: command.origin.clone(),
        reason: "it loads more modules that the call has written than are read".to_owned(),
        words: command.shown(),
        kind: OpaqueKind::Script,
        via: command.via.clone(),
    }
}

/// Returns the code that an interpreter is given, and what is loaded beside it.
fn codes(command: &Command, context: &Context<'_>, needs: &mut Needs) -> (Vec<Code>, bool) {
    let mut given = code(command, context, needs);
    // The script itself is carried out, not what is made of it and its modules for reading.
    let carried = given
        .as_ref()
        .and_then(|code| carried::carried(code, command, context, needs));
    if let Some(code) = &mut given
        && carried.as_ref().is_some_and(|carried| carried.certain)
    {
        code.carried = carried;
        return (given.into_iter().collect(), false);
    }
    let linked = given
        .as_ref()
        .and_then(|code| linked::linked(code, command, context, needs));
    let alone = linked.is_none();
    given = linked.or(given);
    if let Some(code) = &mut given {
        code.settings = reads::settings(code, command, context, needs);
        code.carried = carried;
    }
    let beside = imported::beside(given.as_ref(), command, context, needs);
    let others = beside.codes.into_iter().filter(|_| alone);
    let all = given.into_iter().chain(others).collect();
    (all, beside.cut)
}

fn losses(
    code: &Code,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let deeds = code.deeds();
    let own = code.test && tested::has_own_store(code, &deeds.connections);
    let raw = match own {
        true => Vec::new(),
        false => sent::losses(code, &deeds, context),
    };
    let mut all = Vec::new();
    if !raw.is_empty() {
        let mut located = Vec::new();
        for (loss, sent) in raw {
            located.push(Located {
                loss,
                place: place_of(sent, (&deeds, &code.source.text), command, context, needs),
                origin: code.source.origin(sent.span, &command.origin),
                said: None,
            });
        }
        all = judged(located, command, context, needs);
        places::doubt(&code.source.text, &mut all);
    }
    let scratch = SCRATCH.iter().any(|word| code.source.text.contains(word));
    let counts =
        code.inline || code.test || !is_test(command) && !drivers::serves(&code.source.text);
    if counts && !code.sandboxed {
        let counts = |rule: &str| !own || rule != drivers::DATA;
        let wipes = deeds.wipes.iter().filter(|(rule, ..)| counts(rule));
        all.extend(wipes.map(|(rule, name, span)| {
            let origin = code.source.origin(*span, &command.origin);
            let place = place((&deeds, &code.source.text), command, context, needs);
            taken_away(rule, name, place, &origin, command, context)
        }));
    }
    if code.inline && !scratch {
        let lost = |tail: &Option<String>| {
            let known = |name: &String| context.regenerable.contains(name);
            !tail.as_ref().is_some_and(known)
        };
        let unknown = deeds.unknown.iter().filter(|(_, tail)| lost(tail));
        all.extend(unknown.map(|(span, _)| {
            let origin = code.source.origin(*span, &command.origin);
            unknown_deletion(&origin, command, context)
        }));
    }
    if deeds.cut {
        let origin = code.source.origin(Span::new(0, 0), &command.origin);
        all.push(cut(&origin, command, context));
    }
    all
}

/// A code that does more than is looked at.
fn cut(origin: &Origin, command: &Command, context: &Context<'_>) -> Finding {
    let id = "opaque.budget";
    let mut finding = unknown_deletion(origin, command, context);
    let rule = context.rules.rule(id);
    finding.rule = id.to_owned();
    finding.severity = rule.map_or(Severity::High, |rule| rule.severity);
    finding.summary = "the code has more steps or values than are looked at".to_owned();
    finding.instead = rule.map(|rule| rule.instead.to_owned());
    finding.targets.clear();
    finding
}

/// Words by which a code says that it works on files of its own making.
const SCRATCH: [&str; 15] = [
    "createTempDirectory",
    "createTempFile",
    "os.tmpname",
    "tempfile",
    "mkdtemp",
    "mkstemp",
    "tmpdir",
    "TemporaryDirectory",
    "mktmpdir",
    "sys_get_temp_dir",
    "tempnam",
    "Tempfile",
    "File::Temp",
    "GetTempPath",
    "tempdir(",
];

/// A test makes what it takes away.
fn is_test(command: &Command) -> bool {
    command.args().iter().any(|word| {
        let text = word.shown();
        let name = text.rsplit('/').next().unwrap_or_default();
        name.starts_with("test_")
            || name.contains(".test.")
            || name.contains(".spec.")
            || name.contains("_test.")
            || name.contains("_spec.")
    })
}

/// A call of a driver or a client that takes data away.
fn taken_away(
    id: &'static str,
    name: &str,
    place: Place,
    origin: &Origin,
    command: &Command,
    context: &Context<'_>,
) -> Finding {
    let mut finding = unknown_deletion(origin, command, context);
    let rule = context.rules.rule(id);
    finding.rule = id.to_owned();
    finding.severity = rule.map_or(Severity::High, |rule| rule.severity);
    finding.summary = format!("calls `{name}`, which takes data away");
    finding.instead = rule.map(|rule| rule.instead.to_owned());
    finding.opaque = false;
    finding.exempt = place.scratch;
    finding.targets = vec![Target {
        kind: if id == drivers::DATA {
            place.kind
        } else {
            TargetKind::Resource
        },
        locator: place.locator,
        object: None,
        reach: place.reach,
    }];
    finding
}

/// Returns the shell text that stands for what the code starts, writes and deletes, in its order; what cannot be read stands alone.
pub fn started(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Vec<Steps> {
    let (all, _) = codes(command, context, needs);
    let mut steps: Vec<Steps> = all
        .iter()
        .flat_map(|code| steps_of(code, |_| true, command, context))
        .collect();
    for code in suites::codes(command, context, needs) {
        steps.extend(steps_of(&code, suites::removes, command, context));
    }
    steps
}

/// Returns the steps of a code as it is read, and of each way that it was carried out: none of them follows another.
fn steps_of(
    code: &Code,
    counts: fn(&Step) -> bool,
    command: &Command,
    context: &Context<'_>,
) -> Vec<Steps> {
    let serves = !code.inline && drivers::serves(&code.source.text);
    let deeds = code.deeds();
    let own = |step: &Step| code.test && tested::is_own(step, &deeds, context.facts.assumed);
    let mut read: Vec<Step> = deeds.steps.clone();
    read.retain(|step| !own(step));
    if command.is_any(&["ipython", "ipython3", "ptipython"]) {
        read.extend(magics::steps(&code.source.text));
    }
    let runs = code.carried.iter().flat_map(|carried| &carried.runs);
    runs.cloned()
        .chain([read])
        .flat_map(|mut steps| {
            steps.retain(|step| {
                counts(step) && !(serves && step.text.starts_with("curl -X DELETE"))
            });
            texts(steps, (code, serves), command, context)
        })
        .collect()
}

/// Puts steps that follow one another into one shell text; what cannot be read stands alone.
fn texts(
    steps: Vec<Step>,
    (code, serves): (&Code, bool),
    command: &Command,
    context: &Context<'_>,
) -> Vec<Steps> {
    let runs = |step: &Step| step.kind == Kind::Runs;
    let counts: Vec<bool> = steps
        .iter()
        .map(|step| match &step.kind {
            Kind::Runs | Kind::Goes => true,
            // Emptied is not written.
            Kind::Writes(_) if step.text.starts_with(": >") => true,
            // What a script writes is its work, as far as nobody looks at what stands there; what it writes to be run counts.
            Kind::Writes(file) | Kind::Adds(file) => {
                let name = file.rsplit('/').next().unwrap_or(file);
                let looked = !context.facts.assumed && !serves;
                code.inline
                    || looked && matches!(step.kind, Kind::Writes(_))
                    || steps
                        .iter()
                        .any(|other| runs(other) && other.text.contains(name))
            }
        })
        .collect();
    let mut alone = Vec::new();
    let mut together = Vec::new();
    for (step, _) in steps.into_iter().zip(counts).filter(|(_, counts)| *counts) {
        let started = Started {
            origin: code.source.origin(step.span, &command.origin),
            text: step.text,
        };
        if parse(&started.text).is_ok() {
            together.push(started);
        } else {
            alone.push(Steps::of(started));
        }
    }
    Steps::join(together).into_iter().chain(alone).collect()
}

fn unknown_deletion(origin: &Origin, command: &Command, context: &Context<'_>) -> Finding {
    let id = "code.delete-files";
    let rule = context.rules.rule(id);
    let (span, file) = match origin {
        Origin::Text(span) => (Some(*span), None),
        Origin::File(position) => (None, Some(position.clone())),
    };
    Finding {
        rule: id.to_owned(),
        severity: rule.map_or(Severity::High, |rule| rule.severity),
        summary: "deletes files whose names are not known here".to_owned(),
        command: command.told(),
        span,
        file,
        via: command
            .via
            .iter()
            .map(|wrapper| wrapper.name.clone())
            .collect(),
        targets: vec![Target {
            kind: TargetKind::Unknown,
            locator: "unknown".to_owned(),
            object: None,
            reach: Reach::Unreachable("the path is not known".to_owned()),
        }],
        opaque: true,
        instead: rule.map(|rule| rule.instead.to_owned()),
        blast: Blast::default(),
        exempt: None,
    }
}

/// Returns the code of the tasks that a task runner is asked for.
pub(in crate::classify) fn of_tasks(
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Option<super::sql::source::Source> {
    taskfiles::code(command, context, needs).map(|(source, _)| source)
}

#[cfg(test)]
mod tests {
    use super::calls::{Standing, deeds};
    use super::tokens::Language;
    use crate::model::effect::Dialect;
    use crate::sql;

    fn read(language: Language, text: &str) -> (Vec<String>, Vec<String>, usize) {
        let deeds = deeds(text, language, Standing::inline());
        let losses = deeds.sql.iter().flat_map(|sent| match sent.perhaps {
            true => sql::losses_in_prose(&sent.text, Dialect::Unknown),
            false => sql::losses(&sent.text, Dialect::Unknown),
        });
        let objects = losses
            .map(|loss| loss.effect.object.unwrap_or_default())
            .collect();
        let shells = deeds.steps.into_iter().map(|step| step.text).collect();
        (objects, shells, deeds.unknown.len())
    }

    #[test]
    fn sql_reaches_a_driver_by_literal_by_variable_and_by_template() {
        for (language, text) in [
            (
                Language::Python,
                "import sqlite3; sqlite3.connect('a.db').execute('DROP TABLE t')",
            ),
            (Language::Python, "q = 'DROP TABLE t'\ncur.execute(q)"),
            (
                Language::Python,
                "cur.execute(\"\"\"\n DROP TABLE t\n\"\"\")",
            ),
            (
                Language::Javascript,
                "await prisma.$executeRawUnsafe(`DROP TABLE t`)",
            ),
            (Language::Javascript, "client.query('DROP TABLE t', [])"),
            (Language::Javascript, "await sql`DROP TABLE t`"),
            (
                Language::Ruby,
                "ActiveRecord::Base.connection.execute 'DROP TABLE t'",
            ),
            (Language::Perl, "$dbh->do('DROP TABLE t')"),
            (Language::Php, "$pdo->exec('DROP TABLE t');"),
        ] {
            assert_eq!(read(language, text).0, ["t"], "{text}");
        }
    }

    #[test]
    fn deletions_and_shells_become_shell_texts() {
        for (language, text, expected) in [
            (
                Language::Python,
                "import shutil; shutil.rmtree('data')",
                "rm -rf -- 'data'",
            ),
            (
                Language::Python,
                "os.remove(os.path.join('a', 'b.db'))",
                "rm -f -- 'a/b.db'",
            ),
            (
                Language::Python,
                "d = 'data'\nshutil.rmtree(d, ignore_errors=True)",
                "rm -rf -- 'data'",
            ),
            (Language::Python, "os.system('rm -rf x')", "rm -rf x"),
            (
                Language::Python,
                "subprocess.run(['rm', '-rf', 'x y'])",
                "'rm' '-rf' 'x y'",
            ),
            (
                Language::Python,
                "os.system(f'rm -rf {d}')",
                "rm -rf $UNKNOWN",
            ),
            (
                Language::Javascript,
                "require('fs').rmSync('data', {recursive: true})",
                "rm -rf -- 'data'",
            ),
            (
                Language::Javascript,
                "require('child_process').execSync('rm -rf x')",
                "rm -rf x",
            ),
            (Language::Ruby, "FileUtils.rm_rf 'data'", "rm -rf -- 'data'"),
            (Language::Ruby, "`rm -rf x`", "rm -rf x"),
            (Language::Perl, "unlink 'a.db';", "rm -f -- 'a.db'"),
            (Language::Php, "unlink('a.db');", "rm -f -- 'a.db'"),
        ] {
            assert_eq!(read(language, text).1, [expected], "{text}");
        }
        assert_eq!(read(Language::Python, "shutil.rmtree(sys.argv[1])").2, 1);
    }

    #[test]
    fn attributes_of_a_class_have_values_where_nothing_else_sets_them() {
        let class = "import shutil\nclass A:\n    folder = 'data'\n    def go(self):\n        shutil.rmtree(self.folder)\n";
        for (rest, known) in [
            ("A().go()", true),
            ("print(A.folder)\nA().go()", true),
            ("A.folder = x\nA().go()", false),
            ("a = A(); a.folder = x; a.go()", false),
            ("for A.folder in x: A().go()", false),
            ("A.folder, y = x, 1\nA().go()", false),
            ("setattr(A, 'fol' + 'der', x)\nA().go()", false),
            ("a = A(); a.__dict__['folder'] = x\na.go()", false),
            ("class B(A):\n    folder = x\nB().go()", false),
            (
                "class B(A):\n    @property\n    def folder(self): return x\nB().go()",
                false,
            ),
            ("A(folder=x).go()", false),
        ] {
            let (_, shells, unknown) = read(Language::Python, &format!("{class}{rest}\n"));
            let expected = if known { (1, 0) } else { (0, 1) };
            assert_eq!((shells.len(), unknown), expected, "{rest}: {shells:?}");
        }
        let annotated = class.replace("folder =", "folder: str =");
        assert_eq!(read(Language::Python, &annotated).2, 1);
    }

    #[test]
    fn words_of_an_api_are_no_losses() {
        for (language, text) in [
            (Language::Python, "env.reset()"),
            (Language::Python, "print('DROP TABLE t')"),
            (Language::Python, "# os.system('rm -rf x')\nx = 1"),
            (Language::Python, "s = 'shutil.rmtree(\"x\")'"),
            (
                Language::Python,
                "df.drop(columns=['a']); d.update({'a': 1}); l.remove('x')",
            ),
            (
                Language::Python,
                "cur.execute('SELECT * FROM t WHERE a = %s', ('DROP TABLE t',))",
            ),
            (
                Language::Javascript,
                "map.delete('x'); app.delete('/users', h); cache.clear()",
            ),
            (Language::Javascript, "await page.query('delete button')"),
            (
                Language::Javascript,
                "/* fs.rmSync('x') */ // rm\nlet a = /re/.exec('x')",
            ),
            (Language::Ruby, "h.delete('a'); puts 'rm -rf x'"),
        ] {
            let (objects, shells, unknown) = read(language, text);
            assert!(objects.is_empty(), "{text}");
            let harmless = shells.iter().all(|shell| !shell.contains("rm"));
            assert!(harmless && unknown == 0, "{text} {shells:?}");
        }
    }
}
