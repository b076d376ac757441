//! A script of Perl as a tree.
//! It knows how things are written, not what they do.

use std::rc::Rc;

use crate::model::span::Span;

/// An expression with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub span: Span,
    pub kind: Kind,
}

pub(super) type Boxed = Box<Node>;

/// Part of a text.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    /// A value between the texts.
    One(Node),
    /// The items of a list, with blanks between.
    Many(Node),
    /// The same, with every sign meant literally.
    Literal(Node),
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Number(f64),
    Text(Vec<Piece>),
    /// `$x`, `@x`, `%x`, with the sign before it.
    Name(String),
    /// `my $x`, `my ($x, @y)`: the names, and whether they stand in brackets.
    My(Vec<String>, bool),
    /// `local $/`.
    Local(Boxed),
    /// `$x[1]`: the list, and the place in it.
    At(Boxed, Boxed),
    /// `$x{key}`: the map, and the key.
    Key(Boxed, Boxed),
    /// `@x[1, 2]`, `(list)[0]`.
    Slice(Boxed, Boxed),
    /// `@h{'a', 'b'}`.
    Keys(Boxed, Boxed),
    /// `@$x`, `%{$x}`, `$$x`: the sign, and what is looked into.
    Into(char, Boxed),
    /// `$#x`.
    LastOf(Boxed),
    /// `=`, `+=`, `.=`: the operator without the equals sign.
    Give(String, Boxed, Boxed),
    /// An operator between two.
    Two(String, Boxed, Boxed),
    /// `&&`, `||`, `//`, `and`, `or`.
    Logic(char, Boxed, Boxed),
    Not(Boxed),
    Minus(Boxed),
    /// `$i++`, `--$i`: by how much, and whether the old value counts.
    Step(f64, bool, Boxed),
    Choice(Boxed, Boxed, Boxed),
    /// `$x =~ m/…/flags`; without a subject `$_`.
    Match(Option<Boxed>, Vec<Piece>, String),
    /// `$x =~ s/…/…/flags`.
    Change(Option<Boxed>, Vec<Piece>, Vec<Piece>, String),
    List(Vec<Node>),
    Items(Vec<Node>),
    Entries(Vec<Node>),
    Sub(Rc<Vec<Line>>),
    /// A function by its name.
    Call(String, Vec<Node>),
    /// `$f->(…)`, `&$f(…)`.
    CallOf(Boxed, Vec<Node>),
    Method(Boxed, String, Vec<Node>),
    /// `sort { … } list`, `map { … } list`, `grep { … } list`.
    Each(String, Option<Rc<Vec<Line>>>, Vec<Node>),
    /// `print {$fh} list`: the verb, the handle, the list.
    Print(String, Option<Boxed>, Vec<Node>),
    /// `-e $x`.
    Test(char, Boxed),
    /// `<$fh>`.
    ReadLine(Boxed),
    Reference(Boxed),
    Do(Rc<Vec<Line>>),
    Try(Rc<Vec<Line>>),
    Return(Option<Boxed>),
    Next(Option<String>),
    Last(Option<String>),
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Line {
    Plain(Node),
    If(Vec<(Node, Vec<Line>)>, Vec<Line>),
    /// Label, condition, body, what comes behind each round.
    While(Option<String>, Option<Node>, Vec<Line>, Option<Node>),
    /// Label, name, list, body.
    Each(Option<String>, String, Node, Vec<Line>),
    Block(Vec<Line>),
    Define(String, Rc<Vec<Line>>),
}
