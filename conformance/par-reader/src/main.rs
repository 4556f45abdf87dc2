//! What wasmCloud itself makes of a provider archive: the crates that its host and `wash` read and write
//! archives with, behind a command line. Prints one line of JSON; ends with 1 where they refuse, and with
//! 101 where they crash.
use std::os::unix::fs::PermissionsExt;

use provider_archive::ProviderArchive;
use serde_json::{json, Value};
use wascap::jwt::{validate_token, CapabilityProvider};
use wascap::prelude::KeyPair;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "read FILE | extract FILE TARGET OUT | write FILE TARGET BINARY";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["read", file] => read(file).await,
        ["extract", file, target, out] => extract(file, target, out).await,
        ["write", file, target, binary] => write(file, target, binary).await,
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(told) => println!("{told}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// The whole archive, as `wash inspect` reads it.
async fn read(file: &str) -> Result<Value> {
    let archive = ProviderArchive::try_load_file(file).await?;
    let token = archive.claims_token().ok_or("no token")?;
    let validity = validate_token::<CapabilityProvider>(&token.jwt)?;
    let claims = token.claims;
    let metadata = claims.metadata.ok_or("no metadata")?;
    let mut targets = archive.targets();
    targets.sort();
    Ok(json!({
        "issuer": claims.issuer,
        "subject": claims.subject,
        "name": metadata.name,
        "vendor": metadata.vendor,
        "revision": metadata.rev,
        "version": metadata.ver,
        "hashes": metadata.target_hashes,
        "schema": archive.schema(),
        "targets": targets,
        "signed": validity.signature_valid,
        "expired": validity.expired,
        "early": validity.cannot_use_yet,
    }))
}

/// One executable, as a host reads it and puts it where it starts it.
async fn extract(file: &str, target: &str, out: &str) -> Result<Value> {
    let archive = ProviderArchive::try_load_target_from_file(file, target).await?;
    let bytes = archive.target_bytes(target).ok_or("no such target")?;
    std::fs::write(out, &bytes)?;
    std::fs::set_permissions(out, std::fs::Permissions::from_mode(0o755))?;
    Ok(json!({ "bytes": bytes.len() }))
}

/// An archive, as `wash par create` writes it.
async fn write(file: &str, target: &str, binary: &str) -> Result<Value> {
    let (issuer, subject) = (KeyPair::new_account(), KeyPair::new_service());
    let mut archive = ProviderArchive::new("written", "wascap", Some(7), Some("1.2.3".into()));
    archive.add_library(target, &std::fs::read(binary)?)?;
    archive.set_schema(json!({ "type": "object" }))?;
    archive.add_wit_world(b"\0asm")?;
    archive.write(file, &issuer, &subject, file.ends_with(".gz")).await?;
    Ok(json!({ "issuer": issuer.public_key(), "subject": subject.public_key() }))
}
