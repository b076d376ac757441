//! Jenkinsfiles: the shell texts of `sh`, `bat`, `powershell` and `pwsh` steps.
//! Of Groovy it knows strings, comments and names.

use crate::model::request::ShellKind;

use super::place::aligned;
use super::unit::Unit;

/// Returns the shell steps of a Jenkinsfile.
pub fn units(text: &str) -> Vec<Unit> {
    let mut reader = Reader {
        text,
        at: 0,
        step: None,
        labelled: false,
        first: false,
        units: Vec::new(),
    };
    while reader.at < text.len() {
        reader.next();
    }
    reader.units
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The step whose arguments are being read.
    step: Option<ShellKind>,
    /// `script:` came last.
    labelled: bool,
    /// Nothing but a parenthesis came since the step's name.
    first: bool,
    units: Vec<Unit>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) {
        let rest = self.rest();
        if rest.starts_with("//") || self.at == 0 && rest.starts_with("#!") {
            self.at += rest.find('\n').unwrap_or(rest.len());
            return;
        }
        if rest.starts_with("/*") {
            self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            return;
        }
        let Some(char) = rest.chars().next() else {
            return;
        };
        match char {
            '\'' | '"' => self.string(char),
            char if char.is_alphabetic() || char == '_' => self.name(),
            ';' | '}' | '{' => {
                self.step = None;
                self.at += 1;
            }
            '\n' => {
                // A step without parentheses ends with its line; its text may not have begun yet.
                self.at += 1;
            }
            char if char.is_whitespace() => self.at += char.len_utf8(),
            '(' | ':' | ',' => self.at += 1,
            char => {
                self.first = false;
                self.at += char.len_utf8();
            }
        }
    }

    fn name(&mut self) {
        let rest = self.rest();
        let end = rest
            .find(|char: char| !(char.is_alphanumeric() || char == '_'))
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().to_owned();
        let before = self
            .text
            .get(..self.at)
            .and_then(|text| text.chars().next_back());
        self.at += end;
        let step = match name.as_str() {
            "sh" => Some(ShellKind::Posix),
            "bat" => Some(ShellKind::Cmd),
            "powershell" | "pwsh" => Some(ShellKind::PowerShell),
            _ => None,
        };
        let labels = self.rest().trim_start().starts_with(':');
        if step.is_some() && !labels && before != Some('.') {
            (self.step, self.first, self.labelled) = (step, true, false);
        } else if labels {
            self.labelled = name == "script";
            self.first = false;
        } else {
            self.first = false;
            self.labelled = false;
        }
    }

    fn string(&mut self, quote: char) {
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let close = if self.rest().starts_with(&triple) {
            triple
        } else {
            quote.to_string()
        };
        let start = self.at + close.len();
        let (end, decoded) = body(self.text, start, &close, quote == '"');
        let raw = self.text.get(start..end).unwrap_or_default();
        if let Some(kind) = self.step
            && (self.first || self.labelled)
        {
            let map = aligned(&decoded, raw, start);
            self.units.push(Unit::shell(kind, decoded, map));
            self.step = None;
        }
        (self.first, self.labelled) = (false, false);
        self.at = (end + close.len()).min(self.text.len());
    }
}

/// Returns where a string ends and what it says; what Groovy fills in is a variable of the same length.
fn body(text: &str, start: usize, close: &str, fills: bool) -> (usize, String) {
    let mut out = String::new();
    let mut at = start;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(close) {
            break;
        }
        if fills && rest.starts_with("${") {
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            out.push_str("${E");
            out.extend(std::iter::repeat_n('_', end.saturating_sub(4)));
            out.push('}');
            at += end;
            continue;
        }
        let mut chars = rest.chars();
        let Some(char) = chars.next() else { break };
        at += char.len_utf8();
        if char != '\\' {
            out.push(char);
            continue;
        }
        let Some(next) = chars.next() else { break };
        at += next.len_utf8();
        match next {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            '\n' => {}
            other => out.push(other),
        }
    }
    (at.min(text.len()), out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Asked;

    #[test]
    fn steps_are_read_in_every_form() {
        let text = "pipeline { // sh 'no'\n stage('sh') { steps {\n sh 'a'\n sh(\"b ${env.X} \\$HOME\")\n sh script: '''c\n d''', returnStdout: true\n\
                    sh(returnStatus: true, script: \"e\")\n bat 'f'\n echo 'sh'\n x.sh 'no'\n sh label: 'no', script: 'g'\n } } }";
        let all: Vec<String> = units(text)
            .into_iter()
            .map(|unit| match unit.asked {
                Asked::Shell { text, .. } => text,
                _ => String::new(),
            })
            .collect();
        assert_eq!(all, ["a", "b ${E____} $HOME", "c\n d", "e", "f", "g"]);
    }
}
