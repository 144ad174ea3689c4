//! Whether something that speaks HTTP is well: what a container's health check asks, without another program in the image.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use dzinza_config::Settings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::out;

/// A container's check gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);
/// More than a status line has.
const LONGEST_LINE: u64 = 1024;

#[derive(Args)]
pub struct Arguments {
    /// Address to ask, http [default: whether the server of these settings lives]
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let url = match arguments.url {
        Some(url) => url,
        None => own(&Settings::load()?)?,
    };
    let asked = tokio::time::timeout(PATIENCE, status(&url)).await;
    let status = asked.with_context(|| format!("{url} does not answer"))??;
    anyhow::ensure!((200..300).contains(&status), "{url} answers {status}");
    out::line("healthy");
    Ok(())
}

/// Where the server of these settings says that it lives.
fn own(settings: &Settings) -> anyhow::Result<Url> {
    let mut address: SocketAddr = settings.listen.parse().context("DZINZA_LISTEN")?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    Ok(Url::parse(&format!("http://{address}/health/live"))?)
}

/// The status of the answer to `GET`.
async fn status(url: &Url) -> anyhow::Result<u16> {
    anyhow::ensure!(url.scheme() == "http", "{url} is no http address");
    let host = url.host_str().context("no host")?;
    let port = url.port_or_known_default().context("no port")?;
    let place = host.trim_start_matches('[').trim_end_matches(']');
    let mut stream = TcpStream::connect((place, port)).await.with_context(|| url.to_string())?;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    let mut start = tokio::io::BufReader::new(stream.take(LONGEST_LINE));
    tokio::io::AsyncBufReadExt::read_line(&mut start, &mut answer).await?;
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    status.and_then(|status| status.trim().parse().ok()).with_context(|| format!("{url} does not speak HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_this_machine() {
        for (listen, expected) in [
            ("0.0.0.0:8000", "http://127.0.0.1:8000/health/live"),
            ("[::]:80", "http://127.0.0.1/health/live"),
            ("10.1.2.3:3001", "http://10.1.2.3:3001/health/live"),
        ] {
            let get = |name: &str| (name == "DZINZA_LISTEN").then(|| listen.to_owned());
            assert_eq!(own(&Settings::from_environment(get).unwrap()).unwrap().as_str(), expected);
        }
    }
}
