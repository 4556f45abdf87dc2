//! wasmCloud's messaging provider as its own crate has it: what Keyturn is measured and tested beside.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    wasmcloud_provider_messaging_nats::run().await
}
