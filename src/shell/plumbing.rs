//! Redirections: what a command reads, what it writes, and what its output feeds.
//! It opens nothing; files are remembered by name.

use std::rc::Rc;

use crate::model::command::{Redirect, WriteMode};
use crate::model::word::{Hole, Word};

use super::ast::{Node, PartKind, RedirectOp, Redirection, Script};
use super::expand::{QUOTED, VALUE, WORD, literal_piece};
use super::state::{Feed, State, Value, nowhere, word_of};
use super::unfold::{Content, Frame, Unfolder, Write};

/// What redirections do to a command.
#[derive(Debug, Default)]
pub(super) struct Plumbing<'a> {
    pub stdin: Option<Feed>,
    pub writes: Vec<Write>,
    /// Where descriptors led before; they lead there again behind the command, unless it is `exec`.
    before: Rc<Vec<(u32, Option<Word>)>>,
    /// It is `exec`: what it opens stays open.
    pub stays: bool,
    /// Standard output does not go down the pipe.
    away: bool,
    /// `> >( … )`.
    sinks: Vec<&'a Script>,
}

impl Unfolder<'_> {
    /// A command beside the shell; its descriptors become a variable.
    pub(super) fn coproc(
        &mut self,
        name: Option<&str>,
        body: &Node,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        let mut inside = st.subshell();
        let any = Value::unknown(Hole::Unknown, nowhere());
        st.set(name.unwrap_or("COPROC"), any);
        let fed = fr.fed(Feed::Opaque("coproc".to_owned()));
        self.beside += 1;
        self.node(body, &mut inside, &fed);
        self.beside -= 1;
        Feed::nothing()
    }

    pub(super) fn plumb<'r>(
        &mut self,
        redirects: &'r [Redirection],
        st: &mut State,
        fr: &Frame,
    ) -> Plumbing<'r> {
        let mut all = Plumbing {
            before: Rc::clone(&st.streams),
            ..Plumbing::default()
        };
        for redirect in redirects {
            if let Some(name) = &redirect.fd_name {
                st.set(name, Value::unknown(Hole::Name, nowhere()));
            }
            self.redirect(redirect, &mut all, st, fr);
        }
        all
    }

    fn redirect<'r>(
        &mut self,
        redirect: &'r Redirection,
        all: &mut Plumbing<'r>,
        st: &mut State,
        fr: &Frame,
    ) {
        let reads_in = matches!(redirect.fd, None | Some(0)) && redirect.fd_name.is_none();
        let output = matches!(redirect.fd, None | Some(1)) && redirect.fd_name.is_none();
        let mode = match redirect.op {
            RedirectOp::HereDoc => {
                let parts = redirect.body.as_deref().unwrap_or_default();
                let pieces = self.text(parts, QUOTED, st, fr);
                self.given(redirect, Feed::text(pieces), all, st);
                return;
            }
            RedirectOp::HereString => {
                let mut pieces = self.text(&redirect.target.parts, VALUE, st, fr);
                pieces.push(literal_piece("\n", &nowhere()));
                self.given(redirect, Feed::text(pieces), all, st);
                return;
            }
            RedirectOp::In => {
                let file = self.target(redirect, st, fr);
                let feed = self.file_feed(file, st);
                self.given(redirect, feed, all, st);
                return;
            }
            RedirectOp::DupIn => {
                let file = self.target(redirect, st, fr);
                if reads_in {
                    let text = file.text().unwrap_or_default();
                    let name = format!("/dev/fd/{}", text.trim_end_matches('-'));
                    let opened = Word::literal(name, nowhere());
                    all.stdin = Some(match self.content(&opened, st) {
                        _ if text == "-" => Feed::Null,
                        Some(Content::Feed(feed)) => feed.clone(),
                        _ => Feed::Opaque("another descriptor".to_owned()),
                    });
                }
                return;
            }
            RedirectOp::DupOut => {
                let number = self.target(redirect, st, fr);
                let from = number.text().and_then(|text| text.parse().ok());
                let file = from.and_then(|from| stream(from, st));
                leads(redirect.fd.unwrap_or(1), file, st);
                written_through(&number, output, all, st);
                all.away |= output;
                return;
            }
            // Whoever writes there starts at the first byte, over what is there.
            RedirectOp::ReadWrite if matches!(redirect.fd, Some(1 | 2)) => WriteMode::Truncate,
            RedirectOp::ReadWrite => WriteMode::ReadWrite,
            RedirectOp::Append | RedirectOp::AppendBoth => WriteMode::Append,
            // The shell refuses to open a file that is there: its content stays.
            RedirectOp::Out | RedirectOp::OutBoth if st.keeps => WriteMode::Append,
            RedirectOp::Out | RedirectOp::Clobber | RedirectOp::OutBoth => WriteMode::Truncate,
        };
        self.output(redirect, mode, all, st, fr);
    }

    /// Takes in what a descriptor gives: standard input, or `/dev/fd/9` behind `9<<END`.
    fn given(&mut self, redirect: &Redirection, feed: Feed, all: &mut Plumbing, st: &State) {
        match redirect.fd {
            None | Some(0) if redirect.fd_name.is_none() => all.stdin = Some(feed),
            Some(number) => {
                let name = format!("/dev/fd/{number}");
                let file = Word::literal(name, nowhere());
                self.record_file(&file, feed, false, st);
            }
            None => {}
        }
    }

    /// Takes in a redirection that opens a file for writing.
    fn output<'r>(
        &mut self,
        redirect: &'r Redirection,
        mode: WriteMode,
        all: &mut Plumbing<'r>,
        st: &mut State,
        fr: &Frame,
    ) {
        let reads_in = matches!(redirect.fd, None | Some(0)) && redirect.fd_name.is_none();
        let output = matches!(redirect.fd, None | Some(1)) && redirect.fd_name.is_none();
        if let [part] = redirect.target.parts.as_slice()
            && let PartKind::Process {
                input: false,
                script,
            } = &part.kind
        {
            all.away |= output;
            all.sinks.push(script);
            return;
        }
        let file = self.target(redirect, st, fr);
        if mode == WriteMode::ReadWrite && reads_in {
            all.stdin = Some(self.file_feed(file.clone(), st));
        } else if mode == WriteMode::ReadWrite && !is_stream(&file) {
            let number = redirect.fd.map(|number| number.to_string());
            Rc::make_mut(&mut st.opened).push((number.unwrap_or_default(), file.clone()));
        }
        let output = output && mode != WriteMode::ReadWrite
            || matches!(redirect.op, RedirectOp::OutBoth | RedirectOp::AppendBoth);
        all.away |= output;
        let again = (mode == WriteMode::Truncate).then(|| reopened(&file, st));
        if let Some(target) = again.flatten() {
            // Its file is opened anew, and begins at nothing.
            all.writes.push(Write {
                redirect: Redirect {
                    mode,
                    file: target,
                    content: None,
                    whole: None,
                },
                output: false,
            });
        }
        let number = redirect.fd.unwrap_or(1);
        let known = (!is_stream(&file)).then(|| file.clone());
        if matches!(redirect.op, RedirectOp::OutBoth | RedirectOp::AppendBoth) {
            leads(2, known.clone(), st);
        }
        leads(number, known, st);
        // `>&$fd`: a descriptor, where that is a number.
        if redirect.op == RedirectOp::OutBoth {
            written_through(&file, output, all, st);
        }
        if !is_stream(&file) {
            all.writes.push(Write {
                redirect: Redirect {
                    mode,
                    file,
                    content: None,
                    whole: None,
                },
                output,
            });
        }
    }

    fn target(&mut self, redirect: &Redirection, st: &mut State, fr: &Frame) -> Word {
        let pieces = self.text(&redirect.target.parts, WORD, st, fr);
        let origin = fr.source.origin(redirect.target.span);
        word_of(pieces, Some(origin))
    }

    /// Returns what reading this file gives.
    pub(super) fn file_feed(&self, file: Word, st: &State) -> Feed {
        if file.text().as_deref() == Some("/dev/null") {
            return Feed::Null;
        }
        match self.content(&file, st) {
            Some(Content::Feed(feed)) => feed.clone(),
            Some(Content::Added(_) | Content::Program(_) | Content::Built { .. }) | None => {
                Feed::File(file)
            }
        }
    }

    pub(super) fn close(
        &mut self,
        plumbing: Plumbing,
        feed: Feed,
        st: &mut State,
        fr: &Frame,
    ) -> Feed {
        if !plumbing.stays {
            st.streams = plumbing.before;
        }
        if !plumbing.writes.is_empty() {
            self.record(&plumbing.writes, st, &feed);
        }
        for script in plumbing.sinks {
            let mut inside = st.subshell();
            self.shell(script, &mut inside, &fr.fed(feed.clone()));
        }
        if plumbing.away { Feed::nothing() } else { feed }
    }
}

/// Returns the file to which a descriptor leads.
fn stream(number: u32, st: &State) -> Option<Word> {
    let mut known = st.streams.iter().rev();
    known.find(|(one, _)| *one == number)?.1.clone()
}

fn leads(number: u32, file: Option<Word>, st: &mut State) {
    // Of the screen or a pipe nothing has to be known.
    if file.is_some() || stream(number, st).is_some() {
        Rc::make_mut(&mut st.streams).push((number, file));
    }
}

/// Returns the file that `/dev/stderr` or `/dev/fd/3` opens once more; Linux opens it anew.
fn reopened(file: &Word, st: &State) -> Option<Word> {
    let text = file.text()?;
    let number = match text.as_str() {
        "/dev/stdout" => 1,
        "/dev/stderr" => 2,
        text => {
            let digits = ["/dev/fd/", "/proc/self/fd/"]
                .iter()
                .find_map(|front| text.strip_prefix(front))?;
            digits.parse().ok()?
        }
    };
    stream(number, st)
}

/// Takes in `>&3`, where that descriptor may be one of a file that is open for reading and writing.
fn written_through(number: &Word, output: bool, all: &mut Plumbing, st: &State) {
    let text = number.text();
    let meant = |key: &str| text.as_deref().is_none_or(|text| text == key);
    let files = st.opened.iter().filter(|(key, _)| meant(key));
    all.writes.extend(files.map(|(_, file)| Write {
        redirect: Redirect {
            mode: WriteMode::Truncate,
            file: file.clone(),
            content: None,
            whole: None,
        },
        output,
    }));
}

/// Tells whether writing there leaves nothing behind.
fn is_stream(file: &Word) -> bool {
    match file.text() {
        Some(text) => {
            matches!(
                text.as_str(),
                "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "-"
            ) || text.starts_with("/dev/fd/")
                || text.starts_with("/dev/tcp/")
                || text.starts_with("/dev/udp/")
        }
        None => false,
    }
}
