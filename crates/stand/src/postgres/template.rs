//! A cluster created once by initdb and then copied: a copy takes a tenth of initdb's time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use tokio::sync::Mutex;

use super::{SUPERUSER, account, files};
use crate::error::{Result, StandError};
use crate::parts::Parts;
use crate::pins::Major;
use crate::process::Launch;

/// A complete cluster that was never started.
#[derive(Debug, Clone)]
pub(super) struct Template {
    cluster: PathBuf,
    /// Valid until the first start of a copy, which sets another password.
    pub(super) password: String,
}

/// Returns the template of a major version; created at first use.
pub(super) async fn ensure(parts: &Parts, major: Major, programs: &Path) -> Result<Template> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _one = ONE_AT_A_TIME.lock().await;
    // One template per user, because other users cannot read a cluster's files.
    let folder = format!("cluster-{major}-{}", geteuid());
    let cached = parts.cache().join(&folder);
    if let Some(template) = read(&cached) {
        return Ok(template);
    }
    let own = std::env::temp_dir().join(format!("crossover-{folder}-{}", uuid::Uuid::new_v4().simple()));
    make(&own, programs, parts, major).await?;
    let home = files::in_background(move || {
        // Another process may create the template first; then this draft is discarded. If the parts folder is
        // not writable (fetched by another user) the template stays in the temporary folder.
        let draft = cached.with_extension(uuid::Uuid::new_v4().simple().to_string());
        let moved = fs::create_dir_all(cached.parent().unwrap_or(&cached))
            .map_err(StandError::io("creating", &cached))
            .and_then(|()| files::copy(&own, &draft));
        let kept = if moved.is_ok() && (fs::rename(&draft, &cached).is_ok() || read(&cached).is_some()) {
            let _ = fs::remove_dir_all(&own);
            cached
        } else {
            own
        };
        let _ = fs::remove_dir_all(&draft);
        Ok(kept)
    })
    .await?;
    read(&home).ok_or_else(|| {
        StandError::io("reading", &home)(std::io::Error::other("the template cluster has vanished"))
    })
}

fn read(folder: &Path) -> Option<Template> {
    let password = fs::read_to_string(folder.join("password")).ok()?;
    Some(Template {
        cluster: folder.join("data"),
        password,
    })
}

async fn make(folder: &Path, programs: &Path, parts: &Parts, major: Major) -> Result<()> {
    let secret = folder.join("password");
    fs::create_dir_all(folder).map_err(StandError::io("creating", folder))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .map_err(StandError::io("closing", folder))?;
    fs::write(&secret, uuid::Uuid::new_v4().simple().to_string())
        .map_err(StandError::io("writing", &secret))?;
    let user = account::other_user()?;
    if let Some(user) = user {
        files::give_to(folder, user)?;
    }
    let log = parts.cache().join(format!("initdb-{major}.log"));
    let log = if fs::create_dir_all(parts.cache()).is_ok() {
        log
    } else {
        folder.join("initdb.log")
    };
    Launch::new(
        format!("initdb of postgresql {major}"),
        programs.join("initdb"),
        log,
    )
    .args([
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        "--auth=scram-sha-256",
        "--username",
        SUPERUSER,
    ])
    .args([
        Path::new("--pwfile"),
        &secret,
        Path::new("--pgdata"),
        &folder.join("data"),
    ])
    .only_given_env()
    .dir("/")
    .run_as(user)
    .run()
    .await
}

impl Template {
    /// Copies the template to `data`, owned by the server's user.
    pub(super) async fn copy_to(&self, data: &Path) -> Result<()> {
        let (from, to) = (self.cluster.clone(), data.to_path_buf());
        let user = account::other_user()?;
        files::in_background(move || {
            files::copy(&from, &to)?;
            user.map_or(Ok(()), |user| files::give_to(&to, user))
        })
        .await
    }
}
