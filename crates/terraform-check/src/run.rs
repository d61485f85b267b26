//! The steps of the check, in order.

use std::panic::resume_unwind;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use crossover_file_check::Findings;
use crossover_file_check::results::{Results, verdict};
use crossover_interrupt::unless_interrupted;
use crossover_stand::Lines;
use crossover_stand::parts::{Set, ensure as ensure_parts};
use crossover_terraform_check::schema::Schemas;
use crossover_terraform_check::source::{Module, modules};
use crossover_terraform_check::terraform::plugins as declared;
use crossover_terraform_check::terraform::root::{self, Wanted};
use crossover_terraform_check::{checkov, planted, rules, schema};
use crossover_terraform_run::plugins::{self, Plugins, Required};
use crossover_terraform_run::{Terraform, copy};

use super::{Step, applying, options::Options};

/// The provider without whose plugin almost nothing would be checked.
const NEEDED: &str = "hashicorp/aws";

/// Runs the steps; all findings are printed at the end, sorted.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let since = Instant::now();
    let mut results = Results::default();
    let mut syntax = Findings::default();
    let modules = modules(&options.root, &options.folder, &mut syntax)?;
    results.findings.extend(syntax.sorted());
    ensure!(
        !modules.is_empty() || !results.findings.is_empty(),
        "{} contains no file of Terraform; give another folder by --folder",
        options.folder.display()
    );
    let files: usize = modules.iter().map(|module| module.files.len()).sum();
    eprintln!(
        "{files} files in {} folders of {}",
        modules.len(),
        options.folder.display()
    );
    read(options, &modules, &mut results).await?;
    if options.wants(Step::Checkov) {
        run_checkov(options, &modules, &mut results).await?;
    }
    if [Step::Planted, Step::Fmt, Step::Validate, Step::Test, Step::Apply]
        .iter()
        .any(|step| options.wants(*step))
    {
        match Terraform::find() {
            Ok(terraform) => {
                let ran = run_terraform(options, &modules, terraform, &mut results);
                // What was found before is not lost with what could not run.
                ran.inspect_err(|_| results.print())?;
            }
            Err(why) => results
                .skipped
                .push(format!("nothing was checked by Terraform itself: {why}")),
        }
    }
    results.conclude("terraform", options.in_ci, since.elapsed())
}

/// The steps that only read.
async fn read(options: &Options, modules: &[Module], results: &mut Results) -> anyhow::Result<()> {
    if options.wants(Step::Rules) {
        let mut findings = Findings::default();
        for module in modules {
            rules::check(module, &mut findings);
        }
        eprintln!(
            "rules: {} of ours, {}",
            rules::RULES.len(),
            verdict(findings.len())
        );
        results.findings.extend(findings.sorted());
    }
    if options.wants(Step::Schema) || options.wants(Step::Planted) {
        let parts = ensure_parts(&options.parts, Set::Terraform, &Lines).await?;
        let [aws, cloudflare] = parts.provider_schemas();
        let schemas = Schemas::new(aws, cloudflare);
        if options.wants(Step::Schema) {
            let mut findings = Findings::default();
            for module in modules {
                schema::check(&schemas, module, &mut findings)?;
            }
            eprintln!(
                "schema: hashicorp/aws and cloudflare as newest known, {}",
                verdict(findings.len())
            );
            results.findings.extend(findings.sorted());
        }
        if options.wants(Step::Planted) {
            let missed = planted::missed(&schemas)?;
            eprintln!(
                "planted: {} faults, those for a reader {}",
                planted::FAULTS.len(),
                verdict(missed.len())
            );
            results.missed.extend(missed);
        }
    }
    Ok(())
}

/// The step in which checkov runs.
async fn run_checkov(options: &Options, modules: &[Module], results: &mut Results) -> anyhow::Result<()> {
    let parts = match ensure_parts(&options.parts, Set::Checkov, &Lines).await {
        Ok(parts) => parts,
        Err(error) => {
            let skipped = format!("nothing was checked by checkov: {error}");
            results.skipped.push(skipped);
            return Ok(());
        }
    };
    let scratch = tempfile::tempdir().context("a folder for the copy")?;
    let outcome = checkov::check(&parts.checkov(), &options.folder, modules, scratch.path())?;
    eprintln!(
        "checkov: {} with a reason, {}",
        outcome.suppressed,
        verdict(outcome.findings.len())
    );
    results.findings.extend(outcome.findings);
    results.missed.extend(outcome.missed);
    Ok(())
}

/// The steps in which Terraform runs.
fn run_terraform(
    options: &Options,
    modules: &[Module],
    terraform: Terraform,
    results: &mut Results,
) -> anyhow::Result<()> {
    let scratch = tempfile::Builder::new()
        .prefix("crossover-terraform-")
        .tempdir()
        .context("a folder for the copy")?;
    let copied = copy::copy(&options.root, &options.folder, &scratch.path().join("checkout"))?;
    let shown = options
        .folder
        .strip_prefix(&options.root)
        .unwrap_or(&options.folder);
    eprintln!("terraform {}", terraform.version);
    if options.wants(Step::Fmt) {
        let found = root::format(&terraform, &copied, shown)?;
        eprintln!("fmt: {}", verdict(found.len()));
        results.findings.extend(found);
    }
    let wanted = Wanted {
        validate: options.wants(Step::Validate),
        test: options.wants(Step::Test),
    };
    let applies = options.wants(Step::Apply) || options.wants(Step::Planted);
    if !wanted.validate && !wanted.test && !applies {
        return Ok(());
    }
    let mut required = Required::new();
    required.entry(NEEDED.to_owned()).or_default();
    for module in modules {
        for (source, constraints) in declared::required(module) {
            required.entry(source).or_default().extend(constraints);
        }
    }
    let cache = plugins::cache(&options.root);
    let found = plugins::find(terraform, &required, scratch.path(), &cache)?;
    for line in &found.lines {
        eprintln!("plugin: {line}");
    }
    if let Some(why) = found.missing.get(NEEDED) {
        results.skipped.push(format!(
            "no folder was validated, tested or applied: no plugin of {NEEDED} ({why}); {}",
            plugins::remedy()
        ));
        return Ok(());
    }
    let steps = Steps {
        options,
        modules,
        found: &found,
        scratch: scratch.path(),
    };
    // An apply mostly waits for answers: the other steps lose little by it.
    let (checked, applied) = std::thread::scope(|scope| {
        let applying = applies.then(|| scope.spawn(|| steps.apply()));
        let checked = steps.check(wanted, results);
        let applied = applying.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (checked, applied)
    });
    if let Some(applied) = applied {
        results.add(applied?);
    }
    checked
}

/// The steps that need the plugins.
struct Steps<'a> {
    options: &'a Options,
    modules: &'a [Module],
    found: &'a Plugins,
    scratch: &'a Path,
}

impl Steps<'_> {
    /// Validates, tests and plants. It blocks, for Terraform's own commands do.
    fn check(&self, wanted: Wanted, results: &mut Results) -> anyhow::Result<()> {
        if wanted.validate || wanted.test {
            self.validate(wanted, results)?;
        }
        if self.options.wants(Step::Planted) {
            let missed = planted::real::missed(&self.found.terraform, &self.scratch.join("planted"))?;
            eprintln!("planted: those for Terraform {}", verdict(missed.len()));
            results.missed.extend(missed);
        }
        Ok(())
    }

    /// Applies, on a thread and in a runtime of its own.
    fn apply(&self) -> anyhow::Result<Results> {
        let mut results = Results::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("the runtime of the apply cannot be started")?;
        let applying = applying::run(
            self.options,
            self.modules,
            &self.found.terraform,
            self.scratch,
            &mut results,
        );
        match runtime.block_on(unless_interrupted(applying)) {
            Ok(done) => done?,
            Err(interrupt) => bail!("{interrupt}; Terraform and the local AWS have been ended"),
        }
        Ok(results)
    }

    fn validate(&self, wanted: Wanted, results: &mut Results) -> anyhow::Result<()> {
        let mut ready: Vec<&Path> = Vec::new();
        for module in self.modules {
            let lacking: Vec<String> = declared::needs(module, self.modules)
                .into_iter()
                .filter(|source| self.found.missing.contains_key(source))
                .collect();
            if lacking.is_empty() {
                ready.push(&module.folder);
            } else {
                let list = lacking.join(", ");
                eprintln!(
                    "  {}: schema only, there is no plugin of {list} here",
                    module.folder.display()
                );
            }
        }
        eprintln!("validate and test: {} folders", ready.len());
        results.findings.extend(root::check_all(
            &self.found.terraform,
            &self.scratch.join("checkout"),
            &ready,
            wanted,
            self.options.jobs,
        )?);
        Ok(())
    }
}
