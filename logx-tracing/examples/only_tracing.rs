//! logx's lines in a program that only uses tracing: `cargo run -p logx-tracing --example only_tracing`.

use tracing_subscriber::layer::SubscriberExt as _;

fn main() {
    let subscriber = tracing_subscriber::registry().with(logx_tracing::json());
    tracing::subscriber::with_default(subscriber, || {
        let request = tracing::info_span!("request", method = "GET", path = "/user/get/7");
        let _inside = request.enter();
        tracing::info!(status = 200, "answered");
    });
}
