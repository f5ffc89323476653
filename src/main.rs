//! The one binary.

fn main() -> std::process::ExitCode {
    standing::cli::run()
}
