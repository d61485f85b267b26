//! The requests of the bench.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Result, load::Loads, side::Side};

/// One line of standard input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Statements for both servers at once; the answer has the rows of each, as text.
    Both(String),
    /// Statements for the source alone.
    Source(String),
    /// Statements for the target alone.
    Target(String),
    /// A `copy ... to stdout` on both at once; the answer has the number of received bytes.
    Discard(String),
    /// End every other session on both servers.
    EndSessions,
    /// Run statements on the source `per_s` times a second, in a separate session, until `end_loads`.
    Load { sql: String, per_s: u32 },
    /// End every load; the answer has how often each ran.
    EndLoads,
}

/// Executes a request. Every answer has the field `elapsed_s`: seconds from the first byte sent to the last
/// one received.
pub async fn execute(request: Request, [source, target]: &[Side; 2], loads: &mut Loads) -> Result<Value> {
    let since = Instant::now();
    let mut answer = match request {
        Request::Both(sql) => {
            let (from, to) = tokio::try_join!(source.rows(&sql), target.rows(&sql))?;
            json!({ "source": from, "target": to })
        }
        Request::Source(sql) => json!({ "source": source.rows(&sql).await? }),
        Request::Target(sql) => json!({ "target": target.rows(&sql).await? }),
        Request::Discard(copy) => {
            let (from, to) = tokio::try_join!(source.discard(&copy), target.discard(&copy))?;
            json!({ "source": from, "target": to })
        }
        Request::Load { sql, per_s } => {
            loads.begin(source.session().await?, sql, per_s);
            json!({})
        }
        Request::EndLoads => json!({ "source": loads.end().await? }),
        Request::EndSessions => {
            tokio::try_join!(source.end_sessions(), target.end_sessions())?;
            json!({})
        }
    };
    answer["elapsed_s"] = json!(since.elapsed().as_secs_f64());
    Ok(answer)
}
