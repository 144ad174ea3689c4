use super::*;

const FUNCTION: &str = r#"
Resources:
  XFunction:
    Type: AWS::Serverless::Function
    Metadata: { Dzinza: { Name: x } }
    Properties:
      Role: !GetAtt Role.Arn
      Environment: { Variables: { A: !Sub "${AWS::Region}", B: !Ref Thing } }
"#;

fn error(more: &str) -> String {
    Template::parse(&format!("{FUNCTION}{more}")).unwrap_err().to_string()
}

#[test]
fn the_template_of_the_source_tree_is_what_the_functions_serve() {
    let template = Template::load(None).unwrap();
    let names: Vec<&str> = template.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["admin", "auth", "jobs", "notifications", "people", "sources", "stories", "trees"]);

    let auth = template.function("auth").unwrap();
    assert_eq!((auth.logical_id.as_str(), auth.timeout), ("AuthFunction", Duration::from_secs(15)));
    assert_eq!((auth.max_body_bytes, auth.max_upload_bytes), (10_485_760, 104_857_600));
    let routes: Vec<String> = auth.routes.iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["ANY /api/auth/{proxy+}", "ANY /api/users/me"]);
    assert_eq!(template.function("trees").unwrap().timeout, Duration::from_mins(2));

    let jobs = template.function("jobs").unwrap();
    assert!(jobs.routes.is_empty());
    assert_eq!(jobs.timeout, Duration::from_mins(15));
    assert_eq!(jobs.queues, [QueueSource { queue: "jobs".to_owned(), batch_size: 1, max_receives: 3 }]);
    let [schedule, letters] = jobs.schedules.as_slice() else { panic!("two schedules") };
    assert_eq!(
        (letters.every, &letters.input),
        (Duration::from_mins(1), &serde_json::json!({ "job": "letters" }))
    );
    assert_eq!(schedule.every, Duration::from_hours(24));
    assert_eq!(schedule.input, serde_json::json!({ "job": "clean-up" }));

    let [sign_in, me] = auth.routes.as_slice() else { panic!("two routes") };
    assert!(template.throttle.of(sign_in).unwrap().rate < template.throttle.of(me).unwrap().rate);
}

#[test]
fn computed_values_and_properties_the_runner_has_no_use_for_are_no_trouble() {
    let template = Template::parse(FUNCTION).unwrap();
    assert_eq!(template.functions, [Function { logical_id: "XFunction".to_owned(), ..Function::named("x") }]);
}

#[test]
fn errors_name_the_resource_and_the_event() {
    let nameless = FUNCTION.replace("Name: x", "MaxBodyBytes: 1");
    let text = Template::parse(&nameless).unwrap_err().to_string();
    assert_eq!(text, "the template's resource XFunction: Metadata.Dzinza.Name is missing");

    let misspelt = Template::parse(&FUNCTION.replace("Name: x", "Nmae: x")).unwrap_err().to_string();
    assert!(misspelt.contains("Nmae"), "{misspelt}");

    for (event, expected) in [
        ("Type: S3", "XFunction: event E: the runner does not know events of type S3"),
        ("Type: HttpApi, Properties: { Path: x }", "XFunction: event E: the path must begin with a slash"),
        ("Type: HttpApi, Properties: { Path: '/{p+}/x' }", "is not one of API Gateway's"),
        ("Type: HttpApi, Properties: { Path: '/x', Method: 'a b' }", "is no method"),
        ("Type: SQS, Properties: { Queue: !GetAtt Nowhere.Arn }", "event E: there is no queue Nowhere"),
        (
            "Type: Schedule, Properties: { Schedule: 'rate(0 days)' }",
            "neither rate(...) nor a daily cron(...)",
        ),
        (
            "Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 day), Input: '{' }",
            "Input is not JSON",
        ),
    ] {
        let text = error(&format!("      Events: {{ E: {{ {event} }} }}\n"));
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_queue_that_would_hand_out_a_job_twice_is_refused_as_aws_does() {
    let text = error(
        r"      Timeout: 60
      Events: { E: { Type: SQS, Properties: { Queue: !GetAtt Q.Arn } } }
  Q:
    Type: AWS::SQS::Queue
    Metadata: { Dzinza: { Name: q } }
",
    );
    assert!(text.contains("the VisibilityTimeout of Q is shorter"), "{text}");
}

#[test]
fn two_functions_cannot_have_one_route_and_settings_need_a_route() {
    let twice = error(
        r"      Events: { E: { Type: HttpApi, Properties: { Path: /a, Method: get } } }
  YFunction:
    Type: AWS::Serverless::Function
    Metadata: { Dzinza: { Name: y } }
    Properties:
      Events: { E: { Type: HttpApi, Properties: { Path: /a, Method: GET } } }
",
    );
    assert!(twice.contains("the route GET /a is also one of XFunction"), "{twice}");
    let idle = error(
        r"  Api:
    Type: AWS::Serverless::HttpApi
    Properties: { RouteSettings: { GET /b: { ThrottlingRateLimit: 1 } } }
",
    );
    assert!(idle.contains("no function has: GET /b"), "{idle}");
}

#[test]
fn a_missing_file_is_named() {
    let text = Template::load(Some(Path::new("/nowhere/t.yaml"))).unwrap_err().to_string();
    assert!(text.starts_with("the template /nowhere/t.yaml cannot be read"), "{text}");
}
