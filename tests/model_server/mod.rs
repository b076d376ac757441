//! A model server for one run of the client: answers `POST /v1/messages` from a script, on loopback.
//! It keeps what the client reported about each call.

pub mod client;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What the model says next.
#[derive(Clone, Debug)]
pub enum Step {
    Tool { name: &'static str, input: Value },
    Text(&'static str),
}

/// The server; it ends with the test process.
pub struct ModelServer {
    port: u16,
    told: Arc<Mutex<Vec<String>>>,
}

impl ModelServer {
    pub fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&told);
        let steps = Arc::new(steps);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (steps, told) = (Arc::clone(&steps), Arc::clone(&shared));
                std::thread::spawn(move || {
                    let _ = serve(stream, &steps, &told);
                });
            }
        });
        Self { port, told }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the client was told after each tool call, in order.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, steps: &[Step], told: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let asked: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (kind, answer) =
            if first.starts_with("POST /v1/messages") && asked["stream"] == json!(true) {
                ("text/event-stream", events(&asked, steps, told))
            } else {
                ("application/json", "{}".to_owned())
            };
        write!(
            writer,
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
        writer.flush()?;
    }
}

fn events(asked: &Value, steps: &[Step], told: &Mutex<Vec<String>>) -> String {
    let has_tools = asked["tools"]
        .as_array()
        .is_some_and(|tools| !tools.is_empty());
    let results: Vec<String> = asked["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(results)
        .collect();
    let step = if has_tools {
        *told.lock().unwrap() = results.clone();
        steps
            .get(results.len())
            .cloned()
            .unwrap_or(Step::Text("done"))
    } else {
        Step::Text("a title")
    };
    stream(&step, results.len())
}

fn results(message: &Value) -> Vec<String> {
    let blocks = message["content"].as_array().cloned().unwrap_or_default();
    let results = blocks
        .into_iter()
        .filter(|block| block["type"] == "tool_result");
    results
        .map(|block| match &block["content"] {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect::<Vec<_>>()
                .join("\n"),
            _ => String::new(),
        })
        .collect()
}

fn stream(step: &Step, number: usize) -> String {
    let (start, delta, reason) = match step {
        Step::Tool { name, input } => (
            json!({"type": "tool_use", "id": format!("toolu_{number}_{}", std::process::id()), "name": name, "input": {}}),
            json!({"type": "input_json_delta", "partial_json": input.to_string()}),
            "tool_use",
        ),
        Step::Text(text) => (
            json!({"type": "text", "text": ""}),
            json!({"type": "text_delta", "text": text}),
            "end_turn",
        ),
    };
    let message = json!({"id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": "claude-test", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}});
    let events = [
        json!({"type": "message_start", "message": message}),
        json!({"type": "content_block_start", "index": 0, "content_block": start}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 1}}),
        json!({"type": "message_stop"}),
    ];
    events
        .iter()
        .map(|event| {
            format!(
                "event: {}\ndata: {event}\n\n",
                event["type"].as_str().unwrap_or_default()
            )
        })
        .collect()
}
