use std::process::ExitCode;

use crossover_core::Registry;
use lambda_runtime::Error;

use crate::{Configuration, serve::serve};

/// A program's `main`: reads the environment and serves the stage named there. An error that ends the program
/// is printed on standard error, which is the function's log.
pub fn start(stages: &Registry) -> ExitCode {
    let ended = Configuration::read(stages, |name| std::env::var(name).ok())
        .map_err(Error::from)
        .and_then(serve);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
