//! Data points for Cloudflare's Analytics Engine, where the Worker has the binding `METRICS`.

use crossover_routing::Counts;
use crossover_routing::counts::{KINDS, kind};
use worker::{AnalyticsEngineDataPointBuilder, Env, Result};

const BINDING: &str = "METRICS";

/// Writes what an isolate has counted for a lane since its last points: one point for each side and kind of request
/// that had any. The columns stand in docs/edge.md, "Metrics".
pub fn write(env: &Env, lane: &str, counted: &Counts) -> Result<()> {
    let Ok(dataset) = env.analytics_engine(BINDING) else {
        return Ok(());
    };
    for (side, is_write) in KINDS {
        let one = counted.of(side, is_write);
        if one.all() == 0 {
            continue;
        }
        let outcomes = [
            one.answered(),
            one.server_errors(),
            one.unreachable(),
            one.timed_out(),
            one.total_ms(),
        ];
        let numbers = outcomes.iter().chain(one.times());
        let point = AnalyticsEngineDataPointBuilder::new()
            .indexes([lane])
            .blobs([lane, side.name(), kind(is_write)])
            .doubles(numbers.map(|number| *number as f64))
            .build();
        dataset.write_data_point(&point)?;
    }
    Ok(())
}
