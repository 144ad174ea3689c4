//! Where an OpenSearch domain is, for who knows its name only.

use aws_sdk_opensearch::Client;
use aws_sdk_opensearch::error::ProvideErrorMetadata as _;
use dzinza_ports::StoreError;

use crate::Account;
use crate::error::unavailable;

/// The address (`https://..`) of the domain of this name: that in our network if it has one, else the public one.
/// None if there is no such domain, or it is still being made.
///
/// # Errors
/// `Unavailable` if nobody answers, or we may not ask.
pub async fn domain_endpoint(account: &Account, domain: &str) -> Result<Option<String>, StoreError> {
    let asked = Client::new(account.sdk()).describe_domain().domain_name(domain).send().await;
    let found = match asked {
        Ok(found) => found.domain_status,
        Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
        Err(error) => return Err(unavailable("OpenSearch: describe domain", error)),
    };
    let host = found.and_then(|status| {
        let in_network = status.endpoints.and_then(|mut endpoints| endpoints.remove("vpc"));
        in_network.or(status.endpoint)
    });
    Ok(host.filter(|host| !host.is_empty()).map(|host| format!("https://{host}")))
}
