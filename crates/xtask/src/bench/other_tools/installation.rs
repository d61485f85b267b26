//! Installs the other tools from PyPI on request, with every dependency pinned.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use super::OtherTool;

impl OtherTool {
    /// Installs the tool unless it is already installed.
    pub fn install(self, folder: &Path) -> anyhow::Result<()> {
        if self.installed(folder).is_some() {
            eprintln!("xtask: {} {} is installed", self.name(), self.version());
            return Ok(());
        }
        let home = self.home(folder);
        eprintln!(
            "xtask: install {} {} into {}",
            self.name(),
            self.version(),
            home.display()
        );
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let pins = folder.join(format!("{}.txt", self.name()));
        fs::write(&pins, self.pins()).with_context(|| pins.display().to_string())?;
        python(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        // --no-deps: the list must hold every dependency; a missing one must fail instead of getting an
        // unpinned version.
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-input",
            "--disable-pip-version-check",
        ];
        python(
            Command::new(home.join("bin/python"))
                .args(pip)
                .arg("--requirement")
                .arg(&pins),
        )?;
        fs::rename(&pins, home.join("pins.txt")).context("the list of pins cannot be stored")
    }

    /// The program, if exactly the pinned versions were installed completely.
    pub fn installed(self, folder: &Path) -> Option<PathBuf> {
        let home = self.home(folder);
        let program = home.join("bin").join(self.name());
        let pins = fs::read_to_string(home.join("pins.txt")).ok()?;
        (pins == self.pins() && program.is_file()).then_some(program)
    }

    fn home(self, folder: &Path) -> PathBuf {
        folder.join(self.name())
    }
}

fn python(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .context("python3 cannot be run")?;
    if !status.success() {
        bail!("{command:?} failed ({status}); see the lines above");
    }
    Ok(())
}
