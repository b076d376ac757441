//! `time` and `datetime`: now, ages and moments of files, spans of time.
//! What is now is known as that alone, but for the day; how old a file is says the world.

use std::cmp::Ordering;

use ruff_python_ast::Operator;

use super::super::super::times::counted;
use super::super::super::value::{Time, Value as Plain};
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Clock, Kind, Outcome, Stop, Value};

const NOW: Time = Time::Now {
    less: 0.0,
    unit: 1.0,
};

fn plain(value: &Value) -> Option<Plain> {
    Some(match value {
        Value::Time(time, _) => Plain::Time(time.clone()),
        Value::Span(seconds) => Plain::Number(*seconds),
        Value::Int(_) | Value::Float(_) => Plain::Number(value.number().ok()?),
        _ => return None,
    })
}

/// Returns a number of seconds as a moment of this kind.
fn moment(time: Value, clock: Clock) -> Outcome<Value> {
    match time {
        Value::Time(time, Clock::Number) => Ok(Value::Time(time, clock)),
        _ => Err(Stop::Lost),
    }
}

/// Returns the kind of what an operator makes of moments and spans; those of different kinds make nothing.
fn together(left: &Value, right: &Value, sign: &str) -> Outcome<Clock> {
    use Clock::{Day, Moment, Number, Span, Universal, Zoned};
    let number = |value: &Value| matches!(value, Value::Int(_) | Value::Float(_));
    match (left, right) {
        (Value::Time(_, Number), Value::Time(_, Number)) => Ok(Number),
        (Value::Time(_, one @ (Moment | Universal | Zoned)), Value::Time(_, two))
            if one == two && sign == "-" =>
        {
            Ok(Span)
        }
        (Value::Time(_, clock @ (Day | Moment | Universal | Zoned | Span)), Value::Span(_))
        | (Value::Span(_), Value::Time(_, clock @ (Day | Moment | Universal | Zoned | Span)))
            if matches!(sign, "+" | "-") =>
        {
            Ok(*clock)
        }
        (Value::Time(_, Number), other) | (other, Value::Time(_, Number)) if number(other) => {
            Ok(Number)
        }
        (Value::Time(_, Span), other) if number(other) && sign == "/" => Ok(Span),
        (Value::Time(_, Span), Value::Span(_)) if sign == "/" => Ok(Number),
        _ => Err(Stop::Lost),
    }
}

impl Player<'_> {
    pub fn call_times(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "time.time" => Ok(Value::Time(NOW, Clock::Number)),
            "time.sleep" => Ok(Value::None),
            "time.monotonic" | "time.perf_counter" | "time.time_ns" => {
                Ok(Value::Unknown(Kind::Number))
            }
            "datetime.date.today" => {
                let today = self.today()?;
                Ok(today.unwrap_or(Value::Time(NOW, Clock::Day)))
            }
            "time.localtime" | "time.gmtime" => Ok(Value::Unknown(Kind::Inert)),
            "time.strftime" | "time.ctime" => Ok(Value::Unknown(Kind::Text)),
            "datetime.datetime.now" | "datetime.datetime.fromtimestamp" => {
                let time = match name {
                    "datetime.datetime.now" => Value::Time(NOW, Clock::Number),
                    _ => given.need("timestamp")?,
                };
                let clock = match given.take("tz") {
                    None | Some(Value::None) => Clock::Moment,
                    Some(Value::Library("datetime.timezone.utc")) => Clock::Zoned,
                    Some(_) => return Err(Stop::Lost),
                };
                given.end()?;
                moment(time, clock)
            }
            "datetime.datetime.today" => Ok(Value::Time(NOW, Clock::Moment)),
            "datetime.datetime.utcnow" => Ok(Value::Time(NOW, Clock::Universal)),
            "datetime.datetime.utcfromtimestamp" => {
                let time = given.need("timestamp")?;
                given.end()?;
                moment(time, Clock::Universal)
            }
            "datetime.timedelta" => {
                let mut seconds = 0.0;
                let units = [
                    ("days", 86_400.0),
                    ("seconds", 1.0),
                    ("microseconds", 1e-6),
                    ("milliseconds", 1e-3),
                    ("minutes", 60.0),
                    ("hours", 3_600.0),
                    ("weeks", 604_800.0),
                ];
                for (unit, size) in units {
                    if let Some(value) = given.take(unit) {
                        seconds += value.number()? * size;
                    }
                }
                given.end()?;
                Ok(Value::Span(seconds))
            }
            _ => Err(Stop::Lost),
        }
    }

    /// What operators make of moments; nothing where neither side is one.
    pub fn moments(&mut self, op: Operator, left: &Value, right: &Value) -> Outcome<Option<Value>> {
        let sign = match op {
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mult => "*",
            Operator::Div => "/",
            _ => return Ok(None),
        };
        match (left, right) {
            (Value::Span(one), Value::Span(two)) => Ok(match sign {
                "+" => Some(Value::Span(one + two)),
                "-" => Some(Value::Span(one - two)),
                _ => return Err(Stop::Lost),
            }),
            (Value::Span(one), Value::Int(_) | Value::Float(_)) if sign == "*" => {
                Ok(Some(Value::Span(one * right.number()?)))
            }
            (Value::Int(_) | Value::Float(_), Value::Span(two)) if sign == "*" => {
                Ok(Some(Value::Span(two * left.number()?)))
            }
            (Value::Time(..), _) | (_, Value::Time(..)) => {
                let (Some(one), Some(two)) = (plain(left), plain(right)) else {
                    return Err(Stop::Lost);
                };
                let clock = together(left, right, sign)?;
                match counted(sign, &one, &two) {
                    Some(Plain::Time(time)) => Ok(Some(Value::Time(time, clock))),
                    _ => Ok(Some(Value::Unknown(if clock == Clock::Number {
                        Kind::Number
                    } else {
                        Kind::Any
                    }))),
                }
            }
            _ => Ok(None),
        }
    }

    pub fn timed(&mut self, left: &Value, right: &Value) -> Outcome<Ordering> {
        let (Some(one), Some(two)) = (plain(left), plain(right)) else {
            return Err(Stop::Lost);
        };
        // What is not of one kind cannot be compared.
        match (left, right) {
            (Value::Time(_, one), Value::Time(_, two)) if one == two => {}
            (Value::Time(_, Clock::Span), Value::Span(_))
            | (Value::Span(_), Value::Time(_, Clock::Span))
            | (Value::Time(_, Clock::Number), Value::Int(_) | Value::Float(_))
            | (Value::Int(_) | Value::Float(_), Value::Time(_, Clock::Number)) => {}
            _ => return Err(Stop::Lost),
        }
        self.world.timed(&one, &two)?.ok_or(Stop::Lost)
    }

    pub fn time_method(&mut self, owner: &Value, name: &str, given: Given) -> Outcome<Value> {
        match (owner, name) {
            (Value::Time(Time::Now { less, unit }, Clock::Moment), "date")
                if *less == 0.0 && *unit == 1.0 =>
            {
                let today = self.today()?;
                Ok(today.unwrap_or(Value::Time(NOW, Clock::Day)))
            }
            (Value::Time(time, Clock::Moment), "date") => {
                let day = match time {
                    Time::Changed { path, unit: 1.0 } => self.day_of(path)?,
                    _ => None,
                };
                Ok(day.unwrap_or(Value::Time(time.clone(), Clock::Day)))
            }
            (Value::Time(time, Clock::Moment | Clock::Zoned), "timestamp") => {
                Ok(Value::Time(time.clone(), Clock::Number))
            }
            (Value::Time(time, Clock::Moment | Clock::Zoned), "astimezone") => {
                Ok(Value::Time(time.clone(), Clock::Zoned))
            }
            (Value::Time(time, Clock::Span), "total_seconds") => {
                Ok(Value::Time(time.clone(), Clock::Number))
            }
            (Value::Time(..), "strftime" | "isoformat") => Ok(Value::Unknown(Kind::Text)),
            (Value::Span(seconds), "total_seconds") => Ok(Value::Float(*seconds)),
            (Value::Time(time, clock), "replace") if given.placed.is_empty() => {
                self.replaced(time, *clock, given)
            }
            _ => Err(Stop::Lost),
        }
    }

    /// A moment that is said to be of another zone is another one.
    fn replaced(&mut self, time: &Time, clock: Clock, mut given: Given) -> Outcome<Value> {
        given.key("microsecond");
        let zone = given.key("tzinfo");
        given.end()?;
        let clock = match (clock, zone) {
            (Clock::Universal, Some(Value::Library("datetime.timezone.utc"))) => Clock::Zoned,
            (Clock::Moment | Clock::Universal, None | Some(Value::None)) | (Clock::Zoned, None) => {
                clock
            }
            _ => return Err(Stop::Lost),
        };
        Ok(Value::Time(time.clone(), clock))
    }

    pub fn time_property(&mut self, owner: &Value, name: &str) -> Outcome<Option<Value>> {
        match (owner, name) {
            #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
            (Value::Span(seconds), "days") if seconds.abs() < 1e13 => {
                Ok(Some(Value::Int((seconds / 86_400.0).floor() as i128)))
            }
            #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
            (Value::Span(seconds), "seconds") if seconds.abs() < 1e13 => Ok(Some(Value::Int(
                seconds.rem_euclid(86_400.0).floor() as i128,
            ))),
            (
                Value::Time(..) | Value::Span(_),
                "days" | "seconds" | "year" | "month" | "day" | "hour" | "minute",
            ) => Err(Stop::Lost),
            _ => Ok(None),
        }
    }
}
