//! A drain that locks writers out and then never answers.

use async_trait::async_trait;
use connection_drain::{ConnectionDrain, Input, Output};
use crossover_core::{Stage, StageContext, StageError, StageName};

pub struct HangingDrain;

#[async_trait]
impl Stage for HangingDrain {
    const NAME: StageName = StageName::ConnectionDrain;
    const ENDS_IN_PAUSE: bool = true;
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        ConnectionDrain.run(ctx, input).await?;
        std::future::pending().await
    }
}
