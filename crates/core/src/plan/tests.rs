use super::*;

fn plan() -> serde_json::Value {
    serde_json::json!({
        "migration_id": "shop", "run_id": "run-1", "lane": "main",
        "source": {"engine": "memory", "secret_id": "s"}, "target": {"engine": "memory", "secret_id": "t"},
        "replication": {"engine": "memory", "forward": "f", "workers": {"count": 2}},
        "edge": {"admin_url": "https://edge", "secret_id": "e"}
    })
}

#[test]
fn a_plan_with_the_default_limits_is_valid() {
    let plan: Plan = serde_json::from_value(plan()).unwrap();
    assert_eq!(plan.faults(), Vec::<String>::new());
}

#[test]
fn the_settings_of_the_cdc_engine_are_passed_on_unchanged() {
    let read: Plan = serde_json::from_value(plan()).unwrap();
    assert_eq!(read.replication.engine.as_str(), "memory");
    assert_eq!(read.replication.settings["workers"]["count"], 2);
    assert_eq!(
        serde_json::to_value(&read).unwrap()["replication"],
        plan()["replication"]
    );
    let mut nameless = plan();
    nameless["replication"] = serde_json::json!({"forward": "f"});
    assert!(serde_json::from_value::<Plan>(nameless).is_err());
}

#[test]
fn a_misspelt_safety_setting_stops_the_run() {
    let mut value = plan();
    value["limits"] = serde_json::json!({"hold_mss": 1});
    let error = serde_json::from_value::<Plan>(value).unwrap_err().to_string();
    assert!(error.contains("hold_mss"), "{error}");
}

#[test]
fn every_fault_is_named_at_once() {
    let mut value = plan();
    value["lane"] = "Main Lane".into();
    value["limits"] = serde_json::json!({"hold_ms": 30_000, "sequence_headroom": 0, "drain_grace_ms": 9_000});
    value["scope"] = serde_json::json!({"exclude": ["orders"]});
    let plan: Plan = serde_json::from_value(value).unwrap();
    assert_eq!(plan.faults().len(), 5, "{:#?}", plan.faults());
}

#[test]
fn our_own_schema_is_never_in_scope() {
    let scope = Scope {
        schemas: vec!["crossover".into(), "shop".into()],
        exclude: vec!["shop.noise".into()],
    };
    assert!(scope.holds("shop", "orders"));
    assert!(!scope.holds("shop", "noise"));
    assert!(!scope.holds("public", "orders"));
    assert!(!scope.holds("crossover", "catch_up_marker"));
}
