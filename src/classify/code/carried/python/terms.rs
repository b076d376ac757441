//! Expressions of Python: what each kind of them is, with calls, parts and texts put together.
//! Operators, calls and attributes are elsewhere.

use std::rc::Rc;

use ruff_python_ast::{
    self as ast, BoolOp, CmpOp, ConversionFlag, Expr, ExprFString, ExprSlice, FStringPart,
    InterpolatedElement, InterpolatedStringElement, Number, UnaryOp,
};

use super::frame::{self, Frame};
use super::play::Player;
use super::value::{Body, Bond, Function, Kind, Map, Outcome, Source, Stop, Value};

/// What stands between brackets behind a value.
pub(super) enum Spot {
    One(Value),
    Slice(Option<i128>, Option<i128>, i128),
}

impl Player<'_> {
    pub fn eval(&mut self, expr: &Expr, frame: &Rc<Frame>) -> Outcome<Value> {
        self.worked(1)?;
        self.deeper(|player| player.term(expr, frame))
    }

    fn term(&mut self, expr: &Expr, frame: &Rc<Frame>) -> Outcome<Value> {
        match expr {
            Expr::Name(one) => self.name(one.id.as_str(), frame),
            Expr::StringLiteral(one) => self.text(one.value.to_str()),
            Expr::NumberLiteral(one) => number(&one.value),
            Expr::BooleanLiteral(one) => Ok(Value::Bool(one.value)),
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::Call(one) => self.call_term(one, frame),
            Expr::Attribute(one) => {
                let owner = self.eval(&one.value, frame)?;
                self.attribute(&owner, one.attr.as_str())
            }
            Expr::Subscript(one) => {
                let owner = self.eval(&one.value, frame)?;
                let place = self.place(&one.slice, frame)?;
                self.item(&owner, place)
            }
            Expr::BinOp(one) => {
                let left = self.eval(&one.left, frame)?;
                let right = self.eval(&one.right, frame)?;
                self.binary(one.op, &left, &right)
            }
            Expr::UnaryOp(one) => self.unary(one.op, &one.operand, frame),
            Expr::BoolOp(one) => self.both(one.op, &one.values, frame),
            Expr::Compare(one) => self.compare_chain(one, frame),
            Expr::If(one) => {
                let test = self.eval(&one.test, frame)?;
                let way = if self.truth(&test)? {
                    &one.body
                } else {
                    &one.orelse
                };
                self.eval(way, frame)
            }
            Expr::FString(one) => self.filled(one, frame),
            Expr::List(one) => self.elements(&one.elts, frame).map(Value::list),
            Expr::Tuple(one) => self.elements(&one.elts, frame).map(Value::tuple),
            Expr::Set(one) => {
                let items = self.elements(&one.elts, frame)?;
                Value::set_of(items, false)
            }
            Expr::Dict(one) => self.dict_term(one, frame),
            Expr::Named(one) => {
                let value = self.eval(&one.value, frame)?;
                self.assign(&one.target, value.clone(), frame)?;
                Ok(value)
            }
            other => self.rare_term(other, frame),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of expression, read as a table"
    )]
    fn rare_term(&mut self, expr: &Expr, frame: &Rc<Frame>) -> Outcome<Value> {
        match expr {
            Expr::ListComp(one) => {
                let mut all = Vec::new();
                self.comprehend(&one.generators, frame, &mut |player, inner| {
                    all.push(player.eval(&one.elt, inner)?);
                    Ok(())
                })?;
                Ok(Value::list(all))
            }
            Expr::SetComp(one) => {
                let mut all = Vec::new();
                self.comprehend(&one.generators, frame, &mut |player, inner| {
                    all.push(player.eval(&one.elt, inner)?);
                    Ok(())
                })?;
                Value::set_of(all, false)
            }
            Expr::DictComp(one) => {
                let key = one.key.as_ref().ok_or(Stop::Lost)?;
                let mut all = Map::default();
                self.comprehend(&one.generators, frame, &mut |player, inner| {
                    let name = player.eval(key, inner)?;
                    let value = player.eval(&one.value, inner)?;
                    all.set(name, value)
                })?;
                Ok(Value::Dict(Rc::new(std::cell::RefCell::new(all))))
            }
            Expr::Generator(one) => {
                let first = one.generators.first().ok_or(Stop::Lost)?;
                let over = self.eval(&first.iter, frame)?;
                self.worked(one.range.len().to_usize() / 32)?;
                Ok(Value::generator(Source::Expression(
                    Rc::new(one.clone()),
                    Rc::clone(frame),
                    over,
                )))
            }
            Expr::Lambda(one) => {
                self.worked(one.range.len().to_usize() / 32)?;
                let parameters = one.parameters.as_deref();
                let mut names = frame::names(parameters, &[]);
                names
                    .own
                    .extend(frame::targets(std::iter::once(one.body.as_ref())).own);
                let function = Function {
                    name: "<lambda>".to_owned(),
                    defaults: self.defaults(parameters, frame)?,
                    body: Body::Lambda(Rc::new(one.clone())),
                    frame: Rc::clone(frame),
                    names: Rc::new(names),
                    bond: Bond::Plain,
                    class: std::cell::RefCell::new(None),
                    attributes: std::cell::RefCell::default(),
                };
                Ok(Value::Function(Rc::new(function)))
            }
            Expr::Yield(one) => {
                let value = match &one.value {
                    Some(value) => self.eval(value, frame)?,
                    None => Value::None,
                };
                self.give(value, frame)
            }
            Expr::YieldFrom(one) => {
                let over = self.eval(&one.value, frame)?;
                let sink = frame.sink.borrow().clone().ok_or(Stop::Lost)?;
                self.pour_into(&over, &sink)?;
                Ok(Value::Unknown(Kind::Any))
            }
            Expr::BytesLiteral(one) => {
                let bytes: Vec<u8> = one.value.bytes().collect();
                self.worked(bytes.len() / 64)?;
                Ok(Value::Bytes(Rc::from(bytes)))
            }
            Expr::EllipsisLiteral(_) => Ok(Value::Library("Ellipsis")),
            _ => Err(Stop::Lost),
        }
    }

    /// Gives a value to whoever takes those of this generator.
    fn give(&mut self, value: Value, frame: &Rc<Frame>) -> Outcome<Value> {
        let sink = frame.sink.borrow().clone().ok_or(Stop::Lost)?;
        let caught = std::mem::take(&mut self.caught);
        let outcome = sink(self, value);
        self.caught = caught;
        outcome.map(|()| Value::None)
    }

    pub fn elements(&mut self, all: &[Expr], frame: &Rc<Frame>) -> Outcome<Vec<Value>> {
        let mut items = Vec::new();
        for one in all {
            match one {
                Expr::Starred(star) => {
                    let value = self.eval(&star.value, frame)?;
                    items.extend(self.items(&value)?);
                }
                other => items.push(self.eval(other, frame)?),
            }
        }
        Ok(items)
    }

    fn dict_term(&mut self, one: &ast::ExprDict, frame: &Rc<Frame>) -> Outcome<Value> {
        let mut all = Map::default();
        for item in &one.items {
            match &item.key {
                Some(key) => {
                    let key = self.eval(key, frame)?;
                    let value = self.eval(&item.value, frame)?;
                    all.set(key, value)?;
                }
                None => {
                    let Value::Dict(other) = self.eval(&item.value, frame)? else {
                        return Err(Stop::Lost);
                    };
                    let entries = other.borrow().entries();
                    for (key, value) in entries {
                        self.worked(1)?;
                        all.set(key, value)?;
                    }
                }
            }
        }
        all.told = true;
        Ok(Value::Dict(Rc::new(std::cell::RefCell::new(all))))
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, frame: &Rc<Frame>) -> Outcome<Value> {
        let value = self.eval(operand, frame)?;
        if op == UnaryOp::Not {
            return Ok(Value::Bool(!self.truth(&value)?));
        }
        Ok(match (op, value) {
            (UnaryOp::USub, Value::Int(number)) => {
                Value::Int(number.checked_neg().ok_or(Stop::Lost)?)
            }
            (UnaryOp::USub, Value::Float(number)) => Value::Float(-number),
            (UnaryOp::USub, Value::Span(number)) => Value::Span(-number),
            (UnaryOp::UAdd, value @ (Value::Int(_) | Value::Float(_))) => value,
            (UnaryOp::Invert, Value::Int(number)) => Value::Int(!number),
            (_, Value::Bool(is)) if op != UnaryOp::Invert => Value::Int(if op == UnaryOp::USub {
                -i128::from(is)
            } else {
                i128::from(is)
            }),
            _ => return Err(Stop::Lost),
        })
    }

    fn both(&mut self, op: BoolOp, values: &[Expr], frame: &Rc<Frame>) -> Outcome<Value> {
        let (last, before) = values.split_last().ok_or(Stop::Lost)?;
        for one in before {
            let value = self.eval(one, frame)?;
            if self.truth(&value)? == (op == BoolOp::Or) {
                return Ok(value);
            }
        }
        self.eval(last, frame)
    }

    fn compare_chain(&mut self, one: &ast::ExprCompare, frame: &Rc<Frame>) -> Outcome<Value> {
        let mut left = self.eval(&one.left, frame)?;
        for (at, (op, right)) in one.ops.iter().zip(&one.comparators).enumerate() {
            let right = self.eval(right, frame)?;
            let told = self.compared(*op, &left, &right)?;
            if at + 1 == one.ops.len() || !told {
                return Ok(Value::Bool(told));
            }
            left = right;
        }
        Err(Stop::Lost)
    }

    fn compared(&mut self, op: CmpOp, left: &Value, right: &Value) -> Outcome<bool> {
        use std::cmp::Ordering::{Greater, Less};
        match op {
            CmpOp::Eq => self.equal(left, right),
            CmpOp::NotEq => Ok(!self.equal(left, right)?),
            CmpOp::Is => left.is_same(right),
            CmpOp::IsNot => Ok(!left.is_same(right)?),
            CmpOp::In => self.contains(right, left),
            CmpOp::NotIn => Ok(!self.contains(right, left)?),
            CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => {
                if let (Value::Library("sys.version_info"), Value::Tuple(than)) = (left, right) {
                    return newer(op, than);
                }
                if let (Value::Unknown(_), other) | (other, Value::Unknown(_)) = (left, right)
                    && other.is_plain()
                {
                    return Ok(self.guess());
                }
                if let Some(told) = self.subset(op, left, right)? {
                    return Ok(told);
                }
                let order = self.order(left, right)?;
                Ok(match op {
                    CmpOp::Lt => order == Some(Less),
                    CmpOp::LtE => order.is_some_and(|order| order != Greater),
                    CmpOp::Gt => order == Some(Greater),
                    _ => order.is_some_and(|order| order != Less),
                })
            }
        }
    }

    /// Reads what stands between brackets.
    pub fn place(&mut self, expr: &Expr, frame: &Rc<Frame>) -> Outcome<Spot> {
        match expr {
            Expr::Slice(one) => self.slice(one, frame),
            other => self.eval(other, frame).map(Spot::One),
        }
    }

    fn slice(&mut self, one: &ExprSlice, frame: &Rc<Frame>) -> Outcome<Spot> {
        let mut part = |expr: &Option<Box<Expr>>| match expr {
            Some(expr) => match self.eval(expr, frame)? {
                Value::None => Ok(None),
                value => value.whole().map(Some),
            },
            None => Ok(None),
        };
        let (from, to, by) = (part(&one.lower)?, part(&one.upper)?, part(&one.step)?);
        Ok(Spot::Slice(from, to, by.unwrap_or(1)))
    }

    /// Fills a text with values in it.
    fn filled(&mut self, one: &ExprFString, frame: &Rc<Frame>) -> Outcome<Value> {
        let mut all = String::new();
        let mut known = true;
        for part in &one.value {
            match part {
                FStringPart::Literal(text) => all.push_str(&text.value),
                FStringPart::FString(inner) => {
                    for element in &inner.elements {
                        known &= self.element(element, &mut all, frame)?;
                    }
                }
            }
        }
        match known {
            true => self.text(all),
            false => Ok(Value::Unknown(Kind::Text)),
        }
    }

    fn element(
        &mut self,
        element: &InterpolatedStringElement,
        all: &mut String,
        frame: &Rc<Frame>,
    ) -> Outcome<bool> {
        match element {
            InterpolatedStringElement::Literal(text) => {
                all.push_str(&text.value);
                Ok(true)
            }
            InterpolatedStringElement::Interpolation(one) => {
                let value = self.interpolated(one, frame)?;
                match value {
                    Some(text) => {
                        all.push_str(&text);
                        self.worked(text.len() / 64)?;
                        Ok(true)
                    }
                    None => Ok(false),
                }
            }
        }
    }

    fn interpolated(
        &mut self,
        one: &InterpolatedElement,
        frame: &Rc<Frame>,
    ) -> Outcome<Option<String>> {
        let value = self.eval(&one.expression, frame)?;
        if one.debug_text.is_some() {
            return Ok(None);
        }
        let mut spec = String::new();
        if let Some(format) = &one.format_spec {
            for element in &format.elements {
                if !self.element(element, &mut spec, frame)? {
                    return Err(Stop::Lost);
                }
            }
        }
        let value = match one.conversion {
            ConversionFlag::None => value,
            ConversionFlag::Str => self
                .string(&value)?
                .map_or(Value::Unknown(Kind::Text), |text| Value::text(&text)),
            ConversionFlag::Repr => self
                .written(&value)?
                .map_or(Value::Unknown(Kind::Text), |text| Value::text(&text)),
            ConversionFlag::Ascii => return Err(Stop::Lost),
        };
        self.formatted(&value, &spec)
    }
}

/// Whether Python is newer than a version: it is one of those that are in use.
fn newer(op: CmpOp, than: &[Value]) -> Outcome<bool> {
    let mut parts = Vec::new();
    for part in than {
        parts.push(part.whole()?);
    }
    let is = if parts.as_slice() <= [3, 9].as_slice() {
        true
    } else if parts.as_slice() >= [4].as_slice() {
        false
    } else {
        return Err(Stop::Lost);
    };
    Ok(match op {
        CmpOp::Gt | CmpOp::GtE => is,
        _ => !is,
    })
}

fn number(number: &Number) -> Outcome<Value> {
    match number {
        Number::Int(int) => match int.as_u64() {
            Some(int) => Ok(Value::Int(i128::from(int))),
            None => Err(Stop::Lost),
        },
        Number::Float(float) => Ok(Value::Float(*float)),
        Number::Complex { .. } => Err(Stop::Lost),
    }
}
