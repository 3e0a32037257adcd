//! How large a number among the facts can be, so that what a policy adds or multiplies cannot overflow.
//!
//! A fact's name ends in its unit, and that decides. A number beyond is no fact: it is refused where it is read, never
//! made smaller.

/// By the end of a fact's name, the greatest it can be. Retention is at most 36,500 days (API_Lifecycle), and no age goes
/// beyond the year 2200; hours and minutes are those of as many days.
const UNITS: [(&str, i64); 3] = [("Days", 1_000_000), ("Hours", 24_000_000), ("Minutes", 1_440_000_000)];
/// Counts and bytes: the greatest whole number that every reader of JSON reads exactly, 2^53 - 1 (RFC 8259, section 6).
const OTHERS: i64 = 9_007_199_254_740_991;

/// The greatest number that the fact with this name can be, in its own unit; the least is 0.
pub fn greatest(fact: &str) -> i64 {
    UNITS.iter().find(|(unit, _)| fact.ends_with(unit)).map_or(OTHERS, |(_, greatest)| *greatest)
}

/// Whether the fact with this name can be this number.
pub fn is_possible(fact: &str, number: i64) -> bool {
    (0..=greatest(fact)).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_how_large_its_number_can_be() {
        for (fact, number, possible) in [
            ("deleteAfterDays", 0, true),
            ("deleteAfterDays", -1, false),
            ("deleteAfterDays", 1_000_000, true),
            ("deleteAfterDays", 1_000_001, false),
            ("ageHours", 24_000_000, true),
            ("ageHours", 24_000_001, false),
            ("executionTimeMinutes", 1_440_000_000, true),
            ("executionTimeMinutes", i64::MAX, false),
            ("backupSizeInBytes", 9_007_199_254_740_991, true),
            ("backupSizeInBytes", 9_007_199_254_740_992, false),
            ("numberOfRecoveryPoints", i64::MAX, false),
        ] {
            assert_eq!(is_possible(fact, number), possible, "{fact} {number}");
        }
    }
}
