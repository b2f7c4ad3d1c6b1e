//! A subscriber that is nobody's default and the process's only one. A test by itself: others make subscribers.

use logx::Kind;
use logx_tracing::{TracingWriter, json_to};
use tracing_subscriber::layer::SubscriberExt as _;

#[test]
fn its_lines_are_delivered() {
    let memory = logx::testing::hostile::Memory::default();
    let writer = TracingWriter::with_subscriber(tracing_subscriber::registry().with(json_to(memory.clone())));
    logx::Event::new(Kind::Info, "delivered".into()).write_to(&writer);
    assert!(String::from_utf8_lossy(memory.take().as_ref()).contains("delivered"));
}
