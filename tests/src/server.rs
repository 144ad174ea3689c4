use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dzinza_config::Settings;
use dzinza_runner::serve::Serve;
use http::{HeaderMap, HeaderName, HeaderValue};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Answer, Stores};

/// The whole platform in this process, on a port of its own.
pub struct Server {
    url: String,
    data: PathBuf,
    stop: DropGuard,
    running: JoinHandle<anyhow::Result<()>>,
    folder: Option<TempDir>,
}

impl Server {
    /// With an empty folder, cheap passwords and no limits.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same after a change of the settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::on(&folder.path().join("data"), change).await;
        server.folder = Some(folder);
        server
    }

    /// On a folder that outlives the server.
    ///
    /// # Panics
    /// If the folder is in use.
    pub async fn on(data: &Path, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Self::settings(data);
        change(&mut settings);
        let metrics = Arc::new(|| "dzinza_up 1\n".to_owned());
        let server = Serve { settings, demo: false, metrics }.bind().await.expect("a free folder and port");
        let url = format!("http://{}", server.address().expect("the address"));
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        Self { url, data: data.to_owned(), stop: stop.drop_guard(), running, folder: None }
    }

    /// The settings that tests start from.
    pub fn settings(data: &Path) -> Settings {
        let mut settings = Settings {
            data: data.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            bcrypt_rounds: 4,
            rate_limit_max_requests: 0,
            auth_rate_limit_max_requests: 0,
            ..Settings::from_environment(|_| None).expect("the defaults")
        };
        Stores::of(data).set(&mut settings);
        if crate::apart() { Self::apart(settings) } else { settings }
    }

    /// The same with two processes for each function.
    pub fn apart(settings: Settings) -> Settings {
        Settings {
            invoke: "runtime-api".to_owned(),
            runtime_api_listen: "127.0.0.1:0".to_owned(),
            function_replicas: 2,
            function_programs: crate::functions().to_owned(),
            ..settings
        }
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host and the port.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where it has its accounts and limits.
    pub fn stores(&self) -> Stores {
        Stores::of(&self.data)
    }

    /// Ends it in an orderly way and waits until the folder is free.
    ///
    /// # Panics
    /// If it did not serve to the end.
    pub async fn stop(self) {
        drop(self.stop);
        self.running.await.expect("no panic").expect("an orderly end");
        // Not before: the folder is gone with it, unless it outlives the server.
        drop(self.folder);
    }

    /// Sends bytes as they are and reads the answer; see `raw`.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        raw(self.host(), bytes).await
    }
}

/// Sends bytes as they are to a host and reads one answer until the other side closes. The request should say
/// `Connection: close`.
///
/// # Panics
/// If there is no answer, or it is not HTTP.
pub async fn raw(host: &str, bytes: &[u8]) -> Answer {
    let talk = async {
        let mut stream = TcpStream::connect(host).await.expect("a connection");
        // The other side may refuse before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        all
    };
    let all = tokio::time::timeout(Duration::from_secs(30), talk).await.expect("an answer in time");
    parse(&all).unwrap_or_else(|| panic!("this is not HTTP: {:?}", String::from_utf8_lossy(&all)))
}

fn parse(all: &[u8]) -> Option<Answer> {
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&all[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
    let body = &all[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Some(Answer::new(status, headers, Bytes::from(body)))
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 4 + length..)?;
    }
}
