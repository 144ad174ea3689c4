//! `docker-compose.yml` holds together: with the table of functions, with the settings that there are, with the secrets that
//! `dzinza secrets init` writes; and nothing in it has more rights than it needs.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dzinza_runner::template::Template;
use dzinza_tests::{Compose, Process, ROOT, run};
use serde_json::Value;

const SECRETS: &str = "/run/secrets/";
/// What the runtime of a function, the system, and whoever reads settings are told; none of it is a setting.
const NO_SETTINGS: &[&str] = &["AWS_LAMBDA_", "OTEL_", "SHARED_CONFIG_PATH", "TMPDIR"];
/// Writes what its image needs it to at the start.
const WRITES_INTO_ITS_IMAGE: &[&str] = &["opensearch"];
/// The way in from outside.
const EDGE: &str = "edge";

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A size such as `512m` in megabytes.
fn megabytes(service: &Value) -> u32 {
    let text = service["mem_limit"].as_str().unwrap_or_default();
    let (number, factor) = match (text.strip_suffix('m'), text.strip_suffix('g')) {
        (Some(number), _) => (number, 1),
        (_, Some(number)) => (number, 1024),
        _ => panic!("{text:?} is no limit"),
    };
    number.parse::<u32>().expect("a number") * factor
}

fn seconds(text: &str) -> u64 {
    text.strip_suffix('s').and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text:?}"))
}

#[test]
fn every_function_is_a_service_that_says_how_it_is() {
    let compose = Compose::load();
    let template = Template::load(None).expect("the template");
    let mut own = compose.own();
    for other in ["gateway", "migrate"] {
        assert!(own.remove(other).is_some(), "{other}");
    }
    let named: BTreeSet<&str> = template.functions.iter().map(|function| &*function.name).collect();
    assert_eq!(own.keys().copied().collect::<BTreeSet<_>>(), named);
    for function in &template.functions {
        let (name, service) = (&*function.name, own[&*function.name]);
        assert_eq!(Compose::command(service), [name]);
        let told = Compose::environment(service);
        assert_eq!(told["AWS_LAMBDA_FUNCTION_NAME"], name);
        assert_eq!(told["AWS_LAMBDA_RUNTIME_API"], format!("http://runtime:9001/{name}"));
        let memory: u32 = told["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].parse().expect("a number");
        assert_eq!(memory, megabytes(service), "{name}");
        // What it has begun it may finish; the jobs, which go on elsewhere, excepted.
        let patience = seconds(service["stop_grace_period"].as_str().unwrap_or_default());
        assert!(patience > function.timeout.as_secs().min(120), "{name}: {patience}");
        assert_eq!(service["depends_on"]["gateway"]["condition"], "service_healthy", "{name}");
        let asked = texts(&service["healthcheck"]["test"]).join(" ");
        let health = if function.routes.is_empty() {
            "/health/live".to_owned()
        } else {
            format!("/api/{name}/health")
        };
        assert_eq!(asked, format!("CMD dzinza health --url http://runtime:8000{health}"));
    }
    let networks = &compose.services()["gateway"]["networks"];
    assert_eq!(networks["functions"]["aliases"], serde_json::json!(["runtime"]));
    let address = networks["functions"]["ipv4_address"].as_str().expect("an address");
    let runtime = &Compose::environment(compose.own()["gateway"])["DZINZA_RUNTIME_API"];
    assert_eq!(runtime, &format!("{address}:9001"), "on that network alone");
}

#[test]
fn what_a_process_is_told_is_a_setting_or_a_secret_that_it_has() {
    let compose = Compose::load();
    let settings = dzinza_config::reference();
    let secret: BTreeSet<&str> = settings.iter().filter(|one| one.secret).map(|one| one.name).collect();
    let known: BTreeSet<&str> = settings.iter().map(|one| one.name).collect();
    for (name, service) in compose.own() {
        let given: BTreeSet<&str> = texts(&service["secrets"]).into_iter().collect();
        let mut read = BTreeSet::new();
        for (variable, value) in Compose::environment(service) {
            // An address may have a password in it; this one has not.
            let is_address = value.starts_with("mongodb://dzinza@");
            assert!(!secret.contains(&*variable) || is_address, "{name}: {variable} is a secret");
            if let Some(file) = value.strip_prefix(SECRETS) {
                let of = variable.strip_suffix("_FILE").unwrap_or_else(|| panic!("{name}: {variable}"));
                assert!(secret.contains(of), "{name}: {variable}");
                read.insert(file.to_owned());
                continue;
            }
            let is_known =
                known.contains(&*variable) || NO_SETTINGS.iter().any(|one| variable.starts_with(one));
            assert!(is_known, "{name}: there is no setting {variable}");
        }
        assert_eq!(given, read.iter().map(String::as_str).collect(), "{name}: given and read");
        assert!(texts(&service["volumes"]).contains(&"./shared-config:/etc/dzinza:ro"), "{name}");
    }
    // A key that nobody knows is an error when the file is read.
    let file = format!("{ROOT}/shared-config/compose.yaml");
    let read = dzinza_config::Settings::from_environment(|name| {
        (name == "SHARED_CONFIG_PATH").then(|| file.clone())
    });
    assert_eq!(read.expect("a settings file").invoke, "runtime-api");
}

#[test]
fn nothing_has_more_rights_than_it_needs() {
    let compose = Compose::load();
    for (name, service) in compose.services() {
        let user = service["user"].as_str().unwrap_or_default();
        assert!(!user.is_empty() && !user.starts_with('0') && user != "root", "{name}: {user:?}");
        let writes = WRITES_INTO_ITS_IMAGE.contains(&name);
        assert_eq!(service["read_only"], !writes, "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        let adds = texts(&service["cap_add"]);
        assert!(adds.is_empty() || (name, &adds[..]) == (EDGE, &["NET_BIND_SERVICE"]), "{name}: {adds:?}");
        assert!(service["privileged"].is_null() && service["network_mode"].is_null(), "{name}");
        assert!(megabytes(service) >= 128, "{name}");
        assert!(service["cpus"].is_number() && service["pids_limit"].is_number(), "{name}");
        assert!(!texts(&service["networks"]).is_empty() || service["networks"].is_object(), "{name}");
        for port in texts(&service["ports"]) {
            assert!(name == EDGE || port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        let image = service["image"].as_str().unwrap_or_default();
        let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image}"));
        assert!(!tag.is_empty() && tag != "latest", "{name}: {image}");
        for volume in texts(&service["volumes"]).into_iter().filter(|volume| volume.starts_with('.')) {
            assert!(volume.ends_with(":ro"), "{name}: {volume}");
            let path = volume.split(':').next().unwrap_or_default();
            assert!(
                Path::new(ROOT).join(path).exists() || path.starts_with("./frontend"),
                "{name}: {volume}"
            );
        }
        // Those that end have nothing to be asked.
        let ends = service["restart"] == "on-failure";
        let asked = texts(&service["healthcheck"]["test"]);
        assert_eq!(ends, asked.is_empty() && service["healthcheck"]["disable"] == true, "{name}");
        assert!(ends || asked.len() > 1, "{name}: {asked:?}");
    }
    for network in ["functions", "stores", "telemetry"] {
        assert_eq!(compose.whole["networks"][network]["internal"], true, "{network}");
    }
}

#[test]
fn what_services_wait_for_and_use_is_there() {
    let compose = Compose::load();
    let services = compose.services();
    for (name, service) in &services {
        for (other, wait) in service["depends_on"].as_object().into_iter().flatten() {
            let other = services.get(&**other).unwrap_or_else(|| panic!("{name} waits for {other}"));
            let condition = if other["restart"] == "on-failure" {
                "service_completed_successfully"
            } else {
                "service_healthy"
            };
            assert_eq!(wait["condition"], condition, "{name}");
        }
        let networks: Vec<&str> = match &service["networks"] {
            Value::Object(named) => named.keys().map(String::as_str).collect(),
            list => texts(list),
        };
        for network in networks {
            assert!(!compose.whole["networks"][network].is_null(), "{name}: {network}");
        }
        for volume in texts(&service["volumes"]).into_iter().filter(|volume| !volume.starts_with(['.', '/']))
        {
            let volume = volume.split(':').next().unwrap_or_default();
            assert!(compose.whole["volumes"].get(volume).is_some(), "{name}: {volume}");
        }
    }
}

#[test]
fn programs_of_earlier_versions_find_it_under_the_old_names() {
    let compose = Compose::load();
    let services = compose.services();
    let aliases = texts(&services["gateway"]["networks"]["edge"]["aliases"]);
    for service in ["backend", "auth", "genealogy", "search", "storage"] {
        for name in
            [format!("{service}_service"), format!("{service}-service"), format!("dzinza-{service}-service")]
        {
            assert!(aliases.contains(&&*name), "{name}");
        }
    }
    let ports = texts(&services["gateway"]["ports"]);
    let ports: Vec<&str> = ports.iter().filter_map(|port| port.split(':').nth(1)).collect();
    for port in 3001..=3005 {
        let port = port.to_string();
        assert!(ports.contains(&&*port), "{port} of {ports:?}");
    }
    assert!(texts(&services["garage"]["networks"]["stores"]["aliases"]).contains(&"garage1"));
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn secrets_are_made_once_and_are_those_that_compose_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("new/secrets");
    let init = || run(["secrets", "init", "--dir", &secrets.display().to_string()]);
    let said = init();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let compose = Compose::load();
    let declared = compose.whole["secrets"].as_object().expect("secrets");
    let files: BTreeSet<String> =
        declared.iter().filter_map(|(_, one)| one["file"].as_str()).map(str::to_owned).collect();
    let made: BTreeSet<String> = names(&secrets).iter().map(|name| format!("./secrets/{name}")).collect();
    assert_eq!(files, made);

    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&secrets), 0o700);
    let read = || -> BTreeMap<String, String> {
        let text = |name: &String| std::fs::read_to_string(secrets.join(name)).expect("a secret");
        names(&secrets).iter().map(|name| (name.clone(), text(name))).collect()
    };
    let before = read();
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    for (name, value) in &before {
        assert_eq!(mode(&secrets.join(name)), 0o444, "{name}");
        assert!(value.len() >= 26 && value.trim() == value, "{name}");
        assert!(!words.contains(value), "{name} is shown");
    }
    assert_eq!(before.values().collect::<BTreeSet<_>>().len(), before.len(), "no two are the same");

    // What is there stays, what is missing comes.
    std::fs::remove_file(secrets.join("jwt_secret.txt")).expect("a file to remove");
    assert!(init().status.success());
    let after = read();
    assert_ne!(after["jwt_secret.txt"], before["jwt_secret.txt"]);
    let others = |all: BTreeMap<String, String>| -> Vec<(String, String)> {
        all.into_iter().filter(|(name, _)| name != "jwt_secret.txt").collect()
    };
    assert_eq!(others(after), others(before));

    std::fs::set_permissions(&secrets, PermissionsExt::from_mode(0o755)).expect("it is ours");
    let refused = init();
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("others can look into") && why.contains("chmod 700"), "{why}");
}

#[test]
fn health_is_asked_without_another_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&folder.path().join("data"));
    let ask = |path: &str| {
        let asked = run(["health", "--url", &format!("{}{path}", server.url())]);
        (asked.status.success(), String::from_utf8_lossy(&asked.stderr).into_owned())
    };
    assert_eq!(ask("/health/live"), (true, String::new()));
    assert!(ask("/api/trees/health").0);
    let (well, why) = ask("/api/nothing");
    assert!(!well && why.contains("answers 404"), "{why}");
    let url = server.url().to_owned();
    server.kill();
    assert!(!run(["health", "--url", &url]).status.success());
}
