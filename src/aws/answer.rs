//! What came of a call: the body as AWS sent it, or the error with its code.
//!
//! Reads no body itself; the SDK's typed answer says what it names and whether there are more pages.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::Reply;
use super::xml::Element;
use crate::collect::{Answer, UNREACHABLE};
use crate::inventory::{CallError, Calls};

/// Calls made so far, by everything that shares it.
#[derive(Debug, Default)]
pub struct Counts {
    calls: AtomicU64,
    attempts: AtomicU64,
    bytes: AtomicU64,
}

impl Counts {
    /// The counts as they are now.
    pub fn calls(&self) -> Calls {
        let [calls, attempts, bytes] =
            [&self.calls, &self.attempts, &self.bytes].map(|it| it.load(Ordering::Relaxed));
        Calls { calls, retries: attempts.saturating_sub(calls), bytes }
    }
}

/// Keeps the body of one call's last response.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    body: Arc<Mutex<Option<Vec<u8>>>>,
    counts: Arc<Counts>,
}

impl Seen {
    pub(super) fn new(counts: &Arc<Counts>) -> Self {
        counts.calls.fetch_add(1, Ordering::Relaxed);
        Self { body: Arc::default(), counts: Arc::clone(counts) }
    }

    fn body(&self) -> Vec<u8> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "Seen"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.counts.attempts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    // The response has been read into memory by now, and before this it need not have been.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            self.counts.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.to_vec());
        }
        Ok(())
    }
}

/// What an answer says beside its body.
#[derive(Default)]
pub(super) struct Named {
    /// The token of the next page.
    pub(super) next: Option<String>,
    /// What other operations are asked of: parameter and value.
    pub(super) found: Vec<(&'static str, String)>,
}

impl Named {
    /// Nothing to follow.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    /// A page of a list that names nothing to follow.
    pub(super) fn page(next: Option<String>) -> Self {
        Self { next, found: Vec::new() }
    }

    /// Adds what there is under a parameter's name.
    pub(super) fn add(
        mut self,
        parameter: &'static str,
        values: impl IntoIterator<Item = Option<String>>,
    ) -> Self {
        self.found.extend(values.into_iter().flatten().map(|value| (parameter, value)));
        self
    }
}

/// An answer in JSON, as AWS sent it.
pub(super) fn as_sent<O, E>(
    (seen, sent): (Seen, Result<O, SdkError<E, HttpResponse>>),
    named: impl FnOnce(O) -> Named,
) -> Option<Reply>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Some(match sent {
        Ok(output) => one_line(seen.body()).map(|body| {
            let Named { next, found } = named(output);
            Answer { body, next, found }
        }),
        Err(error) => Err(failure(&error)),
    })
}

/// An answer that is no JSON, in the shape that the AWS CLI prints.
pub(super) fn as_printed<O, E>(
    (_, sent): (Seen, Result<O, SdkError<E, HttpResponse>>),
    printed: impl FnOnce(O) -> (Value, Named),
) -> Option<Reply>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Some(match sent {
        Ok(output) => {
            let (body, Named { next, found }) = printed(output);
            Ok(Answer { body: body.to_string(), next, found })
        }
        Err(error) => Err(failure(&error)),
    })
}

/// An answer in XML, as [`as_printed`]; the SDK takes XML that breaks off for XML that ends, so it is checked first.
pub(super) fn as_printed_xml<O, E>(
    (seen, sent): (Seen, Result<O, SdkError<E, HttpResponse>>),
    printed: impl FnOnce(O) -> (Value, Named),
) -> Option<Reply>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if sent.is_ok()
        && let Err(error) = Element::parse(&seen.body())
    {
        return Some(Err(CallError { code: UNREADABLE.to_owned(), message: error.to_string() }));
    }
    as_printed((seen, sent), printed)
}

/// A body fit for a line of its own.
fn one_line(body: Vec<u8>) -> Result<String, CallError> {
    let mut body = String::from_utf8(body).map_err(|_| CallError {
        code: UNREADABLE.to_owned(),
        message: "the body is not UTF-8".to_owned(),
    })?;
    // A line break in JSON is white space: in a string it would be escaped.
    if body.contains(['\n', '\r']) {
        body = body.replace(['\n', '\r'], " ");
    }
    if body.trim().is_empty() {
        return Err(CallError { code: UNREADABLE.to_owned(), message: "the body is empty".to_owned() });
    }
    Ok(body)
}

const UNREADABLE: &str = "UnreadableResponse";

/// The error as AWS codes it; where AWS did not answer, or not readably, with a code of our own.
pub(crate) fn failure<E>(error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (code, message) = match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status();
            let code = match service.err().code() {
                Some(code) => code.to_owned(),
                // A success that is no answer.
                None if status.is_success() => UNREADABLE.to_owned(),
                None => format!("HTTP{}", status.as_u16()),
            };
            (code, service.err().message().unwrap_or_default().to_owned())
        }
        SdkError::TimeoutError(_) => ("TimedOut".to_owned(), reasons(error)),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => ("TimedOut".to_owned(), reasons(error)),
        SdkError::DispatchFailure(_) => (UNREACHABLE.to_owned(), reasons(error)),
        SdkError::ResponseError(_) => (UNREADABLE.to_owned(), reasons(error)),
        _ => ("NotSent".to_owned(), reasons(error)),
    };
    CallError { code, message }
}

/// The sentences of an error and of what caused it; the causes' own details, which hold the response, are left out.
pub(super) fn reasons(error: &dyn Error) -> String {
    let mut sentences = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let sentence = error.to_string();
        if sentences.last() != Some(&sentence) {
            sentences.push(sentence);
        }
        cause = error.source();
    }
    sentences.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_one_line_and_never_empty() {
        for (body, expected) in [("{\n \"a\":\r\n1}", "{  \"a\":  1}"), ("{}", "{}")] {
            assert_eq!(one_line(body.as_bytes().to_vec()).unwrap(), expected);
        }
        for body in [&[0xff][..], b"", b" \n"] {
            assert!(one_line(body.to_vec()).is_err());
        }
    }
}
