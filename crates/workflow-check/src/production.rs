//! Which commands change production, and behind which environment each may stand.

use crate::script::Command;

/// What a command changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// `crossover run` without `--dry-run`
    Cutover,
    /// `crossover rollback`
    Rollback,
    /// `crossover complete` without `--dry-run`
    Completion,
    /// `crossover abort`
    Abort,
    /// `terraform apply`, `destroy` and whatever else writes the state
    Terraform,
    /// A call of AWS that is not known to change nothing
    Aws,
}

/// Calls of the AWS command line that change nothing of production.
const HARMLESS_CALLS: &[[&str; 2]] = &[["sns", "publish"], ["secretsmanager", "get-secret-value"]];
/// Programs that only print their words.
const PRINTERS: &[&str] = &["echo", "printf"];
/// Commands of Terraform that change nothing but their own folder.
const HARMLESS_TERRAFORM: &[&str] = &[
    "fmt", "init", "plan", "show", "validate", "version", "output", "test",
];

/// What a command changes; None for nothing.
pub fn change(command: &Command) -> Option<Change> {
    if PRINTERS.contains(&command.program()) {
        return None;
    }
    of_crossover(command)
        .or_else(|| of_terraform(command))
        .or_else(|| of_aws(command))
}

fn of_crossover(command: &Command) -> Option<Change> {
    match first(command.call_of("crossover")?)? {
        "run" if !command.has("--dry-run") => Some(Change::Cutover),
        "rollback" => Some(Change::Rollback),
        "complete" if !command.has("--dry-run") => Some(Change::Completion),
        "abort" => Some(Change::Abort),
        _ => None,
    }
}

fn of_terraform(command: &Command) -> Option<Change> {
    let arguments = command.call_of("terraform")?;
    let is_harmless = first(arguments).is_some_and(|word| HARMLESS_TERRAFORM.contains(&word));
    (!is_harmless).then_some(Change::Terraform)
}

fn of_aws(command: &Command) -> Option<Change> {
    let arguments = command.call_of("aws")?;
    let is_harmless = HARMLESS_CALLS
        .iter()
        .any(|call| arguments.len() > 1 && arguments.iter().zip(call).all(|(word, part)| word == part));
    (!is_harmless).then_some(Change::Aws)
}

/// The first word that is no flag.
fn first(arguments: &[String]) -> Option<&str> {
    let mut words = arguments.iter().map(String::as_str);
    words.find(|word| !word.starts_with('-'))
}

impl Change {
    /// Whether the job of such a command may stand in this environment.
    pub fn may_stand_in(self, environment: &str) -> bool {
        match self {
            Self::Cutover | Self::Abort => environment == "prod-cutover",
            Self::Rollback => environment == "prod-rollback",
            Self::Completion => environment == "prod-complete",
            // Environments for reading have no reviewers.
            Self::Terraform | Self::Aws => !["-plan", "-dry-run", "-verify"]
                .iter()
                .any(|end| environment.ends_with(end)),
        }
    }

    /// The remedy of a finding.
    pub fn place(self) -> &'static str {
        match self {
            Self::Cutover | Self::Abort => "environment: prod-cutover",
            Self::Rollback => "environment: prod-rollback",
            Self::Completion => "environment: prod-complete",
            Self::Terraform | Self::Aws => "an environment with reviewers",
        }
    }

    /// Whether the command changes who may write: a run of a lane.
    pub fn is_of_a_lane(self) -> bool {
        matches!(
            self,
            Self::Cutover | Self::Rollback | Self::Completion | Self::Abort
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    fn of(text: &str) -> Option<Change> {
        let script = Script {
            line: 1,
            text: text.to_owned(),
        };
        script.commands().iter().find_map(change)
    }

    #[test]
    fn what_changes_production_is_known_and_what_is_unknown_counts_as_a_change() {
        for (text, expected) in [
            ("crossover run --config a", Some(Change::Cutover)),
            (
                "./command/crossover run --config a --follow",
                Some(Change::Cutover),
            ),
            ("crossover run --config a --dry-run", None),
            ("crossover plan --config a", None),
            ("crossover rollback --config a", Some(Change::Rollback)),
            ("crossover complete --config a", Some(Change::Completion)),
            ("crossover complete --config a --dry-run", None),
            ("A=b crossover abort --config a", Some(Change::Abort)),
            ("terraform -chdir=x apply plan", Some(Change::Terraform)),
            ("terraform state rm x", Some(Change::Terraform)),
            ("timeout 9 terraform destroy", Some(Change::Terraform)),
            ("cargo build -p crossover --locked", None),
            ("terraform -chdir=x plan | tee y", None),
            ("aws sns publish --topic-arn x", None),
            ("aws sns", Some(Change::Aws)),
            ("echo \"$(aws stepfunctions start-execution)\"", Some(Change::Aws)),
            ("echo crossover run", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
