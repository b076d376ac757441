//! What the commits of a push bring that the remote does not have yet, judged like what a commit stages.
//! What happens to the refs of the remote is judged elsewhere.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use crate::adapters::git::repo::Repo;
use crate::cli::scan;
use crate::examine;
use crate::examine::changes::{Repository, Which};
use crate::model::push::{Fate, PushedRef, is_zero};
use crate::model::scanned::{Remark, Report};
use crate::policy::builtin;

/// Commits on the remote's side that one tip is compared with; with fewer more counts as new, never less.
const BASES: usize = 16;
/// Namespaces of git itself, which hold no files of a project.
const NO_FILES: [&str; 4] = [
    "refs/notes/",
    "refs/remotes/",
    "refs/stash",
    "refs/replace/",
];

/// The commits of one push.
#[derive(Clone, Debug)]
pub struct Pushed {
    tips: Vec<String>,
    /// What the remote has, as `^ID`.
    known: Vec<String>,
    /// Name of the remote whose refs are known here, when it has one.
    remote: Option<String>,
    repo: Repo,
    cwd: PathBuf,
}

impl Pushed {
    /// Reads what is pushed from compared lines.
    pub fn new(lines: &[PushedRef], remote: Option<&str>, repo: &Repo, cwd: &Path) -> Self {
        let mut seen = HashSet::new();
        let brings = |one: &&PushedRef| {
            let of_git = NO_FILES.iter().any(|start| one.name.starts_with(start));
            !is_zero(&one.new) && one.old != one.new && !of_git
        };
        let tips = lines.iter().filter(brings).map(|one| &one.new);
        let tips = tips.filter(|tip| seen.insert(*tip)).cloned().collect();
        // An object that is not here cannot be left out by name.
        let is_here =
            |one: &&PushedRef| !is_zero(&one.old) && (one.known || one.fate == Fate::Kept);
        let known = lines.iter().filter(is_here);
        let is_name = |name: &&str| !name.is_empty() && !name.contains([':', '\\', '*', '?', '[']);
        Self {
            tips,
            known: known.map(|one| format!("^{}", one.old)).collect(),
            remote: remote.filter(is_name).map(str::to_owned),
            repo: repo.clone(),
            cwd: cwd.to_path_buf(),
        }
    }

    /// Judges what is new; nothing new costs one question to git.
    ///
    /// # Errors
    /// When git does not answer, or not in time.
    pub fn report(self, end: Instant) -> Result<Report, String> {
        if self.tips.is_empty() {
            return Ok(Report::default());
        }
        let (sender, receiver) = mpsc::channel();
        std::thread::Builder::new()
            .spawn(move || {
                let judged = std::panic::catch_unwind(|| self.judged());
                let inside = Err("failed inside while judging what is pushed".to_owned());
                // Nobody listens any more when it took too long.
                let _ = sender.send(judged.unwrap_or(inside));
            })
            .map_err(|error| error.to_string())?;
        let left = end.saturating_duration_since(Instant::now());
        let late = "what is pushed could not be judged in time; push fewer commits at once";
        receiver.recv_timeout(left).map_err(|_| late.to_owned())?
    }

    fn judged(mut self) -> Result<Report, String> {
        let mut all = Report::default();
        let mut seen = HashSet::new();
        for tip in self.fresh()? {
            let Some(bases) = self.bases(&tip)? else {
                continue;
            };
            let one = self.brought(&tip, &bases)?;
            let is_new = |remark: &Remark| seen.insert(spot(remark));
            all.remarks.extend(one.remarks.into_iter().filter(is_new));
            all.notes.extend(one.notes);
            // What came with one branch is not asked for again with the next.
            self.known.push(format!("^{tip}"));
        }
        all.notes.sort();
        all.notes.dedup();
        Ok(all)
    }

    /// Returns the commits that are pushed; of many, those that the remote does not have.
    fn fresh(&self) -> Result<Vec<String>, String> {
        let asked: String = self
            .tips
            .iter()
            .map(|tip| format!("{tip}^{{commit}}\n"))
            .collect();
        let check = ["cat-file", "--batch-check=%(objectname)"];
        let failed = |error: std::io::Error| error.to_string();
        if let [tip] = self.tips.as_slice() {
            return Ok(vec![tip.clone()]);
        }
        let said = self.repo.must(&check, asked.into_bytes()).map_err(failed)?;
        // A tag of a tree or a file brings no commit.
        let commits = said.lines().filter(|line| !line.contains(' '));
        let commits: Vec<String> = commits.map(str::to_owned).collect();
        let new: HashSet<String> = self
            .walk(&commits, self.remote.as_deref())?
            .into_iter()
            .collect();
        Ok(commits
            .into_iter()
            .filter(|commit| new.contains(commit))
            .collect())
    }

    /// Returns the newest commits on the remote's side below a tip, none when they share nothing; nothing when there all is known.
    fn bases(&self, tip: &String) -> Result<Option<Vec<String>>, String> {
        let tips = std::slice::from_ref(tip);
        let border = |walked: &[String]| -> Vec<String> {
            let ends = walked.iter().filter_map(|line| line.strip_prefix('-'));
            ends.map(str::to_owned).collect()
        };
        let mut walked = self.walk(tips, self.remote.as_deref())?;
        if !walked.is_empty() && border(&walked).is_empty() && self.remote.is_some() {
            // Nothing is known of this remote: what another one has was judged on its way there.
            walked = self.walk(tips, None)?;
        }
        if walked.iter().all(|line| line.starts_with('-')) {
            return Ok(None);
        }
        let mut bases = border(&walked);
        if bases.len() > 1 {
            let mut args = vec!["merge-base", "--independent"];
            args.extend(bases.iter().take(4096).map(String::as_str));
            let said = self
                .repo
                .must(&args, Vec::new())
                .map_err(|error| error.to_string())?;
            bases = said.lines().map(str::to_owned).collect();
        }
        bases.truncate(BASES);
        Ok(Some(bases))
    }

    /// Lists what is reachable from the tips and not on the remote, and the border of it with a `-`.
    fn walk(&self, tips: &[String], remote: Option<&str>) -> Result<Vec<String>, String> {
        let lines = tips.iter().chain(&self.known);
        let input: String = lines.flat_map(|line| [line.as_str(), "\n"]).collect();
        let remotes = match remote {
            Some(name) => format!("--remotes={name}"),
            None => "--remotes".to_owned(),
        };
        let args = ["rev-list", "--boundary", "--stdin", "--not", &remotes];
        let said = self.repo.must(&args, input.into_bytes());
        let said = said.map_err(|error| error.to_string())?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Judges what a tip has that none of the bases has.
    fn brought(&self, tip: &str, bases: &[String]) -> Result<Report, String> {
        let nothing = ["0".repeat(tip.len())];
        let bases = if bases.is_empty() { &nothing } else { bases };
        let mut report: Option<Report> = None;
        for base in bases {
            let one = self.against(base, tip)?;
            match &mut report {
                None => report = Some(one),
                Some(report) => {
                    let there: HashSet<_> = one.remarks.iter().map(spot).collect();
                    report
                        .remarks
                        .retain(|remark| there.contains(&spot(remark)));
                }
            }
            if report
                .as_ref()
                .is_some_and(|report| report.remarks.is_empty())
            {
                break;
            }
        }
        Ok(report.unwrap_or_default())
    }

    fn against(&self, base: &str, tip: &str) -> Result<Report, String> {
        let which = Which::Range {
            from: base.to_owned(),
            to: tip.to_owned(),
        };
        let tools = builtin::default_policy().tool_dirs;
        let repository = Repository::open(&self.cwd, &tools, which);
        let repository = repository.map_err(|error| error.to_string())?;
        let root = self.repo.root().unwrap_or_else(|| self.cwd.clone());
        scan::with_desk(&root, |desk| examine::changed(&repository, desk))
            .map_err(|error| error.to_string())
    }
}

/// What makes two remarks the same.
fn spot(remark: &Remark) -> (String, usize, usize, String) {
    let spot = &remark.spot;
    (
        spot.file.clone(),
        spot.line,
        spot.column,
        remark.rule.clone(),
    )
}
