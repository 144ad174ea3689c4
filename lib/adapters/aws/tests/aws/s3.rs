//! An S3 inside the test: s3s on a folder. It looks at signatures; it is no judge of what happens at once.

use std::sync::Arc;

use dzinza_aws::{Encryption, S3Blobs, S3Settings};
use dzinza_contract::{Failed, ManualClock};
use dzinza_ports::{Blobs, Clock, SystemClock, SystemIds};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::ministack::account;

pub const SECRET: &str = "the right secret";

pub struct Embedded {
    pub address: String,
    serving: JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl Embedded {
    pub async fn start() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let files = FileSystem::new(folder.path()).map_err(|error| format!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single("test", SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // Answers come in two writes, which Nagle's algorithm would hold apart.
                    if socket.set_nodelay(true).is_ok() {
                        let server = auto::Builder::new(TokioExecutor::new());
                        // A connection that breaks is the client's business.
                        let _ = server.serve_connection(TokioIo::new(socket), service).await;
                    }
                });
            }
        });
        Ok(Self { address, serving, folder })
    }

    /// What is left in its folder of uploads that are not complete.
    pub fn unfinished(&self) -> Result<Vec<String>, Failed> {
        let names = std::fs::read_dir(self.folder.path())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: Result<Vec<String>, std::io::Error> = names.collect();
        Ok(names?.into_iter().filter(|name| name.starts_with(".upload")).collect())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn blobs(
    address: &str,
    secret: &str,
    bucket: &str,
    clock: Arc<dyn Clock>,
) -> Result<Arc<S3Blobs>, Failed> {
    let settings = S3Settings {
        bucket: bucket.to_owned(),
        path_style: true,
        public_endpoint: None,
        encryption: Encryption::OfTheBucket,
    };
    Ok(S3Blobs::new(&account(address, secret)?, settings, clock, Arc::new(SystemIds))?)
}

/// A bucket of one's own there.
pub async fn fresh(server: &Embedded) -> Result<Arc<S3Blobs>, Failed> {
    let blobs = blobs(&server.address, SECRET, "files", Arc::new(SystemClock))?;
    blobs.prepare(true).await?;
    Ok(blobs)
}

/// The same as a port with a clock, for the suites.
pub async fn port(
    address: &str,
    secret: &str,
    bucket: &str,
    clock: Arc<ManualClock>,
) -> Result<Arc<dyn Blobs>, Failed> {
    let blobs = blobs(address, secret, bucket, clock)?;
    blobs.prepare(true).await?;
    Ok(blobs)
}
