//! Redirections: what a command reads, what it writes, and what its output feeds.
//! It opens nothing; files are remembered by name.

use std::rc::Rc;

use crate::model::command::{Redirect, WriteMode};
use crate::model::word::{Hole, Word};

use super::ast::{PartKind, RedirectOp, Redirection, Script};
use super::expand::{QUOTED, VALUE, WORD, literal_piece};
use super::state::{Feed, State, Value, nowhere, word_of};
use super::unfold::{Content, Frame, Unfolder, Write};

/// What redirections do to a command.
#[derive(Debug, Default)]
pub(super) struct Plumbing<'a> {
    pub stdin: Option<Feed>,
    pub writes: Vec<Write>,
    /// Standard output does not go down the pipe.
    away: bool,
    /// `> >( … )`.
    sinks: Vec<&'a Script>,
}

impl Unfolder<'_> {
    pub(super) fn plumb<'r>(
        &mut self,
        redirects: &'r [Redirection],
        st: &mut State,
        fr: &Frame,
    ) -> Plumbing<'r> {
        let mut all = Plumbing::default();
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
