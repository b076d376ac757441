//! Entry point: hands over to the command line room and exits with its code.

fn main() {
    std::process::exit(i32::from(backstop::cli::run()));
}
