//! The one program of all Lambda functions: which stage it serves, the function's handler says. `bootstrap --stages` lists them.
//!
//! One program is linked once, so that the very file that is deployed can also be rehearsed and tested.

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
