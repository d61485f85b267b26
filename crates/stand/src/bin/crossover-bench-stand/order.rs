//! What the bench may ask for.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Result, load::Loads, side::Side};

/// One line of standard input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Statements for both servers at once; answered with the rows of each, as text.
    Both(String),
    /// Statements for the source alone.
    Source(String),
    /// Statements for the target alone.
    Target(String),
    /// A `copy ... to stdout` on both at once; answered with the bytes that came.
    Discard(String),
    /// End every other session on both.
    Quiet,
    /// Run statements on the source so many times a second, in a session of their own, until `rest`.
    Load { sql: String, per_s: u32 },
    /// End every load; answered with how often each ran.
    Rest,
}

/// Does it. Every answer has the seconds it took, from the first byte sent to the last one received, in `elapsed_s`.
pub async fn obey(order: Order, [source, target]: &[Side; 2], loads: &mut Loads) -> Result<Value> {
    let since = Instant::now();
    let mut answer = match order {
        Order::Both(sql) => {
            let (from, to) = tokio::try_join!(source.rows(&sql), target.rows(&sql))?;
            json!({ "source": from, "target": to })
        }
        Order::Source(sql) => json!({ "source": source.rows(&sql).await? }),
        Order::Target(sql) => json!({ "target": target.rows(&sql).await? }),
        Order::Discard(copy) => {
            let (from, to) = tokio::try_join!(source.discard(&copy), target.discard(&copy))?;
            json!({ "source": from, "target": to })
        }
        Order::Load { sql, per_s } => {
            loads.begin(source.session().await?, sql, per_s);
            json!({})
        }
        Order::Rest => json!({ "source": loads.rest().await? }),
        Order::Quiet => {
            tokio::try_join!(source.quiet(), target.quiet())?;
            json!({})
        }
    };
    answer["elapsed_s"] = json!(since.elapsed().as_secs_f64());
    Ok(answer)
}
