//! approval: asks for the approval that the plan requires, before anything is changed.
//!
//! The stage only asks. The state machine waits for the answer, which `crossover approve` sends with the task's token;
//! the token is in the journal, and is worth nothing without the right `states:SendTaskSuccess`.

use async_trait::async_trait;
use crossover_core::{Millis, Secret, Stage, StageContext, StageError, StageName, plan::ApprovalPlan};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub struct Approval;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Names the waiting state to Step Functions.
    task_token: Secret<String>,
    /// What is to be approved.
    #[serde(default)]
    of: Of,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    #[default]
    Cutover,
    Completion,
}

/// Empty: the result of the state is the answer.
#[derive(Debug, Serialize)]
pub struct Output {}

#[async_trait]
impl Stage for Approval {
    const NAME: StageName = StageName::new("approval");
    const PURPOSE: &'static str = "Asks for the approval of a cutover or a completion, where the plan requires one. The state machine waits for the answer.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        let Some(approval) = &ctx.plan.approval else {
            return Err(StageError::InvalidPlan {
                faults: vec!["approval is missing, but the state machine waits for an approval".to_owned()],
            });
        };
        ctx.require_not_aborted().await?;
        let question = question(ctx, approval, input.of);
        let detail = json!({
            "for": "approval",
            "reason": question,
            "expires_at_ms": ctx.clock.now() + Millis::from_seconds(approval.expires_after_s.into()),
            "task_token": input.task_token.expose(),
        });
        // Without this entry nobody could answer, so here a failing journal is an error.
        ctx.record(Self::NAME, "waiting", detail).await?;
        let told = ctx
            .journal
            .notify("Crossover: a run waits for its approval", &question);
        if let Err(error) = told.await {
            tracing::warn!(error = %error, "the operators could not be notified");
        }
        Ok(Output {})
    }
}

fn question(ctx: &StageContext, approval: &ApprovalPlan, of: Of) -> String {
    let plan = &ctx.plan;
    let what = match of {
        Of::Cutover => "cutover",
        Of::Completion => "completion, after which no rollback is possible,",
    };
    format!(
        "the {what} {} of lane {} waits for an approval, at most {} s; nothing is changed yet. `crossover approve` approves or rejects it",
        plan.run_id, plan.lane, approval.expires_after_s
    )
}
