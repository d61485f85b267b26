//! The one program of all Lambda functions. The function's handler (`_HANDLER`) selects the stage; `bootstrap
//! --stages` lists the stages.
//!
//! With a single program, rehearsals and tests run the same file that is deployed.

use std::process::ExitCode;

use crossover_stages::registry;

fn main() -> ExitCode {
    let stages = registry();
    if std::env::args().nth(1).as_deref() == Some("--stages") {
        for name in stages.names() {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    crossover_lambda_kit::start(&stages)
}
