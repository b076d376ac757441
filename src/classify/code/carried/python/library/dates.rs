//! `date` and `datetime` that are known: made of numbers or read from a text, compared, written, and set against now.
//! What is now the facts say; where they do not, whether a moment has gone by tells the age of the script's own file.

use std::cmp::Ordering;
use std::path::Path;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time as Hour};
use ruff_python_ast::Operator;

use super::super::super::value::Time;
use super::super::calls::Given;
use super::super::play::Player;
use super::super::value::{Clock, Kind, Outcome, Stop, Value};

/// Seconds by which the clock on the wall may differ from universal time, in either direction.
const ZONES: f64 = 14.0 * 3_600.0;
const DAY: f64 = 86_400.0;
/// Seconds that may go by until the script looks at its clock: what changes within them is not known.
const SOON: f64 = 600.0;

/// What reading a text has come to: a moment, none for certain, or nobody knows.
enum Read {
    Moment(DateTime),
    Nothing,
    Unclear,
}

/// Reads a text by a format of `strptime`, where each number has all its digits.
fn by_format(text: &str, format: &str) -> Read {
    let (mut year, mut month, mut day) = (1900, 1, 1);
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut rest = text;
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            match rest.chars().next() {
                Some(one) if one == sign => rest = rest.get(sign.len_utf8()..).unwrap_or_default(),
                Some(one) if sign.is_whitespace() || one.eq_ignore_ascii_case(&sign) => {
                    return Read::Unclear;
                }
                _ => return Read::Nothing,
            }
            continue;
        }
        let (digits, place): (usize, &mut i16) = match signs.next() {
            Some('Y') => (4, &mut year),
            Some('m') => (2, &mut month),
            Some('d') => (2, &mut day),
            Some('H') => (2, &mut hour),
            Some('M') => (2, &mut minute),
            Some('S') => (2, &mut second),
            _ => return Read::Unclear,
        };
        let found = rest
            .bytes()
            .take(digits)
            .take_while(u8::is_ascii_digit)
            .count();
        match (found == digits, found) {
            (true, _) => {}
            (false, 0) => return Read::Nothing,
            (false, _) if digits == 4 => return Read::Nothing,
            (false, _) => return Read::Unclear,
        }
        let (number, behind) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        *place = number.parse().unwrap_or_default();
        rest = behind;
    }
    if !rest.is_empty() {
        return Read::Nothing;
    }
    let small = |number: i16| i8::try_from(number).unwrap_or_default();
    let date = Date::new(year, small(month), small(day));
    let time = Hour::new(small(hour), small(minute), small(second), 0);
    match (date, time) {
        (Ok(date), Ok(time)) if year > 0 => Read::Moment(date.to_datetime(time)),
        // Python reads another number of digits then, and may find something yet.
        _ => Read::Unclear,
    }
}

/// `2026-08-01`, `2026-08-01T10:00:00`: what every Python reads.
fn by_standard(text: &str, whole: bool) -> Read {
    let formats: &[&str] = match whole {
        true => &["%Y-%m-%d"],
        false => &["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"],
    };
    let plain = text.replacen(' ', "T", 1);
    for format in formats {
        if let Read::Moment(moment) = by_format(&plain, format) {
            return Read::Moment(moment);
        }
    }
    // Newer ones read more, but nothing that begins with something else.
    match text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_digit())
    {
        true => Read::Unclear,
        false => Read::Nothing,
    }
}

/// Returns seconds since 1970 by the clock on the wall.
fn seconds(moment: DateTime) -> Option<f64> {
    let began = Date::new(1970, 1, 1).ok()?.to_datetime(Hour::midnight());
    Some(moment.duration_since(began).as_secs_f64())
}

fn moved(moment: DateTime, by: f64, whole: bool) -> Outcome<Value> {
    // A date goes by the days of a span alone.
    if by.abs() > 1e10 || whole && by % DAY != 0.0 {
        return Err(Stop::Lost);
    }
    let by = SignedDuration::from_secs_f64(by);
    let moved = moment.checked_add(by).map_err(|_| Stop::Lost)?;
    Ok(Value::Date(moved, whole))
}

/// Returns the day of so many seconds since 1970.
fn day_at(seconds: f64) -> Outcome<Value> {
    let began = Date::new(1970, 1, 1).map_err(|_| Stop::Lost)?;
    let day = (seconds / DAY).floor() * DAY;
    moved(began.to_datetime(Hour::midnight()), day, true)
}

/// Writes a moment by a format; nothing where a sign of it is not known.
fn told(moment: DateTime, format: &str) -> Option<String> {
    let mut all = String::new();
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            all.push(sign);
            continue;
        }
        all.push_str(&match signs.next()? {
            'Y' => moment.year().to_string(),
            'y' => format!("{:02}", moment.year().rem_euclid(100)),
            'm' => format!("{:02}", moment.month()),
            'd' => format!("{:02}", moment.day()),
            'H' => format!("{:02}", moment.hour()),
            'M' => format!("{:02}", moment.minute()),
            'S' => format!("{:02}", moment.second()),
            'j' => format!("{:03}", moment.date().day_of_year()),
            '%' => "%".to_owned(),
            _ => return None,
        });
    }
    Some(all)
}

/// Returns a moment as Python writes it.
pub(in super::super) fn written(moment: DateTime, whole: bool, between: char) -> Option<String> {
    let format = match whole {
        true => "%Y-%m-%d".to_owned(),
        false => format!("%Y-%m-%d{between}%H:%M:%S"),
    };
    let plain = moment.year() >= 1000 && moment.subsec_nanosecond() == 0;
    told(moment, &format).filter(|_| plain)
}

impl Player<'_> {
    /// Makes a date of numbers, or reads one.
    pub fn call_dates(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        let whole = name.starts_with("datetime.date.") || name == "datetime.date";
        let read = match name {
            "datetime.date" | "datetime.datetime" => return self.date_of(whole, given),
            "datetime.datetime.strptime" => {
                let (text, format) = (given.need("date_string")?, given.need("format")?);
                given.end()?;
                by_format(&text.as_text()?, &format.as_text()?)
            }
            "datetime.date.fromisoformat" | "datetime.datetime.fromisoformat" => {
                let text = given.need("date_string")?;
                given.end()?;
                by_standard(&text.as_text()?, whole)
            }
            _ => return Err(Stop::Lost),
        };
        match read {
            Read::Moment(moment) => Ok(Value::Date(moment, whole)),
            Read::Nothing => Err(self.raise("ValueError", "does not match format")),
            Read::Unclear => Err(Stop::Lost),
        }
    }

    fn date_of(&mut self, whole: bool, mut given: Given) -> Outcome<Value> {
        let mut parts = [0; 6];
        for (at, (part, name)) in parts
            .iter_mut()
            .zip(["year", "month", "day", "hour", "minute", "second"])
            .enumerate()
        {
            if at < 3 {
                *part = given.need(name)?.whole()?;
            } else if let Some(value) = given.take(name).filter(|_| !whole) {
                *part = value.whole()?;
            }
        }
        given.end()?;
        let [year, month, day, hour, minute, second] = parts;
        let small = |number: i128| i8::try_from(number).unwrap_or(-1);
        let date = Date::new(i16::try_from(year).unwrap_or(-1), small(month), small(day));
        let time = Hour::new(small(hour), small(minute), small(second), 0);
        match (date, time) {
            (Ok(date), Ok(time)) if year > 0 => Ok(Value::Date(date.to_datetime(time), whole)),
            _ => Err(self.raise("ValueError", "day is out of range for month")),
        }
    }

    /// Which of two is the later one, where one of them is a date.
    pub fn dates(&mut self, left: &Value, right: &Value) -> Outcome<Ordering> {
        match (left, right) {
            (Value::Date(one, a), Value::Date(two, b)) if a == b => Ok(one.cmp(two)),
            (Value::Date(moment, whole), Value::Time(Time::Now { less, unit }, clock))
                if *unit == 1.0 =>
            {
                self.against_now(*moment, *whole, (*less, *clock))
            }
            (Value::Time(Time::Now { less, unit }, clock), Value::Date(moment, whole))
                if *unit == 1.0 =>
            {
                Ok(self
                    .against_now(*moment, *whole, (*less, *clock))?
                    .reverse())
            }
            _ => Err(Stop::Lost),
        }
    }

    fn against_now(
        &mut self,
        moment: DateTime,
        whole: bool,
        (less, clock): (f64, Clock),
    ) -> Outcome<Ordering> {
        let at = seconds(moment).ok_or(Stop::Lost)?;
        match (whole, clock) {
            (true, Clock::Day) => {
                if less % DAY != 0.0 {
                    return Err(Stop::Lost);
                }
                match self.has_passed(at + less + DAY)? {
                    true => Ok(Ordering::Less),
                    false if self.has_passed(at + less)? => Ok(Ordering::Equal),
                    false => Ok(Ordering::Greater),
                }
            }
            (false, Clock::Moment | Clock::Universal) => {
                let now = self.now(clock)?;
                let passed = match now.map(|now| now - (at + less)) {
                    Some(ago) if (-SOON..=0.0).contains(&ago) => return Err(Stop::Lost),
                    Some(ago) => ago > 0.0,
                    None => self.has_passed(at + less)?,
                };
                Ok(match passed {
                    true => Ordering::Less,
                    false => Ordering::Greater,
                })
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Returns what a clock of this kind shows, in seconds since 1970; nothing where nobody has looked at one.
    fn now(&mut self, clock: Clock) -> Outcome<Option<f64>> {
        let zone = Value::text("TZ");
        let other = !self.inherits || self.environment.borrow().get(&zone)?.is_some();
        let Some((universal, local)) = self.world.clock()? else {
            return Ok(None);
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact")]
        Ok(match clock {
            Clock::Universal => Some(universal as f64),
            Clock::Moment | Clock::Day if !other => Some(local as f64),
            _ => None,
        })
    }

    /// Returns the day that it is, if it still is when the script asks.
    pub fn today(&mut self) -> Outcome<Option<Value>> {
        let now = self.now(Clock::Day)?;
        let Some(now) = now.filter(|now| now.rem_euclid(DAY) < DAY - SOON) else {
            return Ok(None);
        };
        day_at(now).map(Some)
    }

    /// Returns the day on which a file was changed, by the clock on the wall; summer time may have moved it by an hour since.
    pub fn day_of(&mut self, path: &Path) -> Outcome<Option<Value>> {
        let Some(local) = self.now(Clock::Day)? else {
            return Ok(None);
        };
        let Some(universal) = self.now(Clock::Universal)? else {
            return Ok(None);
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact")]
        let wall = self.world.moment(path)? as f64 + local - universal;
        let hour = 3_600.0;
        if !(hour..DAY - hour).contains(&wall.rem_euclid(DAY)) {
            return Ok(None);
        }
        day_at(wall).map(Some)
    }

    /// Returns how long ago a moment is; nothing where that may be a day more when the script asks.
    fn ago(&mut self, moment: DateTime, less: f64, clock: Clock) -> Outcome<Option<f64>> {
        let at = seconds(moment).ok_or(Stop::Lost)?;
        let ago = self.now(clock)?.map(|now| now - less - at);
        Ok(ago.filter(|ago| ago.rem_euclid(DAY) < DAY - SOON))
    }

    /// Tells whether it is later than this by the clock on the wall, wherever that hangs.
    fn has_passed(&mut self, at: f64) -> Outcome<bool> {
        let script = self.script.clone().ok_or(Stop::Lost)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact")]
        let written = self.world.moment(&script)? as f64;
        let late = self.world.is_older(&script, at + ZONES - written)?;
        let early = self.world.is_older(&script, at - ZONES - written)?;
        match late == early || self.world.waits {
            true => Ok(late),
            false => Err(Stop::Lost),
        }
    }

    /// What operators make of a date; nothing where neither side is one.
    pub fn of_dates(
        &mut self,
        op: Operator,
        left: &Value,
        right: &Value,
    ) -> Outcome<Option<Value>> {
        match (left, op, right) {
            (Value::Date(one, a), Operator::Sub, Value::Date(two, b)) if a == b => {
                let apart = one.duration_since(*two).as_secs_f64();
                Ok(Some(Value::Span(apart)))
            }
            (Value::Date(one, whole), Operator::Add, Value::Span(by))
            | (Value::Span(by), Operator::Add, Value::Date(one, whole)) => {
                moved(*one, *by, *whole).map(Some)
            }
            (Value::Date(one, whole), Operator::Sub, Value::Span(by)) => {
                moved(*one, -by, *whole).map(Some)
            }
            (
                Value::Time(Time::Now { less, unit }, clock @ (Clock::Moment | Clock::Universal)),
                Operator::Sub,
                Value::Date(moment, false),
            ) if *unit == 1.0 => Ok(Some(match self.ago(*moment, *less, *clock)? {
                Some(ago) => Value::Span(ago),
                None => Value::Unknown(Kind::Inert),
            })),
            // How long ago it is nobody says in seconds.
            (Value::Date(..), Operator::Sub, Value::Time(..) | Value::Unknown(_))
            | (Value::Time(..) | Value::Unknown(_), Operator::Sub, Value::Date(..)) => {
                Ok(Some(Value::Unknown(Kind::Inert)))
            }
            (Value::Date(..), ..) | (.., Value::Date(..)) => Err(Stop::Lost),
            _ => Ok(None),
        }
    }

    pub fn date_method(
        &mut self,
        (moment, whole): (DateTime, bool),
        name: &str,
        mut given: Given,
    ) -> Outcome<Value> {
        let number = |number: i8| Ok(Value::Int(i128::from(number)));
        match name {
            "strftime" => {
                let format = given.need("format")?.as_text()?;
                match told(moment, &format) {
                    Some(text) => self.text(text),
                    None => Ok(Value::Unknown(Kind::Text)),
                }
            }
            "isoformat" if given.placed.is_empty() && given.named.is_empty() => {
                match written(moment, whole, 'T') {
                    Some(text) => self.text(text),
                    None => Ok(Value::Unknown(Kind::Text)),
                }
            }
            "date" if !whole => {
                let day = moment.date().to_datetime(Hour::midnight());
                Ok(Value::Date(day, true))
            }
            "weekday" => number(moment.date().weekday().to_monday_zero_offset()),
            "isoweekday" => number(moment.date().weekday().to_monday_one_offset()),
            "isocalendar" => {
                let week = moment.date().iso_week_date();
                let day = week.weekday().to_monday_one_offset();
                let parts = [
                    i128::from(week.year()),
                    i128::from(week.week()),
                    i128::from(day),
                ];
                Ok(Value::tuple(parts.map(Value::Int).to_vec()))
            }
            "timestamp" => Ok(Value::Unknown(Kind::Number)),
            "replace" => {
                let mut date = moment.date();
                for part in ["year", "month", "day"] {
                    let Some(value) = given.key(part) else {
                        continue;
                    };
                    let value = value.whole()?;
                    let small = i8::try_from(value).map_err(|_| Stop::Lost);
                    let with = match part {
                        "year" => date
                            .with()
                            .year(i16::try_from(value).map_err(|_| Stop::Lost)?),
                        "month" => date.with().month(small?),
                        _ => date.with().day(small?),
                    };
                    date = with.build().map_err(|_| Stop::Lost)?;
                }
                given.end()?;
                Ok(Value::Date(date.to_datetime(moment.time()), whole))
            }
            _ => Err(Stop::Lost),
        }
    }

    pub fn date_property(
        &mut self,
        (moment, whole): (DateTime, bool),
        name: &str,
    ) -> Option<Value> {
        let part = match name {
            "year" => return Some(Value::Int(i128::from(moment.year()))),
            "month" => moment.month(),
            "day" => moment.day(),
            "hour" if !whole => moment.hour(),
            "minute" if !whole => moment.minute(),
            "second" if !whole => moment.second(),
            _ => return None,
        };
        Some(Value::Int(i128::from(part)))
    }

    /// Writes a date by a format of `strftime`.
    pub fn date_formatted(&mut self, moment: DateTime, format: &str) -> Option<String> {
        told(moment, format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_date_or_none_or_unclear() {
        let kind = |text: &str, format: &str| match by_format(text, format) {
            Read::Moment(moment) => moment.to_string(),
            Read::Nothing => "nothing".to_owned(),
            Read::Unclear => "unclear".to_owned(),
        };
        assert_eq!(kind("20260801", "%Y%m%d"), "2026-08-01T00:00:00");
        assert_eq!(
            kind("db-2026-08-01.gz", "db-%Y-%m-%d.gz"),
            "2026-08-01T00:00:00"
        );
        assert_eq!(
            kind("2026-08-01_0710", "%Y-%m-%d_%H%M"),
            "2026-08-01T07:10:00"
        );
        assert_eq!(kind("latest", "%Y%m%d"), "nothing");
        assert_eq!(kind("20260801x", "%Y%m%d"), "nothing");
        assert_eq!(kind("2026-8-1", "%Y-%m-%d"), "unclear");
        assert_eq!(kind("20261301", "%Y%m%d"), "unclear");
        assert_eq!(kind("1 Aug 2026", "%d %b %Y"), "unclear");
    }
}
