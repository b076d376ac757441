//! Puts expressions, and the places to which something is given, into the tree of our own.
//! It decides nothing; what it does not know becomes `Lost`.

use std::rc::Rc;

use oxc_ast::ast;
use oxc_span::GetSpan;

use super::lower::{Lower, name, span};
use super::tree::{Entry, Item, Key, Kind, Name, Node, Part, Target};

/// Expressions inside each other.
const MAX_DEPTH: usize = 160;
/// A private name begins with a sign that no other has.
const PRIVATE: &str = "\u{0}#";

impl Lower {
    pub fn node(&mut self, one: &ast::Expression<'_>) -> Node {
        self.named(one, None)
    }

    /// Reads an expression that is given to a name: functions without one take it.
    pub fn named(&mut self, one: &ast::Expression<'_>, named: Option<&str>) -> Node {
        self.depth += 1;
        let kind = match self.depth > MAX_DEPTH {
            true => Kind::Lost,
            false => self.kind(one, named),
        };
        self.depth -= 1;
        Node {
            kind,
            span: span(one.span()),
        }
    }

    fn boxed(&mut self, one: &ast::Expression<'_>) -> Box<Node> {
        Box::new(self.node(one))
    }

    fn kind(&mut self, one: &ast::Expression<'_>, named: Option<&str>) -> Kind {
        use ast::Expression as E;
        match one {
            E::TemplateLiteral(one) => self.template(one),
            E::Identifier(one) => Kind::Name(name(one.name.as_str())),
            E::ThisExpression(_) => Kind::Name(name("this")),
            E::Super(_) => Kind::Super,
            E::ImportMeta(_) => Kind::Meta,
            E::ArrayExpression(one) => self.array(one),
            E::ObjectExpression(one) => self.object(one),
            E::ArrowFunctionExpression(one) => Kind::Function(self.arrow(one, named)),
            E::FunctionExpression(one) => self.function_value(one, named),
            E::ClassExpression(one) => Kind::Class(self.class(one, named)),
            E::AssignmentExpression(one) => self.assignment(one),
            E::UpdateExpression(one) => {
                let by = if one.operator.as_str() == "++" {
                    1.0
                } else {
                    -1.0
                };
                let target = self.simple(&one.argument);
                Kind::Count(Box::new(target), by, !one.prefix)
            }
            E::AwaitExpression(one) => Kind::Await(self.boxed(&one.argument)),
            E::BinaryExpression(one) => Kind::Binary(
                one.operator.as_str(),
                self.boxed(&one.left),
                self.boxed(&one.right),
            ),
            E::LogicalExpression(one) => Kind::Logic(
                one.operator.as_str(),
                self.boxed(&one.left),
                self.boxed(&one.right),
            ),
            E::UnaryExpression(one) => {
                Kind::Unary(one.operator.as_str(), self.boxed(&one.argument))
            }
            E::ConditionalExpression(one) => Kind::Choice(
                self.boxed(&one.test),
                self.boxed(&one.consequent),
                self.boxed(&one.alternate),
            ),
            E::SequenceExpression(one) => {
                Kind::Sequence(one.expressions.iter().map(|one| self.node(one)).collect())
            }
            E::ParenthesizedExpression(one) => self.kind(&one.expression, None),
            E::CallExpression(one) => self.call(one),
            E::NewExpression(one) => {
                Kind::New(self.boxed(&one.callee), self.arguments(&one.arguments))
            }
            E::ChainExpression(one) => self.chain(one),
            E::ImportExpression(one) if one.options.is_none() && one.phase.is_none() => {
                Kind::Import(self.boxed(&one.source))
            }
            other => match other.as_member_expression() {
                Some(member) => self.member(member),
                None => literal(other),
            },
        }
    }

    fn assignment(&mut self, one: &ast::AssignmentExpression<'_>) -> Kind {
        let target = self.target(&one.left);
        let named = match &target {
            Target::Name(name) => Some(name.to_string()),
            _ => None,
        };
        let value = self.named(&one.right, named.as_deref());
        Kind::Give(one.operator.as_str(), Box::new(target), Box::new(value))
    }

    /// A function with a name of its own knows itself by it.
    fn function_value(&mut self, one: &ast::Function<'_>, named: Option<&str>) -> Kind {
        let code = self.function(one, named);
        Kind::Function(code)
    }

    fn call(&mut self, one: &ast::CallExpression<'_>) -> Kind {
        let callee = self.boxed(&one.callee);
        Kind::Call(callee, self.arguments(&one.arguments), one.optional)
    }

    fn chain(&mut self, one: &ast::ChainExpression<'_>) -> Kind {
        let kind = match &one.expression {
            ast::ChainElement::CallExpression(call) => self.call(call),
            other => match other.as_member_expression() {
                Some(member) => self.member(member),
                None => Kind::Lost,
            },
        };
        Kind::Chain(Box::new(Node {
            kind,
            span: span(one.span),
        }))
    }

    fn member(&mut self, one: &ast::MemberExpression<'_>) -> Kind {
        let (owner, key) = self.parts_of(one);
        Kind::Member(Box::new(owner), Box::new(key), one.optional())
    }

    fn parts_of(&mut self, one: &ast::MemberExpression<'_>) -> (Node, Key) {
        use ast::MemberExpression as M;
        match one {
            M::ComputedMemberExpression(one) => (
                self.node(&one.object),
                Key::Computed(self.node(&one.expression)),
            ),
            M::StaticMemberExpression(one) => (
                self.node(&one.object),
                Key::Plain(name(one.property.name.as_str())),
            ),
            M::PrivateFieldExpression(one) => (self.node(&one.object), private(&one.field)),
        }
    }

    fn arguments(&mut self, all: &[ast::Argument<'_>]) -> Vec<Item> {
        let mut items = Vec::new();
        for one in all {
            match one {
                ast::Argument::SpreadElement(one) => items.push(Item {
                    node: self.node(&one.argument),
                    spread: true,
                }),
                other => {
                    if let Some(node) = self.value(other.as_expression()) {
                        items.push(Item {
                            node,
                            spread: false,
                        });
                    }
                }
            }
        }
        items
    }

    fn template(&mut self, one: &ast::TemplateLiteral<'_>) -> Kind {
        let mut texts = Vec::new();
        for quasi in &one.quasis {
            match &quasi.value.cooked {
                Some(text) if !quasi.lone_surrogates => texts.push(name(text.as_str())),
                _ => return Kind::Lost,
            }
        }
        let values = one.expressions.iter().map(|one| self.node(one)).collect();
        Kind::Template(texts, values)
    }

    fn array(&mut self, one: &ast::ArrayExpression<'_>) -> Kind {
        let mut items = Vec::new();
        for element in &one.elements {
            match element {
                ast::ArrayExpressionElement::SpreadElement(one) => items.push(Item {
                    node: self.node(&one.argument),
                    spread: true,
                }),
                other => match self.value(other.as_expression()) {
                    Some(node) => items.push(Item {
                        node,
                        spread: false,
                    }),
                    None => return Kind::Lost,
                },
            }
        }
        Kind::Array(items)
    }

    fn object(&mut self, one: &ast::ObjectExpression<'_>) -> Kind {
        let mut entries = Vec::new();
        for property in &one.properties {
            match property {
                ast::ObjectPropertyKind::SpreadProperty(one) => {
                    entries.push(Entry::Spread(self.node(&one.argument)));
                }
                ast::ObjectPropertyKind::ObjectProperty(one) => {
                    if one.kind != ast::PropertyKind::Init {
                        return Kind::Lost;
                    }
                    let key = self.key(&one.key, one.computed);
                    let named = match &key {
                        Key::Plain(name) => Some(name.to_string()),
                        _ => None,
                    };
                    // `__proto__: x` is no property.
                    if named.as_deref() == Some("__proto__") {
                        return Kind::Lost;
                    }
                    entries.push(Entry::Pair(key, self.named(&one.value, named.as_deref())));
                }
            }
        }
        Kind::Object(entries)
    }

    /// The key of a class's own part.
    pub fn own_key(&mut self, key: &ast::PropertyKey<'_>) -> Option<Name> {
        match self.key(key, false) {
            Key::Plain(name) => Some(name),
            Key::Computed(_) | Key::Lost => None,
        }
    }

    fn key(&mut self, key: &ast::PropertyKey<'_>, computed: bool) -> Key {
        match key {
            ast::PropertyKey::StaticIdentifier(one) => Key::Plain(name(one.name.as_str())),
            ast::PropertyKey::PrivateIdentifier(one) => private(one),
            other => match self.value(other.as_expression()) {
                Some(Node {
                    kind: Kind::Text(text),
                    ..
                }) if !computed => Key::Plain(text),
                Some(node) => Key::Computed(node),
                None => Key::Lost,
            },
        }
    }

    pub fn parameters(&mut self, all: &ast::FormalParameters<'_>) -> (Vec<Part>, Option<Target>) {
        let mut parts = Vec::new();
        for one in &all.items {
            let target = self.pattern(&one.pattern);
            let default = one.initializer.as_ref();
            parts.push(match target {
                target if default.is_some() => Part {
                    target,
                    default: default.map(|value| self.node(value)),
                },
                _ => self.part(&one.pattern),
            });
        }
        let rest = all.rest.as_ref();
        (parts, rest.map(|rest| self.pattern(&rest.rest.argument)))
    }

    pub fn pattern(&mut self, one: &ast::BindingPattern<'_>) -> Target {
        self.depth += 1;
        let target = match one {
            _ if self.depth > MAX_DEPTH => Target::Lost,
            ast::BindingPattern::BindingIdentifier(one) => Target::Name(name(one.name.as_str())),
            ast::BindingPattern::ObjectPattern(one) => {
                let mut parts = Vec::new();
                for one in &one.properties {
                    let key = self.key(&one.key, one.computed);
                    parts.push((key, self.part(&one.value)));
                }
                let rest = one.rest.as_ref();
                Target::Object(
                    parts,
                    rest.map(|rest| Box::new(self.pattern(&rest.argument))),
                )
            }
            ast::BindingPattern::ArrayPattern(one) => {
                let elements = one.elements.iter();
                let parts = elements
                    .map(|one| one.as_ref().map(|one| self.part(one)))
                    .collect();
                let rest = one.rest.as_ref();
                Target::Array(
                    parts,
                    rest.map(|rest| Box::new(self.pattern(&rest.argument))),
                )
            }
            ast::BindingPattern::AssignmentPattern(_) => Target::Lost,
        };
        self.depth -= 1;
        target
    }

    fn part(&mut self, one: &ast::BindingPattern<'_>) -> Part {
        match one {
            ast::BindingPattern::AssignmentPattern(one) => {
                let target = self.pattern(&one.left);
                let named = match &target {
                    Target::Name(name) => Some(name.to_string()),
                    _ => None,
                };
                let default = Some(self.named(&one.right, named.as_deref()));
                Part { target, default }
            }
            other => Part {
                target: self.pattern(other),
                default: None,
            },
        }
    }

    pub fn target(&mut self, one: &ast::AssignmentTarget<'_>) -> Target {
        self.depth += 1;
        let target = match one {
            _ if self.depth > MAX_DEPTH => Target::Lost,
            ast::AssignmentTarget::ArrayAssignmentTarget(one) => {
                let elements = one.elements.iter();
                let parts = elements
                    .map(|one| one.as_ref().map(|one| self.target_part(one)))
                    .collect();
                let rest = one.rest.as_ref();
                Target::Array(parts, rest.map(|rest| Box::new(self.target(&rest.target))))
            }
            ast::AssignmentTarget::ObjectAssignmentTarget(one) => {
                let mut parts = Vec::new();
                for one in &one.properties {
                    parts.push(self.target_property(one));
                }
                let rest = one.rest.as_ref();
                Target::Object(parts, rest.map(|rest| Box::new(self.target(&rest.target))))
            }
            other => match other.as_simple_assignment_target() {
                Some(simple) => self.simple(simple),
                None => Target::Lost,
            },
        };
        self.depth -= 1;
        target
    }

    fn target_property(&mut self, one: &ast::AssignmentTargetProperty<'_>) -> (Key, Part) {
        use ast::AssignmentTargetProperty as P;
        match one {
            P::AssignmentTargetPropertyIdentifier(one) => {
                let own = name(one.binding.name.as_str());
                let part = Part {
                    target: Target::Name(Rc::clone(&own)),
                    default: self.value(one.init.as_ref()),
                };
                (Key::Plain(own), part)
            }
            P::AssignmentTargetPropertyProperty(one) => (
                self.key(&one.name, one.computed),
                self.target_part(&one.binding),
            ),
        }
    }

    fn target_part(&mut self, one: &ast::AssignmentTargetMaybeDefault<'_>) -> Part {
        match one {
            ast::AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(one) => Part {
                target: self.target(&one.binding),
                default: Some(self.node(&one.init)),
            },
            other => Part {
                target: match other.as_assignment_target() {
                    Some(target) => self.target(target),
                    None => Target::Lost,
                },
                default: None,
            },
        }
    }

    fn simple(&mut self, one: &ast::SimpleAssignmentTarget<'_>) -> Target {
        match one {
            ast::SimpleAssignmentTarget::AssignmentTargetIdentifier(one) => {
                Target::Name(name(one.name.as_str()))
            }
            other => match other.as_member_expression() {
                Some(member) => {
                    let (owner, key) = self.parts_of(member);
                    Target::Member(owner, key)
                }
                None => Target::Lost,
            },
        }
    }
}

/// A value that is written out.
fn literal(one: &ast::Expression<'_>) -> Kind {
    use ast::Expression as E;
    match one {
        E::BooleanLiteral(one) => Kind::Bool(one.value),
        E::NullLiteral(_) => Kind::Null,
        E::NumericLiteral(one) => Kind::Number(one.value),
        E::StringLiteral(one) if !one.lone_surrogates => Kind::Text(name(one.value.as_str())),
        E::RegExpLiteral(one) => Kind::Pattern(
            name(one.regex.pattern.text.as_str()),
            name(&one.regex.flags.to_string()),
        ),
        _ => Kind::Lost,
    }
}

fn private(one: &ast::PrivateIdentifier<'_>) -> Key {
    Key::Plain(name(&format!("{PRIVATE}{}", one.name.as_str())))
}
