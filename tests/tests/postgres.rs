//! The program with its accounts on PostgreSQL. Ignored where no server is installed; in CI that is a failure.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::{Command, ExitCode, Output};

use dzinza_contract::servers::{Postgres, programs};
use dzinza_tests::{Client, PASSWORD, Server};
use libtest_mimic::{Arguments, Trial};
use serde_json::json;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let installed = programs().is_some();
    anyhow::ensure!(
        installed || !in_ci(),
        "there is no PostgreSQL server on this machine: apt-get install postgresql"
    );
    let trial = |sentence: &str, run: fn(&Postgres, &Path) -> anyhow::Result<()>| {
        let case = move || {
            let programs = programs().ok_or("there is no server")?;
            let folder = tempfile::tempdir()?;
            let outcome =
                Postgres::start(programs).and_then(|server| run(&server, &folder.path().join("data")));
            outcome.map_err(|error| format!("{error:#}").into())
        };
        Trial::test(sentence, case).with_ignored_flag(!installed)
    };
    let trials = vec![
        trial("the program starts on a database of its layout only, and migrates it when told", command_line),
        trial("people sign up and in; of 50 at once for one address one does", people),
        trial("a server that goes away is 503, and used again once it is back", outage),
    ];
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of the program")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn dzinza(server: &Postgres, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new(dzinza_tests::binary());
    command.args(arguments).env_remove("SHARED_CONFIG_PATH").env("BCRYPT_ROUNDS", "4");
    let url = format!("postgresql+asyncpg://postgres@127.0.0.1:{}/postgres", server.port());
    Ok(command.env("DATABASE_URL", url).output()?)
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn command_line(server: &Postgres, data: &Path) -> anyhow::Result<()> {
    let data = data.display().to_string();
    let create = ["user", "create", "--email", "rudo@example.org", "--admin", "--data", &data];
    for (arguments, succeeds, tells) in [
        (&["migrate", "status"][..], true, "The database holds no accounts."),
        (&["migrate", "check"][..], false, "lacks 5 of 5 migrations; run: dzinza migrate up"),
        (&["serve", "--data", &data, "--listen", "127.0.0.1:0"][..], false, "run: dzinza migrate up"),
        (&create[..], false, "run: dzinza migrate up"),
        (&["migrate", "up", "--steps", "2"][..], true, "3 migrations are left."),
        (&["migrate", "up"][..], true, "made     0005_hashed_tokens"),
        (&["migrate", "check"][..], true, "has the layout"),
        (&create[..], true, "Made account rudo@example.org (admin)."),
        (&["archive", "all.zip", "--data", &data][..], false, "pg_dump"),
        (&["migrate", "down", "--all"][..], true, "The database holds no accounts, 0 migrations made."),
        (&["migrate", "up"][..], true, "has the layout"),
        (&create[..], false, "There is an account with this e-mail address already"),
    ] {
        let output = dzinza(server, arguments)?;
        let told = told(&output);
        anyhow::ensure!(output.status.success() == succeeds && told.contains(tells), "{arguments:?}: {told}");
    }
    Ok(())
}

fn block_on(work: impl Future<Output = ()>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work);
    Ok(())
}

async fn serve(server: &Postgres, data: &Path) -> Server {
    let port = server.port();
    let change = move |settings: &mut dzinza_config::Settings| {
        "127.0.0.1".clone_into(&mut settings.db_host);
        "postgres".clone_into(&mut settings.db_name);
        "postgres".clone_into(&mut settings.db_user);
        settings.db_port = port;
        settings.auto_migrate = true;
    };
    Server::on(data, change).await
}

fn people(server: &Postgres, data: &Path) -> anyhow::Result<()> {
    block_on(async {
        let house = serve(server, data).await;
        let rudo = Client::signed_up(&house, "Rudo@example.org").await;
        let again = rudo.sign_in("rudo@example.org", PASSWORD).await;
        assert_eq!(again.user_id, rudo.user_id);
        let body = json!({ "refreshToken": again.refresh });
        rudo.as_nobody().post("/auth/refresh", &body).await.ok(200);
        rudo.new_tree("Moyo", "private").await;
        let body = json!({ "name": "Tendai Moyo", "email": "tendai@example.org", "password": PASSWORD });
        let tries: Vec<_> = (0..50)
            .map(|_| {
                let (nobody, body) = (rudo.as_nobody(), body.clone());
                tokio::spawn(async move { nobody.post("/api/auth/register", &body).await.status })
            })
            .collect();
        let mut made = 0;
        for status in tries {
            match status.await.expect("an answer") {
                201 => made += 1,
                status => assert_eq!(status, 409),
            }
        }
        assert_eq!(made, 1);
        house.stop().await;
    })
}

fn outage(server: &Postgres, data: &Path) -> anyhow::Result<()> {
    block_on(async {
        let house = serve(server, data).await;
        let rudo = Client::signed_up(&house, "rudo@example.org").await;
        rudo.new_tree("Moyo", "private").await;
        server.kill().expect("it is there");
        let body = json!({ "email": "rudo@example.org", "password": PASSWORD });
        rudo.as_nobody().post("/api/auth/login", &body).await.problem(503);
        // What needs no account goes on.
        rudo.tree().await;
        server.resume().expect("it can start again");
        rudo.sign_in("rudo@example.org", PASSWORD).await;
        house.stop().await;
    })
}
