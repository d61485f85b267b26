use serde_json::{Value, json};

use crate::{Account, Fault, request::Request};

impl Account {
    pub(crate) fn list_tags(&mut self, request: &Request) -> Result<Value, Fault> {
        let mut arns = request.texts("ResourceArnList");
        arns.extend(request.optional("ResourceArn"));
        let mut list = Vec::new();
        for arn in arns {
            let tags = &self.documents.tagged(arn)?.tags;
            list.extend(
                tags.iter()
                    .map(|(key, value)| json!({ "Key": key, "Value": value, "ResourceArn": arn })),
            );
        }
        Ok(json!({ "TagList": list }))
    }

    pub(crate) fn add_tags(&mut self, request: &Request) -> Result<Value, Fault> {
        let document = self.documents.tagged(request.text("ResourceArn")?)?;
        document.tags.extend(request.tags());
        Ok(json!({}))
    }

    pub(crate) fn remove_tags(&mut self, request: &Request) -> Result<Value, Fault> {
        let document = self.documents.tagged(request.text("ResourceArn")?)?;
        for key in request.texts("TagKeys") {
            document.tags.remove(key);
        }
        Ok(json!({}))
    }
}
