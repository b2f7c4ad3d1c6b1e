//! logx in front of a logger that the program has already: `cargo run -p logx-slog --example own_logger`.

use std::sync::Mutex;

use logx_slog::SlogWriter;
use slog::{Drain, Logger, o};

fn main() {
    let json = slog_json::Json::default(std::io::stdout());
    let logger = Logger::root(Mutex::new(json).ignore_res(), o!("app" => "shop"));
    logx::set_writer(SlogWriter::new(logger));
    logx::info!(uid = 7; "registered {}", "ann");
    logx::slow!(ms = 1_200; "took its time");
    logx::must(logx::close());
}
