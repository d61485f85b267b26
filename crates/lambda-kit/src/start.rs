use std::process::ExitCode;

use lambda_runtime::Error;

use crate::Configuration;

/// A program's `main`: reads the environment and hands it over to serve the stage it names. Whatever ends the program is
/// told in plain words on standard error, which is the function's log.
pub fn start(serve: impl FnOnce(Configuration) -> Result<(), Error>) -> ExitCode {
    let ended = Configuration::read(|name| std::env::var(name).ok())
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
