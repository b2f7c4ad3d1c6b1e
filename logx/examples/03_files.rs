//! Log files that rotate, compress and clear themselves away: `cargo run -p logx --example 03_files [directory]`.

use logx::{LogConf, Mode, Rotation};

fn main() {
    let given = std::env::args_os().nth(1).map(std::path::PathBuf::from);
    let path = given.unwrap_or_else(|| std::env::temp_dir().join("logx-example"));
    // The same block as in a go-zero service's YAML: Mode: file, Path: ..., Rotation: size, MaxSize: 1, ...
    let conf = LogConf {
        mode: Mode::File,
        path: path.clone(),
        rotation: Rotation::Size,
        max_size: 1,
        max_backups: 3,
        compress: true,
        ..LogConf::default()
    };
    logx::must(logx::set_up(&conf));
    let padding = "x".repeat(1_000);
    for i in 0..5_000 {
        logx::info!(i, padding; "a line");
    }
    logx::error("goes to error.log");
    logx::slow("goes to slow.log");
    logx::stat("goes to stat.log");
    // What is on its way is on disk when this returns.
    logx::must(logx::close());
    // After the close lines go to stderr, so that none is lost in silence.
    logx::infof(format_args!("see {}", path.display()));
}
