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
            Language::Javascript => Self::script(reader.index, text),
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
        if !inside {
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
        let client = owner.is_some_and(|made| {
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
                "vcr.use_cassette" if !plays_only(text) => {
                    continue;
                }
                "httpretty.enable" if text.contains("httpretty.disable") => continue,
                "httpretty.enable" => all.parts.push(Part::new(at, index.main_end())),
                _ => all.parts.extend(reach(reader, text, at)),
            }
            all.named |= call.starts_with("httpretty") && !closed;
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
    fn script(index: &Index, text: &str) -> Self {
        let has = |word: &str| text.contains(word);
        let off = has("disableNetConnect(");
        let agent = off && has("MockAgent(") && has("setGlobalDispatcher(");
        let adapter = has("MockAdapter(axios") || has("AxiosMockAdapter(axios");
        let nock = has("nock(") && !agent;
        let begins = |wanted: &str| {
            let mut all = (0..index.main_end()).filter(|at| {
                index
                    .name(*at)
                    .is_some_and(|name| name.rsplit('.').next() == Some(wanted))
            });
            all.next()
        };
        let (from, clients) = if agent {
            (begins("setGlobalDispatcher"), FETCH)
        } else if adapter {
            (
                begins("MockAdapter").or(begins("AxiosMockAdapter")),
                &["axios"] as &[&str],
            )
        } else if nock && off {
            (begins("disableNetConnect"), NODE)
        } else {
            return Self::default();
        };
        Self {
            parts: from
                .map(|from| Part::new(from, index.main_end()))
                .into_iter()
                .collect(),
            named: false,
            clients,
        }
    }

    /// WebMock lets nothing through once it is on.
    fn ruby(index: &Index, text: &str) -> Self {
        let on = [
            "WebMock.enable!",
            "WebMock.disable_net_connect!",
            "webmock/minitest",
            "webmock/rspec",
        ];
        let limited = text.contains("disable_net_connect!(allow") || text.contains("allow:");
        if !text.contains("webmock") || limited || !on.iter().any(|word| text.contains(word)) {
            return Self::default();
        }
        Self {
            parts: vec![Part::new(0, index.main_end())],
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
    let transport = reader.arguments(part.from).named("transport");
    let made = transport.and_then(|part| reader.index.name(part.from));
    made.is_some_and(|made| matches!(made, "httpx.MockTransport" | "MockTransport"))
}
