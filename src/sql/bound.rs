//! Judges a WHERE: does it bound the rows, is it true for all, could evaluating it change anything?
//! It sees one expression and no data.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Query, SetExpr, Statement, UnaryOperator, Value, Visit, Visitor,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::model::effect::Bound;

use super::lex;
use super::read::Reader;

/// A longer WHERE is not parsed: chains of operators nest the tree as deep as they are long.
const MAX_TOKENS: usize = 2_000;
/// Deeper expressions are taken to bound the rows.
const MAX_DEPTH: usize = 40;

/// Returns the bound that the predicate in `from..to` sets.
pub(super) fn judge(reader: &Reader<'_>, from: usize, to: usize) -> Bound {
    let span = reader.span(from, to);
    let predicate = reader
        .text
        .get(span.start..span.end)
        .unwrap_or_default()
        .replace(lex::HOLE_LETTER, "\u{FFFC}");
    let tokens = reader.lexemes.get(from..to).unwrap_or_default();
    let hole = tokens.iter().any(lex::Lexeme::has_hole) || predicate.contains('\u{FFFC}');
    let Some(expr) = parse(reader, tokens) else {
        return Bound::Where {
            predicate,
            pure: false,
        };
    };
    if truth(&expr, 0) == Some(true) {
        return Bound::AlwaysTrue;
    }
    // A name in a block can be a variable of it: the predicate means nothing outside.
    let pure = !hole && !reader.block && !expr.visit(&mut Purity).is_break();
    Bound::Where { predicate, pure }
}

/// Tells whether an expression asks nothing but the row itself, and gives the same answer at any time.
pub(super) fn is_of_the_row(reader: &Reader<'_>, from: usize, to: usize) -> bool {
    let tokens = reader.lexemes.get(from..to).unwrap_or_default();
    let span = reader.span(from, to);
    let text = reader.text.get(span.start..span.end).unwrap_or_default();
    if tokens.iter().any(lex::Lexeme::has_hole) || text.contains('\u{FFFC}') {
        return false;
    }
    let moves = |word: &str| MOVING.iter().any(|one| one.eq_ignore_ascii_case(word));
    let called =
        |at: usize, name: &str| reader.is(at, name) && reader.token(at + 1, &Token::LParen);
    if (from..to).any(|at| {
        called(at, "age")
            || reader.token(at, &Token::LParen) && reader.token(at + 1, &Token::RParen)
    }) {
        return false;
    }
    // Words in strings count too: `'now'::timestamp` and `date('now')` move with the clock.
    if text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(moves)
    {
        return false;
    }
    parse(reader, tokens).is_some_and(|expr| {
        !expr.visit(&mut Purity).is_break() && !expr.visit(&mut OwnRow).is_break()
    })
}

/// Words whose value moves with the clock.
const MOVING: [&str; 9] = [
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "now",
    "today",
    "tomorrow",
    "yesterday",
];

/// Breaks at the first thing that asks other rows or tables.
struct OwnRow;

impl Visitor for OwnRow {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

fn parse(reader: &Reader<'_>, tokens: &[lex::Lexeme]) -> Option<Expr> {
    if tokens.is_empty() || tokens.len() > MAX_TOKENS {
        return None;
    }
    let tokens: Vec<TokenWithSpan> = tokens.iter().map(|lexeme| lexeme.token.clone()).collect();
    let count = tokens.len();
    let mut parser = Parser::new(lex::parser_of(reader.dialect)).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().ok()?;
    (parser.peek_token_ref().token == Token::EOF && count > 0).then_some(expr)
}

/// Returns the value that an expression has for every row, when it has one.
fn truth(expr: &Expr, depth: usize) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    let next = depth + 1;
    match expr {
        Expr::Value(value) => value_truth(&value.value),
        Expr::Nested(inner)
        | Expr::IsTrue(inner)
        | Expr::UnaryOp {
            op: UnaryOperator::Plus,
            expr: inner,
        } => truth(inner, next),
        Expr::IsNotFalse(inner) => truth(inner, next),
        Expr::UnaryOp {
            op: UnaryOperator::Not,
            expr: inner,
        }
        | Expr::IsFalse(inner)
        | Expr::IsNotTrue(inner) => truth(inner, next).map(|value| !value),
        Expr::IsNotNull(inner) => literal(inner).map(|_| true),
        Expr::IsNull(inner) => literal(inner).map(|_| false),
        Expr::BinaryOp { left, op, right } => binary(left, op, right, next),
        Expr::Like {
            negated: false,
            pattern,
            ..
        }
        | Expr::ILike {
            negated: false,
            pattern,
            ..
        } => match literal(pattern)?.as_str() {
            text if !text.is_empty() && text.bytes().all(|byte| byte == b'%') => Some(true),
            _ => None,
        },
        Expr::Exists { subquery, negated } => rowless(subquery).map(|value| value != *negated),
        Expr::Between {
            expr,
            negated: false,
            low,
            high,
        } => {
            let (value, low, high) = (number(expr)?, number(low)?, number(high)?);
            Some(low <= value && value <= high)
        }
        Expr::InList {
            expr,
            list,
            negated: false,
        } => {
            let value = literal(expr)?;
            list.iter()
                .any(|one| literal(one).as_ref() == Some(&value))
                .then_some(true)
        }
        _ => None,
    }
}

fn value_truth(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(*value),
        Value::Number(text, _) => text.parse::<f64>().ok().map(|number| number != 0.0),
        Value::SingleQuotedString(text) => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
            "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn binary(left: &Expr, op: &BinaryOperator, right: &Expr, depth: usize) -> Option<bool> {
    match op {
        BinaryOperator::Or => match (truth(left, depth), truth(right, depth)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        BinaryOperator::And => match (truth(left, depth), truth(right, depth)) {
            (Some(true), Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        },
        BinaryOperator::Eq | BinaryOperator::GtEq | BinaryOperator::LtEq
            if column(left).is_some() && column(left) == column(right) =>
        {
            Some(true)
        }
        _ => compare(left, op, right),
    }
}

fn compare(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<bool> {
    let order = match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right)?,
        _ => literal(left)?.cmp(&literal(right)?),
    };
    Some(match op {
        BinaryOperator::Eq | BinaryOperator::Spaceship => order.is_eq(),
        BinaryOperator::NotEq => order.is_ne(),
        BinaryOperator::Lt => order.is_lt(),
        BinaryOperator::LtEq => order.is_le(),
        BinaryOperator::Gt => order.is_gt(),
        BinaryOperator::GtEq => order.is_ge(),
        _ => return None,
    })
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse().ok(),
            _ => None,
        },
        Expr::Nested(inner) if !matches!(**inner, Expr::Nested(_)) => number(inner),
        Expr::BinaryOp { left, op, right } => {
            let (Expr::Value(_), Expr::Value(_)) = (&**left, &**right) else {
                return None;
            };
            let (left, right) = (number(left)?, number(right)?);
            match op {
                BinaryOperator::Plus => Some(left + right),
                BinaryOperator::Minus => Some(left - right),
                BinaryOperator::Multiply => Some(left * right),
                _ => None,
            }
        }
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Null | Value::Placeholder(_) => None,
            value => Some(value.to_string().trim_matches('\'').to_owned()),
        },
        _ => None,
    }
}

fn column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.to_lowercase()),
        Expr::CompoundIdentifier(parts) => Some(
            parts
                .iter()
                .map(|part| part.value.to_lowercase())
                .collect::<Vec<_>>()
                .join("."),
        ),
        _ => None,
    }
}

/// `EXISTS (SELECT 1)`: a query without a table gives a row.
fn rowless(query: &Query) -> Option<bool> {
    match &*query.body {
        SetExpr::Select(select) if select.from.is_empty() && select.selection.is_none() => {
            Some(true)
        }
        _ => None,
    }
}

/// Breaks at the first thing that could change something, or give other rows the next time.
struct Purity;

/// Functions that only compute.
const PURE: [&str; 62] = [
    "abs",
    "age",
    "any",
    "array",
    "array_length",
    "avg",
    "btrim",
    "cardinality",
    "ceil",
    "char_length",
    "coalesce",
    "concat",
    "count",
    "current_date",
    "current_timestamp",
    "date",
    "date_add",
    "date_part",
    "date_sub",
    "date_trunc",
    "datediff",
    "datetime",
    "floor",
    "greatest",
    "hex",
    "ifnull",
    "instr",
    "interval",
    "julianday",
    "json_extract",
    "jsonb_array_length",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "make_interval",
    "max",
    "min",
    "mod",
    "month",
    "now",
    "nullif",
    "octet_length",
    "position",
    "replace",
    "right",
    "round",
    "rtrim",
    "split_part",
    "strftime",
    "string_agg",
    "strpos",
    "substr",
    "substring",
    "sum",
    "to_char",
    "to_timestamp",
    "trim",
    "typeof",
    "upper",
    "year",
];

impl Visitor for Purity {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
                if PURE.contains(&name) {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            }
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_statement(&mut self, _statement: &Statement) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}
