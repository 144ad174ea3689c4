//! What a `User-Agent` and an address tell about a device.

use std::net::{IpAddr, Ipv6Addr};

use woothee::parser::Parser;

/// A device, as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// `pc`, `smartphone`, `mobilephone`, `crawler`, ...
    pub(crate) kind: Option<String>,
    /// `Firefox`, ...
    pub(crate) browser: Option<String>,
    /// `Android`, ...
    pub(crate) os: Option<String>,
}

impl Device {
    /// Reads a `User-Agent`; programs mostly are nothing that is known.
    pub(crate) fn of(user_agent: &str) -> Self {
        let Some(read) = Parser::new().parse(user_agent) else { return Self::default() };
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && text != "UNKNOWN");
        Self { kind: known(read.category), browser: known(read.name), os: known(read.os) }
    }

    /// In words: `Firefox on Windows 10`.
    pub(crate) fn describe(&self) -> String {
        match (&self.browser, &self.os) {
            (Some(browser), Some(os)) => format!("{browser} on {os}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "an unknown program".to_owned(),
        }
    }
}

/// The part of an address that providers give to one region: /16 of IPv4, /32 of IPv6. A telephone changes the rest all
/// the time.
pub(crate) fn network(ip: &str) -> String {
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, ..] = ip.octets();
            format!("{a}.{b}")
        }
        Ok(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 96 << 96).to_string(),
        Err(_) => ip.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_and_anything_else_is_unknown() {
        let firefox =
            Device::of("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0");
        assert_eq!(
            (firefox.kind.as_deref(), firefox.describe().as_str()),
            (Some("pc"), "Firefox on Windows 10")
        );
        let phone = Device::of(
            "Mozilla/5.0 (Linux; Android 14; SM-A145F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        );
        assert_eq!(
            (phone.kind.as_deref(), phone.describe().as_str()),
            (Some("smartphone"), "Chrome on Android")
        );
        for odd in ["", "test", "\u{0}", &"x".repeat(500), "Mozilla/5.0 (((("] {
            let _ = Device::of(odd);
        }
        assert_eq!(Device::of("test").describe(), "an unknown program");
    }

    #[test]
    fn a_network_is_what_one_provider_gives_out_in_one_region() {
        assert_eq!(network("41.60.1.2"), network("::ffff:41.60.200.9"));
        assert_ne!(network("41.60.1.2"), network("41.61.1.2"));
        assert_eq!(network("2c0f:f8f0:1::1"), network("2c0f:f8f0:ffff::2"));
        assert_ne!(network("2c0f:f8f0::1"), network("2c0f:f8f1::1"));
        assert_eq!(network("unknown"), "unknown");
    }
}
