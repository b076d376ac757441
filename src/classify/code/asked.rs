//! Which branches of a script run, as far as the words of its command line say: `if args.force`, `if cmd == "wipe"`, `case 'reset':`.
//! It reads the heads of branches as text, computes nothing, and leaves a branch out where nobody has asked for it.

use super::blocks::{Block, blanked, brace_conditions, python_conditions};
use super::tokens::Language;

/// Branches inside branches that are followed.
const DEPTH: usize = 4;
/// Words of a command line that are looked at.
const MAX_GIVEN: usize = 64;

/// Returns the text without the branches that the words of the command line do not ask for; what their heads call stays.
pub(super) fn running(text: &str, language: Language, given: &[String]) -> String {
    let given = Given::of(given);
    let mut text = text.to_owned();
    for _ in 0..DEPTH {
        let branches = match language {
            Language::Python => python_conditions(&text),
            _ => brace_conditions(&text),
        };
        if branches.is_empty() {
            break;
        }
        text = given.round(&text, branches, language);
    }
    text
}

/// The words of a command line: options without their dashes, and the rest.
struct Given {
    words: Vec<String>,
}

/// What the head of a branch says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Runs,
    /// It runs only where something else is asked for.
    Waits,
    /// Nothing can be told.
    Unknown,
}

impl Given {
    fn of(words: &[String]) -> Self {
        let bare = |word: &String| {
            let word = word.trim_start_matches('-');
            word.split('=').next().unwrap_or(word).replace('-', "_")
        };
        Self {
            words: words.iter().skip(1).take(MAX_GIVEN).map(bare).collect(),
        }
    }

    fn has(&self, name: &str) -> bool {
        let name = name.trim_start_matches('-').replace('-', "_");
        !name.is_empty() && self.words.contains(&name)
    }

    /// Blanks the branches that wait, and the heads of the others, whose branches come in the next round.
    fn round(&self, text: &str, branches: Vec<Block>, language: Language) -> String {
        let mut blocks = Vec::new();
        let mut taken = false;
        let mut waited = false;
        for branch in branches {
            let whole = text.get(branch.from..branch.to).unwrap_or_default();
            let head = head(whole, language);
            let word: String = first_word(head);
            let more = matches!(word.as_str(), "else" | "elif");
            if !more {
                (taken, waited) = (false, false);
            }
            let otherwise = word == "else" && !head.contains("if");
            let says = match word.as_str() {
                "except" | "catch" => Says::Waits,
                "switch" | "match" | "case" => Says::Unknown,
                _ if otherwise && !taken && waited => Says::Runs,
                _ if otherwise || more && taken => Says::Waits,
                _ => self.says(head),
            };
            taken |= says == Says::Runs;
            waited |= says == Says::Waits;
            let name = String::new();
            match says {
                Says::Runs => blocks.push(Block {
                    name,
                    from: branch.from,
                    to: branch.from + head.len(),
                }),
                Says::Unknown if word == "switch" => {
                    blocks.extend(self.cases(whole, branch.from, head.len()));
                }
                Says::Waits | Says::Unknown => blocks.push(Block { name, ..branch }),
            }
        }
        let none = vec![false; blocks.len()];
        blanked(text, &blocks, &none)
    }

    /// Reads the head of a branch against the words that were given.
    fn says(&self, head: &str) -> Says {
        let told = |is: bool| if is { Says::Runs } else { Says::Waits };
        let compares = ["==", "!=", " in ", "includes(", "has(", "startswith("];
        // What the environment says is not known, and the worst of its values counts.
        if names(head)
            .iter()
            .any(|name| matches!(*name, "environ" | "getenv" | "env"))
        {
            return Says::Runs;
        }
        let literals = literals(head);
        let turned = head.contains("!=") || head.contains(" not ") || head.contains("(!");
        if !literals.is_empty() && compares.iter().any(|sign| head.contains(sign)) {
            let asked = literals.iter().any(|text| self.has(text));
            return told(asked != turned);
        }
        let names = names(head);
        let counts = names
            .iter()
            .any(|name| *name == "argv" || *name == "length");
        let asked = names.iter().any(|name| self.has(name));
        if asked || counts && names.len() <= 4 {
            return told((asked || self.words.len() > 1) != turned);
        }
        let answers = head.contains('(') && names.iter().any(|name| asks_the_world(name));
        if answers || names.iter().any(|name| matches!(*name, "True" | "true")) {
            return Says::Runs;
        }
        told(turned)
    }

    /// Returns the cases of a `switch` that wait.
    fn cases(&self, whole: &str, from: usize, head: usize) -> Vec<Block> {
        let body = whole.get(head..).unwrap_or_default();
        let starts: Vec<usize> = ["case ", "default:", "default :"]
            .iter()
            .flat_map(|word| body.match_indices(word).map(|(at, _)| at))
            .collect();
        let mut starts = starts;
        starts.sort_unstable();
        let asked = |at: usize| {
            let label = body.get(at..).unwrap_or_default();
            let label = label.split(':').next().unwrap_or_default();
            literals(label).iter().any(|text| self.has(text))
        };
        let any = starts.iter().any(|at| asked(*at));
        let mut blocks = vec![Block {
            name: String::new(),
            from,
            to: from + head,
        }];
        for (index, at) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(body.len());
            let is_default = body
                .get(*at..)
                .is_some_and(|text| text.starts_with("default"));
            let runs = asked(*at) || is_default && !any;
            if !runs {
                blocks.push(Block {
                    name: String::new(),
                    from: from + head + at,
                    to: from + head + end,
                });
            }
        }
        blocks
    }
}

/// Functions whose answer lies in the world, where the worst counts.
fn asks_the_world(name: &str) -> bool {
    matches!(
        name,
        "exists"
            | "existsSync"
            | "isdir"
            | "is_dir"
            | "isfile"
            | "is_file"
            | "statSync"
            | "access"
            | "accessSync"
            | "listdir"
            | "glob"
    )
}

/// Returns what stands before the body of a branch.
fn head(whole: &str, language: Language) -> &str {
    let end = match language {
        Language::Python => {
            let line = whole.lines().next().unwrap_or_default();
            match line.rfind(':') {
                Some(at) => at + 1,
                None => line.len(),
            }
        }
        _ => whole.find('{').unwrap_or_else(|| closed(whole)),
    };
    whole.get(..end).unwrap_or(whole)
}

/// The end of the brackets of a condition without braces.
fn closed(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn first_word(head: &str) -> String {
    let bare = head.trim_start_matches([' ', '\t', '\n', '}']);
    bare.chars().take_while(char::is_ascii_alphabetic).collect()
}

fn literals(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = rest.get(at..=at).unwrap_or_default();
        let after = rest.get(at + 1..).unwrap_or_default();
        let Some(end) = after.find(quote) else { break };
        all.extend(after.get(..end));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    all
}

fn names(head: &str) -> Vec<&str> {
    let parts = head.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    parts
        .filter(|part| {
            !part.is_empty() && !matches!(*part, "if" | "elif" | "while" | "else" | "not")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str, language: Language, given: &str) -> bool {
        let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
        running(text, language, &given).contains("wipe()")
    }

    #[test]
    fn a_branch_runs_where_the_command_line_asks_for_it() {
        use Language::{Javascript, Python};
        for (text, given) in [
            ("if args.force:\n    wipe()\n", "a.py --force"),
            ("if \"--wipe\" in sys.argv:\n    wipe()\n", "a.py --wipe"),
            ("if cmd == 'wipe':\n    wipe()\n", "a.py wipe"),
            (
                "if args.dry_run:\n    show()\nelse:\n    wipe()\n",
                "a.py x",
            ),
            ("if os.path.exists('data'):\n    wipe()\n", "a.py"),
            ("while True:\n    wipe()\n", "a.py"),
            ("if os.environ.get('RESET') == '1':\n    wipe()\n", "a.py"),
            (
                "if a:\n    pass\nif args.force:\n    if not args.dry_run:\n        wipe()\n",
                "a.py --force",
            ),
        ] {
            assert!(left(text, Python, given), "{text}");
        }
        for (text, given) in [
            (
                "if (process.argv.includes('--wipe')) { wipe(); }",
                "a.js --wipe",
            ),
            (
                "switch (cmd) { case 'show': show(); break; case 'wipe': wipe(); break; }",
                "a.js wipe",
            ),
            ("if (!opts.dryRun) { wipe(); }", "a.js"),
        ] {
            assert!(left(text, Javascript, given), "{text}");
        }
    }

    #[test]
    fn a_branch_that_nobody_asks_for_does_not_run() {
        use Language::{Javascript, Python};
        for (text, given) in [
            ("if args.force:\n    wipe()\n", "a.py"),
            (
                "if cmd == 'wipe':\n    wipe()\nelse:\n    show()\n",
                "a.py status",
            ),
            (
                "if args.dry_run:\n    show()\nelse:\n    wipe()\n",
                "a.py --dry-run",
            ),
            ("try:\n    x()\nexcept Exception:\n    wipe()\n", "a.py"),
            ("if input('sure? ') == 'y':\n    wipe()\n", "a.py"),
        ] {
            assert!(!left(text, Python, given), "{text}");
        }
        let text = "switch (cmd) { case 'show': show(); break; case 'wipe': wipe(); break; }";
        assert!(!left(text, Javascript, "a.js show"));
        assert!(!left(
            "if (argv.wipe) { wipe(); }",
            Javascript,
            "a.js build"
        ));
    }
}
