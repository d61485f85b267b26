//! Catch-up by a marker: a unique row written at the writer and awaited at the follower. Once it is there, so is everything that was
//! committed before it.

use crate::{
    polling::Polling,
    ports::{CatchUpMarkers, Clock, PortResult},
};

/// The first pause between two looks. Clients wait for the marker of final-sync.
const FIRST_PAUSE_MS: u64 = 2;
/// The longest pause between two looks, for streams that take minutes.
const LONGEST_PAUSE_MS: u64 = 50;

/// Why a marker proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    #[error("catch-up marker {nonce} was not seen on the other side within {waited_ms} ms")]
    NotSeen { nonce: String, waited_ms: u64 },
    /// What came twice was applied twice: rows may be duplicated as well.
    #[error("catch-up marker {nonce} was seen {count} times on the other side")]
    Duplicated { nonce: String, count: u32 },
}

/// Writes a marker at the writer and waits until it is at the follower. Answers how long it took, in milliseconds. Waiting again for
/// the same marker writes no second one.
///
/// # Errors
/// [`crate::ports::PortError::Marker`] when it is not seen within `limit_ms`, or seen more than once.
pub async fn wait_for_marker(
    writer: &dyn CatchUpMarkers,
    follower: &dyn CatchUpMarkers,
    clock: &dyn Clock,
    (run_id, nonce): (&str, &str),
    limit_ms: u64,
) -> PortResult<u64> {
    let mut polling = Polling::new(clock, FIRST_PAUSE_MS, limit_ms).slowing_down_to(LONGEST_PAUSE_MS);
    writer.write_marker(run_id, nonce).await?;
    let nonce_text = || nonce.to_owned();
    loop {
        match follower.count_markers(run_id, nonce).await? {
            0 => {}
            1 => return Ok(polling.waited_ms()),
            count => {
                let nonce = nonce_text();
                return Err(MarkerError::Duplicated { nonce, count }.into());
            }
        }
        polling.pause().await.map_err(|late| MarkerError::NotSeen {
            nonce: nonce_text(),
            waited_ms: late.waited_ms,
        })?;
    }
}
