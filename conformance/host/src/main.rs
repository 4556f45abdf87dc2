//! A wasmCloud 1.9 host for the conformance suite: the published crate, with a `main` that takes what the
//! suite needs to choose from the environment.
use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use nkeys::KeyPair;
use wasmcloud_host::{url::Url, wasmbus::Host, OciConfig, WasmbusHostConfig};

fn setting(name: &str) -> Option<String> {
    std::env::var(format!("KEYTURN_HOST_{name}")).ok()
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let nats: Url = setting("NATS_URL").context("KEYTURN_HOST_NATS_URL is not set")?.parse()?;
    let key = match setting("SEED") {
        Some(seed) => KeyPair::from_seed(&seed)?,
        None => KeyPair::new_server(),
    };
    let id = key.public_key();
    let (host, shutdown) = Host::new(WasmbusHostConfig {
        ctl_nats_url: nats.clone(),
        rpc_nats_url: nats,
        lattice: setting("LATTICE").unwrap_or_else(|| "default".into()).into(),
        host_key: Some(Arc::new(key)),
        allow_file_load: true,
        oci_opts: OciConfig {
            allow_latest: true,
            allowed_insecure: setting("REGISTRY").into_iter().collect(),
            ..OciConfig::default()
        },
        secrets_topic_prefix: setting("SECRETS_TOPIC"),
        heartbeat_interval: Some(Duration::from_secs(5)),
        enable_component_auction: true,
        enable_provider_auction: true,
        ..WasmbusHostConfig::default()
    })
    .await
    .context("the host did not start")?;
    println!("{id}");
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {},
        _ = terminated.recv() => {},
        _ = host.stopped() => {},
    }
    shutdown.await
}
