//! `make`: what its Makefiles say, and the lines of the shell that its goals run.
//! The language is read in the rooms below; here it meets the call: its words, its files, its environment.

mod asked;
mod functions;
mod read;
mod rules;
mod text;
mod values;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::command::{Cwd, OpaqueKind, Passage};
use crate::model::fact::{Answer, Question};
use crate::model::span::{Origin, Span};
use crate::model::word::Word;

use super::expand::literal_piece;
use super::parse::parse;
use super::source::Source;
use super::state::{Feed, State, Value, lexical, literal, nowhere};
use super::unfold::{Content as Written, Frame, Job, Unfolder};
use super::world::said;
use asked::Asked;
use read::{Branch, Place};
use rules::{Line, Rule};
use values::{Content, Table};

/// Shells whose lines are read as they stand.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// What the environment of make says of a name.
enum Inherited {
    Text(String),
    Absent,
    Unknown,
}

/// What lies around a Makefile.
trait World {
    /// Returns the files that a name or pattern stands for, with their texts.
    fn files(&mut self, name: &str) -> Vec<(PathBuf, String)>;
    fn inherited(&mut self, name: &str) -> Inherited;
    /// Tells whether the call itself sets a variable of the environment.
    fn is_set(&self, name: &str) -> bool;
    /// Where make runs.
    fn cwd(&self) -> Option<String>;
    /// Where the shell runs that starts it.
    fn outer(&self) -> Option<String>;
}

/// A command that make runs while it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    place: Place,
    text: String,
}

/// A Makefile on its way from text to the lines that run.
struct Make<'w> {
    world: &'w mut dyn World,
    table: Table,
    /// Variables of the command line: they win.
    given: Vec<(String, Content)>,
    /// Variables that `override` sets: they win over those.
    forced: BTreeSet<String>,
    /// Parameters of functions, and automatic variables.
    locals: Vec<(String, Vec<Content>)>,
    /// Variables of single targets, and those of the targets at hand.
    own: Vec<(String, String, Content)>,
    scope: Vec<(String, Content)>,
    rules: Vec<Rule>,
    open_rules: Vec<usize>,
    branches: Vec<Branch>,
    exports: BTreeSet<String>,
    exports_all: bool,
    holes: Vec<String>,
    runs: Vec<Run>,
    /// Makefiles read so far.
    names: Vec<String>,
    place: Place,
    recipe_sign: char,
    one_shell: bool,
    /// What is made where no goal is given: several where it is not known which of them the Makefile has.
    first: Vec<String>,
    first_is_sure: bool,
    phony: BTreeSet<String>,
    goals: Vec<String>,
    /// How a recipe starts make again.
    itself: String,
    /// `-n`, `-q`, `-t`: no recipes but those that are marked.
    dry: bool,
    /// `-i`: no error ends anything.
    goes_on: bool,
    /// `-k`: an error ends its own recipe only.
    keeps: bool,
    /// `.SECONDEXPANSION`.
    twice: bool,
    /// Files that were to be included and are not there.
    missing: Vec<String>,
    files: usize,
    nesting: usize,
    recipes: usize,
    steps: usize,
    /// How many conditions around are not known.
    doubt: usize,
    /// Something was left out: there is more than is looked at.
    cut: bool,
    /// make has ended with an error.
    stopped: bool,
}

/// What a Makefile comes to.
struct Plan {
    runs: Vec<Run>,
    lines: Vec<Line>,
    exported: Vec<(String, String)>,
    cut: bool,
}

impl Unfolder<'_> {
    pub(super) fn make(&mut self, job: &Job, st: &mut State, fr: &Frame) -> Option<Feed> {
        let mut inside = st.subshell();
        let asked = self.make_words(job, &mut inside)?;
        let mut texts: Vec<(PathBuf, String)> = Vec::new();
        let mut unread = false;
        for eval in &asked.evals {
            match eval.text() {
                Some(text) => texts.push(("--eval".into(), text)),
                None => unread = true,
            }
        }
        for file in outside("MAKEFILES", &job.env, &inside)
            .iter()
            .chain(&asked.files)
            .filter(|file| file.text().as_deref() != Some("/dev/null"))
        {
            texts.extend(self.task_file(Some(file.clone()), &[], &inside, fr));
        }
        if asked.files.is_empty() {
            let names = ["GNUmakefile", "makefile", "Makefile"];
            texts.extend(self.task_file(None, &names, &inside, fr));
        }
        if texts.is_empty() && !unread {
            return None;
        }
        self.own_call(job, st, fr);
        for (name, word) in job.env.iter().chain(&asked.variables) {
            inside.set(name, Value::Text(word.pieces.clone()));
            inside.export(name, true);
        }
        let plan = self.plan(&asked, &texts, &inside, st);
        for (name, text) in &plan.exported {
            inside.set(name, said(text));
            inside.export(name, true);
        }
        let via = fr.enter("make", Passage::Plain).fed(Feed::Null);
        if unread {
            let reason = "what `--eval` gives make is not known".to_owned();
            let seen = vec!["make".to_owned()];
            self.opaque(OpaqueKind::Script, reason, seen, job.origin.clone(), &via);
        }
        if plan.cut {
            let reason = "the Makefile has more than is looked at".to_owned();
            let seen = vec!["make".to_owned()];
            self.opaque(OpaqueKind::Budget, reason, seen, job.origin.clone(), &via);
        }
        for run in &plan.runs {
            self.recipe(&run.place.0, run.place.1, &run.text, &inside, &via);
        }
        self.recipes(plan, &inside, &via);
        Some(Feed::Opaque("make".to_owned()))
    }

    fn plan(
        &mut self,
        asked: &Asked,
        texts: &[(PathBuf, String)],
        inside: &State,
        st: &State,
    ) -> Plan {
        let mut world = Around {
            outer: st.known_cwd().map(|cwd| cwd.to_string_lossy().into_owned()),
            st: inside,
            unfolder: self,
        };
        let mut make = Make::new(asked, &mut world, inside);
        for (path, text) in texts {
            let name = path.file_name().map_or(path.as_os_str(), |name| name);
            make.names.push(name.to_string_lossy().into_owned());
            make.read(path, text);
        }
        let lines = make.lines(asked.unknown);
        let exported = make.exported();
        Plan {
            runs: make.runs,
            lines,
            exported,
            cut: make.cut,
        }
    }

    /// Runs the lines of recipes, each only where those before it in its recipe did not fail.
    fn recipes(&mut self, plan: Plan, st: &State, fr: &Frame) {
        let mut source = Source::joined();
        let mut open = None;
        for line in plan.lines {
            let text = match &line.shell {
                Some(shell) => format!("{shell} {}", text::quoted(&line.text)),
                None => line.text.clone(),
            };
            // What another line could end, or would be taken for its text, is read by itself.
            if text.contains("<<") || text.ends_with('\\') || parse(&text).is_err() {
                self.flush(&mut source, &mut open, st, fr);
                self.recipe(&line.place.0, line.place.1, &text, st, fr);
                continue;
            }
            let mut origin = Source::file(&line.place.0, "").origin(Span::new(0, 0));
            if let Origin::File(place) = &mut origin {
                place.line = line.place.1;
            }
            let front = match (open, line.sure) {
                (Some(number), _) if number == line.recipe => "",
                (None, true) => "",
                (None, false) => "(\n",
                (Some(_), true) => ")\n",
                (Some(_), false) => ")\n(\n",
            };
            open = (!line.sure).then_some(line.recipe);
            let (before, after) = match line.stops && guards(&text) {
                true => ("{\n", "\n}"),
                false => ("(\n", "\n)"),
            };
            let end = if line.stops { " || exit\n" } else { "\n" };
            for part in [front, before, &text, after, end] {
                source.push(&[literal_piece(part, &origin)]);
            }
        }
        self.flush(&mut source, &mut open, st, fr);
    }

    fn flush(&mut self, source: &mut Source, open: &mut Option<usize>, st: &State, fr: &Frame) {
        let mut source = std::mem::replace(source, Source::joined());
        if open.take().is_some() {
            source.push(&[literal_piece(")\n", &nowhere())]);
        }
        if !source.text.is_empty() {
            let mut inside = st.child(&[], false);
            inside.plain = true;
            self.text_run(source, OpaqueKind::Syntax, true, &mut inside, fr);
        }
    }
}

/// Returns the words that a variable of the environment holds, where they are known.
fn outside(name: &str, env: &[(String, Word)], st: &State) -> Vec<Word> {
    let exported = st.environment();
    let known = env.iter().chain(&exported).find(|(known, _)| known == name);
    let text = known.and_then(|(_, word)| word.text()).unwrap_or_default();
    let words = text.split_whitespace();
    words.map(|word| Word::literal(word, nowhere())).collect()
}

/// Tells whether a line only asks something and says so, and so may end the whole: it leaves nothing behind for the next.
fn guards(text: &str) -> bool {
    const SAYS: [&str; 7] = ["test", "[", "[[", "echo", "true", "false", "}"];
    let sets = text.split("${").skip(1).any(|rest| {
        let name = rest.split('}').next().unwrap_or_default();
        name.contains('=')
    });
    if sets || text.contains(['`', '<', '>', '\\']) || text.contains("$(") {
        return false;
    }
    let commands = text.split([';', '&', '|', '{', '(', ')']).map(str::trim);
    let mut commands = commands.filter(|command| !command.is_empty());
    commands.all(|command| {
        let (program, rest) = command.split_once([' ', '\t']).unwrap_or((command, ""));
        match program {
            "exit" => rest
                .trim()
                .starts_with(|digit: char| ('1'..='9').contains(&digit)),
            program => SAYS.contains(&program),
        }
    })
}

impl<'w> Make<'w> {
    fn new(asked: &Asked, world: &'w mut dyn World, st: &State) -> Self {
        let given = |(name, word): &(String, Word)| {
            let content = match word.text() {
                Some(text) => Content::Recursive(text::plain(&text)),
                // The shell of a recipe finds it in its environment.
                None => Content::Unset,
            };
            (name.clone(), content)
        };
        let mut variables: Vec<(String, Content)> = asked.variables.iter().map(given).collect();
        if asked.overrides {
            let outside = st.environment();
            let outside = outside.iter().map(given);
            variables.splice(0..0, outside);
        }
        let again = asked.variables.iter().filter_map(|(name, word)| {
            let text = word.text()?;
            Some(format!(" {name}={}", text::quoted(&text)))
        });
        let itself = format!(
            "make{}{}",
            if asked.dry { " -n" } else { "" },
            again.collect::<String>()
        );
        Self {
            world,
            table: Table::new(),
            given: variables,
            forced: BTreeSet::new(),
            locals: Vec::new(),
            own: Vec::new(),
            scope: Vec::new(),
            rules: Vec::new(),
            open_rules: Vec::new(),
            branches: Vec::new(),
            exports: BTreeSet::new(),
            exports_all: false,
            holes: Vec::new(),
            runs: Vec::new(),
            names: Vec::new(),
            place: (PathBuf::new(), 0),
            recipe_sign: '\t',
            one_shell: false,
            first: Vec::new(),
            first_is_sure: false,
            phony: BTreeSet::new(),
            goals: asked.goals.clone(),
            itself,
            dry: asked.dry,
            goes_on: asked.goes_on,
            keeps: asked.keeps,
            twice: false,
            missing: Vec::new(),
            files: 0,
            nesting: 0,
            recipes: 0,
            steps: 0,
            doubt: 0,
            cut: false,
            stopped: false,
        }
    }

    /// Returns the variables that recipes find in their environment, where their text is known.
    fn exported(&mut self) -> Vec<(String, String)> {
        let mut names: Vec<String> = self.exports.iter().cloned().collect();
        if self.exports_all {
            names.extend(self.table.keys().map(|name| name.to_string()));
        }
        let mut all = Vec::new();
        for name in names {
            let values = self.lookup(&name, 0);
            if let [value] = values.as_slice()
                && !text::has_hole(value)
            {
                all.push((name, self.told(value)));
            }
        }
        all
    }

    /// Returns how a line is given to what `SHELL` names, where that is no shell.
    fn interpreter(&mut self) -> Option<String> {
        let mut given = self.given.iter().chain(&self.scope);
        if !given.any(|(name, _)| name == "SHELL") && !self.table.contains_key("SHELL") {
            return None;
        }
        let shell = self.lookup("SHELL", 0).into_iter().next()?;
        let shell = self.told(&shell);
        let program = shell.split_whitespace().next()?.rsplit('/').next()?;
        if SHELLS.contains(&program) || shell.contains('$') {
            return None;
        }
        let scoped = self.scope.iter().any(|(name, _)| name == ".SHELLFLAGS");
        let flags = match scoped || self.table.contains_key(".SHELLFLAGS") {
            true => self.lookup(".SHELLFLAGS", 0).concat(),
            false => "-c".to_owned(),
        };
        Some(format!("{shell} {}", self.told(&flags)))
    }
}

/// Returns every line of the shell in a Makefile with the line on which it stands, whichever goal runs it.
pub(super) fn every(text: &str) -> Vec<(usize, String)> {
    let st = State::new(vec![Cwd::Unknown], false);
    let mut nowhere = Nowhere;
    let mut make = Make::new(&Asked::default(), &mut nowhere, &st);
    make.read(Path::new(""), text);
    make.stopped = false;
    let lines = make.every();
    let runs = make.runs.iter();
    let runs = runs.map(|run| (run.place.1, run.text.clone()));
    let lines = lines.into_iter().map(|line| (line.place.1, line.text));
    runs.chain(lines).collect()
}

/// A world of which nothing is known.
struct Nowhere;

impl World for Nowhere {
    fn files(&mut self, _name: &str) -> Vec<(PathBuf, String)> {
        Vec::new()
    }

    fn inherited(&mut self, _name: &str) -> Inherited {
        Inherited::Unknown
    }

    fn is_set(&self, _name: &str) -> bool {
        false
    }

    fn cwd(&self) -> Option<String> {
        None
    }

    fn outer(&self) -> Option<String> {
        None
    }
}

/// The world as the call shows it.
struct Around<'u, 'a, 's> {
    unfolder: &'u mut Unfolder<'a>,
    st: &'s State,
    outer: Option<String>,
}

impl Around<'_, '_, '_> {
    fn named(&mut self, name: &str) -> Vec<PathBuf> {
        let Some(cwd) = self.st.known_cwd().filter(|_| !self.st.far) else {
            return Vec::new();
        };
        if !name.contains(['*', '?', '[']) {
            return vec![lexical(cwd, name)];
        }
        let question = Question::Glob {
            dir: cwd.to_owned(),
            pattern: name.to_owned(),
        };
        match self.unfolder.facts.ask(question, self.unfolder.needs) {
            Some(Answer::Glob(paths)) => paths.iter().map(|path| cwd.join(path)).collect(),
            _ => Vec::new(),
        }
    }

    fn text(&mut self, path: &Path) -> Option<String> {
        let file = Word::literal(path.to_string_lossy(), nowhere());
        if let Some(Written::Feed(Feed::Text { pieces, .. })) =
            self.unfolder.content(&file, self.st)
        {
            return literal(pieces);
        }
        match self.unfolder.read(path.to_owned()) {
            Some(Answer::Text { text, .. }) => Some(text),
            _ => None,
        }
    }
}

impl World for Around<'_, '_, '_> {
    fn files(&mut self, name: &str) -> Vec<(PathBuf, String)> {
        let paths = self.named(name).into_iter();
        paths
            .filter_map(|path| self.text(&path).map(|text| (path, text)))
            .collect()
    }

    fn inherited(&mut self, name: &str) -> Inherited {
        let known = self.st.variables.get(name).filter(|known| known.exported);
        if let Some(known) = known {
            let text = match known.alternatives.as_slice() {
                [Value::Text(pieces)] => literal(pieces),
                _ => None,
            };
            return text.map_or(Inherited::Unknown, Inherited::Text);
        }
        const BY_MAKE: [&str; 10] = [
            "MAKEFLAGS",
            "MFLAGS",
            "MAKELEVEL",
            "MAKE_HOST",
            "MAKE_VERSION",
            "MAKE_TERMOUT",
            "MAKE_TERMERR",
            "MAKE_RESTARTS",
            "OS",
            "make_value",
        ];
        if BY_MAKE.contains(&name) {
            return Inherited::Unknown;
        }
        let question = Question::Variable(name.to_owned());
        match self.unfolder.facts.ask(question, self.unfolder.needs) {
            Some(Answer::Absent) => Inherited::Absent,
            Some(Answer::Variable(value)) => Inherited::Text(value.clone()),
            _ => Inherited::Unknown,
        }
    }

    fn is_set(&self, name: &str) -> bool {
        let known = self.st.variables.get(name);
        known.is_some_and(|known| known.exported)
    }

    fn cwd(&self) -> Option<String> {
        match self.st.cwd.as_slice() {
            [Cwd::Known(path)] if !self.st.far => Some(path.to_string_lossy().into_owned()),
            _ => None,
        }
    }

    fn outer(&self) -> Option<String> {
        self.outer.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `/proj` with one more file, and an environment without any variable.
    struct Bare;

    impl World for Bare {
        fn files(&mut self, name: &str) -> Vec<(PathBuf, String)> {
            match name {
                "more.mk" => vec![("/proj/more.mk".into(), "M := more\n".to_owned())],
                _ => Vec::new(),
            }
        }
        fn inherited(&mut self, name: &str) -> Inherited {
            match name {
                "NOBODY_KNOWS" => Inherited::Unknown,
                _ => Inherited::Absent,
            }
        }
        fn is_set(&self, _: &str) -> bool {
            false
        }
        fn cwd(&self) -> Option<String> {
            Some("/proj".to_owned())
        }
        fn outer(&self) -> Option<String> {
            self.cwd()
        }
    }

    /// Returns what runs while it is read, then the lines of the recipes.
    fn run(makefile: &str, call: &str) -> Vec<String> {
        let st = State::new(vec![Cwd::Known("/proj".into())], false);
        let mut asked = Asked::default();
        for word in call.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) => asked
                    .variables
                    .push((name.to_owned(), Word::literal(value, nowhere()))),
                None if word == "-n" => asked.dry = true,
                None => asked.goals.push(word.to_owned()),
            }
        }
        let mut world = Bare;
        let mut make = Make::new(&asked, &mut world, &st);
        make.names.push("Makefile".to_owned());
        make.read("/proj/Makefile".as_ref(), makefile);
        let lines = make.lines(false);
        let runs = make.runs.iter().map(|run| run.text.clone());
        runs.chain(lines.into_iter().map(|line| line.text))
            .collect()
    }

    #[test]
    fn a_target_runs_what_it_needs_first() {
        let makefile = "D := out\n.PHONY: all\nall: clean\n\techo done $@\nclean:\n\t@-rm -rf $(D)\nother:\n\tfalse\n";
        assert_eq!(run(makefile, ""), ["rm -rf out", "echo done all"]);
        assert_eq!(run(makefile, "clean D=x"), ["rm -rf x"]);
        assert_eq!(run(makefile, "-n all"), [""; 0]);
        assert_eq!(run("a:\n\techo $$HOME $@\n", ""), ["echo $HOME a"]);
        assert_eq!(
            run("a:\n\t+rm x\n\t$(MAKE) b\n\trm y\n", "-n"),
            ["rm x", "make -n b"]
        );
        assert_eq!(run(".RECIPEPREFIX = >\na:\n>rm x\n", ""), ["rm x"]);
        assert_eq!(run("a: ; @rm x\n", ""), ["rm x"]);
    }

    #[test]
    fn variables_hold_what_was_given_last() {
        for (makefile, call, want) in [
            ("D = a\nD += b\nc:\n\trm $(D)\n", "", "rm a b"),
            (
                "D := a\nE := $(D)\nD := b\nc:\n\trm $(E) $(D)\n",
                "",
                "rm a b",
            ),
            ("D = a\nE = $(D)\nD = b\nc:\n\trm $(E)\n", "", "rm b"),
            ("override D := a\nc:\n\trm $(D)\n", "D=x", "rm a"),
            ("D ?= a\nD ?= b\nc:\n\trm $(D)\n", "", "rm a"),
            ("c: D = a\nD = b\nc:\n\trm $(D)\n", "", "rm a"),
            ("c: D = a\nD = b\nc: e\ne:\n\trm $(D)\n", "", "rm a"),
            ("define D\na\nendef\nc:\n\trm $(D)\n", "", "rm a"),
            (
                "D_x := a\nK := x\nc:\n\trm $(D_$(K)) ${D_x}\n",
                "",
                "rm a a",
            ),
            (
                "S := a.c b.c\nc:\n\trm $(S:.c=.o) $(S:%.c=o/%)\n",
                "",
                "rm a.o b.o o/a o/b",
            ),
            ("include more.mk\nc:\n\trm $(M)\n", "", "rm more"),
            ("c:\n\t$(RM) x $(UNSET)\n", "", "rm -f x ${UNSET}"),
            (
                "c:\n\trm $(CURDIR)/a $(dir $(lastword $(MAKEFILE_LIST)))\n",
                "",
                "rm /proj/a ./",
            ),
        ] {
            assert_eq!(run(makefile, call), [want], "{makefile}");
        }
    }

    #[test]
    fn conditions_choose_and_both_ways_are_read_where_nobody_knows() {
        let makefile =
            "ifeq ($(A),1)\nD := a\nelse ifdef B\nD := b\nelse\nD := c\nendif\nx:\n\trm $(D)\n";
        assert_eq!(run(makefile, "A=1"), ["rm a"]);
        assert_eq!(run(makefile, "B=1"), ["rm b"]);
        assert_eq!(run(makefile, ""), ["rm c"]);
        let open = "ifeq ($(NOBODY_KNOWS),1)\nD := a\nelse\nD := b\nendif\nx:\n\trm $(D)\n";
        assert_eq!(run(open, ""), ["rm a", "rm b"]);
        let half = "D := z\nifdef NOBODY_KNOWS\nD := a\nendif\nx:\n\trm $(D)\n";
        assert_eq!(run(half, ""), ["rm a", "rm z"]);
        let error = "ifndef A\n$(error no)\nendif\nx:\n\trm a\n";
        assert_eq!(run(error, ""), [""; 0]);
        assert_eq!(run(error, "A=1"), ["rm a"]);
        for open in [
            "ifdef NOBODY_KNOWS\nD := a\nelse\nD := b\nendif\n$(if $(filter a,$(D)),$(error no))\nx:\n\trm a\n",
            "$(or $(NOBODY_KNOWS),$(error no))\nx:\n\trm a\n",
            "$(and $(NOBODY_KNOWS),$(error no))\nx:\n\trm a\n",
            "$(foreach f,$(wildcard z*),$(error no))\nx:\n\trm a\n",
            "x: s\n\trm a\ns:\n\t$(error no)\n",
        ] {
            assert_eq!(run(open, ""), ["rm a"], "{open}");
        }
        let inside = "x:\n\trm a\n\t$(if $(A),,$(error no))\n";
        assert_eq!(run(inside, ""), [""; 0]);
    }

    #[test]
    fn functions_that_are_more_than_text_are_followed() {
        for (makefile, call, want) in [
            (
                "c:\n\t$(foreach d,a b,rm $(d);)\n",
                "",
                vec!["rm a; rm b; "],
            ),
            (
                "w = rm $(1)/$(2)\nc:\n\t$(call w,a,b)\n",
                "",
                vec!["rm a/b"],
            ),
            (
                "define w\nrm $(1)\nls\nendef\nc:\n\t$(call w,a)\n",
                "",
                vec!["rm a", "ls"],
            ),
            ("c:\n\trm $(if $(A),a,b)\n", "A=1", vec!["rm a"]),
            (
                "c:\n\trm $(if $(NOBODY_KNOWS),a,b)\n",
                "",
                vec!["rm a", "rm b"],
            ),
            ("c:\n\trm $(or $(A),b)\n", "", vec!["rm b"]),
            ("X := $(shell rm a)\nc:\n\tls\n", "", vec!["rm a", "ls"]),
            ("X = $(shell rm a)\nc:\n\tls\n", "", vec!["ls"]),
            (
                "c:\n\trm '$(shell ls)'\n",
                "",
                vec!["ls", "rm ''\"$(ls)\"''"],
            ),
            ("c:\n\trm $(wildcard *.o)\n", "", vec!["rm *.o"]),
            ("$(eval D := a)\nc:\n\trm $(D)\n", "", vec!["rm a"]),
            (
                "define t\n$(1):\n\trm $(1) $$(X)\nendef\nX := x\n$(foreach n,a b,$(eval $(call t,$(n))))\n",
                "b",
                vec!["rm b x"],
            ),
            (
                "a-%: b-%\n\trm $* $<\nb-%:\n\tls $@\n",
                "a-x",
                vec!["ls b-x", "rm x b-x"],
            ),
            ("T := x y\n$(T): %: %.c\n\trm $^\n", "y", vec!["rm y.c"]),
            ("c:\n\trm $(@D) $(@F)\n", "", vec!["rm . c"]),
        ] {
            assert_eq!(run(makefile, call), want, "{makefile}");
        }
    }

    #[test]
    fn what_has_no_end_is_told_and_not_followed() {
        let mut world = Bare;
        let st = State::new(vec![Cwd::Known("/proj".into())], false);
        for makefile in [
            "A = $(A) x\nc:\n\trm $(A)\n",
            "f = $(call f,$(1)) $(call f,$(1))\nc:\n\t$(call f,a)\n",
        ] {
            let mut make = Make::new(&Asked::default(), &mut world, &st);
            make.read("/proj/Makefile".as_ref(), makefile);
            make.lines(false);
            assert!(make.cut, "{makefile}");
        }
    }
}
