//! The guard's command line.

use std::ffi::OsString;
use std::path::PathBuf;

use super::StopStep;

/// The guard's arguments.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) stop: Vec<StopStep>,
    pub(super) run_as: Option<(u32, u32)>,
    pub(super) remove: Vec<PathBuf>,
    pub(super) remove_if_stopped: Vec<PathBuf>,
    pub(super) command: Vec<OsString>,
}

impl Arguments {
    pub(super) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(arg) = args.next() {
            if arg == "--" {
                arguments.command = args.collect();
                break;
            }
            let name = arg.to_string_lossy().into_owned();
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            let text = value.to_string_lossy();
            match name.as_str() {
                "--stop" => arguments.stop.push(text.parse()?),
                "--run-as" => {
                    let ids = text
                        .split_once(':')
                        .and_then(|(u, g)| Some((u.parse().ok()?, g.parse().ok()?)));
                    arguments.run_as = Some(ids.ok_or_else(|| format!("`{text}` is not UID:GID"))?);
                }
                "--remove" => arguments.remove.push(value.into()),
                "--remove-if-stopped" => arguments.remove_if_stopped.push(value.into()),
                _ => return Err(format!("unknown option {name}")),
            }
        }
        if arguments.command.is_empty() {
            Err("no command after --".to_owned())
        } else {
            Ok(arguments)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn arguments_are_read_up_to_the_command() {
        let arguments = parse(&[
            "--stop", "SIGINT:5", "--run-as", "1:2", "--remove", "/x", "--", "a", "--stop",
        ])
        .unwrap();
        assert_eq!(arguments.run_as, Some((1, 2)));
        assert_eq!(arguments.command, ["a", "--stop"]);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for wrong in [
            &["--stop", "x", "--", "a"][..],
            &["--run-as", "root", "--", "a"],
            &["--nope", "1"],
            &["--"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
