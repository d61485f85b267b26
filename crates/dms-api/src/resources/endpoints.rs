use serde_json::{Value, json};

use super::{list, one};
use crate::{Account, Fault, Kind, request::Request};

const ID: &str = "EndpointIdentifier";
const ARN: &str = "EndpointArn";
const SETTINGS: &str = "PostgreSQLSettings";
/// What a caller chooses. A password is taken and never shown; the data planes here read secrets.
const CHOSEN: &[&str] = &[
    "EngineName",
    "Username",
    "ServerName",
    "Port",
    "DatabaseName",
    "ExtraConnectionAttributes",
    "CertificateArn",
    "SslMode",
    "KmsKeyId",
];

impl Account {
    pub(crate) fn create_endpoint(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text(ID)?;
        request.text("EngineName")?;
        let mut body = request.given(CHOSEN);
        let defaults = json!({
            ID: id, ARN: self.arn(Kind::Endpoint, id), "Status": "active",
            "SslMode": request.optional("SslMode").unwrap_or("none"),
            // Asked for in small letters, described in capital ones.
            "EndpointType": direction(request)?,
            SETTINGS: request.given(&[SETTINGS]).remove(SETTINGS).unwrap_or_else(|| json!({})),
        });
        body.extend(defaults.as_object().cloned().unwrap_or_default());
        self.check_endpoint(&Value::Object(body.clone()))?;
        let kept = self.keep(Kind::Endpoint, id, request, body)?;
        Ok(one("Endpoint", kept.body.clone()))
    }

    pub(crate) fn describe_endpoints(&self, request: &Request) -> Result<Value, Fault> {
        let found = self.documents.wanted(Kind::Endpoint, request)?;
        Ok(list("Endpoints", &found))
    }

    pub(crate) fn modify_endpoint(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let mut body = self.documents.by_arn(Kind::Endpoint, arn)?.body.clone();
        body.extend(request.given(CHOSEN));
        if request.optional("EndpointType").is_some() {
            body.insert("EndpointType".to_owned(), direction(request)?.into());
        }
        // Settings that are not named stay.
        if let (Some(kept), Some(given)) = (
            body.get_mut(SETTINGS).and_then(Value::as_object_mut),
            request.value(SETTINGS).as_object(),
        ) {
            kept.extend(given.clone());
        }
        self.check_endpoint(&Value::Object(body.clone()))?;
        self.documents
            .by_arn_mut(Kind::Endpoint, arn)?
            .body
            .clone_from(&body);
        Ok(one("Endpoint", body))
    }

    pub(crate) fn delete_endpoint(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let body = self.documents.by_arn(Kind::Endpoint, arn)?.body.clone();
        let ends = ["SourceEndpointArn", "TargetEndpointArn"];
        self.documents.unused(arn, Kind::Task, &ends, arn)?;
        self.documents.remove(arn);
        Ok(one("Endpoint", body))
    }

    /// What DMS refuses of an endpoint as it would become.
    fn check_endpoint(&self, endpoint: &Value) -> Result<(), Fault> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = text(&endpoint[ID]);
        let (mode, certificate) = (text(&endpoint["SslMode"]), text(&endpoint["CertificateArn"]));
        if !certificate.is_empty() {
            self.documents.by_arn(Kind::Certificate, &certificate)?;
        } else if mode.starts_with("verify-") {
            return Err(Fault::combination(format!(
                "endpoint {id} has the TLS mode {mode}, which needs a certificate"
            )));
        }
        let settings = &endpoint[SETTINGS];
        let secret = settings["SecretsManagerSecretId"].is_string();
        if secret != settings["SecretsManagerAccessRoleArn"].is_string() {
            return Err(Fault::combination(format!(
                "endpoint {id} names a secret without a role that may read it, or a role without a secret"
            )));
        }
        let open = ["Username", "ServerName", "Port"];
        if secret && open.iter().any(|field| !endpoint[*field].is_null()) {
            return Err(Fault::combination(format!(
                "endpoint {id} has a secret, so it must not have {} of its own",
                open.join(", ")
            )));
        }
        Ok(())
    }
}

fn direction(request: &Request) -> Result<String, Fault> {
    match request.text("EndpointType")?.to_uppercase() {
        known if known == "SOURCE" || known == "TARGET" => Ok(known),
        other => Err(Fault::invalid(format!(
            "an endpoint is source or target, not {other}"
        ))),
    }
}
