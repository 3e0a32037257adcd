//! `react`.
use super::failure::Failure;
use super::state::State;
use serde_json::Value;

pub(super) async fn react(
    _state: &State,
    _payload: Value,
    _deadline: std::time::SystemTime,
) -> Result<Value, Failure> {
    Err(Failure::Internal(String::new()))
}
