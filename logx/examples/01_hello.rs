//! Every call form once, on the console: `cargo run -p logx --example 01_hello`.

use std::time::Duration;

use logx::field;

#[derive(serde::Serialize)]
struct User {
    id: u64,
    name: &'static str,
}

fn main() {
    logx::must(logx::set_up(&logx::LogConf { level: logx::Level::Debug, ..Default::default() }));
    logx::add_global_fields([field("service", "hello")]);

    // The functions of go-zero.
    logx::info("plain");
    logx::infof(format_args!("formatted {}", 1));
    logx::infov(&User { id: 7, name: "ann" });
    logx::infow("with fields", &[field("uid", 7), field("took", Duration::from_millis(3))]);
    logx::infofn(|| "only made when it is printed");

    // The same as macros: arguments are not evaluated when the line does not pass.
    let (uid, name) = (7, "ann");
    logx::info!(uid, name; "registered {name}");
    let err = std::io::Error::other("disk is full");
    logx::error!(err:err = err, user:serde = User { id: 7, name: "ann" }, raw:? = Some(1); "not stored");

    // A logger carries fields, a duration and a context along.
    let context = logx::Context::new().with_trace("0af7651916cd43dd8448eb211c80319c").with_span("b7ad6b7169203331");
    let log = logx::with_fields([field("order", "A-1")]).with_context(&context);
    log.warn("low on stock");
    log.with_duration(Duration::from_micros(1_234_567)).slow("took its time");
    logx::debug!(logger: log, step = 2; "inside");

    logx::stat("qps: 17.0/s");
    logx::alert("somebody should look");
    logx::error_stack("with the stack");
    logx::severe("cannot go on");
}
