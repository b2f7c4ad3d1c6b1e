//! Secrets that never reach a line: by type, and by the name of a key: `cargo run -p logx --example 04_masking`.

use logx::{LogConf, Masked, OwnedValue, Sensitive, field};

/// Shows its last four digits only.
struct Card(String);

impl Sensitive for Card {
    fn mask(&self) -> OwnedValue {
        let shown = self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default();
        OwnedValue::text(format!("****{shown}"))
    }
}

#[derive(serde::Serialize)]
struct Login {
    name: &'static str,
    password: &'static str,
    token: Masked<String>,
}

fn main() {
    // Keys are masked at any depth, in any case.
    logx::must(logx::set_up(&LogConf { mask_keys: vec!["password".to_owned()], ..LogConf::default() }));
    let card = Card("4111111111111111".to_owned());
    let login = Login { name: "ann", password: "hunter2", token: Masked("s3cret".to_owned()) };

    logx::info!(card:mask = card; "paid");
    logx::info!(login:serde = login; "logged in");
    logx::infow("by key", &[field("Password", "hunter2")]);
    logx::infov(&login);
}
