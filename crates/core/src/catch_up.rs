//! Catch-up by a marker: a unique row, written at the writer and awaited at the follower. When the row has
//! arrived, every change committed before it has arrived as well.

use crate::{
    Millis,
    polling::Polling,
    ports::{CatchUpMarkers, Clock, MarkerError, PortResult},
};

/// The first pause between two reads. It is short because clients wait for the marker of final-sync.
const FIRST_PAUSE: Millis = Millis(2);
/// The longest pause between two reads, for streams that take minutes.
const LONGEST_PAUSE: Millis = Millis(50);

/// Writes a marker at the writer and waits until the follower has it. Returns the waiting time. A second
/// call for the same marker does not write another one.
///
/// # Errors
/// [`crate::ports::PortError::Marker`] when the marker does not arrive within `limit`, or arrives more than once.
pub async fn wait_for_marker(
    writer: &dyn CatchUpMarkers,
    follower: &dyn CatchUpMarkers,
    clock: &dyn Clock,
    (run_id, nonce): (&str, &str),
    limit: Millis,
) -> PortResult<Millis> {
    let mut polling = Polling::new(clock, FIRST_PAUSE, limit).slowing_down_to(LONGEST_PAUSE);
    writer.write_marker(run_id, nonce).await?;
    let nonce_text = || nonce.to_owned();
    loop {
        match follower.count_markers(run_id, nonce).await? {
            0 => {}
            1 => return Ok(polling.waited()),
            count => {
                let nonce = nonce_text();
                return Err(MarkerError::Duplicated { nonce, count }.into());
            }
        }
        polling.pause().await.map_err(|late| MarkerError::NotSeen {
            nonce: nonce_text(),
            waited_ms: late.waited,
        })?;
    }
}
