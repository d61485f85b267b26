//! Percentiles of measured times.

use crossover_core::FractionalMillis;

/// The smallest value that at least `percent` of `values` do not exceed (nearest rank); `None` for an empty
/// list.
pub fn percentile(mut values: Vec<FractionalMillis>, percent: f64) -> Option<FractionalMillis> {
    values.sort_by(FractionalMillis::total_cmp);
    let rank = (percent / 100.0 * values.len() as f64).ceil().max(1.0) as usize;
    values.get(rank.min(values.len()).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let all: Vec<f64> = (1..=100).map(f64::from).collect();
        let at = |percent, values: &[f64]| {
            percentile(values.iter().copied().map(FractionalMillis).collect(), percent).map(|at| at.0)
        };
        assert_eq!(at(50.0, &all), Some(50.0));
        assert_eq!(at(95.0, &all), Some(95.0));
        assert_eq!(at(100.0, &all), Some(100.0));
        assert_eq!(at(95.0, &[7.0]), Some(7.0));
        assert_eq!(at(50.0, &[2.0, 1.0]), Some(1.0));
        assert_eq!(at(50.0, &[]), None);
    }
}
