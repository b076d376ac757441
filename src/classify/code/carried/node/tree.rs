//! The tree of a script of JavaScript: statements, expressions, and the places to which something is given.
//! It holds what the parser has read in a few words; what it does not know stands as `Lost`.

use std::rc::Rc;

use crate::model::span::Span;

pub(super) type Name = Rc<str>;

/// An expression with the place where it was written.
#[derive(Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub span: Span,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Name),
    Template(Vec<Name>, Vec<Node>),
    /// A pattern with its letters.
    Pattern(Name, Name),
    Name(Name),
    Array(Vec<Item>),
    Object(Vec<Entry>),
    Function(Rc<Code>),
    Class(Rc<ClassCode>),
    Unary(&'static str, Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    Logic(&'static str, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    /// `x++`: by how much, and whether the old value comes out.
    Count(Box<Target>, f64, bool),
    /// `x += y`, with the operator.
    Give(&'static str, Box<Target>, Box<Node>),
    Member(Box<Node>, Box<Key>, bool),
    Call(Box<Node>, Vec<Item>, bool),
    New(Box<Node>, Vec<Item>),
    /// `a?.b.c`: nothing where a link is nothing.
    Chain(Box<Node>),
    Sequence(Vec<Node>),
    Await(Box<Node>),
    Import(Box<Node>),
    /// `import.meta`
    Meta,
    Super,
    Lost,
}

/// An element of a list, or a list that is spread.
#[derive(Debug)]
pub(super) struct Item {
    pub node: Node,
    pub spread: bool,
}

#[derive(Debug)]
pub(super) enum Key {
    Plain(Name),
    Computed(Node),
    Lost,
}

#[derive(Debug)]
pub(super) enum Entry {
    Pair(Key, Node),
    Spread(Node),
}

/// Where something is given to.
#[derive(Debug)]
pub(super) enum Target {
    Name(Name),
    Member(Node, Key),
    Array(Vec<Option<Part>>, Option<Box<Self>>),
    Object(Vec<(Key, Part)>, Option<Box<Self>>),
    Lost,
}

/// A place with its default.
#[derive(Debug)]
pub(super) struct Part {
    pub target: Target,
    pub default: Option<Node>,
}

#[derive(Debug)]
pub(super) struct Code {
    pub name: Name,
    pub parts: Vec<Part>,
    pub rest: Option<Target>,
    pub body: Body,
    pub arrow: bool,
    pub waits: bool,
    /// Names that `var` declares in it.
    pub vars: Vec<Name>,
    /// A function expression knows itself by its name.
    pub own: bool,
    /// Generators and the like.
    pub lost: bool,
}

#[derive(Debug)]
pub(super) enum Body {
    Lines(Vec<Line>),
    Value(Node),
}

#[derive(Debug)]
pub(super) struct ClassCode {
    pub name: Name,
    pub parent: Option<Node>,
    pub maker: Option<Rc<Code>>,
    pub methods: Vec<(Name, bool, Rc<Code>)>,
    pub fields: Vec<(Name, bool, Option<Rc<Code>>)>,
    pub lost: bool,
}

/// How names are declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Var,
    Let,
    Const,
}

#[derive(Debug)]
pub(super) enum Line {
    Plain(Node),
    Declare(Way, Vec<(Target, Option<Node>)>),
    Define(Rc<Code>),
    Class(Rc<ClassCode>),
    Block(Vec<Self>),
    If(Node, Box<Self>, Option<Box<Self>>),
    For(Option<Box<Self>>, Option<Node>, Option<Node>, Box<Self>),
    Each {
        way: Option<Way>,
        target: Target,
        /// `for (… in …)`
        keys: bool,
        waits: bool,
        list: Node,
        body: Box<Self>,
    },
    While(Node, Box<Self>),
    DoWhile(Box<Self>, Node),
    Switch(Node, Vec<(Option<Node>, Vec<Self>)>),
    Try(
        Vec<Self>,
        Option<(Option<Target>, Vec<Self>)>,
        Option<Vec<Self>>,
    ),
    Label(Name, Box<Self>),
    Break(Option<Name>),
    Continue(Option<Name>),
    Return(Option<Node>),
    Throw(Node),
    Import(Name, Vec<(Taken, Name)>),
    /// Local names and those under which they are known.
    Export(Vec<(Name, Name)>),
    ExportFrom,
    ExportDefault(Node),
    Empty,
    Lost,
}

/// What an import takes of a module.
#[derive(Debug)]
pub(super) enum Taken {
    Default,
    All,
    Name(Name),
}

impl Target {
    /// Returns the names that a declaration makes.
    pub fn names(&self, all: &mut Vec<Name>) {
        match self {
            Self::Name(name) => all.push(Rc::clone(name)),
            Self::Array(parts, rest) => {
                for part in parts.iter().flatten() {
                    part.target.names(all);
                }
                if let Some(rest) = rest {
                    rest.names(all);
                }
            }
            Self::Object(parts, rest) => {
                for (_, part) in parts {
                    part.target.names(all);
                }
                if let Some(rest) = rest {
                    rest.names(all);
                }
            }
            Self::Member(..) | Self::Lost => {}
        }
    }
}
