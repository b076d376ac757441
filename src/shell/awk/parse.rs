//! Reads a program of awk. What is not carried out here (functions of one's own, `getline`, pipes, files) makes it unreadable.

use super::tokens::{Token, tokens};

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Number(f64),
    Text(String),
    Regex(String),
    Name(String),
    Element(String, Vec<Expr>),
    Field(Box<Expr>),
    /// With the sign in front of `=`, if there is one.
    Assign(Option<&'static str>, Box<Expr>, Box<Expr>),
    Unary(&'static str, Box<Expr>),
    /// `++x` and its kin: whether it stands in front, and by how much.
    Step(bool, f64, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Among(Vec<Expr>, String),
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
}

#[derive(Clone, Debug)]
pub(super) enum Stmt {
    Block(Vec<Stmt>),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    Do(Box<Stmt>, Expr),
    For(
        Option<Box<Stmt>>,
        Option<Expr>,
        Option<Box<Stmt>>,
        Box<Stmt>,
    ),
    Each(String, String, Box<Stmt>),
    Print(Vec<Expr>),
    Printf(Vec<Expr>),
    Delete(String, Vec<Expr>),
    Next,
    Break,
    Continue,
    Exit,
    Value(Expr),
}

/// When an action runs.
#[derive(Clone, Debug)]
pub(super) enum When {
    Begin,
    End,
    Always,
    Holds(Expr),
    Between(Expr, Expr),
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub when: When,
    /// Without one the line is printed.
    pub action: Option<Vec<Stmt>>,
}

/// Functions that ask nothing of the world.
const FUNCTIONS: [&str; 11] = [
    "length", "tolower", "toupper", "int", "sprintf", "index", "match", "substr", "split", "sub",
    "gsub",
];

/// Depth of what stands inside of each other.
const MAX_DEPTH: usize = 60;

/// Reads a program; nothing where it cannot be carried out here.
pub(super) fn read(text: &str) -> Option<Vec<Rule>> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        printing: false,
    };
    let mut rules = Vec::new();
    loop {
        parser.skip_ends();
        if parser.peek().is_none() {
            return Some(rules);
        }
        rules.push(parser.rule()?);
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Inside of a `print` without brackets `>` names a file, and to some awks `<` does.
    printing: bool,
}

/// Operators of two sides, the weakest first.
const LEVELS: [&[&str]; 4] = [&["||"], &["&&"], &["in"], &["~", "!~"]];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(known)) if *known == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn want(&mut self, sign: &str) -> Option<()> {
        self.takes(sign).then_some(())
    }

    fn one_of(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let found = signs.iter().find(|sign| self.is(sign))?;
        self.at += 1;
        Some(found)
    }

    fn skip_lines(&mut self) {
        while self.peek() == Some(&Token::Line) {
            self.at += 1;
        }
    }

    fn skip_ends(&mut self) {
        while self.peek() == Some(&Token::Line) || self.is(";") {
            self.at += 1;
        }
    }

    fn name(&mut self) -> Option<String> {
        let Some(Token::Name(name)) = self.peek().cloned() else {
            return None;
        };
        self.at += 1;
        Some(name)
    }

    fn rule(&mut self) -> Option<Rule> {
        let when = if self.takes("BEGIN") {
            When::Begin
        } else if self.takes("END") {
            When::End
        } else if self.is("{") {
            When::Always
        } else {
            let from = self.expr()?;
            match self.takes(",") {
                true => {
                    self.skip_lines();
                    When::Between(from, self.expr()?)
                }
                false => When::Holds(from),
            }
        };
        let action = match self.is("{") {
            true => Some(self.block()?),
            false if matches!(when, When::Begin | When::End) => return None,
            false => None,
        };
        Some(Rule { when, action })
    }

    fn block(&mut self) -> Option<Vec<Stmt>> {
        self.want("{")?;
        let mut all = Vec::new();
        loop {
            self.skip_ends();
            if self.takes("}") {
                return Some(all);
            }
            all.push(self.stmt()?);
        }
    }

    /// Reads a statement with its end.
    fn stmt(&mut self) -> Option<Stmt> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let read = self.whole_stmt();
        self.depth -= 1;
        read
    }

    fn whole_stmt(&mut self) -> Option<Stmt> {
        if self.is("{") {
            return Some(Stmt::Block(self.block()?));
        }
        if self.takes(";") {
            return Some(Stmt::Block(Vec::new()));
        }
        if self.takes("if") {
            let asked = self.bracketed()?;
            let then = Box::new(self.body()?);
            let back = self.at;
            self.skip_ends();
            if self.takes("else") {
                return Some(Stmt::If(asked, then, Some(Box::new(self.body()?))));
            }
            self.at = back;
            return Some(Stmt::If(asked, then, None));
        }
        if self.takes("while") {
            let asked = self.bracketed()?;
            return Some(Stmt::While(asked, Box::new(self.body()?)));
        }
        if self.takes("do") {
            let body = Box::new(self.body()?);
            self.skip_ends();
            self.want("while")?;
            return Some(Stmt::Do(body, self.bracketed()?));
        }
        if self.takes("for") {
            return self.for_loop();
        }
        let simple = self.simple()?;
        match self.peek() {
            Some(Token::Line | Token::Sign(";")) => self.at += 1,
            None | Some(Token::Sign("}")) => {}
            Some(_) => return None,
        }
        Some(simple)
    }

    fn bracketed(&mut self) -> Option<Expr> {
        self.want("(")?;
        let asked = self.expr()?;
        self.want(")")?;
        Some(asked)
    }

    /// Reads what stands behind `if (…)`, `else` and their kin.
    fn body(&mut self) -> Option<Stmt> {
        self.skip_lines();
        self.stmt()
    }

    fn for_loop(&mut self) -> Option<Stmt> {
        self.want("(")?;
        let back = self.at;
        if let Some(name) = self.name()
            && self.takes("in")
            && let Some(array) = self.name()
            && self.takes(")")
        {
            return Some(Stmt::Each(name, array, Box::new(self.body()?)));
        }
        self.at = back;
        let first = match self.is(";") {
            true => None,
            false => Some(Box::new(self.simple()?)),
        };
        self.want(";")?;
        let asked = match self.is(";") {
            true => None,
            false => Some(self.expr()?),
        };
        self.want(";")?;
        let step = match self.is(")") {
            true => None,
            false => Some(Box::new(self.simple()?)),
        };
        self.want(")")?;
        Some(Stmt::For(first, asked, step, Box::new(self.body()?)))
    }

    fn simple(&mut self) -> Option<Stmt> {
        match self.one_of(&[
            "print", "printf", "delete", "next", "break", "continue", "exit",
        ]) {
            Some("print") => Some(Stmt::Print(self.printed()?)),
            Some("printf") => {
                let all = self.printed()?;
                (!all.is_empty()).then_some(Stmt::Printf(all))
            }
            Some("delete") => {
                let name = self.name()?;
                let keys = match self.takes("[") {
                    true => self.list("]")?,
                    false => Vec::new(),
                };
                Some(Stmt::Delete(name, keys))
            }
            Some("next") => Some(Stmt::Next),
            Some("break") => Some(Stmt::Break),
            Some("continue") => Some(Stmt::Continue),
            Some(_) => {
                if !matches!(
                    self.peek(),
                    None | Some(Token::Line | Token::Sign("}" | ";"))
                ) {
                    self.expr()?;
                }
                Some(Stmt::Exit)
            }
            None => Some(Stmt::Value(self.expr()?)),
        }
    }

    /// Reads what a `print` prints; nothing where it goes elsewhere.
    fn printed(&mut self) -> Option<Vec<Expr>> {
        let ends = |token: Option<&Token>| {
            matches!(token, None | Some(Token::Line | Token::Sign("}" | ";")))
        };
        if ends(self.peek()) {
            return Some(Vec::new());
        }
        let back = self.at;
        if self.takes("(") {
            let all = self.list(")")?;
            if ends(self.peek()) {
                return Some(all);
            }
            self.at = back;
        }
        let outer = std::mem::replace(&mut self.printing, true);
        let mut all = vec![self.expr()?];
        while self.takes(",") {
            self.skip_lines();
            all.push(self.expr()?);
        }
        self.printing = outer;
        ends(self.peek()).then_some(all)
    }

    /// Reads expressions up to a bracket, which is taken.
    fn list(&mut self, end: &str) -> Option<Vec<Expr>> {
        let outer = std::mem::replace(&mut self.printing, false);
        let mut all = Vec::new();
        if !self.is(end) {
            all.push(self.expr()?);
            while self.takes(",") {
                self.skip_lines();
                all.push(self.expr()?);
            }
        }
        self.printing = outer;
        self.want(end)?;
        Some(all)
    }

    fn expr(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let left = self.choice()?;
        let signs = ["=", "+=", "-=", "*=", "/=", "%=", "^="];
        let read = match self.one_of(&signs) {
            Some(sign) if is_place(&left) => {
                self.skip_lines();
                let value = Box::new(self.expr()?);
                let with = ["+", "-", "*", "/", "%", "^"];
                let with = with
                    .into_iter()
                    .find(|with| sign.len() == 2 && sign.starts_with(with));
                Some(Expr::Assign(with, Box::new(left), value))
            }
            Some(_) => None,
            None => Some(left),
        };
        self.depth -= 1;
        read
    }

    fn choice(&mut self) -> Option<Expr> {
        let asked = self.level(0)?;
        if !self.takes("?") {
            return Some(asked);
        }
        self.skip_lines();
        let yes = self.expr()?;
        self.skip_lines();
        self.want(":")?;
        self.skip_lines();
        Some(Expr::Choice(
            Box::new(asked),
            Box::new(yes),
            Box::new(self.expr()?),
        ))
    }

    /// Reads `||`, `&&`, `in` and matching, each level binding closer than the one before.
    fn level(&mut self, at: usize) -> Option<Expr> {
        let Some(signs) = LEVELS.get(at) else {
            return self.compared();
        };
        let mut left = self.level(at + 1)?;
        loop {
            let Some(sign) = self.one_of(signs) else {
                return Some(left);
            };
            if sign == "in" {
                left = Expr::Among(vec![left], self.name()?);
                continue;
            }
            // What `! x ~ y` means differs from awk to awk.
            if at == 3 && matches!(left, Expr::Unary("!", _)) {
                return None;
            }
            self.skip_lines();
            left = Expr::Binary(sign, Box::new(left), Box::new(self.level(at + 1)?));
        }
    }

    fn compared(&mut self) -> Option<Expr> {
        let left = self.joined()?;
        let found = match self.printing {
            true => self.one_of(&["<=", "==", "!=", ">="]),
            false => self.one_of(&["<", "<=", "==", "!=", ">=", ">"]),
        };
        match found {
            Some(sign) => Some(Expr::Binary(sign, Box::new(left), Box::new(self.joined()?))),
            None => Some(left),
        }
    }

    /// Reads values side by side, which are one text.
    fn joined(&mut self) -> Option<Expr> {
        let mut left = self.sum()?;
        while matches!(
            self.peek(),
            Some(
                Token::Number(_)
                    | Token::Text(_)
                    | Token::Name(_)
                    | Token::Call(_)
                    | Token::Sign("(" | "$" | "++" | "--")
            )
        ) {
            // `getline` and what looks like it reads from elsewhere.
            left = Expr::Binary(" ", Box::new(left), Box::new(self.sum()?));
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.product()?;
        while let Some(sign) = self.one_of(&["+", "-"]) {
            left = Expr::Binary(sign, Box::new(left), Box::new(self.product()?));
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Expr> {
        let mut left = self.unary()?;
        while let Some(sign) = self.one_of(&["*", "/", "%"]) {
            left = Expr::Binary(sign, Box::new(left), Box::new(self.unary()?));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expr> {
        match self.one_of(&["!", "-", "+"]) {
            Some(sign) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return None;
                }
                let of = self.unary()?;
                self.depth -= 1;
                Some(Expr::Unary(sign, Box::new(of)))
            }
            None => self.power(),
        }
    }

    fn power(&mut self) -> Option<Expr> {
        let left = self.stepped()?;
        match self.one_of(&["^", "**"]) {
            Some(_) => Some(Expr::Binary("^", Box::new(left), Box::new(self.unary()?))),
            None => Some(left),
        }
    }

    fn stepped(&mut self) -> Option<Expr> {
        if let Some(sign) = self.one_of(&["++", "--"]) {
            let of = self.atom()?;
            let by = if sign == "++" { 1.0 } else { -1.0 };
            return is_place(&of).then(|| Expr::Step(true, by, Box::new(of)));
        }
        let of = self.atom()?;
        match self.one_of(&["++", "--"]).filter(|_| is_place(&of)) {
            Some("++") => Some(Expr::Step(false, 1.0, Box::new(of))),
            Some(_) => Some(Expr::Step(false, -1.0, Box::new(of))),
            None => Some(of),
        }
    }

    fn atom(&mut self) -> Option<Expr> {
        let token = self.peek().cloned()?;
        self.at += 1;
        match token {
            Token::Number(number) => Some(Expr::Number(number)),
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Regex(text) => Some(Expr::Regex(text)),
            Token::Name(name) if matches!(name.as_str(), "getline") => None,
            Token::Name(name) if self.takes("[") => Some(Expr::Element(name, self.list("]")?)),
            // `length` is the only function that may stand without brackets.
            Token::Name(name) if name == "length" => Some(Expr::Call(name, Vec::new())),
            Token::Name(name) => Some(Expr::Name(name)),
            Token::Call(name) if FUNCTIONS.contains(&name.as_str()) => {
                self.want("(")?;
                Some(Expr::Call(name, self.list(")")?))
            }
            Token::Sign("$") => {
                if let Some(sign) = self.one_of(&["++", "--"]) {
                    let of = self.atom()?;
                    let by = if sign == "++" { 1.0 } else { -1.0 };
                    return is_place(&of)
                        .then(|| Expr::Field(Box::new(Expr::Step(true, by, Box::new(of)))));
                }
                Some(Expr::Field(Box::new(self.atom()?)))
            }
            Token::Sign("(") => {
                let mut all = self.list(")")?;
                if self.is("in") && all.len() > 1 {
                    self.at += 1;
                    return Some(Expr::Among(all, self.name()?));
                }
                match all.pop() {
                    // It stays a value: `(a) = b` is none, and `(x)++` no step.
                    Some(inner) if all.is_empty() => Some(Expr::Unary("()", Box::new(inner))),
                    _ => None,
                }
            }
            Token::Call(_) | Token::Sign(_) | Token::Line => None,
        }
    }
}

fn is_place(expr: &Expr) -> bool {
    matches!(expr, Expr::Name(_) | Expr::Element(..) | Expr::Field(_))
}
