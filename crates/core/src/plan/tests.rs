use super::*;

fn plan() -> serde_json::Value {
    serde_json::json!({
        "migration_id": "shop", "run_id": "run-1", "lane": "main",
        "source": {"secret_id": "s"}, "target": {"secret_id": "t"},
        "replication": {"forward_task": "f", "reverse_task": "r", "post_rollback_task": "n", "replication_instance_arn": "i",
                        "source_endpoints": {"read_arn": "a", "write_arn": "b"},
                        "target_endpoints": {"read_arn": "c", "write_arn": "d"}},
        "edge": {"admin_url": "https://edge", "secret_id": "e"}
    })
}

#[test]
fn the_defaults_are_sound() {
    let plan: Plan = serde_json::from_value(plan()).unwrap();
    assert_eq!(plan.faults(), Vec::<String>::new());
    assert_eq!(plan.replication.slot_plugin, "test_decoding");
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
    value["replication"]["reverse_task"] = "f".into();
    value["scope"] = serde_json::json!({"exclude": ["orders"]});
    let plan: Plan = serde_json::from_value(value).unwrap();
    assert_eq!(plan.faults().len(), 6, "{:#?}", plan.faults());
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
