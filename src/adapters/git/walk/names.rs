//! What the names of commits stand for after some steps: `HEAD~1`, `main@{u}`, `stash@{1}`.
//! A name of which that cannot be said stands for nothing.

use std::io;

use super::{Made, OWN, Value, Walk};

impl Walk<'_> {
    /// Returns the object that a name stands for after the steps so far; nothing where that is not known.
    pub(super) fn resolve(&mut self, name: Option<&str>) -> io::Result<Option<Value>> {
        let Some(name) = name.filter(|name| !name.is_empty() && !name.starts_with('-')) else {
            return Ok(None);
        };
        let cut = name
            .char_indices()
            .find(|&(at, letter)| {
                at > 0 && matches!(letter, '^' | '~' | ':' | '@') || letter == ':'
            })
            .map_or(name.len(), |(at, _)| at);
        let at = |text: &str| text.starts_with("@{");
        let (base, rest) = match name.split_at_checked(cut) {
            // `@{u}` and `@{1}` speak of what is checked out, a lone `@` is `HEAD`.
            _ if at(name) => ("HEAD", name),
            Some((base, rest)) if rest.is_empty() || !rest.starts_with('@') || at(rest) => {
                (base, rest)
            }
            Some(_) | None => (name, ""),
        };
        if rest.starts_with("@{") {
            return self.with_braces(name, base, rest);
        }
        match self.value(base) {
            Some(value) => self.suffixed(&value, rest),
            // What is no ref: an object's name, or what git writes down for itself.
            None if self.stepped && matches!(base, "FETCH_HEAD" | "ORIG_HEAD") => Ok(None),
            None => self.parsed(name).map(|object| object.map(Value::sure)),
        }
    }

    /// Returns the value of a ref by the name that people write.
    fn value(&self, base: &str) -> Option<Value> {
        if matches!(base, "HEAD" | "@") {
            return self.tip();
        }
        if base == "stash" {
            return self.refs.get("refs/stash").cloned();
        }
        let names = [
            base.to_owned(),
            format!("refs/{base}"),
            format!("refs/tags/{base}"),
            format!("refs/heads/{base}"),
            format!("refs/remotes/{base}"),
        ];
        names.iter().find_map(|name| self.refs.get(name)).cloned()
    }

    /// `stash@{1}`, `main@{u}`, `HEAD@{2}`.
    fn with_braces(&mut self, name: &str, base: &str, rest: &str) -> io::Result<Option<Value>> {
        let inner = rest
            .strip_prefix("@{")
            .and_then(|rest| rest.split_once('}'));
        let Some((inner, after)) = inner else {
            return Ok(None);
        };
        if matches!(base, "stash" | "refs/stash")
            && let Ok(at) = inner.parse::<usize>()
        {
            let object = self.stashes.get(at).cloned().flatten();
            return match object {
                Some(object) => self.suffixed(&Value::sure(object), after),
                None => Ok(None),
            };
        }
        let lower = inner.to_ascii_lowercase();
        if matches!(lower.as_str(), "u" | "upstream" | "push") {
            let plain = name.strip_suffix(after).unwrap_or(name);
            let asked = ["rev-parse", "--symbolic-full-name", plain];
            let (known, output) = self.runner.run(&asked, &[], Vec::new())?;
            let full = String::from_utf8_lossy(&output).trim_end().to_owned();
            return match self.refs.get(&full).cloned() {
                Some(value) if known => self.suffixed(&value, after),
                Some(_) | None => Ok(None),
            };
        }
        // A reflog grows with every step of the call.
        if self.stepped {
            return Ok(None);
        }
        self.parsed(name).map(|object| object.map(Value::sure))
    }

    fn suffixed(&mut self, value: &Value, rest: &str) -> io::Result<Option<Value>> {
        let mut all = Value {
            objects: Vec::new(),
            sure: value.sure,
        };
        for object in &value.objects {
            let (base, rest) = self.back(object, rest);
            if base.starts_with(OWN) {
                if !rest.is_empty() {
                    return Ok(None);
                }
                all.objects.push(base);
                continue;
            }
            match self.parsed(&format!("{base}{rest}"))? {
                Some(object) => all.objects.push(object),
                None => return Ok(None),
            }
        }
        Ok((!all.objects.is_empty()).then_some(all))
    }

    /// Goes back from commits of the call itself to what was there before.
    fn back(&self, object: &str, rest: &str) -> (String, String) {
        let (mut object, mut rest) = (object.to_owned(), rest.to_owned());
        while let Some(made) = self.own_of(&object).filter(|made| made.single) {
            let Some(parent) = made.parents.first().filter(|_| made.parents.len() == 1) else {
                break;
            };
            let Some((count, after)) = steps_back(&rest) else {
                break;
            };
            object.clone_from(parent);
            rest = match count {
                1 => after.to_owned(),
                more => format!("~{}{after}", more - 1),
            };
        }
        (object, rest)
    }

    pub(super) fn own_of(&self, object: &str) -> Option<&Made> {
        let number: usize = object.strip_prefix(OWN)?.parse().ok()?;
        self.made.get(number)
    }

    /// Asks git what a name stands for.
    fn parsed(&self, name: &str) -> io::Result<Option<String>> {
        let is_whole =
            matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_whole {
            return Ok(Some(name.to_owned()));
        }
        let asked = ["rev-parse", "--verify", "--quiet", name];
        let (known, output) = self.runner.run(&asked, &[], Vec::new())?;
        let text = String::from_utf8_lossy(&output).trim_end().to_owned();
        Ok((known && !text.is_empty() && !text.contains('\n')).then_some(text))
    }
}

/// Reads how far `~2`, `^` or `^1` goes back, and what follows.
fn steps_back(rest: &str) -> Option<(usize, &str)> {
    let first = rest
        .chars()
        .next()
        .filter(|first| matches!(first, '~' | '^'))?;
    let after = rest.get(1..)?;
    let end = after
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(after.len());
    let (digits, after) = after.split_at_checked(end)?;
    let count = match digits {
        "" => 1,
        digits => digits.parse().ok()?,
    };
    match (first, count) {
        (_, 0) => None,
        ('^', 1) | ('~', _) => Some((count, after)),
        _ => None,
    }
}
