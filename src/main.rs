//! The one binary.

/// An answer allocates on the thread that takes the question and frees on the one that writes its record: the system's
/// own allocator has both wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    standing::cli::run()
}
