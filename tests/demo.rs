//! The tutorial that runs: `backstop demo` on a machine with nothing but the program.
//! What it says in words is its own; that it ends well and leaves nothing behind is tested here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test may stop with a panic"
)]

mod house;
mod support;

#[test]
fn the_whole_story_ends_well_and_leaves_nothing_behind() {
    let place = house::place().join(format!("demo-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let output = support::run(&place, &["demo", "--dir", place.to_str().unwrap()], &[]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for part in ["backstop: held", "approve? [y/N]", "undo", "install claude"] {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
    assert_eq!(
        std::fs::read_dir(&place).unwrap().count(),
        0,
        "the scratch directory stays only with --keep"
    );
    std::fs::remove_dir_all(&place).unwrap();
}
