use std::net::IpAddr;

/// For whom passkeys are made, and from which pages they are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// A domain: passkeys are bound to it. Once there are any, another one voids them.
    pub id: String,
    /// Exact origins, such as `https://app.example.org`, at this domain or below it.
    pub origins: Vec<String>,
}

impl Default for RelyingParty {
    fn default() -> Self {
        Self { id: "localhost".to_owned(), origins: vec!["http://localhost:3001".to_owned()] }
    }
}

impl RelyingParty {
    /// What an operator set; what is empty follows from where people reach the API and from which pages they may call it.
    /// An address of a machine can have no passkeys, so in its place stands `localhost`.
    pub fn new(id: &str, origins: &[String], public_url: &str, allowed_origins: &[String]) -> Self {
        let public = origin(public_url);
        let host = host(&public);
        let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
        let id = match (id.trim(), is_address) {
            ("", true) => "localhost".to_owned(),
            ("", false) => host.to_owned(),
            (id, _) => id.to_ascii_lowercase(),
        };
        if !origins.is_empty() {
            return Self { id, origins: origins.iter().map(|one| origin(one)).collect() };
        }
        let public = if is_address { public.replacen(host, "localhost", 1) } else { public.clone() };
        let mut origins: Vec<String> = allowed_origins.iter().map(|one| origin(one)).collect();
        origins.push(public);
        origins.retain(|origin| is_within(self::host(origin), &id));
        origins.dedup();
        Self { id, origins }
    }
}

/// Scheme, host and port of an address, in lowercase.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or(("https", url));
    let authority = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{authority}").to_ascii_lowercase()
}

/// The host of an origin.
fn host(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    match authority.find(']') {
        Some(end) => authority.get(..=end).unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(public_url: &str, allowed: &[&str]) -> (String, Vec<String>) {
        let allowed: Vec<String> = allowed.iter().map(|&one| one.to_owned()).collect();
        let party = RelyingParty::new("", &[], public_url, &allowed);
        (party.id, party.origins)
    }

    #[test]
    fn a_public_address_gives_the_domain_and_pages_at_it_or_below_are_taken() {
        let (id, origins) = derived(
            "https://Dzinza.example.org/api",
            &["https://app.dzinza.example.org", "https://evildzinza.example.org", "https://example.org"],
        );
        assert_eq!(id, "dzinza.example.org");
        assert_eq!(origins, ["https://app.dzinza.example.org", "https://dzinza.example.org"]);
    }

    #[test]
    fn a_machine_of_ones_own_is_localhost() {
        for url in ["http://127.0.0.1:3001", "http://[::1]:3001"] {
            let (id, origins) = derived(url, &["http://localhost:5173", "http://192.168.1.2:3000"]);
            assert_eq!(id, "localhost");
            assert_eq!(origins, ["http://localhost:5173", "http://localhost:3001"]);
        }
    }

    #[test]
    fn what_an_operator_sets_goes_before() {
        let origins = ["https://family.example.com/".to_owned()];
        let party = RelyingParty::new("Example.com", &origins, "https://api.example.org", &[]);
        assert_eq!(
            (&*party.id, &party.origins[..]),
            ("example.com", &["https://family.example.com".to_owned()][..])
        );
        let party = RelyingParty::new("example.org", &[], "https://api.example.org", &[]);
        assert_eq!(
            (&*party.id, &party.origins[..]),
            ("example.org", &["https://api.example.org".to_owned()][..])
        );
    }
}
