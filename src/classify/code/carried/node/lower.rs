//! Puts what the parser has read into the tree of our own: statements, functions, classes, modules.
//! It decides nothing; what it does not know becomes `Lost`, and only ends the attempt where it is reached.

use std::rc::Rc;

use oxc_allocator::Allocator;
use oxc_ast::ast;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use crate::model::span::Span;

use super::bounds::is_shallow;
use super::tree::{Body, ClassCode, Code, Line, Name, Node, Taken, Target, Way};

/// Statements and expressions inside each other.
const MAX_DEPTH: usize = 160;

/// A script or module.
#[derive(Debug)]
pub(super) struct Script {
    pub code: Rc<Code>,
    /// It has imports or exports.
    pub module: bool,
}

/// Puts one script into our tree.
#[derive(Default)]
pub(super) struct Lower {
    pub depth: usize,
    /// Names of `var` of the functions around.
    vars: Vec<Vec<Name>>,
}

/// Reads a script; nothing where it is none, or too deep.
pub(super) fn script(text: &str, module: bool) -> Option<Script> {
    if !is_shallow(text) {
        return None;
    }
    let read = |kind: SourceType| {
        let allocator = Allocator::default();
        let options = ParseOptions {
            allow_return_outside_function: !kind.is_module(),
            preserve_parens: false,
            ..ParseOptions::default()
        };
        let parsed = Parser::new(&allocator, text, kind)
            .with_options(options)
            .parse();
        if parsed.panicked || !parsed.diagnostics.is_empty() {
            return None;
        }
        let mut lower = Lower::default();
        lower.vars.push(Vec::new());
        let lines: Vec<Line> = lower.lines(&parsed.program.body);
        let named = lines.iter().any(|line| {
            matches!(
                line,
                Line::Import(..) | Line::Export(_) | Line::ExportFrom | Line::ExportDefault(_)
            )
        });
        let code = Code {
            name: Rc::from(""),
            parts: Vec::new(),
            rest: None,
            body: Body::Lines(lines),
            arrow: false,
            waits: kind.is_module(),
            vars: lower.vars.pop().unwrap_or_default(),
            own: false,
            lost: false,
        };
        Some(Script {
            code: Rc::new(code),
            module: named || module,
        })
    };
    if module {
        return read(SourceType::mjs());
    }
    // What reads as no module may be one by what stands in it.
    match read(SourceType::cjs()) {
        Some(script) if !script.module => Some(script),
        _ => read(SourceType::mjs()).filter(|script| script.module),
    }
}

pub(super) fn span(span: oxc_span::Span) -> Span {
    let place = |at: u32| usize::try_from(at).unwrap_or_default();
    Span::new(place(span.start), place(span.end))
}

pub(super) fn name(text: &str) -> Name {
    Rc::from(text)
}

impl Lower {
    pub fn lines(&mut self, all: &[ast::Statement<'_>]) -> Vec<Line> {
        let mut lines = Vec::new();
        for one in all {
            self.statement(one, &mut lines);
        }
        lines
    }

    fn body(&mut self, one: &ast::Statement<'_>) -> Box<Line> {
        let mut lines = Vec::new();
        self.statement(one, &mut lines);
        let only = if lines.len() == 1 { lines.pop() } else { None };
        Box::new(only.unwrap_or(Line::Block(lines)))
    }

    fn statement(&mut self, one: &ast::Statement<'_>, to: &mut Vec<Line>) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            to.push(Line::Lost);
        } else {
            self.one_statement(one, to);
        }
        self.depth -= 1;
    }

    fn one_statement(&mut self, one: &ast::Statement<'_>, to: &mut Vec<Line>) {
        use ast::Statement as S;
        let label = |label: &Option<ast::LabelIdentifier<'_>>| {
            label.as_ref().map(|label| name(label.name.as_str()))
        };
        let line = match one {
            S::BlockStatement(block) => Line::Block(self.lines(&block.body)),
            S::BreakStatement(one) => Line::Break(label(&one.label)),
            S::ContinueStatement(one) => Line::Continue(label(&one.label)),
            S::EmptyStatement(_) | S::DebuggerStatement(_) => Line::Empty,
            S::ExpressionStatement(one) => Line::Plain(self.node(&one.expression)),
            S::IfStatement(one) => Line::If(
                self.node(&one.test),
                self.body(&one.consequent),
                one.alternate.as_ref().map(|other| self.body(other)),
            ),
            S::DoWhileStatement(one) => Line::DoWhile(self.body(&one.body), self.node(&one.test)),
            S::WhileStatement(one) => Line::While(self.node(&one.test), self.body(&one.body)),
            S::ForStatement(one) => self.counted(one),
            S::ForOfStatement(one) => {
                self.each(&one.left, &one.right, &one.body, (false, one.r#await))
            }
            S::ForInStatement(one) => self.each(&one.left, &one.right, &one.body, (true, false)),
            S::LabeledStatement(one) => {
                Line::Label(name(one.label.name.as_str()), self.body(&one.body))
            }
            S::ReturnStatement(one) => {
                Line::Return(one.argument.as_ref().map(|value| self.node(value)))
            }
            S::ThrowStatement(one) => Line::Throw(self.node(&one.argument)),
            S::TryStatement(one) => self.tried(one),
            S::SwitchStatement(one) => {
                let value = self.node(&one.discriminant);
                let mut cases = Vec::new();
                for case in &one.cases {
                    let test = case.test.as_ref().map(|test| self.node(test));
                    cases.push((test, self.lines(&case.consequent)));
                }
                Line::Switch(value, cases)
            }
            S::VariableDeclaration(one) => self.declared(one),
            S::FunctionDeclaration(one) => Line::Define(self.function(one, None)),
            S::ClassDeclaration(one) => Line::Class(self.class(one, None)),
            S::ImportDeclaration(one) => imported(one),
            S::ExportDeclaration(one) => return self.exported(&one.declaration, to),
            S::ExportNamedDeclaration(one) => {
                let pairs = one.specifiers.iter();
                Line::Export(
                    pairs
                        .map(|one| (said(&one.local), said(&one.exported)))
                        .collect(),
                )
            }
            S::ExportFromDeclaration(_) | S::ExportAllDeclaration(_) => Line::ExportFrom,
            S::ExportDefaultDeclaration(one) => return self.export_default(&one.declaration, to),
            _ => Line::Lost,
        };
        to.push(line);
    }

    fn exported(&mut self, one: &ast::Declaration<'_>, to: &mut Vec<Line>) {
        use ast::Declaration as D;
        let mut names = Vec::new();
        let line = match one {
            D::VariableDeclaration(one) => self.declared(one),
            D::FunctionDeclaration(one) => Line::Define(self.function(one, None)),
            D::ClassDeclaration(one) => Line::Class(self.class(one, None)),
            _ => Line::Lost,
        };
        match &line {
            Line::Declare(_, all) => all.iter().for_each(|(target, _)| target.names(&mut names)),
            Line::Define(code) => names.push(Rc::clone(&code.name)),
            Line::Class(class) => names.push(Rc::clone(&class.name)),
            _ => {}
        }
        to.push(line);
        let pairs = names.into_iter().map(|name| (Rc::clone(&name), name));
        to.push(Line::Export(pairs.collect()));
    }

    fn export_default(&mut self, one: &ast::ExportDefaultDeclarationKind<'_>, to: &mut Vec<Line>) {
        use ast::ExportDefaultDeclarationKind as E;
        match one {
            E::FunctionDeclaration(one) => {
                let code = self.function(one, Some("default"));
                to.push(Line::Export(vec![(Rc::clone(&code.name), name("default"))]));
                to.push(Line::Define(code));
            }
            E::ClassDeclaration(one) => {
                let class = self.class(one, Some("default"));
                let own = Rc::clone(&class.name);
                to.push(Line::Class(class));
                to.push(Line::Export(vec![(own, name("default"))]));
            }
            other => {
                let line = match other.as_expression() {
                    Some(value) => Line::ExportDefault(self.node(value)),
                    None => Line::Lost,
                };
                to.push(line);
            }
        }
    }

    fn declared(&mut self, one: &ast::VariableDeclaration<'_>) -> Line {
        let way = match one.kind {
            ast::VariableDeclarationKind::Var => Way::Var,
            ast::VariableDeclarationKind::Let => Way::Let,
            ast::VariableDeclarationKind::Const => Way::Const,
            _ => return Line::Lost,
        };
        let mut all = Vec::new();
        for one in &one.declarations {
            let target = self.pattern(&one.id);
            if way == Way::Var
                && let Some(vars) = self.vars.last_mut()
            {
                target.names(vars);
            }
            let named = match &target {
                Target::Name(name) => Some(name.to_string()),
                _ => None,
            };
            let value = one.init.as_ref();
            let value = value.map(|value| self.named(value, named.as_deref()));
            all.push((target, value));
        }
        Line::Declare(way, all)
    }

    fn counted(&mut self, one: &ast::ForStatement<'_>) -> Line {
        let first = one.init.as_ref().map(|first| match first {
            ast::ForStatementInit::VariableDeclaration(one) => Box::new(self.declared(one)),
            other => Box::new(match other.as_expression() {
                Some(value) => Line::Plain(self.node(value)),
                None => Line::Lost,
            }),
        });
        let test = one.test.as_ref().map(|test| self.node(test));
        let step = one.update.as_ref().map(|step| self.node(step));
        Line::For(first, test, step, self.body(&one.body))
    }

    fn each(
        &mut self,
        left: &ast::ForStatementLeft<'_>,
        list: &ast::Expression<'_>,
        body: &ast::Statement<'_>,
        (keys, waits): (bool, bool),
    ) -> Line {
        let (way, target) = match left {
            ast::ForStatementLeft::VariableDeclaration(one) => match self.declared(one) {
                Line::Declare(way, mut all) => match all.pop() {
                    Some((target, None)) => (Some(way), target),
                    _ => return Line::Lost,
                },
                _ => return Line::Lost,
            },
            other => match other.as_assignment_target() {
                Some(target) => (None, self.target(target)),
                None => return Line::Lost,
            },
        };
        Line::Each {
            way,
            target,
            keys,
            waits,
            list: self.node(list),
            body: self.body(body),
        }
    }

    fn tried(&mut self, one: &ast::TryStatement<'_>) -> Line {
        let body = self.lines(&one.block.body);
        let handler = one.handler.as_ref().map(|handler| {
            let param = handler.param.as_ref();
            let target = param.map(|param| self.pattern(&param.pattern));
            (target, self.lines(&handler.body.body))
        });
        let last = one.finalizer.as_ref();
        Line::Try(body, handler, last.map(|last| self.lines(&last.body)))
    }

    pub fn function(&mut self, one: &ast::Function<'_>, named: Option<&str>) -> Rc<Code> {
        self.vars.push(Vec::new());
        let own = one.id.as_ref().map(|id| id.name.as_str()).or(named);
        let (parts, rest) = self.parameters(&one.params);
        let lines = match &one.body {
            Some(body) => self.lines(&body.statements),
            None => vec![Line::Lost],
        };
        Rc::new(Code {
            name: name(own.unwrap_or_default()),
            parts,
            rest,
            body: Body::Lines(lines),
            arrow: false,
            waits: one.r#async,
            vars: self.vars.pop().unwrap_or_default(),
            own: one.id.is_some() && one.is_expression(),
            lost: one.generator,
        })
    }

    pub fn arrow(
        &mut self,
        one: &ast::ArrowFunctionExpression<'_>,
        named: Option<&str>,
    ) -> Rc<Code> {
        self.vars.push(Vec::new());
        let (parts, rest) = self.parameters(&one.params);
        let body = match &one.body {
            ast::ArrowFunctionBody::FunctionBody(body) => Body::Lines(self.lines(&body.statements)),
            other => match other.as_expression() {
                Some(value) => Body::Value(self.node(value)),
                None => Body::Lines(vec![Line::Lost]),
            },
        };
        Rc::new(Code {
            name: name(named.unwrap_or_default()),
            parts,
            rest,
            body,
            arrow: true,
            waits: one.r#async,
            vars: self.vars.pop().unwrap_or_default(),
            own: false,
            lost: false,
        })
    }

    /// A value that is worked out anew for each object, with `this`.
    fn field(&mut self, value: &ast::Expression<'_>) -> Rc<Code> {
        self.vars.push(Vec::new());
        let body = Body::Value(self.node(value));
        Rc::new(Code {
            name: name(""),
            parts: Vec::new(),
            rest: None,
            body,
            arrow: false,
            waits: false,
            vars: self.vars.pop().unwrap_or_default(),
            own: false,
            lost: false,
        })
    }

    pub fn class(&mut self, one: &ast::Class<'_>, named: Option<&str>) -> Rc<ClassCode> {
        let own = one.id.as_ref().map(|id| id.name.as_str()).or(named);
        let mut class = ClassCode {
            name: name(own.unwrap_or_default()),
            parent: one
                .heritage
                .as_ref()
                .map(|parent| self.node(&parent.expression)),
            maker: None,
            methods: Vec::new(),
            fields: Vec::new(),
            lost: !one.decorators.is_empty(),
        };
        for element in &one.body.body {
            match element {
                ast::ClassElement::MethodDefinition(one) if !one.computed => {
                    let key = self.own_key(&one.key);
                    let code = self.function(&one.value, key.as_deref());
                    match (one.kind, key) {
                        (ast::MethodDefinitionKind::Constructor, _) => class.maker = Some(code),
                        (ast::MethodDefinitionKind::Method, Some(key)) => {
                            class.methods.push((key, one.r#static, code));
                        }
                        _ => class.lost = true,
                    }
                }
                ast::ClassElement::PropertyDefinition(one) if !one.computed => {
                    let value = one.value.as_ref().map(|value| self.field(value));
                    match self.own_key(&one.key) {
                        Some(key) => class.fields.push((key, one.r#static, value)),
                        None => class.lost = true,
                    }
                }
                _ => class.lost = true,
            }
        }
        Rc::new(class)
    }

    pub fn value(&mut self, one: Option<&ast::Expression<'_>>) -> Option<Node> {
        one.map(|one| self.node(one))
    }
}

fn said(one: &ast::ModuleExportName<'_>) -> Name {
    name(one.name().as_str())
}

fn imported(one: &ast::ImportDeclaration<'_>) -> Line {
    let mut all = Vec::new();
    for one in one.specifiers.iter().flatten() {
        use ast::ImportDeclarationSpecifier as I;
        all.push(match one {
            I::ImportSpecifier(one) => {
                let taken = match said(&one.imported) {
                    default if &*default == "default" => Taken::Default,
                    other => Taken::Name(other),
                };
                (taken, name(one.local.name.as_str()))
            }
            I::ImportDefaultSpecifier(one) => (Taken::Default, name(one.local.name.as_str())),
            I::ImportNamespaceSpecifier(one) => (Taken::All, name(one.local.name.as_str())),
        });
    }
    Line::Import(name(one.source.value.as_str()), all)
}
