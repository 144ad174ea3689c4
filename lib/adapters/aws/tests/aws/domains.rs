//! Where an OpenSearch domain is.

use aws_sdk_opensearch::types::VpcOptions;
use dzinza_aws::domain_endpoint;
use dzinza_contract::Outcome;
use dzinza_ports::StoreErrorKind;
use libtest_mimic::Trial;

use crate::ministack::{Ministack, account, if_installed, run};

pub fn trials() -> Vec<Trial> {
    if_installed(vec![Trial::test("opensearch: a domain is found by its name", || run(found()))])
}

async fn found() -> Outcome {
    let server = Ministack::start()?;
    let account_here = server.account()?;
    let client = aws_sdk_opensearch::Client::new(account_here.sdk());
    let network = VpcOptions::builder().subnet_ids("subnet-1").security_group_ids("sg-1").build();
    client.create_domain().domain_name("public").send().await?;
    client.create_domain().domain_name("inside").vpc_options(network).send().await?;
    for name in ["public", "inside"] {
        let told = client.describe_domain().domain_name(name).send().await?.domain_status;
        let told = told.ok_or("no domain")?;
        let host = told.endpoint.or_else(|| told.endpoints?.remove("vpc")).ok_or("no address")?;
        assert_eq!(domain_endpoint(&account_here, name).await?, Some(format!("https://{host}")));
    }
    assert_eq!(domain_endpoint(&account_here, "nothing").await?, None);
    let away = domain_endpoint(&account("http://127.0.0.1:1", "test")?, "public").await;
    assert_eq!(away.err().ok_or("nobody answers")?.kind(), StoreErrorKind::Unavailable);
    Ok(())
}
