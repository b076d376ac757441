use super::*;
#[test]
fn reads_a_simple_command() {
    let script = parse("rm -rf build").unwrap();
    assert_eq!(script.items.len(), 1);
}
