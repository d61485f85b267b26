use serde::{Deserialize, Serialize};

/// Longest time that an approval may be waited for: what was proven before it grows old.
const LONGEST_S: u32 = 7 * 24 * 3_600;

/// The approval of a cutover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalPlan {
    /// How long the cutover waits, in seconds: 1 to 604800 (7 days). Afterwards it ends, and nothing was changed. Default:
    /// 3600.
    #[serde(default = "an_hour")]
    pub expires_after_s: u32,
}

const fn an_hour() -> u32 {
    3_600
}

impl ApprovalPlan {
    /// What is wrong with it.
    pub fn fault(&self) -> Option<String> {
        let given = self.expires_after_s;
        let sound = (1..=LONGEST_S).contains(&given);
        (!sound).then(|| format!("approval.expires_after_s is {given}: use 1 to {LONGEST_S}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_expires_after_a_second_to_a_week() {
        let fault = |expires_after_s| ApprovalPlan { expires_after_s }.fault();
        assert_eq!((fault(1), fault(LONGEST_S)), (None, None));
        assert!(fault(0).unwrap().contains("is 0"));
        assert!(fault(LONGEST_S + 1).unwrap().contains("604800"));
        let default: ApprovalPlan = serde_json::from_str("{}").unwrap();
        assert_eq!(default.expires_after_s, 3_600);
    }
}
