//! Lambda functions from native programs.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::client::{Aws, Call, text};
use crate::error::{Result, StandError};

const ROLE: &str = "arn:aws:iam::000000000000:role/crossover";
const ACTIVE_LIMIT: Duration = Duration::from_secs(30);

/// The settings of a function.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    /// A zip with an executable `bootstrap`, from [`pack`].
    pub zip: Vec<u8>,
    /// The value of `_HANDLER`, which selects one of the program's functions.
    pub handler: String,
    /// The function's environment; must contain [`Aws::sdk_env`] if the function uses the local AWS.
    pub env: BTreeMap<String, String>,
    /// Time limit of an invocation, in seconds.
    pub timeout_seconds: u32,
    /// Memory in MB.
    pub memory_mb: u32,
}

/// Packs a program as a deployment package: one executable file, `bootstrap`.
pub fn pack(program: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(program).map_err(StandError::io("reading", program))?;
    // Stored without compression: the package is unpacked on this machine soon after.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes.len() + 256)));
    let packed = zip
        .start_file("bootstrap", options)
        .and_then(|()| zip.write_all(&bytes).map_err(Into::into))
        .and_then(|()| zip.finish());
    packed.map(Cursor::into_inner).map_err(|source| StandError::Zip {
        path: program.to_path_buf(),
        source,
    })
}

impl Aws {
    /// Creates a function and waits until it is active. Returns its ARN.
    pub async fn create_function(&self, function: &Function) -> Result<String> {
        let arn = self.submit_function(function).await?;
        self.await_active(&function.name).await?;
        Ok(arn)
    }

    /// Creates functions and waits until all are active; they are created in parallel, because each takes
    /// half a second. Returns their ARNs in the same order.
    pub async fn create_functions(&self, functions: &[Function]) -> Result<Vec<String>> {
        let mut arns = Vec::with_capacity(functions.len());
        for function in functions {
            arns.push(self.submit_function(function).await?);
        }
        for function in functions {
            self.await_active(&function.name).await?;
        }
        Ok(arns)
    }

    async fn submit_function(&self, function: &Function) -> Result<String> {
        let name = function.name.as_str();
        let body = json!({
            "FunctionName": name,
            "Runtime": "provided.al2023",
            "Handler": function.handler,
            "Role": ROLE,
            "Timeout": function.timeout_seconds,
            "MemorySize": function.memory_mb,
            "Environment": { "Variables": function.env },
            "Code": { "ZipFile": base64::engine::general_purpose::STANDARD.encode(&function.zip) },
        });
        let call = || Call {
            action: "CreateFunction",
            object: name,
        };
        let answer = self
            .rest(
                "lambda",
                call(),
                Method::POST,
                "/2015-03-31/functions",
                Some(&body),
            )
            .await?;
        text(&call(), &answer, "FunctionArn")
    }

    async fn await_active(&self, name: &str) -> Result<()> {
        let since = Instant::now();
        loop {
            let call = Call {
                action: "GetFunctionConfiguration",
                object: name,
            };
            let path = format!("/2015-03-31/functions/{name}/configuration");
            let function = self.rest("lambda", call, Method::GET, &path, None).await?;
            let state = |field: &str| function[field].as_str().unwrap_or("unknown").to_owned();
            let seen = (state("State"), state("LastUpdateStatus"));
            if seen == ("Active".to_owned(), "Successful".to_owned()) {
                return Ok(());
            }
            if since.elapsed() > ACTIVE_LIMIT {
                let what = format!("function {name} becoming active");
                let last = format!("{}, {}", seen.0, seen.1);
                return Err(StandError::Timeout {
                    what,
                    seconds: ACTIVE_LIMIT.as_secs(),
                    last,
                });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Replaces a function's environment and waits until the change is in force.
    pub async fn set_function_env(&self, name: &str, env: &BTreeMap<String, String>) -> Result<()> {
        let body = json!({ "Environment": { "Variables": env } });
        let call = Call {
            action: "UpdateFunctionConfiguration",
            object: name,
        };
        let path = format!("/2015-03-31/functions/{name}/configuration");
        self.rest("lambda", call, Method::PUT, &path, Some(&body)).await?;
        self.await_active(name).await
    }

    /// Invokes a function and returns its answer; an error document is an answer too.
    pub async fn invoke(&self, name: &str, payload: &Value) -> Result<Value> {
        let call = Call {
            action: "Invoke",
            object: name,
        };
        let path = format!("/2015-03-31/functions/{name}/invocations");
        self.rest("lambda", call, Method::POST, &path, Some(payload))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_holds_an_executable_bootstrap() {
        let program = std::env::current_exe().unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(pack(&program).unwrap())).unwrap();
        let file = zip.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        assert_eq!(file.size(), std::fs::metadata(program).unwrap().len());
    }
}
