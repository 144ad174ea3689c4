//! Values that lie in Secrets Manager and SSM.

use aws_sdk_ssm::types::ParameterType;
use dzinza_aws::{Reference, References};
use dzinza_contract::{Failed, Outcome};
use libtest_mimic::Trial;
use secrecy::ExposeSecret as _;

use crate::ministack::{Ministack, account, if_installed, run};

pub fn trials() -> Vec<Trial> {
    if_installed(vec![
        Trial::test("secrets: a value is found by name, by ARN, by key and by path", || run(found())),
        Trial::test("secrets: what is missing or unsuitable is told by its place, never its value", || {
            run(missing())
        }),
    ])
}

async fn stored(server: &Ministack) -> Result<String, Failed> {
    let account = server.account()?;
    let secrets = aws_sdk_secretsmanager::Client::new(account.sdk());
    let database = r#"{"username": "dzinza", "password": "s3cret-d"}"#;
    let made = secrets.create_secret().name("dzinza/db").secret_string(database).send().await?;
    secrets.create_secret().name("dzinza/jwt").secret_string("s3cret-j").send().await?;
    let bytes = aws_sdk_secretsmanager::primitives::Blob::new("s3cret-b");
    secrets.create_secret().name("dzinza/bytes").secret_binary(bytes).send().await?;
    let parameters = aws_sdk_ssm::Client::new(account.sdk());
    for (name, kind) in
        [("/dzinza/plain", ParameterType::String), ("/dzinza/sealed", ParameterType::SecureString)]
    {
        parameters.put_parameter().name(name).r#type(kind).value("s3cret-p").send().await?;
    }
    Ok(made.arn.ok_or("a secret without an ARN")?)
}

fn reference(text: &str) -> Result<Reference, Failed> {
    Reference::of(text).ok_or_else(|| "no reference".into())
}

async fn found() -> Outcome {
    let server = Ministack::start()?;
    let arn = stored(&server).await?;
    let mut references = References::new(&server.account()?);
    for (place, value) in [
        ("secretsmanager:dzinza/jwt", "s3cret-j"),
        ("secretsmanager:dzinza/db#password", "s3cret-d"),
        ("secretsmanager:dzinza/db#username", "dzinza"),
        (&format!("secretsmanager:{arn}#password"), "s3cret-d"),
        ("ssm:/dzinza/plain", "s3cret-p"),
        ("ssm:/dzinza/sealed", "s3cret-p"),
    ] {
        let found = references.fetch(&reference(place)?).await?;
        assert_eq!(found.expose_secret(), value, "{place}");
    }
    Ok(())
}

async fn missing() -> Outcome {
    let server = Ministack::start()?;
    stored(&server).await?;
    let mut references = References::new(&server.account()?);
    for (place, problem) in [
        ("secretsmanager:dzinza/nothing", "there is no secretsmanager:dzinza/nothing"),
        ("secretsmanager:dzinza/db#port", "has no such key"),
        ("secretsmanager:dzinza/jwt#password", "is no JSON object"),
        ("secretsmanager:dzinza/bytes", "is bytes"),
        ("ssm:/dzinza/nothing", "there is no ssm:/dzinza/nothing"),
    ] {
        let error = references.fetch(&reference(place)?).await.err().ok_or("something was found")?;
        let text = format!("{error} {error:?}");
        assert!(text.contains(place) && text.contains(problem) && !text.contains("s3cret"), "{text}");
    }
    let mut nobody = References::new(&account("http://127.0.0.1:1", "test")?);
    for place in ["secretsmanager:dzinza/jwt", "ssm:/dzinza/plain"] {
        let error = nobody.fetch(&reference(place)?).await.err().ok_or("nobody answers, and it is found")?;
        assert!(error.to_string().starts_with(&format!("{place} cannot be read")), "{error}");
    }
    Ok(())
}
