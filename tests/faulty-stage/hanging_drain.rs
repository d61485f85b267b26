//! A drain that locks writers out and then never returns.

use async_trait::async_trait;
use crossover_core::{Stage, StageContext, StageError, StageName, stage::UndoTime};
use crossover_stages::connection_drain::{ConnectionDrain, Input, Output};

pub struct HangingDrain;

#[async_trait]
impl Stage for HangingDrain {
    const NAME: StageName = ConnectionDrain::NAME;
    const PURPOSE: &'static str = ConnectionDrain::PURPOSE;
    const ENDS_IN_PAUSE: bool = ConnectionDrain::ENDS_IN_PAUSE;
    const UNDO_TIME: UndoTime = ConnectionDrain::UNDO_TIME;
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        ConnectionDrain.run(ctx, input).await?;
        std::future::pending().await
    }
}
