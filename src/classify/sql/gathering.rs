//! Collects what one start of a SQL client would run: words, files, included files, connections, programs.
//! It asks for texts of files and inherited variables; databases are asked elsewhere.

use std::path::{Path, PathBuf};

use crate::classify::Context;
use crate::classify::clients::{Base, Call, Input};
use crate::model::command::{Command, Cwd, Stdin};
use crate::model::effect::{Bound, Dialect, ObjectKind, Verb};
use crate::model::fact::{Answer, Needs, Question};
use crate::model::span::{Origin, Span};
use crate::model::target::TargetKind;
use crate::model::word::Word;
use crate::sql::client::{self, Client, Piece, Variables};
use crate::sql::{self, Habits, Loss};

use super::conninfo;
use super::reach::{self, Place, Reading};
use super::source::Source;
use super::{Located, Started};

/// Included files are followed this deep.
const MAX_DEPTH: usize = 8;
/// More files than this are not read for one client; the rest is opaque.
const MAX_FILES: usize = 64;

/// What a client would run.
#[derive(Debug, Default)]
pub(in crate::classify) struct Gathered {
    pub losses: Vec<Located>,
    pub started: Vec<Started>,
    /// The SQL itself, piece by piece.
    pub texts: Vec<String>,
}

/// A loss before its database is known.
struct Raw {
    loss: Loss,
    origin: Origin,
    said: Option<(&'static str, String)>,
    /// Arguments of the last change of connection.
    connection: Option<Vec<String>>,
    /// Files attached in the same text.
    attached: Vec<(String, Option<String>)>,
}

/// Which part of a session a text is.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    /// Nothing of the session follows it, and nothing is committed at the end.
    ends: bool,
    /// Files around it.
    depth: usize,
}

impl Stretch {
    /// The whole session of a client.
    fn whole(call: &Call) -> Self {
        let leaves = [Client::Psql, Client::Mysql, Client::Sqlite, Client::Sqlcmd];
        Self {
            ends: leaves.contains(&call.client) && !call.commits,
            depth: 0,
        }
    }
}

/// Tells whether all of the SQL is one piece, and nothing around it sends more.
fn is_alone(pieces: &[Piece]) -> bool {
    let sql = pieces.iter().filter(|piece| matches!(piece, Piece::Sql(_)));
    let more = |piece: &Piece| {
        matches!(
            piece,
            Piece::Include { .. } | Piece::Connect { .. } | Piece::Opaque { .. }
        )
    };
    sql.count() == 1 && !pieces.iter().any(more)
}

/// Tells whether a text may end the transaction in which it is read.
fn may_end(text: &str) -> bool {
    const ENDS: [&str; 9] = [
        "commit", "begin", "start", "rollback", "abort", "source", ".read", "\\i", "\\ir",
    ];
    text.split([';', '\n']).any(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        let first = first.to_ascii_lowercase();
        ENDS.contains(&first.as_str()) || line.trim().eq_ignore_ascii_case("end")
    }) || text.to_ascii_lowercase().contains("autocommit")
}

struct Gathering<'a, 'n> {
    call: &'a Call,
    command: &'a Command,
    context: &'a Context<'a>,
    needs: &'n mut Needs,
    raw: Vec<Raw>,
    started: Vec<Started>,
    texts: Vec<String>,
    connection: Option<Vec<String>>,
    attached: Vec<(String, Option<String>)>,
    variables: Variables,
    files: usize,
    /// Files that the client has written so far.
    printed: Vec<String>,
    /// Statements wait for a COMMIT.
    waits: bool,
}

/// Collects everything that a client would run.
pub(in crate::classify) fn gather(
    call: &Call,
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Gathered {
    let mut gathering = Gathering {
        call,
        command,
        context,
        needs,
        raw: Vec::new(),
        started: Vec::new(),
        texts: Vec::new(),
        connection: None,
        attached: Vec::new(),
        variables: call.variables.clone(),
        files: 0,
        printed: Vec::new(),
        waits: false,
    };
    gathering.pipe();
    gathering.inputs();
    gathering.placed()
}

impl Gathering<'_, '_> {
    /// `psql -o '|program'`: what is printed goes to a program.
    fn pipe(&mut self) {
        if let Some(program) = &self.call.pipe {
            self.started.push(Started {
                text: format!("psql | {}", program.shown()),
                origin: program.origin.clone(),
            });
        }
    }

    fn inputs(&mut self) {
        let call = self.call;
        if let Some(joined) = self.joined() {
            return self.walk(&joined, Stretch::whole(call));
        }
        let part = match call.inputs.len() {
            1 => Stretch::whole(call),
            _ => Stretch::default(),
        };
        for input in &call.inputs {
            match input {
                Input::Words(word) => self.walk(&Source::of_word(word), part),
                Input::File(word) => self.file(word, self.command.is_here(), part),
                Input::Redirected(word) => self.file(word, true, part),
                Input::Unknown(from) => {
                    let reason =
                        format!("runs SQL from the output of `{from}`, which is not known here");
                    self.opaque(reason, self.command.origin.clone());
                }
            }
        }
    }

    /// Several words are one session, when none leaves a string or comment open.
    fn joined(&self) -> Option<Source> {
        let mut sources = self.call.inputs.iter().map(|input| match input {
            Input::Words(word) => Some(Source::of_word(word)),
            _ => None,
        });
        let mut all = sources.next()??;
        if self.call.inputs.len() < 2 || !sql::is_closed(&all.text, self.call.dialect) {
            return None;
        }
        for source in sources {
            let source = source?;
            if !sql::is_closed(&source.text, self.call.dialect) {
                return None;
            }
            all.join(&source);
        }
        Some(all)
    }

    fn opaque(&mut self, reason: String, origin: Origin) {
        self.push(
            Loss::opaque(Span::default()),
            origin,
            Some(("sql.opaque", reason)),
        );
    }

    fn push(&mut self, loss: Loss, origin: Origin, said: Option<(&'static str, String)>) {
        self.raw.push(Raw {
            loss,
            origin,
            said,
            connection: self.connection.clone(),
            attached: self.attached.clone(),
        });
    }

    /// Reads a file that a word names.
    fn file(&mut self, word: &Word, here: bool, part: Stretch) {
        let origin = word.origin.clone();
        let Some(name) = word.text() else {
            let reason = format!(
                "runs SQL from `{}`, whose name is not known here",
                word.shown()
            );
            return self.opaque(reason, origin);
        };
        if !here {
            let reason = format!("runs SQL from `{name}`, which is not on this machine");
            return self.opaque(reason, origin);
        }
        self.named_file(Path::new(&name), None, part, origin);
    }

    fn named_file(&mut self, name: &Path, beside: Option<&Path>, part: Stretch, origin: Origin) {
        let path = match self.included(name, beside) {
            Ok(path) => path,
            Err(reason) => return self.opaque(reason, origin),
        };
        self.files += 1;
        if part.depth > MAX_DEPTH || self.files > MAX_FILES {
            return self.opaque("includes more files than are read here".to_owned(), origin);
        }
        if matches!(path.to_str(), Some("/dev/null")) {
            return;
        }
        let context = self.context;
        if let Some(text) = self.written(name, &path) {
            return self.walk(&Source::of_word(&text), part);
        }
        let question = Question::Text(path.clone());
        match context.facts.ask(question, self.needs) {
            Some(Answer::Text { text, .. }) => self.walk(&Source::of_file(&path, text), part),
            None | Some(Answer::Absent | Answer::Assumed) => {}
            Some(Answer::Unknown(reason)) => {
                let reason = format!(
                    "runs SQL from `{}`, which cannot be read: {reason}",
                    path.display()
                );
                self.opaque(reason, origin);
            }
            Some(_) => {}
        }
    }

    /// Returns where an included file is, or why that is not known.
    fn included(&self, name: &Path, beside: Option<&Path>) -> Result<PathBuf, String> {
        let folder = match (beside, &self.command.cwd) {
            (Some(folder), _) => folder.to_owned(),
            (None, _) if !self.command.is_here() => self.context.scene.cwd.clone(),
            (None, Cwd::Known(folder)) => folder.clone(),
            (None, _) if name.is_absolute() => PathBuf::new(),
            (None, _) => {
                let name = name.display();
                return Err(format!(
                    "runs SQL from `{name}` in a folder that is not known"
                ));
            }
        };
        Ok(reach::normal(&folder.join(name)))
    }

    /// Returns the text that an earlier command of the same call wrote there, or that a substitution gives.
    fn written(&self, name: &Path, path: &Path) -> Option<Word> {
        if name.starts_with("/dev/fd")
            && let Some(text) = &self.command.script
        {
            return Some(text.clone());
        }
        crate::classify::packs::written(path, self.context)
    }

    fn walk(&mut self, source: &Source, part: Stretch) {
        let call = self.call;
        let mut variables = std::mem::take(&mut self.variables);
        let pieces = client::pieces_with(call.client, &source.text, &mut variables);
        self.variables = variables;
        let ends = part.ends && is_alone(&pieces);
        for piece in pieces {
            match piece {
                Piece::Sql(text) => self.sql(&text, source, ends),
                Piece::Program { text, span } => {
                    let origin = source.origin(span, &self.command.origin);
                    self.started.push(Started { text, origin });
                }
                Piece::Writes { file, copies, span } => {
                    self.printed.push(file.clone());
                    // What a backup is written to is new, as far as the words go.
                    if !(copies && self.context.facts.assumed) {
                        let origin = source.origin(span, &self.command.origin);
                        let text = format!("tee -- '{}'", file.replace('\'', r"'\''"));
                        self.started.push(Started { text, origin });
                    }
                }
                Piece::Include { file, beside, span } => {
                    let origin = source.origin(span, &self.command.origin);
                    if file.contains(sql::HOLE) {
                        self.opaque(
                            "includes a file whose name is not known here".to_owned(),
                            origin,
                        );
                    } else if self.printed.contains(&file) {
                        let reason =
                            format!("includes `{file}`, which the client has just written");
                        self.opaque(reason, origin);
                    } else if !self.command.is_here() && source.file.is_none() {
                        let reason = format!("includes `{file}`, which is not on this machine");
                        self.opaque(reason, origin);
                    } else {
                        let folder = source.file.as_deref().and_then(Path::parent);
                        let beside = folder.filter(|_| beside).map(Path::to_owned);
                        let inside = Stretch {
                            ends: false,
                            depth: part.depth + 1,
                        };
                        self.named_file(Path::new(&file), beside.as_deref(), inside, origin);
                    }
                }
                Piece::Connect { arguments, .. } => self.connection = Some(arguments),
                Piece::Restore { span } => self.restored(span, source),
                Piece::Opaque { reason, span } => {
                    let origin = source.origin(span, &self.command.origin);
                    self.opaque(reason, origin);
                }
            }
        }
    }

    /// The whole database is replaced by the content of a file.
    fn restored(&mut self, span: Span, source: &Source) {
        let mut loss = Loss::opaque(span);
        loss.effect.opaque = false;
        loss.effect.verb = Verb::Replace;
        loss.effect.kind = ObjectKind::Database;
        loss.effect.bound = Bound::All;
        let words = "replaces the whole database by a file".to_owned();
        let origin = source.origin(span, &self.command.origin);
        self.push(loss, origin, Some(("sqlite.restore", words)));
    }

    fn sql(&mut self, text: &client::Sql, source: &Source, ends: bool) {
        let dialect = self.call.dialect;
        let mut opens = text.opens.clone();
        if opens.is_empty() {
            opens.extend(self.waits.then_some((0, true)));
        }
        let habits = Habits {
            opens,
            forgets: ends,
            keeps: self.call.client == Client::Cqlsh,
            alone: self.sends_alone(source),
            breaks: self.breaks(text, source),
        };
        self.waits = sql::turns_off(&text.text, dialect).unwrap_or(self.waits);
        if self.call.dialect == Dialect::Sqlite || self.call.dialect == Dialect::Duckdb {
            self.attached.extend(sql::attached(&text.text));
        }
        self.texts.push(text.text.clone());
        for loss in sql::losses_of(&text.text, dialect, &habits) {
            let span = text.source_span(loss.effect.span);
            let origin = source.origin(span, &self.command.origin);
            self.push(loss, origin, None);
        }
    }

    /// Tells whether each statement is sent by itself: psql does so with a file and its standard input, not with the text of `-c`.
    fn sends_alone(&self, source: &Source) -> bool {
        let fed = |input: &Input| match (input, &self.command.stdin) {
            (Input::Words(word), Stdin::Text(fed)) => word == fed,
            _ => false,
        };
        let call = self.call;
        call.client == Client::Psql
            && !call.commits
            && (source.file.is_some() || call.inputs.iter().any(fed))
    }

    /// Returns the places of files that may end the transaction in which they are read.
    fn breaks(&mut self, text: &client::Sql, source: &Source) -> Vec<usize> {
        let folder = source.file.as_deref().and_then(Path::parent);
        let mut places = Vec::new();
        for (place, file, beside) in text.includes.iter().take(MAX_FILES) {
            let name = Path::new(file);
            let beside = folder.filter(|_| *beside);
            let Ok(path) = self.included(name, beside) else {
                places.push(*place);
                continue;
            };
            let content = match self.written(name, &path) {
                Some(word) => Some(Source::of_word(&word).text),
                None => match self.context.facts.ask(Question::Text(path), self.needs) {
                    Some(Answer::Text { text, .. }) => Some(text.clone()),
                    _ => None,
                },
            };
            if content.is_some_and(|content| may_end(&content)) {
                places.push(*place);
            }
        }
        places
    }

    /// Finds the database of every loss; the world is asked for variables only now.
    fn placed(self) -> Gathered {
        let mut gathered = Gathered {
            losses: Vec::new(),
            started: self.started,
            texts: self.texts,
        };
        if self.raw.is_empty() {
            return gathered;
        }
        let mut reading = Reading {
            command: self.command,
            context: self.context,
            needs: self.needs,
            implicit: false,
            unknown: false,
        };
        let base = base(self.call, &mut reading);
        for raw in self.raw {
            // `.open` opens for writing again.
            if self.call.read_only
                && raw.connection.is_none()
                && raw.loss.effect.verb != Verb::Program
            {
                continue;
            }
            place(
                raw,
                self.call,
                base.as_ref(),
                &mut reading,
                &mut gathered.losses,
            );
        }
        gathered
    }
}

/// Returns the database that a client opens first; nothing when it is kept in memory.
fn base(call: &Call, reading: &mut Reading<'_, '_>) -> Option<Place> {
    match &call.base {
        Base::Postgres(server) => Some(reach::postgres(server, reading)),
        Base::Sqlite(file) => file.as_ref().and_then(|file| reach::sqlite(file, reading)),
        Base::Other { kind, server, .. } if call.client == Client::Sqlite => {
            let file = server.database.as_ref()?;
            let mut place = reach::sqlite(file, reading)?;
            place.kind = *kind;
            place.reach = crate::model::target::Reach::NoDriver;
            Some(place)
        }
        Base::Other { kind, port, server } => Some(reach::undriven(*kind, port, server, reading)),
    }
}

fn place(
    raw: Raw,
    call: &Call,
    base: Option<&Place>,
    reading: &mut Reading<'_, '_>,
    out: &mut Vec<Located>,
) {
    let current = match &raw.connection {
        Some(arguments) => connected(arguments, call, base, reading),
        None => base.cloned(),
    };
    let (places, loss) = if raw.attached.is_empty() {
        (Vec::from_iter(current), raw.loss)
    } else {
        attached(&raw, current, reading)
    };
    for place in places {
        let (place, said) = match dropped_database(&loss, &place) {
            Some(other) => (other, None),
            None => (place, raw.said.clone()),
        };
        out.push(Located {
            loss: loss.clone(),
            place,
            origin: raw.origin.clone(),
            said,
        });
    }
}

/// `DROP DATABASE x` is about that database, whichever one the client is connected to.
fn dropped_database(loss: &Loss, place: &Place) -> Option<Place> {
    let effect = &loss.effect;
    let whole = effect.kind == ObjectKind::Database
        && matches!(effect.verb, Verb::Drop | Verb::Replace | Verb::CreateOver);
    let schema = place.kind == TargetKind::Mysql
        && effect.kind == ObjectKind::Schema
        && effect.verb == Verb::Drop;
    let name = loss.lookup.as_deref().filter(|_| whole || schema)?;
    Some(reach::other_database(place, name))
}

/// Returns the database behind `\c`, `use` and `.open`.
fn connected(
    arguments: &[String],
    call: &Call,
    base: Option<&Place>,
    reading: &mut Reading<'_, '_>,
) -> Option<Place> {
    let first = arguments.first().map_or("-", String::as_str);
    if call.client == Client::Sqlite {
        let word = Word::literal(first, reading.command.origin.clone());
        return arguments
            .first()
            .and_then(|_| reach::sqlite(&word, reading));
    }
    let base = base?;
    let given = conninfo::read(if first == "-" { "" } else { first });
    let host = given
        .host
        .or_else(|| arguments.get(2).cloned().filter(|host| host != "-"));
    let Some(name) = given.database else {
        return Some(base.clone());
    };
    if name.contains(sql::HOLE) {
        let mut place = Place::nowhere(
            base.kind,
            format!("{}?", base.locator),
            "the database is not known",
        );
        place.opaque = true;
        return Some(place);
    }
    match host {
        Some(host) => {
            let port = given.port.unwrap_or_else(|| "5432".to_owned());
            let locator = format!("{host}:{port}/{name}");
            let reason = "the connection is changed inside the text";
            Some(Place::nowhere(base.kind, locator, reason))
        }
        None => Some(reach::other_database(base, &name)),
    }
}

/// A name may be in a file that the text attaches: with its alias surely, without one perhaps.
fn attached(
    raw: &Raw,
    current: Option<Place>,
    reading: &mut Reading<'_, '_>,
) -> (Vec<Place>, Loss) {
    let mut loss = raw.loss.clone();
    let name = loss.lookup.clone().unwrap_or_default();
    let mut places = Vec::new();
    for (alias, path) in &raw.attached {
        let inside = name
            .get(..alias.len())
            .filter(|head| head.eq_ignore_ascii_case(alias))
            .and_then(|_| name.get(alias.len()..)?.strip_prefix('.'));
        if inside.is_none() && name.contains('.') {
            continue;
        }
        let word = match path {
            Some(path) => Word::literal(path, raw.origin.clone()),
            None => Word::hole(crate::model::word::Hole::Unknown, false, raw.origin.clone()),
        };
        let place = reach::sqlite(&word, reading);
        if let Some(inside) = inside {
            let inside = inside.to_owned();
            loss.effect.object = Some(inside.clone());
            loss.lookup = Some(inside);
            return (Vec::from_iter(place), loss);
        }
        places.extend(place);
    }
    places.extend(current);
    (places, loss)
}
