//! The typed tree of a shell text, with byte spans into that text.
//! The tree says what was written; what the words become is the work of `expand`.

use crate::model::span::Span;

/// A whole text: its lines, in order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Script {
    pub items: Vec<Item>,
    pub span: Span,
}

/// One list entry, ended by `;`, `&` or a newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub first: Pipeline,
    pub rest: Vec<(Chain, Pipeline)>,
    pub background: bool,
    pub span: Span,
}

/// How a pipeline is chained to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    And,
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    pub negated: bool,
    pub timed: bool,
    pub nodes: Vec<Node>,
    pub span: Span,
}

/// One command of a pipeline with its redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: NodeKind,
    pub redirects: Vec<Redirection>,
    pub span: Span,
}

/// The forms a command can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Assignments and words; either may be empty.
    Simple {
        assigns: Vec<Assign>,
        words: Vec<RawWord>,
    },
    /// `( … )`.
    Subshell(Script),
    /// `{ … }`.
    Group(Script),
    /// `if`/`elif` conditions with their bodies, then `else`.
    If {
        arms: Vec<(Script, Script)>,
        otherwise: Option<Script>,
    },
    /// `while` and `until`.
    While {
        until: bool,
        condition: Script,
        body: Script,
    },
    /// `for x in …` and `select`; `words` is nothing without `in` (positional parameters).
    /// zsh: `for x y in …` has several names, with a blank between them.
    For {
        name: String,
        words: Option<Vec<RawWord>>,
        body: Script,
        /// `select` instead of `for`.
        select: bool,
    },
    /// `for ((a;b;c))`; the three expressions in one.
    ForArith {
        header: Vec<RawPart>,
        body: Script,
    },
    Case {
        subject: RawWord,
        arms: Vec<CaseArm>,
    },
    /// `[[ … ]]`: its words and operators, in order.
    Test(Vec<RawWord>),
    /// `(( … ))`.
    Arith(Vec<RawPart>),
    Function {
        name: String,
        body: Box<Node>,
    },
    Coproc {
        name: Option<String>,
        body: Box<Node>,
    },
}

/// One arm of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseArm {
    pub patterns: Vec<RawWord>,
    pub body: Script,
    /// `;&` or `;;&`: the next arm may run as well.
    pub falls_through: bool,
    /// `;;&`: the patterns of the next arm are asked first.
    pub asks_next: bool,
}

/// `name=value`, `name+=value`, `name[i]=value`, `name=( … )`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assign {
    pub name: String,
    /// Parts inside `[ ]`.
    pub index: Option<Vec<RawPart>>,
    pub append: bool,
    pub value: AssignValue,
    pub span: Span,
}

/// The right side of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignValue {
    Word(RawWord),
    /// Elements; `[k]=v` elements keep only the value, the key's parts stand in front of it.
    Array(Vec<RawWord>),
}

/// A redirection with its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// File descriptor as a number, when written.
    pub fd: Option<u32>,
    /// `{name}>…`.
    pub fd_name: Option<String>,
    pub op: RedirectOp,
    pub target: RawWord,
    /// Body of a here-document: its parts (a single literal when the delimiter was quoted).
    pub body: Option<Vec<RawPart>>,
    pub span: Span,
}

/// Redirection operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectOp {
    /// `<`
    In,
    /// `>`
    Out,
    /// `>|`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `&>` and `>&word`
    OutBoth,
    /// `&>>`
    AppendBoth,
    /// `<&`
    DupIn,
    /// `>&` with a number or `-`
    DupOut,
    /// `<<` and `<<-`
    HereDoc,
    /// `<<<`
    HereString,
}

/// A word as written: its parts and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawWord {
    pub parts: Vec<RawPart>,
    pub span: Span,
}

/// One part of a word as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPart {
    pub kind: PartKind,
    pub span: Span,
}

/// The forms a part can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Unquoted text, escapes and line continuations not yet undone in `span`, undone here. May hold brace and tilde forms.
    Plain(String),
    /// `\x` outside quotes: the character, quoted.
    Escaped(String),
    /// `'…'`: the text.
    Single(String),
    /// `$'…'`: the decoded text.
    AnsiC(String),
    /// `"…"` and `$"…"`: its parts (`Plain` inside is quoted text).
    Double(Vec<RawPart>),
    /// Unquoted `*`, `?`, `[…]` or an extended glob, as written.
    Glob(String),
    /// `$name`, `${…}`, `$1`, `$@` and the like.
    Param(Box<Param>),
    /// `$( … )` and `` `…` ``.
    Command(Box<Script>),
    /// `$(( … ))` and `$[ … ]`: literal text and substitutions inside.
    Arith(Vec<RawPart>),
    /// `<( … )` (true) and `>( … )` (false).
    Process { input: bool, script: Box<Script> },
}

/// A parameter expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Name, digit or special character.
    pub name: String,
    /// `${!name}`.
    pub indirect: bool,
    /// `${#name}`.
    pub length: bool,
    /// Parts inside `[ ]`; `@` and `*` as `Plain`.
    pub index: Option<Vec<RawPart>>,
    /// Operator as written: `:-`, `-`, `:=`, `:?`, `:+`, `#`, `##`, `%`, `%%`, `/`, `//`, `/#`, `/%`, `^`, `^^`, `,`, `,,`, `:`, `@`; empty for none.
    pub op: String,
    /// Operand parts; for `/` the pattern and the replacement, for `:` offset and length.
    pub operands: Vec<Vec<RawPart>>,
}

/// Why a text does not parse, with everything before that does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Lines before the error: bash runs them.
    pub before: Script,
    /// Where reading stopped; the rest is one opaque tail.
    pub at: usize,
    /// What was expected, lower case, no full stop.
    pub reason: String,
}
