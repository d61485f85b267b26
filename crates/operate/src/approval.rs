//! The approval of a cutover that waits for it: the question that the stage approval has asked, and the answer.

use crossover_clock::SystemClock;
use crossover_core::{Millis, Secret, UnixMillis, polling::Polling, ports::Clock as _};
use serde_json::json;

use crate::{
    clients::Clients,
    error::{OperateError, Result},
    run::RunExecution,
    states,
    status::RunUnderWay,
};

/// The stage that asks.
const STAGE: &str = "approval";
/// The error with which a rejected cutover ends. The state machine catches it.
pub const REJECTED: &str = "ApprovalRejected";
/// A cold start of the function is far shorter.
const ASKS_WITHIN: Millis = Millis(20_000);
const ASKS_SOON_EVERY: Millis = Millis(250);

/// What somebody has to decide.
#[derive(Debug, Clone)]
pub struct Question {
    pub run: RunExecution,
    pub asked_at: UnixMillis,
    /// Nobody can answer afterwards.
    pub expires_at: UnixMillis,
    token: Secret<String>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

/// The question of a run, by default of the run under way.
///
/// # Errors
/// No run waits for an approval.
pub async fn question(clients: &Clients, run_id: Option<&str>) -> Result<Question> {
    let lane = &clients.migration.template().lane;
    let under_way = clients.under_way().await?;
    let run = waiting(lane, run_id, under_way)?;
    // The state is entered before its function has asked.
    let mut polling = Polling::new(&SystemClock, ASKS_SOON_EVERY, ASKS_WITHIN);
    loop {
        if let Some(question) = find(clients, &run).await? {
            return Ok(question);
        }
        polling.pause().await.map_err(|late| OperateError::Late {
            what: format!("the question of run {}", run.run_id),
            seconds: late.waited.whole_seconds(),
            hint: "the state Approval is entered, but its function has written no question into the journal; see the log of the function approval",
        })?;
    }
}

/// The run that waits, if it is the one that is meant.
fn waiting(lane: &str, run_id: Option<&str>, under_way: Option<RunUnderWay>) -> Result<RunExecution> {
    let nothing =
        |why: String| OperateError::NothingToDo(format!("{why}; `crossover status` says what can be done"));
    let Some(seen) = under_way else {
        return Err(nothing(format!(
            "no run of lane {lane} is under way, so none waits for an approval"
        )));
    };
    if run_id.is_some_and(|asked| asked != seen.run_id) {
        return Err(nothing(format!(
            "run {} of lane {lane} is under way, not {}",
            seen.run_id,
            run_id.unwrap_or_default()
        )));
    }
    if !seen.state.as_deref().is_some_and(states::asks) {
        return Err(nothing(format!(
            "run {} is in state {} and does not wait for an approval",
            seen.run_id,
            seen.state.as_deref().unwrap_or("(between two states)")
        )));
    }
    Ok(RunExecution {
        kind: seen.kind(),
        run_id: seen.run_id,
        arn: seen.execution,
    })
}

/// The newest question of a run. Each attempt of the state asks again, with another token.
async fn find(clients: &Clients, run: &RunExecution) -> Result<Option<Question>> {
    let lines = clients.runs.journal.lines(&run.run_id).await?;
    let asked = lines
        .iter()
        .rfind(|line| line.stage == STAGE && line.event == "waiting");
    Ok(asked.and_then(|line| {
        Some(Question {
            run: run.clone(),
            asked_at: line.at_ms,
            expires_at: UnixMillis(line.detail["expires_at_ms"].as_u64()?),
            token: Secret::new(line.detail["task_token"].as_str()?.to_owned()),
        })
    }))
}

/// Answers a question. Returns who has answered, as AWS knows them.
///
/// # Errors
/// The question is answered or expired already, or AWS does not permit the answer.
pub async fn answer(
    clients: &Clients,
    question: &Question,
    decision: Decision,
    note: Option<&str>,
) -> Result<String> {
    let by = clients.caller().await?;
    let machines = &clients.runs.machines;
    match decision {
        Decision::Approve => {
            let answer = json!({ "approved_by": by, "at_ms": SystemClock.now(), "note": note });
            machines.answer(&question.token, &answer).await?;
        }
        Decision::Reject => {
            let because = note.map(|note| format!(": {note}")).unwrap_or_default();
            let cause = format!("rejected by {by}{because}");
            machines.refuse(&question.token, REJECTED, &cause).await?;
        }
    }
    Ok(by)
}

#[cfg(test)]
mod tests {
    use crossover_core::Direction;

    use super::*;

    fn run(state: Option<&str>) -> RunUnderWay {
        RunUnderWay {
            run_id: "shop-1".to_owned(),
            execution: "arn".to_owned(),
            direction: Direction::Forward,
            completes: false,
            state: state.map(str::to_owned),
        }
    }

    #[test]
    fn only_the_run_that_waits_and_is_meant_can_be_approved() {
        let refusal = |run_id, seen| waiting("main", run_id, seen).unwrap_err().to_string();
        assert_eq!(
            waiting("main", Some("shop-1"), Some(run(Some(states::APPROVAL))))
                .unwrap()
                .run_id,
            "shop-1"
        );
        waiting("main", None, Some(run(Some(states::APPROVAL)))).unwrap();
        for (run_id, seen, words) in [
            (None, None, "no run of lane main is under way"),
            (
                Some("other"),
                Some(run(Some(states::APPROVAL))),
                "shop-1 of lane main is under way, not other",
            ),
            (
                None,
                Some(run(Some("LagWait"))),
                "in state LagWait and does not wait",
            ),
            (None, Some(run(None)), "between two states"),
        ] {
            let refusal = refusal(run_id, seen);
            assert!(refusal.contains(words), "{refusal}");
        }
    }
}
