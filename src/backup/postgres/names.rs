//! Finds the relation that a name means: as a hold prints it, as a dump writes it, or as SQL quotes it.
//! It asks no server.

use super::scan::{Name, parse_name};

/// Returns the relations that a name means; one of `public` goes before others of the same name.
pub(super) fn resolve(all: &[Name], word: &str) -> Vec<Name> {
    let lower = word.to_lowercase();
    let mut found = exactly(all, word);
    if found.is_empty() && !word.contains('"') {
        found = exactly(all, &lower);
    }
    if found.is_empty() && !word.contains('"') {
        let same = |one: &&Name| {
            one.1.to_lowercase() == lower || format!("{}.{}", one.0, one.1).to_lowercase() == lower
        };
        found = all.iter().filter(same).cloned().collect();
    }
    found
}

fn exactly(all: &[Name], word: &str) -> Vec<Name> {
    let parsed = parse_name(word);
    let both =
        |one: &&Name| parsed.as_ref() == Some(*one) || word == format!("{}.{}", one.0, one.1);
    let mut found: Vec<Name> = all.iter().filter(both).cloned().collect();
    if found.is_empty() {
        let plain = word
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .map_or(word.to_owned(), |inner| inner.replace("\"\"", "\""));
        let same = |one: &&Name| one.1 == plain;
        let named: Vec<Name> = all.iter().filter(same).cloned().collect();
        let public: Vec<Name> = named
            .iter()
            .filter(|one| one.0 == "public")
            .cloned()
            .collect();
        found = if public.is_empty() { named } else { public };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_people_and_programs_write_it() {
        let name = |schema: &str, table: &str| (schema.to_owned(), table.to_owned());
        let odd = name("Sales Dept", "we\"ird; --'x");
        let all = [
            name("public", "customers"),
            name("public", "Customers"),
            name("shop", "customers"),
            name("shop", "orders"),
            odd.clone(),
        ];
        for (word, wanted) in [
            ("customers", all[0].clone()),
            ("CUSTOMERS", all[0].clone()),
            ("Customers", all[1].clone()),
            ("\"Customers\"", all[1].clone()),
            ("public.\"Customers\"", all[1].clone()),
            ("shop.customers", all[2].clone()),
            ("orders", all[3].clone()),
            ("Sales Dept.we\"ird; --'x", odd.clone()),
            ("\"Sales Dept\".\"we\"\"ird; --'x\"", odd.clone()),
            ("we\"ird; --'x", odd),
        ] {
            assert_eq!(resolve(&all, word), [wanted], "{word}");
        }
        assert!(resolve(&all, "nope").is_empty());
        assert!(resolve(&all, "\"ORDERS\"").is_empty());
    }
}
