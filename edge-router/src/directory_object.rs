//! The directory's Durable Object: the only place where the directory is stored and changed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crossover_routing::admin::AdminRefusal;
use crossover_routing::directory::{Publication, Spreading, lanes_that_change};
use crossover_routing::{Directory, Epoch, LaneRecord, Millis, UnixMillis};
use futures::future::{Either, select, try_join_all};
use serde::Deserialize;
use worker::{
    Delay, DurableObject, Env, Method, Request, Response, Result, SqlStorage, State, durable_object,
};

use crate::clock::now;
use crate::config::{self, Config};
use crate::directory_client::{DirectoryCall, Publish, Refused};
use crate::internal_call::InternalCall;
use crate::lane_client::LaneClient;
use crate::nonces::{self, Nonces, UsedNonces};

/// How long all lanes together may take to say whether a cutover is under way. Less than a lease: a version can be
/// withdrawn only within one.
const ASK_LANES: Millis = Millis(2_000);

/// The directory of all lanes.
#[durable_object]
pub struct DirectoryObject {
    env: Env,
    sql: SqlStorage,
    nonces: UsedNonces,
    read_nonces: Nonces,
    /// What is stored; filled by the first request.
    known: RefCell<Option<Spreading>>,
}

#[derive(Deserialize)]
struct Row {
    publication: String,
}

#[derive(Deserialize)]
struct Last {
    version: u64,
}

impl DurableObject for DirectoryObject {
    fn new(state: State, env: Env) -> Self {
        let sql = state.storage().sql();
        Self {
            env,
            nonces: UsedNonces::new(sql.clone()),
            sql,
            read_nonces: Nonces::default(),
            known: RefCell::new(None),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let url = request.inner().url();
        let asked = InternalCall::of(&url);
        match (request.method(), asked.path) {
            (Method::Get, "record") => {
                let spreading = self.spreading()?;
                let newest = spreading.newest().to_string();
                if asked.value("known") == Some(newest.as_str()) {
                    Ok(Response::empty()?.with_status(204))
                } else {
                    Response::from_json(&spreading)
                }
            }
            (Method::Post, "admin") => {
                let call: DirectoryCall = serde_json::from_str(&request.text().await?)?;
                self.admin(call).await
            }
            _ => Response::error("unknown operation", 404),
        }
    }
}

impl DirectoryObject {
    fn config(&self) -> Result<Rc<Config>> {
        config::load(&self.env).map_err(|error| worker::Error::RustError(error.to_string()))
    }

    /// The state now.
    fn spreading(&self) -> Result<Spreading> {
        let stored = match self.known.take() {
            Some(known) => known,
            None => self.stored()?,
        };
        let state = stored.at(now());
        *self.known.borrow_mut() = Some(state.clone());
        Ok(state)
    }

    fn stored(&self) -> Result<Spreading> {
        self.sql.exec(
            "create table if not exists publications \
             (version integer primary key, publication text not null, withdrawn integer not null default 0)",
            None,
        )?;
        let rows: Vec<Row> = self
            .sql
            .exec(
                "select publication from publications where not withdrawn order by version desc limit 2",
                None,
            )?
            .to_array()?;
        let mut stored = rows
            .iter()
            .map(|row| serde_json::from_str::<Publication>(&row.publication));
        let newest = stored.next().transpose()?;
        let before = match stored.next() {
            Some(before) => before?,
            None => Publication {
                version: Epoch(0),
                from_ms: UnixMillis(0),
                directory: self.config()?.own_routes.directory().clone(),
            },
        };
        Ok(Spreading {
            current: before,
            next: newest,
        })
    }

    /// Stores a version. Must not contain an await.
    fn append(&self, publication: &Publication) -> Result<()> {
        let values = vec![
            (publication.version.0 as i64).into(),
            serde_json::to_string(publication)?.into(),
        ];
        self.sql.exec(
            "insert into publications (version, publication) values (?, ?)",
            values,
        )?;
        self.known.take();
        Ok(())
    }

    /// The number of the next version. A withdrawn one keeps its number: an isolate may still know its content by it.
    fn next_version(&self) -> Result<Epoch> {
        let last: Last = self
            .sql
            .exec(
                "select coalesce(max(version), 0) as version from publications",
                None,
            )?
            .one()?;
        Ok(Epoch(last.version).next())
    }

    fn withdraw(&self, version: Epoch) -> Result<()> {
        self.sql.exec(
            "update publications set withdrawn = 1 where version = ?",
            vec![(version.0 as i64).into()],
        )?;
        self.known.take();
        Ok(())
    }

    async fn admin(&self, call: DirectoryCall) -> Result<Response> {
        let now = now();
        let expires = nonces::expiry(call.time_ms);
        let fresh = match call.publish {
            Some(_) => self.nonces.first_use(&call.nonce, expires, now)?,
            None => self.read_nonces.first_use(&call.nonce, expires, now),
        };
        if !fresh {
            let refusal = AdminRefusal::Replayed;
            return refused(401, refusal.name(), refusal.to_string());
        }
        match call.publish {
            None => Response::from_json(&self.spreading()?),
            Some(publish) => self.publish(publish).await,
        }
    }

    async fn publish(&self, publish: Publish) -> Result<Response> {
        let config = self.config()?;
        let Some(origins) = &config.origins else {
            let message = "the Worker has no list ORIGINS, so it serves the one lane of its variables; set ORIGINS to the \
                           origins that a directory may name";
            return refused(409, "no_origins", message.to_owned());
        };
        let directory: Directory = match serde_json::from_str(&publish.directory) {
            Ok(directory) => directory,
            Err(error) => return refused(422, "faulty", format!("the document cannot be read: {error}")),
        };
        let faults = directory.faults(origins);
        if !faults.is_empty() {
            let refusal = Refused {
                error: "faulty",
                message: format!("{} faults", faults.len()),
                faults,
            };
            return Ok(Response::from_json(&refusal)?.with_status(422));
        }
        let before = self.spreading()?;
        let changed = lanes_that_change(&before.current.directory, &directory);
        if let Some(refusal) = self.lanes_forbid(&changed).await? {
            return Ok(refusal);
        }
        // Nothing below, up to the storing, gives way to another request.
        let state = self.spreading()?;
        if let Some(next) = &state.next {
            let message = format!(
                "version {} comes into force at {} (Unix milliseconds); try again then",
                next.version, next.from_ms
            );
            return refused(409, "still_spreading", message);
        }
        if publish.expected != state.newest() {
            let message = format!(
                "the directory is at version {}, not at {}: read it again and compare again",
                state.newest(),
                publish.expected
            );
            return refused(409, "version_mismatch", message);
        }
        let next = self.announce(directory)?;
        // A cutover that was announced between the question and the storing.
        if let Some(refusal) = self.lanes_forbid(&changed).await? {
            if self.spreading()?.may_withdraw(now()) {
                self.withdraw(next)?;
            }
            return Ok(refusal);
        }
        Response::from_json(&self.spreading()?)
    }

    fn announce(&self, directory: Directory) -> Result<Epoch> {
        let next = Publication {
            version: self.next_version()?,
            from_ms: Spreading::from_of(now()),
            directory,
        };
        self.append(&next)?;
        Ok(next.version)
    }

    /// A refusal if a cutover of one of the lanes is under way, or if a lane cannot be asked.
    async fn lanes_forbid(&self, lanes: &BTreeSet<String>) -> Result<Option<Response>> {
        let asked = try_join_all(lanes.iter().map(|lane| self.lane(lane)));
        let records = match select(Box::pin(asked), Box::pin(Delay::from(Duration::from(ASK_LANES)))).await {
            Either::Left((Ok(records), _)) => records,
            Either::Left((Err(error), _)) => {
                return refused(
                    409,
                    "lane_unreachable",
                    format!("a lane does not answer: {error}; try again"),
                )
                .map(Some);
            }
            Either::Right(_) => {
                return refused(
                    409,
                    "lane_unreachable",
                    "the lanes do not answer; try again".to_owned(),
                )
                .map(Some);
            }
        };
        let under_way: Vec<String> = records
            .iter()
            .filter(|record| !record.phase.is_serving())
            .map(|record| format!("{} ({})", record.lane, record.phase))
            .collect();
        if under_way.is_empty() {
            return Ok(None);
        }
        let message = format!(
            "a cutover is under way and the directory would move its requests: {}; publish after its end",
            under_way.join(", ")
        );
        refused(409, "lane_under_way", message).map(Some)
    }

    async fn lane(&self, lane: &str) -> Result<LaneRecord> {
        LaneClient::new(&self.env, lane)?.look().await
    }
}

fn refused(status: u16, error: &'static str, message: String) -> Result<Response> {
    let refusal = Refused {
        error,
        message,
        faults: Vec::new(),
    };
    Ok(Response::from_json(&refusal)?.with_status(status))
}
