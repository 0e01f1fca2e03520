//! [`S3Object`]: an object of a store that speaks S3's protocol, uploaded in parts.

use std::fmt;

use bytes::Bytes;
use http::Uri;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore as _, PutOptions, RetryConfig};

use super::connection::Connections;
use crate::client::connect::ClientTls;
use crate::error::Error;

/// How often a request is tried again that got no answer, or an error of the store.
const MAX_RETRIES: usize = 3;

/// Where an object of an S3-compatible store is, and who may write it.
///
/// ```no_run
/// use protod::client::S3Object;
///
/// # async fn run() -> Result<(), protod::Error> {
/// let object = S3Object::new("s3://archive/points.ndjson")?
///     .endpoint("http://localhost:9000")
///     .credentials("key", "secret");
/// let mut upload = object.upload().await?;
/// upload.put_part(vec![b' '; 5 << 20].into()).await?;
/// upload.put_part("{}\n".into()).await?;
/// upload.complete().await
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct S3Object {
    bucket: String,
    key: String,
    endpoint: Option<String>,
    region: String,
    credentials: Option<(String, String)>,
    token: Option<String>,
    tls: ClientTls,
}

impl S3Object {
    /// The object of a URL, `s3://BUCKET/KEY`. A key that ends with a slash is that of a folder, and none.
    ///
    /// Fails if it is no such URL.
    pub fn new(url: &str) -> Result<Self, Error> {
        let parts = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let parts =
            parts.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty() && !key.ends_with('/'));
        let (bucket, key) = parts.ok_or_else(|| {
            Error::invalid_input(
                format!("{url:?} names no object"),
                "one is written s3://BUCKET/KEY",
            )
        })?;
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            endpoint: None,
            region: "us-east-1".to_owned(),
            credentials: None,
            token: None,
            tls: ClientTls::new(),
        })
    }

    /// Where the store is: an `https` or `http` URL without a path. Default: that of Amazon for the region.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The region that requests are signed for. Default: `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Who uploads: the id of a key, and its secret. Without them no upload begins.
    pub fn credentials(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.credentials = Some((id.into(), secret.into()));
        self
    }

    /// The token of a session, which temporary credentials need. Default: none.
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The TLS options. Default: those of [`ClientTls::new`].
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = tls;
        self
    }

    /// Writes all of the object at once.
    pub async fn put(&self, data: Bytes) -> Result<(), Error> {
        let put = self
            .store()?
            .put_opts(&self.path()?, data.into(), PutOptions::default())
            .await;
        put.map(drop).map_err(|error| self.failed("upload to", error))
    }

    /// Begins an upload in parts. The object is there when it is complete, and not before.
    pub async fn upload(&self) -> Result<S3Upload, Error> {
        let (store, path) = (self.store()?, self.path()?);
        let begun = store.create_multipart(&path).await;
        let id = begun.map_err(|error| self.failed("upload to", error))?;
        Ok(S3Upload {
            object: self.clone(),
            store,
            path,
            id,
            parts: Vec::new(),
        })
    }

    /// Goes on with an upload by its [id](S3Upload::id) and its [parts](S3Upload::parts).
    pub fn resume(&self, id: impl Into<String>, parts: Vec<String>) -> Result<S3Upload, Error> {
        Ok(S3Upload {
            object: self.clone(),
            store: self.store()?,
            path: self.path()?,
            id: id.into(),
            parts,
        })
    }

    fn path(&self) -> Result<Path, Error> {
        Path::parse(&self.key).map_err(|error| Error::invalid_input(format!("{self} names no object"), error))
    }

    fn store(&self) -> Result<AmazonS3, Error> {
        let (id, secret) = self.credentials.as_ref().ok_or_else(|| {
            Error::invalid_input(
                format!("cannot upload to {self}"),
                "no credentials are given: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have them",
            )
        })?;
        let endpoint = self
            .endpoint
            .clone()
            .unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", self.region));
        let invalid = |why: String| Error::invalid_input(format!("{endpoint:?} is no endpoint of S3"), why);
        let url: Uri = endpoint
            .parse()
            .map_err(|error: http::uri::InvalidUri| invalid(error.to_string()))?;
        let is_plain = match url.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return Err(invalid("its scheme is https or http".to_owned())),
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_access_key_id(id)
            .with_secret_access_key(secret)
            .with_endpoint(endpoint.trim_end_matches('/'))
            .with_allow_http(is_plain)
            // One host for all requests: the endpoint.
            .with_virtual_hosted_style_request(false)
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: MAX_RETRIES,
                ..RetryConfig::default()
            })
            .with_http_connector(Connections::to(&url, &self.tls)?);
        if let Some(token) = &self.token {
            builder = builder.with_token(token);
        }
        builder.build().map_err(|error| self.failed("upload to", error))
    }

    fn failed(&self, what: &str, error: object_store::Error) -> Error {
        Error::invalid_input(format!("cannot {what} {self}"), error)
    }
}

/// The URL, without the credentials.
impl fmt::Display for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Without the credentials.
impl fmt::Debug for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Object")
            .field("url", &self.to_string())
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// An upload of an [`S3Object`] in parts. What is uploaded stays with the store, and [can go on](S3Object::resume), until it is
/// complete or aborted.
#[derive(Debug)]
pub struct S3Upload {
    object: S3Object,
    store: AmazonS3,
    path: Path,
    id: String,
    parts: Vec<String>,
}

impl S3Upload {
    /// What the store calls it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the store calls its parts.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// Uploads the next part: of 5 MiB at least, unless it is the last one. There may be 10,000.
    ///
    /// A part that failed was not uploaded, and may be tried again.
    pub async fn put_part(&mut self, data: Bytes) -> Result<(), Error> {
        let put = self
            .store
            .put_part(&self.path, &self.id, self.parts.len(), data.into())
            .await;
        let part = put.map_err(|error| self.object.failed("upload to", error))?;
        self.parts.push(part.content_id);
        Ok(())
    }

    /// Makes the object of the parts.
    pub async fn complete(self) -> Result<(), Error> {
        let parts = self.parts.into_iter().map(|content_id| PartId { content_id });
        let completed = self
            .store
            .complete_multipart(&self.path, &self.id, parts.collect())
            .await;
        completed
            .map(drop)
            .map_err(|error| self.object.failed("complete the upload to", error))
    }

    /// Has the store forget what was uploaded.
    pub async fn abort(self) -> Result<(), Error> {
        let aborted = self.store.abort_multipart(&self.path, &self.id).await;
        aborted.map_err(|error| self.object.failed("abort the upload to", error))
    }
}
