//! `dzinza`: the whole platform in one program.

mod cli;

/// Gives memory back after large answers and imports; the system's allocator keeps it per thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
