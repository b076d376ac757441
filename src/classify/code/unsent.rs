//! Requests over HTTP that a test answers itself: `responses`, `requests_mock`, `respx`, `httpretty`, `vcr`, nock, WebMock and their like.
//! It counts only what lets nothing through: a library that knows a way to the real network is none.

use super::index::{Given, Index, Part};
use super::tokens::{Language, Token};
use super::unreal::reach;
use super::values::Reader;

/// Where requests are answered by the code itself.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    parts: Vec<Part>,
    /// A call from which on it holds, as long as its block goes on.
    since: Option<usize>,
    /// Only the library itself is played, not the clients that were made of it.
    only_itself: bool,
    /// Only requests to addresses that stand in the text a second time, as what is answered.
    named: bool,
    /// Clients that are played, by the first part of their names.
    clients: &'static [&'static str],
}

/// Stretches that are kept.
const MAX_PARTS: usize = 60;

/// Words by which a library lets requests through.
const LEAKS: [&str; 15] = [
    "passthru",
    "passthrough",
    "passThrough",
    "pass_through",
    "real_http",
    "allow_net_connect=True",
    "allow_net_connect!",
    "enableNetConnect",
    "allowUnmocked",
    "new_episodes",
    "WebMock.disable!",
    ".restore(",
    "VCR",
    "subprocess",
    "child_process",
];

/// Players of Python: their call, the library whose requests they answer, and libraries that go around them.
type Player = (&'static str, &'static str, &'static [&'static str]);
const PLAYERS: [Player; 10] = [
    ("responses.activate", "requests", REQUESTS_NOT),
    ("responses.RequestsMock", "requests", REQUESTS_NOT),
    ("requests_mock.Mocker", "requests", REQUESTS_NOT),
    ("requests_mock.mock", "requests", REQUESTS_NOT),
    ("respx.mock", "httpx", HTTPX_NOT),
    ("httpretty.activate", "", SOCKETS_NOT),
    ("httpretty.enabled", "", SOCKETS_NOT),
    ("httpretty.enable", "", SOCKETS_NOT),
    ("vcr.use_cassette", "", SOCKETS_NOT),
    ("aioresponses", "aiohttp", AIOHTTP_NOT),
];
const REQUESTS_NOT: &[&str] = &[
    "httpx",
    "aiohttp",
    "urllib",
    "http.client",
    "httplib",
    "pycurl",
];
const HTTPX_NOT: &[&str] = &[
    "import requests",
    "aiohttp",
    "urllib",
    "http.client",
    "pycurl",
];
const AIOHTTP_NOT: &[&str] = &[
    "import requests",
    "httpx",
    "urllib",
    "http.client",
    "pycurl",
];
const SOCKETS_NOT: &[&str] = &["pycurl"];

/// Names under which a test writes down what is answered: `m.delete('https://…', status_code=204)`.
const ANSWERS: [&str; 10] = [
    "m",
    "mock",
    "mocker",
    "rsps",
    "r",
    "requests_mock",
    "respx",
    "respx_mock",
    "router",
    "mocked",
];

/// Clients of JavaScript that go through Node's own `http`, and those that do not.
const NODE: &[&str] = &[
    "axios",
    "got",
    "superagent",
    "needle",
    "request",
    "http",
    "https",
];
const FETCH: &[&str] = &["fetch", "undici"];

impl Unsent {
    /// Reads where a code answers its requests itself.
    pub fn of(reader: &Reader<'_>, text: &str) -> Self {
        let leaks = LEAKS.iter().any(|word| text.contains(word));
        match reader.index.language {
            _ if leaks => Self::default(),
            Language::Python => Self::python(reader, text),
            Language::Javascript => Self::script(reader.index),
            Language::Ruby => Self::ruby(reader.index, text),
            _ => Self::default(),
        }
    }

    /// Tells whether the call at this place sends nothing.
    pub fn holds(&self, reader: &Reader<'_>, text: &str, at: usize) -> bool {
        let index = reader.index;
        let Some(name) = index.name(at) else {
            return false;
        };
        let full = reader.full(name);
        let last = full.rsplit('.').next().unwrap_or(&full);
        let asks = matches!(
            last,
            "delete" | "del" | "request" | "post" | "fetch" | "Request"
        );
        if !asks && !self.clients.contains(&last) || !index.is_sign(at + 1, '(') {
            return false;
        }
        if is_given_a_transport(reader, name) {
            return true;
        }
        let inside = self
            .parts
            .iter()
            .any(|part| (part.from..part.to).contains(&at));
        let behind = || {
            self.since
                .is_some_and(|since| index.comes_behind(since, at))
        };
        if !inside && !behind() {
            return false;
        }
        let address = match index.token(at + 2) {
            Some(Token::Text { text, holes, .. }) if holes.is_empty() => text.as_str(),
            _ => "",
        };
        let root = full.split('.').next().unwrap_or_default();
        let made_of = |name: &str| match reader.index.bindings(name) {
            [binding] => match binding.given {
                Given::Is(part, _) => index.name(part.from).map(|made| reader.full(made)),
                _ => None,
            },
            _ => None,
        };
        let owner = name.rsplit_once('.').and_then(|(owner, _)| made_of(owner));
        let client = !self.only_itself
            && owner.is_some_and(|made| {
                let root = made.split('.').next().unwrap_or_default();
                self.clients.contains(&root)
            });
        let answer = ANSWERS.contains(&root) && address.contains("://");
        let meant = self.clients.contains(&root) || client || answer || self.is_required(index, at);
        meant && (!self.named || !address.is_empty() && text.matches(address).count() > 1)
    }

    /// `require('axios').delete(…)`.
    fn is_required(&self, index: &Index, at: usize) -> bool {
        let back = |by: usize| at.checked_sub(by);
        let module = match back(2).and_then(|at| index.token(at)) {
            Some(Token::Text { text, .. }) => text.trim_start_matches("node:"),
            _ => return false,
        };
        back(4).and_then(|at| index.name(at)) == Some("require") && self.clients.contains(&module)
    }

    fn python(reader: &Reader<'_>, text: &str) -> Self {
        let index = reader.index;
        let mut all = Self::default();
        for at in 0..index.main_end() {
            let Some(name) = index.name(at) else { continue };
            let full = reader.full(name.trim_start_matches('@'));
            let player = PLAYERS.iter().find(|(call, ..)| full == *call);
            let Some((call, library, around)) = player else {
                continue;
            };
            if all.parts.len() >= MAX_PARTS || around.iter().any(|word| text.contains(word)) {
                continue;
            }
            let closed = text.contains("allow_net_connect=False");
            match *call {
                "vcr.use_cassette" if !plays_only(text) || text.contains("ignore_") => {
                    continue;
                }
                "httpretty.enable" if text.contains("httpretty.disable") => continue,
                "httpretty.enable" if index.is_plain(at) => all.since = Some(at),
                "httpretty.enable" => continue,
                _ => all.parts.extend(reach(reader, text, at)),
            }
            let answers =
                (0..index.main_end()).any(|at| index.name(at) == Some("httpretty.DELETE"));
            if call.starts_with("httpretty") && !closed {
                all.named = true;
                if !answers {
                    return Self::default();
                }
            }
            all.clients = match *library {
                "requests" => &["requests"],
                "httpx" => &["httpx", "respx"],
                "aiohttp" => &["aiohttp"],
                _ => &["requests", "httpx"],
            };
        }
        all
    }

    /// nock with the network off or with the very address, undici's `MockAgent`, axios-mock-adapter.
    fn script(index: &Index) -> Self {
        let last = |at: usize| index.name(at).and_then(|name| name.rsplit('.').next());
        let calls = |wanted: &str| {
            let is = |at: &usize| last(*at) == Some(wanted) && index.is_sign(at + 1, '(');
            (0..index.main_end()).find(|at| is(at) && index.is_plain(*at))
        };
        let of_axios = |at: &usize| {
            index.name(at + 2) == Some("axios") && matches!(index.sign(at + 3), Some(')' | ','))
        };
        let adapter = ["MockAdapter", "AxiosMockAdapter"];
        let adapter = adapter.iter().find_map(|name| calls(name).filter(of_axios));
        let off = calls("disableNetConnect");
        let agent = calls("MockAgent")
            .and(off)
            .and(calls("setGlobalDispatcher"));
        let nock = off.filter(|_| calls("nock").is_some());
        let (since, clients) = match (agent, adapter, nock) {
            (Some(at), ..) => (at, FETCH),
            (None, Some(at), _) => (at, &["axios"] as &[&str]),
            (None, None, Some(at)) => (at, NODE),
            (None, None, None) => return Self::default(),
        };
        Self {
            parts: Vec::new(),
            since: Some(since),
            only_itself: agent.is_none() && adapter.is_some(),
            named: false,
            clients,
        }
    }

    /// WebMock lets nothing through once it is on.
    fn ruby(index: &Index, text: &str) -> Self {
        let limited = text.contains("disable_net_connect!(allow") || text.contains("allow:");
        let on = |at: &usize| match index.name(*at) {
            Some("WebMock.enable!" | "WebMock.disable_net_connect!") => true,
            Some("WebMock.enable" | "WebMock.disable_net_connect") => index.is_sign(at + 1, '!'),
            Some("require") => matches!(
                index.token(at + 1),
                Some(Token::Text { text, .. }) if matches!(text.as_str(), "webmock/minitest" | "webmock/rspec")
            ),
            _ => false,
        };
        let since = (0..index.main_end()).find(|at| on(at) && index.is_plain(*at));
        if limited || since.is_none() {
            return Self::default();
        }
        Self {
            parts: Vec::new(),
            since,
            only_itself: false,
            named: false,
            clients: &["HTTParty", "RestClient", "Faraday", "Net", "Excon", "HTTP"],
        }
    }
}

/// Tells whether every cassette is only played: by default the first run records, and sends.
fn plays_only(text: &str) -> bool {
    let modes = ["record_mode='none'", "record_mode=\"none\""];
    let played: usize = modes.iter().map(|mode| text.matches(mode).count()).sum();
    played == text.matches("use_cassette(").count()
}

/// `httpx.Client(transport=httpx.MockTransport(answer))`: the client hands its requests to a function.
fn is_given_a_transport(reader: &Reader<'_>, name: &str) -> bool {
    let Some((owner, _)) = name.rsplit_once('.') else {
        return false;
    };
    let [binding] = reader.index.bindings(owner) else {
        return false;
    };
    let Given::Is(part, _) = binding.given else {
        return false;
    };
    let arguments = reader.arguments(part.from);
    let others = ["mounts", "proxy", "proxies"];
    if others.iter().any(|name| arguments.named(name).is_some()) {
        return false;
    }
    let whole = |part: &Part| reader.index.after(part.from + 1) == part.to;
    let transport = arguments.named("transport").filter(whole);
    let made = transport.and_then(|part| reader.index.name(part.from));
    made.is_some_and(|made| matches!(made, "httpx.MockTransport" | "MockTransport"))
}
