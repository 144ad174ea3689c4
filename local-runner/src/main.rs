//! `dzinza`: the whole platform in one program.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
