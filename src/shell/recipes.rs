//! All recipe lines of a Makefile or justfile, whichever target they belong to, as their shells would read them.
//! It follows no prerequisites; running one target is the matter of `tasks`.

use super::tasks::{Makefile, expand_just, expand_make};

/// One recipe line, its variables filled in as far as the file gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Line of the file on which it begins, from 1.
    pub line: usize,
    pub text: String,
}

/// Returns every recipe line of a Makefile.
pub fn of_make(text: &str) -> Vec<Recipe> {
    all(text, |line, target, file| {
        expand_make(line, target, &file.variables)
    })
}

/// Returns every recipe line of a justfile.
pub fn of_just(text: &str) -> Vec<Recipe> {
    all(text, |line, _, file| expand_just(line, &file.variables))
}

fn all(text: &str, expand: impl Fn(&str, &str, &Makefile) -> String) -> Vec<Recipe> {
    let file = Makefile::read(text);
    let mut all = Vec::new();
    for rule in &file.rules {
        let target = rule.targets.first().map_or("", String::as_str);
        all.extend(rule.lines.iter().map(|(line, text)| Recipe {
            line: *line,
            text: expand(text, target, &file),
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_gives_its_lines() {
        let recipes = of_make("D := out\nall:\n\techo x\nclean:\n\t-rm -rf $(D) \\\n\t  more\n");
        assert_eq!(recipes.len(), 2);
        assert_eq!(
            (recipes[1].line, recipes[1].text.as_str()),
            (5, "rm -rf out  more")
        );
        assert_eq!(
            of_just("d := 'out'\nclean:\n  rm -rf {{d}}\n")[0].text,
            "rm -rf out"
        );
    }
}
