//! Whether what stands at the end leads to the tips that were left.
//! Ancestry is asked in one run of git; a commit that cannot be read counts as lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use crate::model::git::{Standing, TipFact};

use super::{Head, OWN, Walk};

impl Walk<'_> {
    /// Returns what every ref that is sure leads to, commits of the call itself among them.
    fn holders(&self) -> HashSet<String> {
        let mut open: Vec<String> = self
            .refs
            .values()
            .filter(|value| value.sure)
            .filter_map(|value| match value.objects.as_slice() {
                [object] => Some(object.clone()),
                _ => None,
            })
            .chain(self.others.iter().cloned())
            .chain(self.stashes.iter().flatten().cloned())
            .collect();
        if let ([Head::At(object)], false) = (self.heads.as_slice(), self.lost) {
            open.push(object.clone());
        }
        let mut all = HashSet::new();
        while let Some(object) = open.pop() {
            if !all.insert(object.clone()) {
                continue;
            }
            if let Some(made) = self.own_of(&object) {
                open.extend(made.parents.iter().cloned());
            }
        }
        all
    }

    /// Tells of each tip whether what stands at the end leads to it.
    pub(super) fn judged(&self, left: Vec<(String, String)>) -> io::Result<Vec<TipFact>> {
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let holders = self.holders();
        // What a commit of the call was made from goes with it.
        let mut tips: Vec<(String, String)> = Vec::new();
        let mut open = left;
        let mut seen = HashSet::new();
        while let Some((name, object)) = open.pop() {
            if !seen.insert((name.clone(), object.clone())) {
                continue;
            }
            if let Some(made) = self.own_of(&object).filter(|_| !holders.contains(&object)) {
                open.extend(
                    made.parents
                        .iter()
                        .map(|parent| (name.clone(), parent.clone())),
                );
            }
            tips.push((name, object));
        }
        let real: Vec<&String> = tips
            .iter()
            .map(|(_, object)| object)
            .filter(|object| !object.starts_with(OWN) && !holders.contains(*object))
            .collect();
        let peeled = self.peeled(&real)?;
        let lost = self.unheld(&peeled, &holders)?;
        let standing = |object: &String| {
            if holders.contains(object) {
                return Standing::Held;
            }
            if object.starts_with(OWN) {
                return Standing::Own;
            }
            match peeled.get(object) {
                Some((commit, tagged)) => match (lost.contains(commit), tagged) {
                    (true, _) => Standing::Lost,
                    (false, true) => Standing::TagObject,
                    (false, false) => Standing::Held,
                },
                None => Standing::Lost,
            }
        };
        let mut all: Vec<TipFact> = tips
            .into_iter()
            .map(|(name, object)| TipFact {
                standing: standing(&object),
                name,
                object,
            })
            .collect();
        all.sort_by(|one, other| (&one.name, &one.object).cmp(&(&other.name, &other.object)));
        Ok(all)
    }

    /// Returns the commit that each object leads to, and whether a tag stands before it; other objects are left out.
    fn peeled(&self, objects: &[&String]) -> io::Result<BTreeMap<String, (String, bool)>> {
        let mut input = Vec::new();
        for object in objects {
            input.extend_from_slice(format!("{object}^{{commit}}\n").as_bytes());
        }
        if input.is_empty() {
            return Ok(BTreeMap::new());
        }
        let check = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
        let (_, output) = self.runner.run(&check, &[], input)?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let lines = text.lines().zip(objects).filter_map(|(line, object)| {
            let (commit, kind) = line.split_once(' ')?;
            (kind == "commit").then(|| ((*object).clone(), (commit.to_owned(), commit != *object)))
        });
        Ok(lines.collect())
    }

    /// Returns those of the commits that no holder leads to.
    fn unheld(
        &self,
        peeled: &BTreeMap<String, (String, bool)>,
        holders: &HashSet<String>,
    ) -> io::Result<HashSet<String>> {
        let commits: BTreeSet<&String> = peeled.values().map(|(commit, _)| commit).collect();
        if commits.is_empty() {
            return Ok(HashSet::new());
        }
        let mut input = String::new();
        for holder in holders.iter().filter(|holder| !holder.starts_with(OWN)) {
            input.push_str(&format!("^{holder}\n"));
        }
        for commit in &commits {
            input.push_str(&format!("{commit}\n"));
        }
        let mut args = vec![
            "-c",
            "core.commitGraph=false",
            "rev-list",
            "--ignore-missing",
        ];
        if commits.len() == 1 {
            // Whatever is left over, the tip itself is: all that a held tip leads to is held.
            args.push("--max-count=1");
        }
        args.push("--stdin");
        let (success, output) = self.runner.run(&args, &[], input.into_bytes())?;
        if !success {
            return Err(io::Error::other("its history could not be walked"));
        }
        let text = String::from_utf8_lossy(&output);
        let lost: HashSet<String> = text.lines().map(str::to_owned).collect();
        Ok(match commits.len() == 1 && !lost.is_empty() {
            true => commits.into_iter().cloned().collect(),
            false => lost,
        })
    }
}
