//! One request's trace and fields on all of its lines, across tasks: `cargo run -p logx --example 02_context`.

use logx::{Context, InLogContext as _, field};

fn main() {
    logx::must(logx::set_up(&logx::LogConf::default()));
    let context = Context::new()
        .with_trace("0af7651916cd43dd8448eb211c80319c")
        .with_span("b7ad6b7169203331")
        .with_field("request", "r-1");

    // For a closure: everything that runs in it, however deep.
    logx::scope(&context, || {
        logx::info("in the request");
        deep_below();
    });

    // For a future: set for each poll, so it follows the task from thread to thread.
    block_on(handle().in_log_context(context.clone().with_field("task", 1)));

    // By hand, where a context is passed on: it wins over the frame.
    logx::with_context(&context).infow("by hand", &[field("uid", 7)]);
    logx::info("outside");
}

fn deep_below() {
    logx::info!(uid = 7; "no context was passed down here");
}

async fn handle() {
    logx::info("in the task");
}

/// The smallest of all runtimes.
fn block_on(future: impl Future<Output = ()>) {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while future.as_mut().poll(&mut context).is_pending() {}
}
