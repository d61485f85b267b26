//! The commands and the workflows that operate a migration, against a rehearsal that was left running: a cutover and a
//! rollback, runs that are aborted, and a run whose execution was stopped from outside.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crossover_signing::SigningKey;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    operator::{Operator, kept},
    setup::{alone, folder},
    workflow::{Ended, JobEnd, Repository, Run},
};

fn state(status: &Value) -> Option<&str> {
    status["under_way"]["state"].as_str()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_rehearsal_is_operated_like_a_migration_on_aws() {
    let _alone = alone().await;
    let folder = folder("operate");
    let (running, operator) = kept(&folder);

    let checked = operator.ends("plan", 0);
    assert!(
        checked.contains("✓ forward replication") && !checked.contains('✗'),
        "{checked}"
    );
    let prepared = operator.ends("prepare", 0);
    assert_eq!(prepared.matches("nothing is missing").count(), 2, "{prepared}");
    let idle = operator.status();
    assert_eq!(
        (&idle["writer"], &idle["under_way"]),
        (&json!("source"), &Value::Null)
    );
    operator.ends("status --require completed --lane main", 0);
    let other = operator.ends("status --lane other", 2);
    assert!(other.contains("not of lane other"), "{other}");
    let nothing = operator.ends("rollback", 2);
    assert!(
        nothing.contains("the source already owns the writes"),
        "{nothing}"
    );
    let nothing = operator.ends("abort", 2);
    assert!(nothing.contains("no run of lane main is under way"), "{nothing}");

    // The workflows' cutover has to be approved in its execution, too.
    let asking = operator.asking();
    let mut repository = Repository::new(&folder, &asking.config).await;
    changes_nothing(&mut repository, &operator);

    // A run that waits is aborted, and nothing is left of it.
    let waiting = operator.with("waiting.toml", "lag_stable_ms = 600000");
    waiting.ends("run --run-id waits", 0);
    waiting
        .until("lag-wait", |status| state(status) == Some("LagWait"))
        .await;
    let second = operator.ends("run", 2);
    assert!(second.contains("has a run under way: waits"), "{second}");
    let refused = operator.ends("status --require completed", 1);
    assert!(refused.contains("run waits is under way"), "{refused}");
    let aborted = operator.ends("abort", 0);
    assert!(
        aborted.contains("Run waits is aborted: the source owns writes as before"),
        "{aborted}"
    );
    let told = operator.ends("run --follow --run-id waits", 3);
    assert!(
        told.contains("LaneAborted") || told.contains("was aborted before the commit"),
        "{told}"
    );

    waits_for_its_approval(&asking).await;

    // A run whose execution is stopped while the lane is armed or held: nothing works on it until somebody recovers it.
    operator.ends("run --run-id stopped", 0);
    let announced = |status: &Value| {
        let phase = status["phase"].as_str().unwrap_or_default();
        state(status) == Some("ConnectionDrain") && ["armed", "hold"].contains(&phase)
    };
    let drained = operator.until("the announcement of the pause", announced).await;
    operator
        .stop(drained["under_way"]["execution"].as_str().unwrap())
        .await;
    let recovered = operator.ends("abort --run-id stopped", 0);
    assert!(
        recovered.contains("recovered by an execution of its own"),
        "{recovered}"
    );
    assert!(
        recovered.contains("Run stopped is aborted: the source owns writes"),
        "{recovered}"
    );
    assert_eq!(operator.status()["phase"], "serve_source");

    // There and back, by the workflows.
    let there = cuts_over(&mut repository, &operator);
    let again = operator.ends(&format!("run --follow --run-id {there} --json"), 0);
    assert!(again.contains(&format!("found cutover {there}")), "{again}");
    assert!(
        again.contains("has committed: the target owns writes") && again.contains("writes held for"),
        "{again}"
    );
    let nothing = operator.ends("run", 2);
    assert!(
        nothing.contains("the target already owns the writes"),
        "{nothing}"
    );
    rolls_back(&mut repository, &operator);
    shows_the_edge(&operator);

    running.signal(Signal::SIGINT);
    let ended = running.end();
    assert!(ended.errors.contains("0 lost, 0 duplicated"), "{}", ended.errors);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
}

/// The lane at the edge after all of this.
fn shows_the_edge(operator: &Operator) {
    let status: Value = serde_json::from_str(&operator.prints("edge status --json")).unwrap();
    assert_eq!(status["record"]["phase"], "serve_source");
    assert!(
        status["traffic"]["recent_writes"].as_u64().unwrap() > 0,
        "{status}"
    );
    let text = operator.ends("edge status", 0);
    assert!(text.starts_with("The source owns writes.\n"), "{text}");
    let audit = operator.ends("edge audit", 0);
    for command in [" arm ", " commit ", " release ", " abort "] {
        assert!(audit.contains(command), "{command} is not in\n{audit}");
    }
    let changes = audit.lines().count() - 1;
    let complete = format!("complete: {changes} changes of lane main");
    let verified = operator.ends("edge audit --verify", 0);
    assert!(
        audit.contains(&complete) && verified.starts_with(&complete),
        "{verified}"
    );
}

/// The cutover's workflow where it must not cut over: asked for a dry run, without reviewers, approved too late.
fn changes_nothing(repository: &mut Repository, operator: &Operator) {
    let dry = repository.run("cutover.yml", &[("mode", "dry-run")]);
    let prepared = dry.ended("prepare", Ended::Succeeded);
    dry.ended("cutover", Ended::Skipped);
    let refusing = prepared.step("Refuse to execute where nobody has to approve");
    assert_eq!(refusing.ended, Ended::Skipped);
    let checked = &prepared.step("Check the plan").printed;
    assert!(checked.contains("✓ forward replication"), "{checked}");
    for printed in [&prepared.step("Dry run").printed, &prepared.summary] {
        assert!(
            printed.contains("nothing was changed") && printed.contains("would: ConnectionDrain"),
            "{printed}"
        );
    }
    assert!(prepared.outputs["finished"].parse::<u64>().is_ok());
    let evidence = dry.artifact(&format!("evidence-{}-dry", dry.name));
    operator.ends(&format!("evidence --check {}", evidence.display()), 0);
    assert_eq!(dry.notices(), "");

    let unprotected = repository.run("cutover.yml", &[("mode", "execute")]);
    let refused = unprotected.ended("prepare", Ended::Failed);
    let why = &refused
        .step("Refuse to execute where nobody has to approve")
        .printed;
    assert!(why.contains("no environment prod-cutover"), "{why}");
    repository.github.protect("prod-cutover", &[]);
    let unprotected = repository.run("cutover.yml", &[("mode", "execute")]);
    let refused = unprotected.ended("prepare", Ended::Failed);
    let why = &refused
        .step("Refuse to execute where nobody has to approve")
        .printed;
    assert!(why.contains("NOBODY HAS TO APPROVE"), "{why}");
    assert_eq!(refused.step("Dry run").ended, Ended::Skipped);
    unprotected.ended("cutover", Ended::Skipped);
    let notices = unprotected.notices();
    assert!(
        notices.contains("a dry run failed, nothing was changed"),
        "{notices}"
    );

    // The dry run of yesterday.
    let late = repository.again(
        &dry,
        "cutover.yml",
        "cutover",
        &[
            ("inputs.mode", "execute"),
            ("needs.prepare.outputs.finished", "0"),
        ],
    );
    let refused = late.ended("cutover", Ended::Failed);
    let why = &refused
        .step("Refuse an approval that came more than a day after the dry run")
        .printed;
    assert!(why.contains("more than 24 hours old"), "{why}");
    assert_eq!(refused.step("Cut over").ended, Ended::Skipped);
    assert!(
        late.notices().contains("see crossover status"),
        "{}",
        late.notices()
    );

    let status = operator.status();
    assert_eq!(
        (&status["writer"], &status["under_way"]),
        (&json!("source"), &Value::Null)
    );
}

/// A cutover that has to be approved waits before it changes anything, and ends where it is rejected or aborted.
async fn waits_for_its_approval(asking: &Operator) {
    let asks = |status: &Value| state(status) == Some("Approval");
    asking.ends("run --run-id rejected", 0);
    let waits = asking.until("the question", asks).await;
    let approve = format!(
        "crossover approve --run-id rejected --config {}",
        asking.config.display()
    );
    assert_eq!(
        (&waits["phase"], &waits["next"][0]["command"]),
        (&json!("serve_source"), &json!(approve))
    );
    let other = asking.ends("approve --run-id other", 2);
    assert!(other.contains("is under way, not other"), "{other}");
    let answered = asking.ends("approve --run-id rejected --reject --note not-today", 0);
    assert!(
        answered.contains("cutover rejected is rejected by arn:aws:"),
        "{answered}"
    );
    let told = asking.ends("run --follow --run-id rejected", 1);
    assert!(
        told.contains("not-today") && told.contains("CutoverNotApproved"),
        "{told}"
    );
    let nothing = asking.ends("approve", 2);
    assert!(nothing.contains("none waits for an approval"), "{nothing}");
    asking.ends("run --run-id given-up", 0);
    asking.until("the second question", asks).await;
    let aborted = asking.ends("abort", 0);
    assert!(aborted.contains("Run given-up is aborted"), "{aborted}");
}

/// The cutover's workflow to its end. Returns the name of the run.
fn cuts_over(repository: &mut Repository, operator: &Operator) -> String {
    repository.github.protect("prod-cutover", &["octocat"]);
    let key = SigningKey::generate().unwrap();
    repository.signing_key.clone_from(key.expose());
    let run = repository.run("cutover.yml", &[("mode", "execute")]);
    let prepared = run.ended("prepare", Ended::Succeeded);
    let approvers = &prepared
        .step("Refuse to execute where nobody has to approve")
        .printed;
    assert!(
        approvers.contains("SOMEBODY HAS TO APPROVE") && approvers.contains("octocat"),
        "{approvers}"
    );
    let cut = run.ended("cutover", Ended::Succeeded);
    assert!(
        cut.summary.contains("has committed: the target owns writes"),
        "{}",
        cut.summary
    );
    let printed = &cut.step("Cut over").printed;
    assert!(
        printed.contains("waits for an approval") && printed.contains("approved by arn:aws:"),
        "{printed}"
    );
    let evidence = is_proven(operator, &run, cut);
    let content = |name: &str| fs::read_to_string(evidence.join(name)).unwrap();
    let (results, journal) = (content("results.json"), content("journal.json"));
    assert!(results.contains("\"approved_by\": \"arn:aws:"), "{results}");
    assert!(journal.contains("\"task_token\": \"[redacted]\""), "{journal}");
    let public = evidence.with_extension("pub");
    SigningKey::from_pem(&key)
        .unwrap()
        .public_key()
        .save(&public)
        .unwrap();
    let with_key = format!(
        "evidence --check {} --public-key {}",
        evidence.display(),
        public.display()
    );
    let signed = operator.ends(&with_key, 0);
    assert!(signed.contains("of the given key"), "{signed}");
    for words in [
        "signed with the key",
        "approved in GitHub by octocat (prod-cutover)",
    ] {
        assert!(cut.summary.contains(words), "{words}: {}", cut.summary);
    }
    let approvals = approvals(&evidence);
    let github = &approvals["github"];
    assert_eq!(
        (&github["repository"], &github["workflow_run"]["actor"]),
        (&json!("octo-org/shop"), &json!("monalisa"))
    );
    assert_eq!(
        format!(
            "gh-{}-{}",
            github["workflow_run"]["id"], github["workflow_run"]["attempt"]
        ),
        run.name
    );
    assert_eq!(
        (&github["reviews"][0]["state"], &github["reviews"][0]["by"]),
        (&json!("approved"), &json!("octocat"))
    );
    assert_eq!(github["jobs"][2]["name"], "Cut over");
    let served = operator.status();
    assert_eq!(
        (&served["writer"], &served["reverse_replication"]["running"]),
        (&json!("target"), &json!(true))
    );
    run.name
}

/// The rollback's workflow to its end.
fn rolls_back(repository: &mut Repository, operator: &Operator) {
    repository.signing_key.clear();
    let run = repository.run("rollback.yml", &[]);
    let rolled = run.ended("rollback", Ended::Succeeded);
    assert!(
        rolled.summary.contains("the source owns writes"),
        "{}",
        rolled.summary
    );
    assert!(
        rolled.summary.contains("| FinalSync | done |"),
        "{}",
        rolled.summary
    );
    let evidence = is_proven(operator, &run, rolled);
    assert!(
        rolled.summary.contains("NOT SIGNED") && rolled.summary.contains("nobody has approved"),
        "{}",
        rolled.summary
    );
    assert_eq!(approvals(&evidence)["github"]["reviews"], json!([]));
    assert_eq!(operator.status()["writer"], "source");

    // Without GitHub, and with a GitHub that cannot be asked.
    let alone = evidence.with_extension("alone");
    let collect = format!("evidence --run-id {} --out {}", run.name, alone.display());
    operator.ends(&collect, 0);
    assert_eq!(approvals(&alone), json!({ "github": null }));
    let missing = operator.ends(&format!("{collect} --workflow-run octo-org/shop/7/1"), 1);
    assert!(
        missing.contains("missing: who approved in GitHub: GITHUB_TOKEN holds no token"),
        "{missing}"
    );
    assert!(!alone.join("approvals.json").exists());
}

/// Who approved, as the evidence says.
fn approvals(evidence: &Path) -> Value {
    serde_json::from_slice(&fs::read(evidence.join("approvals.json")).unwrap()).unwrap()
}

/// The evidence is whole, in the job and as the artifact of the run, and nobody was alarmed. Returns its folder.
fn is_proven(operator: &Operator, run: &Run, job: &JobEnd) -> PathBuf {
    let collected = &job.step("Collect the evidence").printed;
    assert!(!collected.contains("missing:"), "{collected}");
    let checked = &job.step("Check the evidence").printed;
    assert!(checked.contains("UNCHANGED"), "{checked}");
    let folder = run.artifact(&format!("evidence-{}", run.name));
    operator.ends(&format!("evidence --check {}", folder.display()), 0);
    assert_eq!(run.notices(), "");
    folder
}
