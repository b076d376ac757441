//! Database tools that are no SQL clients: dropdb, pg_restore --clean, vacuumdb --full.
//! Tools that need no reading of connections are rules in the packs.

use crate::classify::Context;
use crate::model::command::Command;
use crate::model::effect::{Bound, ObjectKind, Verb};
use crate::model::fact::Needs;
use crate::model::finding::Finding;
use crate::model::span::Span;
use crate::model::target::TargetKind;
use crate::model::word::Word;
use crate::sql::Loss;

use super::options::{self, Options, Style};
use super::reach::{self, Reading, Server};
use super::{Located, judged};

const CONNECTION: [&str; 6] = ["-h", "--host", "-p", "--port", "-U", "--username"];

/// Returns the losses that a database tool would cause.
pub(in crate::classify) fn findings(
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Vec<Finding> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    let located = match program.as_str() {
        "dropdb" => dropdb(command, context, needs),
        "mysqladmin" | "mariadb-admin" => mysqladmin(command, context, needs),
        "pg_restore" => restore(command, context, needs),
        "vacuumdb" => vacuum(command, context, needs),
        _ => None,
    };
    judged(Vec::from_iter(located), command, context, needs)
}

fn read(command: &Command, more: &[&str]) -> Option<Options> {
    let valued = [&CONNECTION[..], more].concat();
    let options = options::read(command.args(), Style::Gnu, &valued);
    (!options.has(&["--help", "-?", "--version", "-V"])).then_some(options)
}

fn server(options: &Options, database: Option<Word>) -> Server {
    Server {
        host: options.value(&["-h", "--host"]).cloned(),
        port: options.value(&["-p", "--port"]).cloned(),
        user: options.value(&["-U", "--username"]).cloned(),
        database,
        socket: None,
    }
}

fn loss(verb: Verb, kind: ObjectKind) -> Loss {
    let mut loss = Loss::opaque(Span::default());
    loss.effect.verb = verb;
    loss.effect.kind = kind;
    loss.effect.opaque = false;
    loss
}

fn located(
    loss: Loss,
    server: &Server,
    said: (&'static str, String),
    command: &Command,
    context: &Context<'_>,
    needs: &mut Needs,
) -> Located {
    let mut reading = Reading {
        command,
        context,
        needs,
        implicit: false,
        unknown: false,
    };
    Located {
        loss,
        place: reach::postgres(server, &mut reading),
        origin: command.origin.clone(),
        said: Some(said),
    }
}

fn dropdb(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Located> {
    let options = read(command, &["--maintenance-db"])?;
    let name = options.operands.first()?.clone();
    let mut loss = loss(Verb::Drop, ObjectKind::Database);
    loss.effect.object = name.text();
    loss.lookup = name.text();
    loss.effect.if_exists = options.has(&["--if-exists"]);
    loss.effect.opaque = !name.is_literal();
    let said = (
        "postgres.dropdb",
        format!("drops database {}", name.shown()),
    );
    Some(located(
        loss,
        &server(&options, Some(name)),
        said,
        command,
        context,
        needs,
    ))
}

/// `mysqladmin drop shop`.
fn mysqladmin(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Located> {
    let more = ["-u", "--user", "-P", "-S", "--socket", "--defaults-file"];
    let options = read(command, &more)?;
    // `-p` asks for the password here and takes no word: `mysqladmin -p drop shop`.
    let mut words = command.args().iter();
    words.find(|word| word.text().as_deref() == Some("drop"))?;
    let name = words.find(|word| !word.prefix().starts_with('-'))?.clone();
    let mut loss = loss(Verb::Drop, ObjectKind::Database);
    loss.effect.object = name.text();
    loss.effect.opaque = !name.is_literal();
    let mut reading = Reading {
        command,
        context,
        needs,
        implicit: false,
        unknown: false,
    };
    let server = server(&options, Some(name));
    Some(Located {
        loss,
        place: reach::undriven(TargetKind::Mysql, "3306", &server, &mut reading),
        origin: command.origin.clone(),
        said: None,
    })
}

/// `pg_restore --clean -d shop`: what is there is dropped first; without `-d` it only writes a script.
fn restore(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Located> {
    let more = [
        "-d",
        "--dbname",
        "-f",
        "--file",
        "-F",
        "--format",
        "-I",
        "--index",
        "-j",
        "--jobs",
        "-L",
        "--use-list",
        "-n",
        "--schema",
        "-N",
        "--exclude-schema",
        "-P",
        "--function",
        "-S",
        "--superuser",
        "-t",
        "--table",
        "-T",
        "--trigger",
        "--section",
        "--role",
    ];
    let options = read(command, &more)?;
    let database = options.value(&["-d", "--dbname"])?.clone();
    if !options.has(&["-c", "--clean"]) || options.has(&["-l", "--list"]) {
        return None;
    }
    let mut loss = loss(Verb::Replace, ObjectKind::Database);
    loss.effect.bound = Bound::All;
    let said = (
        "postgres.restore-clean",
        format!(
            "drops what is in database {} before restoring",
            database.shown()
        ),
    );
    Some(located(
        loss,
        &server(&options, Some(database)),
        said,
        command,
        context,
        needs,
    ))
}

fn vacuum(command: &Command, context: &Context<'_>, needs: &mut Needs) -> Option<Located> {
    let options = read(
        command,
        &[
            "-d", "--dbname", "-t", "--table", "-j", "--jobs", "-n", "--schema",
        ],
    )?;
    if !options.has(&["-f", "--full"]) {
        return None;
    }
    let database = options
        .value(&["-d", "--dbname"])
        .or(options.operands.first())
        .cloned();
    let said = (
        "sql.rewrite",
        "rewrites every table under an exclusive lock".to_owned(),
    );
    let loss = loss(Verb::Rewrite, ObjectKind::Table);
    Some(located(
        loss,
        &server(&options, database),
        said,
        command,
        context,
        needs,
    ))
}
