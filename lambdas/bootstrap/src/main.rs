//! The one program of all Lambda functions: which stage it serves, the function's handler says.
//!
//! One program is linked once, so that the very file that is deployed can also be rehearsed and tested.

use std::process::ExitCode;

use crossover_core::StageName;
use crossover_lambda_kit::{serve, start};

fn main() -> ExitCode {
    start(|configuration| match configuration.stage {
        StageName::PreCheck => serve(pre_check::PreCheck, configuration),
        StageName::LagWait => serve(lag_wait::LagWait, configuration),
        StageName::Validate => serve(validate::Validate, configuration),
        StageName::ReverseSync => serve(reverse_sync::ReverseSync, configuration),
        StageName::ConnectionDrain => serve(connection_drain::ConnectionDrain, configuration),
        StageName::FinalSync => serve(final_sync::FinalSync, configuration),
        StageName::Abort => serve(abort::Abort, configuration),
        StageName::Rollback => serve(rollback::Rollback, configuration),
    })
}
