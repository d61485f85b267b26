//! The line in the functions' logs that says how long writes were held.

use crossover_core::Millis;

/// Every release ends a pause, whether the run has committed or not. The alarm of the pause reads this line:
/// `terraform/modules/observability/alarms.tf`, which a test below holds against it.
pub fn log_pause(pause: Millis) {
    tracing::info!(pause_ms = pause.0, "writes were held");
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_alarm_reads_the_line_of_the_stages_that_release() {
        let alarms = include_str!("../../../terraform/modules/observability/alarms.tf");
        // terraform fmt aligns the values of neighbouring lines.
        let alarms = alarms.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            r#"pause_stages = ["abort", "final-sync"]"#,
            r#"$.message = \"writes were held\" && $.pause_ms = *"#,
            r#"value = "$.pause_ms""#,
        ] {
            assert!(alarms.contains(part), "the alarm does not have: {part}");
        }
    }
}
