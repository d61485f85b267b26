//! The guard as a program of its own, for tests, whose executables have no hidden mode.

fn main() -> std::process::ExitCode {
    crossover_stand::guard::guard_main(std::env::args_os().skip(1))
}
