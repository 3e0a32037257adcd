//! The objects of one S3 bucket: listed, read as a stream, linked to, and written whole.
//!
//! Knows no key's meaning, and deletes nothing.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;

use super::Session;
use super::answer::{failure, reasons};
use crate::inventory::CallError;
use crate::model::Region;

/// The most bytes of an object that is read into memory.
const MAX_IN_MEMORY: u64 = 64 << 20;

/// A bucket's objects.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    bucket: String,
}

/// Why an object could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The bucket has no such object.
    #[error("bucket `{bucket}` has no `{key}`")]
    NotThere {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// S3 refused, or did not answer.
    #[error("{action} of `{key}` in bucket `{bucket}`: {}: {}; {}", .error.code, .error.message, advice(action, bucket, &.error.code))]
    Refused {
        /// What was asked, as IAM names it.
        action: &'static str,
        /// The bucket.
        bucket: String,
        /// The key, or the prefix that was listed.
        key: String,
        /// What S3 said.
        error: CallError,
    },
    /// The object is longer than it may be.
    #[error("`{key}` in bucket `{bucket}` is longer than the {most} bytes that it may have")]
    TooLong {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The most bytes it may have.
        most: u64,
    },
    /// What was read could not be written.
    #[error("cannot write what `{key}` holds: {error}")]
    Write {
        /// The key.
        key: String,
        /// Why.
        error: io::Error,
    },
}

const GET: &str = "s3:GetObject";
const LIST: &str = "s3:ListBucket";
const PUT: &str = "s3:PutObject";

/// What the operator can do about a refusal.
fn advice(action: &str, bucket: &str, code: &str) -> String {
    match code {
        "NoSuchBucket" => "check --bucket, and whose credentials these are".to_owned(),
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            "give the bucket's Region with --region".to_owned()
        }
        "AccessDenied" | "HTTP403" if action == PUT => format!(
            "allow s3:PutObject on arn:aws:s3:::{bucket}/*, and kms:GenerateDataKey and kms:Decrypt on the bucket's key"
        ),
        "AccessDenied" | "HTTP403" => format!(
            "allow s3:ListBucket on arn:aws:s3:::{bucket}, s3:GetObject on arn:aws:s3:::{bucket}/*, \
             and kms:Decrypt on the bucket's key"
        ),
        _ => "try again".to_owned(),
    }
}

impl Objects {
    /// The objects of a bucket, asked in its Region if that is known.
    pub fn new(session: &Session, region: Option<&Region>, bucket: &str) -> Self {
        let region = region.cloned().or_else(|| session.region()).unwrap_or_else(Region::global);
        let client = session.clients(&session.own(), &region).s3().clone();
        Self { client, bucket: bucket.to_owned() }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What stands directly under a prefix that ends in a slash: folders, without the prefix and their slash.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        let mut found = Vec::new();
        self.each_page(prefix, Some("/"), &mut |page| {
            let names = page.common_prefixes().iter().filter_map(|it| it.prefix());
            found
                .extend(names.filter_map(|it| it.strip_prefix(prefix)?.strip_suffix('/')).map(str::to_owned));
        })
        .await?;
        Ok(found)
    }

    /// The keys under a prefix.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        let mut found = Vec::new();
        self.each_page(prefix, None, &mut |page| {
            found.extend(page.contents().iter().filter_map(|it| it.key()).map(str::to_owned));
        })
        .await?;
        Ok(found)
    }

    async fn each_page(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        sink: &mut dyn FnMut(&aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output),
    ) -> Result<(), ObjectError> {
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
            let request = request.set_delimiter(delimiter.map(str::to_owned));
            let sent = request.set_continuation_token(token.clone()).send().await;
            let page = sent.map_err(|error| self.refused(LIST, prefix, failure(&error)))?;
            sink(&page);
            match page.next_continuation_token {
                // A token that repeats would never end.
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(()),
            }
        }
    }

    fn refused(&self, action: &'static str, key: &str, error: CallError) -> ObjectError {
        ObjectError::Refused { action, bucket: self.bucket.clone(), key: key.to_owned(), error }
    }

    /// Reads an object of at most so many bytes as it arrives; how many it had.
    pub async fn read(
        &self,
        key: &str,
        most: u64,
        sink: &mut (dyn Write + Send),
    ) -> Result<u64, ObjectError> {
        let sent = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        let object = sent.map_err(|error| match failure(&error) {
            CallError { code, .. } if code == "NoSuchKey" || code == "HTTP404" => {
                ObjectError::NotThere { bucket: self.bucket.clone(), key: key.to_owned() }
            }
            error => self.refused(GET, key, error),
        })?;
        let (mut body, mut read) = (object.body, 0);
        loop {
            let piece = body.try_next().await.map_err(|error| {
                let error = CallError { code: "CutOff".to_owned(), message: reasons(&error) };
                self.refused(GET, key, error)
            })?;
            let Some(piece) = piece else {
                return Ok(read);
            };
            read += piece.len() as u64;
            if read > most {
                return Err(ObjectError::TooLong { bucket: self.bucket.clone(), key: key.to_owned(), most });
            }
            sink.write_all(&piece).map_err(|error| ObjectError::Write { key: key.to_owned(), error })?;
        }
    }

    /// An object of at most 64 MiB; `None` if there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let mut bytes = Vec::new();
        match self.read(key, MAX_IN_MEMORY, &mut bytes).await {
            Ok(_) => Ok(Some(bytes)),
            Err(ObjectError::NotThere { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an object.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), ObjectError> {
        let sent = self.putting(key, body.into()).send().await;
        sent.map(|_| ()).map_err(|error| self.refused(PUT, key, failure(&error)))
    }

    /// Writes a file as an object.
    pub async fn put_file(&self, key: &str, file: &Path) -> Result<(), ObjectError> {
        let sent = self.putting(key, self.body(key, file).await?).send().await;
        sent.map(|_| ()).map_err(|error| self.refused(PUT, key, failure(&error)))
    }

    /// Writes a file as an object unless there is one already; whether it was written.
    pub async fn put_file_once(&self, key: &str, file: &Path) -> Result<bool, ObjectError> {
        let request = self.putting(key, self.body(key, file).await?).if_none_match("*");
        match request.send().await.map_err(|error| failure(&error)) {
            Ok(_) => Ok(true),
            // Of two that come at once one is told ConditionalRequestConflict: the other may fail as well
            // (S3 User Guide, "Conditional writes").
            Err(error) if error.code == "PreconditionFailed" => Ok(false),
            Err(error) => Err(self.refused(PUT, key, error)),
        }
    }

    fn putting(&self, key: &str, body: ByteStream) -> PutObjectFluentBuilder {
        let content_type = match key.rsplit_once('.') {
            Some((_, "csv")) => "text/csv; charset=utf-8",
            Some((_, "gz")) => "application/gzip",
            Some((_, "json")) => "application/json",
            Some((_, "ndjson")) => "application/x-ndjson",
            _ => "text/plain; charset=utf-8",
        };
        self.client.put_object().bucket(&self.bucket).key(key).body(body).content_type(content_type)
    }

    async fn body(&self, key: &str, file: &Path) -> Result<ByteStream, ObjectError> {
        ByteStream::from_path(file).await.map_err(|error| {
            self.refused(PUT, key, CallError { code: "NotSent".to_owned(), message: reasons(&error) })
        })
    }

    /// Whether there is such an object.
    pub async fn exists(&self, key: &str) -> Result<bool, ObjectError> {
        let sent = self.client.head_object().bucket(&self.bucket).key(key).send().await;
        match sent.map_err(|error| failure(&error)) {
            Ok(_) => Ok(true),
            Err(CallError { code, .. }) if code == "NotFound" || code == "HTTP404" => Ok(false),
            Err(error) => Err(self.refused(GET, key, error)),
        }
    }

    /// A link with which anybody can read an object for so long, or until the credentials end if that is sooner.
    pub async fn link(&self, key: &str, expires: Duration) -> Result<String, ObjectError> {
        let failed =
            |message: String| self.refused(GET, key, CallError { code: "NotSigned".to_owned(), message });
        let config = PresigningConfig::expires_in(expires).map_err(|error| failed(error.to_string()))?;
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = request.presigned(config).await.map_err(|error| failed(reasons(&error)))?;
        Ok(signed.uri().to_owned())
    }
}
