//! What this isolate knows of the published directory. It may route by it for one lease after it has asked: a new version
//! comes into force later than that, so all isolates change at one time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crossover_routing::directory::{Fault, Publication, Spreading};
use crossover_routing::lane::SERVE_LEASE;
use crossover_routing::{Epoch, Millis, Routes, UnixMillis};
use worker::{Context, Delay, Env, Error, Result};

use crate::clock::now;
use crate::config::Config;
use crate::directory_client::DirectoryClient;
use crate::underway::Underway;

/// Pause before the next attempt after the directory could not be reached.
const RETRY_AFTER: Millis = Millis(100);

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
    static RENEWING: Underway = Underway::default();
}

/// A version, ready for routing.
struct Version {
    number: Epoch,
    from: UnixMillis,
    routes: Rc<Routes>,
}

struct Known {
    current: Version,
    next: Option<Version>,
    valid_until: UnixMillis,
}

impl Known {
    /// The routes in force at `now`.
    fn routes(&self, now: UnixMillis) -> Rc<Routes> {
        let next = self.next.as_ref().filter(|next| now >= next.from);
        Rc::clone(&next.unwrap_or(&self.current).routes)
    }

    fn newest(&self) -> Epoch {
        self.next.as_ref().unwrap_or(&self.current).number
    }

    fn is_live(&self, now: UnixMillis) -> bool {
        now < self.valid_until
    }

    fn is_due_for_renewal(&self, now: UnixMillis) -> bool {
        self.valid_until.since(now).0 < SERVE_LEASE.0 / 2
    }
}

/// The directory's object could not be reached for the longest permitted time: the request was not executed.
#[derive(Debug, Clone, Copy)]
pub struct Unreachable;

/// The routes in force. A write waits for the directory; a read that cannot ask goes by what is known.
pub async fn routes(
    is_write: bool,
    env: &Env,
    ctx: &Context,
    config: &Rc<Config>,
) -> std::result::Result<Rc<Routes>, Unreachable> {
    if config.origins.is_none() {
        return Ok(Rc::clone(&config.own_routes));
    }
    let until = now() + config.hold_max;
    loop {
        let known = KNOWN.with_borrow(|known| {
            known.as_ref().map(|known| {
                (
                    known.routes(now()),
                    known.is_live(now()),
                    known.is_due_for_renewal(now()),
                )
            })
        });
        match known {
            Some((routes, true, due)) => {
                if due {
                    renew_behind(env, ctx, config);
                }
                return Ok(routes);
            }
            known => match (renew(env, config).await, known) {
                (Ok(()), _) => {}
                (Err(_), Some((routes, ..))) if !is_write => return Ok(routes),
                (Err(_), _) if now() >= until => return Err(Unreachable),
                (Err(error), _) => {
                    worker::console_warn!("directory: not reached: {error}");
                    Delay::from(Duration::from(RETRY_AFTER)).await;
                }
            },
        }
    }
}

/// The routes in force, if they are known and no renewal is due.
pub fn at_hand(config: &Config) -> Option<Rc<Routes>> {
    if config.origins.is_none() {
        return Some(Rc::clone(&config.own_routes));
    }
    KNOWN.with_borrow(|known| {
        let known = known.as_ref()?;
        let usable = known.is_live(now()) && !known.is_due_for_renewal(now());
        usable.then(|| known.routes(now()))
    })
}

fn renew_behind(env: &Env, ctx: &Context, config: &Rc<Config>) {
    if !RENEWING.with(Underway::begin) {
        return;
    }
    let (env, config) = (env.clone(), Rc::clone(config));
    ctx.wait_until(async move {
        let renewed = renew(&env, &config).await;
        RENEWING.with(Underway::end);
        if let Err(error) = renewed {
            worker::console_warn!("directory: not renewed: {error}");
        }
    });
}

/// Asks for what is published. It is valid from before the question.
async fn renew(env: &Env, config: &Config) -> Result<()> {
    let asked = now();
    let newest = KNOWN.with_borrow(|known| known.as_ref().map(Known::newest));
    let answer = DirectoryClient::new(env)?.newer_than(newest).await?;
    let learned = answer.map(|spreading| read(spreading, config)).transpose()?;
    KNOWN.with_borrow_mut(|known| match (known.as_mut(), learned) {
        (_, Some((current, next))) => {
            *known = Some(Known {
                current,
                next,
                valid_until: asked + SERVE_LEASE,
            });
        }
        // Another request may have learned a newer version meanwhile; that was asked later.
        (Some(same), None) if Some(same.newest()) == newest => {
            same.valid_until = same.valid_until.max(asked + SERVE_LEASE);
        }
        (_, None) => {}
    });
    Ok(())
}

/// What a Worker of another version has published may be unreadable here: then the last good directory stays, and it is
/// not valid for longer.
fn read(spreading: Spreading, config: &Config) -> Result<(Version, Option<Version>)> {
    let current = version(spreading.current, config)?;
    let next = spreading.next.map(|next| version(next, config)).transpose()?;
    Ok((current, next))
}

fn version(publication: Publication, config: &Config) -> Result<Version> {
    let allowed = config.origins.clone().unwrap_or_default();
    // Version 0 is that of the variables, which are checked apart.
    let faults = if publication.version == Epoch(0) {
        publication.directory.faults_in_itself()
    } else {
        publication.directory.faults(&allowed)
    };
    if !faults.is_empty() {
        let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
        return Err(Error::RustError(format!(
            "version {} of the directory cannot be used: {}",
            publication.version,
            faults.join("; ")
        )));
    }
    Ok(Version {
        number: publication.version,
        from: publication.from_ms,
        routes: Rc::new(Routes::new(publication.directory)),
    })
}
