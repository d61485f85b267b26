//! Programs of GitHub's machines that a run here does not have: scripts in their place, which accept what the workflows
//! call and nothing else.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::command::program;

/// Where a notice of the topic goes, a line each.
pub const NOTICES: &str = "notices";

/// Writes the scripts into a folder. `notices` gets what `aws sns publish` was given.
pub fn write(folder: &Path, notices: &Path) {
    fs::create_dir_all(folder).unwrap();
    let script = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    script(
        "rustup",
        "#!/bin/sh\n[ \"$*\" = 'toolchain install' ] || { echo \"not here: rustup $*\" >&2; exit 64; }\n"
            .to_owned(),
    );
    // What it leaves is a program that starts the command which the tests were built with.
    script(
        "cargo",
        format!(
            "#!/bin/sh\n\
             [ \"$*\" = 'build --release -p crossover --no-default-features --locked' ] || {{ echo \"not here: cargo $*\" >&2; exit 64; }}\n\
             [ -f Cargo.toml ] || {{ echo 'no checkout' >&2; exit 101; }}\n\
             mkdir -p target/release\n\
             printf '#!/bin/sh\\nexec \"%s\" \"$@\"\\n' '{}' > target/release/crossover\n\
             chmod 755 target/release/crossover\n",
            program().display()
        ),
    );
    script(
        "aws",
        format!(
            "#!/bin/sh\n\
             [ -n \"$AWS_SESSION_TOKEN\" ] || {{ echo 'Unable to locate credentials' >&2; exit 253; }}\n\
             [ \"$1 $2 $3\" = 'sns publish --topic-arn' ] || {{ echo \"not here: aws $*\" >&2; exit 64; }}\n\
             printf '%s\\n' \"$*\" >> '{}'\n",
            notices.display()
        ),
    );
}
