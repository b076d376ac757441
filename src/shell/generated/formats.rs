//! What programs print by a format that they are given: `git --format`, `docker --format`, `kubectl -o jsonpath`, `find -printf`.
//! The values of a format are holes.

use crate::model::span::Origin;
use crate::model::word::{Hole, Part, Piece, Word};

use super::super::expand::literal_piece;
use super::super::unfold::Job;
use super::Line;
use super::says::{hole, lines, text_of};
use super::tokens::{Bit, braces, percents};

/// How a format writes its values.
#[derive(Clone, Copy)]
enum Marks {
    /// `%x`, `%(name)`.
    Percent,
    /// `{{.Name}}`, `{.name}`.
    Braces,
    /// A filter of jq.
    Filter,
}

/// Returns the lines that a format gives; nothing when the program is given none.
pub(super) fn output(program: &str, job: &Job) -> Option<Vec<Line>> {
    if matches!(program, "kubectl" | "oc")
        && let Some(line) = named(job)
    {
        return Some(vec![line]);
    }
    let (marks, names): (Marks, &[&str]) = match program {
        "git" => (Marks::Percent, &["--format", "--pretty"]),
        "docker" | "podman" | "nerdctl" | "docker-compose" => (Marks::Braces, &["--format", "-f"]),
        "kubectl" | "oc" | "k3s" => (Marks::Braces, &["-o", "--output", "--template"]),
        "gh" => match value(job, &["--jq", "-q"]) {
            Some(_) => (Marks::Filter, &["--jq", "-q"]),
            None => (Marks::Braces, &["--template", "-t"]),
        },
        "find" | "gfind" => (Marks::Percent, &["-printf"]),
        "stat" | "gstat" => (Marks::Percent, &["-c", "--format", "--printf"]),
        "seq" => (Marks::Percent, &["-f", "--format"]),
        "ps" | "dpkg-query" | "rpm" => (
            Marks::Percent,
            &["--qf", "--queryformat", "-f", "--showformat"],
        ),
        "helm" | "podman-compose" => (Marks::Braces, &["--template"]),
        _ => return None,
    };
    let word = value(job, names)?;
    let text = text_of(&word);
    // `--pretty=oneline`, `-o yaml`: names of formats.
    let named = match marks {
        Marks::Percent => !text.contains('%'),
        Marks::Braces => !text.contains('{'),
        Marks::Filter => false,
    };
    if named {
        return None;
    }
    let all = match marks {
        Marks::Percent => shaped(&percents(&plain(&text), true), &word.origin),
        Marks::Braces => shaped(&braces(&opened(&text)), &word.origin),
        Marks::Filter => return super::jq::said(&word, Vec::new()),
    };
    all.iter().any(|line| super::shows(line)).then_some(all)
}

/// `kubectl get KIND -o name`: lines of the form `kind/name`.
fn named(job: &Job) -> Option<Line> {
    const KINDS: [(&str, &str); 10] = [
        ("ns", "namespace"),
        ("po", "pod"),
        ("pvc", "persistentvolumeclaim"),
        ("pv", "persistentvolume"),
        ("deploy", "deployment.apps"),
        ("sts", "statefulset.apps"),
        ("svc", "service"),
        ("cm", "configmap"),
        ("cj", "cronjob.batch"),
        ("crd", "customresourcedefinition.apiextensions.k8s.io"),
    ];
    let output = value(job, &["-o", "--output"]).and_then(|word| word.text());
    if output.as_deref() != Some("name") && !attached(job) {
        return None;
    }
    let at = job
        .args()
        .iter()
        .position(|word| word.text().as_deref() == Some("get"))?;
    let kind = job.args().get(at + 1)?.text()?;
    if kind.contains([',', '/', '-']) {
        return None;
    }
    let kind = KINDS.iter().find(|(short, _)| *short == kind).map_or_else(
        || kind.trim_end_matches('s').to_owned(),
        |(_, long)| (*long).to_owned(),
    );
    Some(vec![
        literal_piece(&format!("{kind}/"), &job.origin),
        Piece {
            part: Part::Hole(Hole::Name),
            origin: job.origin.clone(),
        },
    ])
}

fn attached(job: &Job) -> bool {
    job.args()
        .iter()
        .any(|word| word.text().as_deref() == Some("-oname"))
}

/// Returns the value of one of these options, attached or in the next word.
fn value(job: &Job, names: &[&str]) -> Option<Word> {
    let mut args = job.args().iter();
    let mut last = None;
    while let Some(word) = args.next() {
        let head = word.prefix();
        if names.contains(&head.as_str()) {
            last = args.next().cloned();
        } else if let Some((name, _)) = head.split_once('=')
            && names.contains(&name)
        {
            last = Some(super::super::options::without_front(word, name.len() + 1));
        }
    }
    last
}

fn plain(text: &str) -> String {
    let text = ["format:", "tformat:"]
        .iter()
        .find_map(|head| text.strip_prefix(head))
        .unwrap_or(text);
    text.replace("\\n", "\n")
        .replace("\\0", "\n")
        .replace("%n", "\n")
}

/// Takes the wrapping of a template off: `jsonpath=…`, `{range …}`, `{"\n"}`.
fn opened(text: &str) -> String {
    let mut text = text;
    for head in ["jsonpath=", "go-template=", "custom-columns=", "table "] {
        text = text.strip_prefix(head).unwrap_or(text);
    }
    let mut all = text
        .replace("{\"\\n\"}", "\n")
        .replace("{'\\n'}", "\n")
        .replace("{{\"\\n\"}}", "\n")
        .replace("{end}", "")
        .replace("{{end}}", "");
    // The doubled braces of these templates are no escapes.
    all = all.replace("{{", "{").replace("}}", "}");
    while let Some(from) = all.find("{range") {
        let Some(to) = all.get(from..).and_then(|tail| tail.find('}')) else {
            break;
        };
        all.replace_range(from..=from + to, "");
    }
    all
}

fn shaped(bits: &[Bit], origin: &Origin) -> Vec<Line> {
    let mut line: Line = Vec::new();
    for bit in bits {
        line.push(match bit {
            Bit::Text(text) => literal_piece(text, origin),
            Bit::Hole => hole(origin),
        });
    }
    lines(line)
}
