//! wasmCloud's application deployment manager for the conformance suite: the published crate, which has no
//! program, with a `main` that takes the address of its NATS server as argument.
use anyhow::{bail, Context as _, Result};
use wadm::{config::WadmConfig, start_wadm, StreamPersistence};

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let nats_server = std::env::args().nth(1).context("name the address of a NATS server")?;
    let mut tasks = start_wadm(WadmConfig {
        nats_server,
        stream_persistence: StreamPersistence::Memory,
        ..WadmConfig::default()
    })
    .await
    .context("wadm did not start")?;
    println!("started");
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    bail!("wadm has ended")
}
