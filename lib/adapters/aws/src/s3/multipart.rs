//! Storing what is larger than one part: three parts under way at a time, and nothing left behind by what fails.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use dzinza_ports::{StoreError, StoreErrorKind};
use futures::TryStreamExt as _;
use futures::stream::FuturesUnordered;

use super::pieces::Pieces;
use super::put::Target;
use super::{CHECKSUM, S3Blobs, beside};
use crate::error::unavailable;

const AT_A_TIME: usize = 3;
/// What S3 takes. With parts of 8 MiB that is a blob of 80 GB.
const MOST_PARTS: i32 = 10_000;

/// An upload that has begun. Unless it is finished, its parts are thrown away, also when nobody waits for it any more.
struct Begun {
    client: Client,
    bucket: String,
    key: String,
    id: Option<String>,
}

impl Begun {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn part(&self, number: i32, bytes: Bytes) -> Result<CompletedPart, StoreError> {
        let request = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(self.id())
            .part_number(number)
            .body(primitives::ByteStream::from(bytes));
        let sent = request.send().await.map_err(|error| unavailable("S3: a part", error))?;
        Ok(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build())
    }

    /// Sends the first part and all that follow.
    async fn parts(&self, first: Bytes, pieces: &mut Pieces) -> Result<Vec<CompletedPart>, StoreError> {
        let (mut sent, mut under_way) = (Vec::new(), FuturesUnordered::new());
        let (mut number, mut piece) = (1, first);
        loop {
            under_way.push(self.part(number, piece));
            if under_way.len() >= AT_A_TIME {
                sent.extend(under_way.try_next().await?);
            }
            piece = pieces.next().await?;
            if piece.is_empty() {
                break;
            }
            number += 1;
            if number > MOST_PARTS {
                return Err(StoreError::new(StoreErrorKind::Invalid, "a blob that is too large"));
            }
        }
        while let Some(part) = under_way.try_next().await? {
            sent.push(part);
        }
        sent.sort_by_key(CompletedPart::part_number);
        Ok(sent)
    }

    async fn abort(client: Client, bucket: String, key: String, id: String) {
        let aborted = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id).send().await;
        if let Err(error) = aborted {
            // The lifecycle of the bucket clears what is left.
            let error = unavailable("S3: abort", error);
            tracing::warn!(%error, "the parts of an upload that failed are still there");
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let (client, bucket, key) = (self.client.clone(), self.bucket.clone(), self.key.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(Self::abort(client, bucket, key, id));
        }
    }
}

impl S3Blobs {
    /// Stores parts as one blob; gives its size and checksum.
    pub(super) async fn put_parts(
        &self,
        target: Target<'_>,
        first: Bytes,
        pieces: &mut Pieces,
    ) -> Result<(u64, String), StoreError> {
        // Not to send all of it in vain; and not every store looks at the condition at the end.
        if target.only_new && self.look(target.key).await?.is_some() {
            return Err(StoreError::new(StoreErrorKind::Conflict, "a blob of this key"));
        }
        let checksum = self.ids.new_id();
        let mut begun = self.begin(target, &checksum).await?;
        let parts = begun.parts(first, pieces).await?;
        let (size, sha256) = pieces.sum();
        self.put_beside(&checksum, &sha256).await?;
        let complete = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(target.key)
            .upload_id(begun.id())
            .set_if_none_match(target.condition())
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
        match complete.send().await {
            Ok(_) => {
                begun.id = None;
                Ok((size, sha256))
            }
            Err(error) => {
                let problem = target.problem("S3: complete", error);
                if problem.kind() == StoreErrorKind::Conflict {
                    self.remove(&beside(&checksum)).await?;
                }
                Err(problem)
            }
        }
    }

    async fn begin(&self, target: Target<'_>, checksum: &str) -> Result<Begun, StoreError> {
        let (algorithm, key_id) = self.encryption();
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(target.key)
            .set_content_type(target.content_type())
            .set_metadata(Some(target.metadata(CHECKSUM, checksum)))
            .set_server_side_encryption(algorithm)
            .set_ssekms_key_id(key_id)
            .send()
            .await
            .map_err(|error| unavailable("S3: begin", error))?;
        let id = begun
            .upload_id
            .ok_or_else(|| StoreError::new(StoreErrorKind::Unavailable, "S3: an upload without an id"))?;
        let (client, bucket) = (self.client.clone(), self.bucket.clone());
        Ok(Begun { client, bucket, key: target.key.to_owned(), id: Some(id) })
    }

    async fn put_beside(&self, id: &str, sha256: &str) -> Result<(), StoreError> {
        let (algorithm, key_id) = self.encryption();
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(beside(id))
            .content_type("text/plain")
            .set_server_side_encryption(algorithm)
            .set_ssekms_key_id(key_id)
            .body(primitives::ByteStream::from(sha256.as_bytes().to_vec()));
        put.send().await.map(drop).map_err(|error| unavailable("S3: put", error))
    }
}
