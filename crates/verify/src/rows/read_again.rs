//! Several statements over one state of a table, begun again when that state is gone.

use crossover_core::{
    Millis,
    ports::{Clock, PortError, PortResult},
};

/// A table that is rewritten again and again is not asked without pause.
const WAIT: Millis = Millis(100);

/// Begins `work` again while what it has read no longer belongs together, for at most `limit` after the first time.
pub async fn read_again<T, F>(
    clock: &dyn Clock,
    limit: Millis,
    mut work: impl FnMut() -> F + Send,
) -> PortResult<T>
where
    F: Future<Output = PortResult<T>> + Send,
{
    let mut since = None;
    loop {
        match work().await {
            Err(error @ PortError::ReadAgain { .. }) => {
                let began = *since.get_or_insert_with(|| clock.now());
                if clock.now().since(began) >= limit {
                    return Err(error);
                }
                clock.sleep(WAIT).await;
            }
            answer => return answer,
        }
    }
}
