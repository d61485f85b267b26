//! Reads the caller and the IAM action from an AWS request.

use axum::http::{
    HeaderMap, Uri,
    header::{AUTHORIZATION, USER_AGENT},
};

/// The forms in which a signature names a service and IAM does not (Service Authorization Reference).
const RENAMED: [(&str, &str); 1] = [("monitoring", "cloudwatch")];

/// `<access key>/<date>/<region>/<service>/aws4_request` of a signed request.
fn scope(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, scope) = value.split_once("Credential=")?;
    Some(scope.split_once(',').map_or(scope, |(scope, _)| scope))
}

pub fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION)
}

/// The application id of the SDK that has sent a request.
pub fn application(headers: &HeaderMap) -> Option<&str> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    agent.split(' ').find_map(|part| part.strip_prefix("app/"))
}

/// The action that IAM would judge: `service:Operation`. A request whose form is not known has the operation `?`, which
/// no role allows.
pub fn action(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let signed = scope(headers)
        .and_then(|scope| scope.split('/').nth(3))
        .unwrap_or("?");
    let service = RENAMED
        .iter()
        .find(|(name, _)| *name == signed)
        .map_or(signed, |(_, iam)| iam);
    format!("{service}:{}", operation(uri, headers, body).unwrap_or("?"))
}

fn operation<'a>(uri: &'a Uri, headers: &'a HeaderMap, body: &'a [u8]) -> Option<&'a str> {
    // JSON protocols: the operation is in a header.
    if let Some(target) = headers.get("x-amz-target") {
        return target.to_str().ok()?.rsplit('.').next();
    }
    // RPC v2: /service/<name>/operation/<operation>.
    if let Some((_, operation)) = uri.path().split_once("/operation/") {
        return Some(operation);
    }
    // The query protocol: the first field of the form. Names of operations need no decoding.
    let form = std::str::from_utf8(body).ok()?;
    form.split('&').find_map(|field| field.strip_prefix("Action="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(service: &str, target: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        if let Some(target) = target {
            headers.insert("x-amz-target", target.parse().unwrap());
        }
        headers
    }

    fn read(service: &str, target: Option<&str>, path: &'static str, body: &str) -> String {
        action(
            &Uri::from_static(path),
            &headers(service, target),
            body.as_bytes(),
        )
    }

    #[test]
    fn each_protocol_of_the_sdk_names_its_operation() {
        assert_eq!(
            read("dynamodb", Some("DynamoDB_20120810.PutItem"), "/", "{}"),
            "dynamodb:PutItem"
        );
        assert_eq!(
            read(
                "monitoring",
                None,
                "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics",
                "\u{a0}"
            ),
            "cloudwatch:GetMetricStatistics"
        );
        assert_eq!(
            read(
                "sns",
                None,
                "/",
                "Action=Publish&Version=2010-03-31&Message=secret"
            ),
            "sns:Publish"
        );
    }

    #[test]
    fn what_is_not_understood_is_recorded_as_such() {
        assert_eq!(read("s3", None, "/bucket/object", "content"), "s3:?");
        assert_eq!(action(&Uri::from_static("/"), &HeaderMap::new(), b""), "?:?");
    }
}
