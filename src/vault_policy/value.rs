//! Comparing one value of a request with one value of the policy for the operators that read their values:
//! booleans, numbers, dates and addresses. A value that cannot be read is never a match and never a mismatch.

use std::cmp::Ordering;
use std::net::IpAddr;

use jiff::Timestamp;

use super::operator::Order;

/// `true` or `false`, in any case.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether two numbers stand in the order; none if one of them is not a plain decimal that is compared exactly.
pub(super) fn compare_numbers(order: Order, request: &str, policy: &str) -> Option<bool> {
    let ordering = parse_number(request)?.partial_cmp(&parse_number(policy)?)?;
    Some(holds(order, ordering))
}

/// Whether two times stand in the order; none if one of them is neither a full ISO 8601 time nor epoch seconds.
pub(super) fn compare_dates(order: Order, request: &str, policy: &str) -> Option<bool> {
    Some(holds(order, parse_date(request)?.cmp(&parse_date(policy)?)))
}

/// Whether the address is in the range; none if one of them is not readable.
pub(super) fn address_in(request: &str, policy: &str) -> Option<bool> {
    let address: IpAddr = request.parse().ok()?;
    let (network, prefix) = match policy.split_once('/') {
        Some((network, prefix)) => (network.parse::<IpAddr>().ok()?, Some(prefix.parse::<u32>().ok()?)),
        None => (policy.parse().ok()?, None),
    };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            same_prefix(u32::from(address).into(), u32::from(network).into(), 32, prefix.unwrap_or(32))
        }
        // Without a prefix the guide says `/32`, which for IPv6 would be a large range: equal is in, the rest is open.
        (IpAddr::V6(address), IpAddr::V6(network)) => match prefix {
            Some(prefix) => same_prefix(address.into(), network.into(), 128, prefix),
            None if address == network => Some(true),
            None => {
                same_prefix(address.into(), network.into(), 128, 32).and_then(|near| (!near).then_some(false))
            }
        },
        _ => Some(false),
    }
}

fn same_prefix(left: u128, right: u128, width: u32, prefix: u32) -> Option<bool> {
    if prefix > width {
        return None;
    }
    let difference = left ^ right;
    Some(difference.checked_shr(width - prefix).unwrap_or(0) == 0)
}

fn holds(order: Order, ordering: Ordering) -> bool {
    match order {
        Order::Equal => ordering == Ordering::Equal,
        Order::Less => ordering == Ordering::Less,
        Order::LessOrEqual => ordering != Ordering::Greater,
        Order::Greater => ordering == Ordering::Greater,
        Order::GreaterOrEqual => ordering != Ordering::Less,
    }
}

/// Beyond this a float no longer tells neighboring integers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn parse_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
    let number: f64 = if plain {
        text.parse().ok()?
    } else {
        return None;
    };
    (number.abs() < EXACT).then_some(number)
}

/// Dates without a time say nothing of the zone, and four digits may be a year or epoch seconds: neither is read.
fn parse_date(text: &str) -> Option<Timestamp> {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Timestamp::from_second(text.parse().ok()?).ok();
    }
    if !text.contains('T') {
        return None;
    }
    text.parse().ok()
}
