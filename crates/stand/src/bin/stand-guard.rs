//! The guard as a separate program for tests, whose executables have no hidden mode.

fn main() -> std::process::ExitCode {
    // The hidden mode is available too, so that a test can enter it as the command line does.
    crossover_stand::guard::install();
    crossover_stand::guard::guard_main(std::env::args_os().skip(1))
}
