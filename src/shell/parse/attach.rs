//! Walks a finished tree to put here-document bodies and other spans in.
//! It changes no word and no structure.

use super::super::ast::{
    Assign, AssignValue, Node, NodeKind, Param, PartKind, RawPart, RawWord, RedirectOp,
    Redirection, Script,
};
use crate::model::span::Span;

/// Puts the bodies into their redirections, found by where these start.
pub(super) fn bodies(script: &mut Script, bodies: &mut Vec<(usize, Vec<RawPart>)>) {
    if bodies.is_empty() {
        return;
    }
    bodies.sort_by_key(|(key, _)| *key);
    Walk { bodies, span: None }.script(script);
}

/// Gives every node, word and part the same span.
pub(super) fn place(script: &mut Script, span: Span) {
    let bodies = &mut Vec::new();
    let span = Some(span);
    Walk { bodies, span }.script(script);
}

/// One walk; the depth of trees is bounded by the parser.
struct Walk<'b> {
    bodies: &'b mut Vec<(usize, Vec<RawPart>)>,
    span: Option<Span>,
}

impl Walk<'_> {
    fn set(&self, span: &mut Span) {
        if let Some(given) = self.span {
            *span = given;
        }
    }

    fn script(&mut self, script: &mut Script) {
        self.set(&mut script.span);
        for item in &mut script.items {
            self.set(&mut item.span);
            let rest = item.rest.iter_mut().map(|(_, pipeline)| pipeline);
            for pipeline in std::iter::once(&mut item.first).chain(rest) {
                self.set(&mut pipeline.span);
                for node in &mut pipeline.nodes {
                    self.node(node);
                }
            }
        }
    }

    fn node(&mut self, node: &mut Node) {
        self.set(&mut node.span);
        for redirect in &mut node.redirects {
            self.redirect(redirect);
        }
        match &mut node.kind {
            NodeKind::Simple { assigns, words } => {
                for assign in assigns {
                    self.assign(assign);
                }
                self.words(words);
            }
            NodeKind::Subshell(script) | NodeKind::Group(script) => self.script(script),
            NodeKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.script(condition);
                    self.script(body);
                }
                if let Some(body) = otherwise {
                    self.script(body);
                }
            }
            NodeKind::While {
                condition, body, ..
            } => {
                self.script(condition);
                self.script(body);
            }
            NodeKind::For { words, body, .. } => {
                if let Some(words) = words {
                    self.words(words);
                }
                self.script(body);
            }
            NodeKind::ForArith { header, body } => {
                self.parts(header);
                self.script(body);
            }
            NodeKind::Case { subject, arms } => {
                self.word(subject);
                for arm in arms {
                    self.words(&mut arm.patterns);
                    self.script(&mut arm.body);
                }
            }
            NodeKind::Test(words) => self.words(words),
            NodeKind::Arith(parts) => self.parts(parts),
            NodeKind::Function { body, .. } | NodeKind::Coproc { body, .. } => self.node(body),
        }
    }

    fn redirect(&mut self, redirect: &mut Redirection) {
        if redirect.op == RedirectOp::HereDoc && redirect.body.is_none() {
            let found = self
                .bodies
                .binary_search_by_key(&redirect.span.start, |(key, _)| *key);
            let body = found.ok().and_then(|at| self.bodies.get_mut(at));
            redirect.body = body.map(|(_, parts)| std::mem::take(parts));
        }
        self.set(&mut redirect.span);
        self.word(&mut redirect.target);
        if let Some(body) = &mut redirect.body {
            self.parts(body);
        }
    }

    fn assign(&mut self, assign: &mut Assign) {
        self.set(&mut assign.span);
        if let Some(index) = &mut assign.index {
            self.parts(index);
        }
        match &mut assign.value {
            AssignValue::Word(word) => self.word(word),
            AssignValue::Array(words) => self.words(words),
        }
    }

    fn words(&mut self, words: &mut [RawWord]) {
        for word in words {
            self.word(word);
        }
    }

    fn word(&mut self, word: &mut RawWord) {
        self.set(&mut word.span);
        self.parts(&mut word.parts);
    }

    fn parts(&mut self, parts: &mut [RawPart]) {
        for part in parts {
            self.set(&mut part.span);
            match &mut part.kind {
                PartKind::Plain(_)
                | PartKind::Escaped(_)
                | PartKind::Single(_)
                | PartKind::AnsiC(_)
                | PartKind::Glob(_) => {}
                PartKind::Double(inner) | PartKind::Arith(inner) => self.parts(inner),
                PartKind::Param(param) => self.param(param),
                PartKind::Command(script) => self.script(script),
                PartKind::Process { script, .. } => self.script(script),
            }
        }
    }

    fn param(&mut self, param: &mut Param) {
        if let Some(index) = &mut param.index {
            self.parts(index);
        }
        for operand in &mut param.operands {
            self.parts(operand);
        }
    }
}
