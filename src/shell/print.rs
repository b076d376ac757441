//! Prints a tree one way: white space, comments and the style of quoting are gone, everything else stays.
//! It serves fingerprints and never repairs a text; two different meanings must not print alike.

mod word;

use super::ast::{
    Assign, AssignValue, CaseArm, Chain, Item, Node, NodeKind, PartKind, Pipeline, RawPart,
    RawWord, RedirectOp, Redirection, Script,
};

/// Prints a whole script. The output parses again, and then prints the same.
///
/// ```
/// use backstop::shell::{parse::parse, print::print};
/// let one = parse("rm  -rf 'build' # gone").unwrap();
/// let two = parse("rm -rf \"build\"").unwrap();
/// assert_eq!(print(&one), print(&two));
/// ```
pub fn print(script: &Script) -> String {
    let mut printer = Printer::default();
    printer.script(script);
    // An alias hits unquoted words only, so a text that may define one keeps every quote.
    if printer.out.contains("alias") || printer.out.contains("eval") {
        printer = Printer {
            keep_quotes: true,
            ..Printer::default()
        };
        printer.script(script);
    }
    printer.out
}

/// Collects the output.
#[derive(Debug, Default)]
struct Printer {
    out: String,
    keep_quotes: bool,
    /// Here-document bodies with their delimiters, due after the next newline of this level.
    due: Vec<(String, String)>,
    /// Where the word that is being printed began.
    word_start: usize,
    /// Where the last quoted text ended.
    quote_end: usize,
}

/// Words that mean something else where a command begins.
const RESERVED: [&str; 26] = [
    "if", "then", "elif", "else", "fi", "for", "foreach", "while", "until", "do", "done", "case",
    "esac", "select", "function", "time", "coproc", "in", "{", "}", "!", "[[", "]]", "repeat",
    "always", "end",
];

impl Printer {
    fn script(&mut self, script: &Script) {
        for item in &script.items {
            self.item(item);
        }
    }

    /// Prints a script with here-documents of its own.
    fn nested(&mut self, script: &Script) {
        let outer = std::mem::take(&mut self.due);
        self.script(script);
        self.due = outer;
    }

    fn item(&mut self, item: &Item) {
        self.pipeline(&item.first);
        for (chain, pipeline) in &item.rest {
            self.out.push_str(match chain {
                Chain::And => " && ",
                Chain::Or => " || ",
            });
            self.pipeline(pipeline);
        }
        if item.background {
            self.out.push_str(" &");
        }
        self.newline();
    }

    fn newline(&mut self) {
        self.out.push('\n');
        for (delimiter, body) in std::mem::take(&mut self.due) {
            self.out.push_str(&body);
            self.out.push_str(&delimiter);
            self.out.push('\n');
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.timed {
            self.out.push_str("time ");
        }
        if pipeline.negated {
            self.out.push_str("! ");
        }
        for (number, node) in pipeline.nodes.iter().enumerate() {
            if number > 0 {
                self.out.push_str(" | ");
            }
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Simple { assigns, words } => self.simple(assigns, words),
            NodeKind::Subshell(script) => {
                self.out.push('(');
                self.block(script);
                self.out.push(')');
            }
            NodeKind::Group(script) => self.braces(script),
            NodeKind::If { arms, otherwise } => self.conditional(arms, otherwise.as_ref()),
            NodeKind::While { .. } | NodeKind::For { .. } | NodeKind::ForArith { .. } => {
                self.looped(&node.kind);
            }
            NodeKind::Case { subject, arms } => self.case(subject, arms),
            NodeKind::Test(words) => self.test(words),
            NodeKind::Arith(parts) => {
                self.out.push_str("((");
                self.raw_text(parts, true);
                self.out.push_str("))");
            }
            NodeKind::Function { name, body } => {
                self.out.push_str("function ");
                self.out.push_str(name);
                self.out.push_str(" () ");
                self.node(body);
            }
            NodeKind::Coproc { name, body } => {
                self.out.push_str("coproc ");
                if let Some(name) = name {
                    self.out.push_str(name);
                    self.out.push(' ');
                }
                self.node(body);
            }
        }
        for redirect in &node.redirects {
            self.out.push(' ');
            self.redirect(redirect);
        }
    }

    fn looped(&mut self, kind: &NodeKind) {
        match kind {
            NodeKind::While {
                until,
                condition,
                body,
            } => {
                self.out.push_str(if *until { "until" } else { "while" });
                self.block(condition);
                self.do_done(body);
            }
            NodeKind::For {
                name,
                words,
                body,
                select,
            } => {
                self.out.push_str(if *select { "select " } else { "for " });
                self.out.push_str(name);
                if let Some(words) = words {
                    self.out.push_str(" in");
                    self.words(words);
                }
                self.newline();
                self.do_done(body);
            }
            NodeKind::ForArith { header, body } => {
                self.out.push_str("for ((");
                self.raw_text(header, true);
                self.out.push_str("))");
                self.newline();
                self.do_done(body);
            }
            _ => {}
        }
    }

    /// Prints a list on lines of its own.
    fn block(&mut self, script: &Script) {
        self.newline();
        self.script(script);
    }

    fn braces(&mut self, script: &Script) {
        self.out.push('{');
        self.block(script);
        self.out.push('}');
    }

    fn do_done(&mut self, script: &Script) {
        self.out.push_str("do");
        self.block(script);
        self.out.push_str("done");
    }

    fn conditional(&mut self, arms: &[(Script, Script)], otherwise: Option<&Script>) {
        for (number, (condition, body)) in arms.iter().enumerate() {
            self.out.push_str(if number == 0 { "if" } else { "elif" });
            self.block(condition);
            self.out.push_str("then");
            self.block(body);
        }
        if let Some(body) = otherwise {
            self.out.push_str("else");
            self.block(body);
        }
        self.out.push_str("fi");
    }

    fn case(&mut self, subject: &RawWord, arms: &[CaseArm]) {
        self.out.push_str("case ");
        self.word(subject);
        self.out.push_str(" in");
        self.newline();
        for arm in arms {
            self.out.push('(');
            for (number, pattern) in arm.patterns.iter().enumerate() {
                if number > 0 {
                    self.out.push('|');
                }
                self.word(pattern);
            }
            self.out.push(')');
            self.block(&arm.body);
            self.out.push_str(match (arm.falls_through, arm.asks_next) {
                (_, true) => ";;&",
                (true, false) => ";&",
                (false, false) => ";;",
            });
            self.newline();
        }
        self.out.push_str("esac");
    }

    fn test(&mut self, words: &[RawWord]) {
        self.out.push_str("[[");
        for word in words {
            self.out.push(' ');
            match word.parts.as_slice() {
                [
                    RawPart {
                        kind: PartKind::Plain(text),
                        ..
                    },
                ] if matches!(
                    text.as_str(),
                    "(" | ")" | "<" | ">" | "&&" | "||" | "!" | "=~"
                ) =>
                {
                    self.out.push_str(text);
                }
                _ => self.test_word(word),
            }
        }
        self.out.push_str(" ]]");
    }

    fn words(&mut self, words: &[RawWord]) {
        for word in words {
            self.out.push(' ');
            self.word(word);
        }
    }

    fn simple(&mut self, assigns: &[Assign], words: &[RawWord]) {
        let first = words.first().map(|word| word.span.start);
        let is_operand = |assign: &Assign| {
            matches!(assign.value, AssignValue::Array(_))
                && words.iter().skip(1).any(|word| word.span == assign.span)
                && first.is_some_and(|first| first < assign.span.start)
        };
        let mut gap = "";
        for assign in assigns.iter().filter(|assign| !is_operand(assign)) {
            self.out.push_str(gap);
            self.assign(assign);
            gap = " ";
        }
        let mut operands = assigns
            .iter()
            .filter(|assign| is_operand(assign))
            .peekable();
        for word in words {
            self.out.push_str(gap);
            let begin = (gap.is_empty()).then_some(self.out.len());
            gap = " ";
            match operands.next_if(|assign| assign.span == word.span) {
                Some(assign) => self.assign(assign),
                None => self.word(word),
            }
            // `<f if` starts a program called `if`; printed in front of its redirection the word would be reserved.
            if let Some(begin) = begin
                && RESERVED.contains(&self.out.get(begin..).unwrap_or_default())
            {
                self.out.insert(begin, '\'');
                self.out.push('\'');
            }
        }
    }

    fn assign(&mut self, assign: &Assign) {
        self.out.push_str(&assign.name);
        if let Some(index) = &assign.index {
            self.out.push('[');
            self.raw_text(index, true);
            self.out.push(']');
        }
        self.out.push_str(if assign.append { "+=" } else { "=" });
        match &assign.value {
            AssignValue::Word(word) => self.word(word),
            AssignValue::Array(elements) => {
                self.out.push('(');
                self.words(elements);
                self.out.push_str(" )");
            }
        }
    }

    fn redirect(&mut self, redirect: &Redirection) {
        let (sign, default) = match redirect.op {
            RedirectOp::In => ("<", Some(0)),
            RedirectOp::Out => (">", Some(1)),
            RedirectOp::Clobber => (">|", Some(1)),
            RedirectOp::Append => (">>", Some(1)),
            RedirectOp::ReadWrite => ("<>", Some(0)),
            RedirectOp::OutBoth => ("&>", None),
            RedirectOp::AppendBoth => ("&>>", None),
            RedirectOp::DupIn => ("<&", Some(0)),
            RedirectOp::DupOut => (">&", Some(1)),
            RedirectOp::HereDoc => ("<<", Some(0)),
            RedirectOp::HereString => ("<<<", Some(0)),
        };
        match (&redirect.fd_name, redirect.fd, default) {
            (_, _, None) => {}
            (Some(name), _, _) => {
                self.out.push('{');
                self.out.push_str(name);
                self.out.push('}');
            }
            (None, fd, Some(default)) => self.out.push_str(&fd.unwrap_or(default).to_string()),
        }
        self.out.push_str(sign);
        if redirect.op == RedirectOp::HereDoc {
            self.document(redirect.body.as_deref().unwrap_or_default());
        } else {
            self.out.push(' ');
            self.word(&redirect.target);
        }
    }

    /// Prints a here-document's delimiter and keeps its body for the next newline.
    fn document(&mut self, parts: &[RawPart]) {
        let mut inner = Self {
            keep_quotes: self.keep_quotes,
            ..Self::default()
        };
        let literal = parts
            .iter()
            .all(|part| matches!(part.kind, PartKind::Plain(_) | PartKind::Single(_)));
        for part in parts {
            match &part.kind {
                PartKind::Plain(text) if !literal => inner.document_text(text),
                PartKind::Plain(text) | PartKind::Single(text) => inner.out.push_str(text),
                _ => inner.expansion(part, true),
            }
        }
        let mut body = inner.out;
        if !body.is_empty() && !body.ends_with('\n') {
            body.push('\n');
        }
        let mut delimiter = "EOF".to_owned();
        while body.contains(&delimiter) {
            delimiter.push('_');
        }
        let quote = if literal { "'" } else { "" };
        self.out.push_str(quote);
        self.out.push_str(&delimiter);
        self.out.push_str(quote);
        self.due.push((delimiter, body));
    }

    fn document_text(&mut self, text: &str) {
        for next in text.chars() {
            if matches!(next, '$' | '`' | '\\') {
                self.out.push('\\');
            }
            self.out.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::print;

    fn printed(text: &str) -> String {
        print(&parse(text).unwrap())
    }

    #[test]
    fn white_space_comments_and_quoting_style_do_not_count() {
        for (one, two) in [
            ("rm  -rf 'build' # x", "rm -rf build"),
            ("echo \"a b\"", "echo 'a b'"),
            ("echo a\\ b", "echo 'a b'"),
            ("r''m x", "rm x"),
            ("a; b", "a\nb"),
            ("echo \"$x\"", "echo \"${x}\""),
            ("echo `ls`", "echo $(ls)"),
            ("f() { a; }", "function f { a\n}"),
            ("a >f", "a 1> f"),
            ("ssh u@h \"x y\"", "ssh 'u@h' 'x y'"),
            ("git log --format=\"x\"", "git log \"--format=x\""),
            ("cat <<A\nx\nA\n", "cat <<'B'\nx\nB\n"),
            ("find . -exec rm {} \\;", "find . -exec rm '{}' ';'"),
        ] {
            assert_eq!(printed(one), printed(two), "{one} / {two}");
        }
    }

    #[test]
    fn different_meanings_print_differently() {
        for (one, two) in [
            ("rm *", "rm '*'"),
            ("rm ~", "rm '~'"),
            ("rm ~\"root\"", "rm ~root"),
            ("rm {a,b}", "rm '{a,b}'"),
            ("rm {\"1\"..3}", "rm {1..3}"),
            ("rm [a-z]", "rm '[a-z]'"),
            ("rm [a\"-\"z]", "rm [a-z]"),
            ("rm $x", "rm '$x'"),
            ("rm $x", "rm \"$x\""),
            ("rm \"$x\"", "rm \"\"\"$x\"'a'"),
            ("rm ''$x", "rm $x"),
            ("a=b c", "'a=b' c"),
            ("a=b c", "\"a\"=b c"),
            ("if a; then b; fi", "'if' a; then=1; b"),
            ("a && b", "a || b"),
            ("a; b", "a | b"),
            ("a & b", "a; b"),
            ("! a", "a"),
            ("(a)", "{ a; }"),
            ("cat <<A\n$x\nA\n", "cat <<'A'\n$x\nA\n"),
            ("cat <<A\nx\nA\n", "cat <<A\ny\nA\n"),
            ("a 2>f", "a >f"),
            ("a 2 >f", "a 2>f"),
            ("a >f", "a >>f"),
            ("echo ${x:-a b}", "echo ${x:-'a b'}"),
            ("echo ${x#*}", "echo ${x#'*'}"),
            ("[[ a =~ (a|b) ]]", "[[ a =~ '(a|b)' ]]"),
            ("for x in a; do b; done", "select x in a; do b; done"),
            (
                "case a in b) c;& *) d; esac",
                "case a in b) c;;& *) d; esac",
            ),
            ("while a; do b; done", "until a; do b; done"),
            ("alias ls='rm x'\nls", "alias ls='rm x'\n\\ls"),
            ("echo $((x))", "echo '$((x))'"),
            ("cat <(a)", "cat >(a)"),
            ("a=(b c)", "a='(b c)'"),
            ("declare a=(b)", "a=(b) declare a"),
            ("echo $'a\\nb'", "echo 'a\\nb'"),
        ] {
            assert_ne!(printed(one), printed(two), "{one} / {two}");
        }
    }

    #[test]
    fn the_print_of_a_print_is_the_same() {
        for text in [
            "echo {\"a b\" \\$ '~' ~ 'a'\"'\"",
            "cat <<A | while read x; do echo $(cat <<B\ny\nB\n); done\n$x\nA\n",
            "echo \"${x:-a}b}\" ${y//'/'/\\}} ${z:1:2}",
            "[[ $a =~ ^(x|y)$'z' ]] && a[1 + 2]+='b c' d",
            "case x in (a|'esac') b;; *) c; esac >f 2>&1 &",
            "declare -A m=([a]=b) && x='' y= z",
        ] {
            let once = printed(text);
            assert_eq!(printed(&once), once, "{text}");
        }
    }
}
