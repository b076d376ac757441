//! All recipe lines of a Makefile or justfile, whichever target they belong to, as their shells would read them.
//! It follows no prerequisites; running one target is the matter of `tasks`.

use super::tasks::{justfile, recipe_texts};

/// One recipe line, its variables filled in as far as the file gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Line of the file on which it begins, from 1.
    pub line: usize,
    pub text: String,
}

/// Returns every recipe line of a Makefile, and every command that make runs while it reads it.
pub fn of_make(text: &str) -> Vec<Recipe> {
    let lines = super::make::every(text).into_iter();
    lines.map(|(line, text)| Recipe { line, text }).collect()
}

/// Returns every recipe line of a justfile.
pub fn of_just(text: &str) -> Vec<Recipe> {
    let (recipes, variables) = justfile(text);
    let lines = recipes
        .iter()
        .flat_map(|task| recipe_texts(task, &[], &variables));
    lines.map(|(line, text)| Recipe { line, text }).collect()
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
            (5, "rm -rf out \\\n  more")
        );
        assert_eq!(
            of_just("d := 'out'\nclean:\n  rm -rf {{d}}\n")[0].text,
            "rm -rf out"
        );
    }
}
