use super::*;

const SOUND: &str = r#"
[aws]
region = "eu-central-1"
cutover = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-cutover"
rollback = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-rollback"
journal_table = "shop-journal"

[plan]
migration_id = "shop"
lane = "main"
source = { engine = "postgresql", secret_id = "shop/source" }
target = { engine = "postgresql", secret_id = "shop/target" }
edge = { admin_url = "https://shop.example.com", secret_id = "shop/edge" }

[plan.replication]
engine = "dms"
forward_task = "shop-forward"
reverse_task = "shop-reverse"
post_rollback_task = "shop-again"
replication_instance_arn = "arn:aws:dms:eu-central-1:123456789012:rep:SHOP"
source_endpoints = { read_arn = "a", write_arn = "b" }
target_endpoints = { read_arn = "c", write_arn = "d" }

[plan.limits]
hold_ms = 9000
"#;

fn parse(text: &str) -> Result<Migration> {
    Migration::parse(Path::new("crossover.toml"), text)
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_sound_file_gives_a_plan_for_each_run() {
    let migration = parse(SOUND).unwrap();
    let plan = migration.plan("shop-1", true).unwrap();
    assert_eq!(
        (plan.run_id.as_str(), plan.dry_run, plan.limits.hold_ms.0),
        ("shop-1", true, 9_000)
    );
    assert_eq!(migration.plan("shop-2", false).unwrap().lane, "main");
    assert!(
        migration
            .plan("Shop 3", false)
            .unwrap_err()
            .to_string()
            .contains("run_id")
    );
}

#[test]
fn the_name_of_a_new_run_is_permitted_and_sorts_by_time() {
    let migration = parse(SOUND).unwrap();
    let id = migration.new_run_id(Kind::Rollback, UnixMillis(1_767_323_045_250));
    assert_eq!(id, "shop-rollback-20260102-030405");
    migration.plan(&id, false).unwrap();
}

#[test]
fn a_written_file_is_read_again() {
    let migration = parse(SOUND).unwrap();
    let plan = migration.plan("shop-1", true).unwrap();
    let again = parse(&text(&migration.aws, &plan)).unwrap();
    assert_eq!(
        (&again.aws, again.plan("shop-1", true).unwrap()),
        (&migration.aws, plan)
    );
}

#[test]
fn every_fault_of_a_file_is_named_at_once() {
    let text = SOUND
        .replace("stateMachine:shop-rollback", "function:shop")
        .replace("region =", "endpoint_url = \"http://10.0.0.1:4566\"\nregion =")
        .replace(
            "migration_id = \"shop\"",
            "migration_id = \"Shop!\"\nrun_id = \"r\"\ndry_run = true",
        )
        .replace("forward_task = \"shop-forward\"\n", "")
        .replace("hold_ms = 9000", "hold_ms = 0");
    let refusal = refusal(&text);
    for words in [
        "crossover.toml is not sound",
        "aws.rollback",
        "aws.endpoint_url",
        "plan.run_id",
        "plan.dry_run",
        "migration_id",
        "forward_task",
        "limits.hold_ms",
    ] {
        assert!(refusal.contains(words), "{words} is not in {refusal}");
    }
}

#[test]
fn a_misspelt_field_is_named() {
    assert!(refusal(&SOUND.replace("hold_ms", "hold_sm")).contains("hold_sm"));
    assert!(refusal(&SOUND.replace("journal_table", "journal")).contains("journal"));
    assert!(refusal(&format!("{SOUND}\n[more]\n")).contains("more"));
    assert!(refusal("[aws").contains("line 1"));
}

#[test]
fn only_addresses_of_this_machine_stand_for_aws() {
    for (address, accepted) in [
        ("http://127.0.0.1:4566", true),
        ("http://localhost:4566/", true),
        ("http://[::1]:1", true),
        ("http://127.0.0.1.example.com", false),
        ("https://example.com", false),
        ("http://127.0.0.1@example.com", false),
    ] {
        assert_eq!(is_loopback(address), accepted, "{address}");
    }
}
