//! The guard as a program of its own, for tests, whose executables have no hidden mode.

fn main() -> std::process::ExitCode {
    // It has the hidden mode too, so that a test can enter it the way the command line does.
    crossover_stand::guard::install();
    crossover_stand::guard::guard_main(std::env::args_os().skip(1))
}
