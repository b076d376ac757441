//! Terms of Perl: names with what stands behind them, functions with their arguments.
//! It knows how many arguments a function takes, not what it does.

use std::rc::Rc;

use super::read::{COMPARES, Reading};
use super::tree::{Kind, Node, Piece};

/// Functions of one argument, which bind closer than comparisons.
const UNARY: [&str; 33] = [
    "defined",
    "ref",
    "scalar",
    "lc",
    "uc",
    "lcfirst",
    "ucfirst",
    "length",
    "chr",
    "ord",
    "int",
    "abs",
    "sqrt",
    "shift",
    "pop",
    "keys",
    "values",
    "exists",
    "delete",
    "chdir",
    "rmdir",
    "readdir",
    "closedir",
    "close",
    "exit",
    "quotemeta",
    "localtime",
    "gmtime",
    "stat",
    "lstat",
    "undef",
    "umask",
    "chomp",
];
/// Functions that take all that follows.
const LISTS: [&str; 47] = [
    "unlink",
    "rename",
    "open",
    "opendir",
    "mkdir",
    "push",
    "unshift",
    "splice",
    "join",
    "split",
    "sprintf",
    "die",
    "warn",
    "system",
    "exec",
    "reverse",
    "index",
    "rindex",
    "substr",
    "utime",
    "chmod",
    "copy",
    "move",
    "cp",
    "mv",
    "make_path",
    "mkpath",
    "remove_tree",
    "rmtree",
    "find",
    "finddepth",
    "GetOptions",
    "getopts",
    "basename",
    "dirname",
    "fileparse",
    "catfile",
    "catdir",
    "abs_path",
    "realpath",
    "floor",
    "ceil",
    "strftime",
    "binmode",
    "truncate",
    "glob",
    "croak",
];
/// Functions without arguments.
const NONE: [&str; 4] = ["time", "getcwd", "cwd", "wantarray"];
/// Words between two terms.
const BETWEEN: [&str; 18] = [
    "if", "unless", "for", "foreach", "while", "until", "or", "and", "x", "eq", "ne", "cmp", "lt",
    "gt", "le", "ge", "xor", "not",
];

/// Tells whether a name is one of Perl's own functions, or of its modules.
pub(super) fn is_own(name: &str) -> bool {
    let words = ["sort", "map", "grep", "print", "printf", "say"];
    UNARY.contains(&name) || LISTS.contains(&name) || NONE.contains(&name) || words.contains(&name)
}

impl Reading<'_> {
    pub fn postfix(&mut self) -> Option<Node> {
        let from = self.at;
        let mut node = self.term()?;
        loop {
            let rest = self.rest();
            if rest.starts_with("++") || rest.starts_with("--") {
                let by = if rest.starts_with('+') { 1.0 } else { -1.0 };
                self.at += 2;
                return Some(self.node(from, Kind::Step(by, true, Box::new(node))));
            }
            let before = self.at;
            self.blank();
            let rest = self.rest();
            let chained = matches!(node.kind, Kind::At(..) | Kind::Key(..));
            let name = matches!(node.kind, Kind::Name(_) | Kind::Into('$', _));
            let direct = before == self.at && (name || chained) && rest.starts_with(['[', '{']);
            if direct && matches!(&node.kind, Kind::Name(name) if !name.starts_with('$')) {
                return Some(node);
            }
            if direct || rest.starts_with("->") {
                node = self.reached(node, from)?;
                continue;
            }
            if chained && before == self.at && rest.starts_with('(') {
                let arguments = self.bracketed()?;
                node = self.node(from, Kind::CallOf(Box::new(node), arguments));
                continue;
            }
            return Some(node);
        }
    }

    /// `->[…]`, `->{…}`, `->(…)`, `->method(…)`.
    fn reached(&mut self, node: Node, from: usize) -> Option<Node> {
        let behind = self.rest().strip_prefix("->").map(str::trim_start);
        let Some(behind) = behind.filter(|rest| !rest.starts_with(['[', '{'])) else {
            return self.subscript(node);
        };
        self.wants("->")?;
        if behind.starts_with('(') {
            let arguments = self.bracketed()?;
            return Some(self.node(from, Kind::CallOf(Box::new(node), arguments)));
        }
        let method = self.word()?.to_owned();
        self.at += method.len();
        let arguments = if self.rest().starts_with('(') {
            self.bracketed()?
        } else {
            Vec::new()
        };
        Some(self.node(from, Kind::Method(Box::new(node), method, arguments)))
    }

    /// `[…]` or `{…}` behind a term.
    pub fn subscript(&mut self, node: Node) -> Option<Node> {
        let from = node.span.start;
        let arrow = self.takes("->");
        let open = self.step()?;
        let sign = if open == '[' { '@' } else { '%' };
        let key = match open {
            '[' => self.expression()?,
            '{' => self.key()?,
            _ => return None,
        };
        self.wants(if open == '[' { "]" } else { "}" })?;
        let span = node.span;
        let held = |kind| Box::new(Node { span, kind });
        let container = match node.kind {
            Kind::Name(name) if !arrow && name.starts_with('$') => held(Kind::Name(format!(
                "{sign}{}",
                name.trim_start_matches('$')
            ))),
            Kind::Into('$', inner) if !arrow => held(Kind::Into(sign, inner)),
            kind => {
                let inner = held(kind);
                held(Kind::Into(sign, inner))
            }
        };
        let kind = match open {
            '[' => Kind::At(container, Box::new(key)),
            _ => Kind::Key(container, Box::new(key)),
        };
        Some(self.node(from, kind))
    }

    /// A key of a map: a bare word is a text.
    fn key(&mut self) -> Option<Node> {
        let from = self.at;
        let minus = self.takes("-");
        if let Some(word) = self.word() {
            self.at += word.len();
            if self.sees("}") {
                let text = format!("{}{word}", if minus { "-" } else { "" });
                return Some(self.node(from, Kind::Text(vec![Piece::Text(text)])));
            }
        }
        self.at = from;
        self.expression()
    }

    pub fn bracketed(&mut self) -> Option<Vec<Node>> {
        self.wants("(")?;
        let all = self.items(")")?;
        self.wants(")")?;
        Some(all)
    }

    /// Items up to a closing sign.
    fn items(&mut self, close: &str) -> Option<Vec<Node>> {
        let mut all = Vec::new();
        while !self.sees(close) {
            all.push(self.given()?);
            if !self.takes(",") && !self.takes("=>") {
                break;
            }
            while self.takes(",") {}
        }
        Some(all)
    }

    /// `$x`, `@x`, `%x`, `@{…}`, `$#x`, `&f(…)`.
    pub fn sigil(&mut self) -> Option<Node> {
        let from = self.at;
        let sign = self.step()?;
        if sign == '$' && self.rest().starts_with('#') {
            let next = self.rest().chars().nth(1)?;
            if next == '{' || next == '$' {
                self.step();
                let inner = self.looked_into()?;
                let list = self.node(from, Kind::Into('@', Box::new(inner)));
                return Some(self.node(from, Kind::LastOf(Box::new(list))));
            }
            self.step();
            let word = self.word()?;
            self.at += word.len();
            let list = self.node(from, Kind::Name(format!("@{word}")));
            return Some(self.node(from, Kind::LastOf(Box::new(list))));
        }
        let next = self.peek()?;
        let names = next.is_ascii_alphabetic() || next == '_';
        let node = if names {
            let word = self.word()?.to_owned();
            self.at += word.len();
            self.node(from, Kind::Name(format!("{sign}{word}")))
        } else if next == '{'
            || next == '$'
                && self
                    .rest()
                    .chars()
                    .nth(1)
                    .is_some_and(|c| c.is_alphanumeric() || "_{$".contains(c))
        {
            let inner = self.looked_into()?;
            match inner.kind {
                Kind::Text(pieces) => match pieces.as_slice() {
                    [Piece::Text(name)] => self.node(from, Kind::Name(format!("{sign}{name}"))),
                    _ => return None,
                },
                _ => self.node(from, Kind::Into(sign, Box::new(inner))),
            }
        } else if sign == '$' && next.is_ascii_digit() {
            let rest = self.rest();
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            self.at += end;
            self.node(from, Kind::Name(format!("${}", rest.get(..end)?)))
        } else if sign == '$' && "!@/\\,;&.0\"$|".contains(next) {
            self.step();
            self.node(from, Kind::Name(format!("${next}")))
        } else {
            return None;
        };
        self.sliced(sign, node, from)
    }

    /// `@x[…]`, `@h{…}`.
    fn sliced(&mut self, sign: char, node: Node, from: usize) -> Option<Node> {
        if sign != '@' {
            return Some(node);
        }
        let open = self.peek();
        if open == Some('[')
            && self
                .rest()
                .get(1..)?
                .starts_with(|c: char| c.is_ascii_digit() || "$-@g".contains(c))
        {
            self.step();
            let places = self.expression()?;
            self.wants("]")?;
            return Some(self.node(from, Kind::Slice(Box::new(node), Box::new(places))));
        }
        let Kind::Name(name) = &node.kind else {
            return Some(node);
        };
        if open == Some('{') {
            let map = Kind::Name(format!("%{}", name.trim_start_matches('@')));
            self.step();
            let keys = self.expression()?;
            self.wants("}")?;
            let map = Box::new(self.node(from, map));
            return Some(self.node(from, Kind::Keys(map, Box::new(keys))));
        }
        Some(node)
    }

    /// What stands behind a sign that looks into something: `{$x}`, `$x`, `{name}`.
    fn looked_into(&mut self) -> Option<Node> {
        let from = self.at;
        if self.peek() == Some('$') {
            self.step();
            let word = self.word()?.to_owned();
            self.at += word.len();
            return Some(self.node(from, Kind::Name(format!("${word}"))));
        }
        self.wants("{")?;
        let inner = self.key()?;
        self.wants("}")?;
        Some(inner)
    }

    fn term(&mut self) -> Option<Node> {
        self.blank();
        let from = self.at;
        let kind = match self.peek()? {
            '$' | '@' => return self.sigil(),
            '%' => return self.sigil(),
            '&' => return self.called_by_sign(),
            '"' => {
                self.step();
                let text = self.between('"')?;
                Kind::Text(self.pieces(&text, true)?)
            }
            '\'' => {
                self.step();
                let text = self.between('\'')?;
                Kind::Text(vec![Piece::Text(text.replace("\\\\", "\\"))])
            }
            '/' => {
                self.step();
                let pattern = self.between('/')?;
                let pieces = self.pieces(&pattern, false)?;
                Kind::Match(None, pieces, self.flags())
            }
            '<' => return self.angled(),
            '0'..='9' | '.' => return self.number(),
            '(' => {
                let list = self.bracketed()?;
                let node = self.node(from, Kind::List(list));
                if self.sees("[") {
                    self.step();
                    let places = self.expression()?;
                    self.wants("]")?;
                    Kind::Slice(Box::new(node), Box::new(places))
                } else {
                    return Some(node);
                }
            }
            '[' => {
                self.step();
                let items = self.items("]")?;
                self.wants("]")?;
                Kind::Items(items)
            }
            '{' => {
                self.step();
                let items = self.items("}")?;
                self.wants("}")?;
                Kind::Entries(items)
            }
            _ => return self.named(),
        };
        Some(self.node(from, kind))
    }

    fn called_by_sign(&mut self) -> Option<Node> {
        let from = self.at;
        self.step();
        let next = self.peek()?;
        if next == '$' || next == '{' {
            let inner = self.looked_into()?;
            let arguments = if self.sees("(") {
                self.bracketed()?
            } else {
                return None;
            };
            return Some(self.node(from, Kind::CallOf(Box::new(inner), arguments)));
        }
        let word = self.word()?.to_owned();
        self.at += word.len();
        let arguments = if self.rest().starts_with('(') {
            Some(self.bracketed()?)
        } else {
            None
        };
        Some(self.node(
            from,
            match arguments {
                Some(arguments) => Kind::Call(word, arguments),
                // `\&wanted`: the function itself.
                None => Kind::Name(format!("&{word}")),
            },
        ))
    }

    /// `<$fh>`, `<STDIN>`, `<<'END'`, `<*.txt>`.
    fn angled(&mut self) -> Option<Node> {
        let from = self.at;
        if self.rest().starts_with("<<") {
            return self.here_text();
        }
        self.step();
        let inside = self.between('<')?;
        let plain = inside
            .trim_start_matches('$')
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_');
        if inside.is_empty() {
            return None;
        }
        if !plain {
            // Anything but a handle is a pattern.
            let pattern = Kind::Text(self.pieces(&inside, true)?);
            let pattern = self.node(from, pattern);
            return Some(self.node(from, Kind::Call("glob".to_owned(), vec![pattern])));
        }
        let handle = match inside.starts_with('$') {
            true => Kind::Name(inside),
            false => Kind::Text(vec![Piece::Text(inside)]),
        };
        let handle = Box::new(self.node(from, handle));
        Some(self.node(from, Kind::ReadLine(handle)))
    }

    fn here_text(&mut self) -> Option<Node> {
        let from = self.at;
        self.at += 2;
        let deep = self.rest().starts_with('~');
        self.at += usize::from(deep);
        let quote = self.peek().filter(|c| matches!(c, '"' | '\''));
        let word = match quote {
            Some(quote) => {
                self.step();
                self.between(quote)?
            }
            None => {
                let word = self.word()?.to_owned();
                self.at += word.len();
                word
            }
        };
        let line_end = self.at + self.rest().find('\n')?;
        let body = self.text.get(line_end + 1..)?;
        let mut end = 0;
        let mut text = String::new();
        let mut closed = false;
        for line in body.split_inclusive('\n') {
            end += line.len();
            let bare = line.trim_end_matches('\n');
            if bare == word || deep && bare.trim_start() == word {
                closed = true;
                break;
            }
            text.push_str(line);
        }
        if !closed {
            return None;
        }
        self.jumps.push((line_end, line_end + end));
        let kind = match quote {
            Some('\'') => Kind::Text(vec![Piece::Text(text)]),
            _ => Kind::Text(self.pieces(&text, true)?),
        };
        Some(self.node(from, kind))
    }

    fn number(&mut self) -> Option<Node> {
        let from = self.at;
        let rest = self.rest();
        let mut end = 0;
        for (at, char) in rest.char_indices() {
            let range = char == '.' && rest.get(at + 1..).is_some_and(|rest| rest.starts_with('.'));
            let goes_on = char.is_ascii_digit()
                || char == '_'
                || char == '.' && !range
                || matches!(char, 'e' | 'E') && at > 0;
            if !goes_on {
                break;
            }
            end = at + 1;
        }
        let text = rest.get(..end)?.replace('_', "");
        // `0755`, `0x1F` are rights and masks.
        let octal = text.len() > 1 && text.starts_with('0') && !text.contains('.');
        let number = match octal {
            true => i32::from_str_radix(&text, 8).ok().map(f64::from)?,
            false => text.parse().ok()?,
        };
        self.at += end;
        if self
            .peek()
            .is_some_and(|c| c.is_ascii_alphabetic() && c != 'x')
        {
            return None;
        }
        Some(self.node(from, Kind::Number(number)))
    }

    /// A word: a text, a function, a statement inside of an expression.
    fn named(&mut self) -> Option<Node> {
        let from = self.at;
        let word = self.word()?.to_owned();
        if let Some(found) = self.quoted(&word)? {
            return Some(found);
        }
        self.at += word.len();
        if self.sees("=>") {
            return Some(self.node(from, Kind::Text(vec![Piece::Text(word)])));
        }
        let kind = match word.as_str() {
            "my" | "our" | "state" => self.declared()?,
            "local" => Kind::Local(Box::new(self.postfix()?)),
            "sub" => Kind::Sub(Rc::new(self.block()?)),
            "do" if self.sees("{") => Kind::Do(Rc::new(self.block()?)),
            "eval" if self.sees("{") => Kind::Try(Rc::new(self.block()?)),
            "return" => {
                let value = if self.ends() {
                    None
                } else {
                    Some(Box::new(self.expression_without_words()?))
                };
                Kind::Return(value)
            }
            "next" | "last" => {
                let label = self
                    .word()
                    .filter(|word| !BETWEEN.contains(word))
                    .map(str::to_owned);
                self.at += label.as_ref().map_or(0, String::len);
                if word == "next" {
                    Kind::Next(label)
                } else {
                    Kind::Last(label)
                }
            }
            "sort" | "map" | "grep" => self.for_each(&word)?,
            "print" | "printf" | "say" => self.printed(&word)?,
            "__FILE__" => Kind::Name("$0".to_owned()),
            name if NONE.contains(&name) => {
                if self.sees("(") {
                    self.bracketed()?;
                }
                Kind::Call(word, Vec::new())
            }
            name if UNARY.contains(&name) => Kind::Call(word, self.one_argument()?),
            name => {
                let last = name.rsplit("::").next().unwrap_or(name);
                let own = self.text.contains(&format!("sub {name}"));
                if name.contains("::") && self.sees("->") || self.sees("->") {
                    Kind::Text(vec![Piece::Text(word)])
                } else if LISTS.contains(&last) || own {
                    Kind::Call(last.to_owned(), self.arguments()?)
                } else if name.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
                    Kind::Text(vec![Piece::Text(word)])
                } else {
                    return None;
                }
            }
        };
        Some(self.node(from, kind))
    }

    /// A list that ends where a word like `if` or `or` follows.
    fn expression_without_words(&mut self) -> Option<Node> {
        let from = self.at;
        let first = self.given()?;
        if !self.sees(",") {
            return Some(first);
        }
        let mut all = vec![first];
        while self.takes(",") && !self.ends() {
            all.push(self.given()?);
        }
        Some(self.node(from, Kind::List(all)))
    }

    fn declared(&mut self) -> Option<Kind> {
        let bracket = self.takes("(");
        let mut names = Vec::new();
        loop {
            self.blank();
            if self.takes_word("undef") {
                names.push("$undef".to_owned());
            } else {
                let sign = self.step().filter(|c| matches!(c, '$' | '@' | '%'))?;
                let word = self.word()?.to_owned();
                self.at += word.len();
                names.push(format!("{sign}{word}"));
            }
            if !bracket {
                return Some(Kind::My(names, false));
            }
            let more = self.takes(",");
            if self.takes(")") {
                return Some(Kind::My(names, true));
            }
            if !more {
                return None;
            }
        }
    }

    fn one_argument(&mut self) -> Option<Vec<Node>> {
        if self.sees("(") {
            return self.bracketed();
        }
        self.blank();
        let rest = self.rest();
        let operator = rest.starts_with(['<', '>', '?', '=', '*', '.', '|', '+', '/'])
            || rest.starts_with("&&")
            || rest.starts_with('x') && rest.starts_with("x ");
        let between = self.word().is_some_and(|word| BETWEEN.contains(&word));
        if self.ends() || operator || between {
            return Some(Vec::new());
        }
        Some(vec![self.level(COMPARES + 1)?])
    }

    pub fn arguments(&mut self) -> Option<Vec<Node>> {
        if self.sees("(") {
            return self.bracketed();
        }
        let mut all = Vec::new();
        while !self.ends() {
            all.push(self.given()?);
            if !self.takes(",") && !self.takes("=>") {
                break;
            }
        }
        Some(all)
    }

    /// `sort { … } list`, `grep /x/, list`.
    fn for_each(&mut self, word: &str) -> Option<Kind> {
        let bracket = self.takes("(");
        let mut body = None;
        if self.sees("{") {
            body = Some(Rc::new(self.block()?));
            self.takes(",");
        } else if word != "sort" {
            let first = self.given()?;
            self.wants(",")?;
            body = Some(Rc::new(vec![super::tree::Line::Plain(first)]));
        } else if self
            .word()
            .is_some_and(|word| self.text.contains(&format!("sub {word}")))
        {
            // A function of the script compares.
            return None;
        }
        let list = self.listed(bracket)?;
        Some(Kind::Each(word.to_owned(), body, list))
    }

    /// What a verb is given, up to the bracket that was opened behind it or to the end of the statement.
    fn listed(&mut self, bracket: bool) -> Option<Vec<Node>> {
        if !bracket {
            return self.arguments_in_a_row();
        }
        let list = self.items(")")?;
        self.wants(")")?;
        Some(list)
    }

    /// Arguments of which the first may stand in brackets.
    fn arguments_in_a_row(&mut self) -> Option<Vec<Node>> {
        let mut all = Vec::new();
        while !self.ends() {
            all.push(self.given()?);
            if !self.takes(",") {
                break;
            }
        }
        Some(all)
    }

    /// `print {$fh} list`, `print $fh list`, `print STDERR list`.
    fn printed(&mut self, word: &str) -> Option<Kind> {
        let bracket = self.takes("(");
        self.blank();
        let from = self.at;
        let mut handle = None;
        if self.takes("{") {
            handle = Some(Box::new(self.expression()?));
            self.wants("}")?;
        } else if let Some(name) = self.word() {
            let behind = self.rest().get(name.len()..)?.trim_start();
            let upper = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            if upper && !behind.starts_with([',', '(']) {
                self.at += name.len();
                let text = Kind::Text(vec![Piece::Text(name.to_owned())]);
                handle = Some(Box::new(self.node(from, text)));
            }
        } else if self.peek() == Some('$') {
            handle = self.handle_before_list();
        }
        let list = self.listed(bracket)?;
        Some(Kind::Print(word.to_owned(), handle, list))
    }

    fn handle_before_list(&mut self) -> Option<Box<Node>> {
        let from = self.at;
        self.step();
        let name = self.word().map(str::to_owned);
        if let Some(name) = name {
            self.at += name.len();
            let blank = self.rest().starts_with(' ');
            self.blank();
            let term = self.peek().is_some_and(|c| "$@\"'".contains(c))
                || self.word().is_some_and(|word| !BETWEEN.contains(&word));
            if blank && term {
                return Some(Box::new(self.node(from, Kind::Name(format!("${name}")))));
            }
        }
        self.at = from;
        None
    }
}
