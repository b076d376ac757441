//! Prints words: quoted text in single quotes where quoting matters, bare where it does not.
//! Whole commands are printed by the parent.

use super::super::ast::{Param, PartKind, RawPart, RawWord};
use super::Printer;

/// How text of an expansion's operand is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    /// As a word; blanks are text.
    Word,
    /// Inside double quotes: only a backslash quotes.
    Quoted,
    /// As it stands: arithmetic, subscripts, offsets.
    Raw,
}

/// Words that must not lose their quotes.
const RESERVED: [&str; 18] = [
    "if", "then", "elif", "else", "fi", "for", "select", "while", "until", "do", "done", "case",
    "esac", "in", "function", "time", "coproc", "always",
];

/// One stretch of a word's literal text.
#[derive(Clone, Copy, Debug)]
struct Literal<'t> {
    text: &'t str,
    quoted: bool,
}

/// What has to be known of a word before its text is printed.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    /// Every quote counts: braces, tildes or brackets that quoting would switch off.
    strict: bool,
    /// Unquoted braces may expand.
    braces: bool,
    /// Some literal character is there, so empty quotes add nothing.
    has_text: bool,
    /// Unquoted text is printed as it stands: blanks and operators are text here.
    verbatim: bool,
}

/// Operands of expansions and words of `[[ ]]`.
const VERBATIM: Shape = Shape {
    strict: true,
    braces: false,
    has_text: false,
    verbatim: true,
};

/// Tells whether a character means the same with and without quotes, everywhere.
fn is_inert(next: char) -> bool {
    next.is_ascii_alphanumeric()
        || matches!(
            next,
            '_' | '.' | '/' | ':' | '%' | '-' | ',' | '+' | '@' | '^' | ']'
        )
}

impl Printer {
    /// Prints one word of a command.
    pub(super) fn word(&mut self, word: &RawWord) {
        self.word_start = self.out.len();
        let open_bracket =
            |part: &RawPart| matches!(&part.kind, PartKind::Glob(text) if text == "[");
        if word.parts.iter().any(open_bracket) {
            // A subscript or a pattern with expansions inside: its text has rules of its own.
            self.raw_text(&word.parts, false);
            return;
        }
        let start = self.out.len();
        let shape = self.shape(&word.parts);
        self.parts(&word.parts, shape);
        let bare = self.out.get(start..).unwrap_or_default();
        let plain = |part: &RawPart| matches!(part.kind, PartKind::Plain(_));
        if bare.is_empty() {
            self.quoted("");
        } else if !word.parts.iter().all(plain) && RESERVED.contains(&bare) {
            let text = bare.to_owned();
            self.out.truncate(start);
            self.quoted(&text);
        }
    }

    /// Prints a word of `[[ ]]`, where operator characters may be part of a regular expression.
    pub(super) fn test_word(&mut self, word: &RawWord) {
        let start = self.out.len();
        self.parts(&word.parts, VERBATIM);
        if self.out.len() == start {
            self.quoted("");
        }
    }

    fn shape(&self, parts: &[RawPart]) -> Shape {
        let mut shape = Shape {
            strict: self.keep_quotes,
            ..Shape::default()
        };
        let mut head = true;
        let mut quoted_head = false;
        let mut plain = String::new();
        for part in parts {
            match &part.kind {
                PartKind::Plain(text) => {
                    shape.has_text |= !text.is_empty();
                    shape.strict |= text.contains('~');
                    if head && text.contains('=') {
                        shape.strict |= quoted_head || text.starts_with('=');
                        head = false;
                    }
                    plain.push_str(text);
                }
                PartKind::Glob(text) => {
                    shape.strict |= text.contains('[') || text.contains('(');
                    shape.has_text = true;
                }
                PartKind::Escaped(text) | PartKind::Single(text) | PartKind::AnsiC(text) => {
                    shape.has_text |= !text.is_empty();
                    quoted_head |= head;
                }
                PartKind::Double(inner) => {
                    quoted_head |= head;
                    shape.has_text |= inner.iter().any(
                        |part| matches!(&part.kind, PartKind::Plain(text) if !text.is_empty()),
                    );
                }
                PartKind::Param(_)
                | PartKind::Command(_)
                | PartKind::Arith(_)
                | PartKind::Process { .. } => quoted_head |= head,
            }
        }
        shape.braces = plain.contains('{') && (plain.contains(',') || plain.contains(".."));
        shape.strict |= shape.braces;
        shape
    }

    /// Prints the parts of a word, neighbouring quoted texts as one.
    fn parts(&mut self, parts: &[RawPart], shape: Shape) {
        let mut run = String::new();
        let mut quoted_run = false;
        for part in parts {
            match &part.kind {
                PartKind::Escaped(text) | PartKind::Single(text) | PartKind::AnsiC(text) => {
                    run.push_str(text);
                    quoted_run = true;
                }
                PartKind::Double(inner) => {
                    quoted_run |= inner.is_empty();
                    for part in inner {
                        if let PartKind::Plain(text) = &part.kind {
                            run.push_str(text);
                            quoted_run = true;
                        } else {
                            self.flush(&mut run, &mut quoted_run, shape);
                            self.quoted_expansion(part);
                        }
                    }
                }
                PartKind::Plain(text) => {
                    self.flush(&mut run, &mut quoted_run, shape);
                    let quoted = false;
                    self.literal(Literal { text, quoted }, shape);
                }
                PartKind::Glob(text) => {
                    self.flush(&mut run, &mut quoted_run, shape);
                    self.out.push_str(text);
                }
                PartKind::Param(_)
                | PartKind::Command(_)
                | PartKind::Arith(_)
                | PartKind::Process { .. } => {
                    self.flush(&mut run, &mut quoted_run, shape);
                    self.expansion(part, false);
                }
            }
        }
        self.flush(&mut run, &mut quoted_run, shape);
    }

    fn flush(&mut self, run: &mut String, quoted_run: &mut bool, shape: Shape) {
        let text = std::mem::take(run);
        if !std::mem::take(quoted_run) || text.is_empty() && shape.has_text && !shape.strict {
            return;
        }
        let literal = Literal {
            text: &text,
            quoted: true,
        };
        self.literal(literal, shape);
    }

    /// Prints literal text: bare where quotes make no difference, in single quotes otherwise.
    fn literal(&mut self, literal: Literal<'_>, shape: Shape) {
        if literal.quoted && (shape.strict || literal.text.is_empty()) {
            self.quoted(literal.text);
            return;
        }
        let mut odd = String::new();
        for next in literal.text.chars() {
            let bare = is_inert(next)
                || (!literal.quoted && is_active(next, shape))
                || (next == '=' && odd.is_empty() && self.is_no_assignment());
            if bare {
                if !odd.is_empty() {
                    self.quoted(&std::mem::take(&mut odd));
                }
                self.out.push(next);
            } else {
                odd.push(next);
            }
        }
        if !odd.is_empty() {
            self.quoted(&odd);
        }
    }

    /// Tells whether a `=` behind what is printed of this word cannot make it an assignment.
    fn is_no_assignment(&self) -> bool {
        let head = self.out.get(self.word_start..).unwrap_or_default();
        let in_name = |next: char| next.is_ascii_alphanumeric() || "_+[]".contains(next);
        !head.is_empty() && !head.chars().all(in_name)
    }

    /// Prints text in single quotes; what was quoted just before and this become one.
    fn quoted(&mut self, text: &str) {
        if self.quote_end == self.out.len() && self.out.ends_with('\'') {
            self.out.pop();
        } else if self.out.ends_with('$') {
            // `$'` would be read as one token, and a lone `$` means the same when quoted.
            self.out.pop();
            self.out.push_str("'$");
        } else {
            self.out.push('\'');
        }
        for next in text.chars() {
            if next == '\'' {
                self.out.push_str("'\\''");
            } else {
                self.out.push(next);
            }
        }
        self.out.push('\'');
        self.quote_end = self.out.len();
    }

    /// Prints an expansion in double quotes.
    fn quoted_expansion(&mut self, part: &RawPart) {
        self.out.push('"');
        self.expansion(part, true);
        self.out.push('"');
    }

    /// Prints an expansion; `quoted` tells whether it stands in double quotes or the like.
    pub(super) fn expansion(&mut self, part: &RawPart, quoted: bool) {
        match &part.kind {
            PartKind::Param(param) => self.param(param, quoted),
            PartKind::Command(script) => {
                self.out.push_str("$(\n");
                self.nested(script);
                self.out.push(')');
            }
            PartKind::Arith(parts) => {
                let (open, close) = if is_balanced(parts) {
                    ("$((", "))")
                } else {
                    ("$[", "]")
                };
                self.out.push_str(open);
                self.raw_text(parts, true);
                self.out.push_str(close);
            }
            PartKind::Process { input, script } => {
                self.out.push_str(if *input { "<(\n" } else { ">(\n" });
                self.nested(script);
                self.out.push(')');
            }
            PartKind::Plain(_)
            | PartKind::Escaped(_)
            | PartKind::Single(_)
            | PartKind::AnsiC(_)
            | PartKind::Double(_)
            | PartKind::Glob(_) => {}
        }
    }

    fn param(&mut self, param: &Param, quoted: bool) {
        self.out.push_str("${");
        if param.length {
            self.out.push('#');
        }
        if param.indirect {
            self.out.push('!');
        }
        self.out.push_str(&param.name);
        if let Some(index) = &param.index {
            self.out.push('[');
            self.raw_text(index, true);
            self.out.push(']');
        }
        let style = match param.op.as_str() {
            "(" => Operand::Raw,
            ":" | "@" | "*" => Operand::Raw,
            op if quoted && op.contains(['-', '=', '?', '+']) => Operand::Quoted,
            _ => Operand::Word,
        };
        if param.op != "(" {
            self.out.push_str(&param.op);
        }
        for (number, operand) in param.operands.iter().enumerate() {
            if number > 0 {
                self.out.push(if param.op == ":" { ':' } else { '/' });
            }
            self.operand(operand, style, quoted);
        }
        self.out.push('}');
    }

    fn operand(&mut self, parts: &[RawPart], style: Operand, quoted: bool) {
        match style {
            Operand::Raw => self.raw_text(parts, quoted),
            Operand::Word => {
                self.parts(parts, VERBATIM);
            }
            Operand::Quoted => self.quoted_operand(parts),
        }
    }

    /// Prints an operand inside double quotes, where inner quotes add nothing.
    fn quoted_operand(&mut self, parts: &[RawPart]) {
        self.in_double_quotes(parts, &['$', '`', '\\', '"', '}']);
    }

    fn in_double_quotes(&mut self, parts: &[RawPart], escaped: &[char]) {
        for part in parts {
            match &part.kind {
                PartKind::Plain(text)
                | PartKind::Escaped(text)
                | PartKind::Single(text)
                | PartKind::AnsiC(text)
                | PartKind::Glob(text) => {
                    for next in text.chars() {
                        if escaped.contains(&next) {
                            self.out.push('\\');
                        }
                        self.out.push(next);
                    }
                }
                PartKind::Double(inner) => self.in_double_quotes(inner, escaped),
                PartKind::Param(_)
                | PartKind::Command(_)
                | PartKind::Arith(_)
                | PartKind::Process { .. } => self.expansion(part, true),
            }
        }
    }

    /// Prints text that is not a word: arithmetic, subscripts.
    pub(super) fn raw_text(&mut self, parts: &[RawPart], quoted: bool) {
        for part in parts {
            match &part.kind {
                PartKind::Plain(text) | PartKind::Glob(text) => self.out.push_str(text),
                PartKind::Escaped(text) => {
                    self.out.push('\\');
                    self.out.push_str(text);
                }
                PartKind::Single(text) | PartKind::AnsiC(text) => self.quoted(text),
                PartKind::Double(inner) => {
                    self.out.push('"');
                    self.in_double_quotes(inner, &['$', '`', '\\', '"']);
                    self.out.push('"');
                }
                PartKind::Param(_)
                | PartKind::Command(_)
                | PartKind::Arith(_)
                | PartKind::Process { .. } => self.expansion(part, quoted),
            }
        }
    }
}

/// Tells whether arithmetic could stand in `$(( ))`; what `$[ ]` holds may not.
fn is_balanced(parts: &[RawPart]) -> bool {
    let mut open = 0_usize;
    let mut shielded = false;
    for part in parts {
        let PartKind::Plain(text) = &part.kind else {
            continue;
        };
        for next in text.chars() {
            match next {
                '\'' => shielded = !shielded,
                _ if shielded => {}
                '(' => open += 1,
                ')' if open == 0 => return false,
                ')' => open -= 1,
                ';' => return false,
                _ => {}
            }
        }
    }
    open == 0
}

/// Tells whether an unquoted character has to stay unquoted.
fn is_active(next: char, shape: Shape) -> bool {
    match next {
        '~' | '=' => true,
        '{' | '}' => shape.braces,
        _ => shape.verbatim,
    }
}
