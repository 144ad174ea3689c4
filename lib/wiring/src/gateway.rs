//! Files of an object store that browsers cannot reach: the gateway serves them by addresses of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{BlobInfo, BlobRead, Blobs, ByteRange, ByteStream, StoreError, Upload, UploadUrl};
use dzinza_sqlite::BlobUrls;
use futures::stream::BoxStream;

/// One store for the bytes, signatures of our own.
pub(crate) struct ThroughGateway {
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) urls: BlobUrls,
}

#[async_trait]
impl Blobs for ThroughGateway {
    async fn put(&self, key: &str, content_type: &str, bytes: ByteStream) -> Result<BlobInfo, StoreError> {
        self.blobs.put(key, content_type, bytes).await
    }

    async fn put_new(
        &self,
        key: &str,
        content_type: &str,
        bytes: ByteStream,
    ) -> Result<BlobInfo, StoreError> {
        self.blobs.put_new(key, content_type, bytes).await
    }

    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<BlobRead>, StoreError> {
        self.blobs.get(key, range).await
    }

    async fn head(&self, key: &str) -> Result<Option<BlobInfo>, StoreError> {
        self.blobs.head(key).await
    }

    fn list(&self) -> BoxStream<'static, Result<String, StoreError>> {
        self.blobs.list()
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.blobs.delete(key).await
    }

    async fn get_url(&self, key: &str, lifetime: Duration) -> Result<String, StoreError> {
        self.urls.get_url(key, lifetime)
    }

    async fn put_url(&self, key: &str, upload: &Upload, lifetime: Duration) -> Result<UploadUrl, StoreError> {
        self.urls.put_url(key, upload, lifetime)
    }
}
