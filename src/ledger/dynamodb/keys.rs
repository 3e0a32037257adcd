//! Where each item stands in the table: partition keys and sort keys. Reads and writes nothing.
//!
//! ```text
//! pk                                                        sk                      what it is
//! ledger                                                    schema                  which schema this is
//! ledger/runs                                               <at>/<run>              a run
//! ledger/places                                             <account>/<region>      its looks, and which scopes have records
//! ledger/ids/<first digit>                                  <id>                    the scope of a record
//! ledger/records/<account>/<region>/<framework>/<control>   <id>                    a record
//! ledger/history/<account>/<region>/<framework>/<control>   <id>/<sequence>         an entry
//! configuration/<account>/<region>                          <operation>/<subject>   a configuration
//! ```
//!
//! A partition key takes 1,000 write units a second (Amazon DynamoDB Developer Guide, "Best practices for designing
//! and using partition keys effectively"), so the records of each scope have one of their own, and so has their
//! history. There is no local secondary index, so a partition key has no limit of size.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::control::hexadecimal;
use crate::ledger::key::{Id, Scope};
use crate::model::Place;

/// The partition of what is said of the whole ledger.
pub(super) const LEDGER: &str = "ledger";
/// The sort key of its schema.
pub(super) const SCHEMA: &str = "schema";
/// The sort key of events that somebody was told of.
pub(super) const TOLD: &str = "told";
/// The partition of runs.
pub(super) const RUNS: &str = "ledger/runs";
/// The partition with an item for each account and Region.
pub(super) const PLACES: &str = "ledger/places";

/// The most bytes of a part; a sort key has 1,024 (Amazon DynamoDB Developer Guide, "Quotas").
const MOST: usize = 256;
/// How much of a longer one stands before its digest.
const BEGINNING: usize = 128;

/// A name as a part of a key: what is neither letter, digit nor one of `-_.:` is escaped, and a long one ends in its
/// digest, so that no two names share a part and no part has a `/`.
pub(super) fn part(name: &str) -> String {
    let mut part = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b':' => part.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => part.push(char::from(byte)),
            _ => {
                let _ = write!(part, "%{byte:02X}");
            }
        }
        if part.len() > MOST {
            part.truncate(BEGINNING);
            let _ = write!(part, "%~{}", hexadecimal(&Sha256::digest(name)));
            return part;
        }
    }
    part
}

/// The partition of an event, by its id.
pub(super) fn told(event: &str) -> String {
    format!("told/{}", part(event))
}

/// An account and Region as parts of a key.
pub(super) fn place(place: &Place) -> String {
    format!("{}/{}", place.account, part(place.region.as_str()))
}

/// The framework and control of a scope as parts of a key.
pub(super) fn chosen(scope: &Scope) -> String {
    format!("{}/{}", part(&scope.framework), part(&scope.control))
}

/// All of a scope as parts of a key.
pub(super) fn scope(scope: &Scope) -> String {
    format!("{}/{}", place(&scope.place), chosen(scope))
}

/// The partition of the records of a scope.
pub(super) fn records(scope: &str) -> String {
    format!("ledger/records/{scope}")
}

/// The partition of the history of a scope.
pub(super) fn history(scope: &str) -> String {
    format!("ledger/history/{scope}")
}

/// The partition of the ids that begin with a digit.
pub(super) fn ids(digit: char) -> String {
    format!("ledger/ids/{digit}")
}

/// The sort key of an entry; those of one record are in order.
pub(super) fn entry(id: &Id, sequence: u32) -> String {
    format!("{}/{sequence:010}", id.as_str())
}

/// The partition of the configurations of an account and Region.
pub(super) fn configurations(of: &Place) -> String {
    format!("configuration/{}", place(of))
}

/// The sort key of a configuration.
pub(super) fn configuration(operation: &str, subject: &str) -> String {
    format!("{}/{}", part(operation), part(subject))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_parts_that_cannot_be_taken_for_others() {
        for (name, expected) in [
            ("BACKUP_PLAN", "BACKUP_PLAN"),
            ("", ""),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("a\0é", "a%00%C3%A9"),
            (
                "arn:aws:backup:eu-west-1:111122223333:backup-plan:x",
                "arn:aws:backup:eu-west-1:111122223333:backup-plan:x",
            ),
        ] {
            assert_eq!(part(name), expected);
        }
        let long = ["a".repeat(256), "a".repeat(257), "a".repeat(300), format!("{}/", "a".repeat(1 << 20))];
        let parts: BTreeSet<String> = long.iter().map(|it| part(it)).collect();
        assert_eq!(parts.len(), long.len());
        assert!(parts.iter().all(|it| it.len() <= MOST && !it.contains('/')));
    }
}
