//! `printf` of awk: the formats that every awk writes in the same way.

use super::values::Value;

/// Widest field, in letters.
const MAX_WIDTH: usize = 1_000;

/// Writes values by a format; nothing where awks differ.
pub(super) fn formatted(format: &str, values: &[Value]) -> Option<String> {
    let mut all = String::new();
    let mut values = values.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        all.push_str(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
        if let Some(behind) = rest.strip_prefix('%') {
            all.push('%');
            rest = behind;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (spec, behind) = rest.split_at_checked(end)?;
        let kind = behind.chars().next()?;
        rest = behind.get(1..)?;
        all.push_str(&one(spec, kind, values.next()?)?);
    }
    all.push_str(rest);
    Some(all)
}

fn one(spec: &str, kind: char, value: &Value) -> Option<String> {
    let flags = spec.len() - spec.trim_start_matches(['-', '0']).len();
    let (flags, sizes) = spec.split_at_checked(flags)?;
    if !sizes
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let (width, precision) = match sizes.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse::<usize>().ok()?)),
        None => (sizes, None),
    };
    let width = match width {
        "" => 0,
        _ => width.parse::<usize>().ok()?,
    };
    if width > MAX_WIDTH || precision.is_some_and(|precision| precision > MAX_WIDTH) {
        return None;
    }
    let text = match (kind, precision) {
        ('s', precision) => {
            let text = value.text()?;
            if (width > 0 || precision.is_some()) && !text.is_ascii() {
                return None;
            }
            match precision {
                Some(precision) => text.get(..precision.min(text.len()))?.to_owned(),
                None => text,
            }
        }
        ('d' | 'i', None) => {
            let number = value.number().trunc();
            (number.abs() < 1e15).then(|| format!("{}", number as i64))?
        }
        ('f', precision) => {
            let number = value.number();
            (number.abs() < 1e15).then(|| format!("{number:.*}", precision.unwrap_or(6)))?
        }
        ('x', None) => {
            let number = value.number().trunc();
            (0.0..1e15)
                .contains(&number)
                .then(|| format!("{:x}", number as u64))?
        }
        _ => return None,
    };
    Some(if flags.contains('-') {
        format!("{text:<width$}")
    } else if flags.contains('0') && kind != 's' {
        match text.strip_prefix('-') {
            Some(digits) => format!("-{digits:0>0$}", width.saturating_sub(1)),
            None => format!("{text:0>width$}"),
        }
    } else {
        format!("{text:>width$}")
    })
}
