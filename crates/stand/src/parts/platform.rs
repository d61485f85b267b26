//! The names that packages have for this platform.

/// This platform, as in the names of the parts' folders.
pub(super) fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

fn npm_os() -> &'static str {
    if cfg!(target_os = "macos") {
        "darwin"
    } else {
        "linux"
    }
}

/// The platform in the npm alias of a PostgreSQL part: `linux-x64` in `pg16-linux-x64`.
pub(super) fn npm_platform() -> String {
    format!(
        "{}-{}",
        npm_os(),
        if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "x64"
        }
    )
}

/// The platform in the name of workerd's package: `linux-64` in `workerd-linux-64`.
pub(super) fn workerd_suffix() -> String {
    format!(
        "{}-{}",
        npm_os(),
        if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "64"
        }
    )
}
