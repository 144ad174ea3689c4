//! The program with its files, jobs, letters and secrets at AWS, for which ministack stands in. Ignored where that is
//! not installed; in CI that is a failure.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dzinza_contract::servers::Ministack;
use dzinza_tests::{Client, Process};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};

const JWT: &str = "8f1c0c9d6f5b4f0f9a7e35d1b2c4a6e8";

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let found = Ministack::is_installed();
    anyhow::ensure!(found || !in_ci(), "there is no ministack: pip install ministack");
    let case = || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(family()).map_err(|error| format!("{error:#}").into())
    };
    let sentence = "a family signs up, imports and is written to, with nothing but documents in the folder";
    let trials = vec![Trial::test(sentence, case).with_ignored_flag(!found)];
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of the program")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

struct Stack {
    _server: Ministack,
    address: String,
}

impl Stack {
    fn start() -> anyhow::Result<Self> {
        let server = Ministack::absent(&[])?;
        server.run()?;
        Ok(Self { address: server.address(), _server: server })
    }

    /// Calls a service by the name that its protocol has for the operation.
    async fn call(&self, target: &str, body: Value) -> anyhow::Result<Value> {
        let request = reqwest::Client::new().post(format!("{}/", self.address)).json(&body);
        let answer = request.header("x-amz-target", target).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        anyhow::ensure!(status.is_success(), "{target}: {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Says that an address may send.
    async fn verify(&self, address: &str) -> anyhow::Result<()> {
        let url = format!("{}/v2/email/identities", self.address);
        let answer =
            reqwest::Client::new().post(url).json(&json!({ "EmailIdentity": address })).send().await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
        Ok(())
    }

    async fn letters(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/_ministack/ses/messages", self.address);
        let mut answer: Value = reqwest::get(url).await?.json().await?;
        let boxes = answer["messages"].as_object_mut().context("no mailbox")?;
        Ok(boxes.values_mut().filter_map(Value::as_array_mut).flat_map(std::mem::take).collect())
    }
}

fn configure(command: &mut Command, stack: &Stack, queue: &str) {
    command.envs([
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &stack.address),
        ("S3_ENDPOINT_URL", &stack.address),
        ("S3_BUCKET_NAME", "dzinza-storage"),
        ("S3_FORCE_PATH_STYLE", "true"),
        ("S3_CREATE_BUCKET_IF_NOT_EXISTS", "true"),
        ("JOBS_QUEUE_URL", queue),
        ("MAIL_TRANSPORT", "ses"),
        ("FROM_EMAIL", "ssm:/dzinza/from"),
        ("JWT_SECRET", "secretsmanager:dzinza/keys#jwt"),
    ]);
}

async fn family() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let stack = Stack::start()?;
    let queue = stack.call("AmazonSQS.CreateQueue", json!({ "QueueName": "jobs" })).await?;
    let queue = queue["QueueUrl"].as_str().context("a queue without an address")?;
    let parameter = json!({ "Name": "/dzinza/from", "Type": "String", "Value": "from@example.org" });
    stack.call("AmazonSSM.PutParameter", parameter).await?;
    stack.verify("from@example.org").await?;
    refused(&stack, queue, &data)?;
    let keys = json!({ "jwt": JWT }).to_string();
    let secret = json!({ "Name": "dzinza/keys", "SecretString": keys, "ClientRequestToken": "a".repeat(32) });
    stack.call("secretsmanager.CreateSecret", secret).await?;

    let process = Process::with(&data, |command| configure(command, &stack, queue));
    let rudo = Client::at(process.url()).sign_up("rudo@example.org").await;
    let tree = rudo.tree().await;
    let tree = tree["id"].as_str().context("a tree without an id")?.to_owned();
    let gedcom = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Tendai /Moyo/\n0 TRLR\n";
    let import = rudo.upload_gedcom(&tree, gedcom).await;
    anyhow::ensure!(import.status < 300, "{}: {}", import.status, import.text());
    let members = rudo.get(&format!("/api/family-trees/{tree}")).await.ok(200)["members"].to_string();
    anyhow::ensure!(members.contains("Tendai"), "{members}");
    let bucket = reqwest::get(format!("{}/dzinza-storage?list-type=2", stack.address)).await?.text().await?;
    anyhow::ensure!(bucket.contains("<Key>imports/"), "{bucket}");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let letters = stack.letters().await?;
        if let Some(letter) = letters.first() {
            let letter = letter.to_string();
            anyhow::ensure!(
                letter.contains("from@example.org") && letter.contains("rudo@example.org"),
                "{letter}"
            );
            break;
        }
        anyhow::ensure!(Instant::now() < deadline, "no letter arrives: {}", process.complaints());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::ensure!(!process.complaints().contains(JWT), "a secret in the log");
    anyhow::ensure!(process.terminate().success(), "it ended badly");
    for beside in ["blobs", "mail"] {
        let files = std::fs::read_dir(data.join(beside))?.filter_map(Result::ok);
        let files: Vec<_> =
            files.map(|entry| entry.file_name()).filter(|name| name != "unfinished").collect();
        anyhow::ensure!(files.is_empty(), "{beside}: {files:?}");
    }
    anyhow::ensure!(!data.join("secrets/jwt_secret").exists(), "a secret was made up");
    Ok(())
}

/// Before there is such a secret, the program says which variable names it, and does not start.
fn refused(stack: &Stack, queue: &str, data: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(dzinza_tests::binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    configure(&mut command, stack, queue);
    let output = command.output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(!output.status.success(), "it started");
    anyhow::ensure!(
        told.contains("JWT_SECRET cannot be looked up: there is no secretsmanager:dzinza/keys#jwt"),
        "{told}"
    );
    Ok(())
}
