//! Which folders of a project the workspace options of a package manager mean: `-w web`, `--filter @app/web`, `yarn workspace web`.
//! It reads the lists that the project keeps, and runs nothing.

use std::path::{Path, PathBuf};

use crate::model::command::{Cwd, Passage};
use crate::model::fact::{Answer, Question};
use crate::model::word::Word;

use super::super::state::{Feed, State, lexical};
use super::super::unfold::{Frame, Job, Unfolder};

/// Packages of one project that are looked at.
const MAX_PACKAGES: usize = 64;

/// What the words of a package manager say about workspaces.
#[derive(Debug, Default)]
struct Chosen {
    names: Vec<String>,
    all: bool,
    words: Vec<Word>,
}

impl Unfolder<'_> {
    /// Runs a package manager once in each workspace that its options mean; nothing where they mean none.
    pub(super) fn in_workspaces(
        &mut self,
        program: &str,
        job: &Job,
        st: &State,
        fr: &Frame,
    ) -> Option<Feed> {
        let chosen = chosen(program, &job.words)?;
        let root = st.known_cwd().filter(|_| !st.far)?.to_owned();
        let folders = self.workspaces(&root);
        let mut feed = None;
        for (folder, name) in folders {
            let named = |wanted: &String| means(wanted, &folder, &name, &root);
            if !chosen.all && !chosen.names.iter().any(named) {
                continue;
            }
            let mut inside = st.subshell();
            inside.cwd = vec![Cwd::Known(folder)];
            let mut own = job.clone();
            own.words.clone_from(&chosen.words);
            let said = |at: usize| own.words.get(at).and_then(Word::text).unwrap_or_default();
            let ran = if matches!(said(1).as_str(), "exec" | "x") {
                let from = 2 + usize::from(said(2) == "--");
                self.inner(program, Passage::Plain, own.rest(from), &mut inside, fr)
            } else {
                self.package(program, &own, &mut inside, fr)
            };
            feed = ran.or(feed);
        }
        feed
    }

    /// Returns the folders of a project's packages with their names.
    fn workspaces(&mut self, root: &Path) -> Vec<(PathBuf, String)> {
        let mut patterns = Vec::new();
        if let Some(Answer::Text { text, .. }) = self.read(root.join("package.json")) {
            patterns.extend(listed(&text));
        }
        if patterns.is_empty()
            && let Some(Answer::Text { text, .. }) = self.read(root.join("pnpm-workspace.yaml"))
        {
            patterns.extend(yaml_listed(&text));
        }
        let mut folders: Vec<PathBuf> = Vec::new();
        for pattern in patterns.iter().filter(|pattern| !pattern.starts_with('!')) {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            if !pattern.contains(['*', '?', '[', '{']) {
                folders.push(lexical(root, pattern));
                continue;
            }
            let question = Question::Glob {
                dir: root.to_owned(),
                pattern: format!("{}/package.json", pattern.replace("**", "*")),
            };
            if let Some(Answer::Glob(paths)) = self.facts.ask(question, self.needs) {
                let found = paths.iter().filter_map(|path| path.parent());
                folders.extend(found.map(|path| root.join(path)));
            }
        }
        folders.truncate(MAX_PACKAGES);
        let named = |folder: PathBuf| match self.read(folder.join("package.json")) {
            Some(Answer::Text { text, .. }) => {
                let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
                let name = json.and_then(|json| Some(json.get("name")?.as_str()?.to_owned()));
                Some((folder, name.unwrap_or_default()))
            }
            _ => None,
        };
        folders.into_iter().filter_map(named).collect()
    }
}

/// Tells whether a name on the command line means this package.
fn means(wanted: &str, folder: &Path, name: &str, root: &Path) -> bool {
    let wanted = wanted.trim_end_matches("...").trim_start_matches("...");
    let wanted = wanted.trim_matches(['{', '}', '^']);
    if wanted == name {
        return true;
    }
    if let Some((head, tail)) = wanted.split_once('*') {
        return name.starts_with(head) && name.ends_with(tail);
    }
    // pnpm finds a package without its scope too.
    let bare = name.rsplit('/').next().unwrap_or(name);
    lexical(root, wanted) == folder || bare == wanted
}

fn listed(text: &str) -> Vec<String> {
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let Some(json) = json else { return Vec::new() };
    let Some(field) = json.get("workspaces") else {
        return Vec::new();
    };
    let list = field
        .as_array()
        .or_else(|| field.get("packages")?.as_array());
    let words = list
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str);
    words.map(ToOwned::to_owned).collect()
}

fn yaml_listed(text: &str) -> Vec<String> {
    let inside = text
        .lines()
        .skip_while(|line| line.trim() != "packages:")
        .skip(1);
    inside
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with(['-', '#']))
        .filter_map(|line| line.strip_prefix('-'))
        .map(|line| line.trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

/// Takes the workspace options out of the words; nothing where there are none.
fn chosen(program: &str, words: &[Word]) -> Option<Chosen> {
    let mut all = Chosen::default();
    let mut rest = words.iter();
    all.words.extend(rest.next().cloned());
    let mut found = false;
    let mut own = true;
    while let Some(word) = rest.next() {
        let text = word.text().unwrap_or_default();
        own &= text != "--";
        let valued = match program {
            "npm" => matches!(text.as_str(), "-w" | "--workspace"),
            "yarn" => false,
            _ => matches!(text.as_str(), "-F" | "--filter" | "-w" | "--workspace"),
        };
        let attached = ["--workspace=", "--filter=", "-w=", "-F="]
            .iter()
            .find_map(|head| text.strip_prefix(head));
        let every = match program {
            "npm" => matches!(text.as_str(), "-ws" | "--workspaces"),
            "pnpm" => matches!(text.as_str(), "-r" | "--recursive" | "recursive"),
            _ => false,
        };
        match (own, all.words.len()) {
            // `-w` of pnpm is the root of the project.
            (true, _)
                if program == "pnpm" && matches!(text.as_str(), "-w" | "--workspace-root") => {}
            (true, _) if valued => {
                all.names.extend(rest.next().and_then(Word::text));
                found = true;
            }
            (true, _) if attached.is_some() && program != "yarn" => {
                all.names.extend(attached.map(ToOwned::to_owned));
                found = true;
            }
            (true, _) if every => {
                all.all = true;
                found = true;
            }
            (true, 1) if program == "yarn" && text == "workspace" => {
                all.names.extend(rest.next().and_then(Word::text));
                found = true;
            }
            (true, 1) if program == "yarn" && text == "workspaces" => {
                let tail: Vec<Word> = rest.by_ref().cloned().collect();
                let at = tail
                    .iter()
                    .position(|word| matches!(word.text().as_deref(), Some("run" | "exec")))?;
                all.words
                    .extend(tail.get(at..).unwrap_or_default().iter().cloned());
                all.all = true;
                found = true;
            }
            _ => all.words.push(word.clone()),
        }
    }
    found.then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::state::nowhere;

    fn read(line: &str) -> Option<(Vec<String>, bool, String)> {
        let words: Vec<Word> = line
            .split(' ')
            .map(|word| Word::literal(word, nowhere()))
            .collect();
        let all = chosen(words.first()?.text()?.as_str(), &words)?;
        let rest: Vec<String> = all.words.iter().map(Word::shown).collect();
        Some((all.names, all.all, rest.join(" ")))
    }

    #[test]
    fn workspace_options_stand_before_and_behind_the_script() {
        let one = |name: &str, line: &str| Some((vec![name.to_owned()], false, line.to_owned()));
        assert_eq!(
            read("npm run wipe --workspace @a/web"),
            one("@a/web", "npm run wipe")
        );
        assert_eq!(
            read("npm -w web run wipe -- -w x"),
            one("web", "npm run wipe -- -w x")
        );
        assert_eq!(read("pnpm --filter=web wipe"), one("web", "pnpm wipe"));
        assert_eq!(read("yarn workspace web wipe"), one("web", "yarn wipe"));
        assert_eq!(
            read("pnpm -r run wipe"),
            Some((vec![], true, "pnpm run wipe".to_owned()))
        );
        assert_eq!(read("npm run wipe"), None);
    }

    #[test]
    fn a_workspace_is_meant_by_its_name_its_folder_and_without_its_scope() {
        let (root, folder) = (Path::new("/p"), Path::new("/p/packages/web"));
        for wanted in [
            "@a/web",
            "./packages/web",
            "packages/web",
            "web",
            "@a/*",
            "web...",
        ] {
            assert!(means(wanted, folder, "@a/web", root), "{wanted}");
        }
        assert!(!means("api", folder, "@a/web", root));
    }
}
