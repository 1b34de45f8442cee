//! One bucket as an [`object_store::ObjectStore`], so that DataFusion, delta-rs, Polars and whatever else reads and writes
//! through that crate works with the store, and with temporary keys.
//!
//! Keys are what paths print. Creating without overwriting, conditional updates and copies that do not overwrite are
//! decided by the server, so that they hold between processes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use daypass_api::Timestamp;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::{
    ByteRange, ETag, ETagMatch, ObjectHeaders, ObjectInfo, Preconditions, StorageClass,
};
use daypass_api::operation::{ListObjects, PutObject, ReadObject, UploadRef};
use daypass_api::outcome::ObjectSummary;
use daypass_api::tags::Tags;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, CopyMode, CopyOptions, Error as StoreError, GetOptions, GetRange, GetResult,
    GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result, TagSet, UploadPart,
};
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::objects::{ObjectClient, Stored, UploadedPart};
use crate::payload::Payload;
use crate::request;
use crate::transfer::{Reader, Transfer};

/// The store's name in errors.
const NAME: &str = "COS";
/// How many objects are removed at once.
const REMOVED_AT_ONCE: usize = 8;

/// One bucket. Cheap to clone.
#[derive(Clone)]
pub struct CosStore {
    client: ObjectClient,
    bucket: BucketName,
    transfer: Transfer,
}

impl CosStore {
    /// This bucket. The transfer says how objects are copied that are too large for one request.
    pub fn new(client: ObjectClient, bucket: BucketName, transfer: Transfer) -> Self {
        Self {
            client,
            bucket,
            transfer,
        }
    }

    fn put_at(&self, location: &Path, attributes: &Attributes, tags: &TagSet) -> Result<PutObject> {
        Ok(PutObject {
            headers: headers(attributes)?,
            tags: pairs(tags),
            ..request::put_object(&self.bucket, &key(location)?)
        })
    }

    fn list_below(&self, prefix: Option<&Path>) -> ListObjects {
        let prefix = prefix.filter(|prefix| !prefix.is_root());
        let prefix = prefix.map_or_else(String::new, |prefix| format!("{prefix}/"));
        request::list_objects(&self.bucket, &prefix)
    }

    fn listed(&self, list: ListObjects) -> BoxStream<'static, Result<ObjectMeta>> {
        self.client
            .object_pages(list)
            .map_err(|error| told(error, &Path::default()))
            .map_ok(|page| stream::iter(page.objects.into_iter().map(|object| meta_of(&object))))
            .try_flatten()
            .boxed()
    }
}

impl fmt::Display for CosStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosStore({})", self.bucket.as_str())
    }
}

impl fmt::Debug for CosStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[async_trait]
impl ObjectStore for CosStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let mut put = self.put_at(location, &options.attributes, &options.tags)?;
        let is_update = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => {
                put.forbid_overwrite = true;
                false
            }
            PutMode::Update(version) => {
                let tag = version
                    .e_tag
                    .ok_or_else(|| generic("an update needs an e_tag".into()))?;
                put.preconditions.if_match = Some(tag_match(&tag));
                true
            }
        };
        let stored = self
            .client
            .put_object(put, Payload::from(Bytes::from(payload)))
            .await;
        match stored.map_err(|error| told(error, location)) {
            // What is not there is not the version that was meant.
            Err(StoreError::NotFound { path, source }) if is_update => {
                Err(StoreError::Precondition { path, source })
            }
            stored => stored.map(|stored| put_result(&stored)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let PutObject {
            bucket,
            key,
            headers,
            acl,
            tags,
            ..
        } = self.put_at(location, &options.attributes, &options.tags)?;
        let start = daypass_api::operation::InitiateMultipartUpload {
            bucket,
            key,
            headers,
            acl,
            tags,
            forbid_overwrite: false,
        };
        let upload = self.client.initiate_multipart_upload(start).await;
        Ok(Box::new(Upload {
            client: self.client.clone(),
            location: location.clone(),
            upload: upload.map_err(|error| told(error, location))?,
            begun: 0,
            parts: Arc::default(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let read = read_of(&self.bucket, location, &options)?;
        let failed = |error| told(error, location);
        if options.head {
            let info = self.client.head_object(read).await.map_err(failed)?;
            return Ok(GetResult {
                payload: GetResultPayload::Stream(stream::empty().boxed()),
                range: 0..info.length,
                attributes: attributes(&info.headers),
                meta: meta(location.clone(), &info),
                extensions: options.extensions,
            });
        }
        let reader = self.client.open(read).await.map_err(failed)?;
        let (info, span) = (reader.info().clone(), reader.span());
        Ok(GetResult {
            payload: GetResultPayload::Stream(pieces(reader, location.clone())),
            range: span.start..span.start + span.length,
            attributes: attributes(&info.headers),
            meta: meta(location.clone(), &info),
            extensions: options.extensions,
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .map(move |location| {
                let store = store.clone();
                async move {
                    let location = location?;
                    let removed = store.client.delete_object(&store.bucket, &key(&location)?).await;
                    removed.map_err(|error| told(error, &location))?;
                    Ok(location)
                }
            })
            .buffered(REMOVED_AT_ONCE)
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(self.list_below(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(ListObjects {
            marker: offset.to_string(),
            ..self.list_below(prefix)
        })
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let list = ListObjects {
            delimiter: "/".to_owned(),
            ..self.list_below(prefix)
        };
        let pages = self
            .client
            .object_pages(list)
            .map_err(|error| told(error, &Path::default()));
        let pages: Vec<_> = pages.try_collect().await?;
        let mut result = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
            extensions: Default::default(),
        };
        for page in pages {
            for object in &page.objects {
                result.objects.push(meta_of(object)?);
            }
            for prefix in &page.common_prefixes {
                result.common_prefixes.push(Path::parse(prefix)?);
            }
        }
        Ok(result)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let mut copy = request::copy_object((&self.bucket, &key(from)?), (&self.bucket, &key(to)?));
        let path = match options.mode {
            CopyMode::Overwrite => from,
            CopyMode::Create => {
                copy.put.forbid_overwrite = true;
                to
            }
        };
        let copied = self.client.copy(copy, &self.transfer).await;
        copied.map(drop).map_err(|error| told(error, path))
    }
}

/// An upload in parts.
struct Upload {
    client: ObjectClient,
    location: Path,
    upload: UploadRef,
    /// How many parts were begun.
    begun: u32,
    parts: Arc<Mutex<BTreeMap<u32, UploadedPart>>>,
}

impl Upload {
    fn stored(&self) -> Vec<UploadedPart> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.values().cloned().collect()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("location", &self.location)
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.begun += 1;
        let (client, upload, number) = (self.client.clone(), self.upload.clone(), self.begun);
        let (parts, location) = (Arc::clone(&self.parts), self.location.clone());
        Box::pin(async move {
            let part = client
                .upload_part(&upload, number, Payload::from(Bytes::from(data)))
                .await;
            let part = part.map_err(|error| told(error, &location))?;
            parts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(number, part);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if self.begun == 0 {
            // An object of nothing is one part of nothing.
            self.put_part(PutPayload::new()).await?;
        }
        let parts = self.stored();
        if parts.len() != self.begun as usize {
            return Err(generic("not all parts were stored".into()));
        }
        let stored = self
            .client
            .complete_multipart_upload(&self.upload, &parts, false)
            .await;
        let stored = stored.map_err(|error| told(error, &self.location))?;
        Ok(put_result(&stored))
    }

    async fn abort(&mut self) -> Result<()> {
        let aborted = self.client.abort_multipart_upload(&self.upload).await;
        aborted.map_err(|error| told(error, &self.location))
    }
}

fn key(location: &Path) -> Result<ObjectKey> {
    ObjectKey::parse(location.as_ref().as_bytes()).map_err(|error| generic(Box::new(Error::Request(error))))
}

fn read_of(bucket: &BucketName, location: &Path, options: &GetOptions) -> Result<ReadObject> {
    if options.version.is_some() {
        return Err(StoreError::NotSupported {
            source: "objects have no versions here".into(),
        });
    }
    let range = match &options.range {
        None => None,
        Some(range) => {
            range.is_valid().map_err(|error| generic(Box::new(error)))?;
            Some(match range {
                GetRange::Bounded(range) => ByteRange::From(range.start, Some(range.end.saturating_sub(1))),
                GetRange::Offset(start) => ByteRange::From(*start, None),
                GetRange::Suffix(count) => ByteRange::Suffix(*count),
            })
        }
    };
    let moment = |time: DateTime<Utc>| Timestamp::from_unix_seconds(time.timestamp());
    Ok(ReadObject {
        range,
        preconditions: Preconditions {
            if_match: options.if_match.as_deref().map(tag_match),
            if_none_match: options.if_none_match.as_deref().map(tag_match),
            if_modified_since: options.if_modified_since.map(moment),
            if_unmodified_since: options.if_unmodified_since.map(moment),
        },
        ..request::read_object(bucket, &key(location)?)
    })
}

fn pieces(reader: Reader, location: Path) -> BoxStream<'static, Result<Bytes>> {
    stream::try_unfold(reader, move |mut reader| {
        let location = location.clone();
        async move {
            let next = reader.next().await.map_err(|error| told(error, &location))?;
            Ok(next.map(|bytes| (bytes, reader)))
        }
    })
    .boxed()
}

/// Tags are shown in their quotes, as HTTP has them.
fn tag_match(text: &str) -> ETagMatch {
    match text {
        "*" => ETagMatch::Any,
        text => ETagMatch::OneOf(
            text.split(',')
                .map(|tag| ETag::from_text(tag.trim().trim_matches('"')))
                .collect(),
        ),
    }
}

fn put_result(stored: &Stored) -> PutResult {
    PutResult {
        e_tag: Some(stored.etag.quoted()),
        version: None,
        extensions: Default::default(),
    }
}

fn meta(location: Path, info: &ObjectInfo) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: moment(info.last_modified),
        size: info.length,
        e_tag: Some(info.etag.quoted()),
        version: None,
    }
}

fn meta_of(object: &ObjectSummary) -> Result<ObjectMeta> {
    Ok(ObjectMeta {
        location: Path::parse(object.key.as_str())?,
        last_modified: moment(object.last_modified),
        size: object.length,
        e_tag: Some(object.etag.quoted()),
        version: None,
    })
}

/// To the second, as headers have it: lists and objects tell the same.
fn moment(time: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(time.unix_seconds(), 0).unwrap_or_default()
}

fn headers(attributes: &Attributes) -> Result<ObjectHeaders> {
    let mut headers = ObjectHeaders::default();
    for (attribute, value) in attributes {
        let text = || Some(value.as_ref().to_owned());
        match attribute {
            Attribute::CacheControl => headers.cache_control = text(),
            Attribute::ContentDisposition => headers.content_disposition = text(),
            Attribute::ContentEncoding => headers.content_encoding = text(),
            Attribute::ContentLanguage => headers.content_language = text(),
            Attribute::ContentType => headers.content_type = text(),
            Attribute::Metadata(name) => {
                let name = name.to_ascii_lowercase();
                headers.user_metadata.push((name, value.as_ref().to_owned()));
            }
            Attribute::StorageClass if value.as_ref() == "STANDARD" => {
                headers.storage_class = StorageClass::Standard
            }
            _ => {
                return Err(StoreError::NotSupported {
                    source: format!("{attribute:?} cannot be stored").into(),
                });
            }
        }
    }
    Ok(headers)
}

fn attributes(headers: &ObjectHeaders) -> Attributes {
    let known = [
        (Attribute::CacheControl, &headers.cache_control),
        (Attribute::ContentDisposition, &headers.content_disposition),
        (Attribute::ContentEncoding, &headers.content_encoding),
        (Attribute::ContentLanguage, &headers.content_language),
        (Attribute::ContentType, &headers.content_type),
    ];
    let mut attributes = Attributes::new();
    for (attribute, value) in known {
        if let Some(value) = value {
            attributes.insert(attribute, value.clone().into());
        }
    }
    for (name, value) in &headers.user_metadata {
        attributes.insert(Attribute::Metadata(name.clone().into()), value.clone().into());
    }
    attributes
}

fn pairs(tags: &TagSet) -> Tags {
    let decoded = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = tags.encoded().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Generic { store: NAME, source }
}

/// A failure as that crate tells them apart.
fn told(error: Error, location: &Path) -> StoreError {
    let path = location.to_string();
    let status = match &error {
        Error::NotModified => 304,
        Error::ObjectChanged => 412,
        error => error.refusal().map_or(0, |refusal| refusal.status),
    };
    let source = Box::new(error);
    match status {
        304 => StoreError::NotModified { path, source },
        401 => StoreError::Unauthenticated { path, source },
        403 => StoreError::PermissionDenied { path, source },
        404 => StoreError::NotFound { path, source },
        409 => StoreError::AlreadyExists { path, source },
        412 => StoreError::Precondition { path, source },
        501 => StoreError::NotSupported { source },
        _ => generic(source),
    }
}
