//! Retries for a server that is unavailable for a short time.

use crossover_core::{
    Millis,
    ports::{Clock, PortError, PortResult},
};

const FIRST_WAIT: Millis = Millis(100);
const LONGEST_WAIT: Millis = Millis(2_000);

/// Repeats `work` while the server does not answer, for at most `retry_timeout_ms` after the first failure.
/// Only for reads.
pub async fn with_retries<T, F>(
    clock: &dyn Clock,
    retry_timeout_ms: Millis,
    mut work: impl FnMut() -> F + Send,
) -> PortResult<T>
where
    F: Future<Output = PortResult<T>> + Send,
{
    let mut since = None;
    let mut wait = FIRST_WAIT;
    loop {
        match work().await {
            Err(error @ PortError::Unreachable { .. }) => {
                let began = *since.get_or_insert_with(|| clock.now());
                if clock.now().since(began) >= retry_timeout_ms {
                    return Err(error);
                }
                clock.sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            answer => return answer,
        }
    }
}
