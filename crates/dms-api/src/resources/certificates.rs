use serde_json::{Value, json};

use super::{list, now, one};
use crate::{Account, Fault, Kind, request::Request};

impl Account {
    pub(crate) fn import_certificate(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text("CertificateIdentifier")?;
        let pem = request.text("CertificatePem")?;
        if !pem.contains("-----BEGIN CERTIFICATE-----") || !pem.contains("-----END CERTIFICATE-----") {
            return Err(Fault::new(
                "InvalidCertificateFault",
                format!("certificate {id} is not PEM text"),
            ));
        }
        let mut body = request.given(&["CertificateIdentifier", "CertificatePem"]);
        body.insert(
            "CertificateArn".to_owned(),
            self.arn(Kind::Certificate, id).into(),
        );
        body.insert("CertificateCreationDate".to_owned(), now());
        let kept = self.keep(Kind::Certificate, id, request, body)?;
        Ok(one("Certificate", kept.body.clone()))
    }

    pub(crate) fn describe_certificates(&self, request: &Request) -> Result<Value, Fault> {
        let found = self.documents.wanted(Kind::Certificate, request)?;
        Ok(list("Certificates", &found))
    }

    pub(crate) fn delete_certificate(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text("CertificateArn")?;
        let body = self.documents.by_arn(Kind::Certificate, arn)?.body.clone();
        self.documents
            .unused(arn, Kind::Endpoint, &["CertificateArn"], arn)?;
        self.documents.remove(arn);
        Ok(json!({ "Certificate": body }))
    }
}
