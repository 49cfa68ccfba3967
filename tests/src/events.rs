//! Events of the other origins, made from a function URL's.

use serde_json::{Value, json};

/// The same request as a load balancer sends it; with several values for each header if the target group says so.
///
/// # Panics
/// If the event has no headers.
#[must_use]
pub fn load_balancer_event(event: &Value, several: bool) -> Value {
    let mut all = json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"}},
        "httpMethod": event["requestContext"]["http"]["method"],
        "path": event["rawPath"],
        "body": event["body"].as_str().unwrap_or_default(),
        "isBase64Encoded": false,
    });
    if several {
        all["multiValueHeaders"] = several_each(&event["headers"]);
        all["multiValueQueryStringParameters"] = json!({});
    } else {
        all["headers"] = event["headers"].clone();
        all["queryStringParameters"] = json!({});
    }
    all
}

/// The same request as a REST API sends it, at its stage `prod`; with a version, as an HTTP API with payload format 1.0 does.
///
/// # Panics
/// If the event has no headers.
#[must_use]
pub fn rest_event(event: &Value, version: Option<&str>) -> Value {
    let mut all = json!({
        "resource": "/{proxy+}",
        "path": event["rawPath"],
        "httpMethod": event["requestContext"]["http"]["method"],
        "headers": event["headers"],
        "multiValueHeaders": several_each(&event["headers"]),
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": "mcp"},
        "stageVariables": null,
        "requestContext": {
            "accountId": "1", "apiId": "abc", "domainName": "abc.execute-api.eu-west-1.amazonaws.com", "extendedRequestId": "r",
            "httpMethod": event["requestContext"]["http"]["method"], "identity": {"sourceIp": "192.0.2.1", "user": null},
            "path": event["rawPath"], "protocol": "HTTP/1.1", "requestId": "r", "resourcePath": "/{proxy+}", "stage": "prod",
        },
        "body": event["body"],
        "isBase64Encoded": false,
    });
    if let Some(version) = version {
        all["version"] = json!(version);
    }
    all
}

fn several_each(headers: &Value) -> Value {
    let headers = headers.as_object().expect("headers").iter();
    headers
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect()
}
