//! awk, carried out on text that is known whole: what it prints is then known, too.
//! Nothing is carried out that reaches outside of the program: files, pipes, commands, the clock, chance, the environment. Functions of
//! one's own, `getline` and what differs between awks are left out as well; then nothing is said, and `generated` says what it can.

mod format;
mod parse;
mod run;
mod tokens;
mod values;

/// Longest program and input, in bytes.
const MAX_TEXT: usize = 1 << 18;

/// What a call of awk is given.
pub(super) struct Given<'a> {
    pub program: &'a str,
    /// The value of `-F`.
    pub separator: Option<&'a str>,
    /// The values of `-v`.
    pub values: Vec<(String, String)>,
    /// Names and texts of the files in their order; the standard input has no name.
    pub files: Vec<(String, String)>,
}

/// Steps that awk may take in all calls of one text together.
pub(super) const FUEL: usize = 400_000;

/// Returns what awk prints; nothing where that is not certain. What is left of `fuel` is left for the next one.
pub(super) fn printed(given: &Given<'_>, fuel: &mut usize) -> Option<String> {
    let weight: usize = given.files.iter().map(|(_, text)| text.len()).sum();
    if weight + given.program.len() > MAX_TEXT {
        return None;
    }
    let rules = parse::read(given.program)?;
    let mut values = Vec::new();
    if let Some(separator) = given.separator {
        let separator = match separator {
            "t" => "\t".to_owned(),
            _ => tokens::unescaped(separator)?,
        };
        values.push(("FS".to_owned(), separator));
    }
    for (name, value) in &given.values {
        values.push((name.clone(), tokens::unescaped(value)?));
    }
    run::run(&rules, &values, &given.files, fuel)
}

/// Tells whether a program reads its input at all.
pub(super) fn reads(program: &str) -> bool {
    parse::read(program).is_none_or(|rules| {
        rules
            .iter()
            .any(|rule| !matches!(rule.when, parse::When::Begin))
    })
}

/// Tells whether a program is one that could be carried out: it prints, and nothing else.
pub(super) fn is_pure(program: &str) -> bool {
    parse::read(program).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &str = "# settings\n[development]\npath = var/app.db\nprotected = no\n\n[production]\npath = var/prod.db\nprotected=yes\n";
    const TABLE: &str = "a 10 x\nb 9 y\nc 100 x\n\nd 7\n";
    const CSV: &str = "id,name,city\n1,Ann,Ulm\n2,Bob,Bonn\n";

    fn with(
        separator: Option<&str>,
        values: &[(&str, &str)],
        program: &str,
        input: &str,
    ) -> Option<String> {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let given = Given {
            program,
            separator,
            values: values.collect(),
            files: vec![(String::new(), input.to_owned())],
        };
        printed(&given, &mut { FUEL })
    }

    // What mawk, gawk and the one of its authors print, all three.
    #[test]
    fn settings_are_read_as_scripts_read_them() {
        let program = "$0 == s {f=1; next} /^\\[/ {f=0} f && $1 == k {print $2; exit}";
        let of = |section, key| {
            with(Some(" *= *"), &[("s", section), ("k", key)], program, INI).unwrap_or_default()
        };
        assert_eq!(of("[development]", "path"), "var/app.db\n");
        assert_eq!(of("[production]", "protected"), "yes\n");
        assert_eq!(of("[test]", "path"), "");
    }

    #[test]
    fn lines_are_chosen_and_written_anew() {
        let table = |program: &str| with(None, &[("n", "2")], program, TABLE).unwrap_or_default();
        assert_eq!(table("NR>3"), "\nd 7\n");
        assert_eq!(table("NR<=n"), "a 10 x\nb 9 y\n");
        assert_eq!(table("NR==1,NR==2 {print NR\": \"$1}"), "1: a\n2: b\n");
        assert_eq!(table("$2>9 && $3==\"x\" {print $1, $2*2}"), "a 20\nc 200\n");
        assert_eq!(
            table("{s+=$2} END {print s, s/NR; printf \"%5.2f|%-4s|%03d\\n\", s/3, \"a\", 7}"),
            "126 25.2\n42.00|a   |007\n"
        );
        assert_eq!(table("!seen[$3]++ {print $3}"), "x\ny\n\n");
        assert_eq!(
            table("NF{print NF, $NF, $(NF-1)}"),
            "3 x 10\n3 y 9\n3 x 100\n2 7 d\n"
        );
        assert_eq!(table("{NF=2}1"), "a 10\nb 9\nc 100\n \nd 7\n");
        assert_eq!(
            table("{sub(/[0-9]+/,\"<&>\"); print}"),
            "a <10> x\nb <9> y\nc <100> x\n\nd <7>\n"
        );
        assert_eq!(
            table("$2+0==9{print; exit} END{print \"end\"}"),
            "b 9 y\nend\n"
        );
        let csv = |program: &str| with(Some(","), &[], program, CSV).unwrap_or_default();
        assert_eq!(csv("NR>1 && $3 ~ /^B/ {print $2}"), "Bob\n");
        assert_eq!(csv("{a=a sep $1; sep=\";\"} END{print a}"), "id;1;2\n");
        assert_eq!(
            csv("NR>1{n[$3]++} END{print n[\"Ulm\"]+0, length(n), (\"Rom\" in n)}"),
            "1 2 0\n"
        );
        let none = "BEGIN{i=0; while(i<3){i++; if(i==2) continue; print i}; do i--; while(i>1); print i, i++ + ++i, -2^2, 7%3, 1/4}";
        assert_eq!(table(none), "1\n3\n1 4 -4 1 0.25\n");
    }

    #[test]
    fn what_reaches_outside_is_not_carried_out() {
        for program in [
            "{print > \"out\"}",
            "{print | \"sh\"}",
            "{getline; print}",
            "{while ((\"ls\" | getline x) > 0) print x}",
            "{system(\"ls\")}",
            "{print ENVIRON[\"HOME\"]}",
            "BEGIN{srand(); print rand()}",
            "function f(x){return x} {print f($1)}",
            "{n[$1]} END{for(k in n) print k}",
            "{print $1 < \"f\"}",
            "BEGIN{while(1) i++}",
            "BEGIN{x=\"0123456789\"; while(length(x)<100000) x=x x; while(1) y=x}",
            "{print !x ~ y}",
            "BEGIN{print ARGV[1]}",
            "{printf \"%c\", 200}",
        ] {
            assert_eq!(with(None, &[], program, TABLE), None, "{program}");
        }
        let deep = "{".repeat(5_000) + &"}".repeat(5_000);
        assert_eq!(with(None, &[], &deep, TABLE), None);
        let deep = "BEGIN{print ".to_owned() + &"(".repeat(5_000) + "1";
        assert_eq!(with(None, &[], &deep, TABLE), None);
        let deep = "BEGIN{print ".to_owned() + &"-".repeat(5_000) + "1}";
        assert_eq!(with(None, &[], &deep, TABLE), None);
    }
}
