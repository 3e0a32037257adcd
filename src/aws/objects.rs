//! Objects in one S3 bucket: written whole, read whole or to a file, listed.
//!
//! Knows nothing of what they hold.

use std::path::Path;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use tokio::io::AsyncWriteExt;

use super::answer::failure;
use crate::inventory::CallError;

/// Why something could not be done with an object.
#[derive(Debug, thiserror::Error)]
#[error("s3:{action} of `{key}` in bucket `{bucket}`: {}: {}", .error.code, .error.message)]
pub struct ObjectError {
    /// The bucket.
    pub bucket: String,
    /// The key, or the prefix that was listed.
    pub key: String,
    /// The IAM action.
    pub action: &'static str,
    /// What AWS said.
    pub error: CallError,
}

/// The longest object that is read into memory, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// The objects of a bucket.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    bucket: String,
}

impl Objects {
    /// The objects of this bucket; nothing is sent.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config)
            // A bucket is no host name where all services are at one address.
            .force_path_style(config.endpoint_url().is_some())
            .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
            .build();
        Self { client: Client::from_conf(config), bucket: bucket.to_owned() }
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    fn failed(&self, action: &'static str, key: &str, error: CallError) -> ObjectError {
        ObjectError { bucket: self.bucket.clone(), key: key.to_owned(), action, error }
    }

    /// Writes an object.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), ObjectError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(body.into());
        let sent = request.content_type(content_type(key)).send().await;
        sent.map(|_| ()).map_err(|error| self.failed("PutObject", key, failure(&error)))
    }

    /// Writes a file as an object.
    pub async fn put_file(&self, key: &str, file: &Path) -> Result<(), ObjectError> {
        let body = self.body("PutObject", key, file).await?;
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(body);
        let sent = request.content_type(content_type(key)).send().await;
        sent.map(|_| ()).map_err(|error| self.failed("PutObject", key, failure(&error)))
    }

    /// Writes a file as an object unless there is one already; whether it was written.
    pub async fn put_file_once(&self, key: &str, file: &Path) -> Result<bool, ObjectError> {
        let body = self.body("PutObject", key, file).await?;
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(body).if_none_match("*");
        match request.content_type(content_type(key)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match failure(&error) {
                // Amazon S3 User Guide, "Conditional requests": the second is that of two that came at once.
                CallError { code, .. }
                    if code == "PreconditionFailed" || code == "ConditionalRequestConflict" =>
                {
                    Ok(false)
                }
                error => Err(self.failed("PutObject", key, error)),
            },
        }
    }

    async fn body(&self, action: &'static str, key: &str, file: &Path) -> Result<ByteStream, ObjectError> {
        ByteStream::from_path(file).await.map_err(|error| {
            let error = CallError { code: "NotSent".to_owned(), message: error.to_string() };
            self.failed(action, key, error)
        })
    }

    /// Reads an object of at most 64 MiB; `None` if there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let mut bytes = Vec::new();
        let found = self.read(key, MAX_BYTES, &mut bytes).await?;
        Ok(found.then_some(bytes))
    }

    /// Reads an object into a file; whether there is one.
    pub async fn get_to(&self, key: &str, file: &Path) -> Result<bool, ObjectError> {
        let not_written = |error: std::io::Error| {
            self.failed(
                "GetObject",
                key,
                CallError { code: "NotWritten".to_owned(), message: error.to_string() },
            )
        };
        let mut output = tokio::fs::File::create(file).await.map_err(not_written)?;
        let found = self.read(key, usize::MAX, &mut output).await?;
        output.flush().await.map_err(not_written)?;
        Ok(found)
    }

    async fn read(
        &self,
        key: &str,
        most: usize,
        output: &mut (impl tokio::io::AsyncWrite + Unpin),
    ) -> Result<bool, ObjectError> {
        let broken = |code: &str, message: String| {
            self.failed("GetObject", key, CallError { code: code.to_owned(), message })
        };
        let mut answer = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) => match failure(&error) {
                CallError { code, .. } if code == "NoSuchKey" => return Ok(false),
                error => return Err(self.failed("GetObject", key, error)),
            },
        };
        let mut bytes = 0;
        while let Some(part) = answer.body.next().await {
            let part = part.map_err(|error| broken("UnreadableResponse", error.to_string()))?;
            bytes += part.len();
            if bytes > most {
                return Err(broken("TooLarge", format!("it is longer than {most} bytes")));
            }
            output.write_all(&part).await.map_err(|error| broken("NotWritten", error.to_string()))?;
        }
        Ok(true)
    }

    /// The keys that begin so, in order.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        let mut keys = Vec::new();
        let mut pages =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed("ListBucket", prefix, failure(&error)))?;
            keys.extend(page.contents.into_iter().flatten().filter_map(|it| it.key));
        }
        Ok(keys)
    }

    /// A link under which anyone may read an object for a while.
    pub async fn link(&self, key: &str, expires: Duration) -> Result<String, ObjectError> {
        let not_signed = |message: String| {
            self.failed("GetObject", key, CallError { code: "NotSigned".to_owned(), message })
        };
        let config = PresigningConfig::expires_in(expires).map_err(|error| not_signed(error.to_string()))?;
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = request
            .presigned(config)
            .await
            .map_err(|error| self.failed("GetObject", key, failure(&error)))?;
        Ok(signed.uri().to_owned())
    }
}

fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.') {
        Some((_, "json")) => "application/json",
        Some((_, "ndjson")) => "application/x-ndjson",
        Some((_, "csv")) => "text/csv; charset=utf-8",
        Some((_, "gz")) => "application/gzip",
        _ => "text/plain; charset=utf-8",
    }
}
