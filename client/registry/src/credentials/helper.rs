//! Credential helpers: programs `docker-credential-NAME` that get a host on standard input (docker's protocol).

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Credentials, Environment};
use crate::text::clean;
use crate::{Error, Result};

/// The most bytes that are read of what a helper says.
const ANSWER_MAX: u64 = 64 << 10;

/// The name that says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: SecretString,
}

/// Asks a helper for `server`; `None` where it has nothing for it.
pub(super) fn get(name: &str, server: &str, environment: &Environment, registry: &str) -> Result<Option<Credentials>> {
    let program = format!("docker-credential-{name}");
    let refuse =
        |why: String| Error::Credentials { from: format!("the program {program}"), registry: registry.into(), why };
    // A name with a slash would run a program that is no helper.
    if name.contains('/') {
        return Err(refuse("a helper's name holds no slash".into()));
    }
    let Some(path) = which(&program, environment) else {
        // As docker does: a public image needs none, and a file may come from another machine.
        tracing::warn!(registry, program, "the credential helper is not in PATH: going on without credentials");
        return Ok(None);
    };
    let mut child = Command::new(path)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| refuse(format!("it cannot be run: {error}")))?;
    let answer = converse(&mut child, server);
    let status = child.wait().map_err(|error| refuse(error.to_string()))?;
    let answer = answer.map_err(|error| refuse(error.to_string()))?;
    if !status.success() {
        // The protocol says "credentials not found in native keychain" on standard output, for all of its helpers.
        let said = clean(&String::from_utf8_lossy(&answer));
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(refuse(format!("{status}: {said}")))
        };
    }
    let answer: Answer =
        serde_json::from_slice(&answer).map_err(|_| refuse("it does not answer with Username and Secret".into()))?;
    Ok(match answer {
        Answer { secret, .. } if secret.expose_secret().is_empty() => None,
        Answer { username, secret } if username == TOKEN_USER => Some(Credentials::Identity(secret)),
        Answer { username, secret } => Some(Credentials::Basic { username, password: secret }),
    })
}

/// Writes the host, reads the answer; a helper that says too much is stopped.
fn converse(child: &mut Child, server: &str) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that answers without reading closes the pipe; its answer counts.
        let _ = stdin.write_all(server.as_bytes());
    }
    if let Some(stdout) = child.stdout.take() {
        stdout.take(ANSWER_MAX + 1).read_to_end(&mut answer)?;
    }
    if answer.len() as u64 > ANSWER_MAX {
        child.kill()?;
        return Err(std::io::Error::other("its answer is longer than 64 KiB"));
    }
    Ok(answer)
}

fn which(program: &str, environment: &Environment) -> Option<PathBuf> {
    std::env::split_paths(environment.search_path()?).map(|dir| dir.join(program)).find(|path| path.is_file())
}
