//! Numbers formatted for readers.

use std::time::Duration;

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As [`count`], with a sign.
pub fn signed(number: i64) -> String {
    format!(
        "{}{}",
        if number < 0 { "−" } else { "" },
        count(number.unsigned_abs())
    )
}

/// A duration with the significant digits only: `0.4 ms`, `63 ms`, `12.4 s`, `2 min 05 s`, `7 h 15 min`.
pub fn duration(length: impl Into<Duration>) -> String {
    let ms = length.into().as_secs_f64() * 1_000.0;
    if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 9_995.0 {
        format!("{:.2} s", ms / 1_000.0)
    } else if ms < 59_950.0 {
        format!("{:.1} s", ms / 1_000.0)
    } else if ms < 3_599_500.0 {
        let seconds = (ms / 1_000.0).round() as u64;
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        let minutes = (ms / 60_000.0).round() as u64;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::FractionalMillis;

    use super::*;

    #[test]
    fn numbers_are_grouped_and_durations_keep_significant_digits() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(36_412_007)],
            ["0", "999", "1,000", "36,412,007"]
        );
        assert_eq!(signed(-2_000), "−2,000");
        let durations = [
            0.0,
            0.44,
            9.96,
            63.4,
            999.4,
            999.6,
            12_430.0,
            59_960.0,
            125_400.0,
            3_599_600.0,
            26_100_000.0,
        ]
        .map(|ms| duration(FractionalMillis(ms)));
        let expected = [
            "0.0 ms",
            "0.4 ms",
            "10 ms",
            "63 ms",
            "999 ms",
            "1.00 s",
            "12.4 s",
            "1 min 00 s",
            "2 min 05 s",
            "1 h 00 min",
            "7 h 15 min",
        ];
        assert_eq!(durations, expected);
    }
}
