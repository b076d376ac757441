use super::super::ast::{AssignValue, Node, PartKind, RawWord, RedirectOp};
use super::*;

fn tree(text: &str) -> Script {
    parse(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

fn nodes(script: &Script) -> Vec<&Node> {
    let pipelines = script.items.iter().flat_map(|item| {
        std::iter::once(&item.first).chain(item.rest.iter().map(|(_, next)| next))
    });
    pipelines.flat_map(|pipeline| &pipeline.nodes).collect()
}

fn words(node: &Node) -> &[RawWord] {
    match &node.kind {
        NodeKind::Simple { words, .. } => words,
        other => panic!("{other:?} is no simple command"),
    }
}

/// The words of all simple commands, as they are written.
fn written(text: &str) -> Vec<Vec<String>> {
    let script = tree(text);
    let of = |word: &RawWord| text.get(word.span.start..word.span.end).unwrap().to_owned();
    nodes(&script)
        .into_iter()
        .map(|node| words(node).iter().map(of).collect())
        .collect()
}

fn only_part(text: &str) -> PartKind {
    let script = tree(text);
    let words = words(nodes(&script)[0]);
    words.last().unwrap().parts[0].kind.clone()
}

#[test]
fn a_continuation_may_stand_inside_any_token() {
    let script = tree("r\\\nm x &\\\n& echo $\\\n(rm y)");
    let all = nodes(&script);
    assert_eq!(words(all[0])[0].parts[0].kind, PartKind::Plain("rm".into()));
    assert!(matches!(
        words(all[1])[1].parts[0].kind,
        PartKind::Command(_)
    ));
}

#[test]
fn a_lone_brace_is_an_ordinary_character() {
    assert_eq!(written("echo {a,b; rm x; echo }").len(), 3);
    assert_eq!(written("find . \\{} \\;")[0].len(), 4);
}

#[test]
fn a_default_value_ends_at_the_first_brace() {
    assert_eq!(written("echo ${x:-{} b")[0].len(), 3);
    let PartKind::Double(parts) = only_part("echo \"${x:-it's}\"") else {
        panic!("double quotes");
    };
    let PartKind::Param(param) = &parts[0].kind else {
        panic!("a parameter");
    };
    assert_eq!(param.operands[0][0].kind, PartKind::Plain("it's".into()));
    assert!(parse("echo \"${x:-'}\"; rm a; echo \"'}\"").is_err());
}

#[test]
fn a_substitution_holds_a_full_script() {
    let PartKind::Command(script) = only_part("echo $(case a in a) b;; esac # )\n)") else {
        panic!("a substitution");
    };
    assert!(matches!(nodes(&script)[0].kind, NodeKind::Case { .. }));
}

#[test]
fn arithmetic_is_told_from_subshells() {
    assert!(matches!(only_part("echo $((1+(2)))"), PartKind::Arith(_)));
    assert!(matches!(
        only_part("echo $((a); (b))"),
        PartKind::Command(_)
    ));
    assert!(matches!(
        nodes(&tree("((i++))"))[0].kind,
        NodeKind::Arith(_)
    ));
    assert!(matches!(
        nodes(&tree("((a); (b))"))[0].kind,
        NodeKind::Subshell(_)
    ));
    let PartKind::Arith(parts) = only_part("echo $(( '$(rm x)' ))") else {
        panic!("arithmetic");
    };
    assert!(
        parts
            .iter()
            .any(|part| matches!(part.kind, PartKind::Command(_)))
    );
}

#[test]
fn backticks_are_a_script_once_their_escapes_are_undone() {
    let PartKind::Command(script) = only_part("echo `echo \\`rm x\\``") else {
        panic!("backticks");
    };
    let all = nodes(&script);
    assert!(matches!(
        words(all[0])[1].parts[0].kind,
        PartKind::Command(_)
    ));
    assert_eq!(words(all[0])[0].span, Span::new(5, 20));
}

#[test]
fn process_substitutions_stand_in_words_redirections_and_defaults() {
    for text in [
        "a <(rm x)",
        "a x<(rm x)",
        "a ${x:-<(rm x)}",
        "a=(<(rm x))",
        "[[ -f <(rm x) ]]",
        "a > >(rm x)",
    ] {
        assert!(format!("{:?}", tree(text)).contains("Process"), "{text}");
    }
}

#[test]
fn documents_start_at_the_next_newline_of_their_level() {
    let text = "cat <<A <<-'B' | x $(\necho)\n$y\nA\n\tz $q\n\tB\nls";
    let script = tree(text);
    let all = nodes(&script);
    assert_eq!(all.len(), 3);
    let [one, two] = all[0].redirects.as_slice() else {
        panic!("two documents");
    };
    assert_eq!(one.op, RedirectOp::HereDoc);
    assert!(matches!(
        one.body.as_ref().unwrap()[0].kind,
        PartKind::Param(_)
    ));
    assert_eq!(
        two.body.as_ref().unwrap()[0].kind,
        PartKind::Single("z $q\n".into())
    );
    assert_eq!(tree("cat <<E\nx").items.len(), 1);
    assert!(parse("echo $(cat <<E)\nrm x\nE").is_err());
}

#[test]
fn reserved_words_count_only_in_command_position() {
    assert_eq!(written("echo if then fi")[0].len(), 4);
    assert_eq!(written("\\time x")[0].len(), 2);
    assert_eq!(written("\"if\" x")[0].len(), 2);
    assert_eq!(written("A=b if")[0].len(), 1);
    assert!(tree("time -p ls").items[0].first.timed);
    assert_eq!(written("time -f x ls")[0].len(), 4);
}

#[test]
fn array_literals_behind_declare_are_assignments() {
    let script = tree("declare -A m=([a]=b [c d]=$(e))");
    let NodeKind::Simple { assigns, words } = &nodes(&script)[0].kind else {
        panic!("a simple command");
    };
    assert!(matches!(&assigns[0].value, AssignValue::Array(all) if all.len() == 2));
    assert_eq!(words[2].span, assigns[0].span);
}

#[test]
fn a_descriptor_belongs_to_its_redirection() {
    let script = tree(">f {n}>g a 2>&1 &>h >&i");
    let redirects = &nodes(&script)[0].redirects;
    let ops: Vec<_> = redirects.iter().map(|redirect| redirect.op).collect();
    use RedirectOp::{DupOut, Out, OutBoth};
    assert_eq!(ops, [Out, Out, DupOut, OutBoth, OutBoth]);
    assert_eq!(redirects[1].fd_name.as_deref(), Some("n"));
    assert_eq!(redirects[2].fd, Some(2));
}

#[test]
fn a_hash_starts_a_comment_only_at_the_start_of_a_word() {
    assert_eq!(written("echo a#b ${#x} $# # c; rm x")[0].len(), 4);
}

#[test]
fn ansi_strings_are_decoded() {
    let decoded = |text: &str| match only_part(text) {
        PartKind::AnsiC(text) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(decoded("a $'r\\x6d\\t\\'\\u00e9\\101\\cA'"), "rm\t'éA\u{1}");
    assert_eq!(decoded("a $'b\\0c'"), "b");
}

#[test]
fn globs_are_parts_of_their_own() {
    assert_eq!(only_part("rm *"), PartKind::Glob("*".into()));
    assert_eq!(
        only_part("rm [[:alpha:]x]"),
        PartKind::Glob("[[:alpha:]x]".into())
    );
    assert_eq!(only_part("rm ["), PartKind::Plain("[".into()));
    assert_eq!(only_part("rm @(a|b)"), PartKind::Glob("@(".into()));
    assert_eq!(only_part("rm '*'"), PartKind::Single("*".into()));
}

#[test]
fn forms_of_zsh_that_can_be_read_are_read() {
    for text in [
        "for x (a b) rm $x",
        "{ a; } always { b; }",
        "() { a; }",
        "a &|",
        "if [[ a ]] { b; } else { c; }",
        "while [[ a ]] { b; }",
        "for x (a/*.csv(om[6,-1])) print $x",
        "for k v in ${(kv)t}; do print $k; done",
        "for a b (1 2 3 4) { print $a; }",
    ] {
        tree(text);
    }
    for text in [
        "rm *(N)",
        "rm *(.om[1,5])",
        "rm *(/)",
        "rm *.(log|bak)",
        "rm *.(log|bak)(.om[1,5])",
    ] {
        assert_eq!(written(text)[0].len(), 2, "{text}");
    }
    assert_eq!(only_part("rm *(a|b)"), PartKind::Glob("*(".into()));
    assert_eq!(
        written("rm -f a/*.log(.m+7) b")[0],
        ["rm", "-f", "a/*.log(.m+7)", "b"]
    );
}

#[test]
fn the_lines_before_an_error_are_kept() {
    let error = parse("rm a\nrm b\nrm c; )").unwrap_err();
    assert_eq!(error.before.items.len(), 2);
    assert_eq!(error.at, 16);
}

#[test]
fn a_carriage_return_belongs_to_its_word() {
    assert_eq!(written("rm x\r\nls")[0][1], "x\r");
}
