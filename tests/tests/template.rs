//! What `template.yaml` has AWS make: who may do what, what is told to whom, what happens to what fails.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dzinza_config::{Secrets, Settings, reference};
use ring::digest;
use serde_norway::Value;

/// The functions that have the driver of S3; the others refuse to start if they are told of a bucket.
const FILES: [&str; 6] = ["admin", "auth", "jobs", "people", "sources", "trees"];
/// The same for SQS.
const QUEUES: [&str; 5] = ["admin", "auth", "jobs", "people", "trees"];

/// The template as one deployment makes it: with everything that is optional, or with nothing of it.
struct Deployed {
    raw: Value,
    everything: bool,
}

/// Both of them.
fn deployed() -> [Deployed; 2] {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    [true, false].map(|everything| Deployed { raw: serde_norway::from_str(&text).unwrap(), everything })
}

impl Deployed {
    /// What CloudFormation would make of a value. What only AWS knows (`!GetAtt`, `!Ref` to a resource) is its own name.
    fn value(&self, raw: &Value) -> Value {
        match raw {
            Value::Tagged(tagged) => self.called(&tagged.tag.to_string(), &tagged.value),
            Value::Mapping(map) => {
                let known = map.iter().map(|(key, value)| (key.clone(), self.value(value)));
                Value::Mapping(known.filter(|(_, value)| !value.is_null()).collect())
            }
            Value::Sequence(all) => {
                let all = all.iter().map(|one| self.value(one));
                Value::Sequence(all.filter(|one| !one.is_null()).collect())
            }
            plain => plain.clone(),
        }
    }

    fn called(&self, function: &str, argument: &Value) -> Value {
        match function {
            "!Ref" if argument == "AWS::NoValue" => Value::Null,
            "!Ref" => self.parameter(argument.as_str().unwrap()),
            "!GetAtt" => argument.clone(),
            "!If" => self.value(&argument[if self.everything { 1 } else { 2 }]),
            "!Join" => {
                let parts = self.value(&argument[1]);
                let parts: Vec<&str> =
                    parts.as_sequence().unwrap().iter().filter_map(Value::as_str).collect();
                parts.join(argument[0].as_str().unwrap()).into()
            }
            "!Split" => {
                let whole = self.value(&argument[1]);
                let parts = whole.as_str().unwrap().split(argument[0].as_str().unwrap());
                parts.map(Value::from).collect::<Vec<_>>().into()
            }
            "!Sub" => self.filled(argument.as_str().unwrap()).into(),
            other => panic!("{other} is not known here"),
        }
    }

    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            filled.push_str(self.parameter(name).as_str().unwrap());
            filled.push_str(rest);
        }
        filled
    }

    fn parameter(&self, name: &str) -> Value {
        let given = match (name, self.everything) {
            ("AllowedOrigins", _) => "https://app.example.org,https://example.org",
            ("FrontendUrl", _) => "https://app.example.org",
            ("FromEmail" | "SupportEmail", _) => "help@example.org",
            ("DomainName", true) => "api.example.org",
            ("PublicApiUrl", false) => "https://abc.execute-api.af-south-1.amazonaws.com",
            ("OidcIssuer", true) => "https://id.example.org",
            ("OidcClientId", true) => "dzinza",
            ("WebauthnRpId", true) => "example.org",
            _ => return self.default(name),
        };
        given.into()
    }

    fn default(&self, name: &str) -> Value {
        match self.raw["Parameters"].get(name) {
            Some(parameter) => {
                parameter.get("Default").unwrap_or_else(|| panic!("{name} has no value")).clone()
            }
            // A resource, or one of its attributes.
            None => name.into(),
        }
    }

    /// The resources of a type, by their ids, with their properties.
    fn resources(&self, kind: &str) -> BTreeMap<&str, Value> {
        let all = self.raw["Resources"].as_mapping().unwrap();
        let ours = all.iter().filter(|(_, resource)| resource["Type"] == kind);
        ours.map(|(id, resource)| (id.as_str().unwrap(), self.value(&resource["Properties"]))).collect()
    }

    fn functions(&self) -> Vec<Function> {
        let all = self.resources("AWS::Serverless::Function").into_iter();
        let named = |(id, properties): (&str, Value)| {
            let name = &self.raw["Resources"][id]["Metadata"]["Dzinza"]["Name"];
            Function { id: id.to_owned(), name: name.as_str().unwrap().to_owned(), properties }
        };
        all.map(named).collect()
    }

    /// What every function has.
    fn globals(&self) -> Value {
        self.value(&self.raw["Globals"]["Function"])
    }

    /// The environment of a function.
    fn environment(&self, function: &Function) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for from in [&self.globals(), &function.properties] {
            let Some(variables) = from["Environment"]["Variables"].as_mapping() else { continue };
            for (name, value) in variables {
                let text = value.as_str().map(str::to_owned);
                let text = text.unwrap_or_else(|| value.as_i64().unwrap().to_string());
                all.insert(name.as_str().unwrap().to_owned(), text);
            }
        }
        all
    }

    /// What a function may do: pairs of an action and what it is done to.
    fn rights(&self, function: &Function) -> BTreeSet<(String, String)> {
        let roles = self.resources("AWS::IAM::Role");
        let managed = self.resources("AWS::IAM::ManagedPolicy");
        let mut documents: Vec<&Value> = Vec::new();
        let of = |list: &'_ Value| list.as_sequence().cloned().unwrap_or_default();
        let mut named = of(&function.properties["Policies"]);
        if let Some(role) = function.properties["Role"].as_str() {
            let role = &roles[role.trim_end_matches(".Arn")];
            named = of(&role["ManagedPolicyArns"]);
            named.extend(of(&role["Policies"]).iter().map(|policy| policy["PolicyDocument"].clone()));
        }
        for policy in &named {
            match policy.as_str() {
                Some(id) if id.starts_with("arn:") => {}
                Some(id) => documents.push(&managed[id]["PolicyDocument"]),
                None => documents.push(policy),
            }
        }
        let mut rights = BTreeSet::new();
        for statement in documents.iter().flat_map(|document| of(&document["Statement"])) {
            assert_eq!(statement["Effect"], "Allow", "{}", function.name);
            for (action, resource) in of(&statement["Action"])
                .iter()
                .flat_map(|action| of(&statement["Resource"]).into_iter().map(|to| (action.clone(), to)))
            {
                rights.insert((action.as_str().unwrap().to_owned(), resource.as_str().unwrap().to_owned()));
            }
        }
        rights
    }
}

struct Function {
    id: String,
    name: String,
    properties: Value,
}

/// What stands in the environment on AWS, where a reference to a queue is its address and one to a bucket its name, and
/// a secret is fetched.
fn looked_up(environment: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let value = environment.get(name)?;
    if name.ends_with("_QUEUE_URL") {
        return Some(format!("https://sqs.af-south-1.amazonaws.com/123456789012/{value}"));
    }
    if name == "S3_BUCKET_NAME" {
        return Some(format!("dzinza-{}-1abcd", value.to_lowercase()));
    }
    if !value.starts_with("secretsmanager:") {
        return Some(value.clone());
    }
    let secret = digest::digest(&digest::SHA256, value.as_bytes());
    Some(BASE64_STANDARD.encode(secret))
}

#[test]
fn every_function_is_told_what_the_configuration_knows_and_can_run_in_production_with() {
    let known: BTreeSet<&str> = reference().iter().map(|variable| variable.name).collect();
    for deployed in deployed() {
        for function in deployed.functions() {
            let environment = deployed.environment(&function);
            for (name, value) in &environment {
                assert!(known.contains(name.as_str()), "{}: {name}", function.name);
                let secret =
                    reference().iter().any(|variable| variable.name == name.as_str() && variable.secret);
                assert_eq!(secret, value.starts_with("secretsmanager:"), "{}: {name}", function.name);
            }
            let settings = Settings::from_environment(|name| looked_up(&environment, name)).unwrap();
            assert!(settings.is_production(), "{}", function.name);
            let nowhere = tempfile::tempdir().unwrap();
            Secrets::from_environment(nowhere.path(), |name| looked_up(&environment, name)).unwrap();
            assert_eq!(
                nowhere.path().read_dir().unwrap().count(),
                0,
                "{}: no secret is made up",
                function.name
            );
        }
    }
}

#[test]
fn every_secret_of_a_function_is_one_that_it_may_read_and_no_other() {
    for deployed in deployed() {
        for function in deployed.functions() {
            let environment = deployed.environment(&function);
            let places = environment.values().filter_map(|value| value.strip_prefix("secretsmanager:"));
            let wanted: BTreeSet<String> =
                places.map(|place| place.split('#').next().unwrap().to_owned()).collect();
            let rights = deployed.rights(&function);
            let secrets = rights.iter().filter(|(action, _)| action == "secretsmanager:GetSecretValue");
            // AWS puts a hyphen and six characters behind the name.
            let may: BTreeSet<String> = secrets
                .map(|(_, to)| to.rsplit(':').next().unwrap().strip_suffix("-??????").unwrap().to_owned())
                .collect();
            // Who sends letters without a password may not read one.
            assert!(wanted.is_subset(&may), "{}: {wanted:?} and {may:?}", function.name);
            assert_eq!(wanted, may, "{}", function.name);
        }
    }
}

#[test]
fn buckets_and_queues_are_named_to_those_who_have_their_drivers_and_may_use_them() {
    for deployed in deployed() {
        for function in deployed.functions() {
            let (name, environment) = (&*function.name, deployed.environment(&function));
            let rights = deployed.rights(&function);
            let may = |service: &str| rights.iter().any(|(action, _)| action.starts_with(service));
            let told = |variable: &str| environment.get(variable).map(String::as_str);
            assert_eq!(environment["DZINZA_STORES"], "servers", "{name}");
            for store in ["DATABASE_URL", "MONGODB_URL", "REDIS_URL"] {
                assert!(told(store).is_some(), "{name}: {store}");
            }
            let files = FILES.contains(&name);
            assert_eq!(told("S3_BUCKET_NAME"), files.then_some("Blobs"), "{name}");
            assert_eq!(may("s3:"), files, "{name}");
            let queues = QUEUES.contains(&name);
            assert_eq!(told("JOBS_QUEUE_URL"), queues.then_some("JobsQueue"), "{name}");
            let sends = ("sqs:SendMessage".to_owned(), "JobsQueue.Arn".to_owned());
            assert_eq!(rights.contains(&sends), queues, "{name}");
            assert!(queues || !may("sqs:"), "{name}");
            // How many jobs were given up is asked of the queue, not only told.
            let asks = ("sqs:GetQueueAttributes".to_owned(), "JobsDeadLetters.Arn".to_owned());
            assert_eq!(told("JOBS_DEAD_LETTER_QUEUE_URL").is_some(), rights.contains(&asks), "{name}");
            assert_eq!(told("MAIL_TRANSPORT").is_some(), name == "jobs", "{name}");
            assert!(!may("ses:") || name == "jobs", "{name}");
        }
    }
}

#[test]
fn nobody_may_do_everything_or_anything_to_everything() {
    for deployed in deployed() {
        for function in deployed.functions() {
            for (action, to) in deployed.rights(&function) {
                assert!(!action.contains('*'), "{}: {action}", function.name);
                assert!(
                    to != "*" && !to.starts_with("arn:aws:s3:::*"),
                    "{}: {action} to {to}",
                    function.name
                );
                let of_bucket = to == "Blobs.Arn";
                assert_eq!(of_bucket, action == "s3:ListBucket", "{}: {action} to {to}", function.name);
                // One folder of the bucket, not all of them.
                assert!(to != "Blobs.Arn/*", "{}: {action}", function.name);
                assert!(!to.contains(":identity/*") || action.starts_with("ses:"), "{}", function.name);
            }
        }
    }
}

#[test]
fn every_queue_gives_up_into_another_one_that_an_alarm_watches() {
    let [deployed, _] = deployed();
    let queues = deployed.resources("AWS::SQS::Queue");
    let alarms = deployed.resources("AWS::CloudWatch::Alarm");
    let mut last = BTreeSet::new();
    for (id, queue) in &queues {
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{id}");
        match queue["RedrivePolicy"]["deadLetterTargetArn"].as_str() {
            Some(dead) => {
                last.insert(dead.to_owned());
                assert!(queue["RedrivePolicy"]["maxReceiveCount"].as_u64() > Some(1), "{id}");
            }
            // Where it ends. Two weeks are the longest that there is.
            None => assert_eq!(queue["MessageRetentionPeriod"], 1_209_600, "{id}"),
        }
    }
    for function in deployed.functions() {
        let failed =
            &function.properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"];
        last.extend(failed.as_str().map(str::to_owned));
        for (event, of) in function.properties["Events"].as_mapping().unwrap() {
            if of["Type"] != "ScheduleV2" {
                assert!(of["Type"] == "HttpApi" || of["Type"] == "SQS", "{event:?}");
                continue;
            }
            assert!(failed.is_string(), "{}: a call that failed is nowhere", function.name);
            let dead = of["Properties"]["DeadLetterConfig"]["Arn"].as_str();
            last.insert(dead.unwrap_or_else(|| panic!("{event:?} has no dead letters")).to_owned());
        }
    }
    let ends = queues.iter().filter(|(_, queue)| queue.get("RedrivePolicy").is_none());
    let ends: BTreeSet<String> = ends.map(|(id, _)| format!("{id}.Arn")).collect();
    assert_eq!(last, ends, "each queue without dead letters is a queue of dead letters");
    for end in ends {
        let name = end.replace(".Arn", ".QueueName");
        let watched = alarms.values().any(|alarm| {
            alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
                && alarm["Dimensions"][0]["Value"] == name.as_str()
                && alarm["Threshold"] == 0
        });
        assert!(watched, "nobody is told of {end}");
    }
}

#[test]
fn every_queue_of_jobs_has_one_function_that_takes_from_it() {
    let [deployed, _] = deployed();
    let mut taken = Vec::new();
    for function in deployed.functions() {
        for event in function.properties["Events"].as_mapping().unwrap().values() {
            if event["Type"] == "SQS" {
                let properties = &event["Properties"];
                taken.push(properties["Queue"].as_str().unwrap().to_owned());
                // Of a batch only what failed comes again.
                assert_eq!(properties["FunctionResponseTypes"][0], "ReportBatchItemFailures");
                let rights = deployed.rights(&function);
                for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
                    assert!(rights.contains(&(action.to_owned(), taken.last().unwrap().clone())), "{action}");
                }
            }
        }
    }
    let queues = deployed.resources("AWS::SQS::Queue");
    let filled = queues.iter().filter(|(_, queue)| queue.get("RedrivePolicy").is_some());
    assert_eq!(taken, filled.map(|(id, _)| format!("{id}.Arn")).collect::<Vec<_>>());
}

#[test]
fn the_bucket_is_closed_encrypted_and_cleared_of_what_is_left_lying() {
    let [deployed, _] = deployed();
    let buckets = deployed.resources("AWS::S3::Bucket");
    let policies = deployed.resources("AWS::S3::BucketPolicy");
    assert!(!buckets.is_empty());
    for (id, bucket) in buckets {
        for closed in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            assert_eq!(bucket["PublicAccessBlockConfiguration"][closed], true, "{id}: {closed}");
        }
        let rule = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        assert!(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"].is_string(), "{id}");
        assert_eq!(bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced", "{id}");
        let policy = policies.values().find(|policy| policy["Bucket"] == id).unwrap();
        let statement = &policy["PolicyDocument"]["Statement"][0];
        assert_eq!(statement["Effect"], "Deny", "{id}");
        assert_eq!(statement["Condition"]["Bool"]["aws:SecureTransport"], "false", "{id}");
        // It outlives the stack.
        assert_eq!(deployed.raw["Resources"][id]["UpdateReplacePolicy"], "Retain", "{id}");
        let rules = bucket["LifecycleConfiguration"]["Rules"].as_sequence().unwrap();
        assert!(rules.iter().all(|rule| rule["Status"] == "Enabled"), "{id}");
        let parts = rules.iter().find_map(|rule| rule["AbortIncompleteMultipartUpload"].as_mapping());
        assert!(parts.is_some(), "{id}: unfinished uploads are kept, and paid for");
        // What goes by its age lives for less than that on its own; all other files live as long as their tree.
        let aging = rules.iter().filter(|rule| rule.get("ExpirationInDays").is_some());
        let aging: BTreeSet<_> = aging.map(|rule| rule["Prefix"].as_str().unwrap()).collect();
        assert_eq!(aging, BTreeSet::from(["exports/", "uploads/"]), "{id}");
    }
}

#[test]
fn pages_may_send_files_to_signed_addresses() {
    let [deployed, _] = deployed();
    let bucket = &deployed.resources("AWS::S3::Bucket")["Blobs"];
    let cors = &bucket["CorsConfiguration"]["CorsRules"][0];
    let list = |key: &str| -> Vec<&str> {
        cors[key].as_sequence().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
    };
    assert_eq!(list("AllowedOrigins"), ["https://app.example.org", "https://example.org"]);
    assert!(list("AllowedMethods").contains(&"PUT") && list("AllowedMethods").contains(&"GET"));
    // The headers that `put_url` has a page send are these: x-amz-checksum-sha256, x-amz-meta-*, the encryption's.
    assert!(list("AllowedHeaders").contains(&"Content-Type") && list("AllowedHeaders").contains(&"x-amz-*"));
}

#[test]
fn what_functions_say_is_kept_for_a_time_and_no_longer() {
    for deployed in deployed() {
        let groups = deployed.resources("AWS::Logs::LogGroup");
        for (id, group) in &groups {
            assert!(group["RetentionInDays"].as_u64() > Some(0), "{id}");
        }
        for function in deployed.functions() {
            let own = function.properties["LoggingConfig"]["LogGroup"].as_str().map(str::to_owned);
            let group =
                own.or_else(|| Some(deployed.globals()["LoggingConfig"]["LogGroup"].as_str()?.to_owned()));
            let group = group.unwrap_or_else(|| panic!("{} makes a group that keeps forever", function.name));
            assert!(groups.contains_key(group.as_str()), "{}: {group}", function.name);
        }
        for (id, api) in deployed.resources("AWS::Serverless::HttpApi") {
            let group = api["AccessLogSettings"]["DestinationArn"].as_str().unwrap();
            assert!(groups.contains_key(group.trim_end_matches(".Arn")), "{id}: {group}");
        }
    }
}

#[test]
fn alarms_watch_every_function_and_tell_somebody() {
    let [deployed, _] = deployed();
    let alarms = deployed.resources("AWS::CloudWatch::Alarm");
    for (id, alarm) in &alarms {
        assert_eq!(alarm["AlarmActions"][0], "Alarms", "{id}");
        assert!(alarm["AlarmDescription"].is_string(), "{id}");
    }
    assert!(deployed.resources("AWS::SNS::Topic").contains_key("Alarms"));
    for metric in ["Errors", "Throttles", "Duration"] {
        let mut watched = BTreeSet::new();
        for alarm in alarms.values() {
            let several = alarm["Metrics"].as_sequence().cloned().unwrap_or_default();
            let metrics = several.iter().map(|one| &one["MetricStat"]["Metric"]).chain([alarm]);
            let metrics = metrics.filter(|of| of["Namespace"] == "AWS/Lambda" && of["MetricName"] == metric);
            watched.extend(metrics.map(|of| of["Dimensions"][0]["Value"].as_str().unwrap().to_owned()));
        }
        let all: BTreeSet<String> = deployed.functions().into_iter().map(|function| function.id).collect();
        assert_eq!(watched, all, "{metric}");
    }
}

#[test]
fn every_function_says_how_large_it_is_and_is_traced() {
    for deployed in deployed() {
        let globals = deployed.globals();
        assert_eq!(globals["Runtime"], "provided.al2023");
        assert_eq!(globals["Handler"], "bootstrap");
        assert_eq!(globals["Tracing"], "Active");
        assert!(globals["Timeout"].as_u64() > Some(3) && globals["MemorySize"].as_u64() >= Some(512));
        for function in deployed.functions() {
            // As `cargo xtask package` puts it.
            let code = function.properties["CodeUri"].as_str().unwrap();
            assert_eq!(code, format!("target/lambda/{}.zip", function.name));
            for fixed in ["Runtime", "Handler", "Architectures"] {
                assert!(function.properties.get(fixed).is_none(), "{}: {fixed} is for all", function.name);
            }
        }
    }
}
